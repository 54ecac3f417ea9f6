/* Bucketize: the number of boundaries that are not above a value; a NaN, which is below nothing, goes to
 * the last bucket. */
#include "ops/ops.h"

typedef struct boundaries {
    int64_t n;
    float *value;
} boundaries;

static est_status prepare(const est_operation *op, void *state)
{
    boundaries *b = state;
    const est_attr *a = est__attr(op, "boundaries");
    b->n = (int64_t)a->list.count;
    b->value = est__calloc(a->list.count, sizeof *b->value);
    if (b->value == NULL)
        return est__fail_memory(a->list.count * sizeof *b->value);
    for (int64_t i = 0; i < b->n; i++) {
        b->value[i] = (float)a->list.f[i];
        if (i > 0 && !(b->value[i - 1] <= b->value[i]))
            return EST_PREPARE_FAIL(op, "boundary %g comes after %g: they must ascend", (double)b->value[i],
                             (double)b->value[i - 1]);
    }
    return EST_OK;
}

static void release(void *state)
{
    est__free(((boundaries *)state)->value);
}

static int32_t bucket_of(const boundaries *b, double x)
{
    int64_t low = 0, high = b->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (x < b->value[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return (int32_t)low;
}

static est_status bucketize_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    const boundaries *b = k->state;
    est_tensor *out;
    EST_TRY(est__out(k, 0, &x->shape, &out));
    int64_t n = est__tensor_elements(x);
    int32_t *to = out->data;
    switch (x->dtype) {
#define BUCKETS(T, DTYPE, ...)                                    \
    case DTYPE:                                                   \
        for (int64_t i = 0; i < n; i++)                           \
            to[i] = bucket_of(b, (double)((const T *)x->data)[i]); \
        break;
    EST_REALS(BUCKETS, )
    BUCKETS(int32_t, EST_INT32, )
    default: BUCKETS(int64_t, EST_INT64, )
    }
    return EST_OK;
}

EST_OPS(bucketize,
        { .tf_name = "Bucketize",
          .signature = "input: T -> output: int32; T: {int32, int64, float, double}; boundaries: list(float)",
          .infer = est__infer_same, .cpu = bucketize_cpu, .grad = est__grad_none,
          .state_size = sizeof(boundaries), .prepare = prepare, .release = release });

est_node *est_bucketize(est_graph *g, est_node *x, est_floats at)
{
    est_attr list = { .name = "boundaries",
                      .kind = EST_ATTR_FLOATS,
                      .list = { .count = at.count, .f = at.data } };
    return est_op(g, "Bucketize", NULL, EST_NODES(x), EST_ATTRS(list));
}
