/* Curves out of folders of event files: which folder is a run's training, and which its evaluation. */
#include <math.h>

#include <estimator/inspect.h>

#include "experiment/plot.h"

enum { DEEPEST = 8, MOST_FOLDERS = 4096 };

typedef struct walk {
    est_plot *p;
    const char *folder;           /* whose files are read, or the file */
    const char *phase;            /* that the folder's name stands for */
    size_t parent;                /* bytes of `folder` before that name; all where it is none */
    size_t folders, points;
    /* The series of the last point: many points have one tag. */
    est__series *last;
} walk;

/* ---- a folder's name ---- */

/* The phase that a folder's name stands for; NULL: it is a run. */
static const char *phase_of(est_plot *p, const char *name)
{
    if (strcmp(name, "train") == 0)
        return "training";
    if (strcmp(name, "validation") == 0)
        return "validation";
    if (strcmp(name, "eval") == 0)
        return "evaluation";
    return strncmp(name, "eval_", 5) == 0 && name[5] ? est__arena_printf(&p->names, "evaluation %s", name + 5) : NULL;
}

/* Sets folder, phase and parent. An event file counts as its folder. */
static void enter(walk *w, const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    const char *name = path + n;
    while (name > path && name[-1] != '/')
        name--;
    size_t before = (size_t)(name - path);
    char *last = est__arena_strndup(&w->p->names, name, n - before);
    w->folder = path;
    w->phase = last ? phase_of(w->p, last) : NULL;
    w->parent = w->phase ? before : n;
    w->last = NULL;
    if (!w->phase)
        w->phase = "training";
}

/* The training loop's statistics have a folder for each, "<run>/loss/train", which holds the tags epoch_loss and batch_loss. */
static size_t run_length(const walk *w, const char *tag)
{
    size_t n = w->parent;
    while (n > 1 && w->folder[n - 1] == '/')
        n--;
    size_t begin = n;
    while (begin > 0 && w->folder[begin - 1] != '/')
        begin--;
    const char *stat = strchr(tag, '_');
    bool in_phase = w->parent < strlen(w->folder);
    if (in_phase && stat && begin > 1 && (strncmp(tag, "epoch_", 6) == 0 || strncmp(tag, "batch_", 6) == 0) &&
        strlen(stat + 1) == n - begin && strncmp(stat + 1, w->folder + begin, n - begin) == 0)
        n = begin - 1;
    return n;
}

/* ---- points ---- */

static est_status number_of(est__map *map, const char *key, size_t n, size_t *number)
{
    *number = (size_t)(uintptr_t)est__map_get(map, key, n);
    if (*number)
        return EST_OK;
    *number = est__map_size(map) + 1;
    return est__map_put(map, key, n, (void *)(uintptr_t)*number);
}

static est_status new_series(walk *w, const char *tag, const char *run)
{
    est_plot *p = w->p;
    EST_TRY(est__grow(&p->series, &p->capacity, p->count + 1, sizeof *p->series));
    est__series *s = &p->series[p->count];
    *s = (est__series){ .order = p->count };
    s->shown.tag = est__arena_strdup(&p->names, tag);
    s->shown.run = est__arena_strdup(&p->names, run);
    s->shown.phase = w->phase;
    if (!s->shown.tag || !s->shown.run)
        return est__fail_memory(strlen(tag) + strlen(run));
    EST_TRY(number_of(p->runs, run, strlen(run), &s->run));
    s->run--;
    p->count++;
    return EST_OK;
}

static est_status find_series(walk *w, const char *tag)
{
    if (w->last && strcmp(w->last->shown.tag, tag) == 0)
        return EST_OK;
    est__buffer key = { 0 };
    size_t number = 0, n = run_length(w, tag);
    est__buffer_bytes(&key, w->folder, n);
    if (n == 0)
        est__buffer_text(&key, ".");
    size_t run_end = key.size;
    est__buffer_printf(&key, "%c%s%c%s", 0, w->phase, 0, tag);
    est_status st = key.status == EST_OK ? number_of(w->p->by_key, key.data, key.size, &number) : est__fail_memory(n);
    if (st == EST_OK && number > w->p->count) {
        key.data[run_end] = 0;
        st = new_series(w, tag, key.data);
    }
    w->last = st == EST_OK ? &w->p->series[number - 1] : NULL;
    est__buffer_free(&key);
    return st;
}

static est_status grow(est__series *s)
{
    size_t capacity = s->capacity ? 2 * s->capacity : 64;
    int64_t *step = est__realloc(s->step, capacity * sizeof *step);
    s->step = step ? step : s->step;
    double *wall_time = est__realloc(s->wall_time, capacity * sizeof *wall_time);
    s->wall_time = wall_time ? wall_time : s->wall_time;
    double *value = est__realloc(s->value, capacity * sizeof *value);
    s->value = value ? value : s->value;
    if (!step || !wall_time || !value)
        return est__fail_memory(capacity * sizeof *value);
    s->capacity = capacity;
    return EST_OK;
}

/* A step that is not above those before it was reached again, from an older checkpoint: what was between counts no more. */
static est_status take(const est_event_scalar *scalar, void *user)
{
    walk *w = user;
    EST_TRY(find_series(w, scalar->tag));
    est__series *s = w->last;
    while (s->count && s->step[s->count - 1] >= scalar->step)
        s->count--;
    if (s->count == s->capacity)
        EST_TRY(grow(s));
    s->step[s->count] = scalar->step;
    s->wall_time[s->count] = scalar->wall_time;
    s->value[s->count++] = (double)scalar->value;
    w->points++;
    return EST_OK;
}

/* ---- folders ---- */

static est_status read_folder(walk *w, const char *path, int depth);

static est_status read_below(walk *w, const char *path, const est__names *names, int depth)
{
    est_status st = EST_OK;
    for (size_t i = 0; i < names->count && st == EST_OK; i++) {
        char *below = names->name[i][0] != '.' ? est__path_join(strcmp(path, ".") ? path : "", names->name[i]) : NULL;
        if (below && !strstr(names->name[i], "tfevents.") && est__is_dir(below))
            st = read_folder(w, below, depth + 1);
        est__free(below);
    }
    return st;
}

static est_status read_folder(walk *w, const char *path, int depth)
{
    est__names names;
    bool events = false;
    if (++w->folders > MOST_FOLDERS)
        return est__fail(EST_INVALID_ARGUMENT, "%s: there are more than %d folders below: name those with event files", w->p->source,
                         MOST_FOLDERS);
    est_status st = est__list_dir(path, &names);
    if (st != EST_OK)
        return st == EST_NOT_FOUND && depth ? EST_OK : st;
    for (size_t i = 0; i < names.count; i++)
        events |= strstr(names.name[i], "tfevents.") != NULL;
    if (events) {
        enter(w, path);
        st = est_event_scalars(path, take, w);
    }
    if (st == EST_OK && depth < DEEPEST)
        st = read_below(w, path, &names, depth);
    est__names_free(&names);
    return st;
}

static est_status read_file(walk *w, const char *path)
{
    est_file_kind kind;
    EST_TRY(est_file_kind_of(path, &kind));
    if (kind != EST_FILE_EVENTS)
        return est__fail(EST_INVALID_ARGUMENT, "%s: neither a folder nor an event file (events.out.tfevents.…)", path);
    const char *name = est__base_name(path);
    char *folder = name > path + 1 ? est__arena_strndup(&w->p->names, path, (size_t)(name - path) - 1) : est__arena_strdup(&w->p->names, ".");
    if (!folder)
        return est__fail_memory(strlen(path));
    enter(w, folder);
    return est_event_scalars(path, take, w);
}

/* Without a slash at its end, which would make another run of it. */
static est_status read_path(walk *w, const char *given)
{
    size_t n = strlen(given);
    while (n > 1 && given[n - 1] == '/')
        n--;
    char *path = est__arena_strndup(&w->p->names, given, n);
    if (!path)
        return est__fail_memory(n);
    return est__is_dir(path) ? read_folder(w, path, 0) : read_file(w, path);
}

est_status est__plot_read(est_plot *p, est_strings paths)
{
    walk w = { .p = p };
    if (paths.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_plot_new: paths: one at least is wanted");
    p->source = est__arena_strdup(&p->names, paths.data[0]);
    if (!p->source)
        return est__fail_memory(strlen(paths.data[0]));
    for (size_t i = 0; i < paths.count; i++) {
        size_t before = w.points;
        EST_TRY(read_path(&w, paths.data[i]));
        if (w.points == before && paths.count > 1)
            est__log(EST_LOG_WARNING, "%s: no event files with scalars are here", paths.data[i]);
    }
    if (w.points)
        return EST_OK;
    return est__fail(EST_NOT_FOUND, "%s: no event files with scalars are %s: is it the model_dir of a run that was trained?", paths.data[0],
                     paths.count > 1 ? "in any of these" : "here, nor in folders below");
}
