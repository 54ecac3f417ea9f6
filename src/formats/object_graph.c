/* TrackableObjectGraph: nodes that name their children, and under which key of the checkpoint their values lie. */
#include "formats/object_graph.h"

#include "proto/pack.h"

static const char several[] = "";    /* in place of the key of a name that two variables have */

static est_status check_node(const Tensorflow__TrackableObjectGraph *g, const est__object_node *node, size_t i, const char *what)
{
    int32_t n = (int32_t)g->n_nodes;
    for (size_t k = 0; k < node->n_children; k++)
        if (node->children[k]->node_id < 0 || node->children[k]->node_id >= n)
            return est__fail(EST_DATA_LOSS, "%s: node %zu of its graph of objects has node %d as '%s', of %d", what, i,
                             (int)node->children[k]->node_id, node->children[k]->local_name, (int)n);
    for (size_t k = 0; k < node->n_slot_variables; k++) {
        int32_t variable = node->slot_variables[k]->original_variable_node_id, slot = node->slot_variables[k]->slot_variable_node_id;
        if (variable < 0 || variable >= n || slot < 0 || slot >= n)
            return est__fail(EST_DATA_LOSS, "%s: node %zu of its graph of objects has node %d as the slot '%s' of node %d, of %d", what, i,
                             (int)slot, node->slot_variables[k]->slot_name, (int)variable, (int)n);
    }
    return EST_OK;
}

static est_status add_keys(est__object_graph *o, const est__object_node *node)
{
    for (size_t k = 0; k < node->n_attributes; k++) {
        char *name = node->attributes[k]->full_name, *key = node->attributes[k]->checkpoint_key;
        size_t n = strlen(name);
        if (n == 0 || *key == '\0')
            continue;
        EST_TRY(est__map_put(o->full_name, key, strlen(key), name));
        EST_TRY(est__map_put(o->key, name, n, est__map_get(o->key, name, n) ? (char *)(uintptr_t)several : key));
    }
    return EST_OK;
}

est_status est__object_graph_parse(const void *data, size_t size, const char *what, est__object_graph *out)
{
    *out = (est__object_graph){ 0 };
    EST_TRY(est__proto_unpack(&tensorflow__trackable_object_graph__descriptor, data, size, what, &out->message));
    if (out->message->n_nodes > INT32_MAX)
        return est__fail(EST_DATA_LOSS, "%s: its graph of objects has %zu nodes", what, out->message->n_nodes);
    out->key = est__map_new();
    out->full_name = est__map_new();
    if (out->key == NULL || out->full_name == NULL)
        return est__fail_memory(64);
    for (size_t i = 0; i < out->message->n_nodes; i++) {
        EST_TRY(check_node(out->message, out->message->nodes[i], i, what));
        EST_TRY(add_keys(out, out->message->nodes[i]));
    }
    return EST_OK;
}

est_status est__object_graph_read(const est__bundle *b, est__object_graph *out)
{
    est_tensor *bytes;
    size_t n;
    *out = (est__object_graph){ 0 };
    const est__bundle_variable *v = est__bundle_find(b, EST__OBJECT_GRAPH_KEY);
    if (v == NULL || v->dtype != EST_STRING || est_shape_elements(&v->shape) != 1)
        return EST_OK;
    EST_TRY(est__bundle_read(b, EST__OBJECT_GRAPH_KEY, &bytes));
    const char *data = est_tensor_string(bytes, 0, &n);
    est_status st = est__object_graph_parse(data, n, est__bundle_prefix(b), out);
    est_tensor_free(bytes);
    return st;
}

void est__object_graph_free(est__object_graph *o)
{
    est__map_free(o->key);
    est__map_free(o->full_name);
    est__proto_free(o->message);
    *o = (est__object_graph){ 0 };
}

const char *est__object_graph_key(const est__object_graph *o, const char *full_name)
{
    const char *key = o->key ? est__map_get(o->key, full_name, strlen(full_name)) : NULL;
    return key && *key ? key : NULL;
}

const char *est__object_graph_full_name(const est__object_graph *o, const char *key)
{
    return o->full_name ? est__map_get(o->full_name, key, strlen(key)) : NULL;
}

int32_t est__object_graph_child(const est__object_node *node, const char *name)
{
    for (size_t i = 0; i < node->n_children; i++)
        if (strcmp(node->children[i]->local_name, name) == 0)
            return node->children[i]->node_id;
    return -1;
}

const char *est__object_graph_value(const est__object_node *node)
{
    for (size_t i = 0; i < node->n_attributes; i++)
        if (strcmp(node->attributes[i]->name, EST__VARIABLE_VALUE) == 0)
            return node->attributes[i]->checkpoint_key;
    return NULL;
}

/* ---- writing ---- */

void est__object_escape(est__buffer *b, const char *name)
{
    for (; *name; name++)
        if (*name == '.')
            est__buffer_text(b, "..");
        else if (*name == '/')
            est__buffer_text(b, ".S");
        else
            est__buffer_bytes(b, name, 1);
}
