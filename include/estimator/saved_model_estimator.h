/* Exports of all modes, and estimators that are made of them: a model that trains on from its SavedModel, without its model_fn. */
#ifndef ESTIMATOR_SAVED_MODEL_ESTIMATOR_H
#define ESTIMATOR_SAVED_MODEL_ESTIMATOR_H

#include <estimator/estimators.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct est_export_all_options {
    const char *receiver;               /* of prediction: "parsing" (default), "raw", "both" */
    const char *checkpoint_path;        /* prefix; NULL: the newest */
    est_feature label;                  /* dtype and shape; dtype 0: what the head says. Its name is "label" */
} est_export_all_options;
/** Writes a SavedModel with three graphs to <base>/<unix seconds>, by their tags: "train" and "eval", which take a tensor a feature and
 *  "label", and give "loss", "predictions/…" and "metrics/…/value" and "…/update_op" (signatures "train" and "eval"; the training op is
 *  in the collection saved_model_train_op), and "serve", as est_export_saved_model writes it
 *  (tf.estimator.Estimator.experimental_export_all_saved_models with build_raw_supervised_input_receiver_fn).
 *  Out and errors: as est_export_saved_model; INVALID_ARGUMENT: there is no head, and no label is told; UNIMPLEMENTED: a MultiHead, lists
 *  as labels, an estimator that does not train by steps. One thread at a time per estimator. Since 0.1. */
EST_API est_status est_export_all_saved_models_sized(est_estimator *e, const char *base, const est_export_all_options *options, size_t size,
                                                     char *path, size_t capacity);
static inline est_status est_export_all_saved_models(est_estimator *e, const char *base, const est_export_all_options *options, char *path,
                                                     size_t capacity)
{
    return est_export_all_saved_models_sized(e, base, options, options ? sizeof *options : 0, path, capacity);
}

/** An estimator out of the graphs of such a SavedModel (tf.estimator.experimental.SavedModelEstimator). Its variables are those of the
 *  SavedModel, global_step too, until its model directory has a checkpoint. A feature of the data goes where the signature has its key, the
 *  label where it has "label" or the one key that is no feature; [batch] stands for [batch, 1] and the other way round. A mode whose graph is not there fails its verb: NOT_FOUND.
 *  Errors: NOT_FOUND, DATA_LOSS: no SavedModel, or a damaged one; those of est_custom_new. Out: the caller's, est_estimator_free.
 *  Thread-safe. Since 0.1. */
EST_API est_status est_saved_model_estimator_new_sized(const char *saved_model_dir, const est_run_config *config, size_t config_size,
                                                       est_estimator **out);
static inline est_status est_saved_model_estimator_new(const char *saved_model_dir, const est_run_config *config, est_estimator **out)
{
    return est_saved_model_estimator_new_sized(saved_model_dir, config, config ? sizeof *config : 0, out);
}

#ifdef __cplusplus
}
#endif
#endif
