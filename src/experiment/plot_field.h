/* One field of a picture: the curves of a tag over characters. */
#ifndef EST_EXPERIMENT_PLOT_FIELD_H
#define EST_EXPERIMENT_PLOT_FIELD_H

#include "experiment/axis.h"
#include "experiment/plot.h"

enum { EST__MOST_MARKS = 64 };
typedef struct est__marks {
    struct { double at; char text[EST__AXIS_TEXT]; } mark[EST__MOST_MARKS];   /* rising */
    int count;
} est__marks;
/* About `wanted` of them, within the range. */
void est__x_marks(const est_plot *p, const est__range *r, double wanted, est__marks *m);
/* Widens the range so that they stand in the middle of rows. */
void est__y_marks(const est_plot *p, est__range *r, est__marks *m);

typedef struct est__canvas {
    int columns, rows;            /* characters */
    bool ascii;                   /* a dot a character, instead of braille's two by four */
    bool plain;                   /* lines are told apart by how they are dashed, not by colours */
    unsigned char *dots;          /* of each character; of ASCII 0 or 1 */
    unsigned char *line;          /* whose dot was set last */
} est__canvas;
/* A dot of line `line`; (0, 0) is at the left and below. */
void est__canvas_dot(est__canvas *c, int x, int y, size_t line);
/* Draws one series into the ranges. */
void est__canvas_series(est__canvas *c, const est_plot *p, const est__series *s, const est__range *x, const est__range *y, size_t line);
/* A character of the canvas, and what stands for the line in a legend. */
void est__canvas_put(const est__canvas *c, int column, int row, est__buffer *b);
const char *est__canvas_sample(const est__canvas *c, size_t line);

#endif
