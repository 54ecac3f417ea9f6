/* The plans of a whole model, line by line: LinearClassifier over seven columns of the Titanic data, trained
 * with Ftrl. A change of linear_binary.plan is a change of what every step of training does: look at it. */
#include <stdlib.h>

#include <estimator/estimators.h>

#include "estimators/estimator.h"
#include "support/est_test.h"

static est_status titanic(const est_input_context *context, est_dataset **out, void *user)
{
    static const est_feature features[] = {
        { .name = "survived", .dtype = EST_INT64, .shape = { .rank = 0 } },
        { .name = "age", .dtype = EST_FLOAT, .shape = { .rank = 1, .dim = { 1 } } },
        { .name = "fare", .dtype = EST_FLOAT, .shape = { .rank = 1, .dim = { 1 } } },
        { .name = "n_siblings_spouses", .dtype = EST_FLOAT, .shape = { .rank = 1, .dim = { 1 } } },
        { .name = "sex", .dtype = EST_STRING },
        { .name = "class", .dtype = EST_STRING },
        { .name = "embark_town", .dtype = EST_STRING },
        { .name = "parch", .dtype = EST_INT64 },
    };
    (void)context;
    (void)user;
    const char *path = EST_TEST_DATA("tutorials/data/titanic_train.csv");
    EST_TRY(
        est_csv_dataset_new(&((est_csv_options){ .input_path = EST_STRINGS(path),
                                                 .features = { features, sizeof features / sizeof *features },
                                                 .label = EST_STRINGS("survived") }),
                            out));
    est_dataset_batch(est_dataset_repeat(*out, EST_OFF), 32, false);
    return EST_OK;
}

static est_status new_classifier(est_estimator **out)
{
    est_columns *c = est_columns_new();
    est_column *columns[] = {
        est_numeric_column(
            c, "age",
            &((est_numeric_column_options){
                .default_value = EST_FLOATS(30.0),
                .normalizer_fn = { .kind = EST_NORMALIZE_MEAN_STD, .mean = 29.9, .std = 14.4 } })),
        est_numeric_column(
            c, "fare",
            &((est_numeric_column_options){
                .normalizer_fn = { .kind = EST_NORMALIZE_MIN_MAX, .min = 0, .max = 512.3292 } })),
        est_numeric_column(c, "n_siblings_spouses", NULL),
        est_categorical_column_with_vocabulary_list(
            c, "sex",
            &((est_vocabulary_list_options){ .vocabulary_list = { EST_STRINGS("male", "female"), { 0 } } })),
        est_categorical_column_with_vocabulary_list(
            c, "class",
            &((est_vocabulary_list_options){
                .vocabulary_list = { EST_STRINGS("First", "Second", "Third"), { 0 } } })),
        est_categorical_column_with_hash_bucket(c, "embark_town",
                                                &((est_hash_bucket_options){ .hash_bucket_size = 32 })),
        est_categorical_column_with_identity(
            c, "parch", &((est_identity_options){ .num_buckets = 6, .default_value = EST_INTS(5) })),
    };
    est_optimizer *ftrl = NULL;
    est_status st = est_ftrl_optimizer_new(&(est_ftrl_options){ .learning_rate = 0.2 }, &ftrl);
    if (st == EST_OK)
        st = est_linear_classifier_new(
            &((est_linear_classifier_options){ .feature_columns = { columns, 7 }, .optimizer = ftrl }),
            &((est_run_config){ .model_dir = est_test_path("model"), .tf_random_seed = 1 }), out);
    est_optimizer_free(ftrl);
    est_columns_free(c);
    return st;
}

/* The model in training, with its two plans and a run of each. */
typedef struct training {
    est_dataset *data;
    est__model *model;
    est__plan *early, *late;
    est__run *early_run, *late_run;
} training;

static est_status begin(training *t, est_estimator *e)
{
    *t = (training){ 0 };
    EST_TRY(est__estimator_dataset(e, EST_TRAIN, titanic, NULL, &t->data));
    EST_TRY(est__model_new(e, EST_TRAIN, t->data, NULL, &t->model));
    const est__model *m = t->model;
    EST_TRY(est__plan_split(m->graph,
                            &(est__plan_options){ .resources = m->session->resources,
                                                  .feeds = { m->in.feeds, m->in.num_feeds },
                                                  .fetches = EST_NODES(m->spec->loss),
                                                  .targets = EST_NODES(m->spec->train_op),
                                                  .checked = m->spec->loss },
                            &t->early, &t->late, NULL));
    EST_TRY(est__run_new(t->early, NULL, &t->early_run));
    EST_TRY(est__run_new(t->late, NULL, &t->late_run));
    return est__session_start(m->session, NULL);
}

static void end(training *t)
{
    est__run_free(t->early_run);
    est__run_free(t->late_run);
    est__plan_free(t->early);
    est__plan_free(t->late);
    est__model_free(t->model);
    est_dataset_free(t->data);
}

static est_status step(training *t, uint64_t number)
{
    const est_batch *b;
    const est_tensor *feeds[16], *between[32];
    EST_TRY(est_dataset_next(t->data, &b));
    for (size_t i = 0; i < t->model->in.num_feeds; i++)
        feeds[i] = est__batch_feed(b, t->model->in.feed[i]);
    EST_TRY(est__run_step(t->early_run, feeds, number));
    for (size_t i = 0; i < est__plan_fetches(t->early); i++)
        between[i] = est__run_fetch(t->early_run, i);
    return est__run_step(t->late_run, between, number);
}

static void is_as_recorded(void)
{
    est_estimator *e;
    training t;
    est__buffer got = { 0 };
    char *wanted;
    size_t n;
    EST_NEED_OK(new_classifier(&e));
    if (EST_CHECK_OK(begin(&t, e)) &&
        EST_CHECK_OK(est__file_read(EST_TEST_DATA("tests/runtime/linear_binary.plan"), 0, &wanted, &n))) {
        est__buffer_text(&got, "# early: on the input thread\n");
        est__plan_print(t.early, &got);
        est__buffer_text(&got, "# late: the step\n");
        est__plan_print(t.late, &got);
        if (strcmp(got.data, wanted) != 0) {
            const char *path = est_test_text("%s/linear_binary.plan", est_test_build_dir());
            est__file_put(path, got.data, got.size);
            EST_CHECK_STR(path, "tests/runtime/linear_binary.plan");
        }
        est__free(wanted);
    }
    end(&t);
    est__buffer_free(&got);
    est_estimator_free(e);
}

/* The losses of some steps, and what the profile says when there is one. */
static void losses_of(est_estimator *e, bool profiled, float *losses, int steps, est__buffer *profile)
{
    training t;
    if (EST_CHECK_OK(begin(&t, e)) && (!profiled || EST_CHECK_OK(est__run_profile(t.late_run))))
        for (int i = 0; i < steps && EST_CHECK_OK(step(&t, (uint64_t)i)); i++)
            losses[i] = *(const float *)est__run_fetch(t.late_run, 0)->data;
    if (profiled)
        est__run_print(t.late_run, profile);
    end(&t);
}

/* The first number before `unit` in the line that holds `op`; -1: none. */
static double figure(const char *profile, const char *op, const char *unit)
{
    const char *at = strstr(profile, op);
    while (at && at > profile && at[-1] != '\n')
        at--;
    const char *end_of_number = at ? strstr(at, unit) : NULL;
    while (end_of_number && end_of_number > at && end_of_number[-1] != ' ')
        end_of_number--;
    return end_of_number ? strtod(end_of_number, NULL) : -1;
}

static void profiled_gives_the_same_bits(void)
{
    enum { STEPS = 50 };
    est_estimator *e;
    float plain[STEPS], timed[STEPS];
    est__buffer profile = { 0 };
    EST_NEED_OK(new_classifier(&e));
    losses_of(e, false, plain, STEPS, NULL);
    losses_of(e, true, timed, STEPS, &profile);
    EST_CHECK_BYTES(timed, sizeof timed, plain, sizeof plain);
    EST_CHECK(figure(profile.data, "MatMul(", " us ") > 0);
    EST_CHECK_INT(figure(profile.data, "ReadVariableOp(", " B "), 0);   /* lent by the variable */
    EST_CHECK_INT(figure(profile.data, "Sigmoid+Sub+Mul(", " B "), 32 * sizeof(float));
    EST_CHECK(figure(profile.data, "sum ", " us ") >= figure(profile.data, "MatMul(", " us "));
    est__buffer_free(&profile);
    est_estimator_free(e);
}

EST_SUITE(runtime_linear_binary, EST_TEST(is_as_recorded), EST_TEST(profiled_gives_the_same_bits));
