/* The harness rows of src/ops/math_unary.c, activations.c, math_binary.c and compare.c. */
#include "ops/harness.h"

static const op_check unary[] = {
    { "Neg", .inputs = "f[3,5]" },
    { "Neg", .inputs = "l[7]" },
    { "Abs", .inputs = "f[3,5]" },
    { "Abs", .inputs = "i8{-127,0,5}" },
    { "Square", .inputs = "f[3,5]" },
    { "Square", .inputs = "i[6]" },
    { "Sign", .inputs = "f{-1.5,0,2,-0}", .no_gradient = true },
    { "Sign", .inputs = "i[6]" },
    { "Sqrt", .inputs = "f+[3,5]" },
    { "Sqrt", .inputs = "f{0,4,1e-30,1e30,-1}", .no_gradient = true },
    { "Rsqrt", .inputs = "f+[3,5]" },
    { "Exp", .inputs = "f[5,33]" },
    { "Exp", .inputs = "f{0,-0,88,-87,-100,-104,89,1e-8,inf,-inf,nan}", .no_gradient = true },
    { "Exp", .inputs = "d[7]" },
    { "Expm1", .inputs = "f[3,5]" },
    { "Expm1", .inputs = "f{1e-7,-1e-7,-30,20}", .no_gradient = true },
    { "Log", .inputs = "f+[5,33]" },
    { "Log", .inputs = "f{0,1,1e-40,1e-38,1e30,0.70710678,1.0000001,-1,inf,nan}", .no_gradient = true },
    { "Log1p", .inputs = "f+[5,7]" },
    { "Log1p", .inputs = "f{0,1e-7,-1e-7,-0.5,1e10,-0.999,1e-20,inf}", .no_gradient = true },
    { "Reciprocal", .inputs = "f+[3,5]" },
    { "Inv", .inputs = "f+[3,5]" },
    { "Floor", .inputs = "f[3,5]" },
    { "Ceil", .inputs = "f[3,5]" },
    { "Rint", .inputs = "f{0.5,1.5,2.5,-0.5,-1.5,0.4}", .no_gradient = true },
    { "Round", .inputs = "f{0.5,1.5,2.5,-0.5,-1.5,0.6}", .no_gradient = true },
    { "Sin", .inputs = "f[3,5]" },
    { "Cos", .inputs = "f[3,5]" },
    { "Erf", .inputs = "f[3,5]" },
    { "IsNan", .inputs = "f{1,nan,inf,-inf,0}", .no_gradient = true },
    { "IsInf", .inputs = "f{1,nan,inf,-inf,0}", .no_gradient = true },
    { "IsFinite", .inputs = "f{1,nan,inf,-inf,0}", .no_gradient = true },
    { "LogicalNot", .inputs = "b[2,3]" },
    { 0 }
};

static const op_check activations[] = {
    { "Relu", .inputs = "f[5,7]" },
    { "Relu", .inputs = "i[7]" },
    { "Relu6", .inputs = "f{-1,0.5,5.5,7,6.5,3}" },
    { "Sigmoid", .inputs = "f[5,33]" },
    { "Sigmoid", .inputs = "f{0,-50,50,-100,100,-9,9}", .no_gradient = true },
    { "Sigmoid", .inputs = "d[5]" },
    { "Tanh", .inputs = "f[5,33]" },
    { "Tanh", .inputs = "f{0,1e-8,-1e-4,0.62,0.63,-0.63,5,9,20,-30,inf,nan}", .no_gradient = true },
    { "Elu", .inputs = "f[5,7]" },
    { "Selu", .inputs = "f[5,7]" },
    { "Softplus", .inputs = "f[5,7]" },
    { "Softplus", .inputs = "f{-20,-14,-13,0,13,14,30,100}", .no_gradient = true },
    { "Softsign", .inputs = "f[5,7]" },
    { "LeakyRelu", .inputs = "f[5,7]" },
    { "LeakyRelu", .inputs = "f[5,7]", .attrs = "alpha=0.05" },
    { "ReluGrad", .inputs = "f[3,5] f[3,5]" },
    { "Relu6Grad", .inputs = "f{1,2,3,4} f{-1,0.5,5.5,7}" },
    { "SigmoidGrad", .inputs = "f[3,5] f[3,5]" },
    { "TanhGrad", .inputs = "f[3,5] f[3,5]" },
    { "EluGrad", .inputs = "f[3,5] f[3,5]" },
    { "SeluGrad", .inputs = "f[3,5] f[3,5]" },
    { "SoftplusGrad", .inputs = "f[3,5] f[3,5]" },
    { "SoftsignGrad", .inputs = "f[3,5] f[3,5]" },
    { "LeakyReluGrad", .inputs = "f[3,5] f[3,5]", .attrs = "alpha=0.3" },
    { "SqrtGrad", .inputs = "f+[3,5] f[3,5]" },
    { "RsqrtGrad", .inputs = "f+[3,5] f[3,5]" },
    { "ReciprocalGrad", .inputs = "f+[3,5] f[3,5]" },
    { 0 }
};

static const op_check binary[] = {
    { "Add", .inputs = "f[2,3] f[2,3]" },
    { "AddV2", .inputs = "f[2,3] f[2,3]" },
    { "AddV2", .inputs = "f[2,3] f[3]" },
    { "AddV2", .inputs = "f[] f[2,3]" },
    { "AddV2", .inputs = "f[2,3] f[]" },
    { "AddV2", .inputs = "f[2,1,3] f[4,1]" },
    { "AddV2", .inputs = "f[3,1] f[1,4]" },
    { "AddV2", .inputs = "f[0,3] f[1,3]" },
    { "AddV2", .inputs = "f[1,1] f[5,1]" },
    { "AddV2", .inputs = "i[3] i[3]" },
    { "AddV2", .inputs = "u8{250,3} u8{10,4}" },
    { "Sub", .inputs = "f[4,3] f[1,3]" },
    { "Sub", .inputs = "l[4] l[]" },
    { "Mul", .inputs = "f[4,3] f[4,1]" },
    { "Mul", .inputs = "f[2,1,3,1] f[1,5,1,2]" },
    { "Mul", .inputs = "i16[4] i16[4]" },
    { "RealDiv", .inputs = "f[4,3] f+[3]" },
    { "Div", .inputs = "f[4] f+[4]" },
    { "Div", .inputs = "i{7,-7,7,-7} i{2,2,-2,-2}" },
    { "DivNoNan", .inputs = "f[4] f{1,0,-2,0}", .no_gradient = true },
    { "DivNoNan", .inputs = "f[4,2] f+[2]" },
    { "FloorDiv", .inputs = "i{7,-7,7,-7,8} i{2,2,-2,-2,-1}" },
    { "FloorDiv", .inputs = "f{7,-7,7.5,-7} f{2,2,-2,-2}", .no_gradient = true },
    { "FloorDiv", .inputs = "u8{7,9} u8{2,5}" },
    { "FloorMod", .inputs = "i{7,-7,7,-7,8} i{2,2,-2,-2,-1}" },
    { "FloorMod", .inputs = "f{7.25,-7.25,7.5,-7.125} f{2,2,-2,-2}" },
    { "Maximum", .inputs = "f[4,3] f[3]" },
    { "Maximum", .inputs = "l[4] l[4]" },
    { "Minimum", .inputs = "f[4,3] f[]" },
    { "Pow", .inputs = "f+[4,3] f[3]" },
    { "Pow", .inputs = "f[4] f{2,3,0,1}", .no_gradient = true },
    { "Pow", .inputs = "i{2,-3,5} i{10,3,0}" },
    { "SquaredDifference", .inputs = "f[4,3] f[4,1]" },
    { "SquaredDifference", .inputs = "i[4] i[]" },
    { "AddN", .inputs = "f[2,3] f[2,3] f[2,3]" },
    { "AddN", .inputs = "i[4]" },
    { 0 }
};

static const op_check comparisons[] = {
    { "Greater", .inputs = "f[4,3] f[3]" },
    { "GreaterEqual", .inputs = "i{1,2,3} i[]{2}" },
    { "Less", .inputs = "f{1,nan,3} f{2,2,nan}", .no_gradient = true },
    { "LessEqual", .inputs = "l[2,1] l[1,3]" },
    { "Equal", .inputs = "f{1,nan,3} f{1,nan,2}", .no_gradient = true },
    { "Equal", .inputs = "s{a,b,} s{a,c,}" },
    { "Equal", .inputs = "s[2,1]{a,b} s{b,a,ab}" },
    { "Equal", .inputs = "b[4] b[]" },
    { "NotEqual", .inputs = "s{a,b,} s[]{}" },
    { "NotEqual", .inputs = "i[2,3] i[2,3]" },
    { "LogicalAnd", .inputs = "b[4,1] b[3]" },
    { "LogicalOr", .inputs = "b[5] b[5]" },
    { 0 }
};

static void unary_agrees(void)
{
    op_checks_run(unary);
}

static void activations_agree(void)
{
    op_checks_run(activations);
}

static void binary_agrees(void)
{
    op_checks_run(binary);
}

static void comparisons_agree(void)
{
    op_checks_run(comparisons);
}

EST_SUITE(ops_elementwise, EST_TEST(unary_agrees), EST_TEST(activations_agree), EST_TEST(binary_agrees),
          EST_TEST(comparisons_agree));
