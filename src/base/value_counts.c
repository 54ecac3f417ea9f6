/* Different texts and how often each comes. Up to a limit all are counted. After it: frequent items by Misra
 * and Gries 1982, in the form of Anderson et al. 2017 ("A High-Performance Algorithm for Identifying Frequent
 * Items in Data Streams"): when the table is full, the median of its counts is taken off all of them, and
 * what has none left is dropped; and the number of different texts by HyperLogLog. */
#include <stdlib.h>

#include "base/sketch.h"

static est__value *lookup(const est__value_counts *v, uint64_t hash, size_t *slot)
{
    size_t mask = v->slot_count - 1;
    for (*slot = (size_t)hash & mask; v->slots[*slot]; *slot = (*slot + 1) & mask) {
        est__value *e = &v->entries[v->slots[*slot] - 1];
        if (e->hash == hash)        /* of 64 bits: two texts of one hash are not expected in one file */
            return e;
    }
    return NULL;
}

static void fill_slots(est__value_counts *v)
{
    size_t slot;
    memset(v->slots, 0, v->slot_count * sizeof *v->slots);
    for (size_t i = 0; i < v->count; i++) {
        (void)lookup(v, v->entries[i].hash, &slot);
        v->slots[slot] = (uint32_t)i + 1;
    }
}

static est_status grow_slots(est__value_counts *v)
{
    size_t wanted = v->slot_count ? 2 * v->slot_count : 64;
    uint32_t *slots = est__malloc(wanted * sizeof *slots);
    if (!slots)
        return est__fail_memory(wanted * sizeof *slots);
    est__free(v->slots);
    v->slots = slots;
    v->slot_count = wanted;
    fill_slots(v);
    return EST_OK;
}

static int by_count(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static est_status median(const est__value_counts *v, int64_t *out)
{
    int64_t *counts = est__malloc(v->count * sizeof *counts);
    if (!counts)
        return est__fail_memory(v->count * sizeof *counts);
    for (size_t i = 0; i < v->count; i++)
        counts[i] = v->entries[i].count;
    qsort(counts, v->count, sizeof *counts, by_count);
    *out = counts[v->count / 2];
    est__free(counts);
    return EST_OK;
}

/* The first time, whatever came is still in the table, and so nothing is missing in HyperLogLog's
 * registers. */
static est_status start_estimating(est__value_counts *v)
{
    if (v->registers)
        return EST_OK;
    v->registers = est__calloc(EST__HLL_REGISTERS, 1);
    if (!v->registers)
        return est__fail_memory(EST__HLL_REGISTERS);
    for (size_t i = 0; i < v->count; i++)
        est__hll_add(v->registers, v->entries[i].hash);
    return EST_OK;
}

/* Half of the table at least becomes free. */
static est_status purge(est__value_counts *v)
{
    est__arena texts = { 0 };
    int64_t taken = 0;
    size_t kept = 0;
    EST_TRY(start_estimating(v));
    EST_TRY(median(v, &taken));
    for (size_t i = 0; i < v->count; i++) {
        est__value e = v->entries[i];
        e.count -= taken;
        if (e.count <= 0)
            continue;
        e.text = est__arena_strndup(&texts, e.text, e.length);
        if (!e.text) {
            est__arena_free(&texts);
            return est__fail_memory(e.length);
        }
        v->entries[kept++] = e;
    }
    est__arena_free(&v->texts);
    v->texts = texts;
    v->count = kept;
    v->error += taken;
    fill_slots(v);
    return EST_OK;
}

est_status est__value_counts_add(est__value_counts *v, const char *text, size_t n)
{
    uint64_t hash = est__fingerprint64(text, n);
    size_t slot, kept = n < EST__VALUE_KEPT ? n : EST__VALUE_KEPT;
    if (v->registers)
        est__hll_add(v->registers, hash);
    est__value *e = v->slot_count ? lookup(v, hash, &slot) : NULL;
    if (e) {
        e->count++;
        return EST_OK;
    }
    if (v->count == v->limit) {
        EST_TRY(purge(v));
        est__hll_add(v->registers, hash);
    }
    EST_TRY(est__grow(&v->entries, &v->capacity, v->count + 1, sizeof *v->entries));
    if (2 * (v->count + 1) > v->slot_count)
        EST_TRY(grow_slots(v));
    char *copy = est__arena_strndup(&v->texts, text, kept);
    if (!copy)
        return est__fail_memory(kept);
    (void)lookup(v, hash, &slot);
    v->entries[v->count++] =
        (est__value){ .hash = hash, .text = copy, .length = kept, .cut = kept < n, .count = 1 };
    v->slots[slot] = (uint32_t)v->count;
    return EST_OK;
}

int64_t est__value_counts_distinct(const est__value_counts *v, bool *estimated)
{
    *estimated = v->registers != NULL;
    return v->registers ? (int64_t)(est__hll_count(v->registers) + 0.5) : (int64_t)v->count;
}

const est__value *est__value_counts_find(const est__value_counts *v, const char *text, size_t n)
{
    size_t slot;
    return v->slot_count ? lookup(v, est__fingerprint64(text, n), &slot) : NULL;
}

static int more_often(const void *a, const void *b)
{
    const est__value *x = *(const est__value *const *)a, *y = *(const est__value *const *)b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    size_t n = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->text, y->text, n);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

est_status est__value_counts_sorted(const est__value_counts *v, const est__value ***out)
{
    *out = est__malloc((v->count + 1) * sizeof **out);
    if (!*out)
        return est__fail_memory(v->count * sizeof **out);
    for (size_t i = 0; i < v->count; i++)
        (*out)[i] = &v->entries[i];
    qsort(*out, v->count, sizeof **out, more_often);
    return EST_OK;
}

void est__value_counts_free(est__value_counts *v)
{
    est__arena_free(&v->texts);
    est__free(v->entries);
    est__free(v->slots);
    est__free(v->registers);
    *v = (est__value_counts){ .limit = v->limit };
}
