/* Datasets: where batches of named features come from, and what happens to them on the way (tf.data,
 * make_csv_dataset). */
#ifndef ESTIMATOR_DATA_H
#define ESTIMATOR_DATA_H

#include <estimator/base.h>
#include <estimator/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A chain of stages that gives batches. Builders return the dataset that they were given; the first error
 *  sticks to it and is reported by whoever reads it. One thread at a time per dataset. Given by an input_fn
 *  it is the library's. */
typedef struct est_dataset est_dataset;

/** One feature that a dataset gives or a model takes: tf.io.FixedLenFeature, or VarLenFeature with
 *  `variable_length`; then a batch holds the values of all rows and row offsets, and a model gets a SparseTensor. */
typedef struct est_feature {
    const char *name;
    est_dtype dtype;                 /* EST_FLOAT, EST_INT64 or EST_STRING */
    est_shape shape;                 /* of one example; a scalar gives batches of [batch], [1] gives [batch, 1] */
    bool variable_length;            /* any number of values an example (one from a CSV column); shape is ignored */
    const est_tensor *default_value; /* for an absent value: of `shape`, or a scalar; NULL: none (in CSV: 0 or "") */
    /* Of variable length: the name of another feature, int64 of variable length, that says where in a row each of its frames
     * begins (tf.io.RaggedFeature.RowStarts). A model then gets a SparseTensor [batch, frames, values]. NULL: [batch, values]. */
    const char *row_starts;
} est_feature;

/** A list of features. */
typedef struct est_features_spec {
    const est_feature *data;
    size_t count;
} est_features_spec;

/** A CSV file or several (RFC 4180, in the dialect of tf.data.experimental.make_csv_dataset: nothing is
 *  trimmed, a blank line is an error). */
typedef struct est_csv_options {
    est_strings input_path;          /* needed: files or globs, read in this order; .gz is inflated */
    /* which columns to read, and as what; label and weight among them. One of variable length is one value, but for
     * multivalent_delim. None: every column that has a name, as a string. */
    est_features_spec features;
    est_strings label;               /* names of label columns; none: no label. Several: joined to [batch, n] */
    bool no_header;                  /* the first line is data already; then column_names is needed */
    est_strings column_names;        /* over the header's names */
    est_strings select_columns;      /* none: those of `features` */
    char field_delim;                /* ',' */
    bool no_quote_delim;             /* a quote is a character like any other */
    const char *na_value;            /* a field equal to it is missing; "" */
    bool skip_errors;                /* on_error: skip: bad rows are counted, logged and left out */
    bool label_may_be_absent;        /* predict: no label is given where the file has none */
    int num_parallel_reads;          /* 0: as many as is good */
    int64_t memory_budget;           /* files whose parsed rows fit are parsed once; bytes; 64 MiB; EST_OFF: never */
    /* Separates values within a field: features of variable length (those of categorical columns, labels of several classes) become rows of
     * any length; values that are empty or na_value are left out, an empty field is an empty row. '\0': a field is one value. */
    char multivalent_delim;
} est_csv_options;

/** Rows of CSV files (tf.data.experimental.make_csv_dataset), parsed on several threads.
 *  Out: numeric features [batch] or [batch, 1], float32 or int64, strings alike; the caller's,
 *  est_dataset_free.
 *  Errors, at once: NOT_FOUND and others of the file system; INVALID_ARGUMENT: an option, a column that the
 *  header of the first file lacks (the nearest is named). On reading: INVALID_ARGUMENT names file:line and
 *  column of what is wrong; DATA_LOSS: a damaged .gz. Thread-safe. Since 0.1. */
EST_API est_status est_csv_dataset_new_sized(const est_csv_options *options, size_t size, est_dataset **out);
static inline est_status est_csv_dataset_new(const est_csv_options *options, est_dataset **out)
{
    return est_csv_dataset_new_sized(options, sizeof *options, out);
}

/** Rows from arrays in memory (tf.compat.v1.estimator.inputs.numpy_input_fn).
 *  In: `count` names and tensors, each [rows, …] of numbers or strings; `labels` [rows, …], NULL: none.
 *  Copied.
 *  Errors: INVALID_ARGUMENT names the feature: no rows, another number of rows, two of one name. Out: the
 *  caller's, est_dataset_free. Thread-safe. Since 0.1. */
EST_API est_status est_memory_dataset_new(const char *const *names, const est_tensor *const *tensors, size_t count,
                                          const est_tensor *labels, est_dataset **out);

/** Rows from arrays, some of them of variable length (tf.RaggedTensor.from_row_splits).
 *  In: as est_memory_dataset_new; where `row_offsets[i]` is not NULL, tensors[i] holds the values of all rows,
 *  [n], and row_offsets[i], int64 [rows + 1], says that row r has those from row_offsets[r] up to
 *  row_offsets[r + 1]: it begins with 0, never falls, and ends with n. NULL `row_offsets`: all are dense. Copied.
 *  Errors: INVALID_ARGUMENT names the feature, as there; offsets that are not such. Out: the caller's,
 *  est_dataset_free. Thread-safe. Since 0.1. */
EST_API est_status est_memory_dataset_new_ragged(const char *const *names, const est_tensor *const *tensors,
                                                 const est_tensor *const *row_offsets, size_t count,
                                                 const est_tensor *labels, est_dataset **out);

/** A batch: one tensor a feature. One thread at a time per batch. */
typedef struct est_batch est_batch;
/** Batches from callbacks (tf.data.Dataset.from_generator). They run on the library's input thread or on that
 *  of a verb, never on two threads at once, and must not call a verb of the estimator that reads them. */
typedef struct est_callback_options {
    est_features_spec features;      /* needed: what each batch holds, in this order */
    const char *label;               /* which of them is the label; NULL: none */
    /* needed: fills a batch through est_batch_set; OUT_OF_RANGE ends the data, another status fails the run */
    est_status (*next)(est_batch *batch, void *user);
    est_status (*rewind)(void *user);  /* back to the first batch, for repeat and a new run; NULL: cannot */
    /* The place after the last batch, as bytes: set *size (at most `capacity`); and back to it. Both, or neither: then
     * a run is resumed by counting batches after a rewind; without rewind too, its data start anew, and the log says so. */
    est_status (*save)(void *state, size_t capacity, size_t *size, void *user);
    est_status (*restore)(const void *state, size_t size, void *user);
    void (*close)(void *user);       /* when the dataset is freed; not when it could not be made */
    void *user;
} est_callback_options;
/** A dataset of such batches; no shuffle and no batch after it, repeat where there is a rewind.
 *  Errors: INVALID_ARGUMENT: next is missing, the label is no feature; on reading: what `next` returned (its
 *  est_error text, where it came from the library, stays), INVALID_ARGUMENT: a feature was not set, or of
 *  other rows. Out: the caller's, est_dataset_free. Thread-safe. Since 0.1. */
EST_API est_status est_callback_dataset_new_sized(const est_callback_options *options, size_t size, est_dataset **out);
static inline est_status est_callback_dataset_new(const est_callback_options *options, est_dataset **out)
{
    return est_callback_dataset_new_sized(options, sizeof *options, out);
}

/** For `next`: gives feature `index` of the batch.
 *  In: `value`, [rows] + the feature's shape, of its dtype; [rows, n] for one of variable length. Copied. All
 *  features of a batch have the same rows. Errors: INVALID_ARGUMENT: no such feature; dtype or shape, named.
 *  One thread at a time per batch. Since 0.1. */
EST_API est_status est_batch_set(est_batch *batch, size_t index, const est_tensor *value);
/** For `next`: gives feature `index`, of variable length, with rows of their own lengths
 *  (tf.RaggedTensor.from_row_splits).
 *  In: `values` of all rows, [n], of the feature's dtype; `row_offsets`, int64 [rows + 1]: row r has the values
 *  from row_offsets[r] up to row_offsets[r + 1]; it begins with 0, never falls, ends with n. Copied.
 *  Errors: INVALID_ARGUMENT: no such feature, or a dense one; dtype, shape or offsets that are not such, named.
 *  One thread at a time per batch. Since 0.1. */
EST_API est_status est_batch_set_ragged(est_batch *batch, size_t index, const est_tensor *values,
                                        const est_tensor *row_offsets);
/** Rows of a batch that a dataset gave; 0 for NULL. One thread at a time per batch. Since 0.1. */
EST_API int64_t est_batch_rows(const est_batch *batch);
/** Feature `index` of a batch that a dataset gave: [rows] + its shape; of variable length: all values, [n].
 *  NULL when there is no such feature. Lent until the next batch. One thread at a time per batch. Since 0.1. */
EST_API const est_tensor *est_batch_get(const est_batch *batch, size_t index);
/** Where the rows of a feature of variable length lie in its values: int64 [rows + 1]; row r has those from
 *  element r of it up to element r + 1 (tf.RaggedTensor.row_splits). NULL where the feature is dense, or there
 *  is none. Lent until the next batch. One thread at a time per batch. Since 0.1. */
EST_API const est_tensor *est_batch_offsets(const est_batch *batch, size_t index);

/* Stages of rows, before all others and in any order; they act in the order in which they were added. Each returns the dataset
 * that it was given. Errors stick: INVALID_ARGUMENT: a number out of range, a stage after shuffle, a dataset that gives batches;
 * FAILED_PRECONDITION: it is being read already. Each finds its place again without reading its input from the start. One
 * thread at a time per dataset. Since 0.1. */
/** Of each `num_shards` rows the one of number `index`, in [0, num_shards) (tf.data.Dataset.shard). est_list_files shares files. */
EST_API est_dataset *est_dataset_shard(est_dataset *d, int64_t num_shards, int64_t index);
/** All rows but those that est_dataset_shard gives for the same numbers; num_shards > 1. What a cross-validation trains on, where it
 *  evaluates on the shard. */
EST_API est_dataset *est_dataset_leave_out(est_dataset *d, int64_t num_shards, int64_t index);
/** All but the first `count` (>= 0) rows (tf.data.Dataset.skip). */
EST_API est_dataset *est_dataset_skip(est_dataset *d, int64_t count);
/** The first `count` (>= 0) rows (tf.data.Dataset.take); EST_OFF: all. */
EST_API est_dataset *est_dataset_take(est_dataset *d, int64_t count);
/** Says which rows stay: keep[i], true at first, for row i of `rows`. It must go by the row alone: how many rows a call sees, and how
 *  often it sees one, may differ. It runs where the data are read, and calls no verb. OK, or a status that ends the reading. */
typedef est_status (*est_filter_fn)(const est_batch *rows, bool *keep, void *user);
/** The rows that `fn` keeps (tf.data.Dataset.filter). `user` is kept until the dataset is freed. Error on reading: what `fn`
 *  returned. */
EST_API est_dataset *est_dataset_filter(est_dataset *d, est_filter_fn fn, void *user);
/** Makes the features of `out` from those of `in` by est_batch_get and est_batch_set. The rules of est_filter_fn hold. */
typedef est_status (*est_map_fn)(const est_batch *in, est_batch *out, void *user);
/** Other features, made by `fn` (tf.data.Dataset.map); the label is the one that has the old label's name. Among the stages of
 *  rows, row i of `out` is made of row i of `in`; after est_dataset_batch, or of a dataset that gives batches, a batch becomes a
 *  batch of any rows. `features` is copied, `user` kept until the dataset is freed. Errors on reading: what `fn` returned;
 *  INVALID_ARGUMENT: a feature was not set, or of other rows. */
EST_API est_dataset *est_dataset_map(est_dataset *d, est_features_spec features, est_map_fn fn, void *user);

/** All rows kept in memory, whatever they take, or with `path` in a file of ours, which is made at the first start and read by
 *  mapping it (tf.data.Dataset.cache). A file that is damaged, or that was made of other files or by other stages, is made anew; the
 *  log says so. What a callback before it does is not known: remove the file when that changes. Errors: INVALID_ARGUMENT: rows
 *  without end; when the dataset is started: those of the file system and of the rows. */
EST_API est_dataset *est_dataset_cache(est_dataset *d, const char *path);

/* Datasets of several datasets of rows. The inputs may have stages of rows and est_dataset_repeat; shuffle and batch follow what
 * comes of them. They are taken, also by a call that fails. Errors: INVALID_ARGUMENT names the dataset: none, given twice, with
 * other features, shuffled, of batches; what stuck to it. Out: the caller's, est_dataset_free. Thread-safe. Since 0.1. */
/** `block_length` rows (0: 1) of each of `cycle_length` inputs (0: all, but 16 at most) in turn; one that has ended makes room for
 *  the next (tf.data.Dataset.interleave). All must have the same features. */
EST_API est_status est_interleave_dataset_new(est_dataset *const *datasets, size_t count, int64_t cycle_length,
                                              int64_t block_length, est_dataset **out);
/** Each row from an input drawn with the probability of its weight; weights NULL: all alike (tf.data.Dataset.sample_from_datasets).
 *  Once an input has ended the others go on, unless `stop_on_empty_dataset`. All must have the same features; the order depends
 *  on `seed` alone, and is the same in each epoch. Errors: INVALID_ARGUMENT: a weight below 0 or not finite, only zeros. */
EST_API est_status est_sample_from_datasets_new(est_dataset *const *datasets, const double *weights, size_t count, uint64_t seed,
                                                bool stop_on_empty_dataset, est_dataset **out);
/** Row by row the features of all inputs, up to the end of the shortest (tf.data.Dataset.zip). Names must differ, and one input
 *  at most has a label. */
EST_API est_status est_zip_dataset_new(est_dataset *const *datasets, size_t count, est_dataset **out);

/* Stages after them, in this order. Each returns the dataset that it was given. Errors stick: INVALID_ARGUMENT: another
 * order, a number out of range; FAILED_PRECONDITION: it is being read already. One thread at a time per
 * dataset. Since 0.1. */
/** Rows in a random order, out of a buffer of `buffer_size` rows (tf.data.Dataset.shuffle); 0: as they come.
 *  `seed` 0: the run's tf_random_seed. The order differs from epoch to epoch unless `same_each_epoch`. */
EST_API est_dataset *est_dataset_shuffle(est_dataset *d, int64_t buffer_size, uint64_t seed, bool same_each_epoch);
/** `count` epochs (tf.data.Dataset.repeat); EST_OFF: for ever. A batch may span two epochs. */
EST_API est_dataset *est_dataset_repeat(est_dataset *d, int64_t count);
/** Rows joined to batches of `batch_size` (> 0) (tf.data.Dataset.batch); the last may be short unless
 *  `drop_remainder`. */
EST_API est_dataset *est_dataset_batch(est_dataset *d, int64_t batch_size, bool drop_remainder);
/** How a feature of variable length is padded: to `length` values a row, or (0) to the longest row of the batch; with `value`, one
 *  element of its dtype, NULL: the feature's default_value, else 0 or "". */
typedef struct est_padding {
    const char *feature;
    int64_t length;
    const est_tensor *value;
} est_padding;
/** What is not listed is padded to the longest row. */
typedef struct est_paddings {
    const est_padding *data;
    size_t count;
} est_paddings;
/** As est_dataset_batch, and features of variable length become dense ones, [rows, longest row]
 *  (tf.data.Dataset.padded_batch). A categorical column then leaves out "" and -1 alone: pad integers with -1 for it.
 *  Errors: INVALID_ARGUMENT: a padding of no such feature, of a dense one, of another dtype; on reading: a row is longer
 *  than its feature's `length`. */
EST_API est_dataset *est_dataset_padded_batch(est_dataset *d, int64_t batch_size, bool drop_remainder, est_paddings paddings);
typedef struct est_bucket_options {
    const char *feature;             /* needed: of variable length; the number of its values is a row's length */
    est_ints bucket_boundaries;      /* needed: n lengths, rising; a length equal to one belongs to the bucket above it */
    est_ints bucket_batch_sizes;     /* needed: n + 1 */
    bool no_padding;                 /* features of variable length stay as they are */
    bool pad_to_bucket_boundary;     /* rows get one value less than their bucket's upper boundary; longer ones are an error */
    bool drop_remainder;             /* leave out the batches of buckets that are not full at the end */
    est_paddings paddings;
} est_bucket_options;
/** Batches of rows of like lengths, padded as by est_dataset_padded_batch (tf.data.Dataset.bucket_by_sequence_length): a row waits
 *  in the bucket of its length, and a bucket that is full becomes a batch. It stands in the place of est_dataset_batch; after
 *  est_dataset_repeat the buckets span epochs. At the end come the buckets that are not full, short rows first.
 *  Errors: INVALID_ARGUMENT: no such feature, a dense one; boundaries that do not rise, sizes below 1 or not one more. */
EST_API est_dataset *est_dataset_bucket_by_sequence_length_sized(est_dataset *d, const est_bucket_options *options, size_t size);
static inline est_dataset *est_dataset_bucket_by_sequence_length(est_dataset *d, const est_bucket_options *options)
{
    return est_dataset_bucket_by_sequence_length_sized(d, options, options ? sizeof *options : 0);
}
/** How many batches are made ahead by the input thread (tf.data.Dataset.prefetch); 0: a good number. */
EST_API est_dataset *est_dataset_prefetch(est_dataset *d, int64_t batches);
/** Frees a dataset that no input_fn has given away; NULL does nothing. One thread at a time per dataset.
 *  Since 0.1. */
EST_API void est_dataset_free(est_dataset *d);

/** The features that batches hold, the label among them. Lent by `d`. Thread-safe. Since 0.1. */
EST_API est_features_spec est_dataset_features(const est_dataset *d);
/** Index of the label among the features; -1: none. Thread-safe. Since 0.1. */
EST_API int est_dataset_label(const est_dataset *d);
/** Reads the next batch on the caller's thread, for looking at data; training reads by itself.
 *  Out: `*batch`, lent until the next call; NULL after a failure.
 *  Errors: OUT_OF_RANGE: the data have ended; what stuck to the dataset; what is wrong with the data.
 *  One thread at a time per dataset. Since 0.1. */
EST_API est_status est_dataset_next(est_dataset *d, const est_batch **batch);
/** Rows that skip_errors left out so far. Thread-safe. Since 0.1. */
EST_API int64_t est_dataset_skipped(const est_dataset *d);

/** What an input_fn may want to know (tf.distribute.InputContext). */
typedef struct est_input_context {
    int mode;                        /* est_mode: training, evaluating, predicting */
    int num_input_pipelines;         /* 1 */
    int input_pipeline_id;           /* 0 */
    bool whole_input;                /* all rows are wanted once, as boosted trees do: data that repeat never end */
} est_input_context;

/** Gives a new dataset that ends with est_dataset_batch (or a callback's batches); the library frees it.
 *  Called once by each verb, on its thread; what it returns is what the verb fails with (tf.estimator's
 *  input_fn). */
typedef est_status (*est_input_fn)(const est_input_context *context, est_dataset **out, void *user);

#ifdef __cplusplus
}
#endif
#endif
