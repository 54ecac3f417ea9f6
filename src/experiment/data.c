/* A block of data becomes a dataset: files of one format, read, shuffled, repeated, batched, in this order. */
#include <estimator/readers.h>

#include "experiment/config.h"

/* Where a key stands, or the block when it is absent. */
static const est__yaml *place_of(const est__config_data *d, const char *key)
{
    const est__yaml *n = est__yaml_get(d->node, key);
    return n ? n : d->node;
}

est_status est__data_check(const est__config_data *d, const char *where, bool needs_label)
{
    bool csv = !strcmp(d->format, "csv"), libsvm = !strcmp(d->format, "libsvm");
    if (strlen(d->field_delim) != 1)
        return est__yaml_fail(place_of(d, "field_delim"), "field_delim is \"%.20s\"; it must be one character", d->field_delim);
    if (strlen(d->multivalent_delim) > 1)
        return est__yaml_fail(place_of(d, "multivalent_delim"), "multivalent_delim is \"%.20s\"; it must be one character",
                              d->multivalent_delim);
    if (d->num_features && !libsvm)
        return est__yaml_fail(place_of(d, "num_features"), "num_features belongs to 'format: libsvm', not to %s", d->format);
    if (d->sequence_features.count && strcmp(d->format, "tfrecord"))
        return est__yaml_fail(place_of(d, "sequence_features"), "sequence_features belongs to 'format: tfrecord', not to %s",
                              d->format);
    if (csv && !d->header && !d->column_names.count)
        return est__yaml_fail(d->node, "%s has no header: 'column_names' must name its columns", where);
    if (needs_label && !d->label.count && !libsvm)
        return est__yaml_fail(d->node, "'label' is missing in %s: which column is to be learnt", where);
    if (!strcmp(d->format, "npz") && !strcmp(d->auto_shard_policy, "FILE"))
        return est__yaml_fail(place_of(d, "auto_shard_policy"), "arrays of npz are features, each in a file or all in one: their "
                              "rows can be shared, not FILEs");
    return est__batching_check(d);
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

/* What a file's name says of its format; NULL: nothing. */
static const char *format_of(const char *path)
{
    static const char *const endings[][2] = {
        { ".csv", "csv" }, { ".tfrecord", "tfrecord" }, { ".tfrecords", "tfrecord" }, { ".jsonl", "jsonl" }, { ".ndjson", "jsonl" },
        { ".libsvm", "libsvm" }, { ".svm", "libsvm" }, { ".svmlight", "libsvm" }, { ".npz", "npz" }, { ".npy", "npz" } };
    char name[256];
    snprintf(name, sizeof name, "%s", est__base_name(path));
    if (ends_with(name, ".gz"))
        name[strlen(name) - 3] = 0;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(name, endings[i][0]))
            return endings[i][1];
    return NULL;
}

/* ---- the formats ---- */

/* What is read: the features that the model asks for, and the label, where there is one. */
typedef struct reading {
    const est__config_data *data;
    est_strings path, label;
    est_features_spec features;
    bool predicts, skip;
    int readers;
    int64_t budget;                 /* bytes of rows that a dataset may keep; 0: the usual */
} reading;

static est_status open_csv(const reading *r, est_dataset **out)
{
    const est__config_data *d = r->data;
    return est_csv_dataset_new(&((est_csv_options){
        .input_path = r->path, .features = r->features, .label = r->label, .no_header = !d->header,
        .column_names = d->column_names, .select_columns = d->select_columns, .field_delim = d->field_delim[0],
        .no_quote_delim = !d->use_quote_delim, .na_value = d->na_value, .skip_errors = r->skip,
        .label_may_be_absent = r->predicts, .num_parallel_reads = r->readers, .memory_budget = r->budget,
        .multivalent_delim = d->multivalent_delim[0] }), out);
}

static bool listed(est_strings list, const char *name)
{
    for (size_t i = 0; i < list.count; i++)
        if (!strcmp(list.data[i], name))
            return true;
    return false;
}

/* For a model without features, records give their number: a list is asked for that none of them needs to hold. */
static est_features_spec asked_of(const reading *r)
{
    static const est_feature nothing = { .name = "(no feature)", .dtype = EST_STRING, .variable_length = true };
    return r->features.count ? r->features : (est_features_spec){ &nothing, 1 };
}

static est_status open_tfrecord(const reading *r, est_dataset **out)
{
    est_strings lists = r->data->sequence_features;
    est_features_spec features = asked_of(r);
    size_t all = features.count, context = 0, frames = all;
    est_feature *feature = est__calloc(all + 1, sizeof *feature);
    if (!feature)
        return est__fail_memory(all * sizeof *feature);
    for (size_t i = 0; i < all; i++)   /* those of the context from the front, feature lists from the back */
        feature[listed(lists, features.data[i].name) ? --frames : context++] = features.data[i];
    est_status st = est_tfrecord_dataset_new(&((est_tfrecord_options){
        .input_path = r->path, .features = { feature, context }, .sequence_features = { feature + frames, all - frames },
        .label = r->label, .skip_errors = r->skip, .label_may_be_absent = r->predicts, .num_parallel_reads = r->readers,
        .memory_budget = r->budget }), out);
    est__free(feature);
    return st;
}

static est_status open_jsonl(const reading *r, est_dataset **out)
{
    return est_jsonl_dataset_new(&((est_jsonl_options){
        .input_path = r->path, .features = asked_of(r), .label = r->label, .skip_errors = r->skip,
        .label_may_be_absent = r->predicts, .num_parallel_reads = r->readers,
        .memory_budget = r->budget }), out);
}

static est_status open_libsvm(const reading *r, est_dataset **out)
{
    const char *label = r->label.count ? r->label.data[0] : NULL;
    est_dtype dtype = EST_FLOAT;
    if (r->label.count > 1)
        return est__fail(EST_INVALID_ARGUMENT, "libsvm text has one label, 'label' names %zu", r->label.count);
    for (size_t i = 0; label && i < r->features.count; i++)
        if (!strcmp(r->features.data[i].name, label))
            dtype = r->features.data[i].dtype;
    return est_libsvm_dataset_new(&((est_libsvm_options){
        .input_path = r->path, .num_features = r->data->num_features, .label = label, .label_dtype = dtype,
        .skip_errors = r->skip, .label_may_be_absent = r->predicts, .num_parallel_reads = r->readers,
        .memory_budget = r->budget }), out);
}

static est_status open_numpy(const reading *r, est_dataset **out)
{
    return est_numpy_dataset_new(&((est_numpy_options){ .input_path = r->path, .features = r->features, .label = r->label }), out);
}

static est_status open_format(const char *format, const reading *r, est_dataset **out)
{
    static const struct {
        const char *name;
        est_status (*open)(const reading *r, est_dataset **out);
    } formats[] = { { "csv", open_csv }, { "tfrecord", open_tfrecord }, { "jsonl", open_jsonl }, { "libsvm", open_libsvm },
                    { "npz", open_numpy } };
    size_t i = 0;
    while (strcmp(formats[i].name, format) != 0)   /* one of them: the field's choices */
        i++;
    return formats[i].open(r, out);
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

/* The files that the patterns stand for, one dataset each. */
static est_status open_each(const char *format, const reading *r, const est__names *files, est_dataset **datasets)
{
    static const int64_t budget = 64 << 20;
    reading one = *r;
    one.budget = budget / (int64_t)files->count + 1;
    for (size_t i = 0; i < files->count; i++) {
        const char *path = files->name[i];
        one.path = (est_strings){ &path, 1 };
        EST_TRY(open_format(format, &one, &datasets[i]));
    }
    return EST_OK;
}

static est_status open_by_turns(const char *format, const reading *r, est_dataset **out)
{
    est__names files;
    EST_TRY(est__glob_all(r->path, &files));
    est_dataset **datasets = est__calloc(files.count + 1, sizeof *datasets);
    est_status st = datasets ? open_each(format, r, &files, datasets) : est__fail_memory(files.count * sizeof *datasets);
    if (st == EST_OK)
        st = est_interleave_dataset_new(datasets, files.count, r->data->cycle_length, r->data->block_length, out);
    else
        for (size_t i = 0; datasets && i < files.count; i++)
            est_dataset_free(datasets[i]);
    est__free(datasets);
    est__names_free(&files);
    return st;
}

static est_status open_files(const char *format, const reading *r, est_dataset **out)
{
    return r->data->cycle_length > 1 && !r->predicts ? open_by_turns(format, r, out) : open_format(format, r, out);
}

/* ---- shares of several input pipelines (tf.data's AutoShardPolicy) ---- */

static est_status by_files(const reading *r, int64_t pipelines, bool *out)
{
    est__names all;
    const char *policy = r->data->auto_shard_policy;
    *out = !strcmp(policy, "FILE");
    if (strcmp(policy, "AUTO") != 0 || !strcmp(r->data->format, "npz"))
        return EST_OK;
    EST_TRY(est__glob_all(r->path, &all));
    *out = all.count >= (uint64_t)pipelines;
    est__names_free(&all);
    return EST_OK;
}

static est_status open_share(const char *format, const reading *r, const est_input_context *context, est_dataset **out)
{
    est_file_list *files;
    reading own = *r;
    bool files_fit;
    EST_TRY(by_files(r, context->num_input_pipelines, &files_fit));
    if (!files_fit) {
        EST_TRY(open_files(format, r, out));
        est_dataset_shard(*out, context->num_input_pipelines, context->input_pipeline_id);
        return EST_OK;
    }
    EST_TRY(est_list_files(r->path, context->num_input_pipelines, context->input_pipeline_id, &files));
    own.path = est_file_list_paths(files);
    est_status st = open_files(format, &own, out);
    est_file_list_free(files);
    return st;
}

/* The stages that train and evaluate alone have. */
static void put_stages(const est__source *s, const est__config_data *d, est_dataset *out)
{
    if (d->cache)
        est_dataset_cache(out, *d->cache ? d->cache : NULL);
    if (s->folds)   /* after the cache, which serves both parts */
        (s->held_out ? est_dataset_shard : est_dataset_leave_out)(out, s->folds, s->fold);
    if (d->shuffle_buffer_size)
        est_dataset_shuffle(out, d->shuffle_buffer_size, (uint64_t)d->shuffle_seed, !d->shuffle_reshuffle_each_iteration);
    if (d->num_epochs != 1)
        est_dataset_repeat(out, d->num_epochs);
}

/* For an estimator that takes the whole input: once, unless so many epochs are asked for; the batch's size does not show. */
static est__config_data whole_of(const est__config_data *d)
{
    est__config_data whole = *d;
    whole.num_epochs = d->num_epochs == EST_OFF ? 1 : d->num_epochs;
    if (d->batch_size < 4096) {
        whole.batch_size = 4096;
        whole.drop_remainder = false;
    }
    return whole;
}

est_status est__source_open(const est_input_context *context, est_dataset **out, void *source)
{
    est__source *s = source;
    est__config_data whole = whole_of(s->data);
    const est__config_data *d = context->whole_input ? &whole : s->data;
    bool predicts = context->mode == EST_PREDICT, shares = !predicts && d->sharding && context->num_input_pipelines > 1;
    static const char *const default_label[] = { "label" };   /* of libsvm text, where it has no name */
    const char *format = s->input && format_of(s->input) ? format_of(s->input) : d->format;
    bool by_head = est_head_parts(est_estimator_head(s->estimator)).count > 0;   /* its labels are features */
    est_strings label = !d->label.count && !strcmp(format, "libsvm") ? (est_strings){ default_label, 1 } : d->label;
    reading r = { .data = d, .path = s->input ? (est_strings){ &s->input, 1 } : d->input_path,
                  .label = predicts || by_head ? (est_strings){ 0 } : label, .predicts = predicts, .skip = !strcmp(d->on_error, "skip"),
                  .readers = (int)d->num_parallel_reads };
    EST_TRY(est_estimator_input_spec(s->estimator, predicts ? r.label : label, !predicts, &r.features));
    EST_TRY(shares ? open_share(format, &r, context, out) : open_files(format, &r, out));
    log_lines(s->log);
    if (!predicts)
        put_stages(s, d, *out);
    est_status st = est__batching_put(d, *out, predicts);
    if (st != EST_OK) {
        est_dataset_free(*out);
        *out = NULL;
        return st;
    }
    est_dataset_prefetch(*out, d->prefetch_buffer_size);
    return EST_OK;
}
