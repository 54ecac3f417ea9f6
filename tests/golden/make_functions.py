"""Makes functions/: a SavedModel of TensorFlow with functions, branches and loops, and answers.txt: inputs of
each signature, and what TensorFlow gives for them. Run: python make_functions.py (TensorFlow 2.15)."""
import os
import shutil

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
os.environ['CUDA_VISIBLE_DEVICES'] = ''
import numpy as np
import tensorflow as tf

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'functions')
X = tf.TensorSpec([None, 3], tf.float32, name='x')
N = tf.TensorSpec([None], tf.int64, name='n')
S = tf.TensorSpec([None], tf.string, name='s')


class Model(tf.Module):
    """One signature a kind; the names of the methods are those of the signatures."""

    @tf.function(input_signature=[X])
    def call(self, x):
        @tf.function
        def inner(a, b):
            return a * 2.0 + b, tf.reduce_sum(a, axis=1, keepdims=True)
        y, total = inner(x, inner(x, x)[0])
        return {'y': y, 'total': total}

    @tf.function(input_signature=[X, N])
    def cond(self, x, n):
        many = tf.reduce_sum(n) > 3
        y, z = tf.cond(many, lambda: (tf.nn.relu(x), x), lambda: (-x, tf.ones_like(x) * 0.5))
        w = tf.cond(tf.reduce_max(x) > 0.0, lambda: tf.cond(many, lambda: y + z, lambda: y - z), lambda: x)
        return {'y': y, 'w': w, 'many': tf.fill(tf.shape(n), many)}

    @tf.function(input_signature=[X, N])
    def loop(self, x, n):
        last = tf.cast(tf.reduce_max(n), tf.int32)
        matrix = tf.constant(np.arange(9, dtype=np.float32).reshape(3, 3) / 10 - 0.3)
        i, y, swapped, other = tf.while_loop(
            lambda i, y, a, b: i < last,
            lambda i, y, a, b: (i + 1, tf.tanh(tf.matmul(y, matrix)) + a, b, a + 1.0),
            [tf.constant(0), x, x, x * 2.0])
        return {'y': y, 'swapped': swapped, 'other': other, 'steps': tf.fill(tf.shape(n), i)}

    @tf.function(input_signature=[N])
    def nested(self, n):
        def outer(i, total):
            inner = tf.while_loop(lambda j, t: j < i, lambda j, t: (j + 1, tf.where(n > j, t + j * i, t - 1)),
                                  [tf.constant(0, tf.int64), total])[1]
            return i + 1, tf.cond(i % 2 == 0, lambda: inner, lambda: inner + 1)
        return {'total': tf.while_loop(lambda i, t: i < 5, outer, [tf.constant(0, tf.int64), tf.zeros_like(n)])[1]}

    @tf.function(input_signature=[X])
    def grow(self, x):
        """A variable of the loop that changes its shape, and lists."""
        rows = tf.TensorArray(tf.float32, size=4)
        def body(i, all_, array):
            return i + 1, tf.concat([all_, x[:, :1] * tf.cast(i, tf.float32)], 1), array.write(i, x + tf.cast(i, tf.float32))
        _, wide, array = tf.while_loop(lambda i, *_: i < 4, body, [tf.constant(0), x, rows],
                                       shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, None]), None])
        return {'wide': wide, 'stacked': tf.transpose(array.stack(), [1, 0, 2])}

    @tf.function(input_signature=[S])
    def words(self, s):
        _, t = tf.while_loop(lambda i, t: i < 3, lambda i, t: (i + 1, tf.strings.join([t, tf.strings.as_string(i)])),
                             [tf.constant(0), s])
        return {'t': t}


def values_of(spec, rng, n):
    if spec.dtype == tf.float32:
        return tf.constant(np.round(rng.normal(size=(n, 3)), 2), tf.float32)
    if spec.dtype == tf.int64:
        return tf.constant(rng.integers(0, 5, size=n), tf.int64)
    return tf.constant(['w%d' % rng.integers(0, 100) for _ in range(n)])


def line(signature, way, key, t):
    a = t.numpy()
    words = ['x' + v.hex() for v in a.ravel()] if t.dtype == tf.string else ['%.9g' % v for v in a.ravel()]
    shape = 'x'.join(str(d) for d in a.shape)
    return ' '.join([signature, way, key, t.dtype.name, shape or '-'] + words) + '\n'


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    model, rng = Model(), np.random.default_rng(7)
    names = {'call': [X], 'cond': [X, N], 'loop': [X, N], 'nested': [N], 'grow': [X], 'words': [S]}
    tf.saved_model.save(model, os.path.join(HERE, 'model'), signatures={n: getattr(model, n) for n in names})
    loaded = tf.saved_model.load(os.path.join(HERE, 'model'))
    for f in ('fingerprint.pb', 'variables', 'assets'):
        path = os.path.join(HERE, 'model', f)
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    with open(os.path.join(HERE, 'answers.txt'), 'w') as out:
        for name, specs in names.items():
            for rows in (3, 5, 1):
                feeds = {s.name: values_of(s, rng, rows) for s in specs}
                for key in sorted(feeds):
                    out.write(line(name, 'in', key, feeds[key]))
                for key, value in sorted(loaded.signatures[name](**feeds).items()):
                    out.write(line(name, 'out', key, value))


main()
