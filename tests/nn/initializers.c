/* Initializers with a seed: the numbers of tf.keras.initializers with that seed. */
#include "nn/session.h"

static const struct seeded {
    const char *key;
    est_initializer initializer;
} cases[] = {
    { "initializer/TruncatedNormal", { .type = "TruncatedNormal", .seed = 7 } },
    { "initializer/RandomNormal", { .type = "RandomNormal", .mean = 1, .stddev = 0.5, .seed = 8 } },
    { "initializer/RandomUniform", { .type = "RandomUniform", .minval = -0.3, .maxval = 0.7, .seed = -9 } },
    { "initializer/GlorotUniform", { .type = "GlorotUniform", .seed = 123456789 } },
    { "initializer/HeNormal", { .type = "HeNormal", .seed = 10 } },
    { "initializer/VarianceScaling",
      { .type = "VarianceScaling", .scale = 3, .mode = "fan_out", .distribution = "untruncated_normal", .seed = 11 } },
    { "initializer/Orthogonal", { .type = "Orthogonal", .gain = 2, .seed = 12 } },
};

/* Under whatever seed the run has, in whichever variable. */
static void seeds_give_kerass_numbers(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        session s;
        float got[15];
        EST_NEED(session_begin(&s));
        est_node *other = est_initial_value(s.g, EST_SHAPE(2), &cases[0].initializer);
        est_node *value = est_initial_value(s.g, EST_SHAPE(5, 3), &cases[i].initializer);
        EST_CHECK(other != value);
        EST_NEED_OK(est_graph_status(s.g));
        int n = session_run(&s, NULL, NULL, value, got, 15);
        EST_CHECK_INT(n, 15);
        if (n == 15)
            golden_near(cases[i].key, got, 15);
        session_end(&s);
    }
}

EST_SUITE(nn_initializers, EST_TEST(seeds_give_kerass_numbers));
