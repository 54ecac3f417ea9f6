/* The public writer of TFRecord files, over the library's own; rows of batches as tf.Examples. */
#include <estimator/records.h>

#include "formats/example.h"
#include "formats/tfrecord.h"

struct est_record_writer {
    est__tfrecord_writer *file;
    est__buffer record;
};

est_status est_record_writer_open(const char *path, est_record_compression compression,
                                  est_record_writer **out)
{
    static const est__compression kinds[] = { EST__UNCOMPRESSED, EST__GZIP, EST__ZLIB };
    *out = NULL;
    if ((unsigned)compression > EST_RECORDS_ZLIB)
        return est__fail(EST_INVALID_ARGUMENT, "%s: there is no compression %d of TFRecord files", path,
                         (int)compression);
    est_record_writer *w = est__calloc(1, sizeof *w);
    if (!w)
        return est__fail_memory(sizeof *w);
    est_status st = est__tfrecord_writer_new(path, kinds[compression], &w->file);
    if (st != EST_OK) {
        est__free(w);
        return st;
    }
    *out = w;
    return EST_OK;
}

est_status est_record_writer_write(est_record_writer *w, const void *data, size_t size)
{
    return est__tfrecord_write(w->file, data, size);
}

void est_record_writer_abandon(est_record_writer *w)
{
    if (!w)
        return;
    est__tfrecord_abandon(w->file);
    est__buffer_free(&w->record);
    est__free(w);
}

est_status est_record_writer_commit(est_record_writer *w)
{
    est_status st = est__tfrecord_commit(w->file);
    w->file = NULL;
    est_record_writer_abandon(w);
    return st;
}

/* ---- batches ---- */

static int64_t integer_at(const est_tensor *t, int64_t i)
{
    switch ((int)t->dtype) {
    case EST_INT32: return ((const int32_t *)t->data)[i];
    case EST_UINT32: return ((const uint32_t *)t->data)[i];
    case EST_INT16: return ((const int16_t *)t->data)[i];
    case EST_UINT16: return ((const uint16_t *)t->data)[i];
    case EST_INT8: return ((const int8_t *)t->data)[i];
    case EST_UINT8: return ((const uint8_t *)t->data)[i];
    default: return ((const bool *)t->data)[i];
    }
}

/* What an Example has for a dtype; EST_INVALID: nothing. */
static est_dtype list_of(est_dtype dtype)
{
    switch ((int)dtype) {
    case EST_STRING: return EST_STRING;
    case EST_FLOAT: case EST_DOUBLE: return EST_FLOAT;
    case EST_INT64:
    case EST_INT32:
    case EST_UINT32:
    case EST_INT16:
    case EST_UINT16:
    case EST_INT8:
    case EST_UINT8:
    case EST_BOOL: return EST_INT64;
    default: return EST_INVALID;
    }
}

/* The values of a tensor as est__example_write takes them; those that are so already are lent. */
static est_status values_of(const est_tensor *t, est__arena *arena, void **out)
{
    int64_t n = est_shape_elements(&t->shape);
    *out = t->data;
    if (t->dtype == EST_FLOAT || t->dtype == EST_INT64)
        return EST_OK;
    *out = est__arena_alloc(arena, ((size_t)n + 1) * sizeof(est__bytes));
    if (!*out)
        return est__fail_memory((size_t)n * sizeof(est__bytes));
    for (int64_t i = 0; i < n; i++)
        if (t->dtype == EST_STRING) {
            est__bytes *to = (est__bytes *)*out + i;
            to->p = (const unsigned char *)est_tensor_string(t, i, &to->n);
        } else if (t->dtype == EST_DOUBLE) {
            ((float *)*out)[i] = (float)((const double *)t->data)[i];
        } else {
            ((int64_t *)*out)[i] = integer_at(t, i);
        }
    return EST_OK;
}

static est_status describe(est_features_spec features, const est_batch *b, size_t i, est__arena *arena,
                           est__feature_spec *spec, est__feature_column *column)
{
    const est_tensor *t = est_batch_get(b, i), *offsets = est_batch_offsets(b, i);
    const char *name = features.data[i].name;
    int64_t rows = est_batch_rows(b);
    for (size_t k = 0; k < i; k++)
        if (!strcmp(features.data[k].name, name))
            return est__fail(EST_INVALID_ARGUMENT, "there are two features named '%s'", name);
    *spec = (est__feature_spec){ .name = name, .dtype = list_of(t->dtype), .variable = offsets != NULL };
    if (spec->dtype == EST_INVALID)
        return est__fail(EST_UNIMPLEMENTED, "feature '%s' is %s; an Example holds float32, int64 and string",
                         name, est_dtype_name(t->dtype));
    spec->size = rows ? (size_t)(est_shape_elements(&t->shape) / rows) : 0;
    *column = (est__feature_column){ .row_offsets = offsets ? offsets->data : NULL };
    return values_of(t, arena, &column->values);
}

est_status est_record_writer_write_batch(est_record_writer *w, est_features_spec features,
                                         const est_batch *batch)
{
    est__arena arena = { 0 };
    if (est_batch_get(batch, features.count) || (features.count && !est_batch_get(batch, features.count - 1)))
        return est__fail(EST_INVALID_ARGUMENT, "%zu features are named; the batch has another number of them",
                         features.count);
    est__feature_spec *specs = est__arena_alloc(&arena, (features.count + 1) * sizeof *specs);
    est__feature_column *columns = est__arena_alloc(&arena, (features.count + 1) * sizeof *columns);
    est_status st = specs && columns ? EST_OK : est__fail_memory(features.count * sizeof *columns);
    for (size_t i = 0; st == EST_OK && i < features.count; i++)
        st = describe(features, batch, i, &arena, &specs[i], &columns[i]);
    for (int64_t row = 0; st == EST_OK && row < est_batch_rows(batch); row++) {
        est__buffer_clear(&w->record);
        st = est__example_write(&w->record, specs, columns, features.count, (size_t)row);
        if (st == EST_OK)
            st = est__tfrecord_write(w->file, w->record.data, w->record.size);
    }
    est__arena_free(&arena);
    return st;
}
