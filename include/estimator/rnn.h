/* Recurrent layers over cells of the user's own, which est_rnn (nn.h) does not know (tf.keras.layers.RNN over a cell).
 * Since 0.1. */
#ifndef ESTIMATOR_RNN_H
#define ESTIMATOR_RNN_H

#include <estimator/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A cell: what becomes of the states in one step of a sequence. Functions are called while the graph is built. */
typedef struct est_rnn_cell {
    est_ints state_sizes;       /* needed: n of each state, float32 [batch, n]; they begin as zeros */
    int64_t output_size;        /* 0: that of the first state */
    /** Makes the cell's variables in `g`; input_size: n of x. NULL: it has none, or they are made already. */
    est_status (*build)(est_graph *g, int64_t input_size, void *user);
    /** One step, in a graph `g` of its own, which may use nodes of the graph around (the variables' handles): x [batch, n];
     *  sets the output, float32 [batch, output_size], and as many new states as there are. */
    void (*step)(est_graph *g, est_node *x, est_nodes states, est_node **output, est_node **new_states, void *user);
    void *user;
} est_rnn_cell;

typedef struct est_rnn_over_options {
    est_node *sequence_length;  /* int64 [batch]: steps of each row that count; NULL: all do */
    bool return_sequences;      /* the outputs of all steps, not that of the last */
} est_rnn_over_options;
/** The cell over x [batch, time, n] float32 -> [batch, output_size], or [batch, time, output_size]: a StatelessWhile,
 *  with its gradient. Past a row's length output and states stay what they were.
 *  Errors, sticking: INVALID_ARGUMENT: x, no states, sizes < 1, no step, an output or state of another shape; what the
 *  cell fails with. */
EST_API est_node *est_rnn_over_sized(est_graph *g, est_node *x, const est_rnn_cell *cell, size_t cell_size,
                                     const est_rnn_over_options *options, size_t size);
static inline est_node *est_rnn_over(est_graph *g, est_node *x, const est_rnn_cell *cell,
                                     const est_rnn_over_options *options)
{
    return est_rnn_over_sized(g, x, cell, sizeof *cell, options, options ? sizeof *options : 0);
}

#ifdef __cplusplus
}
#endif
#endif
