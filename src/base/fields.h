/* What every constructor does with its options struct, through its field table (fields.c). */
#ifndef EST_BASE_FIELDS_H
#define EST_BASE_FIELDS_H

#include <math.h>

#include <estimator/fields.h>

#include "base/base.h"

/* Which of its two bounds a number has. */
static inline bool est__field_has_min(const est_field *f)
{
    return (f->min != 0 || f->max != 0 || f->above_min) && f->min != (double)-INFINITY;
}
static inline bool est__field_has_max(const est_field *f)
{
    return (f->max != 0 || f->min == (double)-INFINITY) && f->max != (double)INFINITY;
}

/* Extends the caller's struct (given_size bytes; NULL: all zero) to full_size with zeros in `out`, fills the defaults of zero
 * fields, checks ranges, choices and needed ones. `where` opens the message: "LinearClassifier". */
est_status est__fields_apply(const est_field *fields, const char *where, const void *given, size_t given_size, void *out,
                             size_t full_size);
/* Once the defaults are filled in, a number's stand-in for 0 (est_field.zero) has done its work: it becomes a 0. */
void est__fields_write_zeros(const est_field *fields, void *options);
/* Deep copies of what the fields point to (strings and lists), into the arena. Columns, optimizers, heads stay pointers. */
est_status est__fields_copy(const est_field *fields, void *options, est__arena *arena);

#endif
