/* Sums of gradients and Hessians by bin. A task is a leaf and a group of features: its sums lie in the cache, and no two
 * tasks write to one place. */
#include "trees/grow.h"

typedef struct building {
    const est__grower *w;
    est__tree_leaf *const *leaf;
} building;

static inline __attribute__((always_inline)) void add_rows(uint64_t *restrict sum, const uint64_t *restrict word,
                                                           const est__tree_pair *restrict pair, const int32_t *restrict row,
                                                           int64_t n, int features)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t bins = word[row[i]], v = (uint64_t)pair[row[i]];
        for (int j = 0; j < features; j++)
            sum[j * EST__TREE_SLOTS + (bins >> 8 * j & 255)] += v;
    }
}

/* The number of features as a constant: the inner loop is unrolled. */
static void add_block(uint64_t *sum, const uint64_t *word, const est__tree_pair *pair, const int32_t *row, int64_t n, int features)
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

static void build_one(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const building *b = arg;
    const est__grower *w = b->w;
    const est__tree_matrix *m = w->m;
    const est__tree_leaf *leaf = b->leaf[block / m->groups];
    int64_t group = block % m->groups, first = group * EST__TREE_GROUP;
    int features = m->num_features - first < EST__TREE_GROUP ? (int)(m->num_features - first) : EST__TREE_GROUP;
    uint64_t sum[EST__TREE_GROUP * EST__TREE_SLOTS];
    bool any = false;
    (void)begin;
    (void)end;
    for (int j = 0; j < features; j++)
        any |= w->wanted[first + j];
    if (!any)
        return;
    est__tree_sum *out = leaf->histogram + w->offset[first];
    memset(out, 0, (size_t)(w->offset[first + features] - w->offset[first]) * sizeof *out);
    for (int64_t at = leaf->begin; at < leaf->end; at += EST__PAIRS_IN_SUM) {
        int64_t left = leaf->end - at;
        for (int j = 0; j < features; j++)
            memset(sum + j * EST__TREE_SLOTS, 0, (size_t)(m->feature[first + j].bins + 1) * sizeof *sum);
        add_block(sum, m->group[group], w->pair, w->rows + at, left < EST__PAIRS_IN_SUM ? left : EST__PAIRS_IN_SUM, features);
        for (int j = 0; j < features; j++) {
            est__tree_sum *to = leaf->histogram + w->offset[first + j];
            for (int s = 0; s <= m->feature[first + j].bins; s++) {
                uint64_t v = sum[j * EST__TREE_SLOTS + s];
                to[s].hessian += (int64_t)(uint32_t)v;
                to[s].gradient += (int64_t)v >> 32;
            }
        }
    }
}

void est__histograms_build(const est__grower *w, est__tree_leaf *const *leaf, size_t count)
{
    building b = { .w = w, .leaf = leaf };
    est__for_blocks(w->pool, (int64_t)count * w->m->groups, 1, build_one, &b);
}

EST_CLONES static void subtract(int64_t *restrict from, const int64_t *restrict part, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        from[i] -= part[i];
}

void est__histogram_subtract(const est__grower *w, est__tree_sum *from, const est__tree_sum *part)
{
    subtract(&from->gradient, &part->gradient, 2 * w->offset[w->m->num_features]);
}
