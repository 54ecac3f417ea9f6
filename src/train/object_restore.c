/* Restoring a graph of objects: those of the checkpoint and those here are walked side by side from the root on, by the names of edges.
 * What was matched is kept, so that objects that come later find their values (deferred restoration). */
#include <stdlib.h>

#include "formats/object_graph.h"
#include "train/object_checkpoint.h"

/* An object here, and a node of the checkpoint that it is. */
typedef struct pair {
    est_trackable *object;
    int32_t id;
} pair;

struct est__restoration {
    est__bundle *bundle;
    est__object_graph graph;
    est_trackable **at;           /* by the number of the node; NULL: nothing here is it */
    pair *pairs;
    size_t num_pairs, cap_pairs;
    size_t num_loaded;            /* of the pairs: their values are where they belong */
    bool warned;
};

void est__restoration_free(est__restoration *r)
{
    if (r == NULL)
        return;
    est__bundle_free(r->bundle);
    est__object_graph_free(&r->graph);
    est__free(r->at);
    est__free(r->pairs);
    est__free(r);
}

static const est__object_node *node(const est__restoration *r, int32_t id)
{
    return r->graph.message->nodes[id];
}

/* ---- matching ---- */

static est_status bind(est__restoration *r, est_trackable *t, int32_t id)
{
    if (r->at[id] == t)
        return EST_OK;
    if (r->at[id]) {
        if (!r->warned)
            est__log(EST_LOG_WARNING, "%s: objects that are one in the checkpoint are several here; the first of them gets the value",
                     est__bundle_prefix(r->bundle));
        r->warned = true;
        return EST_OK;
    }
    EST_TRY(est__grow(&r->pairs, &r->cap_pairs, r->num_pairs + 1, sizeof *r->pairs));
    r->at[id] = t;
    r->pairs[r->num_pairs++] = (pair){ t, id };
    return EST_OK;
}

static est_status bind_children(est__restoration *r, pair p)
{
    for (size_t i = 0; i < p.object->num_edges; i++) {
        int32_t id = est__object_graph_child(node(r, p.id), p.object->edge[i].name);
        if (id >= 0)
            EST_TRY(bind(r, p.object->edge[i].to, id));
    }
    return EST_OK;
}

static est_status bind_slots(est__restoration *r, pair p)
{
    const est__object_node *from = node(r, p.id);
    for (size_t i = 0; i < from->n_slot_variables && p.object->num_slots; i++) {
        const est_trackable *original = r->at[from->slot_variables[i]->original_variable_node_id];
        for (size_t k = 0; original && k < p.object->num_slots; k++)
            if (p.object->slot[k].original == original && strcmp(p.object->slot[k].name, from->slot_variables[i]->slot_name) == 0)
                EST_TRY(bind(r, p.object->slot[k].slot, from->slot_variables[i]->slot_variable_node_id));
    }
    return EST_OK;
}

static est_status match(est__restoration *r)
{
    for (size_t i = 0; i < r->num_pairs; i++)
        EST_TRY(bind_children(r, r->pairs[i]));
    for (size_t i = 0, n = r->num_pairs; i < n; i++)
        EST_TRY(bind_slots(r, r->pairs[i]));
    return EST_OK;
}

/* ---- values ---- */

/* The key of the value that the pair's object takes; NULL: none. */
static const char *value_key(const est__restoration *r, pair p)
{
    return est__has_value(p.object) ? est__object_graph_value(node(r, p.id)) : NULL;
}

static est_status check_value(const est__restoration *r, const char *key, est_trackable *t)
{
    const est__bundle_variable *have = est__bundle_find(r->bundle, key);
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    est_tensor *value;
    EST_TRY(est__trackable_value(t, &value));
    if (have == NULL)
        return est__fail(EST_DATA_LOSS, "%s: its graph of objects names '%s', which is not in it", est__bundle_prefix(r->bundle), key);
    if (have->dtype != value->dtype)
        return est__fail(EST_INVALID_ARGUMENT, "%s: '%s' is %s, the variable here is %s", est__bundle_prefix(r->bundle), key,
                         est_dtype_name(have->dtype), est_dtype_name(value->dtype));
    if (!est_shape_equal(&have->shape, &value->shape))
        return est__fail(EST_INVALID_ARGUMENT, "%s: '%s' is %s, the variable here is %s", est__bundle_prefix(r->bundle), key,
                         est__shape_string(a, &have->shape), est__shape_string(b, &value->shape));
    return EST_OK;
}

static est_status load(est__restoration *r)
{
    for (size_t i = r->num_loaded; i < r->num_pairs; i++) {
        const char *key = value_key(r, r->pairs[i]);
        if (key)
            EST_TRY(check_value(r, key, r->pairs[i].object));
    }
    for (; r->num_loaded < r->num_pairs; r->num_loaded++) {
        const char *key = value_key(r, r->pairs[r->num_loaded]);
        est_tensor *value;
        if (key == NULL)
            continue;
        EST_TRY(est__trackable_value(r->pairs[r->num_loaded].object, &value));
        EST_TRY(est__bundle_read_into(r->bundle, key, value));
    }
    return EST_OK;
}

est_status est__restore_added(est_object_checkpoint *c)
{
    if (c->restored == NULL)
        return EST_OK;
    EST_TRY(match(c->restored));
    return load(c->restored);
}

static est_status open(const char *path, est__restoration **out)
{
    est__restoration *r = *out = est__calloc(1, sizeof *r);
    if (r == NULL)
        return est__fail_memory(sizeof *r);
    EST_TRY(est__bundle_open(path, &r->bundle));
    EST_TRY(est__object_graph_read(r->bundle, &r->graph));
    if (r->graph.message == NULL || r->graph.message->n_nodes == 0)
        return est__fail(EST_FAILED_PRECONDITION, "%s: it is no object-based checkpoint: it has no graph of objects; "
                         "est_checkpoint_read reads its variables by their names", path);
    r->at = est__calloc(r->graph.message->n_nodes, sizeof *r->at);
    return r->at ? EST_OK : est__fail_memory(r->graph.message->n_nodes * sizeof *r->at);
}

est_status est_object_checkpoint_restore(est_object_checkpoint *c, const char *path)
{
    est__restoration *r = NULL;
    int64_t *counter;
    EST_TRY(est_object_checkpoint_status(c));
    est_status st = open(path, &r);
    if (st == EST_OK && est__object_graph_child(node(r, 0), "save_counter") >= 0)
        st = est__save_counter(c, &counter);
    if (st == EST_OK)
        st = bind(r, c->object[0], 0);
    if (st == EST_OK)
        st = match(r);
    if (st == EST_OK)
        st = load(r);
    if (st != EST_OK) {
        est__restoration_free(r);
        return st;
    }
    est__restoration_free(c->restored);
    c->restored = r;
    return EST_OK;
}

/* ---- the report ---- */

static est_status report(est_object_checkpoint *c, size_t n, const char *key)
{
    EST_TRY(est__grow(&c->report, &c->cap_report, n + 1, sizeof *c->report));
    c->report[n] = key ? est__arena_strdup(&c->paths, key) : NULL;
    return c->report[n] ? EST_OK : est__fail_memory(64);
}

static est_status begin_report(est_object_checkpoint *c, est_strings *keys)
{
    *keys = (est_strings){ 0 };
    EST_TRY(est_object_checkpoint_status(c));
    if (c->restored == NULL)
        return est__fail(EST_FAILED_PRECONDITION, "nothing was restored yet: est_object_checkpoint_restore does that");
    return est__objects_number(c);
}

est_status est_object_checkpoint_unused_keys(est_object_checkpoint *c, est_strings *keys)
{
    size_t n = 0;
    EST_TRY(begin_report(c, keys));
    const est__restoration *r = c->restored;
    for (size_t id = 0; id < r->graph.message->n_nodes; id++) {
        const est__object_node *from = node(r, (int32_t)id);
        const char *value = r->at[id] ? value_key(r, (pair){ r->at[id], (int32_t)id }) : NULL;
        for (size_t i = 0; i < from->n_attributes; i++)
            if (value == NULL || strcmp(from->attributes[i]->checkpoint_key, value) != 0)
                EST_TRY(report(c, n++, from->attributes[i]->checkpoint_key));
        if (from->registered_saver)
            EST_TRY(report(c, n++, from->registered_saver->object_name));
    }
    *keys = (est_strings){ c->report, n };
    return EST_OK;
}

est_status est_object_checkpoint_missing_keys(est_object_checkpoint *c, est_strings *keys)
{
    size_t n = 0;
    EST_TRY(begin_report(c, keys));
    const est__restoration *r = c->restored;
    for (size_t i = 0; i < r->num_pairs; i++)       /* a number below -1: it got a value */
        if (value_key(r, r->pairs[i]))
            r->pairs[i].object->id = -2;
    for (size_t i = 0; i < c->num_ordered; i++)
        if (est__has_value(c->order[i]) && c->order[i]->id != -2)
            EST_TRY(report(c, n++, est__object_key(c, c->order[i])));
    *keys = (est_strings){ c->report, n };
    return EST_OK;
}

/* Up to five of them, and how many there are. */
static est_status refuse(const est_object_checkpoint *c, est_strings keys, const char *what)
{
    enum { SHOWN = 5 };
    est__buffer list = { 0 };
    for (size_t i = 0; i < keys.count && i < SHOWN; i++)
        est__buffer_printf(&list, "%s'%s'", i ? ", " : "", keys.data[i]);
    if (keys.count > SHOWN)
        est__buffer_printf(&list, " and %zu more", keys.count - SHOWN);
    est_status st = list.status == EST_OK ? est__fail(EST_FAILED_PRECONDITION, "%s: %s: %s", est__bundle_prefix(c->restored->bundle), what,
                                                      list.data)
                                          : list.status;
    est__buffer_free(&list);
    return st;
}

est_status est_object_checkpoint_assert_existing_objects_matched(est_object_checkpoint *c)
{
    est_strings keys;
    EST_TRY(est_object_checkpoint_missing_keys(c, &keys));
    return keys.count ? refuse(c, keys, "it has no values for variables here") : EST_OK;
}

est_status est_object_checkpoint_assert_consumed(est_object_checkpoint *c)
{
    est_strings keys;
    EST_TRY(est_object_checkpoint_assert_existing_objects_matched(c));
    EST_TRY(est_object_checkpoint_unused_keys(c, &keys));
    return keys.count ? refuse(c, keys, "there are no variables here for its values") : EST_OK;
}

est_status est_object_checkpoint_assert_nontrivial_match(est_object_checkpoint *c)
{
    est_strings keys;
    EST_TRY(begin_report(c, &keys));
    const est__restoration *r = c->restored;
    for (size_t i = 0; i < r->num_pairs; i++)
        if (value_key(r, r->pairs[i]))
            return EST_OK;
    return est__fail(EST_FAILED_PRECONDITION, "%s: none of its values belongs to a variable here", est__bundle_prefix(r->bundle));
}
