/* Warm start: which variables of a new model come from an old one's checkpoint, where their words are now, and what is refused. */
#include <estimator/estimator.h>

#include <stdlib.h>
#include <string.h>

#include "support/est_test.h"

/* ---- old and new models over x and a word ---- */

static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    static const float x[] = { 1, 2, -1, 3 };
    static const char *const words[] = { "red", "green", "blue", "red" };
    static const int64_t labels[] = { 1, 0, 0, 1 };
    const est_shape shape = EST_SHAPE(4, 1);
    est_tensor tx = { EST_FLOAT, shape, (void *)(uintptr_t)x, NULL }, tl = { EST_INT64, shape, (void *)(uintptr_t)labels, NULL };
    est_tensor *tw;
    (void)context;
    (void)user;
    est_status st = est_tensor_new_strings(&shape, words, NULL, &tw);
    if (st == EST_OK)
        st = est_memory_dataset_new((const char *const[]){ "word", "x" }, (const est_tensor *const[]){ tw, &tx }, 2, &tl, out);
    est_tensor_free(tw);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, EST_OFF), 4, false);
    return st;
}

static est_status train(const char *dir, est_strings words, int64_t oov, int64_t n_classes, const est_warm_start_settings *w,
                        int64_t steps)
{
    est_columns *c = est_columns_new();
    est_estimator *e;
    est_vocabulary_list_options list = { .vocabulary_list = { .strings = words }, .num_oov_buckets = oov };
    est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL),
                                                                       est_categorical_column_with_vocabulary_list(c, "word", &list)),
                                        .n_classes = n_classes, .warm_start_from = w };
    est_status st = est_linear_classifier_new(&o, &((est_run_config){ .model_dir = est_test_path(dir), .num_threads = 1 }), &e);
    est_columns_free(c);
    if (st == EST_OK)
        st = est_train(e, &((est_train_options){ .input_fn = rows, .max_steps = steps }), NULL);
    est_estimator_free(e);
    return st;
}

#define OLD_WORDS EST_STRINGS("red", "green", "blue")
static const char *const word_weights = "linear/linear_model/word/weights";

static est_status train_old(void)
{
    return train("old", OLD_WORDS, 0, 2, NULL, 5);
}

/* The variable in model.ckpt-<step> of a folder. */
static const est_tensor *value(const char *dir, int step, const char *name)
{
    static est_tensor *last;
    est_checkpoint *c;
    est_tensor_free(last);
    last = NULL;
    if (EST_CHECK_OK(est_checkpoint_open(est_test_path(est_test_text("%s/model.ckpt-%d", dir, step)), &c)))
        EST_CHECK_OK(est_checkpoint_read(c, name, &last));
    est_checkpoint_free(c);
    return last;
}

static const char *numbers(const char *dir, int step, const char *name)
{
    const est_tensor *t = value(dir, step, name);
    const char *all = "";
    for (int64_t i = 0; t && i < est_shape_elements(&t->shape); i++)
        all = est_test_text("%s%s%.9g", all, i ? " " : "", (double)((const float *)t->data)[i]);
    return all;
}

static void same(const char *dir, const char *name)
{
    EST_CHECK_STR(numbers(dir, 0, name), numbers("old", 5, name));
}

/* ---- what is taken ---- */

static void trained_variables_are_taken(void)
{
    EST_NEED_OK(train_old());
    const char *const from[] = { est_test_path("old"), est_test_path("old/model.ckpt-5") };
    for (int i = 0; i < 2; i++) {
        const char *dir = i ? "by_prefix" : "by_folder";
        EST_CHECK_OK(train(dir, OLD_WORDS, 0, 2, &((est_warm_start_settings){ .ckpt_to_initialize_from = from[i] }), 1));
        same(dir, word_weights);
        same(dir, "linear/linear_model/x/weights");
        same(dir, "linear/linear_model/bias_weights");
        EST_CHECK_STR(numbers(dir, 0, "training/Ftrl/linear/linear_model/x/weights/accumulator"), "0.100000001");
        EST_CHECK_INT(*(const int64_t *)value(dir, 0, "global_step")->data, 0);
    }
}

static void patterns_choose(void)
{
    EST_NEED_OK(train_old());
    est_warm_start_settings w = { .ckpt_to_initialize_from = est_test_path("old"), .vars_to_warm_start = "linear/.*/(x|word)" };
    EST_CHECK_OK(train("one", OLD_WORDS, 0, 2, &w, 1));
    same("one", word_weights);
    EST_CHECK_STR(numbers("one", 0, "linear/linear_model/bias_weights"), "0");
    w.vars_to_warm_start = "linear_model";   /* from the name's beginning on, as in Python */
    EST_CHECK_OK(train("none", OLD_WORDS, 0, 2, &w, 1));
    EST_CHECK_STR(numbers("none", 0, word_weights), "0 0 0");
    w.all_vars_to_warm_start = EST_STRINGS("training/.*/x/.*", "linear/.*/x/");
    EST_CHECK_OK(train("slots", OLD_WORDS, 0, 2, &w, 1));
    same("slots", "training/Ftrl/linear/linear_model/x/weights/accumulator");
    same("slots", "training/Ftrl/linear/linear_model/x/weights/linear");
    same("slots", "linear/linear_model/x/weights");
    EST_CHECK_STR(numbers("slots", 0, word_weights), "0 0 0");
}

static void a_checkpoint_in_model_dir_wins(void)
{
    EST_NEED_OK(train_old());
    EST_CHECK_OK(train("new", OLD_WORDS, 0, 2, NULL, 2));
    const char *before = numbers("new", 2, word_weights);
    EST_CHECK_OK(train("new", OLD_WORDS, 0, 2, &((est_warm_start_settings){ .ckpt_to_initialize_from = est_test_path("old") }), 2));
    EST_CHECK_STR(numbers("new", 2, word_weights), before);
}

static void other_names(void)
{
    EST_NEED_OK(train_old());
    est_warm_start_settings w = { .ckpt_to_initialize_from = est_test_path("old"), .vars_to_warm_start = ".*/bias_weights",
                                  .var_name_to_prev_var_name = EST_PREV_VAR_NAMES({ "linear/linear_model/bias_weights",
                                                                                    "training/Ftrl/linear/linear_model/bias_weights/linear" }) };
    EST_CHECK_OK(train("new", OLD_WORDS, 0, 2, &w, 1));
    EST_CHECK_STR(numbers("new", 0, "linear/linear_model/bias_weights"),
                  numbers("old", 5, "training/Ftrl/linear/linear_model/bias_weights/linear"));
}

/* ---- words ---- */

static void rows_follow_their_words(void)
{
    float was[3];
    EST_NEED_OK(train_old());
    memcpy(was, value("old", 5, word_weights)->data, sizeof was);
    est_vocab_info info = { .variable = word_weights, .new_vocab = EST_TEST_FILE("is", "blue\nblack\r\nred\n"), .new_vocab_size = 3,
                            .num_oov_buckets = 2, .old_vocab = EST_TEST_FILE("was", "red\ngreen\nblue") };
    est_warm_start_settings w = { .ckpt_to_initialize_from = est_test_path("old"), .vars_to_warm_start = "",
                                  .var_name_to_vocab_info = { &info, 1 } };
    est_strings words = EST_STRINGS("blue", "black", "red");
    EST_CHECK_OK(train("zeros", words, 2, 2, &w, 1));
    EST_CHECK_STR(numbers("zeros", 0, word_weights), est_test_text("%.9g 0 %.9g 0 0", (double)was[2], (double)was[0]));
    EST_CHECK_STR(numbers("zeros", 0, "linear/linear_model/x/weights"), "0");
    info.backup_initializer = (est_initializer){ .type = "Constant", .value = 7 };
    info.old_vocab_size = 2;
    EST_CHECK_OK(train("sevens", words, 2, 2, &w, 1));
    EST_CHECK_STR(numbers("sevens", 0, word_weights), est_test_text("7 7 %.9g 7 7", (double)was[0]));
    info.backup_initializer = (est_initializer){ .type = "TruncatedNormal" };
    EST_CHECK_OK(train("random", words, 2, 2, &w, 1));
    const float *r = value("random", 0, word_weights)->data;
    EST_CHECK(r[0] != r[1] && r[1] != r[3] && r[3] != r[4] && r[2] == was[0]);
}

static void columns_follow_their_words(void)
{
    float was[3];
    EST_NEED_OK(train("old", OLD_WORDS, 0, 3, NULL, 5));
    memcpy(was, value("old", 5, "linear/linear_model/x/weights")->data, sizeof was);
    est_vocab_info info = { .variable = "linear/linear_model/x/weights", .new_vocab = EST_TEST_FILE("is", "c\nd\na\nb\n"),
                            .new_vocab_size = 4, .old_vocab = EST_TEST_FILE("was", "a\nb\nc\n"), .axis = 1,
                            .backup_initializer = { .type = "Ones" } };
    est_warm_start_settings w = { .ckpt_to_initialize_from = est_test_path("old"), .vars_to_warm_start = "",
                                  .var_name_to_vocab_info = { &info, 1 } };
    EST_CHECK_OK(train("new", OLD_WORDS, 0, 4, &w, 1));
    EST_CHECK_STR(numbers("new", 0, info.variable), est_test_text("%.9g 1 %.9g %.9g", (double)was[2], (double)was[0], (double)was[1]));
}

/* ---- what is refused ---- */

static void variables_must_fit(void)
{
    EST_NEED_OK(train_old());
    est_warm_start_settings w = { .ckpt_to_initialize_from = est_test_path("old") };
    EST_CHECK_FAILS(train("a", EST_STRINGS("red", "green"), 0, 2, &w, 1), EST_INVALID_ARGUMENT,
                    est_test_text("warm_start_from: %s: variable 'linear/linear_model/word/weights' is [3,1], "
                                  "'linear/linear_model/word/weights' of the new model [2,1]: leave it out by vars_to_warm_start, or tell "
                                  "by var_name_to_vocab_info which words its rows are", est_test_path("old/model.ckpt-5")));
    w.var_name_to_prev_var_name = EST_PREV_VAR_NAMES({ "linear/linear_model/x/weights", "linear/linear_model/y/weights" });
    EST_CHECK_FAILS(train("b", OLD_WORDS, 0, 2, &w, 1), EST_NOT_FOUND,
                    est_test_text("warm_start_from: %s: there is no variable 'linear/linear_model/y/weights', which "
                                  "'linear/linear_model/x/weights' is to start from (is 'linear/linear_model/x/weights' meant?); "
                                  "vars_to_warm_start chooses variables, var_name_to_prev_var_name tells old names",
                                  est_test_path("old/model.ckpt-5")));
    w.var_name_to_prev_var_name = EST_PREV_VAR_NAMES({ "linear/x", "linear/linear_model/x/weights" });
    EST_CHECK_FAILS(train("c", OLD_WORDS, 0, 2, &w, 1), EST_INVALID_ARGUMENT,
                    "warm_start_from: var_name_to_prev_var_name names 'linear/x', which is not among the variables that are "
                    "warm-started: 'linear/linear_model/word/weights', 'linear/linear_model/x/weights', 'linear/linear_model/bias_weights'");
    w.ckpt_to_initialize_from = est_test_path("nothing");
    EST_CHECK(train("d", OLD_WORDS, 0, 2, &w, 1) == EST_NOT_FOUND);
}

static void settings_must_fit(void)
{
    est_warm_start_settings w = { 0 };
    EST_CHECK_FAILS(train("a", OLD_WORDS, 0, 2, &w, 1), EST_INVALID_ARGUMENT,
                    "LinearClassifier: warm_start_from: ckpt_to_initialize_from is missing: a checkpoint's prefix, a folder with "
                    "checkpoints, or a SavedModel");
    w.ckpt_to_initialize_from = "x";
    w.vars_to_warm_start = "(a";
    EST_CHECK(train("a", OLD_WORDS, 0, 2, &w, 1) == EST_INVALID_ARGUMENT);
    EST_CHECK(strncmp(est_error(), "LinearClassifier: vars_to_warm_start '(a' is no regular expression", 66) == 0);
    w.vars_to_warm_start = "((a{9999}){9999}){9999}";
    EST_CHECK_FAILS(train("a", OLD_WORDS, 0, 2, &w, 1), EST_INVALID_ARGUMENT,
                    "LinearClassifier: vars_to_warm_start '((a{9999}){9999}){9999}' is too long, or counts more than one repeat");
    w.vars_to_warm_start = NULL;
    est_vocab_info info = { .variable = "w", .new_vocab = "n", .new_vocab_size = 2, .old_vocab = "o", .axis = 2 };
    w.var_name_to_vocab_info = (est_vocab_infos){ &info, 1 };
    EST_CHECK_FAILS(train("a", OLD_WORDS, 0, 2, &w, 1), EST_INVALID_ARGUMENT,
                    "LinearClassifier: var_name_to_vocab_info 'w': axis is 2; it must be at most 1");
}

static void vocabularies_must_fit(void)
{
    EST_NEED_OK(train_old());
    est_vocab_info info = { .variable = word_weights, .new_vocab = EST_TEST_FILE("is", "blue\nblue\nred\n"), .new_vocab_size = 3,
                            .old_vocab = EST_TEST_FILE("was", "red\ngreen\nblue\nwhite\n") };
    est_warm_start_settings w = { .ckpt_to_initialize_from = est_test_path("old"), .var_name_to_vocab_info = { &info, 1 } };
    EST_CHECK_FAILS(train("a", OLD_WORDS, 0, 2, &w, 1), EST_INVALID_ARGUMENT,
                    est_test_text("warm_start_from: variable 'linear/linear_model/word/weights': %s:2: \"blue\" stands there twice",
                                  est_test_path("is")));
    info.new_vocab = EST_TEST_FILE("short", "blue\nred");
    EST_CHECK_FAILS(train("a", OLD_WORDS, 0, 2, &w, 1), EST_INVALID_ARGUMENT,
                    est_test_text("warm_start_from: variable 'linear/linear_model/word/weights': %s: 3 words are wanted, it has 2",
                                  est_test_path("short")));
    info.new_vocab = EST_TEST_FILE("longer", "blue\nred\nwhite");
    EST_CHECK_FAILS(train("a", OLD_WORDS, 0, 2, &w, 1), EST_INVALID_ARGUMENT,
                    est_test_text("warm_start_from: variable 'linear/linear_model/word/weights': \"white\" is word 4 of %s, the variable "
                                  "had 3", est_test_path("was")));
    info.new_vocab_size = 2;
    EST_CHECK_FAILS(train("a", OLD_WORDS, 0, 2, &w, 1), EST_INVALID_ARGUMENT,
                    "warm_start_from: variable 'linear/linear_model/word/weights': new_vocab_size 2 and num_oov_buckets 0 make 2 rows, it "
                    "is [3,1]");
}

EST_SUITE(estimators_warm_start, EST_TEST(trained_variables_are_taken), EST_TEST(patterns_choose),
          EST_TEST(a_checkpoint_in_model_dir_wins), EST_TEST(other_names), EST_TEST(rows_follow_their_words),
          EST_TEST(columns_follow_their_words), EST_TEST(variables_must_fit), EST_TEST(settings_must_fit),
          EST_TEST(vocabularies_must_fit));
