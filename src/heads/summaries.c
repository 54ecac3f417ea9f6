/* What a model_fn has written while it trains: each summary is a node, and how its value goes into an event. */
#include <estimator/ops.h>
#include <estimator/summary.h>

#include "graph/graph.h"
#include "heads/spec.h"
#include "tensor/tensor.h"

enum { MAX_OUTPUTS = 3, NUM_THRESHOLDS = 201 };     /* TensorFlow's */

void est_spec_scalar_summary(est_spec *s, const char *tag, est_node *value)
{
    est__spec_summary(s, (est__summary){ .tag = tag, .node = value });
}

static est_status write_histogram(est__event_writer *w, int64_t step, const est__summary *s, const est_tensor *value)
{
    return est__event_histogram(w, step, s->tag, value);
}

void est_spec_histogram_summary(est_spec *s, const char *tag, est_node *value)
{
    est__spec_summary(s, (est__summary){ .tag = tag, .node = value, .write = write_histogram });
}

static est_status write_images(est__event_writer *w, int64_t step, const est__summary *s, const est_tensor *value)
{
    return est__event_images(w, step, s->tag, value, s->limit, s->evaluated ? EST__SUMMARY_EVALUATED : EST__SUMMARY_V1);
}

void est_spec_image_summary(est_spec *s, const char *tag, est_node *images, int64_t max_outputs)
{
    est__spec_summary(s, (est__summary){ .tag = tag, .node = images, .write = write_images, .kind = EST__VALUES,
                                         .limit = max_outputs > 0 ? max_outputs : MAX_OUTPUTS });
}

static est_status write_sounds(est__event_writer *w, int64_t step, const est__summary *s, const est_tensor *value)
{
    return est__event_sounds(w, step, s->tag, value, s->rate, s->limit, s->evaluated ? EST__SUMMARY_EVALUATED : EST__SUMMARY_V1);
}

void est_spec_audio_summary(est_spec *s, const char *tag, est_node *sounds, double sample_rate, int64_t max_outputs)
{
    est__spec_summary(s, (est__summary){ .tag = tag, .node = sounds, .write = write_sounds, .kind = EST__VALUES, .rate = sample_rate,
                                         .limit = max_outputs > 0 ? max_outputs : MAX_OUTPUTS });
}

static est_status write_strings(est__event_writer *w, int64_t step, const est__summary *s, const est_tensor *value)
{
    return est__event_strings(w, step, s->tag, value);
}

void est_spec_text_summary(est_spec *s, const char *tag, est_node *strings)
{
    est__spec_summary(s, (est__summary){ .tag = tag, .node = strings, .write = write_strings });
}

/* Rows: labels, predictions, and weights where there are any. */
static est_status add_rows(const est__summary *s, const est_tensor *value, est__pr_curve *curve)
{
    est_tensor row[3];
    int64_t n = value->shape.dim[1];
    for (int64_t i = 0; i < value->shape.dim[0]; i++)
        row[i] = (est_tensor){ .dtype = EST_FLOAT, .shape = est_shape_of(1, &n), .data = (float *)value->data + i * n };
    return est__pr_curve_add(curve, s->tag, &row[0], &row[1], value->shape.dim[0] > 2 ? &row[2] : NULL, s->limit);
}

static est_status write_curve(est__event_writer *w, int64_t step, const est__summary *s, const est_tensor *value)
{
    est__pr_curve curve = { 0 };
    est_status st = add_rows(s, value, &curve);
    if (st == EST_OK)
        st = est__event_pr_counts(w, step, s->tag, &curve);
    est__pr_curve_free(&curve);
    return st;
}

static est_node *flat(est_graph *g, est_node *x)
{
    return est_reshape(g, est_cast(g, x, EST_FLOAT), EST_INTS(-1));
}

void est_spec_pr_curve_summary(est_spec *s, const char *tag, est_node *labels, est_node *predictions, est_node *weights,
                               int64_t num_thresholds)
{
    est_graph *g = s->graph;
    est_node *row[3] = { flat(g, labels), NULL, NULL };
    row[1] = flat(g, predictions);
    if (weights)
        row[2] = flat(g, weights);
    est__spec_summary(s, (est__summary){ .tag = tag, .node = est_pack(g, (est_nodes){ row, weights ? 3 : 2 }, 0), .write = write_curve, .kind = EST__CURVE,
                                         .limit = num_thresholds > 0 ? num_thresholds : NUM_THRESHOLDS });
}

/* ---- in evaluations ---- */

void est_spec_evaluation_summaries(est_spec *s)
{
    s->evaluates_summaries = true;
}

est_status est__summary_add(const est__summary *s, const est_tensor *value, est__pr_curve *curve)
{
    return s->kind == EST__CURVE ? add_rows(s, value, curve) : EST_OK;
}

est_status est__summary_evaluated(est__event_writer *w, int64_t step, const est__summary *s, const est_tensor *last, const est__pr_curve *curve)
{
    est__buffer tag = { 0 };
    est__summary one = *s;
    one.evaluated = true;
    est__buffer_printf(&tag, s->kind == EST__VALUES ? "%s" : "%s/0", s->tag);
    one.tag = tag.data;
    est_status st = tag.status;
    if (st == EST_OK && s->kind == EST__CURVE)
        st = curve->between ? est__event_pr_counts(w, step, one.tag, curve) : EST_OK;
    else if (st == EST_OK)
        st = s->write ? s->write(w, step, &one, last) : est__event_scalars(w, step, &(est__scalar){ one.tag, est__tensor_get(last, 0) }, 1);
    est__buffer_free(&tag);
    return st;
}
