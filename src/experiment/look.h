/* What a CSV file holds, column by column. */
#ifndef EST_EXPERIMENT_LOOK_H
#define EST_EXPERIMENT_LOOK_H

#include "base/base.h"

enum { EST__LOOK_MARKS = 9 };

typedef struct est__look_value {
    const char *text;
    int64_t count;
} est__look_value;

typedef struct est__look_column {
    char *name;
    int64_t empty, numbers, integers, words;   /* words: texts that are neither numbers nor marks of a missing value */
    int64_t marks[EST__LOOK_MARKS];
    double mean, squares;                      /* of the numbers; squares: sum of squared distances from the mean */
    double least, most;
    est__map *values;                          /* different texts, up to a limit: text -> int64_t * */
    bool overflow;                             /* there are more */
} est__look_column;

typedef struct est__look {
    est__look_column *columns, *label;
    size_t count;
    int64_t rows;
    const char *na_value;                      /* what stands for a missing value; NULL: the empty field alone */
    bool stopped;                              /* the file has more rows than were looked at */
    est__arena arena;
} est__look;

/* Reads the file (.gz too). Errors: FILE:LINE. Whatever comes back, est__look_free. */
est_status est__look_at(const char *path, const char *label, est__look *out);
void est__look_free(est__look *l);
size_t est__look_distinct(const est__look *l, const est__look_column *c);
int64_t est__look_filled(const est__look *l, const est__look_column *c);
bool est__look_is_numeric(const est__look *l, const est__look_column *c);

#endif
