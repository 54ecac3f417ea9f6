/* Gradients by hand: clipped and applied, they come to what an optimizer that clips by itself makes of them; what is refused. */
#include <estimator/variables.h>

#include "nn/session.h"

enum { STEPS = 3 };

typedef enum way { WHOLE, BY_VALUE, BY_NORM, BY_GLOBAL_NORM } way;

static est_node *count_of(est_graph *g)
{
    est_node *have = est_graph_variable(g, "global_step");
    return have ? have : est_variable(g, "global_step", &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
}

/* sum((x w - 1)^2) + sum(table[ids]^2): a dense gradient and a sparse one. */
static est_node *loss_of(session *s, est_node *variables[2])
{
    est_graph *g = s->g;
    est_node *x = session_feed(s, "x", EST_FLOAT, EST_SHAPE(2, 3)), *ids = session_feed(s, "ids", EST_INT64, EST_SHAPE(3));
    variables[0] = est_variable(g, "w", &(est_variable_options){ .shape = EST_SHAPE(3, 1), .initial_value = est_filled(g, EST_SHAPE(3, 1), 0.5) });
    variables[1] = est_variable(g, "table", &(est_variable_options){ .shape = EST_SHAPE(4, 2), .initial_value = est_filled(g, EST_SHAPE(4, 2), 1) });
    est_node *rows = est_op(g, "ResourceGather", NULL, EST_NODES(variables[1], ids), EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    est_node *off = est_sub(g, est_matmul(g, x, est_read(g, variables[0])), est_constant_float(g, 1));
    return est_add(g, est_reduce_sum(g, est_square(g, off), EST_ALL_AXES, false), est_reduce_sum(g, est_square(g, rows), EST_ALL_AXES, false));
}

static est_node *train_op(session *s, est_optimizer *o, way how, bool by_hand)
{
    est_node *variables[2], *loss = loss_of(s, variables);
    est_gradient d[2];
    if (!by_hand)
        return est_optimizer_minimize(o, s->g, loss, count_of(s->g));
    EST_CHECK_OK(est_gradients(s->g, loss, (est_nodes){ variables, 2 }, d));
    EST_CHECK(d[0].indices == NULL && d[1].indices != NULL);
    if (how == BY_VALUE)
        est_clip_by_value(s->g, d, 2, 0.5);
    if (how == BY_NORM)
        est_clip_by_norm(s->g, d, 2, 0.5);
    if (how == BY_GLOBAL_NORM)
        EST_CHECK(est_node_shape(est_clip_by_global_norm(s->g, d, 2, 0.5))->rank == 0);
    return est_optimizer_apply_gradients(o, s->g, d, (est_nodes){ variables, 2 }, count_of(s->g));
}

/* The variables after some steps, 11 numbers. */
static void train(way how, bool by_hand, float out[11])
{
    static float x[] = { 1, 2, 3, -1, 0.5f, 2 };
    static int64_t ids[] = { 1, 3, 1 };
    est_tensor tx = { EST_FLOAT, EST_SHAPE(2, 3), x, NULL }, ti = { EST_INT64, EST_SHAPE(3), ids, NULL };
    est_adam_options options = { .learning_rate = 0.1 };
    est_optimizer *o;
    session s;
    if (!by_hand) {
        options.clipvalue = how == BY_VALUE ? 0.5 : 0;
        options.clipnorm = how == BY_NORM ? 0.5 : 0;
        options.global_clipnorm = how == BY_GLOBAL_NORM ? 0.5 : 0;
    }
    memset(out, 0, 11 * sizeof *out);
    EST_NEED_OK(est_adam_optimizer_new(&options, &o));
    EST_NEED(session_begin(&s));
    est_node *step = train_op(&s, o, how, by_hand);
    if (session_initialize(&s)) {
        for (int i = 0; i < STEPS; i++)
            EST_CHECK_INT(session_run(&s, (const est_tensor *const[]){ &tx, &ti }, step, NULL, NULL, 0), 0);
        memcpy(out, session_variable(&s, "w")->data, 3 * sizeof *out);
        memcpy(out + 3, session_variable(&s, "table")->data, 8 * sizeof *out);
        EST_CHECK_INT(*(const int64_t *)session_variable(&s, "global_step")->data, STEPS);
    }
    session_end(&s);
    est_optimizer_free(o);
}

static void by_hand_is_by_itself(void)
{
    float whole[11], a[11], b[11];
    train(WHOLE, true, whole);
    for (way how = WHOLE; how <= BY_GLOBAL_NORM; how++) {
        train(how, true, a);
        train(how, false, b);
        EST_CHECK_BYTES(a, sizeof a, b, sizeof b);
        EST_CHECK((memcmp(a, whole, sizeof a) == 0) == (how == WHOLE));
    }
}

static void bad_gradients_are_refused(void)
{
    static const struct { int which; const char *text; } cases[] = {
        { 0, "est_clip_by_norm: the bound is 0; it must be above 0" },
        { 1, "est_optimizer_apply_gradients: variable 'w' is given twice" },
        { 2, "est_optimizer_apply_gradients: the gradient 'wrong' is [4,2], its variable 'w' [3,1]" },
        { 3, "optimizer 'SGD': none of 2 variables has a gradient" },
        { 4, "est_optimizer_apply_gradients: variable 0 is no handle of the graph" },
    };
    est_optimizer *o;
    EST_NEED_OK(est_sgd_optimizer_new(NULL, &o));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        est_node *variables[2];
        est_gradient d[2] = { { NULL, NULL }, { NULL, NULL } };
        session s;
        EST_NEED(session_begin(&s));
        loss_of(&s, variables);
        est_node *wrong = est_op(s.g, "Identity", "wrong", EST_NODES(est_filled(s.g, EST_SHAPE(4, 2), 1)), EST_NO_ATTRS);
        if (cases[i].which == 0)
            est_clip_by_norm(s.g, d, 2, 0);
        if (cases[i].which == 1)
            variables[1] = variables[0];
        if (cases[i].which == 2)
            d[0].value = wrong;
        if (cases[i].which == 4)
            variables[0] = wrong;
        est_optimizer_apply_gradients(o, s.g, d, (est_nodes){ variables, 2 }, count_of(s.g));
        EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT, cases[i].text);
        session_end(&s);
    }
    est_optimizer_free(o);
}

EST_SUITE(nn_by_hand, EST_TEST(by_hand_is_by_itself), EST_TEST(bad_gradients_are_refused));
