/* The list of canned estimators: each is a model_fn over the public headers, and a row here. */
#ifndef EST_ESTIMATORS_CANNED_H
#define EST_ESTIMATORS_CANNED_H

#include <estimator/estimators.h>

typedef struct est__canned_kind {
    const char *name;             /* of its tf.estimator class */
    const est_field *fields;
    size_t options_size;
    est_status (*make)(const void *options, size_t size, const est_run_config *config, size_t config_size, est_estimator **out);
    const char *default_optimizer;   /* what the tf.estimator constructor has when none is given */
    double default_rate;          /* learning rate of an optimizer that is given by name alone; 0: the optimizer's own */
} est__canned_kind;

extern const est__canned_kind est__canned_linear_classifier;
extern const est__canned_kind est__canned_linear_estimator;
extern const est__canned_kind est__canned_linear_regressor;

/* The caller's options, extended and checked. */
est_status est__canned_options(const est__canned_kind *kind, const void *given, size_t size, void *out);
est_status est__canned_no_memory(const char *name);
/* Zeroed memory of the host's allocator. */
void *est__canned_alloc(size_t count, size_t size);
void est__canned_free(void *p);

#endif
