#!/bin/sh
# Fields of several values, from the configuration to the exported model.
. "$SRCDIR/tests/cli/common.sh"
cat > c.yaml <<'CONFIG'
model_dir: model
task:
  model:
    estimator: LinearClassifier
    feature_columns:
      - numeric_column: {key: age}
      - categorical_column_with_hash_bucket: {key: genres, hash_bucket_size: 20}
      - categorical_column_with_identity: {key: codes, num_buckets: 10}
  train_data: {input_path: train.csv, label: liked, batch_size: 4, shuffle_buffer_size: 3, multivalent_delim: '|'}
  validation_data: {input_path: train.csv, label: liked, batch_size: 4, multivalent_delim: '|'}
trainer: {train_steps: 30}
CONFIG
cat > train.csv <<'ROWS'
liked,genres,age,codes
1,drama|comedy,3,1|2
0,,2,7
1,comedy,1,
0,"horror|drama|horror",2,7|7|3
1,|comedy|,1,1
ROWS

run 0 train c.yaml --quiet
run 0 evaluate c.yaml --quiet --json
grep -q '"accuracy": 1[,}.]' out || fail "evaluate: $(cat out)"
printf 'codes,age,genres\n1|2,3,drama|comedy\n,2,\n7|7,2,horror|horror\n' > rows.csv
run 0 predict c.yaml --quiet --input rows.csv --keys logits
cp out predicted

# A raw tensor has rows of one length: "" and -1 are no values.
run 0 export c.yaml --quiet --export-dir exported --receiver raw
exported=$(cat out)
cat > rows.jsonl <<'ROWS'
{"age": 3, "genres": ["drama", "comedy"], "codes": [1, 2]}
{"age": 2, "genres": ["", ""], "codes": [-1, -1]}
{"age": 2, "genres": ["horror", "horror"], "codes": [7, 7]}
ROWS
run 0 saved-model run "$exported" --input rows.jsonl --signature predict
sed 's/.*"logits": \(\[[^]]*\]\).*/{"logits": \1}/' out > served
same served < predicted

# One value a field without the key: then "horror|drama|horror" is a word, and 7|7|3 no integer.
says 1 "estimator: train.csv:2: column 'codes': \"1|2\" is not an integer" train c.yaml --quiet --set task.train_data.multivalent_delim= --model-dir other
sed 's/delim: .|./delim: "||"/' c.yaml > two.yaml
says 1 'estimator: two.yaml:9: multivalent_delim is "||"; it must be one character' train two.yaml --quiet
exit $bad
