/* Losses, their gradients and Hessians by the logits, of a block of rows. */
#include <math.h>

#include "backend/cpu/vector.h"
#include "ops/fast_math.h"
#include "trees/objective.h"

EST_CLONES static void logistic(const float *restrict s, const float *restrict y, float *restrict g, float *restrict h, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        float p = 1.0f / (1.0f + est__expf(-s[i]));
        g[i] = p - y[i];
        h[i] = p * (1.0f - p);
    }
}

EST_CLONES static void softmax(const float *restrict s, const float *restrict y, const float *restrict total, float class, float *restrict g,
                               float *restrict h, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        float p = est__expf(s[i] - total[i]);
        g[i] = p - (y[i] == class ? 1.0f : 0.0f);
        h[i] = p * (1.0f - p);
    }
}

/* The loss is (s - y)^2, whose derivatives are 2 (s - y) and 2: both halved, the trees are the same. */
EST_CLONES static void squared(const float *restrict s, const float *restrict y, float *restrict g, float *restrict h, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        g[i] = s[i] - y[i];
        h[i] = 1.0f;
    }
}

EST_CLONES static void poisson(const float *restrict s, const float *restrict y, float *restrict g, float *restrict h, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        h[i] = est__expf(s[i]);
        g[i] = h[i] - y[i];
    }
}

void est__objective_gradients(est__objective o, const float *score, const float *label, const float *total, int64_t output, int64_t n,
                              float *g, float *h)
{
    switch (o) {
    case EST__LOGISTIC: logistic(score, label, g, h, n); break;
    case EST__SOFTMAX: softmax(score, label, total, (float)output, g, h, n); break;
    case EST__SQUARED: squared(score, label, g, h, n); break;
    case EST__POISSON: poisson(score, label, g, h, n); break;
    }
}

void est__objective_totals(const float *score, int64_t rows, int64_t outputs, int64_t begin, int64_t n, float *total)
{
    for (int64_t i = begin; i < begin + n; i++) {
        float most = score[i], sum = 0;
        for (int64_t k = 1; k < outputs; k++)
            most = score[k * rows + i] > most ? score[k * rows + i] : most;
        for (int64_t k = 0; k < outputs; k++)
            sum += est__expf(score[k * rows + i] - most);
        total[i] = most + logf(sum);
    }
}

double est__objective_loss(est__objective o, double s, double y)
{
    switch (o) {
    case EST__LOGISTIC: return fmax(s, 0) - s * y + log1p(exp(-fabs(s)));
    case EST__SQUARED: return (s - y) * (s - y);
    case EST__POISSON: return exp(s) - y * s;
    default: return 0;   /* softmax: total - s of the label's class */
    }
}

/* The logit of the mean label, which is the best constant. */
double est__objective_bias(est__objective o, double mean)
{
    double p = fmin(fmax(mean, 1e-6), 1 - 1e-6);
    switch (o) {
    case EST__LOGISTIC: return log(p / (1 - p));
    case EST__SOFTMAX: return log(p);
    case EST__POISSON: return log(fmax(mean, 1e-6));
    default: return mean;
    }
}
