/* Rows of variable length: in tables and shuffles, from arrays and callbacks, and taken up again at each place. */
#include <math.h>

#include "data/rows.h"

enum { ROWS = 37, VALUES = 200 };

/* Row i: i % 4 numbers, i * 7 % 5 texts of up to 20 characters, and its number. */
typedef struct sample {
    int64_t list[VALUES], list_offsets[ROWS + 1], tag[VALUES + 1], tag_offsets[ROWS + 1], number[ROWS];
    char bytes[VALUES * 20];
} sample;

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

static void fill(sample *s)
{
    *s = (sample){ 0 };
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t n = s->list_offsets[i], t = s->tag_offsets[i];
        for (int64_t k = 0; k < i % 4; k++)
            s->list[n++] = i * 10 + k;
        for (int64_t k = 0; k < i * 7 % 5; k++, t++) {
            int64_t size = (i + 5 * k) % 20;
            memcpy(s->bytes + s->tag[t], letters + i % 6, (size_t)size);
            s->tag[t + 1] = s->tag[t] + size;
        }
        s->list_offsets[i + 1] = n;
        s->tag_offsets[i + 1] = t;
        s->number[i] = i;
    }
}

static est_tensor vector(est_dtype dtype, int64_t n, void *data, char *bytes)
{
    return (est_tensor){ dtype, EST_SHAPE(n), data, bytes };
}

static const char *const names[] = { "list", "tags", "n" };

static est_dataset *from_memory(void)
{
    sample s;
    est_dataset *d;
    fill(&s);
    est_tensor list = vector(EST_INT64, s.list_offsets[ROWS], s.list, NULL), lo = vector(EST_INT64, ROWS + 1, s.list_offsets, NULL);
    est_tensor tags = vector(EST_STRING, s.tag_offsets[ROWS], s.tag, s.bytes), to = vector(EST_INT64, ROWS + 1, s.tag_offsets, NULL);
    est_tensor n = vector(EST_INT64, ROWS, s.number, NULL);
    EST_CHECK_OK(est_memory_dataset_new_ragged(names, (const est_tensor *const[]){ &list, &tags, &n },
                                               (const est_tensor *const[]){ &lo, &to, NULL }, 3, NULL, &d));
    return d;
}

/* What row i looks like in all_rows. */
static void add_row(est__buffer *out, int64_t i)
{
    for (int64_t k = 0; k < i % 4; k++)
        est__buffer_printf(out, "%s%lld", k ? " " : "", (long long)(i * 10 + k));
    est__buffer_text(out, "|");
    for (int64_t k = 0; k < i * 7 % 5; k++)
        est__buffer_printf(out, "%s%.*s", k ? " " : "", (int)((i + 5 * k) % 20), letters + i % 6);
    est__buffer_printf(out, "|%lld\n", (long long)i);
}

static void batches_hold_offsets(void)
{
    est__buffer wanted = { 0 };
    est_dataset *d = est_dataset_batch(from_memory(), 5, false);
    EST_CHECK(est_dataset_features(d).data[0].variable_length && !est_dataset_features(d).data[2].variable_length);
    for (int64_t i = 0; i < ROWS; i++) {
        add_row(&wanted, i);
        if (i % 5 == 4 || i == ROWS - 1)
            est__buffer_text(&wanted, "--\n");
    }
    EST_CHECK_STR(all_rows(d), wanted.data);
    est__buffer_free(&wanted);

    const est_batch *b;
    d = est_dataset_batch(from_memory(), 4, false);
    EST_NEED_OK(est_dataset_next(d, &b));
    EST_CHECK_INT(est_batch_get(b, 0)->shape.dim[0], 6);
    EST_NEED(est_batch_offsets(b, 0) != NULL);
    EST_CHECK_INT(est_batch_offsets(b, 0)->shape.dim[0], 5);
    EST_CHECK_BYTES(est_batch_offsets(b, 0)->data, 40, ((int64_t[]){ 0, 0, 1, 3, 6 }), 40);
    EST_CHECK(!est_batch_offsets(b, 2) && !est_batch_offsets(b, 3) && !est_batch_offsets(NULL, 0));
    est_dataset_free(d);
}

/* All rows of two epochs, each in one piece, in an order that the seed decides. */
static void shuffles_whole_rows(void)
{
    const char *text = all_rows(est_dataset_batch(est_dataset_shuffle(from_memory(), 10, 3, false), ROWS, false));
    int found = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        est__buffer row = { 0 };
        add_row(&row, i);
        found += strstr(text, row.data) != NULL;
        est__buffer_free(&row);
    }
    EST_CHECK_INT(found, ROWS);
    EST_CHECK_STR(all_rows(est_dataset_batch(est_dataset_shuffle(from_memory(), 10, 3, false), ROWS, false)), text);
}

static est_dataset *shuffled(void *user)
{
    return est_dataset_batch(est_dataset_repeat(est_dataset_shuffle(from_memory(), *(int64_t *)user, 0, false), 3), 4, false);
}

static void resumes_at_each_place(void)
{
    for (int64_t buffer = 0; buffer <= 40; buffer += 20)
        check_places(shuffled, &buffer, 2, 40);
}

/* Into slots and out again, as rows that stream are shuffled; slots are used again for rows of other sizes. */
static void slots_keep_rows(void)
{
    sample s;
    est__table from, to;
    est__slots slots = { 0 };
    est_feature features[] = { { .name = "list", .dtype = EST_INT64, .variable_length = true }, { .name = "n", .dtype = EST_INT64 },
                               { .name = "tags", .dtype = EST_STRING, .variable_length = true } };
    fill(&s);
    est_tensor list = vector(EST_INT64, s.list_offsets[ROWS], s.list, NULL), n = vector(EST_INT64, ROWS, s.number, NULL);
    est_tensor tags = vector(EST_STRING, s.tag_offsets[ROWS], s.tag, s.bytes);
    EST_NEED_OK(est__table_init(&from, (est_features_spec){ features, 3 }));
    EST_NEED_OK(est__table_init(&to, (est_features_spec){ features, 3 }));
    EST_NEED_OK(est__column_set(&from.column[0], &list));
    EST_NEED_OK(est__column_split(&from.column[0], s.list_offsets, ROWS));
    EST_NEED_OK(est__column_set(&from.column[1], &n));
    EST_NEED_OK(est__column_set(&from.column[2], &tags));
    EST_NEED_OK(est__column_split(&from.column[2], s.tag_offsets, ROWS));
    from.rows = ROWS;
    for (int64_t i = 0; i < ROWS; i++) {
        EST_NEED_OK(est__slots_put(&slots, i % 3, &from, i));
        EST_NEED_OK(est__slots_give(&slots, i % 3, &to));
    }
    EST_CHECK_INT(to.rows, ROWS);
    EST_CHECK_INT(est__table_bytes(&to), est__table_bytes(&from));
    for (int c = 0; c < 3; c++) {
        const est__column *a = &from.column[c], *b = &to.column[c];
        size_t count = (size_t)est__column_at(a, ROWS);
        EST_CHECK_BYTES(b->data, (count + (c == 2)) * 8, a->data, (count + (c == 2)) * 8);
        if (a->splits)
            EST_CHECK_BYTES(b->splits, (ROWS + 1) * 8, a->splits, (ROWS + 1) * 8);
    }
    EST_CHECK_BYTES(to.column[2].bytes, (size_t)s.tag[s.tag_offsets[ROWS]], s.bytes, (size_t)s.tag[s.tag_offsets[ROWS]]);
    est__slots_free(&slots);
    est__table_free(&from);
    est__table_free(&to);
}

static void a_second_epoch_allocates_nothing(void)
{
    est_batch *b;
    est_dataset *d = est_dataset_batch(est_dataset_repeat(est_dataset_shuffle(from_memory(), 10, 5, true), 3), ROWS, false);
    EST_NEED_OK(est__batch_new(d, &b));
    EST_CHECK_OK(est__dataset_read(d, b));
    (void)est_test_fail_allocation(1);
    EST_CHECK_OK(est__dataset_read(d, b));
    EST_CHECK_INT(est_test_fail_allocation(0), 0);
    est__batch_free(b);
    est_dataset_free(d);
}

static void arrays_must_fit(void)
{
    int64_t good[] = { 0, 1, 3 }, falls[] = { 0, 4, 3 }, late[] = { 1, 1, 3 }, more[] = { 0, 1, 2, 3 }, v[] = { 1, 2, 3 };
    est_tensor values = vector(EST_INT64, 3, v, NULL), two = vector(EST_INT64, 2, v, NULL), matrix = values;
    est_tensor floats = { EST_FLOAT, EST_SHAPE(3), good, NULL };
    matrix.shape = EST_SHAPE(3, 1);
    const struct {
        est_tensor value, offsets;
        const char *message;
    } cases[] = {
        { values, vector(EST_INT64, 3, falls, NULL), "feature 'b': the row offsets fall from 4 to 3 at row 1" },
        { values, vector(EST_INT64, 3, late, NULL), "feature 'b': the row offsets go from 1 to 3; there are 3 values" },
        { two, vector(EST_INT64, 3, good, NULL), "feature 'b': the row offsets go from 0 to 3; there are 2 values" },
        { values, vector(EST_INT64, 4, more, NULL), "feature 'b' has 3 rows, the first feature has 2" },
        { values, floats, "feature 'b': the row offsets must be int64 [rows + 1]" },
        { matrix, vector(EST_INT64, 3, good, NULL), "feature 'b': the values of all rows must be [n]" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        est_dataset *d;
        EST_CHECK_FAILS(est_memory_dataset_new_ragged((const char *const[]){ "a", "b" },
                                                      (const est_tensor *const[]){ &two, &cases[i].value },
                                                      (const est_tensor *const[]){ NULL, &cases[i].offsets }, 2, NULL, &d),
                        EST_INVALID_ARGUMENT, cases[i].message);
        EST_CHECK(d == NULL);
    }
}

/* ---- callbacks ---- */

static const est_feature given[] = { { .name = "n", .dtype = EST_INT64 }, { .name = "list", .dtype = EST_INT64, .variable_length = true } };

/* Batch i has two rows, of i and of one value; `wrong` chooses what the second does wrong. */
typedef struct giver {
    int batches, wrong;
} giver;

static est_status next(est_batch *batch, void *user)
{
    giver *g = user;
    if (g->batches == 3)
        return EST_OUT_OF_RANGE;
    int wrong = g->batches == 1 ? g->wrong : 0;
    int64_t v[] = { 1, 2, 3, 4 }, o[] = { 0, g->batches, g->batches + 1 };
    est_tensor n = vector(EST_INT64, 2, v, NULL), values = vector(EST_INT64, g->batches + 1, v, NULL);
    est_tensor offsets = vector(EST_INT64, wrong == 1 ? 2 : 3, o, NULL);
    values.shape.dim[0] -= wrong == 1;
    g->batches++;
    EST_TRY(est_batch_set(batch, 0, &n));
    if (wrong == 2)
        return est_batch_set_ragged(batch, 0, &values, &offsets);
    if (wrong == 3)
        o[1] = 5;
    return est_batch_set_ragged(batch, 1, &values, wrong == 4 ? NULL : &offsets);
}

static void callbacks_give_rows_of_any_length(void)
{
    static const char *const message[] = {
        NULL, "the dataset's callback gave feature 'n' 2 rows and 'list' 1",
        "the dataset's callback next failed: feature 'n' is dense: est_batch_set gives it",
        "the dataset's callback next failed: feature 'list': the row offsets fall from 5 to 2 at row 1",
        "the dataset's callback next failed: feature 'list': the row offsets must be int64 [rows + 1]",
    };
    for (int wrong = 0; wrong <= 4; wrong++) {
        giver g = { .wrong = wrong };
        est_dataset *d;
        EST_NEED_OK(est_callback_dataset_new(&((est_callback_options){ .features = { given, 2 }, .next = next, .user = &g }), &d));
        EST_CHECK_STR(all_rows(d), est_test_text("1|\n2|1\n--\n%s", wrong ? message[wrong] : "1|1\n2|2\n--\n1|1 2\n2|3\n--\n"));
    }
}

/* ---- CSV fields of several values ---- */

static const est_feature columns[] = { { .name = "tags", .dtype = EST_STRING, .variable_length = true },
                                       { .name = "n", .dtype = EST_INT64 },
                                       { .name = "codes", .dtype = EST_INT64, .variable_length = true },
                                       { .name = "w", .dtype = EST_FLOAT, .variable_length = true } };

static est_dataset *from_csv(est_csv_options o, const char *text)
{
    const char *path = est_test_file("rows.csv", text, strlen(text));
    est_dataset *d = NULL;
    o.input_path = (est_strings){ &path, 1 };
    o.features = (est_features_spec){ columns, 4 };
    if (!o.multivalent_delim)
        o.multivalent_delim = '|';
    EST_CHECK_OK(est_csv_dataset_new(&o, &d));
    return d ? est_dataset_batch(d, 10, false) : NULL;
}

static void fields_hold_several_values(void)
{
    static const char plain[] = "tags,n,codes,w\na|bb|c,1,1|-2,0.5\n,2,,\n|x||y|,3, 7|8 ,1e3|-.5|2\nNA,4,NA|5,\n";
    static const char wanted[] = "a bb c|1|1 -2|0.5\n|2||\nx y|3|7 8|1000 -0.5 2\n|4|5|\n--\n";
    est_csv_options na = { .na_value = "NA" };
    EST_CHECK_STR(all_rows(from_csv(na, plain)), wanted);
    na.memory_budget = EST_OFF;
    EST_CHECK_STR(all_rows(from_csv(na, plain)), wanted);
    EST_CHECK_STR(all_rows(from_csv(na, "tags,n,codes,w\n\"a|bb|c\",1,\"1|-2\",0.5\n\"\",2,,\n|x||y|,3,\" 7|8 \",1e3|-.5|2\nNA,4,NA|5,\n")),
                  wanted);
    EST_CHECK_STR(all_rows(from_csv((est_csv_options){ .multivalent_delim = ',' }, "tags,n,codes,w\n\"a,b\",1,\"1,2\",3\n")),
                  "a b|1|1 2|3\n--\n");
}

/* The header is no list, a label may be one; without the separator a field is one value. */
static void only_features_of_variable_length(void)
{
    static const char text[] = "tags,n,codes,w\na|b,1,1,2\n";
    const char *path = EST_TEST_FILE("rows.csv", text);
    est_csv_options o = { .input_path = { &path, 1 }, .features = { columns, 1 }, .label = EST_STRINGS("tags"),
                          .multivalent_delim = '|' };
    est_dataset *d;
    EST_NEED_OK(est_csv_dataset_new(&o, &d));
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 2, false)), "a b\n--\n");
    o.label.count = 0;
    o.multivalent_delim = '\0';
    EST_NEED_OK(est_csv_dataset_new(&o, &d));
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 2, false)), "a|b\n--\n");
    static const char wrong[] = "\"\n\r";
    for (int i = 0; i < 3; i++) {
        o.multivalent_delim = wrong[i];
        EST_CHECK_FAILS(est_csv_dataset_new(&o, &d), EST_INVALID_ARGUMENT,
                        "multivalent_delim cannot be a line end, a quote or field_delim");
    }
}

static void bad_values_in_lists(void)
{
    static const char text[] = "tags,n,codes,w\na|b,1,1|2,1\nc,2,3|x|4,2|3\nd|e,3,5,4\ng,4,6,1|?\nh,5,7|8,9\n";
    const char *path = est_test_path("rows.csv");
    EST_CHECK_STR(all_rows(from_csv((est_csv_options){ 0 }, text)),
                  est_test_text("%s:3: column 'codes': \"x\" is not an integer", path));
    EST_CHECK_STR(all_rows(from_csv((est_csv_options){ .skip_errors = true }, text)),
                  "a b|1|1 2|1\nd e|3|5|4\nh|5|7 8|9\n--\n");
}

typedef struct csv_setup {
    int64_t shuffle, budget;
    int readers;
} csv_setup;

static est_dataset *csv_again(void *user)
{
    const csv_setup *s = user;
    const char *path = est_test_path("many.csv");
    est_dataset *d = NULL;
    EST_CHECK_OK(est_csv_dataset_new(&((est_csv_options){ .input_path = { &path, 1 }, .features = { columns, 4 },
                                                          .multivalent_delim = ';', .memory_budget = s->budget,
                                                          .num_parallel_reads = s->readers }), &d));
    return est_dataset_batch(est_dataset_repeat(est_dataset_shuffle(d, s->shuffle, 0, false), 2), 7000, false);
}

/* A file of several blocks, so that rows stream and places lie in the middle of it. */
static void lists_resume_at_each_place(void)
{
    est__buffer b = { 0 };
    est__buffer_text(&b, "tags,n,codes,w\n");
    for (int i = 0; i < 30000; i++) {
        for (int k = 0; k < i % 6; k++)
            est__buffer_printf(&b, "%s%.*s", k ? ";" : "", (i + k) % 26, letters);
        est__buffer_printf(&b, i % 11 ? ",%d,%d;%d,%d\n" : ",%d,%d;%d;5,\n", i, i, i + 1, i % 3);
    }
    (void)est_test_file("many.csv", b.data, b.size);
    est__buffer_free(&b);
    for (int i = 0; i < 4; i++)
        check_places(csv_again, &((csv_setup){ .shuffle = i % 2 ? 1000 : 0, .budget = i < 2 ? EST_OFF : 0, .readers = 1 + i % 2 }), 2,
                     30);
}

/* A value that is not finite is told by feature and example, whatever number of values stands before it. */
static void names_what_is_not_finite(void)
{
    static float prices[] = { 1, 2, INFINITY, 3 }, ages[] = { 4, 5, 6 };
    static int64_t splits[] = { 0, 1, 1, 4 };
    const est_tensor price = { EST_FLOAT, { 1, { 4 } }, prices, NULL }, age = { EST_FLOAT, { 1, { 3 } }, ages, NULL };
    const est_tensor offsets = { EST_INT64, { 1, { 4 } }, splits, NULL };
    const est_batch *b;
    for (int round = 0; round < 3; round++) {
        est__buffer out = { 0 };
        est_dataset *d;
        ages[1] = round == 1 ? NAN : 5;
        prices[2] = round == 2 ? 7 : INFINITY;
        EST_NEED_OK(est_memory_dataset_new_ragged((const char *[]){ "age", "price" }, (const est_tensor *[]){ &age, &price },
                                                  (const est_tensor *[]){ NULL, &offsets }, 2, NULL, &d));
        if (EST_CHECK_OK(est_dataset_next(est_dataset_batch(d, 3, false), &b)) &&
            EST_CHECK(est__batch_nonfinite(b, &out) == (round < 2)) && round < 2)
            EST_CHECK_STR(out.data, round ? "input 'age' holds nan in example 1 of the batch"
                                          : "input 'price' holds inf in example 2 of the batch");
        est__buffer_free(&out);
        est_dataset_free(d);
    }
}

EST_SUITE(data_ragged, EST_TEST(names_what_is_not_finite), EST_TEST(batches_hold_offsets), EST_TEST(shuffles_whole_rows), EST_TEST(resumes_at_each_place),
          EST_TEST(slots_keep_rows), EST_TEST(a_second_epoch_allocates_nothing), EST_TEST(arrays_must_fit),
          EST_TEST(callbacks_give_rows_of_any_length), EST_TEST(fields_hold_several_values),
          EST_TEST(only_features_of_variable_length), EST_TEST(bad_values_in_lists), EST_TEST(lists_resume_at_each_place));
