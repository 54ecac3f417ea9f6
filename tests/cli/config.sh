#!/bin/sh
# The configuration: what its keys are, what it resolves to, several files, stdin, and paths.
. "$SRCDIR/tests/cli/common.sh"
small_config

run 0 config --explain trainer
same out <<'TEXT'
trainer.train_steps  integer  null  global step to train to; null: to the end of the data (at least 1)
trainer.checkpoint_interval  integer  null  steps between checkpoints (save_checkpoints_steps) (at least 1)
trainer.checkpoint_secs  integer  600, when checkpoint_interval is null  the same in seconds, where checkpoint_interval is null; 0: the first and the last alone (at least 0)
trainer.max_to_keep  integer  5  newest checkpoints that are kept; 0: all (keep_checkpoint_max) (at least 0)
trainer.keep_checkpoint_every_n_hours  number  10000  beside those, one in so many hours stays for ever (above 0)
trainer.checkpoint_save_graph_def  bool  true  write graph.pbtxt
trainer.summary_interval  integer  100  steps between summaries; 0: none (save_summary_steps) (at least 0)
trainer.log_interval  integer  100  steps between log lines; 0: none (log_step_count_steps) (at least 0)
trainer.max_event_file_bytes  integer  134217728  an event file that reaches it is ended, and another one begun; 0: never (at least 0)
trainer.max_event_total_bytes  integer  1073741824  a folder's oldest event files are removed when all hold more; 0: never (at least 0)
trainer.validation_steps  integer  null  batches to evaluate; null: to the end of the data (at least 1)
trainer.folds  integer  null  parts of task.train_data: train leaves one out, evaluate takes that one (at least 2)
trainer.fold  integer  0  which one, from 0 on (at least 0)
trainer.start_delay_secs  integer  120  an evaluator's (TF_CONFIG): seconds before it begins (at least 0)
trainer.throttle_secs  integer  600  train-and-evaluate: seconds between evaluations; 0: each checkpoint (at least 0)
trainer.best_checkpoint_eval_metric  string  loss  what the best exporter looks at
trainer.best_checkpoint_metric_comp  string  lower  which values of it are better (one of higher, lower)
trainer.early_stopping  string  none  train-and-evaluate: stop_if_higher, … (one of none, higher, lower, no_increase, no_decrease)
trainer.early_stopping_metric  string  loss  what that rule looks at
trainer.early_stopping_threshold  number  0  of higher and lower (at least -9007199254740992)
trainer.early_stopping_steps  integer  null  no_increase, no_decrease: steps without it (at least 1)
trainer.early_stopping_min_steps  integer  0  evaluations before that step do not count (at least 0)
trainer.early_stopping_run_every_secs  integer  null  seconds between its looks at evaluations; null: 60, and at each one by this process (at least 1)
trainer.early_stopping_run_every_steps  integer  null  the same in steps (at least 1)
trainer.early_stopping_restore_best  bool  false  the best evaluated checkpoint becomes the newest one
TEXT
run 0 config --explain export.receiver
echo 'export.receiver  string  parsing  what the export takes: tf.Examples, raw tensors, or both (one of parsing, raw, both)' | same out
says 1 "estimator: the configuration has no key 'trainr'; did you mean 'trainer'?" config --explain trainr

mkdir sub
mv c.yaml train.csv sub
echo 'trainer: {train_steps: 7, max_to_keep: 0}' > more.yaml
run 0 config sub/c.yaml --config more.yaml --set task.train_data.batch_size=5
folder=$(pwd)
same out <<TEXT
model_dir: $folder/sub/model
runtime:
  distribution_strategy: one_device
  num_replicas: 1
  device: auto
  num_threads: 0
  random_seed: 1
  eval_distribute: one_device
  protocol: null
  experimental_max_worker_delay_secs: 60
  session_creation_timeout_secs: 7200
task:
  model:
    estimator: LinearClassifier
    feature_columns:
      - {numeric_column: {key: age, shape: [1], default_value: 30, normalizer_fn: {mean: 30, std: 10}, dtype: float32}}
      - {categorical_column_with_vocabulary_list: {key: sex, vocabulary_list: [male, female], default_value: null, num_oov_buckets: 0, dtype: null}}
    optimizer: {type: Ftrl, learning_rate: 0.2, learning_rate_power: -0.5, initial_accumulator_value: 0.1, l1_regularization_strength: 0, l2_regularization_strength: 0, l2_shrinkage_regularization_strength: 0, beta: 0, decay: 0, clipnorm: null, clipvalue: null, global_clipnorm: null}
    sparse_combiner: sum
    partitioner: null
    warm_start_from: null
    weight_column: null
    loss_reduction: sum_over_batch_size
    n_classes: 2
    label_vocabulary: null
    class_weights: null
    temperature: 0
    platt: null
    isotonic_logits: null
    isotonic_probabilities: null
  train_data:
    format: csv
    input_path: $folder/sub/train.csv
    num_features: 0
    sequence_features: null
    label: survived
    batch_size: 5
    shuffle_buffer_size: 0
    num_epochs: null
    drop_remainder: false
    header: true
    column_names: null
    select_columns: null
    field_delim: ","
    multivalent_delim: ""
    use_quote_delim: true
    na_value: ""
    on_error: fail
    shuffle_seed: 0
    shuffle_reshuffle_each_iteration: true
    num_parallel_reads: 0
    prefetch_buffer_size: 0
    cycle_length: 1
    block_length: 1
    sharding: true
    auto_shard_policy: AUTO
    padded_batch: false
    bucket_by_sequence_length: null
    bucket_boundaries: null
    bucket_batch_sizes: null
    pad_to_bucket_boundary: false
    no_padding: false
    padded_shapes: null
    padding_values: null
    cache: null
  validation_data:
    format: csv
    input_path: $folder/sub/train.csv
    num_features: 0
    sequence_features: null
    label: survived
    batch_size: 4
    shuffle_buffer_size: 0
    num_epochs: 1
    drop_remainder: false
    header: true
    column_names: null
    select_columns: null
    field_delim: ","
    multivalent_delim: ""
    use_quote_delim: true
    na_value: ""
    on_error: fail
    shuffle_seed: 0
    shuffle_reshuffle_each_iteration: true
    num_parallel_reads: 0
    prefetch_buffer_size: 0
    cycle_length: 1
    block_length: 1
    sharding: true
    auto_shard_policy: AUTO
    padded_batch: false
    bucket_by_sequence_length: null
    bucket_boundaries: null
    bucket_batch_sizes: null
    pad_to_bucket_boundary: false
    no_padding: false
    padded_shapes: null
    padding_values: null
    cache: null
trainer:
  train_steps: 7
  checkpoint_interval: null
  checkpoint_secs: 600
  max_to_keep: 0
  keep_checkpoint_every_n_hours: 10000
  checkpoint_save_graph_def: true
  summary_interval: 100
  log_interval: 100
  max_event_file_bytes: 134217728
  max_event_total_bytes: 1073741824
  validation_steps: null
  folds: null
  fold: 0
  start_delay_secs: 120
  throttle_secs: 600
  best_checkpoint_eval_metric: loss
  best_checkpoint_metric_comp: lower
  early_stopping: none
  early_stopping_metric: loss
  early_stopping_threshold: 0
  early_stopping_steps: null
  early_stopping_min_steps: 0
  early_stopping_run_every_secs: null
  early_stopping_run_every_steps: null
  early_stopping_restore_best: false
export:
  receiver: parsing
  exporters: null
  exports_to_keep: 5
  checkpoints_to_keep: 0
TEXT

# What it resolves to resolves to itself.
cp out resolved.yaml
run 0 config resolved.yaml
same out < resolved.yaml

# From stdin, and by --set, paths are relative to the working directory.
"$ESTIMATOR" config - < sub/c.yaml > out || fail "a configuration on stdin"
grep -q "^    input_path: $folder/train.csv$" out || fail "paths on stdin: $(grep input_path out)"
run 0 config sub/c.yaml --set task.train_data.input_path=x.csv
grep -q "^    input_path: $folder/x.csv$" out || fail "paths of --set: $(grep input_path out)"

# JSON is YAML.
echo '{"task": {"model": {"estimator": "LinearRegressor", "feature_columns": [{"numeric_column": {"key": "age"}}]}}}' > c.json
run 0 config c.json
exit $bad
