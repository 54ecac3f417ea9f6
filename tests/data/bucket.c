/* Buckets of rows of like lengths: TensorFlow's batches, and places with rows that wait. */
#include "data/rows.h"
#include "golden/buckets.inc"

enum { ROWS = 50 };

/* Row i: (7 i i + 3 i) mod 13 numbers, i, and as many texts as numbers, mod 3. */
static est_dataset *rows_of(bool texts)
{
    static int64_t list[ROWS * 13], list_offsets[ROWS + 1], tag_offsets[ROWS + 1], n[ROWS];
    static const char *tag[ROWS * 3];
    static const char *const words[] = { "", "some", "longer text" };
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t count = (i * i * 7 + 3 * i) % 13;
        n[i] = i;
        for (int64_t k = 0; k < count; k++)
            list[list_offsets[i] + k] = i * 20 + k;
        for (int64_t k = 0; k < count % 3; k++)
            tag[tag_offsets[i] + k] = words[(i + k) % 3];
        list_offsets[i + 1] = list_offsets[i] + count;
        tag_offsets[i + 1] = tag_offsets[i] + count % 3;
    }
    est_shape tags = EST_SHAPE(tag_offsets[ROWS]);
    est_tensor tl = { EST_INT64, EST_SHAPE(list_offsets[ROWS]), list, NULL }, lo = { EST_INT64, EST_SHAPE(ROWS + 1), list_offsets, NULL };
    est_tensor tn = { EST_INT64, EST_SHAPE(ROWS), n, NULL }, to = { EST_INT64, EST_SHAPE(ROWS + 1), tag_offsets, NULL }, *tt;
    est_dataset *d = NULL;
    EST_CHECK_OK(est_tensor_new_strings(&tags, tag, NULL, &tt));
    EST_CHECK_OK(est_memory_dataset_new_ragged((const char *const[]){ "list", "n", "tags" },
                                               (const est_tensor *const[]){ &tl, &tn, tt },
                                               (const est_tensor *const[]){ &lo, NULL, &to }, texts ? 3 : 2, NULL, &d));
    est_tensor_free(tt);
    return d;
}

static void batches_are_tensorflows(void)
{
    est_bucket_options o = { .feature = "list", .bucket_boundaries = EST_INTS(3, 7), .bucket_batch_sizes = EST_INTS(4, 3, 2) };
    EST_CHECK_STR(all_rows(est_dataset_bucket_by_sequence_length(rows_of(false), &o)), buckets_plain);
    o.bucket_boundaries = EST_INTS(1, 5, 8);
    o.bucket_batch_sizes = EST_INTS(2, 5, 4, 3);
    o.drop_remainder = true;
    EST_CHECK_STR(all_rows(est_dataset_bucket_by_sequence_length(est_dataset_repeat(rows_of(false), 2), &o)), buckets_repeated);
    o = (est_bucket_options){ .feature = "list", .bucket_boundaries = EST_INTS(6, 14), .bucket_batch_sizes = EST_INTS(6, 5, 1),
                              .pad_to_bucket_boundary = true };
    EST_CHECK_STR(all_rows(est_dataset_bucket_by_sequence_length(rows_of(false), &o)), buckets_to_boundary);
}

static void rows_may_stay_as_they_are(void)
{
    est_bucket_options o = { .feature = "tags", .bucket_boundaries = EST_INTS(1, 2), .bucket_batch_sizes = EST_INTS(20, 20, 20),
                             .no_padding = true };
    const est_batch *b;
    est_dataset *d = est_dataset_bucket_by_sequence_length(rows_of(true), &o);
    int64_t rows = 0;
    while (est_dataset_next(d, &b) == EST_OK) {
        const int64_t *offsets = est_batch_offsets(b, 2)->data;
        for (int64_t r = 1; r < est_batch_rows(b); r++)
            EST_CHECK_INT(offsets[r + 1] - offsets[r], offsets[1]);
        rows += est_batch_rows(b);
    }
    EST_CHECK_INT(rows, ROWS);
    est_dataset_free(d);
}

static void refuses_what_makes_no_sense(void)
{
#define AT "est_dataset_bucket_by_sequence_length: "
    const struct {
        est_bucket_options o;
        const char *message;
    } cases[] = {
        { { .feature = "list" }, AT "bucket_boundaries is needed" },
        { { .feature = "list", .bucket_boundaries = EST_INTS(3), .bucket_batch_sizes = EST_INTS(3) },
          AT "1 bucket_batch_sizes for 1 bucket_boundaries; there must be one more" },
        { { .feature = "list", .bucket_boundaries = EST_INTS(3, 3), .bucket_batch_sizes = EST_INTS(3, 3, 3) },
          AT "bucket_boundaries[1] is 3, after 3: they must rise" },
        { { .feature = "list", .bucket_boundaries = EST_INTS(3), .bucket_batch_sizes = EST_INTS(3, 0) },
          AT "bucket_batch_sizes[1] is 0" },
        { { .feature = "n", .bucket_boundaries = EST_INTS(3), .bucket_batch_sizes = EST_INTS(3, 1) },
          AT "feature 'n' is dense: its rows have one length" },
        { { .bucket_boundaries = EST_INTS(3), .bucket_batch_sizes = EST_INTS(3, 1) }, AT "there is no feature ''" },
        { { .feature = "list", .bucket_boundaries = EST_INTS(3, 5), .bucket_batch_sizes = EST_INTS(9, 9, 1),
            .pad_to_bucket_boundary = true },
          "feature 'list': a row has 10 values; pad_to_bucket_boundary wants less than the last boundary, 5" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EST_CHECK_STR(all_rows(est_dataset_bucket_by_sequence_length(rows_of(true), &cases[i].o)), cases[i].message);
    EST_CHECK(est_dataset_bucket_by_sequence_length(NULL, NULL) == NULL);
}

typedef struct setup {
    int64_t shuffle, epochs;
    bool no_padding;
} setup;

static est_dataset *bucketed(void *user)
{
    const setup *s = user;
    est_bucket_options o = { .feature = "list", .bucket_boundaries = EST_INTS(2, 6, 12), .bucket_batch_sizes = EST_INTS(3, 7, 5, 40),
                             .no_padding = s->no_padding };
    est_dataset *d = est_dataset_repeat(est_dataset_shuffle(rows_of(true), s->shuffle, 0, false), s->epochs);
    return est_dataset_prefetch(est_dataset_bucket_by_sequence_length(d, &o), 4);
}

static void resumes_at_each_place(void)
{
    for (int i = 0; i < 4; i++)
        check_places(bucketed, &(setup){ .shuffle = i % 2 ? 17 : 0, .epochs = 7, .no_padding = i / 2 }, 1 + 30 * (i / 2), 400);
}

/* Saved places cut anywhere, or with a byte changed: an error, or another place. */
static void damaged_places(void)
{
    est__buffer state = { 0 }, out = { 0 };
    setup s = { .epochs = 3 };
    est_dataset *d = bucketed(&s);
    EST_NEED_OK(est__dataset_start(d, 3));
    EST_CHECK_OK(add_batches(&out, d, 9));
    EST_NEED_OK(est__dataset_save(d, 9, &state));
    for (size_t n = 0; n < state.size; n++) {
        EST_CHECK(est__dataset_restore(d, state.data, n, 3) != EST_OK);
        state.data[n] ^= 0x81;
        if (est__dataset_restore(d, state.data, state.size, 3) == EST_OK)
            (void)add_batches(&out, d, 3);
        state.data[n] ^= 0x81;
    }
    EST_CHECK_FAILS(est__dataset_save(d, 500, &state), EST_FAILED_PRECONDITION,
                    "the place after batch 500 of the buckets is no longer kept");
    est_dataset_free(d);
    est__buffer_free(&state);
    est__buffer_free(&out);
}

static void a_later_epoch_allocates_nothing(void)
{
    enum { EPOCH = 20 };
    setup s = { .shuffle = 17, .epochs = 20 };
    est_batch *b;
    est_dataset *d = bucketed(&s);
    EST_NEED_OK(est__batch_new(d, &b));
    for (int i = 0; i < 6 * EPOCH; i++)
        EST_CHECK_OK(est__dataset_read(d, b));
    (void)est_test_fail_allocation(1);
    EST_CHECK_OK(est__dataset_read(d, b));
    EST_CHECK_INT(est_test_fail_allocation(0), 0);
    est__batch_free(b);
    est_dataset_free(d);
}

EST_SUITE(data_bucket, EST_TEST(batches_are_tensorflows), EST_TEST(rows_may_stay_as_they_are), EST_TEST(refuses_what_makes_no_sense),
          EST_TEST(resumes_at_each_place), EST_TEST(damaged_places), EST_TEST(a_later_epoch_allocates_nothing));
