#!/bin/sh
# Where TensorFlow is there: KMeans' variables, metrics, predictions and exports are those of TensorFlow's own.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow, yaml' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/kmeans.py" "$ESTIMATOR"
