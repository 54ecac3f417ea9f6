/* A trained experiment looked at closely: contributions of its features, and the calibration that its validation data want. */
#include <math.h>

#include <estimator/calibrate.h>
#include <estimator/explain.h>

#include "base/base.h"
#include "experiment/ages.h"
#include "support/est_test.h"

static const char other[] = "age\n40\n";

static est_experiment *trained(void)
{
    est_experiment *x = NULL;
    EST_TEST_FILE("train.csv", csv);
    const char *path = EST_TEST_FILE("c.yaml", base);
    EST_CHECK_OK(est_experiment_new(&((est_experiment_options){ .config = EST_STRINGS(path) }), &x));
    if (x && !EST_CHECK_OK(est_experiment_train(x, NULL, NULL, NULL))) {
        est_experiment_free(x);
        return NULL;
    }
    return x;
}

typedef struct seen { int64_t rows; double first; } seen;

static est_status look(const est_contributions *b, void *user)
{
    seen *s = user;
    EST_CHECK_INT(b->feature.count, 1);
    EST_CHECK_STR(b->feature.data[0], "age");
    for (int64_t i = 0; i < b->rows; i++)
        EST_CHECK_NEAR(b->bias[i] + b->contribution[i], b->logits[i], 1e-6);
    if (s->rows == 0)
        s->first = b->contribution[0];
    s->rows += b->rows;
    return EST_OK;
}

/* The column's weight by the normalized value: of 40 that is 1, of 22, the first in the configuration's own file, -0.8. */
static void contributions(void)
{
    est_experiment *x = trained();
    EST_NEED(x != NULL);
    seen own = { 0 }, given = { 0 };
    EST_CHECK_OK(est_experiment_contributions(x, NULL, &((est_explain_options){ .each = look, .each_user = &own })));
    EST_CHECK_OK(est_experiment_contributions(x, EST_TEST_FILE("other.csv", other),
                                              &((est_explain_options){ .each = look, .each_user = &given })));
    EST_CHECK_INT(own.rows, 9);
    EST_CHECK_INT(given.rows, 1);
    EST_CHECK(given.first != 0);
    EST_CHECK_NEAR(own.first, -0.8 * given.first, 1e-6);
    EST_CHECK_FAILS(est_experiment_contributions(x, NULL, &((est_explain_options){ 0 })), EST_INVALID_ARGUMENT,
                    "LinearClassifier: explain: each is needed");
    est_experiment_free(x);
}

static void calibration(void)
{
    est_experiment *x = trained(), *over = NULL;
    char *text = NULL;
    est_results *before = NULL, *after = NULL;
    EST_NEED(x != NULL);
    if (EST_CHECK_OK(est_experiment_calibrate(x, NULL, NULL, NULL, &text))) {
        const char *path = EST_TEST_FILE("c.yaml", base), *more = est_test_file("more.yaml", text, strlen(text));
        EST_CHECK(strncmp(text, "task:\n  model:\n    platt: [", 27) == 0);
        EST_CHECK_OK(est_experiment_new(&((est_experiment_options){ .config = EST_STRINGS(path, more) }), &over));
        EST_CHECK_OK(est_experiment_evaluate(x, NULL, &before));
        EST_CHECK_OK(est_experiment_evaluate(over, NULL, &after));
        EST_CHECK(before && after && before->count == after->count);
    }
    for (size_t i = 0; before && after && i < before->count; i++)
        if (strcmp(before->name[i], "average_loss") == 0)
            EST_CHECK(after->value[i] != before->value[i]);
    est_text_free(text);
    est_results_free(before);
    est_results_free(after);
    est_experiment_free(over);
    est_experiment_free(x);
}

EST_SUITE(experiment_closer, EST_TEST(contributions), EST_TEST(calibration));
