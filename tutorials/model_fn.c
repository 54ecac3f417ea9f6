/* A model_fn of one's own: who survived the Titanic, and what did the ticket cost? Two losses, two optimizers, gradients clipped by hand,
 * a regularizer, a constraint, and moving averages that are used where nothing is trained. model_fn.md sets it beside the Python that it stands for. */
#include <stdio.h>
#include <stdlib.h>

#include <estimator/estimator.h>

enum { STEPS = 300 };

typedef struct job {
    est_columns *columns;
    est_column *column[4];
    est_column_list inputs;
    est_optimizer *adam, *adagrad;
    est_estimator *estimator;
    const char *folder;          /* of the CSV files */
} job;

/* What both parts of the model share. */
static est_node *shared_layer(est_graph *g, const est_features *features, const job *j, est_mode mode)
{
    est_node *x = est_input_layer(g, features, j->inputs, NULL);
    est_node *h = est_dense(g, x, 16, &(est_dense_options){ .no_bias = true, .name = "shared" });
    return est_relu(g, est_batch_norm(g, h, &(est_batch_norm_options){ .training = mode == EST_TRAIN, .momentum = 0.9, .name = "norm" }));
}

/* Adam for all that survival depends on, its gradients clipped together; Adagrad for the fare's own layer; then the averages. */
static est_node *train_op(est_graph *g, const job *j, est_node *survival_loss, est_node *fare_loss, est_node *global_step)
{
    est_nodes all = est_graph_trainable_variables(g);
    est_node *survival[16], *fare[2] = { est_graph_variable(g, "fare/kernel"), est_graph_variable(g, "fare/bias") };
    est_gradient gradients[16];
    size_t n = 0;
    for (size_t i = 0; i < all.count && n < 16; i++)
        if (all.data[i] != fare[0] && all.data[i] != fare[1])
            survival[n++] = all.data[i];
    if (est_gradients(g, survival_loss, (est_nodes){ survival, n }, gradients) != EST_OK)
        return survival_loss;    /* the error sticks to the graph: who builds it will say so */
    est_clip_by_global_norm(g, gradients, n, 0.5);
    est_node *first = est_optimizer_apply_gradients(j->adam, g, gradients, (est_nodes){ survival, n }, global_step);
    est_node *second = est_optimizer_minimize_variables(j->adagrad, g, fare_loss, (est_nodes){ fare, 2 }, NULL);
    est_node_after(first, second);
    return est_moving_averages(g, all, &(est_moving_average_options){ .decay = 0.99, .num_updates = global_step, .after = first });
}

static est_status model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    const job *j = user;
    est_graph *g = est_spec_graph(spec);
    est_node *h = shared_layer(g, features, j, mode);
    est_node *logits = est_dense(g, h, 1, &(est_dense_options){ .name = "survival" });
    est_node *fare = est_dense(g, est_stop_gradient(g, h), 1, &(est_dense_options){ .name = "fare" });   /* it learns of h, h not of it */
    est_node *survives = est_sigmoid(g, logits), *dollars = est_sub(g, est_exp(g, fare), est_constant_float(g, 1));
    est_regularize(g, est_graph_variable(g, "shared/kernel"), &(est_regularizer){ .l2 = 0.01 });
    est_constrain(g, est_graph_variable(g, "fare/kernel"), &(est_constraint){ .type = "NonNeg" });
    if (mode != EST_TRAIN)
        est_spec_restore_averages(spec, NULL);

    est_spec_prediction(spec, "survives", survives);
    est_spec_prediction(spec, "fare", dollars);
    if (mode == EST_PREDICT) {
        est_strings keys = EST_STRINGS("survives", "fare");
        est_spec_export_output(spec, "serving_default", "predict", keys, EST_NODES(survives, dollars));
        est_spec_export_output(spec, "survival", "regress", EST_STRINGS("outputs"), EST_NODES(survives));
        return EST_OK;
    }

    est_node *survived = est_slice(g, labels, EST_INTS(0, 0), EST_INTS(-1, 1));     /* labels: [batch, 2] */
    est_node *log_fare = est_log1p(g, est_slice(g, labels, EST_INTS(0, 1), EST_INTS(-1, 1)));
    est_node *cross_entropy = est_loss_reduce(g, est_sigmoid_cross_entropy(g, survived, logits), NULL, NULL);
    est_node *survival_loss = est_add(g, cross_entropy, est_regularization_loss(g));
    est_node *fare_loss = est_loss_reduce(g, est_squared_error(g, log_fare, fare), NULL, NULL);
    est_spec_loss(spec, est_add(g, survival_loss, fare_loss));

    if (mode == EST_EVAL) {
        est_node *guess = est_cast(g, est_greater(g, survives, est_constant_float(g, 0.5)), EST_FLOAT);
        est_spec_metric(spec, est_metric_accuracy(g, "accuracy", survived, guess, NULL));
        est_spec_metric(spec, est_metric_auc(g, "auc", survived, survives, NULL, "ROC"));
        est_spec_metric(spec, est_metric_mean_absolute_error(g, "log_fare_error", log_fare, fare, NULL));
    } else {
        est_spec_train_op(spec, train_op(g, j, survival_loss, fare_loss, est_spec_global_step(spec)));
    }
    return EST_OK;
}

/* Passengers in the file's order; training goes over them again and again. */
static est_status input_fn(const est_input_context *context, est_dataset **out, void *user)
{
    const job *j = user;
    bool training = context->mode == EST_TRAIN;
    est_features_spec spec;
    est_feature feature[16];
    char path[4096];
    est_status st = est_make_parse_example_spec(j->inputs, &spec);
    if (st != EST_OK)
        return st;
    size_t n = spec.count;
    for (size_t i = 0; i < n; i++)
        feature[i] = spec.data[i];
    feature[n++] = (est_feature){ .name = "survived", .dtype = EST_FLOAT };
    feature[n++] = (est_feature){ .name = "fare", .dtype = EST_FLOAT };
    snprintf(path, sizeof path, "%s/titanic_%s.csv", j->folder, training ? "train" : "eval");
    st = est_csv_dataset_new(&(est_csv_options){ .input_path = EST_STRINGS(path), .features = { feature, n },
                                                 .label = EST_STRINGS("survived", "fare") }, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, training ? EST_OFF : 1), 32, false);
    return st;
}

static est_status make_estimator(job *j, const char *model_dir)
{
    est_columns *c = j->columns = est_columns_new();
    est_column *sex = est_categorical_column_with_vocabulary_list(c, "sex", &(est_vocabulary_list_options){
        .vocabulary_list.strings = EST_STRINGS("male", "female") });
    est_column *class = est_categorical_column_with_vocabulary_list(c, "class", &(est_vocabulary_list_options){
        .vocabulary_list.strings = EST_STRINGS("First", "Second", "Third") });
    est_column *town = est_categorical_column_with_hash_bucket(c, "embark_town", &(est_hash_bucket_options){ .hash_bucket_size = 8 });
    j->column[0] = est_numeric_column(c, "age", &(est_numeric_column_options){
        .default_value = EST_FLOATS(29.6), .normalizer_fn = { .kind = EST_NORMALIZE_MEAN_STD, .mean = 29.6, .std = 12.5 } });
    j->column[1] = est_indicator_column(c, &(est_indicator_options){ .categorical_column = class });
    j->column[2] = est_indicator_column(c, &(est_indicator_options){ .categorical_column = sex });
    j->column[3] = est_embedding_column(c, &(est_embedding_options){ .categorical_column = town, .dimension = 3 });
    j->inputs = (est_column_list){ j->column, 4 };
    est_status st = est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.01 }, &j->adam);
    if (st == EST_OK)
        st = est_adagrad_optimizer_new(&(est_adagrad_options){ .learning_rate = 0.1 }, &j->adagrad);
    if (st == EST_OK)
        st = est_custom_new(&(est_custom_options){ .model_fn = model_fn, .feature_columns = j->inputs, .name = "Titanic", .user = j },
                            &(est_run_config){ .model_dir = model_dir, .save_summary_steps = 1 }, &j->estimator);
    return st;
}

/* The same model out of a SavedModel with all its graphs: no model_fn is asked. */
static est_status make_of(job *j, const char *saved_model, const char *model_dir)
{
    est_estimator_free(j->estimator);
    return est_saved_model_estimator_new(saved_model, &(est_run_config){ .model_dir = model_dir, .save_summary_steps = 1 }, &j->estimator);
}

/* A line of predictions.csv for each passenger. */
static est_status write_rows(const est_predictions *batch, void *user)
{
    const float *survives = batch->value[0]->data, *fare = batch->value[1]->data;
    for (int64_t i = 0; i < batch->rows; i++)
        if (fprintf(user, "%.9g,%.9g\n", (double)survives[i], (double)fare[i]) < 0)
            return EST_UNAVAILABLE;
    return EST_OK;
}

static est_status predict(const job *j)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/predictions.csv", est_estimator_model_dir(j->estimator));
    FILE *f = fopen(path, "w");
    if (!f)
        return EST_UNAVAILABLE;
    fprintf(f, "survives,fare\n");
    est_status st = est_predict(j->estimator, &(est_predict_options){ .input_fn = input_fn, .user = (void *)j, .each = write_rows,
                                                                      .each_user = f, .predict_keys = EST_STRINGS("survives", "fare") });
    return fclose(f) == 0 ? st : EST_UNAVAILABLE;
}

/* One for requests, and one with the graphs of training and evaluation too. */
static est_status export(const job *j)
{
    char base[4096], serving[4096], all[4096];
    est_export_all_options options = { .receiver = "raw", .label = { .dtype = EST_FLOAT, .shape = EST_SHAPE(2) } };
    snprintf(base, sizeof base, "%s/exported", est_estimator_model_dir(j->estimator));
    est_status st = est_export_saved_model(j->estimator, base, &(est_export_options){ .receiver = "parsing" }, serving, sizeof serving);
    if (st == EST_OK)
        st = est_export_all_saved_models(j->estimator, base, &options, all, sizeof all);
    if (st == EST_OK)
        printf("all modes exported to %s\nexported to %s\n", all, serving);
    return st;
}

static est_status run(job *j, int64_t steps, bool exports)
{
    est_results *metrics = NULL;
    est_status st = est_train(j->estimator, &(est_train_options){ .input_fn = input_fn, .user = j, .max_steps = steps }, NULL);
    if (st == EST_OK)
        st = est_evaluate(j->estimator, &(est_evaluate_options){ .input_fn = input_fn, .user = j }, &metrics);
    for (size_t i = 0; st == EST_OK && i < metrics->count; i++)
        printf("%s %.7g\n", metrics->name[i], metrics->value[i]);
    est_results_free(metrics);
    if (st == EST_OK)
        st = predict(j);
    return st == EST_OK && exports ? export(j) : st;
}

int main(int argc, char **argv)
{
    job j = { .folder = argc > 1 ? argv[1] : NULL };
    if (argc < 3 || argc > 5) {
        fprintf(stderr, "Usage: model_fn DATA_FOLDER MODEL_DIR [STEPS [SAVED_MODEL]]\n");
        return 2;
    }
    est_status st = make_estimator(&j, argv[2]);
    if (st == EST_OK && argc == 5)
        st = make_of(&j, argv[4], argv[2]);
    if (st == EST_OK)
        st = run(&j, argc >= 4 ? strtoll(argv[3], NULL, 10) : STEPS, argc < 5);
    if (st != EST_OK)
        fprintf(stderr, "model_fn: %s\n", est_error());
    est_estimator_free(j.estimator);
    est_optimizer_free(j.adam);
    est_optimizer_free(j.adagrad);
    est_columns_free(j.columns);
    return st != EST_OK;
}
