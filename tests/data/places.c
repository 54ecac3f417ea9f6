/* Saved places: from each, a new dataset goes on as the uninterrupted one does, whatever the source and the stages. */
#include <zlib.h>

#include "data/csv.h"
#include "data/rows.h"

typedef struct setup {
    const char *path;          /* NULL: from memory */
    const char *second;
    int64_t budget, shuffle, epochs, batch;
    uint64_t seed;
    int readers;
    bool same_each_epoch, drop;
} setup;

static const est_feature features[] = { { .name = "x", .dtype = EST_FLOAT }, { .name = "s", .dtype = EST_STRING },
                                        { .name = "n", .dtype = EST_INT64 } };

static est_dataset *from_memory(void)
{
    enum { ROWS = 37 };
    static float x[ROWS];
    static int64_t n[ROWS], offsets[ROWS + 1];
    static char bytes[ROWS * 2];
    for (int i = 0; i < ROWS; i++) {
        x[i] = (float)i / 2;
        n[i] = i;
        bytes[i * 2] = bytes[i * 2 + 1] = (char)('a' + i % 26);
        offsets[i + 1] = offsets[i] + i % 3;
    }
    est_shape shape = EST_SHAPE(ROWS), pairs = EST_SHAPE(ROWS, 1);
    est_tensor tx = { EST_FLOAT, pairs, x, NULL }, ts = { EST_STRING, shape, offsets, bytes }, tn = { EST_INT64, shape, n, NULL };
    est_dataset *d;
    EST_CHECK_OK(est_memory_dataset_new((const char *const[]){ "x", "s" }, (const est_tensor *const[]){ &tx, &ts }, 2, &tn, &d));
    EST_CHECK_INT(est_dataset_label(d), 2);
    EST_CHECK_STR(est_dataset_features(d).data[2].name, "label");
    return d;
}

static est_dataset *make(void *user)
{
    const setup *s = user;
    est_dataset *d = NULL;
    const char *paths[] = { s->path, s->second };
    if (!s->path)
        d = from_memory();
    else
        EST_CHECK_OK(est_csv_dataset_new(&((est_csv_options){ .input_path = { paths, s->second ? 2 : 1 },
                                                              .features = { features, 3 }, .memory_budget = s->budget,
                                                              .num_parallel_reads = s->readers, .skip_errors = true }), &d));
    est_dataset_repeat(est_dataset_shuffle(d, s->shuffle, s->seed, s->same_each_epoch), s->epochs);
    return est_dataset_batch(d, s->batch, s->drop);
}

/* Rows that differ in length, some of them quoted, a few bad. */
static void write_rows(est__buffer *b, int rows, int text)
{
    est__buffer_text(b, "x,s,n\n");
    for (int i = 0; i < rows; i++) {
        if (i % 501 == 500)
            est__buffer_text(b, "bad\n");
        est__buffer_printf(b, i % 7 == 3 ? "%d.5,\"%.*s\n%d\",%d\n" : "%d.5,%.*s%d,%d\n", i, i % text,
                           "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", i, -i);
    }
}

static const char *rows_file(const char *name, int rows, int text)
{
    est__buffer b = { 0 };
    write_rows(&b, rows, text);
    const char *path = est_test_file(name, b.data, b.size);
    est__buffer_free(&b);
    return path;
}

static const char *gzip_file(const char *name, int rows, int text)
{
    est__buffer b = { 0 };
    const char *path = est_test_path(name);
    write_rows(&b, rows, text);
    gzFile f = gzopen(path, "wb1");
    EST_CHECK_INT(gzwrite(f, b.data, (unsigned)b.size), b.size);
    EST_CHECK_INT(gzclose(f), Z_OK);
    est__buffer_free(&b);
    return path;
}

static void memory(void)
{
    static const setup cases[] = {
        { .epochs = 1, .batch = 5 },
        { .epochs = 3, .batch = 5 },
        { .epochs = 3, .batch = 5, .drop = true },
        { .epochs = EST_OFF, .batch = 37 },
        { .epochs = 4, .batch = 6, .shuffle = 10 },
        { .epochs = 4, .batch = 6, .shuffle = 100 },
        { .epochs = EST_OFF, .batch = 50, .shuffle = 37, .seed = 3, .same_each_epoch = true },
        { .epochs = 2, .batch = 4, .shuffle = 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_places(make, (void *)&cases[i], 3, 30);
}

/* Files of one block. */
static void small_files(void)
{
    const char *path = rows_file("a.csv", 103, 20), *second = gzip_file("b.csv.gz", 20, 10);
    for (int budget = EST_OFF; budget <= 0; budget++) {
        setup cases[] = {
            { .path = path, .epochs = 3, .batch = 10 },
            { .path = path, .second = second, .epochs = 3, .batch = 41 },
            { .path = path, .second = second, .epochs = 3, .batch = 10, .shuffle = 16 },
            { .path = path, .epochs = EST_OFF, .batch = 31, .shuffle = 1000, .seed = 5 },
            { .path = second, .epochs = 4, .batch = 7, .shuffle = 8 },
        };
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            cases[i].budget = budget;
            check_places(make, &cases[i], 2, 40);
        }
    }
}

/* Some blocks, read by several threads; the shuffle's rows lie in blocks that have gone by. */
static void large_files(void)
{
    const char *path = rows_file("a.csv", 40000, 60), *zipped = gzip_file("b.csv.gz", 26000, 60);
    setup cases[] = {
        { .path = path, .budget = EST_OFF, .epochs = 2, .batch = 13000, .readers = 2 },
        { .path = path, .second = zipped, .budget = EST_OFF, .epochs = 2, .batch = 30000, .shuffle = 3000, .readers = 3 },
        { .path = zipped, .budget = EST_OFF, .epochs = 2, .batch = 11000, .shuffle = 9000, .readers = 1 },
        { .path = path, .budget = 1000000, .epochs = 2, .batch = 23000, .shuffle = 100000, .readers = 2 },
        { .path = path, .epochs = 2, .batch = 23000, .shuffle = 5000, .readers = 2 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_places(make, &cases[i], 1, 10);
}

/* The order is the same whether rows stream or lie in memory, and on any number of threads. */
static void one_order_for_all(void)
{
    const char *path = rows_file("a.csv", 40000, 70);
    est__buffer first = { 0 };
    for (int i = 0; i < 5; i++) {
        setup s = { .path = path, .epochs = 2, .batch = 1000, .shuffle = 2500, .budget = i ? EST_OFF : 0, .readers = i };
        est__buffer rows = { 0 };
        est_dataset *d = make(&s);
        EST_CHECK_INT(add_batches(i ? &rows : &first, d, -1), EST_OUT_OF_RANGE);
        EST_CHECK_INT(est_dataset_skipped(d), 79);
        if (i)
            EST_CHECK_BYTES(rows.data, rows.size, first.data, first.size);
        est_dataset_free(d);
        est__buffer_free(&rows);
    }
    est__buffer_free(&first);
}

static est_status restored(setup *s, const est__buffer *state, uint64_t seed)
{
    est_dataset *d = make(s);
    est_status st = est__dataset_restore(d, state->data, state->size, seed);
    est_dataset_free(d);
    return st;
}

static void another_pipeline_is_refused(void)
{
    static const char message[] = "the place was saved by another input pipeline, or its files have changed";
    setup s = { .path = rows_file("a.csv", 40, 10), .epochs = 3, .batch = 8, .shuffle = 16 }, t = s;
    est__buffer state = { 0 };
    est_dataset *d = make(&s);
    EST_CHECK_FAILS(est__dataset_save(d, 0, &state), EST_FAILED_PRECONDITION, "a dataset that was not started has no place");
    EST_CHECK_OK(est__dataset_start(d, 7));
    EST_CHECK_OK(est__dataset_save(d, 3, &state));
    est_dataset_free(d);
    EST_CHECK_OK(restored(&s, &state, 7));
    EST_CHECK_FAILS(restored(&s, &state, 8), EST_FAILED_PRECONDITION, "the place was saved with another random_seed");
    t.batch = 9;
    EST_CHECK_FAILS(restored(&t, &state, 7), EST_FAILED_PRECONDITION, message);
    t = s;
    t.shuffle = 17;
    EST_CHECK_FAILS(restored(&t, &state, 7), EST_FAILED_PRECONDITION, message);
    t = s;
    t.epochs = 5;   /* training may go on for longer */
    EST_CHECK_OK(restored(&t, &state, 7));
    (void)rows_file("a.csv", 41, 10);
    EST_CHECK_FAILS(restored(&s, &state, 7), EST_FAILED_PRECONDITION, message);
    est__buffer_free(&state);
}

/* Damage is noticed, or gives some place; it never crashes or hangs. */
static void damaged_places(void)
{
    setup s = { .path = rows_file("a.csv", 60, 10), .epochs = 3, .batch = 8, .shuffle = 16, .budget = EST_OFF };
    est__buffer state = { 0 };
    est_dataset *d = make(&s);
    EST_CHECK_OK(est__dataset_start(d, 7));
    est_batch *b;
    EST_NEED_OK(est__batch_new(d, &b));
    for (int i = 0; i < 12; i++)
        EST_CHECK_OK(est__dataset_read(d, b));
    EST_CHECK_OK(est__dataset_save(d, 11, &state));
    est__batch_free(b);
    est_dataset_free(d);
    for (size_t n = 0; n < state.size; n++) {
        est__buffer cut = { .data = state.data, .size = n };
        EST_CHECK_INT(restored(&s, &cut, 7), EST_DATA_LOSS);
    }
    for (size_t bit = 20 * 8; bit < state.size * 8; bit++) {
        state.data[bit / 8] ^= (char)(1 << bit % 8);
        est_status st = restored(&s, &state, 7);
        EST_CHECK(st == EST_OK || st == EST_DATA_LOSS || st == EST_FAILED_PRECONDITION || st == EST_INVALID_ARGUMENT);
        state.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    est__buffer_free(&state);
}

typedef struct saver {
    est_dataset *d;
    int64_t batches;
    int failed;
} saver;

static void *save_often(void *arg)
{
    saver *s = arg;
    for (int i = 0; i < 200; i++) {
        est__buffer state = { 0 };
        s->failed += est__dataset_save(s->d, __atomic_load_n(&s->batches, __ATOMIC_ACQUIRE), &state) != EST_OK;
        est__buffer_free(&state);
    }
    return NULL;
}

static void saved_while_another_thread_reads(void)
{
    setup s = { .path = rows_file("a.csv", 40000, 60), .epochs = EST_OFF, .batch = 500, .shuffle = 900, .budget = EST_OFF,
                .readers = 2 };
    saver v = { .d = make(&s) };
    est_batch *b;
    pthread_t thread;
    EST_NEED_OK(est__dataset_start(v.d, 7));
    EST_NEED_OK(est__batch_new(v.d, &b));
    EST_CHECK_INT(pthread_create(&thread, NULL, save_often, &v), 0);
    for (int64_t i = 1; i <= 150; i++) {
        EST_CHECK_OK(est__dataset_read(v.d, b));
        __atomic_store_n(&v.batches, i, __ATOMIC_RELEASE);
    }
    pthread_join(thread, NULL);
    EST_CHECK_INT(v.failed, 0);
    est__batch_free(b);
    est_dataset_free(v.d);
}

EST_SUITE(data_places, EST_TEST(memory), EST_TEST(small_files), EST_TEST(large_files), EST_TEST(one_order_for_all),
          EST_TEST(another_pipeline_is_refused), EST_TEST(damaged_places), EST_TEST(saved_while_another_thread_reads));
