/* Any bytes as a SavedModel and as other messages: read, chosen from, listed, printed, packed again. Covers
 * src/formats/saved_model.c, src/proto/pack.c. */
#include "formats/saved_model.h"

#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"
#include "proto/event.pb-c.h"
#include "proto/graph.pb-c.h"
#include "proto/pack.h"

static char link_in[300];

/* A folder whose saved_model.pb is the input. */
static const char *model_folder(const char *file)
{
    const char *folder = fuzz_temporary();
    snprintf(link_in, sizeof link_in, "%s/saved_model.pb", folder);
    unlink(link_in);
    return est__make_dirs(folder) == EST_OK && symlink(file, link_in) == 0 ? folder : NULL;
}

static void choose(const Tensorflow__SavedModel *m)
{
    const Tensorflow__MetaGraphDef *g;
    est__signatures s;
    if (est__saved_model_choose(m, "input", EST_STRINGS("serve"), &g) != EST_OK)
        (void)est__saved_model_choose(m, "input", (est_strings){ 0 }, &g);
    for (size_t i = 0; i < m->n_meta_graphs; i++) {
        if (est__signatures_of(m->meta_graphs[i], "input", &s) == EST_OK)
            (void)est__signature_find(&s, "serving_default");
        est__signatures_free(&s);
    }
}

static void read_folder(const uint8_t *data, size_t size)
{
    const char *file = fuzz_file(data, size), *folder = file ? model_folder(file) : NULL;
    Tensorflow__SavedModel *m;
    if (!folder)
        return;
    if (est__saved_model_read(folder, &m) == EST_OK) {
        choose(m);
        est__proto_free(m);
    }
    unlink(link_in);
    (void)est__saved_model_read(folder, &m);
    rmdir(folder);
    (void)est__saved_model_read(folder, &m);
}

/* Printed; packed again, it is as long as the message says. */
static void print(const ProtobufCMessageDescriptor *d, const uint8_t *data, size_t size)
{
    ProtobufCMessage *m;
    est__buffer out = { 0 };
    if (est__proto_unpack(d, data, size, "input", &m) != EST_OK)
        return;
    (void)est__proto_text(m, &out);
    est__buffer_clear(&out);
    EST_FUZZ_CHECK(est__proto_pack(m, &out) == EST_OK && out.size == protobuf_c_message_get_packed_size(m));
    est__buffer_free(&out);
    est__proto_free(m);
}

EST_FUZZ(saved_model)
{
    print(&tensorflow__saved_model__descriptor, data, size);
    print(&tensorflow__event__descriptor, data, size);
    print(&tensorflow__graph_def__descriptor, data, size);
    read_folder(data, size);
    return 0;
}
