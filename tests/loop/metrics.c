/* Metrics, by numbers worked out by hand. */
#include <math.h>

#include <estimator/estimator.h>

#include "support/est_test.h"

/* A state that is a batch or two old. */
typedef struct state {
    est_loop_metric m;
    _Alignas(8) unsigned char bytes[64];
} state;

static est_status add(state *s, const float *output, est_shape shape, est_dtype dtype, const void *target, int64_t targets, double loss)
{
    est_tensor o = { .dtype = EST_FLOAT, .shape = shape, .data = (void *)(uintptr_t)output };
    est_tensor t = { .dtype = dtype, .shape = EST_SHAPE(targets), .data = (void *)(uintptr_t)target };
    EST_CHECK(s->m.state_size <= sizeof s->bytes);
    return s->m.accumulate(s->bytes, &o, &t, loss, s->m.user);
}

static double value(const state *s)
{
    return s->m.compute(s->bytes, s->m.user);
}

static void losses(void)
{
    state loss = { .m = est_loop_metric_loss() }, perplexity = { .m = est_loop_metric_perplexity() };
    const float none = 0;
    EST_CHECK_STR(loss.m.name, "loss");
    EST_CHECK_STR(perplexity.m.name, "perplexity");
    EST_CHECK(isnan(value(&loss)));
    EST_CHECK_NEAR(value(&perplexity), 0, 0);
    for (int i = 1; i <= 3; i++) {
        EST_CHECK_OK(add(&loss, &none, EST_SHAPE(1, 1), EST_FLOAT, &none, 1, i * 0.5));
        EST_CHECK_OK(add(&perplexity, &none, EST_SHAPE(1, 1), EST_FLOAT, &none, 1, i * 0.5));
    }
    EST_CHECK_NEAR(value(&loss), 1, 0);
    EST_CHECK_NEAR(value(&perplexity), exp(1), 1e-15);
}

static void accuracies(void)
{
    static const float logits[] = { 1, 3, 2, 0, 5, 4, 9,      /* label 1: fourth of seven */
                                    2, 2, 2, 2, 2, 2, 2,      /* ties with the k-th count: in the top of any k */
                                    7, 6, 5, 4, 3, 2, 1,      /* label 5: sixth */
                                    NAN, 0, 0, 0, 0, 0, 1,    /* a score that is no number */
                                    1, 2, 3, 4, 5, 6, 7 };    /* label 7: no class */
    static const int64_t wide[] = { 1, 0, 5, 6, 7 };
    static const int32_t narrow[] = { 1, 0, 5, 6, 7 };
    state one = { .m = est_loop_metric_accuracy() }, five = { .m = est_loop_metric_top5_accuracy() };
    EST_CHECK_STR(one.m.name, "accuracy");
    EST_CHECK_STR(five.m.name, "top5Accuracy");
    EST_CHECK_OK(add(&one, logits, EST_SHAPE(5, 7), EST_INT64, wide, 5, 0));
    EST_CHECK_NEAR(value(&one), 1.0 / 5, 0);
    EST_CHECK_OK(add(&one, logits + 7, EST_SHAPE(1, 1, 7), EST_INT32, narrow + 1, 1, 0));   /* further batches, of other ranks */
    EST_CHECK_NEAR(value(&one), 2.0 / 6, 0);
    EST_CHECK_OK(add(&five, logits, EST_SHAPE(5, 7), EST_INT32, narrow, 5, 0));
    EST_CHECK_NEAR(value(&five), 2.0 / 5, 0);
    EST_CHECK_FAILS(add(&one, logits, EST_SHAPE(5, 7), EST_INT64, wide, 4, 0), EST_INVALID_ARGUMENT,
                    "accuracy: outputs [5,7] are not rows of classes for targets [4]");
    EST_CHECK_FAILS(add(&one, logits, EST_SHAPE(5, 7), EST_FLOAT, logits, 5, 0), EST_INVALID_ARGUMENT,
                    "accuracy: the target is float32; class ids are integers");
    EST_CHECK_FAILS(one.m.accumulate(one.bytes, NULL, NULL, 0, NULL), EST_INVALID_ARGUMENT, "accuracy: there is no output");
}

static void correlation(void)
{
    /* 3 true positives, 1 false negative, 2 false positives, 4 true negatives; a logit next to 0 has a sigmoid of 0.5 in float32 */
    static const float logits[] = { 2, 0, -1e-9f, -1, 1, 3, -2, -3, -4, NAN };
    static const float labels[] = { 1, 1, 1, 1, 0, 0, 0, 0, 0, 0 };
    state s = { .m = est_loop_metric_matthews_correlation_coefficient() };
    EST_CHECK_STR(s.m.name, "mcc");
    EST_CHECK_NEAR(value(&s), 0, 0);
    EST_CHECK_OK(add(&s, logits, EST_SHAPE(4, 1), EST_FLOAT, labels, 4, 0));
    EST_CHECK_NEAR(value(&s), 0, 0);   /* no negatives yet */
    EST_CHECK_OK(add(&s, logits + 4, EST_SHAPE(6, 1), EST_FLOAT, labels + 4, 6, 0));
    EST_CHECK_NEAR(value(&s), (3 * 4 - 2 * 1) / sqrt(5 * 4 * 6 * 5), 1e-15);
    EST_CHECK_FAILS(add(&s, logits, EST_SHAPE(2, 2), EST_FLOAT, labels, 2, 0), EST_INVALID_ARGUMENT,
                    "mcc: outputs are [2,2], targets [2]; one logit for each is wanted");
}

EST_SUITE(loop_metrics, EST_TEST(losses), EST_TEST(accuracies), EST_TEST(correlation));
