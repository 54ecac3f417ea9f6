/* Random numbers by Philox: the key is the run's seed and the operation's name, the counter its step and the
 * element, so that the numbers depend on no other operation and on no thread. */
#include <math.h>

#include "ops/ops.h"

static est_status random_prepare(const est_operation *op, void *state)
{
    uint64_t seeds = (uint64_t)est__attr_int(op, "seed") * 0x9e3779b97f4a7c15u +
                     (uint64_t)est__attr_int(op, "seed2");
    *(uint64_t *)state = est__fingerprint_cat64(est__fingerprint64(op->name, strlen(op->name)), seeds);
    return EST_OK;
}

static est_status random_infer(est_infer *c)
{
    est__infer_value_as_shape(c, 0, &c->out[0]);
    return EST_OK;
}

/* [0, 1): 23 bits. */
static float uniform_float(uint32_t bits)
{
    return (float)(bits >> 9) * 0x1p-23f;
}

static double uniform_double(uint32_t high, uint32_t low)
{
    return (double)(((uint64_t)(high & 0xfffff) << 32) | low) * 0x1p-52;
}

/* Two normal numbers from two uniform ones (Box and Muller 1958). */
static void normal_pair(double u1, double u2, double out[2])
{
    double r = sqrt(-2 * log(u1 < 1e-16 ? 1e-16 : u1)), v = 6.283185307179586 * u2;
    out[0] = r * sin(v);
    out[1] = r * cos(v);
}

typedef struct job {
    uint64_t key, step;
    est_dtype dtype;
    void *out;
    int64_t n;
    int64_t low;
    uint64_t range;
} job;

/* Each group of two elements has a counter of its own; those drawn again have further ones, told apart by the
 * upper bits. */
static void draw(const job *j, int64_t group, uint64_t again, double u[2])
{
    uint32_t bits[4];
    est__philox(j->key, j->step, (uint64_t)group | again << 48, bits);
    u[0] = uniform_double(bits[0], bits[1]);
    u[1] = uniform_double(bits[2], bits[3]);
}

static void put(const job *j, int64_t i, double v)
{
    if (i >= j->n)
        return;
    if (j->dtype == EST_FLOAT)
        ((float *)j->out)[i] = (float)v;
    else
        ((double *)j->out)[i] = v;
}

static void uniform_groups(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const job *j = arg;
    (void)block;
    for (int64_t g = begin; g < end; g++) {
        uint32_t bits[4];
        est__philox(j->key, j->step, (uint64_t)g, bits);
        for (int i = 0; i < 2; i++) {
            if (j->dtype == EST_FLOAT)
                put(j, 2 * g + i, uniform_float(bits[i]));
            else
                put(j, 2 * g + i, uniform_double(bits[2 * i], bits[2 * i + 1]));
        }
    }
}

static void normal_groups(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const job *j = arg;
    (void)block;
    for (int64_t g = begin; g < end; g++) {
        double u[2], v[2];
        draw(j, g, 0, u);
        normal_pair(u[0], u[1], v);
        put(j, 2 * g, v[0]);
        put(j, 2 * g + 1, v[1]);
    }
}

static void truncated_groups(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const job *j = arg;
    (void)block;
    for (int64_t g = begin; g < end; g++) {
        double u[2], v[2];
        int have = 0;
        for (uint64_t again = 0; have < 2; again++) {
            draw(j, g, again, u);
            normal_pair(u[0], u[1], v);
            for (int i = 0; i < 2 && have < 2; i++)
                if (fabs(v[i]) < 2)
                    put(j, 2 * g + have++, v[i]);
        }
    }
}

static void int_groups(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const job *j = arg;
    (void)block;
    for (int64_t g = begin; g < end; g++) {
        uint32_t bits[4];
        est__philox(j->key, j->step, (uint64_t)g, bits);
        for (int i = 0; i < 2 && 2 * g + i < j->n; i++) {
            uint64_t v = (uint64_t)j->low + (((uint64_t)bits[2 * i] << 32) | bits[2 * i + 1]) % j->range;
            if (j->dtype == EST_INT32)
                ((int32_t *)j->out)[2 * g + i] = (int32_t)v;
            else
                ((int64_t *)j->out)[2 * g + i] = (int64_t)v;
        }
    }
}

static est_status random_fill(est_kernel *k, job *j, void (*groups)(void *, int64_t, int64_t, int64_t))
{
    est_shape s;
    est_tensor *out;
    EST_TRY(est__in_shape(k, 0, &s));
    EST_TRY(est__out(k, 0, &s, &out));
    j->key = est__fingerprint_cat64(k->seed, *(const uint64_t *)k->state);
    j->step = k->step;
    j->dtype = out->dtype;
    j->out = out->data;
    j->n = est_shape_elements(&s);
    if (j->n > 0)
        est__for_blocks(k->pool, (j->n + 1) / 2, 4096, groups, j);
    return EST_OK;
}

static est_status uniform_cpu(est_kernel *k)
{
    return random_fill(k, &(job){ 0 }, uniform_groups);
}

static est_status normal_cpu(est_kernel *k)
{
    return random_fill(k, &(job){ 0 }, normal_groups);
}

static est_status truncated_cpu(est_kernel *k)
{
    return random_fill(k, &(job){ 0 }, truncated_groups);
}

static est_status int_cpu(est_kernel *k)
{
    const est_tensor *low = est__in(k, 1), *high = est__in(k, 2);
    if (est__tensor_elements(low) != 1 || est__tensor_elements(high) != 1 ||
        est__int_at(low, 0) >= est__int_at(high, 0))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "minval must be below maxval, both scalars");
    job j = { .low = est__int_at(low, 0),
              .range = (uint64_t)est__int_at(high, 0) - (uint64_t)est__int_at(low, 0) };
    return random_fill(k, &j, int_groups);
}

#define BUILDER(fn, op)                                                                         \
    est_node *fn(est_graph *g, est_node *shape, est_dtype dtype)                                \
    {                                                                                           \
        return est_op(g, op, NULL, EST_NODES(shape), EST_ATTRS(EST_TYPE_ATTR("dtype", dtype))); \
    }
BUILDER(est_random_uniform, "RandomUniform")
BUILDER(est_random_normal, "RandomStandardNormal")
BUILDER(est_random_truncated_normal, "TruncatedNormal")

#define SEEDS "seed: int = 0; seed2: int = 0; "
#define ROW(name, cpu_fn)                                                                             \
    {                                                                                                 \
        .tf_name = name,                                                                              \
        .signature = "shape: T -> output: dtype; " SEEDS "dtype: {float, double}; T: {int32, int64}", \
        .infer = random_infer, .cpu = cpu_fn, .grad = est__grad_none, .state_size = sizeof(uint64_t), \
        .prepare = random_prepare, .flags = EST_OP_STATEFUL                                           \
    }
EST_OPS(random_ops, ROW("RandomUniform", uniform_cpu), ROW("RandomStandardNormal", normal_cpu),
        ROW("TruncatedNormal", truncated_cpu),
        { .tf_name = "RandomUniformInt",
          .signature = "shape: T, minval: Tout, maxval: Tout -> output: Tout; " SEEDS
                       "Tout: {int32, int64}; T: {int32, int64}",
          .infer = random_infer,
          .cpu = int_cpu,
          .grad = est__grad_none,
          .state_size = sizeof(uint64_t),
          .prepare = random_prepare,
          .flags = EST_OP_STATEFUL });
