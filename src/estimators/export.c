/* export_saved_model: the model's graph in predict mode behind a receiver, with a checkpoint's variables; and export_all_saved_models, with
 * the graphs of training and evaluation beside it. */
#include "export/export.h"

#include <estimator/checkpoint.h>
#include <estimator/saved_model_estimator.h>

#include "estimators/estimator.h"

static const char *const receivers[] = { "parsing", "raw", "both", NULL };
static const est_field fields[] = {
    EST_FIELD(est_export_options, STRING, receiver, .def_text = "parsing", .choices = receivers, .doc = "what a request holds"),
    EST_FIELD(est_export_options, STRING, checkpoint_path, .def_text = NULL, .doc = "prefix; none: the newest"),
    { 0 },
};

static const est_field all_fields[] = {
    EST_FIELD(est_export_all_options, STRING, receiver, .def_text = "parsing", .choices = receivers, .doc = "what a request holds"),
    EST_FIELD(est_export_all_options, STRING, checkpoint_path, .def_text = NULL, .doc = "prefix; none: the newest"),
    { 0 },
};

/* What is being written, and from where. */
typedef struct exporting {
    est_estimator *e;
    const char *receiver;
    est_feature label;            /* of training and evaluation; dtype 0: the head's */
    est__bundle *checkpoint;
    est__export_graph graph[3];
    size_t count;
    char newest[4096];
} exporting;

static est_status open_checkpoint(exporting *x, const char *path)
{
    if (path == NULL)
        EST_TRY(est__estimator_checkpoint(x->e, x->newest, sizeof x->newest));
    return est__bundle_open(path ? path : x->newest, &x->checkpoint);
}

/* The features, and the label as the last of them. */
static est_status supervised_features(exporting *x, est_features_spec *out, est_feature **room)
{
    est_estimator *e = x->e;
    est_feature label = x->label;
    if (e->verbs || est_head_parts(e->head).count)
        return est__fail(EST_UNIMPLEMENTED, "%s: it has no graphs of training and evaluation that could be exported", e->name);
    if (e->head && !label.dtype)
        label = est_head_label(e->head);
    if (!label.dtype)
        return est__fail(EST_INVALID_ARGUMENT, "%s: export: label is missing: there is no head that tells what it is", e->name);
    if (label.variable_length)
        return est__fail(EST_UNIMPLEMENTED, "%s: export: labels that are lists cannot be fed raw", e->name);
    label.name = "label";
    EST_TRY(est_estimator_input_spec(e, EST_STRINGS("label"), true, out));
    *room = est__calloc(out->count + 1, sizeof **room);
    if (*room == NULL)
        return est__fail_memory(out->count * sizeof **room);
    size_t n = 0;
    for (size_t i = 0; i < out->count; i++)
        if (strcmp(out->data[i].name, "label") != 0)
            (*room)[n++] = out->data[i];
    (*room)[n++] = label;
    *out = (est_features_spec){ *room, n };
    return EST_OK;
}

/* What the graph takes: of training and evaluation a tensor a feature, and the label. */
static est_status receive(exporting *x, est_mode mode, est_graph *g, est__receiver *r, est_node **label)
{
    est_features_spec features;
    est_feature *room = NULL;
    if (mode == EST_PREDICT) {
        EST_TRY(est__estimator_features(x->e, &features));
        return est__receiver_new(g, x->receiver, features, r);
    }
    est_status st = supervised_features(x, &features, &room);
    if (st == EST_OK)
        st = est__receiver_supervised(g, features, r, label);
    est__free(room);
    return st;
}

static est_status add_graph(exporting *x, est_mode mode)
{
    est__export_graph *to = &x->graph[x->count++];
    est_estimator *e = x->e;
    est_graph *g;
    est_node *label = NULL;
    EST_TRY(est_graph_new(&g));
    to->mode = mode;
    est_node *step = est_variable(g, "global_step", &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    est_status st = est__spec_new(g, step, &to->spec);
    if (st != EST_OK) {
        est_graph_free(g);
        return st;
    }
    EST_TRY(receive(x, mode, g, &to->receiver, &label));
    EST_TRY(e->model_fn(to->spec, &to->receiver.features, label, mode, e->user));
    EST_TRY(est_graph_status(g));
    if (mode == EST_PREDICT)
        return EST_OK;
    EST_TRY(est__check_spec(e, g, to->spec, mode));
    return est__export_supervised(to->spec, mode);
}

static est_status finish(exporting *x, est_status st)
{
    for (size_t i = 0; i < x->count; i++) {
        est_graph *g = x->graph[i].spec ? x->graph[i].spec->graph : NULL;
        est__spec_free(x->graph[i].spec);
        est__receiver_free(&x->graph[i].receiver);
        est_graph_free(g);
    }
    est__bundle_free(x->checkpoint);
    return st;
}

est_status est_export_saved_model_sized(est_estimator *e, const char *base, const est_export_options *options, size_t size, char *path,
                                        size_t capacity)
{
    est_export_options o;
    EST_TRY(est__fields_apply(fields, "export", options, size, &o, sizeof o));
    exporting x = { .e = e, .receiver = o.receiver };
    est_status st = open_checkpoint(&x, o.checkpoint_path);
    if (st == EST_OK && e->verbs)
        st = e->verbs->prepare(e->user, x.checkpoint);
    if (st == EST_OK)
        st = add_graph(&x, EST_PREDICT);
    if (st == EST_OK)
        st = est__export_saved_model(x.graph, x.count, x.checkpoint, base, path, capacity);
    return finish(&x, st);
}

est_status est_export_all_saved_models_sized(est_estimator *e, const char *base, const est_export_all_options *options, size_t size,
                                             char *path, size_t capacity)
{
    est_export_all_options o, given = { 0 };
    if (options)
        memcpy(&given, options, size < sizeof given ? size : sizeof given);
    EST_TRY(est__fields_apply(all_fields, "export", options, size, &o, sizeof o));
    exporting x = { .e = e, .receiver = o.receiver, .label = given.label };
    est_status st = open_checkpoint(&x, o.checkpoint_path);
    for (int mode = EST_TRAIN; mode <= EST_PREDICT && st == EST_OK; mode++)
        st = add_graph(&x, (est_mode)mode);
    if (st == EST_OK)
        st = est__export_saved_model(x.graph, x.count, x.checkpoint, base, path, capacity);
    return finish(&x, st);
}
