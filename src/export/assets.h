/* Assets: the files that a graph reads when its tables are filled. They lie in assets/ of a SavedModel, and whoever loads it tells the
 * graph where. */
#ifndef EST_EXPORT_ASSETS_H
#define EST_EXPORT_ASSETS_H

#include "graph/graph.h"
#include "proto/meta_graph.pb-c.h"

typedef struct est__asset {
    const char *tensor;      /* of the constant that holds the path: "Const_3:0" */
    const char *path;        /* of the file */
    const char *name;        /* in assets/; the same for the same path, and for no other */
} est__asset;
typedef struct est__assets {
    const est__asset *data;
    size_t count;
} est__assets;

/* Those that the initializers of the graph read; in the arena. */
est_status est__assets_of(const est_graph *g, est__arena *arena, est__assets *out);
/* Copies the files into <dir>/assets, which is made where there are any. */
est_status est__assets_copy(est__assets assets, const char *dir);
/* One message an asset; in the arena. */
est_status est__assets_describe(est__assets assets, est__arena *arena, Tensorflow__AssetFileDef ***out);

/* Writes the paths below `dir` into the constants of a graph that was loaded from there. */
est_status est__assets_bind(const Tensorflow__MetaGraphDef *meta, const char *dir);

#endif
