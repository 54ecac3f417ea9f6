/* The functions of tf.losses against TensorFlow's answers: every reduction, with and without weights, and the gradient. */
#include "nn/session.h"

typedef struct loss_case {
    const char *name, *labels;      /* what was recorded as labels */
    est_loss_options options;
} loss_case;

static const loss_case cases[] = {
    { "absolute_difference", "targets", { 0 } },
    { "cosine_distance", "labels", { .axis = 1 } },
    { "hinge_loss", "labels", { 0 } },
    { "huber_loss", "targets", { .delta = 0.7 } },
    { "log_loss", "labels", { 0 } },
    { "log_poisson_loss", "labels", { 0 } },
    { "mean_pairwise_squared_error", "targets", { 0 } },
    { "mean_squared_error", "targets", { 0 } },
    { "sigmoid_cross_entropy", "labels", { .label_smoothing = 0.2 } },
    { "softmax_cross_entropy", "labels", { .label_smoothing = 0.1 } },
    { "sparse_softmax_cross_entropy", "labels", { 0 } },
};
enum { COUNT = sizeof cases / sizeof cases[0] };

static est_node *recorded(session *s, const char *key, int64_t columns)
{
    est_tensor *t = golden_tensor(est_test_text("losses/%s", key), EST_FLOAT, EST_SHAPE(4, columns), 0);
    est_node *n = est_constant(s->g, t);
    est_tensor_free(t);
    return n;
}

static void check(session *s, est_node *value, const char *name, const char *key)
{
    float x[12];
    int n = session_run(s, NULL, NULL, value, x, 12);
    if (n >= 0)
        golden_near(est_test_text("losses/%s/%s", name, key), x, n);
}

/* The labels of sparse_softmax_cross_entropy are the places of the ones. */
static est_node *labels_of(session *s, const loss_case *c)
{
    est_node *labels = recorded(s, c->labels, 3);
    return strncmp(c->name, "sparse", 6) == 0 ? est_argmax(s->g, labels, 1) : labels;
}

static void run_case(const loss_case *c)
{
    static const char *const reductions[] = { "none", "sum", "sum_over_batch_size", "mean", "sum_by_nonzero_weights" };
    session s;
    est_gradient d;
    EST_NEED(session_begin(&s));
    est_node *x = recorded(&s, "predictions", 3), *labels = labels_of(&s, c), *weights = recorded(&s, "weights", 1);
    bool is_reduced = strcmp(c->name, "mean_pairwise_squared_error") == 0;
    est_loss_options o = c->options;
    check(&s, est_loss(s.g, c->name, labels, x, &o), c->name, "plain");
    o.weights = weights;
    est_node *y = est_loss(s.g, c->name, labels, x, &o);
    check(&s, y, c->name, "sum_by_nonzero_weights");
    if (EST_CHECK_OK(est_gradients(s.g, y, EST_NODES(x), &d)) && EST_CHECK(d.value != NULL))
        check(&s, d.value, c->name, "gradient");
    for (int i = 0; i < 5 && !is_reduced; i++) {
        o.reduction = reductions[i];
        check(&s, est_loss(s.g, c->name, labels, x, &o), c->name, reductions[i]);
    }
    session_end(&s);
}

static void all_are_tensorflows(void)
{
    for (int i = 0; i < COUNT; i++) {
        EST_CHECK_STR(est_loss_names()[i], cases[i].name);
        run_case(&cases[i]);
    }
    EST_CHECK(est_loss_names()[COUNT] == NULL);
}

static void refuse(const char *name, const est_loss_options *options, est_status status, const char *message)
{
    session s;
    EST_NEED(session_begin(&s));
    est_node *flat = session_feed(&s, "flat", EST_FLOAT, EST_SHAPE(-1));
    est_node *column = session_feed(&s, "column", EST_FLOAT, EST_SHAPE(-1, 1));
    est_loss(s.g, name, options ? column : flat, column, options);
    EST_CHECK_FAILS(est_graph_status(s.g), status, message);
    session_end(&s);
}

static void bad_calls_are_refused(void)
{
    refuse("huber_los", NULL, EST_NOT_FOUND, "unknown loss 'huber_los'; did you mean 'huber_loss'?");
    refuse("huber_loss", NULL, EST_INVALID_ARGUMENT,
           "loss 'huber_loss': labels are [?], predictions [?,1]; they must have one shape");
    refuse("huber_loss", &(est_loss_options){ .delta = -1 }, EST_INVALID_ARGUMENT, "loss 'huber_loss': delta is -1; it must be above 0");
    refuse("log_loss", &(est_loss_options){ .reduction = "men" }, EST_INVALID_ARGUMENT,
           "loss 'log_loss': reduction is 'men'; it must be 'sum_by_nonzero_weights', 'mean', 'none', 'sum' or 'sum_over_batch_size'; "
           "did you mean 'mean'?");
    refuse("mean_pairwise_squared_error", &(est_loss_options){ .reduction = "sum" }, EST_INVALID_ARGUMENT,
           "loss 'mean_pairwise_squared_error': it has no reduction");
}

EST_SUITE(nn_losses, EST_TEST(all_are_tensorflows), EST_TEST(bad_calls_are_refused));
