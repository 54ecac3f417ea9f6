/* The set of columns: it owns them, keeps the first error, and lives as long as anybody who was given one
 * of its columns. */
#include <stdatomic.h>
#include <stdlib.h>

#include "feature_columns/columns.h"

struct est_columns {
    atomic_int owners;
    est__arena arena;     /* columns, their options, the specs made of them */
    est__error error;
    est_column nil;
};

/* What builders return when there was no memory even for the set. */
static est_column no_column;

est_columns *est_columns_new(void)
{
    est_columns *c = est__calloc(1, sizeof *c);
    if (!c)
        return NULL;
    atomic_init(&c->owners, 1);
    c->nil.set = c;
    c->nil.name = c->nil.key = "";
    return c;
}

est_columns *est__columns_retain(est_columns *c)
{
    if (c)
        atomic_fetch_add(&c->owners, 1);
    return c;
}

void est_columns_free(est_columns *c)
{
    if (!c || atomic_fetch_sub(&c->owners, 1) != 1)
        return;
    est__arena_free(&c->arena);
    est__free(c);
}

est_status est_columns_status(const est_columns *c)
{
    if (!c)
        return est__fail_memory(sizeof *c);
    return c->error.status == EST_OK ? EST_OK : est__error_give(&c->error);
}

est_columns *est__columns_of(const est_column *column)
{
    return column ? column->set : NULL;
}

est__arena *est__columns_arena(est_columns *c)
{
    return &c->arena;
}

static est_column *spoil(est_columns *c, est_status status)
{
    if (c->error.status == EST_OK)
        est__error_take(&c->error, status);
    return &c->nil;
}

est_status est__column_fail(const est_column *c, const char *format, ...)
{
    char text[768];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!*c->key)
        return est__fail(EST_INVALID_ARGUMENT, "%s: %s", c->kind->name, text);
    return est__fail(EST_INVALID_ARGUMENT, "%s '%s': %s", c->kind->name, c->key, text);
}

est_status est__column_alloc(est_column *c, size_t size, void *out_pointer)
{
    void *p = est__arena_alloc(&c->set->arena, size);
    if (!p)
        return est__fail_memory(size);
    memcpy(out_pointer, &p, sizeof p);
    return EST_OK;
}

est_status est__column_adopt(const est_column *c, const char *field, const est_column *inner)
{
    if (inner->set != c->set)
        return est__column_fail(c, "%s is a column of another set; a set's columns are made of its own",
                                field);
    return EST_OK;
}

est_status est__column_check_categorical(const est_column *c, const char *field, const est_column *inner)
{
    EST_TRY(est__column_adopt(c, field, inner));
    if (inner->kind->ids)
        return EST_OK;
    return est__column_fail(c, "%s is a %s; it must be categorical%s", field, inner->kind->name,
                            inner->kind == &est__column_numeric ? ": make it a bucketized_column" : "");
}

est_status est__column_name_after(est_column *c, const est_column *inner, const char *suffix)
{
    c->key = inner->key;
    c->sequence = inner->sequence;
    c->name = est__arena_printf(&c->set->arena, "%s%s", inner->name, suffix);
    return c->name ? EST_OK : est__fail_memory(strlen(inner->name));
}

est_status est__column_check_default(const est_column *c, est_ints default_value)
{
    if (default_value.count > 1)
        return est__column_fail(c, "default_value has %zu numbers; it takes one", default_value.count);
    return EST_OK;
}

static const est_column_kind *find_kind(const char *name)
{
    for (const est_column_kind *const *k = est__column_kinds; name && *k; k++)
        if (strcmp((*k)->name, name) == 0)
            return *k;
    return NULL;
}

const est_field *est_column_fields(const char *kind, size_t *options_size)
{
    const est_column_kind *k = find_kind(kind);
    if (!k)
        return NULL;
    if (options_size)
        *options_size = k->options_size;
    return k->fields;
}

static est_status unknown_kind(const char *kind)
{
    const char *const *kinds = est_column_kinds();
    size_t count = 0;
    while (kinds[count])
        count++;
    const char *near = kind ? est__nearest(kind, kinds, count) : NULL;
    return est__fail(EST_INVALID_ARGUMENT, "'%s' is no feature column%s%s%s", kind ? kind : "(NULL)",
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static est_status fill(est_column *c, const char *key, const void *options, size_t size)
{
    char where[256];
    void *filled = NULL;
    if (c->kind->keyless && key && *key)
        return est__fail(EST_INVALID_ARGUMENT, "%s: it takes no key, found '%s'", c->kind->name, key);
    if (!c->kind->keyless && (!key || !*key))
        return est__fail(EST_INVALID_ARGUMENT, "%s: the key is empty; it must name a feature", c->kind->name);
    c->name = c->key = est__arena_strdup(&c->set->arena, key ? key : "");
    if (!c->key)
        return est__fail_memory(1);
    EST_TRY(est__column_alloc(c, c->kind->options_size, &filled));
    c->options = filled;
    const char *quote = *c->key ? "'" : "";
    snprintf(where, sizeof where, "%s%s%s%s%s", c->kind->name, *quote ? " " : "", quote, c->key, quote);
    EST_TRY(est__fields_apply(c->kind->fields, where, options, size, filled, c->kind->options_size));
    EST_TRY(est__fields_copy(c->kind->fields, filled, &c->set->arena));
    return c->kind->check(c);
}

est_column *est_column_new(est_columns *c, const char *kind, const char *key, const void *options,
                           size_t size)
{
    const est_column_kind *k = find_kind(kind);
    if (!c)
        return &no_column;
    if (c->error.status != EST_OK)
        return &c->nil;
    if (!k)
        return spoil(c, unknown_kind(kind));
    est_column *column = est__arena_alloc(&c->arena, sizeof *column);
    if (!column)
        return spoil(c, est__fail_memory(sizeof *column));
    column->self = column;
    column->set = c;
    column->kind = k;
    column->sequence = k->sequence ? column : NULL;
    est_status st = fill(column, key, options, size);
    return st == EST_OK ? column : spoil(c, st);
}

const char *est_column_name(const est_column *column)
{
    return column && column->name ? column->name : "";
}

bool est_column_is_categorical(const est_column *column)
{
    return column && column->kind && !column->sequence && column->kind->ids && !column->kind->dense;
}

const char *est_column_key(const est_column *column)
{
    return column && column->key ? column->key : "";
}

est_column *est_numeric_column_sized(est_columns *c, const char *key,
                                     const est_numeric_column_options *options, size_t size)
{
    return est_column_new(c, "numeric_column", key, options, size);
}

est_column *est_categorical_column_with_identity_sized(est_columns *c, const char *key,
                                                       const est_identity_options *options, size_t size)
{
    return est_column_new(c, "categorical_column_with_identity", key, options, size);
}

est_column *est_categorical_column_with_vocabulary_list_sized(est_columns *c, const char *key,
                                                              const est_vocabulary_list_options *options,
                                                              size_t size)
{
    return est_column_new(c, "categorical_column_with_vocabulary_list", key, options, size);
}

est_column *est_categorical_column_with_vocabulary_file_sized(est_columns *c, const char *key,
                                                              const est_vocabulary_file_options *options,
                                                              size_t size)
{
    return est_column_new(c, "categorical_column_with_vocabulary_file", key, options, size);
}

est_column *est_categorical_column_with_hash_bucket_sized(est_columns *c, const char *key,
                                                          const est_hash_bucket_options *options, size_t size)
{
    return est_column_new(c, "categorical_column_with_hash_bucket", key, options, size);
}

est_column *est_bucketized_column_sized(est_columns *c, const est_bucketized_options *options, size_t size)
{
    return est_column_new(c, "bucketized_column", NULL, options, size);
}

est_column *est_crossed_column_sized(est_columns *c, const est_crossed_options *options, size_t size)
{
    return est_column_new(c, "crossed_column", NULL, options, size);
}

est_column *est_weighted_categorical_column_sized(est_columns *c, const est_weighted_categorical_options *options,
                                                  size_t size)
{
    return est_column_new(c, "weighted_categorical_column", NULL, options, size);
}

est_column *est_sequence_categorical_column_with_identity_sized(est_columns *c, const char *key,
                                                                const est_identity_options *options, size_t size)
{
    return est_column_new(c, "sequence_categorical_column_with_identity", key, options, size);
}

est_column *est_sequence_categorical_column_with_hash_bucket_sized(est_columns *c, const char *key,
                                                                   const est_hash_bucket_options *options,
                                                                   size_t size)
{
    return est_column_new(c, "sequence_categorical_column_with_hash_bucket", key, options, size);
}

est_column *est_sequence_categorical_column_with_vocabulary_list_sized(est_columns *c, const char *key,
                                                                       const est_vocabulary_list_options *options,
                                                                       size_t size)
{
    return est_column_new(c, "sequence_categorical_column_with_vocabulary_list", key, options, size);
}

est_column *est_sequence_categorical_column_with_vocabulary_file_sized(est_columns *c, const char *key,
                                                                       const est_vocabulary_file_options *options,
                                                                       size_t size)
{
    return est_column_new(c, "sequence_categorical_column_with_vocabulary_file", key, options, size);
}

est_column *est_sequence_numeric_column_sized(est_columns *c, const char *key,
                                              const est_sequence_numeric_options *options, size_t size)
{
    return est_column_new(c, "sequence_numeric_column", key, options, size);
}

void est__column_clean(est__buffer *b, const char *name)
{
    for (; *name; name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                     (*name >= '0' && *name <= '9') || strchr("_.-", *name);
        if (((unsigned char)*name & 0xc0) != 0x80)   /* one "_" for all bytes of a character */
            est__buffer_bytes(b, plain ? name : "_", 1);
    }
}

void est__column_begin_scope(est_graph *g, const char *scope, const char *name)
{
    est__buffer full = { 0 };
    est__buffer_text(&full, scope);
    est__column_clean(&full, name);
    if (full.status == EST_OK)
        est_graph_begin_scope(g, full.data);
    else
        est__spoil(g, full.status);
    est__buffer_free(&full);
}

est_column *est_indicator_column_sized(est_columns *c, const est_indicator_options *options, size_t size)
{
    return est_column_new(c, "indicator_column", NULL, options, size);
}

est_column *est_embedding_column_sized(est_columns *c, const est_embedding_options *options, size_t size)
{
    return est_column_new(c, "embedding_column", NULL, options, size);
}

est_column *est_shared_embeddings_sized(est_columns *c, const est_shared_embeddings_options *options,
                                        size_t size)
{
    return est_column_new(c, "shared_embeddings", NULL, options, size);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const est_column *const *)a)->name, (*(const est_column *const *)b)->name);
}

static est_status check_list(est_column_list columns, const char *where)
{
    if (columns.count == 0 || !columns.data)
        return est__fail(EST_INVALID_ARGUMENT, "%s is empty; it must hold at least one column", where);
    for (size_t i = 0; i < columns.count; i++) {
        const est_column *c = columns.data[i];
        if (!c)
            return est__fail(EST_INVALID_ARGUMENT, "%s[%zu] is NULL; it must be a column", where, i);
        est_status st = est_columns_status(c->set);
        if (st != EST_OK)
            return est__fail_in(st, "%s[%zu]", where, i);
    }
    return EST_OK;
}

est_column_list est_column_parts(const est_column *column)
{
    if (!column || !column->kind)
        return (est_column_list){ 0 };
    return column->kind->parts ? column->kind->parts(column) : (est_column_list){ &column->self, 1 };
}

/* The place in the caller's list of what gave that column. */
static size_t place_of(est_column_list columns, const est_column *c, size_t from)
{
    for (;; from++) {
        est_column_list parts = est_column_parts(columns.data[from]);
        for (size_t i = 0; i < parts.count; i++)
            if (parts.data[i] == c)
                return from;
    }
}

static est_status fail_twice(est_column_list columns, const char *where, const est_column *x,
                             const est_column *y)
{
    size_t a = place_of(columns, x, 0), b = place_of(columns, y, y == x ? a + 1 : 0);
    return est__fail(EST_INVALID_ARGUMENT,
                     "%s[%zu] and [%zu] are both named '%s'; a model takes each name once", where,
                     a < b ? a : b, a < b ? b : a, y->name);
}

est_status est__columns_sorted(est_column_list columns, const char *where, const est_column ***out,
                               size_t *count)
{
    *out = NULL;
    *count = 0;
    EST_TRY(check_list(columns, where));
    size_t n = 0;
    for (size_t i = 0; i < columns.count; i++)
        n += est_column_parts(columns.data[i]).count;
    const est_column **sorted = est__calloc(n, sizeof *sorted);
    if (!sorted)
        return est__fail_memory(n * sizeof *sorted);
    for (size_t i = 0; i < columns.count; i++) {
        est_column_list parts = est_column_parts(columns.data[i]);
        for (size_t j = 0; j < parts.count; j++)
            sorted[(*count)++] = parts.data[j];
    }
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0) {
            est_status st = fail_twice(columns, where, sorted[i - 1], sorted[i]);
            est__free(sorted);
            return st;
        }
    *out = sorted;
    return EST_OK;
}

void est__column_value_name(const est_column *c, int64_t i, est__buffer *b)
{
    est__buffer_text(b, c->name);
    size_t before = b->size;
    if (c->kind->value_name)
        c->kind->value_name(c, i, b);
    if (b->size == before && c->kind->width(c) > 1)
        est__buffer_printf(b, ":%lld", (long long)i);
}
