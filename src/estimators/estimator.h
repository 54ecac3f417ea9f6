/* An estimator from inside: what its verbs share. */
#ifndef EST_ESTIMATORS_ESTIMATOR_H
#define EST_ESTIMATORS_ESTIMATOR_H

#include <stdatomic.h>

#include <estimator/add_metrics.h>
#include <estimator/cluster.h>
#include <estimator/estimators.h>

#include "base/base.h"
#include "base/fields.h"
#include "data/data.h"
#include "feature_columns/columns.h"
#include "formats/event.h"
#include "graph/graph.h"
#include "heads/spec.h"
#include "runtime/runtime.h"
#include "train/hooks.h"
#include "train/inputs.h"
#include "train/partitioner.h"
#include "train/warm_start.h"

/* In a checkpoint that was saved after a rule had stopped training; TensorFlow's name. */
#define EST__STOP_VARIABLE "signal_early_stopping/STOP"

/* One mode's graph, made for a dataset's features and kept from call to call: only a newer checkpoint is read again. */
typedef struct est__model {
    est_mode mode;
    est_graph *graph;
    est_spec *spec;
    est__session *session;
    char *checkpoint;             /* that the session holds; NULL: none */
    uint64_t identity;            /* of its .index */
    est__inputs in;               /* what the graph was made for, and is fed */
    est__plan *early, *late;
    est__run *run;
    est_node **planned;           /* what it fetches, then what hooks feed it */
    size_t num_planned, num_fed;
    bool started;                 /* tables are filled, variables have values */
    const est_tensor *const *fed; /* what the late plan was fed in the last run */
    struct est__explaining *explaining;   /* NULL: the graph is not to be explained (explaining.c) */
    bool altered;                 /* a hook's begin has added to the graph: it serves once */
    est__plan *results;           /* of an evaluation: the metrics' values */
    est__run *results_run;
} est__model;

/* What turns the rows of the node est__explained.matrix into contributions. */
typedef struct est__explainer {
    est_strings feature;          /* lent by the estimator */
    const double *bias;           /* [outputs]; lent by the state */
    void *state;
    est_status (*explain)(const void *state, const float *x, int64_t rows, est__pool *pool, double *out);   /* [rows, outputs, features] */
    void (*free)(void *state);
} est__explainer;

/* What a kind of estimator does in its own way. */
typedef struct est__verbs {
    /* Trains on the whole input, in place of steps of an optimizer. */
    est_status (*train)(est_estimator *e, const est_train_options *o, double began, est_train_result *result);
    /* Called before model_fn: the shapes of its variables follow from the checkpoint; NULL: there is none yet. */
    est_status (*prepare)(void *user, const est__bundle *from);
    est_status (*explainer)(void *user, const est__session *s, est__explainer *out);
    est_status (*importances)(est_estimator *e, bool normalize, est_results **out);
} est__verbs;

/* What est_add_metrics was given. */
typedef struct est__added_metrics {
    est_metric_fn fn;
    void *user;
    struct est__added_metrics *next;
} est__added_metrics;

struct est_estimator {
    est__arena arena;
    const char *name;
    est_model_fn model_fn;
    void *user;
    void (*free_user)(void *user);
    const est__verbs *verbs;      /* NULL: the usual ones */
    est_head *head;
    est__added_metrics *added_metrics;
    est_column_list columns;
    est_columns **set;            /* kept alive */
    size_t num_sets;
    est_features_spec features;
    const char *example_id;       /* a string feature that names the examples of training and evaluation; NULL: none */
    est_run_config config;
    est_cluster *cluster;         /* TF_CONFIG */
    est__partitioning parts;      /* of variables in its checkpoints */
    const est_warm_start_settings *warm_start_from;   /* NULL: none */
    const char *first_checkpoint; /* its variables, until model_dir has one; NULL: none */
    char *model_dir;
    atomic_bool stop;
    int64_t evaluations;          /* that have written events, in this process */
    int verbs_running;            /* a hook's verb runs within another */
    est__pool *pool;
    est__model *evaluating, *predicting, *explaining;
    est__arena spec, names;       /* lent by est_estimator_input_spec and est_get_variable_names */
    char latest[4096];            /* by est_estimator_latest_checkpoint */
};

/* The features of a serving input: those of the columns, or the given ones. */
est_status est__estimator_features(est_estimator *e, est_features_spec *out);

/* UNIMPLEMENTED: the run configuration's device_fn puts an operation where nothing is (device_fn.c). */
est_status est__device_fn_check(const est_estimator *e, const est_graph *g);

/* A saver with what the run configuration says of keeping. */
est_status est__estimator_saver(const est_estimator *e, const char *dir, est__saver **out);

/* A verb has ended: with the outermost one a request to stop is spent. */
void est__verb_end(est_estimator *e);

/* Calls input_fn and starts what it gives. */
est_status est__estimator_dataset(est_estimator *e, est_mode mode, est_input_fn input_fn, void *user, est_dataset **out);

/* Builds the graph of a mode over placeholders for the dataset's features, and a session for it that is not started yet. The hooks
 * of `c` (NULL: none) begin in between. */
est_status est__model_new(est_estimator *e, est_mode mode, const est_dataset *d, est_run_context *c, est__model **out);
void est__model_free(est__model *m);
/* Whether the spec says what the mode needs. */
est_status est__check_spec(const est_estimator *e, const est_graph *g, const est_spec *s, est_mode mode);
/* The prefix of the newest checkpoint, else of the first one. */
est_status est__estimator_checkpoint(const est_estimator *e, char *prefix, size_t capacity);
/* Of an evaluation that the model_fn has built. */
est_status est__add_metrics_to(const est_estimator *e, est_spec *s, const est_features *features, est_node *labels);
void est__model_unplan(est__model *m);     /* the plans alone */
/* The cached model of `*place`, or a new one when the dataset's features are others; its session holds the checkpoint `path` (NULL: the
 * newest), read anew only if it is another than last time. The hooks of `c` begin. */
est_status est__model_ready(est_estimator *e, est__model **place, est_mode mode, const est_dataset *d, est_run_context *c,
                            const char *path);
/* The same with the variables of a session that is at work: `prefix` is the checkpoint that holds the same values, NULL: none does. A
 * variable that it lacks makes that NOT_FOUND. */
est_status est__model_adopt(est_estimator *e, est__model **place, const est_dataset *d, est_run_context *c, const est__session *from,
                            const char *prefix);
/* est_evaluate with the variables of a training's session. */
est_status est__evaluate_session(est_estimator *e, const est_evaluate_options *o, const est__session *from, const char *prefix,
                                 est_results **out);

/* ---- verbs that go through batches (evaluate.c) ---- */
est_run_context est__context_new(est_estimator *e, est_hook_list hooks);
/* Plans once per model, and again when callbacks or hooks fetch or feed something else. What hooks fetch follows `fetches`. */
est_status est__model_plan(est_estimator *e, est__model *m, est_run_context *c, est_nodes fetches, est_nodes targets);
/* What is done with each batch. */
typedef struct est__batches {
    int64_t steps;                /* at most; 0: all */
    est_status (*each)(est__model *m, int64_t rows, void *user);
    void *user;
} est__batches;
est_status est__model_run(est_estimator *e, est__model *m, est_run_context *c, est_dataset *d, est__batches b);
/* What such a verb ends with: frees the dataset, and gives `st` with its text. */
est_status est__verb_finish(est_estimator *e, est_dataset *d, est_run_context *c, est_status st);

/* ---- what a model that is to be explained has beside its graph (explaining.c) ---- */
est_status est__explaining_new(struct est__explaining **out);
void est__explaining_free(struct est__explaining *x);
est_status est__explaining_begin(est__model *m);                  /* before the inputs are made */
est_status est__explaining_end(const est_estimator *e, est__model *m);   /* when the graph is there */

/* Results in the given order, in memory of their own. */
typedef struct est__result {
    const char *name;
    double value;
} est__result;
est_status est__results_new(const est__result *r, size_t n, est_results **out);
/* The value of that name; NULL: there is none. Lent by `r`. */
const double *est__results_find(const est_results *r, const char *name);
/* Worths of features, the largest first, sorted in place; `normalize`: their sizes add up to 1. */
est_status est__importances_new(est__result *list, size_t count, bool normalize, est_results **out);

/* graph.pbtxt and the graph's event, as training begins at `step`. */
est_status est__write_graph(est_estimator *e, const est_graph *g, est__event_writer *events, int64_t step);
/* INVALID_ARGUMENT: what steps and max_steps cannot be. */
est_status est__train_check(const est_estimator *e, const est_train_options *o);

#endif
