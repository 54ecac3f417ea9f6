/* Summaries of programs: an event writer that flushes by itself, and TensorBoard's projector. */
#include <estimator/summary.h>

#include "base/fields.h"
#include "formats/summary.h"
#include "graph/graphdef.h"
#include "proto/pack.h"
#include "tensor/tensor.h"

enum { MAX_OUTPUTS = 3, NUM_THRESHOLDS = 201 };     /* TensorFlow's */

struct est_summary_writer {
    est__event_writer *events;
    int64_t max_queue, queued;
    bool has_graph, has_hparams;
};

static const est_field option_fields[] = {
    EST_FIELD(est_summary_writer_options, INT, max_file_bytes, .def = EST__EVENT_FILE_BYTES, .min = EST_OFF, .max = 1e15,
              .doc = "a file that reaches it is ended"),
    EST_FIELD(est_summary_writer_options, INT, max_total_bytes, .def = EST__EVENT_TOTAL_BYTES, .min = EST_OFF, .max = 1e15,
              .doc = "the oldest files are removed when all hold more"),
    EST_FIELD(est_summary_writer_options, INT, max_queue, .def = 10, .min = 1, .max = 1e9, .doc = "events that are written at once"),
    EST_FIELD(est_summary_writer_options, BOOL, append, .doc = "go on in the newest event file"),
    { 0 }
};

est_status est_summary_writer_new_sized(const char *logdir, const est_summary_writer_options *options, size_t size, est_summary_writer **out)
{
    est_summary_writer_options o;
    *out = NULL;
    EST_TRY(est__fields_apply(option_fields, "est_summary_writer_new", options, size, &o, sizeof o));
    est_summary_writer *w = est__calloc(1, sizeof *w);
    if (w == NULL)
        return est__fail_memory(sizeof *w);
    w->max_queue = o.max_queue;
    est_status st = est__event_writer_in(logdir, o.append, &w->events);
    if (st != EST_OK) {
        est__free(w);
        return st;
    }
    est__event_limit(w->events, o.max_file_bytes, o.max_total_bytes);
    *out = w;
    return EST_OK;
}

est_status est_summary_writer_flush(est_summary_writer *w)
{
    w->queued = 0;
    return est__event_flush(w->events);
}

void est_summary_writer_free(est_summary_writer *w)
{
    if (w == NULL)
        return;
    if (est_summary_writer_flush(w) != EST_OK)
        est__log(EST_LOG_WARNING, "%s", est_error());
    est__event_writer_free(w->events);
    est__free(w);
}

static est_status added(est_summary_writer *w, est_status st)
{
    EST_TRY(st);
    return ++w->queued >= w->max_queue ? est_summary_writer_flush(w) : EST_OK;
}

est_status est_summary_scalar(est_summary_writer *w, const char *name, double data, int64_t step)
{
    return added(w, est__event_scalars(w->events, step, &(est__scalar){ name, data }, 1));
}

est_status est_summary_histogram(est_summary_writer *w, const char *name, const est_tensor *data, int64_t step)
{
    return added(w, est__event_histogram(w->events, step, name, data));
}

est_status est_summary_image(est_summary_writer *w, const char *name, const est_tensor *data, int64_t step, int64_t max_outputs)
{
    return added(w, est__event_images(w->events, step, name, data, max_outputs > 0 ? max_outputs : MAX_OUTPUTS, EST__SUMMARY_V2));
}

est_status est_summary_audio(est_summary_writer *w, const char *name, const est_tensor *data, double sample_rate, int64_t step,
                             int64_t max_outputs)
{
    return added(w, est__event_sounds(w->events, step, name, data, sample_rate, max_outputs > 0 ? max_outputs : MAX_OUTPUTS,
                                      EST__SUMMARY_V2));
}

est_status est_summary_texts(est_summary_writer *w, const char *name, const est_tensor *data, int64_t step)
{
    return added(w, est__event_strings(w->events, step, name, data));
}

est_status est_summary_text(est_summary_writer *w, const char *name, const char *data, int64_t step)
{
    est_tensor *t;
    est_shape scalar = est_shape_of(0, NULL);
    EST_TRY(est_tensor_new_strings(&scalar, &data, NULL, &t));
    est_status st = est_summary_texts(w, name, t, step);
    est_tensor_free(t);
    return st;
}

est_status est_summary_pr_curve(est_summary_writer *w, const char *name, const est_tensor *labels, const est_tensor *predictions,
                                const est_tensor *weights, int64_t num_thresholds, int64_t step)
{
    return added(w, est__event_pr_curve(w->events, step, name, labels, predictions, weights,
                                        num_thresholds ? num_thresholds : NUM_THRESHOLDS));
}

est_status est_summary_graph(est_summary_writer *w, const est_graph *g)
{
    est__arena arena = { 0 };
    est__buffer wire = { 0 };
    Tensorflow__GraphDef *def;
    EST_TRY(est_graph_status(g));
    if (w->has_graph)
        return EST_OK;
    est_status st = est__graph_export(g, &arena, &def);
    if (st == EST_OK)
        st = est__proto_pack(def, &wire);
    if (st == EST_OK)
        st = added(w, est__event_graph(w->events, 0, wire.data, wire.size, false));
    w->has_graph = st == EST_OK;
    est__buffer_free(&wire);
    est__arena_free(&arena);
    return st;
}

est_status est_summary_run_metadata(est_summary_writer *w, const char *tag, const void *data, size_t size, int64_t step)
{
    return added(w, est__event_run_metadata(w->events, step, tag, data, size));
}

/* ---- hyper-parameters ---- */

est_status est_summary_hparams(est_summary_writer *w, const est_hparam *hparams, size_t count, const char *trial_id)
{
    if (w->has_hparams)
        return est__fail(EST_FAILED_PRECONDITION, "est_summary_hparams: this writer has told its trial's hyper-parameters already");
    est__hparam *list = est__malloc((count + 1) * sizeof *list);
    est_status st = list ? EST_OK : est__fail_memory(count * sizeof *list);
    for (size_t i = 0; i < count && st == EST_OK; i++) {
        if (hparams[i].name == NULL || *hparams[i].name == '\0')
            st = est__fail(EST_INVALID_ARGUMENT, "est_summary_hparams: hyper-parameter %zu has no name", i);
        for (size_t k = 0; k < i && st == EST_OK; k++)
            if (strcmp(hparams[i].name, hparams[k].name) == 0)
                st = est__fail(EST_INVALID_ARGUMENT, "est_summary_hparams: '%s' stands twice", hparams[i].name);
        list[i] = (est__hparam){ hparams[i].name, hparams[i].text, hparams[i].number, hparams[i].is_bool };
    }
    if (st == EST_OK)
        st = added(w, est__event_hparams(w->events, list, count, trial_id));
    w->has_hparams = st == EST_OK;
    est__free(list);
    return st;
}

static est_status copy_infos(const est_hparam_info *from, size_t count, est__hparam_info *to)
{
    for (size_t i = 0; i < count; i++) {
        const est_hparam_info *h = &from[i];
        if (h->name == NULL || *h->name == '\0')
            return est__fail(EST_INVALID_ARGUMENT, "est_summary_hparams_config: hyper-parameter %zu has no name", i);
        to[i] = (est__hparam_info){ h->name, h->texts.data, h->numbers.data, h->texts.count, h->texts.count ? 0 : h->numbers.count,
                                    h->low, h->high, h->is_bool };
    }
    return EST_OK;
}

static est_status copy_metrics(const est_hparam_metric *from, size_t count, est__hparam_metric *to)
{
    for (size_t i = 0; i < count; i++) {
        if (from[i].tag == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "est_summary_hparams_config: metric %zu has no tag", i);
        to[i] = (est__hparam_metric){ from[i].tag, from[i].group, from[i].display_name };
    }
    return EST_OK;
}

est_status est_summary_hparams_config(est_summary_writer *w, const est_hparam_info *hparams, size_t num_hparams,
                                      const est_hparam_metric *metrics, size_t num_metrics)
{
    est__hparam_info *info = est__malloc((num_hparams + 1) * sizeof *info);
    est__hparam_metric *metric = est__malloc((num_metrics + 1) * sizeof *metric);
    est_status st = info && metric ? copy_infos(hparams, num_hparams, info) : est__fail_memory(num_hparams * sizeof *info);
    if (st == EST_OK)
        st = copy_metrics(metrics, num_metrics, metric);
    if (st == EST_OK)
        st = added(w, est__event_hparams_config(w->events, info, num_hparams, metric, num_metrics));
    est__free(info);
    est__free(metric);
    return st;
}

est_status est_summary_hparams_end(est_summary_writer *w, bool good)
{
    return added(w, est__event_hparams_end(w->events, good));
}

/* ---- the projector's configuration, a ProjectorConfig as text ---- */

/* A string as protobuf's text form has it. */
static void quoted(est__buffer *b, const char *field, const char *s)
{
    if (s == NULL)
        return;
    est__buffer_printf(b, "%s: \"", field);
    for (; *s; s++)
        if (*s == '"' || *s == '\\')
            est__buffer_printf(b, "\\%c", *s);
        else if ((unsigned char)*s < ' ')
            est__buffer_printf(b, "\\%03o", (unsigned)(unsigned char)*s);
        else
            est__buffer_bytes(b, s, 1);
    est__buffer_text(b, "\"\n");
}

static void embedding(est__buffer *b, const est_projector_embedding *e)
{
    est__buffer_text(b, "embeddings {\n");
    quoted(b, "  tensor_name", e->tensor_name);
    quoted(b, "  metadata_path", e->metadata_path);
    if (e->sprite_image_path) {
        est__buffer_text(b, "  sprite {\n");
        quoted(b, "    image_path", e->sprite_image_path);
        est__buffer_printf(b, "    single_image_dim: %lld\n    single_image_dim: %lld\n  }\n", (long long)e->single_image_dim[0],
                           (long long)e->single_image_dim[1]);
    }
    est__buffer_text(b, "}\n");
}

est_status est_projector_write(const char *logdir, const char *model_checkpoint_path, const est_projector_embedding *embeddings, size_t count)
{
    est__buffer text = { 0 };
    quoted(&text, "model_checkpoint_path", model_checkpoint_path);
    for (size_t i = 0; i < count; i++) {
        if (embeddings[i].tensor_name == NULL) {
            est__buffer_free(&text);
            return est__fail(EST_INVALID_ARGUMENT, "est_projector_write: embeddings[%zu] has no tensor_name", i);
        }
        embedding(&text, &embeddings[i]);
    }
    char *path = est__path_join(logdir, "projector_config.pbtxt");
    est_status st = path ? text.status : est__fail_memory(strlen(logdir));
    if (st == EST_OK)
        st = est__make_dirs(logdir);
    if (st == EST_OK)
        st = est__file_put(path, text.data ? text.data : "", text.size);
    est__free(path);
    est__buffer_free(&text);
    return st;
}
