/* An arena hands out pieces of growing blocks; what is larger than a block gets one of its own. */
#include "base/base.h"

enum { FIRST_BLOCK = 1024, LARGEST_BLOCK = 64 * 1024, ALIGNMENT = 16 };

typedef struct est__arena_block {
    struct est__arena_block *next;
    size_t used, size;
    _Alignas(ALIGNMENT) char data[];
} block;

static block *add_block(est__arena *a, size_t need)
{
    size_t size = a->blocks && a->blocks->size < LARGEST_BLOCK / 2 ? a->blocks->size * 2 : FIRST_BLOCK;
    if (a->blocks && a->blocks->size >= LARGEST_BLOCK / 2)
        size = LARGEST_BLOCK;
    if (size < need)
        size = need;
    if (size > SIZE_MAX - sizeof(block))
        return NULL;
    block *b = est__calloc(1, sizeof *b + size);
    if (!b)
        return NULL;
    b->size = size;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *est__arena_alloc(est__arena *a, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    block *b = a->blocks;
    if (!b || b->size - b->used < size)
        b = add_block(a, size);
    if (!b)
        return NULL;
    void *p = b->data + b->used;
    b->used += size;
    return p;
}

char *est__arena_strndup(est__arena *a, const char *s, size_t n)
{
    char *copy = n < SIZE_MAX ? est__arena_alloc(a, n + 1) : NULL;
    if (copy)
        memcpy(copy, s, n);
    return copy;
}

char *est__arena_strdup(est__arena *a, const char *s)
{
    return est__arena_strndup(a, s, strlen(s));
}

char *est__arena_printf(est__arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = est__vprint(NULL, 0, format, args);
    char *s = n >= 0 ? est__arena_alloc(a, (size_t)n + 1) : NULL;
    if (s)
        est__vprint(s, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return s;
}

void est__arena_free(est__arena *a)
{
    for (block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        est__free(b);
    }
    a->blocks = NULL;
}
