/* Histograms over TensorFlow's default buckets. */
#include <float.h>
#include <math.h>

#include "formats/event.h"
#include "tensor/tensor.h"

/* The positive limits: from 1e-12 by tenths up to 1e20, then DBL_MAX. Negative ones mirror them, 0 lies
 * between. */
enum { POSITIVE = 775, LIMITS = 2 * POSITIVE + 1 };

static void fill_limits(double limits[LIMITS])
{
    double v = 1.0e-12;
    for (int i = 0; i < POSITIVE; i++, v *= 1.1) {
        double limit = i == POSITIVE - 1 ? DBL_MAX : v;
        limits[POSITIVE + 1 + i] = limit;
        limits[POSITIVE - 1 - i] = -limit;
    }
    limits[POSITIVE] = 0;
}

/* The first bucket whose limit is greater. */
static size_t bucket_of(const double limits[LIMITS], double v)
{
    size_t low = 0, high = LIMITS - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (limits[middle] > v)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static est_status count_values(const est_tensor *values, const double limits[LIMITS], double counts[LIMITS],
                               est__histogram *h)
{
    int64_t n = est__tensor_elements(values);
    h->min = DBL_MAX;
    h->max = -DBL_MAX;
    for (int64_t i = 0; i < n; i++) {
        double v = est__tensor_get(values, i);
        if (!isfinite(v))
            return est__fail(EST_INVALID_ARGUMENT, "element %lld is %s: a histogram takes finite numbers",
                             (long long)i, isnan(v) ? "NaN" : "infinite");
        counts[bucket_of(limits, v)] += 1;
        h->min = v < h->min ? v : h->min;
        h->max = v > h->max ? v : h->max;
        h->num += 1;
        h->sum += v;
        h->sum_squares += v * v;
    }
    return EST_OK;
}

est_status est__histogram_of(const est_tensor *values, est__histogram *out)
{
    *out = (est__histogram){ 0 };
    double *limits = out->limits = est__malloc(LIMITS * sizeof *limits);
    double *counts = out->counts = est__calloc(LIMITS, sizeof *counts);
    if (!limits || !counts)
        return est__fail_memory(LIMITS * sizeof *limits);
    if (values->dtype == EST_STRING || !est_dtype_size(values->dtype))
        return est__fail(EST_INVALID_ARGUMENT, "a histogram takes numbers, not %s",
                         est_dtype_name(values->dtype));
    fill_limits(limits);
    EST_TRY(count_values(values, limits, counts, out));
    for (size_t i = 0; i < LIMITS; out->count++) {
        double limit = limits[i], count = counts[i];
        for (i++; count == 0 && i < LIMITS && counts[i] == 0; i++)
            limit = limits[i];
        limits[out->count] = limit;
        counts[out->count] = count;
    }
    return EST_OK;
}

void est__histogram_free(est__histogram *h)
{
    est__free(h->limits);
    est__free(h->counts);
    *h = (est__histogram){ 0 };
}
