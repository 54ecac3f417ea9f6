/* SavedModelEstimator: each mode's graph is that of a SavedModel, grown onto the placeholders of the data. */
#include <estimator/nn.h>
#include <estimator/ops.h>
#include <estimator/saved_model_estimator.h>

#include "estimators/estimator.h"
#include "export/assets.h"
#include "export/restore_keys.h"
#include "formats/saved_model.h"
#include "graph/graphdef.h"
#include "proto/pack.h"

typedef struct saved {
    char *dir;
    Tensorflow__SavedModel *message;
} saved;

static void free_saved(void *user)
{
    saved *m = user;
    est__proto_free(m->message);
    est__free(m->dir);
    est__free(m);
}

/* One mode's graph on its way into a model's. */
typedef struct growing {
    const saved *m;
    est_graph *g;
    est_spec *spec;
    const Tensorflow__MetaGraphDef *meta;
    const est__signature *signature;
    Tensorflow__GraphDef def;     /* the graph under names that are free; in the arena */
    est__map *renamed;            /* name -> name in `g` */
    est__arena arena;
} growing;

/* ---- names ---- */

static const char *name_in_graph(const growing *w, const char *name, size_t n)
{
    const char *other = est__map_get(w->renamed, name, n);
    return other ? other : name;
}

static est_status rename_as(growing *w, const char *name, const char *other)
{
    return other ? est__map_put(w->renamed, name, strcspn(name, ":"), (void *)(uintptr_t)other) : est__fail_memory(64);
}

/* "^name", "name" or "name:1" as it is called in `g`. */
static char *reference(growing *w, const char *text)
{
    bool control = *text == '^';
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : strlen(text);
    const char *other = est__map_get(w->renamed, text + control, n - control);
    return other ? est__arena_printf(&w->arena, "%s%s%s", control ? "^" : "", other, colon ? colon : "") : (char *)(uintptr_t)text;
}

static est_status check_input(const growing *w, const est__signature_tensor *in, const est_node *given)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    if (given->dtype == in->dtype && est__shape_compatible(&given->shape, &in->shape))
        return EST_OK;
    return est__fail(EST_INVALID_ARGUMENT, "%s: signature '%s': input '%s' is %s %s; the data give %s %s", w->m->dir, w->signature->key, in->key,
                     est_dtype_name(in->dtype), est__shape_string(a, &in->shape), est_dtype_name(given->dtype),
                     est__shape_string(b, &given->shape));
}

/* Files give [batch] where a model was made for [batch, 1], or the other way round. */
static est_node *of_rank(growing *w, est_node *given, const est_shape *wanted)
{
    const est_shape *have = est_node_shape(given);
    if (have->rank == 1 && wanted->rank == 2 && wanted->dim[1] <= 1)
        return est_expand_dims(w->g, given, -1);
    if (have->rank == 2 && wanted->rank == 1 && have->dim[1] == 1)
        return est_squeeze(w->g, given, EST_INTS(-1));
    return given;
}

/* What the data give for an input: the feature of that name, else the label, which is the only other one. */
static est_status give_input(growing *w, const est__signature_tensor *in, const est_features *features, est_node **labels)
{
    const est_feature_nodes *f = est_features_find(features, in->key);
    est_node *given = f ? f->value : *labels;
    if (!f)
        *labels = NULL;
    if (given == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "%s: signature '%s' wants an input '%s', which is neither a feature of the data nor their label",
                         w->m->dir, w->signature->key, in->key);
    EST_TRY(check_input(w, in, given = of_rank(w, given, &in->shape)));
    return rename_as(w, in->name, est_node_name(given));
}

/* Names that the model's graph has taken for other operations. */
static est_status avoid_taken(growing *w)
{
    const Tensorflow__GraphDef *from = w->meta->graph_def;
    for (size_t i = 0; i < from->n_node; i++) {
        const char *name = from->node[i]->name;
        size_t n = strlen(name);
        bool shared = strcmp(name, "global_step") == 0 && strcmp(from->node[i]->op, "VarHandleOp") == 0;
        if (est__map_get(w->g->names, name, n) && !est__map_get(w->renamed, name, n) && !shared)
            EST_TRY(rename_as(w, name, est__arena_printf(&w->arena, "saved_model/%s", name)));
    }
    return EST_OK;
}

/* The nodes under their new names, without those that inputs replace. */
static est_status copy_nodes(growing *w)
{
    const Tensorflow__GraphDef *from = w->meta->graph_def;
    w->def = *from;
    w->def.node = est__arena_alloc(&w->arena, (from->n_node + 1) * sizeof *w->def.node);
    if (w->def.node == NULL)
        return est__fail_memory(from->n_node * sizeof *w->def.node);
    for (size_t i = 0; i < from->n_node; i++) {
        const Tensorflow__NodeDef *n = from->node[i];
        Tensorflow__NodeDef *copy = est__arena_alloc(&w->arena, sizeof *copy);
        char **input = est__arena_alloc(&w->arena, (n->n_input + 1) * sizeof *input);
        if (copy == NULL || input == NULL)
            return est__fail_memory(sizeof *copy);
        *copy = *n;
        copy->name = (char *)(uintptr_t)name_in_graph(w, n->name, strlen(n->name));
        copy->input = input;
        for (size_t k = 0; k < n->n_input; k++)
            if ((input[k] = reference(w, n->input[k])) == NULL)
                return est__fail_memory(64);
        w->def.node[i] = copy;
    }
    return EST_OK;
}

/* A node of the SavedModel's graph, with all that it takes. */
static est_status grow(growing *w, const char *name, est_node **out)
{
    const char *text = reference(w, name);
    if (text == NULL)
        return est__fail_memory(64);
    EST_TRY(est__graph_import(w->g, &w->def, (est_strings){ &text, 1 }));
    *out = est_graph_node(w->g, text);
    return *out ? EST_OK : est__fail(EST_DATA_LOSS, "%s: there is no tensor '%s' in its graph", w->m->dir, name);
}

/* ---- collections ---- */

static const Tensorflow__CollectionDef *collection(const growing *w, const char *key)
{
    for (size_t i = 0; i < w->meta->n_collection_def; i++)
        if (strcmp(w->meta->collection_def[i]->key, key) == 0)
            return w->meta->collection_def[i]->value;
    return NULL;
}

/* A variable whose handle is in the graph, as its definition has it. Its initial value counts where it is local; others come from the
 * SavedModel's variables. */
static est_status take_variable(growing *w, est_node *handle, const Tensorflow__VariableDef *def, bool local)
{
    est__graph_variable v = { .name = handle->op->name, .handle = handle, .dtype = est__attr_type(handle->op, "dtype"),
                              .shape = est__attr_shape(handle->op, "shape"), .trainable = def->trainable && !local, .local = local };
    if (local)
        EST_TRY(grow(w, def->initial_value_name, &v.initial_value));
    else if (est__shape_known(&v.shape))
        v.initial_value = est_zeros(w->g, v.dtype, v.shape);
    EST_TRY(est_graph_status(w->g));
    if (!est__shape_known(&v.shape) || v.initial_value->dtype != v.dtype)
        return est__fail(EST_DATA_LOSS, "%s: variable '%s' has no known shape, or an initial value of another dtype", w->m->dir, v.name);
    return est__graph_add_variable(w->g, &v);
}

/* Makes the variables of a collection, with their initial values; those that nothing reads too, as checkpoints have them. */
static est_status take_variables(growing *w, const char *key, bool local)
{
    const Tensorflow__CollectionDef *c = collection(w, key);
    size_t n = c && c->kind_case == TENSORFLOW__COLLECTION_DEF__KIND_BYTES_LIST ? c->bytes_list->n_value : 0;
    est_status st = EST_OK;
    for (size_t i = 0; i < n && st == EST_OK; i++) {
        const ProtobufCBinaryData *bytes = &c->bytes_list->value[i];
        Tensorflow__VariableDef *def;
        st = est__proto_unpack(&tensorflow__variable_def__descriptor, bytes->data, bytes->len, w->m->dir, (void **)&def);
        est_node *handle = NULL;
        if (st != EST_OK)
            break;
        st = grow(w, def->variable_name, &handle);
        if (st == EST_OK && !est__graph_variable_of(w->g, handle) && strcmp(est_node_type(handle), "VarHandleOp") == 0)
            st = take_variable(w, handle, def, local);
        est__proto_free(def);
    }
    return st;
}

/* Names that the graph's saver restores variables from, where they are others than their own. */
static est_status take_restore_names(growing *w)
{
    est__map *keys = est__map_new();
    est_status st = keys ? est__restore_keys(w->meta, &w->g->arena, keys) : est__fail_memory(64);
    for (size_t i = 0; i < w->g->num_variables && st == EST_OK; i++) {
        est__graph_variable *v = &w->g->variable[i];
        const char *key = est__map_get(keys, v->name, strlen(v->name));
        if (key && !v->local && strcmp(key, v->name) != 0)
            v->restore_name = key;
    }
    est__map_free(keys);
    return st;
}

/* Initializers of those tables that the graph has now. */
static est_status take_tables(growing *w)
{
    const Tensorflow__CollectionDef *c = collection(w, "table_initializer");
    size_t n = c && c->kind_case == TENSORFLOW__COLLECTION_DEF__KIND_NODE_LIST ? c->node_list->n_value : 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < w->meta->graph_def->n_node; k++) {
            const Tensorflow__NodeDef *node = w->meta->graph_def->node[k];
            est_node *made;
            if (strcmp(node->name, c->node_list->value[i]) != 0 || node->n_input == 0)
                continue;
            const char *table = reference(w, node->input[0]);
            if (table == NULL || est_graph_node(w->g, table) == NULL)
                continue;
            EST_TRY(grow(w, node->name, &made));
            est__graph_add_initializer(w->g, made);
        }
    return EST_OK;
}

/* ---- the spec ---- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* "metrics/<name>/value" with "…/update_op". */
static est_status take_metric(growing *w, const est__signature_tensor *out)
{
    size_t n = strlen(out->key), first = strlen("metrics/"), last = strlen("/value");
    const est__signature *s = w->signature;
    est_metric m = { 0 };
    if (n < first + last || strcmp(out->key + n - last, "/value") != 0)
        return EST_OK;
    m.name = est__arena_printf(&w->arena, "%.*s", (int)(n - first - last), out->key + first);
    const char *update = est__arena_printf(&w->arena, "metrics/%s/update_op", m.name ? m.name : "");
    if (m.name == NULL || update == NULL)
        return est__fail_memory(64);
    for (size_t i = 0; i < s->output_count && !m.update; i++)
        if (strcmp(s->outputs[i].key, update) == 0)
            EST_TRY(grow(w, s->outputs[i].name, &m.update));
    EST_TRY(grow(w, out->name, &m.value));
    if (m.update && strcmp(m.name, "loss") != 0 && m.value->dtype == EST_FLOAT && est_shape_elements(&m.value->shape) <= 1)
        est_spec_metric(w->spec, m);
    return EST_OK;
}

static est_status take_outputs(growing *w, est_mode mode)
{
    const est__signature *s = w->signature;
    est_node *node;
    for (size_t i = 0; i < s->output_count; i++) {
        const est__signature_tensor *out = &s->outputs[i];
        if (mode != EST_PREDICT && begins(out->key, "metrics/")) {
            EST_TRY(take_metric(w, out));
            continue;
        }
        EST_TRY(grow(w, out->name, &node));
        if (mode != EST_PREDICT && strcmp(out->key, "loss") == 0)
            est_spec_loss(w->spec, node);
        else
            est_spec_prediction(w->spec, out->key, node);
    }
    return EST_OK;
}

static est_status take_train_op(growing *w)
{
    const Tensorflow__CollectionDef *c = collection(w, "saved_model_train_op");
    est_node *op;
    if (c == NULL || c->kind_case != TENSORFLOW__COLLECTION_DEF__KIND_NODE_LIST || c->node_list->n_value != 1)
        return est__fail(EST_DATA_LOSS, "%s: its training graph has no training op", w->m->dir);
    EST_TRY(grow(w, c->node_list->value[0], &op));
    est_spec_train_op(w->spec, op);
    return EST_OK;
}

static est_status build(growing *w, const est__signatures *signatures, const est_features *features, est_node *labels, est_mode mode)
{
    static const char *const keys[] = { [EST_TRAIN] = "train", [EST_EVAL] = "eval", [EST_PREDICT] = "serving_default" };
    w->signature = est__signature_find(signatures, keys[mode]);
    if (w->signature == NULL && mode == EST_PREDICT)   /* what a raw receiver leaves of a classifier */
        w->signature = est__signature_find(signatures, "predict");
    if (w->signature == NULL)
        return est__fail(EST_NOT_FOUND, "%s: its graph for this mode has no signature '%s'", w->m->dir, keys[mode]);
    for (size_t i = 0; i < w->signature->input_count; i++)
        EST_TRY(give_input(w, &w->signature->inputs[i], features, &labels));
    EST_TRY(avoid_taken(w));
    EST_TRY(copy_nodes(w));
    EST_TRY(take_outputs(w, mode));
    if (mode == EST_TRAIN)
        EST_TRY(take_train_op(w));
    EST_TRY(take_variables(w, "variables", false));
    EST_TRY(take_variables(w, "local_variables", true));
    EST_TRY(take_restore_names(w));
    EST_TRY(take_tables(w));
    return est_graph_status(w->g);
}

static est_status model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    static const char *const tags[] = { [EST_TRAIN] = "train", [EST_EVAL] = "eval", [EST_PREDICT] = "serve" };
    growing w = { .m = user, .g = est_spec_graph(spec), .spec = spec, .renamed = est__map_new() };
    est__signatures signatures = { 0 };
    est_status st = w.renamed ? EST_OK : est__fail_memory(64);
    if (st == EST_OK)
        st = est__saved_model_choose(w.m->message, w.m->dir, (est_strings){ &tags[mode], 1 }, &w.meta);
    if (st == EST_OK && w.meta->graph_def == NULL)
        st = est__fail(EST_DATA_LOSS, "%s/saved_model.pb: there is no graph in it", w.m->dir);
    if (st == EST_OK)
        st = est__signatures_of(w.meta, w.m->dir, &signatures);
    if (st == EST_OK)
        st = build(&w, &signatures, features, labels, mode);
    est__signatures_free(&signatures);
    est__map_free(w.renamed);
    est__arena_free(&w.arena);
    return st;
}

static est_status load(saved *m, const char *dir)
{
    m->dir = est__strdup(dir);
    if (m->dir == NULL)
        return est__fail_memory(strlen(dir));
    EST_TRY(est__saved_model_read(dir, &m->message));
    for (size_t i = 0; i < m->message->n_meta_graphs; i++)
        EST_TRY(est__assets_bind(m->message->meta_graphs[i], dir));
    return EST_OK;
}

est_status est_saved_model_estimator_new_sized(const char *dir, const est_run_config *config, size_t config_size, est_estimator **out)
{
    saved *m = est__calloc(1, sizeof *m);
    *out = NULL;
    if (m == NULL)
        return est__fail_memory(sizeof *m);
    est_status st = load(m, dir);
    if (st != EST_OK) {
        free_saved(m);
        return st;
    }
    st = est_custom_new_sized(&(est_custom_options){ .name = "SavedModelEstimator", .model_fn = model_fn, .user = m, .free_user = free_saved },
                              sizeof(est_custom_options), config, config_size, out);
    if (st != EST_OK)
        return st;
    (*out)->first_checkpoint = est__arena_printf(&(*out)->arena, "%s/variables/variables", dir);
    if ((*out)->first_checkpoint)
        return EST_OK;
    est_estimator_free(*out);
    *out = NULL;
    return est__fail_memory(strlen(dir));
}
