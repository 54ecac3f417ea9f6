/* What the families of ops share: type lists, elementwise and broadcasting kernels, copying of runs,
 * gradients' helpers. */
#ifndef EST_OPS_OPS_H
#define EST_OPS_OPS_H

#include <estimator/ops.h>

#include "backend/cpu/vector.h"
#include "backend/kernel.h"
#include "graph/graph.h"

/* EST_CLONES for a type: where vectors pay. */
#define EST_CLONES_float EST_CLONES
#define EST_CLONES_double EST_CLONES
#define EST_CLONES_int32_t
#define EST_CLONES_int64_t
#define EST_CLONES_int8_t
#define EST_CLONES_int16_t
#define EST_CLONES_uint8_t
#define EST_CLONES_uint16_t
#define EST_CLONES_uint32_t
#define EST_CLONES_uint64_t
#define EST_CLONES__Bool

/* Lists of the dtypes that kernels compute with: X(C type, dtype, …). */
#define EST_REALS(X, ...) X(float, EST_FLOAT, __VA_ARGS__) X(double, EST_DOUBLE, __VA_ARGS__)
#define EST_SIGNED(X, ...)             \
    X(int32_t, EST_INT32, __VA_ARGS__) \
    X(int64_t, EST_INT64, __VA_ARGS__) X(int8_t, EST_INT8, __VA_ARGS__) X(int16_t, EST_INT16, __VA_ARGS__)
#define EST_UNSIGNED(X, ...)                                                  \
    X(uint8_t, EST_UINT8, __VA_ARGS__)                                        \
    X(uint16_t, EST_UINT16, __VA_ARGS__) X(uint32_t, EST_UINT32, __VA_ARGS__) \
        X(uint64_t, EST_UINT64, __VA_ARGS__)
#define EST_SIGNED_NUMBERS(X, ...) EST_REALS(X, __VA_ARGS__) EST_SIGNED(X, __VA_ARGS__)
#define EST_NUMBERS(X, ...) EST_SIGNED_NUMBERS(X, __VA_ARGS__) EST_UNSIGNED(X, __VA_ARGS__)
#define EST_BOOLS(X, ...) X(_Bool, EST_BOOL, __VA_ARGS__)

/* The same lists as a signature spells them. */
#define EST_SIG_REALS "{float, double}"
#define EST_SIG_SIGNED "{float, double, int32, int64, int8, int16}"
#define EST_SIG_NUMBERS "{float, double, int32, int64, int8, int16, uint8, uint16, uint32, uint64}"

/* ---- elementwise (elementwise.c): rows whose `block` does the work ---- */
typedef struct est__elementwise {
    est_block_fn block;
    est_dtype out;
} est__elementwise;
est_status est__elementwise_prepare(const est_operation *op, void *state);
est_status est__unary_cpu(est_kernel *k);    /* output shaped as input 0; all inputs have its shape */
est_status est__binary_cpu(est_kernel *k);   /* two inputs, broadcast against each other */
#define EST_ELEMENTWISE(cpu_fn, block_fn)                                         \
    .cpu = (cpu_fn), .block = (block_fn), .state_size = sizeof(est__elementwise), \
    .prepare = est__elementwise_prepare

/* ---- broadcasting (broadcast.c) ---- */
/* How the elements of an output are found in one operand of smaller shape: neighbouring dimensions that
 * behave alike are merged. */
typedef struct est__broadcast {
    int rank;
    int64_t dim[EST_MAX_RANK];      /* of the output */
    int64_t stride[EST_MAX_RANK];   /* in the operand; 0: repeated */
    bool plain;                     /* nothing is repeated */
} est__broadcast;
/* The shape of both together; false when they do not fit. Known shapes only. */
bool est__broadcast_shapes(const est_shape *a, const est_shape *b, est_shape *out);
/* Operand of shape `from` seen as `to`, which it must fit. */
void est__broadcast_of(const est_shape *from, const est_shape *to, est__broadcast *out);
/* Elements [begin, begin + n) of the output, taken from the operand `data` with elements of `size` bytes (1,
 * 2, 4 or 8). */
void est__broadcast_read(const est__broadcast *b, const void *data, size_t size, int64_t begin, int64_t n,
                         void *to);
/* The operand's element for the output's element i. */
int64_t est__broadcast_index(const est__broadcast *b, int64_t i);

/* ---- copying (runs.c): outputs whose elements are the inputs' in another order, strings as well ---- */
typedef struct est__runs {
    size_t size;      /* bytes of an element; 0: strings */
    char *to;         /* where the next element goes */
    bool measuring;   /* strings: the first walk only adds up bytes */
    size_t bytes;
    int64_t count;
    est_tensor *out;
} est__runs;
/* Makes output i of that dtype and shape by calling walk, once or (strings) twice, which calls est__copy_run
 * for each run in output order. */
est_status est__runs_out(est_kernel *k, int i, est_dtype dtype, const est_shape *shape,
                         void (*walk)(est__runs *r, void *arg), void *arg);
void est__copy_run_slow(est__runs *r, const est_tensor *from, int64_t start, int64_t n);
static inline void est__copy_run(est__runs *r, const est_tensor *from, int64_t start, int64_t n)
{
    if (r->size == 4 && n == 1) {
        memcpy(r->to, (const char *)from->data + start * 4, 4);
        r->to += 4;
    } else {
        est__copy_run_slow(r, from, start, n);
    }
}
/* A view of one tensor that an output is copied from: element [i0, i1, …] is from[start + i0*stride[0] + …].
 */
typedef struct est__view {
    const est_tensor *from;
    int rank;
    int64_t start, dim[2 * EST_MAX_RANK], stride[2 * EST_MAX_RANK];
} est__view;
est_status est__view_out(est_kernel *k, int i, const est_shape *shape, est__view *view);
/* Pieces that lie side by side in each of `outer` rows: put together to `whole`, or taken apart from it. */
typedef struct est__pieces {
    bool apart;
    int count;
    int64_t outer;
    char *whole, **piece;
    size_t *size;                 /* bytes of a row of each piece */
    size_t row;                   /* bytes of a row of the whole */
} est__pieces;
void est__copy_pieces(est_kernel *k, const est__pieces *p);
/* Rows that are taken here and there, AHEAD rows later: by then they are in the cache. */
enum { EST__AHEAD = 12 };
static inline void est__prefetch_row(const float *row, int64_t width)
{
    for (int64_t j = 0; j < width && j < 128; j += 16)
        __builtin_prefetch(row + j);
}
static inline int64_t est__dims_product(const int64_t *dim, int n)
{
    int64_t p = 1;
    for (int d = 0; d < n; d++)
        p *= dim[d];
    return p;
}
/* The strides of a row-major tensor of that shape. */
void est__strides(const est_shape *shape, int64_t stride[EST_MAX_RANK]);

/* ---- integer operands: shapes, axes, indices ---- */
/* Element i of an int32 or int64 tensor. */
static inline int64_t est__int_at(const est_tensor *t, int64_t i)
{
    return t->dtype == EST_INT32 ? ((const int32_t *)t->data)[i] : ((const int64_t *)t->data)[i];
}
/* Input i as a shape: a vector of at most EST_MAX_RANK numbers that are not negative. */
est_status est__in_shape(est_kernel *k, int i, est_shape *out);
/* An axis in [-rank, rank) as one in [0, rank). */
est_status est__in_axis(est_kernel *k, int64_t axis, int rank, int *out);
/* The prepare of an operation whose state is its attribute "axis", an int64_t. */
est_status est__prepare_axis(const est_operation *op, void *state);
est_status est__infer_axis(const est_infer *c, int64_t axis, int rank, int *out);
/* A scalar axis that is a constant input: *known false when it is not constant. */
est_status est__infer_const_axis(const est_infer *c, int i, int rank, int *axis, bool *known);
static inline est_shape est__unknown_shape(int rank)   /* of known rank, or -1 */
{
    est_shape s = { .rank = rank };
    for (int d = 0; d < rank; d++)
        s.dim[d] = -1;
    return s;
}

/* An attribute is wrong: what a row's `prepare` says, after the operation. */
#define EST_PREPARE_FAIL(op, format, ...) \
    est__fail(EST_INVALID_ARGUMENT, "%s '%s': " format, (op)->row->tf_name, (op)->name, __VA_ARGS__)

/* ---- gradients ---- */
void est__grad_none(est_grad *b);   /* nothing flows back: integers, comparisons, shapes */
void est__grad_pass(est_grad *b);   /* dy flows back as it is into input 0 */
/* d[i] flows back into input i of a broadcasting op; it has the output's shape and is summed to the input's.
 */
void est__grad_broadcast(est_grad *b, est_node *d0, est_node *d1);
/* d, shaped like the op's output, summed to the shape of x, which is broadcast to it. */
est_node *est__sum_like(est_grad *b, est_node *d, est_node *x);
/* The value of a constant node; NULL: it is none. */
const est_tensor *est__const_value(const est_node *n);
/* Ops by name, for gradients and bodies. */
#define EST_OP1(g, op, a) est_op((g), (op), NULL, EST_NODES(a), EST_NO_ATTRS)
#define EST_OP2(g, op, a, b) est_op((g), (op), NULL, EST_NODES(a, b), EST_NO_ATTRS)
#define EST_OP3(g, op, a, b, c) est_op((g), (op), NULL, EST_NODES(a, b, c), EST_NO_ATTRS)
/* x with like's shape. */
est_node *est__reshape_like(est_graph *g, est_node *x, est_node *like);
/* An int32 vector. */
est_node *est__ints(est_graph *g, const int64_t *v, int n);
/* The shape of n as a node: a constant where it is known. */
est_node *est__shape_node(est_graph *g, est_node *n);
/* A scalar constant of n's dtype. */
est_node *est__scalar_like(est_graph *g, const est_node *n, double value);

#endif
