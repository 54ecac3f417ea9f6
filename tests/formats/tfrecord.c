/* TFRecord: files of TensorFlow in three kinds, damage, places, limits. */
#include "formats/tfrecord.h"

#include "formats/samples.h"
#include "support/est_test.h"

#define GOLDEN(name) EST_TEST_DATA("tests/golden/formats/" name)

/* Reads all records; compares them with the samples. */
static void check_records(const char *path, est__compression compression)
{
    est__tfrecord_reader *r;
    est__bytes record;
    est__buffer wanted = { 0 };
    EST_NEED_OK(est__tfrecord_open(path, 0, &r));
    EST_CHECK_INT(est__tfrecord_compression(r), compression);
    for (int i = 0; i < 3; i++) {
        EST_CHECK_INT(est__tfrecord_number(r), i);
        est__buffer_clear(&wanted);
        EST_CHECK_OK(sample_example(i, &wanted));
        EST_NEED_OK(est__tfrecord_next(r, &record));
        EST_CHECK_BYTES(record.p, record.n, wanted.data, wanted.size);
    }
    EST_CHECK_FAILS(est__tfrecord_next(r, &record), EST_OUT_OF_RANGE,
                    est_test_text("%s: the end, after 3 records", path));
    est__buffer_free(&wanted);
    est__tfrecord_close(r);
}

static void reads_tensorflows(void)
{
    check_records(GOLDEN("examples.tfrecord"), EST__UNCOMPRESSED);
    check_records(GOLDEN("examples.tfrecord.gz"), EST__GZIP);
    check_records(GOLDEN("examples.tfrecord.z"), EST__ZLIB);
}

static void writes_what_it_reads(void)
{
    static const est__compression kinds[] = { EST__UNCOMPRESSED, EST__GZIP, EST__ZLIB };
    for (size_t i = 0; i < 3; i++) {
        EST_CHECK_OK(sample_records(est_test_path("x"), kinds[i]));
        check_records(est_test_path("x"), kinds[i]);
    }
    char *ours, *theirs;
    size_t n, m;
    EST_CHECK_OK(sample_records(est_test_path("x"), EST__UNCOMPRESSED));
    EST_NEED_OK(est__file_read(est_test_path("x"), 0, &ours, &n));
    EST_NEED_OK(est__file_read(GOLDEN("examples.tfrecord"), 0, &theirs, &m));
    EST_CHECK_BYTES(ours, n, theirs, m);
    est__free(ours);
    est__free(theirs);
}

static void goes_back_to_a_place(void)
{
    static const char *const names[] = { "examples.tfrecord", "examples.tfrecord.gz" };
    for (size_t i = 0; i < 2; i++) {
        est__tfrecord_reader *r;
        est__bytes record;
        EST_NEED_OK(
            est__tfrecord_open(EST_TEST_DATA(est_test_text("tests/golden/formats/%s", names[i])), 0, &r));
        EST_NEED_OK(est__tfrecord_next(r, &record));
        size_t size = record.n;
        int64_t second = est__tfrecord_offset(r);
        EST_CHECK_INT(second, size + 16);
        while (est__tfrecord_next(r, &record) == EST_OK)
            size = record.n;
        for (int again = 0; again < 2; again++) {
            EST_NEED_OK(est__tfrecord_seek(r, second, 1));
            EST_NEED_OK(est__tfrecord_next(r, &record));
            EST_CHECK_INT(est__tfrecord_number(r), 2);
            EST_NEED_OK(est__tfrecord_next(r, &record));
            EST_CHECK_INT(record.n, size);
            EST_CHECK_INT(est__tfrecord_next(r, &record), EST_OUT_OF_RANGE);
        }
        est__tfrecord_close(r);
    }
}

static est_status count(const char *path, size_t limit)
{
    est__tfrecord_reader *r;
    est__bytes record;
    est_status st = est__tfrecord_open(path, limit, &r);
    while (st == EST_OK)
        st = est__tfrecord_next(r, &record);
    est__tfrecord_close(r);
    return st;
}

static void names_the_damage(void)
{
    char *data;
    size_t n;
    const char *path;
    EST_NEED_OK(est__file_read(GOLDEN("examples.tfrecord"), 0, &data, &n));
    path = est_test_file("cut", data, n - 1);
    EST_CHECK_FAILS(count(path, 0), EST_DATA_LOSS,
                    est_test_text("%s: record 2 at byte 158: it is cut: the file is damaged", path));
    path = est_test_file("cut", data, 162);
    EST_CHECK_FAILS(
        count(path, 0), EST_DATA_LOSS,
        est_test_text("%s: record 2 at byte 158: it is cut within its length: the file is damaged", path));
    data[20] ^= 1;
    path = est_test_file("flipped", data, n);
    EST_CHECK_FAILS(count(path, 0), EST_DATA_LOSS,
                    est_test_text("%s: record 0 at byte 0: its checksum differs: the file is damaged", path));
    data[20] ^= 1;
    data[158] ^= 1;
    path = est_test_file("flipped", data, n);
    EST_CHECK_FAILS(
        count(path, 0), EST_DATA_LOSS,
        est_test_text("%s: record 2 at byte 158: the checksum of its length differs: the file is damaged",
                      path));
    data[158] ^= 1;
    EST_CHECK_FAILS(
        count(GOLDEN("examples.tfrecord"), 50), EST_RESOURCE_EXHAUSTED,
        est_test_text("%s: record 0 at byte 0: 62 bytes; at most 50 are read", GOLDEN("examples.tfrecord")));
    est__free(data);
    EST_NEED_OK(est__file_read(GOLDEN("examples.tfrecord.gz"), 0, &data, &n));
    path = est_test_file("cut", data, n - 9);
    EST_CHECK_FAILS(count(path, 0), EST_DATA_LOSS,
                    est_test_text("%s: record 2: the compressed file is cut short", path));
    est__free(data);
    path = EST_TEST_FILE("text", "age,fare\n22,7.25\n");
    EST_CHECK_FAILS(
        count(path, 0), EST_DATA_LOSS,
        est_test_text("%s: record 0 at byte 0: the checksum of its length differs: the file is damaged",
                      path));
    path = est_test_text("%s/none", est_test_dir());
    EST_CHECK_FAILS(count(path, 0), EST_NOT_FOUND,
                    est_test_text("%s: cannot be opened: No such file or directory", path));
    EST_CHECK_FAILS(count(est_test_dir(), 0), EST_FAILED_PRECONDITION,
                    est_test_text("%s: is a folder, a file is wanted", est_test_dir()));
    EST_CHECK_INT(count(EST_TEST_FILE("empty", ""), 0), EST_OUT_OF_RANGE);
}

/* A length that lies, under a checksum that fits, does not make the reader allocate that much. */
static void believes_no_length(void)
{
    est__buffer b = { 0 };
    unsigned char length[8] = { 0, 0, 0, 15 };
    est__buffer_bytes(&b, length, 8);
    est__buffer_u32le(&b, est__crc32c_mask(est__crc32c(0, length, 8)));
    est__buffer_text(&b, "few");
    const char *path = est_test_file("liar", b.data, b.size);
    EST_CHECK_FAILS(count(path, 0), EST_DATA_LOSS,
                    est_test_text("%s: record 0 at byte 0: it is cut: the file is damaged", path));
    est__buffer_free(&b);
}

/* gzip files may be joined; a record may be larger than the window. */
static void reads_joined_and_large(void)
{
    est__buffer record = { 0 };
    est__tfrecord_writer *w;
    char *one;
    size_t n;
    for (int i = 0; i < 300000; i++)
        est__buffer_printf(&record, "%d ", i % 10007 * 7919 % 10007);
    EST_NEED_OK(est__tfrecord_writer_new(est_test_path("one"), EST__GZIP, &w));
    EST_CHECK_OK(est__tfrecord_write(w, record.data, record.size));
    EST_CHECK_OK(est__tfrecord_write(w, "", 0));
    EST_CHECK_OK(est__tfrecord_commit(w));
    EST_NEED_OK(est__file_read(est_test_path("one"), 0, &one, &n));
    est__buffer two = { 0 };
    est__buffer_bytes(&two, one, n);
    est__buffer_bytes(&two, one, n);
    const char *path = est_test_file("two", two.data, two.size);
    est__tfrecord_reader *r;
    est__bytes got;
    EST_NEED_OK(est__tfrecord_open(path, 0, &r));
    for (int i = 0; i < 2; i++) {
        EST_NEED_OK(est__tfrecord_next(r, &got));
        EST_CHECK_BYTES(got.p, got.n, record.data, record.size);
        EST_NEED_OK(est__tfrecord_next(r, &got));
        EST_CHECK_INT(got.n, 0);
    }
    EST_CHECK_INT(est__tfrecord_next(r, &got), EST_OUT_OF_RANGE);
    est__tfrecord_close(r);
    est__free(one);
    est__buffer_free(&two);
    est__buffer_free(&record);
}

static void abandoned_file_does_not_appear(void)
{
    est__tfrecord_writer *w;
    est__names names;
    EST_NEED_OK(est__tfrecord_writer_new(est_test_path("x"), EST__ZLIB, &w));
    EST_CHECK_OK(est__tfrecord_write(w, "abc", 3));
    est__tfrecord_abandon(w);
    EST_NEED_OK(est__list_dir(est_test_dir(), &names));
    EST_CHECK_INT(names.count, 0);
    est__names_free(&names);
}

EST_SUITE(formats_tfrecord, EST_TEST(reads_tensorflows), EST_TEST(writes_what_it_reads),
          EST_TEST(goes_back_to_a_place), EST_TEST(names_the_damage), EST_TEST(believes_no_length),
          EST_TEST(reads_joined_and_large), EST_TEST(abandoned_file_does_not_appear));
