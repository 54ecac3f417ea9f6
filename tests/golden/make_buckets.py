#!/usr/bin/env python3
"""The batches of tf.data.Dataset.bucket_by_sequence_length: writes buckets.inc beside it, a text a case, a line a row, "--" after
each batch."""
import os
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import tensorflow as tf

ROWS = 50


def rows():
    for i in range(ROWS):
        yield {'list': [i * 20 + k for k in range((i * i * 7 + 3 * i) % 13)], 'n': i}


def case(name, repeat, boundaries, sizes, **options):
    spec = {'list': tf.TensorSpec([None], tf.int64), 'n': tf.TensorSpec([], tf.int64)}
    d = tf.data.Dataset.from_generator(rows, output_signature=spec).repeat(repeat)
    d = d.bucket_by_sequence_length(lambda r: tf.shape(r['list'])[0], boundaries, sizes, **options)
    text = []
    for batch in d.as_numpy_iterator():
        for values, n in zip(batch['list'], batch['n']):
            text.append(f'"{" ".join(map(str, values))}|{n}\\n"')
        text.append('"--\\n"')
    return f'static const char buckets_{name}[] =\n    ' + '\n    '.join(text) + ';\n'


out = ['/* Made by make_buckets.py with TensorFlow 2.15. */\n',
       case('plain', 1, [3, 7], [4, 3, 2]),
       case('repeated', 2, [1, 5, 8], [2, 5, 4, 3], drop_remainder=True),
       case('to_boundary', 1, [6, 14], [6, 5, 1], pad_to_bucket_boundary=True)]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'buckets.inc'), 'w') as f:
    f.write(''.join(out))
