/* Estimators: made from a model_fn and a run configuration; what they say of their data and variables. */
#include "estimators/estimator.h"

#include <stdlib.h>
#include <unistd.h>

#include <estimator/checkpoint.h>

static const est_field custom_fields[] = {
    EST_FIELD(est_custom_options, STRING, name, .def_text = "Estimator", .doc = "stands in messages"),
    { 0 },
};

static est_status keep_columns(est_estimator *e, est_column_list given)
{
    est_column **copy = est__arena_alloc(&e->arena, (given.count + 1) * sizeof *copy);
    e->set = est__arena_alloc(&e->arena, (given.count + 1) * sizeof *e->set);
    if (copy == NULL || e->set == NULL)
        return est__fail_memory(given.count * sizeof *copy);
    for (size_t i = 0; i < given.count; i++) {
        est_columns *set = given.data[i] ? est__columns_of(given.data[i]) : NULL;
        if (set == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "%s: feature_columns[%zu] is no column", e->name, i);
        EST_TRY(est_columns_status(set));
        copy[i] = given.data[i];
        e->set[e->num_sets++] = est__columns_retain(set);
    }
    e->columns = (est_column_list){ copy, given.count };
    return EST_OK;
}

static est_status keep_features(est_estimator *e, est_features_spec given)
{
    est_feature *copy = est__arena_alloc(&e->arena, (given.count + 1) * sizeof *copy);
    if (copy == NULL)
        return est__fail_memory(given.count * sizeof *copy);
    for (size_t i = 0; i < given.count; i++) {
        copy[i] = given.data[i];
        copy[i].name = est__arena_strdup(&e->arena, given.data[i].name);
        if (copy[i].name == NULL)
            return est__fail_memory(64);
        if (given.data[i].default_value)
            return est__fail(EST_UNIMPLEMENTED, "%s: feature '%s': a default is told by a feature column", e->name, copy[i].name);
    }
    e->features = (est_features_spec){ copy, given.count };
    return EST_OK;
}

static est_status join_cluster(est_estimator *e)
{
    const est_cluster *c = e->cluster;
    if (c->model_dir && e->config.model_dir && strcmp(c->model_dir, e->config.model_dir) != 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: model_dir is '%s', and '%s' in TF_CONFIG; give one, or the same", e->name,
                         e->config.model_dir, c->model_dir);
    if (c->model_dir)
        e->config.model_dir = c->model_dir;
    if (c->num_jobs || strcmp(c->task_type, "worker") != 0)
        est__log(EST_LOG_INFO, "TF_CONFIG: this is %s %lld%s", c->task_type, (long long)c->task_id, c->is_chief ? ", which saves checkpoints" : "");
    return EST_OK;
}

static est_status set_config(est_estimator *e, const est_run_config *config, size_t config_size)
{
    size_t full;
    const est_field *fields = est_run_config_fields(&full);
    EST_TRY(est__fields_apply(fields, "run config", config, config_size, &e->config, full));
    EST_TRY(est__fields_copy(fields, &e->config, &e->arena));
    EST_TRY(est_cluster_new(NULL, &e->cluster));
    EST_TRY(join_cluster(e));
    if (strcmp(e->config.device, "cuda") == 0)
        return est__fail(EST_UNIMPLEMENTED, "%s: device 'cuda' is not built in; there are 'auto' and 'cpu'", e->name);
    if (e->config.save_checkpoints_steps == 0 && e->config.save_checkpoints_secs == 0)
        e->config.save_checkpoints_secs = 600;
    if (e->config.model_dir) {
        e->model_dir = est__strdup(e->config.model_dir);
        return e->model_dir ? EST_OK : est__fail_memory(64);
    }
    const char *tmp = getenv("TMPDIR");
    e->model_dir = est__path_join(tmp && *tmp ? tmp : "/tmp", "estimator-XXXXXX");
    if (e->model_dir == NULL)
        return est__fail_memory(64);
    if (mkdtemp(e->model_dir) == NULL)
        return est__fail(EST_UNAVAILABLE, "%s: no temporary folder can be made", e->model_dir);
    est__log(EST_LOG_WARNING, "no model_dir is given: %s is used", e->model_dir);
    return EST_OK;
}

static est_status fill(est_estimator *e, const est_custom_options *o, const est_run_config *config, size_t config_size)
{
    e->name = est__arena_strdup(&e->arena, o->name);
    if (e->name == NULL)
        return est__fail_memory(64);
    if (o->model_fn == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "%s: model_fn is needed", e->name);
    e->model_fn = o->model_fn;
    e->head = o->head ? est_head_retain(o->head) : NULL;
    EST_TRY(keep_columns(e, o->feature_columns));
    EST_TRY(keep_features(e, o->features));
    EST_TRY(est__warm_start_copy(o->warm_start_from, e->name, &e->arena, &e->warm_start_from));
    EST_TRY(set_config(e, config, config_size));
    return est__pool_new((int)e->config.num_threads, &e->pool);
}

est_status est_custom_new_sized(const est_custom_options *options, size_t size, const est_run_config *config, size_t config_size,
                                est_estimator **out)
{
    est_custom_options o = { 0 };
    est_estimator *e = est__calloc(1, sizeof *e);
    *out = NULL;
    if (options)   /* free_user is known even where the options are refused */
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    est_status st = est__fields_apply(custom_fields, "Estimator", options, size, &o, sizeof o);
    if (e == NULL) {
        if (o.free_user)
            o.free_user(o.user);
        return est__fail_memory(sizeof *e);
    }
    e->user = o.user;
    e->free_user = o.free_user;
    if (st == EST_OK)
        st = fill(e, &o, config, config_size);
    if (st != EST_OK) {
        est_estimator_free(e);
        return st;
    }
    *out = e;
    return EST_OK;
}

void est_estimator_free(est_estimator *e)
{
    if (e == NULL)
        return;
    est__model_free(e->evaluating);
    est__model_free(e->predicting);
    est__model_free(e->explaining);
    if (e->free_user)
        e->free_user(e->user);
    est_head_free(e->head);
    for (size_t i = 0; i < e->num_sets; i++)
        est_columns_free(e->set[i]);
    est__pool_free(e->pool);
    est_cluster_free(e->cluster);
    est__free(e->model_dir);
    est__arena_free(&e->spec);
    est__arena_free(&e->names);
    est__arena_free(&e->arena);
    est__free(e);
}

const char *est_estimator_model_dir(const est_estimator *e)
{
    return e->model_dir;
}

const est_cluster *est_estimator_cluster(const est_estimator *e)
{
    return e->cluster;
}

est_head *est_estimator_head(const est_estimator *e)
{
    return e->head;
}

void est_request_stop(est_estimator *e)
{
    atomic_store(&e->stop, true);
}

void est__verb_end(est_estimator *e)
{
    if (--e->verbs_running == 0)
        atomic_store(&e->stop, false);
}

est_status est__estimator_features(est_estimator *e, est_features_spec *out)
{
    *out = e->features;
    return e->columns.count ? est_make_parse_example_spec(e->columns, out) : EST_OK;
}

/* A feature of the data that is neither a column's nor given: the label's or the weight's. */
static est_status add_feature(est_estimator *e, est_feature *list, size_t *n, est_feature f, const char *what)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(list[i].name, f.name) == 0) {
            if (strcmp(what, "weight") == 0 && list[i].dtype == f.dtype)
                return EST_OK;
            return est__fail(EST_INVALID_ARGUMENT, "%s: '%s' is the %s and a feature too", e->name, f.name, what);
        }
    list[(*n)++] = f;
    return EST_OK;
}

static est_status add_label(est_estimator *e, est_feature *list, size_t *n, est_feature f, const char *name)
{
    f.name = est__arena_strdup(&e->spec, name);
    return f.name ? add_feature(e, list, n, f, "label") : est__fail_memory(64);
}

/* What of `names` a MultiHead does not know. */
static est_status check_names(const est_estimator *e, est_head_list parts, est_strings names)
{
    for (size_t i = 0; i < names.count; i++) {
        size_t k = 0;
        while (k < parts.count && strcmp(est_head_name(parts.data[k]), names.data[i]) != 0)
            k++;
        if (k == parts.count)
            return est__fail(EST_INVALID_ARGUMENT, "%s: the label '%s' is of no head; the labels of a MultiHead are named as its heads",
                             e->name, names.data[i]);
    }
    return EST_OK;
}

static est_status add_labels(est_estimator *e, est_feature *list, size_t *n, est_strings label)
{
    est_head_list parts = est_head_parts(e->head);
    EST_TRY(parts.count ? check_names(e, parts, label) : EST_OK);
    for (size_t i = 0; i < parts.count; i++)
        EST_TRY(add_label(e, list, n, est_head_label(parts.data[i]), est_head_name(parts.data[i])));
    if (parts.count)
        return EST_OK;
    est_feature f = est_head_label(e->head);
    if (label.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: the data name no label", e->name);
    if (label.count > 1 && f.variable_length)
        return est__fail(EST_INVALID_ARGUMENT, "%s: %zu labels are named; the head's labels are lists, in one column", e->name,
                         label.count);
    if (label.count > 1)
        f.shape = est_shape_of(0, NULL);
    for (size_t i = 0; i < label.count; i++)
        EST_TRY(add_label(e, list, n, f, label.data[i]));
    return EST_OK;
}

static est_status add_weights(est_estimator *e, est_feature *list, size_t *n)
{
    est_head_list parts = est_head_parts(e->head);
    for (size_t i = 0; i < (parts.count ? parts.count : 1); i++) {
        est_feature weight = est_head_weight(parts.count ? parts.data[i] : e->head);
        if (weight.name)
            EST_TRY(add_feature(e, list, n, weight, "weight"));
    }
    return EST_OK;
}

est_status est_estimator_input_spec(est_estimator *e, est_strings label, bool with_label, est_features_spec *spec)
{
    est_features_spec features;
    *spec = (est_features_spec){ 0 };
    est__arena_free(&e->spec);
    EST_TRY(est__estimator_features(e, &features));
    size_t parts = e->head ? est_head_parts(e->head).count : 0;
    est_feature *list = est__arena_alloc(&e->spec, (features.count + label.count + 2 * parts + 3) * sizeof *list);
    size_t n = features.count;
    if (list == NULL)
        return est__fail_memory(features.count * sizeof *list);
    if (n)
        memcpy(list, features.data, n * sizeof *list);
    if (e->head && with_label) {
        EST_TRY(add_weights(e, list, &n));
        EST_TRY(add_labels(e, list, &n, label));
    }
    if (e->example_id && with_label)
        EST_TRY(add_feature(e, list, &n, (est_feature){ .name = e->example_id, .dtype = EST_STRING, .shape = EST_SCALAR },
                            "example_id_column"));
    *spec = (est_features_spec){ list, n };
    return EST_OK;
}

est_status est__estimator_dataset(est_estimator *e, est_mode mode, est_input_fn input_fn, void *user, est_dataset **out)
{
    est_input_context context = { .mode = mode, .num_input_pipelines = 1, .whole_input = e->verbs && mode == EST_TRAIN };
    *out = NULL;
    if (input_fn == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "%s: input_fn is needed", e->name);
    EST_TRY(input_fn(&context, out, user));
    return *out ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "%s: input_fn gave no dataset", e->name);
}

est_status est__estimator_checkpoint(const est_estimator *e, char *prefix, size_t capacity)
{
    est_status st = est_latest_checkpoint(e->model_dir, prefix, capacity);
    if (st != EST_NOT_FOUND || e->first_checkpoint == NULL)
        return st;
    return (size_t)snprintf(prefix, capacity, "%s", e->first_checkpoint) < capacity
               ? EST_OK
               : est__fail(EST_RESOURCE_EXHAUSTED, "the path of the checkpoint needs more than %zu bytes", capacity);
}

const char *est_estimator_latest_checkpoint(est_estimator *e)
{
    return est__estimator_checkpoint(e, e->latest, sizeof e->latest) == EST_OK ? e->latest : NULL;
}

static est_status open_latest(est_estimator *e, est_checkpoint **out)
{
    char prefix[sizeof e->latest];
    *out = NULL;
    EST_TRY(est__estimator_checkpoint(e, prefix, sizeof prefix));
    return est_checkpoint_open(prefix, out);
}

est_status est_get_variable_names(est_estimator *e, est_strings *names)
{
    est_checkpoint *c;
    *names = (est_strings){ 0 };
    est__arena_free(&e->names);
    EST_TRY(open_latest(e, &c));
    size_t n = est_checkpoint_count(c);
    const char **list = est__arena_alloc(&e->names, (n + 1) * sizeof *list);
    bool whole = list != NULL;
    for (size_t i = 0; i < n && whole; i++)
        whole = (list[i] = est__arena_strdup(&e->names, est_checkpoint_variable_at(c, i)->name)) != NULL;
    est_checkpoint_free(c);
    if (!whole)
        return est__fail_memory(n * sizeof *list);
    *names = (est_strings){ list, n };
    return EST_OK;
}

est_status est_get_variable_value(est_estimator *e, const char *name, est_tensor **out)
{
    est_checkpoint *c;
    *out = NULL;
    EST_TRY(open_latest(e, &c));
    est_status st = est_checkpoint_read(c, name, out);
    est_checkpoint_free(c);
    return st;
}
