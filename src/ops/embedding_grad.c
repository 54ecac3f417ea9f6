/* The gradient of EstSafeEmbeddingLookupSparse: for each id that counts, its row of dy, times its weight,
 * over what the combiner divides by, added up by id; a sparse gradient of the table. Which ids there are is
 * an op of its own: it knows nothing of the table, so that it runs early. */
#include "ops/distinct.h"
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
    est_node *ids = est_op(g, "EstEmbeddingIds", NULL, (est_nodes){ x + 1, weighted ? 4 : 3 },
                           (est_attrs){ attrs, 2 });
    if (est__is_nil(ids))
        return;
    est_node *in[] = { b->dy[0], est_node_output(ids, 1), ids, x[1], x[2], x[3], weighted ? x[4] : NULL };
    b->dx[0] = est_op(g, "EstSafeEmbeddingLookupSparseGrad", NULL, (est_nodes){ in, weighted ? 7 : 6 },
                      (est_attrs){ attrs, 2 });
    b->dx_indices[0] = ids;
    if (how.max_norm > 0)
        b->dx[0] = unclip(g, x[0], ids, b->dx[0], how.max_norm);
    if (weighted)
        b->dx[4] = est_op(g, "EstSafeEmbeddingLookupSparseWeightsGrad", NULL,
                          EST_NODES(b->dy[0], b->y[0], x[0], x[1], x[2], x[3], x[4]),
                          (est_attrs){ attrs, 3 });
}

est_status est__embedding_ids_infer(est_infer *c)
{
    c->out[0] = c->out[1] = est_shape_of(1, (int64_t[]){ -1 });
    return EST_OK;
}

/* Is there a row without an id that counts? */
static bool has_empty_row(const est__embedding_ids *ids, int64_t counted)
{
    if (!ids->start)
        return counted < ids->rows;
    for (int64_t r = 0; r < ids->rows; r++) {
        int64_t i = ids->start[r];
        while (i < ids->start[r + 1] && !est__embedding_counts(ids, i))
            i++;
        if (i == ids->start[r + 1])
            return true;
    }
    return false;
}

/* TensorFlow looks up id 0 for an empty row, before it puts zeros there: its gradient names that id as well, with zeros, and an
 * optimizer that moves what it is not pushed (a momentum, Ftrl's solution of its linear part) moves that row. */
est_status est__embedding_ids_cpu(est_kernel *k)
{
    est__embedding_ids ids;
    est__distinct d;
    est_tensor *places, *out;
    EST_TRY(est__embedding_ids_in(k, 0, k->state, &ids));
    EST_TRY(est__distinct_begin(k, ids.count + 1, &d));
    int64_t counted = est__embedding_count(&ids);
    est_shape shape = est_shape_of(1, &counted);
    EST_TRY(est__out(k, 1, &shape, &places));
    int32_t *place = places->data;
    for (int64_t i = 0; i < ids.count; i++)
        if (est__embedding_counts(&ids, i))
            *place++ = est__distinct_place(&d, ids.id[i]);
    if (ids.safe && has_empty_row(&ids, counted))
        est__distinct_place(&d, 0);
    shape.dim[0] = d.count;
    EST_TRY(est__out(k, 0, &shape, &out));
    memcpy(out->data, d.id, (size_t)d.count * sizeof *d.id);
    return EST_OK;
}

est_status est__embedding_grad_infer(est_infer *c)
{
    const est_shape *dy = est__infer_in(c, 0);
    if (dy->rank > 0) {
        c->out[0] = *dy;
        c->out[0].dim[0] = est__infer_in(c, 2)->rank == 1 ? est__infer_in(c, 2)->dim[0] : -1;
    }
    return EST_OK;
}

/* As many places as ids count, each in [0, rows). */
static est_status check_places(est_kernel *k, const est__embedding_ids *ids, int64_t rows)
{
    const int32_t *place = est__in(k, 1)->data;
    int64_t n = est__tensor_elements(est__in(k, 1));
    bool fit = n == est__embedding_count(ids);
    for (int64_t i = 0; i < n; i++)
        fit &= place[i] >= 0 && place[i] < rows;
    if (!fit)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the places are not those of the ids of the batch");
    return EST_OK;
}

typedef struct spread {
    const est__embedding *how;
    est__embedding_ids ids;
    const float *dy;
    const int32_t *place;
    int64_t places, width;
    float *out;
} spread;

static void spread_rows(const spread *s)
{
    const int32_t *place = s->place;
    for (int64_t r = 0; r < s->ids.rows; r++) {
        const float *from = s->dy + r * s->width;
        float divisor = est__embedding_divisor(&s->ids, r, s->how->combiner);
        for (int64_t i = est__embedding_start(&s->ids, r); i < est__embedding_start(&s->ids, r + 1); i++) {
            if (!est__embedding_counts(&s->ids, i))
                continue;
            float weight = divisor == 0 ? 0 : s->ids.weight ? s->ids.weight[i] : 1;
            float *to = s->out + *place++ * s->width;
            if (divisor == 1 && weight == 1)
                for (int64_t j = 0; j < s->width; j++)
                    to[j] += from[j];
            else
                for (int64_t j = 0; j < s->width; j++)
                    to[j] += from[j] / (divisor == 0 ? 1 : divisor) * weight;
        }
    }
}

/* Rows of one element, added up: the tables of linear models. */
static void spread_elements(const spread *s)
{
    const int32_t *place = s->place;
    if (!s->ids.start && s->places == s->ids.rows) {
        for (int64_t r = 0; r < s->ids.rows; r++)
            s->out[place[r]] += s->dy[r];
        return;
    }
    for (int64_t r = 0; r < s->ids.rows; r++)
        for (int64_t i = est__embedding_start(&s->ids, r); i < est__embedding_start(&s->ids, r + 1); i++)
            if (s->ids.id[i] >= 0 || !s->ids.safe)
                s->out[*place++] += s->dy[r];
}

est_status est__embedding_grad_cpu(est_kernel *k)
{
    spread s = { .how = k->state };
    const est_tensor *dy = est__in(k, 0);
    est_tensor *out;
    EST_TRY(est__embedding_ids_in(k, 3, s.how, &s.ids));
    if (dy->shape.rank == 0 || dy->shape.dim[0] != s.ids.rows)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the gradient has not the %lld rows of the batch",
                                (long long)s.ids.rows);
    est_shape shape = dy->shape;
    shape.dim[0] = est__tensor_elements(est__in(k, 2));
    EST_TRY(check_places(k, &s.ids, shape.dim[0]));
    EST_TRY(est__out(k, 0, &shape, &out));
    memset(out->data, 0, est__tensor_bytes(out));
    s.dy = dy->data;
    s.place = est__in(k, 1)->data;
    s.places = est__tensor_elements(est__in(k, 1));
    s.width = est__row_elements(dy);
    s.out = out->data;
    if (s.width == 1 && s.how->combiner == EST__COMBINE_SUM && !s.ids.weight)
        spread_elements(&s);
    else
        spread_rows(&s);
    return EST_OK;
}
