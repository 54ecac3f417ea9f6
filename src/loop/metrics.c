/* The metrics that are there: sums over batches, by the definitions of swift-models' TrainingLoop. */
#include <math.h>

#include "loop/loop.h"
#include "tensor/tensor.h"

static est_status needs(const char *metric, const est_tensor *output, const est_tensor *target)
{
    if (output == NULL || target == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "%s: there is no %s", metric, output ? "target: the data hold no label" : "output");
    if (output->dtype != EST_FLOAT)
        return est__fail(EST_INVALID_ARGUMENT, "%s: the output is %s; float32 is wanted", metric, est_dtype_name(output->dtype));
    return target->dtype == EST_STRING ? est__fail(EST_INVALID_ARGUMENT, "%s: the target is of strings; numbers are wanted", metric) : EST_OK;
}

/* ---- the loss ---- */

typedef struct losses {
    double sum;
    int64_t batches;
} losses;

static est_status add_loss(void *state, const est_tensor *output, const est_tensor *target, double loss, void *user)
{
    losses *s = state;
    (void)output, (void)target, (void)user;
    s->sum += loss;
    s->batches++;
    return EST_OK;
}

static double mean_loss(const void *state, void *user)
{
    const losses *s = state;
    (void)user;
    return s->batches ? s->sum / (double)s->batches : (double)NAN;
}

static double perplexity(const void *state, void *user)
{
    return ((const losses *)state)->batches ? exp(mean_loss(state, user)) : 0;
}

est_loop_metric est_loop_metric_loss(void)
{
    return (est_loop_metric){ .name = "loss", .state_size = sizeof(losses), .accumulate = add_loss, .compute = mean_loss };
}

est_loop_metric est_loop_metric_perplexity(void)
{
    return (est_loop_metric){ .name = "perplexity", .state_size = sizeof(losses), .accumulate = add_loss, .compute = perplexity };
}

/* ---- shares of rows in the top k ---- */

typedef struct hits {
    int64_t in_top, rows;
} hits;

/* TensorFlow's in_top_k: fewer than k scores are greater; not where a number is not finite, nor of a label that is no class. */
static bool is_in_top(const float *row, int64_t classes, int64_t label, int64_t k)
{
    int64_t greater = 0;
    if (label < 0 || label >= classes || !isfinite(row[label]))
        return false;
    for (int64_t i = 0; i < classes; i++) {
        if (!isfinite(row[i]))
            return false;
        greater += row[i] > row[label];
    }
    return greater < k;
}

static est_status add_hits(hits *s, const char *metric, const est_tensor *output, const est_tensor *target, int64_t k)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    EST_TRY(needs(metric, output, target));
    int64_t n = est__tensor_elements(output), rows = est__tensor_elements(target);
    int64_t classes = output->shape.rank > 0 ? output->shape.dim[output->shape.rank - 1] : 1;
    if (est__dtype_is_float(target->dtype))
        return est__fail(EST_INVALID_ARGUMENT, "%s: the target is %s; class ids are integers", metric, est_dtype_name(target->dtype));
    if (classes < 1 ? rows > 0 : n / classes != rows)
        return est__fail(EST_INVALID_ARGUMENT, "%s: outputs %s are not rows of classes for targets %s", metric,
                         est__shape_string(a, &output->shape), est__shape_string(b, &target->shape));
    for (int64_t r = 0; r < rows; r++)
        s->in_top += is_in_top((const float *)output->data + r * classes, classes, (int64_t)est__tensor_get(target, r), k);
    s->rows += rows;
    return EST_OK;
}

static est_status add_top_1(void *state, const est_tensor *output, const est_tensor *target, double loss, void *user)
{
    (void)loss, (void)user;
    return add_hits(state, "accuracy", output, target, 1);
}

static est_status add_top_5(void *state, const est_tensor *output, const est_tensor *target, double loss, void *user)
{
    (void)loss, (void)user;
    return add_hits(state, "top5Accuracy", output, target, 5);
}

static double share(const void *state, void *user)
{
    const hits *s = state;
    (void)user;
    return s->rows ? (double)s->in_top / (double)s->rows : (double)NAN;
}

est_loop_metric est_loop_metric_accuracy(void)
{
    return (est_loop_metric){ .name = "accuracy", .state_size = sizeof(hits), .accumulate = add_top_1, .compute = share };
}

est_loop_metric est_loop_metric_top5_accuracy(void)
{
    return (est_loop_metric){ .name = "top5Accuracy", .state_size = sizeof(hits), .accumulate = add_top_5, .compute = share };
}

/* ---- Matthews' correlation ---- */

typedef struct table {
    int64_t count[2][2];          /* by truth, by prediction */
} table;

static est_status add_table(void *state, const est_tensor *output, const est_tensor *target, double loss, void *user)
{
    table *s = state;
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    (void)loss, (void)user;
    EST_TRY(needs("mcc", output, target));
    int64_t n = est__tensor_elements(target);
    if (est__tensor_elements(output) != n)
        return est__fail(EST_INVALID_ARGUMENT, "mcc: outputs are %s, targets %s; one logit for each is wanted",
                         est__shape_string(a, &output->shape), est__shape_string(b, &target->shape));
    for (int64_t i = 0; i < n; i++) {
        float sigmoid = 1 / (1 + expf(-((const float *)output->data)[i]));
        s->count[est__tensor_get(target, i) == 1][sigmoid >= 0.5f]++;
    }
    return EST_OK;
}

static double matthews(const void *state, void *user)
{
    const table *s = state;
    double tn = (double)s->count[0][0], fp = (double)s->count[0][1], fn = (double)s->count[1][0], tp = (double)s->count[1][1];
    double root = sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
    (void)user;
    return root > 0 ? (tp * tn - fp * fn) / root : 0;
}

est_loop_metric est_loop_metric_matthews_correlation_coefficient(void)
{
    return (est_loop_metric){ .name = "mcc", .state_size = sizeof(table), .accumulate = add_table, .compute = matthews };
}
