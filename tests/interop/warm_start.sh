#!/bin/sh
# Where TensorFlow is there: what a warm start takes from an old model is what TensorFlow's own Estimator takes.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow, yaml' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/warm_start.py" "$ESTIMATOR"
