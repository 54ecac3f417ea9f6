/* What a training writes for TensorBoard: tf.estimator's tags at its steps, and no bit of the model depends on it. */
#include <estimator/estimator.h>

#include <math.h>

#include "base/base.h"
#include "formats/event.h"
#include "support/est_test.h"
#include "train/small.h"

/* "1:loss=0.693,bias=0,… 3:…", with "*" for a histogram; loss by its name alone. */
static void read_tags(const char *dir, est__buffer *out)
{
    est__names files = { 0 };
    est__event_reader *reader = NULL;
    const Tensorflow__Event *e;
    char pattern[600];
    snprintf(pattern, sizeof pattern, "%s/events.out.tfevents.*", dir);
    EST_NEED_OK(est__glob(pattern, &files));
    EST_NEED(files.count == 1);
    EST_NEED_OK(est__event_open(files.name[0], &reader));
    while (est__event_next(reader, &e) == EST_OK) {
        const Tensorflow__Summary *s = e->what_case == TENSORFLOW__EVENT__WHAT_SUMMARY ? e->summary : NULL;
        for (size_t i = 0; s && i < s->n_value; i++) {
            const Tensorflow__Summary__Value *v = s->value[i];
            est__buffer_printf(out, "%lld:%s", (long long)e->step, v->tag);
            if (v->value_case == TENSORFLOW__SUMMARY__VALUE__VALUE_HISTO)
                est__buffer_printf(out, "*%g", v->histo->num);
            else if (strcmp(v->tag, "loss") != 0)
                est__buffer_printf(out, "=%.3g", (double)v->simple_value);
            est__buffer_text(out, " ");
        }
    }
    est__event_close(reader);
    est__names_free(&files);
}

static est_estimator *classifier(const char *dir, int64_t n_classes, int64_t every)
{
    est_columns *c = est_columns_new();
    est_estimator *e = NULL;
    est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL),
                                                                       est_numeric_column(c, "y", NULL)),
                                        .n_classes = n_classes };
    est_run_config config = { .model_dir = dir, .save_summary_steps = every, .log_step_count_steps = EST_OFF };
    EST_CHECK_OK(est_linear_classifier_new(&o, &config, &e));
    est_columns_free(c);
    return e;
}

static void train(const char *dir, int64_t n_classes, int64_t every, int64_t steps)
{
    est_estimator *e = classifier(dir, n_classes, every);
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = steps }), NULL));
    est_estimator_free(e);
}

/* The value of one element that a variable has after that many steps. */
static float trained(int64_t every, int64_t steps, const char *name)
{
    est_tensor *value = NULL;
    const char *dir = est_test_path(est_test_text("every%lldto%lld", (long long)every, (long long)steps));
    train(dir, 2, every, steps);
    est_estimator *e = classifier(dir, 2, every);
    EST_CHECK_OK(est_get_variable_value(e, name, &value));
    float v = value ? *(const float *)value->data : NAN;
    est_tensor_free(value);
    est_estimator_free(e);
    return v;
}

static void linear_models_show_bias_and_sparsity(void)
{
    est__buffer two = { 0 }, three = { 0 };
    train(est_test_path("two"), 2, 3, 4);
    read_tags(est_test_path("two"), &two);
    EST_CHECK_STR(two.data, est_test_text("1:loss 1:bias=0 1:fraction_of_zero_weights=1 "
                                          "4:loss 4:bias=%.3g 4:fraction_of_zero_weights=0 ",
                                          (double)trained(EST_OFF, 3, "linear/linear_model/bias_weights")));
    train(est_test_path("three"), 3, 2, 4);
    read_tags(est_test_path("three"), &three);
    EST_CHECK_STR(three.data, "1:bias*3 1:loss 1:fraction_of_zero_weights=1 "
                              "3:bias*3 3:loss 3:fraction_of_zero_weights=0 ");
    est__buffer_free(&two);
    est__buffer_free(&three);
}

static void bits_do_not_depend_on_them(void)
{
    float with = trained(1, 4, "linear/linear_model/x/weights"), without = trained(EST_OFF, 4, "linear/linear_model/x/weights");
    EST_CHECK(with != 0 && with == without);
}

EST_SUITE(train_summaries, EST_TEST(linear_models_show_bias_and_sparsity), EST_TEST(bits_do_not_depend_on_them));
