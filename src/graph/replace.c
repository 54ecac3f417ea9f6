/* An operation of a graph that others take already, replaced. */
#include "graph/graph.h"

/* The last operations, from number `first` on, come before number `at`. */
static void move_before(est_graph *g, size_t at, size_t first)
{
    size_t n = g->num_operations - first;
    for (size_t k = 0; k < n; k++) {   /* one after the other: they are few */
        est_operation *op = g->operation[first + k];
        memmove(g->operation + at + k + 1, g->operation + at + k, (first - at) * sizeof *g->operation);
        g->operation[at + k] = op;
    }
    for (size_t id = at; id < g->num_operations; id++)
        g->operation[id]->id = (int)id;
}

void est__graph_replace(est_operation *op, size_t first, est_operation *instead)
{
    est_graph *g = op->graph;
    size_t n = (size_t)op->num_outputs;
    est_node **in = est__arena_alloc(&g->arena, (n + 1) * sizeof *in);
    est_attr *attr = est__arena_alloc(&g->arena, sizeof *attr);
    est_dtype *types = est__arena_alloc(&g->arena, (n + 1) * sizeof *types);
    if (in == NULL || attr == NULL || types == NULL) {
        est__spoil(g, est__fail_memory(n * sizeof *in));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        in[i] = &instead->output[i];
        types[i] = op->output[i].dtype;
    }
    *attr = (est_attr){ .name = "T", .kind = EST_ATTR_TYPES, .list = { n, { .type = types } } };
    instead->control = op->control;
    instead->num_controls = op->num_controls;
    instead->cap_controls = op->cap_controls;
    op->row = est__op_find("IdentityN");
    op->flags = op->row->flags;
    op->num_inputs = (int)n;
    op->input = in;
    op->attr = attr;
    op->num_attrs = 1;
    op->control = NULL;
    op->callee = NULL;
    op->num_controls = op->cap_controls = op->num_callees = 0;
    move_before(g, (size_t)op->id, first);
}
