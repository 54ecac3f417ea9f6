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

static void free_slots(est__slots *s)
{
    for (int64_t i = 0; i < s->text_count; i++)
        est__free(s->text[i]);
    est__free(s->text);
    est__free(s->text_capacity);
    for (int i = 0; s->table.column && i < s->table.count; i++)
        est__free_aligned(s->table.column[i].data);
    est__free(s->table.column);
    *s = (est__slots){ 0 };
}

void est__shuffle_free(est__shuffle *s)
{
    est__free(s->buffer);
    free_slots(&s->slots);
    *s = (est__shuffle){ 0 };
}

/* The columns of the slots: those of the rows, with lengths of text (int64) in place of text. */
static est_status init_slots(est__slots *s, const est__table *like)
{
    s->table.count = like->count;
    s->table.column = est__calloc((size_t)like->count, sizeof *s->table.column);
    if (!s->table.column)
        return est__fail_memory((size_t)like->count * sizeof *s->table.column);
    for (int i = 0; i < like->count; i++) {
        est__column *c = &s->table.column[i];
        const est__column *l = &like->column[i];
        *c = (est__column){ .dtype = l->dtype == EST_STRING ? EST_INT64 : l->dtype, .elements = l->elements,
                            .row_size = l->dtype == EST_STRING ? (size_t)l->elements * 8 : l->row_size };
    }
    return EST_OK;
}

static est_status add_slots(est__slots *s, int64_t slot)
{
    size_t wanted = slot < 16 ? 16 : (size_t)slot * 2;
    EST_TRY(est__table_reserve(&s->table, (int64_t)wanted));
    char **text = est__realloc(s->text, wanted * sizeof *text);
    if (!text)
        return est__fail_memory(wanted * sizeof *text);
    s->text = text;
    uint32_t *capacity = est__realloc(s->text_capacity, wanted * sizeof *capacity);
    if (!capacity)
        return est__fail_memory(wanted * sizeof *capacity);
    s->text_capacity = capacity;
    for (size_t i = (size_t)s->count; i < wanted; i++) {
        s->text[i] = NULL;
        s->text_capacity[i] = 0;
    }
    s->count = s->text_count = (int64_t)wanted;
    return EST_OK;
}

static est_status text_room(est__slots *s, int64_t slot, size_t size)
{
    size_t wanted = (size + EST__TEXT_SLACK + 63) / 64 * 64;
    if (wanted <= s->text_capacity[slot])
        return EST_OK;
    if (wanted > UINT32_MAX)
        return est__fail_memory(wanted);
    char *p = est__realloc(s->text[slot], wanted);
    if (!p)
        return est__fail_memory(wanted);
    s->text[slot] = p;
    s->text_capacity[slot] = (uint32_t)wanted;
    return EST_OK;
}

est_status est__slots_put(est__slots *s, int64_t slot, const est__table *from, int64_t row)
{
    size_t size = 0;
    if (!s->table.column)
        EST_TRY(init_slots(s, from));
    if (slot >= s->count)
        EST_TRY(add_slots(s, slot));
    for (int i = 0; i < from->count; i++) {
        const est__column *f = &from->column[i];
        if (f->dtype == EST_STRING) {
            const int64_t *o = est__column_offsets(f) + row * f->elements;
            size += (size_t)(o[f->elements] - o[0]);
        }
    }
    EST_TRY(text_room(s, slot, size));
    char *text = s->text[slot];
    for (int i = 0; i < from->count; i++) {
        const est__column *f = &from->column[i];
        char *to = (char *)s->table.column[i].data + (size_t)slot * s->table.column[i].row_size;
        if (f->dtype != EST_STRING) {
            memcpy(to, (const char *)f->data + (size_t)row * f->row_size, f->row_size);
            continue;
        }
        const int64_t *o = est__column_offsets(f) + row * f->elements;
        for (int64_t e = 0; e < f->elements; e++) {
            int64_t n = o[e + 1] - o[e];
            memcpy(to + e * 8, &n, sizeof n);
        }
        size_t n = (size_t)(o[f->elements] - o[0]);
        if (n)
            est__copy_text(text, f->bytes + o[0], n);
        text += n;
    }
    return EST_OK;
}

est_status est__slots_give(const est__slots *s, int64_t slot, est__table *to)
{
    const char *text = s->text[slot];
    for (int i = 0; i < to->count; i++) {
        est__column *t = &to->column[i];
        const char *from = (const char *)s->table.column[i].data + (size_t)slot * s->table.column[i].row_size;
        if ((size_t)((to->rows + 1) * t->elements) > t->capacity)
            EST_TRY(est__column_reserve(t, (size_t)((to->rows + 1) * t->elements)));
        if (t->dtype != EST_STRING) {
            memcpy((char *)t->data + (size_t)to->rows * t->row_size, from, t->row_size);
            continue;
        }
        int64_t *o = est__column_offsets(t) + to->rows * t->elements;
        size_t start = (size_t)o[0], size = 0;
        for (int64_t e = 0; e < t->elements; e++) {
            int64_t n;
            memcpy(&n, from + e * 8, sizeof n);
            size += (size_t)n;
            o[e + 1] = (int64_t)(start + size);
        }
        EST_TRY(est__column_reserve_bytes(t, start + size));
        if (size)
            est__copy_text(t->bytes + start, text, size);
        text += size;
    }
    to->rows++;
    return EST_OK;
}
