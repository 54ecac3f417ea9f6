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

/* By output of an operation. */
typedef struct flow {
    size_t count;
    parts part[];
} flow;

typedef struct walk {
    est_graph *from, *g;   /* of the nodes; of their gradients */
    size_t count;          /* operations at the start: the new ones lie behind them */
    bool *depends;         /* by operation: does it depend on one of xs? */
    flow **flow;           /* by operation; NULL: nothing yet */
    est_nodes ys;
} walk;

/* What says the dtype and shape of what the handle stands for; NULL: it is not known. */
static const est_operation *variable_of(const est_node *n)
{
    const est_operation *by = n->dtype == EST_RESOURCE ? est__handle_made_by(n) : NULL;
    return by && est__attr(by, "dtype") && est__attr(by, "shape") ? by : NULL;
}

est_dtype est__gradient_dtype(const est_node *n)
{
    const est_operation *variable = variable_of(n);
    return variable ? est__attr_type(variable, "dtype") : n->dtype;
}

const est_shape *est__gradient_shape(const est_node *n)
{
    const est_operation *variable = variable_of(n);
    return variable ? est__attr(variable, "shape")->shape : &n->shape;
}

bool est__differentiable(const est_node *n)
{
    return n->dtype == EST_VARIANT || est__dtype_is_float(est__gradient_dtype(n));   /* lists of gradients */
}

static est_status mark_dependants(walk *w, est_nodes xs)
{
    for (size_t i = 0; i < xs.count; i++)
        if (!est__is_nil(xs.data[i]) && xs.data[i]->op->graph == w->from)
            w->depends[xs.data[i]->op->id] = true;
        else
            return est__fail(EST_INVALID_ARGUMENT, "est_gradients: x number %zu is no node of the graph", i);
    for (size_t id = 0; id < w->count; id++) {
        const est_operation *op = w->from->operation[id];
        for (int i = 0; i < op->num_inputs && !w->depends[id]; i++)
            w->depends[id] = w->depends[op->input[i]->op->id] && est__differentiable(op->input[i]);
    }
    return EST_OK;
}

static est_status flow_into(walk *w, est_node *to, est_node *value, est_node *indices)
{
    est_operation *op = to->op;
    if (w->flow[op->id] == NULL) {
        size_t n = (size_t)op->num_outputs + 1;
        w->flow[op->id] = est__calloc(1, sizeof(flow) + n * sizeof(parts));
        if (w->flow[op->id] == NULL)
            return est__fail_memory(n * sizeof(parts));
        w->flow[op->id]->count = n;
    }
    parts *p = &w->flow[op->id]->part[to->index];
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
    const est_shape *known = est__gradient_shape(of);
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

est_node *est__gradient_dense(est_graph *g, est_node *of, est_gradient s)
{
    if (s.indices == NULL)
        return s.value;
    return est_op(g, "UnsortedSegmentSum", NULL, EST_NODES(s.value, s.indices, rows_of(g, of)), EST_NO_ATTRS);
}

est_node *est__gradient_zeros(est_graph *g, est_node *of)
{
    if (of->dtype != EST_RESOURCE)
        return est_op(g, "ZerosLike", NULL, EST_NODES(of), EST_NO_ATTRS);
    const est_shape *s = est__gradient_shape(of);
    est_node *zero = est_op(g, "Cast", NULL, EST_NODES(est_constant_float(g, 0)),
                            EST_ATTRS(EST_TYPE_ATTR("DstT", est__gradient_dtype(of))));
    return est_op(g, "Fill", NULL, EST_NODES(est__shape_constant(g, s), zero), EST_NO_ATTRS);
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

/* Of a list: lists add up, then elements, each to the one that was read. */
static est_node *list_total(est_graph *g, est_node *of, const parts *p)
{
    est_node *sum = p->num_dense == 0   ? est__gradient_zeros(g, of)
                    : p->num_dense == 1 ? p->dense[0]
                                        : est_op(g, "AddN", NULL, (est_nodes){ p->dense, p->num_dense }, EST_NO_ATTRS);
    for (size_t i = 0; i < p->num_slices; i++) {
        est_node *d = p->slices[i].value, *at = p->slices[i].indices;
        est_attrs dtype = EST_ATTRS(EST_TYPE_ATTR("element_dtype", d->dtype));
        est_node *shape = est_op(g, "Shape", NULL, EST_NODES(d), EST_NO_ATTRS);
        est_node *before = est_op(g, "TensorListGetItem", NULL, EST_NODES(sum, at, shape), dtype);
        est_node *now = est_op(g, "AddN", NULL, EST_NODES(before, d), EST_NO_ATTRS);
        sum = est_op(g, "TensorListSetItem", NULL, EST_NODES(sum, at, now), dtype);
    }
    return sum;
}

/* All that flows into a node, as one gradient; value NULL: nothing does. It is added up once, whoever asks
 * again. */
static est_gradient total(walk *w, est_node *n)
{
    parts *p = w->flow[n->op->id] ? &w->flow[n->op->id]->part[n->index] : NULL;
    if (p == NULL || p->num_dense + p->num_slices == 0)
        return (est_gradient){ 0 };
    if (n->dtype == EST_VARIANT) {
        est_node *sum = list_total(w->g, n, p);
        p->num_dense = p->num_slices = 0;
        est_status st = flow_into(w, n, sum, NULL);
        return (est_gradient){ .value = st == EST_OK ? sum : est__spoil(w->g, st) };
    }
    if (p->num_dense == 0) {
        if (p->num_slices > 1)
            p->slices[0] = (est_gradient){ .value = join(w->g, p->slices, p->num_slices, false),
                                           .indices = join(w->g, p->slices, p->num_slices, true) };
        p->num_slices = 1;
        return p->slices[0];
    }
    for (size_t i = 0; i < p->num_slices; i++)
        if (flow_into(w, n, est__gradient_dense(w->g, n, p->slices[i]), NULL) != EST_OK)
            return (est_gradient){ .value = est__spoil(w->g, EST_RESOURCE_EXHAUSTED) };
    if (p->num_dense > 1)
        p->dense[0] = est_op(w->g, "AddN", NULL, (est_nodes){ p->dense, p->num_dense }, EST_NO_ATTRS);
    p->num_dense = 1;
    p->num_slices = 0;
    return (est_gradient){ .value = p->dense[0] };
}

static bool is_y(const walk *w, const est_operation *op)
{
    for (size_t i = 0; i < w->ys.count; i++)
        if (w->ys.data[i]->op == op)
            return true;
    return false;
}

/* " -> Relu 'a' -> Sum 'loss'": how the operation leads to y, for the message. */
static void path_to(const walk *w, const est_operation *from, est__buffer *out)
{
    const est_operation *at = from;
    for (int steps = 0; !is_y(w, at) && steps < 50; steps++) {
        const est_operation *next = NULL;
        for (size_t id = (size_t)at->id + 1; id < w->count && !next; id++) {
            const est_operation *op = w->from->operation[id];
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
        if (w->depends[op->input[i]->op->id] && est__differentiable(op->input[i]))
            return true;
    return false;
}

/* The operation's gradient has put others before it: what is noted by operation moves along. */
static est_status make_way(walk *w, size_t from, size_t n)
{
    size_t count = w->count + n;
    bool *depends = est__calloc(count + 1, sizeof *depends);
    flow **flows = est__calloc(count + 1, sizeof *flows);
    if (depends == NULL || flows == NULL) {
        est__free(depends);
        est__free(flows);
        return est__fail_memory(count * sizeof *flows);
    }
    memcpy(depends, w->depends, from * sizeof *depends);
    memcpy(depends + from + n, w->depends + from, (w->count - from) * sizeof *depends);
    memcpy(flows, w->flow, from * sizeof *flows);
    memcpy(flows + from + n, w->flow + from, (w->count - from) * sizeof *flows);
    est__free(w->depends);
    est__free(w->flow);
    w->depends = depends;
    w->flow = flows;
    w->count = count;
    return EST_OK;
}

static est_status through(walk *w, est_operation *op)
{
    est__arena *arena = &w->g->arena;
    size_t in = (size_t)op->num_inputs, out = (size_t)op->num_outputs, id = (size_t)op->id;
    est_node **room = est__arena_alloc(arena, (2 * out + 3 * in + 1) * sizeof *room);
    bool *wanted = est__arena_alloc(arena, in + 1);
    if (room == NULL || wanted == NULL)
        return est__fail_memory((2 * out + 3 * in) * sizeof *room);
    est_node **y = room, **dy = y + out, **dx = dy + out, **dx_indices = dx + in, **x = dx_indices + in;
    bool any = false;
    for (size_t i = 0; i < out; i++) {
        y[i] = &op->output[i];
        dy[i] = est__gradient_dense(w->g, y[i], total(w, &op->output[i]));
        any |= dy[i] != NULL;
    }
    if (!any)
        return EST_OK;
    if (op->row->grad == NULL)
        return no_gradient(w, op);
    for (size_t i = 0; i < in; i++) {
        x[i] = op->input[i];
        wanted[i] = w->depends[x[i]->op->id] && est__differentiable(x[i]);
    }
    est_grad b = { .g = w->g, .op = op, .x = x, .y = y, .dy = dy, .dx = dx, .dx_indices = dx_indices, .wanted = wanted };
    op->row->grad(&b);
    if ((size_t)op->id > id)
        EST_TRY(make_way(w, id, (size_t)op->id - id));
    EST_TRY(est_graph_status(w->g));
    for (size_t i = 0; i < in; i++)
        if (dx[i] && wanted[i])
            EST_TRY(flow_into(w, x[i], dx[i], dx_indices[i]));
    return EST_OK;
}

/* From the last of ys back; what it puts before an operation lies behind it on this way. */
static est_status walk_back(walk *w)
{
    size_t end = 0;
    for (size_t i = 0; i < w->ys.count; i++)
        if ((size_t)w->ys.data[i]->op->id >= end)
            end = (size_t)w->ys.data[i]->op->id + 1;
    for (size_t id = end; id-- > 0;)
        if (w->flow[id] && leads_on(w, w->from->operation[id]))
            EST_TRY(through(w, w->from->operation[id]));
    return est_graph_status(w->g);
}

static est_status begin(walk *w, est_node *const *dys, est_nodes xs)
{
    w->count = w->from->num_operations;
    w->depends = est__calloc(w->count + 1, sizeof *w->depends);
    w->flow = est__calloc(w->count + 1, sizeof *w->flow);
    if (w->depends == NULL || w->flow == NULL)
        return est__fail_memory(w->count * sizeof *w->flow);
    EST_TRY(mark_dependants(w, xs));
    for (size_t i = 0; i < w->ys.count; i++)
        if (dys[i] && w->depends[w->ys.data[i]->op->id])
            EST_TRY(flow_into(w, w->ys.data[i], dys[i], NULL));
    return EST_OK;
}

static void end(walk *w)
{
    for (size_t id = 0; id < w->count && w->flow; id++) {
        for (size_t i = 0; w->flow[id] && i < w->flow[id]->count; i++) {
            est__free(w->flow[id]->part[i].dense);
            est__free(w->flow[id]->part[i].slices);
        }
        est__free(w->flow[id]);
    }
    est__free(w->flow);
    est__free(w->depends);
}

est_status est__gradients(est_graph *from, est_graph *g, est_nodes ys, est_node *const *dys, est_nodes xs,
                          est_gradient *out)
{
    walk w = { .from = from, .g = g, .ys = ys };
    memset(out, 0, xs.count * sizeof *out);
    est_graph_begin_scope(g, "gradients");
    est_status st = begin(&w, dys, xs);
    if (st == EST_OK)
        st = walk_back(&w);
    for (size_t i = 0; i < xs.count && st == EST_OK; i++)
        out[i] = total(&w, xs.data[i]);
    est_graph_end_scope(g);
    if (st == EST_OK)
        st = est_graph_status(g);
    else
        est__spoil(g, st);
    end(&w);
    return st;
}

/* dy/dy. */
static est_node *ones_of(est_graph *g, est_node *y)
{
    if (y->shape.rank == 0 && y->dtype == EST_FLOAT)
        return est_constant_float(g, 1);
    return est_op(g, "OnesLike", NULL, EST_NODES(y), EST_NO_ATTRS);
}

est_status est_gradients(est_graph *g, est_node *y, est_nodes xs, est_gradient *out)
{
    memset(out, 0, xs.count * sizeof *out);
    EST_TRY(est_graph_status(g));
    if (est__is_nil(y) || y->op->graph != g || !est__dtype_is_float(y->dtype))
        return est__fail(EST_INVALID_ARGUMENT, "est_gradients: y must be a float node of the graph");
    est_graph_begin_scope(g, "gradients");
    est_node *dy = ones_of(g, y);
    est_graph_end_scope(g);
    return est__gradients(g, g, EST_NODES(y), &dy, xs, out);
}
