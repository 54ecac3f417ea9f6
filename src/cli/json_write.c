/* JSON out: numbers that read back exactly, NaN and Infinity as bare tokens (as TensorFlow Serving writes them), and bytes that
 * are no UTF-8 as they are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

void json_string(FILE *f, const char *s, size_t n)
{
    putc('"', f);
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)s[i];
        if (ch == '"' || ch == '\\') {
            putc('\\', f);
            putc(ch, f);
        } else if (ch == '\n') {
            fputs("\\n", f);
        } else if (ch == '\t') {
            fputs("\\t", f);
        } else if (ch < 0x20) {
            fprintf(f, "\\u%04x", ch);
        } else {
            putc(ch, f);
        }
    }
    putc('"', f);
}

static bool special(FILE *f, double v)
{
    if (isfinite(v))
        return false;
    fputs(isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity", f);
    return true;
}

/* The command never leaves the C locale, so that printf writes a point. */
void json_double(FILE *f, double v)
{
    char text[40];
    if (special(f, v))
        return;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    fputs(text, f);
    if (!strpbrk(text, ".e"))
        fputs(".0", f);
}

void json_float(FILE *f, float v)
{
    char text[40];
    if (special(f, (double)v))
        return;
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v)
            break;
    }
    fputs(text, f);
    if (!strpbrk(text, ".e"))
        fputs(".0", f);
}

static float half_to_float(uint16_t h)
{
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    float v = exponent == 31 ? (mantissa ? NAN : INFINITY)
            : exponent ? ldexpf((float)(mantissa + 1024), exponent - 25) : ldexpf((float)mantissa, -24);
    return h >> 15 ? -v : v;
}

static float bfloat16_to_float(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

void json_element(FILE *f, const est_tensor *t, int64_t i)
{
    const void *p = t->data;
    size_t n;
    switch (t->dtype) {
    case EST_FLOAT: json_float(f, ((const float *)p)[i]); break;
    case EST_DOUBLE: json_double(f, ((const double *)p)[i]); break;
    case EST_HALF: json_float(f, half_to_float(((const uint16_t *)p)[i])); break;
    case EST_BFLOAT16: json_float(f, bfloat16_to_float(((const uint16_t *)p)[i])); break;
    case EST_INT8: fprintf(f, "%d", ((const int8_t *)p)[i]); break;
    case EST_UINT8: fprintf(f, "%d", ((const uint8_t *)p)[i]); break;
    case EST_INT16: fprintf(f, "%d", ((const int16_t *)p)[i]); break;
    case EST_UINT16: fprintf(f, "%d", ((const uint16_t *)p)[i]); break;
    case EST_INT32: fprintf(f, "%ld", (long)((const int32_t *)p)[i]); break;
    case EST_UINT32: fprintf(f, "%lu", (unsigned long)((const uint32_t *)p)[i]); break;
    case EST_INT64: fprintf(f, "%lld", (long long)((const int64_t *)p)[i]); break;
    case EST_UINT64: fprintf(f, "%llu", (unsigned long long)((const uint64_t *)p)[i]); break;
    case EST_BOOL: fputs(((const bool *)p)[i] ? "true" : "false", f); break;
    case EST_STRING: {
        const char *s = est_tensor_string(t, i, &n);
        json_string(f, s, n);
        break;
    }
    default: fputs("null", f); break;
    }
}

/* Dimensions [axis, rank) from element `at` on; returns the element after them. */
static int64_t nested(FILE *f, const est_tensor *t, int axis, int64_t at)
{
    if (axis == t->shape.rank) {
        json_element(f, t, at);
        return at + 1;
    }
    putc('[', f);
    for (int64_t i = 0; i < t->shape.dim[axis]; i++) {
        if (i)
            fputs(", ", f);
        at = nested(f, t, axis + 1, at);
    }
    putc(']', f);
    return at;
}

void json_row(FILE *f, const est_tensor *t, int64_t row, int64_t rows)
{
    if (t->shape.rank < 1 || t->shape.dim[0] != rows)
        nested(f, t, 0, 0);
    else
        nested(f, t, 1, rows ? est_shape_elements(&t->shape) / rows * row : 0);
}

void json_results(const est_results *r, const char *whole)
{
    for (size_t i = 0; i < r->count; i++) {
        fputs(i ? ", " : "{", stdout);
        json_string(stdout, r->name[i], strlen(r->name[i]));
        fputs(": ", stdout);
        if (whole && !strcmp(r->name[i], whole))
            printf("%lld", (long long)r->value[i]);
        else
            json_float(stdout, (float)r->value[i]);
    }
    puts("}");
}

void csv_string(FILE *f, const char *s, size_t n)
{
    if (!memchr(s, ',', n) && !memchr(s, '"', n) && !memchr(s, '\n', n) && !memchr(s, '\r', n)) {
        fwrite(s, 1, n, f);
        return;
    }
    putc('"', f);
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"')
            putc('"', f);
        putc(s[i], f);
    }
    putc('"', f);
}
