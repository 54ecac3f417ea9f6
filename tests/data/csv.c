/* CSV datasets: which columns are read, headers, and the whole text of each error. */
#include <sys/stat.h>

#include "data/rows.h"

static const est_feature features[] = {
    { .name = "y", .dtype = EST_INT64 }, { .name = "age", .dtype = EST_FLOAT }, { .name = "town", .dtype = EST_STRING } };

typedef struct error_case {
    const char *text;
    size_t size;
    const char *message;   /* %s: the path */
} error_case;
#define TEXT(t) t, sizeof(t) - 1

/* A row that is wrong, or a file that is. */
static const error_case errors[] = {
    { TEXT("y,age,town\n1,2,a\n0,abc,b\n"), "%s:3: column 'age': \"abc\" is not a number" },
    { TEXT("y,age,town\n1,2,a\n1.0,2,b\n"), "%s:3: column 'y': \"1.0\" is not an integer" },
    { TEXT("y,age,town\n99999999999999999999,2,b\n"), "%s:2: column 'y': \"99999999999999999999\" is not an integer" },
    { TEXT("y,age,town\n1,0123456789012345678901234567890123456789x,b\n"),
      "%s:2: column 'age': \"0123456789012345678901234567890123456789...\" is not a number" },
    { TEXT("y,age,town\n1,a\tb\001,b\n"), "%s:2: column 'age': \"a?b?\" is not a number" },
    { TEXT("y,age,town\n1,2\n"), "%s:2: 2 fields, the header has 3" },
    { TEXT("y,age,town\n1\n"), "%s:2: 1 field, the header has 3" },
    { TEXT("y,age,town\n1,2,a,b\n"), "%s:2: 4 fields, the header has 3" },
    { TEXT("y,age,town\n1,2,a\n\n1,2,a\n"), "%s:3: a blank line" },
    { TEXT("y,age,town\n1,2,a\n\n"), "%s:3: a blank line" },
    { TEXT("y,age,town\r\n1,2,a\r\n\r\n"), "%s:3: a blank line" },
    { TEXT("y,age,town\n1,2,\"a\nb\"\n1,x,c\n"), "%s:4: column 'age': \"x\" is not a number" },
    { TEXT("y,age,town\r\n1,2,\"a\r\nb\"\r\n1,x,\"c\r\n\"\r\n"), "%s:4: column 'age': \"x\" is not a number" },
    { TEXT("y,age,town\n1,2,\"a\n\n1,2,c\n"), "%s:2: a quote is opened and never closed" },
    { TEXT("y,age,town\n1,2,a\"b\n"), "%s:2: a quote inside a field that does not begin with one" },
    { TEXT("y,age,town\n1,2,\"a\"b\n"), "%s:2: text after a field's closing quote" },
    { TEXT("y,age,town\n1,2,\"a\nb\" \n"), "%s:2: text after a field's closing quote" },
    { TEXT("y,age,town\n1,2,a\0b\n"), "%s:2: column 'town': a NUL byte (the file is not plain text)" },
    { TEXT("y,age,town\n1,2,\"a\0b\"\n"), "%s:2: column 'town': a NUL byte (the file is not plain text)" },
    { TEXT("y\0,age,town\n1,2,a\n"), "%s:1: a NUL byte in the header (the file is not plain text)" },
    { TEXT(""), "%s:1: the file is empty" },
    { TEXT("\xEF\xBB\xBF"), "%s:1: the file is empty" },
    { TEXT("\n1,2,a\n"), "%s:1: the header is a blank line" },
    { TEXT("y,age,town"), "%s: a header and no rows" },
    { TEXT("y,age,town\n"), "%s: a header and no rows" },
    { TEXT("y,\"age,town\n1,2,a\n"), "%s:1: a quote in the header is never closed" },
    { TEXT("y,a\"ge,town\n1,2,a\n"), "%s:1: the header's quotes are wrong" },
    { TEXT("y,age,age,town\n1,2,3,a\n"), "%s:1: two columns are named 'age'" },
    { TEXT("y,ages,town\n1,2,a\n"), "%s: there is no column 'age'; did you mean 'ages'?" },
    { TEXT("y,zzzzzzzzzz,town\n1,2,a\n"), "%s: there is no column 'age'" },
};

static est_csv_options options_for(const char *const *path)
{
    static const char *const label[] = { "y" };
    return (est_csv_options){ .input_path = { path, 1 }, .features = { features, 3 }, .label = { label, 1 } };
}

/* The error of making or of reading. */
static est_status read_all(const est_csv_options *o, est__buffer *rows)
{
    est_dataset *d;
    est_status st = est_csv_dataset_new(o, &d);
    if (st == EST_OK)
        st = add_batches(rows, est_dataset_batch(d, 2, false), -1);
    est_dataset_free(d);
    return st;
}

static void errors_name_the_place(void)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        const char *path = est_test_file(est_test_text("%zu.csv", i), errors[i].text, errors[i].size);
        for (int streams = 0; streams < 2; streams++) {
            est__buffer rows = { 0 };
            est_csv_options o = { .input_path = EST_STRINGS(path), .features = { features, 3 }, .label = EST_STRINGS("y"),
                                  .memory_budget = streams ? EST_OFF : 0 };
            EST_CHECK_FAILS(read_all(&o, &rows), EST_INVALID_ARGUMENT, est_test_text(errors[i].message, path));
            est__buffer_free(&rows);
        }
    }
}

static void rows_before_an_error_are_given(void)
{
    const char *path = EST_TEST_FILE("a.csv", "y,age,town\n1,2,a\n0,3,b\n1,x,c\n0,4,d\n");
    est_csv_options o = options_for(&path);
    est__buffer rows = { 0 };
    o.memory_budget = EST_OFF;
    EST_CHECK_INT(read_all(&o, &rows), EST_INVALID_ARGUMENT);
    EST_CHECK_STR(rows.data, "1|2|a\n0|3|b\n--\n");
    est__buffer_free(&rows);
}

static void files_that_are_not_there(void)
{
    est_dataset *d;
    const char *missing = est_test_path("missing.csv"), *dir = est_test_dir(), *glob = est_test_path("x*.csv");
    est_csv_options o = options_for(&missing);
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_NOT_FOUND, est_test_text("%s: No such file or directory", missing));
    o = options_for(&dir);
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT,
                    est_test_text("%s: it is a directory, a CSV file is needed", dir));
    o = options_for(&glob);
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_NOT_FOUND, est_test_text("%s: no such file", glob));
    o.input_path.count = 0;
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT, "a CSV dataset needs input_path");
    EST_CHECK(d == NULL);
}

static void options_that_are_wrong(void)
{
    const char *path = EST_TEST_FILE("a.csv", "y,age,town\n1,2,a\n");
    static const est_feature wrong_type = { .name = "age", .dtype = EST_DOUBLE };
    static const est_feature many = { .name = "age", .dtype = EST_FLOAT, .shape = { 1, { 2 } } };
    static const est_feature any = { .name = "age", .dtype = EST_FLOAT, .variable_length = true };
    est_dataset *d;
    est_csv_options o = options_for(&path);
    o.no_header = true;
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT, "a CSV file without a header needs column_names");
    o = options_for(&path);
    o.column_names = EST_STRINGS("a", "b");
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT,
                    est_test_text("%s:1: 3 fields in the header, column_names has 2", path));
    o = options_for(&path);
    o.label = EST_STRINGS("z");
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT, "the label 'z' is not among the features");
    o = options_for(&path);
    o.select_columns = EST_STRINGS("y", "age");
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT, "feature 'town' is not among select_columns");
    o.select_columns = EST_STRINGS("y", "ago", "town");
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT,
                    est_test_text("%s: there is no column 'ago'; did you mean 'age'?", path));
    o = options_for(&path);
    o.field_delim = '"';
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT, "field_delim cannot be a line end or a quote");
    o = (est_csv_options){ .input_path = EST_STRINGS(path), .features = { &wrong_type, 1 } };
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT,
                    "feature 'age' is float64: a CSV column is read as float32, int64 or string");
    o.features.data = &many;
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT,
                    "feature 'age': a CSV column holds one value a row, so its shape is [] or [1]");
    o.features = (est_features_spec){ &any, 1 };   /* what a categorical column asks for is one value a row here */
    EST_NEED_OK(est_csv_dataset_new(&o, &d));
    EST_CHECK(!est_dataset_features(d).data[0].variable_length);
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 1, false)), "2\n--\n");
}

static void columns_are_text_when_nothing_is_asked_for(void)
{
    est_dataset *d;
    const char *path = EST_TEST_FILE("d.csv", ",y,\"a b\"\n0,1,2.5\n1,,\"x,\"\n");
    est_csv_options o = { .input_path = EST_STRINGS(path) };
    EST_NEED_OK(est_csv_dataset_new(&o, &d));
    EST_CHECK_INT(est_dataset_features(d).count, 2);
    EST_CHECK_STR(est_dataset_features(d).data[1].name, "a b");
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 8, false)), "1|2.5\n|x,\n--\n");
    o.select_columns = EST_STRINGS("a b");
    o.label = EST_STRINGS("a b");
    EST_NEED_OK(est_csv_dataset_new(&o, &d));
    EST_CHECK_INT(est_dataset_label(d), 0);
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 8, false)), "2.5\nx,\n--\n");
    path = EST_TEST_FILE("n.csv", "\"\"\n1\n");
    o = (est_csv_options){ .input_path = EST_STRINGS(path) };
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT, est_test_text("%s: no column has a name", path));
}

static void marks_names_and_selection(void)
{
    const char *path = EST_TEST_FILE("mark.csv", "\xEF\xBB\xBF\"town\",other,age,y\r\n\"a \"\"b\"\"\",zzz,1.5,3\r\n,\"q\",,\r\n");
    est_csv_options o = options_for(&path);
    est_dataset *d;
    EST_NEED_OK(est_csv_dataset_new(&o, &d));
    EST_CHECK_INT(est_dataset_label(d), 0);
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 9, false)), "3|1.5|a \"b\"\n0|0|\n--\n");
    o.column_names = EST_STRINGS("y", "age", "town", "more");   /* over the header's */
    path = EST_TEST_FILE("names.csv", "a,b,c,d\n1,2,x,\n");
    EST_NEED_OK(est_csv_dataset_new(&o, &d));
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 9, false)), "1|2|x\n--\n");
}

static void defaults_fill_empty_fields(void)
{
    const char *path = EST_TEST_FILE("a.csv", "y,age,town\n1,,\n,NA,NA\n");
    est_shape scalar = EST_SCALAR, one = EST_SHAPE(1);
    est_tensor seven = { .dtype = EST_INT64, .shape = scalar, .data = (int64_t[]){ 7 } };
    est_tensor half = { .dtype = EST_FLOAT, .shape = one, .data = (float[]){ 0.5f } };
    est_tensor nowhere = { .dtype = EST_STRING, .shape = scalar, .data = (int64_t[]){ 0, 7 }, .bytes = (char[]){ "nowhere" } };
    est_feature f[] = { { .name = "y", .dtype = EST_INT64, .default_value = &seven },
                        { .name = "age", .dtype = EST_FLOAT, .shape = one, .default_value = &half },
                        { .name = "town", .dtype = EST_STRING, .default_value = &nowhere } };
    est_dataset *d;
    EST_NEED_OK(est_csv_dataset_new(&((est_csv_options){ .input_path = EST_STRINGS(path), .features = { f, 3 },
                                                         .na_value = "NA" }), &d));
    half.data = NULL;   /* was lent */
    EST_CHECK_INT(est_dataset_label(d), -1);
    EST_CHECK_INT(est_dataset_features(d).data[1].shape.rank, 1);
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 2, false)), "1|0.5|nowhere\n7|0.5|nowhere\n--\n");
    f[1].default_value = &seven;
    EST_CHECK_FAILS(est_csv_dataset_new(&((est_csv_options){ .input_path = EST_STRINGS(path), .features = { f, 3 } }), &d),
                    EST_INVALID_ARGUMENT, "feature 'age': its default_value must be a scalar, or of its shape, and float32");
}

static void labels_join_or_are_absent(void)
{
    static const est_feature f[] = { { .name = "y2", .dtype = EST_FLOAT }, { .name = "x", .dtype = EST_STRING },
                                     { .name = "y1", .dtype = EST_FLOAT } };
    const char *path = EST_TEST_FILE("a.csv", "y1,x,y2\n1,a,2\n3,b,4\n");
    est_csv_options o = { .input_path = EST_STRINGS(path), .features = { f, 3 }, .label = EST_STRINGS("y1", "y2") };
    est_dataset *d;
    EST_NEED_OK(est_csv_dataset_new(&o, &d));
    EST_CHECK_INT(est_dataset_features(d).count, 2);
    EST_CHECK_INT(est_dataset_label(d), 1);
    EST_CHECK_STR(est_dataset_features(d).data[1].name, "y1,y2");
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 2, false)), "a|1 2\nb|3 4\n--\n");

    path = EST_TEST_FILE("b.csv", "x,y2\na,2\n");
    o.input_path = EST_STRINGS(path);
    EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT,
                    est_test_text("%s: there is no column 'y1'; did you mean 'y2'?", path));
    o.label_may_be_absent = true;
    EST_NEED_OK(est_csv_dataset_new(&o, &d));
    EST_CHECK_INT(est_dataset_label(d), -1);
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 2, false)), "a\n--\n");
}

static void several_files_in_order(void)
{
    (void)EST_TEST_FILE("part-2.csv", "y,age,town\n2,2,b\n");
    (void)EST_TEST_FILE("part-1.csv", "y,age,town\n1,1,a");
    const char *paths[] = { est_test_path("part-*.csv"), EST_TEST_FILE("odd[1].csv", "\xEF\xBB\xBFy,age,town\n3,3,\"c\"\n") };
    est_csv_options o = { .input_path = { paths, 2 }, .features = { features, 3 } };
    est_dataset *d;
    for (int streams = 0; streams < 2; streams++) {
        o.memory_budget = streams ? EST_OFF : 0;
        EST_NEED_OK(est_csv_dataset_new(&o, &d));
        est_dataset_batch(est_dataset_repeat(d, 2), 4, false);
        EST_CHECK_STR(all_rows(d), "1|1|a\n2|2|b\n3|3|c\n1|1|a\n--\n2|2|b\n3|3|c\n--\n");
    }
    est__buffer rows = { 0 };
    paths[1] = EST_TEST_FILE("z.csv", "y,town,age\n3,c,3\n");
    EST_CHECK_FAILS(read_all(&o, &rows), EST_INVALID_ARGUMENT,
                    est_test_text("%s:1: column 2 is 'town', in %s it is 'age'", paths[1], est_test_path("part-1.csv")));
    paths[1] = EST_TEST_FILE("w.csv", "y,age\n3,3\n");
    EST_CHECK_FAILS(read_all(&o, &rows), EST_INVALID_ARGUMENT,
                    est_test_text("%s:1: 2 fields in the header, that of the first file has 3", paths[1]));
    paths[1] = EST_TEST_FILE("v.csv", "y,age,town\n3,3,x\n4,x,x\n");
    EST_CHECK_FAILS(read_all(&o, &rows), EST_INVALID_ARGUMENT,
                    est_test_text("%s:3: column 'age': \"x\" is not a number", paths[1]));
    est__buffer_free(&rows);
}

static char logged[1024];
static int logged_lines;

static void keep_log(est_log_level level, const char *text, void *user)
{
    (void)level;
    (void)user;
    snprintf(logged, sizeof logged, "%s", text);
    logged_lines++;
}

static void skips_bad_rows_when_told(void)
{
    static const char text[] = "y,age,town\n1,1,a\n2,x,b\n3,3\n\n4,4,d\"d\n5,5,\"e\n\"\n6,6,\"f\"f,\"\n7,7,g\0g\n8,8,h\n9,9,\"never closed\n";
    const char *path = est_test_file("a.csv", text, sizeof text - 1);
    est_csv_options o = options_for(&path);
    est_dataset *d;
    o.skip_errors = true;
    est_set_log(keep_log, NULL);
    for (int streams = 0; streams < 2; streams++) {
        const est_batch *b;
        est__buffer rows = { 0 };
        logged_lines = 0;
        o.memory_budget = streams ? EST_OFF : 0;
        EST_NEED_OK(est_csv_dataset_new(&o, &d));
        est_dataset_batch(est_dataset_repeat(d, 2), 6, false);
        while (est_dataset_next(d, &b) == EST_OK)
            add_batch(&rows, b);
        EST_CHECK_STR(rows.data, "1|1|a\n5|5|e\n\n8|8|h\n1|1|a\n5|5|e\n\n8|8|h\n--\n");
        EST_CHECK_INT(est_dataset_skipped(d), 7);
        EST_CHECK_INT(logged_lines, 1);
        EST_CHECK_STR(logged, est_test_text("%s: 7 rows left out, 3 kept; the first: %s:3: column 'age': \"x\" is not a number",
                                            path, path));
        est__buffer_free(&rows);
        est_dataset_free(d);
    }
    est_set_log(NULL, NULL);
    path = EST_TEST_FILE("b.csv", "y,age,town\nx,1,a\n");
    est__buffer rows = { 0 };
    EST_CHECK_FAILS(read_all(&o, &rows), EST_INVALID_ARGUMENT,
                    est_test_text("%s: all 1 rows were left out; the first: %s:2: column 'y': \"x\" is not an integer", path, path));
    est__buffer_free(&rows);
}

static void memory_may_end_anywhere(void)
{
    const char *path = EST_TEST_FILE("a.csv", "y,age,town\n1,1,a\n2,2,\"b\"\n3,3,c\n");
    est_csv_options o = options_for(&path);
    est_status st = EST_INTERNAL;
    for (int streams = 0; streams < 2; streams++) {
        o.memory_budget = streams ? EST_OFF : 0;
        for (int64_t nth = 1; nth < 500 && st != EST_OUT_OF_RANGE; nth++) {
            est_dataset *d = NULL;
            est_batch *b = NULL;
            (void)est_test_fail_allocation(nth);
            st = est_csv_dataset_new(&o, &d);
            if (st == EST_OK)
                st = est__batch_new(d, &b);
            est_dataset_batch(est_dataset_shuffle(d, 2, 1, false), 2, false);
            while (st == EST_OK)
                st = est__dataset_read(d, b);
            (void)est_test_fail_allocation(0);
            if (st != EST_OUT_OF_RANGE)
                EST_CHECK_INT(st, EST_RESOURCE_EXHAUSTED);
            est__batch_free(b);
            est_dataset_free(d);
        }
        EST_CHECK_INT(st, EST_OUT_OF_RANGE);
        st = EST_INTERNAL;
    }
}

EST_SUITE(data_csv, EST_TEST(errors_name_the_place), EST_TEST(rows_before_an_error_are_given), EST_TEST(files_that_are_not_there),
          EST_TEST(options_that_are_wrong), EST_TEST(columns_are_text_when_nothing_is_asked_for),
          EST_TEST(marks_names_and_selection), EST_TEST(defaults_fill_empty_fields),
          EST_TEST(labels_join_or_are_absent), EST_TEST(several_files_in_order), EST_TEST(skips_bad_rows_when_told),
          EST_TEST(memory_may_end_anywhere));
