#!/bin/sh
# Model directories that are damaged, foreign, full or may not be written: what the command says, within a second, and that going on is
# possible afterwards. tests/train/damage.c goes through the bytes.
. "$SRCDIR/tests/cli/common.sh"
small_config
seconds=1
[ "${SANITIZER:-none}" = none ] || seconds=10
more="--set trainer.checkpoint_interval=2 --quiet"

# train STATUS [ARGUMENT...] to step 8 in d: the lines on stderr without their time are left in `said`.
train() {
    wanted=$1
    shift
    timeout $seconds "$ESTIMATOR" train c.yaml $more --model-dir d --set trainer.train_steps=8 "$@" > out 2> err < /dev/null
    got=$?
    [ $got -eq "$wanted" ] || fail "train: exit status $got, wanted $wanted: $(cat err)"
    sed 's/^[0-9:]* warning/warning/' err > said
}

# flip FILE BYTE
flip() {
    byte=$(od -An -tu1 -j"$2" -N1 "$1")
    printf "\\$(printf %o $((byte ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2> /dev/null
}

run 0 train c.yaml $more --model-dir m
run 0 train c.yaml $more --model-dir whole --set trainer.train_steps=8

fresh() {
    rm -rf d
    cp -r m d
}

# falls_back LINE: training goes on from another checkpoint, and ends with the same bytes.
falls_back() {
    train 0
    echo "warning: $1" | same said
    cmp -s d/model.ckpt-8.data-00000-of-00001 whole/model.ckpt-8.data-00000-of-00001 || fail "$1: the variables differ"
}

# The newest checkpoint, damaged.
fresh && flip d/model.ckpt-6.data-00000-of-00001 3
falls_back "d/model.ckpt-6.data-00000-of-00001: variable 'global_step': checksum differs: the file is damaged; training falls back to d/model.ckpt-4"
fresh && head -c 20 m/model.ckpt-6.index > d/model.ckpt-6.index
falls_back 'd/model.ckpt-6.index: 20 bytes are too few for a table: the file is cut or of another kind; training falls back to d/model.ckpt-4'
fresh && flip d/model.ckpt-6.input 30
falls_back 'd/model.ckpt-6.input: checksum differs: the file is damaged; training falls back to d/model.ckpt-4'
fresh && rm d/model.ckpt-6.data-00000-of-00001
falls_back 'd/model.ckpt-6.data-00000-of-00001: cannot be opened: No such file or directory; training falls back to d/model.ckpt-4'
fresh && cp c.yaml d/model.ckpt-6.index
falls_back 'd/model.ckpt-6.index: no table (its last 8 bytes differ): the file is cut or of another kind; training falls back to d/model.ckpt-4'
fresh && rm d/model.ckpt-6.index
falls_back 'd/checkpoint: d/model.ckpt-6 is not there; d/model.ckpt-4 is taken'
fresh && : > d/checkpoint
falls_back 'd/checkpoint: names no checkpoint; d/model.ckpt-6 is taken'
fresh && cp train.csv d/checkpoint
falls_back "d/checkpoint:1: a line 'name: value' is wanted: the file is damaged; d/model.ckpt-6 is taken"

# Those who read: they fall back and say so, or refuse by name.
fresh && flip d/model.ckpt-6.data-00000-of-00001 3
why="d/model.ckpt-6.data-00000-of-00001: variable 'global_step': checksum differs: the file is damaged"
for verb in "evaluate c.yaml" "predict c.yaml --input train.csv"; do
    run 0 $verb --quiet --model-dir d
    sed 's/^[0-9:]* //' err > said
    echo "warning: $why; d/model.ckpt-4 is taken" | same said
done
says 1 "estimator: $why" evaluate c.yaml --quiet --model-dir d --checkpoint d/model.ckpt-6
says 1 "estimator: $why" export c.yaml --quiet --model-dir d --export-dir exports
[ ! -d exports ] || [ -z "$(ls exports)" ] || fail "an export is left: $(ls exports)"
run 1 inspect d/model.ckpt-6
echo "estimator: $why" | same err

# All of them: an error, and nothing is begun anew.
fresh
for step in 0 2 4 6; do : > d/model.ckpt-$step.index; done
train 1
sed -n '$p' said > last
echo 'estimator: d/model.ckpt-0.index: 0 bytes are too few for a table: the file is cut or of another kind' | same last
fresh && rm d/*.index
train 1
echo 'estimator: d/checkpoint: d/model.ckpt-6 is not there, and there is no other checkpoint: remove that file to train from the start' | same said

# Of another model.
fresh
train 1 --set 'task.model.feature_columns=[{numeric_column: {key: age}}, {categorical_column_with_hash_bucket: {key: sex, hash_bucket_size: 5}}]'
echo "estimator: d/model.ckpt-6: variable 'linear/linear_model/sex/weights' is [2,1], the model has [5,1]: was model_dir written by another model?" | same said
train 1 --set 'task.model.optimizer=Adagrad'
echo "estimator: d/model.ckpt-6: variable 'training/Adagrad/linear/linear_model/age/weights/accumulator' of the model is not in it: was model_dir written by another model?" | same said

# A disk that is full: one clear error; then training goes on.
rm -rf d
(ulimit -f 8; train 1; exit $bad) || bad=1
sed 's/\.[0-9][^ ]*:/.N:/' said > short
echo 'estimator: d/graph.pbtxt: cannot be written: File too large' | same short
[ -z "$(ls d | grep tmp-)" ] || fail "a temporary file is left: $(ls d)"
train 0

# Places that may not be written, for one who is not root.
chmod 755 "$work"
if [ "$(id -u)" -eq 0 ] && command -v setpriv > /dev/null && setpriv --reuid 65534 --clear-groups "$ESTIMATOR" --version > /dev/null 2>&1; then
    fresh
    chmod -R a+rX,go-w,u+w .
    nobody="setpriv --reuid 65534 --clear-groups"
    $nobody "$ESTIMATOR" train c.yaml --quiet --model-dir d > out 2> err
    [ $? -eq 1 ] || fail "training in a read-only directory"
    echo 'estimator: d/.lock: cannot be written: Permission denied' | same err
    $nobody "$ESTIMATOR" evaluate c.yaml --quiet --model-dir d > out 2> err || fail "evaluating in a read-only directory"
    sed 's/^[0-9:]* //' err > said
    echo 'warning: d/eval: cannot make the folder: Permission denied; TensorBoard will not see these results' | same said
    grep -q '^accuracy' out || fail "the results: $(cat out)"
    $nobody "$ESTIMATOR" export c.yaml --quiet --model-dir d --export-dir d/x > out 2> err
    echo 'estimator: d/x: cannot make the folder: Permission denied' | same err
fi
exit $bad
