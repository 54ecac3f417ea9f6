/* Quantiles of a stream: the sketch of Karnin, Lang and Liberty ("Optimal Quantile Approximation in Streams",
 * 2016). A level that is full is sorted, and every second of its numbers goes up to the next level, where it
 * counts twice. Levels below the top are smaller by a factor of 2/3 each. With the room for 16384 numbers the
 * rank of an answer is off by about 0.1 % of all numbers. */
#include <math.h>
#include <stdlib.h>

#include "base/sketch.h"

enum { LEAST_CAPACITY = 32 };
enum { LEVELS = sizeof(((est__quantiles *)0)->level) / sizeof(struct est__quantiles_level) };

/* Of numbers, and of weighted ones, which begin with theirs. */
static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The three largest levels together are about as large as the room for exact numbers. */
static size_t capacity(const est__quantiles *q, int level)
{
    double n = (double)q->exact / 4 * pow(2.0 / 3, q->levels - 1 - level);
    return n < LEAST_CAPACITY ? LEAST_CAPACITY : (size_t)n;
}

static est_status push(struct est__quantiles_level *l, double v)
{
    EST_TRY(est__grow(&l->v, &l->capacity, l->count + 1, sizeof *l->v));
    l->v[l->count++] = v;
    return EST_OK;
}

/* An odd number out, the last that came, stays where it is, so that the numbers still add up to all that
 * came. */
static est_status compact(est__quantiles *q, int level)
{
    struct est__quantiles_level *from = &q->level[level], *to = &q->level[level + 1];
    size_t even = from->count & ~(size_t)1, odd = est__random_next(&q->random) & 1;
    qsort(from->v, even, sizeof *from->v, by_value);
    EST_TRY(est__grow(&to->v, &to->capacity, to->count + even / 2, sizeof *to->v));
    for (size_t i = odd; i < even; i += 2)
        to->v[to->count++] = from->v[i];
    if (even < from->count)
        from->v[0] = from->v[even];
    from->count -= even;
    return EST_OK;
}

est_status est__quantiles_add(est__quantiles *q, double v)
{
    EST_TRY(push(&q->level[0], v));
    q->count++;
    if (!q->levels) {
        q->levels = 1;
        q->room = q->exact;
    }
    if (q->level[0].count <= q->room)
        return EST_OK;
    q->estimated = true;
    for (int h = 0; h < q->levels && h < LEVELS - 1; h++) {
        if (q->level[h].count <= capacity(q, h))
            continue;
        if (h + 1 == q->levels)
            q->levels++;
        EST_TRY(compact(q, h));
    }
    q->room = capacity(q, 0);
    return EST_OK;
}

void est__quantiles_free(est__quantiles *q)
{
    for (int h = 0; h < LEVELS; h++)
        est__free(q->level[h].v);
    *q = (est__quantiles){ .exact = q->exact };
}

est_status est__ranks_of(est__weighted *items, size_t count, est__ranks *out)
{
    *out = (est__ranks){ .value = est__malloc(count * sizeof *out->value),
                         .below = est__malloc((count + 1) * sizeof *out->below) };
    if (!out->value || !out->below) {
        est__ranks_free(out);
        return est__fail_memory(count * sizeof *out->below);
    }
    qsort(items, count, sizeof *items, by_value);
    out->count = count;
    out->below[0] = 0;
    for (size_t i = 0; i < count; i++) {
        out->value[i] = items[i].value;
        out->below[i + 1] = out->below[i] + items[i].weight;
    }
    return EST_OK;
}

est_status est__quantiles_ranks(const est__quantiles *q, est__ranks *out)
{
    size_t n = 0, count = 0;
    for (int h = 0; h < q->levels; h++)
        n += q->level[h].count;
    est__weighted *items = est__malloc(n * sizeof *items);
    *out = (est__ranks){ 0 };
    if (!items)
        return est__fail_memory(n * sizeof *items);
    for (int h = 0; h < q->levels; h++)
        for (size_t i = 0; i < q->level[h].count; i++)
            items[count++] = (est__weighted){ q->level[h].v[i], (int64_t)1 << h };
    est_status st = est__ranks_of(items, count, out);
    est__free(items);
    return st;
}

void est__ranks_free(est__ranks *r)
{
    est__free(r->value);
    est__free(r->below);
    *r = (est__ranks){ 0 };
}

/* The number of that rank, counted from 0. */
static double at_rank(const est__ranks *r, int64_t rank)
{
    size_t low = 0, high = r->count - 1;
    while (low < high) {
        size_t middle = (low + high + 1) / 2;
        if (r->below[middle] <= rank)
            low = middle;
        else
            high = middle - 1;
    }
    return r->value[low];
}

double est__ranks_quantile(const est__ranks *r, double share)
{
    if (!r->count)
        return NAN;
    double place = (double)(r->below[r->count] - 1) * fmin(fmax(share, 0), 1), whole = floor(place);
    double low = at_rank(r, (int64_t)whole), high = at_rank(r, (int64_t)ceil(place));
    return low == high ? low : low + (high - low) * (place - whole);
}

int64_t est__ranks_less(const est__ranks *r, double v)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (r->value[middle] < v)
            low = middle + 1;
        else
            high = middle;
    }
    return r->count ? r->below[low] : 0;
}
