/* The kernels of elementwise ops: they cut the elements into pieces and call the row's block function on
 * each. */
#include "ops/ops.h"

enum { PIECE = 16384, OPERAND = 1024 };   /* elements of a task; of an operand spread out on the stack */

est_status est__elementwise_prepare(const est_operation *op, void *state)
{
    est__elementwise *e = state;
    e->out = op->output[0].dtype;
    e->block = op->row->block(op->input[0]->dtype);
    if (e->block == NULL && op->input[0]->dtype != EST_STRING)
        return est__fail(EST_UNIMPLEMENTED, "%s '%s': no kernel for %s", op->row->tf_name, op->name,
                         est_dtype_name(op->input[0]->dtype));
    return EST_OK;
}

typedef struct pieces {
    est_block_fn block;
    int num_in;
    const char *in[3];
    char *out;
    size_t in_size[3], out_size;
    const est__broadcast *broadcast;   /* of each of two inputs */
} pieces;

static void same_piece(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const pieces *p = arg;
    const void *in[3];
    (void)block;
    for (int i = 0; i < p->num_in; i++)
        in[i] = p->in[i] + (size_t)begin * p->in_size[i];
    p->block(in, p->out + (size_t)begin * p->out_size, end - begin);
}

static void run_pieces(est_kernel *k, int64_t n, pieces *p, void (*fn)(void *, int64_t, int64_t, int64_t))
{
    if (n <= PIECE) {
        if (n > 0)
            fn(p, 0, 0, n);
    } else {
        est__for_blocks(k->pool, n, PIECE, fn, p);
    }
}

static est_status same_shape(est_kernel *k, const est__elementwise *e, const est_shape *shape)
{
    est_tensor *out;
    pieces p = { .block = e->block, .num_in = k->num_in, .out_size = est_dtype_size(e->out) };
    EST_TRY(est__out(k, 0, shape, &out));
    p.out = out->data;
    for (int i = 0; i < k->num_in; i++) {
        p.in[i] = est__in(k, i)->data;
        p.in_size[i] = est_dtype_size(est__in_dtype(k, i));
    }
    run_pieces(k, est_shape_elements(shape), &p, same_piece);
    return EST_OK;
}

est_status est__unary_cpu(est_kernel *k)
{
    const est_shape *shape = &est__in(k, 0)->shape;
    for (int i = 1; i < k->num_in; i++)
        if (!est_shape_equal(shape, &est__in(k, i)->shape)) {
            char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
            return est__kernel_fail(
                k, EST_INVALID_ARGUMENT, "input 0 is %s and input %d is %s; they must be alike",
                est__shape_string(a, shape), i, est__shape_string(b, &est__in(k, i)->shape));
        }
    return same_shape(k, k->state, shape);
}

static void broadcast_piece(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const pieces *p = arg;
    uint64_t room[2][OPERAND];
    (void)block;
    for (int64_t i = begin; i < end; i += OPERAND) {
        int64_t n = end - i < OPERAND ? end - i : OPERAND;
        const void *in[2];
        for (int j = 0; j < 2; j++) {
            if (p->broadcast[j].plain) {
                in[j] = p->in[j] + (size_t)i * p->in_size[j];
                continue;
            }
            /* A scalar stays in place once it was spread out. */
            if (p->broadcast[j].rank > 1 || p->broadcast[j].stride[0] != 0 || i == begin)
                est__broadcast_read(&p->broadcast[j], p->in[j], p->in_size[j], i, n, room[j]);
            in[j] = room[j];
        }
        p->block(in, p->out + (size_t)i * p->out_size, n);
    }
}

est_status est__binary_cpu(est_kernel *k)
{
    const est__elementwise *e = k->state;
    const est_tensor *a = est__in(k, 0), *b = est__in(k, 1);
    est__broadcast broadcast[2];
    est_shape shape;
    est_tensor *out;
    pieces p = { .block = e->block,
                 .num_in = 2,
                 .out_size = est_dtype_size(e->out),
                 .broadcast = broadcast,
                 .in = { a->data, b->data },
                 .in_size = { est_dtype_size(a->dtype), est_dtype_size(b->dtype) } };
    if (est_shape_equal(&a->shape, &b->shape))
        return same_shape(k, e, &a->shape);
    if (!est__broadcast_shapes(&a->shape, &b->shape, &shape)) {
        char left[EST__SHAPE_TEXT_SIZE], right[EST__SHAPE_TEXT_SIZE];
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "shapes %s and %s do not broadcast",
                                est__shape_string(left, &a->shape), est__shape_string(right, &b->shape));
    }
    est__broadcast_of(&a->shape, &shape, &broadcast[0]);
    est__broadcast_of(&b->shape, &shape, &broadcast[1]);
    EST_TRY(est__out(k, 0, &shape, &out));
    p.out = out->data;
    run_pieces(k, est_shape_elements(&shape), &p, broadcast_piece);
    return EST_OK;
}
