/* Chains: whatever shapes meet in one, it gives the bits of the single steps, or the error of the one that
 * fails. */
#include "graph/lab.h"

enum { SHAPES = 16 };

static est_shape shape_of(int i)
{
    const est_shape shapes[SHAPES] = {
        EST_SCALAR,         EST_SHAPE(1),       EST_SHAPE(3),       EST_SHAPE(4),
        EST_SHAPE(0),       EST_SHAPE(1, 1),    EST_SHAPE(1, 3),    EST_SHAPE(4, 1),
        EST_SHAPE(4, 3),    EST_SHAPE(3, 3),    EST_SHAPE(0, 3),    EST_SHAPE(4, 0),
        EST_SHAPE(2, 4, 3), EST_SHAPE(1, 1, 3), EST_SHAPE(1, 4, 3), EST_SHAPE(700, 3),
    };
    return shapes[i];
}

typedef struct both {
    lab l;
    est__plan *plan[2];
    est__run *run[2];
    int steps;
} both;

/* Three placeholders of unknown shapes; `build` makes one node of them. */
static bool begin(both *b, est_node *(*build)(est_graph *g, est_node *const *x))
{
    *b = (both){ 0 };
    if (!lab_begin(&b->l))
        return false;
    for (int i = 0; i < 3; i++)
        lab_feed(&b->l, "x", (est_shape){ .rank = -1 }, NULL);
    est_node *y = build(b->l.g, b->l.feed);
    for (int i = 0; i < 2; i++) {
        est__plan_options o = {
            .resources = b->l.resources, .feeds = { b->l.feed, 3 }, .fetches = EST_NODES(y), .unfused = i == 1
        };
        if (!EST_CHECK_OK(est__plan_new(b->l.g, &o, &b->plan[i])) ||
            !EST_CHECK_OK(est__run_new(b->plan[i], NULL, &b->run[i])))
            return false;
    }
    return true;
}

static void end(both *b)
{
    for (int i = 0; i < 2; i++) {
        est__run_free(b->run[i]);
        est__plan_free(b->plan[i]);
    }
    lab_end(&b->l);
}

static bool step(both *b, const est_tensor *const *x, const char *what)
{
    char error[2][1100] = { "", "" };
    est_status st[2];
    for (int i = 0; i < 2; i++) {
        st[i] = est__run_step(b->run[i], x, 0);
        if (st[i] != EST_OK)
            snprintf(error[i], sizeof error[i], "%s", est_error());
    }
    if (est_test_int(st[0], st[1], EST_HERE(what)) && est_test_str(error[0], error[1], EST_HERE(what)) &&
        st[0] == EST_OK)
        lab_same(est__run_fetch(b->run[0], 0), est__run_fetch(b->run[1], 0), what);
    return st[1] == EST_OK;
}

static void all_shapes(est_node *(*build)(est_graph *g, est_node *const *x), int least)
{
    est__random random = { .key = 3 };
    est_tensor *value[SHAPES];
    both b;
    int done = 0;
    EST_NEED(begin(&b, build));
    for (int i = 0; i < SHAPES; i++)
        value[i] = lab_random(&b.l, shape_of(i), &random);
    for (int i = 0; i < SHAPES * SHAPES * SHAPES; i++) {
        const est_tensor *x[] = { value[i % SHAPES], value[i / SHAPES % SHAPES], value[i / SHAPES / SHAPES] };
        char what[120], text[3][EST__SHAPE_TEXT_SIZE];
        snprintf(what, sizeof what, "%s %s %s", est__shape_string(text[0], &x[0]->shape),
                 est__shape_string(text[1], &x[1]->shape), est__shape_string(text[2], &x[2]->shape));
        done += step(&b, x, what);
    }
    est_test_true(done >= least,
                  EST_HERE(est_test_text("only %d of the shapes fit; %d are wanted", done, least)));
    end(&b);
}

static est_node *broadcasting(est_graph *g, est_node *const *x)
{
    return est_tanh(g, est_mul(g, est_add(g, x[0], x[1]), est_sub(g, x[2], est_square(g, x[0]))));
}

static est_node *to_bool(est_graph *g, est_node *const *x)
{
    return est_logical_and(g, est_greater(g, x[0], x[1]),
                           est_logical_not(g, est_less(g, est_neg(g, x[2]), x[0])));
}

/* logits and labels do not broadcast, what is added does */
static est_node *alike(est_graph *g, est_node *const *x)
{
    return est_add(g, est_sigmoid_cross_entropy_with_logits(g, est_neg(g, x[0]), est_sigmoid(g, x[1])), x[2]);
}

static est_node *bias(est_graph *g, est_node *const *x)
{
    return est_relu(g, est_add(g, est_bias_add(g, est_neg(g, x[0]), x[1]), x[2]));
}

static est_node *made_bias(est_graph *g, est_node *const *x)  /* the bias itself comes out of the chain */
{
    return est_relu(g, est_bias_add(g, x[0], est_mul(g, x[1], x[2])));
}

static est_node *product(est_graph *g, est_node *const *x)
{
    return est_sigmoid(g, est_bias_add(g, est_matmul(g, x[0], x[1]), x[2]));
}

static est_node *transposed(est_graph *g, est_node *const *x)
{
    est_node *p = est_op(g, "MatMul", NULL, EST_NODES(x[0], x[1]),
                         EST_ATTRS(EST_BOOL_ATTR("transpose_a", true)));
    return est_mul(g, est_bias_add(g, p, x[2]), x[2]);
}

static void any_shapes(void)
{
    all_shapes(broadcasting, 500);
    all_shapes(to_bool, 500);
    all_shapes(alike, 150);
    all_shapes(bias, 20);
    all_shapes(made_bias, 20);
    all_shapes(product, 8);
    all_shapes(transposed, 8);
}

/* Rows that are long, short, and cut by blocks in the middle. */
static void long_rows(void)
{
    static const int64_t lengths[] = { 1, 2, 5, 255, 256, 257, 511, 512, 513, 1000, 1025, 5000 };
    est__random random = { .key = 4 };
    both b;
    EST_NEED(begin(&b, broadcasting));
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int64_t rows = 1; rows < 40; rows += 19) {
            const est_tensor *x[] = { lab_random(&b.l, EST_SHAPE(rows, lengths[i]), &random),
                                      lab_random(&b.l, EST_SHAPE(lengths[i]), &random),
                                      lab_random(&b.l, EST_SHAPE(1), &random) };
            step(&b, x, "a long row");
        }
    end(&b);
}

EST_SUITE(runtime_chains, EST_TEST(any_shapes), EST_TEST(long_rows));
