/* What a kind of head is made of, and what heads share. */
#ifndef EST_HEADS_HEAD_H
#define EST_HEADS_HEAD_H

#include <stdatomic.h>

#include <estimator/heads.h>

#include "base/base.h"
#include "base/fields.h"
#include "feature_columns/columns.h"
#include "graph/graph.h"
#include "heads/calibration.h"
#include "heads/spec.h"

typedef struct est_head_kind est_head_kind;

struct est_head {
    atomic_int owners;
    const est_head_kind *kind;
    est_head_options options;     /* defaults filled in; what it points to lies in the arena */
    bool filled;                  /* options.heads are ours */
    est__arena arena;
};

/* A batch on its way through a head. */
typedef struct est__head_run est__head_run;
struct est__head_run {
    const est_head *head;
    est_graph *g;
    est_spec *spec;
    est_mode mode;
    const est_features *features;
    est_node *logits;             /* [batch, logits_dimension] float32 */
    est_feature_nodes label;      /* as given; no value: there is none */
    est_node *labels;             /* what the kind makes of it: checked, of the loss's dtype, [batch, n] */
    est_node *weights;            /* [batch, 1] or [batch, n] float32; NULL: all are 1 */
    est_node *loss_weights;       /* the same with class_weights, in training */
    est_node *losses;             /* [batch, n] float32: unweighted, per element */
    est_node *loss;               /* a scalar */
    est_node *calibrated;         /* logits that probabilities come from; of classes */
    est_node *class_ids, *scores; /* predictions that metrics look at */
    est__head_run *parts;         /* of a MultiHead, as many as it has heads */
};

struct est_head_kind {
    const char *name;
    const est_field *fields;
    est_status (*check)(est_head *h);
    int64_t (*logits_dimension)(const est_head *h);
    est_feature (*label)(const est_head *h);
    void (*predict)(est__head_run *r, bool export_outputs);   /* predictions, and the signatures */
    void (*labels)(est__head_run *r);        /* sets `labels` */
    est_node *(*losses)(est__head_run *r);   /* per element, where there is no loss_fn */
    void (*metrics)(est__head_run *r);
    est_node *(*link)(est_graph *g, est_node *logits);   /* of a regression; NULL: none */
    est_node *(*loss)(est__head_run *r);     /* over labels and losses: the scalar; NULL: what all others do */
    est_status (*open)(est__head_run *r);    /* before all others; NULL: nothing */
    bool per_logit_weights;                  /* weights may be [batch, logits_dimension] */
    bool takes_loss_fn, takes_link_fn;
};
/* All kinds, made from the list of files in Makefile.inc; ends with NULL (kinds.c). */
extern const est_head_kind *const est__head_kinds[];

/* ---- fields that the kinds' tables have in common ---- */
extern const char *const est__loss_reductions[];
#define EST_HEAD_FIELDS \
    EST_FIELD(est_head_options, STRING, weight_column, .def_text = NULL, \
              .doc = "key of a float feature: weight of an example"), \
    EST_FIELD(est_head_options, STRING, loss_reduction, .def_text = "sum_over_batch_size", \
              .choices = est__loss_reductions, .doc = "mean over the batch's elements, or their sum"), \
    EST_FIELD(est_head_options, STRING, name, .def_text = NULL, \
              .doc = "goes behind the keys of metrics and summaries")
#define EST_HEAD_THRESHOLDS \
    EST_FIELD(est_head_options, FLOATS, thresholds, \
              .doc = "accuracy, precision and recall at each of these, in (0, 1)")
#define EST_HEAD_CLASS_WEIGHTS \
    EST_FIELD(est_head_options, FLOATS, class_weights, \
              .doc = "weight of each class in training, in the order of ids or of label_vocabulary")
#define EST_HEAD_LABEL_DIMENSION \
    EST_FIELD(est_head_options, INT, label_dimension, .def = 1, .min = 1, .max = INT32_MAX, \
              .doc = "labels of an example")
#define EST_HEAD_VOCABULARY \
    EST_FIELD(est_head_options, STRINGS, label_vocabulary, .doc = "labels are these strings; none: integers")

est_status est__head_fail(const est_head *h, const char *format, ...) EST_PRINTF(2, 3);
est_status est__head_check_vocabulary(const est_head *h, int64_t classes);
est_status est__head_check_thresholds(const est_head *h);
est_status est__head_check_class_weights(const est_head *h, int64_t classes);

/* ---- pieces of graph ---- */
est_node *est__to_dtype(est_graph *g, est_node *x, est_dtype dtype);
/* Spoils the graph with what est__head_fail says. */
est_node *est__head_spoil(est__head_run *r, const char *format, ...) EST_PRINTF(2, 3);
/* The label: [batch] becomes [batch, 1]; the last dimension must be `dimension` (-1: any). */
est_node *est__head_labels(est__head_run *r, int64_t dimension);
/* The same with numbers, float32, in [low, high]; FLT_MAX: no bound but that they are finite. */
est_node *est__head_numbers(est__head_run *r, int64_t dimension, double low, double high);
/* Labels as ids in [0, classes), int64 [batch, 1], through the vocabulary where there is one; the step
 * fails on others. */
est_node *est__head_label_ids(est__head_run *r, int64_t classes);
/* Ids of values [n] of a sparse tensor (`indices`; NULL: dense ones), checked likewise. */
est_node *est__head_ids_of(est__head_run *r, est_node *values, est_node *indices, int64_t classes);
/* class_weights of the labels, [batch, 1]. */
est_node *est__head_class_weights(est__head_run *r);
est_node *est__constant_floats(est_graph *g, est_floats values);   /* float32 [count] */
/* The calibration of the options: what it must be, and the logits that it makes of the head's (calibration.c). */
est_status est__head_check_calibration(const est_head *h);
est_node *est__head_calibrated(est__head_run *r);
/* all_class_ids int32 and all_classes string, [batch, classes]. */
est_node *est__head_all_class_ids(est__head_run *r, int64_t classes);
est_node *est__head_all_classes(est__head_run *r, est_node *like, int64_t classes);
/* class_ids int64 [batch, 1] of the larger logit, and the class's name. */
est_node *est__head_class_ids(est__head_run *r, est_node *logits);
est_node *est__head_classes(est__head_run *r, est_node *class_ids);
/* "<key>", or "<key>/<head's name>"; lent by the spec. */
const char *est__head_key(est__head_run *r, const char *key);
void est__head_classify_output(est__head_run *r, est_node *probabilities, int64_t classes);   /* and the default */
void est__head_predictions_output(est__head_run *r);   /* the "predict" signature: all predictions */
/* accuracy, precision and recall at each threshold, of labels and scores. */
void est__head_threshold_metrics(est__head_run *r);

/* ---- what regressions share (regression.c) ---- */
int64_t est__regression_dimension(const est_head *h);
est_feature est__regression_label(const est_head *h);
void est__regression_predict(est__head_run *r, bool export_outputs);
void est__regression_metrics(est__head_run *r);

/* ---- a head step by step, as a MultiHead goes through its own (head.c) ---- */
est_status est__head_open(est__head_run *r);
void est__head_predict(est__head_run *r);
void est__head_loss(est__head_run *r);    /* sets r->loss */
void est__head_metrics(est__head_run *r);

/* For models that are not trained by an optimizer: the spec's loss, and what it is made of: the labels as the loss sees them, [batch, n],
 * and the weights, [batch, 1] or [batch, n]; NULL: all are 1. */
est_status est__head_targets(est_head *h, est_spec *s, const est_features *features, est_node *labels, est_node *logits,
                             est_node **targets, est_node **weights);

#endif
