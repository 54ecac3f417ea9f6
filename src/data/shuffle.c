/* The shuffle buffer: which row leaves next, and, where rows stream, the rows that wait. */
#include "data/source.h"

void est__shuffle_seed(est__shuffle *s, uint64_t seed, uint64_t epoch)
{
    s->random = (est__random){ .key = est__fingerprint_cat64(seed, epoch) };
    s->count = 0;
}

est_status est__shuffle_push(est__shuffle *s, int64_t value)
{
    EST_TRY(est__grow(&s->buffer, &s->capacity, (size_t)s->count + 1, sizeof *s->buffer));
    s->buffer[s->count++] = value;
    return EST_OK;
}

void est__slots_free(est__slots *s)
{
    for (int64_t i = 0; i < s->count; i++)
        est__free(s->record[i]);
    est__free(s->record);
    est__free(s->capacity);
    *s = (est__slots){ 0 };
}

void est__shuffle_free(est__shuffle *s)
{
    est__slots_free(&s->slots);
    est__free(s->buffer);
    *s = (est__shuffle){ 0 };
}

static est_status add_slots(est__slots *s, int64_t slot)
{
    size_t wanted = slot < 16 ? 16 : (size_t)slot * 2;
    char **record = est__realloc(s->record, wanted * sizeof *record);
    if (!record)
        return est__fail_memory(wanted * sizeof *record);
    s->record = record;
    uint32_t *capacity = est__realloc(s->capacity, wanted * sizeof *capacity);
    if (!capacity)
        return est__fail_memory(wanted * sizeof *capacity);
    s->capacity = capacity;
    for (size_t i = (size_t)s->count; i < wanted; i++) {
        s->record[i] = NULL;
        s->capacity[i] = 0;
    }
    s->count = (int64_t)wanted;
    return EST_OK;
}

static est_status record_room(est__slots *s, int64_t slot, size_t size)
{
    size_t wanted = (size + EST__TEXT_SLACK + 63) / 64 * 64;
    if (wanted <= s->capacity[slot])
        return EST_OK;
    if (wanted > UINT32_MAX)
        return est__fail_memory(wanted);
    char *p = est__realloc(s->record[slot], wanted);
    if (!p)
        return est__fail_memory(wanted);
    s->record[slot] = p;
    s->capacity[slot] = (uint32_t)wanted;
    return EST_OK;
}

static size_t fixed_size(const est__table *t)
{
    size_t n = 0;
    for (int i = 0; i < t->count; i++) {
        const est__column *c = &t->column[i];
        n += c->splits ? sizeof(uint32_t) : c->dtype == EST_STRING ? (size_t)c->elements * sizeof(uint32_t) : c->row_size;
    }
    return n;
}

/* The usual sizes as one move each. */
static inline void copy_fixed(char *to, const char *from, size_t n)
{
    if (n == 4)
        memcpy(to, from, 4);
    else if (n == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, n);
}

/* ---- a row of variable length: its count among the fixed, its numbers, or its texts' lengths and texts, after them ---- */

static size_t ragged_size(const est__column *c, int64_t row)
{
    size_t from = (size_t)c->splits[row], to = (size_t)c->splits[row + 1];
    if (c->dtype != EST_STRING)
        return (to - from) * est_dtype_size(c->dtype);
    return (to - from) * sizeof(uint32_t) + (size_t)(est__column_offsets(c)[to] - est__column_offsets(c)[from]);
}

/* Lengths of `n` texts; all of them fit into 32 bits, as the whole record does. */
static char *put_lengths(char *to, const int64_t *offsets, int64_t n)
{
    for (int64_t e = 0; e < n; e++, to += sizeof(uint32_t))
        memcpy(to, &(uint32_t){ (uint32_t)(offsets[e + 1] - offsets[e]) }, sizeof(uint32_t));
    return to;
}

static const char *give_lengths(int64_t *offsets, const char *from, int64_t n)
{
    for (int64_t e = 0; e < n; e++, from += sizeof(uint32_t)) {
        uint32_t length;
        memcpy(&length, from, sizeof length);
        offsets[e + 1] = offsets[e] + length;
    }
    return from;
}

/* Returns the place after the row's values. */
static char *put_ragged(char *values, char *count, const est__column *f, int64_t row)
{
    int64_t first = f->splits[row], n = f->splits[row + 1] - first;
    memcpy(count, &(uint32_t){ (uint32_t)n }, sizeof(uint32_t));
    const char *from = f->data;
    size_t each = est_dtype_size(f->dtype), start = (size_t)first * each, size = (size_t)n * each;
    if (f->dtype == EST_STRING) {
        const int64_t *o = est__column_offsets(f) + first;
        values = put_lengths(values, o, n);
        from = f->bytes;
        start = (size_t)o[0];
        size = (size_t)(o[n] - o[0]);
    }
    if (size)
        memcpy(values, from + start, size);
    return values + size;
}

static est_status give_ragged(const char **values, const char *count, est__column *t, int64_t row)
{
    uint32_t n;
    int64_t first = t->splits[row];
    memcpy(&n, count, sizeof n);
    t->splits[row + 1] = first + n;
    EST_TRY(est__column_reserve(t, (size_t)first + n));
    char *to = t->data;
    size_t each = est_dtype_size(t->dtype), start = (size_t)first * each, size = n * each;
    if (t->dtype == EST_STRING) {
        int64_t *o = est__column_offsets(t) + first;
        *values = give_lengths(o, *values, n);
        EST_TRY(est__column_reserve_bytes(t, (size_t)o[n]));
        to = t->bytes;
        start = (size_t)o[0];
        size = (size_t)(o[n] - o[0]);
    }
    if (size)
        memcpy(to + start, *values, size);
    *values += size;
    return EST_OK;
}

/* ---- rows ---- */

est_status est__slots_put(est__slots *s, int64_t slot, const est__table *from, int64_t row)
{
    size_t size = 0;
    if (!s->fixed)
        s->fixed = fixed_size(from);
    if (slot >= s->count)
        EST_TRY(add_slots(s, slot));
    for (int i = 0; i < from->count; i++) {
        const est__column *f = &from->column[i];
        if (f->splits)
            size += ragged_size(f, row);
        else if (f->dtype == EST_STRING)
            size += (size_t)(est__column_offsets(f)[(row + 1) * f->elements] - est__column_offsets(f)[row * f->elements]);
    }
    EST_TRY(record_room(s, slot, s->fixed + size));
    char *to = s->record[slot], *text = to + s->fixed;
    for (int i = 0; i < from->count; i++) {
        const est__column *f = &from->column[i];
        if (f->splits) {
            text = put_ragged(text, to, f, row);
            to += sizeof(uint32_t);
            continue;
        }
        if (f->dtype != EST_STRING) {
            copy_fixed(to, (const char *)f->data + (size_t)row * f->row_size, f->row_size);
            to += f->row_size;
            continue;
        }
        const int64_t *o = est__column_offsets(f) + row * f->elements;
        to = put_lengths(to, o, f->elements);
        size_t n = (size_t)(o[f->elements] - o[0]);
        if (n)
            est__copy_text(text, f->bytes + o[0], n);
        text += n;
    }
    return EST_OK;
}

est_status est__slots_give(const est__slots *s, int64_t slot, est__table *to)
{
    const char *from = s->record[slot], *text = from + s->fixed;
    for (int i = 0; i < to->count; i++) {
        est__column *t = &to->column[i];
        if (t->splits) {
            EST_TRY(est__column_reserve_rows(t, (size_t)to->rows + 1));
            EST_TRY(give_ragged(&text, from, t, to->rows));
            from += sizeof(uint32_t);
            continue;
        }
        if ((size_t)((to->rows + 1) * t->elements) > t->capacity)
            EST_TRY(est__column_reserve(t, (size_t)((to->rows + 1) * t->elements)));
        if (t->dtype != EST_STRING) {
            copy_fixed((char *)t->data + (size_t)to->rows * t->row_size, from, t->row_size);
            from += t->row_size;
            continue;
        }
        int64_t *o = est__column_offsets(t) + to->rows * t->elements;
        from = give_lengths(o, from, t->elements);
        size_t start = (size_t)o[0], size = (size_t)o[t->elements] - start;
        if (start + size > t->bytes_capacity || !t->bytes)
            EST_TRY(est__column_reserve_bytes(t, start + size));
        if (size)
            est__copy_text(t->bytes + start, text, size);
        text += size;
    }
    to->rows++;
    return EST_OK;
}
