/* What the training loop and the verbs use of a dataset beyond the public functions. */
#ifndef EST_DATA_DATA_H
#define EST_DATA_DATA_H

#include <stdatomic.h>

#include <estimator/data.h>

#include "base/base.h"

/* A batch owns its buffers and keeps them from one filling to the next: a ring of batches makes a hot path without allocation. */
struct est_batch {
    int64_t rows;
    int count;
    est_tensor *value;      /* [rows] + the feature's shape; for variable length the values, [n] */
    est_tensor *offsets;    /* int64 [rows + 1] for variable length; data NULL: dense. Both lent by `room` */
    struct est__batch_room *room;   /* capacities */
    const est_feature *feature;     /* the dataset's own; `count` of them */
    est_tensor rows_value;          /* `rows` as an int64 scalar */
    bool may_lend;                  /* its reader does without `room`: it may show the data themselves, for as long as they stay */
};
/* What feeds a placeholder: a feature's values, its row offsets, or the number of rows. */
typedef struct est__feed {
    int feature;
    bool offsets, rows;
} est__feed;
static inline const est_tensor *est__batch_feed(const est_batch *b, est__feed f)
{
    if (f.rows)
        return &b->rows_value;
    return f.offsets ? &b->offsets[f.feature] : &b->value[f.feature];
}

est_status est__batch_new(const est_dataset *d, est_batch **out);
void est__batch_free(est_batch *b);
/* Appends "input 'NAME' holds inf in example N of the batch" of the first feature of which that is so; false: of none.
 * NULL: only tells. */
bool est__batch_nonfinite(const est_batch *b, est__buffer *out);

/* Checks the chain and starts it at its beginning (or goes back there). `seed`: for a shuffle without one of its own. */
est_status est__dataset_start(est_dataset *d, uint64_t seed);
/* The same for one of several passes over all of it, from 0 on: what is shuffled anew in each epoch is so in each pass. */
est_status est__dataset_start_pass(est_dataset *d, uint64_t seed, int64_t pass);
/* Have its batches no end? Of a callback's own nobody knows. */
bool est__dataset_endless(const est_dataset *d);
/* How many batches a pass gives; it is read to its end where no number tells. INVALID_ARGUMENT: it is endless; CANCELLED: `stop`. */
est_status est__dataset_count(est_dataset *d, const atomic_bool *stop, int64_t *out);
/* Fills the batch; OUT_OF_RANGE at the end. Not yet started: starts with seed 0. */
est_status est__dataset_read(est_dataset *d, est_batch *b);
/* How many batches to make ahead: what est_dataset_prefetch set, or 0. */
int64_t est__dataset_ahead(const est_dataset *d);

/* The place after `batches` batches (which may be fewer than were read: the input thread runs ahead, by at most `window`
 * batches, which is promised by est__dataset_start's caller through est__dataset_window), as bytes. May be called while another
 * thread reads. */
void est__dataset_window(est_dataset *d, int64_t batches);
est_status est__dataset_save(est_dataset *d, int64_t batches, est__buffer *out);
/* Back to a saved place. FAILED_PRECONDITION: saved by another pipeline, or its files have changed: start anew. */
est_status est__dataset_restore(est_dataset *d, const void *state, size_t size, uint64_t seed);
/* A number that changes with the pipeline's stages, features and files (names, sizes, first and last 4 KiB); 0: they cannot
 * be read. */
uint64_t est__dataset_fingerprint(est_dataset *d);

#endif
