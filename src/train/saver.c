/* Checkpoints are sets, written in order: data, input, index, then the state file; each whole under a temporary name before it is
 * renamed, so that whatever a reader finds listed is complete. */
#include "train/saver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "formats/checkpoint_state.h"
#include "train/model_dir.h"

struct est__saver {
    char *dir;
    int64_t keep;
    double every_n_hours;
    est__partitioning parts;
    int lock;
    est__checkpoint_state state;  /* names within dir */
    /* the job, handed over by turns: the caller fills it while !busy */
    pthread_t thread;
    bool started, quit, busy;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    est__error error;
    int64_t step, batches, last;
    const char **name;            /* of the saved variables, sorted; of the session's graph */
    est_tensor **copy;
    size_t count;
    est__buffer input;
    bool has_input;
};

/* ---- writing, on the saver's thread ---- */

static est_status write_data(est__saver *s, est__bundle_writer *w)
{
    for (size_t i = 0; i < s->count; i++)
        EST_TRY(est__partitioning_add(&s->parts, w, s->name[i], s->copy[i]));
    return EST_OK;
}

static est_status write_set(est__saver *s, const char *prefix)
{
    est__bundle_writer *w;
    uint32_t crc;
    EST_TRY(est__bundle_writer_new(prefix, &w));
    est_status st = write_data(s, w);
    if (st == EST_OK)
        st = est__bundle_finish_data(w, &crc);
    if (st == EST_OK && s->has_input)
        st = est__input_write(prefix, crc, s->batches, s->input.data, s->input.size);
    if (st == EST_OK)
        st = est__bundle_finish_index(w);
    est__bundle_writer_free(w);
    return st;
}

/* The new name last; as many of the old ones as stay. Returns how many at the front are to go. */
static est_status list_with(est__saver *s, const char *name, size_t *drop)
{
    est__checkpoint_state *state = &s->state;
    for (size_t i = 0; i < state->count; i++)
        if (strcmp(state->all_model_checkpoint_paths[i], name) == 0) {
            est__free(state->all_model_checkpoint_paths[i]);
            memmove(&state->all_model_checkpoint_paths[i], &state->all_model_checkpoint_paths[i + 1],
                    (state->count - i - 1) * sizeof *state->all_model_checkpoint_paths);
            state->count--;
            break;
        }
    EST_TRY(est__grow(&state->all_model_checkpoint_paths, &state->path_capacity, state->count + 1,
                      sizeof *state->all_model_checkpoint_paths));
    char *copy = est__strdup(name), *newest = est__strdup(name);
    if (copy == NULL || newest == NULL) {
        est__free(copy);
        est__free(newest);
        return est__fail_memory(strlen(name));
    }
    state->all_model_checkpoint_paths[state->count++] = copy;
    est__free(state->model_checkpoint_path);
    state->model_checkpoint_path = newest;
    *drop = s->keep > 0 && state->count > (size_t)s->keep ? state->count - (size_t)s->keep : 0;
    return EST_OK;
}

/* TensorFlow's rule: one that was saved after the next mark stays, and moves the mark on by so many hours. The last mark that was passed is
 * in the state file, so that restarts do not move it. */
static bool stays(const est__saver *s, const char *name, double *mark)
{
    struct stat info;
    double hours = s->every_n_hours;
    est__buffer path = { 0 };
    est__buffer_printf(&path, "%s/%s.index", s->dir, name);
    bool yes = hours > 0 && path.status == EST_OK && stat(path.data, &info) == 0 && (double)info.st_mtim.tv_sec + (double)info.st_mtim.tv_nsec * 1e-9 > *mark + hours * 3600;
    est__buffer_free(&path);
    if (yes)
        *mark += hours * 3600;
    return yes;
}

static est_status publish(est__saver *s, const char *name)
{
    est__checkpoint_state *state = &s->state;
    size_t drop;
    EST_TRY(list_with(s, name, &drop));
    est__checkpoint_state shown = *state;
    shown.all_model_checkpoint_paths += drop;
    shown.count -= drop;
    for (size_t i = 0; i < drop; i++)
        (void)stays(s, state->all_model_checkpoint_paths[i], &shown.last_preserved_timestamp);
    EST_TRY(est__checkpoint_state_write(s->dir, &shown));
    for (size_t i = 0; i < drop; i++) {
        char *prefix = est__path_join(s->dir, state->all_model_checkpoint_paths[i]);
        if (prefix && !stays(s, state->all_model_checkpoint_paths[i], &state->last_preserved_timestamp))
            est__checkpoint_remove(prefix);
        est__free(prefix);
        est__free(state->all_model_checkpoint_paths[i]);
    }
    memmove(state->all_model_checkpoint_paths, state->all_model_checkpoint_paths + drop,
            (state->count - drop) * sizeof *state->all_model_checkpoint_paths);
    state->count -= drop;
    return EST_OK;
}

static est_status write_checkpoint(est__saver *s)
{
    char name[64];
    snprintf(name, sizeof name, "model.ckpt-%lld", (long long)s->step);
    char *prefix = est__path_join(s->dir, name);
    if (prefix == NULL)
        return est__fail_memory(strlen(s->dir));
    est_status st = write_set(s, prefix);
    if (st == EST_OK)
        st = publish(s, name);
    est__free(prefix);
    return st;
}

static void *work(void *arg)
{
    est__saver *s = arg;
    pthread_mutex_lock(&s->mutex);
    for (;;) {
        while (!s->busy && !s->quit)
            pthread_cond_wait(&s->changed, &s->mutex);
        if (!s->busy)
            break;
        pthread_mutex_unlock(&s->mutex);
        est_status st = write_checkpoint(s);
        if (st != EST_OK)
            st = est__fail_in(st, "checkpoint of step %lld", (long long)s->step);
        pthread_mutex_lock(&s->mutex);
        est__error_take(&s->error, st);
        s->busy = false;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

/* ---- the caller's side ---- */

/* An evaluator that looks whether it is held holds it for a moment, and is waited for. */
static bool lock_now(int file)
{
    const struct timespec moment = { .tv_nsec = 5 * 1000 * 1000 };
    for (int tries = 0; flock(file, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (errno != EWOULDBLOCK || tries == 4)
            return false;
        nanosleep(&moment, NULL);
    }
    return true;
}

bool est__saver_at_work(const char *model_dir)
{
    char *path = est__path_join(model_dir, ".lock");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    bool held = file >= 0 && flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (file >= 0)
        close(file);
    est__free(path);
    return held;
}

static est_status take_lock(est__saver *s)
{
    char *path = est__path_join(s->dir, ".lock");
    if (path == NULL)
        return est__fail_memory(strlen(s->dir));
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    est_status st = EST_OK;
    if (s->lock < 0)
        st = est__fail_errno(errno, "%s: cannot be written", path);
    else if (!lock_now(s->lock))
        st = errno == EWOULDBLOCK ? est__fail(EST_FAILED_PRECONDITION, "%s: another trainer is at work in this model directory", s->dir)
                                  : est__fail_errno(errno, "%s", path);
    est__free(path);
    return st;
}

static est_status remove_temporaries(const est__saver *s)
{
    est__names names;
    EST_TRY(est__list_dir(s->dir, &names));
    for (size_t i = 0; i < names.count; i++)
        if (est__is_temporary(names.name[i])) {
            char *path = est__path_join(s->dir, names.name[i]);
            if (path)
                unlink(path);
            est__free(path);
        }
    est__names_free(&names);
    return EST_OK;
}

/* 0: none was ever kept for its age. */
static double last_mark(const char *dir)
{
    est__checkpoint_state state;
    double mark = est__checkpoint_state_read(dir, &state) == EST_OK ? state.last_preserved_timestamp : 0;
    est__checkpoint_state_free(&state);
    return mark;
}

/* What the state file lists, as names within the directory. */
static est_status read_state(est__saver *s)
{
    est__checkpoints list;
    est_status st = est__checkpoints_list(s->dir, &list);
    size_t drop;
    int64_t keep = s->keep;
    s->keep = 0;
    for (size_t i = list.count; i-- > 0 && st == EST_OK;)
        st = list_with(s, est__base_name(list.prefix[i]), &drop);
    s->keep = keep;
    double mark = st == EST_OK ? last_mark(s->dir) : 0;   /* else the error's text would be lost */
    if (mark <= 0 && s->every_n_hours > 0)
        mark = est__wall_time();
    s->state.last_preserved_timestamp = mark;
    if (st == EST_OK)
        st = est__checkpoints_clean(s->dir, &list, keep > 0 && mark <= 0);
    est__checkpoints_free(&list);
    return st;
}

est_status est__saver_new(const char *model_dir, const est__saver_options *o, est__saver **out)
{
    est__saver *s = est__calloc(1, sizeof *s);
    *out = NULL;
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    s->lock = -1;
    s->last = -1;
    s->keep = o->keep > 0 ? o->keep : 0;
    s->every_n_hours = o->every_n_hours;
    s->parts = *o->parts;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->dir = est__strdup(model_dir);
    est_status st = s->dir ? est__make_dirs(model_dir) : est__fail_memory(strlen(model_dir));
    if (st == EST_OK)
        st = take_lock(s);
    if (st == EST_OK)
        st = remove_temporaries(s);
    if (st == EST_OK)
        st = read_state(s);
    if (st == EST_OK && pthread_create(&s->thread, NULL, work, s) != 0)
        st = est__fail(EST_RESOURCE_EXHAUSTED, "no thread for writing checkpoints");
    else if (st == EST_OK)
        s->started = true;
    if (st != EST_OK) {
        est__saver_free(s);
        return st;
    }
    *out = s;
    return EST_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Room for the copies: made at the first save, kept for all others. */
static est_status make_copies(est__saver *s, const est__session *session)
{
    const est_graph *g = session->graph;
    s->name = est__calloc(g->num_variables + 1, sizeof *s->name);
    s->copy = est__calloc(g->num_variables + 1, sizeof *s->copy);
    if (s->name == NULL || s->copy == NULL)
        return est__fail_memory(g->num_variables * sizeof *s->copy);
    for (size_t i = 0; i < g->num_variables; i++)
        if (!g->variable[i].local)
            s->name[s->count++] = g->variable[i].name;
    qsort(s->name, s->count, sizeof *s->name, by_name);
    for (size_t i = 0; i < s->count; i++)
        EST_TRY(est_tensor_copy(est__session_variable(session, s->name[i])->value, &s->copy[i]));
    return EST_OK;
}

est_status est__saver_save(est__saver *s, const est__session *session, int64_t step, int64_t batches, const est__buffer *input)
{
    EST_TRY(est__saver_wait(s));
    if (s->copy == NULL)
        EST_TRY(make_copies(s, session));
    for (size_t i = 0; i < s->count; i++) {
        const est_tensor *value = est__session_variable(session, s->name[i])->value;
        if (!est_shape_equal(&value->shape, &s->copy[i]->shape)) {   /* what grows, as trees do */
            est_tensor_free(s->copy[i]);
            s->copy[i] = NULL;
            EST_TRY(est_tensor_copy(value, &s->copy[i]));
        }
        memcpy(s->copy[i]->data, value->data, est__tensor_bytes(value));
    }
    est__buffer_clear(&s->input);
    s->has_input = input != NULL;
    if (input)
        est__buffer_bytes(&s->input, input->data, input->size);
    if (s->input.status != EST_OK)
        return s->input.status;
    pthread_mutex_lock(&s->mutex);
    s->step = s->last = step;
    s->batches = batches;
    s->busy = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->mutex);
    return EST_OK;
}

est_status est__saver_wait(est__saver *s)
{
    pthread_mutex_lock(&s->mutex);
    while (s->busy)
        pthread_cond_wait(&s->changed, &s->mutex);
    est__error e = s->error;
    s->error = (est__error){ 0 };
    pthread_mutex_unlock(&s->mutex);
    return e.status == EST_OK ? EST_OK : est__error_give(&e);
}

est_status est__saver_promote(est__saver *s, int64_t step)
{
    char name[64];
    EST_TRY(est__saver_wait(s));
    snprintf(name, sizeof name, "model.ckpt-%lld", (long long)step);
    return publish(s, name);
}

int64_t est__saver_last(const est__saver *s)
{
    return s->last;
}

void est__saver_free(est__saver *s)
{
    if (s == NULL)
        return;
    if (s->started) {
        pthread_mutex_lock(&s->mutex);
        s->quit = true;
        pthread_cond_broadcast(&s->changed);
        pthread_mutex_unlock(&s->mutex);
        pthread_join(s->thread, NULL);
    }
    for (size_t i = 0; i < s->count; i++)
        est_tensor_free(s->copy[i]);
    est__free(s->copy);
    est__free(s->name);
    est__buffer_free(&s->input);
    est__checkpoint_state_free(&s->state);
    if (s->lock >= 0)
        close(s->lock);
    pthread_mutex_destroy(&s->mutex);
    pthread_cond_destroy(&s->changed);
    est__free(s->dir);
    est__free(s);
}
