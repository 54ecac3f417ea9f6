/* Statistics in one pass: rows of CSV files, Examples of TFRecord files or batches of a dataset, value by
 * value into columns. */
#include <math.h>
#include <sys/stat.h>

#include <estimator/inspect.h>
#include <estimator/records.h>

#include "experiment/stats.h"

enum { BATCH = 1024, FEW_COLUMNS = 256 };
static const int64_t usual_budget = (int64_t)256 << 20;

static const char *const usual_marks[EST__STATS_MARKS] = { "?", "NA", "N/A", "NaN", "nan",
                                                           "null", "NULL", "None", "-" };

/* ---- datasets ---- */

static est_status add_batch(est_stats *s, const est_batch *b)
{
    int64_t rows = est_batch_rows(b), left = s->max_rows ? s->max_rows - s->rows : rows;
    int64_t used = rows < left ? rows : left;
    for (size_t i = 0; i < s->count; i++) {
        const est_tensor *t = est_batch_get(b, i), *offsets = est_batch_offsets(b, i);
        const int64_t *row = offsets ? offsets->data : NULL;
        int64_t elements = row ? row[used] : rows ? est_shape_elements(&t->shape) / rows * used : 0;
        for (int64_t k = 0; k < elements; k++)
            EST_TRY(est__stats_add_element(s, &s->columns[i], t, k));
        s->columns[i].rows += used;
        for (int64_t r = 0; row && r < used; r++)
            s->columns[i].rows -= row[r] == row[r + 1];
    }
    s->rows += used;
    s->stopped = used < rows;
    return EST_OK;
}

static est_status read_dataset(est_stats *s, est_dataset *d)
{
    const est_batch *b;
    est_features_spec features = est_dataset_features(d);
    est_status st = EST_OK;
    for (size_t i = 0; i < features.count; i++)
        EST_TRY(est__stats_add_column(s, features.data[i].name, features.data[i].dtype, features.count));
    while (!s->stopped && (st = est_dataset_next(d, &b)) == EST_OK)
        EST_TRY(add_batch(s, b));
    return st == EST_OUT_OF_RANGE ? EST_OK : st;
}

/* ---- files ---- */

static est_status read_csv(est_stats *s, est_strings paths, const est_stats_options *o)
{
    est_dataset *d;
    est_csv_options csv = { .input_path = paths,
                            .no_header = o->no_header,
                            .column_names = o->column_names,
                            .select_columns = o->select_columns,
                            .field_delim = o->field_delim,
                            .no_quote_delim = o->no_quote_delim,
                            .skip_errors = o->skip_errors,
                            .memory_budget = EST_OFF };
    EST_TRY(est_csv_dataset_new(&csv, &d));
    est_status st = read_dataset(s, est_dataset_batch(d, BATCH, false));
    est_dataset_free(d);
    return st;
}

static est_status add_feature(const est_example_feature *f, void *user)
{
    est_stats *s = user;
    uintptr_t index = (uintptr_t)est__map_get(s->by_name, f->name, strlen(f->name));
    if (!index) {   /* one without a kind has its place among the columns, too */
        EST_TRY(est__stats_add_column(s, f->name, EST_INVALID,
                                      s->count < FEW_COLUMNS ? FEW_COLUMNS : 2 * s->count));
        index = s->count;
    }
    if (!f->value)
        return EST_OK;
    est__stats_column *c = &s->columns[index - 1];
    int64_t n = est_shape_elements(&f->value->shape);
    if (c->given == EST_INVALID)
        c->given = f->value->dtype;
    if (f->value->dtype != c->given)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' is %s, and %s in records before it", f->name,
                         est_dtype_name(f->value->dtype), est_dtype_name(c->given));
    for (int64_t i = 0; i < n; i++)
        EST_TRY(est__stats_add_element(s, c, f->value, i));
    c->rows += n > 0;
    return EST_OK;
}

static est_status read_records(est_stats *s, const char *path)
{
    est_record_reader *r;
    const void *data;
    size_t size;
    EST_TRY(est_record_reader_open(path, &r));
    est_status st;
    for (int64_t number = 0; (st = est_record_reader_next(r, &data, &size)) == EST_OK; number++) {
        s->stopped = s->max_rows && s->rows == s->max_rows;
        if (s->stopped)
            break;
        st = est_example_features(data, size, add_feature, s);
        if (st != EST_OK) {
            st = est__fail_in(st, "%s: record %lld", path, (long long)number);
            break;
        }
        s->rows++;
    }
    est_record_reader_free(r);
    return st == EST_OUT_OF_RANGE ? EST_OK : st;
}

/* A file that is there is meant as it is written, whatever a glob would make of its name. */
static est_status find_files(est_stats *s, est_strings input, est_strings *out)
{
    size_t count = 0, capacity = 0;
    const char **paths = NULL;
    est_status st = EST_OK;
    for (size_t i = 0; st == EST_OK && i < input.count; i++) {
        est__names found = { 0 };
        struct stat info;
        bool plain = stat(input.data[i], &info) == 0 || !strpbrk(input.data[i], "*?[");
        if (!plain)
            st = est__glob(input.data[i], &found);
        for (size_t k = 0; st == EST_OK && k < (plain ? 1 : found.count); k++) {
            st = est__grow(&paths, &capacity, count + 1, sizeof *paths);
            if (st == EST_OK &&
                !(paths[count] = est__arena_strdup(&s->arena, plain ? input.data[i] : found.name[k])))
                st = est__fail_memory(1);
            count += st == EST_OK;
        }
        est__names_free(&found);
    }
    if (st == EST_OK && !count)
        st = est__fail(EST_INVALID_ARGUMENT, "there are no files to look at");
    *out = (est_strings){ paths, count };
    return st;
}

est_status est__holds_records(const char *path, bool *records)
{
    est_file_kind kind;
    if (est__is_dir(path))
        return est__fail(EST_INVALID_ARGUMENT, "%s: a folder, not a file of data", path);
    EST_TRY(est_file_kind_of(path, &kind));
    *records = kind == EST_FILE_RECORDS || strstr(est__base_name(path), ".tfrecord") != NULL;
    return EST_OK;
}

static est_status read_files(est_stats *s, est_strings paths, const est_stats_options *o)
{
    bool records;
    s->source = paths.data[0];
    EST_TRY(est__holds_records(s->source, &records));
    if (!records)
        return read_csv(s, paths, o);
    for (size_t i = 0; i < paths.count && !s->stopped; i++)
        EST_TRY(read_records(s, paths.data[i]));
    return s->rows ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "%s: no records", s->source);
}

/* ---- making one ---- */

static est_status set_options(est_stats *s, const est_stats_options *o)
{
    s->budget = o->memory_budget ? o->memory_budget : usual_budget;
    s->max_rows = o->max_rows;
    if (s->budget < 0 || s->max_rows < 0)
        return est__fail(EST_INVALID_ARGUMENT, "max_rows and memory_budget cannot be negative");
    s->marks = usual_marks;
    s->mark_count = EST__STATS_MARKS;
    if (o->na_value) {
        s->mark_given = est__arena_strdup(&s->arena, o->na_value);
        s->marks = &s->mark_given;
        s->mark_count = *o->na_value != '\0';
    }
    s->by_name = est__map_new();
    return s->by_name && (!o->na_value || s->mark_given) ? EST_OK : est__fail_memory(sizeof *s);
}

static est_status new_stats(const est_stats_options *options, size_t size, est_stats_options *o,
                            est_stats **out)
{
    *o = (est_stats_options){ 0 };
    if (options)
        memcpy(o, options, size < sizeof *o ? size : sizeof *o);
    *out = est__calloc(1, sizeof **out);
    return *out ? set_options(*out, o) : est__fail_memory(sizeof **out);
}

static est_status give(est_stats **out, est_status st)
{
    if (st == EST_OK)
        st = est__stats_finish(*out);
    if (st != EST_OK) {
        est_stats_free(*out);
        *out = NULL;
    }
    return st;
}

est_status est_stats_of_files_sized(est_strings input_path, const est_stats_options *options, size_t size,
                                    est_stats **out)
{
    est_stats_options o;
    est_strings paths = { 0 };
    est_status st = new_stats(options, size, &o, out);
    if (st == EST_OK)
        st = find_files(*out, input_path, &paths);
    if (st == EST_OK)
        st = read_files(*out, paths, &o);
    est__free((void *)(uintptr_t)paths.data);
    return give(out, st);
}

est_status est_stats_of_dataset_sized(est_dataset *d, const est_stats_options *options, size_t size,
                                      est_stats **out)
{
    est_stats_options o;
    est_status st = new_stats(options, size, &o, out);
    if (st == EST_OK)
        st = read_dataset(*out, d);
    return give(out, st);
}

void est_stats_free(est_stats *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        est__value_counts_free(&s->columns[i].values);
        est__quantiles_free(&s->columns[i].quantiles);
        est__ranks_free(&s->columns[i].ranks);
    }
    est__free(s->columns);
    est__map_free(s->by_name);
    est__arena_free(&s->arena);
    est__free(s);
}

/* ---- asking ---- */

int64_t est_stats_rows(const est_stats *s)
{
    return s->rows;
}

bool est_stats_stopped(const est_stats *s)
{
    return s->stopped;
}

const char *est_stats_na_value(const est_stats *s)
{
    return s->na_value;
}

int64_t est_stats_columns(const est_stats *s)
{
    return (int64_t)s->count;
}

static const est__stats_column *column_at(const est_stats *s, int64_t index)
{
    return index >= 0 && (size_t)index < s->count ? &s->columns[index] : NULL;
}

const est_column_stats *est_stats_column(const est_stats *s, int64_t index)
{
    const est__stats_column *c = column_at(s, index);
    return c ? &c->shown : NULL;
}

double est_stats_quantile(const est_stats *s, int64_t index, double share)
{
    const est__stats_column *c = column_at(s, index);
    return c ? est__ranks_quantile(&c->ranks, share) : (double)NAN;
}

int64_t est_stats_less(const est_stats *s, int64_t index, double value)
{
    const est__stats_column *c = column_at(s, index);
    return c ? est__ranks_less(&c->ranks, value) : 0;
}
