/* bucketized_column: the bucket of each element of a numeric column, as a category of its own. */
#include <math.h>

#include <estimator/ops.h>

#include "feature_columns/columns.h"

static const est_field fields[] = {
    EST_FIELD(est_bucketized_options, COLUMN, source_column, .needed = true,
              .doc = "a numeric_column of one dimension"),
    EST_FIELD(est_bucketized_options, FLOATS, boundaries, .needed = true, .min = -INFINITY, .max = INFINITY,
              .doc = "ascending; a value that is a boundary is in the bucket above it"),
    { 0 }
};

static est_status check(est_column *c)
{
    const est_bucketized_options *o = c->options;
    EST_TRY(est__column_adopt(c, "source_column", o->source_column));
    const est_numeric_column_options *source = o->source_column->options;
    if (o->source_column->kind != &est__column_numeric)
        return est__column_fail(c, "source_column is a %s; it must be a numeric_column",
                                o->source_column->kind->name);
    if (source->shape.count > 1)
        return est__column_fail(c, "source_column has %zu dimensions; it must have one", source->shape.count);
    for (size_t i = 1; i < o->boundaries.count; i++)
        if (!(o->boundaries.data[i - 1] < o->boundaries.data[i]))
            return est__column_fail(c, "boundaries[%zu] is %g, after %g; they must ascend", i,
                                    o->boundaries.data[i], o->boundaries.data[i - 1]);
    if (o->boundaries.count >= (size_t)(INT32_MAX / o->source_column->kind->width(o->source_column)))
        return est__column_fail(c, "%zu boundaries for each of %lld elements make more than %d buckets",
                                o->boundaries.count,
                                (long long)o->source_column->kind->width(o->source_column), INT32_MAX);
    return est__column_name_after(c, o->source_column, "_bucketized");
}

static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    const est_bucketized_options *o = c->options;
    return o->source_column->kind->parse_spec(o->source_column, b);
}

static est_node *range(est_graph *g, est_node *end)
{
    return est_op(g, "Range", NULL,
                  EST_NODES(est_constant_int(g, EST_INT32, 0), end, est_constant_int(g, EST_INT32, 1)),
                  EST_NO_ATTRS);
}

/* Element d of row r is at [r, d], and its id is its bucket + d · the number of buckets. */
static est__ids ids(est_graph *g, const est_features *f, const est_column *c)
{
    const est_bucketized_options *o = c->options;
    int64_t elements = o->source_column->kind->width(o->source_column);
    est_node *x = o->source_column->kind->dense(g, f, o->source_column, NULL);
    if (est__is_nil(x))
        return (est__ids){ .indices = x, .values = x, .dense_shape = x };
    est_node *bucket = est_reshape(g, est_bucketize(g, x, o->boundaries), EST_INTS(-1));
    est_node *rows = est_strided_slice(g, est_shape_of_node(g, x), EST_INTS(0), EST_INTS(1), EST_INTS(1), 1);
    est_node *size = est_constant_int(g, EST_INT32, elements);
    est_node *row = est_tile(g, est_expand_dims(g, range(g, rows), 1), EST_INTS(1, elements));
    est_node *place = est_op(g, "Tile", NULL, EST_NODES(range(g, size), est_pack(g, EST_NODES(rows), 0)),
                             EST_NO_ATTRS);
    est_node *indices = est_pack(g, EST_NODES(est_reshape(g, row, EST_INTS(-1)), place), 1);
    est_node *first = est_mul(g, place, est_constant_int(g, EST_INT32, (int64_t)o->boundaries.count + 1));
    return (est__ids){ .indices = est_cast(g, indices, EST_INT64),
                       .values = est_cast(g, est_add(g, bucket, first), EST_INT64),
                       .dense_shape = est_cast(g, est_pack(g, EST_NODES(rows, size), 0), EST_INT64) };
}

/* One-hot, element after element. */
static est_node *dense(est_graph *g, const est_features *f, const est_column *c, const est__layer *layer)
{
    const est_bucketized_options *o = c->options;
    est_node *x = o->source_column->kind->dense(g, f, o->source_column, layer);
    int64_t buckets = (int64_t)o->boundaries.count + 1;
    est_node *hot = est_one_hot(g, est_cast(g, est_bucketize(g, x, o->boundaries), EST_INT64), buckets, 1, 0);
    return est_reshape(g, hot, EST_INTS(-1, buckets * o->source_column->kind->width(o->source_column)));
}

static int64_t width(const est_column *c)
{
    const est_bucketized_options *o = c->options;
    return ((int64_t)o->boundaries.count + 1) * o->source_column->kind->width(o->source_column);
}

/* "=[30, 40)", the first and the last one without an end. */
static void value_name(const est_column *c, int64_t i, est__buffer *b)
{
    est_floats at = ((const est_bucketized_options *)c->options)->boundaries;
    int64_t bucket = i % ((int64_t)at.count + 1);
    char from[32] = "-inf", to[32] = "inf";
    if (bucket > 0)
        est__format_double(from, at.data[bucket - 1]);
    if (bucket < (int64_t)at.count)
        est__format_double(to, at.data[bucket]);
    est__buffer_printf(b, "=%c%s, %s)", bucket ? '[' : '(', from, to);
}

const est_column_kind est__column_bucketized = {
    .name = "bucketized_column", .fields = fields, .options_size = sizeof(est_bucketized_options),
    .keyless = true, .check = check, .parse_spec = parse_spec, .ids = ids, .dense = dense,
    .width = width, .value_name = value_name
};
