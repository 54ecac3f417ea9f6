/* TFRecord reader and writer. The reader keeps a window of the uncompressed stream that grows only as bytes
 * arrive, so a length that lies cannot make it allocate more than the file holds. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/tfrecord.h"

enum { HEADER = EST__TFRECORD_HEADER, TRAILER = EST__TFRECORD_TRAILER, CHUNK = 64 * 1024 };

struct est__tfrecord_reader {
    char *path;
    size_t limit;
    est__stream *stream;
    char *window;                /* bytes [begin, end) of the stream */
    size_t begin, end, capacity;
    int64_t offset, number;      /* of window[begin] */
};

/* Tries to have `n` bytes in the window; fewer are there only at the end of the stream. */
static est_status fill(est__tfrecord_reader *r, size_t n)
{
    while (r->end - r->begin < n) {
        size_t got = 0;
        if (r->begin) {
            memmove(r->window, r->window + r->begin, r->end - r->begin);
            r->end -= r->begin;
            r->begin = 0;
        }
        if (r->capacity - r->end < CHUNK)
            EST_TRY(est__grow(&r->window, &r->capacity, r->end + CHUNK, 1));
        est_status st = est__stream_read(r->stream, r->window + r->end, r->capacity - r->end, &got);
        r->end += got;
        if (st != EST_OK && r->end - r->begin < n)
            return est__fail_in(st, "%s: record %lld", r->path, (long long)r->number);
        if (got == 0)
            break;
    }
    return EST_OK;
}

static bool crc_fits(const void *p, size_t n, const void *crc)
{
    return est__u32le(crc) == est__crc32c_mask(est__crc32c(0, p, n));
}

/* A plain file begins with a checked length; a compressed one with zlib's or gzip's magic. */
est__compression est__tfrecord_detect(const unsigned char *p, size_t n)
{
    if (n >= HEADER && crc_fits(p, 8, p + 8))
        return EST__UNCOMPRESSED;
    if (n >= 2 && (p[0] & 0x0f) == 8 && p[0] >> 4 <= 7 && (p[0] * 256 + p[1]) % 31 == 0 && !(p[1] & 0x20))
        return EST__ZLIB;
    return est__detect_gzip(p, n);
}

static est_status new_reader(const char *what, size_t limit, est__tfrecord_reader **out)
{
    est__tfrecord_reader *r = *out = est__calloc(1, sizeof *r);
    if (!r)
        return est__fail_memory(sizeof *r);
    r->limit = limit ? limit : EST__TFRECORD_LIMIT;
    r->path = est__strdup(what);
    return r->path ? EST_OK : est__fail_memory(strlen(what));
}

static est_status open_file(est__tfrecord_reader *r)
{
    struct stat info;
    int fd = open(r->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return est__fail_errno(errno, "%s: cannot be opened", r->path);
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        close(fd);
        return est__fail(EST_FAILED_PRECONDITION, "%s: is a folder, a file is wanted", r->path);
    }
    est_status st = est__stream_open(fd, est__tfrecord_detect, &r->stream);
    return st == EST_OK ? st : est__fail_in(st, "%s", r->path);
}

static est_status finish_open(est__tfrecord_reader **out, est_status st)
{
    if (st != EST_OK) {
        est__tfrecord_close(*out);
        *out = NULL;
    }
    return st;
}

est_status est__tfrecord_open(const char *path, size_t record_limit, est__tfrecord_reader **out)
{
    est_status st = new_reader(path, record_limit, out);
    return finish_open(out, st == EST_OK ? open_file(*out) : st);
}

est_status est__tfrecord_open_memory(const void *data, size_t size, const char *what, size_t record_limit,
                                     est__tfrecord_reader **out)
{
    est_status st = new_reader(what, record_limit, out);
    if (st == EST_OK)
        st = est__stream_open_memory((est__bytes){ data, size }, est__tfrecord_detect, &(*out)->stream);
    return finish_open(out, st);
}

void est__tfrecord_close(est__tfrecord_reader *r)
{
    if (!r)
        return;
    est__stream_close(r->stream);
    est__free(r->window);
    est__free(r->path);
    est__free(r);
}

/* ---- records ---- */

bool est__tfrecord_length(const char *header, uint64_t *out)
{
    *out = est__u64le(header);
    return crc_fits(header, 8, header + 8);
}

bool est__tfrecord_whole(const char *header, size_t n)
{
    return crc_fits(header + HEADER, n, header + HEADER + n);
}

static est_status damaged(const est__tfrecord_reader *r, const char *why)
{
    return est__fail(EST_DATA_LOSS, "%s: record %lld at byte %lld: %s: the file is damaged", r->path,
                     (long long)r->number, (long long)r->offset, why);
}

est_status est__tfrecord_next(est__tfrecord_reader *r, est__bytes *record)
{
    uint64_t size;
    EST_TRY(fill(r, HEADER));
    const char *at = r->window + r->begin;
    if (r->begin == r->end)
        return est__fail(EST_OUT_OF_RANGE, "%s: the end, after %lld records", r->path, (long long)r->number);
    if (r->end - r->begin < HEADER)
        return damaged(r, "it is cut within its length");
    if (!est__tfrecord_length(at, &size))
        return damaged(r, "the checksum of its length differs");
    if (size > r->limit)
        return est__fail(EST_RESOURCE_EXHAUSTED,
                         "%s: record %lld at byte %lld: %llu bytes; at most %zu are read", r->path,
                         (long long)r->number, (long long)r->offset, (unsigned long long)size, r->limit);
    size_t n = (size_t)size, whole = HEADER + n + TRAILER;
    EST_TRY(fill(r, whole));
    if (r->end - r->begin < whole)
        return damaged(r, "it is cut");
    at = r->window + r->begin;
    if (!est__tfrecord_whole(at, n))
        return damaged(r, "its checksum differs");
    *record = (est__bytes){ (const unsigned char *)at + HEADER, n };
    r->begin += whole;
    r->offset += (int64_t)whole;
    r->number++;
    return EST_OK;
}

est__compression est__tfrecord_compression(const est__tfrecord_reader *r)
{
    return est__stream_compression(r->stream);
}

int64_t est__tfrecord_number(const est__tfrecord_reader *r)
{
    return r->number;
}

int64_t est__tfrecord_offset(const est__tfrecord_reader *r)
{
    return r->offset;
}

est_status est__tfrecord_seek(est__tfrecord_reader *r, int64_t offset, int64_t number)
{
    if (offset < 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: byte %lld is none of the file", r->path,
                         (long long)offset);
    est_status st = est__stream_seek(r->stream, (uint64_t)offset);
    if (st != EST_OK)
        return est__fail_in(st, "%s: byte %lld", r->path, (long long)offset);
    r->begin = r->end = 0;
    r->offset = offset;
    r->number = number;
    return EST_OK;
}

/* ---- writing ---- */

static void header_of(unsigned char header[HEADER], size_t n)
{
    for (size_t i = 0; i < 8; i++)
        header[i] = (unsigned char)((uint64_t)n >> 8 * i);
    uint32_t crc = est__crc32c_mask(est__crc32c(0, header, 8));
    for (size_t i = 0; i < 4; i++)
        header[8 + i] = (unsigned char)(crc >> 8 * i);
}

void est__tfrecord_frame(est__buffer *out, const void *data, size_t n)
{
    unsigned char header[HEADER];
    header_of(header, n);
    est__buffer_bytes(out, header, HEADER);
    est__buffer_bytes(out, data, n);
    est__buffer_u32le(out, est__crc32c_mask(est__crc32c(0, data, n)));
}

/* A writer is its output: nothing else needs to be known between two records. */
est_status est__tfrecord_writer_new(const char *path, est__compression compression, est__tfrecord_writer **out)
{
    return est__output_new(path, compression, (est__output **)out);
}

est_status est__tfrecord_write(est__tfrecord_writer *w, const void *data, size_t n)
{
    unsigned char header[HEADER], check[TRAILER];
    uint32_t crc = est__crc32c_mask(est__crc32c(0, data, n));
    header_of(header, n);
    for (size_t i = 0; i < TRAILER; i++)
        check[i] = (unsigned char)(crc >> 8 * i);
    est__output *o = (est__output *)w;
    EST_TRY(est__output_write(o, header, HEADER));
    EST_TRY(est__output_write(o, data, n));
    return est__output_write(o, check, TRAILER);
}

est_status est__tfrecord_commit(est__tfrecord_writer *w)
{
    return est__output_commit((est__output *)w);
}

void est__tfrecord_abandon(est__tfrecord_writer *w)
{
    est__output_abandon((est__output *)w);
}
