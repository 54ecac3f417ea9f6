/* shared_embeddings: one table for several categorical columns. What is made is one column that stands for as
 * many as there are categorical ones; models see these. */
#include <math.h>
#include <stdlib.h>

#include "feature_columns/table.h"

static const est_field fields[] = {
    EST_FIELD(est_shared_embeddings_options, COLUMNS, categorical_columns, .needed = true,
              .doc = "categorical columns of one kind and one number of ids"),
    EST__TABLE_FIELDS(est_shared_embeddings_options),
    EST_FIELD(est_shared_embeddings_options, STRING, shared_embedding_collection_name, .def_text = NULL,
              .doc =
                  "the table's name; the columns' names, sorted, with _ between them, and _shared_embedding"),
    EST__TABLE_MORE_FIELDS(est_shared_embeddings_options, "tf.estimator trains no shared table all the same: see trained"),
    EST_FIELD(est_shared_embeddings_options, BOOL, trained,
              .doc = "the table is trained, which tf.estimator forgets"),
    { 0 }
};

/* Of the whole; its columns have it as their state, too. */
typedef struct state {
    const est_shared_embeddings_options *options;
    const char *table; /* the variable's name */
    est_column **part;
    bool warned;
} state;

static est__embedding_table table_of(const state *s, const est_column *categorical)
{
    const est_shared_embeddings_options *o = s->options;
    est__embedding_table t = EST__TABLE_OF(o, categorical);
    t.trained = o->trained && !o->not_trainable;
    t.owner = s;
    return t;
}

/* ---- one of the columns; its options are the categorical column ---- */
static est_status part_spec(const est_column *c, est__spec_builder *b)
{
    const est_column *inner = c->options;
    return inner->kind->parse_spec(inner, b);
}

static est_node *part_dense(est_graph *g, const est_features *f, const est_column *c, const est__layer *layer)
{
    state *s = (state *)(uintptr_t)c->state;
    est__embedding_table t = table_of(s, c->options);
    (void)layer;
    if (!t.trained && !s->options->not_trainable && !s->warned) {
        s->warned = true;
        est__log(EST_LOG_WARNING,
                 "the table '%s' is not trained, as tf.estimator's shared embeddings are not; "
                 "trained: true mends it",
                 s->table);
    }
    return est__table_lookup(g, f, c, &t, s->table);
}

static int64_t part_width(const est_column *c)
{
    return ((const state *)c->state)->options->dimension;
}

static const est_column_kind part_kind = {
    .name = "shared_embeddings", .parse_spec = part_spec, .dense = part_dense, .width = part_width
};

/* ---- the whole ---- */
/* Weighted columns share a table with columns that are not. */
static const est_column_kind *plain_kind(const est_column *c)
{
    while (c->kind == &est__column_weighted)
        c = ((const est_weighted_categorical_options *)c->options)->categorical_column;
    return c->kind;
}

static est_status check_columns(const est_column *c, est_column_list columns)
{
    const est_column *first = columns.data[0];
    for (size_t i = 0; i < columns.count; i++) {
        const est_column *column = columns.data[i];
        char field[48];
        snprintf(field, sizeof field, "categorical_columns[%zu]", i);
        if (!column)
            return est__column_fail(c, "%s is NULL; it must be a column", field);
        EST_TRY(est__column_check_categorical(c, field, column));
        if (plain_kind(column) != plain_kind(first))
            return est__column_fail(c, "%s is a %s, the first is a %s; columns of one kind share a table",
                                    field, column->kind->name, first->kind->name);
        if (column->kind->width(column) != first->kind->width(first))
            return est__column_fail(
                c, "%s has %lld ids, the first has %lld; columns of one size share a table", field,
                (long long)column->kind->width(column), (long long)first->kind->width(first));
    }
    return EST_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const est_column *const *)a)->name, (*(const est_column *const *)b)->name);
}

/* "<a>_<b>_shared_embedding", the names sorted. */
static est_status set_name(est_column *c, const est_shared_embeddings_options *o, state *s)
{
    const est_column **sorted;
    est__buffer name = { 0 };
    size_t n = o->categorical_columns.count;
    EST_TRY(est__column_alloc(c, n * sizeof *sorted, &sorted));
    memcpy(sorted, o->categorical_columns.data, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 0; i < n && !o->shared_embedding_collection_name; i++)
        est__buffer_printf(&name, "%s_", sorted[i]->name);
    est__buffer_text(&name, o->shared_embedding_collection_name ? o->shared_embedding_collection_name
                                                                : "shared_embedding");
    c->name = name.status == EST_OK ? est__arena_strdup(est__columns_arena(c->set), name.data) : NULL;
    est__buffer_free(&name);
    c->key = s->table = c->name;
    return c->name ? EST_OK : est__fail_memory(n);
}

static est_status make_parts(est_column *c, est_column_list columns, state *s)
{
    EST_TRY(est__column_alloc(c, columns.count * sizeof *s->part, &s->part));
    for (size_t i = 0; i < columns.count; i++) {
        est_column *part;
        EST_TRY(est__column_alloc(c, sizeof *part, &part));
        *part = (est_column){
            .self = part, .set = c->set, .kind = &part_kind, .options = columns.data[i], .state = s
        };
        EST_TRY(est__column_name_after(part, columns.data[i], "_shared_embedding"));
        s->part[i] = part;
    }
    return EST_OK;
}

static est_status check(est_column *c)
{
    const est_shared_embeddings_options *o = c->options;
    state *s;
    EST_TRY(check_columns(c, o->categorical_columns));
    EST_TRY(est__column_alloc(c, sizeof *s, &s));
    s->options = o;
    c->state = s;
    EST_TRY(set_name(c, o, s));
    est__embedding_table t = table_of(s, o->categorical_columns.data[0]);
    EST_TRY(est__table_check(c, &t));
    return make_parts(c, o->categorical_columns, s);
}

static est_column_list parts(const est_column *c)
{
    const state *s = c->state;
    return (est_column_list){ s->part, s->options->categorical_columns.count };
}

static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    est_column_list all = parts(c);
    for (size_t i = 0; i < all.count; i++)
        EST_TRY(part_spec(all.data[i], b));
    return EST_OK;
}

const est_column_kind est__column_shared_embeddings = { .name = "shared_embeddings",
                                                        .fields = fields,
                                                        .options_size = sizeof(est_shared_embeddings_options),
                                                        .keyless = true,
                                                        .check = check,
                                                        .parse_spec = parse_spec,
                                                        .parts = parts };
