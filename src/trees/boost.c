/* Boosting: scores of all rows, and round after round the trees that better them. */
#include <math.h>

#include "trees/grow.h"
#include "trees/objective.h"

enum { BLOCK = EST__TREE_ROWS };

struct est__boost {
    est__tree_options o;
    est__objective objective;
    const est__tree_matrix *m;
    const float *label, *weight;
    est__ensemble *e;
    est__pool *pool;
    est__grower grower;
    int64_t outputs, rows, blocks;
    float *score;                 /* [outputs][rows] */
    float *total;                 /* softmax: [rows] */
    float *most;                  /* by block: the greatest gradient and Hessian, two floats */
    double *part;                 /* by block: sums of loss and weight, two doubles */
    bool *held_out, *skipped;     /* by row: not trained on, at all and in this round; NULL: none is */
    int64_t best_round;           /* with the least loss of the held-out rows */
    double best_loss;
    /* the tree at hand */
    int64_t output;
    int32_t root;
    uint64_t salt;
};

static const float *label_of(const est__boost *b, int64_t output)
{
    return b->objective == EST__SOFTMAX ? b->label : b->label + output * b->rows;
}

/* ---- chance: by row, whatever the order ---- */
static double chance(uint64_t seed, uint64_t stream, int64_t row)
{
    uint32_t out[4];
    est__philox(seed, stream, (uint64_t)row / 4, out);
    return out[row % 4] * (1.0 / 4294967296.0);
}

/* ---- scores ---- */
static void add_leaf(void *arg, int64_t block, int64_t begin, int64_t end)
{
    est__boost *b = arg;
    const est__tree_leaf *leaf = &b->grower.leaf[block];
    float *score = b->score + b->output * b->rows, value = b->e->value[leaf->node];
    (void)begin;
    (void)end;
    for (int64_t i = leaf->begin; i < leaf->end; i++)
        score[b->grower.rows[i]] += value;
}

static void add_walked(void *arg, int64_t block, int64_t begin, int64_t end)
{
    est__boost *b = arg;
    float *score = b->score + b->output * b->rows;
    (void)block;
    for (int64_t i = begin; i < end; i++)
        if (b->skipped == NULL || b->skipped[i])
            score[i] += b->e->value[est__ensemble_leaf(b->e, b->root, b->m, i)];
}

/* Rows that the tree has grown from lie by leaf; the others find theirs. */
static void add_tree(est__boost *b)
{
    bool *skipped = b->skipped;
    b->root = b->e->root[b->e->num_trees - 1];
    if (b->grower.pruned)
        b->skipped = NULL;
    else
        est__for_blocks(b->pool, (int64_t)b->grower.num_leaves, 1, add_leaf, b);
    if (b->grower.pruned || skipped)
        est__for_blocks(b->pool, b->rows, BLOCK, add_walked, b);
    b->skipped = skipped;
}

/* ---- gradients ---- */
static void find_gradients(void *arg, int64_t block, int64_t begin, int64_t end)
{
    est__boost *b = arg;
    float g[BLOCK], h[BLOCK], most_g = 0, most_h = 0;
    float *out = (float *)b->grower.pair + 2 * begin;
    est__objective_gradients(b->objective, b->score + b->output * b->rows + begin, label_of(b, b->output) + begin,
                             b->total ? b->total + begin : NULL, b->output, end - begin, g, h);
    for (int64_t i = 0; i < end - begin; i++) {
        float w = b->weight ? b->weight[begin + i] : 1;
        g[i] *= w;
        h[i] *= w;
        most_g = fabsf(g[i]) > most_g ? fabsf(g[i]) : most_g;
        most_h = h[i] > most_h ? h[i] : most_h;
        out[2 * i] = g[i];
        out[2 * i + 1] = h[i];
    }
    b->most[2 * block] = most_g;
    b->most[2 * block + 1] = most_h;
}

/* Gradients become whole steps, where they lie. To each a number from 0 to 1 by row and tree is added first: rounding that is right on the
 * average, however small a gradient is beside the greatest. */
EST_CLONES static void round_some(est__tree_pair *pair, int64_t n, float gs, float hs, uint32_t salt)
{
    EST_IVDEP
    for (int64_t i = 0; i < n; i++) {
        uint32_t x = ((uint32_t)i ^ salt) * UINT32_C(0x9E3779B1);
        float g, h, u;
        x ^= x >> 15;
        x *= UINT32_C(0x85EBCA77);
        u = (float)(int32_t)(x >> 8) * (1.0f / 16777216.0f);
        memcpy(&g, (const char *)&pair[i], sizeof g);
        memcpy(&h, (const char *)&pair[i] + sizeof g, sizeof h);
        pair[i] = (int64_t)((uint64_t)(int32_t)floorf(g * gs + u) << 32) + (int32_t)(h * hs + u);
    }
}

static void round_gradients(void *arg, int64_t block, int64_t begin, int64_t end)
{
    est__boost *b = arg;
    uint64_t salt = (b->salt + (uint64_t)block) * UINT64_C(0x9E3779B97F4A7C15);
    round_some(b->grower.pair + begin, end - begin, (float)(1 / b->grower.gradient_unit), (float)(1 / b->grower.hessian_unit),
               (uint32_t)(salt >> 32));
}

static void make_pairs(est__boost *b)
{
    float g = 0, h = 0;
    est__for_blocks(b->pool, b->rows, BLOCK, find_gradients, b);
    for (int64_t i = 0; i < b->blocks; i++) {
        g = b->most[2 * i] > g ? b->most[2 * i] : g;
        h = b->most[2 * i + 1] > h ? b->most[2 * i + 1] : h;
    }
    b->grower.gradient_unit = g > 0 ? (double)g / (EST__GRADIENT_MOST - 1) : 1;
    b->grower.hessian_unit = h > 0 ? (double)h / (EST__HESSIAN_MOST - 1) : 1;
    b->salt = (b->o.seed + (uint64_t)b->e->num_trees) * UINT64_C(0xBF58476D1CE4E5B9);
    est__for_blocks(b->pool, b->rows, BLOCK, round_gradients, b);
}

static void find_totals(void *arg, int64_t block, int64_t begin, int64_t end)
{
    est__boost *b = arg;
    (void)block;
    est__objective_totals(b->score, b->rows, b->outputs, begin, end - begin, b->total);
}

/* ---- what a round sees ---- */
static void sample_rows(est__boost *b, int64_t round)
{
    int64_t n = 0;
    for (int64_t i = 0; i < b->rows; i++) {
        if (b->skipped) {
            b->skipped[i] = (b->held_out && b->held_out[i]) ||
                            (b->o.subsample < 1 && chance(b->o.seed, (uint64_t)round * 2 + 2, i) >= b->o.subsample);
            if (b->skipped[i])
                continue;
        }
        b->grower.rows[n++] = (int32_t)i;
    }
    b->grower.num_rows = n;
}

static void sample_features(est__boost *b)
{
    int64_t n = b->m->num_features, want = (int64_t)ceil(b->o.feature_fraction * (double)n);
    est__random r = { b->o.seed ^ UINT64_C(0x5851F42D4C957F2D), (uint64_t)b->e->num_trees << 32 };
    for (int64_t i = 0; i < n; i++) {   /* as many of those that are left as are still wanted (Knuth 3.4.2 S) */
        b->grower.wanted[i] = (int64_t)est__random_below(&r, (uint64_t)(n - i)) < want;
        want -= b->grower.wanted[i];
    }
}

/* After `round` rounds. */
static void note_round(est__boost *b, int64_t round)
{
    if (b->held_out == NULL)
        return;
    double loss = est__boost_loss(b, true);
    if (round == 0 || loss < b->best_loss) {
        b->best_loss = loss;
        b->best_round = round;
    }
}

est_status est__boost_round(est__boost *b)
{
    int64_t round = b->e->num_trees / b->outputs;
    if (b->total)
        est__for_blocks(b->pool, b->rows, BLOCK, find_totals, b);
    for (b->output = 0; b->output < b->outputs; b->output++) {
        make_pairs(b);
        sample_rows(b, round);
        sample_features(b);
        EST_TRY(est__grow_tree(&b->grower, b->e));
        add_tree(b);
    }
    note_round(b, round + 1);
    return EST_OK;
}

int64_t est__boost_best(const est__boost *b, double *loss)
{
    if (loss)
        *loss = b->best_loss;
    return b->best_round;
}

/* ---- losses ---- */
typedef struct losses {
    est__boost *b;
    bool held_out;
} losses;

static void sum_losses(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const losses *l = arg;
    const est__boost *b = l->b;
    double loss = 0, weight = 0;
    for (int64_t i = begin; i < end; i++) {
        if ((b->held_out && b->held_out[i]) != l->held_out)
            continue;
        double w = b->weight ? (double)b->weight[i] : 1, here = 0;
        if (b->objective == EST__SOFTMAX)
            here = (double)b->total[i] - (double)b->score[(int64_t)b->label[i] * b->rows + i];
        for (int64_t k = 0; k < b->outputs && b->objective != EST__SOFTMAX; k++)
            here += est__objective_loss(b->objective, (double)b->score[k * b->rows + i], (double)b->label[k * b->rows + i]) /
                    (double)b->outputs;
        loss += w * here;
        weight += w;
    }
    b->part[2 * block] = loss;
    b->part[2 * block + 1] = weight;
}

double est__boost_loss(est__boost *b, bool held_out)
{
    losses l = { b, held_out };
    double loss = 0, weight = 0;
    if (b->total)
        est__for_blocks(b->pool, b->rows, BLOCK, find_totals, b);
    est__for_blocks(b->pool, b->rows, BLOCK, sum_losses, &l);
    for (int64_t i = 0; i < b->blocks; i++) {
        loss += b->part[2 * i];
        weight += b->part[2 * i + 1];
    }
    return weight > 0 ? loss / weight : 0;
}

/* ---- life ---- */
static void find_bias(est__boost *b)
{
    for (int64_t k = 0; k < b->outputs; k++) {
        double sum = 0, weight = 0;
        const float *label = label_of(b, k);
        for (int64_t i = 0; i < b->rows; i++) {
            double w = b->weight ? (double)b->weight[i] : 1;
            if (b->held_out && b->held_out[i])
                continue;
            sum += w * (b->objective == EST__SOFTMAX ? label[i] == (float)k : (double)label[i]);
            weight += w;
        }
        b->e->bias[k] = (float)est__objective_bias(b->objective, weight > 0 ? sum / weight : 0);
    }
}

/* The scores as they were after the last tree: the same additions in the same order. */
static void replay(est__boost *b)
{
    bool *skipped = b->skipped;
    for (int64_t k = 0; k < b->outputs; k++)
        for (int64_t i = 0; i < b->rows; i++)
            b->score[k * b->rows + i] = b->e->bias[k];
    note_round(b, 0);
    b->skipped = NULL;
    for (int64_t t = 0; t < b->e->num_trees; t++) {
        b->output = t % b->outputs;
        b->root = b->e->root[t];
        est__for_blocks(b->pool, b->rows, BLOCK, add_walked, b);
        if (b->output == b->outputs - 1)
            note_round(b, t / b->outputs + 1);
    }
    b->skipped = skipped;
}

static est_status start(est__boost *b)
{
    size_t rows = (size_t)b->rows + 1, blocks = (size_t)b->blocks + 1;
    EST_TRY(est__grower_init(&b->grower, &b->o, b->m, b->pool));
    b->score = est__calloc(rows * (size_t)b->outputs, sizeof *b->score);
    b->most = est__calloc(blocks, 2 * sizeof *b->most);
    b->part = est__calloc(blocks, 2 * sizeof *b->part);
    if (!b->score || !b->most || !b->part)
        return est__fail_memory(rows * sizeof *b->score);
    if (b->objective == EST__SOFTMAX && (b->total = est__calloc(rows, sizeof *b->total)) == NULL)
        return est__fail_memory(rows * sizeof *b->total);
    if (b->o.validation_fraction > 0 && (b->held_out = est__calloc(rows, sizeof *b->held_out)) == NULL)
        return est__fail_memory(rows);
    if ((b->held_out || b->o.subsample < 1) && (b->skipped = est__calloc(rows, sizeof *b->skipped)) == NULL)
        return est__fail_memory(rows);
    for (int64_t i = 0; b->held_out && i < b->rows; i++)
        b->held_out[i] = chance(b->o.seed, 1, i) < b->o.validation_fraction;
    if (b->o.center_bias && b->e->num_trees == 0)
        find_bias(b);
    replay(b);
    return EST_OK;
}

est_status est__boost_new(const est__tree_options *o, est__objective objective, const est__tree_matrix *m, const float *labels,
                          const float *weights, est__ensemble *ensemble, est__pool *pool, est__boost **out)
{
    est__boost *b = est__calloc(1, sizeof *b);
    *out = NULL;
    if (b == NULL)
        return est__fail_memory(sizeof *b);
    *b = (est__boost){ .o = *o, .objective = objective, .m = m, .label = labels, .weight = weights, .e = ensemble, .pool = pool,
                       .outputs = ensemble->outputs, .rows = m->rows, .blocks = (m->rows + BLOCK - 1) / BLOCK };
    est_status st = start(b);
    if (st != EST_OK) {
        est__boost_free(b);
        return st;
    }
    *out = b;
    return EST_OK;
}

void est__boost_free(est__boost *b)
{
    if (b == NULL)
        return;
    est__grower_release(&b->grower);
    est__free(b->score);
    est__free(b->total);
    est__free(b->most);
    est__free(b->part);
    est__free(b->held_out);
    est__free(b->skipped);
    est__free(b);
}
