#!/bin/sh
# The program over the stages of a dataset does what it says.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILDDIR/tutorials/input" "$SRCDIR/tutorials/data" "$work" | tee "$work/out"
grep -q '^  2000 rows in 7 batches$' "$work/out"
grep -q '^  6561 rows in 185 batches$' "$work/out"
grep -q '^  1309 rows in 3 batches$' "$work/out"
grep -q '^  1200 rows in 3 batches$' "$work/out"
grep -q '^309 records were copied$' "$work/out"
test "$(grep -c '^  309 rows in 4 batches$' "$work/out")" = 2
grep -q '^loss of step 100: .*: the same$' "$work/out"
