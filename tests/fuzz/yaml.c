/* Any bytes as a configuration file: read, merged with itself and with another, set, described; and as a setting. Covers
 * src/experiment/yaml.c, src/experiment/yaml_scalar.c. */
#include "experiment/yaml.h"

#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"

static void look(const est__yaml *n)
{
    char room[160];
    int64_t i;
    double d;
    bool b;
    const char *s;
    (void)(est__yaml_int(n, &i) || est__yaml_float(n, &d) || est__yaml_string(n, &s));
    (void)(n->kind == EST_YAML_SCALAR && est__yaml_bool(n, &b));
    (void)est__yaml_fail(n, "%s", est__yaml_describe(n, room));
}

static void change(est__yaml_document *d, const est__yaml *n, const char *setting)
{
    static const char other_text[] = "a: {b: {c: 1}}\nz: [1]\n";
    const est__yaml *other, *m;
    if (est__yaml_parse(d, "other", "", other_text, sizeof other_text - 1, &other) == EST_OK)
        (void)(est__yaml_merge(d, n, other, &m) || est__yaml_merge(d, other, n, &m));
    if (est__yaml_merge(d, n, n, &m) == EST_OK)
        (void)(est__yaml_set(d, m, "a.b.c=[1, {x: 2}]", &m) || est__yaml_set(d, m, setting, &m));
}

EST_FUZZ(yaml)
{
    est__yaml_document d = { 0 };
    const est__yaml *n;
    const char *path = fuzz_file(data, size);
    char *setting = est__strndup((const char *)data, size);
    if (path && setting && est__yaml_read(&d, path, "", &n) == EST_OK) {
        for (size_t i = 0; i < n->count; i++)
            look(n->pairs[i].value);
        change(&d, n, setting);
    } else if (setting && est__yaml_parse(&d, "input", "", "k: [1]", 6, &n) == EST_OK) {
        (void)est__yaml_set(&d, n, setting, &n);
    }
    est__free(setting);
    est__yaml_free(&d);
    return 0;
}
