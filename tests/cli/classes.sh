#!/bin/sh
# What classifiers hand on to their heads: class_weights of an estimator are those of its head. And the rate of a schedule is shown.
. "$SRCDIR/tests/cli/common.sh"
small_config
sed 's/^model_dir.*/model_dir: weighted/; /estimator:/a\    class_weights: [3, 1]' c.yaml > weighted.yaml
sed 's/^model_dir.*/model_dir: head/; s/LinearClassifier/LinearEstimator/
/estimator:/a\    head: {BinaryClassHead: {class_weights: [3, 1]}}' c.yaml > head.yaml
for config in c weighted head; do run 0 train $config.yaml --quiet; done
data=model.ckpt-6.data-00000-of-00001
cmp weighted/$data head/$data || fail 'class_weights of the estimator are not those of its head'
cmp -s weighted/$data model/$data && fail 'class_weights do nothing'

for estimator in BaselineClassifier DNNClassifier DNNLinearCombinedClassifier BoostedTreesClassifier RNNClassifier; do
    run 0 config --explain class_weights
    grep -q "\[$estimator\]" out || fail "$estimator has no class_weights"
done
says 1 'estimator: c.yaml:4: BinaryClassHead: class_weights has 3 numbers for 2 classes' \
    train c.yaml --model-dir never --set 'task.model.class_weights=[1, 2, 3]'

# 0.5 and half of it each 2 steps, before the step that it is for.
run 0 train c.yaml --model-dir scheduled --set trainer.log_interval=2 --set trainer.summary_interval=3 \
    --set 'task.model.optimizer={type: SGD, learning_rate: {type: ExponentialDecay, initial_learning_rate: 0.5, decay_steps: 2, decay_rate: 0.5, staircase: true}}'
sed -n 's/.*step \([0-9]*\): .*steps\/s, learning rate \(.*\)/\1 \2/p' err > rates
printf '2 0.5\n4 0.25\n6 0.125\n' | same rates
run 0 inspect scheduled/events.out.tfevents.*
grep -A 2 '^  learning_rate$' out > rates
printf '  learning_rate\n    step 1          0.5\n    step 4          0.25\n' | same rates
exit $bad
