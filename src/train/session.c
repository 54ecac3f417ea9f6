/* Sessions: binding, initial values, restoring. */
#include "train/session.h"

#include <unistd.h>

#include "runtime/runtime.h"
#include "train/v1_slots.h"

typedef bool (*chooser)(const est__graph_variable *v, const est__bundle *from);

/* Where memory is promised before it is there, a model that is too large would end with a process that is killed. */
static est_status check_memory(const est_graph *g)
{
    double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE), all = 0, most = 0;
    const est__graph_variable *largest = NULL;
    char shape[EST__SHAPE_TEXT_SIZE];
    for (size_t i = 0; i < g->num_variables; i++) {
        const est__graph_variable *v = &g->variable[i];
        double bytes = (double)est_shape_elements(&v->shape) * (double)est_dtype_size(v->dtype);
        all += bytes;
        if (bytes > most) {
            most = bytes;
            largest = v;
        }
    }
    if (all <= have || have <= 0)
        return EST_OK;
    return est__fail(EST_RESOURCE_EXHAUSTED, "the model's variables need %.3g GB, this machine has %.3g; the largest is '%s' %s", all / 1e9,
                     have / 1e9, largest->name, est__shape_string(shape, &largest->shape));
}

static est_status bind(est__session *s, size_t first)
{
    for (size_t i = first; i < s->graph->num_variables; i++) {
        est__resource *r;
        const est_operation *op = s->graph->variable[i].handle->op;
        EST_TRY(op->row->bind(op, s->resources, &r));
    }
    return EST_OK;
}

est_status est__session_new(const est_graph *g, uint64_t seed, est__session **out)
{
    est__session *s = est__calloc(1, sizeof *s);
    *out = NULL;
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    s->graph = g;
    s->seed = seed;
    est_status st = check_memory(g);
    if (st == EST_OK)
        st = est__resources_new(&s->resources);
    if (st == EST_OK)
        st = bind(s, 0);
    if (st != EST_OK) {
        est__session_free(s);
        return st;
    }
    *out = s;
    return EST_OK;
}

void est__session_free(est__session *s)
{
    if (s == NULL)
        return;
    est__resources_free(s->resources);
    est__free(s);
}

est__variable *est__session_variable(const est__session *s, const char *name)
{
    est__resource *r = est__resources_find(s->resources, name);
    return r && r->kind == &est__variable_kind ? (est__variable *)r : NULL;
}

static est_status set_value(est__variable *v, const est_tensor *value)
{
    if (!est_shape_equal(&v->value->shape, &value->shape)) {
        char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
        return est__fail(EST_INVALID_ARGUMENT, "variable '%s' is %s, its initial value %s", v->base.name,
                         est__shape_string(a, &v->value->shape), est__shape_string(b, &value->shape));
    }
    memcpy(v->value->data, value->data, est__tensor_bytes(value));
    v->taken = false;
    v->initialized = true;
    return EST_OK;
}

/* Runs the initial values of the chosen variables from number `first` on, and the initializers of tables from `first_table` on. */
static est_status initialize(est__session *s, size_t first, chooser choose, const est__bundle *from, size_t first_table)
{
    const est_graph *g = s->graph;
    size_t n = 0, m = g->num_initializers - first_table;
    est_node **fetches = est__malloc((g->num_variables + m + 1) * sizeof *fetches), **targets = fetches + g->num_variables;
    est__variable **variables = est__malloc((g->num_variables + 1) * sizeof *variables);
    est__plan *plan = NULL;
    est__run *run = NULL;
    if (fetches == NULL || variables == NULL) {
        est__free(fetches);
        est__free(variables);
        return est__fail_memory(g->num_variables * sizeof *fetches);
    }
    for (size_t i = first; i < g->num_variables; i++)
        if (choose(&g->variable[i], from)) {
            variables[n] = est__session_variable(s, g->variable[i].name);
            fetches[n++] = g->variable[i].initial_value;
        }
    for (size_t i = 0; i < m; i++)
        targets[i] = est__operation_node(g->initializer[first_table + i]);
    est_status st = est__plan_new(g, &(est__plan_options){ .resources = s->resources, .fetches = { fetches, n },
                                                           .targets = { targets, m }, .seed = s->seed }, &plan);
    if (st == EST_OK)
        st = est__run_new(plan, NULL, &run);
    if (st == EST_OK)
        st = est__run_step(run, NULL, 0);
    for (size_t i = 0; i < n && st == EST_OK; i++)
        st = set_value(variables[i], est__run_fetch(run, i));
    est__run_free(run);
    est__plan_free(plan);
    est__free(fetches);
    est__free(variables);
    return st;
}

static bool not_restored(const est__graph_variable *v, const est__bundle *from)
{
    return from == NULL || v->local || v->hyper;
}

static bool is_local(const est__graph_variable *v, const est__bundle *from)
{
    (void)from;
    return v->local;
}

/* A slot that is under neither name: of another optimizer, where there are any, or of one of TensorFlow 1 that has none such. */
static est_status missing(const est__graph_variable *v, const est__bundle *from)
{
    bool is_slot = strncmp(v->name, "training/", 9) == 0, has_slots = false;
    for (size_t i = 0; i < est__bundle_count(from); i++)
        has_slots = has_slots || strncmp(est__bundle_at(from, i)->name, "training/", 9) == 0;
    if (is_slot && !has_slots)
        return est__fail(EST_NOT_FOUND, "%s: '%s' of the optimizer is not in it, under TensorFlow 1's name neither: train with the "
                         "optimizer that wrote it, or take its variables into a new model_dir by warm_start_from",
                         est__bundle_prefix(from), v->name);
    return est__fail(EST_NOT_FOUND, "%s: variable '%s' of the model is not in it: was model_dir written by another model?",
                     est__bundle_prefix(from), est__restore_name(v));
}

static bool is_of_shape(const est__graph_variable *v, const est_shape *have)
{
    est_shape wanted = v->shape;
    if (v->grows && have->rank == wanted.rank)
        wanted.dim[0] = have->dim[0];
    return est_shape_equal(have, &wanted);
}

static est_status check(const est__graph_variable *v, const est__bundle *from)
{
    const char *name = est__restore_name(v);
    const est__bundle_variable *have = est__bundle_find(from, name);
    est__bundle_variable v1;
    est__v1_slot slot;
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    if (have == NULL) {
        if (!est__v1_slot_find(from, name, &slot))
            return missing(v, from);
        v1 = (est__bundle_variable){ slot.name, slot.dtype, slot.shape, 0, NULL };
        have = &v1;
    }
    if (!is_of_shape(v, &have->shape))
        return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s' is %s, the model has %s: was model_dir written by another model?",
                         est__bundle_prefix(from), name, est__shape_string(a, &have->shape), est__shape_string(b, &v->shape));
    if (have->dtype != v->dtype)
        return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s' is %s, the model has %s", est__bundle_prefix(from), v->name,
                         est_dtype_name(have->dtype), est_dtype_name(v->dtype));
    return EST_OK;
}

/* The configuration wins over the checkpoint; that it does is said. */
static est_status compare_hyper(est__session *s, const est__graph_variable *v, const est__bundle *from)
{
    est_tensor *saved;
    est__variable *now = est__session_variable(s, v->name);
    char a[32], b[32];
    if (est__bundle_find(from, v->name) == NULL)
        return EST_OK;
    EST_TRY(check(v, from));
    EST_TRY(est__bundle_read(from, v->name, &saved));
    if (memcmp(saved->data, now->value->data, est__tensor_bytes(saved)) != 0) {
        est__format_float(a, (float)est__tensor_get(saved, 0));
        est__format_float(b, (float)est__tensor_get(now->value, 0));
        est__log(EST_LOG_WARNING, "%s is %s in %s; the configuration's %s is taken", v->name, a, est__bundle_prefix(from), b);
    }
    est_tensor_free(saved);
    return EST_OK;
}

static est_status read_value(const est__bundle *from, const char *name, est_tensor *into)
{
    est__v1_slot slot;
    if (est__bundle_find(from, name) || !est__v1_slot_find(from, name, &slot))
        return est__bundle_read_into(from, name, into);
    return est__v1_slot_read(from, &slot, into);
}

/* Room for a value of the shape that was saved. */
static est_status make_room(est__variable *v, const est__bundle *from)
{
    const est__bundle_variable *have = est__bundle_find(from, v->base.name);
    est_tensor *value;
    EST_TRY(est_tensor_new(have->dtype, &have->shape, &value));
    est_tensor_free(v->value);
    v->value = value;
    v->taken = false;
    return EST_OK;
}

est_status est__session_start(est__session *s, const est__bundle *from)
{
    const est_graph *g = s->graph;
    for (size_t i = 0; i < g->num_variables && from; i++)
        if (!g->variable[i].local && !g->variable[i].hyper)
            EST_TRY(check(&g->variable[i], from));
    EST_TRY(initialize(s, 0, not_restored, from, 0));
    s->variables = g->num_variables;
    s->initializers = g->num_initializers;
    for (size_t i = 0; i < g->num_variables && from; i++) {
        const est__graph_variable *v = &g->variable[i];
        if (v->hyper)
            EST_TRY(compare_hyper(s, v, from));
        if (not_restored(v, from))
            continue;
        est__variable *variable = est__session_variable(s, v->name);
        if (v->grows)
            EST_TRY(make_room(variable, from));
        EST_TRY(read_value(from, est__restore_name(v), variable->value));
        variable->initialized = true;
    }
    return EST_OK;
}

est_status est__session_run_op(est__session *s, est_node *op)
{
    est__plan *plan = NULL;
    est__run *run = NULL;
    if (op == NULL)
        return EST_OK;
    est_status st = est__plan_new(s->graph, &(est__plan_options){ .resources = s->resources, .targets = { &op, 1 }, .seed = s->seed }, &plan);
    if (st == EST_OK)
        st = est__run_new(plan, NULL, &run);
    if (st == EST_OK)
        st = est__run_step(run, NULL, 0);
    est__run_free(run);
    est__plan_free(plan);
    return st;
}

est_status est__session_reset_local(est__session *s)
{
    return initialize(s, 0, is_local, NULL, s->graph->num_initializers);
}

est_status est__session_share(est__session *s, const est_graph *g)
{
    est__session view = { .graph = g, .resources = s->resources, .seed = s->seed };
    for (size_t i = 0; i < g->num_variables; i++)
        if (!g->variable[i].local && est__session_variable(s, g->variable[i].name) == NULL)
            return est__fail(EST_NOT_FOUND, "there is no variable '%s' in the other graph", g->variable[i].name);
    EST_TRY(bind(&view, 0));
    return initialize(&view, 0, is_local, NULL, 0);
}

est_status est__session_extend(est__session *s)
{
    const est_graph *g = s->graph;
    if (s->variables == g->num_variables && s->initializers == g->num_initializers)
        return EST_OK;
    EST_TRY(check_memory(g));
    EST_TRY(bind(s, s->variables));
    EST_TRY(initialize(s, s->variables, not_restored, NULL, s->initializers));
    s->variables = g->num_variables;
    s->initializers = g->num_initializers;
    return EST_OK;
}
