/* The graph of an export: the model's, composites spelt out, with what TensorFlow's loader needs beside it. */
#ifndef EST_EXPORT_SERVING_GRAPH_H
#define EST_EXPORT_SERVING_GRAPH_H

#include "export/export.h"
#include "graph/graph.h"

typedef struct est__serving_graph {
    est_graph *graph;
    est_node *filename, *save, *restore;   /* of the saver */
    est_node *main_op;                     /* fills the tables */
    est_node **assign, **read;             /* by variable of the graph: its initializer, its snapshot */
    est__arena arena;
} est__serving_graph;

/* `keep`: the nodes that signatures name; kept[i] is what each became. */
/* `restores`: the saver looks for variables by their restore names. */
est_status est__serving_graph_new(const est_graph *g, est_nodes keep, bool restores, est_node **kept, est__serving_graph *out);
void est__serving_graph_free(est__serving_graph *s);

#endif
