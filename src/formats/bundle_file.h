/* What the writer and the reader of a TensorBundle share: the names of its files, the keys of its index, an open bundle. */
#ifndef EST_FORMATS_BUNDLE_FILE_H
#define EST_FORMATS_BUNDLE_FILE_H

#include "formats/bundle.h"
#include "formats/table.h"
#include "proto/graph.pb-c.h"
#include "proto/tensor_bundle.pb-c.h"

enum { EST__BUNDLE_VERSION = 1 };

/* The caller's, est__free; NULL: no memory. */
char *est__bundle_data_path(const char *prefix, int shard, int shards);
char *est__bundle_index_path(const char *prefix);
/* Appends the key of a part, which sorts before all names. Length -1 stands for a whole dimension. */
void est__bundle_slice_key(est__buffer *key, const char *name, int rank, const int64_t *start, const int64_t *length);
/* The checksum goes on over the length of a string. */
uint32_t est__bundle_crc_of_length(uint32_t crc, uint64_t length);

/* ---- reading ---- */

typedef struct est__bundle_shard {
    char *path;
    int fd;
    int64_t size;
} est__bundle_shard;

typedef struct est__bundle_place {   /* where the bytes of an entry lie */
    int shard;
    int64_t offset, size;
    uint32_t crc;
    Tensorflow__DataType dtype;
    Tensorflow__BundleEntryProto *parts; /* the entry's message when it is partitioned */
    est__bundle_piece piece;
} est__bundle_place;

struct est__bundle {
    char *prefix, *index_path, *index;
    est__sstable table;
    est__bundle_shard *shards;
    size_t shard_count;
    est__bundle_variable *variables;
    est__bundle_place *places; /* of the variables, one by one */
    size_t count;
};

/* Takes an entry of the index apart. The message is freed, or kept in `p` when it lists parts. */
est_status est__bundle_read_entry(const est__bundle *b, const est__sstable_entry *e, est__bundle_place *p, est_shape *shape);
/* Where a part lies: `length` as it stands in the key, the part's shape with whole dimensions filled in. */
est_status est__bundle_read_extents(const Tensorflow__TensorSliceProto *m, const est_shape *whole, int64_t *start, int64_t *length,
                                    est_shape *shape);

#endif
