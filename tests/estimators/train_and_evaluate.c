/* Training and evaluating by turns, exporters, early stopping, evaluation from memory. */
#include <estimator/estimator.h>

#include "base/base.h"
#include "support/est_test.h"
#include "train/eval_metrics.h"
#include "train/small.h"

static double metric_of(const est_results *r, const char *name)
{
    for (size_t i = 0; r && i < r->count; i++)
        if (strcmp(r->name[i], name) == 0)
            return r->value[i];
    return -1;
}

/* "name@step " of each evaluation. */
typedef struct record {
    est__buffer text;
    est_estimator *stop;          /* after the first one; NULL: never */
    double loss;                  /* of the last one */
} record;

static est_status evaluated(const char *name, const est_results *metrics, void *user)
{
    record *r = user;
    est__buffer_printf(&r->text, "%s@%lld ", name ? name : "", (long long)metric_of(metrics, "global_step"));
    r->loss = metric_of(metrics, "loss");
    if (r->stop)
        est_request_stop(r->stop);
    return EST_OK;
}

static void check_record(record *r, const char *wanted)
{
    EST_CHECK_STR(r->text.data ? r->text.data : "", wanted);
    est__buffer_free(&r->text);
    r->text = (est__buffer){ 0 };
}

static est_status turns(est_estimator *e, int64_t max_steps, est_hook_list hooks, est_eval_specs specs, record *r, est_results **metrics)
{
    est_train_and_evaluate_options o = { .train_spec = { .input_fn = small_input, .max_steps = max_steps, .hooks = hooks },
                                         .eval_specs = specs, .evaluated = evaluated, .evaluated_user = r };
    return est_train_and_evaluate(e, &o, NULL, metrics);
}

#define ONCE { .input_fn = small_once, .throttle_secs = EST_OFF }
static const est_hook_list none;

static float weight(est_estimator *e)
{
    est_tensor *t = NULL;
    EST_CHECK_OK(est_get_variable_value(e, "linear/linear_model/x/weights", &t));
    float w = t ? *(const float *)t->data : 0;
    est_tensor_free(t);
    return w;
}

static void each_checkpoint_or_throttled(void)
{
    est_estimator *e = small_new(est_test_path("m")), *plain = small_new(est_test_path("plain"));
    record r = { 0 };
    est_results *metrics = NULL, *again = NULL;
    est_eval_specs specs = EST_EVAL_SPECS(ONCE, { .input_fn = small_once, .name = "slow", .throttle_secs = 100000, .steps = 1 });
    EST_CHECK_OK(turns(e, 6, none, specs, &r, &metrics));
    check_record(&r, "@2 slow@2 @4 @6 slow@6 ");
    EST_CHECK_OK(est_train(plain, &((est_train_options){ .input_fn = small_input, .max_steps = 6 }), NULL));
    EST_CHECK(weight(e) == weight(plain));
    EST_CHECK_OK(est_evaluate(plain, &((est_evaluate_options){ .input_fn = small_once }), &again));
    EST_CHECK_NEAR(metric_of(metrics, "loss"), metric_of(again, "loss"), 0);
    EST_CHECK_NEAR(metric_of(metrics, "auc"), metric_of(again, "auc"), 0);
    est_results_free(metrics);
    est_results_free(again);
    EST_CHECK_OK(turns(e, 6, none, specs, &r, &metrics));   /* nothing is left to do */
    check_record(&r, "");
    EST_CHECK(metrics == NULL);
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 8 }), NULL));
    EST_CHECK_OK(turns(e, 8, none, specs, &r, NULL));       /* an evaluation is missing */
    check_record(&r, "@8 slow@8 ");
    est_estimator_free(e);
    est_estimator_free(plain);
}

static void a_stop_amid_evaluations(void)
{
    est_estimator *e = small_new(est_test_path("m")), *whole = small_new(est_test_path("whole"));
    record r = { .stop = e };
    est_eval_specs specs = EST_EVAL_SPECS(ONCE);
    EST_CHECK_FAILS(turns(e, 6, none, specs, &r, NULL), EST_CANCELLED, "stopped at step 2");
    r.stop = NULL;
    check_record(&r, "@2 ");
    EST_CHECK_OK(turns(e, 6, none, specs, &r, NULL));
    check_record(&r, "@4 @6 ");
    EST_CHECK_OK(turns(whole, 6, none, specs, &r, NULL));
    check_record(&r, "@2 @4 @6 ");
    EST_CHECK(weight(e) == weight(whole));
    est_estimator_free(e);
    est_estimator_free(whole);
}

static void wrong_specs(void)
{
    est_estimator *e = small_new(est_test_path("m"));
    est_exporter *x = NULL;
    EST_CHECK_FAILS(turns(e, 2, none, (est_eval_specs){ 0 }, NULL, NULL), EST_INVALID_ARGUMENT, "train_and_evaluate: eval_specs are needed");
    EST_CHECK_FAILS(turns(e, 2, none, EST_EVAL_SPECS(ONCE, ONCE), NULL, NULL), EST_INVALID_ARGUMENT,
                    "eval_specs[0] and eval_specs[1] have the same name: their results would mix");
    EST_CHECK_FAILS(turns(e, 2, none, EST_EVAL_SPECS({ .input_fn = small_once, .throttle_secs = -5 }), NULL, NULL), EST_INVALID_ARGUMENT,
                    "eval_specs[0]: throttle_secs is -5; it must be above 0, or EST_OFF");
    EST_CHECK_FAILS(est_final_exporter_new(&(est_exporter_options){ .receiver = "raw" }, &x), EST_INVALID_ARGUMENT,
                    "FinalExporter: name is ''; it names a folder");
    EST_CHECK_OK(est_latest_exporter_new(&(est_exporter_options){ .name = "a" }, &x));
    EST_CHECK(est_exporter_retain(x) == x);
    est_exporter_free(x);         /* a share is left */
    EST_CHECK_FAILS(turns(e, 2, none, EST_EVAL_SPECS({ .input_fn = small_once, .exporters = EST_EXPORTERS(x, x) }), NULL, NULL),
                    EST_INVALID_ARGUMENT, "eval_specs[0]: two exporters are named 'a'");
    est_exporter_free(x);
    est_estimator_free(e);
}

/* ---- exporters ---- */

static size_t exports(const char *name)
{
    est__names names;
    size_t n = 0;
    if (est__list_dir(est_test_path(est_test_text("m/export/%s", name)), &names) != EST_OK)
        return 0;
    for (size_t i = 0; i < names.count; i++)
        n += strlen(names.name[i]) == 10 && strspn(names.name[i], "0123456789") == 10;
    est__names_free(&names);
    return n;
}

static void export_up_to(int64_t max_steps)
{
    est_estimator *e = small_new(est_test_path("m"));
    est_exporter *latest = NULL, *best = NULL, *worst = NULL, *last = NULL;
    record r = { 0 };
    EST_CHECK_OK(est_latest_exporter_new((&(est_exporter_options){ .name = "latest", .receiver = "raw", .exports_to_keep = 2 }), &latest));
    EST_CHECK_OK(est_best_exporter_new((&(est_exporter_options){ .checkpoints_to_keep = 2, .exports_to_keep = EST_OFF }), &best));
    EST_CHECK_OK(est_best_exporter_new((&(est_exporter_options){ .name = "worst", .metric = "loss", .higher_is_better = true,
                                                                 .checkpoints_to_keep = 1 }), &worst));
    EST_CHECK_OK(est_final_exporter_new(&(est_exporter_options){ .name = "final" }, &last));
    est_eval_specs specs = EST_EVAL_SPECS({ .input_fn = small_once, .throttle_secs = EST_OFF,
                                            .exporters = EST_EXPORTERS(latest, best, worst, last) });
    EST_CHECK_OK(turns(e, max_steps, none, specs, &r, NULL));
    est__buffer_free(&r.text);
    est_exporter_free(latest);
    est_exporter_free(best);
    est_exporter_free(worst);
    est_exporter_free(last);
    est_estimator_free(e);
}

/* The export of the greatest number is that of the newest checkpoint, however many were made in one second. */
static void greatest_is_newest(void)
{
    static const char data[] = "variables/variables.data-00000-of-00001";
    char again[4096], *x = NULL, *y = NULL;
    size_t n = 0, m = 0;
    est__names names;
    est_estimator *e = small_new(est_test_path("m"));
    EST_CHECK_OK(est_export_saved_model(e, est_test_path("again"), NULL, again, sizeof again));
    EST_NEED_OK(est__list_dir(est_test_path("m/export/latest"), &names));
    EST_CHECK_OK(est__file_read(est_test_text("%s/%s/%s", est_test_path("m/export/latest"), names.name[names.count - 1], data), 0, &x, &n));
    EST_CHECK_OK(est__file_read(est_test_text("%s/%s", again, data), 0, &y, &m));
    EST_CHECK_BYTES(x, n, y, m);
    est__free(x);
    est__free(y);
    est__names_free(&names);
    est_estimator_free(e);
}

static void exporters_and_a_restart(void)
{
    char kept[4096];
    export_up_to(6);              /* the loss falls from step to step */
    EST_CHECK_INT(exports("latest"), 2);
    EST_CHECK_INT(exports("best_exporter"), 3);
    EST_CHECK_INT(exports("worst"), 1);
    EST_CHECK_INT(exports("final"), 1);
    EST_CHECK_OK(est_latest_checkpoint(est_test_path("m/export/best_exporter/checkpoints"), kept, sizeof kept));
    EST_CHECK_STR(strrchr(kept, '/'), "/model.ckpt-6");
    EST_CHECK(!est__is_file(est_test_path("m/export/best_exporter/checkpoints/model.ckpt-2.index")));
    EST_CHECK(est__is_file(est_test_path("m/export/best_exporter/checkpoints/model.ckpt-4.index")));
    export_up_to(10);             /* other exporters, which remember */
    EST_CHECK_INT(exports("latest"), 2);
    greatest_is_newest();
    EST_CHECK_INT(exports("best_exporter"), 5);
    EST_CHECK_INT(exports("worst"), 1);
    EST_CHECK_INT(exports("final"), 2);
    EST_CHECK(est__is_file(est_test_path("m/export/worst/checkpoints/model.ckpt-2.index")));
}

static est_status own_export(const est_export_call *call, void *user)
{
    record *r = user;
    est__buffer_printf(&r->text, "%s %s %lld%s, ", strrchr(call->export_path, '/'), strrchr(call->checkpoint_path, '/'),
                       (long long)metric_of(call->eval_result, "global_step"), call->is_the_final_export ? " final" : "");
    if (call->estimator != r->stop)
        return EST_OK;
    return metric_of(call->eval_result, "global_step") < 4 ? EST_OK : EST_ABORTED;
}

static void own_exporter(void)
{
    est_estimator *e = small_new(est_test_path("m")), *fails = small_new(est_test_path("fails"));
    est_exporter *x = NULL, *none_such = NULL;
    record r = { 0 }, evaluations = { 0 };
    EST_CHECK_OK(est_exporter_new("mine", own_export, &r, &x));
    est_eval_specs specs = EST_EVAL_SPECS({ .input_fn = small_once, .throttle_secs = EST_OFF, .exporters = EST_EXPORTERS(x) });
    EST_CHECK_OK(turns(e, 4, none, specs, &evaluations, NULL));
    check_record(&r, "/mine /model.ckpt-2 2, /mine /model.ckpt-4 4 final, ");
    EST_CHECK(!est__is_dir(est_test_path("m/export/mine")));
    r.stop = fails;
    EST_CHECK_FAILS(turns(fails, 8, none, specs, &evaluations, NULL), EST_ABORTED, "exporter 'mine' returned ABORTED");
    est__buffer_free(&r.text);
    est__buffer_free(&evaluations.text);
    EST_CHECK_FAILS(est_exporter_new("mine", NULL, NULL, &none_such), EST_INVALID_ARGUMENT, "exporter 'mine': fn is needed");
    EST_CHECK_FAILS(est_exporter_new("a/b", own_export, NULL, &none_such), EST_INVALID_ARGUMENT, "exporter: name is 'a/b'; it names a folder");
    est_exporter_free(x);
    est_estimator_free(e);
    est_estimator_free(fails);
}

/* ---- graphs ---- */

typedef struct counted {
    est_head *head;
    est_optimizer *optimizer;
    int calls[3];                 /* of model_fn, by mode */
} counted;

static est_status counting_model(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    counted *c = user;
    est_node *logits = est_dense(est_spec_graph(spec), est_features_find(features, "x")->value, 1, NULL);
    c->calls[mode]++;
    return est_head_spec(c->head, spec, features, labels, mode, logits, c->optimizer);
}

/* One graph a mode, however many evaluations there are. */
static void one_graph_a_mode(void)
{
    counted c = { 0 };
    record r = { 0 };
    est_estimator *e = NULL;
    est_feature x = { .name = "x", .dtype = EST_FLOAT, .shape = EST_SHAPE(1) };
    est_run_config config = { .model_dir = est_test_path("m"), .save_checkpoints_steps = 2, .num_threads = 1 };
    EST_NEED_OK(est_head_new("BinaryClassHead", NULL, &c.head));
    EST_NEED_OK(est_sgd_optimizer_new(NULL, &c.optimizer));
    est_custom_options o = { .model_fn = counting_model, .user = &c, .features = { &x, 1 }, .head = c.head };
    EST_NEED_OK(est_custom_new(&o, &config, &e));
    EST_CHECK_OK(turns(e, 8, none, EST_EVAL_SPECS(ONCE, { .input_fn = small_once, .name = "again", .throttle_secs = EST_OFF }), &r, NULL));
    check_record(&r, "@2 again@2 @4 again@4 @6 again@6 @8 again@8 ");
    EST_CHECK_INT(c.calls[EST_TRAIN], 1);
    EST_CHECK_INT(c.calls[EST_EVAL], 1);
    est_estimator_free(e);
    est_optimizer_free(c.optimizer);
    est_head_free(c.head);
}

/* ---- early stopping ---- */

typedef est_status (*new_rule)(est_estimator *e, const est_early_stopping_options *o, size_t size, est_hook **out);

/* Trains up to step 40 with the rule. */
static est_status stop_by(const char *dir, new_rule rule, est_early_stopping_options o, char newest[4096], int64_t *step)
{
    est_estimator *e = small_new(est_test_path(dir));
    est_hook *h = NULL;
    record r = { 0 };
    est_train_result trained = { 0 };
    EST_CHECK_OK(rule(e, &o, sizeof o, &h));
    est_train_and_evaluate_options turn = { .train_spec = { .input_fn = small_input, .max_steps = 40, .hooks = EST_HOOKS(h) },
                                            .eval_specs = EST_EVAL_SPECS(ONCE), .evaluated = evaluated, .evaluated_user = &r };
    est_status st = est_train_and_evaluate(e, &turn, &trained, NULL);
    const char *error = est_test_text("%s", est_error());
    const char *latest = est_estimator_latest_checkpoint(e);
    snprintf(newest, 4096, "%s", latest ? strrchr(latest, '-') : "");
    *step = trained.global_step;
    est__buffer_free(&r.text);
    est_hook_free(h);
    est_estimator_free(e);
    return st == EST_OK ? EST_OK : est__fail(st, "%s", error);
}

static void rules_stop(void)
{
    char newest[4096];
    int64_t step;
    est_early_stopping_options o = { .metric_name = "accuracy", .threshold = -1, .run_every_steps = 1 };
    EST_CHECK_OK(stop_by("a", est_stop_if_higher_hook_new_sized, o, newest, &step));
    EST_CHECK_INT(step, 2);
    o.min_steps = 5;
    EST_CHECK_OK(stop_by("b", est_stop_if_higher_hook_new_sized, o, newest, &step));
    EST_CHECK_INT(step, 6);
    o = (est_early_stopping_options){ .metric_name = "loss", .threshold = 100, .run_every_steps = 4 };
    EST_CHECK_OK(stop_by("c", est_stop_if_lower_hook_new_sized, o, newest, &step));
    EST_CHECK_INT(step, 5);       /* it asks at steps 1, 5, … */
    est_checkpoint *c = NULL;
    est_tensor *stop = NULL;
    EST_CHECK_OK(est_checkpoint_open(est_test_path("c/model.ckpt-5"), &c));
    EST_CHECK_OK(est_checkpoint_read(c, "signal_early_stopping/STOP", &stop));
    EST_CHECK(stop && stop->dtype == EST_BOOL && *(const bool *)stop->data);
    est_tensor_free(stop);
    est_checkpoint_free(c);
    o = (est_early_stopping_options){ .metric_name = "loss", .max_steps_without_decrease = 4, .run_every_steps = 1 };
    EST_CHECK_OK(stop_by("d", est_stop_if_no_decrease_hook_new_sized, o, newest, &step));
    EST_CHECK_INT(step, 40);      /* it always falls */
    o = (est_early_stopping_options){ .metric_name = "label/mean", .max_steps_without_increase = 12, .run_every_steps = 1 };
    EST_CHECK_OK(stop_by("e", est_stop_if_no_increase_hook_new_sized, o, newest, &step));
    EST_CHECK_INT(step, 14);
    EST_CHECK_STR(newest, "-14");
    o.restore_best = true;        /* that of step 2, which rotation has removed by then */
    EST_CHECK_OK(stop_by("f", est_stop_if_no_increase_hook_new_sized, o, newest, &step));
    EST_CHECK_INT(step, 14);
    EST_CHECK_STR(newest, "-2");
}

static void rules_refuse(void)
{
    char newest[4096];
    int64_t step;
    est_estimator *e = small_new(est_test_path("m"));
    est_hook *h = NULL;
    est_early_stopping_options o = { .metric_name = "acuracy", .threshold = 1, .run_every_steps = 1 };
    EST_CHECK_FAILS(stop_by("a", est_stop_if_higher_hook_new_sized, o, newest, &step), EST_NOT_FOUND,
                    est_test_text("hook 'stop_if_higher_hook': %s: the evaluation of step 2 has no metric 'acuracy'; did you mean 'accuracy'?",
                                  est_test_path("a/eval")));
    EST_CHECK_STR(newest, "-2");
    EST_CHECK_FAILS(est_stop_if_lower_hook_new(e, &(est_early_stopping_options){ .threshold = 1 }, &h), EST_INVALID_ARGUMENT,
                    "stop_if_lower_hook: metric_name is needed");
    EST_CHECK_FAILS(est_stop_if_no_increase_hook_new(e, &(est_early_stopping_options){ .metric_name = "auc" }, &h), EST_INVALID_ARGUMENT,
                    "stop_if_no_increase_hook: max_steps_without_increase is 0; it must be above 0");
    EST_CHECK_FAILS(est_stop_if_higher_hook_new(e, (&(est_early_stopping_options){ .metric_name = "auc", .run_every_secs = 1,
                                                                                   .run_every_steps = 1 }), &h), EST_INVALID_ARGUMENT,
                    "stop_if_higher_hook: run_every_secs is 1, run_every_steps 1; one of them may be given, above 0");
    est_estimator_free(e);
}

static bool third_time(void *user)
{
    return ++*(int *)user == 3;
}

static void own_function(void)
{
    est_estimator *e = small_new(est_test_path("m"));
    est_hook *h = NULL;
    est_train_result r;
    int calls = 0;
    EST_CHECK_OK(est_early_stopping_hook_new(e, third_time, &calls, 0, 2, &h));
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 40, .hooks = EST_HOOKS(h) }), &r));
    EST_CHECK_INT(r.global_step, 5);
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 7 }), &r));   /* without the hook's variable */
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 9, .hooks = EST_HOOKS(h) }), &r));
    EST_CHECK_INT(r.global_step, 9);
    est_hook_free(h);
    est_estimator_free(e);
}

/* ---- from memory ---- */

static void from_memory(void)
{
    est_estimator *e = small_new(est_test_path("m"));
    est_hook *h = NULL;
    est__eval_metrics memory, disk;
    EST_CHECK_OK(est_in_memory_evaluator_hook_new(e, (&(est_in_memory_evaluator_options){ .input_fn = small_once, .name = "memory",
                                                                                          .every_n_iter = 2 }), &h));
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 5, .hooks = EST_HOOKS(h) }), NULL));
    for (int step = 0; step <= 5; step += step == 4 ? 1 : 2) {
        est_results *r = NULL;
        EST_CHECK_OK(est_evaluate(e, &((est_evaluate_options){ .input_fn = small_once, .name = "disk",
                                                               .checkpoint_path = est_test_path(est_test_text("m/model.ckpt-%d", step)) }), &r));
        est_results_free(r);
    }
    EST_CHECK_OK(est__eval_metrics_read(est_test_path("m/eval_memory"), &memory));
    EST_CHECK_OK(est__eval_metrics_read(est_test_path("m/eval_disk"), &disk));
    EST_CHECK_INT(memory.count, disk.count);
    EST_CHECK(memory.count > 20);
    for (size_t i = 0; i < memory.count && i < disk.count; i++) {
        EST_CHECK_INT(memory.metric[i].step, disk.metric[i].step);
        EST_CHECK_STR(memory.metric[i].tag, disk.metric[i].tag);
        EST_CHECK_NEAR(memory.metric[i].value, disk.metric[i].value, 0);
    }
    est__eval_metrics_free(&memory);
    est__eval_metrics_free(&disk);
    est_hook_free(h);
    EST_CHECK_FAILS(est_in_memory_evaluator_hook_new(e, &(est_in_memory_evaluator_options){ .steps = 1 }, &h), EST_INVALID_ARGUMENT,
                    "InMemoryEvaluatorHook: input_fn is needed");
    est_estimator_free(e);
}

EST_SUITE(estimators_train_and_evaluate, EST_TEST(each_checkpoint_or_throttled), EST_TEST(a_stop_amid_evaluations), EST_TEST(wrong_specs),
          EST_TEST(exporters_and_a_restart),
          EST_TEST(own_exporter), EST_TEST(one_graph_a_mode), EST_TEST(rules_stop), EST_TEST(rules_refuse), EST_TEST(own_function), EST_TEST(from_memory));
