#!/usr/bin/env python3
"""KMeans beside tf.compat.v1.estimator.experimental.KMeans: from the same centers, variables, metrics, predictions and exports; in
mini-batches, where TensorFlow reads the counts of points now before, now after it updates them, and from centers that are chosen,
the loss at the end.

Run: python3 tests/interop/kmeans.py ESTIMATOR
"""
import json
import os
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
import yaml

fc = tf.feature_column
CLUSTERS, STEPS, NAMES = 4, 9, "abc"
KINDS = [
    ("full", 300, dict(use_mini_batch=False)),
    ("mini", 50, dict()),
    ("long", 50, dict(mini_batch_steps_per_iteration=3)),
    ("full_cosine", 300, dict(use_mini_batch=False, distance_metric="cosine")),
    ("mini_cosine", 50, dict(distance_metric="cosine")),
    ("long_cosine", 50, dict(mini_batch_steps_per_iteration=4, distance_metric="cosine")),
]


def points():
    random = np.random.RandomState(0)
    return (random.randn(300, len(NAMES)) + random.randint(0, 4, (300, 1)) * 2).astype(np.float32)


def input_fn(batch, epochs=None):
    x = points()
    return lambda: tf.data.Dataset.from_tensor_slices({c: x[:, i:i + 1] for i, c in enumerate(NAMES)}).batch(batch).repeat(epochs)


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def write_config(path, model_dir, batch, model, steps):
    data = {"format": "csv", "input_path": "points.csv", "batch_size": batch}
    columns = [{"numeric_column": {"key": c}} for c in NAMES]
    with open(path, "w") as f:
        yaml.safe_dump({"model_dir": model_dir, "trainer": {"train_steps": steps}, "task": {
            "model": dict(model, estimator="KMeans", num_clusters=CLUSTERS, feature_columns=columns),
            "train_data": data, "validation_data": dict(data, num_epochs=1)}}, f)


def theirs(model_dir, start, options):
    return tf.compat.v1.estimator.experimental.KMeans(CLUSTERS, model_dir=model_dir, initial_clusters=start,
                                                      feature_columns=[fc.numeric_column(c) for c in NAMES], **options)


def check_exports(estimator, tmp, config, model):
    spec = fc.make_parse_example_spec([fc.numeric_column(c) for c in NAMES])
    wanted = model.export_saved_model(os.path.join(tmp, "theirs"), tf.estimator.export.build_parsing_serving_input_receiver_fn(spec))
    made = run(estimator, "--quiet", "export", config, "--export-dir", os.path.join(tmp, "ours")).strip()
    examples = tf.constant([tf.train.Example(features=tf.train.Features(feature={
        c: tf.train.Feature(float_list=tf.train.FloatList(value=[v])) for c, v in zip(NAMES, row)})).SerializeToString()
        for row in points()[:20]])
    a, b = tf.saved_model.load(wanted.decode()), tf.saved_model.load(made)
    assert sorted(a.signatures) == sorted(b.signatures)
    for name in a.signatures:
        np.testing.assert_allclose(b.signatures[name](examples=examples)["output"], a.signatures[name](examples=examples)["output"],
                                   1e-5, 1e-5, err_msg=name)


def check(estimator, tmp, name, batch, options):
    start = points()[[0, 10, 20, 30]]
    full = name.startswith("full")
    steps = STEPS if full else 10 * STEPS
    model = theirs(os.path.join(tmp, "theirs_" + name), start, options)
    config = os.path.join(tmp, name + ".yaml")
    write_config(config, "ours_" + name, batch, dict(options, initial_clusters=start.tolist()), steps)
    run(estimator, "--quiet", "train", config)
    model.train(input_fn(batch), steps=steps)
    a, b = tf.train.load_checkpoint(model.model_dir), tf.train.load_checkpoint(os.path.join(tmp, "ours_" + name))
    assert a.get_variable_to_shape_map() == b.get_variable_to_shape_map()
    assert a.get_variable_to_dtype_map() == b.get_variable_to_dtype_map()
    for variable in a.get_variable_to_shape_map() if full else []:
        np.testing.assert_allclose(b.get_tensor(variable), a.get_tensor(variable), 1e-5, 1e-6, err_msg=variable)
    wanted, own = model.evaluate(input_fn(batch, 1)), json.loads(run(estimator, "--quiet", "--json", "evaluate", config))
    assert own["score"] < wanted["score"] * (1.00001 if full else 1.05), (own, wanted)

    there = ["--checkpoint", os.path.join(model.model_dir, "model.ckpt-%d" % steps)]
    got = json.loads(run(estimator, "--quiet", "--json", "evaluate", config, *there))
    for key in wanted:
        np.testing.assert_allclose(got[key], wanted[key], 1e-5, err_msg=key)
    lines = run(estimator, "--quiet", "predict", config, "--input", os.path.join(tmp, "points.csv"), *there).splitlines()
    for x, y in zip(map(json.loads, lines), model.predict(input_fn(batch, 1))):
        np.testing.assert_allclose(x["all_distances"], y["all_distances"], 1e-5, 1e-4)
        assert x["cluster_index"] == y["cluster_index"]
    if name in ("full", "full_cosine"):
        check_exports(estimator, tmp, config, model)
    print("%s: score %g, TensorFlow's %g" % (name, own["score"], wanted["score"]))


def check_choice(estimator, tmp):
    """Chosen by k-means++, both end as near."""
    model = theirs(os.path.join(tmp, "theirs_chosen"), "kmeans_plus_plus", dict(use_mini_batch=False, seed=1))
    config = os.path.join(tmp, "chosen.yaml")
    write_config(config, "ours_chosen", 300, dict(use_mini_batch=False, initial_clusters="kmeans_plus_plus"), 30)
    run(estimator, "--quiet", "train", config)
    model.train(input_fn(300), steps=30)
    got, wanted = json.loads(run(estimator, "--quiet", "--json", "evaluate", config))["score"], model.score(input_fn(300, 1))
    print("chosen: score %g, TensorFlow's %g" % (got, wanted))
    assert got < 1.05 * wanted


def main(estimator):
    with tempfile.TemporaryDirectory() as tmp:
        with open(os.path.join(tmp, "points.csv"), "w") as f:
            f.write(",".join(NAMES) + "\n")
            f.writelines(",".join(repr(float(v)) for v in row) + "\n" for row in points())
        for kind in KINDS:
            check(estimator, tmp, *kind)
        check_choice(estimator, tmp)


main(*sys.argv[1:])
