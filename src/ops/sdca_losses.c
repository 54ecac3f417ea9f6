/* Primal and dual losses of SDCA, and the best step along one dual variable, in closed form or by Newton's method. */
#include "ops/sdca_losses.h"

#include <float.h>
#include <math.h>

enum { NEWTON_STEPS = 10 };

/* 0 and 1 become -1 and 1. */
static bool binary_label(double *label)
{
    bool known = *label == 0 || *label == 1;
    *label = *label == 1 ? 1 : -1;
    return known;
}

static bool any_label(double *label)
{
    return isfinite(*label);
}

static bool count_label(double *label)
{
    return *label >= 0 && isfinite(*label);
}

/* ---- log(1 + exp(-y m)); y dual is in (0, 1) ---- */

/* With y dual = (1 + tanh x) / 2 the condition is 2 y x + m + curvature (dual' - dual) = 0, which Newton's method solves from x = 0 in
 * few steps as it is nearly linear. */
static double logistic_updated(const est__sdca_example *e)
{
    double x = 0, t = 0;
    for (int i = 0; i < NEWTON_STEPS; i++) {
        double f = 2 * e->label * x + e->margin + e->curvature * (0.5 * (1 + t) / e->label - e->dual);
        double slope = 2 * e->label + 0.5 * e->curvature * (1 - t * t) / e->label;
        x -= f / slope;
        t = tanh(x);
    }
    return 0.5 * (1 + t) / e->label;
}

static double logistic_primal(double margin, double label)
{
    double m = label * margin;
    return m > 0 ? log1p(exp(-m)) : log1p(exp(m)) - m;
}

static double times_log(double p)
{
    return p > 0 ? p * log(p) : 0;
}

static double logistic_dual(double dual, double label)
{
    double p = dual * label;
    return times_log(p) + times_log(1 - p);
}

static double logistic_slope(double margin, double label)
{
    double m = label * margin, e = exp(m > 0 ? -m : m);
    return -label * (m > 0 ? e : 1) / (1 + e);
}

/* ---- (m - y)^2 / 2 ---- */
static double squared_updated(const est__sdca_example *e)
{
    return e->dual + (e->label - e->dual - e->margin) / (1 + e->curvature);
}

static double squared_primal(double margin, double label)
{
    return 0.5 * (margin - label) * (margin - label);
}

static double squared_dual(double dual, double label)
{
    return dual * (0.5 * dual - label);
}

static double squared_slope(double margin, double label)
{
    return margin - label;
}

/* ---- max(0, 1 - y m), and the same with a rounded corner; y dual is in [0, 1] ---- */
static double within(double dual, double label)
{
    double p = dual * label;
    return p < 0 ? 0 : p > 1 ? label : dual;
}

static double hinge_updated(const est__sdca_example *e)
{
    double step = e->label - e->margin;
    if (e->curvature == 0)   /* an example without features: its margin stays */
        return step * e->label > 0 ? e->label : 0;
    return within(e->dual + step / e->curvature, e->label);
}

static double hinge_primal(double margin, double label)
{
    return fmax(0, 1 - label * margin);
}

static double hinge_dual(double dual, double label)
{
    double p = dual * label;
    return p < 0 || p > 1 ? DBL_MAX : -p;
}

static double hinge_slope(double margin, double label)
{
    return label * margin < 1 ? -label : 0;
}

static double smooth_updated(const est__sdca_example *e)
{
    return within(e->dual + (e->label - e->margin - e->dual) / (e->curvature + 1), e->label);
}

static double smooth_primal(double margin, double label)
{
    double short_of = 1 - label * margin;
    return short_of <= 0 ? 0 : short_of >= 1 ? short_of - 0.5 : 0.5 * short_of * short_of;
}

static double smooth_dual(double dual, double label)
{
    double p = dual * label;
    return p < 0 || p > 1 ? DBL_MAX : -p + 0.5 * dual * dual;
}

static double smooth_slope(double margin, double label)
{
    double short_of = 1 - label * margin;
    return -label * (short_of <= 0 ? 0 : short_of >= 1 ? 1 : short_of);
}

/* ---- exp(m) - y m; dual is below y ---- */

/* With y - dual = exp(x): x + curvature exp(x) = margin + curvature (y - old dual), convex and rising; from above the root Newton's method
 * falls to it. */
static double poisson_updated(const est__sdca_example *e)
{
    double right = e->margin + e->curvature * (e->label - e->dual), x = right;
    if (right > 0 && e->curvature > 0)
        x = fmin(right, fmax(0, log(right / e->curvature)));
    for (int i = 0; i < NEWTON_STEPS; i++) {
        double grown = e->curvature * exp(x);
        x -= (x + grown - right) / (1 + grown);
    }
    return e->label - exp(x);
}

static double poisson_primal(double margin, double label)
{
    return exp(margin) - label * margin;
}

static double poisson_dual(double dual, double label)
{
    double rate = label - dual;
    return rate == 0 ? 0 : rate < 0 ? DBL_MAX : rate * (log(rate) - 1);
}

static double poisson_slope(double margin, double label)
{
    return exp(margin) - label;
}

static const est__sdca_loss losses[] = {
    { "logistic_loss", binary_label, "0 or 1", logistic_updated, logistic_primal, logistic_dual, logistic_slope, 4 },
    { "squared_loss", any_label, "finite", squared_updated, squared_primal, squared_dual, squared_slope, 1 },
    { "hinge_loss", binary_label, "0 or 1", hinge_updated, hinge_primal, hinge_dual, hinge_slope, 0 },
    { "smooth_hinge_loss", binary_label, "0 or 1", smooth_updated, smooth_primal, smooth_dual, smooth_slope, 1 },
    { "poisson_loss", count_label, "0 or above", poisson_updated, poisson_primal, poisson_dual, poisson_slope, 1 },
};

const est__sdca_loss *est__sdca_loss_find(const char *name)
{
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++)
        if (strcmp(losses[i].name, name) == 0)
            return &losses[i];
    return NULL;
}
