#!/bin/sh
# Where TensorFlow is there: exported trees run in it, and give what predict and saved-model run give.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/trees.py" "$ESTIMATOR" "$SRCDIR/tutorials/data"
