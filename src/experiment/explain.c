/* Every key of the configuration in a line: path, type, default, meaning, all from the field tables. */
#include "base/fields.h"
#include "experiment/config.h"

typedef struct lister {
    const char *key;
    void (*write)(const char *line, void *user);
    void *user;
    est__buffer line, names;    /* names: all paths, each with its NUL, for the nearest one */
    size_t count, written;
} lister;

static const char *type_text(est_field_type type)
{
    static const char *const texts[] = {
        [EST_FIELD_BOOL] = "bool", [EST_FIELD_INT] = "integer", [EST_FIELD_FLOAT] = "number", [EST_FIELD_STRING] = "string",
        [EST_FIELD_INTS] = "integers", [EST_FIELD_FLOATS] = "numbers", [EST_FIELD_STRINGS] = "strings",
        [EST_FIELD_VALUES] = "strings or integers", [EST_FIELD_NORMALIZER] = "normalizer", [EST_FIELD_COLUMN] = "column",
        [EST_FIELD_COLUMNS] = "columns", [EST_FIELD_OPTIMIZER] = "optimizer", [EST_FIELD_HEAD] = "head",
        [EST_FIELD_HEADS] = "heads",
        [EST_FIELD_CROSS_KEYS] = "names and columns", [EST_FIELD_INITIALIZER] = "initializer",
        [EST_FIELD_SCHEDULE] = "schedule", [EST_FIELD_WARM_START] = "path or map", [EST_FIELD_MAP] = "map",
        [EST_FIELD_PARTITIONER] = "partitioner" };
    return texts[type];
}

static void put_default(est__buffer *b, const est_field *f)
{
    if (f->needed)
        est__buffer_text(b, "needed");
    else if (f->type == EST_FIELD_OPTIMIZER && f->def > 0)
        est__buffer_printf(b, f->max > 0 ? "%s, learning rate %g, clipnorm %g" : "%s, learning rate %g", f->def_text, f->def,
                           f->max);
    else if (f->def_text)
        est__buffer_printf(b, *f->def_text ? "%s" : "\"\"", f->def_text);
    else if (f->type == EST_FIELD_BOOL)
        est__buffer_text(b, f->def != 0 ? "true" : "false");
    else if (f->type == EST_FIELD_INT || f->type == EST_FIELD_FLOAT)
        est__yaml_number(b, f->def);
    else
        est__buffer_text(b, "none");
}

static void put_bounds(est__buffer *b, const est_field *f)
{
    for (size_t i = 0; f->choices && f->choices[i]; i++)
        est__buffer_printf(b, "%s%s", i ? ", " : " (one of ", f->choices[i]);
    if (f->choices)
        est__buffer_text(b, ")");
    if (est__field_has_min(f)) {
        est__buffer_text(b, f->above_min ? " (above " : " (at least ");
        est__yaml_number(b, f->min);
        est__buffer_text(b, ")");
    }
}

/* A key is wanted when it begins with the one that was asked for, or ends with it: `trainer`, `learning_rate`. */
static bool is_wanted(const lister *l, const char *path)
{
    size_t n = l->key ? strlen(l->key) : 0, m = strlen(path);
    if (!n)
        return true;
    if (m >= n && !strncmp(path, l->key, n) && (path[n] == '\0' || path[n] == '.'))
        return true;
    return m > n && path[m - n - 1] == '.' && !strcmp(path + m - n, l->key);
}

/* What a wrong key may have meant. */
static void add_name(lister *l, const char *name)
{
    est__buffer_text(&l->names, name);
    est__buffer_bytes(&l->names, "", 1);
    l->count++;
}

static void put_key(lister *l, const char *path, const est_field *f, const char *of)
{
    est__buffer *b = &l->line;
    const char *last = strrchr(path, '.');
    add_name(l, path);
    add_name(l, last ? last + 1 : path);
    if (!is_wanted(l, path))
        return;
    est__buffer_clear(b);
    est__buffer_printf(b, "%s  %s  ", path, type_text(f->type));
    put_default(b, f);
    est__buffer_printf(b, "  %s", f->doc ? f->doc : "");
    put_bounds(b, f);
    if (of)
        est__buffer_printf(b, " [%s]", of);
    if (b->status == EST_OK)
        l->write(b->data, l->user);
    l->written++;
}

static void put_fields(lister *l, const char *prefix, const est_field *fields, const char *of)
{
    for (const est_field *f = fields; f && f->type; f++) {
        char path[256];
        snprintf(path, sizeof path, "%s%s%s", prefix, *prefix ? "." : "", f->name);
        put_key(l, path, f, of);
    }
}

/* A column that is made of others has no key. */
static bool is_made_of_columns(const est_field *f)
{
    while (f->type && f->type != EST_FIELD_COLUMN && f->type != EST_FIELD_COLUMNS && f->type != EST_FIELD_CROSS_KEYS)
        f++;
    return f->type;
}

static void put_model(lister *l)
{
    static const est_field estimator = { .name = "estimator", .type = EST_FIELD_STRING, .needed = true,
                                         .doc = "an estimator, by its tf.estimator name" };
    static const est_field key = { .name = "key", .type = EST_FIELD_STRING, .needed = true, .doc = "the feature that it reads" };
    char path[256];
    size_t size;
    put_key(l, "task.model.estimator", &estimator, NULL);
    for (const char *const *name = est_estimator_names(); name && *name; name++)
        put_fields(l, "task.model", est_estimator_fields(*name, &size), *name);
    for (const char *const *kind = est_column_kinds(); kind && *kind; kind++) {
        snprintf(path, sizeof path, "task.model.feature_columns.%s.key", *kind);
        if (!is_made_of_columns(est_column_fields(*kind, &size)))
            put_key(l, path, &key, NULL);
        snprintf(path, sizeof path, "task.model.feature_columns.%s", *kind);
        put_fields(l, path, est_column_fields(*kind, &size), NULL);
    }
    for (const char *const *name = est_initializer_names(); name && *name; name++) {
        snprintf(path, sizeof path, "task.model.feature_columns.initializer.%s", *name);
        put_fields(l, path, est_initializer_fields(*name), NULL);
    }
    for (const char *const *name = est_partitioner_names(); name && *name; name++) {
        snprintf(path, sizeof path, "task.model.partitioner.%s", *name);
        put_fields(l, path, est_partitioner_fields(*name), NULL);
    }
    for (const char *const *kind = est_head_kinds(); kind && *kind; kind++) {
        snprintf(path, sizeof path, "task.model.head.%s", *kind);
        put_fields(l, path, est_head_fields(*kind), NULL);
    }
    for (const char *const *name = est_optimizer_names(); name && *name; name++) {
        snprintf(path, sizeof path, "task.model.optimizer.%s", *name);
        put_fields(l, path, est_optimizer_fields(*name, &size), NULL);
    }
    for (const char *const *name = est_schedule_names(); name && *name; name++) {
        snprintf(path, sizeof path, "task.model.optimizer.learning_rate.%s", *name);
        put_fields(l, path, est_schedule_fields(*name), NULL);
    }
}

static est_status not_found(const lister *l)
{
    const char **names = est__calloc(l->count, sizeof *names), *p = l->names.data;
    char room[160];
    if (!names || l->names.status != EST_OK) {
        est__free(names);
        return est__fail_memory(l->count);
    }
    for (size_t i = 0; i < l->count; i++, p += strlen(p) + 1)
        names[i] = p;
    est_status st = est__fail(EST_NOT_FOUND, "the configuration has no key '%.100s'%s", l->key,
                              est__suggest(l->key, names, l->count, room));
    est__free(names);
    return st;
}

est_status est_experiment_explain(const char *key, void (*write)(const char *line, void *user), void *user)
{
    lister l = { .key = key, .write = write, .user = user };
    for (const est__section *s = est__config_sections; s->path; s++) {
        if (s->offset == offsetof(est__config, train_data))
            put_model(&l);
        if (*s->path)
            add_name(&l, s->path);
        put_fields(&l, s->path, s->fields, NULL);
        if (s->offset == offsetof(est__config, validation_data))
            put_key(&l, "task.validation", &est__config_evaluations, NULL);
    }
    est_status st = l.line.status != EST_OK ? est__fail_memory(l.line.size) : l.written ? EST_OK : not_found(&l);
    est__buffer_free(&l.line);
    est__buffer_free(&l.names);
    return st;
}
