/* Plans for the functions that an operation calls. A plan gives what is used of its results, no more; of a
 * loop's variables, those that nothing depends on (TensorFlow's accumulators for gradients) are left out. */
#include "runtime/called.h"

enum { MOST_PLANS = 4096 };   /* within one: functions that call functions twice, and so on, end somewhere */

/* ---- what a loop needs ---- */

typedef struct liveness {
    const est__function *f;
    bool *seen;                   /* by operation */
    int *arg_of;                  /* by operation: argument; -1: none */
    const est_operation **stack;
    size_t depth, cap;
} liveness;

static est_status push(liveness *l, const est_operation *op)
{
    if (l->seen[op->id])
        return EST_OK;
    l->seen[op->id] = true;
    EST_TRY(est__grow(&l->stack, &l->cap, l->depth + 1, sizeof *l->stack));
    l->stack[l->depth++] = op;
    return EST_OK;
}

static est_status begin(liveness *l, const est__function *f)
{
    size_t n = f->body->num_operations;
    *l = (liveness){ .f = f, .seen = est__calloc(n + 1, sizeof *l->seen), .arg_of = est__malloc((n + 1) * sizeof *l->arg_of) };
    if (l->seen == NULL || l->arg_of == NULL)
        return est__fail_memory(n * sizeof *l->arg_of);
    for (size_t i = 0; i < n; i++)
        l->arg_of[i] = -1;
    for (size_t i = 0; i < f->num_args; i++)
        l->arg_of[f->arg[i]->op->id] = (int)i;
    for (size_t i = 0; i < f->num_effects; i++)
        EST_TRY(push(l, f->effect[i]));
    return EST_OK;
}

static void end(liveness *l)
{
    est__free(l->seen);
    est__free(l->arg_of);
    est__free(l->stack);
}

/* Follows all that is on the stack back to the arguments, whose variables are needed; of a body, so are these
 * variables' results. */
static est_status follow(liveness *l, bool *needed, bool body)
{
    while (l->depth > 0) {
        const est_operation *op = l->stack[--l->depth];
        int arg = l->arg_of[op->id];
        if (arg >= 0) {
            needed[arg] = true;
            if (body)
                EST_TRY(push(l, l->f->result[arg]->op));
        }
        for (int i = 0; i < op->num_inputs; i++)
            EST_TRY(push(l, op->input[i]->op));
        for (int i = 0; i < op->num_controls; i++)
            EST_TRY(push(l, op->control[i]));
    }
    return EST_OK;
}

static est_status live_variables(const est_operation *op, bool *needed)
{
    liveness l;
    est_status st = begin(&l, op->callee[0]);
    if (st == EST_OK)
        st = push(&l, op->callee[0]->result[0]->op);
    if (st == EST_OK)
        st = follow(&l, needed, false);
    end(&l);
    EST_TRY(st);
    st = begin(&l, op->callee[1]);
    for (int i = 0; i < op->num_outputs && st == EST_OK; i++)
        if (needed[i])
            st = push(&l, op->callee[1]->result[i]->op);
    if (st == EST_OK)
        st = follow(&l, needed, true);
    end(&l);
    return st;
}

/* The body gives the variable back as it was. */
static bool is_invariant(const est__function *body, int i)
{
    const est_node *n = body->result[i];
    while (strcmp(n->op->row->tf_name, "Identity") == 0)
        n = n->op->input[0];
    return n == body->arg[i];
}

/* ---- plans ---- */

/* The plan of a function: its arguments from `taken` on are fed, the results `made` fetched. */
static est_status plan_part(est__arena *arena, const est__calling *c, const est__function *f, const bool *needed,
                            const int *made, int num_made, const bool *fixed, bool body, int first,
                            est__called_plan *out)
{
    size_t n = 0;
    est_node **feeds = est__arena_alloc(arena, (f->num_args + 1) * sizeof *feeds);
    est_node **fetches = est__arena_alloc(arena, ((size_t)num_made + 1) * sizeof *fetches);
    est_node **targets = est__arena_alloc(arena, (f->num_effects + 1) * sizeof *targets);
    const est_tensor **given = est__arena_alloc(arena, (f->num_args + 1) * sizeof *given);
    bool *taken = est__arena_alloc(arena, f->num_args + 1);
    out->given = est__arena_alloc(arena, (f->num_args + 1) * sizeof *out->given);
    if (!feeds || !fetches || !targets || !given || !taken || !out->given)
        return est__fail_memory(f->num_args * sizeof *feeds);
    for (size_t i = 0; i < f->num_args; i++) {
        if (needed && !needed[i])
            continue;
        feeds[n] = f->arg[i];
        given[n] = !fixed || fixed[i] ? c->constant[first + (int)i] : NULL;
        taken[n] = body && !fixed[i];   /* the loop holds its variables alone */
        out->given[n++] = (int)i;
    }
    for (int i = 0; i < num_made; i++)
        fetches[i] = f->result[made[i]];
    for (size_t i = 0; i < f->num_effects; i++)
        targets[i] = est__operation_node(f->effect[i]);
    const est__plan_options *o = c->options;
    est__plan_options own = { .resources = o->resources, .feeds = { feeds, n }, .given = given, .taken = taken, .unfused = o->unfused,
                              .fetches = { fetches, (size_t)num_made }, .targets = { targets, f->num_effects },
                              .outer = c->graph, .plans = o->plans,
                              .seed = o->seed ^ est__fingerprint64(c->op->name, strlen(c->op->name)) };
    if (++*o->plans > MOST_PLANS)
        return est__fail(EST_RESOURCE_EXHAUSTED, "%s '%s': functions call each other more than %d times",
                         c->op->row->tf_name, c->op->name, MOST_PLANS);
    return est__plan_new(f->body, &own, &out->plan);
}

static est_status plan_while(est__arena *arena, const est__calling *c, est__called *out)
{
    static const int truth[] = { 0 };
    const est_operation *op = c->op;
    size_t n = (size_t)op->num_outputs;
    bool *needed = est__arena_alloc(arena, n + 1), *fixed = est__arena_alloc(arena, n + 1);
    out->made = est__arena_alloc(arena, (n + 1) * sizeof *out->made);
    if (!needed || !fixed || !out->made)
        return est__fail_memory(n * sizeof *out->made);
    memcpy(needed, c->used, n);
    EST_TRY(live_variables(op, needed));
    for (int i = 0; i < op->num_outputs; i++) {
        fixed[i] = is_invariant(op->callee[1], i);
        if (needed[i] && !fixed[i])
            out->made[out->num_made++] = i;
    }
    out->num_parts = 2;
    EST_TRY(plan_part(arena, c, op->callee[0], needed, truth, 1, fixed, false, 0, &out->part[0]));
    return plan_part(arena, c, op->callee[1], needed, out->made, out->num_made, fixed, true, 0, &out->part[1]);
}

static est_status plan_branches(est__arena *arena, const est__calling *c, est__called *out)
{
    const est_operation *op = c->op;
    int first = op->row->calls != EST__CALL;
    out->made = est__arena_alloc(arena, ((size_t)op->num_outputs + 1) * sizeof *out->made);
    if (!out->made)
        return est__fail_memory((size_t)op->num_outputs * sizeof *out->made);
    for (int i = 0; i < op->num_outputs; i++)
        if (c->used[i])
            out->made[out->num_made++] = i;
    for (int i = 0; i < op->num_callees; i++) {
        out->num_parts++;
        EST_TRY(plan_part(arena, c, op->callee[i], NULL, out->made, out->num_made, NULL, false, first, &out->part[i]));
    }
    return EST_OK;
}

est_status est__called_new(est__arena *arena, const est__calling *calling, est__called **out)
{
    est__called *c = *out = est__arena_alloc(arena, sizeof *c);
    if (c == NULL)
        return est__fail_memory(sizeof *c);
    c->used = calling->used;
    c->part = est__arena_alloc(arena, (size_t)calling->op->num_callees * sizeof *c->part);
    if (c->part == NULL)
        return est__fail_memory((size_t)calling->op->num_callees * sizeof *c->part);
    est_status st = calling->op->row->calls == EST__WHILE ? plan_while(arena, calling, c)
                                                          : plan_branches(arena, calling, c);
    return st == EST_OK ? st : est__fail_in(st, "%s '%s'", calling->op->row->tf_name, calling->op->name);
}

void est__called_free(est__called *c)
{
    for (int i = 0; c && i < c->num_parts; i++)
        est__plan_free(c->part[i].plan);
}
