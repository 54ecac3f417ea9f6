/* Bins: a value each while there are enough, equal shares else; missing values and rare categories. */
#include <math.h>
#include <stdlib.h>

#include "support/est_test.h"
#include "trees/trees.h"

static est__tree_feature cut(bool categorical, const float *values, int n, int most)
{
    est__tree_feature f = { .name = "x", .categorical = categorical };
    float *copy = calloc(2 * (size_t)n + 1, sizeof *copy);
    if (n)
        memcpy(copy, values, (size_t)n * sizeof *copy);
    EST_CHECK_OK(est__tree_cuts(&f, copy, n, most, copy + n));
    free(copy);
    return f;
}

static int bin_of(const est__tree_feature *f, float x)
{
    uint64_t word[3] = { 0 };
    est__tree_bins(f, (const float[]){ x, 0, x, 0, x }, 2, 3, word, 16);
    EST_CHECK(word[0] == word[1] && word[1] == word[2] && (word[0] & 0xffff) == 0);
    return (int)(word[0] >> 16);
}

static void a_bin_for_each_value(void)
{
    est__tree_feature f = cut(false, (const float[]){ 3, NAN, -1, 3, 0, -0.0f, 7, NAN, -1 }, 9, 255);
    EST_CHECK_INT(f.bins, 4);
    EST_CHECK_NEAR((double)f.cut[0], -0.5, 0);
    EST_CHECK_NEAR((double)f.cut[1], 1.5, 0);
    EST_CHECK_NEAR((double)f.cut[2], 5, 0);
    static const struct { float x; int bin; } cases[] = { { -1, 0 }, { 0, 1 }, { -0.0f, 1 }, { 3, 2 }, { 7, 3 }, { NAN, 4 }, { -INFINITY, 0 },
                                                          { INFINITY, 3 }, { 1.5f, 1 }, { 1.6f, 2 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EST_CHECK_INT(bin_of(&f, cases[i].x), cases[i].bin);
    est__free(f.cut);
}

static void odd_values(void)
{
    est__tree_feature none = cut(false, NULL, 0, 255), missing = cut(false, (const float[]){ NAN, NAN }, 2, 255);
    EST_CHECK_INT(none.bins, 1);
    EST_CHECK_INT(bin_of(&missing, NAN), 1);
    EST_CHECK_INT(bin_of(&missing, 5), 0);
    float near = nextafterf(1, 2);
    est__tree_feature f = cut(false, (const float[]){ INFINITY, near, 1, -INFINITY, 3e38f, -3e38f }, 6, 255);
    EST_CHECK_INT(f.bins, 6);
    EST_CHECK_INT(bin_of(&f, 1), 2);
    EST_CHECK_INT(bin_of(&f, near), 3);
    EST_CHECK_INT(bin_of(&f, INFINITY), 5);
    for (int i = 1; i < 5; i++)
        EST_CHECK(f.cut[i - 1] < f.cut[i]);
    est__free(none.cut);
    est__free(missing.cut);
    est__free(f.cut);
}

static void equal_shares(void)
{
    float x[1000];
    int count[16] = { 0 };
    for (int i = 0; i < 1000; i++)
        x[i] = (float)((i * 7919) % 1000);
    for (int i = 0; i < 400; i++)
        x[i] = 500;
    est__tree_feature f = cut(false, x, 1000, 10);
    EST_CHECK_INT(f.bins, 10);
    for (int i = 0; i < 1000; i++)
        count[bin_of(&f, x[i])]++;
    for (int b = 0; b < f.bins; b++)
        if (b != bin_of(&f, 500))
            EST_CHECK(count[b] > 30 && count[b] < 120);
    est__free(f.cut);
}

static void frequent_categories(void)
{
    est__tree_feature f = cut(true, (const float[]){ 9, 4, 4, NAN, 2, 9, 9, 7 }, 8, 3);
    EST_CHECK_INT(f.bins, 3);   /* 9, 4, and of the equally rare ones the first */
    EST_CHECK_INT(bin_of(&f, 2), 0);
    EST_CHECK_INT(bin_of(&f, 4), 1);
    EST_CHECK_INT(bin_of(&f, 9), 2);
    EST_CHECK_INT(bin_of(&f, 7), 3);
    EST_CHECK_INT(bin_of(&f, NAN), 3);
    est__free(f.cut);
}

EST_SUITE(trees_cuts, EST_TEST(a_bin_for_each_value), EST_TEST(odd_values), EST_TEST(equal_shares), EST_TEST(frequent_categories));
