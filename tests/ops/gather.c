/* The harness rows of src/ops/gather.c, select.c, fill.c and cast.c. */
#include "ops/harness.h"

static const op_check gathers[] = {
    { "GatherV2", .inputs = "f[5,3] i{4,0,4} i[]{0}" },
    { "GatherV2", .inputs = "f[5] l[2,2]<5 i[]{0}" },
    { "GatherV2", .inputs = "f[2,5,3] i{4,0} i[]{1}" },
    { "GatherV2", .inputs = "f[2,5] i[2,3]<5 l[]{-1}" },
    { "GatherV2", .inputs = "s{a,bb,,d} i{3,1,2,2} i[]{0}" },
    { "GatherV2", .inputs = "s[2,3]{a,bb,,d,e,f} i{2,0} i[]{1}" },
    { "GatherV2", .inputs = "f[5,3] i[]{2} i[]{0}" },
    { "GatherNd", .inputs = "f[3,4] i[2,2]{0,1,2,3}" },
    { "GatherNd", .inputs = "f[3,4] l[2,1]{2,0}" },
    { "GatherNd", .inputs = "s[2,2]{a,bb,c,} i[1,2]{1,0}" },
    { "ScatterNd", .inputs = "i[3,1]{1,3,1} f[3,2] i{4,2}" },
    { "ScatterNd", .inputs = "l[2,2]{1,0,0,1} f[2] l{2,2}" },
    { "UnsortedSegmentSum", .inputs = "f[4,3] i{1,0,1,3} i[]{5}" },
    { "UnsortedSegmentSum", .inputs = "f[4,3] l{1,-1,1,0} i[]{2}" },
    { "UnsortedSegmentSum", .inputs = "f[2,3] i[2,3]<4 l[]{4}" },
    { 0 }
};

static const op_check choices[] = {
    { "Select", .inputs = "b[2,3] f[2,3] f[2,3]" },
    { "Select", .inputs = "b{1,0} f[2,3] f[2,3]" },
    { "Select", .inputs = "b[]{1} f[2,3] f[2,3]" },
    { "Select", .inputs = "b{1,0,1} s{a,bb,c} s{d,e,ff}" },
    { "SelectV2", .inputs = "b[2,3] f[2,3] f[2,3]" },
    { "SelectV2", .inputs = "b[2,1] f[3] f[]" },
    { "SelectV2", .inputs = "b[3] i[2,3] i[1,3]" },
    { "SelectV2", .inputs = "b[2,1]{1,0} s{a,bb,c} s[]{d}" },
    { "Where", .inputs = "b[2,3]" },
    { "Where", .inputs = "f{0,1,-2,0}", .no_gradient = true },
    { "Where", .inputs = "b[2,2,2]" },
    { 0 }
};

static const op_check fills[] = {
    { "Fill", .inputs = "i{2,3} f[]{1.5}" },
    { "Fill", .inputs = "l{2} s[]{ab}" },
    { "Fill", .inputs = "i{} i[]{7}" },
    { "ZerosLike", .inputs = "f[2,3]" },
    { "ZerosLike", .inputs = "s{a,b}" },
    { "ZerosLike", .inputs = "b[3]" },
    { "OnesLike", .inputs = "f[2,3]" },
    { "OnesLike", .inputs = "i8[3]" },
    { "Range", .inputs = "i[]{0} i[]{10} i[]{3}" },
    { "Range", .inputs = "l[]{5} l[]{-5} l[]{-4}" },
    { "Range", .inputs = "f[]{0} f[]{1} f[]{0.25}", .no_gradient = true },
    { "Range", .inputs = "i[]{3} i[]{3} i[]{1}" },
    { "OneHot", .inputs = "i{0,2,-1,3} i[]{3} f[]{1} f[]{0}", .no_gradient = true },
    { "OneHot", .inputs = "l[2,2]<4 i[]{4} f[]{2.5} f[]{-1}", .attrs = "axis=0", .no_gradient = true },
    { "OneHot", .inputs = "l[2,2]<4 i[]{4} i[]{5} i[]{0}", .attrs = "axis=1" },
    { "OneHot", .inputs = "u8{1,0} i[]{2} b[]{1} b[]{0}" },
    { 0 }
};

static const op_check casts[] = {
    { "Cast", .inputs = "f[2,3]", .attrs = "DstT=double" },
    { "Cast", .inputs = "d[2,3]", .attrs = "DstT=float", .no_gradient = true },
    { "Cast", .inputs = "f{-1.7,1.7,0,100}", .attrs = "DstT=int32", .no_gradient = true },
    { "Cast", .inputs = "f{-1.7,1.7,0,100}", .attrs = "DstT=int64", .no_gradient = true },
    { "Cast", .inputs = "f{1.7,0,-0.5}", .attrs = "DstT=bool", .no_gradient = true },
    { "Cast", .inputs = "b[5]", .attrs = "DstT=float" },
    { "Cast", .inputs = "b[5]", .attrs = "DstT=int64" },
    { "Cast", .inputs = "i{-1,300,7}", .attrs = "DstT=uint8" },
    { "Cast", .inputs = "l{-1,300,7}", .attrs = "DstT=int32" },
    { "Cast", .inputs = "l{-1,300,7}", .attrs = "DstT=float" },
    { "Cast", .inputs = "u8{0,200}", .attrs = "DstT=int8" },
    { "Cast", .inputs = "u64{0,200}", .attrs = "DstT=double" },
    { "Cast", .inputs = "f[40]", .attrs = "DstT=half", .no_gradient = true },
    { "Cast", .inputs = "f{1e-8,65504,70000,1.0009,1.0005,nan}", .attrs = "DstT=half", .no_gradient = true },
    { "Cast", .inputs = "f[40]", .attrs = "DstT=bfloat16", .no_gradient = true },
    { "Cast", .inputs = "h[40]", .attrs = "DstT=float" },
    { "Cast", .inputs = "bf[40]", .attrs = "DstT=double" },
    { "Cast", .inputs = "h[4]", .attrs = "DstT=bfloat16" },
    { "Cast", .inputs = "h{1.5,-2.5}", .attrs = "DstT=int32" },
    { "Cast", .inputs = "i{1,2,3}", .attrs = "DstT=half" },
    { "Cast", .inputs = "i16{1,0}", .attrs = "DstT=bool" },
    { "Cast", .inputs = "f[3]", .attrs = "DstT=float", .no_gradient = true },
    { 0 }
};

static void gathers_agree(void)
{
    op_checks_run(gathers);
}

static void choices_agree(void)
{
    op_checks_run(choices);
}

static void fills_agree(void)
{
    op_checks_run(fills);
}

static void casts_agree(void)
{
    op_checks_run(casts);
}

EST_SUITE(ops_gather, EST_TEST(gathers_agree), EST_TEST(choices_agree), EST_TEST(fills_agree),
          EST_TEST(casts_agree));
