#!/bin/sh
# Wrong usage: exit status 2, what is wrong, and where help is.
. "$SRCDIR/tests/cli/common.sh"
small_config

usage() {
    command=$1
    message=$2
    shift 2
    says 2 "estimator${command:+ $command}: $message
Try 'estimator${command:+ $command} --help'." "$@"
}

usage '' 'a command is missing'
usage '' "unknown command 'trian'; did you mean 'train'?" trian c.yaml
usage '' "unknown option '--hlep'; did you mean '--help'?" --hlep
usage '' "unknown option '-x'" -x
usage '' "'saved-model' is followed by 'show' or 'run'" saved-model
for later in serve profile launch hub; do
    usage '' "the command '$later' is not built in" $later
done
usage train 'CONFIG is missing' train
usage train "what is 'd.yaml' for? It takes CONFIG" train c.yaml d.yaml
usage train "unknown option '--modeldir'; did you mean '--model-dir'?" train c.yaml --modeldir x
usage train "unknown option '--label'" train c.yaml --label x
usage '' '--model-dir needs DIR' train c.yaml --model-dir
usage '' '--quiet takes no value' train c.yaml --quiet=yes
usage train '--model-dir is given twice' train c.yaml --model-dir a --model_dir=b
usage predict '--input FILE is missing' predict c.yaml
usage predict "--format is jsonl or csv, not 'xml'" predict c.yaml --input train.csv --format xml
usage export '--export-dir BASE is missing' export c.yaml
usage export "--receiver is parsing, raw or both, not 'cooked'" export c.yaml --export-dir e --receiver cooked
usage init '--label COLUMN is missing: which column is to be learnt' init train.csv
usage 'saved-model run' 'DIR is missing' saved-model run

# Options anywhere, underscores for dashes, and `--` before a name that begins with one.
run 0 --model_dir=m --set trainer.train_steps=2 train --quiet c.yaml
[ -f m/model.ckpt-2.index ] || fail "--model_dir is not --model-dir"
cp c.yaml -- -c.yaml
run 0 train --quiet --model-dir m2 -- -c.yaml
exit $bad
