#!/bin/sh
# Steps a second of deep models that are trained from memory (bench/dnn.c): ours, tf.estimator's, PyTorch's, one after the other, TIMES
# times, so that a busy machine is busy for all; the quickest of each counts.
#     PYTHON   a Python with TensorFlow 2.15, and PyTorch ("python3"); what it does not have is left out
#     STEPS    of the large, the small and the wide and deep model ("300 6000 300")
#     TIMES    3
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3} times=${TIMES:-3}
set -- ${STEPS:-300 6000 300}
large=$1 small=$2 wide_deep=$3

# note WHO KIND STEPS_A_SECOND: the largest one stays.
note() {
    old=$(cat "$work/$1.$2" 2> /dev/null || echo 0)
    awk -v a="$old" -v b="$3" 'BEGIN { print (a > b ? a : b) }' > "$work/$1.$2.new"
    mv "$work/$1.$2.new" "$work/$1.$2"
}

one_run() {
    case $1 in
    large) ours=$("$BUILDDIR/bench/dnn" "$large" 0 0 2> "$work/err") steps=$large ;;
    small) ours=$("$BUILDDIR/bench/dnn" 0 "$small" 0 2> "$work/err") steps=$small ;;
    *) ours=$("$BUILDDIR/bench/dnn" 0 0 "$wide_deep" 2> "$work/err") steps=$wide_deep ;;
    esac
    note ours "$1" "${ours#* }"
    for library in estimator torch; do
        if theirs=$("$python" "$SRCDIR/bench/dnn_tf.py" "$library" "$1" "$steps" 2> /dev/null); then
            note "$library" "$1" "$(echo "$theirs" | tail -n 1)"
        fi
    done
}

for _ in $(seq "$times"); do
    for kind in large small wide_deep; do
        one_run "$kind"
    done
done
printf '%-10s %10s %14s %10s\n' steps/s ours tf.estimator PyTorch
for kind in large small wide_deep; do
    printf '%-10s %10s %14s %10s\n' "$kind" "$(cat "$work/ours.$kind")" "$(cat "$work/estimator.$kind" 2> /dev/null || echo -)" \
        "$(cat "$work/torch.$kind" 2> /dev/null || echo -)"
done
