/* embedding_column: each id of a categorical column has a row of numbers, which are learned. */
#include <math.h>

#include "feature_columns/table.h"

static const est_field fields[] = {
    EST_FIELD(est_embedding_options, COLUMN, categorical_column, .needed = true,
              .doc = "a categorical, crossed, bucketized or weighted column"),
    EST__TABLE_FIELDS(est_embedding_options),
    EST__TABLE_MORE_FIELDS(est_embedding_options, "tf.estimator's linear models train the table all the same: see frozen"),
    EST_FIELD(est_embedding_options, BOOL, frozen, .doc = "never trained, in linear models neither"),
    { 0 }
};

/* Whether what trainable=False does not do was said. */
typedef struct state {
    bool warned;
} state;

static est_status check(est_column *c)
{
    const est_embedding_options *o = c->options;
    state *s;
    EST_TRY(est__column_check_categorical(c, "categorical_column", o->categorical_column));
    EST_TRY(est__column_name_after(c, o->categorical_column, "_embedding"));
    EST_TRY(est__column_alloc(c, sizeof *s, &s));
    c->state = s;
    est__embedding_table t = EST__TABLE_OF(o, o->categorical_column);
    return est__table_check(c, &t);
}

static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    const est_embedding_options *o = c->options;
    return o->categorical_column->kind->parse_spec(o->categorical_column, b);
}

static est_node *dense(est_graph *g, const est_features *f, const est_column *c, const est__layer *layer)
{
    const est_embedding_options *o = c->options;
    state *s = (state *)(uintptr_t)c->state;
    est__embedding_table t = EST__TABLE_OF(o, o->categorical_column);
    t.trained = !o->frozen && (!o->not_trainable || layer->trains_all);
    if (o->not_trainable && t.trained && !s->warned) {
        s->warned = true;
        est__log(EST_LOG_WARNING,
                 "%s '%s' is trained although trainable is false, as tf.estimator's linear models do; "
                 "frozen: true prevents it",
                 c->kind->name, c->name);
    }
    est__buffer name = { 0 };
    est__buffer_text(&name, layer->scope);
    est__column_clean(&name, c->name);
    est__buffer_text(&name, "/embedding_weights");
    est_node *y =
        name.status == EST_OK ? est__table_lookup(g, f, c, &t, name.data) : est__spoil(g, name.status);
    est__buffer_free(&name);
    return y;
}

static int64_t width(const est_column *c)
{
    return ((const est_embedding_options *)c->options)->dimension;
}

const est_column_kind est__column_embedding = { .name = "embedding_column",
                                                .fields = fields,
                                                .options_size = sizeof(est_embedding_options),
                                                .keyless = true,
                                                .check = check,
                                                .parse_spec = parse_spec,
                                                .dense = dense,
                                                .width = width };
