/* Tables of weights: their variable, what it starts from, the lookup. */
#include "feature_columns/table.h"

#include <math.h>

#include <estimator/nn.h>

const char *const est__table_combiners[] = { "mean", "sum", "sqrtn", NULL };

est_status est__table_check(const est_column *c, const est__embedding_table *t)
{
    int64_t buckets = t->categorical->kind->width(t->categorical);
    if (!t->ckpt_to_load_from != !t->tensor_name_in_ckpt)
        return est__column_fail(c, "%s is given, %s is not; they go together",
                                t->ckpt_to_load_from ? "ckpt_to_load_from" : "tensor_name_in_ckpt",
                                t->ckpt_to_load_from ? "tensor_name_in_ckpt" : "ckpt_to_load_from");
    if (buckets > INT64_MAX / 8 / t->dimension)
        return est__column_fail(c, "a table of %lld rows of dimension %lld is too large", (long long)buckets,
                                (long long)t->dimension);
    if (t->initializer->type) {
        est_status st = est_initializer_check(t->initializer);
        if (st != EST_OK)
            return est__fail_in(st, "%s '%s'", c->kind->name, c->key);
    }
    return EST_OK;
}

static est_node *initial_value(est_graph *g, const est__embedding_table *t, est_shape shape)
{
    est_initializer normal = { .type = "TruncatedNormal", .stddev = 1 / sqrt((double)t->dimension) };
    const est_dtype dtype = EST_FLOAT;
    const est_attr dtypes = { .name = "dtypes", .kind = EST_ATTR_TYPES, .list = { 1, { .type = &dtype } } };
    if (t->ckpt_to_load_from)
        return est_op(g, "RestoreV2", "checkpoint_initializer",
                      EST_NODES(est_constant_string(g, t->ckpt_to_load_from),
                                est_constant_strings(g, (est_strings){ &t->tensor_name_in_ckpt, 1 }),
                                est_constant_strings(g, (est_strings){ (const char *const[]){ "" }, 1 })),
                      (est_attrs){ &dtypes, 1 });
    return est_initial_value(g, shape, t->initializer->type ? t->initializer : &normal);
}

static est_node *variable_of(est_graph *g, const est__embedding_table *t, const char *name)
{
    est__graph_variable *there = est__graph_find_variable(g, name);
    if (there && there->owner != t->owner)
        return est__graph_fail(g, EST_INVALID_ARGUMENT,
                               "the table '%s' is in this model already, of another shared_embeddings; give each a "
                               "shared_embedding_collection_name of its own, or all columns to one of them", name);
    if (there)
        return there->handle;
    est_shape shape = EST_SHAPE(t->categorical->kind->width(t->categorical), t->dimension);
    est_node *variable = est_variable(g, name,
                                      &(est_variable_options){ .shape = shape,
                                                               .initial_value = initial_value(g, t, shape),
                                                               .not_trainable = !t->trained });
    there = est__graph_find_variable(g, name);
    if (there)
        there->owner = t->owner;
    return variable;
}

est_node *est__table_lookup(est_graph *g, const est_features *f, const est_column *c, const est__embedding_table *t,
                            const char *variable)
{
    est_node *table = variable_of(g, t, variable);
    est__ids in = t->categorical->kind->ids(g, f, t->categorical);
    est_node *all[] = { table, in.indices, in.values, in.dense_shape, in.weights };
    est__buffer name = { 0 };
    est__column_clean(&name, c->name);
    est__buffer_text(&name, "_weights");
    est_node *y =
        name.status != EST_OK
            ? est__spoil(g, name.status)
            : est_op(g, "EstSafeEmbeddingLookupSparse", name.data, (est_nodes){ all, in.weights ? 5 : 4 },
                     EST_ATTRS(EST_STRING_ATTR("combiner", t->combiner),
                               EST_FLOAT_ATTR("max_norm", t->max_norm), EST_BOOL_ATTR("safe", t->safe)));
    est__buffer_free(&name);
    return y;
}
