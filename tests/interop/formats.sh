#!/bin/sh
# Where TensorFlow is there: it reads what we write, and writes the same bytes.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorflow, tensorboard' 2> /dev/null || { echo "no TensorFlow for $python"; exit 77; }
${MAKE:-make} -s -C "$BUILDDIR" tests/formats/write_samples || exit 1
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/formats.py" "$BUILDDIR/tests/formats/write_samples"
