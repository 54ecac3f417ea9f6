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

static inline bool fuzz_same_rows(const est__table *a, const est__table *b)
{
    bool same = a->rows == b->rows && a->count == b->count;
    for (int i = 0; same && a->rows && i < a->count; i++) {
        const est__column *c = &a->column[i], *d = &b->column[i];
        size_t n = (size_t)est__column_at(c, a->rows), size = c->dtype == EST_STRING ? sizeof(int64_t) : est_dtype_size(c->dtype);
        same = n == (size_t)est__column_at(d, a->rows) && (!n || !memcmp(c->data, d->data, n * size));
        if (same && n && c->dtype == EST_STRING) {
            size_t bytes = (size_t)est__column_offsets(c)[n];
            same = bytes == (size_t)est__column_offsets(d)[n] && (!bytes || !memcmp(c->bytes, d->bytes, bytes));
        }
    }
    return same;
}

#endif
