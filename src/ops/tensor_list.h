/* Kernels of other rows, for where what they take are lists. */
#ifndef EST_OPS_TENSOR_LIST_H
#define EST_OPS_TENSOR_LIST_H

#include "ops/ops.h"

est_status est__lists_sum(est_kernel *k);     /* AddN */
est_status est__list_zeros_of(est_kernel *k);   /* ZerosLike */

#endif
