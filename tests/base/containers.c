/* Memory, arena, map, buffer, cursor, nearest names. */
#include "base/base.h"
#include "support/est_test.h"

static void memory_is_aligned_and_bounded(void)
{
    for (size_t n = 0; n < 200; n += 13) {
        unsigned char *p = est__malloc_aligned(n);
        EST_NEED(p != NULL);
        EST_CHECK_INT((uintptr_t)p % 64, 0);
        memset(p, 1, n);
        est__free_aligned(p);
    }
    EST_CHECK(!est__malloc_aligned(SIZE_MAX - 8));
    EST_CHECK(!est__calloc(SIZE_MAX / 2, 3));
    int *p = NULL;
    size_t capacity = 0;
    EST_CHECK_OK(est__grow(&p, &capacity, 100, sizeof *p));
    EST_CHECK(capacity >= 100);
    EST_CHECK_INT(est__grow(&p, &capacity, SIZE_MAX / 4, sizeof *p), EST_RESOURCE_EXHAUSTED);
    est__free(p);
}

static void memory_that_ends_is_an_error(void)
{
    void *p = NULL;
    size_t capacity = 0;
    (void)est_test_fail_allocation(1);
    EST_CHECK_FAILS(est__grow(&p, &capacity, 10, 8), EST_RESOURCE_EXHAUSTED, "out of memory: 128 bytes were wanted");
    EST_CHECK(!p && capacity == 0);
    EST_CHECK(!est__strdup("x"));
    EST_CHECK(!est__map_new());
    est__buffer b = { 0 };
    est__buffer_text(&b, "lost");
    EST_CHECK_INT(est_test_fail_allocation(0), 4);
    est__buffer_text(&b, "lost too");
    EST_CHECK_INT(b.status, EST_RESOURCE_EXHAUSTED);
    EST_CHECK_INT(b.size, 0);
}

static void arena_gives_zeroed_pieces(void)
{
    est__arena a = { 0 };
    for (size_t n = 1; n < 200000; n = n * 3 + 1) {
        unsigned char *p = est__arena_alloc(&a, n);
        EST_NEED(p != NULL);
        EST_CHECK_INT((uintptr_t)p % 16, 0);
        EST_CHECK(p[0] == 0 && p[n - 1] == 0);
        memset(p, 0xff, n);
    }
    EST_CHECK_STR(est__arena_strdup(&a, "name"), "name");
    EST_CHECK_STR(est__arena_strndup(&a, "name", 2), "na");
    EST_CHECK_STR(est__arena_printf(&a, "%s/%d", "layer", 3), "layer/3");
    EST_CHECK(!est__arena_alloc(&a, SIZE_MAX - 4));
    est__arena_free(&a);
    EST_CHECK(!a.blocks);
}

static void map_keeps_keys_in_order(void)
{
    static int values[5000];
    est__map *m = est__map_new();
    EST_NEED(m != NULL);
    EST_CHECK(!est__map_get(m, "absent", 6));
    for (int i = 0; i < 5000; i++) {
        char key[16];
        EST_NEED_OK(est__map_put(m, key, (size_t)snprintf(key, sizeof key, "%d", i * 7), &values[i]));
    }
    EST_CHECK_INT(est__map_size(m), 5000);
    for (int i = 0; i < 5000; i++) {
        char key[16];
        size_t n = (size_t)snprintf(key, sizeof key, "%d", i * 7), length;
        EST_NEED(est__map_get(m, key, n) == &values[i]);
        EST_NEED(strcmp(est__map_key(m, (size_t)i, &length), key) == 0 && length == n);
        EST_NEED(est__map_value(m, (size_t)i) == &values[i]);
    }
    est__map_free(m);
}

static void map_takes_any_bytes(void)
{
    int a, b, c;
    est__map *m = est__map_new();
    EST_NEED_OK(est__map_put(m, "", 0, &a));
    EST_NEED_OK(est__map_put(m, "x\0y", 3, &b));
    EST_CHECK(est__map_get(m, "", 0) == &a);
    EST_CHECK(est__map_get(m, "x\0y", 3) == &b);
    EST_CHECK(!est__map_get(m, "x\0z", 3));
    EST_CHECK(!est__map_get(m, "x", 1));
    EST_NEED_OK(est__map_put(m, "", 0, &c));
    EST_CHECK(est__map_get(m, "", 0) == &c);
    EST_CHECK_INT(est__map_size(m), 2);
    est__map_free(m);
}

static void buffer_writes(void)
{
    est__buffer b = { 0 };
    est__buffer_text(&b, "a");
    est__buffer_printf(&b, "%d-%s", 12, "b");
    EST_CHECK_STR(b.data, "a12-b");
    est__buffer_clear(&b);
    est__buffer_varint(&b, 0);
    est__buffer_varint(&b, 300);
    est__buffer_varint(&b, UINT64_MAX);
    est__buffer_u32le(&b, 0x01020304);
    est__buffer_u64le(&b, 5);
    EST_CHECK_BYTES(b.data, b.size, "\0\xac\2\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\4\3\2\1\5\0\0\0\0\0\0\0", 25);
    est__buffer_clear(&b);
    est__buffer_json_string(&b, "q\"\\\n\t\x01\0z\xc3\xa9", 10);
    EST_CHECK_STR(b.data, "\"q\\\"\\\\\\n\\t\\u0001\\u0000z\xc3\xa9\"");
    est__buffer_free(&b);
    EST_CHECK(!b.data && b.size == 0);
}

static void cursor_stays_inside(void)
{
    est__cursor c = est__cursor_of("\xac\2abc", 5, "x.bin");
    est__bytes bytes;
    uint64_t v = 0;
    EST_CHECK_OK(est__cursor_varint(&c, &v));
    EST_CHECK_INT(v, 300);
    EST_CHECK_OK(est__cursor_bytes(&c, 2, &bytes));
    EST_CHECK_BYTES(bytes.p, bytes.n, "ab", 2);
    EST_CHECK_FAILS(est__cursor_bytes(&c, UINT64_MAX, &bytes), EST_DATA_LOSS,
                    "x.bin: offset 4: 18446744073709551615 bytes are announced, 1 are left");
    EST_CHECK_INT(est__cursor_left(&c), 1);
    c = est__cursor_of("\x80\x80", 2, "x.bin");
    EST_CHECK_FAILS(est__cursor_varint(&c, &v), EST_DATA_LOSS, "x.bin: offset 0: a varint is cut off");
    c = est__cursor_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\2", 10, "x.bin");
    EST_CHECK_FAILS(est__cursor_varint(&c, &v), EST_DATA_LOSS, "x.bin: offset 0: a varint is longer than 64 bits");
    c = est__cursor_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 10, "x.bin");
    EST_CHECK_OK(est__cursor_varint(&c, &v));
    EST_CHECK(v == UINT64_MAX);
    c = est__cursor_of(NULL, 0, "nothing");
    EST_CHECK_FAILS(est__cursor_varint(&c, &v), EST_DATA_LOSS, "nothing: offset 0: a varint is cut off");
    EST_CHECK_INT(est__u32le("\1\2\3\x84"), 0x84030201);
    EST_CHECK_INT(est__u64le("\1\2\3\4\5\6\7\x08"), 0x0807060504030201);
}

static void nearest_is_what_was_meant(void)
{
    static const char *const names[] = { "hidden_units", "n_classes", "optimizer", "batch_size", "lr", "Adam", "Adagrad" };
    static const struct {
        const char *name, *nearest;
    } rows[] = {
        { "hiden_units", "hidden_units" }, { "hidden_unist", "hidden_units" }, { "optimiser", "optimizer" }, { "adam", "Adam" },
        { "batchsize", "batch_size" },     { "colour", NULL },                 { "", NULL },                 { "xy", NULL },
        { "l", "lr" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        est_test_str(est__nearest(rows[i].name, names, sizeof names / sizeof *names), rows[i].nearest, EST_HERE(rows[i].name));
}

EST_SUITE(base_containers, EST_TEST(memory_is_aligned_and_bounded), EST_TEST(memory_that_ends_is_an_error),
          EST_TEST(arena_gives_zeroed_pieces), EST_TEST(map_keeps_keys_in_order), EST_TEST(map_takes_any_bytes),
          EST_TEST(buffer_writes), EST_TEST(cursor_stays_inside), EST_TEST(nearest_is_what_was_meant));
