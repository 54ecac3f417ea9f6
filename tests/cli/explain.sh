#!/bin/sh
# explain: weights, gains or mean contributions of a model, and what each prediction is made of, as text, JSON and CSV.
. "$SRCDIR/tests/cli/common.sh"
small_config
run 0 train c.yaml --quiet
run 0 explain c.yaml
[ "$(cut -d ' ' -f 1 out | sort | tr '\n' ' ')" = 'age sex=female sex=male ' ] || fail "weights: $(cat out)"
run 0 explain c.yaml --json
grep -q '^{"[a-z=]*": [-0-9.e]*, "[a-z=]*": [-0-9.e]*, "age": [-0-9.e]*}$' out || grep -q '"sex=male": -' out || fail "weights: $(cat out)"

# adds_up FILE: in each line of CSV after the header, the second and following numbers are together the first.
adds_up() {
    awk -F, 'NR > 1 { sum = 0; for (i = 2; i <= NF; i++) sum += $i; d = sum - $1; if (d < 0) d = -d; if (d > 0.02) exit 1 } END { if (NR < 7) exit 1 }' "$1" ||
        fail "$1 does not add up: $(cat "$1")"
}
run 0 explain c.yaml --input train.csv --format csv
head -n 1 out > header
echo 'logits,bias,age,sex' | same header
adds_up out
run 0 explain c.yaml --input train.csv --top 1 --output text.txt
[ ! -s out ] || fail 'explain --output writes to stdout'
[ "$(grep -c '^example [1-6], class [01]: logit [-0-9.e]*, of which baseline [-0-9.e]*$' text.txt)" -eq 6 ] || fail "text: $(cat text.txt)"
[ "$(grep -c '^  sex  *[-+][0-9.]*$' text.txt)" -eq 6 ] && [ "$(grep -c '^  (1 others)  *[-+][0-9.e-]*$' text.txt)" -eq 6 ] || fail "top: $(cat text.txt)"
run 0 explain c.yaml --input train.csv --json
[ "$(grep -c '^{"logits": \[[-0-9.]*\], "bias": \[[-0-9.]*\], "contributions": {"age": \[[-0-9.e]*\], "sex": \[[-0-9.]*\]}}$' out)" -eq 6 ] ||
    fail "json: $(cat out)"

deep() {
    sed 's/LinearClassifier/DNNClassifier/; s/^model_dir.*/model_dir: deep/; /estimator:/a\    hidden_units: [4]
s/- \(categorical_column_with_vocabulary_list: {.*}\)$/- indicator_column: {categorical_column: {\1}}/' c.yaml
}
deep > deep.yaml
run 0 train deep.yaml --quiet
run 0 explain deep.yaml
[ "$(cut -d ' ' -f 1 out | sort | tr '\n' ' ')" = 'age sex_indicator ' ] || fail "means: $(cat out)"
run 0 explain deep.yaml --input train.csv --format csv --steps 200
adds_up out
cp out far.csv
run 0 explain deep.yaml --input train.csv --format csv --steps 1
cmp -s out far.csv && fail '--steps does nothing'
sed 's/DNNClassifier/BoostedTreesClassifier/; /hidden_units/d; s/model_dir: deep/model_dir: trees/' deep.yaml > trees.yaml
run 0 train trees.yaml --quiet
run 0 explain trees.yaml --input train.csv --format csv
adds_up out

says 2 "estimator explain: --top goes with --input FILE
Try 'estimator explain --help'." explain c.yaml --top 3
says 2 "estimator explain: --format is text, jsonl or csv, not 'xml'
Try 'estimator explain --help'." explain c.yaml --input train.csv --format xml
says 2 "estimator explain: --steps is '0'; it must be a number from 1 on
Try 'estimator explain --help'." explain c.yaml --steps 0
says 1 'estimator: none.csv: No such file or directory' explain c.yaml --input none.csv
says 1 'estimator: explain: steps is 20000; it must be at most 10000' explain deep.yaml --steps 20000
exit $bad
