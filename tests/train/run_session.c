/* Sessions of one's own: runs, variables, graphs that grow. */
#include <estimator/estimator.h>

#include "support/est_test.h"

static void runs_and_grows(void)
{
    est_graph *g;
    est_session *s;
    float three = 3;
    est_tensor in = { EST_FLOAT, EST_SCALAR, &three, NULL };
    const est_tensor *out[2], *value;
    EST_NEED_OK(est_graph_new(&g));
    est_node *x = est_placeholder(g, "x", EST_FLOAT, EST_SCALAR);
    est_node *v = est_variable(g, "v", &(est_variable_options){ .initial_value = est_constant_float(g, 2) });
    est_node *y = est_mul(g, x, est_read(g, v));
    est_node *add = est_op(g, "AssignAddVariableOp", NULL, EST_NODES(v, x), EST_NO_ATTRS);
    if (EST_CHECK_OK(est_session_new(g, NULL, &s))) {
        for (int i = 0; i < 3; i++) {
            EST_CHECK_OK(est_session_run(s, EST_NODES(x), (const est_tensor *const[]){ &in }, EST_NODES(add, y), out));
            EST_CHECK(out[0] == NULL);
            EST_CHECK_NEAR(*(const float *)out[1]->data, 3 * (2 + 3 * i), 0);
        }
        EST_CHECK_OK(est_session_value(s, v, &value));
        EST_CHECK_NEAR(*(const float *)value->data, 11, 0);
        EST_CHECK_OK(est_session_assign(s, v, &in));
        est_node *w = est_variable(g, "w", &(est_variable_options){ .initial_value = est_constant_float(g, 5) });
        est_node *z = est_add(g, est_read(g, w), est_read(g, v));
        EST_CHECK_OK(est_session_run(s, (est_nodes){ 0 }, NULL, EST_NODES(z), out));
        EST_CHECK_NEAR(*(const float *)out[0]->data, 8, 0);
        /* more lists of nodes than are kept */
        for (int i = 0; i < 40; i++) {
            est_node *n = est_add(g, z, est_constant_float(g, i));
            EST_CHECK_OK(est_session_run(s, (est_nodes){ 0 }, NULL, EST_NODES(n), out));
            EST_CHECK_NEAR(*(const float *)out[0]->data, 8 + i, 0);
        }
        EST_CHECK_OK(est_session_run(s, (est_nodes){ 0 }, NULL, EST_NODES(z), out));
        est_session_free(s);
    }
    est_graph_free(g);
}

static void refuses(void)
{
    est_graph *g, *other;
    est_session *s;
    double wide = 1;
    est_tensor in = { EST_DOUBLE, EST_SCALAR, &wide, NULL }, longer = { EST_FLOAT, EST_SHAPE(3), (float[3]){ 0 }, NULL };
    const est_tensor *value;
    EST_NEED_OK(est_graph_new(&g));
    EST_NEED_OK(est_graph_new(&other));
    est_node *x = est_placeholder(g, "x", EST_FLOAT, EST_SHAPE(2)), *foreign = est_constant_float(other, 1);
    est_node *v = est_variable(g, "v", &(est_variable_options){ 0 });
    EST_CHECK(est_session_new(g, &(est_session_options){ .num_threads = -3 }, &s) == EST_INVALID_ARGUMENT);
    if (EST_CHECK_OK(est_session_new(g, NULL, &s))) {
        const est_tensor *const values[] = { &in }, *const long_values[] = { &longer };
        EST_CHECK_FAILS(est_session_run(s, EST_NODES(x), values, EST_NODES(x), NULL), EST_INVALID_ARGUMENT,
                        "est_session_run: 'x' is fed float64; it takes float32");
        EST_CHECK_FAILS(est_session_run(s, EST_NODES(x), long_values, EST_NODES(x), NULL), EST_INVALID_ARGUMENT,
                        "est_session_run: 'x' is fed [3]; it takes [2]");
        EST_CHECK_FAILS(est_session_run(s, (est_nodes){ 0 }, NULL, EST_NODES(foreign), NULL), EST_INVALID_ARGUMENT,
                        "est_session_run: fetches[0] is no node of the session's graph");
        EST_CHECK_FAILS(est_session_value(s, x, &value), EST_INVALID_ARGUMENT, "'x' is no variable of the session's graph");
        EST_CHECK_FAILS(est_session_assign(s, v, &longer), EST_INVALID_ARGUMENT,
                        "variable 'v' is float32 []; it cannot be assigned float32 [3]");
        est_add(g, x, foreign);
        EST_CHECK(est_session_run(s, (est_nodes){ 0 }, NULL, EST_NODES(v), NULL) != EST_OK);
        est_session_free(s);
    }
    est_graph_free(g);
    est_graph_free(other);
}

EST_SUITE(train_run_session, EST_TEST(runs_and_grows), EST_TEST(refuses));
