/* TensorBundle against TensorFlow's own files; the order of files; damage of every kind. */
#include "formats/bundle.h"

#include <errno.h>
#include <zlib.h>

#include "formats/samples.h"
#include "formats/table.h"
#include "support/est_test.h"
#include "tensor/tensor.h"

#define GOLDEN(name) EST_TEST_DATA("tests/golden/formats/" name)
#define DATA "model.ckpt-7.data-00000-of-00001"

static void check_same(const char *ours, const char *theirs)
{
    char *a, *b;
    size_t n, m;
    EST_NEED_OK(est__file_read(ours, 0, &a, &n));
    EST_NEED_OK(est__file_read(theirs, 0, &b, &m));
    EST_CHECK_BYTES(a, n, b, m);
    est__free(a);
    est__free(b);
}

static void writes_tensorflows_bytes(void)
{
    EST_NEED_OK(sample_checkpoint(est_test_path("x")));
    check_same(est_test_path("x.index"), GOLDEN("model.ckpt-7.index"));
    check_same(est_test_path("x.data-00000-of-00001"), GOLDEN("model.ckpt-7.data-00000-of-00001"));
}

static void writes_an_index_of_several_blocks(void)
{
    char *ours, *wanted;
    size_t n, m;
    est__bundle *b;
    est_tensor *t;
    EST_NEED_OK(sample_many(est_test_path("x")));
    EST_NEED_OK(est__file_read(est_test_path("x.index"), 0, &ours, &n));
    EST_NEED_OK(est__file_read(GOLDEN("many.txt"), 0, &wanted, &m));
    EST_CHECK_STR(est_test_text("%zu %08lx\n", n, crc32(0, (const Bytef *)ours, (uInt)n)), wanted);
    est__free(ours);
    est__free(wanted);
    EST_NEED_OK(est__bundle_open(est_test_path("x"), &b));
    EST_CHECK_INT(est__bundle_count(b), 12000);
    EST_NEED_OK(est__bundle_read(b, "layer_11999/a_rather_long_name_of_a_scope/kernel", &t));
    EST_CHECK_INT(*(int32_t *)t->data, 11999);
    est_tensor_free(t);
    est__bundle_free(b);
}

static void check_numbers(const est__bundle *b, const char *name, est_dtype dtype, est_shape shape)
{
    est_tensor *t;
    EST_NEED_OK(est__bundle_read(b, name, &t));
    EST_CHECK_INT(t->dtype, dtype);
    EST_CHECK(est_shape_equal(&t->shape, &shape));
    for (int64_t i = 0; i < est__tensor_elements(t); i++)
        EST_CHECK_NEAR(est__tensor_get(t, i), (double)i, 0);
    est_tensor_free(t);
}

static void check_string(const est_tensor *t, int64_t i, const char *wanted, size_t size)
{
    size_t n;
    const char *s = est_tensor_string(t, i, &n);
    EST_CHECK_BYTES(s, n, wanted, size);
}

static void reads_tensorflows(void)
{
    static const est_dtype dtypes[] = {
        EST_FLOAT, EST_DOUBLE, EST_INT8,  EST_UINT8,  EST_INT16, EST_UINT16,
        EST_INT32, EST_UINT32, EST_INT64, EST_UINT64, EST_HALF,  EST_BFLOAT16
    };
    est__bundle *b;
    est_tensor *t;
    EST_NEED_OK(est__bundle_open(GOLDEN("model.ckpt-7"), &b));
    EST_CHECK_INT(est__bundle_count(b), 60);
    EST_CHECK_STR(est__bundle_at(b, 0)->name, "emb");
    EST_CHECK_STR(est__bundle_at(b, 59)->name, "wide");
    EST_CHECK_INT(est__bundle_find(b, "emb")->slices, 2);
    EST_CHECK(!est__bundle_find(b, "em") && !est__bundle_find(b, ""));
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        check_numbers(b, est_test_text("t/%s", est_dtype_name(dtypes[i])), dtypes[i], EST_SHAPE(2, 3));
    check_numbers(b, "empty/float", EST_FLOAT, EST_SHAPE(0, 4));
    check_numbers(b, "emb", EST_FLOAT, EST_SHAPE(5, 2));
    check_numbers(b, "wide", EST_INT32, EST_SHAPE(2, 300));
    EST_NEED_OK(est__bundle_read(b, "t/string", &t));
    check_string(t, 0, "", 0);
    check_string(t, 1, "abc", 3);
    check_string(t, 2, "a\0b", 3);
    EST_CHECK_INT(est__tensor_elements(t), 4);
    est_tensor_free(t);
    EST_NEED_OK(est__bundle_read(b, "scalar/string", &t));
    check_string(t, 0, "Titanic", 7);
    est_tensor_free(t);
    EST_NEED_OK(est__bundle_read(b, "empty/string", &t));
    EST_CHECK_INT(est__tensor_elements(t), 0);
    est_tensor_free(t);
    est__bundle_free(b);
}

static void reads_several_data_files(void)
{
    est__bundle *b;
    est_tensor *x, *y;
    EST_NEED_OK(est__bundle_open(GOLDEN("shards"), &b));
    EST_NEED_OK(est__bundle_read(b, "x", &x));
    EST_CHECK_NEAR(est__tensor_get(x, 1), -2, 0);
    EST_NEED_OK(est__bundle_read(b, "y", &y));
    EST_CHECK_INT(((int64_t *)y->data)[2], 5);
    est_tensor_free(x);
    est_tensor_free(y);
    est__bundle_free(b);
}

static void reads_into_a_tensor(void)
{
    float values[10] = { 0 };
    est_tensor t = { EST_FLOAT, EST_SHAPE(5, 2), values, NULL };
    est__bundle *b;
    const char *prefix = GOLDEN("model.ckpt-7");
    EST_NEED_OK(est__bundle_open(prefix, &b));
    EST_CHECK_OK(est__bundle_read_into(b, "emb", &t));
    EST_CHECK_NEAR(values[9], 9, 0);
    EST_CHECK_FAILS(est__bundle_read_into(b, "t/float32", &t), EST_INVALID_ARGUMENT,
                    est_test_text("%s: variable 't/float32' is [2,3], [5,2] is wanted", prefix));
    EST_CHECK_FAILS(est__bundle_read_into(b, "t/int64", &t), EST_INVALID_ARGUMENT,
                    est_test_text("%s: variable 't/int64' is int64, float32 is wanted", prefix));
    EST_CHECK_FAILS(est__bundle_read_into(b, "none", &t), EST_NOT_FOUND,
                    est_test_text("%s: there is no variable 'none'", prefix));
    est__bundle_free(b);
}

/* ---- writing ---- */

static est_status add_one(est__bundle_writer *w, const char *name)
{
    float value = 1.5f;
    return est__bundle_add(w, name, &(est_tensor){ EST_FLOAT, EST_SCALAR, &value, NULL });
}

static size_t files_there(void)
{
    est__names names;
    if (!EST_CHECK_OK(est__list_dir(est_test_dir(), &names)))
        return 0;
    size_t n = names.count;
    est__names_free(&names);
    return n;
}

static void files_appear_in_order(void)
{
    est__bundle_writer *w;
    uint32_t crc;
    char *index;
    size_t n;
    EST_NEED_OK(est__bundle_writer_new(est_test_path("x"), &w));
    EST_CHECK_OK(add_one(w, "v"));
    EST_CHECK_FAILS(est__bundle_finish_index(w), EST_FAILED_PRECONDITION,
                    est_test_text("%s: the index comes after the data", est_test_path("x")));
    EST_CHECK_OK(est__bundle_finish_data(w, &crc));
    EST_CHECK(est__is_file(est_test_path("x.data-00000-of-00001")) &&
              !est__is_file(est_test_path("x.index")));
    EST_CHECK_OK(est__bundle_finish_index(w));
    EST_NEED_OK(est__file_read(est_test_path("x.index"), 0, &index, &n));
    EST_CHECK_INT(crc, est__crc32c(0, index, n));
    est__free(index);
    est__bundle_writer_free(w);
    EST_NEED_OK(est__bundle_writer_new(est_test_path("y"), &w));
    EST_CHECK_OK(add_one(w, "v"));
    est__bundle_writer_free(w);
    EST_CHECK_INT(files_there(), 2);
}

static void refuses_what_cannot_be_saved(void)
{
    est__bundle_writer *w;
    const char *x = est_test_path("x");
    est_shape two = EST_SHAPE(2), unknown = EST_SHAPE(-1);
    float values[3] = { 0 };
    est_tensor three = { EST_FLOAT, EST_SHAPE(3), values, NULL };
    EST_NEED_OK(est__bundle_writer_new(x, &w));
    EST_CHECK_FAILS(add_one(w, ""), EST_INVALID_ARGUMENT, est_test_text("%s: a variable has no name", x));
    EST_CHECK_FAILS(est__bundle_begin(w, "r", EST_RESOURCE, &two), EST_INVALID_ARGUMENT,
                    est_test_text("%s: variable 'r' is resource, which cannot be saved", x));
    EST_CHECK_FAILS(est__bundle_begin(w, "u", EST_FLOAT, &unknown), EST_INVALID_ARGUMENT,
                    est_test_text("%s: variable 'u' is [?]: every dimension must be known", x));
    EST_CHECK_FAILS(est__bundle_add_slice(w, "s", &two, (int64_t[]){ 0 }, &three), EST_INVALID_ARGUMENT,
                    est_test_text("%s: variable 's': a part of [3] does not fit into [2] there", x));
    EST_CHECK_OK(est__bundle_begin(w, "half", EST_FLOAT, &two));
    EST_CHECK_OK(est__bundle_bytes(w, values, 4));
    EST_CHECK_FAILS(add_one(w, "next"), EST_FAILED_PRECONDITION,
                    est_test_text("%s: variable 'next' begins while the one before lacks 4 bytes", x));
    EST_CHECK_FAILS(est__bundle_bytes(w, values, 8), EST_INVALID_ARGUMENT,
                    est_test_text("%s: variable 'half' gets 8 bytes where 4 are left", x));
    EST_CHECK_FAILS(est__bundle_finish_data(w, NULL), EST_FAILED_PRECONDITION,
                    est_test_text("%s: the last variable is not complete", x));
    EST_CHECK_OK(est__bundle_bytes(w, values, 4));
    EST_CHECK_OK(add_one(w, "a"));
    EST_CHECK_OK(add_one(w, "a"));
    EST_CHECK_FAILS(est__bundle_finish_data(w, NULL), EST_INVALID_ARGUMENT,
                    est_test_text("%s: variable 'a' was added twice", x));
    est__bundle_writer_free(w);
    EST_CHECK_INT(files_there(), 0);
}

static int calls_until_fault;

static int fault(const char *moment, const char *path)
{
    (void)moment;
    (void)path;
    return --calls_until_fault == 0 ? ENOSPC : 0;
}

/* Each write, fsync and rename may fail: the error says so, and either no file is there or a whole one. */
static void survives_a_full_disk(void)
{
    est_status st = EST_UNKNOWN;
    for (int at = 1; st != EST_OK && at < 100; at++) {
        est__bundle *b;
        calls_until_fault = at;
        est__file_fault = fault;
        st = sample_checkpoint(est_test_path("x"));
        est__file_fault = NULL;
        EST_CHECK(st == EST_OK || st == EST_RESOURCE_EXHAUSTED);
        if (est__is_file(est_test_path("x.index"))) {
            EST_CHECK_OK(est__bundle_open(est_test_path("x"), &b));
            est__bundle_free(b);
        }
        remove(est_test_path("x.index"));
        remove(est_test_path("x.data-00000-of-00001"));
        EST_CHECK_INT(files_there(), 0);
    }
    EST_CHECK_OK(st);
}

static void memory_may_end(void)
{
    est_status st = EST_RESOURCE_EXHAUSTED;
    for (int64_t nth = 1; st == EST_RESOURCE_EXHAUSTED && nth < 3000; nth += nth < 100 ? 1 : 37) {
        (void)est_test_fail_allocation(nth);
        st = sample_checkpoint(est_test_path("x"));
        (void)est_test_fail_allocation(0);
    }
    EST_CHECK_OK(st);
    st = EST_RESOURCE_EXHAUSTED;
    for (int64_t nth = 1; st == EST_RESOURCE_EXHAUSTED && nth < 3000; nth += nth < 100 ? 1 : 37) {
        est__bundle *b;
        (void)est_test_fail_allocation(nth);
        st = est__bundle_open(GOLDEN("model.ckpt-7"), &b);
        (void)est_test_fail_allocation(0);
        est__bundle_free(b);
    }
    EST_CHECK_OK(st);
}

/* ---- damage ---- */

static void put_golden(void)
{
    static const char *const names[] = { "model.ckpt-7.index", DATA };
    for (size_t i = 0; i < 2; i++) {
        char *data;
        size_t n;
        EST_NEED_OK(
            est__file_read(EST_TEST_DATA(est_test_text("tests/golden/formats/%s", names[i])), 0, &data, &n));
        est_test_file(names[i], data, n);
        est__free(data);
    }
}

static void names_the_damage(void)
{
    const char *prefix = est_test_path("model.ckpt-7"), *data_path = est_test_path(DATA);
    const char *index_path = est_test_path("model.ckpt-7.index");
    est__bundle *b;
    est_tensor *t;
    char *data;
    size_t n;
    put_golden();
    EST_NEED_OK(est__file_read(data_path, 0, &data, &n));
    data[5] ^= 1;
    est_test_file(DATA, data, n);
    EST_NEED_OK(est__bundle_open(prefix, &b));
    EST_CHECK_FAILS(
        est__bundle_read(b, "t/float32", &t), EST_DATA_LOSS,
        est_test_text("%s: variable 't/float32': checksum differs: the file is damaged", data_path));
    EST_CHECK(!t);
    EST_CHECK_OK(est__bundle_read(b, "t/int64", &t));
    est_tensor_free(t);
    est__bundle_free(b);
    est_test_file(DATA, data, n - 1);
    EST_CHECK_FAILS(
        est__bundle_open(prefix, &b), EST_DATA_LOSS,
        est_test_text("%s: variable 'many/variable_39/kernel': 4 bytes at byte %zu are wanted of " DATA
                      ", which has %zu: a file is cut",
                      index_path, n - 4, n - 1));
    remove(data_path);
    EST_CHECK_FAILS(est__bundle_open(prefix, &b), EST_NOT_FOUND,
                    est_test_text("%s: cannot be opened: No such file or directory", data_path));
    est__free(data);
    EST_NEED_OK(est__file_read(index_path, 0, &data, &n));
    data[3] ^= 4;
    est_test_file("model.ckpt-7.index", data, n);
    EST_CHECK_FAILS(est__bundle_open(prefix, &b), EST_DATA_LOSS,
                    est_test_text("%s: block at byte 0: checksum differs: the file is damaged", index_path));
    est_test_file("model.ckpt-7.index", data, n - 1);
    EST_CHECK_FAILS(
        est__bundle_open(prefix, &b), EST_DATA_LOSS,
        est_test_text("%s: no table (its last 8 bytes differ): the file is cut or of another kind",
                      index_path));
    est__free(data);
    EST_TEST_FILE("model.ckpt-7.index", "");
    EST_CHECK_FAILS(
        est__bundle_open(prefix, &b), EST_DATA_LOSS,
        est_test_text("%s: 0 bytes are too few for a table: the file is cut or of another kind", index_path));
    EST_CHECK_FAILS(
        est__bundle_open(est_test_path("none"), &b), EST_NOT_FOUND,
        est_test_text("%s.index: cannot be opened: No such file or directory", est_test_path("none")));
}

static size_t unreadable(const est__bundle *b)
{
    size_t failed = 0;
    for (size_t i = 0; i < est__bundle_count(b); i++) {
        est_tensor *t;
        if (est__bundle_read(b, est__bundle_at(b, i)->name, &t) == EST_OK)
            est_tensor_free(t);
        else
            failed++;
    }
    return failed;
}

/* A flipped bit of the data spoils one variable, and no other. */
static void finds_each_flipped_byte(void)
{
    const char *path = est_test_path(DATA), *prefix = est_test_path("model.ckpt-7");
    char *data;
    size_t n;
    put_golden();
    EST_NEED_OK(est__file_read(path, 0, &data, &n));
    for (size_t i = 0; i < n; i += 7) {
        est__bundle *b;
        data[i] ^= (char)(1 << i % 8);
        FILE *f = fopen(path, "wb");
        EST_NEED(f && fwrite(data, 1, n, f) == n && fclose(f) == 0);
        EST_NEED_OK(est__bundle_open(prefix, &b));
        EST_CHECK_INT(unreadable(b), 1);
        est__bundle_free(b);
        data[i] ^= (char)(1 << i % 8);
    }
    est__free(data);
}

/* Entries with one byte changed, under a checksum that fits: an error or an answer. */
static void survives_each_changed_entry(void)
{
    const char *path = est_test_path("model.ckpt-7.index"), *prefix = est_test_path("model.ckpt-7");
    char *data;
    size_t n, opened = 0;
    est__sstable t;
    put_golden();
    EST_NEED_OK(est__file_read(GOLDEN("model.ckpt-7.index"), 0, &data, &n));
    EST_NEED_OK(est__sstable_read(data, n, "index", &t));
    for (size_t entry = 0; entry < t.count; entry++)
        for (size_t bit = 0; bit < 8 * t.entries[entry].value.n; bit += 3) {
            est__sstable_writer w = { 0 };
            est__bundle *b;
            unsigned char *byte = (unsigned char *)(uintptr_t)t.entries[entry].value.p + bit / 8;
            *byte ^= (unsigned char)(1u << bit % 8);
            for (size_t i = 0; i < t.count; i++)
                (void)est__sstable_add(&w, t.entries[i].key.p, t.entries[i].key.n, t.entries[i].value.p,
                                       t.entries[i].value.n);
            EST_NEED_OK(est__sstable_finish(&w));
            FILE *f = fopen(path, "wb");
            EST_NEED(f && fwrite(w.out.data, 1, w.out.size, f) == w.out.size && fclose(f) == 0);
            est__sstable_writer_free(&w);
            *byte ^= (unsigned char)(1u << bit % 8);
            if (est__bundle_open(prefix, &b) == EST_OK) {
                (void)unreadable(b);
                est__bundle_free(b);
                opened++;
            }
        }
    EST_CHECK(opened > 0);
    est__sstable_free(&t);
    est__free(data);
}

static void refuses_a_compressed_block(void)
{
    char *data;
    size_t n;
    est__sstable t;
    EST_NEED_OK(est__file_read(GOLDEN("shards.index"), 0, &data, &n));
    EST_NEED_OK(est__sstable_read(data, n, "index", &t));
    EST_CHECK_INT(t.count, 3);
    est__sstable_free(&t);
    size_t block = n - 48 - 18 - 13 - 5;   /* the data block: before trailer, metaindex, index and footer */
    while (block && est__u32le(data + block + 1) != est__crc32c_mask(est__crc32c(0, data, block + 1)))
        block--;
    EST_NEED(block > 0);
    data[block] = 1;
    uint32_t crc = est__crc32c_mask(est__crc32c(0, data, block + 1));
    for (size_t i = 0; i < 4; i++)
        data[block + 1 + i] = (char)(crc >> 8 * i);
    EST_CHECK_FAILS(est__sstable_read(data, n, "index", &t), EST_UNIMPLEMENTED,
                    "index: block at byte 0 is compressed (kind 1, "
                    "1 is snappy); only uncompressed tables are read");
    est__sstable_free(&t);
    est__free(data);
}

EST_SUITE(formats_bundle, EST_TEST(writes_tensorflows_bytes), EST_TEST(writes_an_index_of_several_blocks),
          EST_TEST(reads_tensorflows), EST_TEST(reads_several_data_files), EST_TEST(reads_into_a_tensor),
          EST_TEST(files_appear_in_order), EST_TEST(refuses_what_cannot_be_saved),
          EST_TEST(survives_a_full_disk), EST_TEST(memory_may_end), EST_TEST(names_the_damage),
          EST_TEST(finds_each_flipped_byte), EST_TEST(survives_each_changed_entry),
          EST_TEST(refuses_a_compressed_block));
