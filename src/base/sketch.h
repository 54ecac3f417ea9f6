/* Summaries of streams in bounded memory: how many different texts there are and how often each comes, and
 * the quantiles of numbers. Both are exact up to a limit and estimates after it; each says which. A zeroed
 * struct with its limits set is empty. */
#ifndef EST_BASE_SKETCH_H
#define EST_BASE_SKETCH_H

#include "base/base.h"

/* ---- different values of a stream of texts (value_counts.c) ---- */

/* Bytes of a text that are kept; longer ones are told apart by their hashes. */
enum { EST__VALUE_KEPT = 256 };

typedef struct est__value {
    uint64_t hash;
    const char *text;               /* ends with NUL */
    size_t length;                  /* of what is kept */
    bool cut;
    int64_t count;
} est__value;

typedef struct est__value_counts {
    size_t limit;                   /* needed: entries, at least 2 */
    est__value *entries;
    size_t count, capacity;
    uint32_t *slots;                /* entry number + 1; 0: empty */
    size_t slot_count;
    est__arena texts;
    int64_t error;                  /* a count may be too low by so much; one that is absent, have come so often */
    unsigned char *registers;       /* HyperLogLog's; NULL while the entries are all that there are */
} est__value_counts;

est_status est__value_counts_add(est__value_counts *v, const char *text, size_t n);
/* How many different texts came; *estimated when the limit was passed (then within 2 % nearly always). */
int64_t est__value_counts_distinct(const est__value_counts *v, bool *estimated);
/* NULL: it is not among them. */
const est__value *est__value_counts_find(const est__value_counts *v, const char *text, size_t n);
/* Most frequent first, equal ones by text; est__free. */
est_status est__value_counts_sorted(const est__value_counts *v, const est__value ***out);
void est__value_counts_free(est__value_counts *v);

/* ---- HyperLogLog (hyperloglog.c) ---- */
enum { EST__HLL_REGISTERS = 1 << 14 };   /* bytes; the standard error is 1.04 / sqrt of it: 0.8 % */
void est__hll_add(unsigned char *registers, uint64_t hash);
double est__hll_count(const unsigned char *registers);

/* ---- quantiles of a stream of numbers (quantiles.c) ---- */
typedef struct est__quantiles {
    size_t exact;                   /* needed: up to so many numbers are kept as they are, at least 64 */
    /* A number of level h stands for 2^h. */
    struct est__quantiles_level { double *v; size_t count, capacity; } level[48];
    int levels;
    size_t room;                    /* of level 0 */
    int64_t count;                  /* numbers that came */
    bool estimated;                 /* some were dropped */
    est__random random;
} est__quantiles;

est_status est__quantiles_add(est__quantiles *q, double v);
void est__quantiles_free(est__quantiles *q);

/* What a sketch holds, sorted, to be asked. */
typedef struct est__ranks {
    double *value;
    int64_t *below;                 /* how many numbers come before value[i]; below[count] is all of them */
    size_t count;
} est__ranks;
est_status est__quantiles_ranks(const est__quantiles *q, est__ranks *out);
typedef struct est__weighted { double value; int64_t weight; } est__weighted;
est_status est__ranks_of(est__weighted *items, size_t count, est__ranks *out);      /* sorts the items */
/* The value at `share` (0 to 1) of the sorted numbers, between two of them linearly, as numpy.quantile. NaN:
 * no numbers. */
double est__ranks_quantile(const est__ranks *r, double share);
int64_t est__ranks_less(const est__ranks *r, double v);         /* how many are less than v */
void est__ranks_free(est__ranks *r);

#endif
