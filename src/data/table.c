/* Tables: columns of flat memory that grow, and the copies of rows between them. These copies are all that a batch costs
 * once the rows are in memory. */
#include "data/source.h"

est_status est__column_reserve_rows(est__column *c, size_t rows)
{
    if (c->splits && rows < c->splits_capacity)
        return EST_OK;
    bool first = !c->splits;
    EST_TRY(est__grow(&c->splits, &c->splits_capacity, rows + 1, sizeof *c->splits));
    if (first)
        c->splits[0] = 0;
    return EST_OK;
}

static est_status init_columns(est__table *t, const est_feature *f)
{
    t->column = est__calloc((size_t)t->count, sizeof *t->column);
    if (!t->column)
        return est__fail_memory((size_t)t->count * sizeof *t->column);
    for (int i = 0; i < t->count; i++, f++) {
        est__column *c = &t->column[i];
        c->dtype = f->dtype;
        int64_t elements = f->variable_length ? 0 : est_shape_elements(&f->shape);
        c->elements = elements < 0 ? 0 : elements;   /* of an open shape: as many as each batch says */
        c->row_size = f->dtype == EST_STRING ? 0 : (size_t)c->elements * est_dtype_size(f->dtype);
        EST_TRY(est__column_reserve(c, 0));
        if (f->variable_length)
            EST_TRY(est__column_reserve_rows(c, 0));
    }
    return EST_OK;
}

est_status est__table_init(est__table *t, est_features_spec features)
{
    *t = (est__table){ .count = (int)features.count };
    est_status st = init_columns(t, features.data);
    if (st != EST_OK)
        est__table_free(t);
    return st;
}

void est__table_free(est__table *t)
{
    for (int i = 0; t->column && i < t->count; i++) {
        est__free_aligned(t->column[i].data);
        est__free(t->column[i].bytes);
        est__free(t->column[i].splits);
    }
    est__free(t->column);
    *t = (est__table){ 0 };
}

est_status est__column_reserve(est__column *c, size_t elements)
{
    size_t text = c->dtype == EST_STRING, size = text ? sizeof(int64_t) : est_dtype_size(c->dtype);
    if (c->data && elements <= c->capacity)
        return EST_OK;
    size_t wanted = elements < 32 ? 32 : elements < c->capacity * 2 ? c->capacity * 2 : elements;
    if (wanted > SIZE_MAX / 4 / size)
        return est__fail_memory(SIZE_MAX);
    char *data = est__malloc_aligned((wanted + text) * size);
    if (!data)
        return est__fail_memory((wanted + text) * size);
    if (c->data)
        memcpy(data, c->data, (c->capacity + text) * size);
    else if (text)
        memset(data, 0, size);
    est__free_aligned(c->data);
    c->data = data;
    c->capacity = wanted;
    return EST_OK;
}

est_status est__column_reserve_bytes(est__column *c, size_t bytes)
{
    if (c->bytes && bytes <= c->bytes_capacity)
        return EST_OK;
    size_t wanted = bytes < 256 ? 256 : bytes < c->bytes_capacity * 2 ? c->bytes_capacity * 2 : bytes;
    char *p = est__realloc(c->bytes, wanted + EST__TEXT_SLACK);
    if (!p)
        return est__fail_memory(wanted + EST__TEXT_SLACK);
    c->bytes = p;
    c->bytes_capacity = wanted;
    return EST_OK;
}

est_status est__table_reserve(est__table *t, int64_t rows)
{
    for (int i = 0; i < t->count; i++) {
        est__column *c = &t->column[i];
        int64_t elements;
        if (c->splits) {
            EST_TRY(est__column_reserve_rows(c, (size_t)rows));
            continue;
        }
        if (__builtin_mul_overflow(rows, c->elements, &elements))
            return est__fail_memory(SIZE_MAX);
        EST_TRY(est__column_reserve(c, (size_t)elements));
    }
    return EST_OK;
}

static est_status append_text(est__column *c, int64_t to, const est__column *from, int64_t first, int64_t count)
{
    const int64_t *in = est__column_offsets(from) + first;
    int64_t *out = est__column_offsets(c) + to;
    int64_t shift = out[0] - in[0];
    size_t n = (size_t)(in[count] - in[0]);
    EST_TRY(est__column_reserve_bytes(c, (size_t)out[0] + n));
    if (n)
        memcpy(c->bytes + out[0], from->bytes + in[0], n);
    for (int64_t i = 1; i <= count; i++)
        out[i] = in[i] + shift;
    return EST_OK;
}

static est_status append_ragged(est__column *c, int64_t row, const est__column *from, int64_t first, int64_t count)
{
    const int64_t *in = from->splits + first;
    int64_t *out = c->splits + row;
    int64_t n = in[count] - in[0], shift = out[0] - in[0];
    EST_TRY(est__column_reserve(c, (size_t)(out[0] + n)));
    if (c->dtype == EST_STRING) {
        EST_TRY(append_text(c, out[0], from, in[0], n));
    } else if (n) {
        size_t size = est_dtype_size(c->dtype);
        memcpy((char *)c->data + (size_t)out[0] * size, (const char *)from->data + (size_t)in[0] * size, (size_t)n * size);
    }
    for (int64_t i = 1; i <= count; i++)
        out[i] = in[i] + shift;
    return EST_OK;
}

est_status est__table_append(est__table *t, const est__table *from, int64_t first, int64_t count)
{
    EST_TRY(est__table_reserve(t, t->rows + count));
    for (int i = 0; i < t->count; i++) {
        est__column *c = &t->column[i];
        const est__column *f = &from->column[i];
        if (c->splits)
            EST_TRY(append_ragged(c, t->rows, f, first, count));
        else if (c->dtype == EST_STRING)
            EST_TRY(append_text(c, t->rows * c->elements, f, first * f->elements, count * c->elements));
        else if (count && c->row_size)
            memcpy((char *)c->data + (size_t)t->rows * c->row_size, (const char *)f->data + (size_t)first * c->row_size,
                   (size_t)count * c->row_size);
    }
    t->rows += count;
    return EST_OK;
}

static est_status gather_text(est__column *c, int64_t to, const est__column *from, const int64_t *index, int64_t count)
{
    const int64_t *in = est__column_offsets(from);
    int64_t *out = est__column_offsets(c) + to * c->elements;
    size_t size = (size_t)*out;
    for (int64_t i = 0; i < count; i++) {
        const int64_t *row = in + index[i] * c->elements;
        for (int64_t e = 0; e < c->elements; e++) {
            size_t n = (size_t)(row[e + 1] - row[e]);
            if (size + n > c->bytes_capacity || !c->bytes)
                EST_TRY(est__column_reserve_bytes(c, size + n));
            if (n)
                est__copy_text(c->bytes + size, from->bytes + row[e], n);
            size += n;
            *++out = (int64_t)size;
        }
    }
    return EST_OK;
}

static est_status gather_ragged(est__column *c, int64_t row, const est__column *from, const int64_t *index, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        EST_TRY(append_ragged(c, row + i, from, index[i], 1));
    return EST_OK;
}

static void gather_fixed(est__column *c, int64_t to, const est__column *from, const int64_t *index, int64_t count)
{
    char *out = (char *)c->data + (size_t)to * c->row_size;
    const char *in = from->data;
    if (c->row_size == 4)
        for (int64_t i = 0; i < count; i++)
            memcpy(out + i * 4, in + index[i] * 4, 4);
    else if (c->row_size == 8)
        for (int64_t i = 0; i < count; i++)
            memcpy(out + i * 8, in + index[i] * 8, 8);
    else
        for (int64_t i = 0; i < count; i++)
            memcpy(out + (size_t)i * c->row_size, in + (size_t)index[i] * c->row_size, c->row_size);
}

est_status est__table_gather(est__table *t, const est__table *from, const int64_t *index, int64_t count)
{
    EST_TRY(est__table_reserve(t, t->rows + count));
    for (int i = 0; i < t->count; i++) {
        est__column *c = &t->column[i];
        if (c->splits)
            EST_TRY(gather_ragged(c, t->rows, &from->column[i], index, count));
        else if (c->dtype == EST_STRING)
            EST_TRY(gather_text(c, t->rows, &from->column[i], index, count));
        else if (c->row_size)
            gather_fixed(c, t->rows, &from->column[i], index, count);
    }
    t->rows += count;
    return EST_OK;
}

est_status est__column_set(est__column *c, const est_tensor *value)
{
    size_t n = (size_t)est_shape_elements(&value->shape);
    EST_TRY(est__column_reserve(c, n));
    if (c->dtype != EST_STRING) {
        if (n)
            memcpy(c->data, value->data, n * est_dtype_size(c->dtype));
        return EST_OK;
    }
    int64_t *out = est__column_offsets(c);
    const int64_t *in = value->data;
    size_t size = n ? (size_t)(in[n] - in[0]) : 0;
    EST_TRY(est__column_reserve_bytes(c, size));
    if (size)
        memcpy(c->bytes, value->bytes + in[0], size);
    out[0] = 0;
    for (size_t i = 1; i <= n; i++)
        out[i] = in[i] - in[0];
    return EST_OK;
}

est_status est__column_split(est__column *c, const int64_t *offsets, int64_t rows)
{
    EST_TRY(est__column_reserve_rows(c, (size_t)rows));
    memcpy(c->splits, offsets, ((size_t)rows + 1) * sizeof *offsets);
    return EST_OK;
}

est_status est__column_split_evenly(est__column *c, int64_t rows, int64_t each)
{
    EST_TRY(est__column_reserve_rows(c, (size_t)rows));
    for (int64_t r = 0; r <= rows; r++)
        c->splits[r] = r * each;
    return EST_OK;
}

est_status est__offsets_check(const char *feature, const est_tensor *offsets, int64_t elements)
{
    if (!offsets || offsets->dtype != EST_INT64 || offsets->shape.rank != 1 || offsets->shape.dim[0] < 1)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': the row offsets must be int64 [rows + 1]", feature);
    const int64_t *o = offsets->data;
    int64_t rows = offsets->shape.dim[0] - 1;
    if (o[0] != 0 || o[rows] != elements)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': the row offsets go from %lld to %lld; there are %lld values", feature,
                         (long long)o[0], (long long)o[rows], (long long)elements);
    for (int64_t r = 0; r < rows; r++)
        if (o[r + 1] < o[r])
            return est__fail(EST_INVALID_ARGUMENT, "feature '%s': the row offsets fall from %lld to %lld at row %lld", feature,
                             (long long)o[r], (long long)o[r + 1], (long long)r);
    return EST_OK;
}

size_t est__table_bytes(const est__table *t)
{
    size_t bytes = 0;
    for (int i = 0; i < t->count; i++) {
        const est__column *c = &t->column[i];
        size_t n = (size_t)est__column_at(c, t->rows);
        if (c->dtype == EST_STRING)
            bytes += n * 8 + (size_t)est__column_offsets(c)[n];
        else
            bytes += n * est_dtype_size(c->dtype);
        if (c->splits)
            bytes += (size_t)t->rows * sizeof *c->splits;
    }
    return bytes;
}
