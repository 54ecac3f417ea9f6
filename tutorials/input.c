/* From files to batches: every stage of a dataset, over the adult census and the passengers of the Titanic; and a training that is
 * stopped in the middle of its data and goes on as if it had not been. input.md explains it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <estimator/estimator.h>

static const char *data, *work;   /* folders: of the CSV files; for what is made here */

#define TRY(call) do { est_status st_ = (call); if (st_ != EST_OK) return st_; } while (0)

static const char *path_of(const char *folder, const char *name)
{
    static char room[4][4096];
    static int turn;
    char *path = room[turn++ % 4];
    snprintf(path, sizeof room[0], "%s/%s", folder, name);
    return path;
}

/* Prints the first batch, a line a row, and counts what follows. The dataset is freed. */
static est_status show(const char *title, est_dataset *d)
{
    const est_batch *b;
    int64_t batches = 0, rows = 0;
    est_status st = est_dataset_next(d, &b);   /* what was wrong with the chain is said here */
    printf("%s\n", title);
    for (int64_t r = 0; st == EST_OK && r < est_batch_rows(b) && r < 3; r++)
        for (size_t i = 0; i < est_dataset_features(d).count; i++) {
            const est_tensor *t = est_batch_get(b, i), *offsets = est_batch_offsets(b, i);
            int64_t each = est_shape_elements(&t->shape) / est_batch_rows(b), from = r * each, to = from + each;
            if (offsets != NULL) {             /* of variable length: where the row lies in all values */
                from = ((const int64_t *)offsets->data)[r];
                to = ((const int64_t *)offsets->data)[r + 1];
            }
            printf("%s%s%s", i ? ", " : "  ", est_dataset_features(d).data[i].name, (int)i == est_dataset_label(d) ? "* " : " ");
            for (int64_t e = from; e < to; e++) {
                size_t n = 0;
                const char *text = t->dtype == EST_STRING ? est_tensor_string(t, e, &n) : "";
                if (t->dtype == EST_STRING)
                    printf("%s%.*s", e > from ? "|" : "", (int)n, text);
                else
                    printf("%s%g", e > from ? "|" : "", t->dtype == EST_FLOAT ? (double)((float *)t->data)[e]
                                                                            : (double)((int64_t *)t->data)[e]);
            }
            if (i + 1 == est_dataset_features(d).count)
                printf("\n");
        }
    for (; st == EST_OK; st = est_dataset_next(d, &b)) {
        batches++;
        rows += est_batch_rows(b);
    }
    if (st == EST_OUT_OF_RANGE)                /* the end, which is no error */
        printf("  %lld rows in %lld batches\n", (long long)rows, (long long)batches);
    est_dataset_free(d);
    return st == EST_OUT_OF_RANGE ? EST_OK : st;
}

/* ---- rows of the census: which columns, and as what ---- */

static const est_feature people[] = { { .name = "age", .dtype = EST_FLOAT },
                                      { .name = "capital_gain", .dtype = EST_FLOAT },
                                      { .name = "marital_status", .dtype = EST_STRING, .variable_length = true },
                                      { .name = "income", .dtype = EST_STRING } };

/* "Married-civ-spouse" is three words: a feature of variable length. */
static est_status open_people(const char *file, est_dataset **out)
{
    const char *path = path_of(data, file);
    return est_csv_dataset_new(&(est_csv_options){ .input_path = EST_STRINGS(path), .features = { people, 4 },
                                                   .label = EST_STRINGS("income"), .multivalent_delim = '-' }, out);
}

/* A filter goes by the row alone: how many rows a call sees may differ. */
static est_status has_gained(const est_batch *rows, bool *keep, void *user)
{
    const float *gain = est_batch_get(rows, 1)->data;
    (void)user;
    for (int64_t i = 0; i < est_batch_rows(rows); i++)
        keep[i] = gain[i] > 0;
    return EST_OK;
}

/* A map makes other features: here the logarithm of the gain, and the label as a number. The words go through as they are. */
static const est_feature mapped[] = { { .name = "log_gain", .dtype = EST_FLOAT },
                                      { .name = "marital_status", .dtype = EST_STRING, .variable_length = true },
                                      { .name = "income", .dtype = EST_INT64 } };

static est_status map_people(const est_batch *in, est_batch *out, void *user)
{
    enum { MOST = 1 << 16 };
    static float log_gain[MOST];
    static int64_t income[MOST];
    int64_t rows = est_batch_rows(in);
    (void)user;
    if (rows > MOST)
        return EST_RESOURCE_EXHAUSTED;
    for (int64_t i = 0; i < rows; i++) {
        size_t n;
        log_gain[i] = log1pf(((const float *)est_batch_get(in, 1)->data)[i]);
        income[i] = *est_tensor_string(est_batch_get(in, 3), i, &n) == '>';
    }
    TRY(est_batch_set(out, 0, &(est_tensor){ .dtype = EST_FLOAT, .shape = EST_SHAPE(rows), .data = log_gain }));
    TRY(est_batch_set_ragged(out, 1, est_batch_get(in, 2), est_batch_offsets(in, 2)));
    return est_batch_set(out, 2, &(est_tensor){ .dtype = EST_INT64, .shape = EST_SHAPE(rows), .data = income });
}

static est_status stages_of_rows(void)
{
    est_dataset *d;
    TRY(open_people("adult_train.csv.gz", &d));
    est_dataset_shard(d, 2, 0);                /* every other row: the share of one of two workers */
    est_dataset_filter(d, has_gained, NULL);
    est_dataset_map(d, (est_features_spec){ mapped, 3 }, map_people, NULL);
    est_dataset_skip(d, 5);
    est_dataset_take(d, 1000);
    est_dataset_cache(d, NULL);                /* all of the above once; a path keeps the rows in a file */
    est_dataset_shuffle(d, 200, 7, false);     /* seed 7; another order in each epoch */
    est_dataset_repeat(d, 2);
    est_dataset_padded_batch(d, 300, false, (est_paddings){ 0 });
    est_dataset_prefetch(d, 2);
    return show("half of the census, who gained, 1,000 of them twice, padded:", d);
}

static est_status buckets(void)
{
    est_dataset *d;
    TRY(open_people("adult_eval.csv.gz", &d));
    est_dataset_bucket_by_sequence_length(d, &(est_bucket_options){ .feature = "marital_status", .bucket_boundaries = EST_INTS(2, 3),
                                                                    .bucket_batch_sizes = EST_INTS(50, 40, 30) });
    return show("rows of as many words in a batch:", d);
}

/* ---- several datasets ---- */

static const est_feature passengers[] = { { .name = "age", .dtype = EST_FLOAT }, { .name = "sex", .dtype = EST_STRING },
                                          { .name = "survived", .dtype = EST_INT64 } };

static est_status open_passengers(const char *path, est_dataset **out)
{
    return est_csv_dataset_new(&(est_csv_options){ .input_path = EST_STRINGS(path), .features = { passengers, 3 },
                                                   .label = EST_STRINGS("survived"), .skip_errors = true }, out);
}

/* A dataset for each file of a glob; of several workers each lists files of its own. */
static est_status open_all(est_dataset *inputs[2])
{
    est_file_list *files;
    const char *glob = path_of(data, "titanic_*.csv");
    TRY(est_list_files(EST_STRINGS(glob), 1, 0, &files));
    est_strings paths = est_file_list_paths(files);
    est_status st = paths.count == 2 ? open_passengers(paths.data[0], &inputs[0]) : EST_NOT_FOUND;
    if (st == EST_OK && (st = open_passengers(paths.data[1], &inputs[1])) != EST_OK)
        est_dataset_free(inputs[0]);
    est_file_list_free(files);
    return st;
}

static est_status several(void)
{
    est_dataset *inputs[2], *d, *numbers;
    TRY(open_all(inputs));
    TRY(est_interleave_dataset_new(inputs, 2, 2, 4, &d));   /* four rows of each in turn; it owns both from here on */
    TRY(show("both files of the Titanic by turns:", est_dataset_batch(d, 500, false)));
    TRY(open_all(inputs));
    est_dataset_repeat(inputs[0], EST_OFF);                 /* the small one as often as it takes */
    TRY(est_sample_from_datasets_new(inputs, (double[]){ 1, 1 }, 2, 5, true, &d));
    TRY(show("as many rows of each, drawn:", est_dataset_batch(est_dataset_take(d, 1200), 400, true)));
    TRY(open_all(inputs));
    est_dataset_free(inputs[1]);
    static int64_t number[309];
    for (int i = 0; i < 309; i++)
        number[i] = i;
    est_tensor t = { .dtype = EST_INT64, .shape = EST_SHAPE(309), .data = number };
    TRY(est_memory_dataset_new((const char *[]){ "number" }, (const est_tensor *[]){ &t }, 1, NULL, &numbers));
    TRY(est_zip_dataset_new((est_dataset *[]){ inputs[0], numbers }, 2, &d));
    return show("passengers beside their numbers:", est_dataset_batch(d, 100, false));
}

/* ---- TFRecord files ---- */

static est_status write_records(const char *path)
{
    est_record_writer *w;
    est_dataset *d;
    const est_batch *b;
    est_status st;
    TRY(open_passengers(path_of(data, "titanic_eval.csv"), &d));
    est_dataset_batch(d, 64, false);
    TRY(est_record_writer_open(path, EST_RECORDS_GZIP, &w));
    while ((st = est_dataset_next(d, &b)) == EST_OK)
        if ((st = est_record_writer_write_batch(w, est_dataset_features(d), b)) != EST_OK)
            break;
    printf("rows that could not be read: %lld\n", (long long)est_dataset_skipped(d));
    est_dataset_free(d);
    if (st == EST_OUT_OF_RANGE)
        return est_record_writer_commit(w);    /* the file appears now, whole */
    est_record_writer_abandon(w);
    return st;
}

/* The same records as bytes, into a file without compression. */
static est_status copy_records(const char *from, const char *to)
{
    est_record_reader *r;
    est_record_writer *w;
    const void *record;
    size_t size;
    est_status st;
    int records = 0;
    TRY(est_record_reader_open(from, &r));
    st = est_record_writer_open(to, EST_RECORDS_PLAIN, &w);
    if (st != EST_OK) {
        est_record_reader_free(r);
        return st;
    }
    for (; (st = est_record_reader_next(r, &record, &size)) == EST_OK; records++)
        if ((st = est_record_writer_write(w, record, size)) != EST_OK)
            break;
    est_record_reader_free(r);
    if (st != EST_OUT_OF_RANGE) {
        est_record_writer_abandon(w);
        return st;
    }
    printf("%d records were copied\n", records);
    return est_record_writer_commit(w);
}

static est_status records(void)
{
    est_dataset *d;
    const char *packed = path_of(work, "passengers.tfrecord.gz"), *plain = path_of(work, "passengers.tfrecord");
    TRY(write_records(packed));
    TRY(copy_records(packed, plain));
    TRY(est_tfrecord_dataset_new(&(est_tfrecord_options){ .input_path = EST_STRINGS(plain), .features = { passengers, 3 },
                                                          .label = EST_STRINGS("survived") }, &d));
    return show("the same passengers as tf.Examples:", est_dataset_batch(d, 100, false));
}

/* ---- exact resume ---- */

static est_status passengers_by_turns(const est_input_context *context, est_dataset **out, void *user)
{
    est_dataset *inputs[2];
    (void)context, (void)user;
    TRY(open_all(inputs));
    TRY(est_interleave_dataset_new(inputs, 2, 0, 1, out));
    est_dataset_batch(est_dataset_repeat(est_dataset_shuffle(*out, 300, 0, false), EST_OFF), 32, false);
    return EST_OK;
}

/* Trains up to each of these steps, in as many runs; each takes up model and data where the last one was. */
static est_status train(const char *name, const int64_t *steps, int runs, double *loss)
{
    est_train_result result = { 0 };
    est_status st = EST_OK;
    for (int i = 0; st == EST_OK && i < runs; i++) {
        est_estimator *e;
        est_columns *c = est_columns_new();
        est_vocabulary_list_options sex = { .vocabulary_list.strings = EST_STRINGS("male", "female") };
        est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(
            est_numeric_column(c, "age", NULL), est_categorical_column_with_vocabulary_list(c, "sex", &sex)) };
        st = est_linear_classifier_new(&o, &(est_run_config){ .model_dir = path_of(work, name) }, &e);
        if (st == EST_OK)
            st = est_train(e, &(est_train_options){ .input_fn = passengers_by_turns, .max_steps = steps[i] }, &result);
        est_estimator_free(e);
        est_columns_free(c);
    }
    *loss = result.loss;
    return st;
}

static est_status resume(void)
{
    double whole, parts;
    TRY(train("whole", (int64_t[]){ 100 }, 1, &whole));
    TRY(train("parts", (int64_t[]){ 17, 58, 100 }, 3, &parts));
    printf("loss of step 100: %.9g; stopped at 17 and 58 on the way: %.9g: %s\n", whole, parts, whole == parts ? "the same" : "different");
    return EST_OK;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: input DATA_FOLDER WORK_FOLDER\n");
        return 2;
    }
    data = argv[1];
    work = argv[2];
    est_status st = stages_of_rows();
    if (st == EST_OK)
        st = buckets();
    if (st == EST_OK)
        st = several();
    if (st == EST_OK)
        st = records();
    if (st == EST_OK)
        st = resume();
    if (st != EST_OK)
        fprintf(stderr, "input: %s\n", est_error());
    return st != EST_OK;
}
