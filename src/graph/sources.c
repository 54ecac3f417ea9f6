/* Where graphs begin: placeholders, constants, variables. */
#include "graph/graph.h"

est_node *est_placeholder(est_graph *g, const char *name, est_dtype dtype, est_shape shape)
{
    return est_op(g, "Placeholder", name, (est_nodes){ 0 },
                  EST_ATTRS(EST_TYPE_ATTR("dtype", dtype), EST_SHAPE_ATTR("shape", &shape)));
}

est_node *est_constant(est_graph *g, const est_tensor *value)
{
    return est_op(g, "Const", NULL, (est_nodes){ 0 },
                  EST_ATTRS(EST_TENSOR_ATTR("value", value), EST_TYPE_ATTR("dtype", value->dtype)));
}

est_node *est_constant_float(est_graph *g, double value)
{
    float f = (float)value;
    est_tensor t = { .dtype = EST_FLOAT, .data = &f };
    return est_constant(g, &t);
}

static est_node *no_number(est_graph *g, est_dtype dtype)
{
    return est__graph_fail(g, EST_INVALID_ARGUMENT, "a constant of numbers cannot be %s",
                           est_dtype_name(dtype));
}

static bool is_number(est_dtype dtype)
{
    return est__dtype_is_float(dtype) || est__dtype_is_integer(dtype) || dtype == EST_BOOL;
}

est_node *est_constant_int(est_graph *g, est_dtype dtype, int64_t value)
{
    int64_t room = 0;
    est_tensor t = { .dtype = dtype, .data = &room };
    if (!is_number(dtype))
        return no_number(g, dtype);
    est__tensor_set(&t, 0, (double)value);
    if (dtype == EST_INT64)
        room = value;
    return est_constant(g, &t);
}

est_node *est_constant_ints(est_graph *g, est_dtype dtype, est_ints values)
{
    est_shape shape = est_shape_of(1, (int64_t[]){ (int64_t)values.count });
    est_tensor *t;
    if (!is_number(dtype))
        return no_number(g, dtype);
    est_status st = est_tensor_new(dtype, &shape, &t);
    if (st != EST_OK)
        return est__spoil(g, st);
    for (size_t i = 0; i < values.count; i++) {
        if (dtype == EST_INT64)
            ((int64_t *)t->data)[i] = values.data[i];
        else
            est__tensor_set(t, (int64_t)i, (double)values.data[i]);
    }
    est_node *n = est_constant(g, t);
    est_tensor_free(t);
    return n;
}

est_node *est__shape_constant(est_graph *g, const est_shape *shape)
{
    return shape->rank < 0 ? est_constant_int(g, EST_INT32, -1)
                           : est_constant_ints(g, EST_INT32, (est_ints){ shape->dim, (size_t)shape->rank });
}

static est_node *string_constant(est_graph *g, est_shape shape, const char *const *strings)
{
    est_tensor *t;
    est_status st = est_tensor_new_strings(&shape, strings, NULL, &t);
    if (st != EST_OK)
        return est__spoil(g, st);
    est_node *n = est_constant(g, t);
    est_tensor_free(t);
    return n;
}

est_node *est_constant_string(est_graph *g, const char *value)
{
    return string_constant(g, est_shape_of(0, NULL), &value);
}

est_node *est_constant_strings(est_graph *g, est_strings values)
{
    return string_constant(g, est_shape_of(1, (int64_t[]){ (int64_t)values.count }), values.data);
}

/* Zeros of any size in a few bytes: TensorFlow folds the Fill as well. */
static est_node *zeros(est_graph *g, est_dtype dtype, const est_shape *shape)
{
    est_node *dims = est_constant_ints(g, EST_INT32, (est_ints){ shape->dim, (size_t)shape->rank });
    return est_op(g, "Fill", NULL, EST_NODES(dims, est_constant_int(g, dtype, 0)), EST_NO_ATTRS);
}

est_status est__graph_add_variable(est_graph *g, const est__graph_variable *v)
{
    EST_TRY(est__grow(&g->variable, &g->cap_variables, g->num_variables + 1, sizeof *g->variable));
    g->variable[g->num_variables++] = *v;
    return EST_OK;
}

est_node *est_variable(est_graph *g, const char *name, const est_variable_options *o)
{
    est_dtype dtype = o->dtype ? o->dtype : EST_FLOAT;
    if (g->status != EST_OK)
        return &g->nil;
    if (g->outer)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "variable '%s' is made in a branch or a loop; make it outside", name);
    if (!est__shape_known(&o->shape))
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "variable '%s': its shape is not known", name);
    est_node *initial = o->initial_value ? o->initial_value : zeros(g, dtype, &o->shape);
    if (est__is_nil(initial))
        return &g->nil;
    if (initial->op->graph != g)
        return est__graph_fail(g, EST_INVALID_ARGUMENT,
                               "variable '%s': its initial value '%s' is of another graph", name,
                               initial->op->name);
    if (initial->dtype != dtype || !est__shape_compatible(&initial->shape, &o->shape)) {
        char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "variable '%s' is %s %s, its initial value %s %s",
                               name, est_dtype_name(dtype), est__shape_string(a, &o->shape),
                               est_dtype_name(initial->dtype), est__shape_string(b, &initial->shape));
    }
    est_operation *op = est__graph_add(g, "VarHandleOp", name, (est_nodes){ 0 },
                                       EST_ATTRS(EST_STRING_ATTR("shared_name", name),
                                                 EST_TYPE_ATTR("dtype", dtype),
                                                 EST_SHAPE_ATTR("shape", &o->shape)));
    if (op == NULL)
        return &g->nil;
    est__graph_variable v = { .name = op->name, .handle = &op->output[0], .initial_value = initial, .dtype = dtype,
                              .shape = o->shape, .trainable = !o->not_trainable && !o->local && !o->hyper,
                              .local = o->local, .hyper = o->hyper };
    est_status st = est__graph_add_variable(g, &v);
    return st == EST_OK ? &op->output[0] : est__spoil(g, st);
}

est_node *est_read(est_graph *g, est_node *variable)
{
    if (est__is_nil(variable))
        return &g->nil;
    const est_operation *made_by = variable->dtype == EST_RESOURCE ? est__handle_made_by(variable) : NULL;
    const est_attr *dtype = made_by ? est__attr(made_by, "dtype") : NULL;
    if (dtype == NULL)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "'%s' is no variable", variable->op->name);
    return est_op(g, "ReadVariableOp", NULL, EST_NODES(variable),
                  EST_ATTRS(EST_TYPE_ATTR("dtype", dtype->type)));
}

est__graph_variable *est__graph_find_variable(const est_graph *g, const char *name)
{
    for (size_t i = 0; i < g->num_variables; i++)
        if (strcmp(g->variable[i].name, name) == 0)
            return &g->variable[i];
    return NULL;
}

est__graph_variable *est__graph_variable_of(const est_graph *g, const est_node *handle)
{
    for (size_t i = 0; i < g->num_variables; i++)
        if (g->variable[i].handle == handle)
            return &g->variable[i];
    return NULL;
}

est_node *est_graph_variable(const est_graph *g, const char *name)
{
    const est__graph_variable *v = est__graph_find_variable(g, name);
    return v ? v->handle : NULL;
}

est_nodes est_graph_trainable_variables(est_graph *g)
{
    size_t n = 0;
    est_node **handle = est__arena_alloc(&g->arena, (g->num_variables + 1) * sizeof *handle);
    if (!handle) {
        est__spoil(g, est__fail_memory(g->num_variables * sizeof *handle));
        return (est_nodes){ 0 };
    }
    for (size_t i = 0; i < g->num_variables; i++)
        if (g->variable[i].trainable)
            handle[n++] = g->variable[i].handle;
    return (est_nodes){ handle, n };
}
