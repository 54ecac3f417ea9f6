/* SSTable reader and writer. A file is data blocks, an empty metaindex block, an index block and a footer of
 * 48 bytes; a block is entries, restart offsets and their count, then one byte for its compression and a
 * masked checksum. */
#include "formats/table.h"

enum { FOOTER = 48, TRAILER = 5, BLOCK_SIZE = 256 * 1024, RESTART_INTERVAL = 16 };
#define MAGIC 0xdb4775248b80fb57u

static int compare(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t n = a_size < b_size ? a_size : b_size;
    int order = n ? memcmp(a, b, n) : 0;
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

/* ---- reading ---- */

typedef struct source {
    const unsigned char *data;
    size_t size;
    const char *what;
} source;

typedef struct handle {
    uint64_t offset, size;
} handle;

static est_status read_handle(est__cursor *c, handle *h)
{
    EST_TRY(est__cursor_varint(c, &h->offset));
    return est__cursor_varint(c, &h->size);
}

/* The entries of the block at `h`, without restarts and trailer. */
static est_status read_block(const source *s, handle h, est__bytes *entries)
{
    size_t end = s->size - FOOTER;
    if (h.offset > end || h.size > end - h.offset || end - h.offset - h.size < TRAILER)
        return est__fail(EST_DATA_LOSS,
                         "%s: block of %llu bytes at byte %llu is outside the file: the file is damaged",
                         s->what, (unsigned long long)h.size, (unsigned long long)h.offset);
    const unsigned char *p = s->data + h.offset;
    size_t n = (size_t)h.size;
    if (est__u32le(p + n + 1) != est__crc32c_mask(est__crc32c(0, p, n + 1)))
        return est__fail(EST_DATA_LOSS, "%s: block at byte %llu: checksum differs: the file is damaged",
                         s->what, (unsigned long long)h.offset);
    if (p[n] != 0)
        return est__fail(EST_UNIMPLEMENTED,
                         "%s: block at byte %llu is compressed (kind %d, 1 is snappy); only "
                         "uncompressed tables are read",
                         s->what, (unsigned long long)h.offset, p[n]);
    uint64_t restarts = n >= 4 ? est__u32le(p + n - 4) : UINT32_MAX;
    if (n < 4 || (restarts + 1) * 4 > n)
        return est__fail(EST_DATA_LOSS,
                         "%s: block at byte %llu: more restarts than bytes: the file is damaged", s->what,
                         (unsigned long long)h.offset);
    *entries = (est__bytes){ p, n - (size_t)(restarts + 1) * 4 };
    return EST_OK;
}

/* The next entry of a block; `key` holds the previous key and becomes this one's. */
static est_status next_entry(est__cursor *c, est__buffer *key, est__bytes *value)
{
    uint64_t shared, unshared, size;
    est__bytes suffix;
    EST_TRY(est__cursor_varint(c, &shared));
    EST_TRY(est__cursor_varint(c, &unshared));
    EST_TRY(est__cursor_varint(c, &size));
    EST_TRY(est__cursor_bytes(c, unshared, &suffix));
    EST_TRY(est__cursor_bytes(c, size, value));
    if (shared > key->size)
        return est__fail(EST_DATA_LOSS, "%s: a key shares %llu bytes with one of %zu: the file is damaged",
                         c->what, (unsigned long long)shared, key->size);
    key->size = (size_t)shared;
    est__buffer_bytes(key, suffix.p, suffix.n);
    return key->status == EST_OK ? EST_OK : est__fail_memory(key->size + suffix.n);
}

static est_status keep(est__sstable *t, const source *s, const est__buffer *key, est__bytes value)
{
    const est__sstable_entry *last = t->count ? &t->entries[t->count - 1] : NULL;
    if (last && compare(last->key.p, last->key.n, key->data, key->size) >= 0)
        return est__fail(EST_DATA_LOSS, "%s: entry %zu: keys do not rise: the file is damaged", s->what,
                         t->count);
    /* Shared prefixes let a small file stand for very many long keys; no real one comes near this. */
    if (key->size > 64 * s->size - t->key_bytes)
        return est__fail(EST_DATA_LOSS,
                         "%s: entry %zu: keys take more than 64 times the file's size: refused", s->what,
                         t->count);
    EST_TRY(est__grow(&t->entries, &t->capacity, t->count + 1, sizeof *t->entries));
    char *copy = est__arena_strndup(&t->arena, key->data ? key->data : "", key->size);
    if (!copy)
        return est__fail_memory(key->size);
    t->key_bytes += key->size;
    t->entries[t->count++] = (est__sstable_entry){ { (unsigned char *)copy, key->size }, value };
    return EST_OK;
}

static est_status read_data_block(est__sstable *t, const source *s, handle h, est__buffer *key)
{
    est__bytes entries, value;
    EST_TRY(read_block(s, h, &entries));
    est__cursor c = est__cursor_of(entries.p, entries.n, s->what);
    est__buffer_clear(key);
    while (est__cursor_left(&c)) {
        EST_TRY(next_entry(&c, key, &value));
        EST_TRY(keep(t, s, key, value));
    }
    return EST_OK;
}

static est_status read_index_block(est__sstable *t, const source *s, handle index, est__buffer *index_key,
                                   est__buffer *key)
{
    est__bytes entries, value;
    EST_TRY(read_block(s, index, &entries));
    est__cursor c = est__cursor_of(entries.p, entries.n, s->what);
    while (est__cursor_left(&c)) {
        handle block;
        EST_TRY(next_entry(&c, index_key, &value));
        est__cursor v = est__cursor_of(value.p, value.n, s->what);
        EST_TRY(read_handle(&v, &block));
        size_t before = t->count;
        EST_TRY(read_data_block(t, s, block, key));
        if (t->count == before)
            return est__fail(EST_DATA_LOSS, "%s: block at byte %llu is empty: the file is damaged", s->what,
                             (unsigned long long)block.offset);
    }
    return EST_OK;
}

est_status est__sstable_read(const void *data, size_t size, const char *what, est__sstable *out)
{
    source s = { data, size, what };
    *out = (est__sstable){ 0 };
    if (size < FOOTER)
        return est__fail(EST_DATA_LOSS,
                         "%s: %zu bytes are too few for a table: the file is cut or of another kind", what,
                         size);
    const unsigned char *footer = s.data + size - FOOTER;
    if (est__u64le(footer + FOOTER - 8) != MAGIC)
        return est__fail(EST_DATA_LOSS,
                         "%s: no table (its last 8 bytes differ): the file is cut or of another kind", what);
    handle metaindex, index;
    est__cursor c = est__cursor_of(footer, FOOTER - 8, what);
    EST_TRY(read_handle(&c, &metaindex));
    EST_TRY(read_handle(&c, &index));
    est__buffer index_key = { 0 }, key = { 0 };
    est_status st = read_index_block(out, &s, index, &index_key, &key);
    est__buffer_free(&index_key);
    est__buffer_free(&key);
    return st;
}

const est__sstable_entry *est__sstable_find(const est__sstable *t, const void *key, size_t n)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const est__sstable_entry *e = &t->entries[middle];
        int order = compare(e->key.p, e->key.n, key, n);
        if (order == 0)
            return e;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void est__sstable_free(est__sstable *t)
{
    est__free(t->entries);
    est__arena_free(&t->arena);
    *t = (est__sstable){ 0 };
}

/* ---- writing ---- */

static void block_add(est__sstable_block *b, const void *key, size_t key_size, const void *value,
                      size_t value_size)
{
    size_t shared = 0;
    if (b->data.size == 0 || b->since_restart == b->interval) {
        est__buffer_u32le(&b->restarts, (uint32_t)b->data.size);
        b->since_restart = 0;
    } else {
        size_t most = key_size < b->last_key.size ? key_size : b->last_key.size;
        while (shared < most && ((const char *)key)[shared] == b->last_key.data[shared])
            shared++;
    }
    est__buffer_varint(&b->data, shared);
    est__buffer_varint(&b->data, key_size - shared);
    est__buffer_varint(&b->data, value_size);
    est__buffer_bytes(&b->data, (const char *)key + shared, key_size - shared);
    est__buffer_bytes(&b->data, value, value_size);
    est__buffer_clear(&b->last_key);
    est__buffer_bytes(&b->last_key, key, key_size);
    b->since_restart++;
}

/* Moves the block to the end of the file and leaves its handle in `h`. */
static void block_write(est__sstable_writer *w, est__sstable_block *b, est__buffer *h)
{
    size_t start = w->out.size;
    est__buffer_bytes(&w->out, b->data.data, b->data.size);
    if (b->restarts.size)
        est__buffer_bytes(&w->out, b->restarts.data, b->restarts.size);
    else
        est__buffer_u32le(&w->out, 0);   /* an empty block has one restart, too */
    est__buffer_u32le(&w->out, b->restarts.size ? (uint32_t)(b->restarts.size / 4) : 1);
    size_t size = w->out.size - start;
    est__buffer_bytes(&w->out, "", 1);
    if (w->out.status == EST_OK)
        est__buffer_u32le(&w->out, est__crc32c_mask(est__crc32c(0, w->out.data + start, size + 1)));
    est__buffer_varint(h, start);
    est__buffer_varint(h, size);
    est__buffer_clear(&b->data);
    est__buffer_clear(&b->restarts);
    est__buffer_clear(&b->last_key);
    b->since_restart = 0;
}

static est_status writer_status(const est__sstable_writer *w)
{
    const est__buffer *all[] = { &w->out, &w->handle, &w->data.data, &w->data.restarts, &w->data.last_key,
                                 &w->index.data, &w->index.restarts, &w->index.last_key };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]->status != EST_OK)
            return est__fail_memory(all[i]->size);
    return EST_OK;
}

/* The shortest key in [last, next): the last block's key in the index. */
static size_t separator(char *last, size_t last_size, const unsigned char *next, size_t next_size)
{
    size_t most = last_size < next_size ? last_size : next_size, i = 0;
    while (i < most && (unsigned char)last[i] == next[i])
        i++;
    unsigned char byte = i < most ? (unsigned char)last[i] : 0xff;
    if (i == most || byte == 0xff || byte + 1 >= next[i])
        return last_size;
    last[i] = (char)(byte + 1);
    return i + 1;
}

/* A short key that is no less than any key of the table. */
static size_t successor(char *last, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)last[i] != 0xff) {
            last[i] = (char)((unsigned char)last[i] + 1);
            return i + 1;
        }
    return size;
}

/* Writes the data block and its entry of the index; `next` is the key that the next block begins with, NULL
 * at the end. */
static void flush(est__sstable_writer *w, const void *next, size_t next_size)
{
    est__buffer key = w->data.last_key;
    w->data.last_key = (est__buffer){ 0 };
    est__buffer_clear(&w->handle);
    block_write(w, &w->data, &w->handle);
    size_t size = next ? separator(key.data, key.size, next, next_size) : successor(key.data, key.size);
    block_add(&w->index, key.data, size, w->handle.data, w->handle.size);
    est__buffer_free(&key);
}

est_status est__sstable_add(est__sstable_writer *w, const void *key, size_t key_size, const void *value,
                            size_t value_size)
{
    w->data.interval = RESTART_INTERVAL;
    w->index.interval = 1;
    if (w->count && compare(w->data.last_key.data, w->data.last_key.size, key, key_size) >= 0)
        return est__fail(EST_INVALID_ARGUMENT,
                         "'%.*s' does not sort after '%.*s': names of a table are added once, sorted",
                         (int)key_size, (const char *)key, (int)w->data.last_key.size, w->data.last_key.data);
    if (w->data.data.size + w->data.restarts.size + 4 >= BLOCK_SIZE)
        flush(w, key, key_size);
    block_add(&w->data, key, key_size, value, value_size);
    w->count++;
    return writer_status(w);
}

est_status est__sstable_finish(est__sstable_writer *w)
{
    est__sstable_block metaindex = { 0 };
    if (w->count)
        flush(w, NULL, 0);
    EST_TRY(writer_status(w));
    est__buffer_clear(&w->handle);
    block_write(w, &metaindex, &w->handle);
    block_write(w, &w->index, &w->handle);
    while (w->handle.status == EST_OK && w->handle.size < FOOTER - 8)
        est__buffer_bytes(&w->handle, "", 1);
    est__buffer_bytes(&w->out, w->handle.data, w->handle.size);
    est__buffer_u64le(&w->out, MAGIC);
    return writer_status(w);
}

void est__sstable_writer_free(est__sstable_writer *w)
{
    est__buffer *all[] = { &w->out, &w->handle, &w->data.data, &w->data.restarts, &w->data.last_key,
                           &w->index.data, &w->index.restarts, &w->index.last_key };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        est__buffer_free(all[i]);
}
