#!/usr/bin/env python3
"""TensorFlow's answers for the ops of variables, optimizers, strings, parsing and sparse tensors: writes
ops_sparse.txt beside it.

A case is a block of lines, which tests/ops/recorded.c reads:
  case NAME OP
  attr KIND KEY VALUES...          a list kind: the values, counted first
  var DTYPE SHAPE VALUES           an input that is a variable, with its value before
  in DTYPE SHAPE VALUES            an input
  out DTYPE SHAPE VALUES           an output, in order
  after DTYPE SHAPE VALUES         the value of a variable afterwards, in order
A SHAPE is 2x3, or - for a scalar; floats are in hexadecimal, strings are "x" and their bytes in hexadecimal.
"""
import os
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
import tensorflow as tf

raw = tf.raw_ops
lines = []
rng = np.random.RandomState(7)
rng2 = np.random.RandomState(11)   # of the embeddings


def f32(*shape, scale=1.0):
    return rng.randn(*shape).astype(np.float32) * np.float32(scale)


def put(word, value):
    value = np.asarray(value)
    kind = 'string' if value.dtype.kind in 'OSU' else str(value.dtype)
    shape = 'x'.join(map(str, value.shape)) or '-'
    flat = value.reshape(-1).tolist()
    if kind == 'string':
        text = ['x' + (v if isinstance(v, bytes) else v.encode()).hex() for v in flat]
    elif value.dtype.kind == 'f':
        text = [float(v).hex() for v in flat]
    else:
        text = [str(int(v)) for v in flat]
    lines.append(' '.join([word, kind, shape] + text))


class Var:
    def __init__(self, value):
        self.before = np.asarray(value)
        self.var = tf.Variable(value)


def attr_lines(attrs):
    for key, (kind, value) in attrs.items():
        if isinstance(value, (list, tuple)):
            value = [len(value)] + list(value)
        else:
            value = [value]
        text = []
        for v in value:
            if kind in ('string', 'strings'):
                text.append('x' + v.encode().hex())
            elif kind in ('bool', 'bools'):
                text.append(str(int(v)))
            elif isinstance(v, float):
                text.append(v.hex())
            else:
                text.append(str(v))
        lines.append(' '.join(['attr', kind, key] + text))


def case(name, op, inputs, outputs, attrs=None):
    """inputs: Var or array; outputs: what TensorFlow gave. Variables are read for their values afterwards."""
    lines.append(f'case {name} {op}')
    attr_lines(attrs or {})
    for x in inputs:
        if isinstance(x, Var):
            put('var', x.before)
        else:
            put('in', x)
    for y in outputs:
        put('out', y.numpy() if hasattr(y, 'numpy') else y)
    for x in inputs:
        if isinstance(x, Var):
            put('after', x.var.numpy())
    lines.append('')


def simple(name, op, inputs, attrs=None, **kwargs):
    """An op called by the names of its arguments."""
    attrs = attrs or {}
    given = {k: (v.var.handle if isinstance(v, Var) else tf.constant(v)) for k, v in inputs.items()}
    y = getattr(raw, op)(**given, **kwargs)
    outputs = [] if y is None or isinstance(y, tf.Operation) else list(y) if isinstance(y, tuple) else [y]
    case(name, op, list(inputs.values()), outputs, attrs)


def scalar(v):
    return np.float32(v)


# ---- variables ----
def variables():
    for op in ('AssignVariableOp', 'AssignAddVariableOp', 'AssignSubVariableOp'):
        simple(op, op, dict(resource=Var(f32(2, 3)), value=f32(2, 3)))
    simple('AssignAdd_int64', 'AssignAddVariableOp', dict(resource=Var(np.int64(41)), value=np.int64(1)))
    ids = np.array([2, 0, 2, 3], np.int64)
    for op in ('ResourceScatterAdd', 'ResourceScatterSub', 'ResourceScatterUpdate'):
        simple(op, op, dict(resource=Var(f32(5, 2)), indices=ids, updates=f32(4, 2)))
    table = Var(f32(5, 3))
    simple('ReadVariableOp', 'ReadVariableOp', dict(resource=table), {'dtype': ('type', 'float32')},
           dtype=tf.float32)
    simple('ResourceGather', 'ResourceGather', dict(resource=table,
                                                    indices=ids.reshape(2, 2).astype(np.int32)),
           {'dtype': ('type', 'float32')}, dtype=tf.float32)
    simple('VarIsInitializedOp', 'VarIsInitializedOp', dict(resource=table))


# ---- optimizers: a whole variable, single numbers by id, rows by id ----
DENSE = {
    'ResourceApplyGradientDescent': ('var', 'alpha delta', {}),
    'ResourceApplyKerasMomentum': ('var accum', 'lr grad momentum', dict(use_nesterov=[False, True])),
    'ResourceApplyMomentum': ('var accum', 'lr grad momentum', dict(use_nesterov=[False, True])),
    'ResourceApplyAdagradV2': ('var accum', 'lr epsilon grad', dict(update_slots=[True, False])),
    'ResourceApplyAdam': ('var m v', 'beta1_power beta2_power lr beta1 beta2 epsilon grad',
                          dict(use_nesterov=[False, True])),
    'ResourceApplyAdamWithAmsgrad': ('var m v vhat', 'beta1_power beta2_power lr beta1 beta2 epsilon grad',
                                     {}),
    'ResourceApplyAdaMax': ('var m v', 'beta1_power lr beta1 beta2 epsilon grad', {}),
    'ResourceApplyFtrl': ('var accum linear', 'grad lr l1 l2 lr_power',
                          dict(multiply_linear_by_lr=[False, True])),
    'ResourceApplyFtrlV2': ('var accum linear', 'grad lr l1 l2 l2_shrinkage lr_power',
                            dict(multiply_linear_by_lr=[False, True])),
    'ResourceApplyRMSProp': ('var ms mom', 'lr rho momentum epsilon grad', {}),
    'ResourceApplyCenteredRMSProp': ('var mg ms mom', 'lr rho momentum epsilon grad', {}),
    'ResourceApplyAdadelta': ('var accum accum_update', 'lr rho epsilon grad', {}),
    'ResourceSparseApplyKerasMomentum': ('var accum', 'lr grad indices momentum',
                                         dict(use_nesterov=[False, True])),
    'ResourceSparseApplyMomentum': ('var accum', 'lr grad indices momentum',
                                    dict(use_nesterov=[False, True])),
    'ResourceSparseApplyAdagradV2': ('var accum', 'lr epsilon grad indices',
                                     dict(update_slots=[True, False])),
    'ResourceSparseApplyFtrl': ('var accum linear', 'grad indices lr l1 l2 lr_power',
                                dict(multiply_linear_by_lr=[False, True])),
    'ResourceSparseApplyFtrlV2': ('var accum linear', 'grad indices lr l1 l2 l2_shrinkage lr_power',
                                  dict(multiply_linear_by_lr=[False, True])),
    'ResourceSparseApplyRMSProp': ('var ms mom', 'lr rho momentum epsilon grad indices', {}),
    'ResourceSparseApplyCenteredRMSProp': ('var mg ms mom', 'lr rho momentum epsilon grad indices', {}),
    'ResourceSparseApplyAdadelta': ('var accum accum_update', 'lr rho epsilon grad indices', {}),
}
PROXIMAL = {
    'ResourceApplyProximalGradientDescent': ('var', 'alpha l1 l2 delta', {}),
    'ResourceSparseApplyProximalGradientDescent': ('var', 'alpha l1 l2 grad indices', {}),
    'ResourceApplyProximalAdagrad': ('var accum', 'lr l1 l2 grad', {}),
    'ResourceSparseApplyProximalAdagrad': ('var accum', 'lr l1 l2 grad indices', {}),
}
SCALARS = dict(alpha=0.1, lr=0.05, epsilon=1e-7, momentum=0.9, rho=0.9, beta1=0.9, beta2=0.999,
               beta1_power=0.729,
               beta2_power=0.997, l1=0.3, l2=0.02, l2_shrinkage=0.1, lr_power=-0.5)
SIGNED_SLOTS = ('linear', 'm', 'mom', 'mg')


def optimizers(ops=DENSE):
    for op, (variables_, inputs, switches) in ops.items():
        sparse = 'Sparse' in op
        for shape in ([(6, 1), (6, 3)] if sparse else [(7,)]):
            for power in ([-0.5, -0.7] if 'Ftrl' in op else [-0.5]):
                for on in (list(switches.values()) or [[None]])[0]:
                    args = {}
                    for v in variables_.split():
                        x = f32(*shape)
                        if v != 'var' and v not in SIGNED_SLOTS:
                            x = np.abs(x) + np.float32(0.1)
                        if v == 'mg':
                            x = x * np.float32(0.1)
                        if v == 'ms':
                            x = x + np.float32(2)
                        args[v] = Var(x)
                    for i in inputs.split():
                        if i in ('grad', 'delta'):
                            args[i] = f32(4, *shape[1:]) if sparse else f32(*shape)
                        elif i == 'indices':
                            args[i] = np.array([4, 0, 3, 4], np.int64)
                        else:
                            args[i] = scalar(power if i == 'lr_power' else SCALARS[i])
                    attrs, kwargs, name = {}, {}, op
                    if on is not None:
                        key = list(switches)[0]
                        attrs, kwargs, name = {key: ('bool', on)}, {key: on}, f'{op}_{key}_{int(on)}'
                    simple(f'{name}_{"x".join(map(str, shape))}_{power}', op, args, attrs, **kwargs)


def keras_sparse_adam():
    var, rows, ids = f32(6, 3), f32(3, 3), np.array([4, 0, 5], np.int64)
    v = Var(var)
    opt = tf.keras.optimizers.legacy.Adam(learning_rate=0.05, epsilon=1e-7)
    opt.apply_gradients([(tf.IndexedSlices(tf.constant(f32(2, 3)), tf.constant([1, 4], tf.int64),
                                           tf.constant([6, 3])), v.var)])
    slots = [opt.get_slot(v.var, 'm'), opt.get_slot(v.var, 'v')]
    before = [np.copy(x.numpy()) for x in [v.var] + slots]
    opt.apply_gradients([(tf.IndexedSlices(tf.constant(rows), tf.constant(ids), tf.constant([6, 3])), v.var)])
    inputs = []
    for x, b in zip([v.var] + slots, before):
        holder = Var(b)
        holder.var = x
        inputs.append(holder)
    b1, b2 = np.float32(0.9), np.float32(0.999)
    inputs += [tf.pow(b1, np.float32(2)).numpy(), tf.pow(b2, np.float32(2)).numpy(), scalar(0.05), b1, b2,
               scalar(1e-7), rows, ids]
    case('EstResourceSparseApplyAdam', 'EstResourceSparseApplyAdam', inputs, [])


# ---- strings ----
def strings():
    words = np.array(['', 'a', 'Third', 'Southampton', 'x' * 20, 'y' * 40, 'z' * 70, '\u00e9t\u00e9', '-1',
                      '12345678901234567'], object)
    for n in (1, 32, 1000000007):
        simple(f'StringToHashBucketFast_{n}', 'StringToHashBucketFast', dict(input=words),
               {'num_buckets': ('int', n)}, num_buckets=n)
    simple('StringLength_byte', 'StringLength', dict(input=words))
    simple('StringLength_utf8', 'StringLength', dict(input=words), {'unit': ('string', 'UTF8_CHAR')},
           unit='UTF8_CHAR')
    a, b = np.array([['a', ''], ['cc', 'd']], object), np.array('-', object)
    case('StringJoin', 'StringJoin', [a, b, a], [raw.StringJoin(inputs=[a, b, a], separator='/')],
         {'separator': ('string', '/')})
    case('StringJoin_scalars', 'StringJoin', [b, b], [raw.StringJoin(inputs=[b, b])])
    floats = np.array([0.0, -0.0, 1.5, -2.25, 1e10, 1e-10, 3.4e38, np.inf, -np.inf, 0.1], np.float32)
    numbers = {'float': floats, 'double': floats.astype(np.float64),
               'int64': np.array([0, -1, 2**63 - 1, -2**63], np.int64),
               'int32': np.array([7, -2**31], np.int32), 'int8': np.array([-128, 127], np.int8),
               'bool': np.array([True, False])}
    for key, x in numbers.items():
        simple(f'AsString_{key}', 'AsString', dict(input=x))
    for i, a in enumerate([dict(precision=2), dict(scientific=True), dict(shortest=True),
                           dict(precision=3, shortest=True),
                           dict(width=12), dict(width=12, fill='0'), dict(width=12, fill='-', precision=1)]):
        kinds = {'precision': 'int', 'width': 'int', 'fill': 'string', 'scientific': 'bool',
                 'shortest': 'bool'}
        simple(f'AsString_form_{i}', 'AsString', dict(input=floats),
               {k: (kinds[k], v) for k, v in a.items()}, **a)
    simple('AsString_int_width', 'AsString', dict(input=numbers['int32']),
           {'width': ('int', 5), 'fill': ('string', '0')}, width=5, fill='0')


# ---- parsing ----
def example(**features):
    made = {}
    for k, v in features.items():
        if v and isinstance(v[0], (str, bytes)):
            values = [x.encode() if isinstance(x, str) else x for x in v]
            made[k] = tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        elif v and isinstance(v[0], float):
            made[k] = tf.train.Feature(float_list=tf.train.FloatList(value=v))
        elif v:
            made[k] = tf.train.Feature(int64_list=tf.train.Int64List(value=v))
        else:
            made[k] = tf.train.Feature()
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString()


def parsing():
    records = np.array([example(cls=['First', 'x'], n=[1, -5, 3], age=[30.5], pair=[1.0, 2.0], seq=[7, 8],
                                word=['w']),
                        example(cls=[], age=[1.25], extra=['z'], seq=[9], rag=[5, 6], word=['']),
                        example(n=[4], cls=['\x00'], age=[-1.0], seq=[1, 2, 3])], object)
    names = np.array([], object)
    sparse, dense = ['cls', 'n'], ['age', 'pair', 'seq', 'word']
    defaults = [np.array([], np.float32), np.array([0.5, 0.25], np.float32), np.array(-1, np.int64),
                np.array(['none'], object)]
    shapes = [[], [2], [-1], [1]]
    text = {'dense_shapes': ('shapes', ['-', '2', '?', '1']),
            'Tdense': ('types', ['float32', 'float32', 'int64', 'string']),
            'sparse_types': ('types', ['string', 'int64']), 'num_sparse': ('int', 2),
            'ragged_value_types': ('types', ['int64']), 'ragged_split_types': ('types', ['int32'])}
    y = raw.ParseExampleV2(serialized=records, names=names, sparse_keys=np.array(sparse, object),
                           dense_keys=np.array(dense, object), ragged_keys=np.array(['rag'], object),
                           dense_defaults=[tf.constant(d, tf.string if d.dtype == object else None)
                                           for d in defaults],
                           num_sparse=2, sparse_types=[tf.string, tf.int64],
                           ragged_value_types=[tf.int64], ragged_split_types=[tf.int32], dense_shapes=shapes)
    outputs = [t for part in y for t in part]
    case('ParseExampleV2', 'ParseExampleV2', [records, names, np.array(sparse, object),
                                              np.array(dense, object),
                                              np.array(['rag'], object)] + defaults, outputs, text)
    y = raw.ParseExample(serialized=records, names=names, sparse_keys=[np.array(k, object) for k in sparse],
                         dense_keys=[np.array('age', object)], dense_defaults=[defaults[0]],
                         sparse_types=[tf.string, tf.int64], dense_shapes=[[]])
    keys = [np.array(k, object) for k in sparse] + [np.array('age', object)]
    case('ParseExample', 'ParseExample', [records, names] + keys + [defaults[0]],
         [t for part in y for t in part],
         {'Nsparse': ('int', 2), 'Ndense': ('int', 1), 'sparse_types': ('types', ['string', 'int64']),
          'Tdense': ('types', ['float32']), 'dense_shapes': ('shapes', ['-'])})


# ---- sparse tensors ----
def sparse_tensors():
    at = np.array([[0, 0], [0, 2], [2, 1], [4, 0]], np.int64)
    shape = np.array([6, 3], np.int64)
    for key, values, default in (('int64', np.array([5, 6, 7, 8], np.int64), np.int64(0)),
                                 ('string', np.array(['a', 'bb', '', 'd'], object), np.array('none', object)),
                                 ('float', f32(4), scalar(-1))):
        simple(f'SparseFillEmptyRows_{key}', 'SparseFillEmptyRows',
               dict(indices=at, values=values, dense_shape=shape, default_value=default))
        simple(f'SparseToDense_{key}', 'SparseToDense',
               dict(sparse_indices=at, output_shape=shape, sparse_values=values, default_value=default))
    simple('SparseFillEmptyRows_none', 'SparseFillEmptyRows',
           dict(indices=np.zeros([0, 2], np.int64), values=np.zeros([0], np.int64),
                dense_shape=np.array([2, 0], np.int64),
                default_value=np.int64(9)))
    simple('SparseToDense_vector', 'SparseToDense',
           dict(sparse_indices=np.array([1, 3], np.int32), output_shape=np.array([5], np.int32),
                sparse_values=scalar(2),
                default_value=scalar(0)))
    for new in ([2, -1], [18], [3, 3, 2], [-1, 1]):
        simple('SparseReshape_' + 'x'.join(map(str, new)), 'SparseReshape',
               dict(input_indices=at, input_shape=shape, new_shape=np.array(new, np.int64)))
    mixed = np.array([[2, 1], [0, 2], [4, 0], [0, -1], [1, 0], [0, 0]], np.int64)
    for key, values in (('float', np.array([1, 2.5, -3, 4, 5, 6], np.float32)),
                        ('string', np.array(['a', 'bb', '', 'd', 'e', 'f'], object))):
        simple(f'SparseReorder_{key}', 'SparseReorder', dict(input_indices=mixed, input_values=values, input_shape=shape))
        simple(f'SparseSlice_{key}', 'SparseSlice', dict(indices=mixed[np.lexsort(mixed.T[::-1])], values=values, shape=shape,
                                                         start=np.array([0, 0], np.int64), size=shape))
    simple('SparseReorder_ordered', 'SparseReorder',
           dict(input_indices=at, input_values=np.array([5, 6, 7, 8], np.int64), input_shape=shape))
    simple('SparseReorder_none', 'SparseReorder', dict(input_indices=at[:0], input_values=np.zeros([0], np.int64),
                                                       input_shape=shape))
    for key, start, size in (('middle', [1, 1], [2, 1]), ('beyond', [2, 1], [9, 9]), ('outside', [7, 0], [2, 3]),
                             ('nothing', [0, 0], [0, 0])):
        y = raw.SparseSlice(indices=at, values=np.array([5, 6, 7, 8], np.float32), shape=shape,
                            start=np.array(start, np.int64), size=np.array(size, np.int64))
        simple(f'SparseSlice_{key}', 'SparseSlice',
               dict(indices=at, values=np.array([5, 6, 7, 8], np.float32), shape=shape, start=np.array(start, np.int64),
                    size=np.array(size, np.int64)))
        simple(f'SparseSliceGrad_{key}', 'SparseSliceGrad',
               dict(backprop_val_grad=y.output_values, input_indices=at, input_start=np.array(start, np.int64),
                    output_indices=y.output_indices))
    data = f32(5, 3)
    for op in ('SparseSegmentSum', 'SparseSegmentMean', 'SparseSegmentSqrtN'):
        pick = dict(data=data, indices=np.array([4, 0, 0, 2, 3], np.int32),
                    segment_ids=np.array([0, 0, 2, 2, 2], np.int64))
        simple(op, op, pick)
        simple(op + 'WithNumSegments', op + 'WithNumSegments', dict(**pick, num_segments=np.int32(5)))
        simple(op + 'Grad', op + 'Grad', dict(grad=f32(3, 2), indices=pick['indices'], segment_ids=pick['segment_ids'],
                                              output_dim0=np.int32(6)))
    for key, x in (('int64', np.array([3, 1, 3, 9, 1], np.int64)),
                   ('string', np.array(['b', '', 'b', 'a'], object)),
                   ('float', np.array([0.0, -0.0, 1.5, 1.5], np.float32)), ('empty', np.array([], np.int32))):
        simple(f'Unique_{key}', 'Unique', dict(x=x))
    simple('Unique_wide', 'Unique', dict(x=np.array([2, 2], np.int32)), {'out_idx': ('type', 'int64')},
           out_idx=tf.int64)
    for key, x in (('float', np.array([-5, 0, 0.1, 10, 10.5, np.nan, np.inf], np.float32)),
                   ('int64', np.array([[-1, 0], [10, 11]], np.int64))):
        simple(f'Bucketize_{key}', 'Bucketize', dict(input=x), {'boundaries': ('floats', [0.0, 0.1, 10.0])},
               boundaries=[0.0, 0.1, 10.0])


def ragged():
    int64, int32 = np.int64, np.int32
    words = np.array(['a', '', 'bb', 'c', 'd'], object)
    for name, splits, values in (
            ('words', [np.array([0, 2, 2, 5], int64)], words),
            ('none', [np.array([0, 0, 0], int64)], np.array([], np.float32)),
            ('no_rows', [np.array([0], int64)], np.array([], int64)),
            ('wide', [np.array([0, 1, 3], int64)], np.arange(12, dtype=int64).reshape(3, 2, 2)),
            ('levels', [np.array([0, 1, 1, 4], int32), np.array([0, 2, 2, 3, 5], int32)], words),
            ('levels_wide', [np.array([0, 0, 3], int64), np.array([0, 1, 1, 3], int64)],
             np.arange(6, dtype=np.float32).reshape(3, 2))):
        y = raw.RaggedTensorToSparse(rt_nested_splits=splits, rt_dense_values=values)
        case('RaggedTensorToSparse_' + name, 'RaggedTensorToSparse', splits + [values], list(y),
             {'RAGGED_RANK': ('int', len(splits)), 'Tsplits': ('type', splits[0].dtype)})


def crosses():
    bags = (np.array([[0, 0], [0, 1], [2, 0], [3, 0]], np.int64), np.array(['a', 'bb', '', 'a'], object),
            np.array([4, 2], np.int64))
    numbers = (np.array([[0, 0], [1, 0], [2, 0], [2, 1], [2, 2]], np.int64),
               np.array([3, -1, 2**40, 0, 3], np.int64),
               np.array([4, 3], np.int64))
    words = np.array([['x', ''], ['long word of some length', 'y'], ['', ''], ['z', 'x']], object)
    codes = np.array([[5], [-1], [0], [7]], np.int64)
    for name, sparse, dense, buckets, key in (
            ('dense', [], [words, codes], 1000, 0xDECAFCAFFE),
            ('sparse', [bags, numbers], [], 97, 0xDECAFCAFFE),
            ('mixed', [numbers, bags], [words, words], 1 << 40, 7),
            ('unbounded', [bags], [codes], 0, 7)):
        indices, values, shapes = ([s[i] for s in sparse] for i in range(3))
        kinds = [['string' if v.dtype == object else 'int64' for v in part] for part in (values, dense)]
        y = raw.SparseCross(indices=indices, values=values, shapes=shapes, dense_inputs=dense,
                            hashed_output=True, num_buckets=buckets, hash_key=key, out_type=tf.int64,
                            internal_type=tf.int64)
        case('SparseCross_' + name, 'SparseCross', indices + values + shapes + dense, list(y),
             {'N': ('int', len(sparse)), 'hashed_output': ('bool', True), 'num_buckets': ('int', buckets),
              'hash_key': ('int', key), 'sparse_types': ('types', kinds[0]),
              'dense_types': ('types', kinds[1]), 'out_type': ('type', 'int64'),
              'internal_type': ('type', 'int64')})


# ---- our composites, against what TensorFlow composes ----
def composites():
    for key, x, ignored in (('string', np.array([['a', ''], ['', ''], ['b', 'c']], object), ''),
                            ('int64', np.array([[-1, 4], [0, -1]], np.int64), -1),
                            ('vector', np.array([-1, 4, 5], np.int32), -1),
                            ('weights', np.array([[0, -1.5], [np.nan, -0.0], [1e-30, 0]], np.float32), 0)):
        where = tf.where(tf.not_equal(x, tf.constant(ignored, tf.string if ignored == '' else x.dtype)))
        case(f'EstDenseToSparse_{key}', 'EstDenseToSparse', [x],
             [where, tf.gather_nd(x, where), tf.shape(x, tf.int64)])
    at = np.array([[0, 0], [0, 1], [2, 0], [2, 1], [2, 2], [4, 1]], np.int64)
    ids, shape = np.array([3, 1, 1, -1, 1, -2], np.int64), np.array([6, 3], np.int64)
    for width in (1, 4):
        for combiner in ('sum', 'mean', 'sqrtn'):
            table, weight = Var(f32(5, width)), f32(6, width)
            with tf.GradientTape() as tape:
                y = tf.nn.safe_embedding_lookup_sparse(table.var, tf.SparseTensor(at, ids, shape),
                                                       combiner=combiner)
                loss = tf.reduce_sum(y * weight)
            case(f'EstSafeEmbeddingLookupSparse_{combiner}_{width}', 'EstSafeEmbeddingLookupSparse',
                 [table, at, ids, shape], [y],
                 {'combiner': ('string', combiner)})
            grad = tf.convert_to_tensor(tape.gradient(loss, table.var)).numpy()
            lines.append(f'case gradient_{combiner}_{width} gradient')
            attr_lines({'combiner': ('string', combiner)})
            for x in (table.before, at, ids, shape, weight):
                put('in', x)
            put('out', grad)
            lines.append('')
    rows, ids = f32(5, 2), np.array([7, 3, 7, 9, 3], np.int64)
    unique, places = tf.unique(ids)
    case('EstSumDuplicateIds', 'EstSumDuplicateIds', [rows, ids],
         [tf.math.unsorted_segment_sum(rows, places, tf.size(unique)), unique])
    labels = (rng.rand(40) > 0.5).astype(np.float32)
    predictions, weights = rng.rand(40).astype(np.float32), rng.rand(40).astype(np.float32)
    predictions[:3] = [0.5, 0.0, 1.0]
    at = [-1e-7, 0.25, 0.5, 0.75, 1.0 + 1e-7]
    above = predictions[None, :] > np.array(at, np.float32)[:, None]
    positive = labels[None, :] != 0
    counts = [(weights * (positive & above)).sum(1), (weights * (~positive & above)).sum(1),
              (weights * (~positive & ~above)).sum(1), (weights * (positive & ~above)).sum(1)]
    case('EstConfusionAtThresholds', 'EstConfusionAtThresholds', [labels, predictions, weights],
         [np.array(counts, np.float32)], {'thresholds': ('floats', at)})


def lookup(name, attrs, table, at, ids, shape, weights=None):
    """One embedding lookup, and its gradients to the table and the weights of sum(y * dy)."""
    values = None if weights is None else tf.Variable(weights)
    combiner, max_norm = attrs['combiner'][1], attrs.get('max_norm', (None, None))[1]
    look_up = tf.nn.safe_embedding_lookup_sparse if attrs['safe'][1] else tf.nn.embedding_lookup_sparse
    table = Var(table)
    with tf.GradientTape() as tape:
        sparse = None if weights is None else tf.SparseTensor(at, values, shape)
        y = look_up(table.var, tf.SparseTensor(at, ids, shape), sparse, combiner=combiner, max_norm=max_norm)
        dy = rng2.randn(*y.shape).astype(np.float32)
        loss = tf.reduce_sum(y * dy)
    more = [] if weights is None else [weights]
    case(f'EstSafeEmbeddingLookupSparse_{name}', 'EstSafeEmbeddingLookupSparse',
         [table, at, ids, shape] + more, [y], attrs)
    lines.append(f'case gradient_{name} gradient')
    attr_lines(attrs)
    for x in [table.before, at, ids, shape, dy] + more:
        put('in', x)
    for d in tape.gradient(loss, [table.var] + ([] if weights is None else [values])):
        put('out', tf.convert_to_tensor(d))
    lines.append('')


def embeddings():
    at = np.array([[0, 0], [0, 1], [2, 0], [2, 1], [2, 2], [4, 1], [4, 2]], np.int64)
    ids, shape = np.array([3, 1, 1, -1, 1, -2, 0], np.int64), np.array([6, 3], np.int64)
    weights = np.array([0.5, 2.0, 0.25, 1.0, 3.0, 1.0, -1.5], np.float32)
    table = rng2.randn(5, 4).astype(np.float32)
    for combiner in ('sum', 'mean', 'sqrtn'):
        for safe in (True, False):
            for max_norm in (None, 1.5):
                for w in (None, weights):
                    attrs = {'combiner': ('string', combiner), 'safe': ('bool', safe)}
                    if max_norm:
                        attrs['max_norm'] = ('float', max_norm)
                    name = f'{combiner}_{"safe" if safe else "plain"}{"_norm" if max_norm else ""}'
                    lookup(name + ('' if w is None else '_weighted'), attrs, table, at,
                           ids if safe else np.abs(ids), shape, w)
    # A table that is small enough to see the answers.
    small = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    row = np.array([[0, 0], [0, 1]], np.int64)
    for combiner in ('sum', 'mean', 'sqrtn'):
        attrs = {'combiner': ('string', combiner), 'safe': ('bool', True)}
        one = np.array([1, 2], np.int64)
        lookup(f'hand_{combiner}', attrs, small, row, np.array([0, 1], np.int64), one)
        lookup(f'hand_{combiner}_weighted', attrs, small, row, np.array([0, 1], np.int64), one,
               np.array([.5, 2], np.float32))
        lookup(f'hand_{combiner}_negative', attrs, small, row, np.array([2, 1], np.int64), one,
               np.array([-1, 3], np.float32))
        lookup(f'hand_{combiner}_none', attrs, small, row, np.array([-1, -1], np.int64), one)
    lookup('hand_norm', {'combiner': ('string', 'mean'), 'safe': ('bool', True), 'max_norm': ('float', 1.0)},
           small, row, np.array([0, 1], np.int64), one)
    from tensorflow.python.feature_column import feature_column_v2 as fc2
    indicator = tf.feature_column.indicator_column(tf.feature_column.categorical_column_with_identity('x', 4))
    some = np.array([3, 1, 1, -1, 1, 7, 0], np.int64)
    for name, w in (('', None), ('_weighted', weights)):
        pair = fc2.CategoricalColumn.IdWeightPair(tf.SparseTensor(at, some, shape),
                                                  None if w is None else tf.SparseTensor(at, w, shape))
        case(f'EstIndicator{name}', 'EstIndicator', [at, some, shape] + ([] if w is None else [w]),
             [indicator._transform_id_weight_pair(pair, 4)], {'depth': ('int', 4)})
    x = rng2.randn(5, 2).astype(np.float32)
    for key, of in (('int32', np.int32), ('int64', np.int64)):
        simple(f'SegmentSum_{key}', 'SegmentSum', dict(data=x, segment_ids=np.array([0, 0, 2, 2, 5], of)))
    simple('SegmentSum_int', 'SegmentSum', dict(data=np.arange(3), segment_ids=np.array([1, 1, 1], np.int32)))
    simple('SegmentMax', 'SegmentMax', dict(data=x, segment_ids=np.array([0, 0, 2, 2, 5], np.int64)))
    simple('SegmentMax_int', 'SegmentMax', dict(data=np.array([-3, -7, 4]), segment_ids=np.array([0, 0, 1], np.int32)))
    whole, sizes = np.arange(12, dtype=np.float32).reshape(2, 6), np.array([1, -1, 2])
    case('SplitV', 'SplitV', [whole, sizes, np.int32(1)], raw.SplitV(value=whole, size_splits=sizes, axis=1, num_split=3),
         {'num_split': ('int', 3)})
    simple('SegmentSum_none', 'SegmentSum', dict(data=x[:0], segment_ids=np.array([], np.int32)))


def factors():
    draws = np.random.RandomState(13)
    for name, shape, full in (('tall', (5, 3), False), ('wide', (2, 4), False), ('square', (3, 3), False),
                              ('full', (4, 2), True), ('batch', (2, 3, 2), False), ('none', (3, 0), False)):
        simple(f'Qr_{name}', 'Qr', dict(input=draws.randn(*shape).astype(np.float32)),
               {'full_matrices': ('bool', full)}, full_matrices=full)
    simple('Qr_double', 'Qr', dict(input=np.array([[0, 2.0], [0, 1], [0, 3]])), {'full_matrices': ('bool', False)},
           full_matrices=False)


def sdca():
    """A batch of one example: TensorFlow takes those of larger ones in an order that changes from run to run."""
    names = np.array([bytes((i * 7 + n) % 256 for i in range(n)) for n in (0, 1, 3, 4, 8, 16, 17, 24, 32, 33, 130, 143, 144, 200, 272, 300)],
                     object)
    simple('SdcaFprint', 'SdcaFprint', dict(input=names))
    at = np.array([[0, 0], [0, 1], [0, 2], [1, 0], [3, 0], [3, 1]], np.int64)
    ids, weights = np.array([5, 2, 5, -1, 0, 2], np.int64), np.array([1, 2, 4, 8, -1, 0.5], np.float32)
    for name, w in (('', None), ('_weighted', weights)):
        known = ids >= 0
        example, each = at[known, 0], (np.ones(6, np.float32) if w is None else w)[known]
        unique, places = tf.unique(example * (ids.max() + 1) + ids[known])
        case('EstSdcaIds' + name, 'EstSdcaIds', [at, ids] + ([] if w is None else [w]),
             [unique // (ids.max() + 1), unique % (ids.max() + 1), tf.math.unsorted_segment_sum(each, places, tf.size(unique))])
    draws = np.random.RandomState(17)

    def normal(*shape):
        return draws.randn(*shape).astype(np.float32)
    for loss, label, dual in (('logistic_loss', 1, 0.3), ('logistic_loss', 0, -0.6), ('squared_loss', 2.5, 0.4), ('hinge_loss', 1, 0.2),
                              ('hinge_loss', 0, -0.9), ('smooth_hinge_loss', 0, -0.3), ('poisson_loss', 3, 0.5)):
        for l1 in (0.0, 0.3):
            none = np.zeros(2, np.int64)
            lists = [[none, none[:1]], [np.array([4, 9], np.int64), np.array([1], np.int64)], [normal(2)], [normal(1, 10)], normal(1) ** 2,
                     np.array([label], np.float32), [np.array([9, 4, 6], np.int64), np.array([1], np.int64)], [normal(3, 1), normal(1, 1)],
                     [normal(10, 1)], np.array([[dual, 0, 0, 0]], np.float32)]
            flat = [x for given in lists for x in (given if isinstance(given, list) else [given])]
            y = raw.SdcaOptimizerV2(sparse_example_indices=lists[0], sparse_feature_indices=lists[1], sparse_feature_values=lists[2],
                                    dense_features=lists[3], example_weights=lists[4], example_labels=lists[5], sparse_indices=lists[6],
                                    sparse_weights=lists[7], dense_weights=lists[8], example_state_data=lists[9], loss_type=loss, l1=l1,
                                    l2=2.0, num_loss_partitions=2, num_inner_iterations=1)
            case(f'SdcaOptimizerV2_{loss}_{label}_{l1}', 'SdcaOptimizerV2', flat, [y[0]] + list(y[1]) + list(y[2]),
                 {'loss_type': ('string', loss), 'num_sparse_features': ('int', 2), 'num_sparse_features_with_values': ('int', 1),
                  'num_dense_features': ('int', 1), 'l1': ('float', l1), 'l2': ('float', 2.0), 'num_loss_partitions': ('int', 2),
                  'num_inner_iterations': ('int', 1)})


for make in (variables, optimizers, keras_sparse_adam, strings, parsing, sparse_tensors, ragged, crosses, composites,
             embeddings, factors, lambda: optimizers(PROXIMAL), sdca):
    make()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'ops_sparse.txt'), 'w') as f:
    f.write('# Written by make_ops_sparse.py with TensorFlow %s.\n' % tf.__version__)
    f.write('\n'.join(lines) + '\n')
