/* Metrics of evaluations, read back. */
#include "train/eval_metrics.h"

#include <stdlib.h>

#include "formats/event.h"

static est_status add(void *user, const est__event_scalar *s)
{
    est__eval_metrics *m = user;
    EST_TRY(est__grow(&m->metric, &m->capacity, m->count + 1, sizeof *m->metric));
    char *tag = est__strdup(s->tag);
    if (tag == NULL)
        return est__fail_memory(strlen(s->tag));
    m->metric[m->count] = (est__eval_metric){ s->step, m->count, tag, (double)s->value, s->wall_time };
    m->count++;
    return EST_OK;
}

static int by_step(const void *a, const void *b)
{
    const est__eval_metric *x = a, *y = b;
    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    int tags = strcmp(x->tag, y->tag);
    return tags ? tags : x->order < y->order ? -1 : x->order > y->order;
}

/* Of two of one step and tag the later one. */
static void thin_out(est__eval_metrics *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (n && m->metric[n - 1].step == m->metric[i].step && strcmp(m->metric[n - 1].tag, m->metric[i].tag) == 0)
            est__free(m->metric[--n].tag);
        m->metric[n++] = m->metric[i];
    }
    m->count = n;
}

est_status est__eval_metrics_read(const char *dir, est__eval_metrics *out)
{
    *out = (est__eval_metrics){ 0 };
    est_status st = est__event_walk(dir, add, out);
    if (out->count)
        qsort(out->metric, out->count, sizeof *out->metric, by_step);
    thin_out(out);
    return st == EST_NOT_FOUND ? EST_OK : st;
}

size_t est__eval_metrics_end(const est__eval_metrics *m, size_t i)
{
    size_t end = i;
    while (end < m->count && m->metric[end].step == m->metric[i].step)
        end++;
    return end;
}

void est__eval_metrics_free(est__eval_metrics *m)
{
    for (size_t i = 0; i < m->count; i++)
        est__free(m->metric[i].tag);
    est__free(m->metric);
    *m = (est__eval_metrics){ 0 };
}
