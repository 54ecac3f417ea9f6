#!/usr/bin/env python3
"""The job of tutorials/titanic.yaml with TensorFlow 2.15's tf.estimator, for comparison.

    titanic_tf.py train DATA_FOLDER MODEL_DIR     prints {"steps_per_sec": of steps 100 to 1000}
    titanic_tf.py export DATA_FOLDER MODEL_DIR    prints {"export_seconds": ..., "load_seconds": ...}
"""
import json
import os
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf

tf.get_logger().setLevel("ERROR")
fc = tf.feature_column
STEPS, WARM = 1000, 100
VOCABULARIES = {"sex": ["male", "female"], "class": ["First", "Second", "Third"],
                "deck": ["A", "B", "C", "D", "E", "F", "G", "unknown"], "alone": ["y", "n"]}


def columns():
    numbers = [fc.numeric_column("age", default_value=29.6, normalizer_fn=lambda x: (x - 29.6) / 12.5),
               fc.numeric_column("fare", normalizer_fn=tf.math.log1p),
               fc.numeric_column("n_siblings_spouses"), fc.numeric_column("parch")]
    words = [fc.categorical_column_with_vocabulary_list(key, words) for key, words in VOCABULARIES.items()]
    return numbers + words + [fc.categorical_column_with_hash_bucket("embark_town", 32)]


def input_fn(path):
    defaults = [tf.int64, "", 29.6, 0.0, 0.0, 0.0, "", "", "", ""]
    return tf.data.experimental.make_csv_dataset(path, 32, column_defaults=defaults, label_name="survived",
                                                 shuffle_buffer_size=1000, shuffle_seed=1)


class Clock(tf.estimator.SessionRunHook):
    """Steps a second, from step WARM on."""

    def begin(self):
        self.steps, self.start = 0, None

    def after_run(self, run_context, run_values):
        self.steps += 1
        if self.steps == WARM:
            self.start = time.time()

    def end(self, session):
        self.rate = (self.steps - WARM) / (time.time() - self.start)


def main(action, data, model_dir):
    config = tf.estimator.RunConfig(model_dir, tf_random_seed=1, save_checkpoints_steps=500)
    estimator = tf.estimator.LinearClassifier(columns(), config=config,
                                              optimizer=tf.keras.optimizers.legacy.Ftrl(learning_rate=0.2))
    if action == "train":
        clock = Clock()
        estimator.train(lambda: input_fn(os.path.join(data, "titanic_train.csv")), max_steps=STEPS, hooks=[clock])
        print(json.dumps({"steps_per_sec": clock.rate}))
        return
    receiver = tf.estimator.export.build_parsing_serving_input_receiver_fn(fc.make_parse_example_spec(columns()))
    with tempfile.TemporaryDirectory() as base:
        start = time.time()
        path = estimator.export_saved_model(base, receiver)
        exported = time.time()
        tf.saved_model.load(path.decode())
        print(json.dumps({"export_seconds": exported - start, "load_seconds": time.time() - exported}))


main(*sys.argv[1:])
