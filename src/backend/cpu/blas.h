/* Products of matrices on the CPU. */
#ifndef EST_BACKEND_CPU_BLAS_H
#define EST_BACKEND_CPU_BLAS_H

#include "base/base.h"
#include "tensor/tensor.h"

/* What multiplies a tile; chosen by the sizes of the whole product and by what the machine has. */
typedef enum est__engine { EST__BY_SIZE, EST__PLAIN, EST__OPENBLAS, EST__ONEDNN } est__engine;

/* c [m,n] = op(a) op(b), all row-major and dense; a is [m,k], or [k,m] when transposed; b likewise. */
typedef struct est__product {
    est_dtype dtype;              /* float, double, int32 or int64 */
    bool ta, tb;
    int64_t m, n, k;
    const void *a, *b;
    void *c;
    est__engine engine;           /* for tests and timing; one that is found and knows the dtype */
    /* Called for each tile of c when it is done, on the tile's thread; NULL: nothing. */
    void (*then)(void *arg, int64_t row, int64_t rows, int64_t column, int64_t columns);
    void *arg;
} est__product;

/* The cut into tiles depends on the sizes alone, so the bits do not depend on the number of threads. */
void est__multiply(est__pool *pool, const est__product *p);
void est__matrix_product(est__pool *pool, est_dtype dtype, bool transpose_a, bool transpose_b, int64_t m,
                         int64_t n, int64_t k, const void *a, const void *b, void *c);
bool est__engine_found(est__engine e);

#endif
