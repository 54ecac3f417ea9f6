/* Exports: what a serving input is (receivers), and the SavedModel that is written around a model's graph. */
#ifndef EST_EXPORT_EXPORT_H
#define EST_EXPORT_EXPORT_H

#include "formats/bundle.h"
#include "heads/spec.h"

/* Where a serving graph begins. */
typedef struct est__receiver {
    est_features features;        /* for the model_fn */
    est__named_node *input;       /* what a request holds */
    size_t num_inputs;
    est__named_node *raw;         /* "both": the parsed features, as the alternative "raw" */
    size_t num_raw;
    bool parses;                  /* tf.Examples: then classify and regress are possible */
    est__arena arena;
} est__receiver;

/* `kind`: "parsing", "raw" or "both" (tf.estimator.export's serving_input_receiver_fns). */
est_status est__receiver_new(est_graph *g, const char *kind, est_features_spec spec, est__receiver *out);
void est__receiver_free(est__receiver *r);

/* Writes <base>/<unix seconds>, whole or not at all; variables come from the checkpoint. */
est_status est__export_saved_model(const est_spec *spec, const est__receiver *r, const est__bundle *checkpoint, const char *base,
                                   char *path, size_t capacity);

/* Removes such a folder: the files of an export alone. */
void est__export_remove(const char *path);

#endif
