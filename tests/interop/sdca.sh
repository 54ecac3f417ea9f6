#!/bin/sh
# Where TensorFlow is there: LinearSDCA ends where TensorFlow's own does.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow, yaml' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/sdca.py" "$ESTIMATOR"
