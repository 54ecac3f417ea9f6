/* Ops that pass their input on when it is as it must be, and otherwise fail with the value and the example
 * at fault. */
#include "ops/ops.h"

static est_status outside(const est_kernel *k, int64_t i, const char *value, double low, double high,
                          const char *what)
{
    const est_tensor *x = est__in(k, 0);
    int64_t row = x->shape.rank ? i / (est__tensor_elements(x) / x->shape.dim[0]) : 0;
    char from[32], to[32];
    est__format_double(from, low);
    est__format_double(to, high);
    return est__fail(EST_INVALID_ARGUMENT,
                     "%s %s of example %lld of the batch is out of range; it must be in [%s, %s]", what,
                     value, (long long)row, from, to);
}

typedef struct range {
    double low, high;
    const char *what;
} range;

static est_status range_prepare(const est_operation *op, void *state)
{
    *(range *)state =
        (range){ est__attr_float(op, "low"), est__attr_float(op, "high"), est__attr_string(op, "what") };
    return EST_OK;
}

static est_status range_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    const range *r = k->state;
    char value[32];
    for (int64_t i = 0; i < est__tensor_elements(x); i++) {
        double v = est__tensor_get(x, i);
        if (v >= r->low && v <= r->high)
            continue;
        if (est__dtype_is_integer(x->dtype))
            snprintf(value, sizeof value, "%lld", (long long)est__int_at(x, i));
        else
            est__format_double(value, v);
        return outside(k, i, value, r->low, r->high, r->what);
    }
    return est__out_share(k, 0, 0, &x->shape);
}

typedef struct known {
    const char *what;
} known;

static est_status known_prepare(const est_operation *op, void *state)
{
    ((known *)state)->what = est__attr_string(op, "what");
    return EST_OK;
}

/* Ids that a lookup gave: -1 stands for a text that is not in the list. */
static est_status known_cpu(est_kernel *k)
{
    const est_tensor *ids = est__in(k, 0), *text = est__in(k, 1);
    const int64_t *id = ids->data;
    int64_t n = est__tensor_elements(ids);
    if (est__tensor_elements(text) != n)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld ids for %lld texts", (long long)n,
                                (long long)est__tensor_elements(text));
    for (int64_t i = 0; i < n; i++) {
        size_t length;
        const char *s = est_tensor_string(text, i, &length);
        if (id[i] < 0)
            return est__fail(EST_INVALID_ARGUMENT, "label '%.*s' of example %lld of the batch is not in %s",
                             (int)(length < 100 ? length : 100), s,
                             (long long)(ids->shape.rank ? i / (n / ids->shape.dim[0]) : 0),
                             ((const known *)k->state)->what);
    }
    return est__out_share(k, 0, 0, &ids->shape);
}

/* Lengths of two sequences in the same examples. */
static est_status equal_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0), *y = est__in(k, 1);
    const int64_t *a = x->data, *b = y->data;
    const char *what = ((const known *)k->state)->what;
    int64_t n = est__tensor_elements(x);
    if (est__tensor_elements(y) != n)
        return est__fail(EST_INVALID_ARGUMENT, "%s have %lld and %lld examples in a batch", what, (long long)n,
                         (long long)est__tensor_elements(y));
    for (int64_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return est__fail(EST_INVALID_ARGUMENT, "%s have lengths %lld and %lld in example %lld of the batch; they must be the same",
                             what, (long long)a[i], (long long)b[i], (long long)i);
    return est__out_share(k, 0, 0, &x->shape);
}

/* A batch's statistics need two examples. */
static est_status several_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    if (x->shape.rank && x->shape.dim[0] == 1)
        return est__fail(EST_INVALID_ARGUMENT, "%s: a batch of one example has no variance; make batch_size larger, or set "
                         "drop_remainder where it is the last batch", ((const known *)k->state)->what);
    return est__out_share(k, 0, 0, &x->shape);
}

static void several_grad(est_grad *b)
{
    b->dx[0] = b->dy[0];
}

/* TensorFlow asserts beside the data flow; an exported graph has no labels, so that the value itself will
 * do. */
static void identity_body(est_body *b)
{
    b->y[0] = EST_OP1(b->g, "Identity", b->x[0]);
}

EST_OPS(
    check,
    { .tf_name = "EstCheckRange",
      .signature = "x: T -> y: T; T: {float, double, int32, int64}; low: float; high: float; what: string",
      .infer = est__infer_same,
      .cpu = range_cpu,
      .body = identity_body,
      .state_size = sizeof(range),
      .prepare = range_prepare },
    { .tf_name = "EstCheckKnown",
      .signature = "ids: int64, text: string -> y: int64; what: string",
      .infer = est__infer_same,
      .cpu = known_cpu,
      .body = identity_body,
      .state_size = sizeof(known),
      .prepare = known_prepare },
    { .tf_name = "EstCheckSeveral",
      .signature = "x: T -> y: T; T: {float, double}; what: string",
      .infer = est__infer_same,
      .cpu = several_cpu,
      .grad = several_grad,
      .body = identity_body,
      .state_size = sizeof(known),
      .prepare = known_prepare },
    { .tf_name = "EstCheckEqual",
      .signature = "x: int64, y: int64 -> z: int64; what: string",
      .infer = est__infer_same,
      .cpu = equal_cpu,
      .grad = est__grad_none,
      .body = identity_body,
      .state_size = sizeof(known),
      .prepare = known_prepare });
