#!/bin/sh
# The Titanic job with the command: train, evaluate, predict, export, and ask the exported model. ESTIMATOR names the program, the
# first argument a folder for the results (default: a new one in /tmp, removed at the end).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
estimator=${ESTIMATOR:-$here/../estimator}
if [ $# -gt 0 ]; then
    results=$1
    mkdir -p "$results"
else
    results=$(mktemp -d)
    trap 'rm -rf "$results"' EXIT
fi
config=$here/titanic.yaml
model=$results/model

show() {
    echo "\$ estimator $*"
    "$estimator" "$@"
    echo
}

show train "$config" --model-dir "$model"
show evaluate "$config" --model-dir "$model"

head -n 4 "$here/data/titanic_eval.csv" > "$results/three.csv"
show predict "$config" --model-dir "$model" --input "$results/three.csv"

echo "\$ estimator export titanic.yaml --export-dir exported --receiver raw"
exported=$("$estimator" export "$config" --model-dir "$model" --export-dir "$results/exported" --receiver raw)
echo "$exported"
echo
show saved-model show "$exported"

cat > "$results/rows.jsonl" <<'ROWS'
{"age": 29, "fare": 80, "n_siblings_spouses": 0, "parch": 0, "sex": ["female"], "class": ["First"], "deck": ["C"], "embark_town": ["Southampton"], "alone": ["y"]}
{"age": 40, "fare": 8, "n_siblings_spouses": 0, "parch": 0, "sex": ["male"], "class": ["Third"], "deck": ["unknown"], "embark_town": ["Southampton"], "alone": ["y"]}
ROWS
show saved-model run "$exported" --signature predict --input "$results/rows.jsonl"
