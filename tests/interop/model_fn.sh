#!/bin/sh
# Where TensorFlow is there: the model_fn of tutorials/model_fn.c gives what its twin in Python gives.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
program=${MODEL_FN:-$(dirname "$ESTIMATOR")/tutorials/model_fn}
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/model_fn.py" "$program" "$SRCDIR/tutorials/data"
