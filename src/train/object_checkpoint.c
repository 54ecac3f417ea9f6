/* Objects: made by name, and joined by edges. */
#include "train/object_checkpoint.h"

#include "formats/object_graph.h"

est_status est_object_checkpoint_new(est_session *session, est_object_checkpoint **out)
{
    est_object_checkpoint *c = est__calloc(1, sizeof *c);
    *out = NULL;
    if (c == NULL)
        return est__fail_memory(sizeof *c);
    c->session = session;
    c->nil.owner = c;
    c->variable = est__map_new();
    c->object = est__calloc(1, sizeof *c->object);
    c->cap_objects = 1;
    est_trackable *root = est__arena_alloc(&c->arena, sizeof *root);
    if (c->variable == NULL || c->object == NULL || root == NULL) {
        est_object_checkpoint_free(c);
        return est__fail_memory(sizeof *root);
    }
    root->owner = c;
    c->object[c->num_objects++] = root;
    *out = c;
    return EST_OK;
}

void est_object_checkpoint_free(est_object_checkpoint *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->num_objects; i++) {
        est__free(c->object[i]->edge);
        est__free(c->object[i]->slot);
    }
    est__restoration_free(c->restored);
    est_tensor_free(c->save_counter);
    est__map_free(c->variable);
    est__free(c->object);
    est__free(c->order);
    est__free(c->report);
    est__buffer_free(&c->text);
    est__arena_free(&c->paths);
    est__arena_free(&c->arena);
    est__free(c);
}

est_status est_object_checkpoint_status(const est_object_checkpoint *c)
{
    return c->status == EST_OK ? EST_OK : est__fail(c->status, "%s", c->error);
}

est_trackable *est_object_checkpoint_root(est_object_checkpoint *c)
{
    return c->status == EST_OK ? c->object[0] : &c->nil;
}

/* ---- adding; the first error stays ---- */

static est_trackable *spoil(est_object_checkpoint *c, est_status st)
{
    if (c->status == EST_OK) {
        c->status = st;
        snprintf(c->error, sizeof c->error, "%s", est_error());
    }
    return &c->nil;
}

static bool is_spoiled(const est_trackable *t)
{
    return t->owner->status != EST_OK || t == &t->owner->nil;
}

static est_status new_object(est_object_checkpoint *c, est_trackable **out)
{
    EST_TRY(est__grow(&c->object, &c->cap_objects, c->num_objects + 1, sizeof *c->object));
    est_trackable *t = est__arena_alloc(&c->arena, sizeof *t);
    if (t == NULL)
        return est__fail_memory(sizeof *t);
    t->owner = c;
    *out = c->object[c->num_objects++] = t;
    return EST_OK;
}

static est_trackable *child_of(const est_trackable *parent, const char *name)
{
    for (size_t i = 0; i < parent->num_edges; i++)
        if (strcmp(parent->edge[i].name, name) == 0)
            return parent->edge[i].to;
    return NULL;
}

static est_status add_edge(est_trackable *parent, const char *name, est_trackable *child)
{
    est_trackable *known = child_of(parent, name);
    if (known == child)
        return EST_OK;
    if (known)
        return est__fail(EST_ALREADY_EXISTS, "an object has a child '%s' already, which is another one", name);
    if (*name == '\0')
        return est__fail(EST_INVALID_ARGUMENT, "the name of a child is empty");
    char *copy = est__arena_strdup(&parent->owner->arena, name);
    EST_TRY(est__grow(&parent->edge, &parent->cap_edges, parent->num_edges + 1, sizeof *parent->edge));
    if (copy == NULL)
        return est__fail_memory(strlen(name));
    parent->edge[parent->num_edges++] = (est__edge){ copy, child };
    return EST_OK;
}

/* The object of the variable of that name, made where it is not there yet. */
static est_status object_of(est_object_checkpoint *c, const char *variable, est_trackable **out)
{
    *out = est__map_get(c->variable, variable, strlen(variable));
    if (*out)
        return EST_OK;
    EST_TRY(new_object(c, out));
    (*out)->variable = est__arena_strdup(&c->arena, variable);
    if ((*out)->variable == NULL)
        return est__fail_memory(strlen(variable));
    return est__map_put(c->variable, variable, strlen(variable), *out);
}

static const est_graph *graph_of(const est_object_checkpoint *c)
{
    return c->session ? est__session_graph(c->session) : NULL;
}

static est_status name_of(const est_object_checkpoint *c, const est_node *handle, const char **name)
{
    const est_graph *g = graph_of(c);
    for (size_t i = 0; g && i < g->num_variables; i++)
        if (g->variable[i].handle == handle) {
            *name = g->variable[i].name;
            return EST_OK;
        }
    if (g)
        EST_TRY(est_graph_status(g));
    return est__fail(EST_INVALID_ARGUMENT, "'%s' is no variable of the session's graph", est_node_name(handle));
}

static est_status add_slot(est_trackable *optimizer, est_trackable *original, const char *name, est_trackable *slot)
{
    for (size_t i = 0; i < optimizer->num_slots; i++)
        if (optimizer->slot[i].original == original && strcmp(optimizer->slot[i].name, name) == 0)
            return EST_OK;
    char *copy = est__arena_strdup(&optimizer->owner->arena, name);
    EST_TRY(est__grow(&optimizer->slot, &optimizer->cap_slots, optimizer->num_slots + 1, sizeof *optimizer->slot));
    if (copy == NULL)
        return est__fail_memory(strlen(name));
    optimizer->slot[optimizer->num_slots++] = (est__slot_edge){ copy, original, slot };
    return EST_OK;
}

/* What follows "<scope>/" in the name of variable i; NULL: it is in another scope, or not saved. */
static const char *within(const est_graph *g, size_t i, const char *scope)
{
    size_t n = strlen(scope);
    const char *name = g->variable[i].name;
    return !g->variable[i].local && strncmp(name, scope, n) == 0 && name[n] == '/' && name[n + 1] ? name + n + 1 : NULL;
}

/* Slots of all optimizers: "<scope>/<variable>/<slot>", where the variable is tracked. */
static est_status add_slots_of(est_trackable *optimizer)
{
    est_object_checkpoint *c = optimizer->owner;
    const est_graph *g = graph_of(c);
    for (size_t i = 0; i < g->num_variables; i++) {
        const char *rest = within(g, i, optimizer->scope), *slash = rest ? strrchr(rest, '/') : NULL;
        est_trackable *original = slash ? est__map_get(c->variable, rest, (size_t)(slash - rest)) : NULL, *slot;
        if (original == NULL || est__map_get(c->variable, g->variable[i].name, strlen(g->variable[i].name)))
            continue;
        EST_TRY(object_of(c, g->variable[i].name, &slot));
        EST_TRY(add_slot(optimizer, original, slash + 1, slot));
    }
    return EST_OK;
}

/* After every addition: slots that it makes known, and values that waited for it. */
static est_trackable *finish(est_object_checkpoint *c, est_status st, est_trackable *t)
{
    for (size_t i = 0; i < c->num_objects && st == EST_OK; i++)
        if (c->object[i]->scope)
            st = add_slots_of(c->object[i]);
    if (st == EST_OK)
        st = est__restore_added(c);
    return st == EST_OK ? t : spoil(c, st);
}

static est_status get_child(est_trackable *parent, const char *name, size_t n, est_trackable **out)
{
    char *copy = est__arena_strndup(&parent->owner->arena, name, n);
    if (copy == NULL)
        return est__fail_memory(n);
    *out = child_of(parent, copy);
    if (*out)
        return EST_OK;
    EST_TRY(new_object(parent->owner, out));
    return add_edge(parent, copy, *out);
}

est_trackable *est_trackable_child(est_trackable *parent, const char *name)
{
    est_trackable *t = NULL;
    if (is_spoiled(parent))
        return &parent->owner->nil;
    est_status st = get_child(parent, name, strlen(name), &t);
    return finish(parent->owner, st, t);
}

est_trackable *est_trackable_variable(est_trackable *parent, const char *name, est_node *variable)
{
    est_object_checkpoint *c = parent->owner;
    est_trackable *t = NULL;
    const char *full;
    if (is_spoiled(parent))
        return &c->nil;
    est_status st = name_of(c, variable, &full);
    if (st == EST_OK)
        st = object_of(c, full, &t);
    if (st == EST_OK)
        st = add_edge(parent, name, t);
    return finish(c, st, t);
}

est_trackable *est_trackable_tensor(est_trackable *parent, const char *name, est_tensor *value)
{
    est_trackable *t = NULL;
    if (is_spoiled(parent))
        return &parent->owner->nil;
    est_status st = value->dtype == EST_STRING
                        ? est__fail(EST_INVALID_ARGUMENT, "'%s' is a tensor of strings; a checkpoint's objects hold numbers", name)
                        : new_object(parent->owner, &t);
    if (st == EST_OK) {
        t->tensor = value;
        st = add_edge(parent, name, t);
    }
    return finish(parent->owner, st, t);
}

/* "a/b" below a layer: object "a" with child "b". */
static est_status add_below(est_trackable *t, const char *path, const char *variable)
{
    est_trackable *leaf;
    for (const char *slash; (slash = strchr(path, '/')) != NULL; path = slash + 1)
        EST_TRY(get_child(t, path, (size_t)(slash - path), &t));
    EST_TRY(object_of(t->owner, variable, &leaf));
    return add_edge(t, path, leaf);
}

/* Of an optimizer, those with no slash left are its own; the others are slots. */
static est_status add_scope(est_trackable *t, const char *scope, bool is_optimizer)
{
    const est_graph *g = graph_of(t->owner);
    size_t found = 0;
    for (size_t i = 0; g && i < g->num_variables; i++) {
        const char *rest = within(g, i, scope);
        found += rest != NULL;
        if (rest && !(is_optimizer && strchr(rest, '/')))
            EST_TRY(add_below(t, rest, g->variable[i].name));
    }
    if (g)
        EST_TRY(est_graph_status(g));
    if (found == 0)
        return est__fail(EST_NOT_FOUND, "the session's graph has no variable '%s/…'", scope);
    if (!is_optimizer || t->scope)
        return EST_OK;
    t->scope = est__arena_strdup(&t->owner->arena, scope);
    return t->scope ? EST_OK : est__fail_memory(strlen(scope));
}

static est_trackable *scoped(est_trackable *parent, const char *name, const char *scope, bool is_optimizer)
{
    est_trackable *t = NULL;
    if (is_spoiled(parent))
        return &parent->owner->nil;
    est_status st = get_child(parent, name, strlen(name), &t);
    if (st == EST_OK)
        st = add_scope(t, scope, is_optimizer);
    return finish(parent->owner, st, t);
}

est_trackable *est_trackable_layer(est_trackable *parent, const char *name, const char *scope)
{
    return scoped(parent, name, scope, false);
}

est_trackable *est_trackable_optimizer(est_trackable *parent, const char *name, const char *scope)
{
    return scoped(parent, name, scope, true);
}

void est_trackable_edge(est_trackable *parent, const char *name, est_trackable *child)
{
    if (is_spoiled(parent))
        return;
    est_status st = child->owner == parent->owner ? add_edge(parent, name, child)
                                                  : est__fail(EST_INVALID_ARGUMENT, "'%s' is an object of another checkpoint", name);
    finish(parent->owner, st, child);
}

void est_trackable_slot(est_trackable *optimizer, est_trackable *variable, const char *name, est_node *slot)
{
    est_object_checkpoint *c = optimizer->owner;
    est_trackable *t = NULL;
    const char *full;
    if (is_spoiled(optimizer) || is_spoiled(variable))
        return;
    est_status st = variable->owner == c && est__has_value(variable)
                        ? name_of(c, slot, &full)
                        : est__fail(EST_INVALID_ARGUMENT, "slot '%s' is one of an object that is no variable of the checkpoint", name);
    if (st == EST_OK)
        st = object_of(c, full, &t);
    if (st == EST_OK)
        st = add_slot(optimizer, variable, name, t);
    finish(c, st, t);
}

/* ---- values and numbers ---- */

est_status est__trackable_value(est_trackable *t, est_tensor **value)
{
    est__variable *v;
    *value = t->tensor;
    if (t->tensor)
        return EST_OK;
    EST_TRY(est__session_started(t->owner->session, t->variable, &v));
    *value = v->value;
    return EST_OK;
}

est_status est__save_counter(est_object_checkpoint *c, int64_t **counter)
{
    est_shape scalar = est_shape_of(0, NULL);
    if (c->save_counter == NULL) {
        EST_TRY(est_tensor_new(EST_INT64, &scalar, &c->save_counter));
        est_trackable_tensor(est_object_checkpoint_root(c), "save_counter", c->save_counter);
    }
    *counter = c->save_counter->data;
    return est_object_checkpoint_status(c);
}

/* Appends to the order; the path is that of `c->text`. */
static est_status number(est_object_checkpoint *c, est_trackable *t)
{
    EST_TRY(c->text.status);
    EST_TRY(est__grow(&c->order, &c->cap_ordered, c->num_ordered + 1, sizeof *c->order));
    t->path = est__arena_strndup(&c->paths, c->text.data ? c->text.data : "", c->text.size);
    if (t->path == NULL)
        return est__fail_memory(c->text.size);
    if (c->num_ordered == INT32_MAX)
        return est__fail(EST_RESOURCE_EXHAUSTED, "a checkpoint holds at most %d objects", INT32_MAX);
    t->id = (int32_t)c->num_ordered;
    c->order[c->num_ordered++] = t;
    return EST_OK;
}

static est_status number_children(est_object_checkpoint *c, const est_trackable *t)
{
    for (size_t i = 0; i < t->num_edges; i++) {
        if (t->edge[i].to->id >= 0)
            continue;
        est__buffer_clear(&c->text);
        est__buffer_printf(&c->text, "%s%s", t->path, *t->path ? "/" : "");
        est__object_escape(&c->text, t->edge[i].name);
        EST_TRY(number(c, t->edge[i].to));
    }
    return EST_OK;
}

static est_status number_slots(est_object_checkpoint *c, const est_trackable *optimizer)
{
    for (size_t i = 0; i < optimizer->num_slots; i++) {
        const est__slot_edge *s = &optimizer->slot[i];
        if (s->original->id < 0 || s->slot->id >= 0)
            continue;
        est__buffer_clear(&c->text);
        est__buffer_printf(&c->text, "%s/.OPTIMIZER_SLOT/%s/", s->original->path, optimizer->path);
        est__object_escape(&c->text, s->name);
        EST_TRY(number(c, s->slot));
    }
    return EST_OK;
}

est_status est__objects_number(est_object_checkpoint *c)
{
    for (size_t i = 0; i < c->num_objects; i++)
        c->object[i]->id = -1;
    c->num_ordered = 0;
    est__arena_free(&c->paths);
    est__buffer_clear(&c->text);
    EST_TRY(number(c, c->object[0]));
    for (size_t i = 0; i < c->num_ordered; i++)
        EST_TRY(number_children(c, c->order[i]));
    for (size_t i = 0, n = c->num_ordered; i < n; i++)
        EST_TRY(number_slots(c, c->order[i]));
    return EST_OK;
}

const char *est__object_key(est_object_checkpoint *c, const est_trackable *t)
{
    est__buffer_clear(&c->text);
    est__buffer_printf(&c->text, "%s/.ATTRIBUTES/" EST__VARIABLE_VALUE, t->path);
    return c->text.status == EST_OK ? c->text.data : NULL;
}
