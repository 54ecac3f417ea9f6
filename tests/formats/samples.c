/* The contents of tests/golden/formats, written by the library. */
#include "formats/samples.h"

#include <stdlib.h>

#include "formats/bundle.h"
#include "formats/event.h"
#include "formats/example.h"
#include "tensor/tensor.h"

/* 0, 1, 2, … of any dtype. */
static est_status add_numbers(est__bundle_writer *w, const char *name, est_dtype dtype, est_shape shape)
{
    est_tensor *t;
    EST_TRY(est_tensor_new(dtype, &shape, &t));
    for (int64_t i = 0; i < est__tensor_elements(t); i++)
        est__tensor_set(t, i, (double)i);
    est_status st = est__bundle_add(w, name, t);
    est_tensor_free(t);
    return st;
}

static est_status add_strings(est__bundle_writer *w, const char *name, est_shape shape, const char *const *s,
                              const size_t *n)
{
    est_tensor *t;
    EST_TRY(est_tensor_new_strings(&shape, s, n, &t));
    est_status st = est__bundle_add(w, name, t);
    est_tensor_free(t);
    return st;
}

static est_status add_scalar(est__bundle_writer *w, const char *name, est_dtype dtype, double v)
{
    est_tensor *t;
    est_shape scalar = EST_SCALAR;
    EST_TRY(est_tensor_new(dtype, &scalar, &t));
    est__tensor_set(t, 0, v);
    est_status st = est__bundle_add(w, name, t);
    est_tensor_free(t);
    return st;
}

/* Columns [from, to) of 0, 1, 2, … in a matrix of `whole`; rows [first, last). */
static est_status add_part(est__bundle_writer *w, const char *name, est_dtype dtype, est_shape whole,
                           const int64_t first[2], const int64_t last[2])
{
    est_tensor *t;
    est_shape shape = EST_SHAPE(last[0] - first[0], last[1] - first[1]);
    EST_TRY(est_tensor_new(dtype, &shape, &t));
    for (int64_t i = 0; i < est__tensor_elements(t); i++) {
        int64_t row = first[0] + i / shape.dim[1], column = first[1] + i % shape.dim[1];
        est__tensor_set(t, i, (double)(row * whole.dim[1] + column));
    }
    est_status st = est__bundle_add_slice(w, name, &whole, first, t);
    est_tensor_free(t);
    return st;
}

static est_status add_all(est__bundle_writer *w)
{
    static const est_dtype dtypes[] = {
        EST_FLOAT, EST_DOUBLE, EST_INT8,  EST_UINT8,  EST_INT16, EST_UINT16,
        EST_INT32, EST_UINT32, EST_INT64, EST_UINT64, EST_HALF,  EST_BFLOAT16
    };
    static const uint8_t bools[] = { 1, 0, 1 };
    const est_shape three = EST_SHAPE(3);
    char name[64], x[200];
    memset(x, 'x', sizeof x);
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        snprintf(name, sizeof name, "t/%s", est_dtype_name(dtypes[i]));
        EST_TRY(add_numbers(w, name, dtypes[i], EST_SHAPE(2, 3)));
    }
    EST_TRY(est__bundle_begin(w, "t/bool", EST_BOOL, &three));
    EST_TRY(est__bundle_bytes(w, bools, 1));
    EST_TRY(est__bundle_bytes(w, bools + 1, 2));
    EST_TRY(add_strings(w, "t/string", EST_SHAPE(2, 2), (const char *[]){ "", "abc", "a\0b", x },
                        (size_t[]){ 0, 3, 3, sizeof x }));
    EST_TRY(add_scalar(w, "global_step", EST_INT64, 7));
    EST_TRY(add_numbers(w, "empty/float", EST_FLOAT, EST_SHAPE(0, 4)));
    EST_TRY(add_strings(w, "empty/string", EST_SHAPE(0), NULL, NULL));
    EST_TRY(add_strings(w, "scalar/string", EST_SCALAR, (const char *[]){ "Titanic" }, NULL));
    EST_TRY(add_part(w, "emb", EST_FLOAT, EST_SHAPE(5, 2), (int64_t[]){ 0, 0 }, (int64_t[]){ 3, 2 }));
    EST_TRY(add_part(w, "emb", EST_FLOAT, EST_SHAPE(5, 2), (int64_t[]){ 3, 0 }, (int64_t[]){ 5, 2 }));
    EST_TRY(add_part(w, "wide", EST_INT32, EST_SHAPE(2, 300), (int64_t[]){ 0, 0 }, (int64_t[]){ 2, 100 }));
    EST_TRY(add_part(w, "wide", EST_INT32, EST_SHAPE(2, 300), (int64_t[]){ 0, 100 }, (int64_t[]){ 2, 300 }));
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "many/variable_%d/kernel", i);
        EST_TRY(add_scalar(w, name, EST_FLOAT, i));
    }
    return EST_OK;
}

static est_status add_many(est__bundle_writer *w)
{
    char name[64];
    for (int i = 0; i < 12000; i++) {
        snprintf(name, sizeof name, "layer_%05d/a_rather_long_name_of_a_scope/kernel", i);
        EST_TRY(add_scalar(w, name, EST_INT32, i));
    }
    return EST_OK;
}

static est_status write_bundle(const char *prefix, est_status (*fill)(est__bundle_writer *w))
{
    est__bundle_writer *w;
    EST_TRY(est__bundle_writer_new(prefix, &w));
    est_status st = fill(w);
    return est__bundle_end(w, st);
}

est_status sample_checkpoint(const char *prefix)
{
    return write_bundle(prefix, add_all);
}

est_status sample_many(const char *prefix)
{
    return write_bundle(prefix, add_many);
}

est_status sample_example(int i, est__buffer *out)
{
    static const int64_t ids[] = { -1, 0, 1 };
    const float age = 20.5f + (float)i;
    const char *class = i == 0 ? "First" : "Second";
    const est__feature_spec specs[] = { { .name = "age", .dtype = EST_FLOAT, .size = 1 },
                                        { .name = "class", .dtype = EST_STRING, .size = 1 },
                                        { .name = "ids", .dtype = EST_INT64, .variable = true } };
    const est__feature_column columns[] = {
        { .values = (void *)(uintptr_t)&age },
        { .values = &(est__bytes){ (const unsigned char *)class, strlen(class) } },
        { .values = (void *)(uintptr_t)ids, .row_offsets = (int64_t[]){ 0, i + 1 } } };
    return est__example_write(out, specs, columns, 3, 0);
}

est_status sample_records(const char *path, est__compression compression)
{
    est__tfrecord_writer *w;
    est__buffer example = { 0 };
    EST_TRY(est__tfrecord_writer_new(path, compression, &w));
    est_status st = EST_OK;
    for (int i = 0; i < 3 && st == EST_OK; i++) {
        est__buffer_clear(&example);
        st = sample_example(i, &example);
        if (st == EST_OK)
            st = est__tfrecord_write(w, example.data, example.size);
    }
    est__buffer_free(&example);
    if (st == EST_OK)
        return est__tfrecord_commit(w);
    est__tfrecord_abandon(w);
    return st;
}

static est_status add_events(est__event_writer *w)
{
    float values[] = { -1.5f, 0, 0, 1e-13f, 2, 2.05f, 300 };
    est_tensor histogram = { EST_FLOAT, EST_SHAPE(7), values, NULL };
    for (int i = 0; i < 3; i++) {
        EST_TRY(est__event_scalars(w, i, &(est__scalar){ "loss", (double)(1.0f / (float)(i + 1)) }, 1));
        EST_TRY(est__event_flush(w));
    }
    EST_TRY(est__event_histogram(w, 3, "weights", &histogram));
    EST_TRY(
        est__event_session_log(w, 7, TENSORFLOW__SESSION_LOG__SESSION_STATUS__CHECKPOINT, "model.ckpt-7"));
    return est__event_flush(w);
}

est_status sample_events(const char *dir, char *path, size_t size)
{
    est__event_writer *w;
    EST_TRY(est__event_writer_new(dir, &w));
    snprintf(path, size, "%s", est__event_writer_path(w));
    est_status st = add_events(w);
    est__event_writer_free(w);
    return st;
}
