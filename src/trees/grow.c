/* One tree: rounds of splits, of all leaves of a depth or of the one leaf that gains most. Of two children only the
 * one with fewer rows is summed up; the other is the difference. */
#include <math.h>
#include <stdlib.h>

#include "trees/grow.h"

enum { PIECE = 16384 };           /* rows of a piece of a leaf */

est_status est__grower_init(est__grower *w, const est__tree_options *o, const est__tree_matrix *m, est__pool *pool)
{
    size_t rows = (size_t)m->rows + 1, features = (size_t)m->num_features + 1;
    *w = (est__grower){ .o = o, .m = m, .pool = pool };
    w->offset = est__calloc(features, sizeof *w->offset);
    w->wanted = est__calloc(features, sizeof *w->wanted);
    w->pair = est__malloc(rows * sizeof *w->pair);
    w->rows = est__calloc(rows + EST__TREE_AHEAD, sizeof *w->rows);
    w->to_left = est__malloc(rows * sizeof *w->to_left);
    w->to_right = est__malloc(rows * sizeof *w->to_right);
    if (!w->offset || !w->wanted || !w->pair || !w->rows || !w->to_left || !w->to_right)
        return est__fail_memory(rows * sizeof *w->pair);
    for (int64_t f = 0; f < m->num_features; f++)
        w->offset[f + 1] = w->offset[f] + m->feature[f].bins + 1;
    return EST_OK;
}

void est__grower_release(est__grower *w)
{
    for (size_t i = 0; i < w->num_leaves; i++)
        est__free(w->leaf[i].histogram);
    for (size_t i = 0; i < w->num_spare; i++)
        est__free(w->spare[i]);
    est__free(w->offset);
    est__free(w->wanted);
    est__free(w->pair);
    est__free(w->rows);
    est__free(w->to_left);
    est__free(w->to_right);
    est__free(w->leaf);
    est__free(w->node_sum);
    est__free(w->spare);
    est__free(w->parts);
    est__free(w->found);
}

/* ---- histograms come and go ---- */
static est_status take_histogram(est__grower *w, est__tree_sum **out)
{
    size_t bytes = (size_t)w->offset[w->m->num_features] * sizeof **out;
    *out = w->num_spare ? w->spare[--w->num_spare] : est__malloc(bytes);
    return *out ? EST_OK : est__fail_memory(bytes);
}

static est_status give_histogram(est__grower *w, est__tree_leaf *leaf)
{
    if (leaf->histogram == NULL)
        return EST_OK;
    EST_TRY(est__grow(&w->spare, &w->cap_spare, w->num_spare + 1, sizeof *w->spare));
    w->spare[w->num_spare++] = leaf->histogram;
    leaf->histogram = NULL;
    return EST_OK;
}

/* ---- the nodes ---- */
static bool bit(const uint64_t *set, int i)
{
    return set[i / 64] >> i % 64 & 1;
}

static est_status write_split(const est__grower *w, est__ensemble *e, const est__tree_leaf *leaf, int32_t left)
{
    const est__tree_split *s = &leaf->split;
    const est__tree_feature *f = &w->m->feature[s->feature];
    int32_t n = leaf->node;
    e->left[n] = left;
    e->feature[n] = s->feature;
    e->gain[n] = (float)s->gain;
    e->missing_left[n] = bit(s->left, f->bins);
    e->threshold[n] = s->categorical || s->bin == f->bins - 1 ? INFINITY : f->cut[s->bin];
    if (!s->categorical)
        return EST_OK;
    EST_TRY(est__ensemble_add_set(e, &e->set[n]));
    for (int i = 0; i < f->bins; i++)
        e->members[e->set[n] * EST__TREE_SLOTS + i] = bit(s->left, i);
    return EST_OK;
}

static est_status keep_sum(est__grower *w, est__ensemble *e, int32_t node, est__tree_sum sum)
{
    size_t at = (size_t)(node - e->root[e->num_trees - 1]);
    EST_TRY(est__grow(&w->node_sum, &w->cap_sums, at + 1, sizeof *w->node_sum));
    w->node_sum[at] = sum;
    e->weight[node] = (float)((double)sum.hessian * w->hessian_unit);
    e->value[node] = (float)(w->o->learning_rate * est__leaf_weight(w, sum));
    return EST_OK;
}

/* ---- rows to the left and to the right, keeping their order ---- */
typedef struct piece {
    const est__tree_leaf *leaf;
    int64_t begin, end, lefts, rights;    /* its rows, and how many of them go where */
    int64_t left_at, right_at;    /* where these go to */
} piece;

typedef struct parting {
    est__grower *w;
    piece *piece;
} parting;

static void part_piece(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const parting *p = arg;
    const est__grower *w = p->w;
    piece *x = &p->piece[block];
    const est__tree_split *s = &x->leaf->split;
    const uint64_t *word = w->m->group[s->feature / EST__TREE_GROUP];
    int shift = 8 * (s->feature % EST__TREE_GROUP);
    const int32_t *row = w->rows;
    int32_t *to_left = w->to_left + x->begin, *to_right = w->to_right + x->begin;
    int64_t l = 0, r = 0;
    bool left[EST__TREE_SLOTS];
    (void)begin;
    (void)end;
    for (int i = 0; i < EST__TREE_SLOTS; i++)
        left[i] = bit(s->left, i);
    for (int64_t i = x->begin; i < x->end; i++) {
        __builtin_prefetch(&word[row[i + EST__TREE_AHEAD]]);
        bool goes = left[word[row[i]] >> shift & 255];
        to_left[l] = row[i];
        to_right[r] = row[i];
        l += goes;
        r += !goes;
    }
    x->lefts = l;
    x->rights = r;
}

static void join_piece(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const parting *p = arg;
    const est__grower *w = p->w;
    const piece *x = &p->piece[block];
    (void)begin;
    (void)end;
    memcpy(w->rows + x->left_at, w->to_left + x->begin, (size_t)x->lefts * sizeof *w->rows);
    memcpy(w->rows + x->right_at, w->to_right + x->begin, (size_t)x->rights * sizeof *w->rows);
}

/* Where the pieces of a leaf go; returns the end of its left rows. */
static int64_t place_pieces(piece *x, size_t n)
{
    int64_t at = x->begin;
    for (size_t i = 0; i < n; at += x[i++].lefts)
        x[i].left_at = at;
    int64_t middle = at;
    for (size_t i = 0; i < n; at += x[i++].rights)
        x[i].right_at = at;
    return middle;
}

/* `middle`: by leaf, where the rows of its right child begin. */
static est_status part_rows(est__grower *w, est__tree_leaf *const *leaf, size_t count, int64_t *middle)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += (size_t)((leaf[i]->end - leaf[i]->begin + PIECE - 1) / PIECE);
    parting p = { .w = w, .piece = est__calloc(n + 1, sizeof *p.piece) };
    if (p.piece == NULL)
        return est__fail_memory(n * sizeof *p.piece);
    n = 0;
    for (size_t i = 0; i < count; i++)
        for (int64_t at = leaf[i]->begin, end = leaf[i]->end; at < end; at += PIECE)
            p.piece[n++] = (piece){ .leaf = leaf[i], .begin = at, .end = at + PIECE < end ? at + PIECE : end };
    est__for_blocks(w->pool, (int64_t)n, 1, part_piece, &p);
    n = 0;
    for (size_t i = 0; i < count; i++) {
        size_t pieces = (size_t)((leaf[i]->end - leaf[i]->begin + PIECE - 1) / PIECE);
        middle[i] = place_pieces(&p.piece[n], pieces);
        n += pieces;
    }
    est__for_blocks(w->pool, (int64_t)n, 1, join_piece, &p);
    est__free(p.piece);
    return EST_OK;
}

/* ---- a round ---- */
static double least_gain(const est__grower *w)
{
    return w->o->pruning == EST__PRUNE_PRE ? w->o->tree_complexity : 0;
}

static bool may_split(const est__grower *w, const est__tree_leaf *leaf)
{
    return leaf->histogram && leaf->split.gain > least_gain(w) + 1e-9;
}

static bool has_room(const est__grower *w, size_t leaves)
{
    return w->o->max_leaves == 0 || (int64_t)leaves < w->o->max_leaves;
}

/* The leaves that are split next, as places in w->leaf. Depth by depth all that gain, the best ones where leaves run out; or the
 * single best one. */
static size_t choose(const est__grower *w, int64_t depth, size_t *chosen)
{
    size_t count = 0;
    for (size_t i = 0; i < w->num_leaves; i++)
        if (may_split(w, &w->leaf[i]) && (w->o->leaf_wise || w->leaf[i].depth == depth))
            chosen[count++] = i;
    size_t most = w->o->leaf_wise ? 1 : count;
    if (w->o->max_leaves && (int64_t)(w->num_leaves + most) > w->o->max_leaves)
        most = (size_t)w->o->max_leaves - w->num_leaves;
    for (size_t i = 0; i < most && most < count; i++) {   /* the best of the rest, to the front */
        size_t best = i;
        for (size_t j = i + 1; j < count; j++)
            if (w->leaf[chosen[j]].split.gain > w->leaf[chosen[best]].split.gain)
                best = j;
        size_t t = chosen[best];
        memmove(&chosen[i + 1], &chosen[i], (best - i) * sizeof *chosen);
        chosen[i] = t;
    }
    return count < most ? count : most;
}

static est_status make_children(est__grower *w, est__ensemble *e, size_t at, int64_t middle)
{
    est__tree_leaf parent = w->leaf[at];
    int32_t left;
    EST_TRY(est__ensemble_add_nodes(e, 2, &left));
    EST_TRY(write_split(w, e, &parent, left));
    est__tree_sum l = parent.split.sum;
    est__tree_sum r = { parent.sum.gradient - l.gradient, parent.sum.hessian - l.hessian };
    EST_TRY(keep_sum(w, e, left, l));
    EST_TRY(keep_sum(w, e, left + 1, r));
    EST_TRY(est__grow(&w->leaf, &w->cap_leaves, w->num_leaves + 1, sizeof *w->leaf));
    est__tree_leaf *a = &w->leaf[at], *b = &w->leaf[w->num_leaves++];
    *a = (est__tree_leaf){ .node = left, .depth = parent.depth + 1, .begin = parent.begin, .end = middle, .sum = l,
                           .histogram = parent.histogram };
    *b = (est__tree_leaf){ .node = left + 1, .depth = parent.depth + 1, .begin = middle, .end = parent.end, .sum = r };
    e->depth = a->depth > e->depth ? a->depth : e->depth;
    return EST_OK;
}

/* The parent's histogram, which the left child has, becomes that of the child with more rows. */
static est_status sum_children(est__grower *w, const size_t *chosen, size_t first_new, size_t count, est__tree_leaf **list)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        est__tree_leaf *l = &w->leaf[chosen[i]], *r = &w->leaf[first_new + i];
        if (w->o->max_depth && l->depth >= w->o->max_depth) {
            EST_TRY(give_histogram(w, l));
            continue;
        }
        est__tree_leaf *small = l->end - l->begin < r->end - r->begin ? l : r, *large = small == l ? r : l;
        large->histogram = l->histogram;
        small->histogram = NULL;
        EST_TRY(take_histogram(w, &small->histogram));
        list[n++] = small;
        list[count + n - 1] = large;
    }
    EST_TRY(est__histograms_build(w, list, n));
    for (size_t i = 0; i < n; i++)
        est__histogram_subtract(w, list[count + i]->histogram, list[i]->histogram);
    memmove(list + n, list + count, n * sizeof *list);
    return n ? est__splits_find(w, list, 2 * n) : EST_OK;
}

static est_status split_round(est__grower *w, est__ensemble *e, const size_t *chosen, size_t count, est__tree_leaf **list,
                              int64_t *middle)
{
    size_t first_new = w->num_leaves;
    for (size_t i = 0; i < count; i++)
        list[i] = &w->leaf[chosen[i]];
    EST_TRY(part_rows(w, list, count, middle));
    for (size_t i = 0; i < count; i++)
        EST_TRY(make_children(w, e, chosen[i], middle[i]));
    return sum_children(w, chosen, first_new, count, list);
}

static est_status start_root(est__grower *w, est__ensemble *e)
{
    EST_TRY(est__ensemble_add_tree(e));
    EST_TRY(est__grow(&w->leaf, &w->cap_leaves, 1, sizeof *w->leaf));
    w->leaf[0] = (est__tree_leaf){ .node = e->root[e->num_trees - 1], .end = w->num_rows };
    w->num_leaves = 1;
    est__tree_leaf *root = &w->leaf[0];
    EST_TRY(take_histogram(w, &root->histogram));
    EST_TRY(est__histograms_build(w, &root, 1));
    int64_t f = 0;
    while (!w->wanted[f])
        f++;
    for (int64_t s = w->offset[f]; s < w->offset[f + 1]; s++) {
        root->sum.gradient += root->histogram[s].gradient;
        root->sum.hessian += root->histogram[s].hessian;
    }
    EST_TRY(keep_sum(w, e, root->node, root->sum));
    return est__splits_find(w, &root, 1);
}

static est_status grow_rounds(est__grower *w, est__ensemble *e)
{
    for (int64_t depth = 0;; depth++) {
        size_t n = w->num_leaves;
        if (!has_room(w, n))
            return EST_OK;
        size_t *chosen = est__calloc(n, sizeof *chosen);
        est__tree_leaf **list = est__calloc(2 * n, sizeof *list);
        int64_t *middle = est__calloc(n, sizeof *middle);
        est_status st = chosen && list && middle ? EST_OK : est__fail_memory(n * sizeof *chosen);
        size_t count = st == EST_OK ? choose(w, depth, chosen) : 0;
        if (count)
            st = split_round(w, e, chosen, count, list, middle);
        est__free(chosen);
        est__free(list);
        est__free(middle);
        if (st != EST_OK || count == 0)
            return st;
    }
}

/* ---- pruning afterwards: what gained less than a leaf costs is joined again, from below ---- */
static bool is_leaf(const est__ensemble *e, int32_t n)
{
    return e->left[n] == n;
}

static void make_leaf(est__ensemble *e, int32_t n)
{
    e->left[n] = n;
    e->feature[n] = 0;
    e->threshold[n] = INFINITY;
    e->missing_left[n] = true;
    e->set[n] = -1;
    e->gain[n] = 0;
}

static void move_node(est__ensemble *e, int32_t from, int32_t to, int32_t left)
{
    e->feature[to] = e->feature[from];
    e->threshold[to] = e->threshold[from];
    e->missing_left[to] = e->missing_left[from];
    e->left[to] = left;
    e->set[to] = e->set[from];
    e->value[to] = e->value[from];
    e->gain[to] = e->gain[from];
    e->weight[to] = e->weight[from];
}

/* Closes the gaps: nodes that were joined vanish. Sets that nothing names stay, they do no harm. */
static est_status close_gaps(est__ensemble *e, int32_t root, const bool *dead)
{
    int32_t n = (int32_t)e->num_nodes - root, at = root;
    int32_t *place = est__calloc((size_t)n, sizeof *place);
    if (place == NULL)
        return est__fail_memory((size_t)n * sizeof *place);
    for (int32_t i = 0; i < n; i++) {
        place[i] = at;
        at += !dead[i];
    }
    for (int32_t i = 0; i < n; i++)
        if (!dead[i])
            move_node(e, root + i, place[i], place[e->left[root + i] - root]);
    e->num_nodes = at;
    est__free(place);
    return EST_OK;
}

static est_status prune(est__grower *w, est__ensemble *e)
{
    int32_t root = e->root[e->num_trees - 1], n = (int32_t)e->num_nodes - root;
    bool *dead = est__calloc((size_t)n, sizeof *dead);
    if (dead == NULL)
        return est__fail_memory((size_t)n);
    for (int32_t i = n; i-- > 0;) {
        int32_t left = e->left[root + i];
        if (dead[i] || left == root + i || !is_leaf(e, left) || !is_leaf(e, left + 1) ||
            (double)e->gain[root + i] > w->o->tree_complexity)
            continue;
        dead[left - root] = dead[left - root + 1] = true;
        make_leaf(e, root + i);
        w->pruned = true;
    }
    est_status st = w->pruned ? close_gaps(e, root, dead) : EST_OK;
    est__free(dead);
    return st;
}

est_status est__grow_tree(est__grower *w, est__ensemble *e)
{
    w->pruned = false;
    w->num_leaves = 0;
    EST_TRY(start_root(w, e));
    EST_TRY(grow_rounds(w, e));
    for (size_t i = 0; i < w->num_leaves; i++)
        EST_TRY(give_histogram(w, &w->leaf[i]));
    return w->o->pruning == EST__PRUNE_POST ? prune(w, e) : EST_OK;
}
