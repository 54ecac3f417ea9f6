/* The way from a batch's features into a column: found by key, widened, made sparse. */
#include <estimator/ops.h>

#include "feature_columns/sequence.h"
#include "tensor/tensor.h"

const est_feature_nodes *est_features_find(const est_features *f, const char *name)
{
    for (size_t i = 0; f && i < f->count; i++)
        if (strcmp(f->data[i].name, name) == 0)
            return &f->data[i];
    return NULL;
}

const est_feature_nodes *est__column_feature(est_graph *g, const est_features *f, const est_column *c,
                                             const char *key)
{
    const est_feature_nodes *found = est_features_find(f, key);
    if (found)
        return found;
    est__buffer names = { 0 };
    for (size_t i = 0; f && i < f->count; i++)
        est__buffer_printf(&names, "%s'%s'", i ? ", " : "", f->data[i].name);
    est__graph_fail(g, EST_INVALID_ARGUMENT, "%s '%s': feature '%s' is not in the data, which holds %s",
                    c->kind->name, c->key, key, names.size ? names.data : "none");
    est__buffer_free(&names);
    return NULL;
}

static est__ids nothing(est_graph *g)
{
    est_node *nil = &g->nil;
    return (est__ids){ .indices = nil, .values = nil, .dense_shape = nil };
}

/* [batch] becomes [batch, 1], and more than two dimensions [batch, -1]. */
est_node *est__column_matrix(est_graph *g, const est_column *c, const char *key, est_node *x)
{
    if (est__is_nil(x))
        return x;
    int rank = est_node_shape(x)->rank;
    if (rank == 1)
        return est_expand_dims(g, x, -1);
    if (rank < 1)
        return est__graph_fail(g, EST_INVALID_ARGUMENT,
                               "%s '%s': feature '%s' is %s; it must be [batch] or [batch, n]", c->kind->name,
                               c->key, key, rank == 0 ? "a scalar" : "of unknown rank");
    if (rank == 2)
        return x;
    int64_t row = 1;
    for (int d = 1; d < rank; d++)
        row = est_node_shape(x)->dim[d] < 0 || row < 0 ? -1 : row * est_node_shape(x)->dim[d];
    if (row < 0)
        return est__graph_fail(g, EST_INVALID_ARGUMENT,
                               "%s '%s': feature '%s' has an example of unknown shape", c->kind->name, c->key,
                               key);
    return est_reshape(g, x, EST_INTS(-1, row));
}

est__ids est__column_sparse(est_graph *g, const est_column *c, const est_feature_nodes *in, est_node *value)
{
    if (in->indices)
        return (est__ids){ .indices = in->indices, .values = value, .dense_shape = in->dense_shape };
    value = est__column_matrix(g, c, c->key, value);
    if (est__is_nil(value))
        return nothing(g);
    est_node *sparse = est_op(g, "EstDenseToSparse", NULL, EST_NODES(value), EST_NO_ATTRS);
    return (est__ids){ .indices = sparse,
                       .values = est_node_output(sparse, 1),
                       .dense_shape = est_node_output(sparse, 2) };
}

est__ids est__column_input(est_graph *g, const est_features *f, const est_column *c, est_dtype dtype)
{
    const est_feature_nodes *in = est__column_feature(g, f, c, c->key);
    if (!in || est__is_nil(in->value))
        return nothing(g);
    est_node *value = in->value;
    if (dtype == EST_INT64 && est__dtype_is_integer(est_node_dtype(value)) &&
        est_node_dtype(value) != EST_INT64)
        value = est_cast(g, value, EST_INT64);
    if (!est__is_nil(value) && est_node_dtype(value) != dtype) {
        est__graph_fail(g, EST_INVALID_ARGUMENT, "%s '%s': feature '%s' is %s, the column takes %s",
                        c->kind->name, c->key, c->key, est_dtype_name(est_node_dtype(value)),
                        est_dtype_name(dtype));
        return nothing(g);
    }
    est__ids sparse = est__column_sparse(g, c, in, value);
    return c->sequence ? est__sequence_flatten(g, sparse) : sparse;
}

est_node *est_features_rows(est_graph *g, const est_features *f)
{
    if (f->count == 0)
        return g->rows ? g->rows : est__graph_fail(g, EST_INVALID_ARGUMENT, "there are no features that could tell the number of examples");
    const est_feature_nodes *first = &f->data[0];
    est_node *shape = first->dense_shape ? first->dense_shape : est_cast(g, est_shape_of_node(g, first->value), EST_INT64);
    return est_strided_slice(g, shape, EST_INTS(0), EST_INTS(1), EST_INTS(1), 1);
}
