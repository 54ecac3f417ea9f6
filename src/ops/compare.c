/* Comparisons with broadcasting, of strings too, and the two logical ops. */
#include "ops/ops.h"

#define COMPARE_FN(T, D, op, test)                                                            \
    static void op##_##T(const void *const *in, void *out, int64_t n)                         \
    {                                                                                         \
        const T *a = in[0], *b = in[1];                                                       \
        bool *y = out;                                                                        \
        for (int64_t i = 0; i < n; i++)                                                       \
            y[i] = a[i] test b[i];                                                            \
    }
#define BLOCK_CASE(T, D, op) \
    case D: return op##_##T;
#define COMPARE(op, TYPES, test)                      \
    TYPES(COMPARE_FN, op, test)                       \
    static est_block_fn op##_block(est_dtype dtype)   \
    {                                                 \
        switch (dtype) {                              \
        TYPES(BLOCK_CASE, op)                         \
        default: return NULL;                         \
        }                                             \
    }
#define NUMBERS_AND_BOOL(X, ...) EST_NUMBERS(X, __VA_ARGS__) EST_BOOLS(X, __VA_ARGS__)
COMPARE(greater, EST_NUMBERS, >)
COMPARE(greater_equal, EST_NUMBERS, >=)
COMPARE(less, EST_NUMBERS, <)
COMPARE(less_equal, EST_NUMBERS, <=)
COMPARE(equal, NUMBERS_AND_BOOL, ==)
COMPARE(not_equal, NUMBERS_AND_BOOL, !=)
COMPARE(logical_and, EST_BOOLS, &)
COMPARE(logical_or, EST_BOOLS, |)

/* Strings: equal gives `same` where the bytes are. */
static est_status strings_cpu(est_kernel *k, bool same)
{
    const est_tensor *a = est__in(k, 0), *b = est__in(k, 1);
    est__broadcast left, right;
    est_shape shape;
    est_tensor *out;
    if (!est__broadcast_shapes(&a->shape, &b->shape, &shape))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the shapes do not broadcast");
    est__broadcast_of(&a->shape, &shape, &left);
    est__broadcast_of(&b->shape, &shape, &right);
    EST_TRY(est__out(k, 0, &shape, &out));
    bool *y = out->data;
    for (int64_t i = 0, n = est_shape_elements(&shape); i < n; i++) {
        size_t la, lb;
        const char *x = est_tensor_string(a, est__broadcast_index(&left, i), &la);
        const char *z = est_tensor_string(b, est__broadcast_index(&right, i), &lb);
        y[i] = (la == lb && memcmp(x, z, la) == 0) == same;
    }
    return EST_OK;
}

static est_status equal_cpu(est_kernel *k)
{
    return est__in_dtype(k, 0) == EST_STRING ? strings_cpu(k, true) : est__binary_cpu(k);
}

static est_status not_equal_cpu(est_kernel *k)
{
    return est__in_dtype(k, 0) == EST_STRING ? strings_cpu(k, false) : est__binary_cpu(k);
}

#define BUILDER(fn, op)                                        \
    est_node *fn(est_graph *g, est_node *a, est_node *b)       \
    {                                                          \
        return EST_OP2(g, op, a, b);                           \
    }
BUILDER(est_greater, "Greater")
BUILDER(est_greater_equal, "GreaterEqual")
BUILDER(est_less, "Less")
BUILDER(est_less_equal, "LessEqual")
BUILDER(est_equal, "Equal")
BUILDER(est_not_equal, "NotEqual")
BUILDER(est_logical_and, "LogicalAnd")
BUILDER(est_logical_or, "LogicalOr")

#define ROW(name, op, cpu_fn, types)                                                                         \
    { .tf_name = name, .signature = "x: T, y: T -> z: bool; T: " types, .infer = est__infer_broadcast,       \
      EST_ELEMENTWISE(cpu_fn, op##_block), .grad = est__grad_none }
#define EQUAL_TYPES                                                                             \
    "{float, double, int32, int64, int8, int16, uint8, uint16, uint32, uint64, bool, string}; " \
    "incompatible_shape_error: bool = true"
#define LOGICAL_ROW(name, op)                                                                                \
    { .tf_name = name, .signature = "x: bool, y: bool -> z: bool", .infer = est__infer_broadcast,            \
      EST_ELEMENTWISE(est__binary_cpu, op##_block), .grad = est__grad_none }
EST_OPS(compare,
    ROW("Greater", greater, est__binary_cpu, EST_SIG_NUMBERS),
    ROW("GreaterEqual", greater_equal, est__binary_cpu, EST_SIG_NUMBERS),
    ROW("Less", less, est__binary_cpu, EST_SIG_NUMBERS),
    ROW("LessEqual", less_equal, est__binary_cpu, EST_SIG_NUMBERS),
    ROW("Equal", equal, equal_cpu, EQUAL_TYPES),
    ROW("NotEqual", not_equal, not_equal_cpu, EQUAL_TYPES),
    LOGICAL_ROW("LogicalAnd", logical_and),
    LOGICAL_ROW("LogicalOr", logical_or));
