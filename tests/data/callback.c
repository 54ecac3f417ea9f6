/* Batches from a callback: what it must give, how it repeats, and how its place is found again. */
#include "data/rows.h"

/* Gives batches of 1, 2, 3, … rows that count on. */
typedef struct counter {
    int64_t batches, rows;      /* given so far */
    int64_t most;
    int rewinds, closes, bad;   /* bad: what to do wrong in the second batch */
    size_t state_size;
} counter;

static const est_feature features[] = { { .name = "n", .dtype = EST_INT64 },
                                        { .name = "pair", .dtype = EST_FLOAT, .shape = { 1, { 2 } } },
                                        { .name = "list", .dtype = EST_INT64, .variable_length = true } };

static est_status next(est_batch *batch, void *user)
{
    counter *c = user;
    if (c->batches == c->most)
        return EST_OUT_OF_RANGE;
    int64_t rows = ++c->batches;
    int bad = rows == 2 ? c->bad : 0;
    int64_t n[16], list[32];
    float pair[32];
    for (int64_t i = 0; i < rows; i++) {
        n[i] = c->rows++;
        pair[2 * i] = pair[2 * i + 1] = (float)n[i];
        list[2 * i] = list[2 * i + 1] = -n[i];
    }
    est_shape shape = EST_SHAPE(rows), pairs = EST_SHAPE(bad == 2 ? rows - 1 : rows, 2);
    est_tensor tn = { EST_INT64, shape, n, NULL }, tp = { EST_FLOAT, bad == 3 ? shape : pairs, pair, NULL };
    est_tensor tl = { EST_INT64, EST_SHAPE(rows, 2), list, NULL };
    EST_TRY(est_batch_set(batch, 0, &tn));
    if (bad == 4)
        return EST_UNAVAILABLE;
    if (bad == 5)
        EST_TRY(est_batch_set(batch, 9, &tn));
    if (bad != 1)
        EST_TRY(est_batch_set(batch, 1, bad == 6 ? &tn : &tp));
    return est_batch_set(batch, 2, &tl);
}

static est_status back(void *user)
{
    counter *c = user;
    c->batches = c->rows = 0;
    c->rewinds++;
    return EST_OK;
}

static est_status save(void *state, size_t capacity, size_t *size, void *user)
{
    const counter *c = user;
    *size = c->state_size ? c->state_size : 2 * sizeof(int64_t);
    if (*size <= capacity)
        memcpy(state, (int64_t[]){ c->batches, c->rows }, 16);
    return EST_OK;
}

static est_status restore(const void *state, size_t size, void *user)
{
    counter *c = user;
    if (size != 16)
        return EST_DATA_LOSS;
    memcpy(&c->batches, state, 8);
    memcpy(&c->rows, (const char *)state + 8, 8);
    return EST_OK;
}

static void closed(void *user)
{
    ((counter *)user)->closes++;
}

static est_dataset *counting(counter *c, bool rewinds, bool saves)
{
    est_dataset *d = NULL;
    EST_CHECK_OK(est_callback_dataset_new(&((est_callback_options){ .features = { features, 3 }, .label = "pair", .next = next,
                                                                    .rewind = rewinds ? back : NULL, .save = saves ? save : NULL,
                                                                    .restore = saves ? restore : NULL, .close = closed,
                                                                    .user = c }), &d));
    return d;
}

static void gives_its_batches(void)
{
    counter c = { .most = 2 };
    est_dataset *d = counting(&c, true, false);
    EST_CHECK_INT(est_dataset_label(d), 1);
    EST_CHECK_STR(all_rows(est_dataset_repeat(d, 2)),
                  "0|0 0|0 0\n--\n1|1 1|-1 -1\n2|2 2|-2 -2\n--\n0|0 0|0 0\n--\n1|1 1|-1 -1\n2|2 2|-2 -2\n--\n");
    EST_CHECK_INT(c.rewinds, 1);
    EST_CHECK_INT(c.closes, 1);
}

static void says_what_is_wrong(void)
{
    static const struct {
        est_status status;
        const char *message;
    } cases[] = {
        { EST_INVALID_ARGUMENT, "the dataset's callback has not set feature 'pair' of batch 1" },
        { EST_INVALID_ARGUMENT, "the dataset's callback gave feature 'n' 2 rows and 'pair' 1" },
        { EST_INVALID_ARGUMENT,
          "the dataset's callback next failed: feature 'pair': the batch gives [2], wanted is [rows,2]" },
        { EST_UNAVAILABLE, "the dataset's callback next failed: UNAVAILABLE" },
        { EST_INVALID_ARGUMENT, "the dataset's callback next failed: est_batch_set: there is no feature 9, the batch has 3" },
        { EST_INVALID_ARGUMENT, "the dataset's callback next failed: feature 'pair': the batch gives int64, the feature is float32" },
    };
    for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++) {
        counter c = { .most = 3, .bad = i + 1 };
        est_dataset *d = counting(&c, false, false);
        const est_batch *b;
        EST_CHECK_OK(est_dataset_next(d, &b));
        EST_CHECK_FAILS(est_dataset_next(d, &b), cases[i].status, cases[i].message);
        est_dataset_free(d);
    }
    counter c = { 0 };
    est_dataset *d = counting(&c, true, false);
    const est_batch *b;
    EST_CHECK_FAILS(est_dataset_next(d, &b), EST_INVALID_ARGUMENT, "the dataset's callback gave no batch");
    est_dataset_free(d);
    c = (counter){ .most = 3, .state_size = 70000 };
    d = counting(&c, true, true);
    EST_CHECK_FAILS(est_dataset_next(d, &b), EST_INVALID_ARGUMENT,
                    "the dataset's callback save wants 70000 bytes, there are 65536");
    est_dataset_free(d);
}

static void stages_that_do_not_fit(void)
{
    counter c = { .most = 3 };
    const est_batch *b;
    est_dataset *d = est_dataset_batch(counting(&c, true, false), 3, false);
    EST_CHECK_FAILS(est_dataset_next(d, &b), EST_INVALID_ARGUMENT,
                    "a callback gives whole batches: no est_dataset_batch after it");
    est_dataset_free(d);
    d = est_dataset_shuffle(counting(&c, true, false), 3, 0, false);
    EST_CHECK_FAILS(est_dataset_next(d, &b), EST_INVALID_ARGUMENT,
                    "a callback gives whole batches: shuffle the rows in the callback");
    est_dataset_free(d);
    d = est_dataset_repeat(counting(&c, false, false), 3);
    EST_CHECK_FAILS(est_dataset_next(d, &b), EST_INVALID_ARGUMENT, "est_dataset_repeat: the callback has no rewind");
    est_dataset_free(d);
    EST_CHECK_INT(c.closes, 3);
    est_callback_options o = { .features = { features, 3 }, .save = save, .close = closed, .user = &c };
    EST_CHECK_FAILS(est_callback_dataset_new(&o, &d), EST_INVALID_ARGUMENT, "a callback dataset needs next");
    o.next = next;
    EST_CHECK_FAILS(est_callback_dataset_new(&o, &d), EST_INVALID_ARGUMENT,
                    "a callback dataset has both save and restore, or neither");
    o.restore = restore;
    o.label = "z";
    EST_CHECK_FAILS(est_callback_dataset_new(&o, &d), EST_INVALID_ARGUMENT, "the label 'z' is not among the features");
    EST_CHECK_INT(c.closes, 3);
}

static counter counters[64];
static int used;

static est_dataset *make(void *user)
{
    const bool *saves = user;
    counter *c = &counters[used++ % 64];
    *c = (counter){ .most = 6 };
    return est_dataset_repeat(counting(c, true, *saves), 3);
}

static void goes_on_from_every_place(void)
{
    for (int saves = 0; saves < 2; saves++) {
        bool user = saves;
        check_places(make, &user, 0, 18);
        check_places(make, &user, 20, 18);   /* more than are kept unless told */
    }
}

static void places_that_are_lost(void)
{
    counter c = { .most = 6 };
    est__buffer state = { 0 }, rows = { 0 };
    est_dataset *d = counting(&c, false, false);
    EST_CHECK_OK(est__dataset_start(d, 0));
    EST_CHECK_INT(add_batches(&rows, d, 3), EST_OK);
    EST_CHECK_OK(est__dataset_save(d, 2, &state));
    EST_CHECK_FAILS(est__dataset_start(d, 0), EST_FAILED_PRECONDITION,
                    "the callback dataset cannot go back to its beginning: it has no rewind");
    est_dataset_free(d);
    c = (counter){ .most = 6 };
    d = counting(&c, false, false);
    EST_CHECK_FAILS(est__dataset_restore(d, state.data, state.size, 0), EST_FAILED_PRECONDITION,
                    "the callback dataset cannot be taken up again: it has neither save and restore nor rewind");
    est_dataset_free(d);
    c = (counter){ .most = 1 };
    d = counting(&c, true, false);
    EST_CHECK_FAILS(est__dataset_restore(d, state.data, state.size, 0), EST_FAILED_PRECONDITION,
                    "the callback dataset gave only 1 batches, its place was after 2");
    est_dataset_free(d);
    c = (counter){ .most = 50 };
    d = est_dataset_repeat(counting(&c, true, true), 100);
    EST_CHECK_OK(est__dataset_start(d, 0));
    c.most = 15;
    EST_CHECK_INT(add_batches(&rows, d, 40), EST_OK);
    est__buffer_clear(&state);
    EST_CHECK_FAILS(est__dataset_save(d, 2, &state), EST_FAILED_PRECONDITION,
                    "the place after batch 2 of the callback dataset is no longer kept");
    est_dataset_free(d);
    est__buffer_free(&state);
    est__buffer_free(&rows);
}

EST_SUITE(data_callback, EST_TEST(gives_its_batches), EST_TEST(says_what_is_wrong), EST_TEST(stages_that_do_not_fit),
          EST_TEST(goes_on_from_every_place), EST_TEST(places_that_are_lost));
