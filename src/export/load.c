/* SavedModels in: ours and TensorFlow's estimators'. Each predictor imports what its signature reaches, and no more; variables are read once,
 * when the first predictor that needs them is made, and shared by all. */
#include "export/load.h"

#include <estimator/checkpoint.h>

#include "export/assets.h"
#include "export/restore_keys.h"
#include "graph/graphdef.h"
#include "proto/pack.h"

static est_status open_variables(est_saved_model *m, const char *dir)
{
    char *prefix = est__path_join(dir, "variables/variables"), *index = est__path_join(dir, "variables/variables.index");
    est_status st = prefix && index ? EST_OK : est__fail_memory(64);
    if (st == EST_OK && est__is_file(index))
        st = est__bundle_open(prefix, &m->variables);
    if (st == EST_OK && m->variables)
        st = est__object_graph_read(m->variables, &m->objects);
    m->restore_keys = est__map_new();
    if (st == EST_OK)
        st = m->restore_keys ? est__restore_keys(m->meta, &m->arena, m->restore_keys) : est__fail_memory(64);
    est__free(prefix);
    est__free(index);
    return st;
}

static est_status copy_infos(est_saved_model *m, const est__signature_tensor *from, size_t n, const est_tensor_info **out)
{
    est_tensor_info *list = est__arena_alloc(&m->arena, (n + 1) * sizeof *list);
    if (list == NULL)
        return est__fail_memory(n * sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = (est_tensor_info){ .key = from[i].key, .name = from[i].name, .dtype = from[i].dtype, .shape = from[i].shape };
    *out = list;
    return EST_OK;
}

static est_status copy_signatures(est_saved_model *m)
{
    m->signature = est__arena_alloc(&m->arena, (m->signatures.count + 1) * sizeof *m->signature);
    if (m->signature == NULL)
        return est__fail_memory(64);
    for (size_t i = 0; i < m->signatures.count; i++) {
        const est__signature *s = &m->signatures.list[i];
        est_signature *to = &m->signature[m->num_signatures];
        if (strncmp(s->key, "__", 2) == 0)     /* __saved_model_init_op: names an operation */
            continue;
        *to = (est_signature){ .key = s->key, .method_name = s->method_name, .num_inputs = s->input_count,
                               .num_outputs = s->output_count };
        EST_TRY(copy_infos(m, s->inputs, s->input_count, &to->inputs));
        EST_TRY(copy_infos(m, s->outputs, s->output_count, &to->outputs));
        m->num_signatures++;
    }
    return EST_OK;
}

static est_status load(est_saved_model *m, const char *dir)
{
    static const char *const serve[] = { "serve" };
    m->dir = est__arena_strdup(&m->arena, dir);
    if (m->dir == NULL)
        return est__fail_memory(64);
    EST_TRY(est__saved_model_read(dir, &m->message));
    EST_TRY(est__saved_model_choose(m->message, dir, (est_strings){ serve, 1 }, &m->meta));
    if (m->meta->graph_def == NULL)
        return est__fail(EST_DATA_LOSS, "%s/saved_model.pb: there is no graph in it", dir);
    EST_TRY(est__assets_bind(m->meta, dir));
    EST_TRY(est__signatures_of(m->meta, dir, &m->signatures));
    EST_TRY(copy_signatures(m));
    EST_TRY(est__resources_new(&m->resources));
    return open_variables(m, dir);
}

est_status est_saved_model_load(const char *dir, est_saved_model **out)
{
    est_saved_model *m = est__calloc(1, sizeof *m);
    *out = NULL;
    if (m == NULL)
        return est__fail_memory(sizeof *m);
    pthread_mutex_init(&m->mutex, NULL);
    est_status st = load(m, dir);
    if (st != EST_OK) {
        est_saved_model_free(m);
        return st;
    }
    *out = m;
    return EST_OK;
}

void est_saved_model_free(est_saved_model *m)
{
    if (m == NULL)
        return;
    est__resources_free(m->resources);
    est__signatures_free(&m->signatures);
    est__object_graph_free(&m->objects);
    est__map_free(m->restore_keys);
    est__bundle_free(m->variables);
    est__proto_free(m->message);
    est__arena_free(&m->arena);
    pthread_mutex_destroy(&m->mutex);
    est__free(m);
}

const est_signature *est_saved_model_signature(const est_saved_model *m, size_t i)
{
    return i < m->num_signatures ? &m->signature[i] : NULL;
}

est_strings est_saved_model_tags(const est_saved_model *m)
{
    const Tensorflow__MetaGraphDef__MetaInfoDef *info = m->meta->meta_info_def;
    return info ? (est_strings){ (const char *const *)info->tags, info->n_tags } : (est_strings){ 0 };
}

/* ---- what a part of the graph needs before it can run ---- */

/* Where the checkpoint has the variable of a VarHandleOp; NULL: nowhere. */
static const char *key_of(const est_saved_model *m, const est_operation *handle, const char *name)
{
    const char *key = est__map_get(m->restore_keys, handle->name, strlen(handle->name));
    if (key == NULL)
        key = m->variables && est__bundle_find(m->variables, name) ? name : est__object_graph_key(&m->objects, name);
    return key && m->variables && est__bundle_find(m->variables, key) ? key : NULL;
}

static est_status fill_variable(const est_saved_model *m, const est_operation *handle, est__variable *v)
{
    const char *key = key_of(m, handle, v->base.name);
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    if (key == NULL)
        return est__fail(EST_NOT_FOUND, "%s/variables: there is no variable '%s', which the graph wants", m->dir, v->base.name);
    const est__bundle_variable *have = est__bundle_find(m->variables, key);
    if (have->dtype != v->value->dtype || !est_shape_equal(&have->shape, &v->value->shape))
        return est__fail(EST_DATA_LOSS, "%s/variables: variable '%s' is %s, the graph has %s", m->dir, v->base.name,
                         est__shape_string(a, &have->shape), est__shape_string(b, &v->value->shape));
    EST_TRY(est__bundle_read_into(m->variables, key, v->value));
    v->initialized = true;
    return EST_OK;
}

static est_status fill_variables(est_saved_model *m, const est_graph *g)
{
    for (size_t i = 0; i < g->num_operations; i++) {
        const est_operation *op = g->operation[i];
        est__resource *r;
        if (op->row->bind == NULL)
            continue;
        EST_TRY(op->row->bind(op, m->resources, &r));
        if (r->kind == &est__variable_kind && !((est__variable *)r)->initialized)
            EST_TRY(fill_variable(m, op, (est__variable *)r));
    }
    return EST_OK;
}

static const Tensorflow__NodeDef *find_node(const est_saved_model *m, const char *name)
{
    for (size_t i = 0; i < m->meta->graph_def->n_node; i++)
        if (strcmp(m->meta->graph_def->node[i]->name, name) == 0)
            return m->meta->graph_def->node[i];
    return NULL;
}

static const Tensorflow__CollectionDef__NodeList *table_initializers(const est_saved_model *m)
{
    for (size_t i = 0; i < m->meta->n_collection_def; i++) {
        const Tensorflow__CollectionDef *c = m->meta->collection_def[i]->value;
        if (strcmp(m->meta->collection_def[i]->key, "table_initializer") == 0 &&
            c->kind_case == TENSORFLOW__COLLECTION_DEF__KIND_NODE_LIST)
            return c->node_list;
    }
    return NULL;
}

/* Imports and runs the initializers of those tables that the graph holds. */
static est_status fill_tables(est_saved_model *m, est_graph *g)
{
    const Tensorflow__CollectionDef__NodeList *list = table_initializers(m);
    for (size_t i = 0; list && i < list->n_value; i++) {
        const Tensorflow__NodeDef *node = find_node(m, list->value[i]);
        if (node == NULL || node->n_input == 0 || est_graph_node(g, node->input[0]) == NULL)
            continue;
        EST_TRY(est__graph_import(g, m->meta->graph_def, (est_strings){ (const char *const *)&node->name, 1 }));
        est__graph_add_initializer(g, est_graph_node(g, node->name));
    }
    if (g->num_initializers == 0)
        return est_graph_status(g);
    est_node **targets = est__malloc(g->num_initializers * sizeof *targets);
    if (targets == NULL)
        return est__fail_memory(g->num_initializers * sizeof *targets);
    for (size_t i = 0; i < g->num_initializers; i++)
        targets[i] = est__operation_node(g->initializer[i]);
    est__plan *plan = NULL;
    est__run *run = NULL;
    est_status st = est__plan_new(g, &(est__plan_options){ .resources = m->resources, .targets = { targets, g->num_initializers } }, &plan);
    if (st == EST_OK)
        st = est__run_new(plan, NULL, &run);
    if (st == EST_OK)
        st = est__run_step(run, NULL, 0);
    est__run_free(run);
    est__plan_free(plan);
    est__free(targets);
    return st;
}

est_status est__saved_model_graph(est_saved_model *m, const est_signature *s, est_graph **out)
{
    size_t n = s->num_inputs + s->num_outputs;
    const char **wanted = est__malloc((n + 1) * sizeof *wanted);
    *out = NULL;
    if (wanted == NULL)
        return est__fail_memory(n * sizeof *wanted);
    for (size_t i = 0; i < n; i++)
        wanted[i] = i < s->num_inputs ? s->inputs[i].name : s->outputs[i - s->num_inputs].name;
    est_status st = est_graph_new(out);
    pthread_mutex_lock(&m->mutex);
    if (st == EST_OK)
        st = est__graph_import(*out, m->meta->graph_def, (est_strings){ wanted, n });
    if (st == EST_OK)
        st = fill_variables(m, *out);
    if (st == EST_OK)
        st = fill_tables(m, *out);
    pthread_mutex_unlock(&m->mutex);
    est__free(wanted);
    if (st != EST_OK) {
        est_graph_free(*out);
        *out = NULL;
        return est__fail_in(st, "%s", m->dir);
    }
    return EST_OK;
}
