/* The picture for a terminal: a field a tag, with axes and a legend. */
#include <math.h>

#include "experiment/plot_field.h"

typedef struct field {
    size_t from, to;              /* series of the tag */
    est__range x, y;
    est__marks marks;             /* of y */
    est__canvas canvas;
} field;

/* Colours of 256 that read well on black and on white, in the order of the page's. */
static const char *const colours[] = { "68", "208", "71", "167", "97", "130", "169", "244" };
enum { COLOURS = sizeof colours / sizeof *colours, LABELS_APART = 12 };

static void find_ranges(const est_plot *p, field *f)
{
    f->x = f->y = est__range_empty();
    for (size_t i = f->from; i < f->to; i++)
        for (size_t k = 0; k < p->series[i].count; k++) {
            double y = est__plot_y_of(p, &p->series[i], k);
            est__range_take(&f->x, est__plot_x_of(p, &p->series[i], k));
            est__range_take(&f->y, y);
        }
    est__range_close(&f->x);
    est__range_close(&f->y);
    est__y_marks(p, &f->y, &f->marks);
}

/* The widest number beside any field, so that all fields stand below each other. */
static int gutter_of(const est_plot *p)
{
    int widest = 0;
    for (size_t i = 0; i < p->count; i = est__plot_tag_end(p, i)) {
        field f = { .from = i, .to = est__plot_tag_end(p, i) };
        find_ranges(p, &f);
        for (int k = 0; k < f.marks.count; k++)
            widest = (int)fmax(widest, (double)strlen(f.marks.mark[k].text));
    }
    return widest;
}

/* ---- texts of the user's files: no escape sequence of theirs reaches a terminal ---- */

static int put_clean(est__buffer *b, const char *text, bool ascii)
{
    int width = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool control = *c < ' ' || *c == 127 || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0);
        if (control && *c == 0xc2)
            c++;
        if (control || (ascii && *c >= 0x80))
            est__buffer_text(b, "?");
        else
            est__buffer_bytes(b, c, 1);
        width += control || ascii || (*c & 0xc0) != 0x80;
    }
    return width;
}

static void colour(const est_plot *p, est__buffer *b, size_t line)
{
    if (p->options.colours)
        est__buffer_printf(b, "\033[38;5;%sm", colours[line % COLOURS]);
}

static void style(const est_plot *p, est__buffer *b, const char *sequence)
{
    if (p->options.colours)
        est__buffer_text(b, sequence);
}

#define BOLD "\033[1m"
#define FAINT "\033[2m"
#define PLAIN "\033[0m"

/* ---- a field ---- */

/* A colour is a run's and its phase's in all fields; where there are none, the first line of each is solid. */
static size_t line_of(const est_plot *p, const field *f, size_t series)
{
    return p->options.colours ? p->series[series].line % 256 : series - f->from;
}

static int row_of(const field *f, double v)
{
    double share = (v - f->y.least) / (f->y.most - f->y.least);
    return f->canvas.rows - 1 - (int)fmin(floor(share * f->canvas.rows), f->canvas.rows - 1);
}

static void put_row(const est_plot *p, const field *f, int row, const char *label, int gutter, est__buffer *b)
{
    bool ascii = f->canvas.ascii;
    int last = f->canvas.columns;
    while (last > 0 && !f->canvas.dots[row * f->canvas.columns + last - 1])
        last--;
    est__buffer_printf(b, "%*s ", gutter, label);
    style(p, b, FAINT);
    est__buffer_text(b, ascii ? *label ? "+" : "|" : *label ? "┤" : "│");
    style(p, b, PLAIN);
    size_t line = SIZE_MAX;
    for (int i = 0; i < last; i++) {
        int at = row * f->canvas.columns + i;
        if (f->canvas.dots[at] && line != f->canvas.line[at])
            colour(p, b, line = f->canvas.line[at]);
        est__canvas_put(&f->canvas, i, row, b);
    }
    if (line != SIZE_MAX)
        style(p, b, PLAIN);
    est__buffer_text(b, "\n");
}

static int column_of(const field *f, double v)
{
    return (int)floor((v - f->x.least) / (f->x.most - f->x.least) * (f->canvas.columns - 1) + 0.5);
}

/* The axis below, with marks; then their labels in the middle below them, as far as they do not touch. */
static void put_bottom(const est_plot *p, const field *f, int gutter, est__buffer *b)
{
    est__marks m;
    bool ascii = f->canvas.ascii;
    int columns = f->canvas.columns, end = -1;
    est__x_marks(p, &f->x, fmax(2, (double)columns / LABELS_APART), &m);
    est__buffer_printf(b, "%*s ", gutter, "");
    style(p, b, FAINT);
    est__buffer_text(b, ascii ? "+" : "└");
    for (int i = 0, k = 0; i < columns; i++) {
        while (k < m.count && column_of(f, m.mark[k].at) < i)
            k++;
        bool marked = k < m.count && column_of(f, m.mark[k].at) == i;
        est__buffer_text(b, ascii ? marked ? "+" : "-" : marked ? "┬" : "─");
    }
    style(p, b, PLAIN);
    est__buffer_printf(b, "\n%*s", gutter + 2, "");
    for (int k = 0; k < m.count; k++) {
        int n = (int)strlen(m.mark[k].text), at = column_of(f, m.mark[k].at) - n / 2;
        at = at < 0 ? 0 : at + n > columns ? columns - n : at;
        if (at <= end)
            continue;
        est__buffer_printf(b, "%*s%s", at - (end < 0 ? 0 : end), "", m.mark[k].text);
        end = at + n;
    }
    est__buffer_text(b, "\n");
}

static void put_entry(const est_plot *p, const est__series *s, est__buffer *b)
{
    size_t odd = 0;
    est__plot_name(p, s, b);
    for (size_t i = 0; i < s->count; i++)
        odd += isnan(est__plot_y_of(p, s, i));
    est__buffer_printf(b, " %.4g", s->smoothed[s->count - 1]);
    if (odd)
        est__buffer_printf(b, " (%zu left out)", odd);
}

static est_status put_legend(const est_plot *p, const field *f, int gutter, est__buffer *b)
{
    est__buffer entry = { 0 };
    int used = 0;
    for (size_t i = f->from; i < f->to; i++) {
        est__buffer clean = { 0 };
        est__buffer_clear(&entry);
        put_entry(p, &p->series[i], &entry);
        int width = entry.status == EST_OK ? put_clean(&clean, entry.data, f->canvas.ascii) + 3 : 0;
        if (used && used + 3 + width > f->canvas.columns) {
            est__buffer_text(b, "\n");
            used = 0;
        }
        est__buffer_printf(b, "%*s", used ? 3 : gutter + 2, "");
        colour(p, b, line_of(p, f, i));
        est__buffer_text(b, est__canvas_sample(&f->canvas, line_of(p, f, i)));
        style(p, b, PLAIN);
        est__buffer_text(b, " ");
        if (clean.status == EST_OK && clean.size)
            est__buffer_text(b, clean.data);
        used += width + (used ? 3 : 0);
        est_status st = entry.status != EST_OK ? entry.status : clean.status;
        est__buffer_free(&clean);
        if (st != EST_OK)
            b->status = st;
    }
    est__buffer_text(b, "\n");
    est__buffer_free(&entry);
    return b->status;
}

static est_status put_field(const est_plot *p, field *f, int gutter, est__buffer *b)
{
    static const char *const by[] = { "  by step", "  by time since the start", "  by time" };
    for (size_t i = f->from; i < f->to; i++)
        est__canvas_series(&f->canvas, p, &p->series[i], &f->x, &f->y, line_of(p, f, i));
    style(p, b, BOLD);
    put_clean(b, p->series[f->from].shown.tag, f->canvas.ascii);
    style(p, b, PLAIN);
    style(p, b, FAINT);
    est__buffer_text(b, by[p->options.x]);
    style(p, b, PLAIN);
    est__buffer_text(b, "\n");
    for (int row = 0, k = f->marks.count - 1; row < f->canvas.rows; row++) {
        while (k >= 0 && row_of(f, f->marks.mark[k].at) < row)
            k--;
        put_row(p, f, row, k >= 0 && row_of(f, f->marks.mark[k].at) == row ? f->marks.mark[k].text : "", gutter, b);
    }
    put_bottom(p, f, gutter, b);
    return put_legend(p, f, gutter, b);
}

est_status est__plot_picture(const est_plot *p, est__buffer *b)
{
    int gutter = gutter_of(p), columns = (int)p->options.width - gutter - 2, rows = (int)p->options.height;
    columns = columns < 8 ? 8 : columns;
    size_t cells = (size_t)columns * (size_t)rows;
    unsigned char *room = est__malloc(2 * cells);
    if (!room)
        return est__fail_memory(2 * cells);
    for (size_t i = 0; i < p->count && b->status == EST_OK; i = est__plot_tag_end(p, i)) {
        field f = { .from = i, .to = est__plot_tag_end(p, i),
                    .canvas = { columns, rows, p->options.ascii, !p->options.colours, room, room + cells } };
        memset(room, 0, 2 * cells);
        find_ranges(p, &f);
        if (i)
            est__buffer_text(b, "\n");
        put_field(p, &f, gutter, b);
    }
    est__free(room);
    return b->status == EST_OK ? EST_OK : est__fail_memory(b->size);
}
