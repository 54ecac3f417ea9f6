#!/bin/sh
# Training that is watched, stopped early and exported does what its text says.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$BUILDDIR/tutorials/hooks" "$SRCDIR/tutorials/data" "$work/model" | tee "$work/out"
awk '/^global_step/ { n++; if (n == 1 || $4 < least) { least = $4; step = $2 } last = $2 }
     /^trained for/ { stopped = $3 }
     /^the newest/ { restored = $10 }
     END { exit !(n > 3 && last - step >= 300 && stopped == last && restored == step) }' "$work/out"
ls "$work"/model/export/best/*/saved_model.pb > "$work/exports"
grep -q . "$work/exports"
grep -q 'model.ckpt-' "$work/model/export/best/checkpoints/checkpoint"
