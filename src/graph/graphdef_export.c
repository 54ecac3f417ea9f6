/* The graph as a GraphDef message, with the functions that it calls. */
#include "graph/attr.h"
#include "graph/function.h"
#include "graph/graphdef.h"
#include "graph/signature.h"

/* TensorFlow 2.15's TF_GRAPH_DEF_VERSION; 12 as every 2.x writes it */
enum { PRODUCER = 1645, MIN_CONSUMER = 12 };

const char *est__node_reference(est__arena *arena, const est_node *n)
{
    return n->index == 0 || n->op->num_outputs == 0
               ? est__arena_strdup(arena, n->op->name)
               : est__arena_printf(arena, "%s:%d", n->op->name, n->index);
}

static ProtobufCBinaryData bytes(const char *p, size_t n)
{
    return (ProtobufCBinaryData){ n, (uint8_t *)(uintptr_t)p };
}

static Tensorflow__NameAttrList *function_to_name(const char *name, size_t n, est__arena *arena)
{
    Tensorflow__NameAttrList *f = est__arena_alloc(arena, sizeof *f);
    if (f == NULL)
        return NULL;
    tensorflow__name_attr_list__init(f);
    f->name = est__arena_strndup(arena, name, n);
    return f->name ? f : NULL;
}

static est_status list_to_proto(const est_attr *a, est__arena *arena, Tensorflow__AttrValue *v)
{
    size_t n = a->list.count;
    Tensorflow__AttrValue__ListValue *l = est__arena_alloc(arena, sizeof *l);
    void *room = est__arena_alloc(arena, n * 16 + 1);
    if (l == NULL || room == NULL)
        return est__fail_memory(n * 16);
    tensorflow__attr_value__list_value__init(l);
    v->value_case = TENSORFLOW__ATTR_VALUE__VALUE_LIST;
    v->list = l;
    for (size_t i = 0; i < n; i++)
        switch (a->kind) {
        case EST_ATTR_INTS: l->n_i = n; (l->i = room)[i] = a->list.i[i]; break;
        case EST_ATTR_FLOATS: l->n_f = n; (l->f = room)[i] = (float)a->list.f[i]; break;
        case EST_ATTR_BOOLS: l->n_b = n; (l->b = room)[i] = a->list.b[i]; break;
        case EST_ATTR_TYPES:
            l->n_type = n;
            (l->type = room)[i] = (Tensorflow__DataType)a->list.type[i];
            break;
        case EST_ATTR_FUNCS:
            l->n_func = n;
            if (((l->func = room)[i] = function_to_name(a->list.s[i], strlen(a->list.s[i]), arena)) == NULL)
                return est__fail_memory(64);
            break;
        case EST_ATTR_STRINGS:
            l->n_s = n;
            (l->s = room)[i] = bytes(a->list.s[i], strlen(a->list.s[i]));
            break;
        default:
            l->n_shape = n;
            l->shape = room;
            if ((l->shape[i] = est__shape_to_proto(&a->list.shape[i], arena)) == NULL)
                return est__fail_memory(64);
        }
    return EST_OK;
}

static est_status attr_to_proto(const est_attr *a, est__arena *arena, Tensorflow__AttrValue **out)
{
    Tensorflow__AttrValue *v = est__arena_alloc(arena, sizeof *v);
    if (v == NULL)
        return est__fail_memory(sizeof *v);
    tensorflow__attr_value__init(v);
    *out = v;
    switch (a->kind) {
    case EST_ATTR_INT: v->value_case = TENSORFLOW__ATTR_VALUE__VALUE_I; v->i = a->i; return EST_OK;
    case EST_ATTR_FLOAT: v->value_case = TENSORFLOW__ATTR_VALUE__VALUE_F; v->f = (float)a->f; return EST_OK;
    case EST_ATTR_BOOL: v->value_case = TENSORFLOW__ATTR_VALUE__VALUE_B; v->b = a->b; return EST_OK;
    case EST_ATTR_STRING:
        v->value_case = TENSORFLOW__ATTR_VALUE__VALUE_S;
        v->s = bytes(a->s.p, a->s.n);
        return EST_OK;
    case EST_ATTR_TYPE:
        v->value_case = TENSORFLOW__ATTR_VALUE__VALUE_TYPE;
        v->type = (Tensorflow__DataType)a->type;
        return EST_OK;
    case EST_ATTR_SHAPE:
        v->value_case = TENSORFLOW__ATTR_VALUE__VALUE_SHAPE;
        v->shape = est__shape_to_proto(a->shape, arena);
        return v->shape ? EST_OK : est__fail_memory(64);
    case EST_ATTR_TENSOR:
        v->value_case = TENSORFLOW__ATTR_VALUE__VALUE_TENSOR;
        return est__tensor_to_proto(a->tensor, arena, &v->tensor);
    case EST_ATTR_FUNC:
        v->value_case = TENSORFLOW__ATTR_VALUE__VALUE_FUNC;
        v->func = function_to_name(a->s.p, a->s.n, arena);
        return v->func ? EST_OK : est__fail_memory(64);
    default:
        return list_to_proto(a, arena, v);
    }
}

static est_status attrs_to_proto(const est_operation *op, est__arena *arena, Tensorflow__NodeDef *node)
{
    const est__opdef *d = est__opdef_find(op->row->tf_name);
    node->attr = est__arena_alloc(arena, ((size_t)op->num_attrs + 1) * sizeof *node->attr);
    if (node->attr == NULL)
        return est__fail_memory(64);
    for (int i = 0; i < op->num_attrs; i++) {
        if (d->attr[i].has_default && est__attr_equal(&d->attr[i].def, &op->attr[i]))
            continue;
        Tensorflow__NodeDef__AttrEntry *e = est__arena_alloc(arena, sizeof *e);
        if (e == NULL)
            return est__fail_memory(sizeof *e);
        tensorflow__node_def__attr_entry__init(e);
        e->key = (char *)(uintptr_t)op->attr[i].name;
        EST_TRY(attr_to_proto(&op->attr[i], arena, &e->value));
        node->attr[node->n_attr++] = e;
    }
    return EST_OK;
}

/* As a node of a function's body is spelt: "x" for an argument, "node:result:0" for others. */
static char *body_reference(est__arena *arena, const est_node *n)
{
    int64_t k;
    if (strcmp(n->op->row->tf_name, "Placeholder") == 0)
        return est__arena_strdup(arena, n->op->name);
    const char *result = est__output_name(n, &k);
    return est__arena_printf(arena, "%s:%s:%lld", n->op->name, result, (long long)k);
}

static est_status node_to_proto(const est_operation *op, bool body, est__arena *arena, Tensorflow__NodeDef **out)
{
    Tensorflow__NodeDef *node = est__arena_alloc(arena, sizeof *node);
    size_t inputs = (size_t)op->num_inputs + (size_t)op->num_controls;
    if (node == NULL)
        return est__fail_memory(sizeof *node);
    tensorflow__node_def__init(node);
    *out = node;
    node->name = (char *)(uintptr_t)op->name;
    node->op = (char *)(uintptr_t)op->row->tf_name;
    node->input = est__arena_alloc(arena, (inputs + 1) * sizeof *node->input);
    if (node->input == NULL)
        return est__fail_memory(inputs * sizeof *node->input);
    for (int i = 0; i < op->num_inputs; i++)
        node->input[node->n_input++] = body ? body_reference(arena, op->input[i])
                                            : (char *)(uintptr_t)est__node_reference(arena, op->input[i]);
    for (int i = 0; i < op->num_controls; i++)
        node->input[node->n_input++] = est__arena_printf(arena, "^%s", op->control[i]->name);
    for (size_t i = 0; i < node->n_input; i++)
        if (node->input[i] == NULL)
            return est__fail_memory(64);
    return attrs_to_proto(op, arena, node);
}

/* ---- functions ---- */

static est_status argument_to_proto(const char *name, est_dtype dtype, est__arena *arena,
                                    Tensorflow__OpDef__ArgDef **out)
{
    Tensorflow__OpDef__ArgDef *a = *out = est__arena_alloc(arena, sizeof *a);
    if (a == NULL || name == NULL)
        return est__fail_memory(sizeof *a);
    tensorflow__op_def__arg_def__init(a);
    a->name = (char *)(uintptr_t)name;
    a->type = (Tensorflow__DataType)dtype;
    return EST_OK;
}

/* The argument's shape, as TensorFlow notes it for those who infer the body's. */
static est_status note_shape(const est__function *f, size_t i, est__arena *arena,
                             Tensorflow__FunctionDef__ArgAttrEntry **out)
{
    const est_attr shapes = { .name = "_output_shapes", .kind = EST_ATTR_SHAPES,
                              .list = { 1, { .shape = &f->arg[i]->shape } } };
    Tensorflow__FunctionDef__ArgAttrEntry *e = *out = est__arena_alloc(arena, sizeof *e);
    Tensorflow__FunctionDef__ArgAttrs *a = est__arena_alloc(arena, sizeof *a);
    Tensorflow__FunctionDef__ArgAttrs__AttrEntry *attr = est__arena_alloc(arena, sizeof *attr),
                                                 **list = est__arena_alloc(arena, sizeof *list);
    if (e == NULL || a == NULL || attr == NULL || list == NULL)
        return est__fail_memory(sizeof *a);
    tensorflow__function_def__arg_attr_entry__init(e);
    tensorflow__function_def__arg_attrs__init(a);
    tensorflow__function_def__arg_attrs__attr_entry__init(attr);
    e->key = (uint32_t)i;
    e->value = a;
    a->attr = list;
    a->attr[a->n_attr++] = attr;
    attr->key = (char *)(uintptr_t)shapes.name;
    return attr_to_proto(&shapes, arena, &attr->value);
}

static est_status signature_to_proto(const est__function *f, est__arena *arena, Tensorflow__OpDef **out)
{
    Tensorflow__OpDef *s = *out = est__arena_alloc(arena, sizeof *s);
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    tensorflow__op_def__init(s);
    s->name = (char *)(uintptr_t)f->name;
    s->is_stateful = (f->flags & EST_OP_STATEFUL) != 0;
    s->input_arg = est__arena_alloc(arena, (f->num_args + 1) * sizeof *s->input_arg);
    s->output_arg = est__arena_alloc(arena, (f->num_results + 1) * sizeof *s->output_arg);
    if (s->input_arg == NULL || s->output_arg == NULL)
        return est__fail_memory(f->num_args * sizeof *s->input_arg);
    for (size_t i = 0; i < f->num_args; i++)
        EST_TRY(argument_to_proto(f->arg[i]->op->name, f->arg[i]->dtype, arena, &s->input_arg[s->n_input_arg++]));
    for (size_t i = 0; i < f->num_results; i++)
        EST_TRY(argument_to_proto(est__arena_printf(arena, "result_%zu", i), f->result[i]->dtype, arena,
                                  &s->output_arg[s->n_output_arg++]));
    return EST_OK;
}

static est_status results_to_proto(const est__function *f, est__arena *arena, Tensorflow__FunctionDef *d)
{
    d->ret = est__arena_alloc(arena, (f->num_results + 1) * sizeof *d->ret);
    d->control_ret = est__arena_alloc(arena, (f->num_effects + 1) * sizeof *d->control_ret);
    if (d->ret == NULL || d->control_ret == NULL)
        return est__fail_memory(f->num_results * sizeof *d->ret);
    for (size_t i = 0; i < f->num_results; i++) {
        Tensorflow__FunctionDef__RetEntry *e = est__arena_alloc(arena, sizeof *e);
        if (e == NULL)
            return est__fail_memory(sizeof *e);
        tensorflow__function_def__ret_entry__init(e);
        e->key = d->signature->output_arg[i]->name;
        e->value = body_reference(arena, f->result[i]);
        if (e->value == NULL)
            return est__fail_memory(64);
        d->ret[d->n_ret++] = e;
    }
    for (size_t i = 0; i < f->num_effects; i++) {
        Tensorflow__FunctionDef__ControlRetEntry *e = est__arena_alloc(arena, sizeof *e);
        if (e == NULL)
            return est__fail_memory(sizeof *e);
        tensorflow__function_def__control_ret_entry__init(e);
        e->key = e->value = (char *)(uintptr_t)f->effect[i]->name;
        d->control_ret[d->n_control_ret++] = e;
    }
    return EST_OK;
}

static est_status function_to_proto(const est__function *f, est__arena *arena, Tensorflow__FunctionDef **out)
{
    const est_graph *g = f->body;
    Tensorflow__FunctionDef *d = *out = est__arena_alloc(arena, sizeof *d);
    if (d == NULL)
        return est__fail_memory(sizeof *d);
    tensorflow__function_def__init(d);
    d->node_def = est__arena_alloc(arena, (g->num_operations + 1) * sizeof *d->node_def);
    if (d->node_def == NULL)
        return est__fail_memory(g->num_operations * sizeof *d->node_def);
    for (size_t i = 0; i < g->num_operations; i++)
        if (strcmp(g->operation[i]->row->tf_name, "Placeholder") != 0)
            EST_TRY(node_to_proto(g->operation[i], true, arena, &d->node_def[d->n_node_def++]));
    EST_TRY(signature_to_proto(f, arena, &d->signature));
    EST_TRY(results_to_proto(f, arena, d));
    d->arg_attr = est__arena_alloc(arena, (f->num_args + 1) * sizeof *d->arg_attr);
    if (d->arg_attr == NULL)
        return est__fail_memory(f->num_args * sizeof *d->arg_attr);
    for (size_t i = 0; i < f->num_args; i++)
        EST_TRY(note_shape(f, i, arena, &d->arg_attr[d->n_arg_attr++]));
    d->signature->n_control_output = d->n_control_ret;
    d->signature->control_output = est__arena_alloc(arena, (d->n_control_ret + 1) * sizeof(char *));
    for (size_t i = 0; d->signature->control_output && i < d->n_control_ret; i++)
        d->signature->control_output[i] = d->control_ret[i]->key;
    return d->signature->control_output ? EST_OK : est__fail_memory(64);
}

static est_status library_to_proto(const est_graph *g, est__arena *arena, Tensorflow__FunctionDefLibrary **out)
{
    size_t n = g->functions ? est__map_size(g->functions) : 0;
    if (n == 0)
        return EST_OK;
    Tensorflow__FunctionDefLibrary *l = *out = est__arena_alloc(arena, sizeof *l);
    if (l == NULL || (l->function = est__arena_alloc(arena, n * sizeof *l->function)) == NULL)
        return est__fail_memory(n * sizeof *l->function);
    Tensorflow__FunctionDef **list = l->function;
    tensorflow__function_def_library__init(l);
    l->function = list;
    for (size_t i = 0; i < n; i++)
        EST_TRY(function_to_proto(est__map_value(g->functions, i), arena, &list[l->n_function++]));
    return EST_OK;
}

est_status est__graph_export(const est_graph *g, est__arena *arena, Tensorflow__GraphDef **out)
{
    EST_TRY(est_graph_status(g));
    Tensorflow__GraphDef *def = est__arena_alloc(arena, sizeof *def);
    Tensorflow__VersionDef *versions = est__arena_alloc(arena, sizeof *versions);
    Tensorflow__NodeDef **nodes = est__arena_alloc(arena, (g->num_operations + 1) * sizeof *nodes);
    if (def == NULL || versions == NULL || nodes == NULL)
        return est__fail_memory(g->num_operations * sizeof *nodes);
    tensorflow__graph_def__init(def);
    tensorflow__version_def__init(versions);
    versions->producer = PRODUCER;
    versions->min_consumer = MIN_CONSUMER;
    def->versions = versions;
    def->node = nodes;
    def->n_node = g->num_operations;
    for (size_t i = 0; i < g->num_operations; i++)
        EST_TRY(node_to_proto(g->operation[i], false, arena, &nodes[i]));
    EST_TRY(library_to_proto(g, arena, &def->library));
    *out = def;
    return EST_OK;
}
