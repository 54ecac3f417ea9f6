/* task.model becomes the options struct of its estimator; and what tf.estimator knows under names that are not built in here. */
#include "experiment/config.h"

const char *const est__known_estimators[] = {
    "BaselineClassifier", "BaselineEstimator", "BaselineRegressor", "BoostedTreesClassifier", "BoostedTreesRegressor",
    "DNNClassifier", "DNNEstimator", "DNNLinearCombinedClassifier", "DNNLinearCombinedEstimator", "DNNLinearCombinedRegressor",
    "DNNRegressor", "KMeans", "LinearEstimator", "LinearClassifier", "LinearRegressor", "RNNClassifier", "RNNEstimator", NULL };
const char *const est__known_heads[] = {
    "BinaryClassHead", "LogisticRegressionHead", "MultiClassHead", "MultiHead", "MultiLabelHead", "PoissonRegressionHead",
    "RegressionHead", NULL };
const char *const est__known_columns[] = {
    "bucketized_column", "categorical_column_with_hash_bucket", "categorical_column_with_identity",
    "categorical_column_with_vocabulary_file", "categorical_column_with_vocabulary_list", "crossed_column", "embedding_column",
    "indicator_column", "numeric_column", "sequence_categorical_column_with_hash_bucket",
    "sequence_categorical_column_with_identity", "sequence_categorical_column_with_vocabulary_file",
    "sequence_categorical_column_with_vocabulary_list", "sequence_numeric_column", "shared_embeddings",
    "weighted_categorical_column", NULL };
const char *const est__known_optimizers[] = {
    "Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD", NULL };

static size_t count_of(const char *const *names)
{
    size_t n = 0;
    while (names && names[n])
        n++;
    return n;
}

est_status est__unknown_name(const est__yaml *at, size_t line, const char *what, const char *name, const char *const *built_in,
                             const char *const *known)
{
    char room[160];
    for (size_t i = 0; known[i]; i++) {
        if (strcmp(known[i], name))
            continue;
        est__buffer list = { 0 };
        for (size_t k = 0, n = count_of(built_in); k < n; k++)
            est__buffer_printf(&list, "%s%s", k == 0 ? "" : k + 1 < n ? ", " : " and ", built_in[k]);
        est_status st = est__yaml_fail_line(EST_UNIMPLEMENTED, at, line, "the %s '%s' is not built in; there are %s", what, name,
                                            list.data ? list.data : "none");
        est__buffer_free(&list);
        return st;
    }
    return est__yaml_fail_line(EST_INVALID_ARGUMENT, at, line, "unknown %s '%.100s'%s", what, name,
                               est__suggest(name, built_in, count_of(built_in), room));
}

est_status est__convert_model(est__convert *c, const est__config *config, void **options, size_t *size)
{
    static const char *const others[] = { "estimator", NULL };
    const est_field *fields = est_estimator_fields(config->estimator, size);
    const est__yaml *name = est__yaml_get(config->model, "estimator");
    if (!fields)
        return est__unknown_name(name, name->line, "estimator", config->estimator, est_estimator_names(), est__known_estimators);
    *options = est__arena_alloc(c->arena, *size + 1);
    if (!*options)
        return est__fail_memory(*size);
    c->estimator = config->estimator;
    return est__convert_map(c, config->model, &(est__keys){ .path = "task.model", .fields = fields, .others = others,
                                                            .zero_is_default = true }, *options);
}
