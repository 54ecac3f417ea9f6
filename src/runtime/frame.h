/* A run from inside: the tensors of one thread's step, and where their memory lies. */
#ifndef EST_RUNTIME_FRAME_H
#define EST_RUNTIME_FRAME_H

#include "runtime/plan.h"

/* Where a value's memory is. It starts as a piece of its own; once a step has shown all sizes, pieces move
 * into one arena, laid out by lifetime. A value that outgrows its place gets a piece again, and the arena is
 * laid out anew after that step. */
typedef struct est__place {
    char *p;
    size_t capacity;
    bool own;                     /* a piece of its own, to be freed */
    int root;                     /* whose memory it shares; itself when it has its own */
    bool lent;                    /* for this step it is somewhere else */
} est__place;

/* A bump heap: pieces that do not move until all are given back at once. For strings (a step long) and
 * scratch (a kernel long). */
typedef struct est__heap {
    char **block;
    size_t *size;
    size_t count, cap_blocks, cap_sizes, current, used;
} est__heap;

typedef struct est__frame est__frame;
struct est__frame {
    const est__plan *plan;
    const est__step *step;        /* the one that runs */
    est_tensor *tensor;           /* by value */
    est__place *place;            /* by value */
    est__heap strings, scratch;
    struct est__list **list;      /* all that were ever made, the first of which are in use in this step */
    size_t num_lists, cap_lists, used_lists;
    est_kernel *member;           /* kernels of the members of chains */
    struct est__run **called;     /* runs of the plans of functions */
    char *arena;
    bool grown;                   /* some value got a piece of its own in this step */
    est__pool *pool;
    uint64_t seed;
    /* Steps that run side by side have their own scratch and strings: EST__LANES frames over this one's tensors, each for a run
     * of neighbours in a group. NULL: the plan has no groups. */
    est__frame *lane;
};

enum { EST__LANES = 16 };

struct est__run {
    est__frame frame;
    est_kernel *kernel;           /* by step; kernel[i].in points into frame.tensor */
    const est_tensor **in;        /* all kernels' inputs, one after another */
    double *seconds;              /* by step, of all calls; NULL: not profiled */
    int64_t calls;
};

/* takes a step's feeds over, if they fit */
est_status est__run_feed(est__run *r, const est_tensor *const *feeds);

est_status est__frame_new(est__frame *f, const est__plan *p, est__pool *pool);
void est__frame_free(est__frame *f);
/* Before a step: forgets the strings of the last one. */
void est__frame_begin(est__frame *f);
/* How many neighbours of a group of n steps one lane takes. */
static inline size_t est__lane_steps(size_t n)
{
    return (n - 1) / EST__LANES + 1;
}
static inline void est__heap_empty(est__heap *h)
{
    h->current = h->used = 0;
}
/* After a step: lays the arena out anew if something grew. Without memory for it the pieces stay as they are,
 * and it is tried again. */
void est__frame_settle(est__frame *f);
/* A kernel's view of a step. `in` has room for its inputs. */
void est__kernel_of(est_kernel *k, const est__step *s, est__frame *f, const est_tensor **in);

#endif
