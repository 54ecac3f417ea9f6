/* est_cond, est_case and est_while: their parts are built as functions, which take over what they use of the graph
 * around them as further arguments. */
#include "graph/tape.h"

typedef struct est__capture {
    est_node *outside, *inside;
} capture;

/* ---- what a body takes from outside ---- */

static bool encloses(const est_graph *outer, const est_graph *g)
{
    for (g = g->outer; g; g = g->outer)
        if (g == outer)
            return true;
    return false;
}

static est_node *find_inside(const est_graph *body, const est_node *outside)
{
    for (size_t i = 0; i < body->num_captures; i++)
        if (body->capture[i].outside == outside)
            return body->capture[i].inside;
    return NULL;
}

est_node *est__capture_node(est_graph *g, est_node *n)
{
    if (n->op->graph == g)
        return n;
    if (g->tape && n->op->graph == g->tape->forward->body)
        return est__tape_take(g->tape, n);
    if (!encloses(n->op->graph, g))
        return NULL;
    if (est__is_nil(n))
        return est__spoil(g, est_graph_status(n->op->graph));
    est_node *outside = est__capture_node(g->outer, n), *inside = find_inside(g, outside);
    if (inside || est__is_nil(outside))
        return inside ? inside : &g->nil;
    char *scope = g->scope;
    g->scope = scope + strlen(scope);   /* an argument stands in no scope */
    inside = est_placeholder(g, "captured", outside->dtype, outside->shape);
    g->scope = scope;
    inside->variable = outside->dtype == EST_RESOURCE ? est__handle_made_by(outside) : NULL;
    est_status st = est__grow(&g->capture, &g->cap_captures, g->num_captures + 1, sizeof *g->capture);
    if (st != EST_OK)
        return est__spoil(g, st);
    if (!est__is_nil(inside))
        g->capture[g->num_captures++] = (capture){ outside, inside };
    return inside;
}

/* ---- functions of a call ---- */

typedef struct call {
    est_graph *g;
    const char *name;
    est_nodes in;                  /* variables of a loop */
    est_shape *shape;              /* of the variables, as the parts see them */
    est__function **part;          /* two of a loop; the branches */
    size_t num_parts;
    est_node **captured;           /* by any */
    size_t num_captured, cap_captured;
} call;

static est_status build_part(call *c, size_t i, const char *part, est_function_fn fn, size_t num_results, void *user)
{
    est_graph *g = c->g;
    char name[32];
    const char *base = est__arena_printf(&g->arena, "%s%s", g->scope, part);
    est_node **out = est__arena_alloc(&g->arena, (num_results + 1) * sizeof *out);
    if (base == NULL || out == NULL)
        return est__fail_memory(num_results * sizeof *out);
    EST_TRY(est__function_new(g, base, &c->part[i]));
    est__function *f = c->part[i];
    for (size_t j = 0; j < c->in.count; j++) {
        snprintf(name, sizeof name, "variable_%zu", j);
        EST_TRY(est__function_add_arg(f, name, c->in.data[j]->dtype, c->shape[j]));
    }
    fn(f->body, (est_nodes){ f->arg, f->num_args }, out, user);
    EST_TRY(est_graph_status(f->body));
    for (size_t j = 0; j < num_results; j++) {
        est_node *inside = out[j] ? est__capture_node(f->body, out[j]) : NULL;
        if (inside == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "%s: result %zu of '%s' is %s", c->name, j, f->name,
                             out[j] ? "of another graph" : "missing");
        out[j] = inside;
    }
    EST_TRY(est_graph_status(f->body));
    return est__function_set_results(f, (est_nodes){ out, num_results });
}

static est_status gather_captures(call *c)
{
    for (size_t i = 0; i < c->num_parts; i++)
        for (size_t j = 0; j < c->part[i]->body->num_captures; j++) {
            est_node *n = c->part[i]->body->capture[j].outside;
            bool known = false;
            for (size_t k = 0; k < c->num_captured; k++)
                known |= c->captured[k] == n;
            EST_TRY(est__grow(&c->captured, &c->cap_captured, c->num_captured + 1, sizeof *c->captured));
            if (!known)
                c->captured[c->num_captured++] = n;
        }
    return EST_OK;
}

/* All parts take all that one of them has captured, in one order; a body gives it back unchanged. */
static est_status align_part(call *c, est__function *f, bool gives_back)
{
    est_graph *body = f->body;
    size_t n = f->num_args + c->num_captured, results = f->num_results;
    est_node **arg = est__arena_alloc(&body->arena, (n + 1) * sizeof *arg);
    est_node **result = est__arena_alloc(&body->arena, (results + c->num_captured + 1) * sizeof *result);
    if (arg == NULL || result == NULL)
        return est__fail_memory(n * sizeof *arg);
    if (f->num_args)
        memcpy(arg, f->arg, f->num_args * sizeof *arg);
    if (results)
        memcpy(result, f->result, results * sizeof *result);
    for (size_t i = 0; i < c->num_captured; i++) {
        est_node *inside = est__capture_node(body, c->captured[i]);
        EST_TRY(est_graph_status(body));
        arg[f->num_args + i] = result[results + i] = inside;
    }
    f->arg = arg;
    f->num_args = n;
    return gives_back ? est__function_set_results(f, (est_nodes){ result, results + c->num_captured }) : EST_OK;
}

static est_status add_parts(call *c)
{
    for (size_t i = 0; i < c->num_parts; i++) {
        est__function *f = c->part[i];
        c->part[i] = NULL;
        EST_TRY(est__function_add(c->g, f));
        c->part[i] = f;
    }
    return EST_OK;
}

static void drop_parts(call *c)
{
    for (size_t i = 0; i < c->num_parts; i++) {
        est__function_release(c->part[i]);
        c->part[i] = NULL;
    }
}

static est_attr function_attr(const char *name, const est__function *f)
{
    return (est_attr){ .name = name, .kind = EST_ATTR_FUNC, .s = { f->name, strlen(f->name) } };
}

/* `first`, if not NULL, and the variables, then what was captured. */
static est_node *add_call(call *c, const char *op, est_node *first, const est_attr *attrs, size_t num_attrs)
{
    est_node **in = est__arena_alloc(&c->g->arena, (c->in.count + c->num_captured + 2) * sizeof *in);
    size_t n = 0;
    if (in == NULL)
        return est__spoil(c->g, est__fail_memory(64));
    if (first)
        in[n++] = first;
    for (size_t i = 0; i < c->in.count; i++)
        in[n++] = c->in.data[i];
    for (size_t i = 0; i < c->num_captured; i++)
        in[n++] = c->captured[i];
    return est_op(c->g, op, NULL, (est_nodes){ in, n }, (est_attrs){ attrs, num_attrs });
}

static est_node *finish(call *c, est_status st, est_node *n)
{
    if (st != EST_OK) {
        drop_parts(c);
        n = est__spoil(c->g, st);
    }
    est__free(c->captured);
    return n;
}

static est_status begin(call *c, size_t num_parts)
{
    c->part = est__arena_alloc(&c->g->arena, (num_parts + 1) * sizeof *c->part);
    c->num_parts = c->part ? num_parts : 0;
    return c->part ? EST_OK : est__fail_memory(num_parts * sizeof *c->part);
}

/* ---- cond and case ---- */

static est_status same_results(const call *c)
{
    for (size_t j = 1; j < c->num_parts; j++)
        for (size_t i = 0; i < c->part[0]->num_results; i++) {
            est_dtype a = c->part[0]->result[i]->dtype, b = c->part[j]->result[i]->dtype;
            if (a != b)
                return est__fail(EST_INVALID_ARGUMENT, "%s: result %zu is %s in one branch and %s in %s", c->name, i,
                                 est_dtype_name(a), est_dtype_name(b), c->num_parts == 2 ? "the other" : "another");
        }
    return EST_OK;
}

static est_status build_branches(call *c, const est_function_fn *branches, size_t count, const char *const *names,
                                 size_t num_results, void *user)
{
    if (num_results == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: num_results is 0; 1 at least is wanted", c->name);
    EST_TRY(begin(c, count));
    for (size_t i = 0; i < count; i++)
        EST_TRY(build_part(c, i, names ? names[i] : "switch_case_branch", branches[i], num_results, user));
    EST_TRY(same_results(c));
    EST_TRY(gather_captures(c));
    for (size_t i = 0; i < count; i++)
        EST_TRY(align_part(c, c->part[i], false));
    return add_parts(c);
}

/* All branches are stateless. */
static bool is_stateless(const call *c)
{
    unsigned flags = 0;
    for (size_t i = 0; i < c->num_parts; i++)
        flags |= c->part[i]->flags;
    return !(flags & EST_OP_STATEFUL);
}

static est_status result_types(const call *c, size_t n, est_attr *out)
{
    est_dtype *types = est__arena_alloc(&c->g->arena, (n + 1) * sizeof *types);
    if (types == NULL)
        return est__fail_memory(n * sizeof *types);
    for (size_t i = 0; i < n; i++)
        types[i] = c->part[0]->result[i]->dtype;
    *out = (est_attr){ .name = "Tout", .kind = EST_ATTR_TYPES, .list = { n, { .type = types } } };
    return EST_OK;
}

est_node *est_cond(est_graph *g, est_node *predicate, est_function_fn then_branch, est_function_fn else_branch,
                   size_t num_results, void *user)
{
    call c = { .g = g, .name = "est_cond" };
    est_attr types;
    if (g->status != EST_OK || predicate == NULL || est__is_nil(predicate))
        return &g->nil;
    est_status st = build_branches(&c, (const est_function_fn[]){ then_branch, else_branch }, 2,
                                   (const char *const[]){ "cond_true", "cond_false" }, num_results, user);
    if (st == EST_OK)
        st = result_types(&c, num_results, &types);
    if (st != EST_OK)
        return finish(&c, st, NULL);
    const est_attr attrs[] = { types, function_attr("then_branch", c.part[0]), function_attr("else_branch", c.part[1]) };
    return finish(&c, EST_OK, add_call(&c, is_stateless(&c) ? "StatelessIf" : "If", predicate, attrs, 3));
}

est_node *est_case(est_graph *g, est_node *index, const est_function_fn *branches, size_t count, size_t num_results,
                   void *user)
{
    call c = { .g = g, .name = "est_case" };
    est_attr attrs[2];
    if (g->status != EST_OK || index == NULL || est__is_nil(index))
        return &g->nil;
    est_status st = count && branches ? build_branches(&c, branches, count, NULL, num_results, user)
                                      : est__fail(EST_INVALID_ARGUMENT, "est_case: it has no branches; 1 at least is wanted");
    if (st == EST_OK)
        st = result_types(&c, num_results, &attrs[0]);
    const char **names = est__arena_alloc(&g->arena, (count + 1) * sizeof *names);
    if (st != EST_OK || names == NULL)
        return finish(&c, st != EST_OK ? st : est__fail_memory(count * sizeof *names), NULL);
    for (size_t i = 0; i < count; i++)
        names[i] = c.part[i]->name;
    attrs[1] = (est_attr){ .name = "branches", .kind = EST_ATTR_FUNCS, .list = { count, { .s = names } } };
    return finish(&c, EST_OK, add_call(&c, is_stateless(&c) ? "StatelessCase" : "Case", index, attrs, 2));
}

/* ---- while ---- */

/* Makes the variables' shapes such that the body's results fit; *again: they were not. */
static est_status widen(call *c, bool *again)
{
    *again = false;
    for (size_t i = 0; i < c->in.count; i++) {
        const est_node *r = c->part[1]->result[i];
        est_shape *s = &c->shape[i];
        if (r->dtype != c->in.data[i]->dtype)
            return est__fail(EST_INVALID_ARGUMENT, "est_while: variable %zu ('%s') is %s; the body makes it %s", i,
                             c->in.data[i]->op->name, est_dtype_name(c->in.data[i]->dtype), est_dtype_name(r->dtype));
        if (s->rank >= 0 && s->rank != r->shape.rank) {
            s->rank = -1;
            *again = true;
        }
        for (int d = 0; d < s->rank; d++)
            if (s->dim[d] >= 0 && s->dim[d] != r->shape.dim[d]) {
                s->dim[d] = -1;
                *again = true;
            }
    }
    return EST_OK;
}

static est_status build_loop(call *c, est_function_fn condition, est_function_fn body, void *user)
{
    bool again = true;
    c->shape = est__arena_alloc(&c->g->arena, c->in.count * sizeof *c->shape);
    if (c->shape == NULL)
        return est__fail_memory(c->in.count * sizeof *c->shape);
    EST_TRY(begin(c, 2));
    for (size_t i = 0; i < c->in.count; i++)
        c->shape[i] = c->in.data[i]->shape;
    while (again) {               /* each time a dimension more is unknown */
        drop_parts(c);
        EST_TRY(build_part(c, 1, "while_body", body, c->in.count, user));
        EST_TRY(widen(c, &again));
    }
    EST_TRY(build_part(c, 0, "while_cond", condition, 1, user));
    const est_node *r = c->part[0]->result[0];
    if (r->dtype != EST_BOOL || r->shape.rank > 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_while: the condition is %s, not one bool", est_dtype_name(r->dtype));
    EST_TRY(gather_captures(c));
    EST_TRY(align_part(c, c->part[0], false));
    EST_TRY(align_part(c, c->part[1], true));
    return add_parts(c);
}

est_node *est_while(est_graph *g, est_function_fn condition, est_function_fn body, est_nodes variables, void *user)
{
    call c = { .g = g, .name = "est_while", .in = variables };
    if (g->status != EST_OK)
        return &g->nil;
    for (size_t i = 0; i < variables.count; i++)
        if (variables.data[i] == NULL || est__is_nil(variables.data[i]) || variables.data[i]->op->graph != g)
            return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_while: variable %zu is no node of the graph", i);
    est_status st = variables.count ? build_loop(&c, condition, body, user)
                                    : est__fail(EST_INVALID_ARGUMENT, "est_while: a loop has one variable at least");
    if (st != EST_OK)
        return finish(&c, st, NULL);
    est_shape *shapes = est__arena_alloc(&g->arena, (c.part[1]->num_results + 1) * sizeof *shapes);
    if (shapes == NULL)
        return finish(&c, est__fail_memory(64), NULL);
    for (size_t i = 0; i < c.part[1]->num_results; i++)
        shapes[i] = i < variables.count ? c.shape[i] : c.captured[i - variables.count]->shape;
    const est_attr attrs[] = { function_attr("cond", c.part[0]), function_attr("body", c.part[1]),
                               { .name = "output_shapes", .kind = EST_ATTR_SHAPES,
                                 .list = { c.part[1]->num_results, { .shape = shapes } } } };
    return finish(&c, EST_OK, add_call(&c, is_stateless(&c) ? "StatelessWhile" : "While", NULL, attrs, 3));
}
