/* Opening a TensorBundle: its index, each entry checked against its shape and its data file's length. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/bundle_file.h"
#include "proto/pack.h"
#include "tensor/tensor.h"

#define INDEX_LIMIT ((size_t)1 << 31)

static est_status open_shard(est__bundle_shard *s)
{
    struct stat info;
    s->fd = open(s->path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0)
        return est__fail_errno(errno, "%s: cannot be opened", s->path);
    if (fstat(s->fd, &info) != 0)
        return est__fail_errno(errno, "%s: cannot be read", s->path);
    if (!S_ISREG(info.st_mode))
        return est__fail(EST_FAILED_PRECONDITION, "%s: is no file", s->path);
    s->size = info.st_size;
    return EST_OK;
}

static est_status open_shards(est__bundle *b, int count)
{
    size_t capacity = 0;
    for (int i = 0; i < count; i++) {
        EST_TRY(est__grow(&b->shards, &capacity, b->shard_count + 1, sizeof *b->shards));
        est__bundle_shard *s = &b->shards[b->shard_count++];
        *s = (est__bundle_shard){ .path = est__bundle_data_path(b->prefix, i, count), .fd = -1 };
        if (!s->path)
            return est__fail_memory(strlen(b->prefix));
        EST_TRY(open_shard(s));
    }
    return EST_OK;
}

static est_status read_header(est__bundle *b)
{
    Tensorflow__BundleHeaderProto *h;
    const est__sstable_entry *e = est__sstable_find(&b->table, "", 0);
    if (!e)
        return est__fail(EST_DATA_LOSS, "%s: a table without a header: not the index of a checkpoint",
                         b->index_path);
    EST_TRY(est__proto_unpack(&tensorflow__bundle_header_proto__descriptor, e->value.p, e->value.n,
                              b->index_path, &h));
    int shards = h->num_shards, least = h->version ? h->version->min_consumer : 0;
    bool big = h->endianness != TENSORFLOW__BUNDLE_HEADER_PROTO__ENDIANNESS__LITTLE;
    est__proto_free(h);
    if (big)
        return est__fail(EST_UNIMPLEMENTED,
                         "%s: written on a big-endian machine; only little-endian ones are read",
                         b->index_path);
    if (least > EST__BUNDLE_VERSION)
        return est__fail(EST_UNIMPLEMENTED, "%s: wants a reader of version %d, this one is of version %d",
                         b->index_path, least, EST__BUNDLE_VERSION);
    if (shards < 1)
        return est__fail(EST_DATA_LOSS, "%s: %d data files: the file is damaged", b->index_path, shards);
    return open_shards(b, shards);
}

static bool known_dtype(Tensorflow__DataType dtype)
{
    return est_dtype_size((est_dtype)dtype) && dtype != TENSORFLOW__DATA_TYPE__DT_RESOURCE &&
           dtype != TENSORFLOW__DATA_TYPE__DT_VARIANT;
}

/* A shape whose elements can be counted; rank -1 when it has too many dimensions. */
static est_status read_shape(const Tensorflow__TensorShapeProto *m, est_shape *shape)
{
    *shape = (est_shape){ 0 };
    if (!m)
        return EST_OK;
    shape->rank = m->n_dim > EST_MAX_RANK ? -1 : (int)m->n_dim;
    for (size_t i = 0; i < m->n_dim; i++) {
        if (m->dim[i]->size < 0)
            return est__fail(EST_DATA_LOSS, "dimension %zu is %lld: the file is damaged", i,
                             (long long)m->dim[i]->size);
        if (shape->rank >= 0)
            shape->dim[i] = m->dim[i]->size;
    }
    if (m->unknown_rank)
        return est__fail(EST_DATA_LOSS, "the shape is unknown: the file is damaged");
    return EST_OK;
}

static est_status check_place(const est__bundle *b, const est__bundle_place *p, const est_shape *shape)
{
    char text[EST__SHAPE_TEXT_SIZE];
    if (p->shard < 0 || (size_t)p->shard >= b->shard_count)
        return est__fail(EST_DATA_LOSS, "it lies in data file %d of %zu: the file is damaged", p->shard,
                         b->shard_count);
    const est__bundle_shard *s = &b->shards[p->shard];
    if (p->offset < 0 || p->size < 0 || p->offset > s->size || p->size > s->size - p->offset)
        return est__fail(EST_DATA_LOSS,
                         "%lld bytes at byte %lld are wanted of %s, which has %lld: a file is cut",
                         (long long)p->size, (long long)p->offset, est__base_name(s->path),
                         (long long)s->size);
    if (!known_dtype(p->dtype) || shape->rank < 0)
        return EST_OK;
    int64_t n = est_shape_elements(shape), each = (int64_t)est_dtype_size((est_dtype)p->dtype);
    bool fits = p->dtype == TENSORFLOW__DATA_TYPE__DT_STRING ? n <= p->size - 4
                                                             : n <= p->size / each && n * each == p->size;
    return fits ? EST_OK
                : est__fail(EST_DATA_LOSS, "%lld bytes do not hold %s of %s: the file is damaged",
                            (long long)p->size, est_dtype_name((est_dtype)p->dtype),
                            est__shape_string(text, shape));
}

est_status est__bundle_read_entry(const est__bundle *b, const est__sstable_entry *e, est__bundle_place *p, est_shape *shape)
{
    Tensorflow__BundleEntryProto *m;
    *p = (est__bundle_place){ 0 };
    EST_TRY(est__proto_unpack(&tensorflow__bundle_entry_proto__descriptor, e->value.p, e->value.n,
                              "its entry", &m));
    *p = (est__bundle_place){ .shard = m->shard_id, .offset = m->offset, .size = m->size, .crc = m->crc32c, .dtype = m->dtype,
                              .parts = m->n_slices ? m : NULL };
    est_status st = read_shape(m->shape, shape);
    if (st == EST_OK && !p->parts)
        st = check_place(b, p, shape);
    if (!p->parts)
        est__proto_free(m);
    return st;
}

est_status est__bundle_read_extents(const Tensorflow__TensorSliceProto *m, const est_shape *whole, int64_t *start,
                               int64_t *length, est_shape *shape)
{
    if (m->n_extent != (size_t)whole->rank)
        return est__fail(EST_DATA_LOSS, "a part has %zu dimensions of %d: the file is damaged", m->n_extent,
                         whole->rank);
    shape->rank = whole->rank;
    for (int i = 0; i < whole->rank; i++) {
        const Tensorflow__TensorSliceProto__Extent *e = m->extent[i];
        bool all = e->has_length_case != TENSORFLOW__TENSOR_SLICE_PROTO__EXTENT__HAS_LENGTH_LENGTH;
        start[i] = e->start;
        length[i] = all ? -1 : e->length;
        shape->dim[i] = all ? whole->dim[i] : e->length;
        if (start[i] < 0 || shape->dim[i] < 0 || start[i] > whole->dim[i] ||
            shape->dim[i] > whole->dim[i] - start[i])
            return est__fail(EST_DATA_LOSS, "a part lies outside of it: the file is damaged");
    }
    return EST_OK;
}

/* Is its only part less than the whole? */
static void find_piece(est__bundle_variable *v, est__bundle_place *p)
{
    int64_t length[EST_MAX_RANK];
    est_shape shape = { 0 };
    if (v->slices != 1 || v->shape.rank < 0)
        return;
    if (est__bundle_read_extents(p->parts->slices[0], &v->shape, p->piece.start, length, &shape) != EST_OK ||
        est_shape_equal(&shape, &v->shape))
        return;
    p->piece.whole = v->shape;
    v->shape = shape;
    v->piece = &p->piece;
}

static est_status read_variables(est__bundle *b)
{
    b->variables = est__calloc(b->table.count, sizeof *b->variables);
    b->places = est__calloc(b->table.count, sizeof *b->places);
    if (!b->variables || !b->places)
        return est__fail_memory(b->table.count * sizeof *b->variables);
    for (size_t i = 0; i < b->table.count; i++) {
        const est__sstable_entry *e = &b->table.entries[i];
        if (e->key.n == 0 || e->key.p[0] == 0)
            continue;   /* the header, and parts */
        est__bundle_variable *v = &b->variables[b->count];
        est__bundle_place *p = &b->places[b->count++];
        v->name = (const char *)e->key.p;
        if (strlen(v->name) != e->key.n)
            return est__fail(EST_DATA_LOSS, "%s: variable '%s' has a NUL in its name: the file is damaged",
                             b->index_path, v->name);
        est_status st = est__bundle_read_entry(b, e, p, &v->shape);
        if (st != EST_OK)
            return est__fail_in(st, "%s: variable '%s'", b->index_path, v->name);
        v->dtype = known_dtype(p->dtype) ? (est_dtype)p->dtype : EST_INVALID;
        v->slices = p->parts ? p->parts->n_slices : 0;
        find_piece(v, p);
    }
    return EST_OK;
}

static est_status open_bundle(est__bundle *b, const char *prefix)
{
    size_t size;
    b->prefix = est__strdup(prefix);
    b->index_path = est__bundle_index_path(prefix);
    if (!b->prefix || !b->index_path)
        return est__fail_memory(strlen(prefix));
    EST_TRY(est__file_read(b->index_path, INDEX_LIMIT, &b->index, &size));
    EST_TRY(est__sstable_read(b->index, size, b->index_path, &b->table));
    EST_TRY(read_header(b));
    return read_variables(b);
}

est_status est__bundle_open(const char *prefix, est__bundle **out)
{
    est__bundle *b = est__calloc(1, sizeof *b);
    est_status st = b ? open_bundle(b, prefix) : est__fail_memory(sizeof *b);
    if (st != EST_OK) {
        est__bundle_free(b);
        b = NULL;
    }
    *out = b;
    return st;
}

void est__bundle_free(est__bundle *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->shard_count; i++) {
        if (b->shards[i].fd >= 0)
            close(b->shards[i].fd);
        est__free(b->shards[i].path);
    }
    for (size_t i = 0; i < b->count; i++)
        est__proto_free(b->places[i].parts);
    est__free(b->shards);
    est__free(b->variables);
    est__free(b->places);
    est__sstable_free(&b->table);
    est__free(b->index);
    est__free(b->index_path);
    est__free(b->prefix);
    est__free(b);
}

const char *est__bundle_prefix(const est__bundle *b)
{
    return b->prefix;
}

size_t est__bundle_count(const est__bundle *b)
{
    return b->count;
}

const est__bundle_variable *est__bundle_at(const est__bundle *b, size_t i)
{
    return &b->variables[i];
}

static int by_name(const void *name, const void *variable)
{
    return strcmp(name, ((const est__bundle_variable *)variable)->name);
}

const est__bundle_variable *est__bundle_find(const est__bundle *b, const char *name)
{
    return b->count ? bsearch(name, b->variables, b->count, sizeof *b->variables, by_name) : NULL;
}
