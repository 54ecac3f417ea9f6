/* The op harness: each row below goes through forward against TensorFlow's recorded answer (known shapes,
 * unknown shapes, operands as constants; fused and unfused alike, bit by bit), the gradient against central
 * differences, and GraphDef out and in. tests/golden/make_ops.py reads the rows from the sources and records
 * inputs and answers in ops.txt. */
#ifndef TESTS_OPS_HARNESS_H
#define TESTS_OPS_HARNESS_H

#include "ops/cases.h"

typedef struct op_check {
    const char *op;
    /* A dtype (f d h bf i l i8 i16 u8 u16 u32 u64 b s) and what it holds, for each input:
     * f[2,3] random in (-2, 2); f+[2,3] positive; i[4]<5 whole numbers in [0, 5); i{1,2} a vector; f[]{3} or
     * f[2,2]{1,2,3,4}. */
    const char *inputs;
    const char *attrs;        /* "transpose_b=true,axis=1" */
    double tolerance;         /* relative; 2e-6 */
    bool no_gradient;         /* not even where it has one: it stops gradients, or the point is a kink */
    size_t gradient_outputs;  /* only the first so many outputs have one; 0: all */
    bool dynamic_gradient_fails;   /* the gradient needs known shapes */
} op_check;

/* Rows end with a zeroed one. */
void op_checks_run(const op_check *rows);

#endif
