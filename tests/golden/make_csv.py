#!/usr/bin/env python3
"""What TensorFlow 2.15's CsvDataset makes of texts that are easy to get wrong; a result of None is an error there.

    python3 tests/golden/make_csv.py > tests/golden/csv.inc
"""
import os
import struct
import tempfile
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

import tensorflow as tf

FLOAT, INT, STRING = 'f', 'i', 's'
DEFAULTS = {FLOAT: tf.constant([0.0]), INT: tf.constant([0], tf.int64), STRING: tf.constant([''])}

# (name, columns, text, options)
CASES = [
    ('plain', 'fs', b'1.5,a\n2,b\n-3e2,c\n', {}),
    ('no_newline_at_end', 'fs', b'1,a\n2,b', {}),
    ('crlf', 'fs', b'1,a\r\n2,b\r\n', {}),
    ('cr', 'fs', b'1,a\r2,b\r', {}),
    ('mixed_line_ends', 'fs', b'1,a\r\n2,b\n3,c\r4,d', {}),
    ('empty_fields', 'fisf', b',,,\n1,2,x,\n', {}),
    ('quotes', 'sss', b'"a","b c","d,e"\n"","""","say ""hi"""\n', {}),
    ('quoted_line_ends', 'sf', b'"one\ntwo\r\nthree",1\n"\n",2\n', {}),
    ('quoted_numbers', 'fi', b'"1.25","7"\n"","8"\n', {}),
    ('spaces_stay', 'ss', b' a , b\t\n  ,\n', {}),
    ('spaces_around_numbers', 'fi', b' 1.5, 7\n2.5 ,8 \n', {}),
    ('signs', 'f', b'+5\n-0\n-.5\n5.\n', {}),
    ('no_plus_integer', 'is', b'7,+7\n-7,x\n', {}),
    ('specials', 'f', b'nan\ninf\n-inf\n1e400\n1e-400\n', {}),
    ('many_digits', 'f', b'0.1234567890123456789\n16777217\n3.4028235e38\n1.17549435e-38\n0.30000001192092896\n', {}),
    ('integers', 'i', b'9223372036854775807\n-9223372036854775808\n007\n', {}),
    ('integer_too_large', 'is', b'9223372036854775808,x\n', {}),
    ('integer_with_point', 'is', b'1.0,x\n', {}),
    ('not_a_number', 'fs', b'abc,x\n', {}),
    ('na_value', 'fsi', b'NA,NA,NA\n1,na,2\n,,\n', {'na_value': 'NA'}),
    ('other_delimiter', 'fs', b'1;a,b\n2;"c;d"\n', {'field_delim': ';'}),
    ('tab', 'fs', b'1\ta\n2\t\n', {'field_delim': '\t'}),
    ('no_quotes', 'ss', b'a"b,"c\n"d",e""\n', {'use_quote_delim': False}),
    ('quote_inside', 'ss', b'a"b,c\n', {}),
    ('text_after_quote', 'ss', b'"a"b,c\n', {}),
    ('space_before_quote', 'ss', b' "a",b\n', {}),
    ('space_after_quote', 'ss', b'"a" ,b\n', {}),
    ('open_quote', 'ss', b'a,b\n"c,d\n', {}),
    ('too_few_fields', 'ss', b'a,b\nc\n', {}),
    ('too_many_fields', 'ss', b'a,b,c\n', {}),
    ('blank_line', 'ss', b'a,b\n\nc,d\n', {}),
    ('blank_line_at_end', 'ss', b'a,b\n\n', {}),
    ('utf8', 'ss', '\u00e9\u00e8,\u65e5\u672c\n'.encode(), {}),
    ('not_utf8', 'ss', b'\xff\xfe,\x80\n', {}),
]


def text_of(value, kind):
  if kind == FLOAT:
    return '%08x' % struct.unpack('<I', struct.pack('<f', value.numpy()))
  return str(int(value)) if kind == INT else value.numpy().hex()


def literal(data):
  return '"' + ''.join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else '\\%03o' % b for b in data) + '"'


def run(columns, text, options):
  with tempfile.NamedTemporaryFile(suffix='.csv') as f:
    f.write(text)
    f.flush()
    try:
      rows = list(tf.data.experimental.CsvDataset(f.name, [DEFAULTS[c] for c in columns], **options))
    except tf.errors.InvalidArgumentError:
      return None
  return ''.join('|'.join(text_of(v, k) for v, k in zip(row, columns)) + '\n' for row in rows)


print('/* Made by make_csv.py with TensorFlow 2.15: name, columns (f float32, i int64, s string), text, options, and the rows: floats')
print(' * and strings in hex; NULL: an error. */')
for name, columns, text, options in CASES:
  rows = run(columns, text, options)
  print('{ "%s", "%s", %s, sizeof %s - 1,' % (name, columns, literal(text), literal(text)))
  print('  "%s", %s, %s,' % (options.get('na_value', ''), repr(options.get('field_delim', ',')),
                            'false' if options.get('use_quote_delim', True) else 'true'))
  print('  %s },' % ('NULL' if rows is None else literal(rows.encode())))
