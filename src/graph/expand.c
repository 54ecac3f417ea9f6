/* Expansion: a copy of a graph in which composites are spelt in the ops of their bodies. */
#include "graph/function.h"

typedef struct expansion {
    const est_graph *from;
    est_graph *to;
    est_node **became;            /* by operation and output: the node in the copy */
    size_t *first;                /* by operation: its outputs' place in `became`; one more for its handle */
    bool only_without_kernel;
} expansion;

static bool expands(const est_op_row *row, bool only_without_kernel)
{
    return row->body != NULL && (!only_without_kernel || row->cpu == NULL);
}

static est_node **place(const expansion *e, const est_node *n)
{
    return &e->became[e->first[n->op->id] + (size_t)n->index];
}

static void expand_body(expansion *e, const est_operation *op, est_node *const *in)
{
    est_node *y[16] = { NULL };
    est_body b = { .g = e->to, .op = op, .x = in, .y = y };
    est_graph_begin_scope(e->to, op->name);
    op->row->body(&b);
    est_graph_end_scope(e->to);
    int outputs = op->num_outputs > 0 ? op->num_outputs : 1;   /* without outputs: its handle */
    for (int i = 0; i < outputs && i < 16; i++)
        *place(e, &op->output[i]) = y[i] ? y[i] : est__graph_fail(e->to, EST_INTERNAL,
                                                                  "%s: its body gives no output %d",
                                                                  op->row->tf_name, i);
}

static est_status copy_operation(expansion *e, const est_operation *op)
{
    size_t n = (size_t)op->num_inputs;
    est_node **in = est__arena_alloc(&e->to->arena, (n + 1) * sizeof *in);
    if (in == NULL)
        return est__fail_memory(n * sizeof *in);
    for (size_t i = 0; i < n; i++)
        in[i] = *place(e, op->input[i]);
    if (expands(op->row, e->only_without_kernel)) {
        expand_body(e, op, in);
        return est_graph_status(e->to);
    }
    est_operation *made = est__graph_add(e->to, op->row->tf_name, op->name, (est_nodes){ in, n },
                                         (est_attrs){ op->attr, (size_t)op->num_attrs });
    if (made == NULL)
        return est_graph_status(e->to);
    for (int i = 0; i <= op->num_outputs; i++)
        e->became[e->first[op->id] + (size_t)i] = &made->output[i];
    return EST_OK;
}

static est_status copy_rest(expansion *e)
{
    for (size_t id = 0; id < e->from->num_operations; id++) {
        const est_operation *op = e->from->operation[id];
        for (int i = 0; i < op->num_controls; i++)
            est_node_after(e->became[e->first[id]], *place(e, &op->control[i]->output[0]));
    }
    for (size_t i = 0; i < e->from->num_variables; i++) {
        est__graph_variable v = e->from->variable[i];
        v.handle = *place(e, v.handle);
        v.initial_value = *place(e, v.initial_value);
        v.name = v.grows ? est__arena_strdup(&e->to->arena, v.name) : v.handle->op->name;
        if (v.name == NULL)
            return est__fail_memory(64);
        EST_TRY(est__graph_add_variable(e->to, &v));
    }
    for (size_t i = 0; i < e->from->num_initializers; i++)
        est__graph_add_initializer(e->to, *place(e, &e->from->initializer[i]->output[0]));
    return est_graph_status(e->to);
}

static est_status once(const est_graph *g, est_graph *outer, bool only_without_kernel, expansion *e)
{
    size_t total = 0;
    *e = (expansion){ .from = g, .only_without_kernel = only_without_kernel };
    EST_TRY(est_graph_status(g));
    EST_TRY(est_graph_new(&e->to));
    e->to->outer = outer;
    if (outer == NULL)
        EST_TRY(est__functions_share(e->to, g));
    e->first = est__malloc((g->num_operations + 1) * sizeof *e->first);
    if (e->first == NULL)
        return est__fail_memory(g->num_operations * sizeof *e->first);
    for (size_t id = 0; id < g->num_operations; id++) {
        e->first[id] = total;
        total += (size_t)g->operation[id]->num_outputs + 1;
    }
    e->became = est__calloc(total + 1, sizeof *e->became);
    if (e->became == NULL)
        return est__fail_memory(total * sizeof *e->became);
    e->to->reserved = g->names;   /* a body's names must leave those of operations that are copied later */
    est_status st = EST_OK;
    for (size_t id = 0; id < g->num_operations && st == EST_OK; id++)
        st = copy_operation(e, g->operation[id]);
    e->to->reserved = NULL;
    return st == EST_OK ? copy_rest(e) : st;
}

static bool any_left(const est_graph *g, bool only_without_kernel)
{
    for (size_t id = 0; id < g->num_operations; id++)
        if (expands(g->operation[id]->row, only_without_kernel))
            return true;
    return false;
}

est_status est__graph_expand_body(const est_graph *g, est_graph *outer, est_nodes keep, bool only_without_kernel,
                                  est_graph **out, est_node **kept)
{
    est_graph *last = NULL;
    *out = NULL;
    for (size_t i = 0; i < keep.count; i++)
        kept[i] = keep.data[i];
    for (int round = 0; round < 8; round++) {   /* a body may use composites itself */
        expansion e;
        est_status st = once(last ? last : g, outer, only_without_kernel, &e);
        for (size_t i = 0; i < keep.count && st == EST_OK; i++)
            kept[i] = *place(&e, kept[i]);
        est__free(e.first);
        est__free(e.became);
        est_graph_free(last);
        last = e.to;
        if (st != EST_OK) {
            est_graph_free(last);
            return st;
        }
        if (!any_left(last, only_without_kernel)) {
            last->outer = NULL;
            *out = last;
            return EST_OK;
        }
    }
    est_graph_free(last);
    return est__fail(EST_INTERNAL, "composites are nested too deep");
}

/* A function whose body has its composites spelt out, in place of the one in the graph. */
static est_status expand_function(est_graph *g, size_t i)
{
    est__function *from = est__map_value(g->functions, i), *to;
    size_t args = from->num_args, n = args + from->num_results;
    if (!any_left(from->body, false))
        return EST_OK;
    EST_TRY(est__function_new(g, from->name, &to));
    est_node **keep = est__arena_alloc(&g->arena, 2 * (n + 1) * sizeof *keep), **kept = keep + n;
    est_graph *body = NULL;
    est_status st = keep ? EST_OK : est__fail_memory(n * sizeof *keep);
    for (size_t j = 0; keep && j < n; j++)
        keep[j] = j < args ? from->arg[j] : from->result[j - args];
    if (st == EST_OK)
        st = est__graph_expand_body(from->body, g, (est_nodes){ keep, n }, false, &body, kept);
    if (st != EST_OK) {
        est__function_release(to);
        return st;
    }
    est_graph_free(to->body);
    *to = (est__function){ .body = body, .name = est__arena_strdup(&body->arena, from->name), .arg = kept,
                           .num_args = args, .num_results = from->num_results };
    atomic_init(&to->owners, 1);
    st = to->name ? est__function_set_results(to, (est_nodes){ kept + args, from->num_results })
                  : est__fail_memory(64);
    to->arg = est__arena_alloc(&body->arena, (args + 1) * sizeof *to->arg);
    if (st != EST_OK || to->arg == NULL) {
        est__function_release(to);
        return st == EST_OK ? est__fail_memory(args * sizeof *to->arg) : st;
    }
    memcpy(to->arg, kept, args * sizeof *kept);
    EST_TRY(est__function_add(g, to));   /* in the place of `from` */
    est__function_release(from);
    return EST_OK;
}

est_status est__graph_expand(const est_graph *g, est_nodes keep, bool only_without_kernel, est_graph **out,
                             est_node **kept)
{
    EST_TRY(est__graph_expand_body(g, NULL, keep, only_without_kernel, out, kept));
    est_status st = EST_OK;   /* planning expands a body when it compiles it */
    for (size_t i = 0; !only_without_kernel && (*out)->functions && i < est__map_size((*out)->functions); i++)
        st = st == EST_OK ? expand_function(*out, i) : st;
    if (st != EST_OK) {
        est_graph_free(*out);
        *out = NULL;
    }
    return st;
}
