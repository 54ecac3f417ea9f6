/* Field tables at work: the default of each field that is still zero, its bounds, its choices, and a copy of what it points to. */
#include <math.h>

#include "base/fields.h"

/* Lists differ in what they point to only; they are read and written with memcpy. */
typedef struct list {
    const void *data;
    size_t count;
} list;

static est_status check_number(const est_field *f, const char *where, const char *name, double v)
{
    char found[32], wanted[32];
    const char *must;
    double bound = f->min;
    if (est__field_has_min(f) && (v < f->min || (f->above_min && v == f->min))) {
        must = f->above_min ? "above" : "at least";
    } else if (est__field_has_max(f) && v > f->max) {
        must = "at most";
        bound = f->max;
    } else if (isnan(v)) {
        return est__fail(EST_INVALID_ARGUMENT, "%s: %s is nan; it must be a number", where, name);
    } else {
        return EST_OK;
    }
    est__format_double(found, v);
    est__format_double(wanted, bound);
    return est__fail(EST_INVALID_ARGUMENT, "%s: %s is %s; it must be %s %s", where, name, found, must, wanted);
}

static est_status check_choice(const est_field *f, const char *where, const char *v)
{
    char all[512] = "";
    size_t count = 0, used = 0;
    if (!f->choices || !v)
        return EST_OK;
    for (; f->choices[count]; count++) {
        if (strcmp(f->choices[count], v) == 0)
            return EST_OK;
        int n = snprintf(all + used, sizeof all - used, "%s'%s'", count ? f->choices[count + 1] ? ", " : " or " : "",
                         f->choices[count]);
        used = used + (size_t)n < sizeof all ? used + (size_t)n : sizeof all - 1;
    }
    const char *near = est__nearest(v, f->choices, count);
    return est__fail(EST_INVALID_ARGUMENT, "%s: %s is '%s'; it must be %s%s%s%s", where, f->name, v, all,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static est_status missing(const est_field *f, const char *where)
{
    return est__fail(EST_INVALID_ARGUMENT, "%s: %s is missing%s%s", where, f->name, f->doc ? ": " : "", f->doc ? f->doc : "");
}

static est_status apply_int(const est_field *f, const char *where, int64_t *v)
{
    if (*v == 0 && f->needed)
        return missing(f, where);
    if (*v == 0) {
        *v = (int64_t)f->def;
        return EST_OK;
    }
    if (f->zero != 0 && *v == (int64_t)f->zero)
        return EST_OK;
    return check_number(f, where, f->name, (double)*v);
}

static est_status apply_float(const est_field *f, const char *where, double *v)
{
    if (*v == 0 && f->needed)
        return missing(f, where);
    if (*v == 0) {
        *v = f->def;
        return EST_OK;
    }
    if (f->zero != 0 && *v == f->zero)
        return EST_OK;
    return check_number(f, where, f->name, *v);
}

static est_status apply_string(const est_field *f, const char *where, const char **v)
{
    if (!*v && f->needed)
        return missing(f, where);
    if (!*v)
        *v = f->def_text;
    return check_choice(f, where, *v);
}

static est_status check_list(const est_field *f, const char *where, list l)
{
    if (l.count && !l.data)
        return est__fail(EST_INVALID_ARGUMENT, "%s: %s has a count of %zu, and no data", where, f->name, l.count);
    return EST_OK;
}

/* The element of a list that a message is about: "hidden_units[1]". */
static est_status check_element(const est_field *f, const char *where, size_t i, double v)
{
    char name[128];
    if (isnan(v) && isnan(f->zero))
        return EST_OK;
    snprintf(name, sizeof name, "%s[%zu]", f->name, i);
    return check_number(f, where, name, v);
}

static est_status check_strings(const est_field *f, const char *where, est_strings l)
{
    for (size_t i = 0; i < l.count; i++) {
        if (!l.data[i])
            return est__fail(EST_INVALID_ARGUMENT, "%s: %s[%zu] is NULL; it must be a string", where, f->name, i);
        EST_TRY(check_choice(f, where, l.data[i]));
    }
    return EST_OK;
}

static est_status apply_list(const est_field *f, const char *where, void *at)
{
    list l;
    memcpy(&l, at, sizeof l);
    EST_TRY(check_list(f, where, l));
    if (l.count == 0 && f->needed)
        return missing(f, where);
    if (f->type == EST_FIELD_INTS)
        for (size_t i = 0; i < l.count; i++)
            EST_TRY(check_element(f, where, i, (double)((const int64_t *)l.data)[i]));
    if (f->type == EST_FIELD_FLOATS)
        for (size_t i = 0; i < l.count; i++)
            EST_TRY(check_element(f, where, i, ((const double *)l.data)[i]));
    if (f->type == EST_FIELD_STRINGS)
        return check_strings(f, where, *(const est_strings *)at);
    return EST_OK;
}

static est_status apply_values(const est_field *f, const char *where, const est_values *v)
{
    EST_TRY(check_list(f, where, (list){ v->strings.data, v->strings.count }));
    EST_TRY(check_list(f, where, (list){ v->ints.data, v->ints.count }));
    if (v->strings.count && v->ints.count)
        return est__fail(EST_INVALID_ARGUMENT, "%s: %s has strings and integers; it must have one kind", where, f->name);
    if (f->needed && !v->strings.count && !v->ints.count)
        return missing(f, where);
    return check_strings(f, where, v->strings);
}

static est_status apply(const est_field *f, const char *where, void *at)
{
    switch (f->type) {
    case EST_FIELD_INT:
        return apply_int(f, where, at);
    case EST_FIELD_FLOAT:
        return apply_float(f, where, at);
    case EST_FIELD_STRING:
        return apply_string(f, where, at);
    case EST_FIELD_INTS:
    case EST_FIELD_FLOATS:
    case EST_FIELD_STRINGS:
    case EST_FIELD_COLUMNS:
    case EST_FIELD_HEADS:
    case EST_FIELD_CROSS_KEYS:
        return apply_list(f, where, at);
    case EST_FIELD_VALUES:
        return apply_values(f, where, at);
    case EST_FIELD_COLUMN:
    case EST_FIELD_OPTIMIZER:
    case EST_FIELD_HEAD:
        return f->needed && !*(void *const *)at ? missing(f, where) : EST_OK;
    case EST_FIELD_BOOL:
    case EST_FIELD_INITIALIZER:
    case EST_FIELD_NORMALIZER:
    case EST_FIELD_SCHEDULE:
    case EST_FIELD_WARM_START:
    case EST_FIELD_MAP:
    case EST_FIELD_PARTITIONER:
    case EST_FIELD_END:
        return EST_OK;
    }
    return EST_OK;
}

est_status est__fields_apply(const est_field *fields, const char *where, const void *given, size_t given_size, void *out,
                             size_t full_size)
{
    size_t known = !given ? 0 : given_size < full_size ? given_size : full_size;
    for (size_t i = full_size; given && i < given_size; i++)
        if (((const unsigned char *)given)[i])
            return est__fail(EST_INVALID_ARGUMENT, "%s: an option is set that this library does not know; it must be as new as "
                             "its headers", where);
    memset(out, 0, full_size);
    if (known)
        memcpy(out, given, known);
    for (const est_field *f = fields; f->type != EST_FIELD_END; f++)
        EST_TRY(apply(f, where, (char *)out + f->offset));
    return EST_OK;
}

void est__fields_write_zeros(const est_field *fields, void *options)
{
    for (const est_field *f = fields; f->type != EST_FIELD_END; f++) {
        double *v = (double *)(void *)((char *)options + f->offset);
        if (f->type == EST_FIELD_FLOAT && f->zero != 0 && *v == f->zero)
            *v = 0;
    }
}

static est_status copy_list(est__arena *arena, void *at, size_t element_size)
{
    list l;
    memcpy(&l, at, sizeof l);
    void *copy = NULL;
    if (l.count) {
        copy = l.count <= SIZE_MAX / element_size ? est__arena_alloc(arena, l.count * element_size) : NULL;
        if (!copy)
            return est__fail_memory(l.count * element_size);
        memcpy(copy, l.data, l.count * element_size);
    }
    l.data = copy;
    memcpy(at, &l, sizeof l);
    return EST_OK;
}

static est_status copy_string(est__arena *arena, const char **s)
{
    char *copy = *s ? est__arena_strdup(arena, *s) : NULL;
    if (*s && !copy)
        return est__fail_memory(strlen(*s) + 1);
    *s = copy;
    return EST_OK;
}

static est_status copy_strings(est__arena *arena, est_strings *l)
{
    EST_TRY(copy_list(arena, l, sizeof *l->data));
    for (size_t i = 0; i < l->count; i++)
        EST_TRY(copy_string(arena, (const char **)&l->data[i]));
    return EST_OK;
}

static est_status copy_initializer(est__arena *arena, est_initializer *i)
{
    EST_TRY(copy_string(arena, &i->type));
    EST_TRY(copy_string(arena, &i->mode));
    return copy_string(arena, &i->distribution);
}

/* One inside of another follows its pointer, as deep as it goes. */
static est_status copy_schedule(est__arena *arena, const est_schedule **at)
{
    for (; *at; at = &((est_schedule *)*at)->learning_rate_schedule) {
        est_schedule *copy = est__arena_alloc(arena, sizeof *copy);
        if (!copy)
            return est__fail_memory(sizeof *copy);
        *copy = **at;
        EST_TRY(copy_string(arena, &copy->type));
        EST_TRY(copy_list(arena, &copy->boundaries, sizeof *copy->boundaries.data));
        EST_TRY(copy_list(arena, &copy->values, sizeof *copy->values.data));
        *at = copy;
    }
    return EST_OK;
}

static est_status copy_keys(est__arena *arena, est_cross_keys *l)
{
    EST_TRY(copy_list(arena, l, sizeof *l->data));
    for (size_t i = 0; i < l->count; i++)
        EST_TRY(copy_string(arena, (const char **)&l->data[i].name));
    return EST_OK;
}

est_status est__fields_copy(const est_field *fields, void *options, est__arena *arena)
{
    for (const est_field *f = fields; f->type != EST_FIELD_END; f++) {
        void *at = (char *)options + f->offset;
        switch (f->type) {
        case EST_FIELD_STRING:
            EST_TRY(copy_string(arena, at));
            break;
        case EST_FIELD_INTS:
            EST_TRY(copy_list(arena, at, sizeof(int64_t)));
            break;
        case EST_FIELD_FLOATS:
            EST_TRY(copy_list(arena, at, sizeof(double)));
            break;
        case EST_FIELD_COLUMNS:
        case EST_FIELD_HEADS:
            EST_TRY(copy_list(arena, at, sizeof(void *)));
            break;
        case EST_FIELD_STRINGS:
            EST_TRY(copy_strings(arena, at));
            break;
        case EST_FIELD_CROSS_KEYS:
            EST_TRY(copy_keys(arena, at));
            break;
        case EST_FIELD_INITIALIZER:
            EST_TRY(copy_initializer(arena, at));
            break;
        case EST_FIELD_SCHEDULE:
            EST_TRY(copy_schedule(arena, at));
            break;
        case EST_FIELD_VALUES:
            EST_TRY(copy_strings(arena, &((est_values *)at)->strings));
            EST_TRY(copy_list(arena, &((est_values *)at)->ints, sizeof(int64_t)));
            break;
        default:
            break;
        }
    }
    return EST_OK;
}
