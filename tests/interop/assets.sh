#!/bin/sh
# Where TensorFlow is there: vocabulary files go along with exports, ours into TensorFlow and its into ours.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/assets.py" "$ESTIMATOR" "$SRCDIR/tests/interop/scenarios"
