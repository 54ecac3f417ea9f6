#!/bin/sh
# Where TensorFlow is there: recurrent models give what tf.estimator.experimental gives.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/rnn.py" "$ESTIMATOR"
