#!/bin/sh
# calibrate: a configuration that is laid over the model's own; probabilities follow, logits and classes' order stay, exports too.
. "$SRCDIR/tests/cli/common.sh"
data=$SRCDIR/tutorials/data
cat > c.yaml <<CONFIG
model_dir: model
task:
  model:
    estimator: BoostedTreesClassifier
    n_trees: 60
    feature_columns:
      - numeric_column: {key: age, default_value: 30}
      - numeric_column: {key: fare, default_value: 10}
      - categorical_column_with_vocabulary_list: {key: sex, vocabulary_list: [male, female]}
  train_data: {input_path: '$data/titanic_train.csv', label: survived, batch_size: 64}
  validation_data: {input_path: '$data/titanic_eval.csv', label: survived, batch_size: 64}
CONFIG
run 0 train c.yaml --quiet
# loss ARGUMENT...: the average loss on the validation data, in millionths.
loss() {
    run 0 evaluate c.yaml --quiet "$@"
    awk '$1 == "average_loss" { printf "%d\n", $2 * 1000000 }' out
}
plain=$(loss)
for method in temperature platt isotonic; do
    run 0 calibrate c.yaml --quiet --method $method
    cp out $method.yaml
    now=$(loss --config $method.yaml)
    [ "$now" -lt "$plain" ] || fail "$method: the loss was $plain and is $now"
done
grep -q '^    platt: \[0\.[0-9]*, -*0\.[0-9]*\]$' platt.yaml || fail "an overfitted model is to be damped: $(cat platt.yaml)"
[ "$(loss --config isotonic.yaml)" -le "$(loss --config platt.yaml)" ] || fail 'isotonic regression fits its own data best'
run 0 calibrate c.yaml --quiet --output default.yaml
same default.yaml < platt.yaml

# Logits stay, so that calibrating again gives the same; what is exported is calibrated.
run 0 calibrate c.yaml --quiet --config isotonic.yaml
same out < platt.yaml
run 0 predict c.yaml --quiet --input $data/titanic_eval.csv --keys logits
cp out logits
run 0 predict c.yaml --quiet --input $data/titanic_eval.csv --keys logits --config isotonic.yaml
same out < logits
run 0 export c.yaml --quiet --export-dir exported --receiver raw --config isotonic.yaml
exported=$(cat out)
printf '%s\n' '{"age": 35, "fare": 8.05, "sex": "male"}' > one.jsonl
run 0 saved-model run "$exported" --signature predict --input one.jsonl
grep -o '"logistic": [^]]*' out > from_export
[ -s from_export ] || fail "the export: $(cat out)"
printf 'age,fare,sex\n35,8.05,male\n' > one.csv
run 0 predict c.yaml --quiet --input one.csv --keys logistic --config isotonic.yaml
grep -o '"logistic": [^]]*' out | same from_export

# Of a head, and of more classes.
sed 's/BoostedTreesClassifier/BoostedTreesEstimator\n    head: {BinaryClassHead: {}}/' c.yaml > head.yaml
run 0 calibrate head.yaml --quiet
{ printf 'task:\n  model:\n    head:\n      BinaryClassHead:\n'; sed -n 's/^    platt/        platt/p' platt.yaml; } | same out
sed 's/^model_dir.*/model_dir: many/; s/survived/parch/; s/n_trees: 60/n_trees: 5/; /n_trees/a\    n_classes: 10' c.yaml > many.yaml
run 0 train many.yaml --quiet
run 0 calibrate many.yaml --quiet
grep -q '^    temperature: [0-9.]*$' out || fail "many classes: $(cat out)"

says 1 "estimator: BoostedTreesClassifier: calibrate: method 'platt' is for two classes; 'temperature' is for any number" \
    calibrate many.yaml --quiet --method platt
says 1 "estimator: BoostedTreesClassifier: calibrate: method is 'magic'; it must be 'platt', 'isotonic' or 'temperature'" \
    calibrate c.yaml --quiet --method magic
says 1 'estimator: c.yaml:4: BinaryClassHead: temperature, platt and isotonic_logits are calibrations, of which it takes one' \
    evaluate c.yaml --quiet --config platt.yaml --set task.model.temperature=2
says 1 'estimator: c.yaml:4: BinaryClassHead: platt must be two finite numbers, [scale, offset]' evaluate c.yaml --set 'task.model.platt=[1]'
says 1 'estimator: c.yaml:4: BinaryClassHead: isotonic_logits[1] must be a finite number above the one before it' \
    evaluate c.yaml --set 'task.model.isotonic_logits=[1, 1]' --set 'task.model.isotonic_probabilities=[0, 1]'
says 1 'estimator: c.yaml:4: BinaryClassHead: isotonic_probabilities[1] must be a number up to 1, and not below the one before it' \
    evaluate c.yaml --set 'task.model.isotonic_logits=[1, 2]' --set 'task.model.isotonic_probabilities=[0.5, 0.4]'
awk -F, 'NR == 1 || $1 == 0' $data/titanic_eval.csv > zeros.csv
says 1 'estimator: BoostedTreesClassifier: calibrate: all labels of the data are alike; there must be examples of several classes' \
    calibrate c.yaml --quiet --input zeros.csv
exit $bad
