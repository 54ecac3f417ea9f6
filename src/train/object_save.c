/* Saving a graph of objects: the message that tells it, and the values under the keys that it names. */
#include <stdlib.h>

#include "formats/checkpoint_state.h"
#include "formats/object_graph.h"
#include "proto/pack.h"
#include "train/object_checkpoint.h"

typedef Tensorflow__TrackableObjectGraph__TrackableObject__ObjectReference child_message;
typedef Tensorflow__TrackableObjectGraph__TrackableObject__SerializedTensor attribute_message;
typedef Tensorflow__TrackableObjectGraph__TrackableObject__SlotVariableReference slot_message;

/* One value of the checkpoint. */
typedef struct entry {
    const char *key;
    est_tensor *value;
} entry;

typedef struct saving {
    est_object_checkpoint *c;
    est__arena arena;             /* of the messages, whose strings are those of the objects */
    entry *entries;
    size_t num_entries;
    est_tensor *graph;            /* the message, as a tensor */
} saving;

static int by_key(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->key, ((const entry *)b)->key);
}

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

/* An array of `n` pointers to as many zeroed messages of `size` bytes. */
static est_status messages(est__arena *a, size_t n, size_t size, void *out)
{
    char *all = est__arena_alloc(a, n * size + 1), **list = est__arena_alloc(a, n * sizeof *list + 1);
    if (all == NULL || list == NULL)
        return est__fail_memory(n * size);
    for (size_t i = 0; i < n; i++)
        list[i] = all + i * size;
    memcpy(out, &list, sizeof list);
    return EST_OK;
}

static est_status write_attribute(saving *s, est_trackable *t, est__object_node *node)
{
    const char *key = est__object_key(s->c, t);
    est_tensor *value;
    EST_TRY(messages(&s->arena, 1, sizeof **node->attributes, &node->attributes));
    attribute_message *m = node->attributes[0];
    tensorflow__trackable_object_graph__trackable_object__serialized_tensor__init(m);
    key = key ? est__arena_strdup(&s->arena, key) : NULL;
    if (key == NULL)
        return est__fail_memory(64);
    EST_TRY(est__trackable_value(t, &value));
    m->name = text(EST__VARIABLE_VALUE);
    m->full_name = text(t->variable ? t->variable : t->path);
    m->checkpoint_key = text(key);
    node->n_attributes = 1;
    s->entries[s->num_entries++] = (entry){ key, value };
    return EST_OK;
}

static est_status write_node(saving *s, est_trackable *t, est__object_node *node)
{
    tensorflow__trackable_object_graph__trackable_object__init(node);
    EST_TRY(messages(&s->arena, t->num_edges, sizeof **node->children, &node->children));
    EST_TRY(messages(&s->arena, t->num_slots, sizeof **node->slot_variables, &node->slot_variables));
    for (size_t i = 0; i < t->num_edges; i++) {
        child_message *m = node->children[node->n_children++];
        tensorflow__trackable_object_graph__trackable_object__object_reference__init(m);
        m->node_id = t->edge[i].to->id;
        m->local_name = text(t->edge[i].name);
    }
    for (size_t i = 0; i < t->num_slots; i++) {
        const est__slot_edge *slot = &t->slot[i];
        if (slot->original->id < 0)
            continue;
        slot_message *m = node->slot_variables[node->n_slot_variables++];
        tensorflow__trackable_object_graph__trackable_object__slot_variable_reference__init(m);
        m->original_variable_node_id = slot->original->id;
        m->slot_name = text(slot->name);
        m->slot_variable_node_id = slot->slot->id;
    }
    return est__has_value(t) ? write_attribute(s, t, node) : EST_OK;
}

/* A node has values when it, or what it leads to, has some: so those with values tell their parents, until nothing changes. */
static est_status mark_values(saving *s, Tensorflow__TrackableObjectGraph *g)
{
    Tensorflow__TrackableBoolValue **mark = NULL;
    bool changed = true;
    EST_TRY(messages(&s->arena, g->n_nodes, sizeof **mark, &mark));
    for (size_t i = 0; i < g->n_nodes; i++) {
        tensorflow__trackable_bool_value__init(mark[i]);
        mark[i]->value = g->nodes[i]->n_attributes || g->nodes[i]->n_slot_variables;
        g->nodes[i]->has_checkpoint_values = mark[i];
    }
    while (changed) {
        changed = false;
        for (size_t i = g->n_nodes; i-- > 0;)       /* children stand behind their parents, mostly */
            for (size_t k = 0; k < g->nodes[i]->n_children && !mark[i]->value; k++)
                if (mark[g->nodes[i]->children[k]->node_id]->value)
                    mark[i]->value = changed = true;
    }
    return EST_OK;
}

static est_status write_graph(saving *s)
{
    est_object_checkpoint *c = s->c;
    Tensorflow__TrackableObjectGraph g = TENSORFLOW__TRACKABLE_OBJECT_GRAPH__INIT;
    est_shape scalar = est_shape_of(0, NULL);
    est__buffer packed = { 0 };
    EST_TRY(messages(&s->arena, c->num_ordered, sizeof **g.nodes, &g.nodes));
    g.n_nodes = c->num_ordered;
    for (size_t i = 0; i < c->num_ordered; i++)
        EST_TRY(write_node(s, c->order[i], g.nodes[i]));
    EST_TRY(mark_values(s, &g));
    est_status st = est__proto_pack(&g, &packed);
    if (st == EST_OK)
        st = est_tensor_new_strings(&scalar, &(const char *){ packed.data }, &packed.size, &s->graph);
    est__buffer_free(&packed);
    return st;
}

static est_status write_values(saving *s, const char *path)
{
    est__bundle_writer *w;
    s->entries[s->num_entries++] = (entry){ EST__OBJECT_GRAPH_KEY, s->graph };
    qsort(s->entries, s->num_entries, sizeof *s->entries, by_key);
    EST_TRY(est__bundle_writer_new(path, &w));
    est_status st = EST_OK;
    for (size_t i = 0; i < s->num_entries && st == EST_OK; i++)
        st = est__bundle_add(w, s->entries[i].key, s->entries[i].value);
    return est__bundle_end(w, st);
}

/* "a/b" of "a/b/ckpt"; "." where there is no folder. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? est__strndup(path, slash == path ? 1 : (size_t)(slash - path)) : est__strdup(".");
}

est_status est_object_checkpoint_write(est_object_checkpoint *c, const char *path)
{
    saving s = { .c = c };
    EST_TRY(est_object_checkpoint_status(c));
    char *dir = folder_of(path);
    est_status st = dir ? est__make_dirs(dir) : est__fail_memory(strlen(path));
    est__free(dir);
    EST_TRY(st);
    EST_TRY(est__objects_number(c));
    s.entries = est__malloc((c->num_ordered + 1) * sizeof *s.entries);
    st = s.entries ? write_graph(&s) : est__fail_memory(c->num_ordered * sizeof *s.entries);
    if (st == EST_OK)
        st = write_values(&s, path);
    est_tensor_free(s.graph);
    est__free(s.entries);
    est__arena_free(&s.arena);
    return st;
}

est_status est__save_numbered(est_object_checkpoint *c, const char *file_prefix, char *path, size_t capacity)
{
    int64_t *counter;
    EST_TRY(est_object_checkpoint_status(c));
    EST_TRY(est__save_counter(c, &counter));
    int n = est__print(path, capacity, "%s-%lld", file_prefix, (long long)(*counter + 1));
    if (n < 0 || (size_t)n >= capacity)
        return est__fail(EST_RESOURCE_EXHAUSTED, "%s-%lld: the name of a checkpoint needs %d bytes", file_prefix,
                         (long long)(*counter + 1), n + 1);
    *counter += 1;
    est_status st = est_object_checkpoint_write(c, path);
    if (st != EST_OK)
        *counter -= 1;
    return st;
}

/* The newest, and the only one that is told: the others are what a CheckpointManager is for. */
static est_status tell(const char *path)
{
    char *name = text(est__base_name(path)), *dir = folder_of(path);
    est_status st = dir ? est__checkpoint_state_write(dir, &(est__checkpoint_state){
        .model_checkpoint_path = name, .all_model_checkpoint_paths = &name, .count = 1 }) : est__fail_memory(strlen(path));
    est__free(dir);
    return st;
}

est_status est_object_checkpoint_save(est_object_checkpoint *c, const char *file_prefix, char *path, size_t capacity)
{
    char own[4096];
    char *name = path ? path : own;
    EST_TRY(est__save_numbered(c, file_prefix, name, path ? capacity : sizeof own));
    return tell(name);
}
