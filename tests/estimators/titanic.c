/* The Titanic job through the public headers: names, keys, what stays loaded, what is allocated, predictors on several threads. */
#include <estimator/estimator.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/est_test.h"

static est_estimator *made;       /* whose input_spec the data are read with */

static est_status passengers(const est_input_context *context, est_dataset **out, void *user)
{
    bool trains = context->mode == EST_TRAIN;
    const char *path = EST_TEST_DATA(trains ? "tutorials/data/titanic_train.csv" : "tutorials/data/titanic_eval.csv");
    est_csv_options o = { .input_path = EST_STRINGS(path), .label = EST_STRINGS("survived") };
    (void)user;
    est_status st = est_estimator_input_spec(made, o.label, true, &o.features);
    if (st == EST_OK)
        st = est_csv_dataset_new(&o, out);
    if (st != EST_OK)
        return st;
    if (trains)
        est_dataset_repeat(est_dataset_shuffle(*out, 627, 0, false), EST_OFF);
    est_dataset_batch(*out, 32, false);
    return EST_OK;
}

static est_estimator *new_classifier(const char *dir)
{
    est_columns *c = est_columns_new();
    est_vocabulary_list_options sex = { .vocabulary_list = { .strings = EST_STRINGS("male", "female") } };
    est_vocabulary_list_options class = { .vocabulary_list = { .strings = EST_STRINGS("First", "Second", "Third") } };
    est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(
        est_numeric_column(c, "age", NULL), est_numeric_column(c, "fare", NULL),
        est_categorical_column_with_vocabulary_list(c, "sex", &sex), est_categorical_column_with_vocabulary_list(c, "class", &class),
        est_categorical_column_with_hash_bucket(c, "embark_town", &((est_hash_bucket_options){ .hash_bucket_size = 32 }))) };
    est_run_config config = { .model_dir = dir, .num_threads = 2, .save_summary_steps = EST_OFF, .save_checkpoints_secs = EST_OFF,
                              .log_step_count_steps = 50 };
    made = NULL;
    EST_CHECK_OK(est_linear_classifier_new(&o, &config, &made));
    est_columns_free(c);
    return made;
}

static est_estimator *trained(int64_t steps)
{
    est_estimator *e = new_classifier(est_test_path("model"));
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = passengers, .max_steps = steps }), NULL));
    return e;
}

/* ---- names ---- */

static const char *joined(est_strings names)
{
    const char *all = "";
    for (size_t i = 0; i < names.count; i++)
        all = est_test_text("%s%s%s", all, i ? " " : "", names.data[i]);
    return all;
}

static void variables_by_name(void)
{
    est_estimator *e = trained(20);
    est_strings names;
    est_tensor *step = NULL, *weights = NULL;
    EST_CHECK_STR(est_estimator_latest_checkpoint(e), est_test_path("model/model.ckpt-20"));
    EST_CHECK_STR(est_estimator_model_dir(e), est_test_path("model"));
    EST_CHECK_OK(est_get_variable_names(e, &names));
    EST_CHECK_STR(joined(names),
                  "global_step linear/linear_model/age/weights linear/linear_model/bias_weights linear/linear_model/class/weights "
                  "linear/linear_model/embark_town/weights linear/linear_model/fare/weights linear/linear_model/sex/weights "
                  "training/Ftrl/beta training/Ftrl/decay training/Ftrl/l1_regularization_strength "
                  "training/Ftrl/l2_regularization_strength training/Ftrl/learning_rate training/Ftrl/learning_rate_power "
                  "training/Ftrl/linear/linear_model/age/weights/accumulator training/Ftrl/linear/linear_model/age/weights/linear "
                  "training/Ftrl/linear/linear_model/bias_weights/accumulator training/Ftrl/linear/linear_model/bias_weights/linear "
                  "training/Ftrl/linear/linear_model/class/weights/accumulator training/Ftrl/linear/linear_model/class/weights/linear "
                  "training/Ftrl/linear/linear_model/embark_town/weights/accumulator "
                  "training/Ftrl/linear/linear_model/embark_town/weights/linear "
                  "training/Ftrl/linear/linear_model/fare/weights/accumulator training/Ftrl/linear/linear_model/fare/weights/linear "
                  "training/Ftrl/linear/linear_model/sex/weights/accumulator training/Ftrl/linear/linear_model/sex/weights/linear");
    EST_CHECK_OK(est_get_variable_value(e, "global_step", &step));
    EST_CHECK_INT(*(const int64_t *)step->data, 20);
    EST_CHECK_OK(est_get_variable_value(e, "linear/linear_model/embark_town/weights", &weights));
    EST_CHECK(weights->shape.rank == 2 && weights->shape.dim[0] == 32 && weights->shape.dim[1] == 1);
    est_tensor_free(step);
    est_tensor_free(weights);
    EST_CHECK_FAILS(est_get_variable_value(e, "linear/linear_model/aged/weights", &weights), EST_NOT_FOUND,
                    est_test_text("%s: there is no variable 'linear/linear_model/aged/weights'; did you mean "
                                  "'linear/linear_model/age/weights'?", est_test_path("model/model.ckpt-20")));
    EST_CHECK(weights == NULL);
    est_estimator_free(e);
}

/* ---- predictions ---- */

typedef struct answers {
    float logistic[512];
    int64_t rows;
    const char *keys;
} answers;

static est_status keep(const est_predictions *p, void *user)
{
    answers *a = user;
    a->keys = joined((est_strings){ p->key, p->count });
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->key[i], "logistic") == 0)
            memcpy(a->logistic + a->rows, p->value[i]->data, (size_t)p->rows * sizeof(float));
    a->rows += p->rows;
    return EST_OK;
}

static est_status refuse(const est_predictions *p, void *user)
{
    (void)p;
    (void)user;
    return EST_UNAVAILABLE;
}

static void predicts_by_key(void)
{
    est_estimator *e = trained(20);
    answers all = { 0 }, two = { 0 };
    EST_CHECK_OK(est_predict(e, &((est_predict_options){ .input_fn = passengers, .each = keep, .each_user = &all })));
    EST_CHECK_INT(all.rows, 309);
    EST_CHECK_STR(all.keys, "logits logistic probabilities class_ids classes all_class_ids all_classes");
    est_predict_options o = { .input_fn = passengers, .each = keep, .each_user = &two, .predict_keys = EST_STRINGS("classes", "logistic") };
    EST_CHECK_OK(est_predict(e, &o));
    EST_CHECK_STR(two.keys, "logistic classes");
    EST_CHECK_BYTES(two.logistic, sizeof two.logistic, all.logistic, sizeof all.logistic);
    o.predict_keys = EST_STRINGS("classis");
    EST_CHECK_FAILS(est_predict(e, &o), EST_NOT_FOUND, "there is no prediction 'classis'; there are logits, logistic, probabilities, "
                    "class_ids, classes, all_class_ids, all_classes");
    o.predict_keys = (est_strings){ 0 };
    o.each = refuse;
    EST_CHECK(est_predict(e, &o) == EST_UNAVAILABLE);
    o.each = NULL;
    EST_CHECK_FAILS(est_predict(e, &o), EST_INVALID_ARGUMENT, "LinearClassifier: predict: each is needed");
    est_estimator_free(e);
}

/* ---- what stays loaded ---- */

static void same_results(const est_results *a, const est_results *b)
{
    EST_NEED(a && b && EST_CHECK_INT(a->count, b->count));
    for (size_t i = 0; i < a->count; i++)
        EST_CHECK(strcmp(a->name[i], b->name[i]) == 0 && a->value[i] == b->value[i]);
}

static void evaluates_again_at_once(void)
{
    est_estimator *e = trained(100);
    est_evaluate_options o = { .input_fn = passengers };
    est_results *first = NULL, *second = NULL, *third = NULL;
    (void)est_test_fail_allocation(0);
    EST_CHECK_OK(est_evaluate(e, &o, &first));
    int64_t to_build = est_test_fail_allocation(0);
    EST_CHECK_OK(est_evaluate(e, &o, &second));
    int64_t once_built = est_test_fail_allocation(0);
    EST_CHECK(once_built * 3 < to_build);
    same_results(first, second);
    const char *names = joined((est_strings){ first->name, first->count });
    EST_CHECK_STR(names, "accuracy accuracy_baseline auc auc_precision_recall average_loss global_step label/mean loss precision "
                         "prediction/mean recall");
    EST_CHECK(first->value[0] > 0.6 && first->value[2] > 0.7);
    /* A newer checkpoint is taken, and an older one where it is asked for. */
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = passengers, .steps = 50 }), NULL));
    EST_CHECK_OK(est_evaluate(e, &o, &third));
    EST_CHECK(third->value[5] == 150 && third->value[7] != first->value[7]);
    est_results_free(third);
    o.checkpoint_path = est_test_path("model/model.ckpt-100");
    EST_CHECK_OK(est_evaluate(e, &o, &third));
    same_results(first, third);
    est_results_free(first);
    est_results_free(second);
    est_results_free(third);
    o = (est_evaluate_options){ .input_fn = passengers, .steps = -1 };
    EST_CHECK_FAILS(est_evaluate(e, &o, &first), EST_INVALID_ARGUMENT, "LinearClassifier: evaluate: steps is -1; it must be above 0");
    est_estimator_free(e);
}

/* ---- what a callback sees of an evaluation ---- */

typedef struct seen { int64_t rows, right; bool keys; } seen;

static est_status look_at(const est_predictions *batch, void *user)
{
    seen *s = user;
    const est_tensor *labels = NULL, *ids = NULL;
    for (size_t i = 0; i < batch->count; i++) {
        if (strcmp(batch->key[i], "labels") == 0)
            labels = batch->value[i];
        if (strcmp(batch->key[i], "class_ids") == 0)
            ids = batch->value[i];
    }
    s->keys = labels && ids && labels->dtype == EST_FLOAT && ids->dtype == EST_INT64;
    if (!s->keys)
        return EST_INVALID_ARGUMENT;
    for (int64_t i = 0; i < batch->rows; i++)
        s->right += ((const float *)labels->data)[i] == (float)((const int64_t *)ids->data)[i];
    s->rows += batch->rows;
    return EST_OK;
}

static est_status refuses(const est_predictions *batch, void *user)
{
    (void)batch;
    (void)user;
    return EST_ABORTED;
}

static void shows_batches(void)
{
    est_estimator *e = trained(50);
    seen s = { 0 };
    est_results *plain = NULL, *r = NULL;
    est_evaluate_options o = { .input_fn = passengers, .no_events = true };
    EST_CHECK_OK(est_evaluate(e, &o, &plain));
    EST_CHECK(access(est_test_path("model/eval"), F_OK) != 0);
    o.each = look_at;
    o.each_user = &s;
    EST_CHECK_OK(est_evaluate(e, &o, &r));
    same_results(plain, r);
    EST_CHECK(s.keys && s.rows > 0);
    EST_CHECK_NEAR((double)s.right / (double)s.rows, r->value[0], 1e-6);
    est_results_free(r);
    o.each = refuses;
    EST_CHECK(est_evaluate(e, &o, &r) == EST_ABORTED && r == NULL);
    o.each = NULL;
    o.no_events = false;
    EST_CHECK_OK(est_evaluate(e, &o, &r));      /* the smaller plan again */
    same_results(plain, r);
    EST_CHECK(access(est_test_path("model/eval"), F_OK) == 0);
    est_results_free(r);
    est_results_free(plain);
    est_estimator_free(e);
}

/* ---- what is allocated ---- */

static void at_line(est_log_level level, const char *text, void *user)
{
    int64_t *allocated = user;
    (void)level;
    if (strncmp(text, "step 100:", 9) == 0)
        (void)est_test_fail_allocation(0);
    if (strncmp(text, "step 1000:", 10) == 0 && *allocated < 0)
        *allocated = est_test_fail_allocation(0);
}

/* From step 100 to step 1,000, with a log line every 50 steps. The first checkpoint is written in the background before. */
static void trains_without_allocating(void)
{
    int64_t allocated = -1;
    est_estimator *e = trained(1);
    est_set_log(at_line, &allocated);
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = passengers, .max_steps = 1001 }), NULL));
    est_set_log(NULL, NULL);
    EST_CHECK_INT(allocated, 0);
    est_estimator_free(e);
}

/* ---- exported, on several threads ---- */

enum { THREADS = 4, ASKED = 50 };

typedef struct asking {
    const est_predictor *predictor;
    const float *age, *fare;
    const char *const *sex;
    float probability[ASKED];
    bool good;
} asking;

static est_status ask_one(est_predictor_call *call, const est_signature *s, const asking *a, int i, float *probability)
{
    const est_shape shape = EST_SHAPE(1, 1);
    float age = a->age[i], fare = a->fare[i];
    int64_t offsets[2] = { 0, (int64_t)strlen(a->sex[i]) }, class_offsets[2] = { 0, 5 }, town_offsets[2] = { 0, 11 };
    char sex[16], class[] = "Third", town[] = "Southampton";
    const est_tensor *outputs[8], *inputs[5];
    strcpy(sex, a->sex[i]);
    const struct { const char *key; est_tensor tensor; } values[] = {
        { "age", { EST_FLOAT, shape, &age, NULL } }, { "class", { EST_STRING, shape, class_offsets, class } },
        { "embark_town", { EST_STRING, shape, town_offsets, town } }, { "fare", { EST_FLOAT, shape, &fare, NULL } },
        { "sex", { EST_STRING, shape, offsets, sex } } };
    for (size_t k = 0; k < s->num_inputs; k++)
        for (size_t v = 0; v < 5; v++)
            if (strcmp(s->inputs[k].key, values[v].key) == 0)
                inputs[k] = &values[v].tensor;
    est_status st = est_predictor_run(call, inputs, outputs);
    for (size_t k = 0; k < s->num_outputs && st == EST_OK; k++)
        if (strcmp(s->outputs[k].key, "logistic") == 0)
            *probability = *(const float *)outputs[k]->data;
    return st;
}

static void *ask(void *user)
{
    asking *a = user;
    est_predictor_call *call = NULL;
    const est_signature *s = est_predictor_signature(a->predictor);
    est_status st = est_predictor_call_new(a->predictor, &call);
    for (int round = 0; round < 5; round++)
        for (int i = 0; i < ASKED && st == EST_OK; i++)
            st = ask_one(call, s, a, i, &a->probability[i]);
    a->good = st == EST_OK;
    est_predictor_call_free(call);
    return NULL;
}

static void many_threads_ask(const est_predictor *p)
{
    static const char *const sexes[] = { "male", "female", "?" };
    float age[ASKED], fare[ASKED];
    const char *sex[ASKED];
    pthread_t thread[THREADS];
    asking all[THREADS];
    for (int i = 0; i < ASKED; i++) {
        age[i] = (float)i * 1.5f;
        fare[i] = (float)(i * i % 97);
        sex[i] = sexes[i % 3];
    }
    for (int i = 0; i < THREADS; i++) {
        all[i] = (asking){ .predictor = p, .age = age, .fare = fare, .sex = sex };
        EST_CHECK(pthread_create(&thread[i], NULL, ask, &all[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        EST_CHECK(all[i].good);
        EST_CHECK_BYTES(all[i].probability, sizeof all[i].probability, all[0].probability, sizeof all[0].probability);
    }
    EST_CHECK(all[0].probability[1] != all[0].probability[0]);
    est_predictor_call *call = NULL;
    float probability = 0;
    EST_NEED_OK(est_predictor_call_new(p, &call));
    EST_CHECK_OK(ask_one(call, est_predictor_signature(p), &all[0], 0, &probability));
    (void)est_test_fail_allocation(0);
    for (int i = 0; i < ASKED; i++) {
        EST_CHECK_OK(ask_one(call, est_predictor_signature(p), &all[0], i, &probability));
        EST_CHECK(probability == all[0].probability[i]);
    }
    EST_CHECK_INT(est_test_fail_allocation(0), 0);
    est_predictor_call_free(call);
}

static void exports_for_many_threads(void)
{
    char path[4096];
    est_saved_model *m = NULL;
    est_predictor *p = NULL;
    est_estimator *e = trained(100);
    EST_CHECK_OK(est_export_saved_model(e, est_test_path("exports"), &((est_export_options){ .receiver = "raw" }), path, sizeof path));
    est_estimator_free(e);
    EST_NEED_OK(est_saved_model_load(path, &m));
    EST_CHECK_FAILS(est_predictor_new(m, "predikt", &p), EST_NOT_FOUND,
                    est_test_text("%s: there is no signature 'predikt'; there are: predict", path));
    if (EST_CHECK_OK(est_predictor_new(m, "predict", &p)))
        many_threads_ask(p);
    est_predictor_free(p);
    est_saved_model_free(m);
}

static void export_refuses(void)
{
    char path[4096];
    est_estimator *e = new_classifier(est_test_path("model"));
    EST_CHECK_FAILS(est_export_saved_model(e, est_test_path("exports"), NULL, path, sizeof path), EST_NOT_FOUND,
                    est_test_text("%s: there is no checkpoint", est_test_path("model")));
    EST_CHECK_FAILS(est_export_saved_model(e, est_test_path("exports"), &((est_export_options){ .receiver = "cooked" }), path, sizeof path),
                    EST_INVALID_ARGUMENT, "export: receiver is 'cooked'; it must be 'parsing', 'raw' or 'both'");
    est_results *r;
    EST_CHECK_FAILS(est_evaluate(e, &((est_evaluate_options){ .input_fn = passengers }), &r), EST_NOT_FOUND,
                    est_test_text("%s: there is no checkpoint: train first", est_test_path("model")));
    est_estimator_free(e);
}

EST_SUITE(estimators_titanic, EST_TEST(variables_by_name), EST_TEST(predicts_by_key), EST_TEST(evaluates_again_at_once),
          EST_TEST(shows_batches), EST_TEST(trains_without_allocating), EST_TEST(exports_for_many_threads), EST_TEST(export_refuses));
