/* Search over a configuration: trials with other values, each trained and evaluated, the best of them found. */
#ifndef ESTIMATOR_TUNE_H
#define ESTIMATOR_TUNE_H

#include <estimator/experiment.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One trial: a choice of values, and how good it turned out. */
typedef struct est_trial {
    int64_t number;             /* from 0 on; its model directories lie in <dir>/trial-<number> */
    const char *const *value;   /* YAML, one for each of est_tune_options.search, in that order */
    int64_t steps;              /* global steps that it was trained; 0: to the end of its data */
    double score;               /* the metric, its mean over the folds; NaN: the trial failed */
    double deviation;           /* of the folds' scores; 0: one fold */
    const char *error;          /* why it failed; NULL */
} est_trial;

typedef struct est_tune_options {
    est_strings config;         /* needed: paths, as in est_experiment_options, without "-" */
    est_strings set;            /* as there */
    /* needed: "PATH=SPACE", where PATH is a key of the configuration ("task.model.optimizer.learning_rate") and SPACE in YAML a
     * list of values, {uniform: [a, b]}, {log_uniform: [a, b]}, or in whole numbers {int_uniform: [a, b]},
     * {log_int_uniform: [a, b]}. One PATH may name several, "a.b, c.d=SPACE": they get the same value */
    est_strings search;
    const char *method;         /* "random" (default); "grid": every combination, of lists alone; "halving": random trials that train a few
                                   steps, of which the better part goes on three times as long, and so on to trainer.train_steps
                                   (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
                                   optimization", 2016) */
    int64_t trials;             /* 20; random and halving */
    int64_t folds;              /* cross-validation over task.train_data; 0: task.validation_data */
    const char *metric;         /* NULL: "average_loss" */
    const char *goal;           /* "min" or "max"; NULL: by the metric's name ("max" for accuracy, auc, precision, recall and the like) */
    const char *dir;            /* needed: the trials' model directories; a search that is started again goes on in them */
    int64_t jobs;               /* trials at once, each on one thread; 0: as many as there are cores */
    /* The program `estimator`: each trial is a process of it, so that one that fails badly takes nothing along. NULL: trials run
     * on threads of this process. */
    const char *command;
    uint64_t seed;              /* of the choices; 0 is a seed like another */
    void (*each)(const est_trial *t, int64_t done, int64_t all, void *user);   /* after a trial, in any order, never twice at once */
    bool (*cancelled)(void *user);      /* asked now and then; NULL: never */
    void *user;
} est_tune_options;

/** What a search found: its trials, the best first, those that failed last. */
typedef struct est_tune_result {
    const est_trial *trial;
    size_t count;
} est_tune_result;

/** Searches. With the same options it comes to the same trials and the same scores, whatever `jobs` is.
 *  Errors: those of the configuration and of its data; INVALID_ARGUMENT: a space or an option, a folder of another search;
 *  FAILED_PRECONDITION: every trial failed (the first one's error); CANCELLED. Out: the caller's, est_tune_result_free; NULL after a
 *  failure. Thread-safe. Since 0.1. */
EST_API est_status est_tune_sized(const est_tune_options *options, size_t size, est_tune_result **out);
static inline est_status est_tune(const est_tune_options *options, est_tune_result **out)
{
    return est_tune_sized(options, sizeof *options, out);
}
/** Frees it; NULL does nothing. Thread-safe. Since 0.1. */
EST_API void est_tune_result_free(est_tune_result *r);

#ifdef __cplusplus
}
#endif
#endif
