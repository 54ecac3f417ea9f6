/* Cases that a script recorded with TensorFlow, one operation each: its attributes, inputs, outputs,
 * variables before and after. tests/golden/make_ops_sparse.py says how they are written. */
#ifndef TESTS_OPS_CASES_H
#define TESTS_OPS_CASES_H

#include "graph/graph.h"
#include "runtime/runtime.h"
#include "support/est_test.h"

enum { MOST_INPUTS = 16, MOST_OUTPUTS = 24, MOST_ATTRS = 8, MOST_LISTED = 16 };

typedef struct op_case {
    char name[256], op[64];
    est_attr attr[MOST_ATTRS];
    size_t num_attrs;
    est_tensor *in[MOST_INPUTS], *out[MOST_OUTPUTS], *after[MOST_INPUTS];
    bool variable[MOST_INPUTS];
    size_t num_in, num_out, num_after;
    est__arena arena;              /* of attributes */
} op_case;

/* Calls fn for each case of a file; a damaged file is a failed check. */
void op_cases_each(const char *path, void (*fn)(const op_case *c));
void op_case_run(
    const op_case *c); /* checks shapes, outputs and variables; composites by kernel and by body */
/* The gradient of the float output to each float input, against differences. */
void op_case_gradient(const op_case *c);
/* Equal, or near where they are floats; says which element is not. */
bool op_near(const est_tensor *got, const est_tensor *wanted, double tolerance, const char *what);

#endif
