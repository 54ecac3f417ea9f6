/* The graph itself: its life, its errors, scopes and unique names, access to nodes. */
#include "graph/function.h"

est_status est_graph_new(est_graph **out)
{
    est_graph *g = est__calloc(1, sizeof *g);
    *out = NULL;
    if (g == NULL)
        return est__fail_memory(sizeof *g);
    g->names = est__map_new();
    g->counters = est__map_new();
    g->scope = est__arena_strdup(&g->arena, "");
    g->nil.op = &g->nil_operation;
    g->nil_operation = (est_operation){ .graph = g, .name = "nil", .output = &g->nil };
    if (g->names == NULL || g->counters == NULL || g->scope == NULL) {
        est_graph_free(g);
        return est__fail_memory(sizeof *g);
    }
    *out = g;
    return EST_OK;
}

void est_graph_free(est_graph *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->num_constants; i++)
        est_tensor_free(g->constant[i]);
    est__free(g->constant);
    est__free(g->operation);
    est__free(g->variable);
    est__free(g->initializer);
    est__free(g->update);
    est__free(g->penalty);
    est__free(g->rate);
    est__free(g->capture);
    for (size_t i = 0; g->functions && i < est__map_size(g->functions); i++)
        est__function_release(est__map_value(g->functions, i));
    est__map_free(g->functions);
    est__map_free(g->names);
    est__map_free(g->counters);
    est__arena_free(&g->arena);
    est__free(g);
}

est_status est_graph_status(const est_graph *g)
{
    return g->status == EST_OK ? EST_OK : est__fail(g->status, "%s", g->error);
}

est_node *est__spoil(est_graph *g, est_status status)
{
    if (g->status == EST_OK && status != EST_OK) {
        g->status = status;
        snprintf(g->error, sizeof g->error, "%s", est_error());
    }
    return &g->nil;
}

est_node *est__graph_fail(est_graph *g, est_status status, const char *format, ...)
{
    char text[sizeof g->error];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return est__spoil(g, est__fail(status, "%s", text));
}

/* A scope's name may hold slashes, so each remembers what it stands in; g->scope points to the text of the
 * innermost. */
typedef struct scope {
    char *outer;
    char text[];
} scope;

void est__graph_enter_scope(est_graph *g, const char *name, size_t length)
{
    scope *s = est__arena_alloc(&g->arena, sizeof *s + length + 2);
    if (s == NULL) {
        est__spoil(g, est__fail_memory(length));
        return;
    }
    snprintf(s->text, length + 2, "%.*s/", (int)length, name);
    s->outer = g->scope;
    g->scope = s->text;
}

void est_graph_begin_scope(est_graph *g, const char *name)
{
    const char *full = est__arena_printf(&g->arena, "%s%s", g->scope, name);
    if (full == NULL)
        est__spoil(g, est__fail_memory(strlen(name)));
    else
        est__graph_enter_scope(g, full, strlen(full));
}

void est_graph_end_scope(est_graph *g)
{
    if (*g->scope)
        g->scope = ((scope *)(void *)(g->scope - offsetof(scope, text)))->outer;
}

est_node *est_graph_node(const est_graph *g, const char *name)
{
    size_t n = strlen(name);
    const char *colon = strrchr(name, ':');
    int64_t index = 0;
    if (colon && est__parse_int64(colon + 1, strlen(colon + 1), &index))
        n = (size_t)(colon - name);
    est_operation *op = est__map_get(g->names, name, n);
    if (op == NULL || index < 0 || (index > 0 && index >= op->num_outputs))
        return NULL;
    return &op->output[index];
}

est_node *est_node_output(est_node *n, int index)
{
    /* NULL is what est_graph_node gave: whoever takes it as an input says that it is missing */
    if (est__is_nil(n))
        return n;
    est_graph *g = n->op->graph;
    if (index < 0 || index >= n->op->num_outputs)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "%s '%s' has %d outputs; there is no output %d",
                               n->op->row->tf_name, n->op->name, n->op->num_outputs, index);
    return &n->op->output[index];
}

est_dtype est_node_dtype(const est_node *n)
{
    return n->dtype;
}

const est_shape *est_node_shape(const est_node *n)
{
    return &n->shape;
}

const char *est_node_name(const est_node *n)
{
    return n->op->name;
}

const char *est_node_type(const est_node *n)
{
    return n->op->row ? n->op->row->tf_name : "nil";
}

est_node *est__operation_node(est_operation *op)
{
    return &op->output[0];
}

const est_operation *est__handle_made_by(const est_node *handle)
{
    while (handle->op->row && strcmp(handle->op->row->tf_name, "Identity") == 0)
        handle = handle->op->input[0];
    return handle->op->row && handle->op->row->bind ? handle->op : handle->variable;
}

void est_node_after(est_node *n, est_node *before)
{
    if (est__is_nil(n) || est__is_nil(before) || n->op == before->op)
        return;
    est_operation *op = n->op;
    if (before->op->graph != op->graph) {
        est__graph_fail(op->graph, EST_INVALID_ARGUMENT,
                        "%s '%s': '%s', which it is to come after, is of another graph", op->row->tf_name,
                        op->name, before->op->name);
        return;
    }
    if (op->num_controls == op->cap_controls) {
        int cap = op->cap_controls ? 2 * op->cap_controls : 1;
        est_operation **more = est__arena_alloc(&op->graph->arena, (size_t)cap * sizeof *more);
        if (more == NULL) {
            est__spoil(op->graph, est__fail_memory((size_t)cap * sizeof *more));
            return;
        }
        if (op->num_controls)
            memcpy(more, op->control, (size_t)op->num_controls * sizeof *more);
        op->control = more;
        op->cap_controls = cap;
    }
    op->control[op->num_controls++] = before->op;
}

void est__graph_add_initializer(est_graph *g, est_node *operation)
{
    if (est__is_nil(operation))
        return;
    est_status st = est__grow(&g->initializer, &g->cap_initializers, g->num_initializers + 1,
                              sizeof *g->initializer);
    if (st != EST_OK)
        est__spoil(g, st);
    else
        g->initializer[g->num_initializers++] = operation->op;
}

void est_graph_add_update(est_graph *g, est_node *update)
{
    if (est__is_nil(update))
        return;
    est_status st = est__grow(&g->update, &g->cap_updates, g->num_updates + 1, sizeof *g->update);
    if (st != EST_OK)
        est__spoil(g, st);
    else
        g->update[g->num_updates++] = update;
}
