/* Feature columns: how a model sees the features of a batch (tf.feature_column). */
#ifndef ESTIMATOR_FEATURE_COLUMNS_H
#define ESTIMATOR_FEATURE_COLUMNS_H

#include <estimator/data.h>
#include <estimator/fields.h>
#include <estimator/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A set that owns its columns. Builders stick: the first error spoils the set and is reported by whoever uses it. Estimators keep
 *  the set alive, so it may be freed as soon as they are made. */
typedef struct est_columns est_columns;
typedef struct est_column est_column;

typedef struct est_column_list {
    est_column *const *data;
    size_t count;
} est_column_list;
#ifndef __cplusplus
#define EST_COLUMNS(...) \
    ((est_column_list){ (est_column *const[]){ __VA_ARGS__ }, sizeof((est_column *[]){ __VA_ARGS__ }) / sizeof(est_column *) })
#endif

EST_API est_columns *est_columns_new(void);
EST_API void est_columns_free(est_columns *c);
EST_API est_status est_columns_status(const est_columns *c);

/** A normalizer_fn: y = (x - subtract) / divide, or log1p(x), or a function that builds nodes. */
typedef struct est_normalizer {
    enum { EST_NORMALIZE_NONE, EST_NORMALIZE_MEAN_STD, EST_NORMALIZE_MIN_MAX, EST_NORMALIZE_LOG1P, EST_NORMALIZE_FN } kind;
    double mean, std, min, max;
    est_node *(*fn)(est_graph *g, est_node *x, void *user);
    void *user;
} est_normalizer;

typedef struct est_numeric_column_options {
    est_ints shape;                 /* [1] */
    est_floats default_value;       /* one for all, or one for each element; none: a missing feature is an error */
    est_normalizer normalizer_fn;
    const char *dtype;              /* "float32" */
} est_numeric_column_options;

/** A real-valued feature. In: `key`, [batch] or [batch] + shape, float. Out: [batch, elements] float32. */
EST_API est_column *est_numeric_column_sized(est_columns *c, const char *key, const est_numeric_column_options *options,
                                             size_t size);
static inline est_column *est_numeric_column(est_columns *c, const char *key,
                                             const est_numeric_column_options *options)
{
    return est_numeric_column_sized(c, key, options, options ? sizeof *options : 0);
}

typedef struct est_identity_options {
    int64_t num_buckets;            /* needed */
    est_ints default_value;         /* for ids out of range; none: they fail (linear, embedding) */
} est_identity_options;
EST_API est_column *est_categorical_column_with_identity_sized(est_columns *c, const char *key,
                                                               const est_identity_options *options, size_t size);
static inline est_column *est_categorical_column_with_identity(est_columns *c, const char *key,
                                                               const est_identity_options *options)
{
    return est_categorical_column_with_identity_sized(c, key, options, options ? sizeof *options : 0);
}

typedef struct est_vocabulary_list_options {
    est_values vocabulary_list;     /* needed: strings, or integers */
    est_ints default_value;         /* id of words outside the list; none: -1, they are left out */
    int64_t num_oov_buckets;        /* 0; excludes default_value */
    const char *dtype;              /* of the list: "string" or "int64" */
} est_vocabulary_list_options;
EST_API est_column *est_categorical_column_with_vocabulary_list_sized(est_columns *c, const char *key,
                                                                      const est_vocabulary_list_options *options, size_t size);
static inline est_column *est_categorical_column_with_vocabulary_list(est_columns *c, const char *key,
                                                                      const est_vocabulary_list_options *options)
{
    return est_categorical_column_with_vocabulary_list_sized(c, key, options, options ? sizeof *options : 0);
}

typedef struct est_hash_bucket_options {
    int64_t hash_bucket_size;       /* needed */
    const char *dtype;              /* "string"; integers are hashed as their decimal text */
} est_hash_bucket_options;
EST_API est_column *est_categorical_column_with_hash_bucket_sized(est_columns *c, const char *key,
                                                                  const est_hash_bucket_options *options, size_t size);
static inline est_column *est_categorical_column_with_hash_bucket(est_columns *c, const char *key,
                                                                  const est_hash_bucket_options *options)
{
    return est_categorical_column_with_hash_bucket_sized(c, key, options, options ? sizeof *options : 0);
}

/** Any column by the name of its tf.feature_column function, with that function's options struct. NULL-name or unknown kinds stick
 *  as errors that name the nearest. */
EST_API est_column *est_column_new(est_columns *c, const char *kind, const char *key, const void *options, size_t size);
/** The fields of that kind's options (key apart), and their size; NULL: unknown kind. Constant. */
EST_API const est_field *est_column_fields(const char *kind, size_t *options_size);
/** All kinds, NULL-terminated. */
EST_API const char *const *est_column_kinds(void);
EST_API const char *est_column_name(const est_column *column);
EST_API const char *est_column_key(const est_column *column);

/** tf.feature_column.make_parse_example_spec: which features the columns read, without repetition, sorted by name. `*spec` is lent
 *  by the set of the first column, until the set is freed. Errors: two columns that want different things of one key. */
EST_API est_status est_make_parse_example_spec(est_column_list columns, est_features_spec *spec);

/** The features of a batch as nodes. A dense one has `value` alone; a variable-length one `indices` and `dense_shape` too. */
typedef struct est_feature_nodes {
    const char *name;
    est_node *value, *indices, *dense_shape;
} est_feature_nodes;
typedef struct est_features {
    const est_feature_nodes *data;
    size_t count;
} est_features;
EST_API const est_feature_nodes *est_features_find(const est_features *f, const char *name);

/** tf.compat.v1.feature_column.linear_model as tf.estimator's Linear* build it: logits [batch, units] =
 *  sum over columns + bias. Makes the variables "<scope>linear_model/<column>/weights" and ".../bias_weights" under `scope` ("linear/").
 *  `sparse_combiner`: "sum", "mean" or "sqrtn". Since 0.1. */
EST_API est_node *est_linear_model(est_graph *g, const est_features *features, est_column_list columns, int64_t units,
                                   const char *sparse_combiner, const char *scope);

#ifdef __cplusplus
}
#endif
#endif
