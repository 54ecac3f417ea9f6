/* A GraphDef's nodes as operations of a graph: only those that are wanted, and what they reach. */
#include "graph/graphdef.h"

typedef struct import {
    est_graph *g;
    const Tensorflow__GraphDef *def;
    est__map *index;              /* name -> node */
    char *mark;                   /* by node: 0 new, 1 being visited, 2 done */
    size_t *next;                 /* by node: its first input that was not looked at yet */
    size_t *stack;
    size_t depth;
    /* bytes of constants that are longer than what the message lists for them */
    size_t stretched;
    est__arena arena;             /* of the node that is being made */
} import;

static const size_t most_stretched = (size_t)1 << 30;

/* The name within "^name" or "name:1"; the output's number in *index, -1 for a control input. */
static size_t reference(const char **text, int *index)
{
    size_t n = strlen(*text);
    int64_t i = 0;
    *index = 0;
    if (**text == '^') {
        ++*text;
        *index = -1;
        return n - 1;
    }
    const char *colon = strrchr(*text, ':');
    if (colon && est__parse_int64(colon + 1, strlen(colon + 1), &i) && i >= 0 && i < 1 << 20) {
        *index = (int)i;
        return (size_t)(colon - *text);
    }
    return n;
}

static est_status find(const import *m, const char *text, const char *by, size_t *node)
{
    int index;
    const char *name = text;
    size_t n = reference(&name, &index);
    uintptr_t at = (uintptr_t)est__map_get(m->index, name, n);
    if (at == 0)
        return est__fail(EST_DATA_LOSS, "graph: node '%.200s', which '%.200s' wants, is not there", text, by);
    *node = at - 1;
    return EST_OK;
}

static est_status take_shape(const Tensorflow__TensorShapeProto *p, const char *node, est_shape *out)
{
    *out = est__shape_from_proto(p);
    return out->rank == -2
               ? est__fail(EST_UNIMPLEMENTED, "graph: node '%s': a shape of more than %d dimensions", node,
                           EST_MAX_RANK)
               : EST_OK;
}

static est_status list_attr(import *m, const char *node, const Tensorflow__AttrValue__ListValue *l,
                            est_attr *a)
{
    static const est_attr_kind kinds[] = { EST_ATTR_STRINGS, EST_ATTR_INTS,  EST_ATTR_FLOATS,
                                           EST_ATTR_BOOLS,   EST_ATTR_TYPES, EST_ATTR_SHAPES };
    const size_t counts[] = { l->n_s, l->n_i, l->n_f, l->n_b, l->n_type, l->n_shape };
    size_t n = 0, room_size;
    a->kind = EST_ATTR_INTS;      /* an empty list is of any kind */
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (n > 0 && counts[i] > 0)
            return est__fail(EST_DATA_LOSS, "graph: node '%s': attribute '%s' is a list of mixed kinds", node,
                             a->name);
        if (counts[i] > 0)
            a->kind = kinds[i];
        n += counts[i];
    }
    if (l->n_tensor + l->n_func > 0)
        return est__fail(EST_UNIMPLEMENTED,
                         "graph: node '%s': attribute '%s' is a list of tensors or functions", node, a->name);
    room_size = n * (a->kind == EST_ATTR_SHAPES ? sizeof(est_shape) : 8) + 8;
    void *room = est__arena_alloc(&m->arena, room_size);
    if (room == NULL)
        return est__fail_memory(room_size);
    a->list.count = n;
    a->list.i = room;
    for (size_t i = 0; i < n; i++)
        switch (a->kind) {
        case EST_ATTR_STRINGS:
            ((const char **)room)[i] = est__arena_strndup(&m->arena, l->s[i].len ? (char *)l->s[i].data : "",
                                                          l->s[i].len);
            if (((const char **)room)[i] == NULL)
                return est__fail_memory(l->s[i].len);
            break;
        case EST_ATTR_FLOATS: ((double *)room)[i] = (double)l->f[i]; break;
        case EST_ATTR_BOOLS: ((bool *)room)[i] = l->b[i] != 0; break;
        case EST_ATTR_TYPES: ((est_dtype *)room)[i] = (est_dtype)l->type[i]; break;
        case EST_ATTR_SHAPES: EST_TRY(take_shape(l->shape[i], node, &((est_shape *)room)[i])); break;
        default: ((int64_t *)room)[i] = l->i[i]; break;
        }
    return EST_OK;
}

static est_status shape_attr(import *m, const Tensorflow__AttrValue *v, const char *node, est_attr *a)
{
    est_shape *s = est__arena_alloc(&m->arena, sizeof *s);
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    a->kind = EST_ATTR_SHAPE;
    a->shape = s;
    return take_shape(v->shape, node, s);
}

static est_status tensor_attr(import *m, const Tensorflow__AttrValue *v, const char *node, est_attr *a,
                              est_tensor **tensor)
{
    if (*tensor)
        return est__fail(EST_DATA_LOSS, "graph: node '%s' holds two tensors", node);
    EST_TRY(est__tensor_from_proto(v->tensor, node, tensor));
    a->kind = EST_ATTR_TENSOR;
    a->tensor = *tensor;
    m->stretched += v->tensor->tensor_content.len ? 0 : est__tensor_bytes(*tensor);
    return m->stretched <= most_stretched
               ? EST_OK
               : est__fail(EST_RESOURCE_EXHAUSTED,
                           "graph: node '%s': the constants so far hold more than %zu bytes", node,
                           most_stretched);
}

static est_status attr_from_proto(import *m, const char *node, const Tensorflow__AttrValue *v, est_attr *a,
                                  est_tensor **tensor)
{
    switch (v ? v->value_case : TENSORFLOW__ATTR_VALUE__VALUE__NOT_SET) {
    case TENSORFLOW__ATTR_VALUE__VALUE_S:
        a->kind = EST_ATTR_STRING;
        a->s.p = (char *)v->s.data;
        a->s.n = v->s.len;
        break;
    case TENSORFLOW__ATTR_VALUE__VALUE_I: a->kind = EST_ATTR_INT; a->i = v->i; break;
    case TENSORFLOW__ATTR_VALUE__VALUE_F: a->kind = EST_ATTR_FLOAT; a->f = (double)v->f; break;
    case TENSORFLOW__ATTR_VALUE__VALUE_B: a->kind = EST_ATTR_BOOL; a->b = v->b != 0; break;
    case TENSORFLOW__ATTR_VALUE__VALUE_TYPE: a->kind = EST_ATTR_TYPE; a->type = (est_dtype)v->type; break;
    case TENSORFLOW__ATTR_VALUE__VALUE_SHAPE: return shape_attr(m, v, node, a);
    case TENSORFLOW__ATTR_VALUE__VALUE_TENSOR: return tensor_attr(m, v, node, a, tensor);
    case TENSORFLOW__ATTR_VALUE__VALUE_LIST: return list_attr(m, node, v->list, a);
    case TENSORFLOW__ATTR_VALUE__VALUE_FUNC:
        a->kind = EST_ATTR_FUNC;
        a->s.p = v->func->name;
        a->s.n = strlen(v->func->name);
        break;
    default:
        return est__fail(EST_UNIMPLEMENTED, "graph: node '%s': attribute '%s' holds nothing that can be read",
                         node, a->name);
    }
    return EST_OK;
}

static est_status gather_inputs(import *m, const Tensorflow__NodeDef *d, est_node **in, est_node **controls,
                                size_t *num_controls)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_input; i++) {
        const char *name = d->input[i];
        int index;
        size_t length = reference(&name, &index);
        est_operation *op = est__map_get(m->g->names, name, length);
        if (op == NULL || (index > 0 && index >= op->num_outputs) || (index >= 0 && op->num_outputs == 0))
            return est__fail(EST_DATA_LOSS, "graph: node '%s': input '%s' is no output of a node", d->name,
                             d->input[i]);
        if (index < 0)
            controls[(*num_controls)++] = est__operation_node(op);
        else
            in[n++] = &op->output[index];
    }
    return EST_OK;
}

static est_status make_node(import *m, const Tensorflow__NodeDef *d)
{
    est_node **in = est__arena_alloc(&m->arena, (2 * d->n_input + 1) * sizeof *in),
             **controls = in + d->n_input;
    est_attr *attrs = est__arena_alloc(&m->arena, (d->n_attr + 1) * sizeof *attrs);
    est_tensor *tensor = NULL;
    size_t num_controls = 0, num_attrs = 0;
    if (in == NULL || attrs == NULL)
        return est__fail_memory(d->n_input * sizeof *in);
    EST_TRY(gather_inputs(m, d, in, controls, &num_controls));
    est_status st = EST_OK;
    for (size_t i = 0; i < d->n_attr && st == EST_OK; i++) {
        if (d->attr[i]->key[0] == '_')
            continue;
        attrs[num_attrs].name = d->attr[i]->key;
        st = attr_from_proto(m, d->name, d->attr[i]->value, &attrs[num_attrs++], &tensor);
    }
    if (st == EST_OK) {
        est_operation *op = est__graph_add(m->g, d->op, d->name, (est_nodes){ in, d->n_input - num_controls },
                                           (est_attrs){ attrs, num_attrs });
        st = op ? EST_OK : est_graph_status(m->g);
        for (size_t i = 0; op && i < num_controls; i++)
            est_node_after(est__operation_node(op), controls[i]);
    }
    est_tensor_free(tensor);
    return st;
}

/* Depth first, without recursion; a node is made once all that it takes is there. */
static est_status reach(import *m, size_t root)
{
    m->depth = 0;
    m->stack[m->depth++] = root;
    while (m->depth > 0) {
        size_t at = m->stack[m->depth - 1];
        const Tensorflow__NodeDef *d = m->def->node[at];
        bool waiting = false;
        if (m->mark[at] == 2) {
            m->depth--;
            continue;
        }
        m->mark[at] = 1;
        while (m->next[at] < d->n_input && !waiting) {
            size_t before;
            EST_TRY(find(m, d->input[m->next[at]++], d->name, &before));
            if (m->mark[before] == 1)
                return est__fail(EST_UNIMPLEMENTED, "graph: node '%s' depends on itself (a loop)", d->name);
            waiting = m->mark[before] == 0;
            if (waiting)
                m->stack[m->depth++] = before;
        }
        if (waiting)
            continue;
        EST_TRY(make_node(m, d));
        est__arena_free(&m->arena);
        m->mark[at] = 2;
        m->depth--;
    }
    return EST_OK;
}

est_status est__graph_import(est_graph *g, const Tensorflow__GraphDef *def, est_strings wanted)
{
    import m = { .g = g, .def = def, .index = est__map_new() };
    m.mark = est__calloc(def->n_node + 1, 1);
    m.stack = est__calloc(def->n_node + 1, sizeof *m.stack);
    m.next = est__calloc(def->n_node + 1, sizeof *m.next);
    est_status st = m.index && m.mark && m.stack && m.next ? EST_OK
                                                           : est__fail_memory(def->n_node * sizeof *m.stack);
    for (size_t i = 0; i < def->n_node && st == EST_OK; i++) {
        const char *name = def->node[i]->name;
        if (est__map_get(m.index, name, strlen(name)))
            st = est__fail(EST_DATA_LOSS, "graph: there are two nodes '%s'", name);
        else
            st = est__map_put(m.index, name, strlen(name), (void *)(uintptr_t)(i + 1));
        if (est__map_get(g->names, name, strlen(name)))
            m.mark[i] = 2;     /* an earlier import made it */
    }
    for (size_t i = 0; i < wanted.count && st == EST_OK; i++) {
        size_t node;
        st = find(&m, wanted.data[i], "the caller", &node);
        if (st == EST_OK && m.mark[node] == 0)
            st = reach(&m, node);
    }
    est__arena_free(&m.arena);
    est__free(m.stack);
    est__free(m.next);
    est__free(m.mark);
    est__map_free(m.index);
    return st;
}
