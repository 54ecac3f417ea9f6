/* TrackableObjectGraph{1*: node{2*: SerializedTensor{2: full_name, 3: checkpoint_key}}}, read in place. */
#include "formats/object_names.h"

#include "formats/wire.h"

static const char entry[] = "_CHECKPOINTABLE_OBJECT_GRAPH";

static bool read_tensor(est__object_names *o, est__bytes tensor, est_status *st)
{
    est__bytes body, name = { 0 }, key = { 0 };
    unsigned number, kind;
    while (tensor.n) {
        if (!est__wire_field(&tensor, &number, &kind, &body))
            return false;
        if (number == 2 && kind == EST__WIRE_BYTES)
            name = body;
        if (number == 3 && kind == EST__WIRE_BYTES)
            key = body;
    }
    if (name.n == 0 || key.n == 0)
        return true;
    char *copy = est__arena_strndup(&o->arena, (const char *)key.p, key.n);
    *st = copy ? est__map_put(o->key, (const char *)name.p, name.n, copy) : est__fail_memory(key.n);
    return true;
}

static bool read_graph(est__object_names *o, est__bytes graph, est_status *st)
{
    est__bytes node, tensor;
    while (*st == EST_OK) {
        if (!est__wire_message(&graph, 1, &node))
            return false;
        if (node.p == NULL)
            return true;
        while (*st == EST_OK) {
            if (!est__wire_message(&node, 2, &tensor))
                return false;
            if (tensor.p == NULL)
                break;
            if (!read_tensor(o, tensor, st))
                return false;
        }
    }
    return true;
}

est_status est__object_names_read(const est__bundle *b, est__object_names *out)
{
    size_t n;
    est_status st = EST_OK;
    *out = (est__object_names){ 0 };
    const est__bundle_variable *v = est__bundle_find(b, entry);
    if (v == NULL || v->dtype != EST_STRING || est_shape_elements(&v->shape) != 1)
        return EST_OK;
    EST_TRY(est__bundle_read(b, entry, &out->graph));
    out->key = est__map_new();
    if (out->key == NULL)
        return est__fail_memory(64);
    const char *bytes = est_tensor_string(out->graph, 0, &n);
    if (!read_graph(out, (est__bytes){ (const unsigned char *)bytes, n }, &st))
        return est__fail(EST_DATA_LOSS, "%s: its graph of objects is damaged", est__bundle_prefix(b));
    return st;
}

const char *est__object_name(const est__object_names *o, const char *full_name)
{
    return o->key ? est__map_get(o->key, full_name, strlen(full_name)) : NULL;
}

void est__object_names_free(est__object_names *o)
{
    est__map_free(o->key);
    est_tensor_free(o->graph);
    est__arena_free(&o->arena);
}
