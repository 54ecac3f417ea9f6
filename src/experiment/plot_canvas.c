/* Lines over characters: braille's two by four dots in each, or ASCII's letters. */
#include <math.h>
#include <stdlib.h>

#include "experiment/plot_field.h"

/* Where nothing is coloured, lines differ: so many dots drawn, so many left out, and on from the beginning. */
static const struct { int dots[4]; const char *sample; } dashes[] = {
    { { 1, 0, 0, 0 }, "──" }, { { 4, 4, 0, 0 }, "╌╌" }, { { 1, 3, 0, 0 }, "┈┈" }, { { 8, 3, 2, 3 }, "─╌" } };
static const char letters[] = "*o+x#@%&";
enum { DASHES = sizeof dashes / sizeof *dashes, LETTERS = sizeof letters - 1 };

void est__canvas_dot(est__canvas *c, int x, int y, size_t line)
{
    static const unsigned char bits[4][2] = { { 0x40, 0x80 }, { 0x04, 0x20 }, { 0x02, 0x10 }, { 0x01, 0x08 } };
    int across = c->ascii ? 1 : 2, up = c->ascii ? 1 : 4;
    if (x < 0 || y < 0 || x >= c->columns * across || y >= c->rows * up)
        return;
    int at = (c->rows - 1 - y / up) * c->columns + x / across;
    c->dots[at] |= c->ascii ? 1 : bits[y % 4][x % 2];
    c->line[at] = (unsigned char)line;
}

static bool is_drawn(const est__canvas *c, size_t line, int *place)
{
    const int *d = dashes[line % DASHES].dots;
    int at = (*place)++ % (d[0] + d[1] + d[2] + d[3]);
    if (!c->plain || c->ascii)
        return true;
    return at < d[0] || (at >= d[0] + d[1] && at < d[0] + d[1] + d[2]);
}

/* Bresenham's line, without its first dot. */
static void segment(est__canvas *c, const int from[2], const int to[2], size_t line, int *place)
{
    int x = from[0], y = from[1], dx = abs(to[0] - x), dy = -abs(to[1] - y), error = dx + dy;
    while (x != to[0] || y != to[1]) {
        int twice = 2 * error;
        if (twice >= dy) {
            error += dy;
            x += to[0] > x ? 1 : -1;
        }
        if (twice <= dx) {
            error += dx;
            y += to[1] > y ? 1 : -1;
        }
        if (is_drawn(c, line, place))
            est__canvas_dot(c, x, y, line);
    }
}

/* A point without neighbours is a small cross. */
static void lone(est__canvas *c, const int at[2], size_t line)
{
    est__canvas_dot(c, at[0], at[1], line);
    for (int i = -1; i <= 1 && !c->ascii; i += 2) {
        est__canvas_dot(c, at[0] + i, at[1], line);
        est__canvas_dot(c, at[0], at[1] + i, line);
    }
}

static int place_of(double v, const est__range *r, int dots)
{
    return (int)floor((v - r->least) / (r->most - r->least) * (dots - 1) + 0.5);
}

void est__canvas_series(est__canvas *c, const est_plot *p, const est__series *s, const est__range *x, const est__range *y, size_t line)
{
    int last[2] = { 0, 0 }, place = 0, width = c->columns * (c->ascii ? 1 : 2), height = c->rows * (c->ascii ? 1 : 4);
    bool joined = false;
    for (size_t i = 0; i < s->count; i++) {
        double v = est__plot_y_of(p, s, i);
        if (isnan(v)) {
            joined = false;
            continue;
        }
        int at[2] = { place_of(est__plot_x_of(p, s, i), x, width), place_of(v, y, height) };
        if (joined)
            segment(c, last, at, line, &place);
        else if (i + 1 == s->count || isnan(est__plot_y_of(p, s, i + 1)))
            lone(c, at, line);
        else
            est__canvas_dot(c, at[0], at[1], line);
        last[0] = at[0];
        last[1] = at[1];
        joined = true;
    }
}

void est__canvas_put(const est__canvas *c, int column, int row, est__buffer *b)
{
    int at = row * c->columns + column;
    unsigned dots = c->dots[at];
    if (dots == 0)
        est__buffer_text(b, " ");
    else if (c->ascii)
        est__buffer_bytes(b, &letters[c->line[at] % LETTERS], 1);
    else
        est__buffer_bytes(b, (char[]){ (char)0xe2, (char)(0xa0 + (dots >> 6)), (char)(0x80 + (dots & 0x3f)) }, 3);
}

const char *est__canvas_sample(const est__canvas *c, size_t line)
{
    static const char ascii[LETTERS][3] = { "**", "oo", "++", "xx", "##", "@@", "%%", "&&" };
    return c->ascii ? ascii[line % LETTERS] : c->plain ? dashes[line % DASHES].sample : "──";
}
