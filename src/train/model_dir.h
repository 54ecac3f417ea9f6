/* The checkpoints of a model directory: which there are, which is the newest, the input's place beside them. */
#ifndef EST_TRAIN_MODEL_DIR_H
#define EST_TRAIN_MODEL_DIR_H

#include "formats/bundle.h"

/* The checkpoints of a directory, newest first: as its `checkpoint` file lists them, else (it is missing or damaged, or none of those is
 * there) by the steps in the files' names. Only complete ones (with an .index) are listed. `note`: what is wrong with the file, and what
 * is done about it, for the log; NULL: nothing. DATA_LOSS: the file is there, and no checkpoint. */
typedef struct est__checkpoints {
    char **prefix;
    size_t count, capacity;
    char *note;
} est__checkpoints;
est_status est__checkpoints_list(const char *dir, est__checkpoints *out);   /* free, whatever comes back */
void est__checkpoints_free(est__checkpoints *c);
/* Training goes on from the newest checkpoint: `resume` takes it up. One that is damaged (DATA_LOSS) is passed over with a warning, but the
 * oldest, whose error is returned. `resumed`: there is one at all. */
est_status est__checkpoints_resume(const char *dir, est_status (*resume)(void *user, const char *prefix), void *user, bool *resumed);
/* The step in "…/model.ckpt-500"; -1: none. */
int64_t est__checkpoint_step(const char *prefix);
/* Opens it; DATA_LOSS also when the .index is there and other files of the set are not. */
est_status est__checkpoint_bundle(const char *prefix, est__bundle **out);
/* Removes the files of "…/model.ckpt-500". Our .input goes last: as long as it is there, the rest is known to be ours. */
void est__checkpoint_remove(const char *prefix);
/* Removes what a killed trainer left: sets without an .index, and with `whole` also ours that are older than all that are listed. */
est_status est__checkpoints_clean(const char *dir, const est__checkpoints *listed, bool whole);

/* model.ckpt-N.input: the place of the input after `batches` batches, with the checksum of the .index that it belongs to. */
est_status est__input_write(const char *prefix, uint32_t index_crc, int64_t batches, const void *state, size_t size);
/* NOT_FOUND: there is none, or it belongs to another index (TensorFlow wrote a checkpoint of that step since); DATA_LOSS: damaged. */
est_status est__input_read(const char *prefix, int64_t *batches, char **data, const char **state, size_t *size);

#endif
