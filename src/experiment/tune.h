/* A search from inside: the spaces that are searched (tune_space.c), and how one trial is run (tune_trial.c). */
#ifndef EST_EXPERIMENT_TUNE_H
#define EST_EXPERIMENT_TUNE_H

#include <estimator/tune.h>

#include "experiment/yaml.h"

typedef enum est__space_kind { EST__SPACE_LIST, EST__SPACE_UNIFORM, EST__SPACE_LOG, EST__SPACE_INT, EST__SPACE_LOG_INT } est__space_kind;

typedef struct est__space {
    const char **path;            /* of the configuration's keys */
    size_t num_paths;
    est__space_kind kind;
    const char **value;           /* of a list, as YAML on one line */
    size_t num_values;
    double low, high;
} est__space;

/* "PATH, PATH=SPACE". What comes back lies in the document. */
est_status est__space_read(est__yaml_document *d, const char *text, est__space *out);
/* A value drawn from it, as YAML. */
const char *est__space_draw(const est__space *s, est__random *r, est__arena *arena);

/* One model of a trial: of its only fold, or of one. */
typedef struct est__trial_run {
    const est_tune_options *options;
    est_strings set;              /* the options' and the trial's */
    const char *model_dir;
    const char *metric;
    bool (*cancelled)(void *user);
    void *user;
} est__trial_run;
/* Trains and evaluates: on this thread, or in processes. */
est_status est__trial_here(const est__trial_run *t, double *score);
est_status est__trial_in_process(const est__trial_run *t, double *score);

#endif
