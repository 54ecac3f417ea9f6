/* Every allocation of the library goes through the host's allocator, which is malloc's family unless it gave another. */
#include <stdlib.h>
#include <sys/mman.h>

#include <estimator/base.h>

#include "base/base.h"

#define ALIGNMENT 64
#define HUGE_PAGE ((size_t)2 << 20)

static void *plain_allocate(size_t size, void *user)
{
    (void)user;
    return malloc(size);
}

static void *plain_reallocate(void *p, size_t size, void *user)
{
    (void)user;
    return realloc(p, size);
}

static void plain_release(void *p, void *user)
{
    (void)user;
    free(p);
}

static const est_allocator plain = { plain_allocate, plain_reallocate, plain_release, NULL };
static est_allocator current = { plain_allocate, plain_reallocate, plain_release, NULL };

void est_set_allocator(const est_allocator *allocator)
{
    current = allocator ? *allocator : plain;
}

void *est__malloc(size_t size)
{
    return current.allocate(size ? size : 1, current.user);
}

void *est__calloc(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    if (current.allocate == plain_allocate) /* fresh pages are zero already */
        return calloc(count ? count : 1, size ? size : 1);
    void *p = est__malloc(count * size);
    if (p)
        memset(p, 0, count * size);
    return p;
}

void *est__realloc(void *p, size_t size)
{
    if (!p)
        return est__malloc(size);
    return current.reallocate(p, size ? size : 1, current.user);
}

void est__free(void *p)
{
    if (p)
        current.release(p, current.user);
}

/* Rows of a large table are read here and there: with huge pages, where the system has them, such a read misses the cache once,
 * not also in the page table. */
static void ask_for_huge_pages(void *p, size_t size)
{
#ifdef MADV_HUGEPAGE
    (void)madvise(p, size / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);   /* a wish: small pages do as well */
#else
    (void)p, (void)size;
#endif
}

/* The host's allocator knows no alignment: the block it gave is remembered in front of the aligned one. */
void *est__malloc_aligned(size_t size)
{
    const bool large = size >= 2 * HUGE_PAGE && current.allocate == plain_allocate;
    const size_t alignment = large ? HUGE_PAGE : ALIGNMENT, extra = alignment + sizeof(void *);
    if (size > SIZE_MAX - extra)
        return NULL;
    char *whole = est__malloc(size + extra);
    if (!whole)
        return NULL;
    char *p = whole + sizeof(void *);
    p += (alignment - (uintptr_t)p % alignment) % alignment;
    memcpy(p - sizeof(void *), &whole, sizeof(void *));
    if (large)
        ask_for_huge_pages(p, size);
    return p;
}

void est_text_free(char *text)
{
    est__free(text);
}

void est__free_aligned(void *p)
{
    void *whole;
    if (!p)
        return;
    memcpy(&whole, (char *)p - sizeof(void *), sizeof(void *));
    est__free(whole);
}

char *est__strndup(const char *s, size_t n)
{
    char *copy = n < SIZE_MAX ? est__malloc(n + 1) : NULL;
    if (copy) {
        memcpy(copy, s, n);
        copy[n] = '\0';
    }
    return copy;
}

char *est__strdup(const char *s)
{
    return est__strndup(s, strlen(s));
}

est_status est__grow(void *p_to_pointer, size_t *cap, size_t need, size_t element_size)
{
    if (need <= *cap)
        return EST_OK;
    if (need > SIZE_MAX / 2 / element_size)
        return est__fail_memory(SIZE_MAX);
    size_t wanted = *cap < 8 ? 8 : *cap;
    while (wanted < need)
        wanted *= 2;
    void *p;
    memcpy(&p, p_to_pointer, sizeof p);
    p = est__realloc(p, wanted * element_size);
    if (!p)
        return est__fail_memory(wanted * element_size);
    memcpy(p_to_pointer, &p, sizeof p);
    *cap = wanted;
    return EST_OK;
}
