/* Event files: TFRecords of Event messages. */
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "formats/event.h"
#include "formats/tfrecord.h"
#include "proto/pack.h"
#include "tensor/tensor.h"

#define FILE_VERSION "brain.Event:2"
#define SOURCE_WRITER "tensorflow.core.util.events_writer"   /* as TensorFlow's own files say */

struct est__event_writer {
    char *path;
    int fd;
    est__buffer records, message;
    Tensorflow__Summary__Value *values, **list;   /* of est__event_scalars */
    size_t num_values, num_list;
};

/* ---- writing: histograms ---- */

/* The positive limits: from 1e-12 by tenths up to 1e20, then DBL_MAX. Negative ones mirror them, 0 lies
 * between. */
enum { POSITIVE = 775, LIMITS = 2 * POSITIVE + 1 };

static void fill_limits(double limits[LIMITS])
{
    double v = 1.0e-12;
    for (int i = 0; i < POSITIVE; i++, v *= 1.1) {
        double limit = i == POSITIVE - 1 ? DBL_MAX : v;
        limits[POSITIVE + 1 + i] = limit;
        limits[POSITIVE - 1 - i] = -limit;
    }
    limits[POSITIVE] = 0;
}

/* The first bucket whose limit is greater. */
static size_t bucket_of(const double limits[LIMITS], double v)
{
    size_t low = 0, high = LIMITS - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (limits[middle] > v)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static est_status count_values(const est_tensor *values, const double limits[LIMITS], double counts[LIMITS],
                               est__histogram *h)
{
    int64_t n = est__tensor_elements(values);
    h->min = DBL_MAX;
    h->max = -DBL_MAX;
    for (int64_t i = 0; i < n; i++) {
        double v = est__tensor_get(values, i);
        if (!isfinite(v))
            return est__fail(EST_INVALID_ARGUMENT, "element %lld is %s: a histogram takes finite numbers",
                             (long long)i, isnan(v) ? "NaN" : "infinite");
        counts[bucket_of(limits, v)] += 1;
        h->min = v < h->min ? v : h->min;
        h->max = v > h->max ? v : h->max;
        h->num += 1;
        h->sum += v;
        h->sum_squares += v * v;
    }
    return EST_OK;
}

est_status est__histogram_of(const est_tensor *values, est__histogram *out)
{
    *out = (est__histogram){ 0 };
    double *limits = out->limits = est__malloc(LIMITS * sizeof *limits);
    double *counts = out->counts = est__calloc(LIMITS, sizeof *counts);
    if (!limits || !counts)
        return est__fail_memory(LIMITS * sizeof *limits);
    if (values->dtype == EST_STRING || !est_dtype_size(values->dtype))
        return est__fail(EST_INVALID_ARGUMENT, "a histogram takes numbers, not %s",
                         est_dtype_name(values->dtype));
    fill_limits(limits);
    EST_TRY(count_values(values, limits, counts, out));
    for (size_t i = 0; i < LIMITS; out->count++) {
        double limit = limits[i], count = counts[i];
        for (i++; count == 0 && i < LIMITS && counts[i] == 0; i++)
            limit = limits[i];
        limits[out->count] = limit;
        counts[out->count] = count;
    }
    return EST_OK;
}

void est__histogram_free(est__histogram *h)
{
    est__free(h->limits);
    est__free(h->counts);
    *h = (est__histogram){ 0 };
}

/* ---- writing: gathering events ---- */

static est_status add(est__event_writer *w, Tensorflow__Event *e, int64_t step)
{
    e->wall_time = est__wall_time();
    e->step = step;
    est__buffer_clear(&w->message);
    EST_TRY(est__proto_pack(e, &w->message));
    size_t before = w->records.size;
    est__tfrecord_frame(&w->records, w->message.data, w->message.size);
    if (w->records.status == EST_OK)
        return EST_OK;
    w->records.size = before;   /* a whole number of records */
    w->records.status = EST_OK;
    return est__fail_memory(before + w->message.size);
}

static est_status add_summary(est__event_writer *w, int64_t step, Tensorflow__Summary__Value **values,
                              size_t count)
{
    Tensorflow__Summary summary = TENSORFLOW__SUMMARY__INIT;
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    summary.n_value = count;
    summary.value = values;
    e.what_case = TENSORFLOW__EVENT__WHAT_SUMMARY;
    e.summary = &summary;
    return add(w, &e, step);
}

est_status est__event_scalars(est__event_writer *w, int64_t step, const est__scalar *scalars, size_t count)
{
    EST_TRY(est__grow(&w->values, &w->num_values, count, sizeof *w->values));
    EST_TRY(est__grow(&w->list, &w->num_list, count, sizeof *w->list));
    for (size_t i = 0; i < count; i++) {
        Tensorflow__Summary__Value *v = w->list[i] = &w->values[i];
        tensorflow__summary__value__init(v);
        v->tag = (char *)(uintptr_t)scalars[i].tag;
        v->value_case = TENSORFLOW__SUMMARY__VALUE__VALUE_SIMPLE_VALUE;
        v->simple_value = (float)scalars[i].value;
    }
    return add_summary(w, step, w->list, count);
}

est_status est__event_histogram(est__event_writer *w, int64_t step, const char *tag, const est_tensor *values)
{
    est__histogram h;
    Tensorflow__HistogramProto message = TENSORFLOW__HISTOGRAM_PROTO__INIT;
    Tensorflow__Summary__Value value = TENSORFLOW__SUMMARY__VALUE__INIT;
    est_status st = est__histogram_of(values, &h);
    message.min = h.min;
    message.max = h.max;
    message.num = h.num;
    message.sum = h.sum;
    message.sum_squares = h.sum_squares;
    message.n_bucket_limit = message.n_bucket = h.count;
    message.bucket_limit = h.limits;
    message.bucket = h.counts;
    value.tag = (char *)(uintptr_t)tag;
    value.value_case = TENSORFLOW__SUMMARY__VALUE__VALUE_HISTO;
    value.histo = &message;
    if (st == EST_OK)
        st = add_summary(w, step, &(Tensorflow__Summary__Value *){ &value }, 1);
    else
        st = est__fail_in(st, "summary '%s'", tag);
    est__histogram_free(&h);
    return st;
}

est_status est__event_text(est__event_writer *w, int64_t step, const char *tag, const char *text)
{
    Tensorflow__TensorShapeProto shape = TENSORFLOW__TENSOR_SHAPE_PROTO__INIT;
    Tensorflow__TensorProto tensor = TENSORFLOW__TENSOR_PROTO__INIT;
    Tensorflow__Summary__Value value = TENSORFLOW__SUMMARY__VALUE__INIT;
    ProtobufCBinaryData bytes = { strlen(text), (uint8_t *)(uintptr_t)text };
    tensor.dtype = TENSORFLOW__DATA_TYPE__DT_STRING;
    tensor.tensor_shape = &shape;
    tensor.n_string_val = 1;
    tensor.string_val = &bytes;
    value.tag = (char *)(uintptr_t)tag;
    value.value_case = TENSORFLOW__SUMMARY__VALUE__VALUE_TENSOR;
    value.tensor = &tensor;
    return add_summary(w, step, &(Tensorflow__Summary__Value *){ &value }, 1);
}

est_status est__event_graph(est__event_writer *w, int64_t step, const void *graph_def, size_t size)
{
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    e.what_case = TENSORFLOW__EVENT__WHAT_GRAPH_DEF;
    e.graph_def = (ProtobufCBinaryData){ size, (uint8_t *)(uintptr_t)graph_def };
    return add(w, &e, step);
}

est_status est__event_meta_graph(est__event_writer *w, int64_t step, const void *meta_graph_def, size_t size)
{
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    e.what_case = TENSORFLOW__EVENT__WHAT_META_GRAPH_DEF;
    e.meta_graph_def = (ProtobufCBinaryData){ size, (uint8_t *)(uintptr_t)meta_graph_def };
    return add(w, &e, step);
}

est_status est__event_session_log(est__event_writer *w, int64_t step,
                                  Tensorflow__SessionLog__SessionStatus status, const char *checkpoint_path)
{
    Tensorflow__SessionLog log = TENSORFLOW__SESSION_LOG__INIT;
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    log.status = status;
    log.checkpoint_path = (char *)(uintptr_t)(checkpoint_path ? checkpoint_path : "");
    e.what_case = TENSORFLOW__EVENT__WHAT_SESSION_LOG;
    e.session_log = &log;
    return add(w, &e, step);
}

/* ---- writing: files ---- */

static est_status add_version(est__event_writer *w)
{
    Tensorflow__SourceMetadata source = TENSORFLOW__SOURCE_METADATA__INIT;
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    source.writer = (char *)(uintptr_t)SOURCE_WRITER;
    e.source_metadata = &source;
    e.what_case = TENSORFLOW__EVENT__WHAT_FILE_VERSION;
    e.file_version = (char *)(uintptr_t)FILE_VERSION;
    return add(w, &e, 0);
}

/* Bytes up to the end of the last whole record. What cannot be read further is torn, be it the middle: every
 * reader stops there. */
static est_status whole_records(const char *path, int64_t *end)
{
    est__tfrecord_reader *r;
    est__bytes record;
    EST_TRY(est__tfrecord_open(path, 0, &r));
    est_status st = EST_OK;
    while (st == EST_OK) {
        *end = est__tfrecord_offset(r);
        st = est__tfrecord_next(r, &record);
    }
    est__tfrecord_close(r);
    return st == EST_OUT_OF_RANGE || st == EST_DATA_LOSS ? EST_OK : st;
}

/* Opens for appending at the last whole record; `size` is where that ends. */
static est_status open_end(est__event_writer *w, int64_t *size)
{
    *size = 0;
    w->fd = open(w->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (w->fd < 0)
        return est__fail_errno(errno, "%s: cannot be opened", w->path);
    EST_TRY(whole_records(w->path, size));
    off_t end = lseek(w->fd, 0, SEEK_END);
    if (end < 0 || (end > *size && ftruncate(w->fd, *size) != 0))
        return est__fail_errno(errno, "%s: its torn end cannot be cut off", w->path);
    if (end > *size)
        est__log(EST_LOG_WARNING, "%s: a torn end of %lld bytes was cut off", w->path,
                 (long long)(end - *size));
    return EST_OK;
}

est_status est__event_writer_append(const char *path, est__event_writer **out)
{
    int64_t size = 0;
    est__event_writer *w = *out = est__calloc(1, sizeof *w);
    if (!w)
        return est__fail_memory(sizeof *w);
    w->fd = -1;
    w->path = est__strdup(path);
    est_status st = w->path ? open_end(w, &size) : est__fail_memory(strlen(path));
    if (st == EST_OK && size == 0)
        st = add_version(w);
    if (st == EST_OK)
        st = est__event_flush(w);
    if (st != EST_OK) {
        est__event_writer_free(w);
        *out = NULL;
    }
    return st;
}

est_status est__event_writer_new(const char *dir, est__event_writer **out)
{
    char host[256] = "localhost", name[320];
    *out = NULL;
    EST_TRY(est__make_dirs(dir));
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "events.out.tfevents.%010lld.%s", (long long)est__wall_time(), host);
    char *path = est__path_join(dir, name);
    est_status st = path ? est__event_writer_append(path, out) : est__fail_memory(strlen(dir) + strlen(name));
    est__free(path);
    return st;
}

const char *est__event_writer_path(const est__event_writer *w)
{
    return w->path;
}

est_status est__event_flush(est__event_writer *w)
{
    size_t done = 0;
    int error = 0;
    off_t before = lseek(w->fd, 0, SEEK_END);
    while (done < w->records.size && !error) {
        error = est__file_fault ? est__file_fault("write", w->path) : 0;
        ssize_t n = error ? -1 : write(w->fd, w->records.data + done, w->records.size - done);
        if (n >= 0)
            done += (size_t)n;
        else if (!error && errno != EINTR)
            error = errno;
    }
    est__buffer_clear(&w->records);
    if (error && before >= 0 && ftruncate(w->fd, before) != 0)
        est__log(EST_LOG_WARNING, "%s: ends with a part of a record", w->path);
    return error ? est__fail_errno(error, "%s: cannot be written", w->path) : EST_OK;
}

void est__event_writer_free(est__event_writer *w)
{
    if (!w)
        return;
    if (w->fd >= 0)
        close(w->fd);
    est__buffer_free(&w->records);
    est__buffer_free(&w->message);
    est__free(w->values);
    est__free(w->list);
    est__free(w->path);
    est__free(w);
}

/* ---- reading ---- */

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

est_status est__event_next_scalar(est__event_reader *r, est__event_scalar *out)
{
    for (;;) {
        const Tensorflow__Event *e = r->event;
        size_t n = e && e->what_case == TENSORFLOW__EVENT__WHAT_SUMMARY ? e->summary->n_value : 0;
        while (r->next_value < n) {
            const Tensorflow__Summary__Value *v = e->summary->value[r->next_value++];
            if (v->value_case != TENSORFLOW__SUMMARY__VALUE__VALUE_SIMPLE_VALUE)
                continue;
            *out = (est__event_scalar){ e->wall_time, e->step, v->tag, v->simple_value };
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
