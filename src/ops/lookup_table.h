/* A table from keys to values: open addressing, filled once, then only read, by any number of threads. */
#ifndef EST_OPS_LOOKUP_TABLE_H
#define EST_OPS_LOOKUP_TABLE_H

#include "ops/ops.h"

typedef struct est__table {
    est__resource base;
    est_dtype key_dtype, value_dtype;
    bool filled;
    est_tensor *keys, *values;   /* entries as they were imported */
    int64_t *slot;               /* entry + 1; 0: free */
    uint64_t mask;               /* number of slots, a power of two, less one */
    int64_t size;                /* different keys */
} est__table;
extern const est__resource_kind est__table_kind;

est_status est__table_new(const char *name, est_dtype key, est_dtype value, est__table **out);
/* Takes all entries. A key given twice needs the same value both times. A filled table takes the same
 * entries again, no others. */
est_status est__table_import(est__table *t, const est_tensor *keys, const est_tensor *values);
/* The entry with the key keys[i]; -1: none. */
int64_t est__table_find(const est__table *t, const est_tensor *keys, int64_t i);

/* ---- tables that steps change (mutable_table.c) ---- */
/* From pairs of int64 to `width` floats; saved as "<name>-keys" and "<name>-values". The handle. */
est_node *est__mutable_table(est_graph *g, const char *name, int64_t width);
bool est__is_mutable_table(const est_operation *handle);
/* The shape of what LookupTableFindV2 gives for keys of that shape. */
est_shape est__mutable_table_found(const est_operation *handle, const est_shape *keys);
/* LookupTableFindV2 and LookupTableSizeV2 of such a table. */
extern const est__resource_kind est__mutable_table_kind;
est_status est__mutable_table_find_cpu(est_kernel *k);
est_status est__mutable_table_size(const est_kernel *k, int64_t *rows);

/* ---- entries out of a text (vocabulary_text.c): TensorFlow's InitializeTableFromTextFile ---- */
/* What a line gives: a column, or one of these. */
enum { EST__WHOLE_LINE = -2, EST__LINE_NUMBER = -1 };
typedef struct est__vocabulary_text {
    int64_t key_index, value_index;
    int64_t vocab_size;          /* so many lines; -1: all */
    int64_t offset;              /* added to the line's number, which counts from 0 */
    char delimiter;
} est__vocabulary_text;
est_status est__table_import_text(est__table *t, const est__vocabulary_text *s, const char *text, size_t size);
/* Lines of a text, `most` of them at most (0: all). The number of the first empty one, from 1; 0: there is none. */
int64_t est__vocabulary_lines(const char *text, size_t size, int64_t most, int64_t *count);

#endif
