# What the tests of the command share. Each runs in a folder of its own, removed at the end.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
bad=0

fail() {
    echo "FAILED: $*"
    bad=1
}

# run STATUS ARGUMENT...: the command's exit status; its stdout and stderr are left in `out` and `err`.
run() {
    wanted=$1
    shift
    timeout 120 "$ESTIMATOR" "$@" > out 2> err < /dev/null
    got=$?
    if [ "$got" -ne "$wanted" ]; then
        fail "estimator $*: exit status $got, wanted $wanted"
        cat err
    fi
}

# same FILE: it equals the text on stdin.
same() {
    cat > wanted
    diff wanted "$1" > diff.txt || { fail "$1 differs from what is wanted:"; cat diff.txt; }
}

# says STATUS MESSAGE ARGUMENT...: nothing but this message on stderr, and nothing on stdout.
says() {
    status=$1
    message=$2
    shift 2
    run "$status" "$@"
    printf '%s\n' "$message" | same err
    [ ! -s out ] || fail "estimator $*: something stands on stdout"
}

small_config() {
    cat > c.yaml <<'CONFIG'
model_dir: model
task:
  model:
    estimator: LinearClassifier
    feature_columns:
      - numeric_column: {key: age, default_value: 30, normalizer_fn: {mean: 30, std: 10}}
      - categorical_column_with_vocabulary_list: {key: sex, vocabulary_list: [male, female]}
  train_data: {input_path: train.csv, label: survived, batch_size: 4}
  validation_data: {input_path: train.csv, label: survived, batch_size: 4}
trainer: {train_steps: 6}
CONFIG
    printf 'survived,sex,age\n0,male,22\n1,female,38\n1,female,26\n0,male,\n1,female,35\n0,male,54\n' > train.csv
}
