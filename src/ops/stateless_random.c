/* Random numbers that depend on a given seed alone: TensorFlow's own streams, number by number, as its kernels for processors
 * take them from Philox. What a seed in a tf.keras.initializers object gives there, it gives here. */
#include <math.h>

#include "ops/ops.h"

enum {
    GROUP = 4,             /* numbers of one counter */
    RESERVED = 256         /* counters for a group of truncated normals, which draws again */
};

typedef struct stream stream;
struct stream {
    uint64_t key, high;    /* Philox's key, and the upper half of its counter */
    void (*draw)(const stream *s, uint64_t group, float value[GROUP]);
    float *out;
    int64_t n;
};

/* TensorFlow mixes the two seeds once, so that any bits of them do. */
static stream stream_of(const est_tensor *seed)
{
    uint32_t mix[4];
    est__philox(0x02461e293ec8f720u, (uint64_t)est__int_at(seed, 1), (uint64_t)est__int_at(seed, 0), mix);
    return (stream){ .key = mix[0] | (uint64_t)mix[1] << 32, .high = mix[2] | (uint64_t)mix[3] << 32 };
}

/* [0, 1): 23 bits. */
static float unit(uint32_t bits)
{
    return (float)(bits & 0x7fffff) * 0x1p-23f;
}

/* Two normal numbers from two uniform ones (Box and Muller 1958), in float32 as TensorFlow. */
static void normal_pair(const uint32_t bits[2], float out[2])
{
    float u = unit(bits[0]), angle = (float)(6.283185307179586 * (double)unit(bits[1]));
    float radius = sqrtf(-2 * logf(u < 1e-7f ? 1e-7f : u));
    out[0] = sinf(angle) * radius;
    out[1] = cosf(angle) * radius;
}

static void draw_uniform(const stream *s, uint64_t group, float value[GROUP])
{
    uint32_t bits[GROUP];
    est__philox(s->key, s->high, group, bits);
    for (int i = 0; i < GROUP; i++)
        value[i] = unit(bits[i]);
}

static void draw_normal(const stream *s, uint64_t group, float value[GROUP])
{
    uint32_t bits[GROUP];
    est__philox(s->key, s->high, group, bits);
    normal_pair(bits, value);
    normal_pair(bits + 2, value + 2);
}

static void draw_truncated(const stream *s, uint64_t group, float value[GROUP])
{
    uint32_t bits[GROUP];
    float pair[2];
    int have = 0;
    for (uint64_t i = 0; have < GROUP; i++) {
        if (i % 2 == 0)
            est__philox(s->key, s->high, group * RESERVED + i / 2, bits);
        normal_pair(bits + i % 2 * 2, pair);
        for (int j = 0; j < 2 && have < GROUP; j++)
            if (fabsf(pair[j]) < 2)
                value[have++] = pair[j];
    }
}

static void fill_groups(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const stream *s = arg;
    (void)block;
    for (int64_t g = begin; g < end; g++) {
        float value[GROUP];
        int64_t left = s->n - g * GROUP;
        s->draw(s, (uint64_t)g, value);
        memcpy(s->out + g * GROUP, value, (size_t)(left < GROUP ? left : GROUP) * sizeof *value);
    }
}

static est_status infer(est_infer *c)
{
    est__infer_value_as_shape(c, 0, &c->out[0]);
    return EST_OK;
}

static est_status fill(est_kernel *k, void (*draw)(const stream *, uint64_t, float *))
{
    est_shape shape;
    est_tensor *out;
    if (est__tensor_elements(est__in(k, 1)) != 2)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a seed is two numbers, not %lld",
                                (long long)est__tensor_elements(est__in(k, 1)));
    EST_TRY(est__in_shape(k, 0, &shape));
    EST_TRY(est__out(k, 0, &shape, &out));
    stream s = stream_of(est__in(k, 1));
    s.draw = draw;
    s.out = out->data;
    s.n = est_shape_elements(&shape);
    est__for_blocks(k->pool, (s.n + GROUP - 1) / GROUP, 4096, fill_groups, &s);
    return EST_OK;
}

static est_status uniform_cpu(est_kernel *k)
{
    return fill(k, draw_uniform);
}

static est_status normal_cpu(est_kernel *k)
{
    return fill(k, draw_normal);
}

static est_status truncated_cpu(est_kernel *k)
{
    return fill(k, draw_truncated);
}

/* Not folded: an initial value is needed once, and is as large as its variable. */
#define ROW(name, cpu_fn)                                                                                           \
    {                                                                                                               \
        .tf_name = name,                                                                                            \
        .signature = "shape: T, seed: Tseed -> output: dtype; dtype: {float} = float; T: {int32, int64} = int32; "  \
                     "Tseed: {int32, int64} = int64",                                                               \
        .infer = infer, .cpu = cpu_fn, .grad = est__grad_none, .flags = EST_OP_STATEFUL                             \
    }
EST_OPS(stateless_random, ROW("StatelessRandomUniform", uniform_cpu), ROW("StatelessRandomNormal", normal_cpu),
        ROW("StatelessTruncatedNormal", truncated_cpu));
