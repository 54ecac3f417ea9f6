/* Records of a TFRecord file, as bytes (tf.data.TFRecordDataset). */
#ifndef ESTIMATOR_RECORDS_H
#define ESTIMATOR_RECORDS_H

#include <stddef.h>

#include <estimator/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A TFRecord file that is being read. One thread at a time per reader. */
typedef struct est_record_reader est_record_reader;

/** Opens a file, plain, gzip or zlib, which it finds out itself.
 *  Errors: the file system's (NOT_FOUND, PERMISSION_DENIED, …). Out: the caller's, est_record_reader_free.
 *  Thread-safe. Since 0.1. */
EST_API est_status est_record_reader_open(const char *path, est_record_reader **out);
/** Closes and frees it; NULL does nothing. One thread at a time per reader. Since 0.1. */
EST_API void est_record_reader_free(est_record_reader *r);
/** The next record, its two checksums tested.
 *  Out: `*data`, `*size` bytes, lent until the next call; NULL and 0 after a failure.
 *  Errors: OUT_OF_RANGE: the end; DATA_LOSS names file, record and byte. One thread at a time per reader.
 *  Since 0.1. */
EST_API est_status est_record_reader_next(est_record_reader *r, const void **data, size_t *size);

#ifdef __cplusplus
}
#endif
#endif
