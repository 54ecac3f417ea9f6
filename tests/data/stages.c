/* The stages before shuffle: each against a plain loop, random chains of them, and the way back to any place. */
#include "data/pieces.h"

enum { ROWS = 120, MOST_STAGES = 4 };

typedef enum kind { SHARD, LEAVE_OUT, SKIP, TAKE, FILTER, MAP, KINDS } kind;

typedef struct step {
    kind kind;
    int64_t a, b;
} step;

typedef struct chain {
    bool whole;
    int stages;
    step stage[MOST_STAGES];
    int64_t shuffle, epochs, batch;
    int64_t *given;
} chain;

/* ---- what the stages do ---- */

/* Keeps a row by its text, so that the text must fit the number. */
static est_status keep_rows(const est_batch *rows, bool *keep, void *user)
{
    const step *s = user;
    const int64_t *n = est_batch_get(rows, 0)->data;
    for (int64_t i = 0; i < est_batch_rows(rows); i++) {
        size_t length;
        int64_t number = -1;
        const char *text = est_tensor_string(est_batch_get(rows, 1), i, &length);
        EST_CHECK(est__parse_int64(text, length, &number) && number <= n[i]);
        keep[i] = number % s->a != s->b;
    }
    return EST_OK;
}

/* n becomes 2n + 1; the others stay. */
static est_status double_rows(const est_batch *in, est_batch *out, void *user)
{
    static int64_t doubled[20000];
    est_tensor n = *est_batch_get(in, 0);
    const int64_t *from = n.data;
    (void)user;
    for (int64_t i = 0; i < est_batch_rows(in); i++)
        doubled[i] = 2 * from[i] + 1;
    n.data = doubled;
    EST_TRY(est_batch_set(out, 0, &n));
    EST_TRY(est_batch_set(out, 1, est_batch_get(in, 1)));
    return est_batch_set_ragged(out, 2, est_batch_get(in, 2), est_batch_offsets(in, 2));
}

static est_dataset *add(est_dataset *d, step *s)
{
    switch (s->kind) {
    case SHARD: return est_dataset_shard(d, s->a, s->b);
    case LEAVE_OUT: return est_dataset_leave_out(d, s->a, s->b);
    case SKIP: return est_dataset_skip(d, s->a);
    case TAKE: return est_dataset_take(d, s->a);
    case FILTER: return est_dataset_filter(d, keep_rows, s);
    default: return est_dataset_map(d, (est_features_spec){ pieces_features, 3 }, double_rows, NULL);
    }
}

/* ---- the same by plain loops over pairs of n and the number in the text ---- */

typedef struct pair {
    int64_t n, text;
} pair;

static int64_t plain(pair *row, int64_t rows, const step *s)
{
    int64_t count = 0;
    for (int64_t i = 0; i < rows; i++) {
        pair p = row[i];
        bool stays = s->kind == SHARD       ? i % s->a == s->b
                     : s->kind == LEAVE_OUT ? i % s->a != s->b
                     : s->kind == SKIP      ? i >= s->a
                     : s->kind == TAKE      ? i < s->a
                     : s->kind == FILTER    ? p.text % s->a != s->b
                                            : true;
        if (s->kind == MAP)
            p.n = 2 * p.n + 1;
        if (stays)
            row[count++] = p;
    }
    return count;
}

static void plain_text(const chain *c, est__buffer *out)
{
    pair row[ROWS];
    int64_t rows = ROWS, in_batch = 0;
    for (int64_t i = 0; i < ROWS; i++)
        row[i] = (pair){ i, i };
    for (int i = 0; i < c->stages; i++)
        rows = plain(row, rows, &c->stage[i]);
    for (int64_t i = 0; i < rows * c->epochs; i++) {
        pair p = row[i % rows];
        est__buffer_printf(out, "%lld|%lld|", (long long)p.n, (long long)p.text);
        for (int64_t k = 0; k < p.text % 3; k++)
            est__buffer_printf(out, k ? " %lld" : "%lld", (long long)p.text);
        est__buffer_text(out, "\n");
        if (++in_batch == c->batch || i + 1 == rows * c->epochs) {
            est__buffer_text(out, "--\n");
            in_batch = 0;
        }
    }
}

static est_dataset *make(void *user)
{
    chain *c = user;
    est_dataset *d = new_pieces(ROWS, c->whole, c->given);
    for (int i = 0; i < c->stages; i++)
        d = add(d, &c->stage[i]);
    return est_dataset_batch(est_dataset_repeat(est_dataset_shuffle(d, c->shuffle, 0, false), c->epochs), c->batch, false);
}

static void check_chain(chain *c)
{
    est__buffer wanted = { 0 };
    plain_text(c, &wanted);
    EST_CHECK_STR(all_rows(make(c)), wanted.data ? wanted.data : "");
    est__buffer_free(&wanted);
}

static void each_against_a_plain_loop(void)
{
    static const step steps[] = {
        { SHARD, 1, 0 }, { SHARD, 3, 0 }, { SHARD, 3, 2 }, { SHARD, 100, 99 }, { SHARD, ROWS, 5 }, { SHARD, 1000, 999 },
        { LEAVE_OUT, 2, 0 }, { LEAVE_OUT, 2, 1 }, { LEAVE_OUT, 5, 3 }, { LEAVE_OUT, ROWS, 7 }, { LEAVE_OUT, 1000, 999 },
        { SKIP, 0, 0 }, { SKIP, 1, 0 }, { SKIP, 63, 0 }, { SKIP, ROWS, 0 }, { SKIP, INT64_MAX, 0 },
        { TAKE, 0, 0 }, { TAKE, 1, 0 }, { TAKE, 17, 0 }, { TAKE, ROWS, 0 }, { TAKE, INT64_MAX, 0 },
        { FILTER, 2, 0 }, { FILTER, 50, 7 }, { FILTER, 1, 0 }, { MAP, 0, 0 },
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int whole = 0; whole < 2; whole++)
            for (int64_t batch = 1; batch < 200; batch = batch * 3 + 1) {
                chain c = { .whole = whole, .stages = 1, .stage = { steps[i] }, .epochs = 2, .batch = batch };
                check_chain(&c);
            }
}

static chain random_chain(est__random *r)
{
    chain c = { .whole = est__random_below(r, 3) == 0, .stages = (int)est__random_below(r, MOST_STAGES + 1),
                .epochs = 1 + (int64_t)est__random_below(r, 3), .batch = 1 + (int64_t)est__random_below(r, 40) };
    for (int i = 0; i < c.stages; i++) {
        step *s = &c.stage[i];
        s->kind = (kind)est__random_below(r, KINDS);
        s->a = 1 + (int64_t)est__random_below(r, s->kind == TAKE ? ROWS : s->kind == SKIP ? 20 : 6);
        s->a += s->kind == LEAVE_OUT;
        s->b = s->kind == FILTER ? (int64_t)est__random_below(r, 7) : (int64_t)est__random_below(r, (uint64_t)s->a);
    }
    return c;
}

static void chains_against_plain_loops(void)
{
    est__random r = { .key = 5 };
    for (int i = 0; i < 400; i++) {
        chain c = random_chain(&r);
        check_chain(&c);
    }
}

static void chains_find_their_places(void)
{
    est__random r = { .key = 6 };
    for (int i = 0; i < 150; i++) {
        chain c = random_chain(&r);
        c.batch = 1 + c.batch / 3;
        if (i % 2)
            c.shuffle = 1 + (int64_t)est__random_below(&r, 50);
        c.epochs = 2 + i % 2;
        est__buffer rows = { 0 };
        plain_text(&c, &rows);
        if (rows.size > 500)   /* two batches and more */
            check_places(make, &c, 3, 40);
        est__buffer_free(&rows);
    }
}

/* A place late in the data is found again without reading what comes before it. */
static void places_are_found_without_reading_from_the_start(void)
{
    enum { LATE = 90000, READ = 40000 };
    step steps[] = { { SKIP, 1000, 0 }, { SHARD, 2, 1 }, { FILTER, 3, 1 }, { MAP, 0, 0 }, { TAKE, LATE, 0 } };
    int64_t given = 0;
    est__buffer state = { 0 }, wanted = { 0 }, rest = { 0 };
    for (int again = 0; again < 2; again++) {
        est_dataset *d = new_pieces(300000, false, &given);
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
            d = add(d, &steps[i]);
        d = est_dataset_batch(est_dataset_shuffle(d, 100, 0, false), 900, false);
        EST_NEED_OK(est__dataset_start(d, 7));
        est_batch *b;
        EST_NEED_OK(est__batch_new(d, &b));
        for (int i = 0; i < 90 && !again; i++)
            EST_CHECK_OK(est__dataset_read(d, b));
        if (!again)
            EST_CHECK_OK(est__dataset_save(d, 90, &state));
        EST_CHECK(again || given > 240000);
        given = 0;
        if (again)
            EST_CHECK_OK(est__dataset_restore(d, state.data, state.size, 7));
        (void)add_batches(again ? &rest : &wanted, d, 3);
        EST_CHECK(given < READ);
        est__batch_free(b);
        est_dataset_free(d);
    }
    EST_CHECK_STR(rest.data, wanted.data);
    est__buffer_free(&rest);
    est__buffer_free(&wanted);
    est__buffer_free(&state);
}

static est_status start_and_free(est_dataset *d)
{
    est_status st = est__dataset_start(d, 0);
    est_dataset_free(d);
    return st;
}

static void wrong_stages_stick(void)
{
    est_dataset *d = new_pieces(9, true, NULL);
    EST_CHECK_FAILS(start_and_free(est_dataset_batch(est_dataset_skip(d, -2), 3, false)), EST_INVALID_ARGUMENT,
                    "est_dataset_skip: count is -2");
    EST_CHECK_FAILS(start_and_free(est_dataset_take(new_pieces(9, true, NULL), -2)), EST_INVALID_ARGUMENT,
                    "est_dataset_take: count is -2");
    EST_CHECK_FAILS(start_and_free(est_dataset_shard(new_pieces(9, true, NULL), 0, 0)), EST_INVALID_ARGUMENT,
                    "est_dataset_shard: num_shards is 0");
    EST_CHECK_FAILS(start_and_free(est_dataset_shard(new_pieces(9, true, NULL), 3, 3)), EST_INVALID_ARGUMENT,
                    "est_dataset_shard: index is 3");
    EST_CHECK_FAILS(start_and_free(est_dataset_leave_out(new_pieces(9, true, NULL), 1, 0)), EST_INVALID_ARGUMENT,
                    "est_dataset_leave_out: num_shards is 1");
    EST_CHECK_FAILS(start_and_free(est_dataset_filter(new_pieces(9, true, NULL), NULL, NULL)), EST_INVALID_ARGUMENT,
                    "est_dataset_filter: fn is 0");
    d = est_dataset_shuffle(new_pieces(9, true, NULL), 3, 0, false);
    EST_CHECK_FAILS(start_and_free(est_dataset_take(d, 2)), EST_INVALID_ARGUMENT,
                    "est_dataset_take works on rows: it comes before est_dataset_shuffle");
    d = est_dataset_map(new_pieces(9, true, NULL), (est_features_spec){ pieces_features, 0 }, double_rows, NULL);
    EST_CHECK_FAILS(start_and_free(d), EST_INVALID_ARGUMENT, "a dataset needs a feature at least");
    EST_CHECK(est_dataset_take(NULL, 3) == NULL && est_dataset_map(NULL, (est_features_spec){ 0 }, NULL, NULL) == NULL);
    d = est_dataset_batch(est_dataset_take(new_pieces(9, false, NULL), 5), 3, false);
    EST_CHECK_OK(est__dataset_start(d, 0));
    EST_CHECK_FAILS(start_and_free(est_dataset_skip(d, 1)), EST_FAILED_PRECONDITION,
                    "est_dataset_skip: the dataset is being read already");
}

static est_status refuse(const est_batch *rows, bool *keep, void *user)
{
    const int64_t *n = est_batch_get(rows, 0)->data;
    (void)keep;
    return n[est_batch_rows(rows) - 1] < 50 ? EST_OK : *(est_status *)user;
}

static est_status set_too_little(const est_batch *in, est_batch *out, void *user)
{
    if (!user)
        return est_batch_set(out, 0, est_batch_get(in, 0));
    est_tensor n = *est_batch_get(in, 0);
    n.shape = EST_SHAPE(1);
    return est_batch_set(out, 0, &n);
}

static void callbacks_that_fail(void)
{
    est_status st = EST_OUT_OF_RANGE;
    const est_features_spec one = { pieces_features, 1 }, two = { pieces_features, 2 };
    est_dataset *d = est_dataset_batch(est_dataset_filter(new_pieces(90, false, NULL), refuse, &st), 10, false);
    est__buffer rows = { 0 };
    EST_CHECK_FAILS(add_batches(&rows, d, -1), EST_INVALID_ARGUMENT,
                    "the dataset's callback of est_dataset_filter failed: OUT_OF_RANGE");
    EST_CHECK_FAILS(add_batches(&rows, d, -1), EST_INVALID_ARGUMENT,
                    "the dataset's callback of est_dataset_filter failed: OUT_OF_RANGE");
    est_dataset_free(d);
    est__buffer_free(&rows);
    d = est_dataset_batch(est_dataset_map(new_pieces(90, true, NULL), two, set_too_little, NULL), 10, false);
    EST_CHECK_FAILS(start_and_free(d), EST_INVALID_ARGUMENT,
                    "the dataset's callback has not set feature 's' of the rows from 0");
    d = est_dataset_batch(est_dataset_map(new_pieces(90, true, NULL), one, set_too_little, &st), 10, false);
    EST_CHECK_FAILS(start_and_free(d), EST_INVALID_ARGUMENT,
                    "the dataset's callback of est_dataset_map gave 1 rows for 90; before est_dataset_batch each row becomes one row");
}

/* ---- map after batch ---- */

/* The rows of a batch twice, one after the other. */
static est_status twice(const est_batch *in, est_batch *out, void *user)
{
    int64_t n[200], rows = est_batch_rows(in);
    const int64_t *from = est_batch_get(in, 0)->data;
    *(int *)user += 1;
    for (int64_t i = 0; i < 2 * rows; i++)
        n[i] = from[i % rows];
    est_shape shape = EST_SHAPE(2 * rows);
    return est_batch_set(out, 0, &(est_tensor){ EST_INT64, shape, n, NULL });
}

static est_dataset *make_twice(void *calls)
{
    est_dataset *d = est_dataset_skip(new_pieces(20, false, NULL), 3);
    d = est_dataset_batch(est_dataset_repeat(est_dataset_shuffle(d, 7, 0, false), 3), 4, false);
    return est_dataset_prefetch(est_dataset_map(d, (est_features_spec){ pieces_features, 1 }, twice, calls), 5);
}

static void map_of_batches(void)
{
    int calls = 0;
    est_dataset *d = est_dataset_batch(est_dataset_take(new_pieces(20, false, NULL), 5), 3, false);
    d = est_dataset_map(d, (est_features_spec){ pieces_features, 1 }, twice, &calls);
    EST_CHECK_STR(all_rows(d), "0\n1\n2\n0\n1\n2\n--\n3\n4\n3\n4\n--\n");
    EST_CHECK_INT(calls, 2);
    check_places(make_twice, &calls, 3, 40);
    d = make_twice(&calls);
    EST_CHECK_INT(est__dataset_ahead(d), 5);
    EST_CHECK_FAILS(start_and_free(est_dataset_batch(d, 3, false)), EST_INVALID_ARGUMENT,
                    "est_dataset_batch after est_dataset_prefetch: the order is shuffle, repeat, batch, prefetch");
}

/* Once their buffers have grown, stages cost no allocation. */
static void stages_allocate_nothing(void)
{
    step steps[] = { { FILTER, 3, 1 }, { MAP, 0, 0 }, { SHARD, 2, 1 }, { SKIP, 3, 0 }, { TAKE, 30, 0 } };
    est_dataset *d = new_pieces(200, false, NULL);
    const est_batch *b;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        d = add(d, &steps[i]);
    d = est_dataset_batch(est_dataset_repeat(d, EST_OFF), 9, false);
    for (int i = 0; i < 50; i++)
        EST_CHECK_OK(est_dataset_next(d, &b));
    (void)est_test_fail_allocation(0);
    for (int i = 0; i < 500; i++)
        EST_CHECK_OK(est_dataset_next(d, &b));
    EST_CHECK_INT(est_test_fail_allocation(0), 0);
    est_dataset_free(d);
}

EST_SUITE(data_stages, EST_TEST(each_against_a_plain_loop), EST_TEST(chains_against_plain_loops),
          EST_TEST(chains_find_their_places), EST_TEST(places_are_found_without_reading_from_the_start),
          EST_TEST(wrong_stages_stick), EST_TEST(callbacks_that_fail), EST_TEST(map_of_batches), EST_TEST(stages_allocate_nothing));
