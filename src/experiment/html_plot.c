/* Plots in SVG: lines and points over axes with round numbers, and bars. Colours are the page's own or of a fixed list. */
#include <math.h>

#include "experiment/axis.h"
#include "experiment/html.h"

enum { WIDTH = 480, HEIGHT = 300, LEFT = 54, RIGHT = 18, TOP = 8, BOTTOM = 38, BARS_WIDTH = 480, BARS_HEIGHT = 140 };

static const char *const colours[] = { "#4878d0", "#ee854a", "#6acc64", "#d65f5f", "#956cb4", "#8c613c", "#dc7ec0", "#797979" };
enum { COLOURS = sizeof colours / sizeof *colours };

static double x_of(const est__plot *p, double x)
{
    return LEFT + (x - p->x_min) / (p->x_max - p->x_min) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const est__plot *p, double y)
{
    return TOP + (p->y_max - y) / (p->y_max - p->y_min) * (HEIGHT - TOP - BOTTOM);
}

/* The least and the greatest of what is finite. */
static void find_range(const est__plot *p, bool of_x, double *least, double *most)
{
    est__range r = est__range_empty();
    for (size_t i = 0; i < p->count; i++)
        for (size_t j = 0; j < p->line[i].count; j++)
            est__range_take(&r, of_x ? p->line[i].x[j] : p->line[i].y[j]);
    est__range_close(&r);
    *least = r.least;
    *most = r.most;
}

static void put_axes(est__buffer *b, const est__plot *p)
{
    double step = est__axis_step(p->x_max - p->x_min, 5), bottom = HEIGHT - BOTTOM;
    for (double v = ceil(p->x_min / step - 1e-9) * step; v <= p->x_max + step * 1e-9; v += step) {
        double x = x_of(p, v);
        est__buffer_printf(b, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.0f\"/>"
                              "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">", x, x, TOP, bottom, x, bottom + 14);
        est__html_number(b, fabs(v) < step / 2 ? 0 : v);
        est__buffer_text(b, "</text>\n");
    }
    step = est__axis_step(p->y_max - p->y_min, 5);
    for (double v = ceil(p->y_min / step - 1e-9) * step; v <= p->y_max + step * 1e-9; v += step) {
        double y = y_of(p, v);
        est__buffer_printf(b, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                              "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4);
        est__html_number(b, fabs(v) < step / 2 ? 0 : v);
        est__buffer_text(b, "</text>\n");
    }
    est__buffer_printf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6);
    est__html_text(b, p->x_name);
    est__buffer_printf(b, "</text><text transform=\"translate(12 %d) rotate(-90)\" text-anchor=\"middle\">",
                       (TOP + HEIGHT - BOTTOM) / 2);
    est__html_text(b, p->y_name);
    est__buffer_text(b, "</text>\n");
}

static bool inside(const est__plot *p, double x, double y)
{
    return x >= p->x_min && x <= p->x_max && y >= p->y_min && y <= p->y_max;
}

static void put_line(est__buffer *b, const est__plot *p, const est__line *line, const char *colour)
{
    if (line->dots) {
        est__buffer_text(b, "<g class=\"dots\">\n");
        for (size_t i = 0; i < line->count; i++)
            if (inside(p, line->x[i], line->y[i]))
                est__buffer_printf(b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.2\"/>", x_of(p, line->x[i]), y_of(p, line->y[i]));
        est__buffer_text(b, "</g>\n");
        return;
    }
    est__buffer_printf(b, "<polyline class=\"plot\" stroke=\"%s\"%s points=\"", colour,
                       line->dashed ? " stroke-dasharray=\"4 4\"" : "");
    for (size_t i = 0; i < line->count; i++)
        if (inside(p, line->x[i], line->y[i]))
            est__buffer_printf(b, "%.1f,%.1f ", x_of(p, line->x[i]), y_of(p, line->y[i]));
    est__buffer_text(b, "\"/>\n");
}

void est__html_plot(est__buffer *b, const est__plot *given)
{
    est__plot plot = *given, *p = &plot;
    bool has_key = false;
    if (p->x_min == p->x_max)
        find_range(p, true, &p->x_min, &p->x_max);
    if (p->y_min == p->y_max)
        find_range(p, false, &p->y_min, &p->y_max);
    est__buffer_printf(b, "<svg viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDTH, HEIGHT);
    put_axes(b, p);
    for (size_t i = 0; i < p->count; i++) {
        put_line(b, p, &p->line[i], p->line[i].dashed ? "var(--soft)" : colours[i % COLOURS]);
        has_key |= p->line[i].name != NULL;
    }
    est__buffer_text(b, "</svg>\n");
    if (!has_key)
        return;
    est__buffer_text(b, "<p class=\"note\">");
    for (size_t i = 0; i < p->count; i++)
        if (p->line[i].name) {
            est__buffer_printf(b, "<span class=\"key\" style=\"background:%s\"></span>",
                               p->line[i].dashed ? "var(--soft)" : colours[i % COLOURS]);
            est__html_text(b, p->line[i].name);
        }
    est__buffer_text(b, "</p>\n");
}

static void put_bars(est__buffer *b, const double *value, size_t count, double most, const char *colour, double from, double to)
{
    double width = (double)BARS_WIDTH / (double)count, step = (to - from) / (double)count;
    for (size_t i = 0; i < count; i++) {
        double height = value[i] / most * BARS_HEIGHT;
        est__buffer_printf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" fill-opacity=\".65\"><title>",
                           (double)i * width + 0.5, BARS_HEIGHT - height, width - 1, height, colour);
        est__html_number(b, from + step * (double)i);
        est__buffer_text(b, " to ");
        est__html_number(b, from + step * (double)(i + 1));
        est__buffer_text(b, ": ");
        est__html_number(b, value[i]);
        est__buffer_text(b, "</title></rect>\n");
    }
}

void est__html_bars(est__buffer *b, const double *first, const double *second, size_t count, double from, double to)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, second ? fmax(first[i], second[i]) : first[i]);
    most = most > 0 ? most : 1;
    est__buffer_printf(b, "<svg viewBox=\"0 0 %d %d\" role=\"img\">\n", BARS_WIDTH, BARS_HEIGHT + 16);
    put_bars(b, first, count, most, colours[0], from, to);
    if (second)
        put_bars(b, second, count, most, colours[1], from, to);
    est__buffer_printf(b, "<text x=\"0\" y=\"%d\">", BARS_HEIGHT + 13);
    est__html_number(b, from);
    est__buffer_printf(b, "</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">", BARS_WIDTH, BARS_HEIGHT + 13);
    est__html_number(b, to);
    est__buffer_text(b, "</text></svg>\n");
}
