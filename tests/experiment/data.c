/* A block of data as the dataset that it becomes: shares of several input pipelines, padded batches, buckets. */
#include <estimator/readers.h>

#include "data/rows.h"
#include "experiment/config.h"

static const char base[] =
    "task:\n"                                                                                                        /* 1 */
    "  model:\n"                                                                                                     /* 2 */
    "    estimator: LinearClassifier\n"                                                                              /* 3 */
    "    feature_columns:\n"                                                                                         /* 4 */
    "      - numeric_column: {key: age}\n"                                                                           /* 5 */
    "      - categorical_column_with_identity: {key: codes, num_buckets: 99}\n"                                      /* 6 */
    "      - categorical_column_with_hash_bucket: {key: tags, hash_bucket_size: 9}\n"                                /* 7 */
    "  train_data: {input_path: '*.csv', label: y, num_epochs: 1, batch_size: 2, multivalent_delim: '|'}\n"          /* 8 */
    "trainer: {train_steps: 6}\n";                                                                                   /* 9 */

static void write_files(void)
{
    EST_TEST_FILE("a.csv", "y,age,codes,tags\n0,1,4|5|6,a\n1,2,7,b|c\n0,3,,\n");
    EST_TEST_FILE("b.csv", "y,age,codes,tags\n1,4,1|2,d\n0,5,3|4|5|6,e\n");
    EST_TEST_FILE("c.csv", "y,age,codes,tags\n1,6,8|9,f|g|h\n");
}

/* The dataset of these settings as text; or the error. */
static const char *rows_of(est_strings set, int mode, int pipelines, int id)
{
    est_experiment *x;
    est_dataset *d;
    const char *path = EST_TEST_FILE("c.yaml", base), *text;
    if (!EST_CHECK_OK(est_experiment_new(&((est_experiment_options){ .config = EST_STRINGS(path), .set = set }), &x)))
        return "";
    const est__config *c = est__experiment_config(x);
    est__source source = { .estimator = est_experiment_estimator(x), .data = &c->train_data, .where = "task.train_data" };
    est_input_context context = { .mode = mode, .num_input_pipelines = pipelines, .input_pipeline_id = id };
    est_status st = est__source_open(&context, &d, &source);
    text = st == EST_OK ? all_rows(d) : est_test_text("%s", est_error());
    est_experiment_free(x);
    return text;
}

static void whole_files_are_shared(void)
{
    static const char first[] = "1|4 5 6|a|0\n2|7|b c|1\n--\n3|||0\n6|8 9|f g h|1\n--\n", second[] = "4|1 2|d|1\n5|3 4 5 6|e|0\n--\n";
    est_strings none = { 0 };
    write_files();
    EST_CHECK_STR(rows_of(none, EST_TRAIN, 2, 0), first);          /* AUTO */
    EST_CHECK_STR(rows_of(none, EST_TRAIN, 2, 1), second);
    EST_CHECK_STR(rows_of(EST_STRINGS("task.train_data.auto_shard_policy=FILE"), EST_EVAL, 2, 1), second);
    EST_CHECK_STR(rows_of(EST_STRINGS("task.train_data.auto_shard_policy=DATA"), EST_TRAIN, 2, 1),
                  "2|7|b c|1\n4|1 2|d|1\n--\n6|8 9|f g h|1\n--\n");
    /* More pipelines than files. */
    EST_CHECK_STR(rows_of(none, EST_TRAIN, 4, 3), "4|1 2|d|1\n--\n");
    EST_CHECK_STR(rows_of(EST_STRINGS("task.train_data.auto_shard_policy=FILE"), EST_TRAIN, 4, 3),
                  "3 files cannot be shared among 4: each needs one at least; share their rows (est_dataset_shard), or write them in "
                  "more files");
    EST_CHECK_STR(rows_of(EST_STRINGS("task.train_data.sharding=false"), EST_TRAIN, 2, 1), rows_of(none, EST_TRAIN, 1, 0));
    /* By turns, of its own files. */
    EST_CHECK_STR(rows_of(EST_STRINGS("task.train_data.cycle_length=2"), EST_TRAIN, 2, 0),
                  "1|4 5 6|a|0\n6|8 9|f g h|1\n--\n2|7|b c|1\n3|||0\n--\n");
}

static void batches_are_padded(void)
{
    write_files();
    EST_CHECK_STR(rows_of(EST_STRINGS("task.train_data.padded_batch=true", "task.train_data.padding_values={codes: -1}",
                                      "task.train_data.padded_shapes={tags: 3, codes: null}"), EST_TRAIN, 1, 0),
                  "1|4 5 6|a  |0\n2|7 -1 -1|b c |1\n--\n3|-1 -1|  |0\n4|1 2|d  |1\n--\n5|3 4 5 6|e  |0\n6|8 9 -1 -1|f g h|1\n--\n");
    EST_CHECK_STR(rows_of(EST_STRINGS("task.train_data.padded_batch=true", "task.train_data.padded_shapes={codes: 3}"), EST_TRAIN, 1, 0),
                  "1|4 5 6|a |0\n2|7 0 0|b c|1\n--\n3|0 0 0||0\n4|1 2 0|d|1\n--\nfeature 'codes': a row has 4 values, it is to be padded "
                  "to 3");
}

static void rows_of_like_lengths(void)
{
    write_files();
    est_strings set = EST_STRINGS("task.train_data.bucket_by_sequence_length=codes", "task.train_data.bucket_boundaries=2",
                                  "task.train_data.bucket_batch_sizes=[2, 3]", "task.train_data.padding_values={tags: '-'}");
    EST_CHECK_STR(rows_of(set, EST_TRAIN, 1, 0),
                  "2|7|b c|1\n3|0|- -|0\n--\n1|4 5 6 0|a|0\n4|1 2 0 0|d|1\n5|3 4 5 6|e|0\n--\n6|8 9|f g h|1\n--\n");
    /* Predictions come in the order of the rows. */
    EST_CHECK_STR(rows_of(set, EST_PREDICT, 1, 0), "1|4 5 6|a\n2|7|b c\n--\n3||\n4|1 2|d\n--\n5|3 4 5 6|e\n6|8 9|f g h\n--\n");
    EST_CHECK_STR(rows_of(EST_STRINGS("task.train_data.bucket_by_sequence_length=codes", "task.train_data.bucket_boundaries=[2, 5]",
                                      "task.train_data.bucket_batch_sizes=[2, 4, 1]", "task.train_data.pad_to_bucket_boundary=true",
                                      "task.train_data.drop_remainder=true", "task.train_data.padded_shapes={tags: 3}"), EST_TRAIN, 1, 0),
                  "2|7|b c |1\n3|0|  |0\n--\n1|4 5 6 0|a  |0\n4|1 2 0 0|d  |1\n5|3 4 5 6|e  |0\n6|8 9 0 0|f g h|1\n--\n");
    EST_CHECK_STR(rows_of(EST_STRINGS("task.train_data.bucket_by_sequence_length=codes", "task.train_data.bucket_boundaries=2",
                                      "task.train_data.bucket_batch_sizes=[2, 3]", "task.train_data.no_padding=true"), EST_TRAIN, 1, 0),
                  "2|7|b c|1\n3|||0\n--\n1|4 5 6|a|0\n4|1 2|d|1\n5|3 4 5 6|e|0\n--\n6|8 9|f g h|1\n--\n");
}

static void paddings_that_are_none(void)
{
    static const struct { const char *set, *message; } cases[] = {
        { "task.train_data.padding_values={codes: x}", "padding_values of 'codes' is one int64, not \"x\"" },
        { "task.train_data.padding_values={tags: 1}", "padding_values of 'tags' is one string, not the number 1" },
        { "task.train_data.padding_values={tag: a}", "padding_values: there is no feature 'tag'" },
        { "task.train_data.padded_shapes={tags: 0}", "padded_shapes of 'tags' is a number of values above 0, not the number 0" },
    };
    write_files();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EST_CHECK_STR(rows_of(EST_STRINGS("task.train_data.padded_batch=true", cases[i].set), EST_TRAIN, 1, 0),
                      est_test_text("--set %s: %s", cases[i].set, cases[i].message));
    EST_CHECK_STR(rows_of(EST_STRINGS("task.train_data.padded_batch=true", "task.train_data.padded_shapes={age: 3}"), EST_TRAIN, 1, 0),
                  "est_dataset_padded_batch: feature 'age' is dense, there is nothing to pad");
}

/* ---- lists of files ---- */

static const char *listed(est_strings patterns, int64_t num_shards, int64_t index)
{
    est_file_list *l;
    est__buffer b = { 0 };
    est_status st = est_list_files(patterns, num_shards, index, &l);
    EST_CHECK((st == EST_OK) == (l != NULL));
    est_strings paths = est_file_list_paths(l);
    for (size_t i = 0; i < paths.count; i++)
        est__buffer_printf(&b, "%s ", est__base_name(paths.data[i]));
    const char *text = st == EST_OK ? est_test_text("%s", b.data) : est_test_text("%s", est_error());
    est__buffer_free(&b);
    est_file_list_free(l);
    return text;
}

static void files_are_listed(void)
{
    write_files();
    const char *all = est_test_path("*.csv"), *a = est_test_path("a.csv"), *none = est_test_path("d.csv");
    EST_CHECK_STR(listed(EST_STRINGS(all), 1, 0), "a.csv b.csv c.csv ");
    EST_CHECK_STR(listed(EST_STRINGS(all, a), 1, 0), "a.csv b.csv c.csv a.csv ");
    EST_CHECK_STR(listed(EST_STRINGS(all, a), 3, 0), "a.csv a.csv ");
    EST_CHECK_STR(listed(EST_STRINGS(all), 3, 2), "c.csv ");
    EST_CHECK_STR(listed(EST_STRINGS(all), 0, 0), "est_list_files: num_shards is 0");
    EST_CHECK_STR(listed(EST_STRINGS(all), 2, 2), "est_list_files: index is 2; it lies in [0, 2)");
    EST_CHECK_STR(listed((est_strings){ 0 }, 1, 0), "est_list_files: no file is named");
    EST_CHECK_STR(listed(EST_STRINGS(none), 1, 0), est_test_text("%s: No such file or directory", none));
    EST_CHECK_INT(est_file_list_paths(NULL).count, 0);
    est_file_list_free(NULL);
}

EST_SUITE(experiment_data, EST_TEST(whole_files_are_shared), EST_TEST(batches_are_padded), EST_TEST(rows_of_like_lengths),
          EST_TEST(paddings_that_are_none), EST_TEST(files_are_listed));
