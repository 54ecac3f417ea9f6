/* crossed_column: every combination of the values of several features, hashed into buckets. */
#include <stdlib.h>

#include <estimator/ops.h>

#include "feature_columns/columns.h"

/* TensorFlow's, for a hash_key that is not given. */
#define DEFAULT_HASH_KEY INT64_C(0xDECAFCAFFE)

static const est_field fields[] = {
    EST_FIELD(est_crossed_options, CROSS_KEYS, keys, .needed = true,
              .doc = "two or more: names of features, and categorical or bucketized columns"),
    EST_FIELD(est_crossed_options, INT, hash_bucket_size, .needed = true, .min = 2, .doc = "number of ids"),
    EST_FIELD(est_crossed_options, INT, hash_key, .min = -INFINITY, .max = INFINITY,
              .def_text = "0xDECAFCAFFE", .doc = "another key gives other collisions"),
    { 0 }
};

/* The keys, with those of crosses among them in their place. */
typedef struct state {
    est_cross_key *leaf;
    size_t count;
} state;

static est_status check_column(const est_column *c, size_t i, est_column *inner)
{
    char field[32];
    snprintf(field, sizeof field, "keys[%zu]", i);
    EST_TRY(est__column_adopt(c, field, inner));
    if (inner->kind == &est__column_hash_bucket)
        return est__column_fail(c, "%s is a %s; give the name '%s' instead, which is hashed once", field,
                                inner->kind->name, inner->key);
    if (inner->sequence)
        return est__column_fail(c, "%s is a %s; a cross has no time axis: give a %s", field, inner->kind->name,
                                inner->kind->name + strlen("sequence_"));
    if (inner->kind == &est__column_weighted)
        return est__column_fail(c, "%s is a %s; a cross has no place for weights: give the column that it weights",
                                field, inner->kind->name);
    if (!inner->kind->ids)
        return est__column_fail(c, "%s is a %s; a cross takes categorical and bucketized columns%s", field,
                                inner->kind->name,
                                inner->kind == &est__column_numeric ? ": make it a bucketized_column" : "");
    return EST_OK;
}

static est_status check_keys(const est_column *c, est_cross_keys keys, size_t *leaves)
{
    if (keys.count < 2)
        return est__column_fail(c, "keys has %zu key; a cross takes two or more", keys.count);
    for (size_t i = 0; i < keys.count; i++) {
        const est_cross_key *k = &keys.data[i];
        size_t more = 1;
        if (!k->name == !k->column)
            return est__column_fail(c, "keys[%zu] has %s; it takes one of the two", i,
                                    k->name ? "a name and a column" : "neither a name nor a column");
        if (k->name && !*k->name)
            return est__column_fail(c, "keys[%zu] is empty; it must name a feature", i);
        if (k->column)
            EST_TRY(check_column(c, i, k->column));
        if (k->column && k->column->kind == c->kind)
            more = ((const state *)k->column->state)->count;
        *leaves += more;
    }
    return EST_OK;
}

static void flatten(state *s, est_cross_keys keys, const est_column_kind *cross)
{
    for (size_t i = 0; i < keys.count; i++) {
        const est_cross_key *k = &keys.data[i];
        const state *inner = k->column && k->column->kind == cross ? k->column->state : NULL;
        for (size_t j = 0; inner && j < inner->count; j++)
            s->leaf[s->count++] = inner->leaf[j];
        if (!inner)
            s->leaf[s->count++] = *k;
    }
}

static const char *name_of(const est_cross_key *k)
{
    return k->name ? k->name : k->column->name;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the leaves, sorted, with "_X_" between them. */
static est_status set_name(est_column *c, const state *s)
{
    const char **names;
    est__buffer name = { 0 };
    EST_TRY(est__column_alloc(c, s->count * sizeof *names, &names));
    for (size_t i = 0; i < s->count; i++)
        names[i] = name_of(&s->leaf[i]);
    qsort(names, s->count, sizeof *names, by_name);
    for (size_t i = 0; i < s->count; i++)
        est__buffer_printf(&name, "%s%s", i ? "_X_" : "", names[i]);
    c->key = c->name = name.status == EST_OK ? est__arena_strdup(est__columns_arena(c->set), name.data) : NULL;
    est__buffer_free(&name);
    return c->name ? EST_OK : est__fail_memory(s->count);
}

static est_status check(est_column *c)
{
    const est_crossed_options *o = c->options;
    size_t leaves = 0;
    state *s;
    EST_TRY(check_keys(c, o->keys, &leaves));
    EST_TRY(est__column_alloc(c, sizeof *s, &s));
    EST_TRY(est__column_alloc(c, leaves * sizeof *s->leaf, &s->leaf));
    flatten(s, o->keys, c->kind);
    c->state = s;
    return set_name(c, s);
}

/* A name is a string of variable length, also where training feeds integers: TensorFlow's rule. */
static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    const state *s = c->state;
    for (size_t i = 0; i < s->count; i++) {
        const est_cross_key *k = &s->leaf[i];
        EST_TRY(k->column ? k->column->kind->parse_spec(k->column, b)
                          : est__spec_add(b, c, (est_feature){ .name = k->name,
                                                               .dtype = EST_STRING,
                                                               .variable_length = true }));
    }
    return EST_OK;
}

/* The inputs of SparseCross, sparse ones before dense ones. */
typedef struct inputs {
    est__ids *sparse;
    est_node **dense, **in;
    est_dtype *types;
    size_t num_sparse, num_dense;
} inputs;

static est_node *hashable(est_graph *g, est_node *x)
{
    est_dtype dtype = est__is_nil(x) ? EST_STRING : est_node_dtype(x);
    return dtype == EST_STRING || dtype == EST_INT64 ? x : est_cast(g, x, EST_INT64);
}

/* A feature by its name enters as it is: a dense one with its "" and -1. */
static void add_feature(est_graph *g, const est_features *f, const est_column *c, const char *name, inputs *x)
{
    const est_feature_nodes *in = est__column_feature(g, f, c, name);
    if (!in)
        return;
    est_node *value = hashable(g, in->value);
    if (in->indices)
        x->sparse[x->num_sparse++] =
            (est__ids){ .indices = in->indices, .values = value, .dense_shape = in->dense_shape };
    else
        x->dense[x->num_dense++] = est__column_matrix(g, c, name, value);
}

static est_node *cross(est_graph *g, const est_crossed_options *o, inputs *x)
{
    size_t n = x->num_sparse;
    for (size_t i = 0; i < n; i++) {
        x->in[i] = x->sparse[i].indices;
        x->in[n + i] = x->sparse[i].values;
        x->in[2 * n + i] = x->sparse[i].dense_shape;
        x->types[i] = est_node_dtype(x->sparse[i].values);
    }
    for (size_t i = 0; i < x->num_dense; i++) {
        x->in[3 * n + i] = x->dense[i];
        x->types[n + i] = est_node_dtype(x->dense[i]);
    }
    est_dtype internal = EST_STRING;
    for (size_t i = 0; i < n + x->num_dense; i++)
        if (x->types[i] == EST_INT64)
            internal = EST_INT64;
    const est_attr attrs[] = {
        EST_INT_ATTR("N", (int64_t)n),
        EST_BOOL_ATTR("hashed_output", true),
        EST_INT_ATTR("num_buckets", o->hash_bucket_size),
        EST_INT_ATTR("hash_key", o->hash_key ? o->hash_key : DEFAULT_HASH_KEY),
        { .name = "sparse_types", .kind = EST_ATTR_TYPES, .list = { n, { .type = x->types } } },
        { .name = "dense_types", .kind = EST_ATTR_TYPES, .list = { x->num_dense, { .type = x->types + n } } },
        EST_TYPE_ATTR("out_type", EST_INT64),
        EST_TYPE_ATTR("internal_type", internal),
    };
    return est_op(g, "SparseCross", NULL, (est_nodes){ x->in, 3 * n + x->num_dense },
                  (est_attrs){ attrs, sizeof attrs / sizeof attrs[0] });
}

static est_node *gather_and_cross(est_graph *g, const est_features *f, const est_column *c, inputs *x)
{
    const state *s = c->state;
    for (size_t i = 0; i < s->count; i++) {
        const est_cross_key *k = &s->leaf[i];
        if (k->column)
            x->sparse[x->num_sparse++] = k->column->kind->ids(g, f, k->column);
        else
            add_feature(g, f, c, k->name, x);
    }
    return est_graph_status(g) == EST_OK ? cross(g, c->options, x) : &g->nil;
}

static est__ids ids(est_graph *g, const est_features *f, const est_column *c)
{
    size_t n = ((const state *)c->state)->count;
    inputs x = { .sparse = est__calloc(n, sizeof *x.sparse), .dense = est__calloc(n, sizeof *x.dense),
                 .in = est__calloc(3 * n, sizeof *x.in), .types = est__calloc(n, sizeof *x.types) };
    est_node *y = x.sparse && x.dense && x.in && x.types ? gather_and_cross(g, f, c, &x)
                                                         : est__spoil(g, est__fail_memory(n * sizeof x));
    est__free(x.sparse);
    est__free(x.dense);
    est__free(x.in);
    est__free(x.types);
    bool nil = est__is_nil(y);
    return (est__ids){ .indices = y,
                       .values = nil ? y : est_node_output(y, 1),
                       .dense_shape = nil ? y : est_node_output(y, 2) };
}

static int64_t width(const est_column *c)
{
    return ((const est_crossed_options *)c->options)->hash_bucket_size;
}

const est_column_kind est__column_crossed = {
    .name = "crossed_column", .fields = fields, .options_size = sizeof(est_crossed_options), .keyless = true,
    .check = check, .parse_spec = parse_spec, .ids = ids, .width = width
};
