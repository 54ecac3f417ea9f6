/* TensorBundle: the `.index` and `.data-…` files of a checkpoint, byte for byte as TensorFlow writes them. */
#ifndef EST_FORMATS_BUNDLE_H
#define EST_FORMATS_BUNDLE_H

#include <estimator/tensor.h>

#include "base/base.h"

/* ---- writing: one thread at a time. The order of files is kept by the caller:
 * est__bundle_finish_data, then what else belongs to the checkpoint, then est__bundle_finish_index. ---- */
typedef struct est__bundle_writer est__bundle_writer;

/* Starts <prefix>.data-00000-of-00001 under a temporary name; the folder must be there. */
est_status est__bundle_writer_new(const char *prefix, est__bundle_writer **out);

/* Appends a tensor. The data file keeps the order of adding (TensorFlow's savers add in the order of names);
 * the index is sorted. Errors: INVALID_ARGUMENT (an empty name, a dtype that cannot be saved), the file
 * system's. */
est_status est__bundle_add(est__bundle_writer *w, const char *name, const est_tensor *t);

/* The same in pieces, for numbers that are not there in one piece: begin, then all its bytes in any number of
 * calls. */
est_status est__bundle_begin(est__bundle_writer *w, const char *name, est_dtype dtype,
                             const est_shape *shape);
est_status est__bundle_bytes(est__bundle_writer *w, const void *data, size_t n);

/* Appends a part of a partitioned variable: `part` begins at start[0..rank) of the whole. Parts of one
 * variable may come between other tensors; their sum must be the whole. */
est_status est__bundle_add_slice(est__bundle_writer *w, const char *name, const est_shape *whole,
                                 const int64_t *start, const est_tensor *part);

/* Flushes and renames the data file. `index_crc` (may be NULL) gets the CRC-32C of the index file that will
 * be written. Errors: INVALID_ARGUMENT when a name was added twice. */
est_status est__bundle_finish_data(est__bundle_writer *w, uint32_t *index_crc);
est_status est__bundle_finish_index(est__bundle_writer *w);
/* Removes the temporaries of what was not finished; NULL is fine. */
void est__bundle_writer_free(est__bundle_writer *w);
/* Where nothing else is to come between the files: finishes both if `st`, how the adding went, is OK, and frees the writer.
 * Returns the first failure. */
est_status est__bundle_end(est__bundle_writer *w, est_status st);

/* ---- reading: by many threads at once. Files stay readable after they were removed. ---- */
typedef struct est__bundle est__bundle;

/* One part under a name of its own, as TensorFlow 1 saves slots of partitioned variables: "w/part_1/Ftrl". */
typedef struct est__bundle_piece {
    est_shape whole;
    int64_t start[EST_MAX_RANK];
} est__bundle_piece;

typedef struct est__bundle_variable {
    const char *name;
    est_dtype dtype;      /* EST_INVALID: one that this library does not have (complex, quantised, …) */
    est_shape shape;      /* rank -1: of more than EST_MAX_RANK dimensions */
    size_t slices;        /* parts of a partitioned variable; 0: it is in one piece */
    const est__bundle_piece *piece;   /* not NULL: `shape` is that of a part, the other parts have other names */
} est__bundle_variable;

/* Reads the index; checks each entry against its shape and its data file's length. Data is checked when it is
 * read. Errors: NOT_FOUND, DATA_LOSS, UNIMPLEMENTED (big-endian, compressed). */
est_status est__bundle_open(const char *prefix, est__bundle **out);
void est__bundle_free(est__bundle *b);
const char *est__bundle_prefix(const est__bundle *b);
size_t est__bundle_count(const est__bundle *b);
const est__bundle_variable *est__bundle_at(const est__bundle *b, size_t i);   /* sorted by name */
const est__bundle_variable *est__bundle_find(const est__bundle *b, const char *name); /* NULL: absent */

/* Reads a variable, the parts of a partitioned one together. Errors: NOT_FOUND, DATA_LOSS, UNIMPLEMENTED. */
est_status est__bundle_read(const est__bundle *b, const char *name, est_tensor **out);
/* Into a tensor of numbers that has the variable's dtype and shape; undefined contents after a failure. */
est_status est__bundle_read_into(const est__bundle *b, const char *name, est_tensor *into);
/* A piece to its place in a tensor that has the shape of the whole. */
est_status est__bundle_read_piece(const est__bundle *b, const char *name, est_tensor *whole);

#endif
