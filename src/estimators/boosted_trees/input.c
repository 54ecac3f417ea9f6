/* The features of the trees: elements of dense columns, and categorical columns. */
#include <math.h>

#include <estimator/ops.h>

#include "estimators/boosted_trees/boosted_trees.h"

/* Ranges are in order, so their ids are one number; other categories are split by sets. */
static bool is_ranges(const est_column *c)
{
    return c->kind == &est__column_bucketized;
}

static bool by_id(const est_column *c)
{
    return is_ranges(c) || c->kind->dense == NULL;
}

static est_status check_column(const est__boosted *b, const est_column *c)
{
    est_status st = c->sequence ? est__sequence_refuse(c, "boosted trees") : EST_OK;
    if (st == EST_OK && strstr(c->kind->name, "embedding"))
        st = est__fail(EST_INVALID_ARGUMENT, "feature column '%s' is an embedding, which trees do not train: give its categorical column",
                       c->name);
    if (st == EST_OK && is_ranges(c) && c->kind->width(c) != (int64_t)((const est_bucketized_options *)c->options)->boundaries.count + 1)
        st = est__fail(EST_INVALID_ARGUMENT, "feature column '%s' has several elements; trees take bucketized columns of one: give the "
                       "numeric column itself, trees find ranges", c->name);
    if (st == EST_OK && c->kind->dense == NULL && c->kind->width(c) >= 1 << 24)
        st = est__fail(EST_INVALID_ARGUMENT, "feature column '%s' has %lld categories; trees take less than %d", c->name,
                       (long long)c->kind->width(c), 1 << 24);
    return st == EST_OK ? st : est__fail_in(st, "%s", b->name);
}

static est_status add_column(est__boosted *b, const est_column *c)
{
    int64_t width = by_id(c) ? 1 : c->kind->width(c);
    for (int64_t i = 0; i < width; i++) {
        int64_t at = b->num_features++;
        b->feature[at].categorical = by_id(c) && !is_ranges(c);
        b->feature[at].name = width == 1 ? est__arena_strdup(&b->arena, c->name)
                                         : est__arena_printf(&b->arena, "%s:%lld", c->name, (long long)i);
        if (b->feature[at].name == NULL)
            return est__fail_memory(strlen(c->name));
        b->first_id[at] = b->num_ids;
        b->num_ids += b->feature[at].categorical ? c->kind->width(c) : 0;
    }
    return EST_OK;
}

est_status est__boosted_features(est__boosted *b)
{
    const est_column **column;
    size_t count;
    int64_t total = 0;
    est_status st = est__columns_sorted(b->columns, "feature_columns", &column, &count);
    if (st != EST_OK)
        return est__fail_in(st, "%s", b->name);
    for (size_t i = 0; i < count && st == EST_OK; i++) {
        st = check_column(b, column[i]);
        total += st != EST_OK || by_id(column[i]) ? 1 : column[i]->kind->width(column[i]);
    }
    if (st == EST_OK && total > INT32_MAX / 512)
        st = est__fail(EST_INVALID_ARGUMENT, "%s: %lld features; trees take at most %d", b->name, (long long)total, INT32_MAX / 512);
    if (st == EST_OK) {
        b->feature = est__arena_alloc(&b->arena, ((size_t)total + 1) * sizeof *b->feature);
        b->first_id = est__arena_alloc(&b->arena, ((size_t)total + 1) * sizeof *b->first_id);
        st = b->feature && b->first_id ? EST_OK : est__fail_memory((size_t)total * sizeof *b->feature);
    }
    for (size_t i = 0; i < count && st == EST_OK; i++)
        st = add_column(b, column[i]);
    est__free(column);
    return st;
}

/* The first id of each row of the batch, int64; -1 where there is none. */
static est_node *first_ids(est_graph *g, const est_features *f, const est_column *c)
{
    est__ids in = c->kind->ids(g, f, c);
    est_node *zero = est_constant_int(g, EST_INT64, 0), *one = est_constant_int(g, EST_INT64, 1);
    est_node *rows = est_strided_slice(g, in.dense_shape, EST_INTS(0), EST_INTS(1), EST_INTS(1), 1);
    est_node *row = est_gather(g, in.indices, est_constant_int(g, EST_INT32, 0), 1);
    est_node *place = est_gather(g, in.indices, est_constant_int(g, EST_INT32, 1), 1);
    est_node *first = est_where(g, est_equal(g, place, zero), est_add(g, in.values, one), est_zeros_like(g, in.values));
    return est_sub(g, est_op(g, "UnsortedSegmentSum", NULL, EST_NODES(first, row, rows), EST_NO_ATTRS), one);
}

static est_node *id_feature(const est__boosted *b, est_graph *g, const est_features *f, const est_column *c, int64_t feature,
                            est_node *bins)
{
    est_node *zero = est_constant_int(g, EST_INT64, 0), *id = first_ids(g, f, c), *value;
    if (bins && b->feature[feature].categorical)
        value = est_gather(g, bins, est_add(g, est_maximum(g, id, zero), est_constant_int(g, EST_INT64, b->first_id[feature])), 0);
    else
        value = est_cast(g, id, EST_FLOAT);
    value = est_where(g, est_less(g, id, zero), est_constant_float(g, NAN), value);
    return est_expand_dims(g, value, 1);
}

static est_node *build(const est__boosted *b, est_graph *g, const est_features *f, const est_column *const *column, size_t count,
                       est_node *bins)
{
    est__layer layer = { .scope = "boosted_trees/" };
    est_node **part = est__calloc(count, sizeof *part);
    if (part == NULL)
        return est__spoil(g, est__fail_memory(count * sizeof *part));
    for (size_t i = 0, feature = 0; i < count; i++) {
        est__column_begin_scope(g, "", column[i]->name);
        part[i] = by_id(column[i]) ? id_feature(b, g, f, column[i], (int64_t)feature, bins)
                                   : column[i]->kind->dense(g, f, column[i], &layer);
        est_graph_end_scope(g);
        feature += by_id(column[i]) ? 1 : (size_t)column[i]->kind->width(column[i]);
    }
    est_node *x = count == 1 ? part[0] : est_concat(g, (est_nodes){ part, count }, 1);
    est__free(part);
    return x;
}

est_node *est__boosted_matrix(const est__boosted *b, est_graph *g, const est_features *f, est_node *bins)
{
    const est_column **column;
    size_t count;
    est_status st = est__columns_sorted(b->columns, "feature_columns", &column, &count);
    if (st != EST_OK)
        return est__spoil(g, st);
    est_graph_begin_scope(g, "input_layer");
    est_node *x = build(b, g, f, column, count, bins);
    est_graph_end_scope(g);
    est__free(column);
    return est_reshape(g, x, EST_INTS(-1, b->num_features));
}
