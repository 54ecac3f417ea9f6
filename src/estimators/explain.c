/* est_explain: batches through a model whose logits are taken apart by feature. */
#include "estimators/explaining.h"

#include <estimator/explain.h>

#include "base/quadrature.h"

enum { STEPS = 50, MOST_STEPS = 10000 };

static const est_field fields[] = {
    EST_FIELD(est_explain_options, INT, steps, .min = 0, .max = MOST_STEPS, .doc = "points of the integral"),
    { 0 },
};

/* One call of est_explain. */
typedef struct call {
    est_estimator *e;
    const est_explain_options *o;
    est__model *m;
    est__explainer of_trees;      /* explain NULL: gradients */
    int64_t steps;
    double *point, *weight;
    const char **name;            /* of the features; of_trees has its own */
    size_t *feature;              /* by input */
    size_t num_features;
    size_t logits_at, parts_at, first_prediction;   /* places among the fetches */
    double *contribution, *bias, *logits;
    size_t cap_contribution, cap_bias, cap_logits;
    const char **key;
    const est_tensor **value;
    int64_t outputs;
} call;

static void call_free(call *c)
{
    if (c->of_trees.free)
        c->of_trees.free(c->of_trees.state);
    est__free(c->point);
    est__free(c->name);
    est__free(c->feature);
    est__free(c->contribution);
    est__free(c->bias);
    est__free(c->logits);
    est__free(c->key);
    est__free(c->value);
}

/* ---- before the batches ---- */

/* Columns of one name, of several parts of a model, are one feature. */
static est_status name_features(call *c)
{
    const est__explained *all = &c->m->explaining->inputs;
    c->name = est__calloc(all->count + 1, sizeof *c->name);
    c->feature = est__calloc(all->count + 1, sizeof *c->feature);
    if (c->name == NULL || c->feature == NULL)
        return est__fail_memory(all->count * sizeof *c->name);
    for (size_t i = 0; i < all->count; i++) {
        size_t f = 0;
        while (f < c->num_features && strcmp(c->name[f], all->input[i].name) != 0)
            f++;
        if (f == c->num_features)
            c->name[c->num_features++] = all->input[i].name;
        c->feature[i] = f;
    }
    return EST_OK;
}

static est_status make_points(call *c)
{
    c->steps = c->m->explaining->adds_up ? 1 : c->o->steps ? c->o->steps : STEPS;
    c->point = est__calloc((size_t)c->steps, 2 * sizeof *c->point);
    if (c->point == NULL)
        return est__fail_memory((size_t)c->steps * sizeof *c->point);
    c->weight = c->point + c->steps;
    est__gauss_legendre((int)c->steps, c->point, c->weight);
    return EST_OK;
}

static est_status plan(call *c, est_run_context *context)
{
    const est_spec *s = c->m->spec;
    est_node *parts = c->of_trees.explain ? c->m->explaining->inputs.matrix : c->m->explaining->parts;
    est_node **fetches = est__calloc(s->num_predictions + 2, sizeof *fetches);
    size_t n = 0;
    c->key = est__calloc(s->num_predictions + 1, sizeof *c->key);
    c->value = est__calloc(s->num_predictions + 1, sizeof *c->value);
    est_status st = fetches && c->key && c->value ? EST_OK : est__fail_memory(s->num_predictions * sizeof *fetches);
    if (st == EST_OK) {
        c->logits_at = n;
        fetches[n++] = s->logits;
        c->parts_at = n;
        if (parts)
            fetches[n++] = parts;
        c->first_prediction = n;
        for (size_t i = 0; i < s->num_predictions; i++) {
            c->key[i] = s->prediction[i].name;
            fetches[n++] = s->prediction[i].node;
        }
        st = est__model_plan(c->e, c->m, context, (est_nodes){ fetches, n }, (est_nodes){ 0 });
    }
    est__free(fetches);
    return st;
}

static est_status open_call(call *c, est_run_context *context)
{
    const est__verbs *verbs = c->e->verbs;
    c->outputs = est_head_logits_dimension(c->e->head);
    if (verbs && verbs->explainer) {
        EST_TRY(verbs->explainer(c->e->user, c->m->session, &c->of_trees));
        c->num_features = c->of_trees.feature.count;
    } else {
        EST_TRY(name_features(c));
    }
    EST_TRY(make_points(c));
    return plan(c, context);
}

/* ---- a batch ---- */
static void set_share(const call *c, double share)
{
    *(float *)est__session_variable(c->m->session, EST__EXPLAIN_SHARE)->value->data = (float)share;
}

static void set_output(const call *c, int64_t output)
{
    float *wanted = est__session_variable(c->m->session, EST__EXPLAIN_OUTPUT)->value->data;
    for (int64_t k = 0; k < c->outputs; k++)
        wanted[k] = k == output;
}

static est_status run_at(const call *c, double share)
{
    set_share(c, share);
    return est__run_step(c->m->run, c->m->fed, 0);
}

static est_status make_room(call *c, int64_t rows)
{
    size_t n = (size_t)(rows * c->outputs);
    EST_TRY(est__grow(&c->bias, &c->cap_bias, n + 1, sizeof *c->bias));
    EST_TRY(est__grow(&c->logits, &c->cap_logits, n + 1, sizeof *c->logits));
    EST_TRY(est__grow(&c->contribution, &c->cap_contribution, n * c->num_features + 1, sizeof *c->contribution));
    memset(c->contribution, 0, n * c->num_features * sizeof *c->contribution);
    return EST_OK;
}

static est_status take_logits(const call *c, int64_t rows, double *out)
{
    const est_tensor *t = est__run_fetch(c->m->run, c->logits_at);
    if (est__tensor_elements(t) != rows * c->outputs)
        return est__fail(EST_INVALID_ARGUMENT, "%s: the logits do not have the batch's %lld rows", c->e->name, (long long)rows);
    for (int64_t i = 0; i < rows * c->outputs; i++)
        out[i] = (double)((const float *)t->data)[i];
    return EST_OK;
}

/* Adds the products of this point of the way from the baseline. */
static void add_parts(const call *c, int64_t rows, int64_t output, double weight)
{
    const float *part = est__run_fetch(c->m->run, c->parts_at)->data;
    size_t inputs = c->m->explaining->inputs.count;
    for (int64_t r = 0; r < rows; r++) {
        double *out = c->contribution + (size_t)(r * c->outputs + output) * c->num_features;
        for (size_t i = 0; i < inputs; i++)
            out[c->feature[i]] += weight * (double)part[(size_t)r * inputs + i];
    }
}

/* The run that was made already was that of the baseline. */
static est_status integrate(call *c, int64_t rows)
{
    EST_TRY(take_logits(c, rows, c->bias));
    for (int64_t k = 0; k < c->outputs && c->num_features; k++) {
        set_output(c, k);
        for (int64_t q = 0; q < c->steps; q++) {
            EST_TRY(run_at(c, c->point[q]));
            add_parts(c, rows, k, c->weight[q]);
        }
    }
    est_status st = run_at(c, 1);
    set_share(c, 0);
    return st;
}

static est_status explain_trees(call *c, int64_t rows)
{
    const est_tensor *x = est__run_fetch(c->m->run, c->parts_at);
    if (est__tensor_elements(x) != rows * (int64_t)c->num_features)
        return est__fail(EST_INVALID_ARGUMENT, "%s: the features do not have the batch's %lld rows", c->e->name, (long long)rows);
    for (int64_t i = 0; i < rows * c->outputs; i++)
        c->bias[i] = c->of_trees.bias[i % c->outputs];
    return c->of_trees.explain(c->of_trees.state, x->data, rows, c->e->pool, c->contribution);
}

static est_status explain_batch(est__model *m, int64_t rows, void *user)
{
    call *c = user;
    EST_TRY(make_room(c, rows));
    EST_TRY(c->of_trees.explain ? explain_trees(c, rows) : integrate(c, rows));
    EST_TRY(take_logits(c, rows, c->logits));
    for (size_t i = 0; i < m->spec->num_predictions; i++)
        c->value[i] = est__run_fetch(m->run, c->first_prediction + i);
    est_predictions p = { .count = m->spec->num_predictions, .key = c->key, .value = c->value, .rows = rows };
    est_contributions batch = { .rows = rows, .outputs = c->outputs, .contribution = c->contribution, .bias = c->bias,
                                .logits = c->logits, .predictions = &p,
                                .feature = c->of_trees.explain ? c->of_trees.feature : (est_strings){ c->name, c->num_features } };
    return c->o->each(&batch, c->o->each_user);
}

/* ---- the verb ---- */
static est_status explain(est_estimator *e, const est_explain_options *o, est_dataset *d, est_run_context *context)
{
    call c = { .e = e, .o = o };
    if (o->each == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "%s: explain: each is needed", e->name);
    EST_TRY(est__model_ready(e, &e->explaining, EST_PREDICT, d, context, o->checkpoint_path));
    c.m = e->explaining;
    est_status st = open_call(&c, context);
    if (st == EST_OK) {
        set_share(&c, 0);
        st = est__model_run(e, c.m, context, d, (est__batches){ 0, explain_batch, &c });
    }
    call_free(&c);
    return st;
}

est_status est_explain_sized(est_estimator *e, const est_explain_options *options, size_t size)
{
    est_explain_options o;
    est_dataset *d = NULL;
    est_run_context context = est__context_new(e, (est_hook_list){ 0 });
    est_status st = est__fields_apply(fields, "explain", options, size, &o, sizeof o);
    if (st == EST_OK)
        st = est__estimator_dataset(e, EST_PREDICT, o.input_fn, o.user, &d);
    return est__verb_finish(e, d, &context, st == EST_OK ? explain(e, &o, d, &context) : st);
}

/* ---- the same as predictions ---- */
typedef struct forwarding {
    est_status (*each)(const est_predictions *batch, void *user);
    void *user;
} forwarding;

static est_status floats_of(const double *from, est_shape shape, est_tensor **out)
{
    EST_TRY(est_tensor_new(EST_FLOAT, &shape, out));
    for (int64_t i = 0; i < est__tensor_elements(*out); i++)
        ((float *)(*out)->data)[i] = (float)from[i];
    return EST_OK;
}

static est_status give(const forwarding *f, const est_contributions *c, const est_tensor *bias, const est_tensor *dfc)
{
    size_t n = c->predictions->count;
    const char **key = est__calloc(n + 2, sizeof *key);
    const est_tensor **value = est__calloc(n + 2, sizeof *value);
    est_status st = key && value ? EST_OK : est__fail_memory(n * sizeof *key);
    if (st == EST_OK) {
        memcpy(key, c->predictions->key, n * sizeof *key);
        memcpy(value, c->predictions->value, n * sizeof *value);
        key[n] = "bias";
        value[n] = bias;
        key[n + 1] = "dfc";
        value[n + 1] = dfc;
        st = f->each(&(est_predictions){ .count = n + 2, .key = key, .value = value, .rows = c->rows }, f->user);
    }
    est__free(key);
    est__free(value);
    return st;
}

static est_status forward(const est_contributions *c, void *user)
{
    est_tensor *bias = NULL, *dfc = NULL;
    int64_t n = (int64_t)c->feature.count;
    est_shape one = EST_SHAPE(c->rows, n), several = EST_SHAPE(c->rows, c->outputs, n);
    est_status st = floats_of(c->bias, EST_SHAPE(c->rows, c->outputs), &bias);
    if (st == EST_OK)
        st = floats_of(c->contribution, c->outputs == 1 ? one : several, &dfc);
    if (st == EST_OK)
        st = give(user, c, bias, dfc);
    est_tensor_free(bias);
    est_tensor_free(dfc);
    return st;
}

est_status est_predict_with_explanations_sized(est_estimator *e, const est_predict_options *options, size_t size)
{
    est_predict_options o = { 0 };
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    forwarding f = { o.each, o.each_user };
    return est_explain(e, &((est_explain_options){ .input_fn = o.input_fn, .user = o.user, .checkpoint_path = o.checkpoint_path,
                                                   .each = o.each ? forward : NULL, .each_user = &f }));
}
