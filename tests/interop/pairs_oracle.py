"""The oracle, taught what its tf_model.py leaves out: recurrent estimators and their columns, MultiHead, and labels that are lists,
rows of numbers or several at once."""
from unittest import mock

import tensorflow as tf

import tf_model
import tf_oracle

tf_model._PLAIN += tuple(name for name in dir(tf.feature_column) if name.startswith("sequence_"))
experimental = tf.estimator.experimental   # and with it tf.estimator, which was but a promise
tf.estimator.RNNClassifier, tf.estimator.RNNEstimator = experimental.RNNClassifier, experimental.RNNEstimator


class Model(tf_model.Model):
    def _head(self, spec, columns):
        (name, params), = spec.items()
        if name == "MultiHead":
            heads = [self._head(head, columns) for head in params["heads"]]
            return tf.estimator.MultiHead(heads, params.get("head_weights"))
        # TensorFlow sees by the label itself whether it is a list of ids.
        params = dict(params or {})
        as_lists = params.pop("sparse_labels", False) or "label_vocabulary" in params
        head = super()._head({name: params}, columns)
        head.label_as_lists = as_lists
        return head

    def heads(self):
        """The parts of a MultiHead, by their names, which are those of their labels; else nothing."""
        head = self.params.get("head")
        return {part.name: part for part in head._heads} if isinstance(head, tf.estimator.MultiHead) else {}

    def label_spec(self, head=None):
        head = head or self.params.get("head")
        if isinstance(head, tf.estimator.MultiLabelHead):
            if head.label_as_lists:
                return tf.io.VarLenFeature(tf.string if head._label_vocabulary else tf.int64)
            return tf.io.FixedLenFeature((head.logits_dimension,), tf.float32)
        if head is None or head is self.params.get("head"):
            return super().label_spec()
        if "Class" in type(head).__name__:
            return tf.io.FixedLenFeature((1,), tf.string if head._label_vocabulary else tf.int64)
        return tf.io.FixedLenFeature((head.logits_dimension,), tf.float32)

    def weight_spec(self):
        keys = {head._weight_column for head in self.heads().values() if head._weight_column}
        return {key: tf.io.FixedLenFeature((1,), tf.float32) for key in keys} or super().weight_spec()


class Data(tf_model.Data):
    """A configuration of a MultiHead names no label; one of its parts stands in for it until the batch is there."""

    def __init__(self, model, block, input_path=None):
        names = list(model.heads())
        super().__init__(model, {**block, "label": names[0]} if names else block, input_path)

    def spec(self, with_label):
        spec = super().spec(with_label)
        if with_label:
            spec.update({name: self.model.label_spec(head) for name, head in self.model.heads().items()})
        return spec

    def _parse(self, records, with_label):
        features = super()._parse(records, with_label)
        # What these estimators make of more than one feature cannot be initialized; a weight is one.
        if self.model.name in ("BaselineEstimator", "BaselineRegressor") and with_label and self.model.weight_spec():
            features.pop("_records")
        return features

    def input_fn(self, training=False, predicting=False):
        whole, names = super().input_fn(training, predicting), list(self.model.heads())
        if predicting or not names:
            return whole

        def split(features, first):
            labels = {names[0]: first, **{name: features[name] for name in names[1:]}}
            return {key: value for key, value in features.items() if key not in labels}, labels
        return lambda: whole().map(split)


class Oracle(tf_oracle.Oracle):
    def predict(self, *args, **kwargs):
        """A MultiHead's keys are pairs of names, in TensorFlow alone."""
        return [{"/".join(key) if isinstance(key, tuple) else key: value for key, value in row.items()}
                for row in super().predict(*args, **kwargs)]


class Check(tf_oracle.Check):
    PARITY = ["train", "variables", "values", "loss", "evaluate", "predict", "export", "export-outputs", "run-own", "run-tf"]

    def __init__(self, args):
        super().__init__(args)
        # Each step's loss is written, by both.
        every_step = "trainer.summary_interval=1"
        self.settings = [s for s in self.settings if not s.startswith("trainer.summary_interval")] + [every_step]
        self.tf = Oracle(self.configs, self.settings, self.dir("tf"))

    def item_loss(self):
        ours, theirs = (tf_oracle.scalars(d).get("loss", {}) for d in (self.our_training("ours"), self.tf_trained()))
        if len(ours) < self.steps:
            raise tf_oracle.Failed("the loss of %d steps is written, not of %d" % (len(ours), self.steps))
        # TensorFlow reads the step's number beside its update, and may be off by one.
        off = ["step %d: %.7g, TF %.7g" % (step, loss, theirs.get(step, float("nan"))) for step, loss in sorted(ours.items())
               if not any(tf_oracle.close(loss, theirs[at], 10 * self.args.metric_tol)
                          for at in (step - 1, step, step + 1) if at in theirs)]
        if off:
            raise tf_oracle.Failed(tf_oracle.short(off))
        return "%d steps" % len(ours)

    def run(self):
        """Each export is loaded once, not once for each of its signatures."""
        load, loaded = tf.saved_model.load, {}

        def once(directory, tags):
            if directory not in loaded:
                loaded[directory] = load(directory, tags)
            return loaded[directory]
        with mock.patch.object(tf.saved_model, "load", once):
            return super().run()


tf_oracle.Model, tf_oracle.Data = Model, Data
