/* Calibration in the graph: the logits that probabilities come from. */
#include <math.h>

#include <estimator/ops.h>

#include "heads/head.h"

enum { EDGE = 1000000 };          /* probabilities are at least 1 / EDGE away from 0 and 1 */

static est_status check_isotonic(const est_head *h, est_floats x, est_floats p)
{
    if (x.count != p.count)
        return est__head_fail(h, "isotonic_logits has %zu numbers, isotonic_probabilities %zu; they are the points of one curve", x.count,
                              p.count);
    for (size_t i = 0; i < x.count; i++)
        if (!isfinite(x.data[i]) || (i && !((float)x.data[i] > (float)x.data[i - 1])))
            return est__head_fail(h, "isotonic_logits[%zu] must be a finite number above the one before it", i);
    for (size_t i = 0; i < p.count; i++)
        if (!(p.data[i] >= (i ? p.data[i - 1] : 0) && p.data[i] <= 1))
            return est__head_fail(h, "isotonic_probabilities[%zu] must be a number up to 1, and not below the one before it", i);
    return EST_OK;
}

est_status est__head_check_calibration(const est_head *h)
{
    const est_calibration *c = &h->options.calibration;
    int given = (c->temperature > 0) + (c->platt.count > 0) + (c->isotonic_logits.count + c->isotonic_probabilities.count > 0);
    if (given > 1)
        return est__head_fail(h, "temperature, platt and isotonic_logits are calibrations, of which it takes one");
    if (!isfinite(c->temperature))
        return est__head_fail(h, "temperature must be finite");
    if (c->platt.count && (c->platt.count != 2 || !isfinite(c->platt.data[0]) || !isfinite(c->platt.data[1])))
        return est__head_fail(h, "platt must be two finite numbers, [scale, offset]");
    return check_isotonic(h, c->isotonic_logits, c->isotonic_probabilities);
}

/* Of each piece between the points, and of those beyond both ends: where its line begins, at which probability, and how it rises. */
static est_node *lines(est_graph *g, est_node *x, est_floats at, est_floats p, double *room)
{
    size_t n = at.count;
    double *begin = room, *value = room + n + 1, *slope = value + n + 1;
    for (size_t i = 0; i <= n; i++) {
        size_t from = i ? i - 1 : 0;
        begin[i] = at.data[from];
        value[i] = p.data[from];
        slope[i] = i && i < n ? (p.data[i] - p.data[i - 1]) / ((double)(float)at.data[i] - (double)(float)at.data[i - 1]) : 0;
    }
    est_node *piece = est_bucketize(g, x, at), *of_piece[3];
    for (int i = 0; i < 3; i++)
        of_piece[i] = est_gather(g, est__constant_floats(g, (est_floats){ room + (size_t)i * (n + 1), n + 1 }), piece, 0);
    return est_add(g, of_piece[1], est_mul(g, est_sub(g, x, of_piece[0]), of_piece[2]));
}

/* The logit of the probability. */
static est_node *isotonic(est_graph *g, est_node *x, est_floats at, est_floats p)
{
    double *room = est__calloc(3 * (at.count + 1), sizeof *room);
    if (room == NULL)
        return est__spoil(g, est__fail_memory(at.count * sizeof *room));
    est_node *y = lines(g, x, at, p, room);
    est__free(room);
    y = est_minimum(g, est_maximum(g, y, est_constant_float(g, 1.0 / EDGE)), est_constant_float(g, 1 - 1.0 / EDGE));
    return est_sub(g, est_log(g, y), est_log(g, est_sub(g, est_constant_float(g, 1), y)));
}

est_node *est__head_calibrated(est__head_run *r)
{
    est_graph *g = r->g;
    const est_calibration *c = &r->head->options.calibration;
    if (c->temperature > 0)
        return est_div(g, r->logits, est_constant_float(g, c->temperature));
    if (c->platt.count)
        return est_add(g, est_mul(g, r->logits, est_constant_float(g, c->platt.data[0])), est_constant_float(g, c->platt.data[1]));
    return c->isotonic_logits.count ? isotonic(g, r->logits, c->isotonic_logits, c->isotonic_probabilities) : r->logits;
}
