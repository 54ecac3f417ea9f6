/* Canned estimators by name. */
#include "estimators/canned.h"

#include "base/fields.h"

#define KINDS(X)                                              \
    X(baseline_classifier, "BaselineClassifier")              \
    X(baseline_regressor, "BaselineRegressor")                \
    X(baseline_estimator, "BaselineEstimator")                \
    X(boosted_trees_classifier, "BoostedTreesClassifier")     \
    X(boosted_trees_regressor, "BoostedTreesRegressor")       \
    X(boosted_trees_estimator, "BoostedTreesEstimator")       \
    X(dnn_classifier, "DNNClassifier")                        \
    X(dnn_regressor, "DNNRegressor")                          \
    X(dnn_estimator, "DNNEstimator")                          \
    X(combined_classifier, "DNNLinearCombinedClassifier")     \
    X(combined_regressor, "DNNLinearCombinedRegressor")       \
    X(combined_estimator, "DNNLinearCombinedEstimator")       \
    X(kmeans, "KMeans")                                       \
    X(linear_classifier, "LinearClassifier")                  \
    X(linear_regressor, "LinearRegressor")                    \
    X(linear_estimator, "LinearEstimator")                    \
    X(rnn_classifier, "RNNClassifier")                        \
    X(rnn_estimator, "RNNEstimator")

#define KIND(kind, name) &est__canned_##kind,
#define NAME(kind, name) name,
static const est__canned_kind *const kinds[] = { KINDS(KIND) };
static const char *const names[] = { KINDS(NAME) NULL };
enum { COUNT = sizeof kinds / sizeof kinds[0] };

static const est__canned_kind *find(const char *name)
{
    for (size_t i = 0; name && i < COUNT; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

static est_status unknown(const char *name)
{
    const char *near = name ? est__nearest(name, names, COUNT) : NULL;
    if (near)
        return est__fail(EST_NOT_FOUND, "unknown estimator '%s'; did you mean '%s'?", name, near);
    return est__fail(EST_NOT_FOUND, "unknown estimator '%s'; est_estimator_names() tells which there are", name ? name : "(NULL)");
}

const char *const *est_estimator_names(void)
{
    return names;
}

const est_field *est_estimator_fields(const char *name, size_t *options_size)
{
    const est__canned_kind *k = find(name);
    if (k && options_size)
        *options_size = k->options_size;
    return k ? k->fields : NULL;
}

est_status est_estimator_new(const char *name, const void *options, size_t size, const est_run_config *config, size_t config_size,
                             est_estimator **out)
{
    const est__canned_kind *k = find(name);
    *out = NULL;
    return k ? k->make(options, size, config, config_size, out) : unknown(name);
}

static const est_field *optimizer_field(const est__canned_kind *k, const char *name)
{
    const est_field *f = k->fields;
    while (f->type != EST_FIELD_END && !(f->type == EST_FIELD_OPTIMIZER && name && strcmp(f->name, name) == 0))
        f++;
    return f->type == EST_FIELD_END ? NULL : f;
}

est_status est_estimator_optimizer(const char *estimator, const char *field, const char *optimizer, est_optimizer **out)
{
    const est__canned_kind *k = find(estimator);
    size_t size;
    *out = NULL;
    if (k == NULL)
        return unknown(estimator);
    const est_field *of = optimizer_field(k, field);
    if (of == NULL)
        return est__fail(EST_NOT_FOUND, "%s has no optimizer '%s'", estimator, field ? field : "(NULL)");
    if (optimizer == NULL)
        optimizer = of->def_text;
    const est_field *fields = est_optimizer_fields(optimizer, &size);
    if (fields == NULL)
        return est_optimizer_new(optimizer, NULL, 0, out);   /* says what is wrong with the name */
    char *options = est__calloc(1, size);
    if (options == NULL)
        return est__fail_memory(size);
    for (const est_field *f = fields; f->name; f++)
        if (f->type == EST_FIELD_FLOAT && strcmp(f->name, "learning_rate") == 0)
            *(double *)(void *)(options + f->offset) = of->def;
        else if (f->type == EST_FIELD_FLOAT && strcmp(f->name, "clipnorm") == 0)
            *(double *)(void *)(options + f->offset) = of->max;
    est_status st = est_optimizer_new(optimizer, options, size, out);
    est__free(options);
    return st;
}

est_status est__canned_options(const est__canned_kind *kind, const void *given, size_t size, void *out)
{
    return est__fields_apply(kind->fields, kind->name, given, size, out, kind->options_size);
}

void *est__canned_alloc(size_t count, size_t size)
{
    return est__calloc(count, size);
}

void est__canned_free(void *p)
{
    est__free(p);
}

est_status est__canned_no_memory(const char *name)
{
    return est__fail(EST_RESOURCE_EXHAUSTED, "%s: no memory is left", name);
}

const char *const est__canned_combiners[] = { "sum", "mean", "sqrtn", NULL };
const char *const est__canned_reductions[] = { "sum_over_batch_size", "sum", NULL };

est_status est__canned_classes(int64_t n_classes, est_head_options options, est_head **out)
{
    options.n_classes = n_classes > 2 ? n_classes : 0;
    return est_head_new(n_classes > 2 ? "MultiClassHead" : "BinaryClassHead", &options, out);
}

est_status est__canned_values(int64_t label_dimension, const char *weight_column, const char *loss_reduction, est_head **out)
{
    est_head_options o = { .label_dimension = label_dimension, .weight_column = weight_column, .loss_reduction = loss_reduction };
    return est_head_new("RegressionHead", &o, out);
}

est_status est__canned_dense(const char *estimator, const char *option, est_column_list columns, const char *taker)
{
    for (size_t i = 0; i < columns.count; i++)
        if (est_column_is_categorical(columns.data[i]))
            return est__fail(EST_INVALID_ARGUMENT,
                             "%s: %s[%zu] '%s' is categorical; %s takes dense columns: wrap it in indicator_column or embedding_column",
                             estimator, option, i, est_column_name(columns.data[i]), taker);
    return EST_OK;
}
