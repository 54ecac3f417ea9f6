/* The table behind the lookup ops. */
#include "ops/lookup_table.h"

static void table_free(est__resource *r)
{
    est__table *t = (est__table *)r;
    est_tensor_free(t->keys);
    est_tensor_free(t->values);
    est__free(t->slot);
    est__free(t);
}

const est__resource_kind est__table_kind = { .name = "lookup table", .free = table_free };

est_status est__table_new(const char *name, est_dtype key, est_dtype value, est__table **out)
{
    est__table *t = est__calloc(1, sizeof *t);
    *out = NULL;
    if (t == NULL || (t->base.name = est__strdup(name)) == NULL) {
        est__free(t);
        return est__fail_memory(sizeof *t);
    }
    t->base.kind = &est__table_kind;
    t->key_dtype = key;
    t->value_dtype = value;
    *out = t;
    return EST_OK;
}

/* Fingerprint64 for strings; for integers the finalizer of splitmix64. */
static uint64_t hash(const est_tensor *keys, int64_t i)
{
    if (keys->dtype == EST_STRING) {
        size_t n;
        const char *s = est_tensor_string(keys, i, &n);
        return est__fingerprint64(s, n);
    }
    uint64_t x = (uint64_t)est__int_at(keys, i);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static bool same(const est_tensor *a, int64_t i, const est_tensor *b, int64_t j)
{
    if (a->dtype == EST_STRING) {
        size_t n, m;
        const char *s = est_tensor_string(a, i, &n), *t = est_tensor_string(b, j, &m);
        return n == m && memcmp(s, t, n) == 0;
    }
    size_t size = est_dtype_size(a->dtype);
    return memcmp((const char *)a->data + (size_t)i * size, (const char *)b->data + (size_t)j * size, size) ==
           0;
}

/* The slot that holds keys[i], or the free one where it belongs. */
static uint64_t slot_of(const est__table *t, const est_tensor *keys, int64_t i)
{
    uint64_t at = hash(keys, i) & t->mask;
    while (t->slot[at] != 0 && !same(t->keys, t->slot[at] - 1, keys, i))
        at = (at + 1) & t->mask;
    return at;
}

int64_t est__table_find(const est__table *t, const est_tensor *keys, int64_t i)
{
    return t->slot[slot_of(t, keys, i)] - 1;
}

static const char *element_text(const est_tensor *t, int64_t i, char text[96])
{
    if (t->dtype == EST_STRING) {
        size_t n;
        const char *s = est_tensor_string(t, i, &n);
        snprintf(text, 96, "\"%.*s\"", n < 80 ? (int)n : 80, s);
    } else if (est__dtype_is_float(t->dtype)) {
        est__format_double(text, est__tensor_get(t, i));
    } else {
        snprintf(text, 96, "%lld",
                 (long long)(t->dtype == EST_BOOL ? ((const bool *)t->data)[i] : est__int_at(t, i)));
    }
    return text;
}

static est_status refuse(const est_tensor *keys, const est_tensor *values, int64_t i,
                         const est_tensor *old_values, int64_t old, const char *where)
{
    char key[96], a[96], b[96];
    return est__fail(EST_INVALID_ARGUMENT, "entry %lld: the key %s has the value %s, but %s in entry %lld%s",
                     (long long)i + 1, element_text(keys, i, key), element_text(values, i, a),
                     element_text(old_values, old, b), (long long)old + 1, where);
}

static est_status fill(est__table *t)
{
    int64_t n = est__tensor_elements(t->keys);
    uint64_t slots = 16;
    while (slots < 2 * (uint64_t)n)
        slots *= 2;
    t->slot = est__calloc(slots, sizeof *t->slot);
    if (t->slot == NULL)
        return est__fail_memory(slots * sizeof *t->slot);
    t->mask = slots - 1;
    for (int64_t i = 0; i < n; i++) {
        uint64_t at = slot_of(t, t->keys, i);
        if (t->slot[at] == 0) {
            t->slot[at] = i + 1;
            t->size++;
        } else if (!same(t->values, t->slot[at] - 1, t->values, i)) {
            return refuse(t->keys, t->values, i, t->values, t->slot[at] - 1, "");
        }
    }
    t->filled = true;
    return EST_OK;
}

static est_status check_same(const est__table *t, const est_tensor *keys, const est_tensor *values)
{
    int64_t n = est__tensor_elements(keys);
    if (n != est__tensor_elements(t->keys))
        return est__fail(EST_FAILED_PRECONDITION, "it has %lld entries already and is given %lld others",
                         (long long)est__tensor_elements(t->keys), (long long)n);
    for (int64_t i = 0; i < n; i++) {
        int64_t old = est__table_find(t, keys, i);
        char key[96];
        if (old < 0)
            return est__fail(EST_FAILED_PRECONDITION,
                             "it is filled already, without the key %s of entry %lld",
                             element_text(keys, i, key), (long long)i + 1);
        if (!same(t->values, old, values, i)) {
            refuse(keys, values, i, t->values, old, " of what it is filled with already");
            return EST_FAILED_PRECONDITION;
        }
    }
    return EST_OK;
}

est_status est__table_import(est__table *t, const est_tensor *keys, const est_tensor *values)
{
    if (keys->dtype != t->key_dtype || values->dtype != t->value_dtype)
        return est__fail(EST_INVALID_ARGUMENT, "it maps %s to %s, not %s to %s", est_dtype_name(t->key_dtype),
                         est_dtype_name(t->value_dtype), est_dtype_name(keys->dtype),
                         est_dtype_name(values->dtype));
    if (est__tensor_elements(keys) != est__tensor_elements(values))
        return est__fail(EST_INVALID_ARGUMENT, "%lld keys for %lld values",
                         (long long)est__tensor_elements(keys), (long long)est__tensor_elements(values));
    if (t->filled)
        return check_same(t, keys, values);
    est_status st = est_tensor_copy(keys, &t->keys);
    if (st == EST_OK)
        st = est_tensor_copy(values, &t->values);
    if (st == EST_OK)
        st = fill(t);
    if (st != EST_OK) {
        est_tensor_free(t->keys);
        est_tensor_free(t->values);
        est__free(t->slot);
        t->keys = t->values = NULL;
        t->slot = NULL;
        t->size = 0;
    }
    return st;
}
