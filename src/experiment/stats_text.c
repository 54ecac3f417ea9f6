/* Statistics as a table of text and as JSON, and the histograms that JSON and the page show. */
#include <math.h>

#include "experiment/stats.h"

enum { SHARES = 7, TOP_OF_TABLE = 5, TOP_OF_JSON = 20, CELLS = 6 + 4 + SHARES };
static const double shares[SHARES] = { 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99 };

bool est__stats_histogram(const est_stats *s, int64_t index, est__histogram *h)
{
    const est_column_stats *c = est_stats_column(s, index);
    int64_t before = 0;
    *h = (est__histogram){ 0 };
    if (!c || !est__stats_is_number(c) || !(c->max - c->min >= 0) || isinf(c->max - c->min))
        return false;
    bool whole = c->dtype == EST_INT64 && c->max - c->min < 1e15;   /* then bins begin between whole numbers */
    double range = c->max - c->min + whole, from = whole ? c->min - 0.5 : c->min;
    double width = whole ? ceil(range / EST__STATS_BINS) : range / EST__STATS_BINS;
    h->bins = range > 0 ? (int)ceil(range / width - 1e-9) : 1;
    for (int i = 0; i <= h->bins; i++)
        h->edge[i] = i == h->bins && !whole ? c->max : from + i * width;
    for (int i = 0; i < h->bins; i++) {     /* the last bin holds its upper edge too */
        int64_t below = i + 1 == h->bins ? c->count - c->infinities
                                         : est_stats_less(s, index, h->edge[i + 1]);
        h->count[i] = below - before;
        before = below;
    }
    return true;
}

/* ---- the table ---- */

typedef struct table {
    est__arena arena;
    char *(*cell)[CELLS];
    size_t rows;
} table;

/* What a terminal shows of UTF-8. */
static int width_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* As it is, or in quotes where that could not be told from the table around it. */
static void put_value(est__buffer *b, const char *text, size_t n)
{
    bool plain = n > 0;
    for (size_t i = 0; i < n; i++)
        plain = plain && (unsigned char)text[i] > ' ' && text[i] != '"' && text[i] != ',' && text[i] != 127;
    if (plain)
        est__buffer_bytes(b, text, n);
    else
        est__buffer_json_string(b, text, n);
}

static char *number_cell(table *t, double v)
{
    char text[32];
    if (isnan(v))
        return est__arena_strdup(&t->arena, "");
    est__print(text, sizeof text, fabs(v) < 1e7 && v == floor(v) ? "%.0f" : "%.4g", v);
    return est__arena_strdup(&t->arena, text);
}

static char *count_cell(table *t, int64_t n, bool estimate)
{
    return est__arena_printf(&t->arena, "%s%lld", estimate ? "~" : "", (long long)n);
}

static char *name_cell(table *t, const char *name)
{
    est__buffer b = { 0 };
    put_value(&b, name, strlen(name));
    char *copy = b.status == EST_OK ? est__arena_strdup(&t->arena, b.data) : NULL;
    est__buffer_free(&b);
    return copy;
}

static void fill_head(table *t)
{
    static const char *const names[] = { "column", "type", "count", "missing", "distinct",
                                         "zeros", "mean", "std", "min" };
    size_t n = sizeof names / sizeof *names;
    for (size_t i = 0; i < n; i++)
        t->cell[0][i] = est__arena_strdup(&t->arena, names[i]);
    for (size_t i = 0; i < SHARES; i++)
        t->cell[0][n + i] = est__arena_printf(&t->arena, "%.0f%%", 100 * shares[i]);
    t->cell[0][n + SHARES] = est__arena_strdup(&t->arena, "max");
}

static void fill_row(table *t, const est_stats *s, int64_t index)
{
    const est_column_stats *c = est_stats_column(s, index);
    char **cell = t->cell[index + 1];
    bool number = est__stats_is_number(c);
    *cell++ = name_cell(t, c->name);
    *cell++ = est__arena_strdup(&t->arena, c->dtype == EST_INVALID ? "" : est_dtype_name(c->dtype));
    *cell++ = count_cell(t, c->count, false);
    *cell++ = count_cell(t, c->missing, false);
    *cell++ = count_cell(t, c->distinct, c->distinct_is_estimate);
    *cell++ = number ? count_cell(t, c->zeros, false) : number_cell(t, (double)NAN);
    *cell++ = number_cell(t, c->mean);
    *cell++ = number_cell(t, c->std);
    *cell++ = number_cell(t, c->min);
    for (size_t i = 0; i < SHARES; i++)
        *cell++ = number_cell(t, est_stats_quantile(s, index, shares[i]));
    *cell++ = number_cell(t, c->max);
}

static est_status put_cells(est__buffer *b, const table *t)
{
    int width[CELLS] = { 0 };
    for (size_t r = 0; r < t->rows; r++)
        for (size_t i = 0; i < CELLS; i++) {
            if (!t->cell[r][i])
                return est__fail_memory(1);
            int n = width_of(t->cell[r][i]);
            width[i] = n > width[i] ? n : width[i];
        }
    for (size_t r = 0; r < t->rows; r++) {
        size_t last = CELLS;
        while (last && !*t->cell[r][last - 1])
            last--;
        for (size_t i = 0; i < last; i++) {
            int pad = width[i] - width_of(t->cell[r][i]);
            if (i < 2)      /* texts to the left, numbers to the right */
                est__buffer_printf(b, "%s%s%*s", i ? "  " : "", t->cell[r][i], i + 1 < last ? pad : 0, "");
            else
                est__buffer_printf(b, "  %*s%s", pad, "", t->cell[r][i]);
        }
        est__buffer_text(b, "\n");
    }
    return EST_OK;
}

static void put_top(est__buffer *b, const est_column_stats *c)
{
    if (!c->top_count || c->top[0].count < 2)
        return;
    est__buffer_text(b, "  ");
    put_value(b, c->name, strlen(c->name));
    est__buffer_text(b, ":");
    for (int64_t i = 0; i < c->top_count && i < TOP_OF_TABLE; i++) {
        est__buffer_text(b, i ? ", " : " ");
        put_value(b, c->top[i].text, c->top[i].length);
        est__buffer_printf(b, " %s%lld (%.1f %%)", c->top_error ? "~" : "", (long long)c->top[i].count,
                           100 * (double)c->top[i].count / (double)c->count);
    }
    est__buffer_text(b, c->distinct > TOP_OF_TABLE ? ", ...\n" : "\n");
}

static est_status put_table(const est_stats *s, est__buffer *b)
{
    table t = { .rows = s->count + 1 };
    t.cell = est__calloc(t.rows, sizeof *t.cell);
    if (!t.cell)
        return est__fail_memory(t.rows * sizeof *t.cell);
    est__buffer_printf(b, "%lld rows%s, %zu columns", (long long)s->rows,
                       s->stopped ? " (there are more)" : "", s->count);
    if (*s->na_value) {
        est__buffer_text(b, "; ");
        est__buffer_json_string(b, s->na_value, strlen(s->na_value));
        est__buffer_text(b, " is taken for a missing value");
    }
    est__buffer_text(b, "\n\n");
    fill_head(&t);
    for (size_t i = 0; i < s->count; i++)
        fill_row(&t, s, (int64_t)i);
    est_status st = put_cells(b, &t);
    est__free(t.cell);
    est__arena_free(&t.arena);
    est__buffer_text(b, "\nMost frequent values\n");
    for (size_t i = 0; i < s->count; i++)
        put_top(b, &s->columns[i].shown);
    return st;
}

/* ---- JSON ---- */

static void put_key(est__buffer *b, const char *key)
{
    est__buffer_printf(b, ", \"%s\": ", key);
}

static void put_number(est__buffer *b, double v)
{
    char text[32];
    if (isnan(v)) {
        est__buffer_text(b, "null");
        return;
    }
    est__format_double(text, v);
    est__buffer_text(b, text);
}

static void put_numbers_of(est__buffer *b, const est_stats *s, int64_t index, const est_column_stats *c)
{
    est__histogram h;
    put_key(b, "min"), put_number(b, c->min);
    put_key(b, "mean"), put_number(b, c->mean);
    put_key(b, "max"), put_number(b, c->max);
    put_key(b, "std"), put_number(b, c->std);
    est__buffer_printf(
        b, ", \"zeros\": %lld, \"infinities\": %lld, \"quantiles_are_estimates\": %s, \"quantiles\": {",
        (long long)c->zeros, (long long)c->infinities, c->quantiles_are_estimates ? "true" : "false");
    for (size_t i = 0; i < SHARES; i++) {
        est__buffer_printf(b, "%s\"%g\": ", i ? ", " : "", shares[i]);
        put_number(b, est_stats_quantile(s, index, shares[i]));
    }
    est__buffer_text(b, "}");
    if (!est__stats_histogram(s, index, &h))
        return;
    est__buffer_text(b, ", \"histogram\": {\"edges\": [");
    for (int i = 0; i <= h.bins; i++) {
        est__buffer_text(b, i ? ", " : "");
        put_number(b, h.edge[i]);
    }
    est__buffer_text(b, "], \"counts\": [");
    for (int i = 0; i < h.bins; i++)
        est__buffer_printf(b, "%s%lld", i ? ", " : "", (long long)h.count[i]);
    est__buffer_text(b, "]}");
}

static void put_column(est__buffer *b, const est_stats *s, int64_t index)
{
    const est_column_stats *c = est_stats_column(s, index);
    est__buffer_text(b, index ? ",\n  {\"name\": " : "\n  {\"name\": ");
    est__buffer_json_string(b, c->name, strlen(c->name));
    if (c->dtype == EST_INVALID)
        est__buffer_text(b, ", \"type\": null");
    else
        est__buffer_printf(b, ", \"type\": \"%s\"", est_dtype_name(c->dtype));
    est__buffer_printf(
        b, ", \"count\": %lld, \"missing\": %lld, \"distinct\": %lld, \"distinct_is_estimate\": %s",
        (long long)c->count, (long long)c->missing, (long long)c->distinct,
        c->distinct_is_estimate ? "true" : "false");
    if (est__stats_is_number(c))
        put_numbers_of(b, s, index, c);
    if (c->dtype == EST_STRING) {
        est__buffer_printf(b, ", \"min_length\": %lld, \"mean_length\": ", (long long)c->min_length);
        put_number(b, c->mean_length);
        est__buffer_printf(b, ", \"max_length\": %lld", (long long)c->max_length);
    }
    est__buffer_printf(b, ", \"top_error\": %lld, \"top\": [", (long long)c->top_error);
    for (int64_t i = 0; i < c->top_count && i < TOP_OF_JSON; i++) {
        est__buffer_text(b, i ? ", {\"value\": " : "{\"value\": ");
        est__buffer_json_string(b, c->top[i].text, c->top[i].length);
        est__buffer_printf(b, ", \"count\": %lld}", (long long)c->top[i].count);
    }
    est__buffer_text(b, "]}");
}

static void put_json(const est_stats *s, est__buffer *b)
{
    est__buffer_printf(b, "{\"rows\": %lld, \"stopped\": %s, \"na_value\": ", (long long)s->rows,
                       s->stopped ? "true" : "false");
    est__buffer_json_string(b, s->na_value, strlen(s->na_value));
    put_key(b, "columns");
    est__buffer_text(b, "[");
    for (size_t i = 0; i < s->count; i++)
        put_column(b, s, (int64_t)i);
    est__buffer_text(b, "]}\n");
}

est_status est_stats_text(const est_stats *s, est_stats_form form, char **text)
{
    est__buffer b = { 0 };
    est_status st = EST_OK;
    switch (form) {
    case EST_STATS_TABLE: st = put_table(s, &b); break;
    case EST_STATS_JSON: put_json(s, &b); break;
    case EST_STATS_HTML: st = est__stats_html(s, &b); break;
    default: st = est__fail(EST_INVALID_ARGUMENT, "there is no form %d of statistics", (int)form);
    }
    return est__buffer_give(&b, st, text);
}
