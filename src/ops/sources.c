/* Where values come from, and what passes them on unchanged. */
#include "ops/ops.h"

/* ---- Const: the value is lent by the graph ---- */
static est_status const_infer(est_infer *c)
{
    const est_tensor *value = est__attr(c->op, "value")->tensor;
    if (value->dtype != est__attr_type(c->op, "dtype"))
        return est__infer_fail(c, "its value is %s, not %s", est_dtype_name(value->dtype),
                               est_dtype_name(est__attr_type(c->op, "dtype")));
    c->out[0] = value->shape;
    return EST_OK;
}

static est_status const_prepare(const est_operation *op, void *state)
{
    *(const est_tensor **)state = est__attr(op, "value")->tensor;
    return EST_OK;
}

static est_status const_cpu(est_kernel *k)
{
    return est__out_lend(k, 0, *(const est_tensor *const *)k->state);
}

/* ---- Placeholder ---- */
static est_status placeholder_infer(est_infer *c)
{
    c->out[0] = est__attr_shape(c->op, "shape");
    return EST_OK;
}

static est_status placeholder_cpu(est_kernel *k)
{
    return est__kernel_fail(k, EST_INVALID_ARGUMENT, "no value was fed");
}

/* ---- one thing passed on ---- */
static est_status identity_cpu(est_kernel *k)
{
    for (int i = 0; i < k->num_out; i++)
        EST_TRY(est__out_share(k, i, i, &est__in(k, i)->shape));
    return EST_OK;
}

static est_status identity_n_infer(est_infer *c)
{
    for (int i = 0; i < c->op->num_inputs; i++)
        c->out[i] = *est__infer_in(c, i);
    return EST_OK;
}

static void identity_n_grad(est_grad *b)
{
    for (int i = 0; i < b->op->num_inputs; i++)
        b->dx[i] = b->dy[i];
}

static void prevent_grad(est_grad *b)
{
    est__graph_fail(b->g, EST_INVALID_ARGUMENT, "'%s' prevents gradients: %s", b->op->name,
                    est__attr_string(b->op, "message"));
}

static est_status no_op_cpu(est_kernel *k)
{
    (void)k;
    return EST_OK;
}

est_node *est_identity(est_graph *g, est_node *x)
{
    return EST_OP1(g, "Identity", x);
}

est_node *est_stop_gradient(est_graph *g, est_node *x)
{
    return EST_OP1(g, "StopGradient", x);
}

EST_OPS(sources,
        { .tf_name = "Const",
          .signature = "-> output: dtype; value: tensor; dtype: type",
          .infer = const_infer,
          .cpu = const_cpu,
          .grad = est__grad_none,
          .state_size = sizeof(est_tensor *),
          .prepare = const_prepare },
        { .tf_name = "Placeholder",
          .signature = "-> output: dtype; dtype: type; shape: shape = unknown",
          .infer = placeholder_infer,
          .cpu = placeholder_cpu,
          .grad = est__grad_none,
          .flags = EST_OP_STATEFUL | EST_OP_VARIANTS },
        { .tf_name = "PlaceholderWithDefault",
          .signature = "input: dtype -> output: dtype; dtype: type; shape: shape",
          .infer = placeholder_infer,
          .cpu = identity_cpu,
          .grad = est__grad_pass },
        { .tf_name = "NoOp", .signature = "->", .infer = est__infer_none, .cpu = no_op_cpu },
        { .tf_name = "Identity",
          .signature = "input: T -> output: T; T: type",
          .infer = est__infer_same,
          .cpu = identity_cpu,
          .grad = est__grad_pass,
          .flags = EST_OP_VARIANTS },
        { .tf_name = "IdentityN",
          .signature = "input: T -> output: T; T: list(type)",
          .infer = identity_n_infer,
          .cpu = identity_cpu,
          .grad = identity_n_grad,
          .flags = EST_OP_VARIANTS },
        { .tf_name = "StopGradient",
          .signature = "input: T -> output: T; T: type",
          .infer = est__infer_same,
          .cpu = identity_cpu,
          .grad = est__grad_none },
        { .tf_name = "PreventGradient",
          .signature = "input: T -> output: T; T: type; message: string = ''",
          .infer = est__infer_same,
          .cpu = identity_cpu,
          .grad = prevent_grad });
