/* The hooks that are there: each in a small training, and what their options may be. */
#include <math.h>

#include <estimator/estimator.h>

#include "base/base.h"
#include "formats/event.h"
#include "proto/pack.h"
#include "proto/plugin_data.pb-c.h"
#include "proto/step_stats.pb-c.h"
#include "support/est_test.h"
#include "train/small.h"

/* w, an embryo of a model: the loss is the mean of (x - w)^2, over x times a placeholder of the model's own where `feeds`. */
typedef struct model {
    bool feeds, nan;              /* nan: 'broken' holds NaN from the third step on; the loss as well where `feeds` */
    est_estimator *e;
} model;

static est_status model_fn(est_spec *s, const est_features *f, est_node *labels, est_mode mode, void *user)
{
    const model *m = user;
    est_graph *g = est_spec_graph(s);
    est_node *w = est_read(g, est_variable(g, "w", &(est_variable_options){ .dtype = EST_FLOAT })), *x = f->data[0].value;
    est_optimizer *o = NULL;
    (void)labels;
    if (m->feeds)
        x = est_mul(g, x, est_placeholder(g, "scale", EST_FLOAT, EST_SCALAR));
    est_node *d = est_sub(g, x, w);
    est_op(g, "Neg", "minus_w", EST_NODES(w), EST_NO_ATTRS);
    est_node *step = est_cast(g, est_read(g, est_spec_global_step(s)), EST_FLOAT);
    est_op(g, "Sqrt", "broken", EST_NODES(est_sub(g, est_constant_float(g, m->nan ? 1.5 : 1e6), step)), EST_NO_ATTRS);
    est_node *loss = est_reduce_mean(g, est_mul(g, d, d), (est_ints){ 0 }, false);
    if (m->nan && m->feeds)
        loss = est_add(g, loss, est_graph_node(g, "broken"));
    est_spec_loss(s, loss);
    est_status st = est_sgd_optimizer_new(&(est_sgd_options){ .learning_rate = 0.1 }, &o);
    if (st == EST_OK && mode == EST_TRAIN)
        est_spec_train_op(s, est_optimizer_minimize(o, g, loss, est_spec_global_step(s)));
    est_optimizer_free(o);
    return st;
}

static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    static float x[2] = { 1, 3 };
    est_tensor tx = { EST_FLOAT, EST_SHAPE(2, 1), x, NULL };
    (void)context;
    (void)user;
    est_status st = est_memory_dataset_new((const char *const[]){ "x" }, (const est_tensor *const[]){ &tx }, 1, NULL, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, EST_OFF), 2, false);
    return st;
}

/* Trains `steps` more steps with one hook, which is freed. */
static est_status train(model *m, est_hook *h, int64_t steps, est_train_result *result)
{
    est_feature x = { .name = "x", .dtype = EST_FLOAT, .shape = EST_SHAPE(1) };
    est_run_config config = { .model_dir = est_test_path("m"), .num_threads = 1, .log_step_count_steps = EST_OFF,
                              .save_checkpoints_secs = EST_OFF };
    est_status st = EST_OK;
    if (m->e == NULL)
        st = est_custom_new(&((est_custom_options){ .model_fn = model_fn, .features = { &x, 1 }, .user = m }), &config, &m->e);
    if (st == EST_OK)
        st = est_train(m->e, &((est_train_options){ .input_fn = rows, .steps = steps, .hooks = EST_HOOKS(h) }), result);
    est_hook_free(h);
    return st;
}

static float value_of_w(model *m)
{
    est_tensor *t = NULL;
    EST_CHECK_OK(est_get_variable_value(m->e, "w", &t));
    float w = t ? *(const float *)t->data : NAN;
    est_tensor_free(t);
    return w;
}

static void stops_at_a_step(void)
{
    model m = { 0 };
    est_hook *h = NULL;
    est_train_result r;
    EST_CHECK_OK(est_stop_at_step_hook_new(0, 3, &h));
    EST_CHECK_OK(train(&m, h, 10, &r));
    EST_CHECK_INT(r.global_step, 3);
    EST_CHECK_OK(est_stop_at_step_hook_new(2, 0, &h));
    EST_CHECK_OK(train(&m, h, 10, &r));
    EST_CHECK_INT(r.global_step, 5);
    EST_CHECK_FAILS(est_stop_at_step_hook_new(2, 3, &h), EST_INVALID_ARGUMENT,
                    "StopAtStepHook: num_steps is 2, last_step 3; one of them is needed, above 0");
    est_estimator_free(m.e);
}

static void format(const est_tensor *const *values, char *text, size_t capacity, void *user)
{
    (void)user;
    est__print(text, capacity, "w was %.3f", (double)-*(const float *)values[0]->data);
}

static void logs_tensors(void)
{
    model m = { 0 };
    est_hook *h = NULL;
    est_hook_tensors tensors = EST_HOOK_TENSORS({ .name = "minus_w" });
    log_begin(EST_LOG_INFO);
    EST_CHECK_OK(est_logging_tensor_hook_new((&(est_logging_tensor_options){ .tensors = tensors, .every_n_iter = 2, .formatter = format }), &h));
    EST_CHECK_OK(train(&m, h, 4, NULL));
    EST_CHECK_STR(log_lines(), "w was 0.000\nw was 0.720\nstep 4: loss = 2.04858; done\n");
    EST_CHECK_OK(est_logging_tensor_hook_new((&(est_logging_tensor_options){ .tensors = tensors, .at_end = true }), &h));
    EST_CHECK_OK(train(&m, h, 1, NULL));
    EST_CHECK_STR(log_lines(), est_test_text("going on from m/model.ckpt-4\nminus_w = %.7g\nstep 5: loss = 1.67109; done\n",
                                             (double)-value_of_w(&m)));
    log_end();
    EST_CHECK_FAILS(est_logging_tensor_hook_new(&(est_logging_tensor_options){ .at_end = true }, &h), EST_INVALID_ARGUMENT,
                    "LoggingTensorHook: tensors are needed");
    EST_CHECK_FAILS(est_logging_tensor_hook_new(&(est_logging_tensor_options){ .tensors = tensors }, &h), EST_INVALID_ARGUMENT,
                    "LoggingTensorHook: one of every_n_iter and every_n_secs, or at_end, is needed");
    EST_CHECK_OK(est_logging_tensor_hook_new((&(est_logging_tensor_options){ .tensors = EST_HOOK_TENSORS({ .name = "nothing" }),
                                                                              .at_end = true }), &h));
    EST_CHECK_FAILS(train(&m, h, 1, NULL), EST_NOT_FOUND, "hook 'LoggingTensorHook': the graph has no node 'nothing'");
    est_estimator_free(m.e);
}

static void guards_against_nan(void)
{
    model m = { .nan = true };
    est_hook *h = NULL;
    est_train_result r;
    est_hook_tensor broken = { .name = "broken" };
    EST_CHECK_OK(est_nan_tensor_hook_new(&(est_nan_tensor_options){ .tensor = broken }, &h));
    EST_CHECK_FAILS(train(&m, h, 9, &r), EST_ABORTED, "hook 'NanTensorHook': step 3: broken holds NaN");
    EST_CHECK_INT(r.global_step, 3);
    EST_CHECK_OK(est_nan_tensor_hook_new(&(est_nan_tensor_options){ .tensor = broken, .stops = true }, &h));
    EST_CHECK_OK(train(&m, h, 9, &r));
    EST_CHECK_INT(r.global_step, 4);
    est_estimator_free(m.e);
}

static est_status one_more(const est_tensor **values, void *user)
{
    static float scale;
    static est_tensor t = { EST_FLOAT, { 0 }, &scale, NULL };
    int *calls = user;
    scale = (float)++*calls;
    if (scale > 5)
        return EST_OK;            /* forgets it */
    values[0] = &t;
    return EST_OK;
}

static void feeds_placeholders(void)
{
    model m = { .feeds = true };
    int calls = 0;
    est_hook *h = NULL;
    est_hook_tensors scale = EST_HOOK_TENSORS({ .name = "scale" });
    EST_CHECK_OK(est_feed_fn_hook_new(scale, one_more, &calls, &h));
    EST_CHECK_OK(train(&m, h, 2, NULL));
    EST_CHECK_NEAR(value_of_w(&m), 0.2 * 2 + 0.2 * (4 - 0.4), 1e-5);
    EST_CHECK_OK(est_feed_fn_hook_new(scale, one_more, &calls, &h));
    EST_CHECK_FAILS(train(&m, h, 8, NULL), EST_INVALID_ARGUMENT, "hook 'FeedFnHook': feed_fn gave no value for 'scale'");
    EST_CHECK_STR(strrchr(est_estimator_latest_checkpoint(m.e), '-'), "-5");
    EST_CHECK_FAILS(est_feed_fn_hook_new(scale, NULL, NULL, &h), EST_INVALID_ARGUMENT, "FeedFnHook: feed_fn is needed");
    est_estimator_free(m.e);
}

/* A hook of one's own that feeds the placeholder with 1, 2, 3, …, and looks at -w between steps. */
typedef struct feeder {
    size_t scale;
    float given, minus_w;
    est_tensor value;
} feeder;

static est_status feeder_begin(est_run_context *c, void *user)
{
    feeder *f = user;
    EST_CHECK(est_run_mode(c) == EST_TRAIN);
    EST_CHECK(est_run_loss(c) != NULL);
    f->given = 0;
    f->value = (est_tensor){ EST_FLOAT, EST_SCALAR, &f->given, NULL };
    f->scale = est_run_feed(c, est_graph_node(est_run_graph(c), "scale"));
    return EST_OK;
}

static est_status feeder_before(est_run_context *c, void *user)
{
    feeder *f = user;
    est_tensor wrong = { EST_FLOAT, EST_SHAPE(1), &f->given, NULL };
    f->given++;
    EST_CHECK_FAILS(est_run_give(c, f->scale, &wrong), EST_INVALID_ARGUMENT, "placeholder 'scale' is given float32 [1]; float32 [] is wanted");
    return est_run_give(c, f->scale, &f->value);
}

static est_status feeder_after(est_run_context *c, void *user)
{
    feeder *f = user;
    est_tensor *value = NULL;
    EST_TRY(est_run_evaluate(c, est_graph_node(est_run_graph(c), "minus_w"), &value));
    f->minus_w = *(const float *)value->data;
    est_tensor_free(value);
    return EST_OK;
}

static void feeds_and_evaluates_by_itself(void)
{
    model m = { .feeds = true };
    feeder f;
    est_hook *h = NULL;
    EST_CHECK_OK(est_hook_new((&(est_hook_options){ .begin = feeder_begin, .before_run = feeder_before, .after_run = feeder_after,
                                                    .user = &f }), &h));
    EST_CHECK_OK(train(&m, h, 2, NULL));
    EST_CHECK_NEAR(value_of_w(&m), 0.2 * 2 + 0.2 * (4 - 0.4), 1e-5);
    EST_CHECK_NEAR(-f.minus_w, value_of_w(&m), 0);
    est_estimator_free(m.e);
}

/* A loss of NaN ends training without an error, and the step that gave it has changed nothing. */
static void stops_at_a_loss_of_nan(void)
{
    model m = { .feeds = true, .nan = true };
    int calls = 0;
    est_hook *feed = NULL, *nan = NULL;
    est_train_result r;
    est_feature x = { .name = "x", .dtype = EST_FLOAT, .shape = EST_SHAPE(1) };
    est_run_config config = { .model_dir = est_test_path("m"), .num_threads = 1 };
    EST_NEED_OK(est_custom_new(&((est_custom_options){ .model_fn = model_fn, .features = { &x, 1 }, .user = &m }), &config, &m.e));
    EST_CHECK_OK(est_feed_fn_hook_new(EST_HOOK_TENSORS({ .name = "scale" }), one_more, &calls, &feed));
    EST_CHECK_OK(est_nan_tensor_hook_new(&(est_nan_tensor_options){ .stops = true }, &nan));
    log_begin(EST_LOG_WARNING);
    EST_CHECK_OK(est_train(m.e, &((est_train_options){ .input_fn = rows, .steps = 9, .hooks = EST_HOOKS(feed, nan) }), &r));
    EST_CHECK_STR(log_lines(), "step 3: loss is NaN; first non-finite tensor: 'broken'\n");
    log_end();
    EST_CHECK_INT(r.global_step, 2);
    EST_CHECK(isfinite(value_of_w(&m)));
    est_hook_free(feed);
    est_hook_free(nan);
    est_estimator_free(m.e);
}

static void final_values(void)
{
    model m = { 0 };
    est_hook *h = NULL;
    EST_CHECK_OK(est_final_ops_hook_new(EST_HOOK_TENSORS({ .name = "minus_w" }), &h));
    EST_CHECK(est_final_ops_value(h, 0) == NULL);
    EST_CHECK_OK(train(&m, est_hook_retain(h), 2, NULL));
    const est_tensor *t = est_final_ops_value(h, 0);
    EST_CHECK(t && *(const float *)t->data == -value_of_w(&m));
    EST_CHECK(est_final_ops_value(h, 1) == NULL);
    est_hook_free(h);
    EST_CHECK_FAILS(est_final_ops_hook_new((est_hook_tensors){ 0 }, &h), EST_INVALID_ARGUMENT, "FinalOpsHook: final_ops are needed");
    est_estimator_free(m.e);
}

static void waits_for_nobody(void)
{
    model m = { 0 };
    est_hook *h = NULL;
    EST_CHECK_OK(est_global_step_waiter_hook_new(0, &h));
    EST_CHECK_OK(train(&m, h, 2, NULL));
    EST_CHECK_OK(est_global_step_waiter_hook_new(5, &h));
    EST_CHECK_FAILS(train(&m, h, 2, NULL), EST_FAILED_PRECONDITION,
                    "hook 'GlobalStepWaiterHook': global step 5 is waited for, and 2 is done: there is no other worker to do the rest");
    est_estimator_free(m.e);
}

/* "step:tag …" of all scalars in the folder's event files. */
static void read_scalars(const char *dir, est__buffer *out)
{
    est__names files = { 0 };
    est__event_reader *reader = NULL;
    est__event_scalar s;
    EST_NEED_OK(est__glob(est_test_text("%s/events.out.tfevents.*", dir), &files));
    EST_NEED(files.count == 1);
    EST_NEED_OK(est__event_open(files.name[0], &reader));
    while (est__event_next_scalar(reader, &s) == EST_OK)
        est__buffer_printf(out, "%lld:%s ", (long long)s.step, s.tag);
    est__event_close(reader);
    est__names_free(&files);
}

static void writes_events(void)
{
    model m = { 0 };
    est_hook *h = NULL;
    est__buffer counted = { 0 }, summaries = { 0 };
    EST_CHECK_OK(est_step_counter_hook_new((&(est_step_counter_options){ .every_n_steps = 2, .output_dir = est_test_path("rate") }), &h));
    EST_CHECK_OK(train(&m, h, 6, NULL));
    read_scalars(est_test_path("rate"), &counted);
    EST_CHECK_STR(counted.data, "3:global_step/sec 5:global_step/sec ");
    EST_CHECK_OK(est_summary_saver_hook_new((&(est_summary_saver_options){ .tensors = EST_HOOK_TENSORS({ .tag = "minus", .name = "minus_w" }),
                                                                           .save_steps = 3, .output_dir = est_test_path("sums") }), &h));
    EST_CHECK_OK(train(&m, h, 5, NULL));
    read_scalars(est_test_path("sums"), &summaries);
    EST_CHECK_STR(summaries.data, "7:minus 10:minus ");
    est__buffer_free(&counted);
    est__buffer_free(&summaries);
    EST_CHECK_FAILS(est_summary_saver_hook_new(&(est_summary_saver_options){ .save_steps = 3 }, &h), EST_INVALID_ARGUMENT,
                    "SummarySaverHook: output_dir is needed");
    EST_CHECK_FAILS(est_profiler_hook_new(&(est_profiler_options){ .save_steps = 3, .save_secs = 1 }, &h), EST_INVALID_ARGUMENT,
                    "ProfilerHook: one of a number of steps and of seconds is needed, above 0");
    est_estimator_free(m.e);
}

/* Beside the timelines, under TensorFlow's tag: of each operation when it began and how long it took. */
static void check_metadata(const char *dir)
{
    est__names files = { 0 };
    est__event_reader *reader = NULL;
    const Tensorflow__Event *e;
    int events = 0;
    EST_NEED_OK(est__glob(est_test_text("%s/events.out.tfevents.*", dir), &files));
    EST_NEED_OK(est__event_open(files.name[0], &reader));
    while (est__event_next(reader, &e) == EST_OK) {
        Tensorboard__TaggedRunMetadata *tagged = NULL;
        Tensorflow__RunMetadata *m = NULL;
        if (e->what_case != TENSORFLOW__EVENT__WHAT_TAGGED_RUN_METADATA)
            continue;
        EST_CHECK_OK(est__proto_unpack(&tensorboard__tagged_run_metadata__descriptor, e->tagged_run_metadata.data, e->tagged_run_metadata.len,
                                       "tagged", &tagged));
        EST_CHECK_STR(tagged ? tagged->tag : "", est_test_text("step_%lld", (long long)e->step));
        EST_CHECK_OK(est__proto_unpack(&tensorflow__run_metadata__descriptor, tagged->run_metadata.data, tagged->run_metadata.len, "run", &m));
        if (EST_CHECK(m && m->step_stats && m->step_stats->n_dev_stats == 1)) {
            const Tensorflow__DeviceStepStats *d = m->step_stats->dev_stats[0];
            EST_CHECK(d->n_node_stats > 2);
            for (size_t i = 1; i < d->n_node_stats; i++)
                EST_CHECK(*d->node_stats[i]->node_name && d->node_stats[i]->all_start_micros >= d->node_stats[i - 1]->all_start_micros);
        }
        est__proto_free(tagged);
        est__proto_free(m);
        events++;
    }
    EST_CHECK_INT(events, 2);
    est__event_close(reader);
    est__names_free(&files);
}

static void profiles_steps(void)
{
    model m = { 0 };
    est_hook *h = NULL;
    char *text = NULL;
    size_t size;
    EST_CHECK_OK(est_profiler_hook_new((&(est_profiler_options){ .save_steps = 2, .output_dir = est_test_path("t") }), &h));
    EST_CHECK_OK(train(&m, h, 4, NULL));
    EST_CHECK(!est__is_file(est_test_path("t/timeline-1.json")));
    EST_CHECK(est__is_file(est_test_path("t/timeline-4.json")));
    EST_CHECK_OK(est__file_read(est_test_path("t/timeline-2.json"), 0, &text, &size));
    check_metadata(est_test_path("t"));
    EST_CHECK(text && strstr(text, "\"traceEvents\": [") && strstr(text, "\"ph\": \"X\"") && strstr(text, "ResourceApplyGradientDescent"));
    est__free(text);
    est_estimator_free(m.e);
}

static est_status count_save(est_run_context *c, void *user)
{
    int *saves = user;
    if (++*saves == 3)            /* the first of all, and steps 2 and 4 */
        est_run_request_stop(c);
    return EST_OK;
}

static void saves_by_a_hook(void)
{
    model m = { 0 };
    est_hook *h = NULL;
    est_train_result r;
    int saves = 0;
    est_checkpoint_saver_options o = { .save_steps = 2, .listeners = EST_SAVING_LISTENERS({ .after_save = count_save, .user = &saves }) };
    EST_CHECK_OK(est_checkpoint_saver_hook_new(&o, &h));
    EST_CHECK_OK(train(&m, h, 9, &r));
    EST_CHECK_INT(r.global_step, 4);
    EST_CHECK_INT(saves, 3);
    EST_CHECK(est__is_file(est_test_path("m/model.ckpt-2.index")));
    est_estimator_free(m.e);
}

static est_status note_save(est_run_context *c, void *user)
{
    est__buffer_printf(user, "%d ", (int)est_run_global_step(c));
    return EST_OK;
}

/* Beside the model directory; what lies there is a whole checkpoint, from which training goes on with the same numbers. */
static void saves_elsewhere(void)
{
    model m = { 0 }, again = { 0 };
    est_hook *h = NULL, *both = NULL;
    est_train_result r;
    est_checkpoint *a = NULL, *b = NULL;
    est_tensor *wa = NULL, *wb = NULL;
    est__buffer saved = { 0 };
    est_checkpoint_saver_options o = { .save_steps = 2, .checkpoint_dir = est_test_path("copies"),
                                       .listeners = EST_SAVING_LISTENERS({ note_save, note_save, note_save, note_save, &saved }) };
    EST_CHECK_OK(est_checkpoint_saver_hook_new(&o, &h));
    EST_CHECK_OK(train(&m, est_hook_retain(h), 5, &r));
    EST_CHECK_STR(saved.data, "0 0 0 2 2 4 4 5 5 5 ");     /* begin; around each; end */
    for (int step = 0; step < 6; step++)
        EST_CHECK_INT(est__is_file(est_test_path(est_test_text("copies/model.ckpt-%d.index", step))), step != 1 && step != 3);
    EST_CHECK(est__is_file(est_test_path("m/model.ckpt-5.index")) && !est__is_file(est_test_path("m/model.ckpt-2.index")));
    EST_CHECK_OK(est_checkpoint_open(est_test_path("m/model.ckpt-5"), &a));
    EST_CHECK_OK(est_checkpoint_open(est_test_path("copies/model.ckpt-5"), &b));
    EST_CHECK_INT(est_checkpoint_count(a), est_checkpoint_count(b));
    EST_CHECK_OK(est_checkpoint_read(a, "w", &wa));
    EST_CHECK_OK(est_checkpoint_read(b, "w", &wb));
    if (wa && wb)
        EST_CHECK_BYTES(wa->data, sizeof(float), wb->data, sizeof(float));
    EST_CHECK(est__is_file(est_test_path("copies/model.ckpt-5.input")));
    est_tensor_free(wa);
    est_tensor_free(wb);
    est_checkpoint_free(a);
    est_checkpoint_free(b);
    est__buffer_free(&saved);
    saved = (est__buffer){ 0 };
    o.checkpoint_dir = est_test_path("m");                  /* the model directory itself */
    EST_CHECK_OK(est_checkpoint_saver_hook_new(&o, &both));
    EST_CHECK_OK(train(&again, both, 8, &r));
    EST_CHECK(est__is_file(est_test_path("m/model.ckpt-6.index")));
    EST_CHECK_FAILS(est_checkpoint_saver_hook_new((&(est_checkpoint_saver_options){ .save_steps = 2, .checkpoint_dir = "" }), &both),
                    EST_INVALID_ARGUMENT, "CheckpointSaverHook: checkpoint_dir is empty");
    est__buffer_free(&saved);
    est_hook_free(h);
    est_estimator_free(m.e);
    est_estimator_free(again.e);
}

static void timer(void)
{
    est_timer t = { .every_steps = 3 };
    EST_CHECK(est_timer_should_trigger(&t, 1));
    EST_CHECK(est_timer_update(&t, 1) < 0);
    EST_CHECK(!est_timer_should_trigger(&t, 1) && !est_timer_should_trigger(&t, 3) && est_timer_should_trigger(&t, 4));
    EST_CHECK(est_timer_update(&t, 4) >= 0);
    t = (est_timer){ .every_secs = 1e-9 };
    est_timer_update(&t, 1);
    EST_CHECK(!est_timer_should_trigger(&t, 1));
}

EST_SUITE(train_built_in_hooks, EST_TEST(stops_at_a_step), EST_TEST(logs_tensors), EST_TEST(guards_against_nan), EST_TEST(feeds_placeholders), EST_TEST(feeds_and_evaluates_by_itself),
          EST_TEST(stops_at_a_loss_of_nan), EST_TEST(final_values), EST_TEST(waits_for_nobody), EST_TEST(writes_events),
          EST_TEST(profiles_steps), EST_TEST(saves_by_a_hook), EST_TEST(saves_elsewhere), EST_TEST(timer));
