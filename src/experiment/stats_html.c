/* Statistics as a page of HTML that needs nothing else: a table of all columns, and for each a histogram or
 * its frequent values. */
#include <math.h>

#include "experiment/stats.h"

enum { WIDTH = 360, HEIGHT = 120, BAR_WIDTH = 140, TOP = 10 };

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
static const char style[] =
    "</title>\n<style>\n"
    ":root { color-scheme: light dark; --ink: #1c2330; --soft: #667085; --line: #e3e6ec; --back: #f6f7f9; --card: #fff; "
    "--bar: #4878d0; --mark: #d65f5f; --warn: #b45309 }\n"
    "@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #2d3442; --back: #12151b; "
    "--card: #1b2029; --bar: #6b9bf2; --mark: #ef8a8a; --warn: #fbbf24 } }\n"
    "body { margin: 0 auto; max-width: 1240px; padding: 24px; background: var(--back); color: var(--ink); "
    "font: 14px/1.45 system-ui, sans-serif }\n"
    "h1 { font-size: 22px; margin: 0 0 4px } h2 { font-size: 16px; margin: 0; overflow-wrap: anywhere }\n"
    "p { margin: 0 0 16px; color: var(--soft) } a { color: inherit; text-decoration: none } a:hover { text-decoration: underline }\n"
    ".wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin-bottom: 24px }\n"
    ".wide table { border-collapse: collapse; width: 100% }\n"
    ".wide th, .wide td { padding: 5px 12px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); "
    "font-variant-numeric: tabular-nums }\n"
    ".wide tr:last-child td { border: 0 } .wide th { color: var(--soft); font-weight: 600 }\n"
    ".wide th:first-child, .wide td:first-child { text-align: left; max-width: 280px; overflow: hidden; text-overflow: ellipsis }\n"
    "main { display: grid; grid-template-columns: repeat(auto-fill, minmax(360px, 1fr)); gap: 16px }\n"
    "section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; min-width: 0; break-inside: avoid }\n"
    ".type { color: var(--soft); margin: 0 0 10px } .warn { color: var(--warn) }\n"
    "svg { display: block; width: 100%; height: auto } svg text { fill: var(--soft); font-size: 11px }\n"
    ".bar { fill: var(--bar) } .bar:hover { opacity: .75 } .median { stroke: var(--mark); stroke-width: 1.5 }\n"
    "dl { display: grid; grid-template-columns: repeat(4, auto); gap: 2px 12px; margin: 10px 0 0; font-variant-numeric: tabular-nums }\n"
    "dt { color: var(--soft) } dd { margin: 0; text-align: right }\n"
    ".top { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; table-layout: fixed }\n"
    ".top td { padding: 2px 4px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }\n"
    ".top td:nth-child(2) { width: 140px } .top td:last-child { text-align: right; width: 110px }\n"
    "</style></head><body>\n";

static void put_escaped(est__buffer *b, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        switch (c) {
        case '&': est__buffer_text(b, "&amp;"); break;
        case '<': est__buffer_text(b, "&lt;"); break;
        case '>': est__buffer_text(b, "&gt;"); break;
        case '"': est__buffer_text(b, "&quot;"); break;
        default:
            if (c < ' ' || c == 127)
                est__buffer_text(b, "\xef\xbf\xbd");
            else
                est__buffer_bytes(b, &text[i], 1);
        }
    }
}

static void put_text(est__buffer *b, const char *text)
{
    put_escaped(b, text, strlen(text));
}

static void put_number(est__buffer *b, double v)
{
    if (isnan(v))
        return;
    est__buffer_printf(b, fabs(v) < 1e7 && v == floor(v) ? "%.0f" : "%.4g", v);
}

static double percent(int64_t part, int64_t all)
{
    return all ? 100 * (double)part / (double)all : 0;
}

static void put_cell(est__buffer *b, double v)
{
    est__buffer_text(b, "<td>");
    put_number(b, v);
    est__buffer_text(b, "</td>");
}

static void put_overview_row(est__buffer *b, const est_stats *s, int64_t index)
{
    const est_column_stats *c = est_stats_column(s, index);
    est__buffer_printf(b, "<tr><td><a href=\"#c%lld\">", (long long)index);
    put_text(b, c->name);
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
        put_number(b, h->edge[i]);
        est__buffer_text(b, " to ");
        put_number(b, h->edge[i + 1]);
        est__buffer_printf(b, ": %lld</title></rect>\n", (long long)h->count[i]);
    }
    if (range > 0) {
        double x = (median - from) / range * WIDTH;
        est__buffer_printf(b, "<line class=\"median\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%d\"><title>median ", x, x, HEIGHT);
        put_number(b, median);
        est__buffer_text(b, "</title></line>\n");
    }
    est__buffer_printf(b, "<text x=\"0\" y=\"%d\">", HEIGHT + 13);
    put_number(b, est_stats_column(s, index)->min);
    est__buffer_printf(b, "</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH, HEIGHT + 13);
    put_number(b, est_stats_column(s, index)->max);
    est__buffer_text(b, "</text></svg>\n");
}

static void put_top(est__buffer *b, const est_column_stats *c)
{
    est__buffer_text(b, "<table class=\"top\">\n");
    for (int64_t i = 0; i < c->top_count && i < TOP; i++) {
        double share = percent(c->top[i].count, c->top[0].count);
        est__buffer_text(b, "<tr><td title=\"");
        put_escaped(b, c->top[i].text, c->top[i].length);
        est__buffer_text(b, "\">");
        put_escaped(b, c->top[i].text, c->top[i].length);
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
    put_number(b, v);
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
    put_text(b, c->name);
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
    est__buffer_text(b, head);
    put_text(b, title);
    est__buffer_text(b, style);
    est__buffer_text(b, "<h1>");
    put_text(b, title);
    est__buffer_printf(b, "</h1><p>%lld rows%s, %zu columns", (long long)s->rows, s->stopped ? " (there are more)" : "", s->count);
    if (*s->na_value) {
        est__buffer_text(b, "; &quot;");
        put_text(b, s->na_value);
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
