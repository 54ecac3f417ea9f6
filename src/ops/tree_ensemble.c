/* EstTreeEnsemble: the sums of the leaves that the rows of x reach, in trees that lie node after node in one-dimensional arrays
 * (trees/trees.h). Tree t adds to output t % outputs. */
#include <math.h>

#include "ops/ops.h"

enum { X, BIAS, ROOT, FEATURE, THRESHOLD, MISSING_LEFT, LEFT, VALUE, SET, MEMBERS, INPUTS, SLOTS = 256 };

static est_status infer(est_infer *c)
{
    const est_shape *x = est__infer_in(c, X), *bias = est__infer_in(c, BIAS);
    if (x->rank >= 0 && x->rank != 2)
        return est__infer_fail(c, "x must be [batch, features]");
    c->out[0] = est__unknown_shape(2);
    c->out[0].dim[0] = x->rank == 2 ? x->dim[0] : -1;
    c->out[0].dim[1] = bias->rank == 1 ? bias->dim[0] : -1;
    return EST_OK;
}

/* ---- the kernel ---- */
typedef struct walk {
    const float *x, *bias, *threshold, *value;
    const int32_t *root, *feature, *left, *set;
    const bool *missing_left, *members;
    int64_t features, outputs, trees, nodes, depth, sets;
    float *out;
    est__error *error;            /* by block */
} walk;

/* The leaf, or -1 where the arrays lead nowhere. */
static int64_t leaf_of(const walk *w, const float *x, int64_t node)
{
    for (int64_t d = 0; d < w->depth; d++) {
        if ((uint64_t)node >= (uint64_t)w->nodes)
            return -1;
        if (w->left[node] == node)
            return node;
        int32_t f = w->feature[node], s = w->set[node];
        if ((uint32_t)f >= (uint64_t)w->features || s >= w->sets)
            return -1;
        bool left = x[f] <= w->threshold[node];
        if (isnan(x[f]))
            left = w->missing_left[node];
        else if (s >= 0)
            left = x[f] >= 0 && x[f] < SLOTS && w->members[s * SLOTS + (int)x[f]];
        node = (int64_t)w->left[node] + !left;
    }
    return (uint64_t)node < (uint64_t)w->nodes ? node : -1;
}

static void walk_rows(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const walk *w = arg;
    for (int64_t r = begin; r < end; r++) {
        float *y = w->out + r * w->outputs;
        memcpy(y, w->bias, (size_t)w->outputs * sizeof *y);
        for (int64_t t = 0; t < w->trees; t++) {
            int64_t leaf = leaf_of(w, w->x + r * w->features, w->root[t]);
            if (leaf < 0) {
                est__error_take(&w->error[block], est__fail(EST_INVALID_ARGUMENT, "tree %lld leads to a node or feature that is not there",
                                                            (long long)t));
                return;
            }
            y[t % w->outputs] += w->value[leaf];
        }
    }
}

static est_status check_sizes(est_kernel *k, const walk *w)
{
    static const int by_node[] = { FEATURE, THRESHOLD, MISSING_LEFT, LEFT, VALUE, SET };
    if (est__in(k, X)->shape.rank != 2)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "x must be [batch, features]");
    for (size_t i = 0; i < sizeof by_node / sizeof *by_node; i++)
        if (est__tensor_elements(est__in(k, by_node[i])) != w->nodes)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "input %d has %lld nodes, feature has %lld", by_node[i],
                                    (long long)est__tensor_elements(est__in(k, by_node[i])), (long long)w->nodes);
    if (w->outputs < 1 || w->trees % w->outputs)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld trees for %lld outputs", (long long)w->trees, (long long)w->outputs);
    return EST_OK;
}

static est_status prepare(const est_operation *op, void *state)
{
    *(int64_t *)state = est__attr_int(op, "depth");
    return EST_OK;
}

static est_status cpu(est_kernel *k)
{
    enum { BLOCK = 64 };
    walk w = { .x = est__in(k, X)->data, .bias = est__in(k, BIAS)->data, .root = est__in(k, ROOT)->data,
               .feature = est__in(k, FEATURE)->data, .threshold = est__in(k, THRESHOLD)->data,
               .missing_left = est__in(k, MISSING_LEFT)->data, .left = est__in(k, LEFT)->data, .value = est__in(k, VALUE)->data,
               .set = est__in(k, SET)->data, .members = est__in(k, MEMBERS)->data, .depth = *(const int64_t *)k->state,
               .outputs = est__tensor_elements(est__in(k, BIAS)), .trees = est__tensor_elements(est__in(k, ROOT)),
               .nodes = est__tensor_elements(est__in(k, FEATURE)), .sets = est__tensor_elements(est__in(k, MEMBERS)) / SLOTS };
    est_tensor *out;
    EST_TRY(check_sizes(k, &w));
    est_shape shape = EST_SHAPE(est__in(k, X)->shape.dim[0], w.outputs);
    w.features = est__in(k, X)->shape.dim[1];
    EST_TRY(est__out(k, 0, &shape, &out));
    w.out = out->data;
    int64_t blocks = (shape.dim[0] + BLOCK - 1) / BLOCK;
    w.error = est__scratch(k, (size_t)(blocks + 1) * sizeof *w.error);
    if (w.error == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int64_t i = 0; i < blocks; i++)
        w.error[i].status = EST_OK;
    est__for_blocks(k->pool, shape.dim[0], BLOCK, walk_rows, &w);
    for (int64_t i = 0; i < blocks; i++)
        if (w.error[i].status != EST_OK)
            return est__kernel_fail(k, w.error[i].status, "%s", w.error[i].text);
    return EST_OK;
}

/* ---- the same in TensorFlow's ops: all trees of all rows go down one level at a time ---- */
static est_node *zero_of(est_graph *g)
{
    return est_constant_int(g, EST_INT32, 0);
}

/* Is the bin of a category in the set of its node? */
static est_node *in_set(const est_body *b, est_node *set, est_node *value, est_node *missing)
{
    est_graph *g = b->g;
    est_node *bin = est_cast(g, est_where(g, missing, est_zeros_like(g, value), value), EST_INT32);
    est_node *first = est_mul(g, est_maximum(g, set, zero_of(g)), est_constant_int(g, EST_INT32, SLOTS));
    return est_gather(g, est_reshape(g, b->x[MEMBERS], EST_INTS(-1)), est_add(g, first, bin), 0);
}

static est_node *go_down(const est_body *b, est_node *node, est_node *flat, est_node *row, bool sets)
{
    est_graph *g = b->g;
    est_node *value = est_gather(g, flat, est_add(g, row, est_gather(g, b->x[FEATURE], node, 0)), 0);
    est_node *missing = EST_OP1(g, "IsNan", value);
    est_node *left = est_less_equal(g, value, est_gather(g, b->x[THRESHOLD], node, 0));
    if (sets) {
        est_node *set = est_gather(g, b->x[SET], node, 0);
        left = est_where(g, est_greater_equal(g, set, zero_of(g)), in_set(b, set, value, missing), left);
    }
    left = est_where(g, missing, est_gather(g, b->x[MISSING_LEFT], node, 0), left);
    return est_add(g, est_gather(g, b->x[LEFT], node, 0), est_cast(g, est_logical_not(g, left), EST_INT32));
}

static void body(est_body *b)
{
    est_graph *g = b->g;
    est_node *x = b->x[X];
    int64_t outputs = est_node_shape(b->x[BIAS])->dim[0], trees = est_node_shape(b->x[ROOT])->dim[0];
    int64_t features = est_node_shape(x)->dim[1];
    bool sets = est_node_shape(b->x[MEMBERS])->dim[0] != 0;
    if (outputs < 1 || trees < 0 || features < 1) {
        est__graph_fail(g, EST_UNIMPLEMENTED, "EstTreeEnsemble '%s': the shapes of its trees are not known", b->op->name);
        return;
    }
    est_node *batch = est_strided_slice(g, est_shape_of_node(g, x), EST_INTS(0), EST_INTS(1), EST_INTS(1), 1);
    est_node *row = EST_OP3(g, "Range", zero_of(g), batch, est_constant_int(g, EST_INT32, 1));
    row = est_expand_dims(g, est_mul(g, row, est_constant_int(g, EST_INT32, features)), 1);
    if (trees == 0) {
        est_node *none = est_cast(g, est_zeros_like(g, row), EST_FLOAT);
        b->y[0] = est_add(g, none, b->x[BIAS]);
        return;
    }
    est_node *flat = est_reshape(g, x, EST_INTS(-1)), *node = est_add(g, est_zeros_like(g, row), b->x[ROOT]);
    for (int64_t d = 0, depth = est__attr_int(b->op, "depth"); d < depth; d++)
        node = go_down(b, node, flat, row, sets);
    est_node *leaf = est_gather(g, b->x[VALUE], node, 0);
    leaf = est_reshape(g, leaf, EST_INTS(-1, trees / outputs, outputs));
    b->y[0] = est_add(g, est_reduce_sum(g, leaf, EST_INTS(1), false), b->x[BIAS]);
}

EST_OPS(tree_ensemble,
        { .tf_name = "EstTreeEnsemble",
          .signature = "x: float, bias: float, root: int32, feature: int32, threshold: float, missing_left: bool, left: int32, "
                       "value: float, set: int32, members: bool -> logits: float; depth: int",
          .infer = infer, .cpu = cpu, .grad = est__grad_none, .body = body, .state_size = sizeof(int64_t), .prepare = prepare });
