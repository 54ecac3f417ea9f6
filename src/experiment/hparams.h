/* Hyper-parameters for TensorBoard's plugin. */
#ifndef EST_EXPERIMENT_HPARAMS_H
#define EST_EXPERIMENT_HPARAMS_H

#include <estimator/summary.h>

#include "experiment/tune.h"

/* Writes those of a resolved configuration (its model's, and how it is fed) into the run's folder. The writer is for the run's end; whatever
 * comes back, est_summary_writer_free. */
est_status est__hparams_of_run(const char *resolved, const char *model_dir, est_summary_writer **out);

/* Writes which keys a search looks at, and by which metric of evaluations, into the folder above its trials. What is made for it lies in the
 * document. */
est_status est__hparams_of_search(est__yaml_document *d, const est__space *space, size_t count, const char *metric, const char *dir);

#endif
