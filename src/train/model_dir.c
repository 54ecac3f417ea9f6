/* Finding checkpoints, and the input's place beside them. */
#include "train/model_dir.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <estimator/object_checkpoint.h>

#include "formats/checkpoint_state.h"
#include "formats/object_graph.h"

enum { INPUT_LIMIT = 1 << 30, HEAD = 8 + 4 + 8 + 8 };
static const char input_magic[8] = "ESTINPT1";

int64_t est__checkpoint_step(const char *prefix)
{
    const char *dash = strrchr(prefix, '-');
    int64_t step;
    return dash && est__parse_int64(dash + 1, strlen(dash + 1), &step) && step >= 0 ? step : -1;
}

static bool complete(const char *prefix)
{
    est__buffer path = { 0 };
    est__buffer_printf(&path, "%s.index", prefix);
    bool yes = path.status == EST_OK && est__is_file(path.data);
    est__buffer_free(&path);
    return yes;
}

static est_status add(est__checkpoints *c, const char *prefix)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->prefix[i], prefix) == 0)
            return EST_OK;
    if (!complete(prefix))
        return EST_OK;
    EST_TRY(est__grow(&c->prefix, &c->capacity, c->count + 1, sizeof *c->prefix));
    c->prefix[c->count] = est__strdup(prefix);
    if (c->prefix[c->count] == NULL)
        return est__fail_memory(strlen(prefix));
    c->count++;
    return EST_OK;
}

static int by_step(const void *a, const void *b)
{
    int64_t x = est__checkpoint_step(*(char *const *)a), y = est__checkpoint_step(*(char *const *)b);
    return x < y ? 1 : x > y ? -1 : 0;
}

static est_status list_files(const char *dir, est__checkpoints *out)
{
    est__names names;
    est_status st = est__list_dir(dir, &names);
    if (st != EST_OK)
        return st == EST_NOT_FOUND ? EST_OK : st;
    for (size_t i = 0; i < names.count && st == EST_OK; i++) {
        size_t n = strlen(names.name[i]);
        if (n < 18 || strncmp(names.name[i], "model.ckpt-", 11) != 0 || strcmp(names.name[i] + n - 6, ".index") != 0)
            continue;
        names.name[i][n - 6] = 0;
        char *prefix = est__path_join(dir, names.name[i]);
        st = prefix ? add(out, prefix) : est__fail_memory(n);
        est__free(prefix);
    }
    est__names_free(&names);
    if (out->count)
        qsort(out->prefix, out->count, sizeof *out->prefix, by_step);
    return st;
}

static est_status list_state(const est__checkpoint_state *state, est__checkpoints *out)
{
    if (state->model_checkpoint_path)
        EST_TRY(add(out, state->model_checkpoint_path));
    for (size_t i = state->count; i-- > 0;)
        EST_TRY(add(out, state->all_model_checkpoint_paths[i]));
    return EST_OK;
}

/* What is wrong with the state file; empty: nothing. `damage`: how reading it went. */
static void find_wrong(const char *dir, const est__error *damage, const est__checkpoint_state *state, const est__checkpoints *list,
                       est__buffer *out)
{
    const char *newest = state->model_checkpoint_path;
    if (newest == NULL && state->count)
        newest = state->all_model_checkpoint_paths[state->count - 1];
    if (damage->status == EST_DATA_LOSS)
        est__buffer_text(out, damage->text);
    else if (damage->status == EST_OK && newest == NULL)
        est__buffer_printf(out, "%s/checkpoint: names no checkpoint", dir);
    else if (damage->status == EST_OK && (list->count == 0 || strcmp(newest, list->prefix[0]) != 0))
        est__buffer_printf(out, "%s/checkpoint: %s is not there", dir, newest);
}

static est_status take_note(const char *dir, const est__error *damage, const est__checkpoint_state *state, est__checkpoints *out)
{
    est__buffer wrong = { 0 };
    find_wrong(dir, damage, state, out, &wrong);
    bool none = wrong.size && out->count == 0;
    if (wrong.size && out->count)
        est__buffer_printf(&wrong, "; %s is taken", out->prefix[0]);
    if (wrong.status == EST_OK && !none) {
        out->note = wrong.data;
        return EST_OK;
    }
    est_status st = wrong.status;
    if (st == EST_OK)
        st = est__fail(EST_DATA_LOSS, "%s, and there is no other checkpoint: remove that file to train from the start", wrong.data);
    est__buffer_free(&wrong);
    return st;
}

est_status est__checkpoints_list(const char *dir, est__checkpoints *out)
{
    est__checkpoint_state state;
    est__error damage;
    *out = (est__checkpoints){ 0 };
    est_status st = est__checkpoint_state_read(dir, &state);
    est__error_take(&damage, st);
    if (st == EST_OK)
        st = list_state(&state, out);
    else if (st == EST_NOT_FOUND || st == EST_DATA_LOSS)
        st = EST_OK;
    if (st == EST_OK && out->count == 0)
        st = list_files(dir, out);
    if (st == EST_OK)
        st = take_note(dir, &damage, &state, out);
    est__checkpoint_state_free(&state);
    return st;
}

est_status est__checkpoint_bundle(const char *prefix, est__bundle **out)
{
    est_status st = est__bundle_open(prefix, out);
    return st == EST_NOT_FOUND && complete(prefix) ? EST_DATA_LOSS : st;   /* rotation removes the .index first */
}

static void remove_file(const char *prefix, const char *suffix)
{
    est__buffer path = { 0 };
    est__buffer_printf(&path, "%s.%s", prefix, suffix);
    if (path.status == EST_OK)
        est__file_remove(path.data);
    est__buffer_free(&path);
}

void est__checkpoint_remove(const char *prefix)
{
    static const char *const suffixes[] = { "index", "data-00000-of-00001", "meta", "input" };
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        remove_file(prefix, suffixes[i]);
}

/* `name`: of an .input or a .data file. */
static void clean(const char *dir, char *name, const est__checkpoints *listed, bool whole)
{
    char *dot = strrchr(name, '.');
    bool is_input = dot && strcmp(dot, ".input") == 0, is_data = dot && strcmp(dot, ".data-00000-of-00001") == 0;
    if (strncmp(name, "model.ckpt-", 11) != 0 || (!is_input && !is_data))
        return;
    *dot = 0;
    char *prefix = est__path_join(dir, name);
    int64_t step = est__checkpoint_step(name);
    bool keep = prefix == NULL || step < 0;
    for (size_t i = 0; i < listed->count && !keep; i++)
        keep = strcmp(listed->prefix[i], prefix) == 0;
    bool before = is_input && listed->count && step < est__checkpoint_step(listed->prefix[listed->count - 1]);
    if (!keep && (!complete(prefix) || (whole && before)))
        est__checkpoint_remove(prefix);
    est__free(prefix);
}

est_status est__checkpoints_clean(const char *dir, const est__checkpoints *listed, bool whole)
{
    est__names names;
    EST_TRY(est__list_dir(dir, &names));
    for (size_t i = 0; i < names.count; i++)
        clean(dir, names.name[i], listed, whole);
    est__names_free(&names);
    return EST_OK;
}

void est__checkpoints_free(est__checkpoints *c)
{
    for (size_t i = 0; i < c->count; i++)
        est__free(c->prefix[i]);
    est__free(c->prefix);
    est__free(c->note);
    *c = (est__checkpoints){ 0 };
}

est_status est__checkpoints_resume(const char *dir, est_status (*resume)(void *user, const char *prefix), void *user, bool *resumed)
{
    est__checkpoints list;
    est_status st = est__checkpoints_list(dir, &list);
    if (list.note)
        est__log(EST_LOG_WARNING, "%s", list.note);
    for (size_t i = 0; i < list.count && st == EST_OK; i++) {
        st = resume(user, list.prefix[i]);
        if (st == EST_OK)
            est__log(EST_LOG_INFO, "going on from %s", list.prefix[i]);
        if (st != EST_DATA_LOSS)
            break;
        if (i + 1 < list.count) {
            est__log(EST_LOG_WARNING, "%s; training falls back to %s", est_error(), list.prefix[i + 1]);
            st = EST_OK;
        }
    }
    *resumed = list.count > 0;
    est__checkpoints_free(&list);
    return st;
}

static est_status crc_of_index(const char *prefix, uint32_t *crc)
{
    est__buffer path = { 0 };
    char *data;
    size_t size;
    est__buffer_printf(&path, "%s.index", prefix);
    est_status st = path.status == EST_OK ? est__file_read(path.data, INPUT_LIMIT, &data, &size) : path.status;
    est__buffer_free(&path);
    if (st != EST_OK)
        return st;
    *crc = est__crc32c(0, data, size);
    est__free(data);
    return EST_OK;
}

est_status est__input_write(const char *prefix, uint32_t index_crc, int64_t batches, const void *state, size_t size)
{
    est__buffer file = { 0 }, path = { 0 };
    est__buffer_bytes(&file, input_magic, sizeof input_magic);
    est__buffer_u32le(&file, index_crc);
    est__buffer_u64le(&file, (uint64_t)batches);
    est__buffer_u64le(&file, size);
    est__buffer_bytes(&file, state, size);
    est__buffer_u32le(&file, est__crc32c_mask(est__crc32c(0, file.data, file.size)));
    est__buffer_printf(&path, "%s.input", prefix);
    est_status st = file.status != EST_OK ? file.status : path.status;
    if (st == EST_OK)
        st = est__file_put(path.data, file.data, file.size);
    est__buffer_free(&file);
    est__buffer_free(&path);
    return st;
}

static est_status parse_input(const char *path, const char *prefix, const char *data, size_t n, int64_t *batches, const char **state,
                              size_t *size)
{
    uint32_t crc;
    if (n < HEAD + 4 || memcmp(data, input_magic, sizeof input_magic) != 0 || est__u64le(data + 20) != n - HEAD - 4 ||
        est__u32le(data + n - 4) != est__crc32c_mask(est__crc32c(0, data, n - 4)))
        return est__fail(EST_DATA_LOSS, "%s: checksum differs: the file is damaged", path);
    EST_TRY(crc_of_index(prefix, &crc));
    if (crc != est__u32le(data + 8))
        return est__fail(EST_NOT_FOUND, "%s belongs to another checkpoint of that step", path);
    *batches = (int64_t)est__u64le(data + 12);
    *state = data + HEAD;
    *size = n - HEAD - 4;
    return EST_OK;
}

est_status est__input_read(const char *prefix, int64_t *batches, char **data, const char **state, size_t *size)
{
    est__buffer path = { 0 };
    size_t n;
    *data = NULL;
    est__buffer_printf(&path, "%s.input", prefix);
    est_status st = path.status == EST_OK ? est__file_read(path.data, INPUT_LIMIT, data, &n) : path.status;
    if (st == EST_OK)
        st = parse_input(path.data, prefix, *data, n, batches, state, size);
    if (st != EST_OK) {
        est__free(*data);
        *data = NULL;
    }
    est__buffer_free(&path);
    return st;
}

/* ---- the public side ---- */

struct est_checkpoint {
    est__bundle *bundle;
    est__object_graph objects;
    est_checkpoint_variable *variable;
    size_t count;
};

est_status est_latest_checkpoint(const char *model_dir, char *prefix, size_t capacity)
{
    est__checkpoints list;
    est_status st = est__checkpoints_list(model_dir, &list);
    if (st == EST_OK && list.note)
        est__log(EST_LOG_WARNING, "%s", list.note);
    if (st == EST_OK && list.count == 0)
        st = est__fail(EST_NOT_FOUND, "%s: there is no checkpoint", model_dir);
    if (st == EST_OK && strlen(list.prefix[0]) >= capacity)
        st = est__fail(EST_RESOURCE_EXHAUSTED, "%s: its name needs %zu bytes", list.prefix[0], strlen(list.prefix[0]) + 1);
    if (st == EST_OK)
        strcpy(prefix, list.prefix[0]);
    est__checkpoints_free(&list);
    return st;
}

est_status est_checkpoint_open(const char *prefix, est_checkpoint **out)
{
    est_checkpoint *c = est__calloc(1, sizeof *c);
    est_status st = c ? est__bundle_open(prefix, &c->bundle) : est__fail_memory(sizeof *c);
    *out = NULL;
    if (st == EST_OK) {
        c->count = est__bundle_count(c->bundle);
        c->variable = est__calloc(c->count + 1, sizeof *c->variable);
        st = c->variable ? est__object_graph_read(c->bundle, &c->objects) : est__fail_memory(c->count * sizeof *c->variable);
    }
    for (size_t i = 0; st == EST_OK && i < c->count; i++) {
        const est__bundle_variable *v = est__bundle_at(c->bundle, i);
        c->variable[i] = (est_checkpoint_variable){ .name = v->name, .dtype = v->dtype, .shape = v->shape };
    }
    if (st != EST_OK) {
        est_checkpoint_free(c);
        return st;
    }
    *out = c;
    return EST_OK;
}

void est_checkpoint_free(est_checkpoint *c)
{
    if (c == NULL)
        return;
    est__object_graph_free(&c->objects);
    est__bundle_free(c->bundle);
    est__free(c->variable);
    est__free(c);
}

size_t est_checkpoint_count(const est_checkpoint *c)
{
    return c->count;
}

const est_checkpoint_variable *est_checkpoint_variable_at(const est_checkpoint *c, size_t i)
{
    return i < c->count ? &c->variable[i] : NULL;
}

est_status est_checkpoint_read(const est_checkpoint *c, const char *name, est_tensor **out)
{
    *out = NULL;
    const char *key = est__bundle_find(c->bundle, name) ? name : est__object_graph_key(&c->objects, name);
    if (key == NULL) {
        const char **names = est__malloc((c->count + 1) * sizeof *names), *near;
        for (size_t i = 0; names && i < c->count; i++)
            names[i] = c->variable[i].name;
        near = names ? est__nearest(name, names, c->count) : NULL;
        est_status st = est__fail(EST_NOT_FOUND, "%s: there is no variable '%s'%s%s%s", est__bundle_prefix(c->bundle), name,
                                  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        est__free(names);
        return st;
    }
    return est__bundle_read(c->bundle, key, out);
}

const char *est_checkpoint_full_name(const est_checkpoint *c, const char *name)
{
    return est__object_graph_full_name(&c->objects, name);
}
