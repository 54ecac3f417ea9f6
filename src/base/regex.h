/* Regular expressions that a user gives. */
#ifndef EST_BASE_REGEX_H
#define EST_BASE_REGEX_H

#include <regex.h>
#include <stdbool.h>

#include <estimator/status.h>

/* A POSIX extended regular expression, for regexec and regfree; `at_start`: it matches at the start alone, as Python's re.match.
 * Errors: INVALID_ARGUMENT, and nothing is to be freed; `what` opens the message. */
est_status est__regex_compile(const char *what, const char *pattern, bool at_start, regex_t *out);

#endif
