/* RNNClassifier and RNNEstimator: recurrent layers over sequence columns, under a head (tf.estimator's
 * canned/rnn.py). */
#include "estimators/canned.h"

#include <estimator/nn.h>
#include <estimator/ops.h>

#include "base/base.h"

enum { LONGEST_NAME = 128 };

typedef struct model {
    est_column_list all, sequence, context;   /* of one array: the sequence columns first */
    est_ints units;
    bool one_layer;            /* units were a number, not a list: Keras' layer of the cell's own name */
    char cell[16];
    est_rnn_cell_fn cell_fn;   /* NULL: `units` layers of `cell` */
    void *cell_user;
    est_head *head;
    est_optimizer *optimizer;
} model;

static const char *const cell_types[] = { "simple_rnn", "lstm", "gru", NULL };

#define RNN_FIELDS(options)                                                                                          \
    EST_FIELD(options, COLUMNS, sequence_feature_columns, .needed = true, .doc = "what the model sees of each step"), \
    EST_FIELD(options, COLUMNS, context_feature_columns, .doc = "dense columns that stand beside each step"),        \
    { .name = "units", .type = EST_FIELD_INT, .offset = offsetof(options, layer_units), .min = 1, .max = INT32_MAX,  \
      .doc = "needed: of one layer, which is named after its cell" },                                                \
    EST_FIELD(options, INTS, units, .min = 1, .max = INT32_MAX, .doc = "units of each recurrent layer"),             \
    EST_FIELD(options, STRING, cell_type, .def_text = "simple_rnn", .choices = cell_types, .doc = "of all layers"),  \
    EST_CLIPPED_OPTIMIZER_FIELD(options, optimizer, "Adagrad", 0.05, 5.0)

static const est_field classifier_fields[] = {
    RNN_FIELDS(est_rnn_classifier_options),
    EST_CANNED_CLASSIFIER(est_rnn_classifier_options),
    { 0 },
};

static const est_field estimator_fields[] = {
    EST_CANNED_HEAD(est_rnn_estimator_options),
    RNN_FIELDS(est_rnn_estimator_options),
    { 0 },
};

/* "rnn_model/lstm/lstm_cell", "rnn_model/rnn/lstm_cell", "rnn_model/rnn/stacked_rnn_cells/lstm_cell_1". */
static void layer_name(const model *m, size_t i, char name[LONGEST_NAME])
{
    const char *stack = m->units.count > 1 ? "stacked_rnn_cells/" : "";
    if (m->one_layer)
        snprintf(name, LONGEST_NAME, "rnn_model/%s/%s_cell", m->cell, m->cell);
    else if (i == 0)
        snprintf(name, LONGEST_NAME, "rnn_model/rnn/%s%s_cell", stack, m->cell);
    else
        snprintf(name, LONGEST_NAME, "rnn_model/rnn/%s%s_cell_%zu", stack, m->cell, i);
}

static est_node *layers(est_graph *g, const model *m, est_node *x, est_node *length)
{
    char name[LONGEST_NAME];
    for (size_t i = 0; i < m->units.count; i++) {
        layer_name(m, i, name);
        est_rnn_options o = { .cell = m->cell, .name = name, .sequence_length = length,
                              .return_sequences = i + 1 < m->units.count };
        x = est_rnn(g, x, m->units.data[i], &o);
    }
    return x;
}

static est_status run_cell(est_graph *g, const model *m, est_mode mode, est_node *length, est_node **x)
{
    est_rnn_cell cell = { 0 };
    est_status st = m->cell_fn(mode, &cell, m->cell_user);
    if (st == EST_OK)
        *x = est_rnn_over(g, *x, &cell, &(est_rnn_over_options){ .sequence_length = length });
    return st;
}

static est_status logits_of(est_spec *spec, const model *m, const est_features *features, est_mode mode, est_node **out)
{
    est_graph *g = est_spec_graph(spec);
    est_node *length, *x = est_sequence_input_layer(g, features, m->sequence, "sequence_features/", &length);
    if (m->context.count)
        x = est_concatenate_context_and_sequence(g, est_input_layer(g, features, m->context, "dense_features/"), x);
    if (mode == EST_TRAIN)
        est_spec_histogram_summary(spec, "sequence_length", est_cast(g, length, EST_FLOAT));
    if (m->cell_fn)
        EST_TRY(run_cell(g, m, mode, length, &x));
    else
        x = layers(g, m, x, length);
    *out = est_dense(g, x, est_head_logits_dimension(m->head), &(est_dense_options){ .name = "rnn_model/logits" });
    return EST_OK;
}

static est_status model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    const model *m = user;
    est_node *logits;
    EST_TRY(logits_of(spec, m, features, mode, &logits));
    return est_head_spec(m->head, spec, features, labels, mode, logits, m->optimizer);
}

static void free_model(void *user)
{
    model *m = user;
    est_head_free(m->head);
    est_optimizer_free(m->optimizer);
    est__free((void *)(uintptr_t)m->all.data);
    est__free((void *)(uintptr_t)m->units.data);
    est__free(m);
}

static est_status check_units(const char *name, const est_rnn_estimator_options *o)
{
    if (o->rnn_cell_fn && (o->layer_units || o->units.count))
        return est__fail(EST_INVALID_ARGUMENT, "%s: rnn_cell_fn and units are both given; it takes one of them", name);
    if (o->rnn_cell_fn)
        return EST_OK;
    if (o->layer_units && o->units.count)
        return est__fail(EST_INVALID_ARGUMENT, "%s: layer_units and units are both given; it takes one of them", name);
    if (o->layer_units == 0 && o->units.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: units is missing: units of each recurrent layer", name);
    return EST_OK;
}

static est_status copy(const char *name, const est_rnn_estimator_options *o, model *m)
{
    est_ints layers = o->layer_units ? (est_ints){ &o->layer_units, 1 } : o->units;
    size_t sequence = o->sequence_feature_columns.count, context = o->context_feature_columns.count;
    est_column **all = est__malloc((sequence + context + 1) * sizeof *all);
    int64_t *units = est__malloc((layers.count + 1) * sizeof *units);
    m->all = (est_column_list){ all, sequence + context };
    m->sequence = (est_column_list){ all, sequence };
    m->units = (est_ints){ units, layers.count };
    m->one_layer = o->layer_units;
    m->cell_fn = o->rnn_cell_fn;
    m->cell_user = o->rnn_cell_user;
    if (all == NULL || units == NULL)
        return est__canned_no_memory(name);
    m->context = (est_column_list){ all + sequence, context };
    memcpy(all, o->sequence_feature_columns.data, sequence * sizeof *all);
    if (context)
        memcpy(all + sequence, o->context_feature_columns.data, context * sizeof *all);
    if (layers.count)
        memcpy(units, layers.data, layers.count * sizeof *units);
    snprintf(m->cell, sizeof m->cell, "%s", o->cell_type);
    if (o->optimizer == NULL)
        return est_estimator_optimizer(name, "optimizer", NULL, &m->optimizer);
    m->optimizer = est_optimizer_retain(o->optimizer);
    return EST_OK;
}

/* `head` is taken over. */
static est_status new_rnn(const char *name, const est_rnn_estimator_options *o, est_head *head, const est_run_config *config,
                          size_t config_size, est_estimator **out)
{
    model *m = est__calloc(1, sizeof *m);
    if (m == NULL) {
        est_head_free(head);
        return est__canned_no_memory(name);
    }
    m->head = head;
    est_status st = est__canned_dense(name, "context_feature_columns", o->context_feature_columns, "an RNN");
    if (st == EST_OK)
        st = check_units(name, o);
    if (st == EST_OK)
        st = copy(name, o, m);
    if (st != EST_OK) {
        free_model(m);
        return st;
    }
    return est_custom_new_sized(&(est_custom_options){ .name = name, .model_fn = model_fn, .feature_columns = m->all,
                                                       .head = m->head, .user = m, .free_user = free_model },
                                sizeof(est_custom_options), config, config_size, out);
}

est_status est_rnn_classifier_new_sized(const est_rnn_classifier_options *options, size_t size, const est_run_config *config,
                                        size_t config_size, est_estimator **out)
{
    est_rnn_classifier_options o;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_rnn_classifier, options, size, &o));
    est_rnn_estimator_options own = { .sequence_feature_columns = o.sequence_feature_columns,
                                      .context_feature_columns = o.context_feature_columns, .units = o.units,
                                      .layer_units = o.layer_units, .cell_type = o.cell_type, .optimizer = o.optimizer,
                                      .rnn_cell_fn = o.rnn_cell_fn, .rnn_cell_user = o.rnn_cell_user };
    est_head *h;
    EST_TRY(est__canned_classes(o.n_classes, EST_CANNED_CLASSES(o, o.loss_reduction), &h));
    return new_rnn("RNNClassifier", &own, h, config, config_size, out);
}

est_status est_rnn_estimator_new_sized(const est_rnn_estimator_options *options, size_t size, const est_run_config *config,
                                       size_t config_size, est_estimator **out)
{
    est_rnn_estimator_options o;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_rnn_estimator, options, size, &o));
    return new_rnn("RNNEstimator", &o, est_head_retain(o.head), config, config_size, out);
}

static est_status make_classifier(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                  est_estimator **out)
{
    return est_rnn_classifier_new_sized(options, size, config, config_size, out);
}

static est_status make_estimator(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                 est_estimator **out)
{
    return est_rnn_estimator_new_sized(options, size, config, config_size, out);
}

const est__canned_kind est__canned_rnn_classifier = {
    .name = "RNNClassifier", .fields = classifier_fields, .options_size = sizeof(est_rnn_classifier_options),
    .make = make_classifier };
const est__canned_kind est__canned_rnn_estimator = {
    .name = "RNNEstimator", .fields = estimator_fields, .options_size = sizeof(est_rnn_estimator_options),
    .make = make_estimator };
