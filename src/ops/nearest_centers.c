/* EstNearestCenters: the nearest center of each point, its squared distance, and what Lloyd's iteration wants of that: the points'
 * sums and numbers by center. |x - c|^2 = |x|^2 - 2 (x c - |c|^2 / 2): the center with the greatest bracket is the nearest. Points go
 * through in blocks that are cut by their number alone, a tile at a time, against a few centers in registers. */
#include <math.h>

#include "ops/ops.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(EST_NO_CLONES)
#include <immintrin.h>
#define BY_PROCESSOR 1
#endif

enum {
    CENTERS = 6,           /* that are tried at once */
    TILE = 32,             /* points of a tile, at most; */
    BLOCK = 4032,          /* at least as many, a multiple of that, make a block */
    BLOCKS = 32,           /* at most, as each has sums of its own, */
    SUMS = 1 << 24         /* and of no more than so many numbers in all */
};

typedef struct job {
    const float *points;
    int64_t n, d, k;
    const float *centers;  /* panels of CENTERS, [d, CENTERS] each */
    float *half;           /* |c|^2 / 2; infinite where there is none */
    int64_t *index;
    float *distance;
    float *sums, *counts;  /* of each block: [k, d], [k] */
    float *turned;         /* of each block: [d, TILE] */
} job;

/* Points of which there are `rows`, a multiple of 4, by dimension: four by four, as far as that goes. Tells how many dimensions
 * were written. */
static int64_t turn_fours(const float *x, int64_t d, int64_t rows, float *to)
{
    int64_t i = 0;
#ifdef BY_PROCESSOR
    for (; i + 4 <= d; i += 4)
        for (int64_t r = 0; r < rows; r += 4) {
            const float *from = x + r * d + i;
            __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + d), c = _mm_loadu_ps(from + 2 * d), e = _mm_loadu_ps(from + 3 * d);
            _MM_TRANSPOSE4_PS(a, b, c, e);
            _mm_storeu_ps(to + i * rows + r, a);
            _mm_storeu_ps(to + (i + 1) * rows + r, b);
            _mm_storeu_ps(to + (i + 2) * rows + r, c);
            _mm_storeu_ps(to + (i + 3) * rows + r, e);
        }
#else
    for (; i < d; i++)
        for (int64_t r = 0; r < rows; r++)
            to[i * rows + r] = x[r * d + i];
#endif
    return i;
}

/* The centers by name, so that the compiler keeps each one's scores in registers. */
#define EACH_CENTER(X) X(0) X(1) X(2) X(3) X(4) X(5)

#define W 4
#define TARGET
#define NAME(name) name##_4
#define SPREAD(x) ((NAME(lanes)){ x, x, x, x })
#define MULTIPLY_ADD(sum, x, y) (sum) += (x) * (y)
#define KEEP(score, best, at, place)                                                     \
    {                                                                                    \
        NAME(places) better = (score) > (best);                                          \
        best = (NAME(lanes))((better & (NAME(places))(score)) | (~better & (NAME(places))(best))); \
        at = (better & (place)) | (~better & (at));                                      \
    }
#include "ops/nearest_tile.h"

/* Written out for wider vectors: the compiler takes apart those that the build's own processor lacks. */
#ifdef BY_PROCESSOR
#define W 8
#define TARGET __attribute__((target("avx2,fma")))
#define NAME(name) name##_8
#define SPREAD(x) _mm256_set1_ps(x)
#define MULTIPLY_ADD(sum, x, y) sum = _mm256_fmadd_ps(x, y, sum)
#define KEEP(score, best, at, place)                                                                       \
    {                                                                                                      \
        __m256 better = _mm256_cmp_ps(score, best, _CMP_GT_OQ);                                            \
        best = _mm256_blendv_ps(best, score, better);                                                      \
        at = (NAME(places))_mm256_blendv_ps((__m256)(at), (__m256)_mm256_set1_epi32(place), better);       \
    }
#include "ops/nearest_tile.h"

#define W 16
#define TARGET __attribute__((target("avx512f")))
#define NAME(name) name##_16
#define SPREAD(x) _mm512_set1_ps(x)
#define MULTIPLY_ADD(sum, x, y) sum = _mm512_fmadd_ps(x, y, sum)
#define KEEP(score, best, at, place)                                                                       \
    {                                                                                                      \
        __mmask16 better = _mm512_cmp_ps_mask(score, best, _CMP_GT_OQ);                                    \
        best = _mm512_mask_mov_ps(best, better, score);                                                    \
        at = (NAME(places))_mm512_mask_mov_epi32((__m512i)(at), better, _mm512_set1_epi32(place));         \
    }
#include "ops/nearest_tile.h"
#endif

static void find(est_kernel *k, int64_t block, job *j)
{
#ifdef BY_PROCESSOR
    if (__builtin_cpu_supports("avx512f")) {
        est__for_blocks(k->pool, j->n, block, find_block_16, j);
        return;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        est__for_blocks(k->pool, j->n, block, find_block_8, j);
        return;
    }
#endif
    est__for_blocks(k->pool, j->n, block, find_block_4, j);
}

static void lay_out(job *j, const float *centers, float *to)
{
    for (int64_t c = 0; c < (j->k + CENTERS - 1) / CENTERS * CENTERS; c++) {
        const float *from = centers + (c < j->k ? c : 0) * j->d;
        float square = 0, *panel = to + c / CENTERS * CENTERS * j->d + c % CENTERS;
        for (int64_t i = 0; i < j->d; i++) {
            square += from[i] * from[i];
            panel[i * CENTERS] = c < j->k ? from[i] : 0;
        }
        j->half[c] = c < j->k ? square / 2 : INFINITY;
    }
    j->centers = to;
}

/* The blocks' sums, in their order. */
static void add_up(const float *parts, int64_t blocks, int64_t n, float *to)
{
    memset(to, 0, (size_t)n * sizeof *to);
    for (int64_t b = 0; b < blocks; b++)
        for (int64_t i = 0; i < n; i++)
            to[i] += parts[b * n + i];
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
    int64_t wide = (j.k + CENTERS - 1) / CENTERS * CENTERS, most = SUMS / ((j.k + TILE) * j.d + 1);
    most = most < 1 ? 1 : most > BLOCKS ? BLOCKS : most;
    int64_t block = (j.n / most + TILE) / TILE * TILE;
    block = block < BLOCK ? BLOCK : block;
    int64_t blocks = (j.n + block - 1) / block;
    EST_TRY(make_outputs(k, &j, out));
    float *layout = est__scratch(k, (size_t)(wide * (j.d + 1)) * sizeof *layout);
    j.half = est__scratch(k, (size_t)wide * sizeof *j.half);
    j.sums = est__scratch(k, (size_t)(blocks * j.k * j.d + 1) * sizeof *j.sums);
    j.counts = est__scratch(k, (size_t)(blocks * j.k + 1) * sizeof *j.counts);
    j.turned = est__scratch(k, (size_t)(blocks * TILE * j.d + 1) * sizeof *j.turned);
    if (!layout || !j.half || !j.sums || !j.counts || !j.turned)
        return EST_RESOURCE_EXHAUSTED;
    lay_out(&j, c->data, layout);
    find(k, block, &j);
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
