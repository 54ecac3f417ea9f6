/* Jobs over the same rows: a CSV file that is kept in memory, one that streams, a gzipped one, several by turns, a cache on disk, and
 * callbacks. */
#include "train/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <estimator/estimator.h>

enum { ROWS = 20011, BATCH = 64, BUFFER = 500 };   /* a prime, so that any step walks through all rows */

static char plain[4096], packed[4096];
static const char *const words[] = { "red", "green", "blue" };

/* Row i of the data. */
typedef struct row {
    float x;
    int64_t word, place, label;
} row;

static row row_of(int64_t i)
{
    uint64_t h = (uint64_t)(i + 1) * 0x9e3779b97f4a7c15u;
    row r = { .x = (float)(h >> 40 & 1023) / 256 - 2, .word = (int64_t)(h >> 52) % 3, .place = (int64_t)(h >> 20 & 4095) };
    r.label = r.x + (float)r.word + (float)(r.place % 3) > 1.5f;
    return r;
}

void job_make_files(const char *dir)
{
    snprintf(plain, sizeof plain, "%s/rows.csv", dir);
    snprintf(packed, sizeof packed, "%s/rows.csv.gz", dir);
    FILE *f = fopen(plain, "w");
    gzFile g = gzopen(packed, "wb");
    if (f == NULL || g == NULL) {
        perror(dir);
        exit(2);
    }
    fputs("x,word,place,label\n", f);
    gzputs(g, "x,word,place,label\n");
    for (int64_t i = 0; i < ROWS; i++) {
        row r = row_of(i);
        char places[64] = "";   /* none, one, two or three of them */
        for (int64_t k = 0; k < i % 4; k++)
            snprintf(places + strlen(places), 20, "%sp%lld", k ? "|" : "", (long long)(r.place + k * i) % 4096);
        fprintf(f, "%g,%s,%s,%lld\n", (double)r.x, words[r.word], places, (long long)r.label);
        gzprintf(g, "%g,%s,%s,%lld\n", (double)r.x, words[r.word], places, (long long)r.label);
    }
    if (fclose(f) != 0 || gzclose(g) != Z_OK) {
        perror(dir);
        exit(2);
    }
}

/* ---- sources ---- */

static const est_feature features[] = { { .name = "x", .dtype = EST_FLOAT, .shape = { 1, { 1 } } },
                                        { .name = "word", .dtype = EST_STRING, .shape = { 1, { 1 } } },
                                        { .name = "place", .dtype = EST_STRING, .variable_length = true },
                                        { .name = "label", .dtype = EST_INT64, .shape = { 1, { 1 } } } };

static est_status open_rows(const char *path, bool streams, est_dataset **out)
{
    est_csv_options o = { .input_path = EST_STRINGS(path), .features = { features, 4 }, .label = EST_STRINGS("label"),
                          .memory_budget = streams ? EST_OFF : 0, .multivalent_delim = '|' };
    return est_csv_dataset_new(&o, out);
}

static void to_batches(est_dataset *d)
{
    est_dataset_shuffle(d, BUFFER, 0, false);
    est_dataset_repeat(d, EST_OFF);
    est_dataset_batch(d, BATCH, false);
}

static est_status open_csv(const char *path, bool streams, est_dataset **out)
{
    est_status st = open_rows(path, streams, out);
    if (st == EST_OK)
        to_batches(*out);
    return st;
}

static est_status from_memory(const est_input_context *c, est_dataset **out, void *user)
{
    (void)c;
    (void)user;
    return open_csv(plain, false, out);
}

static est_status from_csv(const est_input_context *c, est_dataset **out, void *user)
{
    (void)c;
    (void)user;
    return open_csv(plain, true, out);
}

static est_status from_gzip(const est_input_context *c, est_dataset **out, void *user)
{
    (void)c;
    (void)user;
    return open_csv(packed, true, out);
}

/* Both files by turns, one with fewer rows. */
static est_status open_both(est_dataset **out)
{
    est_dataset *from[2] = { NULL, NULL };
    *out = NULL;
    est_status st = open_rows(plain, true, &from[0]);
    if (st == EST_OK)
        st = open_rows(packed, true, &from[1]);
    if (st != EST_OK) {
        est_dataset_free(from[0]);
        return st;
    }
    est_dataset_shard(from[1], 3, 1);
    return est_interleave_dataset_new(from, 2, 0, 3, out);
}

static est_status from_both(const est_input_context *c, est_dataset **out, void *user)
{
    (void)c;
    (void)user;
    est_status st = open_both(out);
    if (st == EST_OK)
        to_batches(*out);
    return st;
}

/* The cache stands beside the model's folder. A run from the beginning makes its own. */
static est_status from_cache(const est_input_context *c, est_dataset **out, void *model_dir)
{
    char path[4200], prefix[4200];
    (void)c;
    snprintf(path, sizeof path, "%s.cache", (const char *)model_dir);
    if (est_latest_checkpoint(model_dir, prefix, sizeof prefix) != EST_OK)
        remove(path);
    est_status st = open_both(out);
    if (st == EST_OK) {
        est_dataset_cache(*out, path);
        to_batches(*out);
    }
    return st;
}

/* A callback that shuffles for itself: in epoch e it goes through the rows by steps of 7e + 5. */
typedef struct place {
    int64_t epoch, row;
} place;

static est_status next(est_batch *batch, void *user)
{
    place *p = user;
    float x[BATCH];
    const char *word[BATCH], *at[BATCH];
    char text[BATCH][16];
    int64_t label[BATCH], n = 0;
    est_tensor *tw = NULL, *tp = NULL;
    for (; n < BATCH && p->row < ROWS; n++, p->row++) {
        row r = row_of(p->row * (7 * (p->epoch % 100) + 5) % ROWS);
        snprintf(text[n], sizeof text[n], "p%lld", (long long)r.place);
        x[n] = r.x;
        word[n] = words[r.word];
        at[n] = text[n];
        label[n] = r.label;
    }
    if (n == 0)
        return EST_OUT_OF_RANGE;
    est_shape shape = EST_SHAPE(n, 1);
    est_tensor tx = { EST_FLOAT, shape, x, NULL }, tl = { EST_INT64, shape, label, NULL };
    est_status st = est_tensor_new_strings(&shape, word, NULL, &tw);
    if (st == EST_OK)
        st = est_tensor_new_strings(&shape, at, NULL, &tp);
    const est_tensor *values[] = { &tx, tw, tp, &tl };
    for (size_t i = 0; i < 4 && st == EST_OK; i++)
        st = est_batch_set(batch, i, values[i]);
    est_tensor_free(tw);
    est_tensor_free(tp);
    return st;
}

static est_status back(void *user)
{
    place *p = user;
    p->epoch++;
    p->row = 0;
    return EST_OK;
}

static est_status save(void *state, size_t capacity, size_t *size, void *user)
{
    *size = sizeof(place);
    if (*size <= capacity)
        memcpy(state, user, sizeof(place));
    return EST_OK;
}

static est_status restore(const void *state, size_t size, void *user)
{
    if (size != sizeof(place))
        return EST_DATA_LOSS;
    memcpy(user, state, sizeof(place));
    return EST_OK;
}

static est_status open_callback(bool saves, est_dataset **out)
{
    place *p = calloc(1, sizeof *p);
    if (p == NULL)
        return EST_RESOURCE_EXHAUSTED;
    est_callback_options o = { .features = { features, 4 }, .label = "label", .next = next, .rewind = back, .save = saves ? save : NULL,
                               .restore = saves ? restore : NULL, .close = free, .user = p };
    est_status st = est_callback_dataset_new(&o, out);
    if (st == EST_OK)
        est_dataset_repeat(*out, EST_OFF);
    return st;
}

static est_status from_callback(const est_input_context *c, est_dataset **out, void *user)
{
    (void)c;
    (void)user;
    return open_callback(true, out);
}

static est_status from_counted(const est_input_context *c, est_dataset **out, void *user)
{
    (void)c;
    (void)user;
    return open_callback(false, out);
}

const job jobs[] = { { .name = "CSV in memory", .input_fn = from_memory },
                     { .name = "CSV", .input_fn = from_csv, .is_quick = true },
                     { .name = "CSV.gz", .input_fn = from_gzip, .is_quick = true },
                     { .name = "interleave", .input_fn = from_both, .is_quick = true },
                     { .name = "cache on disk", .input_fn = from_cache },
                     { .name = "callback", .input_fn = from_callback, .is_quick = true },
                     { .name = "counted callback", .input_fn = from_counted },
                     { .name = "with hooks", .input_fn = from_csv, .controlled = true },
                     { .name = NULL } };

/* ---- training with everything beside it ---- */

static est_status to_evaluate(const est_input_context *c, est_dataset **out, void *user)
{
    (void)c;
    (void)user;
    est_status st = open_rows(plain, true, out);
    if (st == EST_OK)
        est_dataset_batch(*out, BATCH, false);
    return st;
}

static est_status count(est_run_context *c, void *user)
{
    (void)c;
    ++*(int64_t *)user;
    return EST_OK;
}

/* Checkpoints of the three best evaluations stay in export/best/checkpoints. */
static est_status train_with_hooks(const job *j, est_estimator *e, est_train_result *result)
{
    int64_t counted = 0;
    est_hook *h[2] = { NULL, NULL };
    est_exporter *x[2] = { NULL, NULL };
    const est_saving_listener listener = { .before_save = count, .after_save = count, .user = &counted };
    est_status st = est_hook_new(&(est_hook_options){ .name = "count", .after_run = count, .user = &counted }, &h[0]);
    if (st == EST_OK)
        st = est_stop_if_lower_hook_new(e, &(est_early_stopping_options){ .metric_name = "loss", .threshold = 0, .run_every_steps = 1 },
                                        &h[1]);
    if (st == EST_OK)
        st = est_best_exporter_new(&(est_exporter_options){ .name = "best", .exports_to_keep = 1, .checkpoints_to_keep = 3 }, &x[0]);
    if (st == EST_OK)
        st = est_latest_exporter_new(&(est_exporter_options){ .name = "latest", .exports_to_keep = 1 }, &x[1]);
    const est_eval_spec evaluation = { .input_fn = to_evaluate, .steps = 2, .throttle_secs = EST_OFF, .exporters = { x, 2 } };
    if (st == EST_OK)
        st = est_train_and_evaluate(e, &(est_train_and_evaluate_options){
            .train_spec = { .input_fn = j->input_fn, .max_steps = j->steps, .hooks = { h, 2 }, .saving_listeners = { &listener, 1 } },
            .eval_specs = { &evaluation, 1 } }, result, NULL);
    for (int i = 0; i < 2; i++) {
        est_hook_free(h[i]);
        est_exporter_free(x[i]);
    }
    return st;
}

/* ---- the model ---- */

est_status job_train(const job *j, const char *model_dir, est_train_result *result)
{
    est_estimator *e = NULL;
    est_columns *c = est_columns_new();
    est_run_config config = { .model_dir = model_dir, .save_checkpoints_steps = j->every, .keep_checkpoint_max = 2,
                              .num_threads = j->threads, .save_summary_steps = j->every, .log_step_count_steps = EST_OFF };
    est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(
        est_numeric_column(c, "x", NULL),
        est_categorical_column_with_vocabulary_list(c, "word", &((est_vocabulary_list_options){ .vocabulary_list = { .strings = { words, 3 } } })),
        est_categorical_column_with_hash_bucket(c, "place", &((est_hash_bucket_options){ .hash_bucket_size = 20000 }))) };
    est_status st = est_linear_classifier_new(&o, &config, &e);
    if (st == EST_OK && j->controlled)
        st = train_with_hooks(j, e, result);
    else if (st == EST_OK)
        st = est_train(e, &((est_train_options){ .input_fn = j->input_fn, .user = (void *)model_dir, .max_steps = j->steps }), result);
    est_estimator_free(e);
    est_columns_free(c);
    return st;
}
