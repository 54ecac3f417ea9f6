/* The list of canned estimators: each is a model_fn over the public headers, and a row here. */
#ifndef EST_ESTIMATORS_CANNED_H
#define EST_ESTIMATORS_CANNED_H

#include <estimator/estimators.h>

typedef struct est__canned_kind {
    const char *name;             /* of its tf.estimator class */
    const est_field *fields;
    size_t options_size;
    est_status (*make)(const void *options, size_t size, const est_run_config *config, size_t config_size, est_estimator **out);
} est__canned_kind;

extern const est__canned_kind est__canned_boosted_trees_classifier, est__canned_boosted_trees_regressor,
    est__canned_boosted_trees_estimator;
extern const est__canned_kind est__canned_dnn_classifier, est__canned_dnn_regressor, est__canned_linear_classifier,
    est__canned_linear_estimator, est__canned_linear_regressor;

/* A field for an optimizer: NAME is what the tf.estimator constructor has when none is given, `rate` the learning rate of an
 * optimizer that is given by name alone; 0: its own. */
#define EST_OPTIMIZER_FIELD(options, member, NAME, rate)                                                               \
    EST_FIELD(options, OPTIMIZER, member, .def_text = (NAME), .def = (rate), .doc = "NAME, or {type: NAME, …}")

/* The caller's options, extended and checked. */
est_status est__canned_options(const est__canned_kind *kind, const void *given, size_t size, void *out);
est_status est__canned_no_memory(const char *name);
/* Zeroed memory of the host's allocator. */
void *est__canned_alloc(size_t count, size_t size);
void est__canned_free(void *p);

/* ---- a deep part, a linear part, or the sum of both, under a head (wide_deep.c) ---- */
typedef struct est__wide_deep {
    est_column_list dnn_columns;       /* none: no such part */
    const char *dnn_columns_name;      /* of the option, for messages */
    est_ints hidden_units;
    const char *activation_fn;         /* of est_activation_names */
    double dropout;
    bool batch_norm;
    est_optimizer *dnn_optimizer;      /* NULL: the estimator's default */
    est_column_list linear_columns;    /* none: no such part */
    const char *sparse_combiner;
    est_optimizer *linear_optimizer;
} est__wide_deep;
/* Columns, head and optimizers are kept alive, the rest is copied. */
est_status est__wide_deep_new(const char *name, const est__wide_deep *parts, est_head *head, const est_run_config *config,
                              size_t config_size, est_estimator **out);
/* The same over a head that is made of its options. */
est_status est__wide_deep_with(const char *name, const est__wide_deep *parts, const char *head_kind, const est_head_options *head,
                               const est_run_config *config, size_t config_size, est_estimator **out);

#endif
