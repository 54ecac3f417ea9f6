/* GraphDef: the graph as TensorFlow writes it down, in and out. */
#ifndef EST_GRAPH_GRAPHDEF_H
#define EST_GRAPH_GRAPHDEF_H

#include "graph/graph.h"
#include "proto/graph.pb-c.h"

/* Adds the nodes that the wanted ones reach ("name" or "name:0"), and them; what they do not reach need not
 * be known here. */
est_status est__graph_import(est_graph *g, const Tensorflow__GraphDef *def, est_strings wanted);
/* The whole graph, composites under their own names; attributes equal to their defaults are left out. Lives
 * in the arena, and borrows from the graph. */
est_status est__graph_export(const est_graph *g, est__arena *arena, Tensorflow__GraphDef **out);
/* "name" of output 0, "name:1" of others: how a GraphDef spells a node. In the arena. */
const char *est__node_reference(est__arena *arena, const est_node *n);

/* TensorProto, likewise. */
est_status est__tensor_from_proto(const Tensorflow__TensorProto *p, const char *what, est_tensor **out);
est_status est__tensor_to_proto(const est_tensor *t, est__arena *arena, Tensorflow__TensorProto **out);
/* rank -2: more than EST_MAX_RANK dimensions */
est_shape est__shape_from_proto(const Tensorflow__TensorShapeProto *p);
Tensorflow__TensorShapeProto *est__shape_to_proto(const est_shape *s, est__arena *arena);

#endif
