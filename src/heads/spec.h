/* The spec from inside: what estimators and exports read of it. */
#ifndef EST_HEADS_SPEC_H
#define EST_HEADS_SPEC_H

#include <estimator/heads.h>
#include <estimator/scaffold.h>

#include "base/base.h"
#include "formats/summary.h"

typedef struct est__named_node { const char *name; est_node *node; } est__named_node;
typedef struct est__summary est__summary;
/* How the value of a summary is written; NULL: it is a scalar, and goes with the others into one event. */
typedef est_status (*est__summary_fn)(est__event_writer *w, int64_t step, const est__summary *s, const est_tensor *value);
typedef enum est__summary_kind { EST__ONE_VALUE, EST__VALUES, EST__CURVE } est__summary_kind;
struct est__summary {
    const char *tag;
    est_node *node;
    est__summary_fn write;
    est__summary_kind kind;       /* EST__VALUES: a value each of images or sounds */
    bool evaluated;               /* in an evaluation */
    int64_t limit;
    double rate;
};
typedef enum est__hook_role { EST__TRAINING_CHIEF, EST__TRAINING, EST__EVALUATION, EST__PREDICTION } est__hook_role;
typedef struct est__spec_hook { est__hook_role role; est_hook *hook; } est__spec_hook;
typedef struct est__export_output {
    const char *key, *method;
    est__named_node *output;
    size_t count;
} est__export_output;

struct est_spec {
    est_graph *graph;          /* lent */
    est_node *global_step;
    est_feature_nodes sparse_labels;   /* name NULL: they are dense */
    est_node *loss, *train_op;
    double loss_tolerance;     /* 0: none */
    est_node *logits;          /* that a head was given; NULL: there is no head */
    est_node *labels;          /* as the head took them; NULL: none */
    est__named_node *target;   /* labels and weights as the head took them; of a MultiHead by its heads: "<head>/labels" */
    size_t num_targets, cap_targets;
    est_node *loss_weights;    /* the same weights with those of classes, in training; NULL: all are 1 */
    est_feature_nodes *label;  /* those that are no dense tensor, or of a MultiHead */
    size_t num_labels, cap_labels;
    est__named_node *prediction;
    size_t num_predictions, cap_predictions;
    est_metric *metric;
    size_t num_metrics, cap_metrics;
    est__summary *summary;
    bool evaluates_summaries;
    size_t num_summaries, cap_summaries;
    est__export_output *export_output;
    size_t num_export_outputs, cap_export_outputs;
    est_nodes penalties;       /* for the head; in the arena */
    est_node *penalty;         /* their sum, once the head has taken it; NULL: none */
    est_status (*init_fn)(est_run_context *c, void *user);   /* NULL: none */
    void *init_user;
    est_node *local_init_op;   /* NULL: none */
    est__spec_hook *hook;      /* a share of each */
    size_t num_hooks, cap_hooks;
    est__arena arena;          /* names */
};
est_status est__spec_new(est_graph *g, est_node *global_step, est_spec **out);
void est__spec_free(est_spec *s);
void est__spec_target(est_spec *s, const char *key, est_node *value);
void est__spec_summary(est_spec *s, est__summary summary);   /* the tag is copied */
/* What an evaluation makes of a summary: of curves all batches count, of others the last one. */
est_status est__summary_add(const est__summary *s, const est_tensor *value, est__pr_curve *curve);
est_status est__summary_evaluated(est__event_writer *w, int64_t step, const est__summary *s, const est_tensor *last, const est__pr_curve *curve);

#endif
