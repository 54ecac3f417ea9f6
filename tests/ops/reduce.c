/* The harness rows of src/ops/reduce.c, order.c, matmul.c, softmax.c and losses.c. */
#include "ops/harness.h"

static const op_check reductions[] = {
    { "Sum", .inputs = "f[3,4,5] i{1}" },
    { "Sum", .inputs = "f[3,4,5] i{0,2}" },
    { "Sum", .inputs = "f[3,4,5] i{0}" },
    { "Sum", .inputs = "f[3,4,5] l{-1}", .attrs = "keep_dims=true" },
    { "Sum", .inputs = "f[3,4,5] i{0,1,2}" },
    { "Sum", .inputs = "f[2,3,2,3] i{1,3}" },
    { "Sum", .inputs = "f[2,3,2,3] i{0,2}", .attrs = "keep_dims=true" },
    { "Sum", .inputs = "f[3,1,5] i{1}" },
    { "Sum", .inputs = "f[3,4] i[]{1}" },
    { "Sum", .inputs = "f[3,4] i{}" },
    { "Sum", .inputs = "f[0,3] i{0}" },
    { "Sum", .inputs = "f[] i{}" },
    { "Sum", .inputs = "i[3,4] i{0}" },
    { "Sum", .inputs = "u8{200,100} i{0}" },
    { "Mean", .inputs = "f[3,4,5] i{1}" },
    { "Mean", .inputs = "f[3,4] i{0,1}" },
    { "Mean", .inputs = "f[3,4] i{-1}", .attrs = "keep_dims=true" },
    { "Prod", .inputs = "f+[3,4] i{1}" },
    { "Prod", .inputs = "i[4] i{0}" },
    { "Max", .inputs = "f[3,4] i{1}" },
    { "Max", .inputs = "f[3,4] i{0}", .attrs = "keep_dims=true" },
    { "Max", .inputs = "f[5,9] i{0,1}" },
    { "Max", .inputs = "f{1,1,0} i{0}", .no_gradient = true },
    { "Max", .inputs = "i8[30] i{0}" },
    { "Min", .inputs = "f[3,4,2] i{1,2}" },
    { "Min", .inputs = "l[5] i{0}" },
    { "All", .inputs = "b[3,2] i{1}" },
    { "All", .inputs = "b{1,1,1} i{0}" },
    { "All", .inputs = "b[0] i{0}" },
    { "Any", .inputs = "b[3,2] i{0}", .attrs = "keep_dims=true" },
    { "Any", .inputs = "b[0] i{0}" },
    { "BiasAddGrad", .inputs = "f[4,3]" },
    { "BiasAddGrad", .inputs = "f[2,3,5]" },
    { 0 }
};

static const op_check order[] = {
    { "ArgMax", .inputs = "f[3,4] i[]{1}", .no_gradient = true },
    { "ArgMax", .inputs = "f[3,4,2] l[]{-2}", .attrs = "output_type=int32", .no_gradient = true },
    { "ArgMax", .inputs = "i{3,5,5,1} i[]{0}" },
    { "ArgMin", .inputs = "f[3,4] i[]{0}", .no_gradient = true },
    { "TopKV2", .inputs = "f[3,6] i[]{2}" },
    { "TopKV2", .inputs = "f[2,2,7] i[]{7}" },
    { "TopKV2", .inputs = "i{3,5,5,1,5,3} i[]{5}" },
    { "TopKV2", .inputs = "f[40] i[]{9}" },
    { 0 }
};

static const op_check matrices[] = {
    { "MatMul", .inputs = "f[4,5] f[5,6]" },
    { "MatMul", .inputs = "f[4,5] f[6,5]", .attrs = "transpose_b=true" },
    { "MatMul", .inputs = "f[5,4] f[5,6]", .attrs = "transpose_a=true" },
    { "MatMul", .inputs = "f[5,4] f[6,5]", .attrs = "transpose_a=true,transpose_b=true" },
    { "MatMul", .inputs = "f[32,1] f[1,1]" },
    { "MatMul", .inputs = "f[4,5] f[5,1]" },
    { "MatMul", .inputs = "f[5,4] f[5,1]", .attrs = "transpose_a=true" },
    { "MatMul", .inputs = "f[4,5] f[1,5]", .attrs = "transpose_b=true" },
    { "MatMul", .inputs = "f[20,30] f[30,10]", .no_gradient = true, .tolerance = 1e-5 },
    { "MatMul", .inputs = "f[30,20] f[10,30]", .attrs = "transpose_a=true,transpose_b=true",
      .no_gradient = true, .tolerance = 1e-5 },
    { "MatMul", .inputs = "d[20,30] d[30,10]", .no_gradient = true },
    { "MatMul", .inputs = "i[3,4] i[4,2]" },
    { "MatMul", .inputs = "f[0,4] f[4,2]" },
    { "MatMul", .inputs = "f[3,0] f[0,2]" },
    { "BatchMatMulV2", .inputs = "f[2,3,4] f[2,4,5]" },
    { "BatchMatMulV2", .inputs = "f[2,1,3,4] f[5,4,2]" },
    { "BatchMatMulV2", .inputs = "f[3,4] f[2,4,5]" },
    { "BatchMatMulV2", .inputs = "f[2,4,3] f[2,5,4]", .attrs = "adj_x=true,adj_y=true" },
    { "BatchMatMulV2", .inputs = "f[2,4,3] f[2,4,5]", .attrs = "adj_x=true" },
    { "BiasAdd", .inputs = "f[4,3] f[3]" },
    { "BiasAdd", .inputs = "f[2,2,3] f[3]" },
    { "BiasAdd", .inputs = "i[4,3] i[3]" },
    { 0 }
};

static const op_check losses[] = {
    { "Softmax", .inputs = "f[2,3]" },
    { "Softmax", .inputs = "f[2,2,40]", .no_gradient = true },
    { "Softmax", .inputs = "f{100,101,-50}", .no_gradient = true },
    { "Softmax", .inputs = "d[2,3]" },
    { "LogSoftmax", .inputs = "f[2,3]" },
    { "LogSoftmax", .inputs = "f[2,2,17]", .no_gradient = true },
    { "SoftmaxCrossEntropyWithLogits", .inputs = "f[2,3] f[2,3]{0.2,0.5,0.3,0,1,0}" },
    { "SoftmaxCrossEntropyWithLogits", .inputs = "f[4,3] f[1,3]{0.25,0.25,0.5}" },
    { "SparseSoftmaxCrossEntropyWithLogits", .inputs = "f[4,3] i[4]<3", .gradient_outputs = 1 },
    { "SparseSoftmaxCrossEntropyWithLogits", .inputs = "f[2,70] l[2]<70", .gradient_outputs = 1 },
    { "EstSigmoidCrossEntropy", .inputs = "f[7,1] f+[7,1]" },
    { "EstSigmoidCrossEntropy", .inputs = "f{0,-60,60,90,-90} f{0,1,1,0,0}", .no_gradient = true },
    { "L2Loss", .inputs = "f[7,3]" },
    { "L2Loss", .inputs = "d[5]" },
    { 0 }
};

static void reductions_agree(void)
{
    op_checks_run(reductions);
}

static void order_agrees(void)
{
    op_checks_run(order);
}

static void matrices_agree(void)
{
    op_checks_run(matrices);
}

static void losses_agree(void)
{
    op_checks_run(losses);
}

EST_SUITE(ops_reduce, EST_TEST(reductions_agree), EST_TEST(order_agrees), EST_TEST(matrices_agree),
          EST_TEST(losses_agree));
