/* Sequences: columns with a time axis. Within a column time goes with the batch, [batch · time, …], so that what is built over a
 * sequence column is built as over any other; the layer takes the two apart again. */
#include "feature_columns/sequence.h"

#include <estimator/ops.h>

/* The product of dimensions from `first` on, `count` of them or all (-1); 1 for none. */
static est_node *product(est_graph *g, est_node *dense_shape, int64_t first, int64_t count)
{
    return est_reduce_prod(g, est_slice(g, dense_shape, EST_INTS(first), EST_INTS(count)), EST_INTS(0), false);
}

est__ids est__sequence_flatten(est_graph *g, est__ids in)
{
    if (est__is_nil(in.indices) || est__is_nil(in.dense_shape))
        return in;
    est_node *target = est_pack(g, EST_NODES(product(g, in.dense_shape, 0, 2), product(g, in.dense_shape, 2, -1)), 0);
    est_node *flat = est_op(g, "SparseReshape", NULL, EST_NODES(in.indices, in.dense_shape, target), EST_NO_ATTRS);
    in.indices = flat;
    in.dense_shape = est__is_nil(flat) ? flat : est_node_output(flat, 1);
    return in;
}

/* The last step that an example has, plus 1: through a matrix of the steps, in which 0 stands where there is none. */
static est_node *last_steps(est_graph *g, est_node *indices, est_node *dense_shape)
{
    int rank = est_node_shape(indices)->rank == 2 ? (int)est_node_shape(indices)->dim[1] : 2;
    est_node *step = est_op(g, "StridedSlice", NULL,
                            EST_NODES(indices, est_constant_ints(g, EST_INT32, EST_INTS(0, 1)),
                                      est_constant_ints(g, EST_INT32, EST_INTS(0, 2)), est_constant_ints(g, EST_INT32, EST_INTS(1, 1))),
                            EST_ATTRS(EST_INT_ATTR("begin_mask", 1), EST_INT_ATTR("end_mask", 1), EST_INT_ATTR("shrink_axis_mask", 2)));
    est_node *zero = est_constant_int(g, EST_INT64, 0), *one = est_constant_int(g, EST_INT64, 1);
    est_node *all = est_op(g, "SparseToDense", NULL, EST_NODES(indices, dense_shape, est_add(g, step, one), zero), EST_NO_ATTRS);
    est_node *last = est_reduce_max(g, all, rank == 3 ? EST_INTS(1, 2) : EST_INTS(1), false);
    return est_maximum(g, last, zero);   /* of no steps at all the largest is the smallest number */
}

static est__steps nothing(est_graph *g)
{
    return (est__steps){ .length = &g->nil, .dims = &g->nil };
}

est__steps est__sequence_steps(est_graph *g, const est_features *f, const est_column *sequence, int64_t elements)
{
    const est_feature_nodes *in = est__column_feature(g, f, sequence, sequence->key);
    if (!in || est__is_nil(in->value))
        return nothing(g);
    est__ids at = est__column_sparse(g, sequence, in, in->value);
    if (est__is_nil(at.indices) || est__is_nil(at.dense_shape))
        return nothing(g);
    est_node *first = est_slice(g, at.dense_shape, EST_INTS(0), EST_INTS(1));
    est_node *time = est_slice(g, at.dense_shape, EST_INTS(1), EST_INTS(1)), *length = last_steps(g, at.indices, at.dense_shape);
    if (elements > 1) {
        est_node *n = est_constant_int(g, EST_INT64, elements), *more = est_constant_int(g, EST_INT64, elements - 1);
        time = est_floor_div(g, est_reshape(g, product(g, at.dense_shape, 1, -1), EST_INTS(1)), n);
        if (est_node_shape(at.indices)->rank != 2 || est_node_shape(at.indices)->dim[1] != 3)
            length = est_floor_div(g, est_add(g, length, more), n);
    }
    return (est__steps){ .length = length, .dims = est_concat(g, EST_NODES(first, time), 0) };
}

/* ---- the layer ---- */

/* What is said of a sequence column where none is taken. */
est_status est__sequence_refuse(const est_column *c, const char *what)
{
    const char *instead = c->sequence->kind->name + strlen("sequence_");
    return est__fail(EST_INVALID_ARGUMENT, "feature column '%s' is %s %s, which is for sequence_input_layer; %s takes %s in its place",
                     c->name, c == c->sequence ? "a" : "over a", c->sequence->kind->name, what, instead);
}

static est_status check(const est_column *const *column, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const est_column *c = column[i];
        if (!c->sequence)
            return est__fail(EST_INVALID_ARGUMENT,
                             "feature column '%s' is no sequence column; a sequence layer takes sequence_numeric_column, and "
                             "indicator_column and embedding_column over sequence_categorical_column_with_…", c->name);
        if (!c->kind->dense)
            return est__fail(EST_INVALID_ARGUMENT, "feature column '%s' is categorical; a sequence layer takes dense columns: wrap it "
                             "in indicator_column or embedding_column", c->name);
    }
    return EST_OK;
}

typedef struct sequence_layer {
    est_graph *g;
    const est_features *f;
    est__layer layer;
    est_node *length;              /* of the columns so far */
    const est_column *first;       /* whose length that is */
} sequence_layer;

static est_node *agree(sequence_layer *l, const est_column *c, est_node *length)
{
    est_graph *g = l->g;
    if (!l->length) {
        l->first = c;
        return length;
    }
    const char *what = est__arena_printf(&g->arena, "sequence columns '%s' and '%s'", l->first->name, c->name);
    if (!what)
        return est__spoil(g, est__fail_memory(64));
    return est_op(g, "EstCheckEqual", NULL, EST_NODES(l->length, length), EST_ATTRS(EST_STRING_ATTR("what", what)));
}

/* [batch, time, width]. */
static est_node *one(sequence_layer *l, const est_column *c)
{
    est_graph *g = l->g;
    bool numeric = c->kind == &est__column_sequence_numeric;
    est_node *y = c->kind->dense(g, l->f, c, &l->layer);
    est__steps steps = est__sequence_steps(g, l->f, c->sequence, numeric ? c->kind->width(c) : 1);
    est_node *width = est_constant_ints(g, EST_INT64, EST_INTS(c->kind->width(c)));
    l->length = agree(l, c, steps.length);
    return est_op(g, "Reshape", NULL, EST_NODES(y, est_concat(g, EST_NODES(steps.dims, width), 0)), EST_NO_ATTRS);
}

static est_node *build(sequence_layer *l, const est_column *const *column, size_t count)
{
    est_node **value = est__calloc(count, sizeof *value);
    if (!value)
        return est__spoil(l->g, est__fail_memory(count * sizeof *value));
    for (size_t i = 0; i < count; i++) {
        est__column_begin_scope(l->g, "", column[i]->name);
        value[i] = est__column_explained(l->g, column[i], one(l, column[i]));
        est_graph_end_scope(l->g);
    }
    est_node *y = count == 1 ? value[0] : est_concat(l->g, (est_nodes){ value, count }, 2);
    est__free(value);
    return y;
}

est_node *est_sequence_input_layer(est_graph *g, const est_features *features, est_column_list columns, const char *scope,
                                   est_node **sequence_length)
{
    const est_column **column;
    size_t count;
    sequence_layer l = { .g = g, .f = features, .layer = { .scope = scope ? scope : "sequence_features/" } };
    est_node *y = &g->nil;
    est_status st = est__columns_sorted(columns, "feature_columns", &column, &count);
    if (st == EST_OK)
        st = check(column, count);
    if (st == EST_OK)
        st = est__layer_begin(g, &l.layer, "sequence_features");
    if (st == EST_OK) {
        y = build(&l, column, count);
        est_graph_end_scope(g);
    }
    est__free(column);
    *sequence_length = st == EST_OK && l.length ? l.length : &g->nil;
    return st == EST_OK ? y : est__spoil(g, st);
}

est_node *est_concatenate_context_and_sequence(est_graph *g, est_node *context, est_node *sequence)
{
    if (est__is_nil(context) || est__is_nil(sequence))
        return &g->nil;
    const est_shape *c = est_node_shape(context), *s = est_node_shape(sequence);
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    if (c->rank != 2 || s->rank != 3)
        return est__graph_fail(g, EST_INVALID_ARGUMENT,
                               "concatenate_context_and_sequence: context is %s and sequence %s; they must be [batch, width] and "
                               "[batch, time, width]", est__shape_string(a, c), est__shape_string(b, s));
    est_node *time = est_strided_slice(g, est_shape_of_node(g, sequence), EST_INTS(1), EST_INTS(2), EST_INTS(1), 1);
    est_node *one_ = est_constant_int(g, EST_INT32, 1);
    est_node *times = est_pack(g, EST_NODES(one_, time, one_), 0);
    est_node *tiled = est_op(g, "Tile", NULL, EST_NODES(est_expand_dims(g, context, 1), times), EST_NO_ATTRS);
    return est_concat(g, EST_NODES(sequence, tiled), 2);
}
