/* The gradient of EstSafeEmbeddingLookupSparse: for each id that counts, its row of dy, times its weight,
 * over what the combiner divides by; a sparse gradient of the table. */
#include "ops/embedding.h"

/* Back through tf.clip_by_norm: a row v that is longer than c became v c / |v|. */
static est_node *unclip(est_graph *g, est_node *table, est_node *ids, est_node *dy, float max_norm)
{
    est_node *v = est__embedding_rows(g, table, ids, 0), *c = est_constant_float(g, (double)max_norm);
    est_node *squares = est_reduce_sum(g, est_mul(g, v, v), EST_INTS(1), true), *norm = est_sqrt(g, squares);
    est_node *along = est_div(g, est_reduce_sum(g, est_mul(g, dy, v), EST_INTS(1), true), squares);
    est_node *across = est_sub(g, dy, est_mul(g, v, along));
    return est_where(g, est_greater_equal(g, norm, c), est_div(g, est_mul(g, across, c), norm), dy);
}

void est__embedding_grad(est_grad *b)
{
    est_graph *g = b->g;
    est_node *const *x = b->x;
    bool weighted = b->op->num_inputs > 4;
    est__embedding how;
    est__embedding_of(b->op, &how);
    const est_attr attrs[] = { EST_STRING_ATTR("combiner", est__attr_string(b->op, "combiner")),
                               EST_BOOL_ATTR("safe", how.safe),
                               EST_FLOAT_ATTR("max_norm", (double)how.max_norm) };
    est_node *in[] = { b->dy[0], x[1], x[2], x[3], weighted ? x[4] : NULL };
    b->dx[0] = est_op(g, "EstSafeEmbeddingLookupSparseGrad", NULL, (est_nodes){ in, weighted ? 5 : 4 },
                      (est_attrs){ attrs, 2 });
    if (est__is_nil(b->dx[0]))
        return;
    est_node *ids = b->dx_indices[0] = est_node_output(b->dx[0], 1);
    if (how.max_norm > 0)
        b->dx[0] = unclip(g, x[0], ids, b->dx[0], how.max_norm);
    if (weighted)
        b->dx[4] = est_op(g, "EstSafeEmbeddingLookupSparseWeightsGrad", NULL,
                          EST_NODES(b->dy[0], b->y[0], x[0], x[1], x[2], x[3], x[4]),
                          (est_attrs){ attrs, 3 });
}

est_status est__embedding_grad_infer(est_infer *c)
{
    const est_shape *dy = est__infer_in(c, 0);
    if (dy->rank > 0) {
        c->out[0] = *dy;
        c->out[0].dim[0] = -1;
    }
    c->out[1] = est_shape_of(1, (int64_t[]){ -1 });
    return EST_OK;
}

static int64_t count_ids(const est__embedding_ids *ids)
{
    int64_t count = 0;
    for (int64_t i = 0; i < ids->start[ids->rows]; i++)
        count += est__embedding_counts(ids, i);
    return count;
}

est_status est__embedding_grad_cpu(est_kernel *k)
{
    const est__embedding *how = k->state;
    const est_tensor *dy = est__in(k, 0);
    int64_t width = est__row_elements(dy);
    est__embedding_ids ids;
    est_tensor *out, *out_ids;
    EST_TRY(est__embedding_ids_in(k, 1, how, &ids));
    if (dy->shape.rank == 0 || dy->shape.dim[0] != ids.rows)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the gradient has not the %lld rows of the batch",
                                (long long)ids.rows);
    int64_t count = count_ids(&ids);
    est_shape shape = dy->shape, flat = est_shape_of(1, &count);
    shape.dim[0] = count;
    EST_TRY(est__out(k, 0, &shape, &out));
    EST_TRY(est__out(k, 1, &flat, &out_ids));
    float *to = out->data;
    int64_t *to_id = out_ids->data;
    for (int64_t r = 0; r < ids.rows; r++) {
        const float *from = (const float *)dy->data + r * width;
        float divisor = est__embedding_divisor(&ids, r, how->combiner);
        for (int64_t i = ids.start[r]; i < ids.start[r + 1]; i++) {
            if (!est__embedding_counts(&ids, i))
                continue;
            float weight = divisor == 0 ? 0 : ids.weight ? ids.weight[i] : 1;
            *to_id++ = ids.id[i];
            for (int64_t j = 0; j < width; j++)
                *to++ = from[j] / (divisor == 0 ? 1 : divisor) * weight;
        }
    }
    return EST_OK;
}
