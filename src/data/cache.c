/* est_dataset_cache: all rows in memory, or in a file that is mapped. */
#include "data/cache_file.h"
#include "data/stages.h"

enum { RELAX = 16 << 20 };    /* bytes that may be read from the file before its pages are let go of */

typedef struct cache {
    est__stage stage;
    char *path;               /* NULL: in memory */
    est__cache file;
    size_t row_bytes, read;
} cache;

static est_status write_rows(cache *c, est__cache_writer *w)
{
    est__reader *r = &c->stage.in[0];
    est_status st;
    while ((st = est__reader_more(r)) == EST_OK) {
        EST_TRY(est__cache_add(w, r->table, r->at, r->table->rows - r->at));
        est__reader_pass(r, r->table->rows - r->at);
    }
    return st == EST_OUT_OF_RANGE ? EST_OK : st;
}

static est_status make_file(cache *c, uint64_t fingerprint)
{
    est__cache_writer *w;
    EST_TRY(est__stage_open(&c->stage));
    EST_TRY(est__cache_create(c->path, c->stage.features, fingerprint, &w));
    est_status st = write_rows(c, w);
    if (st != EST_OK) {
        est__cache_abandon(w);
        return st;
    }
    EST_TRY(est__cache_commit(w));
    EST_TRY(est__cache_open(c->path, c->stage.features, fingerprint, &c->file));
    est__log(EST_LOG_INFO, "%s: %lld rows were put there, to be read from there", c->path, (long long)c->file.table.rows);
    return EST_OK;
}

static est_status open_file(cache *c)
{
    uint64_t fingerprint = est__dataset_fingerprint(c->stage.from[0]);
    est_status st = est__cache_open(c->path, c->stage.features, fingerprint, &c->file);
    if (st == EST_DATA_LOSS || st == EST_FAILED_PRECONDITION)
        est__log(EST_LOG_WARNING, "%s; it is made anew", est_error());
    if (st == EST_DATA_LOSS || st == EST_FAILED_PRECONDITION || st == EST_NOT_FOUND)
        st = make_file(c, fingerprint);
    EST_TRY(st);
    int64_t rows = c->file.table.rows;
    c->row_bytes = rows ? est__table_bytes(&c->file.table) / (size_t)rows + 1 : 1;
    return EST_OK;
}

static est_status whole(void *stage, const est__table **out)
{
    cache *c = stage;
    if (c->path) {
        if (!c->file.map)
            EST_TRY(open_file(c));
        *out = &c->file.table;
        return EST_OK;
    }
    if (!c->stage.loaded) {
        EST_TRY(est__stage_open(&c->stage));
        if (c->stage.in[0].whole) {
            *out = c->stage.in[0].whole;
            return EST_OK;
        }
        EST_TRY(est__stage_load(&c->stage));
    }
    *out = &c->stage.all;
    return EST_OK;
}

/* The rows of the input one table after the other, for est__stage_load. */
static est_status seek(void *stage, int64_t row, const est__table **out, int64_t *at)
{
    cache *c = stage;
    return est__reader_seek(&c->stage.in[0], row, out, at);
}

static est_status next(void *stage, const est__table **out)
{
    cache *c = stage;
    est__reader *r = &c->stage.in[0];
    est__reader_pass(r, r->table->rows - r->at);
    EST_TRY(est__reader_more(r));
    *out = r->table;
    return EST_OK;
}

static void rows_read(void *stage, int64_t rows)
{
    cache *c = stage;
    c->read += (size_t)rows * c->row_bytes;
    if (c->file.map && c->read > RELAX) {
        est__cache_relax(&c->file);
        c->read = 0;
    }
}

/* A place is a row number: no input has to be found again. */
static void save_nothing(void *stage, int64_t rows, est__buffer *out)
{
    (void)stage;
    (void)rows;
    (void)out;
}

static est_status restore_nothing(void *stage, est__cursor *in)
{
    (void)stage;
    (void)in;
    return EST_OK;
}

static void free_cache(void *stage)
{
    cache *c = stage;
    if (!c)
        return;
    est__cache_close(&c->file);
    est__free(c->path);
    est__stage_free(stage);
}

static const est__rows_kind rows = { .whole = whole, .next = next, .seek = seek, .save = save_nothing,
                                     .restore = restore_nothing, .read = rows_read };
static const est__source_kind source = EST__STAGE_SOURCE("cache", &rows, free_cache);

est_dataset *est_dataset_cache(est_dataset *d, const char *path)
{
    cache *c;
    if (!est__stage_fits(d, "est_dataset_cache", true, NULL, 0))
        return d;
    if (d->endless) {
        est__dataset_spoil(d, est__fail(EST_INVALID_ARGUMENT, "est_dataset_cache: the rows have no end; take some of them first"));
        return d;
    }
    est_status st = est__stage_new(sizeof *c, 1, &rows, &c);
    if (st == EST_OK && path) {
        c->path = est__strdup(path);
        st = c->path ? EST_OK : est__fail_memory(strlen(path) + 1);
    }
    return est__stage_put_if(st, d, &source, c);
}
