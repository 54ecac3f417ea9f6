/* Batches of rows padded to one length. */
#include "data/rows.h"

static est_dataset *rows_of(void)
{
    static int64_t list[] = { 1, 2, 3, 4, 5, 6 }, list_offsets[] = { 0, 2, 2, 3, 6 }, n[] = { 10, 11, 12, 13 };
    static float w[] = { 0.5f, 1.5f, 2.5f }, y[] = { 1, 2, 3, 4 };
    static int64_t w_offsets[] = { 0, 1, 3, 3, 3 }, tag_offsets[] = { 0, 1, 1, 3, 4 };
    est_shape four = EST_SHAPE(4), five = EST_SHAPE(5);
    est_tensor tl = { EST_INT64, EST_SHAPE(6), list, NULL }, lo = { EST_INT64, five, list_offsets, NULL };
    est_tensor tw = { EST_FLOAT, EST_SHAPE(3), w, NULL }, wo = { EST_INT64, five, w_offsets, NULL };
    est_tensor tn = { EST_INT64, four, n, NULL }, ty = { EST_FLOAT, four, y, NULL }, to = { EST_INT64, five, tag_offsets, NULL };
    est_tensor *tags;
    est_dataset *d = NULL;
    EST_CHECK_OK(est_tensor_new_strings(&four, (const char *const[]){ "red", "", "green", "blue" }, NULL, &tags));
    EST_CHECK_OK(est_memory_dataset_new_ragged((const char *const[]){ "list", "tags", "n", "w" },
                                               (const est_tensor *const[]){ &tl, tags, &tn, &tw },
                                               (const est_tensor *const[]){ &lo, &to, NULL, &wo }, 4, &ty, &d));
    est_tensor_free(tags);
    return d;
}

static void pads_to_the_longest_row(void)
{
    const est_batch *b;
    est_dataset *d = est_dataset_padded_batch(rows_of(), 2, false, (est_paddings){ 0 });
    EST_CHECK_INT(est_dataset_label(d), 4);
    EST_CHECK(!est_dataset_features(d).data[0].variable_length && est_dataset_features(d).data[0].shape.dim[0] == -1);
    EST_NEED_OK(est_dataset_next(d, &b));
    EST_CHECK_INT(est_batch_get(b, 3)->shape.rank, 2);
    EST_CHECK_INT(est_batch_get(b, 3)->shape.dim[1], 2);
    EST_CHECK(est_batch_offsets(b, 3) == NULL);
    est_dataset_free(d);
    d = est_dataset_padded_batch(rows_of(), 2, false, (est_paddings){ 0 });
    EST_CHECK_STR(all_rows(d), "1 2|red|10|0.5 0|1\n0 0||11|1.5 2.5|2\n--\n3 0 0| green|12||3\n4 5 6|blue |13||4\n--\n");
    d = est_dataset_padded_batch(est_dataset_repeat(rows_of(), 2), 3, true, (est_paddings){ 0 });
    EST_CHECK_STR(all_rows(d), "1 2|red |10|0.5 0|1\n0 0| |11|1.5 2.5|2\n3 0| green|12|0 0|3\n--\n"
                               "4 5 6|blue|13|0 0|4\n1 2 0|red|10|0.5 0|1\n0 0 0||11|1.5 2.5|2\n--\n");
}

static void pads_as_told(void)
{
    int64_t none = -1;
    est_tensor minus = { EST_INT64, { 0 }, &none, NULL }, *mark;
    est_shape one = EST_SHAPE(1);
    EST_NEED_OK(est_tensor_new_strings(&one, (const char *const[]){ "none" }, NULL, &mark));
    est_padding list[] = { { .feature = "list", .length = 4, .value = &minus }, { .feature = "tags", .value = mark } };
    est_dataset *d = est_dataset_padded_batch(rows_of(), 4, false, (est_paddings){ list, 2 });
    EST_CHECK_INT(est_dataset_features(d).data[0].shape.dim[0], 4);
    EST_CHECK_STR(all_rows(d), "1 2 -1 -1|red none|10|0.5 0|1\n-1 -1 -1 -1|none none|11|1.5 2.5|2\n"
                               "3 -1 -1 -1| green|12|0 0|3\n4 5 6 -1|blue none|13|0 0|4\n--\n");
    list[0].length = 2;
    EST_CHECK_STR(all_rows(est_dataset_padded_batch(rows_of(), 4, false, (est_paddings){ list, 2 })),
                  "feature 'list': a row has 3 values, it is to be padded to 2");
    const struct {
        est_padding padding;
        const char *message;
    } wrong[] = {
        { { .feature = "n" }, "est_dataset_padded_batch: feature 'n' is dense, there is nothing to pad" },
        { { .feature = "x" }, "est_dataset_padded_batch: there is no feature 'x'" },
        { { 0 }, "est_dataset_padded_batch: a padding names no feature" },
        { { .feature = "list", .length = -2 }, "est_dataset_padded_batch: feature 'list' cannot be padded to -2" },
        { { .feature = "tags", .value = &minus }, "est_dataset_padded_batch: feature 'tags' is padded with one string" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        EST_CHECK_STR(all_rows(est_dataset_padded_batch(rows_of(), 4, false, (est_paddings){ &wrong[i].padding, 1 })),
                      wrong[i].message);
    EST_CHECK_STR(all_rows(est_dataset_padded_batch(rows_of(), 0, false, (est_paddings){ 0 })), "est_dataset_batch: batch_size is 0");
    EST_CHECK(est_dataset_padded_batch(NULL, 2, false, (est_paddings){ 0 }) == NULL);
    est_tensor_free(mark);
}

static est_dataset *padded(void *user)
{
    est_dataset *d = est_dataset_repeat(est_dataset_shuffle(rows_of(), *(int64_t *)user, 0, false), 6);
    return est_dataset_prefetch(est_dataset_padded_batch(d, 3, false, (est_paddings){ 0 }), 3);
}

static void resumes_at_each_place(void)
{
    for (int64_t buffer = 0; buffer <= 3; buffer += 3)
        check_places(padded, &buffer, 2, 20);
}

EST_SUITE(data_padded, EST_TEST(pads_to_the_longest_row), EST_TEST(pads_as_told), EST_TEST(resumes_at_each_place));
