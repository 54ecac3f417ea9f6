#!/bin/sh
# The program over heads does what its text says.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILDDIR/tutorials/heads" "$SRCDIR/tutorials/data" "$work" | tee "$work/out"
grep -q '^  accuracy/survived  *0\.[78]' "$work/out"
grep -q '^  prediction/mean/n_siblings_spouses  *0\.[456]' "$work/out"
grep -q '^  recall  *0\.[89]' "$work/out"
grep -q '^  auc/alone  *0\.[89]' "$work/out"
"$ESTIMATOR" train "$SRCDIR/tutorials/heads.yaml" --model-dir "$work/yaml" --quiet
"$ESTIMATOR" evaluate "$SRCDIR/tutorials/heads.yaml" --model-dir "$work/yaml" --quiet | tee "$work/yaml.out"
test "$(awk '$1 == "auc/survived" { printf "%.4f", $2 }' "$work/yaml.out")" = "$(awk '$1 == "auc/survived" { print $2; exit }' "$work/out")"
