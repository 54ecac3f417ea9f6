#!/usr/bin/env python3
"""Writes tests/golden/formats/ with TensorFlow 2.15: the files that src/formats/ must read, and write byte for byte.
many.txt is the size and CRC-32 of an index too large to be kept.

Run: python3 tests/golden/make_formats.py   (the contents are repeated in tests/formats/samples.c)
"""
import os
import shutil
import sys
import tempfile
import zlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "formats")


def numbers(dtype, *shape):
    """0, 1, 2, ... as any dtype."""
    n = int(np.prod(shape))
    return tf.reshape(tf.cast(tf.range(n), dtype), shape)


def tensors():
    """name, shape_and_slice, tensor; in the order in which they are added."""
    t = [("t/" + d.name, "", numbers(d, 2, 3)) for d in (
        tf.float32, tf.float64, tf.int8, tf.uint8, tf.int16, tf.uint16, tf.int32, tf.uint32, tf.int64, tf.uint64,
        tf.float16, tf.bfloat16)]
    t.append(("t/bool", "", tf.constant([True, False, True])))
    t.append(("t/string", "", tf.constant([[b"", b"abc"], [b"a\x00b", b"x" * 200]])))
    t.append(("global_step", "", tf.constant(7, tf.int64)))
    t.append(("empty/float", "", tf.zeros([0, 4])))
    t.append(("empty/string", "", tf.constant([], tf.string, [0])))
    t.append(("scalar/string", "", tf.constant("Titanic")))
    emb = numbers(tf.float32, 5, 2)
    t.append(("emb", "5 2 0,3:0,2", emb[:3]))
    t.append(("emb", "5 2 3,2:0,2", emb[3:]))
    wide = numbers(tf.int32, 2, 300)
    t.append(("wide", "2 300 0,2:0,100", wide[:, :100]))
    t.append(("wide", "2 300 0,2:100,200", wide[:, 100:]))
    t += [("many/variable_%d/kernel" % i, "", tf.constant(float(i))) for i in range(40)]
    return t


def save(prefix, entries):
    names, slices, values = zip(*entries)
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=list(names), shape_and_slices=list(slices), tensors=list(values))


def shards(directory):
    """A checkpoint in two data files, as a sharded saver leaves it."""
    a, b = os.path.join(directory, "a"), os.path.join(directory, "b")
    save(a, [("x", "", tf.constant([1.5, -2.0]))])
    save(b, [("y", "", tf.constant([3, 4, 5], tf.int64))])
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[a, b], destination_prefix=os.path.join(directory, "shards"))


def many_tensors():
    """An index of several blocks."""
    return [("layer_%05d/a_rather_long_name_of_a_scope/kernel" % i, "", tf.constant(i, tf.int32)) for i in range(12000)]


def examples():
    feature = tf.train.Feature
    for i in range(3):
        yield tf.train.Example(features=tf.train.Features(feature={
            "age": feature(float_list=tf.train.FloatList(value=[20.5 + i])),
            "class": feature(bytes_list=tf.train.BytesList(value=[b"First" if i == 0 else b"Second"])),
            "ids": feature(int64_list=tf.train.Int64List(value=range(-1, i))),
        })).SerializeToString(deterministic=True)


def records(path, compression):
    with tf.io.TFRecordWriter(path, compression) as w:
        for e in examples():
            w.write(e)


def events(directory):
    with tf.Graph().as_default():
        writer = v1.summary.FileWriter(directory)
        for step in range(3):
            writer.add_summary(v1.Summary(value=[v1.Summary.Value(tag="loss", simple_value=1.0 / (step + 1))]), step)
        with v1.Session() as s:
            values = tf.constant([-1.5, 0.0, 0.0, 1e-13, 2.0, 2.05, 300.0])
            writer.add_summary(s.run(v1.summary.histogram("weights", values)), 3)
        writer.add_session_log(v1.SessionLog(status=v1.SessionLog.CHECKPOINT, checkpoint_path="model.ckpt-7"), 7)
        writer.close()


def saved_model(directory):
    with tf.Graph().as_default(), v1.Session() as s:
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        y = tf.reduce_sum(x, 1, name="y")
        builder = v1.saved_model.Builder(directory)
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder.add_meta_graph_and_variables(s, ["serve"], {"serving_default": signature}, strip_default_attrs=True)
        builder.save()


def main(out=HERE):
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    at = lambda name: os.path.join(out, name)
    save(at("model.ckpt-7"), tensors())
    shards(out)
    with tempfile.TemporaryDirectory() as tmp:
        save(os.path.join(tmp, "many"), many_tensors())
        with open(os.path.join(tmp, "many.index"), "rb") as f, open(at("many.txt"), "w") as out_file:
            index = f.read()
            out_file.write("%d %08x\n" % (len(index), zlib.crc32(index)))
    records(at("examples.tfrecord"), None)
    records(at("examples.tfrecord.gz"), "GZIP")
    records(at("examples.tfrecord.z"), "ZLIB")
    events(at("events"))
    [name] = os.listdir(at("events"))
    os.rename(os.path.join(at("events"), name), at("events.golden"))
    os.rmdir(at("events"))
    saved_model(at("saved_model"))
    shutil.rmtree(os.path.join(at("saved_model"), "variables"), ignore_errors=True)
    v1.train.update_checkpoint_state(out, "model.ckpt-7", ["model.ckpt-0", "it's \"odd\"\n", "model.ckpt-7"])


if __name__ == "__main__":
    main(*sys.argv[1:])
