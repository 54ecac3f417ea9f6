/* Metrics of evaluations, read back. */
#include "train/eval_metrics.h"

#include <stdlib.h>

#include "formats/event.h"

static est_status add(est__eval_metrics *m, const est__event_scalar *s)
{
    EST_TRY(est__grow(&m->metric, &m->capacity, m->count + 1, sizeof *m->metric));
    char *tag = est__strdup(s->tag);
    if (tag == NULL)
        return est__fail_memory(strlen(s->tag));
    m->metric[m->count] = (est__eval_metric){ s->step, m->count, tag, (double)s->value, s->wall_time };
    m->count++;
    return EST_OK;
}

static est_status read_file(est__eval_metrics *m, const char *path)
{
    est__event_reader *r;
    est__event_scalar s;
    EST_TRY(est__event_open(path, &r));
    est_status st = EST_OK;
    while (st == EST_OK && (st = est__event_next_scalar(r, &s)) == EST_OK)
        st = add(m, &s);
    est__event_close(r);
    if (st == EST_DATA_LOSS)
        est__log(EST_LOG_WARNING, "%s; the rest of that file is passed over", est_error());
    return st == EST_OUT_OF_RANGE || st == EST_DATA_LOSS || st == EST_NOT_FOUND ? EST_OK : st;
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
    est__names files;
    *out = (est__eval_metrics){ 0 };
    est_status st = est__list_dir(dir, &files);
    if (st != EST_OK)
        return st == EST_NOT_FOUND ? EST_OK : st;
    for (size_t i = 0; i < files.count && st == EST_OK; i++) {
        char *path = strstr(files.name[i], ".tfevents.") ? est__path_join(dir, files.name[i]) : NULL;
        if (path)
            st = read_file(out, path);
        est__free(path);
    }
    est__names_free(&files);
    if (out->count)
        qsort(out->metric, out->count, sizeof *out->metric, by_step);
    thin_out(out);
    return st;
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
