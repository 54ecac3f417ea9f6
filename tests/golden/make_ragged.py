#!/usr/bin/env python3
"""tf.estimator's numbers for features of variable length, given as SparseTensors: writes ragged.inc beside it."""
import os
import tempfile
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
import tensorflow as tf

ROWS, BATCH, STEPS = 26, 8, 40
fc = tf.feature_column
tf.get_logger().setLevel('ERROR')

# Row i: i * 5 % 4 texts, i * 3 % 5 numbers; both are empty in some rows, and longest in different ones.
tags = [['t%d' % (i * k % 11 + k) for k in range(i * 5 % 4)] for i in range(ROWS)]
codes = [[(i + 3 * k) % 9 for k in range(i * 3 % 5)] for i in range(ROWS)]
x = np.array([i % 7 / 4 - 0.5 for i in range(ROWS)], np.float32)
y = np.array([(i * 7 + i // 3) % 3 % 2 for i in range(ROWS)], np.int64)


def sparse(rows, dtype):
    at = [[r, k] for r, row in enumerate(rows) for k in range(len(row))]
    values = [v for row in rows for v in row]
    return tf.SparseTensor(np.array(at, np.int64).reshape(-1, 2), tf.constant(values, dtype),
                           [len(rows), max(map(len, rows))])


def input_fn(repeat):
    def make():
        features = {'tags': sparse(tags, tf.string), 'codes': sparse(codes, tf.int64), 'x': x}
        d = tf.data.Dataset.from_tensor_slices((features, y))
        return (d.repeat() if repeat else d).batch(BATCH)
    return make


out = ['/* Made by make_ragged.py with TensorFlow 2.15. */']


def put(ctype, name, values):
    values = np.asarray(values).reshape(-1).tolist()
    text = [f'"{v}"' if ctype.startswith('char') else v.hex() + ('f' if ctype == 'float' else '') if isinstance(v, float)
            else str(v) for v in values]
    kind = 'char *const ' if ctype.startswith('char') else ctype + ' '
    lines, line = [], '   '
    for t in text:
        if len(line) + len(t) > 108:
            lines.append(line)
            line = '   '
        line += ' ' + t + ','
    out.append(f'static const {kind}{name}[] = {{\n' + '\n'.join(lines + [line]) + '\n};')


def offsets(rows):
    return np.cumsum([0] + [len(r) for r in rows])


put('char', 'ragged_tags', [t for r in tags for t in r])
put('int64_t', 'ragged_tag_offsets', offsets(tags))
put('int64_t', 'ragged_codes', [c for r in codes for c in r])
put('int64_t', 'ragged_code_offsets', offsets(codes))
put('float', 'ragged_x', x)
put('int64_t', 'ragged_y', y)
for combiner in ('sum', 'mean'):
    columns = [fc.categorical_column_with_hash_bucket('tags', 16), fc.categorical_column_with_identity('codes', 9), fc.numeric_column('x'),
               fc.crossed_column(['tags', 'codes'], 24)]
    with tempfile.TemporaryDirectory() as model_dir:
        e = tf.estimator.LinearClassifier(columns, model_dir=model_dir, sparse_combiner=combiner)
        e.train(input_fn(True), max_steps=STEPS)
        for name in ('tags', 'codes', 'x', 'codes_X_tags'):
            put('float', f'ragged_{combiner}_{name}', e.get_variable_value(f'linear/linear_model/{name}/weights'))
        r = e.evaluate(input_fn(False))
        put('double', f'ragged_{combiner}_metrics', [float(r[k]) for k in ('loss', 'average_loss', 'accuracy', 'auc')])
        put('float', f'ragged_{combiner}_logits', [p['logits'] for p in e.predict(input_fn(False))])
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'ragged.inc'), 'w') as f:
    f.write('\n'.join(out) + '\n')
