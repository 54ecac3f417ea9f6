/* Gradients of calls, of If and Case: of each branch its gradient as a function, and a call of these in the same way.
 * What they take of the branches' nodes the branches give as further results, in place of which a branch that does
 * not have them gives FakeParam (as TensorFlow's cond_v2 does where there are no optionals). */
#include "graph/tape.h"

typedef struct branches {
    est_grad *b;
    const est_operation *op;
    int first;                     /* input of the branches; before it stands what chooses one */
    int count;                     /* of the branches */
    est__tape *tape;
    est_gradient *dx;              /* by branch and input */
    est_dtype *type;               /* of outputs, old and new */
    est_shape *shape;
    int num_outputs, cap_outputs;
    est_node **in;                 /* of the call of the gradients */
    int num_in;
    est_operation *forward;        /* gives the new results as well */
} branches;

static est_gradient *gradient_of(const branches *c, int branch, int input)
{
    return &c->dx[branch * c->op->num_inputs + input];
}

/* Goes back through one branch. */
static est_status go_back(branches *c, int branch)
{
    const est_operation *op = c->op;
    est__tape *t = &c->tape[branch];
    size_t out = (size_t)op->num_outputs, in = (size_t)op->num_inputs, n = 0;
    est_node **dy = est__arena_alloc(&c->b->g->arena, (out + 1) * sizeof *dy),
             **x = est__arena_alloc(&c->b->g->arena, (in + 1) * sizeof *x);
    est_gradient *dx = est__arena_alloc(&c->b->g->arena, (in + 1) * sizeof *dx);
    if (dy == NULL || x == NULL || dx == NULL)
        return est__fail_memory((out + in) * sizeof *dx);
    EST_TRY(est__tape_new(op, branch, c->first, t));
    for (size_t i = 0; i < out; i++) {
        char name[32];
        snprintf(name, sizeof name, "gradient_%zu", i);
        if (c->b->dy[i] == NULL)
            continue;
        EST_TRY(est__function_add_arg(t->backward, name, op->output[i].dtype, op->output[i].shape));
        dy[i] = t->backward->arg[t->backward->num_args - 1];
    }
    for (size_t i = (size_t)c->first; i < in; i++)
        if (c->b->wanted[i])
            x[n++] = t->forward->arg[i - (size_t)c->first];
    EST_TRY(est__gradients(t->forward->body, t->backward->body, (est_nodes){ t->forward->result, out }, dy,
                           (est_nodes){ x, n }, dx));
    n = 0;
    for (size_t i = (size_t)c->first; i < in; i++)
        if (c->b->wanted[i])
            *gradient_of(c, branch, (int)i) = dx[n++];
    return EST_OK;
}

static bool flows(const branches *c, int input)
{
    for (int i = 0; i < c->count; i++)
        if (gradient_of(c, i, input)->value)
            return true;
    return false;
}

/* All branches give the same gradients, zeros where nothing flows. */
static est_status finish(branches *c, int branch, int *num_results)
{
    est__tape *t = &c->tape[branch];
    est_graph *g = t->backward->body;
    est_node **result = est__arena_alloc(&g->arena, ((size_t)c->op->num_inputs + 1) * sizeof *result);
    int n = 0;
    if (result == NULL)
        return est__fail_memory((size_t)c->op->num_inputs * sizeof *result);
    for (int i = c->first; i < c->op->num_inputs; i++) {
        est_node *x = t->forward->arg[i - c->first];
        est_gradient d = *gradient_of(c, branch, i);
        if (flows(c, i))
            result[n++] = est__capture_node(g, d.value ? est__gradient_dense(g, x, d) : est__gradient_zeros(g, x));
    }
    *num_results = n;
    return est__tape_finish(t, (est_nodes){ result, (size_t)n });
}

/* ---- the results that are added ---- */

static est_status note_outputs(branches *c)
{
    est_graph *g = c->b->g;
    int n = c->op->num_outputs;
    for (int i = 0; i < c->count; i++)
        n += (int)c->tape[i].num_taken;
    c->type = est__arena_alloc(&g->arena, ((size_t)n + 1) * sizeof *c->type);
    c->shape = est__arena_alloc(&g->arena, ((size_t)n + 1) * sizeof *c->shape);
    if (c->type == NULL || c->shape == NULL)
        return est__fail_memory((size_t)n * sizeof *c->shape);
    for (int i = 0; i < c->op->num_outputs; i++) {
        c->type[i] = c->op->output[i].dtype;
        c->shape[i] = c->op->output[i].shape;
    }
    c->num_outputs = c->op->num_outputs;
    for (int i = 0; i < c->count; i++)
        for (size_t j = 0; j < c->tape[i].num_taken; j++) {
            const est_node *taken = c->tape[i].taken[j].outside;
            if (est__argument_number(c->tape[i].forward, taken) >= 0)
                continue;
            c->type[c->num_outputs] = taken->dtype;
            c->shape[c->num_outputs++] = taken->shape;
        }
    return EST_OK;
}

static est_status extend(branches *c, int branch)
{
    est__function *f = c->tape[branch].forward;
    est_node **result = est__arena_alloc(&f->body->arena, ((size_t)c->num_outputs + 1) * sizeof *result);
    size_t n = (size_t)c->op->num_outputs;
    if (result == NULL)
        return est__fail_memory((size_t)c->num_outputs * sizeof *result);
    memcpy(result, f->result, n * sizeof *result);
    for (int i = 0; i < c->count; i++)
        for (size_t j = 0; j < c->tape[i].num_taken; j++) {
            est_node *taken = c->tape[i].taken[j].outside;
            if (est__argument_number(c->tape[i].forward, taken) >= 0)
                continue;
            result[n] = i == branch ? taken
                                    : est_op(f->body, "FakeParam", NULL, (est_nodes){ 0 },
                                             EST_ATTRS(EST_TYPE_ATTR("dtype", c->type[n]),
                                                       EST_SHAPE_ATTR("shape", &c->shape[n])));
            n++;
        }
    EST_TRY(est_graph_status(f->body));
    return est__function_set_results(f, (est_nodes){ result, n });
}

static est_status give(est_graph *g, est__function **f)
{
    est__function *given = *f;
    *f = NULL;
    return est__function_add(g, given);
}

/* The forward call again, with the new results; the old one passes on what it gives. */
static est_status rebuild(branches *c, const char *const *names)
{
    const est_operation *op = c->op;
    est_graph *g = op->graph;
    size_t first = g->num_operations, n = (size_t)op->num_attrs;
    est_attr *attr = est__arena_alloc(&g->arena, (n + 1) * sizeof *attr);
    const char *name = est__arena_printf(&g->arena, "%s_taped", op->name);
    if (attr == NULL || name == NULL)
        return est__fail_memory(n * sizeof *attr);
    int callee = 0;
    for (size_t i = 0; i < n; i++) {
        attr[i] = op->attr[i];
        if (attr[i].kind == EST_ATTR_FUNCS) {
            attr[i].list.s = names;
        } else if (attr[i].kind == EST_ATTR_FUNC) {
            attr[i].s.p = names[callee];
            attr[i].s.n = strlen(names[callee++]);
        } else if (strcmp(attr[i].name, "Tout") == 0) {
            attr[i].list.count = (size_t)c->num_outputs;
            attr[i].list.type = c->type;
        } else if (strcmp(attr[i].name, "output_shapes") == 0) {
            attr[i].list.count = (size_t)c->num_outputs;
            attr[i].list.shape = c->shape;
        }
    }
    char *scope = g->scope;
    g->scope = scope + strlen(scope);
    est_node *made = est_op(g, op->row->tf_name, name, (est_nodes){ op->input, (size_t)op->num_inputs },
                            (est_attrs){ attr, n });
    g->scope = scope;
    EST_TRY(est_graph_status(g));
    c->forward = made->op;
    est__graph_replace(c->b->op, first, made->op);
    return est_graph_status(g);
}

static est_status give_results(branches *c)
{
    const char **names = est__arena_alloc(&c->b->g->arena, ((size_t)c->count + 1) * sizeof *names);
    if (names == NULL)
        return est__fail_memory((size_t)c->count * sizeof *names);
    EST_TRY(note_outputs(c));
    c->forward = c->b->op;
    if (c->num_outputs == c->op->num_outputs)
        return EST_OK;
    for (int i = 0; i < c->count; i++)
        EST_TRY(extend(c, i));
    for (int i = 0; i < c->count; i++) {
        names[i] = c->tape[i].forward->name;
        EST_TRY(give(c->op->graph, &c->tape[i].forward));
    }
    return rebuild(c, names);
}

/* ---- the call of the gradients ---- */

/* All that the gradients take: what flows back, then what each branch has taken, which are arguments of all. */
static est_status gather_inputs(branches *c, est_node *const *x, const int *number)
{
    est_graph *g = c->b->g;
    size_t most = (size_t)(c->op->num_inputs + c->num_outputs) + 1;
    int output = c->op->num_outputs, at = 0;
    for (int i = 0; i < c->count; i++)
        most += c->tape[i].num_taken;
    c->in = est__arena_alloc(&g->arena, most * sizeof *c->in);
    if (c->in == NULL)
        return est__fail_memory(most * sizeof *c->in);
    for (int i = 0; i < c->first; i++)
        c->in[c->num_in++] = x[i];
    for (int i = 0; i < c->op->num_outputs; i++)
        if (c->b->dy[i])
            c->in[c->num_in++] = c->b->dy[i];
    for (int i = 0; i < c->count; i++)
        for (size_t j = 0; j < c->tape[i].num_taken; j++, at++)
            c->in[c->num_in++] = number[at] >= 0 ? x[c->first + number[at]] : &c->forward->output[output++];
    return EST_OK;
}

static est_status align(branches *c, int branch)
{
    est__function *f = c->tape[branch].backward;
    for (int i = 0; i < c->count; i++)
        for (size_t j = 0; j < c->tape[i].num_taken; j++) {
            const est__taken *taken = &c->tape[i].taken[j];
            char name[48];
            snprintf(name, sizeof name, "unused_%d_%zu", i, j);
            if (i == branch)
                EST_TRY(est__function_take_arg(f, taken->arg));
            else
                EST_TRY(est__function_add_arg(f, name, taken->arg->dtype, taken->arg->shape));
        }
    return est_graph_status(f->body);
}

static est_status call_gradients(branches *c, int num_results)
{
    est_graph *g = c->b->g;
    static const char *const types[][2] = { [EST__CALL] = { "StatefulPartitionedCall", "PartitionedCall" },
                                            [EST__IF] = { "If", "StatelessIf" },
                                            [EST__CASE] = { "Case", "StatelessCase" } };
    const char **names = est__arena_alloc(&g->arena, ((size_t)c->count + 1) * sizeof *names);
    est_dtype *type = est__arena_alloc(&g->arena, ((size_t)num_results + 1) * sizeof *type);
    est_attr attrs[3];
    est__calls calls = c->op->row->calls;
    size_t n = 0;
    unsigned flags = 0;
    if (type == NULL || names == NULL)
        return est__fail_memory((size_t)num_results * sizeof *type);
    for (int i = 0; i < num_results; i++)
        type[i] = c->tape[0].backward->result[i]->dtype;
    attrs[n++] = (est_attr){ .name = "Tout", .kind = EST_ATTR_TYPES, .list = { (size_t)num_results, { .type = type } } };
    for (int i = 0; i < c->count; i++) {
        est__function *f = c->tape[i].backward;
        const char *key = calls == EST__CALL ? "f" : i == 0 ? "then_branch" : "else_branch";
        EST_TRY(give(g, &c->tape[i].backward));
        flags |= f->flags;
        names[i] = f->name;
        if (calls != EST__CASE)
            attrs[n++] = (est_attr){ .name = key, .kind = EST_ATTR_FUNC, .s = { f->name, strlen(f->name) } };
    }
    if (calls == EST__CASE)
        attrs[n++] = (est_attr){ .name = "branches", .kind = EST_ATTR_FUNCS, .list = { (size_t)c->count, { .s = names } } };
    est_node *made = est_op(g, types[calls][!(flags & EST_OP_STATEFUL)], NULL, (est_nodes){ c->in, (size_t)c->num_in },
                            (est_attrs){ attrs, n });
    EST_TRY(est_graph_status(g));
    for (int i = c->first, k = 0; i < c->op->num_inputs; i++)
        if (c->b->wanted[i] && flows(c, i))
            c->b->dx[i] = &made->op->output[k++];
    return EST_OK;
}

/* Which argument of its branch each thing that was taken is; -1: none. */
static est_status number_taken(const branches *c, int **out)
{
    size_t n = 0;
    for (int i = 0; i < c->count; i++)
        n += c->tape[i].num_taken;
    *out = est__arena_alloc(&c->b->g->arena, (n + 1) * sizeof **out);
    if (*out == NULL)
        return est__fail_memory(n * sizeof **out);
    n = 0;
    for (int i = 0; i < c->count; i++)
        for (size_t j = 0; j < c->tape[i].num_taken; j++)
            (*out)[n++] = est__argument_number(c->tape[i].forward, c->tape[i].taken[j].outside);
    return EST_OK;
}

static est_status differentiate(branches *c)
{
    est_operation op = *c->op;     /* as it was: it may be replaced */
    int num_results = 0, *number;
    for (int i = 0; i < c->count; i++)
        EST_TRY(go_back(c, i));
    for (int i = 0; i < c->count; i++)
        EST_TRY(finish(c, i, &num_results));
    if (num_results == 0)
        return EST_OK;
    EST_TRY(number_taken(c, &number));
    EST_TRY(give_results(c));
    c->op = &op;
    EST_TRY(gather_inputs(c, c->b->x, number));
    for (int i = 0; i < c->count; i++)
        EST_TRY(align(c, i));
    return call_gradients(c, num_results);
}

void est__branches_grad(est_grad *b)
{
    branches c = { .b = b, .op = b->op, .first = b->op->row->calls != EST__CALL, .count = b->op->num_callees };
    const char *type = b->op->row->tf_name;
    size_t n = (size_t)(c.count * b->op->num_inputs) + 1;
    c.tape = est__calloc((size_t)c.count + 1, sizeof *c.tape);
    c.dx = est__calloc(n, sizeof *c.dx);
    est_status st = c.tape && c.dx ? differentiate(&c) : est__fail_memory(n * sizeof *c.dx);
    if (st != EST_OK)
        est__spoil(b->g, est__fail_in(st, "%s '%s'", type, b->op->name));
    for (int i = 0; i < c.count && c.tape; i++)
        est__tape_free(&c.tape[i]);
    est__free(c.tape);
    est__free(c.dx);
}
