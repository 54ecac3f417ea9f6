/* est_dataset_padded_batch: features of variable length become dense, a batch at a time. */
#include "data/pad.h"

typedef struct padding {
    int64_t length;           /* 0: the longest row */
    est_tensor *value;        /* one element; NULL: 0 or "" */
} padding;

typedef struct pad {
    est__stage stage;
    padding *of;              /* by feature */
    int features;
    int by;                   /* pads to the bounds of buckets of this feature's lengths; -1: no */
    int64_t *boundary;
    size_t boundaries;
    est_batch *shown;
} pad;

/* ---- reading ---- */

static int64_t longest_row(const est__column *c, int64_t rows)
{
    int64_t longest = 0;
    for (int64_t r = 0; r < rows; r++)
        if (c->splits[r + 1] - c->splits[r] > longest)
            longest = c->splits[r + 1] - c->splits[r];
    return longest;
}

static void pad_numbers(est__column *to, const est__column *from, int64_t rows, int64_t length, const est_tensor *value)
{
    size_t size = est_dtype_size(to->dtype);
    const char *in = from->data;
    char *out = to->data;
    for (int64_t r = 0; r < rows; r++) {
        int64_t n = from->splits[r + 1] - from->splits[r];
        if (n)
            memcpy(out, in + (size_t)from->splits[r] * size, (size_t)n * size);
        out += (size_t)n * size;
        if (!value)
            memset(out, 0, (size_t)(length - n) * size);
        for (int64_t i = 0; value && i < length - n; i++)
            memcpy(out + (size_t)i * size, value->data, size);
        out += (size_t)(length - n) * size;
    }
}

static est_status pad_texts(est__column *to, const est__column *from, int64_t rows, int64_t length, const est_tensor *value)
{
    const int64_t *in = est__column_offsets(from);
    int64_t *out = est__column_offsets(to), values = from->splits[rows];
    size_t n = 0, bytes;
    const char *text = value ? est_tensor_string(value, 0, &n) : "";
    if (__builtin_mul_overflow((size_t)(rows * length - values), n, &bytes))
        return est__fail_memory(SIZE_MAX);
    EST_TRY(est__column_reserve_bytes(to, (size_t)in[values] + bytes));
    for (int64_t r = 0; r < rows; r++) {
        const int64_t *row = in + from->splits[r];
        int64_t k = from->splits[r + 1] - from->splits[r];
        if (row[k] > row[0])
            memcpy(to->bytes + *out, from->bytes + row[0], (size_t)(row[k] - row[0]));
        for (int64_t i = 0; i < k; i++, out++)
            out[1] = out[0] + row[i + 1] - row[i];
        for (; k < length; k++, out++) {
            if (n)
                memcpy(to->bytes + *out, text, n);
            out[1] = out[0] + (int64_t)n;
        }
    }
    return EST_OK;
}

/* *length: the bound of the batch's bucket, less one; 0: there are no bounds. */
static est_status find_bound(const pad *p, int64_t *length)
{
    *length = 0;
    if (p->by < 0)
        return EST_OK;
    int64_t longest = longest_row(&p->shown->room->table.column[p->by], p->shown->rows);
    for (size_t i = 0; i < p->boundaries; i++)
        if (longest < p->boundary[i]) {
            *length = p->boundary[i] - 1;
            return EST_OK;
        }
    return est__fail(EST_INVALID_ARGUMENT, "feature '%s': a row has %lld values; pad_to_bucket_boundary wants less than the last "
                     "boundary, %lld", p->shown->feature[p->by].name, (long long)longest,
                     (long long)p->boundary[p->boundaries - 1]);
}

static est_status pad_column(const pad *p, int i, est_batch *b, int64_t bound)
{
    const est__column *from = &p->shown->room->table.column[i];
    est__column *to = &b->room->table.column[i];
    int64_t rows = p->shown->rows, longest = longest_row(from, rows), wanted = p->of[i].length, elements;
    int64_t length = wanted ? wanted : p->by >= 0 ? bound : longest;
    if (longest > length)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': a row has %lld values, it is to be padded to %lld",
                         p->shown->feature[i].name, (long long)longest, (long long)length);
    if (__builtin_mul_overflow(rows, length, &elements))
        return est__fail_memory(SIZE_MAX);
    EST_TRY(est__column_reserve(to, (size_t)elements));
    if (to->dtype == EST_STRING)
        EST_TRY(pad_texts(to, from, rows, length, p->of[i].value));
    else
        pad_numbers(to, from, rows, length, p->of[i].value);
    b->value[i].shape.dim[1] = length;
    return EST_OK;
}

/* Dense columns change hands, so that nothing is copied. */
static est_status read_batch(est_dataset *d, est_batch *b)
{
    const pad *p = d->source;
    int64_t bound;
    est__batch_clear(b);
    EST_TRY(est__dataset_read(p->stage.from[0], p->shown));
    EST_TRY(find_bound(p, &bound));
    for (int i = 0; i < b->count; i++) {
        est__column *from = &p->shown->room->table.column[i], *to = &b->room->table.column[i], kept = *to;
        if (from->splits) {
            EST_TRY(pad_column(p, i, b, bound));
        } else {
            *to = *from;
            *from = kept;
        }
    }
    b->room->table.rows = p->shown->rows;
    est__batch_seal(b);
    return EST_OK;
}

static void free_pad(void *stage)
{
    pad *p = stage;
    if (!p)
        return;
    for (int i = 0; p->of && i < p->features; i++)
        est_tensor_free(p->of[i].value);
    est__batch_free(p->shown);
    est__free(p->of);
    est__free(p->boundary);
    est__stage_free(stage);
}

static const est__source_kind kind = EST__STAGE_OF_BATCHES("padded_batch", read_batch, free_pad);

/* ---- making one ---- */

static est_status find_padded(const char *name, est_features_spec spec, const est_padding *wanted, size_t *at)
{
    if (!wanted->feature)
        return est__fail(EST_INVALID_ARGUMENT, "%s: a padding names no feature", name);
    for (*at = 0; *at < spec.count; ++*at)
        if (!strcmp(spec.data[*at].name, wanted->feature))
            break;
    if (*at == spec.count)
        return est__fail(EST_INVALID_ARGUMENT, "%s: there is no feature '%s'", name, wanted->feature);
    const est_feature *f = &spec.data[*at];
    if (!f->variable_length)
        return est__fail(EST_INVALID_ARGUMENT, "%s: feature '%s' is dense, there is nothing to pad", name, f->name);
    if (wanted->length < 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: feature '%s' cannot be padded to %lld", name, f->name,
                         (long long)wanted->length);
    return EST_OK;
}

static est_status set_value(const char *name, const est_feature *f, const est_tensor *value, padding *to)
{
    if (!value)
        return EST_OK;
    if (value->dtype != f->dtype || est_shape_elements(&value->shape) != 1)
        return est__fail(EST_INVALID_ARGUMENT, "%s: feature '%s' is padded with one %s", name, f->name, est_dtype_name(f->dtype));
    est_tensor_free(to->value);
    return est_tensor_copy(value, &to->value);
}

static est_status set_paddings(pad *p, const char *name, est_features_spec spec, est_paddings paddings)
{
    size_t at = 0;
    p->features = (int)spec.count;
    p->of = est__calloc(spec.count, sizeof *p->of);
    if (!p->of)
        return est__fail_memory(spec.count * sizeof *p->of);
    for (size_t i = 0; i < spec.count; i++)
        if (spec.data[i].row_starts)
            return est__fail(EST_INVALID_ARGUMENT, "%s: feature '%s' has frames of any length: padded to rows they could not be told "
                             "apart", name, spec.data[i].name);
    for (size_t i = 0; i < spec.count; i++)
        if (spec.data[i].variable_length)
            EST_TRY(set_value(name, &spec.data[i], spec.data[i].default_value, &p->of[i]));
    for (size_t i = 0; i < paddings.count; i++) {
        EST_TRY(find_padded(name, spec, &paddings.data[i], &at));
        p->of[at].length = paddings.data[i].length;
        EST_TRY(set_value(name, &spec.data[at], paddings.data[i].value, &p->of[at]));
    }
    return EST_OK;
}

static void identify(pad *p)
{
    size_t n;
    for (int i = 0; i < p->features; i++) {
        const est_tensor *v = p->of[i].value;
        const char *text = v && v->dtype == EST_STRING ? est_tensor_string(v, 0, &n) : NULL;
        uint32_t crc = text ? est__crc32c(1, text, n) : v ? est__crc32c(0, v->data, est_dtype_size(v->dtype)) : 0;
        est__stage_identify(&p->stage, "%lld %u", (long long)p->of[i].length, (unsigned)crc);
    }
    for (size_t i = 0; i < p->boundaries; i++)
        est__stage_identify(&p->stage, "below %lld", (long long)p->boundary[i]);
}

static est_status make_pad(pad *p, const char *name, est_features_spec spec, est_paddings paddings, int by, est_ints boundaries)
{
    p->by = by;
    EST_TRY(set_paddings(p, name, spec, paddings));
    p->boundary = est__malloc((boundaries.count + 1) * sizeof *p->boundary);
    if (!p->boundary)
        return est__fail_memory(boundaries.count * sizeof *p->boundary);
    if (boundaries.count)
        memcpy(p->boundary, boundaries.data, boundaries.count * sizeof *p->boundary);
    p->boundaries = boundaries.count;
    identify(p);
    return EST_OK;
}

/* The features that come out; where a row's length is known from batch to batch alone, it is opened later. */
static est_status make_features(const pad *p, est_features_spec spec, est_feature **out)
{
    est_feature *f = *out = est__calloc(spec.count, sizeof *f);
    if (!f)
        return est__fail_memory(spec.count * sizeof *f);
    for (size_t i = 0; i < spec.count; i++) {
        f[i] = spec.data[i];
        if (f[i].variable_length)
            f[i] = (est_feature){ .name = f[i].name, .dtype = f[i].dtype, .shape = EST_SHAPE(p->of[i].length) };
    }
    return EST_OK;
}

est_dataset *est__dataset_pad(est_dataset *d, const char *name, est_paddings paddings, int by, est_ints boundaries)
{
    pad *p;
    est_feature *f = NULL;
    if (!d || d->error.status != EST_OK)
        return d;
    est_features_spec spec = est_dataset_features(d);
    int64_t ahead = d->ahead;
    est_status st = est__stage_new(sizeof *p, 1, NULL, &p);
    if (st == EST_OK)
        st = make_pad(p, name, spec, paddings, by, boundaries);
    if (st == EST_OK)
        st = make_features(p, spec, &f);
    if (st != EST_OK) {
        free_pad(p);
        est__dataset_spoil(d, st);
        return d;
    }
    est__stage_put(d, (est_features_spec){ f, spec.count }, &kind, p);
    est__free(f);
    if (d->error.status != EST_OK)
        return d;
    for (int i = 0; i < d->features; i++)
        if (p->stage.from[0]->feature[i].variable_length && !p->of[i].length)
            d->feature[i].shape.dim[0] = -1;
    est__dataset_set_batched(d, ahead);
    est__dataset_spoil(d, est__batch_new(p->stage.from[0], &p->shown));
    return d;
}

est_dataset *est_dataset_padded_batch(est_dataset *d, int64_t batch_size, bool drop_remainder, est_paddings paddings)
{
    return est__dataset_pad(est_dataset_batch(d, batch_size, drop_remainder), "est_dataset_padded_batch", paddings, -1,
                            (est_ints){ 0 });
}
