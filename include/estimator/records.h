/* Records of a TFRecord file, as bytes. */
#ifndef ESTIMATOR_RECORDS_H
#define ESTIMATOR_RECORDS_H

#include <stddef.h>

#include <estimator/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A TFRecord file that is being read; one thread at a time. */
typedef struct est_record_reader est_record_reader;

/** Opens a file, plain, gzip or zlib, which it finds out itself. Errors: the file system's. Since 0.1. */
EST_API est_status est_record_reader_open(const char *path, est_record_reader **out);
EST_API void est_record_reader_free(est_record_reader *r);
/** The next record, lent until the next call. OUT_OF_RANGE: the end; DATA_LOSS names file, record and byte. */
EST_API est_status est_record_reader_next(est_record_reader *r, const void **data, size_t *size);

#ifdef __cplusplus
}
#endif
#endif
