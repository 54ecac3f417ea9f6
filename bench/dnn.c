/* Deep models trained from memory: steps a second of the steady state, a line each.
 *     large      DNNClassifier [1024, 512, 256], 784 inputs, 10 classes, batches of 128, Adagrad
 *     small      DNNClassifier [64, 32], 20 inputs, batches of 32, Adagrad
 *     wide_deep  DNNLinearCombinedClassifier over 13 numbers and 26 columns of ids (100,000 each): weights, embeddings of 16,
 *                [256, 128], batches of 512
 * Usage: dnn [STEPS of large [of small [of wide_deep]]]; 0: left out. */
#include <stdio.h>
#include <stdlib.h>

#include <estimator/estimator.h>

enum { IDS = 26, NUMBERS = 13, BUCKETS = 100000, ROWS = 8192, MOST = IDS + NUMBERS };

typedef struct data {
    const char *name[MOST];
    char text[MOST][8];
    est_tensor tensor[MOST];
    const est_tensor *list[MOST];
    est_tensor label;
    size_t count;
    int64_t batch;
} data;

static uint32_t next(void)
{
    static uint32_t x = 2463534242u;
    x ^= x << 13;
    x ^= x >> 17;
    return x ^= x << 5;
}

static void add_numbers(data *d, const char *prefix, int64_t width)
{
    size_t i = d->count++;
    float *x = malloc((size_t)(ROWS * width) * sizeof *x);
    for (int64_t k = 0; k < ROWS * width; k++)
        x[k] = (float)(next() % 2000) / 1000 - 1;
    snprintf(d->text[i], sizeof d->text[i], "%s%zu", prefix, i);
    d->tensor[i] = (est_tensor){ .dtype = EST_FLOAT, .shape = EST_SHAPE(ROWS, width), .data = x };
}

static void add_ids(data *d)
{
    size_t i = d->count++;
    int64_t *x = malloc(ROWS * sizeof *x);
    for (int64_t k = 0; k < ROWS; k++)
        x[k] = next() % BUCKETS;
    snprintf(d->text[i], sizeof d->text[i], "c%zu", i);
    d->tensor[i] = (est_tensor){ .dtype = EST_INT64, .shape = EST_SHAPE(ROWS, 1), .data = x };
}

static void finish_data(data *d, int classes, int64_t batch)
{
    int64_t *y = malloc(ROWS * sizeof *y);
    for (int64_t k = 0; k < ROWS; k++)
        y[k] = next() % (uint32_t)classes;
    for (size_t i = 0; i < d->count; i++) {
        d->name[i] = d->text[i];
        d->list[i] = &d->tensor[i];
    }
    d->label = (est_tensor){ .dtype = EST_INT64, .shape = EST_SHAPE(ROWS, 1), .data = y };
    d->batch = batch;
}

static void free_data(data *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->tensor[i].data);
    free(d->label.data);
}

static est_status from_memory(const est_input_context *context, est_dataset **out, void *user)
{
    data *d = user;
    (void)context;
    est_status st = est_memory_dataset_new(d->name, d->list, d->count, &d->label, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, EST_OFF), d->batch, true);
    return st;
}

static est_status time_it(const char *name, est_estimator *e, data *d, int64_t steps)
{
    est_train_result r = { 0 };
    est_status st = est_train(e, &(est_train_options){ .input_fn = from_memory, .user = d, .steps = steps }, &r);
    if (st == EST_OK)
        printf("%s %.1f\n", name, r.steps_per_sec);
    est_estimator_free(e);
    free_data(d);
    return st;
}

static const est_run_config quiet = { .save_summary_steps = EST_OFF, .log_step_count_steps = EST_OFF, .save_checkpoints_secs = EST_OFF,
                                      .num_threads = 0 };

static est_status deep(const char *name, int64_t width, est_ints hidden, int classes, int64_t batch, int64_t steps)
{
    data d = { 0 };
    est_estimator *e;
    est_columns *c = est_columns_new();
    add_numbers(&d, "x", width);
    finish_data(&d, classes, batch);
    est_column *x = est_numeric_column(c, d.name[0], &(est_numeric_column_options){ .shape = EST_INTS(width) });
    est_dnn_classifier_options o = { .feature_columns = { &x, 1 }, .hidden_units = hidden, .n_classes = classes };
    est_status st = est_dnn_classifier_new(&o, &quiet, &e);
    est_columns_free(c);
    return st == EST_OK ? time_it(name, e, &d, steps) : st;
}

static est_status wide_deep(int64_t steps)
{
    data d = { 0 };
    est_column *wide[IDS], *all[MOST];
    est_estimator *e;
    est_columns *c = est_columns_new();
    for (int i = 0; i < IDS; i++)
        add_ids(&d);
    for (int i = 0; i < NUMBERS; i++)
        add_numbers(&d, "n", 1);
    finish_data(&d, 2, 512);
    for (int i = 0; i < IDS; i++) {
        wide[i] = est_categorical_column_with_identity(c, d.name[i], &(est_identity_options){ .num_buckets = BUCKETS });
        all[i] = est_embedding_column(c, &(est_embedding_options){ .categorical_column = wide[i], .dimension = 16 });
    }
    for (int i = IDS; i < MOST; i++)
        all[i] = est_numeric_column(c, d.name[i], NULL);
    est_dnn_linear_combined_classifier_options o = { .linear_feature_columns = { wide, IDS }, .dnn_feature_columns = { all, MOST },
                                                     .dnn_hidden_units = EST_INTS(256, 128) };
    est_status st = est_dnn_linear_combined_classifier_new(&o, &quiet, &e);
    est_columns_free(c);
    return st == EST_OK ? time_it("wide_deep", e, &d, steps) : st;
}

int main(int argc, char **argv)
{
    int64_t steps[3] = { 400, 20000, 400 };
    est_status st = EST_OK;
    for (int i = 0; i < 3 && i + 1 < argc; i++)
        steps[i] = atoll(argv[i + 1]);
    if (steps[0])
        st = deep("large", 784, EST_INTS(1024, 512, 256), 10, 128, steps[0]);
    if (st == EST_OK && steps[1])
        st = deep("small", 20, EST_INTS(64, 32), 2, 32, steps[1]);
    if (st == EST_OK && steps[2])
        st = wide_deep(steps[2]);
    if (st != EST_OK)
        fprintf(stderr, "dnn: %s\n", est_error());
    return st != EST_OK;
}
