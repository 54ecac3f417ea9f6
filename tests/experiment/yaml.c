/* YAML as trees: values, aliases, merging, --set, and whole messages of what is refused. */
#include <stdlib.h>
#include <string.h>

#include "experiment/yaml.h"
#include "support/est_test.h"

static est__yaml_document document;

static est_status parse(const char *text, const est__yaml **out)
{
    return est__yaml_parse(&document, "c.yaml", "", text, strlen(text), out);
}

static void reads_scalars(void)
{
    const est__yaml *n;
    int64_t i = 0;
    double d = 0;
    bool b = false;
    const char *s = NULL;
    EST_NEED_OK(parse("a: 0x1F\nb: -7\nc: 1e-3\nd: .inf\ne: true\nf: yes\ng: '5'\nh: ~\ni: 1.5\nj: .5\nk: nan\nl: !!str 7\n", &n));
    EST_CHECK(est__yaml_int(est__yaml_get(n, "a"), &i) && i == 31);
    EST_CHECK(est__yaml_int(est__yaml_get(n, "b"), &i) && i == -7);
    EST_CHECK(est__yaml_float(est__yaml_get(n, "c"), &d) && d == 1e-3);
    EST_CHECK(est__yaml_float(est__yaml_get(n, "d"), &d) && d > 1e308);
    EST_CHECK(est__yaml_bool(est__yaml_get(n, "e"), &b) && b);
    EST_CHECK(!est__yaml_bool(est__yaml_get(n, "f"), &b));
    EST_CHECK(est__yaml_string(est__yaml_get(n, "f"), &s) && !strcmp(s, "yes"));
    EST_CHECK(est__yaml_string(est__yaml_get(n, "g"), &s) && !est__yaml_int(est__yaml_get(n, "g"), &i));
    EST_CHECK(est__yaml_is_null(est__yaml_get(n, "h")));
    EST_CHECK(est__yaml_float(est__yaml_get(n, "i"), &d) && d == 1.5 && !est__yaml_int(est__yaml_get(n, "i"), &i));
    EST_CHECK(est__yaml_float(est__yaml_get(n, "j"), &d) && d == 0.5);
    EST_CHECK(est__yaml_string(est__yaml_get(n, "k"), &s));
    EST_CHECK(est__yaml_string(est__yaml_get(n, "l"), &s) && !strcmp(s, "7"));
    EST_CHECK_INT(est__yaml_find(n, "c")->line, 3);
    est__yaml_free(&document);
}

static void shares_what_an_alias_names(void)
{
    const est__yaml *n;
    EST_NEED_OK(parse("a: &x {k: 1}\nb: *x\nc: {<<: *x, k: 2, m: 3}\nd: {<<: [*x], l: 4}\n", &n));
    EST_CHECK(est__yaml_get(n, "a") == est__yaml_get(n, "b"));
    EST_CHECK_STR(est__yaml_get(est__yaml_get(n, "c"), "k")->text, "2");
    EST_CHECK_STR(est__yaml_get(est__yaml_get(n, "d"), "k")->text, "1");
    est__yaml_free(&document);
}

static void reads_json_and_nothing(void)
{
    const est__yaml *n;
    EST_NEED_OK(parse("{\"a\": [1, 2.5, \"x\\u00e4\"], \"b\": null}", &n));
    EST_CHECK_INT(est__yaml_get(n, "a")->count, 3);
    EST_CHECK_STR(est__yaml_get(n, "a")->items[2]->text, "x\xc3\xa4");
    EST_NEED_OK(parse("", &n));
    EST_CHECK_INT(n->count, 0);
    EST_NEED_OK(parse("# a comment alone\n", &n));
    EST_CHECK_INT(n->kind, EST_YAML_MAP);
    est__yaml_free(&document);
}

static void refuses_what_is_wrong(void)
{
    static const struct { const char *text, *message; } cases[] = {
        { "a: 1\nb: 2\na: 3\n", "c.yaml:3: the key 'a' stands here for the second time" },
        { "a: *x\n", "c.yaml:1: the alias '*x' names no anchor before it" },
        { "a: &x [*x]\n", "c.yaml:1: the alias '*x' names no anchor before it" },
        { "- 1\n", "c.yaml:1: a configuration is a map of keys, not a list" },
        { "hello", "c.yaml:1: a configuration is a map of keys, not \"hello\"" },
        { "a: !!python/object 1", "c.yaml:1: the tag 'tag:yaml.org,2002:python/object' means nothing here" },
        { "a: 1\n---\nb: 2\n", "c.yaml:2: a second document begins here; one file holds one configuration" },
        { "? [1]\n: 2\n", "c.yaml:1: a key must be a plain name" },
        { "a: \"x\\0y\"\n", "c.yaml:1: a NUL character inside a value" },
        { "a: {<<: 3}\n", "c.yaml:1: '<<' takes a map or a list of maps" },
        { "a: 1\nb: [1, 2\nc: 3\n", "c.yaml:3: not YAML: while parsing a flow sequence, did not find expected ',' or ']'" },
        { "a: 1\n\x01: 2\n", "c.yaml:2: not YAML: control characters are not allowed" },
    };
    const est__yaml *n;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EST_CHECK_FAILS(parse(cases[i].text, &n), EST_INVALID_ARGUMENT, cases[i].message);
    est__yaml_free(&document);
}

/* Ten lists of ten aliases each are eleven nodes with their items, not ten billion. */
static void bounds_depth_and_size(void)
{
    static const char bomb[] = "a0: &a0 [x, x]\n";
    static char text[8000];
    size_t used = sizeof bomb - 1;
    const est__yaml *n;
    memcpy(text, bomb, used);
    for (int i = 1; i < 50; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
    EST_CHECK_OK(parse(text, &n));
    for (int i = 50; i < 150; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
    EST_CHECK_FAILS(parse(text, &n), EST_INVALID_ARGUMENT, "c.yaml:100: nested deeper than 100");
    memset(text, '[', 5000);
    text[5000] = '\0';
    EST_CHECK_FAILS(parse(text, &n), EST_INVALID_ARGUMENT, "c.yaml:1: nested deeper than 100");
    est__yaml_free(&document);
}

static void merges_key_by_key(void)
{
    const est__yaml *a, *b, *m;
    EST_NEED_OK(parse("x: {p: 1, q: 2}\ny: [1, 2]\nz: 5\n", &a));
    EST_NEED_OK(parse("x: {q: 3, r: 4}\ny: [9]\nz:\n", &b));
    EST_NEED_OK(est__yaml_merge(&document, a, b, &m));
    EST_CHECK_STR(est__yaml_get(est__yaml_get(m, "x"), "p")->text, "1");
    EST_CHECK_STR(est__yaml_get(est__yaml_get(m, "x"), "q")->text, "3");
    EST_CHECK_STR(est__yaml_get(est__yaml_get(m, "x"), "r")->text, "4");
    EST_CHECK_INT(est__yaml_get(m, "y")->count, 1);
    EST_CHECK(est__yaml_is_null(est__yaml_get(m, "z")));
    EST_CHECK_STR(est__yaml_get(est__yaml_get(a, "x"), "q")->text, "2");
    est__yaml_free(&document);
}

static void sets_a_path(void)
{
    const est__yaml *a, *m;
    EST_NEED_OK(parse("x: {p: 1, q: {t: 1, u: 2}}\nl: [1]\n", &a));
    EST_NEED_OK(est__yaml_set(&document, a, "x.q={v: 3}", &m));
    EST_CHECK_INT(est__yaml_get(est__yaml_get(m, "x"), "q")->count, 1);
    EST_NEED_OK(est__yaml_set(&document, m, "n.e.w=[1, two]", &m));
    EST_CHECK_INT(est__yaml_get(est__yaml_get(est__yaml_get(m, "n"), "e"), "w")->count, 2);
    EST_NEED_OK(est__yaml_set(&document, m, "x.p=", &m));
    EST_CHECK(est__yaml_is_null(est__yaml_get(est__yaml_get(m, "x"), "p")));
    EST_CHECK_STR(est__yaml_get(est__yaml_get(a, "x"), "p")->text, "1");
    EST_CHECK_FAILS(est__yaml_set(&document, a, "x", &m), EST_INVALID_ARGUMENT,
                    "--set x: PATH=VALUE is wanted, as in task.train_data.batch_size=64");
    EST_CHECK_FAILS(est__yaml_set(&document, a, "l.x=1", &m), EST_INVALID_ARGUMENT, "--set l.x=1: 'x' cannot be set inside a list");
    EST_CHECK_FAILS(est__yaml_set(&document, a, "a..b=1", &m), EST_INVALID_ARGUMENT,
                    "--set a..b=1: PATH is names joined by dots, as in task.train_data.batch_size=64");
    EST_CHECK_FAILS(est__yaml_set(&document, a, "a=[1", &m), EST_INVALID_ARGUMENT,
                    "--set a=[1: not YAML: while parsing a flow sequence, did not find expected ',' or ']'");
    est__yaml_free(&document);
}

static void reads_files(void)
{
    const est__yaml *n;
    const char *path = EST_TEST_FILE("c.yaml", "a: 1\n");
    EST_NEED_OK(est__yaml_read(&document, path, "base", &n));
    EST_CHECK_STR(n->base, "base");
    EST_CHECK_FAILS(est__yaml_read(&document, est_test_path("none.yaml"), "", &n), EST_NOT_FOUND,
                    est_test_text("%s: cannot be opened: No such file or directory", est_test_path("none.yaml")));
    est__yaml_free(&document);
}

EST_SUITE(experiment_yaml, EST_TEST(reads_scalars), EST_TEST(shares_what_an_alias_names), EST_TEST(reads_json_and_nothing),
          EST_TEST(refuses_what_is_wrong), EST_TEST(bounds_depth_and_size), EST_TEST(merges_key_by_key), EST_TEST(sets_a_path),
          EST_TEST(reads_files));
