/* A plan from inside: values, steps, fused chains. Built by plan.c and its passes, read by runs; immutable
 * once built. */
#ifndef EST_RUNTIME_PLAN_H
#define EST_RUNTIME_PLAN_H

#include "runtime/runtime.h"

/* One tensor of the plan: fed, constant, or made by a step. */
typedef struct est__value {
    const est_node *node;
    const est_tensor *constant;   /* NULL: fed or made */
    int feed;                     /* index among the feeds; -1: not fed */
    bool taken;                   /* fed: a list that may be changed */
    int first, last;              /* steps between which its memory is in use */
} est__value;

/* A chain of elementwise operations that is run block by block, in cache. Members are in order; the last
 * gives the output. The first may be a product of matrices: the others then follow it tile by tile. */
typedef enum est__fused_wants { EST__FUSED_ANY, EST__FUSED_ALIKE, EST__FUSED_BIAS } est__fused_wants;
typedef struct est__fused_op {
    est_block_fn block;           /* NULL: the product */
    /* inputs that broadcast, inputs of one shape, or a matrix and a row for it */
    est__fused_wants wants;
    int num_in;
    int in[3];                    /* >= 0: member of that index; < 0: ~external input */
    size_t size;                  /* bytes of an output element */
} est__fused_op;
typedef struct est__fused {
    est__fused_op *op;
    int num_ops;
    bool strict;                  /* a member wants something */
    bool product, ta, tb;         /* the first member is a product, and of which sides transposed */
    unsigned chained;             /* bit e: external input e is taken by an elementwise member */
    size_t *in_size;              /* bytes of an element, by external input */
    struct est__step *member;     /* the steps one by one, for shapes that the chain cannot do at once */
    int first_member;             /* of its members' kernels among those of the run */
} est__fused;

typedef struct est__called est__called;   /* runtime/called.h */

typedef struct est__step {
    const est_operation *op;      /* of a chain: its last */
    est_status (*cpu)(est_kernel *k);
    void *state;
    int *in, *out;                /* values */
    int num_in, num_out;
    size_t group_begin, group_end; /* the steps that may run side by side with it, itself among them */
    bool stateful;                /* wants the step's number */
    unsigned takes;               /* bit i: nobody else wants the list of input i, it may be changed in place */
    bool copies;                  /* what it lends will be changed within the step: copy it */
    est__fused *fused;
    est__called *called;          /* the functions that it calls; NULL: none */
} est__step;

struct est__plan {
    est__arena arena;
    /* a copy of the graph with bodies for composites that have no kernel; NULL: the caller's */
    est_graph *expanded;
    est__value *value;
    size_t num_values, cap_values;
    est__step *step;
    size_t num_steps, cap_steps;
    size_t first_assign;          /* steps from here on change resources */
    int *feed, *fetch;            /* values */
    size_t num_feeds, num_fetches;
    int checked;                  /* value; -1: none */
    int num_members;              /* of all chains */
    int num_called;               /* plans of functions, called by its steps */
    uint64_t seed;
    est_tensor **owned;           /* folded constants */
    size_t num_owned, cap_owned;
};

/* Most members of a chain, most inputs from outside it, and elements of a block. */
enum { EST__FUSED_OPS = 12, EST__FUSED_INPUTS = 12, EST__FUSED_BLOCK = 512 };

/* Passes, in the order in which est__plan_new calls them. */
est_status est__plan_fold(est__plan *p);        /* evaluates what depends on constants alone */
est_status est__plan_fuse(est__plan *p);        /* joins elementwise steps to chains */
est_status est__plan_group(est__plan *p);       /* brings together what may run side by side */
est_status est__plan_lifetimes(est__plan *p);
bool est__passes_on(const est_operation *op);   /* its output is its input's memory */
/* The resource behind a handle; NULL: known when it runs only. */
const est__resource *est__plan_resource(const est__plan *p, int v);
void est__step_free(est__step *s);

void est__plan_print_feeds(const est__plan *p, est__buffer *out);
void est__plan_print_step(const est__plan *p, size_t s, est__buffer *out);   /* without its number */
void est__plan_print_fetches(const est__plan *p, est__buffer *out);

/* Run one chain: inputs' and output's tensors are those of the frame. */
est_status est__fused_cpu(est_kernel *k);
est_status est__fused_product_cpu(est_kernel *k);

#endif
