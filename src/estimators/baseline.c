/* BaselineClassifier, BaselineRegressor and BaselineEstimator: a bias, whatever the features (tf.estimator's canned/baseline.py). */
#include "estimators/canned.h"

#include <estimator/ops.h>

#include "base/base.h"

typedef struct baseline {
    est_head *head;
    est_optimizer *optimizer;
} baseline;

#define OPTIMIZER(options) EST_OPTIMIZER_FIELD(options, optimizer, "Ftrl", 0.3)

static const est_field classifier_fields[] = {
    OPTIMIZER(est_baseline_classifier_options), EST_CANNED_CLASSIFIER(est_baseline_classifier_options), { 0 } };
static const est_field regressor_fields[] = {
    OPTIMIZER(est_baseline_regressor_options), EST_CANNED_REGRESSOR(est_baseline_regressor_options), { 0 } };
static const est_field estimator_fields[] = {
    EST_CANNED_HEAD(est_baseline_estimator_options), OPTIMIZER(est_baseline_estimator_options), { 0 } };

static est_status model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    const baseline *b = user;
    est_graph *g = est_spec_graph(spec);
    int64_t units = est_head_logits_dimension(b->head);
    est_node *bias = est_read(g, est_variable(g, "baseline/bias", &(est_variable_options){ .shape = EST_SHAPE(units) }));
    est_node *shape = est_pack(g, EST_NODES(est_features_rows(g, features), est_constant_int(g, EST_INT64, units)), 0);
    est_node *logits = est_mul(g, bias, est_fill(g, shape, est_constant_float(g, 1)));
    return est_head_spec(b->head, spec, features, labels, mode, logits, b->optimizer);
}

static void free_baseline(void *user)
{
    baseline *b = user;
    est_head_free(b->head);
    est_optimizer_free(b->optimizer);
    est__free(b);
}

/* `head` is taken over. */
static est_status new_baseline(const char *name, est_optimizer *optimizer, est_head *head, const est_run_config *config,
                               size_t config_size, est_estimator **out)
{
    baseline *b = est__calloc(1, sizeof *b);
    if (b == NULL) {
        est_head_free(head);
        return est__fail_memory(sizeof *b);
    }
    b->head = head;
    b->optimizer = est_optimizer_retain(optimizer);
    est_status st = optimizer ? EST_OK : est_estimator_optimizer(name, "optimizer", NULL, &b->optimizer);
    if (st != EST_OK) {
        free_baseline(b);
        return st;
    }
    return est_custom_new_sized(&(est_custom_options){ .name = name, .model_fn = model_fn, .head = head, .user = b,
                                                       .free_user = free_baseline },
                                sizeof(est_custom_options), config, config_size, out);
}

est_status est_baseline_classifier_new_sized(const est_baseline_classifier_options *options, size_t size, const est_run_config *config,
                                             size_t config_size, est_estimator **out)
{
    est_baseline_classifier_options o;
    est_head *head;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_baseline_classifier, options, size, &o));
    EST_TRY(est__canned_classes(o.n_classes, EST_CANNED_CLASSES(o, o.loss_reduction), &head));
    return new_baseline("BaselineClassifier", o.optimizer, head, config, config_size, out);
}

est_status est_baseline_regressor_new_sized(const est_baseline_regressor_options *options, size_t size, const est_run_config *config,
                                            size_t config_size, est_estimator **out)
{
    est_baseline_regressor_options o;
    est_head *head;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_baseline_regressor, options, size, &o));
    EST_TRY(est__canned_values(o.label_dimension, o.weight_column, o.loss_reduction, &head));
    return new_baseline("BaselineRegressor", o.optimizer, head, config, config_size, out);
}

est_status est_baseline_estimator_new_sized(const est_baseline_estimator_options *options, size_t size, const est_run_config *config,
                                            size_t config_size, est_estimator **out)
{
    est_baseline_estimator_options o;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_baseline_estimator, options, size, &o));
    return new_baseline("BaselineEstimator", o.optimizer, est_head_retain(o.head), config, config_size, out);
}

static est_status make_classifier(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                  est_estimator **out)
{
    return est_baseline_classifier_new_sized(options, size, config, config_size, out);
}

static est_status make_regressor(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                 est_estimator **out)
{
    return est_baseline_regressor_new_sized(options, size, config, config_size, out);
}

static est_status make_estimator(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                 est_estimator **out)
{
    return est_baseline_estimator_new_sized(options, size, config, config_size, out);
}

const est__canned_kind est__canned_baseline_classifier = {
    .name = "BaselineClassifier", .fields = classifier_fields, .options_size = sizeof(est_baseline_classifier_options), .make = make_classifier };
const est__canned_kind est__canned_baseline_regressor = {
    .name = "BaselineRegressor", .fields = regressor_fields, .options_size = sizeof(est_baseline_regressor_options), .make = make_regressor };
const est__canned_kind est__canned_baseline_estimator = {
    .name = "BaselineEstimator", .fields = estimator_fields, .options_size = sizeof(est_baseline_estimator_options), .make = make_estimator };
