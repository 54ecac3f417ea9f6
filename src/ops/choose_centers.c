/* EstChooseCenters: what k-means starts from. Rows of `centers` that are not numbers are still to be chosen, from the rows of
 * `points`: at random, each at most once, or far from each other: greedy k-means++ (Arthur and Vassilvitskii 2007), which of several
 * candidates keeps the one that leaves the least sum of squared distances, as TensorFlow's KmeansPlusPlusInitialization does. */
#include <math.h>

#include "ops/ops.h"

enum { BLOCK = 4096 };

typedef struct choice {
    int64_t seed, retries;
    bool plus_plus;
} choice;

static est_status prepare(const est_operation *op, void *state)
{
    *(choice *)state = (choice){ est__attr_int(op, "seed"), est__attr_int(op, "retries"),
                                 strcmp(est__attr_string(op, "method"), "kmeans_plus_plus") == 0 };
    return EST_OK;
}

static double uniform(est__random *r)
{
    return (double)(est__random_next(r) >> 11) * 0x1p-53;
}

/* ---- at random: as many of the rows as are missing, in their order (Knuth's selection sampling) ---- */
static void choose_rows(const float *points, int64_t n, int64_t d, int64_t missing, float *to, est__random *r)
{
    for (int64_t i = 0; i < n && missing > 0; i++)
        if ((int64_t)est__random_below(r, (uint64_t)(n - i)) < missing) {
            memcpy(to, points + i * d, (size_t)d * sizeof *to);
            to += d;
            missing--;
        }
}

/* ---- k-means++ ---- */
typedef struct potential {
    const float *points, *candidate;
    int64_t d;
    const double *nearest;        /* squared distance of each point to the chosen ones */
    double *now;                  /* the same with the candidate among them */
    double *sum;                  /* of each block */
} potential;

EST_CLONES static double apart(const float *a, const float *b, int64_t d)
{
    double lane[8] = { 0 }, y = 0;
    int64_t i = 0;
    for (; i + 8 <= d; i += 8)
        for (int l = 0; l < 8; l++) {
            double v = (double)a[i + l] - (double)b[i + l];
            lane[l] += v * v;
        }
    for (int l = 0; l < 8; l++)
        y += lane[l];
    for (; i < d; i++)
        y += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return y;
}

static void try_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const potential *p = arg;
    double sum = 0;
    for (int64_t i = begin; i < end; i++) {
        double v = apart(p->points + i * p->d, p->candidate, p->d);
        p->now[i] = v < p->nearest[i] ? v : p->nearest[i];
        sum += p->now[i];
    }
    p->sum[block] = sum;
}

/* A row, as likely as its distance is great. */
static int64_t draw(const double *nearest, const double *sum, int64_t n, double total, est__random *r)
{
    double left = uniform(r) * total;
    int64_t block = 0, blocks = (n + BLOCK - 1) / BLOCK;
    while (block + 1 < blocks && left >= sum[block])
        left -= sum[block++];
    int64_t i = block * BLOCK, end = i + BLOCK < n ? i + BLOCK : n;
    while (i + 1 < end && left >= nearest[i])
        left -= nearest[i++];
    return i;
}

typedef struct spreading {
    double *nearest, *now, *best;        /* [n] */
    double *sum, *new_sum, *best_sum;    /* [blocks] */
} spreading;

static double total_of(const double *sum, int64_t blocks)
{
    double total = 0;
    for (int64_t i = 0; i < blocks; i++)
        total += sum[i];
    return total;
}

static void swap(double **a, double **b)
{
    double *t = *a;
    *a = *b;
    *b = t;
}

static void spread(est_kernel *k, spreading *s, const float *points, int64_t n, int64_t d, int64_t missing, float *to, est__random *r)
{
    const choice *c = k->state;
    int64_t blocks = (n + BLOCK - 1) / BLOCK;
    int64_t tries = 1 + (c->retries >= 0 ? c->retries : 2 + (int64_t)log((double)missing));
    for (int64_t i = 0; i < n; i++)
        s->nearest[i] = INFINITY;
    for (int64_t chosen = 0; chosen < missing; chosen++, to += d) {
        double total = chosen ? total_of(s->sum, blocks) : 0, least = INFINITY;
        for (int64_t t = 0; t < (chosen ? tries : 1); t++) {
            int64_t i = total > 0 ? draw(s->nearest, s->sum, n, total, r) : (int64_t)est__random_below(r, (uint64_t)n);
            potential p = { points, points + i * d, d, s->nearest, s->now, s->new_sum };
            est__for_blocks(k->pool, n, BLOCK, try_block, &p);
            double sum = total_of(s->new_sum, blocks);
            if (t > 0 && !(sum < least))
                continue;
            least = sum;
            memcpy(to, points + i * d, (size_t)d * sizeof *to);
            swap(&s->now, &s->best);
            swap(&s->new_sum, &s->best_sum);
        }
        swap(&s->best, &s->nearest);
        swap(&s->best_sum, &s->sum);
    }
}

static est_status plus_plus(est_kernel *k, const float *points, int64_t n, int64_t d, int64_t missing, float *to, est__random *r)
{
    size_t blocks = (size_t)((n + BLOCK - 1) / BLOCK);
    spreading s;
    double **list[] = { &s.nearest, &s.now, &s.best, &s.sum, &s.new_sum, &s.best_sum };
    if (n < missing)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "k-means++ chooses %lld clusters from the first batch, which has %lld rows: "
                                "raise batch_size", (long long)missing, (long long)n);
    for (int i = 0; i < 6; i++) {
        *list[i] = est__scratch(k, (i < 3 ? (size_t)n : blocks) * sizeof(double));
        if (*list[i] == NULL)
            return EST_RESOURCE_EXHAUSTED;
    }
    spread(k, &s, points, n, d, missing, to, r);
    return EST_OK;
}

/* ---- the op ---- */
static est_status choose_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0), *centers = est__in(k, 1);
    const choice *c = k->state;
    bool done = *(const bool *)est__in(k, 2)->data;
    est_tensor *out, *flag;
    const est_shape scalar = EST_SCALAR;
    if (x->shape.rank != 2 || centers->shape.rank != 2 || x->shape.dim[1] != centers->shape.dim[1])
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "points and centers must be matrices of as many columns");
    int64_t n = x->shape.dim[0], d = x->shape.dim[1], all = centers->shape.dim[0], chosen = 0;
    EST_TRY(est__out(k, 1, &scalar, &flag));
    *(bool *)flag->data = true;
    if (done)
        return est__out_share(k, 0, 1, &centers->shape);
    EST_TRY(est__out(k, 0, &centers->shape, &out));
    memcpy(out->data, centers->data, est__tensor_bytes(out));
    while (chosen < all && d > 0 && !isnan(((const float *)centers->data)[chosen * d]))
        chosen++;
    est__random r = { .key = est__fingerprint_cat64(c->seed ? (uint64_t)c->seed : k->seed, (uint64_t)chosen) };
    float *to = (float *)out->data + chosen * d;
    if (c->plus_plus)
        return plus_plus(k, x->data, n, d, all - chosen, to, &r);
    choose_rows(x->data, n, d, all - chosen, to, &r);
    *(bool *)flag->data = n >= all - chosen;
    return EST_OK;
}

static est_status choose_infer(est_infer *c)
{
    const char *method = est__attr_string(c->op, "method");
    if (strcmp(method, "random") != 0 && strcmp(method, "kmeans_plus_plus") != 0)
        return est__infer_fail(c, "method '%s' is neither 'random' nor 'kmeans_plus_plus'", method);
    c->out[0] = *est__infer_in(c, 1);
    c->out[1] = EST_SCALAR;
    return EST_OK;
}

EST_OPS(choose_centers,
        { .tf_name = "EstChooseCenters",
          .signature = "points: float, centers: float, done: bool -> chosen: float, all_done: bool; method: string; seed: int = 0; "
                       "retries: int = 2",
          .infer = choose_infer, .cpu = choose_cpu, .grad = est__grad_none, .state_size = sizeof(choice), .prepare = prepare,
          .flags = EST_OP_STATEFUL });

est_node *est_choose_centers(est_graph *g, est_node *points, est_node *centers, est_node *done, const char *method, int64_t seed,
                             int64_t retries)
{
    return est_op(g, "EstChooseCenters", NULL, EST_NODES(points, centers, done),
                  EST_ATTRS(EST_STRING_ATTR("method", method), EST_INT_ATTR("seed", seed), EST_INT_ATTR("retries", retries)));
}
