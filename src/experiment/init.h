/* What the parts of `init` share: the statistics of the file, and what was decided for all of it. */
#ifndef EST_EXPERIMENT_INIT_H
#define EST_EXPERIMENT_INIT_H

#include <estimator/experiment.h>
#include <estimator/stats.h>

#include "base/base.h"

typedef enum est__bins { EST__BINS_AUTO, EST__BINS_ALL, EST__BINS_NONE } est__bins;

typedef struct est__init {
    const char *path;
    const est_init_options *options;
    const est_stats *stats;
    const est_column_stats *label;
    int64_t label_index;
    est__bins bins;
    bool na_value;              /* the configuration has one: a column of numbers holds it */
} est__init;

/* ---- init_columns.c ---- */
enum { EST__INIT_VOCABULARY = 50, EST__INIT_BINS = 50 };
/* A line or two for each column but the label; *used counts those that can be learnt from. */
est_status est__init_put_columns(est__buffer *b, const est__init *in, size_t *used);
void est__init_put_values(est__buffer *b, const est__init *in, const est_column_stats *c);   /* [a, b, c] */
/* Cuts between ranges of about as many rows; a value that comes often has a range of its own. Gives their
 * number. */
int est__init_boundaries(const est__init *in, int64_t index, double out[EST__INIT_BINS]);
bool est__init_fits_a_list(const est_column_stats *c);  /* can its values stand in a list of YAML? */
void est__init_put_number(est__buffer *b, double v);
const char *est__init_left_out(const est__init *in, int64_t index);     /* why; NULL: it can be learnt from */
/* "bucketized_column: {…}" of a column of numbers. */
void est__init_put_bucketized(est__buffer *b, const est__init *in, int64_t index, const double *cuts,
                              int count);

/* ---- init_crosses.c ---- */
est_status est__init_put_crosses(est__buffer *b, const est__init *in);

/* ---- init.c ---- */
bool est__init_is_regression(const est_column_stats *label);

#endif
