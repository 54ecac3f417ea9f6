/* TFRecord: length, checksum, bytes, checksum; plain or as one gzip or zlib stream. */
#ifndef EST_FORMATS_TFRECORD_H
#define EST_FORMATS_TFRECORD_H

#include "formats/stream.h"

#define EST__TFRECORD_LIMIT ((size_t)256 << 20)   /* bytes of a record when no other limit is given */

/* ---- the frame of a record: 8 bytes of length, 4 of its checksum, the record, 4 of its checksum ---- */
enum { EST__TFRECORD_HEADER = 12, EST__TFRECORD_TRAILER = 4 };
bool est__tfrecord_length(const char *header, uint64_t *out);    /* false: its checksum differs */
bool est__tfrecord_whole(const char *header, size_t n);          /* does the record's checksum fit? */
est__compression est__tfrecord_detect(const unsigned char *head, size_t n);

/* ---- reading: one thread at a time; memory is one buffer and the longest record met ---- */
typedef struct est__tfrecord_reader est__tfrecord_reader;

/* Opens a file, finding out whether it is compressed. `record_limit`: 0 for EST__TFRECORD_LIMIT. */
est_status est__tfrecord_open(const char *path, size_t record_limit, est__tfrecord_reader **out);
/* The same over memory, which must outlive it; `what` stands for the path in messages. */
est_status est__tfrecord_open_memory(const void *data, size_t size, const char *what, size_t record_limit,
                                     est__tfrecord_reader **out);
void est__tfrecord_close(est__tfrecord_reader *r);

/* The next record, lent until the next call. OUT_OF_RANGE at the end; DATA_LOSS names file, record (from 0)
 * and byte. */
est_status est__tfrecord_next(est__tfrecord_reader *r, est__bytes *record);

est__compression est__tfrecord_compression(const est__tfrecord_reader *r);
int64_t est__tfrecord_number(const est__tfrecord_reader *r);   /* of the record that comes next */
/* Where the next record begins in the uncompressed stream, and back there. A compressed stream is read again
 * from its beginning. */
int64_t est__tfrecord_offset(const est__tfrecord_reader *r);
est_status est__tfrecord_seek(est__tfrecord_reader *r, int64_t offset, int64_t number);

/* ---- writing ---- */
void est__tfrecord_frame(est__buffer *out, const void *data, size_t n);   /* appends one framed record */

typedef struct est__tfrecord_writer est__tfrecord_writer;
est_status est__tfrecord_writer_new(const char *path, est__compression compression,
                                    est__tfrecord_writer **out);
est_status est__tfrecord_write(est__tfrecord_writer *w, const void *data, size_t n);
/* Lets the file appear; frees w, whatever the outcome. */
est_status est__tfrecord_commit(est__tfrecord_writer *w);
void est__tfrecord_abandon(est__tfrecord_writer *w);         /* frees w, no file appears; NULL is fine */

#endif
