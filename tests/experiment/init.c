/* Configurations to start from: what is made of each kind of column and label; what is made trains at once,
 * and well. */
#include <string.h>

#include <estimator/experiment.h>

#include "base/base.h"
#include "support/est_test.h"

#define HAS(text, part) EST_CHECK(strstr((text), (part)) != NULL || (est_test_str((text), (part), EST_HERE(part)), false))
#define LACKS(text, part)                                                                                    \
    EST_CHECK(strstr((text), (part)) == NULL || (est_test_str((text), (part), EST_HERE(part)), false))

static est_status init(const char *path, const char *label, char **text)
{
    return est_experiment_init(path, &(est_init_options){ .label = label }, text);
}

static void looks_at_columns(void)
{
    static const char csv[] = "y,x,town,same,a b,n,inf\n"
                              "0,1.5,York,k,1,?,1\n1,2.5,\"Hull, UK\",k,2,3,inf\n1,,York,k,3,4,2\n0,3.5,,k,4,?,3\n";
    const char *path = EST_TEST_FILE("d.csv", csv);
    char *text;
    EST_NEED_OK(init(path, "y", &text));
    HAS(text, "model_dir: d_model\n");
    HAS(text, "    estimator: LinearClassifier\n    n_classes: 2\n");
    HAS(text, "      - numeric_column: {key: x, default_value: 2.5, normalizer_fn: {mean: 2.5, std: 0.8164966}}\n");
    HAS(text, "      - categorical_column_with_vocabulary_list: {key: town, vocabulary_list: [York, \"Hull, UK\"]}\n");
    HAS(text, "      # left out: \"same\", the same in every row\n");
    HAS(text, "      # left out: \"a b\", its name cannot be that of a variable\n");
    HAS(text, "      # left out: \"inf\", it holds infinite numbers\n");
    HAS(text, "      - numeric_column: {key: \"n\", default_value: 3.5, normalizer_fn: {mean: 3.5, std: 0.5}}\n");
    HAS(text, "    optimizer: {type: Ftrl, learning_rate: 0.2}\n");
    HAS(text, "    na_value: \"?\"\n");
    LACKS(text, "bucketized_column");
    est_text_free(text);
}

/* A mark that stands among texts alone is a value like any other: a missing workclass tells something. */
static void a_mark_among_texts_is_a_value(void)
{
    char *text;
    EST_NEED_OK(init(EST_TEST_FILE("d.csv", "y,t\n0,a\n1,?\n1,b\n0,a\n"), "y", &text));
    HAS(text, "{key: t, vocabulary_list: [a, b, \"?\"]}\n");
    LACKS(text, "na_value");
    est_text_free(text);
}

static void chooses_by_the_label(void)
{
    static const char csv[] = "name,price,half,kind,real\na,10,1,x,0.0\nb,20.5,1,y,1.0\nc,30,-1,x,0.0\nd,41,-1,x,1.0\n";
    const char *path = EST_TEST_FILE("d.csv", csv);
    char *text;
    EST_NEED_OK(init(path, "kind", &text));
    HAS(text, "    n_classes: 2\n    label_vocabulary: [x, \"y\"]\n");
    est_text_free(text);
    EST_NEED_OK(init(path, "price", &text));
    HAS(text, "    estimator: LinearRegressor\n");
    HAS(text, "    optimizer: {type: Ftrl, learning_rate: 2.29"); /* goes with the label: 0.2 of its standard deviation */
    est_text_free(text);
    EST_NEED_OK(init(path, "half", &text));
    HAS(text, "    label_vocabulary: [\"-1\", \"1\"]\n");
    est_text_free(text);
    EST_NEED_OK(init(path, "real", &text));
    HAS(text, "    label_vocabulary: [\"0.0\", \"1.0\"]\n");
    est_text_free(text);
}

/* 1000 rows: a number for each row, a text for each, texts of many values, numbers with a heavy tail and with
 * a mass at 0. */
static const char *many_rows(void)
{
    est__buffer csv = { 0 };
    est__buffer_text(&csv, "id,key,user,fare,gain,y\n");
    for (int i = 0; i < 1000; i++)
        est__buffer_printf(&csv, "%d,k%d,u%d,%.2f,%d,%d\n", i + 7, i * 31, i % 150, 1e6 / (i + 1) / (i + 1),
                           i % 10 ? 0 : i + 1, i % 2);
    const char *path = est_test_file("many_train.csv", csv.data, csv.size);
    est__buffer_free(&csv);
    return path;
}

static void looks_at_many_rows(void)
{
    char *text;
    const char *path = many_rows(), *held_out = EST_TEST_FILE("many_test.csv", "y\n0\n");
    EST_NEED_OK(init(path, "y", &text));
    HAS(text, "      # left out: \"id\", a number of its own in every row, like an id\n");
    HAS(text, "      # left out: \"key\", another text in every row\n");
    HAS(text, "      - categorical_column_with_hash_bucket: {key: user, hash_bucket_size: 512}\n");
    HAS(text, "      - numeric_column: {key: fare, default_value: 3.99, normalizer_fn: log1p}\n");
    HAS(text, "      - bucketized_column: {source_column: {numeric_column: {key: fare, default_value: 3.99}}, boundaries: [1.1");
    HAS(text, "{key: gain, default_value: 0}}, boundaries: [1, 501]}\n");
    HAS(text, est_test_text("\n    input_path: %s\n    label: \"y\"\n    batch_size: 256\n", held_out));
    est_text_free(text);
    est_init_options o = { .label = "y", .boundaries = "none", .validation_path = "rows.csv" };
    EST_NEED_OK(est_experiment_init(path, &o, &text));
    LACKS(text, "bucketized_column");
    HAS(text, "\n    input_path: rows.csv\n");
    est_text_free(text);
}

static void boundaries_where_asked(void)
{
    est_init_options o = { .label = "y", .boundaries = "quantiles", .field_delim = ';' };
    char *text;
    const char *path = EST_TEST_FILE("d.csv", "y;x\n0;1\n1;2\n1;3\n0;3\n");
    EST_NEED_OK(est_experiment_init(path, &o, &text));
    HAS(text, "      - bucketized_column: {source_column: {numeric_column: {key: x, default_value: 2.25}}, boundaries: [");
    HAS(text, "    field_delim: \";\"\n");
    est_text_free(text);
    o.boundaries = "some";
    EST_CHECK_FAILS(est_experiment_init(path, &o, &text), EST_INVALID_ARGUMENT,
                    "boundaries is 'some'; it must be auto, quantiles or none");
    EST_CHECK_FAILS(est_experiment_init(path, &(est_init_options){ 0 }, &text), EST_INVALID_ARGUMENT,
                    "a label is needed: the column that is to be learnt");
}

/* 600 rows; y is yes where g and n differ, which neither tells alone; h is a second name of g. */
static const char *either_or(void)
{
    est__buffer csv = { 0 };
    est__buffer_text(&csv, "g,n,h,k,y\n");
    for (int i = 0; i < 600; i++) {
        int g = i / 2 % 2, n = i / 4 % 2;
        est__buffer_printf(&csv, "%c,%d,%c,%d,%s\n", 'a' + g, n, 'p' + g, i % 7,
                           (g != n) == (i % 10 > 0) ? "yes" : "no");
    }
    const char *path = est_test_file("either.csv", csv.data, csv.size);
    est__buffer_free(&csv);
    return path;
}

static void crosses_where_they_pay(void)
{
    char *text;
    EST_NEED_OK(init(either_or(), "y", &text));
    HAS(text, "      - crossed_column: {keys: [g, {bucketized_column: {source_column: {numeric_column: {key: \"n\", "
              "default_value: 0.5}}, boundaries: [1]}}], hash_bucket_size: 64}\n");
    EST_CHECK(strstr(strstr(text, "crossed_column") + 1, "crossed_column") == NULL);
    est_text_free(text);
    EST_NEED_OK(est_experiment_init(est_test_path("either.csv"), &(est_init_options){ .label = "y", .no_crosses = true }, &text));
    LACKS(text, "crossed_column");
    est_text_free(text);
    EST_NEED_OK(init(EST_TEST_DATA("tutorials/data/titanic_train.csv"), "survived", &text));
    HAS(text, "      - crossed_column: {keys: [sex, class], hash_bucket_size: 64}\n");
    est_text_free(text);
}

static void memory_may_end_anywhere(void)
{
    const char *path = either_or();
    for (int64_t nth = 1; nth < 100000; nth += nth < 50 ? 1 : 13) {
        char *text;
        (void)est_test_fail_allocation(nth);
        est_status st = init(path, "y", &text);
        (void)est_test_fail_allocation(0);
        est_text_free(text);
        if (st == EST_OK)
            return;
        EST_CHECK_INT(st, EST_RESOURCE_EXHAUSTED);
        EST_CHECK(text == NULL);
    }
    EST_CHECK(false);
}

static double accuracy_of(const char *path, const char *label, const char *set)
{
    char *text;
    double accuracy = -1;
    est_experiment *x = NULL;
    est_results *r = NULL;
    if (!EST_CHECK_OK(init(path, label, &text)))
        return accuracy;
    const char *config = est_test_file("made.yaml", text, strlen(text));
    est_text_free(text);
    est_experiment_options o = { .config = EST_STRINGS(config), .set = EST_STRINGS(set, "trainer.summary_interval=0"),
                                 .model_dir = est_test_path("model") };
    if (EST_CHECK_OK(est_experiment_new(&o, &x)) && EST_CHECK_OK(est_experiment_train(x, NULL, NULL, NULL)) &&
        EST_CHECK_OK(est_experiment_evaluate(x, NULL, &r)))
        for (size_t i = 0; i < r->count; i++)
            if (!strcmp(r->name[i], "accuracy"))
                accuracy = r->value[i];
    est_results_free(r);
    est_experiment_free(x);
    return accuracy;
}

/* On the held-out rows that lie beside the file; the proposal as it stands for the small one, the first steps
 * for the large one. bench/adult.sh compares the whole run with scikit-learn's 0.849. */
static void trains_at_once(void)
{
    EST_CHECK(accuracy_of(EST_TEST_DATA("tutorials/data/titanic_train.csv"), "survived",
                          "runtime.random_seed=1") > 0.80);
}

static void trains_on_adult(void)
{
    EST_CHECK(accuracy_of(EST_TEST_DATA("tutorials/data/adult_train.csv.gz"), "income",
                          "trainer.train_steps=1000") > 0.846);
}

/* What YAML cannot hold goes into buckets; what it can is quoted. */
static void texts_of_all_kinds(void)
{
    static const char csv[] = "y,t,u\n0,\"a\nb\",\xff\n1,caf\xc3\xa9,b\n0,1e5,\xc3\n1,~,\xe2\x82\n";
    char *text;
    est_experiment *x = NULL;
    EST_NEED_OK(init(EST_TEST_FILE("d.csv", csv), "y", &text));
    HAS(text, "{key: t, vocabulary_list: [\"1e5\", \"a\\x0ab\", \"caf\xc3\xa9\", \"~\"]}\n");
    HAS(text, "{key: u, hash_bucket_size: 128}\n");
    const char *config = est_test_file("made.yaml", text, strlen(text));
    est_text_free(text);
    EST_CHECK_OK(est_experiment_new(&(est_experiment_options){ .config = EST_STRINGS(config) }, &x));
    est_experiment_free(x);
    config = EST_TEST_DATA("tests/golden/formats/examples.tfrecord");
    EST_CHECK_FAILS(init(config, "y", &text), EST_INVALID_ARGUMENT,
                    est_test_text("%s: a TFRecord file; CSV is looked at: est_convert_file and 'estimator convert' make it of that",
                                  config));
}

static void refuses_bad_files(void)
{
    static const struct { const char *csv, *message; } cases[] = {
        { "", ":1: the file is empty" },
        { "a,y\n", ": a header and no rows" },
        { "a,a\n1,2\n", ":1: two columns are named 'a'" },
        { "a,y\n1,2\n1\n", ":3: 1 field, the header has 2" },
        { "a,y\n1,\"2\n3,4\n", ":2: a quote is opened and never closed" },
        { "a,y\n1,2\"3\n", ":2: a quote inside a field that does not begin with one" },
        { "a,y\n1,7\n2,7\n", ": column 'y' holds one value alone: there is nothing to learn" },
        { "a,y\n1,7\n2,\n", ": column 'y' is empty in 1 rows: leave them out, there is nothing to learn from them" },
        { "a,y\n7,1\n7,2\n", ": no column but the label can be learnt from" },
        { "a,y\n1,\xff\n2,b\n", ": column 'y' holds texts that are no UTF-8, or longer than 200 bytes: such classes cannot "
          "stand in a configuration" },
        { "b,z\n1,7\n2,7\n", ": there is no column 'y'" },
        { "b,yy\n1,7\n2,7\n", ": there is no column 'y'; did you mean 'yy'?" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text;
        const char *path = est_test_file("d.csv", cases[i].csv, strlen(cases[i].csv));
        est_status st = init(path, "y", &text);
        EST_CHECK(st != EST_OK && text == NULL);
        EST_CHECK_STR(est_error(), est_test_text("%s%s", path, cases[i].message));
    }
}

EST_SUITE(experiment_init, EST_TEST(looks_at_columns), EST_TEST(a_mark_among_texts_is_a_value), EST_TEST(chooses_by_the_label),
          EST_TEST(looks_at_many_rows), EST_TEST(boundaries_where_asked), EST_TEST(crosses_where_they_pay), EST_TEST(memory_may_end_anywhere),
          EST_TEST(trains_at_once), EST_TEST(trains_on_adult),
          EST_TEST(texts_of_all_kinds), EST_TEST(refuses_bad_files));
