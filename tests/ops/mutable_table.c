/* Tables that steps change: what is found and what is not, buckets that double, what a session puts there, refusals. */
#include "ops/lookup_table.h"
#include "ops/once.h"

enum { WIDTH = 2 };

/* Of four buckets to begin with. */
static est_node *new_table(once *o, int64_t buckets)
{
    est_shape value = EST_SHAPE(WIDTH);
    return est_op(o->g, "MutableDenseHashTableV2", "table", EST_NODES(once_ints(o, EST_INTS(-7, -7)), once_ints(o, EST_INTS(1, 1))),
                  EST_ATTRS(EST_TYPE_ATTR("value_dtype", EST_FLOAT), EST_SHAPE_ATTR("value_shape", &value),
                            EST_INT_ATTR("initial_num_buckets", buckets)));
}

static est_node *find(once *o, est_node *table, est_ints keys)
{
    est_node *missing = once_floats(o, (est_floats){ (double[]){ 5, 6 }, 2 }, EST_SHAPE(WIDTH));
    return est_table_find(o->g, table, once_pairs(o, keys), missing);
}

static est_node *insert(once *o, est_node *table, est_ints keys, est_floats values)
{
    est_node *v = once_floats(o, values, EST_SHAPE((int64_t)values.count / WIDTH, WIDTH));
    return est_op(o->g, "LookupTableInsertV2", NULL, EST_NODES(table, once_pairs(o, keys), v), EST_NO_ATTRS);
}

#define VALUES(...) ((est_floats){ (double[]){ __VA_ARGS__ }, sizeof((double[]){ __VA_ARGS__ }) / sizeof(double) })

static void finds_what_was_inserted(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *table = new_table(&o, 4), *found = find(&o, table, EST_INTS(0, 0, 3, 4, 4, 3));
    EST_CHECK(est_node_shape(found)->rank == 2 && est_node_shape(found)->dim[1] == WIDTH);
    est_node *put = insert(&o, table, EST_INTS(3, 4, 0, 0, 3, 4), VALUES(1, 2, 3, 4, 7, 8));
    EST_NEED_OK(once_run(&o, EST_NODES(found), EST_NODES(put)));   /* reads come before */
    for (int i = 0; i < 6; i++)
        EST_CHECK_NEAR(((const float *)once_fetch(&o, 0)->data)[i], i % 2 ? 6 : 5, 0);
    est_node *size = est_op(o.g, "LookupTableSizeV2", NULL, EST_NODES(table), EST_NO_ATTRS);
    EST_NEED_OK(once_run(&o, EST_NODES(found, size), (est_nodes){ 0 }));
    const float wanted[] = { 3, 4, 7, 8, 5, 6 };
    EST_CHECK_BYTES(once_fetch(&o, 0)->data, sizeof wanted, wanted, sizeof wanted);
    EST_CHECK_INT(*(const int64_t *)once_fetch(&o, 1)->data, 2);
    once_end(&o);
}

static void buckets_double(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *table = new_table(&o, 4), *exported = est_op(o.g, "LookupTableExportV2", NULL, EST_NODES(table),
                                                            EST_ATTRS(EST_TYPE_ATTR("Tkeys", EST_INT64), EST_TYPE_ATTR("Tvalues", EST_FLOAT)));
    for (int i = 0; i < 20; i++) {
        int64_t key[] = { i, i * i - 3 };
        double value[] = { i, -i };
        EST_NEED_OK(once_node(&o, insert(&o, table, (est_ints){ key, 2 }, (est_floats){ value, 2 })));
    }
    EST_NEED_OK(once_run(&o, EST_NODES(find(&o, table, EST_INTS(19, 358, 0, -3, 7, 46)), exported, est_node_output(exported, 1)),
                         (est_nodes){ 0 }));
    const float wanted[] = { 19, -19, 0, 0, 7, -7 };
    const est_tensor *keys = once_fetch(&o, 1), *values = once_fetch(&o, 2);
    EST_CHECK_BYTES(once_fetch(&o, 0)->data, sizeof wanted, wanted, sizeof wanted);
    EST_CHECK_INT(keys->shape.dim[0], 32);   /* 16 hold no more than 12 */
    EST_CHECK_INT(values->shape.dim[0], 32);
    int64_t entries = 0;
    for (int64_t i = 0; i < 32; i++)
        entries += ((const int64_t *)keys->data)[2 * i] != -7;
    EST_CHECK_INT(entries, 20);
    once_end(&o);
}

static est__variable *part(once *o, const char *name)
{
    est__resource *r = est__resources_find(o->resources, name);
    EST_CHECK(r && r->kind == &est__variable_kind);
    return (est__variable *)r;
}

static void takes_in_what_is_restored(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *table = new_table(&o, 4);
    EST_NEED_OK(once_node(&o, insert(&o, table, EST_INTS(3, 4), VALUES(1, 2))));
    est__variable *keys = part(&o, "table-keys"), *values = part(&o, "table-values");
    const int64_t restored[] = { -7, -7, 8, 8, -7, -7, -7, -7 };
    memcpy(keys->value->data, restored, sizeof restored);
    keys->taken = false;
    ((float *)values->value->data)[2] = 11;
    EST_NEED_OK(once_node(&o, find(&o, table, EST_INTS(3, 4, 8, 8))));
    EST_CHECK_NEAR(((const float *)once_fetch(&o, 0)->data)[0], 5, 0);
    EST_CHECK_NEAR(((const float *)once_fetch(&o, 0)->data)[2], 11, 0);
    est_shape three = EST_SHAPE(3, 2);
    est_tensor_free(keys->value);
    EST_NEED_OK(est_tensor_new(EST_INT64, &three, &keys->value));
    keys->taken = false;
    EST_CHECK_FAILS(once_node(&o, find(&o, table, EST_INTS(3, 4))), EST_INVALID_ARGUMENT,
                    "LookupTableFindV2 'LookupTableFindV2_1': 'table-keys' has 3 rows, 'table-values' 4; they must be as many, a power of two");
    once_end(&o);
}

static void refuses(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *table = new_table(&o, 4);
    EST_CHECK_FAILS(once_node(&o, insert(&o, table, EST_INTS(-7, -7), VALUES(1, 2))), EST_INVALID_ARGUMENT,
                    "LookupTableInsertV2 'LookupTableInsertV2': key 0 is the empty_key of 'table'");
    EST_CHECK(once_node(&o, insert(&o, table, EST_INTS(1, 2), VALUES(1, 2, 3, 4))) == EST_INVALID_ARGUMENT);
    est_node *keys = once_ints(&o, EST_INTS(1, 2, 3)), *missing = once_floats(&o, VALUES(5, 6), EST_SHAPE(2));
    EST_CHECK(once_node(&o, est_table_find(o.g, table, keys, missing)) == EST_INVALID_ARGUMENT);
    EST_CHECK(once_node(&o, est_table_find(o.g, table, once_pairs(&o, EST_INTS(1, 2)), est_constant_float(o.g, 0))) == EST_INVALID_ARGUMENT);
    once_end(&o);
    EST_NEED(once_begin(&o));
    EST_CHECK_FAILS(once_node(&o, find(&o, new_table(&o, 6), EST_INTS(1, 2))), EST_INVALID_ARGUMENT,
                    "table 'table': empty_key must be a constant, initial_num_buckets a power of two and max_load_factor in (0, 1)");
    once_end(&o);
}

EST_SUITE(ops_mutable_table, EST_TEST(finds_what_was_inserted), EST_TEST(buckets_double), EST_TEST(takes_in_what_is_restored),
          EST_TEST(refuses));
