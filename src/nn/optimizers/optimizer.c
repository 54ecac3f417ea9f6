/* Optimizers: made by name, counted, and turned into the update nodes of a training step. */
#include <stdatomic.h>

#include <estimator/ops.h>

#include "base/fields.h"
#include "graph/graph.h"
#include "nn/optimizers/optimizer.h"
#include "ops/distinct.h"

struct est_optimizer {
    atomic_int references;
    const est__optimizer_kind *kind;
    est__arena arena;                      /* what the options point to */
    _Alignas(max_align_t) char options[];
};

static const est__optimizer_kind *const kinds[] = {
    &est__optimizer_adadelta, &est__optimizer_adagrad, &est__optimizer_adam, &est__optimizer_adamw, &est__optimizer_adamax,
    &est__optimizer_ftrl, &est__optimizer_lamb, &est__optimizer_linear_sdca, &est__optimizer_nadam, &est__optimizer_proximal_adagrad,
    &est__optimizer_proximal_gradient_descent, &est__optimizer_rmsprop, &est__optimizer_sgd };
static const char *const names[] = { "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "LAMB", "LinearSDCA", "Nadam", "ProximalAdagrad",
                                     "ProximalGradientDescent", "RMSprop", "SGD", NULL };

enum { NUM_KINDS = sizeof kinds / sizeof *kinds };

/* Keras writes RMSprop, TensorFlow 1 RMSProp. */
static const est__optimizer_kind *find(const char *name)
{
    if (name && strcmp(name, "RMSProp") == 0)
        name = "RMSprop";
    for (int i = 0; name && i < NUM_KINDS; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

const char *const *est_optimizer_names(void)
{
    return names;
}

const est_field *est_optimizer_fields(const char *name, size_t *options_size)
{
    const est__optimizer_kind *kind = find(name);
    if (options_size)
        *options_size = kind ? kind->options_size : 0;
    return kind ? kind->fields : NULL;
}

static est_status unknown(const char *name)
{
    const char *near = name ? est__nearest(name, names, NUM_KINDS) : NULL;
    if (near)
        return est__fail(EST_NOT_FOUND, "unknown optimizer '%s'; did you mean '%s'?", name, near);
    return est__fail(EST_NOT_FOUND, "unknown optimizer '%s'; there are Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, LAMB, "
                     "LinearSDCA, Nadam, ProximalAdagrad, ProximalGradientDescent, RMSprop and SGD", name ? name : "(NULL)");
}

static double option(const est_optimizer *o, const char *field)
{
    const est_field *f = o->kind->fields;
    double v;
    while (strcmp(f->name, field) != 0)
        f++;
    memcpy(&v, o->options + f->offset, sizeof v);
    return v;
}

/* NULL: the learning rate is a number. */
static const est_schedule *schedule_of(const est__optimizer_kind *kind, const char *options)
{
    const est_field *f = kind->fields;
    while (f->type != EST_FIELD_END && f->type != EST_FIELD_SCHEDULE)
        f++;
    return f->type == EST_FIELD_SCHEDULE ? *(const est_schedule *const *)(const void *)(options + f->offset) : NULL;
}

static est__clipping clipping_of(const est_optimizer *o)
{
    return (est__clipping){ .value = option(o, "clipvalue"), .norm = option(o, "clipnorm"),
                            .global_norm = option(o, "global_clipnorm") };
}

/* A learning rate that is the default may well not have been given. */
static est_status check_schedule(const est_optimizer *o, const char *where)
{
    const est_schedule *s = schedule_of(o->kind, o->options);
    if (s && option(o, "learning_rate") != o->kind->fields[0].def)
        return est__fail(EST_INVALID_ARGUMENT, "%s: learning_rate and learning_rate_schedule are both given; it takes one of them", where);
    est_status st = s ? est_schedule_check(s) : EST_OK;
    return st == EST_OK ? st : est__fail_in(st, "%s", where);
}

/* Each list of strings is one of regular expressions. */
static est_status check_patterns(const est_optimizer *o, const char *where)
{
    for (const est_field *f = o->kind->fields; f->type != EST_FIELD_END; f++)
        if (f->type == EST_FIELD_STRINGS)
            EST_TRY(est__patterns_check(where, f->name, *(const est_strings *)(const void *)(o->options + f->offset)));
    return EST_OK;
}

static est_status check_clipping(const est_optimizer *o, const char *where)
{
    est__clipping c = clipping_of(o);
    return c.norm > 0 && c.global_norm > 0
               ? est__fail(EST_INVALID_ARGUMENT, "%s: clipnorm and global_clipnorm are both given; it takes one of them", where)
               : EST_OK;
}

static est_status complete(est_optimizer *o, const void *options, size_t size)
{
    const est__optimizer_kind *kind = o->kind;
    char where[64];
    snprintf(where, sizeof where, "optimizer '%s'", kind->name);
    EST_TRY(est__fields_apply(kind->fields, where, options, size, o->options, kind->options_size));
    EST_TRY(check_schedule(o, where));
    EST_TRY(check_patterns(o, where));
    EST_TRY(kind->dense ? check_clipping(o, where) : EST_OK);
    est__fields_write_zeros(kind->fields, o->options);
    return est__fields_copy(kind->fields, o->options, &o->arena);
}

static void end(est_optimizer *o)
{
    est__arena_free(&o->arena);
    est__free(o);
}

est_status est_optimizer_new(const char *name, const void *options, size_t size, est_optimizer **out)
{
    *out = NULL;
    const est__optimizer_kind *kind = find(name);
    if (!kind)
        return unknown(name);
    est_optimizer *o = est__calloc(1, sizeof *o + kind->options_size);
    if (!o)
        return est__fail_memory(sizeof *o + kind->options_size);
    atomic_init(&o->references, 1);
    o->kind = kind;
    est_status st = complete(o, options, size);
    if (st != EST_OK) {
        end(o);
        return st;
    }
    *out = o;
    return EST_OK;
}

est_optimizer *est_optimizer_retain(est_optimizer *o)
{
    if (o)
        atomic_fetch_add_explicit(&o->references, 1, memory_order_relaxed);
    return o;
}

void est_optimizer_free(est_optimizer *o)
{
    if (o && atomic_fetch_sub_explicit(&o->references, 1, memory_order_acq_rel) == 1)
        end(o);
}

const char *est_optimizer_name(const est_optimizer *o)
{
    return o->kind->name;
}

const void *est_optimizer_options(const est_optimizer *o)
{
    return o->options;
}

void est__sum_duplicate_ids(est_graph *g, est_node **rows, est_node **ids)
{
    if (est__gives_distinct_ids(*ids))
        return;
    *rows = est_sum_duplicate_ids(g, *rows, est_cast(g, *ids, EST_INT64));
    *ids = est_node_output(*rows, 1);
}

/* The scope of an optimizer's variables, "training"; under a MultiHead of n heads TensorFlow's is "training_n". */
static const char *scope_of(const est_graph *g)
{
    return g->training_scope ? g->training_scope : "training";
}

/* "Ftrl", or "Ftrl_1" where the graph has an Ftrl already. */
static void free_name(const est_graph *g, const char *kind, char out[64])
{
    char taken[128];
    snprintf(out, 64, "%s", kind);
    for (int i = 1;; i++) {
        snprintf(taken, sizeof taken, "%s/%s/decay", scope_of(g), out);
        if (!est_graph_variable(g, taken))
            return;
        snprintf(out, 64, "%s_%d", kind, i);
    }
}

/* training/<name>/<variable>, a scalar. */
static est_node *scalar_variable(est_graph *g, const char *name, const char *variable, double initial, bool is_hyper)
{
    char full[160];
    snprintf(full, sizeof full, "%s/%s/%s", scope_of(g), name, variable);
    return est_variable(g, full, &(est_variable_options){ .dtype = EST_FLOAT, .shape = EST_SCALAR, .not_trainable = true,
                                                          .initial_value = est_constant_float(g, initial), .hyper = is_hyper });
}

est_node *est__optimizer_variable(const est__updates *u, const char *variable, double initial)
{
    return scalar_variable(u->g, u->name, variable, initial, false);
}

/* The value of training/<name>/<field>, a variable that starts as the option says. */
static est_node *hyper(est_graph *g, const est_optimizer *o, const char *name, const char *field)
{
    if (o->kind->is_v1)
        return est_constant_float(g, option(o, field));
    return est_read(g, scalar_variable(g, name, field, option(o, field), true));
}

/* The variable `decay`, and what it does to the learning rate. */
static void decay(est__updates *u, const est_optimizer *o, const char *name)
{
    est_graph *g = u->g;
    const char *field = o->kind->decays ? o->kind->decays : "decay";
    est_node *rate = est_read(g, scalar_variable(g, name, "decay", option(o, field), true));
    if (!o->kind->decays && option(o, field) > 0)
        u->learning_rate = est_div(g, u->learning_rate, est_add(g, est_constant_float(g, 1), est_mul(g, rate, u->iteration)));
}

/* Training shows a rate that changes from step to step. */
static void show_rate(est_graph *g, const char *optimizer, est_node *rate)
{
    est_status st = est__grow(&g->rate, &g->cap_rates, g->num_rates + 1, sizeof *g->rate);
    const char *copy = est__arena_strdup(&g->arena, optimizer);
    if (st != EST_OK || !copy)
        est__spoil(g, st == EST_OK ? est__fail_memory(strlen(optimizer)) : st);
    else
        g->rate[g->num_rates++] = (struct est__rate){ copy, rate };
}

static est__updates begin_updates(est_graph *g, const est_optimizer *o, const char *name, est_node *global_step)
{
    est__updates u = { .g = g, .name = name, .options = o->options };
    u.iteration = est_cast(g, est_read(g, global_step), EST_FLOAT);
    const est_schedule *schedule = schedule_of(o->kind, o->options);
    u.learning_rate = schedule ? est_scheduled(g, schedule, u.iteration) : hyper(g, o, name, "learning_rate");
    est_node *base = u.learning_rate;
    if (!o->kind->is_v1)
        decay(&u, o, name);
    if (schedule || u.learning_rate != base)
        show_rate(g, name, u.learning_rate);
    for (int i = 0; o->kind->hypers[i]; i++)
        u.hyper[i] = hyper(g, o, name, o->kind->hypers[i]);
    if (o->kind->prepare)
        o->kind->prepare(&u);
    return u;
}

/* training/<name>/<variable>/<slot>; of TensorFlow 1: <variable>/<name>, <variable>/<name>_1, … */
static est_node *add_slot(est_graph *g, const est__updates *u, const est__graph_variable *v, const est__slot *slot, int index, bool is_v1)
{
    char number[16] = "";
    if (index > 0)
        snprintf(number, sizeof number, "_%d", index);
    char *variable = is_v1 ? est__arena_printf(&g->arena, "%s/%s%s", v->name, u->name, number)
                           : est__arena_printf(&g->arena, "%s/%s/%s/%s", scope_of(g), u->name, v->name, slot->name);
    if (!variable)
        return est__spoil(g, est__fail_memory(strlen(v->name)));
    return est_variable(g, variable, &(est_variable_options){
        .dtype = EST_FLOAT, .shape = v->shape, .not_trainable = true,
        .initial_value = slot->initial != 0 ? est_filled(g, v->shape, slot->initial) : NULL });
}

static est_node *update(est__updates *u, const est_optimizer *o, const est__graph_variable *v, est_gradient gradient)
{
    est__slot slots[EST__MAX_SLOTS];
    est_node *slot[EST__MAX_SLOTS] = { NULL };
    int n = o->kind->slots(o->options, slots);
    for (int i = 0; i < n; i++)
        slot[i] = add_slot(u->g, u, v, &slots[i], i, o->kind->is_v1);
    u->variable = v->name;
    if (gradient.indices && v->constraint)
        return est__graph_fail(u->g, EST_INVALID_ARGUMENT, "optimizer '%s': variable '%s' has a constraint and a sparse gradient; a "
                               "constraint is for dense ones", o->kind->name, v->name);
    if (gradient.indices)
        return o->kind->sparse(u, v->handle, slot, gradient.value, gradient.indices);
    est_node *done = o->kind->dense(u, v->handle, slot, gradient.value);
    return v->constraint ? est__constrain_after(u->g, v, done) : done;
}

/* What minimize() works on: the trainable variables and their gradients. */
typedef struct task {
    size_t count;
    est__graph_variable *variable;
    est_node **handle;
    est_gradient *gradient;
} task;

static bool is_wanted(est_nodes wanted, const est_node *handle)
{
    for (size_t i = 0; i < wanted.count; i++)
        if (wanted.data[i] == handle)
            return true;
    return wanted.data == NULL;
}

/* `wanted`: handles; none: all that can be trained. */
static est_status begin_task(const est_graph *g, est_nodes wanted, task *t)
{
    size_t n = g->num_variables;
    t->variable = est__calloc(n, sizeof *t->variable);
    t->handle = est__calloc(n, sizeof *t->handle);
    t->gradient = est__calloc(n, sizeof *t->gradient);
    if (!t->variable || !t->handle || !t->gradient)
        return est__fail_memory(n * sizeof *t->variable);
    for (size_t i = 0; i < n; i++) {
        if (!g->variable[i].trainable || !is_wanted(wanted, g->variable[i].handle))
            continue;
        t->variable[t->count] = g->variable[i];
        t->handle[t->count++] = g->variable[i].handle;
    }
    return EST_OK;
}

static void end_task(task *t)
{
    est__free(t->variable);
    est__free(t->handle);
    est__free(t->gradient);
}

static est_status check_dtypes(const est_optimizer *o, const task *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->gradient[i].value && t->variable[i].dtype != EST_FLOAT)
            return est__fail(EST_UNIMPLEMENTED, "optimizer '%s': variable '%s' is %s; only float32 is trained", o->kind->name,
                             t->variable[i].name, est_dtype_name(t->variable[i].dtype));
    return EST_OK;
}

static est_node *add_updates(est_graph *g, const est_optimizer *o, const task *t, const char *name, est_node *global_step)
{
    est__updates u = begin_updates(g, o, name, global_step);
    const est__clipping clipping = clipping_of(o);
    est__clip_gradients(g, &clipping, t->gradient, t->count);
    est_node *all = est_op(g, "NoOp", "updates", (est_nodes){ 0 }, EST_NO_ATTRS);
    size_t trained = 0;
    for (size_t i = 0; i < t->count; i++) {
        if (!t->gradient[i].value)
            continue;
        est_node_after(all, update(&u, o, &t->variable[i], t->gradient[i]));
        trained++;
    }
    if (u.also)
        est_node_after(all, u.also);
    for (size_t i = 0; i < g->num_updates; i++)
        est_node_after(all, g->update[i]);
    if (trained == 0)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "optimizer '%s': the loss depends on no trainable variable (of %zu)",
                               o->kind->name, t->count);
    est_node_after(all, est_op(g, "AssignAddVariableOp", NULL, EST_NODES(global_step, est_constant_int(g, EST_INT64, 1)),
                               EST_NO_ATTRS));
    return all;
}

/* training/<name>/iter, the count of an optimizer that is not the first of its model. */
static est_node *own_count(est_graph *g, const char *name)
{
    char full[160];
    snprintf(full, sizeof full, "%s/%s/iter", scope_of(g), name);
    return est_variable(g, full, &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
}

/* Opens the scope of the optimizer's nodes, under its name in this graph. */
static bool begin_optimizer(const est_optimizer *o, est_graph *g, char name[64])
{
    char scope[96];
    if (est_graph_status(g) != EST_OK)
        return false;
    if (o->kind->dense == NULL) {
        est__graph_fail(g, EST_INVALID_ARGUMENT, "optimizer '%s' trains LinearClassifier, LinearRegressor and LinearEstimator alone",
                        o->kind->name);
        return false;
    }
    free_name(g, o->kind->name, name);
    snprintf(scope, sizeof scope, "%s/%s", scope_of(g), name);
    est_graph_begin_scope(g, scope);
    return true;
}

/* The updates of a task whose gradients are there, unless `st` says that they are not. */
static est_node *end_optimizer(const est_optimizer *o, est_graph *g, est_status st, task *t, const char *name, est_node *count)
{
    if (st == EST_OK)
        st = check_dtypes(o, t);
    est_node *all = st == EST_OK ? add_updates(g, o, t, name, count ? count : own_count(g, name)) : est__spoil(g, st);
    end_task(t);
    est_graph_end_scope(g);
    return all;
}

static est_node *minimize(est_optimizer *o, est_graph *g, est_node *loss, est_nodes variables, est_node *count)
{
    char name[64];
    task t = { 0 };
    if (!begin_optimizer(o, g, name))
        return &g->nil;
    est_status st = begin_task(g, variables, &t);
    if (st == EST_OK)
        st = est_gradients(g, loss, (est_nodes){ t.handle, t.count }, t.gradient);
    return end_optimizer(o, g, st, &t, name, count);
}

est_node *est_optimizer_minimize(est_optimizer *o, est_graph *g, est_node *loss, est_node *global_step)
{
    return minimize(o, g, loss, (est_nodes){ 0 }, global_step);
}

est_node *est_optimizer_minimize_variables(est_optimizer *o, est_graph *g, est_node *loss, est_nodes variables, est_node *global_step)
{
    est_node *none = NULL;
    return minimize(o, g, loss, variables.count ? variables : (est_nodes){ &none, 0 }, global_step);
}

/* Gradient i as it was given, if it is one of that variable. */
static est_status take_gradient(const est_graph *g, const est_gradient *given, est_nodes variables, size_t i, task *t)
{
    const est__graph_variable *v = est__graph_variable_of(g, variables.data[i]);
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    if (!v)
        return est__fail(EST_INVALID_ARGUMENT, "est_optimizer_apply_gradients: variable %zu is no handle of the graph", i);
    for (size_t k = 0; k < i; k++)
        if (variables.data[k] == variables.data[i])
            return est__fail(EST_INVALID_ARGUMENT, "est_optimizer_apply_gradients: variable '%s' is given twice", v->name);
    const est_gradient *d = &given[i];
    if (d->value && (est__is_nil(d->value) || (d->indices && est__is_nil(d->indices))))
        return est__fail(EST_INVALID_ARGUMENT, "est_optimizer_apply_gradients: the gradient of '%s' is no node of the graph", v->name);
    if (d->value && !d->indices && !est__shape_compatible(&d->value->shape, &v->shape))
        return est__fail(EST_INVALID_ARGUMENT, "est_optimizer_apply_gradients: the gradient '%s' is %s, its variable '%s' %s",
                         est_node_name(d->value), est__shape_string(a, &d->value->shape), v->name, est__shape_string(b, &v->shape));
    t->variable[t->count] = *v;
    t->gradient[t->count] = *d;
    t->handle[t->count++] = v->handle;
    return EST_OK;
}

est_node *est_optimizer_apply_gradients(est_optimizer *o, est_graph *g, const est_gradient *gradients, est_nodes variables,
                                        est_node *global_step)
{
    char name[64];
    task t = { 0 };
    est_node *none = NULL;
    if (!begin_optimizer(o, g, name))
        return &g->nil;
    est_status st = begin_task(g, (est_nodes){ &none, 0 }, &t);   /* room, and nothing in it */
    for (size_t i = 0; i < variables.count && st == EST_OK; i++)
        st = take_gradient(g, gradients, variables, i, &t);
    bool any = false;
    for (size_t i = 0; i < t.count; i++)
        any |= t.gradient[i].value != NULL;
    if (st == EST_OK && !any)
        st = est__fail(EST_INVALID_ARGUMENT, "optimizer '%s': none of %zu variables has a gradient", o->kind->name, variables.count);
    return end_optimizer(o, g, st, &t, name, global_step);
}
