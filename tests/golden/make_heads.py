#!/usr/bin/env python3
"""Losses of three batches, metrics after the last and predictions of the first, of tf.estimator's heads, as TensorFlow 2.15 gives them.

    python3 tests/golden/make_heads.py > tests/golden/heads.inc
"""
import os
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

import numpy as np
import tensorflow as tf

ROWS, CUTS = 11, ((0, 4), (4, 8), (8, 11))
est = tf.estimator


def array(kind, name, values):
  texts = ['"%s"' % v if isinstance(v, str) else '%.9g' % v for v in np.asarray(values, dtype=object).reshape(-1)]
  texts = [t + '.0' if kind == 'float' and not any(c in t for c in '.en') else t for t in texts]
  print('static const %s %s[] = {' % (kind, name))
  line = '   '
  for t in texts:
    if len(line) + len(t) > 105:
      print(line)
      line = '   '
    line += ' ' + t + ','
  print(line + '\n};')


def text(key):
  return key if isinstance(key, str) else '/'.join(key)


def update(head, metrics, features, logits, labels):
  """A MultiHead makes its heads' metrics anew at each call, outside of a graph: here they are made once."""
  if not isinstance(head, est.MultiHead):
    head.update_metrics(metrics, features, tf.constant(logits), labels)
    return
  first = 0
  for part in head._heads:
    x = tf.constant(logits[:, first:first + part.logits_dimension])
    first += part.logits_dimension
    metrics['loss/' + part.name].update_state(part.loss(labels[part.name], x, features))
    own = {k: m for k, m in metrics.items() if not k.startswith('loss/') and k.endswith('/' + part.name)} or part.metrics()
    metrics.update(part.update_metrics(own, features, x, labels[part.name]))


def run(name, head, logits, weights, labels):
  """labels(begin, end) gives those of a batch."""
  losses, metrics = [], head.metrics()
  for b, e in CUTS:
    features = {'w': weights[b:e]}
    losses.append(head.loss(labels(b, e), tf.constant(logits[b:e]), features).numpy())
    update(head, metrics, features, logits[b:e], labels(b, e))
  array('float', name + '_losses', losses)
  array('char *const', name + '_metric_names', list(metrics))
  array('float', name + '_metrics', [m.result().numpy() for m in metrics.values()])
  predictions = {text(k): v.numpy() for k, v in head.predictions(tf.constant(logits[:4])).items() if v.dtype == tf.float32}
  array('char *const', name + '_keys', list(predictions))
  array('float', name + '_predictions', np.concatenate([v.reshape(-1) for v in predictions.values()]))


def sparse(lists, b, e):
  indices = [[i, j] for i, row in enumerate(lists[b:e]) for j in range(len(row))]
  return tf.SparseTensor(indices, [v for row in lists[b:e] for v in row], [e - b, 3])


r = np.random.RandomState(11)
logits = r.normal(size=(ROWS, 3)).astype(np.float32)
weights = r.uniform(0.25, 2, size=(ROWS,)).astype(np.float32)
shares = r.uniform(size=(ROWS,)).astype(np.float32)
counts = r.poisson(1.5, size=(ROWS, 2)).astype(np.float32)
hot = r.randint(0, 2, size=(ROWS, 3))
ids = [[int(c) for c in np.nonzero(row)[0]] for row in hot]
words = [['abc'[c] for c in row] for row in ids]
print('/* Made by make_heads.py with TensorFlow 2.15. */')
for name, values in (('logits', logits), ('weights', weights), ('shares', shares), ('counts', counts), ('hot', hot)):
  array('float', 'heads_' + name, values)

run('logistic', est.LogisticRegressionHead(weight_column='w'), logits[:, :1], weights, lambda b, e: shares[b:e])
run('poisson', est.PoissonRegressionHead(label_dimension=2), logits[:, :2], weights, lambda b, e: counts[b:e])
run('poisson_short', est.PoissonRegressionHead(label_dimension=2, weight_column='w', compute_full_loss=False, loss_reduction='sum', name='p'),
    logits[:, :2], weights, lambda b, e: counts[b:e])
run('multi_hot', est.MultiLabelHead(3, weight_column='w', thresholds=[0.3], classes_for_class_based_metrics=[0, 2]),
    logits, weights, lambda b, e: hot[b:e])
run('lists', est.MultiLabelHead(3), logits, weights, lambda b, e: sparse(ids, b, e))
run('words', est.MultiLabelHead(3, label_vocabulary=['a', 'b', 'c'], classes_for_class_based_metrics=['b'], name='tags', loss_reduction='sum'),
    logits, weights, lambda b, e: sparse(words, b, e))
run('custom', est.RegressionHead(2, weight_column='w', loss_fn=lambda labels, logits: tf.abs(labels - logits),
                                 inverse_link_fn=tf.math.softplus), logits[:, :2], weights, lambda b, e: counts[b:e])
run('custom_binary', est.BinaryClassHead(loss_fn=lambda labels, logits: tf.square(labels - tf.sigmoid(logits))), logits[:, :1],
    weights, lambda b, e: hot[b:e, 0])
run('several', est.MultiHead([est.BinaryClassHead(name='one', weight_column='w'), est.RegressionHead(2, name='two')], [0.5, 2.0]),
    logits, weights, lambda b, e: {'one': hot[b:e, 0], 'two': counts[b:e]})
