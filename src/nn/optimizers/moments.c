/* What optimizers that TensorFlow has no op for are composed of: slots that decay, and updates of variables and of their rows. */
#include <estimator/ops.h>

#include "graph/graph.h"
#include "nn/optimizers/optimizer.h"

#define FLOAT_ATTR EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT))

est_node *est__assign(est_graph *g, est_node *variable, est_node *value)
{
    return est_op(g, "AssignVariableOp", NULL, EST_NODES(variable, value), FLOAT_ATTR);
}

est_node *est__assign_sub(est_graph *g, est_node *variable, est_node *value)
{
    return est_op(g, "AssignSubVariableOp", NULL, EST_NODES(variable, value), FLOAT_ATTR);
}

est_node *est__scatter_sub(est_graph *g, est_node *variable, est_node *ids, est_node *rows)
{
    return est_op(g, "ResourceScatterSub", NULL, EST_NODES(variable, ids, rows), FLOAT_ATTR);
}

est_node *est__scatter_update(est_graph *g, est_node *variable, est_node *ids, est_node *rows)
{
    return est_op(g, "ResourceScatterUpdate", NULL, EST_NODES(variable, ids, rows), FLOAT_ATTR);
}

est_node *est__rows_of(est_graph *g, est_node *variable, est_node *ids)
{
    return est_op(g, "ResourceGather", NULL, EST_NODES(variable, ids), FLOAT_ATTR);
}

est_node *est__decayed(const est__updates *u, est_node *slot, est_node *decay, est_node *one_minus_decay, est_node *value)
{
    est_graph *g = u->g;
    return est_add(g, est_mul(g, decay, est_read(g, slot)), est_mul(g, one_minus_decay, value));
}

int est__moment_slots(const void *options, est__slot out[EST__MAX_SLOTS])
{
    (void)options;
    out[0] = (est__slot){ "m", 0 };
    out[1] = (est__slot){ "v", 0 };
    return 2;
}

est_node *est__spread(est_graph *g, est_node *variable, est_node *rows, est_node *ids)
{
    est_node *count = est_constant_int(g, EST_INT32, est_node_shape(est_read(g, variable))->dim[0]);
    return est_op(g, "UnsortedSegmentSum", NULL, EST_NODES(rows, ids, count), EST_NO_ATTRS);
}

/* The whole slot decays; assignments come in the order in which they are made here. */
est__decayed_rows est__decay_rows(const est__updates *u, est_node *slot, est_node *ids, est_node *decay, est_node *one_minus_decay,
                                  est_node *value)
{
    est_graph *g = u->g;
    est_node *added = est_mul(g, value, one_minus_decay);
    est_node *decays = est__assign(g, slot, est_mul(g, est_read(g, slot), decay));
    est_node *update = est_op(g, "ResourceScatterAdd", NULL, EST_NODES(slot, ids, added), FLOAT_ATTR);
    est_node_after(update, decays);
    return (est__decayed_rows){ .rows = est_add(g, est_mul(g, est__rows_of(g, slot, ids), decay), added), .update = update };
}
