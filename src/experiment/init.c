/* A configuration to start from, out of a look at a CSV file: what kind of label is to be learnt and from
 * which columns, and how long to train with which optimizer, so that it comes near to what a linear model can
 * do. */
#include <math.h>
#include <stdlib.h>

#include "experiment/config.h"
#include "experiment/init.h"
#include "experiment/stats.h"

enum { ROW_LIMIT = 1000000, LABEL_LIMIT = 1000, CLASS_LIMIT = 20 };

/* ---- the label ---- */

static bool is_number(const est_column_stats *c)
{
    return c->dtype == EST_INT64 || c->dtype == EST_FLOAT;
}

bool est__init_is_regression(const est_column_stats *c)
{
    return is_number(c) && (c->distinct > CLASS_LIMIT ||
                            (c->dtype == EST_FLOAT &&
                             !(c->min == floor(c->min) && c->max == floor(c->max) && c->distinct == 2)));
}

static est_status check_label(const est__init *in)
{
    const est_column_stats *c = in->label;
    if (c->missing)
        return est__fail(
            EST_INVALID_ARGUMENT,
            "%s: column '%s' is empty in %lld rows: leave them out, there is nothing to learn from "
            "them",
            in->path, c->name, (long long)c->missing);
    if (c->distinct < 2)
        return est__fail(EST_INVALID_ARGUMENT,
                         "%s: column '%s' holds one value alone: there is nothing to learn", in->path,
                         c->name);
    if (!est__init_is_regression(c) && c->distinct > LABEL_LIMIT)
        return est__fail(EST_INVALID_ARGUMENT,
                         "%s: column '%s' holds more than %d different texts: too many classes", in->path,
                         c->name, LABEL_LIMIT);
    if (!est__init_is_regression(c) && !est__init_fits_a_list(c))
        return est__fail(EST_INVALID_ARGUMENT,
                         "%s: column '%s' holds texts that are no UTF-8, or longer than 200 bytes: such classes "
                         "cannot stand in a configuration", in->path, c->name);
    return EST_OK;
}

/* Small ids are classes; other texts and numbers of few values are classes by name; the rest is a
 * regression. */
static void put_label(est__buffer *b, const est__init *in)
{
    const est_column_stats *c = in->label;
    if (est__init_is_regression(c)) {
        est__buffer_text(b, "    estimator: LinearRegressor\n");
        return;
    }
    est__buffer_text(b, "    estimator: LinearClassifier\n");
    if (c->dtype == EST_INT64 && c->min >= 0 && c->max < 5 * CLASS_LIMIT) {
        est__buffer_printf(b, "    n_classes: %d\n", c->max < 2 ? 2 : (int)c->max + 1);
        return;
    }
    est__buffer_printf(b, "    n_classes: %lld\n    label_vocabulary: ", (long long)c->distinct);
    est__init_put_values(b, in, c);
    est__buffer_text(b, "\n");
}

/* ---- the data ---- */

/* Beside x_train.csv: x_eval.csv and other names for held-out rows. NULL: there is none; est__free. */
static char *find_validation(const char *path)
{
    static const char *const names[] = { "eval", "test", "valid", "validation", "dev" };
    const char *base = est__base_name(path), *at = NULL;
    for (const char *next = strstr(base, "train"); next; next = strstr(next + 1, "train"))
        at = next;
    for (size_t i = 0; at && i < sizeof names / sizeof *names; i++) {
        est__buffer b = { 0 };
        est__buffer_printf(&b, "%.*s%s%s", (int)(at - path), path, names[i], at + strlen("train"));
        if (b.status == EST_OK && est__is_file(b.data))
            return b.data;
        est__buffer_free(&b);
    }
    return NULL;
}

static void put_input(est__buffer *b, const est__init *in, const char *path, const char *remark,
                      int batch_size)
{
    est__buffer_text(b, "    format: csv\n    input_path: ");
    est__yaml_quote(b, path);
    est__buffer_printf(b, "%s\n    label: ", remark);
    est__yaml_quote(b, in->label->name);
    est__buffer_printf(b, "\n    batch_size: %d\n", batch_size);
    if (in->options->field_delim) {
        est__buffer_text(b, "    field_delim: ");
        est__buffer_json_string(b, &in->options->field_delim, 1);
        est__buffer_text(b, "\n");
    }
    if (in->na_value) {
        est__buffer_text(b, "    na_value: ");
        est__buffer_json_string(b, est_stats_na_value(in->stats), strlen(est_stats_na_value(in->stats)));
        est__buffer_text(b, "\n");
    }
}

static void put_data(est__buffer *b, const est__init *in, int batch_size)
{
    const char *given = in->options->validation_path;
    char *found = given ? NULL : find_validation(in->path);
    const char *held_out = given ? given : found;
    est__buffer_text(b, "  train_data:\n");
    put_input(b, in, in->path, "", batch_size);
    est__buffer_text(b, "    shuffle_buffer_size: 10000\n    num_epochs: null\n  validation_data:\n");
    put_input(b, in, held_out ? held_out : in->path, held_out ? "" : "   # better: rows that the training does not see", 256);
    est__buffer_text(b, "    num_epochs: 1\n");
    est__free(found);
}

static void put_model_dir(est__buffer *b, const char *path)
{
    const char *name = est__base_name(path);
    est__buffer folder = { 0 };
    est__buffer_printf(&folder, "%.*s_model", (int)strcspn(name, "."), name);
    est__buffer_text(b, "model_dir: ");
    est__yaml_quote(b, folder.data ? folder.data : "model");
    est__buffer_text(b, "\n");
    est__buffer_free(&folder);
}

/* ---- training ---- */

/* Ftrl's steps are of the learning rate's size whatever the gradients are, so that a regression's rate goes
 * with its label. */
static void put_optimizer(est__buffer *b, const est__init *in)
{
    double rate = est__init_is_regression(in->label) ? 0.2 * in->label->std : 0.2;
    est__buffer_text(b, "    optimizer: {type: Ftrl, learning_rate: ");
    est__init_put_number(b, (double)(float)rate);
    est__buffer_text(b, "}\n");
}

static est_status put_config(est__buffer *b, const est__init *in)
{
    size_t used = 0;
    int64_t rows = est_stats_rows(in->stats), batch_size = 64, epochs = 20, steps = rows * epochs / batch_size;
    est__buffer_text(b, "# A start, from a look at ");
    est__buffer_json_string(b, in->path, strlen(in->path));
    est__buffer_printf(b, ": %lld rows%s. 'estimator config --explain' tells every key.\n", (long long)rows,
                       est_stats_stopped(in->stats) ? " (there are more)" : "");
    put_model_dir(b, in->path);
    est__buffer_text(b, "task:\n  model:\n");
    put_label(b, in);
    est__buffer_text(b, "    feature_columns:\n");
    EST_TRY(est__init_put_columns(b, in, &used));
    if (!used)
        return est__fail(EST_INVALID_ARGUMENT, "%s: no column but the label can be learnt from", in->path);
    if (!in->options->no_crosses)
        EST_TRY(est__init_put_crosses(b, in));
    put_optimizer(b, in);
    put_data(b, in, (int)batch_size);
    steps = steps < 500 ? 500 : steps > 20000 ? 20000 : steps;
    est__buffer_printf(b, "trainer:\n  train_steps: %lld\n", (long long)steps);
    return b->status == EST_OK ? EST_OK : est__fail_memory(b->size);
}

/* ---- the look ---- */

static est_status no_label(const est_stats *s, const char *path, const char *label)
{
    int64_t count = est_stats_columns(s);
    const char **names = est__calloc((size_t)count + 1, sizeof *names);
    for (int64_t i = 0; names && i < count; i++)
        names[i] = est_stats_column(s, i)->name;
    const char *near = names ? est__nearest(label, names, (size_t)count) : NULL;
    est_status st = est__fail(EST_INVALID_ARGUMENT, "%s: there is no column '%s'%s%s%s", path, label,
                              near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    est__free(names);
    return st;
}

static est_status read_options(est__init *in)
{
    const char *bins = in->options->boundaries;
    if (!in->options->label || !*in->options->label)
        return est__fail(EST_INVALID_ARGUMENT, "a label is needed: the column that is to be learnt");
    if (!bins || !strcmp(bins, "auto"))
        in->bins = EST__BINS_AUTO;
    else if (!strcmp(bins, "quantiles"))
        in->bins = EST__BINS_ALL;
    else if (!strcmp(bins, "none"))
        in->bins = EST__BINS_NONE;
    else
        return est__fail(EST_INVALID_ARGUMENT, "boundaries is '%s'; it must be auto, quantiles or none",
                         bins);
    return EST_OK;
}

static est_status decide(est__init *in)
{
    in->label_index = -1;
    for (int64_t i = 0; i < est_stats_columns(in->stats); i++) {
        const est_column_stats *c = est_stats_column(in->stats, i);
        if (!strcmp(c->name, in->options->label))
            in->label_index = i;
        else if (c->marked && is_number(c))
            in->na_value = true;
    }
    in->label = est_stats_column(in->stats, in->label_index);
    return in->label ? check_label(in) : no_label(in->stats, in->path, in->options->label);
}

est_status est_experiment_init_sized(const char *csv_path, const est_init_options *options, size_t size,
                                     char **text)
{
    est_init_options o = { 0 };
    est__buffer b = { 0 };
    est_stats *stats = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    est__init in = { .path = csv_path, .options = &o };
    est_stats_options look = { .na_value = o.na_value, .field_delim = o.field_delim, .max_rows = ROW_LIMIT };
    bool records = false;
    est_status st = read_options(&in);
    if (st == EST_OK)
        st = est__holds_records(csv_path, &records);
    if (st == EST_OK && records)
        st = est__fail(EST_INVALID_ARGUMENT, "%s: a TFRecord file; CSV is looked at: est_convert_file and 'estimator convert' "
                       "make it of that", csv_path);
    if (st == EST_OK)
        st = est_stats_of_files((est_strings){ &csv_path, 1 }, &look, &stats);
    in.stats = stats;
    if (st == EST_OK)
        st = decide(&in);
    if (st == EST_OK)
        st = put_config(&b, &in);
    est_stats_free(stats);
    return est__buffer_give(&b, st, text);
}
