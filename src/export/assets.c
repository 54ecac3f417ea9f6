/* See assets.h. TensorFlow lists assets in the graph's message, or packed in a collection of it. */
#include "export/assets.h"

#include "formats/saved_model.h"
#include "proto/pack.h"

/* ---- out ---- */

/* The constant that says which file an initializer reads. */
static const est_node *path_of(const est_operation *initializer)
{
    const est_node *path = initializer->num_inputs > 1 ? initializer->input[1] : NULL;
    bool reads = strcmp(initializer->row->tf_name, "InitializeTableFromTextFileV2") == 0;
    return reads && path && strcmp(path->op->row->tf_name, "Const") == 0 ? path : NULL;
}

static bool is_taken(const est__asset *assets, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(assets[i].name, name) == 0)
            return true;
    return false;
}

/* The file's own name; another file of that name is given a number, as TensorFlow does. */
static const char *choose_name(const est__asset *assets, size_t count, const char *path, est__arena *arena)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(assets[i].path, path) == 0)
            return assets[i].name;
    const char *base = est__base_name(path), *name = base;
    for (int i = 1; name && is_taken(assets, count, name); i++)
        name = est__arena_printf(arena, "%s_%d", base, i);
    return name;
}

est_status est__assets_of(const est_graph *g, est__arena *arena, est__assets *out)
{
    est__asset *assets = est__arena_alloc(arena, (g->num_initializers + 1) * sizeof *assets);
    size_t count = 0, length;
    if (!assets)
        return est__fail_memory(g->num_initializers * sizeof *assets);
    for (size_t i = 0; i < g->num_initializers; i++) {
        const est_node *n = path_of(g->initializer[i]);
        if (!n)
            continue;
        est__asset *a = &assets[count];
        const char *path = est_tensor_string(est__attr(n->op, "value")->tensor, 0, &length);
        a->tensor = est__arena_printf(arena, "%s:0", n->op->name);
        a->path = est__arena_strndup(arena, path, length);
        a->name = a->path ? choose_name(assets, count, a->path, arena) : NULL;
        if (!a->tensor || !a->name)
            return est__fail_memory(length);
        count++;
    }
    *out = (est__assets){ assets, count };
    return EST_OK;
}

static est_status copy_into(const char *folder, const est__asset *a)
{
    char *to = est__path_join(folder, a->name);
    est_status st = to ? est__file_copy(a->path, to) : est__fail_memory(strlen(folder));
    est__free(to);
    return st == EST_OK ? st : est__fail_in(st, "the export takes its vocabularies along");
}

est_status est__assets_copy(est__assets assets, const char *dir)
{
    if (!assets.count)
        return EST_OK;
    char *folder = est__path_join(dir, "assets");
    est_status st = folder ? est__make_dirs(folder) : est__fail_memory(strlen(dir));
    for (size_t i = 0; i < assets.count && st == EST_OK; i++)
        if (!is_taken(assets.data, i, assets.data[i].name))
            st = copy_into(folder, &assets.data[i]);
    est__free(folder);
    return st;
}

est_status est__assets_describe(est__assets assets, est__arena *arena, Tensorflow__AssetFileDef ***out)
{
    Tensorflow__AssetFileDef *def = est__arena_alloc(arena, (assets.count + 1) * sizeof *def);
    Tensorflow__TensorInfo *info = est__arena_alloc(arena, (assets.count + 1) * sizeof *info);
    *out = est__arena_alloc(arena, (assets.count + 1) * sizeof **out);
    if (!def || !info || !*out)
        return est__fail_memory(assets.count * sizeof *def);
    for (size_t i = 0; i < assets.count; i++) {
        tensorflow__asset_file_def__init(&def[i]);
        tensorflow__tensor_info__init(&info[i]);
        info[i].encoding_case = TENSORFLOW__TENSOR_INFO__ENCODING_NAME;
        info[i].name = (char *)(uintptr_t)assets.data[i].tensor;
        def[i].tensor_info = &info[i];
        def[i].filename = (char *)(uintptr_t)assets.data[i].name;
        (*out)[i] = &def[i];
    }
    return EST_OK;
}

/* ---- in ---- */

static Tensorflow__NodeDef *find_node(const Tensorflow__GraphDef *g, const char *name, size_t length)
{
    for (size_t i = 0; i < g->n_node; i++)
        if (strlen(g->node[i]->name) == length && memcmp(g->node[i]->name, name, length) == 0)
            return g->node[i];
    return NULL;
}

/* The text of a constant that holds one; NULL: it does not. */
static ProtobufCBinaryData *text_of(const Tensorflow__NodeDef *n)
{
    for (size_t i = 0; strcmp(n->op, "Const") == 0 && i < n->n_attr; i++) {
        const Tensorflow__AttrValue *v = n->attr[i]->value;
        if (strcmp(n->attr[i]->key, "value") == 0 && v->value_case == TENSORFLOW__ATTR_VALUE__VALUE_TENSOR &&
            v->tensor->n_string_val == 1)
            return &v->tensor->string_val[0];
    }
    return NULL;
}

static est_status set_text(ProtobufCBinaryData *text, const char *dir, const char *name)
{
    size_t size = strlen(dir) + strlen(name) + sizeof "/assets/";
    char *path = est__malloc(size);
    if (!path)
        return est__fail_memory(size);
    int length = snprintf(path, size, "%s/assets/%s", dir, name);
    est__free(text->data);
    *text = (ProtobufCBinaryData){ (size_t)length, (uint8_t *)path };
    return EST_OK;
}

static bool is_below(const char *name)
{
    return *name && *name != '/' && strcmp(name, "..") != 0 && strncmp(name, "../", 3) != 0 && !strstr(name, "/..");
}

static est_status bind(const Tensorflow__MetaGraphDef *meta, const char *dir, const Tensorflow__AssetFileDef *a)
{
    const Tensorflow__TensorInfo *info = a->tensor_info;
    bool named = info && info->encoding_case == TENSORFLOW__TENSOR_INFO__ENCODING_NAME;
    const char *name = named ? info->name : "", *colon = strrchr(name, ':');
    Tensorflow__NodeDef *n = find_node(meta->graph_def, name, colon ? (size_t)(colon - name) : strlen(name));
    ProtobufCBinaryData *text = n ? text_of(n) : NULL;
    if (!is_below(a->filename))
        return est__fail(EST_DATA_LOSS, "%s/saved_model.pb: asset '%s' is no name of a file in assets/", dir, a->filename);
    if (!text)
        return est__fail(EST_DATA_LOSS, "%s/saved_model.pb: asset '%s' is for '%s', which is no string constant of the graph", dir,
                         a->filename, name);
    return set_text(text, dir, a->filename);
}

static est_status bind_packed(const Tensorflow__MetaGraphDef *meta, const char *dir, const Tensorflow__AnyValue *packed)
{
    Tensorflow__AssetFileDef *a;
    EST_TRY(est__proto_unpack(&tensorflow__asset_file_def__descriptor, packed->value.data, packed->value.len, dir, &a));
    est_status st = bind(meta, dir, a);
    est__proto_free(a);
    return st;
}

est_status est__assets_bind(const Tensorflow__MetaGraphDef *meta, const char *dir)
{
    for (size_t i = 0; i < meta->n_asset_file_def; i++)
        EST_TRY(bind(meta, dir, meta->asset_file_def[i]));
    for (size_t i = 0; meta->n_asset_file_def == 0 && i < meta->n_collection_def; i++) {
        const Tensorflow__CollectionDef *c = meta->collection_def[i]->value;
        if (strcmp(meta->collection_def[i]->key, "saved_model_assets") != 0 ||
            c->kind_case != TENSORFLOW__COLLECTION_DEF__KIND_ANY_LIST)
            continue;
        for (size_t j = 0; j < c->any_list->n_value; j++)
            EST_TRY(bind_packed(meta, dir, c->any_list->value[j]));
    }
    return EST_OK;
}
