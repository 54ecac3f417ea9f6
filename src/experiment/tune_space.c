/* What a search may choose from: lists and ranges, written in YAML. */
#include "experiment/tune.h"

#include <math.h>

static est_status split_paths(est__yaml_document *d, const char *text, size_t size, est__space *out)
{
    char *copy = est__arena_strndup(&d->arena, text, size);
    size_t most = 1;
    for (size_t i = 0; i < size; i++)
        most += text[i] == ',';
    out->path = est__arena_alloc(&d->arena, most * sizeof *out->path);
    if (copy == NULL || out->path == NULL)
        return est__fail_memory(size);
    for (char *at = copy, *rest; at; at = rest) {
        rest = strchr(at, ',');
        if (rest)
            *rest++ = 0;
        at += strspn(at, " ");
        at[strcspn(at, " ")] = 0;
        if (*at == 0)
            return est__fail(EST_INVALID_ARGUMENT, "'%.200s': the name of a key is empty", text);
        out->path[out->num_paths++] = at;
    }
    return EST_OK;
}

/* A node as YAML on one line; lists and maps of scalars too. */
static void put_flow(est__buffer *b, const est__yaml *n)
{
    if (n->kind == EST_YAML_SCALAR) {
        if (n->plain)
            est__buffer_text(b, n->text);
        else
            est__buffer_json_string(b, n->text, strlen(n->text));
        return;
    }
    bool map = n->kind == EST_YAML_MAP;
    est__buffer_text(b, map ? "{" : "[");
    for (size_t i = 0; i < n->count; i++) {
        est__buffer_text(b, i ? ", " : "");
        if (map) {
            est__buffer_json_string(b, n->pairs[i].key, strlen(n->pairs[i].key));
            est__buffer_text(b, ": ");
        }
        put_flow(b, map ? n->pairs[i].value : n->items[i]);
    }
    est__buffer_text(b, map ? "}" : "]");
}

static est_status read_list(est__yaml_document *d, const est__yaml *n, est__space *out)
{
    if (n->count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "'%s': the list is empty", out->path[0]);
    out->kind = EST__SPACE_LIST;
    out->value = est__arena_alloc(&d->arena, n->count * sizeof *out->value);
    if (out->value == NULL)
        return est__fail_memory(n->count * sizeof *out->value);
    for (size_t i = 0; i < n->count; i++) {
        est__buffer b = { 0 };
        put_flow(&b, n->items[i]);
        out->value[i] = b.status == EST_OK ? est__arena_strdup(&d->arena, b.data ? b.data : "") : NULL;
        est__buffer_free(&b);
        if (out->value[i] == NULL)
            return est__fail_memory(64);
    }
    out->num_values = n->count;
    return EST_OK;
}

static est_status read_range(const est__yaml *n, est__space *out)
{
    static const struct { const char *name; est__space_kind kind; } kinds[] = {
        { "uniform", EST__SPACE_UNIFORM }, { "log_uniform", EST__SPACE_LOG },
        { "int_uniform", EST__SPACE_INT }, { "log_int_uniform", EST__SPACE_LOG_INT } };
    size_t i = 0, known = sizeof kinds / sizeof *kinds;
    while (i < known && (n->count != 1 || strcmp(n->pairs[0].key, kinds[i].name) != 0))
        i++;
    const est__yaml *ends = n->count == 1 ? n->pairs[0].value : NULL;
    if (i == known || ends->kind != EST_YAML_LIST || ends->count != 2 || !est__yaml_float(ends->items[0], &out->low) ||
        !est__yaml_float(ends->items[1], &out->high))
        return est__fail(EST_INVALID_ARGUMENT, "'%s': a range is written {uniform: [a, b]}, {log_uniform: [a, b]}, {int_uniform: [a, b]} "
                         "or {log_int_uniform: [a, b]}", out->path[0]);
    out->kind = kinds[i].kind;
    bool logs = out->kind == EST__SPACE_LOG || out->kind == EST__SPACE_LOG_INT;
    if (!(out->low <= out->high && isfinite(out->low) && isfinite(out->high)))
        return est__fail(EST_INVALID_ARGUMENT, "'%s': a range goes from the smaller number to the greater one", out->path[0]);
    if (logs && !(out->low > 0))
        return est__fail(EST_INVALID_ARGUMENT, "'%s': %s takes numbers above 0", out->path[0], kinds[i].name);
    if ((out->kind == EST__SPACE_INT || out->kind == EST__SPACE_LOG_INT) && fmax(fabs(out->low), fabs(out->high)) > 1e15)
        return est__fail(EST_INVALID_ARGUMENT, "'%s': whole numbers up to 1e15 can be searched", out->path[0]);
    return EST_OK;
}

est_status est__space_read(est__yaml_document *d, const char *text, est__space *out)
{
    const char *equals = strchr(text, '=');
    const est__yaml *root;
    est__buffer b = { 0 };
    *out = (est__space){ 0 };
    if (equals == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "'%.200s' is no PATH=VALUES", text);
    EST_TRY(split_paths(d, text, (size_t)(equals - text), out));
    est__buffer_printf(&b, "space: %s", equals + 1);
    est_status st = b.status == EST_OK ? est__yaml_parse(d, out->path[0], "", b.data, b.size, &root) : b.status;
    est__buffer_free(&b);
    EST_TRY(st);
    const est__yaml *n = est__yaml_get(root, "space");
    if (n && n->kind == EST_YAML_LIST)
        return read_list(d, n, out);
    if (n && n->kind == EST_YAML_MAP)
        return read_range(n, out);
    return est__fail(EST_INVALID_ARGUMENT, "'%s': wanted is a list of values, or a range like {log_uniform: [0.001, 1]}", out->path[0]);
}

const char *est__space_draw(const est__space *s, est__random *r, est__arena *arena)
{
    if (s->kind == EST__SPACE_LIST)
        return s->value[est__random_below(r, s->num_values)];
    double share = (double)(est__random_next(r) >> 11) / 9007199254740992.0, v;
    if (s->kind == EST__SPACE_INT)
        return est__arena_printf(arena, "%.0f", floor(s->low + share * (s->high - s->low + 1)));
    if (s->kind == EST__SPACE_LOG_INT) {
        v = floor(exp(log(s->low) + share * (log(s->high + 1) - log(s->low))));
        return est__arena_printf(arena, "%.0f", fmin(fmax(v, s->low), s->high));
    }
    v = s->kind == EST__SPACE_LOG ? exp(log(s->low) + share * (log(s->high) - log(s->low))) : s->low + share * (s->high - s->low);
    return est__arena_printf(arena, "%.6g", fmin(fmax(v, s->low), s->high));
}
