/* What the heads of regressions share: label_dimension numbers, predictions through an inverse link. */
#include "heads/head.h"

int64_t est__regression_dimension(const est_head *h)
{
    return h->options.label_dimension ? h->options.label_dimension : 1;
}

est_feature est__regression_label(const est_head *h)
{
    int64_t n = est__regression_dimension(h);
    return (est_feature){ .dtype = EST_FLOAT, .shape = n == 1 ? EST_SCALAR : EST_SHAPE(n) };
}

/* What the logits stand for: their mean, by the kind's link or by the user's. */
static est_node *predicted(est__head_run *r)
{
    const est_head_options *o = &r->head->options;
    char text[2][EST__SHAPE_TEXT_SIZE];
    if (r->head->kind->link)
        return r->head->kind->link(r->g, r->logits);
    if (!o->inverse_link_fn)
        return r->logits;
    est_node *mean = o->inverse_link_fn(r->g, r->logits, o->link_user);
    if (!mean || est__is_nil(mean))
        return mean ? mean : est__head_spoil(r, "inverse_link_fn gave NULL");
    const est_shape *is = est_node_shape(mean), *wanted = est_node_shape(r->logits);
    if (is->rank != 2 || (is->dim[1] >= 0 && is->dim[1] != wanted->dim[1]))
        return est__head_spoil(r, "inverse_link_fn gave %s; it must give the shape of the logits, %s",
                               est__shape_string(text[0], is), est__shape_string(text[1], wanted));
    return mean;
}

void est__regression_predict(est__head_run *r, bool export_outputs)
{
    r->scores = predicted(r);
    est_spec_prediction(r->spec, "predictions", r->scores);
    if (r->scores != r->logits)
        est_spec_prediction(r->spec, "logits", r->logits);
    if (!export_outputs)
        return;
    est_spec_export_output(r->spec, "serving_default", "regress", EST_STRINGS("outputs"), EST_NODES(r->scores));
    est_spec_export_output(r->spec, "regression", "regress", EST_STRINGS("outputs"), EST_NODES(r->scores));
    est__head_predictions_output(r);
}

void est__regression_metrics(est__head_run *r)
{
    est_spec_metric(r->spec, est_metric_mean(r->g, est__head_key(r, "average_loss"), r->losses, r->weights));
    est_spec_metric(r->spec, est_metric_mean(r->g, est__head_key(r, "prediction/mean"), r->scores, r->weights));
    est_spec_metric(r->spec, est_metric_mean(r->g, est__head_key(r, "label/mean"), r->labels, r->weights));
}
