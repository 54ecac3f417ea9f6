#!/bin/sh
# SIGINT and SIGTERM in the middle of training, alone and with evaluations: a last checkpoint, exit status 130 or 143, and the run that
# goes on from there ends with the same bytes as one that was left alone.
. "$SRCDIR/tests/cli/common.sh"
small_config
sed -i.bak 's/batch_size: 4}/batch_size: 4, shuffle_buffer_size: 5}/' c.yaml
steps=0

# await FILE PATTERN: until it is there.
await() {
    tries=0
    while ! grep -q "$2" "$1" 2> /dev/null && [ $tries -lt 1200 ]; do sleep 0.05; tries=$((tries + 1)); done
}

# A shell without job control starts background processes deaf to SIGINT: this takes that back.
cat > hear.c <<'C'
#include <signal.h>
#include <unistd.h>
int main(int n, char **v) { signal(SIGINT, SIG_DFL); return n < 2 || execv(v[1], v + 1); }
C
$CC -o hear hear.c || exit 77

for how in 'INT train' 'TERM train' 'INT train-and-evaluate' 'TERM train-and-evaluate'; do
    signal=${how% *}
    rm -f err
    ./hear "$ESTIMATOR" ${how#* } c.yaml --json --model-dir m --set trainer.train_steps=100000000 --set trainer.checkpoint_interval=5000 \
        --set trainer.log_interval=500 > out 2> err &
    trainer=$!
    await err 'step [0-9]*:'
    kill -$signal $trainer
    wait $trainer
    got=$?
    wanted=143
    [ $signal = TERM ] || wanted=130
    [ $got -eq $wanted ] || fail "${how#* } stopped by $signal: exit status $got"
    steps=$(sed -n 's/^estimator: stopped at step //p' err)
    [ -f "m/model.ckpt-$steps.index" ] || fail "no checkpoint of step $steps"
    tail -n 1 err | grep -q "^estimator: stopped at step $steps\$" || fail "the last line is $(tail -n 1 err)"
    [ "$how" != 'INT train' ] || grep -q "^{\"global_step\": $steps," out || fail "the result is $(cat out)"
done
run 0 train c.yaml --quiet --model-dir m --set trainer.train_steps=$((steps + 100))
run 0 train c.yaml --quiet --model-dir whole --set trainer.train_steps=$((steps + 100))
for suffix in data-00000-of-00001 index input; do
    cmp m/model.ckpt-$((steps + 100)).$suffix whole/model.ckpt-$((steps + 100)).$suffix || fail "$suffix differs"
done
exit $bad
