/* Writing a SavedModel: signatures, collections, saver, variables; under a temporary name, then renamed as a whole. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "export/assets.h"
#include "export/serving_graph.h"
#include "formats/saved_model.h"
#include "graph/graphdef.h"
#include "proto/meta_graph.pb-c.h"
#include "proto/pack.h"

typedef Tensorflow__MetaGraphDef meta_graph;
typedef Tensorflow__MetaGraphDef__SignatureDefEntry signature_entry;
typedef Tensorflow__MetaGraphDef__CollectionDefEntry collection_entry;

enum { MOST_GRAPHS = 3 };        /* a mode each */

typedef struct writer {
    est_mode mode;
    bool restores;                /* variables are another graph's */
    const est_spec *spec;
    const est__receiver *receiver;
    est__serving_graph serving;
    est_node **keep, **kept;      /* inputs, raw inputs, then all outputs of all export outputs; in training the training op */
    size_t num_keep;
    est__assets assets;
    est__arena arena;
    meta_graph meta;
} writer;

static void *room(writer *w, size_t size)
{
    void *p = est__arena_alloc(&w->arena, size);
    if (p == NULL)
        est__fail_memory(size);
    return p;
}

#define NEW(w, place, init) ((place = room((w), sizeof *(place))) != NULL && (init(place), true))

/* ---- signatures ---- */

static est_status tensor_info(writer *w, const est_node *n, Tensorflow__TensorInfo **out)
{
    if (!NEW(w, *out, tensorflow__tensor_info__init))
        return EST_RESOURCE_EXHAUSTED;
    (*out)->encoding_case = TENSORFLOW__TENSOR_INFO__ENCODING_NAME;
    (*out)->name = est__arena_printf(&w->arena, "%s:%d", n->op->name, n->index);
    (*out)->dtype = (Tensorflow__DataType)n->dtype;
    (*out)->tensor_shape = est__shape_to_proto(&n->shape, &w->arena);
    return (*out)->name && (*out)->tensor_shape ? EST_OK : est__fail_memory(64);
}

/* classify and regress call their single input `inputs`, whatever the receiver calls it. */
static est_status add_inputs(writer *w, Tensorflow__SignatureDef *s, const est__named_node *in, est_node *const *nodes, size_t n,
                             bool predicts)
{
    s->inputs = room(w, (n + 1) * sizeof *s->inputs);
    if (s->inputs == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (size_t i = 0; i < n; i++) {
        if (!NEW(w, s->inputs[i], tensorflow__signature_def__inputs_entry__init))
            return EST_RESOURCE_EXHAUSTED;
        s->inputs[i]->key = est__arena_strdup(&w->arena, predicts ? in[i].name : "inputs");
        if (s->inputs[i]->key == NULL)
            return est__fail_memory(64);
        EST_TRY(tensor_info(w, nodes[i], &s->inputs[i]->value));
    }
    s->n_inputs = n;
    return EST_OK;
}

static est_status add_outputs(writer *w, Tensorflow__SignatureDef *s, const est__export_output *o, est_node *const *nodes)
{
    s->outputs = room(w, (o->count + 1) * sizeof *s->outputs);
    if (s->outputs == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (size_t i = 0; i < o->count; i++) {
        if (!NEW(w, s->outputs[i], tensorflow__signature_def__outputs_entry__init))
            return EST_RESOURCE_EXHAUSTED;
        s->outputs[i]->key = (char *)(uintptr_t)o->output[i].name;
        EST_TRY(tensor_info(w, nodes[i], &s->outputs[i]->value));
    }
    s->n_outputs = o->count;
    return EST_OK;
}

static est_status add_signature(writer *w, const char *prefix, const est__export_output *o, const est__named_node *in,
                                est_node *const *in_nodes, size_t num_in, est_node *const *out_nodes)
{
    signature_entry *e;
    bool classifies = strcmp(o->method, "classify") == 0 || strcmp(o->method, "regress") == 0;
    if (!NEW(w, e, tensorflow__meta_graph_def__signature_def_entry__init) || !NEW(w, e->value, tensorflow__signature_def__init))
        return EST_RESOURCE_EXHAUSTED;
    e->key = est__arena_printf(&w->arena, "%s%s", prefix, o->key);
    e->value->method_name = est__arena_printf(&w->arena, w->mode == EST_PREDICT ? "tensorflow/serving/%s" : "tensorflow/%s", o->method);
    if (e->key == NULL || e->value->method_name == NULL)
        return est__fail_memory(64);
    EST_TRY(add_inputs(w, e->value, in, in_nodes, num_in, !classifies));
    EST_TRY(add_outputs(w, e->value, o, out_nodes));
    w->meta.signature_def[w->meta.n_signature_def++] = e;
    return EST_OK;
}

static est_status add_signatures(writer *w)
{
    const est_spec *s = w->spec;
    const est__receiver *r = w->receiver;
    est_node *const *outputs = w->kept + r->num_inputs + r->num_raw;
    w->meta.signature_def = room(w, (2 * s->num_export_outputs + 1) * sizeof *w->meta.signature_def);
    if (w->meta.signature_def == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (size_t i = 0; i < s->num_export_outputs; i++) {
        const est__export_output *o = &s->export_output[i];
        bool predicts = w->mode != EST_PREDICT || strcmp(o->method, "predict") == 0;
        if (r->parses || predicts)
            EST_TRY(add_signature(w, "", o, r->input, w->kept, r->num_inputs, outputs));
        if (r->num_raw && predicts)
            EST_TRY(add_signature(w, "raw:", o, r->raw, w->kept + r->num_inputs, r->num_raw, outputs));
        outputs += o->count;
    }
    return w->meta.n_signature_def ? EST_OK
                                   : est__fail(EST_INVALID_ARGUMENT, "the model has no export output that this receiver can serve");
}

/* ---- collections ---- */

static est_status new_collection(writer *w, const char *key, Tensorflow__CollectionDef **out)
{
    collection_entry *e;
    if (!NEW(w, e, tensorflow__meta_graph_def__collection_def_entry__init) || !NEW(w, e->value, tensorflow__collection_def__init))
        return EST_RESOURCE_EXHAUSTED;
    e->key = (char *)(uintptr_t)key;
    w->meta.collection_def[w->meta.n_collection_def++] = e;
    *out = e->value;
    return EST_OK;
}

static est_status nodes_collection(writer *w, const char *key, est_operation *const *ops, size_t n)
{
    Tensorflow__CollectionDef *c;
    if (n == 0)
        return EST_OK;
    EST_TRY(new_collection(w, key, &c));
    c->kind_case = TENSORFLOW__COLLECTION_DEF__KIND_NODE_LIST;
    if (!NEW(w, c->node_list, tensorflow__collection_def__node_list__init))
        return EST_RESOURCE_EXHAUSTED;
    c->node_list->value = room(w, n * sizeof *c->node_list->value);
    if (c->node_list->value == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (size_t i = 0; i < n; i++)
        c->node_list->value[i] = (char *)(uintptr_t)ops[i]->name;
    c->node_list->n_value = n;
    return EST_OK;
}

static est_status pack(writer *w, const void *message, ProtobufCBinaryData *out)
{
    est__buffer wire = { 0 };
    est_status st = est__proto_pack(message, &wire);
    out->len = wire.size;
    out->data = st == EST_OK ? (uint8_t *)est__arena_strndup(&w->arena, wire.data, wire.size) : NULL;
    est__buffer_free(&wire);
    return st == EST_OK && out->data == NULL ? est__fail_memory(64) : st;
}

static est_status variable_def(writer *w, size_t i, ProtobufCBinaryData *out)
{
    const est__graph_variable *v = &w->serving.graph->variable[i];
    Tensorflow__VariableDef def;
    tensorflow__variable_def__init(&def);
    def.variable_name = est__arena_printf(&w->arena, "%s:0", v->name);
    def.initializer_name = (char *)(uintptr_t)w->serving.assign[i]->op->name;
    def.snapshot_name = est__arena_printf(&w->arena, "%s:0", w->serving.read[i]->op->name);
    def.initial_value_name = est__arena_printf(&w->arena, "%s:%d", v->initial_value->op->name, v->initial_value->index);
    def.is_resource = true;
    def.trainable = v->trainable;
    if (!v->trainable)
        def.aggregation = TENSORFLOW__VARIABLE_DEF__AGGREGATION__VARIABLE_AGGREGATION_ONLY_FIRST_REPLICA;
    if (!def.variable_name || !def.snapshot_name || !def.initial_value_name)
        return est__fail_memory(64);
    return pack(w, &def, out);
}

/* The variables for which `wanted` says so, as VariableDefs. */
static est_status variables_collection(writer *w, const char *key, bool (*wanted)(const est__graph_variable *v))
{
    const est_graph *g = w->serving.graph;
    Tensorflow__CollectionDef *c;
    EST_TRY(new_collection(w, key, &c));
    c->kind_case = TENSORFLOW__COLLECTION_DEF__KIND_BYTES_LIST;
    if (!NEW(w, c->bytes_list, tensorflow__collection_def__bytes_list__init))
        return EST_RESOURCE_EXHAUSTED;
    c->bytes_list->value = room(w, (g->num_variables + 1) * sizeof *c->bytes_list->value);
    if (c->bytes_list->value == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (size_t i = 0; i < g->num_variables; i++)
        if (wanted(&g->variable[i]))
            EST_TRY(variable_def(w, i, &c->bytes_list->value[c->bytes_list->n_value++]));
    return EST_OK;
}

static bool is_saved(const est__graph_variable *v)
{
    return !v->local;
}

static bool is_local(const est__graph_variable *v)
{
    return v->local;
}

static bool is_trainable(const est__graph_variable *v)
{
    return v->trainable;
}

static bool is_step(const est__graph_variable *v)
{
    return strcmp(v->name, "global_step") == 0;
}

/* TensorFlow's own exports list assets in collections, by tensor and packed; its newer loaders look at the message first. */
static est_status add_assets(writer *w)
{
    Tensorflow__CollectionDef *paths, *files;
    Tensorflow__AnyValue *any;
    size_t n = w->assets.count;
    if (n == 0)
        return EST_OK;
    EST_TRY(est__assets_describe(w->assets, &w->arena, &w->meta.asset_file_def));
    w->meta.n_asset_file_def = n;
    EST_TRY(new_collection(w, "asset_filepaths", &paths));
    EST_TRY(new_collection(w, "saved_model_assets", &files));
    paths->kind_case = TENSORFLOW__COLLECTION_DEF__KIND_NODE_LIST;
    files->kind_case = TENSORFLOW__COLLECTION_DEF__KIND_ANY_LIST;
    if (!NEW(w, paths->node_list, tensorflow__collection_def__node_list__init) ||
        !NEW(w, files->any_list, tensorflow__collection_def__any_list__init) ||
        !(paths->node_list->value = room(w, n * sizeof *paths->node_list->value)) ||
        !(files->any_list->value = room(w, n * sizeof *files->any_list->value)))
        return EST_RESOURCE_EXHAUSTED;
    for (size_t i = 0; i < n; i++) {
        paths->node_list->value[paths->node_list->n_value++] = (char *)(uintptr_t)w->assets.data[i].tensor;
        if (!NEW(w, any, tensorflow__any_value__init))
            return EST_RESOURCE_EXHAUSTED;
        any->type_url = (char *)(uintptr_t)"type.googleapis.com/tensorflow.AssetFileDef";
        EST_TRY(pack(w, w->meta.asset_file_def[i], &any->value));
        files->any_list->value[files->any_list->n_value++] = any;
    }
    return EST_OK;
}

static est_status add_collections(writer *w)
{
    const est_graph *g = w->serving.graph;
    w->meta.collection_def = room(w, 16 * sizeof *w->meta.collection_def);
    if (w->meta.collection_def == NULL)
        return EST_RESOURCE_EXHAUSTED;
    EST_TRY(variables_collection(w, "variables", is_saved));
    EST_TRY(variables_collection(w, "trainable_variables", is_trainable));
    EST_TRY(variables_collection(w, "global_step", is_step));
    if (w->mode != EST_PREDICT)
        EST_TRY(variables_collection(w, "local_variables", is_local));
    if (w->mode == EST_TRAIN)
        EST_TRY(nodes_collection(w, "saved_model_train_op", &w->kept[w->num_keep - 1]->op, 1));
    EST_TRY(nodes_collection(w, "table_initializer", g->initializer, g->num_initializers));
    EST_TRY(add_assets(w));
    return nodes_collection(w, "saved_model_main_op", &w->serving.main_op->op, 1);
}

/* ---- the message ---- */

static est_status add_saver(writer *w)
{
    Tensorflow__SaverDef *s;
    if (!NEW(w, s, tensorflow__saver_def__init))
        return EST_RESOURCE_EXHAUSTED;
    s->filename_tensor_name = est__arena_printf(&w->arena, "%s:0", w->serving.filename->op->name);
    s->save_tensor_name = est__arena_printf(&w->arena, "%s:0", w->serving.save->op->name);
    s->restore_op_name = (char *)(uintptr_t)w->serving.restore->op->name;
    s->max_to_keep = 5;
    s->keep_checkpoint_every_n_hours = 10000;
    s->version = TENSORFLOW__SAVER_DEF__CHECKPOINT_FORMAT_VERSION__V2;
    w->meta.saver_def = s;
    return s->filename_tensor_name && s->save_tensor_name ? EST_OK : est__fail_memory(64);
}

static est_status add_info(writer *w)
{
    static const char *const tags[] = { [EST_TRAIN] = "train", [EST_EVAL] = "eval", [EST_PREDICT] = "serve" };
    Tensorflow__MetaGraphDef__MetaInfoDef *m;
    if (!NEW(w, m, tensorflow__meta_graph_def__meta_info_def__init) || !(m->tags = room(w, sizeof *m->tags)))
        return EST_RESOURCE_EXHAUSTED;
    m->tags[m->n_tags++] = (char *)(uintptr_t)tags[w->mode];
    m->tensorflow_version = (char *)(uintptr_t)"2.15.1";   /* whose ops and versions the graph uses */
    m->stripped_default_attrs = true;
    w->meta.meta_info_def = m;
    return EST_OK;
}

static est_status gather_nodes(writer *w)
{
    const est_spec *s = w->spec;
    const est__receiver *r = w->receiver;
    size_t n = r->num_inputs + r->num_raw, at = 0;
    for (size_t i = 0; i < s->num_export_outputs; i++)
        n += s->export_output[i].count;
    w->keep = room(w, (n + 2) * sizeof *w->keep);
    w->kept = room(w, (n + 2) * sizeof *w->kept);
    if (w->keep == NULL || w->kept == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (size_t i = 0; i < r->num_inputs; i++)
        w->keep[at++] = r->input[i].node;
    for (size_t i = 0; i < r->num_raw; i++)
        w->keep[at++] = r->raw[i].node;
    for (size_t i = 0; i < s->num_export_outputs; i++)
        for (size_t j = 0; j < s->export_output[i].count; j++)
            w->keep[at++] = s->export_output[i].output[j].node;
    if (w->mode == EST_TRAIN)
        w->keep[at++] = s->train_op;
    w->num_keep = at;
    return EST_OK;
}

static est_status make_message(writer *w)
{
    tensorflow__meta_graph_def__init(&w->meta);
    EST_TRY(gather_nodes(w));
    EST_TRY(est__serving_graph_new(w->spec->graph, (est_nodes){ w->keep, w->num_keep }, w->restores, w->kept, &w->serving));
    EST_TRY(est__assets_of(w->serving.graph, &w->arena, &w->assets));
    EST_TRY(est__graph_export(w->serving.graph, &w->arena, &w->meta.graph_def));
    EST_TRY(add_info(w));
    EST_TRY(add_saver(w));
    EST_TRY(add_collections(w));
    return add_signatures(w);
}

/* ---- files ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static est_status copy_variable(est__bundle_writer *b, const est__bundle *from, const est_graph *g, const char *name)
{
    est_tensor *value;
    EST_TRY(est__bundle_read(from, est__restore_name(est__graph_find_variable(g, name)), &value));
    est_status st = est__bundle_add(b, name, value);
    est_tensor_free(value);
    return st;
}

static est_status write_variables(writer *w, const est__bundle *from, const char *dir)
{
    const est_graph *g = w->serving.graph;
    const char **names = room(w, (g->num_variables + 1) * sizeof *names);
    char *folder = est__arena_printf(&w->arena, "%s/variables", dir), *prefix = est__arena_printf(&w->arena, "%s/variables/variables", dir);
    est__bundle_writer *b;
    if (names == NULL || folder == NULL || prefix == NULL)
        return est__fail_memory(64);
    EST_TRY(est__make_dirs(folder));
    size_t n = 0;
    for (size_t i = 0; i < g->num_variables; i++)
        if (!g->variable[i].local)
            names[n++] = g->variable[i].name;
    qsort(names, n, sizeof *names, by_name);
    EST_TRY(est__bundle_writer_new(prefix, &b));
    est_status st = EST_OK;
    for (size_t i = 0; i < n && st == EST_OK; i++)
        st = copy_variable(b, from, g, names[i]);
    return est__bundle_end(b, st);
}

static est_status write_folder(writer *w, size_t count, const est__bundle *from, const char *dir)
{
    Tensorflow__SavedModel model;
    meta_graph *meta[MOST_GRAPHS];
    tensorflow__saved_model__init(&model);
    model.saved_model_schema_version = 1;
    model.n_meta_graphs = count;
    model.meta_graphs = meta;
    EST_TRY(write_variables(w, from, dir));
    for (size_t i = 0; i < count; i++) {
        meta[i] = &w[i].meta;
        EST_TRY(est__assets_copy(w[i].assets, dir));
    }
    return est__saved_model_write(dir, &model);
}

static void remove_assets(const char *dir)
{
    est__names names;
    char *folder = est__path_join(dir, "assets");
    if (folder && est__is_dir(folder) && est__list_dir(folder, &names) == EST_OK) {
        for (size_t i = 0; i < names.count; i++) {
            char *path = est__path_join(folder, names.name[i]);
            if (path)
                unlink(path);
            est__free(path);
        }
        est__names_free(&names);
    }
    est__free(folder);
}

void est__export_remove(const char *dir)
{
    static const char *const files[] = { "saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001",
                                         "variables", "assets", "" };
    remove_assets(dir);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *path = est__path_join(dir, files[i]);
        if (path && unlink(path) != 0)
            rmdir(path);
        est__free(path);
    }
}

/* The greatest of the numbers that exports in the folder are named by. */
static long long newest_of(const char *base)
{
    est__names names;
    int64_t newest = 0, n;
    if (est__list_dir(base, &names) != EST_OK)
        return 0;
    for (size_t i = 0; i < names.count; i++)
        if (strlen(names.name[i]) == 10 && est__parse_int64(names.name[i], 10, &n) && n > newest)
            newest = n;
    est__names_free(&names);
    return (long long)newest;
}

/* A folder that is not there yet, named after the time; a taken name waits for the next second, as TensorFlow does. Whoever makes the
 * temporary one has the name. */
static est_status choose_names(const char *base, char *temporary, char *path, size_t capacity)
{
    long long now = (long long)time(NULL), newest = newest_of(base);
    now = newest >= now && newest < now + 3600 ? newest + 1 : now;   /* the greatest number is the newest export, also of one second */
    for (int tries = 0; tries < 100; tries++, now++) {
        if ((size_t)snprintf(path, capacity, "%s/%lld", base, now) >= capacity || capacity < 32)
            return est__fail(EST_RESOURCE_EXHAUSTED, "%s: the path of the export needs more than %zu bytes", base, capacity);
        snprintf(temporary, capacity + 8, "%s/temp-%lld", base, now);
        if (access(path, F_OK) == 0)
            continue;
        if (mkdir(temporary, 0777) == 0)
            return EST_OK;
        if (errno != EEXIST)
            return est__fail_errno(errno, "%s: cannot make the folder", temporary);
    }
    return est__fail(EST_ALREADY_EXISTS, "%s: the names of the next 100 seconds are all taken", base);
}

static est_status write_all(writer *w, size_t count, const est__bundle *from, const char *base, char *path, size_t capacity)
{
    char *temporary = room(w, capacity + 8);
    if (temporary == NULL)
        return EST_RESOURCE_EXHAUSTED;
    EST_TRY(est__make_dirs(base));
    EST_TRY(choose_names(base, temporary, path, capacity));
    est_status st = write_folder(w, count, from, temporary);
    if (st == EST_OK)
        st = est__rename(temporary, path);
    est__error error;
    est__error_take(&error, st);
    if (st != EST_OK)   /* where the name was changed and that could not be made durable, the export is there by the other one */
        est__export_remove(access(temporary, F_OK) == 0 ? temporary : path);
    return st == EST_OK ? EST_OK : est__error_give(&error);
}

est_status est__export_saved_model(const est__export_graph *graphs, size_t count, const est__bundle *checkpoint, const char *base,
                                   char *path, size_t capacity)
{
    writer w[MOST_GRAPHS] = { { 0 } };
    est_status st = EST_OK;
    for (size_t i = 0; i < count && st == EST_OK; i++) {
        w[i].mode = graphs[i].mode;
        w[i].restores = i > 0;
        w[i].spec = graphs[i].spec;
        w[i].receiver = &graphs[i].receiver;
        st = make_message(&w[i]);
    }
    if (st == EST_OK)
        st = write_all(w, count, checkpoint, base, path, capacity);
    for (size_t i = 0; i < count; i++) {
        est__serving_graph_free(&w[i].serving);
        est__arena_free(&w[i].arena);
    }
    return st;
}
