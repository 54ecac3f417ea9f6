/* est_dataset_filter: the rows that a callback keeps. Which row of the input leads to which of its own is noted from time to
 * time, so that any of them is found again without reading the input from its start. */
#include "data/stages.h"

enum { APART = 4 * EST__STAGE_ROWS };   /* rows of the input between two notes, at least */

typedef struct point {
    int64_t row, from;        /* a row, and the row of the input to read from for it */
} point;

typedef struct filter {
    est__stage stage;
    est_filter_fn fn;
    void *user;
    est_batch *shown;
    bool *keep;
    int64_t *kept;
    size_t keep_capacity, kept_capacity;
    point *points;            /* rising; under `lock` */
    size_t count, capacity;
    pthread_mutex_t lock;
} filter;

static const point *point_before(const filter *f, int64_t row)
{
    return est__point_before(f->points, f->count, sizeof *f->points, row);
}

static est_status add_point(filter *f, int64_t row, int64_t from)
{
    if (from < (f->count ? f->points[f->count - 1].from : 0) + APART)
        return EST_OK;
    pthread_mutex_lock(&f->lock);
    est_status st = est__grow(&f->points, &f->capacity, f->count + 1, sizeof *f->points);
    if (st == EST_OK)
        f->points[f->count++] = (point){ row, from };
    pthread_mutex_unlock(&f->lock);
    return st;
}

static est_status go(est__stage *stage, int64_t row)
{
    filter *f = (filter *)stage;
    const point *p = point_before(f, row);
    est__reader_go(&stage->in[0], p ? p->from : 0);
    stage->first = p ? p->row : 0;
    return EST_OK;
}

static est_status ask(filter *f)
{
    size_t n = (size_t)f->shown->rows;
    EST_TRY(est__grow(&f->keep, &f->keep_capacity, n, sizeof *f->keep));
    EST_TRY(est__grow(&f->kept, &f->kept_capacity, n, sizeof *f->kept));
    memset(f->keep, true, n);
    est__callback_begins();
    est_status st = f->fn(f->shown, f->keep, f->user);
    return st == EST_OK ? EST_OK : est__callback_failed(st, "of est_dataset_filter");
}

static est_status fill(est__stage *stage)
{
    filter *f = (filter *)stage;
    est__reader *r = &stage->in[0];
    while (!stage->out->rows) {
        int64_t count = 0;
        EST_TRY(est__stage_show(stage, f->shown));
        EST_TRY(add_point(f, stage->first, r->row));
        EST_TRY(ask(f));
        for (int64_t i = 0; i < f->shown->rows; i++) {
            f->kept[count] = r->at + i;
            count += f->keep[i];
        }
        EST_TRY(est__table_gather(stage->out, r->table, f->kept, count));
        est__reader_pass(r, f->shown->rows);
    }
    return EST_OK;
}

/* ---- places: the points, as differences ---- */

static int64_t needs(est__stage *stage, int input, int64_t rows)
{
    filter *f = (filter *)stage;
    (void)input;
    if (rows == INT64_MAX)
        return rows;
    pthread_mutex_lock(&f->lock);
    const point *p = rows ? point_before(f, rows - 1) : NULL;
    int64_t from = p ? p->from + 1 : 0;
    pthread_mutex_unlock(&f->lock);
    return from;
}

static void save(void *stage, int64_t rows, est__buffer *out)
{
    filter *f = stage;
    point last = { 0 };
    est__stage_save(stage, rows, out);
    pthread_mutex_lock(&f->lock);
    const point *p = rows ? point_before(f, rows - 1) : NULL;
    size_t count = p ? (size_t)(p - f->points) + 1 : 0;
    est__buffer_varint(out, count);
    for (size_t i = 0; i < count; i++) {
        est__buffer_varint(out, (uint64_t)(f->points[i].row - last.row));
        est__buffer_varint(out, (uint64_t)(f->points[i].from - last.from));
        last = f->points[i];
    }
    pthread_mutex_unlock(&f->lock);
}

static est_status restore(void *stage, est__cursor *in)
{
    filter *f = stage;
    uint64_t count, row, from;
    point p = { 0 };
    EST_TRY(est__stage_restore(stage, in));
    EST_TRY(est__cursor_varint(in, &count));
    f->count = 0;
    f->stage.lost = true;
    for (uint64_t i = 0; i < count; i++) {
        EST_TRY(est__cursor_varint(in, &row));
        EST_TRY(est__cursor_varint(in, &from));
        if (from < 1 || from > (uint64_t)(INT64_MAX - p.from) || row > from || (int64_t)row > INT64_MAX - p.row)
            return est__fail(EST_DATA_LOSS, "the saved place of the data is damaged: point %zu of the filter", f->count);
        p = (point){ p.row + (int64_t)row, p.from + (int64_t)from };
        EST_TRY(est__grow(&f->points, &f->capacity, f->count + 1, sizeof *f->points));
        f->points[f->count++] = p;
    }
    return EST_OK;
}

static void free_filter(void *stage)
{
    filter *f = stage;
    if (!f)
        return;
    est__batch_free(f->shown);
    est__free(f->keep);
    est__free(f->kept);
    est__free(f->points);
    pthread_mutex_destroy(&f->lock);
    est__stage_free(stage);
}

static const est__rows_kind rows = { .whole = est__stage_whole, .next = est__stage_next, .seek = est__stage_seek, .save = save,
                                     .restore = restore };
static const est__source_kind source = EST__STAGE_SOURCE("filter", &rows, free_filter);

est_dataset *est_dataset_filter(est_dataset *d, est_filter_fn fn, void *user)
{
    filter *f;
    if (!est__stage_fits(d, "est_dataset_filter", fn != NULL, "fn", 0))
        return d;
    est_status st = est__stage_new(sizeof *f, 1, &rows, &f);
    if (st == EST_OK) {
        f->stage.fill = fill;
        f->stage.go = go;
        f->stage.needs = needs;
        f->fn = fn;
        f->user = user;
        pthread_mutex_init(&f->lock, NULL);
    }
    est__stage_put_if(st, d, &source, f);
    if (d->error.status == EST_OK)
        est__dataset_spoil(d, est__batch_new(f->stage.from[0], &f->shown));
    return d;
}
