/* Any bytes as a configuration file: read, merged with itself, set, described. */
#include "fuzz/fuzz.h"

#include "experiment/yaml.h"

static void look(const est__yaml *n)
{
    char room[160];
    int64_t i;
    double d;
    bool b;
    const char *s;
    (void)est__yaml_describe(n, room);
    (void)(est__yaml_int(n, &i) || est__yaml_float(n, &d) || est__yaml_string(n, &s));
    (void)(n->kind == EST_YAML_SCALAR && est__yaml_bool(n, &b));
}

EST_FUZZ(yaml)
{
    est__yaml_document d = { 0 };
    const est__yaml *n, *m;
    if (est__yaml_parse(&d, "input", "", (const char *)data, size, &n) == EST_OK) {
        for (size_t i = 0; i < n->count; i++)
            look(n->pairs[i].value);
        if (est__yaml_merge(&d, n, n, &m) == EST_OK)
            (void)est__yaml_set(&d, m, "a.b.c=[1, {x: 2}]", &m);
    }
    est__yaml_free(&d);
    return 0;
}
