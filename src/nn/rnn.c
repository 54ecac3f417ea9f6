/* Recurrent layers: the variables and initial values of Keras' cells around EstRnn. */
#include <estimator/nn.h>
#include <estimator/ops.h>

#include "graph/graph.h"

enum { LONGEST_NAME = 512 };

static const struct cell {
    const char *name;
    int64_t gates;
} cells[] = { { "simple_rnn", 1 }, { "lstm", 4 }, { "gru", 3 } };
enum { COUNT = sizeof cells / sizeof cells[0] };

const char *const *est_rnn_cell_names(void)
{
    static const char *const names[COUNT + 1] = { "simple_rnn", "lstm", "gru" };
    return names;
}

static const struct cell *find(const char *name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(cells[i].name, name) == 0)
            return &cells[i];
    return NULL;
}

static est_node *variable(est_graph *g, const char *layer, const char *name, est_shape shape, est_node *initial_value)
{
    char full[LONGEST_NAME + 32];
    snprintf(full, sizeof full, "%s/%s", layer, name);
    return est_read(g, est_variable(g, full, &(est_variable_options){ .dtype = EST_FLOAT, .shape = shape,
                                                                      .initial_value = initial_value }));
}

/* An LSTM begins by keeping its state: the bias of the forget gate is 1. */
static est_node *bias_of(est_graph *g, const struct cell *cell, const char *layer, int64_t units)
{
    if (cell->gates == 3)
        return variable(g, layer, "bias", EST_SHAPE(2, 3 * units), NULL);
    if (cell->gates == 1)
        return variable(g, layer, "bias", EST_SHAPE(units), NULL);
    est_node *ones = est_filled(g, EST_SHAPE(units), 1);
    est_node *parts[] = { est_zeros(g, EST_FLOAT, EST_SHAPE(units)), ones, est_zeros(g, EST_FLOAT, EST_SHAPE(2 * units)) };
    return variable(g, layer, "bias", EST_SHAPE(4 * units), est_concat(g, (est_nodes){ parts, 3 }, 0));
}

/* All steps of all rows. */
static est_node *whole_length(est_graph *g, est_node *x)
{
    est_node *dims = est_cast(g, est_shape_of_node(g, x), EST_INT64);
    est_node *time = est_strided_slice(g, dims, EST_INTS(1), EST_INTS(2), EST_INTS(1), 1);
    return est_fill(g, est_slice(g, dims, EST_INTS(0), EST_INTS(1)), time);
}

static est_status check(est_node *x, int64_t units, const char *cell)
{
    const est_shape *in = est_node_shape(x);
    if (in->rank != 3 || in->dim[2] < 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_rnn: '%s' must be [batch, time, n] with a known n", est_node_name(x));
    if (units < 1)
        return est__fail(EST_INVALID_ARGUMENT, "est_rnn: units is %lld; it must be at least 1", (long long)units);
    if (find(cell) == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "est_rnn: unknown cell '%s'; there are simple_rnn, lstm and gru", cell);
    return EST_OK;
}

est_node *est_rnn_sized(est_graph *g, est_node *x, int64_t units, const est_rnn_options *options, size_t size)
{
    est_rnn_options o = { 0 };
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    o.cell = o.cell ? o.cell : "simple_rnn";
    o.name = o.name ? o.name : "rnn";
    if (g->status != EST_OK || est__is_nil(x))
        return &g->nil;
    est_status st = check(x, units, o.cell);
    if (st != EST_OK)
        return est__spoil(g, st);
    const struct cell *cell = find(o.cell);
    est_graph_begin_scope(g, o.name);
    est_node *length = o.sequence_length ? o.sequence_length : whole_length(g, x);
    est_shape in = EST_SHAPE(est_node_shape(x)->dim[2], cell->gates * units), recurrent = EST_SHAPE(units, cell->gates * units);
    const est_initializer orthogonal = { .type = "Orthogonal" };
    est_node *kernel = variable(g, o.name, "kernel", in, est_glorot_uniform(g, in));
    est_node *inner = variable(g, o.name, "recurrent_kernel", recurrent, est_initial_value(g, recurrent, &orthogonal));
    est_node *y = est_op(g, "EstRnn", NULL, EST_NODES(x, length, kernel, inner, bias_of(g, cell, o.name, units)),
                         EST_ATTRS(EST_STRING_ATTR("cell", o.cell), EST_BOOL_ATTR("return_sequences", o.return_sequences)));
    est_graph_end_scope(g);
    return y;
}
