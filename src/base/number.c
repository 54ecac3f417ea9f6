/* Numbers as text, independent of the locale. Most texts take a short way that is proven to round correctly: exact powers of
 * ten (Clinger 1990, "How to read floating point numbers accurately"); the others go through strtod as digits and exponent. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/base.h"

enum {
    EXACT_DIGITS = 19,  /* decimal digits that always fit into 64 bits */
    SLOW_DIGITS = 780,  /* more than any midpoint of two doubles has (767); what follows only says "a little more" */
    EXPONENT_LIMIT = 99999
};

static const double power_of_ten[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

typedef struct decimal {
    bool negative;
    const char *special;      /* "inf", "nan" or NULL */
    uint64_t mantissa;        /* the first EXACT_DIGITS significant digits */
    int64_t exponent;         /* value = mantissa * 10^exponent, and a little more if `cut` */
    bool cut;
    const char *digits, *end; /* from the first significant digit: digits and a point */
    int64_t last_exponent;    /* of the digit before `end` */
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool same_word(const char *s, size_t n, const char *word)
{
    if (n != strlen(word))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((s[i] | 0x20) != word[i])
            return false;
    return true;
}

/* [+-] digits and exponent at the end of a number; the value stays small enough to be added to a length. */
static bool scan_exponent(const char *s, const char *end, int64_t *out)
{
    bool negative = s < end && *s == '-';
    int64_t v = 0;
    if (s < end && (*s == '-' || *s == '+'))
        s++;
    if (s == end)
        return false;
    for (; s < end; s++) {
        if (!is_digit(*s))
            return false;
        if (v < INT64_MAX / 100)
            v = v * 10 + (*s - '0');
    }
    *out = negative ? -v : v;
    return true;
}

static bool scan(const char *s, size_t n, decimal *d)
{
    const char *end = s + n, *point = NULL;
    bool any = false;
    int taken = 0;
    int64_t dropped = 0, written = 0;
    *d = (decimal){ .negative = n > 0 && *s == '-' };
    if (n > 0 && (*s == '-' || *s == '+'))
        s++;
    size_t left = (size_t)(end - s);
    if (left && !is_digit(*s) && *s != '.') {
        d->special = same_word(s, left, "nan") ? "nan"
                   : same_word(s, left, "inf") || same_word(s, left, "infinity") ? "inf" : NULL;
        return d->special != NULL;
    }
    for (; s < end; s++) {
        if (*s == '.' && !point) {
            point = s + 1;
            continue;
        }
        if (!is_digit(*s))
            break;
        any = true;
        if (!d->digits && *s != '0')
            d->digits = s;
        if (!d->digits)
            continue;
        if (taken < EXACT_DIGITS) {
            d->mantissa = d->mantissa * 10 + (uint64_t)(*s - '0');
            taken++;
        } else {
            dropped++;
            d->cut |= *s != '0';
        }
    }
    if (!any)
        return false;
    d->end = s;
    if (s < end && ((*s | 0x20) != 'e' || !scan_exponent(s + 1, end, &written)))
        return false;
    d->last_exponent = written - (point ? d->end - point : 0);
    d->exponent = d->last_exponent + dropped;
    return true;
}

static int64_t clamp_exponent(int64_t e)
{
    return e > EXPONENT_LIMIT ? EXPONENT_LIMIT : e < -EXPONENT_LIMIT ? -EXPONENT_LIMIT : e;
}

/* The number as "<digits>e<exponent>": no decimal point, so that no locale can matter. */
static const char *plain_text(const decimal *d, char text[SLOW_DIGITS + 32])
{
    size_t n = 0;
    int64_t exponent = d->last_exponent;
    bool more = false;
    for (const char *s = d->digits; s < d->end; s++) {
        if (*s == '.')
            continue;
        if (n < SLOW_DIGITS) {
            text[n++] = *s;
        } else {
            more |= *s != '0';
            exponent++;
        }
    }
    if (more) {
        text[n++] = '1';
        exponent--;
    }
    snprintf(text + n, 32, "e%lld", (long long)clamp_exponent(exponent));
    return text;
}

/* mantissa * 10^exponent within three roundings; false where the exponent is far away. */
static bool near_value(const decimal *d, double *out)
{
    int64_t e = d->exponent < 0 ? -d->exponent : d->exponent;
    double v = (double)d->mantissa;
    if (e > 44)
        return false;
    for (; e > 0; e -= 22) {
        double power = power_of_ten[e > 22 ? 22 : e];
        v = d->exponent < 0 ? v / power : v * power;
    }
    *out = v;
    return true;
}

static double special_value(const decimal *d)
{
    return d->special[0] == 'n' ? (double)NAN : (double)INFINITY;
}

/* Either bound of the true value rounds to the same float: then so does the true value. */
static bool quick_float(const decimal *d, float *out)
{
    double v;
    if (!near_value(d, &v))
        return false;
    float low = (float)(v * (1 - 8 * DBL_EPSILON)), high = (float)(v * (1 + 8 * DBL_EPSILON));
    *out = low;
    return low == high && low >= FLT_MIN && high <= FLT_MAX;
}

bool est__parse_float(const char *s, size_t n, float *out)
{
    decimal d;
    char text[SLOW_DIGITS + 32];
    float v = 0;
    if (!scan(s, n, &d))
        return false;
    if (d.special)
        v = (float)special_value(&d);
    else if (d.mantissa && !quick_float(&d, &v))
        v = strtof(plain_text(&d, text), NULL);
    *out = d.negative ? -v : v;
    return true;
}

bool est__parse_double(const char *s, size_t n, double *out)
{
    decimal d;
    char text[SLOW_DIGITS + 32];
    double v = 0;
    if (!scan(s, n, &d))
        return false;
    if (d.special)
        v = special_value(&d);
    else if (!d.mantissa)
        v = 0;
    else if (!d.cut && d.mantissa <= (uint64_t)1 << 53 && d.exponent >= -22 && d.exponent <= 22)
        (void)near_value(&d, &v); /* one rounding of two exact numbers */
    else
        v = strtod(plain_text(&d, text), NULL);
    *out = d.negative ? -v : v;
    return true;
}

bool est__parse_int64(const char *s, size_t n, int64_t *out)
{
    size_t i = n > 0 && (*s == '-' || *s == '+');
    bool negative = n > 0 && *s == '-';
    int64_t v = 0; /* kept negative: that side reaches further */
    if (i == n)
        return false;
    for (; i < n; i++) {
        if (!is_digit(s[i]))
            return false;
        int digit = s[i] - '0';
        if (v < (INT64_MIN + digit) / 10)
            return false;
        v = v * 10 - digit;
    }
    if (!negative && v == INT64_MIN)
        return false;
    *out = negative ? v : -v;
    return true;
}

/* A locale's decimal point, of whatever bytes, becomes a dot. */
static int mend_point(char *text)
{
    size_t from = strspn(text, "+-0123456789einfa");
    if (text[from]) {
        size_t to = from + strcspn(text + from, "0123456789e");
        text[from] = '.';
        memmove(text + from + 1, text + to, strlen(text + to) + 1);
    }
    return (int)strlen(text);
}

int est__format_double(char out[32], double v)
{
    /* A text of up to 15 digits survives the way through a double, so 15 digits without trailing zeros are the shortest. */
    for (int digits = DBL_DIG;; digits++) {
        double back;
        snprintf(out, 32, "%.*g", digits, isnan(v) ? (double)NAN : v);
        int n = mend_point(out);
        if (digits == DBL_DECIMAL_DIG || !isfinite(v) || (est__parse_double(out, (size_t)n, &back) && back == v))
            return n;
    }
}

int est__format_float(char out[32], float v)
{
    for (int digits = FLT_DIG;; digits++) {
        float back;
        snprintf(out, 32, "%.*g", digits, isnan(v) ? (double)NAN : (double)v);
        int n = mend_point(out);
        if (digits == FLT_DECIMAL_DIG || !isfinite(v) || (est__parse_float(out, (size_t)n, &back) && back == v))
            return n;
    }
}
