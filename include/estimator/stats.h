/* Statistics of files of data: what each column holds, in one pass and bounded memory. */
#ifndef ESTIMATOR_STATS_H
#define ESTIMATOR_STATS_H

#include <estimator/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the columns of a file or of a dataset hold (what tfdv.generate_statistics_from_csv finds out). It
 *  does not change any more once it was given: thread-safe. */
typedef struct est_stats est_stats;

typedef struct est_stats_options {
    /* How CSV files are read, as in est_csv_options. */
    bool no_header;
    est_strings column_names, select_columns;
    char field_delim;                /* ',' */
    bool no_quote_delim;
    bool skip_errors;                /* rows that are wrong are logged and left out */
    /* A text that stands for a missing value, as the empty text does. NULL: whichever of ?, NA, N/A, NaN,
     * nan, null, NULL, None and - comes most often; "": none. */
    const char *na_value;
    int64_t max_rows;                /* 0: all */
    int64_t memory_budget;           /* bytes, for all columns: what fits is exact; 256 MiB */
} est_stats_options;

/** Reads files, CSV (.gz too) or TFRecord of tf.Example (plain, gzip, zlib), which the content of the first
 *  tells. A CSV column is one of numbers when all its values are.
 *  In: `input_path`, files or globs. Out: the caller's, est_stats_free.
 *  Errors: those of the file system; INVALID_ARGUMENT, DATA_LOSS: what is wrong with the data, by file and
 *  line or record. Thread-safe. Since 0.1. */
EST_API est_status est_stats_of_files_sized(est_strings input_path, const est_stats_options *options,
                                            size_t size, est_stats **out);
static inline est_status est_stats_of_files(est_strings input_path, const est_stats_options *options,
                                            est_stats **out)
{
    return est_stats_of_files_sized(input_path, options, sizeof *options, out);
}
/** The same of the batches of any dataset, read to its end (or max_rows), every element of a feature a value
 *  of its column.
 *  Errors: those of est_dataset_next. Out: the caller's, est_stats_free. One thread at a time per dataset.
 *  Since 0.1. */
EST_API est_status est_stats_of_dataset_sized(est_dataset *d, const est_stats_options *options, size_t size,
                                              est_stats **out);
static inline est_status est_stats_of_dataset(est_dataset *d, const est_stats_options *options,
                                              est_stats **out)
{
    return est_stats_of_dataset_sized(d, options, sizeof *options, out);
}
/** Frees it; NULL does nothing. One thread at a time per statistics. Since 0.1. */
EST_API void est_stats_free(est_stats *s);

/** A value and how often it comes. */
typedef struct est_value_count {
    const char *text;                /* of a long text its first 256 bytes; ends with NUL */
    size_t length;                   /* bytes of it */
    int64_t count;
} est_value_count;

/** One column. */
typedef struct est_column_stats {
    const char *name;
    est_dtype dtype;                 /* EST_INT64, EST_FLOAT or EST_STRING; EST_INVALID: it has no values */
    int64_t count;                   /* values that are there */
    int64_t missing;                 /* rows without one: empty, na_value, NaN, an absent feature */
    int64_t marked;                  /* of them, those that hold na_value */
    int64_t distinct;                /* different values */
    bool distinct_is_estimate;       /* too many to count: by HyperLogLog, with a standard error of 0.8 % */
    /* Numbers; NaN for texts. Infinities are counted apart and left out of the others. */
    double min, mean, max, std;      /* std: of the population */
    int64_t zeros, infinities;
    bool quantiles_are_estimates;    /* by the sketch of Karnin, Lang and Liberty (2016) */
    /* Texts: their lengths in bytes; 0 for numbers. */
    int64_t min_length, max_length;
    double mean_length;
    /* Most frequent first; all values as long as `distinct` is no estimate. After that the most frequent
     * ones, by Misra and Gries (1982): a count may be too low by `top_error`. */
    const est_value_count *top;
    int64_t top_count, top_error;
} est_column_stats;

/** Rows that were read. Thread-safe. Since 0.1. */
EST_API int64_t est_stats_rows(const est_stats *s);
/** Whether there were more rows than max_rows. Thread-safe. Since 0.1. */
EST_API bool est_stats_stopped(const est_stats *s);
/** What stood for a missing value; "": the empty text alone. Lent by `s`. Thread-safe. Since 0.1. */
EST_API const char *est_stats_na_value(const est_stats *s);
/** How many columns there are. Thread-safe. Since 0.1. */
EST_API int64_t est_stats_columns(const est_stats *s);
/** Column `index`, in the order of the file; NULL: there is none. Lent by `s`. Thread-safe. Since 0.1. */
EST_API const est_column_stats *est_stats_column(const est_stats *s, int64_t index);
/** The number at `share` (0 to 1) of the column's sorted numbers, between two of them as numpy.quantile has
 *  it. NaN: a column of texts, no such column. Thread-safe. Since 0.1. */
EST_API double est_stats_quantile(const est_stats *s, int64_t index, double share);
/** How many of a column's numbers are less than `value`: a histogram's bins are differences of it. 0: a
 *  column of texts, no such column. Thread-safe. Since 0.1. */
EST_API int64_t est_stats_less(const est_stats *s, int64_t index, double value);

/** How statistics are written. */
typedef enum est_stats_form {
    EST_STATS_TABLE,                 /* lines of text */
    EST_STATS_JSON,                  /* one object */
    EST_STATS_HTML                   /* a page that needs nothing else, with histograms */
} est_stats_form;
/** Writes all of it. Out: `*text`, UTF-8 as far as the data are; the caller's, est_text_free; NULL after a
 *  failure. Thread-safe. Since 0.1. */
EST_API est_status est_stats_text(const est_stats *s, est_stats_form form, char **text);

#ifdef __cplusplus
}
#endif
#endif
