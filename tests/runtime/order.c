/* When things happen within a step: reads see its start, assignments come last and in node order, what is
 * checked comes before them. */
#include <math.h>

#include "graph/lab.h"
#include "runtime/plan.h"

static est_node *assign(lab *l, const char *name, est_node *variable, est_node *value)
{
    return est_op(l->g, "AssignVariableOp", name, EST_NODES(variable, value), EST_NO_ATTRS);
}

static est_node *assign_add(lab *l, est_node *variable, float value)
{
    return est_op(l->g, "AssignAddVariableOp", NULL,
                  EST_NODES(variable, est_constant_float(l->g, (double)value)), EST_NO_ATTRS);
}

static void reads_see_the_start(void)
{
    lab l;
    est_tensor *out[5];
    EST_NEED(lab_begin(&l));
    est_node *v = lab_variable(&l, "v", EST_SHAPE(2), (float[]){ 1, 2 });
    est_node *set = assign(&l, "set", v, est_mul(l.g, est_read(l.g, v), est_constant_float(l.g, 10)));
    est_node *again = est_read(l.g, v);                          /* made after the assignment */
    est_node *fetches[] = { again, est_identity(l.g, again),
                            est_reshape(l.g, est_identity(l.g, est_read(l.g, v)), EST_INTS(2, 1)),
                            est_op(l.g, "Cast", NULL, EST_NODES(again),
                                   EST_ATTRS(EST_TYPE_ATTR("DstT", EST_FLOAT))),
                            est_reduce_sum(l.g, est_expand_dims(l.g, again, 0), EST_INTS(0), false) };
    EST_NEED(lab_initialize(&l));
    /* the last two share their input's memory without being Identity */
    for (int unfused = 0; unfused < 2; unfused++) {
        EST_NEED(lab_run(&l, (est_nodes){ fetches, 5 }, EST_NODES(set), unfused, out));
        const char *wanted[] = { unfused ? "float32[2] 10 20" : "float32[2] 1 2",
                                 unfused ? "float32[2,1] 10 20" : "float32[2,1] 1 2" };
        for (int i = 0; i < 5; i++)
            EST_CHECK_STR(lab_text(out[i]), wanted[i == 2]);
        EST_CHECK_STR(lab_variable_text(&l, "v"), unfused ? "float32[2] 100 200" : "float32[2] 10 20");
    }
    lab_end(&l);
}

static void string_reads_see_the_start(void)
{
    lab l;
    est_tensor *out;
    EST_NEED(lab_begin(&l));
    est_node *v = est_variable(
        l.g, "v",
        &(est_variable_options){ .dtype = EST_STRING,
                                 .shape = EST_SHAPE(2),
                                 .initial_value = est_constant_strings(l.g, EST_STRINGS("old", "values")) });
    est_node *set = assign(&l, "set", v,
                           est_constant_strings(l.g, EST_STRINGS("much newer and longer values", "")));
    est_node *read = est_read(l.g, v);
    EST_NEED(lab_initialize(&l));
    EST_NEED(lab_run(&l, EST_NODES(read), EST_NODES(set), false, &out));
    EST_CHECK_STR(lab_text(out), "string[2] 'old' 'values'");
    EST_CHECK_STR(lab_variable_text(&l, "v"), "string[2] 'much newer and longer values' ''");
    lab_end(&l);
}

static void swap(void)
{
    lab l;
    EST_NEED(lab_begin(&l));
    est_node *x = lab_variable(&l, "x", EST_SHAPE(2), (float[]){ 1, 2 }),
             *y = lab_variable(&l, "y", EST_SHAPE(2), (float[]){ 3, 4 });
    est_node *both = est_op(l.g, "NoOp", "both", (est_nodes){ 0 }, EST_NO_ATTRS);
    est_node_after(both, assign(&l, "a", x, est_read(l.g, y)));
    est_node_after(both, assign(&l, "b", y, est_identity(l.g, est_read(l.g, x))));
    EST_NEED(lab_initialize(&l));
    EST_NEED(lab_run(&l, (est_nodes){ 0 }, EST_NODES(both), false, NULL));
    EST_CHECK_STR(lab_variable_text(&l, "x"), "float32[2] 3 4");
    EST_CHECK_STR(lab_variable_text(&l, "y"), "float32[2] 1 2");
    lab_end(&l);
}

/* Two handles of one variable, as an import may bring them: the read of one sees the assignment through the
 * other. */
static void two_handles(void)
{
    lab l;
    est_tensor *out;
    EST_NEED(lab_begin(&l));
    est_node *v = lab_variable(&l, "v", EST_SCALAR, (float[]){ 5 });
    est_shape scalar = EST_SCALAR;
    est_node *other = est_op(l.g, "VarHandleOp", "another", (est_nodes){ 0 },
                             EST_ATTRS(EST_STRING_ATTR("shared_name", "v"), EST_TYPE_ATTR("dtype", EST_FLOAT),
                                       EST_SHAPE_ATTR("shape", &scalar)));
    est_node *read = est_read(l.g, v), *set = assign_add(&l, other, 1);
    EST_NEED(lab_initialize(&l));
    EST_NEED(lab_run(&l, EST_NODES(read), EST_NODES(set), false, &out));
    EST_CHECK_STR(lab_text(out), "float32[] 5");
    EST_CHECK_STR(lab_variable_text(&l, "v"), "float32[] 6");
    lab_end(&l);
}

static void assignments_in_node_order(void)
{
    lab l;
    est_tensor *out;
    EST_NEED(lab_begin(&l));
    est_node *v = lab_variable(&l, "v", EST_SCALAR, (float[]){ 1 });
    est_node *first = assign(&l, "first", v, est_constant_float(l.g, 2));
    est_node *second = est_op(l.g, "AssignAddVariableOp", "second", EST_NODES(v, est_read(l.g, v)),
                              EST_NO_ATTRS);
    est_node *third = assign_add(&l, v, 100);
    EST_NEED(lab_initialize(&l));
    /* whatever order they are asked in */
    EST_NEED(lab_run(&l, (est_nodes){ 0 }, EST_NODES(third, second, first), false, NULL));
    EST_CHECK_STR(lab_variable_text(&l, "v"), "float32[] 103");  /* 2, then the 1 of the start, then 100 */
    /* told to come after an assignment: it sees it */
    est_node *after = est_read(l.g, v);
    est_node_after(after, third);
    EST_NEED(lab_run(&l, EST_NODES(after), (est_nodes){ 0 }, false, &out));
    EST_CHECK_STR(lab_text(out), "float32[] 203");
    est_node_after(first, third);                                /* told to come after a later node */
    EST_NEED(lab_run(&l, (est_nodes){ 0 }, EST_NODES(first), false, NULL));
    EST_CHECK_STR(lab_variable_text(&l, "v"), "float32[] 2");
    est_node_after(third, first);
    est__plan *plan;
    EST_CHECK_FAILS(
        est__plan_new(l.g, &(est__plan_options){ .resources = l.resources, .targets = EST_NODES(first) },
                      &plan),
        EST_INVALID_ARGUMENT, "AssignVariableOp 'first': it depends on itself");
    lab_end(&l);
}

/* ---- what is wrong with feeds and fetches ---- */

static void refused(void)
{
    lab l, other;
    est__plan *plan;
    est__run *run = NULL;
    EST_NEED(lab_begin(&l) && lab_begin(&other));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1, 2), NULL), *y = est_relu(l.g, x),
             *no_op = est_op(l.g, "NoOp", "n", (est_nodes){ 0 }, EST_NO_ATTRS);
    est_node *elsewhere = lab_feed(&other, "e", EST_SCALAR, NULL), *ids = est_cast(l.g, x, EST_INT32);
    est_node *v = lab_variable(&l, "v", EST_SCALAR, (float[]){ 1 }), *set = assign_add(&l, v, 1),
             *late = est_read(l.g, v);
    est_node_after(late, set);
    const struct {
        est__plan_options options;
        est_status status;
        const char *message;
    } rows[] = {
        { { .fetches = EST_NODES(y) }, EST_INVALID_ARGUMENT, "Placeholder 'x' is needed but not fed" },
        { { .fetches = EST_NODES(no_op) },
          EST_INVALID_ARGUMENT,
          "a fetch 'n' is no tensor: a NoOp gives none" },
        { { .feeds = EST_NODES(x), .fetches = EST_NODES(elsewhere) },
          EST_INVALID_ARGUMENT,
          "a fetch is no node of the graph" },
        { { .feeds = EST_NODES(elsewhere), .fetches = EST_NODES(y) },
          EST_INVALID_ARGUMENT,
          "a feed is no node of the graph" },
        { { .targets = EST_NODES(NULL) }, EST_INVALID_ARGUMENT, "a target is no node of the graph" },
        { { .feeds = EST_NODES(x), .checked = y }, EST_INVALID_ARGUMENT, NULL },
        { { .feeds = EST_NODES(x), .checked = ids },
          EST_INVALID_ARGUMENT,
          "'Cast' is no float scalar: it cannot be checked" },
        { { .checked = late },
          EST_INVALID_ARGUMENT,
          "'ReadVariableOp', which is to be checked before the assignments, comes after one" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        est__plan_options o = rows[i].options;
        o.resources = l.resources;
        if (rows[i].message)
            EST_CHECK_FAILS(est__plan_new(l.g, &o, &plan), rows[i].status, rows[i].message);
        /* a vector of unknown length: known when it runs */
        else if (EST_CHECK_OK(est__plan_new(l.g, &o, &plan)))
            est__plan_free(plan);
    }
    est_node *total = est_reduce_sum(l.g, x, EST_INTS(1), false);
    if (EST_CHECK_OK(est__plan_new(
            l.g, &(est__plan_options){ .feeds = EST_NODES(x), .fetches = EST_NODES(y), .checked = total },
            &plan)) &&
        EST_CHECK_OK(est__run_new(plan, NULL, &run))) {
        const est_tensor *three = lab_floats(&l, EST_SHAPE(3, 2), NULL),
                         *vector = lab_floats(&l, EST_SHAPE(3), NULL);
        const est_tensor *whole = lab_ints(&l, EST_INT32, EST_SHAPE(1, 2), (int64_t[]){ 1, 2 }),
                         *one = lab_floats(&l, EST_SHAPE(1, 2), NULL);
        EST_CHECK_FAILS(est__run_step(run, &three, 0), EST_INVALID_ARGUMENT,
                        "'Sum', which is to be finite, is [3]; one element is wanted");
        EST_CHECK_FAILS(est__run_step(run, &vector, 0), EST_INVALID_ARGUMENT,
                        "feed 'x' is float32 [3]; float32 [?,2] is wanted");
        EST_CHECK_FAILS(est__run_step(run, &whole, 0), EST_INVALID_ARGUMENT,
                        "feed 'x' is int32 [1,2]; float32 [?,2] is wanted");
        EST_CHECK_OK(est__run_step(run, &one, 0));               /* and goes on */
        EST_CHECK_STR(lab_text(est__run_fetch(run, 0)), "float32[1,2] 0 0");
    }
    est__run_free(run);
    est__plan_free(plan);
    lab_end(&other);
    lab_end(&l);
}

/* An error in the middle of a step: it is told, nothing was assigned, and the next step is as good as any. */
static void a_step_that_fails(void)
{
    lab l;
    est__plan *plan = NULL;
    est__run *run = NULL;
    EST_NEED(lab_begin(&l));
    est_node *table = est_constant(l.g, lab_floats(&l, EST_SHAPE(2), (float[]){ 7, 8 }));
    est_node *ids = est_placeholder(l.g, "ids", EST_INT64, EST_SHAPE(-1)),
             *row = est_op(l.g, "GatherV2", "rows",
                           EST_NODES(table, ids, est_constant_int(l.g, EST_INT32, 0)), EST_NO_ATTRS);
    est_node *v = lab_variable(&l, "v", EST_SCALAR, (float[]){ 0 });
    est_node *set = assign_add(&l, v, 1),
             *later = assign(&l, NULL, v, est_reduce_sum(l.g, row, EST_INTS(0), false));
    EST_NEED(lab_initialize(&l));
    est__plan_options o = { .resources = l.resources,
                            .feeds = EST_NODES(ids),
                            .fetches = EST_NODES(row),
                            .targets = EST_NODES(set, later) };
    if (EST_CHECK_OK(est__plan_new(l.g, &o, &plan)) && EST_CHECK_OK(est__run_new(plan, NULL, &run))) {
        const est_tensor *good = lab_ints(&l, EST_INT64, EST_SHAPE(3), (int64_t[]){ 1, 0, 1 });
        const est_tensor *bad = lab_ints(&l, EST_INT64, EST_SHAPE(1), (int64_t[]){ 2 });
        EST_CHECK(est__run_step(run, &bad, 0) == EST_INVALID_ARGUMENT &&
                  strncmp(est_error(), "GatherV2 'rows': ", 17) == 0);
        EST_CHECK_STR(lab_variable_text(&l, "v"), "float32[] 0");
        EST_CHECK_OK(est__run_step(run, &good, 1));
        EST_CHECK_STR(lab_text(est__run_fetch(run, 0)), "float32[3] 8 7 8");
        EST_CHECK_STR(lab_variable_text(&l, "v"), "float32[] 23");
    }
    est__run_free(run);
    est__plan_free(plan);
    lab_end(&l);
}

/* ---- what must be finite ---- */

static void checked_before_assigned(void)
{
    lab l;
    est__plan *plan = NULL;
    est__run *run = NULL;
    est__buffer found = { 0 };
    EST_NEED(lab_begin(&l));
    est_node *x = est_placeholder(l.g, "fare", EST_FLOAT, EST_SHAPE(-1, 2)),
             *v = lab_variable(&l, "v", EST_SHAPE(2), (float[]){ 1, 2 });
    est_node *h = est_op(l.g, "Log", "hidden/log", EST_NODES(est_mul(l.g, x, est_read(l.g, v))),
                         EST_NO_ATTRS);
    est_node *loss = est_op(l.g, "Mean", "loss",
                            EST_NODES(est_relu(l.g, h), est_constant_ints(l.g, EST_INT32, EST_INTS(0, 1))),
                            EST_NO_ATTRS);
    est_node *train = assign(&l, "train", v, est_reduce_sum(l.g, h, EST_INTS(0), false));
    EST_NEED(lab_initialize(&l));
    est__plan_options o = {
        .resources = l.resources, .feeds = EST_NODES(x), .targets = EST_NODES(train), .checked = loss
    };
    const est_tensor *good = lab_floats(&l, EST_SHAPE(1, 2), (float[]){ 1, 1 });
    const est_tensor *bad = lab_floats(&l, EST_SHAPE(3, 2), (float[]){ 1, 1, 1, INFINITY, 1, 1 });
    const est_tensor *negative = lab_floats(&l, EST_SHAPE(2, 2), (float[]){ 1, 1, -1, 1 });
    if (EST_CHECK_OK(est__plan_new(l.g, &o, &plan)) && EST_CHECK_OK(est__run_new(plan, NULL, &run))) {
        EST_CHECK_FAILS(est__run_step(run, &bad, 0), EST_ABORTED, "'loss' is inf");
        EST_CHECK_STR(lab_variable_text(&l, "v"), "float32[2] 1 2");
        EST_CHECK_OK(est__find_nonfinite(l.g, &o, &bad, 0, &found));
        EST_CHECK_STR(found.data, "first non-finite tensor: 'Mul'");
        est__buffer_clear(&found);
        EST_CHECK(est__run_step(run, &negative, 0) == EST_ABORTED);
        EST_CHECK_OK(est__find_nonfinite(l.g, &o, &negative, 0, &found));
        EST_CHECK_STR(found.data, "first non-finite tensor: 'hidden/log'");
        est__buffer_clear(&found);
        EST_CHECK_OK(est__find_nonfinite(l.g, &o, &good, 0, &found));
        EST_CHECK_STR(found.data, "no tensor of the step is non-finite when it is run again");
        /* looking for it assigns nothing */
        EST_CHECK_STR(lab_variable_text(&l, "v"), "float32[2] 1 2");
        EST_CHECK_OK(est__run_step(run, &good, 0));
        EST_CHECK_STR(lab_variable_text(&l, "v"), "float32[2] 0 0.693147");
    }
    est__buffer_free(&found);
    est__run_free(run);
    est__plan_free(plan);
    lab_end(&l);
}

EST_SUITE(runtime_order, EST_TEST(reads_see_the_start), EST_TEST(string_reads_see_the_start), EST_TEST(swap),
          EST_TEST(two_handles), EST_TEST(assignments_in_node_order), EST_TEST(refused),
          EST_TEST(a_step_that_fails), EST_TEST(checked_before_assigned));
