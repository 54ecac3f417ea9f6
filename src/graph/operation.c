/* Builds operations: checks inputs and attributes against the op's signature, infers types and shapes, gives
 * names. */
#include <assert.h>

#include "graph/attr.h"
#include "graph/function.h"
#include "graph/signature.h"
#include "graph/tape.h"

/* What is known while one operation is being built. */
typedef struct building {
    est_graph *g;
    const est__opdef *d;
    const char *name;
    est_nodes in;
    est_attrs given;
    est_attr *attr;       /* d->num_attrs; kind -1: not yet known */
} building;

enum { UNSET = -1 };

static est_status fail(const building *b, const char *format, ...) EST_PRINTF(2, 3);
static est_status fail(const building *b, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return est__fail(EST_INVALID_ARGUMENT, "%s '%s': %s", b->d->row->tf_name, b->name, text);
}

static est_attr *slot(building *b, const char *name)
{
    for (size_t i = 0; i < b->d->num_attrs; i++)
        if (strcmp(b->d->attr[i].name, name) == 0)
            return &b->attr[i];
    return NULL;
}

static est_status take_given(building *b)
{
    for (size_t i = 0; i < b->given.count; i++) {
        const est_attr *a = &b->given.data[i];
        if (a->name[0] == '_')     /* hints of whoever wrote a GraphDef: _class, _output_shapes */
            continue;
        const est__attrdef *d = est__opdef_attr(b->d, a->name);
        if (d == NULL)
            return fail(b, "it has no attribute '%s'", a->name);
        bool empty_list = a->kind >= EST_ATTR_INTS && a->kind <= EST_ATTR_SHAPES && a->list.count == 0 &&
                          d->kind >= EST_ATTR_INTS && d->kind <= EST_ATTR_SHAPES;
        if (a->kind != d->kind && !empty_list)
            return fail(b, "attribute '%s' is of another kind", a->name);
        EST_TRY(est__attr_copy(b->g, a, slot(b, a->name)));
        slot(b, a->name)->kind = d->kind;
    }
    return EST_OK;
}

enum { MOST_INPUTS = 1 << 30 };

/* How many inputs the argument takes; what is left over goes to the one argument whose count is not known
 * otherwise. */
static est_status count_inputs(building *b, size_t counts[])
{
    size_t known = 0;
    int open = -1;
    for (size_t i = 0; i < b->d->num_in; i++) {
        const est__argdef *a = &b->d->in[i];
        const est_attr *n = a->number_attr ? slot(b, a->number_attr)
                            : a->list_attr ? slot(b, a->list_attr)
                                           : NULL;
        if (n == NULL)
            counts[i] = 1;
        else if ((int)n->kind != UNSET)
            counts[i] = a->number_attr ? (size_t)n->i : n->list.count;
        else if (open >= 0)
            return fail(b, "attribute '%s' is needed", a->number_attr ? a->number_attr : a->list_attr);
        else {
            open = (int)i;
            continue;
        }
        if (a->number_attr && n->i < 0)
            return fail(b, "attribute '%s' is %lld", a->number_attr, (long long)n->i);
        if (counts[i] > MOST_INPUTS)
            counts[i] = MOST_INPUTS;
        known += counts[i];
    }
    if (open >= 0 && known <= b->in.count)
        counts[open] = b->in.count - known;
    else if (known != b->in.count)
        return fail(b, "it takes %zu inputs, %zu are given", known, b->in.count);
    return EST_OK;
}

static est_status set_type(building *b, const char *attr, est_dtype dtype, size_t input)
{
    const est__attrdef *d = est__opdef_attr(b->d, attr);
    est_attr *a = slot(b, attr);
    if ((int)a->kind == UNSET) {
        *a = (est_attr){ .name = d->name, .kind = EST_ATTR_TYPE, .type = dtype };
        return EST_OK;
    }
    if (a->type != dtype)
        return fail(b, "input %zu ('%s') is %s; %s is wanted", input, b->in.data[input]->op->name,
                    est_dtype_name(dtype), est_dtype_name(a->type));
    return EST_OK;
}

static est_status set_types_list(building *b, const est__argdef *arg, size_t first, size_t count)
{
    est_attr *a = slot(b, arg->list_attr);
    if ((int)a->kind == UNSET) {
        est_dtype *types = est__arena_alloc(&b->g->arena, count * sizeof *types + 1);
        if (types == NULL)
            return est__fail_memory(count * sizeof *types);
        for (size_t i = 0; i < count; i++)
            types[i] = b->in.data[first + i]->dtype;
        *a = (est_attr){ .name = est__opdef_attr(b->d, arg->list_attr)->name, .kind = EST_ATTR_TYPES };
        a->list.count = count;
        a->list.type = types;
        return EST_OK;
    }
    for (size_t i = 0; i < count; i++)
        if (b->in.data[first + i]->dtype != a->list.type[i])
            return fail(b, "input %zu ('%s') is %s; %s is wanted", first + i, b->in.data[first + i]->op->name,
                        est_dtype_name(b->in.data[first + i]->dtype), est_dtype_name(a->list.type[i]));
    return EST_OK;
}

static est_status match_inputs(building *b)
{
    size_t counts[48] = { 0 }, at = 0;
    EST_TRY(count_inputs(b, counts));
    for (size_t i = 0; i < b->d->num_in; i++) {
        const est__argdef *a = &b->d->in[i];
        if (a->number_attr && (int)slot(b, a->number_attr)->kind == UNSET)
            *slot(b, a->number_attr) = (est_attr){ .name = est__opdef_attr(b->d, a->number_attr)->name,
                                                   .kind = EST_ATTR_INT,
                                                   .i = (int64_t)counts[i] };
        if (a->list_attr)
            EST_TRY(set_types_list(b, a, at, counts[i]));
        for (size_t j = 0; j < counts[i] && !a->list_attr; j++) {
            est_dtype t = b->in.data[at + j]->dtype;
            if (a->type_attr)
                EST_TRY(set_type(b, a->type_attr, t, at + j));
            else if (t != a->dtype)
                return fail(b, "input %zu ('%s') is %s; %s is wanted", at + j, b->in.data[at + j]->op->name,
                            est_dtype_name(t), est_dtype_name(a->dtype));
        }
        at += counts[i];
    }
    return EST_OK;
}

/* Any number may come out of a GraphDef. What a variant holds is nothing to copy element by element. */
static bool allowed(const building *b, const est__attrdef *d, est_dtype t)
{
    if (t == EST_VARIANT && !(b->d->row->flags & EST_OP_VARIANTS))
        return false;
    for (size_t i = 0; i < d->num_allowed; i++)
        if (d->allowed[i] == t)
            return true;
    return d->num_allowed == 0 && est_dtype_size(t) > 0;
}

static est_status check_types(const building *b, const est__attrdef *d, const est_attr *a)
{
    size_t n = d->kind == EST_ATTR_TYPE ? 1 : d->kind == EST_ATTR_TYPES ? a->list.count : 0;
    for (size_t i = 0; i < n; i++) {
        est_dtype t = d->kind == EST_ATTR_TYPE ? a->type : a->list.type[i];
        if (!allowed(b, d, t))
            return fail(b, "%s is not among the types it takes for '%s'", est_dtype_name(t), d->name);
    }
    return EST_OK;
}

static est_status settle_attributes(building *b)
{
    for (size_t i = 0; i < b->d->num_attrs; i++) {
        const est__attrdef *d = &b->d->attr[i];
        if ((int)b->attr[i].kind == UNSET) {
            if (!d->has_default)
                return fail(b, "attribute '%s' is needed", d->name);
            b->attr[i] = d->def;
        }
        EST_TRY(check_types(b, d, &b->attr[i]));
    }
    return EST_OK;
}

enum { MOST_OUTPUTS = 1 << 16 };

static est_status count_outputs(building *b, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < b->d->num_out; i++) {
        const est__argdef *a = &b->d->out[i];
        int64_t n = a->number_attr ? slot(b, a->number_attr)->i
                    : a->list_attr ? (int64_t)slot(b, a->list_attr)->list.count
                                   : 1;
        if (n < 0 || n > MOST_OUTPUTS - (int64_t)*count)
            return fail(b, "'%s' would be %lld outputs; 0 to %d are possible", a->name, (long long)n,
                        MOST_OUTPUTS);
        *count += (size_t)n;
    }
    return EST_OK;
}

static void type_outputs(building *b, est_operation *op)
{
    size_t at = 0;
    for (size_t i = 0; i < b->d->num_out; i++) {
        const est__argdef *a = &b->d->out[i];
        size_t n = a->number_attr ? (size_t)slot(b, a->number_attr)->i
                   : a->list_attr ? slot(b, a->list_attr)->list.count
                                  : 1;
        for (size_t j = 0; j < n; j++, at++)
            op->output[at].dtype = a->list_attr ? slot(b, a->list_attr)->list.type[j]
                                   : a->type_attr ? slot(b, a->type_attr)->type
                                                  : a->dtype;
    }
}

static est_status infer(building *b, est_operation *op)
{
    est_infer c = { .op = op };
    est_shape shapes[64];
    int n = op->num_outputs;
    est_shape *out = n <= 64 ? shapes : est__arena_alloc(&b->g->arena, (size_t)n * sizeof *out);
    if (out == NULL)
        return est__fail_memory((size_t)n * sizeof *out);
    for (int i = 0; i < n; i++)
        out[i] = (est_shape){ .rank = -1 };
    c.out = out;
    if (op->row->infer)
        EST_TRY(op->row->infer(&c));
    for (int i = 0; i < n; i++)
        op->output[i].shape = out[i];
    return EST_OK;
}

static est_status find_callee(const building *b, const char *attr, const char *name, size_t n, est__function **out)
{
    *out = est__function_find(b->g, name, n);
    return *out ? EST_OK : fail(b, "the graph has no function '%.200s', which attribute '%s' names", name, attr);
}

/* The functions that the operation calls, and what it does through them. */
static est_status find_callees(building *b, est_operation *op)
{
    op->flags = op->row->flags;
    for (int i = 0; i < op->num_attrs; i++)
        op->num_callees += op->attr[i].kind == EST_ATTR_FUNC    ? 1
                           : op->attr[i].kind == EST_ATTR_FUNCS ? (int)op->attr[i].list.count
                                                                : 0;
    if (op->num_callees == 0)
        return EST_OK;
    op->callee = est__arena_alloc(&b->g->arena, (size_t)op->num_callees * sizeof *op->callee);
    if (op->callee == NULL)
        return est__fail_memory((size_t)op->num_callees * sizeof *op->callee);
    for (int i = 0, n = 0; i < op->num_attrs; i++) {
        const est_attr *a = &op->attr[i];
        if (a->kind == EST_ATTR_FUNC)
            EST_TRY(find_callee(b, a->name, a->s.p, a->s.n, &op->callee[n++]));
        for (size_t j = 0; a->kind == EST_ATTR_FUNCS && j < a->list.count; j++)
            EST_TRY(find_callee(b, a->name, a->list.s[j], strlen(a->list.s[j]), &op->callee[n++]));
    }
    return EST_OK;
}

/* It only reads where all that is stateful in it only reads. */
static void join_flags(est_operation *op)
{
    bool reads = true;
    for (int i = 0; i < op->num_callees; i++) {
        op->flags |= op->callee[i]->flags;
        reads &= !(op->callee[i]->flags & EST_OP_STATEFUL) || (op->callee[i]->flags & EST_OP_READS);
    }
    if (!reads)
        op->flags &= ~(unsigned)EST_OP_READS;
}

static est_status make(building *b, est_operation **out)
{
    est_graph *g = b->g;
    est_operation *op = est__arena_alloc(&g->arena, sizeof *op);
    size_t outputs;
    if (op == NULL)
        return est__fail_memory(sizeof *op);
    EST_TRY(count_outputs(b, &outputs));
    *op = (est_operation){ .graph = g,
                           .id = (int)g->num_operations,
                           .row = b->d->row,
                           .num_inputs = (int)b->in.count,
                           .num_attrs = (int)b->d->num_attrs,
                           .attr = b->attr,
                           .num_outputs = (int)outputs };
    op->name = est__arena_strdup(&g->arena, b->name);
    op->input = est__arena_alloc(&g->arena, b->in.count * sizeof *op->input + 1);
    op->output = est__arena_alloc(&g->arena, (outputs + 1) * sizeof *op->output);
    if (op->name == NULL || op->input == NULL || op->output == NULL)
        return est__fail_memory((outputs + 1) * sizeof *op->output);
    for (size_t i = 0; i < b->in.count; i++)
        op->input[i] = b->in.data[i];
    for (size_t i = 0; i <= outputs; i++)
        op->output[i] = (est_node){ .op = op, .index = (int)i, .shape = { .rank = -1 } };
    type_outputs(b, op);
    EST_TRY(find_callees(b, op));
    join_flags(op);
    EST_TRY(infer(b, op));
    EST_TRY(est__grow(&g->operation, &g->cap_operations, g->num_operations + 1, sizeof *g->operation));
    EST_TRY(est__map_put(g->names, op->name, strlen(op->name), op));
    g->operation[g->num_operations++] = op;
    *out = op;
    return EST_OK;
}

static est_status build(est_graph *g, const char *type, const char *name, est_nodes inputs, est_attrs attrs,
                        est_operation **out)
{
    building b = { .g = g, .d = est__opdef_find(type), .name = name, .in = inputs, .given = attrs };
    if (g->finalized)
        return est__fail(EST_FAILED_PRECONDITION, "%s '%s': the graph is finalized, as it runs: add operations in the model_fn or in a "
                         "hook's begin", type, name);
    if (b.d == NULL) {
        const char *near = est__opdef_nearest(type);
        return est__fail(EST_UNIMPLEMENTED, "op %s ('%s') is not known here%s%s%s", type, name,
                         near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    b.attr = est__arena_alloc(&g->arena, b.d->num_attrs * sizeof *b.attr + 1);
    if (b.attr == NULL)
        return est__fail_memory(b.d->num_attrs * sizeof *b.attr);
    for (size_t i = 0; i < b.d->num_attrs; i++)
        b.attr[i].kind = (est_attr_kind)UNSET;
    EST_TRY(take_given(&b));
    EST_TRY(match_inputs(&b));
    EST_TRY(settle_attributes(&b));
    return make(&b, out);
}

static bool is_taken(const est_graph *g, const char *name)
{
    size_t n = strlen(name);
    return est__map_get(g->names, name, n) || (g->reserved && est__map_get(g->reserved, name, n));
}

/* "scope/base", with _1, _2, … where that is taken. */
static const char *unique_name(est_graph *g, const char *base)
{
    char *name = est__arena_printf(&g->arena, "%s%s", g->scope, base);
    if (name == NULL || !is_taken(g, name))
        return name;
    size_t n = strlen(name);
    uintptr_t count = (uintptr_t)est__map_get(g->counters, name, n);
    const char *longer;
    do {
        longer = est__arena_printf(&g->arena, "%s_%zu", name, (size_t)++count);
    } while (longer && is_taken(g, longer));
    if (est__map_put(g->counters, name, n, (void *)count) != EST_OK)
        return NULL;
    return longer;
}

est_operation *est__graph_add(est_graph *g, const char *op, const char *name, est_nodes inputs,
                              est_attrs attrs)
{
    est_operation *made = NULL;
    if (g->status != EST_OK)
        return NULL;
    est_status st = est__map_get(g->names, name, strlen(name))
                        ? est__fail(EST_ALREADY_EXISTS, "%s '%s': there are two nodes of that name", op, name)
                        : build(g, op, name, inputs, attrs, &made);
    if (st != EST_OK)
        est__spoil(g, st);
    return st == EST_OK ? made : NULL;
}

est_node *est_op(est_graph *g, const char *op, const char *name, est_nodes inputs, est_attrs attrs)
{
    if (g->status != EST_OK)
        return &g->nil;
    est_node *noted = g->tape ? est__tape_shape(g->tape, op, inputs, attrs) : NULL;
    if (noted)
        return noted;
    est_node **inside = NULL;     /* where one of them is of a graph around this one */
    for (size_t i = 0; i < inputs.count; i++) {
        if (inputs.data[i] == NULL)
            return est__graph_fail(g, EST_INVALID_ARGUMENT, "%s: input %zu is missing", op, i);
        est_node *n = inputs.data[i];
        if (n->op->graph != g && (n = est__capture_node(g, n)) == NULL)
            return est__graph_fail(g, EST_INVALID_ARGUMENT, "%s: input %zu ('%s') is of another graph", op, i,
                                   inputs.data[i]->op->name);
        if (est__is_nil(n))
            return &g->nil;
        if (n != inputs.data[i] && !inside) {
            inside = est__arena_alloc(&g->arena, inputs.count * sizeof *inside);
            if (inside == NULL)
                return est__spoil(g, est__fail_memory(inputs.count * sizeof *inside));
            memcpy(inside, inputs.data, inputs.count * sizeof *inside);
        }
        if (inside)
            inside[i] = n;
    }
    if (inside)
        inputs.data = inside;
    const char *unique = unique_name(g, name ? name : op);
    if (unique == NULL)
        return est__spoil(g, est__fail_memory(strlen(op)));
    est_operation *made = est__graph_add(g, op, unique, inputs, attrs);
    return made ? &made->output[0] : &g->nil;
}
