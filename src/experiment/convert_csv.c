/* CSV to TFRecord: rows are read as texts, since an absent value has no other mark, and become values of each
 * column's type. */
#include "experiment/convert_files.h"

enum { BATCH = 256 };

/* The values of a column over a batch, and where its rows lie among them. */
typedef struct values {
    est__buffer data, bytes;         /* numbers, or offsets into bytes; texts */
    int64_t *offsets;
    size_t capacity;
    int64_t count;
} values;

typedef struct converter {
    est__conversion *c;
    values v;
    int64_t rows;
    est__error error;                /* of a value: the dataset puts words of its own before it */
} converter;

static est_status bad_value(const converter *m, const est_feature *f, int64_t row, const char *text, size_t n)
{
    return est__fail(EST_INVALID_ARGUMENT, "%s: row %lld: column '%s': \"%.*s%s\" is not %s", m->c->from,
                     (long long)(m->rows + row + 1), f->name, (int)(n < 40 ? n : 40), text, n > 40 ? "..." : "",
                     f->dtype == EST_INT64 ? "an integer" : "a number");
}

static est_status add_value(converter *m, const est_feature *f, int64_t row, const char *text, size_t n)
{
    values *v = &m->v;
    int64_t whole, at;
    float number;
    v->count++;
    switch ((int)f->dtype) {
    case EST_FLOAT:
        if (!est__parse_float(text, n, &number))
            return bad_value(m, f, row, text, n);
        est__buffer_bytes(&v->data, &number, sizeof number);
        return EST_OK;
    case EST_INT64:
        if (!est__parse_int64(text, n, &whole))
            return bad_value(m, f, row, text, n);
        est__buffer_bytes(&v->data, &whole, sizeof whole);
        return EST_OK;
    default:
        est__buffer_bytes(&v->bytes, text, n);
        at = (int64_t)v->bytes.size;
        est__buffer_bytes(&v->data, &at, sizeof at);
        return EST_OK;
    }
}

static bool is_missing(const est__conversion *c, const est_feature *f, const char *text, size_t n)
{
    const char *mark = c->na_value;
    if (!mark && c->stats && f->dtype != EST_STRING)
        mark = est_stats_na_value(c->stats);
    return n == 0 || (mark && strlen(mark) == n && !memcmp(mark, text, n));
}

static est_status add_field(converter *m, const est_feature *f, int64_t row, const char *text, size_t n)
{
    bool single = m->c->single && m->c->single[f - m->c->feature];
    const char *delim = single ? NULL : m->c->multivalent_delim, *end;
    if (is_missing(m->c, f, text, n))
        return EST_OK;
    while (delim && (end = memchr(text, *delim, n)) != NULL) {
        size_t length = (size_t)(end - text);
        EST_TRY(add_value(m, f, row, text, length));
        text += length + 1;
        n -= length + 1;
    }
    return add_value(m, f, row, text, n);
}

/* Feature `index`: from texts, one a row, to values, any number a row. */
static est_status map_feature(converter *m, const est_batch *in, est_batch *out, size_t index)
{
    values *v = &m->v;
    const est_feature *f = &m->c->feature[index];
    const est_tensor *texts = est_batch_get(in, index);
    int64_t rows = est_batch_rows(in), zero = 0;
    size_t n;
    est__buffer_clear(&v->data);
    est__buffer_clear(&v->bytes);
    v->count = 0;
    if (f->dtype == EST_STRING)
        est__buffer_bytes(&v->data, &zero, sizeof zero);
    EST_TRY(est__grow(&v->offsets, &v->capacity, (size_t)rows + 1, sizeof *v->offsets));
    v->offsets[0] = 0;
    for (int64_t r = 0; r < rows; r++) {
        const char *text = est_tensor_string(texts, r, &n);
        EST_TRY(add_field(m, f, r, text, n));
        v->offsets[r + 1] = v->count;
    }
    if (v->data.status != EST_OK || v->bytes.status != EST_OK)
        return est__fail_memory(v->data.size + v->bytes.size);
    est_tensor value = { .dtype = f->dtype, .shape = EST_SHAPE(v->count), .data = v->data.data,
                         .bytes = v->bytes.data };
    est_tensor offsets = { .dtype = EST_INT64, .shape = EST_SHAPE(rows + 1), .data = v->offsets };
    return est_batch_set_ragged(out, index, &value, &offsets);
}

static est_status map(const est_batch *in, est_batch *out, void *user)
{
    converter *m = user;
    est_status st = EST_OK;
    for (size_t i = 0; st == EST_OK && i < m->c->features; i++)
        st = map_feature(m, in, out, i);
    m->rows += est_batch_rows(in);
    est__error_take(&m->error, st);
    return st;
}

static est_status write_all(est__conversion *c, est_dataset *d, est_record_writer *w)
{
    const est_batch *b;
    est_status st;
    while ((st = est_dataset_next(d, &b)) == EST_OK) {
        EST_TRY(est_record_writer_write_batch(w, est_dataset_features(d), b));
        c->rows += est_batch_rows(b);
    }
    return st == EST_OUT_OF_RANGE ? EST_OK : st;
}

static est_status open_texts(est__conversion *c, converter *m, est_dataset **out)
{
    est_feature *texts = est__calloc(c->features, sizeof *texts);
    if (!texts)
        return est__fail_memory(c->features * sizeof *texts);
    for (size_t i = 0; i < c->features; i++)
        texts[i] = (est_feature){ .name = c->feature[i].name, .dtype = EST_STRING };
    est_csv_options csv = c->csv;
    csv.input_path = (est_strings){ &c->from, 1 };
    csv.features = (est_features_spec){ texts, c->features };
    csv.memory_budget = EST_OFF;
    est_status st = est_csv_dataset_new(&csv, out);
    est__free(texts);
    EST_TRY(st);
    est_dataset_batch(*out, BATCH, false);
    est_dataset_map(*out, (est_features_spec){ c->feature, c->features }, map, m);
    return EST_OK;
}

est_status est__convert_csv(est__conversion *c)
{
    static const est_record_compression kinds[] = { EST_RECORDS_PLAIN, EST_RECORDS_GZIP, EST_RECORDS_ZLIB };
    converter m = { .c = c };
    est_dataset *d = NULL;
    est_record_writer *w = NULL;
    est_status st = open_texts(c, &m, &d);
    if (st == EST_OK)
        st = est_record_writer_open(c->to, kinds[est__compression_of(c->to)], &w);
    if (st == EST_OK)
        st = write_all(c, d, w);
    if (st != EST_OK && m.error.status != EST_OK)
        st = est__error_give(&m.error);
    if (st == EST_OK)
        st = est_record_writer_commit(w);
    else
        est_record_writer_abandon(w);
    est_dataset_free(d);
    est__buffer_free(&m.v.data);
    est__buffer_free(&m.v.bytes);
    est__free(m.v.offsets);
    return st;
}
