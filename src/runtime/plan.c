/* Compiles (graph, feeds, fetches, targets) to a flat list of kernel calls: prune, order, share equal nodes,
 * fold, fuse. */
#include "runtime/called.h"

#include <stdlib.h>

#include "graph/attr.h"

typedef struct compiler {
    est__plan *p;
    const est_graph *g;
    const est__plan_options *o;
    int *value_of;                /* by operation: value of its first output; -1: not compiled */
    unsigned char *mark;          /* by operation: 0 not seen, 1 being visited, 2 done */
    bool *late;                   /* by operation: changes resources, or comes after one that does */
    est_operation **order;
    size_t count;
    bool **used;                  /* by operation that calls functions, or is IdentityN: which of its outputs are */
    est__map *equal;              /* key of (op, inputs) -> chain of candidates */
    struct candidate *chains;
} compiler;

typedef struct candidate {
    const est_operation *op;
    struct candidate *next;
} candidate;

static int new_value(est__plan *p, const est_node *n)
{
    if (est__grow(&p->value, &p->cap_values, p->num_values + 1, sizeof *p->value) != EST_OK)
        return -1;
    p->value[p->num_values] = (est__value){ .node = n, .feed = -1 };
    return (int)p->num_values++;
}

static bool is_feed(const compiler *c, const est_node *n)
{
    for (size_t i = 0; i < c->o->feeds.count; i++)
        if (c->o->feeds.data[i] == n)
            return true;
    return false;
}

static bool is_type(const est_operation *op, const char *type)
{
    return strcmp(op->row->tf_name, type) == 0;
}

/* Depth first, without recursion: imported graphs may be deep. */
static est_status visit(compiler *c, est_operation *root)
{
    est_operation **stack = NULL;
    size_t n = 0, cap = 0;
    est_status st = est__grow(&stack, &cap, 1, sizeof *stack);
    if (st == EST_OK)
        stack[n++] = root;
    while (st == EST_OK && n > 0) {
        est_operation *op = stack[n - 1];
        if (c->mark[op->id] == 2) {
            n--;
            continue;
        }
        bool first = c->mark[op->id] == 0;
        c->mark[op->id] = first ? 1 : 2;
        if (!first) {
            c->order[c->count++] = op;
            c->late[op->id] = (op->flags & EST_OP_ASSIGNS) != 0;
            for (int i = 0; i < op->num_inputs; i++)
                c->late[op->id] |= !is_feed(c, op->input[i]) && c->late[op->input[i]->op->id];
            for (int i = 0; i < op->num_controls; i++)
                c->late[op->id] |= c->late[op->control[i]->id];
            n--;
            continue;
        }
        st = est__grow(&stack, &cap, n + (size_t)op->num_inputs + (size_t)op->num_controls, sizeof *stack);
        for (int i = op->num_inputs + op->num_controls; i-- > 0 && st == EST_OK;) {
            bool control = i >= op->num_inputs;
            est_operation *before = control ? op->control[i - op->num_inputs] : op->input[i]->op;
            if ((control || !is_feed(c, op->input[i])) && c->mark[before->id] == 0)
                stack[n++] = before;
            else if (c->mark[before->id] == 1 && (control || !is_feed(c, op->input[i])))
                st = est__fail(EST_INVALID_ARGUMENT, "%s '%s': it depends on itself", before->row->tf_name,
                               before->name);
        }
    }
    est__free(stack);
    return st;
}

static int by_place(const void *a, const void *b)
{
    return (*(est_operation *const *)a)->id - (*(est_operation *const *)b)->id;
}

/* All operations that fetches and targets need, in an order in which they can run; what changes resources
 * last, in node order. */
static est_status order(compiler *c)
{
    for (size_t i = 0; i < c->o->fetches.count; i++)
        if (!is_feed(c, c->o->fetches.data[i]))
            EST_TRY(visit(c, c->o->fetches.data[i]->op));
    if (c->o->checked && !is_feed(c, c->o->checked))
        EST_TRY(visit(c, c->o->checked->op));
    for (size_t i = 0; i < c->o->targets.count; i++)
        EST_TRY(visit(c, c->o->targets.data[i]->op));
    est_operation **sorted = est__malloc((c->count + 1) * sizeof *sorted);
    if (sorted == NULL)
        return est__fail_memory(c->count * sizeof *sorted);
    size_t n = 0, early;
    for (size_t i = 0; i < c->count; i++)
        if (!c->late[c->order[i]->id])
            sorted[n++] = c->order[i];
    early = n;
    for (size_t i = 0; i < c->count; i++)
        if (c->late[c->order[i]->id])
            sorted[n++] = c->order[i];
    bool plain = true;   /* no late operation waits for one that was made after it: node order is possible */
    for (size_t i = early; i < n; i++)
        for (int j = 0; j < sorted[i]->num_controls; j++)
            plain &= sorted[i]->control[j]->id < sorted[i]->id;
    if (plain)
        qsort(sorted + early, n - early, sizeof *sorted, by_place);
    memcpy(c->order, sorted, n * sizeof *sorted);
    est__free(sorted);
    return EST_OK;
}

/* ---- sharing of equal nodes ---- */

/* Reads of one variable are equal as long as nothing was assigned. */
static bool may_share(const compiler *c, const est_operation *op)
{
    unsigned flags = op->flags;
    bool again = !(flags & EST_OP_STATEFUL) || ((flags & EST_OP_READS) && !c->late[op->id]);
    return again && !(flags & (EST_OP_ASSIGNS | EST_OP_HANDLE)) && op->num_controls == 0 &&
           op->num_outputs > 0;
}

static int value_of(const compiler *c, const est_node *n)
{
    for (size_t i = 0; i < c->o->feeds.count; i++)
        if (c->o->feeds.data[i] == n)
            return c->p->feed[i];
    int first = c->value_of[n->op->id];
    return first < 0 ? -1 : first + n->index;
}

static bool same_attributes(const est_operation *a, const est_operation *b)
{
    for (int i = 0; i < a->num_attrs; i++)
        if (!est__attr_equal(&a->attr[i], &b->attr[i]))
            return false;
    return true;
}

/* Tells most constants apart, so that a graph of many is not compared one with all others. */
static uint64_t fingerprint(const est_tensor *t)
{
    enum { ENOUGH = 4096 };
    bool text = t->dtype == EST_STRING;
    size_t n = text ? (size_t)((const int64_t *)t->data)[est__tensor_elements(t)] : est__tensor_bytes(t);
    return est__fingerprint64(text ? t->bytes : t->data, n < ENOUGH ? n : ENOUGH);
}

/* An operation compiled before that gives the same; else NULL, and this one is remembered. */
static const est_operation *find_equal(compiler *c, const est_operation *op, est_status *st)
{
    est__buffer key = { 0 };
    est__buffer_bytes(&key, &op->row, sizeof op->row);
    if (is_type(op, "Const"))
        est__buffer_u64le(&key, fingerprint(est__attr(op, "value")->tensor));
    for (int i = 0; i < op->num_inputs; i++) {
        int v = value_of(c, op->input[i]);
        est__buffer_bytes(&key, &v, sizeof v);
    }
    if (key.status != EST_OK) {
        *st = est__fail_memory(64);
        est__buffer_free(&key);
        return NULL;
    }
    candidate *chain = est__map_get(c->equal, key.data, key.size);
    const est_operation *found = NULL;
    for (candidate *e = chain; e && !found; e = e->next)
        if (same_attributes(e->op, op))
            found = e->op;
    if (!found) {
        candidate *e = est__arena_alloc(&c->p->arena, sizeof *e);
        *st = e ? EST_OK : est__fail_memory(sizeof *e);
        if (e) {
            *e = (candidate){ op, chain };
            *st = est__map_put(c->equal, key.data, key.size, e);
        }
    }
    est__buffer_free(&key);
    return found;
}

/* ---- steps ---- */

static est_status bind_handle(compiler *c, const est_operation *op, est__value *v)
{
    est__resource *r;
    est__resource **place = est__arena_alloc(&c->p->arena, sizeof *place);
    est_tensor *t = est__arena_alloc(&c->p->arena, sizeof *t);
    if (place == NULL || t == NULL)
        return est__fail_memory(sizeof *t);
    EST_TRY(op->row->bind(op, c->o->resources, &r));
    *place = r;
    *t = (est_tensor){ .dtype = EST_RESOURCE, .data = place };
    v->constant = t;
    return EST_OK;
}

static void note_use(compiler *c, const est_node *n)
{
    if (c->used[n->op->id] && !is_feed(c, n))
        c->used[n->op->id][n->index] = true;
}

/* Which outputs of operations that call functions somebody takes. What only passes on takes what is taken of it. */
static est_status find_used(compiler *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const est_operation *op = c->order[i];
        if ((op->num_callees || is_type(op, "IdentityN")) && !(c->used[op->id] = est__arena_alloc(&c->p->arena, (size_t)op->num_outputs + 1)))
            return est__fail_memory((size_t)op->num_outputs);
    }
    for (size_t i = 0; i < c->o->fetches.count; i++)
        note_use(c, c->o->fetches.data[i]);
    if (c->o->checked)
        note_use(c, c->o->checked);
    for (size_t i = c->count; i-- > 0;) {   /* who takes comes after what it takes */
        const est_operation *op = c->order[i];
        const bool *used = op->num_callees ? NULL : c->used[op->id];
        for (int j = 0; j < op->num_inputs; j++)
            if (used == NULL || used[j])
                note_use(c, op->input[j]);
    }
    return EST_OK;
}

static est_status add_called(compiler *c, est__step *s)
{
    const est_operation *op = s->op;
    const est_tensor **constant = est__arena_alloc(&c->p->arena, ((size_t)s->num_in + 1) * sizeof *constant);
    if (constant == NULL)
        return est__fail_memory((size_t)s->num_in * sizeof *constant);
    for (int i = 0; i < s->num_in; i++)
        constant[i] = c->p->value[s->in[i]].constant;
    s->cpu = op->row->calls == EST__WHILE ? est__while_cpu : est__call_cpu;
    est__calling calling = { .graph = (est_graph *)(uintptr_t)(c->o->outer ? c->o->outer : c->g), .options = c->o,
                             .op = op, .constant = constant, .used = c->used[op->id] };
    est_status st = est__called_new(&c->p->arena, &calling, &s->called);
    if (s->called) {
        s->called->first_run = c->p->num_called;
        c->p->num_called += s->called->num_parts;
    }
    return st;
}

static est_status add_step(compiler *c, const est_operation *op)
{
    est__plan *p = c->p;
    EST_TRY(est__grow(&p->step, &p->cap_steps, p->num_steps + 1, sizeof *p->step));
    est__step *s = &p->step[p->num_steps];
    *s = (est__step){ .op = op, .cpu = op->row->cpu, .num_in = op->num_inputs, .num_out = op->num_outputs };
    s->in = est__arena_alloc(&p->arena, ((size_t)s->num_in + 1) * sizeof *s->in);
    s->out = est__arena_alloc(&p->arena, ((size_t)s->num_out + 1) * sizeof *s->out);
    if (s->in == NULL || s->out == NULL)
        return est__fail_memory(64);
    for (int i = 0; i < s->num_in; i++)
        s->in[i] = value_of(c, op->input[i]);
    for (int i = 0; i < s->num_out; i++)
        s->out[i] = c->value_of[op->id] + i;
    s->stateful = (op->flags & EST_OP_STATEFUL) != 0;
    p->num_steps++;
    if (op->row->calls)
        return add_called(c, s);
    if (op->row->state_size) {
        s->state = est__calloc(1, op->row->state_size);
        if (s->state == NULL)
            return est__fail_memory(op->row->state_size);
        EST_TRY(op->row->prepare(op, s->state));
    }
    return EST_OK;
}

static est_status compile(compiler *c, const est_operation *op)
{
    est_status st = EST_OK;
    est__plan *p = c->p;
    const est_operation *same = may_share(c, op) ? find_equal(c, op, &st) : NULL;
    EST_TRY(st);
    if (same) {
        c->value_of[op->id] = c->value_of[same->id];
        return EST_OK;
    }
    if (op->num_outputs == 0 && is_type(op, "NoOp"))
        return EST_OK;
    c->value_of[op->id] = (int)p->num_values;
    for (int i = 0; i < op->num_outputs; i++)
        if (new_value(p, &op->output[i]) < 0)
            return est__fail_memory(sizeof(est__value));
    if (is_type(op, "Const")) {
        p->value[c->value_of[op->id]].constant = est__attr(op, "value")->tensor;
        return EST_OK;
    }
    if (op->row->bind)
        return bind_handle(c, op, &p->value[c->value_of[op->id]]);
    if (is_type(op, "Placeholder") && is_feed(c, &op->output[0]))   /* something comes after it */
        return EST_OK;
    if (is_type(op, "Placeholder"))
        return est__fail(EST_INVALID_ARGUMENT, "Placeholder '%s' is needed but not fed", op->name);
    if (op->row->cpu == NULL && !op->row->calls)
        return est__fail(EST_UNIMPLEMENTED, "%s '%s': the op has no kernel, it can only be exported",
                         op->row->tf_name, op->name);
    return add_step(c, op);
}

static est_status compile_all(compiler *c)
{
    est__plan *p = c->p;
    p->num_feeds = c->o->feeds.count;
    p->num_fetches = c->o->fetches.count;
    p->feed = est__arena_alloc(&p->arena, (p->num_feeds + 1) * sizeof *p->feed);
    p->fetch = est__arena_alloc(&p->arena, (p->num_fetches + 1) * sizeof *p->fetch);
    if (p->feed == NULL || p->fetch == NULL)
        return est__fail_memory(64);
    for (size_t i = 0; i < p->num_feeds; i++) {
        p->feed[i] = new_value(p, c->o->feeds.data[i]);
        if (p->feed[i] < 0)
            return est__fail_memory(sizeof(est__value));
        p->value[p->feed[i]].feed = (int)i;
        if (c->o->given)
            p->value[p->feed[i]].constant = c->o->given[i];
        p->value[p->feed[i]].taken = c->o->taken && c->o->taken[i];
    }
    EST_TRY(order(c));
    EST_TRY(find_used(c));
    bool assigned = false;
    for (size_t i = 0; i < c->count; i++) {
        if (c->late[c->order[i]->id] && !assigned) {
            assigned = true;
            p->first_assign = p->num_steps;
        }
        EST_TRY(compile(c, c->order[i]));
    }
    if (!assigned)
        p->first_assign = p->num_steps;
    for (size_t i = 0; i < p->num_fetches; i++)
        p->fetch[i] = value_of(c, c->o->fetches.data[i]);
    p->checked = c->o->checked ? value_of(c, c->o->checked) : -1;
    if (c->o->checked && !is_feed(c, c->o->checked) && c->late[c->o->checked->op->id])
        return est__fail(EST_INVALID_ARGUMENT,
                         "'%s', which is to be checked before the assignments, comes after one",
                         c->o->checked->op->name);
    return EST_OK;
}

static est_status check_node(const est_graph *g, const est_node *n, const char *what, bool tensor)
{
    if (est__is_nil(n) || n->op->graph != g)
        return est__fail(EST_INVALID_ARGUMENT, "%s is no node of the graph", what);
    if (tensor && n->op->num_outputs == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s '%s' is no tensor: a %s gives none", what, n->op->name,
                         n->op->row->tf_name);
    return EST_OK;
}

static est_status check_options(const est_graph *g, const est__plan_options *o)
{
    for (size_t i = 0; i < o->feeds.count; i++)
        EST_TRY(check_node(g, o->feeds.data[i], "a feed", true));
    for (size_t i = 0; i < o->fetches.count; i++) {
        const est_node *n = o->fetches.data[i];
        EST_TRY(check_node(g, n, "a fetch", true));
        if (n->dtype == EST_VARIANT && o->outer == NULL)
            return est__fail(EST_UNIMPLEMENTED, "%s '%s' gives a list, which cannot be fetched; TensorListStack makes a "
                                                "tensor of it", n->op->row->tf_name, n->op->name);
    }
    for (size_t i = 0; i < o->targets.count; i++)
        EST_TRY(check_node(g, o->targets.data[i], "a target", false));
    if (o->checked == NULL)
        return EST_OK;
    EST_TRY(check_node(g, o->checked, "what is to be checked", true));
    if (!est__dtype_is_float(o->checked->dtype) || est_shape_elements(&o->checked->shape) > 1)
        return est__fail(EST_INVALID_ARGUMENT, "'%s' is no float scalar: it cannot be checked",
                         o->checked->op->name);
    return EST_OK;
}

/* A composite without a kernel is run as its body, in a copy of the graph. */
static est_status expand_where_needed(est__plan *p, const est_graph **g, est__plan_options *o,
                                      est_node ***kept)
{
    size_t n = o->feeds.count + o->fetches.count + o->targets.count + 1;
    bool needed = false;
    for (size_t i = 0; i < (*g)->num_operations; i++)
        needed |= (*g)->operation[i]->row->cpu == NULL && (*g)->operation[i]->row->body != NULL;
    if (!needed)
        return EST_OK;
    est_node **all = est__arena_alloc(&p->arena, 2 * n * sizeof *all);
    if (all == NULL)
        return est__fail_memory(n * sizeof *all);
    size_t at = 0;
    for (size_t i = 0; i < o->feeds.count; i++)
        all[at++] = o->feeds.data[i];
    for (size_t i = 0; i < o->fetches.count; i++)
        all[at++] = o->fetches.data[i];
    for (size_t i = 0; i < o->targets.count; i++)
        all[at++] = o->targets.data[i];
    if (o->checked)
        all[at++] = o->checked;
    *kept = all + n;
    EST_TRY(est__graph_expand_body(*g, o->outer, (est_nodes){ all, at }, true, &p->expanded, *kept));
    *g = p->expanded;
    o->feeds.data = *kept;
    o->fetches.data = *kept + o->feeds.count;
    o->targets.data = o->fetches.data + o->fetches.count;
    if (o->checked)
        o->checked = (*kept)[at - 1];
    return EST_OK;
}

est_status est__plan_new(const est_graph *g, const est__plan_options *options, est__plan **out)
{
    est__plan_options o = *options;
    est_node **kept = NULL;
    int plans = 0;
    *out = NULL;
    if (o.plans == NULL)
        o.plans = &plans;
    EST_TRY(est_graph_status(g));
    EST_TRY(check_options(g, options));
    est__plan *p = est__calloc(1, sizeof *p);
    if (p == NULL)
        return est__fail_memory(sizeof *p);
    p->seed = o.seed;
    est_status st = expand_where_needed(p, &g, &o, &kept);
    compiler c = { .p = p, .g = g, .o = &o };
    size_t n = g->num_operations + 1;
    c.value_of = est__malloc(n * sizeof *c.value_of);
    c.mark = est__calloc(n, 1);
    c.late = est__calloc(n, sizeof *c.late);
    c.order = est__calloc(n, sizeof *c.order);
    c.used = est__calloc(n, sizeof *c.used);
    c.equal = est__map_new();
    if (st == EST_OK && (!c.value_of || !c.mark || !c.late || !c.order || !c.used || !c.equal))
        st = est__fail_memory(n * sizeof *c.order);
    for (size_t i = 0; i < n && st == EST_OK; i++)
        c.value_of[i] = -1;
    if (st == EST_OK)
        st = compile_all(&c);
    if (st == EST_OK)
        st = est__plan_fold(p);
    if (st == EST_OK && !o.unfused)
        st = est__plan_fuse(p);
    if (st == EST_OK)
        st = est__plan_group(p);
    if (st == EST_OK)
        st = est__plan_lifetimes(p);
    est__free(c.value_of);
    est__free(c.mark);
    est__free(c.late);
    est__free(c.order);
    est__free(c.used);
    est__map_free(c.equal);
    if (st != EST_OK) {
        est__plan_free(p);
        return st;
    }
    *out = p;
    return EST_OK;
}

void est__step_free(est__step *s)
{
    for (int i = 0; s->fused && i < s->fused->num_ops; i++)
        est__step_free(&s->fused->member[i]);
    if (s->fused)
        return;
    est__called_free(s->called);
    if (s->state && s->op->row->release)
        s->op->row->release(s->state);
    est__free(s->state);
}

void est__plan_free(est__plan *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->num_steps; i++)
        est__step_free(&p->step[i]);
    for (size_t i = 0; i < p->num_owned; i++)
        est_tensor_free(p->owned[i]);
    est__free(p->owned);
    est__free(p->step);
    est__free(p->value);
    est__arena_free(&p->arena);
    est_graph_free(p->expanded);
    est__free(p);
}

size_t est__plan_fetches(const est__plan *p)
{
    return p->num_fetches;
}
