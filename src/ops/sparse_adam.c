/* Adam on a sparse gradient as keras' legacy optimizer has it: both moments decay everywhere, the rows'
 * gradients are added to them, and the whole variable moves. (TensorFlow has no op of it: keras composes
 * it.) */
#include <math.h>

#include "ops/variable.h"

typedef struct adam {
    float *var, *m, *v;
    float lr_t, beta1, beta2, epsilon;
} adam;

enum { BLOCK = 4096 };

EST_CLONES static void decay_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const adam *a = arg;
    (void)block;
    for (int64_t i = begin; i < end; i++) {
        a->m[i] *= a->beta1;
        a->v[i] *= a->beta2;
    }
}

EST_CLONES static void move_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const adam *a = arg;
    (void)block;
    for (int64_t i = begin; i < end; i++)
        a->var[i] -= a->lr_t * a->m[i] / (sqrtf(a->v[i]) + a->epsilon);
}

enum { VAR, M, V, BETA1_POWER, BETA2_POWER, LR, BETA1, BETA2, EPSILON, GRAD, INDICES };

static float scalar(const est_kernel *k, int i)
{
    return *(const float *)est__in(k, i)->data;
}

static est_status check(est_kernel *k, est__variable *const v[3])
{
    const est_tensor *g = est__in(k, GRAD), *ids = est__in(k, INDICES);
    est_shape wanted = v[VAR]->value->shape;
    for (int i = M; i <= V; i++)
        if (!est_shape_equal(&v[i]->value->shape, &wanted))
            return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                    "the slot '%s' has another shape than its variable '%s'", v[i]->base.name,
                                    v[VAR]->base.name);
    for (int i = BETA1_POWER; i <= EPSILON; i++)
        if (est__tensor_elements(est__in(k, i)) != 1)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "input %d must be a scalar", i);
    if (wanted.rank > 0)
        wanted.dim[0] = est__tensor_elements(ids);
    if (wanted.rank == 0 || ids->shape.rank != 1 || !est_shape_equal(&g->shape, &wanted)) {
        char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the gradient of '%s' is %s with ids %s",
                                v[VAR]->base.name, est__shape_string(a, &g->shape),
                                est__shape_string(b, &ids->shape));
    }
    return est__check_ids(k, INDICES, est__rows(v[VAR]->value), v[VAR]->base.name);
}

static est_status sparse_adam_cpu(est_kernel *k)
{
    est__variable *v[3];
    for (int i = VAR; i <= V; i++)
        EST_TRY(est__variable_in(k, i, EST_FLOAT, &v[i]));
    EST_TRY(check(k, v));
    adam a = { .var = v[VAR]->value->data, .m = v[M]->value->data, .v = v[V]->value->data,
               .beta1 = scalar(k, BETA1), .beta2 = scalar(k, BETA2), .epsilon = scalar(k, EPSILON) };
    a.lr_t = scalar(k, LR) * (sqrtf(1.0f - scalar(k, BETA2_POWER)) / (1.0f - scalar(k, BETA1_POWER)));
    int64_t n = est__tensor_elements(v[VAR]->value), row = est__row_elements(v[VAR]->value);
    est__for_blocks(k->pool, n, BLOCK, decay_block, &a);
    const est_tensor *ids = est__in(k, INDICES);
    const float *g = est__in(k, GRAD)->data;
    int64_t count = est__tensor_elements(ids);
    for (int64_t i = 0; i < count; i++, g += row) {
        float *m = a.m + est__int_at(ids, i) * row, *s = a.v + est__int_at(ids, i) * row;
        for (int64_t j = 0; j < row; j++) {
            m[j] += g[j] * (1.0f - a.beta1);
            s[j] += g[j] * g[j] * (1.0f - a.beta2);
        }
    }
    est__for_blocks(k->pool, n, BLOCK, move_block, &a);
    return EST_OK;
}

#define OP(name, ...) est_op(g, name, NULL, EST_NODES(__VA_ARGS__), EST_NO_ATTRS)

/* decay * slot + the sum of (1 - decay) * rows by id */
static est_node *moment(est_graph *g, est_node *slot, est_node *decay, est_node *rows, est_node *ids,
                        est_node *num_rows)
{
    est_node *value = est_read(g, slot),
             *scaled = OP("Mul", rows, OP("Sub", est_constant_float(g, 1), decay));
    return OP("AddV2", OP("Mul", value, decay), OP("UnsortedSegmentSum", scaled, ids, num_rows));
}

static est_node *assign(est_graph *g, est_node *variable, est_node *value)
{
    return est_op(g, "AssignVariableOp", NULL, EST_NODES(variable, value),
                  EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
}

static void sparse_adam_body(est_body *b)
{
    est_graph *g = b->g;
    est_node *const *x = b->x;
    est_node *one = est_constant_float(g, 1);
    est_shape shape = est__variable_shape(b->op, VAR);
    est_node *num_rows = est_constant_int(g, EST_INT32, shape.rank > 0 ? shape.dim[0] : 0);
    est_node *m = moment(g, x[M], x[BETA1], x[GRAD], x[INDICES], num_rows);
    est_node *v = moment(g, x[V], x[BETA2], OP("Mul", x[GRAD], x[GRAD]), x[INDICES], num_rows);
    est_node *ratio =
        OP("RealDiv", OP("Sqrt", OP("Sub", one, x[BETA2_POWER])), OP("Sub", one, x[BETA1_POWER]));
    est_node *step =
        OP("RealDiv", OP("Mul", OP("Mul", x[LR], ratio), m), OP("AddV2", OP("Sqrt", v), x[EPSILON]));
    est_node *moved = est_op(g, "AssignSubVariableOp", NULL, EST_NODES(x[VAR], step),
                             EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    est_node *m_set = assign(g, x[M], m), *v_set = assign(g, x[V], v);
    est_node_after(moved, m_set);
    est_node_after(moved, v_set);
    b->y[0] = moved;
}

EST_OPS(sparse_adam,
        { .tf_name = "EstResourceSparseApplyAdam",
          .signature = "var: resource, m: resource, v: resource, beta1_power: float, beta2_power: float, "
                       "lr: float, beta1: float, beta2: float, epsilon: float, grad: float, "
                       "indices: Tindices -> ; Tindices: {int32, int64}",
          .infer = est__infer_none, .cpu = sparse_adam_cpu, .body = sparse_adam_body,
          .flags = EST_OP_STATEFUL | EST_OP_ASSIGNS });
