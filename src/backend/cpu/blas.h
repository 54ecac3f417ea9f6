/* Products of matrices on the CPU. */
#ifndef EST_BACKEND_CPU_BLAS_H
#define EST_BACKEND_CPU_BLAS_H

#include "base/base.h"
#include "tensor/tensor.h"

/* c [m,n] = op(a) op(b), all row-major and dense; a is [m,k], or [k,m] when transposed; b likewise. dtype:
 * float, double, int32 or int64. The cut into tiles depends on the sizes alone, so the bits do not depend on
 * the number of threads. */
void est__matrix_product(est__pool *pool, est_dtype dtype, bool transpose_a, bool transpose_b, int64_t m,
                         int64_t n, int64_t k, const void *a, const void *b, void *c);

#endif
