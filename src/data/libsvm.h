/* libsvm text as a format of files. */
#ifndef EST_DATA_LIBSVM_H
#define EST_DATA_LIBSVM_H

#include "data/files.h"

typedef struct est__libsvm {
    int64_t num_features;      /* 0: index and value, of variable length */
    est_dtype label_dtype;
    int label;                 /* its column; -1: it is not given */
    bool no_label;             /* lines begin with a pair */
} est__libsvm;

/* The features of its table; sets f->label. `label` NULL: it is read over. */
void est__libsvm_features(est__libsvm *f, const char *label, est_feature feature[3], size_t *count);
void est__libsvm_parse(const est__libsvm *f, est__block *b, bool skip);

#endif
