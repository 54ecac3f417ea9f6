/* Graphs that are run once. */
#include "ops/once.h"

bool once_begin(once *o)
{
    *o = (once){ 0 };
    return EST_CHECK_OK(est_graph_new(&o->g)) && EST_CHECK_OK(est__resources_new(&o->resources));
}

static void drop_plan(once *o)
{
    est__run_free(o->run);
    est__plan_free(o->plan);
    o->run = NULL;
    o->plan = NULL;
}

void once_end(once *o)
{
    drop_plan(o);
    est__resources_free(o->resources);
    est_graph_free(o->g);
}

est_status once_run(once *o, est_nodes fetches, est_nodes targets)
{
    est__plan_options options = { .resources = o->resources, .fetches = fetches, .targets = targets };
    drop_plan(o);
    EST_TRY(est_graph_status(o->g));
    EST_TRY(est__plan_new(o->g, &options, &o->plan));
    EST_TRY(est__run_new(o->plan, NULL, &o->run));
    return est__run_step(o->run, NULL, 0);
}

est_status once_node(once *o, est_node *n)
{
    EST_TRY(est_graph_status(o->g));
    bool fetched = n->op->num_outputs > 0;
    return once_run(o, (est_nodes){ &n, fetched }, (est_nodes){ &n, !fetched });
}

const est_tensor *once_fetch(const once *o, size_t i)
{
    return est__run_fetch(o->run, i);
}

est_node *once_table(once *o, const char *name, int64_t rows, int64_t width)
{
    est_shape shape = EST_SHAPE(rows, width);
    est_node *handle = est_op(o->g, "VarHandleOp", name, (est_nodes){ 0 },
                              EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT), EST_SHAPE_ATTR("shape", &shape)));
    est__variable *v = (est__variable *)est__resources_find(o->resources, name);
    if (v == NULL &&
        EST_CHECK_OK(once_node(o, est_op(o->g, "VarIsInitializedOp", NULL, EST_NODES(handle), EST_NO_ATTRS))))
        v = (est__variable *)est__resources_find(o->resources, name);
    for (int64_t i = 0; v != NULL && i < rows * width; i++)
        ((float *)v->value->data)[i] = (float)i;
    if (EST_CHECK(v != NULL))
        v->initialized = true;
    return handle;
}

est_node *once_ints(once *o, est_ints values)
{
    return est_constant_ints(o->g, EST_INT64, values);
}

est_node *once_pairs(once *o, est_ints values)
{
    est_shape shape = EST_SHAPE((int64_t)values.count / 2, 2);
    est_tensor view = { .dtype = EST_INT64, .shape = shape, .data = (void *)(uintptr_t)values.data };
    return est_constant(o->g, &view);
}

est_node *once_floats(once *o, est_floats values, est_shape shape)
{
    est_tensor *t;
    if (!EST_CHECK_OK(est_tensor_new(EST_FLOAT, &shape, &t)))
        return NULL;
    for (size_t i = 0; i < values.count; i++)
        ((float *)t->data)[i] = (float)values.data[i];
    est_node *n = est_constant(o->g, t);
    est_tensor_free(t);
    return n;
}
