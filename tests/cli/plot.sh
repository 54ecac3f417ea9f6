#!/bin/sh
# What runs have logged: the picture word by word, JSON, the page, and what is wrong with a folder.
. "$SRCDIR/tests/cli/common.sh"
unset LC_ALL LC_CTYPE NO_COLOR
LANG=C
export LANG
golden="$SRCDIR/tests/golden/formats/events.golden"
mkdir -p run/eval
cp "$golden" run/events.out.tfevents.1
cp "$golden" run/eval/events.out.tfevents.1

run 0 plot run --width 30 --height 4
same out <<'TEXT'
loss  by step
1.0 +ooo
    |   oooooo
0.5 +         oooooooooooooooo
    |
    ++-----------+-----------+
     0           1           2
     ** training 0.3333
     oo evaluation 0.3333
TEXT
LANG=C.UTF-8 run 0 plot run/eval --width 30 --height 4
same out <<'TEXT'
loss  by step
1.0 ┤⠒⠤⢄⣀
    │    ⠉⠑⠒⠢⠤⣀⡀
0.5 ┤          ⠈⠉⠒⠒⠢⠤⠤⠤⢄⣀⣀⣀⡀
    │                      ⠈⠉⠉
    └┬───────────┬───────────┬
     0           1           2
     ── evaluation 0.3333
TEXT
cp out braille.txt
LANG=C.UTF-8 run 0 plot run/eval --width 30 --height 4 --ascii
grep -q '\*' out || fail "plot --ascii: $(cat out)"
LANG=C LC_ALL=en_US.utf8 run 0 plot run/eval/ --width 30 --height 4
same out < braille.txt

run 0 plot run --json --tags loss --smoothing 0.5
grep -q '^{"tag": "loss", "run": "run", "phase": "evaluation", "step": \[0, 1, 2\], "wall_time": ' out || fail "plot --json: $(cat out)"
grep -q '"value": \[1, 0.5, 0.33333334\], "smoothed": \[1, 0.6666666' out || fail "plot --json: $(cat out)"

run 0 plot run --html page.html
[ ! -s out ] || fail "plot --html prints $(cat out)"
grep -q '<h1>run</h1>' page.html || fail "the page begins with $(head -c 300 page.html)"
tail -n 1 page.html | grep -q '</html>$' || fail 'the page has no end'

# Of several runs one is not there yet: the others are drawn.
mkdir later
run 0 plot run later --json
grep -q 'warning: later: no event files with scalars are here' err || fail "a folder without events: $(cat err)"
head -c 100 "$golden" > run/eval/events.out.tfevents.2
run 0 plot run --json
grep -q 'warning: run/eval/events.out.tfevents.2: after . whole records it is damaged, or just being written' err || fail "a file that is cut: $(cat err)"

says 1 'estimator: later: no event files with scalars are here, nor in folders below: is it the model_dir of a run that was trained?' plot later
says 1 'estimator: none: No such file or directory' plot none
says 1 'estimator: page.html: neither a folder nor an event file (events.out.tfevents.…)' plot page.html
says 1 "estimator: no tag is 'auc', nor matches it; there are loss" plot run/events.out.tfevents.1 --tags auc
says 1 'estimator: none/p.html: No such file or directory' plot run/events.out.tfevents.1 --html none/p.html
says 1 'estimator: width is 2000; it must be from 24 to 1000' plot run --width 2000
says 2 "estimator plot: --x is 'seconds'; it must be step, relative or time
Try 'estimator plot --help'." plot run --x seconds
says 2 "estimator plot: --smoothing is '1'; it must be a number from 0 to below 1
Try 'estimator plot --help'." plot run --smoothing 1
says 2 "estimator plot: --width is 'wide'; it must be a number from 24 on
Try 'estimator plot --help'." plot run --width wide
says 2 "estimator plot: MODEL_DIR... is missing
Try 'estimator plot --help'." plot
exit $bad
