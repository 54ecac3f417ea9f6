/* Runs the suites, or those whose names begin with one of the arguments. The list is made from tests' Makefile.inc files. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#include "support/est_test.h"
#include "support/internal.h"

#define X(name) extern const est_test est_suite_##name[];
#include "support/suites.h"
#undef X

static const struct {
    const char *name;
    const est_test *tests;
} suites[] = {
#define X(name) { #name, est_suite_##name },
#include "support/suites.h"
#undef X
};

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strncmp(name, argv[i], strlen(argv[i])) == 0)
            return true;
    return argc < 2;
}

static bool add_suite(const char *name, const est_test *tests)
{
    CU_pSuite suite = CU_add_suite_with_setup_and_teardown(name, NULL, NULL, NULL, est_test_end);
    for (; suite && tests->name; tests++)
        if (!CU_add_test(suite, tests->name, tests->run))
            return false;
    return suite != NULL;
}

int main(int argc, char **argv)
{
    int added = 0;
    setvbuf(stdout, NULL, _IOLBF, 0); /* a crash leaves the name of its test */
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    est_test_begin();
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        if (!is_wanted(suites[i].name, argc, argv))
            continue;
        if (!add_suite(suites[i].name, suites[i].tests)) {
            fprintf(stderr, "%s: %s\n", suites[i].name, CU_get_error_msg());
            return 2;
        }
        added++;
    }
    if (!added) {
        fprintf(stderr, "no suite of that name\n");
        return 2;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_ErrorCode error = CU_basic_run_tests();
    bool failed = error != CUE_SUCCESS || CU_get_number_of_failures() > 0 || CU_get_number_of_tests_failed() > 0;
    CU_cleanup_registry();
    return failed;
}
