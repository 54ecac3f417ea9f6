/* GraphDefs that somebody damaged: whatever is in them, they are taken or refused, and what is taken can be
 * planned. Seeds are packed graphs of ops of all kinds; bytes and words are changed at random, always the
 * same ones. */
#include "graph/graphdef.h"
#include "graph/lab.h"
#include "proto/pack.h"

enum { TRIALS = 3000 };

static void pack(est_graph *g, est__buffer *wire)
{
    est__arena arena = { 0 };
    Tensorflow__GraphDef *def;
    if (EST_CHECK_OK(est__graph_export(g, &arena, &def)))
        EST_CHECK_OK(est__proto_pack(def, wire));
    est__arena_free(&arena);
}

/* Ops whose shape rules reckon with numbers out of the graph. */
static void numbers(lab *l)
{
    est_graph *g = l->g;
    est_node *x = lab_feed(l, "x", EST_SHAPE(-1, 4), NULL), *k = lab_const(l, EST_SHAPE(2, 3), NULL);
    est_reshape(g, k, EST_INTS(3, -1));
    est_slice(g, k, EST_INTS(0, 1), EST_INTS(-1, 2));
    est_strided_slice(g, k, EST_INTS(0, 1), EST_INTS(2, 3), EST_INTS(1, 1), 1);
    est_tile(g, k, EST_INTS(2, 1));
    est_transpose(g, k, EST_INTS(1, 0));
    est_concat(g, EST_NODES(x, x), 1);
    est_pack(g, EST_NODES(k, k), 1);
    est_expand_dims(g, x, -1);
    est_squeeze(g, est_expand_dims(g, k, 0), EST_INTS(0));
    est_gather(g, k, est_constant_ints(g, EST_INT32, EST_INTS(1, 0)), 1);
    est_one_hot(g, est_constant_ints(g, EST_INT64, EST_INTS(1, 0)), 3, 1, 0);
    est_fill(g, est_constant_ints(g, EST_INT32, EST_INTS(2, 3)), est_constant_float(g, 1));
    est_reduce_sum(g, k, EST_INTS(0), true);
    est_top_k(g, k, 2);
    est_matmul(g, x, lab_const(l, EST_SHAPE(4, 2), NULL));
    est_bucketize(g, x, EST_FLOATS(0, 1, 2));
    est_op(g, "Split", NULL,
           EST_NODES(est_constant_int(g, EST_INT32, 1), lab_const(l, EST_SHAPE(2, 4), NULL)),
           EST_ATTRS(EST_INT_ATTR("num_split", 2)));
    est_op(g, "BroadcastTo", NULL, EST_NODES(k, est_constant_ints(g, EST_INT32, EST_INTS(5, 2, 3))),
           EST_NO_ATTRS);
    est_op(g, "Range", NULL, EST_NODES(est_constant_int(g, EST_INT32, 0), est_constant_int(g, EST_INT32, 4),
                                       est_constant_int(g, EST_INT32, 1)), EST_NO_ATTRS);
    est_op(g, "UnsortedSegmentSum", NULL, EST_NODES(k, est_constant_ints(g, EST_INT64, EST_INTS(0, 1)),
                                                    est_constant_int(g, EST_INT32, 2)), EST_NO_ATTRS);
}

static void words(lab *l)
{
    est_graph *g = l->g;
    est_node *s = lab_feed(l, "s", EST_SHAPE(-1), lab_strings(l, EST_SHAPE(1), (const char *const[]){ "a" }));
    est_node *table = est_vocabulary_table(g, "table", est_constant_strings(g, EST_STRINGS("a", "b")),
                                           est_constant_ints(g, EST_INT64, EST_INTS(0, 1)));
    est_node *ids = est_table_find(g, table, est_constant_strings(g, EST_STRINGS("a", "", "b")),
                                   est_constant_int(g, EST_INT64, -1));
    est_node *sparse = est_dense_to_sparse(g, est_expand_dims(g, s, 1));
    est_node *v = est_variable(g, "v", &(est_variable_options){ .shape = EST_SHAPE(2, 3) });
    est_safe_embedding_lookup_sparse(g, v, sparse,
                                     est_string_to_hash_bucket_fast(g, est_node_output(sparse, 1), 2),
                                     est_node_output(sparse, 2),
                                     &(est_embedding_lookup_options){ .combiner = "mean" });
    est_string_join(g, EST_NODES(s, est_as_string(g, ids)), "_");
    est_random_uniform(g, est_constant_ints(g, EST_INT32, EST_INTS(2, 2)), EST_FLOAT);
    est_node_after(est_read(g, v), s);
}

/* Takes all nodes of the graph, and plans to fetch each of them. */
static void try_graph(const char *data, size_t size)
{
    Tensorflow__GraphDef *def;
    est_graph *g;
    if (est__proto_unpack(&tensorflow__graph_def__descriptor, data, size, "graph", &def) != EST_OK)
        return;
    for (size_t i = 0; i < def->n_node && EST_CHECK_OK(est_graph_new(&g)); i++) {
        est__resources *resources;
        est__plan *plan = NULL;
        if (est__graph_import(g, def, EST_STRINGS(def->node[i]->name)) == EST_OK &&
            EST_CHECK_OK(est__resources_new(&resources))) {
            est_node *n = est_graph_node(g, def->node[i]->name);
            if (n)
                est__plan_new(g, &(est__plan_options){ .resources = resources, .fetches = EST_NODES(n) },
                              &plan);
            est__plan_free(plan);
            est__resources_free(resources);
        }
        est_graph_free(g);
    }
    est__proto_free(def);
}

static void damage(void (*build)(lab *l), uint64_t seed)
{
    static const unsigned char odd[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0xfe, 0x10 };
    est__random random = { .key = seed };
    est__buffer wire = { 0 };
    lab l;
    EST_NEED(lab_begin(&l));
    build(&l);
    EST_CHECK_OK(est_graph_status(l.g));
    pack(l.g, &wire);
    char *copy = est__malloc(wire.size);
    for (int i = 0; i < TRIALS && copy; i++) {
        memcpy(copy, wire.data, wire.size);
        for (uint64_t changes = 1 + est__random_below(&random, 3); changes-- > 0;) {
            size_t at = est__random_below(&random, wire.size);
            copy[at] = (char)(est__random_below(&random, 2) ? odd[est__random_below(&random, sizeof odd)]
                                                            : est__random_next(&random));
        }
        try_graph(copy, wire.size);
    }
    est__free(copy);
    est__buffer_free(&wire);
    lab_end(&l);
}

static void damaged_numbers(void)
{
    damage(numbers, 1);
}

static void damaged_words(void)
{
    damage(words, 2);
}

EST_SUITE(graph_hostile, EST_TEST(damaged_numbers), EST_TEST(damaged_words));
