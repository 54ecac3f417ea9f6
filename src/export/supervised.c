/* The export output of training and evaluation: what TensorFlow's TrainOutput and EvalOutput hold. */
#include "export/export.h"

#include "graph/graph.h"

typedef struct outputs {
    est_spec *s;
    const char **key;
    est_node **node;
    size_t count;
} outputs;

static void add(outputs *o, est_node *node, const char *first, const char *second, const char *third)
{
    char *key = est__arena_printf(&o->s->arena, "%s%s%s", first, second, third);
    if (key == NULL)
        est__spoil(o->s->graph, est__fail_memory(64));
    o->key[o->count] = key ? key : "";
    o->node[o->count++] = node;
}

/* An operation without a value becomes an empty tensor that comes after it. */
static est_node *wrapped(est_graph *g, est_node *update)
{
    est_tensor none = { .dtype = EST_FLOAT, .shape = EST_SHAPE(0), .data = (float[]){ 0 } };
    if (update->op->num_outputs > 0)
        return update;
    est_node *wrapper = est_op(g, "Const", "metric_op_wrapper", (est_nodes){ 0 },
                               EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT), EST_TENSOR_ATTR("value", &none)));
    est_node_after(wrapper, update);
    return wrapper;
}

est_status est__export_supervised(est_spec *s, est_mode mode)
{
    size_t most = 1 + s->num_predictions + 2 * s->num_metrics;
    outputs o = { .s = s, .key = est__arena_alloc(&s->arena, most * sizeof *o.key), .node = est__arena_alloc(&s->arena, most * sizeof *o.node) };
    if (o.key == NULL || o.node == NULL)
        return est__fail_memory(most * sizeof *o.key);
    add(&o, s->loss, "loss", "", "");
    for (size_t i = 0; i < s->num_predictions; i++)
        add(&o, s->prediction[i].node, "predictions/", s->prediction[i].name, "");
    for (size_t i = 0; i < s->num_metrics && mode == EST_EVAL; i++) {
        add(&o, s->metric[i].value, "metrics/", s->metric[i].name, "/value");
        add(&o, wrapped(s->graph, s->metric[i].update), "metrics/", s->metric[i].name, "/update_op");
    }
    EST_TRY(est_graph_status(s->graph));
    s->num_export_outputs = 0;
    est_spec_export_output(s, mode == EST_TRAIN ? "train" : "eval", mode == EST_TRAIN ? "supervised/training" : "supervised/eval",
                           (est_strings){ o.key, o.count }, (est_nodes){ o.node, o.count });
    return est_graph_status(s->graph);
}
