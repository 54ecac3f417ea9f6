/* Who survived the Titanic? Train, evaluate, predict, export, and ask the exported model: tf.estimator's four verbs in C.
 * titanic.md explains it; titanic.yaml and run.sh do the same with the command. */
#include <stdio.h>
#include <string.h>

#include <estimator/estimator.h>

/* What the input function needs to know. */
typedef struct job {
    est_estimator *estimator;
    const char *folder;      /* of the CSV files */
} job;

/* The data of each verb: training shuffles and repeats for ever, the others read a file once. */
static est_status input_fn(const est_input_context *context, est_dataset **out, void *user)
{
    const job *j = user;
    bool training = context->mode == EST_TRAIN, labels = context->mode != EST_PREDICT;
    char path[4096];
    snprintf(path, sizeof path, "%s/titanic_%s.csv", j->folder, training ? "train" : "eval");
    est_strings survived = EST_STRINGS("survived"), none = { 0 };
    est_csv_options csv = { .input_path = EST_STRINGS(path), .label = labels ? survived : none };
    est_status st = est_estimator_input_spec(j->estimator, csv.label, labels, &csv.features); /* which columns, as what */
    if (st == EST_OK)
        st = est_csv_dataset_new(&csv, out);
    if (st != EST_OK)
        return st;
    if (training)
        est_dataset_repeat(est_dataset_shuffle(*out, 1000, 0, false), EST_OFF);
    est_dataset_batch(*out, 32, false);
    return EST_OK;
}

static est_status make_estimator(const char *model_dir, est_estimator **out)
{
    est_columns *c = est_columns_new();
    est_numeric_column_options age = { .default_value = EST_FLOATS(29.6),
                                       .normalizer_fn = { .kind = EST_NORMALIZE_MEAN_STD, .mean = 29.6, .std = 12.5 } };
    est_numeric_column_options fare = { .normalizer_fn = { .kind = EST_NORMALIZE_LOG1P } };
    est_vocabulary_list_options sex = { .vocabulary_list.strings = EST_STRINGS("male", "female") };
    est_vocabulary_list_options class = { .vocabulary_list.strings = EST_STRINGS("First", "Second", "Third") };
    est_hash_bucket_options town = { .hash_bucket_size = 32 };
    est_linear_classifier_options options = {
        .feature_columns = EST_COLUMNS(est_numeric_column(c, "age", &age),
                                       est_numeric_column(c, "fare", &fare),
                                       est_categorical_column_with_vocabulary_list(c, "sex", &sex),
                                       est_categorical_column_with_vocabulary_list(c, "class", &class),
                                       est_categorical_column_with_hash_bucket(c, "embark_town", &town)) };
    est_run_config config = { .model_dir = model_dir, .save_checkpoints_steps = 500 };
    est_status st = est_linear_classifier_new(&options, &config, out);
    est_columns_free(c);   /* the estimator keeps what it needs */
    return st;
}

static est_status train_and_evaluate(job *j)
{
    est_train_options train = { .input_fn = input_fn, .user = j, .max_steps = 1000 };
    est_evaluate_options evaluate = { .input_fn = input_fn, .user = j };
    est_train_result result;
    est_results *metrics;
    est_status st = est_train(j->estimator, &train, &result);
    if (st != EST_OK)
        return st;
    printf("step %lld, loss %.4f\n", (long long)result.global_step, result.loss);
    st = est_evaluate(j->estimator, &evaluate, &metrics);
    for (size_t i = 0; st == EST_OK && i < metrics->count; i++)
        printf("%-22s %.4f\n", metrics->name[i], metrics->value[i]);
    est_results_free(metrics);
    return st;
}

/* A batch of predictions; this one counts whom the model takes for survivors. */
static est_status count_survivors(const est_predictions *batch, void *user)
{
    const int64_t *class_ids = batch->value[0]->data;
    for (int64_t i = 0; i < batch->rows; i++)
        *(int *)user += class_ids[i] == 1;
    return EST_OK;
}

static est_status predict(job *j)
{
    int survivors = 0;
    est_predict_options options = { .input_fn = input_fn, .user = j, .predict_keys = EST_STRINGS("class_ids"),
                                    .each = count_survivors, .each_user = &survivors };
    est_status st = est_predict(j->estimator, &options);
    if (st == EST_OK)
        printf("predicted survivors: %d\n", survivors);
    return st;
}

/* Runs the exported model as a server would: a predictor is made once, and each thread has a call of its own. */
static est_status ask(const est_predictor *p)
{
    static float age = 29, fare = 80;
    const struct { const char *key; float *number; const char *text; } passenger[] = {
        { "age", &age, NULL }, { "fare", &fare, NULL }, { "sex", NULL, "female" }, { "class", NULL, "First" },
        { "embark_town", NULL, "Southampton" } };
    const est_signature *s = est_predictor_signature(p);
    est_tensor tensors[5], *text[5] = { NULL };
    const est_tensor *inputs[5], *outputs[16];
    est_predictor_call *call = NULL;
    est_shape one = EST_SHAPE(1, 1);
    est_status st = s->num_inputs == 5 && s->num_outputs <= 16 ? EST_OK : EST_INVALID_ARGUMENT;
    for (size_t i = 0; st == EST_OK && i < 5; i++)   /* in the order of the signature */
        for (size_t k = 0; k < 5; k++) {
            if (strcmp(s->inputs[i].key, passenger[k].key))
                continue;
            tensors[i] = (est_tensor){ .dtype = EST_FLOAT, .shape = one, .data = passenger[k].number };
            inputs[i] = &tensors[i];
            if (passenger[k].text) {
                st = est_tensor_new_strings(&one, &passenger[k].text, NULL, &text[i]);
                inputs[i] = text[i];
            }
        }
    if (st == EST_OK)
        st = est_predictor_call_new(p, &call);
    if (st == EST_OK)
        st = est_predictor_run(call, inputs, outputs);
    for (size_t i = 0; st == EST_OK && i < s->num_outputs; i++)
        if (!strcmp(s->outputs[i].key, "logistic"))
            printf("a woman of 29 in first class survives with probability %.2f\n", ((const float *)outputs[i]->data)[0]);
    est_predictor_call_free(call);
    for (size_t i = 0; i < 5; i++)
        est_tensor_free(text[i]);
    return st;
}

static est_status export_and_ask(job *j)
{
    char folder[4096], base[4096];
    est_saved_model *model = NULL;
    est_predictor *predictor = NULL;
    snprintf(base, sizeof base, "%s/exported", est_estimator_model_dir(j->estimator));
    est_export_options options = { .receiver = "raw" };   /* takes a tensor for each feature; "parsing": tf.Examples */
    est_status st = est_export_saved_model(j->estimator, base, &options, folder, sizeof folder);
    if (st == EST_OK)
        st = est_saved_model_load(folder, &model);
    if (st == EST_OK)
        st = est_predictor_new(model, "predict", &predictor);
    if (st == EST_OK)
        st = ask(predictor);
    est_predictor_free(predictor);
    est_saved_model_free(model);
    return st;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: titanic DATA_FOLDER MODEL_DIR\n");
        return 2;
    }
    job j = { .folder = argv[1] };
    est_status st = make_estimator(argv[2], &j.estimator);
    if (st == EST_OK)
        st = train_and_evaluate(&j);
    if (st == EST_OK)
        st = predict(&j);
    if (st == EST_OK)
        st = export_and_ask(&j);
    if (st != EST_OK)
        fprintf(stderr, "titanic: %s\n", est_error());
    est_estimator_free(j.estimator);
    return st != EST_OK;
}
