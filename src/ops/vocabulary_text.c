/* A text with an entry a line becomes the entries of a lookup table: which columns of a line are key and value, its options say. */
#include "ops/lookup_table.h"

typedef struct span {
    const char *p;
    size_t n;
} span;

/* The next line, without its end, taken off the text. */
static span next_line(const char **text, const char *end)
{
    const char *line = *text, *feed = memchr(line, '\n', (size_t)(end - line)), *stop = feed ? feed : end;
    *text = feed ? feed + 1 : end;
    return (span){ line, (size_t)(stop - line) - (stop > line && stop[-1] == '\r') };
}

int64_t est__vocabulary_lines(const char *text, size_t size, int64_t most, int64_t *count)
{
    const char *end = text + size;
    for (*count = 0; text < end && (most == 0 || *count < most); ++*count)
        if (next_line(&text, end).n == 0)
            return *count + 1;
    return 0;
}

static est_status cut_lines(const char *text, size_t size, int64_t most, span **lines, int64_t *count)
{
    size_t cap = 0;
    int64_t n = 0;
    for (const char *end = text + size; text < end && (most < 0 || n < most); n++) {
        EST_TRY(est__grow(lines, &cap, (size_t)n + 1, sizeof **lines));
        (*lines)[n] = next_line(&text, end);
        if ((*lines)[n].n == 0)
            return est__fail(EST_INVALID_ARGUMENT, "line %lld is empty", (long long)n + 1);
    }
    *count = n;
    return EST_OK;
}

static bool column_of(span line, char delimiter, int64_t column, span *out)
{
    for (; column >= 0; column--) {
        const char *end = memchr(line.p, delimiter, line.n);
        *out = (span){ line.p, end != NULL ? (size_t)(end - line.p) : line.n };
        if (end == NULL)
            return column == 0;
        line = (span){ end + 1, line.n - out->n - 1 };
    }
    return true;
}

static bool parse_number(est_tensor *t, int64_t i, span s)
{
    double v;
    if (t->dtype == EST_INT64)
        return est__parse_int64(s.p, s.n, &((int64_t *)t->data)[i]);
    if (t->dtype == EST_FLOAT)
        return est__parse_float(s.p, s.n, &((float *)t->data)[i]);
    if (!est__parse_double(s.p, s.n, &v))
        return false;
    est__tensor_set(t, i, v);
    return true;
}

static est_status make_strings(const span *part, int64_t n, est_tensor **out)
{
    est_shape shape = EST_SHAPE(n);
    const char **p = est__malloc((size_t)n * sizeof *p);
    size_t *length = est__malloc((size_t)n * sizeof *length);
    est_status st =
        p != NULL && length != NULL ? EST_OK : est__fail_memory((size_t)n * (sizeof *p + sizeof *length));
    for (int64_t i = 0; st == EST_OK && i < n; i++)
        p[i] = part[i].p, length[i] = part[i].n;
    if (st == EST_OK)
        st = est_tensor_new_strings(&shape, p, length, out);
    est__free(p);
    est__free(length);
    return st;
}

/* The tensor of what column `index` holds in each line; `part` is room for n spans. */
static est_status make_column(const est__vocabulary_text *s, int64_t index, est_dtype dtype, const span *line,
                              span *part, int64_t n, est_tensor **out)
{
    est_shape shape = EST_SHAPE(n);
    if (index == EST__LINE_NUMBER && dtype != EST_INT64)
        return est__fail(EST_INVALID_ARGUMENT, "line numbers are int64, the table takes %s",
                         est_dtype_name(dtype));
    if (index == EST__WHOLE_LINE && dtype != EST_STRING && !est__dtype_is_integer(dtype))
        return est__fail(EST_INVALID_ARGUMENT, "a whole line is a string or an integer, the table takes %s",
                         est_dtype_name(dtype));
    for (int64_t i = 0; index != EST__LINE_NUMBER && i < n; i++) {
        part[i] = line[i];
        if (index >= 0 && !column_of(line[i], s->delimiter, index, &part[i]))
            return est__fail(EST_INVALID_ARGUMENT, "line %lld has no column %lld", (long long)i + 1,
                             (long long)index);
    }
    if (dtype == EST_STRING)
        return make_strings(part, n, out);
    EST_TRY(est_tensor_new(dtype, &shape, out));
    for (int64_t i = 0; i < n; i++) {
        if (index == EST__LINE_NUMBER)
            ((int64_t *)(*out)->data)[i] = (int64_t)((uint64_t)i + (uint64_t)s->offset);
        else if (!parse_number(*out, i, part[i]))
            return est__fail(EST_INVALID_ARGUMENT, "line %lld: \"%.*s\" is not a number (%s)",
                             (long long)i + 1, part[i].n < 80 ? (int)part[i].n : 80, part[i].p,
                             est_dtype_name(dtype));
    }
    return EST_OK;
}

est_status est__table_import_text(est__table *t, const est__vocabulary_text *s, const char *text, size_t size)
{
    span *line = NULL, *part = NULL;
    est_tensor *keys = NULL, *values = NULL;
    int64_t n = 0;
    est_status st = cut_lines(text, size, s->vocab_size, &line, &n);
    if (st == EST_OK && (n == 0 || n < s->vocab_size))
        st = est__fail(EST_INVALID_ARGUMENT, "it has %lld lines, vocab_size is %lld", (long long)n,
                       (long long)s->vocab_size);
    if (st == EST_OK && (part = est__malloc((size_t)n * sizeof *part)) == NULL)
        st = est__fail_memory((size_t)n * sizeof *part);
    if (st == EST_OK)
        st = make_column(s, s->key_index, t->key_dtype, line, part, n, &keys);
    if (st == EST_OK)
        st = make_column(s, s->value_index, t->value_dtype, line, part, n, &values);
    if (st == EST_OK)
        st = est__table_import(t, keys, values);
    est_tensor_free(keys);
    est_tensor_free(values);
    est__free(line);
    est__free(part);
    return st;
}
