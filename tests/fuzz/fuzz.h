/* A fuzz target is LLVMFuzzerTestOneInput under libFuzzer, and a plain function in the unit tests
 * (fuzz/corpus.c): EST_FUZZ(table) { … data, size …; return 0; } */
#ifndef EST_TESTS_FUZZ_H
#define EST_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#ifdef EST_LIBFUZZER
#define EST_FUZZ_NAME(name) LLVMFuzzerTestOneInput
#else
#define EST_FUZZ_NAME(name) est_fuzz_##name
#endif

#define EST_FUZZ(name)                                              \
    int EST_FUZZ_NAME(name)(const uint8_t *data, size_t size);      \
    int EST_FUZZ_NAME(name)(const uint8_t *data, size_t size)

#endif
