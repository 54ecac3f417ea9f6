/* Datasets of lines: libsvm text and JSON lines, their rows, their errors, exact resume; and one definition of features for
 * CSV, JSON and tf.Example. */
#include <estimator/readers.h>

#include "data/rows.h"
#include "formats/example.h"
#include "formats/tfrecord.h"

/* All rows, or why not; the path before the last slash is left out. */
static const char *rows_or_error(est_status st, est_dataset *d)
{
    est__buffer rows = { 0 };
    if (st == EST_OK)
        st = add_batches(&rows, est_dataset_batch(d, 100, false), -1);
    if (st != EST_OUT_OF_RANGE)
        est__buffer_text(&rows, strrchr(est_error(), '/') ? strrchr(est_error(), '/') + 1 : est_error());
    const char *text = est_test_text("%s", rows.data);
    est__buffer_free(&rows);
    est_dataset_free(d);
    return text;
}

typedef struct wrong { const char *text, *rows; } wrong;

/* ---- libsvm ---- */

static const char *libsvm(const char *text, est_libsvm_options o)
{
    est_dataset *d;
    const char *path = est_test_file("f", text, strlen(text));
    o.input_path = EST_STRINGS(path);
    est_status st = est_libsvm_dataset_new(&o, &d);
    return rows_or_error(st, d);
}

static void libsvm_rows(void)
{
    static const char text[] = "1 0:1 3:0.25\n-1\n\n# nothing\n+1 \t2:-1e2 # 5:5\r\n0.5 7:7";
    est_libsvm_options o = { .label = "y" };
    EST_CHECK_STR(libsvm(text, o), "0 3|1 0.25|1\n||-1\n2|-100|1\n7|7|0.5\n--\n");
    o.label = NULL;
    EST_CHECK_STR(libsvm(text, o), "0 3|1 0.25\n|\n2|-100\n7|7\n--\n");
    o = (est_libsvm_options){ .label = "y", .label_dtype = EST_INT64, .num_features = 4 };
    EST_CHECK_STR(libsvm("1 0:1 3:0.25\n-1\n+1 2:-100 # 5:5\n", o), "1 0 0 0.25|1\n0 0 0 0|-1\n0 0 -100 0|1\n--\n");
    o = (est_libsvm_options){ .label = "y", .no_label = true };
    EST_CHECK_STR(libsvm("0:1\n1:2 2:3\n", o), "0|1\n1 2|2 3\n--\n");
    o = (est_libsvm_options){ .label = "y", .label_may_be_absent = true };
    EST_CHECK_STR(libsvm("#\n0:1\n1:2 2:3\n", o), "0|1\n1 2|2 3\n--\n");
    EST_CHECK_STR(libsvm("#\n4 0:1\n5 1:2 2:3\n", o), "0|1|4\n1 2|2 3|5\n--\n");
}

static void libsvm_errors(void)
{
    static const wrong cases[] = {
        { "1 0:1\nx 0:1\n", "f:2: the label \"x\" is not an integer" },
        { "1.5 0:1\n", "f:1: the label \"1.5\" is not an integer" },
        { "1 0:1\n\n1 3\n", "f:3: \"3\" is not index:value" },
        { "1 a:1\n", "f:1: \"a:1\" is not index:value" },
        { "1 1:\n", "f:1: \"1:\" is not index:value" },
        { "1 qid:4 1:2\n", "f:1: \"qid:4\" is not index:value" },
        { "1 4:1\n", "f:1: the index 4 is not in [0, 4)" },
        { "1 -1:1\n", "f:1: the index -1 is not in [0, 4)" },
        { "1 99999999999999999999:1\n", "f:1: \"99999999999999999999:1\" is not index:value" },
        { "# nothing\n", "f: no rows" },
        { "", "f: no rows" },
    };
    est_libsvm_options o = { .label = "y", .label_dtype = EST_INT64, .num_features = 4 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EST_CHECK_STR(libsvm(cases[i].text, o), cases[i].rows);
    o.skip_errors = true;
    EST_CHECK_STR(libsvm("1 0:1\nx\n2 9:1\n3 1:1\n", o), "1 0 0 0|1\n0 1 0 0|3\n--\n");
    o.num_features = -1;
    EST_CHECK_STR(libsvm("", o), "num_features is -1; it lies in [0, 16777216]");
    o = (est_libsvm_options){ .label_dtype = EST_STRING };
    EST_CHECK_STR(libsvm("", o), "label_dtype is string; the label of libsvm text is float32 or int64");
}

/* ---- JSON ---- */

static float minus[] = { -1 };
static const est_tensor none = { EST_FLOAT, { 0 }, minus, NULL };
static const est_feature features[] = {
    { .name = "x", .dtype = EST_FLOAT, .default_value = &none }, { .name = "s", .dtype = EST_STRING, .variable_length = true },
    { .name = "n", .dtype = EST_INT64, .shape = { 1, { 2 } } } };

static const char *json(const char *text, size_t n, bool skip)
{
    est_dataset *d;
    const char *path = est_test_file("f", text, n);
    est_status st = est_jsonl_dataset_new(&((est_jsonl_options){ .input_path = EST_STRINGS(path), .features = { features, 3 },
                                                                 .skip_errors = skip }), &d);
    return rows_or_error(st, d);
}

static void json_rows(void)
{
    static const wrong cases[] = {
        { "{\"x\": 1.5, \"s\": \"a\", \"n\": [1, -2]}\n", "1.5|a|1 -2\n--\n" },
        { " {\"n\":[1,2],\"s\":[\"a\",\"bc\"]}\r\n\n{\"s\":[],\"n\":[[3],[4]],\"x\":null}", "-1|a bc|1 2\n-1||3 4\n--\n" },
        { "{\"n\":[true,false],\"x\":true,\"s\":[1.50,true]}\n", "1|1.50 true|1 0\n--\n" },
        { "{\"z\":{\"n\":[{}]},\"n\":[1,2],\"n\":[3,4],\"\\u0073\":\"\\u00e9\\ud83d\\ude00\\n\\\"\"}\n",
          "-1|\xC3\xA9\xF0\x9F\x98\x80\n\"|3 4\n--\n" },
        { "{\"n\":[0,0],\"x\":-Infinity}\n{\"n\":[0,0],\"x\":1e-3}\n", "-inf||0 0\n0.00100000005||0 0\n--\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EST_CHECK_STR(json(cases[i].text, strlen(cases[i].text), false), cases[i].rows);
}

static void json_errors(void)
{
    static const wrong cases[] = {
        { "{\"n\":[1,2]}\n[1]\n", "f:2: \"[1]\" stands where a JSON object is wanted" },
        { "{\"n\":[1,2]", "f:1: the line ends where a comma or } is wanted" },
        { "{\"n\":[1,2", "f:1: the line ends where a comma or ] is wanted" },
        { "{\"n\" 1}", "f:1: \"1}\" stands where a colon is wanted" },
        { "{\"n\":1 2}", "f:1: \"2}\" stands where a comma or } is wanted" },
        { "{n:1}", "f:1: \"n:1}\" stands where a string is wanted" },
        { "{\"n\":[1,2]} x", "f:1: \"x\" stands where the end of the line is wanted" },
        { "{\"n\":[1,2],\"s\":\"a", "f:1: a string is never closed" },
        { "{\"n\":[1,2],\"s\":\"\\x\"}", "f:1: feature 's': \"\\x\" is no escape" },
        { "{\"n\":[1,2],\"s\":nil}", "f:1: \"nil}\" stands where a value is wanted" },
        { "{\"x\":1}", "f:1: feature 'n': it is missing and has no default value" },
        { "{\"n\":[1,2,3]}", "f:1: feature 'n': 3 values, 2 are wanted" },
        { "{\"n\":[1,2.5]}", "f:1: feature 'n': 2.5 is not an integer" },
        { "{\"n\":[1,null]}", "f:1: feature 'n': null within an array" },
        { "{\"n\":[1,2],\"x\":\"1\"}", "f:1: feature 'x': \"1\" is a string, float32 is wanted" },
        { "{\"n\":[1,2],\"x\":{}}", "f:1: feature 'x': an object stands where float32 is wanted" },
        { "\n\n", "f: no rows" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EST_CHECK_STR(json(cases[i].text, strlen(cases[i].text), false), cases[i].rows);
    EST_CHECK_STR(json("{}\n{\"n\":[1,2]}\n", 15, true), "-1||1 2\n--\n");
    char deep[200] = "{\"y\":";
    memset(deep + 5, '[', 100);
    EST_CHECK_STR(json(deep, strlen(deep), false), "f:1: more than 64 brackets within each other");
}

static void json_labels(void)
{
    est_dataset *d;
    const char *path = EST_TEST_FILE("f", "{\"x\":1,\"n\":[1,2]}\n");
    est_jsonl_options o = { .input_path = EST_STRINGS(path), .features = { features, 3 }, .label = EST_STRINGS("x") };
    EST_NEED_OK(est_jsonl_dataset_new(&o, &d));
    EST_CHECK_INT(est_dataset_label(d), 0);
    est_dataset_free(d);
    path = EST_TEST_FILE("f", "{\"n\":[1,2]}\n");
    o.input_path = EST_STRINGS(path);
    o.label_may_be_absent = true;
    EST_NEED_OK(est_jsonl_dataset_new(&o, &d));
    EST_CHECK_INT(est_dataset_label(d), -1);
    EST_CHECK_STR(rows_or_error(EST_OK, d), "|1 2\n--\n");
}

/* ---- resume ---- */

typedef struct setup {
    const char *path;
    bool libsvm;
    int64_t budget, shuffle, batch;
} setup;

static est_dataset *make(void *user)
{
    const setup *s = user;
    est_dataset *d = NULL;
    if (s->libsvm)
        EST_CHECK_OK(est_libsvm_dataset_new(&((est_libsvm_options){ .input_path = EST_STRINGS(s->path), .label = "y",
            .memory_budget = s->budget, .skip_errors = true, .num_parallel_reads = 2 }), &d));
    else
        EST_CHECK_OK(est_jsonl_dataset_new(&((est_jsonl_options){ .input_path = EST_STRINGS(s->path), .features = { features, 3 },
            .memory_budget = s->budget, .skip_errors = true, .num_parallel_reads = 2 }), &d));
    return est_dataset_batch(est_dataset_repeat(est_dataset_shuffle(d, s->shuffle, 0, false), 2), s->batch, false);
}

static const char *some_lines(const char *name, bool of_libsvm, int rows)
{
    est__buffer b = { 0 };
    for (int i = 0; i < rows; i++) {
        if (i % 97 == 96)
            est__buffer_text(&b, i % 2 ? "wrong\n" : "\n");
        else if (of_libsvm)
            est__buffer_printf(&b, i % 3 ? "%d 3:%d 70:0.5\n" : "%d %d:1\n", i, i);
        else
            est__buffer_printf(&b, i % 3 ? "{\"x\":%d,\"n\":[%d,0]}\n" : "{\"s\":[\"a\",\"b%d\"],\"n\":[1,%d]}\n", i, i);
    }
    const char *path = est_test_file(name, b.data, b.size);
    est__buffer_free(&b);
    return path;
}

static void resume_at_each_place(void)
{
    for (int i = 0; i < 2; i++) {
        setup small = { .path = some_lines("a", i, 200), .libsvm = i, .shuffle = 30, .batch = 33 };
        setup large = { .path = some_lines("b", i, 100000), .libsvm = i, .budget = EST_OFF, .shuffle = 5000, .batch = 45000 };
        check_places(make, &small, 2, 20);
        check_places(make, &large, 1, 4);
    }
}

/* ---- one definition for all ---- */

static const char *ids_of(est_status st, est_dataset *d)
{
    est__buffer out = { 0 };
    const est_batch *b;
    if (EST_CHECK_OK(st) && EST_CHECK_OK(est_dataset_next(est_dataset_batch(d, 10, false), &b)))
        for (size_t f = 0; f < 3; f++) {
            const est_tensor *t = est_batch_get(b, f);
            for (int64_t i = 0; i < est_shape_elements(&t->shape); i++) {
                size_t n;
                const char *s = t->dtype == EST_STRING ? est_tensor_string(t, i, &n) : NULL;
                if (s)
                    est__buffer_printf(&out, "%llu ", (unsigned long long)(est__fingerprint64(s, n) % 1000));
                else
                    add_value(&out, t, i);
            }
        }
    const char *text = est_test_text("%s", out.data);
    est__buffer_free(&out);
    est_dataset_free(d);
    return text;
}

static void csv_json_and_examples_give_equal_ids(void)
{
    static const est_feature f[] = { { .name = "town", .dtype = EST_STRING }, { .name = "code", .dtype = EST_STRING },
                                     { .name = "age", .dtype = EST_FLOAT } };
    const char *csv = EST_TEST_FILE("f.csv", "town,code,age\nD\xC3\xBCren,007,2.5\n\"a,\"\"b\",1e3,0.1\n");
    const char *jsonl = EST_TEST_FILE("f.jsonl", "{\"town\":\"D\\u00fcren\",\"code\":\"007\",\"age\":2.5}\n"
                                                 "{\"age\":0.1,\"code\":1e3,\"town\":[\"a,\\\"b\"]}\n");
    const char *records = est_test_path("f.tfrecord");
    static est__bytes towns[] = { { (const unsigned char *)"D\xC3\xBCren", 6 }, { (const unsigned char *)"a,\"b", 4 } };
    static est__bytes codes[] = { { (const unsigned char *)"007", 3 }, { (const unsigned char *)"1e3", 3 } };
    static float ages[] = { 2.5f, 0.1f };
    const est__feature_spec specs[] = { { .name = "town", .dtype = EST_STRING, .size = 1 },
                                        { .name = "code", .dtype = EST_STRING, .size = 1 },
                                        { .name = "age", .dtype = EST_FLOAT, .size = 1 } };
    const est__feature_column columns[] = { { .values = towns }, { .values = codes }, { .values = ages } };
    est__tfrecord_writer *w;
    est_dataset *d;
    EST_NEED_OK(est__tfrecord_writer_new(records, EST__GZIP, &w));
    for (size_t row = 0; row < 2; row++) {
        est__buffer record = { 0 };
        EST_CHECK_OK(est__example_write(&record, specs, columns, 3, row));
        EST_CHECK_OK(est__tfrecord_write(w, record.data, record.size));
        est__buffer_free(&record);
    }
    EST_CHECK_OK(est__tfrecord_commit(w));
    est_status st = est_csv_dataset_new(&((est_csv_options){ .input_path = EST_STRINGS(csv), .features = { f, 3 } }), &d);
    const char *ids = ids_of(st, d);
    st = est_jsonl_dataset_new(&((est_jsonl_options){ .input_path = EST_STRINGS(jsonl), .features = { f, 3 } }), &d);
    EST_CHECK_STR(ids_of(st, d), ids);
    st = est_tfrecord_dataset_new(&((est_tfrecord_options){ .input_path = EST_STRINGS(records), .features = { f, 3 } }), &d);
    EST_CHECK_STR(ids_of(st, d), ids);
}

EST_SUITE(data_lines, EST_TEST(libsvm_rows), EST_TEST(libsvm_errors), EST_TEST(json_rows), EST_TEST(json_errors),
          EST_TEST(json_labels), EST_TEST(resume_at_each_place), EST_TEST(csv_json_and_examples_give_equal_ids));
