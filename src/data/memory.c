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

static void save_nothing(void *source, est__buffer *out)
{
    (void)source;
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
        size_t elements = (size_t)(m->table.rows * c->elements);
        bool text = c->dtype == EST_STRING;
        size_t size = text ? (elements + 1) * 8 : elements * est_dtype_size(c->dtype);
        hash = est__fingerprint_cat64(hash, est__crc32c(0, c->data, size));
        if (text)
            hash = est__fingerprint_cat64(hash, est__crc32c(0, c->bytes, (size_t)est__column_offsets(c)[elements]));
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

static est_status describe(const char *name, const est_tensor *t, int64_t rows_wanted, est_feature *f)
{
    if (!t || t->shape.rank < 1 || est_shape_elements(&t->shape) < 0)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': a tensor whose first dimension is the rows is needed", name);
    if (t->shape.dim[0] != rows_wanted)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' has %lld rows, the first feature has %lld", name,
                         (long long)t->shape.dim[0], (long long)rows_wanted);
    *f = (est_feature){ .name = name, .dtype = t->dtype };
    f->shape = est_shape_of(t->shape.rank - 1, t->shape.dim + 1);
    return EST_OK;
}

static est_status copy_rows(memory *m, const est_feature *f, const est_tensor *const *tensors, size_t count,
                            const est_tensor *labels)
{
    size_t all = count + (labels != NULL);
    for (size_t i = 0; i < all; i++)
        EST_TRY(est__feature_check(&f[i], i));
    EST_TRY(est__table_init(&m->table, (est_features_spec){ f, all }));
    for (size_t i = 0; i < all; i++)
        EST_TRY(est__column_set(&m->table.column[i], i < count ? tensors[i] : labels));
    m->table.rows = tensors[0]->shape.dim[0];
    return EST_OK;
}

static est_status describe_all(const char *const *names, const est_tensor *const *tensors, size_t count,
                               const est_tensor *labels, est_feature *f)
{
    for (size_t i = 0; i < count; i++) {
        if (!names[i] || !tensors[i])
            return est__fail(EST_INVALID_ARGUMENT, "est_memory_dataset_new: feature %zu has no name or no tensor", i);
        EST_TRY(describe(names[i], tensors[i], tensors[0]->shape.dim[0], &f[i]));
    }
    if (labels)
        EST_TRY(describe(label_name(names, count), labels, tensors[0]->shape.dim[0], &f[count]));
    if (tensors[0]->shape.dim[0] == 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_memory_dataset_new: the tensors have no rows");
    return EST_OK;
}

est_status est_memory_dataset_new(const char *const *names, const est_tensor *const *tensors, size_t count,
                                  const est_tensor *labels, est_dataset **out)
{
    *out = NULL;
    if (!count || !names || !tensors)
        return est__fail(EST_INVALID_ARGUMENT, "est_memory_dataset_new: a feature is needed");
    est_feature *f = est__calloc(count + 1, sizeof *f);
    memory *m = est__calloc(1, sizeof *m);
    est_status st = f && m ? describe_all(names, tensors, count, labels, f) : est__fail_memory((count + 1) * sizeof *f);
    if (st == EST_OK)
        st = copy_rows(m, f, tensors, count, labels);
    if (st == EST_OK)
        st = est__dataset_new((est_features_spec){ f, count + (labels != NULL) }, labels ? (int)count : -1,
                              &est__source_memory, m, out);
    else
        free_memory(m);
    est__free(f);
    return st;
}
