/* Lookup tables: what they find, filling them twice, vocabulary files good and bad. */
#include "ops/once.h"

static est_node *words(once *o, est_strings list)
{
    return est_constant_strings(o->g, list);
}

static est_node *fill(once *o, est_node *table, est_node *keys, est_node *values)
{
    return est_op(o->g, "LookupTableImportV2", "fill", EST_NODES(table, keys, values), EST_NO_ATTRS);
}

static void finds_words_and_numbers(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *minus = est_constant_int(o.g, EST_INT64, -1);
    est_node *table = est_lookup_table(o.g, "classes", EST_STRING, EST_INT64);
    EST_NEED_OK(once_node(&o, fill(&o, table, words(&o, EST_STRINGS("First", "Second", "")),
                                   once_ints(&o, EST_INTS(5, 6, 7)))));
    EST_NEED_OK(once_node(
        &o, est_table_find(o.g, table, words(&o, EST_STRINGS("", "Third", "Second", "First")), minus)));
    static const int64_t wanted[] = { 7, -1, 6, 5 };
    for (int i = 0; i < 4; i++)
        EST_CHECK_INT(((const int64_t *)once_fetch(&o, 0)->data)[i], wanted[i]);
    est_node *names = est_lookup_table(o.g, "names", EST_INT64, EST_STRING);
    est_node *many = once_ints(&o, EST_INTS(INT64_MIN, 0, INT64_MAX));
    EST_NEED_OK(once_node(&o, fill(&o, names, many, words(&o, EST_STRINGS("low", "", "high")))));
    EST_NEED_OK(once_node(&o, est_table_find(o.g, names, once_ints(&o, EST_INTS(INT64_MAX, 1, INT64_MIN)),
                                             est_constant_string(o.g, "?"))));
    static const char *const text[] = { "high", "?", "low" };
    for (int i = 0; i < 3; i++) {
        size_t n;
        const char *s = est_tensor_string(once_fetch(&o, 0), i, &n);
        EST_CHECK_BYTES(s, n, text[i], strlen(text[i]));
    }
    EST_NEED_OK(once_node(&o, est_op(o.g, "LookupTableSizeV2", NULL, EST_NODES(table), EST_NO_ATTRS)));
    EST_CHECK_INT(*(const int64_t *)once_fetch(&o, 0)->data, 3);
    once_end(&o);
}

static void is_filled_once(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *table = est_lookup_table(o.g, "t", EST_STRING, EST_INT64),
             *two = words(&o, EST_STRINGS("a", "b"));
    est_node *find = est_op(o.g, "LookupTableFindV2", "find",
                            EST_NODES(table, two, est_constant_int(o.g, EST_INT64, -1)), EST_NO_ATTRS);
    EST_CHECK_FAILS(once_node(&o, find), EST_FAILED_PRECONDITION,
                    "LookupTableFindV2 'find': the lookup table 't' is empty: its initializer has not run");
    EST_CHECK_OK(once_node(&o, fill(&o, table, two, once_ints(&o, EST_INTS(0, 1)))));
    EST_CHECK_OK(once_node(&o, fill(&o, table, two, once_ints(&o, EST_INTS(0, 1)))));
    EST_CHECK_FAILS(once_node(&o, fill(&o, table, two, once_ints(&o, EST_INTS(0, 2)))),
                    EST_FAILED_PRECONDITION,
                    "LookupTableImportV2 'fill_2': lookup table 't': entry 2: the key \"b\" has the value 2, "
                    "but 1 in entry 2 "
                    "of what it is filled with already");
    EST_CHECK_FAILS(
        once_node(&o, fill(&o, table, words(&o, EST_STRINGS("a", "c")), once_ints(&o, EST_INTS(0, 1)))),
        EST_FAILED_PRECONDITION,
        "LookupTableImportV2 'fill_3': lookup table 't': it is filled already, without the key \"c\" of "
        "entry 2");
    once_end(&o);
}

static void a_key_with_two_values_is_refused(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *table = est_lookup_table(o.g, "t", EST_INT64, EST_INT64);
    EST_CHECK_FAILS(
        once_node(&o, fill(&o, table, once_ints(&o, EST_INTS(4, 5, 4)), once_ints(&o, EST_INTS(0, 1, 2)))),
        EST_INVALID_ARGUMENT,
        "LookupTableImportV2 'fill': lookup table 't': entry 3: the key 4 has the value 2, but 0 in entry 1");
    EST_CHECK_OK(
        once_node(&o, fill(&o, table, once_ints(&o, EST_INTS(4, 5, 4)), once_ints(&o, EST_INTS(0, 1, 0)))));
    once_end(&o);
}

/* Fills a table from such a file and looks up "b" (or 20). */
static est_status from_file(const char *path, est_dtype key, int64_t vocab_size, int64_t *found)
{
    once o;
    if (!once_begin(&o))
        return EST_INTERNAL;
    est_node *table = est_vocabulary_file_table(o.g, "t", est_constant_string(o.g, path), key, vocab_size);
    est_status st = est_graph_status(o.g);
    if (st == EST_OK)
        st = once_node(&o, est__operation_node(o.g->initializer[0]));
    est_node *word = key == EST_STRING ? est_constant_string(o.g, "b") : est_constant_int(o.g, EST_INT64, 20);
    if (st == EST_OK)
        st = once_node(&o, est_table_find(o.g, table, word, est_constant_int(o.g, EST_INT64, -1)));
    if (st == EST_OK)
        *found = *(const int64_t *)once_fetch(&o, 0)->data;
    once_end(&o);
    return st;
}

static void reads_vocabulary_files(void)
{
    int64_t found = -2;
    EST_CHECK_OK(from_file(EST_TEST_FILE("lf", "a\nb\nc"), EST_STRING, -1, &found));
    EST_CHECK_INT(found, 1);
    EST_CHECK_OK(from_file(EST_TEST_FILE("crlf", "a\r\nc\r\nb\r\n"), EST_STRING, 3, &found));
    EST_CHECK_INT(found, 2);
    EST_CHECK_OK(from_file(EST_TEST_FILE("cut", "a\nc\nb\n"), EST_STRING, 2, &found));
    EST_CHECK_INT(found, -1);
    EST_CHECK_OK(from_file(EST_TEST_FILE("ints", "10\n20\n"), EST_INT64, -1, &found));
    EST_CHECK_INT(found, 1);
}

static void refuses_bad_vocabulary_files(void)
{
#define AT "InitializeTableFromTextFileV2 'InitializeTableFromTextFileV2': "
    static const struct { const char *name, *text, *message; est_dtype key; int64_t size; } cases[] = {
        { "empty", "", "it has 0 lines, vocab_size is -1", EST_STRING, -1 },
        { "gap", "a\n\nb\n", "line 2 is empty", EST_STRING, -1 },
        { "gap_crlf", "a\r\n\r\nb\r\n", "line 2 is empty", EST_STRING, -1 },
        { "twice", "a\nb\na\n", "entry 3: the key \"a\" has the value 2, but 0 in entry 1", EST_STRING, -1 },
        { "short", "a\nb\n", "it has 2 lines, vocab_size is 5", EST_STRING, 5 },
        { "text", "1\nx\n", "line 2: \"x\" is not a number (int64)", EST_INT64, -1 },
    };
    int64_t found;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = est_test_file(cases[i].name, cases[i].text, strlen(cases[i].text));
        EST_CHECK_FAILS(from_file(path, cases[i].key, cases[i].size, &found), EST_INVALID_ARGUMENT,
                        est_test_text(AT "vocabulary file '%s': %s", path, cases[i].message));
    }
    const char *none = est_test_path("none");
    EST_CHECK_FAILS(from_file(none, EST_STRING, -1, &found), EST_NOT_FOUND,
                    est_test_text(AT "%s: cannot be opened: No such file or directory", none));
}

EST_SUITE(ops_lookup, EST_TEST(finds_words_and_numbers), EST_TEST(is_filled_once),
          EST_TEST(a_key_with_two_values_is_refused), EST_TEST(reads_vocabulary_files),
          EST_TEST(refuses_bad_vocabulary_files));
