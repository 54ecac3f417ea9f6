/* Runs of a graph of the caller's own: plans are kept, found again by the addresses of their nodes. */
#include "train/run_session.h"

#include "base/fields.h"
#include "runtime/runtime.h"

enum { PLANS_KEPT = 16 };
#define LARGEST 9e15            /* what a double counts exactly */

/* A compiled list of feeds and fetches. */
typedef struct compiled {
    size_t num_feeds, num_fetches;
    est_node **node;              /* feeds, then fetches as they were asked for */
    est__plan *plan;
    est__run *run;
    uint64_t used;                /* the number of the run that used it last */
} compiled;

struct est_session {
    est_graph *graph;
    est__session *session;
    est__pool *pool;
    compiled plan[PLANS_KEPT];
    uint64_t runs;
};

static const est_field option_fields[] = {
    EST_FIELD(est_session_options, INT, random_seed, .def = 1, .min = -LARGEST, .max = LARGEST, .doc = "of initial values and random operations"),
    EST_FIELD(est_session_options, INT, num_threads, .max = 4096, .doc = "of kernels; 0: all cores"),
    { 0 }
};

est_status est_session_new_sized(est_graph *g, const est_session_options *options, size_t size, est_session **out)
{
    est_session_options o;
    *out = NULL;
    EST_TRY(est__fields_apply(option_fields, "est_session_new", options, size, &o, sizeof o));
    EST_TRY(est_graph_status(g));
    est_session *s = est__calloc(1, sizeof *s);
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    s->graph = g;
    est_status st = est__session_new(g, (uint64_t)o.random_seed, &s->session);
    if (st == EST_OK)
        st = est__pool_new((int)o.num_threads, &s->pool);
    if (st != EST_OK) {
        est_session_free(s);
        return st;
    }
    *out = s;
    return EST_OK;
}

static void drop(compiled *c)
{
    est__run_free(c->run);
    est__plan_free(c->plan);
    est__free(c->node);
    *c = (compiled){ 0 };
}

void est_session_free(est_session *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < PLANS_KEPT; i++)
        drop(&s->plan[i]);
    est__session_free(s->session);
    est__pool_free(s->pool);
    est__free(s);
}

est_graph *est__session_graph(const est_session *s)
{
    return s->graph;
}

static bool is_value(const est_node *n)
{
    return n->dtype != EST_INVALID && n->dtype != EST_RESOURCE;
}

static bool is_same(const compiled *c, est_nodes feeds, est_nodes fetches)
{
    return c->node && c->num_feeds == feeds.count && c->num_fetches == fetches.count &&
           (feeds.count == 0 || memcmp(c->node, feeds.data, feeds.count * sizeof *c->node) == 0) &&
           (fetches.count == 0 || memcmp(c->node + feeds.count, fetches.data, fetches.count * sizeof *c->node) == 0);
}

static est_status check_nodes(const est_session *s, est_nodes nodes, const char *what)
{
    for (size_t i = 0; i < nodes.count; i++)
        if (est__is_nil(nodes.data[i]) || nodes.data[i]->op->graph != s->graph)
            return est__fail(EST_INVALID_ARGUMENT, "est_session_run: %s[%zu] is no node of the session's graph", what, i);
    return EST_OK;
}

/* Fetches are told apart: those that are values first, then operations, each in their order. */
static est_status compile(est_session *s, compiled *c, est_nodes feeds, est_nodes fetches)
{
    size_t n = feeds.count + 2 * fetches.count, values = 0, targets = fetches.count;
    EST_TRY(check_nodes(s, feeds, "feeds"));
    EST_TRY(check_nodes(s, fetches, "fetches"));
    c->node = est__malloc((n + 1) * sizeof *c->node);
    if (c->node == NULL)
        return est__fail_memory(n * sizeof *c->node);
    c->num_feeds = feeds.count;
    c->num_fetches = fetches.count;
    est_node **sorted = c->node + feeds.count + fetches.count;
    for (size_t i = 0; i < feeds.count; i++)
        c->node[i] = feeds.data[i];
    for (size_t i = 0; i < fetches.count; i++) {
        c->node[feeds.count + i] = fetches.data[i];
        sorted[is_value(fetches.data[i]) ? values++ : --targets] = fetches.data[i];
    }
    est__plan_options options = { .resources = s->session->resources, .feeds = feeds, .fetches = { sorted, values },
                                  .targets = { sorted + values, fetches.count - values }, .seed = s->session->seed };
    EST_TRY(est__plan_new(s->graph, &options, &c->plan));
    return est__run_new(c->plan, s->pool, &c->run);
}

static est_status find(est_session *s, est_nodes feeds, est_nodes fetches, compiled **out)
{
    compiled *oldest = &s->plan[0];
    for (int i = 0; i < PLANS_KEPT; i++) {
        compiled *c = &s->plan[i];
        if (is_same(c, feeds, fetches)) {
            *out = c;
            return EST_OK;
        }
        if (c->node == NULL || (oldest->node && c->used < oldest->used))
            oldest = c;
    }
    drop(oldest);
    est_status st = compile(s, oldest, feeds, fetches);
    if (st != EST_OK)
        drop(oldest);
    *out = oldest;
    return st;
}

static est_status check_feeds(est_nodes feeds, const est_tensor *const *values)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    for (size_t i = 0; i < feeds.count; i++) {
        const est_node *n = feeds.data[i];
        if (values[i]->dtype != n->dtype)
            return est__fail(EST_INVALID_ARGUMENT, "est_session_run: '%s' is fed %s; it takes %s", n->op->name,
                             est_dtype_name(values[i]->dtype), est_dtype_name(n->dtype));
        if (!est__shape_compatible(&values[i]->shape, &n->shape))
            return est__fail(EST_INVALID_ARGUMENT, "est_session_run: '%s' is fed %s; it takes %s", n->op->name,
                             est__shape_string(a, &values[i]->shape), est__shape_string(b, &n->shape));
    }
    return EST_OK;
}

est_status est_session_run(est_session *s, est_nodes feeds, const est_tensor *const *values, est_nodes fetches, const est_tensor **out)
{
    compiled *c;
    EST_TRY(est_graph_status(s->graph));
    EST_TRY(est__session_extend(s->session));
    EST_TRY(find(s, feeds, fetches, &c));
    EST_TRY(check_feeds(feeds, values));
    c->used = ++s->runs;
    EST_TRY(est__run_step(c->run, values, s->runs - 1));
    for (size_t i = 0, value = 0; out && i < fetches.count; i++)
        out[i] = is_value(fetches.data[i]) ? est__run_fetch(c->run, value++) : NULL;
    return EST_OK;
}

est_status est__session_started(est_session *s, const char *name, est__variable **out)
{
    EST_TRY(est_graph_status(s->graph));
    EST_TRY(est__session_extend(s->session));
    *out = est__session_variable(s->session, name);
    return *out ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "'%s' is no variable of the session's graph", name);
}

/* The variable that a handle stands for. */
static est_status variable_of(est_session *s, const est_node *handle, est__variable **out)
{
    for (size_t i = 0; i < s->graph->num_variables; i++)
        if (s->graph->variable[i].handle == handle)
            return est__session_started(s, s->graph->variable[i].name, out);
    EST_TRY(est_graph_status(s->graph));
    return est__fail(EST_INVALID_ARGUMENT, "'%s' is no variable of the session's graph", est_node_name(handle));
}

est_status est_session_value(est_session *s, est_node *variable, const est_tensor **value)
{
    est__variable *v;
    *value = NULL;
    EST_TRY(variable_of(s, variable, &v));
    *value = v->value;
    return EST_OK;
}

est_status est_session_assign(est_session *s, est_node *variable, const est_tensor *value)
{
    est__variable *v;
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    EST_TRY(variable_of(s, variable, &v));
    if (value->dtype != v->value->dtype || !est_shape_equal(&value->shape, &v->value->shape))
        return est__fail(EST_INVALID_ARGUMENT, "variable '%s' is %s %s; it cannot be assigned %s %s", v->base.name,
                         est_dtype_name(v->value->dtype), est__shape_string(a, &v->value->shape), est_dtype_name(value->dtype),
                         est__shape_string(b, &value->shape));
    memcpy(v->value->data, value->data, est__tensor_bytes(value));
    return EST_OK;
}
