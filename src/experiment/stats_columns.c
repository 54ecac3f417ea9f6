/* A column of statistics: what is gathered of each value, and what is made of it at the end: which text stood
 * for a missing value, and which columns are numbers. */
#include <math.h>

#include "experiment/stats.h"

enum { COLUMN_LIMIT = 100000, VALUES_LIMIT = 16384, QUANTILES_LIMIT = 16384, BYTES_OF_VALUE = 128 };

/* ---- gathering ---- */

static size_t limited(int64_t v, int64_t least, int64_t most)
{
    return (size_t)(v < least ? least : v > most ? most : v);
}

est_status est__stats_add_column(est_stats *s, const char *name, est_dtype given, size_t expected)
{
    if (s->count == COLUMN_LIMIT)
        return est__fail(EST_INVALID_ARGUMENT, "%s: more than %d columns",
                         s->source ? s->source : "the dataset", COLUMN_LIMIT);
    EST_TRY(est__grow(&s->columns, &s->capacity, s->count + 1, sizeof *s->columns));
    int64_t each = s->budget / (int64_t)(expected ? expected : 1);
    est__stats_column *c = &s->columns[s->count];
    *c = (est__stats_column){ .given = given };
    c->values.limit = limited(each / 4 * 3 / BYTES_OF_VALUE, 64, VALUES_LIMIT);
    c->quantiles.exact = limited(each / 4 / (int64_t)sizeof(double) / 2, 256, QUANTILES_LIMIT);
    c->shown.name = est__arena_strdup(&s->arena, name);
    if (!c->shown.name)
        return est__fail_memory(strlen(name));
    s->count++;
    return est__map_put(s->by_name, name, strlen(name), (void *)(uintptr_t)s->count);
}

/* Welford 1962: mean and squares in one pass. */
static est_status add_number(est__stats_column *c, double v)
{
    if (isinf(v)) {
        c->infinities++;
        return EST_OK;
    }
    double away = v - c->mean;
    if (!c->numbers || v < c->least)
        c->least = v;
    if (!c->numbers || v > c->most)
        c->most = v;
    c->numbers++;
    c->zeros += v == 0;
    c->mean += away / (double)c->numbers;
    c->squares += away * (v - c->mean);
    return est__quantiles_add(&c->quantiles, v);
}

static int mark_of(const est_stats *s, const char *text, size_t n)
{
    for (int m = 0; m < s->mark_count; m++)
        if (s->marks[m][0] == text[0] && strlen(s->marks[m]) == n && !memcmp(s->marks[m], text, n))
            return m;
    return -1;
}

static est_status add_text(const est_stats *s, est__stats_column *c, const char *text, size_t n)
{
    int64_t whole;
    double v;
    if (!n) {
        c->empty++;
        return EST_OK;
    }
    int mark = mark_of(s, text, n);
    if (mark >= 0) {
        c->marks[mark]++;
        return est__value_counts_add(&c->values, text, n);
    }
    if (!c->texts || (int64_t)n < c->min_length)
        c->min_length = (int64_t)n;
    if ((int64_t)n > c->max_length)
        c->max_length = (int64_t)n;
    c->texts++;
    c->bytes += (int64_t)n;
    if (est__parse_int64(text, n, &whole)) {
        c->integers++;
        EST_TRY(add_number(c, (double)whole));
    } else if (est__parse_double(text, n, &v) && !isnan(v)) {
        EST_TRY(add_number(c, v));
    } else {
        c->words++;
    }
    return est__value_counts_add(&c->values, text, n);
}

static est_status add_float(est__stats_column *c, double v, bool is_float)
{
    char text[32];
    if (isnan(v)) {
        c->nans++;
        return EST_OK;
    }
    int n = is_float ? est__format_float(text, (float)v) : est__format_double(text, v);
    EST_TRY(add_number(c, v));
    return est__value_counts_add(&c->values, text, (size_t)n);
}

static est_status add_int(est__stats_column *c, int64_t v)
{
    char text[32];
    int n = est__print(text, sizeof text, "%lld", (long long)v);
    EST_TRY(add_number(c, (double)v));
    return est__value_counts_add(&c->values, text, (size_t)n);
}

est_status est__stats_add_element(const est_stats *s, est__stats_column *c, const est_tensor *t, int64_t i)
{
    size_t n;
    const char *text;
    switch ((int)t->dtype) {
    case EST_STRING:
        text = est_tensor_string(t, i, &n);
        return add_text(s, c, text, n);
    case EST_FLOAT: return add_float(c, (double)((const float *)t->data)[i], true);
    case EST_DOUBLE: return add_float(c, ((const double *)t->data)[i], false);
    case EST_INT64: return add_int(c, ((const int64_t *)t->data)[i]);
    case EST_INT32: return add_int(c, ((const int32_t *)t->data)[i]);
    case EST_INT16: return add_int(c, ((const int16_t *)t->data)[i]);
    case EST_INT8: return add_int(c, ((const int8_t *)t->data)[i]);
    case EST_UINT8: return add_int(c, ((const uint8_t *)t->data)[i]);
    case EST_BOOL: return add_int(c, ((const bool *)t->data)[i]);
    default:
        return est__fail(EST_UNIMPLEMENTED,
                         "column '%s' is %s: statistics are of float32, float64, integers, bool and string",
                         c->shown.name, est_dtype_name(t->dtype));
    }
}

/* ---- the end ---- */

/* The mark of a missing value that comes most often. */
static int choose_mark(est_stats *s)
{
    int best = -1;
    int64_t most = 0;
    for (int m = 0; m < s->mark_count; m++) {
        int64_t sum = 0;
        for (size_t i = 0; i < s->count; i++)
            sum += s->columns[i].marks[m];
        if (sum > most) {
            most = sum;
            best = m;
        }
    }
    s->na_value = s->mark_given ? s->mark_given : best >= 0 ? s->marks[best] : "";
    return best;
}

/* Marks that are no missing values here are words like any other. */
static void count_other_marks(const est_stats *s, est__stats_column *c, int mark)
{
    for (int m = 0; m < s->mark_count; m++) {
        int64_t n = (int64_t)strlen(s->marks[m]);
        if (m == mark || !c->marks[m])
            continue;
        if (!c->texts || n < c->min_length)
            c->min_length = n;
        if (n > c->max_length)
            c->max_length = n;
        c->words += c->marks[m];
        c->texts += c->marks[m];
        c->bytes += n * c->marks[m];
    }
}

static est_dtype type_of(const est__stats_column *c, int64_t count)
{
    if (!count)
        return EST_INVALID;
    if (c->given != EST_STRING)
        return c->given == EST_FLOAT || c->given == EST_DOUBLE ? EST_FLOAT : EST_INT64;
    if (c->words)
        return EST_STRING;
    return c->integers == count ? EST_INT64 : EST_FLOAT;
}

static est_status list_values(est_stats *s, est__stats_column *c, const char *missing)
{
    const est__value **sorted;
    EST_TRY(est__value_counts_sorted(&c->values, &sorted));
    est_value_count *top = est__arena_alloc(&s->arena, (c->values.count + 1) * sizeof *top);
    for (size_t i = 0; top && i < c->values.count; i++)
        if (!missing || strcmp(sorted[i]->text, missing))
            top[c->shown.top_count++] = (est_value_count){ sorted[i]->text, sorted[i]->length,
                                                           sorted[i]->count };
    est__free(sorted);
    c->shown.top = top;
    c->shown.top_error = c->values.error;
    return top ? EST_OK : est__fail_memory(c->values.count * sizeof *top);
}

/* As long as all values were counted, quantiles are exact by their counts. */
static est_status ranks_by_values(est__stats_column *c)
{
    size_t count = 0;
    est__weighted *items = est__malloc(((size_t)c->shown.top_count + 1) * sizeof *items);
    if (!items)
        return est__fail_memory((size_t)c->shown.top_count * sizeof *items);
    for (int64_t i = 0; i < c->shown.top_count; i++) {
        const est_value_count *v = &c->shown.top[i];
        if (est__parse_double(v->text, v->length, &items[count].value) && isfinite(items[count].value))
            items[count++].weight = v->count;
    }
    est_status st = est__ranks_of(items, count, &c->ranks);
    est__free(items);
    return st;
}

static est_status finish_column(est_stats *s, est__stats_column *c, int mark)
{
    est_column_stats *o = &c->shown;
    int64_t na = mark >= 0 ? c->marks[mark] : 0;
    count_other_marks(s, c, mark);
    o->count = c->given == EST_STRING ? c->texts : c->numbers + c->infinities;
    o->marked = na;
    o->missing = s->rows - c->rows + c->empty + c->nans + na;
    o->distinct = est__value_counts_distinct(&c->values, &o->distinct_is_estimate) - (na > 0);
    if (o->distinct > o->count)
        o->distinct = o->count;
    o->dtype = type_of(c, o->count);
    EST_TRY(list_values(s, c, na ? s->marks[mark] : NULL));
    o->min = o->mean = o->max = o->std = NAN;
    if (o->dtype == EST_STRING) {
        o->min_length = c->min_length;
        o->max_length = c->max_length;
        o->mean_length = (double)c->bytes / (double)c->texts;
        est__quantiles_free(&c->quantiles);
        return EST_OK;
    }
    if (c->numbers) {
        o->min = c->least;
        o->mean = c->mean;
        o->max = c->most;
        o->std = sqrt(c->squares / (double)c->numbers);
    }
    o->zeros = c->zeros;
    o->infinities = c->infinities;
    o->quantiles_are_estimates = c->quantiles.estimated && o->distinct_is_estimate;
    est_status st = o->distinct_is_estimate ? est__quantiles_ranks(&c->quantiles, &c->ranks)
                                            : ranks_by_values(c);
    est__quantiles_free(&c->quantiles);
    return st;
}

est_status est__stats_finish(est_stats *s)
{
    int mark = choose_mark(s);
    for (size_t i = 0; i < s->count; i++)
        EST_TRY(finish_column(s, &s->columns[i], mark));
    return EST_OK;
}
