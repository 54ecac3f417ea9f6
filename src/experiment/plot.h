/* Curves of runs, as they are read (plot_read.c), chosen and smoothed (plot.c), and drawn (plot_text.c, plot_html.c). */
#ifndef EST_EXPERIMENT_PLOT_H
#define EST_EXPERIMENT_PLOT_H

#include <estimator/plot.h>

#include "base/base.h"

typedef struct est__series {
    est_plot_series shown;        /* its arrays are set at the end */
    int64_t *step;
    double *wall_time, *value, *smoothed;
    size_t count, capacity;
    size_t run;                   /* number, from 0 on, as the paths were given */
    size_t order;                 /* as it was met: training before evaluation */
    size_t line;                  /* the same number for each tag of a run's phase, for its colour */
    double start;                 /* the wall time of the run's first point */
} est__series;

struct est_plot {
    est_plot_options options;     /* without the tags, which are the caller's */
    est__arena names;
    est__series *series;
    size_t count, capacity;
    est__map *by_key, *runs;      /* number + 1 */
    const char *source;           /* the first path */
};

/* ---- plot_read.c ---- */
est_status est__plot_read(est_plot *p, est_strings paths);

/* ---- plot.c ---- */
size_t est__plot_tag_end(const est_plot *p, size_t i);          /* the index after the last series of the tag that begins at `i` */
double est__plot_x_of(const est_plot *p, const est__series *s, size_t i);
double est__plot_y_of(const est_plot *p, const est__series *s, size_t i);   /* NaN: a gap; of a logarithmic scale, the logarithm */
/* What a legend calls the series: its phase, after its run where there are several. */
void est__plot_name(const est_plot *p, const est__series *s, est__buffer *b);

/* One series as an object of JSON; `point`: these points of it, `n` of them, without what was smoothed; NULL: all. */
void est__plot_json_series(const est_plot *p, const est_plot_series *s, const size_t *point, size_t n, est__buffer *b);

est_status est__plot_picture(const est_plot *p, est__buffer *b);
est_status est__plot_html(const est_plot *p, est__buffer *b);

#endif
