/* What calls functions: PartitionedCall, If, While and their relatives. The runtime runs them
 * (runtime/call.c), each function as a plan of its own. */
#include "backend/list.h"
#include "graph/tape.h"
#include "ops/ops.h"

/* What is known of both; where they differ, nothing is. */
static void join(const est_shape *a, const est_shape *b, est_shape *out)
{
    if (a->rank != b->rank || a->rank < 0) {
        *out = (est_shape){ .rank = -1 };
        return;
    }
    out->rank = a->rank;
    for (int d = 0; d < a->rank; d++)
        out->dim[d] = a->dim[d] == b->dim[d] ? a->dim[d] : -1;
}

static bool noted_shapes(est_infer *c)
{
    const est_attr *shapes = est__attr(c->op, "output_shapes");
    if (shapes == NULL || shapes->list.count != (size_t)c->op->num_outputs)
        return false;
    for (int i = 0; i < c->op->num_outputs; i++)
        c->out[i] = shapes->list.shape[i];
    return true;
}

/* The function takes the operation's inputs from number `first` on, and gives what the operation gives. */
static est_status check_function(est_infer *c, int callee, int first, bool boolean)
{
    const est__function *f = c->op->callee[callee];
    int args = c->op->num_inputs - first;
    if (f->num_args != (size_t)args)
        return est__infer_fail(c, "function '%.100s' takes %zu arguments, %d are given", f->name, f->num_args, args);
    for (int i = 0; i < args; i++)
        if (f->arg[i]->dtype != c->op->input[first + i]->dtype)
            return est__infer_fail(c, "argument %d of function '%.100s' is %s; %s is given", i, f->name,
                                   est_dtype_name(f->arg[i]->dtype), est_dtype_name(c->op->input[first + i]->dtype));
    if (boolean)
        return f->num_results == 1 ? EST_OK
                                   : est__infer_fail(c, "function '%.100s' gives %zu results; a condition gives one",
                                                     f->name, f->num_results);
    if (f->num_results != (size_t)c->op->num_outputs)
        return est__infer_fail(c, "function '%.100s' gives %zu results; %d are wanted", f->name, f->num_results,
                               c->op->num_outputs);
    for (int i = 0; i < c->op->num_outputs; i++)
        if (f->result[i]->dtype != c->op->output[i].dtype)
            return est__infer_fail(c, "result %d of function '%.100s' is %s; %s is wanted", i, f->name,
                                   est_dtype_name(f->result[i]->dtype), est_dtype_name(c->op->output[i].dtype));
    return EST_OK;
}

static est_status infer_call(est_infer *c)
{
    EST_TRY(check_function(c, 0, 0, false));
    for (int i = 0; i < c->op->num_outputs; i++)
        c->out[i] = c->op->callee[0]->result[i]->shape;
    return EST_OK;
}

static est_status infer_branches(est_infer *c)
{
    if (c->op->num_callees == 0)
        return est__infer_fail(c, "it has no branches");
    for (int i = 0; i < c->op->num_callees; i++)
        EST_TRY(check_function(c, i, 1, false));
    if (noted_shapes(c))
        return EST_OK;
    for (int i = 0; i < c->op->num_outputs; i++) {
        c->out[i] = c->op->callee[0]->result[i]->shape;
        for (int j = 1; j < c->op->num_callees; j++) {
            est_shape so_far = c->out[i];
            join(&so_far, &c->op->callee[j]->result[i]->shape, &c->out[i]);
        }
    }
    return EST_OK;
}

static est_status infer_while(est_infer *c)
{
    EST_TRY(check_function(c, 0, 0, true));
    EST_TRY(check_function(c, 1, 0, false));
    if (!noted_shapes(c))
        for (int i = 0; i < c->op->num_outputs; i++)
            join(est__infer_in(c, i), &c->op->callee[1]->result[i]->shape, &c->out[i]);
    return EST_OK;
}

/* ---- assertions ---- */
static est_status assert_cpu(est_kernel *k)
{
    const est_tensor *condition = est__in(k, 0);
    est__buffer text = { 0 };
    if (est__tensor_elements(condition) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the condition must be one bool");
    if (*(const bool *)condition->data)
        return EST_OK;
    for (int i = 1; i < k->num_in; i++) {
        const est_tensor *t = est__in(k, i);
        int64_t n = est__tensor_elements(t);
        for (int64_t j = 0; j < n && j < 3; j++)
            if (t->dtype == EST_STRING) {
                size_t length;
                const char *s = est_tensor_string(t, j, &length);
                est__buffer_printf(&text, " %.*s", length < 200 ? (int)length : 200, s);
            } else {
                est__buffer_printf(&text, " %g", est__tensor_get(t, j));
            }
    }
    est_status st = est__kernel_fail(k, EST_INVALID_ARGUMENT, "assertion failed:%s", text.size ? text.data : "");
    est__buffer_free(&text);
    return st;
}

/* ---- what stands for a result that a branch does not have: nobody looks at it ---- */
static est_status infer_fake(est_infer *c)
{
    c->out[0] = est__attr_shape(c->op, "shape");
    return EST_OK;
}

typedef struct fake {
    est_dtype dtype;
    est_shape shape;
} fake;

static est_status prepare_fake(const est_operation *op, void *state)
{
    fake *f = state;
    f->dtype = est__attr_type(op, "dtype");
    f->shape = est__attr_shape(op, "shape");
    if (f->shape.rank < 0)
        f->shape = (est_shape){ .rank = 1 };
    for (int d = 0; d < f->shape.rank; d++)
        f->shape.dim[d] = f->shape.dim[d] < 0 ? 0 : f->shape.dim[d];
    return EST_OK;
}

static est_status fake_cpu(est_kernel *k)
{
    const fake *f = k->state;
    est_shape unknown = { .rank = -1 };
    est__list *l;
    est_tensor *out;
    if (f->dtype == EST_VARIANT)
        return est__out_list(k, 0, EST_FLOAT, &unknown, 0, &l);
    EST_TRY(f->dtype == EST_STRING ? est__out_strings(k, 0, &f->shape, 0, &out) : est__out(k, 0, &f->shape, &out));
    memset(out->data, 0, est__tensor_bytes(out));
    return EST_OK;
}

#define CALL "args: Tin -> output: Tout; Tin: list(type); Tout: list(type); f: func; config: string = ''; " \
             "config_proto: string = ''; executor_type: string = ''"
#define IF "cond: Tcond, input: Tin -> output: Tout; Tcond: type; Tin: list(type); Tout: list(type); " \
           "then_branch: func; else_branch: func; output_shapes: list(shape) = []"
#define CASE "branch_index: int32, input: Tin -> output: Tout; Tin: list(type); Tout: list(type); " \
             "branches: list(func); output_shapes: list(shape) = []"
#define WHILE "input: T -> output: T; T: list(type); cond: func; body: func; output_shapes: list(shape) = []; " \
              "parallel_iterations: int = 10"

EST_OPS(functional,
        { .tf_name = "PartitionedCall", .signature = CALL, .infer = infer_call, .calls = EST__CALL,
          .grad = est__branches_grad, .flags = EST_OP_VARIANTS },
        { .tf_name = "StatefulPartitionedCall", .signature = CALL, .infer = infer_call, .calls = EST__CALL,
          .grad = est__branches_grad, .flags = EST_OP_VARIANTS },
        { .tf_name = "StatelessIf", .signature = IF, .infer = infer_branches, .calls = EST__IF,
          .grad = est__branches_grad, .flags = EST_OP_VARIANTS },
        { .tf_name = "If", .signature = IF, .infer = infer_branches, .calls = EST__IF,
          .grad = est__branches_grad, .flags = EST_OP_VARIANTS },
        { .tf_name = "StatelessCase", .signature = CASE, .infer = infer_branches, .calls = EST__CASE,
          .grad = est__branches_grad, .flags = EST_OP_VARIANTS },
        { .tf_name = "Case", .signature = CASE, .infer = infer_branches, .calls = EST__CASE,
          .grad = est__branches_grad, .flags = EST_OP_VARIANTS },
        { .tf_name = "StatelessWhile", .signature = WHILE, .infer = infer_while, .calls = EST__WHILE,
          .grad = est__while_grad, .flags = EST_OP_VARIANTS },
        { .tf_name = "While", .signature = WHILE, .infer = infer_while, .calls = EST__WHILE,
          .grad = est__while_grad, .flags = EST_OP_VARIANTS },
        { .tf_name = "Assert",
          .signature = "condition: bool, data: T -> ; T: list(type); summarize: int = 3",
          .infer = est__infer_none, .cpu = assert_cpu, .flags = EST_OP_STATEFUL },
        { .tf_name = "FakeParam", .signature = "-> output: dtype; dtype: type; shape: shape",
          .infer = infer_fake, .cpu = fake_cpu, .state_size = sizeof(fake), .prepare = prepare_fake,
          .flags = EST_OP_VARIANTS },
        { .tf_name = "OptionalNone", .signature = "-> optional: variant", .infer = est__infer_scalar },
        { .tf_name = "OptionalFromValue",
          .signature = "components: Toutput_types -> optional: variant; Toutput_types: list(type)",
          .infer = est__infer_scalar, .flags = EST_OP_VARIANTS });
