/* What the dense ops refuse, and how they say it; and the sources, which no recorded case can hold. */
#include "ops/once.h"

#define NEW(o, op, ...) est_op((o)->g, op, "op", EST_NODES(__VA_ARGS__), EST_NO_ATTRS)
#define FLOATS(o, shape, ...) once_floats((o), EST_FLOATS(__VA_ARGS__), (shape))

/* int32 values that inference does not see. */
static est_node *hidden(once *o, est_ints values)
{
    return est_op(o->g, "PlaceholderWithDefault", NULL, EST_NODES(est_constant_ints(o->g, EST_INT32, values)),
                  EST_ATTRS(EST_SHAPE_ATTR("shape", &(est_shape){ .rank = -1 })));
}

static est_node *hidden_floats(once *o, est_shape shape)
{
    est_tensor *t;
    if (!EST_CHECK_OK(est_tensor_new(EST_FLOAT, &shape, &t)))
        return NULL;
    est_node *n = est_op(o->g, "PlaceholderWithDefault", NULL, EST_NODES(est_constant(o->g, t)),
                         EST_ATTRS(EST_SHAPE_ATTR("shape", &(est_shape){ .rank = -1 })));
    est_tensor_free(t);
    return n;
}

static void fails_when_run(once *o, est_node *n, const char *message)
{
    const char *type = est_graph_status(o->g) == EST_OK ? est_node_type(n) : "?";
    EST_CHECK_FAILS(once_node(o, n), EST_INVALID_ARGUMENT, est_test_text("%s 'op': %s", type, message));
    once_end(o);
}

static void fails_when_built(once *o, est_node *n, const char *message)
{
    (void)n;
    EST_CHECK_FAILS(est_graph_status(o->g), EST_INVALID_ARGUMENT, message);
    once_end(o);
}

static void labels_and_indices(void)
{
    once o;
    EST_NEED(once_begin(&o));
    fails_when_run(&o,
                   NEW(&o, "SparseSoftmaxCrossEntropyWithLogits", hidden_floats(&o, EST_SHAPE(3, 4)),
                       hidden(&o, EST_INTS(0, 3, 4))),
                   "the label of example 2 of the batch is 4; wanted 0 to 3");
    EST_NEED(once_begin(&o));
    fails_when_run(&o,
                   NEW(&o, "GatherV2", hidden_floats(&o, EST_SHAPE(3, 4)), hidden(&o, EST_INTS(0, -1)),
                       hidden(&o, EST_INTS(0))),
                   "indices[1] is -1, outside [0, 3)");
    EST_NEED(once_begin(&o));
    fails_when_run(&o,
                   NEW(&o, "UnsortedSegmentSum", hidden_floats(&o, EST_SHAPE(2)), hidden(&o, EST_INTS(0, 9)),
                       hidden(&o, EST_INTS(3))),
                   "segment_ids[1] is 9, num_segments is 3");
}

static void shapes_that_do_not_fit(void)
{
    once o;
    EST_NEED(once_begin(&o));
    fails_when_run(&o, NEW(&o, "AddV2", hidden_floats(&o, EST_SHAPE(3, 4)), hidden_floats(&o, EST_SHAPE(3))),
                   "shapes [3,4] and [3] do not broadcast");
    EST_NEED(once_begin(&o));
    fails_when_run(&o,
                   NEW(&o, "MatMul", hidden_floats(&o, EST_SHAPE(3, 4)), hidden_floats(&o, EST_SHAPE(3, 2))),
                   "[3,4] and [3,2] cannot be multiplied");
    EST_NEED(once_begin(&o));
    fails_when_run(&o,
                   NEW(&o, "BiasAdd", hidden_floats(&o, EST_SHAPE(3, 4)), hidden_floats(&o, EST_SHAPE(3))),
                   "a bias of shape [3] does not fit [3,4]");
    EST_NEED(once_begin(&o));
    fails_when_run(&o, NEW(&o, "Reshape", hidden_floats(&o, EST_SHAPE(3, 4)), hidden(&o, EST_INTS(5, -1))),
                   "[3,4] does not fit the shape [5,2]");
    EST_NEED(once_begin(&o));
    fails_when_run(&o, NEW(&o, "Sum", hidden_floats(&o, EST_SHAPE(3, 4)), hidden(&o, EST_INTS(2))),
                   "axis 2 is outside [-2, 2)");
    EST_NEED(once_begin(&o));
    fails_when_run(&o, NEW(&o, "Fill", hidden(&o, EST_INTS(2, -3)), est_constant_float(o.g, 1)),
                   "dimension 1 of the shape is -3: negative or too large");
}

static void known_when_built(void)
{
    once o;
    EST_NEED(once_begin(&o));
    fails_when_built(
        &o, NEW(&o, "MatMul", FLOATS(&o, EST_SHAPE(1, 2), 1, 2), FLOATS(&o, EST_SHAPE(1, 2), 1, 2)),
        "MatMul 'op': 2 columns on the left do not fit 1 rows on the right (inputs: 'Const' [1,2], 'Const_1' [1,2])");
    EST_NEED(once_begin(&o));
    fails_when_built(&o, est_reduce_sum(o.g, FLOATS(&o, EST_SHAPE(2), 1, 2), EST_INTS(1), false),
                     "Sum 'Sum': axis 1 is outside [-1, 1) (inputs: 'Const' [2], 'Const_1' [1])");
}

static void arithmetic(void)
{
    once o;
    EST_NEED(once_begin(&o));
    fails_when_run(&o, NEW(&o, "FloorDiv", hidden(&o, EST_INTS(1, 2)), hidden(&o, EST_INTS(1, 0))),
                   "whole numbers are divided by zero (element 1)");
    EST_NEED(once_begin(&o));
    fails_when_run(&o, NEW(&o, "Pow", hidden(&o, EST_INTS(1, 2)), hidden(&o, EST_INTS(-1, 0))),
                   "a whole number is raised to a negative power (element 0)");
}

static void checks_of_values(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *x = FLOATS(&o, EST_SHAPE(3, 1), 0, 1, 1.5);
    est_node *checked = est_op(
        o.g, "EstCheckRange", NULL, EST_NODES(x),
        EST_ATTRS(EST_FLOAT_ATTR("low", 0), EST_FLOAT_ATTR("high", 1), EST_STRING_ATTR("what", "label")));
    EST_CHECK_FAILS(once_node(&o, checked), EST_INVALID_ARGUMENT,
                    "label 1.5 of example 2 of the batch is out of range; it must be in [0, 1]");
    est_node *text = est_constant_strings(o.g, EST_STRINGS("yes", "perhaps"));
    est_node *known = est_op(o.g, "EstCheckKnown", NULL, EST_NODES(once_ints(&o, EST_INTS(1, -1)), text),
                             EST_ATTRS(EST_STRING_ATTR("what", "the vocabulary")));
    EST_CHECK_FAILS(once_node(&o, known), EST_INVALID_ARGUMENT,
                    "label 'perhaps' of example 1 of the batch is not in the vocabulary");
    once_end(&o);
}

static void sources(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *c = est_constant_strings(o.g, EST_STRINGS("a", "bc")),
             *p = est_placeholder(o.g, "p", EST_FLOAT, EST_SCALAR);
    est_node *no_op = est_op(o.g, "NoOp", NULL, (est_nodes){ 0 }, EST_NO_ATTRS);
    EST_CHECK_OK(once_run(&o, EST_NODES(c, est_identity(o.g, c)), EST_NODES(no_op)));
    for (size_t i = 0; i < 2; i++) {
        size_t n;
        const char *s = est_tensor_string(once_fetch(&o, i), 1, &n);
        EST_CHECK_BYTES(s, n, "bc", 2);
    }
    EST_CHECK_FAILS(once_node(&o, est_neg(o.g, p)), EST_INVALID_ARGUMENT,
                    "Placeholder 'p' is needed but not fed");
    once_end(&o);
}

static void gradients_that_are_prevented(void)
{
    once o;
    est_gradient d;
    EST_NEED(once_begin(&o));
    est_node *x = FLOATS(&o, EST_SHAPE(2), 1, 2);
    est_node *y = est_op(o.g, "PreventGradient", "wall", EST_NODES(x),
                         EST_ATTRS(EST_STRING_ATTR("message", "no way back")));
    EST_CHECK_FAILS(est_gradients(o.g, y, EST_NODES(x), &d), EST_INVALID_ARGUMENT,
                    "'wall' prevents gradients: no way back");
    once_end(&o);
}

EST_SUITE(ops_messages, EST_TEST(labels_and_indices), EST_TEST(shapes_that_do_not_fit),
          EST_TEST(known_when_built), EST_TEST(arithmetic), EST_TEST(checks_of_values), EST_TEST(sources),
          EST_TEST(gradients_that_are_prevented));
