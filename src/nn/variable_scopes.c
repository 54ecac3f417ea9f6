/* Scopes of names, and variables that are got by name: tf.name_scope, tf.compat.v1.variable_scope and get_variable. */
#include <estimator/ops.h>
#include <estimator/variables.h>

#include "base/fields.h"
#include "graph/graph.h"

/* ---- names of operations ---- */

void est_graph_begin_name_scope(est_graph *g, const char *scope)
{
    size_t n = strlen(scope);
    if (n == 0 || strcmp(scope, "/") == 0) {
        est__graph_fail(g, EST_INVALID_ARGUMENT, "a name scope needs a name");
        return;
    }
    if (scope[n - 1] == '/') {            /* one that was there */
        est__graph_enter_scope(g, scope, n - 1);
        return;
    }
    const char *name = scope, *full = NULL;
    for (int i = 1;; i++) {
        full = est__arena_printf(&g->arena, "%s%s/", g->scope, name);
        if (full == NULL || (!est__map_get(g->counters, full, strlen(full)) && !est__map_get(g->names, full, strlen(full) - 1)))
            break;
        name = est__arena_printf(&g->arena, "%s_%d", scope, i);
        if (name == NULL)
            break;
    }
    if (full == NULL || name == NULL || est__map_put(g->counters, full, strlen(full), g) != EST_OK)
        est__spoil(g, est__fail_memory(n));
    else
        est_graph_begin_scope(g, name);
}

/* ---- variables ---- */

typedef struct est__variable_scope {
    struct est__variable_scope *outer;
    const char *prefix;                    /* "a/b/" */
    bool always, automatic;                /* reuse */
    const est_initializer *initializer;
    const est_regularizer *regularizer;
    const est_constraint *constraint;
} scope;

static const scope outermost = { .prefix = "" };

static const scope *scope_of(const est_graph *g)
{
    return g->variable_scope ? g->variable_scope : &outermost;
}

/* A copy in the graph's memory; NULL: there is none of `p`, or no memory, which spoils the graph. */
static void *copy(est_graph *g, const void *p, size_t size)
{
    void *to = p ? est__arena_alloc(&g->arena, size) : NULL;
    if (to)
        memcpy(to, p, size);
    else if (p)
        est__spoil(g, est__fail_memory(size));
    return to;
}

static const char *copy_text(est_graph *g, const char *text)
{
    return copy(g, text, text ? strlen(text) + 1 : 0);
}

static const est_initializer *copy_initializer(est_graph *g, const est_initializer *p)
{
    est_initializer *to = copy(g, p, sizeof *p);
    if (to == NULL)
        return NULL;
    to->type = copy_text(g, p->type);
    to->mode = copy_text(g, p->mode);
    to->distribution = copy_text(g, p->distribution);
    return to;
}

static const est_constraint *copy_constraint(est_graph *g, const est_constraint *p)
{
    est_constraint *to = copy(g, p, sizeof *p);
    if (to == NULL)
        return NULL;
    to->type = copy_text(g, p->type);
    to->axes.data = copy(g, p->axes.data, p->axes.count * sizeof *p->axes.data);
    return to;
}

void est_begin_variable_scope_sized(est_graph *g, const char *name, const est_variable_scope_options *options, size_t size)
{
    est_variable_scope_options o = { 0 };
    const scope *outer = scope_of(g);
    scope *s = est__arena_alloc(&g->arena, sizeof *s);
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    est_status st = o.initializer ? est_initializer_check(o.initializer) : EST_OK;
    if (s == NULL) {
        est__spoil(g, est__fail_memory(sizeof *s));
        return;
    }
    *s = *outer;
    s->outer = g->variable_scope;
    s->prefix = est__arena_printf(&g->arena, "%s%s/", outer->prefix, name);
    s->always = outer->always || o.reuse == EST_REUSE_ALWAYS;
    s->automatic = outer->automatic || o.reuse == EST_REUSE_AUTO;
    if (o.initializer)
        s->initializer = copy_initializer(g, o.initializer);
    if (o.regularizer)
        s->regularizer = copy(g, o.regularizer, sizeof *o.regularizer);
    if (o.constraint)
        s->constraint = copy_constraint(g, o.constraint);
    if (s->prefix == NULL)
        st = est__fail_memory(strlen(name));
    est__spoil(g, st);
    if (s->prefix == NULL)
        s->prefix = "";
    g->variable_scope = s;
    est_graph_begin_name_scope(g, name);
}

void est_end_variable_scope(est_graph *g)
{
    if (g->variable_scope == NULL)
        return;
    g->variable_scope = g->variable_scope->outer;
    est_graph_end_scope(g);
}

static est_node *shared(est_graph *g, const est__graph_variable *v, const est_get_variable_options *o, est_dtype dtype)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    const scope *s = scope_of(g);
    if (!s->always && !s->automatic)
        return est__graph_fail(g, EST_ALREADY_EXISTS, "est_get_variable: variable '%s' is there already; its scope's reuse says whether it "
                               "may be taken again", v->name);
    if (v->dtype != dtype || !est_shape_equal(&v->shape, &o->shape))
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_get_variable: variable '%s' is to be %s %s; it is there as %s %s", v->name,
                               est_dtype_name(dtype), est__shape_string(a, &o->shape), est_dtype_name(v->dtype),
                               est__shape_string(b, &v->shape));
    return v->handle;
}

/* NULL: zeros. */
static est_node *initial_value(est_graph *g, const est_get_variable_options *o, est_dtype dtype)
{
    static const est_initializer usual = { .type = "GlorotUniform" };
    const est_initializer *by = o->initializer ? o->initializer : scope_of(g)->initializer;
    if (o->initial_value)
        return o->initial_value;
    if (dtype != EST_FLOAT && !by)
        return NULL;
    return est_cast(g, est_initial_value(g, o->shape, by ? by : &usual), dtype);
}

static est_node *make(est_graph *g, const char *name, const est_get_variable_options *o, est_dtype dtype)
{
    const scope *s = scope_of(g);
    est_variable_options made = { .dtype = dtype, .shape = o->shape, .initial_value = initial_value(g, o, dtype),
                                  .not_trainable = o->not_trainable, .local = o->local };
    est_node *handle = est_variable(g, name, &made);
    const est_regularizer *regularizer = o->regularizer ? o->regularizer : dtype == EST_FLOAT ? s->regularizer : NULL;
    const est_constraint *constraint = o->constraint ? o->constraint : dtype == EST_FLOAT ? s->constraint : NULL;
    if (g->status == EST_OK && regularizer)
        est_regularize(g, handle, regularizer);
    if (g->status == EST_OK && constraint)
        est_constrain(g, handle, constraint);
    return g->status == EST_OK ? handle : &g->nil;
}

est_node *est_get_variable_sized(est_graph *g, const char *name, const est_get_variable_options *options, size_t size)
{
    est_get_variable_options o = { 0 };
    const scope *s = scope_of(g);
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    if (g->status != EST_OK)
        return &g->nil;
    est_dtype dtype = o.dtype ? o.dtype : EST_FLOAT;
    const char *full = est__arena_printf(&g->arena, "%s%s", s->prefix, name);
    if (full == NULL)
        return est__spoil(g, est__fail_memory(strlen(name)));
    const est__graph_variable *v = est__graph_find_variable(g, full);
    if (v)
        return shared(g, v, &o, dtype);
    if (s->always)
        return est__graph_fail(g, EST_NOT_FOUND, "est_get_variable: variable '%s' is to be reused, and is not there", full);
    return make(g, full, &o, dtype);
}
