/* Datasets: a source and the stages after it, checked as a chain, started, read, and taken up again at a saved place. */
#include "data/source.h"

enum { STAGE_SOURCE, STAGE_SHUFFLE, STAGE_REPEAT, STAGE_BATCH, STAGE_PREFETCH };
static const char *const stage_name[] = { "the source", "est_dataset_shuffle", "est_dataset_repeat", "est_dataset_batch",
                                          "est_dataset_prefetch" };

enum { STATE_VERSION = 1 };

est_status est__feature_check(const est_feature *f, size_t index)
{
    if (!f->name || !*f->name)
        return est__fail(EST_INVALID_ARGUMENT, "features[%zu] has no name", index);
    if (est_dtype_size(f->dtype) == 0 || f->dtype == EST_RESOURCE || f->dtype == EST_VARIANT)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' is %s: a dataset has numbers and strings", f->name,
                         est_dtype_name(f->dtype));
    if (f->variable_length)
        return EST_OK;
    if (f->shape.rank < 0 || f->shape.rank >= EST_MAX_RANK || est_shape_elements(&f->shape) < 0)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': the shape of one example must be known, of rank 0 to %d",
                         f->name, EST_MAX_RANK - 1);
    const est_tensor *v = f->default_value;
    if (v && (v->dtype != f->dtype || (est_shape_elements(&v->shape) != 1 && !est_shape_equal(&v->shape, &f->shape))))
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s': its default_value must be a scalar, or of its shape, and %s",
                         f->name, est_dtype_name(f->dtype));
    return EST_OK;
}

/* What says where its frames begin. */
static est_status check_row_starts(const est_dataset *d, const est_feature *f)
{
    for (int i = 0; f->variable_length && i < d->features; i++)
        if (!strcmp(d->feature[i].name, f->row_starts) && d->feature[i].dtype == EST_INT64 && d->feature[i].variable_length)
            return EST_OK;
    return est__fail(EST_INVALID_ARGUMENT, "feature '%s': its row_starts '%s' must be an int64 feature of variable length%s", f->name,
                     f->row_starts, f->variable_length ? "" : ", and it one of variable length too");
}

static est_status copy_features(est_dataset *d, est_features_spec features)
{
    d->feature = est__arena_alloc(&d->arena, (features.count + 1) * sizeof *d->feature);
    if (!d->feature)
        return est__fail_memory(features.count * sizeof *d->feature);
    for (size_t i = 0; i < features.count; i++) {
        est_feature *f = &d->feature[i];
        EST_TRY(est__feature_check(&features.data[i], i));
        for (size_t k = 0; k < i; k++)
            if (!strcmp(features.data[i].name, features.data[k].name))
                return est__fail(EST_INVALID_ARGUMENT, "there are two features named '%s'", features.data[i].name);
        *f = features.data[i];
        f->default_value = NULL;
        f->name = est__arena_strdup(&d->arena, features.data[i].name);
        d->features++;
        if (f->row_starts)
            f->row_starts = est__arena_strdup(&d->arena, f->row_starts);
        if (!f->name || (!f->row_starts && features.data[i].row_starts))
            return est__fail_memory(strlen(features.data[i].name));
        if (features.data[i].default_value) {
            est_tensor *copy;
            EST_TRY(est_tensor_copy(features.data[i].default_value, &copy));
            f->default_value = copy;
        }
    }
    for (int i = 0; i < d->features; i++)
        if (d->feature[i].row_starts)
            EST_TRY(check_row_starts(d, &d->feature[i]));
    return EST_OK;
}

est_status est__dataset_new(est_features_spec features, int label, const est__source_kind *kind, void *source,
                            est_dataset **out)
{
    est_dataset *d = est__calloc(1, sizeof *d);
    *out = NULL;
    if (!d) {
        kind->free(source);
        return est__fail_memory(sizeof *d);
    }
    est__reader_init(&d->rows.in);
    d->kind = kind;
    d->source = source;
    d->label = label;
    d->epochs = 1;
    est_status st = features.count ? copy_features(d, features)
                                   : est__fail(EST_INVALID_ARGUMENT, "a dataset needs a feature at least");
    if (st != EST_OK) {
        est_dataset_free(d);
        return st;
    }
    *out = d;
    return EST_OK;
}

void est_dataset_free(est_dataset *d)
{
    if (!d)
        return;
    est__batch_free(d->own);
    d->kind->free(d->source);
    for (int i = 0; i < d->features; i++)
        est_tensor_free((est_tensor *)d->feature[i].default_value);
    est__shuffle_free(&d->rows.shuffle);
    est__reader_free(&d->rows.in);
    est__arena_free(&d->arena);
    est__free(d);
}

/* ---- the chain ---- */

void est__dataset_spoil(est_dataset *d, est_status st)
{
    if (st != EST_OK && d->error.status == EST_OK)
        est__error_take(&d->error, st);
}

const char *est__dataset_last_stage(const est_dataset *d)
{
    return stage_name[d->stage];
}

static bool add_stage(est_dataset *d, int stage, bool good, const char *argument, int64_t value)
{
    if (!d || d->error.status != EST_OK)
        return false;
    if (d->started)
        est__dataset_spoil(d, est__fail(EST_FAILED_PRECONDITION, "%s: the dataset is being read already", stage_name[stage]));
    else if (stage <= d->stage)
        est__dataset_spoil(d, est__fail(EST_INVALID_ARGUMENT, "%s after %s: the order is shuffle, repeat, batch, prefetch",
                                        stage_name[stage], stage_name[d->stage]));
    else if (!good)
        est__dataset_spoil(d, est__fail(EST_INVALID_ARGUMENT, "%s: %s is %lld", stage_name[stage], argument, (long long)value));
    else
        d->stage = stage;
    return d->error.status == EST_OK;
}

est_dataset *est_dataset_shuffle(est_dataset *d, int64_t buffer_size, uint64_t seed, bool same_each_epoch)
{
    if (add_stage(d, STAGE_SHUFFLE, buffer_size >= 0, "buffer_size", buffer_size)) {
        d->buffer_size = buffer_size;
        d->shuffle_seed = seed;
        d->same_each_epoch = same_each_epoch;
    }
    return d;
}

est_dataset *est_dataset_repeat(est_dataset *d, int64_t count)
{
    if (add_stage(d, STAGE_REPEAT, count > 0 || count == EST_OFF, "count", count))
        d->epochs = count;
    return d;
}

est_dataset *est_dataset_batch(est_dataset *d, int64_t batch_size, bool drop_remainder)
{
    if (add_stage(d, STAGE_BATCH, batch_size > 0, "batch_size", batch_size)) {
        d->batch_size = batch_size;
        d->drop_remainder = drop_remainder;
    }
    return d;
}

bool est__dataset_batched(const est_dataset *d)
{
    return d->stage >= STAGE_BATCH;
}

void est__dataset_set_batched(est_dataset *d, int64_t ahead)
{
    d->stage = STAGE_BATCH;
    d->ahead = ahead;
}

est_dataset *est_dataset_prefetch(est_dataset *d, int64_t batches)
{
    if (add_stage(d, STAGE_PREFETCH, batches >= 0, "batches", batches))
        d->ahead = batches;
    return d;
}

est_features_spec est_dataset_features(const est_dataset *d)
{
    return d ? (est_features_spec){ d->feature, (size_t)d->features } : (est_features_spec){ 0 };
}

int est_dataset_label(const est_dataset *d)
{
    return d ? d->label : -1;
}

int64_t est__dataset_ahead(const est_dataset *d)
{
    return d->ahead;
}

int64_t est_dataset_skipped(const est_dataset *d)
{
    return d && d->kind->skipped ? d->kind->skipped(d) : 0;
}

void est__dataset_window(est_dataset *d, int64_t batches)
{
    if (d->kind->window)
        d->kind->window(d, batches);
}

/* ---- reading ---- */

/* The number of epochs is not part of it, so that training may go on for longer than was first meant. */
static est_status make_fingerprint(est_dataset *d)
{
    est__buffer b = { 0 };
    uint64_t source = 0;
    EST_TRY(d->kind->fingerprint(d, &source));
    est__buffer_printf(&b, "%s %016llx shuffle %lld %llu %d batch %lld %d label %d", d->kind->name,
                       (unsigned long long)source, (long long)d->buffer_size, (unsigned long long)d->shuffle_seed,
                       d->same_each_epoch, (long long)d->batch_size, d->drop_remainder, d->label);
    for (int i = 0; i < d->features; i++) {
        const est_feature *f = &d->feature[i];
        est__buffer_printf(&b, "\n%s %d %d", f->name, (int)f->dtype, f->variable_length ? -1 : f->shape.rank);
        for (int k = 0; k < f->shape.rank; k++)
            est__buffer_printf(&b, " %lld", (long long)f->shape.dim[k]);
    }
    est_status st = b.status;
    if (st == EST_OK)
        d->fingerprint = est__fingerprint64(b.data, b.size);
    else
        st = est__fail_memory(256);
    est__buffer_free(&b);
    return st;
}

uint64_t est__dataset_fingerprint(est_dataset *d)
{
    if (!d->fingerprint)
        (void)make_fingerprint(d);
    return d->fingerprint;
}

est_status est__dataset_start(est_dataset *d, uint64_t seed)
{
    return est__dataset_start_pass(d, seed, 0);
}

est_status est__dataset_start_pass(est_dataset *d, uint64_t seed, int64_t pass)
{
    if (!d)
        return est__fail(EST_INVALID_ARGUMENT, "there is no dataset");
    if (d->error.status != EST_OK)
        return est__error_give(&d->error);
    if (d->kind->check)
        EST_TRY(d->kind->check(d));
    else if (!d->batch_size)
        return est__fail(EST_INVALID_ARGUMENT, "the dataset gives rows: end it with est_dataset_batch");
    if (!d->fingerprint)
        EST_TRY(make_fingerprint(d));
    d->seed = seed;
    d->pass = pass;
    EST_TRY(d->kind->start(d));
    d->started = true;
    return EST_OK;
}

est_status est__dataset_read(est_dataset *d, est_batch *b)
{
    if (!d->started)
        EST_TRY(est__dataset_start(d, 0));
    return d->kind->read(d, b);
}

est_status est_dataset_next(est_dataset *d, const est_batch **batch)
{
    *batch = NULL;
    if (!d)
        return est__fail(EST_INVALID_ARGUMENT, "there is no dataset");
    if (!d->own)
        EST_TRY(est__batch_new(d, &d->own));
    EST_TRY(est__dataset_read(d, d->own));
    *batch = d->own;
    return EST_OK;
}

/* ---- places ---- */

/* Only a shuffle without a seed of its own depends on the run's. */
static uint64_t seed_that_matters(const est_dataset *d, uint64_t seed)
{
    return d->buffer_size && !d->shuffle_seed ? seed : 0;
}

est_status est__dataset_save(est_dataset *d, int64_t batches, est__buffer *out)
{
    if (!d->started)
        return est__fail(EST_FAILED_PRECONDITION, "a dataset that was not started has no place");
    est__buffer_u32le(out, STATE_VERSION);
    est__buffer_u64le(out, d->fingerprint);
    est__buffer_u64le(out, seed_that_matters(d, d->seed));
    EST_TRY(d->kind->save(d, batches, out));
    return out->status == EST_OK ? EST_OK : est__fail_memory(out->size);
}

est_status est__dataset_restore(est_dataset *d, const void *state, size_t size, uint64_t seed)
{
    est__cursor in = est__cursor_of(state, size, "the saved place of the data");
    est__bytes head;
    EST_TRY(est__cursor_bytes(&in, 20, &head));
    if (est__u32le(head.p) != STATE_VERSION)
        return est__fail(EST_FAILED_PRECONDITION, "the place of the data was saved by another version");
    EST_TRY(est__dataset_start(d, seed));
    if (est__u64le(head.p + 4) != d->fingerprint)
        return est__fail(EST_FAILED_PRECONDITION,
                         "the place was saved by another input pipeline, or its files have changed");
    if (est__u64le(head.p + 12) != seed_that_matters(d, seed))
        return est__fail(EST_FAILED_PRECONDITION, "the place was saved with another random_seed");
    return d->kind->restore(d, &in);
}
