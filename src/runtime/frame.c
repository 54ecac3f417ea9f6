/* The memory of a run, and what kernels ask it for: outputs, strings, scratch. */
#include "backend/list.h"
#include "runtime/frame.h"

#include <stdlib.h>

enum { ALIGN = 64, HEAP_BLOCK = 16384 };

static bool has_groups(const est__plan *p)
{
    for (size_t s = 0; s < p->num_steps; s++)
        if (p->step[s].group_end - p->step[s].group_begin > 1)
            return true;
    return false;
}

static est_status add_lanes(est__frame *f)
{
    est__frame *lane = est__calloc(EST__LANES, sizeof *lane);
    if (lane == NULL)
        return est__fail_memory(EST__LANES * sizeof *lane);
    for (int i = 0; i < EST__LANES; i++)
        lane[i] = (est__frame){ .plan = f->plan, .tensor = f->tensor, .place = f->place, .pool = f->pool, .seed = f->seed };
    f->lane = lane;
    return EST_OK;
}

est_status est__frame_new(est__frame *f, const est__plan *p, est__pool *pool)
{
    size_t n = p->num_values + 1;
    *f = (est__frame){ .plan = p, .pool = pool, .seed = p->seed };
    f->tensor = est__calloc(n, sizeof *f->tensor);
    f->place = est__calloc(n, sizeof *f->place);
    if (f->tensor == NULL || f->place == NULL)
        return est__fail_memory(n * sizeof *f->tensor);
    for (size_t v = 0; v < p->num_values; v++) {
        f->place[v].root = (int)v;
        if (p->value[v].constant)
            f->tensor[v] = *p->value[v].constant;
        else
            f->tensor[v].dtype = p->value[v].node->dtype;
    }
    return has_groups(p) ? add_lanes(f) : EST_OK;
}

void est__frame_begin(est__frame *f)
{
    est__heap_empty(&f->strings);
    f->used_lists = 0;
    for (int i = 0; f->lane && i < EST__LANES; i++) {
        est__heap_empty(&f->lane[i].strings);
        f->lane[i].used_lists = 0;
    }
}

static void free_heap(est__heap *h)
{
    for (size_t i = 0; i < h->count; i++)
        est__free_aligned(h->block[i]);
    est__free(h->block);
    est__free(h->size);
}

static void free_lists(est__frame *f)
{
    for (size_t i = 0; i < f->num_lists; i++)
        est__list_free(f->list[i]);
    est__free(f->list);
}

void est__frame_free(est__frame *f)
{
    for (size_t v = 0; f->place && v < f->plan->num_values; v++)
        if (f->place[v].own)
            est__free_aligned(f->place[v].p);
    free_heap(&f->strings);
    free_heap(&f->scratch);
    free_lists(f);
    for (int i = 0; f->lane && i < EST__LANES; i++) {
        free_lists(&f->lane[i]);
        free_heap(&f->lane[i].strings);
        free_heap(&f->lane[i].scratch);
    }
    est__free(f->lane);
    est__free_aligned(f->arena);
    est__free(f->place);
    est__free(f->tensor);
}

/* ---- the arena ---- */

typedef struct placed {
    int value, first, last;
    size_t offset, size;
} placed;

static size_t rounded(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static int by_first_use(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    return x->first != y->first ? (x->first > y->first) - (x->first < y->first)
                                : (x->value > y->value) - (x->value < y->value);
}

/* Gives each the lowest place beside those that live at the same time; `live` are these, by offset. Returns
 * the arena's size. */
static size_t lay_out(placed *all, size_t n, placed **live)
{
    size_t total = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        size_t kept = 0, at = 0, j = 0;
        for (size_t l = 0; l < count; l++)
            if (live[l]->last >= all[i].first)
                live[kept++] = live[l];
        for (count = kept; j < count && live[j]->offset < at + all[i].size; j++)
            at = live[j]->offset + live[j]->size;
        memmove(live + j + 1, live + j, (count++ - j) * sizeof *live);
        live[j] = &all[i];
        all[i].offset = at;
        if (at + all[i].size > total)
            total = at + all[i].size;
    }
    return total;
}

/* Fetches must survive the move: what they hold goes along. */
static void move_contents(est__frame *f, const placed *done, size_t n, char *arena)
{
    for (size_t i = 0; i < n; i++) {
        est__place *place = &f->place[done[i].value];
        if (done[i].last == (int)f->plan->num_steps && place->p)
            memcpy(arena + done[i].offset, place->p,
                   place->capacity < done[i].size ? place->capacity : done[i].size);
    }
}

static void move(est__frame *f, const placed *done, size_t n, char *arena)
{
    const est__plan *p = f->plan;
    move_contents(f, done, n, arena);
    for (size_t i = 0; i < n; i++) {
        est__place *place = &f->place[done[i].value];
        if (place->own)
            est__free_aligned(place->p);
        place->p = arena + done[i].offset;
        place->capacity = done[i].size;
        place->own = false;
    }
    /* fetches follow the memory that they are in, their own or another's */
    for (size_t v = 0; v < p->num_values; v++) {
        const est__place *root = &f->place[f->place[v].root];
        if (p->value[v].last == (int)p->num_steps && f->tensor[v].data && !p->value[v].constant &&
            p->value[v].feed < 0 && root->capacity && !root->lent)
            f->tensor[v].data = root->p;
    }
    est__free_aligned(f->arena);
    f->arena = arena;
}

void est__frame_settle(est__frame *f)
{
    const est__plan *p = f->plan;
    size_t n = 0;
    for (int i = 0; f->lane && i < EST__LANES; i++) {
        f->grown |= f->lane[i].grown;
        f->lane[i].grown = false;
    }
    if (!f->grown)
        return;
    placed *all = est__malloc((p->num_values + 1) * sizeof *all),
           **live = est__malloc((p->num_values + 1) * sizeof *live);
    for (size_t v = 0; v < p->num_values && all; v++)
        if (f->place[v].capacity)
            all[n++] = (placed){ .value = (int)v, .first = p->value[v].first, .last = p->value[v].last,
                                 .size = rounded(f->place[v].capacity) };
    char *arena = NULL;
    if (all && live) {
        qsort(all, n, sizeof *all, by_first_use);
        arena = est__malloc_aligned(lay_out(all, n, live) + ALIGN);
    }
    if (arena) {
        f->grown = false;
        move(f, all, n, arena);
    }
    est__free(all);
    est__free(live);
}

static est_status grow(est__frame *f, int v, size_t bytes)
{
    est__place *place = &f->place[v];
    size_t size = rounded(bytes > 2 * place->capacity || place->capacity == 0 ? bytes : 2 * place->capacity);
    char *p = est__malloc_aligned(size);
    if (p == NULL)
        return est__fail_memory(size);
    if (place->own)
        est__free_aligned(place->p);
    place->p = p;
    place->capacity = size;
    place->own = true;
    f->grown = true;
    return EST_OK;
}

/* ---- what kernels call ---- */

static est_status room_for(est_kernel *k, int i, const est_shape *shape, size_t elements, est_tensor **out)
{
    est__frame *f = k->frame;
    int v = f->step->out[i];
    est_tensor *t = &f->tensor[v];
    size_t size = est_dtype_size(t->dtype);
    if (size && elements > (SIZE_MAX >> 4) / size)
        return est__kernel_fail(k, EST_RESOURCE_EXHAUSTED, "an output of %zu elements is too large",
                                elements);
    size_t bytes = elements * size;
    if (bytes > f->place[v].capacity || f->place[v].p == NULL)
        EST_TRY(grow(f, v, bytes ? bytes : 1));
    f->place[v].root = v;
    f->place[v].lent = false;
    t->shape = *shape;
    t->data = f->place[v].p;
    t->bytes = NULL;
    *out = t;
    return EST_OK;
}

est_status est__out(est_kernel *k, int i, const est_shape *shape, est_tensor **out)
{
    size_t elements = 1;
    for (int d = 0; d < shape->rank; d++) {
        if (shape->dim[d] < 0 || (shape->dim[d] > 0 && elements > (SIZE_MAX >> 8) / (size_t)shape->dim[d]))
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the output's dimension %d would be %lld", d,
                                    (long long)shape->dim[d]);
        elements *= (size_t)shape->dim[d];
    }
    return room_for(k, i, shape, elements, out);
}

static char *heap_room(est__heap *h, size_t bytes)
{
    while (h->current < h->count && h->size[h->current] - h->used < bytes) {
        h->current++;
        h->used = 0;
    }
    if (h->current == h->count) {
        size_t size = h->count ? 2 * h->size[h->count - 1] : HEAP_BLOCK;
        size = size < bytes ? bytes : size;
        char *block = est__malloc_aligned(size);
        if (block == NULL || est__grow(&h->block, &h->cap_blocks, h->count + 1, sizeof *h->block) != EST_OK ||
            est__grow(&h->size, &h->cap_sizes, h->count + 1, sizeof *h->size) != EST_OK) {
            est__free_aligned(block);
            return NULL;
        }
        h->block[h->count] = block;
        h->size[h->count++] = size;
        h->used = 0;
    }
    char *p = h->block[h->current] + h->used;
    h->used += bytes;
    return p;
}

est_status est__out_strings(est_kernel *k, int i, const est_shape *shape, size_t bytes, est_tensor **out)
{
    int64_t n = est_shape_elements(shape);
    if (n < 0)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the output's shape is not known");
    char *room = heap_room(&k->frame->strings, bytes ? bytes : 1);
    if (room == NULL)
        return est__fail_memory(bytes);
    EST_TRY(room_for(k, i, shape, (size_t)n + 1, out));
    (*out)->bytes = room;
    ((int64_t *)(*out)->data)[0] = 0;
    return EST_OK;
}

/* The value lives on in another one: only memory whose owner is known to live long enough may be shared. */
static bool may_share(const est__frame *f, int root, int v)
{
    const est__value *owner = &f->plan->value[root];
    return owner->constant || owner->feed >= 0 || owner->last >= f->plan->value[v].last;
}

/* ---- lists ---- */

est__list *est__scratch_list(est_kernel *k)
{
    est__frame *f = k->frame;
    if (f->used_lists == f->num_lists) {
        if (est__grow(&f->list, &f->cap_lists, f->num_lists + 1, sizeof *f->list) != EST_OK ||
            est__list_new(&f->list[f->num_lists]) != EST_OK)
            return NULL;
        f->num_lists++;
    }
    est__list *l = f->list[f->used_lists++];
    l->holder = NULL;
    return l;
}

static void put_list(est_kernel *k, int i, est__list *l)
{
    est__frame *f = k->frame;
    int v = f->step->out[i];
    f->tensor[v] = (est_tensor){ .dtype = EST_VARIANT, .data = l };
    f->place[v].root = v;
    f->place[v].lent = true;
}

static est_status named(const est_kernel *k, est_status st)
{
    const est_operation *op = k->frame->step->op;
    return st == EST_OK ? st : est__fail_in(st, "%s '%s'", op->row->tf_name, op->name);
}

est_status est__out_list(est_kernel *k, int i, est_dtype dtype, const est_shape *shape, int64_t count, est__list **out)
{
    est__list *l = *out = est__scratch_list(k);
    if (l == NULL)
        return EST_RESOURCE_EXHAUSTED;
    EST_TRY(named(k, est__list_begin(l, dtype, shape, count)));
    put_list(k, i, l);
    return EST_OK;
}

bool est__takes(const est_kernel *k, int j)
{
    return j < 32 && (k->frame->step->takes >> j & 1);
}

est_status est__out_changed_list(est_kernel *k, int i, int j, est__list **out)
{
    est__list *from = est__list_in(k->in[j]), *l = *out = est__takes(k, j) ? from : est__scratch_list(k);
    if (l == NULL)
        return EST_RESOURCE_EXHAUSTED;
    if (l != from)
        EST_TRY(named(k, est__list_copy(l, from)));
    put_list(k, i, l);
    return EST_OK;
}

/* `from` in memory of the step's own. */
static est_status copy_out(est_kernel *k, int i, const est_tensor *from, const est_shape *shape)
{
    est_tensor *to;
    if (from->dtype == EST_RESOURCE) {   /* handles outlive all steps */
        k->frame->tensor[k->frame->step->out[i]] = *from;
        return EST_OK;
    }
    if (from->dtype == EST_VARIANT) {
        est__list *l = est__scratch_list(k);
        if (l == NULL)
            return EST_RESOURCE_EXHAUSTED;
        put_list(k, i, l);
        return named(k, est__list_copy(l, est__list_in(from)));
    }
    if (from->dtype != EST_STRING) {
        EST_TRY(est__out(k, i, shape, &to));
        memcpy(to->data, from->data, est__tensor_bytes(from));
        return EST_OK;
    }
    int64_t n = est__tensor_elements(from), first = ((const int64_t *)from->data)[0];
    size_t bytes = (size_t)(((const int64_t *)from->data)[n] - first);
    EST_TRY(est__out_strings(k, i, shape, bytes, &to));
    if (bytes)
        memcpy(to->bytes, from->bytes + first, bytes);
    for (int64_t j = 0; j <= n; j++)
        ((int64_t *)to->data)[j] = ((const int64_t *)from->data)[j] - first;
    return EST_OK;
}

est_status est__out_copy(est_kernel *k, int i, const est_tensor *from)
{
    return copy_out(k, i, from, &from->shape);
}

est_status est__out_share(est_kernel *k, int i, int j, const est_shape *shape)
{
    est__frame *f = k->frame;
    int v = f->step->out[i], root = f->place[f->step->in[j]].root;
    if (!may_share(f, root, v))
        return copy_out(k, i, k->in[j], shape);
    f->tensor[v] = *k->in[j];
    f->tensor[v].shape = *shape;
    f->place[v].root = root;
    f->place[v].lent = false;
    return EST_OK;
}

est_status est__out_lend(est_kernel *k, int i, const est_tensor *lent)
{
    est__frame *f = k->frame;
    int v = f->step->out[i];
    if (f->step->copies)
        return copy_out(k, i, lent, &lent->shape);
    f->tensor[v] = *lent;
    f->place[v].root = v;
    f->place[v].lent = true;
    return EST_OK;
}

void *est__scratch(est_kernel *k, size_t bytes)
{
    size_t size = rounded(bytes ? bytes : 1);
    char *p = heap_room(&k->frame->scratch, size);
    if (p == NULL)
        est__fail_memory(size);
    return p;
}

est_status est__kernel_fail(const est_kernel *k, est_status status, const char *format, ...)
{
    char text[700];
    const est_operation *op = k->frame->step->op;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return est__fail(status, "%s '%s': %s", op->row->tf_name, op->name, text);
}

void est__kernel_of(est_kernel *k, const est__step *s, est__frame *f, const est_tensor **in)
{
    for (int i = 0; i < s->num_in; i++)
        in[i] = &f->tensor[s->in[i]];
    *k = (est_kernel){ .in = in,
                       .num_in = s->num_in,
                       .num_out = s->num_out,
                       .state = s->state,
                       .pool = f->pool,
                       .seed = f->seed,
                       .frame = f };
}
