/* The fuzz targets over their seeds, over each seed cut at every length, and with every bit flipped: none may
 * crash. */
#include <stdlib.h>

#include "base/base.h"
#include "fuzz/fuzz.h"
#include "support/est_test.h"

typedef int (*target)(const uint8_t *data, size_t size);

int est_fuzz_tfrecord(const uint8_t *data, size_t size);
int est_fuzz_table(const uint8_t *data, size_t size);
int est_fuzz_bundle(const uint8_t *data, size_t size);
int est_fuzz_example(const uint8_t *data, size_t size);
int est_fuzz_jsonl(const uint8_t *data, size_t size);
int est_fuzz_libsvm(const uint8_t *data, size_t size);
int est_fuzz_numpy(const uint8_t *data, size_t size);
int est_fuzz_sequence_example(const uint8_t *data, size_t size);
int est_fuzz_saved_model(const uint8_t *data, size_t size);
int est_fuzz_checkpoint_state(const uint8_t *data, size_t size);
int est_fuzz_csv(const uint8_t *data, size_t size);
int est_fuzz_yaml(const uint8_t *data, size_t size);

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

static void mangle(target fuzz, uint8_t *data, size_t size)
{
    for (size_t n = 0; n <= size; n++)
        run(fuzz, data, n);
    for (size_t bit = 0; bit < 8 * size; bit++) {
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
        mangle(fuzz, (uint8_t *)data, size);
        est__free(data);
    }
    est__names_free(&seeds);
}

static void tfrecord(void)
{
    over_corpus(est_fuzz_tfrecord, "tfrecord");
}

static void table(void)
{
    over_corpus(est_fuzz_table, "table");
}

static void bundle(void)
{
    over_corpus(est_fuzz_bundle, "bundle");
}

static void example(void)
{
    over_corpus(est_fuzz_example, "example");
}

static void jsonl(void)
{
    over_corpus(est_fuzz_jsonl, "jsonl");
}

static void libsvm(void)
{
    over_corpus(est_fuzz_libsvm, "libsvm");
}

static void numpy(void)
{
    over_corpus(est_fuzz_numpy, "numpy");
}

static void sequence_example(void)
{
    over_corpus(est_fuzz_sequence_example, "sequence_example");
}

static void saved_model(void)
{
    over_corpus(est_fuzz_saved_model, "saved_model");
}

static void checkpoint_state(void)
{
    over_corpus(est_fuzz_checkpoint_state, "checkpoint_state");
}

static void csv(void)
{
    over_corpus(est_fuzz_csv, "csv");
}

static void yaml(void)
{
    over_corpus(est_fuzz_yaml, "yaml");
}

EST_SUITE(fuzz_corpus, EST_TEST(tfrecord), EST_TEST(table), EST_TEST(bundle), EST_TEST(example),
          EST_TEST(jsonl), EST_TEST(libsvm), EST_TEST(numpy), EST_TEST(sequence_example), EST_TEST(saved_model),
          EST_TEST(checkpoint_state), EST_TEST(csv), EST_TEST(yaml));
