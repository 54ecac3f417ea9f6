#!/usr/bin/env python3
"""Writes fingerprint.inc: farmhash fingerprints of prefixes of one byte string, by TensorFlow."""
import os

import numpy as np
import tensorflow as tf

LENGTHS = list(range(0, 70)) + [127, 128, 129, 191, 192, 193, 255, 256, 1000]
DATA = bytes((i * i * 7 + i * 31 + 5) % 256 for i in range(1000))

strings = [DATA[:n] for n in LENGTHS]
rows = tf.raw_ops.Fingerprint(data=tf.reshape(tf.constant(strings), [-1, 1]), method="farmhash64").numpy()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "fingerprint.inc"), "w") as out:
    out.write("/* Made by fingerprint.py with TensorFlow %s: { length, fingerprint }. */\n" % tf.__version__)
    for n, row in zip(LENGTHS, rows):
        out.write("{ %d, 0x%016xu },\n" % (n, int(np.frombuffer(row.tobytes(), "<u8")[0])))
