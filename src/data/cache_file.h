/* Rows on disk: the columns of one table as they lie in memory, checked by checksums and mapped. */
#ifndef EST_DATA_CACHE_FILE_H
#define EST_DATA_CACHE_FILE_H

#include "data/source.h"

/* A file's table; it lies in the mapping. */
typedef struct est__cache {
    est__table table;
    void *map;
    size_t size;
} est__cache;

/* NOT_FOUND: there is none; DATA_LOSS: it is damaged; FAILED_PRECONDITION: it was made of other data. Other errors are the file
 * system's. */
est_status est__cache_open(const char *path, est_features_spec features, uint64_t fingerprint, est__cache *out);
void est__cache_close(est__cache *c);
/* Lets go of pages that were read; they are read again where they are needed. */
void est__cache_relax(const est__cache *c);

/* Writes a file row by row; memory stays small, whatever its length. */
typedef struct est__cache_writer est__cache_writer;
est_status est__cache_create(const char *path, est_features_spec features, uint64_t fingerprint, est__cache_writer **out);
est_status est__cache_add(est__cache_writer *w, const est__table *t, int64_t first, int64_t count);
/* The file is there as a whole, or not at all. Frees the writer, whatever the outcome. */
est_status est__cache_commit(est__cache_writer *w);
void est__cache_abandon(est__cache_writer *w);

#endif
