/* Searches: the trials and their scores, on threads and in processes alike; what is refused. */
#include <estimator/tune.h>

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "experiment/ages.h"
#include "support/est_test.h"

static const char *config(void)
{
    EST_TEST_FILE("train.csv", csv);
    return EST_TEST_FILE("c.yaml", base);
}

static void check_same(const est_tune_result *a, const est_tune_result *b)
{
    EST_NEED(EST_CHECK_INT(a->count, b->count));
    for (size_t i = 0; i < a->count; i++) {
        EST_CHECK_INT(a->trial[i].number, b->trial[i].number);
        EST_CHECK(a->trial[i].score == b->trial[i].score && a->trial[i].deviation == b->trial[i].deviation);
        EST_CHECK_STR(a->trial[i].value[0], b->trial[i].value[0]);
    }
}

/* The score of plain training and evaluating with these settings. */
static double plain_score(const char *path, est_strings set)
{
    est_experiment *x;
    est_results *r = NULL;
    double loss = NAN;
    if (!EST_CHECK_OK(est_experiment_new(&((est_experiment_options){ .config = EST_STRINGS(path), .set = set,
                                                                     .model_dir = est_test_path("plain") }), &x)))
        return loss;
    EST_CHECK_OK(est_experiment_train(x, NULL, NULL, NULL));
    EST_CHECK_OK(est_experiment_evaluate(x, NULL, &r));
    for (size_t i = 0; r && i < r->count; i++)
        if (strcmp(r->name[i], "average_loss") == 0)
            loss = r->value[i];
    est_results_free(r);
    est_experiment_free(x);
    return loss;
}

static void a_grid_tries_everything(void)
{
    const char *path = config();
    est_tune_result *r = NULL;
    est_tune_options o = { .config = EST_STRINGS(path), .method = "grid", .dir = est_test_path("t"), .jobs = 1,
                           .search = EST_STRINGS("task.model.optimizer.learning_rate=[0.01, 0.3, 0.1]",
                                                 "task.train_data.batch_size, task.validation_data.batch_size=[2, 3]") };
    EST_NEED_OK(est_tune(&o, &r));
    EST_CHECK_INT(r->count, 6);
    bool seen[6] = { 0 };
    for (size_t i = 0; i < r->count; i++) {
        seen[r->trial[i].number] = true;
        EST_CHECK(i == 0 || r->trial[i - 1].score <= r->trial[i].score);
        EST_CHECK(r->trial[i].error == NULL && r->trial[i].steps == 9 && r->trial[i].deviation == 0);
        EST_CHECK_STR(r->trial[i].value[1], r->trial[i].number % 2 ? "3" : "2");
    }
    for (int i = 0; i < 6; i++)
        EST_CHECK(seen[i]);
    const est_trial *t = &r->trial[0];
    const char *rate = est_test_text("task.model.optimizer.learning_rate=%s", t->value[0]),
               *train = est_test_text("task.train_data.batch_size=%s", t->value[1]),
               *held_out = est_test_text("task.validation_data.batch_size=%s", t->value[1]);
    EST_CHECK_NEAR(plain_score(path, EST_STRINGS(rate, train, held_out)), t->score, 1e-12);
    est_tune_result_free(r);
}

static void the_same_on_threads_and_in_processes(void)
{
    const char *path = config();
    est_tune_result *one = NULL, *four = NULL, *again = NULL, *processes = NULL;
    est_tune_options o = { .config = EST_STRINGS(path), .trials = 7, .folds = 3, .seed = 5, .jobs = 1, .dir = est_test_path("one"),
                           .search = EST_STRINGS("task.model.optimizer.learning_rate={log_uniform: [0.001, 1]}",
                                                 "task.train_data.batch_size={int_uniform: [1, 4]}") };
    EST_CHECK_OK(est_tune(&o, &one));
    o.jobs = 4;
    EST_CHECK_OK(est_tune(&o, &again));        /* goes on where everything is done */
    o.dir = est_test_path("four");
    EST_CHECK_OK(est_tune(&o, &four));
    o.dir = est_test_path("processes");
    o.command = est_test_text("%s/estimator", est_test_build_dir());
    o.jobs = 2;
    o.trials = 3;
    bool built = est__is_file(o.command);
    if (built)
        EST_CHECK_OK(est_tune(&o, &processes));
    EST_NEED(one && four && again);
    check_same(one, four);
    check_same(one, again);
    EST_CHECK(one->trial[0].deviation > 0);
    for (size_t i = 0; built && processes && i < processes->count; i++)
        for (size_t j = 0; j < one->count; j++)
            if (one->trial[j].number == processes->trial[i].number)
                EST_CHECK_NEAR(processes->trial[i].score, one->trial[j].score, 1e-6);   /* printed as float32 */
    est_tune_result_free(one);
    est_tune_result_free(four);
    est_tune_result_free(again);
    est_tune_result_free(processes);
}

static void halving_drops_the_worse(void)
{
    const char *path = config();
    est_tune_result *r = NULL;
    est_tune_options o = { .config = EST_STRINGS(path), .method = "halving", .trials = 9, .dir = est_test_path("t"), .jobs = 2,
                           .search = EST_STRINGS("task.model.optimizer.learning_rate={uniform: [0.001, 0.5]}") };
    EST_NEED_OK(est_tune(&o, &r));
    static const int64_t steps[] = { 9, 3, 3, 1, 1, 1, 1, 1, 1 };
    for (size_t i = 0; i < 9; i++)
        EST_CHECK_INT(r->trial[i].steps, steps[i]);
    est_tune_result_free(r);
}

typedef struct seen { int64_t calls, failed; } seen;

static void each(const est_trial *t, int64_t done, int64_t all, void *user)
{
    seen *s = user;
    s->failed += t->error != NULL;
    EST_CHECK(done == ++s->calls && all == 2);
}

static bool at_once(void *user)
{
    (void)user;
    return true;
}

static void failures(void)
{
    const char *path = config();
    est_tune_result *r = NULL;
    seen s = { 0 };
    est_tune_options o = { .config = EST_STRINGS(path), .method = "grid", .dir = est_test_path("t"), .jobs = 1, .each = each, .user = &s,
                           .search = EST_STRINGS("task.model.optimizer.learning_rate=[0.1, -1]") };
    EST_NEED_OK(est_tune(&o, &r));
    EST_CHECK(s.calls == 2 && s.failed == 1 && r->trial[0].error == NULL && isnan(r->trial[1].score));
    EST_CHECK(r->trial[1].error && strstr(r->trial[1].error, "learning_rate is -1"));
    est_tune_result_free(r);
    o.each = NULL;
    o.search = EST_STRINGS("task.model.optimizer.learning_rate=[0.2]");
    EST_CHECK_FAILS(est_tune(&o, &r), EST_FAILED_PRECONDITION,
                    est_test_text("every trial failed; trial 0: %s/trial-0/trial.yaml: another search was at work here: remove %s, or choose "
                                  "another folder", o.dir, o.dir));
    o.dir = est_test_path("u");
    o.metric = "average_los";
    EST_CHECK(est_tune(&o, &r) == EST_FAILED_PRECONDITION && strstr(est_error(), "there is no metric 'average_los'; there are accuracy, "));
    o.cancelled = at_once;
    o.metric = NULL;
    o.dir = est_test_path("v");
    EST_CHECK(est_tune(&o, &r) == EST_CANCELLED && r == NULL);
}

static void refuses(void)
{
    const char *path = config();
    static const struct { const char *search, *method, *message; } cases[] = {
        { "a.b", NULL, "'a.b' is no PATH=VALUES" },
        { "=[1]", NULL, "'=[1]': the name of a key is empty" },
        { "a=[]", NULL, "'a': the list is empty" },
        { "a=5", NULL, "'a': wanted is a list of values, or a range like {log_uniform: [0.001, 1]}" },
        { "a={log_uniform: [0, 1]}", NULL, "'a': log_uniform takes numbers above 0" },
        { "a={uniform: [2, 1]}", NULL, "'a': a range goes from the smaller number to the greater one" },
        { "a={normal: [2, 1]}", NULL,
          "'a': a range is written {uniform: [a, b]}, {log_uniform: [a, b]}, {int_uniform: [a, b]} or {log_int_uniform: [a, b]}" },
        { "a={uniform: [1, 2]}", "grid", "'a': a grid takes lists of values, no ranges" },
        { "a=[1]", "best", "tune: method is 'best'; there are random, grid and halving" } };
    est_tune_result *r;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        est_tune_options o = { .config = EST_STRINGS(path), .method = cases[i].method, .dir = est_test_path("t"),
                               .search = { &cases[i].search, 1 } };
        EST_CHECK_FAILS(est_tune(&o, &r), EST_INVALID_ARGUMENT, cases[i].message);
    }
    est_tune_options o = { .config = EST_STRINGS(path), .dir = est_test_path("t"), .search = EST_STRINGS("a=[1]"), .folds = 1 };
    EST_CHECK_FAILS(est_tune(&o, &r), EST_INVALID_ARGUMENT, "tune: folds is 1; it must be 2 at least");
    o = (est_tune_options){ .config = EST_STRINGS("-"), .dir = est_test_path("t"), .search = EST_STRINGS("a=[1]") };
    EST_CHECK_FAILS(est_tune(&o, &r), EST_INVALID_ARGUMENT, "tune: the configuration is read once a trial, so it must be a file");
}

EST_SUITE(experiment_tune, EST_TEST(a_grid_tries_everything), EST_TEST(the_same_on_threads_and_in_processes),
          EST_TEST(halving_drops_the_worse), EST_TEST(failures), EST_TEST(refuses));
