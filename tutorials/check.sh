#!/bin/sh
# The C tutorial does what it says.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILDDIR/tutorials/titanic" "$SRCDIR/tutorials/data" "$work/model" | tee "$work/out"
grep -q '^step 1000, loss 0\.[0-9]*$' "$work/out"
grep -q '^accuracy  *0\.[78]' "$work/out"
grep -q '^a woman of 29 in first class survives with probability 0\.[89]' "$work/out"
