/* Symbolic gradients: walks back from y, asks each op row for its inputs' gradients, adds up what meets at
 * one node. The gradient of a variable is that of its handle; gathered rows stay sparse (IndexedSlices) until
 * something dense meets them. */
#include "graph/graph.h"

/* What flows back into one node, before it is added up. */
typedef struct parts {
    est_node **dense;
    size_t num_dense, cap_dense;
    est_gradient *slices;
    size_t num_slices, cap_slices;
} parts;

typedef struct walk {
    est_graph *g;
    size_t count;          /* operations at the start: the new ones lie behind them */
    bool *depends;         /* by operation: does it depend on one of xs? */
    parts **flow;          /* by operation: for each output */
    est_node *y;
} walk;

static bool differentiable(const est_node *n)
{
    if (n->dtype == EST_RESOURCE) {
        const est_attr *dtype = est__attr(n->op, "dtype");
        return dtype && est__dtype_is_float(dtype->type);
    }
    return est__dtype_is_float(n->dtype);
}

static est_status mark_dependants(walk *w, est_nodes xs)
{
    for (size_t i = 0; i < xs.count; i++)
        if (!est__is_nil(xs.data[i]) && xs.data[i]->op->graph == w->g)
            w->depends[xs.data[i]->op->id] = true;
        else
            return est__fail(EST_INVALID_ARGUMENT, "est_gradients: x number %zu is no node of the graph", i);
    for (size_t id = 0; id < w->count; id++) {
        const est_operation *op = w->g->operation[id];
        for (int i = 0; i < op->num_inputs && !w->depends[id]; i++)
            w->depends[id] = w->depends[op->input[i]->op->id] && differentiable(op->input[i]);
    }
    return EST_OK;
}

static est_status flow_into(walk *w, est_node *to, est_node *value, est_node *indices)
{
    est_operation *op = to->op;
    if (w->flow[op->id] == NULL) {
        w->flow[op->id] = est__calloc((size_t)op->num_outputs + 1, sizeof(parts));
        if (w->flow[op->id] == NULL)
            return est__fail_memory((size_t)op->num_outputs * sizeof(parts));
    }
    parts *p = &w->flow[op->id][to->index];
    if (indices) {
        EST_TRY(est__grow(&p->slices, &p->cap_slices, p->num_slices + 1, sizeof *p->slices));
        p->slices[p->num_slices++] = (est_gradient){ .value = value, .indices = indices };
    } else {
        EST_TRY(est__grow(&p->dense, &p->cap_dense, p->num_dense + 1, sizeof *p->dense));
        p->dense[p->num_dense++] = value;
    }
    return EST_OK;
}

/* How many rows the value of a node, or of the variable that it is the handle of, has. */
static est_node *rows_of(est_graph *g, est_node *of)
{
    const est_attr *shape = est__attr(of->op, "shape");
    const est_shape *known = of->dtype == EST_RESOURCE && shape ? shape->shape : &of->shape;
    if (known->rank > 0 && known->dim[0] >= 0)
        return est_constant_int(g, EST_INT64, known->dim[0]);
    if (of->dtype == EST_RESOURCE)
        return est__graph_fail(g, EST_INVALID_ARGUMENT,
                               "the sparse gradient of '%s' cannot be made dense: its number of rows is "
                               "not known",
                               of->op->name);
    est_node *one = est_constant_ints(g, EST_INT64, EST_INTS(1)),
             *none = est_constant_ints(g, EST_INT64, EST_INTS(0));
    est_node *dims = est_op(g, "Shape", NULL, EST_NODES(of), EST_ATTRS(EST_TYPE_ATTR("out_type", EST_INT64)));
    return est_op(g, "StridedSlice", NULL, EST_NODES(dims, none, one, one),
                  EST_ATTRS(EST_INT_ATTR("shrink_axis_mask", 1)));
}

/* Rows as a dense tensor of the node's shape. */
static est_node *densify(est_graph *g, est_node *of, est_gradient s)
{
    return est_op(g, "UnsortedSegmentSum", NULL, EST_NODES(s.value, s.indices, rows_of(g, of)), EST_NO_ATTRS);
}

static est_node *join(est_graph *g, const est_gradient *s, size_t n, bool indices)
{
    est_node **in = est__arena_alloc(&g->arena, (n + 1) * sizeof *in);
    bool mixed = false;           /* int32 ids beside int64 ones */
    if (in == NULL)
        return est__spoil(g, est__fail_memory(n * sizeof *in));
    for (size_t i = 0; i < n; i++)
        mixed |= s[i].indices->dtype != s[0].indices->dtype;
    for (size_t i = 0; i < n; i++) {
        in[i] = indices ? s[i].indices : s[i].value;
        if (indices && mixed)
            in[i] = est_op(g, "Cast", NULL, EST_NODES(in[i]), EST_ATTRS(EST_TYPE_ATTR("DstT", EST_INT64)));
    }
    in[n] = est_constant_int(g, EST_INT32, 0);
    return est_op(g, "ConcatV2", NULL, (est_nodes){ in, n + 1 }, EST_NO_ATTRS);
}

/* All that flows into a node, as one gradient; value NULL: nothing does. It is added up once, whoever asks
 * again. */
static est_gradient total(walk *w, est_node *n)
{
    parts *p = w->flow[n->op->id] ? &w->flow[n->op->id][n->index] : NULL;
    if (p == NULL || p->num_dense + p->num_slices == 0)
        return (est_gradient){ 0 };
    if (p->num_dense == 0) {
        if (p->num_slices > 1)
            p->slices[0] = (est_gradient){ .value = join(w->g, p->slices, p->num_slices, false),
                                           .indices = join(w->g, p->slices, p->num_slices, true) };
        p->num_slices = 1;
        return p->slices[0];
    }
    for (size_t i = 0; i < p->num_slices; i++)
        if (flow_into(w, n, densify(w->g, n, p->slices[i]), NULL) != EST_OK)
            return (est_gradient){ .value = est__spoil(w->g, EST_RESOURCE_EXHAUSTED) };
    if (p->num_dense > 1)
        p->dense[0] = est_op(w->g, "AddN", NULL, (est_nodes){ p->dense, p->num_dense }, EST_NO_ATTRS);
    p->num_dense = 1;
    p->num_slices = 0;
    return (est_gradient){ .value = p->dense[0] };
}

/* " -> Relu 'a' -> Sum 'loss'": how the operation leads to y, for the message. */
static void path_to(const walk *w, const est_operation *from, est__buffer *out)
{
    const est_operation *at = from;
    for (int steps = 0; at != w->y->op && steps < 50; steps++) {
        const est_operation *next = NULL;
        for (size_t id = (size_t)at->id + 1; id < w->count && !next; id++) {
            const est_operation *op = w->g->operation[id];
            for (int i = 0; i < op->num_inputs && w->flow[id]; i++)
                if (op->input[i]->op == at)
                    next = op;
        }
        if (next == NULL)
            return;
        est__buffer_printf(out, " -> %s '%s'", next->row->tf_name, next->name);
        at = next;
    }
}

static est_status no_gradient(const walk *w, const est_operation *op)
{
    est__buffer path = { 0 };
    path_to(w, op, &path);
    est_status st = est__fail(EST_UNIMPLEMENTED, "%s '%s' has no gradient; its way to the loss: %s '%s'%s",
                              op->row->tf_name, op->name, op->row->tf_name, op->name,
                              path.data ? path.data : "");
    est__buffer_free(&path);
    return st;
}

/* Does it lead further towards one of xs? Where an x was made is not asked for its gradient. */
static bool leads_on(const walk *w, const est_operation *op)
{
    for (int i = 0; i < op->num_inputs; i++)
        if (w->depends[op->input[i]->op->id] && differentiable(op->input[i]))
            return true;
    return false;
}

static est_status through(walk *w, est_operation *op)
{
    est__arena *arena = &w->g->arena;
    size_t in = (size_t)op->num_inputs, out = (size_t)op->num_outputs;
    est_node **room = est__arena_alloc(arena, (2 * out + 2 * in + 1) * sizeof *room);
    if (room == NULL)
        return est__fail_memory((2 * out + 2 * in) * sizeof *room);
    est_node **y = room, **dy = y + out, **dx = dy + out, **dx_indices = dx + in;
    bool any = false;
    for (size_t i = 0; i < out; i++) {
        est_gradient t = total(w, &op->output[i]);
        y[i] = &op->output[i];
        dy[i] = t.value && t.indices ? densify(w->g, y[i], t) : t.value;
        any |= dy[i] != NULL;
    }
    if (!any)
        return EST_OK;
    if (op->row->grad == NULL)
        return no_gradient(w, op);
    est_grad b = {
        .g = w->g, .op = op, .x = op->input, .y = y, .dy = dy, .dx = dx, .dx_indices = dx_indices
    };
    op->row->grad(&b);
    EST_TRY(est_graph_status(w->g));
    for (size_t i = 0; i < in; i++)
        if (dx[i] && w->depends[op->input[i]->op->id] && differentiable(op->input[i]))
            EST_TRY(flow_into(w, op->input[i], dx[i], dx_indices[i]));
    return EST_OK;
}

/* dy/dy. */
static est_node *ones_of(est_graph *g, est_node *y)
{
    if (y->shape.rank == 0 && y->dtype == EST_FLOAT)
        return est_constant_float(g, 1);
    return est_op(g, "OnesLike", NULL, EST_NODES(y), EST_NO_ATTRS);
}

static est_status walk_back(walk *w)
{
    if (!w->depends[w->y->op->id])
        return EST_OK;
    EST_TRY(flow_into(w, w->y, ones_of(w->g, w->y), NULL));
    for (size_t id = (size_t)w->y->op->id + 1; id-- > 0;)
        if (w->flow[id] && leads_on(w, w->g->operation[id]))
            EST_TRY(through(w, w->g->operation[id]));
    return est_graph_status(w->g);
}

est_status est_gradients(est_graph *g, est_node *y, est_nodes xs, est_gradient *out)
{
    walk w = { .g = g, .count = g->num_operations, .y = y };
    memset(out, 0, xs.count * sizeof *out);
    EST_TRY(est_graph_status(g));
    if (est__is_nil(y) || y->op->graph != g || !est__dtype_is_float(y->dtype))
        return est__fail(EST_INVALID_ARGUMENT, "est_gradients: y must be a float node of the graph");
    w.depends = est__calloc(w.count, sizeof *w.depends);
    w.flow = est__calloc(w.count, sizeof *w.flow);
    est_status st = w.depends && w.flow ? EST_OK : est__fail_memory(w.count * sizeof *w.flow);
    if (st == EST_OK)
        st = mark_dependants(&w, xs);
    est_graph_begin_scope(g, "gradients");
    if (st == EST_OK)
        st = walk_back(&w);
    for (size_t i = 0; i < xs.count && st == EST_OK; i++)
        out[i] = total(&w, xs.data[i]);
    est_graph_end_scope(g);
    if (st == EST_OK)
        st = est_graph_status(g);
    else
        est__spoil(g, st);
    for (size_t id = 0; id < w.count && w.flow; id++) {
        for (int i = 0; w.flow[id] && i <= g->operation[id]->num_outputs; i++) {
            est__free(w.flow[id][i].dense);
            est__free(w.flow[id][i].slices);
        }
        est__free(w.flow[id]);
    }
    est__free(w.flow);
    est__free(w.depends);
    return st;
}
