/* SavedModels: load one (ours or TensorFlow's), look at its signatures, run them; a predictor for many
 * threads. */
#ifndef ESTIMATOR_SAVED_MODEL_H
#define ESTIMATOR_SAVED_MODEL_H

#include <estimator/base.h>
#include <estimator/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A SavedModel in memory: graph, signatures, variables, tables. Any number of threads may use one. */
typedef struct est_saved_model est_saved_model;
/** An input or output of a signature (TensorInfo). */
typedef struct est_tensor_info {
    const char *key;
    const char *name;      /* "input_example_tensor:0" */
    est_dtype dtype;
    est_shape shape;       /* -1: any, as the batch's dimension */
} est_tensor_info;
/** A signature (SignatureDef). */
typedef struct est_signature {
    const char *key;
    const char *method_name;      /* "tensorflow/serving/predict" */
    const est_tensor_info *inputs, *outputs;    /* sorted by key */
    size_t num_inputs, num_outputs;
} est_signature;

/** Loads the meta graph with the tag "serve" from `dir` (tf.saved_model.load). Variables are read when a
 *  predictor needs them.
 *  Errors: NOT_FOUND: no SavedModel, or no such tag; DATA_LOSS: damaged; both name the file. Out: the
 *  caller's, est_saved_model_free. Thread-safe. Since 0.1. */
EST_API est_status est_saved_model_load(const char *dir, est_saved_model **out);
/** Frees it, after its predictors; NULL does nothing. When no other thread uses it. Since 0.1. */
EST_API void est_saved_model_free(est_saved_model *m);
/** Signature i in the order of keys, those that begin with "__" left out; NULL past the end. Lent by `m`.
 *  Thread-safe. Since 0.1. */
EST_API const est_signature *est_saved_model_signature(const est_saved_model *m, size_t i);
/** The tags of the meta graph that was loaded. Lent by `m`. Thread-safe. Since 0.1. */
EST_API est_strings est_saved_model_tags(const est_saved_model *m);

/** One signature made ready to run: planned once (only what its outputs reach), variables and tables bound.
 *  It does not change: any number of threads may use one, each through a call of its own. The saved model
 *  must outlive it. */
typedef struct est_predictor est_predictor;
/** A thread's own room for running a predictor. One thread at a time per call. The predictor must outlive it. */
typedef struct est_predictor_call est_predictor_call;

/** A predictor of a signature.
 *  In: `signature`, NULL: "serving_default", or the only one.
 *  Errors: NOT_FOUND: no such signature (lists those that are there), or no such variable; UNIMPLEMENTED
 *  names an op that is not known here; DATA_LOSS. Out: the caller's, est_predictor_free. Thread-safe. Since
 *  0.1. */
EST_API est_status est_predictor_new(const est_saved_model *m, const char *signature, est_predictor **out);
/** Frees it, after its calls; NULL does nothing. When no other thread uses it. Since 0.1. */
EST_API void est_predictor_free(est_predictor *p);
/** Its signature: the order of inputs and outputs. Lent by the saved model. Thread-safe. Since 0.1. */
EST_API const est_signature *est_predictor_signature(const est_predictor *p);
/** Room for one thread. Errors: RESOURCE_EXHAUSTED. Out: the caller's, est_predictor_call_free. Thread-safe.
 *  Since 0.1. */
EST_API est_status est_predictor_call_new(const est_predictor *p, est_predictor_call **out);
/** Frees it; NULL does nothing. One thread at a time per call. Since 0.1. */
EST_API void est_predictor_call_free(est_predictor_call *c);
/** Runs on the caller's thread. It allocates nothing once it has seen its largest batch.
 *  In: `inputs`, signature->num_inputs tensors in that order, lent for the call.
 *  Out: `outputs`, signature->num_outputs tensors in that order, lent until the next run of this call; an
 *  output may be an input.
 *  Errors: INVALID_ARGUMENT: dtype or shape of an input, named; what a kernel finds in the values. One thread
 *  at a time per call. Since 0.1. */
EST_API est_status est_predictor_run(est_predictor_call *c, const est_tensor *const *inputs, const est_tensor **outputs);

#ifdef __cplusplus
}
#endif
#endif
