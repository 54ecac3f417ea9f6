/* Recurrent estimators: sequences that order alone tells apart, the same bits after a stop and on any number of
 * threads, what they refuse. */
#include <string.h>

#include <estimator/estimator.h>

#include "base/base.h"
#include "support/est_test.h"

enum { ROWS = 32, LONGEST = 5 };

/* Does the last value of a row exceed its first one? */
static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    static const char *const names[] = { "x", "age" };
    static float x[ROWS * LONGEST], age[ROWS];
    static int64_t offset[ROWS + 1], label[ROWS];
    est__random r = { .key = 3 };
    (void)user;
    for (int i = 0; i < ROWS; i++) {
        int64_t n = 2 + i % (LONGEST - 1), first = offset[i];
        for (int64_t j = 0; j < n; j++)
            x[first + j] = (float)est__random_below(&r, 1000) / 500 - 1;
        offset[i + 1] = first + n;
        label[i] = x[first + n - 1] > x[first];
        age[i] = (float)(i % 3);
    }
    est_tensor values = { .dtype = EST_FLOAT, .shape = EST_SHAPE(offset[ROWS]), .data = x };
    est_tensor offsets = { .dtype = EST_INT64, .shape = EST_SHAPE(ROWS + 1), .data = offset };
    est_tensor ages = { .dtype = EST_FLOAT, .shape = EST_SHAPE(ROWS), .data = age };
    est_tensor y = { .dtype = EST_INT64, .shape = EST_SHAPE(ROWS), .data = label };
    EST_TRY(est_memory_dataset_new_ragged(names, (const est_tensor *const[]){ &values, &ages },
                                          (const est_tensor *const[]){ &offsets, NULL }, 2, &y, out));
    est_dataset_repeat(*out, context->mode == EST_TRAIN ? EST_OFF : 1);
    est_dataset_batch(*out, 7, false);
    return EST_OK;
}

static est_estimator *classifier(const char *dir, int threads, est_rnn_classifier_options o)
{
    est_estimator *e = NULL;
    est_columns *c = est_columns_new();
    o.sequence_feature_columns = EST_COLUMNS(est_sequence_numeric_column(c, "x", NULL));
    o.context_feature_columns = EST_COLUMNS(est_numeric_column(c, "age", NULL));
    EST_CHECK_OK(est_rnn_classifier_new(&o, &(est_run_config){ .model_dir = dir, .num_threads = threads, .tf_random_seed = 5 }, &e));
    est_columns_free(c);
    return e;
}

static double accuracy(est_estimator *e)
{
    est_results *r = NULL;
    double v = -1;
    EST_CHECK_OK(est_evaluate(e, &(est_evaluate_options){ .input_fn = rows }, &r));
    for (size_t i = 0; r && i < r->count; i++)
        if (strcmp(r->name[i], "accuracy") == 0)
            v = r->value[i];
    est_results_free(r);
    return v;
}

static void learns_an_order(void)
{
    est_optimizer *adam;
    EST_NEED_OK(est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.03 }, &adam));
    est_estimator *e = classifier(est_test_path("m"), 0, (est_rnn_classifier_options){ .units = EST_INTS(8), .cell_type = "gru",
                                                                                      .optimizer = adam });
    EST_NEED(e != NULL);
    EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = rows, .steps = 250 }, NULL));
    EST_CHECK(accuracy(e) > 0.9);
    est_estimator_free(e);
    est_optimizer_free(adam);
}

static void train(const char *dir, int threads, int64_t max_steps)
{
    est_estimator *e = classifier(dir, threads, (est_rnn_classifier_options){ .units = EST_INTS(5, 3), .cell_type = "lstm" });
    if (e)
        EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = rows, .max_steps = max_steps }, NULL));
    est_estimator_free(e);
}

static void resumes_to_the_same_bits(void)
{
    static const char *const names[] = { "rnn_model/rnn/stacked_rnn_cells/lstm_cell/kernel",
                                         "rnn_model/rnn/stacked_rnn_cells/lstm_cell_1/recurrent_kernel", "rnn_model/logits/bias",
                                         "training/Adagrad/rnn_model/rnn/stacked_rnn_cells/lstm_cell/bias/accumulator" };
    train(est_test_path("whole"), 1, 12);
    train(est_test_path("parts"), 2, 5);
    train(est_test_path("parts"), 3, 12);
    est_rnn_classifier_options o = { .units = EST_INTS(5, 3), .cell_type = "lstm" };
    est_estimator *a = classifier(est_test_path("whole"), 1, o), *b = classifier(est_test_path("parts"), 1, o);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        est_tensor *x = NULL, *y = NULL;
        EST_CHECK_OK(est_get_variable_value(a, names[i], &x));
        EST_CHECK_OK(est_get_variable_value(b, names[i], &y));
        if (x && y) {
            size_t n = (size_t)est_shape_elements(&x->shape) * sizeof(float);
            EST_CHECK_BYTES(x->data, n, y->data, n);
        }
        est_tensor_free(x);
        est_tensor_free(y);
    }
    est_estimator_free(a);
    est_estimator_free(b);
}

/* tf.estimator's names: of a layer with units=n, and of a cell with units=[n]. */
static void names_its_layer(void)
{
    static const char *const names[] = { "rnn_model/gru/gru_cell/kernel", "rnn_model/rnn/gru_cell/kernel" };
    const est_rnn_classifier_options o[] = { { .layer_units = 4, .cell_type = "gru" }, { .units = EST_INTS(4), .cell_type = "gru" } };
    for (size_t i = 0; i < 2; i++) {
        est_tensor *kernel = NULL;
        est_estimator *e = classifier(est_test_path(i ? "cell" : "layer"), 1, o[i]);
        EST_NEED(e != NULL);
        EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = rows, .max_steps = 1 }, NULL));
        EST_CHECK_OK(est_get_variable_value(e, names[i], &kernel));
        EST_CHECK(kernel && kernel->shape.rank == 2 && kernel->shape.dim[0] == 2 && kernel->shape.dim[1] == 12);
        est_tensor_free(kernel);
        est_estimator_free(e);
    }
}

/* ---- a cell of one's own: the simple one, with its variables' names and first values ---- */

typedef struct own_cell {
    est_node *kernel, *recurrent, *bias;
    int graphs;
} own_cell;

static const int64_t own_units[] = { 4 };

static est_node *own_variable(est_graph *g, const char *name, est_shape shape, est_node *initial)
{
    return est_variable(g, est_test_text("rnn_model/rnn/simple_rnn_cell/%s", name),
                        &(est_variable_options){ .shape = shape, .initial_value = initial });
}

static est_status build_own(est_graph *g, int64_t input_size, void *user)
{
    own_cell *c = user;
    est_shape in = EST_SHAPE(input_size, 4), recurrent = EST_SHAPE(4, 4);
    est_graph_begin_scope(g, "rnn_model/rnn/simple_rnn_cell");
    c->kernel = own_variable(g, "kernel", in, est_glorot_uniform(g, in));
    c->recurrent = own_variable(g, "recurrent_kernel", recurrent,
                                est_initial_value(g, recurrent, &(est_initializer){ .type = "Orthogonal" }));
    c->bias = own_variable(g, "bias", EST_SHAPE(4), NULL);
    est_graph_end_scope(g);
    return est_graph_status(g);
}

static void step_own(est_graph *g, est_node *x, est_nodes states, est_node **output, est_node **new_states, void *user)
{
    const own_cell *c = user;
    est_node *a = est_bias_add(g, est_matmul(g, x, est_read(g, c->kernel)), est_read(g, c->bias));
    *output = new_states[0] = est_tanh(g, est_add(g, a, est_matmul(g, states.data[0], est_read(g, c->recurrent))));
}

static est_status cell_fn(est_mode mode, est_rnn_cell *cell, void *user)
{
    (void)mode;
    ((own_cell *)user)->graphs++;
    *cell = (est_rnn_cell){ .state_sizes = { own_units, 1 }, .build = build_own, .step = step_own, .user = user };
    return EST_OK;
}

static void a_cell_of_ones_own(void)
{
    static const char *const names[] = { "rnn_model/rnn/simple_rnn_cell/kernel", "rnn_model/rnn/simple_rnn_cell/recurrent_kernel",
                                         "rnn_model/rnn/simple_rnn_cell/bias", "rnn_model/logits/kernel" };
    own_cell own = { 0 };
    est_estimator *a = classifier(est_test_path("known"), 1, (est_rnn_classifier_options){ .units = EST_INTS(4) });
    est_estimator *b = classifier(est_test_path("own"), 1,
                                  (est_rnn_classifier_options){ .rnn_cell_fn = cell_fn, .rnn_cell_user = &own });
    EST_NEED(a != NULL && b != NULL);
    EST_CHECK_OK(est_train(a, &(est_train_options){ .input_fn = rows, .max_steps = 30 }, NULL));
    EST_CHECK_OK(est_train(b, &(est_train_options){ .input_fn = rows, .max_steps = 30 }, NULL));
    EST_CHECK_NEAR(accuracy(a), accuracy(b), 1e-6);
    EST_CHECK(own.graphs >= 2);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        est_tensor *x = NULL, *y = NULL;
        EST_CHECK_OK(est_get_variable_value(a, names[i], &x));
        EST_CHECK_OK(est_get_variable_value(b, names[i], &y));
        for (int64_t j = 0; x && y && j < est_shape_elements(&x->shape); j++)
            EST_CHECK_NEAR(((float *)y->data)[j], ((float *)x->data)[j], 1e-5);
        est_tensor_free(x);
        est_tensor_free(y);
    }
    est_estimator_free(a);
    est_estimator_free(b);
}

static void under_any_head(void)
{
    est_head *head = NULL;
    est_estimator *e = NULL;
    est_columns *c = est_columns_new();
    EST_NEED_OK(est_head_new("RegressionHead", &(est_head_options){ 0 }, &head));
    est_rnn_estimator_options o = { .head = head, .units = EST_INTS(4),
                                    .sequence_feature_columns = EST_COLUMNS(est_sequence_numeric_column(c, "x", NULL)) };
    EST_CHECK_OK(est_rnn_estimator_new(&o, &(est_run_config){ .model_dir = est_test_path("m") }, &e));
    est_head_free(head);
    est_columns_free(c);
    est_estimator_free(e);
}

static void fails(const est_rnn_classifier_options *o, const char *message)
{
    est_estimator *e;
    EST_CHECK_FAILS(est_rnn_classifier_new(o, NULL, &e), EST_INVALID_ARGUMENT, message);
    EST_CHECK(e == NULL);
}

/* What the columns are is found as the graph is built. */
static void fails_to_train(const est_rnn_classifier_options *o, const char *message)
{
    est_estimator *e = NULL;
    EST_NEED_OK(est_rnn_classifier_new(o, &(est_run_config){ .model_dir = est_test_path("m") }, &e));
    EST_CHECK_FAILS(est_train(e, &(est_train_options){ .input_fn = rows, .max_steps = 1 }, NULL), EST_INVALID_ARGUMENT, message);
    est_estimator_free(e);
}

static void refuses_what_it_cannot_be(void)
{
    est_columns *c = est_columns_new();
    est_column *x = est_sequence_numeric_column(c, "x", NULL), *age = est_numeric_column(c, "age", NULL);
    est_column_list sequence = { &x, 1 }, plain = { &age, 1 };
    fails(&(est_rnn_classifier_options){ .units = EST_INTS(3) },
          "RNNClassifier: sequence_feature_columns is missing: what the model sees of each step");
    fails(&(est_rnn_classifier_options){ .sequence_feature_columns = sequence },
          "RNNClassifier: units is missing: units of each recurrent layer");
    fails(&(est_rnn_classifier_options){ .sequence_feature_columns = sequence, .units = EST_INTS(4), .layer_units = 4 },
          "RNNClassifier: layer_units and units are both given; it takes one of them");
    fails(&(est_rnn_classifier_options){ .sequence_feature_columns = sequence, .units = EST_INTS(4), .rnn_cell_fn = cell_fn },
          "RNNClassifier: rnn_cell_fn and units are both given; it takes one of them");
    fails(&(est_rnn_classifier_options){ .sequence_feature_columns = sequence, .layer_units = -4 },
          "RNNClassifier: units is -4; it must be at least 1");
    fails(&(est_rnn_classifier_options){ .sequence_feature_columns = sequence, .units = EST_INTS(4, 0) },
          "RNNClassifier: units[1] is 0; it must be at least 1");
    fails(&(est_rnn_classifier_options){ .sequence_feature_columns = sequence, .units = EST_INTS(4), .cell_type = "lstn" },
          "RNNClassifier: cell_type is 'lstn'; it must be 'simple_rnn', 'lstm' or 'gru'; did you mean "
          "'lstm'?");
    fails_to_train(&(est_rnn_classifier_options){ .sequence_feature_columns = plain, .units = EST_INTS(4) },
                   "feature column 'age' is no sequence column; a sequence layer takes sequence_numeric_column, and indicator_column "
                   "and embedding_column over sequence_categorical_column_with_…");
    fails_to_train(&(est_rnn_classifier_options){ .sequence_feature_columns = sequence, .context_feature_columns = sequence,
                                                  .units = EST_INTS(4) },
                   "feature column 'x' is a sequence_numeric_column, which is for sequence_input_layer; an input layer takes "
                   "numeric_column in its place");
    est_columns_free(c);
}

static void optimizer_by_default(void)
{
    est_optimizer *o;
    EST_NEED_OK(est_estimator_optimizer("RNNClassifier", "optimizer", NULL, &o));
    EST_CHECK_STR(est_optimizer_name(o), "Adagrad");
    EST_CHECK_NEAR(((const est_adagrad_options *)est_optimizer_options(o))->learning_rate, 0.05, 0);
    EST_CHECK_NEAR(((const est_adagrad_options *)est_optimizer_options(o))->clipnorm, 5, 0);
    est_optimizer_free(o);
}

EST_SUITE(estimators_rnn, EST_TEST(learns_an_order), EST_TEST(resumes_to_the_same_bits), EST_TEST(names_its_layer), EST_TEST(a_cell_of_ones_own), EST_TEST(under_any_head),
          EST_TEST(refuses_what_it_cannot_be), EST_TEST(optimizer_by_default));
