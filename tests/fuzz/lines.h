/* A text as a block of lines, with the line feed and the slack that the reader puts after it. */
#ifndef EST_TESTS_FUZZ_LINES_H
#define EST_TESTS_FUZZ_LINES_H

#include "data/files.h"

static inline est_status fuzz_block(est__block *b, const uint8_t *data, size_t size)
{
    b->size = size;
    b->text = est__calloc(size + 1 + EST__TEXT_SLACK, 1);
    if (!b->text)
        return est__fail_memory(size);
    if (size)
        memcpy(b->text, data, size);
    b->text[size] = '\n';
    return EST_OK;
}

#endif
