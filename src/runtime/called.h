/* Operations that call functions: how a plan holds the plans of these. */
#ifndef EST_RUNTIME_CALLED_H
#define EST_RUNTIME_CALLED_H

#include "graph/function.h"
#include "runtime/plan.h"

/* A function as one operation calls it. */
typedef struct est__called_plan {
    est__plan *plan;
    int *given;                   /* by feed: which argument of the function */
} est__called_plan;

struct est__called {
    est__called_plan *part;       /* the function; the branches; condition and body */
    int num_parts;
    int first_run;                /* of their runs among those of the frame */
    int *made;                    /* by fetch of a branch, or of the body: which output of the operation */
    int num_made;
    bool *used;                   /* by output: somebody wants it */
};

/* What the compiler of a plan tells of an operation that calls functions. */
typedef struct est__calling {
    est_graph *graph;             /* whose functions those of a body are */
    const est__plan_options *options;
    const est_operation *op;
    const est_tensor *const *constant;   /* by input: known at planning; NULL: not */
    bool *used;                   /* by output */
} est__calling;

est_status est__called_new(est__arena *arena, const est__calling *calling, est__called **out);
void est__called_free(est__called *c);

/* The kernels. */
est_status est__call_cpu(est_kernel *k);
est_status est__while_cpu(est_kernel *k);

#endif
