#!/bin/sh
# The verbs from each format of input: the same rows give the same model, the same metrics and the same predictions.
. "$SRCDIR/tests/cli/common.sh"
small_config
rows=$(awk 'BEGIN { for (i = 0; i < 40; i++) printf "%d,%s,%s\n", i % 3 % 2, i % 3 ? "female" : "male", i % 7 + 20 }')
printf 'survived,sex,age\n%s\n' "$rows" > d.csv
printf '%s\n' "$rows" | awk -F, '{ printf "{\"age\": %s, \"sex\": \"%s\", \"survived\": %s}\n", $3, $2, $1 }' > d.jsonl
cp "$SRCDIR/tests/golden/readers/people.npz" d.npz
cp d.csv train.csv
run 0 convert d.csv d.tfrecord.gz --config c.yaml

# verbs FORMAT: metrics in FORMAT.metrics, predictions in FORMAT.predictions.
verbs() {
    file=d.$1
    format=${1%.gz}
    set -- c.yaml --quiet --model-dir "model.$format" --set "task.train_data.format=$format" --set "task.train_data.input_path=$file" \
        --set "task.validation_data.format=$format" --set "task.validation_data.input_path=$file"
    run 0 train "$@"
    run 0 evaluate "$@" --json
    cp out "$format.metrics"
    run 0 predict "$@" --input "$file" --keys logits
    cp out "$format.predictions"
}
verbs csv
[ "$(wc -l < csv.predictions)" -eq 40 ] || fail "predictions: $(cat csv.predictions)"
for format in tfrecord.gz jsonl npz; do
    verbs "$format"
    same "${format%.gz}.metrics" < csv.metrics
    same "${format%.gz}.predictions" < csv.predictions
done

# A model without features predicts as many rows as a file has.
cat > baseline.yaml <<'CONFIG'
model_dir: baseline
task:
  model: {estimator: BaselineClassifier}
  train_data: {format: csv, input_path: d.csv, label: survived}
  validation_data: {format: csv, input_path: d.csv, label: survived}
trainer: {train_steps: 5}
CONFIG
run 0 train baseline.yaml --quiet
for file in d.csv d.tfrecord.gz d.jsonl d.npz; do
    run 0 predict baseline.yaml --quiet --input "$file" --keys class_ids
    [ "$(grep -c '^{"class_ids": \[0\]}$' out)" -eq 40 ] || fail "predict without features from $file: $(cat out)"
done

# libsvm: pairs for a weighted column; a dense feature; a file without labels.
printf '1 3:0.5 7:2\n0 1:1\n1 3:1 7:1\n0 1:0.25 2:1\n' > d.libsvm
printf '3:0.5 7:2\n1:1\n' > new.svm
cat > pairs.yaml <<'CONFIG'
model_dir: pairs
task:
  model:
    estimator: LinearClassifier
    feature_columns:
      - weighted_categorical_column:
          {categorical_column: {categorical_column_with_identity: {key: index, num_buckets: 10}}, weight_feature_key: value}
  train_data: {format: libsvm, input_path: d.libsvm, batch_size: 2}
  validation_data: {format: libsvm, input_path: d.libsvm, batch_size: 2}
trainer: {train_steps: 20}
CONFIG
run 0 train pairs.yaml --quiet
run 0 evaluate pairs.yaml --quiet
grep -qE '^accuracy +1.0$' out || fail "evaluate from libsvm: $(cat out)"
run 0 predict pairs.yaml --quiet --input new.svm --keys class_ids
same out <<'TEXT'
{"class_ids": [1]}
{"class_ids": [0]}
TEXT
sed 's/weighted_categorical_column:.*/numeric_column: {key: features, shape: [8]}/; /categorical_column_with_identity/d
     s/format: libsvm,/format: libsvm, num_features: 8,/; s/: pairs$/: dense/' pairs.yaml > dense.yaml
run 0 train dense.yaml --quiet
run 0 evaluate dense.yaml --quiet
grep -qE '^accuracy +1.0$' out || fail "evaluate from dense libsvm: $(cat out)"
run 0 predict dense.yaml --quiet --input new.svm --keys class_ids
[ "$(wc -l < out)" -eq 2 ] || fail "predict from dense libsvm: $(cat out)"

# What is wrong is named by file and place.
printf '{"age": 1, "sex": "male", "survived": 0}\n{"age": "x", "sex": "male", "survived": 0}\n' > bad.jsonl
says 1 'estimator: bad.jsonl:2: feature '"'age'"': "x" is a string, float32 is wanted' predict c.yaml --quiet --model-dir model.csv \
    --input bad.jsonl --keys logits
says 1 "estimator: --set task.train_data.num_features=3: num_features belongs to 'format: libsvm', not to csv" train c.yaml --quiet \
    --set task.train_data.num_features=3
head -c 150 d.tfrecord.gz > cut.tfrecord.gz
run 1 predict c.yaml --quiet --model-dir model.csv --input cut.tfrecord.gz --keys logits
grep -q '^estimator: cut.tfrecord.gz: record [0-9]*: the compressed file is cut short$' err || fail "a file that is cut: $(cat err)"
exit $bad
