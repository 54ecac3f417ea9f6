/* TensorBundle. The data file is tensors one after another; the index is a table from names to
 * BundleEntryProto, with a header under "". A part of a partitioned variable has an entry of its own, under a
 * key that sorts before all names. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/bundle.h"
#include "formats/table.h"
#include "proto/graph.pb-c.h"
#include "proto/pack.h"
#include "proto/tensor_bundle.pb-c.h"
#include "tensor/tensor.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors are written as they lie in memory, and the files are little-endian"
#endif

enum { READ_BLOCK = 1 << 20, VERSION = 1 };
#define INDEX_LIMIT ((size_t)1 << 31)

/* ---- the key of a part: TensorFlow's ordered code ---- */

static void key_number(est__buffer *key, uint64_t v)
{
    unsigned char bytes[9];
    size_t n = 0;
    for (uint64_t left = v; left; left >>= 8)
        n++;
    bytes[0] = (unsigned char)n;
    for (size_t i = 0; i < n; i++)
        bytes[n - i] = (unsigned char)(v >> 8 * i);
    est__buffer_bytes(key, bytes, n + 1);
}

static void key_text(est__buffer *key, const char *s)
{
    for (; *s; s++)
        est__buffer_bytes(key, (unsigned char)*s == 0xff ? "\xff" : s, (unsigned char)*s == 0xff ? 2 : 1);
    est__buffer_bytes(key, "\0\1", 2);
}

/* 7 bits a byte; the leading ones of the first byte(s) count the bytes, flipped for negative numbers. */
static void key_signed(est__buffer *key, int64_t v)
{
    static const unsigned char header[][2] = { { 0, 0 },       { 0x80, 0 },    { 0xc0, 0 },    { 0xe0, 0 },
                                               { 0xf0, 0 },    { 0xf8, 0 },    { 0xfc, 0 },    { 0xfe, 0 },
                                               { 0xff, 0 },    { 0xff, 0x80 }, { 0xff, 0xc0 } };
    unsigned char bytes[10];
    size_t bits = 0;
    for (uint64_t left = v < 0 ? ~(uint64_t)v : (uint64_t)v; left; left >>= 1)
        bits++;
    size_t n = bits / 7 + 1;
    memset(bytes, v < 0 ? 0xff : 0, 2);
    for (size_t i = 0; i < 8; i++)
        bytes[9 - i] = (unsigned char)((uint64_t)v >> 8 * i);
    unsigned char *first = bytes + 10 - n;
    first[0] ^= header[n][0];
    if (n > 1)
        first[1] ^= header[n][1];
    est__buffer_bytes(key, first, n);
}

/* Length -1 stands for a whole dimension. */
static void slice_key(est__buffer *key, const char *name, int rank, const int64_t *start,
                      const int64_t *length)
{
    key_number(key, 0);
    key_text(key, name);
    key_number(key, (uint64_t)rank);
    for (int i = 0; i < rank; i++) {
        key_signed(key, start[i]);
        key_signed(key, length[i]);
    }
}

/* ---- writing ---- */

typedef struct pending {      /* an entry of the index to be */
    const char *key;
    size_t key_size;
    Tensorflow__BundleEntryProto entry;
    size_t slice_capacity;
} pending;

struct est__bundle_writer {
    char *prefix;
    est__file *data;
    int64_t offset;            /* bytes of the data file */
    int64_t missing;           /* bytes that the tensor in work still wants */
    uint32_t crc;
    pending *entries;
    size_t count, capacity;
    est__arena arena;
    est__map *partitioned;     /* name -> index of its entry + 1 */
    est__sstable_writer table;
};

static char *data_path(const char *prefix, int shard, int shards)
{
    size_t size = strlen(prefix) + 48;
    char *path = est__malloc(size);
    if (path)
        snprintf(path, size, "%s.data-%05d-of-%05d", prefix, shard, shards);
    return path;
}

static char *index_path(const char *prefix)
{
    size_t size = strlen(prefix) + sizeof ".index";
    char *path = est__malloc(size);
    if (path)
        snprintf(path, size, "%s.index", prefix);
    return path;
}

est_status est__bundle_writer_new(const char *prefix, est__bundle_writer **out)
{
    *out = NULL;
    est__bundle_writer *w = est__calloc(1, sizeof *w);
    if (!w)
        return est__fail_memory(sizeof *w);
    char *path = data_path(prefix, 0, 1);
    w->prefix = est__strdup(prefix);
    w->partitioned = est__map_new();
    est_status st = w->prefix && path && w->partitioned ? EST_OK : est__fail_memory(strlen(prefix));
    if (st == EST_OK)
        st = est__file_replace(path, &w->data);
    est__free(path);
    if (st != EST_OK) {
        est__bundle_writer_free(w);
        return st;
    }
    *out = w;
    return EST_OK;
}

static Tensorflow__TensorShapeProto *shape_message(est__arena *a, const est_shape *shape)
{
    Tensorflow__TensorShapeProto *m = est__arena_alloc(a, sizeof *m);
    Tensorflow__TensorShapeProto__Dim **list = est__arena_alloc(a, EST_MAX_RANK * sizeof *list);
    Tensorflow__TensorShapeProto__Dim *dims = est__arena_alloc(a, EST_MAX_RANK * sizeof *dims);
    if (!m || !list || !dims)
        return NULL;
    tensorflow__tensor_shape_proto__init(m);
    for (int i = 0; i < shape->rank; i++) {
        tensorflow__tensor_shape_proto__dim__init(&dims[i]);
        dims[i].size = shape->dim[i];
        list[i] = &dims[i];
    }
    m->n_dim = (size_t)shape->rank;
    m->dim = list;
    return m;
}

static est_status new_entry(est__bundle_writer *w, const char *key, size_t key_size, est_dtype dtype,
                            const est_shape *shape)
{
    EST_TRY(est__grow(&w->entries, &w->capacity, w->count + 1, sizeof *w->entries));
    pending *e = &w->entries[w->count];
    *e = (pending){ .key = est__arena_strndup(&w->arena, key, key_size), .key_size = key_size };
    tensorflow__bundle_entry_proto__init(&e->entry);
    e->entry.dtype = (Tensorflow__DataType)dtype;
    e->entry.shape = shape_message(&w->arena, shape);
    if (!e->key || !e->entry.shape)
        return est__fail_memory(key_size);
    w->count++;
    return EST_OK;
}

static est_status check_new(const est__bundle_writer *w, const char *name, est_dtype dtype,
                            const est_shape *shape)
{
    char text[EST__SHAPE_TEXT_SIZE];
    if (!w->data)
        return est__fail(EST_FAILED_PRECONDITION, "%s: variable '%s' comes after the data file is finished",
                         w->prefix, name);
    if (w->missing)
        return est__fail(EST_FAILED_PRECONDITION,
                         "%s: variable '%s' begins while the one before lacks %lld bytes", w->prefix, name,
                         (long long)w->missing);
    if (!*name)
        return est__fail(EST_INVALID_ARGUMENT, "%s: a variable has no name", w->prefix);
    if (!est_dtype_size(dtype) || dtype == EST_RESOURCE || dtype == EST_VARIANT)
        return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s' is %s, which cannot be saved", w->prefix,
                         name, est_dtype_name(dtype));
    if (est_shape_elements(shape) < 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s' is %s: every dimension must be known",
                         w->prefix, name, est__shape_string(text, shape));
    return EST_OK;
}

static est_status begin(est__bundle_writer *w, const char *key, size_t key_size, est_dtype dtype,
                        const est_shape *shape, int64_t size)
{
    EST_TRY(new_entry(w, key, key_size, dtype, shape));
    Tensorflow__BundleEntryProto *e = &w->entries[w->count - 1].entry;
    e->offset = w->offset;
    e->size = w->missing = size;
    e->crc32c = est__crc32c_mask(0);
    w->crc = 0;
    return EST_OK;
}

/* Writes bytes that the entry's own checksum sees in another form. */
static est_status write_raw(est__bundle_writer *w, const void *data, size_t n)
{
    EST_TRY(est__file_write(w->data, data, n));
    w->offset += (int64_t)n;
    w->missing -= (int64_t)n;
    w->entries[w->count - 1].entry.crc32c = est__crc32c_mask(w->crc);
    return EST_OK;
}

static est_status write_bytes(est__bundle_writer *w, const void *data, size_t n)
{
    w->crc = est__crc32c(w->crc, data, n);
    return write_raw(w, data, n);
}

est_status est__bundle_bytes(est__bundle_writer *w, const void *data, size_t n)
{
    if (n > (uint64_t)w->missing)
        return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s' gets %zu bytes where %lld are left",
                         w->prefix, w->count ? w->entries[w->count - 1].key : "", n, (long long)w->missing);
    return n ? write_bytes(w, data, n) : EST_OK;
}

est_status est__bundle_begin(est__bundle_writer *w, const char *name, est_dtype dtype, const est_shape *shape)
{
    EST_TRY(check_new(w, name, dtype, shape));
    if (dtype == EST_STRING)
        return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s': strings are added in one piece", w->prefix,
                         name);
    return begin(w, name, strlen(name), dtype, shape,
                 est_shape_elements(shape) * (int64_t)est_dtype_size(dtype));
}

static uint32_t crc_of_length(uint32_t crc, uint64_t length)
{
    unsigned char bytes[8];
    size_t n = length > UINT32_MAX ? 8 : 4;
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(length >> 8 * i);
    return est__crc32c(crc, bytes, n);
}

/* Lengths as varints, the masked checksum of the lengths in fixed width, the bytes. */
static est_status add_strings(est__bundle_writer *w, const char *key, size_t key_size, const est_tensor *t)
{
    est__buffer lengths = { 0 };
    int64_t n = est__tensor_elements(t);
    const int64_t *offset = t->data;
    uint32_t crc = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t length = (uint64_t)(offset[i + 1] - offset[i]);
        est__buffer_varint(&lengths, length);
        crc = crc_of_length(crc, length);
    }
    size_t total = (size_t)(offset[n] - offset[0]);
    unsigned char check[4];
    for (size_t i = 0; i < 4; i++)
        check[i] = (unsigned char)(est__crc32c_mask(crc) >> 8 * i);
    est_status st = lengths.status == EST_OK ? EST_OK : est__fail_memory(lengths.size);
    if (st == EST_OK)
        st = begin(w, key, key_size, EST_STRING, &t->shape, (int64_t)(lengths.size + sizeof check + total));
    w->crc = crc;
    if (st == EST_OK)
        st = write_raw(w, lengths.data ? lengths.data : "", lengths.size);
    if (st == EST_OK)
        st = write_bytes(w, check, sizeof check);
    if (st == EST_OK && total)
        st = write_bytes(w, t->bytes + offset[0], total);
    est__buffer_free(&lengths);
    return st;
}

static est_status add(est__bundle_writer *w, const char *key, size_t key_size, const est_tensor *t)
{
    if (t->dtype == EST_STRING)
        return add_strings(w, key, key_size, t);
    size_t size = est__tensor_bytes(t);
    EST_TRY(begin(w, key, key_size, t->dtype, &t->shape, (int64_t)size));
    return size ? write_bytes(w, t->data, size) : EST_OK;
}

est_status est__bundle_add(est__bundle_writer *w, const char *name, const est_tensor *t)
{
    EST_TRY(check_new(w, name, t->dtype, &t->shape));
    return add(w, name, strlen(name), t);
}

static est_status append_slice(est__arena *a, pending *whole, int rank, const int64_t *start,
                               const int64_t *length)
{
    Tensorflow__BundleEntryProto *e = &whole->entry;
    if (e->n_slices == whole->slice_capacity) {
        size_t capacity = whole->slice_capacity ? 2 * whole->slice_capacity : 4;
        Tensorflow__TensorSliceProto **list = est__arena_alloc(a, capacity * sizeof *list);
        if (!list)
            return est__fail_memory(capacity * sizeof *list);
        if (e->n_slices)
            memcpy(list, e->slices, e->n_slices * sizeof *list);
        e->slices = list;
        whole->slice_capacity = capacity;
    }
    Tensorflow__TensorSliceProto *slice = est__arena_alloc(a, sizeof *slice);
    Tensorflow__TensorSliceProto__Extent **list = est__arena_alloc(a, EST_MAX_RANK * sizeof *list);
    Tensorflow__TensorSliceProto__Extent *extents = est__arena_alloc(a, EST_MAX_RANK * sizeof *extents);
    if (!slice || !list || !extents)
        return est__fail_memory(EST_MAX_RANK * sizeof *extents);
    tensorflow__tensor_slice_proto__init(slice);
    for (int i = 0; i < rank; i++) {
        tensorflow__tensor_slice_proto__extent__init(&extents[i]);
        list[i] = &extents[i];
        extents[i].start = start[i];
        extents[i].has_length_case = TENSORFLOW__TENSOR_SLICE_PROTO__EXTENT__HAS_LENGTH_LENGTH;
        extents[i].length = length[i];
    }
    slice->n_extent = (size_t)rank;
    slice->extent = list;
    e->slices[e->n_slices++] = slice;
    return EST_OK;
}

static est_status check_part(const est__bundle_writer *w, const char *name, const est_shape *whole,
                             const int64_t *start, const est_tensor *part)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    bool fits = part->shape.rank == whole->rank;
    for (int i = 0; fits && i < whole->rank; i++)
        fits = start[i] >= 0 && start[i] <= whole->dim[i] && part->shape.dim[i] <= whole->dim[i] - start[i];
    if (fits)
        return EST_OK;
    return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s': a part of %s does not fit into %s there",
                     w->prefix, name, est__shape_string(a, &part->shape), est__shape_string(b, whole));
}

est_status est__bundle_add_slice(est__bundle_writer *w, const char *name, const est_shape *whole,
                                 const int64_t *start, const est_tensor *part)
{
    EST_TRY(check_new(w, name, part->dtype, whole));
    EST_TRY(check_part(w, name, whole, start, part));
    if (est_shape_equal(whole, &part->shape))
        return est__bundle_add(w, name, part);
    uintptr_t known = (uintptr_t)est__map_get(w->partitioned, name, strlen(name));
    if (!known) {
        EST_TRY(new_entry(w, name, strlen(name), part->dtype, whole));
        known = w->count;
        EST_TRY(est__map_put(w->partitioned, name, strlen(name), (void *)known));
    }
    EST_TRY(append_slice(&w->arena, &w->entries[known - 1], whole->rank, start, part->shape.dim));
    est__buffer key = { 0 };
    slice_key(&key, name, whole->rank, start, part->shape.dim);
    est_status st = key.status == EST_OK ? add(w, key.data, key.size, part) : est__fail_memory(key.size);
    est__buffer_free(&key);
    return st;
}

static int by_key(const void *a, const void *b)
{
    const pending *x = a, *y = b;
    size_t n = x->key_size < y->key_size ? x->key_size : y->key_size;
    int order = memcmp(x->key, y->key, n);
    return order ? order : (x->key_size > y->key_size) - (x->key_size < y->key_size);
}

static est_status make_index(est__bundle_writer *w, est__buffer *value)
{
    Tensorflow__VersionDef version = TENSORFLOW__VERSION_DEF__INIT;
    Tensorflow__BundleHeaderProto header = TENSORFLOW__BUNDLE_HEADER_PROTO__INIT;
    header.num_shards = 1;
    header.version = &version;
    version.producer = VERSION;
    EST_TRY(est__proto_pack(&header, value));
    EST_TRY(est__sstable_add(&w->table, "", 0, value->data, value->size));
    if (w->count)
        qsort(w->entries, w->count, sizeof *w->entries, by_key);
    for (size_t i = 0; i < w->count; i++) {
        const pending *e = &w->entries[i];
        if (i && by_key(e - 1, e) == 0)
            return est__fail(EST_INVALID_ARGUMENT, "%s: variable '%s' was added twice", w->prefix, e->key);
        est__buffer_clear(value);
        EST_TRY(est__proto_pack(&e->entry, value));
        EST_TRY(est__sstable_add(&w->table, e->key, e->key_size, value->data, value->size));
    }
    return est__sstable_finish(&w->table);
}

est_status est__bundle_finish_data(est__bundle_writer *w, uint32_t *index_crc)
{
    est__buffer value = { 0 };
    if (!w->data || w->missing)
        return est__fail(EST_FAILED_PRECONDITION, "%s: %s", w->prefix,
                         w->data ? "the last variable is not complete" : "the data file is finished already");
    est_status st = make_index(w, &value);
    est__buffer_free(&value);
    EST_TRY(st);
    est__file *data = w->data;
    w->data = NULL;
    if (index_crc)
        *index_crc = est__crc32c(0, w->table.out.data, w->table.out.size);
    return est__file_commit(data);
}

est_status est__bundle_finish_index(est__bundle_writer *w)
{
    if (w->data || !w->table.out.size)
        return est__fail(EST_FAILED_PRECONDITION, "%s: the index comes after the data", w->prefix);
    char *path = index_path(w->prefix);
    if (!path)
        return est__fail_memory(strlen(w->prefix));
    est_status st = est__file_put(path, w->table.out.data, w->table.out.size);
    est__free(path);
    return st;
}

void est__bundle_writer_free(est__bundle_writer *w)
{
    if (!w)
        return;
    est__file_abandon(w->data);
    est__free(w->prefix);
    est__free(w->entries);
    est__arena_free(&w->arena);
    est__map_free(w->partitioned);
    est__sstable_writer_free(&w->table);
    est__free(w);
}

est_status est__bundle_end(est__bundle_writer *w, est_status st)
{
    if (st == EST_OK)
        st = est__bundle_finish_data(w, NULL);
    if (st == EST_OK)
        st = est__bundle_finish_index(w);
    est__bundle_writer_free(w);
    return st;
}

/* ---- reading ---- */

typedef struct shard {
    char *path;
    int fd;
    int64_t size;
} shard;

typedef struct place {         /* where the bytes of an entry lie */
    int shard;
    int64_t offset, size;
    uint32_t crc;
    Tensorflow__DataType dtype;
    Tensorflow__BundleEntryProto *parts; /* the entry's message when it is partitioned */
    est__bundle_piece piece;
} place;

struct est__bundle {
    char *prefix, *index_path, *index;
    est__sstable table;
    shard *shards;
    size_t shard_count;
    est__bundle_variable *variables;
    place *places;             /* of the variables, one by one */
    size_t count;
};

static est_status open_shard(shard *s)
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
        shard *s = &b->shards[b->shard_count++];
        *s = (shard){ .path = data_path(b->prefix, i, count), .fd = -1 };
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
    if (least > VERSION)
        return est__fail(EST_UNIMPLEMENTED, "%s: wants a reader of version %d, this one is of version %d",
                         b->index_path, least, VERSION);
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

static est_status check_place(const est__bundle *b, const place *p, const est_shape *shape)
{
    char text[EST__SHAPE_TEXT_SIZE];
    if (p->shard < 0 || (size_t)p->shard >= b->shard_count)
        return est__fail(EST_DATA_LOSS, "it lies in data file %d of %zu: the file is damaged", p->shard,
                         b->shard_count);
    const shard *s = &b->shards[p->shard];
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

/* Takes an entry of the index apart. The message is freed, or kept in `p` when it lists parts. */
static est_status read_entry(const est__bundle *b, const est__sstable_entry *e, place *p, est_shape *shape)
{
    Tensorflow__BundleEntryProto *m;
    *p = (place){ 0 };
    EST_TRY(est__proto_unpack(&tensorflow__bundle_entry_proto__descriptor, e->value.p, e->value.n,
                              "its entry", &m));
    *p = (place){ .shard = m->shard_id, .offset = m->offset, .size = m->size, .crc = m->crc32c, .dtype = m->dtype,
                  .parts = m->n_slices ? m : NULL };
    est_status st = read_shape(m->shape, shape);
    if (st == EST_OK && !p->parts)
        st = check_place(b, p, shape);
    if (!p->parts)
        est__proto_free(m);
    return st;
}

static est_status read_extents(const Tensorflow__TensorSliceProto *m, const est_shape *whole, int64_t *start,
                               int64_t *length, est_shape *shape);

/* Is its only part less than the whole? */
static void find_piece(est__bundle_variable *v, place *p)
{
    int64_t length[EST_MAX_RANK];
    est_shape shape = { 0 };
    if (v->slices != 1 || v->shape.rank < 0)
        return;
    if (read_extents(p->parts->slices[0], &v->shape, p->piece.start, length, &shape) != EST_OK ||
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
        place *p = &b->places[b->count++];
        v->name = (const char *)e->key.p;
        if (strlen(v->name) != e->key.n)
            return est__fail(EST_DATA_LOSS, "%s: variable '%s' has a NUL in its name: the file is damaged",
                             b->index_path, v->name);
        est_status st = read_entry(b, e, p, &v->shape);
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
    b->index_path = index_path(prefix);
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

/* Reads [offset, offset + n) of a data file; sums each block up while it is in the cache. */
static est_status read_bytes(const shard *s, int64_t offset, void *to, size_t n, uint32_t *crc)
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

static est_status check_crc(uint32_t crc, const place *p)
{
    bool fits = est__crc32c_mask(crc) == p->crc;
    return fits ? EST_OK : est__fail(EST_DATA_LOSS, "checksum differs: the file is damaged");
}

static est_status read_numbers(const est__bundle *b, const place *p, est_tensor *into)
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
static est_status split_strings(const place *p, const unsigned char *bytes, int64_t n, const char **strings,
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
        crc = crc_of_length(crc, length);
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

static est_status read_strings(const est__bundle *b, const place *p, const est_shape *shape, est_tensor **out)
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

/* Where a part lies: `length` as it stands in the key, the part's shape with whole dimensions filled in. */
static est_status read_extents(const Tensorflow__TensorSliceProto *m, const est_shape *whole, int64_t *start,
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

static est_status read_part(const est__bundle *b, const est__bundle_variable *v,
                            const Tensorflow__TensorSliceProto *m, est_tensor *into, int64_t *left)
{
    static const int64_t origin[EST_MAX_RANK] = { 0 };
    int64_t start[EST_MAX_RANK], length[EST_MAX_RANK];
    est_shape shape = { 0 }, stored;
    place p;
    EST_TRY(read_extents(m, v->piece ? &v->piece->whole : &v->shape, start, length, &shape));
    est__buffer key = { 0 };
    slice_key(&key, v->name, v->shape.rank, start, length);
    const est__sstable_entry *e = key.status == EST_OK ? est__sstable_find(&b->table, key.data, key.size)
                                                       : NULL;
    est__buffer_free(&key);
    if (!e)
        return est__fail(EST_DATA_LOSS, "a part is missing: the file is damaged");
    est_status st = read_entry(b, e, &p, &stored);
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

static est_status read_parts(const est__bundle *b, const est__bundle_variable *v, const place *p,
                             est_tensor *into)
{
    int64_t left = est_shape_elements(&v->shape);
    for (size_t i = 0; i < p->parts->n_slices; i++)
        EST_TRY(read_part(b, v, p->parts->slices[i], into, &left));
    return left == 0 ? EST_OK
                     : est__fail(EST_DATA_LOSS, "its parts lack %lld elements: the file is damaged",
                                 (long long)left);
}

static est_status fail_variable(const est__bundle *b, const place *p, const char *name, est_status st)
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
                                const place **p)
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
    const place *p;
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
    const place *p;
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
