/* Outputs whose elements are the inputs' in another order; and integer operands that tell which. */
#include "ops/ops.h"

void est__copy_run_slow(est__runs *r, const est_tensor *from, int64_t start, int64_t n)
{
    if (r->size != 0) {
        memcpy(r->to, (const char *)from->data + (size_t)start * r->size, (size_t)n * r->size);
        r->to += (size_t)n * r->size;
        return;
    }
    const int64_t *offset = from->data;
    if (!r->measuring) {
        int64_t *to = r->out->data;
        memcpy(r->out->bytes + r->bytes, from->bytes + offset[start],
               (size_t)(offset[start + n] - offset[start]));
        for (int64_t i = 0; i < n; i++)
            to[++r->count] = (int64_t)r->bytes + offset[start + i + 1] - offset[start];
    }
    r->bytes += (size_t)(offset[start + n] - offset[start]);
}

est_status est__runs_out(est_kernel *k, int i, est_dtype dtype, const est_shape *shape,
                         void (*walk)(est__runs *r, void *arg), void *arg)
{
    est__runs r = { 0 };
    bool any = est_shape_elements(shape) > 0;
    if (dtype == EST_STRING) {
        r.measuring = true;
        if (any)
            walk(&r, arg);
        EST_TRY(est__out_strings(k, i, shape, r.bytes, &r.out));
        r.measuring = false;
        r.bytes = 0;
    } else {
        EST_TRY(est__out(k, i, shape, &r.out));
        r.size = est_dtype_size(dtype);
        r.to = r.out->data;
    }
    if (any)
        walk(&r, arg);
    return EST_OK;
}

static void view_walk(est__runs *r, void *arg)
{
    const est__view *v = arg;
    int64_t index[2 * EST_MAX_RANK] = { 0 }, at = v->start, run = 1;
    int outer = v->rank;
    /* The innermost dimensions that lie side by side in both are one run. */
    while (outer > 0 && v->stride[outer - 1] == run)
        run *= v->dim[--outer];
    for (;;) {
        int d = outer - 1;
        est__copy_run(r, v->from, at, run);
        for (; d >= 0; d--) {
            at += v->stride[d];
            if (++index[d] < v->dim[d])
                break;
            at -= index[d] * v->stride[d];
            index[d] = 0;
        }
        if (d < 0)
            return;
    }
}

est_status est__view_out(est_kernel *k, int i, const est_shape *shape, est__view *view)
{
    int n = 0;
    for (int d = 0; d < view->rank; d++) {   /* a dimension of 1 has no stride that matters */
        if (view->dim[d] == 1)
            continue;
        view->dim[n] = view->dim[d];
        view->stride[n++] = view->stride[d];
    }
    view->rank = n;
    return est__runs_out(k, i, view->from->dtype, shape, view_walk, view);
}

static void copy_pieces(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const est__pieces *p = arg;
    (void)block;
    for (int64_t o = begin; o < end; o++) {
        char *at = p->whole + (size_t)o * p->row;
        for (int i = 0; i < p->count; at += p->size[i++]) {
            char *piece = p->piece[i] + (size_t)o * p->size[i];
            memcpy(p->apart ? piece : at, p->apart ? at : piece, p->size[i]);
        }
    }
}

void est__copy_pieces(est_kernel *k, const est__pieces *p)
{
    enum { BYTES = 65536 };       /* worth another thread */
    est__for_blocks(k->pool, p->outer, (int64_t)(BYTES / (p->row + 1)) + 1, copy_pieces, (void *)(uintptr_t)p);
}

est_status est__prepare_axis(const est_operation *op, void *state)
{
    *(int64_t *)state = est__attr_int(op, "axis");
    return EST_OK;
}

void est__strides(const est_shape *shape, int64_t stride[EST_MAX_RANK])
{
    int64_t n = 1;
    for (int d = shape->rank - 1; d >= 0; d--) {
        stride[d] = n;
        n *= shape->dim[d];
    }
}

est_status est__in_shape(est_kernel *k, int i, est_shape *out)
{
    const est_tensor *t = est__in(k, i);
    int64_t n = est__tensor_elements(t), elements = 1;
    if (t->shape.rank > 1 || n > EST_MAX_RANK)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "a shape is a vector of at most %d numbers, input %d has %lld", EST_MAX_RANK,
                                i, (long long)n);
    *out = (est_shape){ .rank = (int)n };
    for (int d = 0; d < n; d++) {
        out->dim[d] = est__int_at(t, d);
        if (out->dim[d] < 0 || (out->dim[d] > 0 && elements > INT64_MAX / 8 / out->dim[d]))
            return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                    "dimension %d of the shape is %lld: negative or too large", d,
                                    (long long)out->dim[d]);
        elements *= out->dim[d];
    }
    return EST_OK;
}

est_status est__in_axis(est_kernel *k, int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "axis %lld is outside [%d, %d)", (long long)axis,
                                -rank, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return EST_OK;
}

est_status est__infer_axis(const est_infer *c, int64_t axis, int rank, int *out)
{
    if (axis < -rank || axis >= rank)
        return est__infer_fail(c, "axis %lld is outside [%d, %d)", (long long)axis, -rank, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return EST_OK;
}

est_status est__infer_const_axis(const est_infer *c, int i, int rank, int *axis, bool *known)
{
    const est_tensor *value;
    *known = est__infer_const(c, i, &value);
    if (!*known)
        return EST_OK;
    if (est__tensor_elements(value) != 1)
        return est__infer_fail(c, "the axis must be one number");
    return est__infer_axis(c, est__int_at(value, 0), rank, axis);
}
