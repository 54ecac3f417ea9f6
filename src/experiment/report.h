/* What a report tells of a model: its scores against the labels, gathered in bounded memory, and what its features are worth. */
#ifndef EST_EXPERIMENT_REPORT_H
#define EST_EXPERIMENT_REPORT_H

#include "base/sketch.h"
#include "experiment/config.h"

typedef enum est__report_kind {
    EST__REPORT_OTHER,            /* nothing but metrics and curves */
    EST__REPORT_BINARY,
    EST__REPORT_CLASSES,
    EST__REPORT_LABELS,           /* any of the classes at once */
    EST__REPORT_NUMBERS
} est__report_kind;

enum { EST__SCORE_BINS = 4096, EST__REPORT_CURVES = 8, EST__REPORT_MATRIX = 40, EST__REPORT_PAIRS = 2000 };

/* Weights of positives and negatives by their score from 0 to 1. */
typedef struct est__scores {
    double positive[EST__SCORE_BINS], negative[EST__SCORE_BINS];
} est__scores;

typedef struct est__importance {
    const char *feature;          /* in the report's arena */
    double gain;                  /* of the loss when the feature's values are shuffled */
} est__importance;

/* What is gathered of one head. */
typedef struct est__report_head {
    const char *name;             /* of one of a MultiHead's, whose keys begin with it; NULL: there is only one head */
    est__report_kind kind;
    int64_t classes;
    const char **class_name;
    est__scores *scores;          /* of each of the first EST__REPORT_CURVES classes; of a binary head one, for class 1 */
    double *confusion;            /* [label][answer], of at most EST__REPORT_MATRIX classes; else NULL */
    double *actual, *predicted;   /* EST__REPORT_NUMBERS: a sample of `pairs` */
    size_t pairs;
    int64_t numbers;              /* that the sample was drawn from */
    est__quantiles residuals;     /* predicted - actual */
    est__random random;
} est__report_head;

typedef struct est__report {
    est__arena arena;
    int64_t rows;
    est__report_head *head;
    size_t num_heads;
    est__importance *importance;  /* the greatest first */
    size_t num_importances;
    double base_loss;             /* that the gains add to */
    est_results *results;
} est__report;

/* `head` as the estimator has it, NULL: it has none; it stays as long as the report. */
est_status est__report_begin(est__report *r, const est_head *head);
void est__report_free(est__report *r);
est_status est__report_batch(const est_predictions *batch, void *report);
/* How much worse the model gets without each feature, on the first rows of the data. */
est_status est__report_importance(est__report *r, est__source *source, const char *checkpoint);
/* `title` names the model; loss curves come from the event files of `model_dir`. */
est_status est__report_html(const est__report *r, const char *title, const char *model_dir, est__buffer *b);

#endif
