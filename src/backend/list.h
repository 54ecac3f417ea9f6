/* Lists of tensors (TensorFlow's TensorList): what a variant of a plan holds. Elements of one shape lie side by side;
 * where another shape comes, each has a place of its own; lists within lists are lists of their own. A list belongs to a frame, keeps its memory
 * from step to step, and grows by doubling; who holds it alone changes it in place. */
#ifndef EST_BACKEND_LIST_H
#define EST_BACKEND_LIST_H

#include "backend/kernel.h"

typedef struct est__list est__list;
struct est__list {
    est_dtype dtype;
    est_shape declared;            /* all elements fit it */
    est_shape shape;               /* of the elements; unknown in part as long as there is none, or they differ */
    int64_t count;
    size_t size;                   /* bytes of an element; 0: not known yet, or there are none */
    bool *set;                     /* by element; one that was not set is zeros */
    char *items;                   /* of numbers */
    struct est__list_place {       /* by element */
        est_shape shape;
        size_t offset;
    } *place;
    bool several;                  /* shapes, that is: `place` counts, and so many bytes of `items` are in use */
    size_t used;
    est__list **list;              /* of lists */
    size_t set_room, items_room, place_room, list_room;
    const void *holder;            /* the loop whose variable it is; NULL: none's */
    uint64_t mark;                 /* the iteration of the loop after which a variable was last seen to hold it */
};

static inline est__list *est__list_in(const est_tensor *t)
{
    return t->data;
}
est_status est__list_new(est__list **out);
void est__list_free(est__list *l);
/* Of so many elements, none of them set; `shape` may be unknown. Errors: RESOURCE_EXHAUSTED. */
est_status est__list_begin(est__list *l, est_dtype dtype, const est_shape *shape, int64_t count);
/* So many elements; new ones are not set. */
est_status est__list_resize(est__list *l, int64_t count);
/* All elements have that shape, which is known; they are zeros. */
est_status est__list_set_shape(est__list *l, const est_shape *shape);
/* Element i, of the list's dtype, becomes `item`; i may be the count: one more. A list may be taken over, and is then
 * another one. */
est_status est__list_put(est__list *l, int64_t i, const est_tensor *item, bool take);
/* Element i, lent; data NULL: it was not set, and its shape may not be known. */
est_tensor est__list_get(const est__list *l, int64_t i);
est_status est__list_copy(est__list *to, const est__list *from);
/* As many zeros of the same shapes. */
est_status est__list_zeros(est__list *to, const est__list *from);
/* Adds element by element, in floats or doubles: both have as many, of the same shapes; what was not set is zeros. */
est_status est__list_add(est__list *to, const est__list *from);
/* They hold each other's elements. */
void est__list_swap(est__list *a, est__list *b);

/* Output i is a list of so many elements, none of them set; `shape` may be unknown. */
est_status est__out_list(est_kernel *k, int i, est_dtype dtype, const est_shape *shape, int64_t count,
                         est__list **out);
/* Output i is the list of input j, to be changed: the input's own where nobody else wants it, else a copy. */
est_status est__out_changed_list(est_kernel *k, int i, int j, est__list **out);
/* May the list of input j be changed? */
bool est__takes(const est_kernel *k, int j);
/* A list of the frame's, empty, until the next step; NULL: no memory. */
est__list *est__scratch_list(est_kernel *k);

#endif
