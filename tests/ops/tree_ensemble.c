/* EstTreeEnsemble: its kernel and its body agree, by thresholds, missing values and sets; arrays that lead nowhere are refused. */
#include <math.h>

#include "ops/once.h"

/* Two trees of a split each, and of a set: x0 <= 1 ? (x1 in {0, 2} ? 1 : 2) : 4, and x1 missing ? 10 : 20. */
typedef struct forest {
    int32_t root[2], feature[8], left[8], set[8];
    float threshold[8], value[8];
    bool missing_left[8], members[256];
} forest;

static forest make_forest(void)
{
    const float no = INFINITY;
    return (forest){ .root = { 0, 5 }, .feature = { 0, 1, 0, 0, 0, 1, 0, 0 }, .left = { 1, 3, 2, 3, 4, 6, 6, 7 },
                     .set = { -1, 0, -1, -1, -1, -1, -1, -1 }, .threshold = { 1, no, no, no, no, no, no, no },
                     .value = { 0, 0, 4, 1, 2, 0, 20, 10 }, .members = { [0] = true, [2] = true },
                     .missing_left = { true, false, true, true, true, false, true, true } };
}

static est_node *constant(once *o, est_dtype dtype, est_shape shape, void *data)
{
    return est_constant(o->g, &(est_tensor){ .dtype = dtype, .shape = shape, .data = data });
}

static est_node *ensemble(once *o, forest *f, int64_t outputs, int64_t sets)
{
    static float bias[2] = { 0.5f, 100 }, x[5][2] = { { 1, 2 }, { 1, 1 }, { 2, 0 }, { NAN, 0 }, { 0, NAN } };
    est_shape nodes = EST_SHAPE(8);
    est_node *in[] = { constant(o, EST_FLOAT, EST_SHAPE(5, 2), x),          constant(o, EST_FLOAT, EST_SHAPE(outputs), bias),
                       constant(o, EST_INT32, EST_SHAPE(2), f->root),       constant(o, EST_INT32, nodes, f->feature),
                       constant(o, EST_FLOAT, nodes, f->threshold),         constant(o, EST_BOOL, nodes, f->missing_left),
                       constant(o, EST_INT32, nodes, f->left),              constant(o, EST_FLOAT, nodes, f->value),
                       constant(o, EST_INT32, nodes, f->set),               constant(o, EST_BOOL, EST_SHAPE(sets, 256), f->members) };
    return est_op(o->g, "EstTreeEnsemble", NULL, (est_nodes){ in, 10 }, EST_ATTRS(EST_INT_ATTR("depth", 2)));
}

static void check(once *o, est_node *y, const float *wanted, int64_t n)
{
    EST_NEED_OK(once_node(o, y));
    EST_CHECK_INT(est__tensor_elements(once_fetch(o, 0)), n);
    for (int64_t i = 0; i < n; i++)
        EST_CHECK_NEAR((double)((const float *)once_fetch(o, 0)->data)[i], (double)wanted[i], 0);
}

static void check_both(int64_t outputs, const float *wanted)
{
    once o, spelt = { 0 };
    est_node *y;
    forest f = make_forest();
    EST_NEED(once_begin(&o));
    est_node *kept = ensemble(&o, &f, outputs, 1);
    check(&o, kept, wanted, 5 * outputs);
    EST_CHECK_OK(est__resources_new(&spelt.resources));
    if (EST_CHECK_OK(est__graph_expand(o.g, EST_NODES(kept), false, &spelt.g, &y)))
        check(&spelt, y, wanted, 5 * outputs);
    once_end(&spelt);
    once_end(&o);
}

static void kernel_and_body_agree(void)
{
    check_both(1, (const float[]){ 21.5f, 22.5f, 24.5f, 21.5f, 12.5f });
    check_both(2, (const float[]){ 1.5f, 120, 2.5f, 120, 4.5f, 120, 1.5f, 120, 2.5f, 110 });
}

static void refuses_what_leads_nowhere(void)
{
    static const char *const message =
        "EstTreeEnsemble 'EstTreeEnsemble': tree 0 leads to a node or feature that is not there";
    for (int i = 0; i < 4; i++) {
        once o;
        forest f = make_forest();
        f.left[0] = i == 0 ? 8 : f.left[0];
        f.feature[0] = i == 1 ? 2 : f.feature[0];
        f.set[0] = i == 2 ? 1 : f.set[0];
        f.root[0] = i == 3 ? -1 : f.root[0];
        EST_NEED(once_begin(&o));
        EST_CHECK_FAILS(once_node(&o, ensemble(&o, &f, 1, 1)), EST_INVALID_ARGUMENT, message);
        once_end(&o);
    }
}

static void no_trees_give_the_bias(void)
{
    once o, spelt = { 0 };
    est_node *y;
    float bias = 0.25f, x[3] = { 1, 2, 3 };
    est_shape none = EST_SHAPE(0);
    EST_NEED(once_begin(&o));
    est_node *floats = constant(&o, EST_FLOAT, none, NULL), *ints = constant(&o, EST_INT32, none, NULL);
    est_node *in[] = { constant(&o, EST_FLOAT, EST_SHAPE(3, 1), x), constant(&o, EST_FLOAT, EST_SHAPE(1), &bias), ints, ints, floats,
                       constant(&o, EST_BOOL, none, NULL), ints, floats, ints, constant(&o, EST_BOOL, EST_SHAPE(0, 256), NULL) };
    est_node *kept = est_op(o.g, "EstTreeEnsemble", NULL, (est_nodes){ in, 10 }, EST_ATTRS(EST_INT_ATTR("depth", 0)));
    check(&o, kept, (const float[]){ 0.25f, 0.25f, 0.25f }, 3);
    EST_CHECK_OK(est__resources_new(&spelt.resources));
    if (EST_CHECK_OK(est__graph_expand(o.g, EST_NODES(kept), false, &spelt.g, &y)))
        check(&spelt, y, (const float[]){ 0.25f, 0.25f, 0.25f }, 3);
    once_end(&spelt);
    once_end(&o);
}

EST_SUITE(ops_tree_ensemble, EST_TEST(kernel_and_body_agree), EST_TEST(refuses_what_leads_nowhere), EST_TEST(no_trees_give_the_bias));
