/* What the parts of EstRnn share: its cells, and the sizes of a run of it. */
#ifndef EST_OPS_RNN_H
#define EST_OPS_RNN_H

#include "ops/ops.h"

typedef enum est__rnn_cell { EST__RNN_SIMPLE, EST__RNN_LSTM, EST__RNN_GRU } est__rnn_cell;

/* The cell of an operation's attribute; false: unknown. */
bool est__rnn_cell_of(const est_operation *op, est__rnn_cell *cell);
static inline int est__rnn_gates(est__rnn_cell cell)
{
    return cell == EST__RNN_SIMPLE ? 1 : cell == EST__RNN_LSTM ? 4 : 3;
}
/* What the backward pass wants of a step beside its output h: LSTM the gates i, f, g, o and the state c; GRU
 * the gates z, r, the candidate, and the recurrent part of the candidate. In units. */
static inline int est__rnn_kept(est__rnn_cell cell)
{
    return cell == EST__RNN_SIMPLE ? 1 : cell == EST__RNN_LSTM ? 6 : 5;
}

typedef struct est__rnn {
    est__rnn_cell cell;
    bool sequences;
} est__rnn;

/* One run: x [batch, time, width], kernel [width, gates], recurrent kernel [units, gates]. */
typedef struct est__rnn_size {
    int64_t batch, time, width, units, gates, kept;
    const int64_t *length;         /* steps of each row that count */
} est__rnn_size;
/* From inputs 0 (x), 1 (length), 2 (kernel), 3 (recurrent kernel), 4 (bias). */
est_status est__rnn_size_of(est_kernel *k, est__rnn_size *out);

est_status est__rnn_prepare(const est_operation *op, void *state);
void est__rnn_body(est_body *b);
est_status est__rnn_grad_infer(est_infer *c);
est_status est__rnn_grad_cpu(est_kernel *k);

#endif
