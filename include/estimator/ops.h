/* Typed builders of operations: est_op() for those that are used most. What stands behind each is
 * TensorFlow's op of that name (tf.raw_ops), and its documentation holds. Each gives the first output of a
 * new operation, lent by the graph.
 *
 * "reals" are float32 and float64; "signed" also int8 to int64; "numbers" also uint8 to uint64. "axis" counts
 * from the end where it is negative. Errors stick to the graph (graph.h) as INVALID_ARGUMENT: dtypes that the
 * op does not take, shapes that disagree, an axis out of range; where they show only when it runs, the run
 * fails. One thread at a time per graph. Since 0.1. */
#ifndef ESTIMATOR_OPS_H
#define ESTIMATOR_OPS_H

#include <estimator/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/** x itself, any dtype. */
EST_API est_node *est_identity(est_graph *g, est_node *x);                            /* Identity */
/** The value of x; no gradient flows back through it. */
EST_API est_node *est_stop_gradient(est_graph *g, est_node *x);                       /* StopGradient */

/* ---- elementwise, one operand; of its dtype and shape. neg to square: signed; sqrt to log1p: reals ---- */
EST_API est_node *est_neg(est_graph *g, est_node *x);                                 /* Neg */
EST_API est_node *est_abs(est_graph *g, est_node *x);                                 /* Abs */
EST_API est_node *est_square(est_graph *g, est_node *x);                              /* Square */
EST_API est_node *est_sqrt(est_graph *g, est_node *x);                                /* Sqrt */
EST_API est_node *est_exp(est_graph *g, est_node *x);                                 /* Exp */
EST_API est_node *est_log(est_graph *g, est_node *x);                                 /* Log */
EST_API est_node *est_log1p(est_graph *g, est_node *x);                               /* Log1p */
EST_API est_node *est_logical_not(est_graph *g, est_node *x);                         /* LogicalNot, bool */
/** x as another dtype: numbers are cut towards zero, true is 1, anything but 0 is true; x itself where it has
 *  that dtype. */
EST_API est_node *est_cast(est_graph *g, est_node *x, est_dtype dtype);               /* Cast */

/* Activations, of reals; relu and relu6 of signed too. */
EST_API est_node *est_relu(est_graph *g, est_node *x);                                /* Relu */
EST_API est_node *est_relu6(est_graph *g, est_node *x);                               /* Relu6 */
EST_API est_node *est_sigmoid(est_graph *g, est_node *x);                             /* Sigmoid */
EST_API est_node *est_tanh(est_graph *g, est_node *x);                                /* Tanh */
EST_API est_node *est_elu(est_graph *g, est_node *x);                                 /* Elu */
EST_API est_node *est_selu(est_graph *g, est_node *x);                                /* Selu */
EST_API est_node *est_softplus(est_graph *g, est_node *x);                            /* Softplus */
EST_API est_node *est_softsign(est_graph *g, est_node *x);                            /* Softsign */
EST_API est_node *est_leaky_relu(est_graph *g, est_node *x, double alpha);            /* LeakyRelu */

/* ---- elementwise, two operands of one dtype, broadcast against each other as numpy does. Numbers; reals:
 * div_no_nan; signed: squared_difference. An integer divided by 0 fails the run ---- */
EST_API est_node *est_add(est_graph *g, est_node *a, est_node *b);                    /* AddV2 */
EST_API est_node *est_sub(est_graph *g, est_node *a, est_node *b);                    /* Sub */
EST_API est_node *est_mul(est_graph *g, est_node *a, est_node *b);                    /* Mul */
EST_API est_node *est_div(est_graph *g, est_node *a, est_node *b);                    /* RealDiv */
/** a/b, and 0 where b is 0. */
EST_API est_node *est_div_no_nan(est_graph *g, est_node *a, est_node *b);             /* DivNoNan */
EST_API est_node *est_floor_div(est_graph *g, est_node *a, est_node *b);              /* FloorDiv */
EST_API est_node *est_floor_mod(est_graph *g, est_node *a, est_node *b);              /* FloorMod */
EST_API est_node *est_maximum(est_graph *g, est_node *a, est_node *b);                /* Maximum */
EST_API est_node *est_minimum(est_graph *g, est_node *a, est_node *b);                /* Minimum */
EST_API est_node *est_pow(est_graph *g, est_node *a, est_node *b);                    /* Pow */
EST_API est_node *est_squared_difference(est_graph *g, est_node *a, est_node *b);     /* SquaredDifference */
/** The sum of tensors of one shape. */
EST_API est_node *est_add_n(est_graph *g, est_nodes values);                          /* AddN */
/* These give bool; of numbers, equal and not_equal of strings and bool too, the logical ones of bool. */
EST_API est_node *est_greater(est_graph *g, est_node *a, est_node *b);                /* Greater */
EST_API est_node *est_greater_equal(est_graph *g, est_node *a, est_node *b);          /* GreaterEqual */
EST_API est_node *est_less(est_graph *g, est_node *a, est_node *b);                   /* Less */
EST_API est_node *est_less_equal(est_graph *g, est_node *a, est_node *b);             /* LessEqual */
EST_API est_node *est_equal(est_graph *g, est_node *a, est_node *b);                  /* Equal */
EST_API est_node *est_not_equal(est_graph *g, est_node *a, est_node *b);              /* NotEqual */
EST_API est_node *est_logical_and(est_graph *g, est_node *a, est_node *b);            /* LogicalAnd */
EST_API est_node *est_logical_or(est_graph *g, est_node *a, est_node *b);             /* LogicalOr */
/** a where `condition` (bool) is true, else b, of any one dtype; all three broadcast. */
EST_API est_node *est_where(est_graph *g, est_node *condition, est_node *a, est_node *b); /* SelectV2 */

/* ---- reductions ---- */
/* Over `axes` (EST_ALL_AXES: none given, are all), which vanish; with keep_dims each becomes 1. Numbers up to
 * 64 bits but for uint32 and uint64; all and any: bool. */
#ifndef __cplusplus
#define EST_ALL_AXES ((est_ints){ 0 })
#endif
EST_API est_node *est_reduce_sum(est_graph *g, est_node *x, est_ints axes, bool keep_dims); /* Sum */
EST_API est_node *est_reduce_mean(est_graph *g, est_node *x, est_ints axes, bool keep_dims); /* Mean */
EST_API est_node *est_reduce_max(est_graph *g, est_node *x, est_ints axes, bool keep_dims); /* Max */
EST_API est_node *est_reduce_min(est_graph *g, est_node *x, est_ints axes, bool keep_dims); /* Min */
EST_API est_node *est_reduce_prod(est_graph *g, est_node *x, est_ints axes, bool keep_dims); /* Prod */
EST_API est_node *est_reduce_all(est_graph *g, est_node *x, est_ints axes, bool keep_dims); /* All */
EST_API est_node *est_reduce_any(est_graph *g, est_node *x, est_ints axes, bool keep_dims); /* Any */
/** The index, int64, of the greatest element along an axis; the first of equal ones. */
EST_API est_node *est_argmax(est_graph *g, est_node *x, int64_t axis);                /* ArgMax */
/** The k greatest of each row of the last axis, falling: [..., k]; output 1 is their indices (int32). Fails
 *  the run where a row has fewer. */
EST_API est_node *est_top_k(est_graph *g, est_node *x, int64_t k);                    /* TopKV2 */

/* ---- shapes ---- */
/** The shape of x: an int32 vector. */
EST_API est_node *est_shape_of_node(est_graph *g, est_node *x);                       /* Shape */
/** The elements of x in another shape; one dimension may be -1: as many as fit. */
EST_API est_node *est_reshape(est_graph *g, est_node *x, est_ints shape);             /* Reshape */
/** x with a new dimension of 1 before `axis`. */
EST_API est_node *est_expand_dims(est_graph *g, est_node *x, int64_t axis);           /* ExpandDims */
/** x without its dimensions of 1; of those that `axes` names, when it names any. */
EST_API est_node *est_squeeze(est_graph *g, est_node *x, est_ints axes);              /* Squeeze */
/** 1 to 255 tensors, joined along an axis; their other dimensions are the same. */
EST_API est_node *est_concat(est_graph *g, est_nodes values, int64_t axis);           /* ConcatV2 */
/** Tensors of one shape, side by side along a new axis. */
EST_API est_node *est_pack(est_graph *g, est_nodes values, int64_t axis);             /* Pack */
/** The part of `size` elements (-1: the rest) from `begin` on, in each dimension. */
EST_API est_node *est_slice(est_graph *g, est_node *x, est_ints begin, est_ints size); /* Slice */
/** x[begin:end:strides]; a bit of shrink_axis_mask takes one index and drops its dimension. */
EST_API est_node *est_strided_slice(est_graph *g, est_node *x, est_ints begin, est_ints end, est_ints strides,
                                    int64_t shrink_axis_mask);                        /* StridedSlice */
/** x, multiples[i] times along dimension i. */
EST_API est_node *est_tile(est_graph *g, est_node *x, est_ints multiples);            /* Tile */
/** Dimension i of the result is dimension perm[i] of x. */
EST_API est_node *est_transpose(est_graph *g, est_node *x, est_ints perm);            /* Transpose */
/** `value`, a scalar, in a tensor of shape `dims`, an int vector. */
EST_API est_node *est_fill(est_graph *g, est_node *dims, est_node *value);            /* Fill */
/** Zeros (empty strings), and ones, of x' dtype and shape. */
EST_API est_node *est_zeros_like(est_graph *g, est_node *x);                          /* ZerosLike */
EST_API est_node *est_ones_like(est_graph *g, est_node *x);                           /* OnesLike */
/** The slices of `params` along `axis` that `indices` (int32, int64) names: shape params[:axis] + indices +
 * params[axis+1:]. An index out of range fails the run. */
EST_API est_node *est_gather(est_graph *g, est_node *params, est_node *indices, int64_t axis); /* GatherV2 */
/** `on` at indices[i] of a new last axis of `depth`, `off` elsewhere; a float tensor (OneHot). */
EST_API est_node *est_one_hot(est_graph *g, est_node *indices, int64_t depth, double on, double off);

/* ---- matrices ---- */
/** a [m,k] times b [k,n]: [m,n], of reals, int32 or int64. */
EST_API est_node *est_matmul(est_graph *g, est_node *a, est_node *b);                 /* MatMul */
/** x [..., n] plus bias [n]. */
EST_API est_node *est_bias_add(est_graph *g, est_node *x, est_node *bias);            /* BiasAdd */

/* ---- clusters ---- */
/** Of `points` [n,d] and `centers` [k,d], float32: the nearest center of each point, int64 [n]; its squared
 *  distance, [n]; and by center the sum of its points, [k,d], and their number, [k] (EstNearestCenters; in
 *  other programs MatMul, ArgMax and UnsortedSegmentSum). Of equally near centers the first. A center that is
 *  not a number is no point's. Outputs 1 to 3 by est_node_output. */
EST_API est_node *est_nearest_centers(est_graph *g, est_node *points, est_node *centers);
/** What k-means starts from: rows of `centers` that are not numbers are chosen from `points`, by `method`
 *  "random" or "kmeans_plus_plus" (of 1 + `retries` candidates the best; -1: a number that grows with k).
 *  `done` true gives `centers` back. Output 1: whether none is missing now; "random" takes all rows of a
 *  batch that has too few. `seed` 0: the session's. Errors when it runs: k-means++ and too few rows. */
EST_API est_node *est_choose_centers(est_graph *g, est_node *points, est_node *centers, est_node *done, const char *method,
                                     int64_t seed, int64_t retries);

/* ---- probabilities and losses, of reals ---- */
/** exp(x) / sum(exp(x)) over the last axis. */
EST_API est_node *est_softmax(est_graph *g, est_node *logits);                        /* Softmax */
/** x - log(sum(exp(x))) over the last axis. */
EST_API est_node *est_log_softmax(est_graph *g, est_node *logits);                    /* LogSoftmax */
/** Cross entropy of each row, [batch]: `labels` [batch, classes] are probabilities
 *  (SoftmaxCrossEntropyWithLogits). */
EST_API est_node *est_softmax_cross_entropy_with_logits(est_graph *g, est_node *logits, est_node *labels);
/** The same for `labels` [batch] that are class numbers (int32, int64). Errors when it runs: a label outside
 * [0, classes) (SparseSoftmaxCrossEntropyWithLogits). */
EST_API est_node *est_sparse_softmax_cross_entropy_with_logits(est_graph *g, est_node *logits,
                                                               est_node *labels);
/** max(x, 0) - x*z + log(1 + exp(-|x|)) elementwise, for logits x and labels z in [0, 1]
 *  (tf.nn.sigmoid_cross_entropy_with_logits). */
EST_API est_node *est_sigmoid_cross_entropy_with_logits(est_graph *g, est_node *logits, est_node *labels);
/** sum(x^2) / 2, a scalar. */
EST_API est_node *est_l2_loss(est_graph *g, est_node *x);                             /* L2Loss */

/* ---- random numbers: the same for the same seed, operation name and step, on any number of threads ---- */
/** Uniform in [0, 1). `shape`: an int vector node; dtype EST_FLOAT or EST_DOUBLE. */
EST_API est_node *est_random_uniform(est_graph *g, est_node *shape, est_dtype dtype); /* RandomUniform */
/** Normal, of mean 0 and deviation 1 (RandomStandardNormal). */
EST_API est_node *est_random_normal(est_graph *g, est_node *shape, est_dtype dtype);
/** The same, drawn again where it is beyond two deviations (TruncatedNormal). */
EST_API est_node *est_random_truncated_normal(est_graph *g, est_node *shape, est_dtype dtype);

/* ---- lookup tables: they are filled by an initializer, once in a session ---- */
/** An empty table; its handle. `name` is also what sessions know it by (HashTableV2). */
EST_API est_node *est_lookup_table(est_graph *g, const char *name, est_dtype key, est_dtype value);
/** A table from keys [n] (string, int64) to values [n]. A key that stands twice with two values is an error
 * when it is filled (LookupTableImportV2). */
EST_API est_node *est_vocabulary_table(est_graph *g, const char *name, est_node *keys, est_node *values);
/** A table from the lines of a text file (string, int64) to their numbers, from 0. `file`: a string scalar;
 *  vocab_size -1: all lines (InitializeTableFromTextFileV2). */
EST_API est_node *est_vocabulary_file_table(est_graph *g, const char *name, est_node *file, est_dtype key,
                                            int64_t vocab_size);
/** The values of keys, of their shape; `missing` (a scalar) for those that are not there (LookupTableFindV2). */
EST_API est_node *est_table_find(est_graph *g, est_node *table, est_node *keys, est_node *missing);

/* ---- strings ---- */
/** Fingerprint64 of each string, modulo num_buckets: int64 (StringToHashBucketFast). */
EST_API est_node *est_string_to_hash_bucket_fast(est_graph *g, est_node *x, int64_t num_buckets);
/** Numbers as text: integers in decimal, floats with six digits after the point, "true" and "false". */
EST_API est_node *est_as_string(est_graph *g, est_node *x);                           /* AsString */
/** Strings of one shape (or scalars), joined element by element; separator NULL: none. */
EST_API est_node *est_string_join(est_graph *g, est_nodes parts, const char *separator); /* StringJoin */

/* ---- sparse tensors: indices [n, rank] in row-major order, values [n], dense_shape [rank] ---- */
/** The elements of x (string, int32, int64, float32) that are not "", -1 or 0.0: outputs 0, 1, 2 are indices,
 *  values, dense_shape (as tf.feature_column makes them, 0.0 being a weight that is missing). */
EST_API est_node *est_dense_to_sparse(est_graph *g, est_node *x);
typedef struct est_embedding_lookup_options {
    const char *combiner;       /* "sum", "mean" or "sqrtn"; NULL: "sum" */
    est_node *weights;          /* of the ids, [n] float32; NULL: each is 1 */
    double max_norm;            /* longer rows are scaled to this norm first, in the result alone; 0: none */
    bool not_safe;              /* ids below 0 fail the run, rows without ids at the end vanish (see below) */
} est_embedding_lookup_options;
EST_API est_node *est_safe_embedding_lookup_sparse_sized(est_graph *g, est_node *variable, est_node *indices,
                                                         est_node *ids, est_node *dense_shape,
                                                         const est_embedding_lookup_options *options,
                                                         size_t size);
/** For each row of a sparse matrix of ids (int64), the rows e of `variable` that they name, with their
 *  weights w: sum w e (sum), over sum w (mean), over sqrt(sum w^2) (sqrtn). Ids below 0 are left out, with
 *  mean and sqrtn also those of a weight that is not above 0; a row without ids is 0. An id past the last row
 *  fails the run. With not_safe nothing is left out, and the result ends with the last row that has an id. Its
 *  gradient to the variable is sparse.
 *  In: options NULL: the defaults. Out: [rows, width] (tf.nn.safe_embedding_lookup_sparse; not_safe:
 *  tf.nn.embedding_lookup_sparse). */
static inline est_node *est_safe_embedding_lookup_sparse(est_graph *g, est_node *variable, est_node *indices,
                                                         est_node *ids, est_node *dense_shape,
                                                         const est_embedding_lookup_options *options)
{
    return est_safe_embedding_lookup_sparse_sized(g, variable, indices, ids, dense_shape, options,
                                                  options ? sizeof *options : 0);
}
/** How often each id in [0, depth) stands in each row of a sparse matrix of ids (int64), or the sums of their
 *  `weights` [n] float32 (NULL: none). Out: [rows, depth] float32 (tf.feature_column.indicator_column). */
EST_API est_node *est_indicator(est_graph *g, est_node *indices, est_node *ids, est_node *dense_shape,
                                est_node *weights, int64_t depth);
/** `rows` [n, …] float32 of equal `ids` [n] (int64) summed, in the order of their first appearance; output 1:
 *  the ids (Keras' deduplication of IndexedSlices). */
EST_API est_node *est_sum_duplicate_ids(est_graph *g, est_node *rows, est_node *ids);
/** The number of `boundaries`, which ascend, that are not above each element: int32. */
EST_API est_node *est_bucketize(est_graph *g, est_node *x, est_floats boundaries);    /* Bucketize */
/** Weighted true positives, false positives, true negatives, false negatives at each of the ascending
 *  thresholds: [4, n], as tf.keras.metrics count them. A prediction is positive above the threshold, a label
 *  when it is not 0. All three operands are float, of one shape. */
EST_API est_node *est_confusion_at_thresholds(est_graph *g, est_node *labels, est_node *predictions,
                                              est_node *weights, est_floats thresholds);

#ifdef __cplusplus
}
#endif
#endif
