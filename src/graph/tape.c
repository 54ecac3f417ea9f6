/* Tapes: what the gradient of a function takes of the function. */
#include "graph/tape.h"

#include "graph/attr.h"

enum { DEEPEST = 8 };   /* of what is made again */

int est__argument_number(const est__function *f, const est_node *n)
{
    for (size_t i = 0; i < f->num_args; i++)
        if (f->arg[i] == n)
            return (int)i;
    return -1;
}

/* ---- the copy ---- */

typedef struct copying {
    est__function *to;
    est_operation **became;        /* by operation */
} copying;

static est_node *copied(const copying *c, const est_node *n)
{
    return &c->became[n->op->id]->output[n->index];
}

static est_status copy_operation(copying *c, const est_operation *op)
{
    est_graph *g = c->to->body;
    size_t n = (size_t)op->num_inputs;
    est_node **in = est__arena_alloc(&g->arena, (n + 1) * sizeof *in);
    if (in == NULL)
        return est__fail_memory(n * sizeof *in);
    for (size_t i = 0; i < n; i++)
        in[i] = copied(c, op->input[i]);
    c->became[op->id] = est__graph_add(g, op->row->tf_name, op->name, (est_nodes){ in, n },
                                       (est_attrs){ op->attr, (size_t)op->num_attrs });
    return c->became[op->id] ? EST_OK : est_graph_status(g);
}

/* Handles among the arguments are known from what the operation gives. */
static est_status copy_argument(copying *c, const est_node *arg, const est_node *given)
{
    EST_TRY(est__function_add_arg(c->to, arg->op->name, arg->dtype, arg->shape));
    est_node *made = c->to->arg[c->to->num_args - 1];
    made->variable = made->dtype == EST_RESOURCE ? est__handle_made_by(given) : NULL;
    c->became[arg->op->id] = made->op;
    return EST_OK;
}

static est_status copy_body(copying *c, const est__function *from, const est_operation *op, int first)
{
    const est_graph *body = from->body;
    est_node **result = est__arena_alloc(&c->to->body->arena, (from->num_results + 1) * sizeof *result);
    if (result == NULL)
        return est__fail_memory(from->num_results * sizeof *result);
    for (size_t i = 0; i < from->num_args; i++)
        EST_TRY(copy_argument(c, from->arg[i], op->input[first + (int)i]));
    for (size_t id = 0; id < body->num_operations; id++)
        if (c->became[id] == NULL)
            EST_TRY(copy_operation(c, body->operation[id]));
    for (size_t id = 0; id < body->num_operations; id++)
        for (int i = 0; i < body->operation[id]->num_controls; i++)
            est_node_after(est__operation_node(c->became[id]),
                           est__operation_node(c->became[body->operation[id]->control[i]->id]));
    for (size_t i = 0; i < from->num_results; i++)
        result[i] = copied(c, from->result[i]);
    EST_TRY(est_graph_status(c->to->body));
    return est__function_set_results(c->to, (est_nodes){ result, from->num_results });
}

est_status est__function_copy(const est_operation *op, int callee, int first, est__function **out)
{
    const est__function *from = op->callee[callee];
    copying c = { .became = est__calloc(from->body->num_operations + 1, sizeof *c.became) };
    est_status st = c.became ? est__function_new(op->graph, from->name, &c.to) : est__fail_memory(64);
    *out = c.to;
    if (st == EST_OK)
        st = copy_body(&c, from, op, first);
    if (st == EST_OK)
        c.to->flags = from->flags;
    est__free(c.became);
    return st;
}

est_status est__tape_new(const est_operation *op, int callee, int first, est__tape *out)
{
    *out = (est__tape){ .inside = est__map_new() };
    if (out->inside == NULL)
        return est__fail_memory(64);
    EST_TRY(est__function_copy(op, callee, first, &out->forward));
    const char *name = est__arena_printf(&op->graph->arena, "gradient_of_%s", op->callee[callee]->name);
    if (name == NULL)
        return est__fail_memory(64);
    EST_TRY(est__function_new(out->forward->body, name, &out->backward));
    out->backward->body->tape = out;
    return EST_OK;
}

void est__tape_free(est__tape *t)
{
    if (t->backward)
        est__function_release(t->backward);
    if (t->forward)
        est__function_release(t->forward);
    est__map_free(t->inside);
    est__free(t->taken);
    *t = (est__tape){ 0 };
}

/* ---- what is taken ---- */

static bool is(const est_operation *op, const char *type)
{
    return strcmp(op->row->tf_name, type) == 0;
}

/* Is it made again? What changes from one iteration to the next is not, nor what has cost something once. */
static bool is_remade(const est__tape *t, const est_node *n, int depth)
{
    const est_operation *op = n->op;
    int arg = is(op, "Placeholder") ? est__argument_number(t->forward, n) : -1;
    bool stateful = (op->flags & EST_OP_STATEFUL) && !(op->flags & EST_OP_READS);
    if (arg >= 0)
        return t->same ? t->same[arg] : n->dtype == EST_RESOURCE;
    if (is(op, "Const"))
        return true;
    bool read = is(op, "ReadVariableOp") && !(t->forward->flags & EST_OP_ASSIGNS);
    if (depth == DEEPEST || stateful || op->num_callees || op->num_controls || op->num_inputs == 0 ||
        !(t->same || read) || ((op->flags & EST_OP_READS) && !read))
        return false;
    for (int i = 0; i < op->num_inputs; i++)
        if (!is_remade(t, op->input[i], depth + 1))
            return false;
    return true;
}

static est_node *remake(est__tape *t, est_node *n)
{
    const est_operation *op = n->op;
    est_graph *g = t->backward->body;
    est_node **in = est__arena_alloc(&g->arena, ((size_t)op->num_inputs + 1) * sizeof *in);
    if (in == NULL)
        return est__spoil(g, est__fail_memory((size_t)op->num_inputs * sizeof *in));
    for (int i = 0; i < op->num_inputs; i++)
        in[i] = est__tape_take(t, op->input[i]);
    est_node *made = est_op(g, op->row->tf_name, op->name, (est_nodes){ in, (size_t)op->num_inputs },
                            (est_attrs){ op->attr, (size_t)op->num_attrs });
    return est_node_output(made, n->index);
}

/* A new argument, and among what is taken. */
static est_node *add_taken(est__tape *t, est_node *n, est_dtype dtype, est_shape shape, bool listed)
{
    est_graph *g = t->backward->body;
    char *scope = g->scope;
    g->scope = scope + strlen(scope);   /* an argument stands in no scope */
    est_node *arg = est_placeholder(g, "captured", dtype, shape);
    g->scope = scope;
    arg->variable = n->dtype == EST_RESOURCE ? est__handle_made_by(n) : NULL;
    est_status st = est__grow(&t->taken, &t->cap_taken, t->num_taken + 1, sizeof *t->taken);
    if (st != EST_OK)
        return est__spoil(g, st);
    t->taken[t->num_taken++] = (est__taken){ n, arg, listed };
    return arg;
}

/* In a loop, the value that the iteration had. */
static est_node *element(est__tape *t, est_node *n)
{
    est_graph *g = t->backward->body;
    est_node *list = add_taken(t, n, EST_VARIANT, (est_shape){ 0 }, true);
    return est_op(g, "TensorListGetItem", NULL, EST_NODES(list, t->iteration, est__shape_constant(g, &n->shape)),
                  EST_ATTRS(EST_TYPE_ATTR("element_dtype", n->dtype)));
}

est_node *est__tape_take(est__tape *t, est_node *n)
{
    est_graph *g = t->backward->body;
    est_node *inside = est__map_get(t->inside, (const char *)&n, sizeof n);
    if (inside)
        return inside;
    bool arg = est__argument_number(t->forward, n) >= 0;
    if (is_remade(t, n, 0) && !arg)
        inside = remake(t, n);
    else if (t->same && !(arg && t->same[est__argument_number(t->forward, n)]))
        inside = element(t, n);
    else
        inside = add_taken(t, n, n->dtype, n->shape, false);
    est_status st = est__map_put(t->inside, (const char *)&n, sizeof n, inside);
    return st == EST_OK ? inside : est__spoil(g, st);
}

/* An operation of that kind on the node that is there already. */
static est_node *find_equal(const est_graph *g, const char *type, const est_node *in, est_dtype out_type)
{
    for (size_t id = 0; id < g->num_operations; id++) {
        est_operation *op = g->operation[id];
        if (is(op, type) && op->input[0] == in && op->output[0].dtype == out_type)
            return &op->output[0];
    }
    return NULL;
}

est_node *est__tape_shape(est__tape *t, const char *op, est_nodes inputs, est_attrs attrs)
{
    est_graph *forward = t->forward->body, *g = t->backward->body;
    bool shape = strcmp(op, "Shape") == 0;
    if (!shape && strcmp(op, "Size") != 0 && strcmp(op, "Rank") != 0)
        return NULL;
    est_node *of = inputs.count == 1 ? inputs.data[0] : NULL;
    if (of == NULL || est__is_nil(of) || of->op->graph != forward)
        return NULL;
    est_dtype type = attrs.count == 1 && attrs.data[0].kind == EST_ATTR_TYPE ? attrs.data[0].type : EST_INT32;
    if (shape && est__shape_known(&of->shape))
        return est_constant_ints(g, type, (est_ints){ of->shape.dim, (size_t)of->shape.rank });
    est_node *made = find_equal(forward, op, of, type);
    if (made == NULL)
        made = est_op(forward, op, NULL, inputs, attrs);
    return est__is_nil(made) ? est__spoil(g, est_graph_status(forward)) : est__capture_node(g, made);
}

/* ---- the end ---- */

/* Operations that neither a result nor an argument needs are dropped. */
static est_status prune(est__tape *t, est_nodes results)
{
    est_graph *g = t->backward->body;
    bool *needed = est__calloc(g->num_operations + 1, 1);
    size_t kept = 0;
    if (needed == NULL)
        return est__fail_memory(g->num_operations);
    for (size_t i = 0; i < results.count; i++)
        needed[results.data[i]->op->id] = true;
    for (size_t id = g->num_operations; id-- > 0;)
        for (int i = 0; needed[id] && i < g->operation[id]->num_inputs; i++)
            needed[g->operation[id]->input[i]->op->id] = true;
    for (size_t i = 0; i < t->num_taken; i++)
        if (needed[t->taken[i].arg->op->id])
            t->taken[kept++] = t->taken[i];
    t->num_taken = kept;
    for (size_t i = 0; i < t->backward->num_args; i++)
        needed[t->backward->arg[i]->op->id] = true;
    kept = 0;
    for (size_t id = 0; id < g->num_operations; id++)
        if (needed[id])
            g->operation[kept++] = g->operation[id];
    g->num_operations = kept;
    for (size_t id = 0; id < kept; id++)
        g->operation[id]->id = (int)id;
    est__free(needed);
    return EST_OK;
}

est_status est__tape_finish(est__tape *t, est_nodes results)
{
    EST_TRY(est_graph_status(t->forward->body));
    EST_TRY(est_graph_status(t->backward->body));
    EST_TRY(prune(t, results));
    t->backward->body->tape = NULL;
    return est__function_set_results(t->backward, results);
}
