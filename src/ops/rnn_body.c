/* EstRnn in TensorFlow's ops, for exports: a functional While over the steps, as Keras' RNN builds it. */
#include <estimator/ops.h>

#include "ops/rnn.h"

typedef struct layer {
    est__rnn_cell cell;
    bool sequences;
    est_node *x, *length, *kernel, *recurrent, *bias, *time, *element;
} layer;

static est_node *product(est_graph *g, est_node *a, est_node *b)
{
    return EST_OP2(g, "MatMul", a, b);
}

static est_node *split(est_graph *g, est_node *x, int64_t n)
{
    return est_op(g, "Split", NULL, EST_NODES(est_constant_int(g, EST_INT32, 1), x), EST_ATTRS(EST_INT_ATTR("num_split", n)));
}

static est_node *part(est_node *split, int i)
{
    return est_node_output(split, i);
}

static est_node *lstm(est_graph *g, const layer *l, est_node *x, est_node *h, est_node **c)
{
    est_node *z = est_bias_add(g, est_add(g, product(g, x, l->kernel), product(g, h, l->recurrent)), l->bias);
    est_node *s = split(g, z, 4);
    if (est__is_nil(s))
        return s;
    est_node *kept = est_mul(g, est_sigmoid(g, part(s, 1)), *c);
    *c = est_add(g, kept, est_mul(g, est_sigmoid(g, part(s, 0)), est_tanh(g, part(s, 2))));
    return est_mul(g, est_sigmoid(g, part(s, 3)), est_tanh(g, *c));
}

static est_node *row(est_graph *g, est_node *x, int64_t i)
{
    return est_strided_slice(g, x, EST_INTS(i), EST_INTS(i + 1), EST_INTS(1), 1);
}

static est_node *gru(est_graph *g, const layer *l, est_node *x, est_node *h)
{
    est_node *a = split(g, est_bias_add(g, product(g, x, l->kernel), row(g, l->bias, 0)), 3);
    est_node *b = split(g, est_bias_add(g, product(g, h, l->recurrent), row(g, l->bias, 1)), 3);
    if (est__is_nil(a) || est__is_nil(b))
        return &g->nil;
    est_node *z = est_sigmoid(g, est_add(g, part(a, 0), part(b, 0)));
    est_node *reset = est_sigmoid(g, est_add(g, part(a, 1), part(b, 1)));
    est_node *candidate = est_tanh(g, est_add(g, part(a, 2), est_mul(g, reset, part(b, 2))));
    return est_add(g, est_mul(g, z, h), est_mul(g, est_sub(g, est__scalar_like(g, z, 1), z), candidate));
}

static void goes_on(est_graph *g, est_nodes in, est_node **r, void *user)
{
    r[0] = est_less(g, in.data[0], ((const layer *)user)->time);
}

/* Variables: the step, h, for LSTM c, and the list of outputs where all are wanted. */
static void step(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const layer *l = user;
    est_node *t = in.data[0], *h = in.data[1], *c = in.data[2 % in.count], *next;
    est_node *x = est_gather(g, l->x, t, 1);
    est_node *counts = est_expand_dims(g, est_less(g, est_cast(g, t, EST_INT64), l->length), 1);
    if (l->cell == EST__RNN_LSTM)
        next = lstm(g, l, x, h, &c);
    else if (l->cell == EST__RNN_GRU)
        next = gru(g, l, x, h);
    else
        next = est_tanh(g, est_add(g, est_bias_add(g, product(g, x, l->kernel), l->bias), product(g, h, l->recurrent)));
    size_t n = 0;
    r[n++] = est_add(g, t, est_constant_int(g, EST_INT32, 1));
    r[n++] = est_where(g, counts, next, h);
    if (l->cell == EST__RNN_LSTM)
        r[n++] = est_where(g, counts, c, in.data[2]);
    if (l->sequences)
        r[n] = est_op(g, "TensorListSetItem", NULL, EST_NODES(in.data[n], t, r[1]), EST_NO_ATTRS);
}

void est__rnn_body(est_body *b)
{
    est_graph *g = b->g;
    layer l = { .sequences = est__attr_bool(b->op, "return_sequences"), .x = b->x[0], .length = b->x[1], .kernel = b->x[2],
                .recurrent = b->x[3], .bias = b->x[4] };
    est__rnn_cell_of(b->op, &l.cell);
    est_node *shape = est_shape_of_node(g, l.x);
    l.time = row(g, shape, 1);
    l.element = est_pack(g, EST_NODES(row(g, shape, 0), row(g, est_shape_of_node(g, l.recurrent), 0)), 0);
    est_node *zeros = est_fill(g, l.element, est__scalar_like(g, l.x, 0));
    est_node *in[4] = { est_constant_int(g, EST_INT32, 0), zeros, zeros };
    size_t n = l.cell == EST__RNN_LSTM ? 3 : 2;
    if (l.sequences)
        in[n++] = est_op(g, "TensorListReserve", NULL, EST_NODES(l.element, l.time),
                         EST_ATTRS(EST_TYPE_ATTR("element_dtype", l.x->dtype)));
    est_node *last = est_while(g, goes_on, step, (est_nodes){ in, n }, &l);
    b->y[0] = est__is_nil(last) ? last : est_node_output(last, l.sequences ? (int)n - 1 : 1);
    if (l.sequences)
        b->y[0] = est_transpose(g, est_op(g, "TensorListStack", NULL, EST_NODES(b->y[0], l.element),
                                          EST_ATTRS(EST_TYPE_ATTR("element_dtype", l.x->dtype))), EST_INTS(1, 0, 2));
    b->y[1] = zeros;              /* for the gradient, which no export has */
}
