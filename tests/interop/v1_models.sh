#!/bin/sh
# Where TensorFlow is there: model directories that its version 1 estimators write are evaluated, predicted from and trained further.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow, yaml' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/v1_models.py" "$ESTIMATOR"
