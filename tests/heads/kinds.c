/* The heads that are neither plain classes nor plain regressions, losses and links of one's own, and several heads at
 * once, against tf.estimator's: losses of three batches, metrics after the last, predictions of the first. */
#include <math.h>

#include <estimator/ops.h>

#include "feature_columns/trial.h"
#include "heads/spec.h"
#include "support/est_test.h"

#include "golden/heads.inc"

enum { ROWS = 11, CLASSES = 3, BATCHES = 3 };
static const int64_t first_row[BATCHES + 1] = { 0, 4, 8, 11 };
static const char *const letters[] = { "a", "b", "c" };

/* How the labels come. */
typedef enum form { SHARES, COUNTS, HOT, FIRST_HOT, IDS, WORDS, SEVERAL } form;

typedef struct head_case {
    const char *kind;
    est_head_options options;
    form form;
    const float *losses;
    const char *const *names;
    const float *metrics;
    size_t num_metrics;
    const char *const *keys;
    const float *predictions;
    size_t num_keys;
} head_case;
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define WANTED(x) x##_losses, x##_metric_names, x##_metrics, COUNT(x##_metrics), x##_keys, x##_predictions, COUNT(x##_keys)

typedef struct bench {
    trial s;
    est_head *head;
    est_spec *spec;
    est_node *feed[8];
    est_tensor *value[8];
    size_t num_feeds;
} bench;

static est_node *add_feed(bench *b, const char *name, est_dtype dtype, est_shape shape)
{
    return b->feed[b->num_feeds++] = est_placeholder(b->s.g, name, dtype, shape);
}

/* Placeholders of the labels; the one that model_fn would be given, or NULL. */
static est_node *add_labels(bench *b, form f)
{
    static const char *const names[] = { "one", "two" };
    if (f == SHARES || f == FIRST_HOT)
        return add_feed(b, "y", EST_FLOAT, EST_SHAPE(-1));
    if (f == COUNTS || f == HOT)
        return add_feed(b, "y", EST_FLOAT, EST_SHAPE(-1, f == COUNTS ? 2 : CLASSES));
    if (f == SEVERAL) {
        est_spec_label(b->spec, (est_feature_nodes){ .name = names[0], .value = add_feed(b, "y1", EST_FLOAT, EST_SHAPE(-1)) });
        est_spec_label(b->spec, (est_feature_nodes){ .name = names[1], .value = add_feed(b, "y2", EST_FLOAT, EST_SHAPE(-1, 2)) });
        return NULL;
    }
    est_node *indices = add_feed(b, "indices", EST_INT64, EST_SHAPE(-1, 2));
    est_node *values = add_feed(b, "values", f == IDS ? EST_INT64 : EST_STRING, EST_SHAPE(-1));
    est_node *shape = add_feed(b, "shape", EST_INT64, EST_SHAPE(2));
    b->spec->sparse_labels = (est_feature_nodes){ .name = "y", .value = values, .indices = indices, .dense_shape = shape };
    return values;
}

static est_status bench_open(bench *b, const char *kind, const est_head_options *o, form f, est_mode mode, est_optimizer *optimizer)
{
    *b = (bench){ 0 };
    EST_TRY(trial_open(&b->s));
    EST_TRY(est_head_new(kind, o, &b->head));
    est_graph *g = b->s.g;
    est_node *step = est_variable(g, "global_step", &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    EST_TRY(est__spec_new(g, step, &b->spec));
    est_node *x = add_feed(b, "logits", EST_FLOAT, EST_SHAPE(-1, est_head_logits_dimension(b->head)));
    est_feature_nodes w = { .name = "w", .value = add_feed(b, "w", EST_FLOAT, EST_SHAPE(-1)) };
    est_node *labels = mode == EST_PREDICT ? NULL : add_labels(b, f);
    est_node *bias = est_variable(g, "bias", &(est_variable_options){ .shape = EST_SHAPE(est_head_logits_dimension(b->head)) });
    return est_head_spec(b->head, b->spec, &(est_features){ .data = &w, .count = 1 }, labels, mode,
                         est_bias_add(g, x, est_read(g, bias)), optimizer);
}

static void drop_values(bench *b)
{
    for (size_t i = 0; i < COUNT(b->value); i++)
        est_tensor_free(b->value[i]);
    memset(b->value, 0, sizeof b->value);
}

static void bench_close(bench *b)
{
    drop_values(b);
    est_head_free(b->head);
    est__spec_free(b->spec);
    trial_close(&b->s);
}

/* Rows [first, last) of a table, of its columns up to `columns`. */
static est_tensor *rows_of(const float *table, int64_t width, int64_t columns, int64_t first, int64_t last, bool flat)
{
    est_tensor *t = NULL;
    est_shape shape = flat ? EST_SHAPE(last - first) : EST_SHAPE(last - first, columns);
    if (est_tensor_new(EST_FLOAT, &shape, &t) == EST_OK)
        for (int64_t i = 0; i < (last - first) * columns; i++)
            ((float *)t->data)[i] = table[(first + i / columns) * width + i % columns];
    return t;
}

/* heads_hot as lists: indices, values, dense shape. */
static void set_lists(bench *b, size_t at, form f, int64_t first, int64_t last)
{
    int64_t indices[2 * ROWS * CLASSES], ids[ROWS * CLASSES], n = 0, shape[2] = { last - first, CLASSES };
    const char *words[ROWS * CLASSES];
    for (int64_t i = first; i < last; i++)
        for (int64_t c = 0, place = 0; c < CLASSES; c++)
            if (heads_hot[i * CLASSES + c] != 0) {
                indices[2 * n] = i - first;
                indices[2 * n + 1] = place++;
                words[n] = letters[c];
                ids[n++] = c;
            }
    est_tensor views[] = { trial_ints(indices, EST_SHAPE(n, 2)), trial_ints(ids, EST_SHAPE(n)), trial_ints(shape, EST_SHAPE(2)) };
    for (size_t i = 0; i < 3; i++) {
        if (i == 1 && f == WORDS) {
            b->value[at + i] = trial_strings(words, EST_SHAPE(n));
            continue;
        }
        if (est_tensor_new(EST_INT64, &views[i].shape, &b->value[at + i]) == EST_OK)
            memcpy(b->value[at + i]->data, views[i].data, (size_t)est_shape_elements(&views[i].shape) * sizeof(int64_t));
    }
}

static void set_batch(bench *b, form f, int64_t first, int64_t last)
{
    drop_values(b);
    b->value[0] = rows_of(heads_logits, CLASSES, est_head_logits_dimension(b->head), first, last, false);
    b->value[1] = rows_of(heads_weights, 1, 1, first, last, true);
    switch (f) {
    case SHARES: b->value[2] = rows_of(heads_shares, 1, 1, first, last, true); break;
    case COUNTS: b->value[2] = rows_of(heads_counts, 2, 2, first, last, false); break;
    case HOT: b->value[2] = rows_of(heads_hot, CLASSES, CLASSES, first, last, false); break;
    case FIRST_HOT: b->value[2] = rows_of(heads_hot, CLASSES, 1, first, last, true); break;
    case IDS:
    case WORDS: set_lists(b, 2, f, first, last); break;
    case SEVERAL:
        b->value[2] = rows_of(heads_hot, CLASSES, 1, first, last, true);
        b->value[3] = rows_of(heads_counts, 2, 2, first, last, false);
        break;
    }
}

static est_status step(bench *b, est_nodes fetches, est_nodes targets, est_tensor **out)
{
    return trial_step(&b->s, (est_nodes){ b->feed, b->num_feeds }, (const est_tensor *const *)b->value, fetches, targets, out);
}

static void check_metrics(bench *b, const head_case *c)
{
    est_node *values[32];
    est_tensor *out[32];
    size_t n = b->spec->num_metrics;
    if (!EST_CHECK_INT(n, c->num_metrics))
        return;
    for (size_t i = 0; i < n; i++)
        values[i] = b->spec->metric[i].value;
    if (!EST_CHECK_OK(trial_step(&b->s, (est_nodes){ 0 }, NULL, (est_nodes){ values, n }, (est_nodes){ 0 }, out)))
        return;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < n && strcmp(b->spec->metric[k].name, c->names[i]) != 0)
            k++;
        est_test_place at = { __FILE__, __func__, c->names[i], __LINE__ };
        if (k < n)
            est_test_near(est__tensor_get(out[k], 0), c->metrics[i], 1e-6, at);
        else
            est_test_str("no such metric", c->names[i], at);
    }
    for (size_t i = 0; i < n; i++)
        est_tensor_free(out[i]);
}

static void evaluates(const head_case *c)
{
    bench b;
    est_node *updates[32];
    if (!EST_CHECK_OK(bench_open(&b, c->kind, &c->options, c->form, EST_EVAL, NULL)) || !EST_CHECK_OK(trial_start(&b.s))) {
        bench_close(&b);
        return;
    }
    for (size_t i = 0; i < b.spec->num_metrics; i++)
        updates[i] = b.spec->metric[i].update;
    for (int n = 0; n < BATCHES; n++) {
        est_tensor *loss;
        set_batch(&b, c->form, first_row[n], first_row[n + 1]);
        if (EST_CHECK_OK(step(&b, EST_NODES(b.spec->loss), (est_nodes){ updates, b.spec->num_metrics }, &loss)))
            EST_CHECK_NEAR(est__tensor_get(loss, 0), c->losses[n], 1e-6 * fmax(1, fabs((double)c->losses[n])));
        est_tensor_free(loss);
    }
    check_metrics(&b, c);
    bench_close(&b);
}

/* The float predictions of the first batch, key by key. */
static void predicts(const head_case *c)
{
    bench b;
    const float *wanted = c->predictions;
    if (!EST_CHECK_OK(bench_open(&b, c->kind, &c->options, c->form, EST_PREDICT, NULL)) || !EST_CHECK_OK(trial_start(&b.s))) {
        bench_close(&b);
        return;
    }
    b.value[0] = rows_of(heads_logits, CLASSES, est_head_logits_dimension(b.head), 0, 4, false);
    b.value[1] = rows_of(heads_weights, 1, 1, 0, 4, true);
    for (size_t i = 0; i < c->num_keys; i++) {
        size_t k = 0;
        est_tensor *out;
        est_test_place at = { __FILE__, __func__, c->keys[i], __LINE__ };
        while (k < b.spec->num_predictions && strcmp(b.spec->prediction[k].name, c->keys[i]) != 0)
            k++;
        if (!est_test_int(k < b.spec->num_predictions, true, at) ||
            !EST_CHECK_OK(step(&b, EST_NODES(b.spec->prediction[k].node), (est_nodes){ 0 }, &out)))
            break;
        for (int64_t j = 0; j < est_shape_elements(&out->shape); j++)
            est_test_near(((const float *)out->data)[j], *wanted++, 1e-6, at);
        est_tensor_free(out);
    }
    bench_close(&b);
}

static est_node *absolute(est_graph *g, est_node *labels, est_node *logits, const est_features *features, void *user)
{
    (void)features;
    ++*(int *)user;
    return est_abs(g, est_sub(g, labels, logits));
}

static est_node *brier(est_graph *g, est_node *labels, est_node *logits, const est_features *features, void *user)
{
    (void)features;
    (void)user;
    return est_square(g, est_sub(g, labels, est_sigmoid(g, logits)));
}

static est_node *softplus(est_graph *g, est_node *logits, void *user)
{
    (void)user;
    return est_softplus(g, logits);
}

static est_status two_heads(est_head *heads[2])
{
    EST_TRY(est_head_new("BinaryClassHead", &((est_head_options){ .name = "one", .weight_column = "w" }), &heads[0]));
    return est_head_new("RegressionHead", &((est_head_options){ .name = "two", .label_dimension = 2 }), &heads[1]);
}

static void agree_with_tensorflow(void)
{
    int calls = 0;
    est_head *heads[2];
    EST_NEED_OK(two_heads(heads));
    const head_case cases[] = {
        { "LogisticRegressionHead", { .weight_column = "w" }, SHARES, WANTED(logistic) },
        { "PoissonRegressionHead", { .label_dimension = 2 }, COUNTS, WANTED(poisson) },
        { "PoissonRegressionHead", { .label_dimension = 2, .weight_column = "w", .no_full_loss = true, .loss_reduction = "sum", .name = "p" },
          COUNTS, WANTED(poisson_short) },
        { "MultiLabelHead",
          { .n_classes = 3, .weight_column = "w", .thresholds = EST_FLOATS(0.3), .classes_for_class_based_metrics.ints = EST_INTS(0, 2) },
          HOT, WANTED(multi_hot) },
        { "MultiLabelHead", { .n_classes = 3, .sparse_labels = true }, IDS, WANTED(lists) },
        { "MultiLabelHead",
          { .n_classes = 3, .label_vocabulary = EST_STRINGS("a", "b", "c"), .classes_for_class_based_metrics.strings = EST_STRINGS("b"),
            .name = "tags", .loss_reduction = "sum" },
          WORDS, WANTED(words) },
        { "RegressionHead",
          { .label_dimension = 2, .weight_column = "w", .loss_fn = absolute, .loss_user = &calls, .inverse_link_fn = softplus },
          COUNTS, WANTED(custom) },
        { "BinaryClassHead", { .loss_fn = brier }, FIRST_HOT, WANTED(custom_binary) },
        { "MultiHead", { .heads = { heads, 2 }, .head_weights = EST_FLOATS(0.5, 2) }, SEVERAL, WANTED(several) },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        evaluates(&cases[i]);
        predicts(&cases[i]);
    }
    EST_CHECK_INT(calls, 1);
    est_head_free(heads[0]);
    est_head_free(heads[1]);
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

static void signatures(void)
{
    bench b;
    est_head *heads[2];
    EST_NEED_OK(two_heads(heads));
    EST_NEED_OK(bench_open(&b, "MultiHead", &((est_head_options){ .heads = { heads, 2 } }), SEVERAL, EST_PREDICT, NULL));
    EST_CHECK_STR(outputs_of(b.spec),
                  "serving_default classify classes scores; one classify classes scores; one/classification classify classes scores; "
                  "one/regression regress outputs; "
                  "one/predict predict logits logistic probabilities class_ids classes all_class_ids all_classes; "
                  "two regress outputs; two/regression regress outputs; two/predict predict predictions; "
                  "predict predict one/logits one/logistic one/probabilities one/class_ids one/classes one/all_class_ids "
                  "one/all_classes two/predictions");
    bench_close(&b);
    EST_NEED_OK(bench_open(&b, "MultiLabelHead", &((est_head_options){ .n_classes = 3 }), HOT, EST_PREDICT, NULL));
    EST_CHECK_STR(outputs_of(b.spec), "serving_default classify classes scores; classification classify classes scores; "
                                      "predict predict logits probabilities classes");
    bench_close(&b);
    EST_NEED_OK(bench_open(&b, "PoissonRegressionHead", NULL, SHARES, EST_PREDICT, NULL));
    EST_CHECK_STR(outputs_of(b.spec), "serving_default regress outputs; regression regress outputs; predict predict predictions logits");
    bench_close(&b);
    est_head_free(heads[0]);
    est_head_free(heads[1]);
}

/* The optimizer's variables stand where TensorFlow puts those of two heads; each head's loss is summarised. */
static void trains_several(void)
{
    bench b;
    est_head *heads[2];
    est_optimizer *sgd;
    est_tensor *bias;
    EST_NEED_OK(two_heads(heads));
    EST_NEED_OK(est_sgd_optimizer_new(NULL, &sgd));
    EST_NEED_OK(bench_open(&b, "MultiHead", &((est_head_options){ .heads = { heads, 2 } }), SEVERAL, EST_TRAIN, sgd));
    EST_CHECK(est_graph_variable(b.s.g, "training_2/SGD/learning_rate") != NULL);
    EST_CHECK_INT(b.spec->num_summaries, 2);
    EST_CHECK_STR(b.spec->summary[0].tag, "loss/one");
    EST_CHECK_STR(b.spec->summary[1].tag, "loss/two");
    EST_CHECK_OK(trial_start(&b.s));
    set_batch(&b, SEVERAL, 0, 4);
    EST_CHECK_OK(step(&b, (est_nodes){ 0 }, EST_NODES(b.spec->train_op), NULL));
    if (EST_CHECK_OK(trial_step(&b.s, (est_nodes){ 0 }, NULL, EST_NODES(est_read(b.s.g, est_graph_variable(b.s.g, "bias"))),
                                (est_nodes){ 0 }, &bias)))
        for (int i = 0; i < 3; i++)
            EST_CHECK(((const float *)bias->data)[i] != 0);
    est_tensor_free(bias);
    bench_close(&b);
    est_optimizer_free(sgd);
    est_head_free(heads[0]);
    est_head_free(heads[1]);
}

/* In training, and there alone, a class counts as much as its weight says. */
static void classes_have_weights(void)
{
    est_optimizer *sgd;
    EST_NEED_OK(est_sgd_optimizer_new(NULL, &sgd));
    for (int multi = 0; multi < 2; multi++) {
        double loss[3];
        est_head_options o = { .n_classes = multi ? 3 : 0, .class_weights = multi ? EST_FLOATS(2, 2, 2) : EST_FLOATS(2, 2) };
        for (int i = 0; i < 3; i++) {   /* plain; weighted; weighted, evaluated */
            bench b;
            est_tensor *out;
            est_head_options plain = { .n_classes = o.n_classes };
            const char *kind = multi ? "MultiClassHead" : "BinaryClassHead";
            EST_NEED_OK(trial_open(&b.s));
            EST_NEED_OK(est_head_new(kind, i ? &o : &plain, &b.head));
            est_graph *g = b.s.g;
            est_node *count = est_variable(g, "global_step", &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
            EST_NEED_OK(est__spec_new(g, count, &b.spec));
            est_node *y = est_placeholder(g, "y", EST_INT64, EST_SHAPE(-1));
            est_node *x = est_placeholder(g, "x", EST_FLOAT, EST_SHAPE(-1, multi ? 3 : 1));
            est_node *bias = est_variable(g, "bias", &(est_variable_options){ .shape = EST_SHAPE(multi ? 3 : 1) });
            EST_CHECK_OK(est_head_spec(b.head, b.spec, &((est_features){ .count = 0 }), y, i == 2 ? EST_EVAL : EST_TRAIN,
                                       est_bias_add(g, x, est_read(g, bias)), sgd));
            EST_CHECK_OK(trial_start(&b.s));
            est_tensor ys = trial_ints((const int64_t[]){ 0, 1, 1, 0 }, EST_SHAPE(4));
            est_tensor *xs = rows_of(heads_logits, CLASSES, multi ? 3 : 1, 0, 4, false);
            if (EST_CHECK_OK(trial_step(&b.s, EST_NODES(x, y), (const est_tensor *const[]){ xs, &ys }, EST_NODES(b.spec->loss),
                                        (est_nodes){ 0 }, &out)))
                loss[i] = est__tensor_get(out, 0);
            est_tensor_free(out);
            est_tensor_free(xs);
            est_head_free(b.head);
            est__spec_free(b.spec);
            trial_close(&b.s);
        }
        EST_CHECK_NEAR(loss[1], 2 * loss[0], 1e-6);
        EST_CHECK_NEAR(loss[2], loss[0], 1e-6);
    }
    est_optimizer_free(sgd);
}

#define REFUSED(kind, options, message) \
    do { \
        est_head *h; \
        EST_CHECK_FAILS(est_head_new(kind, &(est_head_options)options, &h), EST_INVALID_ARGUMENT, message); \
        EST_CHECK(h == NULL); \
    } while (0)
#define O(...) { __VA_ARGS__ }

static void refuses_options(void)
{
    est_head *heads[2], *plain, *sum;
    EST_NEED_OK(two_heads(heads));
    EST_NEED_OK(est_head_new("RegressionHead", NULL, &plain));
    EST_NEED_OK(est_head_new("RegressionHead", &((est_head_options){ .name = "sum", .loss_reduction = "sum" }), &sum));
    REFUSED("MultiClassHead", O(.n_classes = 3, .thresholds = EST_FLOATS(0.5)),
            "MultiClassHead: thresholds is given; it is an option of BinaryClassHead");
    REFUSED("LogisticRegressionHead", O(.loss_fn = brier), "LogisticRegressionHead: loss_fn is given; it has a loss of its own");
    REFUSED("BinaryClassHead", O(.inverse_link_fn = softplus),
            "BinaryClassHead: inverse_link_fn is given; it is an option of RegressionHead");
    REFUSED("BinaryClassHead", O(.class_weights = EST_FLOATS(1, 2, 3)), "BinaryClassHead: class_weights has 3 numbers for 2 classes");
    REFUSED("BinaryClassHead", O(.class_weights = EST_FLOATS(1, -2)),
            "BinaryClassHead: class_weights[1] is -2; it must be a number from 0 on");
    REFUSED("MultiLabelHead", O(.n_classes = 1), "MultiLabelHead: n_classes is 1; it must be at least 2");
    REFUSED("MultiLabelHead", O(.n_classes = 3, .thresholds = EST_FLOATS(0)),
            "MultiLabelHead: thresholds[0] is 0; it must lie between 0 and 1");
    REFUSED("MultiLabelHead", O(.n_classes = 3, .classes_for_class_based_metrics.ints = EST_INTS(0, 3)),
            "MultiLabelHead: classes_for_class_based_metrics[1] is 3; it must be in [0, 2]");
    REFUSED("MultiLabelHead", O(.n_classes = 2, .label_vocabulary = EST_STRINGS("a", "b"),
                                .classes_for_class_based_metrics.strings = EST_STRINGS("c")),
            "MultiLabelHead: classes_for_class_based_metrics[0] is 'c'; it must be a word of label_vocabulary");
    REFUSED("MultiHead", O(0), "MultiHead: heads is missing: heads, each with a name");
    REFUSED("MultiHead", O(.heads = EST_HEADS(heads[0], plain)),
            "MultiHead: heads[1] (RegressionHead) has no name; give each head a name, which its label has too");
    REFUSED("MultiHead", O(.heads = EST_HEADS(heads[0], heads[0])), "MultiHead: heads[0] and heads[1] are both named 'one'");
    REFUSED("MultiHead", O(.heads = EST_HEADS(heads[0], heads[1]), .head_weights = EST_FLOATS(1)),
            "MultiHead: head_weights has 1 numbers for 2 heads");
    REFUSED("MultiHead", O(.heads = EST_HEADS(heads[0], sum)),
            "MultiHead: the loss_reduction of head 'one' is sum_over_batch_size, that of head 'sum' sum; it must be the same for all");
    est_head_free(heads[0]);
    est_head_free(heads[1]);
    est_head_free(plain);
    est_head_free(sum);
}

/* Evaluates the first batch with one number of a feed changed. */
static void bad_value(const char *kind, est_head_options o, form f, size_t feed, int64_t at, float value, const char *message)
{
    bench b;
    est_tensor *loss;
    EST_NEED_OK(bench_open(&b, kind, &o, f, EST_EVAL, NULL));
    EST_CHECK_OK(trial_start(&b.s));
    set_batch(&b, f, 0, 4);
    ((float *)b.value[feed]->data)[at] = value;
    EST_CHECK_FAILS(step(&b, EST_NODES(b.spec->loss), (est_nodes){ 0 }, &loss), EST_INVALID_ARGUMENT, message);
    bench_close(&b);
}

static void refuses_values(void)
{
    enum { WEIGHTS = 1, LABELS };
    bad_value("LogisticRegressionHead", (est_head_options){ 0 }, SHARES, LABELS, 1, 1.5f,
              "label 1.5 of example 1 of the batch is out of range; it must be in [0, 1]");
    bad_value("PoissonRegressionHead", (est_head_options){ .label_dimension = 2 }, COUNTS, LABELS, 5, -1,
              "label -1 of example 2 of the batch is out of range; it must be a number from 0 on");
    bad_value("RegressionHead", (est_head_options){ .label_dimension = 2 }, COUNTS, LABELS, 6, NAN,
              "label nan of example 3 of the batch is not a finite number");
    bad_value("MultiLabelHead", (est_head_options){ .n_classes = 3 }, HOT, LABELS, 3, 2,
              "label 2 of example 1 of the batch is out of range; it must be in [0, 1]");
    bad_value("LogisticRegressionHead", (est_head_options){ .weight_column = "w" }, SHARES, WEIGHTS, 2, -0.5f,
              "weight_column 'w': weight -0.5 of example 2 of the batch is below 0; it must be a number from 0 on");
    bad_value("LogisticRegressionHead", (est_head_options){ .weight_column = "w" }, SHARES, WEIGHTS, 3, NAN,
              "weight_column 'w': weight nan of example 3 of the batch is not finite; it must be a number from 0 on");
}

EST_SUITE(heads_kinds, EST_TEST(agree_with_tensorflow), EST_TEST(signatures), EST_TEST(trains_several), EST_TEST(classes_have_weights),
          EST_TEST(refuses_options), EST_TEST(refuses_values));
