/* Tables that steps change: from rows of int64 to rows of float32, for the state that SDCA keeps of each example. Keys and values are
 * variables, "<name>-keys" and "<name>-values", so that sessions save and restore them: the buckets of an open hash table, laid out as
 * TensorFlow's MutableDenseHashTable, which restores buckets, not entries. */
#include "ops/lookup_table.h"
#include "ops/variable.h"

enum { BUCKETS = 131072 };   /* to begin with; TensorFlow's default, since shapes in checkpoints follow from it */

typedef struct mutable_table {
    est__resource base;
    est__variable *keys, *values; /* owned by the resources */
    int64_t width;                /* numbers of a key */
    int64_t *empty;               /* the key of a free bucket */
    int64_t count;                /* entries */
    double load;                  /* the most entries by bucket */
} mutable_table;

static void table_free(est__resource *r)
{
    est__free(((mutable_table *)r)->empty);
    est__free(r);
}

const est__resource_kind est__mutable_table_kind = { .name = "mutable lookup table", .free = table_free };

/* ---- the handle ---- */
static est_status add_part(est__resources *resources, const est_operation *op, const char *table, est_dtype dtype, const est_shape *row,
                           est__variable **out)
{
    const char *suffix = dtype == EST_INT64 ? "-keys" : "-values";
    est__buffer name = { 0 };
    est_shape shape = { .rank = row->rank + 1, .dim = { est__attr_int(op, "initial_num_buckets") } };
    memcpy(shape.dim + 1, row->dim, (size_t)row->rank * sizeof row->dim[0]);
    est__buffer_printf(&name, "%s%s", table, suffix);
    est_status st = name.status == EST_OK ? est__variable_add(resources, name.data, dtype, &shape, out) : name.status;
    est__buffer_free(&name);
    return st;
}

static est_status add_table(const est_operation *op, const char *name, est__resources *resources, est__resource **out)
{
    est_shape key = op->input[0]->shape, value = est__attr_shape(op, "value_shape");
    if (!est__shape_known(&key) || !est__shape_known(&value) || key.rank == EST_MAX_RANK || value.rank == EST_MAX_RANK)
        return est__fail(EST_UNIMPLEMENTED, "table '%s': the shapes of a key and of a value must be known", name);
    const est_operation *from = op->input[0]->op;
    int64_t width = est_shape_elements(&key), buckets = est__attr_int(op, "initial_num_buckets");
    double load = est__attr_float(op, "max_load_factor");
    if (strcmp(from->row->tf_name, "Const") != 0 || buckets < 1 || (buckets & (buckets - 1)) || !(load > 0 && load < 1))
        return est__fail(EST_INVALID_ARGUMENT, "table '%s': empty_key must be a constant, initial_num_buckets a power of two and "
                         "max_load_factor in (0, 1)", name);
    mutable_table *t = est__calloc(1, sizeof *t);
    if (t)
        t->empty = est__calloc((size_t)width + 1, sizeof *t->empty);
    if (t == NULL || t->empty == NULL || (t->base.name = est__strdup(name)) == NULL) {
        if (t)
            est__free(t->empty);
        est__free(t);
        return est__fail_memory(sizeof *t);
    }
    t->base.kind = &est__mutable_table_kind;
    t->width = width;
    t->load = load;
    memcpy(t->empty, est__attr(from, "value")->tensor->data, (size_t)width * sizeof *t->empty);
    EST_TRY(est__resources_add(resources, &t->base));
    EST_TRY(add_part(resources, op, name, EST_INT64, &key, &t->keys));
    EST_TRY(add_part(resources, op, name, EST_FLOAT, &value, &t->values));
    *out = &t->base;
    return EST_OK;
}

static est_status bind_table(const est_operation *op, est__resources *resources, est__resource **out)
{
    const char *shared = est__attr_string(op, "shared_name"), *name = shared[0] != '\0' ? shared : op->name;
    *out = est__resources_find(resources, name);
    if (*out == NULL)
        return add_table(op, name, resources, out);
    return (*out)->kind == &est__mutable_table_kind ? EST_OK
                                 : est__fail(EST_INVALID_ARGUMENT, "'%s' is a mutable lookup table in this graph, and a %s already",
                                             name, (*out)->kind->name);
}

bool est__is_mutable_table(const est_operation *handle)
{
    return handle->row->bind == bind_table;
}

est_shape est__mutable_table_found(const est_operation *handle, const est_shape *keys)
{
    est_shape out = *keys, value = est__attr_shape(handle, "value_shape");
    int key = handle->input[0]->shape.rank, rank = keys->rank - key;
    if (keys->rank < 0 || key < 0 || value.rank < 0 || rank < 0 || rank + value.rank > EST_MAX_RANK)
        return est_shape_of(-1, NULL);
    memcpy(out.dim + rank, value.dim, (size_t)value.rank * sizeof value.dim[0]);
    out.rank = rank + value.rank;
    return out;
}

/* ---- buckets: a key is in the first free one, or the one with it, that hash and quadratic probing lead to ---- */
static const int64_t *key_at(const mutable_table *t, int64_t bucket)
{
    return (const int64_t *)t->keys->value->data + bucket * t->width;
}

static bool is_free(const mutable_table *t, int64_t bucket)
{
    return memcmp(key_at(t, bucket), t->empty, (size_t)t->width * sizeof *t->empty) == 0;
}

static uint64_t hash(const mutable_table *t, const int64_t *key)
{
    uint64_t h = 0;
    for (int64_t i = 0; i < t->width; i++)
        h ^= (uint64_t)key[i] + 0x9e3779b97f4a7800u + (h << 10) + (h >> 4);
    return h;
}

/* One bucket at least is free, as the table is never full. */
static int64_t bucket_of(const mutable_table *t, const int64_t *key)
{
    uint64_t mask = (uint64_t)est__rows(t->keys->value) - 1, at = hash(t, key) & mask, step = 0;
    while (!is_free(t, (int64_t)at) && memcmp(key_at(t, (int64_t)at), key, (size_t)t->width * sizeof *key) != 0)
        at = (at + ++step) & mask;
    return (int64_t)at;
}

static void put(mutable_table *t, const int64_t *key, const float *value)
{
    int64_t at = bucket_of(t, key), each = est__row_elements(t->values->value);
    t->count += is_free(t, at);
    memcpy((int64_t *)t->keys->value->data + at * t->width, key, (size_t)t->width * sizeof *key);
    memcpy((float *)t->values->value->data + at * each, value, (size_t)each * sizeof *value);
}

static void clear(const mutable_table *t, est_tensor *keys)
{
    for (int64_t i = 0; i < est__rows(keys); i++)
        memcpy((int64_t *)keys->data + i * t->width, t->empty, (size_t)t->width * sizeof *t->empty);
}

static est_status empty_buckets(const mutable_table *t, int64_t buckets, est_tensor **keys, est_tensor **values)
{
    est_shape key = t->keys->value->shape, value = t->values->value->shape;
    key.dim[0] = value.dim[0] = buckets;
    EST_TRY(est_tensor_new(EST_INT64, &key, keys));
    clear(t, *keys);
    est_status st = est_tensor_new(EST_FLOAT, &value, values);
    if (st != EST_OK)
        est_tensor_free(*keys);
    return st;
}

/* All entries anew, in so many buckets. */
static est_status rehash(mutable_table *t, int64_t buckets)
{
    est_tensor *keys = t->keys->value, *values = t->values->value, *more_keys, *more_values;
    int64_t each = est__row_elements(values);
    EST_TRY(empty_buckets(t, buckets, &more_keys, &more_values));
    t->keys->value = more_keys;
    t->values->value = more_values;
    t->count = 0;
    for (int64_t i = 0; i < est__rows(keys); i++) {
        const int64_t *key = (const int64_t *)keys->data + i * t->width;
        if (memcmp(key, t->empty, (size_t)t->width * sizeof *key) != 0)
            put(t, key, (const float *)values->data + i * each);
    }
    est_tensor_free(keys);
    est_tensor_free(values);
    return EST_OK;
}

/* Before so many more; as TensorFlow does it, so that both have as many buckets. */
static est_status make_room(mutable_table *t, int64_t more)
{
    int64_t buckets = est__rows(t->keys->value);
    double most = (double)(t->count + more);
    while (most > (double)buckets * t->load)
        buckets *= 2;
    return buckets == est__rows(t->keys->value) ? EST_OK : rehash(t, buckets);
}

/* What a session has put there: buckets as this table fills them. */
static est_status take_in(const est_kernel *k, mutable_table *t)
{
    int64_t buckets = est__rows(t->keys->value);
    if (buckets != est__rows(t->values->value) || buckets < 1 || (buckets & (buckets - 1)) != 0)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "'%s' has %lld rows, '%s' %lld; they must be as many, a power of two",
                                t->keys->base.name, (long long)buckets, t->values->base.name, (long long)est__rows(t->values->value));
    if (!t->keys->initialized)
        clear(t, t->keys->value);
    EST_TRY(rehash(t, buckets));   /* wherever entries were, they are found */
    t->keys->taken = t->values->taken = t->keys->initialized = t->values->initialized = true;
    return EST_OK;
}

/* Input 0, with what a session may have put there. */
static est_status table_in(const est_kernel *k, mutable_table **out)
{
    est__resource *r;
    EST_TRY(est__resource_in(k, 0, &est__mutable_table_kind, &r));
    *out = (mutable_table *)r;
    return (*out)->keys->taken && (*out)->values->taken ? EST_OK : take_in(k, *out);
}

/* Input 1, whose last dimensions are those of a key: how many there are. */
static est_status keys_in(const est_kernel *k, const mutable_table *t, int64_t *count)
{
    const est_tensor *keys = est__in(k, 1);
    const est_shape *one = &t->keys->value->shape;
    int rank = keys->shape.rank - (one->rank - 1);
    bool fits = rank >= 0;
    *count = 1;
    for (int i = 0; fits && i < keys->shape.rank; i++)
        if (i < rank)
            *count *= keys->shape.dim[i];
        else
            fits = keys->shape.dim[i] == one->dim[i - rank + 1];
    char text[EST__SHAPE_TEXT_SIZE];
    return fits ? EST_OK : est__kernel_fail(k, EST_INVALID_ARGUMENT, "keys are %s, which '%s' does not take",
                                            est__shape_string(text, &keys->shape), t->base.name);
}

est_status est__mutable_table_find_cpu(est_kernel *k)
{
    mutable_table *t;
    est_tensor *out;
    int64_t n;
    const float *missing = est__in(k, 2)->data;
    EST_TRY(table_in(k, &t));
    EST_TRY(keys_in(k, t, &n));
    int64_t each = est__row_elements(t->values->value);
    if (est__tensor_elements(est__in(k, 2)) != each)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the default value has %lld numbers, a value of '%s' %lld",
                                (long long)est__tensor_elements(est__in(k, 2)), t->base.name, (long long)each);
    est_shape shape = est_shape_of(1, (int64_t[]){ n });
    memcpy(shape.dim + 1, t->values->value->shape.dim + 1, (size_t)(t->values->value->shape.rank - 1) * sizeof shape.dim[0]);
    shape.rank = t->values->value->shape.rank;
    EST_TRY(est__out(k, 0, &shape, &out));
    const int64_t *keys = est__in(k, 1)->data;
    const float *values = t->values->value->data;
    for (int64_t i = 0; i < n; i++) {
        int64_t at = bucket_of(t, keys + i * t->width);
        memcpy((float *)out->data + i * each, is_free(t, at) ? missing : values + at * each, (size_t)each * sizeof *values);
    }
    return EST_OK;
}

static est_status insert_cpu(est_kernel *k)
{
    mutable_table *t;
    int64_t n;
    EST_TRY(table_in(k, &t));
    EST_TRY(keys_in(k, t, &n));
    const int64_t *keys = est__in(k, 1)->data;
    int64_t each = est__row_elements(t->values->value);
    const float *values = est__in(k, 2)->data;
    if (est__tensor_elements(est__in(k, 2)) != n * each)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld numbers for %lld values of '%s'",
                                (long long)est__tensor_elements(est__in(k, 2)), (long long)n, t->base.name);
    EST_TRY(make_room(t, n));
    for (int64_t i = 0; i < n; i++) {
        if (memcmp(keys + i * t->width, t->empty, (size_t)t->width * sizeof *keys) == 0)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "key %lld is the empty_key of '%s'", (long long)i, t->base.name);
        put(t, keys + i * t->width, values + i * each);
    }
    return EST_OK;
}

est_status est__mutable_table_size(const est_kernel *k, int64_t *rows)
{
    mutable_table *t;
    EST_TRY(table_in(k, &t));
    *rows = t->count;
    return EST_OK;
}

/* Copies: the buckets may move in this very step. */
static est_status export_cpu(est_kernel *k)
{
    mutable_table *t;
    EST_TRY(table_in(k, &t));
    EST_TRY(est__out_copy(k, 0, t->keys->value));
    return est__out_copy(k, 1, t->values->value);
}

static est_status infer_export(est_infer *c)
{
    const est_operation *handle = c->op->input[0]->op;
    const est_shape unknown = est_shape_of(-1, NULL), value = est__is_mutable_table(handle) ? est__attr_shape(handle, "value_shape") : unknown;
    const est_shape rows[] = { est__is_mutable_table(handle) ? handle->input[0]->shape : unknown, value };
    for (int i = 0; i < 2; i++) {
        c->out[i] = unknown;
        if (rows[i].rank < 0 || rows[i].rank == EST_MAX_RANK)
            continue;
        c->out[i] = (est_shape){ .rank = rows[i].rank + 1, .dim = { -1 } };
        memcpy(c->out[i].dim + 1, rows[i].dim, (size_t)rows[i].rank * sizeof rows[i].dim[0]);
    }
    return EST_OK;
}

EST_OPS(mutable_table,
        { .tf_name = "MutableDenseHashTableV2",
          .signature = "empty_key: key_dtype, deleted_key: key_dtype -> table_handle: resource; container: string = ''; "
                       "shared_name: string = ''; use_node_name_sharing: bool = false; key_dtype: {int64}; value_dtype: {float}; "
                       "value_shape: shape; initial_num_buckets: int = 131072; max_load_factor: float = 0.8",
          .infer = est__infer_scalar, .bind = bind_table, .flags = EST_OP_STATEFUL | EST_OP_HANDLE },
        { .tf_name = "LookupTableInsertV2",
          .signature = "table_handle: resource, keys: Tin, values: Tout -> ; Tin: {int64}; Tout: {float}",
          .infer = est__infer_none, .cpu = insert_cpu, .flags = EST_OP_STATEFUL | EST_OP_ASSIGNS },
        { .tf_name = "LookupTableExportV2",
          .signature = "table_handle: resource -> keys: Tkeys, values: Tvalues; Tkeys: {int64}; Tvalues: {float}",
          .infer = infer_export, .cpu = export_cpu, .grad = est__grad_none, .flags = EST_OP_STATEFUL | EST_OP_READS });

static est_status register_part(est_graph *g, est_node *table, const char *suffix, est_dtype dtype, int64_t width)
{
    const char *name = est__arena_printf(&g->arena, "%s%s", est_node_name(table), suffix);
    est__graph_variable v = { .name = name, .handle = table, .dtype = dtype, .shape = EST_SHAPE(BUCKETS, width), .grows = true };
    if (name == NULL)
        return est__fail_memory(64);
    v.initial_value = est_fill(g, est_constant_ints(g, EST_INT32, EST_INTS(BUCKETS, width)), est_constant_int(g, dtype, 0));
    return est__graph_add_variable(g, &v);
}

est_node *est__mutable_table(est_graph *g, const char *name, int64_t width)
{
    est_node *keys[] = { est_constant_ints(g, EST_INT64, EST_INTS(0, 0)), est_constant_ints(g, EST_INT64, EST_INTS(1, 1)) };
    est_shape value = EST_SHAPE(width);
    if (est_graph_status(g) != EST_OK)
        return &g->nil;
    est_operation *op = est__graph_add(g, "MutableDenseHashTableV2", name, (est_nodes){ keys, 2 },
                                       EST_ATTRS(EST_TYPE_ATTR("value_dtype", EST_FLOAT), EST_SHAPE_ATTR("value_shape", &value),
                                                 EST_BOOL_ATTR("use_node_name_sharing", true), EST_INT_ATTR("initial_num_buckets", BUCKETS)));
    if (op == NULL)
        return &g->nil;
    est_status st = register_part(g, &op->output[0], "-keys", EST_INT64, 2);
    if (st == EST_OK)
        st = register_part(g, &op->output[0], "-values", EST_FLOAT, width);
    return st == EST_OK ? &op->output[0] : est__spoil(g, st);
}
