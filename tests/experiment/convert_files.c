/* CSV to TFRecord and back: the same text after both ways, types from a look or from a configuration, and
 * what cannot be converted. */
#include <string.h>

#include <estimator/experiment.h>
#include <estimator/inspect.h>
#include <estimator/records.h>

#include "base/base.h"
#include "support/est_test.h"

static const char *content(const char *path)
{
    char *text;
    size_t size;
    if (!EST_CHECK_OK(est__file_read(path, 0, &text, &size)))
        return "";
    const char *copy = est_test_text("%s", text);
    est__free(text);
    return copy;
}

/* From CSV to a TFRecord file of that name and back; gives the text. */
static const char *there_and_back(const char *csv, const char *name, const est_convert_options *o)
{
    const char *records = est_test_path(name), *back = est_test_path("back.csv");
    int64_t rows = -1, again = -2;
    EST_CHECK_OK(est_convert_file(csv, records, o, &rows));
    EST_CHECK_OK(est_convert_file(records, back, o, &again));
    EST_CHECK_INT(again, rows);
    return content(back);
}

static void both_ways_are_equal(void)
{
    static const char csv[] = "age,town,\"a \"\"b\"\"\",fare,same\n,York,?,1.5,\n22,\"Hull, \"\"UK\"\"\",x,,\n-3,\"line\nend\",,0.1,\n";
    static const char *const names[] = { "d.tfrecord", "d.tfrecord.gz", "d.tfrecord.zlib" };
    const char *path = EST_TEST_FILE("d.csv", csv);
    for (size_t i = 0; i < 3; i++)
        EST_CHECK_STR(there_and_back(path, names[i], &(est_convert_options){ 0 }), csv);
    path = EST_TEST_DATA("tutorials/data/titanic_eval.csv");
    EST_CHECK_STR(there_and_back(path, "t.tfrecord.gz", &(est_convert_options){ 0 }), content(path));
}

static void one_column_has_no_blank_line(void)
{
    const char *path = EST_TEST_FILE("d.csv", "a\nx\n\"\"\ny\n");
    EST_CHECK_STR(there_and_back(path, "d.tfrecord", &(est_convert_options){ 0 }), "a\nx\n\"\"\ny\n");
}

static void marks_of_absent_values(void)
{
    const char *path = EST_TEST_FILE("d.csv", "n;t\n1;?\n?;a\n2;-9\n");
    est_convert_options o = { .field_delim = ';' };
    EST_CHECK_STR(there_and_back(path, "d.tfrecord", &o), "n;t\n1;?\n;a\n2;-9\n");    /* a mark among texts is a text */
    o.na_value = "-9";
    EST_CHECK_STR(there_and_back(path, "d.tfrecord", &o), "n;t\n1;?\n?;a\n2;\n");
}

static void fields_of_several_values(void)
{
    est_convert_options o = { .multivalent_delim = "|" };
    const char *path = EST_TEST_FILE("d.csv", "id,tags\n1,a|b|\n2,\n3,c\n");
    EST_CHECK_STR(there_and_back(path, "d.tfrecord", &o), "id,tags\n1,a|b|\n2,\n3,c\n");
    EST_CHECK_FAILS(
        est_convert_file(est_test_path("d.tfrecord"), est_test_path("e.csv"), &(est_convert_options){ 0 },
                         NULL),
        EST_INVALID_ARGUMENT,
        est_test_text("%s: record 0: feature 'tags' has 3 values: CSV needs a separator of values "
                      "(multivalent_delim)",
                      est_test_path("d.tfrecord")));
    o.multivalent_delim = "b";
    EST_CHECK_FAILS(
        est_convert_file(est_test_path("d.tfrecord"), est_test_path("e.csv"), &o, NULL), EST_INVALID_ARGUMENT,
        est_test_text("%s: record 0: feature 'tags': \"b\" holds the separator of values 'b': choose another",
                      est_test_path("d.tfrecord")));
    o.multivalent_delim = ",";
    EST_CHECK_FAILS(est_convert_file(path, est_test_path("e.tfrecord"), &o, NULL), EST_INVALID_ARGUMENT,
                    "multivalent_delim is \",\"; it must be one character, and neither a quote, a line end nor the separator of fields");
}

static est_status note(const est_example_feature *f, void *user)
{
    est__buffer *b = user;
    est__buffer_printf(b, "%s %s;", f->name, f->value ? est_dtype_name(f->value->dtype) : "absent");
    return EST_OK;
}

static const char *types_of_first(const char *path)
{
    est_record_reader *r;
    const void *data;
    size_t size;
    est__buffer b = { 0 };
    if (!EST_CHECK_OK(est_record_reader_open(path, &r)))
        return "";
    if (EST_CHECK_OK(est_record_reader_next(r, &data, &size)))
        EST_CHECK_OK(est_example_features(data, size, note, &b));
    est_record_reader_free(r);
    const char *text = est_test_text("%s", b.data);
    est__buffer_free(&b);
    return text;
}

static void types_come_from_a_configuration(void)
{
    static const char yaml[] = "task:\n  model:\n    estimator: LinearClassifier\n    feature_columns:\n"
                               "      - numeric_column: {key: age}\n"
                               "      - categorical_column_with_hash_bucket: {key: deck, hash_bucket_size: 8}\n"
                               "  train_data: {input_path: d.csv, label: y, na_value: none, multivalent_delim: '+'}\n";
    const char *path = EST_TEST_FILE("d.csv", "y,other,age,deck\n1,k,+22,3+4\n0,l,none,\n");
    est_convert_options o = { .config = EST_TEST_FILE("c.yaml", yaml) };
    EST_NEED_OK(est_convert_file(path, est_test_path("look.tfrecord"), &(est_convert_options){ 0 }, NULL));
    EST_CHECK_STR(types_of_first(est_test_path("look.tfrecord")),
                  "y int64;other string;age string;deck string;");
    EST_CHECK_STR(there_and_back(path, "d.tfrecord", &o), "age,deck,y\n22,3+4,1\n,,0\n");
    EST_CHECK_STR(types_of_first(est_test_path("d.tfrecord")), "age float32;deck string;y int64;");
    path = EST_TEST_FILE("e.csv", "y,age,deck\n1,22,3\n0,old,\n");
    EST_CHECK_FAILS(est_convert_file(path, est_test_path("e.tfrecord"), &o, NULL), EST_INVALID_ARGUMENT,
                    est_test_text("%s: row 2: column 'age': \"old\" is not a number", path));
    EST_CHECK(!est__is_file(est_test_path("e.tfrecord")));
    EST_CHECK_FAILS(est_convert_file(est_test_path("look.tfrecord"), est_test_path("e.csv"), &o, NULL),
                    EST_INVALID_ARGUMENT,
                    est_test_text("%s: record 0: feature 'age' is string, float32 is wanted",
                                  est_test_path("look.tfrecord")));
}

static void refuses_what_it_cannot(void)
{
    const char *csv = EST_TEST_FILE("d.csv", "a,b\n1,2\n3\n"), *good = EST_TEST_FILE("g.csv", "a\n1\n");
    const char *records = est_test_path("g.tfrecord");
    est_convert_options none = { 0 };
    int64_t rows;
    EST_CHECK_FAILS(est_convert_file(csv, est_test_path("d.tfrecord"), &none, &rows), EST_INVALID_ARGUMENT,
                    est_test_text("%s:3: 1 field, the header has 2", csv));
    EST_CHECK_OK(est_convert_file(csv, est_test_path("d.tfrecord"), &(est_convert_options){ .skip_errors = true }, &rows));
    EST_CHECK_INT(rows, 1);
    EST_CHECK_FAILS(
        est_convert_file(good, "x.csv", &none, NULL), EST_INVALID_ARGUMENT,
        est_test_text("%s is taken for CSV, and x.csv is to be that too: there is nothing to convert", good));
    EST_NEED_OK(est_convert_file(good, records, &none, NULL));
    EST_CHECK_FAILS(
        est_convert_file(records, "x.tfrecord", &none, NULL), EST_INVALID_ARGUMENT,
        est_test_text("%s is a TFRecord file, and x.tfrecord is to be that too: there is nothing to convert",
                      records));
    EST_CHECK_FAILS(est_convert_file(records, "x.z", &none, NULL), EST_INVALID_ARGUMENT,
                    "x.z: a CSV file is plain or .gz");
    EST_CHECK_FAILS(est_convert_file(est_test_dir(), "x.z", &none, NULL), EST_INVALID_ARGUMENT,
                    est_test_text("%s: a folder, not a file of data", est_test_dir()));
    EST_CHECK_INT(est_convert_file(est_test_path("none.csv"), "x.tfrecord", &none, NULL), EST_NOT_FOUND);
}

static void memory_may_end_anywhere(void)
{
    const char *path = EST_TEST_FILE("d.csv", "a,b\n1,x\n2,y|z\n");
    est_convert_options o = { .multivalent_delim = "|" };
    for (int64_t nth = 1; nth < 100000; nth++) {
        (void)est_test_fail_allocation(nth);
        est_status st = est_convert_file(path, est_test_path("m.tfrecord.gz"), &o, NULL);
        if (st == EST_OK)
            st = est_convert_file(est_test_path("m.tfrecord.gz"), est_test_path("m.csv.gz"), &o, NULL);
        (void)est_test_fail_allocation(0);
        if (st == EST_OK)
            return;
        EST_CHECK_INT(st, EST_RESOURCE_EXHAUSTED);
    }
    EST_CHECK(false);
}

EST_SUITE(experiment_convert_files, EST_TEST(both_ways_are_equal), EST_TEST(one_column_has_no_blank_line),
          EST_TEST(marks_of_absent_values), EST_TEST(fields_of_several_values), EST_TEST(types_come_from_a_configuration),
          EST_TEST(refuses_what_it_cannot), EST_TEST(memory_may_end_anywhere));
