/* Batches: a table whose columns are shown as tensors. The buffers stay from one filling to the next. */
#include "data/source.h"
#include "tensor/tensor.h"

static est_status init(est_batch *b, const est_dataset *d)
{
    size_t n = (size_t)d->features;
    b->feature = d->feature;
    b->count = d->features;
    b->rows_value = (est_tensor){ .dtype = EST_INT64, .data = &b->rows };
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
    if (b->room) {
        est__table_free(&b->room->table);
        est__free(b->room->set);
    }
    est__free(b->room);
    est__free(b->offsets);
    est__free(b->value);
    est__free(b);
}

bool est__batch_nonfinite(const est_batch *b, est__buffer *out)
{
    for (int i = 0; i < b->count; i++) {
        const int64_t *offsets = b->offsets[i].data;
        int64_t bad = est__tensor_nonfinite(&b->value[i]), example = 0;
        if (bad < 0)
            continue;
        if (out == NULL)
            return true;
        if (offsets)
            while (offsets[example + 1] <= bad)
                example++;
        else
            example = bad / (est__tensor_elements(&b->value[i]) / b->rows);
        est__buffer_printf(out, "input '%s' holds %g in example %lld of the batch", b->feature[i].name,
                           est__tensor_get(&b->value[i], bad), (long long)example);
        return true;
    }
    return false;
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
        const est__column *c = &t->column[i];
        b->value[i].data = c->data;
        b->value[i].bytes = c->bytes;
        b->value[i].shape.dim[0] = c->splits ? c->splits[t->rows] : t->rows;
        if (c->splits)
            b->offsets[i] = (est_tensor){ .dtype = EST_INT64, .shape = { 1, { t->rows + 1 } }, .data = c->splits };
    }
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

static est_status find_feature(const char *what, const est_batch *batch, size_t index, const est_tensor *value,
                               const est_feature **out)
{
    if (!batch || !value)
        return est__fail(EST_INVALID_ARGUMENT, "%s: the batch and the value are needed", what);
    if (index >= (size_t)batch->count)
        return est__fail(EST_INVALID_ARGUMENT, "%s: there is no feature %zu, the batch has %d", what, index, batch->count);
    const est_feature *f = *out = &batch->feature[index];
    if (value->dtype != f->dtype)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': the batch gives %s, the feature is %s", f->name,
                         est_dtype_name(value->dtype), est_dtype_name(f->dtype));
    return EST_OK;
}

est_status est_batch_set(est_batch *batch, size_t index, const est_tensor *value)
{
    const est_feature *f;
    EST_TRY(find_feature("est_batch_set", batch, index, value, &f));
    if (est_shape_elements(&value->shape) < 0 || value->shape.rank < 1 || !shape_fits(f, &value->shape))
        return wrong_shape(f, &value->shape);
    est__column *c = &batch->room->table.column[index];
    EST_TRY(est__column_set(c, value));
    if (f->variable_length)
        EST_TRY(est__column_split_evenly(c, value->shape.dim[0], value->shape.dim[1]));
    batch->room->set[index] = value->shape.dim[0];
    return EST_OK;
}

est_status est_batch_set_ragged(est_batch *batch, size_t index, const est_tensor *values, const est_tensor *row_offsets)
{
    const est_feature *f;
    EST_TRY(find_feature("est_batch_set_ragged", batch, index, values, &f));
    if (!f->variable_length)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' is dense: est_batch_set gives it", f->name);
    if (values->shape.rank != 1 || values->shape.dim[0] < 0)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': the values of all rows must be [n]", f->name);
    EST_TRY(est__offsets_check(f->name, row_offsets, values->shape.dim[0]));
    est__column *c = &batch->room->table.column[index];
    int64_t rows = row_offsets->shape.dim[0] - 1;
    EST_TRY(est__column_set(c, values));
    EST_TRY(est__column_split(c, row_offsets->data, rows));
    batch->room->set[index] = rows;
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

const est_tensor *est_batch_offsets(const est_batch *batch, size_t index)
{
    return batch && index < (size_t)batch->count && batch->offsets[index].data ? &batch->offsets[index] : NULL;
}
