/* Statistics of columns, as they are gathered (stats.c) and written (stats_text.c, stats_html.c). */
#ifndef EST_EXPERIMENT_STATS_H
#define EST_EXPERIMENT_STATS_H

#include <estimator/stats.h>

#include "base/sketch.h"

enum { EST__STATS_MARKS = 9 };

typedef struct est__stats_column {
    est_column_stats shown;                     /* filled at the end; its name from the beginning */
    est_dtype given;                            /* EST_STRING: what the texts hold is found out */
    int64_t rows;                               /* with a value, be it the empty text or a mark */
    int64_t empty, nans, words, integers, numbers, zeros, infinities;
    int64_t marks[EST__STATS_MARKS];            /* of a missing value */
    double mean, squares, least, most;          /* squares: sum of squared distances from the mean */
    int64_t min_length, max_length, bytes, texts;
    est__value_counts values;
    est__quantiles quantiles;
    est__ranks ranks;                           /* of the quantiles, at the end */
} est__stats_column;

struct est_stats {
    est__arena arena;
    est__stats_column *columns;
    size_t count, capacity;
    est__map *by_name;                          /* number + 1 */
    const char *const *marks;
    const char *mark_given;
    int mark_count;
    int64_t rows, budget, max_rows;
    bool stopped;
    const char *na_value;
    const char *source;                         /* the first file's name; NULL: a dataset */
};

/* ---- stats_columns.c ---- */
/* `given`: EST_STRING: the type is found out; EST_INVALID: not known yet. `expected`: columns that share the
 * budget. */
est_status est__stats_add_column(est_stats *s, const char *name, est_dtype given, size_t expected);
est_status est__stats_add_element(const est_stats *s, est__stats_column *c, const est_tensor *t, int64_t i);
est_status est__stats_finish(est_stats *s);

static inline bool est__stats_is_number(const est_column_stats *c)
{
    return c->dtype == EST_INT64 || c->dtype == EST_FLOAT;
}

/* The edges of a histogram of equal bins over the numbers, and how many there are in each; false: there is
 * nothing to show. */
enum { EST__STATS_BINS = 30 };
typedef struct est__histogram {
    double edge[EST__STATS_BINS + 1];
    int64_t count[EST__STATS_BINS];
    int bins;
} est__histogram;
bool est__stats_histogram(const est_stats *s, int64_t index, est__histogram *out);

/* Whether a file holds records, by its content, or by its name where that is damaged. Errors: the file
 * system's, a folder. */
est_status est__holds_records(const char *path, bool *records);

est_status est__stats_html(const est_stats *s, est__buffer *b);

#endif
