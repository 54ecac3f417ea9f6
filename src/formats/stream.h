/* The bytes of a file, inflated where it is compressed. */
#ifndef EST_FORMATS_STREAM_H
#define EST_FORMATS_STREAM_H

#include "base/base.h"

/* What a file is, from its first bytes. */
typedef est__compression (*est__detect)(const unsigned char *head, size_t n);
est__compression est__detect_gzip(const unsigned char *head, size_t n);   /* a text file, plain or gzip */

/* One thread at a time. Messages do not name the file: callers do. */
typedef struct est__stream est__stream;

/* Takes the descriptor, also when it fails. */
est_status est__stream_open(int fd, est__detect detect, est__stream **out);
/* Over memory, which must outlive it. */
est_status est__stream_open_memory(est__bytes memory, est__detect detect, est__stream **out);
void est__stream_close(est__stream *s);

/* Fills `to`; fewer bytes than n only at the end, or when it fails: DATA_LOSS for a compressed file that is damaged or cut. */
est_status est__stream_read(est__stream *s, void *to, size_t n, size_t *got);
/* To a byte of the uncompressed stream. A compressed one is read again from its beginning when that lies before. */
est_status est__stream_seek(est__stream *s, uint64_t offset);
est__compression est__stream_compression(const est__stream *s);
bool est__stream_is_cut(const est__stream *s);   /* it failed because the compressed file ends too early */

#endif
