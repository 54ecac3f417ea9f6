/* Shape inference where dimensions are not known: what is known goes as far as it can, and values that are
 * shapes are followed. */
#include "graph/lab.h"

static const char *shape_of(est_node *n)
{
    char text[EST__SHAPE_TEXT_SIZE];
    return est_test_text("%s", est__shape_string(text, est_node_shape(n)));
}

static void dimensions(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_graph *g = l.g;
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1, 3), NULL), *w = lab_feed(&l, "w", EST_SHAPE(3, 4), NULL);
    est_node *u = lab_feed(&l, "u", (est_shape){ .rank = -1 }, NULL),
             *y = lab_feed(&l, "y", EST_SHAPE(5, -1), NULL);
    EST_CHECK_STR(shape_of(est_matmul(g, x, w)), "[?,4]");
    EST_CHECK_STR(shape_of(est_add(g, x, est_constant_float(g, 1))), "[?,3]");
    EST_CHECK_STR(shape_of(est_add(g, x, y)), "[5,3]");
    EST_CHECK_STR(shape_of(est_add(g, x, u)), "?");
    EST_CHECK_STR(shape_of(est_add(g, x, lab_feed(&l, "z", EST_SHAPE(2, 1, 1), NULL))), "[2,?,3]");
    EST_CHECK_STR(shape_of(est_reduce_sum(g, x, EST_INTS(0), false)), "[3]");
    EST_CHECK_STR(shape_of(est_reduce_sum(g, x, EST_INTS(-1), true)), "[?,1]");
    EST_CHECK_STR(shape_of(est_expand_dims(g, x, 1)), "[?,1,3]");
    EST_CHECK_STR(shape_of(est_concat(g, EST_NODES(x, x, y), 0)), "[?,3]");
    EST_CHECK_STR(shape_of(est_concat(g, EST_NODES(w, w), -1)), "[3,8]");
    EST_CHECK_STR(shape_of(est_transpose(g, x, EST_INTS(1, 0))), "[3,?]");
    EST_CHECK_STR(shape_of(est_shape_of_node(g, x)), "[2]");
    EST_CHECK_STR(shape_of(est_shape_of_node(g, u)), "[?]");
    EST_CHECK_STR(shape_of(est_add_n(g, EST_NODES(x, y))), "[5,3]");
    EST_CHECK_OK(est_graph_status(g));
    est_add(g, x, lab_feed(&l, "bad", EST_SHAPE(7, 2), NULL));
    EST_CHECK_FAILS(est_graph_status(g), EST_INVALID_ARGUMENT,
                    "AddV2 'AddV2_4': the shapes do not broadcast (inputs: 'x' [?,3], 'bad' [7,2])");
    lab_end(&l);
}

static est_node *dimension(est_graph *g, est_node *x, int64_t i)
{
    return est_strided_slice(g, est_shape_of_node(g, x), EST_INTS(i), EST_INTS(i + 1), EST_INTS(1), 1);
}

static est_node *fill(est_graph *g, est_node *shape)
{
    return est_fill(g, shape, est_constant_float(g, 0));
}

static void values_that_are_shapes(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_graph *g = l.g;
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1, 3, 5), NULL);
    est_node *three = dimension(g, x, 1), *rows = dimension(g, x, 0);
    est_node *unknown = lab_feed(&l, "n", EST_SCALAR, lab_ints(&l, EST_INT32, EST_SCALAR, (int64_t[]){ 9 }));
    est_node *pair = est_pack(g, EST_NODES(rows, three), 0);
    EST_CHECK_STR(shape_of(fill(g, est_shape_of_node(g, x))), "[?,3,5]");
    EST_CHECK_STR(shape_of(fill(g, pair)), "[?,3]");
    EST_CHECK_STR(shape_of(fill(g, est_pack(g, EST_NODES(unknown, three), 0))), "[?,3]");
    EST_CHECK_STR(
        shape_of(fill(g, est_concat(g, EST_NODES(pair, est_constant_ints(g, EST_INT32, EST_INTS(7, 8))), 0))),
        "[?,3,7,8]");
    EST_CHECK_STR(shape_of(fill(g, est_cast(g, est_cast(g, pair, EST_INT64), EST_INT32))), "[?,3]");
    EST_CHECK_STR(shape_of(fill(g, est_identity(g, pair))), "[?,3]");
    est_node *dims = est_shape_of_node(g, x);
    EST_CHECK_STR(shape_of(fill(g, est_strided_slice(g, dims, EST_INTS(1), EST_INTS(3), EST_INTS(1), 0))),
                  "[3,5]");
    EST_CHECK_STR(shape_of(fill(g, est_strided_slice(g, dims, EST_INTS(-1), EST_INTS(99), EST_INTS(1), 0))),
                  "[5]");
    EST_CHECK_STR(shape_of(fill(g, est_strided_slice(g, dims, EST_INTS(0), EST_INTS(-1), EST_INTS(1), 0))),
                  "[?,3]");
    EST_CHECK_STR(
        shape_of(est_op(g, "Reshape", NULL,
                        EST_NODES(x, est_pack(g, EST_NODES(rows, est_constant_int(g, EST_INT32, -1)), 0)),
                        EST_NO_ATTRS)),
        "[?,?]");
    EST_CHECK_STR(
        shape_of(est_op(g, "BroadcastTo", NULL, EST_NODES(est_constant_float(g, 1), dims), EST_NO_ATTRS)),
        "[?,3,5]");
    /* arithmetic is not followed, but its length is */
    EST_CHECK_STR(shape_of(fill(g, est_mul(g, pair, pair))), "[?,?]");
    EST_CHECK_OK(est_graph_status(g));
    lab_end(&l);
}

/* Two ways to the same node at each level: 2^60 ways in all, unless somebody counts. */
static void no_branching_for_ever(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_node *empty = est_constant_ints(l.g, EST_INT32, (est_ints){ 0 });
    for (int i = 0; i < 60; i++)
        empty = est_concat(l.g, EST_NODES(empty, empty), 0);
    EST_CHECK_STR(lab_value(&l, fill(l.g, empty)), "float32[] 0");
    lab_end(&l);
}

/* Whatever stands in a slice's operands, inference does no arithmetic beyond the numbers. */
static void extreme_slices(void)
{
    static const int64_t ends[] = {
        INT64_MIN, INT64_MIN + 1, -4, -3, -1, 0, 1, 3, 4, INT64_MAX - 1, INT64_MAX
    };
    enum { COUNT = sizeof ends / sizeof *ends };
    lab l;
    EST_NEED(lab_begin(&l));
    est_node *dims = est_op(l.g, "Shape", NULL, EST_NODES(lab_feed(&l, "x", EST_SHAPE(-1, 3, 5), NULL)),
                            EST_ATTRS(EST_TYPE_ATTR("out_type", EST_INT64)));
    for (int i = 0; i < COUNT * COUNT * 2 && est_graph_status(l.g) == EST_OK; i++) {
        est_node *begin = est_constant_ints(l.g, EST_INT64, EST_INTS(ends[i / 2 % COUNT]));
        est_node *end = est_constant_ints(l.g, EST_INT64, EST_INTS(ends[i / 2 / COUNT]));
        est_node *part = est_op(l.g, "StridedSlice", NULL,
                                EST_NODES(dims, begin, end, est_constant_ints(l.g, EST_INT64, EST_INTS(1))),
                                EST_ATTRS(EST_INT_ATTR("shrink_axis_mask", i % 2)));
        if (est_graph_status(l.g) != EST_OK) {     /* an index that is out of range is refused at once */
            lab_end(&l);
            lab_begin(&l);
            dims = est_op(l.g, "Shape", NULL, EST_NODES(lab_feed(&l, "x", EST_SHAPE(-1, 3, 5), NULL)),
                          EST_ATTRS(EST_TYPE_ATTR("out_type", EST_INT64)));
        } else if (i % 2 == 0) {
            fill(l.g, part);
        }
    }
    EST_CHECK_OK(est_graph_status(l.g));
    lab_end(&l);
}

EST_SUITE(graph_infer, EST_TEST(dimensions), EST_TEST(values_that_are_shapes),
          EST_TEST(no_branching_for_ever), EST_TEST(extreme_slices));
