/* CSV into TFRecord of tf.Examples and back: which way, by the content; columns and their types, by a
 * configuration or a look. */
#include "experiment/config.h"
#include "experiment/convert_files.h"
#include "experiment/stats.h"

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

est__compression est__compression_of(const char *path)
{
    if (ends_with(path, ".gz"))
        return EST__GZIP;
    return ends_with(path, ".z") || ends_with(path, ".zlib") ? EST__ZLIB : EST__UNCOMPRESSED;
}

static est_status add_feature(est__conversion *c, size_t *capacity, const char *name, est_dtype dtype)
{
    EST_TRY(est__grow(&c->feature, capacity, c->features + 1, sizeof *c->feature));
    c->feature[c->features++] = (est_feature){ .name = name, .dtype = dtype, .variable_length = true };
    return EST_OK;
}

/* All columns, each as what its values look like; one without any is text. */
static est_status look(est__conversion *c, est_stats **stats)
{
    size_t capacity = 0;
    const est_csv_options *csv = &c->csv;
    est_stats_options o = { .field_delim = csv->field_delim, .skip_errors = csv->skip_errors,
                            .na_value = c->na_value, .memory_budget = 1 };
    EST_TRY(est_stats_of_files((est_strings){ &c->from, 1 }, &o, stats));
    c->stats = *stats;
    for (int64_t i = 0; i < est_stats_columns(*stats); i++) {
        const est_column_stats *s = est_stats_column(*stats, i);
        EST_TRY(add_feature(c, &capacity, s->name, s->dtype == EST_INVALID ? EST_STRING : s->dtype));
    }
    return EST_OK;
}

/* The columns that a configuration's model and label read, and how it reads CSV. */
static est_status read_config(est__conversion *c, est_experiment *x)
{
    size_t capacity = 0;
    const est__config_data *d = &est__experiment_config(x)->train_data;
    est_features_spec spec;
    EST_TRY(est_estimator_input_spec(est_experiment_estimator(x), d->label, d->label.count > 0, &spec));
    for (size_t i = 0; i < spec.count; i++)
        EST_TRY(add_feature(c, &capacity, spec.data[i].name, spec.data[i].dtype));
    c->single = est__calloc(spec.count + 1, sizeof *c->single);
    if (!c->single)
        return est__fail_memory(spec.count);
    for (size_t i = 0; i < spec.count; i++)
        c->single[i] = !spec.data[i].variable_length;
    if (!d->node)
        return EST_OK;
    EST_TRY(est__data_check(d, "task.train_data", false));
    if (!c->multivalent_delim && *d->multivalent_delim)
        c->multivalent_delim = d->multivalent_delim;
    c->csv.no_header = !d->header;
    c->csv.column_names = d->column_names;
    c->csv.no_quote_delim = !d->use_quote_delim;
    c->csv.skip_errors = c->csv.skip_errors || !strcmp(d->on_error, "skip");
    if (!c->na_value)
        c->na_value = d->na_value;
    if (!c->csv.field_delim)
        c->csv.field_delim = d->field_delim[0];
    return EST_OK;
}

static est_status check(const est__conversion *c, bool from_records)
{
    bool csv = ends_with(c->to, ".csv") || ends_with(c->to, ".csv.gz"),
         records = strstr(est__base_name(c->to), ".tfrecord") != NULL;
    const char *d = c->multivalent_delim;
    if (from_records ? records : csv)
        return est__fail(EST_INVALID_ARGUMENT,
                         "%s is %s, and %s is to be that too: there is nothing to convert", c->from,
                         from_records ? "a TFRecord file" : "taken for CSV", c->to);
    if (from_records && est__compression_of(c->to) == EST__ZLIB)
        return est__fail(EST_INVALID_ARGUMENT, "%s: a CSV file is plain or .gz", c->to);
    if (d && (strlen(d) != 1 || *d == c->field_delim || strchr("\"\r\n", *d)))
        return est__fail(
            EST_INVALID_ARGUMENT,
            "multivalent_delim is \"%.20s\"; it must be one character, and neither a quote, a line "
            "end nor the separator of fields",
            d);
    if (!c->features)
        return est__fail(EST_INVALID_ARGUMENT, "%s: its Examples have no features", c->from);
    return EST_OK;
}

static est_status convert(est__conversion *c, const est_convert_options *o)
{
    bool from_records;
    est_experiment *x = NULL;
    est_stats *stats = NULL;
    EST_TRY(est__holds_records(c->from, &from_records));
    est_experiment_options configs = { .config = { &o->config, 1 } };
    est_status st = o->config ? est_experiment_new(&configs, &x) : look(c, &stats);
    if (st == EST_OK && x)
        st = read_config(c, x);
    c->field_delim = c->csv.field_delim ? c->csv.field_delim : ',';
    if (st == EST_OK)
        st = check(c, from_records);
    if (st == EST_OK)
        st = from_records ? est__convert_records(c) : est__convert_csv(c);
    est__free(c->feature);
    est__free(c->single);
    est_stats_free(stats);
    est_experiment_free(x);
    return st;
}

est_status est_convert_file_sized(const char *from, const char *to, const est_convert_options *options,
                                  size_t size, int64_t *rows)
{
    est_convert_options o = { 0 };
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    est__conversion c = { .from = from, .to = to, .na_value = o.na_value,
                          .multivalent_delim = o.multivalent_delim };
    c.csv.field_delim = o.field_delim;
    c.csv.skip_errors = o.skip_errors;
    est_status st = convert(&c, &o);
    if (rows)
        *rows = st == EST_OK ? c.rows : 0;
    return st;
}
