/* One plan for many threads, and many threads for one plan: the same bits. */
#include <stdatomic.h>

#include "runtime/fuzz.h"

enum { THREADS = 4, RUNS = 30 };

typedef struct worker {
    pthread_t thread;
    const est__plan *plan;
    const est_tensor *const *feeds;
    est_tensor *const *wanted;
    int differences;
} worker;

static void *work(void *arg)
{
    worker *w = arg;
    est__run *run;
    if (est__run_new(w->plan, NULL, &run) != EST_OK) {
        w->differences = -1;
        return NULL;
    }
    for (int i = 0; i < RUNS; i++) {
        if (est__run_step(run, w->feeds, 0) != EST_OK)
            w->differences++;
        for (size_t j = 0; j < FUZZ_FETCHES; j++) {
            const est_tensor *got = est__run_fetch(run, j);
            w->differences += memcmp(got->data, w->wanted[j]->data, est__tensor_bytes(got)) != 0;
        }
    }
    est__run_free(run);
    return NULL;
}

static void one_plan_many_runs(void)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        fuzz f;
        est__plan *plan = NULL;
        est_tensor *wanted[FUZZ_FETCHES];
        worker workers[THREADS];
        EST_NEED(fuzz_begin(&f, seed));
        est__plan_options o = fuzz_options(&f);
        fuzz_feed(&f, 30);
        if (lab_run(&f.l, o.fetches, (est_nodes){ 0 }, false, wanted) &&
            EST_CHECK_OK(est__plan_new(f.l.g, &o, &plan))) {
            for (int i = 0; i < THREADS; i++) {
                workers[i] = (worker){ .plan = plan, .feeds = f.l.value, .wanted = wanted };
                EST_CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
            }
            for (int i = 0; i < THREADS; i++) {
                pthread_join(workers[i].thread, NULL);
                EST_CHECK_INT(workers[i].differences, 0);
            }
        }
        est__plan_free(plan);
        fuzz_end(&f);
    }
}

/* Large enough that kernels cut their work. */
static void any_number_of_threads(void)
{
    static const int threads[] = { 1, 2, 4 };
    for (uint64_t seed = 1; seed <= 12; seed++) {
        fuzz f;
        est__plan *plan = NULL;
        est_tensor *first[FUZZ_FETCHES];
        EST_NEED(fuzz_begin(&f, seed));
        est__plan_options o = fuzz_options(&f);
        fuzz_feed(&f, 30011);
        EST_CHECK_OK(est__plan_new(f.l.g, &o, &plan));
        for (int t = 0; t < 3 && plan; t++) {
            est__pool *pool = NULL;
            est__run *run = NULL;
            if (EST_CHECK_OK(est__pool_new(threads[t], &pool)) &&
                EST_CHECK_OK(est__run_new(plan, pool, &run)) &&
                EST_CHECK_OK(est__run_step(run, f.l.value, 0)))
                for (size_t i = 0; i < FUZZ_FETCHES; i++) {
                    char what[60];
                    snprintf(what, sizeof what, "seed %d, %d threads", (int)seed, threads[t]);
                    if (t > 0)
                        lab_same(est__run_fetch(run, i), first[i], what);
                    else if (EST_CHECK_OK(est_tensor_copy(est__run_fetch(run, i), &first[i])))
                        lab_keep(&f.l, first[i]);
                }
            est__run_free(run);
            est__pool_free(pool);
        }
        est__plan_free(plan);
        fuzz_end(&f);
    }
}

EST_SUITE(runtime_threads, EST_TEST(one_plan_many_runs), EST_TEST(any_number_of_threads));
