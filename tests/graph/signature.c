/* Signatures: every row's says the same once it is parsed; ops are found by name, and near ones by nearly
 * their name. */
#include <ctype.h>

#include "graph/lab.h"
#include "graph/signature.h"

/* A definition as a signature spells it. */
static void put_arguments(est__buffer *b, const est__argdef *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        est__buffer_printf(b, "%s%s: ", i ? ", " : "", a[i].name);
        if (a[i].number_attr)
            est__buffer_printf(b, "%s*", a[i].number_attr);
        est__buffer_text(b, a[i].list_attr   ? a[i].list_attr
                            : a[i].type_attr ? a[i].type_attr
                                             : est_dtype_name(a[i].dtype));
    }
}

static void put_types(est__buffer *b, const est_dtype *types, size_t n)
{
    for (size_t i = 0; i < n; i++)
        est__buffer_printf(b, "%s%s", i ? ", " : "", est_dtype_name(types[i]));
}

static void put_kind(est__buffer *b, const est__attrdef *a)
{
    static const char *const kinds[] = { "int", "float", "bool", "string", "type", "shape", "tensor",
                                         "int", "float", "bool", "string", "type", "shape", "func", "func" };
    bool list = (a->kind >= EST_ATTR_INTS && a->kind <= EST_ATTR_SHAPES) || a->kind == EST_ATTR_FUNCS;
    est__buffer_text(b, list ? "list(" : "");
    if (a->num_allowed) {
        est__buffer_text(b, "{");
        put_types(b, a->allowed, a->num_allowed);
        est__buffer_text(b, "}");
    } else {
        est__buffer_text(b, kinds[a->kind]);
    }
    est__buffer_text(b, list ? ")" : "");
}

static void put_default(est__buffer *b, const est_attr *d)
{
    est__buffer_text(b, " = ");
    switch (d->kind) {
    case EST_ATTR_INT: est__buffer_printf(b, "%lld", (long long)d->i); break;
    case EST_ATTR_FLOAT: {
        char text[32];
        est__format_float(text, (float)d->f);
        est__buffer_text(b, text);
        break;
    }
    case EST_ATTR_BOOL: est__buffer_text(b, d->b ? "true" : "false"); break;
    case EST_ATTR_STRING: est__buffer_printf(b, "'%.*s'", (int)d->s.n, d->s.p); break;
    case EST_ATTR_TYPE: est__buffer_text(b, est_dtype_name(d->type)); break;
    case EST_ATTR_SHAPE: est__buffer_text(b, "unknown"); break;
    default:
        est__buffer_text(b, "[");
        for (size_t i = 0; i < d->list.count; i++) {
            est__buffer_text(b, i ? ", " : "");
            if (d->kind == EST_ATTR_INTS)
                est__buffer_printf(b, "%lld", (long long)d->list.i[i]);
            else if (d->kind == EST_ATTR_TYPES)
                est__buffer_text(b, est_dtype_name(d->list.type[i]));
            else
                est__buffer_printf(b, "%g", d->list.f[i]);
        }
        est__buffer_text(b, "]");
    }
}

static void put_definition(est__buffer *b, const est__opdef *d)
{
    put_arguments(b, d->in, d->num_in);
    est__buffer_text(b, " -> ");
    put_arguments(b, d->out, d->num_out);
    for (size_t i = 0; i < d->num_attrs; i++) {
        est__buffer_printf(b, "; %s: ", d->attr[i].name);
        put_kind(b, &d->attr[i]);
        if (d->attr[i].has_default)
            put_default(b, &d->attr[i].def);
    }
}

/* The next word or sign of a signature; dtypes and numbers in one spelling. */
static bool next_token(const char **p, char token[64])
{
    size_t n = 0;
    while (isspace((unsigned char)**p))
        ++*p;
    if (**p == '\0')
        return false;
    if (**p == '\'')
        do
            token[n++] = *(*p)++;
        while (n < 62 && **p && **p != '\'');
    bool word = isalnum((unsigned char)**p) || **p == '-' || **p == '.';
    if (strncmp(*p, "->", 2) == 0)
        word = false;
    do
        token[n++] = *(*p)++;
    while (word && n < 63 &&
           (isalnum((unsigned char)**p) || **p == '_' || **p == '.' || (**p == '-' && (*p)[-1] == 'e')));
    token[n] = '\0';
    float number;
    est_dtype type = est_dtype_of(token);
    if (est__parse_float(token, n, &number))
        est__format_float(token, number);
    else if (type != EST_INVALID)
        snprintf(token, 64, "%s", est_dtype_name(type));
    return true;
}

static bool same_tokens(const char *a, const char *b)
{
    char x[64], y[64];
    for (;;) {
        bool more = next_token(&a, x), also = next_token(&b, y);
        if (!more || !also)
            return more == also;
        if (strcmp(x, y) != 0)
            return false;
    }
}

static void every_row(void)
{
    size_t rows = 0;
    for (const est_op_row *const *family = est__op_tables; *family; family++)
        for (const est_op_row *row = *family; row->tf_name; row++, rows++) {
            est__buffer b = { 0 };
            const est__opdef *d = est__opdef_find(row->tf_name);
            /* two rows of one name: the later hides it */
            if (!est_test_true(d != NULL && d->row == row, EST_HERE(row->tf_name)))
                continue;
            put_definition(&b, d);
            if (!same_tokens(b.data, row->signature))
                est_test_str(b.data, row->signature, EST_HERE(row->tf_name));
            est__buffer_free(&b);
            for (size_t i = 0; i < d->num_attrs; i++)
                EST_CHECK(est__opdef_attr(d, d->attr[i].name) == &d->attr[i]);
            for (size_t i = 0; i < d->num_in + d->num_out; i++) {
                const est__argdef *a = i < d->num_in ? &d->in[i] : &d->out[i - d->num_in];
                int ways = (a->dtype != EST_INVALID) + (a->type_attr != NULL) + (a->list_attr != NULL);
                est_test_int(ways, 1, EST_HERE(row->tf_name));
                est_test_true(a->type_attr == NULL || est__opdef_attr(d, a->type_attr) != NULL,
                              EST_HERE(row->tf_name));
                est_test_true(a->number_attr == NULL || est__opdef_attr(d, a->number_attr) != NULL,
                              EST_HERE(row->tf_name));
            }
            /* A row that runs says what comes out; one that can be differentiated runs or has a body. */
            est_test_true(row->infer != NULL || row->cpu == NULL, EST_HERE(row->tf_name));
            est_test_true(row->state_size == 0 || row->prepare != NULL, EST_HERE(row->tf_name));
        }
    EST_CHECK(rows > 150);
}

static void found_by_name(void)
{
    EST_CHECK(est__opdef_find("MatMul") != NULL && est__op_find("MatMul") == est__opdef_find("MatMul")->row);
    EST_CHECK(est__opdef_find("matmul") == NULL && est__opdef_find("") == NULL);
    EST_CHECK_STR(est__opdef_nearest("Matmul"), "MatMul");
    EST_CHECK_STR(est__opdef_nearest("SoftMaxCrossEntropyWithLogits"), "SoftmaxCrossEntropyWithLogits");
    EST_CHECK(est__opdef_nearest("Zzzzzzzzzzzzzzz") == NULL);
    EST_CHECK(est__opdef_attr(est__opdef_find("MatMul"), "nonesuch") == NULL);
}

EST_SUITE(graph_signature, EST_TEST(every_row), EST_TEST(found_by_name));
