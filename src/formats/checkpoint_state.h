/* The file `checkpoint` of a model directory: which checkpoints there are, the newest of them first named. */
#ifndef EST_FORMATS_CHECKPOINT_STATE_H
#define EST_FORMATS_CHECKPOINT_STATE_H

#include "base/base.h"

typedef struct est__checkpoint_state {
    char *model_checkpoint_path;               /* the newest; NULL: not told */
    char **all_model_checkpoint_paths;         /* oldest first */
    size_t count;
    double *all_model_checkpoint_timestamps;   /* as many, or NULL */
    size_t timestamp_count;
    double last_preserved_timestamp;           /* 0: not told */
    size_t path_capacity, timestamp_capacity;
} est__checkpoint_state;

/* Reads <dir>/checkpoint; a relative path becomes <dir>/<path>. Errors: NOT_FOUND, DATA_LOSS with the line.
 * Whatever comes back, est__checkpoint_state_free. */
est_status est__checkpoint_state_read(const char *dir, est__checkpoint_state *out);

/* The same from its text; `what` is a path, for messages. */
est_status est__checkpoint_state_parse(const char *dir, const char *text, size_t size, const char *what,
                                       est__checkpoint_state *out);

/* Replaces <dir>/checkpoint as TensorFlow writes it; the paths stand there as they are given: usually names
 * without a folder, so that the directory can be moved. */
est_status est__checkpoint_state_write(const char *dir, const est__checkpoint_state *state);

void est__checkpoint_state_free(est__checkpoint_state *state);

#endif
