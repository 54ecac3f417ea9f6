/* What the heads for classes share: labels to ids, ids to names, and the lists of all classes that
 * predictions carry. */
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

est_node *est__head_label_ids(est__head_run *r, int64_t classes)
{
    est_graph *g = r->g;
    est_strings vocabulary = r->head->options.label_vocabulary;
    est_node *labels = est__head_labels(r, 1);
    if (est__is_nil(labels))
        return labels;
    bool text = est_node_dtype(labels) == EST_STRING;
    if (text != (vocabulary.count > 0))
        return est__spoil(g,
                          est__head_fail(r->head, "labels are %s; %s", est_dtype_name(est_node_dtype(labels)),
                                         text ? "strings take a label_vocabulary"
                                              : "with label_vocabulary they must be string"));
    if (text) {
        est_node *ids = est__vocabulary_ids(g, labels, &(est_values){ .strings = vocabulary }, -1);
        return est_op(g, "EstCheckKnown", NULL, EST_NODES(ids, labels),
                      EST_ATTRS(EST_STRING_ATTR("what", "label_vocabulary")));
    }
    return est_op(g, "EstCheckRange", NULL, EST_NODES(labels),
                  EST_ATTRS(EST_FLOAT_ATTR("low", 0), EST_FLOAT_ATTR("high", (double)classes - 1),
                            EST_STRING_ATTR("what", "label")));
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
