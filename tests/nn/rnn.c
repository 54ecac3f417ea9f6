/* Recurrent layers: the kernel against its body in TensorFlow's ops, gradients against differences in float64,
 * the same bits on any number of threads, no allocation in a step; what is refused. */
#include <estimator/nn.h>
#include <estimator/rnn.h>

#include "graph/lab.h"

enum { BATCH = 3, TIME = 4, WIDTH = 2, UNITS = 3, INPUTS = 5 };

typedef struct trial {
    lab l;
    est_node *in[INPUTS], *y, *loss;
} trial;

static est_tensor *numbers(lab *l, est_dtype dtype, est_shape shape, est__random *r)
{
    est_tensor *t = NULL;
    if (EST_CHECK_OK(est_tensor_new(dtype, &shape, &t)))
        for (int64_t i = 0; i < est_shape_elements(&shape); i++)
            est__tensor_set(t, i, (double)est__random_below(r, 2001) / 1000 - 1);
    return lab_keep(l, t);
}

static est_node *feed(lab *l, const char *name, const est_tensor *t)
{
    est_node *n = est_placeholder(l->g, name, t->dtype, t->shape);
    l->feed[l->num_feeds] = n;
    l->value[l->num_feeds++] = t;
    return n;
}

static bool begin(trial *t, const char *cell, bool sequences, est_dtype dtype, int64_t batch, int64_t units)
{
    static const struct { const char *cell; int64_t gates; } gates[] = { { "simple_rnn", 1 }, { "lstm", 4 }, { "gru", 3 } };
    est__random r = { .key = 11 };
    int64_t g = 0;
    lab *l = &t->l;
    if (!EST_CHECK(lab_begin(l)))
        return false;
    for (int i = 0; i < 3; i++)
        if (strcmp(gates[i].cell, cell) == 0)
            g = gates[i].gates * units;
    est_tensor *length = NULL;
    est_shape rows = EST_SHAPE(batch);
    EST_CHECK_OK(est_tensor_new(EST_INT64, &rows, &length));
    lab_keep(l, length);
    for (int64_t i = 0; i < batch; i++)
        ((int64_t *)length->data)[i] = (3 * i + TIME) % (TIME + 1);      /* 4, 2, 0, … */
    t->in[0] = feed(l, "x", numbers(l, dtype, EST_SHAPE(batch, TIME, WIDTH), &r));
    t->in[1] = feed(l, "length", length);
    t->in[2] = feed(l, "kernel", numbers(l, dtype, EST_SHAPE(WIDTH, g), &r));
    t->in[3] = feed(l, "recurrent", numbers(l, dtype, EST_SHAPE(units, g), &r));
    t->in[4] = feed(l, "bias", numbers(l, dtype, g == 3 * units ? EST_SHAPE(2, g) : EST_SHAPE(g), &r));
    t->y = est_op(l->g, "EstRnn", NULL, (est_nodes){ t->in, INPUTS },
                  EST_ATTRS(EST_STRING_ATTR("cell", cell), EST_BOOL_ATTR("return_sequences", sequences)));
    est_node *weights = feed(l, "weights", numbers(l, dtype, *est_node_shape(t->y), &r));
    t->loss = est_reduce_sum(l->g, est_mul(l->g, t->y, weights), EST_ALL_AXES, false);
    return EST_CHECK_OK(est_graph_status(l->g));
}

static double loss(trial *t)
{
    est_tensor *out;
    return lab_run(&t->l, EST_NODES(t->loss), (est_nodes){ 0 }, false, &out) ? est__tensor_get(out, 0) : 0;
}

static const int floats[] = { 0, 2, 3, 4 };
static const int64_t some[] = { 0, 1, 4, 7, 9, 13, 17, 22 };

/* Every element of the small ones, some of the others. */
static void gradient(const char *cell, bool sequences)
{
    trial t;
    est_gradient d[4];
    est_tensor *got[4];
    if (!begin(&t, cell, sequences, EST_DOUBLE, BATCH, UNITS))
        return;
    EST_NEED_OK(est_gradients(t.l.g, t.loss, EST_NODES(t.in[0], t.in[2], t.in[3], t.in[4]), d));
    est_node *nodes[] = { d[0].value, d[1].value, d[2].value, d[3].value };
    if (lab_run(&t.l, (est_nodes){ nodes, 4 }, (est_nodes){ 0 }, false, got))
        for (int i = 0; i < 4; i++) {
            double *at = t.l.value[floats[i]]->data;
            for (size_t j = 0; j < sizeof some / sizeof *some; j++) {
                if (some[j] >= est__tensor_elements(got[i]))
                    break;
                double kept = at[some[j]], h = 1e-6, up, down;
                at[some[j]] = kept + h;
                up = loss(&t);
                at[some[j]] = kept - h;
                down = loss(&t);
                at[some[j]] = kept;
                est_test_near(est__tensor_get(got[i], some[j]), (up - down) / (2 * h), 1e-7,
                              EST_HERE(est_test_text("%s, sequences %d, input %d, element %d", cell, sequences, floats[i],
                                                     (int)some[j])));
            }
        }
    lab_end(&t.l);
}

static const char *const cells[] = { "simple_rnn", "lstm", "gru" };

static void gradients(void)
{
    for (int i = 0; i < 6; i++)
        gradient(cells[i / 2], i % 2);
}

static void body(void)
{
    for (int i = 0; i < 6; i++) {
        trial t;
        est_graph *expanded = NULL;
        est_tensor *kernel, *spelt;
        EST_NEED(begin(&t, cells[i / 2], i % 2, EST_DOUBLE, BATCH, UNITS));
        est_node *keep[8], *kept[8];
        for (size_t j = 0; j < t.l.num_feeds; j++)
            keep[j] = t.l.feed[j];
        keep[t.l.num_feeds] = t.y;
        if (lab_run(&t.l, EST_NODES(t.y), (est_nodes){ 0 }, false, &kernel) &&
            EST_CHECK_OK(est__graph_expand(t.l.g, (est_nodes){ keep, t.l.num_feeds + 1 }, false, &expanded, kept))) {
            lab other = t.l;
            other.g = expanded;
            other.num_owned = 0;
            for (size_t j = 0; j < t.l.num_feeds; j++)
                other.feed[j] = kept[j];
            if (lab_run(&other, EST_NODES(kept[t.l.num_feeds]), (est_nodes){ 0 }, false, &spelt))
                for (int64_t j = 0; j < est__tensor_elements(kernel); j++)
                    EST_CHECK_NEAR(est__tensor_get(spelt, j), est__tensor_get(kernel, j), 1e-12);
            for (size_t j = 0; j < other.num_owned; j++)
                est_tensor_free(other.owned[j]);
        }
        est_graph_free(expanded);
        lab_end(&t.l);
    }
}

/* Loss and gradients on that many threads, twice; the second time without an allocation. */
static void on_threads(trial *t, est_nodes fetches, int threads, est_tensor **out)
{
    est__plan *plan = NULL;
    est__run *run = NULL;
    est__pool *pool = NULL;
    est__plan_options o = { .resources = t->l.resources, .feeds = { t->l.feed, t->l.num_feeds }, .fetches = fetches };
    if (EST_CHECK_OK(est__pool_new(threads, &pool)) && EST_CHECK_OK(est__plan_new(t->l.g, &o, &plan)) &&
        EST_CHECK_OK(est__run_new(plan, pool, &run)) && EST_CHECK_OK(est__run_step(run, t->l.value, 0))) {
        est_test_fail_allocation(0);
        EST_CHECK_OK(est__run_step(run, t->l.value, 0));
        EST_CHECK_INT(est_test_fail_allocation(0), 0);
        for (size_t i = 0; i < fetches.count; i++) {
            EST_CHECK_OK(est_tensor_copy(est__run_fetch(run, i), &out[i]));
            lab_keep(&t->l, out[i]);
        }
    }
    est__run_free(run);
    est__plan_free(plan);
    est__pool_free(pool);
}

static void threads(void)
{
    for (int i = 0; i < 3; i++) {
        trial t;
        est_gradient d[4];
        est_tensor *one[5] = { NULL }, *three[5] = { NULL };
        EST_NEED(begin(&t, cells[i], true, EST_FLOAT, 70, 40));
        EST_NEED_OK(est_gradients(t.l.g, t.loss, EST_NODES(t.in[0], t.in[2], t.in[3], t.in[4]), d));
        est_node *nodes[] = { t.y, d[0].value, d[1].value, d[2].value, d[3].value };
        on_threads(&t, (est_nodes){ nodes, 5 }, 1, one);
        on_threads(&t, (est_nodes){ nodes, 5 }, 3, three);
        for (int j = 0; j < 5 && one[j] && three[j]; j++)
            lab_same(one[j], three[j], cells[i]);
        lab_end(&t.l);
    }
}

static void layer(void)
{
    lab l;
    est_node *y;
    EST_NEED(lab_begin(&l));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1, -1, 2), lab_floats(&l, EST_SHAPE(2, 3, 2), NULL));
    est_rnn_options o = { .cell = "lstm", .name = "a" };
    y = est_rnn(l.g, x, 3, &o);
    EST_CHECK_INT(est_node_shape(y)->dim[1], 3);
    EST_NEED(lab_initialize(&l));
    EST_CHECK_STR(lab_variable_text(&l, "a/bias"), "float32[12] 0 0 0 1 1 1 0 0 0 0 0 0");
    EST_CHECK(est_graph_variable(l.g, "a/recurrent_kernel") && est_graph_variable(l.g, "a/kernel"));
    EST_CHECK(lab_value(&l, y) != NULL);
    EST_CHECK_STR(est_rnn_cell_names()[2], "gru");
    lab_end(&l);
}

static void refused(est_node *(*make)(lab *l), const char *message)
{
    lab l;
    EST_NEED(lab_begin(&l));
    make(&l);
    EST_CHECK_FAILS(est_graph_status(l.g), EST_INVALID_ARGUMENT, message);
    lab_end(&l);
}

/* ---- cells of one's own ---- */

typedef struct own {
    est_node *kernel, *recurrent, *bias;
    int units;
} own;

/* An LSTM: its output is the first of its states. */
static void lstm_step(est_graph *g, est_node *x, est_nodes states, est_node **output, est_node **new_states, void *user)
{
    const own *o = user;
    est_node *z = est_add(g, est_bias_add(g, est_matmul(g, x, o->kernel), o->bias), est_matmul(g, states.data[0], o->recurrent));
    est_node *gate[4];
    for (int i = 0; i < 4; i++)
        gate[i] = est_slice(g, z, EST_INTS(0, (int64_t)i * o->units), EST_INTS(-1, o->units));
    new_states[1] = est_add(g, est_mul(g, est_sigmoid(g, gate[1]), states.data[1]),
                            est_mul(g, est_sigmoid(g, gate[0]), est_tanh(g, gate[2])));
    *output = new_states[0] = est_mul(g, est_sigmoid(g, gate[3]), est_tanh(g, new_states[1]));
}

/* The layer and its gradients are as those of EstRnn with the same cell. */
static void own_cells(void)
{
    static const int64_t sizes[] = { UNITS, UNITS };
    for (int sequences = 0; sequences < 2; sequences++) {
        trial t;
        est_gradient d[8];
        est_tensor *got[10];
        est_node *nodes[10];
        EST_NEED(begin(&t, "lstm", sequences, EST_FLOAT, BATCH, UNITS));
        est_graph *g = t.l.g;
        own o = { t.in[2], t.in[3], t.in[4], UNITS };
        est_rnn_cell cell = { .state_sizes = { sizes, 2 }, .step = lstm_step, .user = &o };
        est_node *y = est_rnn_over(g, t.in[0], &cell,
                                   &(est_rnn_over_options){ .sequence_length = t.in[1], .return_sequences = sequences });
        est_node *weights = t.l.feed[t.l.num_feeds - 1];
        est_node *loss_of_own = est_reduce_sum(g, est_mul(g, y, weights), EST_ALL_AXES, false);
        est_nodes xs = EST_NODES(t.in[0], t.in[2], t.in[3], t.in[4]);
        EST_NEED_OK(est_gradients(g, t.loss, xs, d));
        EST_NEED_OK(est_gradients(g, loss_of_own, xs, d + 4));
        nodes[0] = t.y;
        nodes[5] = y;
        for (int i = 0; i < 4; i++) {
            nodes[1 + i] = d[i].value;
            nodes[6 + i] = d[4 + i].value;
        }
        if (lab_run(&t.l, (est_nodes){ nodes, 10 }, (est_nodes){ 0 }, false, got))
            for (int i = 0; i < 5; i++)
                for (int64_t j = 0; j < est__tensor_elements(got[i]); j++)
                    EST_CHECK_NEAR(est__tensor_get(got[5 + i], j), est__tensor_get(got[i], j), 1e-5);
        lab_end(&t.l);
    }
}

static void half_a_step(est_graph *g, est_node *x, est_nodes states, est_node **output, est_node **new_states, void *user)
{
    (void)g;
    (void)x;
    (void)new_states;
    (void)user;
    *output = states.data[0];
}

static est_node *over(lab *l, est_rnn_cell cell)
{
    return est_rnn_over(l->g, est_placeholder(l->g, "x", EST_FLOAT, EST_SHAPE(-1, -1, 2)), &cell, NULL);
}

static est_node *no_state(lab *l)
{
    return over(l, (est_rnn_cell){ .step = half_a_step });
}

static est_node *no_step(lab *l)
{
    return over(l, (est_rnn_cell){ .state_sizes = EST_INTS(2) });
}

static est_node *no_new_state(lab *l)
{
    return over(l, (est_rnn_cell){ .state_sizes = EST_INTS(2), .step = half_a_step });
}

static est_node *other_size(lab *l)
{
    return over(l, (est_rnn_cell){ .state_sizes = EST_INTS(2), .output_size = 3, .step = half_a_step });
}

static void wrong_cells(void)
{
    refused(no_state, "est_rnn_over: the cell has no state_sizes");
    refused(no_step, "est_rnn_over: the cell has no step");
    refused(no_new_state, "est_rnn_over: the cell's step sets no state 0");
    refused(other_size, "est_rnn_over: output 0 of the cell is float32 [?,2]; float32 [?,3] is wanted");
}

static est_node *flat(lab *l)
{
    return est_rnn(l->g, est_placeholder(l->g, "x", EST_FLOAT, EST_SHAPE(-1, 2)), 3, NULL);
}

static est_node *no_units(lab *l)
{
    return est_rnn(l->g, est_placeholder(l->g, "x", EST_FLOAT, EST_SHAPE(-1, -1, 2)), 0, NULL);
}

static est_node *other_cell(lab *l)
{
    est_rnn_options o = { .cell = "elman" };
    return est_rnn(l->g, est_placeholder(l->g, "x", EST_FLOAT, EST_SHAPE(-1, -1, 2)), 3, &o);
}

static void wrong_layers(void)
{
    refused(flat, "est_rnn: 'x' must be [batch, time, n] with a known n");
    refused(no_units, "est_rnn: units is 0; it must be at least 1");
    refused(other_cell, "est_rnn: unknown cell 'elman'; there are simple_rnn, lstm and gru");
}

EST_SUITE(nn_rnn, EST_TEST(gradients), EST_TEST(body), EST_TEST(threads), EST_TEST(layer), EST_TEST(own_cells),
          EST_TEST(wrong_cells), EST_TEST(wrong_layers));
