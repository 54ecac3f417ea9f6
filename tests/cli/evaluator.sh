#!/bin/sh
# The evaluator as a process beside the trainer (TF_CONFIG): both end at max_steps and at an early stop; one that was killed goes on
# where it was; signals; what TF_CONFIG cannot be.
. "$SRCDIR/tests/cli/common.sh"
small_config
cat >> c.yaml <<'CONFIG'
export: {exporters: [latest, best, final], receiver: raw, checkpoints_to_keep: 1}
CONFIG
sed -i.bak 's/train_steps: 6/train_steps: 6, checkpoint_interval: 4, throttle_secs: 0, start_delay_secs: 0, max_to_keep: 0/' c.yaml
cluster='"cluster": {"chief": ["localhost:2222"]}'

# await FILE PATTERN: until it is there.
await() {
    tries=0
    while ! grep -q "$2" "$1" 2> /dev/null && [ $tries -lt 2400 ]; do sleep 0.05; tries=$((tries + 1)); done
}

# ended PROCESS STATUS WHO: within two minutes, and so.
ended() {
    tries=0
    while kill -0 $1 2> /dev/null && [ $tries -lt 2400 ]; do sleep 0.05; tries=$((tries + 1)); done
    [ $tries -lt 2400 ] || { fail "$3 does not end"; kill -9 $1; }
    wait $1
    got=$?
    [ $got -eq $2 ] || { fail "$3: exit status $got, wanted $2"; cat $3.err; }
}

# as TYPE ARGUMENT...: the command of that task, in the background; out and err in TYPE.out and TYPE.err.
as() {
    type=$1
    shift
    TF_CONFIG="{$cluster, \"task\": {\"type\": \"$type\", \"index\": 0}}" "$ESTIMATOR" train-and-evaluate c.yaml "$@" > $type.out 2> $type.err &
}

# A shell without job control starts background processes deaf to SIGINT: this takes that back.
cat > hear.c <<'C'
#include <signal.h>
#include <unistd.h>
int main(int n, char **v) { signal(SIGINT, SIG_DFL); return n < 2 || execv(v[1], v + 1); }
C
$CC -o hear hear.c || exit 77

# ---- at max_steps both end ----
as evaluator --json
evaluator=$!
await evaluator.err 'are evaluated as they are saved, up to step 6$'
[ ! -d model ] || fail "the evaluator made the model directory"
as chief --json
chief=$!
ended $chief 0 chief
ended $evaluator 0 evaluator
grep -q '^{"global_step": 6, "steps": 6,' chief.out || fail "the chief says: $(cat chief.out)"
grep -q '"global_step": 6' evaluator.out || fail "the evaluator says: $(cat evaluator.out)"
grep -q 'evaluated:' chief.err && fail "the chief evaluates"
for name in latest best final; do
    ls model/export/$name/*/saved_model.pb > /dev/null || fail "there is no export '$name'"
done
[ "$(ls -d model/export/final/[0-9]*/ | wc -l)" -eq 1 ] || fail "the final export is not one"
[ -f model/config.yaml ] || fail "the chief keeps no config.yaml"

# ---- killed while it waits for the next checkpoint ----
as chief --model-dir k --set trainer.train_steps=4
ended $! 0 chief
as evaluator --model-dir k --set trainer.train_steps=8
evaluator=$!
await evaluator.err 'step 4: evaluated: '
kill -9 $evaluator
wait $evaluator
as evaluator --model-dir k --set trainer.train_steps=8
evaluator=$!
await evaluator.err 'step 4: evaluated before$'
as chief --model-dir k --set trainer.train_steps=8
ended $! 0 chief
ended $evaluator 0 evaluator
grep -q 'step 4: evaluated: ' evaluator.err && fail "step 4 was evaluated twice"
grep -q 'step 8: evaluated: ' evaluator.err || fail "step 8 was not evaluated"
[ "$(ls -d k/export/latest/[0-9]*/ | wc -l)" -eq 2 ] || fail "not two exports: $(ls k/export/latest)"
[ "$(ls -d k/export/best/[0-9]*/ | wc -l)" -eq 2 ] || fail "not two best exports: $(ls k/export/best)"
cp -r k/export before
as evaluator --model-dir k --set trainer.train_steps=8
ended $! 0 evaluator
[ "$(ls k/export/*)" = "$(ls before/* | sed 's|^before|k/export|')" ] || fail "an evaluator with nothing to do exports: $(ls k/export/*)"
grep -q '^global_step  *8$' evaluator.out || fail "what was found before is not told: $(cat evaluator.out)"

# ---- an early stop, in the very step of a checkpoint: both end ----
for more in early_stopping_restore_best=false early_stopping_restore_best=true; do
    set -- --model-dir $more --set trainer.early_stopping=higher --set trainer.early_stopping_threshold=-1 --set trainer.$more \
        --set trainer.early_stopping_metric=accuracy --set trainer.early_stopping_run_every_steps=200 \
        --set trainer.checkpoint_interval=200 --set trainer.max_to_keep=50 --set trainer.train_steps=100000000 --set export.exporters=final
    as evaluator "$@"
    evaluator=$!
    as chief "$@"
    chief=$!
    ended $chief 0 chief
    ended $evaluator 0 evaluator
    step=$(sed -n 's/.* early stopping at step \([0-9]*\)$/\1/p' chief.err)
    [ -f $more/model.ckpt-$step.index ] || fail "it did not stop at a checkpoint: $(tail -n 3 chief.err)"
    tail -n 1 evaluator.err | grep -q 'was the last one: training has stopped early$' || fail "the evaluator ends so: $(tail -n 3 evaluator.err)"
    [ "$(ls -d $more/export/final/[0-9]*/ | wc -l)" -eq 1 ] || fail "an early stop ends with no final export"
done
grep -q 'is the newest one again$' chief.err || fail "the best checkpoint was not restored: $(tail -n 4 chief.err)"

# ---- signals ----
for signal in INT TERM; do
    rm -f evaluator.err
    TF_CONFIG="{$cluster, \"task\": {\"type\": \"evaluator\", \"index\": 0}}" ./hear "$ESTIMATOR" train-and-evaluate c.yaml \
        --model-dir nowhere > evaluator.out 2> evaluator.err &
    evaluator=$!
    await evaluator.err 'are evaluated as they are saved'
    kill -$signal $evaluator
    wanted=143
    [ $signal = TERM ] || wanted=130
    ended $evaluator $wanted evaluator
    tail -n 1 evaluator.err | grep -q '^estimator: stopped while waiting for a checkpoint$' || fail "$signal: $(tail -n 1 evaluator.err)"
done
[ ! -d nowhere ] || fail "the evaluator made the model directory"

# ---- what is wrong ----
export TF_CONFIG
TF_CONFIG='{"cluster": {"chief": ["a:1"], "worker": ["b:1", "c:1"]}, "task": {"type": "chief", "index": 0}}'
run 1 train c.yaml --quiet --model-dir refused
echo "estimator: LinearClassifier: the cluster in TF_CONFIG has 3 tasks; training by several processes is not built in yet: give it one" \
    "chief, and an evaluator beside it" | same err
[ ! -d refused ] || fail "a cluster that is refused leaves a folder"
TF_CONFIG="{$cluster, \"task\": {\"type\": \"evaluator\", \"index\": 0}}"
run 1 train c.yaml --quiet
echo "estimator: LinearClassifier: TF_CONFIG makes this process an evaluator, which does not train" | same err
TF_CONFIG='{"cluster": {"chief": ["a:1"]}'
run 1 train-and-evaluate c.yaml
echo "estimator: TF_CONFIG: line 1, column 30: '}' expected near end of file" | same err
exit $bad
