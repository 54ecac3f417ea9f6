/* RestoreV2: tensors out of a checkpoint, as initial values of variables. */
#include <estimator/checkpoint.h>

#include "formats/bundle.h"
#include "ops/ops.h"

/* Keras and TensorFlow 2 save the parts of a table under names of their own: "<name>/part_0". */
static const est__bundle_variable *find_part(const est__bundle *b, const char *name, size_t i)
{
    char part[1024];
    int n = snprintf(part, sizeof part, "%s/part_%zu", name, i);
    return n > 0 && (size_t)n < sizeof part ? est__bundle_find(b, part) : NULL;
}

/* One below the other in the output. */
static est_status read_parts(est_kernel *k, int i, const est__bundle *b, const char *name, est_shape shape)
{
    const est__bundle_variable *part;
    est_tensor *out;
    int64_t at = 0, row = 1;
    for (int d = 1; d < shape.rank; d++)
        row *= shape.dim[d];
    EST_TRY(est__out(k, i, &shape, &out));
    for (size_t p = 0; (part = find_part(b, name, p)) != NULL; at += part->shape.dim[0], p++) {
        est_tensor view = *out;
        view.shape = part->shape;
        view.data = (char *)out->data + (size_t)(at * row) * est_dtype_size(out->dtype);
        EST_TRY(est__bundle_read_into(b, part->name, &view));
    }
    return EST_OK;
}

static est_status add_parts(est_kernel *k, const est__bundle *b, const char *name, est_shape *shape)
{
    const est__bundle_variable *part = find_part(b, name, 0);
    *shape = part->shape;
    for (size_t p = 1; (part = find_part(b, name, p)) != NULL; p++) {
        bool fits = part->shape.rank == shape->rank && shape->rank > 0;
        for (int d = 1; d < shape->rank && fits; d++)
            fits = part->shape.dim[d] == shape->dim[d];
        if (!fits || part->shape.dim[0] > INT64_MAX / 2 - shape->dim[0])
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%s: '%s' does not continue the parts before it",
                                    est__bundle_prefix(b), part->name);
        shape->dim[0] += part->shape.dim[0];
    }
    return EST_OK;
}

static est_status restore(est_kernel *k, int i, const est__bundle *b, const char *name, est_dtype dtype)
{
    const est__bundle_variable *v = est__bundle_find(b, name), *part = v ? NULL : find_part(b, name, 0);
    est_tensor *out;
    if (v == NULL && part == NULL)
        return est__kernel_fail(k, EST_NOT_FOUND, "%s: there is no '%s' in it", est__bundle_prefix(b), name);
    est_dtype found = v ? v->dtype : part->dtype;
    est_shape shape = v ? v->shape : part->shape;
    if (found != dtype || dtype == EST_STRING)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%s: '%s' is %s, not %s", est__bundle_prefix(b),
                                name, est_dtype_name(found),
                                dtype == EST_STRING ? "numbers" : est_dtype_name(dtype));
    if (part) {
        EST_TRY(add_parts(k, b, name, &shape));
        return read_parts(k, i, b, name, shape);
    }
    EST_TRY(est__out(k, i, &shape, &out));
    return est__bundle_read_into(b, v->name, out);
}

static est_status restore_all(est_kernel *k, const est__bundle *b, const est_dtype *dtypes)
{
    const est_tensor *names = est__in(k, 1);
    for (int i = 0; i < k->num_out; i++) {
        size_t n;
        const char *text = est_tensor_string(names, i, &n);
        char *name = est__scratch(k, n + 1);
        if (name == NULL)
            return EST_RESOURCE_EXHAUSTED;
        memcpy(name, text, n);
        name[n] = '\0';
        EST_TRY(restore(k, i, b, name, dtypes[i]));
    }
    return EST_OK;
}

typedef struct state {
    const est_dtype *dtypes;
} state;

static est_status prepare(const est_operation *op, void *to)
{
    ((state *)to)->dtypes = est__attr(op, "dtypes")->list.type;
    return EST_OK;
}

/* A folder stands for its newest checkpoint. */
static est_status restore_cpu(est_kernel *k)
{
    char prefix[4096];
    const est_tensor *names = est__in(k, 1), *slices = est__in(k, 2);
    size_t n;
    est__bundle *b;
    if (est__tensor_elements(est__in(k, 0)) != 1 || est__tensor_elements(names) != k->num_out)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld names for %d tensors",
                                (long long)est__tensor_elements(names), k->num_out);
    for (int64_t i = 0; i < est__tensor_elements(slices); i++) {
        est_tensor_string(slices, i, &n);
        if (n > 0)
            return est__kernel_fail(k, EST_UNIMPLEMENTED, "slices of tensors are not built in");
    }
    const char *given = est_tensor_string(est__in(k, 0), 0, &n);
    if (n >= sizeof prefix)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a path of %zu bytes; %zu are possible", n,
                                sizeof prefix - 1);
    memcpy(prefix, given, n);
    prefix[n] = '\0';
    if (est__is_dir(prefix)) {
        char folder[sizeof prefix];
        memcpy(folder, prefix, n + 1);
        EST_TRY(est_latest_checkpoint(folder, prefix, sizeof prefix));
    }
    EST_TRY(est__bundle_open(prefix, &b));
    est_status st = restore_all(k, b, ((const state *)k->state)->dtypes);
    est__bundle_free(b);
    return st;
}

EST_OPS(restore,
        { .tf_name = "RestoreV2",
          .signature = "prefix: string, tensor_names: string, shape_and_slices: string -> tensors: dtypes; "
                       "dtypes: list(type)",
          .infer = est__infer_unknown,
          .cpu = restore_cpu,
          .state_size = sizeof(state),
          .prepare = prepare,
          .flags = EST_OP_STATEFUL });
