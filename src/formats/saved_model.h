/* The SavedModel folder: saved_model.pb, its graphs by tags, their signatures. */
#ifndef EST_FORMATS_SAVED_MODEL_H
#define EST_FORMATS_SAVED_MODEL_H

#include <estimator/tensor.h>

#include "base/base.h"
#include "proto/meta_graph.pb-c.h"

/* Reads <dir>/saved_model.pb; est__proto_free. Errors: NOT_FOUND, DATA_LOSS, UNIMPLEMENTED (the text form;
 * another schema). */
est_status est__saved_model_read(const char *dir, Tensorflow__SavedModel **out);

/* The graph with exactly these tags, in any order; lent by `m`. NOT_FOUND lists what there is. */
est_status est__saved_model_choose(const Tensorflow__SavedModel *m, const char *dir, est_strings tags,
                                   const Tensorflow__MetaGraphDef **out);

/* An input or output of a signature. */
typedef struct est__signature_tensor {
    const char *key;
    const char *name; /* of the tensor in the graph, "x:0"; of a sparse one's values; "" of a composite */
    const char *indices, *dense_shape;   /* of a sparse one, else NULL */
    est_dtype dtype;           /* EST_INVALID: one that this library does not have */
    est_shape shape;
} est__signature_tensor;

typedef struct est__signature {
    const char *key, *method_name;
    est__signature_tensor *inputs, *outputs;   /* sorted by key */
    size_t input_count, output_count;
} est__signature;

typedef struct est__signatures {
    est__signature *list;      /* sorted by key */
    size_t count;
    est__arena arena;
} est__signatures;

/* Lists the signatures of a graph; texts are lent by it. Whatever comes back, est__signatures_free. */
est_status est__signatures_of(const Tensorflow__MetaGraphDef *graph, const char *dir, est__signatures *out);
const est__signature *est__signature_find(const est__signatures *s, const char *key);   /* NULL: absent */
void est__signatures_free(est__signatures *s);

/* A shape from its message; rank -1 when it is unknown, absent, or has more than EST_MAX_RANK dimensions. */
est_shape est__shape_of_proto(const Tensorflow__TensorShapeProto *m);

/* Replaces <dir>/saved_model.pb; the folder is made. */
est_status est__saved_model_write(const char *dir, const Tensorflow__SavedModel *m);

#endif
