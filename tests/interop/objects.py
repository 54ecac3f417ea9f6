"""Object-based checkpoints between tf.train.Checkpoint and the program tutorials/objects: each goes on where the other stopped, all is
consumed, and the variables come out the same. And models of tf.saved_model.save, whose variables lie under keys of objects.

usage: objects.py PROGRAM ESTIMATOR"""
import json
import os
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf

program, estimator = (os.path.abspath(p) for p in sys.argv[1:])
passed = failed = 0


def check(what, good):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok' if good else 'FAILED'}  {what}")


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.l1 = tf.keras.layers.Dense(5)

    def call(self, x):
        return self.l1(x)


class Guide:
    """The guide's program, in TensorFlow."""

    def __init__(self):
        self.net = Net()
        self.optimizer = tf.keras.optimizers.legacy.Adam(0.1)
        self.checkpoint = tf.train.Checkpoint(step=tf.Variable(1), optimizer=self.optimizer, net=self.net)

    def build(self):
        """Variables and slots before anything is restored, so that what is missing shows."""
        self.net.build((None, 1))
        self.optimizer._create_all_weights(self.net.trainable_variables)

    def train(self, steps):
        for _ in range(steps):
            first = (int(self.checkpoint.step) - 1) * 2
            x = np.array([[first % 10], [(first + 1) % 10]], np.float32)
            y = x * 5 + np.arange(5, dtype=np.float32)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.abs(self.net(x) - y))
            variables = self.net.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
            self.checkpoint.step.assign_add(1)

    def values(self):
        slots = [self.optimizer.get_slot(v, s) for s in ("m", "v") for v in self.net.trainable_variables]
        return [v.numpy() for v in self.net.trainable_variables + slots + [self.optimizer.iterations, self.checkpoint.step]]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr)
    return done


def same(a, b):
    return all(np.allclose(x, y, rtol=1e-5, atol=1e-6) for x, y in zip(a, b)) and len(a) == len(b)


def both_ways(folder):
    ours = os.path.join(folder, "ours")
    check("our first 50 steps", run(program, ours).returncode == 0)
    guide = Guide()
    guide.build()
    status = guide.checkpoint.restore(tf.train.latest_checkpoint(ours))
    status.assert_consumed()
    check("TensorFlow consumes ours", int(guide.checkpoint.step) == 50 and int(guide.checkpoint.save_counter) == 5)
    late = Guide()
    status = late.checkpoint.restore(tf.train.latest_checkpoint(ours))
    late.train(1)
    status.assert_consumed()
    check("TensorFlow's deferred restoration of ours", int(late.checkpoint.step) == 51)

    theirs = os.path.join(folder, "theirs")
    guide.train(50)
    manager = tf.train.CheckpointManager(guide.checkpoint, theirs, max_to_keep=3)
    manager.save()
    shown = run(estimator, "inspect", f"{theirs}/ckpt-6").stdout
    check("inspect tells the names that variables had in TensorFlow", f"({guide.net.l1.kernel.name[:-2]})" in shown)
    done = run(program, theirs)
    check("we consume TensorFlow's", f"Restored from {theirs}/ckpt-6" in done.stdout)
    check("our further 50 steps of the same files as TensorFlow's",
          manager.checkpoints == [f"{theirs}/ckpt-6"] and sorted(tf.train.get_checkpoint_state(theirs).all_model_checkpoint_paths) ==
          [f"{theirs}/ckpt-{n}" for n in (10, 11, 9)])
    guide.train(50)
    wanted = guide.values()
    back = Guide()
    back.build()
    back.checkpoint.restore(tf.train.latest_checkpoint(theirs)).assert_consumed()
    check("150 steps by turns are those of TensorFlow", same(back.values(), wanted))


class Alike(tf.Module):
    """Two variables of one name."""

    def __init__(self):
        self.a = tf.Variable([1.0, 2.0], name="v")
        self.b = tf.Variable([30.0, 40.0], name="v")

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def scale(self, x):
        return x * self.a + self.b


def saved_models(folder):
    rows = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    model = tf.keras.Sequential([tf.keras.layers.Dense(4, "relu", input_shape=(3,), name="one"), tf.keras.layers.Dense(2, name="two")])
    cases = [("keras", model, None, rows, model(rows)), ("alike", Alike(), Alike.scale, rows[:, :2], None)]
    for name, module, function, x, y in cases:
        path = os.path.join(folder, name)
        tf.saved_model.save(module, path, signatures=module.scale if function else None)
        y = module.scale(x) if y is None else y
        served = tf.saved_model.load(path).signatures["serving_default"]
        key = list(served.structured_input_signature[1])[0]
        with open(path + ".jsonl", "w") as f:
            f.writelines(json.dumps({key: row}) + "\n" for row in x.tolist())
        done = run(estimator, "saved-model", "run", path, "--input", path + ".jsonl")
        got = [list(json.loads(line).values())[0] for line in done.stdout.splitlines()]
        check(f"a model of tf.saved_model.save: {name}", len(got) == len(x) and np.allclose(got, y, rtol=1e-5, atol=1e-6))


with tempfile.TemporaryDirectory() as work:
    both_ways(work)
    saved_models(work)
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
