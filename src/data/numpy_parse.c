/* .npy (numpy.lib.format) and .npz, a zip archive of them, stored or deflated. */
#include <zlib.h>

#include "data/numpy.h"

/* ---- .npy ---- */

static est_status not_npy(const char *why)
{
    return est__fail(EST_DATA_LOSS, "not a NumPy array: %s", why);
}

/* The text after 'key': in the header. */
static const char *after_key(const char *header, const char *key)
{
    const char *p = strstr(header, key);
    if (!p)
        return NULL;
    p += strlen(key);
    while (*p == ' ')
        p++;
    if (*p++ != ':')
        return NULL;
    while (*p == ' ')
        p++;
    return p;
}

static est_status read_descr(const char *p, est__array *a)
{
    if (!p || *p != '\'')
        return est__fail(EST_INVALID_ARGUMENT, "an array of structs is not read");
    char order = *++p;
    const char *end = strchr(p, '\'');
    int64_t size;
    a->kind = order ? p[1] : 0;
    bool good = end && end > p + 2 && strchr("<|>=", order) && strchr("fiubSU", a->kind) &&
                est__parse_int64(p + 2, (size_t)(end - p - 2), &size) && size > 0 && size < 1 << 24;
    if (good && order == '>' && a->kind != 'S' && size > 1)
        return est__fail(EST_INVALID_ARGUMENT, "its elements are %.8s: big-endian arrays are not read", p);
    if (good)
        a->item = (size_t)size * (a->kind == 'U' ? 4 : 1);
    if (good && a->kind == 'f')
        good = size == 4 || size == 8;
    else if (good && a->kind == 'b')
        good = size == 1;
    else if (good && (a->kind == 'i' || a->kind == 'u'))
        good = size == 1 || size == 2 || size == 4 || size == 8;
    if (!good)
        return est__fail(EST_INVALID_ARGUMENT, "its elements are %.*s; numbers of 4 or 8 bytes, integers, bool and text are read",
                         end && end - p < 20 ? (int)(end - p) : 20, p);
    return EST_OK;
}

static est_status read_shape(const char *p, est_shape *s)
{
    *s = (est_shape){ 0 };
    if (!p || *p++ != '(')
        return not_npy("its header has no shape");
    for (;;) {
        size_t n = strspn(p += strspn(p, " "), "0123456789");
        if (*p == ')')
            break;
        if (s->rank == EST_MAX_RANK || !n || !est__parse_int64(p, n, &s->dim[s->rank]))
            return not_npy("its header has no shape that can be read");
        s->rank++;
        p += n;
        p += strspn(p, " ");
        p += *p == ',';
    }
    return est_shape_elements(s) < 0 ? not_npy("its shape is too large") : EST_OK;
}

static est_status read_npy(est__bytes file, est__arena *arena, est__array *a)
{
    if (file.n < 12 || memcmp(file.p, "\x93NUMPY", 6) != 0)
        return not_npy("it does not begin as one");
    bool first = file.p[6] == 1;
    size_t at = first ? 10 : 12, n = first ? (size_t)file.p[8] | (size_t)file.p[9] << 8 : est__u32le(file.p + 8);
    if (n > file.n - at)
        return not_npy("its header is cut");
    const char *header = est__arena_strndup(arena, (const char *)file.p + at, n);
    if (!header)
        return est__fail_memory(n);
    EST_TRY(read_descr(after_key(header, "'descr'"), a));
    EST_TRY(read_shape(after_key(header, "'shape'"), &a->shape));
    const char *order = after_key(header, "'fortran_order'");
    if (order && *order == 'T' && a->shape.rank > 1)
        return est__fail(EST_INVALID_ARGUMENT, "it is in Fortran's order: save numpy.ascontiguousarray of it");
    size_t left = file.n - at - n, elements = (size_t)est_shape_elements(&a->shape);
    if (a->item && elements > left / a->item)
        return est__fail(EST_DATA_LOSS, "%zu bytes are left for %zu elements of %zu: the file is damaged", left, elements, a->item);
    a->data = file.p + at + n;
    return EST_OK;
}

/* ---- .npz ---- */

static uint16_t u16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static est_status bad_zip(const char *why)
{
    return est__fail(EST_DATA_LOSS, "the archive is damaged: %s", why);
}

/* Where the central directory lies, which stands at the end. */
static est_status find_directory(est__bytes f, uint64_t *offset, uint64_t *count)
{
    enum { END = 22, LOCATOR = 20 };
    for (size_t back = END; back <= f.n && back <= END + 65535; back++) {
        const unsigned char *p = f.p + f.n - back;
        if (est__u32le(p) != 0x06054b50)
            continue;
        *count = u16(p + 10);
        *offset = est__u32le(p + 16);
        if (*offset != UINT32_MAX && *count != UINT16_MAX)
            return EST_OK;
        if (back + LOCATOR > f.n || est__u32le(p - LOCATOR) != 0x07064b50)
            return EST_OK;
        uint64_t at = est__u64le(p - LOCATOR + 8);
        if (f.n < 56 || at > f.n - 56 || est__u32le(f.p + at) != 0x06064b50)
            return bad_zip("its end cannot be read");
        *count = est__u64le(f.p + at + 32);
        *offset = est__u64le(f.p + at + 48);
        return EST_OK;
    }
    return bad_zip("its end is missing");
}

typedef struct member {
    est__bytes name;
    unsigned method;
    uint32_t crc;
    uint64_t packed, size, at;
    size_t whole;              /* of its entry in the directory */
} member;

/* Sizes that do not fit 32 bits stand in a field of their own. */
static void read_wide(const unsigned char *p, size_t n, member *m)
{
    while (n >= 4) {
        size_t size = u16(p + 2);
        if (size > n - 4)
            return;
        uint64_t *value[] = { &m->size, &m->packed, &m->at };
        const unsigned char *q = p + 4, *end = q + size;
        for (int i = 0; u16(p) == 1 && i < 3; i++)
            if (*value[i] == UINT32_MAX && end - q >= 8) {
                *value[i] = est__u64le(q);
                q += 8;
            }
        p += 4 + size;
        n -= 4 + size;
    }
}

static est_status read_member(est__bytes f, uint64_t offset, member *m)
{
    if (f.n < 46 || offset > f.n - 46 || est__u32le(f.p + offset) != 0x02014b50)
        return bad_zip("its directory is cut");
    const unsigned char *p = f.p + offset;
    size_t name = u16(p + 28), extra = u16(p + 30);
    *m = (member){ .name = { p + 46, name }, .method = u16(p + 10), .crc = est__u32le(p + 16), .packed = est__u32le(p + 20),
                   .size = est__u32le(p + 24), .at = est__u32le(p + 42), .whole = 46 + name + extra + u16(p + 32) };
    if (m->whole > f.n - offset)
        return bad_zip("its directory is cut");
    read_wide(p + 46 + name, extra, m);
    if (f.n < 30 || m->at > f.n - 30 || est__u32le(f.p + m->at) != 0x04034b50)
        return bad_zip("a member is not where the directory says");
    m->at += 30u + u16(f.p + m->at + 26) + u16(f.p + m->at + 28);
    if (m->at > f.n || m->packed > f.n - m->at)
        return bad_zip("a member is cut");
    return EST_OK;
}

static est_status unpack(est__bytes f, const member *m, est__arena *arena, est__bytes *out)
{
    const unsigned char *from = f.p + m->at;
    *out = (est__bytes){ from, (size_t)m->packed };
    if (m->method != 0 && m->method != Z_DEFLATED)
        return est__fail(EST_INVALID_ARGUMENT, "it is compressed by method %u; stored and deflated ones are read", m->method);
    if (m->method == Z_DEFLATED) {
        /* deflate makes at most 1032 bytes out of one */
        if (m->size / 1032 > m->packed + 1 || m->size > UINT32_MAX || m->packed > UINT32_MAX)
            return bad_zip("a member's size cannot be");
        unsigned char *to = est__arena_alloc(arena, (size_t)m->size + 1);
        if (!to)
            return est__fail_memory((size_t)m->size);
        z_stream z = { .next_in = (Bytef *)(uintptr_t)from, .avail_in = (uInt)m->packed, .next_out = to, .avail_out = (uInt)m->size };
        if (inflateInit2(&z, -15) != Z_OK)
            return est__fail_memory(sizeof z);
        int rc = inflate(&z, Z_FINISH);
        inflateEnd(&z);
        if (rc != Z_STREAM_END || z.avail_out)
            return bad_zip("a member does not inflate");
        *out = (est__bytes){ to, (size_t)m->size };
    }
    uLong crc = 0;
    for (size_t at = 0; at < out->n; at += 1u << 30)
        crc = crc32(crc, out->p + at, (uInt)(out->n - at < 1u << 30 ? out->n - at : 1u << 30));
    return crc == m->crc ? EST_OK : bad_zip("a member's checksum differs");
}

static est_status read_npz(est__bytes f, est__arena *arena, est__array **out, size_t *count)
{
    uint64_t offset = 0, members = 0;
    EST_TRY(find_directory(f, &offset, &members));
    if (members > f.n / 46)
        return bad_zip("it cannot have so many members");
    est__array *a = est__arena_alloc(arena, ((size_t)members + 1) * sizeof *a);
    if (!a)
        return est__fail_memory((size_t)members * sizeof *a);
    for (uint64_t i = 0; i < members; i++) {
        member m;
        est__bytes file;
        EST_TRY(read_member(f, offset, &m));
        offset += m.whole;
        bool npy = m.name.n > 4 && !memcmp(m.name.p + m.name.n - 4, ".npy", 4);
        a[i].name = est__arena_strndup(arena, (const char *)m.name.p, m.name.n - (npy ? 4 : 0));
        if (!a[i].name)
            return est__fail_memory(m.name.n);
        est_status st = unpack(f, &m, arena, &file);
        if (st == EST_OK)
            st = read_npy(file, arena, &a[i]);
        if (st != EST_OK)
            return est__fail_in(st, "array '%s'", a[i].name);
    }
    *out = a;
    *count = (size_t)members;
    return EST_OK;
}

est_status est__numpy_parse(est__bytes file, const char *stem, est__arena *arena, est__array **out, size_t *count)
{
    if (file.n >= 4 && !memcmp(file.p, "PK", 2))
        return read_npz(file, arena, out, count);
    *out = est__arena_alloc(arena, sizeof **out);
    *count = 1;
    if (!*out)
        return est__fail_memory(sizeof **out);
    (*out)->name = stem;
    return read_npy(file, arena, *out);
}
