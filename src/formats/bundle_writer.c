/* Writing a TensorBundle. The data file is tensors one after another; the index is a table from names to BundleEntryProto, with a header
 * under "". A part of a partitioned variable has an entry of its own. */
#include <stdlib.h>

#include "formats/bundle_file.h"
#include "proto/pack.h"
#include "tensor/tensor.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors are written as they lie in memory, and the files are little-endian"
#endif

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

est_status est__bundle_writer_new(const char *prefix, est__bundle_writer **out)
{
    *out = NULL;
    est__bundle_writer *w = est__calloc(1, sizeof *w);
    if (!w)
        return est__fail_memory(sizeof *w);
    char *path = est__bundle_data_path(prefix, 0, 1);
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
        crc = est__bundle_crc_of_length(crc, length);
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
    est__bundle_slice_key(&key, name, whole->rank, start, part->shape.dim);
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
    version.producer = EST__BUNDLE_VERSION;
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
    char *path = est__bundle_index_path(w->prefix);
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
