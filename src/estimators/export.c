/* export_saved_model: the model's graph in predict mode behind a receiver, with a checkpoint's variables. */
#include "export/export.h"

#include <estimator/checkpoint.h>

#include "estimators/estimator.h"

static const char *const receivers[] = { "parsing", "raw", "both", NULL };
static const est_field fields[] = {
    EST_FIELD(est_export_options, STRING, receiver, .def_text = "parsing", .choices = receivers, .doc = "what a request holds"),
    EST_FIELD(est_export_options, STRING, checkpoint_path, .def_text = NULL, .doc = "prefix; none: the newest"),
    { 0 },
};

static est_status build(est_estimator *e, const est__bundle *checkpoint, est_graph *g, const est_export_options *o, est__receiver *r,
                        est_spec **spec)
{
    est_features_spec features;
    if (e->verbs)
        EST_TRY(e->verbs->prepare(e->user, checkpoint));
    est_node *step = est_variable(g, "global_step", &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    EST_TRY(est__estimator_features(e, &features));
    EST_TRY(est__receiver_new(g, o->receiver, features, r));
    EST_TRY(est__spec_new(g, step, spec));
    EST_TRY(e->model_fn(*spec, &r->features, NULL, EST_PREDICT, e->user));
    return est_graph_status(g);
}

est_status est_export_saved_model_sized(est_estimator *e, const char *base, const est_export_options *options, size_t size, char *path,
                                        size_t capacity)
{
    est_export_options o;
    char newest[4096];
    est__bundle *checkpoint = NULL;
    est_graph *g = NULL;
    est__receiver receiver = { 0 };
    est_spec *spec = NULL;
    EST_TRY(est__fields_apply(fields, "export", options, size, &o, sizeof o));
    if (o.checkpoint_path == NULL) {
        EST_TRY(est_latest_checkpoint(e->model_dir, newest, sizeof newest));
        o.checkpoint_path = newest;
    }
    est_status st = est__bundle_open(o.checkpoint_path, &checkpoint);
    if (st == EST_OK)
        st = est_graph_new(&g);
    if (st == EST_OK)
        st = build(e, checkpoint, g, &o, &receiver, &spec);
    if (st == EST_OK)
        st = est__export_saved_model(spec, &receiver, checkpoint, base, path, capacity);
    est__spec_free(spec);
    est__receiver_free(&receiver);
    est_graph_free(g);
    est__bundle_free(checkpoint);
    return st;
}
