/* What the parts of EstSafeEmbeddingLookupSparse share: its attributes, how its ids are read, its bodies. */
#ifndef EST_OPS_EMBEDDING_H
#define EST_OPS_EMBEDDING_H

#include "ops/variable.h"

typedef enum est__combiner { EST__COMBINE_SUM, EST__COMBINE_MEAN, EST__COMBINE_SQRTN } est__combiner;

typedef struct est__embedding {
    est__combiner combiner;
    float max_norm;        /* 0: rows are taken as they are */
    bool safe;             /* leaves out bad ids and weights, and keeps empty rows */
} est__embedding;

/* From the attributes of the lookup or of its gradient; false: an unknown combiner. */
bool est__embedding_of(const est_operation *op, est__embedding *out);

/* The ids of a batch, from inputs `first` (indices [n, 2], in row order), first + 1 (ids [n]), first + 2
 * (dense_shape [2]) and, where there is one, first + 3 (weights [n]). */
typedef struct est__embedding_ids {
    const int64_t *id;
    const float *weight;   /* NULL: each is 1 */
    int64_t *start;        /* where each row's ids begin; one more for the end. NULL: row r has id r alone */
    int64_t count, rows;   /* ids; rows of the result */
    bool safe, positive;   /* positive: only weights above 0 count */
} est__embedding_ids;
est_status est__embedding_ids_in(est_kernel *k, int first, const est__embedding *how,
                                  est__embedding_ids *out);
static inline int64_t est__embedding_start(const est__embedding_ids *ids, int64_t r)
{
    return ids->start ? ids->start[r] : r;
}
static inline bool est__embedding_counts(const est__embedding_ids *ids, int64_t i)
{
    return !ids->safe || (ids->id[i] >= 0 && (!ids->positive || ids->weight[i] > 0));
}
/* How many count. */
int64_t est__embedding_count(const est__embedding_ids *ids);
/* What the sum of row r is divided by; 0: the row becomes 0. */
float est__embedding_divisor(const est__embedding_ids *ids, int64_t r, est__combiner combiner);

/* embedding_body.c: the lookup in TensorFlow's own ops. */
void est__embedding_body(est_body *b);
void est__embedding_ids_body(est_body *b);
void est__embedding_grad_body(est_body *b);
void est__embedding_weights_grad_body(est_body *b);
/* The rows of `variable` that ids name; with max_norm, not 0, scaled to that norm where they are longer. */
est_node *est__embedding_rows(est_graph *g, est_node *variable, est_node *ids, float max_norm);

/* embedding_grad.c */
void est__embedding_grad(est_grad *b);
est_status est__embedding_ids_infer(est_infer *c);
est_status est__embedding_ids_cpu(est_kernel *k);
est_status est__embedding_grad_infer(est_infer *c);
est_status est__embedding_grad_cpu(est_kernel *k);

#endif
