#!/bin/sh
# The training loop over digits does what its text says, and goes on to the same bytes after it was stopped.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
data=$SRCDIR/tutorials/data
learn() { "$BUILDDIR/tutorials/training_loop" "$data/digits_train.npz" "$data/digits_eval.npz" "$@"; }

learn "$work/run" 2> "$work/progress" | tee "$work/out"
awk '/^epoch 8 training/ { good = $5 < 0.25 && $7 > 0.93 }
     /^epoch 8 validation/ { good = good && $5 < 0.45 && $7 > 0.87 && $9 > 0.97 }
     END { exit !(good && $0 == "240 steps") }' "$work/out"

# the log: 8 epochs of 30 and 10 batches; the last lines are what was told
test "$(wc -l < "$work/run/log.csv")" -eq 321
test "$(head -n 1 "$work/run/log.csv")" = "epoch, batch, loss, accuracy, top5Accuracy"
tail -n 1 "$work/run/log.csv" > "$work/last"
awk -F ', ' 'FNR == NR { told = sprintf("loss %.4f accuracy %.4f", $3, $4); ok = $1 == "8/8" && $2 == "10/10"; next }
             /^epoch 8 validation/ { ok = ok && index($0, told) } END { exit !ok }' "$work/last" "$work/out"

# progress: each batch writes its line over the one before
tr '\r' '\n' < "$work/progress" > "$work/lines"
test "$(grep -c '^Epoch ' "$work/lines")" -eq 8
test "$(grep -c '^30/30 \[==============================\] - loss: ' "$work/lines")" -eq 8
grep -q '^15/30 \[===============>\.\.\.\.\.\.\.\.\.\.\.\.\.\.\] - loss: ' "$work/lines"

# TensorBoard's files, for each statistic and phase
for name in loss accuracy top5Accuracy; do
    ls "$work"/run/tensorboard/stats/*/$name/train/events.out.tfevents.* "$work"/run/tensorboard/stats/*/$name/validation/events.out.tfevents.* > "$work/events"
done
"$ESTIMATOR" inspect "$(head -n 1 "$work/events")" | grep -q epoch_top5Accuracy

# three epochs, and the other five in another process
learn "$work/again" 3 > "$work/first" 2> /dev/null
learn "$work/again" > "$work/second" 2> /dev/null
tail -n 1 "$work/first" | grep -qx '90 steps'
{ head -n 6 "$work/first"; cat "$work/second"; } | cmp - "$work/out"
for file in index data-00000-of-00001; do
    cmp "$work/run/model/model.ckpt-240.$file" "$work/again/model/model.ckpt-240.$file"
done
