#!/bin/sh
# The program over every feature column does what it says.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILDDIR/tutorials/columns" "$SRCDIR/tutorials/data" "$work/model" | tee "$work/out"
grep -q '^fare_bucketized_X_sex  *reads fare_bucketized_X_sex$' "$work/out"
grep -q '^of a classifier: alone\* class\* deck\* embark_town\* fare parch\* sex\* survived$' "$work/out"
grep -q '^passengers: accuracy 0\.[89]' "$work/out"
grep -q '^sentences: accuracy 1\.0000$' "$work/out"
grep -q '^steps: decks\* floor\* floors\* heights\* pages\*$' "$work/out"
