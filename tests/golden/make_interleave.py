#!/usr/bin/env python3
"""make_interleave.py > interleave.inc: the order in which tf.data.Dataset.interleave gives rows, by TensorFlow 2.15."""
import random

import tensorflow as tf


def order(lengths, cycle, block):
    """Input i holds i * 100 + 0, 1, ..."""
    first = tf.constant([i * 100 for i in range(len(lengths))], tf.int64)
    ends = tf.constant([i * 100 + n for i, n in enumerate(lengths)], tf.int64)
    inputs = tf.data.Dataset.from_tensor_slices((first, ends))
    return [int(x) for x in inputs.interleave(lambda a, b: tf.data.Dataset.range(a, b), cycle_length=cycle, block_length=block,
                                              deterministic=True)]


def main():
    rand = random.Random(1)
    cases = [([3, 3], 2, 1), ([5, 1, 4, 0, 2], 2, 2), ([0, 0, 3], 1, 2), ([7], 3, 2), ([2, 9, 1, 4], 3, 3), ([0, 4, 0, 5], 2, 1)]
    for _ in range(24):
        lengths = [rand.choice([0, 1, 2, 3, 5, 8, 20]) for _ in range(rand.randint(1, 7))]
        cases.append((lengths, rand.randint(1, 8), rand.randint(1, 5)))
    for lengths, cycle, block in cases:
        rows = order(lengths, cycle, block)
        numbers = ", ".join(str(n) for n in rows) or "0"
        print("{ %d, { %s }, %d, %d, %d, { %s } }," % (len(lengths), ", ".join(map(str, lengths)), cycle, block, len(rows), numbers))


if __name__ == "__main__":
    main()
