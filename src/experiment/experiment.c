/* An experiment: the configuration read and checked once, its estimator, and the verbs with what the configuration says. */
#include <estimator/calibrate.h>
#include <estimator/cluster.h>
#include <estimator/explain.h>

#include "experiment/config.h"
#include "experiment/hparams.h"
#include "experiment/report.h"

struct est_experiment {
    est__yaml_document document;
    est__arena arena;
    est__config config;
    est_estimator *estimator;
    char *resolved;
};

/* Relative paths of files are relative to the first of them; those of stdin and of --set to the working directory. */
static est_status read_tree(est_experiment *x, const est_experiment_options *o, const est__yaml **out)
{
    const est__yaml *next;
    if (!o->config.count)
        return est__fail(EST_INVALID_ARGUMENT, "no configuration file is given");
    const char *slash = strrchr(o->config.data[0], '/');
    char *base = est__arena_strndup(&x->arena, o->config.data[0], slash ? (size_t)(slash - o->config.data[0]) : 0);
    if (!base)
        return est__fail_memory(1);
    if (slash == o->config.data[0])
        base = "/";
    for (size_t i = 0; i < o->config.count; i++) {
        EST_TRY(est__yaml_read(&x->document, o->config.data[i], strcmp(o->config.data[i], "-") ? base : "", &next));
        if (i)
            EST_TRY(est__yaml_merge(&x->document, *out, next, &next));
        *out = next;
    }
    for (size_t i = 0; i < o->set.count; i++)
        EST_TRY(est__yaml_set(&x->document, *out, o->set.data[i], out));
    return EST_OK;
}

static est_run_config run_config_of(const est__config *c)
{
    const est__config_trainer *t = &c->trainer;
    return (est_run_config){
        .model_dir = c->top.model_dir,
        .tf_random_seed = c->runtime.random_seed ? c->runtime.random_seed : INT64_MAX, /* 0 would mean the default: any other number */
        .save_summary_steps = t->summary_interval ? t->summary_interval : EST_OFF,
        .save_checkpoints_steps = t->checkpoint_interval,
        .save_checkpoints_secs = t->checkpoint_interval ? 0 : t->checkpoint_secs,
        .keep_checkpoint_max = t->max_to_keep ? t->max_to_keep : EST_OFF,
        .log_step_count_steps = t->log_interval ? t->log_interval : EST_OFF,
        .max_event_file_bytes = t->max_event_file_bytes ? t->max_event_file_bytes : EST_OFF,
        .max_event_total_bytes = t->max_event_total_bytes ? t->max_event_total_bytes : EST_OFF,
        .num_threads = c->runtime.num_threads,
        .device = c->runtime.device,
        .distribution_strategy = c->runtime.distribution_strategy,
        .num_replicas = c->runtime.num_replicas,
        .keep_checkpoint_every_n_hours = t->keep_checkpoint_every_n_hours,
        .no_checkpoint_graph_def = !t->checkpoint_save_graph_def,
        .eval_distribute = c->runtime.eval_distribute,
        .protocol = c->runtime.protocol,
        .experimental_max_worker_delay_secs =
            c->runtime.experimental_max_worker_delay_secs ? c->runtime.experimental_max_worker_delay_secs : EST_OFF,
        .session_creation_timeout_secs = c->runtime.session_creation_timeout_secs };
}

static est_status make_estimator(est_experiment *x)
{
    const est__config *c = &x->config;
    est__convert v = { .arena = &x->arena };
    est_run_config run = run_config_of(c);
    void *options = NULL;
    size_t size = 0;
    est_status st = est__convert_model(&v, c, &options, &size);
    if (st == EST_OK) {
        st = est_estimator_new(c->estimator, options, size, &run, sizeof run, &x->estimator);
        if (st != EST_OK)
            st = est__fail_in(st, "%s:%zu", c->model->file, c->model->line);
    }
    est__convert_free(&v);
    return st;
}

/* Its model_dir counts where neither the file nor the caller names one. What is wrong in it is told here: making the estimator would put
 * the model's place in the configuration before that. */
static est_status read_cluster(est_experiment *x, bool has_model_dir)
{
    est_cluster *cluster;
    EST_TRY(est_cluster_new(NULL, &cluster));
    bool takes = cluster->model_dir && !has_model_dir;
    if (takes)
        x->config.top.model_dir = est__arena_strdup(&x->arena, cluster->model_dir);
    est_cluster_free(cluster);
    return takes && x->config.top.model_dir == NULL ? est__fail_memory(64) : EST_OK;
}

static est_status load(est_experiment *x, const est_experiment_options *o)
{
    const est__yaml *root = NULL;
    EST_TRY(read_tree(x, o, &root));
    EST_TRY(est__config_read(root, &x->arena, &x->config));
    if (o->model_dir && !*o->model_dir)
        return est__fail(EST_INVALID_ARGUMENT, "the model directory's name is empty");
    if (o->model_dir && !(x->config.top.model_dir = est__arena_strdup(&x->arena, o->model_dir)))
        return est__fail_memory(1);
    EST_TRY(read_cluster(x, o->model_dir || !est__yaml_is_null(est__yaml_get(x->config.root, "model_dir"))));
    EST_TRY(make_estimator(x));
    return est__resolve(&x->config, &x->resolved);
}

est_status est_experiment_new_sized(const est_experiment_options *options, size_t size, est_experiment **out)
{
    est_experiment_options o = { 0 };
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    est_experiment *x = est__calloc(1, sizeof *x);
    est_status st = x ? load(x, &o) : est__fail_memory(sizeof *x);
    if (st != EST_OK) {
        est_experiment_free(x);
        x = NULL;
    }
    *out = x;
    return st;
}

void est_experiment_free(est_experiment *x)
{
    if (!x)
        return;
    est_estimator_free(x->estimator);
    est__free(x->resolved);
    est__yaml_free(&x->document);
    est__arena_free(&x->arena);
    est__free(x);
}

est_estimator *est_experiment_estimator(est_experiment *x)
{
    return x->estimator;
}

const char *est_experiment_config(const est_experiment *x)
{
    return x->resolved;
}

const est__config *est__experiment_config(const est_experiment *x)
{
    return &x->config;
}

static est_status need_block(const est_experiment *x, const est__config_data *d, const char *where)
{
    const est__yaml *task = est__yaml_get(x->config.root, "task");
    if (!d->node)
        return est__yaml_fail(task, "'%s' is missing in task", strchr(where, '.') + 1);
    est_features_spec spec;
    bool needs_label = est_estimator_input_spec(x->estimator, (est_strings){ 0 }, true, &spec) != EST_OK;   /* a KMeans has none */
    return est__data_check(d, where, needs_label);
}

/* Training that keeps its configuration: once the first step is done, and with it the model directory is ours. */
typedef struct training {
    est_experiment *x;
    void (*progress)(const est_progress *p, void *user);
    void *user;
    bool kept;
    est_summary_writer *hparams;  /* for the end; NULL: none could be told */
    est__error error;
} training;

static void keep_config(training *t)
{
    char *path = est__path_join(t->x->config.top.model_dir, "config.yaml");
    est_status st = path ? est__file_put(path, t->x->resolved, strlen(t->x->resolved)) : est__fail_memory(1);
    est__error_take(&t->error, st);
    est__free(path);
    t->kept = true;
    if (st == EST_OK && est__hparams_of_run(t->x->resolved, t->x->config.top.model_dir, &t->hparams) != EST_OK)
        est__log(EST_LOG_WARNING, "%s; TensorBoard will not see the hyper-parameters", est_error());
}

/* A run that was stopped may go on: how it ended is not known yet. */
static void end_hparams(training *t, est_status st)
{
    est__error error;
    est__error_take(&error, st);
    if (t->hparams && st != EST_CANCELLED && est_summary_hparams_end(t->hparams, st == EST_OK) != EST_OK)
        est__log(EST_LOG_WARNING, "%s", est_error());
    est_summary_writer_free(t->hparams);
    if (st != EST_OK)
        est__error_give(&error);
}

static void on_progress(const est_progress *p, void *user)
{
    training *t = user;
    if (!t->kept)
        keep_config(t);
    if (t->error.status != EST_OK)
        est_request_stop(t->x->estimator);
    if (t->progress)
        t->progress(p, t->user);
}

static est_status need_end(const est_experiment *x)
{
    const est__config *c = &x->config;
    EST_TRY(need_block(x, &c->train_data, "task.train_data"));
    if (!c->trainer.train_steps && c->train_data.num_epochs == EST_OFF && !est_estimator_whole_input(x->estimator))
        return est__yaml_fail(c->root, "'trainer.train_steps' is missing, and task.train_data repeats for ever: "
                              "set one of train_steps and num_epochs");
    return EST_OK;
}

est_status est_experiment_train(est_experiment *x, void (*progress)(const est_progress *p, void *user), void *user,
                                est_train_result *result)
{
    const est__config *c = &x->config;
    EST_TRY(need_end(x));
    training t = { .x = x, .progress = progress, .user = user };
    est__source source = { .estimator = x->estimator, .data = &c->train_data, .where = "task.train_data",
                           .log = x->resolved, .folds = c->trainer.folds, .fold = c->trainer.fold };
    est_train_options o = { .input_fn = est__source_open, .user = &source, .max_steps = c->trainer.train_steps,
                            .progress = on_progress, .progress_user = &t };
    est_status st = est_train(x->estimator, &o, result);
    if (st == EST_OK && !t.kept)
        keep_config(&t);
    end_hparams(&t, st);
    return t.error.status == EST_OK ? st : est__error_give(&t.error);
}

/* task.validation_data; or the part of task.train_data that training leaves out, once and in its order, held in `*room`. */
static est_status held_out_data(const est_experiment *x, est__config_data *room, est__source *out)
{
    const est__config *c = &x->config;
    *out = (est__source){ .estimator = x->estimator, .data = &c->validation_data, .where = "task.validation_data" };
    if (c->trainer.folds) {
        *room = c->train_data;
        room->num_epochs = 1;
        room->shuffle_buffer_size = 0;
        room->drop_remainder = false;
        *out = (est__source){ .estimator = x->estimator, .data = room, .where = "task.train_data", .folds = c->trainer.folds,
                              .fold = c->trainer.fold, .held_out = true };
    }
    return need_block(x, out->data, out->where);
}

est_status est_experiment_evaluate(est_experiment *x, const char *checkpoint, est_results **out)
{
    const est__config *c = &x->config;
    *out = NULL;
    est__config_data room;
    est__source source;
    EST_TRY(held_out_data(x, &room, &source));
    est_evaluate_options o = { .input_fn = est__source_open, .user = &source, .steps = c->trainer.validation_steps,
                               .checkpoint_path = checkpoint };
    return est_evaluate(x->estimator, &o, out);
}

/* task.validation_data with the exporters, then those of task.validation. */
static est_status run_turns(training *t, const est__turns *turns, est__source *held_out, est_eval_spec *spec, est_train_result *result,
                            est_results **out)
{
    est_experiment *x = t->x;
    const est__config *c = &x->config;
    est__source train = { .estimator = x->estimator, .data = &c->train_data, .where = "task.train_data", .log = x->resolved,
                          .folds = c->trainer.folds, .fold = c->trainer.fold };
    for (size_t i = 0; i <= c->num_evaluations; i++) {
        spec[i] = (est_eval_spec){ .input_fn = est__source_open, .user = &held_out[i],
                                   .steps = c->trainer.validation_steps ? c->trainer.validation_steps : EST_OFF,
                                   .throttle_secs = c->trainer.throttle_secs ? c->trainer.throttle_secs : EST_OFF,
                                   .start_delay_secs = c->trainer.start_delay_secs ? c->trainer.start_delay_secs : EST_OFF };
        if (i) {
            spec[i].name = c->evaluation[i - 1].name;
            held_out[i] = (est__source){ .estimator = x->estimator, .data = &c->evaluation[i - 1].data, .where = c->evaluation[i - 1].where };
            EST_TRY(need_block(x, held_out[i].data, held_out[i].where));
        }
    }
    spec[0].exporters = (est_exporter_list){ turns->exporter, turns->num_exporters };
    est_train_and_evaluate_options o = {
        .train_spec = { .input_fn = est__source_open, .user = &train, .max_steps = c->trainer.train_steps,
                        .hooks = { &turns->stop, turns->stop ? 1 : 0 }, .progress = on_progress, .progress_user = t },
        .eval_specs = { spec, c->num_evaluations + 1 } };
    return est_train_and_evaluate(x->estimator, &o, result, out);
}

static est_status train_by_turns(training *t, const est__turns *turns, est_train_result *result, est_results **out)
{
    size_t n = t->x->config.num_evaluations + 1;
    est__config_data room;
    est__source *source = est__calloc(n, sizeof *source);
    est_eval_spec *spec = est__calloc(n, sizeof *spec);
    est_status st = source && spec ? held_out_data(t->x, &room, &source[0]) : est__fail_memory(n * sizeof *spec);
    if (st == EST_OK)
        st = run_turns(t, turns, source, spec, result, out);
    est__free(source);
    est__free(spec);
    return st;
}

est_status est_experiment_train_and_evaluate(est_experiment *x, void (*progress)(const est_progress *p, void *user), void *user,
                                             est_train_result *result, est_results **out)
{
    training t = { .x = x, .progress = progress, .user = user };
    est__turns turns;
    *out = NULL;
    EST_TRY(need_end(x));
    est_status st = est__turns_new(x->estimator, &x->config, &turns);
    if (st == EST_OK)
        st = train_by_turns(&t, &turns, result, out);
    if (st == EST_OK && !t.kept && strcmp(est_estimator_cluster(x->estimator)->task_type, "evaluator") != 0)
        keep_config(&t);    /* an evaluator writes what it finds, nothing else */
    end_hparams(&t, st);
    est__error error;
    est__error_take(&error, st);
    est__turns_free(&turns);
    if (t.error.status != EST_OK)
        return est__error_give(&t.error);
    return st == EST_OK ? EST_OK : est__error_give(&error);
}

static est_status evaluate_for_report(est_experiment *x, const char *checkpoint, est__report *r)
{
    const est__config *c = &x->config;
    est__config_data room;
    est__source source;
    EST_TRY(held_out_data(x, &room, &source));
    EST_TRY(est__report_begin(r, est_estimator_head(x->estimator)));
    est_evaluate_options o = { .input_fn = est__source_open, .user = &source, .steps = c->trainer.validation_steps,
                               .checkpoint_path = checkpoint, .each = est__report_batch, .each_user = r };
    EST_TRY(est_evaluate(x->estimator, &o, &r->results));
    return est__report_importance(r, &source, checkpoint);
}

est_status est_experiment_report(est_experiment *x, const char *checkpoint, est_results **out, char **html)
{
    est__report r = { 0 };
    est__buffer page = { 0 };
    est_status st = evaluate_for_report(x, checkpoint, &r);
    if (st == EST_OK)
        st = est__report_html(&r, x->config.estimator, x->config.top.model_dir, &page);
    *out = NULL;
    *html = NULL;
    if (st == EST_OK) {
        *out = r.results;
        r.results = NULL;
        *html = page.data;
    } else {
        est__buffer_free(&page);
    }
    est__report_free(&r);
    return st;
}

/* A file that is read as the data to evaluate on, or to train on, are. */
static est_status source_of(const est_experiment *x, const char *input, est__source *out)
{
    const est__config *c = &x->config;
    bool has_validation = c->validation_data.node != NULL;
    *out = (est__source){ .estimator = x->estimator, .data = has_validation ? &c->validation_data : &c->train_data,
                          .where = has_validation ? "task.validation_data" : "task.train_data", .input = input };
    if (out->data->node)
        return EST_OK;
    return est__yaml_fail(est__yaml_get(c->root, "task"), "'validation_data' is missing in task: it says how %s is to be read",
                          input ? input : "the input");
}

est_status est_experiment_calibrate(est_experiment *x, const char *input, const char *method, const char *checkpoint, char **text)
{
    est__config_data room;
    est__source source;
    est_calibration *found = NULL;
    *text = NULL;
    EST_TRY(held_out_data(x, &room, &source));
    source.input = input;
    est_status st = est_calibrate(x->estimator, &((est_calibrate_options){ .input_fn = est__source_open, .user = &source, .method = method,
                                                                           .checkpoint_path = checkpoint }), &found);
    if (st == EST_OK)
        st = est__calibration_text(&x->config, found, text);
    est_calibration_free(found);
    return st;
}

est_status est_experiment_predict(est_experiment *x, const char *input, est_strings keys, const char *checkpoint,
                                  est_status (*each)(const est_predictions *batch, void *user), void *user)
{
    est__source source;
    EST_TRY(source_of(x, input, &source));
    est_predict_options o = { .input_fn = est__source_open, .user = &source, .predict_keys = keys, .checkpoint_path = checkpoint,
                              .each = each, .each_user = user };
    return est_predict(x->estimator, &o);
}

est_status est_experiment_contributions_sized(est_experiment *x, const char *input, const est_explain_options *options, size_t size)
{
    est_explain_options o = { 0 };
    est__source source;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    EST_TRY(source_of(x, input, &source));
    o.input_fn = est__source_open;
    o.user = &source;
    return est_explain(x->estimator, &o);
}

est_status est_experiment_export(est_experiment *x, const char *base, const char *receiver, char *path, size_t capacity)
{
    est_export_options o = { .receiver = receiver ? receiver : x->config.export.receiver };
    return est_export_saved_model(x->estimator, base, &o, path, capacity);
}
