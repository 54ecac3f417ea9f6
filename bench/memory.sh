#!/bin/sh
# Memory is flat in the length of the data: some GB (GB, 4) of click logs as CSV and as TFRecord are read, and trained on, in less than
# 200 MB of resident memory. Takes minutes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
limit=200000 gb=${GB:-4}
"$BUILDDIR/bench/clicks" "$work" 200000 0
sed 's/262144/1024/; s/log_interval: .*/log_interval: 100000/' "$SRCDIR/bench/linear.yaml" > "$work/small.yaml"

# copies FILE: how many of it make up the size wanted.
copies() {
    echo $(((gb * 1000000000 + $(wc -c < "$1") - 1) / $(wc -c < "$1")))
}

# within TEXT COMMAND...: runs it; its peak of resident memory must stay within the limit.
within() {
    text=$1
    shift
    "$BUILDDIR/bench/measure" "$@" > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; exit 1; }
    tail -n 1 "$work/err" | awk -v text="$text" -v limit="$limit" '{
        printf "%-36s %8.1f s %8.1f MB\n", text, $1, $2 / 1000
        exit $2 > limit }' || { echo "more than $limit KiB" >&2; exit 1; }
}

for format in csv tfrecord; do
    within "$gb GB of $format, read" "$BUILDDIR/bench/read" "$format" "$work/train.$format" "$(copies "$work/train.$format")"
done
paths=$(awk -v n="$(copies "$work/train.csv")" -v path="$work/train.csv" 'BEGIN { for (i = 0; i < n; i++) printf "%s%s", i ? "," : "", path }')
within "$gb GB of csv, trained on" "$ESTIMATOR" train "$work/small.yaml" --quiet --model-dir "$work/model" --set "task.train_data.input_path=[$paths]"
