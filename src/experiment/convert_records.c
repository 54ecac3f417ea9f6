/* TFRecord to CSV (RFC 4180): a line a tf.Example, a field a feature; an absent one is an empty field. */
#include <estimator/inspect.h>

#include "experiment/convert_files.h"

typedef struct writer {
    est__conversion *c;
    est__output *out;
    est__map *column;                /* by name: number + 1 */
    est__buffer *cell, line;
    int64_t record;
} writer;

static est_status put_line(writer *w)
{
    const est__conversion *c = w->c;
    if (c->features == 1 && !w->line.size)
        est__buffer_text(&w->line, "\"\"");     /* a blank line would be no row */
    est__buffer_text(&w->line, "\n");
    if (w->line.status != EST_OK)
        return est__fail_memory(w->line.size);
    est_status st = est__output_write(w->out, w->line.data, w->line.size);
    est__buffer_clear(&w->line);
    return st;
}

static void put_field(writer *w, size_t index, const char *text, size_t n)
{
    est__buffer *b = &w->line;
    bool plain = true;
    for (size_t i = 0; i < n && plain; i++)
        plain = text[i] != w->c->field_delim && text[i] != '"' && text[i] != '\n' && text[i] != '\r';
    if (index)
        est__buffer_bytes(b, &w->c->field_delim, 1);
    if (plain) {
        est__buffer_bytes(b, text, n);
        return;
    }
    est__buffer_text(b, "\"");
    for (size_t i = 0; i < n; i++)
        est__buffer_bytes(b, text[i] == '"' ? "\"\"" : &text[i], text[i] == '"' ? 2 : 1);
    est__buffer_text(b, "\"");
}

static est_status put_value(writer *w, est__buffer *b, const est_example_feature *f, int64_t i)
{
    char number[32];
    const char *text = number, *delim = w->c->multivalent_delim;
    size_t n;
    if (f->value->dtype == EST_STRING)
        text = est_tensor_string(f->value, i, &n);
    else if (f->value->dtype == EST_FLOAT)
        n = (size_t)est__format_float(number, ((const float *)f->value->data)[i]);
    else
        n = (size_t)est__print(number, sizeof number, "%lld",
                               (long long)((const int64_t *)f->value->data)[i]);
    if (memchr(text, 0, n))
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' holds a NUL byte, which CSV cannot", f->name);
    if (delim && memchr(text, *delim, n))
        return est__fail(EST_INVALID_ARGUMENT,
                         "feature '%s': \"%.*s\" holds the separator of values '%s': choose another", f->name,
                         (int)(n < 40 ? n : 40), text, delim);
    if (i)
        est__buffer_text(b, delim);
    est__buffer_bytes(b, text, n);
    return EST_OK;
}

static est_status take_feature(const est_example_feature *f, void *user)
{
    writer *w = user;
    uintptr_t index = (uintptr_t)est__map_get(w->column, f->name, strlen(f->name));
    if (!index || !f->value)
        return EST_OK;
    int64_t n = est_shape_elements(&f->value->shape);
    est_dtype wanted = w->c->feature[index - 1].dtype;
    if (f->value->dtype != wanted)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' is %s, %s is wanted", f->name,
                         est_dtype_name(f->value->dtype), est_dtype_name(wanted));
    if (n > 1 && !w->c->multivalent_delim)
        return est__fail(EST_INVALID_ARGUMENT,
                         "feature '%s' has %lld values: CSV needs a separator of values (multivalent_delim)",
                         f->name, (long long)n);
    for (int64_t i = 0; i < n; i++)
        EST_TRY(put_value(w, &w->cell[index - 1], f, i));
    return EST_OK;
}

static est_status convert_record(writer *w, const void *data, size_t size)
{
    for (size_t i = 0; i < w->c->features; i++)
        est__buffer_clear(&w->cell[i]);
    est_status st = est_example_features(data, size, take_feature, w);
    if (st != EST_OK)
        return est__fail_in(st, "%s: record %lld", w->c->from, (long long)w->record);
    for (size_t i = 0; i < w->c->features; i++) {
        if (w->cell[i].status != EST_OK)
            return est__fail_memory(w->cell[i].size);
        put_field(w, i, w->cell[i].data ? w->cell[i].data : "", w->cell[i].size);
    }
    w->record++;
    return put_line(w);
}

static est_status write_all(writer *w, est_record_reader *r)
{
    const void *data;
    size_t size;
    est_status st;
    for (size_t i = 0; i < w->c->features; i++)
        put_field(w, i, w->c->feature[i].name, strlen(w->c->feature[i].name));
    EST_TRY(put_line(w));
    while ((st = est_record_reader_next(r, &data, &size)) == EST_OK)
        EST_TRY(convert_record(w, data, size));
    w->c->rows = w->record;
    return st == EST_OUT_OF_RANGE ? EST_OK : st;
}

static est_status name_columns(writer *w)
{
    w->column = est__map_new();
    w->cell = est__calloc(w->c->features + 1, sizeof *w->cell);
    if (!w->column || !w->cell)
        return est__fail_memory(w->c->features * sizeof *w->cell);
    for (size_t i = 0; i < w->c->features; i++)
        EST_TRY(est__map_put(w->column, w->c->feature[i].name, strlen(w->c->feature[i].name),
                             (void *)(uintptr_t)(i + 1)));
    return EST_OK;
}

est_status est__convert_records(est__conversion *c)
{
    writer w = { .c = c };
    est_record_reader *r = NULL;
    est_status st = name_columns(&w);
    if (st == EST_OK)
        st = est_record_reader_open(c->from, &r);
    if (st == EST_OK)
        st = est__output_new(c->to, est__compression_of(c->to), &w.out);
    if (st == EST_OK)
        st = write_all(&w, r);
    if (st == EST_OK)
        st = est__output_commit(w.out);
    else
        est__output_abandon(w.out);
    est_record_reader_free(r);
    for (size_t i = 0; w.cell && i < c->features; i++)
        est__buffer_free(&w.cell[i]);
    est__free(w.cell);
    est__buffer_free(&w.line);
    est__map_free(w.column);
    return st;
}
