/* Lookup tables: handles, filling from tensors and from vocabulary files, finding. */
#include "ops/lookup_table.h"
#include "ops/variable.h"

/* ---- the handle ---- */
static est_status bind_table(const est_operation *op, est__resources *resources, est__resource **out)
{
    const char *shared = est__attr_string(op, "shared_name"), *name = shared[0] != '\0' ? shared : op->name;
    est_dtype key = est__attr_type(op, "key_dtype"), value = est__attr_type(op, "value_dtype");
    *out = est__resources_find(resources, name);
    if (*out == NULL) {
        est__table *made;
        EST_TRY(est__table_new(name, key, value, &made));
        EST_TRY(est__resources_add(resources, &made->base));
        *out = &made->base;
        return EST_OK;
    }
    const est__table *t = (const est__table *)*out;
    if (t->base.kind != &est__table_kind)
        return est__fail(EST_INVALID_ARGUMENT, "'%s' is a lookup table in this graph, and a %s already", name,
                         t->base.kind->name);
    if (t->key_dtype != key || t->value_dtype != value)
        return est__fail(EST_INVALID_ARGUMENT,
                         "lookup table '%s' maps %s to %s in this graph, and %s to %s already", name,
                         est_dtype_name(key), est_dtype_name(value), est_dtype_name(t->key_dtype),
                         est_dtype_name(t->value_dtype));
    return EST_OK;
}

static est_status table_in(const est_kernel *k, est__table **out)
{
    est__resource *r;
    est_status st = est__resource_in(k, 0, &est__table_kind, &r);
    *out = (est__table *)r;
    return st;
}

static est_status filled_table_in(const est_kernel *k, est__table **out)
{
    EST_TRY(table_in(k, out));
    if (!(*out)->filled)
        return est__kernel_fail(k, EST_FAILED_PRECONDITION,
                                "the lookup table '%s' is empty: its initializer has not run",
                                (*out)->base.name);
    return EST_OK;
}

/* ---- filling ---- */
static est_status import_cpu(est_kernel *k)
{
    est__table *t;
    EST_TRY(table_in(k, &t));
    est_status st = est__table_import(t, est__in(k, 1), est__in(k, 2));
    return st == EST_OK ? st : est__kernel_fail(k, st, "lookup table '%s': %s", t->base.name, est_error());
}

enum { FILE_LIMIT = 0x7fffffff };

static est_status prepare_file(const est_operation *op, void *state)
{
    est__vocabulary_text *s = state;
    const char *delimiter = est__attr_string(op, "delimiter");
    s->key_index = est__attr_int(op, "key_index");
    s->value_index = est__attr_int(op, "value_index");
    s->vocab_size = est__attr_int(op, "vocab_size");
    s->offset = est__attr_int(op, "offset");
    if (strlen(delimiter) != 1)
        return EST_PREPARE_FAIL(op, "the delimiter \"%s\" must be one character", delimiter);
    if (s->key_index < EST__WHOLE_LINE || s->value_index < EST__WHOLE_LINE)
        return EST_PREPARE_FAIL(op,
                                "column %lld: -2 is the whole line, -1 the line number, 0 the first column",
                                (long long)(s->key_index < EST__WHOLE_LINE ? s->key_index : s->value_index));
    if (s->vocab_size < -1 || s->vocab_size == 0)
        return EST_PREPARE_FAIL(op, "vocab_size %lld is neither -1 nor positive", (long long)s->vocab_size);
    s->delimiter = delimiter[0];
    return EST_OK;
}

static est_status import_file_cpu(est_kernel *k)
{
    est__table *t;
    size_t length, size;
    char *text = NULL;
    EST_TRY(table_in(k, &t));
    if (est__tensor_elements(est__in(k, 1)) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "one file name is wanted, not %lld",
                                (long long)est__tensor_elements(est__in(k, 1)));
    const char *given = est_tensor_string(est__in(k, 1), 0, &length);
    char *path = est__strndup(given, length);
    est_status st = path != NULL ? est__file_read(path, FILE_LIMIT, &text, &size) : est__fail_memory(length);
    if (st == EST_OK) {
        st = est__table_import_text(t, k->state, text, size);
        if (st != EST_OK)
            est__fail_in(st, "vocabulary file '%s'", path);
    }
    est__free(text);
    est__free(path);
    return st == EST_OK ? st : est__kernel_fail(k, st, "%s", est_error());
}

/* ---- finding ---- */
typedef struct finding {
    const est__table *table;
    const est_tensor *keys, *missing;
    int64_t n;
} finding;

static void find_walk(est__runs *r, void *arg)
{
    const finding *f = arg;
    for (int64_t i = 0; i < f->n; i++) {
        int64_t entry = est__table_find(f->table, f->keys, i);
        est__copy_run(r, entry < 0 ? f->missing : f->table->values, entry < 0 ? 0 : entry, 1);
    }
}

static bool is_mutable(const est_kernel *k)
{
    const est__resource *r = est__in_resource(k, 0);
    return r != NULL && r->kind == &est__mutable_table_kind;
}

static est_status find_cpu(est_kernel *k)
{
    est__table *t;
    if (is_mutable(k))
        return est__mutable_table_find_cpu(k);
    EST_TRY(filled_table_in(k, &t));
    finding f = { .table = t, .keys = est__in(k, 1), .missing = est__in(k, 2) };
    f.n = est__tensor_elements(f.keys);
    if (f.keys->dtype != t->key_dtype || f.missing->dtype != t->value_dtype)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the lookup table '%s' maps %s to %s, not %s to %s",
                                t->base.name, est_dtype_name(t->key_dtype), est_dtype_name(t->value_dtype),
                                est_dtype_name(f.keys->dtype), est_dtype_name(f.missing->dtype));
    if (est__tensor_elements(f.missing) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "the default value must be a scalar, not %lld values",
                                (long long)est__tensor_elements(f.missing));
    return est__runs_out(k, 0, t->value_dtype, &f.keys->shape, find_walk, &f);
}

static est_status infer_find(est_infer *c)
{
    const est_operation *handle = c->op->input[0]->op;
    c->out[0] = est__is_mutable_table(handle) ? est__mutable_table_found(handle, est__infer_in(c, 1)) : *est__infer_in(c, 1);
    return EST_OK;
}

static est_status size_cpu(est_kernel *k)
{
    est__table *t;
    est_tensor *out;
    EST_TRY(est__out(k, 0, &(est_shape){ 0 }, &out));
    if (is_mutable(k))
        return est__mutable_table_size(k, out->data);
    EST_TRY(filled_table_in(k, &t));
    *(int64_t *)out->data = t->size;
    return EST_OK;
}

#define KEY "{string, int64, int32}"
#define VALUE "{string, int64, int32, float, double, bool}"
/* A table is filled before any step reads it and does not change then: looking up counts as a pure
 * function, which may run early; of a mutable one it reads what was there at the start of the step. */
#define FILLS .infer = est__infer_none, .flags = EST_OP_STATEFUL | EST_OP_ASSIGNS

EST_OPS(lookup,
        { .tf_name = "HashTableV2",
          .signature = " -> table_handle: resource; container: string = ''; shared_name: string = ''; "
                       "use_node_name_sharing: bool = false; key_dtype: " KEY "; value_dtype: " VALUE,
          .infer = est__infer_scalar, .bind = bind_table, .flags = EST_OP_HANDLE },
        { .tf_name = "LookupTableFindV2",
          .signature = "table_handle: resource, keys: Tin, default_value: Tout -> values: Tout; Tin: " KEY
                       "; Tout: " VALUE,
          .infer = infer_find, .cpu = find_cpu, .grad = est__grad_none },
        { .tf_name = "LookupTableSizeV2", .signature = "table_handle: resource -> size: int64",
          .infer = est__infer_scalar, .cpu = size_cpu, .grad = est__grad_none },
        { .tf_name = "LookupTableImportV2",
          .signature = "table_handle: resource, keys: Tin, values: Tout -> ; Tin: " KEY "; Tout: " VALUE,
          .cpu = import_cpu, FILLS },
        { .tf_name = "InitializeTableV2",
          .signature = "table_handle: resource, keys: Tkey, values: Tval -> ; Tkey: " KEY "; Tval: " VALUE,
          .cpu = import_cpu, FILLS },
        { .tf_name = "InitializeTableFromTextFileV2",
          .signature = "table_handle: resource, filename: string -> ; key_index: int; value_index: int; "
                       "vocab_size: int = -1; delimiter: string = '\t'; offset: int = 0",
          .cpu = import_file_cpu, .state_size = sizeof(est__vocabulary_text), .prepare = prepare_file, FILLS });

est_node *est_lookup_table(est_graph *g, const char *name, est_dtype key, est_dtype value)
{
    return est_op(g, "HashTableV2", name, (est_nodes){ 0 },
                  EST_ATTRS(EST_TYPE_ATTR("key_dtype", key), EST_TYPE_ATTR("value_dtype", value),
                            EST_BOOL_ATTR("use_node_name_sharing", true)));
}

est_node *est_vocabulary_table(est_graph *g, const char *name, est_node *keys, est_node *values)
{
    est_node *table = est_lookup_table(g, name, est_node_dtype(keys), est_node_dtype(values));
    est__graph_add_initializer(g, EST_OP3(g, "LookupTableImportV2", table, keys, values));
    return table;
}

est_node *est_vocabulary_file_table(est_graph *g, const char *name, est_node *file, est_dtype key,
                                    int64_t vocab_size)
{
    est_node *table = est_lookup_table(g, name, key, EST_INT64);
    est__graph_add_initializer(
        g, est_op(g, "InitializeTableFromTextFileV2", NULL, EST_NODES(table, file),
                  EST_ATTRS(EST_INT_ATTR("key_index", EST__WHOLE_LINE), EST_INT_ATTR("value_index", EST__LINE_NUMBER),
                            EST_INT_ATTR("vocab_size", vocab_size))));
    return table;
}

est_node *est_table_find(est_graph *g, est_node *table, est_node *keys, est_node *missing)
{
    return EST_OP3(g, "LookupTableFindV2", table, keys, missing);
}
