/* Where a feature's bins end: at its values' quantiles; a category has a bin of its own. */
#include <math.h>
#include <stdlib.h>

#include "backend/cpu/vector.h"
#include "trees/trees.h"

/* Floats in the order of these numbers are in their own order, NaN last. */
static uint32_t key_of(float x)
{
    uint32_t bits;
    if (isnan(x))
        return UINT32_MAX;
    x += 0.0f;   /* -0 is 0 */
    memcpy(&bits, &x, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

static float value_of(uint32_t key)
{
    uint32_t bits = key >> 31 ? key & 0x7fffffffu : ~key;
    float x;
    if (key == UINT32_MAX)
        return NAN;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* By radix, eleven bits at a time. */
static void sort_keys(uint32_t *a, uint32_t *b, int64_t n)
{
    enum { BITS = 11, SIZE = 1 << BITS };
    for (int shift = 0; shift < 32; shift += BITS) {
        int64_t count[SIZE] = { 0 }, at = 0;
        for (int64_t i = 0; i < n; i++)
            count[a[i] >> shift & (SIZE - 1)]++;
        for (int d = 0; d < SIZE; d++) {
            int64_t c = count[d];
            count[d] = at;
            at += c;
        }
        for (int64_t i = 0; i < n; i++)
            b[count[a[i] >> shift & (SIZE - 1)]++] = a[i];
        uint32_t *t = a;
        a = b;
        b = t;
    }
}

/* Three passes end in the room: back, as floats, without those that are missing. */
static int64_t sort_values(float *values, int64_t n, float *room)
{
    uint32_t *a = (uint32_t *)values, *b = (uint32_t *)room;
    int64_t present = 0;
    for (int64_t i = 0; i < n; i++)
        a[i] = key_of(values[i]);
    sort_keys(a, b, n);
    for (int64_t i = 0; i < n && b[i] != UINT32_MAX; i++)
        values[present++] = value_of(b[i]);
    return present;
}

static int64_t count_distinct(const float *v, int64_t n)
{
    int64_t d = n > 0;
    for (int64_t i = 1; i < n; i++)
        d += v[i] != v[i - 1];
    return d;
}

/* Between two neighbours, and below the greater one also when they are as near as floats can be. */
static float between(float a, float b)
{
    float middle = a + (b - a) / 2;
    return isfinite(middle) && middle < b ? middle : a;
}

/* A bin is closed once it holds its share of what is left; a value that is more than a share gets one to itself. */
static void cut_numbers(est__tree_feature *f, const float *v, int64_t n, int most)
{
    int64_t distinct = count_distinct(v, n), taken = 0, in_bin = 0;
    int cuts = 0;
    for (int64_t i = 0, next; i < n; i = next) {
        for (next = i + 1; next < n && v[next] == v[i];)
            next++;
        in_bin += next - i;
        int left = most - cuts;
        bool full = distinct <= most || in_bin * left >= n - taken;
        if (next < n && full && left > 1) {
            f->cut[cuts++] = between(v[i], v[next]);
            taken += in_bin;
            in_bin = 0;
        }
    }
    f->bins = cuts + 1;
}

typedef struct category {
    float id;
    int64_t count;
} category;

static int by_count(const void *a, const void *b)
{
    const category *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : (x->id > y->id) - (x->id < y->id);
}

static int by_id(const void *a, const void *b)
{
    const category *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static est_status cut_categories(est__tree_feature *f, const float *v, int64_t n, int most)
{
    int64_t distinct = count_distinct(v, n), count = 0;
    category *c = est__calloc((size_t)distinct + 1, sizeof *c);
    if (c == NULL)
        return est__fail_memory((size_t)distinct * sizeof *c);
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || v[i] != v[i - 1])
            c[count++].id = v[i];
        c[count - 1].count++;
    }
    qsort(c, (size_t)count, sizeof *c, by_count);
    f->bins = count < most ? (int)count : most;
    qsort(c, (size_t)f->bins, sizeof *c, by_id);
    for (int i = 0; i < f->bins; i++)
        f->cut[i] = c[i].id;
    est__free(c);
    return EST_OK;
}

est_status est__tree_cuts(est__tree_feature *f, float *values, int64_t n, int most, float *room)
{
    n = sort_values(values, n, room);
    f->cut = est__malloc((size_t)most * sizeof *f->cut);
    if (f->cut == NULL)
        return est__fail_memory((size_t)most * sizeof *f->cut);
    if (f->categorical)
        return cut_categories(f, values, n, most);
    cut_numbers(f, values, n, most);
    return EST_OK;
}

/* How many cuts are below each value: all values take the same steps, from the greatest power of two down. `cut` ends in infinities. */
EST_CLONES static void count_below(const float *restrict cut, int top, const float *restrict x, int32_t *restrict at, int n)
{
    for (int i = 0; i < n; i++)
        at[i] = 0;
    for (int step = top; step > 0; step /= 2)
        for (int i = 0; i < n; i++)
            at[i] += cut[at[i] + step - 1] < x[i] ? step : 0;
}

void est__tree_bins(const est__tree_feature *f, const float *x, int64_t stride, int64_t n, uint64_t *word, int shift)
{
    enum { SOME = 512 };
    float cut[EST__TREE_SLOTS], value[SOME];
    int32_t at[SOME];
    int cuts = est__tree_cut_count(f), top = 1;
    for (int i = 0; i < EST__TREE_SLOTS; i++)
        cut[i] = i < cuts ? f->cut[i] : INFINITY;
    while (2 * top <= cuts)
        top *= 2;
    for (int64_t first = 0; first < n; first += SOME) {
        int some = n - first < SOME ? (int)(n - first) : SOME;
        for (int i = 0; i < some; i++)
            value[i] = x[(first + i) * stride];
        count_below(cut, top, value, at, some);
        for (int i = 0; i < some; i++) {
            bool none = isnan(value[i]) || (f->categorical && (at[i] == cuts || cut[at[i]] != value[i]));
            word[first + i] |= (uint64_t)(none ? f->bins : at[i]) << shift;
        }
    }
}
