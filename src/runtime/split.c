/* The cut between input and step: what no variable reaches is planned apart, to run early, on the input
 * thread. */
#include "runtime/plan.h"

typedef struct cut {
    const est_graph *g;
    const est__plan_options *o;
    char *kind;                   /* by operation: LATE, EARLY, FIXED (depends on constants alone) */
    char *needed;                 /* by operation */
    est_node **boundary;
    size_t count, cap;
    est_node **late;              /* what the late plan is fed */
} cut;

enum { UNKNOWN, LATE, EARLY, FIXED };

static bool is_feed(const cut *c, const est_node *n)
{
    for (size_t i = 0; i < c->o->feeds.count; i++)
        if (c->o->feeds.data[i] == n)
            return true;
    return false;
}

static char kind_of_input(const cut *c, const est_node *n)
{
    return is_feed(c, n) ? EARLY : c->kind[n->op->id];
}

static bool gives_list(const est_operation *op)
{
    for (int i = 0; i < op->num_outputs; i++)
        if (op->output[i].dtype == EST_VARIANT)
            return true;
    return false;
}

/* Creation order is an order in which inputs come first. What is run for its own sake runs with the step; so do
 * lists, which belong to the run that makes them. */
static void classify(cut *c)
{
    for (size_t i = 0; i < c->o->targets.count; i++)
        c->kind[c->o->targets.data[i]->op->id] = LATE;
    for (size_t i = 0; i < c->o->late_feeds.count; i++)
        c->kind[c->o->late_feeds.data[i]->op->id] = LATE;
    for (size_t id = 0; id < c->g->num_operations; id++) {
        const est_operation *op = c->g->operation[id];
        bool variable = strcmp(op->row->tf_name, "VarHandleOp") == 0;
        char kind = c->kind[id] == LATE ? LATE : FIXED;
        if (variable || (op->flags & (EST_OP_STATEFUL | EST_OP_ASSIGNS)) || op->num_controls ||
            gives_list(op))
            kind = LATE;
        for (int i = 0; i < op->num_inputs && kind != LATE; i++) {
            char in = kind_of_input(c, op->input[i]);
            kind = in == LATE ? LATE : in == EARLY ? EARLY : kind;
        }
        c->kind[id] = kind;
    }
}

static est_status add_boundary(cut *c, est_node *n)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->boundary[i] == n)
            return EST_OK;
    EST_TRY(est__grow(&c->boundary, &c->cap, c->count + 1, sizeof *c->boundary));
    c->boundary[c->count++] = n;
    return EST_OK;
}

/* True when that needs something new. What a late operation comes after runs with the step as well: no value
 * says that it has run. */
static bool need_inputs(cut *c, const est_operation *op)
{
    bool more = false;
    for (int i = 0; i < op->num_inputs + op->num_controls; i++) {
        bool control = i >= op->num_inputs;
        const est_operation *before = control ? op->control[i - op->num_inputs] : op->input[i]->op;
        bool pulled = control && c->kind[op->id] == LATE && c->kind[before->id] == EARLY;
        more |= !c->needed[before->id] || pulled;
        c->needed[before->id] = 1;
        if (pulled)
            c->kind[before->id] = LATE;
    }
    return more;
}

static est_status need_all(cut *c, est_nodes fetched)
{
    for (size_t i = 0; i < fetched.count; i++) {
        if (kind_of_input(c, fetched.data[i]) == EARLY)
            EST_TRY(add_boundary(c, fetched.data[i]));
        c->needed[fetched.data[i]->op->id] = 1;
    }
    return EST_OK;
}

/* Every early value that something late takes, or that is fetched, crosses the cut. */
static est_status find_boundary(cut *c)
{
    EST_TRY(need_all(c, c->o->fetches));
    EST_TRY(need_all(c, c->o->summaries));
    for (size_t i = 0; i < c->o->targets.count; i++)
        c->needed[c->o->targets.data[i]->op->id] = 1;
    if (c->o->checked) {
        c->needed[c->o->checked->op->id] = 1;
        if (kind_of_input(c, c->o->checked) == EARLY)
            EST_TRY(add_boundary(c, c->o->checked));
    }
    for (bool more = true; more;) {   /* controls may point forward, so once may not be enough */
        more = false;
        for (size_t id = c->g->num_operations; id-- > 0;)
            if (c->needed[id])
                more |= need_inputs(c, c->g->operation[id]);
    }
    for (size_t id = 0; id < c->g->num_operations; id++) {
        const est_operation *op = c->g->operation[id];
        for (int i = 0; c->needed[id] && c->kind[id] == LATE && i < op->num_inputs; i++)
            if (kind_of_input(c, op->input[i]) == EARLY)
                EST_TRY(add_boundary(c, op->input[i]));
    }
    return EST_OK;
}

/* The fetches, then the summaries. */
static est_status plan_summarised(const est_graph *g, est__plan_options o, est__plan **out)
{
    size_t n = o.fetches.count + o.summaries.count;
    est_node **all = est__malloc(n * sizeof *all);
    if (!all)
        return est__fail_memory(n * sizeof *all);
    memcpy(all, o.fetches.data, o.fetches.count * sizeof *all);
    memcpy(all + o.fetches.count, o.summaries.data, o.summaries.count * sizeof *all);
    o.fetches = (est_nodes){ all, n };
    est_status st = est__plan_new(g, &o, out);
    est__free(all);
    return st;
}

/* What crosses the cut, then what is fed late. */
static est_status late_feeds(cut *c, est_nodes *out)
{
    size_t n = c->count + c->o->late_feeds.count;
    c->late = est__malloc((n + 1) * sizeof *c->late);
    if (!c->late)
        return est__fail_memory(n * sizeof *c->late);
    if (c->count)
        memcpy(c->late, c->boundary, c->count * sizeof *c->late);
    if (n > c->count)
        memcpy(c->late + c->count, c->o->late_feeds.data, (n - c->count) * sizeof *c->late);
    *out = (est_nodes){ c->late, n };
    return EST_OK;
}

est_status est__plan_split(const est_graph *g, const est__plan_options *options, est__plan **early,
                           est__plan **late, est__plan **summarised)
{
    cut c = { .g = g, .o = options };
    *early = *late = NULL;
    if (summarised)
        *summarised = NULL;
    EST_TRY(est_graph_status(g));
    c.kind = est__calloc(g->num_operations + 1, 1);
    c.needed = est__calloc(g->num_operations + 1, 1);
    est_status st = c.kind && c.needed ? EST_OK : est__fail_memory(g->num_operations);
    if (st == EST_OK) {
        classify(&c);
        st = find_boundary(&c);
    }
    est__plan_options first = *options, second = *options;
    first.fetches = (est_nodes){ c.boundary, c.count };
    if (st == EST_OK)
        st = late_feeds(&c, &second.feeds);
    first.targets = (est_nodes){ 0 };
    first.checked = NULL;
    if (st == EST_OK)
        st = est__plan_new(g, &first, early);
    if (st == EST_OK)
        st = est__plan_new(g, &second, late);
    if (st == EST_OK && summarised && options->summaries.count)
        st = plan_summarised(g, second, summarised);
    if (st != EST_OK) {
        est__plan_free(*early);
        est__plan_free(*late);
        *early = *late = NULL;
    }
    est__free(c.kind);
    est__free(c.needed);
    est__free(c.boundary);
    est__free(c.late);
    return st;
}
