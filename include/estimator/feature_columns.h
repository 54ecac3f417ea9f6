/* Feature columns: how a model sees the features of a batch (tf.feature_column). */
#ifndef ESTIMATOR_FEATURE_COLUMNS_H
#define ESTIMATOR_FEATURE_COLUMNS_H

#include <estimator/data.h>
#include <estimator/fields.h>
#include <estimator/graph.h>
#include <estimator/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A set that owns its columns. Builders stick: the first error spoils the set and is reported by whoever
 *  uses it. Estimators keep the set alive, so it may be freed as soon as they are made. One thread at a time
 *  per set: that goes for its columns, and for the estimators that share it, too. */
typedef struct est_columns est_columns;
typedef struct est_column est_column;

/** Columns, for an estimator or a model_fn: EST_COLUMNS(a, b). */
typedef struct est_column_list {
    est_column *const *data;
    size_t count;
} est_column_list;
#ifndef __cplusplus
#define EST_COLUMNS(...) \
    ((est_column_list){ (est_column *const[]){ __VA_ARGS__ }, sizeof((est_column *[]){ __VA_ARGS__ }) / sizeof(est_column *) })
#endif

/** An empty set. The caller's, est_columns_free; NULL without memory, which the functions below take and
 *  report. Thread-safe. Since 0.1. */
EST_API est_columns *est_columns_new(void);
/** Frees the set once no estimator uses it any more; NULL does nothing. One thread at a time per set. Since
 *  0.1. */
EST_API void est_columns_free(est_columns *c);
/** The first error of a builder (its text becomes est_error()), or EST_OK. One thread at a time per set.
 *  Since 0.1. */
EST_API est_status est_columns_status(const est_columns *c);

/** A normalizer_fn: (x - mean) / std, (x - min) / (max - min), log1p(x), or a function that builds nodes;
 *  `fn` and `user` must live as long as the set. */
typedef struct est_normalizer {
    enum { EST_NORMALIZE_NONE, EST_NORMALIZE_MEAN_STD, EST_NORMALIZE_MIN_MAX, EST_NORMALIZE_LOG1P, EST_NORMALIZE_FN } kind;
    double mean, std, min, max;
    est_node *(*fn)(est_graph *g, est_node *x, void *user);
    void *user;
} est_normalizer;

typedef struct est_numeric_column_options {
    est_ints shape;                 /* [1] */
    est_floats default_value;       /* one for all, or one an element; none: a missing feature is an error */
    est_normalizer normalizer_fn;
    const char *dtype;              /* "float32" */
} est_numeric_column_options;

/* Builders of columns. Each gives a column lent by `c`, never NULL; `key` names the feature. Errors stick as
 * INVALID_ARGUMENT, and name column, option, value and what is wanted. One thread at a time per set. Since
 * 0.1. */
/** A real-valued feature (tf.feature_column.numeric_column).
 *  In: [batch], or [batch] + shape, of dtype. Out: [batch, elements of shape] float32, normalized. */
EST_API est_column *est_numeric_column_sized(est_columns *c, const char *key, const est_numeric_column_options *options,
                                             size_t size);
static inline est_column *est_numeric_column(est_columns *c, const char *key,
                                             const est_numeric_column_options *options)
{
    return est_numeric_column_sized(c, key, options, options ? sizeof *options : 0);
}

typedef struct est_identity_options {
    int64_t num_buckets;            /* needed */
    est_ints default_value;         /* for values out of range; none: negative ones are left out, others fail the run */
} est_identity_options;
/** Integers that are ids already (tf.feature_column.categorical_column_with_identity).
 *  In: integers, [batch], [batch, n] or sparse. Out: ids in [0, num_buckets). */
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
    const char *dtype;              /* "string" or "int64": that of the list */
} est_vocabulary_list_options;
/** Words of a list (tf.feature_column.categorical_column_with_vocabulary_list).
 *  In: strings or integers as the list, [batch], [batch, n] or sparse; "" and -1 are absent. Out: ids in [0,
 *  words + num_oov_buckets); other words are left out, get default_value, or are hashed to the ids after the
 *  list's. */
EST_API est_column *est_categorical_column_with_vocabulary_list_sized(est_columns *c, const char *key,
                                                                      const est_vocabulary_list_options *options, size_t size);
static inline est_column *est_categorical_column_with_vocabulary_list(est_columns *c, const char *key,
                                                                      const est_vocabulary_list_options *options)
{
    return est_categorical_column_with_vocabulary_list_sized(c, key, options, options ? sizeof *options : 0);
}

typedef struct est_vocabulary_file_options {
    const char *vocabulary_file;    /* needed: a path */
    int64_t vocabulary_size;        /* only so many lines; 0: all */
    const char *dtype;              /* "string" (default) or "int64" */
    est_ints default_value;         /* id of other words; none: -1, they are left out */
    int64_t num_oov_buckets;        /* 0; excludes default_value */
    const char *file_format;        /* "text" or "tfrecord_gzip"; NULL: by the name, whether it ends in "tfrecord.gz" */
} est_vocabulary_file_options;
/** Words of a file, one a line, or one a record (tf.feature_column.categorical_column_with_vocabulary_file).
 *  Lines end with LF or CRLF; bytes that are no UTF-8 are kept. The file is read when the column is made and,
 *  a text file, again whenever a model starts; an export takes a copy along in assets/.
 *  In: strings or integers, [batch], [batch, n] or sparse; "" and -1 are absent. Out: ids in [0, lines +
 *  num_oov_buckets), as with a list.
 *  Errors: also NOT_FOUND, PERMISSION_DENIED, DATA_LOSS of the file. A word that stands twice is found when a
 *  model starts. */
EST_API est_column *est_categorical_column_with_vocabulary_file_sized(est_columns *c, const char *key,
                                                                      const est_vocabulary_file_options *options, size_t size);
static inline est_column *est_categorical_column_with_vocabulary_file(est_columns *c, const char *key,
                                                                      const est_vocabulary_file_options *options)
{
    return est_categorical_column_with_vocabulary_file_sized(c, key, options, options ? sizeof *options : 0);
}

typedef struct est_hash_bucket_options {
    int64_t hash_bucket_size;       /* needed */
    const char *dtype;              /* "string" (default) or "int64"; integers are hashed as their decimal text */
} est_hash_bucket_options;
/** Fingerprint64(text) mod hash_bucket_size (tf.feature_column.categorical_column_with_hash_bucket;
 *  FarmHash).
 *  In: strings or integers, [batch], [batch, n] or sparse; "" and -1 are absent. Out: ids in [0,
 *  hash_bucket_size). */
EST_API est_column *est_categorical_column_with_hash_bucket_sized(est_columns *c, const char *key,
                                                                  const est_hash_bucket_options *options, size_t size);
static inline est_column *est_categorical_column_with_hash_bucket(est_columns *c, const char *key,
                                                                  const est_hash_bucket_options *options)
{
    return est_categorical_column_with_hash_bucket_sized(c, key, options, options ? sizeof *options : 0);
}

/* The columns below are made of others of their set, and take no key of their own. */

typedef struct est_bucketized_options {
    est_column *source_column;      /* needed: a numeric_column of one dimension */
    est_floats boundaries;          /* needed: ascending */
} est_bucketized_options;
/** Buckets of a numeric column (tf.feature_column.bucketized_column): n boundaries make n + 1 of them for
 *  each element, closed on the left; NaN is in the last. In: as the source column. Out: ids in [0, (n + 1) *
 *  elements). Named "<source>_bucketized". */
EST_API est_column *est_bucketized_column_sized(est_columns *c, const est_bucketized_options *options, size_t size);
static inline est_column *est_bucketized_column(est_columns *c, const est_bucketized_options *options)
{
    return est_bucketized_column_sized(c, options, options ? sizeof *options : 0);
}

typedef struct est_crossed_options {
    est_cross_keys keys;            /* needed: two or more */
    int64_t hash_bucket_size;       /* needed; at least 2 */
    int64_t hash_key;               /* 0xDECAFCAFFE */
} est_crossed_options;
/** Combinations of values, hashed (tf.feature_column.crossed_column): of features by name, which are strings
 *  or integers, and of categorical or bucketized columns; not of hashed ones, whose features are crossed by
 *  name. A dense feature counts with its "" and -1; a sparse one that is empty makes no cross. Sparse
 *  features and columns are hashed before dense features, so that training with dense ones and serving sparse
 *  ones (tf.Example) of a mixed cross gives other ids, as in TensorFlow.
 *  Out: ids in [0, hash_bucket_size). Named after its keys, sorted, with "_X_" between. */
EST_API est_column *est_crossed_column_sized(est_columns *c, const est_crossed_options *options, size_t size);
static inline est_column *est_crossed_column(est_columns *c, const est_crossed_options *options)
{
    return est_crossed_column_sized(c, options, options ? sizeof *options : 0);
}

typedef struct est_weighted_categorical_options {
    est_column *categorical_column; /* needed */
    const char *weight_feature_key; /* needed: the feature that holds the weights */
    const char *dtype;              /* "float32" or "int64" */
} est_weighted_categorical_options;
/** A categorical column whose ids have weights (tf.feature_column.weighted_categorical_column): each counts
 *  weight times in a sum; a mean is by weight.
 *  In: the column's own, and weights of dtype, one for each of its values, in the same order: variable-length,
 *  or dense, where 0 is a missing weight as "" and -1 are missing values. Another number of weights than of ids
 *  fails the run. Out: its ids. Named "<column>_weighted_by_<weight_feature_key>". */
EST_API est_column *est_weighted_categorical_column_sized(est_columns *c, const est_weighted_categorical_options *options,
                                                          size_t size);
static inline est_column *est_weighted_categorical_column(est_columns *c,
                                                          const est_weighted_categorical_options *options)
{
    return est_weighted_categorical_column_sized(c, options, options ? sizeof *options : 0);
}

/* Dense columns over categorical ones (categorical, crossed, bucketized, weighted). */

typedef struct est_indicator_options {
    est_column *categorical_column; /* needed */
} est_indicator_options;
/** How often each id stands in an example, or the sums of the ids' weights
 *  (tf.feature_column.indicator_column).
 *  Out: [batch, number of ids] float32; ids outside are skipped. Named "<column>_indicator". */
EST_API est_column *est_indicator_column_sized(est_columns *c, const est_indicator_options *options, size_t size);
static inline est_column *est_indicator_column(est_columns *c, const est_indicator_options *options)
{
    return est_indicator_column_sized(c, options, options ? sizeof *options : 0);
}

typedef struct est_embedding_options {
    est_column *categorical_column; /* needed */
    int64_t dimension;              /* needed */
    const char *combiner;           /* "mean" (default), "sum" or "sqrtn" */
    est_initializer initializer;    /* TruncatedNormal, of stddev 1 / sqrt(dimension) */
    const char *ckpt_to_load_from;  /* a checkpoint's prefix, or a folder of checkpoints: a new model starts */
    const char *tensor_name_in_ckpt; /* from its tensor of this name, be it in one piece or in parts */
    double max_norm;                /* longer rows are scaled to this norm, when they are looked up; 0: none */
    bool not_trainable;             /* trainable=False; tf.estimator's linear models train it all the same */
    bool frozen;                    /* not trained, in linear models neither */
    bool not_safe;                  /* use_safe_embedding_lookup=False: ids below 0 fail the run, and rows
                                       without ids at the end of a batch vanish */
} est_embedding_options;
/** Each id has a row of numbers, which are learned (tf.feature_column.embedding_column).
 *  Out: [batch, dimension] float32: the rows of an example's ids, combined as by
 *  est_safe_embedding_lookup_sparse; zeros where it has none. Named "<column>_embedding"; its variable is
 *  "<scope><column>_embedding/embedding_weights" [ids, dimension]. A step costs its rows, however many there
 *  are.
 *  Errors: what ckpt_to_load_from holds is read, and found wrong, when a new model starts. */
EST_API est_column *est_embedding_column_sized(est_columns *c, const est_embedding_options *options, size_t size);
static inline est_column *est_embedding_column(est_columns *c, const est_embedding_options *options)
{
    return est_embedding_column_sized(c, options, options ? sizeof *options : 0);
}

typedef struct est_shared_embeddings_options {
    est_column_list categorical_columns; /* needed: of one kind, with equally many ids */
    int64_t dimension;              /* needed */
    const char *combiner;           /* "mean" (default), "sum" or "sqrtn" */
    est_initializer initializer;    /* TruncatedNormal, of stddev 1 / sqrt(dimension) */
    const char *shared_embedding_collection_name; /* of the table: the columns' names, sorted, with "_" between,
                                       and "_shared_embedding" */
    const char *ckpt_to_load_from;  /* as of an embedding_column */
    const char *tensor_name_in_ckpt;
    double max_norm;
    bool not_trainable;
    bool trained;                   /* tf.estimator leaves a shared table untrained; this trains it */
    bool not_safe;
} est_shared_embeddings_options;
/** One table for several columns (tf.feature_column.shared_embeddings). The result stands for as many columns
 *  as there are categorical ones (est_column_parts), "<column>_shared_embedding", each as an
 *  embedding_column's: a list of columns that holds it holds them all. The variable has the collection's name,
 *  whatever the scope. */
EST_API est_column *est_shared_embeddings_sized(est_columns *c, const est_shared_embeddings_options *options, size_t size);
static inline est_column *est_shared_embeddings(est_columns *c, const est_shared_embeddings_options *options)
{
    return est_shared_embeddings_sized(c, options, options ? sizeof *options : 0);
}

/** The columns that one stands for, in the order of its options: those of shared_embeddings, for others
 *  itself; none for what failed. Lent by the set. Thread-safe. Since 0.1. */
EST_API est_column_list est_column_parts(const est_column *column);
/* Sequence columns: features whose values are steps in time, for est_sequence_input_layer and recurrent models. The
 * steps of an example are the values of a variable-length feature, or those of a dense one [batch, time] up to its
 * last that is not "" or -1. A linear model, an input layer, a cross or weights over one is an error. */

/** Steps of ids (tf.feature_column.sequence_categorical_column_with_identity). Wrapped in indicator_column or
 *  embedding_column it is a dense one; otherwise as the column of the same name without "sequence_". */
EST_API est_column *est_sequence_categorical_column_with_identity_sized(est_columns *c, const char *key,
                                                                        const est_identity_options *options, size_t size);
static inline est_column *est_sequence_categorical_column_with_identity(est_columns *c, const char *key,
                                                                        const est_identity_options *options)
{
    return est_sequence_categorical_column_with_identity_sized(c, key, options, options ? sizeof *options : 0);
}

/** Likewise (tf.feature_column.sequence_categorical_column_with_hash_bucket). */
EST_API est_column *est_sequence_categorical_column_with_hash_bucket_sized(est_columns *c, const char *key,
                                                                           const est_hash_bucket_options *options, size_t size);
static inline est_column *est_sequence_categorical_column_with_hash_bucket(est_columns *c, const char *key,
                                                                           const est_hash_bucket_options *options)
{
    return est_sequence_categorical_column_with_hash_bucket_sized(c, key, options, options ? sizeof *options : 0);
}

/** Likewise (tf.feature_column.sequence_categorical_column_with_vocabulary_list). */
EST_API est_column *est_sequence_categorical_column_with_vocabulary_list_sized(est_columns *c, const char *key,
                                                                               const est_vocabulary_list_options *options,
                                                                               size_t size);
static inline est_column *est_sequence_categorical_column_with_vocabulary_list(est_columns *c, const char *key,
                                                                               const est_vocabulary_list_options *options)
{
    return est_sequence_categorical_column_with_vocabulary_list_sized(c, key, options, options ? sizeof *options : 0);
}

/** Likewise (tf.feature_column.sequence_categorical_column_with_vocabulary_file). */
EST_API est_column *est_sequence_categorical_column_with_vocabulary_file_sized(est_columns *c, const char *key,
                                                                               const est_vocabulary_file_options *options,
                                                                               size_t size);
static inline est_column *est_sequence_categorical_column_with_vocabulary_file(est_columns *c, const char *key,
                                                                               const est_vocabulary_file_options *options)
{
    return est_sequence_categorical_column_with_vocabulary_file_sized(c, key, options, options ? sizeof *options : 0);
}

typedef struct est_sequence_numeric_options {
    est_ints shape;                 /* [1]: of one step's values */
    double default_value;           /* 0: stands where an example has no value */
    est_normalizer normalizer_fn;   /* applied to the values; its fn is given them as [n] */
    const char *dtype;              /* "float32" or "int64" */
} est_sequence_numeric_options;
/** Real values of each step (tf.feature_column.sequence_numeric_column).
 *  In: variable-length numbers of dtype, as many a step as shape has. Out: of each step those, in float32. */
EST_API est_column *est_sequence_numeric_column_sized(est_columns *c, const char *key,
                                                      const est_sequence_numeric_options *options, size_t size);
static inline est_column *est_sequence_numeric_column(est_columns *c, const char *key,
                                                      const est_sequence_numeric_options *options)
{
    return est_sequence_numeric_column_sized(c, key, options, options ? sizeof *options : 0);
}

/** Any column by the name of its tf.feature_column function, with that function's options struct of `size`
 *  bytes. An unknown kind sticks as INVALID_ARGUMENT that names the nearest. Otherwise as the builders. */
EST_API est_column *est_column_new(est_columns *c, const char *kind, const char *key, const void *options, size_t size);
/** The fields of that kind's options (key apart), and the size of the struct in bytes (options_size may be
 *  NULL); NULL: unknown kind. Constant. Thread-safe. Since 0.1. */
EST_API const est_field *est_column_fields(const char *kind, size_t *options_size);
/** The names of all kinds, NULL-terminated. Constant. Thread-safe. Since 0.1. */
EST_API const char *const *est_column_kinds(void);
/** The column's name, which its variables bear, and the feature that it reads; "" for what failed. Lent by
 *  the set. Thread-safe. Since 0.1. */
EST_API const char *est_column_name(const est_column *column);
EST_API const char *est_column_key(const est_column *column);
/** Whether it gives ids and nothing else: a linear model takes it, an input layer only within an indicator or
 *  embedding column. Of sequence columns, false. Thread-safe. Since 0.1. */
EST_API bool est_column_is_categorical(const est_column *column);

/** Which features the columns read, each once, sorted by name (tf.feature_column.make_parse_example_spec).
 *  Out: `*spec`, lent by the set of the first column. Errors: INVALID_ARGUMENT: two columns want different
 *  things of one key; what stuck to a set. One thread at a time per set. Since 0.1. */
EST_API est_status est_make_parse_example_spec(est_column_list columns, est_features_spec *spec);

typedef struct est_classifier_spec_options {
    const char *label_key;          /* needed */
    const char *label_dtype;        /* "int64"; "string" with a label_vocabulary; "float32" */
    const char *label_default;      /* of an example without a label, as text: "0"; NULL: that is an error */
    const char *weight_column;      /* key of a float feature; NULL: none */
} est_classifier_spec_options;
/** What the columns read, with label and weight, as files of tf.Example are to be read for a classifier
 *  (tf.estimator.classifier_parse_example_spec). Out: `*spec`, sorted by name, lent by the set of the columns.
 *  Errors: as est_make_parse_example_spec; INVALID_ARGUMENT also: no columns; label or weight is a feature that a
 *  column reads; label_default is not of label_dtype. One thread at a time per set. Since 0.1. */
EST_API est_status est_classifier_parse_example_spec_sized(est_column_list columns,
                                                           const est_classifier_spec_options *options, size_t size,
                                                           est_features_spec *spec);
static inline est_status est_classifier_parse_example_spec(est_column_list columns,
                                                           const est_classifier_spec_options *options,
                                                           est_features_spec *spec)
{
    return est_classifier_parse_example_spec_sized(columns, options, options ? sizeof *options : 0, spec);
}

typedef struct est_regressor_spec_options {
    const char *label_key;          /* needed */
    const char *label_dtype;        /* "float32" or "int64" */
    const char *label_default;      /* as text, for each target; NULL: none */
    int64_t label_dimension;        /* 1: how many targets an example has */
    const char *weight_column;      /* key of a float feature; NULL: none */
} est_regressor_spec_options;
/** The same for a regressor (tf.estimator.regressor_parse_example_spec): the label is [label_dimension]. */
EST_API est_status est_regressor_parse_example_spec_sized(est_column_list columns,
                                                          const est_regressor_spec_options *options, size_t size,
                                                          est_features_spec *spec);
static inline est_status est_regressor_parse_example_spec(est_column_list columns,
                                                          const est_regressor_spec_options *options,
                                                          est_features_spec *spec)
{
    return est_regressor_parse_example_spec_sized(columns, options, options ? sizeof *options : 0, spec);
}

/** The features of a batch as nodes. A dense one has `value` alone; a variable-length one `indices` and
 *  `dense_shape` too. */
typedef struct est_feature_nodes {
    const char *name;
    est_node *value, *indices, *dense_shape;    /* [batch, …]; sparse: [n], int64 [n, 2], int64 [2] */
} est_feature_nodes;
/** What a model_fn is given: lent for its call. */
typedef struct est_features {
    const est_feature_nodes *data;
    size_t count;
} est_features;
/** How many examples the batch has, also where it has no features: an int64 scalar. Errors, sticking:
 *  INVALID_ARGUMENT: no features, and not those of a model_fn. */
EST_API est_node *est_features_rows(est_graph *g, const est_features *f);
/** The feature of that name; NULL: there is none. Lent by `f`. Thread-safe. Since 0.1. */
EST_API const est_feature_nodes *est_features_find(const est_features *f, const char *name);

/** The linear model of columns (tf.compat.v1.feature_column.linear_model, as tf.estimator's Linear* build
 *  it).
 *  In: `sparse_combiner` "sum" (also for NULL), "mean" or "sqrtn" joins several ids of one example. `scope`
 *  "linear/" goes before the variables linear_model/<column>/weights [width, units] and
 *  linear_model/bias_weights [units]; NULL: "".
 *  An embedding_column is a dense one, and its table, linear_model/<column>/embedding_weights, is trained
 *  unless it is frozen.
 *  Out: logits [batch, units] float32: the sum over the columns, in the order of their names, plus bias. Lent
 *  by `g`.
 *  Errors stick to the graph: INVALID_ARGUMENT: units < 1, a name twice, a feature that the data lack, what
 *  stuck to a set. One thread at a time per graph and set. Since 0.1. */
EST_API est_node *est_linear_model(est_graph *g, const est_features *features, est_column_list columns, int64_t units,
                                   const char *sparse_combiner, const char *scope);

/** Dense columns side by side, in the order of their names (tf.compat.v1.feature_column.input_layer,
 *  tf.keras.layers.DenseFeatures). A bucketized_column is one-hot.
 *  In: `scope` goes before the variables of embedding columns, <column>/embedding_weights; NULL:
 *  "input_layer/".
 *  Out: [batch, sum of widths] float32. Lent by `g`.
 *  Errors stick to the graph: INVALID_ARGUMENT: a categorical column (wrap it in indicator_column or
 *  embedding_column), a name twice, a feature that the data lack, what stuck to a set. One thread at a time
 *  per graph and set. Since 0.1. */
EST_API est_node *est_input_layer(est_graph *g, const est_features *features, est_column_list columns,
                                  const char *scope);
/** Sequence columns side by side, in the order of their names, for a recurrent model
 *  (tf.keras.experimental.SequenceFeatures).
 *  In: `scope` goes before the variables of embedding columns, <column>/embedding_weights; NULL:
 *  "sequence_features/".
 *  Out: [batch, time, sum of widths] float32, time being that of the batch's longest example; after its end an
 *  example holds zeros and default_values. `*sequence_length`: int64 [batch], the steps of each example. Both
 *  lent by `g`.
 *  Errors stick to the graph: INVALID_ARGUMENT: a column that is no sequence column, or is not wrapped; as
 *  est_input_layer. Columns whose lengths differ in an example fail the run. One thread at a time per graph and
 *  set. Since 0.1. */
EST_API est_node *est_sequence_input_layer(est_graph *g, const est_features *features, est_column_list columns,
                                           const char *scope, est_node **sequence_length);

/** What is known of the whole example beside each step (tf.feature_column's concatenate_context_input).
 *  In: `context` [batch, width] and `sequence` [batch, time, n], float32. Out: [batch, time, n + width]. Lent by
 *  `g`. Errors stick to the graph: INVALID_ARGUMENT: other ranks. One thread at a time per graph. Since 0.1. */
EST_API est_node *est_concatenate_context_and_sequence(est_graph *g, est_node *context, est_node *sequence);

#ifdef __cplusplus
}
#endif
#endif
