/* Event files: TFRecords of Event messages. What is written gathers in memory (event_files.c writes it out). */
#include "formats/event_writer.h"
#include "formats/tfrecord.h"
#include "proto/pack.h"

/* Appends w->message as a record: all of it or nothing. */
static est_status frame(est__event_writer *w, est__buffer *records)
{
    size_t before = records->size;
    est__tfrecord_frame(records, w->message.data, w->message.size);
    if (records->status == EST_OK)
        return EST_OK;
    records->size = before;
    records->status = EST_OK;
    return est__fail_memory(before + w->message.size);
}

static est_status pack(est__event_writer *w, Tensorflow__Event *e, int64_t step)
{
    e->wall_time = est__wall_time();
    e->step = step;
    est__buffer_clear(&w->message);
    return est__proto_pack(e, &w->message);
}

est_status est__event_add(est__event_writer *w, Tensorflow__Event *e, int64_t step)
{
    EST_TRY(pack(w, e, step));
    return frame(w, &w->records);
}

est_status est__event_add_once(est__event_writer *w, Tensorflow__Event *e, int64_t step, bool there)
{
    EST_TRY(pack(w, e, step));
    EST_TRY(frame(w, &w->once));
    if (there)
        return EST_OK;
    est__free(w->once_path);
    w->once_path = est__strdup(w->path);
    return frame(w, &w->records);
}

est_status est__event_values(est__event_writer *w, int64_t step, Tensorflow__Summary__Value **values, size_t count)
{
    Tensorflow__Summary summary = TENSORFLOW__SUMMARY__INIT;
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    summary.n_value = count;
    summary.value = values;
    e.what_case = TENSORFLOW__EVENT__WHAT_SUMMARY;
    e.summary = &summary;
    return est__event_add(w, &e, step);
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
    return est__event_values(w, step, w->list, count);
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
        st = est__event_values(w, step, &(Tensorflow__Summary__Value *){ &value }, 1);
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
    return est__event_values(w, step, &(Tensorflow__Summary__Value *){ &value }, 1);
}

est_status est__event_graph(est__event_writer *w, int64_t step, const void *graph_def, size_t size, bool there)
{
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    e.what_case = TENSORFLOW__EVENT__WHAT_GRAPH_DEF;
    e.graph_def = (ProtobufCBinaryData){ size, (uint8_t *)(uintptr_t)graph_def };
    return est__event_add_once(w, &e, step, there);
}

est_status est__event_meta_graph(est__event_writer *w, int64_t step, const void *meta_graph_def, size_t size)
{
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    e.what_case = TENSORFLOW__EVENT__WHAT_META_GRAPH_DEF;
    e.meta_graph_def = (ProtobufCBinaryData){ size, (uint8_t *)(uintptr_t)meta_graph_def };
    return est__event_add(w, &e, step);
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
    return est__event_add(w, &e, step);
}
