#!/usr/bin/env python3
"""Columns over features, as TensorFlow 2.15 computes them: writes vectors.txt beside it.

    python3 tests/golden/make_vectors.py [FILE]

A case is a block of lines, which tests/feature_columns/vectors.c reads:
  case TEXT
  column JSON                                   as in a configuration
  feature NAME DTYPE SHAPE VALUES               a dense one, a SHAPE being 2x3
  feature NAME DTYPE SHAPE sparse INDICES VALUES
  name NAME                                     the column's
  ids ROW PLACE ID ...                          of a categorical one
  weights VALUES                                of its ids, where it has some
  dense SHAPE VALUES                            of a dense one; its variables hold weight(i, j)
  lengths VALUES, sequence SHAPE VALUES         of a sequence column in its layer, likewise
Floats are in hexadecimal, strings are "x" and their bytes in hexadecimal. Vocabulary files are relative to the source tree.
"""
import json
import math
import os
import sys
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

import numpy as np
import tensorflow as tf
from tensorflow.python.feature_column import feature_column_v2 as fc2
from tensorflow.python.feature_column.sequence_feature_column import SequenceNumericColumn

fc, v1 = tf.feature_column, tf.compat.v1
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '..', '..')
NESTED = ('source_column', 'categorical_column')
lines = []

TEXTS = ['', ' ', 'a', 'ab', 'abc', 'First', '-1', '18446744073709551615', 'na\u00efve', '\u65e5\u672c\u8a9e', '\U0001f600', 'line\nbreak',
         'nul\0inside'] + ['x' * n for n in (7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000)]
NUMBERS = [0, 1, -1, 7, -7, 42, 2**31 - 1, -2**31, 2**63 - 1, -2**63]
COLORS = np.array([['red', ''], ['green', 'blue'], ['violet', 'red'], ['', ''], ['', 'gr\u00fcn']], object)
CODES = np.array([[10, -1], [30, 20], [99, 10], [-1, -1], [-7, 2**40]], np.int64)
PAIRS = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 0.0], [3.0, 8.0], [-4.0, 0.25]], np.float32)
BAG_AT = [[0, 0], [0, 1], [2, 0], [3, 0], [3, 2]]
BAG = (BAG_AT, np.array(['', 'red', 'violet', 'green', 'green'], object), [5, 3])
COUNTS = (BAG_AT, np.array([1.5, -0.25, 0.0, 3.0, 1e-30], np.float32), [5, 3])
WHOLE = (BAG_AT, np.array([1, 0, -3, 2**24 + 1, 5], np.int64), [5, 3])


def build(node):
  """A column of its JSON."""
  if isinstance(node, str):
    return node
  (name, params), = node.items()
  params = dict(params)
  for key in NESTED:
    if key in params:
      params[key] = build(params[key])
  if 'keys' in params:
    params['keys'] = [build(key) for key in params['keys']]
  if 'dtype' in params:
    params['dtype'] = tf.as_dtype(params['dtype'])
  if 'vocabulary_file' in params:
    params['vocabulary_file'] = os.path.join(ROOT, params['vocabulary_file'])
  return getattr(fc, name)(**params)


def text(value):
  if isinstance(value, (str, bytes)):
    return 'x' + (value.encode() if isinstance(value, str) else value).hex()
  if isinstance(value, (float, np.floating)):
    return 'nan' if math.isnan(value) else float(value).hex() if math.isfinite(value) else 'inf' if value > 0 else '-inf'
  return str(int(value))


def put(*words):
  lines.append(' '.join(words))


def shaped(array):
  return ['x'.join(map(str, np.shape(array)))] + [text(v) for v in np.reshape(array, [-1])]


def put_feature(name, value):
  sparse = isinstance(value, tuple)
  data = value[1] if sparse else value
  dtype = 'string' if data.dtype == object else str(data.dtype)
  if sparse:
    put('feature', name, dtype, 'x'.join(map(str, value[2])), 'sparse', *[text(i) for i in np.reshape(value[0], [-1])],
        *[text(v) for v in data])
  else:
    put('feature', name, dtype, *shaped(data))


def tensor(value):
  if not isinstance(value, tuple):
    return tf.constant(value, tf.string if value.dtype == object else value.dtype)
  return tf.SparseTensor(value[0], tensor(value[1]), value[2])


def weight(i, j):
  return np.float32(((7 * i + 3 * j) % 11 - 5) * 0.125)


def fill(layer):
  session = v1.get_default_session()
  session.run([v1.global_variables_initializer(), v1.tables_initializer()])
  for variable in layer.variables:
    rows, width = variable.shape.as_list()
    variable.load([[weight(i, j) for j in range(width)] for i in range(rows)], session)
  return session


def put_dense(column, features):
  layer = tf.keras.layers.DenseFeatures([column])
  out = layer(features)
  put('dense', *shaped(fill(layer).run(out)))


def put_sequence(column, features):
  layer = tf.keras.experimental.SequenceFeatures([column])
  out, lengths = layer(features)
  session = fill(layer)
  put('lengths', *[text(v) for v in session.run(lengths)])
  put('sequence', *shaped(session.run(out)))


def put_ids(column, features):
  pair = column.get_sparse_tensors(fc2.FeatureTransformationCache(features), None)
  session = v1.get_default_session()
  session.run(v1.tables_initializer())
  ids = session.run(pair.id_tensor)
  put('ids', *[text(v) for at, i in zip(ids.indices, ids.values) for v in (*at, i)])
  if pair.weight_tensor is not None:
    put('weights', *[text(v) for v in session.run(pair.weight_tensor).values])


def case(title, node, **features):
  put('case', title)
  put('column', json.dumps(node))
  for name, value in features.items():
    put_feature(name, value)
  with tf.Graph().as_default(), v1.Session().as_default():
    column = build(node)
    put('name', column.name)
    made = {name: tensor(value) for name, value in features.items()}
    inner = getattr(column, 'categorical_column', column)
    if isinstance(inner, (fc2.SequenceCategoricalColumn, SequenceNumericColumn)):
      put_sequence(column, made)
    elif isinstance(column, fc2.DenseColumn) and not isinstance(column, fc2.CategoricalColumn):
      put_dense(column, made)
    else:
      put_ids(column, made)
  put('end')


def named(name, **params):
  return {name: params}


def categorical(kind, **params):
  return named('categorical_column_with_' + kind, **params)


def one(values, dtype=object):
  return np.array(values, dtype).reshape(-1, 1)


def hashes():
  for size in (1, 10, 1000, 2**31 - 1):
    case('hash %d' % size, categorical('hash_bucket', key='s', hash_bucket_size=size), s=one(TEXTS))
  case('hash of integers', categorical('hash_bucket', key='n', hash_bucket_size=1000, dtype='int64'), n=one(NUMBERS, np.int64))
  case('hash of a bag', categorical('hash_bucket', key='s', hash_bucket_size=7), s=BAG)
  case('identity', categorical('identity', key='n', num_buckets=31), n=CODES)
  case('identity, default', categorical('identity', key='n', num_buckets=31, default_value=30), n=CODES)


def vocabularies():
  words, codes = ['red', 'green', 'blue'], [10, 20, 30]
  colors, numbers = 'tests/interop/scenarios/colors.txt', 'tests/interop/scenarios/codes/words.txt'
  for kind, of_words, of_codes in (('list', {'vocabulary_list': words}, {'vocabulary_list': codes}),
                                   ('file', {'vocabulary_file': colors}, {'vocabulary_file': numbers, 'dtype': 'int64'})):
    kind = 'vocabulary_' + kind
    case(kind, categorical(kind, key='s', **of_words), s=COLORS)
    case(kind + ', default', categorical(kind, key='s', default_value=2, **of_words), s=COLORS)
    case(kind + ', buckets', categorical(kind, key='s', num_oov_buckets=3, **of_words), s=one(TEXTS + words))
    case(kind + ' over a bag', categorical(kind, key='s', num_oov_buckets=3, **of_words), s=BAG)
    case(kind + ' of integers', categorical(kind, key='n', num_oov_buckets=5, **of_codes), n=CODES)
  case('first lines of a file', categorical('vocabulary_file', key='s', vocabulary_file=colors, vocabulary_size=2, num_oov_buckets=4), s=COLORS)


def buckets(key, boundaries, **params):
  return named('bucketized_column', source_column=named('numeric_column', key=key, **params), boundaries=boundaries)


def bucketized():
  edges = np.float32([-1.5, 0.0, 0.1, 10.0])
  near = [x for e in edges for x in (np.nextafter(e, np.float32(-9e9)), e, np.nextafter(e, np.float32(9e9)))]
  tiny = np.finfo(np.float32).tiny   # nothing smaller: TensorFlow may take it for 0
  values = [x for x in near if x == 0 or abs(x) >= tiny] + [tiny, -tiny, -math.inf, math.inf, math.nan, -0.0, 1e30]
  case('buckets', buckets('x', [-1.5, 0.0, 0.1, 10.0]), x=one(values, np.float32))
  case('buckets of pairs', buckets('x', [0, 0.5, 2], shape=[2]), x=PAIRS)


def cross(keys, size, **params):
  return named('crossed_column', keys=keys, hash_bucket_size=size, **params)


def crosses():
  known = categorical('vocabulary_list', key='s', vocabulary_list=['red', 'green', 'blue'])
  case('cross of texts', cross(['s', 't'], 1000), s=one(TEXTS), t=one(TEXTS[::-1]))
  case('cross with a key', cross(['s', 't'], 1000, hash_key=7), s=one(TEXTS), t=one(TEXTS[::-1]))
  case('cross of integers', cross(['n', 'm'], 2**40), n=one(NUMBERS, np.int64), m=one(NUMBERS[::-1], np.int64))
  case('cross of rows', cross(['n', 's'], 1000), n=CODES, s=COLORS)
  case('cross of a bag and buckets', cross(['b', buckets('x', [0, 0.5, 2], shape=[2])], 64), b=BAG, x=PAIRS)
  case('cross of dense and sparse', cross(['s', known, 'b'], 1000), s=COLORS, b=BAG)
  case('cross in a cross', cross([cross(['s', 'b'], 9), 'n'], 100), s=COLORS, b=BAG, n=CODES)
  case('cross with what is not known', cross([known, 'n'], 100), s=COLORS, n=CODES)


def weighted(inner, **params):
  return named('weighted_categorical_column', categorical_column=inner, weight_feature_key='w', **params)


def weights():
  words = categorical('vocabulary_list', key='s', vocabulary_list=['red', 'green'])
  case('weights of a bag', weighted(words), s=BAG, w=COUNTS)
  case('whole weights', weighted(categorical('hash_bucket', key='s', hash_bucket_size=7), dtype='int64'), s=BAG, w=WHOLE)
  case('dense weights', weighted(words), s=COLORS, w=np.array([[2, 0], [0.5, -1], [3, 4], [0, 0], [0, 1e-9]], np.float32))
  case('weights by their order', weighted(categorical('identity', key='n', num_buckets=50)), n=CODES,
       w=np.array([[2, 0], [0.5, -1], [3, 4], [7, 0], [0, 1e-9]], np.float32))


def indicator(inner):
  return named('indicator_column', categorical_column=inner)


def embedding(inner, dimension=3, **params):
  return named('embedding_column', categorical_column=inner, dimension=dimension, **params)


def dense():
  words = categorical('vocabulary_list', key='s', vocabulary_list=['red', 'green'], num_oov_buckets=2)
  known = categorical('vocabulary_list', key='s', vocabulary_list=['red', 'green', 'violet'])
  case('indicator', indicator(known), s=COLORS)
  case('indicator of weights', indicator(weighted(words)), s=BAG, w=COUNTS)
  case('indicator of buckets', indicator(buckets('x', [0, 0.5, 2], shape=[2])), x=PAIRS)
  for combiner in ('sum', 'mean', 'sqrtn'):
    case('embedding, ' + combiner, embedding(words, combiner=combiner), s=BAG)
    case('embedding of weights, ' + combiner, embedding(weighted(words), combiner=combiner), s=BAG, w=COUNTS)
  case('embedding, max_norm', embedding(known, max_norm=0.75, combiner='sum'), s=COLORS)
  case('embedding of a cross', embedding(cross(['s', 'b'], 50), 2), s=COLORS, b=BAG)


def sequences():
  late = ([[0, 0], [0, 1], [0, 3], [2, 1], [3, 0]], np.array(['red', 'blue', 'green', 'violet', ''], object), [5, 4])
  deep = ([[0, 0, 1], [0, 2, 0], [0, 2, 1], [2, 0, 0]], np.array(['red', 'green', 'red', 'blue'], object), [4, 3, 2])
  numbers = ([[0, 0], [0, 1], [0, 2], [2, 0], [3, 0], [3, 1], [3, 2], [3, 3]], np.float32([1, -2, 3, 4.5, 5, 6, 7, 8]), [5, 4])
  none = (np.zeros([0, 2], np.int64), np.array([], object), [2, 0])
  sequence = lambda kind, **params: {'sequence_categorical_column_with_' + kind: params}
  words = sequence('vocabulary_list', key='s', vocabulary_list=['red', 'green', 'violet'])
  lines_ = sequence('vocabulary_file', key='s', vocabulary_file='tests/interop/scenarios/colors.txt', num_oov_buckets=2)
  case('steps of words', embedding(words), s=late)
  case('steps counted', indicator(words), s=late)
  case('steps of bags', embedding(words, combiner='sqrtn'), s=deep)
  case('steps of lines', indicator(lines_), s=late)
  case('steps of a matrix', embedding(sequence('hash_bucket', key='s', hash_bucket_size=7)), s=COLORS)
  case('steps of integers', indicator(sequence('identity', key='n', num_buckets=31, default_value=2)), n=CODES)
  case('no steps', embedding(words), s=none)
  case('steps of numbers', named('sequence_numeric_column', key='x'), x=numbers)
  case('steps of pairs', named('sequence_numeric_column', key='x', shape=[2], default_value=-1.0), x=numbers)


if __name__ == '__main__':
  for part in (hashes, vocabularies, bucketized, crosses, weights, dense, sequences):
    part()
  with open(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, 'vectors.txt'), 'w') as f:
    f.write('# Made by make_vectors.py with TensorFlow 2.15.\n' + '\n'.join(lines) + '\n')
