/* A checkpoint whose index holds any entries, under checksums that fit. The input is entries: length, key,
 * length, value. Covers src/formats/bundle_index.c, src/formats/bundle_read.c. */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "formats/bundle.h"
#include "formats/table.h"

static char prefix[256], index_file[300], data_file[300];

static void choose_files(void)
{
    snprintf(prefix, sizeof prefix, "%s", fuzz_temporary());
    snprintf(index_file, sizeof index_file, "%s.index", prefix);
    snprintf(data_file, sizeof data_file, "%s.data-00000-of-00001", prefix);
}

static void put_file(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (f && n)
        fwrite(data, 1, n, f);
    if (f)
        fclose(f);
}

/* Into what the variable is said to be, and into what it is not. */
static void read_into(const est__bundle *b, const est__bundle_variable *v, est_tensor *t)
{
    est_tensor *other = NULL, *whole = NULL;
    if (t)
        (void)est__bundle_read_into(b, v->name, t);
    if (est_tensor_new(EST_FLOAT, &(est_shape){ 1, { 7 } }, &other) == EST_OK) {
        (void)est__bundle_read_into(b, v->name, other);
        (void)est__bundle_read_piece(b, v->name, other);
    }
    if (v->piece && v->dtype != EST_STRING && est_dtype_size(v->dtype) && est_shape_elements(&v->piece->whole) <= 4096 &&
        est_tensor_new(v->dtype, &v->piece->whole, &whole) == EST_OK)
        (void)est__bundle_read_piece(b, v->name, whole);
    est_tensor_free(other);
    est_tensor_free(whole);
}

static void read_all(void)
{
    est__bundle *b;
    est_tensor *t;
    if (est__bundle_open(prefix, &b) != EST_OK)
        return;
    for (size_t i = 0; i < est__bundle_count(b); i++) {
        const est__bundle_variable *v = est__bundle_at(b, i);
        if (est__bundle_read(b, v->name, &t) != EST_OK)
            t = NULL;
        read_into(b, v, t);
        est_tensor_free(t);
    }
    (void)est__bundle_read(b, "not there", &t);
    est__bundle_free(b);
}

EST_FUZZ(bundle)
{
    /* zeros, and the checksum of the lengths of two empty strings, which the seed has at 56 */
    static const unsigned char values[64] = { [58] = 0x29, [59] = 0x03, [60] = 0x98, [61] = 0x07 };
    est__sstable_writer w = { 0 };
    est__cursor c = est__cursor_of(data, size, "input");
    est__bytes key, value;
    uint64_t n;
    while (est__cursor_varint(&c, &n) == EST_OK && est__cursor_bytes(&c, n, &key) == EST_OK &&
           est__cursor_varint(&c, &n) == EST_OK && est__cursor_bytes(&c, n, &value) == EST_OK)
        if (est__sstable_add(&w, key.p, key.n, value.p, value.n) != EST_OK)
            break;
    if (est__sstable_finish(&w) == EST_OK) {
        choose_files();
        put_file(index_file, w.out.data, w.out.size);
        put_file(data_file, values, sizeof values);
        read_all();
        unlink(index_file);
        unlink(data_file);
    }
    est__sstable_writer_free(&w);
    return 0;
}
