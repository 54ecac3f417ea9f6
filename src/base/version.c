/* The version of the library that runs. */
#include <estimator/version.h>

const char *est_version(void)
{
    return EST_VERSION;
}
