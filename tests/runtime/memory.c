/* Memory: outputs that grow and shrink from step to step, places that are used again, strings; always the
 * bits of a run that does every operation by itself in memory of its own. And no allocation once all sizes
 * have been seen. */
#include "runtime/frame.h"
#include "runtime/fuzz.h"

enum { GRAPHS = 150, STEPS = 7 };

/* Steps of changing size over one run, each against a new run of an unfused plan. */
static void steps_of(uint64_t seed)
{
    static const int64_t rows[] = { 3, 1, 64, 0, 2, 700, 64, 5, 1, 33 };
    fuzz f;
    est__plan *plan = NULL;
    est__run *run = NULL;
    est_tensor *wanted[FUZZ_FETCHES];
    EST_NEED(fuzz_begin(&f, seed));
    est__plan_options o = fuzz_options(&f);
    if (EST_CHECK_OK(est__plan_new(f.l.g, &o, &plan)) && EST_CHECK_OK(est__run_new(plan, NULL, &run)))
        for (int step = 0; step < STEPS; step++) {
            fuzz_feed(&f, rows[est__random_below(&f.random, sizeof rows / sizeof *rows)]);
            if (!lab_run(&f.l, o.fetches, (est_nodes){ 0 }, true, wanted) ||
                !EST_CHECK_OK(est__run_step(run, f.l.value, 0)))
                break;
            for (size_t i = 0; i < FUZZ_FETCHES; i++) {
                char what[120];
                snprintf(what, sizeof what, "seed %d, step %d, %s", (int)seed, step,
                         est_node_name(f.fetch[i]));
                lab_same(est__run_fetch(run, i), wanted[i], what);
            }
        }
    est__run_free(run);
    est__plan_free(plan);
    fuzz_end(&f);
}

static void any_size_after_any(void)
{
    for (uint64_t seed = 1; seed <= GRAPHS; seed++)
        steps_of(seed);
}

/* A value that shares memory for one size and has its own for another, fetched while other values grow. */
static void shared_for_some_sizes(void)
{
    static const int64_t rows[] = { 3, 1, 2, 1, 50, 1, 200, 1 };
    lab l;
    est__plan *plan = NULL;
    est__run *run = NULL;
    EST_NEED(lab_begin(&l));
    est_node *x = est_placeholder(l.g, "x", EST_FLOAT, EST_SHAPE(-1, 2)),
             *y = est_placeholder(l.g, "y", EST_FLOAT, EST_SHAPE(-1));
    est_node *sum = est_reduce_sum(l.g, x, EST_INTS(0), false), *grown = est_neg(l.g, y),
             *same = est_reduce_sum(l.g, grown, EST_INTS(0), true);
    est__plan_options o = { .feeds = EST_NODES(x, y),
                            .fetches = EST_NODES(sum, grown, same),
                            .unfused = true };
    if (EST_CHECK_OK(est__plan_new(l.g, &o, &plan)) && EST_CHECK_OK(est__run_new(plan, NULL, &run)))
        for (int i = 0; i < 8; i++) {
            int64_t n = rows[i];
            est_tensor *tx = lab_floats(&l, EST_SHAPE(n, 2), NULL),
                       *ty = lab_floats(&l, EST_SHAPE((i + 1) * 40 % 7 + i), NULL);
            for (int64_t j = 0; j < n; j++)
                ((float *)tx->data)[2 * j + 1] = 1 + (float)i;
            if (EST_CHECK_OK(est__run_step(run, (const est_tensor *const[]){ tx, ty }, 0)))
                EST_CHECK_STR(lab_text(est__run_fetch(run, 0)),
                              est_test_text("float32[2] 0 %d", (int)n * (1 + i)));
        }
    est__run_free(run);
    est__plan_free(plan);
    lab_end(&l);
}

static void strings(void)
{
    lab l;
    est__plan *plan = NULL;
    est__run *run = NULL;
    EST_NEED(lab_begin(&l));
    est_node *s = est_placeholder(l.g, "s", EST_STRING, EST_SHAPE(-1)),
             *k = est_placeholder(l.g, "k", EST_INT64, EST_SHAPE(-1));
    est_node *joined = est_string_join(l.g, EST_NODES(s, est_as_string(l.g, k), s), "/");
    est_node *twice = est_concat(l.g, EST_NODES(joined, est_identity(l.g, s)), 0);
    est_node *picked = est_gather(l.g, twice, est_constant_ints(l.g, EST_INT32, EST_INTS(0, 0)), 0),
             *shaped = est_reshape(l.g, twice, EST_INTS(2, -1));
    est__plan_options o = { .feeds = EST_NODES(s, k), .fetches = EST_NODES(shaped, picked, s) };
    if (EST_CHECK_OK(est__plan_new(l.g, &o, &plan)) && EST_CHECK_OK(est__run_new(plan, NULL, &run)))
        for (int i = 0; i < 4; i++) {
            size_t length = i == 2 ? 50000 : (size_t)i;           /* beyond a block of the heap */
            char *text = est__malloc(length + 1);
            memset(text, 'a' + i, length);
            text[length] = '\0';
            const est_tensor *feeds[] = { lab_strings(&l, EST_SHAPE(2), (const char *const[]){ text, "z" }),
                                          lab_ints(&l, EST_INT64, EST_SHAPE(2), (int64_t[]){ i, -1 }) };
            if (EST_CHECK_OK(est__run_step(run, feeds, 0))) {
                EST_CHECK_STR(lab_text(est__run_fetch(run, 0)),
                              est_test_text("string[2,2] '%s/%d/%s' 'z/-1/z' '%s' 'z'", text, i, text, text));
                EST_CHECK_STR(lab_text(est__run_fetch(run, 1)),
                              est_test_text("string[2] '%s/%d/%s' '%s/%d/%s'", text, i, text, text, i, text));
                EST_CHECK(est__run_fetch(run, 2)->data == feeds[0]->data);
            }
            est__free(text);
        }
    est__run_free(run);
    est__plan_free(plan);
    lab_end(&l);
}

/* A long chain of products lives in the place of two or three values. */
static void places_are_used_again(void)
{
    enum { LAYERS = 40, SIDE = 64 };
    lab l;
    est__plan *plan = NULL;
    est__run *run = NULL;
    EST_NEED(lab_begin(&l));
    est_node *x = est_placeholder(l.g, "x", EST_FLOAT, EST_SHAPE(-1, SIDE)), *h = x,
             *w = est_constant(l.g, lab_floats(&l, EST_SHAPE(SIDE, SIDE), NULL));
    for (int i = 0; i < LAYERS; i++)
        h = est_tanh(l.g, est_matmul(l.g, h, w));
    if (EST_CHECK_OK(est__plan_new(
            l.g, &(est__plan_options){ .feeds = EST_NODES(x), .fetches = EST_NODES(h), .unfused = true },
            &plan)) &&
        EST_CHECK_OK(est__run_new(plan, NULL, &run))) {
        const est_tensor *value = lab_floats(&l, EST_SHAPE(SIDE, SIDE), NULL);
        EST_CHECK_OK(est__run_step(run, &value, 0));
        const char *low = NULL, *high = NULL;
        for (size_t v = 0; v < plan->num_values; v++) {
            const est__place *place = &run->frame.place[v];
            if (place->capacity == 0)
                continue;
            EST_CHECK(!place->own);
            low = low == NULL || place->p < low ? place->p : low;
            high = place->p + place->capacity > high ? place->p + place->capacity : high;
        }
        EST_CHECK(high - low <= 3 * SIDE * SIDE * (int)sizeof(float));
    }
    est__run_free(run);
    est__plan_free(plan);
    lab_end(&l);
}

/* Once all sizes have been there, steps take no memory, whatever comes again. */
static void no_allocation(void)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        fuzz f;
        est__plan *plan = NULL;
        est__run *run = NULL;
        est__pool *pool = NULL;
        EST_NEED(fuzz_begin(&f, seed));
        est__plan_options o = fuzz_options(&f);
        fuzz_feed(&f, 40);
        if (EST_CHECK_OK(est__pool_new(2, &pool)) && EST_CHECK_OK(est__plan_new(f.l.g, &o, &plan)) &&
            EST_CHECK_OK(est__run_new(plan, pool, &run))) {
            EST_CHECK_OK(est__run_step(run, f.l.value, 0));
            EST_CHECK_OK(est__run_step(run, f.l.value, 1));
            est_test_fail_allocation(0);
            for (uint64_t step = 2; step < 5; step++)
                EST_CHECK_OK(est__run_step(run, f.l.value, step));
            EST_CHECK_INT(est_test_fail_allocation(0), 0);
        }
        est__run_free(run);
        est__plan_free(plan);
        est__pool_free(pool);
        fuzz_end(&f);
    }
}

/* Planning, running and growing, with each allocation failing in turn: an error, and nothing lost. A run that
 * had no memory for a step does the next one right. */
static void memory_ends(void)
{
    fuzz f;
    est_tensor *wanted[FUZZ_FETCHES];
    EST_NEED(fuzz_begin(&f, 5));
    est__plan_options o = fuzz_options(&f);
    fuzz_feed(&f, 4);
    EST_NEED(lab_run(&f.l, o.fetches, (est_nodes){ 0 }, true, wanted));
    for (int64_t nth = 1;; nth++) {
        est__plan *plan = NULL;
        est__run *run = NULL;
        est_test_fail_allocation(nth);
        est_status st = est__plan_new(f.l.g, &o, &plan);
        if (st == EST_OK)
            st = est__run_new(plan, NULL, &run);
        if (st == EST_OK)
            st = est__run_step(run, f.l.value, 0);
        bool all = est_test_fail_allocation(0) < nth;
        if (!EST_CHECK(st == EST_OK || st == EST_RESOURCE_EXHAUSTED))
            fprintf(stderr, "%s\n", est_error());
        if (run && EST_CHECK_OK(est__run_step(run, f.l.value, 0)))
            for (size_t i = 0; i < FUZZ_FETCHES; i++)
                lab_same(est__run_fetch(run, i), wanted[i], "after memory had ended");
        est__run_free(run);
        est__plan_free(plan);
        if (all)
            break;
    }
    fuzz_end(&f);
}

EST_SUITE(runtime_memory, EST_TEST(any_size_after_any), EST_TEST(shared_for_some_sizes), EST_TEST(strings),
          EST_TEST(places_are_used_again), EST_TEST(no_allocation), EST_TEST(memory_ends));
