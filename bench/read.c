/* read FORMAT FILE [TIMES]: rows of click logs (bench/clicks.c) into batches of 2048; prints rows a second, and a second of one
 * processor. TIMES: the file is read that often, as so many files of one dataset. */
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <estimator/readers.h>

#include "base/base.h"

enum { NUMBERS = 13, STRINGS = 26, FIELDS = 1 + NUMBERS + STRINGS, BATCH = 2048 };

static est_feature features[FIELDS];
static char names[FIELDS][8];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double processor(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

static est_status name_features(void)
{
    est_tensor *zero, *empty;
    EST_TRY(est_tensor_new(EST_FLOAT, &(est_shape){ 0 }, &zero));
    EST_TRY(est_tensor_new(EST_STRING, &(est_shape){ 0 }, &empty));
    for (int i = 0; i < FIELDS; i++) {
        bool number = i <= NUMBERS;
        snprintf(names[i], sizeof names[i], "%c%d", number ? 'I' : 'C', number ? i : i - NUMBERS);
        features[i] = (est_feature){ .name = i ? names[i] : "label", .shape = { .rank = 1, .dim = { 1 } },
                                     .dtype = i == 0 ? EST_INT64 : number ? EST_FLOAT : EST_STRING };
        features[i].default_value = i == 0 ? NULL : number ? zero : empty;
    }
    return EST_OK;
}

static est_status open_dataset(const char *format, est_strings paths, est_dataset **out)
{
    est_features_spec spec = { features, FIELDS };
    if (strcmp(format, "csv") == 0)
        return est_csv_dataset_new(&((est_csv_options){ .input_path = paths, .features = spec, .memory_budget = EST_OFF }), out);
    return est_tfrecord_dataset_new(&((est_tfrecord_options){ .input_path = paths, .features = spec, .memory_budget = EST_OFF }), out);
}

int main(int argc, char **argv)
{
    size_t times = argc > 3 ? (size_t)atol(argv[3]) : 1;
    const char **paths = argc > 2 ? calloc(times, sizeof *paths) : NULL;
    est_dataset *d;
    const est_batch *b;
    int64_t rows = 0;
    if (!paths) {
        fprintf(stderr, "read csv|tfrecord FILE [TIMES]\n");
        return 2;
    }
    for (size_t i = 0; i < times; i++)
        paths[i] = argv[2];
    double start = now();
    est_status st = name_features();
    if (st == EST_OK)
        st = open_dataset(argv[1], (est_strings){ paths, times }, &d);
    if (st == EST_OK)
        est_dataset_batch(d, BATCH, false);
    while (st == EST_OK && (st = est_dataset_next(d, &b)) == EST_OK)
        rows += est_batch_rows(b);
    if (st != EST_OUT_OF_RANGE) {
        fprintf(stderr, "read: %s\n", est_error());
        return 1;
    }
    printf("%.0f %.0f\n", (double)rows / (now() - start), (double)rows / processor());
    est_dataset_free(d);
    free(paths);
    return 0;
}
