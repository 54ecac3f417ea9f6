/* AsString: numbers as printf's %d, %f, %e and %g write them, in the C locale whatever the host program's
 * is. */
#include <locale.h>

#include "ops/ops.h"

enum { WIDEST = 1024 };   /* width and precision; a double in %f has 309 digits before the point */

typedef struct form {
    char format[32];       /* of the value cast to long long, unsigned long long or double */
    bool plain;            /* %lld and nothing else */
    locale_t c_locale;
} form;

static const char *conversion(const est_operation *op, est_dtype t)
{
    if (est__dtype_is_float(t))
        return est__attr_bool(op, "shortest") ? "g" : est__attr_bool(op, "scientific") ? "e" : "f";
    return t == EST_BOOL || t == EST_STRING ? "s" : t == EST_UINT32 || t == EST_UINT64 ? "llu" : "lld";
}

static est_status check_attrs(const est_operation *op, est_dtype t)
{
    const char *fill = est__attr_string(op, "fill");
    int64_t width = est__attr_int(op, "width"), precision = est__attr_int(op, "precision");
    bool scientific = est__attr_bool(op, "scientific"), shortest = est__attr_bool(op, "shortest");
    if (strlen(fill) > 1 || (fill[0] != '\0' && strchr(" +-0#", fill[0]) == NULL))
        return EST_PREPARE_FAIL(op, "fill \"%s\" is none of ' ', '+', '-', '0', '#'", fill);
    if (width > WIDEST || precision > WIDEST)
        return EST_PREPARE_FAIL(op, "width %lld and precision %lld: both must be at most %d",
                                (long long)width, (long long)precision, WIDEST);
    if (scientific && shortest)
        return EST_PREPARE_FAIL(op, "%s", "scientific and shortest cannot both be set");
    if (!est__dtype_is_float(t) && (scientific || shortest || precision >= 0))
        return EST_PREPARE_FAIL(op, "scientific, shortest and precision are for floats, this is %s",
                                est_dtype_name(t));
    return EST_OK;
}

static est_status prepare(const est_operation *op, void *state)
{
    form *f = state;
    est_dtype t = est__attr_type(op, "T");
    int64_t width = est__attr_int(op, "width"), precision = est__attr_int(op, "precision");
    EST_TRY(check_attrs(op, t));
    int n = snprintf(f->format, sizeof f->format, "%%%s", est__attr_string(op, "fill"));
    if (width >= 0)
        n += snprintf(f->format + n, sizeof f->format - (size_t)n, "%d", (int)width);
    if (precision >= 0)
        n += snprintf(f->format + n, sizeof f->format - (size_t)n, ".%d", (int)precision);
    snprintf(f->format + n, sizeof f->format - (size_t)n, "%s", conversion(op, t));
    f->plain = strcmp(f->format, "%lld") == 0;
    f->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return f->c_locale != (locale_t)0 ? EST_OK : est__fail_memory(64);
}

static void release(void *state)
{
    form *f = state;
    if (f->c_locale != (locale_t)0)
        freelocale(f->c_locale);
}

static size_t write_integer(char *to, int64_t v)
{
    char digits[24];
    size_t n = 0, sign = v < 0;
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        digits[n++] = (char)('0' + left % 10);
    while ((left /= 10) != 0);
    if (sign)
        to[0] = '-';
    for (size_t i = 0; i < n; i++)
        to[sign + i] = digits[n - 1 - i];
    return n + sign;
}

static int64_t integer_at(const est_tensor *t, int64_t i)
{
    switch (t->dtype) {
    case EST_INT64: case EST_UINT64: return ((const int64_t *)t->data)[i];
    case EST_INT32: return ((const int32_t *)t->data)[i];
    default: return (int64_t)est__tensor_get(t, i);
    }
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static size_t write_element(const form *f, const est_tensor *x, int64_t i, char *to, size_t size)
{
    int n;
    if (f->plain)
        return write_integer(to, integer_at(x, i));
    if (est__dtype_is_float(x->dtype))
        n = snprintf(to, size, f->format, est__tensor_get(x, i));
    else if (x->dtype == EST_BOOL)
        n = snprintf(to, size, f->format, ((const bool *)x->data)[i] ? "true" : "false");
    else
        n = snprintf(to, size, f->format, (long long)integer_at(x, i));
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}
#pragma GCC diagnostic pop

static est_status write_all(est_kernel *k, const est_tensor *x)
{
    const form *f = k->state;
    char text[2 * WIDEST + 512];
    size_t bytes = 0;
    est_tensor *out;
    int64_t n = est__tensor_elements(x);
    for (int64_t i = 0; i < n; i++)
        bytes += write_element(f, x, i, text, sizeof text);
    EST_TRY(est__out_strings(k, 0, &x->shape, bytes, &out));
    int64_t *offset = out->data, at = 0;
    for (int64_t i = 0; i < n; i++) {
        size_t length = write_element(f, x, i, text, sizeof text);
        memcpy(out->bytes + at, text, length);
        at += (int64_t)length;
        offset[i + 1] = at;
    }
    return EST_OK;
}

static est_status as_string_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    if (x->dtype == EST_STRING) {
        return est__out_share(k, 0, 0, &x->shape);
    }
    locale_t before = uselocale(((const form *)k->state)->c_locale);
    est_status st = write_all(k, x);
    uselocale(before);
    return st;
}

EST_OPS(as_string,
        { .tf_name = "AsString",
          .signature = "input: T -> output: string; T: {float, double, int32, uint8, int16, int8, int64, "
                       "uint16, uint32, uint64, bool, string}; precision: int = -1; scientific: bool = "
                       "false; shortest: bool = false; width: int = -1; fill: string = ''",
          .infer = est__infer_same, .cpu = as_string_cpu, .grad = est__grad_none,
          .state_size = sizeof(form), .prepare = prepare, .release = release });

est_node *est_as_string(est_graph *g, est_node *x)
{
    return EST_OP1(g, "AsString", x);
}
