/* Ops that pass their input on when it is as it must be, and otherwise fail with the value and the example
 * at fault. */
#include <float.h>
#include <math.h>
#include <stdatomic.h>

#include "ops/ops.h"

/* The example that element `i` of input 0 belongs to; `sparse`: the input of the indices, where it is a
 * sparse tensor's values. */
static int64_t example_of(const est_kernel *k, int64_t i, int sparse)
{
    const est_tensor *x = est__in(k, 0);
    if (k->num_in > sparse && est__tensor_elements(est__in(k, sparse)) >= est__tensor_elements(x))
        return ((const int64_t *)est__in(k, sparse)->data)[i * (est__tensor_elements(est__in(k, sparse)) / est__tensor_elements(x))];
    return x->shape.rank ? i / (est__tensor_elements(x) / x->shape.dim[0]) : 0;
}

static est_status outside(const est_kernel *k, int64_t i, const char *value, double low, double high,
                          const char *what)
{
    char from[32], to[32];
    long long row = (long long)example_of(k, i, 1);
    est__format_double(from, low);
    est__format_double(to, high);
    if (low == -FLT_MAX && high == FLT_MAX)
        return est__fail(EST_INVALID_ARGUMENT, "%s %s of example %lld of the batch is not a finite number", what, value, row);
    if (high == FLT_MAX)
        return est__fail(EST_INVALID_ARGUMENT, "%s %s of example %lld of the batch is out of range; it must be a number from %s on",
                         what, value, row, from);
    return est__fail(EST_INVALID_ARGUMENT,
                     "%s %s of example %lld of the batch is out of range; it must be in [%s, %s]", what,
                     value, row, from, to);
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
                             (int)(length < 100 ? length : 100), s, (long long)example_of(k, i, 2),
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

typedef struct weights {
    const char *what;
    atomic_bool told;    /* of this plan */
} weights;

static est_status weights_prepare(const est_operation *op, void *state)
{
    weights *s = state;
    s->what = est__attr_string(op, "what");
    atomic_init(&s->told, false);
    return EST_OK;
}

/* Weights of examples. That all of a batch are 0 may be meant, so that it is only said, once. */
static est_status weights_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    const float *w = x->data;
    weights *s = (weights *)(uintptr_t)k->state;
    int64_t n = est__tensor_elements(x);
    bool none = n > 0;
    for (int64_t i = 0; i < n; i++) {
        char value[32];
        none = none && w[i] == 0;
        if (w[i] >= 0 && w[i] <= FLT_MAX)
            continue;
        est__format_double(value, (double)w[i]);
        return est__fail(EST_INVALID_ARGUMENT, "%s: weight %s of example %lld of the batch is %s; it must be a number from 0 on",
                         s->what, value, (long long)example_of(k, i, 1), isfinite(w[i]) ? "below 0" : "not finite");
    }
    if (none && !atomic_exchange(&s->told, true))
        est__log(EST_LOG_WARNING, "%s: all %lld weights of a batch are 0: nothing is learned of it", s->what, (long long)n);
    return est__out_share(k, 0, 0, &x->shape);
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
      .signature = "x: T, indices: N*int64 -> y: T; T: {float, double, int32, int64}; low: float; high: float; "
                   "what: string; N: int",
      .infer = est__infer_same,
      .cpu = range_cpu,
      .body = identity_body,
      .state_size = sizeof(range),
      .prepare = range_prepare },
    { .tf_name = "EstCheckKnown",
      .signature = "ids: int64, text: string, indices: N*int64 -> y: int64; what: string; N: int",
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
    { .tf_name = "EstCheckWeights",
      .signature = "x: float -> y: float; what: string",
      .infer = est__infer_same,
      .cpu = weights_cpu,
      .grad = est__grad_none,
      .body = identity_body,
      .state_size = sizeof(weights),
      .prepare = weights_prepare },
    { .tf_name = "EstCheckEqual",
      .signature = "x: int64, y: int64 -> z: int64; what: string",
      .infer = est__infer_same,
      .cpu = equal_cpu,
      .grad = est__grad_none,
      .body = identity_body,
      .state_size = sizeof(known),
      .prepare = known_prepare });
