/* CheckpointManager: numbered checkpoints in one folder, of which the newest stay, and on wish one in so many hours for ever. */
#include <math.h>

#include "base/fields.h"
#include "formats/checkpoint_state.h"
#include "train/model_dir.h"
#include "train/object_checkpoint.h"

/* A checkpoint of the folder. */
typedef struct kept {
    char *prefix;
    double time;                  /* when it was written, seconds since 1970 */
} kept;

struct est_checkpoint_manager {
    est_object_checkpoint *c;
    est__arena arena;
    est_checkpoint_manager_options o;
    const char *directory, *prefix;   /* prefix: <directory>/<checkpoint_name> */
    int64_t max_to_keep;          /* 0: all */
    kept *list;                   /* oldest first */
    size_t count, capacity;
    const char **shown;           /* what est_checkpoint_manager_checkpoints lent */
    size_t cap_shown;
    double last_preserved;
};

static const est_field option_fields[] = {
    EST_FIELD(est_checkpoint_manager_options, STRING, checkpoint_name, .def_text = "ckpt", .doc = "how the files' names begin"),
    EST_FIELD(est_checkpoint_manager_options, FLOAT, keep_checkpoint_every_n_hours, .max = INFINITY,
              .doc = "one in so many hours stays for ever; 0: none"),
    { 0 }
};

static est_status add(est_checkpoint_manager *m, const char *prefix, double time)
{
    EST_TRY(est__grow(&m->list, &m->capacity, m->count + 1, sizeof *m->list));
    EST_TRY(est__grow(&m->shown, &m->cap_shown, m->count + 1, sizeof *m->shown));
    char *copy = est__strdup(prefix);
    if (copy == NULL)
        return est__fail_memory(strlen(prefix));
    m->list[m->count++] = (kept){ copy, time };
    return EST_OK;
}

static void drop_first(est_checkpoint_manager *m)
{
    est__free(m->list[0].prefix);
    memmove(m->list, m->list + 1, --m->count * sizeof *m->list);
}

/* What the folder's file `checkpoint` lists, of which other programs may have removed some. */
static est_status read_state(est_checkpoint_manager *m)
{
    est__checkpoint_state state;
    est__buffer index = { 0 };
    est_status st = est__checkpoint_state_read(m->directory, &state);
    if (st == EST_NOT_FOUND)
        st = EST_OK;
    for (size_t i = 0; i < state.count && st == EST_OK; i++) {
        const char *prefix = state.all_model_checkpoint_paths[i];
        est__buffer_clear(&index);
        est__buffer_printf(&index, "%s.index", prefix);
        st = index.status;
        if (st == EST_OK && est__is_file(index.data))
            st = add(m, prefix, i < state.timestamp_count ? state.all_model_checkpoint_timestamps[i] : est__wall_time());
    }
    m->last_preserved = state.last_preserved_timestamp > 0 ? state.last_preserved_timestamp : est__wall_time();
    est__buffer_free(&index);
    est__checkpoint_state_free(&state);
    return st;
}

static est_status begin(est_checkpoint_manager *m, const char *directory, const est_checkpoint_manager_options *options, size_t size)
{
    EST_TRY(est__fields_apply(option_fields, "est_checkpoint_manager_new", options, size, &m->o, sizeof m->o));
    m->directory = est__arena_strdup(&m->arena, directory);
    m->prefix = est__arena_printf(&m->arena, "%s/%s", directory, m->o.checkpoint_name);
    if (m->directory == NULL || m->prefix == NULL)
        return est__fail_memory(strlen(directory));
    return read_state(m);
}

est_status est_checkpoint_manager_new_sized(est_object_checkpoint *c, const char *directory, int64_t max_to_keep,
                                            const est_checkpoint_manager_options *options, size_t size, est_checkpoint_manager **out)
{
    *out = NULL;
    if (max_to_keep < 1 && max_to_keep != EST_OFF)
        return est__fail(EST_INVALID_ARGUMENT, "est_checkpoint_manager_new: max_to_keep is %lld; it must be at least 1, or EST_OFF",
                         (long long)max_to_keep);
    est_checkpoint_manager *m = est__calloc(1, sizeof *m);
    if (m == NULL)
        return est__fail_memory(sizeof *m);
    m->c = c;
    m->max_to_keep = max_to_keep == EST_OFF ? 0 : max_to_keep;
    est_status st = begin(m, directory, options, size);
    if (st != EST_OK) {
        est_checkpoint_manager_free(m);
        return st;
    }
    *out = m;
    return EST_OK;
}

void est_checkpoint_manager_free(est_checkpoint_manager *m)
{
    if (m == NULL)
        return;
    while (m->count)
        drop_first(m);
    est__free(m->list);
    est__free(m->shown);
    est__arena_free(&m->arena);
    est__free(m);
}

/* Those from number `first` on. */
static est_status write_state(const est_checkpoint_manager *m, size_t first)
{
    size_t n = m->count - first;
    char **names = est__malloc((n + 1) * sizeof *names);
    double *times = est__malloc((n + 1) * sizeof *times);
    est_status st = names && times ? EST_OK : est__fail_memory(n * sizeof *names);
    for (size_t i = 0; i < n && st == EST_OK; i++) {
        names[i] = (char *)(uintptr_t)est__base_name(m->list[first + i].prefix);
        times[i] = m->list[first + i].time;
    }
    if (st == EST_OK)
        st = est__checkpoint_state_write(m->directory, &(est__checkpoint_state){
            .model_checkpoint_path = names[n - 1], .all_model_checkpoint_paths = names, .count = n,
            .all_model_checkpoint_timestamps = times, .timestamp_count = n, .last_preserved_timestamp = m->last_preserved });
    est__free(names);
    est__free(times);
    return st;
}

/* Oldest first: one is preserved, and forgotten, when the last such is more than so many hours older. */
static est_status sweep(est_checkpoint_manager *m)
{
    size_t many = m->max_to_keep > 0 && m->count > (size_t)m->max_to_keep ? m->count - (size_t)m->max_to_keep : 0;
    double seconds = m->o.keep_checkpoint_every_n_hours * 3600;
    for (size_t i = 0; i < many && seconds > 0; i++)
        if (m->list[i].time - seconds >= m->last_preserved) {
            m->last_preserved = m->list[i].time;
            m->list[i].time = -1;
        }
    EST_TRY(write_state(m, many));
    for (; many > 0; many--) {
        if (m->list[0].time >= 0)
            est__checkpoint_remove(m->list[0].prefix);
        drop_first(m);
    }
    return EST_OK;
}

est_status est_checkpoint_manager_save(est_checkpoint_manager *m)
{
    char path[4096];
    EST_TRY(est__save_numbered(m->c, m->prefix, path, sizeof path));
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->list[i].prefix, path) == 0) {     /* written anew, after an older one was restored */
            est__free(m->list[i].prefix);
            memmove(&m->list[i], &m->list[i + 1], (--m->count - i) * sizeof *m->list);
            break;
        }
    EST_TRY(add(m, path, est__wall_time()));
    return sweep(m);
}

const char *est_checkpoint_manager_latest_checkpoint(const est_checkpoint_manager *m)
{
    return m->count ? m->list[m->count - 1].prefix : NULL;
}

est_strings est_checkpoint_manager_checkpoints(const est_checkpoint_manager *m)
{
    for (size_t i = 0; i < m->count; i++)
        m->shown[i] = m->list[i].prefix;
    return (est_strings){ m->shown, m->count };
}

est_status est_checkpoint_manager_restore_or_initialize(est_checkpoint_manager *m, bool *restored)
{
    const char *latest = est_checkpoint_manager_latest_checkpoint(m);
    if (restored)
        *restored = latest != NULL;
    return latest ? est_object_checkpoint_restore(m->c, latest) : EST_OK;
}
