/* Regularizers, constraints, moving averages and scopes: TensorFlow's numbers and names, and what is refused. */
#include <estimator/variables.h>

#include "nn/session.h"

enum { STEPS = 10 };

static est_node *quartic(est_graph *g, est_node *w, void *user)
{
    (void)user;
    return est_reduce_sum(g, est_square(g, est_square(g, w)), EST_ALL_AXES, false);
}

static est_node *at_most(est_graph *g, est_node *w, void *user)
{
    return est_minimum(g, w, est_constant_float(g, *(const double *)user));
}

static est_node *weights(session *s)
{
    est_tensor *first = golden_tensor("optimizer/w0", EST_FLOAT, EST_SHAPE(3, 2), 0);
    est_node *value = est_constant(s->g, first);
    est_tensor_free(first);
    return est_variable(s->g, "w", &(est_variable_options){ .shape = EST_SHAPE(3, 2), .initial_value = value });
}

static est_node *count_of(est_graph *g)
{
    return est_variable(g, "global_step", &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
}

static bool take_steps(session *s, est_node *train)
{
    for (int t = 0; t < STEPS; t++) {
        est_tensor *dense = golden_tensor("optimizer/dense", EST_FLOAT, EST_SHAPE(3, 2), 3 * t);
        int n = session_run(s, (const est_tensor *const[]){ dense }, train, NULL, NULL, 0);
        est_tensor_free(dense);
        if (n < 0)
            return false;
    }
    return true;
}

static void check_variable(const session *s, const char *name, const char *key)
{
    const est_tensor *t = session_variable(s, name);
    if (EST_CHECK(t != NULL))
        golden_near(key, t->data, (int)est_shape_elements(&t->shape));
}

/* ---- regularizers ---- */

static void regularizers_are_kerass(void)
{
    static const struct { const char *key; est_regularizer r; } cases[] = {
        { "regularizer/l1", { .l1 = 0.3 } }, { "regularizer/l2", { .l2 = 0.2 } }, { "regularizer/l1_l2", { .l1 = 0.3, .l2 = 0.2 } },
        { "regularizer/own", { .fn = quartic } } };
    session s;
    float got[1], sum = 0;
    EST_NEED(session_begin(&s));
    est_node *w = weights(&s), *none = est_regularization_loss(s.g), *loss[4];
    for (int i = 0; i < 4; i++)
        loss[i] = est_regularize(s.g, w, &cases[i].r);
    est_node *all = est_regularization_loss(s.g);
    EST_CHECK_INT(est_regularization_losses(s.g).count, 4);
    EST_CHECK(est_regularization_losses(s.g).data[3] == loss[3]);
    EST_CHECK(strncmp(est_node_name(loss[0]), "w/Regularizer/", 14) == 0);
    if (session_initialize(&s)) {
        for (int i = 0; i < 4; i++) {
            EST_CHECK_INT(session_run(&s, NULL, NULL, loss[i], got, 1), 1);
            golden_near(cases[i].key, got, 1);
            sum += got[0];
        }
        EST_CHECK_INT(session_run(&s, NULL, NULL, all, got, 1), 1);
        EST_CHECK_NEAR(got[0], sum, 1e-5);
        EST_CHECK_INT(session_run(&s, NULL, NULL, none, got, 1), 1);
        EST_CHECK_NEAR(got[0], 0, 0);
    }
    session_end(&s);
}

/* ---- constraints ---- */

static double bound = 0.5;
static const struct { const char *key; est_constraint c; } constraints[] = {
    { "constraint/NonNeg", { .type = "NonNeg" } },
    { "constraint/MaxNorm", { .type = "MaxNorm", .max_value = 0.7 } },
    { "constraint/MaxNorm_1", { .type = "MaxNorm", .max_value = 0.7, .axes = { (const int64_t[]){ 0, 1 }, 2 } } },
    { "constraint/UnitNorm", { .type = "UnitNorm", .axes = { (const int64_t[]){ 1 }, 1 } } },
    { "constraint/MinMaxNorm", { .type = "MinMaxNorm", .min_value = 0.8, .max_value = 1.1, .rate = 0.25, .axes = { (const int64_t[]){ -1 }, 1 } } },
    { "constraint/own", { .fn = at_most, .user = &bound } },
};

static void constraints_are_kerass(void)
{
    est_optimizer *adam;
    EST_NEED_OK(est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.1 }, &adam));
    for (size_t i = 0; i < sizeof constraints / sizeof *constraints; i++) {
        session s;
        float got[6];
        EST_NEED(session_begin(&s));
        est_node *w = weights(&s), *value = est_constrained(s.g, est_read(s.g, w), &constraints[i].c);
        est_constrain(s.g, w, &constraints[i].c);
        est_node *fed = session_feed(&s, "fed", EST_FLOAT, EST_SHAPE(3, 2));
        est_gradient gradient = { .value = fed };
        est_node *train = est_optimizer_apply_gradients(adam, s.g, &gradient, EST_NODES(w), count_of(s.g));
        if (session_initialize(&s)) {
            est_tensor *zero = golden_tensor("optimizer/w0", EST_FLOAT, EST_SHAPE(3, 2), 0);
            EST_CHECK_INT(session_run(&s, (const est_tensor *const[]){ zero }, NULL, value, got, 6), 6);
            est_tensor_free(zero);
            golden_near(constraints[i].key, got, 6);
            if (take_steps(&s, train))
                check_variable(&s, "w", est_test_text("%s/trained", constraints[i].key));
        }
        session_end(&s);
    }
    est_optimizer_free(adam);
}

/* ---- moving averages ---- */

static void averages_are_tensorflows(void)
{
    static const struct { const char *name; bool counts, debias; } cases[] = {
        { "plain", false, false }, { "counted", true, false }, { "debiased", true, true } };
    est_optimizer *sgd;
    EST_NEED_OK(est_sgd_optimizer_new(&(est_sgd_options){ .learning_rate = 0.1 }, &sgd));
    for (int i = 0; i < 3; i++) {
        session s;
        EST_NEED(session_begin(&s));
        est_node *w = weights(&s), *step = count_of(s.g), *fed = session_feed(&s, "fed", EST_FLOAT, EST_SHAPE(3, 2));
        est_gradient gradient = { .value = fed };
        est_node *updates = est_optimizer_apply_gradients(sgd, s.g, &gradient, EST_NODES(w), step);
        EST_CHECK(est_moving_average(s.g, w, NULL) == NULL);
        est_node *train = est_moving_averages(s.g, EST_NODES(w, fed), (&(est_moving_average_options){
            .decay = 0.9, .num_updates = cases[i].counts ? step : NULL, .zero_debias = cases[i].debias, .after = updates }));
        EST_CHECK(est_moving_average(s.g, w, NULL) == est_graph_variable(s.g, "w/ExponentialMovingAverage"));
        EST_CHECK_INT(est_graph_trainable_variables(s.g).count, 1);
        EST_CHECK((est_graph_variable(s.g, "fed/ExponentialMovingAverage/local_step") != NULL) == cases[i].debias);
        if (session_initialize(&s) && take_steps(&s, train)) {
            check_variable(&s, "w/ExponentialMovingAverage", est_test_text("average/%s/w", cases[i].name));
            check_variable(&s, "fed/ExponentialMovingAverage", est_test_text("average/%s/fed", cases[i].name));
        }
        session_end(&s);
    }
    est_optimizer_free(sgd);
}

/* Under another name, of all trained variables, as they were before the step; with each step by est_graph_add_update. */
static void averages_before_the_step(void)
{
    est_optimizer *sgd;
    session s;
    EST_NEED_OK(est_sgd_optimizer_new(&(est_sgd_options){ .learning_rate = 0.1 }, &sgd));
    EST_NEED(session_begin(&s));
    est_node *w = weights(&s), *fed = session_feed(&s, "fed", EST_FLOAT, EST_SHAPE(3, 2));
    est_gradient gradient = { .value = fed };
    est_graph_add_update(s.g, est_moving_averages(s.g, (est_nodes){ NULL, 0 }, &(est_moving_average_options){ .decay = 0.5, .name = "slow" }));
    est_node *train = est_optimizer_apply_gradients(sgd, s.g, &gradient, EST_NODES(w), count_of(s.g));
    EST_CHECK(est_moving_average(s.g, w, "slow") != NULL);
    EST_CHECK(est_moving_average(s.g, w, NULL) == NULL);
    if (session_initialize(&s)) {
        est_tensor *dense = golden_tensor("optimizer/w0", EST_FLOAT, EST_SHAPE(3, 2), 0);
        float first = ((const float *)dense->data)[0];
        for (int i = 0; i < 2; i++)
            EST_CHECK_INT(session_run(&s, (const est_tensor *const[]){ dense }, train, NULL, NULL, 0), 0);
        /* w: 1, 0.9, 0.81 times w0's first; the gradient is w0 itself, so 1, 0.9, 0.8 */
        EST_CHECK_NEAR(((const float *)session_variable(&s, "w")->data)[0], 0.8f * first, 1e-6);
        EST_CHECK_NEAR(((const float *)session_variable(&s, "w/slow")->data)[0], (0.5f * 1 + 0.5f * 0.9f) * first, 1e-6);
        est_tensor_free(dense);
    }
    session_end(&s);
    est_optimizer_free(sgd);
}

/* ---- scopes ---- */

static void name_scopes_are_told_apart(void)
{
    session s;
    EST_NEED(session_begin(&s));
    est_graph_begin_name_scope(s.g, "layer");
    EST_CHECK_STR(est_node_name(est_constant_float(s.g, 1)), "layer/Const");
    est_graph_begin_name_scope(s.g, "inner");
    EST_CHECK_STR(est_node_name(est_constant_float(s.g, 1)), "layer/inner/Const");
    est_graph_begin_name_scope(s.g, "layer/");
    EST_CHECK_STR(est_node_name(est_constant_float(s.g, 1)), "layer/Const_1");
    est_graph_end_scope(s.g);
    est_graph_end_scope(s.g);
    est_graph_end_scope(s.g);
    est_graph_begin_name_scope(s.g, "layer");
    EST_CHECK_STR(est_node_name(est_constant_float(s.g, 1)), "layer_1/Const");
    est_graph_begin_name_scope(s.g, "inner");
    EST_CHECK_STR(est_node_name(est_constant_float(s.g, 1)), "layer_1/inner/Const");
    est_graph_end_scope(s.g);
    est_graph_end_scope(s.g);
    est_graph_begin_name_scope(s.g, "layer");
    EST_CHECK_STR(est_node_name(est_constant_float(s.g, 1)), "layer_2/Const");
    est_graph_end_scope(s.g);
    EST_CHECK_STR(est_node_name(est_constant_float(s.g, 1)), "Const");
    EST_CHECK_OK(est_graph_status(s.g));
    session_end(&s);
}

static void variables_are_shared_by_scopes(void)
{
    static const est_initializer ones = { .type = "Ones" };
    est_get_variable_options two = { .shape = EST_SHAPE(2) };
    session s;
    EST_NEED(session_begin(&s));
    est_begin_variable_scope(s.g, "tower", &(est_variable_scope_options){ .initializer = &ones, .regularizer = &(est_regularizer){ .l2 = 1 },
                                                                          .constraint = &(est_constraint){ .type = "NonNeg" } });
    est_begin_variable_scope(s.g, "layer", NULL);
    est_node *a = est_get_variable(s.g, "w", &two);
    EST_CHECK_STR(est_node_name(a), "tower/layer/w");
    est_node *count = est_get_variable(s.g, "count", &(est_get_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    EST_CHECK_STR(est_node_name(est_identity(s.g, est_constant_float(s.g, 1))), "tower/layer/Identity");
    est_end_variable_scope(s.g);
    est_end_variable_scope(s.g);
    EST_CHECK_INT(est_regularization_losses(s.g).count, 1);

    est_begin_variable_scope(s.g, "tower", &(est_variable_scope_options){ .reuse = EST_REUSE_ALWAYS });
    EST_CHECK(est_get_variable(s.g, "layer/w", &two) == a);
    EST_CHECK_STR(est_node_name(est_constant_float(s.g, 1)), "tower_1/Const");
    est_end_variable_scope(s.g);
    EST_CHECK_INT(est_regularization_losses(s.g).count, 1);

    est_begin_variable_scope(s.g, "other", &(est_variable_scope_options){ .reuse = EST_REUSE_AUTO });
    est_node *b = est_get_variable(s.g, "w", &two);
    EST_CHECK(b != a && est_get_variable(s.g, "w", &two) == b);
    est_end_variable_scope(s.g);
    EST_CHECK_STR(est_node_name(est_get_variable(s.g, "w", &two)), "w");
    EST_CHECK_INT(est_graph_trainable_variables(s.g).count, 3);
    if (session_initialize(&s)) {
        EST_CHECK_NEAR(((const float *)session_variable(&s, "tower/layer/w")->data)[1], 1, 0);
        EST_CHECK_INT(*(const int64_t *)session_variable(&s, est_node_name(count))->data, 1);
        EST_CHECK(((const float *)session_variable(&s, "w")->data)[0] != 1);   /* GlorotUniform */
    }
    session_end(&s);
}

/* ---- what is refused ---- */

static void do_refused(session *s, int which, est_optimizer *sgd)
{
    est_graph *g = s->g;
    est_node *w = weights(s), *x = session_feed(s, "x", EST_FLOAT, EST_SHAPE(-1, 2)), *one = est_constant_float(g, 1);
    est_get_variable_options two = { .shape = EST_SHAPE(2) };
    est_gradient rows = { .value = x, .indices = est_constant_ints(g, EST_INT64, EST_INTS(1)) };
    switch (which) {
    case 0: est_regularize(g, one, &(est_regularizer){ .l2 = 1 }); break;
    case 1: est_regularize(g, w, &(est_regularizer){ .l2 = -1 }); break;
    case 2: est_regularize(g, w, &(est_regularizer){ .fn = at_most, .user = &bound }); break;
    case 3: est_constrain(g, w, &(est_constraint){ .type = "NonNegg" }); break;
    case 4: est_constrain(g, w, &(est_constraint){ .type = "UnitNorm", .axes = EST_INTS(2) }); break;
    case 5: est_constrain(g, w, &(est_constraint){ .type = "MinMaxNorm", .min_value = 2 }); break;
    case 6: est_constrain(g, w, &(est_constraint){ .type = "MinMaxNorm", .rate = 1.5 }); break;
    case 7: est_constrain(g, w, &(est_constraint){ .axes = EST_INTS(1) }); break;
    case 8: est_constrain(g, w, &(est_constraint){ .type = "NonNeg" });
        est_constrain(g, w, &(est_constraint){ .type = "NonNeg" });
        break;
    case 9: est_constrain(g, w, &(est_constraint){ .type = "NonNeg" });
        est_optimizer_apply_gradients(sgd, g, &rows, EST_NODES(w), count_of(g));
        break;
    case 10: est_constrain(g, w, &(est_constraint){ .fn = quartic });
        est_optimizer_apply_gradients(sgd, g, &(est_gradient){ .value = est_filled(g, EST_SHAPE(3, 2), 1) }, EST_NODES(w), count_of(g));
        break;
    case 11: est_moving_averages(g, EST_NODES(w), &(est_moving_average_options){ .name = "a" }); break;
    case 12: est_moving_averages(g, EST_NODES(x), &(est_moving_average_options){ .decay = 0.9 }); break;
    case 13: est_get_variable(g, "v", &two);
        est_get_variable(g, "v", &two);
        break;
    case 14: est_begin_variable_scope(g, "a", &(est_variable_scope_options){ .reuse = EST_REUSE_ALWAYS });
        est_get_variable(g, "v", &two);
        break;
    case 15: est_begin_variable_scope(g, "a", &(est_variable_scope_options){ .reuse = EST_REUSE_AUTO });
        est_get_variable(g, "v", &two);
        est_get_variable(g, "v", &(est_get_variable_options){ .shape = EST_SHAPE(3) });
        break;
    case 16: est_begin_variable_scope(g, "a", &(est_variable_scope_options){ .initializer = &(est_initializer){ .type = "Onez" } }); break;
    case 17: est_graph_begin_name_scope(g, ""); break;
    default: est_add_regularization_loss(g, x); break;
    }
}

static void mistakes_are_told(void)
{
    static const char *const texts[] = {
        "est_regularize: 'Const_1' is no float32 variable of the graph",
        "est_regularize: l1 is 0 and l2 -1 for variable 'w'; one must be above 0, and none below",
        "the regularizer of variable 'w' gave float32 [3,2]; it must give a float32 scalar",
        "unknown constraint 'NonNegg'; did you mean 'NonNeg'?",
        "constraint 'UnitNorm': axis 2 is not there; the variable has 2 dimensions",
        "constraint 'MinMaxNorm': min_value is 2, above max_value 1",
        "constraint 'MinMaxNorm': rate is 1.5; it must be at most 1",
        "a constraint needs type or fn",
        "est_constrain: variable 'w' has a constraint already",
        "optimizer 'SGD': variable 'w' has a constraint and a sparse gradient; a constraint is for dense ones",
        "the constraint of variable 'w' gave float32 []; it must give float32 [3,2]",
        "est_moving_averages: decay is missing",
        "est_moving_averages: 'x' must be float32, of a known shape",
        "est_get_variable: variable 'v' is there already; its scope's reuse says whether it may be taken again",
        "est_get_variable: variable 'a/v' is to be reused, and is not there",
        "est_get_variable: variable 'a/v' is to be float32 [3]; it is there as float32 [2]",
        "unknown initializer 'Onez'; did you mean 'Ones'?",
        "a name scope needs a name",
        "est_add_regularization_loss: 'x' is no float32 scalar of the graph",
    };
    est_optimizer *sgd;
    EST_NEED_OK(est_sgd_optimizer_new(NULL, &sgd));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        session s;
        EST_NEED(session_begin(&s));
        do_refused(&s, (int)i, sgd);
        est_status st = est_graph_status(s.g);
        EST_CHECK(st == (i == 13 ? EST_ALREADY_EXISTS : i == 14 ? EST_NOT_FOUND : EST_INVALID_ARGUMENT));
        EST_CHECK_STR(est_error(), texts[i]);
        session_end(&s);
    }
    est_optimizer_free(sgd);
}

EST_SUITE(nn_variables, EST_TEST(regularizers_are_kerass), EST_TEST(constraints_are_kerass), EST_TEST(averages_are_tensorflows),
          EST_TEST(averages_before_the_step), EST_TEST(name_scopes_are_told_apart), EST_TEST(variables_are_shared_by_scopes),
          EST_TEST(mistakes_are_told));
