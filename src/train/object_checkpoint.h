/* Object-based checkpoints from inside: objects and the edges between them, their numbering for a checkpoint, the last restore. */
#ifndef EST_TRAIN_OBJECT_CHECKPOINT_H
#define EST_TRAIN_OBJECT_CHECKPOINT_H

#include <estimator/object_checkpoint.h>

#include "train/run_session.h"

typedef struct est__edge {
    const char *name;
    est_trackable *to;
} est__edge;

typedef struct est__slot_edge {
    const char *name;
    est_trackable *original, *slot;
} est__slot_edge;

struct est_trackable {
    est_object_checkpoint *owner;
    const char *variable;         /* its name in the session's graph; NULL: it is none */
    est_tensor *tensor;           /* of the caller's; NULL: it is none */
    const char *scope;            /* of an optimizer: where its slots are looked for; NULL: it is none */
    est__edge *edge;
    size_t num_edges, cap_edges;
    est__slot_edge *slot;
    size_t num_slots, cap_slots;
    int32_t id;                   /* of the last numbering; -1: the root does not reach it */
    const char *path;             /* of the last numbering, escaped; "" of the root */
};

typedef struct est__restoration est__restoration;

struct est_object_checkpoint {
    est_session *session;         /* NULL: there are tensors alone */
    est__arena arena;
    est_trackable **object;       /* all, in the order of their making; the first is the root */
    size_t num_objects, cap_objects;
    est__map *variable;           /* name in the graph -> its object */
    est_trackable nil;            /* what is given after an error */
    est_status status;
    char error[1024];
    est_tensor *save_counter;     /* NULL: not yet */
    est__restoration *restored;   /* NULL: nothing was */
    est_trackable **order;        /* of the last numbering: breadth first from the root, then slots */
    size_t num_ordered, cap_ordered;
    est__arena paths;             /* of that numbering */
    est__buffer text;
    const char **report;          /* what est_object_checkpoint_…_keys lent */
    size_t cap_report;
};

/* Numbers the objects as TensorFlow does, and tells their paths. */
est_status est__objects_number(est_object_checkpoint *c);
/* The key of a variable's value, after a numbering; lent until the next call. NULL: no memory. */
const char *est__object_key(est_object_checkpoint *c, const est_trackable *t);
static inline bool est__has_value(const est_trackable *t)
{
    return t->variable || t->tensor;
}
/* The tensor behind a variable. */
est_status est__trackable_value(est_trackable *t, est_tensor **value);
/* The save counter, made where it is not there yet. */
est_status est__save_counter(est_object_checkpoint *c, int64_t **counter);

/* ---- object_save.c ---- */
/* est_object_checkpoint_save, without telling the folder's file `checkpoint`. */
est_status est__save_numbered(est_object_checkpoint *c, const char *file_prefix, char *path, size_t capacity);

/* ---- object_restore.c ---- */
/* Objects that were added since the last restore get their values from it. */
est_status est__restore_added(est_object_checkpoint *c);
void est__restoration_free(est__restoration *r);

#endif
