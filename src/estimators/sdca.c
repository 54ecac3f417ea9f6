/* LinearSDCA: the step of a linear model, in TensorFlow's own ops and names (tf.estimator's linear.py and sdca_ops.py). Beside each
 * variable w stands w_unshrunk, before the proximal step; the state of examples is in tables by the fingerprints of their names. Only
 * the rows that a batch names are touched. */
#include "estimators/sdca.h"

#include <estimator/ops.h>

#include "feature_columns/columns.h"
#include "heads/head.h"
#include "ops/lookup_table.h"

enum { STATE = 4 };       /* of an example: dual, primal loss, dual loss, weight */

bool est__is_sdca(const est_optimizer *o)
{
    return o && strcmp(est_optimizer_name(o), "LinearSDCA") == 0;
}

static const char *loss_type(const est_head *h)
{
    const char *kind = h->kind->name;
    return strcmp(kind, "BinaryClassHead") == 0 ? "logistic_loss" : strcmp(kind, "RegressionHead") == 0 ? "squared_loss" : NULL;
}

est_status est__sdca_check(const char *estimator, est_head *head, const char *combiner, const est_warm_start_settings *warm_start)
{
    if (loss_type(head) == NULL || est_head_logits_dimension(head) != 1 || head->options.loss_fn)
        return est__fail(EST_INVALID_ARGUMENT, "%s: LinearSDCA takes two classes or one label, and the head's own loss; this is a %s "
                         "of %lld logits%s", estimator, head->kind->name, (long long)est_head_logits_dimension(head),
                         head->options.loss_fn ? " with a loss_fn" : "");
    if (strcmp(combiner, "sum") != 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: LinearSDCA takes the sparse_combiner 'sum', not '%s'", estimator, combiner);
    if (warm_start)
        return est__fail(EST_INVALID_ARGUMENT, "%s: LinearSDCA starts from weights of 0, as its dual variables do: leave out "
                         "warm_start_from, or take another optimizer", estimator);
    return EST_OK;
}

/* A column on its way into SdcaOptimizerV2; `ids` NULL: a dense one. */
typedef struct column {
    est_node *weights, *unshrunk;     /* handles */
    est_node *examples, *ids, *values, *distinct;
    est_node *x;
} column;

typedef struct step {
    est_graph *g;
    const est__sdca_model *m;
    column *column;                   /* the sparse ones, the dense ones, the bias */
    size_t sparse, dense;
    est_node *fprint;                 /* of the examples, [n, 2] */
    est_node *update;                 /* SdcaOptimizerV2 */
    est_node *all;
} step;

/* The model's variable of a column (NULL: the bias), and its twin. */
static void find_variable(const step *s, const char *name, column *c)
{
    est__buffer full = { 0 };
    est__buffer_text(&full, s->m->scope);
    if (name)
        est__column_clean(&full, name);
    est__buffer_text(&full, name ? "/weights" : "bias_weights");
    const est__graph_variable *v = full.status == EST_OK ? est__graph_find_variable(s->g, full.data) : NULL;
    if (v == NULL) {
        c->weights = c->unshrunk = est__graph_fail(s->g, EST_NOT_FOUND, "LinearSDCA: there is no variable '%s'", full.data);
    } else {
        est_shape shape = v->shape;
        c->weights = v->handle;
        est__buffer_text(&full, "_unshrunk");
        c->unshrunk = full.status == EST_OK ? est_variable(s->g, full.data, &(est_variable_options){ .shape = shape, .not_trainable = true })
                                            : est__spoil(s->g, full.status);
    }
    est__buffer_free(&full);
}

static void add_sparse(step *s, const est_column *c)
{
    est_graph *g = s->g;
    column *to = &s->column[s->sparse++];
    est__ids in = c->kind->ids(g, s->m->features, c);
    est_node *all[] = { in.indices, in.values, in.weights };
    est_node *ids = est_op(g, "EstSdcaIds", NULL, (est_nodes){ all, in.weights ? 3 : 2 },
                           EST_ATTRS(EST_INT_ATTR("N", in.weights != NULL)));
    find_variable(s, c->name, to);
    if (est_graph_status(g) != EST_OK)
        return;
    to->examples = ids;
    to->ids = est_node_output(ids, 1);
    to->values = est_node_output(ids, 2);
    to->distinct = est_op(g, "Unique", NULL, EST_NODES(to->ids), EST_NO_ATTRS);
}

static void add_dense(step *s, const est_column *c)
{
    est__layer layer = { .scope = s->m->scope, .trains_all = true };
    column *to = &s->column[s->sparse + s->dense++];
    to->x = c->kind->dense(s->g, s->m->features, c, &layer);
    find_variable(s, c->name, to);
}

/* What holds 1 for each example. */
static est_node *ones(step *s)
{
    return est_ones_like(s->g, est_reshape(s->g, s->m->spec->labels, EST_INTS(-1, 1)));
}

/* The categorical columns in the order of their names, then the dense ones, then the bias. */
static void add_columns(step *s, const est_column *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i]->kind->ids)
            add_sparse(s, list[i]);
    for (size_t i = 0; i < count; i++)
        if (!list[i]->kind->ids)
            add_dense(s, list[i]);
    column *bias = &s->column[s->sparse + s->dense++];
    bias->x = ones(s);
    find_variable(s, NULL, bias);
}

static est_node *names_of_examples(const step *s)
{
    const char *key = s->m->options->example_id_column;
    const est_feature_nodes *f = est_features_find(s->m->features, key);
    if (f == NULL)
        return est__graph_fail(s->g, EST_INVALID_ARGUMENT, "LinearSDCA: the data hold no example_id_column '%s'", key);
    if (f->indices || est_node_dtype(f->value) != EST_STRING)
        return est__graph_fail(s->g, EST_INVALID_ARGUMENT, "LinearSDCA: example_id_column '%s' must be one string an example", key);
    return est_reshape(s->g, f->value, EST_INTS(-1));
}

/* ---- the tables: an example is in the one that its fingerprint says ---- */
typedef struct shard { est_node *table, *rows; } shard;      /* rows NULL: all */

static shard shard_of(const step *s, int64_t i)
{
    est_graph *g = s->g;
    int64_t n = s->m->options->num_table_shards;
    const char *name = est__arena_printf(&g->arena, "ShardedMutableHashTable-%lld-of-%lld", (long long)(i + 1), (long long)n);
    shard found = { .table = name ? est__mutable_table(g, name, STATE) : est__spoil(g, est__fail_memory(64)) };
    if (n > 1) {
        est_node *low = est_reshape(g, est_slice(g, s->fprint, EST_INTS(0, 0), EST_INTS(-1, 1)), EST_INTS(-1));
        est_node *place = est_floor_mod(g, est_abs(g, low), est_constant_int(g, EST_INT64, n));
        est_node *here = est_op(g, "Where", NULL, EST_NODES(est_equal(g, place, est_constant_int(g, EST_INT64, i))), EST_NO_ATTRS);
        found.rows = est_reshape(g, here, EST_INTS(-1));
    }
    return found;
}

static est_node *keys_of(const step *s, shard t)
{
    return t.rows ? est_gather(s->g, s->fprint, t.rows, 0) : s->fprint;
}

/* The rows that each table has, where they belong. */
static est_node *find_state(const step *s, const shard *t)
{
    est_graph *g = s->g;
    int64_t n = s->m->options->num_table_shards;
    est_node *missing = est_fill(g, est_constant_ints(g, EST_INT32, EST_INTS(STATE)), est_constant_float(g, 0)), *sum = NULL;
    est_node *shape = est_concat(g, EST_NODES(est_slice(g, est_shape_of_node(g, s->fprint), EST_INTS(0), EST_INTS(1)),
                                              est_constant_ints(g, EST_INT32, EST_INTS(STATE))), 0);
    for (int64_t i = 0; i < n; i++) {
        est_node *found = est_table_find(g, t[i].table, keys_of(s, t[i]), missing);
        if (t[i].rows)
            found = est_op(g, "ScatterNd", NULL, EST_NODES(est_cast(g, est_expand_dims(g, t[i].rows, 1), EST_INT32), found, shape),
                           EST_NO_ATTRS);
        sum = sum ? est_add(g, sum, found) : found;
    }
    return sum;
}

static void keep_state(const step *s, const shard *t)
{
    est_graph *g = s->g;
    for (int64_t i = 0; i < s->m->options->num_table_shards; i++) {
        est_node *state = t[i].rows ? est_gather(g, s->update, t[i].rows, 0) : s->update;
        est_node_after(s->all, est_op(g, "LookupTableInsertV2", NULL, EST_NODES(t[i].table, keys_of(s, t[i]), state), EST_NO_ATTRS));
    }
}

/* ---- the step ---- */
static est_node *make_update(const step *s, est_node *state)
{
    const est_linear_sdca_options *o = s->m->options;
    const est_spec *spec = s->m->spec;
    est_graph *g = s->g;
    size_t all = s->sparse + s->dense, n = 0;
    est_node **in = est__arena_alloc(&g->arena, (5 * s->sparse + 2 * s->dense + 3) * sizeof *in);
    if (in == NULL)
        return est__spoil(g, est__fail_memory(all * sizeof *in));
    est_node *weights = spec->loss_weights ? est_reshape(g, spec->loss_weights, EST_INTS(-1)) : est_reshape(g, s->column[all - 1].x, EST_INTS(-1));
    for (size_t i = 0; i < s->sparse; i++) {
        in[i] = s->column[i].examples;
        in[s->sparse + i] = s->column[i].ids;
        in[2 * s->sparse + i] = s->column[i].values;
    }
    n = 3 * s->sparse;
    for (size_t i = s->sparse; i < all; i++)
        in[n++] = s->column[i].x;
    in[n++] = weights;
    in[n++] = est_reshape(g, spec->labels, EST_INTS(-1));
    for (size_t i = 0; i < s->sparse; i++)
        in[n++] = s->column[i].distinct;
    for (size_t i = 0; i < s->sparse; i++)
        in[n++] = est_op(g, "ResourceGather", NULL, EST_NODES(s->column[i].unshrunk, s->column[i].distinct),
                         EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    for (size_t i = s->sparse; i < all; i++)
        in[n++] = est_read(g, s->column[i].unshrunk);
    in[n++] = state;
    int64_t sparse = (int64_t)s->sparse, dense = (int64_t)s->dense;
    return est_op(g, "SdcaOptimizerV2", NULL, (est_nodes){ in, n },
                  EST_ATTRS(EST_STRING_ATTR("loss_type", loss_type(s->m->head)), EST_BOOL_ATTR("adaptive", o->adaptive),
                            EST_INT_ATTR("num_sparse_features", sparse), EST_INT_ATTR("num_sparse_features_with_values", sparse),
                            EST_INT_ATTR("num_dense_features", dense), EST_FLOAT_ATTR("l1", o->symmetric_l1_regularization),
                            EST_FLOAT_ATTR("l2", o->symmetric_l2_regularization),
                            EST_INT_ATTR("num_loss_partitions", o->num_loss_partitions), EST_INT_ATTR("num_inner_iterations", 1)));
}

/* The proximal step: nearer to 0 by l1 / l2. */
static est_node *shrunk(const step *s, est_node *w)
{
    est_graph *g = s->g;
    double by = s->m->options->symmetric_l1_regularization / s->m->options->symmetric_l2_regularization;
    if (by == 0)
        return w;
    est_node *size = est_maximum(g, est_sub(g, est_abs(g, w), est_constant_float(g, by)), est_constant_float(g, 0));
    return est_where(g, est_less(g, w, est_constant_float(g, 0)), est_neg(g, size), size);
}

static void move_weights(const step *s, const column *c, est_node *delta)
{
    est_graph *g = s->g;
    est_node *old = c->ids ? est_op(g, "ResourceGather", NULL, EST_NODES(c->unshrunk, c->distinct), EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)))
                           : est_read(g, c->unshrunk);
    est_node *now = est_add(g, old, delta);
    est_node *const to[] = { c->unshrunk, c->weights }, *const value[] = { now, shrunk(s, now) };
    for (int i = 0; i < 2; i++)
        est_node_after(s->all, c->ids ? est_op(g, "ResourceScatterUpdate", NULL, EST_NODES(to[i], c->distinct, value[i]), EST_NO_ATTRS)
                                      : est_op(g, "AssignVariableOp", NULL, EST_NODES(to[i], value[i]), EST_NO_ATTRS));
}

/* ---- what TensorFlow summarises ---- */
static est_node *to_double(est_graph *g, est_node *x)
{
    return est_cast(g, x, EST_DOUBLE);
}

static est_node *regularization(const step *s)
{
    est_graph *g = s->g;
    const est_linear_sdca_options *o = s->m->options;
    est_node *sum = NULL;
    for (size_t i = 0; i < s->sparse + s->dense; i++) {
        est_node *w = to_double(g, est_reshape(g, est_read(g, s->column[i].weights), EST_INTS(-1)));
        est_node *l1 = est_reduce_sum(g, est_abs(g, w), EST_INTS(0), false), *l2 = est_reduce_sum(g, est_square(g, w), EST_INTS(0), false);
        est_node *both = est_add(g, est_mul(g, l1, to_double(g, est_constant_float(g, o->symmetric_l1_regularization))),
                                 est_mul(g, l2, to_double(g, est_constant_float(g, o->symmetric_l2_regularization))));
        sum = sum ? est_add(g, sum, both) : both;
    }
    return sum;
}

static void summarise(const step *s, const shard *t)
{
    est_graph *g = s->g;
    est_node *sums = NULL, *seen = NULL;
    for (int64_t i = 0; i < s->m->options->num_table_shards; i++) {
        est_node *rows = est_op(g, "LookupTableExportV2", NULL, EST_NODES(t[i].table), EST_ATTRS(EST_TYPE_ATTR("Tkeys", EST_INT64),
                                                                                               EST_TYPE_ATTR("Tvalues", EST_FLOAT)));
        est_node *size = est_op(g, "LookupTableSizeV2", NULL, EST_NODES(t[i].table), EST_NO_ATTRS);
        if (est_graph_status(g) != EST_OK)
            return;
        est_node *sum = est_reduce_sum(g, to_double(g, est_node_output(rows, 1)), EST_INTS(0), false);
        sums = sums ? est_add(g, sums, sum) : sum;
        seen = seen ? est_add(g, seen, size) : size;
    }
    est_node *primal = est_strided_slice(g, sums, EST_INTS(1), EST_INTS(2), EST_INTS(1), 1);
    est_node *dual = est_strided_slice(g, sums, EST_INTS(2), EST_INTS(3), EST_INTS(1), 1);
    est_node *weight = est_strided_slice(g, sums, EST_INTS(3), EST_INTS(4), EST_INTS(1), 1);
    est_node *gap = est_div(g, est_add(g, est_add(g, primal, dual), regularization(s)), weight);
    est_spec_scalar_summary(s->m->spec, "approximate_duality_gap", est_cast(g, gap, EST_FLOAT));
    est_spec_scalar_summary(s->m->spec, "examples_seen", est_cast(g, seen, EST_FLOAT));
}

static void build(step *s, est_node *global_step)
{
    est_graph *g = s->g;
    int64_t n = s->m->options->num_table_shards;
    shard *tables = est__arena_alloc(&g->arena, (size_t)n * sizeof *tables);
    s->fprint = est_op(g, "SdcaFprint", NULL, EST_NODES(names_of_examples(s)), EST_NO_ATTRS);
    if (tables == NULL)
        est__spoil(g, est__fail_memory((size_t)n * sizeof *tables));
    for (int64_t i = 0; i < n && tables; i++)
        tables[i] = shard_of(s, i);
    if (est_graph_status(g) != EST_OK)
        return;
    s->update = make_update(s, find_state(s, tables));
    if (est_graph_status(g) != EST_OK)
        return;
    keep_state(s, tables);
    for (size_t i = 0; i < s->sparse + s->dense; i++)
        move_weights(s, &s->column[i], est_node_output(s->update, (int)i + 1));
    est_node_after(s->all, est_op(g, "AssignAddVariableOp", NULL, EST_NODES(global_step, est_constant_int(g, EST_INT64, 1)), EST_NO_ATTRS));
    summarise(s, tables);
}

est_node *est__sdca_train_op(est_graph *g, est_node *loss, est_node *global_step, void *user)
{
    const est__sdca_model *m = user;
    const est_column **list;
    size_t count;
    (void)loss;
    if (est__columns_sorted(m->columns, "feature_columns", &list, &count) != EST_OK)
        return est__spoil(g, EST_INVALID_ARGUMENT);
    step s = { .g = g, .m = m, .column = est__calloc(count + 1, sizeof *s.column) };
    est_graph_begin_scope(g, "sdca/minimize");
    s.all = est_op(g, "NoOp", "train", (est_nodes){ 0 }, EST_NO_ATTRS);
    if (s.column) {
        add_columns(&s, list, count);
        build(&s, global_step);
    } else {
        est__spoil(g, est__fail_memory(count * sizeof *s.column));
    }
    est_graph_end_scope(g);
    est__free(s.column);
    est__free(list);
    return s.all;
}
