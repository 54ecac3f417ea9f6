/* Labels of variable length: a model_fn gets them as a SparseTensor; a head that takes labels of one length refuses them. */
#include <math.h>
#include <string.h>

#include <estimator/estimator.h>

#include "base/base.h"
#include "support/est_test.h"

static const est_feature data_features[] = { { .name = "x", .dtype = EST_FLOAT, .shape = { 1, { 1 } } },
                                             { .name = "y", .dtype = EST_INT64, .variable_length = true } };

static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    const char *path = user;
    EST_TRY(est_csv_dataset_new(&((est_csv_options){ .input_path = EST_STRINGS(path), .features = { data_features, 2 },
                                                     .label = EST_STRINGS("y"), .multivalent_delim = '|' }), out));
    est_dataset_batch(est_dataset_repeat(*out, context->mode == EST_TRAIN ? EST_OFF : 1), 4, false);
    return EST_OK;
}

/* How many classes each example has is learnt. */
static est_status model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    est_graph *g = est_spec_graph(spec);
    const est_feature_nodes *y = est_spec_sparse_labels(spec);
    est_node *x = est_features_find(features, "x")->value;
    EST_CHECK(est_features_find(features, "y") == NULL);
    est_node *line = est_dense(g, x, 1, NULL);
    est_spec_prediction(spec, "line", line);
    EST_CHECK_INT(y == NULL, mode == EST_PREDICT);
    if (mode == EST_PREDICT)
        return EST_OK;
    EST_CHECK(y->value == labels);
    EST_CHECK_STR(y->name, "y");
    est_node *ones = est_cast(g, est_ones_like(g, labels), EST_FLOAT);
    est_node *dense = est_op(g, "SparseToDense", NULL, EST_NODES(y->indices, y->dense_shape, ones, est_constant_float(g, 0)), EST_NO_ATTRS);
    est_node *count = est_reduce_sum(g, dense, EST_INTS(1), true);
    est_node *loss = est_loss_reduce(g, est_squared_error(g, count, line), NULL, NULL);
    est_spec_loss(spec, loss);
    est_spec_metric(spec, est_metric_mean(g, "classes", count, NULL));
    est_spec_metric(spec, est_metric_mean(g, "class", est_cast(g, labels, EST_FLOAT), NULL));
    if (mode == EST_TRAIN)
        est_spec_train_op(spec, est_optimizer_minimize(user, g, loss, est_spec_global_step(spec)));
    return EST_OK;
}

static double metric(const est_results *r, const char *name)
{
    for (size_t i = 0; r && i < r->count; i++)
        if (strcmp(r->name[i], name) == 0)
            return r->value[i];
    return NAN;
}

static void models_get_them(void)
{
    const char *path = EST_TEST_FILE("rows.csv", "x,y\n1,3\n2,4|5\n0,\n3,6|7|8\n4,1|2|3|4\n");
    est_estimator *e = NULL;
    est_optimizer *adam = NULL;
    est_results *r = NULL;
    EST_NEED_OK(est_adam_optimizer_new(&((est_adam_options){ .learning_rate = 0.1 }), &adam));
    est_custom_options o = { .model_fn = model_fn, .features = { data_features, 1 }, .user = adam };
    EST_NEED_OK(est_custom_new(&o, &((est_run_config){ .model_dir = est_test_path("model") }), &e));
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = rows, .user = (void *)path, .steps = 300 }), NULL));
    EST_CHECK_OK(est_evaluate(e, &((est_evaluate_options){ .input_fn = rows, .user = (void *)path }), &r));
    EST_CHECK_NEAR(metric(r, "classes"), 2, 0);
    EST_CHECK_NEAR(metric(r, "class"), 4.3, 1e-6);
    EST_CHECK(metric(r, "loss") < 0.1);
    est_results_free(r);
    est_estimator_free(e);
    est_optimizer_free(adam);
}

static void heads_of_one_label_refuse_them(void)
{
    const char *path = EST_TEST_FILE("rows.csv", "x,y\n1,3\n2,4|5\n");
    est_columns *c = est_columns_new();
    est_estimator *e = NULL;
    est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL)), .n_classes = 9 };
    EST_NEED_OK(est_linear_classifier_new(&o, &((est_run_config){ .model_dir = est_test_path("linear") }), &e));
    EST_CHECK_FAILS(est_train(e, &((est_train_options){ .input_fn = rows, .user = (void *)path, .steps = 1 }), NULL),
                    EST_INVALID_ARGUMENT,
                    "MultiClassHead: the label 'y' is of variable length; this head takes labels of one length");
    est_estimator_free(e);
    est_columns_free(c);
}

EST_SUITE(estimators_sparse_labels, EST_TEST(models_get_them), EST_TEST(heads_of_one_label_refuse_them));
