/* The epochs of a dataset that becomes the input of another: its tables once more, with the row numbers going on. */
#include "data/stages.h"

typedef struct repeat {
    est__stage stage;
    int64_t epochs;           /* EST_OFF: for ever */
    int64_t length;           /* rows of an epoch; -1: not known. Under the reader's lock */
    int64_t start, count;     /* of the table given last: the number of its first row here, and its rows */
} repeat;

static est_status ended(void)
{
    return est__fail(EST_OUT_OF_RANGE, "the data has ended");
}

static void set_length(repeat *s, int64_t length)
{
    pthread_mutex_lock(&s->stage.in[0].lock);
    s->length = length;
    pthread_mutex_unlock(&s->stage.in[0].lock);
}

/* That a row far behind the end is not there says little of the end: reads up to it. */
static est_status measure(repeat *s)
{
    est__reader *r = &s->stage.in[0];
    est_status st;
    est__reader_set_end(r, -1);
    est__reader_go(r, 0);
    while ((st = est__reader_more(r)) == EST_OK)
        est__reader_pass(r, r->table->rows - r->at);
    if (st != EST_OUT_OF_RANGE)
        return st;
    set_length(s, r->end);
    return EST_OK;
}

static est_status sought(repeat *s, int64_t row, int64_t from, const est__table **out, int64_t *at)
{
    EST_TRY(est__reader_seek(&s->stage.in[0], from, out, at));
    s->start = row - *at;
    s->count = (*out)->rows;
    return EST_OK;
}

static est_status seek(void *stage, int64_t row, const est__table **out, int64_t *at)
{
    repeat *s = stage;
    if (s->length < 0) {
        est_status st = sought(s, row, row, out, at);
        if (st != EST_OUT_OF_RANGE)
            return st;
        EST_TRY(measure(s));
    }
    if (!s->length || (s->epochs != EST_OFF && row / s->length >= s->epochs))
        return ended();
    return sought(s, row, row % s->length, out, at);
}

static est_status next(void *stage, const est__table **out)
{
    repeat *s = stage;
    est__reader *r = &s->stage.in[0];
    s->start += s->count;
    est__reader_pass(r, r->table->rows - r->at);
    est_status st = est__reader_more(r);
    if (st == EST_OUT_OF_RANGE) {
        if (s->length < 0)
            set_length(s, r->end);
        if (!s->length || (s->epochs != EST_OFF && s->start / s->length >= s->epochs))
            return ended();
        est__reader_go(r, 0);
        st = est__reader_more(r);
    }
    EST_TRY(st);
    *out = r->table;
    if (r->at) {              /* the epoch begins amid a table */
        s->stage.own.rows = 0;
        EST_TRY(est__table_append(&s->stage.own, r->table, r->at, r->table->rows - r->at));
        *out = &s->stage.own;
    }
    s->count = (*out)->rows;
    return EST_OK;
}

static est_status whole(void *stage, const est__table **out)
{
    repeat *s = stage;
    *out = NULL;
    EST_TRY(est__stage_open(stage));
    set_length(s, s->stage.in[0].end);
    return EST_OK;
}

/* -1: it need not be known. */
static int64_t length_for(repeat *s, int64_t rows)
{
    pthread_mutex_lock(&s->stage.in[0].lock);
    int64_t length = s->length;
    pthread_mutex_unlock(&s->stage.in[0].lock);
    return rows > length ? length : -1;
}

static int64_t needs(est__stage *stage, int input, int64_t rows)
{
    (void)input;
    return length_for((repeat *)stage, rows) < 0 ? rows : INT64_MAX;
}

static void save(void *stage, int64_t rows, est__buffer *out)
{
    est__stage_save(stage, rows, out);
    est__buffer_varint(out, (uint64_t)(length_for(stage, rows) + 1));
}

static est_status restore(void *stage, est__cursor *in)
{
    repeat *s = stage;
    uint64_t length;
    EST_TRY(est__stage_restore(stage, in));
    EST_TRY(est__cursor_varint(in, &length));
    if (length > INT64_MAX)
        return est__fail(EST_DATA_LOSS, "the saved place of the data is damaged: an epoch of %llu rows", (unsigned long long)length);
    if (!s->stage.in[0].whole)
        set_length(s, (int64_t)length - 1);
    return EST_OK;
}

static const est__rows_kind rows = { .whole = whole, .next = next, .seek = seek, .save = save, .restore = restore };
static const est__source_kind source = EST__STAGE_SOURCE("repeat", &rows, est__stage_free);

void est__stage_repeat(est_dataset *d)
{
    repeat *s;
    int64_t epochs = d->epochs;
    if (epochs == 1)
        return;
    est_status st = est__stage_new(sizeof *s, 1, &rows, &s);
    if (st == EST_OK) {
        s->stage.needs = needs;
        s->epochs = epochs;
        est__stage_identify(&s->stage, "%lld", (long long)epochs);
    }
    est__stage_put_if(st, d, &source, s);
    d->endless = d->endless || epochs == EST_OFF;
}
