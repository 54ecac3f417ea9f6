/* Serving inputs: serialized tf.Examples that the graph parses itself, or one tensor a feature. */
#include "export/export.h"

#include <estimator/ops.h>

#include "graph/graph.h"

static est_status no_memory(void)
{
    return est__fail_memory(sizeof(est__named_node));
}

static est_shape batched(const est_feature *f)
{
    est_shape s = { .rank = 2, .dim = { -1, -1 } };
    if (f->variable_length)
        return s;
    s.rank = f->shape.rank + 1;
    memcpy(s.dim + 1, f->shape.dim, (size_t)f->shape.rank * sizeof s.dim[0]);
    return s;
}

static est_status raw(est_graph *g, est_features_spec spec, est__receiver *r)
{
    if (spec.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "receiver raw: the model reads no feature that could be fed; take parsing");
    est_feature_nodes *list = est__arena_alloc(&r->arena, (spec.count + 1) * sizeof *list);
    r->input = est__arena_alloc(&r->arena, (spec.count + 1) * sizeof *r->input);
    if (list == NULL || r->input == NULL)
        return no_memory();
    for (size_t i = 0; i < spec.count; i++) {
        est_node *node = est_placeholder(g, spec.data[i].name, spec.data[i].dtype, batched(&spec.data[i]));
        list[i] = (est_feature_nodes){ .name = spec.data[i].name, .value = node };
        r->input[i] = (est__named_node){ spec.data[i].name, node };
    }
    r->num_inputs = spec.count;
    r->features = (est_features){ list, spec.count };
    return EST_OK;
}

est_status est__receiver_supervised(est_graph *g, est_features_spec spec, est__receiver *out, est_node **label)
{
    *out = (est__receiver){ 0 };
    EST_TRY(raw(g, spec, out));
    *label = out->input[spec.count - 1].node;
    out->features.count--;
    return est_graph_status(g);
}

/* What ParseExampleV2 is told of the features: variable-length ones first, then dense ones, each in the spec's order. */
typedef struct parse {
    const est_feature **sparse, **dense;
    size_t num_sparse, num_dense;
    est_dtype *types, *dense_types;
    est_shape *shapes;
    const char **keys;
    est_node **in;
} parse;

static est_node *default_of(est_graph *g, const est_feature *f)
{
    est_shape none = est_shape_of(1, (int64_t[]){ 0 });
    est_tensor empty = { .dtype = f->dtype, .shape = none, .data = (int64_t[]){ 0 }, .bytes = "" };
    const est_tensor *d = f->default_value;
    if (d == NULL)
        return est_constant(g, &empty);
    if (est_shape_equal(&d->shape, &f->shape) || f->dtype == EST_STRING)
        return est_constant(g, d);
    est_tensor *whole;
    est_status st = est_tensor_new(f->dtype, &f->shape, &whole);
    if (st != EST_OK)
        return est__spoil(g, st);
    for (int64_t i = 0, n = est__tensor_elements(whole); i < n; i++)
        est__tensor_set(whole, i, est__tensor_get(d, 0));
    est_node *node = est_constant(g, whole);
    est_tensor_free(whole);
    return node;
}

static est_status describe(est_features_spec spec, est__arena *arena, parse *p)
{
    size_t n = spec.count + 1;
    p->sparse = est__arena_alloc(arena, n * sizeof *p->sparse);
    p->dense = est__arena_alloc(arena, n * sizeof *p->dense);
    p->types = est__arena_alloc(arena, n * sizeof *p->types);
    p->dense_types = est__arena_alloc(arena, n * sizeof *p->dense_types);
    p->shapes = est__arena_alloc(arena, n * sizeof *p->shapes);
    p->keys = est__arena_alloc(arena, n * sizeof *p->keys);
    p->in = est__arena_alloc(arena, (n + 5) * sizeof *p->in);
    if (!p->sparse || !p->dense || !p->types || !p->dense_types || !p->shapes || !p->keys || !p->in)
        return no_memory();
    for (size_t i = 0; i < spec.count; i++) {
        const est_feature *f = &spec.data[i];
        if (f->variable_length) {
            p->types[p->num_sparse] = f->dtype;
            p->sparse[p->num_sparse++] = f;
        } else {
            p->dense_types[p->num_dense] = f->dtype;
            p->shapes[p->num_dense] = f->shape;
            p->dense[p->num_dense++] = f;
        }
    }
    return EST_OK;
}

static est_node *keys_of(est_graph *g, const est_feature *const *features, size_t n, const char **room)
{
    for (size_t i = 0; i < n; i++)
        room[i] = features[i]->name;
    return est_constant_strings(g, (est_strings){ room, n });
}

static est_node *parse_node(est_graph *g, est_node *examples, parse *p)
{
    size_t n = 0;
    p->in[n++] = examples;
    p->in[n++] = est_constant_strings(g, (est_strings){ p->keys, 0 });
    p->in[n++] = keys_of(g, p->sparse, p->num_sparse, p->keys);
    p->in[n++] = keys_of(g, p->dense, p->num_dense, p->keys);
    p->in[n++] = est_constant_strings(g, (est_strings){ p->keys, 0 });
    for (size_t i = 0; i < p->num_dense; i++)
        p->in[n++] = default_of(g, p->dense[i]);
    est_attr attrs[] = {
        { .name = "num_sparse", .kind = EST_ATTR_INT, .i = (int64_t)p->num_sparse },
        { .name = "Tdense", .kind = EST_ATTR_TYPES, .list = { p->num_dense, { .type = p->dense_types } } },
        { .name = "sparse_types", .kind = EST_ATTR_TYPES, .list = { p->num_sparse, { .type = p->types } } },
        { .name = "ragged_value_types", .kind = EST_ATTR_TYPES },
        { .name = "ragged_split_types", .kind = EST_ATTR_TYPES },
        { .name = "dense_shapes", .kind = EST_ATTR_SHAPES, .list = { p->num_dense, { .shape = p->shapes } } },
    };
    return est_op(g, "ParseExampleV2", "ParseExample/ParseExampleV2", (est_nodes){ p->in, n },
                  (est_attrs){ attrs, sizeof attrs / sizeof attrs[0] });
}

static est_status parsing(est_graph *g, est_features_spec spec, est__receiver *r)
{
    parse p = { 0 };
    est_node *examples = est_placeholder(g, "input_example_tensor", EST_STRING, EST_SHAPE(-1));
    est_feature_nodes *list = est__arena_alloc(&r->arena, (spec.count + 1) * sizeof *list);
    r->input = est__arena_alloc(&r->arena, sizeof *r->input);
    if (list == NULL || r->input == NULL)
        return no_memory();
    EST_TRY(describe(spec, &r->arena, &p));
    est_node *parsed = spec.count ? parse_node(g, examples, &p) : NULL;
    size_t n = 0;
    for (size_t i = 0; i < p.num_sparse; i++)
        list[n++] = (est_feature_nodes){ .name = p.sparse[i]->name, .indices = est_node_output(parsed, (int)i),
                                         .value = est_node_output(parsed, (int)(p.num_sparse + i)),
                                         .dense_shape = est_node_output(parsed, (int)(2 * p.num_sparse + i)) };
    for (size_t i = 0; i < p.num_dense; i++)
        list[n++] = (est_feature_nodes){ .name = p.dense[i]->name, .value = est_node_output(parsed, (int)(3 * p.num_sparse + i)) };
    r->features = (est_features){ list, n };
    if (spec.count == 0)
        g->rows = est_strided_slice(g, est_cast(g, est_shape_of_node(g, examples), EST_INT64), EST_INTS(0), EST_INTS(1), EST_INTS(1), 1);
    r->input[0] = (est__named_node){ "examples", examples };
    r->num_inputs = 1;
    r->parses = true;
    return EST_OK;
}

static est_status alternative(est__receiver *r)
{
    r->raw = est__arena_alloc(&r->arena, (r->features.count + 1) * sizeof *r->raw);
    if (r->raw == NULL)
        return no_memory();
    for (size_t i = 0; i < r->features.count; i++) {
        if (r->features.data[i].indices)
            return est__fail(EST_INVALID_ARGUMENT, "receiver both: feature '%s' is of variable length; only dense ones can be fed raw",
                             r->features.data[i].name);
        r->raw[i] = (est__named_node){ r->features.data[i].name, r->features.data[i].value };
    }
    r->num_raw = r->features.count;
    return EST_OK;
}

est_status est__receiver_new(est_graph *g, const char *kind, est_features_spec spec, est__receiver *out)
{
    bool both = strcmp(kind, "both") == 0;
    *out = (est__receiver){ 0 };
    if (strcmp(kind, "raw") == 0)
        return raw(g, spec, out);
    if (!both && strcmp(kind, "parsing") != 0)
        return est__fail(EST_INVALID_ARGUMENT, "receiver '%s': it must be parsing, raw or both", kind);
    EST_TRY(parsing(g, spec, out));
    return both ? alternative(out) : EST_OK;
}

void est__receiver_free(est__receiver *r)
{
    est__arena_free(&r->arena);
}
