/* Any bytes as a SavedModel: read, listed, printed, packed again. */
#include "fuzz/fuzz.h"

#include "formats/saved_model.h"
#include "proto/pack.h"

EST_FUZZ(saved_model)
{
    Tensorflow__SavedModel *m;
    est__buffer out = { 0 };
    if (est__proto_unpack(&tensorflow__saved_model__descriptor, data, size, "input", &m) != EST_OK)
        return 0;
    for (size_t i = 0; i < m->n_meta_graphs; i++) {
        est__signatures s;
        (void)est__signatures_of(m->meta_graphs[i], "input", &s);
        est__signatures_free(&s);
    }
    (void)est__proto_text(m, &out);
    est__buffer_clear(&out);
    (void)est__proto_pack(m, &out);
    est__buffer_free(&out);
    est__proto_free(m);
    return 0;
}
