#!/bin/sh
# What columns hold: the table word by word, JSON, the page, and what is wrong with a file.
. "$SRCDIR/tests/cli/common.sh"
printf 'age,town,x y\n22,York,\n38,"Hull, UK",?\n26,York,1.5\n,York,2\n' > d.csv

run 0 stats d.csv
same out <<'TEXT'
4 rows, 3 columns; "?" is taken for a missing value

column  type     count  missing  distinct  zeros   mean    std  min     1%     5%    25%   50%    75%    95%    99%  max
age     int64        3        1         3      0  28.67  6.799   22  22.08   22.4     24    26     32   36.8  37.76   38
town    string       4        0         2
"x y"   float32      2        2         2      0   1.75   0.25  1.5  1.505  1.525  1.625  1.75  1.875  1.975  1.995    2

Most frequent values
  town: York 3 (75.0 %), "Hull, UK" 1 (25.0 %)
TEXT

run 0 stats d.csv --json --na-value York --max-rows 3
grep -q '^{"rows": 3, "stopped": true, "na_value": "York", "columns": \[$' out || fail "stats --json: $(cat out)"
grep -q '"name": "town", "type": "string", "count": 1, "missing": 2, "distinct": 1,' out || fail "stats --json: $(cat out)"

run 0 stats d.csv d.csv --html page.html
[ ! -s out ] || fail "stats --html prints $(cat out)"
grep -q '<h1>d.csv</h1><p>8 rows, 3 columns' page.html || fail "the page begins with $(head -c 300 page.html)"
tail -n 1 page.html | grep -q '</html>$' || fail 'the page has no end'

run 0 stats "$SRCDIR/tests/golden/formats/examples.tfrecord.z"
head -n 1 out | grep -qE '^[0-9]+ rows, [0-9]+ columns' || fail "stats of a TFRecord file: $(cat out)"

printf 'a,b\n1,2\n3\n' > bad.csv
says 1 'estimator: bad.csv:3: 1 field, the header has 2' stats bad.csv
run 0 stats bad.csv --skip-errors --quiet
: > empty.csv
says 1 'estimator: empty.csv:1: the file is empty' stats empty.csv
says 1 'estimator: none.csv: No such file or directory' stats none.csv
mkdir folder
says 1 'estimator: folder: a folder, not a file of data' stats folder
says 1 'estimator: none/p.html: No such file or directory' stats d.csv --html none/p.html
head -c 100 "$SRCDIR/tests/golden/formats/examples.tfrecord" > cut.tfrecord
run 1 stats cut.tfrecord
grep -q '^estimator: cut.tfrecord: record [0-9]* at byte [0-9]*: it is cut' err || fail "a file that is cut: $(cat err)"
says 2 "estimator stats: --max-rows is 'many'; it must be a number above 0
Try 'estimator stats --help'." stats d.csv --max-rows many
says 2 "estimator stats: --field-delim is '::'; it must be one character
Try 'estimator stats --help'." stats d.csv --field-delim ::
says 2 "estimator stats: FILE... is missing
Try 'estimator stats --help'." stats
exit $bad
