/* ParseExampleV2 keeps parsers: other defaults in the next step, and two runs of a plan at once. */
#include "ops/once.h"

enum { ROWS = 64, STEPS = 50 };

/* Example { age: [2.5] } and an empty one. */
static const char whole[] = "\x0a\x11\x0a\x0f\x0a\x03" "age\x12\x08\x12\x06\x0a\x04\x00\x00\x20\x40";

typedef struct parsing {
    once o;
    est_node *serialized, *missing, *ages;
    est__plan *plan;
    est_tensor *batch;
} parsing;

static est_node *parse_node(parsing *p)
{
    est_graph *g = p->o.g;
    est_tensor *none;
    est_shape empty = EST_SHAPE(0), scalar = EST_SCALAR;
    est_dtype type = EST_FLOAT;
    if (!EST_CHECK_OK(est_tensor_new(EST_STRING, &empty, &none)))
        return NULL;
    est_node *no_strings = est_constant(g, none);
    est_tensor_free(none);
    est_attr list[5] = {
        { .name = "Tdense", .kind = EST_ATTR_TYPES, .list = { .count = 1, .type = &type } },
        { .name = "dense_shapes", .kind = EST_ATTR_SHAPES, .list = { .count = 1, .shape = &scalar } },
        { .name = "sparse_types", .kind = EST_ATTR_TYPES },
        { .name = "ragged_value_types", .kind = EST_ATTR_TYPES },
        { .name = "ragged_split_types", .kind = EST_ATTR_TYPES },
    };
    return est_op(g, "ParseExampleV2", "parse",
                  EST_NODES(p->serialized, no_strings, no_strings,
                            est_constant_strings(g, EST_STRINGS("age")), no_strings, p->missing),
                  EST_ATTRS(list[0], list[1], list[2], list[3], list[4], EST_INT_ATTR("num_sparse", 0)));
}

static bool begin(parsing *p)
{
    const char *text[ROWS];
    size_t length[ROWS];
    est_shape rows = EST_SHAPE(ROWS);
    *p = (parsing){ 0 };
    if (!once_begin(&p->o))
        return false;
    for (int i = 0; i < ROWS; i++) {
        text[i] = i % 2 ? "" : whole;
        length[i] = i % 2 ? 0 : sizeof whole - 1;
    }
    p->serialized = est_placeholder(p->o.g, "serialized", EST_STRING, EST_SHAPE(-1));
    p->missing = est_placeholder(p->o.g, "missing", EST_FLOAT, EST_SCALAR);
    p->ages = parse_node(p);
    est_node *feed[] = { p->serialized, p->missing };
    est__plan_options options = { .resources = p->o.resources,
                                  .feeds = { feed, 2 },
                                  .fetches = { &p->ages, 1 } };
    return EST_CHECK_OK(est_graph_status(p->o.g)) &&
           EST_CHECK_OK(est__plan_new(p->o.g, &options, &p->plan)) &&
           EST_CHECK_OK(est_tensor_new_strings(&rows, text, length, &p->batch));
}

static void end(parsing *p)
{
    est_tensor_free(p->batch);
    est__plan_free(p->plan);
    once_end(&p->o);
}

static est_status step(const parsing *p, est__run *run, float missing)
{
    est_tensor scalar = { .dtype = EST_FLOAT, .data = &missing };
    EST_TRY(est__run_step(run, (const est_tensor *const[]){ p->batch, &scalar }, 0));
    const float *age = est__run_fetch(run, 0)->data;
    for (int i = 0; i < ROWS; i++)
        if (age[i] != (i % 2 ? missing : 2.5f))
            return est__fail(EST_INTERNAL, "row %d is %g", i, (double)age[i]);
    return EST_OK;
}

static void takes_other_defaults_in_the_next_step(void)
{
    parsing p;
    est__run *run = NULL;
    if (begin(&p) && EST_CHECK_OK(est__run_new(p.plan, NULL, &run)))
        for (int i = 0; i < 6; i++)
            EST_CHECK_OK(step(&p, run, (float)(i / 2)));
    est__run_free(run);
    end(&p);
}

typedef struct worker {
    const parsing *p;
    pthread_t thread;
    est_status status;
    float missing;
} worker;

static void *work(void *arg)
{
    worker *w = arg;
    est__run *run = NULL;
    w->status = est__run_new(w->p->plan, NULL, &run);
    for (int i = 0; w->status == EST_OK && i < STEPS; i++)
        w->status = step(w->p, run, w->missing);
    est__run_free(run);
    return NULL;
}

static void parses_on_several_threads(void)
{
    parsing p;
    worker w[4];
    int started = 0;
    if (begin(&p))
        for (; started < 4; started++) {
            w[started] = (worker){ .p = &p, .missing = (float)(started / 2) };
            if (!EST_CHECK(pthread_create(&w[started].thread, NULL, work, &w[started]) == 0))
                break;
        }
    for (int i = 0; i < started; i++) {
        pthread_join(w[i].thread, NULL);
        EST_CHECK_INT(w[i].status, EST_OK);
    }
    end(&p);
}

EST_SUITE(ops_parse_example, EST_TEST(takes_other_defaults_in_the_next_step),
          EST_TEST(parses_on_several_threads));
