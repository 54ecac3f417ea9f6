/* Calibration from inside: the fields that heads and classifiers share, and how one is found. */
#ifndef EST_HEADS_CALIBRATION_H
#define EST_HEADS_CALIBRATION_H

#include <estimator/calibration.h>

#include "base/base.h"
#include "base/fields.h"

#define EST__CALIBRATION_FIELD(S, kind, member, ...) \
    { .name = #member, .type = EST_FIELD_##kind, .offset = offsetof(S, calibration.member), __VA_ARGS__ }
#define EST__TEMPERATURE_FIELD(S) \
    EST__CALIBRATION_FIELD(S, FLOAT, temperature, .min = 0, .max = INFINITY, \
                           .doc = "calibration: probabilities come from logits divided by this; 0: as they are")
#define EST__CALIBRATION_FIELDS(S) \
    EST__TEMPERATURE_FIELD(S), \
    EST__CALIBRATION_FIELD(S, FLOATS, platt, .doc = "calibration of two classes: [scale, offset] of the logit"), \
    EST__CALIBRATION_FIELD(S, FLOATS, isotonic_logits, .doc = "calibration of two classes: logits, rising"), \
    EST__CALIBRATION_FIELD(S, FLOATS, isotonic_probabilities, .doc = "the probability at each of isotonic_logits")

/* ---- calibration_fit.c ---- */
/* Logits [n, classes] (two classes: [n, 1]), labels (of two classes shares of class 1, else ids) and weights, NULL: all 1. */
typedef struct est__calibration_data {
    const double *logits, *labels, *weights;
    size_t n;
    int64_t outputs;
} est__calibration_data;
/* Temperature, and of one output also the offset (`platt` [2]) with Platt's targets, which keep away from 0 and 1. */
double est__fit_temperature(const est__calibration_data *d);
void est__fit_platt(const est__calibration_data *d, double platt[2]);
/* Points of the best rising steps, at most 2 n: the first and the last logit of each step (pool adjacent violators). */
est_status est__fit_isotonic(const est__calibration_data *d, double *logits, double *probabilities, size_t *count);

#endif
