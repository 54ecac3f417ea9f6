/* EstNearestCenters: the nearest center of each point, its squared distance, and what Lloyd's iteration wants of that: the points'
 * sums and numbers by center. |x - c|^2 = |x|^2 - 2 (x c - |c|^2 / 2): the center with the greatest bracket is the nearest. Points go
 * through in blocks that are cut by their number alone, a chunk at a time that stays in cache. */
#include <math.h>

#include "backend/cpu/blas.h"
#include "ops/ops.h"

enum {
    LANES = 16,            /* centers that are tried at once */
    ROWS = 6,              /* and points, with the same centers in registers */
    CHUNK = 252,           /* points of a chunk; a multiple of ROWS */
    BLOCK = 4032,          /* at least as many points make a block */
    BLOCKS = 32,           /* at most, as each has sums of its own, */
    SUMS = 1 << 24,        /* and of no more than so many numbers in all */
    PRODUCT = 64           /* centers and dimensions from which a matrix product is the faster way */
};

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t places __attribute__((vector_size(LANES * sizeof(int32_t))));

typedef struct job {
    const float *points;
    int64_t n, d, k;
    const float *centers;  /* by_product: [d, k]; else panels of LANES centers, [d, LANES] each */
    float *half;           /* |c|^2 / 2; infinite where there is none */
    int64_t panels;
    bool by_product;
    int64_t *index;
    float *distance;
    float *sums, *counts;  /* of each block: [k, d], [k] */
    float *scores;         /* of each block: [CHUNK, k]; by_product */
} job;

/* Vectors are handed over by address alone: by value, the way depends on the processor. */
static inline void load(lanes *v, const float *p)
{
    memcpy(v, p, sizeof *v);
}

/* Keeps the greater of two, and which panel it is of. */
static inline void keep(const lanes *score, int32_t panel, lanes *best, places *at)
{
    places better = *score > *best;
    *best = (lanes)((better & (places)*score) | (~better & (places)*best));
    *at = (better & panel) | (~better & *at);
}

/* The first of the greatest. */
static void first_best(const lanes *best, const places *at, float *score, int64_t *index)
{
    *score = (*best)[0];
    *index = (int64_t)(*at)[0] * LANES;
    for (int l = 1; l < LANES; l++) {
        int64_t i = (int64_t)(*at)[l] * LANES + l;
        if ((*best)[l] > *score || ((*best)[l] == *score && i < *index)) {
            *score = (*best)[l];
            *index = i;
        }
    }
}

/* The rows by name, so that the compiler keeps each one's scores in a register. */
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define ROW_START(r) lanes s##r = -c;
#define ROW_ADD(r)   s##r += c * x[r][i];
#define ROW_KEEP(r)  keep(&s##r, (int32_t)p, &best[r], &at[r]);

EST_CLONES static void try_panels(const job *j, const float *const x[ROWS], float score[ROWS], int64_t index[ROWS])
{
    lanes best[ROWS], c;
    places at[ROWS];
    for (int r = 0; r < ROWS; r++) {
        best[r] = (lanes){ 0 } - INFINITY;
        at[r] = (places){ 0 };
    }
    for (int64_t p = 0; p < j->panels; p++) {
        const float *w = j->centers + p * j->d * LANES;
        load(&c, j->half + p * LANES);
        EACH_ROW(ROW_START)
        for (int64_t i = 0; i < j->d; i++, w += LANES) {
            load(&c, w);
            EACH_ROW(ROW_ADD)
        }
        EACH_ROW(ROW_KEEP)
    }
    for (int r = 0; r < ROWS; r++)
        first_best(&best[r], &at[r], &score[r], &index[r]);
}

EST_CLONES static void best_of_row(const float *product, const float *half, int64_t k, float *score, int64_t *index)
{
    lanes best = (lanes){ 0 } - INFINITY, s, h;
    places at = { 0 };
    int64_t whole = k / LANES;
    for (int64_t p = 0; p < whole; p++) {
        load(&s, product + p * LANES);
        load(&h, half + p * LANES);
        s -= h;
        keep(&s, (int32_t)p, &best, &at);
    }
    first_best(&best, &at, score, index);
    for (int64_t i = whole * LANES; i < k; i++)
        if (product[i] - half[i] > *score) {
            *score = product[i] - half[i];
            *index = i;
        }
}

EST_CLONES static float square(const float *x, int64_t d)
{
    lanes sum = { 0 }, v;
    float y = 0;
    int64_t i = 0;
    for (; i + LANES <= d; i += LANES) {
        load(&v, x + i);
        sum += v * v;
    }
    for (int l = 0; l < LANES; l++)
        y += sum[l];
    for (; i < d; i++)
        y += x[i] * x[i];
    return y;
}

EST_CLONES static void add_point(float *sum, const float *x, int64_t d)
{
    EST_IVDEP
    for (int64_t i = 0; i < d; i++)
        sum[i] += x[i];
}

static void find_chunk(const job *j, float *scores, int64_t begin, int64_t rows, float score[CHUNK])
{
    const float *x = j->points + begin * j->d;
    if (j->by_product) {
        est__multiply(NULL, &(est__product){ .dtype = EST_FLOAT, .m = rows, .n = j->k, .k = j->d, .a = x, .b = j->centers, .c = scores,
                                             .engine = EST__ONEDNN });
        for (int64_t r = 0; r < rows; r++)
            best_of_row(scores + r * j->k, j->half, j->k, &score[r], &j->index[begin + r]);
        return;
    }
    for (int64_t r = 0; r < rows; r += ROWS) {
        const float *row[ROWS];
        float s[ROWS];
        int64_t at[ROWS], n = rows - r < ROWS ? rows - r : ROWS;
        for (int i = 0; i < ROWS; i++)   /* the last rows once more where there are no others */
            row[i] = x + (i < n ? r + i : rows - 1) * j->d;
        try_panels(j, row, s, at);
        memcpy(score + r, s, (size_t)n * sizeof *s);
        memcpy(j->index + begin + r, at, (size_t)n * sizeof *at);
    }
}

static void find_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const job *j = arg;
    float *sums = j->sums + block * j->k * j->d, *counts = j->counts + block * j->k;
    float *scores = j->by_product ? j->scores + block * CHUNK * j->k : NULL;
    memset(sums, 0, (size_t)(j->k * j->d) * sizeof *sums);
    memset(counts, 0, (size_t)j->k * sizeof *counts);
    for (int64_t at = begin; at < end; at += CHUNK) {
        float score[CHUNK];
        int64_t rows = end - at < CHUNK ? end - at : CHUNK;
        find_chunk(j, scores, at, rows, score);
        for (int64_t r = 0; r < rows; r++) {
            const float *x = j->points + (at + r) * j->d;
            int64_t c = j->index[at + r];
            j->distance[at + r] = square(x, j->d) - 2 * score[r];
            add_point(sums + c * j->d, x, j->d);
            counts[c] += 1;
        }
    }
}

static void lay_out(job *j, const float *centers, float *to)
{
    for (int64_t c = 0; c < j->panels * LANES; c++) {
        const float *from = centers + (c < j->k ? c : 0) * j->d;
        j->half[c] = c < j->k ? square(from, j->d) / 2 : INFINITY;
        for (int64_t i = 0; i < j->d && (c < j->k || !j->by_product); i++)
            to[j->by_product ? i * j->k + c : (c / LANES * j->d + i) * LANES + c % LANES] = c < j->k ? from[i] : 0;
    }
    j->centers = to;
}

/* The blocks' sums, in their order. */
static void add_up(const float *parts, int64_t blocks, int64_t n, float *to)
{
    memset(to, 0, (size_t)n * sizeof *to);
    for (int64_t b = 0; b < blocks; b++)
        add_point(to, parts + b * n, n);
}

static est_status check(est_kernel *k)
{
    const est_shape *x = &est__in(k, 0)->shape, *c = &est__in(k, 1)->shape;
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    if (x->rank == 2 && c->rank == 2 && x->dim[1] == c->dim[1] && c->dim[0] > 0 && c->dim[0] <= INT32_MAX)
        return EST_OK;
    return est__kernel_fail(k, EST_INVALID_ARGUMENT, "points of %s and centers of %s do not fit", est__shape_string(a, x),
                            est__shape_string(b, c));
}

static est_status make_outputs(est_kernel *k, job *j, est_tensor *out[4])
{
    const est_shape shape[] = { EST_SHAPE(j->n), EST_SHAPE(j->n), EST_SHAPE(j->k, j->d), EST_SHAPE(j->k) };
    for (int i = 0; i < 4; i++)
        EST_TRY(est__out(k, i, &shape[i], &out[i]));
    j->index = out[0]->data;
    j->distance = out[1]->data;
    return EST_OK;
}

static est_status nearest_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0), *c = est__in(k, 1);
    est_tensor *out[4];
    EST_TRY(check(k));
    job j = { .points = x->data, .n = x->shape.dim[0], .d = x->shape.dim[1], .k = c->shape.dim[0] };
    j.panels = (j.k + LANES - 1) / LANES;
    j.by_product = j.k >= PRODUCT && j.d >= PRODUCT && est__engine_found(EST__ONEDNN);
    int64_t most = SUMS / (j.k * j.d + 1), wide = j.panels * LANES;
    most = most < 1 ? 1 : most > BLOCKS ? BLOCKS : most;
    int64_t block = (j.n / most + CHUNK) / CHUNK * CHUNK;
    block = block < BLOCK ? BLOCK : block;
    int64_t blocks = (j.n + block - 1) / block;
    EST_TRY(make_outputs(k, &j, out));
    float *layout = est__scratch(k, (size_t)(wide * (j.d + 1)) * sizeof *layout);
    j.half = est__scratch(k, (size_t)wide * sizeof *j.half);
    j.sums = est__scratch(k, (size_t)(blocks * j.k * j.d + 1) * sizeof *j.sums);
    j.counts = est__scratch(k, (size_t)(blocks * j.k + 1) * sizeof *j.counts);
    j.scores = j.by_product ? est__scratch(k, (size_t)(blocks * CHUNK * j.k + 1) * sizeof *j.scores) : NULL;
    if (!layout || !j.half || !j.sums || !j.counts || (j.by_product && !j.scores))
        return EST_RESOURCE_EXHAUSTED;
    lay_out(&j, c->data, layout);
    est__for_blocks(k->pool, j.n, block, find_block, &j);
    add_up(j.sums, blocks, j.k * j.d, out[2]->data);
    add_up(j.counts, blocks, j.k, out[3]->data);
    return EST_OK;
}

static est_status nearest_infer(est_infer *c)
{
    const est_shape *x = est__infer_in(c, 0), *centers = est__infer_in(c, 1);
    if ((x->rank >= 0 && x->rank != 2) || (centers->rank >= 0 && centers->rank != 2))
        return est__infer_fail(c, "points and centers must be matrices");
    int64_t n = x->rank == 2 ? x->dim[0] : -1, k = centers->rank == 2 ? centers->dim[0] : -1;
    c->out[0] = c->out[1] = EST_SHAPE(n);
    c->out[2] = EST_SHAPE(k, centers->rank == 2 ? centers->dim[1] : -1);
    c->out[3] = EST_SHAPE(k);
    return EST_OK;
}

static void nearest_body(est_body *b)
{
    est_graph *g = b->g;
    est_node *x = b->x[0], *c = b->x[1];
    est_node *product = est_op(g, "MatMul", NULL, EST_NODES(x, c), EST_ATTRS(EST_BOOL_ATTR("transpose_b", true)));
    est_node *half = est_mul(g, est_reduce_sum(g, est_square(g, c), EST_INTS(1), false), est_constant_float(g, 0.5));
    est_node *scores = est_sub(g, product, half);
    est_node *rows = EST_OP1(g, "Shape", half);
    est_node *k = est_op(g, "StridedSlice", NULL,
                         EST_NODES(rows, est_constant_ints(g, EST_INT32, EST_INTS(0)), est_constant_ints(g, EST_INT32, EST_INTS(1)),
                                   est_constant_ints(g, EST_INT32, EST_INTS(1))),
                         EST_ATTRS(EST_INT_ATTR("shrink_axis_mask", 1)));
    b->y[0] = est_argmax(g, scores, 1);
    b->y[1] = est_sub(g, est_reduce_sum(g, est_square(g, x), EST_INTS(1), false),
                      est_mul(g, est_constant_float(g, 2), est_reduce_max(g, scores, EST_INTS(1), false)));
    b->y[2] = EST_OP3(g, "UnsortedSegmentSum", x, b->y[0], k);
    b->y[3] = EST_OP3(g, "UnsortedSegmentSum", EST_OP1(g, "OnesLike", b->y[1]), b->y[0], k);
}

EST_OPS(nearest_centers,
        { .tf_name = "EstNearestCenters",
          .signature = "points: float, centers: float -> index: int64, distance: float, sums: float, counts: float",
          .infer = nearest_infer, .cpu = nearest_cpu, .grad = est__grad_none, .body = nearest_body });

est_node *est_nearest_centers(est_graph *g, est_node *points, est_node *centers)
{
    return EST_OP2(g, "EstNearestCenters", points, centers);
}
