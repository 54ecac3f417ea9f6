/* What the heads for classes share: labels to ids, ids to names, and the lists of all classes that
 * predictions carry. */
#include <float.h>

#include <estimator/ops.h>

#include "heads/head.h"

est_status est__head_check_vocabulary(const est_head *h, int64_t classes)
{
    est_strings v = h->options.label_vocabulary;
    if (v.count && v.count != (size_t)classes)
        return est__head_fail(h, "label_vocabulary has %zu words for %lld classes", v.count,
                              (long long)classes);
    est__map *seen = est__map_new();
    est_status st = seen ? EST_OK : est__fail_memory(0);
    for (size_t i = 0; st == EST_OK && i < v.count; i++) {
        size_t first = (size_t)(uintptr_t)est__map_get(seen, v.data[i], strlen(v.data[i]));
        st = first
                 ? est__head_fail(h, "label_vocabulary[%zu] and [%zu] are both '%s'", first - 1, i, v.data[i])
                 : est__map_put(seen, v.data[i], strlen(v.data[i]), (void *)(uintptr_t)(i + 1));
    }
    est__map_free(seen);
    return st;
}

est_status est__head_check_thresholds(const est_head *h)
{
    char number[32];
    est_floats t = h->options.thresholds;
    for (size_t i = 0; i < t.count; i++)
        if (!(t.data[i] > 0 && t.data[i] < 1)) {
            est__format_double(number, t.data[i]);
            return est__head_fail(h, "thresholds[%zu] is %s; it must lie between 0 and 1", i, number);
        }
    return EST_OK;
}

est_status est__head_check_class_weights(const est_head *h, int64_t classes)
{
    char number[32];
    est_floats w = h->options.class_weights;
    if (w.count && w.count != (size_t)classes)
        return est__head_fail(h, "class_weights has %zu numbers for %lld classes", w.count, (long long)classes);
    for (size_t i = 0; i < w.count; i++)
        if (!(w.data[i] >= 0 && w.data[i] <= FLT_MAX)) {
            est__format_double(number, w.data[i]);
            return est__head_fail(h, "class_weights[%zu] is %s; it must be a number from 0 on", i, number);
        }
    return EST_OK;
}

static est_node *check_dtype(est__head_run *r, est_node *labels)
{
    bool text = est_node_dtype(labels) == EST_STRING;
    if (text == (r->head->options.label_vocabulary.count > 0))
        return labels;
    return est__head_spoil(r, "labels are %s; %s", est_dtype_name(est_node_dtype(labels)),
                           text ? "strings take a label_vocabulary" : "with label_vocabulary they must be string");
}

est_node *est__head_ids_of(est__head_run *r, est_node *values, est_node *indices, int64_t classes)
{
    est_graph *g = r->g;
    est_node *in[3] = { check_dtype(r, values) };
    size_t n = 1;
    if (est__is_nil(in[0]))
        return in[0];
    if (est_node_dtype(values) == EST_STRING) {
        in[0] = est__vocabulary_ids(g, values, &(est_values){ .strings = r->head->options.label_vocabulary }, -1);
        in[n++] = values;
    }
    if (indices)
        in[n++] = indices;
    if (est_node_dtype(values) == EST_STRING)
        return est_op(g, "EstCheckKnown", NULL, (est_nodes){ in, n }, EST_ATTRS(EST_STRING_ATTR("what", "label_vocabulary")));
    return est_op(g, "EstCheckRange", NULL, (est_nodes){ in, n },
                  EST_ATTRS(EST_FLOAT_ATTR("low", 0), EST_FLOAT_ATTR("high", (double)classes - 1),
                            EST_STRING_ATTR("what", "label")));
}

est_node *est__head_label_ids(est__head_run *r, int64_t classes)
{
    est_node *labels = est__head_labels(r, 1);
    return est__is_nil(labels) ? labels : est__head_ids_of(r, labels, NULL, classes);
}

est_node *est__constant_floats(est_graph *g, est_floats values)
{
    est_shape shape = EST_SHAPE((int64_t)values.count);
    est_tensor *t;
    est_status st = est_tensor_new(EST_FLOAT, &shape, &t);
    if (st != EST_OK)
        return est__spoil(g, st);
    for (size_t i = 0; i < values.count; i++)
        ((float *)t->data)[i] = (float)values.data[i];
    est_node *c = est_constant(g, t);
    est_tensor_free(t);
    return c;
}

/* Of ids, the class's; of a binary label y in [0, 1], (1 - y) of class 0's and y of class 1's. */
est_node *est__head_class_weights(est__head_run *r)
{
    est_graph *g = r->g;
    est_floats weights = r->head->options.class_weights;
    const double *w = weights.data;
    if (est_node_dtype(r->labels) != EST_FLOAT)
        return est_gather(g, est__constant_floats(g, weights), r->labels, 0);
    est_node *rise = est_mul(g, r->labels, est_constant_float(g, w[1] - w[0]));
    return est_add(g, rise, est_constant_float(g, w[0]));
}

void est__head_threshold_metrics(est__head_run *r)
{
    est_graph *g = r->g;
    est_floats thresholds = r->head->options.thresholds;
    for (size_t i = 0; i < thresholds.count; i++) {
        char name[64];
        double t = thresholds.data[i];
        est_node *above = est__to_dtype(g, est_greater(g, r->scores, est_constant_float(g, t)), EST_FLOAT);
        est__print(name, sizeof name, "accuracy/positive_threshold_%g", t);
        est_spec_metric(r->spec, est_metric_accuracy(g, est__head_key(r, name), r->labels, above, r->weights));
        est__print(name, sizeof name, "precision/positive_threshold_%g", t);
        est_spec_metric(r->spec, est_metric_precision(g, est__head_key(r, name), r->labels, r->scores, r->weights, t));
        est__print(name, sizeof name, "recall/positive_threshold_%g", t);
        est_spec_metric(r->spec, est_metric_recall(g, est__head_key(r, name), r->labels, r->scores, r->weights, t));
    }
}

/* `row` [1, n], once for each row of `like`. */
static est_node *repeat(est_graph *g, est_node *row, est_node *like)
{
    est_node *rows =
        est_strided_slice(g, est_shape_of_node(g, like), EST_INTS(0), EST_INTS(1), EST_INTS(1), 1);
    est_node *multiples = est_pack(g, EST_NODES(rows, est_constant_int(g, EST_INT32, 1)), 0);
    return est_op(g, "Tile", NULL, EST_NODES(row, multiples), EST_NO_ATTRS);
}

static est_node *ids_row(est_graph *g, int64_t classes)
{
    est_node *range =
        est_op(g, "Range", NULL,
               EST_NODES(est_constant_int(g, EST_INT32, 0), est_constant_int(g, EST_INT32, classes),
                         est_constant_int(g, EST_INT32, 1)),
               EST_NO_ATTRS);
    return est_expand_dims(g, range, 0);
}

est_node *est__head_all_class_ids(est__head_run *r, int64_t classes)
{
    return repeat(r->g, ids_row(r->g, classes), r->logits);
}

est_node *est__head_all_classes(est__head_run *r, est_node *like, int64_t classes)
{
    est_graph *g = r->g;
    est_strings vocabulary = r->head->options.label_vocabulary;
    est_node *row;
    if (vocabulary.count)
        row = est_expand_dims(g, est_constant_strings(g, vocabulary), 0);
    else
        row = est_op(g, "AsString", NULL, EST_NODES(ids_row(g, classes)), EST_NO_ATTRS);
    return repeat(g, row, like);
}

est_node *est__head_class_ids(est__head_run *r, est_node *logits)
{
    return est_expand_dims(r->g, est_argmax(r->g, logits, -1), -1);
}

est_node *est__head_classes(est__head_run *r, est_node *class_ids)
{
    est_strings vocabulary = r->head->options.label_vocabulary;
    if (!vocabulary.count)
        return est_op(r->g, "AsString", "str_classes", EST_NODES(class_ids), EST_NO_ATTRS);
    return est_gather(r->g, est_constant_strings(r->g, vocabulary), class_ids, 0);
}
