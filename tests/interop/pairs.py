#!/usr/bin/env python3
"""Every legal pair of estimator and head, trained by the command from TensorFlow's first checkpoint, and compared with what
TensorFlow 2.15's own Estimator makes of it: variables, losses, metrics, predictions, the export's signatures and what they give.

Run: python3 tests/interop/pairs.py [--few] [--list] ESTIMATOR ORACLE [PATTERN]

ORACLE is the folder of tf_oracle.py; PATTERN, a regular expression, picks pairs by their names; --few leaves one pair of each
estimator and one of each head. The last line is "N passed, N failed".
"""
import argparse
import contextlib
import io
import json
import os
import random
import re
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

STEPS, BATCH, TRAIN_ROWS, EVAL_ROWS = 25, 16, 90, 41
GRADES, TAGS, COLORS = ["low", "mid", "high"], ["new", "hot", "old"], ["red", "blue", "green", "pink"]

# The columns are few and of all sorts; a pair is about what stands between logits and the file.
SIZE = {"numeric_column": {"key": "size", "default_value": 0.5}}
PAIR = {"numeric_column": {"key": "pair", "shape": [2]}}
COLOR = {"categorical_column_with_hash_bucket": {"key": "color", "hash_bucket_size": 7}}
KIND = {"categorical_column_with_vocabulary_list": {"key": "color", "vocabulary_list": COLORS[:3]}}
DENSE = [SIZE, PAIR, {"embedding_column": {"categorical_column": COLOR, "dimension": 3}}]
WIDE = [SIZE, COLOR]
WORD = {"sequence_categorical_column_with_identity": {"key": "word", "num_buckets": 6}}
SEQUENCE = [{"embedding_column": {"categorical_column": WORD, "dimension": 2}}, {"sequence_numeric_column": {"key": "pace"}}]
CELLS = ["simple_rnn", "lstm", "gru"]

# Family: its options, those of its optimizers; the rates let 25 steps tell one loss from another.
FAMILIES = {
    "Baseline": ({}, {"optimizer": 0.3}),
    "Linear": ({"feature_columns": [SIZE, PAIR, COLOR]}, {"optimizer": 0.1}),
    "DNN": ({"feature_columns": DENSE, "hidden_units": [5, 3], "activation_fn": "tanh"}, {"optimizer": 0.05}),
    "DNNLinearCombined": ({"linear_feature_columns": WIDE, "dnn_feature_columns": [PAIR, {"indicator_column": {"categorical_column": KIND}}],
                           "dnn_hidden_units": [4], "dnn_activation_fn": "tanh"}, {"linear_optimizer": 0.1, "dnn_optimizer": 0.05}),
    "RNN": ({"sequence_feature_columns": SEQUENCE, "context_feature_columns": [SIZE], "units": [4]}, {"optimizer": 0.05}),
}

# Label, options.
CLASSIFIERS = [
    ("sold", {}),
    ("grade", {"n_classes": 3, "label_vocabulary": GRADES, "weight_column": "weight"}),
    ("answer", {"label_vocabulary": ["no", "yes"], "loss_reduction": "sum"}),
    ("kind", {"n_classes": 3, "weight_column": "weight", "loss_reduction": "sum"}),
]
REGRESSORS = [
    ("score", {}),
    ("point", {"label_dimension": 2, "weight_column": "weight"}),
    ("point", {"label_dimension": 2, "loss_reduction": "sum"}),
]
HEADS = [
    ("sold", "BinaryClassHead", {}),
    ("sold", "BinaryClassHead", {"thresholds": [0.25, 0.5, 0.75], "weight_column": "weight"}),
    ("answer", "BinaryClassHead", {"label_vocabulary": ["no", "yes"], "loss_reduction": "sum", "name": "sale"}),
    ("kind", "MultiClassHead", {"n_classes": 3}),
    ("grade", "MultiClassHead", {"n_classes": 3, "label_vocabulary": GRADES, "weight_column": "weight"}),
    ("kind", "MultiClassHead", {"n_classes": 3, "loss_reduction": "sum", "name": "sort"}),
    ("many", "MultiLabelHead", {"n_classes": 3}),
    ("ids", "MultiLabelHead", {"n_classes": 3, "sparse_labels": True, "thresholds": [0.4, 0.5], "weight_column": "weight"}),
    ("tags", "MultiLabelHead", {"n_classes": 3, "label_vocabulary": TAGS, "loss_reduction": "sum",
                                "classes_for_class_based_metrics": ["hot", "old"], "name": "tagged"}),
    ("score", "RegressionHead", {}),
    ("point", "RegressionHead", {"label_dimension": 2, "weight_column": "weight"}),
    ("score", "RegressionHead", {"loss_reduction": "sum", "weight_column": "weight", "name": "points"}),
    ("share", "LogisticRegressionHead", {}),
    ("share", "LogisticRegressionHead", {"weight_column": "weight", "loss_reduction": "sum", "name": "part"}),
    ("visits", "PoissonRegressionHead", {}),
    ("visits", "PoissonRegressionHead", {"compute_full_loss": False, "weight_column": "weight", "name": "calls"}),
    ("counts", "PoissonRegressionHead", {"label_dimension": 2, "weight_column": "weight", "loss_reduction": "sum"}),
    (None, "MultiHead", {"heads": [{"BinaryClassHead": {"name": "sold"}}, {"PoissonRegressionHead": {"name": "visits"}}]}),
    (None, "MultiHead", {"head_weights": [1.0, 0.5, 0.25], "heads": [
        {"MultiClassHead": {"name": "grade", "n_classes": 3, "label_vocabulary": GRADES, "weight_column": "weight"}},
        {"RegressionHead": {"name": "point", "label_dimension": 2, "weight_column": "weight"}},
        {"MultiLabelHead": {"name": "many", "n_classes": 3, "thresholds": [0.5]}}]}),
    (None, "MultiHead", {"head_weights": [0.5, 2.0, 1.0], "heads": [
        {"MultiLabelHead": {"name": "tags", "n_classes": 3, "label_vocabulary": TAGS, "loss_reduction": "sum"}},
        {"LogisticRegressionHead": {"name": "share", "loss_reduction": "sum"}},
        {"BinaryClassHead": {"name": "answer", "label_vocabulary": ["no", "yes"], "loss_reduction": "sum"}}]}),
]


def cases():
    """(name, model, label, the head's or the estimator's own kind)."""
    for family, (options, rates) in FAMILIES.items():
        optimizers = {key: {"type": "Adagrad", "learning_rate": rate} for key, rate in rates.items()}
        for i, (label, head, head_options) in enumerate(HEADS):
            cell = {"cell_type": CELLS[i % 3]} if family == "RNN" else {}
            model = {"estimator": family + "Estimator", **options, **cell, "head": {head: head_options}, **optimizers}
            yield "%sEstimator, %s" % (family, text_of(head, head_options)), model, label, head
        # tf.estimator has no RNNRegressor. Optimizers are the estimators' own.
        for kind, all_options in (("Classifier", CLASSIFIERS), ("Regressor", REGRESSORS if family != "RNN" else [])):
            for i, (label, own) in enumerate(all_options):
                cell = {"cell_type": CELLS[i % 3]} if family == "RNN" else {}
                yield text_of(family + kind, own), {"estimator": family + kind, **options, **cell, **own}, label, family + kind


def text_of(name, options):
    shown = {key: [next(iter(head)) for head in value] if key == "heads" else value for key, value in options.items()}
    return "%s(%s)" % (name, ", ".join("%s=%s" % (key, str(value).replace("'", "")) for key, value in shown.items()))


def few(all_cases):
    """The last pair of each head, the families by turns, and of each estimator without one."""
    families, heads, last = list(FAMILIES), list(dict.fromkeys(head for _, head, _ in HEADS)), {}
    for case in all_cases:
        model, kind = case[1], case[3]
        if kind not in heads or model["estimator"] == families[(heads.index(kind) + 1) % len(families)] + "Estimator":
            last[kind] = case
    return list(last.values())


def example(draw):
    import tensorflow as tf
    floats = lambda *v: tf.train.Feature(float_list=tf.train.FloatList(value=v))
    ints = lambda *v: tf.train.Feature(int64_list=tf.train.Int64List(value=v))
    texts = lambda *v: tf.train.Feature(bytes_list=tf.train.BytesList(value=[s.encode() for s in v]))
    size, pair, color = draw.gauss(0.5, 1), [draw.gauss(0, 1), draw.random()], draw.choice(COLORS)
    words = [draw.randrange(6) for _ in range(draw.randrange(1, 6))]
    pull = size + pair[0] - 0.3 * words[0] + COLORS.index(color) / 2
    sold, kind = int(pull + draw.gauss(0, 1) > 0.5), min(2, max(0, int(pull + 1)))
    ids = [i for i in range(3) if draw.random() < (0.7 if pull > i else 0.3)]
    features = {
        "pair": floats(*pair), "word": ints(*words), "pace": floats(*(draw.gauss(0, 1) for _ in words)),
        "weight": floats(draw.choice([0.0, 0.5, 1.0, 2.5])), "sold": ints(sold), "answer": texts(["no", "yes"][sold]), "kind": ints(kind),
        "grade": texts(GRADES[kind]), "many": floats(*(float(i in ids) for i in range(3))), "ids": ints(*ids),
        "tags": texts(*(TAGS[i] for i in ids)), "score": floats(2 * pull + draw.gauss(0, 1)), "point": floats(pull, 1 - size),
        "share": floats(draw.random()), "visits": floats(draw.randrange(5)), "counts": floats(sold + 1, kind)}
    if draw.random() < 0.9:
        features["size"] = floats(size)
    if draw.random() < 0.9:
        features["color"] = texts(color)
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def write_data(folder):
    import tensorflow as tf
    draw, paths = random.Random(7), []
    for name, rows in (("train", TRAIN_ROWS), ("eval", EVAL_ROWS)):
        paths.append(os.path.join(folder, name + ".tfrecord"))
        with tf.io.TFRecordWriter(paths[-1]) as f:
            for _ in range(rows):
                f.write(example(draw))
    return paths


def config_of(model, label, paths):
    data = {"format": "tfrecord", "batch_size": BATCH, **({"label": label} if label else {})}
    return {"model_dir": "model", "trainer": {"train_steps": STEPS},
            "task": {"model": model, "train_data": {**data, "input_path": paths[0]},
                     "validation_data": {**data, "input_path": paths[1], "num_epochs": 1}}}


def check(tf_oracle, check_class, estimator, config, folder):
    """The oracle's words where it is not content, else nothing."""
    path = os.path.join(folder, "config.yaml")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(config, f)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = check_class(tf_oracle.arguments(["check", path, "--estimator", estimator, "--steps", str(STEPS), "--workdir",
                                                  os.path.join(folder, "work")])).run()
    return [line for line in said.getvalue().splitlines()[:-1] if not line.startswith("PASS")] if status else []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--few", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("estimator")
    parser.add_argument("oracle")
    parser.add_argument("pattern", nargs="?", default="")
    args = parser.parse_args()
    chosen = [case for case in (few(cases()) if args.few else cases()) if re.search(args.pattern, case[0])]
    if args.list:
        print(*(case[0] for case in chosen), sep="\n")
        return 0
    sys.path[:0] = [args.oracle]
    import tf_oracle
    import pairs_oracle
    tf_oracle.tf.get_logger().setLevel("ERROR")
    tf_oracle.tf.config.experimental.enable_op_determinism()
    tf_oracle.tf.random.set_seed(1)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = write_data(folder)
        for name, model, label, _ in chosen:
            with tempfile.TemporaryDirectory() as own:
                problems = check(tf_oracle, pairs_oracle.Check, os.path.abspath(args.estimator), config_of(model, label, paths), own)
            failed += bool(problems)
            print("%s %s" % ("FAILED" if problems else "ok", name), *problems, sep="\n    ", flush=True)
    print("%d passed, %d failed" % (len(chosen) - failed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
