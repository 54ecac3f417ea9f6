#!/usr/bin/env python3
"""Every legacy Keras optimizer, with dense and with sparse gradients, under a few options each, and every schedule: trained by the
command from the oracle's first checkpoint, and compared with what TensorFlow 2.15's own Estimator makes of it.

Run: python3 tests/interop/optimizers.py ESTIMATOR ORACLE [PATTERN]

ORACLE is the folder of tf_oracle.py; PATTERN, a regular expression, picks cases by their names. The items train, variables and values
of its `check` must pass. The last line is "N passed, N failed".
"""
import contextlib
import io
import json
import os
import re
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 25
FALLING = {"type": "ExponentialDecay", "initial_learning_rate": 0.2, "decay_steps": 10, "decay_rate": 0.5}

# Learning rates are 0.1, so that 25 steps tell one from another; RMSprop has an epsilon that keeps rounding from being blown up.
OPTIONS = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.8, "nesterov": True, "decay": 0.1}, {"clipnorm": 0.05}],
    "Adagrad": [{}, {"initial_accumulator_value": 0.5, "epsilon": 1e-3, "decay": 0.1}, {"learning_rate": FALLING}],
    "Adam": [{}, {"amsgrad": True}, {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4, "clipvalue": 0.02}],
    "Adamax": [{}, {"beta_1": 0.8, "beta_2": 0.95, "decay": 0.1, "global_clipnorm": 0.1}],
    "Nadam": [{}, {"beta_1": 0.8, "beta_2": 0.95, "clipnorm": 0.05}],
    "Ftrl": [{}, {"l1_regularization_strength": 0.01, "l2_regularization_strength": 0.02, "beta": 0.5},
             {"l2_shrinkage_regularization_strength": 0.003, "learning_rate_power": -0.7, "decay": 0.1}, {"learning_rate": FALLING}],
    "RMSprop": [{"epsilon": 1e-3}, {"momentum": 0.7, "epsilon": 1e-3}, {"centered": True, "epsilon": 1e-3},
                {"centered": True, "momentum": 0.7, "epsilon": 0.1, "clipvalue": 0.02}],
    "Adadelta": [{}, {"rho": 0.9, "epsilon": 1e-4, "learning_rate": FALLING}],
}
SCHEDULES = [
    {"type": "PiecewiseConstantDecay", "boundaries": [5, 12], "values": [0.3, 0.1, 0.02]},
    {"type": "PolynomialDecay", "initial_learning_rate": 0.2, "decay_steps": 10, "power": 2.0, "cycle": True},
    {"type": "InverseTimeDecay", "initial_learning_rate": 0.2, "decay_steps": 4, "decay_rate": 0.5, "staircase": True},
    {"type": "CosineDecay", "initial_learning_rate": 0.0, "decay_steps": 15, "warmup_target": 0.3, "warmup_steps": 8},
    {"type": "CosineDecayRestarts", "initial_learning_rate": 0.2, "first_decay_steps": 6},
]
COLOR = {"categorical_column_with_hash_bucket": {"key": "color", "hash_bucket_size": 9}}
SHOP = {"categorical_column_with_hash_bucket": {"key": "shop", "hash_bucket_size": 9}}
# A shared table is read twice in a step, so that ids repeat in its gradient.
COLUMNS = {
    "dense": [{"numeric_column": {"key": "size", "default_value": 1.5}}, {"numeric_column": {"key": "rank"}}],
    "sparse": [COLOR, {"embedding_column": {"categorical_column": SHOP, "dimension": 3}},
               {"shared_embeddings": {"categorical_columns": [COLOR, SHOP], "dimension": 2}}],
}


def cases():
    for name, all_options in OPTIONS.items():
        for options in all_options:
            for gradients in COLUMNS:
                yield gradients, {"type": name, "learning_rate": 0.1, **options}
    for schedule in SCHEDULES:
        yield "dense", {"type": "SGD", "learning_rate": schedule}


def text_of(optimizer):
    return "%s(%s)" % (optimizer["type"], ", ".join(
        "%s=%s" % (k, v["type"] if isinstance(v, dict) else v) for k, v in optimizer.items() if k != "type"))


def config_of(gradients, optimizer):
    data = {"format": "csv", "label": "score", "batch_size": 16}
    return {
        "model_dir": "model",
        "task": {
            "model": {"estimator": "LinearRegressor", "feature_columns": COLUMNS[gradients], "optimizer": optimizer},
            "train_data": {**data, "input_path": os.path.join(HERE, "scenarios", "shop_train.csv")},
            "validation_data": {**data, "input_path": os.path.join(HERE, "scenarios", "shop_eval.csv"), "num_epochs": 1},
        },
        "trainer": {"train_steps": STEPS},
    }


def check(oracle, estimator, folder, gradients, optimizer):
    """The oracle's words where it is not content, else nothing."""
    path = os.path.join(folder, "config.yaml")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(config_of(gradients, optimizer), f)
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(said):
        status = oracle.main(["check", path, "--estimator", estimator, "--steps", str(STEPS), "--only", "train,variables,values"])
    said.seek(0)
    return [line for line in said.read().splitlines() if not line.startswith("PASS")] if status else []


def main(estimator, oracle_folder, pattern=""):
    sys.path.insert(0, oracle_folder)
    import tf_oracle
    passed, failed = 0, 0
    for gradients, optimizer in cases():
        name = "%s, %s" % (text_of(optimizer), gradients)
        if not re.search(pattern, name):
            continue
        with tempfile.TemporaryDirectory() as folder:
            problems = check(tf_oracle, os.path.abspath(estimator), folder, gradients, optimizer)
        passed, failed = passed + (not problems), failed + bool(problems)
        print("%s %s" % ("FAILED" if problems else "ok", name), *problems, sep="\n    ", flush=True)
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
