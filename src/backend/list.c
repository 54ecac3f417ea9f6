/* Lists of tensors: their memory. */
#include "backend/list.h"

est_status est__list_new(est__list **out)
{
    *out = est__calloc(1, sizeof **out);
    return *out ? EST_OK : est__fail_memory(sizeof **out);
}

void est__list_free(est__list *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->list_room; i++)
        est__list_free(l->list[i]);
    est__free(l->list);
    est__free(l->place);
    est__free(l->set);
    est__free(l->items);
    est__free(l);
}

static bool is_possible(const est__list *l, int64_t count)
{
    return count >= 0 && count <= INT32_MAX && (l->size == 0 || (size_t)count <= (SIZE_MAX >> 8) / l->size);
}

/* Room for the elements' values, those from number `first` on zeros. */
static est_status make_items(est__list *l, int64_t first)
{
    size_t need = (size_t)l->count * l->size, old = (size_t)first * l->size;
    EST_TRY(est__grow(&l->items, &l->items_room, need, 1));
    if (need > old)
        memset(l->items + old, 0, need - old);
    return EST_OK;
}

est_status est__list_resize(est__list *l, int64_t count)
{
    int64_t old = l->count;
    if (!is_possible(l, count))
        return est__fail(EST_RESOURCE_EXHAUSTED, "a list of %lld elements is too large", (long long)count);
    EST_TRY(est__grow(&l->set, &l->set_room, (size_t)count, sizeof *l->set));
    if (count > old)
        memset(l->set + old, 0, (size_t)(count - old) * sizeof *l->set);
    l->count = count;
    if (l->several)
        return est__grow(&l->place, &l->place_room, (size_t)count, sizeof *l->place);
    return l->size && count > old ? make_items(l, old) : EST_OK;
}

est_status est__list_set_shape(est__list *l, const est_shape *shape)
{
    int64_t n = est_shape_elements(shape);
    l->shape = *shape;
    if (l->dtype == EST_VARIANT)
        return EST_OK;
    l->size = n < 0 ? 0 : (size_t)n * est_dtype_size(l->dtype);
    if (n > INT32_MAX || !is_possible(l, l->count))
        return est__fail(EST_RESOURCE_EXHAUSTED, "a list of %lld elements is too large", (long long)l->count);
    return make_items(l, 0);
}

est_status est__list_begin(est__list *l, est_dtype dtype, const est_shape *shape, int64_t count)
{
    l->dtype = dtype;
    l->shape = l->declared = *shape;
    l->several = false;
    l->count = 0;
    l->size = 0;
    EST_TRY(est__list_resize(l, count));
    return est__shape_known(shape) ? est__list_set_shape(l, shape) : EST_OK;
}

/* Lists within are made once, and stay when the list is emptied. */
static est_status list_at(est__list *l, int64_t i, est__list **out)
{
    size_t room = l->list_room;
    EST_TRY(est__grow(&l->list, &l->list_room, (size_t)i + 1, sizeof *l->list));
    for (; room < l->list_room; room++)
        l->list[room] = NULL;
    if (l->list[i] == NULL)
        EST_TRY(est__list_new(&l->list[i]));
    *out = l->list[i];
    return EST_OK;
}

/* From here on each element has its own place; those that there are stay where they are. */
static est_status make_places(est__list *l)
{
    EST_TRY(est__grow(&l->place, &l->place_room, (size_t)l->count, sizeof *l->place));
    for (int64_t i = 0; i < l->count; i++)
        l->place[i] = (struct est__list_place){ .shape = l->shape, .offset = (size_t)i * l->size };
    l->used = (size_t)l->count * l->size;
    l->several = true;
    l->shape = l->declared;
    return EST_OK;
}

/* Where element i of that shape goes. */
static est_status place_for(est__list *l, int64_t i, const est_shape *shape, size_t bytes, char **to)
{
    if (!l->several && !est__shape_known(&l->shape))
        EST_TRY(est__list_set_shape(l, shape));
    if (!l->several && !est_shape_equal(&l->shape, shape))
        EST_TRY(make_places(l));
    if (!l->several) {
        *to = l->items + (size_t)i * l->size;
        return EST_OK;
    }
    struct est__list_place *place = &l->place[i];
    if (!l->set[i] || !est_shape_equal(&place->shape, shape)) {
        *place = (struct est__list_place){ .shape = *shape, .offset = l->used };
        EST_TRY(est__grow(&l->items, &l->items_room, l->used + bytes, 1));
        l->used += (bytes + 15) / 16 * 16;
    }
    *to = l->items + place->offset;
    return EST_OK;
}

/* The item may be an element of the list, which moves when it grows. */
static est_status put_numbers(est__list *l, int64_t i, const est_tensor *item)
{
    uintptr_t begin = (uintptr_t)l->items, at = (uintptr_t)item->data;
    bool within = at >= begin && at - begin < l->items_room;
    size_t bytes = est__tensor_bytes(item);
    char *to;
    if (i == l->count)
        EST_TRY(est__list_resize(l, i + 1));
    EST_TRY(place_for(l, i, &item->shape, bytes, &to));
    if (bytes)
        memmove(to, within ? l->items + (at - begin) : item->data, bytes);
    l->set[i] = true;
    return EST_OK;
}

est_status est__list_put(est__list *l, int64_t i, const est_tensor *item, bool take)
{
    est__list *to;
    if (l->dtype != EST_VARIANT)
        return put_numbers(l, i, item);
    if (i == l->count)
        EST_TRY(est__list_resize(l, i + 1));
    EST_TRY(list_at(l, i, &to));
    l->set[i] = true;
    if (take)
        est__list_swap(to, est__list_in(item));
    return take ? EST_OK : est__list_copy(to, est__list_in(item));
}

est_tensor est__list_get(const est__list *l, int64_t i)
{
    est_tensor t = { .dtype = l->dtype, .shape = l->several && l->set[i] ? l->place[i].shape : l->shape };
    if (l->dtype == EST_VARIANT)
        t.data = l->set[i] ? l->list[i] : NULL;
    else if (l->several)
        t.data = l->set[i] ? l->items + l->place[i].offset : NULL;
    else if (l->size)
        t.data = l->items + (size_t)i * l->size;
    return t;
}

est_status est__list_copy(est__list *to, const est__list *from)
{
    EST_TRY(est__list_begin(to, from->dtype, &from->shape, from->count));
    if (from->count)
        memcpy(to->set, from->set, (size_t)from->count * sizeof *to->set);
    to->declared = from->declared;
    if (from->several) {
        to->several = true;
        to->used = from->used;
        EST_TRY(est__grow(&to->place, &to->place_room, (size_t)from->count, sizeof *to->place));
        EST_TRY(est__grow(&to->items, &to->items_room, from->used, 1));
        memcpy(to->place, from->place, (size_t)from->count * sizeof *to->place);
    }
    size_t bytes = from->several ? from->used : (size_t)from->count * from->size;
    if (bytes)
        memcpy(to->items, from->items, bytes);
    for (int64_t i = 0; from->dtype == EST_VARIANT && i < from->count; i++) {
        est__list *element;
        if (!from->set[i])
            continue;
        EST_TRY(list_at(to, i, &element));
        EST_TRY(est__list_copy(element, from->list[i]));
    }
    return EST_OK;
}

est_status est__list_zeros(est__list *to, const est__list *from)
{
    EST_TRY(est__list_begin(to, from->dtype, &from->declared, from->count));
    if (!from->several && est__shape_known(&from->shape))
        EST_TRY(est__list_set_shape(to, &from->shape));
    for (int64_t i = 0; (from->several || from->dtype == EST_VARIANT) && i < from->count; i++) {
        est__list *element;
        if (!from->set[i])
            continue;
        if (from->dtype == EST_VARIANT) {
            EST_TRY(list_at(to, i, &element));
            EST_TRY(est__list_zeros(element, from->list[i]));
        } else {
            est_tensor t = est__list_get(from, i);
            EST_TRY(put_numbers(to, i, &t));
            memset(est__list_get(to, i).data, 0, est__tensor_bytes(&t));
        }
        to->set[i] = true;
    }
    return EST_OK;
}

static est_status add_numbers(const est_tensor *to, const est_tensor *from)
{
    int64_t n = est__tensor_elements(from);
    if (!est_shape_equal(&to->shape, &from->shape))
        return est__fail(EST_INVALID_ARGUMENT, "lists whose elements have other shapes do not add up");
    if (to->dtype == EST_FLOAT)
        for (int64_t i = 0; i < n; i++)
            ((float *)to->data)[i] += ((const float *)from->data)[i];
    else if (to->dtype == EST_DOUBLE)
        for (int64_t i = 0; i < n; i++)
            ((double *)to->data)[i] += ((const double *)from->data)[i];
    else
        return est__fail(EST_UNIMPLEMENTED, "no sum of lists of %s", est_dtype_name(to->dtype));
    return EST_OK;
}

est_status est__list_add(est__list *to, const est__list *from)
{
    if (to->count != from->count || to->dtype != from->dtype)
        return est__fail(EST_INVALID_ARGUMENT, "lists of %lld and %lld elements do not add up", (long long)to->count,
                         (long long)from->count);
    for (int64_t i = 0; i < from->count; i++) {
        est_tensor element = est__list_get(from, i), there = est__list_get(to, i);
        if (!from->set[i])
            continue;
        if (!to->set[i])
            EST_TRY(est__list_put(to, i, &element, false));
        else
            EST_TRY(to->dtype == EST_VARIANT ? est__list_add(to->list[i], from->list[i])
                                             : add_numbers(&there, &element));
    }
    return EST_OK;
}

void est__list_swap(est__list *a, est__list *b)
{
    est__list kept = *a;
    *a = *b;
    *b = kept;
    b->holder = a->holder;         /* who holds which stays as it was */
    b->mark = a->mark;
    a->holder = kept.holder;
    a->mark = kept.mark;
}
