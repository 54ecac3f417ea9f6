"""Writes tests/golden/readers: TFRecord files of tf.Example and tf.SequenceExample, what TensorFlow parses out of them, and
NumPy's files.

    python make_readers.py [FOLDER]

A line of the text files is one row: features between bars, their values between spaces.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "readers")


def ints(*v):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=v))


def floats(*v):
    return tf.train.Feature(float_list=tf.train.FloatList(value=v))


def texts(*v):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=v))


def value(v):
    return v.decode("latin-1") if isinstance(v, bytes) else "%.9g" % v if isinstance(v, np.floating) else str(v)


def ragged(sparse):
    rows = [[] for _ in range(sparse.dense_shape[0])]
    for index, v in zip(sparse.indices.numpy(), sparse.values.numpy()):
        rows[index[0]].append(v)
    return rows


def dense(t):
    return [np.ravel(row) for row in t.numpy()]


def write(name, messages, compression, columns):
    with tf.io.TFRecordWriter(os.path.join(folder, name + ".tfrecord"), compression) as w:
        for m in messages:
            w.write(m.SerializeToString())
    with open(os.path.join(folder, name + ".txt"), "w", encoding="latin-1") as f:
        for row in zip(*columns):
            f.write("|".join(" ".join(value(v) for v in cell) for cell in row) + "\n")


def examples():
    some = []
    for i in range(20):
        feature = {"age": floats(i / 4), "pair": floats(i, -i / 3), "n": ints(i * i * 10**12, -i), "name": texts(b"row %d" % i),
                   "words": texts(*[b"w%d" % (i * k) for k in range(i % 4)]), "other": ints(1)}
        if i % 3 == 0:
            del feature["age"]
        if i % 5 == 0:
            del feature["words"]
        if i % 7 == 0:
            del feature["name"]
        if i % 4 == 0:
            feature["ids"] = ints(*range(-1, i))
        some.append(tf.train.Example(features=tf.train.Features(feature=feature)))
    parsed = tf.io.parse_example([e.SerializeToString() for e in some], {
        "age": tf.io.FixedLenFeature([], tf.float32, -1.5), "pair": tf.io.FixedLenFeature([2], tf.float32),
        "n": tf.io.FixedLenFeature([1, 2], tf.int64), "name": tf.io.FixedLenFeature([1], tf.string, "none"),
        "words": tf.io.VarLenFeature(tf.string), "ids": tf.io.VarLenFeature(tf.int64)})
    columns = [dense(parsed[k]) for k in ("age", "pair", "n", "name")] + [ragged(parsed[k]) for k in ("words", "ids")]
    write("examples", some, "", columns)


def sequences():
    some = []
    for i in range(12):
        lists = {"tokens": tf.train.FeatureList(feature=[texts(b"t%d" % (i * k)) for k in range(i % 5)]),
                 "sound": tf.train.FeatureList(feature=[floats(i + k / 8, -k) for k in range(i % 3)]),
                 "ids": tf.train.FeatureList(feature=[ints(*range(i, i + (i + k) % 3)) for k in range(i % 4)])}
        if i % 4 == 3:
            del lists["sound"]
        context = {"label": ints(i % 2), "tags": texts(*[b"a"] * (i % 3))}
        some.append(tf.train.SequenceExample(context=tf.train.Features(feature=context),
                                             feature_lists=tf.train.FeatureLists(feature_list=lists)))
    context, lists, lengths = tf.io.parse_sequence_example(
        [e.SerializeToString() for e in some],
        {"label": tf.io.FixedLenFeature([], tf.int64), "tags": tf.io.VarLenFeature(tf.string)},
        {"tokens": tf.io.FixedLenSequenceFeature([], tf.string), "sound": tf.io.VarLenFeature(tf.float32),
         "ids": tf.io.VarLenFeature(tf.int64)})
    tokens = [row[:n] for row, n in zip(lists["tokens"].numpy(), lengths["tokens"].numpy())]
    columns = [dense(context["label"]), ragged(context["tags"]), tokens, ragged(lists["sound"]), ragged(lists["ids"])]
    write("sequences", some, "GZIP", columns)
    with open(os.path.join(folder, "frames.txt"), "w") as f:   # tf.io's SparseTensors [batch, frames, values]
        for name in ("sound", "ids"):
            sparse = lists[name]
            f.write("%s %s\n" % (name, " ".join(str(d) for d in sparse.dense_shape.numpy())))
            for index, v in zip(sparse.indices.numpy(), sparse.values.numpy()):
                f.write("%s %s\n" % (" ".join(str(k) for k in index), value(v)))


def arrays():
    some = {"f4": np.float32([0.5, -1.5]), "f8": np.float64([0.25, 1e10]), "i1": np.int8([-1, 100]), "i2": np.int16([-2, -300]),
            "i4": np.int32([-3, 70000]), "i8": np.int64([-4, 5 * 10**9]), "u1": np.uint8([1, 255]), "u2": np.uint16([2, 65535]),
            "u4": np.uint32([3, 4 * 10**9]), "b1": np.array([True, False]), "pair": np.float64([[1, 2], [3, 4]]),
            "S": np.array([b"ab", b""]), "U": np.array(["D\u00fcren", "\U0001f600"])}
    np.savez(os.path.join(folder, "stored.npz"), **some)
    np.savez_compressed(os.path.join(folder, "deflated.npz"), **some)
    np.savez(os.path.join(folder, "people.npz"), age=np.arange(40) % 7 + 20.0, sex=np.array(["male", "female", "female"] * 13 + ["male"]),
             survived=np.arange(40) % 3 % 2)
    np.save(os.path.join(folder, "pair.npy"), np.float64([[i, i / 2] for i in range(7)]))


os.makedirs(folder, exist_ok=True)
arrays()
examples()
sequences()
