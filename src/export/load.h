/* A loaded SavedModel from inside. */
#ifndef EST_EXPORT_LOAD_H
#define EST_EXPORT_LOAD_H

#include <estimator/saved_model.h>

#include "formats/object_graph.h"
#include "formats/saved_model.h"
#include "runtime/runtime.h"

struct est_saved_model {
    const char *dir;
    Tensorflow__SavedModel *message;
    const Tensorflow__MetaGraphDef *meta;
    est__signatures signatures;
    est_signature *signature;
    size_t num_signatures;
    est__bundle *variables;       /* NULL: there are none */
    est__map *restore_keys;       /* name of a VarHandleOp -> key in `variables`; of models that tf.saved_model.save wrote */
    est__object_graph objects;    /* of `variables`, likewise */
    est__resources *resources;    /* filled as predictors are made */
    pthread_mutex_t mutex;        /* one predictor is made at a time */
    est__arena arena;
};

/* The part of the graph that the signature reaches; its variables and tables are filled. */
est_status est__saved_model_graph(est_saved_model *m, const est_signature *s, est_graph **out);

#endif
