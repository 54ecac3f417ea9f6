/* The fuzz targets over their seeds, over each seed cut at every length, and with every bit flipped: none may
 * crash. */
#include <stdlib.h>

#include "base/base.h"
#include "fuzz/fuzz.h"
#include "support/est_test.h"

typedef int (*target)(const uint8_t *data, size_t size);

#define X(name) int est_fuzz_##name(const uint8_t *data, size_t size);
#include "fuzz/targets.h"
#undef X

enum { MOST_RUNS = 1500 };   /* of a target */

/* A copy of exactly `size` bytes each time, so that the sanitizer sees a read beyond. */
static void run(target fuzz, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        return;
    if (size)
        memcpy(copy, data, size);
    fuzz(copy, size);
    free(copy);
}

/* Every length and every bit, or `runs` of them, evenly chosen. */
static void mangle(target fuzz, uint8_t *data, size_t size, size_t runs)
{
    size_t step = 9 * size / runs + 1;
    for (size_t n = 0; n <= size; n += step)
        run(fuzz, data, n);
    run(fuzz, data, size);
    for (size_t bit = 0; bit < 8 * size; bit += step) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        run(fuzz, data, size);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void over_corpus(target fuzz, const char *name)
{
    est__names seeds;
    const char *dir = EST_TEST_DATA(est_test_text("tests/fuzz/corpus/%s", name));
    EST_NEED_OK(est__list_dir(dir, &seeds));
    EST_CHECK(seeds.count > 0);
    for (size_t i = 0; i < seeds.count; i++) {
        char *data;
        size_t size;
        if (!EST_CHECK_OK(est__file_read(est_test_text("%s/%s", dir, seeds.name[i]), 1 << 16, &data, &size)))
            continue;
        mangle(fuzz, (uint8_t *)data, size, MOST_RUNS / seeds.count + 1);
        est__free(data);
    }
    est__names_free(&seeds);
}

#define X(name)                                     \
    static void name(void)                          \
    {                                               \
        over_corpus(est_fuzz_##name, #name);        \
    }
#include "fuzz/targets.h"
#undef X

#define X(name) EST_TEST(name),
const est_test est_suite_fuzz_corpus[] = {
#include "fuzz/targets.h"
    { NULL, NULL }
};
#undef X
