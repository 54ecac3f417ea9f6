/* Variables as the ops see them: while a graph is built, through the operation that gives the handle; in a
 * kernel, as memory. */
#ifndef EST_OPS_VARIABLE_H
#define EST_OPS_VARIABLE_H

#include "ops/ops.h"

/* A new variable among the resources, which has no value yet. */
est_status est__variable_add(est__resources *resources, const char *name, est_dtype dtype, const est_shape *shape,
                             est__variable **out);

/* The VarHandleOp behind input i; NULL when the handle comes from elsewhere. */
const est_operation *est__variable_handle(const est_operation *op, int i);
/* The shape of the variable behind input i; of unknown rank where no VarHandleOp tells. */
est_shape est__variable_shape(const est_operation *op, int i);
/* The same without its first dimension: the shape of a row. */
est_shape est__row_shape(const est_operation *op, int i);

/* The resource behind input i, which must be of that kind. */
est_status est__resource_in(const est_kernel *k, int i, const est__resource_kind *kind, est__resource **out);
/* The variable behind input i, of that dtype; FAILED_PRECONDITION when it has no value yet, naming it. */
est_status est__variable_in(const est_kernel *k, int i, est_dtype dtype, est__variable **out);
/* Input i holds ids of rows, int32 or int64, each of which must be in [0, rows) of the variable `name`. */
est_status est__check_ids(const est_kernel *k, int i, int64_t rows, const char *name);
/* Rows of a variable of rank 1 or more, and elements of a row. */
static inline int64_t est__rows(const est_tensor *value)
{
    return value->shape.rank > 0 ? value->shape.dim[0] : 1;
}
static inline int64_t est__row_elements(const est_tensor *value)
{
    int64_t n = 1;
    for (int i = 1; i < value->shape.rank; i++)
        n *= value->shape.dim[i];
    return n;
}

#endif
