/* Rows in the shape of click logs (Criteo's): 13 counts with gaps and heavy tails, 26 strings of 3 to 200,000 values by Zipf's law,
 * and a label that depends on them. Writes train and eval as .csv, .vw (Vowpal Wabbit's text, counts as log1p) and .tfrecord.
 *     clicks FOLDER [train rows [eval rows]] */
#include <math.h>
#include <stdlib.h>

#include "formats/example.h"
#include "formats/tfrecord.h"

enum { NUMBERS = 13, STRINGS = 26, FIELDS = 1 + NUMBERS + STRINGS };

typedef struct row {
    int64_t label;
    bool missing[NUMBERS + STRINGS];
    float number[NUMBERS];
    char string[STRINGS][9];
} row;

typedef struct files {
    FILE *csv, *vw;
    est__tfrecord_writer *tfrecord;
} files;

static char names[FIELDS][8];

static void die(const char *what)
{
    fprintf(stderr, "clicks: %s: %s\n", what, est_error());
    exit(1);
}

static void make_names(void)
{
    snprintf(names[0], sizeof names[0], "label");
    for (int i = 1; i < FIELDS; i++)
        snprintf(names[i], sizeof names[i], "%c%d", i <= NUMBERS ? 'I' : 'C', i <= NUMBERS ? i : i - NUMBERS);
}

static uint64_t mix(uint64_t x)
{
    est__random r = { .key = x };
    return est__random_next(&r);
}

static double uniform(uint64_t bits)   /* in (0, 1) */
{
    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t bits)    /* nearly: a sum of four */
{
    double sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (double)(bits >> (16 * i) & 0xFFFF) / 65536 - 0.5;
    return sum * 1.732;
}

static void make_row(est__random *r, row *out)
{
    static const int order[STRINGS] = { 9, 14, 25, 23, 5, 4, 17, 12, 0, 21, 16, 24, 15, 3, 18, 22, 1, 19, 10, 2, 20, 6, 7, 13, 8, 11 };
    double logit = -1.9;
    for (int i = 0; i < NUMBERS; i++) {
        uint64_t bits = est__random_next(r);
        out->missing[i] = bits % 100 < (uint64_t)(i * 37 % 41);
        double v = floor(expm1(-log(uniform(bits)) * (0.5 + i * 7 % 5 * 0.5)));
        out->number[i] = out->missing[i] ? 0 : (float)fmin(v, 1e6);
        logit += 0.15 * normal(mix((uint64_t)i + 1)) * log1p((double)out->number[i]);
    }
    for (int i = 0; i < STRINGS; i++) {
        uint64_t bits = est__random_next(r);
        double values = 3 * pow(200000.0 / 3, order[i] / (STRINGS - 1.0));
        uint64_t rank = (uint64_t)(exp(uniform(bits) * log(values + 1)) - 1), value = mix((uint64_t)i << 32 | rank);
        out->missing[NUMBERS + i] = i % 4 == 3 && bits % 16 == 0;
        if (out->missing[NUMBERS + i])
            continue;
        snprintf(out->string[i], sizeof out->string[i], "%08x", (unsigned)(value & 0xFFFFFFFF));
        logit += 0.45 * normal(mix(value));
    }
    out->label = uniform(est__random_next(r)) < 1 / (1 + exp(-logit));
}

static void write_text(const files *f, const row *r)
{
    fprintf(f->csv, "%d", (int)r->label);
    fprintf(f->vw, "%d |i", r->label ? 1 : -1);
    for (int i = 0; i < NUMBERS; i++) {
        if (r->missing[i]) {
            putc(',', f->csv);
            continue;
        }
        fprintf(f->csv, ",%.0f", (double)r->number[i]);
        fprintf(f->vw, " %d:%.4g", i + 1, log1p((double)r->number[i]));
    }
    fputs(" |c", f->vw);
    for (int i = 0; i < STRINGS; i++) {
        putc(',', f->csv);
        if (r->missing[NUMBERS + i])
            continue;
        fputs(r->string[i], f->csv);
        fprintf(f->vw, " %c%s", 'a' + i, r->string[i]);
    }
    putc('\n', f->csv);
    putc('\n', f->vw);
}

static void write_record(const files *f, row *r, est__buffer *out)
{
    static est__feature_spec specs[FIELDS];
    static est__feature_column columns[FIELDS];
    static int64_t one[2] = { 0, 1 };
    est__bytes text[STRINGS];
    size_t n = 0;
    for (int i = 0; i < FIELDS; i++) {
        int s = i - 1 - NUMBERS;
        if (i && r->missing[i - 1])
            continue;
        specs[n] = (est__feature_spec){ .name = names[i], .dtype = i == 0 ? EST_INT64 : s < 0 ? EST_FLOAT : EST_STRING, .size = 1 };
        columns[n] = (est__feature_column){ .values = &r->label, .count = 1, .row_offsets = one };
        if (s >= 0) {
            text[s] = (est__bytes){ (const unsigned char *)r->string[s], 8 };
            columns[n].values = &text[s];
        } else if (i) {
            columns[n].values = &r->number[i - 1];
        }
        n++;
    }
    est__buffer_clear(out);
    if (est__example_write(out, specs, columns, n, 0) != EST_OK || est__tfrecord_write(f->tfrecord, out->data, out->size) != EST_OK)
        die("tfrecord");
}

static void write_files(const char *folder, const char *name, uint64_t seed, long rows)
{
    char path[3][512];
    static const char *const ending[] = { "csv", "vw", "tfrecord" };
    est__random random = { .key = seed };
    est__buffer record = { 0 };
    files f;
    row r = { 0 };
    for (int i = 0; i < 3; i++)
        snprintf(path[i], sizeof path[i], "%s/%s.%s", folder, name, ending[i]);
    f.csv = fopen(path[0], "wb");
    f.vw = fopen(path[1], "wb");
    if (!f.csv || !f.vw || est__tfrecord_writer_new(path[2], EST__UNCOMPRESSED, &f.tfrecord) != EST_OK)
        die(path[0]);
    for (int i = 0; i < FIELDS; i++)
        fprintf(f.csv, "%s%c", names[i], i + 1 < FIELDS ? ',' : '\n');
    while (rows-- > 0) {
        make_row(&random, &r);
        write_text(&f, &r);
        write_record(&f, &r, &record);
    }
    est__buffer_free(&record);
    if (fclose(f.csv) != 0 || fclose(f.vw) != 0 || est__tfrecord_commit(f.tfrecord) != EST_OK)
        die(path[0]);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "clicks FOLDER [train rows [eval rows]]\n");
        return 2;
    }
    make_names();
    write_files(argv[1], "train", 1, argc > 2 ? atol(argv[2]) : 500000);
    write_files(argv[1], "eval", 2, argc > 3 ? atol(argv[3]) : 100000);
    return 0;
}
