#!/usr/bin/env python3
"""LinearSDCA beside tf.estimator.experimental.LinearSDCA, which takes examples in an order that changes from run to run: the regularised
loss at the end, and the weights there, are the same; variables have the same names and shapes; each goes on from the other's checkpoint,
with the state of all examples.

Run: python3 tests/interop/sdca.py ESTIMATOR
"""
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
import yaml

fc = tf.feature_column
ROWS, STEPS = 200, 600
KINDS = [
    ("logistic", "LinearClassifier", "sign", dict(symmetric_l2_regularization=2.0)),
    ("squared", "LinearRegressor", "value", dict(symmetric_l2_regularization=1.0)),
    ("l1", "LinearRegressor", "value", dict(symmetric_l2_regularization=1.0, symmetric_l1_regularization=8.0)),
    ("adaptive", "LinearClassifier", "sign", dict(symmetric_l2_regularization=4.0, adaptive=True)),
    ("sharded", "LinearClassifier", "sign", dict(symmetric_l2_regularization=2.0, num_table_shards=3, num_loss_partitions=2)),
]


def write_data(path):
    random = np.random.RandomState(0)
    columns = {"id": ["ex%d" % i for i in range(ROWS)], "age": random.randn(ROWS).round(4), "fare": (random.randn(ROWS) * 2).round(4),
               "class": random.choice(["a", "b", "c", "other"], ROWS), "w": random.uniform(0.5, 2, ROWS).round(3)}
    value = columns["age"] - 0.5 * columns["fare"] + np.array([{"a": 1, "b": -1}.get(c, 0) for c in columns["class"]])
    columns["value"] = (value + random.randn(ROWS)).round(4)
    columns["sign"] = (columns["value"] > 0).astype(int)
    with open(path, "w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values()))
    return columns


def features():
    return [fc.numeric_column("age"), fc.numeric_column("fare"), fc.bucketized_column(fc.numeric_column("age"), [-0.5, 0.5]),
            fc.categorical_column_with_vocabulary_list("class", ["a", "b", "c"])]


def input_fn(columns, label, repeated=True):
    kinds = {"id": str, "class": str, "sign": np.int64}
    data = {k: np.asarray(columns[k]).astype(kinds.get(k, np.float32)) for k in ("id", "age", "fare", "class", "w", label)}
    y = data.pop(label)
    return lambda: tf.data.Dataset.from_tensor_slices((data, y)).batch(ROWS).repeat(None if repeated else 1)


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def write_config(path, model_dir, estimator, label, options, steps):
    numeric = [{"numeric_column": {"key": k}} for k in ("age", "fare")]
    columns = numeric + [{"bucketized_column": {"source_column": numeric[0], "boundaries": [-0.5, 0.5]}},
                         {"categorical_column_with_vocabulary_list": {"key": "class", "vocabulary_list": ["a", "b", "c"]}}]
    data = {"format": "csv", "input_path": "data.csv", "label": label, "batch_size": ROWS}
    with open(path, "w") as f:
        yaml.Dumper.ignore_aliases = lambda *_: True
        yaml.dump({"model_dir": model_dir, "trainer": {"train_steps": steps}, "task": {
            "model": {"estimator": estimator, "feature_columns": columns, "weight_column": "w",
                      "optimizer": dict(options, type="LinearSDCA", example_id_column="id")},
            "train_data": data, "validation_data": dict(data, num_epochs=1)}}, f)


def objective(reader, average_loss, weights, options):
    """What SDCA minimises, over the number of examples; average_loss is the mean of squares, or the logistic loss."""
    all_weights = [reader.get_tensor(v) for v in reader.get_variable_to_shape_map() if v.endswith("weights")]
    l1 = sum(np.abs(w).sum() for w in all_weights) * options.get("symmetric_l1_regularization", 0)
    return average_loss + (l1 + options["symmetric_l2_regularization"] * sum((w ** 2).sum() for w in all_weights) / 2) / weights


def check_continuing(estimator, columns, what, theirs_dir, ours_dir, config):
    """Each goes on from the other's checkpoint, and stays where it was."""
    name, kind, label, options = what
    sdca = tf.estimator.experimental.LinearSDCA(example_id_column="id", **options)
    a = tf.train.load_checkpoint(theirs_dir)
    ours_on, theirs_on = ours_dir + "_on", theirs_dir + "_on"
    shutil.copytree(theirs_dir, ours_on)
    write_config(config, ours_on, kind, label, options, STEPS + 20)
    run(estimator, "--quiet", "train", config)
    shutil.copytree(ours_dir, theirs_on)
    make = getattr(tf.estimator, kind)
    make(features(), model_dir=theirs_on, optimizer=sdca, weight_column="w").train(input_fn(columns, label), steps=20)
    for directory in (ours_on, theirs_on):
        c = tf.train.load_checkpoint(directory)
        assert c.get_tensor("global_step") == STEPS + 20
        assert c.get_variable_to_shape_map() == a.get_variable_to_shape_map(), directory
        for v in a.get_variable_to_shape_map():
            if "weights" in v:
                np.testing.assert_allclose(c.get_tensor(v), a.get_tensor(v), 2e-3, 2e-3, err_msg=directory + v)


def check(estimator, tmp, columns, name, kind, label, options):
    sdca = tf.estimator.experimental.LinearSDCA(example_id_column="id", **options)
    make = getattr(tf.estimator, kind)
    theirs_dir, ours_dir, config = (os.path.join(tmp, p + name) for p in ("theirs_", "ours_", "config_"))
    theirs = make(features(), model_dir=theirs_dir, optimizer=sdca, weight_column="w")
    theirs.train(input_fn(columns, label), steps=STEPS)
    write_config(config, ours_dir, kind, label, options, STEPS)
    run(estimator, "--quiet", "train", config)
    a, b = tf.train.load_checkpoint(theirs_dir), tf.train.load_checkpoint(ours_dir)
    assert a.get_variable_to_dtype_map() == b.get_variable_to_dtype_map()
    assert a.get_variable_to_shape_map() == b.get_variable_to_shape_map(), (a.get_variable_to_shape_map(), b.get_variable_to_shape_map())
    for v in a.get_variable_to_shape_map():
        if "weights" in v:
            np.testing.assert_allclose(b.get_tensor(v), a.get_tensor(v), 2e-2, 2e-2, err_msg=v)
        if v.endswith("-keys"):   # of the same table, in any order
            assert sorted(map(tuple, a.get_tensor(v))) == sorted(map(tuple, b.get_tensor(v))), v

    half = 0.5 if kind == "LinearRegressor" else 1
    total = columns["w"].sum()
    wanted = theirs.evaluate(input_fn(columns, label, False))["average_loss"] * half
    got = json.loads(run(estimator, "--quiet", "--json", "evaluate", config))["average_loss"] * half
    there, here = objective(a, wanted, total, options), objective(b, got, total, options)
    assert abs(here - there) < 1e-3 * there, (here, there)
    there_by_us = json.loads(run(estimator, "--quiet", "--json", "evaluate", config, "--checkpoint",
                                 os.path.join(theirs_dir, "model.ckpt-%d" % STEPS)))
    np.testing.assert_allclose(there_by_us["average_loss"] * half, wanted, 1e-5)

    if name in ("logistic", "sharded"):
        check_continuing(estimator, columns, (name, kind, label, options), theirs_dir, ours_dir, config)
    print("%s: objective %g, TensorFlow's %g" % (name, here, there))


def main():
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    estimator = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        columns = write_data(os.path.join(tmp, "data.csv"))
        for kind in KINDS:
            check(estimator, tmp, columns, *kind)


if __name__ == "__main__":
    main()
