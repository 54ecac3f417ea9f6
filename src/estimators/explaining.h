/* What a model that is to be explained has beside its graph. */
#ifndef EST_ESTIMATORS_EXPLAINING_H
#define EST_ESTIMATORS_EXPLAINING_H

#include "estimators/estimator.h"

/* Local variables, set before each run: how far the inputs are from the baseline, and [outputs] 1 for the logit that is looked at. */
#define EST__EXPLAIN_SHARE "explain/share"
#define EST__EXPLAIN_OUTPUT "explain/output"

struct est__explaining {
    est__explained inputs;
    est_node *output;
    est_node *parts;              /* [batch, inputs]: x times the gradient; NULL: there are no inputs */
    bool adds_up;                 /* the logits are sums of the inputs: the gradient is the same everywhere */
};

#endif
