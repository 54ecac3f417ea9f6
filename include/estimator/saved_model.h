/* SavedModels: load one (ours or TensorFlow's), look at its signatures, run them; a predictor for many threads. */
#ifndef ESTIMATOR_SAVED_MODEL_H
#define ESTIMATOR_SAVED_MODEL_H

#include <estimator/base.h>
#include <estimator/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A SavedModel in memory: graph, variables and tables. Immutable; any number of threads may use one. */
typedef struct est_saved_model est_saved_model;
typedef struct est_tensor_info {
    const char *key;
    const char *name;      /* "input_example_tensor:0" */
    est_dtype dtype;
    est_shape shape;
} est_tensor_info;
typedef struct est_signature {
    const char *key;
    const char *method_name;      /* "tensorflow/serving/predict" */
    const est_tensor_info *inputs, *outputs;    /* sorted by key */
    size_t num_inputs, num_outputs;
} est_signature;

/** Loads the meta graph with the tag "serve" from `dir`. Errors name file and cause. Since 0.1. */
EST_API est_status est_saved_model_load(const char *dir, est_saved_model **out);
EST_API void est_saved_model_free(est_saved_model *m);
/** Signature i in the order of keys; NULL past the end. Lent. */
EST_API const est_signature *est_saved_model_signature(const est_saved_model *m, size_t i);
EST_API est_strings est_saved_model_tags(const est_saved_model *m);

/** One signature made ready to run: planned once (only what its outputs reach), variables and tables bound. A predictor may be used by
 *  many threads, each through a call of its own. The saved model must outlive it. */
typedef struct est_predictor est_predictor;
typedef struct est_predictor_call est_predictor_call;
/** `signature` NULL: "serving_default", or the only one. NOT_FOUND lists those that are there. Since 0.1. */
EST_API est_status est_predictor_new(const est_saved_model *m, const char *signature, est_predictor **out);
EST_API void est_predictor_free(est_predictor *p);
EST_API const est_signature *est_predictor_signature(const est_predictor *p);
/** A thread's own room for calls; no allocation once it has seen the largest batch. */
EST_API est_status est_predictor_call_new(const est_predictor *p, est_predictor_call **out);
EST_API void est_predictor_call_free(est_predictor_call *c);
/** Runs: inputs in the order of signature->inputs; outputs[i] (of signature->outputs) are lent until the next run of this call.
 *  INVALID_ARGUMENT: dtype or shape of an input, named. */
EST_API est_status est_predictor_run(est_predictor_call *c, const est_tensor *const *inputs, const est_tensor **outputs);

#ifdef __cplusplus
}
#endif
#endif
