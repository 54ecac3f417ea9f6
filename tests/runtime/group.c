/* Steps that run side by side: a model of several tables gives the same bits on any number of threads, each table's update
 * is made, and the first table's error is told. */
#include <estimator/nn.h>

#include "graph/lab.h"
#include "runtime/plan.h"

enum { TABLES = 7, ROWS = 40, WIDTH = 3, BATCH = 300 };

typedef struct model {
    lab l;
    est_node *table[TABLES], *loss, *update;
    int64_t id[TABLES][BATCH];
} model;

static bool begin(model *m)
{
    est__random random = { .key = 5 };
    est_optimizer *optimizer = NULL;
    if (!lab_begin(&m->l))
        return false;
    est_graph *g = m->l.g;
    est_node *rows[TABLES];
    for (int t = 0; t < TABLES; t++) {
        float values[ROWS * WIDTH];
        for (int i = 0; i < ROWS * WIDTH; i++)
            values[i] = (float)est__random_below(&random, 1000) / 500 - 1;
        for (int i = 0; i < BATCH; i++)
            m->id[t][i] = (int64_t)est__random_below(&random, ROWS);
        m->table[t] = lab_variable(&m->l, est_test_text("table_%d", t), EST_SHAPE(ROWS, WIDTH), values);
        est_node *sparse = est_dense_to_sparse(
            g, lab_feed(&m->l, est_test_text("ids_%d", t), EST_SHAPE(-1, 1), lab_ints(&m->l, EST_INT64, EST_SHAPE(BATCH, 1), m->id[t])));
        rows[t] = est_safe_embedding_lookup_sparse(g, m->table[t], sparse, est_node_output(sparse, 1), est_node_output(sparse, 2), NULL);
    }
    est_node *all = est_concat(g, (est_nodes){ rows, TABLES }, 1);
    m->loss = est_reduce_mean(g, est_mul(g, all, all), (est_ints){ 0 }, false);
    bool made = EST_CHECK_OK(est_adagrad_optimizer_new(&(est_adagrad_options){ .learning_rate = 3 }, &optimizer));
    if (made)
        m->update = est_optimizer_minimize(optimizer, g, m->loss, NULL);
    est_optimizer_free(optimizer);
    return made && lab_initialize(&m->l);
}

static est__plan *plan_of(model *m)
{
    est__plan *plan = NULL;
    est__plan_options o = { .resources = m->l.resources, .feeds = { m->l.feed, m->l.num_feeds }, .fetches = EST_NODES(m->loss),
                            .targets = EST_NODES(m->update) };
    EST_CHECK_OK(est__plan_new(m->l.g, &o, &plan));
    return plan;
}

static void are_found(void)
{
    model m;
    int grouped = 0;
    EST_NEED(begin(&m));
    est__plan *plan = plan_of(&m);
    for (size_t s = 0; plan && s < plan->num_steps; s++) {
        const est__step *step = &plan->step[s];
        EST_CHECK(step->group_begin <= s && s < step->group_end);
        grouped += step->group_end - step->group_begin == TABLES;
    }
    EST_CHECK_INT(grouped, 5 * TABLES);   /* for each: its ids, which ones, a lookup, a gradient, an update */
    est__plan_free(plan);
    lab_end(&m.l);
}

/* The tables after three steps, one text. */
static void train(int threads, char *text, size_t size)
{
    model m;
    est__pool *pool = NULL;
    est__run *run = NULL;
    EST_NEED(begin(&m));
    est__plan *plan = plan_of(&m);
    text[0] = '\0';
    if (plan && EST_CHECK_OK(est__pool_new(threads, &pool)) && EST_CHECK_OK(est__run_new(plan, pool, &run)))
        for (uint64_t step = 0; step < 3; step++)
            EST_CHECK_OK(est__run_step(run, m.l.value, step));
    for (int t = 0; t < TABLES; t++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s\n", lab_variable_text(&m.l, est_test_text("table_%d", t)));
    }
    est__run_free(run);
    est__pool_free(pool);
    est__plan_free(plan);
    lab_end(&m.l);
}

static void give_the_same_on_any_threads(void)
{
    static char one[TABLES * ROWS * WIDTH * 16], many[sizeof one];
    train(1, one, sizeof one);
    for (int threads = 2; threads <= 5; threads++) {
        train(threads, many, sizeof many);
        EST_CHECK_STR(many, one);
    }
}

static void tell_the_first_error(void)
{
    model m;
    est__pool *pool = NULL;
    est__run *run = NULL;
    EST_NEED(begin(&m));
    est__plan *plan = plan_of(&m);
    ((int64_t *)m.l.value[5]->data)[7] = ROWS + 5;
    ((int64_t *)m.l.value[2]->data)[9] = ROWS + 2;
    if (plan && EST_CHECK_OK(est__pool_new(4, &pool)) && EST_CHECK_OK(est__run_new(plan, pool, &run))) {
        est_status st = est__run_step(run, m.l.value, 0);
        EST_CHECK_FAILS(st, EST_INVALID_ARGUMENT, "EstSafeEmbeddingLookupSparse 'EstSafeEmbeddingLookupSparse_2': id 42 in row 9 of the batch is not in [0, 40) of 'table_2'");
        ((int64_t *)m.l.value[5]->data)[7] = ((int64_t *)m.l.value[2]->data)[9] = 0;
        EST_CHECK_OK(est__run_step(run, m.l.value, 0));
    }
    est__run_free(run);
    est__pool_free(pool);
    est__plan_free(plan);
    lab_end(&m.l);
}

EST_SUITE(runtime_group, EST_TEST(are_found), EST_TEST(give_the_same_on_any_threads), EST_TEST(tell_the_first_error));
