#!/bin/sh
# A configuration to start from: the text word by word, through a pipe into training, and what is wrong with a file or an option.
. "$SRCDIR/tests/cli/common.sh"
printf 'y,n,town\nno,1,York\nyes,2,"Hull, UK"\nno,,York\nyes,4,York\n' > d_train.csv
printf 'y,n,town\nno,1,York\n' > d_eval.csv

run 0 init d_train.csv --label y --boundaries quantiles
same out <<'TEXT'
# A start, from a look at "d_train.csv": 4 rows. 'estimator config --explain' tells every key.
model_dir: d_train_model
task:
  model:
    estimator: LinearClassifier
    n_classes: 2
    label_vocabulary: ["no", "yes"]
    feature_columns:
      - numeric_column: {key: "n", default_value: 2.3333333, normalizer_fn: {mean: 2.3333333, std: 1.2472191}}
      - bucketized_column: {source_column: {numeric_column: {key: "n", default_value: 2.3333333}}, boundaries: [2, 4]}
      - categorical_column_with_vocabulary_list: {key: town, vocabulary_list: [York, "Hull, UK"]}
    optimizer: {type: Ftrl, learning_rate: 0.2}
  train_data:
    format: csv
    input_path: d_train.csv
    label: "y"
    batch_size: 64
    shuffle_buffer_size: 10000
    num_epochs: null
  validation_data:
    format: csv
    input_path: d_eval.csv
    label: "y"
    batch_size: 256
    num_epochs: 1
trainer:
  train_steps: 500
TEXT

"$ESTIMATOR" init d_train.csv --label y | "$ESTIMATOR" train - --model-dir m --quiet > out 2> err || fail "through a pipe: $(cat err)"
run 0 evaluate m/config.yaml --model-dir m --quiet
grep -qE '^accuracy +1(\.0)?$' out || fail "the evaluation says $(cat out)"

says 1 "estimator: d_train.csv: there is no column 'tawn'; did you mean 'town'?" init d_train.csv --label tawn
says 1 'estimator: none.csv: No such file or directory' init none.csv --label y
printf 'y,a\n1,2\n1,3\n' > same.csv
says 1 "estimator: same.csv: column 'y' holds one value alone: there is nothing to learn" init same.csv --label y
printf 'y,a\n1,2\n1\n' > short.csv
says 1 'estimator: short.csv:3: 1 field, the header has 2' init short.csv --label y
says 2 "estimator init: --label COLUMN is missing: which column is to be learnt
Try 'estimator init --help'." init d_train.csv
says 2 "estimator init: --boundaries is auto, quantiles or none, not 'deciles'
Try 'estimator init --help'." init d_train.csv --label y --boundaries deciles
exit $bad
