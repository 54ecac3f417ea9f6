/* Explanations: contributions and baseline add up to the logits, for every kind of model; what a linear model's are; what is refused. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <estimator/estimator.h>

#include "support/est_test.h"

enum { ROWS = 40 };

/* Numbers that miss now and then for trees, kinds, short sequences; three classes. */
static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    static const char *const names[] = { "x", "z", "kind", "steps" };
    static float x[2 * ROWS], z[ROWS], steps[3 * ROWS];
    static int64_t kind[ROWS], label[ROWS], offset[ROWS + 1];
    uint32_t state = 7;
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < 2; j++)
            x[2 * i + j] = (float)((state = state * 1664525u + 1013904223u) >> 8 & 1023) / 256 - 2;
        z[i] = (float)(i % 5) - 2;
        kind[i] = state >> 20 & 3;
        int64_t n = 1 + i % 3;
        for (int64_t j = 0; j < n; j++)
            steps[offset[i] + j] = x[2 * i] * (float)(j + 1);
        offset[i + 1] = offset[i] + n;
        label[i] = kind[i] == 2 ? 2 : x[2 * i] > 0;
        if (user && i % 6 == 0)   /* "missing" */
            x[2 * i + 1] = NAN;
    }
    est_tensor tx = { .dtype = EST_FLOAT, .shape = EST_SHAPE(ROWS, 2), .data = x };
    est_tensor tz = { .dtype = EST_FLOAT, .shape = EST_SHAPE(ROWS), .data = z };
    est_tensor tk = { .dtype = EST_INT64, .shape = EST_SHAPE(ROWS), .data = kind };
    est_tensor ts = { .dtype = EST_FLOAT, .shape = EST_SHAPE(offset[ROWS]), .data = steps };
    est_tensor to = { .dtype = EST_INT64, .shape = EST_SHAPE(ROWS + 1), .data = offset };
    est_tensor ty = { .dtype = EST_INT64, .shape = EST_SHAPE(ROWS), .data = label };
    est_status st = est_memory_dataset_new_ragged(names, (const est_tensor *const[]){ &tx, &tz, &tk, &ts },
                                                  (const est_tensor *const[]){ NULL, NULL, NULL, &to }, 4, &ty, out);
    if (st != EST_OK)
        return st;
    if (context->mode == EST_TRAIN && !context->whole_input)
        est_dataset_repeat(*out, EST_OFF);
    est_dataset_batch(*out, 16, false);   /* the last batch is short */
    return EST_OK;
}

/* What a test looks at of the batches. */
typedef struct seen {
    double tolerance;
    int64_t rows, outputs;
    char features[128];
    double first[8];              /* of row 0, the first output */
    double bias;
} seen;

static est_status adds_up(const est_contributions *b, void *user)
{
    seen *s = user;
    size_t n = b->feature.count;
    EST_CHECK_INT(b->predictions->rows, b->rows);
    for (int64_t i = 0; i < b->rows * b->outputs; i++) {
        double sum = b->bias[i];
        for (size_t f = 0; f < n; f++)
            sum += b->contribution[(size_t)i * n + f];
        EST_CHECK_NEAR(sum, b->logits[i], s->tolerance);
        EST_CHECK_STR(b->predictions->key[0], "logits");
        EST_CHECK_NEAR((double)((const float *)b->predictions->value[0]->data)[i], b->logits[i], 0);
    }
    for (size_t f = 0; f < n && s->rows == 0; f++) {
        snprintf(s->features + strlen(s->features), sizeof s->features - strlen(s->features), "%s ", b->feature.data[f]);
        s->first[f] = b->contribution[f];
    }
    s->bias = s->rows ? s->bias : b->bias[0];
    s->rows += b->rows;
    s->outputs = b->outputs;
    return EST_OK;
}

static void explain(est_estimator *e, const char *features, int64_t steps, seen *s, void *missing)
{
    EST_NEED(e != NULL);
    EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = rows, .user = missing, .max_steps = 25 }, NULL));
    EST_CHECK_OK(est_explain(e, &(est_explain_options){ .input_fn = rows, .user = missing, .steps = steps, .each = adds_up, .each_user = s }));
    EST_CHECK_INT(s->rows, ROWS);
    EST_CHECK_STR(s->features, features);
}

typedef struct columns {
    est_columns *set;
    est_column *x, *z, *kind, *embedded, *indicated, *steps;
} columns;

static columns new_columns(void)
{
    est_columns *c = est_columns_new();
    est_column *kind = est_categorical_column_with_identity(c, "kind", &((est_identity_options){ .num_buckets = 4 }));
    return (columns){ .set = c, .x = est_numeric_column(c, "x", &((est_numeric_column_options){ .shape = EST_INTS(2) })),
                      .z = est_numeric_column(c, "z", NULL), .kind = kind,
                      .embedded = est_embedding_column(c, &((est_embedding_options){ .categorical_column = kind, .dimension = 3 })),
                      .indicated = est_indicator_column(c, &((est_indicator_options){ .categorical_column = kind })),
                      .steps = est_sequence_numeric_column(c, "steps", NULL) };
}

static double weight_of(est_estimator *e, const char *name, int64_t at)
{
    est_tensor *t = NULL;
    EST_CHECK_OK(est_get_variable_value(e, name, &t));
    double v = t ? (double)((const float *)t->data)[at] : NAN;
    est_tensor_free(t);
    return v;
}

/* A linear model's contributions are weights times values. */
static void of_linear_models(void)
{
    columns c = new_columns();
    est_estimator *e = NULL;
    est_results *weights = NULL;
    seen s = { .tolerance = 1e-5 };
    EST_CHECK_OK(est_linear_classifier_new(&((est_linear_classifier_options){ .feature_columns = EST_COLUMNS(c.x, c.kind), .n_classes = 3,
                                                                              .label_vocabulary = { 0 } }),
                                           &(est_run_config){ .model_dir = est_test_path("m") }, &e));
    explain(e, "kind x ", 0, &s, NULL);
    if (e) {
        EST_CHECK_INT(s.outputs, 3);
        EST_CHECK_NEAR(s.bias, weight_of(e, "linear/linear_model/bias_weights", 0), 1e-7);
        uint32_t one = 7 * 1664525u + 1013904223u, two = one * 1664525u + 1013904223u;
        double x0 = (one >> 8 & 1023) / 256.0 - 2, x1 = (two >> 8 & 1023) / 256.0 - 2;
        EST_CHECK_NEAR(s.first[0], weight_of(e, "linear/linear_model/kind/weights", 3 * (two >> 20 & 3)), 1e-6);
        EST_CHECK_NEAR(s.first[1], x0 * weight_of(e, "linear/linear_model/x/weights", 0) + x1 * weight_of(e, "linear/linear_model/x/weights", 3),
                       1e-6);
        EST_CHECK_OK(est_feature_importances(e, true, &weights));
        double sum = 0;
        bool named = false;
        for (size_t i = 0; weights && i < weights->count; i++) {
            sum += fabs(weights->value[i]);
            named = named || strcmp(weights->name[i], "kind=2/2") == 0;
            EST_CHECK(i == 0 || fabs(weights->value[i]) <= fabs(weights->value[i - 1]));
        }
        EST_CHECK_NEAR(sum, 1, 1e-9);
        EST_CHECK(named);
    }
    est_results_free(weights);
    est_estimator_free(e);
    est_columns_free(c.set);
}

/* Integrated gradients are complete: smooth networks to the last digits, others as good as the points are many. */
static void of_networks(void)
{
    columns c = new_columns();
    est_estimator *dnn = NULL, *both = NULL, *rnn = NULL;
    seen smooth = { .tolerance = 2e-5 }, rough = { .tolerance = 2e-2 }, sequence = { .tolerance = 2e-5 };
    EST_CHECK_OK(est_dnn_classifier_new(&((est_dnn_classifier_options){ .feature_columns = EST_COLUMNS(c.x, c.z, c.embedded), .n_classes = 3,
                                                                        .hidden_units = EST_INTS(6, 4), .activation_fn = "tanh",
                                                                        .batch_norm = true }),
                                        &(est_run_config){ .model_dir = est_test_path("dnn"), .tf_random_seed = 3 }, &dnn));
    explain(dnn, "kind_embedding x z ", 0, &smooth, NULL);
    EST_CHECK_OK(est_dnn_linear_combined_classifier_new(
        &((est_dnn_linear_combined_classifier_options){ .linear_feature_columns = EST_COLUMNS(c.kind, c.z),
                                                        .dnn_feature_columns = EST_COLUMNS(c.z, c.indicated),
                                                        .dnn_hidden_units = EST_INTS(8), .n_classes = 3 }),
        &(est_run_config){ .model_dir = est_test_path("both"), .tf_random_seed = 3 }, &both));
    explain(both, "kind_indicator z kind ", 300, &rough, NULL);
    EST_CHECK_OK(est_rnn_classifier_new(&((est_rnn_classifier_options){ .sequence_feature_columns = EST_COLUMNS(c.steps),
                                                                        .context_feature_columns = EST_COLUMNS(c.z), .n_classes = 3,
                                                                        .units = EST_INTS(4), .cell_type = "lstm" }),
                                        &(est_run_config){ .model_dir = est_test_path("rnn"), .tf_random_seed = 3 }, &rnn));
    explain(rnn, "steps z ", 0, &sequence, NULL);
    est_estimator_free(dnn);
    est_estimator_free(both);
    est_estimator_free(rnn);
    est_columns_free(c.set);
}

typedef struct keys {
    char text[160];
    est_shape dfc;
} keys;

static est_status look(const est_predictions *p, void *user)
{
    keys *k = user;
    if (k->text[0])
        return EST_OK;
    for (size_t i = 0; i < p->count; i++)
        snprintf(k->text + strlen(k->text), sizeof k->text - strlen(k->text), "%s ", p->key[i]);
    k->dfc = p->value[p->count - 1]->shape;
    return EST_OK;
}

static est_estimator *new_trees(columns c, int64_t n_classes, const char *dir)
{
    est_estimator *e = NULL;
    est_boosted_trees_classifier_options o = { .feature_columns = EST_COLUMNS(c.x, c.kind), .n_classes = n_classes,
                                               .trees = { .n_trees = 12, .max_depth = 3 } };
    EST_CHECK_OK(est_boosted_trees_classifier_new(&o, &(est_run_config){ .model_dir = est_test_path(dir), .num_threads = 2 }, &e));
    return e;
}

static void of_trees(void)
{
    columns c = new_columns();
    seen s = { .tolerance = 1e-5 };
    keys k = { 0 };
    est_estimator *e = new_trees(c, 3, "trees");
    explain(e, "kind x:0 x:1 ", 0, &s, "missing");
    EST_CHECK_INT(s.outputs, 3);
    EST_CHECK(s.first[0] != 0 && s.first[1] != 0);
    if (e) {
        EST_CHECK_OK(est_predict_with_explanations(e, &((est_predict_options){ .input_fn = rows, .each = look, .each_user = &k })));
        EST_CHECK_STR(k.text, "logits probabilities class_ids classes all_class_ids all_classes bias dfc ");
        EST_CHECK_INT(k.dfc.rank, 3);
        EST_CHECK(k.dfc.dim[0] == 16 && k.dfc.dim[1] == 3 && k.dfc.dim[2] == 3);
        /* More rounds are another graph. */
        EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = rows, .user = "missing", .steps = 2 }, NULL));
    }
    est_estimator_free(e);
    est_columns_free(c.set);
}

static est_status no_head(est_spec *spec, const est_features *f, est_node *labels, est_mode mode, void *user)
{
    est_node *x = est_features_find(f, "z")->value;
    (void)labels, (void)mode, (void)user;
    est_spec_prediction(spec, "same", est_identity(est_spec_graph(spec), x));
    return EST_OK;
}

static void refuses(void)
{
    columns c = new_columns();
    est_estimator *e = NULL;
    est_results *r = NULL;
    seen s = { .tolerance = 1 };
    EST_CHECK_OK(est_dnn_classifier_new(&((est_dnn_classifier_options){ .feature_columns = EST_COLUMNS(c.z), .hidden_units = EST_INTS(2),
                                                                        .n_classes = 3 }),
                                        &(est_run_config){ .model_dir = est_test_path("no") }, &e));
    EST_NEED(e != NULL);
    est_explain_options o = { .input_fn = rows, .each = adds_up, .each_user = &s };
    EST_CHECK_FAILS(est_explain(e, &o), EST_NOT_FOUND, est_test_text("%s: there is no checkpoint: train first", est_test_path("no")));
    o.steps = -1;
    EST_CHECK_FAILS(est_explain(e, &o), EST_INVALID_ARGUMENT, "explain: steps is -1; it must be at least 0");
    EST_CHECK_FAILS(est_explain(e, &((est_explain_options){ .input_fn = rows })), EST_INVALID_ARGUMENT,
                    "DNNClassifier: explain: each is needed");
    EST_CHECK_FAILS(est_explain(e, &((est_explain_options){ .each = adds_up })), EST_INVALID_ARGUMENT, "DNNClassifier: input_fn is needed");
    EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = rows, .max_steps = 1 }, NULL));
    EST_CHECK_FAILS(est_feature_importances(e, false, &r), EST_UNIMPLEMENTED,
                    "DNNClassifier: feature importances are of boosted trees and linear models; est_explain tells what features "
                    "contribute to each prediction");
    est_estimator_free(e);
    EST_CHECK_OK(est_custom_new(&((est_custom_options){ .model_fn = no_head, .feature_columns = EST_COLUMNS(c.z) }),
                                &(est_run_config){ .model_dir = est_test_path("own") }, &e));
    EST_NEED(e != NULL);
    o.steps = 0;
    EST_CHECK_FAILS(est_explain(e, &o), EST_UNIMPLEMENTED,
                    "Estimator: it cannot be explained, as it has no head, whose logits contributions add up to");
    est_estimator_free(e);
    est_columns_free(c.set);
}

EST_SUITE(estimators_explain, EST_TEST(of_linear_models), EST_TEST(of_networks), EST_TEST(of_trees), EST_TEST(refuses));
