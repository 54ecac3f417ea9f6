/* An input as a file, and a dataset over it read to its end. */
#ifndef EST_TESTS_FUZZ_DATASET_H
#define EST_TESTS_FUZZ_DATASET_H

#include <estimator/data.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/data.h"
#include "fuzz/fuzz.h"

/* The path of a file in memory; the next call replaces its content. NULL: there is none to be had. */
static inline const char *fuzz_file(const void *data, size_t size)
{
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        fd = memfd_create("input", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        return NULL;
    return path;
}

/* How many rows come before the data end or fail, and how they do. */
static inline int64_t fuzz_rest(est_dataset *d, est_status *end)
{
    const est_batch *b;
    int64_t rows = 0;
    while ((*end = est_dataset_next(d, &b)) == EST_OK)
        rows += b->rows;
    return rows;
}

/* All rows, and from the place after the first batch once more: they must be as many. Frees the dataset, which is given by its
 * address as the call that makes it stands among the arguments. */
static inline void fuzz_rows(est_status st, est_dataset **dataset)
{
    enum { BATCH = 3 };
    est_dataset *d = *dataset;
    est__buffer place = { 0 };
    const est_batch *b;
    est_status end, again;
    if (st == EST_OK && est_dataset_next(est_dataset_batch(d, BATCH, false), &b) == EST_OK &&
        est__dataset_save(d, 1, &place) == EST_OK) {
        int64_t rows = fuzz_rest(d, &end);
        again = est__dataset_restore(d, place.data, place.size, 0);   /* which may find the row bad that comes next */
        EST_FUZZ_CHECK((again == EST_OK ? fuzz_rest(d, &again) : 0) == rows && again == end);
    }
    est__buffer_free(&place);
    est_dataset_free(d);
}

#endif
