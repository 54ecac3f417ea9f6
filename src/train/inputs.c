/* Placeholders for the features of batches; one of variable length becomes a SparseTensor on the input thread. */
#include "train/inputs.h"

#include <estimator/ops.h>

est_status est__inputs_of(est__inputs *in, const est_dataset *d)
{
    est_features_spec spec = est_dataset_features(d);
    in->label = est_dataset_label(d);
    in->num_features = spec.count;
    in->feature = est__arena_alloc(&in->arena, (spec.count + 1) * sizeof *in->feature);
    in->feeds = est__arena_alloc(&in->arena, (2 * spec.count + 2) * sizeof *in->feeds);
    in->feed = est__arena_alloc(&in->arena, (2 * spec.count + 2) * sizeof *in->feed);
    if (in->feature == NULL || in->feeds == NULL || in->feed == NULL)
        return est__fail_memory(spec.count * sizeof *in->feature);
    for (size_t i = 0; i < spec.count; i++) {
        in->feature[i] = spec.data[i];
        in->feature[i].default_value = NULL;
        in->feature[i].name = est__arena_strdup(&in->arena, spec.data[i].name);
        if (spec.data[i].row_starts)
            in->feature[i].row_starts = est__arena_strdup(&in->arena, spec.data[i].row_starts);
        if (in->feature[i].name == NULL || (in->feature[i].row_starts == NULL && spec.data[i].row_starts))
            return est__fail_memory(64);
    }
    return EST_OK;
}

bool est__inputs_same(const est__inputs *in, const est_dataset *d)
{
    est_features_spec spec = est_dataset_features(d);
    if (spec.count != in->num_features || est_dataset_label(d) != in->label)
        return false;
    for (size_t i = 0; i < spec.count; i++) {
        const est_feature *a = &in->feature[i], *b = &spec.data[i];
        if (strcmp(a->name, b->name) != 0 || a->dtype != b->dtype || a->variable_length != b->variable_length ||
            !est_shape_equal(&a->shape, &b->shape) || !a->row_starts != !b->row_starts ||
            (a->row_starts && strcmp(a->row_starts, b->row_starts) != 0))
            return false;
    }
    return true;
}

void est__inputs_free(est__inputs *in)
{
    est__arena_free(&in->arena);
}

static est_node *add_feed(est__inputs *in, const char *name, est_dtype dtype, est_shape shape, est__feed feed)
{
    est_node *node = est_placeholder(in->graph, name, dtype, shape);
    in->feeds[in->num_feeds] = node;
    in->feed[in->num_feeds++] = feed;
    return node;
}

/* A feature of variable length is fed as values and row offsets; what makes it sparse runs on the input thread. */
typedef struct ragged { est_node *values, *splits; } ragged;

static est_status add_ragged(est__inputs *in, int index, est_feature_nodes *out, ragged *fed)
{
    const est_feature *f = &in->feature[index];
    const char *splits_name = est__arena_printf(&in->arena, "%s/row_splits", f->name);
    const char *sparse_name = est__arena_printf(&in->arena, "%s/RaggedTensorToSparse", f->name);
    if (splits_name == NULL || sparse_name == NULL)
        return est__fail_memory(64);
    est_node *values = add_feed(in, f->name, f->dtype, EST_SHAPE(-1), (est__feed){ .feature = index });
    est_node *splits = add_feed(in, splits_name, EST_INT64, EST_SHAPE(-1), (est__feed){ .feature = index, .offsets = true });
    est_node *sparse = est_op(in->graph, "RaggedTensorToSparse", sparse_name, EST_NODES(splits, values),
                              EST_ATTRS(EST_INT_ATTR("RAGGED_RANK", 1)));
    *out = (est_feature_nodes){ .name = f->name, .indices = sparse, .value = est_node_output(sparse, 1),
                                .dense_shape = est_node_output(sparse, 2) };
    *fed = (ragged){ values, splits };
    return EST_OK;
}

/* [batch, frames, values]: where frames begin in their rows, and where the rows do, say where they begin in all values. */
static est_status add_frames(est__inputs *in, est_feature_nodes *feature, ragged of, const est_feature_nodes *starts, ragged fed_starts)
{
    est_graph *g = in->graph;
    const char *name = est__arena_printf(&in->arena, "%s/FramesToSparse", feature->name);
    if (name == NULL)
        return est__fail_memory(64);
    est_node *row = est_reshape(g, est_slice(g, starts->indices, EST_INTS(0, 0), EST_INTS(-1, 1)), EST_INTS(-1));
    est_node *begins = est_add(g, est_gather(g, of.splits, row, 0), fed_starts.values);
    est_node *end = est_cast(g, est_shape_of_node(g, of.values), EST_INT64);
    est_node *splits = est_concat(g, EST_NODES(begins, end), 0);
    est_node *sparse = est_op(g, "RaggedTensorToSparse", name, EST_NODES(fed_starts.splits, splits, of.values),
                              EST_ATTRS(EST_INT_ATTR("RAGGED_RANK", 2)));
    feature->indices = sparse;
    feature->value = est_node_output(sparse, 1);
    feature->dense_shape = est_node_output(sparse, 2);
    return EST_OK;
}

/* The features that have frames, once all are there. */
static est_status add_all_frames(est__inputs *in, est_feature_nodes *out, const est__input_use *use, const ragged *fed)
{
    for (size_t i = 0; i < in->num_features; i++) {
        const char *starts = in->feature[i].row_starts;
        size_t k = 0;
        if (starts == NULL || use[i] != EST__INPUT_FEATURE)
            continue;
        while (k < in->num_features && strcmp(in->feature[k].name, starts))
            k++;
        if (k < in->num_features && use[k] == EST__INPUT_FEATURE)
            EST_TRY(add_frames(in, &out[i], fed[i], &out[k], fed[k]));
    }
    return EST_OK;
}

/* A dense one. */
static est_status add_dense(est__inputs *in, int index, est_feature_nodes *out)
{
    const est_feature *f = &in->feature[index];
    est_shape shape = { .rank = f->shape.rank + 1, .dim = { -1 } };
    if (shape.rank > EST_MAX_RANK)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' has more than %d dimensions", f->name, EST_MAX_RANK - 1);
    memcpy(shape.dim + 1, f->shape.dim, (size_t)f->shape.rank * sizeof shape.dim[0]);
    *out = (est_feature_nodes){ .name = f->name, .value = add_feed(in, f->name, f->dtype, shape, (est__feed){ .feature = index }) };
    return EST_OK;
}

est_status est__inputs_nodes(est__inputs *in, est_graph *g, const est__input_use *use, est_feature_nodes *out, est_features *features)
{
    est_feature_nodes *list = est__arena_alloc(&in->arena, (in->num_features + 1) * sizeof *list);
    ragged *fed = est__arena_alloc(&in->arena, (in->num_features + 1) * sizeof *fed);
    size_t n = 0;
    if (list == NULL || fed == NULL)
        return est__fail_memory(in->num_features * sizeof *list);
    in->graph = g;
    for (size_t i = 0; i < in->num_features; i++) {
        out[i] = (est_feature_nodes){ .name = in->feature[i].name };
        if (use[i] != EST__INPUT_UNUSED)
            EST_TRY(in->feature[i].variable_length ? add_ragged(in, (int)i, &out[i], &fed[i]) : add_dense(in, (int)i, &out[i]));
    }
    EST_TRY(add_all_frames(in, out, use, fed));
    for (size_t i = 0; i < in->num_features; i++)
        if (use[i] == EST__INPUT_FEATURE)
            list[n++] = out[i];
    *features = (est_features){ list, n };
    if (n == 0)
        g->rows = add_feed(in, "rows", EST_INT64, EST_SCALAR, (est__feed){ .rows = true });
    return EST_OK;
}
