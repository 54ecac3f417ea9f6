/* One node of the configuration becomes one field of a struct, by the field's type. */
#include "base/fields.h"
#include "experiment/config.h"

static est_status fail_memory(void)
{
    return est__fail_memory(sizeof(est_field));
}

const char *est__suggest(const char *name, const char *const *names, size_t count, char room[160])
{
    const char *nearest = est__nearest(name, names, count);
    room[0] = '\0';
    if (nearest)
        snprintf(room, 160, "; did you mean '%.100s'?", nearest);
    return room;
}

const est_field *est__field_for(const est_field *fields, const char *key, const est__yaml *value)
{
    const est_field *f = fields;
    while (f && f->type && strcmp(f->name, key))
        f++;
    if (!f || !f->type)
        return NULL;
    bool has_other_form = f[1].type && !strcmp(f[1].name, key);
    return has_other_form && value && value->kind != EST_YAML_SCALAR ? f + 1 : f;
}

void est__fields_defaults(const est_field *fields, void *into)
{
    for (const est_field *f = fields; f->type; f++) {
        char *p = (char *)into + f->offset;
        switch (f->type) {
        case EST_FIELD_BOOL: *(bool *)p = (f->def != 0) != f->negated; break;
        case EST_FIELD_INT: *(int64_t *)p = (int64_t)f->def; break;
        case EST_FIELD_FLOAT: *(double *)p = f->def; break;
        case EST_FIELD_STRING: *(const char **)p = f->def_text; break;
        default: break;
        }
    }
}

/* `batch_size takes an integer, not "abc"`. */
static est_status wrong_type(const est__yaml *n, const est_field *f, const char *wanted)
{
    char room[160];
    bool is_text = !strcmp(wanted, "a string") || !strcmp(wanted, "strings");
    const char *hint = n->kind == EST_YAML_SCALAR && is_text && !est__yaml_is_null(n) ? "; put it in quotes" : "";
    return est__yaml_fail(n, "%s takes %s, not %s%s", f->name, wanted, est__yaml_describe(n, room), hint);
}

static est_status check_range(const est__yaml *n, const est_field *f, double v)
{
    char bound[32];
    if (est__field_has_min(f) && !(f->above_min ? v > f->min : v >= f->min)) {
        est__format_double(bound, f->min);
        return est__yaml_fail(n, "%s is %s; it must be %s %s", f->name, n->text, f->above_min ? "above" : "at least", bound);
    }
    if (est__field_has_max(f) && !(v <= f->max)) {
        est__format_double(bound, f->max);
        return est__yaml_fail(n, "%s is %s; it must be at most %s", f->name, n->text, bound);
    }
    return EST_OK;
}

static est_status to_int(const est__yaml *n, const est_field *f, const char *wanted, int64_t *out)
{
    if (!est__yaml_int(n, out))
        return wrong_type(n, f, wanted);
    return check_range(n, f, (double)*out);
}

static est_status to_float(const est__yaml *n, const est_field *f, const char *wanted, double *out)
{
    if (!est__yaml_float(n, out))
        return wrong_type(n, f, wanted);
    return check_range(n, f, *out);
}

bool est__field_is_path(const est_field *f)
{
    static const char *const names[] = { "model_dir", "input_path", "vocabulary_file", "ckpt_to_load_from", "cache",
                                         "ckpt_to_initialize_from", "new_vocab", "old_vocab" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(f->name, names[i]))
            return true;
    return false;
}

bool est__field_is_path_or_true(const est_field *f)
{
    return !strcmp(f->name, "cache");
}

static est_status to_string(est__convert *c, const est__yaml *n, const est_field *f, const char *wanted, const char **out)
{
    char room[160];
    bool on;
    if (est__field_is_path_or_true(f) && est__yaml_bool(n, &on)) {
        *out = on ? "" : NULL;
        return EST_OK;
    }
    if (!est__yaml_string(n, out))
        return wrong_type(n, f, wanted);
    size_t count = 0;
    while (f->choices && f->choices[count])
        if (!strcmp(f->choices[count++], *out))
            return EST_OK;
    if (f->choices) {
        est__buffer all = { 0 };
        for (size_t i = 0; i < count; i++)
            est__buffer_printf(&all, "%s'%s'", i == 0 ? "" : i + 1 < count ? ", " : " or ", f->choices[i]);
        est_status st = est__yaml_fail(n, "%s is '%.60s'; it must be %s%s", f->name, *out, all.data ? all.data : "",
                                       est__suggest(*out, f->choices, count, room));
        est__buffer_free(&all);
        return st;
    }
    if (est__field_is_path(f) && !**out)
        return est__yaml_fail(n, "%s is empty", f->name);
    if (est__field_is_path(f) && **out != '/' && n->base && *n->base)
        *out = est__arena_printf(c->arena, "%s/%s", n->base, *out);
    return *out ? EST_OK : fail_memory();
}

/* The items of a list; a node that is none stands for a list of itself. */
static const est__yaml *const *items_of(const est__yaml *const *n, size_t *count)
{
    bool is_list = (*n)->kind == EST_YAML_LIST;
    *count = is_list ? (*n)->count : 1;
    return is_list ? (const est__yaml *const *)(*n)->items : n;
}

static est_status to_ints(est__convert *c, const est__yaml *n, const est_field *f, est_ints *out)
{
    size_t count;
    const est__yaml *const *items = items_of(&n, &count);
    int64_t *data = est__arena_alloc(c->arena, (count + 1) * sizeof *data);
    if (!data)
        return fail_memory();
    for (size_t i = 0; i < count; i++)
        EST_TRY(to_int(items[i], f, "integers", &data[i]));
    *out = (est_ints){ data, count };
    return EST_OK;
}

/* The numbers of a list, or of a list of such lists. */
static est_status to_floats(est__convert *c, const est__yaml *n, const est_field *f, est_floats *out)
{
    size_t rows, count = 0, width;
    const est__yaml *const *row = items_of(&n, &rows);
    for (size_t i = 0; i < rows; i++, count += width)
        items_of(&row[i], &width);
    double *data = est__arena_alloc(c->arena, (count + 1) * sizeof *data), *to = data;
    if (!data)
        return fail_memory();
    for (size_t i = 0; i < rows; i++) {
        const est__yaml *const *item = items_of(&row[i], &width);
        for (size_t k = 0; k < width; k++)
            EST_TRY(to_float(item[k], f, "numbers", to++));
    }
    *out = (est_floats){ data, count };
    return EST_OK;
}

static est_status to_strings(est__convert *c, const est__yaml *n, const est_field *f, est_strings *out)
{
    size_t count;
    const est__yaml *const *items = items_of(&n, &count);
    const char **data = est__arena_alloc(c->arena, (count + 1) * sizeof *data);
    if (!data)
        return fail_memory();
    for (size_t i = 0; i < count; i++)
        EST_TRY(to_string(c, items[i], f, "strings", &data[i]));
    *out = (est_strings){ data, count };
    return EST_OK;
}

static est_status to_values(est__convert *c, const est__yaml *n, const est_field *f, est_values *out)
{
    int64_t v;
    if (n->kind != EST_YAML_LIST)
        return wrong_type(n, f, "a list of strings or of integers");
    bool ints = n->count && est__yaml_int(n->items[0], &v);
    for (size_t i = 1; i < n->count; i++)
        if (est__yaml_int(n->items[i], &v) != ints)
            return est__yaml_fail(n->items[i], "%s has both strings and integers; put numbers in quotes to make them strings", f->name);
    return ints ? to_ints(c, n, f, &out->ints) : to_strings(c, n, f, &out->strings);
}

static est_status to_normalizer(const est__yaml *n, const est_field *f, est_normalizer *out)
{
    static const char wanted[] = "{mean: m, std: s}, {min: a, max: b} or log1p";
    const est__yaml *mean = est__yaml_get(n, "mean"), *std = est__yaml_get(n, "std");
    const est__yaml *min = est__yaml_get(n, "min"), *max = est__yaml_get(n, "max");
    const est_field any = { .name = f->name };
    const char *name;
    if (est__yaml_string(n, &name) && !strcmp(name, "log1p")) {
        out->kind = EST_NORMALIZE_LOG1P;
        return EST_OK;
    }
    if (n->kind != EST_YAML_MAP || n->count != 2 || !((mean && std) || (min && max))) {
        char room[160];
        return est__yaml_fail(n, "%s takes %s, not %s", f->name, wanted,
                              n->kind == EST_YAML_MAP ? "a map of other keys" : est__yaml_describe(n, room));
    }
    out->kind = mean ? EST_NORMALIZE_MEAN_STD : EST_NORMALIZE_MIN_MAX;
    EST_TRY(to_float(mean ? mean : min, &any, "numbers", mean ? &out->mean : &out->min));
    EST_TRY(to_float(mean ? std : max, &any, "numbers", mean ? &out->std : &out->max));
    if (mean ? out->std == 0 : out->max == out->min)
        return est__yaml_fail(n, "%s divides by zero: %s", f->name, mean ? "std is 0" : "max equals min");
    return EST_OK;
}

/* {name: {parameters}}; `wanted` is what a message shows of it. */
static est_status split_named(const est__yaml *n, const char *field, const char *wanted, const char **kind, const est__yaml **params)
{
    char room[160];
    if (n->kind != EST_YAML_MAP || n->count != 1)
        return est__yaml_fail(n, "%s takes %s, not %s", field, wanted,
                              n->kind == EST_YAML_MAP ? "a map of several keys" : est__yaml_describe(n, room));
    *kind = n->pairs[0].key;
    *params = n->pairs[0].value;
    if ((*params)->kind != EST_YAML_MAP && !est__yaml_is_null(*params))
        return est__yaml_fail(*params, "%s takes a map of its parameters, not %s", *kind, est__yaml_describe(*params, room));
    return EST_OK;
}

static est_status make_column(est__convert *c, const est__yaml *n, const char *kind, const est__yaml *params, est_column **out)
{
    static const char *const others[] = { "key", NULL };
    size_t size = 0;
    const char *key = NULL;
    const est_field *fields = est_column_fields(kind, &size), key_field = { .name = "key" };
    if (!fields)
        return est__unknown_name(n, n->pairs[0].line, "feature column", kind, est_column_kinds(), est__known_columns);
    void *options = est__arena_alloc(c->arena, size + 1);
    if (!options)
        return fail_memory();
    EST_TRY(est__convert_map(c, params, &(est__keys){ .path = kind, .fields = fields, .others = others, .zero_is_default = true },
                             options));
    const est__yaml *key_node = est__yaml_get(params, "key");
    if (!est__yaml_is_null(key_node))
        EST_TRY(to_string(c, key_node, &key_field, "a string", &key));
    *out = est_column_new(c->columns, kind, key, options, size);
    est_status st = est_columns_status(c->columns);
    if (st == EST_OK || !params->line)   /* --set has no lines */
        return st == EST_OK ? st : est__fail_in(st, "%s", params->file);
    return est__fail_in(st, "%s:%zu", params->file, params->line);
}

static est_status to_column(est__convert *c, const est__yaml *n, const est_field *f, est_column **out)
{
    const char *kind = NULL;
    const est__yaml *params = NULL;
    EST_TRY(split_named(n, f->name, "a column, {numeric_column: {key: …}}", &kind, &params));
    for (size_t i = 0; i < c->made_count; i++) /* an anchor that was met before */
        if (c->made[i].params == params && !strcmp(c->made[i].kind, kind)) {
            *out = c->made[i].column;
            return EST_OK;
        }
    if (!c->columns && !(c->columns = est_columns_new()))
        return fail_memory();
    EST_TRY(make_column(c, n, kind, params, out));
    EST_TRY(est__grow(&c->made, &c->made_capacity, c->made_count + 1, sizeof *c->made));
    c->made[c->made_count++] = (struct est__converted){ params, kind, *out };
    return EST_OK;
}

static est_status to_columns(est__convert *c, const est__yaml *n, const est_field *f, est_column_list *out)
{
    if (n->kind != EST_YAML_LIST)
        return wrong_type(n, f, "a list of columns");
    est_column **data = est__arena_alloc(c->arena, (n->count + 1) * sizeof *data);
    if (!data)
        return fail_memory();
    for (size_t i = 0; i < n->count; i++)
        EST_TRY(to_column(c, n->items[i], f, &data[i]));
    *out = (est_column_list){ data, n->count };
    return EST_OK;
}

/* A name, or a column. */
static est_status to_cross_key(est__convert *c, const est__yaml *n, const est_field *f, est_cross_key *out)
{
    if (n->kind == EST_YAML_MAP)
        return to_column(c, n, f, &out->column);
    return to_string(c, n, f, "names and columns", &out->name);
}

static est_status to_cross_keys(est__convert *c, const est__yaml *n, const est_field *f, est_cross_keys *out)
{
    if (n->kind != EST_YAML_LIST)
        return wrong_type(n, f, "a list of names and columns");
    est_cross_key *data = est__arena_alloc(c->arena, (n->count + 1) * sizeof *data);
    if (!data)
        return fail_memory();
    for (size_t i = 0; i < n->count; i++)
        EST_TRY(to_cross_key(c, n->items[i], f, &data[i]));
    *out = (est_cross_keys){ data, n->count };
    return EST_OK;
}

static est_status by_name(est__convert *c, const est__yaml *at, const est_field *f, const char *name, est_optimizer **out)
{
    est_status st = est_estimator_optimizer(c->estimator, f->name, name, out);
    return st == EST_OK ? st : est__fail_in(st, "%s:%zu", at->file, at->line);
}

/* Absent, or by name alone: with the estimator's own learning rate; {type: NAME, …}: Keras' defaults. */
static est_status make_optimizer(est__convert *c, const est__yaml *n, const est_field *f, est_optimizer **out)
{
    static const char *const others[] = { "type", NULL };
    const est_field type_field = { .name = "type" };
    const est__yaml *type = n->kind == EST_YAML_MAP ? est__yaml_get(n, "type") : n;
    const char *name;
    size_t size = 0;
    if (est__yaml_is_null(n))
        return by_name(c, n, f, NULL, out);
    if (n->kind == EST_YAML_MAP && !type)
        return est__yaml_fail(n, "%s takes {type: NAME, …}: 'type' is missing", f->name);
    if (n->kind == EST_YAML_LIST || !est__yaml_string(type, &name))
        return wrong_type(type, n->kind == EST_YAML_MAP ? &type_field : f, "an optimizer's name");
    const est_field *fields = est_optimizer_fields(name, &size);
    if (!fields)
        return est__unknown_name(type, type->line, "optimizer", name, est_optimizer_names(), est__known_optimizers);
    if (n->kind != EST_YAML_MAP)
        return by_name(c, n, f, name, out);
    void *options = est__arena_alloc(c->arena, size + 1);
    if (!options)
        return fail_memory();
    EST_TRY(est__convert_map(c, n, &(est__keys){ .path = name, .fields = fields, .others = others, .zero_is_default = true }, options));
    est_status st = est_optimizer_new(name, options, size, out);
    return st == EST_OK ? st : est__fail_in(st, "%s:%zu", n->file, n->line);
}

static est_status to_optimizer(est__convert *c, const est__yaml *n, const est_field *f, est_optimizer **out)
{
    EST_TRY(est__grow(&c->optimizers, &c->optimizer_capacity, c->optimizer_count + 1, sizeof *c->optimizers));
    EST_TRY(make_optimizer(c, n, f, out));
    c->optimizers[c->optimizer_count++] = *out;
    return EST_OK;
}

static est_status make_head(est__convert *c, const est__yaml *n, const est_field *f, est_head **out)
{
    const char *kind = NULL;
    const est__yaml *params = NULL;
    est_head_options options = { 0 };
    EST_TRY(split_named(n, f->name, "a head, {RegressionHead: {label_dimension: …}}", &kind, &params));
    const est_field *fields = est_head_fields(kind);
    if (!fields)
        return est__unknown_name(n, n->pairs[0].line, "head", kind, est_head_kinds(), est__known_heads);
    if (!est__yaml_is_null(params))
        EST_TRY(est__convert_map(c, params, &(est__keys){ .path = kind, .fields = fields, .zero_is_default = true }, &options));
    est_status st = est_head_new(kind, &options, out);
    return st == EST_OK ? st : est__fail_in(st, "%s:%zu", n->file, n->line);
}

static est_status to_head(est__convert *c, const est__yaml *n, const est_field *f, est_head **out)
{
    EST_TRY(make_head(c, n, f, out));   /* one of several heads makes those first */
    est_status st = est__grow(&c->heads, &c->head_capacity, c->head_count + 1, sizeof *c->heads);
    if (st == EST_OK)
        c->heads[c->head_count++] = *out;
    else
        est_head_free(*out);
    return st;
}

static est_status to_heads(est__convert *c, const est__yaml *n, const est_field *f, est_head_list *out)
{
    if (n->kind != EST_YAML_LIST)
        return wrong_type(n, f, "a list of heads");
    est_head **data = est__arena_alloc(c->arena, (n->count + 1) * sizeof *data);
    if (!data)
        return fail_memory();
    for (size_t i = 0; i < n->count; i++)
        EST_TRY(to_head(c, n->items[i], f, &data[i]));
    *out = (est_head_list){ data, n->count };
    return EST_OK;
}

/* What is written as NAME, or {type: NAME, …}; the name goes to `*type`, the rest to `out`. */
typedef struct typed {
    const char *what, *a_name;
    const est_field *(*fields)(const char *type);
    const char *const *(*names)(void);
} typed;

static est_status to_typed(est__convert *c, const est__yaml *n, const est_field *f, typed t, const char **type, void *out)
{
    static const char *const others[] = { "type", NULL }, *const known[] = { "Orthogonal", NULL };
    const est_field type_field = { .name = "type" };
    const est__yaml *name = n->kind == EST_YAML_MAP ? est__yaml_get(n, "type") : n;
    if (n->kind == EST_YAML_MAP && !name)
        return est__yaml_fail(n, "%s takes {type: NAME, …}: 'type' is missing", f->name);
    if (n->kind == EST_YAML_LIST || !est__yaml_string(name, type))
        return wrong_type(name, n->kind == EST_YAML_MAP ? &type_field : f, t.a_name);
    const est_field *fields = t.fields(*type);
    if (!fields)
        return est__unknown_name(name, name->line, t.what, *type, t.names(), known);
    if (n->kind != EST_YAML_MAP)
        return EST_OK;
    return est__convert_map(c, n, &(est__keys){ .path = *type, .fields = fields, .others = others, .zero_is_default = true }, out);
}

static est_status to_initializer(est__convert *c, const est__yaml *n, const est_field *f, est_initializer *out)
{
    const typed t = { "initializer", "an initializer's name", est_initializer_fields, est_initializer_names };
    return to_typed(c, n, f, t, &out->type, out);
}

static est_status to_partitioner(est__convert *c, const est__yaml *n, const est_field *f, est_partitioner *out)
{
    const typed t = { "partitioner", "a partitioner's name", est_partitioner_fields, est_partitioner_names };
    return to_typed(c, n, f, t, &out->type, out);
}

/* {type: NAME, …} */
static est_status to_schedule(est__convert *c, const est__yaml *n, const est_field *f, const est_schedule **out)
{
    static const char *const others[] = { "type", NULL };
    const est__yaml *type = est__yaml_get(n, "type");
    est_schedule *s = est__arena_alloc(c->arena, sizeof *s);
    if (!s)
        return fail_memory();
    if (!type)
        return est__yaml_fail(n, "%s takes a number or {type: NAME, …}: 'type' is missing", f->name);
    if (!est__yaml_string(type, &s->type))
        return wrong_type(type, &(est_field){ .name = "type" }, "a schedule's name");
    const est_field *fields = est_schedule_fields(s->type);
    if (!fields)
        return est__unknown_name(type, type->line, "schedule", s->type, est_schedule_names(), (const char *const[]){ NULL });
    EST_TRY(est__convert_map(c, n, &(est__keys){ .path = s->type, .fields = fields, .others = others, .zero_is_default = true }, s));
    *out = s;
    return EST_OK;
}

static est_status to_bool(const est__yaml *n, const est_field *f, bool *out)
{
    if (!est__yaml_bool(n, out))
        return wrong_type(n, f, "true or false");
    *out = *out != f->negated;
    return EST_OK;
}

static est_status to_map(const est__yaml *n, const est_field *f, const est__yaml **out)
{
    if (n->kind != EST_YAML_MAP)
        return wrong_type(n, f, "a map");
    *out = n;
    return EST_OK;
}

static est_status to_number(const est__yaml *n, const est_field *f, const est__keys *keys, void *p)
{
    double v;
    int64_t i;
    if (f->type == EST_FIELD_INT) {
        EST_TRY(to_int(n, f, "an integer", &i));
        v = (double)i;
        *(int64_t *)p = i ? i : (int64_t)f->zero;
    } else {
        EST_TRY(to_float(n, f, "a number", &v));
        *(double *)p = v != 0 ? v : f->zero;
    }
    if (v == 0 && f->def != 0 && f->zero == 0 && keys->zero_is_default)
        return est__yaml_fail(n, "%s cannot be 0", f->name);
    return EST_OK;
}

est_status est__convert_field(est__convert *c, const est__yaml *n, const est_field *f, const est__keys *keys, void *p)
{
    switch (f->type) {
    case EST_FIELD_BOOL: return to_bool(n, f, p);
    case EST_FIELD_INT:
    case EST_FIELD_FLOAT: return to_number(n, f, keys, p);
    case EST_FIELD_STRING: return to_string(c, n, f, "a string", p);
    case EST_FIELD_INTS: return to_ints(c, n, f, p);
    case EST_FIELD_FLOATS: return to_floats(c, n, f, p);
    case EST_FIELD_STRINGS: return to_strings(c, n, f, p);
    case EST_FIELD_VALUES: return to_values(c, n, f, p);
    case EST_FIELD_NORMALIZER: return to_normalizer(n, f, p);
    case EST_FIELD_COLUMN: return to_column(c, n, f, p);
    case EST_FIELD_COLUMNS: return to_columns(c, n, f, p);
    case EST_FIELD_CROSS_KEYS: return to_cross_keys(c, n, f, p);
    case EST_FIELD_OPTIMIZER: return to_optimizer(c, n, f, p);
    case EST_FIELD_INITIALIZER: return to_initializer(c, n, f, p);
    case EST_FIELD_PARTITIONER: return to_partitioner(c, n, f, p);
    case EST_FIELD_HEAD: return to_head(c, n, f, p);
    case EST_FIELD_SCHEDULE: return to_schedule(c, n, f, p);
    case EST_FIELD_WARM_START: return est__convert_warm_start(c, n, f, p);
    case EST_FIELD_MAP: return to_map(n, f, p);
    case EST_FIELD_HEADS: return to_heads(c, n, f, p);
    case EST_FIELD_END: break;
    }
    return est__yaml_fail_line(EST_UNIMPLEMENTED, n, n->line, "'%s' is not built in", f->name);
}

static bool is_in(const char *name, const char *const *names)
{
    for (; names && *names; names++)
        if (!strcmp(name, *names))
            return true;
    return false;
}

static est_status unknown_key(const est__yaml_pair *p, const est__keys *keys)
{
    const char *names[128];
    size_t count = 0;
    char room[160];
    for (const est_field *f = keys->fields; f && f->type && count < 100; f++)
        names[count++] = f->name;
    for (const char *const *o = keys->others; o && *o && count < 128; o++)
        names[count++] = *o;
    const char *hint = est__suggest(p->key, names, count, room);
    if (*hint || !*keys->path)
        return est__yaml_fail_line(EST_INVALID_ARGUMENT, p->value, p->line, "unknown key '%.100s'%s", p->key, hint);
    return est__yaml_fail_line(EST_INVALID_ARGUMENT, p->value, p->line, "unknown key '%.100s' in %s", p->key, keys->path);
}

est_status est__convert_map(est__convert *c, const est__yaml *map, const est__keys *keys, void *into)
{
    char room[160];
    if (map->kind != EST_YAML_MAP)
        return est__yaml_fail(map, "%s takes a map of keys, not %s", keys->path, est__yaml_describe(map, room));
    for (size_t i = 0; i < map->count; i++) {
        const est__yaml_pair *p = &map->pairs[i];
        const est_field *f = est__field_for(keys->fields, p->key, p->value);
        if (is_in(p->key, keys->others))
            continue;
        if (!f)
            return unknown_key(p, keys);
        if (!est__yaml_is_null(p->value))
            EST_TRY(est__convert_field(c, p->value, f, keys, (char *)into + f->offset));
    }
    for (const est_field *f = keys->fields; f && f->type; f++) {
        if (!est__yaml_is_null(est__yaml_get(map, f->name)))
            continue;
        if (f->needed)
            return est__yaml_fail(map, "'%s' is missing in %s", f->name, keys->path);
        if (f->type == EST_FIELD_OPTIMIZER)
            EST_TRY(to_optimizer(c, &(est__yaml){ .plain = true, .text = "", .file = map->file, .line = map->line }, f,
                                 (est_optimizer **)((char *)into + f->offset)));
    }
    return EST_OK;
}

void est__convert_free(est__convert *c)
{
    for (size_t i = 0; i < c->optimizer_count; i++)
        est_optimizer_free(c->optimizers[i]);
    est__free(c->optimizers);
    for (size_t i = 0; i < c->head_count; i++)
        est_head_free(c->heads[i]);
    est__free(c->heads);
    est__free(c->made);
    est_columns_free(c->columns);
    *c = (est__convert){ 0 };
}
