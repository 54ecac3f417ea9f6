/* Statistics of columns in one pass: rows of CSV files, Examples of TFRecord files or batches of a dataset, value by value into
 * sketches; at the end it is decided which text stood for a missing value, and which columns are numbers. */
#include <errno.h>
#include <math.h>
#include <sys/stat.h>

#include <estimator/inspect.h>
#include <estimator/records.h>

#include "experiment/stats.h"

enum { COLUMN_LIMIT = 100000, BATCH = 1024, VALUES_LIMIT = 16384, QUANTILES_LIMIT = 16384, BYTES_OF_VALUE = 128, FEW_COLUMNS = 256 };
static const int64_t usual_budget = (int64_t)256 << 20;

static const char *const usual_marks[EST__STATS_MARKS] = { "?", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-" };

/* ---- columns ---- */

static size_t limited(int64_t v, int64_t least, int64_t most)
{
    return (size_t)(v < least ? least : v > most ? most : v);
}

/* `expected`: columns that share the budget. */
static est_status add_column(est_stats *s, const char *name, est_dtype given, size_t expected)
{
    if (s->count == COLUMN_LIMIT)
        return est__fail(EST_INVALID_ARGUMENT, "%s: more than %d columns", s->source ? s->source : "the dataset", COLUMN_LIMIT);
    EST_TRY(est__grow(&s->columns, &s->capacity, s->count + 1, sizeof *s->columns));
    int64_t each = s->budget / (int64_t)(expected ? expected : 1);
    est__stats_column *c = &s->columns[s->count];
    *c = (est__stats_column){ .given = given };
    c->values.limit = limited(each / 4 * 3 / BYTES_OF_VALUE, 64, VALUES_LIMIT);
    c->quantiles.exact = limited(each / 4 / (int64_t)sizeof(double) / 2, 256, QUANTILES_LIMIT);
    c->shown.name = est__arena_strdup(&s->arena, name);
    if (!c->shown.name)
        return est__fail_memory(strlen(name));
    s->count++;
    return est__map_put(s->by_name, name, strlen(name), (void *)(uintptr_t)s->count);
}

/* Welford 1962: mean and squares in one pass. */
static est_status add_number(est__stats_column *c, double v)
{
    if (isinf(v)) {
        c->infinities++;
        return EST_OK;
    }
    double away = v - c->mean;
    if (!c->numbers || v < c->least)
        c->least = v;
    if (!c->numbers || v > c->most)
        c->most = v;
    c->numbers++;
    c->zeros += v == 0;
    c->mean += away / (double)c->numbers;
    c->squares += away * (v - c->mean);
    return est__quantiles_add(&c->quantiles, v);
}

static int mark_of(const est_stats *s, const char *text, size_t n)
{
    for (int m = 0; m < s->mark_count; m++)
        if (s->marks[m][0] == text[0] && strlen(s->marks[m]) == n && !memcmp(s->marks[m], text, n))
            return m;
    return -1;
}

static est_status add_text(const est_stats *s, est__stats_column *c, const char *text, size_t n)
{
    int64_t whole;
    double v;
    if (!n) {
        c->empty++;
        return EST_OK;
    }
    int mark = mark_of(s, text, n);
    if (mark >= 0) {
        c->marks[mark]++;
        return est__value_counts_add(&c->values, text, n);
    }
    if (!c->texts || (int64_t)n < c->min_length)
        c->min_length = (int64_t)n;
    if ((int64_t)n > c->max_length)
        c->max_length = (int64_t)n;
    c->texts++;
    c->bytes += (int64_t)n;
    if (est__parse_int64(text, n, &whole)) {
        c->integers++;
        EST_TRY(add_number(c, (double)whole));
    } else if (est__parse_double(text, n, &v) && !isnan(v)) {
        EST_TRY(add_number(c, v));
    } else {
        c->words++;
    }
    return est__value_counts_add(&c->values, text, n);
}

static est_status add_float(est__stats_column *c, double v, bool is_float)
{
    char text[32];
    if (isnan(v)) {
        c->nans++;
        return EST_OK;
    }
    int n = is_float ? est__format_float(text, (float)v) : est__format_double(text, v);
    EST_TRY(add_number(c, v));
    return est__value_counts_add(&c->values, text, (size_t)n);
}

static est_status add_int(est__stats_column *c, int64_t v)
{
    char text[32];
    int n = est__print(text, sizeof text, "%lld", (long long)v);
    EST_TRY(add_number(c, (double)v));
    return est__value_counts_add(&c->values, text, (size_t)n);
}

static est_status add_element(const est_stats *s, est__stats_column *c, const est_tensor *t, int64_t i)
{
    size_t n;
    const char *text;
    switch ((int)t->dtype) {
    case EST_STRING:
        text = est_tensor_string(t, i, &n);
        return add_text(s, c, text, n);
    case EST_FLOAT: return add_float(c, (double)((const float *)t->data)[i], true);
    case EST_DOUBLE: return add_float(c, ((const double *)t->data)[i], false);
    case EST_INT64: return add_int(c, ((const int64_t *)t->data)[i]);
    case EST_INT32: return add_int(c, ((const int32_t *)t->data)[i]);
    case EST_INT16: return add_int(c, ((const int16_t *)t->data)[i]);
    case EST_INT8: return add_int(c, ((const int8_t *)t->data)[i]);
    case EST_UINT8: return add_int(c, ((const uint8_t *)t->data)[i]);
    case EST_BOOL: return add_int(c, ((const bool *)t->data)[i]);
    default:
        return est__fail(EST_UNIMPLEMENTED, "column '%s' is %s: statistics are of float32, float64, integers, bool and string",
                         c->shown.name, est_dtype_name(t->dtype));
    }
}

/* ---- the end ---- */

/* The mark of a missing value that comes most often. */
static int choose_mark(est_stats *s)
{
    int best = -1;
    int64_t most = 0;
    for (int m = 0; m < s->mark_count; m++) {
        int64_t sum = 0;
        for (size_t i = 0; i < s->count; i++)
            sum += s->columns[i].marks[m];
        if (sum > most) {
            most = sum;
            best = m;
        }
    }
    s->na_value = s->mark_given ? s->mark_given : best >= 0 ? s->marks[best] : "";
    return best;
}

/* Marks that are no missing values here are words like any other. */
static void count_other_marks(const est_stats *s, est__stats_column *c, int mark)
{
    for (int m = 0; m < s->mark_count; m++) {
        int64_t n = (int64_t)strlen(s->marks[m]);
        if (m == mark || !c->marks[m])
            continue;
        if (!c->texts || n < c->min_length)
            c->min_length = n;
        if (n > c->max_length)
            c->max_length = n;
        c->words += c->marks[m];
        c->texts += c->marks[m];
        c->bytes += n * c->marks[m];
    }
}

static est_dtype type_of(const est__stats_column *c, int64_t count)
{
    if (!count)
        return EST_INVALID;
    if (c->given != EST_STRING)
        return c->given == EST_FLOAT || c->given == EST_DOUBLE ? EST_FLOAT : EST_INT64;
    if (c->words)
        return EST_STRING;
    return c->integers == count ? EST_INT64 : EST_FLOAT;
}

static est_status list_values(est_stats *s, est__stats_column *c, const char *missing)
{
    const est__value **sorted;
    EST_TRY(est__value_counts_sorted(&c->values, &sorted));
    est_value_count *top = est__arena_alloc(&s->arena, (c->values.count + 1) * sizeof *top);
    for (size_t i = 0; top && i < c->values.count; i++)
        if (!missing || strcmp(sorted[i]->text, missing))
            top[c->shown.top_count++] = (est_value_count){ sorted[i]->text, sorted[i]->length, sorted[i]->count };
    est__free(sorted);
    c->shown.top = top;
    c->shown.top_error = c->values.error;
    return top ? EST_OK : est__fail_memory(c->values.count * sizeof *top);
}

/* As long as all values were counted, quantiles are exact by their counts. */
static est_status ranks_by_values(est__stats_column *c)
{
    size_t count = 0;
    est__weighted *items = est__malloc(((size_t)c->shown.top_count + 1) * sizeof *items);
    if (!items)
        return est__fail_memory((size_t)c->shown.top_count * sizeof *items);
    for (int64_t i = 0; i < c->shown.top_count; i++) {
        const est_value_count *v = &c->shown.top[i];
        if (est__parse_double(v->text, v->length, &items[count].value) && isfinite(items[count].value))
            items[count++].weight = v->count;
    }
    est_status st = est__ranks_of(items, count, &c->ranks);
    est__free(items);
    return st;
}

static est_status finish_column(est_stats *s, est__stats_column *c, int mark)
{
    est_column_stats *o = &c->shown;
    int64_t na = mark >= 0 ? c->marks[mark] : 0;
    count_other_marks(s, c, mark);
    o->count = c->given == EST_STRING ? c->texts : c->numbers + c->infinities;
    o->marked = na;
    o->missing = s->rows - c->rows + c->empty + c->nans + na;
    o->distinct = est__value_counts_distinct(&c->values, &o->distinct_is_estimate) - (na > 0);
    if (o->distinct > o->count)
        o->distinct = o->count;
    o->dtype = type_of(c, o->count);
    EST_TRY(list_values(s, c, na ? s->marks[mark] : NULL));
    o->min = o->mean = o->max = o->std = NAN;
    if (o->dtype == EST_STRING) {
        o->min_length = c->min_length;
        o->max_length = c->max_length;
        o->mean_length = (double)c->bytes / (double)c->texts;
        est__quantiles_free(&c->quantiles);
        return EST_OK;
    }
    if (c->numbers) {
        o->min = c->least;
        o->mean = c->mean;
        o->max = c->most;
        o->std = sqrt(c->squares / (double)c->numbers);
    }
    o->zeros = c->zeros;
    o->infinities = c->infinities;
    o->quantiles_are_estimates = c->quantiles.estimated && o->distinct_is_estimate;
    est_status st = o->distinct_is_estimate ? est__quantiles_ranks(&c->quantiles, &c->ranks) : ranks_by_values(c);
    est__quantiles_free(&c->quantiles);
    return st;
}

static est_status finish(est_stats *s)
{
    int mark = choose_mark(s);
    for (size_t i = 0; i < s->count; i++)
        EST_TRY(finish_column(s, &s->columns[i], mark));
    return EST_OK;
}

/* ---- datasets ---- */

static est_status add_batch(est_stats *s, const est_batch *b)
{
    int64_t rows = est_batch_rows(b), left = s->max_rows ? s->max_rows - s->rows : rows, used = rows < left ? rows : left;
    for (size_t i = 0; i < s->count; i++) {
        const est_tensor *t = est_batch_get(b, i), *offsets = est_batch_offsets(b, i);
        const int64_t *row = offsets ? offsets->data : NULL;
        int64_t elements = row ? row[used] : rows ? est_shape_elements(&t->shape) / rows * used : 0;
        for (int64_t k = 0; k < elements; k++)
            EST_TRY(add_element(s, &s->columns[i], t, k));
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
        EST_TRY(add_column(s, features.data[i].name, features.data[i].dtype, features.count));
    while (!s->stopped && (st = est_dataset_next(d, &b)) == EST_OK)
        EST_TRY(add_batch(s, b));
    return st == EST_OUT_OF_RANGE ? EST_OK : st;
}

/* ---- files ---- */

static est_status read_csv(est_stats *s, est_strings paths, const est_stats_options *o)
{
    est_dataset *d;
    est_csv_options csv = { .input_path = paths, .no_header = o->no_header, .column_names = o->column_names,
                            .select_columns = o->select_columns, .field_delim = o->field_delim,
                            .no_quote_delim = o->no_quote_delim, .skip_errors = o->skip_errors, .memory_budget = EST_OFF };
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
        EST_TRY(add_column(s, f->name, EST_INVALID, s->count < FEW_COLUMNS ? FEW_COLUMNS : 2 * s->count));
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
        EST_TRY(add_element(s, c, f->value, i));
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
            if (st == EST_OK && !(paths[count] = est__arena_strdup(&s->arena, plain ? input.data[i] : found.name[k])))
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

static est_status new_stats(const est_stats_options *options, size_t size, est_stats_options *o, est_stats **out)
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
        st = finish(*out);
    if (st != EST_OK) {
        est_stats_free(*out);
        *out = NULL;
    }
    return st;
}

est_status est_stats_of_files_sized(est_strings input_path, const est_stats_options *options, size_t size, est_stats **out)
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

est_status est_stats_of_dataset_sized(est_dataset *d, const est_stats_options *options, size_t size, est_stats **out)
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
