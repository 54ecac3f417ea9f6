/* Chains at work: a step goes block by block through its elementwise members while the block is in cache, and
 * tile by tile where a product of matrices stands before them. Every member rounds to its own type, so that
 * the bits are those of the single steps. */
#include "backend/cpu/blas.h"
#include "runtime/frame.h"

enum { ROOM = EST__FUSED_BLOCK * 8 };   /* bytes of a block of the widest type */

/* How an input from outside, or a member's result, is seen by a chain; wider ones last. */
typedef enum view { SCALAR, ROW, SAME } view;

typedef struct task {
    const est__fused *fused;
    int num_in;
    const est_tensor *in[EST__FUSED_INPUTS];
    view view[EST__FUSED_INPUTS];
    int64_t row;                  /* elements of the last dimension */
    char *out;
} task;

static bool in_chain(const est__fused *f, int input)
{
    return f->chained >> input & 1;
}

/* The shape of the output: that of the largest input. */
static est_shape widest(const est_kernel *k)
{
    int64_t most = -1;
    est_shape s = { 0 };
    for (int i = 0; i < k->num_in; i++) {
        int64_t n = est__tensor_elements(k->in[i]);
        if (n > most || (n == most && k->in[i]->shape.rank > s.rank)) {
            most = n;
            s = k->in[i]->shape;
        }
    }
    return s;
}

/* How the inputs fit an output of that shape; false: not this way. */
static bool see(const est_kernel *k, task *t, const est_shape *s)
{
    t->row = s->rank ? s->dim[s->rank - 1] : 1;
    for (int i = 0; i < k->num_in; i++) {
        const est_shape *x = &k->in[i]->shape;
        int64_t n = est__tensor_elements(k->in[i]);
        t->in[i] = k->in[i];
        if (!in_chain(t->fused, i))
            continue;
        if (est_shape_equal(x, s))
            t->view[i] = SAME;
        else if (n == 1 && x->rank <= s->rank)
            t->view[i] = SCALAR;
        else if (x->rank >= 1 && x->rank <= s->rank && n == t->row && x->dim[x->rank - 1] == n)
            t->view[i] = ROW;
        else
            return false;
    }
    return true;
}

/* Some members do not broadcast: they want inputs alike, or a bias, and say so when run by themselves. */
static bool fits(const task *t, const est_shape *shape)
{
    const est__fused *f = t->fused;
    view result[EST__FUSED_OPS];
    result[0] = SAME;
    for (int m = f->product; m < f->num_ops; m++) {
        const est__fused_op *op = &f->op[m];
        view in[3] = { SCALAR };
        result[m] = SCALAR;
        for (int i = 0; i < op->num_in; i++) {
            in[i] = op->in[i] >= 0 ? result[op->in[i]] : t->view[~op->in[i]];
            result[m] = in[i] > result[m] ? in[i] : result[m];
            if (op->wants == EST__FUSED_ALIKE && in[i] != SAME)
                return false;
        }
        const est_tensor *bias = op->wants == EST__FUSED_BIAS && op->in[1] < 0 ? t->in[~op->in[1]] : NULL;
        if (op->wants == EST__FUSED_BIAS && (bias == NULL || in[0] != SAME || shape->rank < 2 ||
                                             bias->shape.rank != 1 || bias->shape.dim[0] != t->row))
            return false;
    }
    return true;
}

/* n elements of the row that is repeated without end, from `begin` on. */
static void repeat(char *to, const char *row, size_t size, int64_t length, int64_t begin, int64_t n)
{
    size_t at = (size_t)(begin % length) * size, all = (size_t)n * size, done = (size_t)length * size - at;
    if (done > all)
        done = all;
    memcpy(to, row + at, done);
    if (at > 0 && done < all) {
        at = at < all - done ? at : all - done;
        memcpy(to + done, row, at);
        done += at;
    }
    for (size_t part; done < all; done += part) {   /* whole rows are there: twice as many each time */
        part = done < all - done ? done : all - done;
        memcpy(to + done, to, part);
    }
}

/* Is the input the same for every block: one number, or a short row, which blocks hold as a whole? */
static bool is_filled(const task *t, int input)
{
    return t->view[input] == SCALAR || (t->view[input] == ROW && t->row <= EST__FUSED_BLOCK);
}

static void run_block(const task *t, char in_room[][ROOM], char room[][ROOM], int64_t begin, int64_t n)
{
    const est__fused *f = t->fused;
    const char *in[EST__FUSED_INPUTS], *made[EST__FUSED_OPS];
    for (int i = 0; i < t->num_in; i++) {
        in[i] = in_room[i];
        if (!in_chain(f, i) || is_filled(t, i))
            continue;
        int64_t at = t->view[i] == ROW ? begin % t->row : begin;
        if (t->view[i] == SAME || at + n <= t->row)
            in[i] = (const char *)t->in[i]->data + (size_t)at * f->in_size[i];
        else
            repeat(in_room[i], t->in[i]->data, f->in_size[i], t->row, at, n);
    }
    made[0] = t->out + (size_t)begin * f->op[0].size;   /* of a product: it lies where the result will be */
    for (int m = f->product; m < f->num_ops; m++) {
        const est__fused_op *op = &f->op[m];
        const void *args[3];
        for (int i = 0; i < op->num_in; i++)
            args[i] = op->in[i] >= 0 ? made[op->in[i]] : in[~op->in[i]];
        made[m] = room[m];
        op->block(args, m + 1 == f->num_ops ? t->out + (size_t)begin * op->size : room[m], n);
    }
}

/* `rows` pieces of `length` elements, each `stride`, whole rows, after the one before. */
static void run_rows(const task *t, int64_t begin, int64_t rows, int64_t length, int64_t stride)
{
    _Alignas(64) char in_room[EST__FUSED_INPUTS][ROOM], room[EST__FUSED_OPS][ROOM];
    int64_t block = t->row <= EST__FUSED_BLOCK ? EST__FUSED_BLOCK / t->row * t->row : EST__FUSED_BLOCK;
    if (block > length)
        block = length;
    for (int i = 0; i < t->num_in; i++) {
        int64_t row = t->view[i] == ROW ? t->row : 1;
        if (in_chain(t->fused, i) && is_filled(t, i))
            repeat(in_room[i], t->in[i]->data, t->fused->in_size[i], row, begin, block);
    }
    for (; rows > 0; rows--, begin += stride)
        for (int64_t at = 0; at < length; at += block)
            run_block(t, in_room, room, begin + at, length - at < block ? length - at : block);
}

static void run_piece(void *arg, int64_t block, int64_t begin, int64_t end)
{
    (void)block;
    run_rows(arg, begin, 1, end - begin, 0);
}

static void run_tile(void *arg, int64_t row, int64_t rows, int64_t column, int64_t columns)
{
    const task *t = arg;
    if (columns == t->row)
        run_rows(t, row * columns, 1, rows * columns, 0);
    else
        run_rows(t, row * t->row + column, rows, columns, t->row);
}

static est_status one_by_one(est_kernel *k, const est__fused *f)
{
    est__frame *frame = k->frame;
    for (int m = 0; m < f->num_ops; m++) {
        frame->step = &f->member[m];
        est__heap_empty(&frame->scratch);
        EST_TRY(f->member[m].cpu(&frame->member[f->first_member + m]));
    }
    return EST_OK;
}

est_status est__fused_cpu(est_kernel *k)
{
    const est__fused *f = k->frame->step->fused;
    est_shape shape = widest(k);
    task t = { .fused = f, .num_in = k->num_in };
    est_tensor *out;
    if (!see(k, &t, &shape) || (f->strict && !fits(&t, &shape)))
        return one_by_one(k, f);
    EST_TRY(est__out(k, 0, &shape, &out));
    t.out = out->data;
    est__for_blocks(k->pool, est__tensor_elements(out), 16 * EST__FUSED_BLOCK, run_piece, &t);
    return EST_OK;
}

est_status est__fused_product_cpu(est_kernel *k)
{
    const est__fused *f = k->frame->step->fused;
    const est_tensor *a = k->in[~f->op[0].in[0]], *b = k->in[~f->op[0].in[1]];
    est__product p = { .dtype = a->dtype, .ta = f->ta, .tb = f->tb, .then = run_tile };
    task t = { .fused = f, .num_in = k->num_in };
    est_tensor *out;
    if (a->shape.rank != 2 || b->shape.rank != 2 || a->shape.dim[!f->ta] != b->shape.dim[f->tb])
        return one_by_one(k, f);   /* the product says what is wrong */
    est_shape shape = EST_SHAPE(a->shape.dim[f->ta], b->shape.dim[!f->tb]);
    if (!see(k, &t, &shape) || (f->strict && !fits(&t, &shape)))
        return one_by_one(k, f);
    EST_TRY(est__out(k, 0, &shape, &out));
    t.out = out->data;
    p.m = shape.dim[0];
    p.n = shape.dim[1];
    p.k = a->shape.dim[!f->ta];
    p.a = a->data;
    p.b = b->data;
    p.c = out->data;
    p.arg = &t;
    est__multiply(k->pool, &p);
    return EST_OK;
}
