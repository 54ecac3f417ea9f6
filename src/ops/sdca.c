/* SdcaOptimizerV2: one pass of proximal stochastic dual coordinate ascent over a batch, TensorFlow's op. Examples go one after the other,
 * in an order that seed, name and step alone decide, so that any number of threads gives the same bits. With w the weights before the
 * proximal step, an example x of dual variable a has added a weight x / l2 to w. */
#include <math.h>
#include <stdlib.h>

#include "ops/distinct.h"
#include "ops/ops.h"
#include "ops/sdca_losses.h"

enum { STATE = 4, LANES = 8 };       /* of an example: dual, primal loss, dual loss, weight */

typedef struct settings {
    const est__sdca_loss *loss;
    double l2, shrinkage;
    int sparse, valued, dense;       /* columns */
    double partitions;
    bool adaptive;
    uint64_t name;                   /* its hash */
} settings;

typedef struct sparse_column {
    const int64_t *start;            /* of each example, and the end */
    const int32_t *place;            /* of each id in weights and deltas */
    const float *value;              /* NULL: each is 1 */
    const float *weight;
    float *delta;
} sparse_column;

typedef struct dense_column {
    const float *x;                  /* [n, width] */
    int64_t width;
    const float *weight;
    float *delta;
} dense_column;

typedef struct batch {
    const settings *s;
    int64_t n;
    sparse_column *sparse;
    dense_column *dense;
    const float *weights;            /* of the examples */
    const float *labels;             /* as given */
    float *state;                    /* [n, STATE] */
    double *norm;                    /* |x|^2 */
} batch;

static est_status prepare(const est_operation *op, void *state)
{
    settings *s = state;
    *s = (settings){ .loss = est__sdca_loss_find(est__attr_string(op, "loss_type")), .l2 = est__attr_float(op, "l2"),
                     .sparse = (int)est__attr_int(op, "num_sparse_features"),
                     .valued = (int)est__attr_int(op, "num_sparse_features_with_values"),
                     .dense = (int)est__attr_int(op, "num_dense_features"),
                     .partitions = (double)est__attr_int(op, "num_loss_partitions"), .adaptive = est__attr_bool(op, "adaptive"),
                     .name = est__fingerprint64(op->name, strlen(op->name)) };
    if (s->loss == NULL)
        return EST_PREPARE_FAIL(op, "there is no loss_type '%s'", est__attr_string(op, "loss_type"));
    if (!(s->l2 > 0) || !(est__attr_float(op, "l1") >= 0) || s->partitions < 1)
        return EST_PREPARE_FAIL(op, "l2 is %g, l1 %g and num_loss_partitions %g; they must be above 0, not below it, and at least 1",
                                s->l2, est__attr_float(op, "l1"), s->partitions);
    if (s->valued > s->sparse)
        return EST_PREPARE_FAIL(op, "%d sparse features cannot have values where there are %d", s->valued, s->sparse);
    s->shrinkage = est__attr_float(op, "l1") / s->l2;
    return EST_OK;
}

/* ---- inputs: lists one after the other ---- */
static int input_of(const settings *s, int list, int i)
{
    const int count[] = { s->sparse, s->sparse, s->valued, s->dense, 1, 1, s->sparse, s->sparse, s->dense, 1 };
    for (int l = 0; l < list; l++)
        i += count[l];
    return i;
}
enum { EXAMPLES, FEATURES, VALUES, DENSE, EXAMPLE_WEIGHTS, LABELS, INDICES, SPARSE_WEIGHTS, DENSE_WEIGHTS, EXAMPLE_STATE };

static est_status zero_deltas(est_kernel *k, int output, const est_tensor *like, float **out)
{
    est_tensor *t;
    EST_TRY(est__out(k, output, &like->shape, &t));
    memset(t->data, 0, est__tensor_bytes(t));
    *out = t->data;
    return EST_OK;
}

/* Where examples begin; their indices do not fall. */
static est_status find_starts(est_kernel *k, const est_tensor *examples, int64_t n, int64_t *start)
{
    const int64_t *example = examples->data;
    int64_t count = est__tensor_elements(examples), at = 0;
    for (int64_t i = 0; i < count; i++) {
        if (example[i] < 0 || example[i] >= n || (i > 0 && example[i] < example[i - 1]))
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "example indices must rise, in [0, %lld); number %lld is %lld", (long long)n,
                                    (long long)i, (long long)example[i]);
        while (at <= example[i])
            start[at++] = i;
    }
    while (at <= n)
        start[at++] = count;
    return EST_OK;
}

static est_status open_sparse(est_kernel *k, batch *b, int c)
{
    const settings *s = b->s;
    const est_tensor *examples = est__in(k, input_of(s, EXAMPLES, c)), *ids = est__in(k, input_of(s, FEATURES, c));
    const est_tensor *distinct = est__in(k, input_of(s, INDICES, c)), *weights = est__in(k, input_of(s, SPARSE_WEIGHTS, c));
    const est_tensor *values = c < s->valued ? est__in(k, input_of(s, VALUES, c)) : NULL;
    int64_t count = est__tensor_elements(ids), features = est__tensor_elements(distinct);
    if (est__tensor_elements(examples) != count || (values && est__tensor_elements(values) != count) ||
        est__tensor_elements(weights) != features)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "sparse feature %d: its tensors do not belong together", c);
    sparse_column *to = &b->sparse[c];
    int64_t *start = est__scratch(k, (size_t)(b->n + 1) * sizeof *start);
    int32_t *place = est__scratch(k, (size_t)(count + 1) * sizeof *place);
    est__distinct d;
    EST_TRY(est__distinct_begin(k, features + count, &d));
    if (start == NULL || place == NULL)
        return EST_RESOURCE_EXHAUSTED;
    EST_TRY(find_starts(k, examples, b->n, start));
    for (int64_t i = 0; i < features; i++)
        if (est__distinct_place(&d, ((const int64_t *)distinct->data)[i]) != i)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "sparse feature %d: an id stands twice in sparse_indices", c);
    for (int64_t i = 0; i < count; i++)
        if ((place[i] = est__distinct_place(&d, ((const int64_t *)ids->data)[i])) >= features)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "sparse feature %d: id %lld is not in sparse_indices", c,
                                    (long long)((const int64_t *)ids->data)[i]);
    *to = (sparse_column){ .start = start, .place = place, .value = values ? values->data : NULL, .weight = weights->data };
    return zero_deltas(k, 1 + c, weights, &to->delta);
}

static est_status open_dense(est_kernel *k, batch *b, int c)
{
    const est_tensor *x = est__in(k, input_of(b->s, DENSE, c)), *weights = est__in(k, input_of(b->s, DENSE_WEIGHTS, c));
    if (x->shape.rank != 2 || x->shape.dim[0] != b->n || x->shape.dim[1] != est__tensor_elements(weights))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "dense feature %d does not fit its weights, or the number of examples", c);
    b->dense[c] = (dense_column){ .x = x->data, .width = x->shape.dim[1], .weight = weights->data };
    return zero_deltas(k, 1 + b->s->sparse + c, weights, &b->dense[c].delta);
}

static est_status check_label(est_kernel *k, const batch *b, int64_t i, double *label)
{
    *label = (double)b->labels[i];
    if (b->s->loss->label(label))
        return EST_OK;
    return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the label of example %lld of the batch is %g; it must be %s", (long long)i,
                            (double)b->labels[i], b->s->loss->wanted);
}

EST_CLONES static double square(const float *x, int64_t n)
{
    double lane[LANES] = { 0 }, sum = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += (double)x[i + l] * (double)x[i + l];
    for (; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

static double norm_of(const batch *b, int64_t i)
{
    double norm = 0;
    for (int c = 0; c < b->s->sparse; c++) {
        const sparse_column *s = &b->sparse[c];
        for (int64_t j = s->start[i]; j < s->start[i + 1]; j++)
            norm += s->value ? (double)s->value[j] * (double)s->value[j] : 1;
    }
    for (int c = 0; c < b->s->dense; c++)
        norm += square(b->dense[c].x + i * b->dense[c].width, b->dense[c].width);
    return norm;
}

static est_status open_batch(est_kernel *k, const settings *s, batch *b)
{
    const est_tensor *weights = est__in(k, input_of(s, EXAMPLE_WEIGHTS, 0)), *labels = est__in(k, input_of(s, LABELS, 0));
    const est_tensor *state = est__in(k, input_of(s, EXAMPLE_STATE, 0));
    est_tensor *out;
    double label;
    *b = (batch){ .s = s, .n = est__tensor_elements(labels), .weights = weights->data, .labels = labels->data };
    if (est__tensor_elements(weights) != b->n || state->shape.rank != 2 || state->shape.dim[0] != b->n || state->shape.dim[1] != STATE)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "labels, weights and state are not of one number of examples");
    EST_TRY(est__out(k, 0, &state->shape, &out));
    b->state = memcpy(out->data, state->data, est__tensor_bytes(state));
    b->sparse = est__scratch(k, (size_t)(s->sparse + 1) * sizeof *b->sparse);
    b->dense = est__scratch(k, (size_t)(s->dense + 1) * sizeof *b->dense);
    b->norm = est__scratch(k, (size_t)(b->n + 1) * sizeof *b->norm);
    if (b->sparse == NULL || b->dense == NULL || b->norm == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int c = 0; c < s->sparse; c++)
        EST_TRY(open_sparse(k, b, c));
    for (int c = 0; c < s->dense; c++)
        EST_TRY(open_dense(k, b, c));
    for (int64_t i = 0; i < b->n; i++) {
        EST_TRY(check_label(k, b, i, &label));
        b->norm[i] = norm_of(b, i);
    }
    return EST_OK;
}

/* ---- an example ---- */
static inline double shrink(double w, double by)
{
    return w > by ? w - by : w < -by ? w + by : 0;
}

typedef struct margins { double now, before; } margins;

EST_CLONES static void dense_margins(const dense_column *c, int64_t row, double partitions, double by, margins *m)
{
    const float *x = c->x + row * c->width;
    double now[LANES] = { 0 }, before[LANES] = { 0 };
    int64_t i = 0;
    for (; i + LANES <= c->width; i += LANES)
        for (int l = 0; l < LANES; l++) {
            double w = (double)c->weight[i + l], v = w + (double)c->delta[i + l] * partitions;
            before[l] += (double)x[i + l] * shrink(w, by);
            now[l] += (double)x[i + l] * shrink(v, by);
        }
    for (; i < c->width; i++) {
        double w = (double)c->weight[i], v = w + (double)c->delta[i] * partitions;
        before[0] += (double)x[i] * shrink(w, by);
        now[0] += (double)x[i] * shrink(v, by);
    }
    for (int l = 0; l < LANES; l++) {
        m->now += now[l];
        m->before += before[l];
    }
}

/* w x, with the weights as this batch has moved them, and as they were before it. */
static margins margins_of(const batch *b, int64_t row)
{
    margins m = { 0, 0 };
    double partitions = b->s->partitions, by = b->s->shrinkage;
    for (int c = 0; c < b->s->sparse; c++) {
        const sparse_column *s = &b->sparse[c];
        for (int64_t j = s->start[row]; j < s->start[row + 1]; j++) {
            double x = s->value ? (double)s->value[j] : 1, w = (double)s->weight[s->place[j]];
            m.before += x * shrink(w, by);
            m.now += x * shrink(w + (double)s->delta[s->place[j]] * partitions, by);
        }
    }
    for (int c = 0; c < b->s->dense; c++)
        dense_margins(&b->dense[c], row, partitions, by, &m);
    return m;
}

static void move_weights(const batch *b, int64_t row, double by)
{
    for (int c = 0; c < b->s->sparse; c++) {
        const sparse_column *s = &b->sparse[c];
        for (int64_t j = s->start[row]; j < s->start[row + 1]; j++)
            s->delta[s->place[j]] += (float)((s->value ? (double)s->value[j] : 1) * by);
    }
    for (int c = 0; c < b->s->dense; c++) {
        const dense_column *d = &b->dense[c];
        const float *x = d->x + row * d->width;
        for (int64_t i = 0; i < d->width; i++)
            d->delta[i] += x[i] * (float)by;
    }
}

static est__sdca_example example_of(const batch *b, int64_t i, const margins *m)
{
    est__sdca_example e = { .label = (double)b->labels[i], .weight = (double)b->weights[i], .dual = (double)b->state[i * STATE],
                            .margin = m->now };
    b->s->loss->label(&e.label);
    e.curvature = b->s->partitions * e.weight * b->norm[i] / b->s->l2;
    return e;
}

static void ascend(const batch *b, int64_t i)
{
    const est__sdca_loss *loss = b->s->loss;
    margins m = margins_of(b, i);
    est__sdca_example e = example_of(b, i, &m);
    double dual = loss->updated(&e);
    float *state = b->state + i * STATE;
    move_weights(b, i, (dual - e.dual) * e.weight / b->s->l2);
    state[0] = (float)dual;
    state[1] = (float)(loss->primal(m.before, e.label) * e.weight);
    state[2] = (float)(loss->dual(e.dual, e.label) * e.weight);
    state[3] = (float)e.weight;
}

/* ---- the order of examples ---- */
static void shuffle(int64_t *order, int64_t n, est__random *r)
{
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)est__random_below(r, (uint64_t)(i + 1)), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
}

typedef struct ranked { double likely; int64_t example; } ranked;

static int by_likelihood(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    return x->likely != y->likely ? (x->likely < y->likely ? 1 : -1) : x->example < y->example ? -1 : 1;
}

/* How far an example's dual is from its best place, times what a step there moves (Csiba, Qu and Richtarik 2015). */
static double urgency(const batch *b, int64_t i)
{
    margins m = margins_of(b, i);
    est__sdca_example e = example_of(b, i, &m);
    double residue = e.dual + b->s->loss->slope(m.now, e.label);
    return e.weight * sqrt(b->norm[i] + b->s->l2 * b->s->loss->smoothness) * fabs(residue);
}

static double uniform(est__random *r)
{
    return (double)(est__random_next(r) >> 11) * 0x1p-53;
}

/* The first whose sum of likelihoods is above. */
static int64_t draw(const double *sum, int64_t n, double at)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (sum[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Examples as often as they are urgent, one that was taken k times again with probability 10^-k; after n draws for nothing those that were
 * never drawn, the most urgent first. */
static est_status sample(est_kernel *k, const batch *b, int64_t *order, est__random *r)
{
    int64_t n = b->n, taken = 0, vain = 0, left = 0;
    double *sum = est__scratch(k, (size_t)(n + 1) * sizeof *sum), *again = est__scratch(k, (size_t)(n + 1) * sizeof *again), total = 0;
    ranked *unseen = est__scratch(k, (size_t)(n + 1) * sizeof *unseen);
    if (sum == NULL || again == NULL || unseen == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int64_t i = 0; i < n; i++) {
        sum[i] = total += urgency(b, i);
        again[i] = 1;
    }
    if (!(total > 0) || !isfinite(total)) {
        shuffle(order, n, r);
        return EST_OK;
    }
    while (taken < n && vain < n) {
        int64_t i = draw(sum, n, uniform(r) * total);
        if (uniform(r) >= again[i]) {
            vain++;
            continue;
        }
        again[i] *= 0.1;
        order[taken++] = i;
    }
    for (int64_t i = 0; i < n; i++)
        if (again[i] == 1)
            unseen[left++] = (ranked){ sum[i] - (i ? sum[i - 1] : 0), i };
    qsort(unseen, (size_t)left, sizeof *unseen, by_likelihood);
    for (int64_t i = 0; taken < n; i++)
        order[taken++] = unseen[i].example;
    return EST_OK;
}

static est_status sdca_cpu(est_kernel *k)
{
    const settings *s = k->state;
    batch b;
    EST_TRY(open_batch(k, s, &b));
    int64_t *order = est__scratch(k, (size_t)(b.n + 1) * sizeof *order);
    if (order == NULL)
        return EST_RESOURCE_EXHAUSTED;
    est__random r = { .key = est__fingerprint_cat64(est__fingerprint_cat64(k->seed, s->name), k->step) };
    if (s->adaptive)
        EST_TRY(sample(k, &b, order, &r));
    else
        shuffle(order, b.n, &r);
    for (int64_t i = 0; i < b.n; i++)
        ascend(&b, order[i]);
    return EST_OK;
}

static est_status sdca_infer(est_infer *c)
{
    const est_operation *op = c->op;
    int sparse = (int)est__attr_int(op, "num_sparse_features"), dense = (int)est__attr_int(op, "num_dense_features");
    int state = op->num_inputs - 1, first = state - dense - sparse;
    if (sparse + dense < 1)
        return est__infer_fail(c, "there is no feature");
    c->out[0] = *est__infer_in(c, state);
    for (int i = 0; i < sparse + dense; i++)
        c->out[1 + i] = *est__infer_in(c, first + i);
    return EST_OK;
}

EST_OPS(sdca,
        { .tf_name = "SdcaOptimizerV2",
          .signature = "sparse_example_indices: num_sparse_features*int64, sparse_feature_indices: num_sparse_features*int64, "
                       "sparse_feature_values: num_sparse_features_with_values*float, dense_features: num_dense_features*float, "
                       "example_weights: float, example_labels: float, sparse_indices: num_sparse_features*int64, "
                       "sparse_weights: num_sparse_features*float, dense_weights: num_dense_features*float, example_state_data: float "
                       "-> out_example_state_data: float, out_delta_sparse_weights: num_sparse_features*float, "
                       "out_delta_dense_weights: num_dense_features*float; loss_type: string; adaptive: bool = true; "
                       "num_sparse_features: int; num_sparse_features_with_values: int; num_dense_features: int; l1: float; l2: float; "
                       "num_loss_partitions: int; num_inner_iterations: int",
          .infer = sdca_infer, .cpu = sdca_cpu, .grad = est__grad_none, .state_size = sizeof(settings), .prepare = prepare,
          .flags = EST_OP_STATEFUL });
