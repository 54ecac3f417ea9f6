"""The models of bench/dnn.c in tf.estimator, and in PyTorch where it is installed: steps a second, a line each."""

import sys
import time

import numpy as np

IDS, NUMBERS, BUCKETS, ROWS = 26, 13, 100000, 8192
random = np.random.default_rng(1)


def data(kind):
  if kind == 'wide_deep':
    x = {f'c{i}': random.integers(0, BUCKETS, (ROWS, 1)) for i in range(IDS)}
    x.update({f'n{i}': random.random((ROWS, 1), np.float32) for i in range(NUMBERS)})
    return x, random.integers(0, 2, (ROWS, 1)), 512
  width, classes, batch = (784, 10, 128) if kind == 'large' else (20, 2, 32)
  return {'x': random.random((ROWS, width), np.float32)}, random.integers(0, classes, (ROWS, 1)), batch


def with_estimator(kind, steps):
  import tensorflow as tf
  tf.get_logger().setLevel('ERROR')
  fc = tf.feature_column
  x, y, batch = data(kind)
  config = tf.estimator.RunConfig(save_summary_steps=None, log_step_count_steps=None, save_checkpoints_secs=None)
  if kind == 'wide_deep':
    wide = [fc.categorical_column_with_identity(f'c{i}', BUCKETS) for i in range(IDS)]
    deep = [fc.embedding_column(c, 16) for c in wide] + [fc.numeric_column(f'n{i}') for i in range(NUMBERS)]
    e = tf.estimator.DNNLinearCombinedClassifier(linear_feature_columns=wide, dnn_feature_columns=deep,
                                                 dnn_hidden_units=[256, 128], config=config)
  else:
    e = tf.estimator.DNNClassifier([1024, 512, 256] if kind == 'large' else [64, 32],
                                   [fc.numeric_column('x', x['x'].shape[1])], n_classes=10 if kind == 'large' else 2, config=config)

  class Clock(tf.estimator.SessionRunHook):
    """From the tenth part of the steps on."""
    done, start, seconds = 0, 0, 0

    def after_run(self, *_):
      self.done += 1
      if self.done == steps // 10:
        self.start = time.time()
      self.seconds = time.time() - self.start

  clock = Clock()
  e.train(lambda: tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(batch).prefetch(4), steps=steps, hooks=[clock])
  return (steps - steps // 10) / clock.seconds


def with_torch(kind, steps):
  import torch
  from torch import nn
  x, y, batch = data(kind)
  y = torch.from_numpy(y[:, 0])
  if kind == 'wide_deep':
    ids = torch.from_numpy(np.concatenate([x[f'c{i}'] for i in range(IDS)], 1))
    numbers = torch.from_numpy(np.concatenate([x[f'n{i}'] for i in range(NUMBERS)], 1))
    tables = [nn.Embedding(BUCKETS, 16, sparse=True) for _ in range(IDS)]
    weights = [nn.Embedding(BUCKETS, 1, sparse=True) for _ in range(IDS)]
    net = nn.Sequential(nn.Linear(IDS * 16 + NUMBERS, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 1))
    parameters = [p for m in tables + weights + [net] for p in m.parameters()]
  else:
    widths = [784, 1024, 512, 256, 10] if kind == 'large' else [20, 64, 32, 2]
    layers = [m for i in range(len(widths) - 1) for m in (nn.Linear(widths[i], widths[i + 1]), nn.ReLU())][:-1]
    net = nn.Sequential(*layers)
    parameters = list(net.parameters())
    values = torch.from_numpy(x['x'])
  optimizer = torch.optim.Adagrad(parameters, lr=0.001)
  for step in range(steps):
    if step == steps // 10:
      start = time.time()
    rows = slice(step * batch % ROWS, step * batch % ROWS + batch)
    optimizer.zero_grad()
    if kind == 'wide_deep':
      i = ids[rows]
      deep = net(torch.cat([t(i[:, k]) for k, t in enumerate(tables)] + [numbers[rows]], 1))
      logits = deep + sum(w(i[:, k]) for k, w in enumerate(weights))
      loss = nn.functional.binary_cross_entropy_with_logits(logits[:, 0], y[rows].float())
    else:
      loss = nn.functional.cross_entropy(net(values[rows]), y[rows])
    loss.backward()
    optimizer.step()
  return (steps - steps // 10) / (time.time() - start)


library, kind, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
print(f'{(with_torch if library == "torch" else with_estimator)(kind, steps):.1f}')
