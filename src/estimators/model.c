/* One mode's graph over a dataset's features, and its session; kept between calls. */
#include "estimators/estimator.h"

#include <sys/stat.h>

#include <estimator/ops.h>

#include "train/model_dir.h"

/* Whether a feature is the label of one of a MultiHead's heads. */
static bool is_label_of(const est_head *head, const char *name)
{
    est_head_list parts = est_head_parts(head);
    for (size_t i = 0; i < parts.count; i++)
        if (strcmp(est_head_name(parts.data[i]), name) == 0)
            return true;
    return false;
}

/* Placeholders for the features of the batches. Those of a MultiHead's labels go into the spec. */
static est_status make_features(est__model *m, const est_head *head, est_features *features, est_feature_nodes *label)
{
    est__inputs *in = &m->in;
    est_feature_nodes *nodes = est__arena_alloc(&in->arena, (in->num_features + 1) * sizeof *nodes);
    est__input_use *use = est__arena_alloc(&in->arena, (in->num_features + 1) * sizeof *use);
    *label = (est_feature_nodes){ 0 };
    if (nodes == NULL || use == NULL)
        return est__fail_memory(in->num_features * sizeof *nodes);
    for (size_t i = 0; i < in->num_features; i++) {
        bool is_label = (int)i == in->label || is_label_of(head, in->feature[i].name);
        use[i] = !is_label ? EST__INPUT_FEATURE : m->mode == EST_PREDICT ? EST__INPUT_UNUSED : EST__INPUT_LABEL;
    }
    EST_TRY(est__inputs_nodes(in, m->graph, use, nodes, features));
    for (size_t i = 0; i < in->num_features; i++) {
        if (use[i] == EST__INPUT_LABEL && (int)i == in->label)
            *label = nodes[i];
        else if (use[i] == EST__INPUT_LABEL)
            est_spec_label(m->spec, nodes[i]);
    }
    return EST_OK;
}

est_status est__check_spec(const est_estimator *e, const est_graph *g, const est_spec *s, est_mode mode)
{
    if (mode != EST_PREDICT && s->loss == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "%s: model_fn gave no loss", e->name);
    if (mode == EST_TRAIN && s->train_op == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "%s: model_fn gave no train_op", e->name);
    if (mode == EST_PREDICT && s->num_predictions == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: model_fn gave no predictions", e->name);
    for (size_t i = 0; i < g->num_variables && mode == EST_TRAIN; i++)
        if (g->variable[i].restore_name)
            return est__fail(EST_INVALID_ARGUMENT, "%s: model_fn restores variable '%s' as '%s' in training; that is for the other modes",
                             e->name, g->variable[i].name, g->variable[i].restore_name);
    if (s->loss && (est_node_dtype(s->loss) != EST_FLOAT || est_shape_elements(est_node_shape(s->loss)) > 1))
        return est__fail(EST_INVALID_ARGUMENT, "%s: model_fn's loss must be a float32 scalar", e->name);
    return EST_OK;
}

/* "learning_rate", or "learning_rate/Ftrl" where several change. */
static void summarise_rates(const est__model *m)
{
    const est_graph *g = m->graph;
    for (size_t i = 0; i < g->num_rates; i++) {
        char tag[96];
        snprintf(tag, sizeof tag, g->num_rates > 1 ? "learning_rate/%s" : "learning_rate", g->rate[i].optimizer);
        est_spec_scalar_summary(m->spec, tag, g->rate[i].node);
    }
}

static est_status build(est_estimator *e, est__model *m, const est_dataset *d, est_run_context *c)
{
    est_features features;
    est_feature_nodes label;
    EST_TRY(est__inputs_of(&m->in, d));
    if (m->mode != EST_PREDICT && e->head && !est_head_parts(e->head).count && m->in.label < 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: the data hold no label", e->name);
    EST_TRY(est_graph_new(&m->graph));
    est_node *step = est_variable(m->graph, "global_step", &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    EST_TRY(est__spec_new(m->graph, step, &m->spec));
    if (m->explaining)
        EST_TRY(est__explaining_begin(m));
    EST_TRY(make_features(m, e->head, &features, &label));
    m->spec->sparse_labels = label.indices ? label : (est_feature_nodes){ 0 };
    EST_TRY(e->model_fn(m->spec, &features, label.value, m->mode, e->user));
    summarise_rates(m);
    EST_TRY(est_graph_status(m->graph));
    EST_TRY(est__check_spec(e, m->graph, m->spec, m->mode));
    EST_TRY(m->mode == EST_EVAL ? est__add_metrics_to(e, m->spec, &features, label.value) : EST_OK);
    if (m->explaining)
        EST_TRY(est__explaining_end(e, m));
    if (c) {
        m->altered = est__hooks_alter(c, m->spec);
        EST_TRY(est__hooks_begin(c, m->graph, m->spec, m->mode));
    }
    EST_TRY(est__device_fn_check(e, m->graph));
    return est__session_new(m->graph, (uint64_t)e->config.tf_random_seed, &m->session);
}

est_status est__model_new(est_estimator *e, est_mode mode, const est_dataset *d, est_run_context *c, est__model **out)
{
    est__model *m = est__calloc(1, sizeof *m);
    *out = NULL;
    if (m == NULL)
        return est__fail_memory(sizeof *m);
    m->mode = mode;
    est_status st = out == &e->explaining ? est__explaining_new(&m->explaining) : EST_OK;
    if (st == EST_OK)
        st = build(e, m, d, c);
    if (st != EST_OK) {
        est__model_free(m);
        return st;
    }
    *out = m;
    return EST_OK;
}

void est__model_unplan(est__model *m)
{
    est__run_free(m->run);
    est__plan_free(m->late);
    est__plan_free(m->early);
    est__free(m->planned);
    m->planned = NULL;
    m->run = NULL;
    m->late = m->early = NULL;
}

void est__model_free(est__model *m)
{
    if (m == NULL)
        return;
    est__run_free(m->results_run);
    est__plan_free(m->results);
    est__model_unplan(m);
    est__session_free(m->session);
    est__spec_free(m->spec);
    est_graph_free(m->graph);
    est__explaining_free(m->explaining);
    est__free(m->checkpoint);
    est__inputs_free(&m->in);
    est__free(m);
}

/* A model that is to be there. */
typedef struct wanted {
    est_estimator *e;
    est__model **place;
    est_mode mode;
    const est_dataset *dataset;
    est_run_context *hooks;
} wanted;

/* Which file that .index is: a model directory that was emptied and trained anew has other checkpoints of the same names. */
static uint64_t identity_of(const char *prefix)
{
    est__buffer path = { 0 };
    struct stat info;
    uint64_t id = 0;
    est__buffer_printf(&path, "%s.index", prefix);
    if (path.status == EST_OK && stat(path.data, &info) == 0) {
        int64_t parts[] = { (int64_t)info.st_ino, (int64_t)info.st_size, (int64_t)info.st_mtim.tv_sec, (int64_t)info.st_mtim.tv_nsec };
        id = est__fingerprint64(parts, sizeof parts);
    }
    est__buffer_free(&path);
    return id;
}

/* Where variables take their shapes from the checkpoint, there is a graph for each. */
static est_status rebuild(const wanted *w, const est__bundle *bundle)
{
    est__model_free(*w->place);
    *w->place = NULL;
    EST_TRY(w->e->verbs->prepare(w->e->user, bundle));
    return est__model_new(w->e, w->mode, w->dataset, w->hooks, w->place);
}

static est_status restore(const wanted *w, const char *prefix)
{
    est__bundle *bundle;
    uint64_t identity = identity_of(prefix);
    est__model *m = *w->place;
    if (m && m->checkpoint && strcmp(m->checkpoint, prefix) == 0 && m->identity == identity)
        return EST_OK;
    EST_TRY(est__checkpoint_bundle(prefix, &bundle));
    est_status st = w->e->verbs ? rebuild(w, bundle) : EST_OK;
    m = *w->place;
    if (st == EST_OK)
        st = est__session_start(m->session, bundle);
    if (st == EST_OK)
        st = est__session_run_op(m->session, m->spec->local_init_op);
    est__bundle_free(bundle);
    if (m == NULL)
        return st;
    est__free(m->checkpoint);
    m->checkpoint = st == EST_OK ? est__strdup(prefix) : NULL;
    m->started = m->started || st == EST_OK;
    m->identity = identity;
    return st == EST_OK && m->checkpoint == NULL ? est__fail_memory(64) : st;
}

static bool is_there(const char *prefix)
{
    est__buffer path = { 0 };
    est__buffer_printf(&path, "%s.index", prefix);
    bool there = path.status == EST_OK && est__is_file(path.data);
    est__buffer_free(&path);
    return there;
}

/* The newest checkpoint that can be read. A trainer at work may remove one while it is being opened: then there is a newer one. */
static est_status restore_newest(const wanted *w)
{
    for (int tries = 0;; tries++) {
        est__checkpoints list;
        est_status st = est__checkpoints_list(w->e->model_dir, &list);
        if (st == EST_OK && list.note)
            est__log(EST_LOG_WARNING, "%s", list.note);
        if (st == EST_OK && list.count == 0 && w->e->first_checkpoint)
            st = restore(w, w->e->first_checkpoint);
        else if (st == EST_OK && list.count == 0)
            st = est__fail(EST_NOT_FOUND, "%s: there is no checkpoint: train first", w->e->model_dir);
        else if (st == EST_OK)
            st = restore(w, list.prefix[0]);
        for (size_t i = 1; i < list.count && st == EST_DATA_LOSS; i++) {
            est__log(EST_LOG_WARNING, "%s; %s is taken", est_error(), list.prefix[i]);
            st = restore(w, list.prefix[i]);
        }
        bool removed = st == EST_NOT_FOUND && list.count > 0 && !is_there(list.prefix[0]);
        est__checkpoints_free(&list);
        if (!removed || tries == 4)
            return st;
    }
}

/* A model that hooks add to serves once, and those hooks need a new one. */
static bool serves(const est__model *m, const est_dataset *d, const est_run_context *c)
{
    return !m->altered && m->graph->status == EST_OK && est__inputs_same(&m->in, d) && !est__hooks_alter(c, m->spec);
}

/* The model at `place`, if it serves, or a new one. */
static est_status have(const wanted *w)
{
    if (*w->place && !serves(*w->place, w->dataset, w->hooks)) {
        est__model_free(*w->place);
        *w->place = NULL;
    }
    return *w->place || w->e->verbs ? EST_OK : est__model_new(w->e, w->mode, w->dataset, w->hooks, w->place);
}

static est_status begin_hooks(const wanted *w)
{
    est__model *m = *w->place;
    return w->hooks->graph == m->graph ? EST_OK : est__hooks_begin(w->hooks, m->graph, m->spec, w->mode);
}

est_status est__model_ready(est_estimator *e, est__model **place, est_mode mode, const est_dataset *d, est_run_context *c,
                            const char *path)
{
    wanted w = { .e = e, .place = place, .mode = mode, .dataset = d, .hooks = c };
    EST_TRY(have(&w));
    EST_TRY(path ? restore(&w, path) : restore_newest(&w));
    return begin_hooks(&w);
}

static est_status copy_variables(est__model *m, const est__session *from)
{
    const est_graph *g = m->graph;
    for (size_t i = 0; i < g->num_variables; i++) {
        const est__variable *have = est__session_variable(from, est__restore_name(&g->variable[i]));
        est__variable *v = est__session_variable(m->session, g->variable[i].name);
        if (g->variable[i].local)
            continue;
        if (have == NULL || !est_shape_equal(&have->value->shape, &v->value->shape) || have->value->dtype != v->value->dtype)
            return est__fail(EST_NOT_FOUND, "variable '%s' of the evaluated model is not in the trained one",
                             est__restore_name(&g->variable[i]));
        memcpy(v->value->data, have->value->data, est__tensor_bytes(v->value));
    }
    return EST_OK;
}

est_status est__model_adopt(est_estimator *e, est__model **place, const est_dataset *d, est_run_context *c, const est__session *from,
                            const char *prefix)
{
    wanted w = { .e = e, .place = place, .mode = EST_EVAL, .dataset = d, .hooks = c };
    EST_TRY(have(&w));
    est__model *m = *place;
    if (!m->started)
        EST_TRY(est__session_start(m->session, NULL));
    m->started = true;
    est__free(m->checkpoint);
    m->checkpoint = NULL;
    EST_TRY(copy_variables(m, from));
    EST_TRY(est__session_run_op(m->session, m->spec->local_init_op));
    if (prefix && (m->checkpoint = est__strdup(prefix)) == NULL)
        return est__fail_memory(strlen(prefix));
    m->identity = prefix ? identity_of(prefix) : 0;
    return begin_hooks(&w);
}
