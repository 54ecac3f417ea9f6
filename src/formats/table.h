/* SSTable, the index file of a checkpoint: sorted keys and values in checked blocks, as LevelDB and
 * TensorFlow write it. */
#ifndef EST_FORMATS_TABLE_H
#define EST_FORMATS_TABLE_H

#include "base/base.h"

typedef struct est__sstable_entry {
    est__bytes key, value;
} est__sstable_entry;

/* All entries of a table in the order of their keys. Values point into the data that was read, keys into
 * `arena`. */
typedef struct est__sstable {
    est__sstable_entry *entries;
    size_t count, capacity, key_bytes;
    est__arena arena;
} est__sstable;

/* Reads a whole table; `data` must outlive it; `what` is a path, for messages. Errors: DATA_LOSS,
 * UNIMPLEMENTED (compressed blocks). Whatever comes back, est__sstable_free. */
est_status est__sstable_read(const void *data, size_t size, const char *what, est__sstable *out);
/* NULL: absent. */
const est__sstable_entry *est__sstable_find(const est__sstable *t, const void *key, size_t n);
void est__sstable_free(est__sstable *t);

/* A block that is being filled: keys that share a prefix with the one before, in full at each restart. */
typedef struct est__sstable_block {
    est__buffer data, restarts, last_key;
    unsigned since_restart, interval;
} est__sstable_block;

/* Collects a table in `out`; a zeroed struct is an empty table. */
typedef struct est__sstable_writer {
    est__buffer out;
    est__sstable_block data, index;
    est__buffer handle;    /* of the block just written */
    size_t count;
} est__sstable_writer;

/* Keys must rise strictly, bytewise. Errors: INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
est_status est__sstable_add(est__sstable_writer *w, const void *key, size_t key_size, const void *value,
                            size_t value_size);
est_status est__sstable_finish(est__sstable_writer *w); /* afterwards `out` is the whole file */
void est__sstable_writer_free(est__sstable_writer *w);

#endif
