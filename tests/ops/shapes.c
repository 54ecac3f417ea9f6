/* The harness rows of src/ops/sources.c, shapes.c, stateless_random.c, arrays.c, slices.c and broadcast.c. */
#include "ops/harness.h"

static const op_check sources[] = {
    { "Identity", .inputs = "f[2,3]" },
    { "Identity", .inputs = "s{a,bc,}" },
    { "IdentityN", .inputs = "f[2,3] i[2] s{x,yz}", .attrs = "T=[f,i,s]" },
    { "StopGradient", .inputs = "f[2,3]", .no_gradient = true },
    { "PreventGradient", .inputs = "f[2,3]", .no_gradient = true },
    { "PlaceholderWithDefault", .inputs = "f[2,3]", .attrs = "shape=[2,3]" },
    { 0 }
};

static const op_check shapes[] = {
    { "Shape", .inputs = "f[2,3,4]" },
    { "Shape", .inputs = "s[]{a}", .attrs = "out_type=int64" },
    { "ShapeN", .inputs = "f[2,3,4] f[5] f[0,2]" },
    { "ShapeN", .inputs = "i[2,3]", .attrs = "out_type=int64" },
    { "Size", .inputs = "f[2,3]" },
    { "Size", .inputs = "f[0,3]", .attrs = "out_type=int64" },
    { "Rank", .inputs = "i[2,3]" },
    { "Reshape", .inputs = "f[2,6] i{3,4}" },
    { "Reshape", .inputs = "f[2,6] l{-1,3}" },
    { "Reshape", .inputs = "s{a,b,cd,e} i{2,-1}" },
    { "Reshape", .inputs = "f[1] i{}" },
    { "Reshape", .inputs = "f[0,4] i{-1,2}" },
    { "ExpandDims", .inputs = "f[2,3] i[]{1}" },
    { "ExpandDims", .inputs = "f[2,3] l[]{-1}" },
    { "ExpandDims", .inputs = "s{a,b} i[]{0}" },
    { "Squeeze", .inputs = "f[1,3,1,2]" },
    { "Squeeze", .inputs = "f[1,3,1,2]", .attrs = "squeeze_dims=[2]" },
    { "Squeeze", .inputs = "f[1,3,1]", .attrs = "squeeze_dims=[-1]" },
    { "BroadcastTo", .inputs = "f[3] i{2,3}" },
    { "BroadcastTo", .inputs = "f[2,1,3] i{4,2,5,3}" },
    { "BroadcastTo", .inputs = "f[]{1.5} l{2,2}" },
    { "BroadcastTo", .inputs = "i8[2,1] i{2,3}" },
    { "BroadcastGradientArgs", .inputs = "i{2,3} i{3}" },
    { "BroadcastGradientArgs", .inputs = "i{2,1,3} i{1,4,1}" },
    { "BroadcastGradientArgs", .inputs = "i{1,3} i{1,3}" },
    { "BroadcastGradientArgs", .inputs = "i{} i{1,3}" },
    { "BroadcastGradientArgs", .inputs = "l{1,3} l{2,1,3}" },
    { 0 }
};

static const op_check stateless_random[] = {
    { "StatelessRandomUniform", .inputs = "i{3,7} l{7,0}", .no_gradient = true },
    { "StatelessRandomUniform", .inputs = "l{2} i{-5,11}", .no_gradient = true },
    { "StatelessRandomNormal", .inputs = "i{33} l{123456789012345,1}", .no_gradient = true },
    { "StatelessTruncatedNormal", .inputs = "i{41} l{1,0}", .no_gradient = true },
    { "StatelessTruncatedNormal", .inputs = "i{0,3} l{1,0}", .no_gradient = true },
    { 0 }
};

static const op_check arrays[] = {
    { "ConcatV2", .inputs = "f[2,3] f[2,1] f[2,2] i[]{1}" },
    { "ConcatV2", .inputs = "f[1,3] f[2,3] l[]{0}" },
    { "ConcatV2", .inputs = "f[2,2,2] f[2,1,2] i[]{-2}" },
    { "ConcatV2", .inputs = "s[1,2]{a,bb} s[2,2]{c,,eee,f} i[]{0}" },
    { "ConcatV2", .inputs = "s[2,1]{a,bb} s[2,2]{c,,eee,f} i[]{1}" },
    { "ConcatV2", .inputs = "f[2,0] f[2,3] i[]{1}" },
    { "ConcatOffset", .inputs = "i[]{1} i{2,2,5,7} i{2,3,5,7} i{2,4,5,7}" },
    { "ConcatOffset", .inputs = "i[]{-1} l{4,1} l{4,2}" },
    { "Cumsum", .inputs = "f[2,3,4] i[]{1}" },
    { "Cumsum", .inputs = "f[3,2] l[]{0}", .attrs = "exclusive=true" },
    { "Cumsum", .inputs = "f[2,5] i[]{-1}", .attrs = "reverse=true" },
    { "Cumsum", .inputs = "f[7] i[]{0}", .attrs = "exclusive=true,reverse=true" },
    { "Cumsum", .inputs = "i{2147483647,1,5} i[]{0}" },
    { "Cumsum", .inputs = "f[0,3] i[]{0}" },
    { "Pack", .inputs = "f[2,3] f[2,3]" },
    { "Pack", .inputs = "f[2,3] f[2,3] f[2,3]", .attrs = "axis=1" },
    { "Pack", .inputs = "s{a,bc} s{d,}", .attrs = "axis=-1" },
    { "Pack", .inputs = "i[] i[]{4}" },
    { "Unpack", .inputs = "f[3,2]", .attrs = "num=3" },
    { "Unpack", .inputs = "f[2,3,2]", .attrs = "num=3,axis=1" },
    { "Unpack", .inputs = "s[2,2]{a,bc,,d}", .attrs = "num=2,axis=-1" },
    { "Split", .inputs = "i[]{0} f[4,3]", .attrs = "num_split=2" },
    { "Split", .inputs = "i[]{-1} f[2,6]", .attrs = "num_split=3" },
    { "Split", .inputs = "i[]{1} s[1,4]{a,bb,c,d}", .attrs = "num_split=2" },
    { "Tile", .inputs = "f[2,3] i{2,1}" },
    { "Tile", .inputs = "f[2,3] l{2,3}" },
    { "Tile", .inputs = "s{a,bc} i{3}" },
    { "Tile", .inputs = "f[2,3] i{0,2}" },
    { "Transpose", .inputs = "f[2,3] i{1,0}" },
    { "Transpose", .inputs = "f[2,3,4] i{2,0,1}" },
    { "Transpose", .inputs = "d[2,3,4] l{0,2,1}" },
    { "Transpose", .inputs = "s[2,2]{a,bc,d,} i{1,0}" },
    { "Pad", .inputs = "f[2,3] i[2,2]{1,0,2,1}" },
    { "Pad", .inputs = "i[2] l[1,2]{0,3}" },
    { 0 }
};

static const op_check slices[] = {
    { "Slice", .inputs = "f[4,5] i{1,2} i{2,-1}" },
    { "Slice", .inputs = "f[4,5] l{0,1} l{4,2}" },
    { "Slice", .inputs = "s{a,bb,c,d} i{1} i{2}" },
    { "StridedSlice", .inputs = "f[4,5] i{1,0} i{3,5} i{1,2}" },
    { "StridedSlice", .inputs = "f[4,5] i{1} i{2} i{1}", .attrs = "shrink_axis_mask=1" },
    { "StridedSlice", .inputs = "f[4,5] l{-1,4} l{0,1} l{-2,-1}", .attrs = "end_mask=1" },
    { "StridedSlice", .inputs = "f[4,5] i{0,3} i{0,4} i{1,1}",
      .attrs = "begin_mask=1,end_mask=1,shrink_axis_mask=2" },
    { "StridedSlice", .inputs = "f[2,3,4] i{0,1} i{0,3} i{1,1}", .attrs = "ellipsis_mask=1" },
    { "StridedSlice", .inputs = "f[2,3,4] i{1,0,0} i{2,0,2} i{1,1,1}",
      .attrs = "ellipsis_mask=2,shrink_axis_mask=1" },
    { "StridedSlice", .inputs = "f[2,3] i{0,0,1} i{2,0,3} i{1,1,1}", .attrs = "new_axis_mask=2" },
    { "StridedSlice", .inputs = "f[2,3] i{-5,-1} i{9,-9} i{1,-1}" },
    { "StridedSlice", .inputs = "f[3] i{2} i{1} i{1}" },
    { "StridedSlice", .inputs = "s{a,bb,c,d} i{3} i{0} i{-2}" },
    { "StridedSlice", .inputs = "i[6] i{1} i{6} i{3}" },
    { "StridedSliceGrad", .inputs = "i{4,5} i{1,0} i{3,5} i{1,2} f[2,3]" },
    { "StridedSliceGrad", .inputs = "l{4,5} l{-1} l{0} l{-2} f[2,5]", .attrs = "end_mask=1" },
    { "StridedSliceGrad", .inputs = "i{3,2} i{1} i{2} i{1} f[2]", .attrs = "shrink_axis_mask=1" },
    { 0 }
};

static void sources_agree(void)
{
    op_checks_run(sources);
}

static void shapes_agree(void)
{
    op_checks_run(shapes);
}

static void stateless_random_agrees(void)
{
    op_checks_run(stateless_random);
}

static void arrays_agree(void)
{
    op_checks_run(arrays);
}

static void slices_agree(void)
{
    op_checks_run(slices);
}

EST_SUITE(ops_shapes, EST_TEST(sources_agree), EST_TEST(shapes_agree),
          EST_TEST(stateless_random_agrees), EST_TEST(arrays_agree), EST_TEST(slices_agree));
