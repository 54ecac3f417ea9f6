/* Hooks and the session that runs them: their moments, what they fetch and feed, how they fail. */
#include "train/hooks.h"

#include <stdlib.h>

#include "graph/graph.h"

/* ---- hooks ---- */

est_status est__hook_make(const est_hook_options *o, est_hook **out)
{
    est_hook *h = est__calloc(1, sizeof *h);
    char *name = h ? est__strdup(o->name ? o->name : "hook") : NULL;
    *out = NULL;
    if (name == NULL) {
        est__free(h);
        if (o->free_user)
            o->free_user(o->user);
        return est__fail_memory(sizeof *h);
    }
    h->o = *o;
    h->o.name = h->name = name;
    atomic_init(&h->shares, 1);
    *out = h;
    return EST_OK;
}

est_status est_hook_new_sized(const est_hook_options *options, size_t size, est_hook **out)
{
    est_hook_options o = { 0 };
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    return est__hook_make(&o, out);
}

est_hook *est_hook_retain(est_hook *h)
{
    if (h)
        atomic_fetch_add(&h->shares, 1);
    return h;
}

void est_hook_free(est_hook *h)
{
    if (h == NULL || atomic_fetch_sub(&h->shares, 1) > 1)
        return;
    if (h->o.free_user)
        h->o.free_user(h->o.user);
    est__free(h->name);
    est__free(h);
}

/* ---- those of a spec ---- */

static void add_to_spec(est_spec *s, est__hook_role role, est_hook *hook)
{
    est_status st = hook ? est__grow(&s->hook, &s->cap_hooks, s->num_hooks + 1, sizeof *s->hook)
                         : est__fail(EST_INVALID_ARGUMENT, "a hook of the spec is NULL");
    if (st != EST_OK)
        est__spoil(s->graph, st);
    else
        s->hook[s->num_hooks++] = (est__spec_hook){ role, est_hook_retain(hook) };
}

void est_spec_training_chief_hook(est_spec *s, est_hook *hook)
{
    add_to_spec(s, EST__TRAINING_CHIEF, hook);
}

void est_spec_training_hook(est_spec *s, est_hook *hook)
{
    add_to_spec(s, EST__TRAINING, hook);
}

void est_spec_evaluation_hook(est_spec *s, est_hook *hook)
{
    add_to_spec(s, EST__EVALUATION, hook);
}

void est_spec_prediction_hook(est_spec *s, est_hook *hook)
{
    add_to_spec(s, EST__PREDICTION, hook);
}

/* ---- gathering ---- */

static est_status add(est_run_context *c, est_hook *h)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->hook[i] == h)
            return est__fail(EST_INVALID_ARGUMENT, "hook '%s' is given twice", h->name);
    EST_TRY(est__grow(&c->hook, &c->capacity, c->count + 1, sizeof *c->hook));
    c->hook[c->count++] = est_hook_retain(h);
    if (h->saver == NULL || !est__saves_here(c, h->saver))
        return EST_OK;
    if (c->saver_options)
        return est__fail(EST_INVALID_ARGUMENT, "two hooks say when checkpoints are saved");
    c->saver_options = h->saver;
    return EST_OK;
}

bool est__saves_here(const est_run_context *c, const est_checkpoint_saver_options *o)
{
    return o->checkpoint_dir == NULL || (c->model_dir && strcmp(o->checkpoint_dir, c->model_dir) == 0);
}

static est_status add_of_spec(est_run_context *c, const est_spec *s, est__hook_role role)
{
    for (size_t i = 0; i < s->num_hooks; i++)
        if (s->hook[i].role == role)
            EST_TRY(add(c, s->hook[i].hook));
    return EST_OK;
}

static est_status gather(est_run_context *c, const est_spec *s)
{
    static const est__hook_role last[] = { [EST_TRAIN] = EST__TRAINING, [EST_EVAL] = EST__EVALUATION, [EST_PREDICT] = EST__PREDICTION };
    if (c->mode == EST_TRAIN)
        EST_TRY(add_of_spec(c, s, EST__TRAINING_CHIEF));
    c->num_chief = c->count;
    for (size_t i = 0; i < c->given.count; i++) {
        if (c->given.data[i] == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "hooks[%zu] is NULL", i);
        EST_TRY(add(c, c->given.data[i]));
    }
    return add_of_spec(c, s, last[c->mode]);
}

static bool alters(const est_hook *h)
{
    return h && h->o.begin && !h->o.keeps_graph;
}

bool est__hooks_alter(const est_run_context *c, const est_spec *spec)
{
    for (size_t i = 0; i < c->given.count; i++)
        if (alters(c->given.data[i]))
            return true;
    for (size_t i = 0; spec && i < spec->num_hooks; i++)
        if (alters(spec->hook[i].hook))
            return true;
    return false;
}

static void forget(est_run_context *c)
{
    for (size_t i = 0; i < c->count; i++)
        est_hook_free(c->hook[i]);
    c->count = c->num_fetches = c->num_feeds = 0;
    c->saver_options = NULL;
}

void est__hooks_free(est_run_context *c)
{
    forget(c);
    est__free(c->hook);
    est__free(c->fetch);
    est__free(c->feed);
    est__free(c->joined);
}

/* ---- moments ---- */

static est_status failed(est_run_context *c, est_status st, const char *what, const char *name)
{
    c->failed = true;
    if (c->is_explained)
        return st;
    if (*est_error() == 0)
        return est__fail(st, "%s '%s' returned %s", what, name, est_status_name(st));
    return est__fail_in(st, "%s '%s'", what, name);
}

static est_status call(est_run_context *c, est_hook *h, est__moment moment)
{
    est_status st = moment ? moment(c, h->o.user) : EST_OK;
    if (st == EST_OK)
        st = est_graph_status(c->graph);
    return st == EST_OK ? EST_OK : failed(c, st, "hook", h->name);
}

/* So that a moment which says nothing is told from one that does. */
static void no_text(void)
{
    (void)est__fail(EST_OK, "%s", "");
}

static est_status begin_all(est_run_context *c)
{
    for (size_t i = 0; i < c->count; i++) {
        size_t first = c->num_fetches;
        EST_TRY(call(c, c->hook[i], c->hook[i]->o.begin));
        for (size_t k = first; k < c->num_fetches; k++)
            c->fetch[k].asked = !c->every_fetch && c->hook[i]->o.before_run != NULL;
        if (c->error.status != EST_OK)
            return failed(c, est__error_give(&c->error), "hook", c->hook[i]->name);
    }
    return est_graph_status(c->graph);
}

est_status est__hooks_begin(est_run_context *c, est_graph *g, const est_spec *spec, est_mode mode)
{
    c->graph = g;
    c->spec = spec;
    c->mode = mode;
    forget(c);
    EST_TRY(gather(c, spec));
    no_text();
    EST_TRY(est__listeners_call(c, EST__SAVING_BEGIN));
    return begin_all(c);
}

est_status est__hooks_init(est_run_context *c, est__session *session, const est_spec *spec)
{
    c->session = session;
    if (spec->init_fn == NULL)
        return EST_OK;
    no_text();
    est_status st = spec->init_fn(c, spec->init_user);
    if (st != EST_OK && *est_error() == 0)
        return est__fail(st, "init_fn returned %s", est_status_name(st));
    return st == EST_OK ? EST_OK : est__fail_in(st, "init_fn");
}

est_status est_run_assign(est_run_context *c, est_node *variable, const est_tensor *value)
{
    const est__graph_variable *known = est__graph_variable_of(c->graph, variable);
    est__variable *v = known && c->session ? est__session_variable(c->session, known->name) : NULL;
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    if (v == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "est_run_assign: '%s' is no variable of the graph, or has no value yet",
                         est__is_nil(variable) ? "(none)" : est_node_name(variable));
    if (value->dtype != v->value->dtype || !est_shape_equal(&value->shape, &v->value->shape))
        return est__fail(EST_INVALID_ARGUMENT, "est_run_assign: variable '%s' is %s %s, the value %s %s", known->name,
                         est_dtype_name(v->value->dtype), est__shape_string(a, &v->value->shape), est_dtype_name(value->dtype),
                         est__shape_string(b, &value->shape));
    memcpy(v->value->data, value->data, est__tensor_bytes(value));
    v->taken = false;
    return EST_OK;
}

est_status est__hooks_created(est_run_context *c, est__session *session)
{
    c->session = session;
    no_text();
    for (size_t i = 0; i < c->count; i++)
        EST_TRY(call(c, c->hook[i], c->hook[i]->o.after_create_session));
    return EST_OK;
}

est_status est__hooks_before(est_run_context *c)
{
    for (size_t i = 0; i < c->count; i++)
        EST_TRY(call(c, c->hook[i], c->hook[i]->o.before_run));
    return EST_OK;
}

est_status est__hooks_after(est_run_context *c, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        EST_TRY(call(c, c->hook[i], c->hook[i]->o.after_run));
    return EST_OK;
}

est_status est__hooks_before_save(est_run_context *c)
{
    for (size_t i = 0; i < c->count; i++)
        EST_TRY(call(c, c->hook[i], c->hook[i]->before_save));
    return EST_OK;
}

est_status est__hooks_end(est_run_context *c)
{
    for (size_t i = 0; i < c->count; i++)
        EST_TRY(call(c, c->hook[i], c->hook[i]->o.end));
    return EST_OK;
}

est_status est__listeners_call_list(est_run_context *c, est_saving_listeners list, est__saving moment)
{
    static const char *const names[] = { "begin", "before_save", "after_save", "end" };
    for (size_t i = 0; i < list.count; i++) {
        const est_saving_listener *l = &list.data[i];
        est__moment moments[] = { l->begin, l->before_save, l->after_save, l->end };
        est_status st = moments[moment] ? moments[moment](c, l->user) : EST_OK;
        if (st != EST_OK)
            return failed(c, st, "saving listener", names[moment]);
    }
    return EST_OK;
}

est_status est__listeners_call(est_run_context *c, est__saving moment)
{
    if (c->saver_options)
        EST_TRY(est__listeners_call_list(c, c->saver_options->listeners, moment));
    return est__listeners_call_list(c, c->listeners, moment);
}

bool est__listeners_any(const est_run_context *c)
{
    return c->listeners.count > 0 || (c->saver_options && c->saver_options->listeners.count > 0);
}

bool est__hooks_stop_on_nan(const est_run_context *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->hook[i]->stops_on_nan)
            return true;
    return false;
}

/* ---- fetches and feeds ---- */

size_t est__hooks_fetches(const est_run_context *c, bool asked, est_node **out)
{
    size_t n = 0;
    for (size_t i = 0; i < c->num_fetches; i++)
        if (c->fetch[i].asked == asked)
            out[n++] = c->fetch[i].node;
    return n;
}

est_status est__hooks_layout(est_run_context *c, size_t before, size_t between, size_t feeds)
{
    size_t n = before;
    for (size_t i = 0; i < c->num_fetches; i++)
        if (!c->fetch[i].asked)
            c->fetch[i].at = n++;
    n += between;
    for (size_t i = 0; i < c->num_fetches; i++)
        if (c->fetch[i].asked)
            c->fetch[i].at = n++;
    if (c->num_feeds == 0)
        return EST_OK;
    c->num_joined = feeds;
    est__free(c->joined);
    c->joined = est__calloc(feeds + c->num_feeds, sizeof *c->joined);
    return c->joined ? EST_OK : est__fail_memory(feeds * sizeof *c->joined);
}

void est__hooks_feed_nodes(const est_run_context *c, est_node **out)
{
    for (size_t i = 0; i < c->num_feeds; i++)
        out[i] = c->feed[i].node;
}

est_status est__hooks_feeds(est_run_context *c, const est_tensor *const *input, const est_tensor *const **out)
{
    *out = input;
    if (c->num_feeds == 0)
        return EST_OK;
    if (c->num_joined)
        memcpy(c->joined, input, c->num_joined * sizeof *input);
    for (size_t i = 0; i < c->num_feeds; i++) {
        if (c->feed[i].value == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "no hook gave a value for placeholder '%s'", est_node_name(c->feed[i].node));
        c->joined[c->num_joined + i] = c->feed[i].value;
    }
    *out = c->joined;
    return EST_OK;
}

/* ---- what hooks ask of their session ---- */

est_graph *est_run_graph(const est_run_context *c)
{
    return c->graph;
}

est_mode est_run_mode(const est_run_context *c)
{
    return c->mode;
}

est_node *est_run_loss(const est_run_context *c)
{
    return c->spec->loss;
}

const char *est_run_model_dir(const est_run_context *c)
{
    return c->model_dir;
}

int64_t est_run_global_step(const est_run_context *c)
{
    return c->global_step;
}

/* The first mistake of a hook's begin is what its session fails with. */
static size_t refuse(est_run_context *c, est_status st)
{
    if (c->error.status == EST_OK)
        est__error_take(&c->error, st);
    return 0;
}

static est_status check_node(const est_run_context *c, const est_node *n)
{
    if (est__is_nil(n) || n->op->graph != c->graph)
        return est__fail(EST_INVALID_ARGUMENT, "a node that is fetched or fed is none of this graph's");
    if (n->dtype == EST_RESOURCE || n->dtype == EST_INVALID)
        return est__fail(EST_INVALID_ARGUMENT, "'%s' has no value to be fetched; est_read gives a variable's", n->op->name);
    return EST_OK;
}

size_t est_run_fetch(est_run_context *c, est_node *node)
{
    est_status st = check_node(c, node);
    if (st == EST_OK)
        st = est__grow(&c->fetch, &c->cap_fetches, c->num_fetches + 1, sizeof *c->fetch);
    if (st != EST_OK)
        return refuse(c, st);
    c->fetch[c->num_fetches] = (est__hook_fetch){ .node = node };
    return c->num_fetches++;
}

void est_run_ask(est_run_context *c)
{
    c->asked = true;
}

const est_tensor *est_run_value(const est_run_context *c, size_t fetch)
{
    if (fetch < c->num_fetches && c->run == NULL)
        return c->loss;
    if (fetch >= c->num_fetches || (c->fetch[fetch].asked && !c->full))
        return NULL;
    return est__run_fetch(c->run, c->fetch[fetch].at);
}

size_t est_run_feed(est_run_context *c, est_node *placeholder)
{
    est_status st = check_node(c, placeholder);
    if (st == EST_OK && strcmp(est_node_type(placeholder), "Placeholder") != 0)
        st = est__fail(EST_INVALID_ARGUMENT, "'%s' is no placeholder", est_node_name(placeholder));
    for (size_t i = 0; i < c->num_feeds && st == EST_OK; i++)
        if (c->feed[i].node == placeholder)
            st = est__fail(EST_INVALID_ARGUMENT, "placeholder '%s' is fed by two hooks", est_node_name(placeholder));
    if (st == EST_OK)
        st = est__grow(&c->feed, &c->cap_feeds, c->num_feeds + 1, sizeof *c->feed);
    if (st != EST_OK)
        return refuse(c, st);
    c->feed[c->num_feeds] = (est__hook_feed){ .node = placeholder };
    return c->num_feeds++;
}

est_status est_run_give(est_run_context *c, size_t feed, const est_tensor *value)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    if (feed >= c->num_feeds)
        return est__fail(EST_INVALID_ARGUMENT, "there is no feed %zu", feed);
    const est_node *n = c->feed[feed].node;
    if (value->dtype != n->dtype || !est__shape_compatible(&value->shape, &n->shape))
        return est__fail(EST_INVALID_ARGUMENT, "placeholder '%s' is given %s %s; %s %s is wanted", n->op->name,
                         est_dtype_name(value->dtype), est__shape_string(a, &value->shape), est_dtype_name(n->dtype),
                         est__shape_string(b, &n->shape));
    c->feed[feed].value = value;
    return EST_OK;
}

void est_run_request_stop(est_run_context *c)
{
    c->stop = true;
}

est_status est_run_evaluate(est_run_context *c, est_node *node, est_tensor **out)
{
    est__plan *plan = NULL;
    est__run *run = NULL;
    *out = NULL;
    if (c->session == NULL)
        return est__fail(EST_FAILED_PRECONDITION, "variables have no values yet: begin is too early for est_run_evaluate");
    EST_TRY(check_node(c, node));
    est_status st = est__plan_new(c->graph, &(est__plan_options){ .resources = c->session->resources, .fetches = { &node, 1 } }, &plan);
    if (st == EST_OK)
        st = est__run_new(plan, NULL, &run);
    if (st == EST_OK)
        st = est__run_step(run, NULL, (uint64_t)c->global_step);
    if (st == EST_OK)
        st = est_tensor_copy(est__run_fetch(run, 0), out);
    est__run_free(run);
    est__plan_free(plan);
    return st;
}

est_status est_run_fail(est_run_context *c, est_status status, const char *format, ...)
{
    char text[1024];
    va_list args;
    (void)c;
    va_start(args, format);
    est__vprint(text, sizeof text, format, args);
    va_end(args);
    return est__fail(status, "%s", text);
}

/* ---- tensors of hooks by handle or name ---- */

est_status est__hook_node(est_run_context *c, const est_hook_tensor *t, est_node **out)
{
    *out = t->node ? t->node : est_graph_node(c->graph, t->name);
    if (*out == NULL)
        return est__fail(EST_NOT_FOUND, "the graph has no node '%s'", t->name);
    return EST_OK;
}

est_status est__hook_tensors_copy(est_hook_tensors given, const char *what, est_hook_tensors *out)
{
    size_t size = (given.count + 1) * sizeof *given.data;
    for (size_t i = 0; i < given.count; i++) {
        const est_hook_tensor *t = &given.data[i];
        if (t->node == NULL && t->name == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "%s: tensor %zu has neither a node nor a name", what, i);
        size += strlen(t->tag ? t->tag : t->name ? t->name : est_node_name(t->node)) + strlen(t->name ? t->name : "") + 2;
    }
    est_hook_tensor *copy = est__calloc(1, size);
    if (copy == NULL)
        return est__fail_memory(size);
    char *text = (char *)(copy + given.count + 1);
    for (size_t i = 0; i < given.count; i++) {
        const est_hook_tensor *t = &given.data[i];
        copy[i] = *t;
        copy[i].tag = strcpy(text, t->tag ? t->tag : t->name ? t->name : est_node_name(t->node));
        text += strlen(text) + 1;
        if (t->name)
            copy[i].name = strcpy(text, t->name);
        text += strlen(t->name ? t->name : "") + 1;
    }
    *out = (est_hook_tensors){ copy, given.count };
    return EST_OK;
}
