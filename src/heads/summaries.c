/* What a model_fn has written while it trains: each summary is a node, and how its value goes into an event. */
#include <estimator/ops.h>
#include <estimator/summary.h>

#include "formats/summary.h"
#include "graph/graph.h"
#include "heads/spec.h"

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
    return est__event_images(w, step, s->tag, value, s->limit, EST__SUMMARY_V1);
}

void est_spec_image_summary(est_spec *s, const char *tag, est_node *images, int64_t max_outputs)
{
    est__spec_summary(s, (est__summary){ .tag = tag, .node = images, .write = write_images,
                                         .limit = max_outputs > 0 ? max_outputs : MAX_OUTPUTS });
}

static est_status write_sounds(est__event_writer *w, int64_t step, const est__summary *s, const est_tensor *value)
{
    return est__event_sounds(w, step, s->tag, value, s->rate, s->limit, EST__SUMMARY_V1);
}

void est_spec_audio_summary(est_spec *s, const char *tag, est_node *sounds, double sample_rate, int64_t max_outputs)
{
    est__spec_summary(s, (est__summary){ .tag = tag, .node = sounds, .write = write_sounds, .rate = sample_rate,
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
static est_status write_curve(est__event_writer *w, int64_t step, const est__summary *s, const est_tensor *value)
{
    est_tensor row[3];
    int64_t n = value->shape.dim[1];
    for (int64_t i = 0; i < value->shape.dim[0]; i++)
        row[i] = (est_tensor){ .dtype = EST_FLOAT, .shape = est_shape_of(1, &n), .data = (float *)value->data + i * n };
    return est__event_pr_curve(w, step, s->tag, &row[0], &row[1], value->shape.dim[0] > 2 ? &row[2] : NULL, s->limit);
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
    est__spec_summary(s, (est__summary){ .tag = tag, .node = est_pack(g, (est_nodes){ row, weights ? 3 : 2 }, 0), .write = write_curve,
                                         .limit = num_thresholds > 0 ? num_thresholds : NUM_THRESHOLDS });
}
