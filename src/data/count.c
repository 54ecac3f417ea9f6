/* How many batches a pass over a dataset gives. */
#include "data/source.h"

bool est__dataset_endless(const est_dataset *d)
{
    return d->endless || d->epochs == EST_OFF;
}

static est_status read_all(est_dataset *d, est_batch *b, const atomic_bool *stop, int64_t *out)
{
    est_status st = EST_OK;
    for (*out = -1; st == EST_OK; ++*out)
        st = atomic_load_explicit(stop, memory_order_relaxed) ? est__fail(EST_CANCELLED, "stopped while batches were counted")
                                                              : est__dataset_read(d, b);
    return st == EST_OUT_OF_RANGE ? EST_OK : st;
}

est_status est__dataset_count(est_dataset *d, const atomic_bool *stop, int64_t *out)
{
    est_batch *b;
    int64_t rows;
    *out = 0;
    EST_TRY(est__dataset_start(d, 0));
    if (est__dataset_endless(d))
        return est__fail(EST_INVALID_ARGUMENT, "the data repeat for ever");
    if (d->rows.in.whole && !__builtin_mul_overflow(d->rows.in.end, d->epochs, &rows)) {
        *out = rows / d->batch_size + (rows % d->batch_size != 0 && !d->drop_remainder);
        return EST_OK;
    }
    EST_TRY(est__batch_new(d, &b));
    est_status st = read_all(d, b, stop, out);
    est__batch_free(b);
    return st;
}
