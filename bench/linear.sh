#!/bin/sh
# Linear training in one pass over click logs (bench/clicks.c): examples/s of ours, beside Vowpal Wabbit's from its text and its cache,
# with the log loss of both on rows held out, and tf.estimator's. Start and end are left out: the time of a run is that of the whole
# process, less that of one over the first rows alone.
#     VW          the command of Vowpal Wabbit ("vw"; "python -m vowpalwabbit" for PyPI's)
#     VW_OPTIONS  beside --loss_function logistic ("-b 22")
#     TF_PYTHON   a Python that has TensorFlow 2.15
#     ROWS, TIMES rows (500000), and of how many runs the quickest counts (3)
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
config=$SRCDIR/bench/linear.yaml
rows=${ROWS:-500000} times=${TIMES:-3}
vw="${VW:-vw} --loss_function logistic ${VW_OPTIONS:--b 22} --quiet"

"$BUILDDIR/bench/clicks" "$work" "$rows"
for kind in csv vw; do
    head -n 1000 "$work/train.$kind" > "$work/first.$kind"
done

# cost COMMAND...: seconds and processor seconds of one run.
cost() {
    "$BUILDDIR/bench/measure" "$@" > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; exit 1; }
    tail -n 1 "$work/err" | cut -d' ' -f1,3
}

# ours NAME [OPTION...]
ours() {
    name=$1
    shift
    rm -rf "$work/$name"
    cost "$ESTIMATOR" train "$config" --model-dir "$work/$name" --set "task.train_data.input_path=$work/$name.csv" --quiet "$@"
}

# ours, from rows that an earlier run put on disk.
ours_cached() {
    ours "$1" --set "task.train_data.cache=$work/$1.cache"
}

# theirs NAME [OPTION...]
theirs() {
    name=$1
    shift
    cost $vw -d "$work/$name.vw" -f "$work/$name.model" "$@"
}

# note KIND FUNCTION [OPTION...]: a run over all rows and one over the first, appended to KIND.
note() {
    kind=$1 what=$2
    shift 2
    echo "$("$what" train "$@") $("$what" first "$@")" >> "$work/$kind"
}

# rates KIND: rows a second, and a second of one processor, of the quickest runs.
rates() {
    awk -v rows="$rows" '{ for (i = 1; i <= 4; i++) if (NR == 1 || $i < least[i]) least[i] = $i }
        END { printf "%.0f %.0f", rows / (least[1] - least[3]), rows / (least[2] - least[4]) }' "$work/$1"
}

# row TEXT RATES [THEIRS]
row() {
    echo "$2 ${3:-}" | awk -v text="$1" '{
        printf "%-36s %9.0f examples/s %9.0f a processor", text, $1, $2
        if (NF == 4) printf "   %5.2f and %.2f times", $1 / $3, $2 / $4
        print "" }'
}

have_vw=false
! $vw --version > /dev/null 2>&1 || have_vw=true
$have_vw || echo "no Vowpal Wabbit (VW names its command): ours alone"
have_cache=false
! (ours_cached first) > /dev/null 2>&1 || have_cache=true   # a command without `cache` refuses it
for _ in $(seq "$times"); do
    note ours ours
    if $have_cache; then
        note ours_made ours_cached
        note ours_cached ours_cached
    fi
    if $have_vw; then
        note vw theirs
        rm -f "$work"/*.vw.cache*
        note vw_cache_made theirs -c
        note vw_cache theirs -c
    fi
done

loss=$("$ESTIMATOR" evaluate "$config" --model-dir "$work/train" --set "task.validation_data.input_path=$work/eval.csv" --json --quiet |
    sed 's/.*"average_loss": *\([0-9.]*\).*/\1/')
if $have_vw; then
    vw_text=$(rates vw)
    row "Vowpal Wabbit, text" "$vw_text"
    vw_cache=$(rates vw_cache)
    row "Vowpal Wabbit, cache" "$vw_cache"
    $vw -d "$work/eval.vw" -t -i "$work/train.model" -p "$work/predictions" --link logistic
    vw_loss=$(paste -d' ' "$work/predictions" "$work/eval.vw" | awk '{
        p = $2 > 0 ? $1 : 1 - $1
        sum -= log(p > 1e-15 ? p : 1e-15) } END { printf "%.5f", sum / NR }')
fi
row "LinearClassifier, CSV" "$(rates ours)" "${vw_text:-}"
! $have_cache || row "LinearClassifier, cache" "$(rates ours_cached)" "${vw_cache:-}"
echo "log loss on rows held out: $loss${vw_loss:+; Vowpal Wabbit $vw_loss}"

set -- $("$BUILDDIR/bench/read" csv "$work/train.csv") $("$BUILDDIR/bench/read" tfrecord "$work/train.tfrecord")
echo "reading alone, rows/s: CSV $1 ($2 a processor), TFRecord $3 ($4 a processor)"
if [ -n "${TF_PYTHON:-}" ]; then
    echo "tf.data and parse_example, TFRecord, rows/s: $("$TF_PYTHON" "$SRCDIR/bench/linear_tf.py" read "$work/train.tfrecord" | tail -n 1)"
    echo "tf.estimator, CSV, examples/s: $("$TF_PYTHON" "$SRCDIR/bench/linear_tf.py" train "$work/train.csv" | tail -n 1)"
fi
