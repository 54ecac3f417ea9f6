#!/usr/bin/env python3
"""Ids of feature columns, outputs of linear models, and losses, metrics and predictions of heads, as TensorFlow 2.15 gives them.

    python3 tests/golden/make_columns.py > tests/golden/columns.inc
"""
import os
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

import numpy as np
import tensorflow as tf
from tensorflow.python.feature_column import feature_column_v2 as fc2
from tensorflow_estimator.python.estimator.canned.linear import LinearModel

fc = tf.feature_column
STRINGS = [['red', ''], ['green', 'blue'], ['violet', 'red'], ['', ''], ['', 'ocher']]
INTEGERS = [[10, -1], [30, 20], [99, 10], [-1, -1], [-7, 2**40]]
SPARSE = ([[0, 0], [0, 1], [2, 0], [3, 0], [3, 2]], ['', 'red', 'violet', 'green', 'green'], [5, 3])
NUMBERS = [[1.5], [-2.25], [0.0], [30.0], [7.125]]
PAIRS = [[1.0, 2.0], [0.5, -1.0], [0.0, 0.0], [3.0, 8.0], [-4.0, 0.25]]
VOCABULARY = ['red', 'green', 'blue']


def number(value):
  value = float(value)
  text = '%.9g' % value
  return text if any(c in text for c in '.en') else text + '.0'


def literal(value):
  return '"' + value.decode() + '"' if isinstance(value, bytes) else number(value) if isinstance(value, float) else str(value)


def array(kind, name, values):
  values = [literal(v.item() if isinstance(v, np.generic) else v) for v in np.asarray(values, dtype=object).reshape(-1)]
  print('static const %s %s[] = {' % (kind, name))
  line = '   '
  for v in values:
    if len(line) + len(v) > 105:
      print(line)
      line = '   '
    line += ' ' + v + ','
  print(line + '\n};')


def tensor(value):
  return tf.SparseTensor(*value) if isinstance(value, tuple) else tf.constant(value)


def ids_of(name, column, value):
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    features = value if isinstance(value, dict) else {column.key: value}
    features = {k: tensor(v) for k, v in features.items()}
    pair = column.get_sparse_tensors(fc2.FeatureTransformationCache(features), None)
    session.run(tf.compat.v1.tables_initializer())
    ids = session.run(pair.id_tensor)
  array('int64_t', 'ids_' + name, [[i[0], i[1], v] for i, v in zip(ids.indices, ids.values)])


def weight(column, i, j):
  return np.float32(((7 * i + 3 * j + 5 * column) % 11 - 5) * 0.125)


def linear_of(name, columns, features, units, combiner):
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    model = LinearModel(columns, units=units, sparse_combiner=combiner, name='linear/linear_model')
    logits = model({k: tensor(v) for k, v in features.items()})
    session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
    for c, variable in enumerate(model.variables):
      shape = variable.shape.as_list()
      if len(shape) == 1:
        value = [weight(99, 0, j) for j in range(shape[0])]
      else:
        value = [[weight(c, i, j) for j in range(shape[1])] for i in range(shape[0])]
      variable.load(value, session)
    names = [v.name.split(':')[0] for v in model.variables]
    array('float', 'linear_' + name, session.run(logits))
  return names


def columns():
  string, integer = np.array(STRINGS), np.array(INTEGERS, np.int64)
  ids_of('hash', fc.categorical_column_with_hash_bucket('f', 7), string)
  ids_of('hash_integers', fc.categorical_column_with_hash_bucket('f', 7, tf.int64), integer)
  ids_of('hash_sparse', fc.categorical_column_with_hash_bucket('f', 7), SPARSE)
  ids_of('vocabulary', fc.categorical_column_with_vocabulary_list('f', VOCABULARY), string)
  ids_of('vocabulary_default', fc.categorical_column_with_vocabulary_list('f', VOCABULARY, default_value=2), string)
  ids_of('vocabulary_oov', fc.categorical_column_with_vocabulary_list('f', VOCABULARY, num_oov_buckets=3), string)
  ids_of('vocabulary_sparse', fc.categorical_column_with_vocabulary_list('f', VOCABULARY, num_oov_buckets=3), SPARSE)
  ids_of('vocabulary_integers', fc.categorical_column_with_vocabulary_list('f', [10, 20, 30], num_oov_buckets=5), integer)
  ids_of('identity', fc.categorical_column_with_identity('f', 31), integer)
  ids_of('identity_default', fc.categorical_column_with_identity('f', 31, default_value=30), integer)
  features = {'pair': np.array(PAIRS, np.float32), 'color': string, 'number': integer, 'bag': SPARSE}
  buckets = fc.bucketized_column(fc.numeric_column('pair', shape=(2,)), [0.0, 0.5, 2.0])
  known = fc.categorical_column_with_vocabulary_list('color', VOCABULARY)
  inner = fc.crossed_column(['color', 'bag'], 9)
  crosses = {'cross_dense': fc.crossed_column(['number', 'color'], 1000), 'cross_sparse': fc.crossed_column(['bag', buckets], 64),
             'cross_mixed': fc.crossed_column(['color', known, 'bag'], 1000, hash_key=7),
             'cross_nested': fc.crossed_column([inner, 'number'], 2**40)}
  ids_of('bucketized', buckets, features)
  for name, column in crosses.items():
    ids_of(name, column, features)
  array('char *const', 'cross_names', [c.name.encode() for c in [buckets] + list(crosses.values())])
  mixed = [
      fc.numeric_column('number', normalizer_fn=lambda x: (x - 1.25) / 3.5),
      fc.numeric_column('pair', shape=(2,), normalizer_fn=lambda x: (x - -4.0) / (8.0 - -4.0)),
      fc.categorical_column_with_vocabulary_list('color', VOCABULARY, num_oov_buckets=2),
      fc.categorical_column_with_hash_bucket('Hashed', 5),
      fc.categorical_column_with_identity('identity', 31, default_value=3),
  ]
  features = {'number': NUMBERS, 'pair': PAIRS, 'color': STRINGS, 'Hashed': SPARSE, 'identity': INTEGERS}
  features['number'] = np.array(NUMBERS, np.float32)
  features['pair'] = np.array(PAIRS, np.float32)
  features['identity'] = integer
  for combiner in ('sum', 'mean', 'sqrtn'):
    names = linear_of(combiner, mixed, features, 2, combiner)
  array('char *const', 'linear_variables', [n.encode() for n in names])
  positive = {'number': np.abs(np.array(NUMBERS, np.float32))}
  linear_of('log1p', [fc.numeric_column('number', normalizer_fn=tf.math.log1p)], positive, 1, 'sum')


def table_value(i, shape):
  return [[weight(i, r, c) for c in range(shape[1])] for r in range(shape[0])]


def dense_columns():
  """Columns over the strings, numbers and sparse strings above, and two that share a table."""
  words = fc.categorical_column_with_vocabulary_list('color', VOCABULARY, num_oov_buckets=2)
  bag = fc.categorical_column_with_hash_bucket('bag', 5)
  buckets = fc.bucketized_column(fc.numeric_column('pair', shape=(2,)), [0.0, 0.5, 2.0])
  left, right = (fc.categorical_column_with_identity(k, 4, default_value=3) for k in ('left', 'right'))
  return ([fc.numeric_column('number'), buckets, fc.indicator_column(words), fc.indicator_column(bag),
           fc.embedding_column(words, 2), fc.embedding_column(bag, 3, combiner='sum', max_norm=0.75),
           fc.embedding_column(buckets, 2, combiner='sqrtn')] +
          fc.shared_embeddings([right, left], 2, combiner='sum'))


def dense():
  features = {'number': np.array(NUMBERS, np.float32), 'pair': np.array(PAIRS, np.float32), 'color': np.array(STRINGS),
              'bag': SPARSE, 'left': np.array([0, 1, 2, 3, 9]), 'right': np.array([3, 3, 0, -1, 1])}
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    layer = tf.compat.v1.keras.layers.DenseFeatures(dense_columns(), name='deep')
    y = layer({k: tensor(v) for k, v in features.items()})
    session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
    variables = sorted(tf.compat.v1.global_variables(), key=lambda v: v.name)
    for i, variable in enumerate(variables):
      variable.load(table_value(i, variable.shape.as_list()), session)
    array('char *const', 'dense_variables', [v.name.split(':')[0].encode() for v in variables])
    array('float', 'dense_output', session.run(y))
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    logits = LinearModel(dense_columns(), units=2, name='linear/linear_model')({k: tensor(v) for k, v in features.items()})
    session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
    variables = sorted(tf.compat.v1.global_variables(), key=lambda v: v.name)
    for i, variable in enumerate(variables):
      shape = variable.shape.as_list()
      variable.load(table_value(i, shape) if len(shape) > 1 else [weight(99, 0, j) for j in range(shape[0])], session)
    array('char *const', 'dense_linear_variables', [v.name.split(':')[0].encode() for v in variables])
    array('float', 'dense_linear', session.run(logits))


def head_run(name, head, batches):
  """Loss of each batch, all metrics after the last, all predictions of the first."""
  losses, metrics = [], head.metrics()
  for features, logits, labels in batches:
    losses.append(head.loss(labels, logits, features).numpy())
    metrics = head.update_metrics(metrics, features, logits, labels)
  array('float', name + '_losses', losses)
  array('char *const', name + '_metric_names', [k.encode() for k in metrics])
  array('float', name + '_metrics', [m.result().numpy() for m in metrics.values()])
  for key, value in head.predictions(tf.constant(batches[0][1])).items():
    kind = {'float32': 'float', 'int64': 'int64_t', 'int32': 'int32_t'}.get(value.dtype.name, 'char *const')
    array(kind, name + '_' + key, value.numpy())


def cut(*arrays):
  return [tuple(a[b:e] for a in arrays) for b, e in ((0, 4), (4, 8), (8, 11))]


def heads():
  random = np.random.RandomState(5)
  logits = random.normal(size=(11, 3)).astype(np.float32)
  weights = random.uniform(size=(11,)).astype(np.float32)
  ones = random.randint(0, 2, 11)
  three = random.randint(0, 3, 11)
  targets = random.normal(size=(11, 2)).astype(np.float32)
  array('float', 'head_logits', logits)
  array('float', 'head_weights', weights)
  array('int64_t', 'head_labels_2', ones)
  array('int64_t', 'head_labels_3', three)
  array('float', 'head_targets', targets)
  words2, words3 = np.array(['no', 'yes']), np.array(['a', 'b', 'c'])

  def batches(columns, labels, weighted):
    return [({'w': w} if weighted else {}, l[:, :columns], y) for l, w, y in cut(logits, weights, labels)]

  head_run('binary', tf.estimator.BinaryClassHead(), batches(1, ones, False))
  head_run('binary_weighted', tf.estimator.BinaryClassHead(weight_column='w', thresholds=[0.25, 0.5], loss_reduction='sum',
                                                           label_vocabulary=['no', 'yes']), batches(1, words2[ones], True))
  head_run('multi', tf.estimator.MultiClassHead(3), batches(3, three, False))
  head_run('multi_weighted', tf.estimator.MultiClassHead(3, weight_column='w', label_vocabulary=['a', 'b', 'c'], name='h'),
           batches(3, words3[three], True))
  head_run('regression', tf.estimator.RegressionHead(), batches(1, targets[:, 0], False))
  head_run('regression_weighted', tf.estimator.RegressionHead(2, weight_column='w'), batches(2, targets, True))


print('/* Made by make_columns.py with TensorFlow 2.15. */')
columns()
dense()
heads()
