/* A fuzz target is LLVMFuzzerTestOneInput under libFuzzer, and a plain function in the unit tests
 * (fuzz/corpus.c): EST_FUZZ(table) { … data, size …; return 0; } */
#ifndef EST_TESTS_FUZZ_H
#define EST_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef EST_LIBFUZZER
#define EST_FUZZ_NAME(name) LLVMFuzzerTestOneInput
#else
#define EST_FUZZ_NAME(name) est_fuzz_##name
#endif

#define EST_FUZZ(name)                                              \
    int EST_FUZZ_NAME(name)(const uint8_t *data, size_t size);      \
    int EST_FUZZ_NAME(name)(const uint8_t *data, size_t size)

/* Where this process may write: the beginning of a path, the same every time. */
static inline const char *fuzz_temporary(void)
{
    static char path[256];
    const char *dir = getenv("TMPDIR");
    if (!*path)
        snprintf(path, sizeof path, "%.200s/est-fuzz-%ld", dir && *dir ? dir : "/tmp", (long)getpid());
    return path;
}

/* What must hold whatever the input is. */
#define EST_FUZZ_CHECK(condition) ((condition) ? (void)0 : abort())

#endif
