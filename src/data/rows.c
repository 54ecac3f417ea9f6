/* Shuffle, repeat and batch over a source of rows. Everything is decided on row numbers: a place in the data is a number of
 * batches, from which epoch and draws follow; going back to it plays the draws again and fetches the rows that wait. */
#include <stdlib.h>

#include "data/source.h"

enum { DRAWS = 256 };   /* row numbers that are drawn before their rows are copied */

static est_status ended(void)
{
    return est__fail(EST_OUT_OF_RANGE, "the data has ended");
}

static bool more_epochs(const est_dataset *d, int64_t epoch)
{
    return d->epochs == EST_OFF || epoch < d->epochs;
}

/* Rows that an epoch's shuffle takes in before the first draw. */
static int64_t first_fill(const est_dataset *d, int64_t rows)
{
    return rows >= 0 && rows < d->buffer_size ? rows : d->buffer_size;
}

static void begin_epoch(est_dataset *d, int64_t epoch)
{
    est__rows *r = &d->rows;
    r->epoch = epoch;
    r->over = !more_epochs(d, epoch) || r->in.end == 0;   /* data without rows end, however often they are repeated */
    r->next = 0;
    r->drained = false;
    est__reader_go(&r->in, 0);
    if (d->buffer_size)
        est__shuffle_seed(&r->shuffle, d->shuffle_seed ? d->shuffle_seed : d->seed,
                          d->same_each_epoch ? 0 : (uint64_t)(d->pass * (d->epochs > 0 ? d->epochs : 1) + epoch) + 1);
}

/* The shuffle after `draws` draws of an epoch of `rows` rows (-1: more than the draws reach), on row numbers. */
static est_status play(est_dataset *d, int64_t rows, int64_t draws)
{
    est__rows *r = &d->rows;
    est__shuffle *s = &r->shuffle;
    for (int64_t fill = first_fill(d, rows); r->next < fill; r->next++)
        EST_TRY(est__shuffle_push(s, r->next));
    for (int64_t i = 0; i < draws; i++) {
        int64_t drawn = est__shuffle_draw(s);
        if (rows < 0 || r->next < rows)
            s->buffer[drawn] = r->next++;
        else
            est__shuffle_shrink(s, drawn);
    }
    return EST_OK;
}

est_status est__rows_start(est_dataset *d)
{
    est__rows *r = &d->rows;
    EST_TRY(est__reader_open(&r->in, d->kind->rows, d->source));
    begin_epoch(d, 0);
    return r->in.whole && d->buffer_size ? play(d, r->in.end, 0) : EST_OK;
}

/* ---- all rows in one table ---- */

static est_status next_epoch(est_dataset *d)
{
    est__rows *r = &d->rows;
    begin_epoch(d, r->epoch + 1);
    return !r->over && r->in.whole && d->buffer_size ? play(d, r->in.end, 0) : EST_OK;
}

static est_status read_drawn(est_dataset *d, est__table *to)
{
    est__rows *r = &d->rows;
    est__shuffle *s = &r->shuffle;
    int64_t index[DRAWS], rows = r->in.end;
    while (to->rows < d->batch_size && !r->over) {
        int64_t n = 0, want = d->batch_size - to->rows;
        for (; n < want && n < DRAWS && s->count; n++) {
            int64_t drawn = est__shuffle_draw(s);
            index[n] = s->buffer[drawn];
            if (r->next < rows)
                s->buffer[drawn] = r->next++;
            else
                est__shuffle_shrink(s, drawn);
        }
        EST_TRY(est__table_gather(to, r->in.whole, index, n));
        if (!s->count)
            EST_TRY(next_epoch(d));
    }
    return EST_OK;
}

static est_status read_ranges(est_dataset *d, est__table *to)
{
    est__rows *r = &d->rows;
    while (to->rows < d->batch_size && !r->over) {
        int64_t want = d->batch_size - to->rows, left = r->in.end - r->next, n = want < left ? want : left;
        EST_TRY(est__table_append(to, r->in.whole, r->next, n));
        r->next += n;
        if (r->next == r->in.end)
            EST_TRY(next_epoch(d));
    }
    return EST_OK;
}

/* A batch that is all of the data, as they lie: nothing is copied. */
static bool is_all(const est_dataset *d)
{
    const est__rows *r = &d->rows;
    return r->in.whole && !d->buffer_size && !r->over && r->next == 0 && r->in.end == d->batch_size;
}

static est_status lend_all(est_dataset *d, est_batch *b)
{
    est__table *room = &b->room->table, kept = *room;
    *room = *d->rows.in.whole;
    est__batch_seal(b);
    *room = kept;
    return next_epoch(d);
}

/* ---- rows that stream ---- */

/* Makes sure that the reader has a row, or sets r->drained. */
static est_status more_rows(est_dataset *d)
{
    est__rows *r = &d->rows;
    est_status st = est__reader_more(&r->in);
    r->drained = st == EST_OUT_OF_RANGE;
    return r->drained ? EST_OK : st;
}

static est_status stream_ranges(est_dataset *d, est__table *to)
{
    est__rows *r = &d->rows;
    while (to->rows < d->batch_size && !r->over) {
        EST_TRY(more_rows(d));
        if (r->drained) {
            EST_TRY(next_epoch(d));
            continue;
        }
        int64_t want = d->batch_size - to->rows, left = r->in.table->rows - r->in.at, n = want < left ? want : left;
        EST_TRY(est__table_append(to, r->in.table, r->in.at, n));
        est__reader_pass(&r->in, n);
        r->next += n;
    }
    return EST_OK;
}

static est_status take_row(est_dataset *d, int64_t slot)
{
    est__rows *r = &d->rows;
    EST_TRY(est__slots_put(&r->shuffle.slots, slot, r->in.table, r->in.at));
    est__reader_pass(&r->in, 1);
    r->next++;
    return EST_OK;
}

static est_status stream_drawn(est_dataset *d, est__table *to)
{
    est__rows *r = &d->rows;
    est__shuffle *s = &r->shuffle;
    while (to->rows < d->batch_size && !r->over) {
        while (s->count < d->buffer_size && !r->drained) {
            EST_TRY(more_rows(d));
            if (r->drained)
                break;
            EST_TRY(take_row(d, s->count));
            EST_TRY(est__shuffle_push(s, s->count));
        }
        if (!s->count) {
            EST_TRY(next_epoch(d));
            continue;
        }
        int64_t drawn = est__shuffle_draw(s);
        EST_TRY(est__slots_give(&s->slots, s->buffer[drawn], to));
        EST_TRY(more_rows(d));
        if (r->drained)
            est__shuffle_shrink(s, drawn);
        else
            EST_TRY(take_row(d, s->buffer[drawn]));
    }
    return EST_OK;
}

est_status est__rows_read(est_dataset *d, est_batch *b)
{
    est__table *to = &b->room->table;
    est__batch_clear(b);
    if (b->may_lend && is_all(d)) {
        if (d->kind->rows->read)
            d->kind->rows->read(d->source, d->batch_size);
        return lend_all(d, b);
    }
    if (d->rows.in.whole)
        EST_TRY(d->buffer_size ? read_drawn(d, to) : read_ranges(d, to));
    else
        EST_TRY(d->buffer_size ? stream_drawn(d, to) : stream_ranges(d, to));
    if (d->rows.in.whole && d->kind->rows->read)
        d->kind->rows->read(d->source, to->rows);
    if (!to->rows || (d->drop_remainder && to->rows < d->batch_size)) {
        est__batch_clear(b);
        est__batch_seal(b);
        return ended();
    }
    est__batch_seal(b);
    return EST_OK;
}

/* ---- places ---- */

/* What was learnt of the source in making `batches` batches, whatever reading ahead has added to that. */
est_status est__rows_save(est_dataset *d, int64_t batches, est__buffer *out)
{
    int64_t end = est__reader_end(&d->rows.in), rows = 0;
    bool whole = d->rows.in.whole;
    if (batches && !whole &&
        (__builtin_mul_overflow(batches, d->batch_size, &rows) || __builtin_add_overflow(rows, d->buffer_size, &rows)))
        rows = INT64_MAX;
    bool met = !whole && end >= 0 && rows > end;
    est__buffer_varint(out, (uint64_t)batches);
    est__buffer_varint(out, met || whole ? (uint64_t)end + 1 : 0);
    d->kind->rows->save(d->source, met ? INT64_MAX : rows, out);
    return EST_OK;
}

static int by_row(const void *a, const void *b)
{
    int64_t x = ((const int64_t *)a)[0], y = ((const int64_t *)b)[0];
    return x < y ? -1 : x > y;
}

static est_status changed(void)
{
    return est__fail(EST_FAILED_PRECONDITION, "the saved place lies beyond the data: its files have changed");
}

/* Fetches the rows that wait in the shuffle, in the order of the file, into slots that are numbered as the buffer is. */
static est_status fetch_waiting(est_dataset *d)
{
    est__rows *r = &d->rows;
    est__shuffle *s = &r->shuffle;
    size_t n = (size_t)s->count;
    int64_t (*wanted)[2] = est__malloc((n + 1) * sizeof *wanted);
    est_status st = wanted ? EST_OK : est__fail_memory((n + 1) * sizeof *wanted);
    for (size_t i = 0; st == EST_OK && i < n; i++) {
        wanted[i][0] = s->buffer[i];
        wanted[i][1] = (int64_t)i;
        s->buffer[i] = (int64_t)i;
    }
    if (st == EST_OK)
        qsort(wanted, n, sizeof *wanted, by_row);
    for (size_t i = 0; st == EST_OK && i < n; i++) {
        const est__table *table;
        int64_t at;
        st = est__reader_seek(&r->in, wanted[i][0], &table, &at);
        if (st == EST_OUT_OF_RANGE)
            st = changed();
        if (st == EST_OK)
            st = est__slots_put(&s->slots, wanted[i][1], table, at);
    }
    est__free(wanted);
    return st;
}

/* Epoch `epoch` of a streaming source after `taken` of its rows were given. */
static est_status stream_to(est_dataset *d, int64_t taken)
{
    est__rows *r = &d->rows;
    if (d->buffer_size) {
        int64_t last, at;
        const est__table *table;
        if (r->in.end < 0) {   /* then this row was read; if it is not there, the play would not end */
            bool beyond = __builtin_add_overflow(d->buffer_size - 1, taken, &last);
            est_status st = beyond ? EST_OUT_OF_RANGE : est__reader_seek(&r->in, last, &table, &at);
            if (st != EST_OK)
                return st == EST_OUT_OF_RANGE ? changed() : st;
        }
        EST_TRY(play(d, r->in.end, taken));
        EST_TRY(fetch_waiting(d));
    } else {
        r->next = taken;
    }
    int64_t end = r->in.end;
    est__reader_go(&r->in, r->next);
    EST_TRY(more_rows(d));   /* there are none at the very end of an epoch, which nobody may have noticed yet */
    return r->drained && end >= 0 && r->next != end ? changed() : EST_OK;
}

est_status est__rows_restore(est_dataset *d, est__cursor *in)
{
    est__rows *r = &d->rows;
    uint64_t batches, known;
    int64_t total;
    EST_TRY(est__cursor_varint(in, &batches));
    EST_TRY(est__cursor_varint(in, &known));
    EST_TRY(d->kind->rows->restore(d->source, in));
    if (batches > INT64_MAX || known > INT64_MAX || __builtin_mul_overflow((int64_t)batches, d->batch_size, &total))
        return est__fail(EST_DATA_LOSS, "the saved place of the data is damaged: %llu batches", (unsigned long long)batches);
    if (r->in.whole && known && (int64_t)known - 1 != r->in.end)
        return changed();
    if (!r->in.whole)
        est__reader_set_end(&r->in, (int64_t)known - 1);
    int64_t end = r->in.end, epoch = end > 0 ? total / end : 0, taken = end > 0 ? total % end : total;
    begin_epoch(d, epoch);
    if (r->over)
        return EST_OK;
    if (!r->in.whole)
        return taken ? stream_to(d, taken) : EST_OK;
    if (d->buffer_size)
        return play(d, end, taken);
    r->next = taken;
    return EST_OK;
}
