/* Hooks: the order of their moments beside tf.estimator's, what they fetch and feed, how they fail; and no bit of the model
 * depends on them. */
#include <math.h>
#include <stdlib.h>

#include <estimator/estimator.h>

#include "base/base.h"
#include "golden/hooks.inc"
#include "support/est_test.h"
#include "train/small.h"

/* ---- the order of moments ---- */

static est__buffer told;

typedef struct teller {
    const char *name;
    int64_t stop_at;              /* 0: nowhere */
    est_hook *hook;
} teller;

static void tell(est_run_context *c, const teller *t, const char *what, bool with_step)
{
    est__buffer_printf(&told, "%s.%s", t->name, what);
    if (with_step)
        est__buffer_printf(&told, " %lld", (long long)est_run_global_step(c));
    est__buffer_text(&told, "\n");
}

static est_status tell_begin(est_run_context *c, void *user)
{
    tell(c, user, "begin", false);
    return EST_OK;
}

static est_status tell_created(est_run_context *c, void *user)
{
    tell(c, user, "after_create_session", true);
    return EST_OK;
}

static est_status tell_before(est_run_context *c, void *user)
{
    tell(c, user, "before_run", true);
    return EST_OK;
}

static est_status tell_after(est_run_context *c, void *user)
{
    const teller *t = user;
    tell(c, t, "after_run", true);
    if (est_run_global_step(c) == t->stop_at)
        est_run_request_stop(c);
    return EST_OK;
}

static est_status tell_end(est_run_context *c, void *user)
{
    tell(c, user, "end", true);
    return EST_OK;
}

static est_status tell_before_save(est_run_context *c, void *user)
{
    tell(c, user, "before_save", true);
    return EST_OK;
}

static est_status tell_after_save(est_run_context *c, void *user)
{
    char newest[4096];
    tell(c, user, "after_save", true);
    EST_CHECK_OK(est_latest_checkpoint(est_run_model_dir(c), newest, sizeof newest));
    EST_CHECK_STR(strrchr(newest, '-'), est_test_text("-%lld", (long long)est_run_global_step(c)));
    return EST_OK;
}

static est_hook *telling(teller *t)
{
    if (t->hook == NULL)
        EST_CHECK_OK(est_hook_new((&(est_hook_options){ .name = t->name, .begin = tell_begin, .after_create_session = tell_created,
                                                        .before_run = tell_before, .after_run = tell_after, .end = tell_end,
                                                        .user = t }), &t->hook));
    return t->hook;
}

/* A straight line through memory, with hooks of its own. */
typedef struct line {
    teller chief, spec, user;
    bool tells;
    est_node *y, *w;
    est_estimator *e;
} line;

static est_status line_fn(est_spec *s, const est_features *f, est_node *labels, est_mode mode, void *user)
{
    line *l = user;
    est_graph *g = est_spec_graph(s);
    est_node *w = est_variable(g, "w", &(est_variable_options){ .shape = EST_SHAPE(1, 1) });
    est_node *y = est_matmul(g, f->data[0].value, est_read(g, w));
    est_spec_prediction(s, "y", y);
    l->y = y;
    l->w = est_read(g, w);
    if (l->tells) {
        est_spec_training_chief_hook(s, telling(&l->chief));
        est_spec_training_hook(s, telling(&l->spec));
        est_spec_evaluation_hook(s, telling(&l->spec));
        est_spec_prediction_hook(s, telling(&l->spec));
    }
    if (mode == EST_PREDICT)
        return EST_OK;
    est_node *d = est_sub(g, y, labels);
    est_node *loss = est_reduce_mean(g, est_mul(g, d, d), (est_ints){ 0 }, false);
    est_spec_loss(s, loss);
    est_optimizer *o = NULL;
    est_status st = est_sgd_optimizer_new(&(est_sgd_options){ .learning_rate = 0.01 }, &o);
    if (st == EST_OK && mode == EST_TRAIN)
        est_spec_train_op(s, est_optimizer_minimize(o, g, loss, est_spec_global_step(s)));
    est_optimizer_free(o);
    return st;
}

static est_status line_rows(const est_input_context *context, est_dataset **out, void *user)
{
    static float x[3] = { 1, 2, 3 }, y[3] = { 1, 2, 3 };
    est_tensor tx = { EST_FLOAT, EST_SHAPE(3, 1), x, NULL }, ty = { EST_FLOAT, EST_SHAPE(3, 1), y, NULL };
    (void)context;
    est_status st = est_memory_dataset_new((const char *const[]){ "x" }, (const est_tensor *const[]){ &tx }, 1, &ty, out);
    if (st != EST_OK)
        return st;
    if (user)
        est_dataset_take(*out, *(const int64_t *)user);
    else
        est_dataset_repeat(*out, EST_OFF);
    est_dataset_batch(*out, 1, false);
    return EST_OK;
}

static void line_new(line *l, const char *dir)
{
    est_feature x = { .name = "x", .dtype = EST_FLOAT, .shape = EST_SHAPE(1) };
    est_run_config config = { .model_dir = est_test_path(dir), .save_checkpoints_steps = 2, .save_summary_steps = 2,
                              .log_step_count_steps = 2, .num_threads = 1 };
    l->chief.name = "chief";
    l->spec.name = "spec";
    l->user.name = "user";
    EST_CHECK_OK(est_custom_new(&((est_custom_options){ .model_fn = line_fn, .features = { &x, 1 }, .user = l }), &config, &l->e));
}

static void line_free(line *l)
{
    est_estimator_free(l->e);
    est_hook_free(l->chief.hook);
    est_hook_free(l->spec.hook);
    est_hook_free(l->user.hook);
}

static est_status ignore(const est_predictions *batch, void *user)
{
    (void)batch;
    (void)user;
    return EST_OK;
}

static void check_told(const char *wanted)
{
    EST_CHECK_STR(told.data ? told.data : "", wanted);
    est__buffer_free(&told);
    told = (est__buffer){ 0 };
}

static void moments_are_tensorflows(void)
{
    line l = { .tells = true };
    int64_t three = 3, two = 2;
    teller t = { .name = "listener" };
    est_saving_listeners listeners = EST_SAVING_LISTENERS({ tell_begin, tell_before_save, tell_after_save, tell_end, &t });
    line_new(&l, "a");
    EST_CHECK_OK(est_train(l.e, &((est_train_options){ .input_fn = line_rows, .max_steps = 4, .hooks = EST_HOOKS(telling(&l.user)),
                                                       .saving_listeners = listeners }), NULL));
    check_told(tf_max_steps);
    line_free(&l);
    l = (line){ .tells = true };
    line_new(&l, "b");
    EST_CHECK_OK(est_train(l.e, &((est_train_options){ .input_fn = line_rows, .user = &three, .hooks = EST_HOOKS(telling(&l.user)),
                                                       .saving_listeners = listeners }), NULL));
    check_told(tf_data_end);
    line_free(&l);
    l = (line){ .tells = true, .user = { .stop_at = 1 } };
    line_new(&l, "c");
    EST_CHECK_OK(est_train(l.e, &((est_train_options){ .input_fn = line_rows, .hooks = EST_HOOKS(telling(&l.user)) }), NULL));
    check_told(tf_request_stop);
    for (int again = 0; again < 2; again++) {
        est_results *r = NULL;
        l.user.stop_at = 0;
        EST_CHECK_OK(est_evaluate(l.e, &((est_evaluate_options){ .input_fn = line_rows, .user = &two,
                                                                 .hooks = EST_HOOKS(telling(&l.user)) }), &r));
        check_told(tf_evaluate);
        est_results_free(r);
        EST_CHECK_OK(est_predict(l.e, &((est_predict_options){ .input_fn = line_rows, .user = &two, .each = ignore,
                                                               .hooks = EST_HOOKS(telling(&l.user)) })));
        check_told(tf_predict);
    }
    line_free(&l);
}

/* ---- values ---- */

typedef struct looking {
    line *l;
    size_t y, w, late;
    float of_y[8], of_w[8], of_late[8];
    int n;
} looking;

static est_status look_begin(est_run_context *c, void *user)
{
    looking *k = user;
    est_graph *g = est_run_graph(c);
    k->y = est_run_fetch(c, k->l->y);
    k->w = est_run_fetch(c, k->l->w);
    k->late = est_run_fetch(c, est_add(g, k->l->y, est_constant_float(g, 10)));
    k->n = 0;
    return EST_OK;
}

static est_status look_before(est_run_context *c, void *user)
{
    (void)user;
    if (est_run_global_step(c) % 2 == 0)
        est_run_ask(c);
    return EST_OK;
}

static est_status look_after(est_run_context *c, void *user)
{
    looking *k = user;
    const est_tensor *y = est_run_value(c, k->y), *w = est_run_value(c, k->w), *late = est_run_value(c, k->late);
    k->of_y[k->n] = y ? *(const float *)y->data : -1;
    k->of_w[k->n] = w ? *(const float *)w->data : -1;
    k->of_late[k->n++] = late ? *(const float *)late->data : -1;
    return EST_OK;
}

static void fetches_each_step_or_when_asked(void)
{
    line l = { 0 };
    looking each = { .l = &l }, asked = { .l = &l };
    est_hook *a = NULL, *b = NULL;
    line_new(&l, "m");
    EST_CHECK_OK(est_hook_new((&(est_hook_options){ .begin = look_begin, .after_run = look_after, .user = &each }), &a));
    EST_CHECK_OK(est_hook_new((&(est_hook_options){ .begin = look_begin, .before_run = look_before, .after_run = look_after,
                                                    .user = &asked }), &b));
    EST_CHECK_OK(est_train(l.e, &((est_train_options){ .input_fn = line_rows, .max_steps = 4, .hooks = EST_HOOKS(a, b) }), NULL));
    EST_NEED(each.n == 4 && asked.n == 4);
    EST_CHECK(each.of_w[0] == 0 && each.of_w[1] > 0);   /* as the step found it */
    for (int i = 0; i < 4; i++) {
        float x = (float)(i % 3 + 1);
        EST_CHECK_NEAR(each.of_y[i], x * each.of_w[i], 1e-6);
        EST_CHECK_NEAR(each.of_late[i], 10 + x * each.of_w[i], 1e-5);
        EST_CHECK(asked.of_y[i] == (i % 2 == 0 ? each.of_y[i] : -1));
    }
    est_results *r = NULL;
    int64_t two = 2;
    EST_CHECK_OK(est_evaluate(l.e, &((est_evaluate_options){ .input_fn = line_rows, .user = &two, .hooks = EST_HOOKS(b) }), &r));
    EST_CHECK(asked.n == 2 && asked.of_y[1] == 2 * asked.of_w[1]);
    est_results_free(r);
    est_hook_free(a);
    est_hook_free(b);
    line_free(&l);
}

static est_status begin_wrong(est_run_context *c, void *user)
{
    est_graph *g = user;
    est_run_fetch(c, g ? est_constant_float(g, 1) : est_graph_variable(est_run_graph(c), "w"));
    return EST_OK;
}

static void refuses_what_has_no_value(void)
{
    line l = { 0 };
    est_graph *g = NULL;
    est_hook *a = NULL, *b = NULL;
    line_new(&l, "m");
    EST_NEED_OK(est_graph_new(&g));
    EST_CHECK_OK(est_hook_new((&(est_hook_options){ .name = "stranger", .begin = begin_wrong, .user = g }), &a));
    EST_CHECK_OK(est_hook_new((&(est_hook_options){ .begin = begin_wrong }), &b));
    EST_CHECK_FAILS(est_train(l.e, &((est_train_options){ .input_fn = line_rows, .max_steps = 2, .hooks = EST_HOOKS(a) }), NULL),
                    EST_INVALID_ARGUMENT, "hook 'stranger': a node that is fetched or fed is none of this graph's");
    EST_CHECK_FAILS(est_train(l.e, &((est_train_options){ .input_fn = line_rows, .max_steps = 2, .hooks = EST_HOOKS(b) }), NULL),
                    EST_INVALID_ARGUMENT, "hook 'hook': 'w' has no value to be fetched; est_read gives a variable's");
    EST_CHECK_FAILS(est_train(l.e, &((est_train_options){ .input_fn = line_rows, .max_steps = 2, .hooks = EST_HOOKS(b, b) }), NULL),
                    EST_INVALID_ARGUMENT, "hook 'hook' is given twice");
    est_hook_free(a);
    est_hook_free(b);
    est_graph_free(g);
    line_free(&l);
}

/* ---- failing ---- */

typedef struct failing { int64_t at; est_status status; bool says; } failing;

static est_status fail_after(est_run_context *c, void *user)
{
    const failing *f = user;
    if (est_run_global_step(c) != f->at)
        return EST_OK;
    return f->says ? est_run_fail(c, f->status, "no more than %lld", (long long)f->at) : f->status;
}

static void fails_with_a_checkpoint(void)
{
    line l = { 0 };
    failing f[] = { { 3, EST_UNAVAILABLE, true }, { 5, EST_OUT_OF_RANGE, false }, { 7, EST_CANCELLED, true } };
    static const char *const errors[] = { "hook 'mine': no more than 3", "hook 'mine' returned OUT_OF_RANGE", "hook 'mine': no more than 7" };
    line_new(&l, "m");
    for (int i = 0; i < 3; i++) {
        est_hook *h = NULL;
        EST_CHECK_OK(est_hook_new((&(est_hook_options){ .name = "mine", .after_run = fail_after, .user = &f[i] }), &h));
        EST_CHECK_FAILS(est_train(l.e, &((est_train_options){ .input_fn = line_rows, .max_steps = 100, .hooks = EST_HOOKS(h) }), NULL),
                        f[i].status, errors[i]);
        const char *newest = est_estimator_latest_checkpoint(l.e);
        EST_CHECK_STR(newest ? strrchr(newest, '-') : "", est_test_text("-%lld", (long long)f[i].at));
        est_hook_free(h);
    }
    line_free(&l);
}

/* What it makes is not looked at by whoever is careless. */
static est_status alter_graph(est_run_context *c, void *user)
{
    (void)user;
    if (est_run_global_step(c) % 3 == 0)
        est_add(est_run_graph(c), est_run_loss(c), est_run_loss(c));
    return EST_OK;
}

static void graph_is_final_while_it_runs(void)
{
    static const char *const why =
        "hook 'mine': AddV2 'AddV2': the graph is finalized, as it runs: add operations in the model_fn or in a hook's begin";
    line l = { 0 };
    est_hook *h = NULL;
    est_results *r = NULL;
    line_new(&l, "m");
    EST_CHECK_OK(est_hook_new((&(est_hook_options){ .name = "mine", .after_run = alter_graph, .keeps_graph = true }), &h));
    EST_CHECK_FAILS(est_train(l.e, &((est_train_options){ .input_fn = line_rows, .max_steps = 9, .hooks = EST_HOOKS(h) }), NULL),
                    EST_FAILED_PRECONDITION, why);
    EST_CHECK_STR(strrchr(est_estimator_latest_checkpoint(l.e), '-'), "-3");
    for (int with = 2; with-- > 0;) {      /* with the hook it fails, and without it all is well again */
        est_evaluate_options o = { .input_fn = line_rows, .steps = 2, .hooks = with ? EST_HOOKS(h) : (est_hook_list){ 0 } };
        if (with)
            EST_CHECK_FAILS(est_evaluate(l.e, &o, &r), EST_FAILED_PRECONDITION, why);
        else
            EST_CHECK_OK(est_evaluate(l.e, &o, &r));
        est_results_free(r);
    }
    EST_CHECK_OK(est_train(l.e, &((est_train_options){ .input_fn = line_rows, .max_steps = 4 }), NULL));
    est_hook_free(h);
    line_free(&l);
}

static void data_for_ever(void)
{
    static const char *const why = "LinearClassifier: evaluate: the data repeat for ever: repeat them once in the input_fn, or give steps";
    const est_eval_spec for_ever = { .input_fn = small_input, .steps = EST_OFF, .throttle_secs = EST_OFF };
    const est_train_spec training = { .input_fn = small_input, .max_steps = 9 };
    est_estimator *e = small_new(est_test_path("m"));
    est_results *r = NULL;
    EST_NEED(e != NULL);
    EST_CHECK_FAILS(est_train_and_evaluate(e, (&(est_train_and_evaluate_options){ .train_spec = training, .eval_specs = { &for_ever, 1 } }), NULL, NULL),
                    EST_INVALID_ARGUMENT, why);
    EST_CHECK_STR(strrchr(est_estimator_latest_checkpoint(e), '-'), "-2");   /* what was trained stays */
    EST_CHECK_FAILS(est_evaluate(e, &((est_evaluate_options){ .input_fn = small_input }), &r), EST_INVALID_ARGUMENT, why);
    EST_CHECK_OK(est_evaluate(e, &((est_evaluate_options){ .input_fn = small_input, .steps = 1 }), &r));
    est_results_free(r);
    est_estimator_free(e);
}

static void bits_do_not_depend_on_them(void)
{
    est_tensor *values[2] = { NULL, NULL };
    for (int with = 0; with < 2; with++) {
        line l = { 0 };
        looking k = { .l = &l };
        est_hook *h = NULL, *p = NULL;
        line_new(&l, with ? "with" : "without");
        EST_CHECK_OK(est_hook_new((&(est_hook_options){ .begin = look_begin, .after_run = look_after, .user = &k }), &h));
        EST_CHECK_OK(est_profiler_hook_new((&(est_profiler_options){ .save_steps = 2, .output_dir = est_test_path("timeline") }), &p));
        est_train_options o = { .input_fn = line_rows, .max_steps = 3, .hooks = with ? EST_HOOKS(h, p) : (est_hook_list){ 0 } };
        EST_CHECK_OK(est_train(l.e, &o, NULL));
        o.max_steps = 7;          /* goes on from the checkpoint */
        k.n = 0;
        EST_CHECK_OK(est_train(l.e, &o, NULL));
        EST_CHECK_OK(est_get_variable_value(l.e, "w", &values[with]));
        est_hook_free(h);
        est_hook_free(p);
        line_free(&l);
    }
    EST_NEED(values[0] && values[1]);
    EST_CHECK(*(const float *)values[0]->data != 0);
    EST_CHECK_BYTES(values[0]->data, sizeof(float), values[1]->data, sizeof(float));
    est_tensor_free(values[0]);
    est_tensor_free(values[1]);
}

EST_SUITE(train_hooks, EST_TEST(moments_are_tensorflows), EST_TEST(fetches_each_step_or_when_asked), EST_TEST(refuses_what_has_no_value),
          EST_TEST(fails_with_a_checkpoint), EST_TEST(graph_is_final_while_it_runs), EST_TEST(data_for_ever), EST_TEST(bits_do_not_depend_on_them));
