/* Who earns more than 50,000 dollars? A wide & deep model (Cheng et al. 2016) over the 1994 census: the wide part learns single cases by
 * heart, the deep one what people have in common. wide_deep.md explains it; wide_deep.yaml does the same with the command. */
#include <stdio.h>

#include <estimator/estimator.h>

typedef struct job {
    est_estimator *estimator;
    const char *folder;      /* of the CSV files */
} job;

static est_status input_fn(const est_input_context *context, est_dataset **out, void *user)
{
    const job *j = user;
    bool training = context->mode == EST_TRAIN, labels = context->mode != EST_PREDICT;
    char path[4096];
    snprintf(path, sizeof path, "%s/adult_%s.csv.gz", j->folder, training ? "train" : "eval");
    est_strings income = EST_STRINGS("income"), none = { 0 };
    est_csv_options csv = { .input_path = EST_STRINGS(path), .label = labels ? income : none };
    est_status st = est_estimator_input_spec(j->estimator, csv.label, labels, &csv.features);
    if (st == EST_OK)
        st = est_csv_dataset_new(&csv, out);
    if (st != EST_OK)
        return st;
    if (training)
        est_dataset_repeat(est_dataset_shuffle(*out, 26000, 0, false), EST_OFF);
    est_dataset_batch(*out, 128, false);
    return EST_OK;
}

/* What many words have in common is learned by a vector for each; a column may stand in both parts. */
static est_column *vectors(est_columns *c, est_column *words, int64_t dimension)
{
    est_embedding_options o = { .categorical_column = words, .dimension = dimension };
    return est_embedding_column(c, &o);
}

static est_column *marks(est_columns *c, est_column *words)
{
    est_indicator_options o = { .categorical_column = words };
    return est_indicator_column(c, &o);
}

static est_column *number(est_columns *c, const char *key, double mean, double std)
{
    est_numeric_column_options o = { .normalizer_fn = { .kind = EST_NORMALIZE_MEAN_STD, .mean = mean, .std = std } };
    return est_numeric_column(c, key, &o);
}

static est_column *ranges(est_columns *c, const char *key, est_floats boundaries)
{
    est_bucketized_options o = { .source_column = est_numeric_column(c, key, NULL), .boundaries = boundaries };
    return est_bucketized_column(c, &o);
}

static est_column *words(est_columns *c, const char *key, int64_t buckets)
{
    est_hash_bucket_options o = { .hash_bucket_size = buckets };
    return est_categorical_column_with_hash_bucket(c, key, &o);
}

static est_status make_estimator(const char *model_dir, est_estimator **out)
{
    est_columns *c = est_columns_new();
    est_numeric_column_options logarithm = { .normalizer_fn = { .kind = EST_NORMALIZE_LOG1P } };
    est_column *gain = est_numeric_column(c, "capital_gain", &logarithm), *loss = est_numeric_column(c, "capital_loss", &logarithm);
    est_column *age = number(c, "age", 38.6, 13.7), *hours = number(c, "hours_per_week", 40.4, 12.3);
    est_column *years = number(c, "education_num", 10.1, 2.6);
    est_column *ages = ranges(c, "age", EST_FLOATS(18, 25, 30, 35, 40, 45, 50, 55, 60, 65));
    est_column *gains = ranges(c, "capital_gain", EST_FLOATS(1, 3000, 3500, 4000, 4500, 5000, 6000, 7000, 8000, 10000, 15000));
    est_column *losses = ranges(c, "capital_loss", EST_FLOATS(1, 1500, 1600, 1700, 1800, 1850, 1900, 2000, 2200, 2400));
    est_column *occupation = words(c, "occupation", 64), *country = words(c, "native_country", 128);
    est_vocabulary_list_options relations = {
        .vocabulary_list.strings = EST_STRINGS("Husband", "Not-in-family", "Other-relative", "Own-child", "Unmarried", "Wife") };
    est_column *relationship = est_categorical_column_with_vocabulary_list(c, "relationship", &relations);
    est_crossed_options by_age = { .keys = EST_CROSS_KEYS({ .column = ages }, { .name = "occupation" }), .hash_bucket_size = 1000 };
    est_dnn_linear_combined_classifier_options options = {
        .linear_feature_columns = EST_COLUMNS(ages, gains, losses, occupation, country, relationship, est_crossed_column(c, &by_age)),
        .dnn_feature_columns = EST_COLUMNS(age, years, hours, gain, loss, marks(c, relationship), vectors(c, occupation, 8),
                                           vectors(c, country, 4)),
        .dnn_hidden_units = EST_INTS(64, 32),
        .dnn_dropout = 0.1,
        .label_vocabulary = EST_STRINGS("<=50K", ">50K") };
    est_status st = est_ftrl_optimizer_new((&(est_ftrl_options){ .learning_rate = 0.2 }), &options.linear_optimizer);
    if (st == EST_OK)
        st = est_adam_optimizer_new((&(est_adam_options){ .learning_rate = 0.001 }), &options.dnn_optimizer);
    if (st == EST_OK)
        st = est_dnn_linear_combined_classifier_new(&options, &(est_run_config){ .model_dir = model_dir }, out);
    est_optimizer_free(options.linear_optimizer);   /* the estimator has its own share of both */
    est_optimizer_free(options.dnn_optimizer);
    est_columns_free(c);
    return st;
}

static est_status train_and_evaluate(job *j)
{
    est_results *metrics = NULL;
    est_train_result result;
    est_status st = est_train(j->estimator, &(est_train_options){ .input_fn = input_fn, .user = j, .max_steps = 1000 }, &result);
    if (st == EST_OK)
        st = est_evaluate(j->estimator, &(est_evaluate_options){ .input_fn = input_fn, .user = j }, &metrics);
    for (size_t i = 0; st == EST_OK && i < metrics->count; i++)
        printf("%-22s %.4f\n", metrics->name[i], metrics->value[i]);
    est_results_free(metrics);
    return st;
}

/* The share of the people on whom the model would bet nine to one, either way. */
static est_status count_certain(const est_predictions *batch, void *user)
{
    int64_t *counts = user;
    const float *p = batch->value[0]->data;   /* [rows, 2] */
    for (int64_t i = 0; i < batch->rows; i++)
        counts[0] += p[2 * i] > 0.9f || p[2 * i + 1] > 0.9f;
    counts[1] += batch->rows;
    return EST_OK;
}

static est_status predict(job *j)
{
    int64_t counts[2] = { 0 };
    est_status st = est_predict(j->estimator, &(est_predict_options){ .input_fn = input_fn, .user = j, .each = count_certain,
                                    .predict_keys = EST_STRINGS("probabilities"), .each_user = counts });
    if (st == EST_OK)
        printf("certain of %lld of %lld\n", (long long)counts[0], (long long)counts[1]);
    return st;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: wide_deep DATA_FOLDER MODEL_DIR\n");
        return 2;
    }
    job j = { .folder = argv[1] };
    est_status st = make_estimator(argv[2], &j.estimator);
    if (st == EST_OK)
        st = train_and_evaluate(&j);
    if (st == EST_OK)
        st = predict(&j);
    if (st != EST_OK)
        fprintf(stderr, "wide_deep: %s\n", est_error());
    est_estimator_free(j.estimator);
    return st != EST_OK;
}
