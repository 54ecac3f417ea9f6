/* est_dataset_cache: rows in memory and on disk; files that are damaged, cut, of other data; places. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/cache_file.h"
#include "data/pieces.h"

static char last_log[1024];

static void take_log(est_log_level level, const char *text, void *user)
{
    (void)level;
    (void)user;
    snprintf(last_log, sizeof last_log, "%s", text);
}

static est_dataset *cached(int64_t rows, const char *path, int64_t *given)
{
    return est_dataset_batch(est_dataset_repeat(est_dataset_cache(new_pieces(rows, false, given), path), 2), 7, false);
}

static const char *plain_rows(int64_t rows)
{
    return all_rows(est_dataset_batch(est_dataset_repeat(new_pieces(rows, false, NULL), 2), 7, false));
}

static void keeps_rows_in_memory(void)
{
    int64_t given = 0;
    EST_CHECK_STR(all_rows(cached(100, NULL, &given)), plain_rows(100));
    EST_CHECK_INT(given, 100);
    EST_CHECK_STR(all_rows(est_dataset_batch(est_dataset_cache(new_pieces(30, true, NULL), NULL), 7, false)),
                  all_rows(est_dataset_batch(new_pieces(30, true, NULL), 7, false)));
    EST_CHECK_STR(all_rows(cached(0, NULL, NULL)), "");
}

static void keeps_rows_on_disk(void)
{
    static const int64_t rows[] = { 0, 1, 50, 5000 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *path = est_test_path("a.cache"), *wanted = plain_rows(rows[i]);
        int64_t given = 0;
        unlink(path);
        EST_CHECK_STR(all_rows(cached(rows[i], path, &given)), wanted);
        EST_CHECK_INT(given, rows[i]);
        EST_CHECK_STR(all_rows(cached(rows[i], path, &given)), wanted);
        EST_CHECK_INT(given, rows[i]);   /* they were not read again */
    }
}

/* Of several blocks in the spool. */
static void keeps_many_rows(void)
{
    enum { ROWS = 300000 };
    const char *path = est_test_path("many.cache");
    est__buffer first = { 0 }, second = { 0 };
    for (int again = 0; again < 2; again++) {
        est_dataset *d = est_dataset_cache(new_pieces(ROWS, false, NULL), again ? path : NULL);
        d = est_dataset_batch(est_dataset_shuffle(d, 5000, 3, false), 2000, false);
        EST_CHECK_INT(add_batches(again ? &second : &first, d, -1), EST_OUT_OF_RANGE);
        est_dataset_free(d);
    }
    EST_CHECK_STR(second.data, first.data);
    est__buffer_free(&first);
    est__buffer_free(&second);
    unlink(path);
}

static void stages_after_it(void)
{
    const char *path = est_test_path("stages.cache");
    for (int way = 0; way < 3; way++) {
        est_dataset *d = est_dataset_skip(new_pieces(90, false, NULL), 5);
        if (way)
            est_dataset_cache(d, way == 1 ? path : NULL);
        est_dataset_take(est_dataset_shard(d, 2, 1), 30);
        static const char *wanted;
        const char *rows = all_rows(est_dataset_batch(est_dataset_shuffle(d, 9, 1, false), 4, false));
        if (way)
            EST_CHECK_STR(rows, wanted);
        else
            wanted = rows;
    }
}

static void another_pipeline_makes_it_anew(void)
{
    const char *path = est_test_path("a.cache");
    unlink(path);
    est_set_log(take_log, NULL);
    (void)all_rows(cached(50, path, NULL));
    EST_CHECK_STR(last_log, est_test_text("%s: 50 rows were put there, to be read from there", path));
    EST_CHECK_STR(all_rows(cached(60, path, NULL)), plain_rows(60));
    EST_CHECK_STR(last_log, est_test_text("%s: 60 rows were put there, to be read from there", path));
    est__cache c;
    EST_CHECK_FAILS(est__cache_open(path, (est_features_spec){ pieces_features, 3 }, 1, &c), EST_FAILED_PRECONDITION,
                    est_test_text("%s: the file was made of other data", path));
    est_set_log(NULL, NULL);
}

/* Every cut, and every flipped bit but those between the columns, is noticed; the file is then made anew. */
static void damage_is_noticed(void)
{
    const char *path = est_test_path("a.cache"), *wanted = plain_rows(20);
    char *data;
    size_t size, unnoticed = 0;
    unlink(path);
    (void)all_rows(cached(20, path, NULL));
    EST_NEED_OK(est__file_read(path, 0, &data, &size));
    for (size_t n = 0; n < size; n += 41) {
        EST_CHECK_OK(est__file_put(path, data, n));
        EST_CHECK_STR(all_rows(cached(20, path, NULL)), wanted);
    }
    for (size_t bit = 0; bit < size * 8; bit += 13) {
        int64_t given = 0;
        data[bit / 8] ^= (char)(1 << bit % 8);
        EST_CHECK_OK(est__file_put(path, data, size));
        data[bit / 8] ^= (char)(1 << bit % 8);
        EST_CHECK_STR(all_rows(cached(20, path, &given)), wanted);
        unnoticed += given == 0;
    }
    EST_CHECK(unnoticed < 5 * 64 * 8 / 13);
    est__free(data);
}

static int full_disk(const char *moment, const char *path)
{
    (void)path;
    return strcmp(moment, "write") == 0 ? ENOSPC : 0;
}

static void failures_have_a_sentence(void)
{
    const char *path = est_test_path("full.cache"), *folder = est_test_path("");
    est_dataset *d = cached(20, path, NULL);
    unlink(path);
    est__file_fault = full_disk;
    EST_CHECK_FAILS(est__dataset_start(d, 0), EST_RESOURCE_EXHAUSTED,
                    est_test_text("%s: cannot be written: No space left on device", path));
    est__file_fault = NULL;
    EST_CHECK_OK(est__dataset_start(d, 0));
    est_dataset_free(d);
    d = cached(20, folder, NULL);
    EST_CHECK_FAILS(est__dataset_start(d, 0), EST_INVALID_ARGUMENT,
                    est_test_text("%s: it is no file; the cache needs a name of its own", folder));
    est_dataset_free(d);
    est_dataset *from[] = { est_dataset_repeat(new_pieces(3, false, NULL), EST_OFF) };
    EST_NEED_OK(est_interleave_dataset_new(from, 1, 0, 0, &d));
    est_dataset_batch(est_dataset_cache(d, NULL), 3, false);
    EST_CHECK_FAILS(est__dataset_start(d, 0), EST_INVALID_ARGUMENT,
                    "est_dataset_cache: the rows have no end; take some of them first");
    est_dataset_free(d);
}

static est_dataset *make(void *user)
{
    est_dataset *d = est_dataset_cache(est_dataset_skip(new_pieces(60, false, NULL), 4), user);
    return est_dataset_batch(est_dataset_repeat(est_dataset_shuffle(d, 20, 0, false), 4), 9, false);
}

static void places(void)
{
    char *path = est__strdup(est_test_path("places.cache"));
    unlink(path);
    check_places(make, NULL, 2, 40);
    check_places(make, path, 2, 40);
    unlink(path);
    est__free(path);
}

EST_SUITE(data_cache, EST_TEST(keeps_rows_in_memory), EST_TEST(keeps_rows_on_disk), EST_TEST(keeps_many_rows),
          EST_TEST(stages_after_it), EST_TEST(another_pipeline_makes_it_anew), EST_TEST(damage_is_noticed),
          EST_TEST(failures_have_a_sentence), EST_TEST(places));
