#!/bin/sh
# Help and version, word by word.
. "$SRCDIR/tests/cli/common.sh"

run 0 --help
same out <<'TEXT'
Usage: estimator COMMAND [OPTION]...

Trains, evaluates, predicts and exports models of tables, as TensorFlow's tf.estimator does.

Commands:
  stats              what the columns of CSV or TFRecord files hold
  convert            a CSV file to a TFRecord file, or back; .gz by the ending
  init               looks at the data and prints a configuration to start from
  train              trains from the newest checkpoint, or from the start
  train-and-evaluate trains, and evaluates and exports checkpoints as they are saved
  evaluate           metrics of the newest checkpoint on task.validation_data
  calibrate          a further configuration that calibrates a classifier's probabilities
  tune               the best values for keys of a configuration, by trials
  predict            predictions for the rows of a file, a JSON object a line
  explain            what features are worth to a model, or to each of its predictions
  export             writes the newest checkpoint as a SavedModel and prints its folder
  inspect            says what PATH is and prints its contents
  plot               loss, metrics and learning rate of runs, drawn by step
  saved-model show   tags, signatures, dtypes and shapes of a SavedModel
  saved-model run    runs a signature on rows and prints a JSON object a line
  config             prints the configuration with every default filled in

Options:
  --help                 show this and exit
  --version              show the version and exit
  --quiet                only warnings and errors on stderr
  --verbose              more on stderr
  --json                 results as one JSON object

'estimator COMMAND --help' tells a command's own options; 'estimator config --explain' every key of a
configuration.
TEXT

run 0 predict --help
same out <<'TEXT'
Usage: estimator predict CONFIG [OPTION]...

Predictions for the rows of a file, a JSON object a line.

Options:
  --input FILE           rows to predict, with the keys of task.validation_data; needed
  --output FILE          instead of stdout
  --format FORMAT        jsonl (default) or csv
  --keys KEY,...         these predictions alone
  --checkpoint PREFIX    a checkpoint, instead of the newest one
  --config FILE          a further configuration, over those before it, key by key
  --set PATH=VALUE       one key of the configuration; VALUE is YAML
  --model-dir DIR        over the configuration's model_dir
  --help                 show this and exit
  --version              show the version and exit
  --quiet                only warnings and errors on stderr
  --verbose              more on stderr
  --json                 results as one JSON object
TEXT

run 0 --version
grep -qE '^estimator \(libestimator\) [0-9]+\.[0-9]+\.[0-9]+$' out || fail "--version says $(cat out)"

# Every command has a help, and every option of it stands in the manual page and the completion.
for command in stats convert init train evaluate calibrate predict explain export inspect plot 'saved-model show' 'saved-model run' config; do
    run 0 $command --help
    for option in $(sed -n 's/^  \(--[a-z-]*\).*/\1/p' out); do
        grep -q "^\.B.*$(echo "$option" | sed 's/-/\\\\-/g')" "$SRCDIR/docs/estimator.1" ||
            fail "the manual page does not tell $option of $command"
        grep -q -e "$option" "$SRCDIR/completion/estimator.bash" || fail "the completion does not know $option of $command"
    done
done
exit $bad
