/* SSTable, the index file of a checkpoint: sorted keys and values in checked blocks, as LevelDB and TensorFlow write it. */
#ifndef EST_FORMATS_TABLE_H
#define EST_FORMATS_TABLE_H

#include "base/base.h"

typedef struct est__table_entry {
    est__bytes key, value;
} est__table_entry;

/* All entries of a table in the order of their keys. Values point into the data that was read, keys into `arena`. */
typedef struct est__table {
    est__table_entry *entries;
    size_t count, capacity, key_bytes;
    est__arena arena;
} est__table;

/* Reads a whole table; `data` must outlive it; `what` is a path, for messages. Errors: DATA_LOSS, UNIMPLEMENTED (compressed
 * blocks). Whatever comes back, est__table_free. */
est_status est__table_read(const void *data, size_t size, const char *what, est__table *out);
const est__table_entry *est__table_find(const est__table *t, const void *key, size_t n); /* NULL: absent */
void est__table_free(est__table *t);

/* A block that is being filled: keys that share a prefix with the one before, in full at each restart. */
typedef struct est__table_block {
    est__buffer data, restarts, last_key;
    unsigned since_restart, interval;
} est__table_block;

/* Collects a table in `out`; a zeroed struct is an empty table. */
typedef struct est__table_writer {
    est__buffer out;
    est__table_block data, index;
    est__buffer handle;    /* of the block just written */
    size_t count;
} est__table_writer;

/* Keys must rise strictly, bytewise. Errors: INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
est_status est__table_add(est__table_writer *w, const void *key, size_t key_size, const void *value, size_t value_size);
est_status est__table_finish(est__table_writer *w); /* afterwards `out` is the whole file */
void est__table_writer_free(est__table_writer *w);

#endif
