/* Variables in parts, as tf.compat.v1's partitioners cut them. */
#include "train/partitioner.h"

#include "base/fields.h"
#include "tensor/tensor.h"

#define AXIS                                                                                                         \
    EST_FIELD(est_partitioner, INT, axis, .min = 0, .max = EST_MAX_RANK - 1, .doc = "the axis that is cut")
#define LARGEST 0x1p53

static const est_field min_max_fields[] = {
    EST_FIELD(est_partitioner, INT, max_partitions, .def = 1, .min = 1, .max = INT32_MAX, .doc = "parts at most"),
    AXIS,
    EST_FIELD(est_partitioner, INT, min_slice_size, .def = 256 << 10, .min = 1, .max = LARGEST, .doc = "bytes of a part at least"),
    { 0 } };
static const est_field fixed_fields[] = {
    EST_FIELD(est_partitioner, INT, num_shards, .needed = true, .min = 1, .max = INT32_MAX, .doc = "parts"), AXIS, { 0 } };
static const est_field axis_size_fields[] = {
    EST_FIELD(est_partitioner, INT, max_shard_bytes, .needed = true, .min = 1, .max = LARGEST,
              .doc = "bytes of a part at most, but for one of a single row"),
    AXIS,
    EST_FIELD(est_partitioner, INT, max_shards, .min = 0, .max = INT32_MAX, .doc = "parts at most; 0: any number"),
    { 0 } };

/* `rows` along the axis, each of `bytes`. */
static int64_t min_max(const est_partitioner *p, int64_t rows, int64_t bytes)
{
    int64_t total = rows * bytes, parts = total / p->min_slice_size + (total % p->min_slice_size != 0);
    return parts < p->max_partitions ? parts : p->max_partitions;
}

static int64_t fixed_size(const est_partitioner *p, int64_t rows, int64_t bytes)
{
    (void)rows;
    (void)bytes;
    return p->num_shards;
}

static int64_t axis_size(const est_partitioner *p, int64_t rows, int64_t bytes)
{
    int64_t together = p->max_shard_bytes > bytes ? p->max_shard_bytes / bytes : 1;
    int64_t parts = rows / together + (rows % together != 0);
    return p->max_shards && p->max_shards < parts ? p->max_shards : parts;
}

static const struct kind {
    const est_field *fields;
    int64_t (*parts)(const est_partitioner *p, int64_t rows, int64_t bytes);
} kinds[] = { { min_max_fields, min_max }, { fixed_fields, fixed_size }, { axis_size_fields, axis_size } };
static const char *const names[] = { "min_max_variable_partitioner", "fixed_size_partitioner", "variable_axis_size_partitioner", NULL };
enum { COUNT = sizeof kinds / sizeof *kinds };

static const struct kind *find(const char *type)
{
    for (size_t i = 0; type && i < COUNT; i++)
        if (strcmp(names[i], type) == 0)
            return &kinds[i];
    return NULL;
}

const char *const *est_partitioner_names(void)
{
    return names;
}

const est_field *est_partitioner_fields(const char *type)
{
    const struct kind *k = find(type);
    return k ? k->fields : NULL;
}

est_status est__partitioner_check(const est_partitioner *given, const char *estimator, est_partitioner *out)
{
    char where[128];
    const struct kind *k = find(given->type);
    *out = (est_partitioner){ 0 };
    if (given->type == NULL)
        return EST_OK;
    if (k == NULL) {
        const char *near = est__nearest(given->type, names, COUNT);
        return est__fail(EST_INVALID_ARGUMENT, "%s: unknown partitioner '%s'%s%s%s", estimator, given->type,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    snprintf(where, sizeof where, "%s: %s", estimator, names[k - kinds]);
    EST_TRY(est__fields_apply(k->fields, where, given, sizeof *given, out, sizeof *out));
    out->type = names[k - kinds];
    return EST_OK;
}

int64_t est__partitioner_parts(const est_partitioner *p, est_dtype dtype, const est_shape *shape)
{
    const struct kind *k = find(p->type);
    int64_t elements = est_shape_elements(shape);
    if (k == NULL || dtype == EST_STRING || p->axis >= shape->rank || elements == 0)
        return 1;
    int64_t rows = shape->dim[p->axis], parts = k->parts(p, rows, elements / rows * (int64_t)est_dtype_size(dtype));
    return parts < rows ? parts : rows;
}

bool est__partitioning_has(const est__partitioning *p, const char *name)
{
    if (strncmp(name, "training/", strlen("training/")) == 0) {
        name += strlen("training/");
        name += strcspn(name, "/");
        name += *name == '/';
    }
    for (size_t i = 0; i < 2 && p->scope[i]; i++)
        if (strncmp(name, p->scope[i], strlen(p->scope[i])) == 0)
            return true;
    return false;
}

/* Rows [from, from + part->shape.dim[axis]) of the whole. */
static void cut(const est_tensor *whole, int64_t axis, int64_t from, est_tensor *part)
{
    size_t outer = 1, inner = est_dtype_size(whole->dtype);
    for (int64_t i = 0; i < axis; i++)
        outer *= (size_t)whole->shape.dim[i];
    for (int64_t i = axis + 1; i < whole->shape.rank; i++)
        inner *= (size_t)whole->shape.dim[i];
    size_t length = (size_t)part->shape.dim[axis] * inner, stride = (size_t)whole->shape.dim[axis] * inner;
    for (size_t i = 0; i < outer; i++)
        memcpy((char *)part->data + i * length, (const char *)whole->data + i * stride + (size_t)from * inner, length);
}

static est_status add_part(est__bundle_writer *w, const char *name, const est_tensor *t, int64_t axis, int64_t from, int64_t rows)
{
    int64_t start[EST_MAX_RANK] = { 0 };
    est_shape shape = t->shape;
    est_tensor *part;
    start[axis] = from;
    shape.dim[axis] = rows;
    EST_TRY(est_tensor_new(t->dtype, &shape, &part));
    cut(t, axis, from, part);
    est_status st = est__bundle_add_slice(w, name, &t->shape, start, part);
    est_tensor_free(part);
    return st;
}

est_status est__partitioning_add(const est__partitioning *p, est__bundle_writer *w, const char *name, const est_tensor *t)
{
    int64_t parts = est__partitioning_has(p, name) ? est__partitioner_parts(&p->by, t->dtype, &t->shape) : 1, from = 0;
    if (parts == 1)
        return est__bundle_add(w, name, t);
    int64_t rows = t->shape.dim[p->by.axis];
    for (int64_t i = 0; i < parts; i++) {
        int64_t length = rows / parts + (i < rows % parts);
        EST_TRY(add_part(w, name, t, p->by.axis, from, length));
        from += length;
    }
    return EST_OK;
}
