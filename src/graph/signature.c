/* Parses the signatures of all op rows, once: "x: T, ys: N*T -> z: T; T: {float, double}; N: int = 0". */
#include "graph/signature.h"

#include <ctype.h>
#include <stdlib.h>

typedef struct parser {
    const char *p;
    const char *op;
    est__arena *arena;
    bool failed;
} parser;

/* All definitions; constant once built. */
static struct {
    pthread_once_t once;
    est__arena arena;
    est__map *by_name;
    char error[512];
} table = { .once = PTHREAD_ONCE_INIT };

static void fail(parser *s, const char *wanted)
{
    if (!s->failed)
        snprintf(table.error, sizeof table.error, "op %s: signature: wanted %s at '%.40s'", s->op, wanted,
                 s->p);
    s->failed = true;
}

static const void *keep(parser *s, const void *p, size_t n)
{
    void *kept = est__arena_alloc(s->arena, n + 1);
    if (kept && n)
        memcpy(kept, p, n);
    else if (!kept)
        fail(s, "memory");
    return kept;
}

static void blanks(parser *s)
{
    while (isspace((unsigned char)*s->p))
        s->p++;
}

static bool take(parser *s, const char *token)
{
    size_t n = strlen(token);
    blanks(s);
    if (strncmp(s->p, token, n) != 0)
        return false;
    s->p += n;
    return true;
}

static void want(parser *s, const char *token)
{
    if (!take(s, token))
        fail(s, token);
}

static const char *word(parser *s)
{
    const char *start;
    blanks(s);
    start = s->p;
    while (isalnum((unsigned char)*s->p) || *s->p == '_')
        s->p++;
    if (s->p == start)
        fail(s, "a name");
    const char *kept = keep(s, start, (size_t)(s->p - start));   /* the arena's zero ends it */
    return kept ? kept : "";
}

static void parse_argument(parser *s, est__argdef *a)
{
    a->name = word(s);
    want(s, ":");
    const char *type = word(s);
    if (take(s, "*")) {
        a->number_attr = type;
        type = word(s);
    }
    a->dtype = est_dtype_of(type);
    if (a->dtype == EST_INVALID)
        a->type_attr = type;     /* or a list: decided when the attributes are known */
}

static est_dtype parse_type(parser *s)
{
    const char *name = word(s);
    est_dtype t = est_dtype_of(name);
    if (t == EST_INVALID)
        fail(s, "a dtype");
    return t;
}

static void parse_allowed(parser *s, est__attrdef *a)
{
    est_dtype types[32];
    size_t n = 0;
    do {
        types[n++] = parse_type(s);
    } while (!s->failed && n < 32 && take(s, ","));
    want(s, "}");
    a->allowed = keep(s, types, n * sizeof *types);
    a->num_allowed = a->allowed ? n : 0;
}

static est_attr_kind parse_kind(parser *s, est__attrdef *a)
{
    static const struct { const char *name; est_attr_kind one, list; } kinds[] = {
        { "int", EST_ATTR_INT, EST_ATTR_INTS },          { "float", EST_ATTR_FLOAT, EST_ATTR_FLOATS },
        { "bool", EST_ATTR_BOOL, EST_ATTR_BOOLS },       { "string", EST_ATTR_STRING, EST_ATTR_STRINGS },
        { "type", EST_ATTR_TYPE, EST_ATTR_TYPES },       { "shape", EST_ATTR_SHAPE, EST_ATTR_SHAPES },
        { "tensor", EST_ATTR_TENSOR, EST_ATTR_TENSOR },  { "func", EST_ATTR_FUNC, EST_ATTR_FUNCS },
    };
    bool list = false;
    if (take(s, "{")) {
        parse_allowed(s, a);
        return EST_ATTR_TYPE;
    }
    const char *name = word(s);
    if (strcmp(name, "list") == 0) {
        list = true;
        want(s, "(");
        if (take(s, "{")) {
            parse_allowed(s, a);
            want(s, ")");
            return EST_ATTR_TYPES;
        }
        name = word(s);
        want(s, ")");
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(name, kinds[i].name) == 0)
            return list ? kinds[i].list : kinds[i].one;
    fail(s, "a kind of attribute");
    return EST_ATTR_INT;
}

static double parse_number(parser *s)
{
    double v = 0;
    blanks(s);
    size_t n = strcspn(s->p, " ,;]}");
    if (!est__parse_double(s->p, n, &v))
        fail(s, "a number");
    s->p += n;
    return v;
}

static void parse_string_default(parser *s, est_attr *a)
{
    want(s, "'");
    const char *start = s->p;
    while (*s->p && *s->p != '\'')
        s->p++;
    a->s.n = (size_t)(s->p - start);
    a->s.p = keep(s, start, a->s.n);
    want(s, "'");
}

static void parse_list_default(parser *s, est_attr *a)
{
    int64_t ints[16];
    double floats[16];
    est_dtype types[16];
    size_t n = 0;
    want(s, "[");
    while (!s->failed && n < 16 && !take(s, "]")) {
        if (a->kind == EST_ATTR_INTS)
            ints[n] = (int64_t)parse_number(s);
        else if (a->kind == EST_ATTR_FLOATS)
            floats[n] = (double)(float)parse_number(s);
        else if (a->kind == EST_ATTR_TYPES)
            types[n] = parse_type(s);
        else
            fail(s, "]");
        n++;
        take(s, ",");
    }
    a->list.count = n;
    size_t size = a->kind == EST_ATTR_TYPES ? sizeof *types : sizeof *ints;
    a->list.i = keep(s,
                     a->kind == EST_ATTR_INTS     ? (void *)ints
                     : a->kind == EST_ATTR_FLOATS ? (void *)floats
                                                  : (void *)types,
                     n * size);
}

static void parse_default(parser *s, est__attrdef *d)
{
    static const est_shape unknown = { .rank = -1 };
    est_attr *a = &d->def;
    switch (d->kind) {
    case EST_ATTR_INT: a->i = (int64_t)parse_number(s); break;
    case EST_ATTR_FLOAT: a->f = (double)(float)parse_number(s); break;
    case EST_ATTR_BOOL:
        a->b = take(s, "true");
        if (!a->b)
            want(s, "false");
        break;
    case EST_ATTR_STRING: parse_string_default(s, a); break;
    case EST_ATTR_TYPE: a->type = parse_type(s); break;
    case EST_ATTR_SHAPE:
        want(s, "unknown");
        a->shape = &unknown;
        break;
    case EST_ATTR_INTS: case EST_ATTR_FLOATS: case EST_ATTR_BOOLS: case EST_ATTR_STRINGS: case EST_ATTR_TYPES:
    case EST_ATTR_SHAPES:
        parse_list_default(s, a);
        break;
    case EST_ATTR_TENSOR: case EST_ATTR_FUNC: case EST_ATTR_FUNCS: fail(s, "no default"); break;
    }
}

static void parse_attribute(parser *s, est__attrdef *a)
{
    a->name = word(s);
    want(s, ":");
    a->kind = parse_kind(s, a);
    a->def.name = a->name;
    a->def.kind = a->kind;
    if (take(s, "=")) {
        a->has_default = true;
        parse_default(s, a);
    }
}

/* An argument typed by a list(type) attribute stands for as many tensors as the attribute has types. */
static void settle_lists(est__argdef *args, size_t n, const est__opdef *d)
{
    for (size_t i = 0; i < n; i++) {
        const est__attrdef *a = args[i].type_attr ? est__opdef_attr(d, args[i].type_attr) : NULL;
        if (a && a->kind == EST_ATTR_TYPES) {
            args[i].list_attr = args[i].type_attr;
            args[i].type_attr = NULL;
        }
    }
}

enum { MOST = 48 };

static est__argdef *parse_arguments(parser *s, size_t *count, const char *end)
{
    est__argdef args[MOST] = { 0 };
    size_t n = 0;
    blanks(s);
    while (!s->failed && n < MOST && *s->p && *s->p != ';' && strncmp(s->p, end, strlen(end)) != 0) {
        parse_argument(s, &args[n++]);
        take(s, ",");
        blanks(s);
    }
    est__argdef *kept = (est__argdef *)(uintptr_t)keep(s, args, n * sizeof *args);
    *count = kept ? n : 0;
    return kept;
}

static const est__opdef *parse(const est_op_row *row, est__arena *arena)
{
    parser s = { .p = row->signature, .op = row->tf_name, .arena = arena };
    est__opdef *d = est__arena_alloc(arena, sizeof *d);
    est__attrdef attrs[MOST] = { 0 };
    if (d == NULL) {
        fail(&s, "memory");
        return NULL;
    }
    d->row = row;
    est__argdef *in = parse_arguments(&s, &d->num_in, "->");
    want(&s, "->");
    est__argdef *out = parse_arguments(&s, &d->num_out, ";");
    while (!s.failed && d->num_attrs < MOST && take(&s, ";"))
        parse_attribute(&s, &attrs[d->num_attrs++]);
    blanks(&s);
    if (*s.p)
        fail(&s, "the end");
    d->attr = keep(&s, attrs, d->num_attrs * sizeof *attrs);
    d->num_attrs = d->attr ? d->num_attrs : 0;
    settle_lists(in, d->num_in, d);
    settle_lists(out, d->num_out, d);
    d->in = in;
    d->out = out;
    return s.failed ? NULL : d;
}

static void build_table(void)
{
    table.by_name = est__map_new();
    for (const est_op_row *const *family = est__op_tables; *family; family++)
        for (const est_op_row *row = *family; row->tf_name; row++) {
            const est__opdef *d = parse(row, &table.arena);
            if (d && (!table.by_name || est__map_put(table.by_name, row->tf_name, strlen(row->tf_name),
                                                     (void *)(uintptr_t)d) != EST_OK))
                snprintf(table.error, sizeof table.error, "op %s: no memory for its signature", row->tf_name);
        }
}

const est__opdef *est__opdef_find(const char *tf_name)
{
    pthread_once(&table.once, build_table);
    const est__opdef *d = table.by_name ? est__map_get(table.by_name, tf_name, strlen(tf_name)) : NULL;
    if (d == NULL && table.error[0])
        est__fail(EST_INTERNAL, "%s", table.error);
    return d;
}

const est_op_row *est__op_find(const char *tf_name)
{
    const est__opdef *d = est__opdef_find(tf_name);
    return d ? d->row : NULL;
}

const char *est__opdef_nearest(const char *tf_name)
{
    const char *best = NULL;
    pthread_once(&table.once, build_table);
    size_t n = table.by_name ? est__map_size(table.by_name) : 0;
    const char **names = est__malloc(n * sizeof *names);
    if (names == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        names[i] = ((const est__opdef *)est__map_value(table.by_name, i))->row->tf_name;
    best = est__nearest(tf_name, names, n);
    est__free(names);
    return best;
}

const est__attrdef *est__opdef_attr(const est__opdef *d, const char *name)
{
    for (size_t i = 0; i < d->num_attrs; i++)
        if (strcmp(d->attr[i].name, name) == 0)
            return &d->attr[i];
    return NULL;
}
