/* Reads a source of rows from any row on, whether it keeps them all in one table or gives one table after the other. */
#include "data/source.h"

void est__reader_init(est__reader *r)
{
    *r = (est__reader){ .end = -1 };
    pthread_mutex_init(&r->lock, NULL);
}

void est__reader_free(est__reader *r)
{
    pthread_mutex_destroy(&r->lock);
}

int64_t est__reader_end(est__reader *r)
{
    pthread_mutex_lock(&r->lock);
    int64_t end = r->end;
    pthread_mutex_unlock(&r->lock);
    return end;
}

void est__reader_set_end(est__reader *r, int64_t end)
{
    pthread_mutex_lock(&r->lock);
    r->end = end;
    pthread_mutex_unlock(&r->lock);
}

est_status est__reader_open(est__reader *r, const est__rows_kind *kind, void *source)
{
    r->kind = kind;
    r->source = source;
    r->table = NULL;
    EST_TRY(kind->whole(source, &r->whole));
    est__reader_set_end(r, r->whole ? r->whole->rows : -1);
    est__reader_go(r, 0);
    return EST_OK;
}

void est__reader_go(est__reader *r, int64_t row)
{
    int64_t at = row - (r->row - r->at);
    if (r->whole) {
        r->table = r->whole;
        r->at = row;
    } else if (r->table && at >= r->low && at < r->table->rows) {
        r->at = at;
    } else {
        r->table = NULL;
        r->at = 0;
    }
    r->row = row;
}

static est_status find(est__reader *r)
{
    est_status st = r->kind->seek(r->source, r->row, &r->table, &r->at);
    r->low = r->at;   /* what stands before it may be no rows of this source */
    if (st == EST_OUT_OF_RANGE)
        est__reader_set_end(r, r->row);
    return st;
}

/* The table after this one. Rows that were passed may lie beyond it. */
static est_status go_on(est__reader *r)
{
    int64_t beyond = r->at - r->table->rows;
    est_status st = r->kind->next(r->source, &r->table);
    r->at = beyond;
    r->low = 0;
    if (st == EST_OUT_OF_RANGE)
        est__reader_set_end(r, r->row - beyond);
    return st;
}

est_status est__reader_more(est__reader *r)
{
    est_status st = EST_OK;
    if (r->table && r->at < r->table->rows)
        return EST_OK;
    if (r->end >= 0 && r->row >= r->end)
        return est__fail(EST_OUT_OF_RANGE, "the data has ended");
    if (!r->table)
        st = find(r);
    while (st == EST_OK && r->at >= r->table->rows)
        st = go_on(r);
    if (st != EST_OK) {
        r->table = NULL;
        r->at = 0;
    }
    return st;
}

est_status est__reader_seek(est__reader *r, int64_t row, const est__table **out, int64_t *at)
{
    est__reader_go(r, row);
    EST_TRY(est__reader_more(r));
    *out = r->table;
    *at = r->at;
    return EST_OK;
}

const void *est__point_before(const void *points, size_t count, size_t size, int64_t row)
{
    const char *p = points;
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int64_t at;
        memcpy(&at, p + middle * size, sizeof at);
        if (at <= row)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? p + (low - 1) * size : NULL;
}
