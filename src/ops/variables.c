/* Variables: handles, reading, assigning, and rows gathered and scattered by id. */
#include <assert.h>

#include "ops/variable.h"

/* ---- the handle ---- */
static const char *resource_name(const est_operation *op)
{
    const char *shared = est__attr_string(op, "shared_name");
    return shared[0] != '\0' ? shared : op->name;
}

static est_status check_bound(const est__resource *r, est_dtype dtype, const est_shape *shape)
{
    char here[EST__SHAPE_TEXT_SIZE], there[EST__SHAPE_TEXT_SIZE];
    if (r->kind != &est__variable_kind)
        return est__fail(EST_INVALID_ARGUMENT, "'%s' is a variable in this graph, and a %s already", r->name,
                         r->kind->name);
    const est_tensor *value = ((const est__variable *)r)->value;
    if (value->dtype != dtype || !est__shape_compatible(&value->shape, shape))
        return est__fail(EST_INVALID_ARGUMENT, "variable '%s' is %s %s in this graph, and %s %s already",
                         r->name, est_dtype_name(dtype), est__shape_string(here, shape),
                         est_dtype_name(value->dtype), est__shape_string(there, &value->shape));
    return EST_OK;
}

est_status est__variable_add(est__resources *resources, const char *name, est_dtype dtype, const est_shape *shape,
                             est__variable **out)
{
    est__variable *v = est__calloc(1, sizeof *v);
    *out = NULL;
    if (v == NULL || (v->base.name = est__strdup(name)) == NULL) {
        est__free(v);
        return est__fail_memory(sizeof *v);
    }
    v->base.kind = &est__variable_kind;
    est_status st = est_tensor_new(dtype, shape, &v->value);
    if (st != EST_OK) {
        est__free(v->base.name);
        est__free(v);
        return est__fail_in(st, "variable '%s'", name);
    }
    EST_TRY(est__resources_add(resources, &v->base));
    *out = v;
    return EST_OK;
}

static est_status bind_variable(const est_operation *op, est__resources *resources, est__resource **out)
{
    const char *name = resource_name(op);
    est_dtype dtype = est__attr_type(op, "dtype");
    est_shape shape = est__attr_shape(op, "shape");
    *out = est__resources_find(resources, name);
    if (*out != NULL)
        return check_bound(*out, dtype, &shape);
    if (!est__shape_known(&shape)) {
        char text[EST__SHAPE_TEXT_SIZE];
        return est__fail(EST_UNIMPLEMENTED,
                         "variable '%s' has the shape %s: a variable's dimensions must be known", name,
                         est__shape_string(text, &shape));
    }
    est__variable *v;
    EST_TRY(est__variable_add(resources, name, dtype, &shape, &v));
    *out = &v->base;
    return EST_OK;
}

const est_operation *est__variable_handle(const est_operation *op, int i)
{
    const est_operation *from = est__handle_made_by(op->input[i]);
    return from && from->row->bind == bind_variable ? from : NULL;
}

est_shape est__variable_shape(const est_operation *op, int i)
{
    const est_operation *handle = est__variable_handle(op, i);
    return handle != NULL ? est__attr_shape(handle, "shape") : est_shape_of(-1, NULL);
}

est_shape est__row_shape(const est_operation *op, int i)
{
    est_shape shape = est__variable_shape(op, i);
    return shape.rank > 0 ? est_shape_of(shape.rank - 1, shape.dim + 1) : est_shape_of(-1, NULL);
}

est_status est__resource_in(const est_kernel *k, int i, const est__resource_kind *kind, est__resource **out)
{
    *out = est__in_resource(k, i);
    if (*out == NULL)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "input %d is no handle of a %s", i, kind->name);
    if ((*out)->kind != kind)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "'%s' is a %s, not a %s", (*out)->name,
                                (*out)->kind->name, kind->name);
    return EST_OK;
}

est_status est__variable_in(const est_kernel *k, int i, est_dtype dtype, est__variable **out)
{
    est__resource *r;
    *out = NULL;
    EST_TRY(est__resource_in(k, i, &est__variable_kind, &r));
    est__variable *v = *out = (est__variable *)r;
    if (v->value->dtype != dtype)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "variable '%s' is %s, not %s", r->name,
                                est_dtype_name(v->value->dtype), est_dtype_name(dtype));
    if (!v->initialized)
        return est__kernel_fail(k, EST_FAILED_PRECONDITION,
                                "variable '%s' has no value yet: run its initializer or restore it", r->name);
    return EST_OK;
}

est_status est__check_ids(const est_kernel *k, int i, int64_t rows, const char *name)
{
    const est_tensor *ids = est__in(k, i);
    int64_t n = est__tensor_elements(ids);
    bool all = ids->dtype == EST_INT64;
    for (int64_t j = 0; j < n && ids->dtype == EST_INT64; j++)
        all &= (uint64_t)((const int64_t *)ids->data)[j] < (uint64_t)rows;
    for (int64_t j = 0; j < n && !all; j++) {
        int64_t id = est__int_at(ids, j);
        if (id < 0 || id >= rows)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                    "id %lld, number %lld of the ids, is not in [0, %lld) of '%s'",
                                    (long long)id, (long long)j, (long long)rows, name);
    }
    return EST_OK;
}

/* ---- reading ---- */
static est_status infer_read(est_infer *c)
{
    const est_operation *handle = est__variable_handle(c->op, 0);
    if (handle != NULL && est__attr_type(handle, "dtype") != est__attr_type(c->op, "dtype"))
        return est__infer_fail(c, "variable '%s' is %s, not %s", handle->name,
                               est_dtype_name(est__attr_type(handle, "dtype")),
                               est_dtype_name(est__attr_type(c->op, "dtype")));
    c->out[0] = est__variable_shape(c->op, 0);
    return EST_OK;
}

typedef struct dtype_state {
    est_dtype dtype;
} dtype_state;

static est_status prepare_dtype(const est_operation *op, void *state)
{
    ((dtype_state *)state)->dtype = est__attr_type(op, "dtype");
    return EST_OK;
}

static est_status read_cpu(est_kernel *k)
{
    est__variable *v;
    EST_TRY(est__variable_in(k, 0, ((const dtype_state *)k->state)->dtype, &v));
    return est__out_lend(k, 0, v->value);
}

static void read_grad(est_grad *b)
{
    b->dx[0] = b->dy[0];
}

static est_status is_initialized_cpu(est_kernel *k)
{
    est__resource *r;
    est_tensor *out;
    EST_TRY(est__resource_in(k, 0, &est__variable_kind, &r));
    EST_TRY(est__out(k, 0, &(est_shape){ 0 }, &out));
    *(bool *)out->data = ((const est__variable *)r)->initialized;
    return EST_OK;
}

/* ---- assigning ---- */
static est_status infer_assign(est_infer *c)
{
    est_shape variable = est__variable_shape(c->op, 0);
    if (!est__shape_compatible(&variable, est__infer_in(c, 1))) {
        char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
        return est__infer_fail(c, "a value of shape %s for the variable '%s' of shape %s",
                               est__shape_string(a, est__infer_in(c, 1)), c->op->input[0]->op->name,
                               est__shape_string(b, &variable));
    }
    return EST_OK;
}

static est_status check_value(const est_kernel *k, const est__variable *v, const est_tensor *value)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    if (value->dtype == v->value->dtype && est_shape_equal(&value->shape, &v->value->shape))
        return EST_OK;
    return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a value %s %s for the variable '%s', which is %s %s",
                            est_dtype_name(value->dtype), est__shape_string(a, &value->shape), v->base.name,
                            est_dtype_name(v->value->dtype), est__shape_string(b, &v->value->shape));
}

static est_status assign_cpu(est_kernel *k)
{
    const est_tensor *value = est__in(k, 1);
    est__resource *r;
    EST_TRY(est__resource_in(k, 0, &est__variable_kind, &r));
    est__variable *v = (est__variable *)r;
    EST_TRY(check_value(k, v, value));
    if (value->dtype == EST_STRING) {
        est_tensor *copy;
        EST_TRY(est_tensor_copy(value, &copy));
        est_tensor_free(v->value);
        v->value = copy;
    } else {
        memmove(v->value->data, value->data, est__tensor_bytes(value));
    }
    v->initialized = true;
    return EST_OK;
}

/* One update of elements that lie side by side. */
typedef enum update_kind { UPDATE_SET, UPDATE_ADD, UPDATE_SUB } update_kind;

#define UPDATE_LOOP(T)                            \
    {                                             \
        T *to = at;                               \
        const T *x = from;                        \
        if (kind == UPDATE_ADD)                   \
            for (int64_t i = 0; i < n; i++)       \
                to[i] = (T)(to[i] + x[i]);        \
        else                                      \
            for (int64_t i = 0; i < n; i++)       \
                to[i] = (T)(to[i] - x[i]);        \
        break;                                    \
    }

static void update(update_kind kind, est_dtype dtype, void *at, const void *from, int64_t n)
{
    if (kind == UPDATE_SET) {
        memmove(at, from, (size_t)n * est_dtype_size(dtype));
        return;
    }
    switch (dtype) {
    case EST_FLOAT: UPDATE_LOOP(float)
    case EST_DOUBLE: UPDATE_LOOP(double)
    case EST_INT32: case EST_UINT32: UPDATE_LOOP(uint32_t)   /* unsigned: sums wrap */
    case EST_INT64: case EST_UINT64: UPDATE_LOOP(uint64_t)
    default: assert(!"the signature allows no other dtype");
    }
}

static est_status update_cpu(est_kernel *k, update_kind kind)
{
    est__variable *v;
    const est_tensor *x = est__in(k, 1);
    EST_TRY(est__variable_in(k, 0, x->dtype, &v));
    EST_TRY(check_value(k, v, x));
    update(kind, x->dtype, v->value->data, x->data, est__tensor_elements(x));
    return EST_OK;
}

static est_status assign_add_cpu(est_kernel *k)
{
    return update_cpu(k, UPDATE_ADD);
}

static est_status assign_sub_cpu(est_kernel *k)
{
    return update_cpu(k, UPDATE_SUB);
}

/* ---- rows by id ---- */
static est_status infer_gather(est_infer *c)
{
    const est_shape *ids = est__infer_in(c, 1);
    est_shape row = est__row_shape(c->op, 0);
    if (est__attr_int(c->op, "batch_dims") != 0)
        return est__infer_fail(c, "batch_dims other than 0 is not supported");
    if (est__variable_shape(c->op, 0).rank == 0)
        return est__infer_fail(c, "the variable '%s' is a scalar and has no rows", c->op->input[0]->op->name);
    if (ids->rank < 0 || row.rank < 0 || ids->rank + row.rank > EST_MAX_RANK)
        return EST_OK;
    c->out[0] = *ids;
    c->out[0].rank += row.rank;
    memcpy(c->out[0].dim + ids->rank, row.dim, sizeof row.dim[0] * (size_t)row.rank);
    return EST_OK;
}

static est_status gather_cpu(est_kernel *k)
{
    const est_tensor *ids = est__in(k, 1);
    est__variable *v;
    est_tensor *out;
    EST_TRY(est__variable_in(k, 0, ((const dtype_state *)k->state)->dtype, &v));
    const est_tensor *value = v->value;
    int row_rank = value->shape.rank - 1;
    if (row_rank < 0 || ids->shape.rank + row_rank > EST_MAX_RANK || value->dtype == EST_STRING)
        return est__kernel_fail(
            k, EST_INVALID_ARGUMENT,
            "rows of the %s variable '%s' of rank %d cannot be gathered by ids of rank %d",
            est_dtype_name(value->dtype), v->base.name, row_rank + 1, ids->shape.rank);
    EST_TRY(est__check_ids(k, 1, est__rows(value), v->base.name));
    est_shape shape = ids->shape;
    memcpy(shape.dim + shape.rank, value->shape.dim + 1, sizeof shape.dim[0] * (size_t)row_rank);
    shape.rank += row_rank;
    EST_TRY(est__out(k, 0, &shape, &out));
    size_t row = (size_t)est__row_elements(value) * est_dtype_size(value->dtype);
    int64_t n = est__tensor_elements(ids);
    for (int64_t i = 0; i < n; i++)
        memcpy((char *)out->data + (size_t)i * row,
               (const char *)value->data + (size_t)est__int_at(ids, i) * row, row);
    return EST_OK;
}

static void gather_grad(est_grad *b)
{
    est_shape row = est__row_shape(b->op, 0);
    int64_t dims[EST_MAX_RANK] = { -1 };
    if (row.rank < 0 || row.rank >= EST_MAX_RANK) {
        b->dx[0] =
            est__graph_fail(b->g, EST_UNIMPLEMENTED,
                            "ResourceGather '%s': the gradient needs the shape of the variable", b->op->name);
        return;
    }
    memcpy(dims + 1, row.dim, sizeof row.dim[0] * (size_t)row.rank);
    est_node *rows = est_constant_ints(b->g, EST_INT64, (est_ints){ dims, (size_t)row.rank + 1 });
    est_node *flat = est_constant_ints(b->g, EST_INT32, EST_INTS(-1));
    b->dx[0] = est_op(b->g, "Reshape", NULL, EST_NODES(b->dy[0], rows), EST_NO_ATTRS);
    b->dx_indices[0] = est_op(b->g, "Reshape", NULL, EST_NODES(b->x[1], flat), EST_NO_ATTRS);
}

static est_status scatter_cpu(est_kernel *k, update_kind kind)
{
    const est_tensor *ids = est__in(k, 1), *x = est__in(k, 2);
    est__variable *v;
    EST_TRY(est__variable_in(k, 0, x->dtype, &v));
    int64_t n = est__tensor_elements(ids), row = est__row_elements(v->value);
    if (v->value->shape.rank == 0 || est__tensor_elements(x) != n * row || x->dtype == EST_STRING) {
        char a[EST__SHAPE_TEXT_SIZE], c[EST__SHAPE_TEXT_SIZE];
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "%s %s for %lld rows of the variable '%s' of shape %s",
                                est_dtype_name(x->dtype), est__shape_string(a, &x->shape), (long long)n,
                                v->base.name, est__shape_string(c, &v->value->shape));
    }
    EST_TRY(est__check_ids(k, 1, est__rows(v->value), v->base.name));
    size_t bytes = (size_t)row * est_dtype_size(x->dtype);
    for (int64_t i = 0; i < n; i++)
        update(kind, x->dtype, (char *)v->value->data + (size_t)est__int_at(ids, i) * bytes,
               (const char *)x->data + (size_t)i * bytes, row);
    return EST_OK;
}

static est_status scatter_add_cpu(est_kernel *k)
{
    return scatter_cpu(k, UPDATE_ADD);
}

static est_status scatter_sub_cpu(est_kernel *k)
{
    return scatter_cpu(k, UPDATE_SUB);
}

static est_status scatter_update_cpu(est_kernel *k)
{
    return scatter_cpu(k, UPDATE_SET);
}

#define NUMBERS "{float, double, int32, int64, uint32, uint64}"
#define SCATTER "resource: resource, indices: Tindices, updates: dtype -> ; Tindices: {int32, int64}; dtype: "
#define DTYPE_STATE .state_size = sizeof(dtype_state), .prepare = prepare_dtype

EST_OPS(variables,
        { .tf_name = "VarHandleOp",
          .signature = " -> resource: resource; container: string = ''; shared_name: string = ''; "
                       "debug_name: string = ''; dtype: type; shape: shape; allowed_devices: list(string) = "
                       "[]",
          .infer = est__infer_scalar, .bind = bind_variable, .flags = EST_OP_STATEFUL | EST_OP_HANDLE },
        { .tf_name = "ReadVariableOp", .signature = "resource: resource -> value: dtype; dtype: type",
          .infer = infer_read, .cpu = read_cpu, .grad = read_grad, DTYPE_STATE,
          .flags = EST_OP_STATEFUL | EST_OP_READS },
        { .tf_name = "VarIsInitializedOp", .signature = "resource: resource -> is_initialized: bool",
          .infer = est__infer_scalar, .cpu = is_initialized_cpu, .flags = EST_OP_STATEFUL | EST_OP_READS },
        { .tf_name = "AssignVariableOp",
          .signature = "resource: resource, value: dtype -> ; dtype: type; validate_shape: bool = false",
          .infer = infer_assign, .cpu = assign_cpu, .flags = EST_OP_STATEFUL | EST_OP_ASSIGNS },
        { .tf_name = "AssignAddVariableOp",
          .signature = "resource: resource, value: dtype -> ; dtype: " NUMBERS,
          .infer = infer_assign, .cpu = assign_add_cpu, .flags = EST_OP_STATEFUL | EST_OP_ASSIGNS },
        { .tf_name = "AssignSubVariableOp",
          .signature = "resource: resource, value: dtype -> ; dtype: " NUMBERS,
          .infer = infer_assign, .cpu = assign_sub_cpu, .flags = EST_OP_STATEFUL | EST_OP_ASSIGNS },
        { .tf_name = "ResourceGather",
          .signature = "resource: resource, indices: Tindices -> output: dtype; batch_dims: int = 0; "
                       "validate_indices: bool = true; dtype: type; Tindices: {int32, int64}",
          .infer = infer_gather, .cpu = gather_cpu, .grad = gather_grad, DTYPE_STATE,
          .flags = EST_OP_STATEFUL | EST_OP_READS },
        { .tf_name = "ResourceScatterAdd", .signature = SCATTER NUMBERS,
          .infer = est__infer_none, .cpu = scatter_add_cpu, .flags = EST_OP_STATEFUL | EST_OP_ASSIGNS | EST_OP_PARALLEL },
        { .tf_name = "ResourceScatterSub", .signature = SCATTER NUMBERS,
          .infer = est__infer_none, .cpu = scatter_sub_cpu, .flags = EST_OP_STATEFUL | EST_OP_ASSIGNS },
        { .tf_name = "ResourceScatterUpdate", .signature = SCATTER "type",
          .infer = est__infer_none, .cpu = scatter_update_cpu, .flags = EST_OP_STATEFUL | EST_OP_ASSIGNS });
