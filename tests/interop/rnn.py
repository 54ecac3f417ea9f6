#!/usr/bin/env python3
"""RNNClassifier and RNNEstimator against tf.estimator.experimental: from TensorFlow's first checkpoint to the same
variables, metrics and predictions; our export runs in TensorFlow, and TensorFlow's runs here.

Run: python3 tests/interop/rnn.py ESTIMATOR [NAME...]
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf

tf.get_logger().setLevel("ERROR")
fc = tf.feature_column
STEPS, BATCH, TOLERANCE = 20, 8, 1e-4

# name: cell, units, sequence columns, context, classes (0: a regression), optimizer
CASES = {
    "simple": ("simple_rnn", [5], ["word", "x"], False, 2, None),
    "lstm": ("lstm", [6], ["word", "x"], True, 3, None),
    "lstm_layer": ("lstm", 4, ["word", "x"], False, 2, None),
    "gru_layer": ("gru", 3, ["x"], False, 0, None),
    "stacked_gru": ("gru", [5, 4], ["word", "pair"], True, 2, None),
    "stacked_lstm": ("lstm", [4, 3], ["x"], False, 0, "Adam"),
}
COLUMNS = {
    "word": "embedding_column: {categorical_column: {sequence_categorical_column_with_identity: {key: word, num_buckets: 7}}, dimension: 3}",
    "x": "sequence_numeric_column: {key: x}",
    "pair": "sequence_numeric_column: {key: pair, shape: [2], default_value: -1.0}",
}


def columns(names):
    word = fc.sequence_categorical_column_with_identity("word", 7)
    made = {"word": lambda: fc.embedding_column(word, 3), "x": lambda: fc.sequence_numeric_column("x"),
            "pair": lambda: fc.sequence_numeric_column("pair", shape=(2,), default_value=-1.0)}
    return [made[n]() for n in names]


def write_data(path, rows, classes, rng):
    """Each row of its own length; now and then none at all."""
    with tf.io.TFRecordWriter(path) as f:
        for i in range(rows):
            n = int(rng.integers(0 if i % 11 == 3 else 1, 7))
            word, x = rng.integers(0, 7, n), rng.normal(size=n)
            label = float(np.sum(x)) if classes == 0 else int((word.sum() + (x.sum() > 0)) % classes)
            ints = lambda v: tf.train.Feature(int64_list=tf.train.Int64List(value=v))
            floats = lambda v: tf.train.Feature(float_list=tf.train.FloatList(value=v))
            f.write(tf.train.Example(features=tf.train.Features(feature={
                "word": ints(word), "x": floats(x), "pair": floats(rng.normal(size=2 * n)), "age": floats([rng.normal()]),
                "y": floats([label]) if classes == 0 else ints([label])})).SerializeToString())


def configuration(path, model_dir, case, data):
    cell, units, names, context, classes, optimizer = CASES[case]
    lines = ["model_dir: " + model_dir, "task:", "  model:", "    estimator: " + ("RNNClassifier" if classes else "RNNEstimator"),
             "    sequence_feature_columns:"] + ["      - " + COLUMNS[n] for n in names]
    lines += ["    context_feature_columns:", "      - numeric_column: {key: age}"] if context else []
    lines += ["    units: %s" % units, "    cell_type: " + cell]
    lines += ["    n_classes: %d" % classes] if classes else ["    head: {RegressionHead: {}}"]
    lines += ["    optimizer: " + optimizer] if optimizer else []
    for what, epochs in (("train_data", "null"), ("validation_data", "1")):
        lines += ["  %s: {format: tfrecord, input_path: %s, label: y, batch_size: %d, num_epochs: %s}" % (what, data, BATCH, epochs)]
    lines += ["trainer: {train_steps: %d}" % STEPS]
    with open(path, "w") as f:
        f.write("\n".join(lines) + "\n")


def tf_estimator(case, model_dir):
    cell, units, names, context, classes, optimizer = CASES[case]
    options = dict(sequence_feature_columns=columns(names), units=units, cell_type=cell, model_dir=model_dir,
                   context_feature_columns=[fc.numeric_column("age")] if context else None)
    if optimizer:
        options["optimizer"] = optimizer
    experimental = tf.estimator.experimental
    if classes:
        return experimental.RNNClassifier(n_classes=classes, **options)
    return experimental.RNNEstimator(head=tf.estimator.RegressionHead(), **options)


def parse_spec(case):
    _, _, names, context, _, _ = CASES[case]
    return fc.make_parse_example_spec(columns(names) + ([fc.numeric_column("age")] if context else []))


def input_fn(case, data, epochs, labels=True):
    classes = CASES[case][4]
    spec = dict(parse_spec(case), y=tf.io.FixedLenFeature([1], tf.int64 if classes else tf.float32))

    def parse(records):
        features = tf.io.parse_example(records, spec)
        label = features.pop("y")
        return (features, label) if labels else features
    return lambda: tf.data.TFRecordDataset(data).repeat(epochs).batch(BATCH).map(parse)


def values(prefix):
    reader = tf.train.load_checkpoint(prefix)
    return {n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map()}


def run(estimator, *arguments):
    return subprocess.run([estimator, *arguments], check=True, capture_output=True, text=True).stdout


class Report:
    def __init__(self):
        self.bad = self.count = 0

    def near(self, what, got, wanted):
        got, wanted = np.asarray(got), np.asarray(wanted)
        same = got.shape == wanted.shape and (np.array_equal(got, wanted) if wanted.dtype.kind in "OSU" else
                                              np.allclose(got, wanted, rtol=TOLERANCE, atol=TOLERANCE))
        self.check(what, same, "got %s, wanted %s" % (got.ravel()[:4], wanted.ravel()[:4]))

    def check(self, what, held, text=""):
        self.count += 1
        if not held:
            self.bad += 1
            print("FAILED: %s: %s" % (what, text))


def same_rows(report, what, got, wanted):
    report.check(what + ": rows", len(got) == len(wanted), "%d, not %d" % (len(got), len(wanted)))
    for g, w in zip(got, wanted):
        report.check(what + ": keys", sorted(g) == sorted(w), "%s, not %s" % (sorted(g), sorted(w)))
        for key in w:
            if key in g and w[key].dtype.kind != "O":
                report.near("%s: %s" % (what, key), np.ravel(g[key]), np.ravel(w[key]))


def by_tf(folder, records, signature):
    fn = tf.saved_model.load(folder).signatures[signature]
    name = list(fn.structured_input_signature[1])[0]
    out = fn(**{name: tf.constant(records)})
    return [{k: v.numpy()[i] for k, v in out.items()} for i in range(len(records))]


def check(report, estimator, case, tmp):
    data, own, theirs = (os.path.join(tmp, case + s) for s in (".tfrecord", "_own", "_tf"))
    config = os.path.join(tmp, case + ".yaml")
    write_data(data, 44, CASES[case][4], np.random.default_rng(5))
    configuration(config, own, case, data)
    e = tf_estimator(case, theirs)
    e.train(input_fn(case, data, None), max_steps=STEPS)
    os.makedirs(own)
    for path in glob.glob(theirs + "/model.ckpt-0.*"):
        shutil.copy(path, own)
    with open(own + "/checkpoint", "w") as f:
        f.write('model_checkpoint_path: "model.ckpt-0"\n')
    run(estimator, "train", config, "--quiet")
    got, wanted = (values("%s/model.ckpt-%d" % (d, STEPS)) for d in (own, theirs))
    report.check(case + ": names", sorted(got) == sorted(wanted), "%s" % sorted(set(got) ^ set(wanted)))
    for name in wanted:
        if name in got:
            report.near("%s: %s" % (case, name), got[name], wanted[name])
    metrics, wanted = json.loads(run(estimator, "evaluate", config, "--quiet", "--json")), e.evaluate(input_fn(case, data, 1))
    for name in wanted:
        report.near("%s: metric %s" % (case, name), metrics.get(name, np.nan), wanted[name])
    lines = run(estimator, "predict", config, "--quiet", "--input", data).splitlines()
    wanted = list(e.predict(input_fn(case, data, 1, labels=False)))
    same_rows(report, case + ": predict", [json.loads(l) for l in lines], wanted)
    records = [r.numpy() for r in tf.data.TFRecordDataset(data)]
    folder = run(estimator, "export", config, "--quiet", "--export-dir", os.path.join(tmp, case + "_export")).strip()
    same_rows(report, case + ": export", by_tf(folder, records, "predict"), wanted)
    receiver = tf.estimator.export.build_parsing_serving_input_receiver_fn(parse_spec(case))
    exported = e.export_saved_model(os.path.join(tmp, case + "_tf_export"), receiver).decode()
    for what, at in (("run-own", folder), ("run-tf", exported)):
        lines = run(estimator, "saved-model", "run", at, "--signature", "predict", "--input", data).splitlines()
        same_rows(report, "%s: %s" % (case, what), [json.loads(l) for l in lines], wanted)
    shutil.rmtree(own)
    run(estimator, "train", config, "--quiet")
    first, wanted = values(own + "/model.ckpt-0"), values(theirs + "/model.ckpt-0")
    for name in wanted:
        report.check(case + ": initial " + name, name in first and first[name].shape == wanted[name].shape)
        if name.endswith("recurrent_kernel") and "Ada" not in name:
            square = first[name] @ first[name].T
            report.near("%s: %s is orthogonal" % (case, name), square, np.eye(len(square)))
        if name.endswith("/bias"):
            report.near("%s: initial %s" % (case, name), first[name], wanted[name])


def main():
    report = Report()
    with tempfile.TemporaryDirectory() as tmp:
        for case in sys.argv[2:] or CASES:
            try:
                check(report, os.path.abspath(sys.argv[1]), case, tmp)
            except subprocess.CalledProcessError as e:
                report.check(case, False, "%s: %s" % (" ".join(e.cmd[1:]), e.stderr))
    print("%d comparisons, %d failed" % (report.count, report.bad))
    sys.exit(report.bad > 0)


main()
