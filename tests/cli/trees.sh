#!/bin/sh
# Boosted trees from a configuration: as many rounds as are asked for, going on with the same trees, what features gained.
. "$SRCDIR/tests/cli/common.sh"

cat > train.csv <<'DATA'
age,kind,y
1,a,0
2,b,1
3,a,0
4,b,1
5,a,1
6,b,1
7,a,1
,b,1
9,c,0
,c,0
DATA
cat > c.yaml <<'CONFIG'
model_dir: model
task:
  model:
    estimator: BoostedTreesClassifier
    n_trees: 8
    max_depth: 2
    l2: 0.5
    feature_columns:
      - numeric_column: {key: age, default_value: .nan}
      - categorical_column_with_vocabulary_list: {key: kind, vocabulary_list: [a, b, c]}
  train_data: {input_path: train.csv, label: y, batch_size: 4}
  validation_data: {input_path: train.csv, label: y, batch_size: 4}
CONFIG

run 1 explain c.yaml
run 0 train c.yaml --quiet --json
grep -q '"global_step": 8' out || fail "all rounds: $(cat out)"
run 0 evaluate c.yaml --quiet
grep -q '^accuracy  *1.0$' out || fail "learned by heart: $(cat out)"
run 0 explain c.yaml
[ "$(wc -l < out)" -eq 2 ] && grep -q '^age ' out && grep -q '^kind ' out || fail "explain: $(cat out)"
run 0 explain c.yaml --json
grep -q '^{"[a-z]*": [0-9.]*, "[a-z]*": [0-9.]*}$' out || fail "explain --json: $(cat out)"

for steps in 3 4 8; do
    run 0 train c.yaml --quiet --model-dir again --set trainer.train_steps=$steps
done
cmp model/model.ckpt-8.data-00000-of-00001 again/model.ckpt-8.data-00000-of-00001 || fail "other trees after a stop"

says 1 "estimator: --set task.model.n_batches_per_layer=5: n_batches_per_layer is 5; it must be at most 1" \
    train c.yaml --set task.model.n_batches_per_layer=5
exit $bad
