/* Where a leaf is best cut in two: by XGBoost's gain G_l^2/(H_l + l2) + G_r^2/(H_r + l2) - G^2/(H + l2), with G drawn
 * towards 0 by l1 (Chen and Guestrin 2016). */
#include <stdlib.h>

#include "trees/grow.h"

static double shrink(double g, double l1)
{
    return g > l1 ? g - l1 : g < -l1 ? g + l1 : 0;
}

double est__leaf_weight(const est__grower *w, est__tree_sum sum)
{
    double h = (double)sum.hessian * w->hessian_unit + w->o->l2;
    return h > 0 ? -shrink((double)sum.gradient * w->gradient_unit, w->o->l1) / h : 0;
}

static double score(double g, double h, double l1, double l2)
{
    double t = shrink(g, l1);
    return h + l2 > 0 ? t * t / (h + l2) : 0;
}

/* The candidates of one feature: sums of what would go left, in their order. */
typedef struct candidates {
    double g[EST__TREE_SLOTS], h[EST__TREE_SLOTS], gain[EST__TREE_SLOTS];
} candidates;

typedef struct limits {
    double g, h, l1, l2, least;   /* of the leaf; what each side must weigh */
} limits;

EST_CLONES static void find_gains(candidates *c, int n, const limits *l)
{
    for (int i = 0; i < n; i++) {
        double gl = c->g[i], hl = c->h[i], gr = l->g - gl, hr = l->h - hl;
        double tl = gl > l->l1 ? gl - l->l1 : gl < -l->l1 ? gl + l->l1 : 0;
        double tr = gr > l->l1 ? gr - l->l1 : gr < -l->l1 ? gr + l->l1 : 0;
        double gain = tl * tl / (hl + l->l2) + tr * tr / (hr + l->l2);
        c->gain[i] = hl >= l->least && hr >= l->least ? gain : 0;
    }
}

static int best_of(const candidates *c, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (c->gain[i] > c->gain[best])
            best = i;
    return best;
}

static void set_bit(uint64_t *set, int bin)
{
    set[bin / 64] |= UINT64_C(1) << bin % 64;
}

/* The sums of bins 0 … n - 1, each with those before it; `extra` goes along with all. */
static void accumulate(const est__grower *w, const est__tree_sum *slot, int n, est__tree_sum extra, candidates *c)
{
    for (int i = 0; i < n; i++) {
        extra.gradient += slot[i].gradient;
        extra.hessian += slot[i].hessian;
        c->g[i] = (double)extra.gradient * w->gradient_unit;
        c->h[i] = (double)extra.hessian * w->hessian_unit;
    }
}

static est__tree_sum sum_of(const est__tree_sum *slot, int n, est__tree_sum extra)
{
    for (int i = 0; i < n; i++) {
        extra.gradient += slot[i].gradient;
        extra.hessian += slot[i].hessian;
    }
    return extra;
}

static void try_numeric(const est__grower *w, const est__tree_sum *slot, int bins, const limits *l, bool missing_left, candidates *c,
                        est__tree_split *s)
{
    est__tree_sum none = { 0, 0 }, missing = slot[bins];
    /* with all values on the left, missing ones alone are right: a split too, when they are not left */
    int n = missing_left ? bins - 1 : bins;
    if (n < 1)
        return;
    accumulate(w, slot, n, missing_left ? missing : none, c);
    find_gains(c, n, l);
    int best = best_of(c, n);
    if (!(c->gain[best] > s->gain))
        return;
    s->gain = c->gain[best];
    s->bin = best;
    s->sum = sum_of(slot, best + 1, missing_left ? missing : none);
    memset(s->left, 0, sizeof s->left);
    for (int i = 0; i <= best; i++)
        set_bit(s->left, i);
    if (missing_left)
        set_bit(s->left, bins);
}

/* ---- categories: in the order of their mean gradient, the best split is a cut (Fisher 1958) ---- */
typedef struct ordered {
    double mean;
    int bin;
} ordered;

static int by_mean(const void *a, const void *b)
{
    const ordered *x = a, *y = b;
    return x->mean != y->mean ? (x->mean < y->mean ? -1 : 1) : x->bin - y->bin;
}

static void try_categories(const est__grower *w, const est__tree_sum *slot, int bins, const limits *given, candidates *c, est__tree_split *s)
{
    ordered order[EST__TREE_SLOTS];
    est__tree_sum sorted[EST__TREE_SLOTS];
    limits l = *given;
    int n = 0;
    for (int i = 0; i <= bins; i++)
        if (slot[i].hessian > 0)
            order[n++] = (ordered){ (double)slot[i].gradient * w->gradient_unit /
                                    ((double)slot[i].hessian * w->hessian_unit + w->o->categorical_smoothing), i };
    if (n < 2)
        return;
    qsort(order, (size_t)n, sizeof *order, by_mean);
    for (int i = 0; i < n; i++)
        sorted[i] = slot[order[i].bin];
    accumulate(w, sorted, n - 1, (est__tree_sum){ 0, 0 }, c);
    find_gains(c, n - 1, &l);
    int best = best_of(c, n - 1);
    if (!(c->gain[best] > s->gain))
        return;
    s->gain = c->gain[best];
    s->categorical = true;
    s->sum = sum_of(sorted, best + 1, (est__tree_sum){ 0, 0 });
    memset(s->left, 0, sizeof s->left);
    for (int i = 0; i <= best; i++)
        set_bit(s->left, order[i].bin);
}

static void find_one(const est__grower *w, const est__tree_leaf *leaf, int32_t feature, est__tree_split *s)
{
    const est__tree_feature *f = &w->m->feature[feature];
    const est__tree_sum *slot = leaf->histogram + w->offset[feature];
    candidates c;
    limits l = { .g = (double)leaf->sum.gradient * w->gradient_unit, .h = (double)leaf->sum.hessian * w->hessian_unit,
                 .l1 = w->o->l1, .l2 = w->o->l2 };
    l.least = w->o->min_node_weight > w->hessian_unit ? w->o->min_node_weight : w->hessian_unit;
    double before = score(l.g, l.h, l.l1, l.l2);
    *s = (est__tree_split){ .gain = before, .feature = feature };
    if (f->categorical) {
        try_categories(w, slot, f->bins, &l, &c, s);
    } else {
        bool any_missing = slot[f->bins].hessian > 0 || slot[f->bins].gradient != 0;
        try_numeric(w, slot, f->bins, &l, false, &c, s);
        if (any_missing)
            try_numeric(w, slot, f->bins, &l, true, &c, s);
        else if (2 * s->sum.hessian >= leaf->sum.hessian)   /* none was seen: they go where most rows go */
            set_bit(s->left, f->bins);
    }
    s->gain -= before;
}

typedef struct finding {
    est__grower *w;
    est__tree_leaf *const *leaf;
} finding;

static void find_feature(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const finding *f = arg;
    est__grower *w = f->w;
    int64_t features = w->m->num_features;
    (void)block;
    for (int64_t i = begin; i < end; i++) {
        if (w->wanted[i % features])
            find_one(w, f->leaf[i / features], (int32_t)(i % features), &w->found[i]);
        else
            w->found[i].gain = 0;
    }
}

est_status est__splits_find(est__grower *w, est__tree_leaf *const *leaf, size_t count)
{
    int64_t features = w->m->num_features;
    finding f = { .w = w, .leaf = leaf };
    EST_TRY(est__grow(&w->found, &w->cap_found, count * (size_t)features, sizeof *w->found));
    est__for_blocks(w->pool, (int64_t)count * features, 16, find_feature, &f);
    for (size_t i = 0; i < count; i++) {
        const est__tree_split *best = &w->found[(int64_t)i * features];
        for (int64_t j = 1; j < features; j++)
            if (w->found[(int64_t)i * features + j].gain > best->gain)
                best = &w->found[(int64_t)i * features + j];
        leaf[i]->split = *best;
    }
    return EST_OK;
}
