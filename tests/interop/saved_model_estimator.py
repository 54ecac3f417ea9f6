"""SavedModelEstimator over exports of all modes: TensorFlow's own trains on from the export of tutorials/model_fn.c, and the program from
TensorFlow's, each to the other's variables, losses, metrics and predictions.

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


def small_model_fn(features, labels, mode):
    """Two layers over the age alone."""
    h = v1.layers.dense(features["age"] / 30 - 1, 5, tf.nn.tanh, name="hidden")
    y = v1.layers.dense(h, 2, name="both")
    predictions = {"survives": tf.sigmoid(y[:, :1]), "fare": tf.exp(y[:, 1:])}
    if mode == "infer":
        return tf.estimator.EstimatorSpec(mode, predictions, export_outputs={"serving_default": tf.estimator.export.PredictOutput(predictions)})
    loss = tf.reduce_mean(tf.math.squared_difference(labels / [1.0, 30.0], y))
    if mode == "eval":
        error = v1.metrics.mean_absolute_error(labels[:, :1], predictions["survives"])
        return tf.estimator.EstimatorSpec(mode, predictions, loss, eval_metric_ops={"error": error})
    adam = tf.keras.optimizers.legacy.Adam(0.01)
    adam.iterations = v1.train.get_global_step()
    with tf.name_scope("training"):
        updates = adam.get_updates(loss, v1.trainable_variables())
    return tf.estimator.EstimatorSpec(mode, predictions, loss, tf.group(*updates))


def receivers():
    def supervised():
        given = {"age": v1.placeholder(tf.float32, [None, 1], "age")}
        return tf.estimator.experimental.build_raw_supervised_input_receiver_fn(given, v1.placeholder(tf.float32, [None, 2], "label"))()

    def serving():
        given = {"age": v1.placeholder(tf.float32, [None, 1], "age")}
        return tf.estimator.export.ServingInputReceiver(given, given)

    return {"train": supervised, "eval": supervised, "infer": serving}


def of_age(input_fn):
    return lambda: input_fn().map(lambda features, labels: ({"age": features["age"]}, labels))


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

        first = tf.estimator.Estimator(small_model_fn, at("first"), tf.estimator.RunConfig(tf_random_seed=1))
        first.train(of_age(training), steps=STEPS)
        exported = first.experimental_export_all_saved_models(at("exported"), receivers()).decode()
        theirs = SavedModelEstimator(exported, at("theirs_of_theirs"))
        theirs.train(of_age(training), steps=MORE)
        said = run(program, data, at("ours_of_theirs"), STEPS + MORE, exported)
        compare("from TensorFlow's", said, at("ours_of_theirs"), theirs, of_age(evaluation))
    print("%d passed, %d failed" % (twin.passed, twin.failed))
    return twin.failed != 0


sys.exit(main(*sys.argv[1:]))
