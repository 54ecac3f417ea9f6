/* Calibrations that are found: against answers by hand, and zero gradients. */
#include <math.h>

#include "heads/calibration.h"
#include "support/est_test.h"

enum { N = 60 };

static double logits[3 * N], labels[N], weights[N];

/* Overconfident: what comes true is the sigmoid of half the logit, and a little less. */
static est__calibration_data overconfident(bool weighted)
{
    est__random r = { .key = 5 };
    for (int i = 0; i < N; i++) {
        logits[i] = (double)est__random_below(&r, 1000) / 100 - 5;
        labels[i] = (double)est__random_below(&r, 1000) / 1000 < 1 / (1 + exp(-0.5 * logits[i] + 0.2));
        weights[i] = 1 + i % 3;
    }
    return (est__calibration_data){ logits, labels, weighted ? weights : NULL, N, 1 };
}

static void platt_has_no_gradient(void)
{
    for (int weighted = 0; weighted < 2; weighted++) {
        est__calibration_data d = overconfident(weighted);
        double p[2], positive = 0, all = 0, ga = 0, gb = 0;
        est__fit_platt(&d, p);
        for (int i = 0; i < N; i++) {
            positive += labels[i] * (weighted ? weights[i] : 1);
            all += weighted ? weights[i] : 1;
        }
        for (int i = 0; i < N; i++) {
            double t = labels[i] > 0 ? (positive + 1) / (positive + 2) : 1 / (all - positive + 2);
            double g = (weighted ? weights[i] : 1) * (1 / (1 + exp(-p[0] * logits[i] - p[1])) - t);
            ga += g * logits[i];
            gb += g;
        }
        EST_CHECK_NEAR(ga, 0, 1e-6);
        EST_CHECK_NEAR(gb, 0, 1e-6);
        EST_CHECK(p[0] > 0 && p[0] < 1);
    }
}

static double loss_at(double t)
{
    double loss = 0;
    for (int i = 0; i < N / 2; i++) {
        double sum = 0;
        for (int k = 0; k < 3; k++)
            sum += exp(logits[3 * i + k] / t);
        loss += log(sum) - logits[3 * i + (int)labels[i]] / t;
    }
    return loss;
}

static void temperature_is_a_minimum(void)
{
    est__calibration_data d = overconfident(false), three;
    double t = est__fit_temperature(&d);
    EST_CHECK(t > 1 && t < 5);
    for (int i = 0; i < N / 2; i++)
        labels[i] = i % 3;
    three = (est__calibration_data){ logits, labels, NULL, N / 2, 3 };
    for (int i = 0; i < N / 2; i++)
        logits[3 * i + i % 3] += i % 2 ? 3 : 0;
    t = est__fit_temperature(&three);
    EST_CHECK(loss_at(t) <= loss_at(t * 1.01) && loss_at(t) <= loss_at(t * 0.99));
    for (int i = 0; i < N / 2; i++)   /* all right: the colder, the better; it ends somewhere */
        for (int k = 0; k < 3; k++)
            logits[3 * i + k] = k == i % 3;
    t = est__fit_temperature(&three);
    EST_CHECK(isfinite(t) && t > 0 && t < 0.1);
}

static void isotonic_by_hand(void)
{
    static const double x[] = { 3, -1, 0, 0, 1, 2 }, y[] = { 1, 0, 1, 0, 0, 1 }, w[] = { 1, 1, 1, 1, 2, 0 };
    static const double wanted_x[] = { -1, 0, 1, 3 }, wanted_p[] = { 0, 0.25, 0.25, 1 };
    double at[12], p[12];
    size_t n = 0;
    est__calibration_data d = { x, y, w, 6, 1 };
    EST_CHECK_OK(est__fit_isotonic(&d, at, p, &n));
    if (EST_CHECK_INT(n, 4))
        for (size_t i = 0; i < n; i++) {
            EST_CHECK_NEAR(at[i], wanted_x[i], 0);
            EST_CHECK_NEAR(p[i], wanted_p[i], 1e-12);
        }
}

EST_SUITE(heads_calibration, EST_TEST(platt_has_no_gradient), EST_TEST(temperature_is_a_minimum), EST_TEST(isotonic_by_hand));
