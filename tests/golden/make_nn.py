#!/usr/bin/env python3
"""Makes nn.txt, the answers of TensorFlow 2.15 that tests/nn compares with.

    python3 make_nn.py > nn.txt

A line is a key, a colon and numbers. Optimizers: ten steps of given gradients for a dense variable `w` [3, 2] and rows of a sparse
one, `emb` [6, 3], with ids that repeat. Metrics: three batches of 4, 3 and 1 rows.
"""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np
import tensorflow as tf

STEPS, IDS = 10, 5
legacy = tf.keras.optimizers.legacy

OPTIMIZERS = {
    "ftrl_default": (legacy.Ftrl, {}),
    "ftrl_l1": (legacy.Ftrl, dict(learning_rate=0.2, l1_regularization_strength=0.3, l2_regularization_strength=0.02, beta=0.5)),
    "ftrl_all": (legacy.Ftrl, dict(learning_rate=0.2, learning_rate_power=-0.6, initial_accumulator_value=0.3,
                                   l1_regularization_strength=0.01, l2_regularization_strength=0.02,
                                   l2_shrinkage_regularization_strength=0.003, beta=0.5, decay=0.1)),
    "ftrl_fixed": (legacy.Ftrl, dict(learning_rate=0.2, learning_rate_power=0.0, initial_accumulator_value=0.0)),
    "sgd_default": (legacy.SGD, {}),
    "sgd_momentum": (legacy.SGD, dict(learning_rate=0.1, momentum=0.9)),
    "sgd_nesterov": (legacy.SGD, dict(learning_rate=0.1, momentum=0.8, nesterov=True, decay=0.1)),
    "adagrad_default": (legacy.Adagrad, {}),
    "adagrad_all": (legacy.Adagrad, dict(learning_rate=0.3, initial_accumulator_value=0.0, epsilon=1e-3, decay=0.05)),
    "adam_default": (legacy.Adam, {}),
    "adam_all": (legacy.Adam, dict(learning_rate=0.1, beta_1=0.8, beta_2=0.95, epsilon=1e-4, decay=0.1)),
    "adam_amsgrad": (legacy.Adam, dict(learning_rate=0.1, amsgrad=True)),
    "adamax_default": (legacy.Adamax, {}),
    "adamax_all": (legacy.Adamax, dict(learning_rate=0.1, beta_1=0.8, beta_2=0.95, epsilon=1e-4, decay=0.1)),
    "nadam_default": (legacy.Nadam, {}),
    "nadam_all": (legacy.Nadam, dict(learning_rate=0.1, beta_1=0.8, beta_2=0.95, epsilon=1e-4, schedule_decay=0.1)),
    "rmsprop_default": (legacy.RMSprop, {}),
    "rmsprop_centered": (legacy.RMSprop, dict(learning_rate=0.1, rho=0.8, epsilon=1e-3, centered=True, decay=0.1)),
    "rmsprop_momentum": (legacy.RMSprop, dict(learning_rate=0.1, rho=0.8, momentum=0.7, epsilon=1e-3)),
    "rmsprop_all": (legacy.RMSprop, dict(learning_rate=0.1, rho=0.8, momentum=0.7, epsilon=1e-3, centered=True, decay=0.1)),
    "sgd_clipvalue": (legacy.SGD, dict(learning_rate=0.1, clipvalue=0.5)),
    "adam_clipnorm": (legacy.Adam, dict(learning_rate=0.1, clipnorm=0.7)),
    "ftrl_global_clipnorm": (legacy.Ftrl, dict(learning_rate=0.2, global_clipnorm=0.9)),
    "nadam_clips": (legacy.Nadam, dict(learning_rate=0.1, clipvalue=0.6, clipnorm=1.5)),
    "rmsprop_loose": (legacy.RMSprop, dict(learning_rate=0.1, global_clipnorm=100.0)),
    "adagrad_schedule": (legacy.Adagrad, dict(learning_rate=tf.keras.optimizers.schedules.ExponentialDecay(0.3, 3, 0.5), decay=0.1)),
    "adadelta_default": (legacy.Adadelta, {}),
    "adadelta_all": (legacy.Adadelta, dict(learning_rate=0.5, rho=0.9, epsilon=1e-4, decay=0.1)),
}


def put(key, values):
    print(f"{key}: " + " ".join(f"{v:.9g}" for v in np.asarray(values, np.float64).ravel()))


def optimizers(rng):
    w0 = rng.normal(size=(3, 2)).astype(np.float32)
    emb0 = rng.normal(size=(6, 3)).astype(np.float32)
    dense = rng.normal(size=(STEPS, 3, 2)).astype(np.float32)
    rows = rng.normal(size=(STEPS, IDS, 3)).astype(np.float32)
    ids = rng.integers(0, 5, size=(STEPS, IDS)).astype(np.int64)  # row 5 is never touched
    ids[:, 1] = ids[:, 0]
    for key, values in ("w0", w0), ("emb0", emb0), ("dense", dense), ("rows", rows), ("ids", ids):
        put(f"optimizer/{key}", values)
    for name, (kind, options) in OPTIMIZERS.items():
        optimizer = kind(**options)
        w, emb = tf.Variable(w0), tf.Variable(emb0)
        for t in range(STEPS):
            slices = tf.IndexedSlices(tf.constant(rows[t]), tf.constant(ids[t]), tf.constant([6, 3], tf.int64))
            optimizer.apply_gradients([(tf.constant(dense[t]), w), (slices, emb)])
        put(f"{name}/w", w)
        put(f"{name}/emb", emb)
        for slot in optimizer.get_slot_names():
            put(f"{name}/w/{slot}", optimizer.get_slot(w, slot))
            put(f"{name}/emb/{slot}", optimizer.get_slot(emb, slot))
    return w0, emb0, dense, rows, ids


def slices_of(rows, ids):
    return tf.IndexedSlices(tf.constant(rows), tf.constant(ids), tf.constant([6, 3], tf.int64))


# Those that are not Keras' legacy ones: the slots are found in other places.
V1 = {
    "proximal_descent": (tf.compat.v1.train.ProximalGradientDescentOptimizer, dict(learning_rate=0.1)),
    "proximal_descent_l1": (tf.compat.v1.train.ProximalGradientDescentOptimizer,
                            dict(learning_rate=0.1, l1_regularization_strength=0.2, l2_regularization_strength=0.1)),
    "proximal_adagrad": (tf.compat.v1.train.ProximalAdagradOptimizer, dict(learning_rate=0.3, l2_regularization_strength=0.1)),
    "proximal_adagrad_l1": (tf.compat.v1.train.ProximalAdagradOptimizer,
                            dict(learning_rate=0.3, initial_accumulator_value=0.5, l1_regularization_strength=0.2)),
}
ADAMW = {
    "adamw_default": {},
    "adamw_all": dict(learning_rate=0.1, weight_decay=0.2, beta_1=0.8, beta_2=0.95, epsilon=1e-4, global_clipnorm=2.0),
    "adamw_amsgrad": dict(learning_rate=0.1, weight_decay=0.05, beta_2=0.95, amsgrad=True),
}


def v1_optimizers(data):
    w0, emb0, dense, rows, ids = data
    for name, (kind, options) in V1.items():
        optimizer = kind(**options)
        w, emb = tf.Variable(w0), tf.Variable(emb0)
        for t in range(STEPS):
            optimizer.apply_gradients([(tf.constant(dense[t]), w), (slices_of(rows[t], ids[t]), emb)])
        put(f"{name}/w", w)
        put(f"{name}/emb", emb)
        for slot in optimizer.get_slot_names():
            put(f"{name}/w/{slot}", optimizer.get_slot(w, slot))
            put(f"{name}/emb/{slot}", optimizer.get_slot(emb, slot))


def adamw(data):
    w0, emb0, dense, rows, ids = data
    for name, options in ADAMW.items():
        optimizer = tf.keras.optimizers.AdamW(jit_compile=False, **options)
        w, emb = tf.Variable(w0, name="w"), tf.Variable(emb0, name="emb")
        if name == "adamw_all":
            optimizer.exclude_from_weight_decay(var_names=["^w"])
        for t in range(STEPS):
            optimizer.apply_gradients([(tf.constant(dense[t]), w), (slices_of(rows[t], ids[t]), emb)])
        slots = [("m", optimizer._momentums), ("v", optimizer._velocities)]
        if options.get("amsgrad"):
            slots.append(("vhat", optimizer._velocity_hats))
        for i, (key, variable) in enumerate((("w", w), ("emb", emb))):
            put(f"{name}/{key}", variable)
            for slot, values in slots:
                put(f"{name}/{key}/{slot}", values[i])


def lamb(data):
    """The paper's algorithm 2 with the corrected moments, in float32: TensorFlow has none."""
    w0, emb0, dense, rows, ids = data
    spread = np.zeros((STEPS, 6, 3), np.float32)
    for t in range(STEPS):
        np.add.at(spread[t], ids[t], rows[t])
    f = np.float32
    for name, lr, b1, b2, epsilon, decay, excluded in (("lamb_default", 0.001, 0.9, 0.999, 1e-6, 0.0, ""),
                                                       ("lamb_all", 0.1, 0.8, 0.95, 1e-4, 0.2, ""),
                                                       ("lamb_excluded", 0.1, 0.9, 0.999, 1e-6, 0.2, "w")):
        for key, x, gradients in ("w", w0.copy(), dense), ("emb", emb0.copy(), spread):
            m, v = np.zeros_like(x), np.zeros_like(x)
            for t, g in enumerate(gradients, 1):
                m = f(b1) * m + (f(1) - f(b1)) * g
                v = f(b2) * v + (f(1) - f(b2)) * g * g
                step = m / (f(1) - f(b1) ** f(t)) / (np.sqrt(v / (f(1) - f(b2) ** f(t))) + f(epsilon))
                ratio = f(1)
                if key != excluded:
                    step = step + f(decay) * x
                    ratio = np.linalg.norm(x) / np.linalg.norm(step)
                x = x - f(lr) * ratio * step
            put(f"{name}/{key}", x)
            put(f"{name}/{key}/m", m)
            put(f"{name}/{key}/v", v)


def metrics(rng):
    n = 8
    labels = np.array([[1], [0], [1], [0], [1], [0], [0], [1]], np.int64)
    predictions = np.array([[0.9], [0.5], [0.3], [20 / 199], [0.7], [0.7], [0.0], [1.0]], np.float32)
    weights = np.array([[1], [0.5], [2], [0], [1.5], [0.25], [1], [3]], np.float32)
    put("metric/labels", labels)
    put("metric/predictions", predictions)
    put("metric/weights", weights)
    batches = [slice(0, 4), slice(4, 7), slice(7, n)]
    keras = tf.keras.metrics
    made = {
        "mean": keras.Mean, "accuracy": keras.Accuracy, "precision": keras.Precision, "recall": keras.Recall,
        "precision_0.3": lambda: keras.Precision(thresholds=0.3), "recall_0.3": lambda: keras.Recall(thresholds=0.3),
        "roc": lambda: keras.AUC(curve="ROC"), "pr": lambda: keras.AUC(curve="PR", summation_method="interpolation"),
    }
    for name, make in made.items():
        for weighted in False, True:
            metric = make()
            for b in batches:
                w = weights[b] if weighted else None
                if name == "mean":
                    metric.update_state(predictions[b], sample_weight=w)
                elif name == "accuracy":
                    metric.update_state(labels[b], (predictions[b] > 0.5).astype(np.int64), sample_weight=w)
                else:
                    metric.update_state(labels[b], predictions[b], sample_weight=w)
            put(f"metric/{name}{'_weighted' if weighted else ''}", metric.result())
    for curve in "ROC", "PR":
        metric = keras.AUC(curve=curve)
        metric.update_state(np.zeros((3, 1)), predictions[:3])
        put(f"metric/{curve.lower()}_negatives_only", metric.result())


def losses(rng):
    logits = np.array([[0.0], [-2.5], [3.0], [90.0], [-90.0]], np.float32)
    labels = np.array([[1], [1], [0], [0], [1]], np.float32)
    scores = rng.normal(size=(5, 3)).astype(np.float32)
    classes = np.array([[0], [2], [1], [1], [0]], np.int64)
    weights = np.array([[1], [0.5], [2], [0], [0.25]], np.float32)
    for key, values in ("logits", logits), ("labels", labels), ("scores", scores), ("classes", classes), ("weights", weights):
        put(f"loss/{key}", values)
    x = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(x)
        sigmoid = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=x)
    put("loss/sigmoid", sigmoid)
    put("loss/sigmoid_gradient", tape.gradient(sigmoid, x))
    y = tf.constant(scores)
    with tf.GradientTape() as tape:
        tape.watch(y)
        softmax = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes[:, 0], logits=y)
    put("loss/softmax", softmax)
    put("loss/softmax_gradient", tape.gradient(softmax, y))
    put("loss/squared", (labels - logits) ** 2)
    for reduction in "sum", "sum_over_batch_size":
        put(f"loss/{reduction}", tf.keras.__internal__.losses.compute_weighted_loss(sigmoid, weights, reduction))
        put(f"loss/{reduction}_plain", tf.keras.__internal__.losses.compute_weighted_loss(sigmoid, None, reduction))


LOSSES = {
    "absolute_difference": {}, "cosine_distance": dict(axis=-1), "hinge_loss": {}, "huber_loss": dict(delta=0.7), "log_loss": {},
    "mean_squared_error": {}, "sigmoid_cross_entropy": dict(label_smoothing=0.2), "softmax_cross_entropy": dict(label_smoothing=0.1),
    "sparse_softmax_cross_entropy": {}, "mean_pairwise_squared_error": {}, "log_poisson_loss": {},
}
REDUCTIONS = {
    "none": "none", "sum": "weighted_sum", "sum_over_batch_size": "weighted_sum_over_batch_size", "mean": "weighted_mean",
    "sum_by_nonzero_weights": "weighted_sum_by_nonzero_weights",
}


def loss_functions():
    """Each with weights of the rows under every reduction, without weights, and its gradient; one row counts nothing."""
    rng = np.random.default_rng(7)
    v1 = tf.compat.v1
    predictions = rng.uniform(0.05, 0.95, size=(4, 3)).astype(np.float32)
    labels = np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]], np.float32)
    targets = rng.uniform(-1, 2, size=(4, 3)).astype(np.float32)
    weights = np.array([[1], [0.5], [0], [2.5]], np.float32)
    for key, values in ("predictions", predictions), ("labels", labels), ("targets", targets), ("weights", weights):
        put(f"losses/{key}", values)
    for name, options in LOSSES.items():
        is_sparse = name == "sparse_softmax_cross_entropy"
        truth = labels.argmax(1) if is_sparse else targets if name in ("absolute_difference", "huber_loss", "mean_squared_error",
                                                                     "mean_pairwise_squared_error") else labels
        weigh = weights[:, 0] if is_sparse or name == "softmax_cross_entropy" else weights

        def loss(x, weights=1.0, reduction="weighted_sum_by_nonzero_weights"):
            if name == "log_poisson_loss":
                return v1.losses.compute_weighted_loss(tf.nn.log_poisson_loss(truth, x), weights, reduction=reduction)
            if name == "mean_pairwise_squared_error":
                return v1.losses.mean_pairwise_squared_error(truth, x, weights)
            first = dict(multi_class_labels=truth) if name == "sigmoid_cross_entropy" else \
                dict(onehot_labels=truth) if name == "softmax_cross_entropy" else dict(labels=truth)
            second = "logits" if "entropy" in name or "hinge" in name else "predictions"
            return getattr(v1.losses, name)(**first, **{second: x}, weights=weights, reduction=reduction, **options)

        x = tf.constant(predictions)
        put(f"losses/{name}/plain", tf.function(loss)(x))  # eagerly, the pairs are counted otherwise
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = loss(x, weigh)
        put(f"losses/{name}/gradient", tape.gradient(y, x))
        for key, reduction in REDUCTIONS.items():
            if name != "mean_pairwise_squared_error" or key == "sum_by_nonzero_weights":
                put(f"losses/{name}/{key}", loss(x, weigh, reduction))


def more_metrics():
    """All rows at once: sums do not ask for batches. What TensorFlow has no metric of is worked out in numpy."""
    keras, v1 = tf.keras.metrics, tf.compat.v1
    labels = np.array([[1], [0], [1], [0], [1], [0], [0], [1]], np.float32)
    predictions = np.array([[0.9], [0.5], [0.3], [20 / 199], [0.7], [0.7], [0.0], [1.0]], np.float32)
    weights = np.array([[1], [0.5], [2], [0], [1.5], [0.25], [1], [3]], np.float32)
    classes = np.array([[0], [2], [3], [1], [1], [0], [2], [3]], np.int64)
    scores = np.random.default_rng(3).normal(size=(8, 4)).astype(np.float32)
    scores[1] = [0.5, 0.5, 0.5, 0.1]  # equal scores share a place
    put("metric/classes", classes)
    put("metric/scores", scores)
    thresholds = [0.2, 0.5, 0.8]
    made = {
        "mse": (keras.MeanSquaredError, labels, predictions), "rmse": (keras.RootMeanSquaredError, labels, predictions),
        "mae": (keras.MeanAbsoluteError, labels, predictions), "r2": (keras.R2Score, labels, predictions),
        "log_loss": (keras.BinaryCrossentropy, labels, predictions),
        "precisions": (lambda: keras.Precision(thresholds=thresholds), labels, predictions),
        "recalls": (lambda: keras.Recall(thresholds=thresholds), labels, predictions),
        "top_2": (lambda: keras.SparseTopKCategoricalAccuracy(k=2), classes[:, 0], scores),
    }
    for weighted in False, True:
        w, suffix = weights[:, 0] if weighted else None, "_weighted" if weighted else ""
        for name, (make, y, p) in made.items():
            metric = make()
            metric.update_state(y, p, sample_weight=w)
            put(f"metric/{name}{suffix}", metric.result())
        losses = tf.keras.metrics.sparse_categorical_crossentropy(classes[:, 0], scores, from_logits=True)
        mean = keras.Mean()
        mean.update_state(losses, sample_weight=w)
        put(f"metric/perplexity{suffix}", tf.exp(mean.result()))
        put(f"metric/confusion{suffix}", tf.math.confusion_matrix(classes[:, 0], scores.argmax(1), weights=w, dtype=tf.float32))
        w = np.ones(8) if w is None else w.astype(np.float64)
        y, p = labels[:, 0].astype(np.float64), predictions[:, 0]
        tp, fp, tn, fn = (np.sum(w * mask) for mask in (y * (p > 0.5), (1 - y) * (p > 0.5), (1 - y) * (p <= 0.5), y * (p <= 0.5)))
        put(f"metric/matthews{suffix}", (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))
        bins = np.minimum((p * np.float32(4)).astype(int), 3)
        put(f"metric/calibration{suffix}", sum(abs(np.sum((w * (p - y))[bins == b])) for b in range(4)) / w.sum())


STEP_LIST = [0, 1, 2, 3, 5, 7, 9, 10, 11, 13, 15, 19, 20, 21, 29, 30, 31, 45, 69, 70, 71, 99, 100, 150, 151, 999, 100000]
schedules_of = tf.keras.optimizers.schedules

SCHEDULES = {
    "exponential": schedules_of.ExponentialDecay(0.1, 10, 0.9),
    "exponential_stairs": schedules_of.ExponentialDecay(0.1, 10, 0.5, staircase=True),
    "piecewise": schedules_of.PiecewiseConstantDecay([10, 20, 100], [1.0, 0.5, 0.25, 0.01]),
    "polynomial": schedules_of.PolynomialDecay(0.1, 30),
    "polynomial_power": schedules_of.PolynomialDecay(0.1, 70, end_learning_rate=0.01, power=0.5),
    "polynomial_cycle": schedules_of.PolynomialDecay(0.1, 20, end_learning_rate=0.0, power=2.0, cycle=True),
    "inverse": schedules_of.InverseTimeDecay(0.1, 10, 0.5),
    "inverse_stairs": schedules_of.InverseTimeDecay(0.1, 10, 0.5, staircase=True),
    "cosine": schedules_of.CosineDecay(0.1, 70, alpha=0.1),
    "cosine_warmup": schedules_of.CosineDecay(0.0, 70, warmup_target=0.3, warmup_steps=20),
    "restarts": schedules_of.CosineDecayRestarts(0.1, 10),
    "restarts_even": schedules_of.CosineDecayRestarts(0.1, 15, t_mul=1.0, m_mul=0.8, alpha=0.05),
}


class LinearWarmup:
    """As official.modeling.optimization.LinearWarmup, which is no part of TensorFlow."""

    def __init__(self, warmup_steps, warmup_learning_rate, after):
        self.steps, self.first, self.after = warmup_steps, warmup_learning_rate, after

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        after = self.after if callable(self.after) else lambda step: tf.constant(self.after)
        top = after(tf.constant(float(self.steps)))
        line = self.first + step / self.steps * (top - self.first)
        return tf.where(step < self.steps, line, after(step))


SCHEDULES["warmup"] = LinearWarmup(20, 0.0, 0.1)
SCHEDULES["warmup_exponential"] = LinearWarmup(15, 0.01, SCHEDULES["exponential"])


def schedules():
    put("schedule/steps", STEP_LIST)
    for name, schedule in SCHEDULES.items():
        put(f"schedule/{name}", [schedule(tf.constant(float(step))).numpy() for step in STEP_LIST])


K = tf.keras.initializers
INITIALIZERS = {    # each with a seed of its own; [5, 3]
    "TruncatedNormal": K.TruncatedNormal(seed=7),
    "RandomNormal": K.RandomNormal(mean=1.0, stddev=0.5, seed=8),
    "RandomUniform": K.RandomUniform(minval=-0.3, maxval=0.7, seed=-9),
    "GlorotUniform": K.GlorotUniform(seed=123456789),
    "HeNormal": K.HeNormal(seed=10),
    "VarianceScaling": K.VarianceScaling(scale=3.0, mode="fan_out", distribution="untruncated_normal", seed=11),
    "Orthogonal": K.Orthogonal(gain=2.0, seed=12),
}


def initializers():
    for name, initializer in INITIALIZERS.items():
        put(f"initializer/{name}", initializer([5, 3]).numpy())


rng = np.random.default_rng(1)
data = optimizers(rng)
metrics(rng)
losses(rng)
schedules()
loss_functions()
more_metrics()
v1_optimizers(data)
adamw(data)
lamb(data)
initializers()


R, C = tf.keras.regularizers, tf.keras.constraints
REGULARIZERS = {"l1": R.L1(0.3), "l2": R.L2(0.2), "l1_l2": R.L1L2(0.3, 0.2), "own": lambda w: tf.reduce_sum(w ** 4)}
CONSTRAINTS = {"NonNeg": C.NonNeg(), "MaxNorm": C.MaxNorm(0.7), "MaxNorm_1": C.MaxNorm(0.7, axis=[0, 1]), "UnitNorm": C.UnitNorm(axis=1),
               "MinMaxNorm": C.MinMaxNorm(0.8, 1.1, rate=0.25, axis=1), "own": lambda w: tf.minimum(w, 0.5)}


def regularizers_and_constraints(data):
    w0, _, dense, _, _ = data
    for name, regularizer in REGULARIZERS.items():
        put(f"regularizer/{name}", regularizer(tf.constant(w0)))
    for name, constraint in CONSTRAINTS.items():
        put(f"constraint/{name}", constraint(tf.constant(w0)))
        w, optimizer = tf.Variable(w0, constraint=constraint), legacy.Adam(0.1)
        for t in range(STEPS):
            optimizer.apply_gradients([(tf.constant(dense[t]), w)])
        put(f"constraint/{name}/trained", w)


def moving_averages(data):
    """Averages of a variable that SGD trains and of its gradient, in a graph of TensorFlow 1."""
    w0, _, dense, _, _ = data
    v1 = tf.compat.v1
    for name, counts, debias in ("plain", False, False), ("counted", True, False), ("debiased", True, True):
        with tf.Graph().as_default(), v1.Session() as session:
            w, fed = v1.get_variable("w", initializer=w0, use_resource=True), v1.placeholder(tf.float32, [3, 2])
            step = v1.train.create_global_step()
            optimizer = legacy.SGD(0.1)
            optimizer.iterations = step
            updates = optimizer.apply_gradients([(fed, w)])
            average = tf.train.ExponentialMovingAverage(0.9, step if counts else None, zero_debias=debias)
            with tf.control_dependencies([updates]):
                train = average.apply([w, fed])
            session.run(v1.global_variables_initializer())
            for t in range(STEPS):
                session.run(train, {fed: dense[t]})
            put(f"average/{name}/w", session.run(average.average(w)))
            put(f"average/{name}/fed", session.run(average.average(fed)))


regularizers_and_constraints(data)
moving_averages(data)
