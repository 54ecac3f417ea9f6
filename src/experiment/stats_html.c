/* Statistics as a page of HTML that needs nothing else: a table of all columns, and for each a histogram or
 * its frequent values. */
#include <math.h>

#include "experiment/html.h"
#include "experiment/stats.h"

enum { WIDTH = 360, HEIGHT = 120, BAR_WIDTH = 140, TOP = 10 };

static double percent(int64_t part, int64_t all)
{
    return all ? 100 * (double)part / (double)all : 0;
}

static void put_cell(est__buffer *b, double v)
{
    est__buffer_text(b, "<td>");
    est__html_number(b, v);
    est__buffer_text(b, "</td>");
}

static void put_overview_row(est__buffer *b, const est_stats *s, int64_t index)
{
    const est_column_stats *c = est_stats_column(s, index);
    est__buffer_printf(b, "<tr><td><a href=\"#c%lld\">", (long long)index);
    est__html_text(b, c->name);
    est__buffer_printf(b, "</a></td><td>%s</td><td>%lld</td><td%s>%.1f %%</td><td>%s%lld</td>",
                       c->dtype == EST_INVALID ? "" : est_dtype_name(c->dtype), (long long)c->count,
                       c->missing * 10 > s->rows ? " class=\"warn\"" : "", percent(c->missing, s->rows),
                       c->distinct_is_estimate ? "~" : "", (long long)c->distinct);
    put_cell(b, c->mean);
    put_cell(b, c->std);
    put_cell(b, c->min);
    put_cell(b, est_stats_quantile(s, index, 0.5));
    put_cell(b, c->max);
    est__buffer_text(b, "</tr>\n");
}

static void put_overview(est__buffer *b, const est_stats *s)
{
    est__buffer_text(b, "<div class=\"wide\"><table><tr><th>column</th><th>type</th><th>count</th><th>missing</th><th>distinct</th>"
                        "<th>mean</th><th>std</th><th>min</th><th>median</th><th>max</th></tr>\n");
    for (size_t i = 0; i < s->count; i++)
        put_overview_row(b, s, (int64_t)i);
    est__buffer_text(b, "</table></div>\n");
}

/* Bars from the bottom up; a red line at the median. */
static void put_histogram(est__buffer *b, const est_stats *s, int64_t index, const est__histogram *h)
{
    int64_t most = 1;
    double from = h->edge[0], range = h->edge[h->bins] - from, median = est_stats_quantile(s, index, 0.5);
    for (int i = 0; i < h->bins; i++)
        most = h->count[i] > most ? h->count[i] : most;
    est__buffer_printf(b, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"histogram\">\n", WIDTH, HEIGHT + 16);
    for (int i = 0; i < h->bins; i++) {
        double height = (double)h->count[i] / (double)most * HEIGHT, width = (double)WIDTH / h->bins;
        est__buffer_printf(b, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>", i * width + 0.5,
                           HEIGHT - height, width - 1, height);
        est__html_number(b, h->edge[i]);
        est__buffer_text(b, " to ");
        est__html_number(b, h->edge[i + 1]);
        est__buffer_printf(b, ": %lld</title></rect>\n", (long long)h->count[i]);
    }
    if (range > 0) {
        double x = (median - from) / range * WIDTH;
        est__buffer_printf(b, "<line class=\"median\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%d\"><title>median ", x, x, HEIGHT);
        est__html_number(b, median);
        est__buffer_text(b, "</title></line>\n");
    }
    est__buffer_printf(b, "<text x=\"0\" y=\"%d\">", HEIGHT + 13);
    est__html_number(b, est_stats_column(s, index)->min);
    est__buffer_printf(b, "</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH, HEIGHT + 13);
    est__html_number(b, est_stats_column(s, index)->max);
    est__buffer_text(b, "</text></svg>\n");
}

static void put_top(est__buffer *b, const est_column_stats *c)
{
    est__buffer_text(b, "<table class=\"top\">\n");
    for (int64_t i = 0; i < c->top_count && i < TOP; i++) {
        double share = percent(c->top[i].count, c->top[0].count);
        est__buffer_text(b, "<tr><td title=\"");
        est__html_bytes(b, c->top[i].text, c->top[i].length);
        est__buffer_text(b, "\">");
        est__html_bytes(b, c->top[i].text, c->top[i].length);
        est__buffer_printf(b, "</td><td><svg viewBox=\"0 0 %d 10\"><rect class=\"bar\" width=\"%.1f\" height=\"10\"/></svg></td>"
                              "<td>%s%lld (%.1f %%)</td></tr>\n", BAR_WIDTH, share / 100 * BAR_WIDTH, c->top_error ? "~" : "",
                           (long long)c->top[i].count, percent(c->top[i].count, c->count));
    }
    est__buffer_text(b, "</table>\n");
    if (c->distinct > TOP)
        est__buffer_printf(b, "<p class=\"type\">and %s%lld other values</p>\n", c->distinct_is_estimate ? "about " : "",
                           (long long)(c->distinct - TOP));
}

static void put_term(est__buffer *b, const char *name, double v)
{
    est__buffer_printf(b, "<dt>%s</dt><dd>", name);
    est__html_number(b, v);
    est__buffer_text(b, "</dd>");
}

static void put_terms(est__buffer *b, const est_stats *s, int64_t index, const est_column_stats *c)
{
    static const struct { const char *name; double share; } asked[] = {
        { "1 %", 0.01 }, { "25 %", 0.25 }, { "75 %", 0.75 }, { "99 %", 0.99 } };
    est__buffer_text(b, "<dl>");
    put_term(b, "mean", c->mean);
    put_term(b, "std", c->std);
    put_term(b, "median", est_stats_quantile(s, index, 0.5));
    put_term(b, "zeros", (double)c->zeros);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        put_term(b, asked[i].name, est_stats_quantile(s, index, asked[i].share));
    est__buffer_text(b, "</dl>\n");
}

static void put_section(est__buffer *b, const est_stats *s, int64_t index)
{
    const est_column_stats *c = est_stats_column(s, index);
    est__histogram h;
    est__buffer_printf(b, "<section id=\"c%lld\"><h2>", (long long)index);
    est__html_text(b, c->name);
    est__buffer_printf(b, "</h2><p class=\"type\">%s, %s%lld different values",
                       c->dtype == EST_INVALID ? "no values" : est_dtype_name(c->dtype), c->distinct_is_estimate ? "about " : "",
                       (long long)c->distinct);
    if (c->missing)
        est__buffer_printf(b, ", <span%s>%lld missing (%.1f %%)</span>", c->missing * 10 > s->rows ? " class=\"warn\"" : "",
                           (long long)c->missing, percent(c->missing, s->rows));
    if (c->infinities)
        est__buffer_printf(b, ", <span class=\"warn\">%lld infinite</span>", (long long)c->infinities);
    est__buffer_text(b, "</p>\n");
    if (est__stats_histogram(s, index, &h)) {
        put_histogram(b, s, index, &h);
        put_terms(b, s, index, c);
    } else if (c->top_count) {
        put_top(b, c);
    }
    est__buffer_text(b, "</section>\n");
}

est_status est__stats_html(const est_stats *s, est__buffer *b)
{
    const char *title = s->source ? est__base_name(s->source) : "dataset";
    est__html_begin(b, title);
    est__buffer_printf(b, "</h1><p>%lld rows%s, %zu columns", (long long)s->rows, s->stopped ? " (there are more)" : "", s->count);
    if (*s->na_value) {
        est__buffer_text(b, "; &quot;");
        est__html_text(b, s->na_value);
        est__buffer_text(b, "&quot; is taken for a missing value");
    }
    est__buffer_text(b, "</p>\n");
    put_overview(b, s);
    est__buffer_text(b, "<main>\n");
    for (size_t i = 0; i < s->count; i++)
        put_section(b, s, (int64_t)i);
    est__buffer_text(b, "</main></body></html>\n");
    return EST_OK;
}
