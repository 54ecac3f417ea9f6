/* Datasets of several datasets: interleave as TensorFlow orders it, zip, sample; and the way back to any place. */
#include "data/pieces.h"

enum { MOST = 10 };

typedef struct interleave_case {
    int count;
    int64_t length[MOST], cycle, block, rows, wanted[200];
} interleave_case;

static const interleave_case golden[] = {
#include "golden/interleave.inc"
};

/* Input i holds i * 100 and on. */
static est_dataset *inputs_interleaved(const interleave_case *c, bool whole)
{
    est_dataset *from[MOST], *d = NULL;
    for (int i = 0; i < c->count; i++)
        from[i] = new_pieces_from(i * 100, c->length[i], whole, NULL);
    EST_CHECK_OK(est_interleave_dataset_new(from, (size_t)c->count, c->cycle, c->block, &d));
    return d;
}

static est_status copy_n(const est_batch *in, est_batch *out, void *user)
{
    (void)user;
    return est_batch_set(out, 0, est_batch_get(in, 0));
}

static est_dataset *only_n(est_dataset *d)
{
    return est_dataset_map(d, (est_features_spec){ pieces_features, 1 }, copy_n, NULL);
}

static void interleaves_as_tensorflow(void)
{
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++)
        for (int way = 0; way < 4; way++) {
            const interleave_case *c = &golden[i];
            est_dataset *d = est_dataset_repeat(only_n(inputs_interleaved(c, way % 2)), 1 + way / 2);
            est__buffer wanted = { 0 };
            for (int64_t n = 0; n < c->rows * (1 + way / 2); n++)
                est__buffer_printf(&wanted, "%lld\n--\n", (long long)c->wanted[n % c->rows]);
            EST_CHECK_STR(all_rows(est_dataset_batch(d, 1, false)), wanted.data ? wanted.data : "");
            est__buffer_free(&wanted);
        }
}

/* ---- sample ---- */

static est_dataset *sampled(const double *weights, bool repeats, bool stops, bool whole)
{
    est_dataset *from[3], *d = NULL;
    for (int i = 0; i < 3; i++) {
        from[i] = new_pieces_from(i * 1000, 20 + 10 * i, whole, NULL);
        if (repeats)
            est_dataset_repeat(from[i], EST_OFF);
    }
    EST_CHECK_OK(est_sample_from_datasets_new(from, weights, 3, 11, stops, &d));
    return only_n(d);
}

/* Every input's rows in their order; the first rows as often as their weights say. */
static void samples_by_weight(void)
{
    static const double weights[] = { 1, 0, 3 };
    int64_t seen[3] = { 0 };
    const est_batch *b;
    est_dataset *d = est_dataset_batch(sampled(weights, true, false, false), 4000, false);
    EST_NEED_OK(est_dataset_next(d, &b));
    const int64_t *n = est_batch_get(b, 0)->data;
    for (int64_t i = 0; i < est_batch_rows(b); i++) {
        int64_t from = n[i] / 1000;
        EST_NEED(from >= 0 && from < 3);
        EST_CHECK_INT(n[i] % 1000, seen[from]++ % (20 + 10 * from));
    }
    EST_CHECK_INT(seen[1], 0);
    EST_CHECK(seen[0] > 900 && seen[0] < 1100);   /* 1000 +- 27 */
    est_dataset_free(d);
}

static int64_t count_rows(est_dataset *d, int64_t *last)
{
    const est_batch *b;
    int64_t rows = 0;
    d = est_dataset_batch(d, 1, false);
    while (est_dataset_next(d, &b) == EST_OK) {
        *last = *(const int64_t *)est_batch_get(b, 0)->data;
        rows++;
    }
    est_dataset_free(d);
    return rows;
}

static void sample_goes_on_without_those_that_ended(void)
{
    static const double weights[] = { 1, 1, 0 };
    int64_t last, stopped = count_rows(sampled(weights, false, true, false), &last);
    EST_CHECK(stopped < 50 && (last == 19 || last == 1029));
    EST_CHECK_INT(count_rows(sampled(weights, false, true, true), &last), stopped);
    EST_CHECK_INT(count_rows(sampled(weights, false, false, false), &last), 50);
    EST_CHECK_INT(count_rows(sampled(NULL, false, false, true), &last), 90);
    EST_CHECK_STR(all_rows(est_dataset_batch(sampled(NULL, false, false, true), 9, false)),
                  all_rows(est_dataset_batch(sampled(NULL, false, false, false), 9, false)));
}

/* ---- zip ---- */

static est_dataset *zipped(int64_t a, int64_t b, bool whole)
{
    static const est_feature other[] = { { .name = "m", .dtype = EST_INT64 } };
    est_dataset *from[] = { new_pieces_from(0, a, whole, NULL), new_pieces_from(500, b, false, NULL) }, *d = NULL;
    est_dataset_map(from[1], (est_features_spec){ other, 1 }, copy_n, NULL);
    EST_CHECK_OK(est_zip_dataset_new(from, 2, &d));
    return d;
}

static void zips_to_the_shortest(void)
{
    EST_CHECK_STR(all_rows(est_dataset_batch(zipped(3, 9, true), 2, false)), "0|0||500\n1|1|1|501\n--\n2|2|2 2|502\n--\n");
    EST_CHECK_STR(all_rows(est_dataset_batch(zipped(30, 2, false), 5, false)), "0|0||500\n1|1|1|501\n--\n");
    EST_CHECK_STR(all_rows(est_dataset_batch(zipped(30, 0, false), 5, false)), "");
}

/* ---- places ---- */

typedef struct setup {
    est__random random;
    int64_t *given;
    int64_t scale;
} setup;

static est_status keep_some(const est_batch *rows, bool *keep, void *user)
{
    const int64_t *n = est_batch_get(rows, 0)->data;
    (void)user;
    for (int64_t i = 0; i < est_batch_rows(rows); i++)
        keep[i] = n[i] % 10 != 3;
    return EST_OK;
}

static est_dataset *random_input(setup *s, int64_t base, bool repeats)
{
    est__random *r = &s->random;
    est_dataset *d = new_pieces_from(base, (int64_t)est__random_below(r, 30) * s->scale + 1, est__random_below(r, 3) == 0, s->given);
    if (est__random_below(r, 3) == 0)
        est_dataset_skip(d, (int64_t)est__random_below(r, 10));
    if (s->scale > 1 && est__random_below(r, 2))
        est_dataset_filter(d, keep_some, NULL);
    if (est__random_below(r, 3) == 0)
        est_dataset_shard(d, 2, (int64_t)est__random_below(r, 2));
    if (repeats && est__random_below(r, 3) == 0)
        est_dataset_repeat(d, 1 + (int64_t)est__random_below(r, 3));
    return d;
}

static est_dataset *random_mix(setup *s, int depth)
{
    est__random *r = &s->random;
    est_dataset *from[6], *d = NULL;
    size_t count = 1 + est__random_below(r, 6);
    for (size_t i = 0; i < count; i++)
        from[i] = depth && est__random_below(r, 4) == 0 ? random_mix(s, depth - 1) : random_input(s, (int64_t)i * 1000, true);
    if (est__random_below(r, 3) == 0)
        EST_CHECK_OK(est_sample_from_datasets_new(from, NULL, count, est__random_below(r, 9), est__random_below(r, 2), &d));
    else
        EST_CHECK_OK(est_interleave_dataset_new(from, count, (int64_t)est__random_below(r, 4), (int64_t)est__random_below(r, 5), &d));
    return d;
}

static est_dataset *make(void *user)
{
    setup s = *(setup *)user;
    est_dataset *d = random_mix(&s, 2);
    if (est__random_below(&s.random, 4) == 0) {
        est_dataset *both[] = { d, random_input(&s, 0, false) };
        static const est_feature other[] = { { .name = "m", .dtype = EST_INT64 } };
        est_dataset_map(both[1], (est_features_spec){ other, 1 }, copy_n, NULL);
        est_dataset_repeat(both[1], 2);
        EST_CHECK_OK(est_zip_dataset_new(both, 2, &d));
    }
    if (est__random_below(&s.random, 3) == 0)
        est_dataset_shuffle(d, 1 + (int64_t)est__random_below(&s.random, 40), 0, false);
    est_dataset_repeat(d, EST_OFF);
    return est_dataset_batch(d, (1 + (int64_t)est__random_below(&s.random, 20)) * s.scale, false);
}

static void mixes_find_their_places(void)
{
    for (uint64_t key = 0; key < 123; key++) {
        setup s = { .random = { .key = key }, .scale = key < 120 ? 1 : 650 };   /* the last ones have notes on the way */
        const est_batch *b;
        est_dataset *d = make(&s);
        bool any = est_dataset_next(d, &b) == EST_OK;
        est_dataset_free(d);
        if (any)
            check_places(make, &s, 3, s.scale > 1 ? 7 : 25);
    }
}

/* Inputs of many rows: each goes to its own place. */
static void inputs_seek_on_their_own(void)
{
    enum { ROWS = 100000, INPUTS = 5, READ = 60000 };
    for (int way = 0; way < 2; way++) {
        int64_t given = 0;
        est__buffer state = { 0 }, wanted = { 0 }, rest = { 0 };
        for (int again = 0; again < 2; again++) {
            est_dataset *from[INPUTS], *d = NULL;
            for (int i = 0; i < INPUTS; i++)
                from[i] = new_pieces_from(i * ROWS, i < 3 ? ROWS / 10 : ROWS, false, &given);
            if (way)
                EST_CHECK_OK(est_sample_from_datasets_new(from, NULL, INPUTS, 3, false, &d));
            else
                EST_CHECK_OK(est_interleave_dataset_new(from, INPUTS, 2, 3, &d));
            d = est_dataset_batch(est_dataset_shuffle(d, 100, 0, false), 900, false);
            EST_NEED_OK(est__dataset_start(d, 7));
            est_batch *b;
            EST_NEED_OK(est__batch_new(d, &b));
            for (int i = 0; i < 200 && !again; i++)
                EST_CHECK_OK(est__dataset_read(d, b));
            if (!again)
                EST_CHECK_OK(est__dataset_save(d, 200, &state));
            EST_CHECK(again || given > 170000);
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
}

static void wrong_inputs(void)
{
    est_dataset *d, *a = new_pieces(9, true, NULL), *from[] = { a, a };
    EST_CHECK_FAILS(est_zip_dataset_new(from, 2, &d), EST_INVALID_ARGUMENT,
                    "est_zip_dataset_new: datasets[1] is datasets[0] again; each input must be one of its own");
    EST_CHECK_FAILS(est_interleave_dataset_new(NULL, 2, 0, 0, &d), EST_INVALID_ARGUMENT,
                    "est_interleave_dataset_new: datasets is NULL");
    EST_CHECK_FAILS(est_interleave_dataset_new(from, 0, 0, 0, &d), EST_INVALID_ARGUMENT,
                    "est_interleave_dataset_new: a dataset is needed");
    from[0] = new_pieces(9, true, NULL);
    from[1] = NULL;
    EST_CHECK_FAILS(est_interleave_dataset_new(from, 2, 0, 0, &d), EST_INVALID_ARGUMENT,
                    "est_interleave_dataset_new: datasets[1] is NULL");
    from[0] = new_pieces(9, true, NULL);
    from[1] = est_dataset_shuffle(new_pieces(9, true, NULL), 3, 0, false);
    EST_CHECK_FAILS(est_interleave_dataset_new(from, 2, 0, 0, &d), EST_INVALID_ARGUMENT,
                    "est_interleave_dataset_new: datasets[1] is shuffled; join rows, and shuffle what comes of it");
    from[0] = est_dataset_batch(new_pieces(9, true, NULL), 3, false);
    EST_CHECK_FAILS(est_interleave_dataset_new(from, 1, 0, 0, &d), EST_INVALID_ARGUMENT,
                    "est_interleave_dataset_new: datasets[0] gives batches; join rows, and batch what comes of it");
    from[0] = est_dataset_skip(new_pieces(9, true, NULL), -3);
    EST_CHECK_FAILS(est_interleave_dataset_new(from, 1, 0, 0, &d), EST_INVALID_ARGUMENT,
                    "est_interleave_dataset_new: datasets[0]: est_dataset_skip: count is -3");
    from[0] = new_pieces(9, true, NULL);
    from[1] = only_n(new_pieces(9, true, NULL));
    EST_CHECK_FAILS(est_sample_from_datasets_new(from, NULL, 2, 0, false, &d), EST_INVALID_ARGUMENT,
                    "est_sample_from_datasets_new: datasets[1] has 1 features, datasets[0] has 3");
    from[0] = new_pieces(9, true, NULL);
    EST_CHECK_FAILS(est_sample_from_datasets_new(from, (double[]){ -1 }, 1, 0, false, &d), EST_INVALID_ARGUMENT,
                    "est_sample_from_datasets_new: weights[0] is -1; it must be 0 or more");
    from[0] = new_pieces(9, true, NULL);
    EST_CHECK_FAILS(est_sample_from_datasets_new(from, (double[]){ 0 }, 1, 0, false, &d), EST_INVALID_ARGUMENT,
                    "est_sample_from_datasets_new: all weights are 0");
    from[0] = new_pieces(9, true, NULL);
    from[1] = new_pieces(9, true, NULL);
    EST_CHECK_FAILS(est_zip_dataset_new(from, 2, &d), EST_INVALID_ARGUMENT, "there are two features named 'n'");
    from[0] = new_pieces(9, true, NULL);
    EST_CHECK_FAILS(est_interleave_dataset_new(from, 1, 2, -1, &d), EST_INVALID_ARGUMENT,
                    "est_interleave_dataset_new: block_length is -1");
    EST_CHECK(d == NULL);
}

EST_SUITE(data_combine, EST_TEST(interleaves_as_tensorflow), EST_TEST(samples_by_weight),
          EST_TEST(sample_goes_on_without_those_that_ended), EST_TEST(zips_to_the_shortest), EST_TEST(mixes_find_their_places),
          EST_TEST(inputs_seek_on_their_own), EST_TEST(wrong_inputs));
