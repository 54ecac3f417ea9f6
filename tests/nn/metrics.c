/* Metrics over three batches of 4, 3 and 1 rows, against Keras' answers. */
#include "nn/session.h"

static est_node *above_half(est_graph *g, est_node *x)
{
    return est_cast(g, est_greater(g, x, est_constant_float(g, 0.5)), EST_INT64);
}

static est_metric mean(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    (void)labels;
    return est_metric_mean(g, "prediction/mean", predictions, weights);
}

static est_metric accuracy(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_accuracy(g, "accuracy", labels, above_half(g, predictions), weights);
}

static est_metric precision(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_precision(g, "precision", labels, predictions, weights, 0.5);
}

static est_metric precision_at(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_precision(g, "precision/positive_threshold_0.3", labels, predictions, weights, 0.3);
}

static est_metric recall(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_recall(g, "recall", labels, predictions, weights, 0.5);
}

static est_metric recall_at(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_recall(g, "recall/positive_threshold_0.3", labels, predictions, weights, 0.3);
}

static est_metric roc(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_auc(g, "auc", labels, predictions, weights, "ROC");
}

static est_metric pr(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_auc(g, "auc_precision_recall", labels, predictions, weights, "PR");
}

typedef struct metric_case {
    const char *golden;
    est_metric (*make)(est_graph *g, est_node *labels, est_node *predictions, est_node *weights);
    const char *name, *locals;
} metric_case;

static const metric_case cases[] = {
    { "mean", mean, "prediction/mean", "metrics/prediction/mean/total metrics/prediction/mean/count " },
    { "accuracy", accuracy, "accuracy", "metrics/accuracy/total metrics/accuracy/count " },
    { "precision", precision, "precision", "metrics/precision/counts " },
    { "precision_0.3", precision_at, "precision/positive_threshold_0.3", "metrics/precision/positive_threshold_0.3/counts " },
    { "recall", recall, "recall", "metrics/recall/counts " },
    { "recall_0.3", recall_at, "recall/positive_threshold_0.3", "metrics/recall/positive_threshold_0.3/counts " },
    { "roc", roc, "auc", "metrics/auc/counts " },
    { "pr", pr, "auc_precision_recall", "metrics/auc_precision_recall/counts " },
};

static bool add_batch(session *s, est_node *update, int begin, int rows, bool flat)
{
    est_shape column = EST_SHAPE(rows, 1), list = EST_SHAPE(rows);
    est_tensor *labels = golden_tensor("metric/labels", EST_INT64, flat ? list : column, begin);
    est_tensor *predictions = golden_tensor("metric/predictions", EST_FLOAT, column, begin);
    est_tensor *weights = golden_tensor("metric/weights", EST_FLOAT, flat ? list : column, begin);
    int n = session_run(s, (const est_tensor *const[]){ labels, predictions, weights }, update, NULL, NULL, 0);
    est_tensor_free(labels);
    est_tensor_free(predictions);
    est_tensor_free(weights);
    return n >= 0;
}

static void check_locals(const est_graph *g, const char *wanted)
{
    const char *all = "";
    for (size_t i = 0; i < g->num_variables; i++) {
        all = est_test_text("%s%s ", all, g->variable[i].name);
        EST_CHECK(g->variable[i].local && !g->variable[i].trainable);
    }
    EST_CHECK_STR(all, wanted);
}

/* `flat`: labels and weights are [batch] where predictions are [batch, 1]. */
static void run_case(const metric_case *c, bool weighted, bool flat)
{
    session s;
    EST_NEED(session_begin(&s));
    est_shape column = EST_SHAPE(-1, 1), list = EST_SHAPE(-1);
    est_node *labels = session_feed(&s, "labels", EST_INT64, flat ? list : column);
    est_node *predictions = session_feed(&s, "predictions", EST_FLOAT, column);
    est_node *weights = session_feed(&s, "weights", EST_FLOAT, flat ? list : column);
    est_metric m = c->make(s.g, labels, predictions, weighted ? weights : NULL);
    EST_CHECK_STR(m.name, c->name);
    check_locals(s.g, c->locals);
    if (session_initialize(&s) && add_batch(&s, m.update, 0, 4, flat) && add_batch(&s, m.update, 4, 3, flat) &&
        add_batch(&s, m.update, 7, 1, flat)) {
        float value;
        s.num_feeds = 0;
        if (EST_CHECK_INT(session_run(&s, NULL, NULL, m.value, &value, 1), 1))
            golden_near(est_test_text("metric/%s%s", c->golden, weighted ? "_weighted" : ""), &value, 1);
    }
    session_end(&s);
}

static void batches_add_up(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_case(&cases[i], false, false);
        run_case(&cases[i], true, false);
    }
}

static void ranks_may_differ_by_one(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_case(&cases[i], true, true);
}

static void without_positives_the_area_is_nothing(void)
{
    for (int i = 0; i < 2; i++) {
        session s;
        float value = -1;
        EST_NEED(session_begin(&s));
        est_node *predictions = session_feed(&s, "predictions", EST_FLOAT, EST_SHAPE(-1, 1));
        est_node *labels = est_op(s.g, "ZerosLike", NULL, EST_NODES(predictions), EST_NO_ATTRS);
        est_metric m = est_metric_auc(s.g, "auc", labels, predictions, NULL, i ? "PR" : "ROC");
        est_tensor *p = golden_tensor("metric/predictions", EST_FLOAT, EST_SHAPE(3, 1), 0);
        if (session_initialize(&s) && session_run(&s, (const est_tensor *const[]){ p }, m.update, NULL, NULL, 0) >= 0) {
            s.num_feeds = 0;
            session_run(&s, NULL, NULL, m.value, &value, 1);
        }
        EST_CHECK_NEAR(value, 0, 0);
        est_tensor_free(p);
        session_end(&s);
    }
}

static void one_weight_stands_for_all(void)
{
    session s;
    float value = 0;
    EST_NEED(session_begin(&s));
    est_node *values = session_feed(&s, "values", EST_FLOAT, EST_SHAPE(-1, 1));
    est_metric m = est_metric_mean(s.g, "mean", values, est_constant_float(s.g, 0.5));
    est_tensor *v = golden_tensor("metric/predictions", EST_FLOAT, EST_SHAPE(8, 1), 0);
    if (session_initialize(&s) && session_run(&s, (const est_tensor *const[]){ v }, m.update, NULL, NULL, 0) >= 0) {
        s.num_feeds = 0;
        session_run(&s, NULL, NULL, m.value, &value, 1);
        golden_near("metric/mean", &value, 1);
        EST_CHECK_NEAR(*(const float *)session_variable(&s, "metrics/mean/count")->data, 4, 0);
    }
    est_tensor_free(v);
    session_end(&s);
}

static void a_curve_has_a_name(void)
{
    session s;
    EST_NEED(session_begin(&s));
    est_node *x = session_feed(&s, "x", EST_FLOAT, EST_SHAPE(-1, 1));
    est_metric_auc(s.g, "auc", x, x, NULL, "RC");
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT, "metric 'auc': curve is 'RC'; it must be 'ROC' or 'PR'");
    session_end(&s);
}

EST_SUITE(nn_metrics, EST_TEST(batches_add_up), EST_TEST(ranks_may_differ_by_one),
          EST_TEST(without_positives_the_area_is_nothing), EST_TEST(one_weight_stands_for_all), EST_TEST(a_curve_has_a_name));
