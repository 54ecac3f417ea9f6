/* Object-based checkpoints (tf.train.Checkpoint, Keras, tf.saved_model.save): the graph of objects that lies in them, and the keys of
 * what the objects hold. */
#ifndef EST_FORMATS_OBJECT_GRAPH_H
#define EST_FORMATS_OBJECT_GRAPH_H

#include "formats/bundle.h"
#include "proto/trackable_object_graph.pb-c.h"

#define EST__OBJECT_GRAPH_KEY "_CHECKPOINTABLE_OBJECT_GRAPH"
#define EST__VARIABLE_VALUE "VARIABLE_VALUE"          /* the attribute of a variable */

typedef Tensorflow__TrackableObjectGraph__TrackableObject est__object_node;

typedef struct est__object_graph {
    Tensorflow__TrackableObjectGraph *message;        /* NULL: the checkpoint goes by names */
    est__map *key;                                    /* the full name of a variable -> its key */
    est__map *full_name;                              /* and back */
} est__object_graph;

/* The graph of an open checkpoint, or from its bytes; `what` is a path, for messages. Every number of a node in it is one that the graph
 * has, and no node is NULL. Errors: DATA_LOSS. est__object_graph_free, whatever comes back. */
est_status est__object_graph_read(const est__bundle *b, est__object_graph *out);
est_status est__object_graph_parse(const void *data, size_t size, const char *what, est__object_graph *out);
void est__object_graph_free(est__object_graph *o);

/* The key of the variable that had that name where it was saved; NULL: none, or several of that name. */
const char *est__object_graph_key(const est__object_graph *o, const char *full_name);
/* The name that the variable under `key` had; NULL: none. */
const char *est__object_graph_full_name(const est__object_graph *o, const char *key);
/* The node that `name` leads to from `node`; -1: none. */
int32_t est__object_graph_child(const est__object_node *node, const char *name);
/* The key of its value; NULL: it is no variable. */
const char *est__object_graph_value(const est__object_node *node);

/* Appends a name as keys have it: "." is "..", "/" is ".S". */
void est__object_escape(est__buffer *b, const char *name);

#endif
