/* Any bytes as a cache file, as they are and with checksums made to fit; the rows of one that opens are read. Covers
 * src/data/cache_read.c. */
#include <string.h>

#include "data/cache_parts.h"
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"

static const est_feature features[] = { { .name = "x", .dtype = EST_FLOAT, .shape = { 1, { 2 } } }, { .name = "s", .dtype = EST_STRING },
                                        { .name = "ids", .dtype = EST_INT64, .variable_length = true },
                                        { .name = "words", .dtype = EST_STRING, .variable_length = true } };
enum { FEATURES = sizeof features / sizeof *features };
static const uint64_t fingerprint = 0x1234;

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* The checksums of the parts that lie inside, then that of the footer. */
static void mend(uint8_t *file, size_t size)
{
    enum { COLUMN = 16 + 20 * EST__CACHE_PARTS };
    uint8_t *tail = file + size - EST__CACHE_TAIL;
    uint64_t footer = est__u64le(tail);
    if (footer > size - EST__CACHE_HEAD - EST__CACHE_TAIL)
        return;
    uint8_t *p = tail - footer;
    for (size_t at = 20; at + COLUMN <= footer; at += COLUMN)
        for (int k = 0; k < EST__CACHE_PARTS; k++) {
            uint8_t *part = p + at + 16 + 20 * k;
            uint64_t offset = est__u64le(part), n = est__u64le(part + 8);
            if (offset <= size && n <= size - offset)
                put_u32(part + 16, est__crc32c(0, file + offset, (size_t)n));
        }
    put_u32(tail + 8, est__crc32c(0, p, (size_t)footer));
}

static void open_and_read(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    est_features_spec spec = { features, FEATURES };
    est__table copy;
    est__cache c;
    if (!path || est__cache_open(path, spec, fingerprint, &c) != EST_OK)
        return;
    est_status st = est__table_init(&copy, spec);
    for (int64_t i = 0; st == EST_OK && i < c.table.rows && i < 64; i++)
        st = est__table_append(&copy, &c.table, i, 1);
    est__cache_relax(&c);
    est__table_free(&copy);
    est__cache_close(&c);
}

EST_FUZZ(cache)
{
    uint8_t *file = malloc(size + 1);
    open_and_read(data, size);
    if (file && size >= EST__CACHE_HEAD + EST__CACHE_TAIL) {
        memcpy(file, data, size);
        mend(file, size);
        open_and_read(file, size);
    }
    free(file);
    return 0;
}
