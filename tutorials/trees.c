/* Boosted trees over the census: rows are held out to see when more trees no longer help, and the model tells which features it
 * decides by. trees.md explains it; trees.yaml does the same with the command. */
#include <math.h>
#include <stdio.h>

#include <estimator/estimator.h>

typedef struct job {
    est_estimator *estimator;
    const char *folder;      /* of the CSV files */
} job;

/* Trees read the training file once, as a whole: it is neither repeated nor shuffled. */
static est_status input_fn(const est_input_context *context, est_dataset **out, void *user)
{
    const job *j = user;
    char path[4096];
    snprintf(path, sizeof path, "%s/adult_%s.csv.gz", j->folder, context->mode == EST_TRAIN ? "train" : "eval");
    est_csv_options csv = { .input_path = EST_STRINGS(path), .label = EST_STRINGS("income") };
    est_status st = est_estimator_input_spec(j->estimator, csv.label, true, &csv.features);
    if (st == EST_OK)
        st = est_csv_dataset_new(&csv, out);
    if (st == EST_OK)
        est_dataset_batch(*out, 1024, false);
    return st;
}

/* Categories stand as they are: a split sends a set of them to the left. A number may be missing (NaN): each split learns where to. */
static est_status make_estimator(const char *model_dir, est_estimator **out)
{
    static const char *const numbers[] = { "age", "education_num", "capital_gain", "capital_loss", "hours_per_week" };
    static const char *const texts[] = { "workclass", "marital_status", "occupation", "relationship", "gender" };
    est_columns *c = est_columns_new();
    est_column *column[10];
    for (int i = 0; i < 5; i++) {
        est_numeric_column_options number = { .default_value = EST_FLOATS(NAN) };
        est_hash_bucket_options text = { .hash_bucket_size = 200 };
        column[i] = est_numeric_column(c, numbers[i], &number);
        column[5 + i] = est_categorical_column_with_hash_bucket(c, texts[i], &text);
    }
    est_boosted_trees_classifier_options o = {
        .feature_columns = { column, 10 },
        .label_vocabulary = EST_STRINGS("<=50K", ">50K"),
        .trees = { .n_trees = 500, .max_depth = 4, .learning_rate = 0.3, .min_node_weight = 5, .center_bias = true,
                   .validation_fraction = 0.2, .early_stopping_rounds = 10 } };
    est_status st = est_boosted_trees_classifier_new(&o, &(est_run_config){ .model_dir = model_dir }, out);
    est_columns_free(c);
    return st;
}

static est_status train_and_evaluate(job *j)
{
    est_results *metrics = NULL;
    est_train_result result;
    est_status st = est_train(j->estimator, &(est_train_options){ .input_fn = input_fn, .user = j }, &result);
    if (st == EST_OK) {
        printf("%lld trees are best for the rows that were held out\n", (long long)result.global_step);
        st = est_evaluate(j->estimator, &(est_evaluate_options){ .input_fn = input_fn, .user = j }, &metrics);
    }
    for (size_t i = 0; st == EST_OK && i < metrics->count; i++)
        printf("%-22s %.4f\n", metrics->name[i], metrics->value[i]);
    est_results_free(metrics);
    return st;
}

/* What the splits by each feature gained in all trees, as shares; the greatest first. */
static est_status print_importances(const job *j)
{
    est_results *gains;
    est_status st = est_feature_importances(j->estimator, true, &gains);
    for (size_t i = 0; st == EST_OK && i < gains->count; i++)
        printf("%-22s %5.1f %%\n", gains->name[i], 100 * gains->value[i]);
    est_results_free(gains);
    return st;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: trees DATA_FOLDER MODEL_DIR\n");
        return 2;
    }
    job j = { .folder = argv[1] };
    est_status st = make_estimator(argv[2], &j.estimator);
    if (st == EST_OK)
        st = train_and_evaluate(&j);
    if (st == EST_OK)
        st = print_importances(&j);
    if (st != EST_OK)
        fprintf(stderr, "trees: %s\n", est_error());
    est_estimator_free(j.estimator);
    return st != EST_OK;
}
