/* The gradient of While (as TensorFlow's while_v2): a loop that goes back through the iterations. The forward loop
 * counts its iterations, and gathers what each gradient takes in lists; the loop back gets at these by the iteration's
 * number. Gradients of what a loop takes from outside add up in variables of the loop back. */
#include "graph/tape.h"

typedef struct loop {
    est_grad *b;
    const est_operation *op;
    est__tape t;
    bool *same, *flows;            /* by variable: given back as it was; has a gradient */
    est__function *forward_cond, *backward_cond;
    est_operation *forward;        /* gives the count of its iterations and the lists as well */
} loop;

static est_node *int32(est_graph *g, int64_t v)
{
    return est_constant_int(g, EST_INT32, v);
}

static est_node *two(est_graph *g, const char *op, est_node *a, est_node *b)
{
    return est_op(g, op, NULL, EST_NODES(a, b), EST_NO_ATTRS);
}

/* ---- which variables have gradients ---- */

static bool is_same(const est__function *body, int i)
{
    const est_node *n = body->result[i];
    while (strcmp(n->op->row->tf_name, "Identity") == 0)
        n = n->op->input[0];
    return n == body->arg[i];
}

/* What is wanted, and what that changes from one iteration to the next. */
static void spread_forward(const loop *c, bool *set, bool *reached)
{
    const est_graph *body = c->t.forward->body;
    bool more = true;
    while (more) {
        more = false;
        for (int i = 0; i < c->op->num_outputs; i++)
            reached[c->t.forward->arg[i]->op->id] |= set[i];
        for (size_t id = 0; id < body->num_operations; id++)
            for (int i = 0; i < body->operation[id]->num_inputs && !reached[id]; i++) {
                const est_node *in = body->operation[id]->input[i];
                reached[id] = reached[in->op->id] && est__differentiable(in);
            }
        for (int i = 0; i < c->op->num_outputs; i++) {
            const est_node *r = c->t.forward->result[i];
            if (!set[i] && reached[r->op->id] && est__differentiable(r))
                set[i] = more = true;
        }
    }
}

/* What something flows back into, and what it comes from in the iteration before. */
static void spread_back(const loop *c, bool *set, bool *reached)
{
    const est_graph *body = c->t.forward->body;
    bool more = true;
    while (more) {
        more = false;
        for (int i = 0; i < c->op->num_outputs; i++)
            reached[c->t.forward->result[i]->op->id] |= set[i];
        for (size_t id = body->num_operations; id-- > 0;)
            for (int i = 0; i < body->operation[id]->num_inputs && reached[id]; i++) {
                const est_node *in = body->operation[id]->input[i];
                reached[in->op->id] |= est__differentiable(in);
            }
        for (int i = 0; i < c->op->num_outputs; i++)
            if (!set[i] && reached[c->t.forward->arg[i]->op->id] && est__differentiable(c->t.forward->arg[i]))
                set[i] = more = true;
    }
}

static est_status find_flows(loop *c)
{
    size_t n = (size_t)c->op->num_outputs, ops = c->t.forward->body->num_operations + 1;
    bool *room = est__calloc(2 * ops + n, 1), *back = room + 2 * ops;
    if (room == NULL)
        return est__fail_memory(2 * ops);
    for (size_t i = 0; i < n; i++) {
        c->flows[i] = c->b->wanted[i];
        back[i] = c->b->dy[i] != NULL;
    }
    spread_forward(c, c->flows, room);
    spread_back(c, back, room + ops);
    for (size_t i = 0; i < n; i++)
        c->flows[i] &= back[i];
    est__free(room);
    return EST_OK;
}

/* ---- back through one iteration ---- */

static est_status take_apart(loop *c)
{
    size_t n = (size_t)c->op->num_outputs;
    est__arena *arena = &c->b->g->arena;
    c->same = est__arena_alloc(arena, n + 1);
    c->flows = est__arena_alloc(arena, n + 1);
    if (c->same == NULL || c->flows == NULL)
        return est__fail_memory(n);
    EST_TRY(est__tape_new(c->op, 1, 0, &c->t));
    for (size_t i = 0; i < n; i++)
        c->same[i] = is_same(c->t.forward, (int)i);
    c->t.same = c->same;
    return find_flows(c);
}

/* Arguments of the body back: how many iterations are left, the gradients, what was taken. */
static est_status go_back(loop *c)
{
    est__function *f = c->t.backward;
    est_graph *g = f->body;
    size_t n = (size_t)c->op->num_outputs, count = 0;
    est_node **dy = est__arena_alloc(&g->arena, (n + 1) * sizeof *dy), **x = est__arena_alloc(&g->arena, (n + 1) * sizeof *x),
             **result = est__arena_alloc(&g->arena, (n + 2) * sizeof *result);
    est_gradient *dx = est__arena_alloc(&g->arena, (n + 1) * sizeof *dx);
    if (!dy || !x || !result || !dx)
        return est__fail_memory(n * sizeof *dx);
    EST_TRY(est__function_add_arg(f, "left", EST_INT32, (est_shape){ 0 }));
    for (size_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "gradient_%zu", i);
        if (!c->flows[i])
            continue;
        x[count++] = c->t.forward->arg[i];
        EST_TRY(est__function_add_arg(f, name, est__gradient_dtype(x[count - 1]), *est__gradient_shape(x[count - 1])));
        dy[i] = f->arg[f->num_args - 1];
    }
    result[0] = c->t.iteration = two(g, "Sub", f->arg[0], int32(g, 1));
    EST_TRY(est__gradients(c->t.forward->body, g, (est_nodes){ c->t.forward->result, n }, dy, (est_nodes){ x, count }, dx));
    for (size_t i = 0; i < count; i++)
        result[1 + i] = est__capture_node(g, dx[i].value ? est__gradient_dense(g, x[i], dx[i]) : est__gradient_zeros(g, x[i]));
    return est__tape_finish(&c->t, (est_nodes){ result, count + 1 });
}

/* What was taken goes through the loop back unchanged. */
static est_status close_back(loop *c)
{
    est__function *f = c->t.backward;
    size_t n = f->num_results, all = n + c->t.num_taken;
    est_node **result = est__arena_alloc(&f->body->arena, (all + 1) * sizeof *result);
    if (result == NULL)
        return est__fail_memory(all * sizeof *result);
    memcpy(result, f->result, n * sizeof *result);
    for (size_t i = 0; i < c->t.num_taken; i++) {
        result[n + i] = c->t.taken[i].arg;
        EST_TRY(est__function_take_arg(f, result[n + i]));
    }
    EST_TRY(est__function_set_results(f, (est_nodes){ result, all }));
    EST_TRY(est__function_new(c->b->g, est__arena_printf(&f->body->arena, "condition_of_%s", f->name), &c->backward_cond));
    est_node **left = est__arena_alloc(&c->backward_cond->body->arena, sizeof *left);
    if (left == NULL)
        return est__fail_memory(sizeof *left);
    for (size_t i = 0; i < all; i++)
        EST_TRY(est__function_add_arg(c->backward_cond, f->arg[i]->op->name, f->arg[i]->dtype, f->arg[i]->shape));
    *left = two(c->backward_cond->body, "Greater", c->backward_cond->arg[0], int32(c->backward_cond->body, 0));
    EST_TRY(est_graph_status(c->backward_cond->body));
    return est__function_set_results(c->backward_cond, (est_nodes){ left, 1 });
}

/* ---- the forward loop ---- */

/* One variable more: the condition does not look at it. */
static est_status add_variable(loop *c, const char *base, est_dtype dtype, est_node **arg)
{
    char name[64];
    size_t n = c->t.forward->num_args;
    do {                           /* there may be some from a gradient that was made before */
        snprintf(name, sizeof name, "%s_%zu", base, n++);
    } while (est_graph_node(c->forward_cond->body, name) || est_graph_node(c->t.forward->body, name));
    EST_TRY(est__function_add_arg(c->forward_cond, name, dtype, (est_shape){ 0 }));
    EST_TRY(est__function_add_arg(c->t.forward, name, dtype, (est_shape){ 0 }));
    *arg = c->t.forward->arg[c->t.forward->num_args - 1];
    return EST_OK;
}

static est_node *push_back(est_graph *g, est_node *list, est_node *n)
{
    return est_op(g, "TensorListPushBack", NULL, EST_NODES(list, n), EST_ATTRS(EST_TYPE_ATTR("element_dtype", n->dtype)));
}

static est_node *empty_list(est_graph *g, const est_node *element)
{
    return est_op(g, "EmptyTensorList", NULL, EST_NODES(est__shape_constant(g, &element->shape), int32(g, -1)),
                  EST_ATTRS(EST_TYPE_ATTR("element_dtype", element->dtype)));
}

/* The body counts, and keeps what was taken; `in` are the new variables' first values. */
static est_status extend(loop *c, est_node **in)
{
    est__function *f = c->t.forward;
    est_graph *g = f->body;
    size_t n = f->num_results, at = n;
    est_node *arg, **result = est__arena_alloc(&g->arena, (n + c->t.num_taken + 2) * sizeof *result);
    if (result == NULL)
        return est__fail_memory(n * sizeof *result);
    memcpy(result, f->result, n * sizeof *result);
    EST_TRY(add_variable(c, "iterations", EST_INT32, &arg));
    result[at++] = two(g, "AddV2", arg, int32(g, 1));
    *in++ = int32(c->op->graph, 0);
    for (size_t i = 0; i < c->t.num_taken; i++) {
        if (!c->t.taken[i].listed)
            continue;
        EST_TRY(add_variable(c, "taken", EST_VARIANT, &arg));
        result[at++] = push_back(g, arg, c->t.taken[i].outside);
        *in++ = empty_list(c->op->graph, c->t.taken[i].outside);
    }
    EST_TRY(est_graph_status(g));
    EST_TRY(est_graph_status(c->op->graph));
    return est__function_set_results(f, (est_nodes){ result, at });
}

static est_status give(est_graph *g, est__function **f, const char **name)
{
    est__function *given = *f;
    *f = NULL;
    *name = given->name;
    return est__function_add(g, given);
}

static est_attr function_attr(const char *key, const char *name)
{
    return (est_attr){ .name = key, .kind = EST_ATTR_FUNC, .s = { name, strlen(name) } };
}

static est_attr shapes_attr(const est_shape *shapes, size_t n)
{
    return (est_attr){ .name = "output_shapes", .kind = EST_ATTR_SHAPES, .list = { n, { .shape = shapes } } };
}

/* The loop again, with the new variables; the old one passes on what it gives. */
static est_status rebuild(loop *c)
{
    const est_operation *op = c->op;
    est_graph *g = op->graph;
    size_t first = g->num_operations, n = (size_t)op->num_inputs, all = n + 1;
    for (size_t i = 0; i < c->t.num_taken; i++)
        all += c->t.taken[i].listed;
    est_node **in = est__arena_alloc(&g->arena, (all + 1) * sizeof *in);
    est_shape *shape = est__arena_alloc(&g->arena, (all + 1) * sizeof *shape);
    const char *name = est__arena_printf(&g->arena, "%s_taped", op->name), *cond, *body;
    if (!in || !shape || !name)
        return est__fail_memory(all * sizeof *shape);
    for (size_t i = 0; i < n; i++) {
        in[i] = op->input[i];
        shape[i] = op->output[i].shape;
    }
    char *scope = g->scope;
    g->scope = scope + strlen(scope);
    est_status st = est__function_copy(op, 0, 0, &c->forward_cond);
    if (st == EST_OK)
        st = extend(c, in + n);
    if (st == EST_OK)
        st = give(g, &c->forward_cond, &cond);
    if (st == EST_OK)
        st = give(g, &c->t.forward, &body);
    if (st == EST_OK) {
        const est_attr attrs[] = { function_attr("cond", cond), function_attr("body", body), shapes_attr(shape, all),
                                   *est__attr(op, "parallel_iterations") };
        c->forward = est_op(g, op->row->tf_name, name, (est_nodes){ in, all }, (est_attrs){ attrs, 4 })->op;
        st = est_graph_status(g);
    }
    g->scope = scope;
    if (st == EST_OK)
        est__graph_replace(c->b->op, first, c->forward);
    return st == EST_OK ? est_graph_status(g) : st;
}

/* ---- the loop back ---- */

static est_status gather_inputs(const loop *c, const int *number, est_node **in, est_shape *shape)
{
    est_graph *g = c->b->g;
    size_t at = 0, n = (size_t)c->op->num_outputs;
    int output = (int)n;
    in[at++] = &c->forward->output[output++];
    for (size_t i = 0; i < n; i++)
        if (c->flows[i])
            in[at++] = c->b->dy[i] ? c->b->dy[i] : est__gradient_zeros(g, c->b->y[i]->dtype == EST_RESOURCE ? c->b->x[i] : c->b->y[i]);
    for (size_t i = 0; i < c->t.num_taken; i++)
        in[at++] = c->t.taken[i].listed ? &c->forward->output[output++] : c->b->x[number[i]];
    for (size_t i = 0; i < at; i++)
        shape[i] = i <= c->t.backward->num_results - 1 - c->t.num_taken ? c->t.backward->arg[i]->shape : in[i]->shape;
    return est_graph_status(g);
}

static est_status loop_back(loop *c, const int *number)
{
    est_graph *g = c->b->g;
    size_t n = c->t.backward->num_args;
    est_node **in = est__arena_alloc(&g->arena, (n + 1) * sizeof *in);
    est_shape *shape = est__arena_alloc(&g->arena, (n + 1) * sizeof *shape);
    const char *cond, *body;
    if (in == NULL || shape == NULL)
        return est__fail_memory(n * sizeof *shape);
    EST_TRY(gather_inputs(c, number, in, shape));
    const est__function *f = c->t.backward;
    EST_TRY(give(g, &c->backward_cond, &cond));
    EST_TRY(give(g, &c->t.backward, &body));
    const est_attr attrs[] = { function_attr("cond", cond), function_attr("body", body), shapes_attr(shape, n) };
    est_node *made = est_op(g, f->flags & EST_OP_STATEFUL ? "While" : "StatelessWhile", NULL, (est_nodes){ in, n },
                            (est_attrs){ attrs, 3 });
    EST_TRY(est_graph_status(g));
    for (int i = 0, at = 1; i < c->op->num_outputs; i++)
        if (c->flows[i])
            c->b->dx[i] = &made->op->output[at++];
    return EST_OK;
}

static est_status differentiate(loop *c)
{
    const est_operation op = *c->op;   /* as it was: it is replaced */
    bool any = false;
    EST_TRY(take_apart(c));
    for (int i = 0; i < op.num_outputs; i++)
        any |= c->flows[i];
    if (!any)
        return EST_OK;
    EST_TRY(go_back(c));
    EST_TRY(close_back(c));
    int *number = est__arena_alloc(&c->b->g->arena, (c->t.num_taken + 1) * sizeof *number);
    if (number == NULL)
        return est__fail_memory(c->t.num_taken * sizeof *number);
    for (size_t i = 0; i < c->t.num_taken; i++)
        number[i] = est__argument_number(c->t.forward, c->t.taken[i].outside);
    EST_TRY(rebuild(c));
    c->op = &op;
    return loop_back(c, number);
}

void est__while_grad(est_grad *b)
{
    loop c = { .b = b, .op = b->op };
    const char *type = b->op->row->tf_name;
    est_status st = differentiate(&c);
    if (st != EST_OK)
        est__spoil(b->g, est__fail_in(st, "%s '%s'", type, b->op->name));
    est__tape_free(&c.t);
    est__function_release(c.forward_cond);
    est__function_release(c.backward_cond);
}
