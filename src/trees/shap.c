/* Tree SHAP, a leaf at a time. A leaf of value v adds to feature i, of the m features that are asked on its way,
 *
 *     v (o_i - z_i) times the integral over t in (0, 1) of the product over j != i of (o_j t + z_j (1 - t))
 *
 * where o_j is whether the row goes that way at all splits of j, and z_j the share of the rows that do (the Shapley value as an integral:
 * Owen, "Multilinear extensions of games", 1972). The product is a polynomial of degree m - 1: ceil(m / 2) Gauss-Legendre points are exact,
 * and no term is negative. Rows go through the trees 64 at a time, a bit each. */
#include "trees/shap.h"

#include <math.h>

#include "base/quadrature.h"

enum { ROWS = 64 };               /* of a block: a bit each */

struct est__shap {
    const est__ensemble *e;
    int64_t features, depth;      /* depth: of the deepest leaf */
    double *bias;
    double *share;                /* by node: of the rows of its parent */
    int64_t *end;                 /* by tree: behind its last node */
    double **point, **weight;     /* by number of points; NULL: no leaf needs them */
};

/* One way to a leaf: its steps, then the features that they ask. */
typedef struct way {
    int32_t *node;                /* of a step, [depth] */
    bool *right;                  /* likewise */
    int64_t steps;
    int32_t *place;               /* by feature: its place in `element`, -1: not on the way */
    struct { int32_t feature; double share; uint64_t goes; } *element;
    int64_t elements;
    double *miss, *hit, *product; /* [elements, points] of o = 0 and of o = 1; [points] */
    double *value;                /* [elements] */
    uint64_t *left;               /* by node of the tree: the rows that go left */
} way;

/* ---- what is the same for all rows ---- */
static est_status check_tree(const est__ensemble *e, int64_t tree, int64_t end, bool *has_parent)
{
    for (int64_t i = e->root[tree]; i < end; i++) {
        int32_t l = e->left[i];
        if (l == i)
            continue;
        if (l + 1 >= end || has_parent[l] || has_parent[l + 1])
            return est__fail(EST_DATA_LOSS, "node %lld has the children %d and after, which are another's", (long long)i, l);
        has_parent[l] = has_parent[l + 1] = true;
    }
    return EST_OK;
}

/* The depth and the shares of the nodes, and the mean of each tree; `level` and `mean` are by node. */
static void measure(est__shap *s, int64_t tree, int32_t *level, double *mean)
{
    const est__ensemble *e = s->e;
    for (int64_t i = e->root[tree]; i < s->end[tree]; i++) {
        int32_t l = e->left[i];
        if (l == i)
            continue;
        double sum = (double)e->weight[l] + (double)e->weight[l + 1];
        s->share[l] = sum > 0 ? (double)e->weight[l] / sum : 0.5;
        s->share[l + 1] = 1 - s->share[l];
        level[l] = level[l + 1] = level[i] + 1;
        if (level[l] > s->depth)
            s->depth = level[l];
    }
    for (int64_t i = s->end[tree] - 1; i >= e->root[tree]; i--) {
        int32_t l = e->left[i];
        mean[i] = l == i ? (double)e->value[i] : s->share[l] * mean[l] + s->share[l + 1] * mean[l + 1];
    }
    s->bias[tree % e->outputs] += mean[e->root[tree]];
}

static est_status fill(est__shap *s, int32_t *level, double *mean, bool *has_parent)
{
    const est__ensemble *e = s->e;
    for (int64_t k = 0; k < e->outputs; k++)
        s->bias[k] = (double)e->bias[k];
    for (int64_t t = 0; t < e->num_trees; t++) {
        s->end[t] = t + 1 < e->num_trees ? e->root[t + 1] : e->num_nodes;
        EST_TRY(check_tree(e, t, s->end[t], has_parent));
        measure(s, t, level, mean);
    }
    return EST_OK;
}

/* The points for as many features as a way can have. */
static est_status make_points(est__shap *s)
{
    int64_t most = s->depth < s->features ? s->depth : s->features, n = (most + 1) / 2;
    s->point = est__calloc((size_t)n + 1, sizeof *s->point);
    s->weight = est__calloc((size_t)n + 1, sizeof *s->weight);
    if (s->point == NULL || s->weight == NULL)
        return est__fail_memory((size_t)n * sizeof *s->point);
    for (int64_t i = 1; i <= n; i++) {
        s->point[i] = est__calloc((size_t)i, 2 * sizeof **s->point);
        if (s->point[i] == NULL)
            return est__fail_memory((size_t)i * 2 * sizeof **s->point);
        s->weight[i] = s->point[i] + i;
        est__gauss_legendre((int)i, s->point[i], s->weight[i]);
    }
    return EST_OK;
}

est_status est__shap_new(const est__ensemble *e, int64_t num_features, est__shap **out)
{
    est__shap *s = est__calloc(1, sizeof *s);
    size_t nodes = (size_t)e->num_nodes + 1;
    *out = NULL;
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    *s = (est__shap){ .e = e, .features = num_features };
    s->bias = est__calloc((size_t)e->outputs, sizeof *s->bias);
    s->share = est__calloc(nodes, sizeof *s->share);
    s->end = est__calloc((size_t)e->num_trees + 1, sizeof *s->end);
    int32_t *level = est__calloc(nodes, sizeof *level);
    double *mean = est__calloc(nodes, sizeof *mean);
    bool *has_parent = est__calloc(nodes, sizeof *has_parent);
    bool whole = s->bias && s->share && s->end && level && mean && has_parent;
    est_status st = whole ? fill(s, level, mean, has_parent) : est__fail_memory(nodes * sizeof *mean);
    if (st == EST_OK)
        st = make_points(s);
    est__free(level);
    est__free(mean);
    est__free(has_parent);
    if (st != EST_OK)
        est__shap_free(s);
    else
        *out = s;
    return st;
}

void est__shap_free(est__shap *s)
{
    if (s == NULL)
        return;
    int64_t most = s->depth < s->features ? s->depth : s->features;
    for (int64_t i = 1; s->point && s->weight && i <= (most + 1) / 2; i++)
        est__free(s->point[i]);
    est__free(s->point);
    est__free(s->weight);
    est__free(s->bias);
    est__free(s->share);
    est__free(s->end);
    est__free(s);
}

const double *est__shap_bias(const est__shap *s)
{
    return s->bias;
}

/* ---- a block of rows ---- */
typedef struct block {
    const est__shap *s;
    const float *x;               /* of the first row */
    int64_t rows;
    double *out;
    way *w;
} block;

static bool goes_left(const est__ensemble *e, int64_t node, float x)
{
    if (isnan(x))
        return e->missing_left[node];
    if (e->set[node] < 0)
        return x <= e->threshold[node];
    return x >= 0 && x < EST__TREE_SLOTS && e->members[(int64_t)e->set[node] * EST__TREE_SLOTS + (int)x];
}

static void send_rows(const block *b, int64_t tree)
{
    const est__ensemble *e = b->s->e;
    for (int64_t i = e->root[tree]; i < b->s->end[tree]; i++) {
        uint64_t left = 0;
        for (int64_t r = 0; e->left[i] != i && r < b->rows; r++)
            left |= (uint64_t)goes_left(e, i, b->x[r * b->s->features + e->feature[i]]) << r;
        b->w->left[i - e->root[tree]] = left;
    }
}

/* The features of the way, each once. */
static void gather(const block *b, int64_t tree)
{
    const est__ensemble *e = b->s->e;
    way *w = b->w;
    w->elements = 0;
    for (int64_t i = 0; i < w->steps; i++) {
        int32_t node = w->node[i], f = e->feature[node];
        uint64_t left = w->left[node - e->root[tree]];
        if (w->place[f] < 0) {
            w->place[f] = (int32_t)w->elements;
            w->element[w->elements].feature = f;
            w->element[w->elements].share = 1;
            w->element[w->elements++].goes = ~UINT64_C(0);
        }
        w->element[w->place[f]].share *= b->s->share[e->left[node] + w->right[i]];
        w->element[w->place[f]].goes &= w->right[i] ? ~left : left;
    }
    for (int64_t j = 0; j < w->elements; j++)
        w->place[w->element[j].feature] = -1;
}

static void make_factors(const block *b, int64_t n)
{
    way *w = b->w;
    for (int64_t j = 0; j < w->elements; j++)
        for (int64_t q = 0; q < n; q++) {
            double t = b->s->point[n][q], z = w->element[j].share;
            w->miss[j * n + q] = z * (1 - t);
            w->hit[j * n + q] = t + z * (1 - t);
        }
}

/* What the leaf adds to each feature of the rows that go as row r does. */
static void values_of(const block *b, int64_t r, int64_t n, double leaf)
{
    way *w = b->w;
    const double *point = b->s->point[n], *weight = b->s->weight[n];
    double of_misses = 0;
    for (int64_t q = 0; q < n; q++) {
        double p = weight[q] * leaf;
        for (int64_t j = 0; j < w->elements; j++)
            p *= w->element[j].goes >> r & 1 ? w->hit[j * n + q] : w->miss[j * n + q];
        w->product[q] = p;
        of_misses -= p / (1 - point[q]);
    }
    for (int64_t j = 0; j < w->elements; j++) {
        double sum = 0;
        for (int64_t q = 0; q < n; q++)
            sum += w->product[q] / w->hit[j * n + q];
        w->value[j] = w->element[j].goes >> r & 1 ? (1 - w->element[j].share) * sum : of_misses;
    }
}

static void add_leaf(const block *b, int64_t tree, int64_t leaf)
{
    way *w = b->w;
    const est__ensemble *e = b->s->e;
    uint64_t left = b->rows == ROWS ? ~UINT64_C(0) : (UINT64_C(1) << b->rows) - 1;
    gather(b, tree);
    int64_t n = (w->elements + 1) / 2;
    make_factors(b, n);
    for (int64_t r = 0; left && w->elements; r++) {
        if (!(left >> r & 1))
            continue;
        uint64_t same = left;
        for (int64_t j = 0; j < w->elements; j++)
            same &= w->element[j].goes >> r & 1 ? w->element[j].goes : ~w->element[j].goes;
        left &= ~same;
        values_of(b, r, n, (double)e->value[leaf]);
        for (int64_t i = r; i < b->rows; i++)
            for (int64_t j = 0; same >> i & 1 && j < w->elements; j++)
                b->out[(i * e->outputs + tree % e->outputs) * b->s->features + w->element[j].feature] += w->value[j];
    }
}

/* Leaf after leaf, from left to right. */
static void walk_tree(const block *b, int64_t tree)
{
    const est__ensemble *e = b->s->e;
    way *w = b->w;
    int32_t node = e->root[tree];
    send_rows(b, tree);
    w->steps = 0;
    for (;;) {
        for (; e->left[node] != node; node = e->left[node]) {
            w->node[w->steps] = node;
            w->right[w->steps++] = false;
        }
        add_leaf(b, tree, node);
        while (w->steps && w->right[w->steps - 1])
            w->steps--;
        if (w->steps == 0)
            return;
        w->right[w->steps - 1] = true;
        node = e->left[w->node[w->steps - 1]] + 1;
    }
}

static est_status way_new(const est__shap *s, way *w)
{
    size_t depth = (size_t)s->depth + 1, nodes = 1, points = depth / 2 + 1;
    for (int64_t t = 0; t < s->e->num_trees; t++)
        if ((size_t)(s->end[t] - s->e->root[t]) > nodes)
            nodes = (size_t)(s->end[t] - s->e->root[t]);
    if (depth > (size_t)s->features + 1)
        points = (size_t)s->features / 2 + 1;
    size_t elements = depth < (size_t)s->features ? depth : (size_t)s->features;
    w->node = est__calloc(depth, sizeof *w->node);
    w->right = est__calloc(depth, sizeof *w->right);
    w->place = est__malloc((size_t)s->features * sizeof *w->place + 1);
    w->element = est__calloc(elements + 1, sizeof *w->element);
    w->miss = est__calloc(elements * points + 1, sizeof *w->miss);
    w->hit = est__calloc(elements * points + 1, sizeof *w->hit);
    w->product = est__calloc(points, sizeof *w->product);
    w->value = est__calloc(elements + 1, sizeof *w->value);
    w->left = est__calloc(nodes, sizeof *w->left);
    if (!w->node || !w->right || !w->place || !w->element || !w->miss || !w->hit || !w->product || !w->value || !w->left)
        return est__fail_memory(nodes * sizeof *w->left);
    for (int64_t f = 0; f < s->features; f++)
        w->place[f] = -1;
    return EST_OK;
}

static void way_free(way *w)
{
    est__free(w->node);
    est__free(w->right);
    est__free(w->place);
    est__free(w->element);
    est__free(w->miss);
    est__free(w->hit);
    est__free(w->product);
    est__free(w->value);
    est__free(w->left);
}

typedef struct job {
    const est__shap *s;
    const float *x;
    double *out;
    est__error *error;            /* by block */
} job;

static void do_block(void *arg, int64_t number, int64_t begin, int64_t end)
{
    const job *j = arg;
    const est__shap *s = j->s;
    way w = { 0 };
    int64_t row = s->e->outputs * s->features;
    block b = { .s = s, .x = j->x + begin * s->features, .rows = end - begin, .out = j->out + begin * row, .w = &w };
    est_status st = way_new(s, &w);
    memset(b.out, 0, (size_t)(b.rows * row) * sizeof *b.out);
    for (int64_t t = 0; t < s->e->num_trees && st == EST_OK; t++)
        walk_tree(&b, t);
    est__error_take(&j->error[number], st);
    way_free(&w);
}

est_status est__shap_rows(const est__shap *s, const float *x, int64_t rows, est__pool *pool, double *out)
{
    int64_t blocks = (rows + ROWS - 1) / ROWS;
    job j = { .s = s, .x = x, .out = out, .error = est__calloc((size_t)blocks + 1, sizeof *j.error) };
    if (j.error == NULL)
        return est__fail_memory((size_t)blocks * sizeof *j.error);
    est__for_blocks(pool, rows, ROWS, do_block, &j);
    est_status st = EST_OK;
    for (int64_t i = 0; i < blocks && st == EST_OK; i++)
        if (j.error[i].status != EST_OK)
            st = est__error_give(&j.error[i]);
    est__free(j.error);
    return st;
}
