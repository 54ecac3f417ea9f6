#!/usr/bin/env python3
"""TFRecord files of `estimator convert`, parsed by TensorFlow 2.15, and a file of TensorFlow's converted to CSV.

Run: python3 tests/interop/convert.py ESTIMATOR titanic_eval.csv FOLDER
"""
import csv
import os
import subprocess
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

ESTIMATOR, TABLE, FOLDER = sys.argv[1:4]
NUMBERS = {"age": tf.float32, "fare": tf.float32, "survived": tf.int64, "parch": tf.int64, "n_siblings_spouses": tf.int64}


def convert(*arguments):
    subprocess.run([ESTIMATOR, "convert", *arguments, "--quiet"], check=True)


def check_ours(name, compression):
    path = os.path.join(FOLDER, name)
    convert(TABLE, path)
    with open(TABLE, newline="") as f:
        rows = list(csv.DictReader(f))
    spec = {key: tf.io.FixedLenFeature([], NUMBERS[key], -1) if key in NUMBERS else tf.io.FixedLenFeature([], tf.string, "")
            for key in rows[0]}
    parsed = next(iter(tf.data.TFRecordDataset(path, compression).batch(len(rows) + 1).map(
        lambda records: tf.io.parse_example(records, spec))))
    for key in rows[0]:
        texts = [row[key] for row in rows]
        if key in NUMBERS:
            wanted = np.array([float(t) if t else -1 for t in texts], NUMBERS[key].as_numpy_dtype)
            np.testing.assert_array_equal(parsed[key].numpy(), wanted, key)
        else:
            assert [t.decode() for t in parsed[key].numpy()] == texts, key


def check_theirs():
    path, back = os.path.join(FOLDER, "theirs.tfrecord"), os.path.join(FOLDER, "theirs.csv")
    feature = lambda **kind: tf.train.Feature(**kind)
    rows = [{"a": feature(int64_list=tf.train.Int64List(value=[1, 2])), "b": feature(bytes_list=tf.train.BytesList(value=[b"x,y"]))},
            {"b": feature(), "c": feature(float_list=tf.train.FloatList(value=[0.1]))}]
    with tf.io.TFRecordWriter(path, "ZLIB") as writer:
        for row in rows:
            writer.write(tf.train.Example(features=tf.train.Features(feature=row)).SerializeToString())
    convert(path, back, "--multivalent-delim", "|")
    with open(back, newline="") as f:
        got = list(csv.DictReader(f))
    assert got == [{"a": "1|2", "b": "x,y", "c": ""}, {"a": "", "b": "", "c": "0.1"}], got


check_ours("plain.tfrecord", "")
check_ours("gzip.tfrecord.gz", "GZIP")
check_ours("zlib.tfrecord.z", "ZLIB")
check_theirs()
print("TensorFlow and convert agree")
