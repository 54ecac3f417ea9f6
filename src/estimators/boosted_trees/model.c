/* Trees as the variables of a graph: made for as many nodes as the checkpoint has, read by one op, stored by training. */
#include <math.h>

#include <estimator/ops.h>

#include "estimators/boosted_trees/boosted_trees.h"
#include "heads/head.h"


#define SCOPE "boosted_trees/"

typedef enum part { BIAS, ROOT, FEATURE, THRESHOLD, MISSING_LEFT, LEFT, VALUE, SET, MEMBERS, CATEGORY_BINS, GAIN, WEIGHT, CUTS, CUT_COUNTS,
                    DEPTH, PARTS } part;

/* The first ones are what predictions take. */
static const struct {
    const char *name;
    est_dtype dtype;
} parts[PARTS] = {
    [BIAS] = { SCOPE "bias", EST_FLOAT },
    [ROOT] = { SCOPE "root", EST_INT32 },
    [FEATURE] = { SCOPE "feature", EST_INT32 },
    [THRESHOLD] = { SCOPE "threshold", EST_FLOAT },
    [MISSING_LEFT] = { SCOPE "missing_left", EST_BOOL },
    [LEFT] = { SCOPE "left", EST_INT32 },
    [VALUE] = { SCOPE "value", EST_FLOAT },
    [SET] = { SCOPE "set", EST_INT32 },
    [MEMBERS] = { SCOPE "members", EST_BOOL },
    [CATEGORY_BINS] = { SCOPE "category_bins", EST_FLOAT },
    [GAIN] = { SCOPE "gain", EST_FLOAT },
    [WEIGHT] = { SCOPE "weight", EST_FLOAT },
    [CUTS] = { SCOPE "cuts", EST_FLOAT },
    [CUT_COUNTS] = { SCOPE "cut_counts", EST_INT32 },
    [DEPTH] = { SCOPE "depth", EST_INT32 },
};

typedef struct sizes {
    int64_t outputs, trees, nodes, sets, ids, cuts, features;
} sizes;

static est_shape shape_of(part p, const sizes *s)
{
    switch (p) {
    case BIAS: return EST_SHAPE(s->outputs);
    case ROOT: return EST_SHAPE(s->trees);
    case MEMBERS: return EST_SHAPE(s->sets, EST__TREE_SLOTS);
    case CATEGORY_BINS: return EST_SHAPE(s->ids);
    case CUTS: return EST_SHAPE(s->cuts);
    case CUT_COUNTS: return EST_SHAPE(s->features);
    case DEPTH: return EST_SCALAR;
    default: return EST_SHAPE(s->nodes);
    }
}

static sizes sizes_of(const est__boosted *b)
{
    return (sizes){ .outputs = est_head_logits_dimension(b->head), .trees = b->trees, .nodes = b->nodes, .sets = b->sets,
                    .ids = b->num_ids, .cuts = b->cuts, .features = b->num_features };
}

static est_status length_of(const est__bundle *from, part p, int64_t *out)
{
    const est__bundle_variable *v = est__bundle_find(from, parts[p].name);
    if (v == NULL)
        return est__fail(EST_NOT_FOUND, "%s: variable '%s' of the model is not in it: was model_dir written by another model?",
                         est__bundle_prefix(from), parts[p].name);
    *out = v->shape.rank > 0 ? v->shape.dim[0] : 0;
    return EST_OK;
}

est_status est__boosted_prepare(void *user, const est__bundle *from)
{
    est__boosted *b = user;
    est_tensor *depth;
    int64_t features;
    b->trees = b->nodes = b->sets = b->cuts = b->depth = 0;
    if (from == NULL)
        return EST_OK;
    EST_TRY(length_of(from, CUT_COUNTS, &features));
    if (features != b->num_features)
        return est__fail(EST_INVALID_ARGUMENT, "%s: its trees have %lld features, the feature columns give %lld: was model_dir written "
                         "with other columns?", est__bundle_prefix(from), (long long)features, (long long)b->num_features);
    EST_TRY(length_of(from, ROOT, &b->trees));
    EST_TRY(length_of(from, FEATURE, &b->nodes));
    EST_TRY(length_of(from, MEMBERS, &b->sets));
    EST_TRY(length_of(from, CUTS, &b->cuts));
    EST_TRY(est__bundle_read(from, parts[DEPTH].name, &depth));
    b->depth = (int64_t)est__tensor_get(depth, 0);
    est_tensor_free(depth);
    return b->depth >= 0 && b->depth <= b->nodes ? EST_OK : est__fail(EST_DATA_LOSS, "%s: '%s' is %lld", est__bundle_prefix(from),
                                                                      parts[DEPTH].name, (long long)b->depth);
}

/* ---- the graph ---- */
static est_node *logits_of(const est__boosted *b, est_graph *g, est_node *x, est_node *const *handle)
{
    est_node *in[MEMBERS + 2] = { x };
    for (int p = 0; p <= MEMBERS; p++)
        in[p + 1] = est_read(g, handle[p]);
    return est_op(g, "EstTreeEnsemble", "boosted_trees/logits", (est_nodes){ in, MEMBERS + 2 },
                  EST_ATTRS(EST_INT_ATTR("depth", b->depth)));
}

/* The labels and weights that the loss takes; a step is counted by whoever grows the trees. */
static est_status train_spec(est__boosted *b, est_spec *spec, const est_features *features, est_node *labels, est_node *logits)
{
    est_graph *g = est_spec_graph(spec);
    EST_TRY(est__head_targets(b->head, spec, features, labels, logits, &b->labels, &b->weights));
    b->labels = b->labels ? est_cast(g, b->labels, EST_FLOAT) : b->labels;
    est_spec_train_op(spec, est_op(g, "AssignAddVariableOp", NULL,
                                   EST_NODES(spec->global_step, est_constant_int(g, EST_INT64, 1)), EST_NO_ATTRS));
    return est_graph_status(g);
}

est_status est__boosted_model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    est__boosted *b = user;
    est_graph *g = est_spec_graph(spec);
    est_node *handle[PARTS], *bins = NULL;
    sizes s = sizes_of(b);
    int last = mode == EST_TRAIN || g->explained ? PARTS - 1 : b->num_ids ? CATEGORY_BINS : MEMBERS;
    for (int p = 0; p <= last; p++) {
        est_variable_options o = { .dtype = parts[p].dtype, .shape = shape_of((part)p, &s), .not_trainable = true };
        handle[p] = est_variable(g, parts[p].name, &o);
    }
    if (b->num_ids && mode != EST_TRAIN)
        bins = est_read(g, handle[CATEGORY_BINS]);
    b->matrix = est__boosted_matrix(b, g, features, bins);
    if (g->explained)
        g->explained->matrix = b->matrix;
    est_node *logits = logits_of(b, g, b->matrix, handle);
    return mode == EST_TRAIN ? train_spec(b, spec, features, labels, logits)
                             : est_head_spec(b->head, spec, features, labels, mode, logits, NULL);
}

/* ---- what training stores ---- */
static est_status put(const est__session *s, part p, const est_shape *shape, const void *data)
{
    est__variable *v = est__session_variable(s, parts[p].name);
    est_tensor *t;
    EST_TRY(est_tensor_new(parts[p].dtype, shape, &t));
    if (est__tensor_bytes(t))
        memcpy(t->data, data, est__tensor_bytes(t));
    est_tensor_free(v->value);
    v->value = t;
    return EST_OK;
}

/* By id: its bin, NaN for an id that has none. */
static void fill_bins(const est__boosted *b, const est__tree_matrix *m, float *out)
{
    for (int64_t i = 0; i < b->num_ids; i++)
        out[i] = NAN;
    for (int64_t f = 0; f < b->num_features; f++)
        for (int i = 0; m->feature[f].categorical && i < m->feature[f].bins; i++)
            out[b->first_id[f] + (int64_t)m->feature[f].cut[i]] = (float)i;
}

static est_status put_cuts(const est__boosted *b, const est__session *s, const est__tree_matrix *m, sizes *n)
{
    for (int64_t f = 0; f < m->num_features; f++)
        n->cuts += est__tree_cut_count(&m->feature[f]);
    float *cuts = est__malloc((size_t)(n->cuts + n->ids + 1) * sizeof *cuts);
    int32_t *count = est__malloc((size_t)(m->num_features + 1) * sizeof *count);
    est_status st = cuts && count ? EST_OK : est__fail_memory((size_t)n->cuts * sizeof *cuts);
    float *at = cuts;
    for (int64_t f = 0; f < m->num_features && st == EST_OK; f++) {
        count[f] = est__tree_cut_count(&m->feature[f]);
        memcpy(at, m->feature[f].cut, (size_t)count[f] * sizeof *at);
        at += count[f];
    }
    est_shape all = shape_of(CUTS, n), counts = shape_of(CUT_COUNTS, n), ids = shape_of(CATEGORY_BINS, n);
    if (st == EST_OK)
        st = put(s, CUTS, &all, cuts);
    if (st == EST_OK)
        st = put(s, CUT_COUNTS, &counts, count);
    if (st == EST_OK) {
        fill_bins(b, m, at);
        st = put(s, CATEGORY_BINS, &ids, at);
    }
    est__free(cuts);
    est__free(count);
    return st;
}

est_status est__boosted_store(const est__boosted *b, const est__session *s, const est__ensemble *e, const est__tree_matrix *m,
                              int64_t step)
{
    sizes n = { .outputs = e->outputs, .trees = e->num_trees, .nodes = e->num_nodes, .sets = e->num_sets, .ids = b->num_ids,
                .features = b->num_features };
    int32_t depth = (int32_t)e->depth;
    const void *data[PARTS] = { [BIAS] = e->bias, [ROOT] = e->root, [FEATURE] = e->feature, [THRESHOLD] = e->threshold,
                                [MISSING_LEFT] = e->missing_left, [LEFT] = e->left, [VALUE] = e->value, [SET] = e->set,
                                [MEMBERS] = e->members, [GAIN] = e->gain, [WEIGHT] = e->weight, [DEPTH] = &depth };
    for (int p = 0; p < PARTS; p++) {
        est_shape shape = shape_of((part)p, &n);
        if (p != CUTS && p != CUT_COUNTS && p != CATEGORY_BINS)
            EST_TRY(put(s, (part)p, &shape, data[p]));
    }
    *(int64_t *)est__session_variable(s, "global_step")->value->data = step;
    return put_cuts(b, s, m, &n);
}

/* ---- and loads ---- */
static void *copy_of(const est__session *s, part p, bool *whole)
{
    const est_tensor *t = est__session_variable(s, parts[p].name)->value;
    size_t bytes = est__tensor_bytes(t);
    void *copy = est__malloc(bytes + 1);
    if (copy && bytes)
        memcpy(copy, t->data, bytes);
    *whole &= copy != NULL;
    return copy;
}

static est_status load_cuts(const est__boosted *b, const est__session *s, est__tree_feature *feature)
{
    const int32_t *count = est__session_variable(s, parts[CUT_COUNTS].name)->value->data;
    float *cut = est__session_variable(s, parts[CUTS].name)->value->data;
    int64_t at = 0;
    for (int64_t f = 0; f < b->num_features; f++) {
        feature[f] = b->feature[f];
        feature[f].cut = cut + at;
        feature[f].bins = count[f] + !feature[f].categorical;
        if (count[f] < 0 || feature[f].bins > EST__TREE_BINS || (at += count[f]) > b->cuts)
            return est__fail(EST_DATA_LOSS, "the checkpoint has %d cuts for feature '%s'", count[f], feature[f].name);
        for (int i = 1; i < count[f]; i++)
            if (!(feature[f].cut[i - 1] < feature[f].cut[i]))
                return est__fail(EST_DATA_LOSS, "the checkpoint's cuts of feature '%s' do not rise", feature[f].name);
    }
    return EST_OK;
}

est_status est__boosted_load(const est__boosted *b, const est__session *s, est__ensemble **out, est__tree_feature *feature)
{
    est__ensemble *e = est__calloc(1, sizeof *e);
    bool whole = true;
    *out = e;
    if (e == NULL)
        return est__fail_memory(sizeof *e);
    *e = (est__ensemble){ .outputs = est_head_logits_dimension(b->head), .num_trees = b->trees, .num_nodes = b->nodes,
                          .num_sets = b->sets, .depth = b->depth };
    e->cap_trees = (size_t)b->trees;
    e->cap_sets = (size_t)b->sets * EST__TREE_SLOTS;
    for (size_t i = 0; i < sizeof e->cap_nodes / sizeof *e->cap_nodes; i++)
        e->cap_nodes[i] = (size_t)b->nodes;
    e->bias = copy_of(s, BIAS, &whole);
    e->root = copy_of(s, ROOT, &whole);
    e->feature = copy_of(s, FEATURE, &whole);
    e->threshold = copy_of(s, THRESHOLD, &whole);
    e->missing_left = copy_of(s, MISSING_LEFT, &whole);
    e->left = copy_of(s, LEFT, &whole);
    e->set = copy_of(s, SET, &whole);
    e->value = copy_of(s, VALUE, &whole);
    e->gain = copy_of(s, GAIN, &whole);
    e->weight = copy_of(s, WEIGHT, &whole);
    e->members = copy_of(s, MEMBERS, &whole);
    if (!whole)
        return est__fail_memory((size_t)b->nodes * sizeof *e->value);
    EST_TRY(est__ensemble_check(e, b->num_features));
    if (feature == NULL)
        return EST_OK;
    return load_cuts(b, s, feature);
}
