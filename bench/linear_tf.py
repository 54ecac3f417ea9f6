#!/usr/bin/env python3
"""The job of bench/linear.yaml with TensorFlow 2.15, for comparison: some steps of it, and of reading alone.

    linear_tf.py train TRAIN.csv        prints examples/s of tf.estimator's LinearClassifier over make_csv_dataset
    linear_tf.py read TRAIN.tfrecord    prints rows/s of TFRecordDataset, batch, parse_example
"""
import os
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf

tf.get_logger().setLevel("ERROR")
fc = tf.feature_column
BATCH, STEPS, WARM = 2048, 60, 15
NUMBERS = [f"I{i}" for i in range(1, 14)]
STRINGS = [f"C{i}" for i in range(1, 27)]


class Clock(tf.estimator.SessionRunHook):
    def begin(self):
        self.steps, self.start = 0, None

    def after_run(self, run_context, run_values):
        self.steps += 1
        if self.steps == WARM:
            self.start = time.time()

    def end(self, session):
        self.rate = (self.steps - WARM) * BATCH / (time.time() - self.start)


def train(path):
    def input_fn():
        return tf.data.experimental.make_csv_dataset(path, BATCH, column_defaults=[0] + [0.0] * 13 + [""] * 26, num_epochs=1,
                                                     label_name="label", shuffle=False)

    columns = [fc.numeric_column(key, normalizer_fn=tf.math.log1p) for key in NUMBERS]
    columns += [fc.categorical_column_with_hash_bucket(key, 1 << 18) for key in STRINGS]
    clock = Clock()
    with tempfile.TemporaryDirectory() as model_dir:
        tf.estimator.LinearClassifier(
            columns, config=tf.estimator.RunConfig(model_dir, save_checkpoints_steps=None, save_checkpoints_secs=None),
            optimizer=tf.keras.optimizers.legacy.Ftrl(learning_rate=0.2, initial_accumulator_value=1.0),
            loss_reduction=tf.keras.losses.Reduction.SUM).train(input_fn, max_steps=STEPS, hooks=[clock])
    return clock.rate


def read(path):
    spec = {"label": tf.io.FixedLenFeature([1], tf.int64)}
    spec.update({key: tf.io.FixedLenFeature([1], tf.float32, [0.0]) for key in NUMBERS})
    spec.update({key: tf.io.FixedLenFeature([1], tf.string, [""]) for key in STRINGS})
    batches = iter(tf.data.TFRecordDataset(path).batch(BATCH).map(
        lambda records: tf.io.parse_example(records, spec), num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE))
    for _ in range(WARM):
        next(batches)
    start, steps = time.time(), 0
    for _ in batches:
        steps += 1
    return steps * BATCH / (time.time() - start)


print(round({"train": train, "read": read}[sys.argv[1]](sys.argv[2])))
