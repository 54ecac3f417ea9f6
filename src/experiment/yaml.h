/* YAML as a tree whose nodes know their file and line: the configuration before it is given a meaning. */
#ifndef EST_EXPERIMENT_YAML_H
#define EST_EXPERIMENT_YAML_H

#include "base/base.h"

typedef enum est__yaml_kind { EST_YAML_SCALAR, EST_YAML_LIST, EST_YAML_MAP } est__yaml_kind;

typedef struct est__yaml est__yaml;

typedef struct est__yaml_pair {
    const char *key;
    size_t line;           /* of the key */
    const est__yaml *value;
} est__yaml_pair;

/* An alias is the node that it stands for, so a node may hang in several places. */
struct est__yaml {
    est__yaml_kind kind;
    bool plain;            /* a scalar without quotes: it may be a number, a bool or null */
    int depth;             /* of what hangs below it */
    size_t line;           /* 0: the file has no lines worth naming (--set) */
    const char *file;
    const char *base;      /* folder that relative paths are relative to; "": the working directory */
    const char *text;      /* of a scalar; ends with NUL, holds none */
    est__yaml_pair *pairs; /* of a map */
    const est__yaml **items; /* of a list */
    size_t count, capacity;
};

/* What all nodes of a configuration live in. A zeroed struct is empty. */
typedef struct est__yaml_document {
    est__arena arena;
    size_t nodes;          /* so far, copies included: bounds what a hostile file can cost */
} est__yaml_document;
void est__yaml_free(est__yaml_document *d);

/* Reads a file ("-": stdin), or a text; an empty one is an empty map. Paths in it are relative to `base`.
 * Errors: "FILE:LINE: …"; the top must be a map. */
est_status est__yaml_read(est__yaml_document *d, const char *path, const char *base, const est__yaml **out);
est_status est__yaml_parse(est__yaml_document *d, const char *file, const char *base, const char *text, size_t size,
                           const est__yaml **out);
/* `over` over `under`, key by key; nodes of neither are changed. */
est_status est__yaml_merge(est__yaml_document *d, const est__yaml *under, const est__yaml *over, const est__yaml **out);
/* "a.b=VALUE" over `root`; maps that are not there are made. */
est_status est__yaml_set(est__yaml_document *d, const est__yaml *root, const char *setting, const est__yaml **out);

const est__yaml_pair *est__yaml_find(const est__yaml *map, const char *key);     /* NULL: absent, or no map */
const est__yaml *est__yaml_get(const est__yaml *map, const char *key);           /* likewise */
bool est__yaml_is_null(const est__yaml *n);                                      /* NULL, null, ~ or nothing */
bool est__yaml_bool(const est__yaml *n, bool *out);
bool est__yaml_int(const est__yaml *n, int64_t *out);                            /* false also when it does not fit */
bool est__yaml_float(const est__yaml *n, double *out);                           /* an integer will do */
bool est__yaml_string(const est__yaml *n, const char **out);                     /* false for a plain number, bool or null */

/* What a node is, for messages: `the number 5`, `"abc"`, `a list`. */
const char *est__yaml_describe(const est__yaml *n, char room[160]);
/* INVALID_ARGUMENT (or `status`) with "FILE:LINE: " before the text. */
est_status est__yaml_fail(const est__yaml *at, const char *format, ...) EST_PRINTF(2, 3);
est_status est__yaml_fail_line(est_status status, const est__yaml *at, size_t line, const char *format, ...) EST_PRINTF(4, 5);

#endif
