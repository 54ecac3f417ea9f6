/* Datasets: where batches of named features come from, and what happens to them on the way (tf.data, make_csv_dataset). */
#ifndef ESTIMATOR_DATA_H
#define ESTIMATOR_DATA_H

#include <estimator/base.h>
#include <estimator/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A chain of stages that gives batches. Builders return the dataset that they were given; the first error sticks to it and
 *  is reported by whoever reads it. One thread at a time may use a dataset. */
typedef struct est_dataset est_dataset;

/** One feature that a dataset gives or a model takes: tf.io.FixedLenFeature, or VarLenFeature with `variable_length`. */
typedef struct est_feature {
    const char *name;
    est_dtype dtype;                 /* EST_FLOAT, EST_INT64 or EST_STRING */
    est_shape shape;                 /* of one example; a scalar gives batches of [batch], [1] gives [batch, 1] */
    bool variable_length;            /* any number of values an example (one from a CSV column); shape is ignored */
    const est_tensor *default_value; /* for an absent value: of `shape`, or a scalar for all of it; NULL: none (in CSV: 0 or "") */
} est_feature;

typedef struct est_features_spec {
    const est_feature *data;
    size_t count;
} est_features_spec;

/** A CSV file or several (RFC 4180, TensorFlow's dialect: nothing is trimmed, a blank line is an error). Zero: default. */
typedef struct est_csv_options {
    est_strings input_path;          /* needed: files or globs, read in this order (a glob: sorted by name); .gz is inflated */
    /* needed: which columns to read, and as what; the label and the weight among them. One of variable length is read as one value. */
    est_features_spec features;
    est_strings label;               /* names of the label columns; none: batches without a label. Several: joined to [batch, n] */
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
} est_csv_options;

/** Rows of CSV files. The files must be there, and the first one's header is read, at once; what is wrong with a row is an
 *  error on reading, with file:line and column. `*out` is the caller's. Since 0.1. */
EST_API est_status est_csv_dataset_new_sized(const est_csv_options *options, size_t size, est_dataset **out);
static inline est_status est_csv_dataset_new(const est_csv_options *options, est_dataset **out)
{
    return est_csv_dataset_new_sized(options, sizeof *options, out);
}

/** Rows from arrays in memory (numpy_input_fn): one tensor a feature, whose first dimension is the rows; copied.
 *  `labels` NULL: none. Since 0.1. */
EST_API est_status est_memory_dataset_new(const char *const *names, const est_tensor *const *tensors, size_t count,
                                          const est_tensor *labels, est_dataset **out);

/** Batches from a callback. It runs on the library's input thread, never on two threads at once. */
typedef struct est_batch est_batch;
typedef struct est_callback_options {
    est_features_spec features;      /* needed: what each batch holds, in this order */
    const char *label;               /* which of them is the label; NULL: none */
    /* needed: fills a batch through est_batch_set; OUT_OF_RANGE ends the data, another status fails the run */
    est_status (*next)(est_batch *batch, void *user);
    est_status (*rewind)(void *user);  /* back to the first batch, for repeat and a new run; NULL: cannot */
    /* The place after the last batch, as bytes: set *size (at most `capacity`); and back to it. NULL: resumed by counting batches
     * after a rewind; without rewind too, a resumed run says that it cannot. */
    est_status (*save)(void *state, size_t capacity, size_t *size, void *user);
    est_status (*restore)(const void *state, size_t size, void *user);
    void (*close)(void *user);       /* when the dataset is freed */
    void *user;
} est_callback_options;
EST_API est_status est_callback_dataset_new_sized(const est_callback_options *options, size_t size, est_dataset **out);
static inline est_status est_callback_dataset_new(const est_callback_options *options, est_dataset **out)
{
    return est_callback_dataset_new_sized(options, sizeof *options, out);
}

/** Gives feature `index` of the batch: copied, [rows] + the feature's shape. All features of a batch have the same rows. */
EST_API est_status est_batch_set(est_batch *batch, size_t index, const est_tensor *value);
EST_API int64_t est_batch_rows(const est_batch *batch);
/** Feature `index` of a batch that a dataset gave; lent until the next batch. NULL when there is no such feature. */
EST_API const est_tensor *est_batch_get(const est_batch *batch, size_t index);

/** Rows in a random order, out of a buffer of `buffer_size` rows (tf.data's shuffle); 0: as they come.
 *  `seed` 0: the run's random_seed. The order differs from epoch to epoch unless `same_each_epoch`. Before batch. Since 0.1. */
EST_API est_dataset *est_dataset_shuffle(est_dataset *d, int64_t buffer_size, uint64_t seed, bool same_each_epoch);
/** `count` epochs; EST_OFF: for ever. A batch may span two epochs. Before batch. Since 0.1. */
EST_API est_dataset *est_dataset_repeat(est_dataset *d, int64_t count);
/** Rows joined to batches of `batch_size` (> 0); the last may be short unless `drop_remainder`. Since 0.1. */
EST_API est_dataset *est_dataset_batch(est_dataset *d, int64_t batch_size, bool drop_remainder);
/** How many batches are made ahead by the input thread; 0: a good number. Since 0.1. */
EST_API est_dataset *est_dataset_prefetch(est_dataset *d, int64_t batches);
EST_API void est_dataset_free(est_dataset *d);

/** The features that batches hold, the label among them; lent. */
EST_API est_features_spec est_dataset_features(const est_dataset *d);
/** Index of the label among the features; -1: none. */
EST_API int est_dataset_label(const est_dataset *d);
/** Reads the next batch on the caller's thread; *batch is lent until the next call. OUT_OF_RANGE: the data has ended.
 *  For looking at data; training reads by itself. Since 0.1. */
EST_API est_status est_dataset_next(est_dataset *d, const est_batch **batch);
/** Rows that skip_errors left out so far. */
EST_API int64_t est_dataset_skipped(const est_dataset *d);

/** What an input_fn may want to know. */
typedef struct est_input_context {
    int mode;                        /* est_mode: training, evaluating, predicting */
    int num_input_pipelines;         /* 1 */
    int input_pipeline_id;           /* 0 */
} est_input_context;

/** Gives a new dataset that ends with est_dataset_batch (or a callback's batches); the library frees it. */
typedef est_status (*est_input_fn)(const est_input_context *context, est_dataset **out, void *user);

#ifdef __cplusplus
}
#endif
#endif
