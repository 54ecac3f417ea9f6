/* Reading the tensors of an open TensorBundle, with their checksums; the parts of a partitioned one together. */
#include <errno.h>
#include <unistd.h>

#include "formats/bundle_file.h"
#include "proto/pack.h"
#include "tensor/tensor.h"

enum { READ_BLOCK = 1 << 20 };

/* Reads [offset, offset + n) of a data file; sums each block up while it is in the cache. */
static est_status read_bytes(const est__bundle_shard *s, int64_t offset, void *to, size_t n, uint32_t *crc)
{
    for (char *p = to; n;) {
        ssize_t got = pread(s->fd, p, n < READ_BLOCK ? n : READ_BLOCK, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return est__fail_errno(errno, "cannot be read");
        if (got == 0)
            return est__fail(EST_DATA_LOSS, "the file has become shorter");
        if (crc)
            *crc = est__crc32c(*crc, p, (size_t)got);
        p += got;
        offset += got;
        n -= (size_t)got;
    }
    return EST_OK;
}

static est_status check_crc(uint32_t crc, const est__bundle_place *p)
{
    bool fits = est__crc32c_mask(crc) == p->crc;
    return fits ? EST_OK : est__fail(EST_DATA_LOSS, "checksum differs: the file is damaged");
}

static est_status read_numbers(const est__bundle *b, const est__bundle_place *p, est_tensor *into)
{
    uint32_t crc = 0;
    EST_TRY(read_bytes(&b->shards[p->shard], p->offset, into->data, (size_t)p->size, &crc));
    EST_TRY(check_crc(crc, p));
    uint8_t *bytes = into->data;
    for (int64_t i = 0; into->dtype == EST_BOOL && i < p->size; i++)
        bytes[i] = bytes[i] != 0;
    return EST_OK;
}

/* Finds the strings in the bytes of a string tensor. */
static est_status split_strings(const est__bundle_place *p, const unsigned char *bytes, int64_t n, const char **strings,
                                size_t *lengths)
{
    est__bytes check, string;
    uint32_t crc = 0;
    est__cursor c = est__cursor_of(bytes, (size_t)p->size, "its strings");
    for (int64_t i = 0; i < n; i++) {
        uint64_t length;
        EST_TRY(est__cursor_varint(&c, &length));
        if (length > est__cursor_left(&c))
            return est__fail(EST_DATA_LOSS, "string %lld is longer than the rest: the file is damaged",
                             (long long)i);
        lengths[i] = (size_t)length;
        crc = est__bundle_crc_of_length(crc, length);
    }
    EST_TRY(est__cursor_bytes(&c, 4, &check));
    if (est__u32le(check.p) != est__crc32c_mask(crc))
        return est__fail(EST_DATA_LOSS, "the checksum of its lengths differs: the file is damaged");
    crc = est__crc32c(crc, check.p, 4);
    EST_TRY(check_crc(est__crc32c(crc, c.p, est__cursor_left(&c)), p));
    for (int64_t i = 0; i < n; i++) {
        EST_TRY(est__cursor_bytes(&c, lengths[i], &string));
        strings[i] = (const char *)string.p;
    }
    return est__cursor_left(&c) ? est__fail(EST_DATA_LOSS, "bytes follow its strings: the file is damaged")
                                : EST_OK;
}

static est_status read_strings(const est__bundle *b, const est__bundle_place *p, const est_shape *shape, est_tensor **out)
{
    int64_t n = est_shape_elements(shape);
    unsigned char *bytes = est__malloc((size_t)p->size);
    const char **strings = est__calloc((size_t)n, sizeof *strings);
    size_t *lengths = est__calloc((size_t)n, sizeof *lengths);
    est_status st = bytes && strings && lengths ? EST_OK : est__fail_memory((size_t)p->size);
    if (st == EST_OK)
        st = read_bytes(&b->shards[p->shard], p->offset, bytes, (size_t)p->size, NULL);
    if (st == EST_OK)
        st = split_strings(p, bytes, n, strings, lengths);
    if (st == EST_OK)
        st = est_tensor_new_strings(shape, strings, lengths, out);
    est__free(bytes);
    est__free(strings);
    est__free(lengths);
    return st;
}

/* Copies a part, whose rows are runs of the last dimension, to its place in the whole. */
static void copy_part(est_tensor *whole, const int64_t *start, const est_tensor *part)
{
    int rank = whole->shape.rank;
    size_t each = est_dtype_size(whole->dtype);
    int64_t at[EST_MAX_RANK] = { 0 }, n = est__tensor_elements(part);
    int64_t run = rank ? part->shape.dim[rank - 1] : 1;
    for (int64_t done = 0; done < n; done += run) {
        int64_t to = 0;
        for (int i = 0; i < rank; i++)
            to = to * whole->shape.dim[i] + start[i] + at[i];
        memcpy((char *)whole->data + (size_t)to * each, (const char *)part->data + (size_t)done * each,
               (size_t)run * each);
        for (int i = rank - 2; i >= 0 && ++at[i] == part->shape.dim[i]; i--)
            at[i] = 0;
    }
}

static est_status read_part(const est__bundle *b, const est__bundle_variable *v,
                            const Tensorflow__TensorSliceProto *m, est_tensor *into, int64_t *left)
{
    static const int64_t origin[EST_MAX_RANK] = { 0 };
    int64_t start[EST_MAX_RANK], length[EST_MAX_RANK];
    est_shape shape = { 0 }, stored;
    est__bundle_place p;
    EST_TRY(est__bundle_read_extents(m, v->piece ? &v->piece->whole : &v->shape, start, length, &shape));
    est__buffer key = { 0 };
    est__bundle_slice_key(&key, v->name, v->shape.rank, start, length);
    const est__sstable_entry *e = key.status == EST_OK ? est__sstable_find(&b->table, key.data, key.size)
                                                       : NULL;
    est__buffer_free(&key);
    if (!e)
        return est__fail(EST_DATA_LOSS, "a part is missing: the file is damaged");
    est_status st = est__bundle_read_entry(b, e, &p, &stored);
    bool nested = p.parts != NULL;
    est__proto_free(p.parts);
    EST_TRY(st);
    int64_t n = est_shape_elements(&shape);
    if (nested || p.dtype != (Tensorflow__DataType)v->dtype || !est_shape_equal(&stored, &shape) || n > *left)
        return est__fail(EST_DATA_LOSS,
                         "a part has another dtype or shape than it should: the file is damaged");
    *left -= n;
    est_tensor *part;
    EST_TRY(est_tensor_new(v->dtype, &shape, &part));
    st = read_numbers(b, &p, part);
    if (st == EST_OK)
        copy_part(into, v->piece ? origin : start, part);
    est_tensor_free(part);
    return st == EST_OK ? EST_OK : est__fail_in(st, "%s", est__base_name(b->shards[p.shard].path));
}

static est_status read_parts(const est__bundle *b, const est__bundle_variable *v, const est__bundle_place *p,
                             est_tensor *into)
{
    int64_t left = est_shape_elements(&v->shape);
    for (size_t i = 0; i < p->parts->n_slices; i++)
        EST_TRY(read_part(b, v, p->parts->slices[i], into, &left));
    return left == 0 ? EST_OK
                     : est__fail(EST_DATA_LOSS, "its parts lack %lld elements: the file is damaged",
                                 (long long)left);
}

static est_status fail_variable(const est__bundle *b, const est__bundle_place *p, const char *name, est_status st)
{
    const char *path = p->parts ? b->index_path : b->shards[p->shard].path;
    return st == EST_OK ? EST_OK : est__fail_in(st, "%s: variable '%s'", path, name);
}

/* Its parts can hold no more than the data files: a damaged shape does not lead to a large allocation. */
static est_status check_parts_size(const est__bundle *b, const est__bundle_variable *v)
{
    int64_t total = 0;
    for (size_t i = 0; i < b->shard_count; i++)
        total += b->shards[i].size;
    if (est_shape_elements(&v->shape) > total / (int64_t)est_dtype_size(v->dtype))
        return est__fail(EST_DATA_LOSS, "it is larger than the data files: the file is damaged");
    return EST_OK;
}

static est_status find_readable(const est__bundle *b, const char *name, const est__bundle_variable **out,
                                const est__bundle_place **p)
{
    const est__bundle_variable *v = *out = est__bundle_find(b, name);
    if (!v)
        return est__fail(EST_NOT_FOUND, "%s: there is no variable '%s'", b->prefix, name);
    *p = &b->places[v - b->variables];
    if (v->dtype == EST_INVALID)
        return est__fail(EST_UNIMPLEMENTED, "%s: variable '%s' has dtype %d, which is not supported",
                         b->prefix, name, (int)(*p)->dtype);
    if (v->shape.rank < 0)
        return est__fail(EST_UNIMPLEMENTED, "%s: variable '%s' has more than %d dimensions", b->prefix, name,
                         EST_MAX_RANK);
    if (!(*p)->parts)
        return EST_OK;
    if (v->dtype == EST_STRING)
        return est__fail(EST_UNIMPLEMENTED,
                         "%s: variable '%s' is partitioned strings, which is not supported", b->prefix, name);
    return fail_variable(b, *p, name, check_parts_size(b, v));
}

est_status est__bundle_read(const est__bundle *b, const char *name, est_tensor **out)
{
    const est__bundle_variable *v;
    const est__bundle_place *p;
    est_status st = EST_OK;
    *out = NULL;
    EST_TRY(find_readable(b, name, &v, &p));
    if (v->dtype == EST_STRING)
        return fail_variable(b, p, name, read_strings(b, p, &v->shape, out));
    EST_TRY(est_tensor_new(v->dtype, &v->shape, out));
    st = p->parts ? read_parts(b, v, p, *out) : read_numbers(b, p, *out);
    if (st != EST_OK) {
        est_tensor_free(*out);
        *out = NULL;
    }
    return fail_variable(b, p, name, st);
}

est_status est__bundle_read_into(const est__bundle *b, const char *name, est_tensor *into)
{
    char found[EST__SHAPE_TEXT_SIZE], wanted[EST__SHAPE_TEXT_SIZE];
    const est__bundle_variable *v;
    const est__bundle_place *p;
    EST_TRY(find_readable(b, name, &v, &p));
    if (v->dtype != into->dtype || v->dtype == EST_STRING)
        return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s' is %s, %s is wanted", b->prefix, name,
                         est_dtype_name(v->dtype), est_dtype_name(into->dtype));
    if (!est_shape_equal(&v->shape, &into->shape))
        return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s' is %s, %s is wanted", b->prefix, name,
                         est__shape_string(found, &v->shape), est__shape_string(wanted, &into->shape));
    return fail_variable(b, p, name, p->parts ? read_parts(b, v, p, into) : read_numbers(b, p, into));
}

est_status est__bundle_read_piece(const est__bundle *b, const char *name, est_tensor *whole)
{
    const est__bundle_variable *v = est__bundle_find(b, name);
    est_tensor *part;
    char found[EST__SHAPE_TEXT_SIZE], wanted[EST__SHAPE_TEXT_SIZE];
    if (!v || !v->piece)
        return est__fail(EST_NOT_FOUND, "%s: there is no part of a variable '%s'", b->prefix, name);
    if (v->dtype != whole->dtype || !est_shape_equal(&v->piece->whole, &whole->shape))
        return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s' is a part of %s, one of %s is wanted", b->prefix, name,
                         est__shape_string(found, &v->piece->whole), est__shape_string(wanted, &whole->shape));
    EST_TRY(est__bundle_read(b, name, &part));
    copy_part(whole, v->piece->start, part);
    est_tensor_free(part);
    return EST_OK;
}
