/* A hash map from byte strings to pointers: entries in insertion order, and an open-addressed table of their numbers. */
#include "base/base.h"

typedef struct entry {
    uint64_t hash;
    char *key;
    size_t length;
    void *value;
} entry;

struct est__map {
    entry *entries;
    size_t count, capacity;
    uint32_t *slots;   /* entry number + 1; 0: empty */
    size_t slot_count; /* a power of two */
    est__arena keys;
};

est__map *est__map_new(void)
{
    return est__calloc(1, sizeof(est__map));
}

void est__map_free(est__map *m)
{
    if (!m)
        return;
    est__arena_free(&m->keys);
    est__free(m->entries);
    est__free(m->slots);
    est__free(m);
}

/* The slot that holds the key, or the empty one where it belongs. */
static uint32_t *find(const est__map *m, const char *key, size_t length, uint64_t hash)
{
    size_t mask = m->slot_count - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &m->slots[i];
        if (!*slot)
            return slot;
        const entry *e = &m->entries[*slot - 1];
        if (e->hash == hash && e->length == length && memcmp(e->key, key, length) == 0)
            return slot;
    }
}

static est_status rehash(est__map *m, size_t slot_count)
{
    uint32_t *slots = est__calloc(slot_count, sizeof *slots);
    if (!slots)
        return est__fail_memory(slot_count * sizeof *slots);
    est__free(m->slots);
    m->slots = slots;
    m->slot_count = slot_count;
    for (size_t n = 0; n < m->count; n++) {
        size_t i = (size_t)m->entries[n].hash & (slot_count - 1);
        while (slots[i])
            i = (i + 1) & (slot_count - 1);
        slots[i] = (uint32_t)n + 1;
    }
    return EST_OK;
}

est_status est__map_put(est__map *m, const char *key, size_t length, void *value)
{
    uint64_t hash = est__fingerprint64(key, length);
    if (m->count * 2 >= m->slot_count)
        EST_TRY(rehash(m, m->slot_count ? m->slot_count * 2 : 16));
    uint32_t *slot = find(m, key, length, hash);
    if (*slot) {
        m->entries[*slot - 1].value = value;
        return EST_OK;
    }
    if (m->count >= UINT32_MAX - 1)
        return est__fail(EST_RESOURCE_EXHAUSTED, "a map holds no more than %zu keys", m->count);
    EST_TRY(est__grow(&m->entries, &m->capacity, m->count + 1, sizeof *m->entries));
    char *copy = est__arena_strndup(&m->keys, key, length);
    if (!copy)
        return est__fail_memory(length + 1);
    m->entries[m->count++] = (entry){ hash, copy, length, value };
    *slot = (uint32_t)m->count;
    return EST_OK;
}

void *est__map_get(const est__map *m, const char *key, size_t length)
{
    if (!m->count)
        return NULL;
    uint32_t number = *find(m, key, length, est__fingerprint64(key, length));
    return number ? m->entries[number - 1].value : NULL;
}

size_t est__map_size(const est__map *m)
{
    return m->count;
}

const char *est__map_key(const est__map *m, size_t i, size_t *length)
{
    if (length)
        *length = m->entries[i].length;
    return m->entries[i].key;
}

void *est__map_value(const est__map *m, size_t i)
{
    return m->entries[i].value;
}
