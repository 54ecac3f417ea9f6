/* Looking at files, over the readers of the library's own formats. */
#include <estimator/inspect.h>

#include <errno.h>
#include <sys/stat.h>

#include "formats/event.h"
#include "formats/example.h"
#include "formats/tfrecord.h"

static bool has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n > m && !strcmp(s + n - m, suffix);
}

static bool has_index(const char *prefix)
{
    char path[4096];
    return (size_t)snprintf(path, sizeof path, "%s.index", prefix) < sizeof path && est__is_file(path);
}

static est_status kind_of_folder(const char *path, est_file_kind *kind)
{
    est__names names;
    EST_TRY(est__list_dir(path, &names));
    bool model = false, saved_model = false;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.name[i];
        saved_model = saved_model || !strcmp(name, "saved_model.pb");
        model = model || !strcmp(name, "checkpoint") || strstr(name, "tfevents") || (!strncmp(name, "model.ckpt-", 11) &&
                                                                                    has_suffix(name, ".index"));
    }
    est__names_free(&names);
    *kind = saved_model ? EST_FILE_SAVED_MODEL : model ? EST_FILE_MODEL_DIR : EST_FILE_UNKNOWN;
    return EST_OK;
}

static bool is_record_file(const char *path)
{
    est__tfrecord_reader *r;
    est__bytes record;
    if (est__tfrecord_open(path, 0, &r) != EST_OK)
        return false;
    bool good = est__tfrecord_next(r, &record) == EST_OK;
    est__tfrecord_close(r);
    return good;
}

est_status est_file_kind_of(const char *path, est_file_kind *kind)
{
    struct stat s;
    const char *name = est__base_name(path);
    *kind = EST_FILE_UNKNOWN;
    if (has_index(path) || has_suffix(path, ".index") || strstr(name, ".data-0")) {
        *kind = EST_FILE_CHECKPOINT;
        return has_index(path) || stat(path, &s) == 0 ? EST_OK : est__fail_errno(errno, "%s", path);
    }
    if (stat(path, &s) != 0)
        return est__fail_errno(errno, "%s", path);
    if (S_ISDIR(s.st_mode))
        return kind_of_folder(path, kind);
    if (strstr(name, "tfevents"))
        *kind = EST_FILE_EVENTS;
    else if (S_ISREG(s.st_mode) && is_record_file(path))
        *kind = EST_FILE_RECORDS;
    return EST_OK;
}

est_status est_event_reader_open(const char *path, est_event_reader **out)
{
    est__event_reader *r = NULL;
    est_status st = est__event_open(path, &r);
    *out = (est_event_reader *)r;
    return st;
}

void est_event_reader_free(est_event_reader *r)
{
    if (r)
        est__event_close((est__event_reader *)r);
}

est_status est_event_reader_next(est_event_reader *r, est_event_scalar *scalar)
{
    est__event_scalar s;
    EST_TRY(est__event_next_scalar((est__event_reader *)r, &s));
    *scalar = (est_event_scalar){ s.wall_time, s.step, s.tag, s.value };
    return EST_OK;
}

typedef struct scalar_call {
    est_status (*each)(const est_event_scalar *scalar, void *user);
    void *user;
} scalar_call;

static est_status pass_scalar(void *user, const est__event_scalar *s)
{
    const scalar_call *c = user;
    return c->each(&(est_event_scalar){ s->wall_time, s->step, s->tag, s->value }, c->user);
}

est_status est_event_scalars(const char *path, est_status (*each)(const est_event_scalar *scalar, void *user), void *user)
{
    return est__event_walk(path, pass_scalar, &(scalar_call){ each, user });
}

/* The features of one Example: first their names and kinds, then their values as columns of a batch of one row. */
typedef struct listing {
    est__arena arena;
    est__feature_spec *specs;    /* of those with a kind */
    size_t count, capacity;
    const char **names;          /* of all; a spec's name is one of them */
    size_t names_count, names_capacity;
} listing;

static est_status list_feature(void *user, const est__example_feature *f)
{
    listing *l = user;
    EST_TRY(est__grow(&l->names, &l->names_capacity, l->names_count + 1, sizeof *l->names));
    EST_TRY(est__grow(&l->specs, &l->capacity, l->count + 1, sizeof *l->specs));
    char *name = est__arena_strndup(&l->arena, (const char *)f->name.p, f->name.n);
    if (!name)
        return est__fail_memory(f->name.n);
    for (size_t i = 0; i < l->names_count; i++)
        if (!strcmp(l->names[i], name)) /* written twice: the last one counts, and is told once */
            return EST_OK;
    l->names[l->names_count++] = name;
    if (f->dtype != EST_INVALID)
        l->specs[l->count++] = (est__feature_spec){ .name = name, .dtype = f->dtype, .variable = true };
    return EST_OK;
}

static est_status value_of(est_dtype dtype, const est__feature_column *c, est_tensor **out)
{
    est_shape shape = est_shape_of(1, &(int64_t){ (int64_t)c->count });
    if (dtype != EST_STRING) {
        EST_TRY(est_tensor_new(dtype, &shape, out));
        memcpy((*out)->data, c->values, c->count * est_dtype_size(dtype));
        return EST_OK;
    }
    const est__bytes *strings = c->values;
    const char **texts = est__calloc(c->count + 1, sizeof *texts);
    size_t *lengths = est__calloc(c->count + 1, sizeof *lengths);
    for (size_t i = 0; texts && lengths && i < c->count; i++) {
        texts[i] = (const char *)strings[i].p;
        lengths[i] = strings[i].n;
    }
    est_status st = texts && lengths ? est_tensor_new_strings(&shape, texts, lengths, out) : est__fail_memory(c->count);
    est__free(texts);
    est__free(lengths);
    return st;
}

static est_status give_features(const listing *l, const est__example_parser *p,
                                est_status (*each)(const est_example_feature *feature, void *user), void *user)
{
    for (size_t i = 0, spec = 0; i < l->names_count; i++) {
        est_tensor *value = NULL;
        if (spec < l->count && l->specs[spec].name == l->names[i]) {
            EST_TRY(value_of(l->specs[spec].dtype, est__example_column(p, spec), &value));
            spec++;
        }
        est_status st = each(&(est_example_feature){ l->names[i], value }, user);
        est_tensor_free(value);
        EST_TRY(st);
    }
    return EST_OK;
}

est_status est_example_features(const void *record, size_t size,
                                est_status (*each)(const est_example_feature *feature, void *user), void *user)
{
    listing l = { 0 };
    est__bytes bytes = { record, size };
    est__example_parser *p = NULL;
    est_status st = est__example_list(bytes, "tf.Example", 0, list_feature, &l);
    if (st == EST_OK)
        st = est__example_parser_new(l.specs, l.count, &p);
    if (st == EST_OK)
        st = est__example_parse(p, bytes, "tf.Example", 0);
    if (st == EST_OK)
        st = give_features(&l, p, each, user);
    est__example_parser_free(p);
    est__free(l.specs);
    est__free(l.names);
    est__arena_free(&l.arena);
    return st;
}
