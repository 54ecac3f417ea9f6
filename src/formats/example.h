/* tf.Example: parsed into columns of a batch, and written from them. */
#ifndef EST_FORMATS_EXAMPLE_H
#define EST_FORMATS_EXAMPLE_H

#include <estimator/tensor.h>

#include "base/base.h"

/* A feature that is wanted (tf.io.FixedLenFeature, VarLenFeature). */
typedef struct est__feature_spec {
    const char *name;
    est_dtype dtype;             /* EST_FLOAT, EST_INT64 or EST_STRING */
    bool variable;               /* any number of values a row; else `size` of them */
    size_t size;                 /* elements of its shape: 1 for a scalar */
    const void *default_values;  /* float, int64_t or est__bytes; NULL: it must be there */
    size_t default_count;        /* `size`, or 1 for all elements */
} est__feature_spec;

/* The values of a feature over the rows of a batch: float, int64_t, or est__bytes that point into the records
 * parsed. */
typedef struct est__feature_column {
    void *values;
    size_t count, capacity;
    int64_t *row_offsets;        /* rows + 1; of a variable feature only */
    size_t offset_capacity;
} est__feature_column;

/* Parses record after record into one column a feature. Memory is kept from batch to batch. One thread at a
 * time. */
typedef struct est__example_parser est__example_parser;

/* The specs are copied, default values too. INVALID_ARGUMENT: a name twice, another dtype. */
est_status est__example_parser_new(const est__feature_spec *specs, size_t count, est__example_parser **out);
void est__example_parser_free(est__example_parser *p);

/* Appends a row. `record` must live as long as the strings are used. `file` and `number` are for messages.
 * After a failure no row was added. As TensorFlow: of a key that stands twice, the last counts; a feature
 * without values is missing. Errors: DATA_LOSS (no Example), INVALID_ARGUMENT (missing, another kind or
 * number of values). */
est_status est__example_parse(est__example_parser *p, est__bytes record, const char *file, int64_t number);
void est__example_clear(est__example_parser *p);    /* rows 0, for the next batch */

size_t est__example_rows(const est__example_parser *p);
const est__feature_column *est__example_column(const est__example_parser *p, size_t feature);

/* Every feature of a record, whatever it is called, for tools. `dtype` EST_INVALID: it has no list. */
typedef struct est__example_feature {
    est__bytes name;
    est_dtype dtype;
    size_t count;
} est__example_feature;
est_status est__example_list(est__bytes record, const char *file, int64_t number,
                             est_status (*feature)(void *user, const est__example_feature *f), void *user);

/* Appends the serialized Example of one row of such columns; features in the order of the specs. A variable one without values gets
 * a Feature without a kind, which every reader takes for an absent one. */
est_status est__example_write(est__buffer *out, const est__feature_spec *specs,
                              const est__feature_column *columns, size_t count, size_t row);

#endif
