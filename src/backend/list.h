/* Lists of tensors (TensorFlow's TensorList): what a variant of a plan holds. All that is in a list has one
 * shape, so that a list is one piece of memory: this, a flag for each element, the elements. */
#ifndef EST_BACKEND_LIST_H
#define EST_BACKEND_LIST_H

#include "backend/kernel.h"

typedef struct est__list {
    size_t bytes;                  /* of all of it */
    est_dtype dtype;
    est_shape shape;               /* of an element; unknown in part as long as there is none */
    int64_t count;
    size_t size;                   /* bytes of an element; 0: not known yet */
} est__list;

static inline const est__list *est__list_in(const est_tensor *t)
{
    return t->data;
}
/* Was the element set? One that was not is zeros. */
static inline bool *est__list_set(const est__list *l)
{
    return (bool *)(uintptr_t)(l + 1);
}
static inline char *est__list_at(const est__list *l, int64_t i)
{
    size_t flags = sizeof *l + (size_t)l->count;
    return (char *)(uintptr_t)l + (flags + 63) / 64 * 64 + (size_t)i * l->size;
}

/* Output i is a list of so many elements, none of them set; `shape` may be unknown. */
est_status est__out_list(est_kernel *k, int i, est_dtype dtype, const est_shape *shape, int64_t count,
                         est__list **out);

#endif
