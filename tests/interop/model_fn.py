"""The model_fn of tutorials/model_fn.c and its twin in Python, under TensorFlow's own Estimator: from the same first checkpoint, over the
same batches, both end with the same variables and slots after 100 steps, had the same loss at each step, and say the same in evaluation,
in prediction and in what they export.

Run: python3 tests/interop/model_fn.py PROGRAM DATA_FOLDER
"""
import csv
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf
from tensorflow.python.training import training_util

tf.get_logger().setLevel("ERROR")
warnings.filterwarnings("ignore")
v1, fc = tf.compat.v1, tf.feature_column
STEPS = 100
RTOL, ATOL = 1e-5, 1e-6
COLUMNS = [
    fc.numeric_column("age", default_value=29.6, normalizer_fn=lambda x: (x - 29.6) / 12.5),
    fc.indicator_column(fc.categorical_column_with_vocabulary_list("class", ["First", "Second", "Third"])),
    fc.indicator_column(fc.categorical_column_with_vocabulary_list("sex", ["male", "female"])),
    fc.embedding_column(fc.categorical_column_with_hash_bucket("embark_town", 8), 3),
]
passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print("%s  %s%s" % ("ok" if good else "FAILED", what, "  " + detail if detail else ""))


# ---- the twin ----

def shared_layer(features, mode):
    x = v1.feature_column.input_layer(features, COLUMNS)
    h = v1.layers.dense(x, 16, use_bias=False, name="shared", kernel_regularizer=tf.keras.regularizers.L2(0.01))
    return tf.nn.relu(v1.layers.batch_normalization(h, training=mode == "train", momentum=0.9, name="norm"))


def train_op(survival_loss, fare_loss, global_step):
    fare = [v for v in v1.trainable_variables() if v.name.startswith("fare/")]
    survival = [v for v in v1.trainable_variables() if not v.name.startswith("fare/")]
    gradients, _ = tf.clip_by_global_norm(tf.gradients(survival_loss, survival), 0.5)
    adam, adagrad = tf.keras.optimizers.legacy.Adam(0.01), tf.keras.optimizers.legacy.Adagrad(0.1)
    adam.iterations = global_step
    with tf.name_scope("training"):
        first = adam.apply_gradients(zip(gradients, survival))
        second = adagrad.get_updates(fare_loss, fare)
    with tf.control_dependencies([first] + second + v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
        return tf.train.ExponentialMovingAverage(0.99, global_step).apply(v1.trainable_variables())


def model_fn(features, labels, mode):
    h = shared_layer(features, mode)
    logits = v1.layers.dense(h, 1, name="survival")
    fare = v1.layers.dense(tf.stop_gradient(h), 1, name="fare", kernel_constraint=tf.keras.constraints.NonNeg())
    survives, dollars = tf.sigmoid(logits), tf.exp(fare) - 1

    predictions = {"survives": survives, "fare": dollars}
    scaffold = None
    if mode != "train":
        averages = tf.train.ExponentialMovingAverage(0.99).variables_to_restore(v1.trainable_variables())
        scaffold = v1.train.Scaffold(saver=v1.train.Saver(averages))
    if mode == "infer":
        return tf.estimator.EstimatorSpec(mode, predictions, scaffold=scaffold, export_outputs={
            "serving_default": tf.estimator.export.PredictOutput(predictions),
            "survival": tf.estimator.export.RegressionOutput(survives)})

    survived, log_fare = labels[:, :1], tf.math.log1p(labels[:, 1:])
    cross_entropy = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(survived, logits))
    survival_loss = cross_entropy + v1.losses.get_regularization_loss()
    fare_loss = tf.reduce_mean(tf.math.squared_difference(log_fare, fare))
    loss = survival_loss + fare_loss

    if mode == "eval":
        auc = tf.keras.metrics.AUC()
        auc.update_state(survived, survives)
        return tf.estimator.EstimatorSpec(mode, predictions, loss, scaffold=scaffold, eval_metric_ops={
            "accuracy": v1.metrics.accuracy(survived, tf.cast(survives > 0.5, tf.float32)),
            "auc": auc,
            "log_fare_error": v1.metrics.mean_absolute_error(log_fare, fare)})
    return tf.estimator.EstimatorSpec(mode, predictions, loss, train_op(survival_loss, fare_loss, training_util.get_global_step()))


def rows(path):
    with open(path) as f:
        table = list(csv.DictReader(f))
    features = {"age": np.array([[float(r["age"] or 29.6)] for r in table], np.float32)}
    for key in ("sex", "class", "embark_town"):
        features[key] = np.array([[r[key]] for r in table])
    return features, np.array([[float(r["survived"]), float(r["fare"] or 0)] for r in table], np.float32)


def input_fn(path, training):
    return lambda: tf.data.Dataset.from_tensor_slices(rows(path)).repeat(None if training else 1).batch(32)


# ---- both, side by side ----

def run_program(program, data, *arguments):
    done = subprocess.run([program, data] + [str(a) for a in arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("%s ended with %d" % (program, done.returncode))
    said = [line.rsplit(" ", 1) for line in done.stdout.splitlines()]
    return {name: value if name.endswith("exported to") else float(value) for name, value in said}


def far(a, b):
    """How often the bound is exceeded: more than 1 is too far."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float(np.max(np.abs(a - b) / (ATOL + RTOL * np.abs(b)), initial=0)) if a.shape == b.shape else float("inf")


def compare_checkpoints(ours, theirs):
    a, b = tf.train.load_checkpoint(ours), tf.train.load_checkpoint(theirs)
    shapes = {n: s for n, s in b.get_variable_to_shape_map().items()}
    check("names and shapes of variables", a.get_variable_to_shape_map() == shapes,
          str(sorted(set(a.get_variable_to_shape_map()) ^ set(shapes))))
    check("dtypes", a.get_variable_to_dtype_map() == b.get_variable_to_dtype_map())
    for name in sorted(shapes):
        if a.has_tensor(name):
            by = far(a.get_tensor(name), b.get_tensor(name))
            check(name, by <= 1, "%.2g of the bound" % by)


def losses(model_dir):
    found = {}
    for path in glob.glob(os.path.join(model_dir, "events.*")):
        for event in v1.train.summary_iterator(path):
            for value in event.summary.value:
                if value.tag == "loss":
                    found[event.step] = value.simple_value if value.HasField("simple_value") else float(tf.make_ndarray(value.tensor))
    return found


def compare_exports(ours, theirs, data):
    features, _ = rows(os.path.join(data, "titanic_eval.csv"))
    examples = tf.constant([example({k: v[i] for k, v in features.items()}) for i in range(20)])
    a, b = tf.saved_model.load(ours), tf.saved_model.load(theirs)
    for name in b.signatures:
        check("the export has " + name, name in a.signatures)
        wanted = b.signatures[name](**{next(iter(b.signatures[name].structured_input_signature[1])): examples})
        got = a.signatures[name](**{next(iter(a.signatures[name].structured_input_signature[1])): examples})
        for key in wanted:
            check("export: %s, %s" % (name, key), key in got and far(got[key], wanted[key]) <= 1)


def example(values):
    def feature(v):
        v = np.atleast_1d(v)
        if v.dtype == np.float32:
            return tf.train.Feature(float_list=tf.train.FloatList(value=v))
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[s.encode() for s in v]))
    return tf.train.Example(features=tf.train.Features(feature={k: feature(v) for k, v in values.items()})).SerializeToString()


def main(program, data):
    with tempfile.TemporaryDirectory() as tmp:
        theirs, ours = os.path.join(tmp, "theirs"), os.path.join(tmp, "ours")
        estimator = tf.estimator.Estimator(model_fn, theirs, tf.estimator.RunConfig(tf_random_seed=1, save_summary_steps=1))
        training = input_fn(os.path.join(data, "titanic_train.csv"), True)
        evaluation = input_fn(os.path.join(data, "titanic_eval.csv"), False)
        estimator.train(training, max_steps=STEPS)
        os.mkdir(ours)
        for path in glob.glob(os.path.join(theirs, "model.ckpt-0.*")):
            shutil.copy(path, ours)
        with open(os.path.join(ours, "checkpoint"), "w") as f:
            f.write('model_checkpoint_path: "model.ckpt-0"\n')
        metrics = run_program(program, data, ours, STEPS)
        exported = metrics["exported to"]

        compare_checkpoints(ours, theirs)
        a, b = losses(ours), losses(theirs)
        check("the loss of each step", len(b) == STEPS and sorted(a) == sorted(b) and far([a[s] for s in sorted(a)],
                                                                                          [b[s] for s in sorted(b)]) <= 1,
              "%d and %d steps" % (len(a), len(b)))
        for name, value in estimator.evaluate(evaluation).items():
            check("metric " + name, name in metrics and far(metrics[name], value) <= 1, "%s, %s" % (metrics.get(name), value))
        wanted = [[float(p["survives"][0]), float(p["fare"][0])] for p in estimator.predict(evaluation)]
        got = np.loadtxt(os.path.join(ours, "predictions.csv"), delimiter=",", skiprows=1)
        check("predictions", far(got, wanted) <= 1, "%.2g of the bound" % far(got, wanted))
        receiver = tf.estimator.export.build_parsing_serving_input_receiver_fn(fc.make_parse_example_spec(COLUMNS))
        compare_exports(exported, estimator.export_saved_model(os.path.join(tmp, "exported"), receiver).decode(), data)
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
