#!/bin/sh
# The Titanic job: time and memory of ours, beside tf.estimator's where PYTHON (or TF_PYTHON) has TensorFlow 2.15. Then rows/s of CSV and TFRecord, and
# products of matrices by engine.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
data=$SRCDIR/tutorials/data
config=$SRCDIR/tutorials/titanic.yaml
python=${TF_PYTHON:-${PYTHON:-python3}}

# field FILE KEY: the number of a key in one JSON object.
field() {
    sed -n 's/.*"'"$2"'": *\([-0-9.e+]*\).*/\1/p' "$1" | head -n 1
}

# measure NAME COMMAND...: stdout in NAME.out, "seconds KiB" in NAME.cost; the quickest of $times runs.
measure() {
    name=$1
    shift
    for _ in $(seq "$times"); do
        [ "$name" != train ] || rm -rf "$work/model"
        "$BUILDDIR/bench/measure" "$@" > "$work/$name.out" 2> "$work/$name.err" ||
            { cat "$work/$name.err" >&2; exit 1; }
        tail -n 1 "$work/$name.err" >> "$work/$name.costs"
    done
    sort -n "$work/$name.costs" | head -n 1 > "$work/$name.cost"
}

# row TEXT OURS THEIRS WHICH: a line of the table; the ratio says how many times better ours is (WHICH: less or more is better).
row() {
    awk -v text="$1" -v ours="$2" -v theirs="$3" -v which="$4" 'BEGIN {
        if (theirs == "") printf "%-42s %12.4g\n", text, ours
        else printf "%-42s %12.4g %12.4g %9.1f\n", text, ours, theirs, which == "less" ? theirs / ours : ours / theirs }'
}

times=5
measure train "$ESTIMATOR" train "$config" --model-dir "$work/model" --json
measure export "$ESTIMATOR" export "$config" --model-dir "$work/model" --export-dir "$work/export"
exported=$(tail -n 1 "$work/export.out")
measure load "$ESTIMATOR" saved-model show "$exported"

tf_seconds= tf_memory= tf_rate= tf_export= tf_load=
if "$python" -c 'import tensorflow' 2> /dev/null; then
    times=1
    measure tf_train "$python" "$SRCDIR/bench/titanic_tf.py" train "$data" "$work/tf_model"
    measure tf_export "$python" "$SRCDIR/bench/titanic_tf.py" export "$data" "$work/tf_model"
    tf_seconds=$(cut -d' ' -f1 "$work/tf_train.cost")
    tf_memory=$(cut -d' ' -f2 "$work/tf_train.cost")
    tf_rate=$(field "$work/tf_train.out" steps_per_sec)
    tf_export=$(field "$work/tf_export.out" export_seconds)
    tf_load=$(field "$work/tf_export.out" load_seconds)
else
    echo "no TensorFlow in $python: ours alone (TF_PYTHON names a Python that has it)"
fi

printf '%-42s %12s %12s %9s\n' "" ours tf.estimator better
row "Titanic, 1000 steps: seconds" "$(cut -d' ' -f1 "$work/train.cost")" "$tf_seconds" less
row "  peak memory, KiB" "$(cut -d' ' -f2 "$work/train.cost")" "$tf_memory" less
row "  steps/s, steady" "$(field "$work/train.out" steps_per_sec)" "$tf_rate" more
row "export: seconds (ours: the whole process)" "$(cut -d' ' -f1 "$work/export.cost")" "$tf_export" less
row "load: seconds (ours: the whole process)" "$(cut -d' ' -f1 "$work/load.cost")" "$tf_load" less

echo
"$BUILDDIR/bench/csv"
"$BUILDDIR/bench/tfrecord"

echo
"$BUILDDIR/bench/product"

echo
sh "$SRCDIR/bench/adult.sh"
