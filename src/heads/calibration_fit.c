/* Calibrations that fit held-out logits best: temperature and Platt scaling by Newton's method, isotonic regression by pooling. */
#include <math.h>
#include <stdlib.h>

#include "heads/calibration.h"

enum { STEPS = 100, HALVINGS = 40 };

static double weight_of(const est__calibration_data *d, size_t i)
{
    return d->weights ? d->weights[i] : 1;
}

/* log(1 + exp(x)) */
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* ---- temperature: logits times s; the loss is convex in s ---- */

/* Loss, and its first and second derivative by s. */
static double scaled_loss(const est__calibration_data *d, double s, double *first, double *second)
{
    double loss = 0;
    *first = *second = 0;
    for (size_t i = 0; i < d->n; i++) {
        const double *z = d->logits + i * (size_t)d->outputs;
        double w = weight_of(d, i), sum = 0, mean = 0, square = 0, most = -INFINITY, label;
        if (d->outputs == 1) {
            double p = 1 / (1 + exp(-s * z[0]));
            loss += w * (softplus(s * z[0]) - d->labels[i] * s * z[0]);
            *first += w * (p - d->labels[i]) * z[0];
            *second += w * p * (1 - p) * z[0] * z[0];
            continue;
        }
        for (int64_t k = 0; k < d->outputs; k++)
            most = fmax(most, z[k]);
        for (int64_t k = 0; k < d->outputs; k++) {
            double e = exp(s * (z[k] - most));
            sum += e;
            mean += e * z[k];
            square += e * z[k] * z[k];
        }
        label = z[(size_t)d->labels[i]];
        loss += w * (log(sum) + s * (most - label));
        *first += w * (mean / sum - label);
        *second += w * (square / sum - mean / sum * (mean / sum));
    }
    return loss;
}

double est__fit_temperature(const est__calibration_data *d)
{
    static const double least = 1e-3, most = 1e3;
    double s = 1, first, second, f1, f2;
    for (int i = 0; i < STEPS; i++) {
        double loss = scaled_loss(d, s, &first, &second), step = -first / (second + 1e-12), next = s;
        if (fabs(step) < 1e-10 * s)
            break;
        for (int k = 0; k < HALVINGS; k++, step /= 2) {
            next = fmin(fmax(s + step, least), most);
            if (scaled_loss(d, next, &f1, &f2) <= loss)
                break;
        }
        if (next == s)
            break;
        s = next;
    }
    return 1 / s;
}

/* ---- Platt: scale and offset (Lin, Lin and Weng, "A note on Platt's probabilistic outputs", 2007) ---- */
typedef struct platt { double loss, ga, gb, aa, ab, bb; } platt;

static platt platt_at(const est__calibration_data *d, double a, double b, double low, double high)
{
    platt s = { 0, 0, 0, 1e-12, 0, 1e-12 };
    for (size_t i = 0; i < d->n; i++) {
        double x = d->logits[i], z = a * x + b, w = weight_of(d, i), t = low + d->labels[i] * (high - low);
        double p = 1 / (1 + exp(-z)), q = w * p * (1 - p);
        s.loss += w * (softplus(z) - t * z);
        s.ga += w * (p - t) * x;
        s.gb += w * (p - t);
        s.aa += q * x * x;
        s.ab += q * x;
        s.bb += q;
    }
    return s;
}

void est__fit_platt(const est__calibration_data *d, double out[2])
{
    double positive = 0, negative = 0, a = 0;
    for (size_t i = 0; i < d->n; i++) {
        positive += weight_of(d, i) * d->labels[i];
        negative += weight_of(d, i) * (1 - d->labels[i]);
    }
    double low = 1 / (negative + 2), high = (positive + 1) / (positive + 2), b = log((positive + 1) / (negative + 1));
    for (int i = 0; i < STEPS; i++) {
        platt s = platt_at(d, a, b, low, high);
        double det = s.aa * s.bb - s.ab * s.ab, step = 1;
        if (fabs(s.ga) < 1e-9 && fabs(s.gb) < 1e-9)
            break;
        double da = det > 0 ? -(s.bb * s.ga - s.ab * s.gb) / det : -s.ga / s.aa;
        double db = det > 0 ? -(s.aa * s.gb - s.ab * s.ga) / det : -s.gb / s.bb;
        int k = 0;
        while (k < HALVINGS && !(platt_at(d, a + step * da, b + step * db, low, high).loss <= s.loss)) {
            step /= 2;
            k++;
        }
        if (k == HALVINGS)
            break;
        a += step * da;
        b += step * db;
    }
    out[0] = a;
    out[1] = b;
}

/* ---- isotonic ---- */
typedef struct point { double x, sum, weight, last; } point;

static int by_x(const void *a, const void *b)
{
    double x = ((const point *)a)->x, y = ((const point *)b)->x;
    return x < y ? -1 : x > y;
}

static point joined(point a, point b)
{
    return (point){ a.x, a.sum + b.sum, a.weight + b.weight, b.last };
}

est_status est__fit_isotonic(const est__calibration_data *d, double *logits, double *probabilities, size_t *count)
{
    point *p = est__calloc(d->n + 1, sizeof *p);
    size_t n = 0, out = 0, steps = 0;
    if (p == NULL)
        return est__fail_memory(d->n * sizeof *p);
    for (size_t i = 0; i < d->n; i++)
        if (weight_of(d, i) > 0)
            p[n++] = (point){ (double)(float)d->logits[i], weight_of(d, i) * d->labels[i], weight_of(d, i), (double)(float)d->logits[i] };
    if (n)
        qsort(p, n, sizeof *p, by_x);
    for (size_t i = 0; i < n; i++) {
        point next = p[i];
        while (i + 1 < n && p[i + 1].x == next.x)
            next = joined(next, p[++i]);
        while (steps && p[steps - 1].sum * next.weight >= next.sum * p[steps - 1].weight)
            next = joined(p[--steps], next);
        p[steps++] = next;
    }
    for (size_t i = 0; i < steps; i++)
        for (int k = 0; k < (p[i].last > p[i].x ? 2 : 1); k++) {
            logits[out] = k ? p[i].last : p[i].x;
            probabilities[out++] = fmin(fmax(p[i].sum / p[i].weight, 0), 1);
        }
    *count = out;
    est__free(p);
    return EST_OK;
}
