/* Records of a TFRecord file, as bytes (tf.data.TFRecordDataset, tf.io.TFRecordWriter), and batches as
 * tf.Examples. */
#ifndef ESTIMATOR_RECORDS_H
#define ESTIMATOR_RECORDS_H

#include <stddef.h>

#include <estimator/data.h>
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

/** A TFRecord file that is being written. One thread at a time per writer. */
typedef struct est_record_writer est_record_writer;
/** How its bytes are compressed (tf.io.TFRecordOptions). */
typedef enum est_record_compression {
    EST_RECORDS_PLAIN,
    EST_RECORDS_GZIP,
    EST_RECORDS_ZLIB
} est_record_compression;

/** Begins a file, which appears under its name when est_record_writer_commit has written all of it; until
 *  then one that is there stays as it is.
 *  Errors: the file system's; INVALID_ARGUMENT: no such compression. Out: the caller's,
 *  est_record_writer_commit or est_record_writer_abandon. Thread-safe. Since 0.1. */
EST_API est_status est_record_writer_open(const char *path, est_record_compression compression,
                                          est_record_writer **out);
/** Appends a record of `size` bytes. Errors: the file system's. One thread at a time per writer. Since
 *  0.1. */
EST_API est_status est_record_writer_write(est_record_writer *w, const void *data, size_t size);
/** Appends each row of a batch as a tf.Example: float32 and float64 features become float lists, integers and
 *  bool int64 lists, strings bytes lists; a row of a feature of variable length without values is written
 *  without a kind, which readers take for an absent feature.
 *  In: `features`, those of the batch, in its order (est_dataset_features). Errors: the file system's;
 *  INVALID_ARGUMENT: another number of features than the batch has, two of one name; UNIMPLEMENTED names a
 *  dtype that an Example cannot hold. One thread at a time per writer. Since 0.1. */
EST_API est_status est_record_writer_write_batch(est_record_writer *w, est_features_spec features,
                                                 const est_batch *batch);
/** Lets the file appear, and frees the writer, whatever the outcome. Errors: the file system's. One thread at
 *  a time per writer. Since 0.1. */
EST_API est_status est_record_writer_commit(est_record_writer *w);
/** Frees the writer and what it has written; no file appears. NULL does nothing. One thread at a time per
 *  writer. Since 0.1. */
EST_API void est_record_writer_abandon(est_record_writer *w);

#ifdef __cplusplus
}
#endif
#endif
