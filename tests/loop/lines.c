#include "loop/lines.h"

#include <math.h>

est_status lines_data(const est_input_context *context, est_dataset **out, void *user)
{
    enum { MOST = 64 };
    static const char *const name = "x";
    int64_t n = *(const int *)user;
    float x[MOST], y[MOST];
    (void)context;
    for (int i = 0; i < n; i++) {
        x[i] = (float)i;
        y[i] = 2 * x[i] + 1;
    }
    est_tensor in = { .dtype = EST_FLOAT, .shape = EST_SHAPE(n, 1), .data = x }, labels = { .dtype = EST_FLOAT, .shape = EST_SHAPE(n, 1), .data = y };
    est_status st = est_memory_dataset_new(&name, (const est_tensor *const[]){ &in }, 1, &labels, out);
    if (st == EST_OK)
        est_dataset_batch(*out, 2, false);
    return st;
}

est_node *lines_model(est_graph *g, const est_features *features, est_mode mode, void *user)
{
    (void)mode, (void)user;
    est_node *zeros = est_zeros(g, EST_FLOAT, EST_SHAPE(1, 1));
    return est_dense(g, features->data[0].value, 1, &(est_dense_options){ .name = "line", .kernel_initializer = zeros });
}

est_status lines_loop(est_training_loop_options o, const int *training, const int *validation, double rate, est_training_loop **out)
{
    est_optimizer *sgd;
    *out = NULL;
    est_status st = est_sgd_optimizer_new(&(est_sgd_options){ .learning_rate = rate }, &sgd);
    if (st != EST_OK)
        return st;
    o.training = lines_data;
    o.training_user = (void *)(uintptr_t)training;
    o.validation = validation ? lines_data : NULL;
    o.validation_user = (void *)(uintptr_t)validation;
    o.optimizer = sgd;
    if (o.loss_fn == NULL && o.loss == NULL)
        o.loss = "mean_squared_error";
    st = est_training_loop_new(&o, out);
    est_optimizer_free(sgd);
    return st;
}

double lines_value(const est_training_loop *l, const char *name)
{
    const est_tensor *value;
    return est_training_loop_variable(l, name, &value) == EST_OK ? (double)*(const float *)value->data : (double)NAN;
}
