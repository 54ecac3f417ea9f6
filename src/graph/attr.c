/* Attributes of operations: deep copies, and access by name. */
#include "graph/attr.h"

#include <assert.h>

const est_attr *est__attr(const est_operation *op, const char *name)
{
    for (int i = 0; i < op->num_attrs; i++)
        if (strcmp(op->attr[i].name, name) == 0)
            return &op->attr[i];
    return NULL;
}

static const est_attr *promised(const est_operation *op, const char *name, est_attr_kind kind)
{
    const est_attr *a = est__attr(op, name);
    assert(a && a->kind == kind);
    (void)kind;
    return a;
}

int64_t est__attr_int(const est_operation *op, const char *name)
{
    return promised(op, name, EST_ATTR_INT)->i;
}

double est__attr_float(const est_operation *op, const char *name)
{
    return promised(op, name, EST_ATTR_FLOAT)->f;
}

bool est__attr_bool(const est_operation *op, const char *name)
{
    return promised(op, name, EST_ATTR_BOOL)->b;
}

est_dtype est__attr_type(const est_operation *op, const char *name)
{
    return promised(op, name, EST_ATTR_TYPE)->type;
}

const char *est__attr_string(const est_operation *op, const char *name)
{
    return promised(op, name, EST_ATTR_STRING)->s.p;
}

est_shape est__attr_shape(const est_operation *op, const char *name)
{
    return *promised(op, name, EST_ATTR_SHAPE)->shape;
}

static est_status copy_tensor(est_graph *g, const est_tensor *from, const est_tensor **out)
{
    est_tensor *copy;
    EST_TRY(est__grow(&g->constant, &g->cap_constants, g->num_constants + 1, sizeof *g->constant));
    EST_TRY(est_tensor_copy(from, &copy));
    g->constant[g->num_constants++] = copy;
    *out = copy;
    return EST_OK;
}

static void *copy_bytes(est_graph *g, const void *from, size_t n)
{
    char *copy = est__arena_alloc(&g->arena, n + 1);
    if (copy && n)
        memcpy(copy, from, n);
    return copy;
}

static est_status copy_list(est_graph *g, const est_attr *from, est_attr *to)
{
    size_t n = from->list.count, size;
    switch (from->kind) {
    case EST_ATTR_BOOLS: size = sizeof(bool); break;
    case EST_ATTR_TYPES: size = sizeof(est_dtype); break;
    case EST_ATTR_SHAPES: size = sizeof(est_shape); break;
    default: size = 8; break;
    }
    void *copy = copy_bytes(g, from->list.i, n * size);
    if (copy == NULL)
        return est__fail_memory(n * size);
    to->list.i = copy;
    if (from->kind == EST_ATTR_FLOATS)
        for (size_t i = 0; i < n; i++)
            ((double *)copy)[i] = (double)(float)from->list.f[i];
    if (from->kind == EST_ATTR_STRINGS || from->kind == EST_ATTR_FUNCS) {
        const char **s = copy;
        for (size_t i = 0; i < n; i++)
            if ((s[i] = est__arena_strdup(&g->arena, s[i])) == NULL)
                return est__fail_memory(8);
    }
    return EST_OK;
}

est_status est__attr_copy(est_graph *g, const est_attr *from, est_attr *to)
{
    *to = *from;
    to->name = est__arena_strdup(&g->arena, from->name);
    if (to->name == NULL)
        return est__fail_memory(strlen(from->name));
    switch (from->kind) {
    case EST_ATTR_INT: case EST_ATTR_BOOL: case EST_ATTR_TYPE:
        return EST_OK;
    case EST_ATTR_FLOAT:
        /* as AttrValue holds it, so that a graph that was written and read computes the same */
        to->f = (double)(float)from->f;
        return EST_OK;
    case EST_ATTR_STRING: case EST_ATTR_FUNC:
        to->s.p = copy_bytes(g, from->s.p, from->s.n);
        return to->s.p ? EST_OK : est__fail_memory(from->s.n);
    case EST_ATTR_SHAPE:
        to->shape = copy_bytes(g, from->shape, sizeof *from->shape);
        return to->shape ? EST_OK : est__fail_memory(sizeof *from->shape);
    case EST_ATTR_TENSOR:
        return copy_tensor(g, from->tensor, &to->tensor);
    default:
        return copy_list(g, from, to);
    }
}

static bool lists_equal(const est_attr *a, const est_attr *b)
{
    if (a->list.count != b->list.count)
        return false;
    for (size_t i = 0; i < a->list.count; i++) {
        bool same;
        switch (a->kind) {
        case EST_ATTR_INTS: same = a->list.i[i] == b->list.i[i]; break;
        case EST_ATTR_FLOATS: same = memcmp(&a->list.f[i], &b->list.f[i], 8) == 0; break;
        case EST_ATTR_BOOLS: same = a->list.b[i] == b->list.b[i]; break;
        case EST_ATTR_TYPES: same = a->list.type[i] == b->list.type[i]; break;
        case EST_ATTR_SHAPES: same = est_shape_equal(&a->list.shape[i], &b->list.shape[i]); break;
        default: same = strcmp(a->list.s[i], b->list.s[i]) == 0; break;
        }
        if (!same)
            return false;
    }
    return true;
}

static bool tensors_equal(const est_tensor *a, const est_tensor *b)
{
    if (a->dtype != b->dtype || !est_shape_equal(&a->shape, &b->shape))
        return false;
    int64_t n = est__tensor_elements(a);
    if (memcmp(a->data, b->data, est__tensor_bytes(a)) != 0)
        return false;
    return a->dtype != EST_STRING || memcmp(a->bytes, b->bytes, (size_t)((const int64_t *)a->data)[n]) == 0;
}

bool est__attr_equal(const est_attr *a, const est_attr *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case EST_ATTR_INT: return a->i == b->i;
    case EST_ATTR_FLOAT: return memcmp(&a->f, &b->f, sizeof a->f) == 0;
    case EST_ATTR_BOOL: return a->b == b->b;
    case EST_ATTR_TYPE: return a->type == b->type;
    case EST_ATTR_STRING: case EST_ATTR_FUNC: return a->s.n == b->s.n && memcmp(a->s.p, b->s.p, a->s.n) == 0;
    case EST_ATTR_SHAPE: return est_shape_equal(a->shape, b->shape);
    case EST_ATTR_TENSOR: return tensors_equal(a->tensor, b->tensor);
    default: return lists_equal(a, b);
    }
}
