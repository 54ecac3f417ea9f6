/* MultiHead: several named heads side by side, each with its part of the logits and a label of its own; the loss is
 * the weighted sum of theirs. */
#include <math.h>

#include <estimator/ops.h>

#include "heads/head.h"

static const est_field fields[] = {
    EST_FIELD(est_head_options, HEADS, heads, .needed = true, .doc = "heads, each with a name"),
    EST_FIELD(est_head_options, FLOATS, head_weights, .doc = "of each head's loss; none: 1"),
    { 0 }
};

static est_status check_part(const est_head *h, size_t i)
{
    est_head_list heads = h->options.heads;
    const est_head *part = heads.data[i];
    const char *reduction = part->options.loss_reduction, *first = heads.data[0]->options.loss_reduction;
    if (part->options.heads.count)
        return est__head_fail(h, "heads[%zu] is a MultiHead; heads cannot be nested", i);
    if (!part->options.name)
        return est__head_fail(h, "heads[%zu] (%s) has no name; give each head a name, which its label has too", i, part->kind->name);
    for (size_t k = 0; k < i; k++)
        if (strcmp(heads.data[k]->options.name, part->options.name) == 0)
            return est__head_fail(h, "heads[%zu] and heads[%zu] are both named '%s'", k, i, part->options.name);
    if (strcmp(reduction, first) != 0)
        return est__head_fail(h, "the loss_reduction of head '%s' is %s, that of head '%s' %s; it must be the same for all",
                              heads.data[0]->options.name, first, part->options.name, reduction);
    return EST_OK;
}

static est_status check(est_head *h)
{
    est_head_list heads = h->options.heads;
    est_floats weights = h->options.head_weights;
    char number[32];
    for (size_t i = 0; i < heads.count; i++)
        EST_TRY(heads.data[i] ? check_part(h, i) : est__head_fail(h, "heads[%zu] is NULL", i));
    if (weights.count && weights.count != heads.count)
        return est__head_fail(h, "head_weights has %zu numbers for %zu heads", weights.count, heads.count);
    for (size_t i = 0; i < weights.count; i++)
        if (!isfinite(weights.data[i])) {
            est__format_double(number, weights.data[i]);
            return est__head_fail(h, "head_weights[%zu] is %s; it must be a finite number", i, number);
        }
    return EST_OK;
}

static int64_t logits_dimension(const est_head *h)
{
    int64_t n = 0;
    for (size_t i = 0; i < h->options.heads.count; i++)
        n += est_head_logits_dimension(h->options.heads.data[i]);
    return n;
}

static est_feature label(const est_head *h)
{
    (void)h;
    return (est_feature){ .dtype = EST_FLOAT };
}

static est_status find_label(const est__head_run *r, est__head_run *part)
{
    const est_feature_nodes *label = est_spec_find_label(r->spec, part->head->options.name);
    if (label)
        part->label = *label;
    else if (r->mode != EST_PREDICT)
        return est__head_fail(r->head, "head '%s' has no label: the data must hold one of that name", part->head->options.name);
    return EST_OK;
}

/* Each part gets its slice of the logits, its label, and a spec that collects its predictions. */
static est_status open(est__head_run *r)
{
    est_head_list heads = r->head->options.heads;
    int64_t first = 0;
    r->parts = est__calloc(heads.count, sizeof *r->parts);
    if (!r->parts)
        return est__fail_memory(heads.count * sizeof *r->parts);
    for (size_t i = 0; i < heads.count; i++) {
        est__head_run *part = &r->parts[i];
        int64_t n = est_head_logits_dimension(heads.data[i]);
        *part = (est__head_run){ .head = heads.data[i], .g = r->g, .mode = r->mode, .features = r->features };
        EST_TRY(est__spec_new(r->g, est_spec_global_step(r->spec), &part->spec));
        part->logits = est_slice(r->g, r->logits, EST_INTS(0, first), EST_INTS(-1, n));
        EST_TRY(find_label(r, part));
        EST_TRY(est__head_open(part));
        first += n;
    }
    return EST_OK;
}

/* "<head>/<key>", lent by the spec. */
static const char *joined(est__head_run *r, const char *head, const char *key)
{
    const char *text = est__arena_printf(&r->spec->arena, "%s/%s", head, key);
    if (!text)
        est__spoil(r->g, est__fail_memory(strlen(head)));
    return text ? text : key;
}

static void copy_output(est__head_run *r, const char *key, const est__export_output *o)
{
    const char **keys = est__arena_alloc(&r->spec->arena, (o->count + 1) * sizeof *keys);
    est_node **nodes = est__arena_alloc(&r->spec->arena, (o->count + 1) * sizeof *nodes);
    if (!keys || !nodes) {
        est__spoil(r->g, est__fail_memory(o->count * sizeof *keys));
        return;
    }
    for (size_t i = 0; i < o->count; i++) {
        keys[i] = o->output[i].name;
        nodes[i] = o->output[i].node;
    }
    est_spec_export_output(r->spec, key, o->method, (est_strings){ keys, o->count }, (est_nodes){ nodes, o->count });
}

/* The signatures of the parts: "<head>", their default, and "<head>/<key>"; the first part's default is ours. */
static void merge_outputs(est__head_run *r)
{
    for (size_t i = 0; i < r->head->options.heads.count; i++) {
        const est_spec *s = r->parts[i].spec;
        const char *name = r->parts[i].head->options.name;
        for (size_t k = 0; k < s->num_export_outputs; k++) {
            const est__export_output *o = &s->export_output[k];
            bool is_default = strcmp(o->key, "serving_default") == 0;
            if (i == 0 && is_default)
                copy_output(r, o->key, o);
            copy_output(r, is_default ? name : joined(r, name, o->key), o);
        }
    }
}

static void predict(est__head_run *r, bool export_outputs)
{
    for (size_t i = 0; i < r->head->options.heads.count; i++) {
        est__head_run *part = &r->parts[i];
        est__head_predict(part);
        for (size_t k = 0; k < part->spec->num_predictions; k++)
            est_spec_prediction(r->spec, joined(r, part->head->options.name, part->spec->prediction[k].name),
                                part->spec->prediction[k].node);
    }
    if (!export_outputs)
        return;
    merge_outputs(r);
    est__head_predictions_output(r);
}

static est_node *loss(est__head_run *r)
{
    size_t n = r->head->options.heads.count;
    const double *weight = r->head->options.head_weights.count ? r->head->options.head_weights.data : NULL;
    est_node **losses = est__arena_alloc(&r->spec->arena, n * sizeof *losses);
    if (!losses)
        return est__spoil(r->g, est__fail_memory(n * sizeof *losses));
    for (size_t i = 0; i < n; i++) {
        est__head_run *part = &r->parts[i];
        est__head_loss(part);
        for (size_t k = 0; k < part->spec->num_targets; k++)
            est__spec_target(r->spec, joined(r, part->head->options.name, part->spec->target[k].name), part->spec->target[k].node);
        losses[i] = weight ? est_mul(r->g, part->loss, est_constant_float(r->g, weight[i])) : part->loss;
        if (r->mode == EST_TRAIN)
            est_spec_scalar_summary(r->spec, joined(r, "loss", part->head->options.name), part->loss);
    }
    return est_add_n(r->g, (est_nodes){ losses, n });
}

static void metrics(est__head_run *r)
{
    for (size_t i = 0; i < r->head->options.heads.count; i++) {
        est__head_run *part = &r->parts[i];
        const char *key = joined(r, "loss", part->head->options.name);
        est_spec_metric(r->spec, est_metric_mean(r->g, key, part->loss, NULL));
        est__head_metrics(part);
        for (size_t k = 0; k < part->spec->num_metrics; k++)
            est_spec_metric(r->spec, part->spec->metric[k]);
    }
}

const est_head_kind est__multi_head = {
    .name = "MultiHead", .fields = fields, .check = check, .logits_dimension = logits_dimension, .label = label, .open = open,
    .predict = predict, .loss = loss, .metrics = metrics
};
