/* saved_model.pb in and out; variables and assets beside it are the business of others. */
#include <stdlib.h>

#include "formats/saved_model.h"
#include "proto/pack.h"

static est_status no_model(const char *dir)
{
    char *text = est__path_join(dir, "saved_model.pbtxt");
    bool is_text = text && est__is_file(text);
    est__free(text);
    if (is_text)
        return est__fail(EST_UNIMPLEMENTED,
                         "%s: holds saved_model.pbtxt, the text form, which is not read; save it as "
                         "saved_model.pb",
                         dir);
    if (!est__is_dir(dir))
        return est__fail(EST_NOT_FOUND, "%s: no such folder", dir);
    return est__fail(EST_NOT_FOUND, "%s: no SavedModel: there is no saved_model.pb in it", dir);
}

static est_status read_message(const char *path, Tensorflow__SavedModel **out)
{
    char *data;
    size_t size;
    EST_TRY(est__file_read(path, EST__PROTO_SIZE, &data, &size));
    est_status st = est__proto_unpack(&tensorflow__saved_model__descriptor, data, size, path, out);
    est__free(data);
    EST_TRY(st);
    if ((*out)->saved_model_schema_version == 1 && (*out)->n_meta_graphs > 0)
        return EST_OK;
    if ((*out)->saved_model_schema_version == 1 || (*out)->n_meta_graphs == 0)
        st = est__fail(EST_DATA_LOSS, "%s: holds no graph: not a SavedModel, or a damaged one", path);
    else
        st = est__fail(EST_UNIMPLEMENTED, "%s: schema version %lld, 1 is read", path,
                       (long long)(*out)->saved_model_schema_version);
    est__proto_free(*out);
    *out = NULL;
    return st;
}

est_status est__saved_model_read(const char *dir, Tensorflow__SavedModel **out)
{
    *out = NULL;
    char *path = est__path_join(dir, "saved_model.pb");
    if (!path)
        return est__fail_memory(strlen(dir));
    est_status st = est__is_file(path) ? read_message(path, out) : no_model(dir);
    est__free(path);
    return st;
}

/* ---- tags ---- */

static bool has_tag(const Tensorflow__MetaGraphDef__MetaInfoDef *info, const char *tag)
{
    for (size_t i = 0; i < info->n_tags; i++)
        if (strcmp(info->tags[i], tag) == 0)
            return true;
    return false;
}

static bool has_tags(const Tensorflow__MetaGraphDef *g, est_strings tags)
{
    const Tensorflow__MetaGraphDef__MetaInfoDef *info = g->meta_info_def;
    if (!info)
        return tags.count == 0;
    if (info->n_tags != tags.count)
        return false;
    for (size_t i = 0; i < tags.count; i++)
        if (!has_tag(info, tags.data[i]))
            return false;
    return true;
}

static void list_tags(est__buffer *b, char *const *tags, size_t count)
{
    est__buffer_text(b, "{");
    for (size_t i = 0; i < count; i++)
        est__buffer_printf(b, "%s%s", i ? ", " : "", tags[i]);
    est__buffer_text(b, "}");
}

est_status est__saved_model_choose(const Tensorflow__SavedModel *m, const char *dir, est_strings tags,
                                   const Tensorflow__MetaGraphDef **out)
{
    *out = NULL;
    for (size_t i = 0; i < m->n_meta_graphs && !*out; i++)
        if (has_tags(m->meta_graphs[i], tags))
            *out = m->meta_graphs[i];
    if (*out)
        return EST_OK;
    est__buffer wanted = { 0 }, there = { 0 };
    list_tags(&wanted, (char *const *)(uintptr_t)tags.data, tags.count);
    for (size_t i = 0; i < m->n_meta_graphs; i++) {
        const Tensorflow__MetaGraphDef__MetaInfoDef *info = m->meta_graphs[i]->meta_info_def;
        est__buffer_text(&there, i ? ", " : "");
        list_tags(&there, info ? info->tags : NULL, info ? info->n_tags : 0);
    }
    est_status st = wanted.status || there.status ? est__fail_memory(there.size) :
        est__fail(EST_NOT_FOUND, "%s: no graph with the tags %s; there is %s", dir, wanted.data, there.data);
    est__buffer_free(&wanted);
    est__buffer_free(&there);
    return st;
}

/* ---- signatures ---- */

est_shape est__shape_of_proto(const Tensorflow__TensorShapeProto *m)
{
    est_shape s = { .rank = -1 };
    if (!m || m->unknown_rank || m->n_dim > EST_MAX_RANK)
        return s;
    s.rank = (int)m->n_dim;
    for (size_t i = 0; i < m->n_dim; i++)
        s.dim[i] = m->dim[i]->size < 0 ? -1 : m->dim[i]->size;
    return s;
}

static est__signature_tensor tensor_of(const char *key, const Tensorflow__TensorInfo *info)
{
    est__signature_tensor t = { .key = key, .name = "", .shape = est__shape_of_proto(info->tensor_shape) };
    t.dtype = est_dtype_size((est_dtype)info->dtype) ? (est_dtype)info->dtype : EST_INVALID;
    if (info->encoding_case == TENSORFLOW__TENSOR_INFO__ENCODING_NAME) {
        t.name = info->name;
    } else if (info->encoding_case == TENSORFLOW__TENSOR_INFO__ENCODING_COO_SPARSE) {
        t.name = info->coo_sparse->values_tensor_name;
        t.indices = info->coo_sparse->indices_tensor_name;
        t.dense_shape = info->coo_sparse->dense_shape_tensor_name;
    }
    return t;
}

static int tensor_order(const void *a, const void *b)
{
    return strcmp(((const est__signature_tensor *)a)->key, ((const est__signature_tensor *)b)->key);
}

static int signature_order(const void *a, const void *b)
{
    return strcmp(((const est__signature *)a)->key, ((const est__signature *)b)->key);
}

static est_status fill_signature(est__arena *arena, const char *key, const Tensorflow__SignatureDef *from,
                                 est__signature *to)
{
    *to = (est__signature){ .key = key, .method_name = from->method_name, .input_count = from->n_inputs,
                            .output_count = from->n_outputs };
    to->inputs = est__arena_alloc(arena, (from->n_inputs + 1) * sizeof *to->inputs);
    to->outputs = est__arena_alloc(arena, (from->n_outputs + 1) * sizeof *to->outputs);
    if (!to->inputs || !to->outputs)
        return est__fail_memory((from->n_inputs + from->n_outputs) * sizeof *to->inputs);
    for (size_t i = 0; i < from->n_inputs; i++)
        to->inputs[i] = tensor_of(from->inputs[i]->key, from->inputs[i]->value);
    for (size_t i = 0; i < from->n_outputs; i++)
        to->outputs[i] = tensor_of(from->outputs[i]->key, from->outputs[i]->value);
    qsort(to->inputs, to->input_count, sizeof *to->inputs, tensor_order);
    qsort(to->outputs, to->output_count, sizeof *to->outputs, tensor_order);
    return EST_OK;
}

est_status est__signatures_of(const Tensorflow__MetaGraphDef *graph, const char *dir, est__signatures *out)
{
    *out = (est__signatures){ 0 };
    size_t count = graph->n_signature_def;
    out->list = est__arena_alloc(&out->arena, (count + 1) * sizeof *out->list);
    if (!out->list)
        return est__fail_memory(count * sizeof *out->list);
    for (; out->count < count; out->count++) {
        const Tensorflow__MetaGraphDef__SignatureDefEntry *e = graph->signature_def[out->count];
        EST_TRY(fill_signature(&out->arena, e->key, e->value, &out->list[out->count]));
    }
    qsort(out->list, count, sizeof *out->list, signature_order);
    for (size_t i = 1; i < count; i++)
        if (signature_order(&out->list[i - 1], &out->list[i]) == 0)
            return est__fail(EST_DATA_LOSS, "%s: signature '%s' stands twice: the file is damaged", dir,
                             out->list[i].key);
    return EST_OK;
}

const est__signature *est__signature_find(const est__signatures *s, const char *key)
{
    est__signature wanted = { .key = key };
    return s->count ? bsearch(&wanted, s->list, s->count, sizeof *s->list, signature_order) : NULL;
}

void est__signatures_free(est__signatures *s)
{
    est__arena_free(&s->arena);
    *s = (est__signatures){ 0 };
}

/* ---- writing ---- */

est_status est__saved_model_write(const char *dir, const Tensorflow__SavedModel *m)
{
    est__buffer bytes = { 0 };
    EST_TRY(est__make_dirs(dir));
    char *path = est__path_join(dir, "saved_model.pb");
    est_status st = path ? est__proto_pack(m, &bytes) : est__fail_memory(strlen(dir));
    if (st == EST_OK)
        st = est__file_put(path, bytes.data ? bytes.data : "", bytes.size);
    est__buffer_free(&bytes);
    est__free(path);
    return st;
}
