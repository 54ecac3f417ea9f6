/* Estimators and their verbs: train, evaluate, predict, export (tf.estimator). */
#ifndef ESTIMATOR_ESTIMATORS_H
#define ESTIMATOR_ESTIMATORS_H

#include <estimator/data.h>
#include <estimator/feature_columns.h>
#include <estimator/heads.h>
#include <estimator/hooks.h>
#include <estimator/partitioner.h>
#include <estimator/rnn.h>
#include <estimator/run_config.h>
#include <estimator/warm_start.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A model and its directory (tf.estimator.Estimator). One thread at a time per estimator; est_request_stop
 *  alone may come at any time. Estimators that share columns count as one (feature_columns.h). */
typedef struct est_estimator est_estimator;

/* Constructors: one for each canned estimator, with an options struct of tf.estimator's arguments.
 * In: `config` NULL: defaults. Columns, optimizer and head are kept alive, the rest is copied.
 * Errors: INVALID_ARGUMENT names what is wrong in options or config; what stuck to the columns;
 * UNIMPLEMENTED: the device.
 * Out: the caller's, est_estimator_free. Thread-safe but for the columns. Since 0.1. */
typedef struct est_linear_classifier_options {
    est_column_list feature_columns;    /* needed */
    int64_t n_classes;                  /* 2 */
    est_strings label_vocabulary;       /* none: labels are integer ids */
    const char *weight_column;          /* none */
    est_optimizer *optimizer;           /* NULL: Ftrl with learning rate 0.2 */
    const char *sparse_combiner;        /* "sum" */
    const char *loss_reduction;         /* "sum_over_batch_size" */
    const est_warm_start_settings *warm_start_from;   /* none */
    est_floats class_weights;           /* of each class, in training; none: 1 */
    est_calibration calibration;        /* of the probabilities; none */
    est_partitioner partitioner;        /* parts of the weights in checkpoints; none */
} est_linear_classifier_options;
/** A linear model under BinaryClassHead, or MultiClassHead from three classes on
 *  (tf.estimator.LinearClassifier). */
EST_API est_status est_linear_classifier_new_sized(const est_linear_classifier_options *options, size_t size,
                                                   const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_linear_classifier_new(const est_linear_classifier_options *options,
                                                   const est_run_config *config, est_estimator **out)
{
    return est_linear_classifier_new_sized(options, sizeof *options, config, config ? sizeof *config : 0,
                                           out);
}

typedef struct est_linear_regressor_options {
    est_column_list feature_columns;    /* needed */
    int64_t label_dimension;            /* 1 */
    const char *weight_column;          /* none */
    est_optimizer *optimizer;           /* NULL: Ftrl with learning rate 0.2 */
    const char *sparse_combiner;        /* "sum" */
    const char *loss_reduction;         /* "sum_over_batch_size" */
    const est_warm_start_settings *warm_start_from;   /* none */
    est_partitioner partitioner;        /* parts of the weights in checkpoints; none */
} est_linear_regressor_options;
/** A linear model under RegressionHead (tf.estimator.LinearRegressor). */
EST_API est_status est_linear_regressor_new_sized(const est_linear_regressor_options *options, size_t size,
                                                  const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_linear_regressor_new(const est_linear_regressor_options *options,
                                                  const est_run_config *config, est_estimator **out)
{
    return est_linear_regressor_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

typedef struct est_linear_estimator_options {
    est_head *head;                     /* needed */
    est_column_list feature_columns;    /* needed */
    est_optimizer *optimizer;           /* NULL: Ftrl with learning rate 0.2 */
    const char *sparse_combiner;        /* "sum" */
    const est_warm_start_settings *warm_start_from;   /* none */
    est_partitioner partitioner;        /* parts of the weights in checkpoints; none */
} est_linear_estimator_options;
/** A linear model under any head (tf.estimator.LinearEstimator). */
EST_API est_status est_linear_estimator_new_sized(const est_linear_estimator_options *options, size_t size,
                                                  const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_linear_estimator_new(const est_linear_estimator_options *options,
                                                  const est_run_config *config, est_estimator **out)
{
    return est_linear_estimator_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

typedef struct est_dnn_classifier_options {
    est_ints hidden_units;              /* needed: units of each hidden layer */
    est_column_list feature_columns;    /* needed; dense ones */
    int64_t n_classes;                  /* 2 */
    est_strings label_vocabulary;       /* none: labels are integer ids */
    const char *weight_column;          /* none */
    est_optimizer *optimizer;           /* NULL: Adagrad with learning rate 0.001 */
    const char *activation_fn;          /* "relu"; any of est_activation_names */
    double dropout;                     /* 0: none; below 1: share of a layer's outputs that a step leaves out */
    bool batch_norm;                    /* after each hidden layer, with momentum 0.999 */
    const char *loss_reduction;         /* "sum_over_batch_size" */
    const est_warm_start_settings *warm_start_from;   /* none */
    est_floats class_weights;           /* of each class, in training; none: 1 */
    est_calibration calibration;        /* of the probabilities; none */
    est_partitioner input_layer_partitioner; /* parts of the tables of embedding columns in checkpoints; none */
} est_dnn_classifier_options;
/** A network of fully connected layers under BinaryClassHead, or MultiClassHead from three classes on
 *  (tf.estimator.DNNClassifier). Errors: also INVALID_ARGUMENT: a categorical column that no indicator or
 *  embedding column holds; with batch_norm, a batch of one example fails its step. */
EST_API est_status est_dnn_classifier_new_sized(const est_dnn_classifier_options *options, size_t size, const est_run_config *config,
                                                size_t config_size, est_estimator **out);
static inline est_status est_dnn_classifier_new(const est_dnn_classifier_options *options,
                                                const est_run_config *config, est_estimator **out)
{
    return est_dnn_classifier_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

typedef struct est_dnn_regressor_options {
    est_ints hidden_units;              /* needed: units of each hidden layer */
    est_column_list feature_columns;    /* needed; dense ones */
    int64_t label_dimension;            /* 1 */
    const char *weight_column;          /* none */
    est_optimizer *optimizer;           /* NULL: Adagrad with learning rate 0.001 */
    const char *activation_fn;          /* "relu"; any of est_activation_names */
    double dropout;                     /* 0: none; below 1 */
    bool batch_norm;
    const char *loss_reduction;         /* "sum_over_batch_size" */
    const est_warm_start_settings *warm_start_from;   /* none */
    est_partitioner input_layer_partitioner; /* parts of the tables of embedding columns in checkpoints; none */
} est_dnn_regressor_options;
/** The same under RegressionHead (tf.estimator.DNNRegressor). */
EST_API est_status est_dnn_regressor_new_sized(const est_dnn_regressor_options *options, size_t size, const est_run_config *config,
                                               size_t config_size, est_estimator **out);
static inline est_status est_dnn_regressor_new(const est_dnn_regressor_options *options,
                                               const est_run_config *config, est_estimator **out)
{
    return est_dnn_regressor_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

typedef struct est_dnn_estimator_options {
    est_head *head;                     /* needed */
    est_ints hidden_units;              /* needed: units of each hidden layer */
    est_column_list feature_columns;    /* needed; dense ones */
    est_optimizer *optimizer;           /* NULL: Adagrad with learning rate 0.001 */
    const char *activation_fn;          /* "relu"; any of est_activation_names */
    double dropout;                     /* 0: none; below 1 */
    bool batch_norm;
    const est_warm_start_settings *warm_start_from;   /* none */
    est_partitioner input_layer_partitioner; /* parts of the tables of embedding columns in checkpoints; none */
} est_dnn_estimator_options;
/** The same under any head (tf.estimator.DNNEstimator). */
EST_API est_status est_dnn_estimator_new_sized(const est_dnn_estimator_options *options, size_t size,
                                               const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_dnn_estimator_new(const est_dnn_estimator_options *options,
                                               const est_run_config *config, est_estimator **out)
{
    return est_dnn_estimator_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

/* A linear model and a network of fully connected layers, whose logits are added. One of the two may be
 * missing; a column may stand in both. */
typedef struct est_dnn_linear_combined_classifier_options {
    est_column_list linear_feature_columns;   /* none: no linear part */
    est_optimizer *linear_optimizer;    /* NULL: Ftrl with learning rate 0.005, or less from 40,000 columns on */
    const char *linear_sparse_combiner; /* "sum" */
    est_column_list dnn_feature_columns;      /* none: no deep part; dense ones */
    est_ints dnn_hidden_units;          /* needed with dnn_feature_columns */
    est_optimizer *dnn_optimizer;       /* NULL: Adagrad with learning rate 0.001 */
    const char *dnn_activation_fn;      /* "relu"; any of est_activation_names */
    double dnn_dropout;                 /* 0: none; below 1 */
    bool batch_norm;
    int64_t n_classes;                  /* 2 */
    est_strings label_vocabulary;       /* none: labels are integer ids */
    const char *weight_column;          /* none */
    const char *loss_reduction;         /* "sum_over_batch_size" */
    const est_warm_start_settings *warm_start_from;   /* none */
    est_floats class_weights;           /* of each class, in training; none: 1 */
    est_calibration calibration;        /* of the probabilities; none */
    est_partitioner input_layer_partitioner; /* parts of the tables of embedding columns, the linear part in checkpoints; none */
} est_dnn_linear_combined_classifier_options;
/** A linear and a deep part under BinaryClassHead, or MultiClassHead from three classes on
 *  (tf.estimator.DNNLinearCombinedClassifier). Errors: also INVALID_ARGUMENT: no columns at all, deep ones
 *  without dnn_hidden_units, a categorical one among the deep ones. */
EST_API est_status est_dnn_linear_combined_classifier_new_sized(const est_dnn_linear_combined_classifier_options *options, size_t size,
                                                                const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_dnn_linear_combined_classifier_new(const est_dnn_linear_combined_classifier_options *options,
                                                                const est_run_config *config, est_estimator **out)
{
    return est_dnn_linear_combined_classifier_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

typedef struct est_dnn_linear_combined_regressor_options {
    est_column_list linear_feature_columns;   /* none: no linear part */
    est_optimizer *linear_optimizer;    /* NULL: Ftrl with learning rate 0.005, or less from 40,000 columns on */
    const char *linear_sparse_combiner; /* "sum" */
    est_column_list dnn_feature_columns;      /* none: no deep part; dense ones */
    est_ints dnn_hidden_units;          /* needed with dnn_feature_columns */
    est_optimizer *dnn_optimizer;       /* NULL: Adagrad with learning rate 0.001 */
    const char *dnn_activation_fn;      /* "relu"; any of est_activation_names */
    double dnn_dropout;                 /* 0: none; below 1 */
    bool batch_norm;
    int64_t label_dimension;            /* 1 */
    const char *weight_column;          /* none */
    const char *loss_reduction;         /* "sum_over_batch_size" */
    const est_warm_start_settings *warm_start_from;   /* none */
    est_partitioner input_layer_partitioner; /* parts of the tables of embedding columns, the linear part in checkpoints; none */
} est_dnn_linear_combined_regressor_options;
/** The same under RegressionHead (tf.estimator.DNNLinearCombinedRegressor). */
EST_API est_status est_dnn_linear_combined_regressor_new_sized(const est_dnn_linear_combined_regressor_options *options, size_t size,
                                                               const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_dnn_linear_combined_regressor_new(const est_dnn_linear_combined_regressor_options *options,
                                                               const est_run_config *config, est_estimator **out)
{
    return est_dnn_linear_combined_regressor_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

typedef struct est_dnn_linear_combined_estimator_options {
    est_head *head;                     /* needed */
    est_column_list linear_feature_columns;   /* none: no linear part */
    est_optimizer *linear_optimizer;    /* NULL: Ftrl with learning rate 0.005, or less from 40,000 columns on */
    const char *linear_sparse_combiner; /* "sum" */
    est_column_list dnn_feature_columns;      /* none: no deep part; dense ones */
    est_ints dnn_hidden_units;          /* needed with dnn_feature_columns */
    est_optimizer *dnn_optimizer;       /* NULL: Adagrad with learning rate 0.001 */
    const char *dnn_activation_fn;      /* "relu"; any of est_activation_names */
    double dnn_dropout;                 /* 0: none; below 1 */
    bool batch_norm;
    const est_warm_start_settings *warm_start_from;   /* none */
    est_partitioner input_layer_partitioner; /* parts of the tables of embedding columns, the linear part in checkpoints; none */
} est_dnn_linear_combined_estimator_options;
/** The same under any head (tf.estimator.DNNLinearCombinedEstimator). */
EST_API est_status est_dnn_linear_combined_estimator_new_sized(const est_dnn_linear_combined_estimator_options *options, size_t size,
                                                               const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_dnn_linear_combined_estimator_new(const est_dnn_linear_combined_estimator_options *options,
                                                               const est_run_config *config, est_estimator **out)
{
    return est_dnn_linear_combined_estimator_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

/* What the labels are on average, whatever the features: what a model must be better than. */
typedef struct est_baseline_classifier_options {
    int64_t n_classes;                  /* 2 */
    est_strings label_vocabulary;       /* none: labels are integer ids */
    const char *weight_column;          /* none */
    const char *loss_reduction;         /* "sum_over_batch_size" */
    est_optimizer *optimizer;           /* NULL: Ftrl with learning rate 0.3 */
    est_floats class_weights;           /* of each class, in training; none: 1 */
    est_calibration calibration;        /* of the probabilities; none */
} est_baseline_classifier_options;
/** Logits that are a learned bias alone, under BinaryClassHead, or MultiClassHead from three classes on
 *  (tf.estimator.BaselineClassifier). The data need to hold the label alone, and the weight. */
EST_API est_status est_baseline_classifier_new_sized(const est_baseline_classifier_options *options, size_t size,
                                                     const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_baseline_classifier_new(const est_baseline_classifier_options *options,
                                                     const est_run_config *config, est_estimator **out)
{
    return est_baseline_classifier_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

typedef struct est_baseline_regressor_options {
    int64_t label_dimension;            /* 1 */
    const char *weight_column;          /* none */
    const char *loss_reduction;         /* "sum_over_batch_size" */
    est_optimizer *optimizer;           /* NULL: Ftrl with learning rate 0.3 */
} est_baseline_regressor_options;
/** The same under RegressionHead (tf.estimator.BaselineRegressor). */
EST_API est_status est_baseline_regressor_new_sized(const est_baseline_regressor_options *options, size_t size,
                                                    const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_baseline_regressor_new(const est_baseline_regressor_options *options,
                                                    const est_run_config *config, est_estimator **out)
{
    return est_baseline_regressor_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

typedef struct est_baseline_estimator_options {
    est_head *head;                     /* needed */
    est_optimizer *optimizer;           /* NULL: Ftrl with learning rate 0.3 */
} est_baseline_estimator_options;
/** The same under any head (tf.estimator.BaselineEstimator). */
EST_API est_status est_baseline_estimator_new_sized(const est_baseline_estimator_options *options, size_t size,
                                                    const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_baseline_estimator_new(const est_baseline_estimator_options *options,
                                                    const est_run_config *config, est_estimator **out)
{
    return est_baseline_estimator_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

/** How trees are grown and boosted: the last member of the options of the three estimators below, and in
 *  configurations keys beside theirs. The first eight are tf.estimator's own. */
typedef struct est_boosted_trees {
    int64_t n_trees;                    /* 100; for each class, with more than two */
    int64_t max_depth;                  /* 6; EST_OFF: no bound (max_leaves is one) */
    double learning_rate;               /* 0.1 */
    double l1, l2;                      /* 0: on the leaves' values, beside sums over all examples */
    double tree_complexity;             /* 0: what a split must gain, with pruning_mode "pre" or "post" */
    double min_node_weight;             /* 0: the least sum of Hessians in a leaf */
    bool center_bias;                   /* start from the best constant */
    const char *pruning_mode;           /* "none"; "pre": no split that gains too little; "post": join such afterwards */
    int64_t n_batches_per_layer;        /* 1, and nothing else: a layer sees the whole input */
    const char *growth;                 /* "depth_wise"; "leaf_wise": the leaf that gains most is split first */
    int64_t max_leaves;                 /* 0: 31 leaf-wise without a max_depth, else no bound */
    int64_t bins;                       /* 255: values of a feature that are told apart, 2 to 255 */
    int64_t bin_sample;                 /* 200000: the first rows, from which the bins are found */
    double subsample;                   /* 1: share of the rows that a tree sees */
    double feature_fraction;            /* 1: share of the features that a tree sees */
    double categorical_smoothing;       /* 10: draws categories of few examples towards the middle */
    double validation_fraction;         /* 0: share of the rows that is held out for early stopping */
    int64_t early_stopping_rounds;      /* 0: none; else so many rounds without a better loss of the held-out rows end training,
                                           and the best round's trees are kept */
    int64_t memory_limit_mb;            /* 0: half of the machine's memory; more rows than fit are an error */
} est_boosted_trees;

typedef struct est_boosted_trees_classifier_options {
    est_column_list feature_columns;    /* needed: dense ones, or categorical ones, which are split by sets of categories */
    int64_t n_classes;                  /* 2 */
    est_strings label_vocabulary;       /* none: labels are integer ids */
    const char *weight_column;          /* none */
    est_boosted_trees trees;
    est_floats class_weights;           /* of each class, in training; none: 1 */
    est_calibration calibration;        /* of the probabilities; none */
} est_boosted_trees_classifier_options;
/** Gradient boosted trees under BinaryClassHead, or MultiClassHead from three classes on
 *  (tf.estimator.BoostedTreesClassifier of TensorFlow 1 and 2.0 to 2.8). A global step is a round: one tree an output.
 *  Training reads the input once, as a whole, into memory, and ends with n_trees. A NaN is a missing value, whose way is
 *  learned at each split; so is a category that training has not seen. */
EST_API est_status est_boosted_trees_classifier_new_sized(const est_boosted_trees_classifier_options *options, size_t size,
                                                          const est_run_config *config, size_t config_size,
                                                          est_estimator **out);
static inline est_status est_boosted_trees_classifier_new(const est_boosted_trees_classifier_options *options,
                                                          const est_run_config *config, est_estimator **out)
{
    return est_boosted_trees_classifier_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

typedef struct est_boosted_trees_regressor_options {
    est_column_list feature_columns;    /* needed; as above */
    int64_t label_dimension;            /* 1 */
    const char *weight_column;          /* none */
    est_boosted_trees trees;
} est_boosted_trees_regressor_options;
/** The same under RegressionHead (tf.estimator.BoostedTreesRegressor). */
EST_API est_status est_boosted_trees_regressor_new_sized(const est_boosted_trees_regressor_options *options, size_t size,
                                                         const est_run_config *config, size_t config_size,
                                                         est_estimator **out);
static inline est_status est_boosted_trees_regressor_new(const est_boosted_trees_regressor_options *options,
                                                         const est_run_config *config, est_estimator **out)
{
    return est_boosted_trees_regressor_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

typedef struct est_boosted_trees_estimator_options {
    est_head *head;                     /* needed; kept alive. Its loss must be its own: a logistic, softmax, squared or Poisson one */
    est_column_list feature_columns;    /* needed; as above */
    est_boosted_trees trees;
} est_boosted_trees_estimator_options;
/** The same under any head of one of these losses (tf.estimator.BoostedTreesEstimator). */
EST_API est_status est_boosted_trees_estimator_new_sized(const est_boosted_trees_estimator_options *options, size_t size,
                                                         const est_run_config *config, size_t config_size,
                                                         est_estimator **out);
static inline est_status est_boosted_trees_estimator_new(const est_boosted_trees_estimator_options *options,
                                                         const est_run_config *config, est_estimator **out)
{
    return est_boosted_trees_estimator_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

enum { EST_KMEANS_NO_RETRIES = -2 };
typedef struct est_kmeans_options {
    est_column_list feature_columns;    /* needed: dense ones, or such as est_input_layer takes */
    int64_t num_clusters;               /* needed */
    const char *initial_clusters;       /* "random" (default) or "kmeans_plus_plus": from the first batch */
    est_floats initial_centers;         /* the centers themselves, row after row; none: they are chosen */
    const char *distance_metric;        /* "squared_euclidean" (default) or "cosine" */
    int64_t seed;                       /* of the choice; 0: tf_random_seed */
    bool full_batch;                    /* use_mini_batch false: each batch is all of the data */
    int64_t mini_batch_steps_per_iteration;   /* 1: steps until the centers are renewed */
    int64_t kmeans_plus_plus_num_retries;     /* 2; -1: grows with num_clusters; EST_KMEANS_NO_RETRIES: none */
    double relative_tolerance;          /* of the loss: training ends below it; 0: none */
} est_kmeans_options;
/** Clusters of points (tf.compat.v1.estimator.experimental.KMeans). The loss, and the metric `score`, is the
 *  sum of the distances to the nearest centers; predictions are all_distances, float32 [num_clusters], and
 *  cluster_index, int64. The variable `clusters` [num_clusters, width] holds the centers; in full batches a
 *  cluster without points becomes zeros, as in TensorFlow. "random" takes no row twice. The data need no
 *  label. */
EST_API est_status est_kmeans_new_sized(const est_kmeans_options *options, size_t size, const est_run_config *config,
                                        size_t config_size, est_estimator **out);
static inline est_status est_kmeans_new(const est_kmeans_options *options, const est_run_config *config,
                                        est_estimator **out)
{
    return est_kmeans_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

/** Fills a cell for a graph of that mode, before its variables are made (rnn_cell_fn of tf.estimator.experimental.
 *  RNNEstimator); what it points to is there until the graph is built. An error ends the verb. */
typedef est_status (*est_rnn_cell_fn)(est_mode mode, est_rnn_cell *cell, void *user);

typedef struct est_rnn_classifier_options {
    est_column_list sequence_feature_columns;   /* needed; sequence columns */
    est_column_list context_feature_columns;    /* none; dense columns of an example, beside each of its steps */
    est_ints units;                     /* needed, or layer_units: units of each recurrent layer */
    const char *cell_type;              /* "simple_rnn"; "lstm", "gru" */
    int64_t n_classes;                  /* 2 */
    est_strings label_vocabulary;       /* none: labels are integer ids */
    const char *weight_column;          /* none */
    est_optimizer *optimizer;           /* NULL: Adagrad with learning rate 0.05 and clipnorm 5 */
    const char *loss_reduction;         /* "sum_over_batch_size" */
    est_floats class_weights;           /* of each class, in training; none: 1 */
    est_calibration calibration;        /* of the probabilities; none */
    int64_t layer_units;                /* instead of units: one layer, in Keras' layer named after the cell (units=n) */
    est_rnn_cell_fn rnn_cell_fn;        /* instead of units and cell_type: a cell of one's own, called for each graph */
    void *rnn_cell_user;
} est_rnn_classifier_options;
/** Recurrent layers over sequences, and a layer over the last step's output, under BinaryClassHead, or
 *  MultiClassHead from three classes on (tf.estimator.experimental.RNNClassifier). The variables are those of
 *  rnn_model/rnn/lstm_cell with units, as with TensorFlow's units=[n], of rnn_model/lstm/lstm_cell with layer_units, as with its units=n.
 *  Errors: also INVALID_ARGUMENT: of units, layer_units and rnn_cell_fn several, or none; a sequence column among context_feature_columns, another one among
 *  sequence_feature_columns, as the graph is built. */
EST_API est_status est_rnn_classifier_new_sized(const est_rnn_classifier_options *options, size_t size, const est_run_config *config,
                                                size_t config_size, est_estimator **out);
static inline est_status est_rnn_classifier_new(const est_rnn_classifier_options *options,
                                                const est_run_config *config, est_estimator **out)
{
    return est_rnn_classifier_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

typedef struct est_rnn_estimator_options {
    est_head *head;                     /* needed */
    est_column_list sequence_feature_columns;   /* needed; sequence columns */
    est_column_list context_feature_columns;    /* none */
    est_ints units;                     /* needed, or layer_units: units of each recurrent layer */
    const char *cell_type;              /* "simple_rnn"; "lstm", "gru" */
    est_optimizer *optimizer;           /* NULL: Adagrad with learning rate 0.05 and clipnorm 5 */
    int64_t layer_units;                /* instead of units: one layer, in Keras' layer named after the cell (units=n) */
    est_rnn_cell_fn rnn_cell_fn;        /* instead of units and cell_type: a cell of one's own, called for each graph */
    void *rnn_cell_user;
} est_rnn_estimator_options;
/** The same under any head (tf.estimator.experimental.RNNEstimator). */
EST_API est_status est_rnn_estimator_new_sized(const est_rnn_estimator_options *options, size_t size, const est_run_config *config,
                                               size_t config_size, est_estimator **out);
static inline est_status est_rnn_estimator_new(const est_rnn_estimator_options *options,
                                               const est_run_config *config, est_estimator **out)
{
    return est_rnn_estimator_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

/** Any canned estimator by its tf.estimator name, with that constructor's options struct of `size` bytes.
 *  Errors: NOT_FOUND: unknown name (the nearest is named); else as above. */
EST_API est_status est_estimator_new(const char *name, const void *options, size_t size, const est_run_config *config,
                                     size_t config_size, est_estimator **out);
/** The fields of that estimator's options, and the size of the struct in bytes (options_size may be NULL);
 *  NULL: unknown name. Constant. Thread-safe. Since 0.1. */
EST_API const est_field *est_estimator_fields(const char *name, size_t *options_size);
/** The names of all canned estimators, NULL-terminated. Constant. Thread-safe. Since 0.1. */
EST_API const char *const *est_estimator_names(void);
/** What `optimizer: NAME` alone means for that estimator: NAME with tf.estimator's default learning rate
 *  (Linear*: 0.2).
 *  In: `field`, the option that takes it: "optimizer", "dnn_optimizer"; `optimizer` NULL: the one that the
 *  estimator has when none is given. Errors: NOT_FOUND: one of the names is unknown.
 *  Out: the caller's, est_optimizer_free. Thread-safe. Since 0.1. */
EST_API est_status est_estimator_optimizer(const char *estimator, const char *field, const char *optimizer, est_optimizer **out);

/** A model_fn of one's own: builds the graph of one mode into `spec` (tf.estimator's model_fn). `labels` is
 *  NULL in EST_PREDICT, and where the data hold none. Everything given is lent for the call. Called once by
 *  each train, once by evaluate and predict until their data change, once by each export, on the thread of
 *  the verb. What it returns, and what stuck to the graph, is what the verb fails with. */
typedef est_status (*est_model_fn)(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user);
typedef struct est_custom_options {
    est_model_fn model_fn;              /* needed */
    est_column_list feature_columns;    /* kept alive; they tell what the data and a serving input hold */
    est_features_spec features;         /* the same, where there are no columns */
    est_head *head;                     /* tells what label and weight are; NULL: they are model_fn's own affair */
    const char *name;                   /* "Estimator": in messages */
    void *user;                         /* of model_fn */
    void (*free_user)(void *user);      /* when the estimator is freed, also when it could not be made; NULL: none */
    const est_warm_start_settings *warm_start_from;   /* none */
} est_custom_options;
/** An estimator of one's own (tf.estimator.Estimator). Errors: INVALID_ARGUMENT: no model_fn; UNIMPLEMENTED:
 *  a feature with a default, which only a column can tell; else as above. */
EST_API est_status est_custom_new_sized(const est_custom_options *options, size_t size, const est_run_config *config,
                                        size_t config_size, est_estimator **out);
static inline est_status est_custom_new(const est_custom_options *options, const est_run_config *config,
                                        est_estimator **out)
{
    return est_custom_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}
/** Frees it, when no verb of it runs; NULL does nothing. One thread at a time per estimator. Since 0.1. */
EST_API void est_estimator_free(est_estimator *e);

/** Which features the data must hold: those of the columns, and for training and evaluating also weight and
 *  label.
 *  In: `label`, what the data call the label (for several names, each is a scalar); needed where `with_label`
 *  and there is a head. The labels of a MultiHead are features named as its heads, whether named here or not.
 *  Out: `*spec`, lent until the next such call; empty after a failure.
 *  Errors: INVALID_ARGUMENT: no label is named, or it is a feature too. An input_fn may call it. One thread
 *  at a time per estimator. Since 0.1. */
EST_API est_status est_estimator_input_spec(est_estimator *e, est_strings label, bool with_label, est_features_spec *spec);
/** Its head; NULL: a model_fn of one's own without one. Lent by `e`. Thread-safe. Since 0.1. */
EST_API est_head *est_estimator_head(const est_estimator *e);
/** Its model directory (tf.estimator.Estimator.model_dir). Lent by `e`. Thread-safe. Since 0.1. */
EST_API const char *est_estimator_model_dir(const est_estimator *e);

/** Asks the verb that runs to stop after its step or batch; it returns CANCELLED, training after a last
 *  checkpoint. While none runs, the next one stops before its first step. A verb that returns forgets the
 *  request. From any thread and signal handlers. Since 0.1. */
EST_API void est_request_stop(est_estimator *e);

/** How far a training is. */
typedef struct est_progress {
    int64_t global_step, max_steps;     /* max_steps 0: not known */
    double loss;                        /* of the last step */
    double steps_per_sec, seconds;      /* since est_train was called */
} est_progress;

typedef struct est_train_options {
    est_input_fn input_fn;              /* needed */
    void *user;                         /* of input_fn */
    int64_t steps, max_steps;           /* steps more, or up to a global step; neither: until the data end */
    void (*progress)(const est_progress *p, void *user);  /* at most ten times a second; NULL: none */
    void *progress_user;
    est_hook_list hooks;                /* kept alive while it trains */
    est_saving_listeners saving_listeners;    /* around each checkpoint */
} est_train_options;
typedef struct est_train_result {
    int64_t global_step, steps;         /* steps done now */
    double loss;                        /* of the last step */
    double seconds, start_up_seconds;
    double steps_per_sec, examples_per_sec;   /* from the 100th step of this call, or the first, to the last */
} est_train_result;
/** Trains from the newest checkpoint of model_dir, or from the start (tf.estimator.Estimator.train). The data
 *  go on at the place that was saved with the checkpoint, so that a run that was stopped, or killed, ends
 *  with the same bytes as one that was not.
 *  Out: `result`, may be NULL; filled also when it was cancelled. The model directory holds checkpoints,
 *  graph.pbtxt and event files.
 *  Errors: those of input_fn and the data; INVALID_ARGUMENT: steps and max_steps, the model, or a checkpoint
 *  of another model (names variable and shapes); NOT_FOUND: a variable that the checkpoint lacks; DATA_LOSS:
 *  no checkpoint can be read; ABORTED: the loss is NaN or infinite (names step and tensor);
 *  FAILED_PRECONDITION: another trainer holds model_dir; CANCELLED after est_request_stop. One thread at a
 *  time per estimator. Since 0.1. */
EST_API est_status est_train_sized(est_estimator *e, const est_train_options *options, size_t size, est_train_result *result);
static inline est_status est_train(est_estimator *e, const est_train_options *options,
                                   est_train_result *result)
{
    return est_train_sized(e, options, sizeof *options, result);
}

/** One batch of predictions: tensors by key, in the head's order, each [rows, …]. Lent for the callback. */
typedef struct est_predictions {
    size_t count;
    const char *const *key;
    const est_tensor *const *value;
    int64_t rows;
} est_predictions;
typedef struct est_evaluate_options {
    est_input_fn input_fn;              /* needed */
    void *user;
    int64_t steps;                      /* 0: to the end of the data */
    const char *checkpoint_path;        /* prefix; NULL: the newest */
    const char *name;                   /* events go to <model_dir>/eval_<name>; NULL: to eval */
    bool no_events;                     /* nothing is written */
    /* Each batch: the predictions, then as the head took them "labels" [rows, n] (class ids, or float32) and, with a weight
     * column, "weights" [rows, 1 or n], of a MultiHead for each head, "<head>/labels"; another status than EST_OK ends it.
     * NULL: none. */
    est_status (*each)(const est_predictions *batch, void *user);
    void *each_user;
    est_hook_list hooks;                /* kept alive for the call */
} est_evaluate_options;
/** Metrics by name, sorted, with `loss` (the mean of the batches' losses) and `global_step` among them. */
typedef struct est_results {
    size_t count;
    const char *const *name;
    const double *value;
} est_results;
/** Metrics over data, in a checkpoint (tf.estimator.Estimator.evaluate); also written as events. The model
 *  stays loaded for the next call.
 *  Errors: those of input_fn and the data; NOT_FOUND: no checkpoint; INVALID_ARGUMENT: no batch, options, a
 *  checkpoint of another model; DATA_LOSS; CANCELLED; those of `each`. Out: the caller's, est_results_free. One thread at a
 *  time per estimator. Since 0.1. */
EST_API est_status est_evaluate_sized(est_estimator *e, const est_evaluate_options *options, size_t size, est_results **out);
static inline est_status est_evaluate(est_estimator *e, const est_evaluate_options *options,
                                      est_results **out)
{
    return est_evaluate_sized(e, options, sizeof *options, out);
}
/** Frees them; NULL does nothing. Thread-safe. Since 0.1. */
EST_API void est_results_free(est_results *r);

typedef struct est_predict_options {
    est_input_fn input_fn;              /* needed */
    void *user;
    est_strings predict_keys;           /* none: all */
    const char *checkpoint_path;        /* prefix; NULL: the newest */
    est_status (*each)(const est_predictions *batch, void *user);   /* needed; another status than EST_OK ends it */
    void *each_user;
    est_hook_list hooks;                /* kept alive for the call */
} est_predict_options;
/** Predictions for data, batch after batch, in their order (tf.estimator.Estimator.predict). The model stays
 *  loaded for the next call.
 *  Errors: those of input_fn, the data and `each`; NOT_FOUND: no checkpoint, no such key (lists those that
 *  are there); DATA_LOSS; CANCELLED. One thread at a time per estimator. Since 0.1. */
EST_API est_status est_predict_sized(est_estimator *e, const est_predict_options *options, size_t size);
static inline est_status est_predict(est_estimator *e, const est_predict_options *options)
{
    return est_predict_sized(e, options, sizeof *options);
}

typedef struct est_export_options {
    const char *receiver;               /* "parsing" (default): tf.Examples; "raw": a tensor a feature; "both" */
    const char *checkpoint_path;        /* prefix; NULL: the newest */
} est_export_options;
/** Writes a SavedModel to <base>/<unix seconds>, whole or not at all
 *  (tf.estimator.Estimator.export_saved_model).
 *  Out: `path`, that folder; `capacity` bytes, at least 32. Errors: NOT_FOUND: no checkpoint;
 *  RESOURCE_EXHAUSTED: capacity is too small; INVALID_ARGUMENT: the receiver; the file system's. One thread
 *  at a time per estimator. Since 0.1. */
EST_API est_status est_export_saved_model_sized(est_estimator *e, const char *base, const est_export_options *options, size_t size,
                                                char *path, size_t capacity);
static inline est_status est_export_saved_model(est_estimator *e, const char *base,
                                                const est_export_options *options, char *path,
                                                size_t capacity)
{
    return est_export_saved_model_sized(e, base, options, options ? sizeof *options : 0, path, capacity);
}

/** The prefix of the newest checkpoint, "dir/model.ckpt-500" (tf.estimator.Estimator.latest_checkpoint);
 *  NULL: none. Lent until the next such call. One thread at a time per estimator. Since 0.1. */
EST_API const char *est_estimator_latest_checkpoint(est_estimator *e);
/** Names of all variables of the newest checkpoint, sorted (tf.estimator.Estimator.get_variable_names). Lent
 *  until the next such call; empty after a failure. Errors: NOT_FOUND: no checkpoint; DATA_LOSS. One thread
 *  at a time per estimator. Since 0.1. */
EST_API est_status est_get_variable_names(est_estimator *e, est_strings *names);
/** Does training read the whole input, once, before its first step, as boosted trees do? Thread-safe. Since 0.1. */
EST_API bool est_estimator_whole_input(const est_estimator *e);
/** What the splits by each feature have gained in the newest checkpoint, the greatest first; `normalize`: shares of 1
 *  (BoostedTrees' experimental_feature_importances). Errors: NOT_FOUND: no checkpoint; UNIMPLEMENTED: no trees;
 *  DATA_LOSS. Out: the caller's, est_results_free. One thread at a time per estimator. Since 0.1. */
EST_API est_status est_feature_importances(est_estimator *e, bool normalize, est_results **out);
/** A variable's value in the newest checkpoint (tf.estimator.Estimator.get_variable_value). Errors:
 *  NOT_FOUND: no checkpoint, no such variable (the nearest is named); DATA_LOSS. Out: the caller's,
 *  est_tensor_free. One thread at a time per estimator. Since 0.1. */
EST_API est_status est_get_variable_value(est_estimator *e, const char *name, est_tensor **out);

/* Verbs of KMeans alone; others are INVALID_ARGUMENT. One thread at a time per estimator. Since 0.1. */
/** The centers in the newest checkpoint, float32 [num_clusters, width] (KMeans.cluster_centers). Errors: as
 *  est_get_variable_value. Out: the caller's, est_tensor_free. */
EST_API est_status est_kmeans_cluster_centers(est_estimator *e, est_tensor **out);
/** The sum of the distances of the first batch's points to their nearest centers (KMeans.score). Errors: as
 *  est_evaluate. */
EST_API est_status est_kmeans_score(est_estimator *e, est_input_fn input_fn, void *user, double *score);
/** Each point's distances to all centers, "all_distances" [rows, num_clusters]: the root of the squared
 *  Euclidean ones, cosine ones as they are (KMeans.transform). Errors: as est_predict. */
EST_API est_status est_kmeans_transform(est_estimator *e, est_input_fn input_fn, void *user,
                                        est_status (*each)(const est_predictions *batch, void *user), void *each_user);

#ifdef __cplusplus
}
#endif
#endif
