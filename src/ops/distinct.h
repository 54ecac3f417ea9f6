/* Distinct ids in the order of their first appearance, by a hash of the call's own: what gradients of tables
 * are summed by. */
#ifndef EST_OPS_DISTINCT_H
#define EST_OPS_DISTINCT_H

#include "ops/ops.h"

/* Open addressing: a slot holds a place + 1; 0: free. */
typedef struct est__distinct {
    int32_t *slot;
    uint64_t mask;
    int shift;
    int64_t *id;       /* by place */
    int64_t count;
} est__distinct;

/* For up to n ids; scratch of this call. */
est_status est__distinct_begin(est_kernel *k, int64_t n, est__distinct *d);

static inline int32_t est__distinct_place(est__distinct *d, int64_t id)
{
    uint64_t at = (uint64_t)id * 0x9E3779B97F4A7C15u >> d->shift;   /* Fibonacci hashing (Knuth) */
    while (d->slot[at] != 0 && d->id[d->slot[at] - 1] != id)
        at = (at + 1) & d->mask;
    if (d->slot[at] == 0) {
        d->id[d->count++] = id;
        d->slot[at] = (int32_t)d->count;
    }
    return d->slot[at] - 1;
}

/* No id stands twice in it, whatever the data: the output of an op that sees to it. */
bool est__gives_distinct_ids(const est_node *n);

#endif
