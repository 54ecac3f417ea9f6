/* CSV to batches: rows of 13 numbers and 26 strings (the shape of click logs) a second, through a dataset into batches of
 * 512, beside libcsv on one core that converts and hashes the same fields and does nothing else.
 *     csv [rows] */
#include <csv.h>
#include <estimator/data.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

enum { NUMBERS = 13, STRINGS = 26, FIELDS = NUMBERS + STRINGS, BATCH = 512, BUCKETS = 100000 };

static est_feature features[FIELDS];
static char names[FIELDS][8];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
    fprintf(stderr, "csv: %s: %s\n", what, est_error());
    exit(1);
}

static void name_features(void)
{
    for (int i = 0; i < FIELDS; i++) {
        snprintf(names[i], sizeof names[i], "%c%d", i < NUMBERS ? 'I' : 'C', i < NUMBERS ? i + 1 : i - NUMBERS + 1);
        features[i] = (est_feature){ .name = names[i], .dtype = i < NUMBERS ? EST_FLOAT : EST_STRING };
    }
}

static void write_file(const char *path, long rows)
{
    est__random r = { .key = 1 };
    FILE *f = fopen(path, "wb");
    if (!f)
        die(path);
    for (int i = 0; i < FIELDS; i++)
        fprintf(f, "%s%c", names[i], i + 1 < FIELDS ? ',' : '\n');
    for (long row = 0; row < rows; row++)
        for (int i = 0; i < FIELDS; i++) {
            uint64_t v = est__random_next(&r);
            if (v % 16 == 0)
                putc(i + 1 < FIELDS ? ',' : '\n', f);
            else if (i < NUMBERS)
                fprintf(f, "%u%s,", (unsigned)((v >> 8) & 0xFFFFFF) >> (v >> 40) % 20, i % 4 == 3 ? ".25" : "");
            else
                fprintf(f, "%08x%c", (unsigned)(v >> 8 & 0xFFFF) * 2654435761u, i + 1 < FIELDS ? ',' : '\n');
        }
    if (fclose(f) != 0)
        die(path);
}

/* ---- libcsv alone ---- */

typedef struct alone {
    int field;
    long rows;
    double sum;
    uint64_t hashes;
} alone;

static void alone_field(void *s, size_t n, void *user)
{
    alone *a = user;
    if (!a->rows)
        return;   /* the header */
    if (a->field++ < NUMBERS)
        a->sum += n ? strtof(s, NULL) : 0.0f;
    else
        a->hashes += est__fingerprint64(s, n) % BUCKETS;
}

static void alone_row(int c, void *user)
{
    alone *a = user;
    (void)c;
    a->field = 0;
    a->rows++;
}

static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static double run_alone(const char *path)
{
    static char text[1 << 20];
    struct csv_parser p;
    alone a = { 0 };
    size_t n;
    double start = now();
    FILE *f = fopen(path, "rb");
    if (!f || csv_init(&p, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
        die(path);
    csv_set_space_func(&p, no_space);
    while ((n = fread(text, 1, sizeof text, f)) > 0)
        if (csv_parse(&p, text, n, alone_field, alone_row, &a) != n)
            die("libcsv");
    csv_fini(&p, alone_field, alone_row, &a);
    csv_free(&p);
    fclose(f);
    double rate = (double)(a.rows - 1) / (now() - start);
    printf("%-44s %10.0f rows/s   (check %llu)\n", "libcsv, strtof, Fingerprint64, one core", rate,
           (unsigned long long)a.hashes);
    return rate;
}

/* ---- a dataset ---- */

static uint64_t hash_batch(const est_batch *b)
{
    uint64_t hashes = 0;
    for (size_t i = NUMBERS; i < FIELDS; i++) {
        const est_tensor *t = est_batch_get(b, i);
        const int64_t *o = t->data;
        for (int64_t r = 0; r < est_batch_rows(b); r++)
            hashes += est__fingerprint64(t->bytes + o[r], (size_t)(o[r + 1] - o[r])) % BUCKETS;
    }
    return hashes;
}

static void run_dataset(const char *path, const char *what, est_csv_options o, int64_t shuffle, bool hash, double alone_rate)
{
    est_dataset *d;
    const est_batch *b;
    uint64_t hashes = 0;
    long rows = 0;
    est_status st;
    o.input_path = EST_STRINGS(path);
    o.features = (est_features_spec){ features, FIELDS };
    double start = now();
    if (est_csv_dataset_new(&o, &d) != EST_OK)
        die("est_csv_dataset_new");
    est_dataset_batch(est_dataset_shuffle(d, shuffle, 1, false), BATCH, false);
    while ((st = est_dataset_next(d, &b)) == EST_OK) {
        rows += (long)est_batch_rows(b);
        if (hash)
            hashes += hash_batch(b);
    }
    if (st != EST_OUT_OF_RANGE)
        die(what);
    est_dataset_free(d);
    double rate = (double)rows / (now() - start);
    printf("%-44s %10.0f rows/s   %5.2f times libcsv", what, rate, rate / alone_rate);
    if (hash)
        printf("   (check %llu)", (unsigned long long)hashes);
    putchar('\n');
}

int main(int argc, char **argv)
{
    long rows = argc > 1 ? atol(argv[1]) : 500000;
    const char *where = getenv("TMPDIR");
    char path[512];
    name_features();
    snprintf(path, sizeof path, "%s/est-bench-%ld.csv", where && *where ? where : "/tmp", (long)getpid());
    write_file(path, rows);
    (void)run_alone(path);   /* warms the page cache */
    double alone_rate = run_alone(path);
    est_csv_options one = { .memory_budget = EST_OFF, .num_parallel_reads = 1 }, more = { .memory_budget = EST_OFF };
    run_dataset(path, "dataset, 1 reader", one, 0, false, alone_rate);
    run_dataset(path, "dataset, 1 reader, and Fingerprint64", one, 0, true, alone_rate);
    run_dataset(path, "dataset, default readers", more, 0, false, alone_rate);
    run_dataset(path, "dataset, default readers, and Fingerprint64", more, 0, true, alone_rate);
    run_dataset(path, "dataset, default readers, shuffle 10000", more, 10000, false, alone_rate);
    run_dataset(path, "dataset, kept in memory", (est_csv_options){ .memory_budget = (int64_t)1 << 32 }, 0, false, alone_rate);
    unlink(path);
    return 0;
}
