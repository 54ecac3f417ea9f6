/* Calibrated probabilities: what turns a classifier's logits into shares that come true. */
#ifndef ESTIMATOR_CALIBRATION_H
#define ESTIMATOR_CALIBRATION_H

#include <estimator/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a head makes probabilities of logits, one of three; a zeroed one changes nothing. It holds in predictions, evaluations and
 *  exports, not in training; the prediction "logits" stays as it was. est_calibrate (calibrate.h) finds one. */
typedef struct est_calibration {
    double temperature;           /* logits are divided by it; 0: none */
    est_floats platt;             /* BinaryClassHead: {scale, offset}, scale * logit + offset in place of the logit; none */
    /* BinaryClassHead: the probability at each of these logits, which rise; between them straight lines, beyond them that of the
     * end, kept between 1e-6 and 1 - 1e-6; none */
    est_floats isotonic_logits, isotonic_probabilities;
} est_calibration;

#ifdef __cplusplus
}
#endif
#endif
