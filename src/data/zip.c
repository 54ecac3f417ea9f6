/* est_zip_dataset_new: row by row the features of all inputs, up to the end of the shortest. */
#include "data/stages.h"

static est_status go(est__stage *s, int64_t row)
{
    for (int i = 0; i < s->count; i++)
        est__reader_go(&s->in[i], row);
    s->first = row;
    return EST_OK;
}

static est_status fill(est__stage *s)
{
    int64_t rows = EST__STAGE_ROWS;
    for (int i = 0; i < s->count; i++) {
        est__reader *r = &s->in[i];
        EST_TRY(est__reader_more(r));
        rows = r->table->rows - r->at < rows ? r->table->rows - r->at : rows;
    }
    est__column *column = s->out->column;
    for (int i = 0; i < s->count; i++) {
        est__reader *r = &s->in[i];
        est__table part = { .count = r->table->count, .column = column };
        EST_TRY(est__table_append(&part, r->table, r->at, rows));
        est__reader_pass(r, rows);
        column += part.count;
    }
    s->out->rows = rows;
    return EST_OK;
}

static const est__rows_kind rows_kind = { .whole = est__stage_whole, .next = est__stage_next, .seek = est__stage_seek,
                                          .save = est__stage_save, .restore = est__stage_restore };
static const est__source_kind source = EST__STAGE_SOURCE("zip", &rows_kind, est__stage_free);

/* The features of all, one after the other. */
static est_status join(const est__stage *s, est_feature **out, size_t *count, int *label)
{
    *label = -1;
    *count = 0;
    for (int i = 0; i < s->count; i++)
        *count += (size_t)s->from[i]->features;
    est_feature *f = *out = est__calloc(*count, sizeof *f);
    if (!f)
        return est__fail_memory(*count * sizeof *f);
    for (int i = 0; i < s->count; i++) {
        const est_dataset *d = s->from[i];
        if (d->label >= 0 && *label >= 0)
            return est__fail(EST_INVALID_ARGUMENT, "est_zip_dataset_new: datasets[%d] has a label, and one before it has too", i);
        if (d->label >= 0)
            *label = (int)(f - *out) + d->label;
        memcpy(f, d->feature, (size_t)d->features * sizeof *f);
        f += d->features;
    }
    return EST_OK;
}

est_status est_zip_dataset_new(est_dataset *const *datasets, size_t count, est_dataset **out)
{
    est__stage *s;
    est_feature *f = NULL;
    size_t features = 0;
    int label = -1;
    bool endless = true;
    *out = NULL;
    est_status st = est__combine_new("est_zip_dataset_new", datasets, count, sizeof *s, &rows_kind, &s);
    if (!s)
        return st;
    s->fill = fill;
    s->go = go;
    for (int i = 0; i < s->count; i++)
        endless = endless && s->from[i]->endless;
    if (st == EST_OK)
        st = join(s, &f, &features, &label);
    st = est__combine_finish(st, (est_features_spec){ f, features }, label, &source, s, out);
    est__free(f);
    if (st == EST_OK)
        (*out)->endless = endless;
    return st;
}
