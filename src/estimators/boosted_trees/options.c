/* BoostedTreesClassifier, BoostedTreesRegressor and BoostedTreesEstimator: their options. */
#include "estimators/boosted_trees/boosted_trees.h"
#include "estimators/canned.h"
#include "heads/head.h"

static const char *const prunings[] = { "none", "pre", "post", NULL };
static const char *const growths[] = { "depth_wise", "leaf_wise", NULL };

#define TREE(options, kind, member, ...) \
    { .name = #member, .type = EST_FIELD_##kind, .offset = offsetof(options, trees.member), __VA_ARGS__ }
#define TREE_FIELDS(S)                                                                                                              \
    EST_FIELD(S, COLUMNS, feature_columns, .needed = true, .doc = "what the trees see of the features"),                            \
    TREE(S, INT, n_trees, .def = 100, .min = 1, .max = 1e6, .doc = "rounds of boosting: a tree an output"),                         \
    TREE(S, INT, max_depth, .def = 6, .min = EST_OFF, .max = 1000, .zero = EST_OFF, .doc = "splits on the way to a leaf; 0: no bound"),   \
    TREE(S, FLOAT, learning_rate, .def = 0.1, .min = 0, .above_min = true, .doc = "shrinks what each tree adds"),                   \
    TREE(S, FLOAT, l1, .min = 0, .max = INFINITY, .doc = "pulls gradients of leaves towards 0"),                                    \
    TREE(S, FLOAT, l2, .min = 0, .max = INFINITY, .doc = "added to the Hessians of leaves"),                                        \
    TREE(S, FLOAT, tree_complexity, .min = 0, .max = INFINITY, .doc = "what a split must gain, with a pruning_mode"),               \
    TREE(S, FLOAT, min_node_weight, .min = 0, .max = INFINITY, .doc = "least sum of Hessians in a leaf"),                           \
    TREE(S, BOOL, center_bias, .doc = "start from the best constant"),                                                              \
    TREE(S, STRING, pruning_mode, .def_text = "none", .choices = prunings,                                                          \
         .doc = "where tree_complexity holds: before a split, or after a tree has grown"),                                          \
    TREE(S, INT, n_batches_per_layer, .def = 1, .min = 1, .max = 1, .doc = "1: a layer sees the whole input, which is read once"),  \
    TREE(S, STRING, growth, .def_text = "depth_wise", .choices = growths, .doc = "which leaves are split first"),                   \
    TREE(S, INT, max_leaves, .min = 0, .max = 65536, .doc = "of a tree; 0: 31 leaf-wise without max_depth, else no bound"),         \
    TREE(S, INT, bins, .def = 255, .min = 2, .max = 255, .doc = "values of a feature that are told apart"),                         \
    TREE(S, INT, bin_sample, .def = 200000, .min = 1, .max = INT32_MAX, .doc = "the first rows, from which bins are found"),        \
    TREE(S, FLOAT, subsample, .def = 1, .min = 0, .max = 1, .above_min = true, .doc = "share of the rows that a tree sees"),        \
    TREE(S, FLOAT, feature_fraction, .def = 1, .min = 0, .max = 1, .above_min = true,                                               \
         .doc = "share of the features that a tree sees"),                                                                          \
    TREE(S, FLOAT, categorical_smoothing, .def = 10, .min = 0, .max = INFINITY, .zero = EST_OFF,                                    \
         .doc = "draws categories of few examples towards the middle"),                                                             \
    TREE(S, FLOAT, validation_fraction, .min = 0, .max = 0.9, .doc = "share of the rows that early stopping looks at"),             \
    TREE(S, INT, early_stopping_rounds, .min = 0, .max = 1e6, .doc = "rounds without a better held-out loss; 0: never stops"),      \
    TREE(S, INT, memory_limit_mb, .min = 0, .max = 1e9, .doc = "for the rows; 0: half of the machine's memory")
#define WEIGHT_FIELD(S) \
    EST_FIELD(S, STRING, weight_column, .def_text = NULL, .doc = "key of a float feature: weight of an example")

static const est_field classifier_fields[] = {
    TREE_FIELDS(est_boosted_trees_classifier_options),
    WEIGHT_FIELD(est_boosted_trees_classifier_options),
    EST_FIELD(est_boosted_trees_classifier_options, INT, n_classes, .def = 2, .min = 2, .max = 1e6, .doc = "number of label classes"),
    EST_FIELD(est_boosted_trees_classifier_options, STRINGS, label_vocabulary, .doc = "labels are these strings; none: integer ids"),
    EST_CANNED_CLASS_WEIGHTS(est_boosted_trees_classifier_options),
    EST__CALIBRATION_FIELDS(est_boosted_trees_classifier_options),
    { 0 },
};

static const est_field regressor_fields[] = {
    TREE_FIELDS(est_boosted_trees_regressor_options),
    WEIGHT_FIELD(est_boosted_trees_regressor_options),
    EST_FIELD(est_boosted_trees_regressor_options, INT, label_dimension, .def = 1, .min = 1, .max = 1e6, .doc = "values of a label"),
    { 0 },
};

static const est_field estimator_fields[] = {
    EST_FIELD(est_boosted_trees_estimator_options, HEAD, head, .needed = true, .doc = "what makes loss, metrics and predictions of logits"),
    TREE_FIELDS(est_boosted_trees_estimator_options),
    { 0 },
};

static const est__verbs verbs = { .train = est__boosted_train, .prepare = est__boosted_prepare, .explainer = est__boosted_explainer,
                                  .importances = est__boosted_importances };

/* ---- options that must fit each other ---- */
static est_status find_objective(est__boosted *b)
{
    static const struct {
        const char *head;
        est__objective objective;
    } known[] = { { "BinaryClassHead", EST__LOGISTIC }, { "LogisticRegressionHead", EST__LOGISTIC }, { "MultiLabelHead", EST__LOGISTIC },
                  { "MultiClassHead", EST__SOFTMAX }, { "RegressionHead", EST__SQUARED }, { "PoissonRegressionHead", EST__POISSON } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(b->head->kind->name, known[i].head) == 0 && b->head->options.loss_fn == NULL) {
            b->objective = known[i].objective;
            return EST_OK;
        }
    return est__fail(EST_INVALID_ARGUMENT, "%s: trees are not grown for the loss of a %s%s", b->name, b->head->kind->name,
                     b->head->options.loss_fn ? " with a loss_fn" : "");
}

static est_status check(est__boosted *b)
{
    est_boosted_trees *o = &b->o;
    b->leaf_wise = strcmp(o->growth, "leaf_wise") == 0;
    b->pruning = strcmp(o->pruning_mode, "pre") == 0    ? EST__PRUNE_PRE
                 : strcmp(o->pruning_mode, "post") == 0 ? EST__PRUNE_POST
                                                        : EST__PRUNE_NONE;
    if (b->pruning != EST__PRUNE_NONE && o->tree_complexity == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: pruning_mode '%s' needs a tree_complexity above 0", b->name, o->pruning_mode);
    if (b->pruning == EST__PRUNE_NONE && o->tree_complexity > 0)
        est__log(EST_LOG_WARNING, "%s: tree_complexity does nothing with pruning_mode 'none'", b->name);
    if (o->max_leaves == 1)
        return est__fail(EST_INVALID_ARGUMENT, "%s: max_leaves is 1; it must be at least 2", b->name);
    if (b->leaf_wise && o->max_leaves == 0 && o->max_depth == EST_OFF)
        o->max_leaves = 31;
    if (o->max_leaves == 0 && (o->max_depth == EST_OFF || o->max_depth > 16))
        return est__fail(EST_INVALID_ARGUMENT, "%s: trees of %s need max_leaves", b->name,
                         o->max_depth == EST_OFF ? "any depth" : "more than 16 levels");
    if (o->early_stopping_rounds && o->validation_fraction == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: early_stopping_rounds needs a validation_fraction: rows to look at", b->name);
    return EST_OK;
}

/* ---- construction ---- */
static void free_boosted(void *user)
{
    est__boosted *b = user;
    est_head_free(b->head);
    est__arena_free(&b->arena);
    est__free(b);
}

static est_status fill(est__boosted *b, const char *name, est_column_list columns, const est_boosted_trees *o)
{
    est_column **copy = est__arena_alloc(&b->arena, (columns.count + 1) * sizeof *copy);
    b->o = *o;
    b->name = name;
    if (copy == NULL)
        return est__fail_memory(columns.count * sizeof *copy);
    if (columns.count)
        memcpy(copy, columns.data, columns.count * sizeof *copy);
    b->columns = (est_column_list){ copy, columns.count };
    EST_TRY(check(b));
    EST_TRY(find_objective(b));
    return est__boosted_features(b);
}

/* Takes over the head. */
static est_status new_trees(const char *name, est_column_list columns, est_head *head, const est_boosted_trees *o,
                            const est_run_config *config, size_t config_size, est_estimator **out)
{
    est__boosted *b = est__calloc(1, sizeof *b);
    if (b == NULL) {
        est_head_free(head);
        return est__fail_memory(sizeof *b);
    }
    b->head = head;
    est_status st = fill(b, name, columns, o);
    if (st != EST_OK) {
        free_boosted(b);
        return st;
    }
    EST_TRY(est_custom_new_sized(&(est_custom_options){ .name = name, .model_fn = est__boosted_model_fn, .feature_columns = b->columns,
                                                        .head = b->head, .user = b, .free_user = free_boosted },
                                 sizeof(est_custom_options), config, config_size, out));
    (*out)->verbs = &verbs;
    return EST_OK;
}

est_status est_boosted_trees_classifier_new_sized(const est_boosted_trees_classifier_options *options, size_t size,
                                                  const est_run_config *config, size_t config_size, est_estimator **out)
{
    est_boosted_trees_classifier_options o;
    est_head *head;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_boosted_trees_classifier, options, size, &o));
    EST_TRY(est__canned_classes(o.n_classes, EST_CANNED_CLASSES(o, NULL), &head));
    return new_trees("BoostedTreesClassifier", o.feature_columns, head, &o.trees, config, config_size, out);
}

est_status est_boosted_trees_regressor_new_sized(const est_boosted_trees_regressor_options *options, size_t size,
                                                 const est_run_config *config, size_t config_size, est_estimator **out)
{
    est_boosted_trees_regressor_options o;
    est_head *head;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_boosted_trees_regressor, options, size, &o));
    est_head_options h = { .label_dimension = o.label_dimension, .weight_column = o.weight_column };
    EST_TRY(est_head_new("RegressionHead", &h, &head));
    return new_trees("BoostedTreesRegressor", o.feature_columns, head, &o.trees, config, config_size, out);
}

est_status est_boosted_trees_estimator_new_sized(const est_boosted_trees_estimator_options *options, size_t size,
                                                 const est_run_config *config, size_t config_size, est_estimator **out)
{
    est_boosted_trees_estimator_options o;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_boosted_trees_estimator, options, size, &o));
    return new_trees("BoostedTreesEstimator", o.feature_columns, est_head_retain(o.head), &o.trees, config, config_size, out);
}

static est_status make_classifier(const void *options, size_t size, const est_run_config *config, size_t config_size, est_estimator **out)
{
    return est_boosted_trees_classifier_new_sized(options, size, config, config_size, out);
}

static est_status make_regressor(const void *options, size_t size, const est_run_config *config, size_t config_size, est_estimator **out)
{
    return est_boosted_trees_regressor_new_sized(options, size, config, config_size, out);
}

static est_status make_estimator(const void *options, size_t size, const est_run_config *config, size_t config_size, est_estimator **out)
{
    return est_boosted_trees_estimator_new_sized(options, size, config, config_size, out);
}

const est__canned_kind est__canned_boosted_trees_classifier = {
    .name = "BoostedTreesClassifier", .fields = classifier_fields, .options_size = sizeof(est_boosted_trees_classifier_options),
    .make = make_classifier };
const est__canned_kind est__canned_boosted_trees_regressor = {
    .name = "BoostedTreesRegressor", .fields = regressor_fields, .options_size = sizeof(est_boosted_trees_regressor_options),
    .make = make_regressor };
const est__canned_kind est__canned_boosted_trees_estimator = {
    .name = "BoostedTreesEstimator", .fields = estimator_fields, .options_size = sizeof(est_boosted_trees_estimator_options),
    .make = make_estimator };

bool est_estimator_whole_input(const est_estimator *e)
{
    return e->verbs != NULL;
}
