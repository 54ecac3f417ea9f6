/* The pool: every block once, the same cut on any number of threads, from several callers at once and from inside. */
#include <stdatomic.h>

#include "base/base.h"
#include "support/est_test.h"

enum { N = 100003, BLOCK = 1000, BLOCKS = (N + BLOCK - 1) / BLOCK };

typedef struct sum {
    float partial[BLOCKS];
    atomic_int calls;
} sum;

static void sum_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    sum *s = arg;
    float total = 0;
    for (int64_t i = begin; i < end; i++)
        total += 1.0f / (float)(i + 1);
    s->partial[block] = total;
    atomic_fetch_add(&s->calls, 1);
}

static float sum_up(est__pool *p)
{
    sum s = { .calls = 0 };
    est__for_blocks(p, N, BLOCK, sum_block, &s);
    EST_CHECK_INT(atomic_load(&s.calls), BLOCKS);
    float total = 0;
    for (int i = 0; i < BLOCKS; i++)
        total += s.partial[i];
    return total;
}

static void sums_are_the_same_on_any_number_of_threads(void)
{
    float wanted = sum_up(NULL);
    for (int threads = 1; threads <= 5; threads++) {
        est__pool *p;
        EST_NEED_OK(est__pool_new(threads, &p));
        EST_CHECK_INT(est__pool_threads(p), threads);
        for (int i = 0; i < 50; i++) {
            float got = sum_up(p);
            EST_CHECK_BYTES(&got, sizeof got, &wanted, sizeof wanted);
        }
        est__pool_free(p);
    }
}

static void note_cut(void *arg, int64_t block, int64_t begin, int64_t end)
{
    int64_t *cut = arg;
    cut[2 * block] = begin;
    cut[2 * block + 1] = end;
}

static void cuts_by_size(void)
{
    int64_t cut[6] = { 0 };
    est__for_blocks(NULL, 25, 10, note_cut, cut);
    EST_CHECK_BYTES(cut, sizeof cut, ((int64_t[]){ 0, 10, 10, 20, 20, 25 }), sizeof cut);
    memset(cut, 0xff, sizeof cut);
    est__for_blocks(NULL, 0, 10, note_cut, cut);
    EST_CHECK_INT(cut[0], -1);
}

typedef struct nest {
    est__pool *pool;
    float sums[8];
} nest;

static void nested(void *arg, int64_t block, int64_t begin, int64_t end)
{
    nest *n = arg;
    sum *s = est__calloc(1, sizeof *s);
    (void)begin;
    (void)end;
    est__for_blocks(n->pool, N, BLOCK, sum_block, s);
    for (int i = 0; i < BLOCKS; i++)
        n->sums[block] += s->partial[i];
    est__free(s);
}

static void blocks_may_cut_again(void)
{
    nest n = { NULL, { 0 } };
    float wanted = sum_up(NULL);
    EST_NEED_OK(est__pool_new(3, &n.pool));
    est__for_blocks(n.pool, 8, 1, nested, &n);
    for (int i = 0; i < 8; i++)
        EST_CHECK(n.sums[i] == wanted);
    est__pool_free(n.pool);
}

static void *call_often(void *arg)
{
    nest n = { arg, { 0 } };
    for (int i = 0; i < 20; i++)
        nested(&n, 0, 0, 0);
    return NULL;
}

static void callers_may_share_a_pool(void)
{
    est__pool *p;
    pthread_t threads[4];
    EST_NEED_OK(est__pool_new(2, &p));
    for (int i = 0; i < 4; i++)
        EST_NEED(pthread_create(&threads[i], NULL, call_often, p) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    est__pool_free(p);
}

static void takes_only_sane_numbers(void)
{
    est__pool *p;
    EST_CHECK_FAILS(est__pool_new(-1, &p), EST_INVALID_ARGUMENT, "threads is -1; 0 (all cores) to 1024 are possible");
    EST_CHECK(!p);
    EST_NEED_OK(est__pool_new(0, &p));
    EST_CHECK(est__pool_threads(p) >= 1);
    est__pool_free(p);
    EST_CHECK_INT(est__pool_threads(NULL), 1);
}

EST_SUITE(base_pool, EST_TEST(sums_are_the_same_on_any_number_of_threads), EST_TEST(cuts_by_size), EST_TEST(blocks_may_cut_again),
          EST_TEST(callers_may_share_a_pool), EST_TEST(takes_only_sane_numbers));
