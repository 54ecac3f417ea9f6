/* Datasets from files of other formats than CSV: TFRecord, JSON lines, libsvm text, NumPy arrays. The first three take files
 * and globs, read in this order, plain or compressed; rows that fit in memory are parsed once. A run is resumed at its very
 * place. */
#ifndef ESTIMATOR_READERS_H
#define ESTIMATOR_READERS_H

#include <estimator/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Files by their names, for the input_path of readers. Nothing changes it once it is made. */
typedef struct est_file_list est_file_list;
/** The files that `patterns` stand for, in their order, those of a glob by name (tf.data.Dataset.list_files without a shuffle), and
 *  of each `num_shards` (1: all) of them the one of number `index`, in [0, num_shards): what one of several input pipelines reads
 *  (Dataset.shard over file names). est_dataset_shard shares rows instead, which takes reading all of them.
 *  Errors: NOT_FOUND: no such file; INVALID_ARGUMENT: a number out of range, fewer files than shards. Out: the caller's,
 *  est_file_list_free. Thread-safe. Since 0.1. */
EST_API est_status est_list_files(est_strings patterns, int64_t num_shards, int64_t index, est_file_list **out);
/** Its names, lent by `l`; none for NULL. Thread-safe. Since 0.1. */
EST_API est_strings est_file_list_paths(const est_file_list *l);
/** Frees it; NULL does nothing. Since 0.1. */
EST_API void est_file_list_free(est_file_list *l);

/** TFRecord files of tf.Example or tf.SequenceExample. */
typedef struct est_tfrecord_options {
    est_strings input_path;          /* needed: files or globs; plain, gzip or zlib, which is found out */
    /* tf.io.FixedLenFeature, of `shape`, and VarLenFeature with `variable_length`; label and weight among them. In a
     * tf.SequenceExample: of its context. */
    est_features_spec features;
    /* Feature lists: the records are tf.SequenceExamples (tf.io.parse_sequence_example). Each becomes a feature of variable
     * length that holds the values of all its frames, one after the other; one that is missing has no frames. Without
     * `variable_length` every frame has as many values as `shape` says (FixedLenSequenceFeature); with it, any number of them
     * (VarLenFeature), and a feature "NAME/row_starts" is added, its row_starts, for a model that takes [batch, frames, values]. */
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

/** JSON lines: an object a line. */
typedef struct est_jsonl_options {
    est_strings input_path;          /* needed: files or globs; plain or gzip */
    est_features_spec features;      /* needed: the keys that are read, and as what; label and weight among them */
    est_strings label;               /* names of label features; none: no label. Several: joined to [batch, n] */
    bool skip_errors;                /* on_error: skip: bad lines are counted, logged and left out */
    bool label_may_be_absent;        /* predict: no label is given where the first object has none */
    int num_parallel_reads;          /* 0: as many as is good */
    int64_t memory_budget;           /* files whose parsed rows fit are parsed once; bytes; 64 MiB; EST_OFF: never */
} est_jsonl_options;

/** Rows of files that hold one JSON object a line, with the same features as tf.Example: a value is a number, a string, true
 *  or false (1 or 0), or an array of them; null is as good as no value. A string feature keeps a number's text, so that it
 *  gets the id that it has in CSV.
 *  Out: a feature as it is described, [batch] + its shape, or of variable length. The caller's, est_dataset_free.
 *  Errors, at once: NOT_FOUND and others of the file system; INVALID_ARGUMENT: an option. On reading, with file:line and
 *  feature: INVALID_ARGUMENT: no JSON, a feature without default_value is missing, or holds another kind or number of values;
 *  DATA_LOSS: a damaged .gz. Thread-safe. Since 0.1. */
EST_API est_status est_jsonl_dataset_new_sized(const est_jsonl_options *options, size_t size, est_dataset **out);
static inline est_status est_jsonl_dataset_new(const est_jsonl_options *options, est_dataset **out)
{
    return est_jsonl_dataset_new_sized(options, sizeof *options, out);
}

/** libsvm text: "label index:value index:value …" a line; what follows a # is left out. */
typedef struct est_libsvm_options {
    est_strings input_path;          /* needed: files or globs; plain or gzip */
    int64_t num_features;            /* 0: features `index` and `value`; n: one feature `features` of shape [n] */
    const char *label;               /* what the label is called; NULL: it is read over and not given */
    est_dtype label_dtype;           /* EST_FLOAT, or EST_INT64 */
    bool no_label;                   /* lines begin with a pair */
    bool skip_errors;                /* on_error: skip: bad lines are counted, logged and left out */
    bool label_may_be_absent;        /* predict: no label is given where the first line begins with a pair */
    int num_parallel_reads;          /* 0: as many as is good */
    int64_t memory_budget;           /* files whose parsed rows fit are parsed once; bytes; 64 MiB; EST_OFF: never */
} est_libsvm_options;

/** Rows of libsvm text (svmlight).
 *  Out: `index`, int64, and `value`, float32, of variable length, for a weighted_categorical_column over an identity column;
 *  or `features`, [batch, n] float32, 0 where a line names no value. Indices are taken as they stand (TensorFlow's
 *  decode_libsvm): the first of n is 0. The caller's, est_dataset_free.
 *  Errors, at once: NOT_FOUND and others of the file system; INVALID_ARGUMENT: an option. On reading, with file:line:
 *  INVALID_ARGUMENT: a label or a pair that is none, an index out of range; DATA_LOSS: a damaged .gz. Thread-safe.
 *  Since 0.1. */
EST_API est_status est_libsvm_dataset_new_sized(const est_libsvm_options *options, size_t size, est_dataset **out);
static inline est_status est_libsvm_dataset_new(const est_libsvm_options *options, est_dataset **out)
{
    return est_libsvm_dataset_new_sized(options, sizeof *options, out);
}

/** Arrays of NumPy's files. */
typedef struct est_numpy_options {
    est_strings input_path;          /* needed: .npz, or .npy, whose array is called as its file is without the ending */
    est_features_spec features;      /* which arrays, and as what; none: all, as they are */
    est_strings label;               /* the array that is the label; none: no label */
} est_numpy_options;

/** Rows of NumPy's arrays (numpy_input_fn), in memory: the first dimension of each array is the rows, which all have alike.
 *  Out: floats, integers and bools as float32 or int64 where `features` says so, else as float32, float64 and int64; text as
 *  bytes, of code points in UTF-8. [rows] + the feature's shape; of one that is not described: as it is. The caller's,
 *  est_dataset_free.
 *  Errors: NOT_FOUND and others of the file system; DATA_LOSS: no array, a damaged archive; INVALID_ARGUMENT names file and
 *  array: no such array, other values a row, another kind, big-endian or in Fortran's order. Thread-safe. Since 0.1. */
EST_API est_status est_numpy_dataset_new_sized(const est_numpy_options *options, size_t size, est_dataset **out);
static inline est_status est_numpy_dataset_new(const est_numpy_options *options, est_dataset **out)
{
    return est_numpy_dataset_new_sized(options, sizeof *options, out);
}

#ifdef __cplusplus
}
#endif
#endif
