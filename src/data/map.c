/* est_dataset_map: a callback makes new features of old ones; of rows before shuffle, or of each batch after est_dataset_batch. */
#include "data/stages.h"

typedef struct map {
    est__stage stage;
    est_map_fn fn;
    void *user;
    est_batch *shown, *made;
} map;

static est_status call(const map *m, const est_batch *in, est_batch *out, const char *unit, int64_t number)
{
    est__batch_clear(out);
    est__callback_begins();
    est_status st = m->fn(in, out, m->user);
    if (st != EST_OK)
        return est__callback_failed(st, "of est_dataset_map");
    return est__callback_set_all(out, unit, number);
}

/* ---- of rows ---- */

static est_status go(est__stage *stage, int64_t row)
{
    est__reader_go(&stage->in[0], row);
    stage->first = row;
    return EST_OK;
}

static est_status fill(est__stage *stage)
{
    map *m = (map *)stage;
    EST_TRY(est__stage_show(stage, m->shown));
    EST_TRY(call(m, m->shown, m->made, "the rows from", stage->first));
    if (m->made->rows != m->shown->rows)
        return est__fail(EST_INVALID_ARGUMENT, "the dataset's callback of est_dataset_map gave %lld rows for %lld; before "
                         "est_dataset_batch each row becomes one row", (long long)m->made->rows, (long long)m->shown->rows);
    est__reader_pass(&stage->in[0], m->shown->rows);
    return EST_OK;
}

static void free_map(void *stage)
{
    map *m = stage;
    if (!m)
        return;
    est__batch_free(m->shown);
    est__batch_free(m->made);
    est__stage_free(stage);
}

static const est__rows_kind rows = { .whole = est__stage_whole, .next = est__stage_next, .seek = est__stage_seek,
                                     .save = est__stage_save, .restore = est__stage_restore };
static const est__source_kind of_rows = EST__STAGE_SOURCE("map", &rows, free_map);

/* ---- of batches: the input is a dataset that runs by itself ---- */

static est_status read_batch(est_dataset *d, est_batch *b)
{
    const map *m = d->source;
    EST_TRY(est__dataset_read(m->stage.from[0], m->shown));
    return call(m, m->shown, b, "a batch of size", m->shown->rows);
}

static const est__source_kind of_batches = EST__STAGE_OF_BATCHES("map of batches", read_batch, free_map);

static est_dataset *put_map(est_dataset *d, est_features_spec features, const est__source_kind *kind, est_map_fn fn, void *user)
{
    map *m;
    est_status st = est__stage_new(sizeof *m, 1, kind->rows, &m);
    if (st != EST_OK)
        return est__stage_put_if(st, d, kind, m);
    m->stage.fill = fill;
    m->stage.go = go;
    m->fn = fn;
    m->user = user;
    est__stage_put(d, features, kind, m);
    if (d->error.status != EST_OK)
        return d;
    est__dataset_spoil(d, est__batch_new(m->stage.from[0], &m->shown));
    if (kind == &of_batches)
        return d;
    est__dataset_spoil(d, est__batch_new(d, &m->made));
    m->stage.out = m->made ? &m->made->room->table : &m->stage.own;
    return d;
}

est_dataset *est_dataset_map(est_dataset *d, est_features_spec features, est_map_fn fn, void *user)
{
    if (!d || d->error.status != EST_OK)
        return d;
    if (d->kind->rows && !est__dataset_batched(d))
        return est__stage_fits(d, "est_dataset_map", fn != NULL, "fn", 0)
                   ? put_map(d, features, &of_rows, fn, user) : d;
    if (d->started || !fn) {
        est__dataset_spoil(d, d->started ? est__fail(EST_FAILED_PRECONDITION, "est_dataset_map: the dataset is being read already")
                                         : est__fail(EST_INVALID_ARGUMENT, "est_dataset_map: fn is 0"));
        return d;
    }
    int64_t ahead = d->ahead;
    put_map(d, features, &of_batches, fn, user);
    if (d->error.status == EST_OK)
        est__dataset_set_batched(d, ahead);
    return d;
}
