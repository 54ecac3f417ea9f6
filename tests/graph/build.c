/* Building graphs: what operations take and refuse, word for word; names and scopes; attributes of every
 * kind; variables. */
#include "graph/attr.h"
#include "graph/lab.h"

static est_node *op(lab *l, const char *type, est_nodes in)
{
    return est_op(l->g, type, NULL, in, EST_NO_ATTRS);
}

/* The graph is spoiled with just that error; a new one takes its place. */
static void refused(lab *l, est_status status, const char *message, est_test_place at)
{
    est_test_fails(est_graph_status(l->g), status, message, at);
    lab_end(l);
    lab_begin(l);
}
#define REFUSED(l, status, message) refused((l), (status), (message), EST_HERE(message))

static void wrong_inputs(void)
{
    lab l, other;
    EST_NEED(lab_begin(&l) && lab_begin(&other));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1, 3), NULL);
    op(&l, "MatMull", EST_NODES(x, x));
    REFUSED(&l, EST_UNIMPLEMENTED, "op MatMull ('MatMull') is not known here; did you mean MatMul?");

    op(&l, "Qqqqqqqqqqqq", (est_nodes){ 0 });
    REFUSED(&l, EST_UNIMPLEMENTED, "op Qqqqqqqqqqqq ('Qqqqqqqqqqqq') is not known here");

    x = lab_feed(&l, "x", EST_SHAPE(2), NULL);
    op(&l, "AddV2", EST_NODES(x, est_constant_int(l.g, EST_INT32, 1)));
    REFUSED(&l, EST_INVALID_ARGUMENT, "AddV2 'AddV2': input 1 ('Const') is int32; float32 is wanted");

    op(&l, "Sqrt", EST_NODES(est_constant_string(l.g, "four")));
    REFUSED(&l, EST_INVALID_ARGUMENT, "Sqrt 'Sqrt': string is not among the types it takes for 'T'");

    op(&l, "StringToHashBucketFast", EST_NODES(est_constant_int(l.g, EST_INT64, 1)));
    REFUSED(&l, EST_INVALID_ARGUMENT,
            "StringToHashBucketFast 'StringToHashBucketFast': input 0 ('Const') is int64; string is wanted");

    x = lab_feed(&l, "x", EST_SHAPE(2), NULL);
    op(&l, "AddV2", EST_NODES(x));
    REFUSED(&l, EST_INVALID_ARGUMENT, "AddV2 'AddV2': it takes 2 inputs, 1 are given");

    x = lab_feed(&l, "x", EST_SHAPE(2), NULL);
    op(&l, "AddV2", EST_NODES(x, NULL));
    REFUSED(&l, EST_INVALID_ARGUMENT, "AddV2: input 1 is missing");

    x = lab_feed(&other, "elsewhere", EST_SHAPE(2), NULL);
    op(&l, "Neg", EST_NODES(x));
    REFUSED(&l, EST_INVALID_ARGUMENT, "Neg: input 0 ('elsewhere') is of another graph");

    est_op(l.g, "Placeholder", "p", (est_nodes){ 0 }, EST_NO_ATTRS);
    REFUSED(&l, EST_INVALID_ARGUMENT, "Placeholder 'p': attribute 'dtype' is needed");

    est_op(l.g, "Placeholder", "p", (est_nodes){ 0 }, EST_ATTRS(EST_TYPE_ATTR("dtyp", EST_FLOAT)));
    REFUSED(&l, EST_INVALID_ARGUMENT, "Placeholder 'p': it has no attribute 'dtyp'");

    est_op(l.g, "Placeholder", "p", (est_nodes){ 0 }, EST_ATTRS(EST_INT_ATTR("dtype", 1)));
    REFUSED(&l, EST_INVALID_ARGUMENT, "Placeholder 'p': attribute 'dtype' is of another kind");

    est_op(l.g, "Placeholder", "p", (est_nodes){ 0 }, EST_ATTRS(EST_TYPE_ATTR("dtype", (est_dtype)1000)));
    REFUSED(&l, EST_INVALID_ARGUMENT, "Placeholder 'p': invalid is not among the types it takes for 'dtype'");

    x = lab_feed(&l, "x", EST_SHAPE(2, 3), NULL);
    op(&l, "MatMul", EST_NODES(x, x));
    EST_CHECK(strstr((est_graph_status(l.g), est_error()), "' [2,3], '") != NULL);
    lab_end(&other);
    lab_end(&l);
}

/* The first error stays; all that follows from it is the nil node, and does no harm. */
static void errors_stick(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(2), NULL);
    size_t n = l.g->num_operations;
    est_node *bad = op(&l, "Nonesuch", EST_NODES(x));
    est_node *nil = est_relu(l.g, est_add(l.g, bad, est_constant_float(l.g, 1)));
    EST_CHECK(nil == bad);
    EST_CHECK(est_node_output(nil, 3) == nil);
    EST_CHECK_STR(est_node_name(nil), "nil");
    EST_CHECK_STR(est_node_type(nil), "nil");
    est_node_after(nil, x);
    est_node_after(x, nil);
    est_node *v = est_variable(l.g, "v", &(est_variable_options){ .shape = EST_SHAPE(2) });
    EST_CHECK(v == nil && est_read(l.g, v) == nil);
    est_gradient d;
    EST_CHECK_FAILS(est_gradients(l.g, nil, EST_NODES(x), &d), EST_UNIMPLEMENTED,
                    "op Nonesuch ('Nonesuch') is not known here");
    est__plan *plan;
    EST_CHECK_FAILS(est__plan_new(l.g, &(est__plan_options){ .fetches = EST_NODES(x) }, &plan),
                    EST_UNIMPLEMENTED, "op Nonesuch ('Nonesuch') is not known here");
    EST_CHECK_INT(l.g->num_operations, n);
    lab_end(&l);
    EST_CHECK(est_node_output(NULL, 0) == NULL);
}

static void names_and_scopes(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(2), NULL);
    EST_CHECK_STR(est_node_name(est_relu(l.g, x)), "Relu");
    EST_CHECK_STR(est_node_name(est_relu(l.g, x)), "Relu_1");
    EST_CHECK_STR(est_node_name(est_op(l.g, "Relu", "Relu_2", EST_NODES(x), EST_NO_ATTRS)), "Relu_2");
    EST_CHECK_STR(est_node_name(est_relu(l.g, x)), "Relu_3");      /* 2 is taken */
    est_graph_begin_scope(l.g, "a");
    EST_CHECK_STR(est_node_name(est_relu(l.g, x)), "a/Relu");
    est_graph_begin_scope(l.g, "b/c");
    EST_CHECK_STR(est_node_name(est_relu(l.g, x)), "a/b/c/Relu");
    EST_CHECK_STR(est_node_name(est_variable(l.g, "v", &(est_variable_options){ .shape = EST_SCALAR })), "v");
    est_graph_end_scope(l.g);
    EST_CHECK_STR(est_node_name(est_relu(l.g, x)), "a/Relu_1");
    est_graph_end_scope(l.g);
    EST_CHECK_STR(est_node_name(est_relu(l.g, x)), "Relu_4");
    est_graph_end_scope(l.g);                                      /* one too many does no harm */
    EST_CHECK_STR(est_node_name(est_relu(l.g, x)), "Relu_5");

    est_node *top = est_op(l.g, "TopKV2", "top", EST_NODES(x, est_constant_int(l.g, EST_INT32, 1)),
                           EST_NO_ATTRS);
    EST_CHECK(est_graph_node(l.g, "top") == top && est_graph_node(l.g, "top:0") == top);
    EST_CHECK(est_graph_node(l.g, "top:1") == est_node_output(top, 1));
    EST_CHECK(est_graph_node(l.g, "top:2") == NULL && est_graph_node(l.g, "top:-1") == NULL);
    EST_CHECK(est_graph_node(l.g, "to") == NULL && est_graph_node(l.g, "top:") == NULL);
    EST_CHECK_OK(est_graph_status(l.g));
    est_node_output(top, 2);
    REFUSED(&l, EST_INVALID_ARGUMENT, "TopKV2 'top' has 2 outputs; there is no output 2");
    lab_end(&l);
}

static void attributes(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_shape shape = EST_SHAPE(2, -1), shapes[2] = { EST_SCALAR, EST_SHAPE(3) };
    const char text[] = "with\0zero", *strings[] = { "one", "" };
    const bool bools[] = { true, false };
    const int64_t ints[] = { INT64_MIN, 0, INT64_MAX };
    const double floats[] = { 0.1, -2 };
    const est_dtype types[] = { EST_FLOAT, EST_STRING };
    const est_tensor *tensor = lab_strings(&l, EST_SHAPE(2), strings);
    const est_attr given[] = {
        EST_INT_ATTR("i", INT64_MIN),
        EST_FLOAT_ATTR("f", 0.1),
        EST_BOOL_ATTR("b", true),
        { .name = "s", .kind = EST_ATTR_STRING, .s = { text, sizeof text - 1 } },
        EST_TYPE_ATTR("t", EST_HALF),
        EST_SHAPE_ATTR("shape", &shape),
        EST_TENSOR_ATTR("value", tensor),
        { .name = "li", .kind = EST_ATTR_INTS, .list = { 3, { .i = ints } } },
        { .name = "lf", .kind = EST_ATTR_FLOATS, .list = { 2, { .f = floats } } },
        { .name = "lb", .kind = EST_ATTR_BOOLS, .list = { 2, { .b = bools } } },
        { .name = "ls", .kind = EST_ATTR_STRINGS, .list = { 2, { .s = strings } } },
        { .name = "lt", .kind = EST_ATTR_TYPES, .list = { 2, { .type = types } } },
        { .name = "lsh", .kind = EST_ATTR_SHAPES, .list = { 2, { .shape = shapes } } },
        { .name = "fn", .kind = EST_ATTR_FUNC, .s = { "f", 1 } },
    };
    enum { COUNT = sizeof given / sizeof *given };
    est_attr copy[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        EST_NEED_OK(est__attr_copy(l.g, &given[i], &copy[i]));
        EST_CHECK_STR(copy[i].name, given[i].name);
        bool rounded = given[i].kind == EST_ATTR_FLOAT || given[i].kind == EST_ATTR_FLOATS;
        if (!est_test_true(est__attr_equal(&copy[i], &given[i]) != rounded, EST_HERE(given[i].name)))
            continue;
        for (size_t j = 0; j < COUNT; j++)
            est_test_true(est__attr_equal(&copy[i], &copy[j]) == (i == j), EST_HERE(given[j].name));
    }
    EST_CHECK(copy[1].f == (double)0.1f && copy[8].list.f[0] == (double)0.1f);   /* as a GraphDef has them */
    EST_CHECK_BYTES(copy[3].s.p, copy[3].s.n, text, sizeof text - 1);
    EST_CHECK(copy[6].tensor != tensor);

    est_node *x = lab_feed(&l, "x", EST_SHAPE(2, 3), NULL);
    est_node *m = est_op(l.g, "MatMul", NULL, EST_NODES(x, x), EST_ATTRS(EST_BOOL_ATTR("transpose_b", true)));
    EST_CHECK(est__attr_bool(m->op, "transpose_b") && !est__attr_bool(m->op, "transpose_a"));
    EST_CHECK_INT(est__attr_type(m->op, "T"), EST_FLOAT);          /* from the inputs */
    EST_CHECK(est__attr(m->op, "none") == NULL);
    est_node *n = est_op(l.g, "AddN", NULL, EST_NODES(x, x, x), EST_NO_ATTRS);
    EST_CHECK_INT(est__attr_int(n->op, "N"), 3);
    est_op(l.g, "AddN", NULL, EST_NODES(x, x, x), EST_ATTRS(EST_INT_ATTR("N", 2)));
    REFUSED(&l, EST_INVALID_ARGUMENT, "AddN 'AddN_1': it takes 2 inputs, 3 are given");
    x = lab_feed(&l, "x", EST_SHAPE(2), NULL);
    est_op(l.g, "AddN", NULL, EST_NODES(x), EST_ATTRS(EST_INT_ATTR("N", -1)));
    REFUSED(&l, EST_INVALID_ARGUMENT, "AddN 'AddN': attribute 'N' is -1");
    est_op(l.g, "Relu", NULL, EST_NODES(lab_feed(&l, "x", EST_SHAPE(2), NULL)),
           EST_ATTRS(EST_INT_ATTR("_hint", 1)));
    /* hints of whoever wrote a GraphDef are dropped */
    EST_CHECK_OK(est_graph_status(l.g));
    lab_end(&l);
}

static void variables(void)
{
    lab l, other;
    float three[] = { 1, 2, 3 };
    EST_NEED(lab_begin(&l) && lab_begin(&other));
    lab_variable(&l, "v", EST_SHAPE(3), three);
    est_node *zero = est_variable(
        l.g, "zero",
        &(est_variable_options){ .dtype = EST_INT64, .shape = EST_SHAPE(2, 2), .not_trainable = true });
    est_variable(l.g, "local", &(est_variable_options){ .shape = EST_SCALAR, .local = true });
    EST_CHECK(lab_initialize(&l));
    EST_CHECK_STR(lab_variable_text(&l, "v"), "float32[3] 1 2 3");
    EST_CHECK_STR(lab_variable_text(&l, "zero"), "int64[2,2] 0 0 0 0");
    EST_CHECK(est_graph_variable(l.g, "zero") == zero && est_graph_variable(l.g, "none") == NULL);
    EST_CHECK(l.g->variable[0].trainable && !l.g->variable[1].trainable && !l.g->variable[2].trainable);
    EST_CHECK_INT(est_node_dtype(est_read(l.g, zero)), EST_INT64);
    est_variable(l.g, "v", &(est_variable_options){ .shape = EST_SCALAR });
    REFUSED(&l, EST_ALREADY_EXISTS, "VarHandleOp 'v': there are two nodes of that name");
    est_variable(l.g, "v",
                 &(est_variable_options){ .shape = EST_SHAPE(2),
                                          .initial_value = lab_const(&l, EST_SHAPE(3), three) });
    REFUSED(&l, EST_INVALID_ARGUMENT, "variable 'v' is float32 [2], its initial value float32 [3]");
    est_variable(l.g, "v",
                 &(est_variable_options){ .dtype = EST_INT32, .initial_value = est_constant_float(l.g, 1) });
    REFUSED(&l, EST_INVALID_ARGUMENT, "variable 'v' is int32 [], its initial value float32 []");
    est_variable(l.g, "v", &(est_variable_options){ .shape = EST_SHAPE(2, -1) });
    REFUSED(&l, EST_INVALID_ARGUMENT, "variable 'v': its shape is not known");
    est_variable(l.g, "v", &(est_variable_options){ .initial_value = est_constant_float(other.g, 1) });
    REFUSED(&l, EST_INVALID_ARGUMENT, "variable 'v': its initial value 'Const' is of another graph");
    est_read(l.g, est_constant_float(l.g, 1));
    REFUSED(&l, EST_INVALID_ARGUMENT, "'Const' is no variable");
    lab_end(&other);
    lab_end(&l);
}

static void constants(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    EST_CHECK_STR(lab_value(&l, est_constant_int(l.g, EST_INT64, INT64_MAX)), "int64[] 9.22337e+18");
    est_node *big = est_constant_int(l.g, EST_INT64, INT64_MAX - 1);
    EST_CHECK_INT(*(const int64_t *)est__attr(big->op, "value")->tensor->data, INT64_MAX - 1);
    EST_CHECK_STR(lab_value(&l, est_constant_ints(l.g, EST_INT32, EST_INTS(1, -2))), "int32[2] 1 -2");
    EST_CHECK_STR(lab_value(&l, est_constant_int(l.g, EST_BOOL, 7)), "bool[] 1");
    EST_CHECK_STR(lab_value(&l, est_constant_strings(l.g, EST_STRINGS("a", "", "bc"))),
                  "string[3] 'a' '' 'bc'");
    est_constant_int(l.g, EST_STRING, 1);
    REFUSED(&l, EST_INVALID_ARGUMENT, "a constant of numbers cannot be string");
    est_constant_ints(l.g, EST_RESOURCE, EST_INTS(1));
    REFUSED(&l, EST_INVALID_ARGUMENT, "a constant of numbers cannot be resource");
    est_op(l.g, "Const", NULL, (est_nodes){ 0 },
           EST_ATTRS(EST_TENSOR_ATTR("value", lab_floats(&l, EST_SCALAR, NULL)),
                     EST_TYPE_ATTR("dtype", EST_INT64)));
    REFUSED(&l, EST_INVALID_ARGUMENT, "Const 'Const': its value is float32, not int64 (inputs: none)");
    lab_end(&l);
}

static void control_inputs(void)
{
    lab l, other;
    EST_NEED(lab_begin(&l) && lab_begin(&other));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(2), NULL),
             *all = est_op(l.g, "NoOp", "all", (est_nodes){ 0 }, EST_NO_ATTRS);
    for (int i = 0; i < 1000; i++)
        est_node_after(all, est_relu(l.g, x));
    EST_CHECK_INT(all->op->num_controls, 1000);
    EST_CHECK_STR(all->op->control[999]->name, "Relu_999");
    est_node_after(all, all);                                      /* nothing comes after itself */
    EST_CHECK_INT(all->op->num_controls, 1000);
    est_node_after(all, lab_feed(&other, "elsewhere", EST_SCALAR, NULL));
    REFUSED(&l, EST_INVALID_ARGUMENT,
            "NoOp 'all': 'elsewhere', which it is to come after, is of another graph");
    lab_end(&other);
    lab_end(&l);
}

EST_SUITE(graph_build, EST_TEST(wrong_inputs), EST_TEST(errors_stick), EST_TEST(names_and_scopes),
          EST_TEST(attributes), EST_TEST(variables), EST_TEST(constants), EST_TEST(control_inputs));
