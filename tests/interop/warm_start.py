#!/usr/bin/env python3
"""Warm start: what the first checkpoint of a new model holds, ours against that of TensorFlow's own Estimator.

Run: python3 tests/interop/warm_start.py ESTIMATOR
"""
import os
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
import yaml

fc = tf.feature_column
WAS, IS = ["red", "green", "blue"], ["blue", "black", "red", "white"]
AGE, WORD, BIAS = ("linear/linear_model/%s" % n for n in ("age/weights", "word/weights", "bias_weights"))


def write(path, words):
    with open(path, "w") as f:
        f.writelines(w + "\n" for w in words)


def rows():
    word = np.array((WAS + IS) * 4)
    return {"age": np.linspace(-1, 2, len(word)).astype(np.float32), "word": word}, (np.arange(len(word)) % 3 % 2).astype(np.int64)


def input_fn():
    return tf.data.Dataset.from_tensor_slices(rows()).batch(7).repeat()


def classifier(model_dir, vocabulary, oov, n_classes=2, settings=None):
    columns = [fc.numeric_column("age"), fc.categorical_column_with_vocabulary_file("word", vocabulary, num_oov_buckets=oov)]
    return tf.estimator.LinearClassifier(columns, model_dir=model_dir, n_classes=n_classes, warm_start_from=settings)


def first_checkpoint(model_dir):
    reader = tf.train.load_checkpoint(os.path.join(model_dir, "model.ckpt-0"))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def infos(tmp, axis=0, oov=2, old_size=-1, initializer=None):
    return dict(new_vocab=os.path.join(tmp, "is.txt"), new_vocab_size=len(IS), num_oov_buckets=oov,
                old_vocab=os.path.join(tmp, "was.txt"), old_vocab_size=old_size, backup_initializer=initializer, axis=axis)


def cases(tmp, exported):
    """name, vocabulary, oov, n_classes, settings as in a configuration"""
    old = os.path.join(tmp, "old")
    yield "folder", "was.txt", 1, 2, dict(ckpt_to_initialize_from=old)
    yield "prefix", "was.txt", 1, 2, dict(ckpt_to_initialize_from=old + "/model.ckpt-10", vars_to_warm_start=".*age.*")
    yield "saved_model", "was.txt", 1, 2, exported
    yield "objects", "was.txt", 1, 2, dict(ckpt_to_initialize_from=os.path.join(tmp, "objects-1"), vars_to_warm_start=".*(age|bias)")
    yield "slots", "was.txt", 1, 2, dict(ckpt_to_initialize_from=old, vars_to_warm_start=["linear", "training/Ftrl/linear/.*/linear"])
    yield "names", "was.txt", 1, 2, dict(ckpt_to_initialize_from=old, vars_to_warm_start="linear/linear_model/bias",
                                         var_name_to_prev_var_name={BIAS: "training/Ftrl/%s/linear" % BIAS})
    yield "words", "is.txt", 2, 2, dict(ckpt_to_initialize_from=old, var_name_to_vocab_info={WORD: infos(tmp)})
    yield "words_alone", "is.txt", 2, 2, dict(ckpt_to_initialize_from=old, vars_to_warm_start="",
                                              var_name_to_vocab_info={WORD: infos(tmp, 0, 2, 2, dict(type="Constant", value=3))})
    yield "classes", "was.txt", 1, len(IS) + 1, dict(
        ckpt_to_initialize_from=os.path.join(tmp, "old_classes"), vars_to_warm_start=".*/weights:0$",
        var_name_to_vocab_info={AGE: infos(tmp, 1, 1), WORD: infos(tmp, 1, 1, -1, dict(type="Ones"))})


def settings_of(given):
    if isinstance(given, str):
        return given
    given = dict(given)
    made = {"Constant": lambda shape: tf.fill(shape, 3.0), "Ones": lambda shape: tf.fill(shape, 1.0)}
    for name, info in given.get("var_name_to_vocab_info", {}).items():
        i = info["backup_initializer"]
        given["var_name_to_vocab_info"] = dict(given["var_name_to_vocab_info"])
        given["var_name_to_vocab_info"][name] = tf.estimator.VocabInfo(**dict(info, backup_initializer=i and made[i["type"]]))
    return tf.estimator.WarmStartSettings(**given)


def train_ours(estimator, tmp, name, vocabulary, oov, n_classes, settings):
    config = {"model_dir": "ours_" + name, "task": {
        "model": {"estimator": "LinearClassifier", "n_classes": n_classes, "warm_start_from": settings, "feature_columns": [
            {"numeric_column": {"key": "age"}},
            {"categorical_column_with_vocabulary_file": {"key": "word", "vocabulary_file": vocabulary, "num_oov_buckets": oov}}]},
        "train_data": {"format": "csv", "input_path": "rows.csv", "label": "label", "batch_size": 7}},
        "trainer": {"train_steps": 1}}
    path = os.path.join(tmp, name + ".yaml")
    with open(path, "w") as f:
        yaml.safe_dump(config, f)
    subprocess.run([estimator, "--quiet", "train", path], check=True)
    # the configuration that was kept means the same
    kept = os.path.join(tmp, "ours_" + name, "config.yaml")
    subprocess.run([estimator, "--quiet", "train", kept, "--model-dir", os.path.join(tmp, "again")], check=True)
    again, got = first_checkpoint(os.path.join(tmp, "again")), first_checkpoint(os.path.join(tmp, "ours_" + name))
    assert all(np.array_equal(again[n], got[n]) for n in got), name
    subprocess.run(["rm", "-r", os.path.join(tmp, "again")], check=True)
    return got


def prepare(tmp):
    write(os.path.join(tmp, "was.txt"), WAS)
    write(os.path.join(tmp, "is.txt"), IS)
    features, labels = rows()
    write(os.path.join(tmp, "rows.csv"), ["age,word,label"] + ["%r,%s,%d" % (float(a), w, l) for a, w, l in
                                                               zip(features["age"], features["word"], labels)])
    v = [tf.Variable(np.float32([[5]]), name=AGE), tf.Variable(np.float32([6]), name=BIAS)]
    tf.train.Checkpoint(a=v[0], list=[v[1]]).write(os.path.join(tmp, "objects-1"))
    vocabulary = os.path.join(tmp, "was.txt")
    old = classifier(os.path.join(tmp, "old"), vocabulary, 1)
    old.train(input_fn, steps=10)
    spec = fc.make_parse_example_spec([fc.numeric_column("age"), fc.categorical_column_with_vocabulary_file("word", vocabulary)])
    exported = old.export_saved_model(tmp, tf.estimator.export.build_parsing_serving_input_receiver_fn(spec)).decode()
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        numbers = np.arange(15, dtype=np.float32).reshape(5, 3)
        for name, value in [(AGE, numbers[:1]), (WORD, numbers[1:])]:
            tf.compat.v1.get_variable(name, initializer=value)
        session.run(tf.compat.v1.global_variables_initializer())
        os.mkdir(os.path.join(tmp, "old_classes"))
        tf.compat.v1.train.Saver().save(session, os.path.join(tmp, "old_classes", "model.ckpt"), 7)
    return exported


def main(estimator):
    with tempfile.TemporaryDirectory() as tmp:
        exported = prepare(tmp)
        for name, vocabulary, oov, n_classes, settings in cases(tmp, exported):
            theirs = os.path.join(tmp, "theirs_" + name)
            classifier(theirs, os.path.join(tmp, vocabulary), oov, n_classes, settings_of(settings)).train(input_fn, steps=1)
            wanted, got = first_checkpoint(theirs), train_ours(estimator, tmp, name, vocabulary, oov, n_classes, settings)
            assert sorted(wanted) == sorted(got), (name, sorted(wanted), sorted(got))
            for variable in wanted:
                np.testing.assert_array_equal(got[variable], wanted[variable], "%s: %s" % (name, variable))
            assert any(np.any(v) for n, v in got.items() if n.startswith("linear/")), name
            print("%s: %d variables" % (name, len(got)))


main(*sys.argv[1:])
