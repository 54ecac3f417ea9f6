/* Configurations to start from: what is made of each kind of column and label; what is made trains at once. */
#include <string.h>

#include <estimator/experiment.h>

#include "support/est_test.h"

#define HAS(text, part) EST_CHECK(strstr((text), (part)) != NULL || (est_test_str((text), (part), EST_HERE(part)), false))

static void looks_at_columns(void)
{
    static const char csv[] = "y,x,town,same,a b,n\n"
                              "0,1.5,York,k,1,?\n1,2.5,\"Hull, UK\",k,2,3\n1,,York,k,3,4\n0,3.5,,k,4,?\n";
    const char *path = EST_TEST_FILE("d.csv", csv);
    char *text;
    EST_NEED_OK(est_experiment_init(path, "y", &text));
    HAS(text, "model_dir: d_model\n");
    HAS(text, "    estimator: LinearClassifier\n    n_classes: 2\n");
    HAS(text, "      - numeric_column: {key: x, default_value: 2.5, normalizer_fn: {mean: 2.5, std: 0.8164966}}\n");
    HAS(text, "      - categorical_column_with_vocabulary_list: {key: town, vocabulary_list: [York, \"Hull, UK\"]}\n");
    HAS(text, "      # left out: \"same\", the same in every row\n");
    HAS(text, "      # left out: \"a b\", its name cannot be that of a variable\n");
    HAS(text, "      - numeric_column: {key: \"n\", default_value: 3.5, normalizer_fn: {mean: 3.5, std: 0.5}}\n");
    HAS(text, "    na_value: \"?\"\n");
    est_text_free(text);
}

static void chooses_by_the_label(void)
{
    static const char csv[] = "name,price,half,kind\na,10,1,x\nb,20.5,1,y\nc,30,-1,x\nd,41,-1,x\n";
    const char *path = EST_TEST_FILE("d.csv", csv);
    char *text;
    EST_NEED_OK(est_experiment_init(path, "kind", &text));
    HAS(text, "    n_classes: 2\n    label_vocabulary: [x, \"y\"]\n");
    est_text_free(text);
    EST_NEED_OK(est_experiment_init(path, "price", &text));
    HAS(text, "    estimator: LinearRegressor\n");
    est_text_free(text);
    EST_NEED_OK(est_experiment_init(path, "half", &text));
    HAS(text, "    label_vocabulary: [\"-1\", \"1\"]\n");
    est_text_free(text);
}

static void trains_at_once(void)
{
    char *text;
    est_experiment *x;
    est_train_result result;
    EST_NEED_OK(est_experiment_init(EST_TEST_DATA("tutorials/data/titanic_train.csv"), "survived", &text));
    const char *path = est_test_file("made.yaml", text, strlen(text));
    est_text_free(text);
    est_experiment_options o = { .config = EST_STRINGS(path), .set = EST_STRINGS("trainer.train_steps=20"),
                                 .model_dir = est_test_path("model") };
    EST_NEED_OK(est_experiment_new(&o, &x));
    EST_CHECK_OK(est_experiment_train(x, NULL, NULL, &result));
    EST_CHECK_INT(result.global_step, 20);
    est_experiment_free(x);
}

static void refuses_bad_files(void)
{
    static const struct { const char *csv, *message; } cases[] = {
        { "", "an empty file" },
        { "a,y\n", "a header and no rows" },
        { "a,a\n1,2\n", "two columns are called 'a'" },
        { "a,y\n1,2\n1\n", "1 fields; the header has 2" },
        { "a,y\n1,\"2\n3,4\n", "a quote is opened and not closed" },
        { "a,y\n1,2\"3\n", "a quote inside a field" },
        { "a,y\n1,7\n2,7\n", "column 'y' holds one value alone: there is nothing to learn" },
        { "b,z\n1,7\n2,7\n", "no column 'y'" },
    };
    static const int lines[] = { 0, 0, 1, 3, 2, 2, 0, 1 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text;
        const char *path = est_test_file("d.csv", cases[i].csv, strlen(cases[i].csv));
        est_status st = est_experiment_init(path, "y", &text);
        const char *wanted = lines[i] ? est_test_text("%s:%d: %s", path, lines[i], cases[i].message)
                                      : est_test_text("%s: %s", path, cases[i].message);
        EST_CHECK(st != EST_OK && text == NULL);
        EST_CHECK_STR(est_error(), wanted);
    }
}

EST_SUITE(experiment_init, EST_TEST(looks_at_columns), EST_TEST(chooses_by_the_label), EST_TEST(trains_at_once),
          EST_TEST(refuses_bad_files));
