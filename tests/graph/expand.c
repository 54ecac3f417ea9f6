/* Composites spelt in TensorFlow's ops: the same numbers as their kernels give, names that clash with
 * nobody's, variables and controls that come along. */
#include <math.h>

#include "graph/lab.h"

static bool has_composites(const est_graph *g)
{
    for (size_t i = 0; i < g->num_operations; i++)
        if (g->operation[i]->row->body)
            return true;
    return false;
}

static void near(const est_tensor *a, const est_tensor *b, const char *what)
{
    if (!est_test_int(est__tensor_elements(a), est__tensor_elements(b), EST_HERE(what)) ||
        !est_test_int(a->dtype, b->dtype, EST_HERE(what)) ||
        !est_test_true(est_shape_equal(&a->shape, &b->shape), EST_HERE(what)))
        return;
    for (int64_t i = 0, n = est__tensor_elements(a); i < n; i++) {
        double x = est__tensor_get(a, i), y = est__tensor_get(b, i);
        est_test_near(y, x, 1e-6 * (1 + fabs(x)), EST_HERE(what));
    }
}

/* Runs the nodes as they are, and as the copy of the graph has them. */
static void same_when_expanded(lab *l, est_node *const *nodes, size_t n)
{
    est_node *keep[16], *kept[16];
    est_tensor *plain[8], *expanded[8];
    EST_NEED(lab_run(l, (est_nodes){ nodes, n }, (est_nodes){ 0 }, false, plain));
    lab copy = *l;
    for (size_t i = 0; i < n; i++)
        keep[i] = nodes[i];
    for (size_t i = 0; i < l->num_feeds; i++)
        keep[n + i] = l->feed[i];
    EST_NEED(has_composites(l->g));
    EST_NEED_OK(est__graph_expand(l->g, (est_nodes){ keep, n + l->num_feeds }, false, &copy.g, kept));
    EST_CHECK(!has_composites(copy.g));
    EST_CHECK_INT(copy.g->num_variables, l->g->num_variables);
    memcpy(copy.feed, kept + n, l->num_feeds * sizeof kept[0]);
    if (lab_run(&copy, (est_nodes){ kept, n }, (est_nodes){ 0 }, false, expanded))
        for (size_t i = 0; i < n; i++) {
            near(plain[i], expanded[i], est_node_type(nodes[i]));
            EST_CHECK_INT(est_node_dtype(nodes[i]), est_node_dtype(kept[i]));
        }
    memcpy(l->owned, copy.owned, sizeof l->owned);     /* what the copy of the lab keeps is freed with it */
    l->num_owned = copy.num_owned;
    est_graph_free(copy.g);
}

static void lookups(void)
{
    static const char *const combiners[] = { "sum", "mean", "sqrtn" };
    float rows[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    for (int i = 0; i < 3; i++) {
        lab l;
        EST_NEED(lab_begin(&l));
        est_node *v = lab_variable(&l, "v", EST_SHAPE(4, 2), rows);
        est_node *indices = lab_feed(
            &l, "indices", EST_SHAPE(-1, 2),
            lab_ints(&l, EST_INT64, EST_SHAPE(5, 2), (int64_t[]){ 0, 0, 0, 1, 2, 0, 2, 1, 4, 0 }));
        est_node *ids = lab_feed(&l, "ids", EST_SHAPE(-1),
                                 lab_ints(&l, EST_INT64, EST_SHAPE(5), (int64_t[]){ 3, 1, -1, 2, -1 }));
        est_node *shape = lab_feed(&l, "shape", EST_SHAPE(2),
                                   lab_ints(&l, EST_INT64, EST_SHAPE(2), (int64_t[]){ 5, 2 }));
        est_node *y = est_safe_embedding_lookup_sparse(l.g, v, indices, ids, shape,
            &(est_embedding_lookup_options){ .combiner = combiners[i] });
        est_node *sparse = est_dense_to_sparse(l.g, lab_feed(&l, "dense", EST_SHAPE(-1, -1), lab_ints(
            &l, EST_INT64, EST_SHAPE(2, 3), (int64_t[]){ 5, -1, 0, -1, -1, 7 })));
        EST_NEED_OK(est_graph_status(l.g));
        EST_NEED(lab_initialize(&l));
        est_node *nodes[] = { y, sparse, est_node_output(sparse, 1), est_node_output(sparse, 2) };
        same_when_expanded(&l, nodes, 4);
        lab_end(&l);
    }
}

static void losses(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_node *logits = lab_feed(&l, "logits", EST_SHAPE(-1, 1),
                                lab_floats(&l, EST_SHAPE(4, 1), (float[]){ -30, -1, 0.5f, 40 }));
    est_node *labels = lab_feed(&l, "labels", EST_SHAPE(-1, 1),
                                lab_floats(&l, EST_SHAPE(4, 1), (float[]){ 0, 1, 0.25f, 1 }));
    est_node *ids = lab_feed(&l, "ids", EST_SHAPE(-1),
                             lab_ints(&l, EST_INT64, EST_SHAPE(6), (int64_t[]){ 3, 1, 3, 3, 0, 1 }));
    est_node *rows = lab_feed(
        &l, "rows", EST_SHAPE(-1, 2),
        lab_floats(&l, EST_SHAPE(6, 2), (float[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }));
    est_node *entropy = est_sigmoid_cross_entropy_with_logits(l.g, logits, labels);
    est_node *summed = est_sum_duplicate_ids(l.g, rows, ids);
    est_node *confusion = est_confusion_at_thresholds(l.g, labels, est_sigmoid(l.g, logits),
                                                      est_ones_like(l.g, labels), EST_FLOATS(0.1, 0.5, 0.9));
    EST_NEED_OK(est_graph_status(l.g));
    est_node *nodes[] = { entropy, summed, est_node_output(summed, 1), confusion };
    same_when_expanded(&l, nodes, 4);
    lab_end(&l);
}

/* A later operation has the name that the body's would take. */
static void names_clash(void)
{
    lab l;
    est_graph *copy;
    est_node *kept[2];
    EST_NEED(lab_begin(&l));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1, 1), NULL);
    est_node *loss = est_op(l.g, "EstSigmoidCrossEntropy", "loss", EST_NODES(x, x), EST_NO_ATTRS);
    EST_NEED_OK(est_graph_status(l.g));
    EST_NEED_OK(est__graph_expand(l.g, EST_NODES(loss, x), false, &copy, kept));
    size_t n = copy->num_operations;
    est_node *again = x;
    for (size_t i = 1; i < n; i++)      /* every name of the body, in the graph itself */
        again = est_op(l.g, "Neg", copy->operation[i]->name, EST_NODES(again), EST_NO_ATTRS);
    est_node_after(again, loss);
    est_graph_free(copy);
    EST_NEED_OK(est_graph_status(l.g));
    if (EST_CHECK_OK(est__graph_expand(l.g, EST_NODES(loss, again), false, &copy, kept))) {
        EST_CHECK_STR(est_node_name(kept[1]), est_node_name(again));
        EST_CHECK_INT(copy->num_operations, 2 * n - 1);
        EST_CHECK(kept[1]->op->num_controls == 1 && kept[1]->op->control[0] == kept[0]->op);
        est_graph_free(copy);
    }
    lab_end(&l);
}

EST_SUITE(graph_expand, EST_TEST(lookups), EST_TEST(losses), EST_TEST(names_clash));
