#!/bin/sh
# Where TensorFlow is there: it parses the tf.Examples that convert writes, and convert reads those that it writes.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 "$python" "$SRCDIR/tests/interop/convert.py" "$ESTIMATOR" "$SRCDIR/tutorials/data/titanic_eval.csv" "$work"
