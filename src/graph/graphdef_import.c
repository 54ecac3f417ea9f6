/* A GraphDef's nodes as operations of a graph: only those that are wanted, and what they reach; and the
 * functions that these call. */
#include "graph/function.h"
#include "graph/graphdef.h"

typedef struct import {
    est_graph *g;
    Tensorflow__NodeDef *const *node;
    size_t num_nodes;
    const Tensorflow__FunctionDefLibrary *library;   /* NULL: none */
    const struct calling *by;     /* of a function's body: who calls it */
    est__map *index;              /* name -> node */
    char *mark;                   /* by node: 0 new, 1 being visited, 2 done */
    size_t *next;                 /* by node: its first input that was not looked at yet */
    size_t *stack;
    size_t depth;
    /* bytes of constants that are longer than what the message lists for them */
    size_t stretched;
    est__arena arena;             /* of the node that is being made */
} import;

/* The functions that are being imported, each called by the one before. */
typedef struct calling {
    const char *function;
    const struct calling *by;
    int depth;
} calling;

enum { DEEPEST = 64 };            /* functions within functions */

static const size_t most_stretched = (size_t)1 << 30;

/* The name within "^name" or "name:1"; the output's number in *index, -1 for a control input. In a function's
 * body it is "name:result:1", or an argument. */
static size_t reference(const import *m, const char **text, int *index)
{
    size_t n = strlen(*text);
    int64_t i = 0;
    *index = 0;
    if (**text == '^') {
        ++*text;
        *index = -1;
        return n - 1;
    }
    if (m->by)
        return strcspn(*text, ":");
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
    size_t n = reference(m, &name, &index);
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

static est_status import_function(import *m, const char *node, const Tensorflow__NameAttrList *called);

static est_status list_attr(import *m, const char *node, const Tensorflow__AttrValue__ListValue *l,
                            est_attr *a)
{
    static const est_attr_kind kinds[] = { EST_ATTR_STRINGS, EST_ATTR_INTS,  EST_ATTR_FLOATS,
                                           EST_ATTR_BOOLS,   EST_ATTR_TYPES, EST_ATTR_SHAPES,
                                           EST_ATTR_FUNCS };
    const size_t counts[] = { l->n_s, l->n_i, l->n_f, l->n_b, l->n_type, l->n_shape, l->n_func };
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
    if (l->n_tensor > 0)
        return est__fail(EST_UNIMPLEMENTED, "graph: node '%s': attribute '%s' is a list of tensors", node, a->name);
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
        case EST_ATTR_FUNCS:
            ((const char **)room)[i] = l->func[i]->name;
            EST_TRY(import_function(m, node, l->func[i]));
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
        return import_function(m, node, v->func);
    default:
        return est__fail(EST_UNIMPLEMENTED, "graph: node '%s': attribute '%s' holds nothing that can be read",
                         node, a->name);
    }
    return EST_OK;
}

/* Output "result:1" of an operation in a body, or the argument itself; NULL: it has no such output. */
static est_node *body_output(est_operation *op, const char *spec)
{
    int64_t k = 0;
    if (*spec++ != ':')
        return strcmp(op->row->tf_name, "Placeholder") == 0 ? &op->output[0] : NULL;
    size_t n = strcspn(spec, ":");
    if (spec[n] && !est__parse_int64(spec + n + 1, strlen(spec + n + 1), &k))
        return NULL;
    return est__output_named(op, spec, n, k);
}

/* What a reference stands for; NULL: no output of a node that is there. Of a control input any of its outputs. */
static est_node *output_of(const import *m, const char *text, bool *control)
{
    int index;
    size_t n = reference(m, &text, &index);
    est_operation *op = est__map_get(m->g->names, text, n);
    *control = index < 0;
    if (op == NULL)
        return NULL;
    if (index < 0)
        return est__operation_node(op);
    if (m->by)
        return body_output(op, text + n);
    return index < op->num_outputs ? &op->output[index] : NULL;
}

static est_status gather_inputs(import *m, const Tensorflow__NodeDef *d, est_node **in, est_node **controls,
                                size_t *num_controls)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_input; i++) {
        bool control;
        est_node *from = output_of(m, d->input[i], &control);
        if (from == NULL)
            return est__fail(EST_DATA_LOSS, "graph: node '%s': input '%s' is no output of a node", d->name,
                             d->input[i]);
        if (control)
            controls[(*num_controls)++] = from;
        else
            in[n++] = from;
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

/* Arguments of a function are made before its nodes are reached, and are not among them. */
static bool is_argument(const import *m, const char *text)
{
    int index;
    size_t n = reference(m, &text, &index);
    return m->by && !est__map_get(m->index, text, n) && est__map_get(m->g->names, text, n);
}

/* Depth first, without recursion; a node is made once all that it takes is there. */
static est_status reach(import *m, size_t root)
{
    m->depth = 0;
    m->stack[m->depth++] = root;
    while (m->depth > 0) {
        size_t at = m->stack[m->depth - 1];
        const Tensorflow__NodeDef *d = m->node[at];
        bool waiting = false;
        if (m->mark[at] == 2) {
            m->depth--;
            continue;
        }
        m->mark[at] = 1;
        while (m->next[at] < d->n_input && !waiting) {
            const char *text = d->input[m->next[at]++];
            size_t before;
            if (is_argument(m, text))
                continue;
            EST_TRY(find(m, text, d->name, &before));
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

static est_status begin(import *m)
{
    m->index = est__map_new();
    m->mark = est__calloc(m->num_nodes + 1, 1);
    m->stack = est__calloc(m->num_nodes + 1, sizeof *m->stack);
    m->next = est__calloc(m->num_nodes + 1, sizeof *m->next);
    if (!m->index || !m->mark || !m->stack || !m->next)
        return est__fail_memory(m->num_nodes * sizeof *m->stack);
    for (size_t i = 0; i < m->num_nodes; i++) {
        const char *name = m->node[i]->name;
        if (est__map_get(m->index, name, strlen(name)))
            return est__fail(EST_DATA_LOSS, "graph: there are two nodes '%s'", name);
        EST_TRY(est__map_put(m->index, name, strlen(name), (void *)(uintptr_t)(i + 1)));
        if (est__map_get(m->g->names, name, strlen(name)))
            m->mark[i] = 2;     /* an earlier import made it */
    }
    return EST_OK;
}

static void end(import *m)
{
    est__arena_free(&m->arena);
    est__free(m->stack);
    est__free(m->next);
    est__free(m->mark);
    est__map_free(m->index);
}

static est_status want(import *m, const char *text)
{
    size_t node;
    if (is_argument(m, text))
        return EST_OK;
    EST_TRY(find(m, text, "the caller", &node));
    return m->mark[node] == 0 ? reach(m, node) : EST_OK;
}

est_status est__graph_import(est_graph *g, const Tensorflow__GraphDef *def, est_strings wanted)
{
    import m = { .g = g, .node = def->node, .num_nodes = def->n_node, .library = def->library };
    est_status st = begin(&m);
    for (size_t i = 0; i < wanted.count && st == EST_OK; i++)
        st = want(&m, wanted.data[i]);
    end(&m);
    return st;
}

/* ---- functions ---- */

static const Tensorflow__FunctionDef *find_function(const import *m, const char *name)
{
    for (size_t i = 0; m->library && i < m->library->n_function; i++) {
        const Tensorflow__OpDef *s = m->library->function[i]->signature;
        if (s && strcmp(s->name, name) == 0)
            return m->library->function[i];
    }
    return NULL;
}

/* The shape that TensorFlow notes for an argument; unknown where it notes none. */
static est_shape argument_shape(const Tensorflow__FunctionDef *d, size_t i)
{
    for (size_t j = 0; j < d->n_arg_attr; j++) {
        const Tensorflow__FunctionDef__ArgAttrs *a = d->arg_attr[j]->value;
        for (size_t k = 0; d->arg_attr[j]->key == i && a && k < a->n_attr; k++) {
            const Tensorflow__AttrValue *v = a->attr[k]->value;
            bool list = v && v->value_case == TENSORFLOW__ATTR_VALUE__VALUE_LIST && v->list->n_shape == 1;
            if (list && strcmp(a->attr[k]->key, "_output_shapes") == 0) {
                est_shape s = est__shape_from_proto(v->list->shape[0]);
                return s.rank == -2 ? (est_shape){ .rank = -1 } : s;
            }
        }
    }
    return (est_shape){ .rank = -1 };
}

static est_status take_arguments(const Tensorflow__FunctionDef *d, est__function *f)
{
    const Tensorflow__OpDef *s = d->signature;
    if (s->n_attr > 0)
        return est__fail(EST_UNIMPLEMENTED, "graph: function '%s' has attributes; only plain ones are read", s->name);
    for (size_t i = 0; i < s->n_input_arg; i++) {
        const Tensorflow__OpDef__ArgDef *a = s->input_arg[i];
        if (*a->number_attr || *a->type_list_attr)
            return est__fail(EST_UNIMPLEMENTED, "graph: function '%s': argument '%s' is a list", s->name, a->name);
        EST_TRY(est__function_add_arg(f, a->name, (est_dtype)a->type, argument_shape(d, i)));
    }
    return EST_OK;
}

static const char *returned(const Tensorflow__FunctionDef *d, const char *result)
{
    for (size_t i = 0; i < d->n_ret; i++)
        if (strcmp(d->ret[i]->key, result) == 0)
            return d->ret[i]->value;
    return NULL;
}

static est_status take_results(import *m, const Tensorflow__FunctionDef *d, est__function *f)
{
    const Tensorflow__OpDef *s = d->signature;
    est_node **result = est__arena_alloc(&f->body->arena, (s->n_output_arg + 1) * sizeof *result);
    if (result == NULL)
        return est__fail_memory(s->n_output_arg * sizeof *result);
    for (size_t i = 0; i < s->n_output_arg; i++) {
        const char *text = returned(d, s->output_arg[i]->name);
        bool control;
        if (text == NULL)
            return est__fail(EST_DATA_LOSS, "graph: function '%s' does not say what its result '%s' is", s->name,
                             s->output_arg[i]->name);
        EST_TRY(want(m, text));
        result[i] = output_of(m, text, &control);
        if (result[i] == NULL || control || result[i]->dtype != (est_dtype)s->output_arg[i]->type)
            return est__fail(EST_DATA_LOSS, "graph: function '%s': its result '%s', '%s', is no %s output of a node",
                             s->name, s->output_arg[i]->name, text,
                             est_dtype_name((est_dtype)s->output_arg[i]->type));
    }
    for (size_t i = 0; i < d->n_control_ret; i++)
        EST_TRY(want(m, d->control_ret[i]->value));
    return est__function_set_results(f, (est_nodes){ result, s->n_output_arg });
}

static est_status check_calls(const import *m, const char *node, const char *name)
{
    for (const calling *c = m->by; c; c = c->by)
        if (strcmp(c->function, name) == 0)
            return est__fail(EST_UNIMPLEMENTED, "graph: node '%s': function '%s' calls itself", node, name);
    return m->by && m->by->depth >= DEEPEST
               ? est__fail(EST_RESOURCE_EXHAUSTED, "graph: node '%s': functions are nested deeper than %d", node, DEEPEST)
               : EST_OK;
}

static est_status import_function(import *m, const char *node, const Tensorflow__NameAttrList *called)
{
    const char *name = called->name;
    EST_TRY(check_calls(m, node, name));
    if (est__function_find(m->g, name, strlen(name)))
        return EST_OK;
    const Tensorflow__FunctionDef *d = find_function(m, name);
    if (d == NULL)
        return est__fail(EST_DATA_LOSS, "graph: node '%s': function '%.200s' is not in the library", node, name);
    est__function *f;
    EST_TRY(est__function_new(m->g, name, &f));
    f->name = est__arena_strdup(&f->body->arena, name);
    const calling now = { .function = name, .by = m->by, .depth = m->by ? m->by->depth + 1 : 1 };
    import body = { .g = f->body, .node = d->node_def, .num_nodes = d->n_node_def, .library = m->library, .by = &now,
                    .stretched = m->stretched };
    est_status st = f->name ? take_arguments(d, f) : est__fail_memory(strlen(name));
    if (st == EST_OK)
        st = begin(&body);
    if (st == EST_OK)
        st = take_results(&body, d, f);
    m->stretched = body.stretched;
    end(&body);
    if (st == EST_OK)
        return est__function_add(m->g, f);
    est__function_release(f);
    return st;
}
