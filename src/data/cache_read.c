/* Opens a cache file: everything in it is checked, piece by piece so that memory stays small, before it is mapped. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/cache_parts.h"

enum { PIECE = 1 << 20 };
static const size_t footer_limit = 64 << 20;

typedef struct reading {
    const char *path;
    int fd;
    uint64_t size;            /* of the file */
    est_features_spec features;
    uint64_t fingerprint;
    int64_t *piece;           /* PIECE bytes */
    est__cache *cache;
} reading;

static est_status damaged(const reading *r, const char *what)
{
    return est__fail(EST_DATA_LOSS, "%s: the file is damaged: %s", r->path, what);
}

static est_status read_at(const reading *r, uint64_t offset, void *out, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(r->fd, (char *)out + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return est__fail_errno(errno, "%s: cannot be read", r->path);
        if (n == 0)
            return damaged(r, "it is cut short");
        done += (size_t)n;
    }
    return EST_OK;
}

/* The part's checksum, and that offsets rise from 0 to `last`. */
static est_status check_part(const reading *r, uint64_t offset, uint64_t size, uint32_t wanted, bool offsets, int64_t last)
{
    uint32_t checksum = 0;
    int64_t before = 0;
    for (uint64_t done = 0; done < size;) {
        size_t n = size - done < PIECE ? (size_t)(size - done) : PIECE;
        EST_TRY(read_at(r, offset + done, r->piece, n));
        checksum = est__crc32c(checksum, r->piece, n);
        for (size_t i = 0; offsets && i < n / sizeof *r->piece; i++) {
            if (r->piece[i] < before || (!done && !i && r->piece[i]))
                return damaged(r, "offsets that do not rise");
            before = r->piece[i];
        }
        done += n;
    }
    if (checksum != wanted)
        return damaged(r, "a checksum differs");
    return !offsets || before == last ? EST_OK : damaged(r, "offsets that end elsewhere");
}

typedef struct part {
    uint64_t offset, size;
    uint32_t checksum;
} part;

static est_status read_part(const reading *r, est__cursor *in, part *p)
{
    est__bytes b;
    EST_TRY(est__cursor_bytes(in, 20, &b));
    *p = (part){ est__u64le(b.p), est__u64le(b.p + 8), est__u32le(b.p + 16) };
    if (p->offset % EST__CACHE_ALIGN || p->offset > r->size || p->size > r->size - p->offset)
        return damaged(r, "a column lies outside");
    return EST_OK;
}

/* How many elements the column has, from the part that says so. */
static est_status count_elements(const reading *r, const est_feature *f, const part *p, uint64_t rows, int64_t *out)
{
    uint64_t n = 0, each = f->dtype == EST_STRING ? sizeof(int64_t) : est_dtype_size(f->dtype), size = p[EST__CACHE_ELEMENTS].size;
    if (!f->variable_length && __builtin_mul_overflow(rows, (uint64_t)est_shape_elements(&f->shape), &n))
        return damaged(r, "too many rows");
    if (f->variable_length)
        n = size / each - (f->dtype == EST_STRING && size);
    if (size % each || size / each != n + (f->dtype == EST_STRING) ||
        (f->variable_length && p[EST__CACHE_SPLITS].size / sizeof(int64_t) != rows + 1))
        return damaged(r, "a column has another length");
    *out = (int64_t)n;
    return EST_OK;
}

static est_status read_column(reading *r, est__cursor *in, uint64_t rows, size_t index)
{
    const est_feature *f = &r->features.data[index];
    est__column *c = &r->cache->table.column[index];
    char *map = r->cache->map;
    part p[EST__CACHE_PARTS];
    est__bytes head;
    int64_t elements;
    EST_TRY(est__cursor_bytes(in, 16, &head));
    for (int k = 0; k < EST__CACHE_PARTS; k++)
        EST_TRY(read_part(r, in, &p[k]));
    uint64_t each = f->variable_length ? UINT64_MAX : (uint64_t)est_shape_elements(&f->shape);
    if (est__u64le(head.p) != (uint64_t)f->dtype || est__u64le(head.p + 8) != each)
        return damaged(r, "a column is of another kind");
    EST_TRY(count_elements(r, f, p, rows, &elements));
    for (int k = 0; k < EST__CACHE_PARTS; k++)
        if (est__cache_has(f, k))
            EST_TRY(check_part(r, p[k].offset, p[k].size, p[k].checksum, est__cache_is_offsets(f, k),
                               k == EST__CACHE_SPLITS ? elements : (int64_t)p[EST__CACHE_TEXT].size));
    c->dtype = f->dtype;
    c->elements = f->variable_length ? 0 : (int64_t)each;
    c->row_size = f->dtype == EST_STRING ? 0 : (size_t)c->elements * est_dtype_size(f->dtype);
    c->data = map + p[EST__CACHE_ELEMENTS].offset;
    c->bytes = f->dtype == EST_STRING ? map + p[EST__CACHE_TEXT].offset : NULL;
    c->splits = f->variable_length ? (int64_t *)(void *)(map + p[EST__CACHE_SPLITS].offset) : NULL;
    return EST_OK;
}

static est_status read_footer(reading *r, const char *footer, size_t size)
{
    est__cursor in = est__cursor_of(footer, size, r->path);
    est__bytes head;
    EST_TRY(est__cursor_bytes(&in, 20, &head));
    uint64_t rows = est__u64le(head.p + 8);
    if (est__u64le(head.p) != r->fingerprint || est__u32le(head.p + 16) != r->features.count)
        return est__fail(EST_FAILED_PRECONDITION, "%s: the file was made of other data", r->path);
    if (rows > INT64_MAX)
        return damaged(r, "too many rows");
    r->cache->table = (est__table){ .rows = (int64_t)rows, .count = (int)r->features.count };
    r->cache->table.column = est__calloc(r->features.count, sizeof *r->cache->table.column);
    r->cache->map = mmap(NULL, (size_t)r->size, PROT_READ, MAP_SHARED, r->fd, 0);
    r->cache->size = (size_t)r->size;
    if (r->cache->map == MAP_FAILED) {
        r->cache->map = NULL;
        return est__fail_errno(errno, "%s: cannot be mapped", r->path);
    }
    if (!r->cache->table.column)
        return est__fail_memory(r->features.count * sizeof *r->cache->table.column);
    for (size_t i = 0; i < r->features.count; i++)
        EST_TRY(read_column(r, &in, rows, i));
    return EST_OK;
}

static est_status read_file(reading *r)
{
    char head[EST__CACHE_HEAD], tail[EST__CACHE_TAIL];
    if (r->size < EST__CACHE_HEAD + EST__CACHE_TAIL)
        return damaged(r, "it is cut short");
    EST_TRY(read_at(r, 0, head, sizeof head));
    EST_TRY(read_at(r, r->size - sizeof tail, tail, sizeof tail));
    if (memcmp(head, EST__CACHE_MAGIC, 8) != 0 || memcmp(tail + 12, EST__CACHE_END, 4) != 0)
        return damaged(r, "it does not begin and end as such a file does");
    if (est__u64le(head + 8) != EST__CACHE_VERSION)
        return est__fail(EST_FAILED_PRECONDITION, "%s: the file is of another version", r->path);
    uint64_t size = est__u64le(tail);
    if (size > footer_limit || size > r->size - EST__CACHE_HEAD - EST__CACHE_TAIL)
        return damaged(r, "its footer has no such size");
    char *footer = est__malloc((size_t)size);
    r->piece = est__malloc(PIECE);
    est_status st = footer && r->piece ? read_at(r, r->size - EST__CACHE_TAIL - size, footer, (size_t)size) : est__fail_memory(PIECE);
    if (st == EST_OK && est__crc32c(0, footer, (size_t)size) != est__u32le(tail + 8))
        st = damaged(r, "the footer's checksum differs");
    if (st == EST_OK)
        st = read_footer(r, footer, (size_t)size);
    est__free(footer);
    est__free(r->piece);
    return st;
}

est_status est__cache_open(const char *path, est_features_spec features, uint64_t fingerprint, est__cache *out)
{
    struct stat s;
    reading r = { .path = path, .features = features, .fingerprint = fingerprint, .cache = out };
    *out = (est__cache){ 0 };
    r.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (r.fd < 0)
        return est__fail_errno(errno, "%s: cannot be opened", path);
    est_status st = EST_OK;
    if (fstat(r.fd, &s) != 0)
        st = est__fail_errno(errno, "%s: cannot be read", path);
    else if (!S_ISREG(s.st_mode))
        st = est__fail(EST_INVALID_ARGUMENT, "%s: it is no file; the cache needs a name of its own", path);
    r.size = st == EST_OK ? (uint64_t)s.st_size : 0;
    if (st == EST_OK)
        st = read_file(&r);
    close(r.fd);
    if (st != EST_OK)
        est__cache_close(out);
    return st;
}

void est__cache_close(est__cache *c)
{
    if (c->map)
        munmap(c->map, c->size);
    est__free(c->table.column);
    *c = (est__cache){ 0 };
}

void est__cache_relax(const est__cache *c)
{
    (void)madvise(c->map, c->size, MADV_DONTNEED);   /* of a shared mapping of a file, nothing is lost */
}
