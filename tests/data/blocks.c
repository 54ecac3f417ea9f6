/* Cutting files into blocks, and the two ways to parse a block, against each other. */
#include <zlib.h>

#include "data/csv.h"
#include "data/rows.h"

enum { COLUMNS = 3, LONGEST = 120 };

static est_feature features[] = { { .name = "a", .dtype = EST_FLOAT }, { .name = "b", .dtype = EST_STRING },
                                  { .name = "c", .dtype = EST_INT64 } };
static est__csv_field fields[] = {
    { .name = "a", .column = 0, .dtype = EST_FLOAT, .default_text = "" },
    { .name = "b", .column = 1, .dtype = EST_STRING, .default_text = "" },
    { .name = "c", .column = 2, .dtype = EST_INT64, .default_text = "" },
};
static char path_name[] = "text";
static char *path = path_name;

static est__csv_format format_of(bool quotes)
{
    return (est__csv_format){ .delimiter = ',', .quotes = quotes, .na = "", .field = fields, .fields = COLUMNS,
                              .features = { features, COLUMNS }, .path = &path, .paths = 1 };
}

/* The rows of a text, as lines; a last line tells how many rows were left out, and, if wanted, of how many lines. */
static void parse_text(est__csv_parser *p, const char *text, size_t n, bool through_libcsv, est__buffer *rows, int64_t *skipped,
                       int64_t *lines)
{
    est__block b = { .size = n };
    b.text = est__malloc(n + 1 + EST__TEXT_SLACK);
    memset(b.text, 0, n + 1 + EST__TEXT_SLACK);
    if (n)
        memcpy(b.text, text, n);
    b.text[n] = '\n';
    EST_CHECK_OK(est__block_begin(&b, (est_features_spec){ features, COLUMNS }));
    est__csv_parse(p, &b, true, through_libcsv);
    for (int64_t r = 0; r < b.table.rows; r++) {
        const int64_t *o = est__column_offsets(&b.table.column[1]) + r;
        est__buffer_printf(rows, "%.9g|", (double)((float *)b.table.column[0].data)[r]);
        est__buffer_bytes(rows, b.table.column[1].bytes + o[0], (size_t)(o[1] - o[0]));
        est__buffer_printf(rows, "|%lld\n", (long long)((int64_t *)b.table.column[2].data)[r]);
    }
    *skipped += b.skipped;
    *lines += b.lines;
    est__block_free(&b);
}

/* Texts of few kinds of bytes, most of them of use. */
static size_t random_text(est__random *r, char *text, const char *bytes)
{
    size_t n = (size_t)est__random_below(r, LONGEST), kinds = strlen(bytes), at = 0;
    while (at < n) {
        uint64_t v = est__random_next(r);
        if (v % 16 == 0 && at + 8 < n)
            at += (size_t)snprintf(text + at, 9, v % 32 ? "1,x,2\n" : "\"q,\",,\r\n");
        else
            text[at++] = bytes[(v >> 8) % kinds];
    }
    return at;
}

static void searching_equals_libcsv(void)
{
    est__random r = { .key = 11 };
    est__csv_format format = format_of(true);
    est__csv_parser *p;
    char text[LONGEST + 16];
    EST_NEED_OK(est__csv_parser_new(&format, &p));
    for (int i = 0; i < 20000; i++) {
        est__buffer quick = { 0 }, slow = { 0 };
        int64_t skipped[2] = { 0 }, lines[2] = { 0 };
        size_t n = random_text(&r, text, i % 2 ? "1a,,\n" : "1a ,,\n\r.-");
        for (size_t k = 0; k < n; k++)
            if (text[k] == '"')
                text[k] = 'q';
        parse_text(p, text, n, false, &quick, &skipped[0], &lines[0]);
        parse_text(p, text, n, true, &slow, &skipped[1], &lines[1]);
        bool same = EST_CHECK_BYTES(quick.data, quick.size, slow.data, slow.size) & EST_CHECK_INT(skipped[0], skipped[1]);
        if (!memchr(text, '\r', n))
            same &= EST_CHECK_INT(lines[0], lines[1]);
        est__buffer_free(&quick);
        est__buffer_free(&slow);
        if (!same)
            break;
    }
    est__csv_parser_free(p);
}

static void cut_texts_parse_as_whole_ones(void)
{
    est__random r = { .key = 12 };
    est__csv_format format = format_of(true);
    est__csv_parser *p;
    char text[LONGEST + 16];
    int cuts = 0;
    EST_NEED_OK(est__csv_parser_new(&format, &p));
    for (int i = 0; i < 20000; i++) {
        est__buffer whole = { 0 }, parts = { 0 };
        int64_t skipped[2] = { 0 }, lines[2] = { 0 };
        size_t n = random_text(&r, text, i % 2 ? "1a,,\n\"\"" : "1,\n\r\"");
        size_t cut = est__csv_cut(text, n, ',', true);
        cuts += cut > 0;
        parse_text(p, text, n, true, &whole, &skipped[0], &lines[0]);
        parse_text(p, text, cut, false, &parts, &skipped[1], &lines[1]);
        parse_text(p, text + cut, n - cut, false, &parts, &skipped[1], &lines[1]);
        bool same = EST_CHECK_BYTES(parts.data, parts.size, whole.data, whole.size) & EST_CHECK_INT(skipped[1], skipped[0]);
        est__buffer_free(&whole);
        est__buffer_free(&parts);
        if (!same)
            break;
    }
    EST_CHECK(cuts > 10000);
    est__csv_parser_free(p);
}

static void cuts_after_the_last_whole_row(void)
{
    static const struct {
        const char *text;
        bool quotes;
        size_t cut;
    } cases[] = {
        { "", true, 0 },
        { "a,b", true, 0 },
        { "a\nb", true, 2 },
        { "a\r\nb", true, 3 },
        { "a\rb", true, 2 },
        { "a\r", true, 0 },
        { "\"a\nb\",c\n", true, 8 },
        { "a\n\"b\nc", true, 2 },
        { "a\n\"b\nc\"", true, 2 },
        { "a\n\"b\"\"\nc", true, 2 },
        { "a\nb\"\nc", true, 5 },          /* a stray quote opens nothing */
        { "a\nb\",\"\nc\",\"", true, 7 },  /* nor does what follows on its line */
        { "a\n\"b\" ,\"\nc", true, 9 },
        { "a\n\"b\nc", false, 5 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EST_CHECK_INT(est__csv_cut(cases[i].text, strlen(cases[i].text), ',', cases[i].quotes), cases[i].cut);
}

static const char *written(const char *name, const char *head, char fill, size_t n, const char *tail)
{
    est__buffer b = { 0 };
    char part[4096];
    memset(part, fill, sizeof part);
    est__buffer_text(&b, head);
    for (; n; n -= n < sizeof part ? n : sizeof part)
        est__buffer_bytes(&b, part, n < sizeof part ? n : sizeof part);
    est__buffer_text(&b, tail);
    const char *made = est_test_file(name, b.data, b.size);
    est__buffer_free(&b);
    return made;
}

static est_status read_file(const char *name, int readers, est__buffer *rows)
{
    est_dataset *d;
    est_status st = est_csv_dataset_new(&((est_csv_options){ .input_path = EST_STRINGS(name), .features = { features, 3 },
                                                             .memory_budget = EST_OFF, .num_parallel_reads = readers }), &d);
    if (st == EST_OK)
        st = add_batches(rows, est_dataset_batch(d, 100, false), -1);
    est_dataset_free(d);
    return st;
}

static void rows_have_a_limit(void)
{
    est__buffer rows = { 0 };
    for (int readers = 1; readers < 3; readers++) {
        const char *name = written("long.csv", "a,b,c\n1,2,3\n4,", 'x', EST__CSV_ROW_LIMIT + 100, ",5\n");
        EST_CHECK_FAILS(read_file(name, readers, &rows), EST_INVALID_ARGUMENT,
                        est_test_text("%s:3: a row of more than 16 MiB (is a quote left open?)", name));
        name = written("open.csv", "a,b,c\n1,2,3\n4,\"\n", '\n', EST__CSV_ROW_LIMIT + 100, "");
        EST_CHECK_FAILS(read_file(name, readers, &rows), EST_INVALID_ARGUMENT,
                        est_test_text("%s:3: a row of more than 16 MiB (is a quote left open?)", name));
        name = written("header.csv", "a,b", 'x', EST__CSV_ROW_LIMIT + 100, ",c\n");
        EST_CHECK_FAILS(read_file(name, readers, &rows), EST_INVALID_ARGUMENT,
                        est_test_text("%s:1: a row of more than 16 MiB (is a quote left open?)", name));
        est__buffer_clear(&rows);
        name = written("some.csv", "a,b,c\n1,2,3\n4,", 'x', 3 << 20, ",5\n6,7,8\n");   /* longer than a block */
        EST_CHECK_INT(read_file(name, readers, &rows), EST_OUT_OF_RANGE);
        EST_CHECK_INT(rows.size, (3 << 20) + 20);
        est__buffer_clear(&rows);
    }
    est__buffer_free(&rows);
}

static void compressed_files_that_are_damaged(void)
{
    const char *name = est_test_path("a.csv.gz");
    char *data;
    size_t size;
    est__buffer rows = { 0 };
    gzFile f = gzopen(name, "wb");
    gzprintf(f, "a,b,c\n");
    for (int i = 0; i < 10000; i++)   /* less than a block */
        gzprintf(f, "%d,x%d,%d\n", i, i * i, i);
    EST_CHECK_INT(gzclose(f), Z_OK);
    EST_NEED_OK(est__file_read(name, 1 << 20, &data, &size));
    EST_CHECK_INT(read_file(name, 1, &rows), EST_OUT_OF_RANGE);
    name = est_test_file("cut.csv.gz", data, size / 2);
    EST_CHECK_FAILS(read_file(name, 2, &rows), EST_DATA_LOSS, est_test_text("%s: the compressed file is cut short", name));
    name = est_test_file("end.csv.gz", data, size - 1);
    EST_CHECK_FAILS(read_file(name, 1, &rows), EST_DATA_LOSS, est_test_text("%s: the compressed file is cut short", name));
    data[size / 2] ^= 0x55;
    name = est_test_file("bad.csv.gz", data, size);
    EST_CHECK_INT(read_file(name, 1, &rows), EST_DATA_LOSS);
    EST_CHECK(strstr(est_error(), "bad.csv.gz: the compressed file is damaged: ") != NULL);
    est__free(data);
    est__buffer_free(&rows);
}

/* What a later part of a file costs in memory: next to nothing. */
static void memory_does_not_grow_with_the_file(void)
{
    est__buffer text = { 0 };
    est__buffer_text(&text, "a,b,c\n");
    for (int i = 0; i < 300000; i++)
        est__buffer_printf(&text, "%d,some text that is %d long,%d\n", i, i % 97, i);
    const char *name = est_test_file("a.csv", text.data, text.size);
    EST_CHECK(text.size > 8 << 20);
    est__buffer_free(&text);
    est_dataset *d;
    const est_batch *b;
    int64_t batches = 0, early = 0;
    EST_NEED_OK(est_csv_dataset_new(&((est_csv_options){ .input_path = EST_STRINGS(name), .features = { features, 3 },
                                                         .memory_budget = EST_OFF, .num_parallel_reads = 2 }), &d));
    est_dataset_batch(est_dataset_shuffle(d, 1000, 1, false), 100, false);
    while (est_dataset_next(d, &b) == EST_OK)
        if (++batches == 1500)
            early = est_test_fail_allocation(0);
    int64_t late = est_test_fail_allocation(0);
    EST_CHECK_INT(batches, 3000);
    EST_CHECK(early > 100);
    EST_CHECK(late < 40);
    est_dataset_free(d);
}

EST_SUITE(data_blocks, EST_TEST(searching_equals_libcsv), EST_TEST(cut_texts_parse_as_whole_ones),
          EST_TEST(cuts_after_the_last_whole_row), EST_TEST(rows_have_a_limit), EST_TEST(compressed_files_that_are_damaged),
          EST_TEST(memory_does_not_grow_with_the_file));
