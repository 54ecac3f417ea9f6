/* CSV fields against what TensorFlow's CsvDataset makes of them. */
#include "data/rows.h"

typedef struct golden {
    const char *name, *columns, *text;
    size_t size;
    const char *na;
    char delimiter;
    bool no_quotes;
    const char *rows;
} golden;

static const golden cases[] = {
#include "golden/csv.inc"
};

static const char *const names[] = { "a", "b", "c", "d" };

static void add_row(est__buffer *out, const est_batch *b, int64_t row)
{
    for (int i = 0; i < b->count; i++) {
        const est_tensor *t = &b->value[i];
        uint32_t bits;
        size_t n = 0;
        const char *s = t->dtype == EST_STRING ? est_tensor_string(t, row, &n) : NULL;
        if (t->dtype == EST_FLOAT) {
            memcpy(&bits, (float *)t->data + row, 4);
            est__buffer_printf(out, "%08x", bits & 0x7FFFFFFF ? bits : bits & 0x80000000);
        } else if (t->dtype == EST_INT64) {
            est__buffer_printf(out, "%lld", (long long)((int64_t *)t->data)[row]);
        }
        for (size_t k = 0; k < n; k++)
            est__buffer_printf(out, "%02x", (unsigned char)s[k]);
        est__buffer_text(out, i + 1 < b->count ? "|" : "\n");
    }
}

static void check_case(const golden *g)
{
    size_t n = strlen(g->columns);
    est_feature f[4] = { 0 };
    est_dataset *d;
    est_batch *b = NULL;
    est__buffer rows = { 0 };
    for (size_t i = 0; i < n; i++)
        f[i] = (est_feature){ .name = names[i],
                              .dtype = g->columns[i] == 'f' ? EST_FLOAT : g->columns[i] == 'i' ? EST_INT64 : EST_STRING };
    const char *path = est_test_file("golden.csv", g->text, g->size);
    EST_NEED_OK(est_csv_dataset_new(&((est_csv_options){ .input_path = EST_STRINGS(path), .features = { f, n }, .no_header = true,
                                                         .column_names = { names, n }, .na_value = g->na,
                                                         .field_delim = g->delimiter, .no_quote_delim = g->no_quotes }), &d));
    est_dataset_batch(d, 3, false);
    est_status st = est__batch_new(d, &b);
    while (st == EST_OK && (st = est__dataset_read(d, b)) == EST_OK)
        for (int64_t r = 0; r < b->rows; r++)
            add_row(&rows, b, r);
    if (g->rows)
        EST_CHECK_STR(est_test_text("%s: %s", g->name, rows.data), est_test_text("%s: %s", g->name, g->rows));
    EST_CHECK_STR(est_test_text("%s: %s", g->name, est_status_name(st)),
                  est_test_text("%s: %s", g->name, g->rows ? "OUT_OF_RANGE" : "INVALID_ARGUMENT"));
    est__buffer_free(&rows);
    est__batch_free(b);
    est_dataset_free(d);
}

static void reads_as_tensorflow(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(&cases[i]);
}

EST_SUITE(data_csv_golden, EST_TEST(reads_as_tensorflow));
