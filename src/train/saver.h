/* The saver: writes checkpoints in the background while training goes on, and keeps as many as is wanted. It holds the directory's lock,
 * so that there is one trainer at a time. */
#ifndef EST_TRAIN_SAVER_H
#define EST_TRAIN_SAVER_H

#include "train/partitioner.h"
#include "train/session.h"

typedef struct est__saver est__saver;

typedef struct est__saver_options {
    int64_t keep;                 /* how many checkpoints stay; not above 0: all */
    double every_n_hours;         /* one in so many hours stays beside them; 0: none */
    const est__partitioning *parts;   /* copied */
} est__saver_options;
/* Makes the directory, takes its lock (FAILED_PRECONDITION when another trainer holds it), removes what a killed one left. */
est_status est__saver_new(const char *model_dir, const est__saver_options *o, est__saver **out);
/* Copies the session's variables and begins to write model.ckpt-<step> from the copy. An earlier save is waited for; its error is
 * returned here. `input`: the input's place after `batches` batches; NULL: none. */
est_status est__saver_save(est__saver *s, const est__session *session, int64_t step, int64_t batches, const est__buffer *input);
/* Waits for the save in progress, and tells how it went. */
est_status est__saver_wait(est__saver *s);
/* Lists model.ckpt-<step>, which is there, as the newest one. */
est_status est__saver_promote(est__saver *s, int64_t step);
/* Does a trainer hold the lock of this model directory? */
bool est__saver_at_work(const char *model_dir);
/* The step of the newest save that was begun; -1: none. */
int64_t est__saver_last(const est__saver *s);
void est__saver_free(est__saver *s);

#endif
