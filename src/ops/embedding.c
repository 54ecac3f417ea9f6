/* EstSafeEmbeddingLookupSparse: tf.nn.safe_embedding_lookup_sparse in one op, straight over the ids. Row i of
 * the result combines the variable's rows that the ids of row i name, times their weights. Ids below 0 are
 * left out, with mean and sqrtn also those of a weight that is not above 0; a row without ids is 0. With
 * safe=false it is tf.nn.embedding_lookup_sparse: such ids count, and empty rows at the end vanish. */
#include <math.h>

#include "ops/embedding.h"

bool est__embedding_of(const est_operation *op, est__embedding *out)
{
    static const char *const names[] = { "sum", "mean", "sqrtn" };
    const char *name = est__attr_string(op, "combiner");
    const est_attr *max_norm = est__attr(op, "max_norm");
    out->safe = est__attr_bool(op, "safe");
    out->max_norm = max_norm ? (float)max_norm->f : 0;
    for (int i = EST__COMBINE_SUM; i <= EST__COMBINE_SQRTN; i++)
        if (strcmp(name, names[i]) == 0) {
            out->combiner = (est__combiner)i;
            return true;
        }
    return false;
}

static est_status prepare(const est_operation *op, void *state)
{
    if (!est__embedding_of(op, state))
        return EST_PREPARE_FAIL(op, "the combiner \"%s\" is none of sum, mean, sqrtn",
                                est__attr_string(op, "combiner"));
    return EST_OK;
}

static est_status infer_lookup(est_infer *c)
{
    est_shape row = est__row_shape(c->op, 0), dense;
    est__embedding how;
    if (!est__embedding_of(c->op, &how))
        return est__infer_fail(c, "the combiner \"%s\" is none of sum, mean, sqrtn",
                               est__attr_string(c->op, "combiner"));
    if (c->op->num_inputs > 5)
        return est__infer_fail(c, "%d weights for the ids; one tensor at most is wanted",
                               c->op->num_inputs - 4);
    if (!(how.max_norm >= 0))
        return est__infer_fail(c, "max_norm is %g; it must be above 0, or 0 for none", (double)how.max_norm);
    if (row.rank < 0 || row.rank >= EST_MAX_RANK)
        return EST_OK;
    c->out[0] = (est_shape){ .rank = row.rank + 1, .dim = { -1 } };
    memcpy(c->out[0].dim + 1, row.dim, sizeof row.dim[0] * (size_t)row.rank);
    if (how.safe && est__infer_value_as_shape(c, 3, &dense) && dense.rank == 2)
        c->out[0].dim[0] = dense.dim[0];
    return EST_OK;
}

/* ---- the ids of a batch ---- */
static est_status check_sizes(est_kernel *k, int first, int64_t *n)
{
    int64_t at = est__tensor_elements(est__in(k, first)), rank = est__tensor_elements(est__in(k, first + 2));
    *n = est__tensor_elements(est__in(k, first + 1));
    if (rank != 2 || at != 2 * *n)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "a sparse matrix is wanted: %lld ids have %lld indices, in rank %lld",
                                (long long)*n, (long long)at, (long long)rank);
    if (k->num_in > first + 3 && est__tensor_elements(est__in(k, first + 3)) != *n)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld ids have %lld weights; each id has one",
                                (long long)*n, (long long)est__tensor_elements(est__in(k, first + 3)));
    return EST_OK;
}

/* As a dense feature without gaps gives them: row r has id r, and no other. */
static bool one_in_each(const int64_t *at, int64_t n, int64_t rows)
{
    int64_t differ = n ^ rows;
    for (int64_t i = 0; i < n && differ == 0; i += 256)
        for (int64_t j = i; j < n && j < i + 256; j++)
            differ |= at[2 * j] ^ j;
    return differ == 0;
}

static est_status find_starts(est_kernel *k, const int64_t *at, est__embedding_ids *ids)
{
    int64_t *start = ids->start = est__scratch(k, ((size_t)ids->rows + 1) * sizeof *start), row = -1;
    if (start == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int64_t i = 0; i < ids->count; i++) {
        if (at[2 * i] < row || at[2 * i] < 0 || at[2 * i] >= ids->rows)
            return est__kernel_fail(
                k, EST_INVALID_ARGUMENT,
                "id %lld is in row %lld, after row %lld of %lld: the rows must be in order", (long long)i,
                (long long)at[2 * i], (long long)row, (long long)ids->rows);
        while (row < at[2 * i])
            start[++row] = i;
    }
    if (!ids->safe)
        ids->rows = row + 1;
    while (row < ids->rows)
        start[++row] = ids->count;
    return EST_OK;
}

est_status est__embedding_ids_in(est_kernel *k, int first, const est__embedding *how, est__embedding_ids *out)
{
    int64_t n, rows;
    EST_TRY(check_sizes(k, first, &n));
    const int64_t *at = est__in(k, first)->data;
    rows = ((const int64_t *)est__in(k, first + 2)->data)[0];
    if (rows < 0 || rows > INT64_MAX / 8 - 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a sparse matrix of %lld rows", (long long)rows);
    *out = (est__embedding_ids){ .id = est__in(k, first + 1)->data, .count = n, .rows = rows,
                                 .safe = how->safe };
    out->weight = k->num_in > first + 3 ? est__in(k, first + 3)->data : NULL;
    out->positive = out->weight && how->combiner != EST__COMBINE_SUM;
    return one_in_each(at, n, rows) ? EST_OK : find_starts(k, at, out);
}

int64_t est__embedding_count(const est__embedding_ids *ids)
{
    int64_t count = 0;
    if (!ids->safe)
        return ids->count;
    for (int64_t i = 0; i < ids->count; i++)
        count += ids->id[i] >= 0;
    for (int64_t i = 0; i < ids->count && ids->positive; i++)
        count -= ids->id[i] >= 0 && !(ids->weight[i] > 0);
    return count;
}

float est__embedding_divisor(const est__embedding_ids *ids, int64_t r, est__combiner combiner)
{
    float sum = 0;
    if (combiner == EST__COMBINE_SUM)
        return 1;
    for (int64_t i = est__embedding_start(ids, r); i < est__embedding_start(ids, r + 1); i++) {
        float w = ids->weight ? ids->weight[i] : 1;
        if (est__embedding_counts(ids, i))
            sum += combiner == EST__COMBINE_MEAN ? w : w * w;
    }
    return combiner == EST__COMBINE_MEAN ? sum : sqrtf(sum);
}

/* ---- the kernel ---- */
typedef struct lookup {
    const float *table;
    est__embedding_ids ids;
    int64_t width;
    est__embedding how;
    float *out;
} lookup;

EST_CLONES static void add_row(float *restrict out, const float *restrict row, int64_t width)
{
    for (int64_t j = 0; j < width; j++)
        out[j] += row[j];
}

EST_CLONES static void add_weighted(float *restrict out, const float *restrict row, int64_t width,
                                    float weight)
{
    for (int64_t j = 0; j < width; j++)
        out[j] += row[j] * weight;
}

/* tf.clip_by_norm, which multiplies and divides also where the row is short. */
static void add_clipped(float *restrict out, const float *restrict row, int64_t width, float max_norm,
                        float weight)
{
    float squares = 0;
    for (int64_t j = 0; j < width; j++)
        squares += row[j] * row[j];
    float norm = fmaxf(sqrtf(squares), max_norm);
    for (int64_t j = 0; j < width; j++)
        out[j] += row[j] * max_norm / norm * weight;
}

/* Rows of one element, added up: the tables of linear models. */
static void sum_elements(const lookup *l, int64_t begin, int64_t end)
{
    const int64_t *id = l->ids.id;
    if (!l->ids.start) {
        for (int64_t r = begin; r < end; r++)
            l->out[r] = id[r] >= 0 ? 0.0f + l->table[id[r]] : 0.0f;
        return;
    }
    for (int64_t r = begin; r < end; r++) {
        float sum = 0;
        for (int64_t i = est__embedding_start(&l->ids, r); i < est__embedding_start(&l->ids, r + 1); i++)
            if (id[i] >= 0)
                sum += l->table[id[i]];
        l->out[r] = sum;
    }
}

static void combine_row(const lookup *l, int64_t r)
{
    float *out = l->out + r * l->width;
    int64_t count = 0;
    memset(out, 0, (size_t)l->width * sizeof *out);
    for (int64_t i = est__embedding_start(&l->ids, r); i < est__embedding_start(&l->ids, r + 1); i++) {
        if (!est__embedding_counts(&l->ids, i))
            continue;
        const float *row = l->table + l->ids.id[i] * l->width;
        if (i + EST__AHEAD < l->ids.count && l->ids.id[i + EST__AHEAD] >= 0)
            est__prefetch_row(l->table + l->ids.id[i + EST__AHEAD] * l->width, l->width);
        count++;
        if (l->how.max_norm > 0)
            add_clipped(out, row, l->width, l->how.max_norm, l->ids.weight ? l->ids.weight[i] : 1);
        else if (l->ids.weight)
            add_weighted(out, row, l->width, l->ids.weight[i]);
        else
            add_row(out, row, l->width);
    }
    if (l->how.combiner == EST__COMBINE_SUM || count < (l->ids.weight ? 1 : 2))
        return;
    float divisor = est__embedding_divisor(&l->ids, r, l->how.combiner);
    for (int64_t j = 0; j < l->width; j++)
        out[j] = divisor == 0 ? 0 : out[j] / divisor;
}

static void lookup_rows(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const lookup *l = arg;
    (void)block;
    if (l->width == 1 && l->how.combiner == EST__COMBINE_SUM && !l->ids.weight && !(l->how.max_norm > 0)) {
        sum_elements(l, begin, end);
        return;
    }
    for (int64_t r = begin; r < end; r++)
        combine_row(l, r);
}

static est_status check_ids(est_kernel *k, const est__embedding_ids *ids, const est__variable *v)
{
    const int64_t *at = est__in(k, 1)->data;
    int64_t rows = est__rows(v->value);
    bool all = true;
    for (int64_t i = 0; i < ids->count; i++)
        all &= ids->id[i] >= 0 && ids->id[i] < rows;
    for (int64_t i = 0; i < ids->count && !all; i++)
        if (est__embedding_counts(ids, i) && (ids->id[i] < 0 || ids->id[i] >= rows))
            return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                    "id %lld in row %lld of the batch is not in [0, %lld) of '%s'",
                                    (long long)ids->id[i], (long long)at[2 * i], (long long)rows,
                                    v->base.name);
    return EST_OK;
}

static est_status lookup_cpu(est_kernel *k)
{
    est__variable *v;
    est_tensor *out;
    lookup l = { .how = *(const est__embedding *)k->state };
    EST_TRY(est__variable_in(k, 0, EST_FLOAT, &v));
    if (v->value->shape.rank == 0)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the variable '%s' is a scalar and has no rows",
                                v->base.name);
    EST_TRY(est__embedding_ids_in(k, 1, &l.how, &l.ids));
    EST_TRY(check_ids(k, &l.ids, v));
    est_shape shape = v->value->shape;
    shape.dim[0] = l.ids.rows;
    EST_TRY(est__out(k, 0, &shape, &out));
    l.table = v->value->data;
    l.width = est__row_elements(v->value);
    l.out = out->data;
    int64_t block = l.width < 32 ? 8192 / (l.width + 1) : 256;   /* rows whose sum is worth another thread */
    est__for_blocks(k->pool, l.ids.rows, block, lookup_rows, &l);
    return EST_OK;
}

#define SAFE "combiner: string = 'sum'; safe: bool = true; N: int"
#define NORM "max_norm: float = 0; "
#define IDS "indices: int64, values: int64, dense_shape: int64, sp_weights: N*float"

EST_OPS(embedding,
        { .tf_name = "EstSafeEmbeddingLookupSparse",
          .signature = "weights: resource, " IDS " -> y: dtype; dtype: {float} = float; " NORM SAFE,
          .infer = infer_lookup, .cpu = lookup_cpu, .grad = est__embedding_grad, .body = est__embedding_body,
          .state_size = sizeof(est__embedding), .prepare = prepare, .flags = EST_OP_STATEFUL | EST_OP_READS | EST_OP_PARALLEL },
        { .tf_name = "EstEmbeddingIds", .signature = IDS " -> ids: int64, places: int32; " SAFE,
          .infer = est__embedding_ids_infer, .cpu = est__embedding_ids_cpu, .grad = est__grad_none,
          .body = est__embedding_ids_body, .state_size = sizeof(est__embedding), .prepare = prepare,
          .flags = EST_OP_PARALLEL },
        { .tf_name = "EstSafeEmbeddingLookupSparseGrad",
          .signature = "dy: float, places: int32, ids: int64, " IDS " -> rows: float; " SAFE,
          .infer = est__embedding_grad_infer, .cpu = est__embedding_grad_cpu,
          .body = est__embedding_grad_body,
          .state_size = sizeof(est__embedding), .prepare = prepare, .flags = EST_OP_PARALLEL },
        { .tf_name = "EstSafeEmbeddingLookupSparseWeightsGrad",
          .signature = "dy: float, y: float, weights: resource, " IDS " -> dx: float; " NORM SAFE,
          .infer = est__infer_unknown, .body = est__embedding_weights_grad_body });

est_node *est_safe_embedding_lookup_sparse_sized(est_graph *g, est_node *variable, est_node *indices,
                                                 est_node *ids, est_node *dense_shape,
                                                 const est_embedding_lookup_options *options, size_t size)
{
    est_embedding_lookup_options o = { 0 };
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    est_node *in[] = { variable, indices, ids, dense_shape, o.weights };
    return est_op(g, "EstSafeEmbeddingLookupSparse", NULL, (est_nodes){ in, o.weights ? 5 : 4 },
                  EST_ATTRS(EST_STRING_ATTR("combiner", o.combiner ? o.combiner : "sum"),
                            EST_FLOAT_ATTR("max_norm", o.max_norm), EST_BOOL_ATTR("safe", !o.not_safe)));
}
