/* A block of data becomes a dataset: files of one format, read, shuffled, repeated, batched, in this order. */
#include "experiment/config.h"

/* Where a key stands, or the block when it is absent. */
static const est__yaml *place_of(const est__config_data *d, const char *key)
{
    const est__yaml *n = est__yaml_get(d->node, key);
    return n ? n : d->node;
}

static est_status check_format(const est__config_data *d, const char *where, const char *format)
{
    if (!strcmp(format, "csv"))
        return EST_OK;
    const est__yaml *n = place_of(d, "format");
    return est__yaml_fail_line(EST_UNIMPLEMENTED, n, n->line, "%s: the format '%s' is not built in; there is csv", where, format);
}

est_status est__data_check(const est__config_data *d, const char *where, bool needs_label)
{
    EST_TRY(check_format(d, where, d->format));
    if (strlen(d->field_delim) != 1)
        return est__yaml_fail(place_of(d, "field_delim"), "field_delim is \"%.20s\"; it must be one character", d->field_delim);
    if (strlen(d->multivalent_delim) > 1)
        return est__yaml_fail(place_of(d, "multivalent_delim"), "multivalent_delim is \"%.20s\"; it must be one character",
                              d->multivalent_delim);
    if (!d->header && !d->column_names.count)
        return est__yaml_fail(d->node, "%s has no header: 'column_names' must name its columns", where);
    if (needs_label && !d->label.count)
        return est__yaml_fail(d->node, "'label' is missing in %s: which column is to be learnt", where);
    return EST_OK;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

/* What a file's name says of its format; NULL: nothing. */
static const char *format_of(const char *path)
{
    static const char *const endings[][2] = { { ".csv", "csv" }, { ".csv.gz", "csv" }, { ".tfrecord", "tfrecord" },
        { ".tfrecord.gz", "tfrecord" }, { ".tfrecords", "tfrecord" }, { ".tfrecords.gz", "tfrecord" } };
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(path, endings[i][0]))
            return endings[i][1];
    return NULL;
}

/* The resolved configuration, line by line, so that nobody has to guess a learning rate. */
static void log_lines(const char *text)
{
    while (text && *text) {
        int n = (int)strcspn(text, "\n");
        est__log(EST_LOG_INFO, "%.*s", n, text);
        text += n + (text[n] == '\n');
    }
}

est_status est__source_open(const est_input_context *context, est_dataset **out, void *source)
{
    est__source *s = source;
    const est__config_data *d = s->data;
    bool predicts = context->mode == EST_PREDICT;
    const char *format = s->input ? format_of(s->input) : d->format;
    EST_TRY(check_format(d, s->where, format ? format : d->format));
    est_csv_options o = {
        .input_path = s->input ? (est_strings){ &s->input, 1 } : d->input_path,
        .label = predicts ? (est_strings){ 0 } : d->label, .no_header = !d->header, .column_names = d->column_names,
        .select_columns = d->select_columns, .field_delim = d->field_delim[0], .no_quote_delim = !d->use_quote_delim,
        .na_value = d->na_value, .skip_errors = !strcmp(d->on_error, "skip"), .label_may_be_absent = predicts,
        .num_parallel_reads = (int)d->num_parallel_reads, .multivalent_delim = d->multivalent_delim[0] };
    EST_TRY(est_estimator_input_spec(s->estimator, o.label, !predicts, &o.features));
    EST_TRY(est_csv_dataset_new(&o, out));
    log_lines(s->log);
    if (!predicts && d->shuffle_buffer_size)
        est_dataset_shuffle(*out, d->shuffle_buffer_size, (uint64_t)d->shuffle_seed, !d->shuffle_reshuffle_each_iteration);
    if (!predicts && d->num_epochs != 1)
        est_dataset_repeat(*out, d->num_epochs);
    est_dataset_batch(*out, d->batch_size, !predicts && d->drop_remainder);
    est_dataset_prefetch(*out, d->prefetch_buffer_size);
    return EST_OK;
}
