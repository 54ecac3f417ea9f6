/* Heads: their life and options, and the way from logits and labels to loss, training op and metrics,
 * which all kinds go. */
#include <estimator/ops.h>

#include "heads/head.h"
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

static bool has_field(const est_head_kind *kind, const char *name)
{
    const est_field *f = kind->fields;
    while (f->type && strcmp(f->name, name) != 0)
        f++;
    return f->type;
}

/* Whether a field of that type was given; those of options structs are told by their first word. */
static bool is_given(const est_head_options *o, const est_field *f)
{
    const char *at = (const char *)o + f->offset;
    if (f->type == EST_FIELD_BOOL)
        return *(const bool *)at;
    if (f->type == EST_FIELD_VALUES)
        return ((const est_values *)at)->strings.count || ((const est_values *)at)->ints.count;
    return *(const uint64_t *)at != 0;
}

/* An option of another kind would be passed over in silence. */
static est_status refuse_others(const est_head *h)
{
    const est_head_options *o = &h->options;
    for (const est_head_kind *const *k = est__head_kinds; *k; k++)
        for (const est_field *f = (*k)->fields; f->type; f++)
            if (!has_field(h->kind, f->name) && is_given(o, f))
                return est__head_fail(h, "%s is given; it is an option of %s", f->name, (*k)->name);
    if (o->loss_fn && !h->kind->takes_loss_fn)
        return est__head_fail(h, "loss_fn is given; it has a loss of its own");
    if (o->inverse_link_fn && !h->kind->takes_link_fn)
        return est__head_fail(h, "inverse_link_fn is given; it is an option of RegressionHead");
    return EST_OK;
}

static est_status fill(est_head *h, const est_head_options *options, size_t size)
{
    EST_TRY(est__fields_apply(h->kind->fields, h->kind->name, options, size, &h->options, sizeof h->options));
    EST_TRY(refuse_others(h));
    EST_TRY(est__fields_copy(h->kind->fields, &h->options, &h->arena));
    for (size_t i = 0; i < h->options.heads.count; i++)
        est_head_retain(h->options.heads.data[i]);
    h->filled = true;
    return h->kind->check ? h->kind->check(h) : EST_OK;
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
    for (size_t i = 0; h->filled && i < h->options.heads.count; i++)
        est_head_free(h->options.heads.data[i]);
    est__arena_free(&h->arena);
    est__free(h);
}

const char *est_head_name(const est_head *h)
{
    return h->options.name;
}

est_head_list est_head_parts(const est_head *h)
{
    return h ? h->options.heads : (est_head_list){ 0 };
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

est_node *est__head_spoil(est__head_run *r, const char *format, ...)
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
        return est__head_spoil(r, "%s are %s; they must be [batch] or [batch, n]", what,
                               rank < 0 ? "of unknown rank" : rank == 0 ? "a scalar" : "of more than two dimensions");
    return x;
}

est_node *est__head_labels(est__head_run *r, int64_t dimension)
{
    if (est__is_nil(r->label.value))
        return &r->g->nil;
    if (r->label.indices)
        return est__head_spoil(r, "the label '%s' is of variable length; this head takes labels of one length", r->label.name);
    est_node *labels = widen(r, r->label.value, "labels");
    int64_t n = est__is_nil(labels) ? -1 : est_node_shape(labels)->dim[1];
    if (n < 0 || n == dimension || dimension < 0)
        return labels;
    return est__head_spoil(r, "an example has %lld labels, the head takes %lld%s", (long long)n, (long long)dimension,
                           has_field(r->head->kind, "label_dimension") ? "; set label_dimension" : "");
}

est_node *est__head_numbers(est__head_run *r, int64_t dimension, double low, double high)
{
    est_node *labels = est__head_labels(r, dimension);
    if (est__is_nil(labels))
        return labels;
    if (est_node_dtype(labels) == EST_STRING)
        return est__head_spoil(r, "labels are string; they must be numbers");
    return est_op(r->g, "EstCheckRange", NULL, EST_NODES(est__to_dtype(r->g, labels, EST_FLOAT)),
                  EST_ATTRS(EST_FLOAT_ATTR("low", low), EST_FLOAT_ATTR("high", high), EST_STRING_ATTR("what", "label")));
}

/* The weight column as a numeric column would see it. */
static est_node *read_weights(est__head_run *r)
{
    const char *key = r->head->options.weight_column;
    const est_feature_nodes *in = est_features_find(r->features, key);
    char what[256];
    if (!in) {
        est__buffer names = { 0 };
        for (size_t i = 0; i < r->features->count; i++)
            est__buffer_printf(&names, "%s'%s'", i ? ", " : "", r->features->data[i].name);
        est_node *nil = est__head_spoil(r, "weight_column '%s' is not in the data, which holds %s", key,
                                        names.size ? names.data : "none");
        est__buffer_free(&names);
        return nil;
    }
    if (est__is_nil(in->value))
        return &r->g->nil;
    if (in->indices || est_node_dtype(in->value) == EST_STRING)
        return est__head_spoil(r, "weight_column '%s' is %s; it must be one number an example", key,
                               in->indices ? "of variable length" : "string");
    est_node *weights = widen(r, est__to_dtype(r->g, in->value, EST_FLOAT), "weights");
    int64_t n = est__is_nil(weights) ? 1 : est_node_shape(weights)->dim[1];
    if (n > 1 && !(r->head->kind->per_logit_weights && n == est_head_logits_dimension(r->head)))
        return est__head_spoil(r, "weight_column '%s' has %lld numbers an example; it must be one", key, (long long)n);
    snprintf(what, sizeof what, "weight_column '%.200s'", key);
    return est_op(r->g, "EstCheckWeights", NULL, EST_NODES(weights), EST_ATTRS(EST_STRING_ATTR("what", what)));
}

void est__head_classify_output(est__head_run *r, est_node *probabilities, int64_t classes)
{
    est_nodes outputs = EST_NODES(est__head_all_classes(r, probabilities, classes), probabilities);
    est_spec_export_output(r->spec, "serving_default", "classify", EST_STRINGS("classes", "scores"), outputs);
    est_spec_export_output(r->spec, "classification", "classify", EST_STRINGS("classes", "scores"), outputs);
}

void est__head_predictions_output(est__head_run *r)
{
    size_t n = r->spec->num_predictions;
    const char **keys = est__arena_alloc(&r->spec->arena, (n + 1) * sizeof *keys);
    est_node **nodes = est__arena_alloc(&r->spec->arena, (n + 1) * sizeof *nodes);
    if (!keys || !nodes) {
        est__spoil(r->g, est__fail_memory(n * sizeof *keys));
        return;
    }
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
        return est__head_spoil(r, "logits are %s; they must be [batch, %lld]", est__shape_string(text, shape),
                               (long long)wanted);
    return est__to_dtype(r->g, r->logits, EST_FLOAT);
}

est_status est__head_open(est__head_run *r)
{
    r->logits = check_logits(r);
    EST_TRY(est_graph_status(r->g));
    if (r->head->kind->open)
        return r->head->kind->open(r);
    return r->mode == EST_PREDICT || r->label.value
               ? EST_OK
               : est__head_fail(r->head, "there are no labels; training and evaluating take them");
}

void est__head_predict(est__head_run *r)
{
    est_graph_begin_scope(r->g, "predictions");
    r->head->kind->predict(r, r->mode == EST_PREDICT);
    est_graph_end_scope(r->g);
}

static est_node *custom_losses(est__head_run *r)
{
    const est_head_options *o = &r->head->options;
    int64_t wanted = r->head->kind->per_logit_weights ? est_head_logits_dimension(r->head) : 1;
    char text[EST__SHAPE_TEXT_SIZE];
    est_node *losses = o->loss_fn(r->g, r->labels, r->logits, r->features, o->loss_user);
    if (losses && est__is_nil(losses))
        return losses;
    const est_shape *shape = losses ? est_node_shape(losses) : NULL;
    if (!shape || shape->rank != 2 || (shape->dim[1] >= 0 && shape->dim[1] != wanted))
        return est__head_spoil(r, "loss_fn gave %s; it must give [batch, %lld]", shape ? est__shape_string(text, shape) : "NULL",
                               (long long)wanted);
    return est__to_dtype(r->g, losses, EST_FLOAT);
}

/* The mean or the sum of the losses, each weighted as its example and, in training, as its class. */
static est_node *reduced_loss(est__head_run *r)
{
    const est_head_options *o = &r->head->options;
    if (o->weight_column)
        r->weights = read_weights(r);
    r->head->kind->labels(r);
    if (est_graph_status(r->g) != EST_OK)
        return &r->g->nil;
    r->spec->labels = r->labels;
    est__spec_target(r->spec, "labels", r->labels);
    if (r->weights)
        est__spec_target(r->spec, "weights", r->weights);
    r->losses = o->loss_fn ? custom_losses(r) : r->head->kind->losses(r);
    r->loss_weights = r->weights;
    if (o->class_weights.count && r->mode == EST_TRAIN) {
        est_node *of_class = est__head_class_weights(r);
        r->loss_weights = r->weights ? est_mul(r->g, r->weights, of_class) : of_class;
    }
    r->spec->loss_weights = r->loss_weights;
    return est_loss_reduce(r->g, r->losses, r->loss_weights, o->loss_reduction);
}

void est__head_loss(est__head_run *r)
{
    est_graph_begin_scope(r->g, "losses");
    r->loss = r->head->kind->loss ? r->head->kind->loss(r) : reduced_loss(r);
    est_graph_end_scope(r->g);
}

/* The losses of regularizers are added to the head's own, not to those of a MultiHead's parts. */
static void add_penalties(est__head_run *r)
{
    est_nodes all = r->spec->penalties;
    if (all.count == 0 || est_graph_status(r->g) != EST_OK)
        return;
    r->spec->penalty = all.count > 1 ? est_add_n(r->g, all) : all.data[0];
    r->loss = est_add(r->g, r->loss, r->spec->penalty);
}

/* Their mean over the batches. */
static void add_penalty_metric(est__head_run *r)
{
    if (r->spec->penalty)
        est_spec_metric(r->spec, est_metric_mean(r->g, est__head_key(r, "regularization_loss"), r->spec->penalty, NULL));
}

void est__head_metrics(est__head_run *r)
{
    est_graph_begin_scope(r->g, "metrics");
    r->head->kind->metrics(r);
    est_graph_end_scope(r->g);
}

static est_status run(est__head_run *r)
{
    EST_TRY(est__head_open(r));
    est__head_predict(r);
    if (r->mode == EST_PREDICT)
        return est_graph_status(r->g);
    est__head_loss(r);
    add_penalties(r);
    est_spec_loss(r->spec, r->loss);
    if (r->mode == EST_EVAL && est_graph_status(r->g) == EST_OK) {
        est__head_metrics(r);
        add_penalty_metric(r);
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
    if (r->parts)   /* TensorFlow opens the scope "training" once for each part, and numbers it */
        r->g->training_scope = est__arena_printf(&r->g->arena, "training_%zu", r->head->options.heads.count);
    est_spec_train_op(r->spec, train_op_fn(r->g, r->loss, r->spec->global_step, user));
    if (r->head->options.name)   /* "loss" itself is every training's */
        est_spec_scalar_summary(r->spec, est__head_key(r, "loss"), r->loss);
    if (r->spec->penalty)
        est_spec_scalar_summary(r->spec, est__head_key(r, "regularization_loss"), r->spec->penalty);
    return est_graph_status(r->g);
}

static est_feature_nodes label_of(const est_spec *s, est_node *labels)
{
    const est_feature_nodes *sparse = est_spec_sparse_labels(s);
    return sparse ? *sparse : (est_feature_nodes){ .value = labels };
}

est_status est_head_spec_with(est_head *h, est_spec *s, const est_features *features, est_node *labels,
                              est_mode mode, est_node *logits, est_train_op_fn train_op_fn, void *user)
{
    est_graph *g = est_spec_graph(s);
    EST_TRY(est_graph_status(g));
    est__head_run r = { .head = h, .g = g, .spec = s, .mode = mode, .features = features, .logits = logits,
                        .label = label_of(s, labels) };
    est_graph_begin_scope(g, "head");
    est_status st = run(&r);
    s->logits = r.logits;
    est_graph_end_scope(g);
    if (st == EST_OK && mode == EST_TRAIN)
        st = train(&r, train_op_fn, user);
    for (size_t i = 0; r.parts && i < h->options.heads.count; i++)
        est__spec_free(r.parts[i].spec);
    est__free(r.parts);
    return st;
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
    est__head_run r = { .head = h, .g = g, .spec = s, .mode = EST_TRAIN, .features = features, .logits = logits,
                        .label = label_of(s, labels) };
    EST_TRY(est_graph_status(g));
    if (h->options.heads.count)
        return est__head_fail(h, "it has a target for each of its heads; one head is wanted");
    EST_TRY(est__head_open(&r));
    est_graph_begin_scope(g, "head");
    est__head_loss(&r);
    est_graph_end_scope(g);
    est_spec_loss(s, r.loss);
    *targets = r.labels;
    *weights = r.loss_weights;
    return est_graph_status(g);
}
