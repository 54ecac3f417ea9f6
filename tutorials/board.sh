#!/bin/sh
# The program over summaries learns, and writes a folder of events for training and one for validation.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILDDIR/tutorials/board" "$work/board" | tee "$work/out"
grep -q '^loss 0\.[0-5][0-9]*, of other points 0\.[0-5][0-9]*$' "$work/out"
test "$(ls "$work/board")" = "$(printf 'train\nvalidation')"
ls "$work/board/train" | grep -q '^events\.out\.tfevents\.'
grep -q '^  tensor_name: "logits/kernel/\.ATTRIBUTES/VARIABLE_VALUE"$' "$work/board/train/projector_config.pbtxt"
