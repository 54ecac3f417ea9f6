#!/bin/sh
# Boosted trees, in C and by the command, do what their text says, and the two are one model.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILDDIR/tutorials/trees" "$SRCDIR/tutorials/data" "$work/c" | tee "$work/out"
grep -q '^[5-9][0-9] trees are best for the rows that were held out$' "$work/out"
grep -q '^accuracy  *0\.8[67]' "$work/out"
grep -q '^auc  *0\.92' "$work/out"
test "$(grep ' %$' "$work/out" | head -n 1 | cut -d ' ' -f 1)" = relationship
"$ESTIMATOR" train "$SRCDIR/tutorials/trees.yaml" --model-dir "$work/yaml" --quiet
"$ESTIMATOR" evaluate "$SRCDIR/tutorials/trees.yaml" --model-dir "$work/yaml" --quiet | tee "$work/yaml.out"
test "$(awk '$1 == "accuracy" { printf "%.4f", $2 }' "$work/yaml.out")" = "$(awk '$1 == "accuracy" { print $2 }' "$work/out")"
"$ESTIMATOR" explain "$SRCDIR/tutorials/trees.yaml" --model-dir "$work/yaml" --quiet | tee "$work/gains"
test "$(head -n 1 "$work/gains" | cut -d ' ' -f 1)" = relationship
