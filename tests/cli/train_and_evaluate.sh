#!/bin/sh
# train-and-evaluate: evaluations of checkpoints, exporters, early stopping, what cannot be.
. "$SRCDIR/tests/cli/common.sh"
small_config
cat >> c.yaml <<'CONFIG'
export: {exporters: [latest, best, final], receiver: raw, checkpoints_to_keep: 1}
CONFIG
every='--set trainer.checkpoint_interval=2 --set trainer.throttle_secs=0'

run 0 train-and-evaluate c.yaml $every --json
grep -q '"global_step": 6' out || fail "train-and-evaluate --json: $(cat out)"
[ "$(grep -c ' evaluated: ' err)" -eq 3 ] || fail "not every checkpoint was evaluated: $(cat err)"
for name in latest best final; do
    ls model/export/$name/*/saved_model.pb > /dev/null || fail "there is no export '$name'"
done
[ "$(ls -d model/export/final/*/ | wc -l)" -eq 1 ] || fail "the final export is not one"
[ -f model/export/best/checkpoints/checkpoint ] || fail "the best checkpoint is not kept"
[ -f model/config.yaml ] || fail "config.yaml is not kept"
run 0 train-and-evaluate c.yaml $every --quiet
[ ! -s out ] || fail "nothing to do, and yet: $(cat out)"

run 0 train-and-evaluate c.yaml $every --model-dir stopped --set trainer.early_stopping=higher \
    --set trainer.early_stopping_metric=accuracy --set trainer.early_stopping_threshold=-1
grep -q 'early stopping at step 2$' err || fail "it did not stop: $(cat err)"
grep -qE '^global_step +2$' out || fail "the last evaluation is not that of step 2: $(cat out)"


# further evaluations, by name
sed 's|^trainer|  validation:\n    women: {input_path: women.csv, label: survived}\n    men: {input_path: men.csv, label: survived, batch_size: 2}\ntrainer|' c.yaml > named.yaml
grep -v ,male train.csv > women.csv
grep -v ,female train.csv > men.csv
run 0 train-and-evaluate named.yaml $every --model-dir named --json
[ "$(grep -c ' evaluated: ' err)$(grep -c ' evaluated women: ' err)$(grep -c ' evaluated men: ' err)" = 333 ] || fail "not all were evaluated: $(cat err)"
grep -q 'evaluated women: .*label/mean = 1,' err || fail "those are not the women: $(cat err)"
ls named/eval_women/*tfevents* named/eval_men/*tfevents* named/eval/*tfevents* > /dev/null || fail "there are no events"
[ "$(ls named/export)" = "best
final
latest" ] || fail "exports: $(ls named/export)"
run 0 train-and-evaluate named/config.yaml --quiet
run 0 evaluate named/config.yaml --quiet
sed 's|women: {|women: {batch_sze: 3, |' named.yaml > wrong.yaml
says 1 "estimator: wrong.yaml:11: unknown key 'batch_sze'; did you mean 'batch_size'?" train-and-evaluate wrong.yaml
sed 's|women: {input_path: women.csv, |women: {|' named.yaml > wrong.yaml
says 1 "estimator: wrong.yaml:11: 'input_path' is missing in task.validation.women" train-and-evaluate wrong.yaml
sed 's|women: {.*|women: 1|' named.yaml > wrong.yaml
says 1 "estimator: wrong.yaml:11: 'task.validation.women' takes a map of keys, not the number 1" train-and-evaluate wrong.yaml
sed 's|women: {|women: {num_epochs: null, |' named.yaml > wrong.yaml
says 1 "estimator: wrong.yaml:11: task.validation.women repeats for ever: give it num_epochs, or set trainer.validation_steps" train-and-evaluate wrong.yaml

sed 's/latest, best/newest, best/' c.yaml > newest.yaml
says 1 "estimator: newest.yaml:11: export.exporters: there is no 'newest'; there are latest, best and final" train-and-evaluate newest.yaml
sed 's/train_steps: 6/train_steps: 6, early_stopping: no_increase/' c.yaml > patience.yaml
says 1 "estimator: patience.yaml:10: trainer.early_stopping 'no_increase' needs trainer.early_stopping_steps" train-and-evaluate patience.yaml
exit $bad
