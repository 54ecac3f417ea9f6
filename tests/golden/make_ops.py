#!/usr/bin/env python3
"""TensorFlow's answers for the rows of the op harness: reads the tables `op_check` in tests/ops/*.c, writes ops.txt beside this file.

The form is that of make_ops_sparse.py: blocks of `case NAME OP`, `attr KIND KEY VALUES...`, `in DTYPE SHAPE VALUES...`,
`out DTYPE SHAPE VALUES...`. NAME is the row itself, with "_" for blanks.
"""
import glob
import os
import re
import zlib
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
import tensorflow as tf
from tensorflow.python import pywrap_tfe
from tensorflow.python.eager import context
from tensorflow.python.framework import op_def_registry

HERE = os.path.dirname(os.path.abspath(__file__))
DTYPES = {'f': tf.float32, 'd': tf.float64, 'h': tf.half, 'bf': tf.bfloat16, 'i': tf.int32, 'l': tf.int64, 'i8': tf.int8,
          'i16': tf.int16, 'u8': tf.uint8, 'u16': tf.uint16, 'u32': tf.uint32, 'u64': tf.uint64, 'b': tf.bool, 's': tf.string}
INPUT = re.compile(r'([a-z]+\d*)(\+?)(?:\[([\d,]*)\])?(?:<(\d+))?(?:\{([^}]*)\})?$')


def row_input(text, rng):
    kind, positive, shape, below, values = INPUT.match(text).groups()
    dtype = DTYPES[kind]
    if values is not None:
        flat = [v for v in values.split(',')] if values else []
        shape = [len(flat)] if shape is None else [int(d) for d in shape.split(',') if d]
        if kind == 's':
            flat = [v.encode() for v in flat or ([''] if shape == [] else [])]
        elif kind == 'b':
            flat = [v == '1' for v in flat]
        else:
            flat = [float(v) if dtype.is_floating else int(v) for v in flat]
        return tf.reshape(tf.cast(tf.constant(flat, tf.float64 if dtype.is_floating else dtype), dtype)
                          if kind not in 'bs' else tf.constant(flat, dtype), shape)
    shape = [int(d) for d in shape.split(',') if d]
    if kind == 'b':
        return tf.constant(rng.randint(0, 2, shape).astype(bool), dtype, shape=shape)
    if dtype.is_floating:
        low, high = (0.5, 2.5) if positive else (-2, 2)
        return tf.cast(tf.constant(rng.uniform(low, high, shape).astype(np.float32), shape=shape), dtype)
    low, high = (0, int(below)) if below else (1 if positive or 'u' in kind else -8, 9)
    return tf.cast(tf.constant(rng.randint(low, high, shape), shape=shape), dtype)


def split_attrs(text):
    return [a.split('=', 1) for a in re.findall(r'[^,\[]+(?:\[[^\]]*\])?', text)] if text else []


def attr_value(definition, text):
    """(the value for TensorFlow, kind and words for the file)"""
    kind = definition.type
    if kind == 'type':
        dtype = tf.as_dtype(text)
        return dtype.as_datatype_enum, 'type', [dtype.name]
    if kind == 'bool':
        return text == 'true', 'bool', [str(int(text == 'true'))]
    if kind == 'int':
        return int(text), 'int', [text]
    if kind == 'float':
        return float(text), 'float', [text]
    if kind == 'string':
        return text, 'string', ['x' + text.encode().hex()]
    if kind == 'list(int)':
        values = [v for v in text.strip('[]').split(',') if v]
        return [int(v) for v in values], 'ints', [str(len(values))] + values
    if kind == 'list(type)':
        values = [DTYPES[v] for v in text.strip('[]').split(',')]
        return [v.as_datatype_enum for v in values], 'types', [str(len(values))] + [v.name for v in values]
    if kind == 'shape':
        dims = [int(v) for v in text.strip('[]').split(',') if v]
        return tf.TensorShape(dims), 'shape', ['x'.join(map(str, dims)) or '-']
    raise ValueError(kind)


def sigmoid_cross_entropy(logits, labels):
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)


COMPOSITES = {'EstSigmoidCrossEntropy': sigmoid_cross_entropy}


def call(op, inputs, attrs):
    if op in COMPOSITES:
        return [COMPOSITES[op](*inputs)], []
    definition = op_def_registry.get(op)
    grouped, rest, words, given = [], list(inputs), [], []
    known = {a.name: a for a in definition.attr}
    for key, text in attrs:
        value, kind, values = attr_value(known[key], text)
        given += [key, value]
        words.append(['attr', kind, key] + values)
    inferred = {arg.type_attr for arg in definition.input_arg}
    for a in definition.attr:      # what eager calls do not fill in
        if a.type == 'type' and a.HasField('default_value') and a.name not in inferred and a.name not in dict(attrs):
            given += [a.name, a.default_value.type]
    for i, arg in enumerate(definition.input_arg):
        if arg.number_attr or arg.type_list_attr:
            count = len(rest) - (len(definition.input_arg) - i - 1)
            grouped.append(rest[:count])
            rest = rest[count:]
        else:
            grouped.append(rest.pop(0))
    out = pywrap_tfe.TFE_Py_FastPathExecute(context.context(), op, None, *grouped, *given)
    return list(out) if isinstance(out, (list, tuple)) else [out], words


def put(word, value):
    dtype = value.dtype
    shape = 'x'.join(map(str, value.shape)) or '-'
    flat = tf.reshape(value, [-1]).numpy().tolist()
    if dtype == tf.string:
        text = ['x' + v.hex() for v in flat]
    elif dtype.is_floating:
        text = ['%.9g' % v if dtype != tf.float64 else '%.17g' % v for v in flat]
    else:
        text = [str(int(v)) for v in flat]
    return ' '.join([word, dtype.name, shape] + text)


def record(op, inputs, attrs):
    rng = np.random.RandomState(zlib.crc32(f'{op}|{inputs}|{attrs}'.encode()))
    values = [row_input(t, rng) for t in inputs.split()]
    outputs, words = call(op, values, split_attrs(attrs))
    name = f'{op}({inputs}){attrs}'.replace(' ', '_')
    lines = [f'case {name} {op}'] + [' '.join(w) for w in words]
    return lines + [put('in', v) for v in values] + [put('out', v) for v in outputs] + ['']


def main():
    lines = [f'# Written by make_ops.py with TensorFlow {tf.__version__}.']
    for path in sorted(glob.glob(os.path.join(HERE, '..', 'ops', '*.c'))):
        with open(path) as f:
            text = f.read()
        for table in re.findall(r'op_check \w+\[\] = \{(.*?)\n\};', text, re.S):
            for op, inputs, attrs in re.findall(r'\{ "(\w+)",\s+\.inputs = "([^"]*)"(?:,\s+\.attrs = "([^"]*)")?', table):
                try:
                    lines += record(op, inputs, attrs)
                except Exception as e:
                    print(f'{os.path.basename(path)}: {op}({inputs}){attrs}: {e}')
    with open(os.path.join(HERE, 'ops.txt'), 'w') as f:
        f.write('\n'.join(lines) + '\n')


main()
