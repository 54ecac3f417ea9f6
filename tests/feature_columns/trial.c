/* See trial.h. */
#include "trial.h"

#include "runtime/runtime.h"

est_status trial_open(trial *s)
{
    *s = (trial){ 0 };
    EST_TRY(est_graph_new(&s->g));
    return est__resources_new(&s->resources);
}

void trial_close(trial *s)
{
    est__resources_free(s->resources);
    est_graph_free(s->g);
}

est_status trial_step(trial *s, est_nodes feeds, const est_tensor *const *values, est_nodes fetches,
                      est_nodes targets, est_tensor **out)
{
    est__plan *plan = NULL;
    est__run *run = NULL;
    for (size_t i = 0; i < fetches.count; i++)
        out[i] = NULL;
    est_status st = est_graph_status(s->g);
    if (st == EST_OK)
        st = est__plan_new(
            s->g,
            &(est__plan_options){
                .resources = s->resources, .feeds = feeds, .fetches = fetches, .targets = targets },
            &plan);
    if (st == EST_OK)
        st = est__run_new(plan, NULL, &run);
    if (st == EST_OK)
        st = est__run_step(run, values, 0);
    for (size_t i = 0; st == EST_OK && i < fetches.count; i++)
        st = est_tensor_copy(est__run_fetch(run, i), &out[i]);
    est__run_free(run);
    est__plan_free(plan);
    return st;
}

est_status trial_start(trial *s)
{
    est_graph *g = s->g;
    for (size_t i = 0; i < g->num_variables; i++) {
        est_node *assign =
            est_op(g, "AssignVariableOp", NULL,
                   EST_NODES(g->variable[i].handle, g->variable[i].initial_value), EST_NO_ATTRS);
        EST_TRY(trial_step(s, (est_nodes){ 0 }, NULL, (est_nodes){ 0 }, EST_NODES(assign), NULL));
    }
    for (size_t i = 0; i < g->num_initializers; i++)
        EST_TRY(trial_step(s, (est_nodes){ 0 }, NULL, (est_nodes){ 0 },
                           EST_NODES(est__operation_node(g->initializer[i])), NULL));
    return est_graph_status(g);
}

est_tensor trial_floats(const float *data, est_shape shape)
{
    return (est_tensor){ .dtype = EST_FLOAT, .shape = shape, .data = (void *)(uintptr_t)data };
}

est_tensor trial_ints(const int64_t *data, est_shape shape)
{
    return (est_tensor){ .dtype = EST_INT64, .shape = shape, .data = (void *)(uintptr_t)data };
}

est_tensor *trial_strings(const char *const *data, est_shape shape)
{
    est_tensor *t;
    return est_tensor_new_strings(&shape, data, NULL, &t) == EST_OK ? t : NULL;
}
