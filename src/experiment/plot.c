/* Curves of runs: the tags that are wanted, in their order, smoothed; and all of it as JSON. */
#include <math.h>
#include <stdlib.h>

#include "base/regex.h"
#include "experiment/plot.h"

/* ---- tags ---- */

static est_status no_such_tag(const est_plot *p, const char *wanted)
{
    char known[400] = "";
    size_t n = 0;
    for (size_t i = 0; i < p->count && n < sizeof known - 60; i = est__plot_tag_end(p, i)) {
        est__print(known + n, sizeof known - n, "%s%.48s", n ? ", " : "", p->series[i].shown.tag);
        n = strlen(known);
    }
    return est__fail(EST_NOT_FOUND, "no tag is '%s', nor matches it; there are %s%s", wanted, known, n < sizeof known - 60 ? "" : ", …");
}

/* Marks the series that a tag or an expression means. */
static est_status mark(const est_plot *p, const char *wanted, bool *keep)
{
    bool found = false;
    regex_t re;
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->series[i].shown.tag, wanted) == 0)
            found = keep[i] = true;
    if (found)
        return EST_OK;
    EST_TRY(est__regex_compile("tags", wanted, false, &re));
    for (size_t i = 0; i < p->count; i++)
        if (regexec(&re, p->series[i].shown.tag, 0, NULL, 0) == 0)
            found = keep[i] = true;
    regfree(&re);
    return found ? EST_OK : no_such_tag(p, wanted);
}

static void free_points(est__series *s)
{
    est__free(s->step);
    est__free(s->wall_time);
    est__free(s->value);
    est__free(s->smoothed);
}

static est_status choose(est_plot *p, est_strings tags)
{
    if (tags.count == 0)
        return EST_OK;
    bool *keep = est__calloc(p->count, sizeof *keep);
    est_status st = keep ? EST_OK : est__fail_memory(p->count);
    for (size_t i = 0; i < tags.count && st == EST_OK; i++)
        st = mark(p, tags.data[i], keep);
    size_t kept = 0;
    for (size_t i = 0; i < p->count && st == EST_OK; i++) {
        if (keep[i])
            p->series[kept++] = p->series[i];
        else
            free_points(&p->series[i]);
    }
    if (st == EST_OK)
        p->count = kept;
    est__free(keep);
    return st;
}

/* ---- order ---- */

/* The loss first, then metrics, then the learning rate, then what belongs to layers, and speed last. */
static int rank_of(const char *tag)
{
    const char *name = strncmp(tag, "epoch_", 6) == 0 || strncmp(tag, "batch_", 6) == 0 ? tag + 6 : tag;
    if (strcmp(name, "loss") == 0)
        return 0;
    if (strcmp(tag, "global_step/sec") == 0)
        return 5;
    if (strstr(tag, "learning_rate") || strcmp(tag, "lr") == 0)
        return 3;
    return strchr(tag, '/') ? 4 : strstr(tag, "loss") ? 1 : 2;
}

static int by_tag(const void *a, const void *b)
{
    const est__series *x = a, *y = b;
    int ranks = rank_of(x->shown.tag) - rank_of(y->shown.tag);
    int tags = ranks ? ranks : strcmp(x->shown.tag, y->shown.tag);
    if (tags)
        return tags;
    if (x->run != y->run)
        return x->run < y->run ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* ---- numbers ---- */

/* TensorBoard's: an exponential average without the bias towards its start at 0. What never changes is left as it is. */
static void smooth(est__series *s, double weight)
{
    double last = 0, share = 1;
    bool constant = true;
    for (size_t i = 0; i < s->count; i++)
        constant &= s->value[i] == s->value[0];
    for (size_t i = 0; i < s->count; i++) {
        s->smoothed[i] = s->value[i];
        if (constant || !isfinite(s->value[i]))
            continue;
        last = last * weight + (1 - weight) * s->value[i];
        share *= weight;
        s->smoothed[i] = last / (1 - share);
    }
}

static void number_lines(est_plot *p)
{
    size_t lines = 0;
    for (size_t i = 0; i < p->count; i++) {
        size_t k = 0;
        while (k < i && (p->series[k].run != p->series[i].run || strcmp(p->series[k].shown.phase, p->series[i].shown.phase) != 0))
            k++;
        p->series[i].line = k < i ? p->series[k].line : lines++;
    }
}

static est_status finish(est_plot *p, est_strings tags)
{
    qsort(p->series, p->count, sizeof *p->series, by_tag);
    EST_TRY(choose(p, tags));
    number_lines(p);
    double *start = est__malloc((est__map_size(p->runs) + 1) * sizeof *start);
    if (!start)
        return est__fail_memory(est__map_size(p->runs));
    for (size_t i = 0; i < est__map_size(p->runs); i++)
        start[i] = INFINITY;
    for (size_t i = 0; i < p->count; i++)
        start[p->series[i].run] = fmin(start[p->series[i].run], p->series[i].wall_time[0]);
    for (size_t i = 0; i < p->count; i++)
        p->series[i].start = start[p->series[i].run];
    est__free(start);
    for (size_t i = 0; i < p->count; i++) {
        est__series *s = &p->series[i];
        s->smoothed = est__malloc(s->count * sizeof *s->smoothed);
        if (!s->smoothed)
            return est__fail_memory(s->count * sizeof *s->smoothed);
        smooth(s, p->options.smoothing);
        s->shown.count = s->count;
        s->shown.step = s->step;
        s->shown.wall_time = s->wall_time;
        s->shown.value = s->value;
        s->shown.smoothed = s->smoothed;
    }
    return EST_OK;
}

double est__plot_x_of(const est_plot *p, const est__series *s, size_t i)
{
    switch (p->options.x) {
    case EST_PLOT_RELATIVE: return s->wall_time[i] - s->start;
    case EST_PLOT_TIME: return s->wall_time[i];
    default: return (double)s->step[i];
    }
}

double est__plot_y_of(const est_plot *p, const est__series *s, size_t i)
{
    double v = s->smoothed[i];
    if (p->options.log_scale)
        v = v > 0 ? log10(v) : (double)NAN;
    return isfinite(v) ? v : (double)NAN;
}

size_t est__plot_tag_end(const est_plot *p, size_t i)
{
    size_t end = i;
    while (end < p->count && strcmp(p->series[end].shown.tag, p->series[i].shown.tag) == 0)
        end++;
    return end;
}

/* Of several runs what their paths have in common, up to a slash, is left out. */
static size_t common_prefix(const est_plot *p)
{
    const char *first = p->series[0].shown.run;
    size_t n = strlen(first), slash = 0;
    for (size_t i = 1; i < p->count; i++) {
        size_t k = 0;
        while (k < n && p->series[i].shown.run[k] == first[k])
            k++;
        n = k;
    }
    for (size_t k = 0; k < n; k++)
        slash = first[k] == '/' ? k + 1 : slash;
    return slash;
}

void est__plot_name(const est_plot *p, const est__series *s, est__buffer *b)
{
    bool several = false;
    for (size_t i = 1; i < p->count; i++)
        several |= p->series[i].run != p->series[0].run;
    if (several)
        est__buffer_printf(b, "%s ", s->shown.run + common_prefix(p));
    est__buffer_text(b, s->shown.phase);
}

/* ---- JSON ---- */

static void put_number(est__buffer *b, double v)
{
    char text[32];
    if ((double)(float)v == v)
        est__format_float(text, (float)v);
    else
        est__format_double(text, v);
    est__buffer_text(b, isnan(v) ? "NaN" : isinf(v) ? v > 0 ? "Infinity" : "-Infinity" : text);
}

static void put_list(est__buffer *b, const char *name, const double *value, const size_t *point, size_t n)
{
    est__buffer_printf(b, ", \"%s\": [", name);
    for (size_t i = 0; i < n; i++) {
        est__buffer_text(b, i ? ", " : "");
        put_number(b, value[point ? point[i] : i]);
    }
    est__buffer_text(b, "]");
}

void est__plot_json_series(const est_plot *p, const est_plot_series *s, const size_t *point, size_t n, est__buffer *b)
{
    est__buffer_text(b, "{\"tag\": ");
    est__buffer_json_string(b, s->tag, strlen(s->tag));
    est__buffer_text(b, ", \"run\": ");
    est__buffer_json_string(b, s->run, strlen(s->run));
    est__buffer_text(b, ", \"phase\": ");
    est__buffer_json_string(b, s->phase, strlen(s->phase));
    est__buffer_text(b, ", \"step\": [");
    for (size_t i = 0; i < n; i++)
        est__buffer_printf(b, "%s%lld", i ? ", " : "", (long long)s->step[point ? point[i] : i]);
    est__buffer_text(b, "]");
    put_list(b, "wall_time", s->wall_time, point, n);
    put_list(b, "value", s->value, point, n);
    if (p->options.smoothing > 0 && !point)
        put_list(b, "smoothed", s->smoothed, NULL, n);
    est__buffer_text(b, "}");
}

static void put_json(const est_plot *p, est__buffer *b)
{
    est__buffer_text(b, "{\"series\": [");
    for (size_t i = 0; i < p->count; i++) {
        est__buffer_text(b, i ? ",\n" : "\n");
        est__plot_json_series(p, &p->series[i].shown, NULL, p->series[i].count, b);
    }
    est__buffer_text(b, "]}\n");
}

/* ---- the calls ---- */

static est_status set_options(est_plot_options *o)
{
    o->width = o->width ? o->width : 80;
    o->height = o->height ? o->height : 12;
    if (!(o->smoothing >= 0 && o->smoothing < 1))
        return est__fail(EST_INVALID_ARGUMENT, "smoothing is %g; it must be from 0 to below 1", o->smoothing);
    if (o->width < 24 || o->width > 1000)
        return est__fail(EST_INVALID_ARGUMENT, "width is %lld; it must be from 24 to 1000", (long long)o->width);
    if (o->height < 3 || o->height > 500)
        return est__fail(EST_INVALID_ARGUMENT, "height is %lld; it must be from 3 to 500", (long long)o->height);
    if (o->x < EST_PLOT_STEP || o->x > EST_PLOT_TIME)
        return est__fail(EST_INVALID_ARGUMENT, "there is no axis %d", (int)o->x);
    return EST_OK;
}

est_status est_plot_new_sized(est_strings paths, const est_plot_options *options, size_t size, est_plot **out)
{
    est_plot *p = *out = est__calloc(1, sizeof *p);
    if (!p)
        return est__fail_memory(sizeof *p);
    if (options)
        memcpy(&p->options, options, size < sizeof p->options ? size : sizeof p->options);
    est_strings tags = p->options.tags;
    p->options.tags = (est_strings){ 0 };
    p->by_key = est__map_new();
    p->runs = est__map_new();
    est_status st = p->by_key && p->runs ? set_options(&p->options) : est__fail_memory(sizeof *p);
    if (st == EST_OK)
        st = est__plot_read(p, paths);
    if (st == EST_OK)
        st = finish(p, tags);
    if (st != EST_OK) {
        est_plot_free(p);
        *out = NULL;
    }
    return st;
}

void est_plot_free(est_plot *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++)
        free_points(&p->series[i]);
    est__free(p->series);
    est__map_free(p->by_key);
    est__map_free(p->runs);
    est__arena_free(&p->names);
    est__free(p);
}

size_t est_plot_count(const est_plot *p)
{
    return p->count;
}

const est_plot_series *est_plot_at(const est_plot *p, size_t index)
{
    return index < p->count ? &p->series[index].shown : NULL;
}

est_status est_plot_text(const est_plot *p, est_plot_form form, char **text)
{
    est__buffer b = { 0 };
    est_status st = EST_OK;
    switch (form) {
    case EST_PLOT_PICTURE: st = est__plot_picture(p, &b); break;
    case EST_PLOT_JSON: put_json(p, &b); break;
    case EST_PLOT_HTML: st = est__plot_html(p, &b); break;
    default: st = est__fail(EST_INVALID_ARGUMENT, "there is no form %d of a plot", (int)form);
    }
    return est__buffer_give(&b, st, text);
}
