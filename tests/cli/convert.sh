#!/bin/sh
# CSV to TFRecord and back, byte by byte; training from a configuration's types; what is wrong with a file or an option.
. "$SRCDIR/tests/cli/common.sh"
printf 'age,town,tags\n22,York,a|b\n,"Hull, UK",\n-3,,c\n' > d.csv

run 0 convert d.csv d.tfrecord.gz --multivalent-delim '|' --json
echo '{"rows": 3}' | same out
run 0 convert d.tfrecord.gz back.csv --multivalent-delim '|'
[ ! -s out ] || fail "convert prints $(cat out)"
same back.csv < d.csv
run 0 inspect d.tfrecord.gz
grep -q 'town' out || fail "inspect of what was converted: $(cat out)"

# A large file, compressed on both sides; and the configuration that init proposes.
data=$SRCDIR/tutorials/data
run 0 convert "$data/adult_eval.csv.gz" adult.tfrecord
run 0 convert adult.tfrecord adult.csv.gz
gzip -dc "$data/adult_eval.csv.gz" > adult.csv
gzip -dc adult.csv.gz | same adult.csv
run 0 init "$data/titanic_eval.csv" --label survived
cp out c.yaml
run 0 convert "$data/titanic_eval.csv" t.tfrecord --config c.yaml
run 0 stats t.tfrecord
head -n 1 out | grep -q '^309 rows, 10 columns$' || fail "stats of what was converted: $(cat out)"

says 1 'estimator: d.tfrecord.gz: record 0: feature '"'tags'"' has 2 values: CSV needs a separator of values (multivalent_delim)' \
    convert d.tfrecord.gz e.csv
[ ! -e e.csv ] || fail 'a file that could not be converted is there'
says 1 'estimator: none.csv: No such file or directory' convert none.csv x.tfrecord
says 1 'estimator: d.csv is taken for CSV, and x.csv is to be that too: there is nothing to convert' convert d.csv x.csv
head -c 200 t.tfrecord > cut.tfrecord
run 1 convert cut.tfrecord x.csv
grep -q '^estimator: cut.tfrecord: record 0 at byte 0: it is cut: the file is damaged$' err || fail "a file that is cut: $(cat err)"
printf 'a,b\n1,2\n3\n' > bad.csv
says 1 'estimator: bad.csv:3: 1 field, the header has 2' convert bad.csv x.tfrecord
run 0 convert bad.csv x.tfrecord --skip-errors --quiet --json
echo '{"rows": 1}' | same out
run 1 convert d.csv none/x.tfrecord
grep -q '^estimator: none/x.tfrecord: .*No such file or directory$' err || fail "a folder that is not there: $(cat err)"
says 2 "estimator convert: IN OUT is missing
Try 'estimator convert --help'." convert d.csv
exit $bad
