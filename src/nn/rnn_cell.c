/* Recurrent layers over cells of the user's own: a loop over the steps, in which the inputs are a list. */
#include <estimator/ops.h>
#include <estimator/rnn.h>

#include "graph/graph.h"

typedef struct layer {
    est_rnn_cell cell;
    est_node *inputs, *length, *time;
    int64_t width;
    bool sequences;
} layer;

static int64_t outputs_of(const est_rnn_cell *cell)
{
    return cell->output_size ? cell->output_size : cell->state_sizes.data[0];
}

static est_status check(est_node *x, const est_rnn_cell *cell)
{
    const est_shape *in = est_node_shape(x);
    if (in->rank != 3 || in->dim[2] < 0 || est_node_dtype(x) != EST_FLOAT)
        return est__fail(EST_INVALID_ARGUMENT, "est_rnn_over: '%s' must be float32 [batch, time, n] with a known n",
                         est_node_name(x));
    if (cell->step == NULL || cell->state_sizes.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_rnn_over: the cell has no %s", cell->step ? "state_sizes" : "step");
    for (size_t i = 0; i < cell->state_sizes.count; i++)
        if (cell->state_sizes.data[i] < 1)
            return est__fail(EST_INVALID_ARGUMENT, "est_rnn_over: state_sizes[%zu] is %lld; it must be at least 1", i,
                             (long long)cell->state_sizes.data[i]);
    if (cell->output_size < 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_rnn_over: output_size is %lld", (long long)cell->output_size);
    return EST_OK;
}

/* [batch, n] of floats, as the cell has promised. */
static est_node *checked(est_graph *g, est_node *n, int64_t size, const char *what, size_t i)
{
    char text[EST__SHAPE_TEXT_SIZE];
    if (n == NULL)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_rnn_over: the cell's step sets no %s %zu", what, i);
    const est_shape *s = est_node_shape(n);
    bool fits = s->rank < 0 || (s->rank == 2 && (s->dim[1] < 0 || s->dim[1] == size));
    if (!est__is_nil(n) && (!fits || est_node_dtype(n) != EST_FLOAT))
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_rnn_over: %s %zu of the cell is %s %s; float32 [?,%lld] is wanted",
                               what, i, est_dtype_name(est_node_dtype(n)), est__shape_string(text, s), (long long)size);
    return n;
}

static void goes_on(est_graph *g, est_nodes in, est_node **r, void *user)
{
    r[0] = est_less(g, in.data[0], ((const layer *)user)->time);
}

static est_node *list_op(est_graph *g, const char *op, est_nodes in)
{
    return est_op(g, op, NULL, in, EST_ATTRS(EST_TYPE_ATTR("element_dtype", EST_FLOAT)));
}

/* Variables: the step, the output, the states, and the list of outputs where all are wanted. */
static void step(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const layer *l = user;
    size_t states = l->cell.state_sizes.count;
    est_node *t = in.data[0], *output = NULL, **next = r + 2;
    est_node *x = list_op(g, "TensorListGetItem", EST_NODES(l->inputs, t, est_constant_ints(g, EST_INT32, EST_INTS(-1, l->width))));
    est_node *counts = est_expand_dims(g, est_less(g, est_cast(g, t, EST_INT64), l->length), 1);
    memset(next, 0, states * sizeof *next);
    l->cell.step(g, x, (est_nodes){ in.data + 2, states }, &output, next, l->cell.user);
    output = checked(g, output, outputs_of(&l->cell), "output", 0);
    r[0] = est_add(g, t, est_constant_int(g, EST_INT32, 1));
    r[1] = est_where(g, counts, output, in.data[1]);
    for (size_t i = 0; i < states; i++)
        next[i] = est_where(g, counts, checked(g, next[i], l->cell.state_sizes.data[i], "state", i), in.data[2 + i]);
    if (l->sequences)
        r[2 + states] = list_op(g, "TensorListPushBack", EST_NODES(in.data[2 + states], r[1]));
}

static est_node *element(est_graph *g, est_node *vector, int64_t i)
{
    return est_strided_slice(g, vector, EST_INTS(i), EST_INTS(i + 1), EST_INTS(1), 1);
}

static est_node *zeros(est_graph *g, est_node *batch, int64_t n)
{
    return est_fill(g, est_pack(g, EST_NODES(batch, est_constant_int(g, EST_INT32, n)), 0), est_constant_float(g, 0));
}

static est_node *loop(est_graph *g, est_node *x, layer *l)
{
    est_node *shape = est_shape_of_node(g, x), *batch = element(g, shape, 0);
    size_t states = l->cell.state_sizes.count, n = 0;
    int64_t outputs = outputs_of(&l->cell);
    est_node **in = est__arena_alloc(&g->arena, (states + 3) * sizeof *in);
    est_node *item = est_constant_ints(g, EST_INT32, EST_INTS(-1, outputs));
    if (in == NULL)
        return est__spoil(g, est__fail_memory(states * sizeof *in));
    l->time = element(g, shape, 1);
    l->length = l->length ? l->length : est_fill(g, est_pack(g, EST_NODES(batch), 0), est_cast(g, l->time, EST_INT64));
    l->inputs = list_op(g, "TensorListFromTensor", EST_NODES(est_transpose(g, x, EST_INTS(1, 0, 2)),
                                                             est_constant_ints(g, EST_INT32, EST_INTS(-1, l->width))));
    in[n++] = est_constant_int(g, EST_INT32, 0);
    in[n++] = zeros(g, batch, outputs);
    for (size_t i = 0; i < states; i++)
        in[n++] = zeros(g, batch, l->cell.state_sizes.data[i]);
    if (l->sequences)
        in[n++] = list_op(g, "EmptyTensorList", EST_NODES(item, est_constant_int(g, EST_INT32, -1)));
    est_node *last = est_while(g, goes_on, step, (est_nodes){ in, n }, l);
    if (est__is_nil(last) || !l->sequences)
        return est__is_nil(last) ? last : est_node_output(last, 1);
    est_node *element_shape = est_pack(g, EST_NODES(batch, est_constant_int(g, EST_INT32, outputs)), 0);
    est_node *all = list_op(g, "TensorListStack", EST_NODES(est_node_output(last, (int)n - 1), element_shape));
    return est_transpose(g, all, EST_INTS(1, 0, 2));
}

est_node *est_rnn_over_sized(est_graph *g, est_node *x, const est_rnn_cell *cell, size_t cell_size,
                             const est_rnn_over_options *options, size_t size)
{
    est_rnn_over_options o = { 0 };
    layer l = { 0 };
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    memcpy(&l.cell, cell, cell_size < sizeof l.cell ? cell_size : sizeof l.cell);
    if (g->status != EST_OK || est__is_nil(x))
        return &g->nil;
    est_status st = check(x, &l.cell);
    l.width = est_node_shape(x)->dim[2];
    l.length = o.sequence_length;
    l.sequences = o.return_sequences;
    if (st == EST_OK && l.cell.build)
        st = l.cell.build(g, l.width, l.cell.user);
    return st == EST_OK ? loop(g, x, &l) : est__spoil(g, st);
}
