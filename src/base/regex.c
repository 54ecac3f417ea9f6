/* Regular expressions that a user gives: they say why they are none, and cannot grow without bound. */
#include "base/regex.h"

#include "base/base.h"

est_status est__regex_compile(const char *what, const char *pattern, bool at_start, regex_t *out)
{
    char whole[1024];
    size_t repeats = 0;
    for (const char *p = pattern; *p; p++)
        repeats += *p == '{';    /* regcomp unrolls counted repeats */
    int n = snprintf(whole, sizeof whole, at_start ? "^(%s)" : "%s", pattern);
    if (repeats > 1 || n < 0 || (size_t)n >= sizeof whole)
        return est__fail(EST_INVALID_ARGUMENT, "%s '%.100s' is too long, or counts more than one repeat", what, pattern);
    int code = regcomp(out, whole, REG_EXTENDED | REG_NOSUB);
    if (code == 0)
        return EST_OK;
    regerror(code, NULL, whole, sizeof whole);
    return est__fail(EST_INVALID_ARGUMENT, "%s '%.200s' is no regular expression: %.200s", what, pattern, whole);
}
