/* Summaries beyond numbers: images, sounds, texts, precision-recall curves, hyper-parameters, as TensorBoard's plugins read them. */
#ifndef EST_FORMATS_SUMMARY_H
#define EST_FORMATS_SUMMARY_H

#include "formats/event.h"

/* How tags and values are written: as tf.summary of TensorFlow 2, one tensor for all; or of 1, a value each, "tag/image/0"; or as tf.estimator
 * renames those among the metrics of an evaluation, "tag/0". */
typedef enum est__summary_style { EST__SUMMARY_V2, EST__SUMMARY_V1, EST__SUMMARY_EVALUATED } est__summary_style;

/* The first `max_outputs` of images [k, height, width, channels], uint8 as they are. Floats are in [0, 1] (V2), or stretched so that each
 * image fills what 8 bits hold (V1; tf.compat.v1.summary.image). */
est_status est__event_images(est__event_writer *w, int64_t step, const char *tag, const est_tensor *images, int64_t max_outputs,
                             est__summary_style style);
/* Of sounds [k, frames, channels] or [k, frames] float32, in [-1, 1]. */
est_status est__event_sounds(est__event_writer *w, int64_t step, const char *tag, const est_tensor *sounds, double sample_rate,
                             int64_t max_outputs, est__summary_style style);
/* Strings of any shape, as Markdown. */
est_status est__event_strings(est__event_writer *w, int64_t step, const char *tag, const est_tensor *strings);
/* The curve of predictions in [0, 1] against labels, over thresholds of even distance; `weights` NULL: 1. All have as many elements. */
est_status est__event_pr_curve(est__event_writer *w, int64_t step, const char *tag, const est_tensor *labels,
                               const est_tensor *predictions, const est_tensor *weights, int64_t num_thresholds);
/* The same of several batches. A zeroed struct is empty; whatever comes back, est__pr_curve_free. */
typedef struct est__pr_curve {
    double *between;              /* weights of positives, then of negatives, from each threshold to the next one */
    int64_t num_thresholds;
} est__pr_curve;
est_status est__pr_curve_add(est__pr_curve *c, const char *tag, const est_tensor *labels, const est_tensor *predictions,
                             const est_tensor *weights, int64_t num_thresholds);
est_status est__event_pr_counts(est__event_writer *w, int64_t step, const char *tag, const est__pr_curve *c);
void est__pr_curve_free(est__pr_curve *c);
/* A serialized RunMetadata. */
est_status est__event_run_metadata(est__event_writer *w, int64_t step, const char *tag, const void *data, size_t size);

typedef struct est__hparam {
    const char *name, *text;      /* text NULL: it is a number or a boolean */
    double number;
    bool is_bool;
} est__hparam;
/* A trial's hyper-parameters, written once. `trial` NULL: trials of equal ones are one. */
est_status est__event_hparams(est__event_writer *w, const est__hparam *hparams, size_t count, const char *trial);
/* Which hyper-parameters trials have, and their metrics. */
typedef struct est__hparam_info {
    const char *name;
    const char *const *texts;     /* what it may be; or */
    const double *numbers;
    size_t num_texts, num_numbers;
    double low, high;             /* or a range, where low < high */
    bool is_bool;
} est__hparam_info;
typedef struct est__hparam_metric { const char *tag, *group, *display_name; } est__hparam_metric;
est_status est__event_hparams_config(est__event_writer *w, const est__hparam_info *hparams, size_t num_hparams,
                                     const est__hparam_metric *metrics, size_t num_metrics);
/* The trial's end: it went well or not. */
est_status est__event_hparams_end(est__event_writer *w, bool good);

#endif
