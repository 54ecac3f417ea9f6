/* The training loop: batches in, steps, and what happens beside them: summaries, log lines, checkpoints, stopping. */
#ifndef EST_TRAIN_LOOP_H
#define EST_TRAIN_LOOP_H

#include <stdatomic.h>

#include <estimator/estimators.h>

#include "data/data.h"
#include "formats/event.h"
#include "heads/spec.h"
#include "train/hooks.h"
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
    est_run_context *hooks;       /* begun */
    const est_run_config *config;
    int64_t save_steps;           /* a checkpoint each so many; not above 0: not by steps */
    double save_secs;
    bool resumed;                 /* the first step's checkpoint is there */
    est__pool *pool;
    int64_t first_step;           /* global step at the start */
    int64_t last_step;            /* where to stop; 0: when the data end */
    int64_t batches;              /* read before, in earlier calls */
    atomic_bool *stop;
    void (*progress)(const est_progress *p, void *user);
    void *progress_user;
    double start;                 /* est__clock() when the verb was called */
} est__loop;

/* CANCELLED when it was asked to stop. A last checkpoint is written unless a step failed: after a hook's failure as well. */
est_status est__train_loop(const est__loop *l, est_train_result *result);

#endif
