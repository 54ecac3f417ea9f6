/* Batches: a table whose columns are shown as tensors. The buffers stay from one filling to the next. */
#include "data/source.h"

static est_status init(est_batch *b, const est_dataset *d)
{
    size_t n = (size_t)d->features;
    b->dataset = d;
    b->count = d->features;
    b->value = est__calloc(n, sizeof *b->value);
    b->offsets = est__calloc(n, sizeof *b->offsets);
    b->room = est__calloc(1, sizeof *b->room);
    if (!b->value || !b->offsets || !b->room)
        return est__fail_memory(n * sizeof *b->value);
    b->room->set = est__calloc(n, sizeof *b->room->set);
    if (!b->room->set)
        return est__fail_memory(n * sizeof *b->room->set);
    EST_TRY(est__table_init(&b->room->table, est_dataset_features(d)));
    for (size_t i = 0; i < n; i++) {
        const est_feature *f = &d->feature[i];
        b->value[i].dtype = f->dtype;
        b->value[i].shape.rank = f->variable_length ? 1 : f->shape.rank + 1;
        for (int k = 0; !f->variable_length && k < f->shape.rank; k++)
            b->value[i].shape.dim[k + 1] = f->shape.dim[k];
    }
    est__batch_clear(b);
    est__batch_seal(b);
    return EST_OK;
}

est_status est__batch_new(const est_dataset *d, est_batch **out)
{
    est_batch *b = est__calloc(1, sizeof *b);
    est_status st = b ? init(b, d) : est__fail_memory(sizeof *b);
    if (st != EST_OK) {
        est__batch_free(b);
        b = NULL;
    }
    *out = b;
    return st;
}

void est__batch_free(est_batch *b)
{
    if (!b)
        return;
    for (int i = 0; b->offsets && i < b->count; i++)
        est__free(b->offsets[i].data);
    if (b->room) {
        est__table_free(&b->room->table);
        est__free(b->room->set);
    }
    est__free(b->room);
    est__free(b->offsets);
    est__free(b->value);
    est__free(b);
}

void est__batch_clear(est_batch *b)
{
    b->rows = 0;
    b->room->table.rows = 0;
    for (int i = 0; i < b->count; i++)
        b->room->set[i] = -1;
}

void est__batch_seal(est_batch *b)
{
    const est__table *t = &b->room->table;
    b->rows = t->rows;
    for (int i = 0; i < b->count; i++) {
        b->value[i].data = t->column[i].data;
        b->value[i].bytes = t->column[i].bytes;
        if (!b->offsets[i].data)
            b->value[i].shape.dim[0] = t->rows;
    }
}

/* A variable-length feature is set as [rows, n]: n values in each row. */
static est_status set_offsets(est_batch *b, size_t index, const est_tensor *value)
{
    int64_t rows = value->shape.dim[0], each = value->shape.dim[1];
    est_tensor *o = &b->offsets[index];
    size_t size = ((size_t)rows + 1) * sizeof(int64_t);
    int64_t *p = est__realloc(o->data, size);
    if (!p)
        return est__fail_memory(size);
    for (int64_t r = 0; r <= rows; r++)
        p[r] = r * each;
    *o = (est_tensor){ .dtype = EST_INT64, .shape = est_shape_of(1, (int64_t[]){ rows + 1 }), .data = p };
    b->value[index].shape.dim[0] = rows * each;
    return EST_OK;
}

static bool shape_fits(const est_feature *f, const est_shape *s)
{
    if (f->variable_length)
        return s->rank == 2;
    if (s->rank != f->shape.rank + 1)
        return false;
    for (int k = 0; k < f->shape.rank; k++)
        if (s->dim[k + 1] != f->shape.dim[k])
            return false;
    return true;
}

/* "[2,3]", with "rows" or nothing for the first dimension of what is wanted. */
static void shape_text(est__buffer *out, const char *first, const est_shape *s)
{
    est__buffer_printf(out, "[%s", first);
    for (int k = 0; k < s->rank; k++)
        est__buffer_printf(out, "%s%lld", k || *first ? "," : "", (long long)s->dim[k]);
    est__buffer_text(out, "]");
}

static est_status wrong_shape(const est_feature *f, const est_shape *found)
{
    est__buffer text = { 0 };
    shape_text(&text, "", found);
    est__buffer_text(&text, ", wanted is ");
    if (f->variable_length)
        est__buffer_text(&text, "[rows,n]");
    else
        shape_text(&text, "rows", &f->shape);
    est_status st = est__fail(EST_INVALID_ARGUMENT, "feature '%s': the batch gives %s", f->name, text.data ? text.data : "?");
    est__buffer_free(&text);
    return st;
}

est_status est_batch_set(est_batch *batch, size_t index, const est_tensor *value)
{
    if (!batch || !value)
        return est__fail(EST_INVALID_ARGUMENT, "est_batch_set: the batch and the value are needed");
    if (index >= (size_t)batch->count)
        return est__fail(EST_INVALID_ARGUMENT, "est_batch_set: there is no feature %zu, the batch has %d", index,
                         batch->count);
    const est_feature *f = &batch->dataset->feature[index];
    if (value->dtype != f->dtype)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': the batch gives %s, the feature is %s", f->name,
                         est_dtype_name(value->dtype), est_dtype_name(f->dtype));
    if (est_shape_elements(&value->shape) < 0 || value->shape.rank < 1 || !shape_fits(f, &value->shape))
        return wrong_shape(f, &value->shape);
    EST_TRY(est__column_set(&batch->room->table.column[index], value));
    if (f->variable_length)
        EST_TRY(set_offsets(batch, index, value));
    batch->room->set[index] = value->shape.dim[0];
    return EST_OK;
}

int64_t est_batch_rows(const est_batch *batch)
{
    return batch ? batch->rows : 0;
}

const est_tensor *est_batch_get(const est_batch *batch, size_t index)
{
    return batch && index < (size_t)batch->count ? &batch->value[index] : NULL;
}
