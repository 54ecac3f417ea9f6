/* Datasets from files of other formats than CSV: TFRecord. All take files and globs, read in this order, plain or compressed
 * with gzip; rows that fit in memory are parsed once; a run is resumed at its very place. */
#ifndef ESTIMATOR_READERS_H
#define ESTIMATOR_READERS_H

#include <estimator/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/** TFRecord files of tf.Example or tf.SequenceExample. */
typedef struct est_tfrecord_options {
    est_strings input_path;          /* needed: files or globs; plain, gzip or zlib, which is found out */
    /* tf.io.FixedLenFeature, of `shape`, and VarLenFeature with `variable_length`; label and weight among them. In a
     * tf.SequenceExample: of its context. */
    est_features_spec features;
    /* Feature lists: the records are tf.SequenceExamples (tf.io.parse_sequence_example). Each becomes a feature of variable
     * length that holds the values of all its frames, one after the other; one that is missing has no frames. */
    est_features_spec sequence_features;
    est_strings label;               /* names of label features; none: no label. Several: joined to [batch, n] */
    bool skip_errors;                /* on_error: skip: bad records are counted, logged and left out */
    bool label_may_be_absent;        /* predict: no label is given where the first record has none */
    int num_parallel_reads;          /* 0: as many as is good */
    int64_t memory_budget;           /* files whose parsed rows fit are parsed once; bytes; 64 MiB; EST_OFF: never */
} est_tfrecord_options;

/** Rows of TFRecord files (tf.data.TFRecordDataset and tf.io.parse_example), parsed on several threads.
 *  Out: a feature as it is described, [batch] + its shape, or of variable length. The caller's, est_dataset_free.
 *  Errors, at once: NOT_FOUND and others of the file system; INVALID_ARGUMENT: an option. On reading, with file, record
 *  (from 0) and feature: DATA_LOSS: a checksum differs, the file is cut, a record is no Example; INVALID_ARGUMENT: a
 *  feature without default_value is missing, or holds another kind or number of values. skip_errors goes on with the next
 *  record; after a damaged length or a damaged compressed stream, with the next file. Thread-safe. Since 0.1. */
EST_API est_status est_tfrecord_dataset_new_sized(const est_tfrecord_options *options, size_t size, est_dataset **out);
static inline est_status est_tfrecord_dataset_new(const est_tfrecord_options *options, est_dataset **out)
{
    return est_tfrecord_dataset_new_sized(options, sizeof *options, out);
}

#ifdef __cplusplus
}
#endif
#endif
