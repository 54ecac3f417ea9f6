/* The linear model: logits = sum over columns of (values · weights, or the sum of the ids' weights) +
 * bias. */
#include "feature_columns/columns.h"

/* A column's name as part of a variable's: TensorFlow writes "_" for each character that is not a letter,
 * a digit, "_", "." or "-". */
static void add_clean(est__buffer *b, const char *name)
{
    for (; *name; name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                     (*name >= '0' && *name <= '9') || strchr("_.-", *name);
        if (((unsigned char)*name & 0xc0) != 0x80)   /* one "_" for all bytes of a character */
            est__buffer_bytes(b, plain ? name : "_", 1);
    }
}

static void begin_scope(est_graph *g, const char *scope, const char *name_in_scope)
{
    est__buffer name = { 0 };
    est__buffer_text(&name, scope);
    add_clean(&name, name_in_scope);
    if (name.status == EST_OK)
        est_graph_begin_scope(g, name.data);
    else
        est__spoil(g, name.status);
    est__buffer_free(&name);
}

static est_node *make_variable(est_graph *g, const char *scope, const char *column, est_shape shape)
{
    est__buffer name = { 0 };
    est__buffer_printf(&name, "%slinear_model/", scope);
    if (column)
        add_clean(&name, column);
    est__buffer_text(&name, column ? "/weights" : "bias_weights");
    est_node *v = name.status == EST_OK
                      ? est_variable(g, name.data, &(est_variable_options){ .shape = shape })
                      : est__spoil(g, name.status);
    est__buffer_free(&name);
    return v;
}

static est_node *weighted_sum(est_graph *g, const est_features *f, const est_column *c, est_node *weights,
                              const char *combiner)
{
    if (!c->kind->ids)
        return est_op(g, "MatMul", "weighted_sum", EST_NODES(c->kind->dense(g, f, c), est_read(g, weights)),
                      EST_NO_ATTRS);
    est__ids in = c->kind->ids(g, f, c);
    return est_op(g, "EstSafeEmbeddingLookupSparse", "weighted_sum",
                  EST_NODES(weights, in.indices, in.values, in.dense_shape),
                  EST_ATTRS(EST_STRING_ATTR("combiner", combiner)));
}

static est_node *build(est_graph *g, const est_features *f, const est_column *const *column, size_t count,
                       int64_t units, const char *combiner, const char *scope, est_node **weights,
                       est_node **sums)
{
    for (size_t i = 0; i < count; i++)
        weights[i] =
            make_variable(g, scope, column[i]->name, EST_SHAPE(column[i]->kind->width(column[i]), units));
    est_node *bias = make_variable(g, scope, NULL, EST_SHAPE(units));
    for (size_t i = 0; i < count; i++) {
        begin_scope(g, "", column[i]->name);
        sums[i] = weighted_sum(g, f, column[i], weights[i], combiner);
        est_graph_end_scope(g);
    }
    est_node *sum = count == 1
                        ? sums[0]
                        : est_op(g, "AddN", "weighted_sum_no_bias", (est_nodes){ sums, count }, EST_NO_ATTRS);
    return est_op(g, "BiasAdd", "weighted_sum", EST_NODES(sum, est_read(g, bias)), EST_NO_ATTRS);
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
    est_status st = est__columns_sorted(columns, "feature_columns", &column);
    est_node **nodes = st == EST_OK ? est__calloc(2 * columns.count, sizeof *nodes) : NULL;
    if (st == EST_OK && !nodes)
        st = est__fail_memory(2 * columns.count * sizeof *nodes);
    est_node *logits;
    if (st == EST_OK) {
        begin_scope(g, scope ? scope : "", "linear_model");
        logits = build(g, features, column, columns.count, units, combiner, scope ? scope : "", nodes,
                       nodes + columns.count);
        est_graph_end_scope(g);
    } else {
        logits = est__spoil(g, st);
    }
    est__free(nodes);
    est__free(column);
    return logits;
}
