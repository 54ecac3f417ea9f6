/* Variables that an option names by regular expressions. */
#include "base/base.h"
#include "base/regex.h"
#include "nn/optimizers/optimizer.h"

est_status est__patterns_check(const char *where, const char *field, est_strings patterns)
{
    for (size_t i = 0; i < patterns.count; i++) {
        regex_t compiled;
        char what[160];
        snprintf(what, sizeof what, "%s: %s[%zu]", where, field, i);
        EST_TRY(est__regex_compile(what, patterns.data[i], false, &compiled));
        regfree(&compiled);
    }
    return EST_OK;
}

bool est__is_matched(est_strings patterns, const char *name)
{
    bool found = false;
    for (size_t i = 0; i < patterns.count && !found; i++) {
        regex_t compiled;
        if (est__regex_compile("", patterns.data[i], false, &compiled) != EST_OK)
            continue;
        found = regexec(&compiled, name, 0, NULL, 0) == 0;
        regfree(&compiled);
    }
    return found;
}
