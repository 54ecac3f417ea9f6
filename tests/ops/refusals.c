/* What the string, parsing and sparse ops refuse, and how they say it. */
#include "ops/once.h"

#define NEW(o, op, ...) est_op((o)->g, op, "op", EST_NODES(__VA_ARGS__), EST_NO_ATTRS)

/* The operation fails with that message, after its name. */
static void fails(once *o, est_node *n, const char *message)
{
    const char *type = est_graph_status(o->g) == EST_OK ? est_node_type(n) : "?";
    EST_CHECK_FAILS(once_node(o, n), EST_INVALID_ARGUMENT, est_test_text("%s 'op': %s", type, message));
    once_end(o);
}

static void sparse_tensors_that_do_not_hold_together(void)
{
    once o;
    EST_NEED(once_begin(&o));
    fails(&o,
          NEW(&o, "SparseFillEmptyRows", once_pairs(&o, EST_INTS(0, 0, 7, 0)), once_ints(&o, EST_INTS(1, 2)),
              once_ints(&o, EST_INTS(3, 1)), est_constant_int(o.g, EST_INT64, 0)),
          "value 1 is in row 7 of 3");
    EST_NEED(once_begin(&o));
    fails(&o, NEW(&o, "SparseFillEmptyRows", once_pairs(&o, EST_INTS(0, 0)), once_ints(&o, EST_INTS(1, 2)),
                  once_ints(&o, EST_INTS(3, 1)), est_constant_int(o.g, EST_INT64, 0)),
          "2 indices, 2 values, 1 default values in a shape of rank 2");
    EST_NEED(once_begin(&o));
    fails(&o,
          NEW(&o, "SparseReshape", once_pairs(&o, EST_INTS(0, 0)), once_ints(&o, EST_INTS(2, 3)),
              once_ints(&o, EST_INTS(-1, 4))),
          "a tensor of 6 elements does not fit the new shape, which has 4 without its dimension -1");
    EST_NEED(once_begin(&o));
    fails(&o,
          NEW(&o, "SparseReshape", once_pairs(&o, EST_INTS(0, 5)), once_ints(&o, EST_INTS(2, 3)),
              once_ints(&o, EST_INTS(6))),
          "index 0 has 5 in dimension 1, which has 3 places");
    EST_NEED(once_begin(&o));
    fails(&o,
          NEW(&o, "SparseReshape", once_pairs(&o, EST_INTS(0, 0)), once_ints(&o, EST_INTS(INT64_MAX, 3)),
              once_ints(&o, EST_INTS(-1))),
          "indices of rank 2 for a shape of rank 2 and -1 elements");
    EST_NEED(once_begin(&o));
    fails(&o,
          NEW(&o, "SparseToDense", once_pairs(&o, EST_INTS(1, 0, 0, 0)), once_ints(&o, EST_INTS(2, 2)),
              once_ints(&o, EST_INTS(1, 2)), est_constant_int(o.g, EST_INT64, 0)),
          "index 1 is out of order");
    EST_NEED(once_begin(&o));
    fails(&o,
          NEW(&o, "SparseToDense", once_pairs(&o, EST_INTS(1, 2)), once_ints(&o, EST_INTS(2, 2)),
              once_ints(&o, EST_INTS(1)), est_constant_int(o.g, EST_INT64, 0)),
          "index 0 lies outside the result");
}

static void sparse_parts_that_do_not_fit(void)
{
    once o;
    EST_NEED(once_begin(&o));
    fails(&o, NEW(&o, "SparseReorder", once_pairs(&o, EST_INTS(0, 0)), once_ints(&o, EST_INTS(1, 2)), once_ints(&o, EST_INTS(3, 1))),
          "2 values with 1 indices of 2 dimensions in a shape of 2");
    EST_NEED(once_begin(&o));
    fails(&o,
          NEW(&o, "SparseSlice", once_pairs(&o, EST_INTS(0, 0)), once_ints(&o, EST_INTS(1)), once_ints(&o, EST_INTS(3, 1)),
              once_ints(&o, EST_INTS(0, 0)), once_ints(&o, EST_INTS(1, -1))),
          "dimension 1: -1 places from 0 on; neither can be negative");
    EST_NEED(once_begin(&o));
    fails(&o,
          NEW(&o, "SparseSliceGrad", once_ints(&o, EST_INTS(7)), once_pairs(&o, EST_INTS(0, 0)), once_ints(&o, EST_INTS(1, 0)),
              once_pairs(&o, EST_INTS(0, 0))),
          "gradient 0 is of an index that is not among those cut from");
}

static void splits_that_are_none(void)
{
    once o;
    EST_NEED(once_begin(&o));
    fails(&o, NEW(&o, "RaggedTensorToSparse", once_ints(&o, EST_INTS(0, 3, 1, 2)), once_ints(&o, EST_INTS(7, 8))),
          "the splits of level 0 fall at row 1");
    EST_NEED(once_begin(&o));
    fails(&o, NEW(&o, "RaggedTensorToSparse", once_ints(&o, EST_INTS(0, 3)), once_ints(&o, EST_INTS(7, 8))),
          "the splits of level 0 must be a vector that goes from 0 to 2");
    EST_NEED(once_begin(&o));
    fails(&o, NEW(&o, "RaggedTensorToSparse", once_ints(&o, EST_INTS(0, 1)), once_ints(&o, EST_INTS(0, 1, 2)), once_ints(&o, EST_INTS(7, 8))),
          "the splits of level 0 must be a vector that goes from 0 to 2");
    EST_NEED(once_begin(&o));
    fails(&o, NEW(&o, "RaggedTensorToSparse", once_ints(&o, EST_INTS(0)), est_constant_int(o.g, EST_INT64, 0)),
          "the values are a scalar");
}

static void segments_out_of_order_or_range(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *data = once_floats(&o, (est_floats){ (double[]){ 1, 2, 3 }, 3 }, EST_SHAPE(3, 1));
    fails(&o, NEW(&o, "SparseSegmentSum", data, once_ints(&o, EST_INTS(0, 3)), once_ints(&o, EST_INTS(0, 0))),
          "index 1 is 3, the data has 3 rows");
    EST_NEED(once_begin(&o));
    data = once_floats(&o, (est_floats){ (double[]){ 1, 2, 3 }, 3 }, EST_SHAPE(3, 1));
    fails(&o,
          NEW(&o, "SparseSegmentMean", data, once_ints(&o, EST_INTS(0, 1)), once_ints(&o, EST_INTS(1, 0))),
          "segment id 1 is 0, which is less than the one before it");
}

static void rows_of_ids_out_of_order(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *w = once_table(&o, "w", 2, 1);
    fails(&o,
          NEW(&o, "EstSafeEmbeddingLookupSparse", w, once_pairs(&o, EST_INTS(1, 0, 0, 0)),
              once_ints(&o, EST_INTS(0, 1)), once_ints(&o, EST_INTS(2, 1))),
          "id 1 is in row 0, after row 1 of 2: the rows must be in order");
}

static void attributes_that_make_no_sense(void)
{
    static const double falling[] = { 1, 0 };
    once o;
    EST_NEED(once_begin(&o));
    est_node *x = est_constant_float(o.g, 1);
    EST_CHECK_FAILS(once_node(&o, est_bucketize(o.g, x, (est_floats){ falling, 2 })), EST_INVALID_ARGUMENT,
                    "Bucketize 'Bucketize': boundary 0 comes after 1: they must ascend");
    EST_CHECK_FAILS(
        once_node(&o, est_string_to_hash_bucket_fast(o.g, est_constant_string(o.g, "x"), 0)),
        EST_INVALID_ARGUMENT,
        "StringToHashBucketFast 'StringToHashBucketFast': num_buckets is 0, it must be at least 1");
    est_node *odd = est_op(o.g, "AsString", "text", EST_NODES(x), EST_ATTRS(EST_STRING_ATTR("fill", "x")));
    EST_CHECK_FAILS(once_node(&o, odd), EST_INVALID_ARGUMENT,
                    "AsString 'text': fill \"x\" is none of ' ', '+', '-', '0', '#'");
    est_node *wide = est_op(o.g, "AsString", "text", EST_NODES(x), EST_ATTRS(EST_INT_ATTR("width", 1 << 30)));
    EST_CHECK_FAILS(once_node(&o, wide), EST_INVALID_ARGUMENT,
                    "AsString 'text_1': width 1073741824 and precision -1: both must be at most 1024");
    once_end(&o);
}

static est_status parse(const char *record, size_t n)
{
    once o;
    est_tensor *serialized = NULL, *none = NULL;
    est_shape one = EST_SHAPE(1), empty = EST_SHAPE(0);
    est_dtype type = EST_FLOAT;
    est_shape scalar = EST_SCALAR;
    if (!once_begin(&o) || !EST_CHECK_OK(est_tensor_new_strings(&one, &record, &n, &serialized)) ||
        !EST_CHECK_OK(est_tensor_new(EST_STRING, &empty, &none)))
        return EST_INTERNAL;
    est_node *no_strings = est_constant(o.g, none);
    est_node *no_default = once_floats(&o, (est_floats){ 0 }, empty);
    est_attr types = { .name = "Tdense", .kind = EST_ATTR_TYPES, .list = { .count = 1, .type = &type } };
    est_attr shapes = { .name = "dense_shapes",
                        .kind = EST_ATTR_SHAPES,
                        .list = { .count = 1, .shape = &scalar } };
    est_attr no_types[3] = { { .name = "sparse_types", .kind = EST_ATTR_TYPES },
                             { .name = "ragged_value_types", .kind = EST_ATTR_TYPES },
                             { .name = "ragged_split_types", .kind = EST_ATTR_TYPES } };
    est_node *parsed = est_op(
        o.g, "ParseExampleV2", "parse",
        EST_NODES(est_constant(o.g, serialized), no_strings, no_strings,
                  est_constant_strings(o.g, EST_STRINGS("age")), no_strings, no_default),
        EST_ATTRS(types, shapes, no_types[0], no_types[1], no_types[2], EST_INT_ATTR("num_sparse", 0)));
    est_status st = once_node(&o, parsed);
    est_tensor_free(serialized);
    est_tensor_free(none);
    once_end(&o);
    return st;
}

static void examples_that_are_none(void)
{
    EST_CHECK_FAILS(parse("", 0), EST_INVALID_ARGUMENT,
                    "ParseExampleV2 'parse': serialized: record 0: feature 'age': it is missing and has no "
                    "default value");
    EST_CHECK_FAILS(parse("\x0a\x7fshort", 7), EST_DATA_LOSS,
                    "ParseExampleV2 'parse': serialized: record 0: not a tf.Example, or a damaged one");
    static const char text[] = "\x0a\x0e\x0a\x0c\x0a\x03""age\x12\x05\x0a\x03\x0a\x01x";
    EST_CHECK_FAILS(parse(text, sizeof text - 1), EST_INVALID_ARGUMENT,
                    "ParseExampleV2 'parse': serialized: record 0: feature 'age': its values are string, "
                    "float32 is wanted");
}

/* Lists of an imported graph that do not fit each other are found before anything relies on them. */
static void lists_of_unequal_length(void)
{
    static const est_dtype types[] = { EST_INT64, EST_INT64, EST_INT64 };
    once o;
    EST_NEED(once_begin(&o));
    est_node *s = est_placeholder(o.g, "s", EST_STRING, EST_SHAPE(-1));
    est_attr lists[] = {
        { .name = "sparse_types", .kind = EST_ATTR_TYPES, .list = { .count = 3, .type = types } },
        { .name = "Tdense", .kind = EST_ATTR_TYPES },
        { .name = "dense_shapes", .kind = EST_ATTR_SHAPES },
        { .name = "ragged_value_types", .kind = EST_ATTR_TYPES },
        { .name = "ragged_split_types", .kind = EST_ATTR_TYPES },
        EST_INT_ATTR("num_sparse", 0)
    };
    est_op(o.g, "ParseExampleV2", "parse", EST_NODES(s, s, s, s, s), (est_attrs){ lists, 6 });
    EST_CHECK_FAILS(
        est_graph_status(o.g), EST_INVALID_ARGUMENT,
        "ParseExampleV2 'parse': 3 sparse_types for 0 sparse features (inputs: 's' [?], 's' [?], 's' [?], 's' [?], "
        "'s' [?])");
    once_end(&o);
}

EST_SUITE(ops_refusals, EST_TEST(sparse_tensors_that_do_not_hold_together), EST_TEST(sparse_parts_that_do_not_fit),
          EST_TEST(splits_that_are_none), EST_TEST(segments_out_of_order_or_range), EST_TEST(rows_of_ids_out_of_order),
          EST_TEST(attributes_that_make_no_sense), EST_TEST(examples_that_are_none),
          EST_TEST(lists_of_unequal_length));
