#!/usr/bin/env python3
"""TensorFlow's gradients through branches and loops: writes control.inc beside this file, for tests/runtime/function_gradients.c, whose
functions these are."""
import os
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
X = tf.constant([0.5, -1.25, 2], tf.float64)
W = tf.constant(0.75, tf.float64)


def polynomial(x):
    return tf.square(x) * tf.sigmoid(x), tf.reduce_sum(x) * W


def product(x):
    return tf.exp(x * 0.5), tf.constant(7, tf.float64)


def same(x):
    return x, W


def recur(n, x, h, w):
    return tf.while_loop(lambda i, h, u: i < n, lambda i, h, u: (i + 1, tf.tanh(h * w + x), tf.square(h)), (0, h, h))


def either(x, n):
    c = tf.cond(n > 0, lambda: polynomial(x), lambda: product(x))
    return tf.reduce_sum(tf.square(c[0])) + c[1]


def one_of_several(x, n):
    c = tf.switch_case(n, [lambda: polynomial(x), lambda: product(x), lambda: same(x)])
    return tf.reduce_sum(tf.square(c[0])) + c[1]


def over_and_over(x, n):
    _, h, u = tf.while_loop(lambda i, h, u: i < n, lambda i, h, u: (i + 1, tf.tanh(h * W + x), tf.square(h)), (0, tf.square(x), -x))
    return tf.reduce_sum(h) + tf.reduce_sum(tf.square(u))


def loops_within_loops(x, n):
    def body(i, h):
        inner = recur(i, x, h, W)[1]
        c = tf.cond(i % 2 == 1, lambda: polynomial(inner), lambda: product(inner))
        return i + 1, c[0] * tf.tanh(h)
    return tf.reduce_sum(tf.while_loop(lambda i, h: i < n, body, (0, x))[1])


def gradient(fn, n):
    @tf.function
    def run(x, n):
        return tf.gradients(fn(x, n), x)[0]
    return run(X, tf.constant(n)).numpy()


with open(os.path.join(HERE, 'control.inc'), 'w') as out:
    out.write('/* Made by make_control.py: the gradient by x = [0.5, -1.25, 2] for n = 0 to 3. */\n')
    for fn in (either, one_of_several, over_and_over, loops_within_loops):
        out.write('static const double tf_%s[4][3] = {\n' % fn.__name__)
        for n in range(4):
            out.write('    { %s },\n' % ', '.join(repr(float(v)) for v in gradient(fn, n)))
        out.write('};\n')
