/* Pages of HTML that need nothing else: their beginning, escaped texts, numbers, and plots in SVG. */
#ifndef EST_EXPERIMENT_HTML_H
#define EST_EXPERIMENT_HTML_H

#include "base/base.h"

/* Up to and with the title in an open <h1>. The page ends with </body></html>. */
void est__html_begin(est__buffer *b, const char *title);
void est__html_bytes(est__buffer *b, const char *text, size_t n);
void est__html_text(est__buffer *b, const char *text);
void est__html_number(est__buffer *b, double v);       /* four digits, whole numbers whole; nothing for NaN */

/* ---- plots (html_plot.c) ---- */
typedef struct est__line {
    const char *name;             /* NULL: no entry in the key */
    const double *x, *y;
    size_t count;
    bool dashed, dots;            /* dots: points instead of a line */
} est__line;
typedef struct est__plot {
    const char *x_name, *y_name;
    double x_min, x_max, y_min, y_max;   /* all 0: found out */
    const est__line *line;
    size_t count;
} est__plot;
void est__html_plot(est__buffer *b, const est__plot *p);

/* Bars of one height each over [from, to]; `second` NULL: one kind of bars. */
void est__html_bars(est__buffer *b, const double *first, const double *second, size_t count, double from, double to);

#endif
