/* Hooks, listeners, early stopping and evaluations of estimators that train in their own way (boosted trees, k-means, SDCA): as with the
 * others. */
#include <estimator/estimator.h>

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "support/est_test.h"

enum { ROWS = 64 };

static est_status give_rows(const est_input_context *context, est_dataset **out, void *user)
{
    float x[ROWS], y[ROWS];
    char text[ROWS][4];
    const char *id[ROWS];
    est_shape rows = EST_SHAPE(ROWS);
    est_tensor *ids = NULL;
    (void)user;
    for (int i = 0; i < ROWS; i++) {
        x[i] = (float)(i * 37 % ROWS);
        y[i] = x[i] > 20;
        snprintf(text[i], sizeof text[i], "%d", i % ROWS);
        id[i] = text[i];
    }
    EST_CHECK_OK(est_tensor_new_strings(&rows, id, NULL, &ids));
    est_tensor tx = { EST_FLOAT, EST_SHAPE(ROWS, 1), x, NULL }, ty = { EST_FLOAT, EST_SHAPE(ROWS), y, NULL };
    est_status st = est_memory_dataset_new((const char *const[]){ "x", "id" }, (const est_tensor *const[]){ &tx, ids }, 2, &ty, out);
    if (st == EST_OK && !context->whole_input && context->mode == EST_TRAIN)
        est_dataset_repeat(*out, EST_OFF);
    if (st == EST_OK)
        est_dataset_batch(*out, 16, false);
    est_tensor_free(ids);
    return st;
}

typedef enum kind { LINEAR, TREES, KMEANS, SDCA } kind;

static est_estimator *make(kind k, const char *dir)
{
    est_estimator *e = NULL;
    est_columns *c = est_columns_new();
    est_column_list x = EST_COLUMNS(est_numeric_column(c, "x", NULL));
    est_run_config config = { .model_dir = est_test_path(dir), .save_checkpoints_steps = 2, .save_summary_steps = 2,
                              .log_step_count_steps = 2, .num_threads = 1 };
    est_boosted_trees_regressor_options trees = { .feature_columns = x, .trees = { .n_trees = 8, .learning_rate = 0.5 } };
    est_optimizer *sdca = NULL;
    if (k == SDCA)
        EST_CHECK_OK(est_linear_sdca_new(&(est_linear_sdca_options){ .example_id_column = "id" }, &sdca));
    est_linear_regressor_options linear = { .feature_columns = x, .optimizer = sdca };
    if (k == TREES)
        EST_CHECK_OK(est_boosted_trees_regressor_new(&trees, &config, &e));
    else if (k == KMEANS)
        EST_CHECK_OK(est_kmeans_new((&(est_kmeans_options){ .feature_columns = x, .num_clusters = 2 }), &config, &e));
    else
        EST_CHECK_OK(est_linear_regressor_new(&linear, &config, &e));
    est_optimizer_free(sdca);
    est_columns_free(c);
    return e;
}

/* ---- the order of moments ---- */

typedef struct teller {
    est__buffer text;
    int64_t stop_at, fail_at;     /* 0: nowhere */
} teller;

static est_status tell(est_run_context *c, void *user, const char *what)
{
    teller *t = user;
    est__buffer_printf(&t->text, "%s %lld\n", what, (long long)est_run_global_step(c));
    return EST_OK;
}

#define MOMENT(name, what) \
    static est_status name(est_run_context *c, void *user) { return tell(c, user, what); }
MOMENT(hook_begin, "begin")
MOMENT(hook_created, "created")
MOMENT(hook_before, "before_run")
MOMENT(hook_end, "end")
MOMENT(saving_begin, "saving begin")
MOMENT(before_save, "before_save")
MOMENT(after_save, "after_save")
MOMENT(saving_end, "saving end")

static est_status hook_after(est_run_context *c, void *user)
{
    const teller *t = user;
    if (est_run_global_step(c) == t->stop_at)
        est_run_request_stop(c);
    if (est_run_global_step(c) == t->fail_at)
        return est_run_fail(c, EST_ABORTED, "so it is");
    return tell(c, user, "after_run");
}

/* Trains with a hook and a listener; what they have told, until the end of the test. */
static const char *order(kind k, const char *dir, teller t, int64_t max_steps)
{
    est_estimator *e = make(k, dir);
    est_hook *h = NULL;
    EST_CHECK_OK(est_hook_new((&(est_hook_options){ .name = "teller", .begin = hook_begin, .after_create_session = hook_created,
                                                    .before_run = hook_before, .after_run = hook_after, .end = hook_end, .user = &t }), &h));
    est_train_options o = { .input_fn = give_rows, .max_steps = max_steps, .hooks = EST_HOOKS(h),
                            .saving_listeners = EST_SAVING_LISTENERS({ saving_begin, before_save, after_save, saving_end, &t }) };
    est_status st = est_train(e, &o, NULL);
    const char *told = est_test_text("%s%s\n", t.text.data ? t.text.data : "", st == EST_OK ? "" : est_error());
    EST_CHECK(est__is_file(est_test_path(est_test_text("%s/checkpoint", dir))));
    est__buffer_free(&t.text);
    est_hook_free(h);
    est_estimator_free(e);
    return told;
}

static void moments_as_of_the_others(void)
{
    static const struct { int64_t stop_at, fail_at, max_steps; } runs[] = { { 0, 0, 5 }, { 0, 0, 4 }, { 3, 0, 7 }, { 0, 3, 7 } };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        teller t = { .stop_at = runs[i].stop_at, .fail_at = runs[i].fail_at };
        const char *wanted = order(LINEAR, est_test_text("l%zu", i), t, runs[i].max_steps);
        EST_CHECK_STR(order(TREES, est_test_text("t%zu", i), t, runs[i].max_steps), wanted);
        EST_CHECK_STR(order(SDCA, est_test_text("s%zu", i), t, runs[i].max_steps), wanted);
        if (i != 3)
            EST_CHECK(strstr(wanted, "saving end") != NULL);
    }
    EST_CHECK_STR(order(KMEANS, "k", (teller){ .stop_at = 3 }, 7), order(LINEAR, "l", (teller){ .stop_at = 3 }, 7));
}

/* ---- built-in hooks ---- */

static est_status train_with(const char *dir, est_hook *h, int64_t max_steps, int64_t *step)
{
    est_estimator *e = make(TREES, dir);
    est_train_result r;
    est_status st = est_train(e, &((est_train_options){ .input_fn = give_rows, .max_steps = max_steps, .hooks = EST_HOOKS(h) }), &r);
    const char *error = est_test_text("%s", est_error());
    *step = r.global_step;
    est_hook_free(h);
    est_estimator_free(e);
    return st == EST_OK ? EST_OK : est__fail(st, "%s", error);
}

typedef struct looker {
    size_t loss;
    float first, last;
    bool other;
} looker;

static est_status look_begin(est_run_context *c, void *user)
{
    looker *l = user;
    est_node *other = est_read(est_run_graph(c), est_graph_variable(est_run_graph(c), "boosted_trees/bias"));
    l->loss = est_run_fetch(c, l->other ? other : est_run_loss(c));
    return EST_OK;
}

static est_status look_after(est_run_context *c, void *user)
{
    looker *l = user;
    const est_tensor *v = est_run_value(c, l->loss);
    if (EST_CHECK(v != NULL))
        l->last = *(const float *)v->data;
    l->first = est_run_global_step(c) == 1 ? l->last : l->first;
    return EST_OK;
}

static void built_in_hooks(void)
{
    est_hook *h = NULL;
    looker l = { 0 }, other = { .other = true };
    int64_t step;
    EST_CHECK_OK(est_stop_at_step_hook_new(2, 0, &h));
    EST_CHECK_OK(train_with("stop", h, 0, &step));
    EST_CHECK_INT(step, 2);
    EST_CHECK_OK(est_nan_tensor_hook_new(&(est_nan_tensor_options){ .stops = true }, &h));
    EST_CHECK_OK(train_with("nan", h, 3, &step));
    EST_CHECK_OK(est_summary_saver_hook_new((&(est_summary_saver_options){ .tensors = EST_HOOK_TENSORS({ .name = "boosted_trees/logits" }),
                                                                           .save_steps = 1, .output_dir = est_test_path("s") }), &h));
    EST_CHECK_FAILS(train_with("summary", h, 3, &step), EST_UNIMPLEMENTED,
                    "BoostedTreesRegressor: a hook asks each step for 'boosted_trees/logits'; trees grow outside of the graph, where a step has "
                    "a loss, and no other value");
    EST_CHECK_OK(est_profiler_hook_new(&(est_profiler_options){ .save_steps = 1, .output_dir = est_test_path("p") }, &h));
    EST_CHECK_FAILS(train_with("profile", h, 5, &step), EST_UNIMPLEMENTED,
                    "hook 'ProfilerHook': this estimator trains outside of the graph: there are no operations to profile");
    EST_CHECK_OK(est_hook_new((&(est_hook_options){ .begin = look_begin, .after_run = look_after, .user = &l }), &h));
    EST_CHECK_OK(train_with("loss", h, 4, &step));
    EST_CHECK(l.last < l.first && l.last > 0);
    EST_CHECK_OK(est_hook_new((&(est_hook_options){ .begin = look_begin, .user = &other }), &h));
    EST_CHECK(train_with("other", h, 4, &step) == EST_UNIMPLEMENTED);
    EST_CHECK_OK(est_checkpoint_saver_hook_new(&(est_checkpoint_saver_options){ .save_steps = 3 }, &h));
    EST_CHECK_OK(train_with("saver", h, 5, &step));
    EST_CHECK(est__is_file(est_test_path("saver/model.ckpt-3.index")) && !est__is_file(est_test_path("saver/model.ckpt-2.index")));
}

/* ---- evaluating by turns ---- */

static est_status evaluated(const char *name, const est_results *metrics, void *user)
{
    est__buffer *b = user;
    (void)name;
    for (size_t i = 0; i < metrics->count; i++)
        if (strcmp(metrics->name[i], "global_step") == 0)
            est__buffer_printf(b, "@%d ", (int)metrics->value[i]);
    return EST_OK;
}

static void trees_by_turns(void)
{
    est_estimator *e = make(TREES, "m");
    est_hook *stop = NULL, *memory = NULL;
    est__buffer told = { 0 };
    est_train_result r;
    est_early_stopping_options rule = { .metric_name = "loss", .threshold = 0.2, .run_every_steps = 1, .min_steps = 3 };
    est_train_and_evaluate_options o = { .train_spec = { .input_fn = give_rows, .max_steps = 4 },
                                         .eval_specs = EST_EVAL_SPECS({ .input_fn = give_rows, .throttle_secs = EST_OFF }),
                                         .evaluated = evaluated, .evaluated_user = &told };
    EST_CHECK_OK(est_train_and_evaluate(e, &o, &r, NULL));
    EST_CHECK_STR(told.data, "@2 @4 ");
    EST_CHECK_OK(est_stop_if_lower_hook_new(e, &rule, &stop));
    o.train_spec.max_steps = 0;
    o.train_spec.hooks = EST_HOOKS(stop);
    EST_CHECK_OK(est_train_and_evaluate(e, &o, &r, NULL));
    EST_CHECK_INT(r.global_step, 5);  /* the loss of step 4 was low enough already */
    EST_CHECK_STR(told.data, "@2 @4 @5 ");
    EST_CHECK_OK(est_in_memory_evaluator_hook_new(e, &(est_in_memory_evaluator_options){ .input_fn = give_rows }, &memory));
    EST_CHECK_FAILS(est_train(e, &((est_train_options){ .input_fn = give_rows, .hooks = EST_HOOKS(memory) }), NULL), EST_UNIMPLEMENTED,
                    "hook 'InMemoryEvaluatorHook': BoostedTreesRegressor: what is not in a checkpoint yet cannot be evaluated");
    est__buffer_free(&told);
    est_hook_free(stop);
    est_hook_free(memory);
    est_estimator_free(e);
}

EST_SUITE(estimators_own_training, EST_TEST(moments_as_of_the_others), EST_TEST(built_in_hooks), EST_TEST(trees_by_turns));
