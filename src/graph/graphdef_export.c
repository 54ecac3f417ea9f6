/* The graph as a GraphDef message. */
#include "graph/attr.h"
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
        v->func = est__arena_alloc(arena, sizeof *v->func);
        if (v->func == NULL)
            return est__fail_memory(sizeof *v->func);
        tensorflow__name_attr_list__init(v->func);
        v->func->name = est__arena_strndup(arena, a->s.p, a->s.n);
        return EST_OK;
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

static est_status node_to_proto(const est_operation *op, est__arena *arena, Tensorflow__NodeDef **out)
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
        node->input[node->n_input++] = (char *)(uintptr_t)est__node_reference(arena, op->input[i]);
    for (int i = 0; i < op->num_controls; i++)
        node->input[node->n_input++] = est__arena_printf(arena, "^%s", op->control[i]->name);
    for (size_t i = 0; i < node->n_input; i++)
        if (node->input[i] == NULL)
            return est__fail_memory(64);
    return attrs_to_proto(op, arena, node);
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
        EST_TRY(node_to_proto(g->operation[i], arena, &nodes[i]));
    *out = def;
    return EST_OK;
}
