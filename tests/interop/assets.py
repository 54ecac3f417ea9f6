#!/usr/bin/env python3
"""Exports with vocabulary files, whose sources are gone and whose folder was moved: ours run by TensorFlow 2.15, its run by us.

Run: python3 tests/interop/assets.py ESTIMATOR SCENARIOS
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from tensorflow.python.ops import lookup_ops

v1 = tf.compat.v1
ROWS = [("red", "north", 10), ("green", "harbour", 30), ("violet", "nowhere", 77), ("yellow", "", 20)]


def examples():
    def bytes_feature(text):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()] if text else []))

    def example(color, shop, code):
        features = {"color": bytes_feature(color), "shop": bytes_feature(shop),
                    "code": tf.train.Feature(int64_list=tf.train.Int64List(value=[code]))}
        return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()

    return [example(*row) for row in ROWS]


def run(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def ours(estimator, directory, signature, path):
    return [json.loads(line) for line in
            run([estimator, "--quiet", "saved-model", "run", directory, "--signature", signature, "--input", path]).splitlines()]


def export_ours(estimator, scenarios, tmp):
    """A model of ours, its folder moved, its configuration and vocabularies gone."""
    source = os.path.join(tmp, "source")
    shutil.copytree(scenarios, source)
    config = os.path.join(source, "linear_vocabulary_file.yaml")
    run([estimator, "--quiet", "train", config, "--set", "trainer.train_steps=20"])
    made = run([estimator, "--quiet", "export", config, "--export-dir", os.path.join(tmp, "base")]).strip()
    moved = os.path.join(tmp, "moved")
    os.rename(made, moved)
    shutil.rmtree(source)
    return moved


def export_theirs(tmp):
    vocabulary, made = os.path.join(tmp, "colors.txt"), os.path.join(tmp, "made")
    with open(vocabulary, "w") as f:
        f.write("red\ngreen\n")
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.string, [None], name="x")
        table = lookup_ops.index_table_from_file(vocabulary, num_oov_buckets=3)
        y = tf.identity(table.lookup(x), name="y")
        session.run(v1.tables_initializer())
        builder = v1.saved_model.Builder(made)
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature}, main_op=v1.tables_initializer(),
                                             assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS))
        wanted = session.run(y, {x: [row[0] for row in ROWS]})
        builder.save()
    moved = os.path.join(tmp, "theirs")
    os.rename(made, moved)
    os.remove(vocabulary)
    return moved, wanted


def main(estimator, scenarios):
    with tempfile.TemporaryDirectory() as tmp:
        directory = export_ours(estimator, scenarios, tmp)
        assert sorted(os.listdir(os.path.join(directory, "assets"))) == ["colors.txt", "words.txt", "words.txt_1"]
        records = os.path.join(tmp, "rows.tfrecord")
        with tf.io.TFRecordWriter(records) as w:
            for e in examples():
                w.write(e)
        answers = [row["logits"] for row in ours(estimator, directory, "predict", records)]
        loaded = tf.saved_model.load(directory)
        np.testing.assert_allclose(loaded.signatures["predict"](examples=tf.constant(examples()))["logits"], answers, 1e-6)
        with tf.Graph().as_default(), v1.Session() as session:
            meta = v1.saved_model.load(session, ["serve"], directory)
            s = meta.signature_def["predict"]
            got = session.run(s.outputs["logits"].name, {s.inputs["examples"].name: examples()})
        np.testing.assert_allclose(got, answers, 1e-6)
        assert len({float(a[0]) for a in answers}) > 2, answers

        directory, wanted = export_theirs(tmp)
        rows = os.path.join(tmp, "rows.jsonl")
        with open(rows, "w") as f:
            f.writelines(json.dumps({"x": row[0]}) + "\n" for row in ROWS)
        got = [row["y"] for row in ours(estimator, directory, "serving_default", rows)]
        np.testing.assert_array_equal(np.reshape(got, [-1]), wanted)


main(*sys.argv[1:])
