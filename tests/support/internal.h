/* Between the runner and the checks. */
#ifndef EST_TEST_INTERNAL_H
#define EST_TEST_INTERNAL_H

void est_test_begin(void);  /* once, before all tests */
void est_test_end(void);    /* after each test */

#endif
