/* Calibration on held-out data: Platt scaling, isotonic regression, temperature scaling. */
#ifndef ESTIMATOR_CALIBRATE_H
#define ESTIMATOR_CALIBRATE_H

#include <estimator/experiment.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct est_calibrate_options {
    est_input_fn input_fn;              /* needed: data that the model was not trained on, with labels */
    void *user;
    /* "platt" (Platt, "Probabilistic outputs for support vector machines", 1999; the default of a BinaryClassHead), "isotonic"
     * (Zadrozny and Elkan, 2002) or "temperature" (Guo et al., 2017; the default and the only one of a MultiClassHead). */
    const char *method;
    const char *checkpoint_path;        /* prefix; NULL: the newest */
} est_calibrate_options;
/** Finds the calibration of the estimator's classes that has the least log loss (isotonic: the least squared error) on the data,
 *  whatever calibration its head has.
 *  Out: `*out`, the caller's, est_calibration_free; NULL after a failure. Give it to a classifier, or its head, as `calibration`.
 *  Errors: those of est_evaluate; INVALID_ARGUMENT: the method, or one that the head does not take; a head of no classes; one class
 *  alone in the data. One thread at a time per estimator. Since 0.1. */
EST_API est_status est_calibrate_sized(est_estimator *e, const est_calibrate_options *options, size_t size, est_calibration **out);
static inline est_status est_calibrate(est_estimator *e, const est_calibrate_options *options, est_calibration **out)
{
    return est_calibrate_sized(e, options, sizeof *options, out);
}
/** Frees it; NULL does nothing. Thread-safe. Since 0.1. */
EST_API void est_calibration_free(est_calibration *c);

/** The same on task.validation_data, or on the file `input` read as they are; gives a configuration that is to stand over the
 *  experiment's own: `task: {model: {platt: [0.9, -0.1]}}`.
 *  In: `method`, `checkpoint`: as above, NULL: the defaults. Out: `*text`, the caller's, est_text_free; NULL after a failure. */
EST_API est_status est_experiment_calibrate(est_experiment *x, const char *input, const char *method, const char *checkpoint,
                                            char **text);

#ifdef __cplusplus
}
#endif
#endif
