/* What SDCA takes of a batch: fingerprints of the examples' names (SdcaFprint), and the ids of a categorical column, each once an
 * example (EstSdcaIds). */
#include "ops/distinct.h"
#include "ops/ops.h"

static est_status fprint_cpu(est_kernel *k)
{
    const est_tensor *in = est__in(k, 0);
    int64_t n = est__tensor_elements(in);
    est_shape shape = EST_SHAPE(n, 2);
    est_tensor *out;
    EST_TRY(est__out(k, 0, &shape, &out));
    for (int64_t i = 0; i < n; i++) {
        uint64_t *half = (uint64_t *)out->data + 2 * i;
        size_t length;
        const char *s = est_tensor_string(in, i, &length);
        est__fingerprint128(s, length, half);
        if (half[0] < 2)   /* TensorFlow's tables keep these for themselves */
            half[0] -= 2;
    }
    return EST_OK;
}

static est_status fprint_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    c->out[0] = EST_SHAPE(in->rank == 1 ? in->dim[0] : -1, 2);
    return in->rank == 1 || in->rank < 0 ? EST_OK : est__infer_fail(c, "names of examples must be a vector");
}

/* ---- the ids of an example, each once, with the sum of its weights; ids below 0 are of no word ---- */
static est_status check_ids(est_kernel *k, int64_t n, int64_t *most)
{
    const est_tensor *indices = est__in(k, 0), *ids = est__in(k, 1);
    if (indices->shape.rank != 2 || indices->shape.dim[0] != n || indices->shape.dim[1] < 1 ||
        (k->num_in > 2 && est__tensor_elements(est__in(k, 2)) != n))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "indices, ids and weights do not belong together");
    for (int64_t i = 0; i < n; i++)
        if (((const int64_t *)ids->data)[i] > *most)
            *most = ((const int64_t *)ids->data)[i];
    return EST_OK;
}

static est_status ids_cpu(est_kernel *k)
{
    const est_tensor *ids = est__in(k, 1), *weights = k->num_in > 2 ? est__in(k, 2) : NULL;
    int64_t n = est__tensor_elements(ids), most = 0;
    EST_TRY(check_ids(k, n, &most));
    est__distinct d;
    EST_TRY(est__distinct_begin(k, n, &d));
    float *sum = est__scratch(k, (size_t)(n + 1) * sizeof *sum);
    if (sum == NULL)
        return EST_RESOURCE_EXHAUSTED;
    int64_t rank = est__in(k, 0)->shape.dim[1];
    for (int64_t i = 0; i < n; i++) {
        int64_t example = ((const int64_t *)est__in(k, 0)->data)[i * rank], id = ((const int64_t *)ids->data)[i], before = d.count;
        if (id < 0)
            continue;
        uint64_t both = (uint64_t)example * (uint64_t)(most + 1) + (uint64_t)id;
        int32_t place = est__distinct_place(&d, (int64_t)both);
        sum[place] = (place == before ? 0 : sum[place]) + (weights ? ((const float *)weights->data)[i] : 1);
    }
    est_shape shape = EST_SHAPE(d.count);
    est_tensor *out[3];
    for (int i = 0; i < 3; i++)
        EST_TRY(est__out(k, i, &shape, &out[i]));
    for (int64_t i = 0; i < d.count; i++) {
        ((int64_t *)out[0]->data)[i] = (int64_t)((uint64_t)d.id[i] / (uint64_t)(most + 1));
        ((int64_t *)out[1]->data)[i] = (int64_t)((uint64_t)d.id[i] % (uint64_t)(most + 1));
    }
    memcpy(out[2]->data, sum, (size_t)d.count * sizeof *sum);
    return EST_OK;
}

static est_status ids_infer(est_infer *c)
{
    for (int i = 0; i < 3; i++)
        c->out[i] = EST_SHAPE(-1);
    return EST_OK;
}

static void ids_body(est_body *b)
{
    est_graph *g = b->g;
    est_node *zero = est_constant_int(g, EST_INT64, 0), *one = est_constant_int(g, EST_INT64, 1);
    est_node *known = est_op(g, "Where", NULL, EST_NODES(est_greater_equal(g, b->x[1], zero)), EST_NO_ATTRS);
    est_node *at = est_reshape(g, known, EST_INTS(-1));
    est_node *ids = est_gather(g, b->x[1], at, 0);
    est_node *example = est_reshape(g, est_slice(g, est_gather(g, b->x[0], at, 0), EST_INTS(0, 0), EST_INTS(-1, 1)), EST_INTS(-1));
    est_node *weights = b->op->num_inputs > 2 ? est_gather(g, b->x[2], at, 0) : est_cast(g, est_ones_like(g, ids), EST_FLOAT);
    est_node *length = est_add(g, est_maximum(g, est_reduce_max(g, b->x[1], EST_INTS(0), false), zero), one);
    est_node *unique = EST_OP1(g, "Unique", est_add(g, est_mul(g, example, length), ids));
    b->y[0] = est_floor_div(g, unique, length);
    b->y[1] = est_floor_mod(g, unique, length);
    b->y[2] = EST_OP3(g, "UnsortedSegmentSum", weights, est_node_output(unique, 1), EST_OP1(g, "Size", unique));
}

EST_OPS(sdca_ids,
        { .tf_name = "SdcaFprint", .signature = "input: string -> output: int64", .infer = fprint_infer, .cpu = fprint_cpu,
          .grad = est__grad_none },
        { .tf_name = "EstSdcaIds",
          .signature = "indices: int64, ids: int64, weights: N*float -> example_indices: int64, feature_indices: int64, "
                       "feature_values: float; N: int",
          .infer = ids_infer, .cpu = ids_cpu, .grad = est__grad_none, .body = ids_body });
