#!/bin/sh
# The verbs from end to end: results on stdout, messages on stderr, stopping and going on.
. "$SRCDIR/tests/cli/common.sh"
small_config

run 0 train c.yaml --json
grep -qE '^\{"global_step": 6, "steps": 6, "loss": [0-9.e-]+, "seconds": [0-9.e-]+, "steps_per_sec": [0-9.e-]+, "examples_per_sec": [0-9.e-]+, "start_up_seconds": [0-9.e-]+\}$' out ||
    fail "train --json: $(cat out)"
grep -q ' optimizer: {type: Ftrl, learning_rate: 0.2,' err || fail "the resolved configuration is not in the log"
[ -f model/config.yaml ] || fail "config.yaml is not kept"
run 0 train c.yaml --quiet --json
grep -q '^{"global_step": 6, "steps": 0, "loss": null, ' out || fail "nothing to do: $(cat out)"
[ ! -s err ] || fail "--quiet says $(cat err)"

run 0 evaluate c.yaml --json --quiet
for key in accuracy auc average_loss global_step loss; do
    grep -q "\"$key\": " out || fail "evaluate --json lacks $key: $(cat out)"
done
run 0 evaluate c.yaml --quiet
grep -qE '^accuracy +[0-9.]+$' out || fail "evaluate: $(cat out)"

printf 'sex,age\nmale,20\nfemale,30\n' > two.csv
run 0 predict c.yaml --quiet --input two.csv --keys classes,class_ids
same out <<'TEXT'
{"class_ids": [0], "classes": ["0"]}
{"class_ids": [1], "classes": ["1"]}
TEXT
run 0 predict c.yaml --quiet --input two.csv --keys class_ids,all_classes --format csv --output p.csv
same p.csv <<'TEXT'
class_ids,all_classes_0,all_classes_1
0,0,1
1,0,1
TEXT

run 0 export c.yaml --quiet --export-dir exported --receiver raw
exported=$(cat out)
[ -f "$exported/saved_model.pb" ] || fail "export prints $exported"
run 0 saved-model show "$exported"
grep -q '^signature predict: tensorflow/serving/predict$' out || fail "saved-model show: $(cat out)"
run 0 saved-model show "$exported" --json
grep -q '"predict": {"method": "tensorflow/serving/predict", "inputs": {"age": {"name": "age:0", "dtype": "float32", "shape": \[-1, 1\]}' out ||
    fail "saved-model show --json: $(cat out)"

# Rows as JSON: scalars for [1], lists, NaN; the same from CSV.
cat > rows.jsonl <<'ROWS'
{"age": 20, "sex": ["male"]}

{"sex": "female", "age": [30]}
ROWS
run 0 saved-model run "$exported" --input rows.jsonl --signature predict
sed 's/.*"class_ids": \[\([01]\)\].*/\1/' out > ids
printf '0\n1\n' | same ids
cp out json.out
run 0 saved-model run "$exported" --input two.csv --signature predict
same out < json.out

wrong() {
    printf '%s\n' "$2" > w.jsonl
    says 1 "estimator: w.jsonl:1: $1" saved-model run "$exported" --input w.jsonl --signature predict
}
wrong "input 'sex': is missing" '{"age": 1}'
wrong "the signature 'predict' has no input 'agee'" '{"agee": 1, "sex": "male"}'
wrong "input 'age': a number is wanted" '{"age": "x", "sex": "male"}'
wrong "input 'sex': a string is wanted" '{"age": 1, "sex": 2}'
wrong "input 'age': a row of shape [2]; the signature takes [1]" '{"age": [1, 2], "sex": "male"}'
wrong "input 'sex': its lists differ in length or depth" '{"age": 1, "sex": ["male", ["x"]]}'
wrong "a row is an object, {\"input\": value}" '[1]'
wrong "byte 13: not JSON: a key in quotes is wanted here" '{"age": 1, '
says 1 "estimator: none.jsonl: No such file or directory" saved-model run "$exported" --input none.jsonl --signature predict

# Looking at files.
run 0 inspect model
grep -q '^  linear/linear_model/age/weights  *float32  *\[1, 1\]  min ' out || fail "inspect model: $(cat out)"
run 0 inspect model/model.ckpt-6 --json
grep -q '{"name": "global_step", "dtype": "int64", "shape": \[\], "min": 6.0, "mean": 6.0, "max": 6.0}' out ||
    fail "inspect --json: $(cat out)"
run 0 inspect model/events.out.tfevents.*
grep -q '^  loss$' out || fail "inspect an event file: $(cat out)"
run 0 inspect "$exported"
grep -q '^signature predict' out || fail "inspect a SavedModel: $(cat out)"
says 1 'estimator: two.csv: neither a checkpoint, a SavedModel, a model directory, an event file nor a TFRecord file' inspect two.csv
says 1 'estimator: none: No such file or directory' inspect none

# A signal stops after a last checkpoint, and the run goes on from there.
for signal in INT TERM; do
    rm -rf held
    (trap - INT; exec "$ESTIMATOR" train c.yaml --quiet --json --model-dir held --set trainer.train_steps=100000000) > out 2> err &
    trainer=$!
    tries=0
    while [ ! -f held/config.yaml ] && [ $tries -lt 600 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -$signal $trainer
    wait $trainer
    got=$?
    wanted=143
    [ $signal = TERM ] || wanted=130
    # A shell without job control starts its background children deaf to SIGINT.
    if [ $signal = INT ] && kill -0 $trainer 2> /dev/null; then kill -9 $trainer; continue; fi
    [ $got -eq $wanted ] || fail "stopped by $signal: exit status $got"
    step=$(sed -n 's/^{"global_step": \([0-9]*\),.*/\1/p' out)
    [ -n "$step" ] && [ -f "held/model.ckpt-$step.index" ] || fail "no checkpoint of step $step"
    echo "estimator: stopped at step $step" | same err
done

# init's configuration trains at once.
run 0 init "$SRCDIR/tutorials/data/titanic_train.csv" --label survived
cp out made.yaml
run 0 train made.yaml --quiet --model-dir made --set trainer.train_steps=50
run 0 evaluate made.yaml --quiet --model-dir made
exit $bad
