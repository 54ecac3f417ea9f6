/* Which pairs of columns are worth a cross: those that tell something of the label that the columns by
 * themselves, added up, do not. A logistic (or linear) model of all columns is fitted to a sample by
 * Newton steps column by column; for each pair, what is left over in the cells of one half of the rows is
 * tried on the other half, and the other way round. The pair that gains most joins the model, until none
 * gains enough. */
#include <math.h>

#include "experiment/config.h"
#include "experiment/init.h"

enum { ROWS = 50000, BATCH = 1024, LEAST_ROWS = 500, MOST_COLUMNS = 24, MOST_CROSSES = 3, SWEEPS = 6, COARSE = 8 };
/* A cross has to gain so many nats on rows that it was not made from, in all and for each row. */
static const double least_gain = 8, least_gain_of_row = 0.0005, shrinkage = 4;

/* A column of the sample: a code for each row, and codes that are fewer for crosses. */
typedef struct coded {
    int64_t index;              /* of the statistics; -1: a cross */
    int cuts, step;             /* boundaries of a number, and how many fine codes become a coarse one */
    double cut[EST__INIT_BINS];
    est__map *code;             /* of a text: number + 1 */
    int codes, coarse;
    uint16_t *of_row;
} coded;

typedef struct sample {
    const est__init *in;
    coded column[MOST_COLUMNS + MOST_CROSSES];
    int columns;
    int64_t rows;
    bool regression;
    double *y, *score;          /* label; what the model says before the link function */
    double *g, *h;              /* cells: gradient and curvature, of each half */
    size_t cells;
} sample;

/* ---- the sample ---- */

static bool add_column(sample *s, int64_t index)
{
    const est_column_stats *c = est_stats_column(s->in->stats, index);
    coded *k = &s->column[s->columns];
    bool number = c->dtype != EST_STRING;
    *k = (coded){ .index = index, .step = 1 };
    if (number) {
        k->cuts = est__init_boundaries(s->in, index, k->cut);
        k->step = (k->cuts + COARSE) / COARSE;
        k->codes = k->cuts + 1;
        k->coarse = k->cuts / k->step + 1;
    } else {
        k->codes = k->coarse = (int)c->top_count + 2;   /* absent; values; another one */
        k->code = est__map_new();
        for (int64_t i = 0; k->code && i < c->top_count; i++)
            if (est__map_put(k->code, c->top[i].text, c->top[i].length, (void *)(uintptr_t)(i + 1)) != EST_OK)
                return false;
    }
    k->of_row = est__calloc(ROWS, sizeof *k->of_row);
    s->columns++;
    return k->of_row && (number || k->code);
}

static int code_of(const coded *k, const char *text, size_t n)
{
    double v;
    int low = 0, high = k->cuts;
    if (k->code) {
        uintptr_t code = (uintptr_t)est__map_get(k->code, text, n);
        return code ? (int)code : n ? k->codes - 1 : 0;
    }
    if (!est__parse_double(text, n, &v))
        return k->codes / 2;
    while (low < high) {
        int middle = (low + high) / 2;
        if (k->cut[middle] <= v)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Of classes, the most frequent one against all others; numbers in units of their standard deviation. */
static double label_of(const sample *s, const char *text, size_t n)
{
    const est_column_stats *c = s->in->label;
    double v;
    if (!s->regression)
        return !(c->top[0].length == n && !memcmp(c->top[0].text, text, n));
    return est__parse_double(text, n, &v) && isfinite(v) ? (v - c->mean) / c->std : 0;
}

static void add_rows(sample *s, const est_batch *b)
{
    size_t n;
    for (int64_t r = 0; r < est_batch_rows(b) && s->rows < ROWS; r++, s->rows++) {
        for (int i = 0; i < s->columns; i++) {
            const char *text = est_tensor_string(est_batch_get(b, (size_t)i), r, &n);
            s->column[i].of_row[s->rows] = (uint16_t)code_of(&s->column[i], text, n);
        }
        const char *label = est_tensor_string(est_batch_get(b, (size_t)s->columns), r, &n);
        s->y[s->rows] = label_of(s, label, n);
    }
}

static est_status read_rows(sample *s)
{
    est_feature feature[MOST_COLUMNS + 1];
    const est_batch *b;
    est_dataset *d;
    for (int i = 0; i < s->columns; i++)
        feature[i] = (est_feature){ .name = est_stats_column(s->in->stats, s->column[i].index)->name,
                                    .dtype = EST_STRING };
    feature[s->columns] = (est_feature){ .name = s->in->label->name, .dtype = EST_STRING };
    est_csv_options o = { .input_path = { &s->in->path, 1 }, .features = { feature, (size_t)s->columns + 1 },
                          .field_delim = s->in->options->field_delim, .memory_budget = EST_OFF };
    EST_TRY(est_csv_dataset_new(&o, &d));
    est_status st = EST_OK;
    est_dataset_batch(d, BATCH, false);
    while (s->rows < ROWS && (st = est_dataset_next(d, &b)) == EST_OK)
        add_rows(s, b);
    est_dataset_free(d);
    return st == EST_OUT_OF_RANGE ? EST_OK : st;
}

/* Columns of few values: texts with a vocabulary, numbers that have boundaries. */
static est_status take_sample(sample *s)
{
    const est_stats *stats = s->in->stats;
    for (int64_t i = 0; i < est_stats_columns(stats) && s->columns < MOST_COLUMNS; i++) {
        const est_column_stats *c = est_stats_column(stats, i);
        bool text = c->dtype == EST_STRING;
        if (i == s->in->label_index || est__init_left_out(s->in, i) ||
            (!text && s->in->bins == EST__BINS_NONE) ||
            (text && (c->distinct_is_estimate || c->distinct > EST__INIT_VOCABULARY)))
            continue;
        if (!add_column(s, i))
            return est__fail_memory(ROWS * sizeof(uint16_t));
        if (s->column[s->columns - 1].codes < 2) {
            est__free(s->column[--s->columns].of_row);
            s->column[s->columns].of_row = NULL;
        }
    }
    s->y = est__calloc(ROWS, sizeof *s->y);
    s->score = est__calloc(ROWS, sizeof *s->score);
    s->cells = (size_t)(EST__INIT_VOCABULARY + 2) * (EST__INIT_VOCABULARY + 2);
    s->g = est__calloc(2 * s->cells, sizeof *s->g);
    s->h = est__calloc(2 * s->cells, sizeof *s->h);
    return s->y && s->score && s->g && s->h ? read_rows(s) : est__fail_memory(ROWS * sizeof *s->y);
}

/* ---- the model ---- */

/* What the label still wants at a row, and the curvature of the loss there. */
static inline double left_over(const sample *s, int64_t r, double *curvature)
{
    double p = s->regression ? s->score[r] : 1 / (1 + exp(-s->score[r]));
    *curvature = s->regression ? 1 : p * (1 - p);
    return s->y[r] - p;
}

static void fit_column(sample *s, const coded *k)
{
    double h;
    memset(s->g, 0, (size_t)k->codes * sizeof *s->g);
    memset(s->h, 0, (size_t)k->codes * sizeof *s->h);
    for (int64_t r = 0; r < s->rows; r++) {
        s->g[k->of_row[r]] += left_over(s, r, &h);
        s->h[k->of_row[r]] += h;
    }
    for (int i = 0; i < k->codes; i++)
        s->g[i] /= s->h[i] + 1;
    for (int64_t r = 0; r < s->rows; r++)
        s->score[r] += s->g[k->of_row[r]];
}

static void fit(sample *s)
{
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int i = 0; i < s->columns; i++)
            fit_column(s, &s->column[i]);
}

/* ---- pairs ---- */

static inline size_t cell_of(const coded *a, const coded *b, int64_t r)
{
    return (size_t)(a->of_row[r] / a->step) * (size_t)b->coarse + (size_t)(b->of_row[r] / b->step);
}

/* How much the loss of each half falls, to the second order, by the steps that the cells of the other half
 * ask for. */
static double gain_of(sample *s, const coded *a, const coded *b, const double *rest, const double *curvature)
{
    size_t cells = (size_t)a->coarse * (size_t)b->coarse;
    double gain = 0;
    memset(s->g, 0, 2 * cells * sizeof *s->g);
    memset(s->h, 0, 2 * cells * sizeof *s->h);
    for (int64_t r = 0; r < s->rows; r++) {
        size_t cell = 2 * cell_of(a, b, r) + (size_t)(r & 1);
        s->g[cell] += rest[r];
        s->h[cell] += curvature[r];
    }
    for (size_t i = 0; i < 2 * cells; i++) {
        double step = s->g[i] / (s->h[i] + shrinkage);
        gain += step * s->g[i ^ 1] - 0.5 * step * step * s->h[i ^ 1];
    }
    return gain;
}

static bool best_pair(sample *s, const double *rest, const double *curvature, int *first, int *second)
{
    int columns = s->columns;
    double best = fmax(least_gain, least_gain_of_row * (double)s->rows);
    bool found = false;
    while (columns && s->column[columns - 1].index < 0)     /* crosses are not crossed again */
        columns--;
    for (int a = 0; a < columns; a++)
        for (int b = a + 1; b < columns; b++) {
            double gain = gain_of(s, &s->column[a], &s->column[b], rest, curvature);
            if (gain > best) {
                best = gain;
                *first = a;
                *second = b;
                found = true;
            }
        }
    return found;
}

static est_status join(sample *s, const coded *a, const coded *b)
{
    coded *k = &s->column[s->columns];
    *k = (coded){ .index = -1, .step = 1, .codes = a->coarse * b->coarse,
                  .of_row = est__calloc(ROWS, sizeof *k->of_row) };
    if (!k->of_row)
        return est__fail_memory(ROWS * sizeof *k->of_row);
    for (int64_t r = 0; r < s->rows; r++)
        k->of_row[r] = (uint16_t)cell_of(a, b, r);
    s->columns++;
    fit(s);
    return EST_OK;
}

/* ---- what is written ---- */

static void put_key(est__buffer *b, const est__init *in, const coded *k)
{
    int coarse = 0;
    double cuts[EST__INIT_BINS];
    if (k->code) {
        est__yaml_quote(b, est_stats_column(in->stats, k->index)->name);
        return;
    }
    for (int i = k->step - 1; i < k->cuts; i += k->step)
        cuts[coarse++] = k->cut[i];
    est__buffer_text(b, "{");
    est__init_put_bucketized(b, in, k->index, cuts, coarse);
    est__buffer_text(b, "}");
}

static void put_cross(est__buffer *b, const est__init *in, const coded *first, const coded *second)
{
    int buckets = 64;
    while (buckets < 2 * first->coarse * second->coarse)
        buckets *= 2;
    est__buffer_text(b, "      - crossed_column: {keys: [");
    put_key(b, in, first);
    est__buffer_text(b, ", ");
    put_key(b, in, second);
    est__buffer_printf(b, "], hash_bucket_size: %d}\n", buckets);
}

static est_status find_crosses(est__buffer *b, sample *s)
{
    double *rest = est__calloc(2 * (size_t)ROWS, sizeof *rest), *curvature = rest + ROWS;
    int first = 0, second = 0;
    est_status st = rest ? EST_OK : est__fail_memory(2 * (size_t)ROWS * sizeof *rest);
    fit(s);
    for (int i = 0; st == EST_OK && i < MOST_CROSSES; i++) {
        for (int64_t r = 0; r < s->rows; r++)
            rest[r] = left_over(s, r, &curvature[r]);
        if (!best_pair(s, rest, curvature, &first, &second))
            break;
        put_cross(b, s->in, &s->column[first], &s->column[second]);
        st = join(s, &s->column[first], &s->column[second]);
    }
    est__free(rest);
    return st;
}

est_status est__init_put_crosses(est__buffer *b, const est__init *in)
{
    if (est_stats_rows(in->stats) < LEAST_ROWS)
        return EST_OK;
    sample *s = est__calloc(1, sizeof *s);
    if (!s)
        return est__fail_memory(sizeof *s);
    s->in = in;
    s->regression = est__init_is_regression(in->label);
    est_status st = take_sample(s);
    if (st == EST_OK && s->columns > 1)
        st = find_crosses(b, s);
    for (int i = 0; i < s->columns; i++) {
        est__map_free(s->column[i].code);
        est__free(s->column[i].of_row);
    }
    est__free(s->y);
    est__free(s->score);
    est__free(s->g);
    est__free(s->h);
    est__free(s);
    return st;
}
