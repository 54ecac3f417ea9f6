#!/usr/bin/env python3
"""Model directories of tf.compat.v1.estimator: shown, evaluated, predicted from, warm-started from, and trained further by us, in
parts as theirs, which TensorFlow restores.

Run: python3 tests/interop/v1_models.py ESTIMATOR
"""
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

v1, fc = tf.compat.v1, tf.feature_column
WORDS = ["red", "green", "blue", "black", "white"]
WEIGHTS = "linear/linear_model/word/weights"


def rows():
    n = 20
    return {"age": np.linspace(-1, 2, n).astype(np.float32), "word": np.array(WORDS * 4)}, (np.arange(n) % 3 % 2).astype(np.int64)


def input_fn(epochs=None):
    return lambda: v1.data.make_one_shot_iterator(v1.data.Dataset.from_tensor_slices(rows()).batch(5).repeat(epochs)).get_next()


def parts(size):
    return v1.min_max_variable_partitioner(max_partitions=4, min_slice_size=size)


def optimizers():
    yield "Ftrl", v1.train.FtrlOptimizer(0.2, l1_regularization_strength=0.01), dict(type="Ftrl", learning_rate=0.2,
                                                                                     l1_regularization_strength=0.01)
    yield "Adagrad", v1.train.AdagradOptimizer(0.1), dict(type="Adagrad", learning_rate=0.1)
    yield "Adam", v1.train.AdamOptimizer(0.1, epsilon=1e-7), dict(type="Adam", learning_rate=0.1)


def write_config(path, model_dir, optimizer, size, warm_start_from=None, steps=15):
    data = {"format": "csv", "input_path": "rows.csv", "label": "label", "batch_size": 5}
    columns = [{"numeric_column": {"key": "age"}},
               {"categorical_column_with_vocabulary_list": {"key": "word", "vocabulary_list": WORDS}}]
    model = {"estimator": "LinearClassifier", "optimizer": optimizer, "loss_reduction": "sum", "feature_columns": columns,
             "warm_start_from": warm_start_from,
             "partitioner": {"type": "min_max_variable_partitioner", "max_partitions": 4, "min_slice_size": size}}
    with open(path, "w") as f:
        yaml.safe_dump({"model_dir": model_dir, "task": {"model": model, "train_data": data,
                                                         "validation_data": dict(data, num_epochs=1)},
                        "trainer": {"train_steps": steps}}, f)


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def slots(reader, name):
    """How many parts a slot has."""
    return sum(n.startswith(WEIGHTS + "/part_") and n.endswith("/" + name) for n in reader.get_variable_to_shape_map())


def restored(prefix, size):
    """The words' weights of a graph with partitioned variables that TensorFlow's saver restores."""
    with tf.Graph().as_default(), v1.Session() as session:
        weights = v1.get_variable(WEIGHTS, [len(WORDS), 1], partitioner=parts(size))
        v1.train.Saver().restore(session, prefix)
        return session.run(tf.concat(list(weights), 0))


def check(estimator, tmp, name, theirs, ours, size):
    work = os.path.join(tmp, "%s_%d" % (name, size))
    os.mkdir(work)
    shutil.copy(os.path.join(tmp, "rows.csv"), work)
    columns = [fc.numeric_column("age"), fc.categorical_column_with_vocabulary_list("word", WORDS)]
    model = v1.estimator.LinearClassifier(columns, model_dir=os.path.join(work, "theirs"), optimizer=theirs, partitioner=parts(size))
    model.train(input_fn(), steps=10)
    shutil.copytree(model.model_dir, os.path.join(work, "ours"))
    config = os.path.join(work, "config.yaml")
    write_config(config, "ours", ours, size)

    shown = run(estimator, "inspect", os.path.join(work, "ours"))
    assert WEIGHTS + "/part_0/" + name in shown, shown
    wanted, got = model.evaluate(input_fn(1)), json.loads(run(estimator, "--quiet", "--json", "evaluate", config))
    for key in ("accuracy", "auc", "average_loss", "loss", "global_step"):
        np.testing.assert_allclose(got[key], wanted[key], 1e-5, err_msg=key)
    predicted = [json.loads(line) for line in
                 run(estimator, "--quiet", "predict", config, "--input", os.path.join(work, "rows.csv")).splitlines()]
    for a, b in zip(predicted, model.predict(input_fn(1))):
        np.testing.assert_allclose(a["logits"], b["logits"], 1e-5, 1e-6)

    run(estimator, "--quiet", "train", config)
    model.train(input_fn(), max_steps=15)
    reader = tf.train.load_checkpoint(os.path.join(work, "ours"))
    theirs_now = tf.train.load_checkpoint(model.model_dir)
    for variable in (WEIGHTS, "linear/linear_model/age/weights", "linear/linear_model/bias_weights"):
        np.testing.assert_allclose(reader.get_tensor(variable), theirs_now.get_tensor(variable), 1e-5, 1e-6)
    print("%s: %d part%s" % (name, slots(theirs_now, name), "s" * (slots(theirs_now, name) > 1)))

    whole = restored(os.path.join(work, "ours", "model.ckpt-15"), size)
    np.testing.assert_array_equal(whole, reader.get_tensor(WEIGHTS))
    exported = run(estimator, "--quiet", "export", config, "--export-dir", os.path.join(work, "export")).strip()
    np.testing.assert_array_equal(tf.train.load_checkpoint(os.path.join(exported, "variables", "variables")).get_tensor(WEIGHTS), whole)
    shown = json.loads(run(estimator, "--json", "inspect", os.path.join(work, "ours")))
    assert [len(WORDS), 1] in [v["shape"] for v in shown["variables"] if v["name"] == WEIGHTS], shown

    warm = os.path.join(work, "warm.yaml")
    write_config(warm, "warm", ours, size, model.model_dir, 1)
    run(estimator, "--quiet", "train", warm)
    first = tf.train.load_checkpoint(os.path.join(work, "warm", "model.ckpt-0"))
    np.testing.assert_array_equal(first.get_tensor(WEIGHTS), theirs_now.get_tensor(WEIGHTS))


def main(estimator):
    features, labels = rows()
    with tempfile.TemporaryDirectory() as tmp:
        with open(os.path.join(tmp, "rows.csv"), "w") as f:
            f.write("age,word,label\n")
            f.writelines("%r,%s,%d\n" % (float(a), w, l) for a, w, l in zip(features["age"], features["word"], labels))
        for name, theirs, ours in optimizers():
            check(estimator, tmp, name, theirs, ours, 8)
        check(estimator, tmp, *next(optimizers()), 1 << 20)


main(*sys.argv[1:])
