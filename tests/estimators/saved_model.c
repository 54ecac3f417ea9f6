/* Exports of all modes, and estimators made of them: training on from an export ends where training on from the checkpoint does. */
#include <estimator/estimator.h>

#include <math.h>
#include <string.h>

#include "support/est_test.h"
#include "train/small.h"

/* Rows x, word and a label, without shuffling; the label float32, or a class. */
static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    static float x[8] = { 1, 2, 3, 4, -1, -2, 0, 1 };
    static const char *const words[8] = { "a", "b", "c", "a", "b", "b", "d", "a" };
    static int64_t label[8] = { 1, 0, 1, 1, 0, 0, 1, 0 };
    est_tensor tx = { EST_FLOAT, EST_SHAPE(8, 1), x, NULL }, tl = { EST_INT64, EST_SHAPE(8), label, NULL }, *tw;
    est_shape shape = EST_SHAPE(8, 1);
    (void)user;
    est_status st = est_tensor_new_strings(&shape, words, NULL, &tw);
    if (st != EST_OK)
        return st;
    st = est_memory_dataset_new((const char *const[]){ "x", "word" }, (const est_tensor *const[]){ &tx, tw }, 2, &tl, out);
    est_tensor_free(tw);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, context->mode == EST_TRAIN ? EST_OFF : 1), 4, false);
    return st;
}

static est_estimator *new_dnn(const char *dir)
{
    est_columns *c = est_columns_new();
    est_optimizer *adam = NULL;
    est_estimator *e = NULL;
    est_vocabulary_list_options words = { .vocabulary_list.strings = EST_STRINGS("a", "b", "c") };
    est_column *word = est_categorical_column_with_vocabulary_list(c, "word", &words);
    est_dnn_classifier_options o = {
        .hidden_units = EST_INTS(4), .batch_norm = true,
        .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL),
                                       est_embedding_column(c, &(est_embedding_options){ .categorical_column = word, .dimension = 2 })) };
    EST_CHECK_OK(est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.1 }, &adam));
    o.optimizer = adam;
    EST_CHECK_OK(est_dnn_classifier_new(&o, &(est_run_config){ .model_dir = dir, .num_threads = 1, .log_step_count_steps = EST_OFF }, &e));
    est_optimizer_free(adam);
    est_columns_free(c);
    return e;
}

static est_status train(est_estimator *e, int64_t steps)
{
    return est_train(e, &(est_train_options){ .input_fn = rows, .steps = steps }, NULL);
}

/* Every variable of one is that of the other. */
static void check_same_variables(est_estimator *a, est_estimator *b)
{
    est_strings names;
    if (!EST_CHECK_OK(est_get_variable_names(a, &names)))
        return;
    EST_CHECK(names.count > 10);
    for (size_t i = 0; i < names.count; i++) {
        est_tensor *x = NULL, *y = NULL;
        if (EST_CHECK_OK(est_get_variable_value(a, names.data[i], &x)) && EST_CHECK_OK(est_get_variable_value(b, names.data[i], &y))) {
            size_t n = (size_t)est_shape_elements(&x->shape) * est_dtype_size(x->dtype);
            if (EST_CHECK(est_shape_equal(&x->shape, &y->shape)))
                EST_CHECK_BYTES(y->data, n, x->data, n);
        }
        est_tensor_free(x);
        est_tensor_free(y);
    }
}

static void check_same_results(est_estimator *a, est_estimator *b)
{
    est_results *x = NULL, *y = NULL;
    EST_CHECK_OK(est_evaluate(a, &(est_evaluate_options){ .input_fn = rows }, &x));
    EST_CHECK_OK(est_evaluate(b, &(est_evaluate_options){ .input_fn = rows }, &y));
    if (x && y && EST_CHECK_INT(y->count, x->count))
        for (size_t i = 0; i < x->count; i++) {
            EST_CHECK_STR(y->name[i], x->name[i]);
            EST_CHECK_NEAR(y->value[i], x->value[i], 1e-6);
        }
    est_results_free(x);
    est_results_free(y);
}

static est_status first_rows(const est_predictions *p, void *user)
{
    double *sum = user;
    for (size_t k = 0; k < p->count; k++)
        for (int64_t i = 0; i < p->rows && p->value[k]->dtype == EST_FLOAT && strcmp(p->key[k], "probabilities") == 0; i++)
            *sum += (double)((const float *)p->value[k]->data)[2 * i] * (double)(i + 1);
    return EST_OK;
}

static void it_trains_on(void)
{
    char path[4096], again[4096];
    est_estimator *e = new_dnn(est_test_path("m")), *from = NULL;
    EST_NEED(e != NULL);
    EST_CHECK_OK(train(e, 6));        /* whole epochs: who goes on from the export begins with the data */
    EST_NEED_OK(est_export_all_saved_models(e, est_test_path("exported"), &(est_export_all_options){ .receiver = "raw" }, path, sizeof path));
    EST_NEED_OK(est_saved_model_estimator_new(path, &(est_run_config){ .model_dir = est_test_path("n"), .num_threads = 1,
                                                                       .log_step_count_steps = EST_OFF }, &from));
    check_same_results(e, from);      /* with the variables of the SavedModel */
    EST_CHECK_OK(train(e, 7));
    EST_CHECK_OK(train(from, 7));
    check_same_variables(e, from);
    check_same_results(e, from);
    EST_CHECK_OK(train(from, 2));     /* from its own checkpoint */
    EST_CHECK_OK(train(e, 2));
    check_same_variables(e, from);
    double a = 0, b = 0;
    EST_CHECK_OK(est_predict(e, &(est_predict_options){ .input_fn = rows, .each = first_rows, .each_user = &a }));
    EST_CHECK_OK(est_predict(from, &(est_predict_options){ .input_fn = rows, .each = first_rows, .each_user = &b }));
    EST_CHECK_NEAR(a, b, 0);
    EST_CHECK_FAILS(est_export_all_saved_models(from, est_test_path("exported"), NULL, again, sizeof again), EST_INVALID_ARGUMENT,
                    "SavedModelEstimator: export: label is missing: there is no head that tells what it is");
    est_estimator_free(e);
    est_estimator_free(from);
}

/* Other data than the graph was made for, and an export that cannot be trained. */
static est_status numbers(const est_input_context *context, est_dataset **out, void *user)
{
    static float x[4] = { 1, 2, 3, 4 };
    est_tensor tx = { EST_FLOAT, EST_SHAPE(4, 1), x, NULL };
    (void)context;
    const char *word = user;
    est_status st = est_memory_dataset_new((const char *const[]){ "x", word }, (const est_tensor *const[]){ &tx, &tx }, 2, &tx, out);
    if (st == EST_OK)
        est_dataset_batch(*out, 4, false);
    return st;
}

static void mistakes_are_told(void)
{
    char path[4096], serving[4096];
    est_estimator *e = new_dnn(est_test_path("m")), *from = NULL;
    char word[] = "word", other[] = "y";
    EST_NEED(e != NULL);
    EST_CHECK_OK(train(e, 1));
    EST_NEED_OK(est_export_all_saved_models(e, est_test_path("exported"), NULL, path, sizeof path));
    EST_NEED_OK(est_export_saved_model(e, est_test_path("exported"), NULL, serving, sizeof serving));
    est_run_config config = { .model_dir = est_test_path("n"), .log_step_count_steps = EST_OFF };
    EST_NEED_OK(est_saved_model_estimator_new(path, &config, &from));
    EST_CHECK_FAILS(est_train(from, &(est_train_options){ .input_fn = numbers, .user = word, .steps = 1 }, NULL), EST_INVALID_ARGUMENT,
                    est_test_text("%s: signature 'train': input 'label' is int64 [?]; the data give float32 [?]", path));
    EST_CHECK_FAILS(est_train(from, &(est_train_options){ .input_fn = numbers, .user = other, .steps = 1 }, NULL), EST_INVALID_ARGUMENT,
                    est_test_text("%s: signature 'train': input 'label' is int64 [?]; the data give float32 [?]", path));
    est_estimator_free(from);
    EST_NEED_OK(est_saved_model_estimator_new(serving, &config, &from));
    EST_CHECK(train(from, 1) == EST_NOT_FOUND);
    est_estimator_free(from);
    EST_CHECK(est_saved_model_estimator_new(est_test_path("m"), &config, &from) == EST_NOT_FOUND && from == NULL);
    est_estimator_free(e);
}

EST_SUITE(estimators_saved_model, EST_TEST(it_trains_on), EST_TEST(mistakes_are_told));
