/* tf.saved_model.save gives variables of one name numbers in the graph, and keys by their objects in the checkpoint; a saver of TensorFlow 1
 * may restore a variable from another one's name (a moving average). Only what restores says which is which: AssignVariableOp(variable,
 * Identity(RestoreV2(file, names)[i])), in a function with the variables as arguments, or in the graph itself. */
#include "export/restore_keys.h"

#include <stdlib.h>

typedef struct restoring {
    const Tensorflow__NodeDef *call;
    const Tensorflow__FunctionDef *function;   /* NULL: the graph itself */
    est__map *nodes;              /* of the function or the graph, by name */
    est__map *keys;
} restoring;

static const Tensorflow__AttrValue *attr_of(const Tensorflow__NodeDef *n, const char *name)
{
    for (size_t i = 0; i < n->n_attr; i++)
        if (strcmp(n->attr[i]->key, name) == 0)
            return n->attr[i]->value;
    return NULL;
}

/* The node that input `i` comes from, and which of its outputs: "name:output:0". NULL: none of the function's. */
static const Tensorflow__NodeDef *input(const restoring *r, const Tensorflow__NodeDef *n, size_t i, size_t *index)
{
    if (i >= n->n_input)
        return NULL;
    const char *colon = strrchr(n->input[i], ':');
    *index = colon ? (size_t)strtoul(colon + 1, NULL, 10) : 0;
    return est__map_get(r->nodes, n->input[i], strcspn(n->input[i], ":"));
}

/* The key that RestoreV2 reads its output `index` from. NULL: it cannot be told. */
static const char *restored_key(const restoring *r, const Tensorflow__NodeDef *n, size_t index, est__arena *copies)
{
    size_t ignored;
    const Tensorflow__NodeDef *names = strcmp(n->op, "RestoreV2") == 0 ? input(r, n, 1, &ignored) : NULL;
    const Tensorflow__AttrValue *value = names && strcmp(names->op, "Const") == 0 ? attr_of(names, "value") : NULL;
    if (value == NULL || value->value_case != TENSORFLOW__ATTR_VALUE__VALUE_TENSOR || index >= value->tensor->n_string_val)
        return NULL;
    return est__arena_strndup(copies, (const char *)value->tensor->string_val[index].data, value->tensor->string_val[index].len);
}

/* The variable that an argument of the function is called with; in the graph the variable itself. */
static const char *argument(const restoring *r, const char *name)
{
    if (r->function == NULL)
        return name;
    for (size_t i = 0; i < r->function->signature->n_input_arg && i < r->call->n_input; i++)
        if (strcmp(r->function->signature->input_arg[i]->name, name) == 0)
            return r->call->input[i];
    return NULL;
}

static est_status read_assignment(const restoring *r, const Tensorflow__NodeDef *assign, est__arena *copies)
{
    size_t index;
    const Tensorflow__NodeDef *from = input(r, assign, 1, &index);
    for (int i = 0; from && i < 8 && (strcmp(from->op, "Identity") == 0 || strcmp(from->op, "Cast") == 0); i++)
        from = input(r, from, 0, &index);
    if (assign->n_input < 2)
        return EST_OK;
    const char *key = from ? restored_key(r, from, index, copies) : NULL, *variable = key ? argument(r, assign->input[0]) : NULL;
    if (variable == NULL)
        return EST_OK;
    return est__map_put(r->keys, variable, strcspn(variable, ":"), (char *)(uintptr_t)key);
}

static est_status read_nodes(restoring *r, Tensorflow__NodeDef *const *node, size_t n, est__arena *copies)
{
    for (size_t i = 0; i < n; i++)
        EST_TRY(est__map_put(r->nodes, node[i]->name, strlen(node[i]->name), node[i]));
    for (size_t i = 0; i < n; i++)
        if (strcmp(node[i]->op, "AssignVariableOp") == 0)
            EST_TRY(read_assignment(r, node[i], copies));
    return EST_OK;
}

static const Tensorflow__NodeDef *restore_call(const Tensorflow__MetaGraphDef *meta)
{
    const Tensorflow__GraphDef *g = meta->graph_def;
    for (size_t i = 0; g && meta->saver_def && i < g->n_node; i++)
        if (strcmp(g->node[i]->name, meta->saver_def->restore_op_name) == 0)
            return g->node[i];
    return NULL;
}

static const Tensorflow__FunctionDef *called(const Tensorflow__MetaGraphDef *meta, const Tensorflow__NodeDef *call)
{
    const Tensorflow__AttrValue *f = attr_of(call, "f");
    const Tensorflow__FunctionDefLibrary *library = meta->graph_def->library;
    if (f == NULL || f->value_case != TENSORFLOW__ATTR_VALUE__VALUE_FUNC)
        return NULL;
    for (size_t i = 0; library && i < library->n_function; i++)
        if (library->function[i]->signature && strcmp(library->function[i]->signature->name, f->func->name) == 0)
            return library->function[i];
    return NULL;
}

est_status est__restore_keys(const Tensorflow__MetaGraphDef *meta, est__arena *copies, est__map *keys)
{
    restoring r = { .call = restore_call(meta), .keys = keys };
    if (r.call == NULL)
        return EST_OK;
    r.function = called(meta, r.call);
    r.nodes = est__map_new();
    est_status st = r.nodes ? EST_OK : est__fail_memory(64);
    if (st == EST_OK)
        st = r.function ? read_nodes(&r, r.function->node_def, r.function->n_node_def, copies)
                        : read_nodes(&r, meta->graph_def->node, meta->graph_def->n_node, copies);
    est__map_free(r.nodes);
    return st;
}
