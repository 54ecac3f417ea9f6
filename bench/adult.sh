#!/bin/sh
# estimator init's proposal, trained as it stands, beside scikit-learn's logistic regression over one-hot columns and quantile bins:
# accuracy on held-out rows, and seconds. SKLEARN_PYTHON (or PYTHON) names a Python with scikit-learn and pandas; without it ours
# alone. Usage: adult.sh; ESTIMATOR and SRCDIR name the program and the source tree.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
estimator=${ESTIMATOR:-$here/../estimator}
data=${SRCDIR:-$here/..}/tutorials/data
python=${SKLEARN_PYTHON:-${PYTHON:-python3}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# field FILE KEY: the number of a key in one JSON object.
field() {
    sed -n 's/.*"'"$2"'": *\([-0-9.e+]*\).*/\1/p' "$1" | head -n 1
}

# ours TRAIN LABEL: accuracy and seconds of the proposal for a file.
ours() {
    started=$(date +%s.%N)
    "$estimator" init "$data/$1" --label "$2" | "$estimator" train - --model-dir "$work/$2" --quiet --json > /dev/null
    ended=$(date +%s.%N)
    "$estimator" evaluate "$work/$2/config.yaml" --model-dir "$work/$2" --quiet --json > "$work/$2.json"
    accuracy=$(field "$work/$2.json" accuracy)
    seconds=$(awk -v a="$started" -v b="$ended" 'BEGIN { printf "%.1f", b - a }')
}

# theirs TRAIN EVAL LABEL: likewise; empty without scikit-learn.
theirs() {
    their_accuracy= their_seconds=
    "$python" -c 'import sklearn, pandas' 2> /dev/null || return 0
    "$python" "$here/adult.py" "$data/$1" "$data/$2" "$3" > "$work/sklearn.json"
    their_accuracy=$(field "$work/sklearn.json" accuracy)
    their_seconds=$(field "$work/sklearn.json" seconds)
}

printf '%-10s %10s %10s %14s %14s\n' data accuracy seconds scikit-learn 'its seconds'
ours adult_train.csv.gz income
theirs adult_train.csv.gz adult_eval.csv.gz income
printf '%-10s %10.4f %10s %14.6s %14.4s\n' adult "$accuracy" "$seconds" "${their_accuracy:--}" "${their_seconds:--}"
awk -v a="$accuracy" -v b="${their_accuracy:-0.849}" 'BEGIN { exit !(a >= b - 0.003) }' ||
    { echo "adult: more than 0.3 points below scikit-learn" >&2; exit 1; }
ours titanic_train.csv survived
theirs titanic_train.csv titanic_eval.csv survived
printf '%-10s %10.4f %10s %14.6s %14.4s\n' titanic "$accuracy" "$seconds" "${their_accuracy:--}" "${their_seconds:--}"
