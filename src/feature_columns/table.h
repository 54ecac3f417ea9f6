/* A table of weights that ids look rows up in: what embedding_column and shared_embeddings have in common. */
#ifndef EST_FEATURE_COLUMNS_TABLE_H
#define EST_FEATURE_COLUMNS_TABLE_H

#include "feature_columns/columns.h"

typedef struct est__embedding_table {
    const est_column *categorical;
    int64_t dimension;
    const char *combiner;
    const est_initializer *initializer; /* type NULL: TruncatedNormal, stddev 1 / sqrt(dimension) */
    const char *ckpt_to_load_from, *tensor_name_in_ckpt;
    double max_norm;
    bool trained, safe;
    const void *owner;                  /* of a table that is shared: no other owner may use it; NULL: by its name alone */
} est__embedding_table;

/* The fields that the options of both have, in two parts, and the table that they describe. */
#define EST__TABLE_FIELDS(options)                                                                                          \
    EST_FIELD(options, INT, dimension, .needed = true, .min = 1, .max = INT32_MAX, .doc = "numbers of each row"),           \
    EST_FIELD(options, STRING, combiner, .def_text = "mean", .choices = est__table_combiners,                               \
              .doc = "how the rows of several ids of one example are joined"),                                              \
    EST_FIELD(options, INITIALIZER, initializer, .def_text = "TruncatedNormal, stddev 1 / sqrt(dimension)",                 \
              .doc = "what the table starts from")
#define EST__TABLE_MORE_FIELDS(options, of_trainable)                                                                       \
    EST_FIELD(options, STRING, ckpt_to_load_from, .def_text = NULL, .doc = "a checkpoint that the table starts from"),      \
    EST_FIELD(options, STRING, tensor_name_in_ckpt, .def_text = NULL, .doc = "the table's name in that checkpoint"),        \
    EST_FIELD(options, FLOAT, max_norm, .min = 0, .above_min = true, .max = INFINITY, .def_text = "none",                   \
              .doc = "longer rows are scaled to this norm when they are looked up"),                                        \
    EST_FIELD_NOT(options, "trainable", not_trainable, .doc = of_trainable),                                                \
    EST_FIELD_NOT(options, "use_safe_embedding_lookup", not_safe,                                                           \
                  .doc = "false: ids below 0 fail, rows without ids at the end of a batch vanish")
#define EST__TABLE_OF(o, column)                                                                                            \
    ((est__embedding_table){ .categorical = (column), .dimension = (o)->dimension, .combiner = (o)->combiner,               \
                             .initializer = &(o)->initializer, .ckpt_to_load_from = (o)->ckpt_to_load_from,                 \
                             .tensor_name_in_ckpt = (o)->tensor_name_in_ckpt, .max_norm = (o)->max_norm,                    \
                             .safe = !(o)->not_safe })

extern const char *const est__table_combiners[];
est_status est__table_check(const est_column *c, const est__embedding_table *t);
/* [batch, dimension]: the ids' rows of the variable, which is made where the graph has none of that name. Spoils the graph
 * (INVALID_ARGUMENT) where another owner has made it. */
est_node *est__table_lookup(est_graph *g, const est_features *f, const est_column *c, const est__embedding_table *t,
                            const char *variable);

#endif
