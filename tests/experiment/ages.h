/* A small experiment: who survived, by age. */
#ifndef EST_TESTS_EXPERIMENT_AGES_H
#define EST_TESTS_EXPERIMENT_AGES_H

static const char base[] = "model_dir: model\n"
                           "task:\n"
                           "  model:\n"
                           "    estimator: LinearClassifier\n"
                           "    feature_columns: [numeric_column: {key: age, normalizer_fn: {mean: 30, std: 10}}]\n"
                           "    optimizer: {type: SGD, learning_rate: 0.1}\n"
                           "  train_data: {input_path: train.csv, label: survived, batch_size: 4}\n"
                           "  validation_data: {input_path: train.csv, label: survived, batch_size: 4}\n"
                           "trainer: {train_steps: 9, summary_interval: 0}\n";
static const char csv[] = "survived,age\n0,22\n1,38\n1,26\n0,30\n1,35\n0,54\n1,31\n0,12\n1,39\n";

#endif
