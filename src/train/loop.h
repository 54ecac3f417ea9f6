/* The training loop: batches in, steps, and what happens beside them: summaries, log lines, checkpoints, stopping. */
#ifndef EST_TRAIN_LOOP_H
#define EST_TRAIN_LOOP_H

#include <stdatomic.h>

#include <estimator/estimators.h>

#include "data/data.h"
#include "formats/event.h"
#include "heads/spec.h"
#include "train/saver.h"

typedef struct est__loop {
    est_spec *spec;
    est_nodes feeds;              /* placeholders */
    const est__feed *feed;        /* what of a batch feeds each */
    est_dataset *dataset;         /* started */
    bool saves_input;             /* the dataset can tell its place */
    est__session *session;
    est__saver *saver;
    est__event_writer *events;
    const est_run_config *config;
    est__pool *pool;
    int64_t first_step;           /* global step at the start */
    int64_t last_step;            /* where to stop; 0: when the data end */
    int64_t batches;              /* read before, in earlier calls */
    atomic_bool *stop;
    void (*progress)(const est_progress *p, void *user);
    void *progress_user;
    double start;                 /* est__clock() when the verb was called */
} est__loop;

/* CANCELLED when it was asked to stop. In each case but an error a last checkpoint is written. */
est_status est__train_loop(const est__loop *l, est_train_result *result);
/* Begins a checkpoint of global step `step`, with the input's place after `batches` batches. */
est_status est__loop_save(const est__loop *l, int64_t step, int64_t batches);

#endif
