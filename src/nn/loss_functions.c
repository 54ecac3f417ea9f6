/* The functions of tf.losses by name: a loss of each element, which weights and a reduction turn into a number. */
#include <math.h>

#include <estimator/nn.h>
#include <estimator/ops.h>

#include "base/fields.h"
#include "graph/graph.h"
#include "nn/weights.h"

/* What every function here is given: float32 but for the labels of sparse_softmax_cross_entropy. */
typedef struct given {
    est_graph *g;
    est_node *labels, *predictions;
    const est_loss_options *o;      /* with its defaults */
} given;

static est_node *number(const given *x, double v)
{
    return est_constant_float(x->g, v);
}

static est_node *absolute_difference(const given *x)
{
    return est_abs(x->g, est_sub(x->g, x->predictions, x->labels));
}

static est_node *mean_squared_error(const given *x)
{
    return est_squared_difference(x->g, x->predictions, x->labels);
}

/* The square up to delta, then a line. At delta itself the line's gradient is 0, since the square has one already. */
static est_node *huber_loss(const given *x)
{
    est_graph *g = x->g;
    est_node *delta = number(x, x->o->delta), *size = absolute_difference(x), *square = est_minimum(g, size, delta);
    return est_add(g, est_mul(g, number(x, 0.5), est_mul(g, square, square)), est_mul(g, delta, est_sub(g, size, square)));
}

/* max(0, 1 - (2 * label - 1) * logit) */
static est_node *hinge_loss(const given *x)
{
    est_graph *g = x->g;
    est_node *sign = est_sub(g, est_mul(g, number(x, 2), x->labels), number(x, 1));
    return est_relu(g, est_sub(g, number(x, 1), est_mul(g, sign, x->predictions)));
}

/* -label * log(p + epsilon) - (1 - label) * log(1 - p + epsilon) */
static est_node *log_loss(const given *x)
{
    est_graph *g = x->g;
    est_node *epsilon = number(x, x->o->epsilon), *one = number(x, 1);
    est_node *hit = est_mul(g, x->labels, est_log(g, est_add(g, x->predictions, epsilon)));
    est_node *rest = est_log(g, est_add(g, est_sub(g, one, x->predictions), epsilon));
    return est_sub(g, est_neg(g, hit), est_mul(g, est_sub(g, one, x->labels), rest));
}

/* labels * (1 - smoothing) + smoothing * share */
static est_node *smoothed(const given *x, double share)
{
    est_graph *g = x->g;
    double smoothing = x->o->label_smoothing;
    if (smoothing == 0)
        return x->labels;
    return est_add(g, est_mul(g, x->labels, number(x, 1 - smoothing)), number(x, smoothing * share));
}

static est_node *sigmoid_cross_entropy(const given *x)
{
    return est_sigmoid_cross_entropy_with_logits(x->g, x->predictions, smoothed(x, 0.5));
}

static est_node *softmax_cross_entropy(const given *x)
{
    const est_shape *s = est_node_shape(x->predictions);
    double classes = s->rank > 0 ? (double)s->dim[s->rank - 1] : -1;
    if (classes < 1)
        return est__graph_fail(x->g, EST_INVALID_ARGUMENT, "loss 'softmax_cross_entropy': the number of classes must be known");
    return est_softmax_cross_entropy_with_logits(x->g, x->predictions, est_stop_gradient(x->g, smoothed(x, 1 / classes)));
}

static est_node *sparse_softmax_cross_entropy(const given *x)
{
    return est_sparse_softmax_cross_entropy(x->g, x->labels, x->predictions);
}

/* 1 - their product; both are unit vectors. */
static est_node *cosine_distance(const given *x)
{
    est_graph *g = x->g;
    int64_t axis = x->o->axis;
    return est_sub(g, number(x, 1), est_reduce_sum(g, est_mul(g, x->predictions, x->labels), EST_INTS(axis), true));
}

/* exp(log_rate) - log_rate * label: the likelihood but for a term of the label alone (tf.nn.log_poisson_loss). */
static est_node *log_poisson_loss(const given *x)
{
    return est_sub(x->g, est_exp(x->g, x->predictions), est_mul(x->g, x->predictions, x->labels));
}

/* 1 where the weight is not 0, in the shape of `losses`. */
static est_node *present(est_graph *g, est_node *losses, est_node *weights)
{
    est_node *one = est_ones_like(g, losses), *zero = est_constant_float(g, 0);
    return weights ? est_mul(g, one, est_cast(g, est_not_equal(g, weights, zero), EST_FLOAT)) : one;
}

/* The mean over all pairs of elements of an example of the squared difference of their errors:
 * 2 * sum(d^2) / (n - 1) - 2 * sum(d)^2 / (n * (n - 1)) for errors d of n elements. */
static est_node *mean_pairwise_squared_error(const given *x)
{
    est_graph *g = x->g;
    const est_shape *shape = est_node_shape(x->predictions);
    int64_t axes[EST_MAX_RANK];
    for (int i = 1; i < shape->rank; i++)
        axes[i - 1] = i;
    if (shape->rank < 2)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "loss 'mean_pairwise_squared_error': it takes several elements of each example");
    est_ints all = { axes, (size_t)shape->rank - 1 };
    est_node *d = est_sub(g, x->predictions, x->labels), *zero = number(x, 0), *two = number(x, 2);
    est_node *weights = x->o->weights ? est__weights_like(g, x->o->weights, d) : NULL;
    est_node *n = est_reduce_sum(g, present(g, d, weights), all, true), *less = est_sub(g, n, number(x, 1));
    est_node *squares = est_div_no_nan(g, est_reduce_sum(g, est_square(g, d), all, true), est_maximum(g, less, zero));
    est_node *square = est_div_no_nan(g, est_square(g, est_reduce_sum(g, d, all, true)), est_maximum(g, est_mul(g, n, less), zero));
    est_node *each = est_sub(g, est_mul(g, two, squares), est_mul(g, two, square));
    return est_reduce_sum(g, est_reshape(g, weights ? est_mul(g, each, weights) : each, EST_INTS(-1)), EST_INTS(0), false);
}

/* ---- one number ---- */
static const char *const reductions[] = { "sum_by_nonzero_weights", "mean", "none", "sum", "sum_over_batch_size", NULL };

static const est_field fields[] = {
    EST_FIELD(est_loss_options, STRING, reduction, .def_text = "sum_by_nonzero_weights", .choices = reductions, .doc = "to one number"),
    EST_FIELD(est_loss_options, FLOAT, delta, .def = 1, .above_min = true, .max = INFINITY, .doc = "huber_loss: where the line begins"),
    EST_FIELD(est_loss_options, FLOAT, epsilon, .def = 1e-7, .max = INFINITY, .zero = EST_OFF, .doc = "log_loss: keeps logarithms finite"),
    EST_FIELD(est_loss_options, FLOAT, label_smoothing, .max = 1, .doc = "cross entropies: how far labels are drawn to even ones"),
    EST_FIELD(est_loss_options, INT, axis, .def = -1, .min = -EST_MAX_RANK, .max = EST_MAX_RANK - 1,
              .doc = "cosine_distance: of the vectors"),
    { 0 }
};

static est_node *sum(est_graph *g, est_node *x)
{
    return est_reduce_sum(g, est_reshape(g, x, EST_INTS(-1)), EST_INTS(0), false);
}

static est_node *reduce(est_graph *g, est_node *losses, const est_loss_options *o)
{
    if (strcmp(o->reduction, "sum") == 0 || strcmp(o->reduction, "sum_over_batch_size") == 0)
        return est_loss_reduce(g, losses, o->weights, o->reduction);
    est_node *weights = o->weights ? est__weights_like(g, o->weights, losses) : NULL;
    est_node *weighted = weights ? est_mul(g, losses, weights) : losses;
    if (strcmp(o->reduction, "none") == 0)
        return weighted;
    bool is_mean = strcmp(o->reduction, "mean") == 0;
    est_node *share = is_mean && weights ? est_mul(g, est_ones_like(g, losses), weights) : present(g, losses, weights);
    return est_div_no_nan(g, sum(g, weighted), sum(g, share));
}

/* ---- by name ---- */
enum { SAME_SHAPE = 1, REDUCED = 2 };   /* labels have the shape of the predictions; the function's answer is one number */

static const struct kind {
    const char *name;
    est_node *(*loss)(const given *x);
    int flags;
} kinds[] = {
    { "absolute_difference", absolute_difference, SAME_SHAPE },
    { "cosine_distance", cosine_distance, SAME_SHAPE },
    { "hinge_loss", hinge_loss, SAME_SHAPE },
    { "huber_loss", huber_loss, SAME_SHAPE },
    { "log_loss", log_loss, SAME_SHAPE },
    { "log_poisson_loss", log_poisson_loss, SAME_SHAPE },
    { "mean_pairwise_squared_error", mean_pairwise_squared_error, SAME_SHAPE | REDUCED },
    { "mean_squared_error", mean_squared_error, SAME_SHAPE },
    { "sigmoid_cross_entropy", sigmoid_cross_entropy, SAME_SHAPE },
    { "softmax_cross_entropy", softmax_cross_entropy, SAME_SHAPE },
    { "sparse_softmax_cross_entropy", sparse_softmax_cross_entropy, 0 },
};
enum { COUNT = sizeof kinds / sizeof kinds[0] };

const char *const *est_loss_names(void)
{
    static const char *const names[COUNT + 1] = {
        "absolute_difference", "cosine_distance", "hinge_loss", "huber_loss", "log_loss", "log_poisson_loss",
        "mean_pairwise_squared_error", "mean_squared_error", "sigmoid_cross_entropy", "softmax_cross_entropy",
        "sparse_softmax_cross_entropy" };
    return names;
}

static const struct kind *find(const char *name)
{
    for (size_t i = 0; name && i < COUNT; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* Broadcasting would silently make a table of [batch] and [batch, 1]. */
static est_status check_shapes(const char *where, const est_shape *labels, const est_shape *predictions)
{
    bool same = labels->rank < 0 || predictions->rank < 0 || labels->rank == predictions->rank;
    for (int i = 0; same && labels->rank >= 0 && i < predictions->rank; i++)
        same = labels->dim[i] < 0 || predictions->dim[i] < 0 || labels->dim[i] == predictions->dim[i];
    if (same)
        return EST_OK;
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    return est__fail(EST_INVALID_ARGUMENT, "%s: labels are %s, predictions %s; they must have one shape", where,
                     est__shape_string(a, labels), est__shape_string(b, predictions));
}

static est_status prepare(const struct kind *k, const given *x, const est_loss_options *options, size_t size, est_loss_options *out)
{
    char where[64];
    snprintf(where, sizeof where, "loss '%s'", k->name);
    EST_TRY(est__fields_apply(fields, where, options, size, out, sizeof *out));
    est__fields_write_zeros(fields, out);
    if ((k->flags & REDUCED) && options && options->reduction)
        return est__fail(EST_INVALID_ARGUMENT, "%s: it has no reduction", where);
    return k->flags & SAME_SHAPE ? check_shapes(where, est_node_shape(x->labels), est_node_shape(x->predictions)) : EST_OK;
}

static est_status unknown(const char *name)
{
    const char *near = name ? est__nearest(name, est_loss_names(), COUNT) : NULL;
    return est__fail(EST_NOT_FOUND, "unknown loss '%s'%s%s%s", name ? name : "(NULL)", near ? "; did you mean '" : "", near ? near : "",
                     near ? "'?" : "");
}

static est_node *as_float(est_graph *g, est_node *x)
{
    return est_cast(g, x, EST_FLOAT);
}

est_node *est_loss_sized(est_graph *g, const char *name, est_node *labels, est_node *predictions, const est_loss_options *options,
                         size_t size)
{
    const struct kind *k = find(name);
    est_loss_options o;
    if (!k)
        return est__spoil(g, unknown(name));
    given x = { .g = g, .labels = labels, .predictions = predictions, .o = &o };
    est_status st = prepare(k, &x, options, size, &o);
    if (st != EST_OK)
        return est__spoil(g, st);
    est_graph_begin_scope(g, k->name);
    x.predictions = as_float(g, predictions);
    if (k->flags & SAME_SHAPE)
        x.labels = as_float(g, labels);
    est_node *loss = k->loss(&x);
    loss = k->flags & REDUCED ? loss : reduce(g, loss, &o);
    est_graph_end_scope(g);
    return loss;
}
