#!/bin/sh
# Where TensorFlow is there: object-based checkpoints of ours and of tf.train.Checkpoint, each read by the other.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
program=${OBJECTS:-$(dirname "$ESTIMATOR")/tutorials/objects}
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/objects.py" "$program" "$ESTIMATOR"
