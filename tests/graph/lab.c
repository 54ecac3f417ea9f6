/* Graphs at work. */
#include "graph/lab.h"

#include "proto/pack.h"

bool lab_begin(lab *l)
{
    *l = (lab){ 0 };
    return EST_CHECK_OK(est_graph_new(&l->g)) && EST_CHECK_OK(est__resources_new(&l->resources));
}

void lab_end(lab *l)
{
    while (l->num_owned > 0)
        est_tensor_free(l->owned[--l->num_owned]);
    est__resources_free(l->resources);
    est_graph_free(l->g);
}

est_tensor *lab_keep(lab *l, est_tensor *t)
{
    if (l->num_owned == LAB_TENSORS) {   /* the oldest are no longer looked at */
        est_tensor_free(l->owned[0]);
        memmove(l->owned, l->owned + 1, --l->num_owned * sizeof l->owned[0]);
    }
    return l->owned[l->num_owned++] = t;
}

est_tensor *lab_floats(lab *l, est_shape shape, const float *values)
{
    est_tensor *t;
    if (!EST_CHECK_OK(est_tensor_new(EST_FLOAT, &shape, &t)))
        return NULL;
    if (values)
        memcpy(t->data, values, est__tensor_bytes(t));
    return lab_keep(l, t);
}

est_tensor *lab_ints(lab *l, est_dtype dtype, est_shape shape, const int64_t *values)
{
    est_tensor *t;
    if (!EST_CHECK_OK(est_tensor_new(dtype, &shape, &t)))
        return NULL;
    for (int64_t i = 0, n = est__tensor_elements(t); i < n; i++)
        est__tensor_set(t, i, (double)values[i]);
    return lab_keep(l, t);
}

est_tensor *lab_strings(lab *l, est_shape shape, const char *const *values)
{
    est_tensor *t;
    return EST_CHECK_OK(est_tensor_new_strings(&shape, values, NULL, &t)) ? lab_keep(l, t) : NULL;
}

est_tensor *lab_random(lab *l, est_shape shape, est__random *random)
{
    est_tensor *t = lab_floats(l, shape, NULL);
    for (int64_t i = 0, n = est__tensor_elements(t); i < n; i++)
        ((float *)t->data)[i] = (float)est__random_below(random, 4000001) / 1e6f - 2;
    return t;
}

est_node *lab_feed(lab *l, const char *name, est_shape shape, const est_tensor *value)
{
    l->value[l->num_feeds] = value;
    return l->feed[l->num_feeds++] = est_placeholder(l->g, name, value ? value->dtype : EST_FLOAT, shape);
}

est_node *lab_const(lab *l, est_shape shape, const float *values)
{
    return est_constant(l->g, lab_floats(l, shape, values));
}

est_node *lab_variable(lab *l, const char *name, est_shape shape, const float *values)
{
    return est_variable(
        l->g, name, &(est_variable_options){ .shape = shape, .initial_value = lab_const(l, shape, values) });
}

bool lab_initialize(lab *l)
{
    est_node *all = est_op(l->g, "NoOp", "initialize", (est_nodes){ 0 }, EST_NO_ATTRS);
    for (size_t i = 0; i < l->g->num_variables; i++)
        est_node_after(all, est_op(l->g, "AssignVariableOp", NULL,
                                   EST_NODES(l->g->variable[i].handle, l->g->variable[i].initial_value),
                                   EST_NO_ATTRS));
    return lab_run(l, (est_nodes){ 0 }, EST_NODES(all), false, NULL);
}

const char *lab_variable_text(lab *l, const char *name)
{
    const est__resource *r = est__resources_find(l->resources, name);
    return r && r->kind == &est__variable_kind ? lab_text(((const est__variable *)r)->value) : NULL;
}

bool lab_run(lab *l, est_nodes fetches, est_nodes targets, bool unfused, est_tensor **out)
{
    est__plan *plan = NULL;
    est__run *run = NULL;
    est__plan_options options = { .resources = l->resources,
                                  .feeds = { l->feed, l->num_feeds },
                                  .fetches = fetches,
                                  .targets = targets,
                                  .seed = 1,
                                  .unfused = unfused };
    bool done = EST_CHECK_OK(est__plan_new(l->g, &options, &plan)) &&
                EST_CHECK_OK(est__run_new(plan, NULL, &run)) && EST_CHECK_OK(est__run_step(run, l->value, 0));
    for (size_t i = 0; i < fetches.count && done; i++)
        if ((done = EST_CHECK_OK(est_tensor_copy(est__run_fetch(run, i), &out[i]))))
            lab_keep(l, out[i]);
    est__run_free(run);
    est__plan_free(plan);
    return done;
}

const char *lab_value(lab *l, est_node *n)
{
    est_tensor *t;
    return lab_run(l, EST_NODES(n), (est_nodes){ 0 }, false, &t) ? lab_text(t) : NULL;
}

const char *lab_text(const est_tensor *t)
{
    est__buffer b = { 0 };
    est__buffer_text(&b, est_dtype_name(t->dtype));
    est__shape_text(&b, &t->shape);
    for (int64_t i = 0, n = est__tensor_elements(t); i < n; i++)
        if (t->dtype == EST_STRING) {
            size_t length;
            const char *s = est_tensor_string(t, i, &length);
            est__buffer_printf(&b, " '%.*s'", (int)length, s);
        } else {
            est__buffer_printf(&b, " %.6g", est__tensor_get(t, i));
        }
    const char *text = est_test_text("%s", b.data);
    est__buffer_free(&b);
    return text;
}

bool lab_same(const est_tensor *a, const est_tensor *b, const char *what)
{
    char x[EST__SHAPE_TEXT_SIZE], y[EST__SHAPE_TEXT_SIZE];
    if (!est_test_str(est__shape_string(x, &a->shape), est__shape_string(y, &b->shape), EST_HERE(what)) ||
        !est_test_bytes(a->data, est__tensor_bytes(a), b->data, est__tensor_bytes(b), EST_HERE(what)))
        return false;
    size_t n = a->dtype == EST_STRING ? (size_t)((const int64_t *)a->data)[est__tensor_elements(a)] : 0;
    return n == 0 || est_test_bytes(a->bytes, n, b->bytes, n, EST_HERE(what));
}

/* ---- out and in ---- */

Tensorflow__GraphDef *lab_written(const est_graph *g)
{
    est__arena arena = { 0 };
    est__buffer wire = { 0 };
    Tensorflow__GraphDef *def, *back = NULL;
    if (EST_CHECK_OK(est__graph_export(g, &arena, &def)) && EST_CHECK_OK(est__proto_pack(def, &wire)))
        EST_CHECK_OK(est__proto_unpack(&tensorflow__graph_def__descriptor, wire.data, wire.size, "graph", &back));
    est__buffer_free(&wire);
    est__arena_free(&arena);
    return back;
}

void lab_gives(lab *l, est_node *n, const char *wanted)
{
    lab again;
    if (!EST_CHECK_OK(est_graph_status(l->g)) || !EST_CHECK_STR(lab_value(l, n), wanted) || !EST_CHECK(lab_begin(&again)))
        return;
    Tensorflow__GraphDef *def = lab_written(l->g);
    const char *name = est_test_text("%s:%d", n->op->name, n->index);
    if (def && EST_CHECK_OK(est__graph_import(again.g, def, EST_STRINGS(name)))) {
        est__resources *own = again.resources;
        again.resources = l->resources;
        for (size_t i = 0; i < l->num_feeds; i++) {
            est_node *feed = est_graph_node(again.g, est_node_name(l->feed[i]));
            again.value[again.num_feeds] = l->value[i];
            if (feed)
                again.feed[again.num_feeds++] = feed;
        }
        EST_CHECK_STR(lab_value(&again, est_graph_node(again.g, name)), wanted);
        again.resources = own;
    }
    est__proto_free(def);
    lab_end(&again);
}
