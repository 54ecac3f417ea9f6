/* Checkpoints that are kept apart: sets that rotation in the model directory does not remove. */
#ifndef EST_TRAIN_KEPT_H
#define EST_TRAIN_KEPT_H

#include "base/base.h"

/* Puts the set of a checkpoint into the folder `dir` as well (by links where the file system can), as the newest one there; the
 * oldest ones go until at most `keep` are left (0: all stay). NOT_FOUND: it is not there. */
est_status est__checkpoint_keep(const char *prefix, const char *dir, int64_t keep);
/* The files alone; those that are there already stay. */
est_status est__checkpoint_link(const char *prefix, const char *dir);

#endif
