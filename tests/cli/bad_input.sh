#!/bin/sh
# Bad configurations, data, model directories and outputs: exit status 1 within a second (more under a sanitizer), and one
# message that names file and place.
. "$SRCDIR/tests/cli/common.sh"
small_config
seconds=1
[ "${SANITIZER:-none}" = none ] || seconds=10

# refuses MESSAGE [ARGUMENT...]: training does not begin, or ends with this message.
refuses() {
    message=$1
    shift
    timeout $seconds "$ESTIMATOR" train c.yaml --quiet --model-dir m "$@" > out 2> err < /dev/null
    got=$?
    [ $got -eq 1 ] || fail "$message: exit status $got"
    printf 'estimator: %s\n' "$message" | same err
    rm -rf m
}
header=survived,sex,age

# Configurations.
sed 's/batch_size/batchsize/' c.yaml > d.yaml
says 1 "estimator: d.yaml:8: unknown key 'batchsize'; did you mean 'batch_size'?" train d.yaml
sed 's/batch_size: 4/batch_size: -4/' c.yaml > d.yaml
says 1 'estimator: d.yaml:8: batch_size is -4; it must be at least 1' train d.yaml
sed 's/vocabulary_list: \[male, female\]/vocabulary_list: 7/' c.yaml > d.yaml
says 1 'estimator: d.yaml:7: vocabulary_list takes a list of strings or of integers, not the number 7' train d.yaml
sed 's/estimator: LinearClassifier/estimator: LinearClasifier/' c.yaml > d.yaml
says 1 "estimator: d.yaml:4: unknown estimator 'LinearClasifier'; did you mean 'LinearClassifier'?" train d.yaml
printf 'task: [1, 2' > d.yaml
says 1 "estimator: d.yaml:1: not YAML: while parsing a flow sequence, did not find expected ',' or ']'" train d.yaml
head -c 100000 /dev/zero | tr '\0' '[' > d.yaml
says 1 'estimator: d.yaml:1: nested deeper than 100' train d.yaml
says 1 'estimator: none.yaml: cannot be opened: No such file or directory' train none.yaml
mkdir folder
says 1 'estimator: folder: is a folder, a file is wanted' train folder
head -c 1000 /dev/urandom > d.yaml
run 1 train d.yaml
grep -q '^estimator: d.yaml:' err || fail "random bytes: $(cat err)"

# warm_start_from.
warm=task.model.warm_start_from
refuses "--set $warm=[1]: warm_start_from takes a path or {ckpt_to_initialize_from: PATH, …}, not a list" --set "$warm=[1]"
refuses 'warm_start_from: none.index: cannot be opened: No such file or directory' --set $warm=none
refuses 'warm_start_from: folder: there is no checkpoint' --set $warm=folder
set -- "$warm={ckpt_to_initialize_from: a, var_name_to_vocab_info: {w: {new_vocab: a}}}" "$warm={ckpt_to_initialise_from: a}"
refuses "--set $1: 'new_vocab_size' is missing in var_name_to_vocab_info" --set "$1"
refuses "--set $2: unknown key 'ckpt_to_initialise_from'; did you mean 'ckpt_to_initialize_from'?" --set "$2"

# Data.
sed 's/key: age/key: agee/' c.yaml > d.yaml
says 1 "estimator: train.csv: there is no column 'agee'; did you mean 'age'?" train d.yaml --quiet --model-dir m
refuses 'none.csv: No such file or directory' --set task.train_data.input_path=none.csv
refuses 'folder: it is a directory, a CSV file is needed' --set task.train_data.input_path=folder
: > train.csv
refuses 'train.csv:1: the file is empty'
echo $header > train.csv
refuses 'train.csv: a header and no rows'
printf '%s\n1,male,3\n1,male\n' $header > train.csv
refuses 'train.csv:3: 2 fields, the header has 3'
printf '%s\n1,male,3\n1,"male,4\n' $header > train.csv
refuses 'train.csv:3: a quote is opened and never closed'
printf '%s\n1,male,3\n1,ma\0le,4\n' $header > train.csv
refuses "train.csv:3: column 'sex': a NUL byte (the file is not plain text)"
{ printf '%s\n1,' $header; head -c 100000000 /dev/zero | tr '\0' a; printf ',4\n'; } > train.csv
refuses 'train.csv:2: a row of more than 16 MiB (is a quote left open?)'
printf '%s\n1,male,3\n1,male,x\n' $header > train.csv
refuses "train.csv:3: column 'age': \"x\" is not a number"
printf '%s\n1,male,3\n1,male,nan\n' $header > train.csv
refuses "step 1: loss is NaN; first non-finite tensor: 'linear/linear_model/age/Sub' (input 'age' holds nan in example 1 of the batch)"
printf '%s\n1,male,3\n2,male,4\n' $header > train.csv
refuses 'step 1: label 2 of example 1 of the batch is out of range; it must be in [0, 1]'

if command -v gzip > /dev/null; then
    printf '%s\n1,male,3\n0,female,4\n' $header | gzip > t.csv.gz
    head -c 30 t.csv.gz > cut.csv.gz
    refuses 'cut.csv.gz: the compressed file is cut short' --set task.train_data.input_path=cut.csv.gz
    { head -c $(($(wc -c < t.csv.gz) - 8)) t.csv.gz; printf '12345678'; } > crc.csv.gz
    refuses 'crc.csv.gz: the compressed file is damaged: incorrect data check' --set task.train_data.input_path=crc.csv.gz
fi

# More memory than there is: said, before anything is asked for that the system would promise and not keep.
timeout $seconds "$ESTIMATOR" train c.yaml --quiet --model-dir m --set task.model.n_classes=1000000000 \
    --set 'task.model.feature_columns=[{categorical_column_with_hash_bucket: {key: sex, hash_bucket_size: 2000000}}]' > out 2> err
sed 's/this machine has [0-9.e+]*;/this machine has N;/' err > said
echo "estimator: the model's variables need 2.4e+07 GB, this machine has N; the largest is 'linear/linear_model/sex/weights' [2000000,1000000000]" | same said
rm -rf m

# Model directories.
small_config
run 1 train c.yaml --quiet --model-dir /dev/null/m
grep -q '^estimator: /dev/null' err || fail "a model directory that cannot be made: $(cat err)"
run 0 train c.yaml --quiet
run 1 train c.yaml --quiet --set trainer.train_steps=9 \
    --set 'task.model.feature_columns=[{categorical_column_with_vocabulary_list: {key: sex, vocabulary_list: [a, b, c]}}]'
grep -q "^estimator: model/model.ckpt-6: variable 'linear/linear_model/sex/weights' is \[2,1\], the model has \[3,1\]" err ||
    fail "a checkpoint of another shape: $(cat err)"
says 1 'estimator: nowhere: there is no checkpoint: train first' evaluate c.yaml --model-dir nowhere
says 1 'estimator: model/model.ckpt-5.index: cannot be opened: No such file or directory' evaluate c.yaml --checkpoint model/model.ckpt-5
"$ESTIMATOR" train c.yaml --quiet --model-dir held --set trainer.train_steps=100000000 > /dev/null 2>&1 &
trainer=$!
tries=0
while [ ! -f held/config.yaml ] && [ $tries -lt 600 ]; do sleep 0.1; tries=$((tries + 1)); done
says 1 'estimator: held: another trainer is at work in this model directory' train c.yaml --quiet --model-dir held
kill $trainer
wait $trainer

# Outputs.
if [ -c /dev/full ]; then
    for command in "evaluate c.yaml --quiet" "predict c.yaml --input train.csv --quiet" "config c.yaml" "config --explain" "--help"; do
        "$ESTIMATOR" $command > /dev/full 2> err
        got=$?
        [ $got -eq 1 ] && grep -q '^estimator: stdout: ' err || fail "$command on a full disk: exit status $got, $(cat err)"
    done
fi
says 1 'estimator: none/p.jsonl: No such file or directory' predict c.yaml --quiet --input train.csv --output none/p.jsonl
echo old > p.jsonl
run 1 predict c.yaml --quiet --input none.csv --output p.jsonl
echo old | same p.jsonl
[ "$(ls p.jsonl*)" = p.jsonl ] || fail "a temporary file is left: $(ls)"
exit $bad
