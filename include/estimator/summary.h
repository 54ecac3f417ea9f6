/* Summaries for TensorBoard: a writer of event files for programs, and what a model_fn has written while it is trained. */
#ifndef ESTIMATOR_SUMMARY_H
#define ESTIMATOR_SUMMARY_H

#include <estimator/heads.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- a writer ---- */

/** Writes event files into a folder (tf.summary.create_file_writer). One thread at a time per writer. */
typedef struct est_summary_writer est_summary_writer;
typedef struct est_summary_writer_options {
    int64_t max_file_bytes;     /* 128 MiB: a file that reaches it is ended, and another one begun; EST_OFF: never */
    int64_t max_total_bytes;    /* 1 GiB: the folder's oldest event files are removed when all hold more; EST_OFF: never */
    int64_t max_queue;          /* 10: events that are written at once */
    bool append;                /* goes on in the folder's newest event file, where there is one, be it another writer's */
} est_summary_writer_options;
/** A writer into `logdir`, which is made. What is there once (the graph, hyper-parameters) is written anew when the file that holds it is
 *  removed. The folders of an estimator have the same limits.
 *  Errors: INVALID_ARGUMENT: a limit below EST_OFF; the file system's. Out: the caller's, est_summary_writer_free. Since 0.1. */
EST_API est_status est_summary_writer_new_sized(const char *logdir, const est_summary_writer_options *options, size_t size,
                                                est_summary_writer **out);
static inline est_status est_summary_writer_new(const char *logdir, const est_summary_writer_options *options, est_summary_writer **out)
{
    return est_summary_writer_new_sized(logdir, options, options ? sizeof *options : 0, out);
}
/** Writes what has gathered, and frees the writer; NULL does nothing. A failure is logged: est_summary_writer_flush tells it. Since 0.1. */
EST_API void est_summary_writer_free(est_summary_writer *w);
/** Writes what has gathered (tf.summary.flush). Errors: the file system's; events that could not be written are lost. Since 0.1. */
EST_API est_status est_summary_writer_flush(est_summary_writer *w);

/* Each of these adds one event, as the function of tf.summary of that name does; `name` is its tag. Errors of all: those of
 * est_summary_writer_flush, where the queue is full; INVALID_ARGUMENT: dtype or shape. Since 0.1. */
EST_API est_status est_summary_scalar(est_summary_writer *w, const char *name, double data, int64_t step);
/** Finite numbers of any shape, in TensorFlow's buckets. */
EST_API est_status est_summary_histogram(est_summary_writer *w, const char *name, const est_tensor *data, int64_t step);
/** The first `max_outputs` (0: 3) of images [k, height, width, channels]: uint8, or floats in [0, 1]; 1 to 4 channels: grey, grey and
 *  alpha, RGB, RGBA. */
EST_API est_status est_summary_image(est_summary_writer *w, const char *name, const est_tensor *data, int64_t step, int64_t max_outputs);
/** The first `max_outputs` (0: 3) of sounds [k, frames, channels] or [k, frames] float32 in [-1, 1], at `sample_rate` frames a second. */
EST_API est_status est_summary_audio(est_summary_writer *w, const char *name, const est_tensor *data, double sample_rate, int64_t step,
                                     int64_t max_outputs);
/** A text, in Markdown; and strings of any shape, which are shown as a table. */
EST_API est_status est_summary_text(est_summary_writer *w, const char *name, const char *data, int64_t step);
EST_API est_status est_summary_texts(est_summary_writer *w, const char *name, const est_tensor *data, int64_t step);
/** A precision-recall curve of predictions in [0, 1] against labels (0, or another number) of as many elements, `weights` too (NULL: 1),
 *  over `num_thresholds` (0: 201) of even distance (the plugin pr_curves). */
EST_API est_status est_summary_pr_curve(est_summary_writer *w, const char *name, const est_tensor *labels, const est_tensor *predictions,
                                        const est_tensor *weights, int64_t num_thresholds, int64_t step);
/** The graph, once for a writer: a later call does nothing (tf.summary.graph). Errors: the graph's. */
EST_API est_status est_summary_graph(est_summary_writer *w, const est_graph *g);
/** A serialized tensorflow.RunMetadata, of `size` bytes (tf.compat.v1.summary.FileWriter.add_run_metadata). */
EST_API est_status est_summary_run_metadata(est_summary_writer *w, const char *tag, const void *data, size_t size, int64_t step);

/** A hyper-parameter: a text, or, where `text` is NULL, a number or a boolean. */
typedef struct est_hparam {
    const char *name;
    const char *text;
    double number;
    bool is_bool;               /* `number` is 0 or 1 */
} est_hparam;
/** The hyper-parameters of this folder's trial, once for a writer (the plugin hparams; tensorboard.plugins.hparams.api.hparams). Scalars of the
 *  same folder are its metrics.
 *  In: `trial_id`, NULL: trials of equal hyper-parameters are one. Errors: INVALID_ARGUMENT: a name that is missing or stands twice. */
EST_API est_status est_summary_hparams(est_summary_writer *w, const est_hparam *hparams, size_t count, const char *trial_id);
/** A hyper-parameter of several trials, and what it may be: texts, or numbers, or a range of numbers where `low` is below `high`. */
typedef struct est_hparam_info {
    const char *name;
    est_strings texts;
    est_floats numbers;
    double low, high;
    bool is_bool;
} est_hparam_info;
/** A metric of trials: the scalar `tag` of the folder `group` below a trial's ("eval"; NULL: the trial's own). */
typedef struct est_hparam_metric {
    const char *tag, *group;
    const char *display_name;   /* NULL: the tag */
} est_hparam_metric;
/** Which hyper-parameters and metrics TensorBoard shows, in the folder above all trials (tensorboard.plugins.hparams.api.hparams_config).
 *  Without it, it shows all that trials tell. Errors: INVALID_ARGUMENT: a name or tag that is missing. */
EST_API est_status est_summary_hparams_config(est_summary_writer *w, const est_hparam_info *hparams, size_t num_hparams,
                                              const est_hparam_metric *metrics, size_t num_metrics);
/** How the trial ended: `good` or failed. */
EST_API est_status est_summary_hparams_end(est_summary_writer *w, bool good);

/** A variable of a checkpoint for TensorBoard's projector. */
typedef struct est_projector_embedding {
    const char *tensor_name;    /* of the variable in the checkpoint; needed */
    const char *metadata_path;  /* a file of a line a row, from `logdir` on; NULL: none */
    const char *sprite_image_path;      /* an image of thumbnails, from `logdir` on; NULL: none */
    int64_t single_image_dim[2];        /* width and height of a thumbnail */
} est_projector_embedding;
/** Writes `logdir`/projector_config.pbtxt, for the embedding projector (tensorboard.plugins.projector.visualize_embeddings).
 *  In: `model_checkpoint_path`, a prefix; NULL: the newest of `logdir`. Errors: INVALID_ARGUMENT: an embedding without a name; the file
 *  system's. Thread-safe. Since 0.1. */
EST_API est_status est_projector_write(const char *logdir, const char *model_checkpoint_path, const est_projector_embedding *embeddings,
                                       size_t count);

/* ---- of a model_fn: written while it trains, with the others (est_spec_scalar_summary), each save_summary_steps. Errors stick to the
 * graph; a dtype or shape that does not fit ends the training when it is written. One thread at a time per spec. Since 0.1. ---- */

/** Images [k, height, width, channels], uint8 or floats, which are stretched over what 8 bits hold; the first `max_outputs` (0: 3)
 *  (tf.compat.v1.summary.image). */
EST_API void est_spec_image_summary(est_spec *s, const char *tag, est_node *images, int64_t max_outputs);
/** Sounds [k, frames] or [k, frames, channels] float32; the first `max_outputs` (0: 3) (tf.compat.v1.summary.audio). */
EST_API void est_spec_audio_summary(est_spec *s, const char *tag, est_node *sounds, double sample_rate, int64_t max_outputs);
/** Strings of any shape, in Markdown (tf.compat.v1.summary.text). */
EST_API void est_spec_text_summary(est_spec *s, const char *tag, est_node *strings);
/** The curve of the step's batch: `labels`, `predictions` and `weights` (NULL: 1), of as many elements; `num_thresholds` 0: 201. */
EST_API void est_spec_pr_curve_summary(est_spec *s, const char *tag, est_node *labels, est_node *predictions, est_node *weights,
                                       int64_t num_thresholds);
/** Has evaluations write the spec's summaries too, which tf.estimator does of those among eval_metric_ops: curves over all batches, others of
 *  the last batch, under the tags "TAG/0", and of images and sounds "TAG/0", "TAG/1" and so on. */
EST_API void est_spec_evaluation_summaries(est_spec *s);

#ifdef __cplusplus
}
#endif
#endif
