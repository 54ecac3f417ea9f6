"""Writes tests/golden/objects with TensorFlow: a checkpoint of tf.train.Checkpoint as in its guide, a model of tf.saved_model.save with two
variables of one name; and graphs of objects as seeds of tests/fuzz/object_graph.c.

usage: make_objects.py REPOSITORY"""
import os
import shutil
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import tensorflow as tf

top = sys.argv[1]
out = os.path.join(top, "tests/golden/objects")
seeds = os.path.join(top, "tests/fuzz/corpus/object_graph")
os.makedirs(out, exist_ok=True)
os.makedirs(seeds, exist_ok=True)


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__(name="net")
        self.l1 = tf.keras.layers.Dense(5, name="dense")

    def call(self, x):
        return self.l1(x)


net, optimizer = Net(), tf.keras.optimizers.legacy.Adam(0.1)
net.build((None, 1))
net.l1.kernel.assign([[1.0, 2.0, 3.0, 4.0, 5.0]])
variables = net.trainable_variables
optimizer.apply_gradients(zip([tf.ones_like(v) for v in variables], variables))
odd = tf.Variable([7.0], name="odd")
holder = tf.train.Checkpoint(**{"a.b": odd})
checkpoint = tf.train.Checkpoint(step=tf.Variable(12), optimizer=optimizer, net=net, holder=holder, again=holder)
checkpoint.save(os.path.join(out, "ckpt"))
os.remove(os.path.join(out, "checkpoint"))


class Alike(tf.Module):
    def __init__(self):
        self.a = tf.Variable([1.0, 2.0], name="v")
        self.b = tf.Variable([30.0, 40.0], name="v")

    @tf.function(input_signature=[tf.TensorSpec([2], tf.float32)])
    def scale(self, x):
        return x * self.a + self.b


alike = Alike()
tf.saved_model.save(alike, os.path.join(out, "alike"), signatures=alike.scale)
os.remove(os.path.join(out, "alike/fingerprint.pb"))
shutil.rmtree(os.path.join(out, "alike/assets"))

for name, prefix in ("guide", "ckpt-1"), ("saved_model", "alike/variables/variables"):
    graph = tf.train.load_checkpoint(os.path.join(out, prefix)).get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH")
    with open(os.path.join(seeds, name), "wb") as f:
        f.write(graph)
