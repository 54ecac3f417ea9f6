/* Columns from inside: what a kind of column is made of, and what estimators ask of a list of columns. */
#ifndef EST_FEATURE_COLUMNS_COLUMNS_H
#define EST_FEATURE_COLUMNS_COLUMNS_H

#include <estimator/feature_columns.h>

#include "base/base.h"
#include "base/fields.h"
#include "graph/graph.h"

typedef struct est_column_kind est_column_kind;

struct est_column {
    est_column *self;              /* a list of one */
    est_columns *set;
    const est_column_kind *kind;   /* NULL: the nil column of a spoiled set */
    const char *key;
    const char *name;              /* of its variables; unique in a model */
    const void *options;           /* the kind's struct, defaults filled in */
    const void *state;             /* what the kind's check has prepared; in the set's arena */
    const est_column *sequence;    /* the sequence column that it is, or is made of; NULL: of none */
};

/* Ids of a batch, TensorFlow's sparse triple: [n, 2] int64, [n] int64, [2] int64. */
typedef struct est__ids {
    est_node *indices, *values, *dense_shape;
    est_node *weights;             /* of the ids, [n] float32; NULL: each is 1 */
} est__ids;

/* The layer that a column is built in: what those that own a table of weights must know. */
typedef struct est__layer {
    const char *scope;             /* goes before "<column>/embedding_weights": "linear/linear_model/" */
    bool trains_all;               /* also what is not to be trained: tf.estimator's linear models do */
} est__layer;
/* Begins the scope of its operations; `otherwise`: for one without a name. */
est_status est__layer_begin(est_graph *g, const est__layer *layer, const char *otherwise);

/* The features that columns read, as they are gathered: sorted by name, each once. */
typedef struct est__spec_builder {
    est__arena *arena;
    est_feature *feature;
    const est_column **reader;     /* which column asked for it first */
    size_t count, capacity;
} est__spec_builder;
/* Adds one; a feature that is there already must be the same. */
est_status est__spec_add(est__spec_builder *b, const est_column *column, est_feature feature);

/* What a list of columns reads; the arena is that of the first one's set. */
est_status est__spec_of(est_column_list columns, est__spec_builder *b);

struct est_column_kind {
    const char *name;              /* of its tf.feature_column function */
    const est_field *fields;
    size_t options_size;
    bool sequence;                 /* its ids, or rows, are those of [batch · time], not of [batch] */
    bool keyless;                  /* it reads the features of other columns; `check` sets key and name */
    /* What the field table cannot tell; may change name and fill state. Memory comes from
     * est__column_alloc. */
    est_status (*check)(est_column *c);
    est_status (*parse_spec)(const est_column *c, est__spec_builder *b);
    /* The ids of the batch; NULL: not categorical. */
    est__ids (*ids)(est_graph *g, const est_features *f, const est_column *c);
    /* [batch, width] float32; NULL: not dense. */
    est_node *(*dense)(est_graph *g, const est_features *f, const est_column *c, const est__layer *layer);
    int64_t (*width)(const est_column *c);   /* number of ids, or of elements */
    /* Appends what its id or element i stands for; NULL: nothing that has a name. */
    void (*value_name)(const est_column *c, int64_t i, est__buffer *b);
    /* The columns that this one stands for, which models see in its place; NULL: itself. */
    est_column_list (*parts)(const est_column *c);
};
/* All kinds, made from the list of files in Makefile.inc; ends with NULL (kinds.c). */
extern const est_column_kind *const est__column_kinds[];
extern const est_column_kind est__column_bucketized, est__column_hash_bucket, est__column_numeric,
    est__column_sequence_numeric, est__column_weighted;

/* "<kind> '<key>': <text>"; a column that has no key yet: "<kind>: <text>". */
est_status est__column_fail(const est_column *c, const char *format, ...) EST_PRINTF(2, 3);
/* Zeroed memory that lives as long as the set. */
est_status est__column_alloc(est_column *c, size_t size, void *out_pointer);
/* What a column that is given to another must be: one of the same set. `field` is for the message. */
est_status est__column_adopt(const est_column *c, const char *field, const est_column *inner);
/* The same, and a categorical one. */
est_status est__column_check_categorical(const est_column *c, const char *field, const est_column *inner);
/* The name is the inner one's with a suffix; the key is the inner one's. */
est_status est__column_name_after(est_column *c, const est_column *inner, const char *suffix);
est_status est__column_check_default(const est_column *c, est_ints default_value);   /* one number at most */

/* "sex=male"; where the value has no name "zip:17", or the column's name alone when it has but one element. */
void est__column_value_name(const est_column *c, int64_t i, est__buffer *b);

/* The column's feature; fails, naming those that are there, and returns NULL, when it is absent. */
const est_feature_nodes *est__column_feature(est_graph *g, const est_features *f, const est_column *c,
                                             const char *key);
/* A categorical column's input as a sparse triple. Of a dense one, "" and -1 are left out, as TensorFlow
 * does; a variable-length one is taken as it is. Fails when the dtype is not `dtype`. */
est__ids est__column_input(est_graph *g, const est_features *f, const est_column *c, est_dtype dtype);

/* The same of a feature's values, which may have been changed. */
est__ids est__column_sparse(est_graph *g, const est_column *c, const est_feature_nodes *in, est_node *value);
/* What is said of a sequence column where none is taken: by "a linear model". */
est_status est__sequence_refuse(const est_column *c, const char *where);

/* A dense feature as [batch, n]. */
est_node *est__column_matrix(est_graph *g, const est_column *c, const char *key, est_node *x);

/* A name as part of a variable's: TensorFlow writes "_" for each character that is not a letter, a digit,
 * "_", "." or "-". */
void est__column_clean(est__buffer *b, const char *name);
/* est_graph_begin_scope(scope + cleaned name). */
void est__column_begin_scope(est_graph *g, const char *scope, const char *name);

/* The place of each word in a list, int64, `default_value` for others: a table that is filled when a
 * session starts. Of a file: in its first so many lines. */
est_node *est__vocabulary_ids(est_graph *g, est_node *word, const est_values *words, int64_t default_value);
est_node *est__vocabulary_file_ids(est_graph *g, est_node *word, const char *path, int64_t lines,
                                   int64_t default_value);
/* Words that were not found (-1) are hashed to `buckets` ids from `first` on, as tf.lookup.StaticVocabularyTable
 * does. */
est_node *est__vocabulary_spread(est_graph *g, est_node *word, est_node *found, int64_t first, int64_t buckets);
/* What both vocabulary columns refuse. */
est_status est__vocabulary_check(const est_column *c, est_ints default_value, int64_t num_oov_buckets);
est_status est__vocabulary_fail_both(const est_column *c);

/* ---- for explanations (explained.c) ---- */
/* What a layer takes of a column, and the same between 0 and that. */
typedef struct est__explained_input {
    const char *name;              /* of the column */
    est_node *x, *scaled;          /* [batch, …] */
} est__explained_input;
struct est__explained {
    est_node *share;               /* a variable, a scalar: scaled = share · x */
    est__explained_input *input;
    size_t count, capacity;
    est_node *matrix;              /* of trees: [batch, features]; NULL */
};
/* Where the graph is built to be explained: remembers x, and gives what the layer is to go on with. */
est_node *est__column_explained(est_graph *g, const est_column *c, est_node *x);

/* The set stays alive until est_columns_free was called as often as retain and new. */
est_columns *est__columns_retain(est_columns *c);
est_columns *est__columns_of(const est_column *column);   /* NULL: of none */
est__arena *est__columns_arena(est_columns *c);
/* What the list stands for, in the order of names, in memory for est__free. Errors: empty, not columns, a
 * spoiled set, two of one name. `where` opens the message: "LinearClassifier: feature_columns". */
est_status est__columns_sorted(est_column_list columns, const char *where, const est_column ***out,
                               size_t *count);

#endif
