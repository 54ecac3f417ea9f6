/* LinearSDCA: what it is told. It trains a linear model as a whole (estimators/sdca.c), not variables by their gradients. */
#include <estimator/linear_sdca.h>

#include "nn/optimizers/optimizer.h"

static const est_field fields[] = {
    EST_FIELD(est_linear_sdca_options, STRING, example_id_column, .needed = true, .doc = "key of a string feature that names each example"),
    EST_FIELD(est_linear_sdca_options, INT, num_loss_partitions, .def = 1, .min = 1, .max = INT32_MAX,
              .doc = "batches that are trained at once, on all workers"),
    EST_FIELD(est_linear_sdca_options, INT, num_table_shards, .def = 1, .min = 1, .max = 1024,
              .doc = "tables that the state of examples lies in"),
    EST_FIELD(est_linear_sdca_options, FLOAT, symmetric_l1_regularization, .max = 1e30, .doc = "times the sum of weights' sizes"),
    EST_FIELD(est_linear_sdca_options, FLOAT, symmetric_l2_regularization, .def = 1, .above_min = true, .max = 1e30,
              .doc = "times half the sum of squared weights"),
    EST_FIELD(est_linear_sdca_options, BOOL, adaptive, .doc = "examples that promise more are taken more often"),
    { 0 }
};

const est__optimizer_kind est__optimizer_linear_sdca = {
    .name = "LinearSDCA", .fields = fields, .options_size = sizeof(est_linear_sdca_options) };
