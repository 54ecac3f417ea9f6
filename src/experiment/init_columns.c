/* Columns that a practitioner would pick, out of statistics: vocabularies for texts of few values and hash
 * buckets for those of many; numbers normalized, and cut at quantiles. What cannot be learnt from is left
 * out, with a comment that says why. */
#include <ctype.h>
#include <math.h>

#include "experiment/config.h"
#include "experiment/init.h"

enum { LEAST_FOR_IDENTIFIER = 20, ROWS_OF_A_BIN = 50, LEAST_BINS = 4, MOST_BUCKETS = 65536, LONGEST_IN_A_LIST = 200 };

void est__init_put_number(est__buffer *b, double v)
{
    char text[32];
    est__buffer_bytes(b, text, (size_t)est__format_float(text, (float)v));
}

/* TensorFlow names variables after the column, so the name must be one of its scopes. */
static bool is_scope_name(const char *s)
{
    if (!isalnum((unsigned char)*s) && *s != '.')
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("_.\\-/", *s))
            return false;
    return true;
}

static void put_left_out(est__buffer *b, const char *name, const char *why)
{
    est__buffer_text(b, "      # left out: ");
    est__buffer_json_string(b, name, strlen(name)); /* on one line, whatever is in it */
    est__buffer_printf(b, ", %s\n", why);
}

/* ---- texts ---- */

/* A mark of a missing value that the configuration does not name is a value like any other. */
static int64_t values_of(const est__init *in, const est_column_stats *c)
{
    return c->distinct + (c->marked && !in->na_value);
}

void est__init_put_values(est__buffer *b, const est__init *in, const est_column_stats *c)
{
    est__buffer_text(b, "[");
    for (int64_t i = 0; i < c->top_count; i++) {
        est__buffer_text(b, i ? ", " : "");
        est__yaml_quote(b, c->top[i].text);
    }
    if (c->marked && !in->na_value) {
        est__buffer_text(b, c->top_count ? ", " : "");
        est__yaml_quote(b, est_stats_na_value(in->stats));
    }
    est__buffer_text(b, "]");
}

static bool is_utf8(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + n;
    while (p < end) {
        int more = *p < 0x80 ? 0 : *p >= 0xc2 && *p < 0xe0 ? 1 : *p >= 0xe0 && *p < 0xf0 ? 2 : *p >= 0xf0 && *p < 0xf5 ? 3 : -1;
        if (more < 0 || end - p <= more)
            return false;
        for (p++; more; more--, p++)
            if ((*p & 0xc0) != 0x80)
                return false;
    }
    return true;
}

/* YAML is UTF-8, and statistics keep the beginning of a long text alone. */
bool est__init_fits_a_list(const est_column_stats *c)
{
    for (int64_t i = 0; i < c->top_count; i++)
        if (!is_utf8(c->top[i].text, c->top[i].length))
            return false;
    return !c->distinct_is_estimate && c->max_length <= LONGEST_IN_A_LIST;
}

static bool put_text(est__buffer *b, const est__init *in, const est_column_stats *c)
{
    int64_t values = values_of(in, c);
    if (values <= EST__INIT_VOCABULARY && est__init_fits_a_list(c)) {
        est__buffer_text(b, "      - categorical_column_with_vocabulary_list: {key: ");
        est__yaml_quote(b, c->name);
        est__buffer_text(b, ", vocabulary_list: ");
        est__init_put_values(b, in, c);
        est__buffer_text(b, "}\n");
        return true;
    }
    if ((double)c->distinct > 0.95 * (double)c->count && c->count >= LEAST_FOR_IDENTIFIER) {
        put_left_out(b, c->name,
                     c->distinct == c->count ? "another text in every row"
                                             : "another text in nearly every row");
        return false;
    }
    int64_t buckets = 128;
    while (buckets < MOST_BUCKETS && buckets < 2 * values)
        buckets *= 2;
    est__buffer_text(b, "      - categorical_column_with_hash_bucket: {key: ");
    est__yaml_quote(b, c->name);
    est__buffer_printf(b, ", hash_bucket_size: %lld}\n", (long long)buckets);
    return true;
}

/* ---- numbers ---- */

/* The smallest number above v; v itself: there is none. */
static double after(const est__init *in, int64_t index, int64_t count, double v)
{
    int64_t rank = est_stats_less(in->stats, index, nextafter(v, INFINITY));
    return rank >= count ? v : est_stats_quantile(in->stats, index, (double)rank / (double)(count - 1));
}

int est__init_boundaries(const est__init *in, int64_t index, double out[EST__INIT_BINS])
{
    const est_column_stats *c = est_stats_column(in->stats, index);
    int64_t count = c->count - c->infinities, below = 0;
    double least = fmin(ROWS_OF_A_BIN, (double)count / LEAST_BINS);
    int bins = (int)fmin(EST__INIT_BINS, (double)count / least), n = 0;
    for (int left = bins; left > 1 && (double)(count - below) >= 1.5 * least; left--) {
        double size = floor(fmax((double)(count - below) / left, least));
        double cut = (double)(float)est_stats_quantile(in->stats, index,
                                                       ((double)below + size) / (double)(count - 1));
        if (est_stats_less(in->stats, index, cut) <= below || (n && cut <= out[n - 1]))
            cut = (double)(float)after(in, index, count, n && cut < out[n - 1] ? out[n - 1] : cut);
        if (cut > c->max || (n && cut <= out[n - 1]) || cut <= c->min)
            break;
        out[n++] = cut;
        below = est_stats_less(in->stats, index, cut);
    }
    return n;
}

/* The upper half reaches much further than the lower one. */
static bool has_heavy_tail(const est__init *in, int64_t index)
{
    const est_column_stats *c = est_stats_column(in->stats, index);
    double low = est_stats_quantile(in->stats, index, 0.01),
           middle = est_stats_quantile(in->stats, index, 0.5);
    double high = est_stats_quantile(in->stats, index, 0.99);
    return c->min >= 0 && high > 10 && high - middle > 4 * (middle - low);
}

static void put_source(est__buffer *b, const est_column_stats *c, double missing)
{
    est__buffer_text(b, "numeric_column: {key: ");
    est__yaml_quote(b, c->name);
    est__buffer_text(b, ", default_value: ");
    est__init_put_number(b, missing);
}

/* An absent number becomes one in the middle. */
static double default_of(const est__init *in, int64_t index)
{
    return has_heavy_tail(in, index) ? est_stats_quantile(in->stats, index, 0.5)
                                     : est_stats_column(in->stats, index)->mean;
}

void est__init_put_bucketized(est__buffer *b, const est__init *in, int64_t index, const double *cuts,
                              int count)
{
    est__buffer_text(b, "bucketized_column: {source_column: {");
    put_source(b, est_stats_column(in->stats, index), default_of(in, index));
    est__buffer_text(b, "}}, boundaries: [");
    for (int i = 0; i < count; i++) {
        est__buffer_text(b, i ? ", " : "");
        est__init_put_number(b, cuts[i]);
    }
    est__buffer_text(b, "]}");
}

static void put_numeric(est__buffer *b, const est__init *in, int64_t index)
{
    const est_column_stats *c = est_stats_column(in->stats, index);
    double cuts[EST__INIT_BINS];
    int n = in->bins == EST__BINS_NONE ? 0 : est__init_boundaries(in, index, cuts);
    est__buffer_text(b, "      - ");
    put_source(b, c, default_of(in, index));
    if (has_heavy_tail(in, index)) {
        est__buffer_text(b, ", normalizer_fn: log1p}\n");
    } else {
        est__buffer_text(b, ", normalizer_fn: {mean: ");
        est__init_put_number(b, c->mean);
        est__buffer_text(b, ", std: ");
        est__init_put_number(b, c->std);
        est__buffer_text(b, "}}\n");
    }
    if (!n || (in->bins == EST__BINS_AUTO && (n < 2 || c->count < 2 * ROWS_OF_A_BIN)))
        return;
    est__buffer_text(b, "      - ");
    est__init_put_bucketized(b, in, index, cuts, n);
    est__buffer_text(b, "\n");
}

/* Whole numbers that differ in every row and lie close together count the rows. */
static bool is_row_number(const est_column_stats *c)
{
    bool differ = c->distinct_is_estimate ? (double)c->distinct > 0.97 * (double)c->count
                                          : c->distinct == c->count;
    return c->dtype == EST_INT64 && differ && c->count >= LEAST_FOR_IDENTIFIER &&
           c->max - c->min < 2 * (double)c->count;
}

const char *est__init_left_out(const est__init *in, int64_t index)
{
    const est_column_stats *c = est_stats_column(in->stats, index);
    bool number = c->dtype == EST_INT64 || c->dtype == EST_FLOAT;
    if (!is_scope_name(c->name))
        return "its name cannot be that of a variable";
    if (values_of(in, c) < 2)
        return values_of(in, c) ? "the same in every row" : "empty in every row";
    if (number && c->infinities)
        return "it holds infinite numbers";
    if (number && !(c->std > 0))
        return "the same number in every row";
    return is_row_number(c) ? "a number of its own in every row, like an id" : NULL;
}

static bool put_column(est__buffer *b, const est__init *in, int64_t index)
{
    const est_column_stats *c = est_stats_column(in->stats, index);
    const char *why = est__init_left_out(in, index);
    if (why) {
        put_left_out(b, c->name, why);
        return false;
    }
    if (c->dtype != EST_INT64 && c->dtype != EST_FLOAT)
        return put_text(b, in, c);
    put_numeric(b, in, index);
    return true;
}

est_status est__init_put_columns(est__buffer *b, const est__init *in, size_t *used)
{
    *used = 0;
    for (int64_t i = 0; i < est_stats_columns(in->stats); i++)
        if (i != in->label_index)
            *used += put_column(b, in, i);
    return b->status == EST_OK ? EST_OK : est__fail_memory(b->size);
}
