/* Sketches of streams: exact up to their limits, within their bounds after them, and the same each time. */
#include <math.h>

#include "base/sketch.h"
#include "support/est_test.h"

static void add_number(est__value_counts *v, int64_t number)
{
    char text[32];
    int n = est__print(text, sizeof text, "%lld", (long long)number);
    EST_CHECK_OK(est__value_counts_add(v, text, (size_t)n));
}

static void values_are_counted_exactly(void)
{
    static const char *const texts[] = { "b", "a", "", "b", "a\n", "b", "a" };
    est__value_counts v = { .limit = 4 };
    const est__value **sorted;
    bool estimated;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        EST_CHECK_OK(est__value_counts_add(&v, texts[i], strlen(texts[i])));
    EST_CHECK_INT(est__value_counts_distinct(&v, &estimated), 4);
    EST_CHECK(!estimated && v.error == 0);
    EST_NEED_OK(est__value_counts_sorted(&v, &sorted));
    EST_CHECK_STR(sorted[0]->text, "b");
    EST_CHECK_INT(sorted[0]->count, 3);
    EST_CHECK_STR(sorted[1]->text, "a");
    EST_CHECK_INT(sorted[1]->count, 2);
    EST_CHECK_STR(sorted[2]->text, "");
    EST_CHECK_STR(sorted[3]->text, "a\n");
    EST_CHECK(est__value_counts_find(&v, "c", 1) == NULL);
    est__free(sorted);
    est__value_counts_free(&v);
}

/* Every third text is one of ten; the others never come again. */
static void frequent_values_survive(void)
{
    enum { ROWS = 200000 };
    est__value_counts v = { .limit = 1000 };
    bool estimated;
    for (int64_t i = 0; i < ROWS; i++)
        add_number(&v, i % 3 ? 100 + i : i / 3 % 10);
    double distinct = (double)est__value_counts_distinct(&v, &estimated);
    EST_CHECK(estimated && v.count <= v.limit);
    EST_CHECK_NEAR(distinct, 2.0 * ROWS / 3 + 10, 0.03 * 2 * ROWS / 3);
    EST_CHECK(v.error > 0 && v.error <= 2 * ROWS / 1000);
    for (char d = '0'; d <= '9'; d++) {
        const est__value *e = est__value_counts_find(&v, &d, 1);
        EST_NEED(e != NULL);
        EST_CHECK(e->count <= ROWS / 30 + 1 && e->count + v.error >= ROWS / 30);
    }
    est__value_counts_free(&v);
}

static void long_texts_are_kept_in_part(void)
{
    char text[1000];
    est__value_counts v = { .limit = 8 };
    bool estimated;
    memset(text, 'x', sizeof text);
    EST_CHECK_OK(est__value_counts_add(&v, text, sizeof text));
    EST_CHECK_OK(est__value_counts_add(&v, text, sizeof text - 1));
    EST_CHECK_INT(est__value_counts_distinct(&v, &estimated), 2);
    const est__value *e = est__value_counts_find(&v, text, sizeof text);
    EST_NEED(e != NULL);
    EST_CHECK(e->cut && e->length == EST__VALUE_KEPT);
    est__value_counts_free(&v);
}

static void hyperloglog_is_near(void)
{
    static const int64_t counts[] = { 0, 1, 10, 1000, 20000, 1000000 };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        unsigned char registers[EST__HLL_REGISTERS] = { 0 };
        for (int64_t k = 0; k < counts[i]; k++)
            est__hll_add(registers, est__fingerprint64(&k, sizeof k));
        EST_CHECK_NEAR(est__hll_count(registers), (double)counts[i], 0.025 * (double)counts[i]);
    }
}

static void quantiles_are_exact_at_first(void)
{
    est__quantiles q = { .exact = 64 };
    est__ranks r;
    EST_NEED_OK(est__quantiles_ranks(&q, &r));
    EST_CHECK(isnan(est__ranks_quantile(&r, 0.5)));
    est__ranks_free(&r);
    for (int i = 0; i < 11; i++)
        EST_CHECK_OK(est__quantiles_add(&q, (i * 7) % 11));
    EST_NEED_OK(est__quantiles_ranks(&q, &r));
    EST_CHECK(!q.estimated);
    EST_CHECK_NEAR(est__ranks_quantile(&r, 0), 0, 0);
    EST_CHECK_NEAR(est__ranks_quantile(&r, 0.25), 2.5, 0);
    EST_CHECK_NEAR(est__ranks_quantile(&r, 0.5), 5, 0);
    EST_CHECK_NEAR(est__ranks_quantile(&r, 1), 10, 0);
    EST_CHECK_INT(est__ranks_less(&r, 3), 3);
    EST_CHECK_INT(est__ranks_less(&r, 3.5), 4);
    EST_CHECK_INT(est__ranks_less(&r, 99), 11);
    est__ranks_free(&r);
    est__quantiles_free(&q);
}

/* 10^6 numbers in an order without one: 0 .. 999999 times a number that is prime to 10^6. */
static void quantiles_are_near_later(void)
{
    enum { COUNT = 1000000 };
    est__quantiles q = { .exact = 16384 };
    est__ranks r;
    size_t held = 0;
    for (int64_t i = 0; i < COUNT; i++)
        if (est__quantiles_add(&q, (double)(i * 387420489 % COUNT)) != EST_OK)
            break;
    EST_CHECK(q.estimated);
    for (int h = 0; h < q.levels; h++)
        held += q.level[h].count;
    EST_CHECK(held <= 16384);
    EST_NEED_OK(est__quantiles_ranks(&q, &r));
    EST_CHECK_INT(r.below[r.count], COUNT);
    for (int percent = 1; percent < 100; percent += 7)
        EST_CHECK_NEAR(est__ranks_quantile(&r, percent / 100.0), percent / 100.0 * COUNT, 0.003 * COUNT);
    est__ranks_free(&r);
    est__quantiles_free(&q);
}

EST_SUITE(base_sketch, EST_TEST(values_are_counted_exactly), EST_TEST(frequent_values_survive), EST_TEST(long_texts_are_kept_in_part),
          EST_TEST(hyperloglog_is_near), EST_TEST(quantiles_are_exact_at_first), EST_TEST(quantiles_are_near_later));
