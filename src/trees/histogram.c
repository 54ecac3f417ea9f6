/* Sums of gradients and Hessians by bin. A task is some rows of a leaf and a bundle of features: its sums lie in the cache, and no two
 * tasks write to one place. The sums are whole numbers, so that it does not matter how rows are cut into parts. */
#include "trees/grow.h"

enum {
    BUNDLE = 4,                   /* groups of features of a task */
    NEAR = 2048,                  /* rows whose pairs are fetched once for all groups */
    PART = 32768,                 /* rows that are worth a part of their own */
    MOST_PARTS = 16               /* in all: few leaves of few features are cut by rows too */
};

typedef struct building {
    const est__grower *w;
    est__tree_leaf *const *leaf;
    int64_t bundles, parts;       /* of each leaf */
} building;

typedef struct task {
    const est__tree_leaf *leaf;
    int64_t first, last;          /* groups */
    int64_t begin, end;           /* rows */
    est__tree_sum *out;           /* by slot of the bundle */
    int64_t slot, slots;          /* its first one in a histogram, and how many there are */
} task;

static inline __attribute__((always_inline)) void add_rows(uint64_t *restrict sum, const uint64_t *restrict word,
                                                           const uint64_t *restrict pair, const int32_t *restrict row,
                                                           int64_t n, int features)
{
    for (int64_t i = 0; i < n; i++) {
        __builtin_prefetch(&word[row[i + EST__TREE_AHEAD]]);
        uint64_t bins = word[row[i]], v = pair[i];
        for (int j = 0; j < features; j++)
            sum[j * EST__TREE_SLOTS + (bins >> 8 * j & 255)] += v;
    }
}

/* The number of features as a constant: the inner loop is unrolled. */
static void add_block(uint64_t *sum, const uint64_t *word, const uint64_t *pair, const int32_t *row, int64_t n, int features)
{
    switch (features) {
    case 1: add_rows(sum, word, pair, row, n, 1); break;
    case 2: add_rows(sum, word, pair, row, n, 2); break;
    case 3: add_rows(sum, word, pair, row, n, 3); break;
    case 4: add_rows(sum, word, pair, row, n, 4); break;
    case 5: add_rows(sum, word, pair, row, n, 5); break;
    case 6: add_rows(sum, word, pair, row, n, 6); break;
    case 7: add_rows(sum, word, pair, row, n, 7); break;
    default: add_rows(sum, word, pair, row, n, 8); break;
    }
}

static int features_of(const est__tree_matrix *m, int64_t group)
{
    int64_t left = m->num_features - group * EST__TREE_GROUP;
    return left < EST__TREE_GROUP ? (int)left : EST__TREE_GROUP;
}

static bool is_wanted(const est__grower *w, int64_t group)
{
    bool any = false;
    for (int j = 0; j < features_of(w->m, group); j++)
        any |= w->wanted[group * EST__TREE_GROUP + j];
    return any;
}

/* The first part of a leaf lies in its histogram, the others in the grower's room. */
static task task_of(const building *b, int64_t leaf, int64_t at, int64_t bundle)
{
    const est__grower *w = b->w;
    task p = { .leaf = b->leaf[leaf], .first = bundle * BUNDLE };
    int64_t rows = p.leaf->end - p.leaf->begin, share = (rows + b->parts - 1) / b->parts;
    int64_t features = (bundle + 1) * BUNDLE * EST__TREE_GROUP;
    share = share < PART ? PART : share;
    p.last = p.first + BUNDLE < w->m->groups ? p.first + BUNDLE : w->m->groups;
    p.begin = at * share < rows ? p.leaf->begin + at * share : p.leaf->end;
    p.end = p.leaf->end - p.begin < share ? p.leaf->end : p.begin + share;
    p.slot = w->offset[p.first * EST__TREE_GROUP];
    p.slots = w->offset[features < w->m->num_features ? features : w->m->num_features] - p.slot;
    p.out = at == 0 ? p.leaf->histogram + p.slot
                    : w->parts + ((leaf * (b->parts - 1) + at - 1) * b->bundles + bundle) * BUNDLE * EST__TREE_GROUP * EST__TREE_SLOTS;
    return p;
}

static void add_near(const est__grower *w, const task *p, uint64_t (*sum)[EST__TREE_GROUP * EST__TREE_SLOTS], const bool *wanted,
                     int64_t at, int64_t n)
{
    const int32_t *row = w->rows + at;
    uint64_t pair[NEAR];
    for (int64_t i = 0; i < n; i++)
        pair[i] = (uint64_t)w->pair[row[i]];
    for (int64_t g = p->first; g < p->last; g++)
        if (wanted[g - p->first])
            add_block(sum[g - p->first], w->m->group[g], pair, row, n, features_of(w->m, g));
}

/* Onto the whole sums, before they overflow; leaves zeros. */
static void carry(const est__grower *w, const task *p, int64_t group, uint64_t *sum)
{
    for (int64_t j = 0; j < features_of(w->m, group); j++) {
        int64_t f = group * EST__TREE_GROUP + j;
        est__tree_sum *to = p->out + w->offset[f] - p->slot;
        for (int s = 0; s <= w->m->feature[f].bins; s++) {
            uint64_t v = sum[j * EST__TREE_SLOTS + s];
            to[s].hessian += (int64_t)(uint32_t)v;
            to[s].gradient += (int64_t)v >> 32;
        }
        memset(sum + j * EST__TREE_SLOTS, 0, (size_t)(w->m->feature[f].bins + 1) * sizeof *sum);
    }
}

static void build_part(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const building *b = arg;
    const est__grower *w = b->w;
    task p = task_of(b, block / b->bundles / b->parts, block / b->bundles % b->parts, block % b->bundles);
    uint64_t sum[BUNDLE][EST__TREE_GROUP * EST__TREE_SLOTS];
    bool wanted[BUNDLE];
    (void)begin;
    (void)end;
    memset(p.out, 0, (size_t)p.slots * sizeof *p.out);
    for (int64_t g = p.first; g < p.last; g++)
        if ((wanted[g - p.first] = is_wanted(w, g)))
            memset(sum[g - p.first], 0, sizeof *sum);
    for (int64_t at = p.begin, stop; at < p.end; at = stop) {
        stop = p.end - at < EST__PAIRS_IN_SUM ? p.end : at + EST__PAIRS_IN_SUM;
        for (int64_t near = at; near < stop; near += NEAR)
            add_near(w, &p, sum, wanted, near, stop - near < NEAR ? stop - near : NEAR);
        for (int64_t g = p.first; g < p.last; g++)
            if (wanted[g - p.first])
                carry(w, &p, g, sum[g - p.first]);
    }
}

static void join_parts(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const building *b = arg;
    task whole = task_of(b, block / b->bundles, 0, block % b->bundles);
    (void)begin;
    (void)end;
    for (int64_t at = 1; at < b->parts; at++) {
        task p = task_of(b, block / b->bundles, at, block % b->bundles);
        for (int64_t s = 0; s < p.slots; s++) {
            whole.out[s].gradient += p.out[s].gradient;
            whole.out[s].hessian += p.out[s].hessian;
        }
    }
}

est_status est__histograms_build(est__grower *w, est__tree_leaf *const *leaf, size_t count)
{
    building b = { .w = w, .leaf = leaf, .bundles = (w->m->groups + BUNDLE - 1) / BUNDLE, .parts = 1 };
    int64_t tasks = (int64_t)count * b.bundles, rows = 0;
    for (size_t i = 0; i < count; i++)
        rows = leaf[i]->end - leaf[i]->begin > rows ? leaf[i]->end - leaf[i]->begin : rows;
    if (tasks > 0 && tasks < MOST_PARTS && rows > PART)
        b.parts = (rows + PART - 1) / PART < MOST_PARTS / tasks ? (rows + PART - 1) / PART : MOST_PARTS / tasks;
    if (b.parts > 1 && w->parts == NULL) {
        size_t bytes = (size_t)MOST_PARTS * BUNDLE * EST__TREE_GROUP * EST__TREE_SLOTS * sizeof *w->parts;
        if ((w->parts = est__malloc(bytes)) == NULL)
            return est__fail_memory(bytes);
    }
    est__for_blocks(w->pool, tasks * b.parts, 1, build_part, &b);
    if (b.parts > 1)
        est__for_blocks(w->pool, tasks, 1, join_parts, &b);
    return EST_OK;
}

EST_CLONES static void subtract(int64_t *restrict from, const int64_t *restrict less, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        from[i] -= less[i];
}

void est__histogram_subtract(const est__grower *w, est__tree_sum *from, const est__tree_sum *part)
{
    subtract(&from->gradient, &part->gradient, 2 * w->offset[w->m->num_features]);
}
