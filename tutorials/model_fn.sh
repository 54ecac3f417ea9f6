#!/bin/sh
# A model_fn of one's own does what its text says.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILDDIR/tutorials/model_fn" "$SRCDIR/tutorials/data" "$work/model" | tee "$work/out"
for line in $(sed -n 's/^    \([a-z_]*\) \([0-9][0-9.]*\)$/\1=\2/p' "$SRCDIR/tutorials/model_fn.md"); do
    # What the text says to its last digit, give or take what processors differ by.
    awk -v name="${line%%=*}" -v wanted="${line##*=}" '$1 == name && ($2 - wanted) ^ 2 < 0.02 ^ 2 { found = 1 } END { exit !found }' "$work/out"
done
[ "$(wc -l < "$work/model/predictions.csv")" -eq 310 ]
"$BUILDDIR/estimator" saved-model show "$(sed -n 's/^exported to //p' "$work/out")" | tee "$work/shown"
grep -q survival "$work/shown"
"$BUILDDIR/tutorials/model_fn" "$SRCDIR/tutorials/data" "$work/further" 310 "$(sed -n 's/^all modes exported to //p' "$work/out")" | tee "$work/more"
grep -q '^global_step 310$' "$work/more"
