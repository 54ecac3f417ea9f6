/* Plain, gzip and zlib files as one stream of bytes. What was read to find out which it is stays in `input`, from where it
 * is given on. */
#include <errno.h>
#include <unistd.h>
#include <zlib.h>

#include "formats/stream.h"

enum { CHUNK = 128 * 1024, HEAD = 16 };

struct est__stream {
    int fd;                      /* -1: over memory */
    est__bytes memory;
    size_t memory_at;
    est__detect detect;
    est__compression compression;
    bool inflating, stream_end;  /* zlib's state is there; one of its streams has ended */
    bool cut;
    z_stream z;
    unsigned char *input;
    size_t begin, end;           /* of what `input` holds, in a plain file */
    uint64_t offset;             /* of the next byte that is given */
};

/* ---- bytes of the file ---- */

static est_status read_raw(est__stream *s, void *to, size_t n, size_t *got)
{
    if (s->fd < 0) {
        size_t left = s->memory.n - s->memory_at;
        *got = n < left ? n : left;
        if (*got)
            memcpy(to, s->memory.p + s->memory_at, *got);
        s->memory_at += *got;
        return EST_OK;
    }
    ssize_t done;
    do
        done = read(s->fd, to, n);
    while (done < 0 && errno == EINTR);
    *got = done < 0 ? 0 : (size_t)done;
    return done < 0 ? est__fail_errno(errno, "it cannot be read") : EST_OK;
}

static est_status seek_raw(est__stream *s, uint64_t offset)
{
    if (s->fd >= 0)
        return lseek(s->fd, (off_t)offset, SEEK_SET) < 0 ? est__fail_errno(errno, "it cannot be read again") : EST_OK;
    s->memory_at = offset < s->memory.n ? (size_t)offset : s->memory.n;
    return EST_OK;
}

/* ---- inflating ---- */

static void *z_allocate(void *unused, uInt count, uInt size)
{
    (void)unused;
    return est__calloc(count, size);
}

static void z_release(void *unused, void *p)
{
    (void)unused;
    est__free(p);
}

static est_status more_input(est__stream *s, bool *ended)
{
    size_t n;
    EST_TRY(read_raw(s, s->input, CHUNK, &n));
    s->z.next_in = s->input;
    s->z.avail_in = (uInt)n;
    *ended = n == 0;
    s->cut = n == 0 && !s->stream_end;
    return s->cut ? est__fail(EST_DATA_LOSS, "the compressed file is cut short") : EST_OK;
}

static est_status inflate_some(est__stream *s, void *to, size_t n, size_t *got)
{
    bool ended = false;
    est_status st = EST_OK;
    s->z.next_out = to;
    s->z.avail_out = (uInt)n;
    while (st == EST_OK && s->z.avail_out) {
        if (s->z.avail_in == 0)
            st = more_input(s, &ended);
        if (st != EST_OK || ended)
            break;
        if (s->stream_end && inflateReset(&s->z) != Z_OK)   /* gzip files may be joined */
            return est__fail(EST_INTERNAL, "zlib cannot start again");
        int rc = inflate(&s->z, Z_NO_FLUSH);
        s->stream_end = rc == Z_STREAM_END;
        if (rc == Z_MEM_ERROR)
            st = est__fail_memory(n);
        else if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
            st = est__fail(EST_DATA_LOSS, "the compressed file is damaged: %s", s->z.msg ? s->z.msg : "zlib gives no reason");
    }
    *got = n - s->z.avail_out;
    return st;
}

static est_status start_inflating(est__stream *s, size_t have)
{
    if (!s->inflating) {
        s->z = (z_stream){ .zalloc = z_allocate, .zfree = z_release };
        if (inflateInit2(&s->z, 15 + 32) != Z_OK)
            return est__fail_memory(sizeof s->z);
    } else if (inflateReset(&s->z) != Z_OK) {
        return est__fail(EST_INTERNAL, "zlib cannot start again");
    }
    s->inflating = true;
    s->stream_end = s->cut = false;
    s->z.next_in = s->input;
    s->z.avail_in = (uInt)have;
    return EST_OK;
}

/* ---- the stream ---- */

est__compression est__detect_gzip(const unsigned char *head, size_t n)
{
    return n >= 2 && head[0] == 0x1f && head[1] == 0x8b ? EST__GZIP : EST__UNCOMPRESSED;
}

static est_status start(est__stream *s)
{
    size_t have = 0, n = 1;
    while (n && have < HEAD) {
        EST_TRY(read_raw(s, s->input + have, CHUNK - have, &n));
        have += n;
    }
    s->offset = s->begin = s->end = 0;
    s->compression = s->detect(s->input, have);
    if (s->compression != EST__UNCOMPRESSED)
        return start_inflating(s, have);
    s->end = have;
    return EST_OK;
}

static est_status open_stream(int fd, est__bytes memory, est__detect detect, est__stream **out)
{
    est__stream *s = est__calloc(1, sizeof *s);
    *out = NULL;
    if (!s) {
        if (fd >= 0)
            close(fd);
        return est__fail_memory(sizeof *s);
    }
    s->fd = fd;
    s->memory = memory;
    s->detect = detect;
    s->input = est__malloc(CHUNK);
    est_status st = s->input ? start(s) : est__fail_memory(CHUNK);
    if (st != EST_OK)
        est__stream_close(s);
    else
        *out = s;
    return st;
}

est_status est__stream_open(int fd, est__detect detect, est__stream **out)
{
    return open_stream(fd, (est__bytes){ NULL, 0 }, detect, out);
}

est_status est__stream_open_memory(est__bytes memory, est__detect detect, est__stream **out)
{
    return open_stream(-1, memory, detect, out);
}

void est__stream_close(est__stream *s)
{
    if (!s)
        return;
    if (s->inflating)
        inflateEnd(&s->z);
    if (s->fd >= 0)
        close(s->fd);
    est__free(s->input);
    est__free(s);
}

static est_status read_some(est__stream *s, void *to, size_t n, size_t *got)
{
    size_t left = s->end - s->begin;
    if (s->compression != EST__UNCOMPRESSED)
        return inflate_some(s, to, n, got);
    if (!left)
        return read_raw(s, to, n, got);
    *got = n < left ? n : left;
    memcpy(to, s->input + s->begin, *got);
    s->begin += *got;
    return EST_OK;
}

est_status est__stream_read(est__stream *s, void *to, size_t n, size_t *got)
{
    enum { MOST = 1 << 30 };
    est_status st = EST_OK;
    *got = 0;
    while (st == EST_OK && *got < n) {
        size_t some = 0, want = n - *got < MOST ? n - *got : MOST;
        st = read_some(s, (char *)to + *got, want, &some);
        *got += some;
        s->offset += some;
        if (!some)
            break;
    }
    return st;
}

/* Reads on, and forgets what it reads. */
static est_status pass(est__stream *s, uint64_t bytes)
{
    unsigned char *nowhere = est__malloc(CHUNK);
    est_status st = nowhere ? EST_OK : est__fail_memory(CHUNK);
    while (st == EST_OK && bytes) {
        size_t n;
        st = est__stream_read(s, nowhere, bytes < CHUNK ? (size_t)bytes : CHUNK, &n);
        if (!n)
            break;
        bytes -= n;
    }
    est__free(nowhere);
    return st;
}

est_status est__stream_seek(est__stream *s, uint64_t offset)
{
    if (offset == s->offset)
        return EST_OK;
    if (s->compression == EST__UNCOMPRESSED) {
        EST_TRY(seek_raw(s, offset));
        s->begin = s->end = 0;
        s->offset = offset;
        return EST_OK;
    }
    if (offset < s->offset) {
        EST_TRY(seek_raw(s, 0));
        EST_TRY(start(s));
    }
    return pass(s, offset - s->offset);
}

est__compression est__stream_compression(const est__stream *s)
{
    return s->compression;
}

bool est__stream_is_cut(const est__stream *s)
{
    return s->cut;
}
