/* What shape rules are made of: inputs' shapes, constant inputs, partly known shape values, merging and
 * broadcasting. */
#include "graph/graph.h"

enum { VALUE_NODES = 64 };   /* how many nodes a shape value is followed back through */

const est_shape *est__infer_in(const est_infer *c, int i)
{
    return &c->op->input[i]->shape;
}

static bool const_value(const est_node *n, const est_tensor **value)
{
    const est_attr *a = n->op->row && strcmp(n->op->row->tf_name, "Const") == 0 ? est__attr(n->op, "value")
                                                                                : NULL;
    if (a)
        *value = a->tensor;
    return a != NULL;
}

bool est__infer_const(const est_infer *c, int i, const est_tensor **value)
{
    return const_value(c->op->input[i], value);
}

/* `left` counts down over all nodes that are looked at, so that no graph can make it branch for ever. */
static bool shape_value(const est_node *n, int *left, est_shape *out);

static bool const_as_shape(const est_tensor *t, est_shape *out)
{
    int64_t n = est__tensor_elements(t);
    if (n > EST_MAX_RANK || t->shape.rank > 1 || (t->dtype != EST_INT32 && t->dtype != EST_INT64))
        return false;
    *out = (est_shape){ .rank = (int)n };
    for (int64_t i = 0; i < n; i++)
        out->dim[i] = t->dtype == EST_INT64 ? ((const int64_t *)t->data)[i] : ((const int32_t *)t->data)[i];
    return true;
}

/* So many numbers, of which nothing is known. */
static bool unknown_value(const est_node *n, est_shape *out)
{
    int64_t count = n->shape.rank <= 1 ? est_shape_elements(&n->shape) : -1;
    if (count < 0 || count > EST_MAX_RANK)
        return false;
    out->rank = (int)count;
    for (int64_t i = 0; i < count; i++)
        out->dim[i] = -1;
    return true;
}

/* Appends what is known of each input's values. */
static bool joined_value(const est_operation *op, int count, int *left, est_shape *out)
{
    *out = (est_shape){ .rank = 0 };
    for (int i = 0; i < count; i++) {
        est_shape part;
        if (!shape_value(op->input[i], left, &part) && !unknown_value(op->input[i], &part))
            return false;
        if (out->rank + part.rank > EST_MAX_RANK)
            return false;
        memcpy(&out->dim[out->rank], part.dim, (size_t)part.rank * sizeof part.dim[0]);
        out->rank += part.rank;
    }
    return true;
}

static bool element(const est_node *n, int64_t *value)
{
    const est_tensor *t;
    if (!const_value(n, &t) || est__tensor_elements(t) != 1 ||
        (t->dtype != EST_INT32 && t->dtype != EST_INT64))
        return false;
    *value = t->dtype == EST_INT64 ? *(const int64_t *)t->data : *(const int32_t *)t->data;
    return true;
}

/* x[begin:end:stride] of a vector, and x[begin]. */
static bool strided_value(const est_operation *op, int *left, est_shape *out)
{
    est_shape x;
    int64_t begin, end, stride;
    if (!shape_value(op->input[0], left, &x) || !element(op->input[1], &begin) ||
        !element(op->input[2], &end) || !element(op->input[3], &stride) || stride != 1 ||
        est__attr_int(op, "ellipsis_mask") || est__attr_int(op, "new_axis_mask"))
        return false;
    if (begin < 0)
        begin += x.rank;
    if (est__attr_int(op, "begin_mask") & 1)
        begin = 0;
    if (begin < 0 || begin > x.rank)
        return false;
    if (est__attr_int(op, "shrink_axis_mask") & 1)
        end = begin + 1;
    else if (est__attr_int(op, "end_mask") & 1)
        end = x.rank;
    else if (end < 0)
        end += x.rank;
    if (end > x.rank)
        end = x.rank;
    if (begin > end)
        return false;
    *out = est_shape_of((int)(end - begin), x.dim + begin);
    return true;
}

static bool shape_value(const est_node *n, int *left, est_shape *out)
{
    const est_operation *op = n->op;
    const est_tensor *t;
    if (op->row == NULL || --*left < 0)
        return false;
    const char *type = op->row->tf_name;
    if (const_value(n, &t))
        return const_as_shape(t, out);
    if (strcmp(type, "Shape") == 0) {
        *out = op->input[0]->shape;
        return out->rank >= 0;
    }
    if (strcmp(type, "Pack") == 0)
        return n->shape.rank == 1 && joined_value(op, op->num_inputs, left, out);
    if (strcmp(type, "ConcatV2") == 0)
        return joined_value(op, op->num_inputs - 1, left, out);
    if (strcmp(type, "Cast") == 0 || strcmp(type, "Identity") == 0)
        return shape_value(op->input[0], left, out);
    if (strcmp(type, "StridedSlice") == 0)
        return strided_value(op, left, out);
    return false;
}

bool est__infer_value_as_shape(const est_infer *c, int i, est_shape *out)
{
    int left = VALUE_NODES;
    return shape_value(c->op->input[i], &left, out) || unknown_value(c->op->input[i], out);
}

est_status est__infer_fail(const est_infer *c, const char *format, ...)
{
    char text[256], shape[EST__SHAPE_TEXT_SIZE];
    est__buffer shapes = { 0 };
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (int i = 0; i < c->op->num_inputs && i < 8; i++)
        est__buffer_printf(&shapes, "%s'%s' %s", i ? ", " : "", est_node_name(c->op->input[i]),
                           est__shape_string(shape, &c->op->input[i]->shape));
    est_status st = est__fail(EST_INVALID_ARGUMENT, "%s '%s': %s (inputs: %s)", c->op->row->tf_name,
                              c->op->name, text, shapes.data ? shapes.data : "none");
    est__buffer_free(&shapes);
    return st;
}

est_status est__shape_merge(const est_infer *c, const est_shape *a, const est_shape *b, est_shape *out)
{
    if (!est__shape_compatible(a, b))
        return est__infer_fail(c, "the shapes must agree");
    *out = a->rank < 0 ? *b : *a;
    for (int i = 0; a->rank >= 0 && b->rank >= 0 && i < a->rank; i++)
        if (out->dim[i] < 0)
            out->dim[i] = b->dim[i];
    return EST_OK;
}

est_status est__shape_broadcast(const est_infer *c, const est_shape *a, const est_shape *b, est_shape *out)
{
    if (a->rank < 0 || b->rank < 0) {
        *out = (est_shape){ .rank = -1 };
        return EST_OK;
    }
    out->rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 1; i <= out->rank; i++) {
        int64_t x = i <= a->rank ? a->dim[a->rank - i] : 1, y = i <= b->rank ? b->dim[b->rank - i] : 1;
        int64_t *d = &out->dim[out->rank - i];
        if (x == 1 || y == 1)
            *d = x == 1 ? y : x;
        else if (x < 0 || y < 0)
            *d = x < 0 ? y : x;
        else if (x == y)
            *d = x;
        else
            return est__infer_fail(c, "the shapes do not broadcast");
    }
    return EST_OK;
}

est_status est__infer_same(est_infer *c)
{
    for (int i = 0; i < c->op->num_outputs; i++)
        c->out[i] = *est__infer_in(c, 0);
    return EST_OK;
}

est_status est__infer_scalar(est_infer *c)
{
    for (int i = 0; i < c->op->num_outputs; i++)
        c->out[i] = (est_shape){ .rank = 0 };
    return EST_OK;
}

est_status est__infer_broadcast(est_infer *c)
{
    return est__shape_broadcast(c, est__infer_in(c, 0), est__infer_in(c, 1), &c->out[0]);
}

est_status est__infer_unknown(est_infer *c)
{
    for (int i = 0; i < c->op->num_outputs; i++)
        c->out[i] = (est_shape){ .rank = -1 };
    return EST_OK;
}

est_status est__infer_none(est_infer *c)
{
    (void)c;
    return EST_OK;
}
