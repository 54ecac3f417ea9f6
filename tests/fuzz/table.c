/* Any bytes as a table, as they are and with checksums made to fit; what is read is written and read again. Covers
 * src/formats/table.c. */
#include "formats/table.h"

#include "fuzz/frames.h"
#include "fuzz/fuzz.h"

enum { FOOTER = 48, TRAILER = 5 };

typedef struct file {
    uint8_t *data;
    size_t size;
} file;

/* The block that a handle names; false: it lies outside. */
static bool mend_block(file f, est__cursor *handle, est__bytes *block)
{
    uint64_t offset, n;
    size_t end = f.size - FOOTER;
    if (est__cursor_varint(handle, &offset) != EST_OK || est__cursor_varint(handle, &n) != EST_OK || offset > end ||
        n > end - offset || end - offset - n < TRAILER)
        return false;
    *block = (est__bytes){ f.data + offset, (size_t)n };
    fuzz_put_crc(f.data + offset + n + 1, f.data + offset, (size_t)n + 1);
    return true;
}

/* The index, and the blocks that it names. */
static void mend(file f)
{
    est__cursor footer = est__cursor_of(f.data + f.size - FOOTER, FOOTER, "footer");
    est__bytes index, block, value;
    uint64_t shared, rest, n;
    if (!mend_block(f, &footer, &block) || !mend_block(f, &footer, &index))
        return;
    est__cursor c = est__cursor_of(index.p, index.n, "index");
    while (est__cursor_varint(&c, &shared) == EST_OK && est__cursor_varint(&c, &rest) == EST_OK &&
           est__cursor_varint(&c, &n) == EST_OK && est__cursor_bytes(&c, rest, &value) == EST_OK &&
           est__cursor_bytes(&c, n, &value) == EST_OK) {
        est__cursor handle = est__cursor_of(value.p, value.n, "handle");
        (void)mend_block(f, &handle, &block);
    }
}

static void write_again(const est__sstable *t)
{
    est__sstable_writer w = { 0 };
    est__sstable copy;
    for (size_t i = 0; i < t->count; i++) {
        const est__sstable_entry *e = &t->entries[i];
        EST_FUZZ_CHECK(est__sstable_add(&w, e->key.p, e->key.n, e->value.p, e->value.n) == EST_OK);
        EST_FUZZ_CHECK(est__sstable_find(t, e->key.p, e->key.n) == e);
    }
    EST_FUZZ_CHECK(est__sstable_finish(&w) == EST_OK);
    EST_FUZZ_CHECK(est__sstable_read(w.out.data, w.out.size, "copy", &copy) == EST_OK && copy.count == t->count);
    est__sstable_free(&copy);
    est__sstable_writer_free(&w);
}

static void read_table(const uint8_t *data, size_t size)
{
    est__sstable t;
    if (est__sstable_read(data, size, "input", &t) == EST_OK) {
        (void)est__sstable_find(&t, "x", 1);
        write_again(&t);
    }
    est__sstable_free(&t);
}

EST_FUZZ(table)
{
    file f = { size >= FOOTER ? malloc(size) : NULL, size };
    read_table(data, size);
    if (f.data) {
        memcpy(f.data, data, size);
        mend(f);
        read_table(f.data, size);
    }
    free(f.data);
    return 0;
}
