#!/bin/sh
# The wide & deep model, in C and by the command, does what its text says, and the two are one model.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILDDIR/tutorials/wide_deep" "$SRCDIR/tutorials/data" "$work/c" | tee "$work/out"
grep -q '^accuracy  *0\.8[4-6]' "$work/out"
grep -q '^auc  *0\.9[01]' "$work/out"
grep -q '^certain of [23][0-9]* of 6561$' "$work/out"
"$ESTIMATOR" train "$SRCDIR/tutorials/wide_deep.yaml" --model-dir "$work/yaml" --quiet
"$ESTIMATOR" evaluate "$SRCDIR/tutorials/wide_deep.yaml" --model-dir "$work/yaml" --quiet | tee "$work/yaml.out"
test "$(awk '$1 == "accuracy" { printf "%.4f", $2 }' "$work/yaml.out")" = "$(awk '$1 == "accuracy" { print $2 }' "$work/out")"
