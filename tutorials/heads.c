/* One model, many heads: a head stands between a model's logits and its loss, metrics and predictions. Two labels of different kinds at
 * once (MultiHead), several words an example (MultiLabelHead), and a loss of one's own. heads.md explains it. */
#include <stdio.h>
#include <string.h>

#include <estimator/estimator.h>

typedef struct job {
    est_estimator *estimator;
    const char *train, *eval;     /* CSV files */
    est_strings label;            /* their columns that hold labels */
} job;

static est_status input_fn(const est_input_context *context, est_dataset **out, void *user)
{
    const job *j = user;
    bool training = context->mode == EST_TRAIN;
    const char *path[] = { training ? j->train : j->eval };
    est_csv_options csv = { .input_path = { path, 1 }, .label = j->label, .multivalent_delim = '|' };
    est_status st = est_estimator_input_spec(j->estimator, csv.label, true, &csv.features);
    if (st == EST_OK)
        st = est_csv_dataset_new(&csv, out);
    if (st != EST_OK)
        return st;
    if (training)
        est_dataset_repeat(est_dataset_shuffle(*out, 1000, 0, false), EST_OFF);
    est_dataset_batch(*out, 32, false);
    return EST_OK;
}

/* The same network under each head. The estimator keeps the head alive, so the caller's share is given up here. */
static est_status train_under(job *j, const char *what, const char *kind, const est_head_options *options)
{
    est_columns *c = est_columns_new();
    est_head *head = NULL;
    est_optimizer *adam = NULL;
    est_results *metrics = NULL;
    est_vocabulary_list_options classes = { .vocabulary_list.strings = EST_STRINGS("First", "Second", "Third") };
    est_vocabulary_list_options sexes = { .vocabulary_list.strings = EST_STRINGS("male", "female") };
    est_indicator_options class = { .categorical_column = est_categorical_column_with_vocabulary_list(c, "class", &classes) };
    est_indicator_options sex = { .categorical_column = est_categorical_column_with_vocabulary_list(c, "sex", &sexes) };
    est_numeric_column_options fare = { .normalizer_fn = { .kind = EST_NORMALIZE_LOG1P } };
    est_numeric_column_options age = { .default_value = EST_FLOATS(29.6),
                                       .normalizer_fn = { .kind = EST_NORMALIZE_MEAN_STD, .mean = 29.6, .std = 12.5 } };
    est_status st = est_head_new(kind, options, &head);
    if (st == EST_OK)
        st = est_adam_optimizer_new((&(est_adam_options){ .learning_rate = 0.005 }), &adam);
    if (st == EST_OK) {
        est_dnn_estimator_options o = {
            .head = head, .hidden_units = EST_INTS(16), .optimizer = adam,
            .feature_columns = EST_COLUMNS(est_numeric_column(c, "age", &age), est_numeric_column(c, "fare", &fare),
                                           est_indicator_column(c, &class), est_indicator_column(c, &sex)) };
        st = est_dnn_estimator_new(&o, NULL, &j->estimator);   /* in a temporary folder */
    }
    if (st == EST_OK)
        st = est_train(j->estimator, &(est_train_options){ .input_fn = input_fn, .user = j, .max_steps = 500 }, NULL);
    if (st == EST_OK)
        st = est_evaluate(j->estimator, &(est_evaluate_options){ .input_fn = input_fn, .user = j }, &metrics);
    printf("%s\n", what);
    for (size_t i = 0; st == EST_OK && i < metrics->count; i++)
        printf("  %-32s %.4f\n", metrics->name[i], metrics->value[i]);
    est_results_free(metrics);
    est_estimator_free(j->estimator);
    j->estimator = NULL;
    est_optimizer_free(adam);
    est_head_free(head);
    est_columns_free(c);
    return st;
}

/* Whether a passenger survived, and with how many siblings and spouses he or she travelled: a yes or no, and a count. Each head has the
 * name of its label's column, which needs no further naming; a loss counts as its head weighs. */
static est_status two_labels(job *j)
{
    est_head *survived = NULL, *company = NULL;
    est_head_options binary = { .name = "survived" }, poisson = { .name = "n_siblings_spouses" };
    est_status st = est_head_new("BinaryClassHead", &binary, &survived);
    if (st == EST_OK)
        st = est_head_new("PoissonRegressionHead", &poisson, &company);
    if (st == EST_OK) {
        est_head_options both = { .heads = EST_HEADS(survived, company), .head_weights = EST_FLOATS(1, 0.5) };
        st = train_under(j, "survival and company:", "MultiHead", &both);
    }
    est_head_free(survived);
    est_head_free(company);
    return st;
}

/* A false alarm costs 1, a survivor who is taken for dead `user`: a loss is built of nodes, its gradient comes by itself. */
static est_node *costs(est_graph *g, est_node *labels, est_node *logits, const est_features *features, void *user)
{
    const double *price = user;
    est_node *one = est_constant_float(g, 1), *p = est_sigmoid(g, logits);
    est_node *missed = est_mul(g, est_constant_float(g, *price), est_mul(g, labels, est_sub(g, one, p)));
    est_node *alarmed = est_mul(g, est_sub(g, one, labels), p);
    (void)features;
    return est_add(g, missed, alarmed);
}

static est_status own_loss(job *j)
{
    static double price = 4;
    j->label = EST_STRINGS("survived");
    return train_under(j, "a loss of one's own:", "BinaryClassHead", &(est_head_options){ .loss_fn = costs, .loss_user = &price });
}

/* A copy of a file with one more column, which lists what is true of a passenger: survived|alone. A few cells of it are empty. */
static est_status list_traits(const char *from, const char *to)
{
    char line[512];
    FILE *in = fopen(from, "r"), *out = in ? fopen(to, "w") : NULL;
    for (int row = 0; out && fgets(line, sizeof line, in); row++) {
        size_t n = strcspn(line, "\r\n");
        bool survived = line[0] == '1', alone = n && line[n - 1] == 'y';
        line[n] = 0;
        fprintf(out, "%s,%s%s%s\n", line, !row ? "traits" : survived ? "survived" : "", row && survived && alone ? "|" : "",
                row && alone ? "alone" : "");
    }
    bool whole = out && !ferror(in);
    if (out && fclose(out) != 0)
        whole = false;
    if (in)
        fclose(in);
    return whole ? EST_OK : EST_DATA_LOSS;
}

/* Any number of classes may be true at once; a label is a list of words. */
static est_status several_words(job *j, const char *work)
{
    static char train[4096], eval[4096];
    snprintf(train, sizeof train, "%s/train_traits.csv", work);
    snprintf(eval, sizeof eval, "%s/eval_traits.csv", work);
    if (list_traits(j->train, train) != EST_OK || list_traits(j->eval, eval) != EST_OK) {
        fprintf(stderr, "heads: %s: the files with traits cannot be written\n", work);
        return EST_DATA_LOSS;
    }
    job own = { .train = train, .eval = eval, .label = EST_STRINGS("traits") };
    est_strings words = EST_STRINGS("survived", "alone");
    est_values each = { .strings = words };
    return train_under(&own, "survivors, and who travelled alone:", "MultiLabelHead",
                       &(est_head_options){ .n_classes = 2, .label_vocabulary = words, .classes_for_class_based_metrics = each });
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: heads DATA_FOLDER WORK_FOLDER\n");
        return 2;
    }
    char train[4096], eval[4096];
    snprintf(train, sizeof train, "%s/titanic_train.csv", argv[1]);
    snprintf(eval, sizeof eval, "%s/titanic_eval.csv", argv[1]);
    job j = { .train = train, .eval = eval };
    est_status st = two_labels(&j);
    if (st == EST_OK)
        st = own_loss(&j);
    if (st == EST_OK)
        st = several_words(&j, argv[2]);
    if (st != EST_OK)
        fprintf(stderr, "heads: %s\n", est_error());
    return st != EST_OK;
}
