/* The dense input of a deep model: all columns of an example side by side. */
#include <estimator/ops.h>

#include "feature_columns/columns.h"

static est_node *build(est_graph *g, const est_features *f, const est_column *const *column, size_t count,
                       const est__layer *layer)
{
    est_node **value = est__calloc(count, sizeof *value);
    if (!value)
        return est__spoil(g, est__fail_memory(count * sizeof *value));
    for (size_t i = 0; i < count; i++) {
        est__column_begin_scope(g, "", column[i]->name);
        value[i] = est__column_explained(g, column[i], column[i]->kind->dense(g, f, column[i], layer));
        est_graph_end_scope(g);
    }
    est_node *y = count == 1 ? value[0] : est_concat(g, (est_nodes){ value, count }, 1);
    est__free(value);
    return y;
}

static est_status check_dense(const est_column *const *column, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (column[i]->sequence)
            return est__sequence_refuse(column[i], "an input layer");
        else if (!column[i]->kind->dense)
            return est__fail(EST_INVALID_ARGUMENT,
                             "feature column '%s' is categorical; an input layer takes dense columns: wrap it in "
                             "indicator_column or embedding_column", column[i]->name);
    return EST_OK;
}

/* Scopes of operations end without a slash. */
est_status est__layer_begin(est_graph *g, const est__layer *layer, const char *otherwise)
{
    est__buffer name = { 0 };
    size_t n = strlen(layer->scope);
    est__buffer_bytes(&name, layer->scope, n && layer->scope[n - 1] == '/' ? n - 1 : n);
    if (name.status == EST_OK)
        est_graph_begin_scope(g, name.size ? name.data : otherwise);
    est_status st = name.status;
    est__buffer_free(&name);
    return st;
}

est_node *est_input_layer(est_graph *g, const est_features *features, est_column_list columns, const char *scope)
{
    const est_column **column;
    size_t count;
    est_node *y = &g->nil;
    est__layer layer = { .scope = scope ? scope : "input_layer/" };
    est_status st = est__columns_sorted(columns, "feature_columns", &column, &count);
    if (st == EST_OK)
        st = check_dense(column, count);
    if (st == EST_OK)
        st = est__layer_begin(g, &layer, "input_layer");
    if (st == EST_OK) {
        y = build(g, features, column, count, &layer);
        est_graph_end_scope(g);
    }
    est__free(column);
    return st == EST_OK ? y : est__spoil(g, st);
}
