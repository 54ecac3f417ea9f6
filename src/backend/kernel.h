/* What a kernel sees of the run that calls it. */
#ifndef EST_BACKEND_KERNEL_H
#define EST_BACKEND_KERNEL_H

#include "base/base.h"
#include "graph/op.h"
#include "tensor/tensor.h"

struct est_kernel {
    const est_tensor *const *in;   /* the inputs' tensors */
    int num_in, num_out;
    void *state;                   /* what the row's prepare filled: read-only, shared by all runs of the plan */
    est__pool *pool;               /* NULL: one thread */
    uint64_t seed, step;           /* for random numbers: key is (seed, hash of the operation's name), counter starts at step */
    struct est__frame *frame;      /* the run; for the functions below */
};

/* The tensor of input i. */
static inline const est_tensor *est__in(const est_kernel *k, int i) { return k->in[i]; }
static inline est_dtype est__in_dtype(const est_kernel *k, int i) { return k->in[i]->dtype; }

/* Room for output i with that shape; contents are undefined. Call it once per output, after reading what the shape depends on. */
est_status est__out(est_kernel *k, int i, const est_shape *shape, est_tensor **out);
/* The same for strings: offsets for the elements (offset 0 is set to 0), and room for `bytes` bytes in (*out)->bytes. */
est_status est__out_strings(est_kernel *k, int i, const est_shape *shape, size_t bytes, est_tensor **out);
/* Output i shares input j's memory (Identity, Reshape): shape may differ, the number of elements not. */
est_status est__out_share(est_kernel *k, int i, int j, const est_shape *shape);
/* Output i is that memory, which outlives the step (a variable's value, a constant). */
est_status est__out_lend(est_kernel *k, int i, const est_tensor *lent);
/* Output i is a copy of it. */
est_status est__out_copy(est_kernel *k, int i, const est_tensor *from);
/* Memory for this call only; 64-byte aligned. NULL (and an error) when there is none. */
void *est__scratch(est_kernel *k, size_t bytes);
/* Fails, naming the operation: "MatMul 'dense/MatMul': …". */
est_status est__kernel_fail(const est_kernel *k, est_status status, const char *format, ...) EST_PRINTF(3, 4);

/* ---- resources: variables and tables, bound to plans by handle ---- */
typedef struct est__resource_kind {
    const char *name;
    void (*free)(est__resource *r);
} est__resource_kind;
struct est__resource {
    const est__resource_kind *kind;
    char *name;
};
/* All resources of one model in memory: name -> resource. Created and looked up at planning only. */
est_status est__resources_new(est__resources **out);
void est__resources_free(est__resources *r);
est__resource *est__resources_find(const est__resources *r, const char *name);
est_status est__resources_add(est__resources *r, est__resource *resource);   /* owns it from here on, also on failure */
size_t est__resources_count(const est__resources *r);
est__resource *est__resources_at(const est__resources *r, size_t i);

typedef struct est__variable {
    est__resource base;
    bool initialized;
    est_tensor *value;      /* its own memory; shape fixed, but of a table's */
    bool taken;             /* of a table's: the table knows the value */
} est__variable;
extern const est__resource_kind est__variable_kind;
/* The resource behind input i, which is a handle. */
static inline est__resource *est__in_resource(const est_kernel *k, int i) { return *(est__resource *const *)k->in[i]->data; }

#endif
