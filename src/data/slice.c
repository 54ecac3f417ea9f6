/* est_dataset_skip and est_dataset_take: a stretch of rows. Tables go through as they are, from a later row or with fewer rows. */
#include "data/stages.h"

typedef struct slice {
    est__stage stage;
    int64_t skip, count;
    int64_t start;            /* the number that the first row of the table given last has here; below 0 where it is skipped */
    est__table part;
} slice;

static void give(slice *s, const est__table *t, const est__table **out)
{
    *out = t;
    if (s->start + t->rows <= s->count)
        return;
    s->part = *t;             /* its columns are lent, its rows are fewer */
    s->part.rows = s->count - s->start;
    *out = &s->part;
}

static est_status ended(void)
{
    return est__fail(EST_OUT_OF_RANGE, "the data has ended");
}

static est_status seek(void *stage, int64_t row, const est__table **out, int64_t *at)
{
    slice *s = stage;
    const est__table *t;
    int64_t from;
    if (row >= s->count || __builtin_add_overflow(row, s->skip, &from))
        return ended();
    EST_TRY(est__reader_seek(&s->stage.in[0], from, &t, at));
    s->start = row - *at;
    give(s, t, out);
    return EST_OK;
}

static est_status next(void *stage, const est__table **out)
{
    slice *s = stage;
    est__reader *r = &s->stage.in[0];
    int64_t start = s->start + r->table->rows;
    if (start >= s->count)
        return ended();
    est__reader_pass(r, r->table->rows - r->at);
    EST_TRY(est__reader_more(r));
    s->start = start;
    give(s, r->table, out);
    return EST_OK;
}

static int64_t needs(est__stage *stage, int input, int64_t rows)
{
    slice *s = (slice *)stage;
    int64_t last, count = rows < s->count ? rows : s->count;
    (void)input;
    return __builtin_add_overflow(count, s->skip, &last) ? INT64_MAX : count ? last : 0;
}

static const est__rows_kind rows = { .whole = est__stage_whole, .next = next, .seek = seek, .save = est__stage_save,
                                     .restore = est__stage_restore };
static const est__source_kind source = EST__STAGE_SOURCE("slice", &rows, est__stage_free);

static est_dataset *put_slice(est_dataset *d, int64_t skip, int64_t count)
{
    slice *s;
    est_status st = est__stage_new(sizeof *s, 1, &rows, &s);
    if (st == EST_OK) {
        s->stage.needs = needs;
        s->skip = skip;
        s->count = count;
        est__stage_identify(&s->stage, "%lld %lld", (long long)skip, (long long)count);
    }
    return est__stage_put_if(st, d, &source, s);
}

est_dataset *est_dataset_skip(est_dataset *d, int64_t count)
{
    return est__stage_fits(d, "est_dataset_skip", count >= 0, "count", count) ? put_slice(d, count, INT64_MAX) : d;
}

est_dataset *est_dataset_take(est_dataset *d, int64_t count)
{
    if (!est__stage_fits(d, "est_dataset_take", count >= 0 || count == EST_OFF, "count", count) || count == EST_OFF)
        return d;
    put_slice(d, 0, count);
    d->endless = false;
    return d;
}
