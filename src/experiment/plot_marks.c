/* The marks of a plot's axes: where they stand, and what stands at them. */
#include <math.h>

#include "experiment/plot_field.h"

static void add(est__marks *m, double at, double v, double step, void (*write)(char *, double, double))
{
    if (m->count == EST__MOST_MARKS)
        return;
    m->mark[m->count].at = at;
    write(m->mark[m->count++].text, v, step);
}

static void even(est__marks *m, const est__range *r, double step, double zone, void (*write)(char *, double, double))
{
    double first = ceil((r->least + zone) / step - 1e-9);
    for (int i = 0; i < EST__MOST_MARKS; i++) {
        double v = (first + i) * step - zone;
        if (v > r->most + step * 1e-9)
            break;
        add(m, v, v, step, write);
    }
}

void est__x_marks(const est_plot *p, const est__range *r, double wanted, est__marks *m)
{
    double range = r->most - r->least;
    m->count = 0;
    switch (p->options.x) {
    case EST_PLOT_RELATIVE: even(m, r, est__axis_time_step(range, wanted), 0, est__axis_duration); break;
    case EST_PLOT_TIME: even(m, r, fmax(1, est__axis_time_step(range, wanted)), est__axis_zone(r->least), est__axis_time); break;
    default: even(m, r, fmax(1, est__axis_step(range, wanted)), 0, est__axis_number);
    }
    if (m->count == 0 && p->options.x == EST_PLOT_TIME)    /* within one second */
        add(m, r->least, r->least, 1, est__axis_time);
}

/* Fewer than one decade on a logarithmic scale: round numbers, wherever they come to stand. */
static void within_decades(est__marks *m, const est__range *r, double wanted)
{
    est__range plain = { pow(10, r->least), pow(10, r->most) };
    even(m, &plain, est__axis_step(plain.most - plain.least, wanted), 0, est__axis_number);
    for (int i = 0; i < m->count; i++)
        m->mark[i].at = fmin(fmax(log10(m->mark[i].at), r->least), r->most);
}

static void write_power(char text[EST__AXIS_TEXT], double v, double step)
{
    (void)step;
    est__axis_number(text, pow(10, v), pow(10, v));
}

void est__y_marks(const est_plot *p, est__range *r, est__marks *m)
{
    int rows = (int)p->options.height;
    m->count = 0;
    if (!p->options.log_scale)
        even(m, r, est__axis_rows(r, rows, false), 0, est__axis_number);
    else if (r->most - r->least >= 1)
        even(m, r, est__axis_rows(r, rows, true), 0, write_power);
    else
        within_decades(m, r, fmax(2, rows / 3.0));
}
