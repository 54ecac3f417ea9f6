/* est_cond and est_while at work, before and after a way through GraphDef; lists; what is wrong with functions,
 * word for word. */
#include "graph/function.h"
#include "graph/lab.h"
#include "proto/pack.h"

/* ---- cond ---- */

typedef struct outside {
    est_node *x, *y, *v;
} outside;

static void sum_and_x(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    (void)in;
    r[0] = est_add(g, o->x, est_read(g, o->v));
    r[1] = o->x;
}

static void product_and_y(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    (void)in;
    r[0] = est_mul(g, o->x, o->y);
    r[1] = o->y;
}

static void either(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    outside o = { .v = lab_variable(&l, "v", EST_SHAPE(2), (float[]){ 10, 20 }) };
    o.x = lab_feed(&l, "x", EST_SHAPE(-1), lab_floats(&l, EST_SHAPE(2), (float[]){ 1, 2 }));
    o.y = lab_feed(&l, "y", EST_SHAPE(-1), lab_floats(&l, EST_SHAPE(2), (float[]){ 5, 7 }));
    est_node *p = lab_feed(&l, "p", EST_SCALAR, lab_floats(&l, EST_SCALAR, (float[]){ 1 }));
    est_node *n = est_cond(l.g, p, sum_and_x, product_and_y, 2, &o);
    EST_CHECK_STR(est_node_type(n), "If");                      /* it reads a variable */
    EST_NEED(lab_initialize(&l));
    lab_gives(&l, n, "float32[2] 11 22");
    lab_gives(&l, est_node_output(n, 1), "float32[2] 1 2");
    l.value[2] = lab_floats(&l, EST_SCALAR, (float[]){ 0 });
    lab_gives(&l, n, "float32[2] 5 14");
    lab_gives(&l, est_node_output(n, 1), "float32[2] 5 7");
    lab_end(&l);
}

static void nested_branch(est_graph *g, est_nodes in, est_node **r, void *user)
{
    const outside *o = user;
    est_node *inner[2];
    sum_and_x(g, in, inner, user);
    r[0] = est_cond(g, est_equal(g, o->y, o->y), product_and_y, sum_and_x, 2, user);
    r[1] = est_neg(g, inner[0]);
}

static void branches_within_branches(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    outside o = { .v = lab_variable(&l, "v", EST_SCALAR, (float[]){ 10 }) };
    o.x = lab_feed(&l, "x", EST_SCALAR, lab_floats(&l, EST_SCALAR, (float[]){ 3 }));
    o.y = lab_feed(&l, "y", EST_SCALAR, lab_floats(&l, EST_SCALAR, (float[]){ 4 }));
    EST_NEED(lab_initialize(&l));
    est_node *n = est_cond(l.g, o.x, nested_branch, product_and_y, 2, &o);
    lab_gives(&l, n, "float32[] 12");
    lab_gives(&l, est_node_output(n, 1), "float32[] -13");
    lab_end(&l);
}

/* ---- while ---- */

static void below_limit(est_graph *g, est_nodes in, est_node **r, void *user)
{
    r[0] = est_less(g, in.data[0], ((outside *)user)->y);
}

/* (i, a, b) becomes (i + 1, b, a + x): variables that change places. */
static void swap(est_graph *g, est_nodes in, est_node **r, void *user)
{
    r[0] = est_add(g, in.data[0], est_constant_float(g, 1));
    r[1] = in.data[2];
    r[2] = est_add(g, in.data[1], ((outside *)user)->x);
}

static void variables_change_places(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    outside o = { 0 };
    o.x = lab_feed(&l, "x", EST_SHAPE(-1), lab_floats(&l, EST_SHAPE(2), (float[]){ 1, 10 }));
    o.y = lab_feed(&l, "y", EST_SCALAR, lab_floats(&l, EST_SCALAR, (float[]){ 5 }));
    est_node *n = est_while(l.g, below_limit, swap,
                            EST_NODES(est_constant_float(l.g, 0), o.x, est_neg(l.g, o.x)), &o);
    EST_CHECK_STR(est_node_type(n), "StatelessWhile");
    lab_gives(&l, n, "float32[] 5");
    lab_gives(&l, est_node_output(n, 1), "float32[2] 1 10");
    lab_gives(&l, est_node_output(n, 2), "float32[2] 4 40");
    l.value[1] = lab_floats(&l, EST_SCALAR, (float[]){ 0 });     /* not once */
    lab_gives(&l, est_node_output(n, 2), "float32[2] -1 -10");
    lab_end(&l);
}

/* A variable that grows: its first dimension is not known within. */
static void grow(est_graph *g, est_nodes in, est_node **r, void *user)
{
    (void)user;
    r[0] = est_add(g, in.data[0], est_constant_float(g, 1));
    r[1] = est_concat(g, EST_NODES(in.data[1], in.data[1]), 0);
}

static void a_growing_variable(void)
{
    lab l;
    char text[EST__SHAPE_TEXT_SIZE];
    EST_NEED(lab_begin(&l));
    outside o = { 0 };
    o.y = lab_feed(&l, "y", EST_SCALAR, lab_floats(&l, EST_SCALAR, (float[]){ 2 }));
    est_node *n = est_while(l.g, below_limit, grow,
                            EST_NODES(est_constant_float(l.g, 0), lab_const(&l, EST_SHAPE(1), (float[]){ 7 })), &o);
    EST_CHECK_STR(est__shape_string(text, est_node_shape(est_node_output(n, 1))), "[?]");
    lab_gives(&l, est_node_output(n, 1), "float32[4] 7 7 7 7");
    lab_end(&l);
}

/* What nothing wants is not computed: the plan's body has one step less for it. */
static void unused_variables_are_left_out(void)
{
    lab l;
    est_tensor *out;
    EST_NEED(lab_begin(&l));
    outside o = { 0 };
    o.y = lab_feed(&l, "y", EST_SCALAR, lab_floats(&l, EST_SCALAR, (float[]){ 1e5f }));
    est_node *start = lab_const(&l, EST_SHAPE(1 << 10), NULL);
    est_node *n = est_while(l.g, below_limit, grow, EST_NODES(est_constant_float(l.g, 99980), start), &o);
    if (lab_run(&l, EST_NODES(n), (est_nodes){ 0 }, false, &out))     /* 2^30 elements otherwise */
        EST_CHECK_STR(lab_text(out), "float32[] 100000");
    lab_end(&l);
}

/* ---- random numbers differ from one iteration to the next, and are the same in each run ---- */

static void draw(est_graph *g, est_nodes in, est_node **r, void *user)
{
    (void)user;
    r[0] = est_add(g, in.data[0], est_constant_float(g, 1));
    r[1] = in.data[2];
    r[2] = est_op(g, "RandomUniform", NULL, EST_NODES(est_constant_ints(g, EST_INT32, EST_INTS(2))),
                  EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
}

static void random_numbers(void)
{
    lab l;
    est_tensor *first[2], *second[2];
    EST_NEED(lab_begin(&l));
    outside o = { 0 };
    o.y = lab_feed(&l, "y", EST_SCALAR, lab_floats(&l, EST_SCALAR, (float[]){ 4 }));
    est_node *zero = lab_const(&l, EST_SHAPE(2), (float[]){ 0, 0 });
    est_node *n = est_while(l.g, below_limit, draw, EST_NODES(est_constant_float(l.g, 0), zero, zero), &o);
    est_nodes both = EST_NODES(est_node_output(n, 1), est_node_output(n, 2));
    if (lab_run(&l, both, (est_nodes){ 0 }, false, first) && lab_run(&l, both, (est_nodes){ 0 }, true, second)) {
        lab_same(first[0], second[0], "the iteration before the last");
        lab_same(first[1], second[1], "the last iteration");
        EST_CHECK(memcmp(first[0]->data, first[1]->data, 8) != 0);
    }
    lab_end(&l);
}

/* ---- lists ---- */

static est_node *op_of(est_graph *g, const char *op, est_nodes in, est_dtype dtype)
{
    return est_op(g, op, NULL, in, EST_ATTRS(EST_TYPE_ATTR("element_dtype", dtype)));
}

static void lists(void)
{
    lab l;
    est_tensor *out;
    EST_NEED(lab_begin(&l));
    est_graph *g = l.g;
    est_node *any = est_constant_int(g, EST_INT32, -1), *three = est_constant_int(g, EST_INT32, 3),
             *one = est_constant_int(g, EST_INT32, 1), *two = est_constant_ints(g, EST_INT32, EST_INTS(2));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1), lab_floats(&l, EST_SHAPE(2), (float[]){ 1, 2 }));
    est_node *reserved = op_of(g, "TensorListReserve", EST_NODES(any, three), EST_FLOAT);
    est_node *set = op_of(g, "TensorListSetItem", EST_NODES(reserved, one, x), EST_FLOAT);
    lab_gives(&l, op_of(g, "TensorListStack", EST_NODES(set, any), EST_FLOAT), "float32[3,2] 0 0 1 2 0 0");
    lab_gives(&l, op_of(g, "TensorListGetItem", EST_NODES(set, one, two), EST_FLOAT), "float32[2] 1 2");
    lab_gives(&l, op_of(g, "TensorListGetItem", EST_NODES(reserved, one, two), EST_FLOAT), "float32[2] 0 0");
    est_node *empty = op_of(g, "EmptyTensorList", EST_NODES(any, any), EST_FLOAT);
    est_node *pushed = op_of(g, "TensorListPushBack",
                             EST_NODES(op_of(g, "TensorListPushBack", EST_NODES(empty, x), EST_FLOAT), x), EST_FLOAT);
    lab_gives(&l, est_op(g, "TensorListLength", NULL, EST_NODES(pushed), EST_NO_ATTRS), "int32[] 2");
    lab_gives(&l, op_of(g, "TensorListStack", EST_NODES(pushed, two), EST_FLOAT), "float32[2,2] 1 2 1 2");
    est_node *rows = op_of(g, "TensorListFromTensor", EST_NODES(lab_const(&l, EST_SHAPE(3, 1), (float[]){ 4, 5, 6 }), any),
                           EST_FLOAT);
    lab_gives(&l, op_of(g, "TensorListGetItem", EST_NODES(rows, one, any), EST_FLOAT), "float32[1] 5");
    (void)out;
    lab_end(&l);
}

static void fails(lab *l, est_node *n, est_status status, const char *message)
{
    est__plan *plan = NULL;
    est__run *run = NULL;
    est__plan_options o = { .resources = l->resources, .feeds = { l->feed, l->num_feeds }, .fetches = { &n, 1 } };
    if (n->op->num_outputs == 0) {
        o.targets = o.fetches;
        o.fetches = (est_nodes){ 0 };
    }
    est_status st = est__plan_new(l->g, &o, &plan);
    if (st == EST_OK)
        st = est__run_new(plan, NULL, &run);
    if (st == EST_OK)
        st = est__run_step(run, l->value, 0);
    EST_CHECK_FAILS(st, status, message);
    est__run_free(run);
    est__plan_free(plan);
}

static est_node *length(est_graph *g, est_node *list)
{
    return est_op(g, "TensorListLength", NULL, EST_NODES(list), EST_NO_ATTRS);
}

static void wrong_lists(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_graph *g = l.g;
    est_node *any = est_constant_int(g, EST_INT32, -1), *one = est_constant_int(g, EST_INT32, 1),
             *two = est_constant_int(g, EST_INT32, 2);
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1), lab_floats(&l, EST_SHAPE(2), (float[]){ 1, 2 }));
    est_node *rows = op_of(g, "TensorListFromTensor", EST_NODES(x, any), EST_FLOAT);
    fails(&l, op_of(g, "TensorListGetItem", EST_NODES(rows, est_constant_int(g, EST_INT32, 2), any), EST_FLOAT),
          EST_INVALID_ARGUMENT, "TensorListGetItem 'TensorListGetItem': element 2 of a list of 2");
    est_node *scalars = op_of(g, "TensorListReserve", EST_NODES(est_constant_ints(g, EST_INT32, (est_ints){ 0 }), two),
                              EST_FLOAT);
    fails(&l, length(g, op_of(g, "TensorListSetItem", EST_NODES(scalars, one, x), EST_FLOAT)), EST_INVALID_ARGUMENT,
          "TensorListSetItem 'TensorListSetItem': the list's elements are [], not [2]");
    fails(&l, op_of(g, "TensorListStack", EST_NODES(rows, any), EST_DOUBLE), EST_INVALID_ARGUMENT,
          "TensorListStack 'TensorListStack': the list is of float32, not float64");
    fails(&l, op_of(g, "TensorListStack", EST_NODES(op_of(g, "TensorListReserve", EST_NODES(any, one), EST_FLOAT), any),
                    EST_FLOAT),
          EST_INVALID_ARGUMENT, "TensorListStack 'TensorListStack_1': an element that was not set is wanted, and the shape "
                                "of elements is not known");
    fails(&l, length(g, op_of(g, "TensorListReserve", EST_NODES(any, est_constant_int(g, EST_INT32, -5)), EST_FLOAT)),
          EST_RESOURCE_EXHAUSTED, "TensorListReserve 'TensorListReserve_2': a list of -5 elements is too large");
    fails(&l, length(g, op_of(g, "TensorListReserve", EST_NODES(any, one), EST_STRING)), EST_UNIMPLEMENTED,
          "TensorListReserve 'TensorListReserve_3': a list of string; only lists of numbers and of lists are known here");
    est_node *nested = op_of(g, "EmptyTensorList", EST_NODES(any, any), EST_VARIANT);
    est_node *pushed = op_of(g, "TensorListPushBack", EST_NODES(nested, rows), EST_VARIANT);
    fails(&l, length(g, op_of(g, "TensorListStack", EST_NODES(pushed, any), EST_VARIANT)), EST_INVALID_ARGUMENT,
          "TensorListStack 'TensorListStack_2': a list of lists is no tensor");
    fails(&l, op_of(g, "TensorListStack",
                    EST_NODES(op_of(g, "TensorListPushBack", EST_NODES(rows, x), EST_FLOAT), any), EST_FLOAT),
          EST_INVALID_ARGUMENT, "TensorListStack 'TensorListStack_3': elements 0 and 2 are [] and [2], which is no tensor");
    fails(&l, pushed, EST_UNIMPLEMENTED, "TensorListPushBack 'TensorListPushBack' gives a list, which cannot be fetched; "
                                         "TensorListStack makes a tensor of it");
    fails(&l, est_op(g, "Assert", NULL, EST_NODES(est_constant_int(g, EST_BOOL, 0), est_constant_string(g, "x is"), x),
                     EST_NO_ATTRS),
          EST_INVALID_ARGUMENT, "Assert 'Assert': assertion failed: x is 1 2");
    est_op(g, "Neg", NULL, EST_NODES(rows), EST_NO_ATTRS);
    EST_CHECK(est_graph_status(g) == EST_INVALID_ARGUMENT);
    lab_end(&l);
}

/* ---- what is refused ---- */

static void fewer(est_graph *g, est_nodes in, est_node **r, void *user)
{
    (void)in;
    (void)user;
    r[0] = est_constant_float(g, 1);
}

static void whole(est_graph *g, est_nodes in, est_node **r, void *user)
{
    fewer(g, in, r, user);
    r[0] = est_cast(g, r[0], EST_INT32);
}

static void makes_variable(est_graph *g, est_nodes in, est_node **r, void *user)
{
    (void)in;
    (void)user;
    r[0] = est_read(g, est_variable(g, "v", &(est_variable_options){ .dtype = EST_FLOAT }));
}

static void stuck(est_node *n, const char *message)
{
    est_graph *g = n->op->graph;
    EST_CHECK_FAILS(est_graph_status(g), EST_INVALID_ARGUMENT, message);
    est_graph_free(g);
}

static est_graph *fresh(void)
{
    est_graph *g = NULL;
    EST_CHECK_OK(est_graph_new(&g));
    return g;
}

static void wrong_parts(void)
{
    est_graph *g = fresh();
    stuck(est_cond(g, est_constant_float(g, 1), fewer, whole, 1, NULL),
          "est_cond: result 0 is float32 in one branch and int32 in the other");
    g = fresh();
    stuck(est_cond(g, est_constant_float(g, 1), fewer, fewer, 2, NULL), "est_cond: result 1 of 'cond_true_0' is missing");
    g = fresh();
    stuck(est_cond(g, est_constant_float(g, 1), fewer, fewer, 0, NULL), "est_cond: num_results is 0; 1 at least is wanted");
    g = fresh();
    stuck(est_cond(g, est_constant_float(g, 1), makes_variable, fewer, 1, NULL),
          "variable 'v' is made in a branch or a loop; make it outside");
    g = fresh();
    stuck(est_while(g, fewer, fewer, EST_NODES(est_constant_float(g, 1)), NULL),
          "est_while: the condition is float32, not one bool");
    g = fresh();
    stuck(est_while(g, fewer, whole, EST_NODES(est_constant_float(g, 1)), NULL),
          "est_while: variable 0 ('Const') is float32; the body makes it int32");
    g = fresh();
    stuck(est_while(g, fewer, fewer, (est_nodes){ 0 }, NULL), "est_while: a loop has one variable at least");
}

/* ---- foreign functions ---- */

static Tensorflow__NodeDef *node(Tensorflow__NodeDef *const *list, size_t n, const char *op)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i]->op, op) == 0)
            return list[i];
    return NULL;
}

static Tensorflow__AttrValue *attribute(Tensorflow__NodeDef *n, const char *key)
{
    for (size_t i = 0; i < n->n_attr; i++)
        if (strcmp(n->attr[i]->key, key) == 0)
            return n->attr[i]->value;
    return NULL;
}

static void refused(const Tensorflow__GraphDef *def, est_status status, const char *message)
{
    est_graph *g = fresh();
    EST_CHECK_FAILS(est__graph_import(g, def, EST_STRINGS("StatelessWhile")), status, message);
    est_graph_free(g);
}

/* A good graph, spoiled in one place after another, and mended again. */
static void wrong_functions(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    outside o = { .x = lab_const(&l, EST_SHAPE(1), (float[]){ 1 }), .y = est_constant_float(l.g, 3) };
    est_while(l.g, below_limit, swap, EST_NODES(o.y, o.x, o.x), &o);
    Tensorflow__GraphDef *def = lab_written(l.g);
    EST_NEED(def != NULL && EST_CHECK_INT(def->library->n_function, 2));
    Tensorflow__FunctionDef *cond = def->library->function[0], *body = def->library->function[1];
    Tensorflow__NodeDef *loop = node(def->node, def->n_node, "StatelessWhile"),
                        *add = node(body->node_def, body->n_node_def, "AddV2");
    Tensorflow__FunctionDefLibrary *library = def->library;
    def->library = NULL;
    refused(def, EST_DATA_LOSS, "graph: node 'StatelessWhile': function 'while_cond_1' is not in the library");
    def->library = library;
    char *kept = add->input[0];
    add->input[0] = (char *)(uintptr_t)"nonesuch:y:0";
    refused(def, EST_DATA_LOSS, "graph: node 'nonesuch:y:0', which 'AddV2' wants, is not there");
    add->input[0] = (char *)(uintptr_t)"Const:sum:0";
    refused(def, EST_DATA_LOSS, "graph: node 'AddV2': input 'Const:sum:0' is no output of a node");
    add->input[0] = (char *)(uintptr_t)"Const:output:1";
    refused(def, EST_DATA_LOSS, "graph: node 'AddV2': input 'Const:output:1' is no output of a node");
    add->input[0] = kept;
    kept = body->ret[1]->key;
    body->ret[1]->key = (char *)(uintptr_t)"other";
    refused(def, EST_DATA_LOSS, "graph: function 'while_body_0' does not say what its result 'result_1' is");
    body->ret[1]->key = kept;
    body->signature->output_arg[1]->type = TENSORFLOW__DATA_TYPE__DT_INT64;
    refused(def, EST_DATA_LOSS, "graph: function 'while_body_0': its result 'result_1', 'variable_2', is no int64 output "
                                "of a node");
    body->signature->output_arg[1]->type = TENSORFLOW__DATA_TYPE__DT_FLOAT;
    body->signature->n_input_arg--;
    refused(def, EST_DATA_LOSS, "graph: node 'captured', which 'AddV2_1' wants, is not there");
    body->signature->n_input_arg++;
    kept = attribute(loop, "body")->func->name;
    attribute(loop, "body")->func->name = cond->signature->name;
    refused(def, EST_INVALID_ARGUMENT, "StatelessWhile 'StatelessWhile': function 'while_cond_1' gives 1 results; 5 are "
                                       "wanted (inputs: 'Const_1' [], 'Const' [1], 'Const' [1], 'Const_1' [], 'Const' [1])");
    attribute(loop, "body")->func->name = kept;
    est__proto_free(def);
    lab_end(&l);
}

static void chooses(est_graph *g, est_nodes in, est_node **r, void *user)
{
    (void)user;
    r[0] = est_cond(g, in.data[0], fewer, fewer, 1, NULL);
}

static void calls_itself(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    outside o = { .y = est_constant_float(l.g, 3) };
    est_while(l.g, below_limit, chooses, EST_NODES(o.y), &o);
    Tensorflow__GraphDef *def = lab_written(l.g);
    EST_NEED(def != NULL);
    for (size_t i = 0; i < def->library->n_function; i++) {
        const Tensorflow__FunctionDef *f = def->library->function[i];
        Tensorflow__NodeDef *inner = node(f->node_def, f->n_node_def, "StatelessIf");
        if (inner == NULL)
            continue;
        char **name = &attribute(inner, "then_branch")->func->name, *kept = *name;
        *name = f->signature->name;
        refused(def, EST_UNIMPLEMENTED, "graph: node 'StatelessIf': function 'while_body_0' calls itself");
        *name = kept;
    }
    est__proto_free(def);
    lab_end(&l);
}

EST_SUITE(runtime_functions, EST_TEST(either), EST_TEST(branches_within_branches), EST_TEST(variables_change_places),
          EST_TEST(a_growing_variable), EST_TEST(unused_variables_are_left_out), EST_TEST(random_numbers), EST_TEST(lists),
          EST_TEST(wrong_lists), EST_TEST(wrong_parts), EST_TEST(wrong_functions),
          EST_TEST(calls_itself));
