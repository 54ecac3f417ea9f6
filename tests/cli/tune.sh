#!/bin/sh
# tune: the table and the settings of the best trial; --json; what is wrong.
. "$SRCDIR/tests/cli/common.sh"
small_config
run 0 tune c.yaml --try 'task.train_data.batch_size=[2, 3]' --method grid --jobs 2
[ "$(wc -l < out)" -eq 6 ] || fail "the table is: $(cat out)"
head -n 1 out | grep -qx 'trial       score  steps  batch_size' || fail "the table begins with $(head -n 1 out)"
tail -n 2 out | head -n 1 | grep -qx 'The best of them:' || fail "the table ends with $(tail -n 2 out)"
tail -n 1 out | grep -qxE "  --set 'task.train_data.batch_size=[23]'" || fail "the best is $(tail -n 1 out)"
grep -qxE 'estimator: trial [01] \(2 of 2\): 0\.[0-9]+' err || fail "the log is $(cat err)"
[ -f model/tune/trial-1/model/checkpoint ] || fail 'the models of the trials are not in model/tune'

run 0 tune c.yaml --try 'task.model.optimizer=[{type: Ftrl, learning_rate: 0.1}, Adam]' --method grid --folds 2 --json --quiet --model-dir t
[ ! -s err ] || fail "--quiet says $(cat err)"
grep -qE '^\{"trials": \[\{"trial": [01], "score": [0-9.]+, "deviation": [0-9.]+, "steps": 6, "values": \["' out || fail "--json: $(cat out)"

says 1 "estimator: 'trainer.train_steps' is no PATH=VALUES" tune c.yaml --try trainer.train_steps
says 1 'estimator: tune: there is nothing to search: give PATH=VALUES' tune c.yaml
says 2 "estimator tune: --folds is '1'; it must be a number from 2 on
Try 'estimator tune --help'." tune c.yaml --try 'a=[1]' --folds 1
says 1 "estimator: none.yaml: cannot be opened: No such file or directory" tune none.yaml --try 'a=[1]'
exit $bad
