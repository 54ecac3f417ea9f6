/* est_tune: which trials there are, who runs them, and what comes out of it. The choices and the scores do not depend on how many
 * trials run at once. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "experiment/hparams.h"

enum { MOST_TRIALS = 100000, FACTOR = 3 };

typedef struct tune {
    est_tune_options o;
    est__yaml_document document;  /* of the spaces, and of all that lives as long as the result */
    est__space *space;
    bool maximize;
    const char *metric;
    int64_t all_steps;            /* trainer.train_steps; 0: none */
    est_trial *trial;
    size_t count;
    /* What runs now: a rung of halving, or everything. */
    est_trial **queue;
    size_t queued, taken, done;
    int64_t steps;                /* of the rung; 0: as the configuration says */
    pthread_mutex_t mutex;
    bool cancelled;
} tune;

/* The result and what it points to. */
typedef struct kept { est_tune_result result; est__arena arena; } kept;

/* ---- which trials ---- */

static bool grows_better(const char *metric)
{
    static const char *const names[] = { "accuracy", "auc", "precision", "recall", "top", "r2", "matthews" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(metric, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static est_status check(tune *t)
{
    const est_tune_options *o = &t->o;
    if (o->config.count == 0 || o->dir == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "tune: %s is needed", o->dir ? "a configuration" : "dir");
    if (o->search.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "tune: there is nothing to search: give PATH=VALUES");
    if (strcmp(o->config.data[0], "-") == 0)
        return est__fail(EST_INVALID_ARGUMENT, "tune: the configuration is read once a trial, so it must be a file");
    if (o->method && strcmp(o->method, "random") && strcmp(o->method, "grid") && strcmp(o->method, "halving"))
        return est__fail(EST_INVALID_ARGUMENT, "tune: method is '%s'; there are random, grid and halving", o->method);
    if (o->goal && strcmp(o->goal, "min") && strcmp(o->goal, "max"))
        return est__fail(EST_INVALID_ARGUMENT, "tune: goal is '%s'; it must be min or max", o->goal);
    if (o->trials < 0 || o->trials > MOST_TRIALS || o->jobs < 0 || o->folds < 0 || o->folds == 1)
        return est__fail(EST_INVALID_ARGUMENT, "tune: %s is %lld; it must %s",
                         o->trials < 0 || o->trials > MOST_TRIALS ? "trials" : o->jobs < 0 ? "jobs" : "folds",
                         (long long)(o->trials < 0 || o->trials > MOST_TRIALS ? o->trials : o->jobs < 0 ? o->jobs : o->folds),
                         o->jobs < 0 ? "be 1 at least" : o->trials < 0 || o->trials > MOST_TRIALS ? "be 1 to 100000" : "be 2 at least");
    t->metric = o->metric ? o->metric : "average_loss";
    t->maximize = o->goal ? strcmp(o->goal, "max") == 0 : grows_better(t->metric);
    return EST_OK;
}

static est_status read_spaces(tune *t)
{
    t->space = est__arena_alloc(&t->document.arena, t->o.search.count * sizeof *t->space);
    if (t->space == NULL)
        return est__fail_memory(t->o.search.count * sizeof *t->space);
    for (size_t i = 0; i < t->o.search.count; i++)
        EST_TRY(est__space_read(&t->document, t->o.search.data[i], &t->space[i]));
    return EST_OK;
}

static est_status count_grid(const tune *t, size_t *count)
{
    *count = 1;
    for (size_t i = 0; i < t->o.search.count; i++) {
        if (t->space[i].kind != EST__SPACE_LIST)
            return est__fail(EST_INVALID_ARGUMENT, "'%s': a grid takes lists of values, no ranges", t->space[i].path[0]);
        *count *= t->space[i].num_values;
        if (*count > MOST_TRIALS)
            return est__fail(EST_INVALID_ARGUMENT, "tune: the grid has more than %d combinations", MOST_TRIALS);
    }
    return EST_OK;
}

/* The values of trial `number`: by its digits in a grid, else drawn with a generator of its own. */
static est_status choose(tune *t, bool grid, size_t number)
{
    est_trial *trial = &t->trial[number];
    est__random random = { .key = t->o.seed ^ (uint64_t)number << 32 };
    const char **value = est__arena_alloc(&t->document.arena, t->o.search.count * sizeof *value);
    if (value == NULL)
        return est__fail_memory(t->o.search.count * sizeof *value);
    size_t rest = number;
    for (size_t i = t->o.search.count; i-- > 0;) {
        const est__space *s = &t->space[i];
        value[i] = grid ? s->value[rest % s->num_values] : est__space_draw(s, &random, &t->document.arena);
        if (value[i] == NULL)
            return est__fail_memory(64);
        rest = grid ? rest / s->num_values : 0;
    }
    *trial = (est_trial){ .number = (int64_t)number, .value = value, .score = NAN };
    return EST_OK;
}

static est_status make_trials(tune *t)
{
    bool grid = t->o.method && strcmp(t->o.method, "grid") == 0;
    t->count = t->o.trials ? (size_t)t->o.trials : 20;
    if (grid)
        EST_TRY(count_grid(t, &t->count));
    t->trial = est__arena_alloc(&t->document.arena, t->count * sizeof *t->trial);
    t->queue = est__arena_alloc(&t->document.arena, t->count * sizeof *t->queue);
    if (t->trial == NULL || t->queue == NULL)
        return est__fail_memory(t->count * sizeof *t->trial);
    for (size_t i = 0; i < t->count; i++)
        EST_TRY(choose(t, grid, i));
    return EST_OK;
}

/* ---- one trial ---- */

static bool is_cancelled(void *user)
{
    tune *t = user;
    pthread_mutex_lock(&t->mutex);
    if (!t->cancelled && t->o.cancelled)
        t->cancelled = t->o.cancelled(t->o.user);
    bool cancelled = t->cancelled;
    pthread_mutex_unlock(&t->mutex);
    return cancelled;
}

/* The given settings, then the trial's, then those of this run. */
static est_status make_settings(const tune *t, const est_trial *trial, int64_t fold, est__arena *arena, est_strings *out)
{
    size_t n = 0, most = t->o.set.count + 4;
    for (size_t i = 0; i < t->o.search.count; i++)
        most += t->space[i].num_paths;
    const char **set = est__arena_alloc(arena, most * sizeof *set);
    if (set == NULL)
        return est__fail_memory(most * sizeof *set);
    for (size_t i = 0; i < t->o.set.count; i++)
        set[n++] = t->o.set.data[i];
    for (size_t i = 0; i < t->o.search.count; i++)
        for (size_t j = 0; j < t->space[i].num_paths; j++)
            set[n++] = est__arena_printf(arena, "%s=%s", t->space[i].path[j], trial->value[i]);
    set[n++] = "runtime.num_threads=1";
    if (t->steps)
        set[n++] = est__arena_printf(arena, "trainer.train_steps=%lld", (long long)t->steps);
    if (t->o.folds) {
        set[n++] = est__arena_printf(arena, "trainer.folds=%lld", (long long)t->o.folds);
        set[n++] = est__arena_printf(arena, "trainer.fold=%lld", (long long)fold);
    }
    for (size_t i = 0; i < n; i++)
        if (set[i] == NULL)
            return est__fail_memory(64);
    *out = (est_strings){ set, n };
    return EST_OK;
}

/* A folder that another search has left would go on with its values: the choice stands in a file beside the models. */
static est_status claim(const tune *t, const est_trial *trial, const char *dir)
{
    est__buffer text = { 0 };
    char *path = est__path_join(dir, "trial.yaml"), *there = NULL;
    size_t size = 0;
    est_status st = path ? est__make_dirs(dir) : est__fail_memory(64);
    for (size_t i = 0; i < t->o.search.count; i++)
        for (size_t j = 0; j < t->space[i].num_paths; j++)
            est__buffer_printf(&text, "%s: %s\n", t->space[i].path[j], trial->value[i]);
    est__buffer_printf(&text, "folds: %lld\n", (long long)t->o.folds);
    if (st == EST_OK && text.status == EST_OK && est__is_file(path)) {
        st = est__file_read(path, 1 << 20, &there, &size);
        if (st == EST_OK && (size != text.size || memcmp(there, text.data, size) != 0))
            st = est__fail(EST_INVALID_ARGUMENT, "%s: another search was at work here: remove %s, or choose another folder", path, t->o.dir);
    } else if (st == EST_OK) {
        st = text.status == EST_OK ? est__file_put(path, text.data, text.size) : text.status;
    }
    est__free(there);
    est__free(path);
    est__buffer_free(&text);
    return st;
}

static est_status run_fold(tune *t, est_trial *trial, const char *dir, int64_t fold, double *score)
{
    est__arena arena = { 0 };
    est__trial_run run = { .options = &t->o, .metric = t->metric, .cancelled = is_cancelled, .user = t };
    run.model_dir = t->o.folds ? est__arena_printf(&arena, "%s/fold-%lld", dir, (long long)fold) : est__arena_printf(&arena, "%s/model", dir);
    est_status st = run.model_dir ? make_settings(t, trial, fold, &arena, &run.set) : est__fail_memory(64);
    if (st == EST_OK)
        st = t->o.command ? est__trial_in_process(&run, score) : est__trial_here(&run, score);
    est__arena_free(&arena);
    return st;
}

/* The mean over the folds, and the deviation of them. */
static est_status score_trial(tune *t, est_trial *trial)
{
    int64_t folds = t->o.folds ? t->o.folds : 1;
    double sum = 0, squares = 0, score = NAN;
    char dir[4096];
    est__print(dir, sizeof dir, "%s/trial-%lld", t->o.dir, (long long)trial->number);
    EST_TRY(claim(t, trial, dir));
    for (int64_t i = 0; i < folds; i++) {
        EST_TRY(run_fold(t, trial, dir, i, &score));
        sum += score;
        squares += score * score;
    }
    trial->score = sum / (double)folds;
    trial->deviation = folds > 1 ? sqrt(fmax(0, (squares - sum * sum / (double)folds) / (double)(folds - 1))) : 0;
    trial->steps = t->steps ? t->steps : t->all_steps;
    return isfinite(trial->score) ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "%s is not a number", t->metric);
}

/* ---- all of them ---- */

static est_trial *take(tune *t)
{
    pthread_mutex_lock(&t->mutex);
    est_trial *trial = t->taken < t->queued && !t->cancelled ? t->queue[t->taken++] : NULL;
    pthread_mutex_unlock(&t->mutex);
    return trial;
}

static void *work(void *user)
{
    tune *t = user;
    for (est_trial *trial; (trial = take(t)) != NULL;) {
        est_status st = score_trial(t, trial);
        pthread_mutex_lock(&t->mutex);
        if (st != EST_OK) {
            trial->score = NAN;
            trial->error = est__arena_strdup(&t->document.arena, est_error());
            t->cancelled |= st == EST_CANCELLED;
        }
        t->done++;
        if (t->o.each && !t->cancelled)
            t->o.each(trial, (int64_t)t->done, (int64_t)t->queued, t->o.user);
        pthread_mutex_unlock(&t->mutex);
    }
    return NULL;
}

static int64_t jobs_of(const tune *t)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t jobs = t->o.jobs ? t->o.jobs : cores > 0 ? cores : 1;
    return jobs < (int64_t)t->queued ? jobs : (int64_t)t->queued;
}

static est_status run_queue(tune *t)
{
    enum { MOST_JOBS = 256 };
    pthread_t thread[MOST_JOBS];
    int64_t jobs = jobs_of(t), started = 0;
    t->taken = t->done = 0;
    while (started < jobs - 1 && started < MOST_JOBS && pthread_create(&thread[started], NULL, work, t) == 0)
        started++;
    work(t);
    for (int64_t i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    return t->cancelled ? est__fail(EST_CANCELLED, "stopped after %zu of %zu trials", t->done, t->queued) : EST_OK;
}

/* The better one first; those that failed last; equal ones by number. A trial that went on longer is never behind one that was
 * dropped before. */
static int better(const est_trial *a, const est_trial *b, bool maximize)
{
    if (isnan(a->score) != isnan(b->score))
        return isnan(a->score) ? 1 : -1;
    if (!isnan(a->score) && a->steps != b->steps)
        return a->steps > b->steps ? -1 : 1;
    if (!isnan(a->score) && a->score != b->score)
        return (a->score < b->score) == maximize ? 1 : -1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static int smaller_first(const void *a, const void *b)
{
    return better(*(est_trial *const *)a, *(est_trial *const *)b, false);
}

static int greater_first(const void *a, const void *b)
{
    return better(*(est_trial *const *)a, *(est_trial *const *)b, true);
}

static void sort(const tune *t, est_trial **trials, size_t count)
{
    qsort(trials, count, sizeof *trials, t->maximize ? greater_first : smaller_first);
}

/* Rungs: the last one has all steps and a few trials, each before it a third of the steps and three times the trials. */
static est_status halve(tune *t)
{
    int64_t rungs = 1;
    for (size_t n = t->count; n >= FACTOR && t->all_steps / (int64_t)pow(FACTOR, (double)rungs) >= 1; n /= FACTOR)
        rungs++;
    for (int64_t i = 0; i < rungs; i++) {
        t->steps = t->all_steps / (int64_t)pow(FACTOR, (double)(rungs - 1 - i));
        EST_TRY(run_queue(t));
        sort(t, t->queue, t->queued);
        size_t good = 0;
        while (good < t->queued && !isnan(t->queue[good]->score))
            good++;
        size_t next = (t->queued + FACTOR - 1) / FACTOR;
        t->queued = next < good ? next : good;
    }
    return EST_OK;
}

/* That the configuration is right, and how long it trains, is known before the first trial. */
static est_status read_steps(tune *t)
{
    est_experiment *x;
    char dir[4096];
    est__yaml_document d = { 0 };
    const est__yaml *root, *steps = NULL;
    est__print(dir, sizeof dir, "%s/trial-0/model", t->o.dir);
    EST_TRY(est_experiment_new(&((est_experiment_options){ .config = t->o.config, .set = t->o.set, .model_dir = dir }), &x));
    const char *text = est_experiment_config(x);
    est_status st = est__yaml_parse(&d, "the resolved configuration", "", text, strlen(text), &root);
    if (st == EST_OK)
        steps = est__yaml_get(est__yaml_get(root, "trainer"), "train_steps");
    if (steps && !est__yaml_is_null(steps))
        est__yaml_int(steps, &t->all_steps);
    est__yaml_free(&d);
    est_experiment_free(x);
    if (st == EST_OK && t->o.method && strcmp(t->o.method, "halving") == 0 && t->all_steps == 0)
        st = est__fail(EST_INVALID_ARGUMENT, "tune: halving needs trainer.train_steps, of which a trial does a part at first");
    return st;
}

static est_status search(tune *t)
{
    EST_TRY(check(t));
    EST_TRY(read_spaces(t));
    EST_TRY(read_steps(t));
    EST_TRY(make_trials(t));
    EST_TRY(est__hparams_of_search(&t->document, t->space, t->o.search.count, t->metric, t->o.dir));
    t->queued = t->count;
    for (size_t i = 0; i < t->count; i++)
        t->queue[i] = &t->trial[i];
    EST_TRY(t->o.method && strcmp(t->o.method, "halving") == 0 ? halve(t) : run_queue(t));
    for (size_t i = 0; i < t->count; i++)
        t->queue[i] = &t->trial[i];
    sort(t, t->queue, t->count);
    if (isnan(t->queue[0]->score))
        return est__fail(EST_FAILED_PRECONDITION, "every trial failed; trial %lld: %s", (long long)t->queue[0]->number,
                         t->queue[0]->error ? t->queue[0]->error : "out of memory");
    return EST_OK;
}

est_status est_tune_sized(const est_tune_options *options, size_t size, est_tune_result **out)
{
    tune t = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    kept *k = NULL;
    *out = NULL;
    memcpy(&t.o, options, size < sizeof t.o ? size : sizeof t.o);
    est_status st = search(&t);
    est_trial *sorted = st == EST_OK ? est__arena_alloc(&t.document.arena, t.count * sizeof *sorted) : NULL;
    if (st == EST_OK && (sorted == NULL || (k = est__calloc(1, sizeof *k)) == NULL))
        st = est__fail_memory(t.count * sizeof *sorted);
    if (st == EST_OK) {
        for (size_t i = 0; i < t.count; i++)
            sorted[i] = *t.queue[i];
        k->result = (est_tune_result){ sorted, t.count };
        k->arena = t.document.arena;
        t.document.arena = (est__arena){ 0 };
        *out = &k->result;
    }
    est__error error;
    est__error_take(&error, st);
    est__yaml_free(&t.document);
    pthread_mutex_destroy(&t.mutex);
    return st == EST_OK ? EST_OK : est__error_give(&error);
}

void est_tune_result_free(est_tune_result *r)
{
    kept *k = (kept *)r;
    if (k == NULL)
        return;
    est__arena arena = k->arena;
    est__free(k);
    est__arena_free(&arena);
}
