/* oneDNN for products of matrices; it is loaded when it is first asked for. */
#ifndef EST_BACKEND_CPU_ONEDNN_H
#define EST_BACKEND_CPU_ONEDNN_H

#include "base/base.h"

/* Loads it on the first call. False: it is not here, or cannot be kept on one thread. */
bool est__onednn_found(void);
/* c [m,n] = op(a) op(b), row-major, on the calling thread alone; false: it could not. Where it is found. */
bool est__onednn_product(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
                         int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc);

#endif
