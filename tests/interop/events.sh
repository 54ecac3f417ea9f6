#!/bin/sh
# Where TensorBoard is there: its EventAccumulator reads the event files of training and evaluating.
set -u
python=${PYTHON:-python3}
"$python" -c 'import tensorboard' 2> /dev/null || { echo "no TensorBoard for $python"; exit 77; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
config=$SRCDIR/tutorials/titanic.yaml
for steps in 450 1000; do
    "$ESTIMATOR" train "$config" --quiet --model-dir "$work/m" --set trainer.train_steps=$steps || exit 1
    "$ESTIMATOR" evaluate "$config" --json --quiet --model-dir "$work/m" > "$work/results-$steps.json" || exit 1
done
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$SRCDIR/tests/interop/events.py" "$work"
