/* Datasets made of several: the checks of the inputs, which it owns from the start, and an input's own epochs. */
#include "data/stages.h"

static est_status check_input(const char *name, est_dataset *const *datasets, size_t i)
{
    const est_dataset *d = datasets[i];
    if (!d)
        return est__fail(EST_INVALID_ARGUMENT, "%s: datasets[%zu] is NULL", name, i);
    for (size_t k = 0; k < i; k++)
        if (datasets[k] == d)
            return est__fail(EST_INVALID_ARGUMENT, "%s: datasets[%zu] is datasets[%zu] again; each input must be one of its own",
                             name, i, k);
    if (d->error.status != EST_OK)
        return est__fail_in(est__error_give(&d->error), "%s: datasets[%zu]", name, i);
    if (d->started)
        return est__fail(EST_FAILED_PRECONDITION, "%s: datasets[%zu] is being read already", name, i);
    if (!d->kind->rows || est__dataset_batched(d))
        return est__fail(EST_INVALID_ARGUMENT, "%s: datasets[%zu] gives batches; join rows, and batch what comes of it", name, i);
    if (d->buffer_size)
        return est__fail(EST_INVALID_ARGUMENT, "%s: datasets[%zu] is shuffled; join rows, and shuffle what comes of it", name, i);
    return EST_OK;
}

static void free_inputs(est_dataset *const *datasets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < i && datasets[k] != datasets[i])
            k++;
        if (k == i)
            est_dataset_free(datasets[i]);
    }
}

static est_status check_inputs(const char *name, est_dataset *const *datasets, size_t count)
{
    if (!count || count > INT32_MAX)
        return est__fail(EST_INVALID_ARGUMENT, "%s: a dataset is needed", name);
    for (size_t i = 0; i < count; i++)
        EST_TRY(check_input(name, datasets, i));
    return EST_OK;
}

est_status est__combine_new(const char *name, est_dataset *const *datasets, size_t count, size_t size, const est__rows_kind *kind,
                            void *out)
{
    est_status st = datasets ? check_inputs(name, datasets, count) : est__fail(EST_INVALID_ARGUMENT, "%s: datasets is NULL", name);
    est__stage *s = NULL;
    *(void **)out = NULL;
    if (st == EST_OK)
        st = est__stage_new(size, (int)count, kind, &s);
    if (st != EST_OK) {
        free_inputs(datasets, datasets ? count : 0);
        return st;
    }
    for (size_t i = 0; i < count; i++)
        s->from[i] = datasets[i];
    *(void **)out = s;
    for (size_t i = 0; i < count; i++) {
        est__stage_repeat(s->from[i]);
        if (st == EST_OK && s->from[i]->error.status != EST_OK)
            st = est__error_give(&s->from[i]->error);
    }
    return st;
}

est_status est__combine_finish(est_status st, est_features_spec features, int label, const est__source_kind *kind, void *stage,
                               est_dataset **out)
{
    est__stage *s = stage;
    *out = NULL;
    if (st != EST_OK) {
        kind->free(s);
        return st;
    }
    EST_TRY(est__dataset_new(features, label, kind, s, out));
    s->features = est_dataset_features(*out);
    st = est__table_init(&s->own, s->features);
    if (st != EST_OK) {
        est_dataset_free(*out);
        *out = NULL;
    }
    return st;
}

est_status est__combine_alike(const char *name, const est__stage *s)
{
    const est_dataset *a = s->from[0];
    for (int i = 1; i < s->count; i++) {
        const est_dataset *b = s->from[i];
        if (a->features != b->features)
            return est__fail(EST_INVALID_ARGUMENT, "%s: datasets[%d] has %d features, datasets[0] has %d", name, i, b->features,
                             a->features);
        for (int k = 0; k < a->features; k++) {
            const est_feature *f = &a->feature[k], *g = &b->feature[k];
            if (strcmp(f->name, g->name) != 0 || f->dtype != g->dtype)
                return est__fail(EST_INVALID_ARGUMENT, "%s: feature %d of datasets[%d] is '%s' of %s, of datasets[0] '%s' of %s",
                                 name, k, i, g->name, est_dtype_name(g->dtype), f->name, est_dtype_name(f->dtype));
            if (f->variable_length != g->variable_length || (!f->variable_length && !est_shape_equal(&f->shape, &g->shape)))
                return est__fail(EST_INVALID_ARGUMENT, "%s: feature '%s' has one shape in datasets[%d] and another in datasets[0]",
                                 name, f->name, i);
        }
        if (a->label != b->label)
            return est__fail(EST_INVALID_ARGUMENT, "%s: datasets[%d] has another label than datasets[0]", name, i);
    }
    return EST_OK;
}
