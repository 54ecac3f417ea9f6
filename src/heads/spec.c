/* The spec: what a model_fn says of its graph. Failures (no memory) stick to the graph, as those of its
 * builders. */
#include "graph/graph.h"
#include "heads/spec.h"

est_status est__spec_new(est_graph *g, est_node *global_step, est_spec **out)
{
    *out = est__calloc(1, sizeof **out);
    if (!*out)
        return est__fail_memory(sizeof **out);
    (*out)->graph = g;
    (*out)->global_step = global_step;
    return EST_OK;
}

void est__spec_free(est_spec *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->num_hooks; i++)
        est_hook_free(s->hook[i].hook);
    est__free(s->hook);
    est__free(s->label);
    est__free(s->target);
    est__free(s->prediction);
    est__free(s->metric);
    est__free(s->summary);
    est__free(s->export_output);
    est__arena_free(&s->arena);
    est__free(s);
}

est_graph *est_spec_graph(const est_spec *s)
{
    return s->graph;
}

est_node *est_spec_global_step(const est_spec *s)
{
    return s->global_step;
}

const est_feature_nodes *est_spec_sparse_labels(const est_spec *s)
{
    return s->sparse_labels.name ? &s->sparse_labels : NULL;
}

void est_spec_loss(est_spec *s, est_node *loss)
{
    s->loss = loss;
}

void est_spec_loss_tolerance(est_spec *s, double tolerance)
{
    s->loss_tolerance = tolerance;
}

void est_spec_train_op(est_spec *s, est_node *op)
{
    s->train_op = op;
}

static const char *keep(est_spec *s, const char *name)
{
    const char *copy = est__arena_strdup(&s->arena, name);
    if (!copy)
        est__spoil(s->graph, est__fail_memory(strlen(name) + 1));
    return copy ? copy : "";
}

void est_spec_label(est_spec *s, est_feature_nodes label)
{
    est_status st = est__grow(&s->label, &s->cap_labels, s->num_labels + 1, sizeof *s->label);
    if (st != EST_OK) {
        est__spoil(s->graph, st);
        return;
    }
    label.name = keep(s, label.name);
    s->label[s->num_labels++] = label;
}

const est_feature_nodes *est_spec_find_label(const est_spec *s, const char *name)
{
    for (size_t i = 0; i < s->num_labels; i++)
        if (strcmp(s->label[i].name, name) == 0)
            return &s->label[i];
    return NULL;
}

static void add_named(est_spec *s, est__named_node **list, size_t *count, size_t *capacity, const char *name,
                      est_node *node)
{
    est_status st = est__grow(list, capacity, *count + 1, sizeof **list);
    if (st != EST_OK)
        est__spoil(s->graph, st);
    else
        (*list)[(*count)++] = (est__named_node){ .name = keep(s, name), .node = node };
}

void est_spec_prediction(est_spec *s, const char *key, est_node *value)
{
    add_named(s, &s->prediction, &s->num_predictions, &s->cap_predictions, key, value);
}

void est__spec_target(est_spec *s, const char *key, est_node *value)
{
    add_named(s, &s->target, &s->num_targets, &s->cap_targets, key, value);
}

void est__spec_summary(est_spec *s, est__summary summary)
{
    est_status st = est__grow(&s->summary, &s->cap_summaries, s->num_summaries + 1, sizeof *s->summary);
    if (st != EST_OK) {
        est__spoil(s->graph, st);
        return;
    }
    summary.tag = keep(s, summary.tag);
    s->summary[s->num_summaries++] = summary;
}

void est_spec_metric(est_spec *s, est_metric metric)
{
    est_status st = est__grow(&s->metric, &s->cap_metrics, s->num_metrics + 1, sizeof *s->metric);
    if (st != EST_OK) {
        est__spoil(s->graph, st);
        return;
    }
    metric.name = keep(s, metric.name);
    s->metric[s->num_metrics++] = metric;
}

void est_spec_export_output(est_spec *s, const char *key, const char *method, est_strings keys,
                            est_nodes outputs)
{
    if (keys.count != outputs.count) {
        est__graph_fail(s->graph, EST_INVALID_ARGUMENT, "export output '%s' has %zu keys for %zu outputs",
                        key, keys.count, outputs.count);
        return;
    }
    est_status st = est__grow(&s->export_output, &s->cap_export_outputs, s->num_export_outputs + 1,
                              sizeof *s->export_output);
    est__named_node *output = est__arena_alloc(&s->arena, (keys.count + 1) * sizeof *output);
    if (st == EST_OK && !output)
        st = est__fail_memory(keys.count * sizeof *output);
    if (st != EST_OK) {
        est__spoil(s->graph, st);
        return;
    }
    for (size_t i = 0; i < keys.count; i++)
        output[i] = (est__named_node){ .name = keep(s, keys.data[i]), .node = outputs.data[i] };
    s->export_output[s->num_export_outputs++] = (est__export_output){
        .key = keep(s, key), .method = keep(s, method), .output = output, .count = keys.count
    };
}

void est_spec_regularization_losses(est_spec *s, est_nodes losses)
{
    est_node **copy = est__arena_alloc(&s->arena, (losses.count + 1) * sizeof *copy);
    if (!copy) {
        est__spoil(s->graph, est__fail_memory(losses.count * sizeof *copy));
        return;
    }
    for (size_t i = 0; i < losses.count; i++) {
        copy[i] = losses.data[i];
        if (s->graph->status == EST_OK && (est__is_nil(copy[i]) || copy[i]->op->graph != s->graph || copy[i]->dtype != EST_FLOAT ||
                                           copy[i]->shape.rank != 0))
            est__graph_fail(s->graph, EST_INVALID_ARGUMENT, "est_spec_regularization_losses: loss %zu is no float32 scalar of the graph", i);
    }
    s->penalties = (est_nodes){ copy, losses.count };
}

void est_spec_init_fn(est_spec *s, est_status (*init_fn)(est_run_context *c, void *user), void *user)
{
    s->init_fn = init_fn;
    s->init_user = user;
}

void est_spec_local_init_op(est_spec *s, est_node *op)
{
    s->local_init_op = op;
}

/* Kept in the graph's memory, as its variables are. */
static void restore_as(est_spec *s, est__graph_variable *v, const char *format, const char *first, const char *second)
{
    v->restore_name = est__arena_printf(&s->graph->arena, format, first, second);
    if (!v->restore_name)
        est__spoil(s->graph, est__fail_memory(strlen(first)));
}

void est_spec_restore_name(est_spec *s, est_node *variable, const char *name)
{
    est__graph_variable *v = est__graph_variable_of(s->graph, variable);
    if (s->graph->status != EST_OK)
        return;
    if (v)
        restore_as(s, v, "%s%s", name, "");
    else
        est__graph_fail(s->graph, EST_INVALID_ARGUMENT, "est_spec_restore_name: '%s' is no variable of the graph",
                        est__is_nil(variable) ? "(none)" : est_node_name(variable));
}

void est_spec_restore_averages(est_spec *s, const char *name)
{
    for (size_t i = 0; i < s->graph->num_variables; i++)
        if (s->graph->variable[i].trainable)
            restore_as(s, &s->graph->variable[i], "%s/%s", s->graph->variable[i].name, name ? name : "ExponentialMovingAverage");
}
