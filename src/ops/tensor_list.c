/* TensorList…: the lists in which TensorFlow's loops gather their results. Their elements
 * are numbers, or lists. */
#include "backend/list.h"
#include "ops/tensor_list.h"

/* Input i as an element's shape: a vector with -1 for what is not known, or the scalar -1. */
static est_status shape_in(est_kernel *k, int i, est_shape *out)
{
    const est_tensor *t = est__in(k, i);
    int64_t n = est__tensor_elements(t);
    *out = (est_shape){ .rank = -1 };
    if (t->shape.rank == 0)
        return EST_OK;
    if (t->shape.rank != 1 || n > EST_MAX_RANK)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "an element's shape is a vector of at most %d numbers",
                                EST_MAX_RANK);
    out->rank = (int)n;
    for (int64_t d = 0; d < n; d++)
        out->dim[d] = est__int_at(t, d) < 0 ? -1 : est__int_at(t, d);
    return EST_OK;
}

static est_status check_dtype(est_kernel *k, est_dtype dtype)
{
    bool known = est__dtype_is_float(dtype) || est__dtype_is_integer(dtype) || dtype == EST_BOOL || dtype == EST_VARIANT;
    return known ? EST_OK
                 : est__kernel_fail(k, EST_UNIMPLEMENTED, "a list of %s; only lists of numbers and of lists are known here",
                                    est_dtype_name(dtype));
}

static est_status prepare(const est_operation *op, void *state)
{
    *(est_dtype *)state = est__attr_type(op, "element_dtype");
    return EST_OK;
}

static est_dtype dtype_of(const est_kernel *k)
{
    return *(const est_dtype *)k->state;
}

/* Input 0 as a list of the operation's dtype. */
static est_status list_in(est_kernel *k, const est__list **out)
{
    EST_TRY(check_dtype(k, dtype_of(k)));
    const est__list *l = *out = est__list_in(est__in(k, 0));
    return l->dtype == dtype_of(k) ? EST_OK
                                   : est__kernel_fail(k, EST_INVALID_ARGUMENT, "the list is of %s, not %s",
                                                      est_dtype_name(l->dtype), est_dtype_name(dtype_of(k)));
}

static est_status index_in(est_kernel *k, int i, int64_t count, int64_t *out)
{
    if (est__tensor_elements(est__in(k, i)) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "one number is wanted as index");
    *out = est__int_at(est__in(k, i), 0);
    return *out >= 0 && *out < count
               ? EST_OK
               : est__kernel_fail(k, EST_INVALID_ARGUMENT, "element %lld of a list of %lld", (long long)*out,
                                  (long long)count);
}

/* ---- new lists ---- */
static est_status reserve_cpu(est_kernel *k)
{
    est_shape shape;
    est__list *l;
    EST_TRY(check_dtype(k, dtype_of(k)));
    EST_TRY(shape_in(k, 0, &shape));
    return est__out_list(k, 0, dtype_of(k), &shape, est__int_at(est__in(k, 1), 0), &l);
}

static est_status empty_cpu(est_kernel *k)
{
    est_shape shape;
    est__list *l;
    EST_TRY(check_dtype(k, dtype_of(k)));
    EST_TRY(shape_in(k, 0, &shape));
    return est__out_list(k, 0, dtype_of(k), &shape, 0, &l);
}

static est_status from_tensor_cpu(est_kernel *k)
{
    const est_tensor *t = est__in(k, 0);
    est__list *l;
    EST_TRY(check_dtype(k, t->dtype));
    if (t->shape.rank < 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a scalar has no elements to make a list of");
    est_shape shape = est_shape_of(t->shape.rank - 1, t->shape.dim + 1), declared;
    EST_TRY(shape_in(k, 1, &declared));
    EST_TRY(est__out_list(k, 0, t->dtype, &shape, t->shape.dim[0], &l));
    l->declared = declared;
    if (l->count > 0)
        memset(l->set, true, (size_t)l->count);
    if (est__tensor_bytes(t))
        memcpy(l->items, t->data, est__tensor_bytes(t));
    return EST_OK;
}

/* ---- lists with one element more, or another one ---- */

/* Output 0: the list of input 0 with input `item` as element i. */
static est_status put(est_kernel *k, const est__list *from, int64_t i, int item)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    const est_tensor *t = est__in(k, item);
    est__list *l;
    if (!est__shape_compatible(&from->declared, &t->shape))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the list's elements are %s, not %s",
                                est__shape_string(a, &from->declared), est__shape_string(b, &t->shape));
    EST_TRY(est__out_changed_list(k, 0, 0, &l));
    est_status st = est__list_put(l, i, t, est__takes(k, item));
    return st == EST_OK ? st : est__kernel_fail(k, st, "%s", est_error());
}

static est_status set_item_cpu(est_kernel *k)
{
    const est__list *from;
    int64_t i;
    EST_TRY(list_in(k, &from));
    EST_TRY(index_in(k, 1, from->count, &i));
    return put(k, from, i, 2);
}

static est_status push_back_cpu(est_kernel *k)
{
    const est__list *from;
    EST_TRY(list_in(k, &from));
    return put(k, from, from->count, 1);
}

/* ---- what is in a list ---- */

/* The shape of the list's elements: as the list has it, and where it does not know, as input i has it. */
static est_status element_shape(est_kernel *k, const est__list *l, int i, est_shape *out)
{
    est_shape wanted;
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    EST_TRY(shape_in(k, i, &wanted));
    if (!est__shape_compatible(&l->shape, &wanted))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the list's elements are %s, not %s",
                                est__shape_string(a, &l->shape), est__shape_string(b, &wanted));
    *out = l->shape.rank < 0 ? wanted : l->shape;
    for (int d = 0; wanted.rank >= 0 && d < out->rank; d++)
        if (out->dim[d] < 0)
            out->dim[d] = wanted.dim[d];
    if (!est__shape_known(out))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "an element that was not set is wanted, and the shape of elements is not known");
    return EST_OK;
}

/* The element stays where it is; one that was not set is made. */
static est_status get_item_cpu(est_kernel *k)
{
    const est__list *l;
    est_shape shape;
    est_tensor *out;
    int64_t i;
    EST_TRY(list_in(k, &l));
    EST_TRY(index_in(k, 1, l->count, &i));
    const est_tensor element = est__list_get(l, i);
    if (element.data)
        return est__out_lend(k, 0, &element);
    if (l->dtype == EST_VARIANT)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "element %lld, a list, was not set", (long long)i);
    EST_TRY(element_shape(k, l, 2, &shape));
    EST_TRY(est__out(k, 0, &shape, &out));
    memset(out->data, 0, est__tensor_bytes(out));
    return EST_OK;
}

/* The shape that all elements have, if they have one each. */
static est_status common_shape(est_kernel *k, const est__list *l, est_shape *out)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    int64_t first = -1;
    if (l->dtype == EST_VARIANT)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a list of lists is no tensor");
    for (int64_t i = 0; l->several && i < l->count; i++) {
        if (!l->set[i])
            continue;
        first = first < 0 ? i : first;
        if (!est_shape_equal(&l->place[i].shape, &l->place[first].shape))
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "elements %lld and %lld are %s and %s, which is no tensor",
                                    (long long)first, (long long)i, est__shape_string(a, &l->place[first].shape),
                                    est__shape_string(b, &l->place[i].shape));
    }
    if (first < 0)
        return element_shape(k, l, 1, out);
    *out = l->place[first].shape;
    return EST_OK;
}

static est_status stack_cpu(est_kernel *k)
{
    const est__list *l;
    est_shape shape, all;
    est_tensor *out;
    EST_TRY(list_in(k, &l));
    EST_TRY(common_shape(k, l, &shape));
    if (shape.rank == EST_MAX_RANK)
        return est__kernel_fail(k, EST_UNIMPLEMENTED, "the result would have more than %d dimensions", EST_MAX_RANK);
    all = (est_shape){ .rank = shape.rank + 1, .dim = { l->count } };
    memcpy(all.dim + 1, shape.dim, (size_t)shape.rank * sizeof shape.dim[0]);
    EST_TRY(est__out(k, 0, &all, &out));
    size_t size = l->count ? est__tensor_bytes(out) / (size_t)l->count : 0;
    for (int64_t i = 0; size && i < l->count; i++) {
        const est_tensor element = est__list_get(l, i);
        char *to = (char *)out->data + (size_t)i * size;
        if (element.data)
            memcpy(to, element.data, size);
        else
            memset(to, 0, size);
    }
    return EST_OK;
}

static est_status length_cpu(est_kernel *k)
{
    est_shape scalar = EST_SCALAR;
    est_tensor *out;
    EST_TRY(est__out(k, 0, &scalar, &out));
    *(int32_t *)out->data = (int32_t)est__list_in(est__in(k, 0))->count;
    return EST_OK;
}

static est_status named(const est_kernel *k, est_status st)
{
    return st == EST_OK ? st : est__kernel_fail(k, st, "%s", est_error());
}

/* The last element, and the list without it. */
static est_status pop_back_cpu(est_kernel *k)
{
    const est__list *from;
    est__list *l;
    est_shape shape;
    est_tensor *out;
    EST_TRY(list_in(k, &from));
    if (from->count == 0)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the list has no elements");
    est_tensor last = est__list_get(from, from->count - 1);
    if (last.data && last.dtype == EST_VARIANT) {
        EST_TRY(est__out_copy(k, 1, &last));
    } else {
        EST_TRY(last.data ? EST_OK : element_shape(k, from, 1, &shape));
        EST_TRY(est__out(k, 1, last.data ? &last.shape : &shape, &out));
        if (last.data && est__tensor_bytes(out))
            memcpy(out->data, last.data, est__tensor_bytes(out));
        else
            memset(out->data, 0, est__tensor_bytes(out));
    }
    EST_TRY(est__out_changed_list(k, 0, 0, &l));
    return named(k, est__list_resize(l, l->count - 1));
}

est_status est__list_zeros_of(est_kernel *k)
{
    est_shape unknown = { .rank = -1 };
    est__list *l;
    EST_TRY(est__out_list(k, 0, EST_FLOAT, &unknown, 0, &l));
    return named(k, est__list_zeros(l, est__list_in(est__in(k, 0))));
}

est_status est__lists_sum(est_kernel *k)
{
    est__list *l;
    EST_TRY(est__out_changed_list(k, 0, 0, &l));
    for (int i = 1; i < k->num_in; i++)
        EST_TRY(named(k, est__list_add(l, est__list_in(est__in(k, i)))));
    return EST_OK;
}

/* ---- gradients: lists of gradients; of an element that was read alone, that element (graph/gradients.c) ---- */
static est_node *list_op(est_grad *b, const char *op, est_nodes in, est_dtype dtype)
{
    return est_op(b->g, op, NULL, in, EST_ATTRS(EST_TYPE_ATTR("element_dtype", dtype)));
}

static est_node *shape_like(est_grad *b, est_node *x)
{
    return est_op(b->g, "Shape", NULL, EST_NODES(x), EST_ATTRS(EST_TYPE_ATTR("out_type", EST_INT32)));
}

static void from_tensor_grad(est_grad *b)
{
    est_node *shape = est_strided_slice(b->g, shape_like(b, b->x[0]), EST_INTS(1), EST_INTS(EST_MAX_RANK), EST_INTS(1), 0);
    b->dx[0] = list_op(b, "TensorListStack", EST_NODES(b->dy[0], shape), b->x[0]->dtype);
}

static void stack_grad(est_grad *b)
{
    est_node *shape = est_strided_slice(b->g, shape_like(b, b->dy[0]), EST_INTS(1), EST_INTS(EST_MAX_RANK), EST_INTS(1), 0);
    b->dx[0] = list_op(b, "TensorListFromTensor", EST_NODES(b->dy[0], shape), b->dy[0]->dtype);
}

static void push_back_grad(est_grad *b)
{
    est_node *popped = list_op(b, "TensorListPopBack", EST_NODES(b->dy[0], shape_like(b, b->x[1])), b->x[1]->dtype);
    b->dx[0] = popped;
    b->dx[1] = est_node_output(popped, 1);
}

static void pop_back_grad(est_grad *b)
{
    est_node *dlist = b->dy[0] ? b->dy[0] : EST_OP1(b->g, "ZerosLike", b->y[0]);
    est_node *dx = b->dy[1] ? b->dy[1] : EST_OP1(b->g, "ZerosLike", b->y[1]);
    b->dx[0] = list_op(b, "TensorListPushBack", EST_NODES(dlist, dx), b->y[1]->dtype);
}

static void set_item_grad(est_grad *b)
{
    est_dtype dtype = b->x[2]->dtype;
    b->dx[2] = list_op(b, "TensorListGetItem", EST_NODES(b->dy[0], b->x[1], shape_like(b, b->x[2])), dtype);
    b->dx[0] = list_op(b, "TensorListSetItem", EST_NODES(b->dy[0], b->x[1], EST_OP1(b->g, "ZerosLike", b->dx[2])), dtype);
}

static void get_item_grad(est_grad *b)
{
    b->dx[0] = b->dy[0];
    b->dx_indices[0] = b->x[1];
}

/* ---- shapes ---- */
static est_status infer_item(est_infer *c)
{
    est__infer_value_as_shape(c, 2, &c->out[0]);
    return EST_OK;
}

static est_status infer_pop(est_infer *c)
{
    c->out[0] = (est_shape){ .rank = 0 };
    est__infer_value_as_shape(c, 1, &c->out[1]);
    return EST_OK;
}

static est_status infer_stack(est_infer *c)
{
    est_shape element;
    if (est__infer_in(c, 1)->rank != 1 || !est__infer_value_as_shape(c, 1, &element) || element.rank == EST_MAX_RANK)
        return EST_OK;
    c->out[0] = (est_shape){ .rank = element.rank + 1, .dim = { est__attr_int(c->op, "num_elements") } };
    memcpy(c->out[0].dim + 1, element.dim, (size_t)element.rank * sizeof element.dim[0]);
    return EST_OK;
}

#define LIST_ROW .state_size = sizeof(est_dtype), .prepare = prepare, .flags = EST_OP_VARIANTS
#define SHAPE_TYPE "element_dtype: type; shape_type: {int32, int64}"

EST_OPS(tensor_list,
        { .tf_name = "TensorListReserve",
          .signature = "element_shape: shape_type, num_elements: int32 -> handle: variant; " SHAPE_TYPE,
          .infer = est__infer_scalar, .cpu = reserve_cpu, LIST_ROW },
        { .tf_name = "EmptyTensorList",
          .signature = "element_shape: shape_type, max_num_elements: int32 -> handle: variant; " SHAPE_TYPE,
          .infer = est__infer_scalar, .cpu = empty_cpu, LIST_ROW },
        { .tf_name = "TensorListFromTensor",
          .signature = "tensor: element_dtype, element_shape: shape_type -> output_handle: variant; " SHAPE_TYPE,
          .infer = est__infer_scalar, .cpu = from_tensor_cpu, .grad = from_tensor_grad, LIST_ROW },
        { .tf_name = "TensorListSetItem",
          .signature = "input_handle: variant, index: int32, item: element_dtype -> output_handle: variant; "
                       "element_dtype: type; resize_if_index_out_of_bounds: bool = false",
          .infer = est__infer_scalar, .cpu = set_item_cpu, .grad = set_item_grad, LIST_ROW },
        { .tf_name = "TensorListPushBack",
          .signature = "input_handle: variant, tensor: element_dtype -> output_handle: variant; element_dtype: type",
          .infer = est__infer_scalar, .cpu = push_back_cpu, .grad = push_back_grad, LIST_ROW },
        { .tf_name = "TensorListPopBack",
          .signature = "input_handle: variant, element_shape: int32 -> output_handle: variant, tensor: element_dtype; "
                       "element_dtype: type",
          .infer = infer_pop, .cpu = pop_back_cpu, .grad = pop_back_grad, LIST_ROW },
        { .tf_name = "TensorListGetItem",
          .signature = "input_handle: variant, index: int32, element_shape: int32 -> item: element_dtype; "
                       "element_dtype: type",
          .infer = infer_item, .cpu = get_item_cpu, .grad = get_item_grad, LIST_ROW },
        { .tf_name = "TensorListStack",
          .signature = "input_handle: variant, element_shape: int32 -> tensor: element_dtype; "
                       "element_dtype: type; num_elements: int = -1",
          .infer = infer_stack, .cpu = stack_cpu, .grad = stack_grad, LIST_ROW },
        { .tf_name = "TensorListLength", .signature = "input_handle: variant -> length: int32",
          .infer = est__infer_scalar, .cpu = length_cpu });
