/* Summaries beyond numbers: images, sounds, texts, precision-recall curves, hyper-parameters, as TensorBoard's plugins read them. */
#ifndef EST_FORMATS_SUMMARY_H
#define EST_FORMATS_SUMMARY_H

#include "formats/event.h"

/* How tags and values are written: as tf.summary of TensorFlow 2, one tensor for all; or of 1, a value each, "tag/image/0". */
typedef enum est__summary_style { EST__SUMMARY_V2, EST__SUMMARY_V1 } est__summary_style;

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
/* A serialized RunMetadata. */
est_status est__event_run_metadata(est__event_writer *w, int64_t step, const char *tag, const void *data, size_t size);

typedef struct est__hparam {
    const char *name, *text;      /* text NULL: it is a number or a boolean */
    double number;
    bool is_bool;
} est__hparam;
/* A trial's hyper-parameters, written once. `trial` NULL: trials of equal ones are one. */
est_status est__event_hparams(est__event_writer *w, const est__hparam *hparams, size_t count, const char *trial);
/* The trial's end: it went well or not. */
est_status est__event_hparams_end(est__event_writer *w, bool good);

#endif
