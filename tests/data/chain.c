/* The chain of stages: their order and arguments, epochs and batches, the shuffle's order, arrays in memory. */
#include "data/rows.h"

/* `rows` numbers from 0 on. */
static est_dataset *numbers(int64_t rows)
{
    static int64_t n[5000];
    est_shape shape = EST_SHAPE(rows);
    est_tensor t = { EST_INT64, shape, n, NULL };
    est_dataset *d;
    for (int64_t i = 0; i < rows; i++)
        n[i] = i;
    EST_CHECK_OK(est_memory_dataset_new((const char *const[]){ "n" }, (const est_tensor *const[]){ &t }, 1, NULL, &d));
    return d;
}

static est_status start_and_free(est_dataset *d)
{
    est_status st = est__dataset_start(d, 0);
    est_dataset_free(d);
    return st;
}

static void stages_have_an_order(void)
{
    EST_CHECK_FAILS(start_and_free(numbers(3)), EST_INVALID_ARGUMENT, "the dataset gives rows: end it with est_dataset_batch");
    EST_CHECK_FAILS(start_and_free(est_dataset_shuffle(est_dataset_repeat(numbers(3), 2), 4, 0, false)), EST_INVALID_ARGUMENT,
                    "est_dataset_shuffle after est_dataset_repeat: the order is shuffle, repeat, batch, prefetch");
    EST_CHECK_FAILS(start_and_free(est_dataset_batch(est_dataset_batch(numbers(3), 2, false), 4, false)), EST_INVALID_ARGUMENT,
                    "est_dataset_batch after est_dataset_batch: the order is shuffle, repeat, batch, prefetch");
    EST_CHECK_FAILS(start_and_free(est_dataset_batch(est_dataset_shuffle(numbers(3), -5, 0, false), 0, false)),
                    EST_INVALID_ARGUMENT, "est_dataset_shuffle: buffer_size is -5");
    EST_CHECK_FAILS(start_and_free(est_dataset_batch(numbers(3), 0, false)), EST_INVALID_ARGUMENT,
                    "est_dataset_batch: batch_size is 0");
    EST_CHECK_FAILS(start_and_free(est_dataset_repeat(numbers(3), 0)), EST_INVALID_ARGUMENT, "est_dataset_repeat: count is 0");
    EST_CHECK_FAILS(start_and_free(est_dataset_repeat(numbers(3), -2)), EST_INVALID_ARGUMENT, "est_dataset_repeat: count is -2");
    EST_CHECK_FAILS(est__dataset_start(est_dataset_batch(NULL, 3, false), 0), EST_INVALID_ARGUMENT, "there is no dataset");
    est_dataset *d = est_dataset_prefetch(est_dataset_batch(numbers(3), 2, false), 5);
    EST_CHECK_OK(est__dataset_start(d, 0));
    EST_CHECK_INT(est__dataset_ahead(d), 5);
    est_dataset_free(d);
}

static void batches_span_epochs(void)
{
    EST_CHECK_STR(all_rows(est_dataset_batch(numbers(3), 2, false)), "0\n1\n--\n2\n--\n");
    EST_CHECK_STR(all_rows(est_dataset_batch(numbers(3), 2, true)), "0\n1\n--\n");
    EST_CHECK_STR(all_rows(est_dataset_batch(est_dataset_repeat(numbers(3), 2), 4, false)), "0\n1\n2\n0\n--\n1\n2\n--\n");
    EST_CHECK_STR(all_rows(est_dataset_batch(est_dataset_repeat(numbers(2), 3), 6, true)), "0\n1\n0\n1\n0\n1\n--\n");
    EST_CHECK_STR(all_rows(est_dataset_batch(est_dataset_shuffle(numbers(3), 0, 0, false), 3, false)), "0\n1\n2\n--\n");
}

/* The numbers of each row, `epochs` times `rows` of them. */
static void order_of(est_dataset *d, uint64_t seed, int64_t *out, int64_t count)
{
    est_batch *b;
    int64_t n = 0;
    EST_NEED_OK(est__dataset_start(d, seed));
    EST_NEED_OK(est__batch_new(d, &b));
    while (n < count && est__dataset_read(d, b) == EST_OK)
        for (int64_t r = 0; r < b->rows && n < count; r++)
            out[n++] = ((int64_t *)b->value[0].data)[r];
    EST_CHECK_INT(n, count);
    est__batch_free(b);
    est_dataset_free(d);
}

static bool is_permutation(const int64_t *order, int64_t rows)
{
    bool seen[5000] = { 0 };
    for (int64_t i = 0; i < rows; i++) {
        if (order[i] < 0 || order[i] >= rows || seen[order[i]])
            return false;
        seen[order[i]] = true;
    }
    return true;
}

static est_dataset *shuffled(int64_t rows, int64_t buffer, uint64_t seed, bool same)
{
    return est_dataset_batch(est_dataset_repeat(est_dataset_shuffle(numbers(rows), buffer, seed, same), EST_OFF), 7, false);
}

static void shuffle_draws_from_its_buffer(void)
{
    enum { ROWS = 1000, BUFFER = 50 };
    int64_t a[2 * ROWS], b[2 * ROWS], c[2 * ROWS];
    order_of(shuffled(ROWS, BUFFER, 0, false), 1, a, 2 * ROWS);
    order_of(shuffled(ROWS, BUFFER, 0, false), 1, b, 2 * ROWS);
    order_of(shuffled(ROWS, BUFFER, 0, false), 2, c, 2 * ROWS);
    EST_CHECK_BYTES(a, sizeof a, b, sizeof b);
    EST_CHECK(memcmp(a, c, sizeof a) != 0);
    EST_CHECK(is_permutation(a, ROWS) && is_permutation(a + ROWS, ROWS) && is_permutation(c, ROWS));
    EST_CHECK(memcmp(a, a + ROWS, sizeof a / 2) != 0);
    for (int64_t i = 0; i < ROWS; i++)
        EST_CHECK(a[i] < i + BUFFER);   /* no row leaves before it came in */
    order_of(shuffled(ROWS, BUFFER, 0, true), 1, a, 2 * ROWS);
    EST_CHECK_BYTES(a, sizeof a / 2, a + ROWS, sizeof a / 2);
    order_of(shuffled(ROWS, BUFFER, 9, false), 1, a, 2 * ROWS);
    order_of(shuffled(ROWS, BUFFER, 9, false), 2, b, 2 * ROWS);   /* a seed of its own */
    EST_CHECK_BYTES(a, sizeof a, b, sizeof b);
}

static void a_large_buffer_gives_every_order_alike(void)
{
    enum { ROWS = 4, EPOCHS = 24000 };
    static int64_t order[ROWS * EPOCHS];
    int counts[256] = { 0 }, seen = 0;
    order_of(shuffled(ROWS, 10, 3, false), 0, order, ROWS * EPOCHS);
    for (int e = 0; e < EPOCHS; e++) {
        const int64_t *o = order + (ptrdiff_t)e * ROWS;
        counts[o[0] | o[1] << 2 | o[2] << 4 | o[3] << 6]++;
    }
    for (int i = 0; i < 256; i++) {
        seen += counts[i] > 0;
        EST_CHECK(!counts[i] || (counts[i] > 850 && counts[i] < 1150));   /* 1000 +- 31 */
    }
    EST_CHECK_INT(seen, 24);
}

static void a_started_dataset_starts_again(void)
{
    est_dataset *d = est_dataset_batch(est_dataset_shuffle(numbers(5), 3, 0, false), 2, false);
    est__buffer first = { 0 }, second = { 0 };
    EST_CHECK_OK(est__dataset_start(d, 4));
    EST_CHECK_INT(add_batches(&first, d, -1), EST_OUT_OF_RANGE);
    EST_CHECK_OK(est__dataset_start(d, 4));
    EST_CHECK_INT(add_batches(&second, d, -1), EST_OUT_OF_RANGE);
    EST_CHECK_STR(second.data, first.data);
    est_dataset_batch(d, 3, false);
    EST_CHECK_FAILS(est__dataset_start(d, 4), EST_FAILED_PRECONDITION, "est_dataset_batch: the dataset is being read already");
    est__buffer_free(&first);
    est__buffer_free(&second);
    est_dataset_free(d);
}

static void memory_takes_tensors_of_rows(void)
{
    est_shape two = EST_SHAPE(2), pairs = EST_SHAPE(2, 2), three = EST_SHAPE(3), none = EST_SHAPE(0), scalar = EST_SCALAR;
    est_tensor x = { EST_FLOAT, pairs, (float[]){ 1, 2, 3, 4 }, NULL };
    est_tensor s = { EST_STRING, two, (int64_t[]){ 1, 3, 6 }, (char[]){ "-abcde" } };
    est_tensor y = { EST_INT64, two, (int64_t[]){ 8, 9 }, NULL };
    const est_tensor *const both[] = { &x, &s };
    const char *const names[] = { "label", "s" };
    est_dataset *d;
    EST_NEED_OK(est_memory_dataset_new(names, both, 2, &y, &d));
    EST_CHECK_STR(est_dataset_features(d).data[2].name, "labels");
    EST_CHECK_STR(all_rows(est_dataset_batch(est_dataset_repeat(est_dataset_shuffle(d, 1, 0, false), 2), 3, false)),
                  "1 2|ab|8\n3 4|cde|9\n1 2|ab|8\n--\n3 4|cde|9\n--\n");
    y.shape = three;
    EST_CHECK_FAILS(est_memory_dataset_new(names, both, 2, &y, &d), EST_INVALID_ARGUMENT,
                    "feature 'labels' has 3 rows, the first feature has 2");
    y.shape = none;
    EST_CHECK_FAILS(est_memory_dataset_new(names, (const est_tensor *const[]){ &y }, 1, NULL, &d), EST_INVALID_ARGUMENT,
                    "est_memory_dataset_new: the tensors have no rows");
    y.shape = scalar;
    EST_CHECK_FAILS(est_memory_dataset_new(names, (const est_tensor *const[]){ &y }, 1, NULL, &d), EST_INVALID_ARGUMENT,
                    "feature 'label': a tensor whose first dimension is the rows is needed");
    EST_CHECK_FAILS(est_memory_dataset_new((const char *const[]){ "a", "a" }, both, 2, NULL, &d), EST_INVALID_ARGUMENT,
                    "there are two features named 'a'");
    EST_CHECK(d == NULL);
}

/* Once its buffers have grown, a batch costs no allocation. */
static void batches_allocate_nothing(void)
{
    est_dataset *d = shuffled(1000, 100, 1, false);
    const est_batch *b;
    for (int i = 0; i < 50; i++)
        EST_CHECK_OK(est_dataset_next(d, &b));
    (void)est_test_fail_allocation(0);
    for (int i = 0; i < 5000; i++)
        EST_CHECK_OK(est_dataset_next(d, &b));
    EST_CHECK_INT(est_test_fail_allocation(0), 0);
    EST_CHECK_INT(est_batch_rows(b), 7);
    EST_CHECK(est_batch_get(b, 0) != NULL && est_batch_get(b, 1) == NULL);
    est_dataset_free(d);
}

/* Where a batch is all of the data it shows them, to readers that say so; else it holds a copy. */
static void a_batch_of_all_rows_is_lent(void)
{
    static const struct { int64_t batch; bool may_lend, lent; } rows[] = { { 3, true, true }, { 3, false, false }, { 2, true, false } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        est_dataset *d = est_dataset_batch(est_dataset_repeat(numbers(3), 2), rows[i].batch, false);
        est_batch *b[2];
        EST_NEED_OK(est__dataset_start(d, 0));
        for (int k = 0; k < 2; k++) {
            EST_NEED_OK(est__batch_new(d, &b[k]));
            b[k]->may_lend = rows[i].may_lend;
            EST_CHECK_OK(est__dataset_read(d, b[k]));
            EST_CHECK_INT(est_batch_rows(b[k]), rows[i].batch);
            EST_CHECK_INT(((const int64_t *)b[k]->value[0].data)[1], (k * rows[i].batch + 1) % 3);
        }
        EST_CHECK((b[0]->value[0].data == b[1]->value[0].data) == rows[i].lent);
        EST_CHECK(!rows[i].lent || est__dataset_read(d, b[0]) == EST_OUT_OF_RANGE);
        for (int k = 0; k < 2; k++)
            est__batch_free(b[k]);
        est_dataset_free(d);
    }
}

EST_SUITE(data_chain, EST_TEST(stages_have_an_order), EST_TEST(batches_span_epochs), EST_TEST(a_batch_of_all_rows_is_lent),
          EST_TEST(shuffle_draws_from_its_buffer),
          EST_TEST(a_large_buffer_gives_every_order_alike), EST_TEST(a_started_dataset_starts_again),
          EST_TEST(memory_takes_tensors_of_rows), EST_TEST(batches_allocate_nothing));
