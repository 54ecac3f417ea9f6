/* Attributes: copies and comparison, for building, sharing and GraphDef. */
#ifndef EST_GRAPH_ATTR_H
#define EST_GRAPH_ATTR_H

#include "graph/graph.h"

/* A deep copy, owned by the graph. */
est_status est__attr_copy(est_graph *g, const est_attr *from, est_attr *to);
bool est__attr_equal(const est_attr *a, const est_attr *b);

#endif
