/* Predictors: one signature planned once, called by many threads, each with memory of its own. */
#include "export/load.h"

struct est_predictor {
    const est_signature *signature;
    est_graph *graph;
    est__plan *plan;
};

struct est_predictor_call {
    const est_predictor *predictor;
    est__run *run;
    uint64_t number;
};

static est_status choose(const est_saved_model *m, const char *key, const est_signature **out)
{
    est__buffer all = { 0 };
    *out = NULL;
    for (size_t i = 0; i < m->num_signatures; i++) {
        if (strcmp(m->signature[i].key, key ? key : "serving_default") == 0)
            *out = &m->signature[i];
        est__buffer_printf(&all, "%s%s", i ? ", " : "", m->signature[i].key);
    }
    if (*out == NULL && key == NULL && m->num_signatures == 1)
        *out = &m->signature[0];
    est_status st = *out ? EST_OK
                         : est__fail(EST_NOT_FOUND, "%s: there is no signature '%s'; there are: %s", m->dir,
                                     key ? key : "serving_default", all.data ? all.data : "none");
    est__buffer_free(&all);
    return st;
}

static est_status find_nodes(const est_predictor *p, const est_tensor_info *infos, size_t n, est_node **nodes)
{
    for (size_t i = 0; i < n; i++) {
        nodes[i] = est_graph_node(p->graph, infos[i].name);
        if (nodes[i] == NULL)
            return est__fail(EST_DATA_LOSS, "signature '%s': '%s' is no tensor of the graph", p->signature->key, infos[i].name);
    }
    return EST_OK;
}

/* Of the saved model only what its mutex guards is changed: its resources, which several predictors may be looking up. */
static est_status make(const est_saved_model *lent, est_predictor *p)
{
    est_saved_model *m = (est_saved_model *)(uintptr_t)lent;
    const est_signature *s = p->signature;
    est_node **nodes = est__malloc((s->num_inputs + s->num_outputs + 1) * sizeof *nodes), **outputs = nodes + s->num_inputs;
    if (nodes == NULL)
        return est__fail_memory(s->num_inputs * sizeof *nodes);
    est_status st = est__saved_model_graph(m, s, &p->graph);
    if (st == EST_OK)
        st = find_nodes(p, s->inputs, s->num_inputs, nodes);
    if (st == EST_OK)
        st = find_nodes(p, s->outputs, s->num_outputs, outputs);
    pthread_mutex_lock(&m->mutex);
    if (st == EST_OK)
        st = est__plan_new(p->graph, &(est__plan_options){ .resources = m->resources, .feeds = { nodes, s->num_inputs },
                                                           .fetches = { outputs, s->num_outputs } }, &p->plan);
    pthread_mutex_unlock(&m->mutex);
    est__free(nodes);
    return st;
}

est_status est_predictor_new(const est_saved_model *m, const char *signature, est_predictor **out)
{
    est_predictor *p = est__calloc(1, sizeof *p);
    *out = NULL;
    est_status st = p ? choose(m, signature, &p->signature) : est__fail_memory(sizeof *p);
    if (st == EST_OK)
        st = make(m, p);
    if (st != EST_OK) {
        est_predictor_free(p);
        return st;
    }
    *out = p;
    return EST_OK;
}

void est_predictor_free(est_predictor *p)
{
    if (p == NULL)
        return;
    est__plan_free(p->plan);
    est_graph_free(p->graph);
    est__free(p);
}

const est_signature *est_predictor_signature(const est_predictor *p)
{
    return p->signature;
}

est_status est_predictor_call_new(const est_predictor *p, est_predictor_call **out)
{
    est_predictor_call *c = est__calloc(1, sizeof *c);
    *out = NULL;
    if (c == NULL)
        return est__fail_memory(sizeof *c);
    c->predictor = p;
    est_status st = est__run_new(p->plan, NULL, &c->run);
    if (st != EST_OK) {
        est_predictor_call_free(c);
        return st;
    }
    *out = c;
    return EST_OK;
}

void est_predictor_call_free(est_predictor_call *c)
{
    if (c == NULL)
        return;
    est__run_free(c->run);
    est__free(c);
}

est_status est_predictor_run(est_predictor_call *c, const est_tensor *const *inputs, const est_tensor **outputs)
{
    const est_signature *s = c->predictor->signature;
    for (size_t i = 0; i < s->num_inputs; i++) {
        const est_tensor_info *info = &s->inputs[i];
        char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
        if (inputs[i]->dtype != info->dtype || !est__shape_compatible(&inputs[i]->shape, &info->shape))
            return est__fail(EST_INVALID_ARGUMENT, "signature '%s': input '%s' is %s %s; %s %s is wanted", s->key, info->key,
                             est_dtype_name(inputs[i]->dtype), est__shape_string(a, &inputs[i]->shape), est_dtype_name(info->dtype),
                             est__shape_string(b, &info->shape));
    }
    EST_TRY(est__run_step(c->run, inputs, c->number++));
    for (size_t i = 0; i < s->num_outputs; i++)
        outputs[i] = est__run_fetch(c->run, i);
    return EST_OK;
}
