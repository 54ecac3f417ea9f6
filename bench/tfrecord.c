/* TFRecord of tf.Example to batches: rows of 13 numbers and 26 strings a second, through a dataset into batches of 512.
 *     tfrecord [rows] */
#include <estimator/readers.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "formats/example.h"
#include "formats/tfrecord.h"

enum { NUMBERS = 13, STRINGS = 26, FIELDS = NUMBERS + STRINGS, BATCH = 512 };

static est_feature features[FIELDS];
static est__feature_spec specs[FIELDS];
static char names[FIELDS][8];

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void need(est_status st, const char *what)
{
    if (st == EST_OK)
        return;
    fprintf(stderr, "tfrecord: %s: %s\n", what, est_error());
    exit(1);
}

static void name_features(void)
{
    for (int i = 0; i < FIELDS; i++) {
        snprintf(names[i], sizeof names[i], "%c%d", i < NUMBERS ? 'I' : 'C', i < NUMBERS ? i + 1 : i - NUMBERS + 1);
        features[i] = (est_feature){ .name = names[i], .dtype = i < NUMBERS ? EST_FLOAT : EST_STRING };
        specs[i] = (est__feature_spec){ .name = names[i], .dtype = features[i].dtype, .size = 1 };
    }
}

static void write_file(const char *path, long rows)
{
    est__random r = { .key = 1 };
    est__tfrecord_writer *w;
    est__buffer record = { 0 };
    float number[NUMBERS];
    char text[STRINGS][12];
    est__bytes string[STRINGS];
    est__feature_column column[FIELDS];
    for (int i = 0; i < FIELDS; i++)
        column[i] = (est__feature_column){ .values = i < NUMBERS ? (void *)&number[i] : &string[i - NUMBERS], .count = 1 };
    need(est__tfrecord_writer_new(path, EST__UNCOMPRESSED, &w), path);
    for (long row = 0; row < rows; row++) {
        for (int i = 0; i < FIELDS; i++) {
            uint64_t v = est__random_next(&r);
            if (i < NUMBERS)
                number[i] = (float)((unsigned)((v >> 8) & 0xFFFFFF) >> (v >> 40) % 20);
            else
                string[i - NUMBERS] = (est__bytes){ (unsigned char *)text[i - NUMBERS],
                                                    (size_t)snprintf(text[i - NUMBERS], 12, "%08x", (unsigned)(v >> 8)) };
        }
        est__buffer_clear(&record);
        need(est__example_write(&record, specs, column, FIELDS, 0), "est__example_write");
        need(est__tfrecord_write(w, record.data, record.size), path);
    }
    est__buffer_free(&record);
    need(est__tfrecord_commit(w), path);
}

static void run(const char *path, const char *what, int64_t budget, int readers)
{
    est_dataset *d;
    const est_batch *b;
    long rows = 0;
    est_status st;
    double start = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    need(est_tfrecord_dataset_new(&(est_tfrecord_options){ .input_path = EST_STRINGS(path), .features = { features, FIELDS },
                                                           .memory_budget = budget, .num_parallel_reads = readers }, &d), what);
    est_dataset_batch(d, BATCH, false);
    while ((st = est_dataset_next(d, &b)) == EST_OK)
        rows += (long)est_batch_rows(b);
    if (st != EST_OUT_OF_RANGE)
        need(st, what);
    est_dataset_free(d);
    printf("%-44s %10.0f rows/s %10.0f rows a second of one core\n", what, (double)rows / (seconds(CLOCK_MONOTONIC) - start),
           (double)rows / (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu));
}

int main(int argc, char **argv)
{
    long rows = argc > 1 ? atol(argv[1]) : 500000;
    const char *where = getenv("TMPDIR");
    char path[512];
    name_features();
    snprintf(path, sizeof path, "%s/est-bench-%ld.tfrecord", where && *where ? where : "/tmp", (long)getpid());
    write_file(path, rows);
    run(path, "dataset, 1 reader, first time", EST_OFF, 1);
    run(path, "dataset, 1 reader", EST_OFF, 1);
    run(path, "dataset, default readers", EST_OFF, 0);
    run(path, "dataset, kept in memory", (int64_t)1 << 32, 0);
    unlink(path);
    return 0;
}
