/* Any bytes as the graph of objects of a checkpoint. Covers src/formats/object_graph.c. */
#include "fuzz/fuzz.h"

#include "formats/object_graph.h"

/* The names of a graph go through keys and back. */
static void check_names(const est__object_graph *g, const est__object_node *node)
{
    const char *key = est__object_graph_value(node), *name = key ? est__object_graph_full_name(g, key) : NULL;
    const char *back = name ? est__object_graph_key(g, name) : NULL;
    est__buffer escaped = { 0 };
    EST_FUZZ_CHECK(back == NULL || *back);
    for (size_t k = 0; k < node->n_children && k < 16; k++) {
        int32_t id = est__object_graph_child(node, node->children[k]->local_name);
        EST_FUZZ_CHECK(id >= 0 && (size_t)id < g->message->n_nodes);
        est__object_escape(&escaped, node->children[k]->local_name);
    }
    EST_FUZZ_CHECK(escaped.size == 0 || strchr(escaped.data, '/') == NULL);
    (void)est__object_graph_child(node, "no such child");
    est__buffer_free(&escaped);
}

/* The same out of a checkpoint, for short ones: files take their time. */
static void read_from_bundle(const uint8_t *data, size_t size)
{
    est__bundle_writer *w;
    est__bundle *b;
    est__object_graph g;
    est_tensor *t;
    const est_shape scalar = est_shape_of(0, NULL);
    if (est_tensor_new_strings(&scalar, &(const char *){ (const char *)data }, &size, &t) != EST_OK)
        return;
    EST_FUZZ_CHECK(est__bundle_writer_new(fuzz_temporary(), &w) == EST_OK);
    EST_FUZZ_CHECK(est__bundle_add(w, EST__OBJECT_GRAPH_KEY, t) == EST_OK && est__bundle_finish_data(w, NULL) == EST_OK &&
                   est__bundle_finish_index(w) == EST_OK);
    est__bundle_writer_free(w);
    est_tensor_free(t);
    EST_FUZZ_CHECK(est__bundle_open(fuzz_temporary(), &b) == EST_OK);
    (void)est__object_graph_read(b, &g);
    est__object_graph_free(&g);
    est__bundle_free(b);
    for (int i = 0; i < 2; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s%s", fuzz_temporary(), i ? ".index" : ".data-00000-of-00001");
        unlink(path);
    }
}

EST_FUZZ(object_graph)
{
    est__object_graph g;
    if (size <= 8)
        read_from_bundle(data, size);
    if (est__object_graph_parse(data, size, "input", &g) == EST_OK)
        for (size_t i = 0; i < g.message->n_nodes; i++)
            check_names(&g, g.message->nodes[i]);
    est__object_graph_free(&g);
    return 0;
}
