/* Reading event files: their events, their scalars, those of a folder. */
#include "formats/event.h"
#include "formats/tfrecord.h"
#include "proto/pack.h"

struct est__event_reader {
    est__tfrecord_reader *records;
    char *path;
    Tensorflow__Event *event;
    size_t next_value;      /* of the event's summary */
    bool torn;
};

est_status est__event_open(const char *path, est__event_reader **out)
{
    est__event_reader *r = *out = est__calloc(1, sizeof *r);
    if (!r)
        return est__fail_memory(sizeof *r);
    r->path = est__strdup(path);
    est_status st = r->path ? est__tfrecord_open(path, 0, &r->records) : est__fail_memory(strlen(path));
    if (st != EST_OK) {
        est__event_close(r);
        *out = NULL;
    }
    return st;
}

est_status est__event_next(est__event_reader *r, const Tensorflow__Event **event)
{
    est__bytes record;
    est__proto_free(r->event);
    r->event = NULL;
    r->next_value = 0;
    int64_t number = est__tfrecord_number(r->records);
    est_status st = est__tfrecord_next(r->records, &record);
    if (st == EST_DATA_LOSS) {
        r->torn = true;
        return est__fail(EST_OUT_OF_RANGE, "%s: the end, after %lld whole records", r->path,
                         (long long)number);
    }
    EST_TRY(st);
    st = est__proto_unpack(&tensorflow__event__descriptor, record.p, record.n, "Event", &r->event);
    if (st != EST_OK)
        return est__fail_in(st, "%s: record %lld", r->path, (long long)number);
    *event = r->event;
    return EST_OK;
}

/* The number of a tensor without dimensions, as tf.summary.scalar of TensorFlow 2 writes it. */
static bool number_of_tensor(const Tensorflow__TensorProto *t, float *out)
{
    const ProtobufCBinaryData *raw = &t->tensor_content;
    if (t->tensor_shape && (t->tensor_shape->n_dim || t->tensor_shape->unknown_rank))
        return false;
    if (t->dtype == TENSORFLOW__DATA_TYPE__DT_FLOAT && t->n_float_val == 1) {
        *out = t->float_val[0];
    } else if (t->dtype == TENSORFLOW__DATA_TYPE__DT_FLOAT && raw->len == sizeof(float)) {
        memcpy(out, raw->data, sizeof(float));
    } else if (t->dtype == TENSORFLOW__DATA_TYPE__DT_DOUBLE && t->n_double_val == 1) {
        *out = (float)t->double_val[0];
    } else if (t->dtype == TENSORFLOW__DATA_TYPE__DT_DOUBLE && raw->len == sizeof(double)) {
        double v;
        memcpy(&v, raw->data, sizeof v);
        *out = (float)v;
    } else {
        return false;
    }
    return true;
}

/* Of other plugins' tensors none is a scalar, whatever its shape. */
static bool is_scalar(const Tensorflow__Summary__Value *v, float *out)
{
    const Tensorflow__SummaryMetadata__PluginData *plugin = v->metadata ? v->metadata->plugin_data : NULL;
    if (v->value_case == TENSORFLOW__SUMMARY__VALUE__VALUE_SIMPLE_VALUE) {
        *out = v->simple_value;
        return true;
    }
    return v->value_case == TENSORFLOW__SUMMARY__VALUE__VALUE_TENSOR &&
           (!plugin || !*plugin->plugin_name || strcmp(plugin->plugin_name, "scalars") == 0) && number_of_tensor(v->tensor, out);
}

est_status est__event_next_scalar(est__event_reader *r, est__event_scalar *out)
{
    for (;;) {
        const Tensorflow__Event *e = r->event;
        size_t n = e && e->what_case == TENSORFLOW__EVENT__WHAT_SUMMARY ? e->summary->n_value : 0;
        while (r->next_value < n) {
            const Tensorflow__Summary__Value *v = e->summary->value[r->next_value++];
            float value;
            if (!is_scalar(v, &value))
                continue;
            *out = (est__event_scalar){ e->wall_time, e->step, v->tag, value };
            return EST_OK;
        }
        EST_TRY(est__event_next(r, &e));
    }
}

bool est__event_torn(const est__event_reader *r)
{
    return r->torn;
}

void est__event_close(est__event_reader *r)
{
    if (!r)
        return;
    est__tfrecord_close(r->records);
    est__proto_free(r->event);
    est__free(r->path);
    est__free(r);
}

/* ---- all scalars of a file, or of a folder's files ---- */

static est_status walk_file(const char *path, est_status (*each)(void *user, const est__event_scalar *s), void *user)
{
    est__event_reader *r;
    est__event_scalar s;
    est_status st = est__event_open(path, &r), told = EST_OK;
    while (st == EST_OK && (st = est__event_next_scalar(r, &s)) == EST_OK)
        st = told = each(user, &s);
    if (st == EST_OUT_OF_RANGE && told == EST_OK) {
        if (r->torn)
            est__log(EST_LOG_WARNING, "%s: after %lld whole records it is damaged, or just being written; the rest is passed over", path,
                     (long long)est__tfrecord_number(r->records));
        st = EST_OK;
    } else if (st == EST_DATA_LOSS && told == EST_OK) {
        est__log(EST_LOG_WARNING, "%s; the rest of that file is passed over", est_error());
        st = EST_OK;
    }
    est__event_close(r);
    return st;
}

est_status est__event_walk(const char *path, est_status (*each)(void *user, const est__event_scalar *s), void *user)
{
    est__names files;
    if (!est__is_dir(path))
        return walk_file(path, each, user);
    EST_TRY(est__list_dir(path, &files));
    est_status st = EST_OK;
    for (size_t i = 0; i < files.count && st == EST_OK; i++) {
        if (!strstr(files.name[i], "tfevents."))
            continue;
        char *file = est__path_join(path, files.name[i]);
        st = file ? walk_file(file, each, user) : est__fail_memory(strlen(path) + strlen(files.name[i]));
        if (st == EST_NOT_FOUND && !est__is_file(file))   /* removed since it was listed: there are limits of what a folder may hold */
            st = EST_OK;
        est__free(file);
    }
    est__names_free(&files);
    return st;
}
