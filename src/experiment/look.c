/* A CSV file read once, for what its columns hold: numbers and their mean and spread, or texts and how often each comes. */
#include <csv.h>
#include <errno.h>
#include <math.h>
#include <zlib.h>

#include "experiment/look.h"

enum { ROW_LIMIT = 1000000, DISTINCT_LIMIT = 20000, FIELD_LIMIT = 1 << 20, COLUMN_LIMIT = 100000 };

static const char *const marks[EST__LOOK_MARKS] = { "?", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-" };

typedef struct looker {
    est__look *look;
    const char *path;
    size_t field, capacity;
    int64_t line;             /* where the row began */
    int64_t lines;            /* newlines met */
    size_t since_field;       /* bytes read since the last field ended */
    bool header;              /* was read */
    est_status status;
} looker;

static est_status add_value(est__look *l, est__look_column *c, const char *text, size_t n)
{
    int64_t *count = est__map_get(c->values, text, n);
    if (count) {
        ++*count;
        return EST_OK;
    }
    if (est__map_size(c->values) == DISTINCT_LIMIT) {
        c->overflow = true;
        return EST_OK;
    }
    count = est__arena_alloc(&l->arena, sizeof *count);
    if (!count)
        return est__fail_memory(sizeof *count);
    *count = 1;
    return est__map_put(c->values, text, n, count);
}

/* Welford 1962: mean and squares in one pass. */
static void add_number(est__look_column *c, double v)
{
    double away = v - c->mean;
    if (!c->numbers || v < c->least)
        c->least = v;
    if (!c->numbers || v > c->most)
        c->most = v;
    c->numbers++;
    c->integers += v == floor(v) && fabs(v) < 1e15;
    c->mean += away / (double)c->numbers;
    c->squares += away * (v - c->mean);
}

static est_status add_field(looker *r, const char *text, size_t n)
{
    est__look_column *c = &r->look->columns[r->field];
    double v;
    if (n == 0) {
        c->empty++;
        return EST_OK;
    }
    int mark = 0;
    while (mark < EST__LOOK_MARKS && strcmp(marks[mark], text))
        mark++;
    if (mark < EST__LOOK_MARKS)
        c->marks[mark]++;
    else if (est__parse_double(text, n, &v) && isfinite(v))
        add_number(c, v);
    else
        c->words++;
    return add_value(r->look, c, text, n);
}

static est_status add_name(looker *r, const char *text, size_t n)
{
    est__look *l = r->look;
    if (r->field == 0 && n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) { /* a byte-order mark */
        text += 3;
        n -= 3;
    }
    for (size_t i = 0; i < l->count; i++)
        if (!strcmp(l->columns[i].name, text))
            return est__fail(EST_INVALID_ARGUMENT, "%s:1: two columns are called '%.100s'", r->path, text);
    if (l->count == COLUMN_LIMIT)
        return est__fail(EST_INVALID_ARGUMENT, "%s:1: more than %d columns", r->path, COLUMN_LIMIT);
    EST_TRY(est__grow(&l->columns, &r->capacity, l->count + 1, sizeof *l->columns));
    est__look_column *c = &l->columns[l->count];
    *c = (est__look_column){ .name = est__arena_strndup(&l->arena, text, n), .values = est__map_new() };
    l->count++;
    return c->name && c->values ? EST_OK : est__fail_memory(n);
}

static void on_field(void *text, size_t n, void *user)
{
    looker *r = user;
    const char *s = text ? text : "";
    r->since_field = 0;
    if (r->status != EST_OK || r->look->stopped)
        return;
    if (memchr(s, 0, n))
        r->status = est__fail(EST_INVALID_ARGUMENT, "%s:%lld: a NUL byte", r->path, (long long)r->line);
    else if (!r->header)
        r->status = add_name(r, s, n);
    else if (r->field < r->look->count)
        r->status = add_field(r, s, n);
    r->field++;
}

static void on_row(int end, void *user)
{
    looker *r = user;
    (void)end;
    if (r->status == EST_OK && r->header && !r->look->stopped) {
        if (r->field != r->look->count)
            r->status = est__fail(EST_INVALID_ARGUMENT, "%s:%lld: %zu fields; the header has %zu", r->path, (long long)r->line,
                                  r->field, r->look->count);
        r->look->stopped = ++r->look->rows >= ROW_LIMIT;
    }
    r->header = true;
    r->field = 0;
}

static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

/* Row by row, so that messages know the line; a newline inside quotes does not end one. */
static est_status parse(looker *r, struct csv_parser *p, const char *data, size_t size)
{
    while (size && r->status == EST_OK && !r->look->stopped) {
        const char *newline = memchr(data, '\n', size);
        size_t n = newline ? (size_t)(newline - data) + 1 : size;
        if (csv_parse(p, data, n, on_field, on_row, r) != n)
            return est__fail(EST_INVALID_ARGUMENT, "%s:%lld: %s", r->path, (long long)r->lines + 1,
                             csv_error(p) == CSV_EPARSE ? "a quote inside a field" : csv_strerror(csv_error(p)));
        r->since_field += n;
        if (r->since_field > FIELD_LIMIT)
            return est__fail(EST_INVALID_ARGUMENT, "%s:%lld: a field of more than %d bytes", r->path, (long long)r->line, FIELD_LIMIT);
        r->lines += newline != NULL;
        if (!r->field && newline)
            r->line = r->lines + 1;
        data += n;
        size -= n;
    }
    return r->status;
}

static est_status read_file(looker *r, gzFile file, struct csv_parser *p)
{
    static const char unclosed[] = "a quote is opened and not closed";
    char piece[65536];
    int n, code;
    while ((n = gzread(file, piece, sizeof piece)) > 0 && !r->look->stopped)
        EST_TRY(parse(r, p, piece, (size_t)n));
    if (n < 0) {
        const char *text = gzerror(file, &code);
        return code == Z_ERRNO ? est__fail_errno(errno, "%s", r->path) : est__fail(EST_DATA_LOSS, "%s", text); /* it names the file */
    }
    if (!r->look->stopped && csv_fini(p, on_field, on_row, r) != 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s:%lld: %s", r->path, (long long)r->line, unclosed);
    return r->status;
}

/* The mark of a missing value that comes most often. */
static void choose_mark(est__look *l)
{
    int64_t best = 0;
    for (int m = 0; m < EST__LOOK_MARKS; m++) {
        int64_t sum = 0;
        for (size_t i = 0; i < l->count; i++)
            sum += l->columns[i].marks[m];
        if (sum > best) {
            best = sum;
            l->na_value = marks[m];
        }
    }
}

static est_status find_label(est__look *l, const char *path, const char *label)
{
    const char **names = est__calloc(l->count + 1, sizeof *names);
    if (!names)
        return est__fail_memory(l->count);
    for (size_t i = 0; i < l->count; i++) {
        names[i] = l->columns[i].name;
        if (!strcmp(names[i], label))
            l->label = &l->columns[i];
    }
    const char *near = est__nearest(label, names, l->count);
    est_status st = l->label ? EST_OK : est__fail(EST_NOT_FOUND, "%s:1: no column '%.100s'%s%.100s%s", path, label,
                                                  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    est__free(names);
    return st;
}

est_status est__look_at(const char *path, const char *label, est__look *out)
{
    struct csv_parser p;
    *out = (est__look){ 0 };
    if (est__is_dir(path))
        return est__fail(EST_INVALID_ARGUMENT, "%s: a folder, not a CSV file", path);
    looker r = { .look = out, .path = path, .line = 1 };
    gzFile file = gzopen(path, "rb");
    if (!file)
        return est__fail_errno(errno, "%s", path);
    if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL)) {
        gzclose(file);
        return est__fail_memory(sizeof p);
    }
    csv_set_space_func(&p, no_space);
    est_status st = read_file(&r, file, &p);
    csv_free(&p);
    gzclose(file);
    EST_TRY(st);
    if (!out->count)
        return est__fail(EST_INVALID_ARGUMENT, "%s: an empty file", path);
    if (!out->rows)
        return est__fail(EST_INVALID_ARGUMENT, "%s: a header and no rows", path);
    choose_mark(out);
    return find_label(out, path, label);
}

void est__look_free(est__look *l)
{
    for (size_t i = 0; i < l->count; i++)
        est__map_free(l->columns[i].values);
    est__free(l->columns);
    est__arena_free(&l->arena);
    *l = (est__look){ 0 };
}

static int64_t missing_marks(const est__look *l, const est__look_column *c)
{
    for (int m = 0; l->na_value && m < EST__LOOK_MARKS; m++)
        if (!strcmp(marks[m], l->na_value))
            return c->marks[m];
    return 0;
}

size_t est__look_distinct(const est__look *l, const est__look_column *c)
{
    return est__map_size(c->values) - (missing_marks(l, c) > 0 && est__map_get(c->values, l->na_value, strlen(l->na_value)));
}

int64_t est__look_filled(const est__look *l, const est__look_column *c)
{
    return l->rows - c->empty - missing_marks(l, c);
}

bool est__look_is_numeric(const est__look *l, const est__look_column *c)
{
    int64_t other_marks = -missing_marks(l, c);
    for (int m = 0; m < EST__LOOK_MARKS; m++)
        other_marks += c->marks[m];
    return c->numbers > 0 && c->words == 0 && other_marks == 0;
}
