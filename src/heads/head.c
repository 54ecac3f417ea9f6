/* Heads: their life and options, and the way from logits and labels to loss, training op and metrics,
 * which all kinds go. */
#include <estimator/ops.h>

#include "heads/head.h"
#include "heads/spec.h"
#include "tensor/tensor.h"

const char *const est__loss_reductions[] = { "sum_over_batch_size", "sum", NULL };

est_status est__head_fail(const est_head *h, const char *format, ...)
{
    char text[768];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return est__fail(EST_INVALID_ARGUMENT, "%s: %s", h->kind->name, text);
}

static const est_head_kind *find_kind(const char *name)
{
    const est_head_kind *const *k = est__head_kinds;
    while (*k && !(name && strcmp((*k)->name, name) == 0))
        k++;
    return *k;
}

static est_status unknown_kind(const char *name)
{
    const char *const *names = est_head_kinds();
    size_t count = 0;
    while (names[count])
        count++;
    const char *near = name ? est__nearest(name, names, count) : NULL;
    return est__fail(EST_INVALID_ARGUMENT, "'%s' is no head%s%s%s", name ? name : "(NULL)",
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

const est_field *est_head_fields(const char *kind)
{
    const est_head_kind *k = find_kind(kind);
    return k ? k->fields : NULL;
}

static est_status fill(est_head *h, const est_head_options *options, size_t size)
{
    EST_TRY(est__fields_apply(h->kind->fields, h->kind->name, options, size, &h->options, sizeof h->options));
    EST_TRY(est__fields_copy(h->kind->fields, &h->options, &h->arena));
    return h->kind->check(h);
}

est_status est_head_new_sized(const char *kind, const est_head_options *options, size_t size, est_head **out)
{
    const est_head_kind *k = find_kind(kind);
    *out = NULL;
    if (!k)
        return unknown_kind(kind);
    est_head *h = est__calloc(1, sizeof *h);
    if (!h)
        return est__fail_memory(sizeof *h);
    atomic_init(&h->owners, 1);
    h->kind = k;
    est_status st = fill(h, options, size);
    if (st != EST_OK) {
        est_head_free(h);
        h = NULL;
    }
    *out = h;
    return st;
}

est_head *est_head_retain(est_head *h)
{
    if (h)
        atomic_fetch_add(&h->owners, 1);
    return h;
}

void est_head_free(est_head *h)
{
    if (!h || atomic_fetch_sub(&h->owners, 1) != 1)
        return;
    est__arena_free(&h->arena);
    est__free(h);
}

int64_t est_head_logits_dimension(const est_head *h)
{
    return h->kind->logits_dimension(h);
}

est_feature est_head_label(const est_head *h)
{
    return h->kind->label(h);
}

est_feature est_head_weight(const est_head *h)
{
    return (est_feature){ .name = h->options.weight_column, .dtype = EST_FLOAT, .shape = EST_SHAPE(1) };
}

const char *est__head_key(est__head_run *r, const char *key)
{
    if (!r->head->options.name)
        return key;
    const char *text = est__arena_printf(&r->spec->arena, "%s/%s", key, r->head->options.name);
    if (!text)
        est__spoil(r->g, est__fail_memory(strlen(key)));
    return text ? text : key;
}

est_node *est__to_dtype(est_graph *g, est_node *x, est_dtype dtype)
{
    return est__is_nil(x) || est_node_dtype(x) == dtype ? x : est_cast(g, x, dtype);
}

static est_node *fail(est__head_run *r, const char *format, ...) EST_PRINTF(2, 3);
static est_node *fail(est__head_run *r, const char *format, ...)
{
    char text[768];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return est__spoil(r->g, est__head_fail(r->head, "%s", text));
}

/* [batch, n]; what is [batch] is widened. */
static est_node *widen(est__head_run *r, est_node *x, const char *what)
{
    int rank = est_node_shape(x)->rank;
    if (rank == 1)
        return est_expand_dims(r->g, x, -1);
    if (rank != 2)
        return fail(r, "%s are %s; they must be [batch] or [batch, n]", what,
                    rank < 0 ? "of unknown rank" : rank == 0 ? "a scalar" : "of more than two dimensions");
    return x;
}

est_node *est__head_labels(est__head_run *r, int64_t dimension)
{
    if (est__is_nil(r->labels))
        return &r->g->nil;
    est_node *labels = widen(r, r->labels, "labels");
    int64_t n = est__is_nil(labels) ? -1 : est_node_shape(labels)->dim[1];
    if (n < 0 || n == dimension)
        return labels;
    return fail(r, "an example has %lld labels, the head takes %lld%s", (long long)n, (long long)dimension,
                r->head->kind->per_logit_weights ? "; set label_dimension" : "");
}

/* The weight column as a numeric column would see it. */
static est_node *read_weights(est__head_run *r)
{
    const char *key = r->head->options.weight_column;
    const est_feature_nodes *in = est_features_find(r->features, key);
    if (!in) {
        est__buffer names = { 0 };
        for (size_t i = 0; i < r->features->count; i++)
            est__buffer_printf(&names, "%s'%s'", i ? ", " : "", r->features->data[i].name);
        est_node *nil = fail(r, "weight_column '%s' is not in the data, which holds %s", key,
                             names.size ? names.data : "none");
        est__buffer_free(&names);
        return nil;
    }
    if (est__is_nil(in->value))
        return &r->g->nil;
    if (in->indices || est_node_dtype(in->value) == EST_STRING)
        return fail(r, "weight_column '%s' is %s; it must be one number an example", key,
                    in->indices ? "of variable length" : "string");
    est_node *weights = widen(r, est__to_dtype(r->g, in->value, EST_FLOAT), "weights");
    int64_t n = est__is_nil(weights) ? 1 : est_node_shape(weights)->dim[1];
    if (n > 1 && !(r->head->kind->per_logit_weights && n == est_head_logits_dimension(r->head)))
        return fail(r, "weight_column '%s' has %lld numbers an example; it must be one", key, (long long)n);
    return weights;
}

void est__head_predictions_output(est__head_run *r)
{
    const char *keys[16];
    est_node *nodes[16];
    size_t n = r->spec->num_predictions < 16 ? r->spec->num_predictions : 16;
    for (size_t i = 0; i < n; i++) {
        keys[i] = r->spec->prediction[i].name;
        nodes[i] = r->spec->prediction[i].node;
    }
    est_spec_export_output(r->spec, "predict", "predict", (est_strings){ keys, n }, (est_nodes){ nodes, n });
}

static est_node *check_logits(est__head_run *r)
{
    const est_shape *shape = est_node_shape(r->logits);
    int64_t wanted = est_head_logits_dimension(r->head);
    char text[EST__SHAPE_TEXT_SIZE];
    if (shape->rank != 2 || (shape->dim[1] >= 0 && shape->dim[1] != wanted))
        return fail(r, "logits are %s; they must be [batch, %lld]", est__shape_string(text, shape),
                    (long long)wanted);
    return est__to_dtype(r->g, r->logits, EST_FLOAT);
}

static est_node *loss_of(est__head_run *r)
{
    est_graph_begin_scope(r->g, "losses");
    if (r->head->options.weight_column)
        r->weights = read_weights(r);
    r->head->kind->losses(r);
    r->spec->labels = r->labels;
    r->spec->weights = r->weights;
    est_node *loss = est_loss_reduce(r->g, r->losses, r->weights, r->head->options.loss_reduction);
    est_graph_end_scope(r->g);
    return loss;
}

static est_status run(est__head_run *r, est_mode mode)
{
    est_graph_begin_scope(r->g, "predictions");
    r->head->kind->predict(r, mode == EST_PREDICT);
    est_graph_end_scope(r->g);
    if (mode == EST_PREDICT)
        return est_graph_status(r->g);
    if (!r->labels)
        return est__head_fail(r->head, "there are no labels; training and evaluating take them");
    est_node *loss = loss_of(r);
    est_spec_loss(r->spec, loss);
    if (mode == EST_EVAL) {
        est_graph_begin_scope(r->g, "metrics");
        r->head->kind->metrics(r);
        est_graph_end_scope(r->g);
    }
    return est_graph_status(r->g);
}

static est_node *minimize(est_graph *g, est_node *loss, est_node *global_step, void *optimizer)
{
    return est_optimizer_minimize(optimizer, g, loss, global_step);
}

static est_status train(est__head_run *r, est_train_op_fn train_op_fn, void *user)
{
    if (!train_op_fn)
        return est__head_fail(r->head, "there is no optimizer; training takes one");
    est_spec_train_op(r->spec, train_op_fn(r->g, r->spec->loss, r->spec->global_step, user));
    if (r->head->options.name)   /* "loss" itself is every training's */
        est_spec_scalar_summary(r->spec, est__head_key(r, "loss"), r->spec->loss);
    return est_graph_status(r->g);
}

static est_status check_sparse_labels(const est_head *h, const est_spec *s)
{
    const est_feature_nodes *sparse = est_spec_sparse_labels(s);
    if (!sparse || h->kind->takes_sparse_labels)
        return EST_OK;
    return est__head_fail(h, "the label '%s' is of variable length; this head takes labels of one length", sparse->name);
}

est_status est_head_spec_with(est_head *h, est_spec *s, const est_features *features, est_node *labels,
                              est_mode mode, est_node *logits, est_train_op_fn train_op_fn, void *user)
{
    est_graph *g = est_spec_graph(s);
    EST_TRY(est_graph_status(g));
    EST_TRY(check_sparse_labels(h, s));
    est__head_run r = {
        .head = h, .g = g, .spec = s, .features = features, .logits = logits, .labels = labels
    };
    r.logits = check_logits(&r);
    EST_TRY(est_graph_status(g));
    est_graph_begin_scope(g, "head");
    est_status st = run(&r, mode);
    est_graph_end_scope(g);
    return st == EST_OK && mode == EST_TRAIN ? train(&r, train_op_fn, user) : st;
}

est_status est_head_spec(est_head *h, est_spec *s, const est_features *features, est_node *labels,
                         est_mode mode, est_node *logits, est_optimizer *optimizer)
{
    return est_head_spec_with(h, s, features, labels, mode, logits, optimizer ? minimize : NULL, optimizer);
}

est_status est__head_targets(est_head *h, est_spec *s, const est_features *features, est_node *labels, est_node *logits,
                             est_node **targets, est_node **weights)
{
    est_graph *g = est_spec_graph(s);
    est__head_run r = { .head = h, .g = g, .spec = s, .features = features, .logits = logits, .labels = labels };
    EST_TRY(est_graph_status(g));
    if (!labels)
        return est__head_fail(h, "there are no labels; training and evaluating take them");
    EST_TRY(check_sparse_labels(h, s));
    r.logits = check_logits(&r);
    EST_TRY(est_graph_status(g));
    est_graph_begin_scope(g, "head");
    est_spec_loss(s, loss_of(&r));
    est_graph_end_scope(g);
    *targets = r.labels;
    *weights = r.weights;
    return est_graph_status(g);
}
