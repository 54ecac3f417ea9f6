/* Rows from arrays: tensors whose first dimension is the rows, copied into one table (numpy_input_fn). */
#include "data/source.h"

typedef struct memory {
    est__table table;
} memory;

static est_status whole(void *source, const est__table **out)
{
    memory *m = source;
    *out = &m->table;
    return EST_OK;
}

static void save_nothing(void *source, int64_t rows, est__buffer *out)
{
    (void)source;
    (void)rows;
    (void)out;
}

static est_status restore_nothing(void *source, est__cursor *in)
{
    (void)source;
    (void)in;
    return EST_OK;
}

static est_status fingerprint(const est_dataset *d, uint64_t *out)
{
    const memory *m = d->source;
    uint64_t hash = (uint64_t)m->table.rows;
    for (int i = 0; i < m->table.count; i++) {
        const est__column *c = &m->table.column[i];
        size_t elements = (size_t)est__column_at(c, m->table.rows);
        bool text = c->dtype == EST_STRING;
        size_t size = text ? (elements + 1) * 8 : elements * est_dtype_size(c->dtype);
        hash = est__fingerprint_cat64(hash, est__crc32c(0, c->data, size));
        if (text)
            hash = est__fingerprint_cat64(hash, est__crc32c(0, c->bytes, (size_t)est__column_offsets(c)[elements]));
        if (c->splits)
            hash = est__fingerprint_cat64(hash, est__crc32c(0, c->splits, ((size_t)m->table.rows + 1) * sizeof *c->splits));
    }
    *out = hash;
    return EST_OK;
}

static void free_memory(void *source)
{
    memory *m = source;
    if (m)
        est__table_free(&m->table);
    est__free(m);
}

static const est__rows_kind rows = { .whole = whole, .save = save_nothing, .restore = restore_nothing };

const est__source_kind est__source_memory = {
    .name = "memory", .rows = &rows, .start = est__rows_start, .read = est__rows_read, .save = est__rows_save,
    .restore = est__rows_restore, .fingerprint = fingerprint, .free = free_memory };

/* A name for the labels that no feature has. */
static const char *label_name(const char *const *names, size_t count)
{
    static const char *const tried[] = { "label", "labels", "the label", "the labels" };
    for (size_t t = 0; t < sizeof tried / sizeof *tried; t++) {
        size_t i = 0;
        while (i < count && strcmp(names[i], tried[t]) != 0)
            i++;
        if (i == count)
            return tried[t];
    }
    return "";
}

/* What est_memory_dataset_new_ragged was given. */
typedef struct arrays {
    const char *const *names;
    const est_tensor *const *tensors, *const *row_offsets;
    size_t count;
    const est_tensor *labels;
} arrays;

static const est_tensor *offsets_of(const arrays *a, size_t i)
{
    return a->row_offsets && i < a->count ? a->row_offsets[i] : NULL;
}

static est_status describe(const char *name, const est_tensor *t, const est_tensor *offsets, int64_t rows_wanted, est_feature *f)
{
    if (!t || t->shape.rank < 1 || est_shape_elements(&t->shape) < 0)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': a tensor whose first dimension is the rows is needed", name);
    if (offsets && t->shape.rank != 1)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': the values of all rows must be [n]", name);
    if (offsets)
        EST_TRY(est__offsets_check(name, offsets, t->shape.dim[0]));
    int64_t n = offsets ? offsets->shape.dim[0] - 1 : t->shape.dim[0];
    if (n != rows_wanted)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' has %lld rows, the first feature has %lld", name, (long long)n,
                         (long long)rows_wanted);
    *f = (est_feature){ .name = name, .dtype = t->dtype, .variable_length = offsets != NULL };
    if (!offsets)
        f->shape = est_shape_of(t->shape.rank - 1, t->shape.dim + 1);
    return EST_OK;
}

static est_status describe_all(const arrays *a, int64_t *count, est_feature *f)
{
    for (size_t i = 0; i < a->count; i++)
        if (!a->names[i] || !a->tensors[i])
            return est__fail(EST_INVALID_ARGUMENT, "est_memory_dataset_new: feature %zu has no name or no tensor", i);
    const est_tensor *first = offsets_of(a, 0);
    *count = first ? (first->shape.rank == 1 ? first->shape.dim[0] - 1 : -1) : a->tensors[0]->shape.dim[0];
    for (size_t i = 0; i < a->count; i++)
        EST_TRY(describe(a->names[i], a->tensors[i], offsets_of(a, i), *count, &f[i]));
    if (a->labels)
        EST_TRY(describe(label_name(a->names, a->count), a->labels, NULL, *count, &f[a->count]));
    if (*count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_memory_dataset_new: the tensors have no rows");
    return EST_OK;
}

static est_status copy_rows(memory *m, const est_feature *f, const arrays *a, int64_t count)
{
    size_t all = a->count + (a->labels != NULL);
    for (size_t i = 0; i < all; i++)
        EST_TRY(est__feature_check(&f[i], i));
    EST_TRY(est__table_init(&m->table, (est_features_spec){ f, all }));
    for (size_t i = 0; i < all; i++) {
        const est_tensor *offsets = offsets_of(a, i);
        EST_TRY(est__column_set(&m->table.column[i], i < a->count ? a->tensors[i] : a->labels));
        if (offsets)
            EST_TRY(est__column_split(&m->table.column[i], offsets->data, count));
    }
    m->table.rows = count;
    return EST_OK;
}

est_status est_memory_dataset_new_ragged(const char *const *names, const est_tensor *const *tensors,
                                         const est_tensor *const *row_offsets, size_t count, const est_tensor *labels,
                                         est_dataset **out)
{
    arrays a = { names, tensors, row_offsets, count, labels };
    int64_t num_rows = 0;
    *out = NULL;
    if (!count || !names || !tensors)
        return est__fail(EST_INVALID_ARGUMENT, "est_memory_dataset_new: a feature is needed");
    est_feature *f = est__calloc(count + 1, sizeof *f);
    memory *m = est__calloc(1, sizeof *m);
    est_status st = f && m ? describe_all(&a, &num_rows, f) : est__fail_memory((count + 1) * sizeof *f);
    if (st == EST_OK)
        st = copy_rows(m, f, &a, num_rows);
    if (st == EST_OK)
        st = est__dataset_new((est_features_spec){ f, count + (labels != NULL) }, labels ? (int)count : -1,
                              &est__source_memory, m, out);
    else
        free_memory(m);
    est__free(f);
    return st;
}

est_status est_memory_dataset_new(const char *const *names, const est_tensor *const *tensors, size_t count,
                                  const est_tensor *labels, est_dataset **out)
{
    return est_memory_dataset_new_ragged(names, tensors, NULL, count, labels, out);
}
