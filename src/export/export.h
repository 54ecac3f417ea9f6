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

/* A tensor a feature, as "raw", for training and evaluation: the last of `spec` is the label. */
est_status est__receiver_supervised(est_graph *g, est_features_spec spec, est__receiver *out, est_node **label);

/* A graph of an export; of training and evaluation its one export output is that of est__export_supervised. */
typedef struct est__export_graph {
    est_mode mode;
    est_spec *spec;
    est__receiver receiver;
} est__export_graph;
/* Loss, predictions and metrics become the export output "train" or "eval". */
est_status est__export_supervised(est_spec *s, est_mode mode);
/* Writes <base>/<unix seconds>, whole or not at all; variables, those of the first graph, come from the checkpoint. */
est_status est__export_saved_model(const est__export_graph *graphs, size_t count, const est__bundle *checkpoint, const char *base,
                                   char *path, size_t capacity);

/* Removes such a folder: the files of an export alone. */
void est__export_remove(const char *path);

#endif
