/* The resolved configuration as YAML: every key with its value or its default; read again, it means the same. */
#include <errno.h>
#include <math.h>
#include <strings.h>
#include <unistd.h>

#include "base/fields.h"
#include "experiment/config.h"

/* A plain scalar that every reader of YAML, of 1.1 too, takes for a string. */
static bool is_safe_plain(const char *s)
{
    static const char *const words[] = { "y", "n", "yes", "no", "on", "off", "true", "false", "null" };
    if (!strchr("_/", *s) && !((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z'))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(s, words[i]))
            return false;
    return s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+-")] == '\0';
}

void est__yaml_quote(est__buffer *b, const char *text)
{
    if (*text && is_safe_plain(text)) {
        est__buffer_text(b, text);
        return;
    }
    est__buffer_text(b, "\"");
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            est__buffer_printf(b, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7f)
            est__buffer_printf(b, "\\x%02x", *p);
        else
            est__buffer_bytes(b, p, 1);
    }
    est__buffer_text(b, "\"");
}

void est__yaml_number(est__buffer *b, double v)
{
    char text[32];
    if (isnan(v))
        est__buffer_text(b, ".nan");
    else if (isinf(v))
        est__buffer_text(b, v > 0 ? ".inf" : "-.inf");
    else
        est__buffer_bytes(b, text, (size_t)est__format_double(text, v));
}

/* A node in one line. */
static void put_node(est__buffer *b, const est__yaml *n)
{
    const char *text;
    if (est__yaml_is_null(n)) {
        est__buffer_text(b, "null");
    } else if (n->kind == EST_YAML_SCALAR) {
        if (!n->plain || est__yaml_string(n, &text))
            est__yaml_quote(b, n->text);
        else
            est__buffer_text(b, n->text);
    } else if (n->kind == EST_YAML_LIST) {
        est__buffer_text(b, "[");
        for (size_t i = 0; i < n->count; i++) {
            est__buffer_text(b, i ? ", " : "");
            put_node(b, n->items[i]);
        }
        est__buffer_text(b, "]");
    } else {
        est__buffer_text(b, "{");
        for (size_t i = 0; i < n->count; i++) {
            est__buffer_text(b, i ? ", " : "");
            est__yaml_quote(b, n->pairs[i].key);
            est__buffer_text(b, ": ");
            put_node(b, n->pairs[i].value);
        }
        est__buffer_text(b, "}");
    }
}

/* Paths are absolute here, since config.yaml is kept in another folder; `base`: where this one was written, "" the working directory. */
static void put_path(est__buffer *b, const char *base, const char *path)
{
    char folder[4096] = "";
    est__buffer whole = { 0 };
    bool below = *path != '/' && base && *base;
    if (*path != '/' && !(below && *base == '/')) {
        if (getcwd(folder, sizeof folder))
            est__buffer_printf(&whole, "%s/", folder);
        else
            whole.status = est__fail_errno(errno, "the working directory");
    }
    if (below)
        est__buffer_printf(&whole, "%s/", base);
    est__buffer_text(&whole, path);
    if (whole.status == EST_OK)
        est__yaml_quote(b, whole.data);
    else
        b->status = whole.status;
    est__buffer_free(&whole);
}

/* What an absent key stands for; null where no value says it. */
static void put_default(est__buffer *b, const est_field *f)
{
    bool zero_is_out = est__field_has_min(f) && (f->min > 0 || (f->above_min && f->min == 0));
    if (f->type == EST_FIELD_BOOL)
        est__buffer_text(b, f->def != 0 ? "true" : "false");
    else if ((f->type == EST_FIELD_INT || f->type == EST_FIELD_FLOAT) && !f->def_text && !(f->def == 0 && zero_is_out))
        est__yaml_number(b, f->def);
    else if (f->type == EST_FIELD_STRING && f->def_text)
        est__yaml_quote(b, f->def_text);
    else if (f->def_text && *f->def_text == '[')
        est__buffer_text(b, f->def_text);
    else
        est__buffer_text(b, "null");
}

static void put_column(est__buffer *b, const est__yaml *n);
static void put_typed(est__buffer *b, const est__yaml *map, const est_field *fields);

static const char *type_of(const est__yaml *map)
{
    const char *name = "";
    est__yaml_string(est__yaml_get(map, "type"), &name);
    return name;
}
static void put_heads(est__buffer *b, const est__yaml *n);

/* A list of names and columns. */
static void put_keys(est__buffer *b, const est__yaml *n)
{
    est__buffer_text(b, "[");
    for (size_t i = 0; i < n->count; i++) {
        est__buffer_text(b, i ? ", " : "");
        if (n->items[i]->kind == EST_YAML_MAP)
            put_column(b, n->items[i]);
        else
            put_node(b, n->items[i]);
    }
    est__buffer_text(b, "]");
}

static void put_fields(est__buffer *b, const est__yaml *map, const est_field *fields)
{
    for (const est_field *f = fields; f && f->type; f++) {
        const est__yaml *n = est__yaml_get(map, f->name);
        if (est__field_for(fields, f->name, n) != f)
            continue;
        est__buffer_printf(b, ", %s: ", f->name);
        if (est__yaml_is_null(n))
            put_default(b, f);
        else if (f->type == EST_FIELD_COLUMN)
            put_column(b, n);
        else if (f->type == EST_FIELD_CROSS_KEYS || f->type == EST_FIELD_COLUMNS)
            put_keys(b, n);
        else if (f->type == EST_FIELD_SCHEDULE)
            put_typed(b, n, est_schedule_fields(type_of(n)));
        else if (f->type == EST_FIELD_HEADS)
            put_heads(b, n);
        else if (est__field_is_path(f))
            put_path(b, n->base, n->text);
        else
            put_node(b, n);
    }
}

/* {type: NAME, …} */
static void put_typed(est__buffer *b, const est__yaml *map, const est_field *fields)
{
    est__buffer_printf(b, "{type: %s", type_of(map));
    put_fields(b, map, fields);
    est__buffer_text(b, "}");
}

/* {numeric_column: {key: age, shape: …}} */
static void put_column(est__buffer *b, const est__yaml *n)
{
    size_t size;
    const char *kind = n->pairs[0].key;
    const est__yaml *params = n->pairs[0].value, *key = est__yaml_get(params, "key");
    est__buffer inside = { 0 };
    if (key) {
        est__buffer_text(&inside, ", key: ");
        put_node(&inside, key);
    }
    put_fields(&inside, params, est_column_fields(kind, &size));
    est__buffer_printf(b, "{%s: {%s}}", kind, inside.size > 2 ? inside.data + 2 : "");
    if (inside.status != EST_OK)
        b->status = inside.status;
    est__buffer_free(&inside);
}

/* {RegressionHead: {label_dimension: 1, …}} */
static void put_head(est__buffer *b, const est__yaml *n)
{
    const char *kind = n->pairs[0].key;
    est__buffer inside = { 0 };
    put_fields(&inside, n->pairs[0].value, est_head_fields(kind));
    est__buffer_printf(b, "{%s: {%s}}", kind, inside.size > 2 ? inside.data + 2 : "");
    if (inside.status != EST_OK)
        b->status = inside.status;
    est__buffer_free(&inside);
}

static void put_heads(est__buffer *b, const est__yaml *n)
{
    est__buffer_text(b, "[");
    for (size_t i = 0; i < n->count; i++) {
        est__buffer_text(b, i ? ", " : "");
        put_head(b, n->items[i]);
    }
    est__buffer_text(b, "]");
}

/* With the values that it was made with: those of the estimator, when it has none or a name alone. */
static est_status put_optimizer(est__buffer *b, const char *estimator, const char *field, const est__yaml *n)
{
    size_t size;
    const char *name = NULL;
    if (n && n->kind == EST_YAML_MAP) {
        put_typed(b, n, est_optimizer_fields(type_of(n), &size));
        return EST_OK;
    }
    est_optimizer *o;
    if (!est__yaml_is_null(n))
        name = n->text;
    EST_TRY(est_estimator_optimizer(estimator, field, name, &o));
    const char *options = est_optimizer_options(o);
    est__buffer_printf(b, "{type: %s", est_optimizer_name(o));
    const est_field *fields = est_optimizer_fields(est_optimizer_name(o), &size);
    for (const est_field *f = fields; f->type; f++) {
        if (est__field_for(fields, f->name, NULL) != f)
            continue;
        est__buffer_printf(b, ", %s: ", f->name);
        if (strcmp(f->name, "learning_rate"))
            put_default(b, f);
        else
            est__yaml_number(b, *(const double *)(options + f->offset));
    }
    est__buffer_text(b, "}");
    est_optimizer_free(o);
    return EST_OK;
}

/* {variable: {new_vocab: …}} */
static void put_infos(est__buffer *b, const est__yaml *n)
{
    est__buffer inside = { 0 };
    est__buffer_text(b, ", var_name_to_vocab_info: {");
    for (size_t i = 0; n && i < n->count; i++) {
        est__buffer_clear(&inside);
        put_fields(&inside, n->pairs[i].value, est_vocab_info_fields(NULL));
        est__buffer_text(b, i ? ", " : "");
        est__yaml_quote(b, n->pairs[i].key);
        est__buffer_printf(b, ": {%s}", inside.size > 2 ? inside.data + 2 : "");
    }
    est__buffer_text(b, "}");
    if (inside.status != EST_OK)
        b->status = inside.status;
    est__buffer_free(&inside);
}

static void put_warm_start(est__buffer *b, const est__yaml *n)
{
    const est__yaml *from = est__yaml_get(n, "ckpt_to_initialize_from"), *names = est__yaml_get(n, "var_name_to_prev_var_name");
    if (n->kind != EST_YAML_MAP) {
        put_path(b, n->base, n->text);
        return;
    }
    est__buffer_text(b, "{ckpt_to_initialize_from: ");
    put_path(b, from->base, from->text);
    est__buffer_text(b, ", vars_to_warm_start: ");
    put_node(b, est__yaml_get(n, "vars_to_warm_start"));
    est__buffer_text(b, ", var_name_to_prev_var_name: ");
    put_node(b, names);
    put_infos(b, est__yaml_get(n, "var_name_to_vocab_info"));
    est__buffer_text(b, "}");
}

static est_status put_model(est__buffer *b, const est__config *c)
{
    size_t size;
    const est_field *fields = est_estimator_fields(c->estimator, &size);
    est__buffer_printf(b, "  model:\n    estimator: %s\n", c->estimator);
    for (const est_field *f = fields; f->type; f++) {
        const est__yaml *n = est__yaml_get(c->model, f->name);
        if (est__field_for(fields, f->name, n) != f)
            continue;
        est__buffer_printf(b, "    %s:", f->name);
        if (f->type == EST_FIELD_COLUMNS && !est__yaml_is_null(n)) {
            for (size_t i = 0; i < n->count; i++) {
                est__buffer_text(b, "\n      - ");
                put_column(b, n->items[i]);
            }
            est__buffer_text(b, n->count ? "\n" : " []\n");
            continue;
        }
        est__buffer_text(b, " ");
        if (f->type == EST_FIELD_OPTIMIZER)
            EST_TRY(put_optimizer(b, c->estimator, f->name, n));
        else if (est__yaml_is_null(n))
            put_default(b, f);
        else if (f->type == EST_FIELD_HEAD)
            put_head(b, n);
        else if (f->type == EST_FIELD_WARM_START)
            put_warm_start(b, n);
        else if (f->type == EST_FIELD_PARTITIONER && n->kind == EST_YAML_MAP)
            put_typed(b, n, est_partitioner_fields(type_of(n)));
        else
            put_node(b, n);
        est__buffer_text(b, "\n");
    }
    return EST_OK;
}

static void put_string(est__buffer *b, const est_field *f, const char *s)
{
    if (!s)
        est__buffer_text(b, "null");
    else if (!*s && est__field_is_path_or_true(f))
        est__buffer_text(b, "true");
    else if (est__field_is_path(f))
        put_path(b, "", s);
    else
        est__yaml_quote(b, s);
}

static void put_strings(est__buffer *b, const est_field *f, est_strings l)
{
    if (!l.count) {
        est__buffer_text(b, "null");
        return;
    }
    for (size_t i = 0; i < l.count; i++) {
        est__buffer_text(b, i ? ", " : l.count > 1 ? "[" : "");
        put_string(b, f, l.data[i]);
    }
    est__buffer_text(b, l.count > 1 ? "]" : "");
}

static void put_ints(est__buffer *b, est_ints l)
{
    est__buffer_text(b, l.count ? "[" : "null");
    for (size_t i = 0; i < l.count; i++)
        est__buffer_printf(b, "%s%lld", i ? ", " : "", (long long)l.data[i]);
    est__buffer_text(b, l.count ? "]" : "");
}

/* A section of ours, whose struct holds every default already. */
static void put_section(est__buffer *b, const est_field *fields, const void *from, const char *indent)
{
    for (const est_field *f = fields; f->type; f++) {
        const char *p = (const char *)from + f->offset;
        est__buffer_printf(b, "%s%s: ", indent, f->name);
        if (f->type == EST_FIELD_BOOL) {
            est__buffer_text(b, *(const bool *)p ? "true" : "false");
        } else if (f->type == EST_FIELD_INT) {
            int64_t v = *(const int64_t *)p;
            bool is_null = f->zero == EST_OFF ? v == 0 : v == EST_OFF && f->min > EST_OFF;
            if (is_null || (v == 0 && f->min > 0))
                est__buffer_text(b, "null");
            else
                est__buffer_printf(b, "%lld", f->zero == EST_OFF && v == EST_OFF ? 0LL : (long long)v);
        } else if (f->type == EST_FIELD_FLOAT) {
            est__yaml_number(b, *(const double *)p);
        } else if (f->type == EST_FIELD_STRING) {
            put_string(b, f, *(const char *const *)p);
        } else if (f->type == EST_FIELD_INTS) {
            put_ints(b, *(const est_ints *)p);
        } else if (f->type == EST_FIELD_MAP) {
            put_node(b, *(const est__yaml *const *)p);
        } else {
            put_strings(b, f, *(const est_strings *)p);
        }
        est__buffer_text(b, "\n");
    }
}

static void put_evaluations(est__buffer *b, const est__config *c)
{
    est__buffer_text(b, c->num_evaluations ? "  validation:\n" : "");
    for (size_t i = 0; i < c->num_evaluations; i++) {
        est__buffer_text(b, "    ");
        est__yaml_quote(b, c->evaluation[i].name);
        est__buffer_text(b, ":\n");
        put_section(b, est__config_evaluation_fields, &c->evaluation[i].data, "      ");
    }
}

static est_status put_all(est__buffer *b, const est__config *c)
{
    for (const est__section *s = est__config_sections; s->path; s++) {
        const char *dot = strchr(s->path, '.');
        bool is_data = dot != NULL;
        if (s->offset == offsetof(est__config, trainer))
            put_evaluations(b, c);
        if (is_data && s->offset == offsetof(est__config, train_data)) {
            est__buffer_text(b, "task:\n");
            EST_TRY(put_model(b, c));
        }
        if (is_data && !((const est__config_data *)((const char *)c + s->offset))->node)
            continue;
        if (*s->path)
            est__buffer_printf(b, "%s%s:\n", is_data ? "  " : "", is_data ? dot + 1 : s->path);
        put_section(b, s->fields, (const char *)c + s->offset, is_data ? "    " : *s->path ? "  " : "");
    }
    return b->status;
}

est_status est__resolve(const est__config *c, char **text)
{
    est__buffer b = { 0 };
    return est__buffer_give(&b, put_all(&b, c), text);
}
