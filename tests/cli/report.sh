#!/bin/sh
# evaluate --report: a page for each kind of model, beside the metrics that evaluate prints anyway.
. "$SRCDIR/tests/cli/common.sh"
small_config
run 0 train c.yaml --quiet
run 0 evaluate c.yaml
cp out plain.txt
events=$(ls model/eval | wc -l)
run 0 evaluate c.yaml --report page.html
same out < plain.txt
[ "$(ls model/eval | wc -l)" -le $((events + 1)) ] || fail 'shuffled features are evaluated into the model directory'

# has FILE TEXT...: the page holds each of them, and ends.
has() {
    page=$1
    shift
    for text; do grep -qF "$text" "$page" || fail "$page lacks '$text'"; done
    tail -n 1 "$page" | grep -q '</html>$' || fail "$page has no end"
    grep -qE 'nan|inf[^o]' "$page" && fail "$page holds numbers that are none: $(grep -nE 'nan|inf[^o]' "$page" | head -n 3)"
}
has page.html '<h1>LinearClassifier</h1><p>model, 6 examples' '<h2>Metrics</h2>' '<h2>Loss</h2>' '<h2>ROC</h2>' \
    '<h2>Calibration</h2>' '<h2>Thresholds</h2>' '<h2>Scores</h2>' '<h2>Confusion</h2>' '<h2>Importance</h2>' '<tr><td>sex</td>'

# Three classes, one of which never comes, by names that need escaping.
sed -e 's/survived/kind/' -e 's/^0/"<a>"/; s/^1/b\&c/' train.csv > kinds.csv
sed -e 's/train\.csv/kinds.csv/; s/survived/kind/; s/model_dir: model/model_dir: kinds/' \
    -e 's/estimator: LinearClassifier/estimator: LinearClassifier\n    n_classes: 3\n    label_vocabulary: ["<a>", "b\&c", never]/' c.yaml > kinds.yaml
run 0 train kinds.yaml --quiet
run 0 evaluate kinds.yaml --report kinds.html --json
has kinds.html '<h1>LinearClassifier</h1>' '<th>&lt;a&gt;</th>' '<th>b&amp;c</th>' '<th>never</th>' '<h2>ROC</h2>'
grep -q '<a>' kinds.html && fail 'a name of a class is not escaped'

sed -e 's/LinearClassifier/LinearRegressor/; s/model_dir: model/model_dir: numbers/; s/survived/age/; s/- numeric_column.*/- numeric_column: {key: survived}/' \
    c.yaml | sed '/survived: survived/d' > numbers.yaml
sed 's/22/2200/; s/male,$/male,1/' train.csv > n.csv && mv n.csv train.csv
run 0 train numbers.yaml --quiet
run 0 evaluate numbers.yaml --report numbers.html
has numbers.html '<h1>LinearRegressor</h1>' '<h2>Predictions</h2>' '<h2>Residuals</h2>' '<tr><td>survived</td>'

# A head of each kind beside another; what each sees is told from what the other does.
printf 'bought,visits,age,w\n0,3,22,1\n1,5,38,2\n1,2,26,1\n0,4,31,2\n' > heads.csv
cat > heads.yaml <<'CONFIG'
model_dir: heads
task:
  model:
    estimator: LinearEstimator
    head: {MultiHead: {heads: [{BinaryClassHead: {name: bought}}, {RegressionHead: {name: visits, weight_column: w}}]}}
    feature_columns: [{numeric_column: {key: age}}]
  train_data: {input_path: heads.csv, label: [bought, visits], batch_size: 4}
  validation_data: {input_path: heads.csv, label: [bought, visits], batch_size: 4}
trainer: {train_steps: 6}
CONFIG
run 0 train heads.yaml --quiet
run 0 evaluate heads.yaml --report heads.html
has heads.html '<h1>LinearEstimator</h1><p>heads, 4 examples' '<h2 class="part">Head bought</h2>' '<h2>ROC</h2>' '<h2>Confusion</h2>' \
    '<h2 class="part">Head visits</h2>' '<h2>Predictions</h2>' '<tr><td>age</td>'
[ "$(grep -c '<h2>Importance</h2>' heads.html)" = 1 ] || fail 'importances stand for the model, once'
grep -qE '<tr><td>(bought|visits|w)</td>' heads.html && fail 'a label or a weight is taken for a feature'

run 1 evaluate numbers.yaml --report none/page.html
grep -qx 'estimator: none/page.html: No such file or directory' err || fail "a folder that is not there: $(cat err)"
run 1 evaluate c.yaml --model-dir empty --report never.html
[ ! -e never.html ] || fail 'a page without a model'
exit $bad
