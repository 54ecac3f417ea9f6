/* TensorFlow's update ops, in the float32 arithmetic of its CPU functors (training_ops.cc): one function
 * per rule, applied to a whole variable in fixed blocks, or to the rows that a sparse gradient names, in
 * their order. */
#include <math.h>

#include "ops/distinct.h"
#include "ops/variable.h"

enum {
    MAX_VARIABLES = 4,
    MAX_SCALARS = 6,
    BLOCK = 4096,       /* elements of a dense update */
    SHARDS = 8,         /* of a sparse update: by id, so that one row stays in one shard */
    SHARD_FROM = 32768, /* elements of a sparse gradient from which it is cut in shards */
    TOGETHER = 256      /* rows of one element */
};

typedef struct flags {
    bool nesterov, update_slots, multiply_linear_by_lr;
    bool distinct;      /* a sparse gradient names no row twice */
} flags;

struct update;
/* `n` elements of the variable and its slots, in the order of the inputs, and of their gradient. */
typedef void (*rule_fn)(const struct update *u, float *const at[], const float *g, int64_t n);

typedef struct update {
    rule_fn rule;
    float *at[MAX_VARIABLES];
    int variables;
    const float *g;
    float c[MAX_SCALARS];    /* the scalars, in the order of the inputs */
    flags flags;
    const est_tensor *ids;   /* sparse */
    int64_t count, row;
    int64_t shards;
} update;

/* ---- the rules ---- */
/* Loops that ask for a flag become vector code only where it is a constant: inlined for each value. */
#define LOOP static inline __attribute__((always_inline)) void

EST_CLONES static void gradient_descent(const update *u, float *const at[], const float *restrict g,
                                        int64_t n)
{
    float *restrict var = at[0];
    const float lr = u->c[0];
    for (int64_t i = 0; i < n; i++)
        var[i] -= g[i] * lr;
}

LOOP keras_momentum_loop(const update *u, float *const at[], const float *restrict g, int64_t n,
                         bool nesterov)
{
    float *restrict var = at[0], *restrict accum = at[1];
    const float lr = u->c[0], momentum = u->c[1];
    for (int64_t i = 0; i < n; i++) {
        accum[i] = accum[i] * momentum - g[i] * lr;
        var[i] += nesterov ? accum[i] * momentum - g[i] * lr : accum[i];
    }
}

EST_CLONES static void keras_momentum(const update *u, float *const at[], const float *g, int64_t n)
{
    if (u->flags.nesterov)
        keras_momentum_loop(u, at, g, n, true);
    else
        keras_momentum_loop(u, at, g, n, false);
}

LOOP momentum_loop(const update *u, float *const at[], const float *restrict g, int64_t n, bool nesterov)
{
    float *restrict var = at[0], *restrict accum = at[1];
    const float lr = u->c[0], m = u->c[1];
    for (int64_t i = 0; i < n; i++) {
        accum[i] = accum[i] * m + g[i];
        var[i] -= nesterov ? g[i] * lr + accum[i] * m * lr : accum[i] * lr;
    }
}

EST_CLONES static void momentum(const update *u, float *const at[], const float *g, int64_t n)
{
    if (u->flags.nesterov)
        momentum_loop(u, at, g, n, true);
    else
        momentum_loop(u, at, g, n, false);
}

LOOP adagrad_loop(const update *u, float *const at[], const float *restrict g, int64_t n, bool update_slots)
{
    float *restrict var = at[0], *restrict accum = at[1];
    const float lr = u->c[0], epsilon = u->c[1];
    for (int64_t i = 0; i < n; i++) {
        if (update_slots)
            accum[i] += g[i] * g[i];
        var[i] -= g[i] * lr / (sqrtf(accum[i]) + epsilon);
    }
}

EST_CLONES static void adagrad(const update *u, float *const at[], const float *g, int64_t n)
{
    if (u->flags.update_slots)
        adagrad_loop(u, at, g, n, true);
    else
        adagrad_loop(u, at, g, n, false);
}

LOOP adam_loop(const update *u, float *const at[], const float *restrict g, int64_t n, bool nesterov)
{
    float *restrict var = at[0], *restrict m = at[1], *restrict v = at[2];
    const float beta1 = u->c[3], beta2 = u->c[4], epsilon = u->c[5];
    const float alpha = u->c[2] * sqrtf(1.0f - u->c[1]) / (1.0f - u->c[0]);
    for (int64_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * (1.0f - beta1);
        v[i] += (g[i] * g[i] - v[i]) * (1.0f - beta2);
        float step = nesterov ? g[i] * (1.0f - beta1) + beta1 * m[i] : m[i];
        var[i] -= step * alpha / (sqrtf(v[i]) + epsilon);
    }
}

EST_CLONES static void adam(const update *u, float *const at[], const float *g, int64_t n)
{
    if (u->flags.nesterov)
        adam_loop(u, at, g, n, true);
    else
        adam_loop(u, at, g, n, false);
}

EST_CLONES static void amsgrad(const update *u, float *const at[], const float *restrict g, int64_t n)
{
    float *restrict var = at[0], *restrict m = at[1], *restrict v = at[2], *restrict vhat = at[3];
    const float beta1 = u->c[3], beta2 = u->c[4], epsilon = u->c[5];
    const float alpha = u->c[2] * sqrtf(1.0f - u->c[1]) / (1.0f - u->c[0]);
    for (int64_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * (1.0f - beta1);
        v[i] += (g[i] * g[i] - v[i]) * (1.0f - beta2);
        vhat[i] = vhat[i] < v[i] ? v[i] : vhat[i];
        var[i] -= m[i] * alpha / (sqrtf(vhat[i]) + epsilon);
    }
}

EST_CLONES static void adamax(const update *u, float *const at[], const float *restrict g, int64_t n)
{
    float *restrict var = at[0], *restrict m = at[1], *restrict v = at[2];
    const float lr = u->c[1] / (1.0f - u->c[0]), beta1 = u->c[2], beta2 = u->c[3], epsilon = u->c[4];
    for (int64_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * (1.0f - beta1);
        float decayed = beta2 * v[i], size = fabsf(g[i]);
        v[i] = decayed < size ? size : decayed;
        var[i] -= lr * (m[i] / (v[i] + epsilon));
    }
}

/* accum^-lr_power */
static inline float ftrl_power(float accum, float lr_power, bool root)
{
    return root ? sqrtf(accum) : powf(accum, -lr_power);
}

LOOP ftrl_loop(const update *u, float *const at[], const float *restrict g, int64_t n, float shrinkage,
               float lr_power, bool root)
{
    float *restrict var = at[0], *restrict accum = at[1], *restrict linear = at[2];
    const bool by_lr = u->flags.multiply_linear_by_lr, single = u->ids != NULL && u->row == 1;
    const float lr = u->c[0], l1 = by_lr ? u->c[1] * lr : u->c[1], l2 = 2.0f * u->c[2];
    for (int64_t i = 0; i < n; i++) {
        float shrunk = shrinkage != 0.0f ? g[i] + 2.0f * shrinkage * var[i] : g[i];
        float sum = accum[i] + g[i] * g[i];
        float power = ftrl_power(sum, lr_power, root), sigma = power - ftrl_power(accum[i], lr_power, root);
        float pushed = by_lr ? shrunk * lr : shrunk, pulled = by_lr ? sigma * var[i] : sigma / lr * var[i];
        float moved = single ? linear[i] + pushed - pulled
                             : linear[i] + (pushed - pulled); /* TensorFlow's two roundings */
        float quadratic = by_lr ? power + l2 * lr : power / lr + l2;
        float signed_l1 = moved > 0.0f ? l1 : -l1, solved = (signed_l1 - moved) / quadratic;
        linear[i] = moved;
        var[i] = fabsf(moved) > l1 ? solved : 0.0f;
        accum[i] = sum;
    }
}

/* The usual power is the square root. */
EST_CLONES static void ftrl(const update *u, float *const at[], const float *g, int64_t n)
{
    if (u->c[3] == -0.5f)
        ftrl_loop(u, at, g, n, 0.0f, -0.5f, true);
    else
        ftrl_loop(u, at, g, n, 0.0f, u->c[3], false);
}

EST_CLONES static void ftrl_v2(const update *u, float *const at[], const float *g, int64_t n)
{
    if (u->c[4] == -0.5f)
        ftrl_loop(u, at, g, n, u->c[3], -0.5f, true);
    else
        ftrl_loop(u, at, g, n, u->c[3], u->c[4], false);
}

EST_CLONES static void rmsprop(const update *u, float *const at[], const float *restrict g, int64_t n)
{
    float *restrict var = at[0], *restrict ms = at[1], *restrict mom = at[2];
    const float lr = u->c[0], rho = u->c[1], m = u->c[2], epsilon = u->c[3];
    for (int64_t i = 0; i < n; i++) {
        ms[i] += (g[i] * g[i] - ms[i]) * (1.0f - rho);
        mom[i] = mom[i] * m + g[i] * lr / sqrtf(ms[i] + epsilon);
        var[i] -= mom[i];
    }
}

/* The sparse kernels of RMSProp round in another order than the dense ones. */
EST_CLONES static void rmsprop_rows(const update *u, float *const at[], const float *restrict g, int64_t n)
{
    float *restrict var = at[0], *restrict ms = at[1], *restrict mom = at[2];
    const float lr = u->c[0], rho = u->c[1], m = u->c[2], epsilon = u->c[3];
    for (int64_t i = 0; i < n; i++) {
        ms[i] = ms[i] * rho + g[i] * g[i] * (1.0f - rho);
        mom[i] = mom[i] * m + 1.0f / sqrtf(ms[i] + epsilon) * lr * g[i];
        var[i] -= mom[i];
    }
}

EST_CLONES static void centered_rmsprop(const update *u, float *const at[], const float *restrict g,
                                        int64_t n)
{
    float *restrict var = at[0], *restrict mg = at[1], *restrict ms = at[2], *restrict mom = at[3];
    const float lr = u->c[0], rho = u->c[1], m = u->c[2], epsilon = u->c[3];
    for (int64_t i = 0; i < n; i++) {
        ms[i] += (g[i] * g[i] - ms[i]) * (1.0f - rho);
        mg[i] += (g[i] - mg[i]) * (1.0f - rho);
        mom[i] = mom[i] * m + g[i] * lr / sqrtf(ms[i] - mg[i] * mg[i] + epsilon);
        var[i] -= mom[i];
    }
}

EST_CLONES static void centered_rmsprop_rows(const update *u, float *const at[], const float *restrict g,
                                             int64_t n)
{
    float *restrict var = at[0], *restrict mg = at[1], *restrict ms = at[2], *restrict mom = at[3];
    const float lr = u->c[0], rho = u->c[1], m = u->c[2], epsilon = u->c[3];
    for (int64_t i = 0; i < n; i++) {
        ms[i] = ms[i] * rho + g[i] * g[i] * (1.0f - rho);
        mg[i] = mg[i] * rho + g[i] * (1.0f - rho);
        mom[i] = mom[i] * m + 1.0f / sqrtf(ms[i] + epsilon - mg[i] * mg[i]) * lr * g[i];
        var[i] -= mom[i];
    }
}

EST_CLONES static void adadelta(const update *u, float *const at[], const float *restrict g, int64_t n)
{
    float *restrict var = at[0], *restrict accum = at[1], *restrict accum_update = at[2];
    const float lr = u->c[0], rho = u->c[1], epsilon = u->c[2];
    for (int64_t i = 0; i < n; i++) {
        accum[i] = accum[i] * rho + g[i] * g[i] * (1.0f - rho);
        float step = sqrtf(accum_update[i] + epsilon) * (1.0f / sqrtf(accum[i] + epsilon)) * g[i];
        var[i] -= step * lr;
        accum_update[i] = accum_update[i] * rho + step * step * (1.0f - rho);
    }
}

/* Forward-backward splitting (Duchi and Singer 2009): after the gradient's step, `v` comes nearer to 0 by lr * l1, at most to 0,
 * and is divided by 1 + lr * l2. */
static inline float split(float v, float lr, float l1, float l2)
{
    if (l1 > 0) {
        float left = fabsf(v) - lr * l1;
        v = left > 0 ? copysignf(left, v) : 0.0f;
    }
    return v / (1.0f + l2 * lr);
}

EST_CLONES static void proximal_gradient_descent(const update *u, float *const at[], const float *restrict g, int64_t n)
{
    float *restrict var = at[0];
    const float lr = u->c[0], l1 = u->c[1], l2 = u->c[2];
    for (int64_t i = 0; i < n; i++)
        var[i] = split(var[i] - g[i] * lr, lr, l1, l2);
}

EST_CLONES static void proximal_adagrad(const update *u, float *const at[], const float *restrict g, int64_t n)
{
    float *restrict var = at[0], *restrict accum = at[1];
    const float lr = u->c[0], l1 = u->c[1], l2 = u->c[2];
    for (int64_t i = 0; i < n; i++) {
        accum[i] += g[i] * g[i];
        float rate = lr / sqrtf(accum[i]);
        var[i] = split(var[i] - g[i] * rate, rate, l1, l2);
    }
}

/* ---- how a rule is applied ---- */
static est_status prepare_flags(const est_operation *op, void *state)
{
    flags *f = state;
    const est_attr *nesterov = est__attr(op, "use_nesterov"), *slots = est__attr(op, "update_slots");
    const est_attr *by_lr = est__attr(op, "multiply_linear_by_lr");
    f->nesterov = nesterov != NULL && nesterov->b;
    f->update_slots = slots == NULL || slots->b;
    f->multiply_linear_by_lr = by_lr != NULL && by_lr->b;
    for (int i = 0; i < op->num_inputs; i++)
        f->distinct |= est__gives_distinct_ids(op->input[i]);
    return EST_OK;
}

static void dense_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const update *u = arg;
    float *at[MAX_VARIABLES] = { 0 };
    (void)block;
    for (int i = 0; i < u->variables; i++)
        at[i] = u->at[i] + begin;
    u->rule(u, at, u->g + begin, end - begin);
}

/* Rows of one element, each named once: brought together, so that the rule runs over many at a time. */
static void sparse_elements(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const update *u = arg;
    float room[MAX_VARIABLES][TOGETHER], *at[MAX_VARIABLES];
    int64_t id[TOGETHER];
    (void)block;
    for (int j = 0; j < MAX_VARIABLES; j++)
        at[j] = room[j];
    for (int64_t i = begin; i < end; i += TOGETHER) {
        int64_t n = end - i < TOGETHER ? end - i : TOGETHER;
        for (int64_t e = 0; e < n; e++)
            id[e] = est__int_at(u->ids, i + e);
        for (int j = 0; j < u->variables; j++)
            for (int64_t e = 0; e < n; e++)
                room[j][e] = u->at[j][id[e]];
        u->rule(u, at, u->g + i, n);
        for (int j = 0; j < u->variables; j++)
            for (int64_t e = 0; e < n; e++)
                u->at[j][id[e]] = room[j][e];
    }
}

static void sparse_row(const update *u, int64_t i)
{
    float *at[MAX_VARIABLES] = { 0 };
    for (int j = 0; j < u->variables; j++)
        at[j] = u->at[j] + est__int_at(u->ids, i) * u->row;
    u->rule(u, at, u->g + i * u->row, u->row);
}

/* Rows, each named once: in any order. */
static void sparse_rows(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const update *u = arg;
    (void)block;
    for (int64_t i = begin; i < end; i++) {
        for (int j = 0; j < u->variables && i + EST__AHEAD < end; j++)
            est__prefetch_row(u->at[j] + est__int_at(u->ids, i + EST__AHEAD) * u->row, u->row);
        sparse_row(u, i);
    }
}

static void sparse_shard(void *arg, int64_t shard, int64_t begin, int64_t end)
{
    const update *u = arg;
    (void)begin, (void)end;
    for (int64_t i = 0; i < u->count; i++)
        if (u->shards == 1 || est__int_at(u->ids, i) % u->shards == shard)
            sparse_row(u, i);
}

static est_status take_variables(est_kernel *k, update *u, est__variable **first)
{
    for (int i = 0; i < u->variables; i++) {
        est__variable *v;
        EST_TRY(est__variable_in(k, i, EST_FLOAT, &v));
        if (i == 0)
            *first = v;
        if (!est_shape_equal(&v->value->shape, &(*first)->value->shape)) {
            char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the slot '%s' is %s, its variable '%s' is %s",
                                    v->base.name, est__shape_string(a, &v->value->shape), (*first)->base.name,
                                    est__shape_string(b, &(*first)->value->shape));
        }
        u->at[i] = v->value->data;
    }
    return EST_OK;
}

static est_status take_scalars(est_kernel *k, update *u, int gradient, int indices)
{
    int n = 0;
    for (int i = u->variables; i < k->num_in; i++) {
        if (i == gradient || i == indices)
            continue;
        if (est__tensor_elements(est__in(k, i)) != 1)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "input %d must be a scalar", i);
        u->c[n++] = *(const float *)est__in(k, i)->data;
    }
    return EST_OK;
}

/* The gradient has the variable's shape, or, where ids name rows, its rows' shape after one dimension as
 * long as the ids. */
static est_status take_gradient(est_kernel *k, update *u, const est__variable *v, int gradient, int indices)
{
    const est_tensor *g = est__in(k, gradient), *value = v->value;
    est_shape wanted = value->shape;
    u->g = g->data;
    u->row = est__row_elements(value);
    if (indices >= 0) {
        u->ids = est__in(k, indices);
        u->count = est__tensor_elements(u->ids);
        if (wanted.rank == 0 || u->ids->shape.rank != 1)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                    "ids of rank %d for rows of the variable '%s' of rank %d",
                                    u->ids->shape.rank, v->base.name, wanted.rank);
        wanted.dim[0] = u->count;
    }
    if (!est_shape_equal(&g->shape, &wanted)) {
        char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the gradient of '%s' is %s, it should be %s",
                                v->base.name, est__shape_string(a, &g->shape), est__shape_string(b, &wanted));
    }
    return EST_OK;
}

/* `gradient` and `indices` are inputs; indices -1: a dense gradient. Inputs before the first scalar are
 * the variable and slots. */
static est_status apply(est_kernel *k, rule_fn rule, int variables, int gradient, int indices)
{
    update u = { .rule = rule, .variables = variables, .flags = *(const flags *)k->state, .shards = 1 };
    est__variable *v = NULL;
    EST_TRY(take_variables(k, &u, &v));
    EST_TRY(take_scalars(k, &u, gradient, indices));
    EST_TRY(take_gradient(k, &u, v, gradient, indices));
    if (indices < 0) {
        est__for_blocks(k->pool, est__tensor_elements(v->value), BLOCK, dense_block, &u);
        return EST_OK;
    }
    EST_TRY(est__check_ids(k, indices, est__rows(v->value), v->base.name));
    if (u.flags.distinct) {
        est__for_blocks(k->pool, u.count, BLOCK / (u.row + 1) + 1, u.row == 1 ? sparse_elements : sparse_rows, &u);
        return EST_OK;
    }
    if (u.count * u.row >= SHARD_FROM && k->pool != NULL)
        u.shards = SHARDS;
    est__for_blocks(k->pool, u.shards, 1, sparse_shard, &u);
    return EST_OK;
}

#define APPLY(name, rule, variables, gradient, indices)      \
    static est_status name##_cpu(est_kernel *k)              \
    {                                                        \
        return apply(k, rule, variables, gradient, indices); \
    }
APPLY(gradient_descent, gradient_descent, 1, 2, -1)
APPLY(keras_momentum, keras_momentum, 2, 3, -1)
APPLY(sparse_keras_momentum, keras_momentum, 2, 3, 4)
APPLY(momentum, momentum, 2, 3, -1)
APPLY(sparse_momentum, momentum, 2, 3, 4)
APPLY(adagrad, adagrad, 2, 4, -1)
APPLY(sparse_adagrad, adagrad, 2, 4, 5)
APPLY(adam, adam, 3, 9, -1)
APPLY(amsgrad, amsgrad, 4, 10, -1)
APPLY(adamax, adamax, 3, 8, -1)
APPLY(ftrl, ftrl, 3, 3, -1)
APPLY(sparse_ftrl, ftrl, 3, 3, 4)
APPLY(ftrl_v2, ftrl_v2, 3, 3, -1)
APPLY(sparse_ftrl_v2, ftrl_v2, 3, 3, 4)
APPLY(rmsprop, rmsprop, 3, 7, -1)
APPLY(sparse_rmsprop, rmsprop_rows, 3, 7, 8)
APPLY(centered_rmsprop, centered_rmsprop, 4, 8, -1)
APPLY(sparse_centered_rmsprop, centered_rmsprop_rows, 4, 8, 9)
APPLY(adadelta, adadelta, 3, 6, -1)
APPLY(sparse_adadelta, adadelta, 3, 6, 7)
APPLY(proximal_gradient_descent, proximal_gradient_descent, 1, 4, -1)
APPLY(sparse_proximal_gradient_descent, proximal_gradient_descent, 1, 4, 5)
APPLY(proximal_adagrad, proximal_adagrad, 2, 5, -1)
APPLY(sparse_proximal_adagrad, proximal_adagrad, 2, 5, 6)

#define END " -> ; T: {float}; use_locking: bool = false"
#define SPARSE_END " -> ; T: {float}; Tindices: {int32, int64}; use_locking: bool = false"
#define NESTEROV "; use_nesterov: bool = false"
#define SLOTS "; update_slots: bool = true"
#define BY_LR "; multiply_linear_by_lr: bool = false"
#define ROW_OF(name, inputs, kernel, parallel)                                               \
    { .tf_name = name, .signature = inputs, .infer = est__infer_none, .cpu = kernel##_cpu,   \
      .state_size = sizeof(flags), .prepare = prepare_flags,                                 \
      .flags = EST_OP_STATEFUL | EST_OP_ASSIGNS | parallel }
#define ROW(name, inputs, kernel) ROW_OF(name, inputs, kernel, 0)
#define SPARSE_ROW(name, inputs, kernel) ROW_OF(name, inputs, kernel, EST_OP_PARALLEL)

EST_OPS(optimizers,
        ROW("ResourceApplyGradientDescent", "var: resource, alpha: T, delta: T" END, gradient_descent),
        ROW("ResourceApplyKerasMomentum",
            "var: resource, accum: resource, lr: T, grad: T, momentum: T" END NESTEROV, keras_momentum),
        SPARSE_ROW("ResourceSparseApplyKerasMomentum",
            "var: resource, accum: resource, lr: T, grad: T, indices: Tindices, momentum: T" SPARSE_END
            NESTEROV, sparse_keras_momentum),
        ROW("ResourceApplyMomentum",
            "var: resource, accum: resource, lr: T, grad: T, momentum: T" END NESTEROV, momentum),
        SPARSE_ROW("ResourceSparseApplyMomentum",
            "var: resource, accum: resource, lr: T, grad: T, indices: Tindices, momentum: T" SPARSE_END
            NESTEROV, sparse_momentum),
        ROW("ResourceApplyAdagradV2", "var: resource, accum: resource, lr: T, epsilon: T, grad: T" END SLOTS,
            adagrad),
        SPARSE_ROW("ResourceSparseApplyAdagradV2",
            "var: resource, accum: resource, lr: T, epsilon: T, grad: T, indices: Tindices" SPARSE_END SLOTS,
            sparse_adagrad),
        ROW("ResourceApplyAdam",
            "var: resource, m: resource, v: resource, beta1_power: T, beta2_power: T, lr: T, beta1: T, "
            "beta2: T, epsilon: T, grad: T" END NESTEROV, adam),
        ROW("ResourceApplyAdamWithAmsgrad",
            "var: resource, m: resource, v: resource, vhat: resource, beta1_power: T, beta2_power: T, "
            "lr: T, beta1: T, beta2: T, epsilon: T, grad: T" END, amsgrad),
        ROW("ResourceApplyAdaMax",
            "var: resource, m: resource, v: resource, beta1_power: T, lr: T, beta1: T, beta2: T, "
            "epsilon: T, grad: T" END, adamax),
        ROW("ResourceApplyFtrl",
            "var: resource, accum: resource, linear: resource, grad: T, lr: T, l1: T, l2: T, lr_power: T" END
            BY_LR, ftrl),
        SPARSE_ROW("ResourceSparseApplyFtrl",
            "var: resource, accum: resource, linear: resource, grad: T, indices: Tindices, lr: T, l1: T, "
            "l2: T, lr_power: T" SPARSE_END BY_LR, sparse_ftrl),
        ROW("ResourceApplyFtrlV2",
            "var: resource, accum: resource, linear: resource, grad: T, lr: T, l1: T, l2: T, "
            "l2_shrinkage: T, lr_power: T" END BY_LR, ftrl_v2),
        SPARSE_ROW("ResourceSparseApplyFtrlV2",
            "var: resource, accum: resource, linear: resource, grad: T, indices: Tindices, lr: T, l1: T, "
            "l2: T, l2_shrinkage: T, lr_power: T" SPARSE_END BY_LR, sparse_ftrl_v2),
        ROW("ResourceApplyRMSProp",
            "var: resource, ms: resource, mom: resource, lr: T, rho: T, momentum: T, epsilon: T, grad: T" END,
            rmsprop),
        SPARSE_ROW("ResourceSparseApplyRMSProp",
            "var: resource, ms: resource, mom: resource, lr: T, rho: T, momentum: T, epsilon: T, grad: T, "
            "indices: Tindices" SPARSE_END, sparse_rmsprop),
        ROW("ResourceApplyCenteredRMSProp",
            "var: resource, mg: resource, ms: resource, mom: resource, lr: T, rho: T, momentum: T, "
            "epsilon: T, grad: T" END, centered_rmsprop),
        SPARSE_ROW("ResourceSparseApplyCenteredRMSProp",
            "var: resource, mg: resource, ms: resource, mom: resource, lr: T, rho: T, momentum: T, "
            "epsilon: T, grad: T, indices: Tindices" SPARSE_END, sparse_centered_rmsprop),
        ROW("ResourceApplyAdadelta",
            "var: resource, accum: resource, accum_update: resource, lr: T, rho: T, epsilon: T, grad: T" END,
            adadelta),
        SPARSE_ROW("ResourceSparseApplyAdadelta",
            "var: resource, accum: resource, accum_update: resource, lr: T, rho: T, epsilon: T, grad: T, "
            "indices: Tindices" SPARSE_END, sparse_adadelta),
        ROW("ResourceApplyProximalGradientDescent", "var: resource, alpha: T, l1: T, l2: T, delta: T" END,
            proximal_gradient_descent),
        SPARSE_ROW("ResourceSparseApplyProximalGradientDescent",
            "var: resource, alpha: T, l1: T, l2: T, grad: T, indices: Tindices" SPARSE_END, sparse_proximal_gradient_descent),
        ROW("ResourceApplyProximalAdagrad", "var: resource, accum: resource, lr: T, l1: T, l2: T, grad: T" END,
            proximal_adagrad),
        SPARSE_ROW("ResourceSparseApplyProximalAdagrad",
            "var: resource, accum: resource, lr: T, l1: T, l2: T, grad: T, indices: Tindices" SPARSE_END,
            sparse_proximal_adagrad));
