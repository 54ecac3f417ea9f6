/* Handles, uninitialized variables, ids outside a table, and the order of reads and assignments. */
#include "ops/once.h"

static est_node *handle(once *o, const char *name, est_dtype dtype, est_shape shape)
{
    return est_op(o->g, "VarHandleOp", name, (est_nodes){ 0 },
                  EST_ATTRS(EST_TYPE_ATTR("dtype", dtype), EST_SHAPE_ATTR("shape", &shape)));
}

static est_node *read(once *o, est_node *variable, est_dtype dtype)
{
    return est_op(o->g, "ReadVariableOp", "read", EST_NODES(variable),
                  EST_ATTRS(EST_TYPE_ATTR("dtype", dtype)));
}

static void an_uninitialized_variable_is_named(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *w = handle(&o, "linear/weights", EST_FLOAT, EST_SHAPE(2));
    EST_CHECK_FAILS(once_node(&o, read(&o, w, EST_FLOAT)), EST_FAILED_PRECONDITION,
                    "ReadVariableOp 'read': variable 'linear/weights' has no value yet: run its initializer "
                    "or restore it");
    once_end(&o);
}

static void a_variable_of_another_shape_is_refused(void)
{
    once o;
    EST_NEED(once_begin(&o));
    once_table(&o, "w", 3, 2);
    est_graph_free(o.g);
    EST_NEED_OK(est_graph_new(&o.g));
    est_node *other = handle(&o, "w", EST_FLOAT, EST_SHAPE(3, 4));
    EST_CHECK_FAILS(once_node(&o, read(&o, other, EST_FLOAT)), EST_INVALID_ARGUMENT,
                    "variable 'w' is float32 [3,4] in this graph, and float32 [3,2] already");
    once_end(&o);
}

static void a_value_of_another_shape_is_refused(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *w = handle(&o, "w", EST_FLOAT, EST_SHAPE(2));
    est_op(o.g, "AssignVariableOp", "assign",
           EST_NODES(w, once_floats(&o, (est_floats){ (double[]){ 1, 2, 3 }, 3 }, EST_SHAPE(3))),
           EST_NO_ATTRS);
    EST_CHECK_FAILS(est_graph_status(o.g), EST_INVALID_ARGUMENT,
                    "AssignVariableOp 'assign': a value of shape [3] for the variable 'w' of shape [2] "
                    "(inputs: 'w' [], 'Const' [3])");
    once_end(&o);
}

static void ids_outside_a_table_are_refused(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *w = once_table(&o, "dnn/table", 4, 2);
    est_node *gather = est_op(o.g, "ResourceGather", "gather", EST_NODES(w, once_ints(&o, EST_INTS(1, 4))),
                              EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    EST_CHECK_FAILS(once_node(&o, gather), EST_INVALID_ARGUMENT,
                    "ResourceGather 'gather': id 4, number 1 of the ids, is not in [0, 4) of 'dnn/table'");
    est_node *lookup = est_op(o.g, "EstSafeEmbeddingLookupSparse", "lookup",
                              EST_NODES(w, once_pairs(&o, EST_INTS(0, 0, 2, 0)),
                                        once_ints(&o, EST_INTS(3, 9)), once_ints(&o, EST_INTS(3, 1))),
                              EST_NO_ATTRS);
    EST_CHECK_FAILS(
        once_node(&o, lookup), EST_INVALID_ARGUMENT,
        "EstSafeEmbeddingLookupSparse 'lookup': id 9 in row 2 of the batch is not in [0, 4) of 'dnn/table'");
    est_node *accum = once_table(&o, "accum", 4, 2), *lr = est_constant_float(o.g, 0.1);
    est_node *rows = once_floats(&o, (est_floats){ (double[]){ 1, 2 }, 2 }, EST_SHAPE(1, 2));
    est_node *apply = est_op(o.g, "ResourceSparseApplyAdagradV2", "apply",
                             EST_NODES(w, accum, lr, lr, rows, once_ints(&o, EST_INTS(-1))), EST_NO_ATTRS);
    EST_CHECK_FAILS(
        once_node(&o, apply), EST_INVALID_ARGUMENT,
        "ResourceSparseApplyAdagradV2 'apply': id -1, number 0 of the ids, is not in [0, 4) of 'dnn/table'");
    once_end(&o);
}

static void a_slot_of_another_shape_is_refused(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *w = once_table(&o, "w", 4, 2), *accum = once_table(&o, "accum", 2, 4),
             *lr = est_constant_float(o.g, 0.1);
    est_node *grad = once_floats(&o, (est_floats){ (double[]){ 0 }, 1 }, EST_SHAPE(4, 2));
    est_node *apply =
        est_op(o.g, "ResourceApplyMomentum", "apply", EST_NODES(w, accum, lr, grad, lr), EST_NO_ATTRS);
    EST_CHECK_FAILS(once_node(&o, apply), EST_INVALID_ARGUMENT,
                    "ResourceApplyMomentum 'apply': the slot 'accum' is [2,4], its variable 'w' is [4,2]");
    once_end(&o);
}

/* A read sees the value at the start of the step, whatever the step assigns. */
static void reads_come_before_assignments(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *w = once_table(&o, "w", 1, 2);
    est_node *value = read(&o, w, EST_FLOAT);
    est_node *add =
        est_op(o.g, "AssignAddVariableOp", NULL,
               EST_NODES(w, once_floats(&o, (est_floats){ (double[]){ 10, 10 }, 2 }, EST_SHAPE(1, 2))),
               EST_NO_ATTRS);
    EST_NEED_OK(once_run(&o, EST_NODES(value), EST_NODES(add)));
    EST_CHECK_NEAR(((const float *)once_fetch(&o, 0)->data)[1], 1, 0);
    EST_NEED_OK(once_node(&o, value));
    EST_CHECK_NEAR(((const float *)once_fetch(&o, 0)->data)[1], 11, 0);
    once_end(&o);
}

/* A sparse update that is cut into shards gives the bits of one that is not, also where ids stand twice. */
static void shards_give_the_same_bits(void)
{
    enum { ROWS = 64, WIDTH = 64, IDS = 1024 };
    float result[2][ROWS * WIDTH];
    for (int threads = 1; threads <= 2; threads++) {
        once o;
        est__pool *pool = NULL;
        EST_NEED(once_begin(&o));
        EST_NEED_OK(est__pool_new(2, &pool));
        est_node *w = once_table(&o, "w", ROWS, WIDTH), *accum = once_table(&o, "accum", ROWS, WIDTH);
        static double g[IDS * WIDTH];
        int64_t ids[IDS];
        for (int i = 0; i < IDS * WIDTH; i++)
            g[i] = (i * 37 % 101) / 50.0 - 1;
        for (int i = 0; i < IDS; i++)
            ids[i] = i * i % ROWS;
        est_node *lr = est_constant_float(o.g, 0.1);
        est_node *apply =
            est_op(o.g, "ResourceSparseApplyAdagradV2", NULL,
                   EST_NODES(w, accum, lr, lr,
                             once_floats(&o, (est_floats){ g, IDS * WIDTH }, EST_SHAPE(IDS, WIDTH)),
                             once_ints(&o, (est_ints){ ids, IDS })),
                   EST_NO_ATTRS);
        est__plan_options options = { .resources = o.resources, .targets = { &apply, 1 } };
        est__plan *plan = NULL;
        est__run *run = NULL;
        if (EST_CHECK_OK(est__plan_new(o.g, &options, &plan)) &&
            EST_CHECK_OK(est__run_new(plan, threads == 2 ? pool : NULL, &run)))
            EST_CHECK_OK(est__run_step(run, NULL, 0));
        est__run_free(run);
        est__plan_free(plan);
        memcpy(result[threads - 1], ((est__variable *)est__resources_find(o.resources, "w"))->value->data,
               sizeof result[0]);
        once_end(&o);
        est__pool_free(pool);
    }
    EST_CHECK_BYTES(result[0], sizeof result[0], result[1], sizeof result[1]);
}

/* Rows of one element that are known to be named once are updated many at a time: the bits are those of one at a time. */
static void distinct_ids_give_the_same_bits(void)
{
    enum { ROWS = 1009, IDS = 700 };
    static const char *const names[] = { "w", "accum", "linear" };
    float result[2][3][ROWS];
    for (int distinct = 0; distinct < 2; distinct++) {
        once o;
        EST_NEED(once_begin(&o));
        double g[IDS];
        int64_t id[IDS];
        for (int i = 0; i < IDS; i++) {
            id[i] = i * 37 % ROWS;
            g[i] = (i * 37 % 101) / 50.0 - 1;
        }
        est_node *v[3], *lr = est_constant_float(o.g, 0.1), *zero = est_constant_float(o.g, 0);
        for (int i = 0; i < 3; i++)
            v[i] = once_table(&o, names[i], ROWS, 1);
        est_node *ids = once_ints(&o, (est_ints){ id, IDS }),
                 *grad = once_floats(&o, (est_floats){ g, IDS }, EST_SHAPE(IDS, 1));
        if (distinct)
            ids = est_op(o.g, "Unique", NULL, EST_NODES(ids), EST_NO_ATTRS);
        est_node *apply = est_op(o.g, "ResourceSparseApplyFtrl", NULL,
                                 EST_NODES(v[0], v[1], v[2], grad, ids, lr, est_constant_float(o.g, 0.5), zero,
                                           est_constant_float(o.g, -0.5)),
                                 EST_NO_ATTRS);
        EST_CHECK_OK(once_node(&o, apply));
        for (int i = 0; i < 3; i++)
            memcpy(result[distinct][i], ((est__variable *)est__resources_find(o.resources, names[i]))->value->data,
                   sizeof result[0][0]);
        once_end(&o);
    }
    EST_CHECK_BYTES(result[0], sizeof result[0], result[1], sizeof result[1]);
}

EST_SUITE(ops_variables, EST_TEST(an_uninitialized_variable_is_named),
          EST_TEST(a_variable_of_another_shape_is_refused), EST_TEST(a_value_of_another_shape_is_refused),
          EST_TEST(ids_outside_a_table_are_refused), EST_TEST(a_slot_of_another_shape_is_refused),
          EST_TEST(reads_come_before_assignments), EST_TEST(shards_give_the_same_bits),
          EST_TEST(distinct_ids_give_the_same_bits));
