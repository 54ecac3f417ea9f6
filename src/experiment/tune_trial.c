/* One model of a search, trained and evaluated: through an experiment on this thread, or by processes of the command. */
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiment/tune.h"

extern char **environ;

static est_status no_metric(const est__trial_run *t, const est__buffer *names)
{
    return est__fail(EST_NOT_FOUND, "there is no metric '%s'; there are %s", t->metric, names->data ? names->data : "none");
}

/* ---- here ---- */

typedef struct watch { const est__trial_run *run; est_experiment *x; } watch;

static void look(const est_progress *p, void *user)
{
    watch *w = user;
    (void)p;
    if (w->run->cancelled && w->run->cancelled(w->run->user))
        est_request_stop(est_experiment_estimator(w->x));
}

static est_status metric_of(const est__trial_run *t, const est_results *r, double *score)
{
    est__buffer names = { 0 };
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->name[i], t->metric) == 0) {
            *score = r->value[i];
            est__buffer_free(&names);
            return EST_OK;
        }
        est__buffer_printf(&names, "%s%s", i ? ", " : "", r->name[i]);
    }
    est_status st = no_metric(t, &names);
    est__buffer_free(&names);
    return st;
}

est_status est__trial_here(const est__trial_run *t, double *score)
{
    est_experiment *x;
    est_results *results = NULL;
    EST_TRY(est_experiment_new(&((est_experiment_options){ .config = t->options->config, .set = t->set, .model_dir = t->model_dir }), &x));
    watch w = { t, x };
    est_status st = est_experiment_train(x, look, &w, NULL);
    if (st == EST_OK)
        st = est_experiment_evaluate(x, NULL, &results);
    if (st == EST_OK)
        st = metric_of(t, results, score);
    est_results_free(results);
    est_experiment_free(x);
    return st;
}

/* ---- in processes ---- */

/* The arguments that training and evaluating share, after the program's name and the verb. */
static char **arguments(const est__trial_run *t, const char *verb, const char *last)
{
    const est_tune_options *o = t->options;
    size_t n = 0, most = 8 + 2 * (o->config.count + t->set.count);
    const char **a = est__calloc(most, sizeof *a);
    if (a == NULL)
        return NULL;
    a[n++] = o->command;
    a[n++] = verb;
    for (size_t i = 0; i < o->config.count; i++) {
        if (i)
            a[n++] = "--config";
        a[n++] = o->config.data[i];
    }
    for (size_t i = 0; i < t->set.count; i++) {
        a[n++] = "--set";
        a[n++] = t->set.data[i];
    }
    a[n++] = "--model-dir";
    a[n++] = t->model_dir;
    a[n++] = last;
    return (char **)(uintptr_t)a;
}

/* Waits for it, and stops it when the search is cancelled. */
static est_status wait_for(const est__trial_run *t, pid_t pid, int *status)
{
    bool stopped = false;
    for (;;) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid)
            return stopped ? est__fail(EST_CANCELLED, "stopped") : EST_OK;
        if (got < 0 && errno != EINTR)
            return est__fail(EST_INTERNAL, "%s: its end cannot be waited for: %s", t->options->command, strerror(errno));
        if (!stopped && t->cancelled && t->cancelled(t->user)) {
            kill(pid, SIGTERM);
            stopped = true;
        }
        usleep(2000);
    }
}

/* The last line that the process said, without the program's name. */
static est_status said(const char *path, const char *verb)
{
    char *text = NULL;
    size_t size = 0;
    if (est__file_read(path, 0, &text, &size) != EST_OK)
        return est__fail(EST_INTERNAL, "'estimator %s' failed", verb);
    while (size && (text[size - 1] == '\n' || text[size - 1] == ' '))
        text[--size] = 0;
    const char *line = size ? strrchr(text, '\n') : NULL;
    line = line ? line + 1 : text;
    if (strncmp(line, "estimator: ", 11) == 0)
        line += 11;
    est_status st = est__fail(EST_INVALID_ARGUMENT, "%s", size ? line : "it ended without a word");
    est__free(text);
    return st;
}

static est_status run_command(const est__trial_run *t, const char *verb, const char *last, const char *out, const char *err)
{
    char **a = arguments(t, verb, last);
    posix_spawn_file_actions_t files;
    pid_t pid;
    int status = 0;
    if (a == NULL || posix_spawn_file_actions_init(&files) != 0) {
        est__free(a);
        return est__fail_memory(64);
    }
    int failed = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    if (!failed)
        failed = posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (!failed)
        failed = posix_spawn_file_actions_addopen(&files, 2, err, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (!failed)
        failed = posix_spawnp(&pid, t->options->command, &files, NULL, a, environ);
    posix_spawn_file_actions_destroy(&files);
    est__free(a);
    if (failed)
        return est__fail(EST_INVALID_ARGUMENT, "%s cannot be started: %s", t->options->command, strerror(failed));
    EST_TRY(wait_for(t, pid, &status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? EST_OK : said(err, verb);
}

/* JSON is YAML. */
static est_status metric_in(const est__trial_run *t, const char *path, double *score)
{
    est__yaml_document d = { 0 };
    est__buffer names = { 0 };
    const est__yaml *root;
    est_status st = est__yaml_read(&d, path, "", &root);
    const est__yaml *value = st == EST_OK ? est__yaml_get(root, t->metric) : NULL;
    for (size_t i = 0; st == EST_OK && !value && i < root->count; i++)
        est__buffer_printf(&names, "%s%s", i ? ", " : "", root->pairs[i].key);
    if (st == EST_OK && value == NULL)
        st = no_metric(t, &names);
    else if (st == EST_OK && !est__yaml_float(value, score))   /* JSON's NaN is a word to YAML */
        *score = NAN;
    est__buffer_free(&names);
    est__yaml_free(&d);
    return st;
}

est_status est__trial_in_process(const est__trial_run *t, double *score)
{
    char *out = est__path_join(t->model_dir, "tune.json"), *err = est__path_join(t->model_dir, "tune.log");
    est_status st = out && err ? est__make_dirs(t->model_dir) : est__fail_memory(64);
    if (st == EST_OK)
        st = run_command(t, "train", "--quiet", "/dev/null", err);
    if (st == EST_OK)
        st = run_command(t, "evaluate", "--json", out, err);
    if (st == EST_OK)
        st = metric_in(t, out, score);
    est__free(out);
    est__free(err);
    return st;
}
