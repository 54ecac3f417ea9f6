#!/bin/sh
# The program over object-based checkpoints does what it says, and goes on where it stopped.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILDDIR/tutorials/objects" "$work/tf_ckpts" | tee "$work/first"
"$BUILDDIR/tutorials/objects" "$work/tf_ckpts" | tee "$work/second"
grep -q '^Initializing from scratch\.$' "$work/first"
grep -q "^Saved checkpoint for step 50: $work/tf_ckpts/ckpt-5\$" "$work/first"
grep -q "^Restored from $work/tf_ckpts/ckpt-5\$" "$work/second"
grep -q "^Saved checkpoint for step 100: $work/tf_ckpts/ckpt-10\$" "$work/second"
grep -q '^loss 0\.[0-9]*$' "$work/second"
grep -q '^kernel 4\.[6-9][0-9]* ' "$work/second"
grep -q "^not all of it: $work/tf_ckpts/ckpt-10: there are no variables here for its values: 'step/\.ATTRIBUTES/VARIABLE_VALUE', .* and 5 more\$" "$work/second"
test "$(ls "$work/tf_ckpts")" = "$(printf '%s\n' checkpoint ckpt-10.data-00000-of-00001 ckpt-10.index ckpt-8.data-00000-of-00001 \
    ckpt-8.index ckpt-9.data-00000-of-00001 ckpt-9.index)"
