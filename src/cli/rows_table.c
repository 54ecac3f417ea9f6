/* Rows from a CSV file, whose columns are named as the inputs; and serialized tf.Examples from a TFRecord file. */
#include <stdlib.h>
#include <string.h>

#include <estimator/records.h>

#include "cli/rows.h"

static void close_csv(rows *r)
{
    est_dataset_free(r->state);
}

/* A column gives [rows]; an input of [rows, 1] sees the same memory. */
static int64_t next_csv(rows *r)
{
    const est_batch *batch;
    est_status st = est_dataset_next(r->state, &batch);
    if (st == EST_OUT_OF_RANGE)
        return 0;
    if (st != EST_OK)
        return cli_fail(st), -1;
    est_features_spec spec = est_dataset_features(r->state);
    for (size_t i = 0; i < r->signature->num_inputs; i++)
        for (size_t k = 0; k < spec.count; k++) {
            rows_column *c = &r->columns[i];
            if (strcmp(spec.data[k].name, c->info->key))
                continue;
            c->tensor = *est_batch_get(batch, k);
            for (int axis = 1; axis < c->info->shape.rank; axis++)
                c->tensor.shape.dim[c->tensor.shape.rank++] = 1;
        }
    return est_batch_rows(batch);
}

static bool takes_one_value(const est_tensor_info *info)
{
    for (int i = 1; i < info->shape.rank; i++)
        if (info->shape.dim[i] > 1)
            return false;
    return info->shape.rank >= 0 && (info->dtype == EST_FLOAT || info->dtype == EST_INT64 || info->dtype == EST_STRING);
}

bool rows_open_csv(rows *r)
{
    size_t n = r->signature->num_inputs;
    est_feature *features = calloc(n + 1, sizeof *features);
    est_dataset *d = NULL;
    est_status st = EST_OK;
    bool good = features != NULL;
    if (!good)
        cli_say("out of memory");
    for (size_t i = 0; good && i < n; i++) {
        const est_tensor_info *info = &r->signature->inputs[i];
        features[i] = (est_feature){ .name = info->key, .dtype = info->dtype };
        good = takes_one_value(info);
        if (!good)
            cli_say("input '%s' of the signature '%s' does not take one field of a CSV file: give JSON rows", info->key,
                    r->signature->key);
    }
    if (good) {
        est_csv_options o = { .input_path = { &r->path, 1 }, .features = { features, n } };
        st = est_csv_dataset_new(&o, &d);
        if (st == EST_OK)
            r->state = est_dataset_batch(d, ROWS_IN_BATCH, false);
        else
            cli_fail(st);
    }
    free(features);
    r->next = next_csv;
    r->close = close_csv;
    return good && st == EST_OK;
}

static void close_records(rows *r)
{
    est_record_reader_free(r->state);
}

static int64_t next_records(rows *r)
{
    rows_column *c = &r->columns[0];
    int64_t count = 0;
    if (!rows_clear(c))
        return cli_say("out of memory"), -1;
    while (count < ROWS_IN_BATCH) {
        const void *data;
        size_t size;
        est_status st = est_record_reader_next(r->state, &data, &size);
        if (st == EST_OUT_OF_RANGE)
            break;
        if (st != EST_OK)
            return cli_fail(st), -1;
        if (!rows_add_string(c, data, size))
            return cli_say("out of memory"), -1;
        count++;
    }
    rows_finish(c, count);
    return count;
}

bool rows_open_records(rows *r)
{
    const est_signature *s = r->signature;
    est_record_reader *reader = NULL;
    if (s->num_inputs != 1 || s->inputs[0].dtype != EST_STRING) {
        cli_say("the signature '%s' does not take tf.Examples: it has %zu inputs, the first one of dtype %s; give JSON rows", s->key,
                s->num_inputs, s->num_inputs ? est_dtype_name(s->inputs[0].dtype) : "none");
        return false;
    }
    est_status st = est_record_reader_open(r->path, &reader);
    r->state = reader;
    r->next = next_records;
    r->close = close_records;
    return st == EST_OK || (cli_fail(st), false);
}
