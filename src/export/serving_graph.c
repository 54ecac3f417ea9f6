/* Adds to a model's graph what a SavedModel of TensorFlow 1's form has: initializers of variables, a saver, the main op. */
#include "export/serving_graph.h"

static const char *variable_node(est__serving_graph *s, const char *variable, const char *what)
{
    return est__arena_printf(&s->arena, "%s/%s", variable, what);
}

static est_status add_variables(est__serving_graph *s)
{
    est_graph *g = s->graph;
    for (size_t i = 0; i < g->num_variables; i++) {
        const est__graph_variable *v = &g->variable[i];
        const char *assign = variable_node(s, v->name, "Assign"), *read = variable_node(s, v->name, "Read/ReadVariableOp");
        if (assign == NULL || read == NULL)
            return est__fail_memory(64);
        s->assign[i] = est_op(g, "AssignVariableOp", assign, EST_NODES(v->handle, v->initial_value), EST_NO_ATTRS);
        s->read[i] = est_op(g, "ReadVariableOp", read, EST_NODES(v->handle), EST_ATTRS(EST_TYPE_ATTR("dtype", v->dtype)));
    }
    return EST_OK;
}

static est_node *with_default(est_graph *g, const char *name, est_node *value)
{
    est_shape scalar = EST_SCALAR;
    return est_op(g, "PlaceholderWithDefault", name, EST_NODES(value), EST_ATTRS(EST_SHAPE_ATTR("shape", &scalar)));
}

/* Names of the saved variables, and one empty slice specification for each. */
static est_status name_tensors(est__serving_graph *s, const size_t *saved, size_t n, bool restores, est_node **names, est_node **slices, est_dtype *types)
{
    const est_graph *g = s->graph;
    const char **text = est__arena_alloc(&s->arena, 2 * (n + 1) * sizeof *text), **empty = text + n + 1;
    if (text == NULL)
        return est__fail_memory(64);
    for (size_t i = 0; i < n; i++) {
        text[i] = restores ? est__restore_name(&g->variable[saved[i]]) : g->variable[saved[i]].name;
        empty[i] = "";
        types[i] = g->variable[saved[i]].dtype;
    }
    *names = est_constant_strings(s->graph, (est_strings){ text, n });
    *slices = est_constant_strings(s->graph, (est_strings){ empty, n });
    return EST_OK;
}

static est_status add_saver(est__serving_graph *s, bool restores)
{
    est_graph *g = s->graph;
    size_t all = g->num_variables, n = 0;
    est_node **in = est__arena_alloc(&s->arena, (all + 4) * sizeof *in), *names = NULL, *slices = NULL;
    est_dtype *types = est__arena_alloc(&s->arena, (all + 1) * sizeof *types);
    size_t *saved = est__arena_alloc(&s->arena, (all + 1) * sizeof *saved);
    if (in == NULL || types == NULL || saved == NULL)
        return est__fail_memory(all * sizeof *in);
    for (size_t i = 0; i < all; i++)
        if (!g->variable[i].local)
            saved[n++] = i;
    est_graph_begin_scope(g, "save");
    s->filename = with_default(g, "Const", with_default(g, "filename", est_constant_string(g, "model")));
    EST_TRY(name_tensors(s, saved, n, restores, &names, &slices, types));
    est_attr dtypes = { .name = "dtypes", .kind = EST_ATTR_TYPES, .list = { n, { .type = types } } };
    in[0] = s->filename;
    in[1] = names;
    in[2] = slices;
    for (size_t i = 0; i < n; i++)
        in[3 + i] = s->read[saved[i]];
    est_node *written = est_op(g, "SaveV2", NULL, (est_nodes){ in, n + 3 }, (est_attrs){ &dtypes, 1 });
    s->save = est_op(g, "Identity", NULL, EST_NODES(s->filename), EST_NO_ATTRS);
    est_node_after(s->save, written);
    est_node *restored = est_op(g, "RestoreV2", NULL, EST_NODES(s->filename, names, slices), (est_attrs){ &dtypes, 1 });
    s->restore = est_op(g, "NoOp", "restore_all", (est_nodes){ 0 }, EST_NO_ATTRS);
    for (size_t i = 0; i < n; i++) {
        est_node *value = est_op(g, "Identity", NULL, EST_NODES(est_node_output(restored, (int)i)), EST_NO_ATTRS);
        est_node_after(s->restore, est_op(g, "AssignVariableOp", NULL, EST_NODES(g->variable[saved[i]].handle, value), EST_NO_ATTRS));
    }
    est_graph_end_scope(g);
    return EST_OK;
}

/* ---- the order of a step ---- */

/* By operation: it changes a variable, or comes after one that does. Control inputs may be younger than what they stand before. */
static void mark_late(const est_graph *g, bool *late)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t id = 0; id < g->num_operations; id++) {
            const est_operation *op = g->operation[id];
            bool is = (op->flags & EST_OP_ASSIGNS) != 0;
            for (int i = 0; i < op->num_inputs && !is; i++)
                is = late[op->input[i]->op->id];
            for (int i = 0; i < op->num_controls && !is; i++)
                is = late[op->control[i]->id];
            more |= is && !late[id];
            late[id] = is;
        }
    }
}

static bool takes(const est_operation *op, const est_node *handle)
{
    for (int i = 0; i < op->num_inputs; i++)
        if (op->input[i] == handle)
            return true;
    return false;
}

/* Here a step's reads come before its assignments, and these in their own order; other programs are told so. */
static est_status order_assignments(est_graph *g)
{
    size_t n = g->num_operations;
    bool *late = est__calloc(n + 1, sizeof *late);
    if (late == NULL)
        return est__fail_memory(n);
    mark_late(g, late);
    for (size_t id = 0; id < n; id++) {
        est_operation *op = g->operation[id];
        bool is_assignment = (op->flags & EST_OP_ASSIGNS) && op->num_inputs > 0 && est__graph_variable_of(g, op->input[0]);
        for (size_t k = 0; is_assignment && k < n; k++) {
            est_operation *other = g->operation[k];
            bool assigns = (other->flags & EST_OP_ASSIGNS) != 0;
            if (other != op && takes(other, op->input[0]) && (assigns ? k < id : !late[k]))
                est_node_after(est__operation_node(op), est__operation_node(other));
        }
    }
    est__free(late);
    return est_graph_status(g);
}

est_status est__serving_graph_new(const est_graph *g, est_nodes keep, bool restores, est_node **kept, est__serving_graph *out)
{
    *out = (est__serving_graph){ 0 };
    EST_TRY(est__graph_expand(g, keep, false, &out->graph, kept));
    size_t n = out->graph->num_variables + 1;
    out->assign = est__arena_alloc(&out->arena, n * sizeof *out->assign);
    out->read = est__arena_alloc(&out->arena, n * sizeof *out->read);
    if (out->assign == NULL || out->read == NULL)
        return est__fail_memory(n * sizeof *out->read);
    EST_TRY(order_assignments(out->graph));
    EST_TRY(add_variables(out));
    EST_TRY(add_saver(out, restores));
    out->main_op = est_op(out->graph, "NoOp", "group_deps", (est_nodes){ 0 }, EST_NO_ATTRS);
    for (size_t i = 0; i < out->graph->num_initializers; i++)
        est_node_after(out->main_op, est__operation_node(out->graph->initializer[i]));
    for (size_t i = 0; i < out->graph->num_variables; i++)
        if (out->graph->variable[i].local)
            est_node_after(out->main_op, out->assign[i]);
    return est_graph_status(out->graph);
}

void est__serving_graph_free(est__serving_graph *s)
{
    est_graph_free(s->graph);
    est__arena_free(&s->arena);
}
