/* Features of variable length through a model: the numbers of tf.estimator over SparseTensors, those of dense rows where all
 * are of one length, the same bits on any number of threads, and after a stop in mid-epoch. */
#include <string.h>

#include <estimator/estimator.h>

#include "base/base.h"
#include "golden/ragged.inc"
#include "support/est_test.h"

enum { ROWS = 26, BATCH = 8, STEPS = 40, TAGS = 37, CODES = 50 };

/* How the input differs from test to test. */
typedef enum kind { MEMORY, CALLBACK, CSV, KINDS } kind;
typedef struct input {
    int64_t shuffle;
    bool padded;
    kind kind;
    int batches;              /* that the callback gave */
} input;

static est_tensor vector(est_dtype dtype, int64_t n, const void *data)
{
    return (est_tensor){ .dtype = dtype, .shape = EST_SHAPE(n), .data = (void *)data };
}

static est_status from_memory(const input *in, bool training, est_dataset **out)
{
    static const char *const names[] = { "tags", "codes", "x" };
    est_tensor *tags, codes = vector(EST_INT64, CODES, ragged_codes), x = vector(EST_FLOAT, ROWS, ragged_x);
    est_tensor tag_offsets = vector(EST_INT64, ROWS + 1, ragged_tag_offsets);
    est_tensor code_offsets = vector(EST_INT64, ROWS + 1, ragged_code_offsets), y = vector(EST_INT64, ROWS, ragged_y);
    est_shape flat = EST_SHAPE(TAGS);
    EST_TRY(est_tensor_new_strings(&flat, ragged_tags, NULL, &tags));
    est_status st = est_memory_dataset_new_ragged(names, (const est_tensor *const[]){ tags, &codes, &x },
                                                  (const est_tensor *const[]){ &tag_offsets, &code_offsets, NULL }, 3, &y, out);
    est_tensor_free(tags);
    if (st != EST_OK)
        return st;
    est_dataset_shuffle(*out, training ? in->shuffle : 0, 0, false);
    est_dataset_repeat(*out, training ? EST_OFF : 1);
    int64_t none = -1;
    est_tensor value = { .dtype = EST_INT64, .data = &none };
    if (in->padded)
        est_dataset_padded_batch(*out, BATCH, false, (est_paddings){ &(est_padding){ .feature = "codes", .value = &value }, 1 });
    else
        est_dataset_batch(*out, BATCH, false);
    return EST_OK;
}

/* Separated by '|' where there are several; the rows stream. */
static est_status from_csv(const input *in, bool training, est_dataset **out)
{
    static const est_feature features[] = { { .name = "codes", .dtype = EST_INT64, .variable_length = true },
                                            { .name = "x", .dtype = EST_FLOAT }, { .name = "y", .dtype = EST_INT64 },
                                            { .name = "tags", .dtype = EST_STRING, .variable_length = true } };
    est__buffer b = { 0 };
    est__buffer_text(&b, "y,tags,x,codes\n");
    for (int64_t r = 0; r < ROWS; r++) {
        est__buffer_printf(&b, "%d,", (int)ragged_y[r]);
        for (int64_t i = ragged_tag_offsets[r]; i < ragged_tag_offsets[r + 1]; i++)
            est__buffer_printf(&b, "%s%s", i > ragged_tag_offsets[r] ? "|" : "", ragged_tags[i]);
        est__buffer_printf(&b, ",%g,", (double)ragged_x[r]);
        for (int64_t i = ragged_code_offsets[r]; i < ragged_code_offsets[r + 1]; i++)
            est__buffer_printf(&b, "%s%lld", i > ragged_code_offsets[r] ? "|" : "", (long long)ragged_codes[i]);
        est__buffer_text(&b, "\n");
    }
    const char *path = est_test_file("rows.csv", b.data, b.size);
    est__buffer_free(&b);
    EST_TRY(est_csv_dataset_new(&(est_csv_options){ .input_path = EST_STRINGS(path), .features = { features, 4 },
                                                    .label = EST_STRINGS("y"), .multivalent_delim = '|',
                                                    .memory_budget = EST_OFF }, out));
    est_dataset_shuffle(*out, training ? in->shuffle : 0, 0, false);
    est_dataset_repeat(*out, training ? EST_OFF : 1);
    est_dataset_batch(*out, BATCH, false);
    return EST_OK;
}

/* The rows of batch `number` of one epoch after the other, as from_memory gives them while nothing is shuffled. */
static est_status next(est_batch *batch, void *user)
{
    input *in = user;
    int64_t co[BATCH + 1] = { 0 }, to[BATCH + 1] = { 0 }, codes[CODES], y[BATCH];
    const char *text[TAGS];
    float x[BATCH];
    est_tensor *tags;
    for (int64_t r = 0; r < BATCH; r++) {
        int64_t row = (in->batches * BATCH + r) % ROWS;
        co[r + 1] = co[r];
        to[r + 1] = to[r];
        for (int64_t i = ragged_code_offsets[row]; i < ragged_code_offsets[row + 1]; i++)
            codes[co[r + 1]++] = ragged_codes[i];
        for (int64_t i = ragged_tag_offsets[row]; i < ragged_tag_offsets[row + 1]; i++)
            text[to[r + 1]++] = ragged_tags[i];
        x[r] = ragged_x[row];
        y[r] = ragged_y[row];
    }
    in->batches++;
    est_tensor tag_offsets = vector(EST_INT64, BATCH + 1, to), code_offsets = vector(EST_INT64, BATCH + 1, co);
    est_tensor tc = vector(EST_INT64, co[BATCH], codes), tx = vector(EST_FLOAT, BATCH, x), ty = vector(EST_INT64, BATCH, y);
    est_shape flat = EST_SHAPE(to[BATCH]);
    EST_TRY(est_tensor_new_strings(&flat, text, NULL, &tags));
    est_status st = est_batch_set_ragged(batch, 0, tags, &tag_offsets);
    est_tensor_free(tags);
    EST_TRY(st);
    EST_TRY(est_batch_set_ragged(batch, 1, &tc, &code_offsets));
    EST_TRY(est_batch_set(batch, 2, &tx));
    return est_batch_set(batch, 3, &ty);
}

static est_status rewind_rows(void *user)
{
    ((input *)user)->batches = 0;
    return EST_OK;
}

static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    static const est_feature features[] = { { .name = "tags", .dtype = EST_STRING, .variable_length = true },
                                            { .name = "codes", .dtype = EST_INT64, .variable_length = true },
                                            { .name = "x", .dtype = EST_FLOAT }, { .name = "y", .dtype = EST_INT64 } };
    input *in = user;
    if (in->kind == CSV)
        return from_csv(in, context->mode == EST_TRAIN, out);
    if (in->kind == MEMORY || context->mode != EST_TRAIN)
        return from_memory(in, context->mode == EST_TRAIN, out);
    return est_callback_dataset_new(&(est_callback_options){ .features = { features, 4 }, .label = "y", .next = next,
                                                             .rewind = rewind_rows, .user = in }, out);
}

static est_estimator *new_of(const char *dir, const char *combiner, int threads, bool crosses)
{
    est_estimator *e = NULL;
    est_columns *c = est_columns_new();
    est_column *tags = est_categorical_column_with_hash_bucket(c, "tags", &(est_hash_bucket_options){ .hash_bucket_size = 16 });
    est_column *codes = est_categorical_column_with_identity(c, "codes", &(est_identity_options){ .num_buckets = 9 });
    est_column *cross = est_crossed_column(c, &(est_crossed_options){ .keys = EST_CROSS_KEYS({ .name = "tags" }, { .name = "codes" }), .hash_bucket_size = 24 });
    est_column *list[] = { tags, codes, est_numeric_column(c, "x", NULL), cross };
    est_linear_classifier_options o = { .feature_columns = { list, crosses ? 4 : 3 }, .sparse_combiner = combiner };
    EST_CHECK_OK(est_linear_classifier_new(&o, &(est_run_config){ .model_dir = dir, .num_threads = threads, .tf_random_seed = 5 }, &e));
    est_columns_free(c);
    return e;
}

static est_estimator *new_estimator(const char *dir, const char *combiner, int threads)
{
    return new_of(dir, combiner, threads, true);
}

static void check_floats(const est_tensor *got, const float *wanted, size_t n)
{
    if (EST_CHECK(got != NULL) && EST_CHECK_INT(est_shape_elements(&got->shape), n))
        for (size_t i = 0; i < n; i++)
            EST_CHECK_NEAR(((const float *)got->data)[i], wanted[i], 1e-6);
}

static double metric(const est_results *r, const char *name)
{
    for (size_t i = 0; r && i < r->count; i++)
        if (strcmp(r->name[i], name) == 0)
            return r->value[i];
    return -1;
}

typedef struct logits {
    float value[ROWS];
    int64_t rows;
} logits;

static est_status take_logits(const est_predictions *batch, void *user)
{
    logits *l = user;
    memcpy(l->value + l->rows, batch->value[0]->data, (size_t)batch->rows * sizeof *l->value);
    l->rows += batch->rows;
    return EST_OK;
}

#define WEIGHTS(combiner, column)                                                                       \
    {                                                                                                   \
        "linear/linear_model/" #column "/weights", ragged_##combiner##_##column,                        \
            sizeof ragged_##combiner##_##column / sizeof(float)                                         \
    }
#define RECORDED(combiner)                                                                              \
    {                                                                                                   \
        #combiner,                                                                                      \
            { WEIGHTS(combiner, tags), WEIGHTS(combiner, codes), WEIGHTS(combiner, x),                  \
              WEIGHTS(combiner, codes_X_tags) },                                                        \
            ragged_##combiner##_metrics, ragged_##combiner##_logits                                     \
    }

static void agrees_with_tensorflow(void)
{
    static const struct {
        const char *combiner;
        struct {
            const char *name;
            const float *value;
            size_t count;
        } weights[4];
        const double *metrics;
        const float *logits;
    } cases[] = { RECORDED(sum), RECORDED(mean) };
    static const char *const metrics[] = { "loss", "average_loss", "accuracy", "auc" };
    for (int n = 0; n < 2 * KINDS; n++) {
        est_results *r = NULL;
        logits l = { .rows = 0 };
        int i = n % 2;
        input in = { .kind = (kind)(n / 2) };
        est_estimator *e = new_estimator(est_test_path(est_test_text("model %d", n)), cases[i].combiner, 2);
        EST_NEED_OK(est_train(e, &(est_train_options){ .input_fn = rows, .user = &in, .max_steps = STEPS }, NULL));
        for (size_t w = 0; w < 4; w++) {
            est_tensor *value = NULL;
            EST_CHECK_OK(est_get_variable_value(e, cases[i].weights[w].name, &value));
            check_floats(value, cases[i].weights[w].value, cases[i].weights[w].count);
            est_tensor_free(value);
        }
        EST_CHECK_OK(est_evaluate(e, &(est_evaluate_options){ .input_fn = rows, .user = &in }, &r));
        for (size_t k = 0; k < 4; k++)
            EST_CHECK_NEAR(metric(r, metrics[k]), cases[i].metrics[k], 1e-6);
        EST_CHECK_OK(est_predict(e, &(est_predict_options){ .input_fn = rows, .user = &in, .predict_keys = EST_STRINGS("logits"),
                                                            .each = take_logits, .each_user = &l }));
        if (EST_CHECK_INT(l.rows, ROWS))
            for (int k = 0; k < ROWS; k++)
                EST_CHECK_NEAR(l.value[k], cases[i].logits[k], 2e-6);
        est_results_free(r);
        est_estimator_free(e);
    }
}

/* Trains in `parts` calls, each with an estimator of its own. */
static void train_in(const char *name, int threads, int64_t parts, kind from)
{
    for (int64_t i = 1; i <= parts; i++) {
        input in = { .shuffle = 7, .kind = from };
        est_estimator *e = new_estimator(est_test_path(name), "sum", threads);
        EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = rows, .user = &in, .max_steps = STEPS * i / parts }, NULL));
        est_estimator_free(e);
    }
}

static void same_data(const char *a, const char *b)
{
    char *data[2] = { NULL, NULL };
    size_t size[2] = { 0, 0 };
    for (int i = 0; i < 2; i++)
        EST_CHECK_OK(est__file_read(est_test_text("%s/model.ckpt-%d.data-00000-of-00001", est_test_path(i ? b : a), STEPS), SIZE_MAX,
                                    &data[i], &size[i]));
    EST_CHECK_BYTES(data[1], size[1], data[0], size[0]);
    est__free(data[0]);
    est__free(data[1]);
}

static void same_bits_on_any_number_of_threads(void)
{
    train_in("one", 1, 1, MEMORY);
    train_in("two", 2, 1, MEMORY);
    train_in("four", 4, 1, MEMORY);
    train_in("csv", 2, 1, CSV);
    same_data("one", "two");
    same_data("one", "four");
    same_data("one", "csv");
}

static void goes_on_in_mid_epoch(void)
{
    for (kind from = MEMORY; from < KINDS; from++) {
        const char *whole = est_test_text("whole %d", from), *parts = est_test_text("parts %d", from);
        train_in(whole, 1, 1, from);
        train_in(parts, 2, 5, from);
        same_data(whole, parts);
    }
}

/* ---- where all rows are of one length ---- */

static est_status even_rows(const est_input_context *context, est_dataset **out, void *user)
{
    static const char *const names[] = { "tags", "codes", "x" };
    bool ragged = *(bool *)user;
    int64_t offsets[ROWS / 2 + 1], n = ROWS / 2;
    for (int64_t r = 0; r <= n; r++)
        offsets[r] = 2 * r;
    est_shape flat = EST_SHAPE(2 * n), pairs = EST_SHAPE(n, 2);
    est_tensor *tags, codes = { .dtype = EST_INT64, .shape = ragged ? flat : pairs, .data = (void *)ragged_codes };
    est_tensor x = vector(EST_FLOAT, n, ragged_x), y = vector(EST_INT64, n, ragged_y), o = vector(EST_INT64, n + 1, offsets);
    EST_TRY(est_tensor_new_strings(ragged ? &flat : &pairs, ragged_tags, NULL, &tags));
    est_status st = est_memory_dataset_new_ragged(names, (const est_tensor *const[]){ tags, &codes, &x },
                                                  ragged ? (const est_tensor *const[]){ &o, &o, NULL } : NULL, 3, &y, out);
    est_tensor_free(tags);
    EST_TRY(st);
    if (context->mode == EST_TRAIN)
        est_dataset_repeat(*out, EST_OFF);
    est_dataset_batch(*out, 5, false);
    return EST_OK;
}

static void even_rows_are_as_dense_ones(void)
{
    for (int i = 0; i < 2; i++) {
        bool ragged = i;
        est_estimator *e = new_estimator(est_test_path(ragged ? "ragged" : "dense"), "sum", 1);
        EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = even_rows, .user = &ragged, .max_steps = STEPS }, NULL));
        est_estimator_free(e);
    }
    same_data("dense", "ragged");
}

/* A column leaves out what is padded with "" or -1. */
static void padded_rows_are_as_ragged_ones(void)
{
    for (int i = 0; i < 2; i++) {
        input in = { .shuffle = 9, .padded = i };
        est_estimator *e = new_of(est_test_path(i ? "padded" : "ragged"), "mean", 2, false);
        EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = rows, .user = &in, .max_steps = STEPS }, NULL));
        est_estimator_free(e);
    }
    same_data("padded", "ragged");
}

/* ---- what a model does not take ---- */

static est_status ragged_label(const est_input_context *context, est_dataset **out, void *user)
{
    static const est_feature features[] = { { .name = "tags", .dtype = EST_STRING, .variable_length = true },
                                            { .name = "codes", .dtype = EST_INT64, .variable_length = true },
                                            { .name = "x", .dtype = EST_FLOAT, .variable_length = true },
                                            { .name = "y", .dtype = EST_INT64, .variable_length = true } };
    (void)context;
    return est_callback_dataset_new(&(est_callback_options){ .features = { features, 4 }, .label = *(bool *)user ? "y" : "codes",
                                                             .next = next }, out);
}

static void dense_is_dense(void)
{
    bool label = true;
    est_estimator *e = new_estimator(est_test_path("model"), "sum", 1);
    est_train_options o = { .input_fn = ragged_label, .user = &label, .max_steps = 1 };
    EST_CHECK_FAILS(est_train(e, &o, NULL), EST_INVALID_ARGUMENT,
                    "numeric_column 'x': feature 'x' is of variable length, the column takes a dense one");
    est_estimator_free(e);
}

EST_SUITE(estimators_ragged, EST_TEST(agrees_with_tensorflow), EST_TEST(same_bits_on_any_number_of_threads),
          EST_TEST(goes_on_in_mid_epoch), EST_TEST(even_rows_are_as_dense_ones),
          EST_TEST(padded_rows_are_as_ragged_ones), EST_TEST(dense_is_dense));
