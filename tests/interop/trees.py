#!/usr/bin/env python3
"""Trees over numbers, missing numbers, ranges, categories and indicators, of two and of three classes: exported, run by TensorFlow 2.15,
beside what `predict` and `saved-model run` give.

Run: python3 tests/interop/trees.py ESTIMATOR DATA
"""
import csv
import json
import os
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

NUMBERS = {"age": 0, "fare": 0, "n_siblings_spouses": 0}
CONFIG = """
task:
  model:
    estimator: BoostedTreesClassifier
    n_trees: 20
    max_depth: 4
    center_bias: true
    n_classes: %(classes)d
%(vocabulary)s
    feature_columns:
      - numeric_column: {key: age, default_value: .nan}
      - numeric_column: {key: fare, default_value: 0}
      - categorical_column_with_hash_bucket: {key: embark_town, hash_bucket_size: 50}
      - categorical_column_with_vocabulary_list: {key: deck, vocabulary_list: [A, B, C, D, E, F]}
      - indicator_column: {categorical_column: {categorical_column_with_vocabulary_list: {key: sex, vocabulary_list: [male, female]}}}
      - bucketized_column: {source_column: {numeric_column: {key: n_siblings_spouses}}, boundaries: [1, 2, 3]}
  train_data: {input_path: %(train)s, label: %(label)s, batch_size: 32}
"""


def run(command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def example(row):
    feature = {}
    for key, value in row.items():
        if key in NUMBERS:
            if value:
                feature[key] = tf.train.Feature(float_list=tf.train.FloatList(value=[float(value)]))
        elif value:
            feature[key] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def check(estimator, tmp, data, name, **options):
    config = os.path.join(tmp, name + ".yaml")
    with open(config, "w") as f:
        f.write(CONFIG % dict(options, train=os.path.join(data, "titanic_train.csv")))
    quiet = [estimator, "--quiet"]
    model = ["--model-dir", os.path.join(tmp, name)]
    run(quiet + ["train", config] + model)
    directory = run(quiet + ["export", config, "--export-dir", os.path.join(tmp, name + "_export")] + model).strip()
    rows = list(csv.DictReader(open(os.path.join(data, "titanic_eval.csv"))))[:100]
    for i, row in enumerate(rows):     # absent, and never seen
        row["age"] = "" if i % 4 == 0 else row["age"]
        row["embark_town"] = ["", "Nowhere", row["embark_town"]][i % 3]
    path = os.path.join(tmp, "rows.csv")
    with open(path, "w", newline="") as f:
        w = csv.DictWriter(f, rows[0].keys())
        w.writeheader()
        w.writerows(rows)
    ours = [json.loads(line)["logits"] for line in run(quiet + ["predict", config, "--input", path] + model).splitlines()]
    examples = [example(row) for row in rows]
    records = os.path.join(tmp, "rows.tfrecord")
    with tf.io.TFRecordWriter(records) as w:
        for e in examples:
            w.write(e)
    loaded = [json.loads(line)["logits"] for line in
              run(quiet + ["saved-model", "run", directory, "--signature", "predict", "--input", records]).splitlines()]
    theirs = tf.saved_model.load(directory).signatures["predict"](examples=tf.constant(examples))["logits"].numpy()
    assert np.std(theirs) > 0.1, "the model says the same of all rows"
    np.testing.assert_allclose(theirs, ours, 1e-5, 1e-5)
    np.testing.assert_allclose(theirs, loaded, 1e-5, 1e-5)


def main(estimator, data):
    with tempfile.TemporaryDirectory() as tmp:
        check(estimator, tmp, data, "binary", classes=2, vocabulary="", label="survived")
        check(estimator, tmp, data, "classes", classes=3, vocabulary="    label_vocabulary: [First, Second, Third]", label="class")
    print("trees: equal in TensorFlow")


main(*sys.argv[1:])
