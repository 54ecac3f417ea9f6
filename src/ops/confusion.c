/* EstConfusionAtThresholds: what keras' threshold metrics (AUC, precision, recall at thresholds) count, in
 * one walk over the predictions: each falls between two thresholds, and the counts at a threshold are sums
 * over all places above it. */
#include "ops/ops.h"

typedef struct thresholds {
    int64_t n;
    float *value;   /* ascending */
} thresholds;

static est_status prepare(const est_operation *op, void *state)
{
    thresholds *t = state;
    const est_attr *a = est__attr(op, "thresholds");
    t->n = (int64_t)a->list.count;
    t->value = est__calloc(a->list.count, sizeof *t->value);
    if (t->value == NULL)
        return est__fail_memory(a->list.count * sizeof *t->value);
    for (int64_t i = 0; i < t->n; i++) {
        t->value[i] = (float)a->list.f[i];
        if (i > 0 && !(t->value[i - 1] <= t->value[i]))
            return EST_PREPARE_FAIL(op, "threshold %g comes after %g: they must ascend", (double)t->value[i],
                             (double)t->value[i - 1]);
    }
    return EST_OK;
}

static void release(void *state)
{
    est__free(((thresholds *)state)->value);
}

static est_status infer(est_infer *c)
{
    est_shape all = *est__infer_in(c, 0);
    EST_TRY(est__shape_merge(c, &all, est__infer_in(c, 1), &all));
    EST_TRY(est__shape_merge(c, &all, est__infer_in(c, 2), &all));
    c->out[0] = est_shape_of(2, (int64_t[]){ 4, (int64_t)est__attr(c->op, "thresholds")->list.count });
    return EST_OK;
}

/* How many thresholds are below p; 0 for a NaN. */
static int64_t below(const thresholds *t, float p)
{
    int64_t low = 0, high = t->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (t->value[middle] < p)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static est_status confusion_cpu(est_kernel *k)
{
    const thresholds *t = k->state;
    const est_tensor *labels = est__in(k, 0), *predictions = est__in(k, 1), *weights = est__in(k, 2);
    est_tensor *out;
    int64_t n = est__tensor_elements(labels);
    if (est__tensor_elements(predictions) != n || est__tensor_elements(weights) != n)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld labels, %lld predictions and %lld weights",
                                (long long)n, (long long)est__tensor_elements(predictions),
                                (long long)est__tensor_elements(weights));
    size_t places = (size_t)t->n + 1;
    double *bin[2] = { est__scratch(k, places * sizeof(double)), est__scratch(k, places * sizeof(double)) };
    if (bin[0] == NULL || bin[1] == NULL)
        return EST_RESOURCE_EXHAUSTED;
    memset(bin[0], 0, places * sizeof(double));
    memset(bin[1], 0, places * sizeof(double));
    for (int64_t i = 0; i < n; i++)
        bin[((const float *)labels->data)[i] != 0][below(t, ((const float *)predictions->data)[i])] +=
            ((const float *)weights->data)[i];
    EST_TRY(est__out(k, 0, &(est_shape){ .rank = 2, .dim = { 4, t->n } }, &out));
    double total[2] = { 0 }, above[2] = { 0 };
    for (size_t i = 0; i < places; i++) {
        total[0] += bin[0][i];
        total[1] += bin[1][i];
    }
    float *counts = out->data;
    for (int64_t i = t->n - 1; i >= 0; i--) {
        above[0] += bin[0][i + 1];
        above[1] += bin[1][i + 1];
        counts[i] = (float)above[1];
        counts[t->n + i] = (float)above[0];
        counts[2 * t->n + i] = (float)(total[0] - above[0]);
        counts[3 * t->n + i] = (float)(total[1] - above[1]);
    }
    return EST_OK;
}

/* Sums of the weights where both hold, for each threshold. */
static est_node *weigh(est_graph *g, est_node *a, est_node *b, est_node *weights)
{
    est_node *both = est_op(g, "Cast", NULL, EST_NODES(EST_OP2(g, "LogicalAnd", a, b)),
                            EST_ATTRS(EST_TYPE_ATTR("DstT", EST_FLOAT)));
    return EST_OP2(g, "Sum", EST_OP2(g, "Mul", both, weights), est_constant_int(g, EST_INT32, 1));
}

static void confusion_body(est_body *b)
{
    est_graph *g = b->g;
    const est_attr *a = est__attr(b->op, "thresholds");
    est_shape column = est_shape_of(2, (int64_t[]){ (int64_t)a->list.count, 1 });
    est_tensor *values;
    est_status st = est_tensor_new(EST_FLOAT, &column, &values);
    if (st != EST_OK) {
        b->y[0] = est__spoil(g, st);
        return;
    }
    for (size_t i = 0; i < a->list.count; i++)
        ((float *)values->data)[i] = (float)a->list.f[i];
    est_node *row = est_constant_ints(g, EST_INT32, EST_INTS(1, -1)), *zero = est_constant_float(g, 0);
    est_node *labels = EST_OP2(g, "NotEqual", EST_OP2(g, "Reshape", b->x[0], row), zero);
    est_node *above = EST_OP2(g, "Greater", EST_OP2(g, "Reshape", b->x[1], row), est_constant(g, values));
    est_node *weights = EST_OP2(g, "Reshape", b->x[2], row);
    est_node *others = EST_OP1(g, "LogicalNot", labels), *not_above = EST_OP1(g, "LogicalNot", above);
    est_tensor_free(values);
    b->y[0] = est_op(g, "Pack", NULL,
                     EST_NODES(weigh(g, labels, above, weights), weigh(g, others, above, weights),
                               weigh(g, others, not_above, weights), weigh(g, labels, not_above, weights)),
                     EST_NO_ATTRS);
}

EST_OPS(confusion,
        { .tf_name = "EstConfusionAtThresholds",
          .signature = "labels: float, predictions: float, weights: float -> counts: float; "
                       "thresholds: list(float)",
          .infer = infer, .cpu = confusion_cpu, .grad = est__grad_none, .body = confusion_body,
          .state_size = sizeof(thresholds), .prepare = prepare, .release = release });

est_node *est_confusion_at_thresholds(est_graph *g, est_node *labels, est_node *predictions,
                                      est_node *weights, est_floats at)
{
    est_attr list = { .name = "thresholds",
                      .kind = EST_ATTR_FLOATS,
                      .list = { .count = at.count, .f = at.data } };
    return est_op(g, "EstConfusionAtThresholds", NULL, EST_NODES(labels, predictions, weights),
                  EST_ATTRS(list));
}
