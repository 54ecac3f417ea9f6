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

static est_metric mse(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_mean_squared_error(g, "mse", labels, predictions, weights);
}

static est_metric rmse(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_root_mean_squared_error(g, "rmse", labels, predictions, weights);
}

static est_metric mae(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_mean_absolute_error(g, "mae", labels, predictions, weights);
}

static est_metric r2(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_r2(g, "r2", labels, predictions, weights);
}

static est_metric log_loss(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_log_loss(g, "log_loss", labels, predictions, weights);
}

static est_metric matthews(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_matthews(g, "matthews", labels, predictions, weights, 0.5);
}

static est_metric calibration(est_graph *g, est_node *labels, est_node *predictions, est_node *weights)
{
    return est_metric_calibration_error(g, "calibration", labels, predictions, weights, 4);
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
    { "mse", mse, "mse", "metrics/mse/total metrics/mse/count " },
    { "rmse", rmse, "rmse", "metrics/rmse/total metrics/rmse/count " },
    { "mae", mae, "mae", "metrics/mae/total metrics/mae/count " },
    { "r2", r2, "r2", "metrics/r2/sum metrics/r2/squared_sum metrics/r2/residual metrics/r2/count " },
    { "log_loss", log_loss, "log_loss", "metrics/log_loss/total metrics/log_loss/count " },
    { "matthews", matthews, "matthews", "metrics/matthews/counts " },
    { "calibration", calibration, "calibration", "metrics/calibration/gap metrics/calibration/count " },
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

/* Of several classes, and with answers of several numbers. */
static est_metric top_2(session *s, est_node *classes, est_node *scores, est_node *weights)
{
    return est_metric_top_k_accuracy(s->g, "top_2", classes, scores, weights, 2);
}

static est_metric perplexity(session *s, est_node *classes, est_node *scores, est_node *weights)
{
    return est_metric_perplexity(s->g, "perplexity", est_sparse_softmax_cross_entropy(s->g, classes, scores), weights);
}

static est_metric confusion(session *s, est_node *classes, est_node *scores, est_node *weights)
{
    return est_metric_confusion_matrix(s->g, "confusion", classes, est_argmax(s->g, scores, 1), weights, 4);
}

static void classes_are_told(void)
{
    static const struct {
        const char *golden;
        est_metric (*make)(session *s, est_node *classes, est_node *scores, est_node *weights);
    } of_classes[] = { { "top_2", top_2 }, { "perplexity", perplexity }, { "confusion", confusion } };
    for (int i = 0; i < 6; i++) {
        session s;
        float values[16];
        EST_NEED(session_begin(&s));
        est_tensor *tensors[] = { golden_tensor("metric/classes", EST_INT64, EST_SHAPE(8, 1), 0),
                                  golden_tensor("metric/scores", EST_FLOAT, EST_SHAPE(8, 4), 0),
                                  golden_tensor("metric/weights", EST_FLOAT, EST_SHAPE(8, 1), 0) };
        est_node *classes = session_feed(&s, "classes", EST_INT64, EST_SHAPE(-1, 1));
        est_node *scores = session_feed(&s, "scores", EST_FLOAT, EST_SHAPE(-1, 4));
        est_node *weights = session_feed(&s, "weights", EST_FLOAT, EST_SHAPE(-1, 1));
        est_metric m = of_classes[i / 2].make(&s, classes, scores, i % 2 ? weights : NULL);
        if (session_initialize(&s) && session_run(&s, (const est_tensor *const *)tensors, m.update, NULL, NULL, 0) >= 0) {
            s.num_feeds = 0;
            int n = session_run(&s, NULL, NULL, m.value, values, 16);
            golden_near(est_test_text("metric/%s%s", of_classes[i / 2].golden, i % 2 ? "_weighted" : ""), values, n);
        }
        for (int t = 0; t < 3; t++)
            est_tensor_free(tensors[t]);
        session_end(&s);
    }
}

static void thresholds_are_told_apart(void)
{
    for (int i = 0; i < 4; i++) {
        session s;
        float values[3];
        EST_NEED(session_begin(&s));
        est_node *labels = session_feed(&s, "labels", EST_INT64, EST_SHAPE(-1, 1));
        est_node *predictions = session_feed(&s, "predictions", EST_FLOAT, EST_SHAPE(-1, 1));
        est_node *weights = session_feed(&s, "weights", EST_FLOAT, EST_SHAPE(-1, 1));
        est_floats at = EST_FLOATS(0.2, 0.5, 0.8);
        est_metric m = i < 2 ? est_metric_precision_at_thresholds(s.g, "p", labels, predictions, i % 2 ? weights : NULL, at)
                             : est_metric_recall_at_thresholds(s.g, "r", labels, predictions, i % 2 ? weights : NULL, at);
        if (session_initialize(&s) && add_batch(&s, m.update, 0, 5, false) && add_batch(&s, m.update, 5, 3, false)) {
            s.num_feeds = 0;
            int n = session_run(&s, NULL, NULL, m.value, values, 3);
            golden_near(est_test_text("metric/%s%s", i < 2 ? "precisions" : "recalls", i % 2 ? "_weighted" : ""), values, n);
        }
        session_end(&s);
    }
}

/* What varies not at all is explained by nothing; no examples give 0. */
static void nothing_is_told_of_nothing(void)
{
    session s;
    float value = -1;
    EST_NEED(session_begin(&s));
    est_node *x = est_constant_float(s.g, 2), *same = est_reshape(s.g, x, EST_INTS(1, 1));
    est_metric m = est_metric_r2(s.g, "r2", same, est_mul(s.g, same, same), NULL);
    est_metric none = est_metric_calibration_error(s.g, "none", same, same, NULL, 3);
    if (session_initialize(&s)) {
        EST_CHECK_INT(session_run(&s, NULL, NULL, none.value, &value, 1), 1);
        EST_CHECK_NEAR(value, 0, 0);
        session_run(&s, NULL, m.update, NULL, NULL, 0);
        EST_CHECK_INT(session_run(&s, NULL, NULL, m.value, &value, 1), 1);
        EST_CHECK_NEAR(value, 0, 0);
    }
    session_end(&s);
}

static void refuse(est_metric (*make)(session *s, est_node *x), const char *message)
{
    session s;
    EST_NEED(session_begin(&s));
    make(&s, session_feed(&s, "x", EST_FLOAT, EST_SHAPE(-1, 3)));
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT, message);
    session_end(&s);
}

static est_metric no_k(session *s, est_node *x)
{
    return est_metric_top_k_accuracy(s->g, "top", x, x, NULL, 0);
}

static est_metric no_bins(session *s, est_node *x)
{
    return est_metric_calibration_error(s->g, "ece", x, x, NULL, 0);
}

static est_metric no_classes(session *s, est_node *x)
{
    return est_metric_confusion_matrix(s->g, "pairs", x, x, NULL, 0);
}

static void bad_numbers_are_refused(void)
{
    refuse(no_k, "metric 'top': it takes scores [batch, classes], of a known number of classes, and a k of 1 or more");
    refuse(no_bins, "metric 'ece': bins is 0; it must be in [1, 1000000]");
    refuse(no_classes, "metric 'pairs': num_classes is 0; it must be in [1, 32767]");
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
          EST_TEST(without_positives_the_area_is_nothing), EST_TEST(one_weight_stands_for_all), EST_TEST(a_curve_has_a_name),
          EST_TEST(classes_are_told), EST_TEST(thresholds_are_told_apart), EST_TEST(nothing_is_told_of_nothing),
          EST_TEST(bad_numbers_are_refused));
