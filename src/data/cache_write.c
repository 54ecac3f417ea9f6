/* Writes a cache file. Rows are spooled a few megabytes at a time, and once all are known each column is put together. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "data/cache_parts.h"

static const size_t block_bytes = 4 << 20;

/* Where the parts of some rows lie in the spool, one after the other. */
typedef struct block {
    int64_t rows;
    uint64_t offset;
    uint64_t *size;           /* of each part of each column; 0: none */
} block;

typedef struct part {
    uint64_t offset, size;
    uint32_t checksum;
} part;

struct est__cache_writer {
    char *path;
    est_features_spec features;
    uint64_t fingerprint;
    int spool;                /* a file without a name */
    uint64_t spooled;
    est__table rows;          /* that are not spooled yet */
    block *blocks;
    size_t count, capacity;
    char *segment;            /* read back from the spool */
    size_t segment_capacity;
    est__file *file;
    uint64_t written;
    part *parts;
};

static est_status make_spool(est__cache_writer *w)
{
    size_t size = strlen(w->path) + 16;
    char *name = est__malloc(size);
    if (!name)
        return est__fail_memory(size);
    est__print(name, size, "%s.tmp-XXXXXX", w->path);
    w->spool = mkstemp(name);
    int error = errno;
    if (w->spool >= 0)
        unlink(name);
    est__free(name);
    return w->spool >= 0 ? EST_OK : est__fail_errno(error, "%s: cannot be written", w->path);
}

est_status est__cache_create(const char *path, est_features_spec features, uint64_t fingerprint, est__cache_writer **out)
{
    est__cache_writer *w = est__calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return est__fail_memory(sizeof *w);
    w->spool = -1;
    w->features = features;
    w->fingerprint = fingerprint;
    w->path = est__strdup(path);
    w->parts = est__calloc(features.count * EST__CACHE_PARTS, sizeof *w->parts);
    est_status st = w->path && w->parts ? est__table_init(&w->rows, features) : est__fail_memory(strlen(path) + 1);
    if (st == EST_OK)
        st = make_spool(w);
    if (st != EST_OK) {
        est__cache_abandon(w);
        return st;
    }
    *out = w;
    return EST_OK;
}

void est__cache_abandon(est__cache_writer *w)
{
    if (!w)
        return;
    if (w->spool >= 0)
        close(w->spool);
    for (size_t i = 0; i < w->count; i++)
        est__free(w->blocks[i].size);
    est__free(w->blocks);
    est__table_free(&w->rows);
    est__free(w->segment);
    est__free(w->parts);
    est__file_abandon(w->file);
    est__free(w->path);
    est__free(w);
}

/* ---- the spool ---- */

static est_status spool(est__cache_writer *w, const void *data, size_t size)
{
    const char *p = data;
    while (size) {
        ssize_t n = write(w->spool, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return est__fail_errno(errno, "%s: cannot be written", w->path);
        p += n;
        size -= (size_t)n;
        w->spooled += (uint64_t)n;
    }
    return EST_OK;
}

static est__bytes part_of(const est__table *t, int column, int which)
{
    const est__column *c = &t->column[column];
    size_t elements = (size_t)est__column_at(c, t->rows);
    bool text = c->dtype == EST_STRING;
    switch (which) {
    case EST__CACHE_SPLITS: return (est__bytes){ (void *)c->splits, ((size_t)t->rows + 1) * sizeof(int64_t) };
    case EST__CACHE_TEXT: return (est__bytes){ (void *)c->bytes, (size_t)est__column_offsets(c)[elements] };
    default: return (est__bytes){ c->data, text ? (elements + 1) * sizeof(int64_t) : elements * est_dtype_size(c->dtype) };
    }
}

static est_status spool_rows(est__cache_writer *w)
{
    if (!w->rows.rows)
        return EST_OK;
    EST_TRY(est__grow(&w->blocks, &w->capacity, w->count + 1, sizeof *w->blocks));
    size_t parts = w->features.count * EST__CACHE_PARTS;
    block *b = &w->blocks[w->count];
    *b = (block){ .rows = w->rows.rows, .offset = w->spooled, .size = est__calloc(parts, sizeof *b->size) };
    if (!b->size)
        return est__fail_memory(parts * sizeof *b->size);
    w->count++;
    for (size_t i = 0; i < parts; i++) {
        int column = (int)(i / EST__CACHE_PARTS), which = (int)(i % EST__CACHE_PARTS);
        if (!est__cache_has(&w->features.data[column], which))
            continue;
        est__bytes bytes = part_of(&w->rows, column, which);
        b->size[i] = bytes.n;
        EST_TRY(spool(w, bytes.p, bytes.n));
    }
    w->rows.rows = 0;
    return EST_OK;
}

est_status est__cache_add(est__cache_writer *w, const est__table *t, int64_t first, int64_t count)
{
    while (count) {
        int64_t n = count < 4096 ? count : 4096;
        EST_TRY(est__table_append(&w->rows, t, first, n));
        if (est__table_bytes(&w->rows) >= block_bytes)
            EST_TRY(spool_rows(w));
        first += n;
        count -= n;
    }
    return EST_OK;
}

static est_status read_segment(est__cache_writer *w, uint64_t offset, size_t size)
{
    EST_TRY(est__grow(&w->segment, &w->segment_capacity, size + 1, 1));
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(w->spool, w->segment + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return est__fail_errno(n ? errno : EIO, "%s: what was written cannot be read", w->path);
        done += (size_t)n;
    }
    return EST_OK;
}

/* ---- the file ---- */

static est_status put(est__cache_writer *w, part *p, const void *data, size_t size)
{
    EST_TRY(est__file_write(w->file, data, size));
    w->written += size;
    if (p) {
        p->checksum = est__crc32c(p->checksum, data, size);
        p->size += size;
    }
    return EST_OK;
}

/* Offsets of a block go on where those before it ended. */
static est_status put_offsets(est__cache_writer *w, part *p, size_t size, int64_t *base)
{
    int64_t *o = (int64_t *)(void *)w->segment;
    size_t n = size / sizeof *o;
    for (size_t i = 0; i < n; i++)
        o[i] += *base;
    *base = o[n - 1];
    return put(w, p, o + 1, (n - 1) * sizeof *o);
}

static est_status put_part(est__cache_writer *w, size_t number)
{
    static const char zeros[EST__CACHE_ALIGN];
    const est_feature *f = &w->features.data[number / EST__CACHE_PARTS];
    bool offsets = est__cache_is_offsets(f, (int)(number % EST__CACHE_PARTS));
    part *p = &w->parts[number];
    int64_t base = 0;
    EST_TRY(put(w, NULL, zeros, (size_t)(-w->written % EST__CACHE_ALIGN)));
    p->offset = w->written;
    if (offsets)
        EST_TRY(put(w, p, &base, sizeof base));
    for (size_t i = 0; i < w->count; i++) {
        const block *b = &w->blocks[i];
        uint64_t at = b->offset;
        for (size_t k = 0; k < number; k++)
            at += b->size[k];
        EST_TRY(read_segment(w, at, (size_t)b->size[number]));
        EST_TRY(offsets ? put_offsets(w, p, (size_t)b->size[number], &base) : put(w, p, w->segment, (size_t)b->size[number]));
    }
    return EST_OK;
}

static void make_footer(const est__cache_writer *w, est__buffer *b)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < w->count; i++)
        rows += (uint64_t)w->blocks[i].rows;
    est__buffer_u64le(b, w->fingerprint);
    est__buffer_u64le(b, rows);
    est__buffer_u32le(b, (uint32_t)w->features.count);
    for (size_t c = 0; c < w->features.count; c++) {
        const est_feature *f = &w->features.data[c];
        est__buffer_u64le(b, (uint64_t)f->dtype);
        est__buffer_u64le(b, f->variable_length ? UINT64_MAX : (uint64_t)est_shape_elements(&f->shape));
        for (size_t k = 0; k < EST__CACHE_PARTS; k++) {
            const part *p = &w->parts[c * EST__CACHE_PARTS + k];
            est__buffer_u64le(b, p->offset);
            est__buffer_u64le(b, p->size);
            est__buffer_u32le(b, p->checksum);
        }
    }
    size_t size = b->size;
    uint32_t checksum = est__crc32c(0, b->data, size);
    est__buffer_u64le(b, size);
    est__buffer_u32le(b, checksum);
    est__buffer_text(b, EST__CACHE_END);
}

static est_status put_file(est__cache_writer *w)
{
    est__buffer b = { 0 };
    EST_TRY(spool_rows(w));
    EST_TRY(est__file_replace(w->path, &w->file));
    est__buffer_text(&b, EST__CACHE_MAGIC);
    est__buffer_u64le(&b, EST__CACHE_VERSION);
    est_status st = b.status == EST_OK ? put(w, NULL, b.data, b.size) : est__fail_memory(EST__CACHE_HEAD);
    for (size_t i = 0; st == EST_OK && i < w->features.count * EST__CACHE_PARTS; i++)
        if (est__cache_has(&w->features.data[i / EST__CACHE_PARTS], (int)(i % EST__CACHE_PARTS)))
            st = put_part(w, i);
    est__buffer_clear(&b);
    make_footer(w, &b);
    if (st == EST_OK)
        st = b.status == EST_OK ? put(w, NULL, b.data, b.size) : est__fail_memory(b.size);
    est__buffer_free(&b);
    return st;
}

est_status est__cache_commit(est__cache_writer *w)
{
    est_status st = put_file(w);
    if (st == EST_OK) {
        st = est__file_commit(w->file);
        w->file = NULL;
    }
    est__cache_abandon(w);
    return st;
}
