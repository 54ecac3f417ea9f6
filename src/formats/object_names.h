/* Object-based checkpoints (tf.train.Checkpoint, Keras): which key stands for the variable of a name. */
#ifndef EST_FORMATS_OBJECT_NAMES_H
#define EST_FORMATS_OBJECT_NAMES_H

#include "formats/bundle.h"

typedef struct est__object_names {
    est_tensor *graph;            /* TrackableObjectGraph, as bytes */
    est__map *key;                /* full name -> its key; NULL: the checkpoint goes by names */
    est__arena arena;
} est__object_names;

/* Errors: DATA_LOSS. Free, whatever comes back. */
est_status est__object_names_read(const est__bundle *b, est__object_names *out);
const char *est__object_name(const est__object_names *o, const char *full_name);   /* NULL: none */
void est__object_names_free(est__object_names *o);

#endif
