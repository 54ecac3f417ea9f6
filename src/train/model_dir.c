/* Finding checkpoints, and the input's place beside them. */
#include "train/model_dir.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <estimator/checkpoint.h>

#include "formats/checkpoint_state.h"

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

est_status est__checkpoints_list(const char *dir, est__checkpoints *out)
{
    est__checkpoint_state state;
    *out = (est__checkpoints){ 0 };
    est_status st = est__checkpoint_state_read(dir, &state);
    if (st == EST_OK && state.model_checkpoint_path)
        st = add(out, state.model_checkpoint_path);
    for (size_t i = state.count; i-- > 0 && st == EST_OK;)
        st = add(out, state.all_model_checkpoint_paths[i]);
    if (st == EST_DATA_LOSS)
        est__log(EST_LOG_WARNING, "%s; the checkpoints are found by their names", est_error());
    est__checkpoint_state_free(&state);
    if (st != EST_OK && st != EST_DATA_LOSS && st != EST_NOT_FOUND)
        return st;
    return out->count ? EST_OK : list_files(dir, out);
}

void est__checkpoints_free(est__checkpoints *c)
{
    for (size_t i = 0; i < c->count; i++)
        est__free(c->prefix[i]);
    est__free(c->prefix);
    *c = (est__checkpoints){ 0 };
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
    est_checkpoint_variable *variable;
    size_t count;
};

est_status est_latest_checkpoint(const char *model_dir, char *prefix, size_t capacity)
{
    est__checkpoints list;
    est_status st = est__checkpoints_list(model_dir, &list);
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
        st = c->variable ? EST_OK : est__fail_memory(c->count * sizeof *c->variable);
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
    if (est__bundle_find(c->bundle, name) == NULL) {
        const char **names = est__malloc((c->count + 1) * sizeof *names), *near;
        for (size_t i = 0; names && i < c->count; i++)
            names[i] = c->variable[i].name;
        near = names ? est__nearest(name, names, c->count) : NULL;
        est_status st = est__fail(EST_NOT_FOUND, "%s: there is no variable '%s'%s%s%s", est__bundle_prefix(c->bundle), name,
                                  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        est__free(names);
        return st;
    }
    return est__bundle_read(c->bundle, name, out);
}
