/* Statistics of files and datasets: types, missing values, moments, quantiles, frequent values; exact and
 * estimated. */
#include <math.h>
#include <string.h>

#include <estimator/stats.h>

#include "base/base.h"
#include "support/est_test.h"

#define HAS(text, part) EST_CHECK(strstr((text), (part)) != NULL || (est_test_str((text), (part), EST_HERE(part)), false))

static est_status of_file(const char *path, const est_stats_options *o, est_stats **out)
{
    return est_stats_of_files((est_strings){ &path, 1 }, o, out);
}

static void tells_types_and_missing_values(void)
{
    static const char csv[] = "i,f,t,none,mark\n1,1.5,a,,?\n2,,\"b, c\",,3\n-2,inf,a,?,4\n0,0,,,?\n";
    est_stats *s;
    EST_NEED_OK(of_file(EST_TEST_FILE("d.csv", csv), &(est_stats_options){ 0 }, &s));
    EST_CHECK_INT(est_stats_rows(s), 4);
    EST_CHECK_INT(est_stats_columns(s), 5);
    EST_CHECK_STR(est_stats_na_value(s), "?");
    EST_CHECK(!est_stats_stopped(s) && est_stats_column(s, 5) == NULL && est_stats_column(s, -1) == NULL);
    const est_column_stats *c = est_stats_column(s, 0);
    EST_CHECK_STR(c->name, "i");
    EST_CHECK_INT(c->dtype, EST_INT64);
    EST_CHECK_INT(c->count, 4);
    EST_CHECK_INT(c->zeros, 1);
    EST_CHECK_NEAR(c->mean, 0.25, 1e-12);
    EST_CHECK_NEAR(c->std, sqrt(2.1875), 1e-12);
    EST_CHECK_NEAR(est_stats_quantile(s, 0, 0.5), 0.5, 0);
    EST_CHECK_INT(est_stats_less(s, 0, 1), 2);
    c = est_stats_column(s, 1);
    EST_CHECK_INT(c->dtype, EST_FLOAT);
    EST_CHECK_INT(c->missing, 1);
    EST_CHECK_INT(c->infinities, 1);
    EST_CHECK_INT(c->distinct, 3);
    EST_CHECK_NEAR(c->max, 1.5, 0);
    c = est_stats_column(s, 2);
    EST_CHECK_INT(c->dtype, EST_STRING);
    EST_CHECK_INT(c->distinct, 2);
    EST_CHECK_STR(c->top[0].text, "a");
    EST_CHECK_INT(c->top[0].count, 2);
    EST_CHECK(isnan(c->mean) && isnan(est_stats_quantile(s, 2, 0.5)) && est_stats_less(s, 2, 0) == 0);
    EST_CHECK_INT(c->max_length, 4);
    EST_CHECK_NEAR(c->mean_length, 2, 0);
    c = est_stats_column(s, 3);
    EST_CHECK_INT(c->dtype, EST_INVALID);
    EST_CHECK_INT(c->missing, 4);
    c = est_stats_column(s, 4);
    EST_CHECK_INT(c->dtype, EST_INT64);
    EST_CHECK_INT(c->missing, 2);
    EST_CHECK_INT(c->top_count, 2);
    est_stats_free(s);
}

static void a_mark_that_was_given_is_the_only_one(void)
{
    static const char csv[] = "a,b\n?,1\nx,-9\n,2\n";
    const char *path = EST_TEST_FILE("d.csv", csv);
    est_stats *s;
    EST_NEED_OK(of_file(path, &(est_stats_options){ .na_value = "-9" }, &s));
    EST_CHECK_INT(est_stats_column(s, 0)->missing, 1);
    EST_CHECK_INT(est_stats_column(s, 1)->missing, 1);
    EST_CHECK_NEAR(est_stats_column(s, 1)->min, 1, 0);
    est_stats_free(s);
    EST_NEED_OK(of_file(path, &(est_stats_options){ .na_value = "" }, &s));
    EST_CHECK_INT(est_stats_column(s, 0)->distinct, 2);
    EST_CHECK_NEAR(est_stats_column(s, 1)->min, -9, 0);
    est_stats_free(s);
}

static void stops_after_so_many_rows(void)
{
    const char *path = EST_TEST_FILE("d.csv", "a;b\n1;x\n2;y\n3;z\n");
    est_stats *s;
    EST_NEED_OK(of_file(path, &(est_stats_options){ .max_rows = 2, .field_delim = ';' }, &s));
    EST_CHECK_INT(est_stats_rows(s), 2);
    EST_CHECK(est_stats_stopped(s));
    EST_CHECK_NEAR(est_stats_column(s, 0)->max, 2, 0);
    est_stats_free(s);
}

/* A budget that keeps a few values alone: what is an estimate says so, and is near. */
static void estimates_are_marked_and_near(void)
{
    enum { ROWS = 20000 };
    est__buffer csv = { 0 };
    est_stats *s;
    est__buffer_text(&csv, "id,half\n");
    for (int64_t i = 0; i < ROWS; i++)
        est__buffer_printf(&csv, "%lld,%s\n", (long long)(i * 7919 % ROWS), i % 2 ? "x" : i % 4 ? "y" : "z");
    const char *path = est_test_file("d.csv", csv.data, csv.size);
    est__buffer_free(&csv);
    EST_NEED_OK(of_file(path, &(est_stats_options){ .memory_budget = 1 }, &s));
    const est_column_stats *c = est_stats_column(s, 0);
    EST_CHECK(c->distinct_is_estimate && c->quantiles_are_estimates && c->top_error > 0);
    EST_CHECK_NEAR((double)c->distinct, ROWS, 0.03 * ROWS);
    EST_CHECK_NEAR(est_stats_quantile(s, 0, 0.25), 0.25 * ROWS, 0.03 * ROWS);
    EST_CHECK_NEAR(c->mean, (ROWS - 1) / 2.0, 1e-6);
    c = est_stats_column(s, 1);
    EST_CHECK(!c->distinct_is_estimate);
    EST_CHECK_INT(c->top[0].count, ROWS / 2);
    char *text;
    EST_NEED_OK(est_stats_text(s, EST_STATS_TABLE, &text));
    HAS(text, "\nid      int64   20000        0    ~");
    est_text_free(text);
    est_stats_free(s);
}

static void reads_any_dataset(void)
{
    static float x[] = { 1, 2, NAN, 4, 5, 6 };
    static int64_t y[] = { 0, 1, 1 };
    static const char *const names[] = { "x" };
    est_tensor features = { .dtype = EST_FLOAT, .shape = EST_SHAPE(3, 2), .data = x };
    est_tensor labels = { .dtype = EST_INT64, .shape = EST_SHAPE(3), .data = y };
    est_dataset *d;
    est_stats *s;
    EST_NEED_OK(est_memory_dataset_new(names, (const est_tensor *const[]){ &features }, 1, &labels, &d));
    EST_NEED_OK(est_stats_of_dataset(est_dataset_batch(d, 2, false), &(est_stats_options){ 0 }, &s));
    EST_CHECK_INT(est_stats_rows(s), 3);
    EST_CHECK_INT(est_stats_column(s, 0)->count, 5);
    EST_CHECK_INT(est_stats_column(s, 0)->missing, 1);
    EST_CHECK_INT(est_stats_column(s, 0)->dtype, EST_FLOAT);
    EST_CHECK_NEAR(est_stats_column(s, 0)->mean, 3.6, 1e-9);
    EST_CHECK_INT(est_stats_column(s, 1)->dtype, EST_INT64);
    est_stats_free(s);
    est_dataset_free(d);
}

static void reads_records(void)
{
    est_stats *s;
    EST_NEED_OK(
        of_file(EST_TEST_DATA("tests/golden/formats/examples.tfrecord.gz"), &(est_stats_options){ 0 }, &s));
    EST_CHECK(est_stats_rows(s) > 1 && est_stats_columns(s) > 1);
    for (int64_t i = 0; i < est_stats_columns(s); i++)
        EST_CHECK(est_stats_column(s, i)->count + est_stats_column(s, i)->missing >= est_stats_rows(s));
    est_stats_free(s);
}

static void writes_json_and_a_page(void)
{
    est_stats *s;
    char *text;
    EST_NEED_OK(of_file(EST_TEST_FILE("d.csv", "n,t\n1,<b>\n2,\"\"\"q\"\"\"\n2,<b>\n"),
                        &(est_stats_options){ 0 }, &s));
    EST_NEED_OK(est_stats_text(s, EST_STATS_JSON, &text));
    EST_CHECK_STR(text, "{\"rows\": 3, \"stopped\": false, \"na_value\": \"\", \"columns\": [\n"
        "  {\"name\": \"n\", \"type\": \"int64\", \"count\": 3, \"missing\": 0, \"distinct\": 2, \"distinct_is_estimate\": false, "
        "\"min\": 1, \"mean\": 1.6666666666666667, \"max\": 2, \"std\": 0.4714045207910317, \"zeros\": 0, \"infinities\": 0, "
        "\"quantiles_are_estimates\": false, \"quantiles\": {\"0.01\": 1.02, \"0.05\": 1.1, \"0.25\": 1.5, \"0.5\": 2, \"0.75\": 2, "
        "\"0.95\": 2, \"0.99\": 2}, \"histogram\": {\"edges\": [0.5, 1.5, 2.5], \"counts\": [1, 2]}, \"top_error\": 0, "
        "\"top\": [{\"value\": \"2\", \"count\": 2}, {\"value\": \"1\", \"count\": 1}]},\n"
        "  {\"name\": \"t\", \"type\": \"string\", \"count\": 3, \"missing\": 0, \"distinct\": 2, \"distinct_is_estimate\": false, "
        "\"min_length\": 3, \"mean_length\": 3, \"max_length\": 3, \"top_error\": 0, "
        "\"top\": [{\"value\": \"<b>\", \"count\": 2}, {\"value\": \"\\\"q\\\"\", \"count\": 1}]}]}\n");
    est_text_free(text);
    EST_NEED_OK(est_stats_text(s, EST_STATS_HTML, &text));
    HAS(text, "<h1>d.csv</h1><p>3 rows, 2 columns</p>");
    HAS(text, "<td title=\"&lt;b&gt;\">&lt;b&gt;</td>");
    HAS(text, "<title>0.5 to 1.5: 1</title>");
    EST_CHECK(strstr(text, "http") == NULL && strstr(text, "<b>") == NULL && strstr(text, "nan") == NULL);
    est_text_free(text);
    EST_CHECK_FAILS(est_stats_text(s, (est_stats_form)9, &text), EST_INVALID_ARGUMENT,
                    "there is no form 9 of statistics");
    est_stats_free(s);
}

static void refuses_bad_input(void)
{
    est_stats *s;
    const char *path = EST_TEST_FILE("d.csv", "a,b\n1,2\n3\n");
    EST_CHECK_FAILS(of_file(path, &(est_stats_options){ 0 }, &s), EST_INVALID_ARGUMENT,
                    est_test_text("%s:3: 1 field, the header has 2", path));
    EST_CHECK(s == NULL);
    EST_NEED_OK(of_file(path, &(est_stats_options){ .skip_errors = true }, &s));
    EST_CHECK_INT(est_stats_rows(s), 1);
    est_stats_free(s);
    EST_CHECK_FAILS(of_file(path, &(est_stats_options){ .max_rows = -1 }, &s), EST_INVALID_ARGUMENT,
                    "max_rows and memory_budget cannot be negative");
    EST_CHECK_FAILS(of_file(est_test_dir(), &(est_stats_options){ 0 }, &s), EST_INVALID_ARGUMENT,
                    est_test_text("%s: a folder, not a file of data", est_test_dir()));
    EST_CHECK_FAILS(est_stats_of_files((est_strings){ 0 }, &(est_stats_options){ 0 }, &s),
                    EST_INVALID_ARGUMENT, "there are no files to look at");
    path = est_test_path("none.csv");
    EST_CHECK_FAILS(of_file(path, &(est_stats_options){ 0 }, &s), EST_NOT_FOUND,
                    est_test_text("%s: No such file or directory", path));
    est_stats_free(NULL);
}

static void memory_may_end_anywhere(void)
{
    static const char csv[] = "a,b\n1,x\n2,y\n3,z\n4,z\n";
    const char *path = EST_TEST_FILE("d.csv", csv);
    for (int64_t nth = 1; nth < 100000; nth++) {
        est_stats *s = NULL;
        char *text = NULL;
        (void)est_test_fail_allocation(nth);
        est_status st = of_file(path, &(est_stats_options){ .memory_budget = 1 }, &s);
        if (st == EST_OK)
            st = est_stats_text(s, EST_STATS_TABLE, &text);
        (void)est_test_fail_allocation(0);
        est_text_free(text);
        est_stats_free(s);
        if (st == EST_OK)
            return;
        EST_CHECK_INT(st, EST_RESOURCE_EXHAUSTED);
    }
    EST_CHECK(false);
}

EST_SUITE(experiment_stats, EST_TEST(tells_types_and_missing_values), EST_TEST(a_mark_that_was_given_is_the_only_one),
          EST_TEST(stops_after_so_many_rows), EST_TEST(estimates_are_marked_and_near), EST_TEST(reads_any_dataset),
          EST_TEST(reads_records), EST_TEST(writes_json_and_a_page), EST_TEST(refuses_bad_input),
          EST_TEST(memory_may_end_anywhere));
