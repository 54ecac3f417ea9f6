/* Random graphs. */
#include "runtime/fuzz.h"

static est_node *constant(fuzz *f, est_shape shape)
{
    return est_constant(f->l.g, lab_random(&f->l, shape, &f->random));
}

static est_node *some(fuzz *f, uint64_t n)
{
    return f->node[est__random_below(&f->random, n)];
}

/* A row, a column, a number or a matrix: whatever broadcasts to [rows, columns]. */
static est_node *operand(fuzz *f, uint64_t n)
{
    est_graph *g = f->l.g;
    switch (est__random_below(&f->random, 8)) {
    case 0: return constant(f, EST_SCALAR);
    case 1: return constant(f, EST_SHAPE(FUZZ_COLUMNS));
    case 2: return constant(f, EST_SHAPE(1, FUZZ_COLUMNS));
    case 3: return constant(f, EST_SHAPE(1, 1));
    case 4: return est_reduce_sum(g, some(f, n), EST_INTS(1), true);
    case 5: return est_reduce_max(g, some(f, n), EST_INTS(0), false);
    default: return some(f, n);
    }
}

static est_node *elementwise(fuzz *f, uint64_t n)
{
    est_graph *g = f->l.g;
    est_node *a = some(f, n), *b = operand(f, n);
    switch (est__random_below(&f->random, 12)) {
    case 0: return est_add(g, a, b);
    case 1: return est_sub(g, b, a);
    case 2: return est_mul(g, a, b);
    case 3: return est_maximum(g, a, b);
    case 4: return est_squared_difference(g, a, b);
    case 5: return est_tanh(g, a);
    case 6: return est_relu(g, a);
    case 7: return est_sigmoid(g, a);
    case 8: return est_bias_add(g, a, constant(f, EST_SHAPE(FUZZ_COLUMNS)));
    case 9: return est_sigmoid_cross_entropy_with_logits(g, a, some(f, n));
    case 10: return est_div_no_nan(g, a, b);
    default: return est_cast(g, est_greater(g, a, b), EST_FLOAT);
    }
}

static est_node *other(fuzz *f, uint64_t n)
{
    est_graph *g = f->l.g;
    est_node *a = some(f, n), *b = some(f, n);
    switch (est__random_below(&f->random, 11)) {
    case 0: return est_tanh(g, est_matmul(g, a, constant(f, EST_SHAPE(FUZZ_COLUMNS, FUZZ_COLUMNS))));
    case 1:
        return est_relu(g,
                        est_bias_add(g, est_matmul(g, a, constant(f, EST_SHAPE(FUZZ_COLUMNS, FUZZ_COLUMNS))),
                                     constant(f, EST_SHAPE(FUZZ_COLUMNS))));
    case 2: return est_reshape(g, est_reshape(g, a, EST_INTS(-1)), EST_INTS(-1, FUZZ_COLUMNS));
    case 3:
        return est_slice(g, est_concat(g, EST_NODES(a, b), 1), EST_INTS(0, 2), EST_INTS(-1, FUZZ_COLUMNS));
    case 4:
        return est_identity(g, est_expand_dims(g, est_squeeze(g, est_expand_dims(g, a, 0), EST_INTS(0)), 0));
    case 5: return est_add_n(g, EST_NODES(a, b, a));
    /* shares memory when it runs */
    case 6: return est_reduce_sum(g, est_expand_dims(g, a, 1), EST_INTS(1), false);
    case 7: return est_add(g, est_reduce_mean(g, b, EST_INTS(0), true), a);
    case 8: return est_softmax(g, a);
    case 9: return est_where(g, est_greater(g, a, b), b, a);
    default: return est_transpose(g, est_transpose(g, a, EST_INTS(1, 0)), EST_INTS(1, 0));
    }
}

bool fuzz_begin(fuzz *f, uint64_t seed)
{
    *f = (fuzz){ .random = { .key = seed } };
    if (!lab_begin(&f->l))
        return false;
    for (uint64_t n = 0; n < FUZZ_NODES; n++) {
        est_shape shape = seed % 3 ? EST_SHAPE(-1, FUZZ_COLUMNS) : (est_shape){ .rank = -1 };
        if (n < FUZZ_FEEDS)
            f->node[n] = lab_feed(&f->l, est_test_text("x%d", (int)n),
                                  n == 0 ? EST_SHAPE(-1, FUZZ_COLUMNS) : shape, NULL);
        else
            f->node[n] = est__random_below(&f->random, 3) ? elementwise(f, n) : other(f, n);
        est_shape full = *est_node_shape(f->node[n]);
        if (full.rank == 3)      /* an Identity of [1, rows, columns]: a matrix again */
            f->node[n] = est_squeeze(f->l.g, f->node[n], EST_INTS(0));
        else if (full.rank < 0 && n >= FUZZ_FEEDS)
            f->node[n] = est_reshape(f->l.g, f->node[n], EST_INTS(-1, FUZZ_COLUMNS));
    }
    for (int i = 0; i < FUZZ_FETCHES; i++)
        f->fetch[i] = f->node[i == 0 ? FUZZ_NODES - 1 : est__random_below(&f->random, FUZZ_NODES)];
    return EST_CHECK_OK(est_graph_status(f->l.g));
}

void fuzz_end(fuzz *f)
{
    lab_end(&f->l);
}

void fuzz_feed(fuzz *f, int64_t rows)
{
    for (size_t i = 0; i < f->l.num_feeds; i++)
        f->l.value[i] = lab_random(&f->l, EST_SHAPE(rows, FUZZ_COLUMNS), &f->random);
}

est__plan_options fuzz_options(fuzz *f)
{
    return (est__plan_options){ .resources = f->l.resources, .feeds = { f->l.feed, f->l.num_feeds },
                                .fetches = { f->fetch, FUZZ_FETCHES }, .seed = 1 };
}
