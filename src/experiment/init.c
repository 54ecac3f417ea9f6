/* A configuration to start from, out of a look at a CSV file: what each column holds, and what kind of label is to be learnt. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "experiment/config.h"
#include "experiment/look.h"

enum { VOCABULARY_LIMIT = 50, LABEL_LIMIT = 1000, CLASS_LIMIT = 20, LEAST_FOR_IDENTIFIER = 20 };

/* A number of few digits: the shortest text of a float. */
static void put_number(est__buffer *b, double v)
{
    char text[32];
    est__buffer_bytes(b, text, (size_t)est__format_float(text, (float)v));
}

/* TensorFlow names variables after the column, so the name must be one of its scopes. */
static bool is_scope_name(const char *s)
{
    if (!isalnum((unsigned char)*s) && *s != '.')
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("_.\\-/", *s))
            return false;
    return true;
}

static int more_often(const void *a, const void *b)
{
    const est__look_value *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->text, y->text);
}

/* The different texts but the missing mark, most frequent first; est__free. */
static est_status sorted_values(const est__look *l, const est__look_column *c, est__look_value **out, size_t *count)
{
    size_t n = est__map_size(c->values), length;
    *out = est__calloc(n + 1, sizeof **out);
    *count = 0;
    if (!*out)
        return est__fail_memory(n);
    for (size_t i = 0; i < n; i++) {
        const char *text = est__map_key(c->values, i, &length);
        if (l->na_value && !strcmp(text, l->na_value))
            continue;
        (*out)[(*count)++] = (est__look_value){ text, *(const int64_t *)est__map_value(c->values, i) };
    }
    qsort(*out, *count, sizeof **out, more_often);
    return EST_OK;
}

static est_status put_vocabulary(est__buffer *b, const est__look *l, const est__look_column *c)
{
    est__look_value *values;
    size_t count;
    EST_TRY(sorted_values(l, c, &values, &count));
    est__buffer_text(b, "[");
    for (size_t i = 0; i < count; i++) {
        est__buffer_text(b, i ? ", " : "");
        est__yaml_quote(b, values[i].text);
    }
    est__buffer_text(b, "]");
    est__free(values);
    return EST_OK;
}

static void put_left_out(est__buffer *b, const char *name, const char *why)
{
    est__buffer_text(b, "      # left out: ");
    est__buffer_json_string(b, name, strlen(name)); /* on one line, whatever is in it */
    est__buffer_printf(b, ", %s\n", why);
}

static void put_numeric(est__buffer *b, const est__look_column *c)
{
    est__buffer_text(b, "      - numeric_column: {key: ");
    est__yaml_quote(b, c->name);
    est__buffer_text(b, ", default_value: ");
    put_number(b, c->mean);
    est__buffer_text(b, ", normalizer_fn: {mean: ");
    put_number(b, c->mean);
    est__buffer_text(b, ", std: ");
    put_number(b, sqrt(c->squares / (double)c->numbers));
    est__buffer_text(b, "}}\n");
}

static est_status put_text(est__buffer *b, const est__look *l, const est__look_column *c, size_t distinct, int64_t filled)
{
    if (distinct <= VOCABULARY_LIMIT) {
        est__buffer_text(b, "      - categorical_column_with_vocabulary_list: {key: ");
        est__yaml_quote(b, c->name);
        est__buffer_text(b, ", vocabulary_list: ");
        EST_TRY(put_vocabulary(b, l, c));
        est__buffer_text(b, "}\n");
        return EST_OK;
    }
    if ((int64_t)distinct == filled && filled >= LEAST_FOR_IDENTIFIER) {
        put_left_out(b, c->name, "another text in every row");
        return EST_OK;
    }
    int buckets = 128;
    while (buckets < 65536 && (size_t)buckets < 2 * distinct)
        buckets *= 2;
    est__buffer_text(b, "      - categorical_column_with_hash_bucket: {key: ");
    est__yaml_quote(b, c->name);
    est__buffer_printf(b, ", hash_bucket_size: %d}\n", buckets);
    return EST_OK;
}

static est_status put_column(est__buffer *b, const est__look *l, const est__look_column *c, size_t *used)
{
    size_t distinct = est__look_distinct(l, c);
    int64_t filled = est__look_filled(l, c);
    if (!is_scope_name(c->name))
        put_left_out(b, c->name, "its name cannot be that of a variable");
    else if (distinct < 2)
        put_left_out(b, c->name, distinct ? "the same in every row" : "empty in every row");
    else if (est__look_is_numeric(l, c) && c->squares / (double)c->numbers > 0)
        put_numeric(b, c), ++*used;
    else {
        size_t before = b->size;
        EST_TRY(put_text(b, l, c, distinct, filled));
        *used += b->data && strncmp(b->data + before, "      #", 7) != 0;
    }
    return EST_OK;
}

/* Small ids are classes; other texts and numbers of few values are classes by name; the rest is a regression. */
static est_status put_label(est__buffer *b, const est__look *l, const char *path)
{
    const est__look_column *c = l->label;
    size_t distinct = est__look_distinct(l, c);
    bool numeric = est__look_is_numeric(l, c);
    if (distinct < 2)
        return est__fail(EST_INVALID_ARGUMENT, "%s: column '%s' holds one value alone: there is nothing to learn", path, c->name);
    if (numeric && c->integers == c->numbers && distinct <= CLASS_LIMIT && c->least >= 0 && c->most < 5 * CLASS_LIMIT) {
        est__buffer_printf(b, "    estimator: LinearClassifier\n    n_classes: %d\n", c->most < 2 ? 2 : (int)c->most + 1);
        return EST_OK;
    }
    if (numeric && (distinct > CLASS_LIMIT || c->integers != c->numbers)) {
        est__buffer_text(b, "    estimator: LinearRegressor\n");
        return EST_OK;
    }
    if (distinct > LABEL_LIMIT)
        return est__fail(EST_INVALID_ARGUMENT, "%s: column '%s' holds more than %d different texts: too many classes", path, c->name,
                         LABEL_LIMIT);
    est__buffer_printf(b, "    estimator: LinearClassifier\n    n_classes: %zu\n    label_vocabulary: ", distinct);
    EST_TRY(put_vocabulary(b, l, c));
    est__buffer_text(b, "\n");
    return EST_OK;
}

static void put_data(est__buffer *b, const est__look *l, const char *path, bool training)
{
    est__buffer_printf(b, "  %s:\n    format: csv\n    input_path: ", training ? "train_data" : "validation_data");
    est__yaml_quote(b, path);
    est__buffer_text(b, training ? "\n" : "   # better: rows that the training does not see\n");
    est__buffer_text(b, "    label: ");
    est__yaml_quote(b, l->label->name);
    est__buffer_text(b, "\n    batch_size: 32\n");
    if (l->na_value) {
        est__buffer_text(b, "    na_value: ");
        est__yaml_quote(b, l->na_value);
        est__buffer_text(b, "\n");
    }
    if (training)
        est__buffer_text(b, "    shuffle_buffer_size: 10000\n    num_epochs: null\n");
    else
        est__buffer_text(b, "    num_epochs: 1\n");
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

static est_status put_config(est__buffer *b, const est__look *l, const char *path)
{
    size_t used = 0;
    int64_t steps = l->rows * 10 / 32;
    est__buffer_text(b, "# A start, from a look at ");
    est__buffer_json_string(b, path, strlen(path));
    est__buffer_printf(b, ": %lld rows%s. 'estimator config --explain' tells every key.\n", (long long)l->rows,
                       l->stopped ? " (there are more)" : "");
    put_model_dir(b, path);
    est__buffer_text(b, "task:\n  model:\n");
    EST_TRY(put_label(b, l, path));
    est__buffer_text(b, "    feature_columns:\n");
    for (size_t i = 0; i < l->count; i++)
        if (&l->columns[i] != l->label)
            EST_TRY(put_column(b, l, &l->columns[i], &used));
    if (!used)
        return est__fail(EST_INVALID_ARGUMENT, "%s: no column but the label can be learnt from", path);
    put_data(b, l, path, true);
    put_data(b, l, path, false);
    est__buffer_printf(b, "trainer:\n  train_steps: %lld\n", (long long)(steps < 200 ? 200 : steps > 20000 ? 20000 : steps));
    return b->status == EST_OK ? EST_OK : est__fail_memory(b->size);
}

est_status est_experiment_init(const char *csv_path, const char *label, char **text)
{
    est__look l;
    est__buffer b = { 0 };
    *text = NULL;
    est_status st = est__look_at(csv_path, label, &l);
    if (st == EST_OK)
        st = put_config(&b, &l, csv_path);
    est__look_free(&l);
    if (st != EST_OK)
        est__buffer_free(&b);
    *text = b.data;
    return st;
}
