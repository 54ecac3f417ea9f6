#!/usr/bin/env python3
"""Files written by the library, read by TensorFlow 2.15 and by TensorBoard's EventAccumulator.

Run: python3 tests/interop/formats.py BUILDDIR/tests/formats/write_samples
"""
import os
import shutil
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "golden"))

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import make_formats as golden


def same_bytes(a, b):
    with open(a, "rb") as x, open(b, "rb") as y:
        assert x.read() == y.read(), "%s and %s differ" % (a, b)


def check_bundle(ours, theirs, entries):
    golden.save(theirs, entries)
    for end in (".index", ".data-00000-of-00001"):
        same_bytes(ours + end, theirs + end)
    reader = tf.train.load_checkpoint(ours)
    assert set(reader.get_variable_to_shape_map()) == {name for name, _, _ in entries}
    for name, part, value in entries[:24]:
        if not part:
            np.testing.assert_array_equal(reader.get_tensor(name), value.numpy(), name)
    return reader


def check_records(path, compression):
    records = [r.numpy() for r in tf.data.TFRecordDataset(path, compression)]
    assert records == list(golden.examples()), path


def check_events(directory):
    events = EventAccumulator(directory, size_guidance={"histograms": 0, "scalars": 0})
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [
        (i, float(np.float32(1.0 / (i + 1)))) for i in range(3)]
    [histogram] = events.Histograms("weights")
    theirs = os.path.join(directory, "theirs", "events.out.tfevents.1.golden")
    os.makedirs(os.path.dirname(theirs))
    shutil.copy(os.path.join(golden.HERE, "events.golden"), theirs)
    recorded = EventAccumulator(theirs, size_guidance={"histograms": 0})
    recorded.Reload()
    [wanted] = recorded.Histograms("weights")
    assert histogram.histogram_value == wanted.histogram_value
    assert histogram.step == wanted.step == 3


def main(write_samples):
    with tempfile.TemporaryDirectory() as tmp:
        at = lambda name: os.path.join(tmp, name)
        subprocess.run([write_samples, tmp], check=True)
        reader = check_bundle(at("model.ckpt-7"), at("tf.ckpt"), golden.tensors())
        np.testing.assert_array_equal(reader.get_tensor("emb"), np.arange(10.0).reshape(5, 2))
        np.testing.assert_array_equal(reader.get_tensor("wide"), np.arange(600).reshape(2, 300))
        check_bundle(at("many"), at("tf.many"), golden.many_tensors())
        check_records(at("examples.tfrecord"), "")
        check_records(at("examples.tfrecord.gz"), "GZIP")
        check_records(at("examples.tfrecord.z"), "ZLIB")
        check_events(at("events"))
    print("formats: TensorFlow reads our files; checkpoints are equal byte for byte")


if __name__ == "__main__":
    main(*sys.argv[1:])
