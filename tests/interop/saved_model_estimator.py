"""SavedModelEstimator over exports of all modes: TensorFlow's own trains on from the export of tutorials/model_fn.c, and the program from
that of its twin in TensorFlow, each to the other's variables, losses and metrics.

Run: python3 tests/interop/saved_model_estimator.py PROGRAM DATA_FOLDER
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import model_fn as twin
import tensorflow as tf
from tensorflow_estimator.python.estimator.canned.saved_model_estimator import SavedModelEstimator
from model_fn import check, far, v1
from model_fn import run_program as run

STEPS, MORE = 32, 20


def features():
    given = {key: v1.placeholder(tf.string, [None, 1], key) for key in ("class", "sex", "embark_town")}
    return dict(given, age=v1.placeholder(tf.float32, [None, 1], "age"))


def receivers():
    def supervised():
        return tf.estimator.experimental.build_raw_supervised_input_receiver_fn(features(), v1.placeholder(tf.float32, [None, 2], "label"))()

    def serving():
        given = features()
        return tf.estimator.export.ServingInputReceiver(given, given)

    return {"train": supervised, "eval": supervised, "infer": serving}


def compare(what, said, model_dir, estimator, evaluation):
    """What the program said and left, beside an estimator of TensorFlow's."""
    twin.compare_checkpoints(model_dir, estimator.model_dir)
    a, b = twin.losses(model_dir), twin.losses(estimator.model_dir)
    steps = sorted(b)
    check(what + ": losses", len(steps) >= 1 and far([a[s] for s in steps], [b[s] for s in steps]) <= 1, "%d steps" % len(steps))
    for name, value in estimator.evaluate(evaluation).items():
        name = name[len("metrics/"):] if name.startswith("metrics/") else name
        check("%s: metric %s" % (what, name), name in said and far(said[name], value) <= 1, "%s, %s" % (said.get(name), value))


def main(program, data):
    training = twin.input_fn(os.path.join(data, "titanic_train.csv"), True)
    evaluation = twin.input_fn(os.path.join(data, "titanic_eval.csv"), False)
    with tempfile.TemporaryDirectory() as tmp:
        def at(name):
            return os.path.join(tmp, name)
        ours = run(program, data, at("ours"), STEPS)["all modes exported to"]
        theirs = SavedModelEstimator(ours, at("theirs_of_ours"))
        theirs.train(training, steps=MORE)
        said = run(program, data, at("ours_of_ours"), STEPS + MORE, ours)
        compare("from ours", said, at("ours_of_ours"), theirs, evaluation)

        first = tf.estimator.Estimator(twin.model_fn, at("first"), tf.estimator.RunConfig(tf_random_seed=1))
        first.train(training, steps=STEPS)
        exported = first.experimental_export_all_saved_models(at("exported"), receivers()).decode()
        theirs = SavedModelEstimator(exported, at("theirs_of_theirs"))
        theirs.train(training, steps=MORE)
        said = run(program, data, at("ours_of_theirs"), STEPS + MORE, exported)
        compare("from TensorFlow's", said, at("ours_of_theirs"), theirs, evaluation)
    print("%d passed, %d failed" % (twin.passed, twin.failed))
    return twin.failed != 0


sys.exit(main(*sys.argv[1:]))
