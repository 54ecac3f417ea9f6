/* TFRecord's frames with checksums that fit, so that what lies behind them is reached. */
#ifndef EST_TESTS_FUZZ_FRAMES_H
#define EST_TESTS_FUZZ_FRAMES_H

#include <stdlib.h>
#include <string.h>

#include "formats/tfrecord.h"

static inline void fuzz_put_crc(uint8_t *p, const uint8_t *data, size_t n)
{
    uint32_t crc = est__crc32c_mask(est__crc32c(0, data, n));
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(crc >> 8 * i);
}

/* A copy of the bytes; NULL: no memory, or not even one frame. */
static inline uint8_t *fuzz_mend_frames(const uint8_t *data, size_t size)
{
    enum { HEADER = EST__TFRECORD_HEADER, TRAILER = EST__TFRECORD_TRAILER };
    uint8_t *file = size >= HEADER ? malloc(size) : NULL;
    if (!file)
        return NULL;
    memcpy(file, data, size);
    for (size_t at = 0; size - at >= HEADER;) {
        uint64_t n = est__u64le(file + at);
        fuzz_put_crc(file + at + 8, file + at, 8);
        if (n > size || n + HEADER + TRAILER > size - at)
            break;
        fuzz_put_crc(file + at + HEADER + n, file + at + HEADER, (size_t)n);
        at += HEADER + n + TRAILER;
    }
    return file;
}

#endif
