/* The whole public interface of libestimator. */
#ifndef ESTIMATOR_ESTIMATOR_H
#define ESTIMATOR_ESTIMATOR_H

#include <estimator/base.h>
#include <estimator/checkpoint.h>
#include <estimator/data.h>
#include <estimator/estimators.h>
#include <estimator/experiment.h>
#include <estimator/feature_columns.h>
#include <estimator/fields.h>
#include <estimator/graph.h>
#include <estimator/heads.h>
#include <estimator/inspect.h>
#include <estimator/nn.h>
#include <estimator/ops.h>
#include <estimator/records.h>
#include <estimator/run_config.h>
#include <estimator/saved_model.h>
#include <estimator/status.h>
#include <estimator/tensor.h>
#include <estimator/version.h>

#endif
