/* The linear model: logits = sum over columns of (values · weights, or the sum of the ids' weights) +
 * bias. */
#include <estimator/ops.h>

#include "feature_columns/columns.h"

typedef struct model {
    est_graph *g;
    const est_features *f;
    const est_column *const *column;
    size_t count;
    int64_t units;
    const char *combiner;
    est__layer layer;
} model;

/* "<layer><column>/weights"; column NULL: "<layer>bias_weights". */
static est_node *make_variable(const model *m, const char *column, est_shape shape)
{
    est__buffer name = { 0 };
    est__buffer_text(&name, m->layer.scope);
    if (column)
        est__column_clean(&name, column);
    est__buffer_text(&name, column ? "/weights" : "bias_weights");
    est_node *v = name.status == EST_OK
                      ? est_variable(m->g, name.data, &(est_variable_options){ .shape = shape })
                      : est__spoil(m->g, name.status);
    est__buffer_free(&name);
    return v;
}

/* The ids of all frames of an example in one row, as TensorFlow's linear models take them. */
static est__ids without_frames(est_graph *g, est__ids in)
{
    if (est__is_nil(in.indices) || est__is_nil(in.dense_shape) || est_node_shape(in.indices)->rank != 2 ||
        est_node_shape(in.indices)->dim[1] <= 2)
        return in;
    est_node *batch = est_slice(g, in.dense_shape, EST_INTS(0), EST_INTS(1)), *rest = est_constant_ints(g, EST_INT64, EST_INTS(-1));
    est_node *flat = est_op(g, "SparseReshape", NULL, EST_NODES(in.indices, in.dense_shape, est_concat(g, EST_NODES(batch, rest), 0)),
                            EST_NO_ATTRS);
    in.indices = flat;
    in.dense_shape = est__is_nil(flat) ? flat : est_node_output(flat, 1);
    return in;
}

static est_node *weighted_sum(const model *m, const est_column *c, est_node *weights)
{
    est_graph *g = m->g;
    if (!c->kind->ids)
        return est_op(g, "MatMul", "weighted_sum",
                      EST_NODES(c->kind->dense(g, m->f, c, &m->layer), est_read(g, weights)), EST_NO_ATTRS);
    est__ids in = without_frames(g, c->kind->ids(g, m->f, c));
    est_node *all[] = { weights, in.indices, in.values, in.dense_shape, in.weights };
    return est_op(g, "EstSafeEmbeddingLookupSparse", "weighted_sum", (est_nodes){ all, in.weights ? 5 : 4 },
                  EST_ATTRS(EST_STRING_ATTR("combiner", m->combiner)));
}

static est_node *build(const model *m, est_node **weights, est_node **sums)
{
    est_graph *g = m->g;
    for (size_t i = 0; i < m->count; i++) {
        const est_column *c = m->column[i];
        weights[i] = make_variable(m, c->name, EST_SHAPE(c->kind->width(c), m->units));
    }
    for (size_t i = 0; i < m->count; i++) {
        est__column_begin_scope(g, "", m->column[i]->name);
        sums[i] = est__column_explained(g, m->column[i], weighted_sum(m, m->column[i], weights[i]));
        est_graph_end_scope(g);
    }
    est_node *bias = make_variable(m, NULL, EST_SHAPE(m->units)); /* the last: embeddings make theirs above */
    est_node *sum = m->count == 1 ? sums[0]
                                  : est_op(g, "AddN", "weighted_sum_no_bias", (est_nodes){ sums, m->count },
                                           EST_NO_ATTRS);
    return est_op(g, "BiasAdd", "weighted_sum", EST_NODES(sum, est_read(g, bias)), EST_NO_ATTRS);
}

/* With the columns sorted, and room for the nodes of each. */
static est_node *build_sorted(model *m, const char *scope)
{
    est_node **nodes = est__calloc(2 * m->count, sizeof *nodes), *logits;
    est__buffer layer = { 0 };
    est__buffer_printf(&layer, "%slinear_model/", scope);
    m->layer = (est__layer){ .scope = layer.data, .trains_all = true };
    if (nodes && layer.status == EST_OK) {
        est__column_begin_scope(m->g, scope, "linear_model");
        logits = build(m, nodes, nodes + m->count);
        est_graph_end_scope(m->g);
    } else {
        logits = est__spoil(m->g, est__fail_memory(2 * m->count * sizeof *nodes));
    }
    est__buffer_free(&layer);
    est__free(nodes);
    return logits;
}

est_node *est_linear_model(est_graph *g, const est_features *features, est_column_list columns, int64_t units,
                           const char *sparse_combiner, const char *scope)
{
    static const char *const combiners[] = { "sum", "mean", "sqrtn" };
    const est_column **column;
    const char *combiner = NULL;
    for (size_t i = 0; i < 3; i++)
        if (strcmp(sparse_combiner ? sparse_combiner : "sum", combiners[i]) == 0)
            combiner = combiners[i];
    if (!combiner)
        return est__graph_fail(g, EST_INVALID_ARGUMENT,
                               "linear model: sparse_combiner is '%s'; it must be 'sum', 'mean' or 'sqrtn'",
                               sparse_combiner);
    if (units < 1)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "linear model: units is %lld; it must be at least 1",
                               (long long)units);
    size_t count;
    est_status st = est__columns_sorted(columns, "feature_columns", &column, &count);
    for (size_t i = 0; st == EST_OK && i < count; i++)
        if (column[i]->sequence)
            st = est__sequence_refuse(column[i], "a linear model");
    if (st != EST_OK) {
        est__free(column);
        return est__spoil(g, st);
    }
    model m = { .g = g, .f = features, .column = column, .count = count, .units = units,
                .combiner = combiner };
    est_node *logits = build_sorted(&m, scope ? scope : "");
    est__free(column);
    return logits;
}
