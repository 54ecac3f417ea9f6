#!/bin/sh
# Models that their options, labels, weights or features do not fit: one whole message each, that names the column, the variable or the
# example, before the step where it happens or at it.
. "$SRCDIR/tests/cli/common.sh"

printf 'y,sex,age,w,n\n0,male,22,1,3\n1,female,38,1,2\n1,female,26,1,1\n0,male,30,1,0\n1,female,35,1,4\n0,male,54,1,5\n' > ok.csv
printf '{"y": 0, "v": [1, 2]}\n{"y": 1, "v": [1, 7, 3]}\n{"y": 1, "v": [2]}\n' > ok.jsonl

# config NAME LABEL FILE KEYS: KEYS are those of the model, a line each.
config() {
    printf 'model_dir: m\ntask:\n  model:\n%s\n  train_data: {%sinput_path: %s, batch_size: 4}\n' "$(printf '%s\n' "$4" | sed 's/^/    /')" \
        "$2" "$3" > "$1.yaml"
    printf '  validation_data: {%sinput_path: %s, batch_size: 4}\ntrainer: {train_steps: 3}\n' "$2" "$3" >> "$1.yaml"
}
age='{numeric_column: {key: age}}'
sex='{categorical_column_with_vocabulary_list: {key: sex, vocabulary_list: [male, female]}}'
columns="feature_columns: [$age]"
config linear 'label: y, ' ok.csv "estimator: LinearClassifier
$columns"
config numbers 'label: y, ' ok.csv "estimator: LinearRegressor
$columns"
config dnn 'label: y, ' ok.csv "estimator: DNNClassifier
hidden_units: [4]
$columns"
config deep_numbers 'label: y, ' ok.csv "estimator: DNNRegressor
hidden_units: [4]
$columns"
config combined 'label: y, ' ok.csv "estimator: DNNLinearCombinedClassifier
dnn_hidden_units: [4]
dnn_feature_columns: [$age]
linear_feature_columns: [$sex]"
config head 'label: y, ' ok.csv "estimator: DNNEstimator
head: {PoissonRegressionHead: {}}
hidden_units: [4]
$columns"
config trees 'label: y, ' ok.csv "estimator: BoostedTreesClassifier
n_trees: 2
$columns"
config tree_numbers 'label: y, ' ok.csv "estimator: BoostedTreesRegressor
n_trees: 2
$columns"
config kmeans '' ok.csv "estimator: KMeans
num_clusters: 2
$columns"
config rnn 'format: jsonl, label: y, ' ok.jsonl "estimator: RNNClassifier
units: [3]
sequence_feature_columns: [{sequence_numeric_column: {key: v}}]"

# refuses CONFIG MESSAGE [ARGUMENT...]: training ends with this message, and leaves no checkpoint but that of its start.
refuses() {
    config=$1.yaml
    message=$2
    shift 2
    says 1 "estimator: $message" train "$config" --quiet "$@"
    [ -z "$(find m -name 'model.ckpt-[1-9]*' 2> /dev/null)" ] || fail "$message: there is a checkpoint"
    rm -rf m
}

# among SCRIPT: bad.csv and bad.jsonl, the good ones as sed changes them.
among() {
    sed "$1" ok.csv > bad.csv
    sed "$1" ok.jsonl > bad.jsonl
}
among_them=task.train_data.input_path=bad.csv

# hidden_units.
key=task.model.hidden_units
refuses dnn 'dnn.yaml:4: DNNClassifier: hidden_units is missing: units of each hidden layer' --set $key=[]
refuses dnn "--set $key=[0]: hidden_units is 0; it must be at least 1" --set $key=[0]
refuses dnn "--set $key=[4,-1]: hidden_units is -1; it must be at least 1" --set $key=[4,-1]
refuses dnn "--set $key=[4.5]: hidden_units takes integers, not the number 4.5" --set $key=[4.5]
key=task.model.dnn_hidden_units
refuses combined 'combined.yaml:4: DNNLinearCombinedClassifier: dnn_hidden_units must be given with dnn_feature_columns' --set $key=[]
refuses combined "--set $key=[0]: dnn_hidden_units is 0; it must be at least 1" --set $key=[0]
refuses rnn 'rnn.yaml:4: RNNClassifier: units is missing: units of each recurrent layer' --set task.model.units=[]
refuses rnn '--set task.model.units=[0]: units is 0; it must be at least 1' --set task.model.units=[0]

# Categorical columns without a wrapper.
wrap='wrap it in indicator_column or embedding_column'
refuses dnn "dnn.yaml:4: DNNClassifier: feature_columns[1] 'sex' is categorical; a DNN takes dense columns: $wrap" \
    --set "task.model.feature_columns=[$age, $sex]"
refuses combined \
    "combined.yaml:4: DNNLinearCombinedClassifier: dnn_feature_columns[0] 'sex' is categorical; a DNN takes dense columns: $wrap" \
    --set "task.model.dnn_feature_columns=[$sex]"
refuses kmeans "kmeans.yaml:4: KMeans: feature_columns[0] 'sex' is categorical; k-means takes dense columns: $wrap" \
    --set "task.model.feature_columns=[$sex]"
refuses rnn "rnn.yaml:4: RNNClassifier: context_feature_columns[0] 'sex' is categorical; an RNN takes dense columns: $wrap" \
    --set "task.model.context_feature_columns=[$sex]"
refuses rnn "feature column 'v' is categorical; a sequence layer takes dense columns: $wrap" \
    --set 'task.model.sequence_feature_columns=[{sequence_categorical_column_with_identity: {key: v, num_buckets: 9}}]'

# Labels out of range, in whole files: an example is told by its place in the batch, from 0.
range='is out of range; it must be in'
among 's/^1,female,38/2,female,38/; s/"y": 1, "v": \[2\]/"y": 2, "v": [2]/'
for model in linear dnn combined; do
    refuses $model "step 1: label 2 of example 1 of the batch $range [0, 1]" --set $among_them
done
refuses rnn "step 1: label 2 of example 2 of the batch $range [0, 1]" --set task.train_data.input_path=bad.jsonl
refuses trees "batch 1: label 2 of example 1 of the batch $range [0, 1]" --set $among_them
among 's/^1,female,38/-1,female,38/'
refuses dnn "step 1: label -1 of example 1 of the batch $range [0, 1]" --set $among_them
refuses dnn "step 1: label 3 of example 0 of the batch $range [0, 2]" --set task.model.n_classes=3 --set task.train_data.label=n
refuses head "step 1: label -1 of example 1 of the batch is out of range; it must be a number from 0 on" --set $among_them
refuses head "step 1: label -1 of example 1 of the batch $range [0, 1]" --set $among_them --set 'task.model.head={LogisticRegressionHead: {}}'

# Features that are not finite: of dense and of linear models, of sequences, of points. Of trees, NaN is a missing value and infinity
# the greatest one.
for value in nan inf; do
    among "s/,26,/,$value,/"
    where="(input 'age' holds $value in example 2 of the batch)"
    first='step 1: loss is NaN; first non-finite tensor:'
    for model in dnn deep_numbers combined; do
        refuses $model "$first 'dnn/hiddenlayer_0/MatMul' $where" --set $among_them
    done
    for model in linear numbers; do
        refuses $model "$first 'linear/linear_model/age/weighted_sum' $where" --set $among_them
    done
    refuses kmeans "$first 'ReadVariableOp' $where" --set $among_them
    run 0 train trees.yaml --quiet --set $among_them
    rm -rf m
done
refuses dnn "step 1: variable 'dnn/hiddenlayer_0/kernel' is no longer finite $where" --set $among_them --set task.model.activation_fn=tanh
among 's/7, 3/1e999, 3/'
refuses rnn "step 1: variable 'rnn_model/rnn/simple_rnn_cell/kernel' is no longer finite (input 'v' holds inf in example 1 of the batch)" \
    --set task.train_data.input_path=bad.jsonl

# Labels that are not finite.
for value in nan inf; do
    among "s/^1,female,26/$value,female,26/"
    for model in linear dnn combined trees; do
        refuses $model "bad.csv:4: column 'y': \"$value\" is not an integer" --set $among_them
    done
    for model in numbers deep_numbers; do
        refuses $model "step 1: label $value of example 2 of the batch is not a finite number" --set $among_them
    done
    refuses head "step 1: label $value of example 2 of the batch is out of range; it must be a number from 0 on" --set $among_them
    refuses tree_numbers "batch 1: label $value of example 2 of the batch is not a finite number" --set $among_them
done

# Weights.
weighted=task.model.weight_column=w
for value in -1 nan; do
    among "s/30,1,0/30,$value,0/"
    [ $value = -1 ] && wrong='is below 0' || wrong='is not finite'
    refused="1: weight_column 'w': weight $value of example 3 of the batch $wrong; it must be a number from 0 on"
    for model in linear numbers dnn deep_numbers combined; do
        refuses $model "step $refused" --set $among_them --set $weighted
    done
    for model in trees tree_numbers; do
        refuses $model "batch $refused" --set $among_them --set $weighted
    done
done
among 's/,1,\([0-9]\)$/,0,\1/'
run 0 train dnn.yaml --quiet --set $among_them --set $weighted
sed 's/^[0-9:]* //' err > said
echo "warning: weight_column 'w': all 4 weights of a batch are 0: nothing is learned of it" | same said
rm -rf m
run 1 train trees.yaml --quiet --set $among_them --set $weighted
tail -n 1 err > said
echo 'estimator: BoostedTreesClassifier: the weights of all 6 examples are 0' | same said

# A batch of one: the first, or what is left for the last.
one="batch_norm 'dnn/hiddenlayer_0/batchnorm_0': a batch of one example has no variance"
mend='make batch_size larger, or set drop_remainder where it is the last batch'
refuses dnn "step 1: $one; $mend" --set task.model.batch_norm=true --set task.train_data.batch_size=1
refuses dnn "step 2: $one; $mend" --set task.model.batch_norm=true --set task.train_data.batch_size=5 --set task.train_data.num_epochs=1

# Words that label_vocabulary misses.
words='task.model.label_vocabulary=[male, other]'
for model in linear dnn; do
    refuses $model "step 1: label 'female' of example 1 of the batch is not in label_vocabulary" --set "$words" --set task.train_data.label=sex
done
refuses trees "batch 1: label 'female' of example 1 of the batch is not in label_vocabulary" --set "$words" --set task.train_data.label=sex
refuses dnn 'dnn.yaml:4: BinaryClassHead: label_vocabulary has 1 words for 2 classes' --set 'task.model.label_vocabulary=[male]'

# Starting from a checkpoint without the variable, or with another shape; going on from one.
run 0 train dnn.yaml --quiet --model-dir old
from='warm_start_from: old/model.ckpt-3:'
kernel=dnn/hiddenlayer_0/kernel
refuses dnn "$from there is no variable 'dnn/hiddenlayer_1/kernel', which 'dnn/hiddenlayer_1/kernel' is to start from (is '$kernel' meant?); \
vars_to_warm_start chooses variables, var_name_to_prev_var_name tells old names" \
    --set task.model.warm_start_from=old --set task.model.hidden_units=[4,3]
refuses dnn "$from variable '$kernel' is [1,4], '$kernel' of the new model [1,8]: leave it out by vars_to_warm_start, or tell by \
var_name_to_vocab_info which words its rows are" --set task.model.warm_start_from=old --set task.model.hidden_units=[8]
refuses dnn "old/model.ckpt-3: variable '$kernel' is [1,4], the model has [1,8]: was model_dir written by another model?" \
    --model-dir old --set task.model.hidden_units=[8] --set trainer.train_steps=9
refuses dnn "old/model.ckpt-3: variable 'dnn/hiddenlayer_1/kernel' of the model is not in it: was model_dir written by another model?" \
    --model-dir old --set task.model.hidden_units=[4,3] --set trainer.train_steps=9
exit $bad
