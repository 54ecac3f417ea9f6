#!/bin/sh
# Where TensorBoard and TensorFlow are there: TensorBoard shows what the tutorial over summaries has written.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorboard, tensorflow' 2> /dev/null || { echo "no TensorBoard for $python"; exit 77; }
program=${BOARD:-$(dirname "$ESTIMATOR")/tutorials/board}
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/board.py" "$program"
