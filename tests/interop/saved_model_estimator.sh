#!/bin/sh
# Where TensorFlow is there: exports of all modes are trained on by TensorFlow's SavedModelEstimator, and its by ours, to the same variables.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
program=${MODEL_FN:-$(dirname "$ESTIMATOR")/tutorials/model_fn}
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/saved_model_estimator.py" "$program" "$SRCDIR/tutorials/data"
