/* printf into memory in the C locale, whatever the host program's is: a number's decimal point is a point. */
#include <locale.h>

#include "base/base.h"

static locale_t c_locale;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

int est__vprint(char *out, size_t size, const char *format, va_list args)
{
    pthread_once(&once, make_locale);
    locale_t before = c_locale != (locale_t)0 ? uselocale(c_locale) : (locale_t)0;
    int n = vsnprintf(out, size, format, args);
    if (c_locale != (locale_t)0)
        uselocale(before);
    return n;
}

int est__print(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = est__vprint(out, size, format, args);
    va_end(args);
    return n;
}
