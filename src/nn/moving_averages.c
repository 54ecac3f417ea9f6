/* Exponential moving averages of variables and tensors, as tf.train.ExponentialMovingAverage keeps them. */
#include <estimator/ops.h>

#include "base/fields.h"
#include "nn/optimizers/optimizer.h"

static const est_field fields[] = {
    EST_FIELD(est_moving_average_options, FLOAT, decay, .max = 1, .needed = true),
    EST_FIELD(est_moving_average_options, BOOL, zero_debias, .doc = "averages of tensors"),
    EST_FIELD(est_moving_average_options, STRING, name, .def_text = "ExponentialMovingAverage"),
    { 0 },
};

static const char *name_of(est_graph *g, const est_node *of, const char *name, const char *more)
{
    const char *text = est__arena_printf(&g->arena, "%s/%s%s", est_node_name(of), name, more);
    if (text == NULL)
        est__spoil(g, est__fail_memory(strlen(name)));
    return text;
}

est_node *est_moving_average(const est_graph *g, est_node *of, const char *name)
{
    est__buffer text = { 0 };
    if (est__is_nil(of))
        return NULL;
    est__buffer_printf(&text, "%s/%s", est_node_name(of), name ? name : fields[2].def_text);
    est_node *average = text.status == EST_OK ? est_graph_variable(g, text.data) : NULL;
    est__buffer_free(&text);
    return average;
}

typedef struct averaging {
    est_graph *g;
    est_moving_average_options o;
    est_node *decay;                       /* float32 [] */
} averaging;

/* Of a variable, as it is after `o.after`. */
static est_node *read_after(const averaging *a, est_node *variable)
{
    est_node *value = est_read(a->g, variable);
    if (a->o.after)
        est_node_after(value, a->o.after);
    return value;
}

static est_node *decay_of(averaging *a)
{
    est_graph *g = a->g;
    est_node *decay = est_constant_float(g, a->o.decay), *n = a->o.num_updates;
    if (n == NULL)
        return decay;
    n = est_cast(g, est_node_dtype(n) == EST_RESOURCE ? read_after(a, n) : n, EST_FLOAT);
    est_node *one = est_constant_float(g, 1), *ten = est_constant_float(g, 10);
    return est_minimum(g, decay, est_div(g, est_add(g, one, n), est_add(g, ten, n)));
}

static est_node *new_variable(est_graph *g, const char *name, est_shape shape, est_node *initial_value)
{
    if (name == NULL)
        return &g->nil;
    return est_variable(g, name, &(est_variable_options){ .shape = shape, .initial_value = initial_value, .not_trainable = true });
}

/* average - (average - value) * (1 - decay) */
static est_node *moved(const averaging *a, est_node *average, est_node *value)
{
    est_graph *g = a->g;
    est_node *one = est_constant_float(g, 1), *had = est_read(g, average);
    return est_mul(g, est_sub(g, had, value), est_sub(g, one, a->decay));
}

/* The average of a tensor starts with 0; the biased one is divided by 1 - decay^updates. */
static est_node *debiased(const averaging *a, est_node *average, est_node *of)
{
    est_graph *g = a->g;
    est_node *one = est_constant_float(g, 1);
    est_node *biased = new_variable(g, name_of(g, of, a->o.name, "/biased"), *est_node_shape(of), NULL);
    est_node *steps = new_variable(g, name_of(g, of, a->o.name, "/local_step"), EST_SCALAR, NULL);
    est_node *sum = est_sub(g, est_read(g, biased), moved(a, biased, of)), *count = est_add(g, est_read(g, steps), one);
    est_node *kept = est_sub(g, one, est_sub(g, one, a->decay));   /* as TensorFlow takes it back out of 1 - decay */
    est_node *factor = est_sub(g, one, est_pow(g, kept, count));
    est_node *all = est__assign(g, average, est_div(g, sum, factor));
    est_node_after(all, est__assign(g, biased, sum));
    est_node_after(all, est__assign(g, steps, count));
    return all;
}

static est_node *update(const averaging *a, est_node *of)
{
    est_graph *g = a->g;
    if (est__is_nil(of) || of->op->graph != g)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_moving_averages: what is averaged is no node of the graph");
    const est__graph_variable *v = est__graph_variable_of(g, of);
    est_shape shape = v ? v->shape : *est_node_shape(of);
    est_dtype dtype = v ? v->dtype : est_node_dtype(of);
    if (dtype != EST_FLOAT || !est__shape_known(&shape))
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_moving_averages: '%s' must be float32, of a known shape", est_node_name(of));
    est_node *average = new_variable(g, name_of(g, of, a->o.name, ""), shape, v ? v->initial_value : NULL);
    if (g->status != EST_OK)
        return &g->nil;
    if (!v && a->o.zero_debias)
        return debiased(a, average, of);
    return est__assign_sub(g, average, moved(a, average, v ? read_after(a, of) : of));
}

est_node *est_moving_averages_sized(est_graph *g, est_nodes of, const est_moving_average_options *options, size_t size)
{
    averaging a = { .g = g };
    if (g->status != EST_OK)
        return &g->nil;
    est_status st = est__fields_apply(fields, "est_moving_averages", options, size, &a.o, sizeof a.o);
    if (st != EST_OK)
        return est__spoil(g, st);
    if (of.count == 0)
        of = est_graph_trainable_variables(g);
    est_graph_begin_name_scope(g, a.o.name);
    a.decay = decay_of(&a);
    est_node *all = est_op(g, "NoOp", "updates", (est_nodes){ 0 }, EST_NO_ATTRS);
    if (a.o.after)
        est_node_after(all, a.o.after);
    for (size_t i = 0; i < of.count && g->status == EST_OK; i++)
        est_node_after(all, update(&a, of.data[i]));
    est_graph_end_scope(g);
    return g->status == EST_OK ? all : &g->nil;
}
