/* The model behind DNN* and DNNLinearCombined*: a network of fully connected layers, a linear model, or the sum of both, under a head
 * (tf.estimator's canned/dnn.py and dnn_linear_combined.py). */
#include "estimators/canned.h"

#include <math.h>

#include <estimator/ops.h>

#include "base/base.h"
#include "estimators/estimator.h"

enum { LONGEST_NAME = 64 };

typedef struct model {
    est__wide_deep parts;
    est_activation_fn activation;
    char combiner[8];
    est_head *head;
    size_t num_dnn, num_all;      /* trainable variables of the deep part, of the graph */
    est_column *column[];         /* the deep part's, then the linear one's; the units of the hidden layers follow */
} model;

/* As tf.estimator's: how many of a layer's outputs are 0, and how they are spread. */
static void summarise(est_spec *spec, const char *layer, est_node *x)
{
    char tag[LONGEST_NAME + 32];
    est_graph *g = est_spec_graph(spec);
    est_graph_begin_scope(g, "zero_fraction");
    est_node *is_zero = est_cast(g, est_equal(g, x, est_constant_float(g, 0)), EST_FLOAT);
    est_node *fraction = est_reduce_mean(g, is_zero, EST_ALL_AXES, false);
    est_graph_end_scope(g);
    snprintf(tag, sizeof tag, "%s/fraction_of_zero_values", layer);
    est_spec_scalar_summary(spec, tag, fraction);
    snprintf(tag, sizeof tag, "%s/activation", layer);
    est_spec_histogram_summary(spec, tag, x);
}

static est_node *hidden_layer(est_spec *spec, const model *m, size_t i, est_node *x, bool training)
{
    char name[LONGEST_NAME], norm[2 * LONGEST_NAME];
    est_graph *g = est_spec_graph(spec);
    snprintf(name, sizeof name, "dnn/hiddenlayer_%zu", i);
    snprintf(norm, sizeof norm, "%s/batchnorm_%zu", name, i);
    x = est_dense(g, x, m->parts.hidden_units.data[i], &(est_dense_options){ .activation = m->activation, .name = name });
    if (training && m->parts.dropout > 0)
        x = est_dropout(g, x, m->parts.dropout);
    if (m->parts.batch_norm)
        x = est_batch_norm(g, x, &(est_batch_norm_options){ .training = training, .momentum = 0.999, .name = norm });
    if (training)
        summarise(spec, name, x);
    return x;
}

static est_node *dnn_logits(est_spec *spec, const model *m, const est_features *features, bool training)
{
    est_graph *g = est_spec_graph(spec);
    est_node *x = est_input_layer(g, features, m->parts.dnn_columns, "dnn/input_from_feature_columns/input_layer/");
    for (size_t i = 0; i < m->parts.hidden_units.count; i++)
        x = hidden_layer(spec, m, i, x, training);
    x = est_dense(g, x, est_head_logits_dimension(m->head), &(est_dense_options){ .name = "dnn/logits" });
    if (training)
        summarise(spec, "dnn/logits", x);
    return x;
}

static est_node *linear_logits(est_spec *spec, const model *m, const est_features *features, bool training)
{
    est_node *x = est_linear_model(est_spec_graph(spec), features, m->parts.linear_columns, est_head_logits_dimension(m->head),
                                   m->combiner, "linear/");
    if (training)
        summarise(spec, "linear", x);
    return x;
}

/* The deep part's variables were made first. The first optimizer counts the steps. */
static est_node *train(est_graph *g, est_node *loss, est_node *global_step, void *user)
{
    const model *m = user;
    est_nodes all = est_graph_trainable_variables(g);
    est_nodes dnn = { all.data, m->num_dnn }, linear = { all.data + m->num_dnn, m->num_all - m->num_dnn };
    if (m->parts.linear_columns.count == 0)
        return est_optimizer_minimize_variables(m->parts.dnn_optimizer, g, loss, dnn, global_step);
    if (m->parts.dnn_columns.count == 0)
        return est_optimizer_minimize_variables(m->parts.linear_optimizer, g, loss, linear, global_step);
    est_node *op = est_optimizer_minimize_variables(m->parts.dnn_optimizer, g, loss, dnn, global_step);
    est_node_after(op, est_optimizer_minimize_variables(m->parts.linear_optimizer, g, loss, linear, NULL));
    return op;
}

static est_status model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    model *m = user;
    est_graph *g = est_spec_graph(spec);
    bool training = mode == EST_TRAIN, deep = m->parts.dnn_columns.count > 0, wide = m->parts.linear_columns.count > 0;
    est_node *logits = deep ? dnn_logits(spec, m, features, training) : NULL;
    m->num_dnn = est_graph_trainable_variables(g).count;
    est_node *linear = wide ? linear_logits(spec, m, features, training) : NULL;
    m->num_all = est_graph_trainable_variables(g).count;
    logits = deep && wide ? est_add(g, logits, linear) : deep ? logits : linear;
    return est_head_spec_with(m->head, spec, features, labels, mode, logits, train, m);
}

/* ---- made and freed ---- */
static void free_model(void *user)
{
    model *m = user;
    est_head_free(m->head);
    est_optimizer_free(m->parts.dnn_optimizer);
    est_optimizer_free(m->parts.linear_optimizer);
    est__free(m);
}

static est_status check(const char *name, const est__wide_deep *p)
{
    EST_TRY(est__canned_dense(name, p->dnn_columns_name, p->dnn_columns, "a DNN"));
    if (p->dnn_columns.count + p->linear_columns.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: linear_feature_columns or dnn_feature_columns must be given", name);
    if (p->dnn_columns.count && p->hidden_units.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: dnn_hidden_units must be given with dnn_feature_columns", name);
    return EST_OK;
}

static model *copy(const est__wide_deep *p, est_head *head)
{
    size_t deep = p->dnn_columns.count, wide = p->linear_columns.count, units = p->hidden_units.count;
    model *m = est__calloc(1, sizeof *m + (deep + wide) * sizeof *m->column + units * sizeof(int64_t));
    if (m == NULL)
        return NULL;
    int64_t *hidden = (int64_t *)(void *)(m->column + deep + wide);
    m->parts = *p;
    if (deep)
        memcpy(m->column, p->dnn_columns.data, deep * sizeof *m->column);
    if (wide)
        memcpy(m->column + deep, p->linear_columns.data, wide * sizeof *m->column);
    if (units)
        memcpy(hidden, p->hidden_units.data, units * sizeof *hidden);
    m->parts.dnn_columns.data = m->column;
    m->parts.linear_columns.data = m->column + deep;
    m->parts.hidden_units.data = hidden;
    m->parts.dnn_optimizer = est_optimizer_retain(p->dnn_optimizer);
    m->parts.linear_optimizer = est_optimizer_retain(p->linear_optimizer);
    m->activation = est_activation(p->activation_fn);
    snprintf(m->combiner, sizeof m->combiner, "%s", p->sparse_combiner ? p->sparse_combiner : "sum");
    m->head = head;
    return m;
}

/* tf.estimator's own, where none was given. */
static est_status default_optimizers(model *m)
{
    size_t columns = m->parts.linear_columns.count;
    est_ftrl_options ftrl = { .learning_rate = fmin(0.005, 1 / sqrt((double)(columns ? columns : 1))) };
    est_status st = EST_OK;
    if (m->parts.dnn_optimizer == NULL)
        st = est_adagrad_optimizer_new(&(est_adagrad_options){ 0 }, &m->parts.dnn_optimizer);
    if (st == EST_OK && m->parts.linear_optimizer == NULL)
        st = est_ftrl_optimizer_new(&ftrl, &m->parts.linear_optimizer);
    return st;
}

est_status est__wide_deep_new(const char *name, const est__wide_deep *parts, est_head *head, const est_run_config *config,
                              size_t config_size, est_estimator **out)
{
    est__partitioning cut = { .scope = { "dnn/input_from_feature_columns/", "linear/" } };
    est_status st = check(name, parts);
    if (st == EST_OK)
        st = est__partitioner_check(&parts->partitioner, name, &cut.by);
    model *m = st == EST_OK ? copy(parts, head) : NULL;
    *out = NULL;
    if (m == NULL) {
        est_head_free(head);
        return st == EST_OK ? est__fail_memory(sizeof *m) : st;
    }
    st = default_optimizers(m);
    if (st != EST_OK) {
        free_model(m);
        return st;
    }
    est_column_list all = { m->column, parts->dnn_columns.count + parts->linear_columns.count };
    est_custom_options o = { .name = name, .model_fn = model_fn, .feature_columns = all, .head = head, .user = m,
                             .free_user = free_model, .warm_start_from = parts->warm_start_from };
    EST_TRY(est_custom_new_sized(&o, sizeof o, config, config_size, out));
    (*out)->parts = cut;
    return EST_OK;
}
