/* Heads against tf.estimator's: the loss of three batches, all metrics after the last, all predictions;
 * and what is refused. */
#include "feature_columns/trial.h"
#include "heads/spec.h"
#include "support/est_test.h"

#include "golden/columns.inc"

enum { ROWS = 11, CLASSES = 3, BATCHES = 3 };
static const int64_t first_row[BATCHES + 1] = { 0, 4, 8, 11 };

/* One head over placeholders. */
typedef struct bench {
    trial s;
    est_head *head;
    est_spec *spec;
    est_node *logits, *labels, *weights;
} bench;

static est_status bench_open(bench *b, const char *kind, est_head_options o, est_dtype labels,
                             int64_t label_columns, est_mode mode)
{
    *b = (bench){ 0 };
    EST_TRY(trial_open(&b->s));
    EST_TRY(est_head_new(kind, &o, &b->head));
    est_graph *g = b->s.g;
    est_node *step =
        est_variable(g, "global_step", &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    b->logits = est_placeholder(g, "logits", EST_FLOAT, EST_SHAPE(-1, est_head_logits_dimension(b->head)));
    b->labels = est_placeholder(g, "labels", labels,
                                label_columns > 1 ? EST_SHAPE(-1, label_columns) : EST_SHAPE(-1));
    b->weights = est_placeholder(g, "w", EST_FLOAT, EST_SHAPE(-1));
    EST_TRY(est__spec_new(g, step, &b->spec));
    est_feature_nodes w = { .name = "w", .value = b->weights };
    return est_head_spec(b->head, b->spec, &(est_features){ &w, 1 }, mode == EST_PREDICT ? NULL : b->labels,
                         mode, b->logits, NULL);
}

static void bench_close(bench *b)
{
    est_head_free(b->head);
    est__spec_free(b->spec);
    trial_close(&b->s);
}

/* Rows [first, last) of the golden logits, of their first columns. */
static est_tensor *some_logits(int64_t first, int64_t last, int64_t columns)
{
    est_tensor *t;
    est_shape shape = EST_SHAPE(last - first, columns);
    if (est_tensor_new(EST_FLOAT, &shape, &t) != EST_OK)
        return NULL;
    for (int64_t i = 0; i < (last - first) * columns; i++)
        ((float *)t->data)[i] = head_logits[(first + i / columns) * CLASSES + i % columns];
    return t;
}

/* The labels of a case: ids, words of the ids, or targets. */
typedef struct targets {
    const int64_t *ids;
    const char *const *words;    /* NULL: the ids themselves */
    int64_t target_columns;      /* of the regression */
} targets;

static est_tensor *some_labels(const targets *l, int64_t first, int64_t last)
{
    int64_t n = last - first;
    est_shape shape = l->target_columns > 1 ? EST_SHAPE(n, l->target_columns) : EST_SHAPE(n);
    const char *word[ROWS];
    est_tensor *t = NULL;
    if (l->words) {
        for (int64_t i = 0; i < n; i++)
            word[i] = l->words[l->ids[first + i]];
        return trial_strings(word, shape);
    }
    if (est_tensor_new(l->ids ? EST_INT64 : EST_FLOAT, &shape, &t) != EST_OK)
        return NULL;
    for (int64_t i = 0; i < est_shape_elements(&shape); i++) {
        if (l->ids)
            ((int64_t *)t->data)[i] = l->ids[first + i];
        else
            ((float *)t->data)[i] = head_targets[2 * (first + i / l->target_columns) + i % l->target_columns];
    }
    return t;
}

typedef struct wanted {
    const float *losses;
    const char *const *names;
    const float *metrics;
    size_t num_metrics;
} wanted;
#define WANTED(x) \
    ((wanted){ x##_losses, x##_metric_names, x##_metrics, sizeof x##_metrics / sizeof *x##_metrics })

static void check_metrics(bench *b, const wanted *w)
{
    est_node *values[32];
    est_tensor *out[32];
    if (!EST_CHECK_INT(b->spec->num_metrics, w->num_metrics))
        return;
    for (size_t i = 0; i < w->num_metrics; i++) {
        EST_CHECK_STR(b->spec->metric[i].name, w->names[i]);
        values[i] = b->spec->metric[i].value;
    }
    if (EST_CHECK_OK(trial_step(&b->s, (est_nodes){ 0 }, NULL, (est_nodes){ values, w->num_metrics },
                                (est_nodes){ 0 }, out)))
        for (size_t i = 0; i < w->num_metrics; i++)
            est_test_near(est__tensor_get(out[i], 0), w->metrics[i], 1e-6,
                          (est_test_place){ __FILE__, __func__, w->names[i], __LINE__ });
    for (size_t i = 0; i < w->num_metrics; i++)
        est_tensor_free(out[i]);
}

static void evaluate(const char *kind, est_head_options o, targets l, wanted w)
{
    bench b;
    est_node *updates[32];
    est_dtype dtype = l.words ? EST_STRING : l.ids ? EST_INT64 : EST_FLOAT;
    EST_NEED_OK(bench_open(&b, kind, o, dtype, l.target_columns, EST_EVAL));
    EST_CHECK_OK(trial_start(&b.s));
    for (size_t i = 0; i < b.spec->num_metrics; i++)
        updates[i] = b.spec->metric[i].update;
    for (int n = 0; n < BATCHES; n++) {
        int64_t first = first_row[n], last = first_row[n + 1];
        est_tensor *logits = some_logits(first, last, est_head_logits_dimension(b.head)),
                   *y = some_labels(&l, first, last), *loss;
        est_tensor weights = trial_floats(head_weights + first, EST_SHAPE(last - first));
        if (EST_CHECK_OK(trial_step(&b.s, EST_NODES(b.logits, b.labels, b.weights),
                                    (const est_tensor *const[]){ logits, y, &weights },
                                    EST_NODES(b.spec->loss), (est_nodes){ updates, b.spec->num_metrics },
                                    &loss)))
            EST_CHECK_NEAR(est__tensor_get(loss, 0), w.losses[n], 1e-6);
        est_tensor_free(loss);
        est_tensor_free(logits);
        est_tensor_free(y);
    }
    check_metrics(&b, &w);
    bench_close(&b);
}

static const char *const yes_no[] = { "no", "yes" }, *const abc[] = { "a", "b", "c" };

static void losses_and_metrics(void)
{
    evaluate("BinaryClassHead", (est_head_options){ 0 }, (targets){ .ids = head_labels_2 }, WANTED(binary));
    evaluate("BinaryClassHead",
             (est_head_options){ .weight_column = "w",
                                 .label_vocabulary = EST_STRINGS("no", "yes"),
                                 .loss_reduction = "sum",
                                 .thresholds = EST_FLOATS(0.25, 0.5) },
             (targets){ .ids = head_labels_2, .words = yes_no }, WANTED(binary_weighted));
    evaluate("MultiClassHead", (est_head_options){ .n_classes = 3 }, (targets){ .ids = head_labels_3 },
             WANTED(multi));
    evaluate("MultiClassHead",
             (est_head_options){ .n_classes = 3,
                                 .weight_column = "w",
                                 .label_vocabulary = EST_STRINGS("a", "b", "c"),
                                 .name = "h" },
             (targets){ .ids = head_labels_3, .words = abc }, WANTED(multi_weighted));
    evaluate("RegressionHead", (est_head_options){ 0 }, (targets){ .target_columns = 1 }, WANTED(regression));
    evaluate("RegressionHead", (est_head_options){ .label_dimension = 2, .weight_column = "w" },
             (targets){ .target_columns = 2 }, WANTED(regression_weighted));
}

/* One prediction: its key, and what TensorFlow gives for the first batch, [4, columns]. */
typedef struct prediction {
    const char *key;
    est_dtype dtype;
    const void *values;
    int64_t columns;
} prediction;

static void check_prediction(const est_tensor *t, const prediction *p)
{
    est_test_place at = { __FILE__, __func__, p->key, __LINE__ };
    est_test_int(t->dtype, p->dtype, at);
    if (!est_test_int(t->shape.rank, 2, at) || !est_test_int(t->shape.dim[1], p->columns, at))
        return;
    for (int64_t i = 0; i < 4 * p->columns; i++) {
        if (p->dtype == EST_FLOAT) {
            est_test_near(((const float *)t->data)[i], ((const float *)p->values)[i], 1e-6, at);
        } else if (p->dtype == EST_STRING) {
            size_t n;
            const char *s = est_tensor_string(t, i, &n), *text = ((const char *const *)p->values)[i];
            est_test_bytes(s, n, text, strlen(text), at);
        } else {
            est_test_int((int64_t)est__tensor_get(t, i),
                         p->dtype == EST_INT32 ? ((const int32_t *)p->values)[i]
                                               : ((const int64_t *)p->values)[i],
                         at);
        }
    }
}

/* "serving_default classify classes scores; predict predict logits …" */
static const char *outputs_of(const est_spec *s)
{
    const char *text = "";
    for (size_t i = 0; i < s->num_export_outputs; i++) {
        const est__export_output *o = &s->export_output[i];
        text = est_test_text("%s%s%s %s", text, i ? "; " : "", o->key, o->method);
        for (size_t j = 0; j < o->count; j++)
            text = est_test_text("%s %s", text, o->output[j].name);
    }
    return text;
}

static void predict(const char *kind, est_head_options o, const prediction *p, size_t count,
                    const char *outputs)
{
    bench b;
    est_tensor *out[16];
    est_node *nodes[16];
    EST_NEED_OK(bench_open(&b, kind, o, EST_INT64, 1, EST_PREDICT));
    EST_CHECK(b.spec->loss == NULL && b.spec->num_metrics == 0);
    EST_NEED(EST_CHECK_INT(b.spec->num_predictions, count));
    for (size_t i = 0; i < count; i++) {
        EST_CHECK_STR(b.spec->prediction[i].name, p[i].key);
        nodes[i] = b.spec->prediction[i].node;
        EST_CHECK_INT(est_node_shape(nodes[i])->rank, 2);
        EST_CHECK_INT(est_node_shape(nodes[i])->dim[0], -1);
        EST_CHECK_INT(est_node_shape(nodes[i])->dim[1], p[i].columns);
    }
    est_tensor *logits = some_logits(0, 4, est_head_logits_dimension(b.head));
    EST_CHECK_OK(trial_start(&b.s));
    if (EST_CHECK_OK(trial_step(&b.s, EST_NODES(b.logits), (const est_tensor *const[]){ logits },
                                (est_nodes){ nodes, count }, (est_nodes){ 0 }, out)))
        for (size_t i = 0; i < count; i++)
            check_prediction(out[i], &p[i]);
    for (size_t i = 0; i < count; i++)
        est_tensor_free(out[i]);
    est_tensor_free(logits);
    EST_CHECK_STR(outputs_of(b.spec), outputs);
    bench_close(&b);
}

#define BINARY(x) \
    { "logits", EST_FLOAT, x##_logits, 1 }, { "logistic", EST_FLOAT, x##_logistic, 1 }, \
    { "probabilities", EST_FLOAT, x##_probabilities, 2 }, { "class_ids", EST_INT64, x##_class_ids, 1 }, \
    { "classes", EST_STRING, x##_classes, 1 }, { "all_class_ids", EST_INT32, x##_all_class_ids, 2 }, \
    { "all_classes", EST_STRING, x##_all_classes, 2 }
#define MULTI(x) \
    { "logits", EST_FLOAT, x##_logits, 3 }, { "probabilities", EST_FLOAT, x##_probabilities, 3 }, \
    { "class_ids", EST_INT64, x##_class_ids, 1 }, { "classes", EST_STRING, x##_classes, 1 }, \
    { "all_class_ids", EST_INT32, x##_all_class_ids, 3 }, { "all_classes", EST_STRING, x##_all_classes, 3 }
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void predictions(void)
{
    static const prediction binary[] = { BINARY(binary) }, words[] = { BINARY(binary_weighted) };
    static const prediction multi[] = { MULTI(multi) }, letters[] = { MULTI(multi_weighted) };
    static const prediction one[] = { { "predictions", EST_FLOAT, regression_predictions, 1 } };
    static const prediction two[] = { { "predictions", EST_FLOAT, regression_weighted_predictions, 2 } };
    const char *binary_outputs =
        "serving_default classify classes scores; classification classify classes scores; "
        "regression regress outputs; predict predict logits logistic probabilities class_ids classes "
        "all_class_ids all_classes";
    const char *multi_outputs =
        "serving_default classify classes scores; classification classify classes scores; "
        "predict predict logits probabilities class_ids classes all_class_ids all_classes";
    const char *regression_outputs =
        "serving_default regress outputs; regression regress outputs; predict predict predictions";
    predict("BinaryClassHead", (est_head_options){ 0 }, binary, COUNT(binary), binary_outputs);
    predict("BinaryClassHead", (est_head_options){ .label_vocabulary = EST_STRINGS("no", "yes") }, words,
            COUNT(words), binary_outputs);
    predict("MultiClassHead", (est_head_options){ .n_classes = 3 }, multi, COUNT(multi), multi_outputs);
    predict("MultiClassHead",
            (est_head_options){ .n_classes = 3, .label_vocabulary = EST_STRINGS("a", "b", "c") }, letters,
            COUNT(letters), multi_outputs);
    predict("RegressionHead", (est_head_options){ 0 }, one, COUNT(one), regression_outputs);
    predict("RegressionHead", (est_head_options){ .label_dimension = 2 }, two, COUNT(two),
            regression_outputs);
}

static void training(void)
{
    bench b;
    est_optimizer *sgd;
    est_tensor *out[2];
    EST_NEED_OK(est_sgd_optimizer_new(NULL, &sgd));
    EST_CHECK_FAILS(
        bench_open(&b, "BinaryClassHead", (est_head_options){ .name = "h" }, EST_INT64, 1, EST_TRAIN),
        EST_INVALID_ARGUMENT, "BinaryClassHead: there is no optimizer; training takes one");
    bench_close(&b);
    EST_NEED_OK(trial_open(&b.s));
    EST_NEED_OK(est_head_new("BinaryClassHead", (&(est_head_options){ .name = "h" }), &b.head));
    est_graph *g = b.s.g;
    est_node *step =
        est_variable(g, "global_step", &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    est_node *bias = est_variable(g, "bias", &(est_variable_options){ .shape = EST_SHAPE(1) });
    b.labels = est_placeholder(g, "labels", EST_INT64, EST_SHAPE(-1));
    b.logits = est_placeholder(g, "x", EST_FLOAT, EST_SHAPE(-1, 1));
    est_node *logits = est_op(g, "BiasAdd", NULL, EST_NODES(b.logits, est_read(g, bias)), EST_NO_ATTRS);
    EST_NEED_OK(est__spec_new(g, step, &b.spec));
    EST_CHECK_OK(est_head_spec(b.head, b.spec, &(est_features){ 0 }, b.labels, EST_TRAIN, logits, sgd));
    EST_CHECK_INT(b.spec->num_summaries, 1);
    EST_CHECK_STR(b.spec->summary[0].tag, "loss/h");
    EST_CHECK_OK(trial_start(&b.s));
    /* One row, logit 0, label 1: the gradient is -1/2, the rate 0.01. */
    est_tensor x = trial_floats((const float[]){ 0 }, EST_SHAPE(1, 1)),
               y = trial_ints((const int64_t[]){ 1 }, EST_SHAPE(1));
    EST_CHECK_OK(trial_step(&b.s, EST_NODES(b.logits, b.labels), (const est_tensor *const[]){ &x, &y },
                            (est_nodes){ 0 }, EST_NODES(b.spec->train_op), NULL));
    if (EST_CHECK_OK(trial_step(&b.s, (est_nodes){ 0 }, NULL, EST_NODES(est_read(g, bias), est_read(g, step)),
                                (est_nodes){ 0 }, out))) {
        EST_CHECK_NEAR(est__tensor_get(out[0], 0), 0.005, 1e-8);
        EST_CHECK_INT(est__tensor_get(out[1], 0), 1);
    }
    est_tensor_free(out[0]);
    est_tensor_free(out[1]);
    bench_close(&b);
    est_optimizer_free(sgd);
}

/* A step over bad labels says which. */
static void bad_label(const char *kind, est_head_options o, const est_tensor *labels, const char *message)
{
    bench b;
    est_tensor *loss;
    int64_t rows = labels->shape.dim[0];
    EST_NEED_OK(bench_open(&b, kind, o, labels->dtype, 1, EST_EVAL));
    EST_CHECK_OK(trial_start(&b.s));
    est_tensor *logits = some_logits(0, rows, est_head_logits_dimension(b.head));
    EST_CHECK_FAILS(trial_step(&b.s, EST_NODES(b.logits, b.labels),
                               (const est_tensor *const[]){ logits, labels }, EST_NODES(b.spec->loss),
                               (est_nodes){ 0 }, &loss),
                    EST_INVALID_ARGUMENT, message);
    est_tensor_free(logits);
    bench_close(&b);
}

static void bad_labels(void)
{
    est_tensor ids = trial_ints((const int64_t[]){ 0, 1, 3 }, EST_SHAPE(3));
    est_tensor parts = trial_floats((const float[]){ 0.5f, -0.25f }, EST_SHAPE(2));
    est_tensor *words = trial_strings((const char *const[]){ "no", "maybe" }, EST_SHAPE(2));
    bad_label("BinaryClassHead", (est_head_options){ 0 }, &ids,
              "label 3 of example 2 of the batch is out of range; it must be in [0, 1]");
    bad_label("BinaryClassHead", (est_head_options){ 0 }, &parts,
              "label -0.25 of example 1 of the batch is out of range; it must be in [0, 1]");
    bad_label("MultiClassHead", (est_head_options){ .n_classes = 3 }, &ids,
              "label 3 of example 2 of the batch is out of range; it must be in [0, 2]");
    bad_label("BinaryClassHead", (est_head_options){ .label_vocabulary = EST_STRINGS("no", "yes") }, words,
              "label 'maybe' of example 1 of the batch is not in label_vocabulary");
    est_tensor_free(words);
}

#define REFUSED(kind, options, message) \
    do { \
        est_head *h; \
        EST_CHECK_FAILS(est_head_new(kind, (&(est_head_options)options), &h), EST_INVALID_ARGUMENT, \
                        message); \
        EST_CHECK(h == NULL); \
    } while (0)
#define O(...) { __VA_ARGS__ }

static void refuses_options(void)
{
    REFUSED("BinaryHead", O(0), "'BinaryHead' is no head");
    REFUSED("MulticlassHead", O(0), "'MulticlassHead' is no head; did you mean 'MultiClassHead'?");
    REFUSED("MultiClassHead", O(0), "MultiClassHead: n_classes is missing: number of classes, more than 2");
    REFUSED("MultiClassHead", O(.n_classes = 2),
            "MultiClassHead: n_classes is 2; it must be more than 2 (BinaryClassHead is for two)");
    REFUSED("MultiClassHead", O(.n_classes = 3, .label_vocabulary = EST_STRINGS("a", "b")),
            "MultiClassHead: label_vocabulary has 2 words for 3 classes");
    REFUSED("BinaryClassHead", O(.label_vocabulary = EST_STRINGS("a", "a")),
            "BinaryClassHead: label_vocabulary[0] and [1] are both 'a'");
    REFUSED("BinaryClassHead", O(.thresholds = EST_FLOATS(0.5, 1)),
            "BinaryClassHead: thresholds[1] is 1; it must lie between 0 and 1");
    REFUSED("BinaryClassHead", O(.loss_reduction = "mean"),
            "BinaryClassHead: loss_reduction is 'mean'; it must be 'sum_over_batch_size' or 'sum'");
    REFUSED("RegressionHead", O(.label_dimension = -1),
            "RegressionHead: label_dimension is -1; it must be at least 1");
}

static void refused_graph(const char *kind, est_head_options o, est_dtype labels, int64_t columns,
                          const char *message)
{
    bench b;
    EST_CHECK_FAILS(bench_open(&b, kind, o, labels, columns, EST_EVAL), EST_INVALID_ARGUMENT, message);
    bench_close(&b);
}

static void refuses_graphs(void)
{
    refused_graph("BinaryClassHead", (est_head_options){ 0 }, EST_INT64, 3,
                  "BinaryClassHead: an example has 3 labels, the head takes 1");
    refused_graph("RegressionHead", (est_head_options){ 0 }, EST_FLOAT, 3,
                  "RegressionHead: an example has 3 labels, the head takes 1; set label_dimension");
    refused_graph("RegressionHead", (est_head_options){ 0 }, EST_STRING, 1,
                  "RegressionHead: labels are string; they must be numbers");
    refused_graph("BinaryClassHead", (est_head_options){ 0 }, EST_STRING, 1,
                  "BinaryClassHead: labels are string; strings take a label_vocabulary");
    refused_graph("BinaryClassHead", (est_head_options){ .label_vocabulary = EST_STRINGS("a", "b") },
                  EST_INT64, 1,
                  "BinaryClassHead: labels are int64; with label_vocabulary they must be string");
    refused_graph("MultiClassHead", (est_head_options){ .n_classes = 3 }, EST_FLOAT, 1,
                  "MultiClassHead: labels are float32; they must be integers");
    refused_graph("BinaryClassHead", (est_head_options){ .weight_column = "weight" }, EST_INT64, 1,
                  "BinaryClassHead: weight_column 'weight' is not in the data, which holds 'w'");
}

static void label_and_weight(void)
{
    est_head *h;
    EST_NEED_OK(est_head_new("RegressionHead",
                             (&(est_head_options){ .label_dimension = 2, .weight_column = "w" }), &h));
    est_feature label = est_head_label(h);
    EST_CHECK_INT(label.dtype, EST_FLOAT);
    EST_CHECK(label.shape.rank == 1 && label.shape.dim[0] == 2);
    EST_CHECK_STR(est_head_weight(h).name, "w");
    est_head_free(est_head_retain(h));
    EST_CHECK_INT(est_head_logits_dimension(h), 2);
    est_head_free(h);
    EST_NEED_OK(est_head_new("BinaryClassHead",
                             (&(est_head_options){ .label_vocabulary = EST_STRINGS("a", "b") }), &h));
    EST_CHECK_INT(est_head_label(h).dtype, EST_STRING);
    EST_CHECK(est_head_weight(h).name == NULL);
    est_head_free(h);
}

EST_SUITE(heads_head, EST_TEST(losses_and_metrics), EST_TEST(predictions), EST_TEST(training),
          EST_TEST(bad_labels), EST_TEST(refuses_options), EST_TEST(refuses_graphs),
          EST_TEST(label_and_weight));
