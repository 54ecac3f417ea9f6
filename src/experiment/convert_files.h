/* One format of rows into another: what both ways share. */
#ifndef EST_EXPERIMENT_CONVERT_FILES_H
#define EST_EXPERIMENT_CONVERT_FILES_H

#include <estimator/experiment.h>
#include <estimator/records.h>
#include <estimator/stats.h>

#include "base/base.h"

typedef struct est__conversion {
    const char *from, *to;
    est_csv_options csv;             /* how CSV is read */
    const char *na_value;            /* NULL: as the statistics found it, in columns of numbers alone */
    const char *multivalent_delim;   /* one character; NULL: none */
    char field_delim;
    est_feature *feature;            /* which columns, and as what; of variable length: any may be absent */
    size_t features;
    bool *single;                    /* which of them are one value a row, separator or not; NULL: none */
    const est_stats *stats;          /* NULL: a configuration said it all */
    int64_t rows;                    /* that were written */
} est__conversion;

est_status est__convert_csv(est__conversion *c);         /* CSV to TFRecord (convert_csv.c) */
est_status est__convert_records(est__conversion *c);     /* TFRecord to CSV (convert_records.c) */
est__compression est__compression_of(const char *path);  /* by the name's ending */

#endif
