/* Which variables of a checkpoint lie there in parts, and in how many. */
#ifndef EST_TRAIN_PARTITIONER_H
#define EST_TRAIN_PARTITIONER_H

#include <estimator/partitioner.h>

#include "formats/bundle.h"

typedef struct est__partitioning {
    est_partitioner by;           /* type NULL: all variables stay whole */
    const char *scope[2];         /* static; what the names of its variables begin with; NULL: no further one */
} est__partitioning;

/* The caller's with its defaults. INVALID_ARGUMENT: the name, or what a parameter must be. */
est_status est__partitioner_check(const est_partitioner *given, const char *estimator, est_partitioner *out);
/* 1: it stays whole. */
int64_t est__partitioner_parts(const est_partitioner *p, est_dtype dtype, const est_shape *shape);
/* Of one of the scopes, or a slot of such a variable: "training/Ftrl/<variable>/linear". */
bool est__partitioning_has(const est__partitioning *p, const char *name);
/* Adds a variable as it is to lie there. */
est_status est__partitioning_add(const est__partitioning *p, est__bundle_writer *w, const char *name, const est_tensor *t);

#endif
