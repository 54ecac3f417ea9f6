/* The losses that SDCA knows, each with its dual: Shalev-Shwartz and Zhang 2013, with Ma et al. 2015's number of partitions. */
#ifndef EST_OPS_SDCA_LOSSES_H
#define EST_OPS_SDCA_LOSSES_H

#include "base/base.h"

/* An example as its dual variable sees it. */
typedef struct est__sdca_example {
    double label;                 /* after `label` */
    double weight;
    double dual;                  /* of the step before */
    double margin;                /* w x, of the weights now */
    double curvature;             /* partitions * weight * |x|^2 / l2: how fast the margin grows with the dual */
} est__sdca_example;

typedef struct est__sdca_loss {
    const char *name;             /* TensorFlow's loss_type */
    bool (*label)(double *label); /* what it computes with; false: there is no such label */
    const char *wanted;           /* of the label, for messages */
    double (*updated)(const est__sdca_example *e);              /* the dual that maximises the dual objective along its axis */
    double (*primal)(double margin, double label);
    double (*dual)(double dual, double label);                  /* the convex conjugate at -dual */
    double (*slope)(double margin, double label);               /* d primal / d margin */
    double smoothness;
} est__sdca_loss;

const est__sdca_loss *est__sdca_loss_find(const char *name);    /* NULL: unknown */

#endif
