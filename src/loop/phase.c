/* The two phases: data, graphs and plans. Both graphs share the variables of one session. */
#include <estimator/ops.h>

#include "loop/loop.h"

static est_status fail_in(const est__phase *p, est_status st)
{
    return st == EST_OK ? st : est__fail_in(st, "%s", p->mode == EST_TRAIN ? "training" : "validation");
}

/* ---- data ---- */

static est_status open_data(est_training_loop *l, est__phase *p)
{
    est_input_context context = { .mode = p->mode, .num_input_pipelines = 1 };
    if (p->dataset == NULL) {
        est__error_clear();
        est_status st = p->input_fn(&context, &p->dataset, p->user);
        if (st != EST_OK && *est_error() == 0)
            return est__fail(st, "input_fn returned %s", est_status_name(st));
        EST_TRY(st);
        if (p->dataset == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "input_fn gave no dataset");
    }
    if (p->wanted == 0 && p->batches == 0) {
        if (est__dataset_endless(p->dataset))
            return est__fail(EST_INVALID_ARGUMENT, "the data repeat for ever: %s_batches says how many make an epoch",
                             p->mode == EST_TRAIN ? "training" : "validation");
        EST_TRY(est__dataset_count(p->dataset, &l->stop, &p->batches));
    }
    return EST_OK;
}

void est__loop_close_data(est_training_loop *l)
{
    est_dataset_free(l->training.dataset);
    est_dataset_free(l->validation.dataset);
    l->training.dataset = l->validation.dataset = NULL;
}

/* ---- graphs ---- */

static est_node *loss_of(const est_training_loop *l, est__phase *p, est_node *labels, const est_features *features)
{
    est_graph *g = p->graph;
    est_node *loss;
    if (l->loss && labels == NULL)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "the data hold no label, which the loss '%s' takes", l->loss);
    loss = l->loss ? est_loss(g, l->loss, labels, p->output, NULL) : l->o.loss_fn(g, labels, p->output, features, l->o.loss_user);
    if (est__is_nil(loss))
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "loss_fn gave no loss");
    return est_node_shape(loss)->rank == 0 ? loss : est_loss_reduce(g, loss, NULL, NULL);
}

/* An optimizer that takes over a model counts its own steps: what it does depends on how many it has made. */
static est_node *minimize_anew(const est_training_loop *l, est__phase *p, est_node *global_step)
{
    est_graph *g = p->graph;
    est_node *all = est_optimizer_minimize_variables(l->optimizer, g, p->loss, est_graph_trainable_variables(g), NULL);
    est_node *count = est_op(g, "AssignAddVariableOp", NULL, EST_NODES(global_step, est_constant_int(g, EST_INT64, 1)), EST_NO_ATTRS);
    est_node_after(count, all);
    return count;
}

/* The step that a training batch makes. */
static void add_step(const est_training_loop *l, est__phase *p, const est_features *features, est_node *labels, est_node *global_step)
{
    est_loop_step s = { .g = p->graph, .features = features, .labels = labels, .optimizer = l->optimizer, .global_step = global_step,
                        .output = p->output, .loss = p->loss };
    if (l->fit.differentiable_step == NULL) {
        p->train_op = l->carried ? minimize_anew(l, p, global_step)
                                 : est_optimizer_minimize(l->optimizer, p->graph, p->loss, global_step);
        return;
    }
    l->fit.differentiable_step(&s, l->fit.step_user);
    p->output = s.output;
    p->loss = s.loss;
    p->train_op = s.train_op;
    if (est_graph_status(p->graph) == EST_OK && (est__is_nil(s.output) || est__is_nil(s.loss) || s.train_op == NULL))
        est__graph_fail(p->graph, EST_INVALID_ARGUMENT, "differentiable_step gave no %s",
                        est__is_nil(s.output) ? "output" : est__is_nil(s.loss) ? "loss" : "train_op");
}

/* Variables for the place of the loop, which checkpoints hold. */
static void add_place(est_graph *g)
{
    static const char *const names[] = { "epoch", "batch", "read", "pass", "rate_is_set" };
    char name[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, EST__LOOP_SCOPE "%s", names[i]);
        est_variable(g, name, &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    }
}

static est_status build(est_training_loop *l, est__phase *p)
{
    est_features features;
    EST_TRY(est__inputs_of(&p->in, p->dataset));
    size_t n = p->in.num_features;
    est_feature_nodes *nodes = est__arena_alloc(&p->in.arena, (n + 1) * sizeof *nodes);
    est__input_use *use = est__arena_alloc(&p->in.arena, (n + 1) * sizeof *use);
    if (nodes == NULL || use == NULL)
        return est__fail_memory(n * sizeof *nodes);
    for (size_t i = 0; i < n; i++)
        use[i] = (int)i == p->in.label ? EST__INPUT_LABEL : EST__INPUT_FEATURE;
    EST_TRY(est_graph_new(&p->graph));
    est_node *step = est_variable(p->graph, "global_step", &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    if (p->mode == EST_TRAIN)
        add_place(p->graph);
    EST_TRY(est__inputs_nodes(&p->in, p->graph, use, nodes, &features));
    est_node *labels = p->in.label >= 0 ? nodes[p->in.label].value : NULL;
    p->output = l->fit.model(p->graph, &features, p->mode, l->fit.model_user);
    if (est_graph_status(p->graph) == EST_OK && est__is_nil(p->output))
        return est__fail(EST_INVALID_ARGUMENT, "the model gave no output");
    p->loss = loss_of(l, p, labels, &features);
    p->num_own = p->graph->num_variables;
    if (p->mode == EST_TRAIN)
        add_step(l, p, &features, labels, step);
    EST_TRY(est_graph_status(p->graph));
    if (est_node_dtype(p->loss) != EST_FLOAT || est_shape_elements(est_node_shape(p->loss)) > 1)
        return est__fail(EST_INVALID_ARGUMENT, "the loss '%s' must be a float32 scalar", est_node_name(p->loss));
    return EST_OK;
}

/* The model's own variables go on with the values that they had under another optimizer. */
static void take_carried(est_training_loop *l)
{
    const est__phase *p = &l->training;
    for (size_t i = 0; l->carried && i < p->num_own; i++) {
        const est__variable *from = est__session_variable(l->carried, p->graph->variable[i].name);
        const est__variable *to = est__session_variable(l->session, p->graph->variable[i].name);
        if (from && from->value->dtype == to->value->dtype && est_shape_equal(&from->value->shape, &to->value->shape))
            memcpy(to->value->data, from->value->data, est__tensor_bytes(to->value));
    }
    est__session_free(l->carried);
    l->carried = NULL;
}

static est_status start_session(est_training_loop *l)
{
    char name[96];
    EST_TRY(est__session_new(l->training.graph, (uint64_t)l->o.random_seed, &l->session));
    EST_TRY(est__session_start(l->session, NULL));
    snprintf(name, sizeof name, "training/%s/learning_rate", est_optimizer_name(l->optimizer));
    l->rate = est__session_variable(l->session, name);
    take_carried(l);
    l->global_step = *(const int64_t *)est__session_variable(l->session, "global_step")->value->data;
    if (l->validation.graph)
        return fail_in(&l->validation, est__session_share(l->session, l->validation.graph));
    return EST_OK;
}

static est_status build_all(est_training_loop *l)
{
    EST_TRY(fail_in(&l->training, build(l, &l->training)));
    if (l->validation.input_fn == NULL)
        return start_session(l);
    if (!est__inputs_same(&l->training.in, l->validation.dataset))
        return est__fail(EST_INVALID_ARGUMENT, "validation: the features are others than those of training");
    EST_TRY(fail_in(&l->validation, build(l, &l->validation)));
    return start_session(l);
}

/* ---- plans ---- */

static est_status add_gradients(est__phase *p)
{
    est_nodes variables = est_graph_trainable_variables(p->graph);
    p->gradient = est__calloc(variables.count + 1, sizeof *p->gradient);
    if (p->gradient == NULL)
        return est__fail_memory(variables.count * sizeof *p->gradient);
    p->num_gradients = variables.count;
    return est_gradients(p->graph, p->loss, variables, p->gradient);
}

static void unplan(est__phase *p)
{
    est__phase_forget(p);
    est__run_free(p->run);
    est__plan_free(p->late);
    est__plan_free(p->early);
    p->run = NULL;
    p->late = p->early = NULL;
}

/* Output and loss, then the gradients that there are, each its value and its indices. */
static est_status plan(est_training_loop *l, est__phase *p, bool gradients)
{
    est_node **fetches = est__malloc((2 * p->num_gradients + 2) * sizeof *fetches);
    size_t n = 0;
    if (fetches == NULL)
        return est__fail_memory(p->num_gradients * sizeof *fetches);
    fetches[n++] = p->output;
    fetches[n++] = p->loss;
    for (size_t i = 0; gradients && i < p->num_gradients; i++) {
        if (p->gradient[i].value)
            fetches[n++] = p->gradient[i].value;
        if (p->gradient[i].indices)
            fetches[n++] = p->gradient[i].indices;
    }
    unplan(p);
    p->options = (est__plan_options){ .resources = l->session->resources, .feeds = { p->in.feeds, p->in.num_feeds },
                                      .fetches = { fetches, n }, .targets = { &p->train_op, p->train_op != NULL },
                                      .checked = p->mode == EST_TRAIN ? p->loss : NULL, .seed = (uint64_t)l->o.random_seed };
    est_status st = est__plan_split(p->graph, &p->options, &p->early, &p->late, NULL);
    p->options.fetches = (est_nodes){ 0 };
    if (st == EST_OK)
        st = est__run_new(p->late, l->pool, &p->run);
    est__free(fetches);
    return st;
}

est_status est__loop_build(est_training_loop *l)
{
    l->gradients = est__loop_wants_gradients(l);
    EST_TRY(fail_in(&l->training, open_data(l, &l->training)));
    if (l->validation.input_fn)
        EST_TRY(fail_in(&l->validation, open_data(l, &l->validation)));
    if (l->session == NULL)
        EST_TRY(build_all(l));
    if (l->gradients && l->training.gradient == NULL)
        EST_TRY(fail_in(&l->training, add_gradients(&l->training)));
    EST_TRY(fail_in(&l->training, plan(l, &l->training, l->gradients)));
    return l->validation.graph ? fail_in(&l->validation, plan(l, &l->validation, false)) : EST_OK;
}

static void unbuild(est__phase *p)
{
    unplan(p);
    est_graph_free(p->graph);
    est__inputs_free(&p->in);
    est__free(p->gradient);
    p->in = (est__inputs){ 0 };
    p->gradient = NULL;
    p->num_gradients = 0;
    p->graph = NULL;
    p->output = p->loss = p->train_op = NULL;
}

void est__loop_carry(est_training_loop *l)
{
    est__session **from = l->session ? &l->session : &l->carried, *kept = *from;
    *from = NULL;
    est__loop_unbuild(l);
    l->carried = kept;
}

void est__loop_unbuild(est_training_loop *l)
{
    est__session_free(l->carried);
    l->carried = NULL;
    est__session_free(l->session);
    l->session = NULL;
    l->rate = NULL;
    l->rate_is_set = false;
    l->has_output = l->has_loss = l->has_gradients = false;
    unbuild(&l->training);
    unbuild(&l->validation);
}

/* ---- batches ---- */

est_status est__phase_open(est_training_loop *l, est__phase *p)
{
    bool endless = est__dataset_endless(p->dataset);
    if (p->feeder && endless)
        return EST_OK;
    EST_TRY(fail_in(p, est__dataset_start_pass(p->dataset, (uint64_t)l->o.random_seed, p->passes)));
    p->passes++;
    bool training = p->mode == EST_TRAIN;
    return est__feeder_new(p->dataset, p->early, p->in.feed, p->in.num_feeds, training ? "step" : "validation batch",
                           training ? l->global_step : 0, training, &p->feeder);
}

est_status est__phase_next(est__phase *p, const est_tensor *const **feeds)
{
    int64_t rows;
    p->batch = NULL;
    est__phase_restore(p);
    EST_TRY(est__feeder_next(p->feeder, feeds, &rows));
    p->batch = est__feeder_batch(p->feeder);
    return EST_OK;
}

void est__phase_close(est__phase *p)
{
    est__feeder_free(p->feeder);
    p->feeder = NULL;
    p->batch = NULL;
    est__phase_restore(p);
}
