#!/bin/sh
# Buckets and padded batches, from the configuration to a trained model.
. "$SRCDIR/tests/cli/common.sh"
cat > c.yaml <<'CONFIG'
model_dir: model
task:
  model:
    estimator: LinearClassifier
    feature_columns:
      - categorical_column_with_hash_bucket: {key: genres, hash_bucket_size: 20}
      - categorical_column_with_identity: {key: codes, num_buckets: 10}
  train_data:
    input_path: train.csv
    label: liked
    multivalent_delim: '|'
    bucket_by_sequence_length: codes
    bucket_boundaries: [1, 2]
    bucket_batch_sizes: [1, 2, 2]
    padding_values: {codes: -1}
  validation_data: {input_path: train.csv, label: liked, batch_size: 4, multivalent_delim: '|'}
trainer: {train_steps: 30}
CONFIG
cat > train.csv <<'ROWS'
liked,genres,codes
1,drama|comedy,1|2
0,,7
1,comedy,
0,horror|drama|horror,7|7|3
1,comedy,1
ROWS
run 0 train c.yaml --quiet
run 0 evaluate c.yaml --quiet --json
grep -q '"accuracy": 1[,}.]' out || fail "evaluate: $(cat out)"
run 0 config model/config.yaml
grep -q '^    bucket_batch_sizes: \[1, 2, 2\]$' out || fail "resolved: $(grep bucket out)"
grep -q '^    padding_values: {codes: -1}$' out || fail "resolved: $(grep padding out)"
run 0 config --explain padding_values
same out <<'TEXT'
task.train_data.padding_values  map  none  {feature: value}; else 0 or "". -1 and "" are no values to categorical columns
task.validation_data.padding_values  map  none  {feature: value}; else 0 or "". -1 and "" are no values to categorical columns
TEXT
exit $bad
