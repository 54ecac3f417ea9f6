/* The feeder: a thread that reads batches and runs the early plan on them, ahead of the step, into a small ring. */
#ifndef EST_TRAIN_FEEDER_H
#define EST_TRAIN_FEEDER_H

#include "data/data.h"
#include "runtime/runtime.h"

typedef struct est__feeder est__feeder;

/* Takes over reading from a started dataset (batch by batch; the dataset stays the caller's). `feed`: what of a batch feeds each of
 * the plan's feeds. `early` gives what the step is fed; where it fails, the message begins with "<what> <number of the batch>:", and the
 * first one's is first + 1. `looks`: for est__feeder_nonfinite. */
est_status est__feeder_new(est_dataset *d, const est__plan *early, const est__feed *feed, size_t count, const char *what, int64_t first,
                           bool looks, est__feeder **out);
/* The next batch: what the early plan gave (lent until the next call) and its rows. OUT_OF_RANGE: the data has ended. */
est_status est__feeder_next(est__feeder *f, const est_tensor *const **fetches, int64_t *rows);
/* The batch that the last est__feeder_next gave, as it was read: for messages. */
const est_batch *est__feeder_batch(const est__feeder *f);
/* Whether one of that batch's features holds NaN or infinity; the feeder's thread has looked. */
bool est__feeder_nonfinite(const est__feeder *f);
void est__feeder_free(est__feeder *f);    /* ends the thread */
/* ABORTED: "step N: loss is NaN; …" of a step that was computed and not assigned, `step` having been done before: replays it with `feeds`
 * for the feeds of `options` (not_finite.c). */
est_status est__step_not_finite(const est_graph *g, const est__plan_options *options, const est_tensor *const *feeds, const est_batch *batch,
                                int64_t step, float loss);
/* How many batches a feeder reads ahead of the one in use, at most. */
int64_t est__feeder_window(const est_dataset *d);

#endif
