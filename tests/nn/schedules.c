/* Schedules of the learning rate at many steps, against Keras' answers; what is refused. */
#include "nn/session.h"

typedef struct schedule_case {
    const char *golden;
    est_schedule schedule;
} schedule_case;

static const int64_t boundaries[] = { 10, 20, 100 };
static const double values[] = { 1, 0.5, 0.25, 0.01 };
static const est_schedule exponential = { .type = "ExponentialDecay", .initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.9 };

static const schedule_case cases[] = {
    { "exponential", { .type = "ExponentialDecay", .initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.9 } },
    { "exponential_stairs", { .type = "ExponentialDecay", .initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.5,
                              .staircase = true } },
    { "piecewise", { .type = "PiecewiseConstantDecay", .boundaries = { boundaries, 3 }, .values = { values, 4 } } },
    { "polynomial", { .type = "PolynomialDecay", .initial_learning_rate = 0.1, .decay_steps = 30 } },
    { "polynomial_power", { .type = "PolynomialDecay", .initial_learning_rate = 0.1, .decay_steps = 70, .end_learning_rate = 0.01,
                            .power = 0.5 } },
    { "polynomial_cycle", { .type = "PolynomialDecay", .initial_learning_rate = 0.1, .decay_steps = 20,
                            .end_learning_rate = EST_OFF, .power = 2, .cycle = true } },
    { "inverse", { .type = "InverseTimeDecay", .initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.5 } },
    { "inverse_stairs", { .type = "InverseTimeDecay", .initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.5,
                          .staircase = true } },
    { "cosine", { .type = "CosineDecay", .initial_learning_rate = 0.1, .decay_steps = 70, .alpha = 0.1 } },
    { "cosine_warmup", { .type = "CosineDecay", .initial_learning_rate = EST_OFF, .decay_steps = 70, .warmup_target = 0.3,
                         .warmup_steps = 20 } },
    { "restarts", { .type = "CosineDecayRestarts", .initial_learning_rate = 0.1, .first_decay_steps = 10 } },
    { "restarts_even", { .type = "CosineDecayRestarts", .initial_learning_rate = 0.1, .first_decay_steps = 15, .t_mul = 1,
                         .m_mul = 0.8, .alpha = 0.05 } },
    { "warmup", { .type = "LinearWarmup", .warmup_steps = 20, .learning_rate = 0.1 } },
    { "warmup_exponential", { .type = "LinearWarmup", .warmup_steps = 15, .warmup_learning_rate = 0.01,
                              .learning_rate_schedule = &exponential } },
};

enum { STEPS = 27 };

static void rates_are_kerass(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        session s;
        float rates[STEPS];
        EST_NEED(session_begin(&s));
        est_node *rate = est_scheduled(s.g, &cases[i].schedule, session_feed(&s, "step", EST_INT64, EST_SHAPE(STEPS)));
        est_tensor *steps = golden_tensor("schedule/steps", EST_INT64, EST_SHAPE(STEPS), 0);
        int n = session_run(&s, (const est_tensor *const[]){ steps }, NULL, rate, rates, STEPS);
        golden_near(est_test_text("schedule/%s", cases[i].golden), rates, n);
        est_tensor_free(steps);
        session_end(&s);
    }
}

static void bad_ones_are_refused(void)
{
    static const int64_t equal[] = { 5, 5 };
    static const est_schedule nameless = { .type = "X" };
    static const struct { est_schedule schedule; const char *message; } bad[] = {
        { { .type = NULL }, "unknown schedule '(NULL)'" },
        { { .type = "ExponentialDekay" }, "unknown schedule 'ExponentialDekay'; did you mean 'ExponentialDecay'?" },
        { { .type = "ExponentialDecay", .initial_learning_rate = 0.1, .decay_rate = 0.9 },
          "schedule ExponentialDecay: decay_steps is missing: after so many steps it is multiplied with decay_rate" },
        { { .type = "CosineDecay", .initial_learning_rate = 0.1, .decay_steps = -1 },
          "schedule CosineDecay: decay_steps is -1; it must be above 0" },
        { { .type = "CosineDecayRestarts", .initial_learning_rate = 0.1, .first_decay_steps = 10, .t_mul = 0.5 },
          "schedule CosineDecayRestarts: t_mul is 0.5; it must be at least 1" },
        { { .type = "PiecewiseConstantDecay", .boundaries = { boundaries, 2 }, .values = { values, 4 } },
          "schedule PiecewiseConstantDecay: there are 4 values for 2 boundaries; it takes one more than boundaries" },
        { { .type = "PiecewiseConstantDecay", .boundaries = { equal, 2 }, .values = { values, 3 } },
          "schedule PiecewiseConstantDecay: boundaries[1] is 5, after 5; they must rise" },
        { { .type = "LinearWarmup", .warmup_steps = 5 },
          "schedule LinearWarmup: learning_rate must be a number or a schedule: what follows" },
        { { .type = "LinearWarmup", .warmup_steps = 5, .learning_rate = 1, .learning_rate_schedule = &exponential },
          "schedule LinearWarmup: learning_rate must be a number or a schedule: what follows" },
        { { .type = "LinearWarmup", .warmup_steps = 5, .learning_rate_schedule = &nameless },
          "unknown schedule 'X'" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EST_CHECK_FAILS(est_schedule_check(&bad[i].schedule), EST_INVALID_ARGUMENT, bad[i].message);
    est_schedule endless = { .type = "LinearWarmup", .warmup_steps = 5 };
    endless.learning_rate_schedule = &endless;
    EST_CHECK_FAILS(est_schedule_check(&endless), EST_INVALID_ARGUMENT,
                    "schedule LinearWarmup: it is the 9th inside of others; at most 8 are nested");
    session s;
    EST_NEED(session_begin(&s));
    est_scheduled(s.g, &endless, est_constant_int(s.g, EST_INT64, 0));
    EST_CHECK(est_graph_status(s.g) == EST_INVALID_ARGUMENT);
    session_end(&s);
}

static void names_have_fields(void)
{
    size_t count = 0;
    for (const char *const *name = est_schedule_names(); *name; name++, count++)
        EST_CHECK(est_schedule_fields(*name) != NULL);
    EST_CHECK_INT(count, 7);
    EST_CHECK(est_schedule_fields("Decay") == NULL);
}

/* An optimizer keeps a copy of all that its schedule points to. */
static void an_optimizer_keeps_its_own(void)
{
    est_optimizer *o;
    int64_t at[] = { 4, 9 };
    double rates[] = { 3, 2, 1 };
    char type[] = "PiecewiseConstantDecay";
    est_schedule inner = { .type = type, .boundaries = { at, 2 }, .values = { rates, 3 } };
    est_schedule outer = { .type = "LinearWarmup", .warmup_steps = 2, .learning_rate_schedule = &inner };
    EST_NEED_OK(est_sgd_optimizer_new((&(est_sgd_options){ .learning_rate_schedule = &outer }), &o));
    memset(type, 'x', sizeof type - 1);
    at[0] = rates[0] = -1;
    inner.values.count = 0;
    const est_schedule *kept = ((const est_sgd_options *)est_optimizer_options(o))->learning_rate_schedule;
    EST_CHECK_OK(est_schedule_check(kept));
    EST_CHECK_STR(kept->learning_rate_schedule->type, "PiecewiseConstantDecay");
    EST_CHECK_INT(kept->learning_rate_schedule->boundaries.data[0], 4);
    EST_CHECK_NEAR(kept->learning_rate_schedule->values.data[0], 3, 0);
    est_optimizer_free(o);
}

EST_SUITE(nn_schedules, EST_TEST(rates_are_kerass), EST_TEST(bad_ones_are_refused), EST_TEST(names_have_fields),
          EST_TEST(an_optimizer_keeps_its_own));
