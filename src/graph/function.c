/* Functions of a graph: made, found, shared with its copies; and how a function's nodes name their inputs. */
#include "graph/function.h"

#include <ctype.h>

#include "graph/signature.h"

static est_graph *outermost(const est_graph *g)
{
    while (g->outer)
        g = g->outer;
    return (est_graph *)(uintptr_t)g;
}

est__function *est__function_find(const est_graph *g, const char *name, size_t n)
{
    g = outermost(g);
    return g->functions ? est__map_get(g->functions, name, n) : NULL;
}

/* Numbered as they are begun: one that is not there yet may hold others. */
static const char *unique_name(est_graph *outer, est__arena *arena, const char *base)
{
    est_graph *root = outermost(outer);
    char *clean = est__arena_strdup(arena, base);
    for (char *p = clean; p && *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.' && *p != '-')
            *p = '_';
    const char *name = NULL;
    do {
        name = clean ? est__arena_printf(arena, "%s_%zu", clean, root->functions_begun++) : NULL;
    } while (name && est__function_find(root, name, strlen(name)));
    return name;
}

est_status est__function_new(est_graph *outer, const char *name, est__function **out)
{
    est__function *f = est__calloc(1, sizeof *f);
    *out = NULL;
    if (f == NULL)
        return est__fail_memory(sizeof *f);
    atomic_init(&f->owners, 1);
    est_status st = est_graph_new(&f->body);
    if (st == EST_OK) {
        f->body->outer = outer;
        f->name = unique_name(outer, &f->body->arena, name);
        st = f->name ? EST_OK : est__fail_memory(64);
    }
    if (st != EST_OK) {
        est__function_release(f);
        return st;
    }
    *out = f;
    return EST_OK;
}

void est__function_release(est__function *f)
{
    if (f == NULL || atomic_fetch_sub(&f->owners, 1) > 1)
        return;
    est_graph_free(f->body);
    est__free(f);
}

/* Room for one more of a list that lives in the body's arena, which doubles whenever its count is a power of 2. */
static void *one_more(est__function *f, void *list, size_t count, size_t size)
{
    if (count & (count - 1))
        return list;
    char *more = est__arena_alloc(&f->body->arena, (count ? 2 * count : 1) * size);
    if (more && count)
        memcpy(more, list, count * size);
    return more;
}

est_status est__function_add_arg(est__function *f, const char *name, est_dtype dtype, est_shape shape)
{
    est_operation *op = est__graph_add(f->body, "Placeholder", name, (est_nodes){ 0 },
                                       EST_ATTRS(EST_TYPE_ATTR("dtype", dtype), EST_SHAPE_ATTR("shape", &shape)));
    return op ? est__function_take_arg(f, &op->output[0]) : est_graph_status(f->body);
}

est_status est__function_take_arg(est__function *f, est_node *placeholder)
{
    est_node **list = one_more(f, f->arg, f->num_args, sizeof *list);
    if (list == NULL)
        return est__fail_memory(64);
    f->arg = list;
    f->arg[f->num_args++] = placeholder;
    return EST_OK;
}

est_status est__function_set_results(est__function *f, est_nodes results)
{
    f->result = est__arena_alloc(&f->body->arena, (results.count + 1) * sizeof *f->result);
    if (f->result == NULL)
        return est__fail_memory(results.count * sizeof *f->result);
    for (size_t i = 0; i < results.count; i++)
        f->result[i] = results.data[i];
    f->num_results = results.count;
    return EST_OK;
}

/* Placeholders are stateful in that nothing folds them; of a body they are what is given. */
static unsigned flags_of(const est__function *f)
{
    unsigned flags = 0, stateful = 0;
    for (size_t i = 0; i < f->body->num_operations; i++) {
        const est_operation *op = f->body->operation[i];
        unsigned own = op->flags & EST_OP_HANDLE ? EST_OP_STATEFUL | EST_OP_READS : op->flags;
        if (strcmp(op->row->tf_name, "Placeholder") == 0)
            continue;
        flags |= own & (EST_OP_STATEFUL | EST_OP_ASSIGNS | EST_OP_READS);
        stateful |= (own & EST_OP_STATEFUL) && !(own & EST_OP_READS);
    }
    return stateful ? flags & ~(unsigned)EST_OP_READS : flags;
}

/* Does it something beside giving values? */
static bool acts(const est_operation *op)
{
    unsigned calls = op->num_callees ? op->flags & (EST_OP_STATEFUL | EST_OP_READS) : 0;
    return (op->flags & EST_OP_ASSIGNS) || calls == EST_OP_STATEFUL || strcmp(op->row->tf_name, "Assert") == 0;
}

static est_status add_effects(est__function *f)
{
    const est_graph *g = f->body;
    f->effect = est__arena_alloc(&f->body->arena, (g->num_operations + 1) * sizeof *f->effect);
    if (f->effect == NULL)
        return est__fail_memory(g->num_operations * sizeof *f->effect);
    for (size_t i = 0; i < g->num_operations; i++)
        if (acts(g->operation[i]))
            f->effect[f->num_effects++] = g->operation[i];
    return EST_OK;
}

static est_status keep(est_graph *root, est__function *f)
{
    if (root->functions == NULL && (root->functions = est__map_new()) == NULL)
        return est__fail_memory(64);
    return est__map_put(root->functions, f->name, strlen(f->name), f);
}

est_status est__function_add(est_graph *g, est__function *f)
{
    est_status st = est_graph_status(f->body);
    f->flags = flags_of(f);
    if (st == EST_OK)
        st = add_effects(f);
    if (st == EST_OK)
        st = keep(outermost(g), f);
    f->body->outer = NULL;      /* which may be freed before a copy that shares the function */
    if (st != EST_OK)
        est__function_release(f);
    return st;
}

est_status est__functions_share(est_graph *to, const est_graph *from)
{
    from = outermost(from);
    for (size_t i = 0; from->functions && i < est__map_size(from->functions); i++) {
        est__function *f = est__map_value(from->functions, i);
        EST_TRY(keep(to, f));
        atomic_fetch_add(&f->owners, 1);
    }
    return EST_OK;
}

/* ---- outputs by the names of the signature ---- */

static int64_t outputs_of(const est_operation *op, const est__argdef *a)
{
    return a->number_attr ? est__attr_int(op, a->number_attr)
           : a->list_attr ? (int64_t)est__attr(op, a->list_attr)->list.count
                          : 1;
}

est_node *est__output_named(est_operation *op, const char *name, size_t n, int64_t k)
{
    const est__opdef *d = est__opdef_find(op->row->tf_name);
    int64_t first = 0;
    for (size_t i = 0; i < d->num_out; i++) {
        int64_t count = outputs_of(op, &d->out[i]);
        if (strlen(d->out[i].name) == n && memcmp(d->out[i].name, name, n) == 0)
            return k >= 0 && k < count ? &op->output[first + k] : NULL;
        first += count;
    }
    return NULL;
}

const char *est__output_name(const est_node *n, int64_t *k)
{
    const est__opdef *d = est__opdef_find(n->op->row->tf_name);
    int64_t first = 0;
    for (size_t i = 0; i < d->num_out; i++) {
        int64_t count = outputs_of(n->op, &d->out[i]);
        *k = n->index - first;
        if (*k < count)
            return d->out[i].name;
        first += count;
    }
    return "";
}
