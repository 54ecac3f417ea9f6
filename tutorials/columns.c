/* Every feature column: a linear model over the passengers of the Titanic, then a model_fn over steps of words. docs/feature_columns.md
 * explains them. */
#include <stdio.h>
#include <string.h>

#include <estimator/estimator.h>

enum { MOST = 16 };

/* ---- columns that a linear model takes ---- */

static size_t passenger_columns(est_columns *c, const char *decks, est_column *list[MOST])
{
    size_t n = 0;
    est_numeric_column_options log_fare = { .normalizer_fn = { .kind = EST_NORMALIZE_LOG1P } };
    est_bucketized_options ranges = { .source_column = est_numeric_column(c, "fare", NULL), .boundaries = EST_FLOATS(8, 15, 40) };
    est_column *fares = est_bucketized_column(c, &ranges);
    list[n++] = est_numeric_column(c, "fare", &log_fare);
    list[n++] = fares;
    list[n++] = est_categorical_column_with_identity(c, "parch", &(est_identity_options){
        .num_buckets = 5, .default_value = EST_INTS(4) });
    est_column *class = est_categorical_column_with_vocabulary_list(c, "class", &(est_vocabulary_list_options){
        .vocabulary_list.strings = EST_STRINGS("First", "Second", "Third") });
    list[n++] = class;
    list[n++] = est_categorical_column_with_vocabulary_file(c, "deck", &(est_vocabulary_file_options){
        .vocabulary_file = decks, .num_oov_buckets = 1 });
    est_column *town = est_categorical_column_with_hash_bucket(c, "embark_town", &(est_hash_bucket_options){ .hash_bucket_size = 32 });
    list[n++] = town;
    list[n++] = est_crossed_column(c, &(est_crossed_options){
        .keys = EST_CROSS_KEYS({ .name = "sex" }, { .column = fares }), .hash_bucket_size = 50 });
    list[n++] = est_indicator_column(c, &(est_indicator_options){ .categorical_column = class });
    list[n++] = est_embedding_column(c, &(est_embedding_options){ .categorical_column = town, .dimension = 2 });
    est_column *sex = est_categorical_column_with_vocabulary_list(c, "sex", &(est_vocabulary_list_options){
        .vocabulary_list.strings = EST_STRINGS("male", "female") });
    est_column *alone = est_categorical_column_with_vocabulary_list(c, "alone", &(est_vocabulary_list_options){
        .vocabulary_list.strings = EST_STRINGS("n", "y") });
    list[n++] = est_shared_embeddings(c, &(est_shared_embeddings_options){
        .categorical_columns = EST_COLUMNS(sex, alone), .dimension = 2, .trained = true });
    return n;
}

static void print_spec(const char *what, const est_features_spec *spec)
{
    printf("%s:", what);
    for (size_t i = 0; i < spec->count; i++)
        printf(" %s%s", spec->data[i].name, spec->data[i].variable_length ? "*" : "");
    printf("\n");
}

/* Names, and what is to be read of a file of tf.Examples, for the columns alone and with a label. */
static est_status describe(est_column_list columns)
{
    est_features_spec spec;
    for (size_t i = 0; i < columns.count; i++) {
        est_column_list parts = est_column_parts(columns.data[i]);
        for (size_t j = 0; j < parts.count; j++)
            printf("%-32s reads %s\n", est_column_name(parts.data[j]), est_column_key(parts.data[j]));
    }
    est_status st = est_make_parse_example_spec(columns, &spec);
    if (st == EST_OK) {
        print_spec("features", &spec);
        st = est_classifier_parse_example_spec(columns, &(est_classifier_spec_options){ .label_key = "survived" }, &spec);
    }
    if (st == EST_OK) {
        print_spec("of a classifier", &spec);
        st = est_regressor_parse_example_spec(columns, &(est_regressor_spec_options){ .label_key = "years" }, &spec);
    }
    if (st == EST_OK)
        print_spec("of a regressor", &spec);
    return st;
}

typedef struct job {
    est_estimator *estimator;
    const char *folder;
} job;

static est_status passengers(const est_input_context *context, est_dataset **out, void *user)
{
    const job *j = user;
    bool training = context->mode == EST_TRAIN;
    char path[4096];
    snprintf(path, sizeof path, "%s/titanic_%s.csv", j->folder, training ? "train" : "eval");
    est_csv_options csv = { .input_path = EST_STRINGS(path), .label = EST_STRINGS("survived") };
    est_status st = est_estimator_input_spec(j->estimator, csv.label, true, &csv.features);
    if (st == EST_OK)
        st = est_csv_dataset_new(&csv, out);
    if (st != EST_OK)
        return st;
    if (training)
        est_dataset_repeat(est_dataset_shuffle(*out, 1000, 1, false), EST_OFF);
    est_dataset_batch(*out, 32, false);
    return EST_OK;
}

static est_status print_accuracy(const char *what, est_estimator *e, est_input_fn input_fn, void *user)
{
    est_results *metrics;
    est_status st = est_evaluate(e, &(est_evaluate_options){ .input_fn = input_fn, .user = user }, &metrics);
    for (size_t i = 0; st == EST_OK && i < metrics->count; i++)
        if (strcmp(metrics->name[i], "accuracy") == 0)
            printf("%s: accuracy %.4f\n", what, metrics->value[i]);
    est_results_free(metrics);
    return st;
}

static est_status learn_passengers(const char *folder, const char *model_dir)
{
    job j = { .folder = folder };
    est_column *list[MOST];
    char decks[4096], dir[4096];
    est_columns *c = est_columns_new();
    snprintf(decks, sizeof decks, "%s/decks.txt", folder);
    snprintf(dir, sizeof dir, "%s/passengers", model_dir);
    est_column_list columns = { list, passenger_columns(c, decks, list) };
    est_status st = est_columns_status(c);   /* the first mistake of all columns; the estimator would say it, too */
    if (st == EST_OK)
        st = describe(columns);
    if (st == EST_OK)
        st = est_linear_classifier_new(&(est_linear_classifier_options){ .feature_columns = columns },
                                       &(est_run_config){ .model_dir = dir, .tf_random_seed = 1 }, &j.estimator);
    est_columns_free(c);
    if (st == EST_OK)
        st = est_train(j.estimator, &(est_train_options){ .input_fn = passengers, .user = &j, .max_steps = 500 }, NULL);
    if (st == EST_OK)
        st = print_accuracy("passengers", j.estimator, passengers, &j);
    est_estimator_free(j.estimator);
    return st;
}

/* ---- steps of words: what a model_fn makes of sequence columns ---- */

enum { SENTENCES = 6, STEPS = 3 };

typedef struct model {
    est_columns *columns;
    est_column *words, *length, *stressed;
    est_head *head;
    est_optimizer *optimizer;
} model;

/* Of each step the word's embedding, and what is known of the whole sentence; their mean over time, and a linear part. */
static est_status sentence_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    model *m = user;
    est_graph *g = est_spec_graph(spec);
    est_node *steps, *each = est_sequence_input_layer(g, features, EST_COLUMNS(m->words), NULL, &steps);
    est_node *whole = est_input_layer(g, features, EST_COLUMNS(m->length), NULL);
    est_node *all = est_reduce_mean(g, est_concatenate_context_and_sequence(g, whole, each), EST_INTS(1), false);
    est_node *linear = est_linear_model(g, features, EST_COLUMNS(m->length, m->stressed), 1, "sum", NULL);
    est_node *logits = est_add(g, est_dense(g, all, 1, NULL), linear);
    est_node *length = est_features_find(features, "length")->value;   /* a feature without a column */
    est_spec_scalar_summary(spec, "length", est_reduce_mean(g, length, EST_INTS(0), false));
    est_spec_scalar_summary(spec, "steps", est_reduce_mean(g, est_cast(g, steps, EST_FLOAT), EST_INTS(0), false));
    return est_head_spec(m->head, spec, features, labels, mode, logits, m->optimizer);
}

static est_status sentences(const est_input_context *context, est_dataset **out, void *user)
{
    static const char *const words[SENTENCES * STEPS] = { "a", "good", "day", "bad", "", "", "what", "a", "mess",
                                                          "good", "", "", "bad", "day", "", "so", "good", "" };
    static float length[SENTENCES] = { 3, 1, 3, 1, 2, 2 };
    static float stress[SENTENCES * STEPS] = { 1, 2, 1, 3, 0, 0, 1, 1, 2, 2, 0, 0, 2, 1, 0, 1, 2, 0 };   /* a word that is there has one */
    static int64_t label[SENTENCES] = { 1, 0, 0, 1, 0, 1 };
    est_shape steps = EST_SHAPE(SENTENCES, STEPS);
    est_tensor *text, lengths = { EST_FLOAT, EST_SHAPE(SENTENCES), length, NULL }, stresses = { EST_FLOAT, steps, stress, NULL };
    est_tensor labels = { EST_INT64, EST_SHAPE(SENTENCES), label, NULL };
    est_status st = est_tensor_new_strings(&steps, words, NULL, &text);
    (void)user;
    if (st != EST_OK)
        return st;
    st = est_memory_dataset_new((const char *const[]){ "words", "length", "stress" },
                                (const est_tensor *const[]){ text, &lengths, &stresses }, 3, &labels, out);
    est_tensor_free(text);
    if (st != EST_OK)
        return st;
    if (context->mode == EST_TRAIN)
        est_dataset_repeat(*out, EST_OFF);
    est_dataset_batch(*out, SENTENCES, false);
    return EST_OK;
}

static est_status learn_sentences(const char *model_dir)
{
    static const est_feature features[] = { { .name = "words", .dtype = EST_STRING, .shape = { 1, { STEPS } } },
                                            { .name = "stress", .dtype = EST_FLOAT, .shape = { 1, { STEPS } } },
                                            { .name = "length", .dtype = EST_FLOAT } };
    char dir[4096];
    est_estimator *e = NULL;
    model m = { .columns = est_columns_new() };
    snprintf(dir, sizeof dir, "%s/sentences", model_dir);
    est_vocabulary_list_options known = { .vocabulary_list.strings = EST_STRINGS("good", "bad", "mess", "day") };
    est_column *words = est_sequence_categorical_column_with_vocabulary_list(m.columns, "words", &known);
    m.words = est_embedding_column(m.columns, &(est_embedding_options){ .categorical_column = words, .dimension = 3 });
    m.stressed = est_weighted_categorical_column(m.columns, &(est_weighted_categorical_options){
        .categorical_column = est_categorical_column_with_vocabulary_list(m.columns, "words", &known), .weight_feature_key = "stress" });
    m.length = est_numeric_column(m.columns, "length", NULL);
    est_status st = est_head_new("BinaryClassHead", NULL, &m.head);
    if (st == EST_OK)
        st = est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.05 }, &m.optimizer);
    if (st == EST_OK)
        st = est_custom_new(&(est_custom_options){ .model_fn = sentence_fn, .features = { features, 3 }, .head = m.head, .user = &m },
                            &(est_run_config){ .model_dir = dir, .tf_random_seed = 1 }, &e);
    if (st == EST_OK)
        st = est_train(e, &(est_train_options){ .input_fn = sentences, .max_steps = 200 }, NULL);
    if (st == EST_OK)
        st = print_accuracy("sentences", e, sentences, NULL);
    est_estimator_free(e);
    est_head_free(m.head);
    est_optimizer_free(m.optimizer);
    est_columns_free(m.columns);
    return st;
}

/* ---- columns by name, as a configuration has them ---- */

static est_status other_columns(const char *folder)
{
    char decks[4096];
    size_t kinds = 0, size = 0, options = 0;
    est_features_spec spec;
    snprintf(decks, sizeof decks, "%s/decks.txt", folder);
    for (const char *const *kind = est_column_kinds(); *kind; kind++)
        kinds++;
    for (const est_field *f = est_column_fields("embedding_column", &size); f->type != EST_FIELD_END; f++)
        options++;
    printf("%zu kinds of columns; embedding_column has %zu options\n", kinds, options);
    est_columns *c = est_columns_new();
    est_identity_options five = { .num_buckets = 5 };
    est_hash_bucket_options hash = { .hash_bucket_size = 100 };
    est_vocabulary_file_options file = { .vocabulary_file = decks };
    est_column_list list = EST_COLUMNS(est_column_new(c, "categorical_column_with_identity", "floor", &five, sizeof five),
                                       est_sequence_categorical_column_with_identity(c, "floors", &five),
                                       est_sequence_categorical_column_with_hash_bucket(c, "pages", &hash),
                                       est_sequence_categorical_column_with_vocabulary_file(c, "decks", &file),
                                       est_sequence_numeric_column(c, "heights", NULL));
    est_status st = est_make_parse_example_spec(list, &spec);
    if (st == EST_OK)
        print_spec("steps", &spec);
    est_columns_free(c);
    return st;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: columns DATA_FOLDER MODEL_DIR\n");
        return 2;
    }
    est_status st = learn_passengers(argv[1], argv[2]);
    if (st == EST_OK)
        st = learn_sentences(argv[2]);
    if (st == EST_OK)
        st = other_columns(argv[1]);
    if (st != EST_OK)
        fprintf(stderr, "columns: %s\n", est_error());
    return st != EST_OK;
}
